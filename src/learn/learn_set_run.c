/* learn_set_run.c: asks a test set's questions of the index.
 *
 * A run is a row that waits. It is asked of the index as customers have it, with what is
 * committed; a run with a draft is asked twice, once of that and once of an index with the
 * draft's article on top in memory, so that the difference is what a yes would do: both are made
 * of the same rows, asked at the same time and both by words or both by meaning. The first is taken
 * over from a run of the last minutes when nothing has changed since. With vectors where the index
 * has some; what was changed and has none yet, and a draft, get theirs for this run alone.
 * On a worker, which reads by itself and waits for the scribe. */
#include "learn_set.h"
#include "learn_int.h"

#include <stdio.h>

enum { LOOK_EVERY = 32, PASSAGES_MAX = 4000, SAME_MS = 600000, TRIES = 3, LATE = 5 };
#define PRINT 1099511628211u

struct answer {
	int64_t n;
	sv question, lang, article;
	enum kb_outcome outcome;
	int place, version;
	sv found, title;
	double p, score;
};
struct run {
	const struct learn_set_work *w;
	struct store_db *db;
	struct arena a;
	struct err e;
	char id[27], set[27], draft[27], by[64];
	int64_t version;             /* of the draft */
	struct { struct answer *v; size_t n, cap; } ask;
	int64_t now_ms;              /* of every question */
	bool vec;                    /* questions bring vectors */
	int late;                    /* so many in a row had none; LATE: no waiting any more */
	bool words;                  /* what was changed could not have its vectors */
	struct kb_dense *d;          /* of what was changed, and of the draft */
	struct kb_index *ix;         /* as customers have it */
	struct kb_index *with;       /* and with the draft */
	int64_t newest_ms;
	uint64_t questions, rows;    /* prints */
};
struct record {                      /* of a row to be written */
	const struct run *r;
	const char *id, *draft, *against;
	const struct answer *v;
	size_t n;
	int64_t took_ms, articles;
	size_t meaning;              /* asked with a vector, of an index that has some */
	int64_t count[4], first, five;
	const char *error;           /* it failed */
};
static const char *const outcomes[] = { [KB_RIGHT] = "right", [KB_AMONG] = "among",
					[KB_DECLINED] = "declined", [KB_WRONG] = "wrong" };

/* ---- what is asked ---- */

static int next_waiting(struct run *r)
{
	struct store_stmt *q;
	int rc = store_prep(r->db, &q,
			    "SELECT id, kb_set, draft, by_login FROM kb_set_run WHERE "
			    "state='waiting' ORDER BY id LIMIT 1");
	if (rc)
		return rc;
	rc = store_step(q);
	if (rc == 1) {
		char *const to[] = { r->id, r->set, r->draft };
		for (int i = 0; i < 3; i++)
			(void)snprintf(to[i], 27, SV_FMT, SV_ARG(store_col_sv(q, i)));
		(void)snprintf(r->by, sizeof(r->by), SV_FMT, SV_ARG(store_col_sv(q, 3)));
	}
	store_reset(q);
	return rc;
}

static int load_questions(struct run *r)
{
	struct store_stmt *q;
	int rc = store_prep(r->db, &q,
			    "SELECT n, question, lang, article FROM kb_set_question WHERE "
			    "kb_set=?1 ORDER BY n");
	if (rc)
		return rc;
	store_bind_sv(q, 1, sv_of(r->set));
	while ((rc = store_step(q)) == 1) {
		struct answer *x = VEC_PUSH(&r->ask, LEARN_SET_QUESTIONS);
		if (!x)
			break;
		*x = (struct answer){ .n = store_col_int(q, 0),
				      .question = arena_sv(&r->a, store_col_sv(q, 1)),
				      .lang = arena_sv(&r->a, store_col_sv(q, 2)),
				      .article = arena_sv(&r->a, store_col_sv(q, 3)) };
		r->questions = (r->questions ^ sv_hash(x->question)) * PRINT;
		r->questions = (r->questions ^ sv_hash(x->article)) * PRINT;
		r->questions = (r->questions ^ sv_hash(x->lang)) * PRINT;
	}
	store_reset(q);
	return rc < 0 ? rc : 0;
}

