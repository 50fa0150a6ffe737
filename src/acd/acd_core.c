/* acd_core.c: what happens to an item: it enters, is accepted or refused, leaves, is held,
 * ends, is given on or taken over.
 *
 * Each call checks first and changes afterwards, so an error leaves everything as it was. It
 * ends with match_settle(): agents who became free by it are given what waits. Items are owned
 * by the map of ids; lists and trees go through them. One thread.
 */
#include "acd_core_int.h"

#define ID_MOST 200                  /* bytes of an id or a caller */

void core_tell(struct acd_core *c, const struct acd_out *o)
{
	if (c->out)
		c->out(c->arg, o);
}

struct item *core_item(struct acd_core *c, sv id)
{
	return id.n ? map_get(c->items, id) : NULL;
}

struct agent *core_find(struct acd_core *c, sv login)
{
	return login.n ? map_get(c->agents, login) : NULL;
}

/* ---- the machine ---- */

int acd_core_new(struct acd_core **ret, struct acd_plan *plan, uint64_t seed, int64_t now,
		 acd_out_fn *out, void *arg)
{
	struct acd_core *c = xalloc(sizeof(*c));
	c->plan = obj_ref(plan);
	c->out = out;
	c->arg = arg;
	rng_seed(&c->rng, seed);
	c->items = map_new(ACD_CORE_ITEMS);
	c->agents = map_new(ACD_CORE_AGENTS);
	c->demands = map_new(ACD_CORE_ITEMS);
	c->callers = map_new(CORE_MEMORY);
	c->n_queues = acd_plan_queues(plan);
	for (int i = 0; i < c->n_queues; i++) {
		struct queue *q = &c->queue[i];
		q->q = acd_plan_queue(plan, i);
		q->rr = -1;
		q->seen_ms = q->empty_since = now;
		place_steps(q);
	}
	*ret = c;
	return 0;
}

static void lines_free(struct lines *l)
{
	for (size_t i = 0; i < l->n; i++)
		xfree(l->v[i].d);
	VEC_FREE(l);
}

void acd_core_free(struct acd_core *c)
{
	if (!c)
		return;
	while (c->all.n)
		agent_free(c, c->all.v[c->all.n - 1]);
	while (c->first) {
		struct item *x = c->first;
		c->first = x->next;
		xfree(x->mem);
		xfree(x);
	}
	for (int i = 0; i < c->n_queues; i++)
		lines_free(&c->queue[i].lines);
	lines_free(&c->only);
	for (size_t i = 0; i < CORE_MEMORY; i++)
		xfree(c->memory[i].caller);
	VEC_FREE(&c->all);
	VEC_FREE(&c->avail);
	VEC_FREE(&c->freed);
	VEC_FREE(&c->heap);
	map_free(c->items);
	map_free(c->agents);
	map_free(c->demands);
	map_free(c->callers);
	obj_unref(c->plan);
	xfree(c);
}

void acd_core_score(struct acd_core *c, acd_score_fn *fn, void *arg)
{
	c->score = fn;
	c->score_arg = arg;
}

/* ---- callers who come again ---- */

static void remember(struct acd_core *c, const struct item *x, int64_t now)
{
	struct memory *m = &c->memory[c->n_memory % CORE_MEMORY], *old;
	if (!x->caller.n || !c->queue[x->queue].q->resume_s)
		return;
	old = map_get(c->callers, x->caller);
	if (old) {
		m = old;
	} else {
		c->n_memory++;
		if (m->caller)
			(void)map_del(c->callers, sv_of(m->caller));
		xfree(m->caller);
		m->caller = xstrdup(x->caller);
		(void)map_put(c->callers, x->caller, m);
	}
	m->since = x->since;
	m->left = now;
}

static void resume(struct acd_core *c, struct item *x, int64_t now)
{
	struct memory *m = x->caller.n ? map_get(c->callers, x->caller) : NULL;
	if (!m || now - m->left > c->queue[x->queue].q->resume_s * INT64_C(1000))
		return;
	x->since = m->since < x->since ? m->since : x->since;
	m->left = INT64_MIN / 2;     /* once */
}

/* ---- making and forgetting ---- */

static int item_wants(struct acd_core *c, const struct acd_item *in, struct item *x)
{
	if (in->n_need < 0 || in->n_need > ACD_NEEDS)
		return ERR_INVAL;
	for (int i = 0; i < in->n_need; i++) {
		int s = acd_plan_skill_of(c->plan, in->need[i].skill), l = in->need[i].level;
		if (s < 0)
			return ERR_NOTFOUND;
		if (l < 0 || l > ACD_LEVEL_MOST)
			return ERR_INVAL;
		x->own[x->n_own++] = (struct want){ (int16_t)s, (int8_t)(l ? l : 1),
						    in->need[i].preferred };
	}
	return 0;
}

