/* foreign.c: database files of other programs, to read only, and what a caller needs who does not
 * know their tables: names and types of columns, a limit of time, whether a statement only reads.
 *
 * The file is opened read-only, so nothing can be written whatever the statement says; ATTACH is
 * refused. A limit is looked at every few thousand steps of the database's machine. The connection
 * is one thread's. */
#include "store_int.h"

#include <string.h>

enum { LIMIT_STEPS = 4000 };

static int no_attach(void *arg, int op, const char *a, const char *b, const char *c, const char *d)
{
	return op == SQLITE_ATTACH || op == SQLITE_DETACH ? SQLITE_DENY : SQLITE_OK;
}

int store_file_open(struct store_db **ret, const char *path, struct err *e)
{
	struct store_db *db;
	int64_t n;

	if (!file_exists(path))
		return err_set(e, ERR_NOTFOUND, "%s: no such file", path);
	int rc = store_db_open(&db, path, SQLITE_OPEN_READONLY, e);

	if (rc)
		return rc;
	sqlite3_set_authorizer(db->db, no_attach, NULL);
	rc = store_one_int(db, "SELECT count(*) FROM sqlite_master", SV_NULL, &n);
	if (rc) {
		rc = err_set(e, rc, "%s: %s", path, store_error(db));
		store_db_close(db);
		return rc;
	}
	*ret = db;
	return 0;
}

static int too_late(void *arg)
{
	struct store_db *db = arg;

	return clk_mono_us() / 1000 >= db->until_ms;
}

void store_limit(struct store_db *db, int ms)
{
	db->until_ms = clk_mono_us() / 1000 + ms;
	sqlite3_progress_handler(db->db, ms ? LIMIT_STEPS : 0, ms ? too_late : NULL, db);
}

bool store_reads_only(struct store_stmt *q)
{
	return sqlite3_stmt_readonly(q->q) != 0 && sqlite3_column_count(q->q) > 0;
}

size_t store_cols(struct store_stmt *q)
{
	return (size_t)sqlite3_column_count(q->q);
}

const char *store_col_name(struct store_stmt *q, int i)
{
	const char *name = sqlite3_column_name(q->q, i);

	return name ? name : "";
}

enum store_type store_col_type(struct store_stmt *q, int i)
{
	switch (sqlite3_column_type(q->q, i)) {
	case SQLITE_INTEGER: return STORE_INT;
	case SQLITE_FLOAT: return STORE_NUM;
	case SQLITE_TEXT: return STORE_TEXT;
	case SQLITE_BLOB: return STORE_BLOB;
	default: return STORE_NULL;
	}
}
