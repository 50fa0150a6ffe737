/* db.c: one SQLite connection and its prepared statements.
 *
 * A connection belongs to one thread at a time and is opened without SQLite's own
 * locks. Statements are cached by their text: store_prep lends one, store_reset hands
 * it back. Of the idle ones the least recently used goes when more than STORE_STMTS
 * exist. A failed bind sticks and comes out of the next store_step, so callers check
 * one place.
 */
#include "store_int.h"

#include <stdio.h>
#include <string.h>

int store_err_of(int rc)
{
	static const struct {
		int rc, err;
	} map[] = {
		{ SQLITE_OK, 0 },
		{ SQLITE_FULL, ERR_IO },
		{ SQLITE_IOERR, ERR_IO },
		{ SQLITE_CANTOPEN, ERR_IO },
		{ SQLITE_BUSY, ERR_BUSY },
		{ SQLITE_LOCKED, ERR_BUSY },
		{ SQLITE_CORRUPT, ERR_CORRUPT },
		{ SQLITE_NOTADB, ERR_CORRUPT },
		{ SQLITE_TOOBIG, ERR_TOOBIG },
		{ SQLITE_NOMEM, ERR_NOMEM },
		{ SQLITE_READONLY, ERR_DENIED },
		{ SQLITE_AUTH, ERR_DENIED },
		{ SQLITE_PERM, ERR_DENIED },
		{ SQLITE_INTERRUPT, ERR_TIMEOUT },
		{ SQLITE_RANGE, ERR_INVAL },
		{ SQLITE_MISMATCH, ERR_INVAL },
	};

	if (rc == SQLITE_CONSTRAINT_UNIQUE || rc == SQLITE_CONSTRAINT_PRIMARYKEY ||
	    rc == SQLITE_CONSTRAINT_ROWID)
		return ERR_EXISTS;
	if ((rc & 0xff) == SQLITE_CONSTRAINT)
		return ERR_INVAL;
	for (size_t i = 0; i < sizeof(map) / sizeof(map[0]); i++)
		if (map[i].rc == (rc & 0xff))
			return map[i].err;
	return ERR_DB;
}

static pthread_once_t db_once = PTHREAD_ONCE_INIT;

static void db_global(void)
{
	/* The statistics would take one lock of the process at each allocation. */
	sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
	sqlite3_initialize();
}

/* Write functions may not commit, roll back or attach behind the scribe's back. */
static int db_authorize(void *arg, int op, const char *a, const char *b, const char *c,
			const char *d)
{
	struct store_db *db = arg;

	if (!db->guarded)
		return SQLITE_OK;
	if (op == SQLITE_TRANSACTION || op == SQLITE_SAVEPOINT || op == SQLITE_ATTACH ||
	    op == SQLITE_DETACH)
		return SQLITE_DENY;
	return SQLITE_OK;
}

static const char db_setup[] = "PRAGMA trusted_schema=OFF;"
			       "PRAGMA cell_size_check=ON;"
			       "PRAGMA secure_delete=ON;"
			       "PRAGMA temp_store=MEMORY;";