static int item_new(struct acd_core *c, const struct acd_item *in, int64_t now, struct item **ret)
{
	struct item x = { .media = in->media, .priority = in->priority, .lang = -1 };
	int rc = item_wants(c, in, &x);
	x.queue = acd_plan_queue_of(c->plan, in->queue);
	if (!in->id.n || in->id.n > ID_MOST || in->caller.n > ID_MOST ||
	    (unsigned)in->media >= ACD_MEDIAS || in->priority < -10000 || in->priority > 10000)
		return ERR_INVAL;
	if (rc || x.queue < 0)
		return rc ? rc : ERR_NOTFOUND;
	if (core_item(c, in->id))
		return ERR_EXISTS;
	if (map_count(c->items) >= ACD_CORE_ITEMS)
		return ERR_FULL;
	if (in->language.n)
		x.lang = acd_plan_lang_of(c->plan, in->language);
	x.since = in->since_ms > 0 && in->since_ms < now ? in->since_ms : now;
	x.key.seq = ++c->seq;
	x.mem = xalloc(in->id.n + in->caller.n + 1);
	memcpy(x.mem, in->id.p, in->id.n);
	if (in->caller.n)
		memcpy(x.mem + in->id.n, in->caller.p, in->caller.n);
	x.id = sv_n(x.mem, in->id.n);
	x.caller = sv_n(x.mem + in->id.n, in->caller.n);
	struct item *to = xalloc(sizeof(*to));
	*to = x;
	to->t = (struct timed){ .kind = TIMED_ITEM, .of = to };
	to->next = c->first;
	if (c->first)
		c->first->prev = to;
	c->first = to;
	(void)map_put(c->items, to->id, to);
	*ret = to;
	return 0;
}

void core_forget(struct acd_core *c, struct item *x)
{
	due_set(c, &x->t, CORE_NEVER);
	(void)map_del(c->items, x->id);
	if (x->prev)
		x->prev->next = x->next;
	else
		c->first = x->next;
	if (x->next)
		x->next->prev = x->prev;
	xfree(x->mem);
	xfree(x);
}

/* Who knows the customer is asked first, if he may and is here. */
static void stick(struct acd_core *c, struct item *x, sv login, int64_t now)
{
	struct agent *a = core_find(c, login);
	const struct acd_queue *q = c->queue[x->queue].q;
	struct demand d;
	if (!a || !q->sticky_s || a->presence == ACD_OFFLINE)
		return;
	place_wants(c, x);
	place_demand(c, x, &d);
	if (!match_fits(a, &d))
		return;
	x->only = a;
	x->direct = false;
	x->only_until = now + q->sticky_s * INT64_C(1000);
}

int acd_core_enter(struct acd_core *c, const struct acd_item *in, int64_t now)
{
	struct item *x;
	int rc = item_new(c, in, now, &x);
	if (rc)
		return rc;
	resume(c, x, now);
	stick(c, x, in->sticky, now);
	place_enter(c, x, x->queue, false, now);
	match_settle(c, now);
	return 0;
}

int acd_core_restore(struct acd_core *c, const struct acd_item *in, sv login, enum acd_stage stage,
		     int64_t since, int64_t now)
{
	bool waits = stage == ACD_WAITING || stage == ACD_OFFERED;
	struct agent *a = core_find(c, login);
	struct item *x;
	int rc;
	if (!waits && !a)
		return ERR_NOTFOUND;
	rc = item_new(c, in, now, &x);
	if (rc)
		return rc;
	x->entered = x->stage_since = since > 0 && since < now ? since : now;
	x->next_say = CORE_NEVER;
	bit_set(x->seen, x->queue);
	place_wants(c, x);
	if (waits) {
		x->next_say = place_next_say(&c->queue[x->queue], x, now);
		c->queue[x->queue].carried++;
		place_in(c, x, now);
		c->dirty = true;
		return 0;
	}
	if (stage == ACD_WRAPPING) {
		x->taken = true;
		x->served_since = x->stage_since;
		a->used[x->media]++;
		(void)agent_wraps(c, a, x, x->stage_since);  /* told by the next tick */
		core_forget(c, x);
		agent_refresh(c, a, now);
		return 0;
	}
	c->queue[x->queue].carried_served++;
	x->taken = true;
	a->used[x->media]++;
	core_serve(c, x, a, x->stage_since);
	a->answered--;               /* it was counted before the restart */
	x->hold_ms = in->hold_ms;
	if (stage == ACD_HELD) {
		x->stage = ACD_HELD;
		x->held_since = in->held_ms ? in->held_ms : now;
		agent_refresh(c, a, now);
	}
	return 0;
}

