/* eval_flywheel.c: the flywheel's proof: delete, ask, answer, learn, approve, ask again.
 *
 * Conversations become rows of the river as real ones are; which article a customer really wanted
 * is known here alone, by the conversation's id. Then the learner runs as every night, and each
 * draft is judged: most of its gap's questions wanted one article, that is a deleted one, every
 * value it names stands there, most of its words too. All drafts without a gate against them are
 * approved, and the questions are asked once more. Blocking; the scribe writes, this thread reads.
 */
#include "eval_fly_int.h"
#include "guard.h"

#include <stdio.h>
#include <stdlib.h>

#define ARTICLES_MAX 5000
#define TRAFFIC_LEAST 200        /* questions of a fresh sample: half as many as conversations */
#define STANDS 0.5f              /* likeness of a draft's sentence to one of the article */

/* ---- articles and what is asked of them ---- */

struct cutting {
	struct fly_world *w;
	struct fly_article *to;
};

static void cut_sentence(void *arg, sv s)
{
	struct cutting *c = arg;
	struct fly_article *x = c->to;
	sv *v = arena_new(&c->w->arena, sv, x->n_sentence + 1);
	if (sv_runes(s) < 6 || sv_find_ch(s, '|') >= 0 || !v)
		return;
	if (x->n_sentence)
		memcpy(v, x->sentence, x->n_sentence * sizeof(*v));
	v[x->n_sentence++] = s;
	x->sentence = v;
}

static size_t count_lines(sv text)
{
	size_t n = 0;
	sv line;
	while (sv_line(&text, &line))
		n++;
	return n;
}

static void add_questions(struct fly_world *w, struct fly_article *x, sv ask)
{
	sv rest = x->a.aliases, line, id;
	x->question = arena_new(&w->arena, sv, count_lines(rest) + count_lines(ask) + 1);
	while (x->question && sv_line(&rest, &line))
		if (sv_trim(line).n)
			x->question[x->n_question++] = sv_trim(line);
	while (x->question && sv_line(&ask, &line))
		if (sv_cut(&line, '\t', &id) && sv_eq(id, x->a.group_id))
			x->question[x->n_question++] = line;
	x->heard = arena_new(&w->arena, bool, x->n_question + 1);
	if (!x->heard)
		x->n_question = 0;
}

static int take_article(void *arg, const struct kb_article *a)
{
	struct fly_world *w = arg;
	bool zh = sv_eq(a->lang, SV("zh"));
	if (sv_eq(a->category, SV("products")) || (!zh && !sv_eq(a->lang, SV("en"))))
		return 0;
	struct fly_article *x = VEC_PUSH(&w->v, ARTICLES_MAX);
	if (!x)
		return ERR_FULL;
	x->a = *a;
	add_questions(w, x, w->o->ask[zh]);
	struct cutting c = { w, x };
	kb_each_sentence(a->body_md, cut_sentence, &c);
	return 0;
}

static struct fly_article *article_of(struct fly_world *w, sv group, bool zh)
{
	for (size_t i = 0; i < w->v.n; i++)
		if (sv_eq(w->v.v[i].a.group_id, group) &&
		    sv_eq(w->v.v[i].a.lang, zh ? SV("zh") : SV("en")))
			return &w->v.v[i];
	return NULL;
}

static void shuffle(struct rng *r, sv *v, size_t n)
{
	for (size_t i = n; i > 1; i--) {
		size_t k = rng_below(r, i);
		sv t = v[k];
		v[k] = v[i - 1];
		v[i - 1] = t;
	}
}

/* Groups in a seeded order: the first are asked about, of these the first are deleted. */
static void choose(struct fly_world *w)
{
	sv *g = arena_new(&w->arena, sv, w->v.n + 1);
	size_t n = 0;
	for (size_t i = 0; i < w->v.n; i++) {
		size_t k = 0;
		while (k < n && !sv_eq(g[k], w->v.v[i].a.group_id))
			k++;
		if (k == n)
			g[n++] = w->v.v[i].a.group_id;
	}
	shuffle(&w->rng, g, n);
	if (w->o->groups && w->o->groups < n)
		n = w->o->groups;
	double share = w->o->deleted > 0 ? w->o->deleted : 0.2;
	for (size_t i = 0; i < n; i++)
		for (int zh = 0; zh < 2; zh++) {
			struct fly_article *x = article_of(w, g[i], zh);
			if (!x)
				continue;
			x->weight = 0.5 + rng_unit(&w->rng);
			x->deleted = (double)i < share * (double)n - 0.5 || i == 0;
		}
}

