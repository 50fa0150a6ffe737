/* talk_sealed.c: what the masks of a customer's rows hide, sealed in the store.
 *
 * Rows of the river hold masked text and never change. Where the hub has a key, the values go
 * beside them into table kv, "sealed/CONVERSATION/SEQ", encrypted for that conversation and that
 * text: they can be erased without touching the river, and shown to those who may (api_reveal.c).
 * Bank cards are not kept. Shard's thread; the write runs on the scribe's.
 */
#include "talk_int.h"
#include "guard.h"

#include <stdio.h>

struct sealed_row {
	char k[64];
	struct sb value;
};

void talk_seal(struct talk *t, const struct guard_in *in)
{
	const struct talk_opts *o = &t->shard->hub->o;
	struct sb context;

	sb_reset(&t->row.sealed);
	if (!o->pii_key || !o->store || !t->recorded || !in->n)
		return;
	sb_init(&context, LIM_SB);
	guard_seal_context(sv_of(t->id), in->masked, &context);
	if (!t->row.sealed.max)
		sb_init(&t->row.sealed, LIM_SB);
	if (guard_seal_masks(o->pii_key, in, sb_sv(&context), &t->row.sealed))
		sb_reset(&t->row.sealed);
	t->row.sealed_of = sv_hash(in->masked);
	sb_done(&context);
}

static int put_row(void *arg, struct store_db *db)
{
	struct sealed_row *r = arg;
	struct store_stmt *q;
	int rc = store_prep(db, &q, "INSERT INTO kv (k, v, updated_ms) VALUES (?1,?2,?3)");

	if (rc)
		return rc;
	store_bind_sv(q, 1, sv_of(r->k));
	store_bind_sv(q, 2, sb_sv(&r->value));
	store_bind_int(q, 3, clk_wall_ms());
	return store_run(q);
}

static void row_put(void *arg, int err)
{
	struct sealed_row *r = arg;

	if (err)
		metric_inc(M_SCRIBE_FAILED);
	sb_done(&r->value);
	xfree(r);
}

void talk_seal_write(struct talk *t, const struct talk_act *x)
{
	struct sealed_row *r;

	if (!t->row.sealed.n || sv_hash(x->said) != t->row.sealed_of)
		return;
	r = xalloc(sizeof(*r));
	(void)snprintf(r->k, sizeof(r->k), "sealed/%s/%lld", t->id, (long long)t->seq);
	r->value = t->row.sealed;
	t->row.sealed = (struct sb){ 0 };
	int rc = store_write(t->shard->hub->o.store, put_row, r, NULL, row_put);
	if (rc)
		row_put(r, rc);
}
