/* acd_core_tick.c: what is due: offers nobody took, wishes that are relaxed, places to be told,
 * waits that are over, agents who have rested, wrap-ups whose time is up.
 *
 * Bounded work a call: what is left is due at once, so a loop calls again. One thread.
 */
#include "acd_core_int.h"

#include <stdio.h>

/* Nobody took it: each who was asked has not answered. */
static void offer_over(struct acd_core *c, struct item *x, int64_t now)
{
	char id[256];
	/* the item may be gone, or offered to others, after any of them */
	(void)snprintf(id, sizeof(id), SV_FMT, SV_ARG(x->id));
	for (;;) {
		struct item *y = core_item(c, sv_of(id));
		if (!y || y->stage != ACD_OFFERED || y->offer_until > now)
			return;
		(void)acd_core_reject(c, sv_of(id), sv_of(y->ring->login), SV("no_answer"), now);
	}
}

static void item_due(struct acd_core *c, struct item *x, int64_t now)
{
	if (x->stage == ACD_WAITING)
		place_due(c, x, now);
	else if (x->stage == ACD_OFFERED && x->offer_until <= now)
		offer_over(c, x, now);
	else if (x->stage == ACD_OFFERED && x->ring_more_at <= now)
		match_ring_more(c, x, now);
	else
		due_set(c, &x->t, CORE_NEVER);
}

int64_t acd_core_tick(struct acd_core *c, int64_t now)
{
	if (c->dirty)
		match_all(c, now);
	for (int i = 0; i < CORE_BUDGET && c->heap.n && c->heap.v[0]->due <= now; i++) {
		struct timed *t = c->heap.v[0];
		switch (t->kind) {
		case TIMED_ITEM: item_due(c, t->of, now); break;
		case TIMED_WRAP: wrap_over(c, t->of, "time", now); break;
		case TIMED_AGENT:
			due_set(c, t, CORE_NEVER);
			agent_refresh(c, t->of, now);
			break;
		}
		match_settle(c, now);
	}
	return c->heap.n ? c->heap.v[0]->due : INT64_MAX;
}