/* ---- how well it is answered ---- */

struct proof {
	struct fly_world *w;
	const struct fly_article **wish;
	size_t n_wish;
	size_t drafts, right, wrong, twice, edits, edits_right, blocked, contradict, alarms;
	double values, values_there;
	jv *list, *missed;
	bool last;               /* asked for the second time */
	struct kb_facts *truth[2];       /* of all articles as they were: en, zh */
};

struct tally {
	size_t n, ok, other;     /* asked, answered rightly, from another article */
	size_t gone, gone_ok, gone_other, gone_back; /* of deleted articles */
	size_t heard, heard_ok;  /* of these, in a way that somebody used in the four weeks */
};

/* A question on what came back that is not answered from it. */
static void list_missed(struct proof *p, sv question, sv group, const struct kb_result *r)
{
	jv *o = jv_obj();
	jv_set_str(o, "question", question);
	jv_set_str(o, "wanted", group);
	jv_set_str(o, "how", !r->n ? SV("nothing") : r->answerable ? SV("answered") :
			     r->unsure ? SV("asked back") : SV("declined"));
	for (size_t i = 0; i < r->n && i < 2; i++) {
		jv_set_str(o, i ? "second" : "first", r->hits[i].article_id);
		jv_set_num(o, i ? "p2" : "p", r->hits[i].p);
	}
	jv_push(p->missed, o);
}

static void ask_once(struct proof *p, struct kb_index *ix, bool zh, sv question, sv group,
		     struct tally *t)
{
	struct kb_query q = { .text = question, .lang = zh ? SV("zh") : SV("en"), .k = 3 };
	struct kb_result r = { 0 };
	struct arena a;
	arena_init(&a, LIM_ARENA_TURN);
	const struct fly_article *x = article_of(p->w, group, zh);
	bool gone = x && x->deleted, some, ok;
	some = fly_search(p->w, ix, &q, &a, &r) == 0 && r.n && r.answerable;
	ok = some && sv_eq(fly_group(p->w, ix, r.hits[0].article_id), group);
	t->n++;
	t->ok += ok;
	t->other += some && !ok;
	t->gone += gone;
	t->gone_ok += gone && ok;
	t->gone_other += gone && some && !ok;
	t->gone_back += gone && x->back;
	if (p->missed && p->last && gone && x->back && !ok)
		list_missed(p, question, group, &r);
	arena_done(&a);
}

static void held_out(struct proof *p, struct kb_index *ix, struct tally *t)
{
	for (int zh = 0; zh < 2; zh++) {
		sv rest = p->w->o->held[zh], line, id;
		while (sv_line(&rest, &line)) {
			const struct fly_article *x;
			if (!sv_cut(&line, '\t', &id))
				continue;
			x = article_of(p->w, id, zh);
			if (x && x->weight > 0)
				ask_once(p, ix, zh, line, id, t);
		}
	}
}

/* What nobody answers must be declined, whatever was learned: how many are. */
static void nobodys(struct proof *p, struct kb_index *ix, struct tally *t)
{
	for (int zh = 0; zh < 2; zh++)
		for (size_t i = 0; i < p->w->n_oos[zh]; i++) {
			struct kb_query q = { .text = p->w->oos[zh][i],
					      .lang = zh ? SV("zh") : SV("en"), .k = 1 };
			struct kb_result r = { 0 };
			struct arena a;
			arena_init(&a, LIM_ARENA_TURN);
			t->n++;
			t->ok += fly_search(p->w, ix, &q, &a, &r) == 0 && !(r.n && r.answerable);
			arena_done(&a);
		}
}

