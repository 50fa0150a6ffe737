/* learn_set.c: the rows of test sets: put, cut, drop, order a run; and the sets as JSON. Changes
 * on the scribe, JSON on a worker. */
#include "learn_set.h"
#include "learn_int.h"

#include <stdio.h>

static int step_int(struct store_stmt *q, int64_t *ret)
{
	int rc = store_step(q);
	if (rc == 1)
		*ret = store_col_int(q, 0);
	store_reset(q);
	return rc < 0 ? rc : rc == 1 ? 0 : ERR_NOTFOUND;
}

/* ---- the set ---- */

static int refuse(struct learn_set_put *p, int rc, const char *why)
{
	p->why = why;
	return rc;
}

static int put_name(struct store_db *db, struct learn_set_put *p)
{
	struct store_stmt *q;
	int64_t n = 0;
	int rc = store_prep(db, &q, "SELECT count(*) FROM kb_set WHERE name=?1 AND id<>?2");
	if (rc)
		return rc;
	store_bind_sv(q, 1, p->name);
	store_bind_sv(q, 2, sv_of(p->id));
	rc = step_int(q, &n);
	if (rc || n)
		return rc ? rc : refuse(p, ERR_EXISTS, "There is a set of that name.");
	rc = store_prep(db, &q,
			"INSERT INTO kb_set (id, name, created_ms, created_by, updated_ms) VALUES "
			"(?1,?2,?3,?4,?3) ON CONFLICT (id) DO UPDATE SET name=excluded.name");
	if (rc)
		return rc;
	store_bind_sv(q, 1, sv_of(p->id));
	store_bind_sv(q, 2, p->name);
	store_bind_int(q, 3, p->now_ms);
	store_bind_sv(q, 4, p->by);
	return store_run(q);
}

static int begin(struct store_db *db, struct learn_set_put *p)
{
	int64_t n = 0;
	int rc;
	if (p->name.n > LEARN_SET_NAME || !sv_utf8_ok(p->name))
		return refuse(p, ERR_INVAL, "name may have 240 bytes.");
	if (p->set.n) {
		(void)snprintf(p->id, sizeof(p->id), SV_FMT, SV_ARG(p->set));
		rc = store_one_int(db, "SELECT count(*) FROM kb_set WHERE id=?1", p->set, &n);
		if (rc || !n)
			return rc ? rc : refuse(p, ERR_NOTFOUND, "There is no such test set.");
		return p->name.n ? put_name(db, p) : 0;
	}
	if (!p->name.n)
		return refuse(p, ERR_INVAL, "Give name, what the set is called.");
	rc = store_one_int(db, "SELECT count(*) FROM kb_set", SV_NULL, &n);
	if (rc || n >= LEARN_SETS)
		return rc ? rc : refuse(p, ERR_STATE, "There may be 100 test sets.");
	id_new(p->id);
	return put_name(db, p);
}

/* ---- its questions ---- */

struct putting {
	struct store_stmt *find, *add, *change;
	int64_t next, count;
};

/* 0 = not there; else its number, and whether it has the article already. */
static int find_row(struct store_stmt *q, const struct learn_set_put *p,
		    const struct learn_set_row *x, int64_t *n, bool *same)
{
	store_bind_sv(q, 1, sv_of(p->id));
	store_bind_sv(q, 2, x->lang);
	store_bind_sv(q, 3, x->question);
	int rc = store_step(q);
	*n = rc == 1 ? store_col_int(q, 0) : 0;
	*same = rc == 1 && sv_eq(store_col_sv(q, 1), x->article);
	store_reset(q);
	return rc < 0 ? rc : 0;
}

