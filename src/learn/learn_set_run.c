/* learn_set_run.c: asks a test set's questions of the index.
 *
 * A run is a row that waits. It is asked of the index as customers have it, with what is
 * committed; a run with a draft is asked twice, once of that and once of an index with the
 * draft's article on top in memory, so that the difference is what a yes would do. The first is
 * taken over from an earlier run when neither the articles nor the questions have changed
 * since. With vectors where the index has some; a draft's texts get theirs for this run alone.
 * On a worker, which reads by itself and waits for the scribe. */
#include "learn_set.h"
#include "learn_int.h"

#include <stdio.h>

enum { LOOK_EVERY = 32, PASSAGES_MAX = 4000 };
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
	bool meaning;
	struct kb_index *ix;         /* as customers have it */
	int64_t articles, newest_ms;
	uint64_t print;
	int rc;
};
struct record {                      /* of a row to be written */
	const struct run *r;
	const char *id, *draft, *against;
	const struct answer *v;
	size_t n;
	int64_t took_ms, articles;
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
		r->print = (r->print ^ sv_hash(x->question)) * PRINT;
		r->print = (r->print ^ sv_hash(x->article) ^ sv_hash(x->lang)) * PRINT;
	}
	store_reset(q);
	return rc < 0 ? rc : 0;
}

/* The index, and what can be said of its state. */
static int take_index(struct run *r)
{
	struct kb_index *now = snap_get(r->w->kb);
	struct store_stmt *q;
	int rc = now ? 0 : err_set(&r->e, ERR_AGAIN, "the knowledge base is not ready");
	r->meaning = !rc && r->w->question && kb_dense_ready(now, SV_NULL);
	if (!rc && r->meaning)
		r->ix = obj_ref(now);
	else if (!rc)
		rc = kb_update(&r->ix, now, r->db, NULL, NULL, &r->e);
	obj_unref(now);
	if (rc)
		return rc;
	rc = store_prep(r->db, &q,
			"SELECT coalesce(max(updated_ms), 0), coalesce(sum(version), 0), count(*) "
			"FROM article");
	if (rc || (rc = store_step(q)) != 1)
		return rc ? rc : ERR_DB;
	r->articles = (int64_t)kb_count(r->ix);
	r->newest_ms = store_col_int(q, 0);
	r->print = (r->print ^ (uint64_t)r->newest_ms) * PRINT;
	r->print = (r->print ^ (uint64_t)store_col_int(q, 1)) * PRINT;
	r->print = (r->print ^ (uint64_t)store_col_int(q, 2)) * PRINT;
	r->print = (r->print ^ (uint64_t)r->articles) * PRINT ^ r->meaning;
	store_reset(q);
	return 0;
}

/* ---- asking ---- */

static bool stopped(const struct run *r)
{
	return r->w->stopped && r->w->stopped(r->w->arg);
}

static int ask(struct run *r, struct kb_index *ix, struct answer *x, struct arena *tmp)
{
	struct kb_query q = { .text = x->question, .lang = x->lang, .k = 5 };
	struct kb_asked got;
	arena_reset(tmp);
	if (r->meaning)
		q.vec = r->w->question(r->w->arg, x->question, &q.dim);
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
		rc = i % LOOK_EVERY == 0 && stopped(r) ? ERR_CANCELED : ask(r, ix, &v[i], &tmp);
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
			      r->meaning,
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
	store_bind_int(q, 5, (int64_t)r->print);
	for (int i = 0; i < 12; i++)
		store_bind_int(q, 6 + i, n[i]);
	return store_run(q);
}

/* The newest so many stay. */
static int forget(struct store_db *db, sv set, bool drafts)
{
	static const char *const sqls[] = {
		"DELETE FROM kb_set_answer WHERE run IN (SELECT id FROM kb_set_run WHERE "
		"kb_set=?1 AND (draft<>'')=?2 AND state<>'waiting' ORDER BY id DESC LIMIT 1000 "
		"OFFSET ?3)",
		"DELETE FROM kb_set_run WHERE id IN (SELECT id FROM kb_set_run WHERE "
		"kb_set=?1 AND (draft<>'')=?2 AND state<>'waiting' ORDER BY id DESC LIMIT 1000 "
		"OFFSET ?3)"
	};
	int rc = 0;
	for (int i = 0; i < 2 && rc == 0; i++) {
		struct store_stmt *q;
		rc = store_prep(db, &q, sqls[i]);
		if (rc)
			break;
		store_bind_sv(q, 1, set);
		store_bind_int(q, 2, drafts);
		store_bind_int(q, 3, LEARN_SET_RUNS);
		rc = store_run(q);
	}
	return rc;
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
	if (!rc)
		rc = forget(db, sv_of(x->r->set), false);
	return rc ? rc : forget(db, sv_of(x->r->set), true);
}