/* The same sample each time: its own random numbers. */
static void traffic(struct proof *p, struct kb_index *ix, struct tally *t)
{
	struct rng keep = p->w->rng;
	struct sb b;
	rng_seed(&p->w->rng, p->w->o->seed + 77);
	sb_init(&b, LIM_SB);
	size_t n = p->n_wish / 2 > TRAFFIC_LEAST ? p->n_wish / 2 : TRAFFIC_LEAST;
	for (size_t i = 0; i < n; i++) {
		bool zh = i & 1;
		const struct fly_article *x = fly_pick(p->w, zh);
		sv question = fly_question(p->w, x, zh);
		size_t gone = t->gone, ok = t->gone_ok;
		sb_reset(&b);
		fly_ask(&p->w->rng, zh, question, &b);
		if (x)
			ask_once(p, ix, zh, sb_sv(&b), x->a.group_id, t);
		bool heard = t->gone > gone && fly_heard(x, question);
		t->heard += heard;
		t->heard_ok += heard && t->gone_ok > ok;
	}
	sb_done(&b);
	p->w->rng = keep;
}

/* ---- is a draft right? ---- */

static const struct fly_article *wanted(struct proof *p, const struct learn_gap *g, double *share)
{
	const struct fly_article *best = NULL;
	size_t most = 0;
	for (size_t i = 0; i < g->n; i++) {
		size_t n = 0, at = strtoul(g->item[i]->conversation.p + 4, NULL, 10);
		const struct fly_article *x = at < p->n_wish ? p->wish[at] : NULL;
		for (size_t k = 0; k < g->n; k++) {
			size_t b = strtoul(g->item[k]->conversation.p + 4, NULL, 10);
			n += b < p->n_wish && p->wish[b] == x;
		}
		if (n > most) {
			most = n;
			best = x;
		}
	}
	*share = g->n ? (double)most / (double)g->n : 0;
	return best;
}

struct values {
	VEC(struct kb_slot) v;
};

static void take_values(void *arg, sv s)
{
	struct values *to = arg;
	struct kb_slot v[KB_SLOTS];
	size_t n = learn_slots(NULL, s, v);
	for (size_t i = 0; i < n; i++) {
		struct kb_slot *x = VEC_PUSH(&to->v, 10000);
		if (x)
			*x = v[i];
	}
}

static bool has(const struct values *v, const struct kb_slot *x)
{
	for (size_t i = 0; i < v->v.n; i++)
		if (kb_slot_same(&v->v.v[i], x))
			return true;
	return false;
}

struct standing {                /* a draft's sentences in an article */
	const struct kb_sense *s;
	sv body;
	const struct kb_mark *m;
	size_t n_m, n, ok;
	float best;
};

static void near_sentence(void *arg, sv sentence)
{
	struct standing *t = arg;
	struct kb_mark m[KB_MARKS];
	float c = kb_marks_cos(t->m, t->n_m, m, kb_sense_marks(t->s, sentence, m));
	t->best = c > t->best ? c : t->best;
}

static void stand(void *arg, sv sentence)
{
	struct standing *t = arg;
	struct kb_mark m[KB_MARKS];
	t->n_m = kb_sense_marks(t->s, sentence, m);
	t->m = m;
	t->best = 0;
	kb_each_sentence(t->body, near_sentence, t);
	t->n++;
	t->ok += t->best >= STANDS;
}

/* Every value stands in the article, and so do most sentences; without a value, all of them. */
static bool facts_right(struct proof *p, const struct learn_draft *d, const struct kb_article *a)
{
	struct values mine = { 0 }, its = { 0 };
	struct kb_sense *s = kb_sense_new(a->lang);
	struct standing t = { .s = s, .body = a->body_md };
	size_t bad = 0;
	kb_each_sentence(d->body_md, take_values, &mine);
	kb_each_sentence(a->body_md, take_values, &its);
	for (size_t i = 0; i < mine.v.n; i++)
		bad += !has(&its, &mine.v.v[i]);
	for (size_t i = 0; i < its.v.n; i++)
		p->values_there += has(&mine, &its.v.v[i]);
	p->values += (double)its.v.n;
	kb_each_sentence(d->body_md, stand, &t);
	bool ok = !bad && t.n && (mine.v.n ? 2 * t.ok > t.n : t.ok == t.n);
	kb_sense_free(s);
	VEC_FREE(&mine.v);
	VEC_FREE(&its.v);
	return ok;
}

