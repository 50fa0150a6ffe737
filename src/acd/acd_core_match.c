/* acd_core_match.c: who gets whom.
 *
 * An item that comes (or whose wishes are relaxed) looks through the agents who are free and
 * takes the best by its queue's strategy. An agent who becomes free looks at the head of each
 * line he may serve and takes the one with the most points. Both together keep the rule that no
 * free agent and waiting item ever fit each other. An agent has one offer at a time; an item
 * too, unless its queue rings all. One thread.
 */
#include "acd_core_int.h"

#include <math.h>

/* A seat's place in its queue's order, as a number: position, then who joined first. */
#define SERIALS 1048576.0
#define AROUND (SERIALS * 16384.0)
#define NO_SEAT 9999

bool match_fits(const struct agent *a, const struct demand *d)
{
	int q = d->k.queue, seat = a->seat_of[q];
	uint64_t far = (d->queues[0] & a->queues[0]) | (d->queues[1] & a->queues[1]);
	if (d->k.only && d->k.only != a->serial)
		return false;
	if (d->k.direct)
		return true;
	if ((seat < 0 || a->seat[seat].tier > d->max_tier) && !far)
		return false;
	if (!d->any_lang && !(a->languages >> d->k.lang & 1))
		return false;
	for (int i = 0; i < d->n_need; i++)
		if (a->level[d->need[i].skill] < d->need[i].level)
			return false;
	return true;
}

static int tier_in(const struct agent *a, int queue)
{
	int seat = a->seat_of[queue];
	return seat < 0 ? CORE_FAR : a->seat[seat].tier;
}

static double order_in(const struct agent *a, int queue)
{
	int seat = a->seat_of[queue];
	return (seat < 0 ? NO_SEAT : a->seat[seat].position) * SERIALS + a->serial;
}

/* ---- strategies ---- */

static double fit_score(const struct acd_core *c, const struct item *x, const struct agent *a,
			bool fit, int64_t now)
{
	struct acd_pair p = { .item = x->id,
			      .queue = sv_of(c->queue[x->queue].q->id),
			      .login = sv_of(a->login),
			      .strategy = c->queue[x->queue].q->strategy,
			      .fit = fit,
			      .idle_ms = now - a->idle_since };
	for (int i = 0; i < x->n_want; i++)
		p.spare_levels += a->level[x->want[i].skill] - x->want[i].level;
	return c->score ? c->score(c->score_arg, &p) : p.spare_levels;
}

/* Lower is better; equal ones by who is idle longest, then who joined first. */
static double cost(struct acd_core *c, const struct item *x, const struct agent *a, int64_t now)
{
	const struct queue *q = &c->queue[x->queue];
	double order = order_in(a, x->queue);
	switch (q->q->strategy) {
	case ACD_LEAST_TALK: return (double)a->talk_ms;
	case ACD_FEWEST: return (double)a->answered;
	case ACD_TOP_DOWN: return order;
	case ACD_RING_MORE:
	case ACD_SEQUENTIAL: return floor(order / SERIALS);
	case ACD_ROUND_ROBIN: return order > q->rr ? order : order + AROUND;
	case ACD_RANDOM: return rng_unit(&c->rng);
	case ACD_WRANDOM: return -log(1 - rng_unit(&c->rng)) * floor(order / SERIALS);
	case ACD_LEAST_BUSY: return (double)a->used[x->media] / a->capacity[x->media];
	case ACD_BEST_MATCH:
	case ACD_LEARNED_MATCH: return -fit_score(c, x, a, false, now);
	default: return (double)a->idle_since;
	}
}

struct best { struct agent *a; int tier; double cost; };

static bool better(const struct best *b, const struct agent *a, int tier, double k,
		   const struct agent *refused)
{
	if (!b->a || (b->a == refused) != (a == refused))
		return !b->a || b->a == refused;
	if (tier != b->tier)
		return tier < b->tier;
	if (k < b->cost || k > b->cost)
		return k < b->cost;
	if (a->idle_since != b->a->idle_since)
		return a->idle_since < b->a->idle_since;
	return a->serial < b->a->serial;
}