/* ---- with a draft ---- */

/* A run of the same index and the same questions, or "". */
static int find_same(struct run *r, char ret[27])
{
	struct store_stmt *q;
	int rc = store_prep(r->db, &q,
			    "SELECT id FROM kb_set_run WHERE kb_set=?1 AND draft='' AND "
			    "state='done' AND print=?2 ORDER BY id DESC LIMIT 1");
	ret[0] = 0;
	if (rc)
		return rc;
	store_bind_sv(q, 1, sv_of(r->set));
	store_bind_int(q, 2, (int64_t)r->print);
	rc = store_step(q);
	if (rc == 1)
		(void)snprintf(ret, 27, SV_FMT, SV_ARG(store_col_sv(q, 0)));
	store_reset(q);
	return rc < 0 ? rc : 0;
}

static int beside(struct run *r, char against[27])
{
	int rc = find_same(r, against);
	if (rc || against[0])
		return rc;
	id_new(against);
	struct record x = { .r = r, .id = against, .draft = "", .against = "" };
	rc = ask_all(r, r->ix, &x);
	return rc ? rc : store_write_now(r->w->store, save, &x);
}

/* With vectors: those of everything on top of the full index, for this run alone. */
static int with_vectors(struct run *r, const struct kb_article *draft, struct kb_index **ret)
{
	struct kb_dense *d = NULL;
	struct kb_index *ix = NULL;
	int rc = kb_dense_open(&d, NULL, SV("run"), &r->e);
	const struct kb_opts o = { .dense = d };
	if (rc == 0)
		rc = kb_update_with(&ix, r->ix, r->db, &o, draft, &r->e);
	if (rc == 0 && kb_dense_missing(ix, NULL, NULL) > PASSAGES_MAX)
		rc = err_set(&r->e, ERR_AGAIN, "too much has changed: try again in a minute");
	if (rc == 0)
		rc = r->w->passages(r->w->arg, ix, d);
	obj_unref(ix);
	if (rc == 0)
		rc = kb_update_with(ret, r->ix, r->db, &o, draft, &r->e);
	kb_dense_close(d);
	return rc;
}

static int run_draft(struct run *r)
{
	char against[27];
	struct kb_article art;
	struct kb_index *ix = NULL;
	int rc = learn_draft_article(r->db, sv_of(r->draft), &r->a, &art, &r->version);
	if (rc)
		return err_set(&r->e, rc, "%s", rc == ERR_NOTFOUND ? "the draft is gone" :
					  rc == ERR_CONFLICT ? "the article it changes is gone" :
							       err_text(rc));
	rc = beside(r, against);
	if (rc == 0)
		rc = r->meaning ? with_vectors(r, &art, &ix) :
				  kb_update_with(&ix, r->ix, r->db, NULL, &art, &r->e);
	struct record x = { .r = r, .id = r->id, .draft = r->draft, .against = against };
	if (rc == 0)
		rc = ask_all(r, ix, &x);
	if (rc == 0)
		rc = store_write_now(r->w->store, save, &x);
	obj_unref(ix);
	return rc;
}

/* ---- all that wait ---- */

static int run_one(struct run *r)
{
	int rc = load_questions(r);
	if (rc == 0)
		rc = take_index(r);
	if (rc == 0 && r->draft[0])
		return run_draft(r);
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

int learn_sets_work(const struct learn_set_work *w, size_t *ret_runs)
{
	int rc = 0;
	*ret_runs = 0;
	for (;;) {
		struct run r = { .w = w };
		rc = store_reader(w->store, &r.db);
		if (rc || (rc = next_waiting(&r)) != 1)
			return rc;
		arena_init(&r.a, LIM_ARENA_BIG);
		rc = run_one(&r);
		if (rc && rc != ERR_CANCELED)
			rc = told(&r, rc);
		obj_unref(r.ix);
		VEC_FREE(&r.ask);
		arena_done(&r.a);
		if (rc)
			return rc;
		++*ret_runs;
	}
}