static void list_draft(struct proof *p, const struct learn_gap *g, const struct fly_article *x,
		       double share, const char *verdict)
{
	jv *o;
	if (!p->w->o->keep)
		return;
	o = jv_obj();
	jv_set_str(o, "verdict", sv_of(verdict));
	jv_set_str(o, "lang", g->lang);
	jv_set_str(o, "wanted", x ? x->a.group_id : SV(""));
	jv_set_num(o, "share", share);
	jv_set_int(o, "size", (int64_t)g->n);
	jv_set_int(o, "answers", (int64_t)g->answers);
	jv_set_str(o, "title", g->question);
	if (g->draft) {
		jv_set_str(o, "body_md", g->draft->edit ? SV("") : g->draft->body_md);
		jv_set_str(o, "article_id", g->draft->article_id);
		jv_set_str(o, "gates", g->draft->gates);
	}
	jv_push(p->list, o);
}

static void judge_new(struct proof *p, const struct learn_gap *g, struct fly_article *x,
		      double share)
{
	bool right = x && x->deleted && facts_right(p, g->draft, &x->a);
	bool again = right && x->back;
	p->right += right && !again;
	p->twice += again;
	p->wrong += !right;
	if (right)
		x->back = true;
	list_draft(p, g, x, share, again ? "twice" : right ? "right" : "wrong");
}

/* Which article an edit is of: one that was there, or one that came of a draft. */
static sv group_of_edit(struct proof *p, sv id)
{
	for (size_t i = 0; i < p->w->made.n; i++)
		if (sv_eq(sv_of(p->w->made.v[i].id), id))
			return p->w->made.v[i].wanted;
	for (size_t i = 0; i < p->w->v.n; i++)
		if (sv_eq(p->w->v.v[i].a.id, id))
			return p->w->v.v[i].a.group_id;
	return SV("");
}

static void judge(struct proof *p, const struct learn_gap *g)
{
	double share;
	const struct fly_article *most = wanted(p, g, &share);
	struct fly_article *x =
		most ? article_of(p->w, most->a.group_id, sv_eq(most->a.lang, SV("zh"))) : NULL;
	const struct learn_draft *d = g->draft;
	p->drafts++;
	if (!d->edit) {
		judge_new(p, g, x, share);
		return;
	}
	bool right = x && sv_eq(group_of_edit(p, d->article_id), x->a.group_id);
	if (right && x->deleted && !facts_right(p, d, &x->a))
		right = false;
	p->edits++;
	p->edits_right += right;
	list_draft(p, g, x, share, right ? "edit" : "bad edit");
}

/* ---- does it contradict? ---- */

struct alarms {
	struct proof *p;
	const struct fly_article *wanted;        /* NULL: none that most of its questions want */
	struct kb_article draft;
	struct values its;       /* of the wanted one */
	size_t against;
};

static void take_alarm(void *arg, const struct kb_conflict *c)
{
	struct alarms *t = arg;
	struct kb_slot v[KB_SLOTS];
	size_t n = learn_slots(NULL, c->value, v), true_ones = 0;
	for (size_t i = 0; i < n; i++)
		true_ones += has(&t->its, &v[i]);
	/* against the wanted article itself nothing excuses it */
	t->against += !n || true_ones < n || (t->wanted && sv_eq(c->other, t->wanted->a.id));
}

/* The check tells one value of an article; looked at a sentence at a time it tells more. */
static void alarm_sentence(void *arg, sv sentence)
{
	struct alarms *t = arg;
	struct kb_article a = t->draft;
	a.body_md = sentence;
	kb_facts_check(t->p->truth[sv_eq(a.lang, SV("zh"))], &a, take_alarm, t);
}

/* Against all articles as they were, the deleted ones too: the truth. An edit that leaves the
 * company's text as it is says nothing new, and a value that stands in the article that was wanted
 * is true, whatever other article the check compares it with: that is an alarm alone. */