static struct agent *best_of(struct acd_core *c, const struct item *x, const struct demand *d,
			     int64_t now)
{
	struct best b = { .a = NULL };
	for (size_t i = 0; i < c->avail.n; i++) {
		struct agent *a = c->avail.v[i];
		if (!agent_can(a, x->media) || !match_fits(a, d))
			continue;
		int tier = tier_in(a, x->queue);
		if (b.a && tier > b.tier && b.a != x->refused)
			continue;
		double k = cost(c, x, a, now);
		if (better(&b, a, tier, k, x->refused))
			b = (struct best){ a, tier, k };
	}
	return b.a;
}

/* ---- offers ---- */

static bool rings_more(const struct acd_core *c, const struct item *x)
{
	enum acd_strategy s = c->queue[x->queue].q->strategy;
	return !x->only && (s == ACD_RING_ALL || s == ACD_RING_MORE);
}

static void ringing_list(struct acd_core *c, struct item *x, bool in)
{
	if (in) {
		x->next_ringing = c->ringing;
		x->prev_ringing = NULL;
		if (c->ringing)
			c->ringing->prev_ringing = x;
		c->ringing = x;
		return;
	}
	if (x->prev_ringing)
		x->prev_ringing->next_ringing = x->next_ringing;
	else if (c->ringing == x)
		c->ringing = x->next_ringing;
	if (x->next_ringing)
		x->next_ringing->prev_ringing = x->prev_ringing;
	x->next_ringing = x->prev_ringing = NULL;
}

static void offer(struct acd_core *c, struct item *x, struct agent *a, int64_t now)
{
	struct queue *q = &c->queue[x->queue];
	if (x->stage == ACD_WAITING) {
		place_out(c, x, now);
		q->n_offered++;
		x->stage = ACD_OFFERED;
		x->stage_since = now;
		x->offer_until = now + q->q->ring_s * INT64_C(1000);
		x->ring_more_at = CORE_NEVER;
		x->gen = c->gen;
		if (rings_more(c, x))
			ringing_list(c, x, true);
	}
	a->offer = x;
	a->next_ring = x->ring;
	x->ring = a;
	a->used[x->media]++;
	if (a->seat_of[x->queue] >= 0)
		q->rr = order_in(a, x->queue);
	agent_refresh(c, a, now);
	if (q->q->strategy == ACD_RING_MORE && !x->only)
		x->ring_more_at = now + q->q->ring_more_s * INT64_C(1000);
	due_set(c, &x->t, x->offer_until < x->ring_more_at ? x->offer_until : x->ring_more_at);
	core_tell(c, &(struct acd_out){ .kind = ACD_OFFER,
					.item = x->id,
					.queue = sv_of(q->q->id),
					.login = sv_of(a->login),
					.position = x->step,
					.until_ms = x->offer_until });
}

static void offer_all(struct acd_core *c, struct item *x, const struct demand *d, int64_t now)
{
	for (size_t i = c->avail.n; i-- > 0;) {
		/* the last takes the place of one who is no longer free: it has been seen */
		struct agent *a = c->avail.v[i];
		if (agent_can(a, x->media) && match_fits(a, d))
			offer(c, x, a, now);
	}
}

bool match_item(struct acd_core *c, struct item *x, int64_t now)
{
	struct demand d;
	struct agent *a;
	if (c->dirty || !c->avail.n)
		return false;
	d = *x->demand;
	if (!x->only && c->queue[x->queue].q->strategy == ACD_RING_ALL) {
		offer_all(c, x, &d, now);
		return x->stage == ACD_OFFERED;
	}
	a = best_of(c, x, &d, now);
	if (a)
		offer(c, x, a, now);
	return a != NULL;
}

void match_ring_more(struct acd_core *c, struct item *x, int64_t now)
{
	struct demand d;
	struct agent *a;
	place_demand(c, x, &d);
	a = best_of(c, x, &d, now);
	if (a)
		offer(c, x, a, now);
	x->ring_more_at = a ? now + c->queue[x->queue].q->ring_more_s * INT64_C(1000) : CORE_NEVER;
	due_set(c, &x->t, x->offer_until < x->ring_more_at ? x->offer_until : x->ring_more_at);
}

