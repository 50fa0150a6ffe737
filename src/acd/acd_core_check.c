/* acd_core_check.c: what must never be, looked for everywhere: for tests, after each step.
 *
 * Walks all items, agents, lines and numbers, and compares what is kept with what is counted anew.
 * Slow on purpose: it shares no bookkeeping with what it checks. One thread.
 */
#include "acd_core_int.h"

static const char *check_tree(const struct node *n, const struct item **last)
{
	const char *bad;
	if (!n)
		return NULL;
	if ((bad = check_tree(n->l, last)))
		return bad;
	const struct key *p = *last ? &(*last)->key : NULL, *k = &n->x->key;
	if (p && rank_cmp(p, k) >= 0)
		return "a line out of order";
	if ((int)n->size != 1 + rank_size(n->l) + rank_size(n->r))
		return "a tree that counts wrong";
	if ((n->l && n->l->pri > n->pri) || (n->r && n->r->pri > n->pri))
		return "a tree that is no heap";
	*last = n->x;
	return check_tree(n->r, last);
}

static const char *check_list(const struct lines *l)
{
	for (size_t i = 0; i < l->n; i++) {
		const struct demand *d = l->v[i].d;
		const struct item *last = NULL;
		const char *bad = check_tree(d->root, &last);
		if (bad)
			return bad;
		if (!d->root || d->at != (int)i)
			return "an empty line in the list";
		if (rank_cmp(&l->v[i].key, &rank_first(d->root)->key))
			return "a line whose first is another";
	}
	return NULL;
}

static const char *check_lines(struct acd_core *c)
{
	const struct item *last;
	const char *bad;
	size_t n = 0;
	for (int i = 0; i < c->n_queues; i++) {
		last = NULL;
		if ((bad = check_tree(c->queue[i].root, &last)))
			return bad;
	}
	for (int i = 0; i <= c->n_queues; i++) {
		const struct lines *l = i < c->n_queues ? &c->queue[i].lines : &c->only;
		n += l->n;
		if ((bad = check_list(l)))
			return bad;
	}
	return map_count(c->demands) == n ? NULL : "a line that is not listed";
}

static const char *check_waiting(struct acd_core *c, const struct item *x)
{
	struct demand d;
	place_demand(c, x, &d);
	if (!x->demand || x->agent || x->ring)
		return "a waiting item that is elsewhere too";
	if (memcmp(&d.k, &x->demand->k, sizeof(d.k)) != 0)
		return "an item in the wrong line";
	if (rank_of(c->queue[x->queue].root, x) >= rank_size(c->queue[x->queue].root))
		return "a waiting item that is not in its queue";
	return NULL;
}

static const char *check_offered(struct acd_core *c, const struct item *x)
{
	struct demand d;
	int n = 0;
	place_demand(c, x, &d);
	if (x->demand || x->agent || !x->ring)
		return "an offered item that is elsewhere too";
	for (const struct agent *a = x->ring; a; a = a->next_ring, n++) {
		if (a->offer != x || a->presence != ACD_READY)
			return "an offer to who is not there";
		if (x->gen == c->gen && !match_fits(a, &d))
			return "an offer against skill or language";
	}
	if (n > 1 && c->queue[x->queue].q->strategy != ACD_RING_ALL &&
	    c->queue[x->queue].q->strategy != ACD_RING_MORE)
		return "two offers of one item";
	return x->t.pos ? NULL : "an offer without an end";
}

static const char *check_items(struct acd_core *c)
{
	int waiting[ACD_QUEUES] = { 0 }, offered[ACD_QUEUES] = { 0 }, serving[ACD_QUEUES] = { 0 };
	size_t n = 0;
	for (const struct item *x = c->first; x; x = x->next, n++) {
		const char *bad = NULL;
		if (core_item(c, x->id) != x)
			return "an item that cannot be found";
		switch (x->stage) {
		case ACD_WAITING:
			waiting[x->queue]++;
			bad = check_waiting(c, x);
			break;
		case ACD_OFFERED:
			offered[x->queue]++;
			bad = check_offered(c, x);
			break;
		default:
			serving[x->queue]++;
			bad = x->agent && !x->demand && !x->ring ? NULL : "served by nobody";
		}
		if (bad)
			return bad;
	}
	for (int i = 0; i < c->n_queues; i++) {
		const struct queue *q = &c->queue[i];
		if (waiting[i] != rank_size(q->root) || offered[i] != q->n_offered ||
		    serving[i] != q->n_serving)
			return "a queue that counts wrong";
	}
	return n == map_count(c->items) ? NULL : "an item that is not listed";
}