static void contradicts(struct proof *p, const struct learn_gap *g)
{
	double share;
	const struct fly_article *x = wanted(p, g, &share);
	struct alarms t = { .p = p, .wanted = share >= 0.5 ? x : NULL };
	for (size_t i = 0; g->draft->edit && i < p->w->v.n; i++)
		if (sv_eq(p->w->v.v[i].a.id, g->draft->article_id) &&
		    sv_eq(p->w->v.v[i].a.body_md, g->draft->body_md))
			return;
	/* without the id of what it edits: that one is compared as well */
	t.draft = (struct kb_article){ .id = SV(""), .lang = g->lang,
				       .title = g->draft->title, .body_md = g->draft->body_md };
	if (!kb_facts_check(p->truth[sv_eq(g->lang, SV("zh"))], &t.draft, NULL, NULL))
		return;
	if (t.wanted)
		kb_each_sentence(t.wanted->a.body_md, take_values, &t.its);
	kb_facts_check(p->truth[sv_eq(g->lang, SV("zh"))], &t.draft, take_alarm, &t);
	kb_each_sentence(t.draft.body_md, alarm_sentence, &t);
	p->alarms++;
	p->contradict += t.against > 0;
	VEC_FREE(&t.its.v);
}

/* ---- writing ---- */

struct write_job {
	struct fly_world *w;
	const struct learn_run *run;
	struct proof *p;
	int64_t now_ms;
	int rc;
};

static int delete_write(void *arg, struct store_db *db)
{
	struct write_job *j = arg;
	for (size_t i = 0; i < j->w->v.n && !j->rc; i++)
		if (j->w->v.v[i].deleted)
			j->rc = kb_retire(db, j->w->v.v[i].a.id, j->now_ms);
	return j->rc;
}

static int save_write(void *arg, struct store_db *db)
{
	struct write_job *j = arg;
	return j->rc = learn_save(db, j->run);
}

static int approve_one(struct write_job *j, struct store_db *db, const struct learn_gap *g)
{
	struct store_stmt *q;
	struct learn_decision d = { .by = SV("proof"), .verb = LEARN_APPROVE,
				    .now_ms = j->now_ms };
	char id[27] = "";
	double share;
	int rc = store_prep(db, &q, "SELECT id FROM draft WHERE gap=?1 AND state='open'");
	if (rc)
		return rc;
	store_bind_sv(q, 1, sv_of(g->id));
	if (store_step(q) == 1)
		(void)snprintf(id, sizeof(id), SV_FMT, SV_ARG(store_col_sv(q, 0)));
	store_reset(q);
	if (!id[0])
		return 0;        /* decided before, and nothing new since */
	judge(j->p, g);
	contradicts(j->p, g);
	d.draft = sv_of(id);
	rc = learn_decide(db, &d);
	if (rc == ERR_CONFLICT && g->draft->edit)
		return 0;        /* two gaps edit one article: the second looks again tomorrow */
	struct fly_made *m = rc ? NULL : VEC_PUSH(&j->w->made, ARTICLES_MAX);
	if (!m || g->draft->edit)
		return rc;
	const struct fly_article *x = wanted(j->p, g, &share);
	*m = (struct fly_made){ .wanted = x ? x->a.group_id : SV("") };
	memcpy(m->id, d.article_id, sizeof(m->id));
	return 0;
}

static int approve_write(void *arg, struct store_db *db)
{
	struct write_job *j = arg;
	for (size_t i = 0; i < j->run->n_gap && !j->rc; i++)
		if (j->run->gap[i].draft && !j->run->gap[i].draft->blocked)
			j->rc = approve_one(j, db, &j->run->gap[i]);
	return j->rc;
}

static int write_now(struct write_job *j, store_write_fn *fn)
{
	int rc = store_write(j->w->o->store, fn, j, NULL, NULL);
	if (rc == 0)
		rc = store_flush(j->w->o->store);
	return rc ? rc : j->rc;
}

/* ---- the whole ---- */

static void set_coverage(jv *to, const char *name, const struct tally t[2])
{
	jv *o = jv_obj();
	jv_set_int(o, "n", (int64_t)t[0].n);
	for (int i = 0; i < 2; i++)
		jv_set_num(o, i ? "after" : "before",
			   t[i].n ? (double)t[i].ok / (double)t[i].n : 0);
	for (int i = 0; i < 2; i++)
		jv_set_num(o, i ? "wrong_after" : "wrong_before",
			   t[i].n ? (double)t[i].other / (double)t[i].n : 0);
	jv_set_int(o, "of_deleted", (int64_t)t[1].gone);
	jv_set_int(o, "of_deleted_back", (int64_t)t[1].gone_back);
	jv_set_int(o, "of_deleted_right", (int64_t)t[1].gone_ok);
	jv_set_int(o, "of_deleted_other", (int64_t)t[1].gone_other);
	jv_set_int(o, "of_heard", (int64_t)t[1].heard);
	jv_set_int(o, "of_heard_right", (int64_t)t[1].heard_ok);
	jv_set(to, name, o);
}

