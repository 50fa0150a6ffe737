/* acd_core_board.c: what boards and desktops show: queues, agents and items as they are now. Reads
 * only (but for the fading of a queue's memory). One thread.
 */
#include "acd_core_int.h"

static double level(const struct acd_queue *q, const struct acd_numbers *n, int64_t late)
{
	bool removed = q->sl_of == ACD_SL_REMOVED;
	int64_t all = n->answered + (q->sl_of == ACD_SL_ANSWERED ? 0 : n->abandoned) +
		      (removed ? n->callbacks : 0) + late;
	return all ? (double)(removed ? n->in_sl : n->answered_in_sl) / (double)all : 1;
}

double acd_queue_sl(const struct acd_queue *q, const struct acd_numbers *n)
{
	return level(q, n, 0);
}

double acd_queue_sl_now(const struct acd_queue_now *x)
{
	return level(x->q, &x->n, x->late);
}

static int64_t left(const struct acd_numbers *n)
{
	return n->answered + n->abandoned + n->short_abandoned + n->callbacks + n->out + n->moved;
}

int acd_core_numbers_set(struct acd_core *c, sv id, const struct acd_numbers *n)
{
	int i = acd_plan_queue_of(c->plan, id);
	if (i < 0)
		return ERR_NOTFOUND;
	struct queue *q = &c->queue[i];
	q->n = *n;
	q->carried = rank_size(q->root) + q->n_offered + left(n) - n->entered;
	q->carried_served = q->n_serving + n->ended + n->returned + n->transferred - n->answered;
	return 0;
}

void acd_core_agents_anew(struct acd_core *c)
{
	for (size_t i = 0; i < c->all.n; i++) {
		struct agent *a = c->all.v[i];
		a->answered = a->rejected = a->unanswered = 0;
		a->talk_ms = a->hold_ms = a->acw_ms = 0;
	}
}

static void queue_now(struct acd_core *c, struct queue *q, int64_t now, struct acd_queue_now *ret)
{
	int n = rank_size(q->root);
	*ret = (struct acd_queue_now){ .q = q->q,
				       .waiting = n,
				       .offered = q->n_offered,
				       .serving = q->n_serving,
				       .open = !q->q->hours || cal_open(q->q->hours, now),
				       .n = q->n };
	wait_seen(q, now);
	wait_guess(c, q, n, &ret->next);
}

/* ret: of queue `only`, or (only < 0) of all by number. */
static void count_agents(struct acd_core *c, int only, struct acd_queue_now *ret)
{
	for (size_t k = 0; k < c->all.n; k++) {
		const struct agent *a = c->all.v[k];
		for (int i = 0; i < a->n_seats; i++) {
			int q = a->seat[i].queue;
			struct acd_queue_now *x = only < 0 ? &ret[q] : ret;
			if (only >= 0 && only != q)
				continue;
			x->agents[a->state]++;
			if (!a->avail || x->waiting)
				continue;
			x->next.ms = x->next.low_ms = 0; /* somebody is free */
			x->next.high_ms = x->q->ring_s * INT64_C(1000);
		}
	}
}

struct waits {                       /* by queue */
	int64_t longest[ACD_QUEUES];
	int late[ACD_QUEUES];
};

/* Who is rung for still waits: nobody speaks with them yet. */
static void look_waits(struct acd_core *c, int64_t now, struct waits *w)
{
	for (const struct item *x = c->first; x; x = x->next) {
		int64_t waited = now - x->entered;
		if (x->stage != ACD_WAITING && x->stage != ACD_OFFERED)
			continue;
		if (waited > w->longest[x->queue])
			w->longest[x->queue] = waited;
		w->late[x->queue] += waited > c->queue[x->queue].q->sl_s * INT64_C(1000);
	}
}

