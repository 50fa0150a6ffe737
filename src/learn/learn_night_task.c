/* learn_night_task.c: what the night does with the intents: a candidate trained on the rows in the
 * program and those that people labelled, or else the temperature of the one in use.
 *
 * The newest days with a quarter of the labelled rows are held back: neither training nor the
 * temperature sees them. A candidate stays as a file until the next night, also when it was not
 * promoted, so that `callm replay --against` can show what it would have done. */
#include "learn_night_int.h"

#include <stdio.h>
#include <unistd.h>

#define TASK_BYTES (256u << 20)

struct subject {
	const char *name, *prefix;   /* in the registry; of the labels' keys */
	int kind;
};
static const struct subject intent = { "intent", "label/", FEEL_INTENT };
static const struct subject emotion = { "emotion", "mood/", FEEL_EMOTION };

struct school {                      /* one task of the night */
	struct night *n;
	const struct subject *of;
	struct feel_task *was, *now; /* references */
	struct sb bytes;             /* of was's file */
	struct learn_model old;      /* version 0: the program's own */
	struct night_rows rows;
	struct night_try held, guard;
	struct learn_verdict verdict;
	char file[80], path[4400];   /* of the candidate */
	bool entered;                /* a row may name the file, whatever became of the write */
	jv *item;
};

/* The one in use, with its bytes. */
static int old_task(struct school *s, struct err *e)
{
	const struct learn_night_opts *o = s->n->o;
	sv own = s->of->kind == FEEL_INTENT ? o->own : o->own_emotion, name = sv_of(s->of->name);
	char path[4400];
	int rc = learn_model_live(s->n->db, name, &s->old, &s->n->a);
	if (rc == ERR_NOTFOUND) {
		s->was = own.n ? feel_task_load_mem(own, o->base, e) : NULL;
		sb_put(&s->bytes, own);
		return s->was ? 0 : err_set(e, ERR_NOTFOUND, "there is no task to better");
	}
	if (rc == 0)
		rc = learn_model_load(s->n->db, o->data, name, o->base, &s->was, e);
	if (rc == 0) {
		(void)snprintf(path, sizeof(path), "%s/" SV_FMT, o->data, SV_ARG(s->old.file));
		rc = file_read(path, TASK_BYTES, &s->bytes, e);
	}
	return rc;
}

static void set_version(jv *item, const char *key, int64_t version)
{
	char text[24];
	(void)snprintf(text, sizeof(text), "%lld", (long long)version);
	jv_set_str(item, key, version ? sv_of(text) : SV("shipped"));
}

static void school_done(struct school *s, int rc)
{
	if (rc && !s->entered)
		(void)unlink(s->path);
	feel_task_unref(s->was);
	feel_task_unref(s->now);
	sb_done(&s->bytes);
	jv_free(s->item);
}

static int candidate_path(struct school *s, const char *kind, struct err *e)
{
	char dir[4300];
	(void)snprintf(dir, sizeof(dir), "%s/models/night", s->n->o->data);
	(void)snprintf(s->file, sizeof(s->file), "models/night/%s-%s.bin", kind, s->n->id);
	(void)snprintf(s->path, sizeof(s->path), "%s/%s", s->n->o->data, s->file);
	return file_mkdirs(dir, e);
}

/* Nothing can be tried: why, and the item is told. */
static int kept_for(struct school *s, const char *why)
{
	jv *item = s->item;
	s->item = NULL;
	jv_set_bool(item, "kept", true);
	jv_set_str(item, "why", sv_of(why));
	return night_told(s->n, item);
}

static jv *new_item(const struct school *s, const char *task)
{
	jv *item = jv_obj();
	jv_set_str(item, "name", sv_of(s->of->name));
	jv_set_str(item, "task", sv_of(task));
	set_version(item, "old", s->old.version);
	jv_set(item, "new", jv_null());
	return item;
}

/* Rows of the item, and whether they are enough: NULL, or why not. */
static const char *enough(struct school *s, int64_t after)
{
	struct night_rows *r = &s->rows;
	bool split = r->n && night_rows_split(r, after);
	size_t all = 0;
	for (size_t i = 0; i < r->n; i++)
		all += r->v[i].day >= after;
	jv_set_int(s->item, "labelled", (int64_t)all);
	jv_set_int(s->item, "days", (int64_t)r->days);
	if (r->unknown)
		jv_set_int(s->item, "unknown", (int64_t)r->unknown);
	if (!all)
		return "no_labels";
	if (!split)
		return "one_day";
	jv_set_int(s->item, "held", (int64_t)r->n_held);
	return r->n_held < NIGHT_HELD_MIN || all - r->n_held < NIGHT_TRAIN_MIN ? "few_rows" : NULL;
}

static bool progress(void *arg, const struct feel_progress *p)
{
	return !night_stopped(arg);
}