static int put_row(struct putting *s, struct learn_set_put *p, const struct learn_set_row *x)
{
	bool same;
	int64_t n;
	int rc = find_row(s->find, p, x, &n, &same);
	if (rc || (n && same)) {
		p->same += rc == 0;
		return rc;
	}
	if (!n && s->count >= LEARN_SET_QUESTIONS)
		return refuse(p, ERR_STATE, "A test set may have 5000 questions.");
	struct store_stmt *q = n ? s->change : s->add;
	p->changed += n > 0;
	p->added += n == 0;
	s->count += n == 0;
	store_bind_sv(q, 1, sv_of(p->id));
	store_bind_int(q, 2, n ? n : s->next++);
	store_bind_sv(q, 3, x->article);
	store_bind_int(q, 4, p->now_ms);
	store_bind_sv(q, 5, p->by);
	if (!n) {
		store_bind_sv(q, 6, x->question);
		store_bind_sv(q, 7, x->lang);
	}
	return store_run(q);
}

/* Runs keep numbers of questions that are gone: none is given twice. */
static int put_rows(struct store_db *db, struct learn_set_put *p, int64_t *ret_next)
{
	struct putting s = { 0 };
	int rc = store_one_int(db, "SELECT count(*) FROM kb_set_question WHERE kb_set=?1",
			       sv_of(p->id), &s.count);
	if (!rc)
		rc = store_one_int(db, "SELECT next_n FROM kb_set WHERE id=?1", sv_of(p->id),
				   &s.next);
	if (!rc)
		rc = store_prep(db, &s.find,
				"SELECT n, article FROM kb_set_question WHERE kb_set=?1 AND "
				"lang=?2 AND question=?3");
	if (!rc)
		rc = store_prep(db, &s.add,
				"INSERT INTO kb_set_question (kb_set, n, article, at_ms, by_login, "
				"question, lang) VALUES (?1,?2,?3,?4,?5,?6,?7)");
	if (!rc)
		rc = store_prep(db, &s.change,
				"UPDATE kb_set_question SET article=?3, at_ms=?4, by_login=?5 "
				"WHERE kb_set=?1 AND n=?2");
	for (size_t i = 0; i < p->n && rc == 0; i++)
		rc = put_row(&s, p, &p->row[i]);
	*ret_next = s.next;
	return rc;
}

/* next: the number of the next question, 0 = as it is */
static int touch(struct store_db *db, sv set, int64_t now_ms, int64_t next)
{
	struct store_stmt *q;
	int rc = store_prep(db, &q,
			    "UPDATE kb_set SET updated_ms=?2, next_n=max(next_n, ?3) WHERE id=?1");
	if (rc)
		return rc;
	store_bind_sv(q, 1, set);
	store_bind_int(q, 2, now_ms);
	store_bind_int(q, 3, next);
	return store_run(q);
}

int learn_set_put(struct store_db *db, struct learn_set_put *p)
{
	p->now_ms = p->now_ms ? p->now_ms : clk_wall_ms();
	p->added = p->changed = p->same = 0;
	int64_t next = 0;
	int rc = begin(db, p);
	if (!rc)
		rc = put_rows(db, p, &next);
	return rc ? rc : touch(db, sv_of(p->id), p->now_ms, next);
}

int learn_set_drop(struct store_db *db, sv set)
{
	static const char *const sqls[] = { "UPDATE kb_set_run SET state='gone' WHERE kb_set=?1",
					    "DELETE FROM kb_set_question WHERE kb_set=?1",
					    "DELETE FROM kb_set WHERE id=?1" };
	int rc = 0;
	for (size_t i = 0; i < sizeof(sqls) / sizeof(*sqls) && rc == 0; i++)
		rc = store_run_sv(db, sqls[i], set);
	return rc ? rc : store_changes(db) ? 0 : ERR_NOTFOUND;
}

int learn_set_cut(struct store_db *db, sv set, int64_t n)
{
	struct store_stmt *q;
	int rc = store_prep(db, &q, "DELETE FROM kb_set_question WHERE kb_set=?1 AND n=?2");
	if (rc)
		return rc;
	store_bind_sv(q, 1, set);
	store_bind_int(q, 2, n);
	rc = store_run(q);
	if (rc == 0 && !store_changes(db))
		return ERR_NOTFOUND;
	return rc ? rc : touch(db, set, clk_wall_ms(), 0);
}

