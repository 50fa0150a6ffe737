/* river.c: the insert of an event row. Only the scribe's connection has a river: it numbers the rows
 * (pos) without gaps in the order they were handed in.
 */
#include "store_int.h"

#include <string.h>

int store_river_open(struct store_river *r, struct store_db *db, struct err *e)
{
	int rc = store_db_one(db, "SELECT coalesce(max(pos),0) FROM event", &r->pos);

	if (!rc)
		rc = store_err_of(sqlite3_prepare_v3(db->db,
			"INSERT INTO event (pos, id, ts_ms, conversation, customer, seq, turn, kind, "
			"actor, body) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
			-1, SQLITE_PREPARE_PERSISTENT, &r->insert, NULL));
	if (rc)
		return err_set(e, rc, "cannot read the events: %s", store_error(db));
	db->river = r;
	return 0;
}

void store_river_close(struct store_river *r)
{
	sqlite3_finalize(r->insert);
	r->insert = NULL;
}

static void river_text(sqlite3_stmt *q, int i, sv s, const char *empty)
{
	if (s.n)
		sqlite3_bind_text64(q, i, s.p, s.n, SQLITE_STATIC, SQLITE_UTF8);
	else if (empty)
		sqlite3_bind_text(q, i, empty, -1, SQLITE_STATIC);
	else
		sqlite3_bind_null(q, i);
}

int store_event_check(const struct store_event *ev)
{
	const sv all[] = { ev->conversation, ev->customer, ev->kind, ev->actor, ev->body };
	size_t n = 0;

	if (!ev->kind.n)
		return ERR_INVAL;
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		n += all[i].n;
		if (all[i].n > LIM_JSON_BYTES || n > LIM_JSON_BYTES)
			return ERR_TOOBIG;
		if (!sv_utf8_ok(all[i]))
			return ERR_UTF8;
	}
	return 0;
}

int store_event_put(struct store_db *db, const struct store_event *ev)
{
	struct store_river *r = db->river;
	char id[27];
	int rc = store_event_check(ev);

	if (!r)
		return ERR_STATE;  /* not the scribe's connection */
	if (rc)
		return rc;
	if (ev->id[0])
		memcpy(id, ev->id, sizeof(id));
	else
		id_new(id);
	id[26] = 0;
	sqlite3_bind_int64(r->insert, 1, r->pos + 1);
	sqlite3_bind_text(r->insert, 2, id, -1, SQLITE_STATIC);
	sqlite3_bind_int64(r->insert, 3, ev->ts_ms ? ev->ts_ms : clk_wall_ms());
	river_text(r->insert, 4, ev->conversation, NULL);
	river_text(r->insert, 5, ev->customer, NULL);
	sqlite3_bind_int64(r->insert, 6, ev->seq);
	sqlite3_bind_int64(r->insert, 7, ev->turn);
	river_text(r->insert, 8, ev->kind, NULL);
	river_text(r->insert, 9, ev->actor, "");
	river_text(r->insert, 10, ev->body, "{}");
	sqlite3_step(r->insert);
	rc = store_err_of(sqlite3_reset(r->insert));
	sqlite3_clear_bindings(r->insert); /* the texts are the caller's */
	if (!rc)
		r->pos++;
	return rc;
}