/* ---- an agent who is free ---- */

static double points(const struct acd_core *c, const struct item *x, int64_t now)
{
	const struct acd_queue *q = c->queue[x->queue].q;
	return x->priority + q->priority + q->ageing * (double)(now - x->since) / 60000.0;
}

struct pick {
	const struct agent *a;
	struct item *x;              /* so far; of its tier, by points, then by wait */
	int tier;
	double points;
	int n;
	struct item *learned[ACD_QUEUES];    /* first in line of each learned-match queue, */
	int8_t at[ACD_QUEUES];               /* and its tier */
};

static bool learned(const struct acd_core *c, const struct item *x)
{
	return c->score && !x->only && c->queue[x->queue].q->strategy == ACD_LEARNED_MATCH;
}

static void consider(struct acd_core *c, struct pick *p, struct item *x, int tier, int64_t now)
{
	double pts = points(c, x, now);
	if (learned(c, x)) {
		p->at[p->n] = (int8_t)tier;
		p->learned[p->n++] = x;
	}
	if (p->x && tier > p->tier)
		return;
	if (p->x && tier == p->tier && pts < p->points)
		return;
	if (p->x && tier == p->tier && pts <= p->points &&
	    (x->since > p->x->since || (x->since == p->x->since && x->key.seq > p->x->key.seq)))
		return;
	p->x = x;
	p->tier = tier;
	p->points = pts;
}

/* May x be taken in the place of the first in line, for the fit's sake? */
static bool beside(const struct acd_core *c, const struct pick *p, int i)
{
	const struct item *x = p->learned[i];
	return p->at[i] == p->tier &&
	       x->priority + c->queue[x->queue].q->priority ==
		       p->x->priority + c->queue[p->x->queue].q->priority;
}

/* When the first in line is of a learned-match queue: of those like it that wait at least half as
 * long as the longest of them, whom the agent suits best. Whatever order they came in. */
static struct item *suited(const struct acd_core *c, const struct pick *p, int64_t now)
{
	struct item *best = p->x;
	int64_t longest = now - p->x->since;
	double fit = 0;
	bool known = false;
	if (!learned(c, p->x) || p->n < 2)
		return p->x;
	for (int i = 0; i < p->n; i++)
		if (beside(c, p, i) && now - p->learned[i]->since > longest)
			longest = now - p->learned[i]->since;
	for (int i = 0; i < p->n; i++) {
		struct item *x = p->learned[i];
		if (!beside(c, p, i) || 2 * (now - x->since) < longest)
			continue;
		double f = fit_score(c, x, p->a, true, now);
		if (known && (f < fit || (f <= fit && x->key.seq > best->key.seq)))
			continue;
		best = x;
		fit = f;
		known = true;
	}
	return best;
}

/* The first of those lines by key whose wishes the agent meets; all of one queue, so that keys
 * compare. NULL: none. */
static struct item *first_of(const struct lines *lines, const struct agent *a, unsigned can)
{
	const struct line *best = NULL;
	for (size_t i = 0; i < lines->n; i++) {
		const struct line *l = &lines->v[i];
		if ((l->skills & ~a->skills) || !(can >> l->media & 1) ||
		    (l->lang >= 0 && !(a->languages >> l->lang & 1)) ||
		    (best && rank_cmp(&l->key, &best->key) > 0) || !match_fits(a, l->d))
			continue;
		best = l;
	}
	return best ? rank_first(best->d->root) : NULL;
}

bool match_reaches(const struct acd_core *c, const struct agent *a, int queue)
{
	const uint64_t *r = c->queue[queue].reach;
	return bit_of(a->queues, queue) || (r[0] & a->queues[0]) || (r[1] & a->queues[1]);
}