struct asked {                   /* before and after */
	struct tally held[2], fresh[2], none[2];
};

static jv *result(struct proof *p, const struct learn_run *r, const struct asked *t)
{
	jv *o = jv_obj(), *cover = jv_obj();
	size_t articles = 0, deleted = 0, back = 0, good = p->right + p->edits_right;
	for (size_t i = 0; i < p->w->v.n; i++) {
		articles += p->w->v.v[i].weight > 0;
		deleted += p->w->v.v[i].deleted;
		back += p->w->v.v[i].back;
	}
	const struct {
		const char *key;
		size_t v;
	} ints[] = { { "articles", articles },	  { "deleted", deleted },
		     { "conversations", p->n_wish }, { "rows", r->rows },
		     { "questions", r->questions }, { "gone_wrong", r->gone_wrong },
		     { "gaps", r->n_gap },	  { "drafts", p->drafts },
		     { "right", p->right },	  { "twice", p->twice },
		     { "wrong", p->wrong },	  { "edits", p->edits },
		     { "edits_right", p->edits_right }, { "blocked", p->blocked },
		     { "back", back },		  { "contradict", p->contradict },
		     { "alarms", p->alarms },
		     { "conflicts", r->n_conflict } };
	for (size_t i = 0; i < sizeof(ints) / sizeof(*ints); i++)
		jv_set_int(o, ints[i].key, (int64_t)ints[i].v);
	jv_set_num(o, "recall", deleted ? (double)back / (double)deleted : 0);
	jv_set_num(o, "precision", p->drafts ? (double)good / (double)p->drafts : 0);
	jv_set_num(o, "values_back", p->values > 0 ? p->values_there / p->values : 0);
	set_coverage(cover, "held", t->held);
	set_coverage(cover, "traffic", t->fresh);
	set_coverage(cover, "unanswerable", t->none);
	jv_set(o, "coverage", cover);
	if (p->list)
		jv_set(o, "list", p->list);
	if (p->missed)
		jv_set(o, "missed", p->missed);
	return o;
}

static int build(struct fly_world *w, struct kb_index **ret, struct store_db **db, struct err *e)
{
	int rc = store_reader(w->o->store, db);
	if (!rc && w->o->index)
		return w->o->index(w->o->arg, w->o->store, ret, e);
	return rc ? rc : kb_build(ret, *db, NULL, e);
}

static int talk_all(struct proof *p, struct kb_index *ix, int64_t now_ms, int night)
{
	size_t from = p->n_wish * (size_t)night / FLY_NIGHTS,
	       to = p->n_wish * (size_t)(night + 1) / FLY_NIGHTS;
	int rc = 0;
	for (size_t i = from; i < to && !rc; i++)
		rc = fly_converse(p->w, ix, i, now_ms, &p->wish[i]);
	return rc ? rc : store_flush(p->w->o->store);
}

/* What is left at the end: gates that stand, deleted articles that did not come back. */
static void leftovers(struct proof *p, const struct learn_run *run)
{
	for (size_t i = 0; i < run->n_gap; i++) {
		const struct learn_gap *g = &run->gap[i];
		double share;
		const struct fly_article *x = wanted(p, g, &share);
		bool blocked = g->draft && g->draft->blocked;
		p->blocked += blocked;
		if (blocked || (x && x->deleted && !x->back))
			list_draft(p, g, x, share, blocked ? "blocked" : "none");
	}
}

struct loading {
	struct kb_facts *to[2];
};

static int add_truth(void *arg, const struct kb_article *a)
{
	struct loading *l = arg;
	int zh = sv_eq(a->lang, SV("zh"));
	return zh || sv_eq(a->lang, SV("en")) ? kb_facts_add(l->to[zh], a) : 0;
}

