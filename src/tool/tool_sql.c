/* tool_sql.c: the source "sql": a tool as one SELECT over a database file of the configuration.
 *
 *	with:
 *	  system: warehouse
 *	  sql: SELECT sku, free FROM stock WHERE sku = ?1 AND shop = ?2
 *	  params: [sku, who.customer]     arguments by their place; one without a value is NULL
 *	  rows: 20                        at most; "more": true when there are others
 *	  one: true                       the columns of the one row become the result; none:
 * not_found
 *
 * Read-only three times over: the file is opened so, the statement must be one that only reads,
 * and an effect is refused. Values are bound, never put into the text. Rows, bytes and time are
 * limited. Each call opens its own connection: they are rare, and no thread keeps one. On a far
 * thread.
 */
#include "tool_far.h"

#include <stdio.h>

enum { ROWS = 20, ROWS_MAX = 200, TEXT_BYTES = 4096 };

static void bind(const struct tool_run *r, struct store_stmt *q)
{
	const jv *params = jv_get(r->decl->with, "params");
	for (size_t i = 0; i < jv_len(params); i++) {
		jv *v = far_value(r, jv_as_str(jv_at(params, i)));
		int at = (int)i + 1;
		if (jv_is_num(v) && (double)jv_as_int(v, 0) >= jv_as_num(v, 0) &&
		    (double)jv_as_int(v, 0) <= jv_as_num(v, 0))
			store_bind_int(q, at, jv_as_int(v, 0));
		else if (jv_is_num(v))
			store_bind_num(q, at, jv_as_num(v, 0));
		else if (jv_is_bool(v))
			store_bind_int(q, at, jv_as_bool(v, false));
		else
			store_bind_sv(q, at, jv_as_str(v));
		jv_free(v);
	}
}

static jv *row(struct store_stmt *q)
{
	jv *o = jv_obj();
	for (int i = 0; i < (int)store_cols(q); i++) {
		const char *name = store_col_name(q, i);
		switch (store_col_type(q, i)) {
		case STORE_INT: jv_set_int(o, name, store_col_int(q, i)); break;
		case STORE_NUM: jv_set_num(o, name, store_col_num(q, i)); break;
		case STORE_TEXT:
			jv_set_str(o, name, sv_slice(store_col_sv(q, i), 0, TEXT_BYTES));
			break;
		default: jv_set(o, name, jv_null());
		}
	}
	return o;
}

static int64_t limit(const struct tool_run *r)
{
	int64_t n = jv_get_int(r->decl->with, "rows", ROWS);
	return n < 1 ? 1 : n > ROWS_MAX ? ROWS_MAX : n;
}

static int rows(struct tool_run *r, struct store_stmt *q, jv *ret)
{
	int64_t most = limit(r), n = 0;
	int rc;
	while ((rc = store_step(q)) == 1 && n++ < most)
		jv_push(ret, row(q));
	jv_set_bool(r->body, "more", rc == 1);
	return rc < 0 ? rc : 0;
}

static int put(struct tool_run *r, jv *list)
{
	if (!jv_get_bool(r->decl->with, "one", false)) {
		jv_set(r->body, "rows", list);
		return 0;
	}
	jv_del(r->body, "more");
	jv *first = jv_len(list) ? jv_copy(jv_at(list, 0)) : NULL;
	jv_free(list);
	if (first)
		return far_take(r, first);
	tool_outcome(r, TOOL_NOT_FOUND, "no such row");
	return 0;
}

static int query(struct tool_run *r, struct store_db *db, const char *sql)
{
	struct store_stmt *q;
	jv *list = jv_arr();
	int rc = store_prep(db, &q, sql);
	if (rc) {
		tool_outcome(r, TOOL_FAILED, arena_fmt(r->arena, "the statement is wrong: %s",
						       store_error(db)));
		jv_free(list);
		return rc;
	}
	bool reads = store_reads_only(q);
	if (reads)
		bind(r, q);
	rc = reads ? rows(r, q, list) : ERR_DENIED;
	store_reset(q);
	if (!rc)
		return put(r, list);
	jv_free(list);
	tool_outcome(r, TOOL_FAILED, rc == ERR_TIMEOUT ? "the database took too long" :
			   rc == ERR_DENIED ? "the statement must be a SELECT" :
					      "the database cannot be read");
	return rc;
}

static int sql_remote(void *arg, struct tool_run *r)
{
	struct tool_far *f = arg;
	struct far_system *s;
	struct store_db *db;
	const char *sql = arena_cstr(r->arena, jv_get_str(r->decl->with, "sql"));
	if (r->decl->effect || !sql)
		return ERR_UNSUPPORTED;
	int rc = far_begin(f, r, FAR_SQL, &s);
	if (rc)
		return rc;
	rc = store_file_open(&db, s->sqlite, NULL);
	if (rc) {
		tool_outcome(r, TOOL_FAILED, "the database cannot be opened");
	} else {
		store_limit(db, r->decl->timeout_ms);
		rc = query(r, db, sql);
		store_db_close(db);
	}
	far_end(f, s, rc != ERR_TIMEOUT && rc != ERR_IO && rc != ERR_BUSY);
	return rc;
}

const struct tool_ops tool_sql = { .name = "sql", .remote = sql_remote };
