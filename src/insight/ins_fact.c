/* ins_fact.c: reads the river on, folds it into facts, writes them with the new mark.
 *
 * A step works on a stretch of the river: the facts its rows name are read once, changed in
 * memory and written together with the mark, so each row counts once whatever breaks off. A
 * recount does the same from the first row into a private database and compares. On a worker; the
 * writing on the scribe. */
#include "ins_fact_int.h"

#include <stdio.h>

enum { STRETCH = 4000, MEND_MAX = 500 };
#define MARK "insight.mark"

/* ---- the mark ---- */

static int get_mark(struct store_db *db, int64_t *ret)
{
	struct store_stmt *q;
	int rc = store_prep(db, &q, "SELECT v FROM kv WHERE k='" MARK "'");
	*ret = 0;
	if (rc)
		return rc;
	rc = store_step(q);
	if (rc == 1)
		(void)sv_i64(store_col_sv(q, 0), ret);
	store_reset(q);
	return rc < 0 ? rc : 0;
}

static int put_mark(struct store_db *db, int64_t pos)
{
	struct store_stmt *q;
	char text[32];
	int rc = store_prep(db, &q,
			    "INSERT INTO kv (k, v, updated_ms) VALUES ('" MARK
			    "',?1,?2) ON CONFLICT (k) DO UPDATE SET v=excluded.v, "
			    "updated_ms=excluded.updated_ms");
	if (rc)
		return rc;
	(void)snprintf(text, sizeof(text), "%lld", (long long)pos);
	store_bind_sv(q, 1, sv_of(text));
	store_bind_int(q, 2, clk_wall_ms());
	return store_run(q);
}

/* ---- a stretch ---- */

/* Rows after from, up to until (0 = all) into the book. *ret_pos: the last one read. */
static int fold_rows(struct store_db *river, struct ins_book *b, int64_t from, int64_t until,
		     int64_t *ret_pos, int64_t *ret_n)
{
	struct store_stmt *q;
	int rc = store_prep(river, &q,
			    "SELECT pos, ts_ms, conversation, customer, kind, actor, body FROM "
			    "event WHERE pos>?1 AND pos<=?2 ORDER BY pos LIMIT ?3");
	*ret_pos = from;
	*ret_n = 0;
	if (rc)
		return rc;
	store_bind_int(q, 1, from);
	store_bind_int(q, 2, until ? until : INT64_MAX);
	store_bind_int(q, 3, STRETCH);
	while ((rc = store_step(q)) == 1 && !b->rc) {
		struct ins_row r = { store_col_int(q, 0), store_col_int(q, 1),
				     store_col_sv(q, 2),  store_col_sv(q, 3),
				     store_col_sv(q, 4),  store_col_sv(q, 5),
				     store_col_sv(q, 6) };
		ins_fold(b, &r);
		*ret_pos = r.pos;
		++*ret_n;
	}
	store_reset(q);
	return rc < 0 ? rc : b->rc;
}

struct save {
	const struct ins_book *b;
	int64_t pos;
	int n, rc;
};

static int save_run(void *arg, struct store_db *db)
{
	struct save *s = arg;
	s->rc = ins_book_write(db, s->b, &s->n);
	if (s->rc == 0)
		s->rc = put_mark(db, s->pos);
	return s->rc;
}

static int write_and_wait(struct store *st, store_write_fn *fn, void *arg, const int *rc)
{
	int err = store_write(st, fn, arg, NULL, NULL);
	if (err == 0)
		err = store_flush(st);
	return err ? err : *rc;
}

int ins_fact_step(struct store *st, struct ins_did *did)
{
	struct store_db *db;
	struct ins_book b;
	struct save s = { .b = &b, .rc = ERR_DB };
	int64_t from = 0;
	int rc = store_reader(st, &db);
	*did = (struct ins_did){ 0 };
	if (rc == 0)
		rc = get_mark(db, &from);
	if (rc)
		return rc;
	ins_book_init(&b, db);
	rc = fold_rows(db, &b, from, 0, &s.pos, &did->rows);
	if (rc == 0 && did->rows)
		rc = write_and_wait(st, save_run, &s, &s.rc);
	did->facts = rc ? 0 : s.n;
	did->more = rc == 0 && did->rows == STRETCH;
	ins_book_done(&b);
	return rc;
}

/* ---- counted anew ---- */

/* The same tables in a database of our own. */
static int scratch(struct store_db *db, struct store_db **ret)
{
	struct store_stmt *q;
	struct sb sql;
	int rc = store_prep(
		db, &q,
		"SELECT sql FROM sqlite_master WHERE tbl_name IN ('ins_fact','ins_day') "
		"AND sql IS NOT NULL ORDER BY type DESC");
	if (rc)
		return rc;
	sb_init(&sql, LIM_SB);
	while ((rc = store_step(q)) == 1) {
		sb_put(&sql, store_col_sv(q, 0));
		sb_cstr(&sql, ";\n");
	}
	store_reset(q);
	if (rc == 0)
		rc = store_mem_open(ret);
	if (rc == 0)
		rc = store_exec(*ret, sb_str(&sql));
	sb_done(&sql);
	return rc;
}