static const char *check_agent(struct acd_core *c, const struct agent *a, int64_t now)
{
	int used[ACD_MEDIAS] = { 0 };
	bool taken = false;
	if (a->offer)
		used[a->offer->media]++;
	for (const struct item *x = a->served; x; x = x->next_served) {
		used[x->media]++;
		taken |= x->taken;
		if (x->agent != a)
			return "an item of two agents";
	}
	for (const struct wrap *w = a->wraps; w; w = w->next) {
		used[w->media]++;
		taken |= w->taken;
		if (w->until > w->since && !w->t.pos)
			return "a wrap-up without an end";
	}
	for (int m = 0; m < ACD_MEDIAS; m++) {
		if (used[m] != a->used[m])
			return "an agent whose places are counted wrong";
		if (!taken && used[m] > a->capacity[m])
			return "an agent above the capacity";
		if (!taken && !a->blended && m != ACD_VOICE && used[m] && used[ACD_VOICE])
			return "a call beside a chat";
	}
	if (a->avail && (a->presence != ACD_READY || a->offer || c->avail.v[a->avail - 1] != a))
		return "an agent who is not free in the list of the free";
	if (!a->avail && !a->freed && a->presence == ACD_READY && !a->offer && !a->t.pos)
		for (int m = 0; m < ACD_MEDIAS; m++)
			if (agent_can(a, (enum acd_media)m))
				return "a free agent who is not in the list";
	return NULL;
}

/* Nobody is free who could serve what waits. */
static const char *check_idle(struct acd_core *c)
{
	for (const struct item *x = c->dirty ? NULL : c->first; x; x = x->next)
		for (size_t i = 0; x->stage == ACD_WAITING && i < c->avail.n; i++)
			if (agent_can(c->avail.v[i], x->media) &&
			    match_fits(c->avail.v[i], x->demand))
				return "a free agent beside an item he could serve";
	return NULL;
}

static const char *check_numbers(const struct queue *q)
{
	const struct acd_numbers *n = &q->n;
	int64_t out = n->answered + n->abandoned + n->short_abandoned + n->callbacks + n->out +
		      n->moved;
	if (n->entered + q->carried != rank_size(q->root) + q->n_offered + out)
		return "entered is not what waits and what left";
	if (n->answered + q->carried_served !=
	    q->n_serving + n->ended + n->returned + n->transferred)
		return "answered is not what is served and what was";
	if (n->in_sl > n->answered + n->abandoned + n->callbacks || n->wait_ms < 0 ||
	    n->talk_ms < 0 || n->hold_ms < 0 || n->acw_ms < 0)
		return "a number that cannot be";
	return NULL;
}

const char *acd_core_check(struct acd_core *c, int64_t now)
{
	const char *bad = check_lines(c);
	if (!bad)
		bad = check_items(c);
	for (size_t i = 0; !bad && i < c->all.n; i++)
		bad = c->all.v[i]->index == (int)i ? check_agent(c, c->all.v[i], now) :
						     "an agent out of place";
	for (int i = 0; !bad && i < c->n_queues; i++)
		bad = check_numbers(&c->queue[i]);
	for (size_t i = 0; !bad && i < c->heap.n; i++)
		if (c->heap.v[i]->pos != (int)i + 1 ||
		    (i && c->heap.v[(i - 1) / 2]->due > c->heap.v[i]->due))
			bad = "times out of order";
	return bad ? bad : check_idle(c);
}