/* A print of the rows that an index is made of; dates count when they have come. */
static int print_rows(struct run *r, uint64_t *ret)
{
	struct store_stmt *q;
	int rc = store_prep(r->db, &q,
			    "SELECT coalesce(max(updated_ms), 0), coalesce(sum(version), 0), "
			    "count(*), coalesce(sum(status='published'), 0), "
			    "coalesce(sum(valid_from_ms <= ?1), 0), "
			    "coalesce(sum(valid_to_ms <= ?1), 0) FROM article");
	if (rc)
		return rc;
	store_bind_int(q, 1, r->now_ms);
	rc = store_step(q);
	*ret = 0;
	for (int i = 0; i < 6 && rc == 1; i++)
		*ret = (*ret ^ (uint64_t)store_col_int(q, i)) * PRINT;
	r->newest_ms = rc == 1 ? store_col_int(q, 0) : 0;
	store_reset(q);
	return rc == 1 ? 0 : rc ? rc : ERR_DB;
}

/* Of all that answers depend on, and of who asks. */
static uint64_t print(const struct run *r)
{
	const uint64_t v[] = { r->questions, r->rows, (uint64_t)kb_count(r->ix), r->w->process,
			       r->vec ? sv_hash(r->w->model) : 1 };
	uint64_t h = 0;
	for (size_t i = 0; i < sizeof(v) / sizeof(*v); i++)
		h = (h ^ v[i]) * PRINT;
	return h;
}

/* The index of all that is committed, on top of `was`, with vectors of its own for what was
 * changed; and with the draft. */
static int with_vectors(struct run *r, struct kb_index *was, const struct kb_article *draft,
			struct kb_index **ret)
{
	const struct kb_opts o = { .dense = r->d };
	struct kb_index *ix = NULL;
	size_t n = 0;
	int rc = kb_update_with(&ix, was, r->db, &o, draft, &r->e);
	if (rc || r->words || !kb_dense_behind(ix, NULL, NULL, &n)) {
		*ret = ix;
		return rc;
	}
	if (n > PASSAGES_MAX)
		rc = err_set(&r->e, ERR_AGAIN, "too much has changed: try again in a minute");
	if (rc == 0)
		rc = r->w->passages(r->w->arg, ix, r->d);
	obj_unref(ix);
	return rc ? rc : kb_update_with(ret, was, r->db, &o, draft, &r->e);
}

/* As customers have it, in a moment at the latest. */
static int take_base(struct run *r, struct kb_index *now)
{
	int rc = kb_update(&r->ix, now, r->db, NULL, NULL, &r->e);
	r->vec = r->words = false;
	if (rc || !r->w->question)
		return rc;
	if (r->ix != now || kb_dense_behind(now, NULL, NULL, NULL)) {
		obj_unref(r->ix);
		r->ix = NULL;
		rc = with_vectors(r, now, NULL, &r->ix);
		/* the model is late: what was changed is searched by words, as customers do */
		r->words = rc && rc != ERR_CANCELED && rc != ERR_DB;
		if (r->words)
			rc = with_vectors(r, now, NULL, &r->ix);
	}
	r->vec = !rc && kb_dense_ready(r->ix, SV_NULL);
	return rc;
}

/* Both indexes, of the same rows. */
static int take_indexes(struct run *r, const struct kb_article *draft)
{
	struct kb_index *now = snap_get(r->w->kb);
	uint64_t before = 0, after = 1;
	int rc = now ? 0 : err_set(&r->e, ERR_AGAIN, "the knowledge base is not ready");
	if (!rc && r->w->question)
		rc = kb_dense_open(&r->d, NULL, r->w->model, &r->e);
	for (int i = 0; !rc && before != after; i++) {
		obj_unref(r->ix);
		obj_unref(r->with);
		r->ix = r->with = NULL;
		r->now_ms = clk_wall_ms();
		rc = i < TRIES ? print_rows(r, &before) :
				 err_set(&r->e, ERR_AGAIN, "articles change all the time");
		if (!rc)
			rc = take_base(r, now);
		if (!rc && draft)
			rc = r->vec ? with_vectors(r, r->ix, draft, &r->with) :
				      kb_update_with(&r->with, r->ix, r->db, NULL, draft, &r->e);
		if (!rc)
			rc = print_rows(r, &after);
	}
	r->rows = after;
	obj_unref(now);
	return rc;
}

/* ---- asking ---- */

static bool stopped(const struct run *r)
{
	return r->w->stopped && r->w->stopped(r->w->arg);
}

static int ask(struct run *r, struct kb_index *ix, struct answer *x, struct record *to,
	       struct arena *tmp)
{
	struct kb_query q = { .text = x->question, .lang = x->lang, .k = 5, .now_ms = r->now_ms };
	struct kb_asked got;
	arena_reset(tmp);
	if (r->vec && r->late < LATE) {
		q.vec = r->w->question(r->w->arg, x->question, &q.dim);
		r->late = q.vec ? 0 : r->late + 1;
	}
	to->meaning += q.vec && !kb_dense_lacks(ix, x->lang);
	int rc = kb_ask(ix, &q, x->article, tmp, &got);
	if (rc)
		return rc;
	x->outcome = got.outcome;
	x->place = got.place;
	x->version = got.first.version;
	x->p = got.first.p;
	x->score = got.first.score;
	x->found = arena_sv(&r->a, got.first.article_id.p ? got.first.article_id : SV(""));
	x->title = arena_sv(&r->a, got.first.title.p ? got.first.title : SV(""));
	return x->found.p && x->title.p ? 0 : ERR_NOMEM;
}

