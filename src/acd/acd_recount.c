/* acd_recount.c: the figures of the queues from the river alone.
 *
 * Nothing here looks at the machine or at the table of hand-overs: only at the rows queue.*, which
 * are chained and never change. Each row counts at one place. Definitions: docs/acd.md. Reader.
 */
#include "acd_int.h"

#include <stdlib.h>
#include <string.h>

struct recount {
	VEC(struct acd_count) v;
	struct map *at;              /* queue -> index + 1 */
	int64_t (*sl_ms)(void *arg, sv queue);
	void *arg;
};
typedef void row_fn(struct recount *r, const jv *o, struct acd_numbers *n);

static struct acd_numbers *of_queue(struct recount *r, sv queue)
{
	size_t i = (size_t)(uintptr_t)map_get(r->at, queue);
	if (i == 0) {
		struct acd_count *c = VEC_PUSH(&r->v, 10000);
		if (!c || map_put(r->at, queue, (void *)(uintptr_t)r->v.n))
			return NULL;
		sv_copy(c->queue, sizeof(c->queue), queue);
		i = r->v.n;
	}
	return &r->v.v[i - 1].n;
}

static bool in_time(struct recount *r, const jv *o)
{
	sv queue = jv_get_str(o, "queue");
	int64_t sl = r->sl_ms ? r->sl_ms(r->arg, queue) : 20000;
	return jv_get_int(o, "waited_ms", 0) <= sl;
}

static void on_entered(struct recount *r, const jv *o, struct acd_numbers *n)
{
	(void)r;
	(void)o;
	n->entered++;
}

static void on_moved(struct recount *r, const jv *o, struct acd_numbers *n)
{
	n->entered++;
	n = of_queue(r,
		     jv_get_str(o, "from")); /* the vector may have moved: n is not used on */
	if (n)
		n->moved++;
}

static void on_accepted(struct recount *r, const jv *o, struct acd_numbers *n)
{
	int64_t waited = jv_get_int(o, "waited_ms", 0);
	bool good = in_time(r, o);
	if (sv_eq(jv_get_str(o, "how"), SV("taken_over")))
		return;                      /* it was answered before */
	n->answered++;
	n->in_sl += good;
	n->answered_in_sl += good;
	n->wait_ms += waited;
	if (waited > n->wait_most_ms)
		n->wait_most_ms = waited;
}

static void on_left(struct recount *r, const jv *o, struct acd_numbers *n)
{
	sv how = jv_get_str(o, "how");       /* where the queue sent it; else why it left */
	sv why = how.n ? how : jv_get_str(o, "why");
	int64_t *to = sv_eq(why, SV("abandoned")) ? &n->abandoned :
		      sv_eq(why, SV("short_abandoned")) ? &n->short_abandoned :
		      sv_eq(why, SV("callback")) ? &n->callbacks : &n->out;
	++*to;
	if (to == &n->abandoned || to == &n->callbacks)
		n->in_sl += in_time(r, o);
}

static void on_rejected(struct recount *r, const jv *o, struct acd_numbers *n)
{
	(void)r;
	if (sv_eq(jv_get_str(o, "why"), SV("no_answer")))
		n->unanswered++;
	else
		n->rejected++;
}

static void on_ended(struct recount *r, const jv *o, struct acd_numbers *n)
{
	static const char *const gone_on[] = { "transferred", "agent_gone" };
	sv how = jv_get_str(o, "how");
	(void)r;
	n->talk_ms += jv_get_int(o, "talk_ms", 0);
	n->hold_ms += jv_get_int(o, "hold_ms", 0);
	if (sv_eq(how, SV("taken_over")))
		return;                      /* it goes on */
	if (acd_name_of(gone_on, 2, how) >= 0)
		n->transferred++;
	else if (sv_eq(how, SV("returned")))
		n->returned++;
	else
		n->ended++;
}

static void on_wrapped(struct recount *r, const jv *o, struct acd_numbers *n)
{
	(void)r;
	n->wrapped++;
	n->acw_ms += jv_get_int(o, "acw_ms", 0);
}

static const struct { const char *kind; row_fn *fn; } kinds[] = {
	{ "queue.entered", on_entered },   { "queue.moved", on_moved },
	{ "queue.accepted", on_accepted }, { "queue.left", on_left },
	{ "queue.rejected", on_rejected }, { "queue.ended", on_ended },
	{ "queue.wrapped", on_wrapped },
};

static void count_row(struct recount *r, sv kind, sv body)
{
	jv *o;
	struct acd_numbers *n;
	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++) {
		if (!sv_eq(kind, sv_of(kinds[i].kind)))
			continue;
		o = jv_parse(body, NULL);
		n = o ? of_queue(r, jv_get_str(o, "queue")) : NULL;
		if (n)
			kinds[i].fn(r, o, n);
		jv_free(o);
		return;
	}
}

static int by_queue(const void *a, const void *b)
{
	return strcmp(((const struct acd_count *)a)->queue, ((const struct acd_count *)b)->queue);
}

int acd_recount(struct store_db *db, int64_t from_ms, int64_t to_ms,
		int64_t (*sl_ms)(void *arg, sv queue), void *arg, struct arena *a,
		struct acd_count **ret, size_t *n)
{
	struct recount r = { .sl_ms = sl_ms, .arg = arg };
	struct store_stmt *q;
	int rc = store_prep(db, &q,
			    "SELECT kind, body FROM event WHERE ts_ms>=?1 AND ts_ms<?2 AND "
			    "kind>='queue.' AND kind<'queue/' ORDER BY pos");
	if (rc)
		return rc;
	r.at = map_new(10000);
	store_bind_int(q, 1, from_ms);
	store_bind_int(q, 2, to_ms);
	while ((rc = store_step(q)) == 1)
		count_row(&r, store_col_sv(q, 0), store_col_sv(q, 1));
	store_reset(q);
	if (r.v.n)
		qsort(r.v.v, r.v.n, sizeof(*r.v.v), by_queue);
	*ret = arena_new(a, struct acd_count, r.v.n + 1);
	if (*ret && r.v.n)
		memcpy(*ret, r.v.v, r.v.n * sizeof(*r.v.v));
	rc = rc ? rc : *ret ? 0 : ERR_TOOBIG;
	*n = r.v.n;
	VEC_FREE(&r.v);
	map_free(r.at);
	return rc;
}

int64_t acd_promise(void *arg, sv queue)
{
	const struct acd_plan *p = arg;
	int i = acd_plan_queue_of(p, queue);
	return i < 0 ? 20000 : acd_plan_queue(p, i)->sl_s * INT64_C(1000);
}