/* ---- offered ---- */

static int offered_to(struct acd_core *c, sv id, sv login, struct item **x, struct agent **a)
{
	*x = core_item(c, id);
	*a = core_find(c, login);
	if (!*x)
		return ERR_NOTFOUND;
	return *a && (*a)->offer == *x ? 0 : ERR_STATE;
}

int acd_core_accept(struct acd_core *c, sv id, sv login, int64_t now)
{
	struct item *x;
	struct agent *a;
	int rc = offered_to(c, id, login, &x, &a);
	if (rc)
		return rc;
	place_count(c, x, LEFT_ANSWERED, now);
	match_unring(c, x, a, "accepted", now);
	a->no_answers = 0;
	core_serve(c, x, a, now);
	match_settle(c, now);
	return 0;
}

int acd_core_reject(struct acd_core *c, sv id, sv login, sv why, int64_t now)
{
	struct item *x;
	struct agent *a;
	int rc = offered_to(c, id, login, &x, &a);
	bool silent = sv_eq(why, SV("no_answer"));
	if (rc)
		return rc;
	struct acd_numbers *n = &c->queue[x->queue].n;
	n->rejected += !silent;
	n->unanswered += silent;
	a->rejected += !silent;
	a->unanswered += silent;
	a->no_answers = silent ? a->no_answers + 1 : 0;
	agent_rest(c, a,
		   silent                 ? a->no_answer_ms :
		   sv_eq(why, SV("busy")) ? a->busy_ms :
					    a->reject_ms,
		   now);
	if (x->only == a)
		x->only = NULL;
	if (silent && a->max_no_answer && a->no_answers >= a->max_no_answer)
		agent_pause(c, a, ACD_PAUSED, why, now);
	else
		match_revoke(c, x, a, "rejected", now);
	match_settle(c, now);
	return 0;
}

int acd_core_prolong(struct acd_core *c, sv id, sv login, int64_t until, int64_t now)
{
	struct item *x;
	struct agent *a;
	int rc = offered_to(c, id, login, &x, &a);
	if (rc)
		return rc;
	x->offer_until = until > now ? until : now;
	x->ring_more_at = CORE_NEVER;
	due_set(c, &x->t, x->offer_until);
	return 0;
}

/* ---- served ---- */

void core_serve(struct acd_core *c, struct item *x, struct agent *a, int64_t now)
{
	x->stage = ACD_SERVED;
	x->agent = a;
	x->only = x->refused = NULL;
	x->stage_since = x->served_since = now;
	x->hold_ms = 0;
	x->next_served = a->served;
	a->served = x;
	a->answered++;
	c->queue[x->queue].n_serving++;
	agent_refresh(c, a, now);
}

void core_unserve(struct acd_core *c, struct item *x, int64_t now)
{
	struct queue *q = &c->queue[x->queue];
	struct agent *a = x->agent;
	struct item **at = &a->served;
	int64_t talk;
	while (*at != x)
		at = &(*at)->next_served;
	*at = x->next_served;
	x->next_served = NULL;
	if (x->stage == ACD_HELD)
		x->hold_ms += now - x->held_since;
	talk = now - x->served_since - x->hold_ms;
	q->n.talk_ms += talk;
	q->n.hold_ms += x->hold_ms;
	a->talk_ms += talk;
	a->hold_ms += x->hold_ms;
	q->n_serving--;
	wait_seen(q, now);
	wait_handled(q, talk + x->hold_ms);
	x->agent = NULL;
	a->idle_since = now;
	agent_wrap(c, a, x, now);
	agent_refresh(c, a, now);
}

static struct item *served(struct acd_core *c, sv id, int *rc)
{
	struct item *x = core_item(c, id);
	*rc = !x ? ERR_NOTFOUND : x->agent ? 0 : ERR_STATE;
	return x;
}

int acd_core_hold(struct acd_core *c, sv id, bool on, int64_t now)
{
	int rc;
	struct item *x = served(c, id, &rc);
	if (rc || on == (x->stage == ACD_HELD))
		return rc;
	if (on)
		x->held_since = now;
	else
		x->hold_ms += now - x->held_since;
	x->stage = on ? ACD_HELD : ACD_SERVED;
	agent_refresh(c, x->agent, now);
	return 0;
}

