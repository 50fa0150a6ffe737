/* chain.c: the hash chain over the river: each row holds SHA-256(chain of the row
 * before, its columns), so a changed, removed, added or moved row is found, and the
 * first bad one is named.
 *
 * It is not a signature: who can write the file and knows this can rewrite everything
 * behind a point. Against that the head (position and hash) is kept elsewhere too. A
 * column goes in as its length, 64 bits little-endian (all ones for NULL), and its
 * bytes; integers as eight bytes.
 */
#include "store_int.h"

#include <string.h>

static void chain_int(struct store_sha *h, uint64_t v)
{
	uint8_t b[8];

	for (int i = 0; i < 8; i++)
		b[i] = (uint8_t)(v >> (8 * i));
	store_sha_add(h, b, sizeof(b));
}

static void chain_text(struct store_sha *h, sv s)
{
	chain_int(h, s.p ? s.n : UINT64_MAX);
	store_sha_add(h, s.p, s.n);
}

void store_chain_next(struct store_sha *h, const uint8_t prev[32],
		      const struct store_row *r, uint8_t out[32])
{
	store_sha_begin(h);
	store_sha_add(h, prev, 32);
	chain_int(h, (uint64_t)r->pos);
	chain_text(h, r->id);
	chain_int(h, (uint64_t)r->ts_ms);
	chain_text(h, r->conversation);
	chain_text(h, r->customer);
	chain_int(h, (uint64_t)r->seq);
	chain_int(h, (uint64_t)r->turn);
	chain_text(h, r->kind);
	chain_text(h, r->actor);
	chain_text(h, r->body);
	ASSERT(store_sha_end(h, out));
}

static void verify_row(struct store_stmt *q, struct store_row *r)
{
	r->pos = store_col_int(q, 0);
	r->id = store_col_sv(q, 1);
	r->ts_ms = store_col_int(q, 2);
	r->conversation = store_col_sv(q, 3);
	r->customer = store_col_sv(q, 4);
	r->seq = store_col_int(q, 5);
	r->turn = store_col_int(q, 6);
	r->kind = store_col_sv(q, 7);
	r->actor = store_col_sv(q, 8);
	r->body = store_col_sv(q, 9);
}

static int verify_rows(struct store_stmt *q, struct store_sha *h,
		       struct store_verdict *v)
{
	struct store_row r;
	uint8_t want[32];
	sv have;
	int rc;

	while ((rc = store_step(q)) == 1) {
		verify_row(q, &r);
		have = store_col_sv(q, 10);
		if (r.pos != v->rows + 1) {
			v->bad_pos = v->rows + 1; /* removed */
			return ERR_CORRUPT;
		}
		store_chain_next(h, v->head, &r, want);
		if (have.n != 32 || memcmp(have.p, want, 32) != 0) {
			v->bad_pos = r.pos;
			return ERR_CORRUPT;
		}
		memcpy(v->head, want, 32);
		v->rows++;
	}
	return rc;
}

int store_verify(struct store *st, struct store_verdict *v)
{
	struct store_sha *h;
	struct store_stmt *q;
	struct store_db *db;
	int rc = store_reader(st, &db);

	*v = (struct store_verdict){ 0 };
	if (!rc)
		rc = store_prep(db, &q,
				"SELECT pos, id, ts_ms, conversation, customer, seq, "
				"turn, kind, "
				"actor, body, chain FROM event ORDER BY pos");
	if (rc)
		return rc;
	h = store_sha_new();
	rc = h ? verify_rows(q, h, v) : ERR_NOMEM;
	store_sha_free(h);
	store_reset(q);
	return rc;
}
