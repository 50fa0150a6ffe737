/* river.c: the insert of an event row. Only the scribe's connection has a river: it
 * numbers the rows (pos) without gaps in the order they were handed in, and continues
 * the hash chain.
 */
#include "store_int.h"

#include <string.h>

static int river_end(struct store_river *r, struct store_db *db)
{
	struct store_stmt *q;
	sv chain;
	int rc = store_prep(db, &q,
			    "SELECT pos, chain FROM event ORDER BY pos DESC LIMIT 1");

	if (rc)
		return rc;
	rc = store_step(q);
	if (rc == 1) {
		r->at.pos = store_col_int(q, 0);
		chain = store_col_sv(q, 1);
		if (chain.n == sizeof(r->at.chain))
			memcpy(r->at.chain, chain.p, chain.n);
	}
	store_reset(q);
	return rc < 0 ? rc : 0;
}

int store_river_open(struct store_river *r, struct store_db *db, struct err *e)
{
	int rc = river_end(r, db);

	if (!rc)
		rc = store_err_of(
			sqlite3_prepare_v3(db->db,
					   "INSERT INTO event (pos, id, ts_ms, "
					   "conversation, customer, seq, turn, kind, "
					   "actor, body, chain) VALUES (?1, ?2, ?3, "
					   "?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
					   -1, SQLITE_PREPARE_PERSISTENT, &r->insert,
					   NULL));
	if (rc)
		return err_set(e, rc, "cannot read the events: %s", store_error(db));
	r->sha = store_sha_new();
	if (!r->sha)
		return err_set(e, ERR_UNSUPPORTED,
			       "SHA-256 is not available in libcrypto");
	db->river = r;
	return 0;
}

void store_river_close(struct store_river *r)
{
	sqlite3_finalize(r->insert);
	store_sha_free(r->sha);
	*r = (struct store_river){ 0 };
}

int store_event_check(const struct store_event *ev)
{
	const sv all[] = { ev->conversation, ev->customer, ev->kind, ev->actor,
			   ev->body };
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

static void river_text(sqlite3_stmt *q, int i, sv s)
{
	if (s.p)
		sqlite3_bind_text64(q, i, s.p, s.n, SQLITE_STATIC, SQLITE_UTF8);
	else
		sqlite3_bind_null(q, i);
}

static int river_insert(struct store_river *r, const struct store_row *row)
{
	struct store_mark next = { .pos = row->pos };
	sqlite3_stmt *q = r->insert;
	int rc;

	store_chain_next(r->sha, r->at.chain, row, next.chain);
	sqlite3_bind_int64(q, 1, row->pos);
	river_text(q, 2, row->id);
	sqlite3_bind_int64(q, 3, row->ts_ms);
	river_text(q, 4, row->conversation);
	river_text(q, 5, row->customer);
	sqlite3_bind_int64(q, 6, row->seq);
	sqlite3_bind_int64(q, 7, row->turn);
	river_text(q, 8, row->kind);
	river_text(q, 9, row->actor);
	river_text(q, 10, row->body);
	sqlite3_bind_blob(q, 11, next.chain, sizeof(next.chain), SQLITE_STATIC);
	sqlite3_step(q);
	rc = store_err_of(sqlite3_reset(q));
	sqlite3_clear_bindings(q); /* the texts are the caller's */
	if (!rc)
		r->at = next;
	return rc;
}

int store_event_put(struct store_db *db, const struct store_event *ev)
{
	struct store_river *r = db->river;
	struct store_row row;
	char id[27];
	int rc = store_event_check(ev);

	if (!r)
		return ERR_STATE; /* not the scribe's connection */
	if (rc)
		return rc;
	if (ev->id[0])
		memcpy(id, ev->id, sizeof(id));
	else
		id_new(id);
	id[26] = 0;
	row = (struct store_row){
		.pos = r->at.pos + 1,
		.id = sv_of(id),
		.ts_ms = ev->ts_ms ? ev->ts_ms : clk_wall_ms(),
		.conversation = ev->conversation.n ? ev->conversation : SV_NULL,
		.customer = ev->customer.n ? ev->customer : SV_NULL,
		.seq = ev->seq,
		.turn = ev->turn,
		.kind = ev->kind,
		.actor = ev->actor.n ? ev->actor : SV(""),
		.body = ev->body.n ? ev->body : SV("{}"),
	};
	return river_insert(r, &row);
}

int64_t store_event_pos(const struct store_db *db)
{
	return db->river ? db->river->at.pos : 0;
}