/* ---- a run is wanted ---- */

static int draft_open(struct store_db *db, sv draft, int64_t *ret_version)
{
	struct store_stmt *q;
	int rc = store_prep(db, &q, "SELECT state, version FROM draft WHERE id=?1");
	if (rc)
		return rc;
	store_bind_sv(q, 1, draft);
	rc = store_step(q);
	bool open = rc == 1 && (sv_eq(store_col_sv(q, 0), SV("open")) ||
				sv_eq(store_col_sv(q, 0), SV("blocked")));
	*ret_version = rc == 1 ? store_col_int(q, 1) : 0;
	store_reset(q);
	return rc < 0 ? rc : rc == 0 ? ERR_NOTFOUND : open ? 0 : ERR_STATE;
}

static int waits_already(struct store_db *db, struct learn_set_order *o)
{
	struct store_stmt *q;
	int rc = store_prep(db, &q,
			    "SELECT id FROM kb_set_run WHERE kb_set=?1 AND draft=?2 AND "
			    "state='waiting'");
	if (rc)
		return rc;
	store_bind_sv(q, 1, o->set);
	store_bind_sv(q, 2, o->draft);
	rc = store_step(q);
	if (rc == 1)
		(void)snprintf(o->run, sizeof(o->run), SV_FMT, SV_ARG(store_col_sv(q, 0)));
	store_reset(q);
	return rc;
}

int learn_set_order(struct store_db *db, struct learn_set_order *o)
{
	int64_t n = 0, sets = 0, version = 0;
	struct store_stmt *q;
	int rc = store_one_int(db, "SELECT count(*) FROM kb_set WHERE id=?1", o->set, &sets);
	if (!rc)
		rc = store_one_int(db, "SELECT count(*) FROM kb_set_question WHERE kb_set=?1",
				   o->set, &n);
	if (rc || !n)
		return rc ? rc : sets ? ERR_STATE : ERR_NOTFOUND;
	o->draft = o->draft.p ? o->draft : SV("");
	if (o->draft.n && (rc = draft_open(db, o->draft, &version)))
		return rc;
	rc = waits_already(db, o);
	if (rc)
		return rc < 0 ? rc : 0;
	id_new(o->run);
	rc = store_prep(db, &q,
			"INSERT INTO kb_set_run (id, kb_set, draft, draft_version, at_ms, "
			"by_login) VALUES (?1,?2,?3,?4,?5,?6)");
	if (rc)
		return rc;
	store_bind_sv(q, 1, sv_of(o->run));
	store_bind_sv(q, 2, o->set);
	store_bind_sv(q, 3, o->draft);
	store_bind_int(q, 4, version);
	store_bind_int(q, 5, o->now_ms ? o->now_ms : clk_wall_ms());
	store_bind_sv(q, 6, o->by);
	return store_run(q);
}

bool learn_sets_wait(struct store_db *db)
{
	int64_t waits = 0, gone = 0;
	const char *sql = "SELECT EXISTS (SELECT 1 FROM kb_set_run WHERE state=?1)";
	return store_one_int(db, sql, SV("waiting"), &waits) == 0 &&
	       store_one_int(db, sql, SV("gone"), &gone) == 0 && (waits || gone);
}

/* ---- as JSON ---- */

#define SET_SQL                                                                              \
	"SELECT id, name, created_ms, created_by, updated_ms, (SELECT count(*) FROM "        \
	"kb_set_question k WHERE k.kb_set=s.id), (SELECT count(*) FROM kb_set_question k "   \
	"WHERE k.kb_set=s.id AND k.article=''), (SELECT count(*) FROM kb_set_run r WHERE "   \
	"r.kb_set=s.id AND r.state='waiting'), coalesce((SELECT max(r.id) FROM kb_set_run r " \
	"WHERE r.kb_set=s.id AND r.state='done' AND r.draft=''), '') FROM kb_set s"