void acd_core_queues(struct acd_core *c, int64_t now,
		     void (*fn)(void *arg, const struct acd_queue_now *q), void *arg)
{
	struct waits *w = xalloc(sizeof(*w));
	struct acd_queue_now *x = xalloc(sizeof(*x) * (size_t)c->n_queues);
	look_waits(c, now, w);
	for (int i = 0; i < c->n_queues; i++) {
		queue_now(c, &c->queue[i], now, &x[i]);
		x[i].longest_ms = w->longest[i];
		x[i].late = w->late[i];
	}
	count_agents(c, -1, x);
	for (int i = 0; i < c->n_queues; i++)
		fn(arg, &x[i]);
	xfree(x);
	xfree(w);
}

int acd_core_queue_now(struct acd_core *c, sv id, int64_t now, struct acd_queue_now *ret)
{
	struct waits w = { 0 };
	int i = acd_plan_queue_of(c->plan, id);
	if (i < 0)
		return ERR_NOTFOUND;
	look_waits(c, now, &w);
	queue_now(c, &c->queue[i], now, ret);
	ret->longest_ms = w.longest[i];
	ret->late = w.late[i];
	count_agents(c, i, ret);
	return 0;
}

static void agent_now(const struct agent *a, struct acd_agent_now *ret)
{
	*ret = (struct acd_agent_now){ .login = sv_of(a->login),
				       .name = sv_of(a->name),
				       .extension = sv_of(a->extension),
				       .reason = sv_of(a->reason),
				       .presence = a->presence,
				       .state = a->state,
				       .state_since_ms = a->state_since,
				       .offer = a->offer ? a->offer->id : SV_NULL,
				       .answered = a->answered,
				       .rejected = a->rejected,
				       .unanswered = a->unanswered,
				       .talk_ms = a->talk_ms,
				       .hold_ms = a->hold_ms,
				       .acw_ms = a->acw_ms };
	memcpy(ret->used, a->used, sizeof(ret->used));
	memcpy(ret->capacity, a->capacity, sizeof(ret->capacity));
	for (const struct item *x = a->served; x; x = x->next_served)
		ret->served++;
	for (const struct wrap *w = a->wraps; w; w = w->next)
		ret->wrapping++;
}

void acd_core_agents(struct acd_core *c, int64_t now,
		     void (*fn)(void *arg, const struct acd_agent_now *a), void *arg)
{
	for (size_t i = 0; i < c->all.n; i++) {
		struct acd_agent_now x;
		agent_now(c->all.v[i], &x);
		fn(arg, &x);
	}
}

int acd_core_agent_now(struct acd_core *c, sv login, int64_t now, struct acd_agent_now *ret)
{
	const struct agent *a = core_find(c, login);
	if (!a)
		return ERR_NOTFOUND;
	agent_now(a, ret);
	return 0;
}

static void item_now(struct acd_core *c, const struct item *x, struct acd_item_now *ret)
{
	const struct agent *a = x->agent ? x->agent : x->stage == ACD_OFFERED ? x->ring : NULL;
	*ret = (struct acd_item_now){ .id = x->id,
				      .queue = sv_of(c->queue[x->queue].q->id),
				      .login = a ? sv_of(a->login) : SV_NULL,
				      .media = x->media,
				      .stage = x->stage,
				      .priority = x->priority,
				      .step = x->step,
				      .since_ms = x->since,
				      .stage_since_ms = x->stage_since,
				      .until_ms = x->stage == ACD_OFFERED ? x->offer_until : 0 };
	if (x->lang >= 0)
		ret->language = sv_of(acd_plan_lang(c->plan, x->lang));
}

int acd_core_item_now(struct acd_core *c, sv id, struct acd_item_now *ret)
{
	const struct item *x = core_item(c, id);
	if (!x)
		return ERR_NOTFOUND;
	item_now(c, x, ret);
	return 0;
}

int acd_core_wait(struct acd_core *c, sv id, int64_t now, struct acd_wait *ret)
{
	const struct item *x = core_item(c, id);
	if (!x)
		return ERR_NOTFOUND;
	if (x->stage != ACD_WAITING)
		return ERR_STATE;
	struct queue *q = &c->queue[x->queue];
	wait_seen(q, now);
	wait_guess(c, q, rank_of(q->root, x), ret);
	ret->nobody = wait_nobody(c, q);
	if (ret->nobody)
		ret->ms = ret->low_ms = ret->high_ms = -1;
	return 0;
}