int store_db_open(struct store_db **ret, const char *name, int flags, struct err *e)
{
	struct store_db *db = xalloc(sizeof(*db));
	int rc;

	pthread_once(&db_once, db_global);
	rc = sqlite3_open_v2(name, &db->db,
			     flags | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, NULL);
	if (rc != SQLITE_OK)
		goto fail;
	sqlite3_busy_timeout(db->db, STORE_BUSY_MS);
	sqlite3_db_config(db->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	sqlite3_set_authorizer(db->db, db_authorize, db);
	rc = sqlite3_exec(db->db, db_setup, NULL, NULL, NULL);
	if (rc == SQLITE_OK)
		rc = store_fts_register(db->db);
	if (rc != SQLITE_OK)
		goto fail;
	*ret = db;
	return 0;
fail:
	err_set(e, store_err_of(rc), "database %s: %s", name,
		db->db ? sqlite3_errmsg(db->db) : sqlite3_errstr(rc));
	store_db_close(db);
	return store_err_of(rc);
}

static void stmt_free(struct store_stmt *q)
{
	sqlite3_finalize(q->q);
	xfree(q->sql);
	xfree(q);
}

void store_db_close(struct store_db *db)
{
	struct store_stmt *q;

	if (!db)
		return;
	while ((q = db->stmts)) {
		db->stmts = q->next;
		stmt_free(q);
	}
	sqlite3_close(db->db);
	xfree(db);
}

void store_db_idle(struct store_db *db)
{
	for (struct store_stmt *q = db->stmts; q; q = q->next)
		if (q->busy)
			store_reset(q);
}

static void db_evict(struct store_db *db)
{
	struct store_stmt **at, **oldest = NULL, *q;

	for (at = &db->stmts; *at; at = &(*at)->next)
		if (!(*at)->busy && (!oldest || (*at)->used < (*oldest)->used))
			oldest = at;
	if (!oldest)
		return;
	q = *oldest;
	*oldest = q->next;
	db->stmts_n--;
	stmt_free(q);
}

int store_prep(struct store_db *db, struct store_stmt **ret, const char *sql)
{
	struct store_stmt *q;
	sqlite3_stmt *raw = NULL;
	const char *rest = NULL;
	int rc;

	if (!db->db)
		return ERR_DB;
	for (q = db->stmts; q; q = q->next)
		if (!q->busy && strcmp(q->sql, sql) == 0)
			goto found;
	rc = sqlite3_prepare_v3(db->db, sql, -1, SQLITE_PREPARE_PERSISTENT, &raw,
				&rest);
	if (rc != SQLITE_OK)
		return store_err_of(rc);
	if (!raw || (rest && *rest)) { /* nothing, or more than one statement */
		sqlite3_finalize(raw);
		return ERR_INVAL;
	}
	if (db->stmts_n >= STORE_STMTS)
		db_evict(db);
	q = xalloc(sizeof(*q));
	q->db = db;
	q->q = raw;
	q->sql = xstrdup(sv_of(sql));
	q->next = db->stmts;
	db->stmts = q;
	db->stmts_n++;
found:
	q->busy = true;
	q->err = 0;
	q->used = ++db->tick;
	*ret = q;
	return 0;
}

static void bind_rc(struct store_stmt *q, int rc)
{
	if (rc != SQLITE_OK && !q->err)
		q->err = store_err_of(rc);
}

void store_bind_sv(struct store_stmt *q, int i, sv s)
{
	if (!s.p)
		bind_rc(q, sqlite3_bind_null(q->q, i));
	else
		bind_rc(q, sqlite3_bind_text64(q->q, i, s.p, s.n, SQLITE_TRANSIENT,
					       SQLITE_UTF8));
}

void store_bind_int(struct store_stmt *q, int i, int64_t v)
{
	bind_rc(q, sqlite3_bind_int64(q->q, i, v));
}

void store_bind_num(struct store_stmt *q, int i, double v)
{
	bind_rc(q, sqlite3_bind_double(q->q, i, v));
}

void store_bind_blob(struct store_stmt *q, int i, const void *p, size_t n)
{
	if (!p)
		bind_rc(q, sqlite3_bind_null(q->q, i));
	else
		bind_rc(q, sqlite3_bind_blob64(q->q, i, p, n, SQLITE_TRANSIENT));
}

int store_step(struct store_stmt *q)
{
	int rc;

	if (q->err)
		return q->err;
	rc = sqlite3_step(q->q);
	if (rc == SQLITE_ROW)
		return 1;
	if (rc == SQLITE_DONE)
		return 0;
	q->err = store_err_of(rc);
	return q->err;
}

int64_t store_col_int(struct store_stmt *q, int i)
{
	return sqlite3_column_int64(q->q, i);
}

double store_col_num(struct store_stmt *q, int i)
{
	return sqlite3_column_double(q->q, i);
}

sv store_col_sv(struct store_stmt *q, int i)
{
	const char *p;

	if (sqlite3_column_type(q->q, i) == SQLITE_NULL)
		return SV_NULL;
	if (sqlite3_column_type(q->q, i) == SQLITE_BLOB)
		p = sqlite3_column_blob(q->q, i);
	else
		p = (const char *)sqlite3_column_text(q->q, i);
	return p ? sv_n(p, (size_t)sqlite3_column_bytes(q->q, i)) : sv_n("", 0);
}

bool store_col_null(struct store_stmt *q, int i)
{
	return sqlite3_column_type(q->q, i) == SQLITE_NULL;
}

void store_reset(struct store_stmt *q)
{
	if (!q)
		return;
	sqlite3_reset(q->q);
	sqlite3_clear_bindings(q->q);
	q->busy = false;
}

int store_run(struct store_stmt *q)
{
	int rc = store_step(q);

	store_reset(q);
	return rc < 0 ? rc : 0;
}

int64_t store_changes(struct store_db *db)
{
	return db->db ? sqlite3_changes64(db->db) : 0;
}

int store_exec(struct store_db *db, const char *sql)
{
	if (!db->db)
		return ERR_DB;
	return store_err_of(sqlite3_exec(db->db, sql, NULL, NULL, NULL));
}

int store_run_sv(struct store_db *db, const char *sql, sv text)
{
	struct store_stmt *q;
	int rc = store_prep(db, &q, sql);

	if (rc)
		return rc;
	if (text.p)
		store_bind_sv(q, 1, text);
	return store_run(q);
}

int store_one_int(struct store_db *db, const char *sql, sv text, int64_t *ret)
{
	struct store_stmt *q;
	int rc = store_prep(db, &q, sql);

	if (rc)
		return rc;
	if (text.p)
		store_bind_sv(q, 1, text);
	rc = store_step(q);
	if (rc == 1)
		*ret = store_col_int(q, 0);
	store_reset(q);
	return rc < 0 ? rc : rc == 1 ? 0 : ERR_NOTFOUND;
}

const char *store_error(struct store_db *db)
{
	return db->db ? sqlite3_errmsg(db->db) : db->msg;
}