static struct item *pick_for(struct acd_core *c, const struct agent *a, int64_t now)
{
	struct pick p;
	unsigned can = 0;
	p.a = a;
	p.x = NULL;
	p.n = p.tier = 0;
	p.points = 0;
	for (int m = 0; m < ACD_MEDIAS; m++)
		can |= agent_can(a, (enum acd_media)m) ? 1u << m : 0;
	for (size_t i = 0; i < c->only.n; i++) {
		const struct line *l = &c->only.v[i];
		if (l->only == a->serial && (can >> l->media & 1) && match_fits(a, l->d))
			consider(c, &p, rank_first(l->d->root), 0, now);
	}
	for (int q = 0; q < c->n_queues; q++) {
		struct item *x = c->queue[q].lines.n && match_reaches(c, a, q) ?
					 first_of(&c->queue[q].lines, a, can) :
					 NULL;
		if (x)
			consider(c, &p, x, tier_in(a, q), now);
	}
	return p.x ? suited(c, &p, now) : NULL;
}

/* One more telephone for what rings everywhere. */
static struct item *ring_for(struct acd_core *c, const struct agent *a)
{
	for (struct item *x = c->ringing; x; x = x->next_ringing) {
		struct demand d;
		if (c->queue[x->queue].q->strategy != ACD_RING_ALL || !agent_can(a, x->media) ||
		    x->refused == a)
			continue;
		place_demand(c, x, &d);
		if (match_fits(a, &d))
			return x;
	}
	return NULL;
}

/* Of those who became free at once the one who is idle longest, off the list. */
static struct agent *next_freed(struct acd_core *c)
{
	size_t k = 0;
	for (size_t i = 1; i < c->freed.n; i++) {
		const struct agent *a = c->freed.v[i], *b = c->freed.v[k];
		if (a->idle_since < b->idle_since ||
		    (a->idle_since == b->idle_since && a->serial < b->serial))
			k = i;
	}
	struct agent *a = c->freed.v[k];
	c->freed.v[k] = c->freed.v[--c->freed.n];
	return a;
}

void match_settle(struct acd_core *c, int64_t now)
{
	while (c->freed.n && !c->dirty) {
		struct agent *a = next_freed(c);
		struct item *x;
		a->freed = false;
		if (!a->avail)
			continue;
		x = pick_for(c, a, now);
		if (x && !x->only && c->queue[x->queue].q->strategy == ACD_RING_ALL)
			(void)match_item(c, x, now);
		else if (x || (x = ring_for(c, a)))
			offer(c, x, a, now);
	}
}

void match_all(struct acd_core *c, int64_t now)
{
	c->dirty = false;
	for (size_t i = 0; i < c->all.n; i++)
		agent_refresh(c, c->all.v[i], now);
	match_settle(c, now);
}

/* ---- taken back ---- */

static void unlink_ring(struct item *x, struct agent *a)
{
	struct agent **at = &x->ring;
	while (*at && *at != a)
		at = &(*at)->next_ring;
	ASSERT(*at);
	*at = a->next_ring;
	a->next_ring = NULL;
	a->offer = NULL;
}

static void tell_revoke(struct acd_core *c, const struct item *x, const struct agent *a,
			const char *why)
{
	if (why)
		core_tell(c, &(struct acd_out){ .kind = ACD_REVOKE,
						.item = x->id,
						.queue = sv_of(c->queue[x->queue].q->id),
						.login = sv_of(a->login),
						.why = sv_of(why) });
}

static void unoffered(struct acd_core *c, struct item *x, int64_t now)
{
	struct queue *q = &c->queue[x->queue];
	wait_seen(q, now);
	q->n_offered--;
	ringing_list(c, x, false);
	due_set(c, &x->t, CORE_NEVER);
}

void match_revoke(struct acd_core *c, struct item *x, struct agent *a, const char *why, int64_t now)
{
	unlink_ring(x, a);
	a->used[x->media]--;
	tell_revoke(c, x, a, why);
	agent_refresh(c, a, now);
	x->refused = a;
	if (x->ring)
		return;
	unoffered(c, x, now);
	place_in(c, x, now);
	(void)match_item(c, x, now);
}

void match_unring(struct acd_core *c, struct item *x, struct agent *but, const char *why,
		  int64_t now)
{
	while (x->ring) {
		struct agent *a = x->ring;
		unlink_ring(x, a);
		if (a == but)
			continue;
		a->used[x->media]--;
		tell_revoke(c, x, a, why);
		agent_refresh(c, a, now);
	}
	unoffered(c, x, now);
}