static int train(struct school *s, struct err *e)
{
	const struct learn_night_opts *o = s->n->o;
	struct feel_train how = { .kind = FEEL_INTENT, .base = o->base, .seed = 7,
				  .epochs = o->epochs, .threads = o->threads ? o->threads : 1,
				  .alarms = 0.014, /* as the shipped one: train/shipped.sh */
				  .features = 30000,
				  .licence = "the company's own rows",
				  .source = "labelled turns and the rows in the program",
				  .progress = progress, .arg = s->n };
	struct feel_rows rows;
	struct sb tsv;
	sb_init(&tsv, FEEL_TSV_MAX);
	sb_put(&tsv, o->shipped);
	night_rows_put(&s->rows, INT64_MIN, s->rows.held_from, &tsv);
	int rc = feel_rows_parse(&rows, sb_sv(&tsv), "labelled rows", FEEL_INTENT, e);
	if (rc == 0)
		rc = feel_train(&rows, &how, s->path, NULL, e);
	jv_set_int(s->item, "rows", (int64_t)rows.n);
	feel_rows_done(&rows);
	sb_done(&tsv);
	return rc;
}

/* Old and new on the held-back rows and, where there are some, on the anchors. */
static int compare(struct school *s, bool likely, struct err *e)
{
	struct night *n = s->n;
	uint32_t *group = arena_new(&n->a, uint32_t, s->rows.n_held + 1);
	struct sb tsv;
	size_t k = 0;
	if (!group)
		return err_set(e, ERR_FULL, "too many labelled rows");
	for (size_t i = 0; i < s->rows.n; i++)
		if (s->rows.v[i].day >= s->rows.held_from)
			group[k++] = s->rows.v[i].group;
	sb_init(&tsv, FEEL_TSV_MAX);
	night_rows_put(&s->rows, s->rows.held_from, INT64_MAX, &tsv);
	int rc = night_try(&s->held, s->was, s->now, sb_sv(&tsv), group, likely, &n->a, e);
	sb_done(&tsv);
	if (rc == 0 && n->o->anchors.n && s->of->kind == FEEL_INTENT)
		rc = night_try(&s->guard, s->was, s->now, n->o->anchors, NULL, likely, &n->a, e);
	return rc;
}

static void put_labels(struct school *s)
{
	const struct night_try *t = &s->held;
	jv *list = jv_arr();
	for (size_t k = 0; k < t->n_name; k++) {
		int64_t n = 0, old = 0, now = 0;
		for (size_t i = 0; i < t->n; i++) {
			n += t->v[i].label == k;
			old += t->v[i].label == k && t->v[i].old_right;
			now += t->v[i].label == k && t->v[i].new_right;
		}
		if (!n)
			continue;
		jv *o = jv_obj();
		jv_set_str(o, "label", t->name[k]);
		jv_set_int(o, "n", n);
		jv_set_int(o, "old", old);
		jv_set_int(o, "new", now);
		jv_push(list, o);
	}
	jv_set(s->item, "labels", list);
}

static void put_verdict(struct school *s)
{
	const struct learn_verdict *v = &s->verdict;
	const struct night_try *guard = s->guard.n ? &s->guard : &s->held;
	jv_set_num(s->item, "diff", v->diff);
	jv_set_num(s->item, "lower", v->lower);
	jv_set_num(s->item, "sign_p", v->sign_p);
	jv_set_int(s->item, "conversations", (int64_t)v->groups);
	if (v->label >= 0 && (size_t)v->label < guard->n_name)
		jv_set_str(s->item, "lost", guard->name[v->label]);
	night_figures(s->item, "was", &s->held.was);
	night_figures(s->item, "now", &s->held.now);
	if (s->guard.n) {
		night_figures(s->item, "anchor_was", &s->guard.was);
		night_figures(s->item, "anchor_now", &s->guard.now);
	}
	put_labels(s);
}

/* Labels of both tries have one numbering, so that the gate's label has one name. */
static void judge(struct school *s)
{
	const struct night_try *guard = s->guard.n ? &s->guard : &s->held;
	learn_gate(s->held.v, s->held.n, guard->v, guard->n, 0, &s->verdict);
	put_verdict(s);
}

/* ---- into the registry ---- */

struct entry {
	struct learn_model m;
	bool promote;
};

static int enter(void *arg, struct store_db *db)
{
	struct entry *x = arg;
	int rc = learn_model_put(db, &x->m);
	if (rc == 0 && x->promote)
		rc = learn_model_promote(db, x->m.name, x->m.version, SV("night"),
					 x->m.made_ms);
	return rc;
}

static void days_of(const struct night_rows *r, int64_t to, struct learn_model *m)
{
	m->to_day = INT64_MIN;
	m->from_day = INT64_MAX;
	for (size_t i = 0; i < r->n; i++) {
		int64_t day = r->v[i].day;
		if (day >= to)
			continue;
		m->from_day = day < m->from_day ? day : m->from_day;
		m->to_day = day > m->to_day ? day : m->to_day;
	}
}