static int count_all(struct store_db *db, struct store_db *own, int64_t until,
		     struct ins_recount *r)
{
	int64_t pos = 0, n = 1;
	int rc = 0, facts;
	while (rc == 0 && n && pos < until) {
		struct ins_book b;
		ins_book_init(&b, own);
		rc = fold_rows(db, &b, pos, until, &pos, &n);
		if (rc == 0)
			rc = store_exec(own, "BEGIN");
		if (rc == 0)
			rc = ins_book_write(own, &b, &facts);
		if (rc == 0)
			rc = store_exec(own, "COMMIT");
		r->rows += n;
		ins_book_done(&b);
	}
	return rc;
}

/* Both tables in order, side by side. */
struct side {
	struct store_stmt *q;
	struct ins_fact f;
	int rc;                      /* 1 = f is there */
};

static int side_open(struct side *s, struct store_db *db, const char *after)
{
	char sql[2000];
	(void)snprintf(sql, sizeof(sql), "SELECT %s FROM ins_fact WHERE id>?1 ORDER BY id",
		       ins_fact_columns());
	*s = (struct side){ 0 };
	s->rc = store_prep(db, &s->q, sql);
	if (s->rc == 0)
		store_bind_sv(s->q, 1, sv_of(after));
	return s->rc;
}

static void side_next(struct side *s)
{
	s->rc = store_step(s->q);
	if (s->rc == 1)
		ins_fact_read(s->q, &s->f);
}

struct mend {
	struct ins_book put;         /* as the river says */
	VEC(struct ins_fact) drop;   /* those it knows nothing of */
	int rc;
};

static int mend_run(void *arg, struct store_db *db)
{
	struct mend *m = arg;
	struct store_stmt *q;
	int n;
	m->rc = ins_book_write(db, &m->put, &n);
	for (size_t i = 0; i < m->drop.n && m->rc == 0; i++) {
		m->rc = store_prep(db, &q, "DELETE FROM ins_fact WHERE id=?1");
		if (m->rc)
			break;
		store_bind_sv(q, 1, sv_of(m->drop.v[i].id));
		m->rc = store_run(q);
		if (m->rc == 0)
			m->rc = store_prep(db, &q, "UPDATE ins_day SET stale=1 WHERE day=?1");
		if (m->rc)
			break;
		store_bind_int(q, 1, m->drop.v[i].start_ms / INS_DAY_MS);
		m->rc = store_run(q);
	}
	return m->rc;
}

static void differs(struct mend *m, struct ins_recount *r, const struct ins_fact *f, bool drop)
{
	struct ins_fact *x;
	if (!r->differ++)
		(void)snprintf(r->first, sizeof(r->first), "%.63s", f->id);
	if (drop) {
		x = VEC_PUSH(&m->drop, MEND_MAX);
	} else {
		x = ins_book_get(&m->put, sv_of(f->id), f->kind, f->start_ms);
	}
	if (!x)
		return;
	*x = *f;
	x->there = x->changed = true;
}

/* From the fact after `last` on. True when there is no more room for what differs: it is mended
 * first, and last is where that was. */
static bool compare(struct store_db *db, struct store_db *own, struct mend *m,
		    struct ins_recount *r, char last[INS_ID], int *ret_rc)
{
	struct side a, b;
	int rc = side_open(&a, db, last);
	bool full = false;
	if (rc == 0)
		rc = side_open(&b, own, last);
	if (rc)
		return *ret_rc = rc, false;
	side_next(&a);
	side_next(&b);
	while ((a.rc == 1 || b.rc == 1) && a.rc >= 0 && b.rc >= 0 && !full) {
		int c = a.rc != 1 ? 1 : b.rc != 1 ? -1 : strcmp(a.f.id, b.f.id);
		if (c != 0 || !ins_fact_same(&a.f, &b.f))
			differs(m, r, c < 0 ? &a.f : &b.f, c < 0);
		sv_copy(last, INS_ID, sv_of(c < 0 ? a.f.id : b.f.id));
		r->facts += c >= 0;
		full = m->drop.n >= MEND_MAX || map_count(m->put.at) >= MEND_MAX;
		if (c <= 0)
			side_next(&a);
		if (c >= 0)
			side_next(&b);
	}
	*ret_rc = a.rc < 0 ? a.rc : b.rc < 0 ? b.rc : 0;
	store_reset(a.q);
	store_reset(b.q);
	return full;
}

int ins_fact_recount(struct store *st, struct ins_recount *ret)
{
	struct store_db *db, *own = NULL;
	int64_t until = 0;
	bool more = true;
	char last[INS_ID] = "";
	int rc = store_reader(st, &db);
	*ret = (struct ins_recount){ 0 };
	if (rc == 0)
		rc = get_mark(db, &until);
	if (rc == 0)
		rc = scratch(db, &own);
	if (rc == 0)
		rc = count_all(db, own, until, ret);
	while (rc == 0 && more) {
		struct mend m = { .rc = ERR_DB };
		ins_book_init(&m.put, NULL);
		more = compare(db, own, &m, ret, last, &rc);
		if (rc == 0 && (m.drop.n || map_count(m.put.at)))
			rc = write_and_wait(st, mend_run, &m, &m.rc);
		ins_book_done(&m.put);
		VEC_FREE(&m.drop);
	}
	store_db_close(own);
	return rc;
}