static int ask_all(struct run *r, struct kb_index *ix, struct record *ret)
{
	int64_t began = clk_mono_us();
	struct answer *v = arena_new(&r->a, struct answer, r->ask.n + 1);
	struct arena tmp;
	int rc = v ? 0 : ERR_NOMEM;
	arena_init(&tmp, LIM_ARENA_TURN);
	for (size_t i = 0; i < r->ask.n && rc == 0; i++) {
		v[i] = r->ask.v[i];
		rc = i % LOOK_EVERY == 0 && stopped(r) ? ERR_CANCELED :
						      ask(r, ix, &v[i], ret, &tmp);
	}
	arena_done(&tmp);
	if (rc)
		return rc;
	ret->v = v;
	ret->n = r->ask.n;
	ret->took_ms = (clk_mono_us() - began) / 1000;
	ret->articles = (int64_t)kb_count(ix);
	for (size_t i = 0; i < ret->n; i++) {
		ret->count[v[i].outcome]++;
		ret->first += v[i].place == 1;
		ret->five += v[i].place > 0;
	}
	return 0;
}

/* ---- writing: on the scribe ---- */

static int write_answers(struct store_db *db, const struct record *x)
{
	struct store_stmt *q;
	int rc = store_prep(db, &q,
			    "INSERT INTO kb_set_answer (run, n, question, lang, article, outcome, "
			    "place, found, title, version, p, score) VALUES "
			    "(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12)");
	for (size_t i = 0; i < x->n && rc == 0; i++) {
		const struct answer *a = &x->v[i];
		store_bind_sv(q, 1, sv_of(x->id));
		store_bind_int(q, 2, a->n);
		store_bind_sv(q, 3, a->question);
		store_bind_sv(q, 4, a->lang);
		store_bind_sv(q, 5, a->article);
		store_bind_sv(q, 6, sv_of(outcomes[a->outcome]));
		store_bind_int(q, 7, a->place);
		store_bind_sv(q, 8, a->found);
		store_bind_sv(q, 9, a->title);
		store_bind_int(q, 10, a->version);
		store_bind_num(q, 11, a->p);
		store_bind_num(q, 12, a->score);
		rc = store_run(q);
	}
	return rc;
}

static int write_run(struct store_db *db, const struct record *x)
{
	const struct run *r = x->r;
	struct store_stmt *q;
	int rc = store_prep(db, &q,
			    "UPDATE kb_set_run SET state=?2, error=?3, against=?4, print=?5, "
			    "articles=?6, newest_ms=?7, meaning=?8, questions=?9, right_n=?10, "
			    "among_n=?11, declined_n=?12, wrong_n=?13, first_n=?14, five_n=?15, "
			    "took_ms=?16, draft_version=?17 WHERE id=?1 AND state='waiting'");
	if (rc)
		return rc;
	const int64_t n[] = { x->articles,
			      r->newest_ms,
			      x->n && x->meaning == x->n,
			      (int64_t)x->n,
			      x->count[KB_RIGHT],
			      x->count[KB_AMONG],
			      x->count[KB_DECLINED],
			      x->count[KB_WRONG],
			      x->first,
			      x->five,
			      x->took_ms,
			      x->draft[0] ? r->version : 0 };
	store_bind_sv(q, 1, sv_of(x->id));
	store_bind_sv(q, 2, x->error ? SV("failed") : SV("done"));
	store_bind_sv(q, 3, sv_of(x->error ? x->error : ""));
	store_bind_sv(q, 4, sv_of(x->against));
	store_bind_int(q, 5, x->error ? 0 : (int64_t)print(r));
	for (int i = 0; i < 12; i++)
		store_bind_int(q, 6 + i, n[i]);
	return store_run(q);
}

/* A run that nobody ordered: beside that of a draft. */
static int add_row(struct store_db *db, const struct record *x)
{
	struct store_stmt *q;
	int rc = store_prep(db, &q,
			    "INSERT INTO kb_set_run (id, kb_set, at_ms, by_login) SELECT ?1, id, "
			    "?3, ?4 FROM kb_set WHERE id=?2");
	if (rc)
		return rc;
	store_bind_sv(q, 1, sv_of(x->id));
	store_bind_sv(q, 2, sv_of(x->r->set));
	store_bind_int(q, 3, clk_wall_ms());
	store_bind_sv(q, 4, sv_of(x->r->by));
	return store_run(q);
}