/* A week's conversations, a look back, everything approved, the index anew. */
static int night(struct proof *p, int which, int64_t now_ms, struct kb_index **ix,
		 struct learn_run **run, struct err *e)
{
	struct write_job j = { .w = p->w, .p = p };
	struct store_db *db;
	int rc = store_reader(p->w->o->store, &db);
	j.now_ms = now_ms - (FLY_NIGHTS - 1 - which) * (FLY_DAYS / FLY_NIGHTS) * FLY_DAY_MS;
	learn_run_free(*run);
	*run = NULL;
	if (!rc)
		rc = talk_all(p, *ix, j.now_ms, which);
	if (!rc)
		rc = learn_run(run, db, &(struct learn_opts){ .kb = *ix, .now_ms = j.now_ms }, e);
	j.run = *run;
	if (!rc)
		rc = write_now(&j, save_write);
	if (!rc)
		rc = write_now(&j, approve_write);
	obj_unref(*ix);
	*ix = NULL;
	return rc ? rc : build(p->w, ix, &db, e);
}

static int prove(struct proof *p, jv **ret, struct err *e)
{
	struct write_job j = { .w = p->w, .p = p, .now_ms = clk_wall_ms() };
	struct asked asked = { 0 };
	struct kb_index *ix = NULL;
	struct learn_run *run = NULL;
	struct store_db *db;
	int rc = write_now(&j, delete_write);
	if (!rc)
		rc = build(p->w, &ix, &db, e);
	for (int t = 0; t < 2 && !rc; t++) {
		p->last = t == 1;
		held_out(p, ix, &asked.held[t]);
		traffic(p, ix, &asked.fresh[t]);
		nobodys(p, ix, &asked.none[t]);
		for (int i = 0; t == 0 && i < FLY_NIGHTS && !rc; i++)
			rc = night(p, i, j.now_ms, &ix, &run, e);
	}
	if (!rc) {
		leftovers(p, run);
		*ret = result(p, run, &asked);
	}
	learn_run_free(run);
	obj_unref(ix);
	return rc;
}

static void take_oos(struct fly_world *w)
{
	for (int zh = 0; zh < 2; zh++) {
		sv rest = w->o->oos[zh], line;
		while (sv_line(&rest, &line) && w->n_oos[zh] < 200)
			if (sv_trim(line).n)
				w->oos[zh][w->n_oos[zh]++] = sv_trim(line);
	}
}

int eval_flywheel(const struct eval_fly_opts *o, jv **ret, struct err *e)
{
	struct fly_world *w = xalloc(sizeof(*w));
	struct proof p = { .w = w, .list = o->keep ? jv_arr() : NULL,
			   .missed = o->keep ? jv_arr() : NULL };
	struct kb_sense *sense[2] = { kb_sense_new(SV("en")), kb_sense_new(SV("zh")) };
	struct loading l = { { kb_facts_new(sense[0], learn_slots, NULL),
			       kb_facts_new(sense[1], learn_slots, NULL) } };
	struct store_db *db;
	*ret = NULL;
	w->o = o;
	arena_init(&w->arena, LIM_ARENA_BIG);
	rng_seed(&w->rng, o->seed);
	int rc = store_reader(o->store, &db);
	if (!rc)
		rc = learn_articles_each(db, SV(""), &w->arena, take_article, w);
	if (!rc)
		rc = learn_articles_each(db, SV(""), &w->arena, add_truth, &l);
	if (!rc && !w->v.n)
		rc = err_set(e, ERR_NOTFOUND, "there are no articles");
	take_oos(w);
	p.n_wish = o->conversations ? o->conversations : 3000;
	p.wish = arena_new(&w->arena, const struct fly_article *, p.n_wish);
	if (!rc) {
		choose(w);
		memcpy(p.truth, l.to, sizeof(p.truth));
		rc = prove(&p, ret, e);
	}
	if (rc && e && !e->msg[0])
		err_set(e, rc, "the proof could not be run: %s", err_text(rc));
	if (rc) {
		jv_free(p.list);
		jv_free(p.missed);
	}
	VEC_FREE(&w->made);
	for (int i = 0; i < 2; i++) {
		kb_facts_free(l.to[i]);
		kb_sense_free(sense[i]);
	}
	VEC_FREE(&w->v);
	arena_done(&w->arena);
	xfree(w);
	return rc;
}