static int over(struct acd_core *c, sv id, int64_t *counter_of(struct acd_numbers *n), int64_t now)
{
	int rc;
	struct item *x = served(c, id, &rc);
	if (rc)
		return rc;
	++*counter_of(&c->queue[x->queue].n);
	core_unserve(c, x, now);
	core_forget(c, x);
	match_settle(c, now);
	return 0;
}

static int64_t *count_ended(struct acd_numbers *n)
{
	return &n->ended;
}

static int64_t *count_returned(struct acd_numbers *n)
{
	return &n->returned;
}

int acd_core_end(struct acd_core *c, sv id, sv how, int64_t now)
{
	return over(c, id, count_ended, now);
}

int acd_core_back(struct acd_core *c, sv id, int64_t now)
{
	return over(c, id, count_returned, now);
}

/* ---- away from where it waits ---- */

/* Out of its queue or its offers: it is nowhere then. */
static void pull(struct acd_core *c, struct item *x, const char *why, int64_t now)
{
	if (x->stage == ACD_OFFERED)
		match_unring(c, x, NULL, why, now);
	else
		place_out(c, x, now);
}

int acd_core_leave(struct acd_core *c, sv id, sv why, int64_t now)
{
	struct item *x = core_item(c, id);
	bool callback = sv_eq(why, SV("callback"));
	bool out = sv_eq(why, SV("voicemail")) || sv_eq(why, SV("bot"));
	if (!x)
		return ERR_NOTFOUND;
	if (x->agent)
		return ERR_STATE;
	pull(c, x, "left", now);
	place_count(c, x, callback ? LEFT_CALLBACK : out ? LEFT_OUT : LEFT_ABANDONED, now);
	if (!callback && !out)
		remember(c, x, now);
	core_forget(c, x);
	match_settle(c, now);
	return 0;
}

/* Where it is given to; counted where it leaves. */
static void give(struct acd_core *c, struct item *x, int queue, const struct acd_give *g,
		 int64_t now)
{
	bool stays = !x->agent && queue == x->queue;
	if (x->agent) {
		c->queue[x->queue].n.transferred++;
		core_unserve(c, x, now);
		x->taken = false;
	} else {
		pull(c, x, "given", now);
		if (!stays)
			place_count(c, x, LEFT_MOVED, now);
	}
	x->priority += g->priority;
	x->refused = NULL;
	if (g->fresh)
		x->since = now;
	x->seen[0] = x->seen[1] = 0;
	if (!stays) {
		place_enter(c, x, queue, true, now);
		return;
	}
	bit_set(x->seen, queue);
	place_in(c, x, now);
	(void)match_item(c, x, now);
}

int acd_core_give(struct acd_core *c, sv id, const struct acd_give *g, int64_t now)
{
	struct item *x = core_item(c, id);
	struct agent *a = core_find(c, g->login);
	int queue = !x ? -1 : g->queue.n ? acd_plan_queue_of(c->plan, g->queue) : x->queue;
	if (queue < 0 || (g->login.n && !a))
		return ERR_NOTFOUND;
	if (a && (a->presence == ACD_OFFLINE || a == x->agent || !a->capacity[x->media]))
		return ERR_STATE;
	const struct acd_queue *q = c->queue[queue].q;
	int wait_s = q->ring_s > q->sticky_s ? q->ring_s : q->sticky_s;
	x->only = a;
	x->direct = a != NULL;
	x->only_until = now + wait_s * INT64_C(1000);
	give(c, x, queue, g, now);
	match_settle(c, now);
	return 0;
}

int acd_core_take(struct acd_core *c, sv id, sv login, int64_t now)
{
	struct item *x = core_item(c, id);
	struct agent *a = core_find(c, login);
	if (!x || !a)
		return ERR_NOTFOUND;
	if (x->agent == a)
		return 0;
	if (x->agent) {
		core_unserve(c, x, now);
		a->used[x->media]++;
	} else {
		bool asked = a->offer == x;
		place_count(c, x, LEFT_ANSWERED, now);
		if (x->stage == ACD_OFFERED)
			match_unring(c, x, a, "taken", now);
		else
			place_out(c, x, now);
		a->used[x->media] += !asked;
	}
	x->taken = true;
	core_serve(c, x, a, now);
	match_settle(c, now);
	return 0;
}