static int save(void *arg, struct store_db *db)
{
	const struct record *x = arg;
	int rc = strcmp(x->id, x->r->id) != 0 ? add_row(db, x) : 0;
	if (!rc)
		rc = write_run(db, x);
	if (rc || !store_changes(db)) /* dropped meanwhile */
		return rc;
	rc = write_answers(db, x);
	return rc ? rc : learn_set_forget(db, sv_of(x->r->set), sv_of(x->id));
}

/* ---- with a draft ---- */

/* A run of the last minutes of the same index and the same questions, or "". */
static int find_same(struct run *r, char ret[27])
{
	struct store_stmt *q;
	int rc = store_prep(r->db, &q,
			    "SELECT id FROM kb_set_run WHERE kb_set=?1 AND draft='' AND "
			    "state='done' AND print=?2 AND meaning=?3 AND at_ms>?4 ORDER BY id "
			    "DESC LIMIT 1");
	ret[0] = 0;
	if (rc)
		return rc;
	store_bind_sv(q, 1, sv_of(r->set));
	store_bind_int(q, 2, (int64_t)print(r));
	store_bind_int(q, 3, r->vec);
	store_bind_int(q, 4, r->now_ms - SAME_MS);
	rc = store_step(q);
	if (rc == 1)
		(void)snprintf(ret, 27, SV_FMT, SV_ARG(store_col_sv(q, 0)));
	store_reset(q);
	return rc < 0 ? rc : 0;
}

/* The run without it; how many of its questions were asked by meaning. */
static int beside(struct run *r, char against[27], size_t *ret_meaning)
{
	int rc = find_same(r, against);
	*ret_meaning = r->vec ? r->ask.n : 0;
	if (rc || against[0])
		return rc;
	id_new(against);
	struct record x = { .r = r, .id = against, .draft = "", .against = "" };
	rc = ask_all(r, r->ix, &x);
	*ret_meaning = x.meaning;
	return rc ? rc : store_write_now(r->w->store, save, &x);
}

static int run_draft(struct run *r)
{
	char against[27];
	struct kb_article art;
	const char *why;
	size_t meaning;
	int rc = learn_draft_article(r->db, sv_of(r->draft), &r->a, &art, &r->version, &why);
	if (rc)
		return err_set(&r->e, rc, "%s", why);
	rc = take_indexes(r, &art);
	if (rc == 0)
		rc = beside(r, against, &meaning);
	struct record x = { .r = r, .id = r->id, .draft = r->draft, .against = against };
	if (rc == 0)
		rc = ask_all(r, r->with, &x);
	if (rc == 0 && x.meaning != meaning)
		rc = err_set(&r->e, ERR_AGAIN, "the embedding model was late: try again");
	return rc ? rc : store_write_now(r->w->store, save, &x);
}

/* ---- all that wait ---- */

static int run_one(struct run *r)
{
	int rc = load_questions(r);
	if (rc == 0 && r->draft[0])
		return run_draft(r);
	if (rc == 0)
		rc = take_indexes(r, NULL);
	struct record x = { .r = r, .id = r->id, .draft = "", .against = "" };
	if (rc == 0)
		rc = ask_all(r, r->ix, &x);
	return rc ? rc : store_write_now(r->w->store, save, &x);
}

/* What could not be done is told in its row, or it would wait for ever. */
static int told(struct run *r, int rc)
{
	struct record x = { .r = r, .id = r->id, .draft = r->draft, .against = "",
			    .error = r->e.msg[0] ? r->e.msg : err_text(rc) };
	return store_write_now(r->w->store, save, &x);
}

static void run_done(struct run *r)
{
	obj_unref(r->ix);
	obj_unref(r->with);
	kb_dense_close(r->d);
	VEC_FREE(&r->ask);
	arena_done(&r->a);
}

int learn_sets_work(const struct learn_set_work *w, size_t *ret_runs)
{
	int rc = 0;
	*ret_runs = 0;
	for (;;) {
		struct run r = { .w = w };
		rc = store_reader(w->store, &r.db);
		if (rc || (rc = next_waiting(&r)) != 1)
			return rc ? rc : learn_set_sweep(w->store, w->stopped, w->arg);
		arena_init(&r.a, LIM_ARENA_BIG);
		rc = run_one(&r);
		if (rc && rc != ERR_CANCELED)
			rc = told(&r, rc);
		run_done(&r);
		if (rc)
			return rc;
		++*ret_runs;
	}
}