/* The row, with its newest run. */
static int put_set(struct store_db *db, struct store_stmt *q, struct sb *out)
{
	int rc = 0;
	sb_cstr(out, "{\"id\":");
	sb_json(out, store_col_sv(q, 0));
	learn_put_str(out, "name", store_col_sv(q, 1));
	learn_put_ms(out, "created_at", store_col_int(q, 2));
	learn_put_str(out, "created_by", store_col_sv(q, 3));
	learn_put_ms(out, "updated_at", store_col_int(q, 4));
	sb_fmt(out, ",\"questions\":%lld,\"unanswered\":%lld,\"waiting\":%s,\"last\":",
	       (long long)store_col_int(q, 5), (long long)store_col_int(q, 6),
	       store_col_int(q, 7) ? "true" : "false");
	if (store_col_sv(q, 8).n)
		rc = learn_set_put_run(db, store_col_sv(q, 8), out);
	else
		sb_cstr(out, "null");
	sb_ch(out, '}');
	return rc;
}

int learn_sets_json(struct store_db *db, struct sb *out)
{
	struct store_stmt *q;
	const char *sep = "";
	int rc = store_prep(db, &q, SET_SQL " ORDER BY name");
	if (rc)
		return rc;
	sb_cstr(out, "{\"items\":[");
	while ((rc = store_step(q)) == 1) {
		sb_cstr(out, sep);
		sep = ",";
		rc = put_set(db, q, out);
		if (rc)
			break;
	}
	store_reset(q);
	sb_cstr(out, "]}");
	return rc ? rc : sb_err(out);
}

int learn_set_json(struct store_db *db, sv set, struct sb *out)
{
	struct store_stmt *q;
	int rc = store_prep(db, &q, SET_SQL " WHERE id=?1");
	if (rc)
		return rc;
	store_bind_sv(q, 1, set);
	rc = store_step(q);
	rc = rc == 1 ? put_set(db, q, out) : rc < 0 ? rc : ERR_NOTFOUND;
	store_reset(q);
	return rc ? rc : sb_err(out);
}

int learn_set_questions_json(struct store_db *db, sv set, int64_t cursor, int limit, struct sb *out)
{
	struct store_stmt *q;
	int64_t last = 0;
	int n = 0;
	int rc = store_prep(db, &q,
			    "SELECT n, question, lang, article, article='' OR EXISTS (SELECT 1 "
			    "FROM article a WHERE (a.id=k.article OR a.group_id=k.article) AND "
			    "a.status='published'), by_login, at_ms FROM kb_set_question k WHERE "
			    "kb_set=?1 AND n>?2 ORDER BY n LIMIT ?3");
	if (rc)
		return rc;
	store_bind_sv(q, 1, set);
	store_bind_int(q, 2, cursor);
	store_bind_int(q, 3, limit + 1);
	sb_cstr(out, "{\"items\":[");
	while ((rc = store_step(q)) == 1 && n < limit) {
		last = store_col_int(q, 0);
		sb_fmt(out, "%s{\"n\":%lld", n++ ? "," : "", (long long)last);
		learn_put_str(out, "question", store_col_sv(q, 1));
		learn_put_str(out, "lang", store_col_sv(q, 2));
		learn_put_str(out, "article", store_col_sv(q, 3));
		sb_fmt(out, ",\"known\":%s", store_col_int(q, 4) ? "true" : "false");
		learn_put_str(out, "by", store_col_sv(q, 5));
		learn_put_ms(out, "at", store_col_int(q, 6));
		sb_ch(out, '}');
	}
	store_reset(q);
	sb_fmt(out, rc == 1 ? "],\"next\":\"%lld\"}" : "],\"next\":null}", (long long)last);
	return rc < 0 ? rc : sb_err(out);
}