/* The candidate becomes a row; when it is better it is in use before this returns. */
static int settle(struct school *s, const char *kind, struct err *e)
{
	struct night *n = s->n;
	const struct learn_night_opts *o = n->o;
	bool better = strcmp(s->verdict.why, "better") == 0;
	char hash[65];
	struct sb scores;
	struct entry x = { .m = { .name = sv_of(s->of->name), .kind = sv_of(kind),
				  .file = sv_of(s->file), .night = sv_of(n->id),
				  .rows = jv_get_int(s->item, "rows", 0),
				  .made_ms = night_now(n) },
			   .promote = better };
	if (o->dry) {
		(void)unlink(s->path);
		jv_set_bool(s->item, "kept", !better);
		return 0;
	}
	sb_init(&scores, LIM_SB);
	jv_dump(jv_get(s->item, "now"), &scores);
	x.m.scores = sb_sv(&scores);
	days_of(&s->rows, s->rows.held_from, &x.m);
	int rc = learn_model_hash(s->path, hash, e);
	x.m.hash = sv_of(hash);
	if (rc == 0) {
		s->entered = true;
		rc = night_write(n, enter, &x);
	}
	if (rc == 0) {
		set_version(s->item, "new", x.m.version);
		jv_set_bool(s->item, "kept", !better);
	}
	if (rc == 0 && better && o->live)
		o->live(o->arg, x.m.name, s->now);
	sb_done(&scores);
	return rc;
}

static int load_candidate(struct school *s, struct err *e)
{
	s->now = feel_task_load(s->path, s->n->o->base, e);
	return s->now ? 0 : e->code;
}

static int told(struct school *s)
{
	jv *item = s->item;
	s->item = NULL;
	jv_set_str(item, "why", sv_of(s->verdict.why));
	return night_told(s->n, item);
}

static int school_begin(struct school *s, struct night *n, const struct subject *of,
			const char *task, struct err *e)
{
	*s = (struct school){ .n = n, .of = of };
	sb_init(&s->bytes, TASK_BYTES);
	int rc = old_task(s, e);
	if (rc == 0)
		rc = night_rows_read(n, of->prefix, s->was, &s->rows);
	if (rc == 0)
		s->item = new_item(s, task);
	return rc;
}

int night_intents(struct night *n, struct err *e)
{
	struct school s;
	int rc = school_begin(&s, n, &intent, "intents", e);
	const char *few = rc == 0 ? enough(&s, INT64_MIN) : NULL;
	if (rc == 0 && few) {
		rc = kept_for(&s, few);
		school_done(&s, rc);
		return rc;
	}
	if (rc == 0)
		rc = candidate_path(&s, "intent", e);
	if (rc == 0)
		rc = train(&s, e);
	if (rc == 0)
		rc = load_candidate(&s, e);
	if (rc == 0)
		rc = compare(&s, false, e);
	if (rc == 0) {
		judge(&s);
		rc = settle(&s, "trained", e);
	}
	if (rc == 0)
		rc = told(&s);
	school_done(&s, rc);
	return rc;
}

/* ---- the temperature of the one in use ---- */

static int heat(struct school *s, int64_t after, struct err *e)
{
	struct feel_rows rows;
	struct sb tsv;
	float was = feel_task_temperature(s->was), now = was;
	sb_init(&tsv, FEEL_TSV_MAX);
	night_rows_put(&s->rows, after, s->rows.held_from, &tsv);
	int rc = feel_rows_parse(&rows, sb_sv(&tsv), "labelled rows", s->of->kind, e);
	if (rc == 0)
		now = feel_task_heat(s->was, &rows);
	if (rc == 0)
		rc = feel_task_temper(sb_sv(&s->bytes), now, s->path, e);
	jv_set_int(s->item, "rows", (int64_t)rows.n);
	jv_set_num(s->item, "temperature_was", (double)was);
	jv_set_num(s->item, "temperature", (double)now);
	feel_rows_done(&rows);
	sb_done(&tsv);
	return rc;
}

/* By likelihood; and the calibration error must not have grown. */
static void judge_temper(struct school *s)
{
	judge(s);
	if (strcmp(s->verdict.why, "better") == 0 && s->held.now.ece > s->held.was.ece)
		s->verdict.why = "calibration";
}

static int temper(struct night *n, const struct subject *of, struct err *e)
{
	struct school s;
	int rc = school_begin(&s, n, of, "calibration", e);
	/* a trained one has learned its days by heart: it is asked about later ones */
	int64_t after = rc == 0 && s.old.version ? s.old.to_day + 1 : INT64_MIN;
	const char *few = rc == 0 ? enough(&s, after) : NULL;
	if (rc == 0 && few) {
		rc = kept_for(&s, few);
		school_done(&s, rc);
		return rc;
	}
	if (rc == 0)
		rc = candidate_path(&s, of->kind == FEEL_INTENT ? "temper" : "mood", e);
	if (rc == 0)
		rc = heat(&s, after, e);
	if (rc == 0)
		rc = load_candidate(&s, e);
	if (rc == 0)
		rc = compare(&s, true, e);
	if (rc == 0) {
		judge_temper(&s);
		rc = settle(&s, "tempered", e);
	}
	if (rc == 0)
		rc = told(&s);
	school_done(&s, rc);
	return rc;
}

int night_temper_intents(struct night *n, struct err *e)
{
	return temper(n, &intent, e);
}

int night_temper_emotions(struct night *n, struct err *e)
{
	return temper(n, &emotion, e);
}
