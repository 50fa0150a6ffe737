/* acd_core_agent.c: agents: what they can, what they choose, what they are, and their wrap-ups.
 *
 * An agent is free for a medium when he is ready, nothing is offered to him, he does not rest
 * after an offer that was not taken, and a place of that medium is left; a call and anything
 * else exclude each other unless he is blended. agent_refresh() computes all that anew whenever
 * something about him changed, keeps the list of the free, and tells when he is something else
 * than before. Agents are owned by the core's list. One thread.
 */
#include "acd_core_int.h"

/* ---- free or not ---- */

bool agent_can(const struct agent *a, enum acd_media m)
{
	int other = 0;
	if (a->used[m] >= a->capacity[m])
		return false;
	if (a->blended)
		return true;
	for (int k = 0; k < ACD_MEDIAS; k++)
		other += k != (int)m && (m == ACD_VOICE || k == ACD_VOICE) ? a->used[k] : 0;
	return other == 0;
}

static bool is_free(const struct agent *a, int64_t now)
{
	if (a->presence != ACD_READY || a->offer || a->rest_until > now)
		return false;
	for (int m = 0; m < ACD_MEDIAS; m++)
		if (agent_can(a, (enum acd_media)m))
			return true;
	return false;
}

static enum acd_state state_of(const struct agent *a)
{
	if (a->presence == ACD_OFFLINE)
		return ACD_IS_OFFLINE;
	for (const struct item *x = a->served; x; x = x->next_served)
		if (x->stage == ACD_SERVED)
			return ACD_IS_TALKING;
	if (a->served)
		return ACD_IS_HOLD;
	if (a->offer)
		return ACD_IS_RESERVED;
	if (a->wraps)
		return ACD_IS_WRAPUP;
	return a->presence == ACD_PAUSED ? ACD_IS_PAUSED : ACD_IS_READY;
}

static void list_free(struct acd_core *c, struct agent *a, bool in)
{
	if (in && !a->avail) {
		struct agent **slot = VEC_PUSH(&c->avail, ACD_CORE_AGENTS);
		ASSERT(slot);
		*slot = a;
		a->avail = (int)c->avail.n;
	} else if (!in && a->avail) {
		struct agent *last = c->avail.v[--c->avail.n];
		c->avail.v[a->avail - 1] = last;
		last->avail = a->avail;
		a->avail = 0;
	}
	if (in && !a->freed) {
		struct agent **slot = VEC_PUSH(&c->freed, ACD_CORE_AGENTS);
		ASSERT(slot);
		*slot = a;
		a->freed = true;
	}
}

void agent_refresh(struct acd_core *c, struct agent *a, int64_t now)
{
	enum acd_state s = state_of(a), from = a->state;
	list_free(c, a, is_free(a, now));
	if (s == from)
		return;
	a->state = s;
	struct acd_out o = { .kind = ACD_AGENT_IS,
			     .login = sv_of(a->login),
			     .why = sv_of(a->reason),
			     .from_state = from,
			     .state = s,
			     .wait_ms = now - a->state_since };
	a->state_since = now;
	core_tell(c, &o);
}

void agent_rest(struct acd_core *c, struct agent *a, int64_t ms, int64_t now)
{
	a->rest_until = now + ms;
	due_set(c, &a->t, ms > 0 ? a->rest_until : CORE_NEVER);
}

void agent_pause(struct acd_core *c, struct agent *a, enum acd_presence p, sv reason, int64_t now)
{
	bool was = a->presence != ACD_OFFLINE, is = p != ACD_OFFLINE;
	char *old = a->reason;
	if (p == ACD_READY && !was)
		a->idle_since = now;
	if (p == ACD_READY && a->presence != ACD_READY)
		a->no_answers = 0;
	a->reason = xstrdup(reason);
	a->presence = p;
	if (a->offer && p != ACD_READY)
		match_revoke(c, a->offer, a, p == ACD_PAUSED ? "paused" : "offline", now);
	agent_refresh(c, a, now);
	xfree(old);
	if (was != is)
		place_present(c, a, is ? 1 : -1, now);
	if (was && !is)
		place_only_gone(c, a, false, now);
}

int acd_core_presence(struct acd_core *c, sv login, enum acd_presence p, sv reason, bool forced,
		      int64_t now)
{
	struct agent *a = core_find(c, login);
	if (!a)
		return ERR_NOTFOUND;
	if (forced)
		agent_rest(c, a, 0, now);
	agent_pause(c, a, p, reason, now);
	match_settle(c, now);
	return 0;
}

/* ---- wrap-up ---- */

/* Due when its time is over, if that is at once. */
struct wrap *agent_wraps(struct acd_core *c, struct agent *a, const struct item *x, int64_t now)
{
	const struct acd_queue *q = c->queue[x->queue].q;
	int64_t ms = q->wrapup_s >= 0 ? q->wrapup_s * INT64_C(1000) : a->wrapup_ms;
	struct wrap *w = xalloc(sizeof(*w));
	w->id = xstrdup(x->id);
	w->agent = a;
	w->media = x->media;
	w->queue = x->queue;
	w->taken = x->taken;
	w->since = now;
	w->until = now + ms;
	w->t = (struct timed){ .kind = TIMED_WRAP, .of = w };
	w->next = a->wraps;
	a->wraps = w;
	due_set(c, &w->t, w->until);
	return w;
}

/* The place of its medium stays in use until it is over. */
void agent_wrap(struct acd_core *c, struct agent *a, const struct item *x, int64_t now)
{
	struct wrap *w = agent_wraps(c, a, x, now);
	if (w->until <= now)
		wrap_over(c, w, "time", now);
}

void wrap_over(struct acd_core *c, struct wrap *w, const char *why, int64_t now)
{
	struct agent *a = w->agent;
	struct wrap **at = &a->wraps;
	int64_t ms = now - w->since;
	while (*at != w)
		at = &(*at)->next;
	*at = w->next;
	due_set(c, &w->t, CORE_NEVER);
	a->used[w->media]--;
	a->acw_ms += ms;
	a->idle_since = now;
	if (w->queue >= 0) {
		struct queue *q = &c->queue[w->queue];
		q->n.acw_ms += ms;
		q->n.wrapped++;
		q->handle_ms += (double)ms;
	}
	agent_refresh(c, a, now);
	core_tell(c, &(struct acd_out){ .kind = ACD_WRAP_OVER,
					.item = sv_of(w->id),
					.queue = w->queue >= 0 ? sv_of(c->queue[w->queue].q->id) :
								 SV(""),
					.login = sv_of(a->login),
					.why = sv_of(why),
					.wait_ms = ms });
	xfree(w->id);
	xfree(w);
}

int acd_core_wrapped(struct acd_core *c, sv id, sv login, int64_t now)
{
	struct agent *a = core_find(c, login);
	struct wrap *w = a ? a->wraps : NULL;
	while (w && !sv_eq(sv_of(w->id), id))
		w = w->next;
	if (!w)
		return ERR_NOTFOUND;
	wrap_over(c, w, "done", now);
	match_settle(c, now);
	return 0;
}

/* ---- who there is ---- */

void agent_bits(struct agent *a)
{
	a->queues[0] = a->queues[1] = a->skills = 0;
	memset(a->seat_of, -1, sizeof(a->seat_of));
	for (int i = 0; i < a->n_seats; i++) {
		bit_set(a->queues, a->seat[i].queue);
		a->seat_of[a->seat[i].queue] = (int8_t)i;
	}
	for (int i = 0; i < ACD_SKILLS; i++)
		a->skills |= (uint64_t)(a->level[i] > 0) << i;
}

void agent_free(struct acd_core *c, struct agent *a)
{
	while (a->wraps) {
		struct wrap *w = a->wraps;
		a->wraps = w->next;
		due_set(c, &w->t, CORE_NEVER);
		xfree(w->id);
		xfree(w);
	}
	due_set(c, &a->t, CORE_NEVER);
	a->presence = ACD_OFFLINE;
	list_free(c, a, false);
	for (size_t i = 0; i < c->freed.n; i++)
		if (c->freed.v[i] == a)
			c->freed.v[i--] = c->freed.v[--c->freed.n];
	(void)map_del(c->agents, sv_of(a->login));
	c->all.v[a->index] = c->all.v[--c->all.n];
	c->all.v[a->index]->index = a->index;
	xfree(a->login);
	xfree(a->name);
	xfree(a->extension);
	xfree(a->reason);
	xfree(a);
}

int acd_core_agent_drop(struct acd_core *c, sv login, int64_t now)
{
	struct agent *a = core_find(c, login);
	if (!a)
		return ERR_NOTFOUND;
	agent_pause(c, a, ACD_OFFLINE, SV("dropped"), now);
	while (a->served) {
		struct item *x = a->served;
		c->queue[x->queue].n.transferred++;
		core_unserve(c, x, now);
		x->taken = false;
		x->seen[0] = x->seen[1] = 0;
		place_enter(c, x, x->queue, true, now);
	}
	while (a->wraps)
		wrap_over(c, a->wraps, "time", now);
	place_only_gone(c, a, true, now);
	agent_free(c, a);
	match_settle(c, now);
	return 0;
}

/* ---- made and changed ---- */

static int read_levels(struct acd_core *c, const struct acd_agent *in, struct agent *a)
{
	for (int i = 0; i < in->n_skills; i++) {
		int s = acd_plan_skill_of(c->plan, in->skill[i].skill), l = in->skill[i].level;
		if (s < 0)
			return ERR_NOTFOUND;
		if (l < 1 || l > ACD_LEVEL_MOST)
			return ERR_INVAL;
		a->level[s] = (uint8_t)l;
	}
	for (int i = 0; i < in->n_languages; i++) {
		int l = acd_plan_lang_of(c->plan, in->languages[i]);
		if (l >= 0)
			a->languages |= UINT32_C(1) << l;
	}
	if (in->n_languages == 0)
		a->languages = acd_plan_default(c->plan)->languages;
	return 0;
}

static int read_seats(struct acd_core *c, const struct acd_agent *in, struct agent *a)
{
	for (int i = 0; i < in->n_seats; i++) {
		int q = acd_plan_queue_of(c->plan, in->seat[i].queue);
		int tier = in->seat[i].tier, pos = in->seat[i].position;
		if (q < 0)
			return ERR_NOTFOUND;
		if (tier < 0 || tier > 99 || pos < 0 || pos > 9999)
			return ERR_INVAL;
		for (int k = 0; k < a->n_seats; k++)
			if (a->seat[k].queue == q)
				return ERR_INVAL;
		a->seat[a->n_seats++] = (struct acd_seat){ q, tier ? tier : 1, pos ? pos : 1 };
	}
	return 0;
}

/* Into an empty agent. */
static int read_agent(struct acd_core *c, const struct acd_agent *in, struct agent *a)
{
	const struct acd_person *std = acd_plan_default(c->plan);
	int rc;
	if (!in->login.n || in->login.n > 100 || in->n_skills > ACD_SKILLS ||
	    in->n_seats > ACD_QUEUES || in->n_languages > 8)
		return ERR_INVAL;
	rc = read_levels(c, in, a);
	if (rc == 0)
		rc = read_seats(c, in, a);
	if (rc)
		return rc;
	for (int m = 0; m < ACD_MEDIAS; m++)
		a->capacity[m] = in->capacity[m] < 0 ? std->capacity[m] : in->capacity[m];
	a->blended = in->blended;
	a->wrapup_ms = in->wrapup_ms < 0 ? std->wrapup_s * INT64_C(1000) : in->wrapup_ms;
	a->max_no_answer = in->max_no_answer < 0 ? std->max_no_answer : in->max_no_answer;
	a->reject_ms = in->reject_delay_ms < 0 ? std->reject_delay_s * INT64_C(1000) :
						 in->reject_delay_ms;
	a->busy_ms = in->busy_delay_ms < 0 ? std->busy_delay_s * INT64_C(1000) : in->busy_delay_ms;
	a->no_answer_ms = in->no_answer_delay_ms < 0 ? std->no_answer_delay_s * INT64_C(1000) :
						       in->no_answer_delay_ms;
	agent_bits(a);
	return 0;
}

/* What is written down about b, into a; what a is and does stays. */
static void take_over(struct agent *a, const struct agent *b)
{
	memcpy(a->level, b->level, sizeof(a->level));
	memcpy(a->queues, b->queues, sizeof(a->queues));
	a->skills = b->skills;
	memcpy(a->seat_of, b->seat_of, sizeof(a->seat_of));
	memcpy(a->seat, b->seat, sizeof(a->seat));
	memcpy(a->capacity, b->capacity, sizeof(a->capacity));
	a->n_seats = b->n_seats;
	a->languages = b->languages;
	a->blended = b->blended;
	a->wrapup_ms = b->wrapup_ms;
	a->max_no_answer = b->max_no_answer;
	a->reject_ms = b->reject_ms;
	a->busy_ms = b->busy_ms;
	a->no_answer_ms = b->no_answer_ms;
}

static struct agent *agent_new(struct acd_core *c, sv login, int64_t now)
{
	struct agent *a, **slot;
	if (c->all.n >= ACD_CORE_AGENTS)
		return NULL;
	a = xalloc(sizeof(*a));
	slot = VEC_PUSH(&c->all, ACD_CORE_AGENTS);
	ASSERT(slot);
	*slot = a;
	a->index = (int)c->all.n - 1;
	a->login = xstrdup(login);
	a->name = xstrdup(SV(""));
	a->extension = xstrdup(SV(""));
	a->reason = xstrdup(SV(""));
	a->serial = ++c->serial;
	a->state_since = a->idle_since = now;
	a->t = (struct timed){ .kind = TIMED_AGENT, .of = a };
	(void)map_put(c->agents, login, a);
	return a;
}

int acd_core_agent(struct acd_core *c, const struct acd_agent *in, int64_t now)
{
	struct agent *a = core_find(c, in->login);
	struct agent *b = xalloc(sizeof(*b));
	int rc = read_agent(c, in, b);
	if (rc == 0 && !a) {
		a = agent_new(c, in->login, now);
		rc = a ? 0 : ERR_FULL;
	}
	if (rc == 0) {
		bool here = a->presence != ACD_OFFLINE;
		/* the new queues first: one that he stays in is never empty for a moment */
		if (here)
			place_present(c, b, 1, now);
		if (here)
			place_present(c, a, -1, now);
		take_over(a, b);
		xfree(a->name);
		xfree(a->extension);
		a->name = xstrdup(in->name);
		a->extension = xstrdup(in->extension);
		agent_refresh(c, a, now);
	}
	xfree(b);
	match_settle(c, now);
	return rc;
}

int acd_core_person(struct acd_core *c, const struct acd_person *x, int64_t now)
{
	struct acd_agent *in = xalloc(sizeof(*in));
	in->login = sv_of(x->login);
	in->name = sv_of(x->name);
	in->extension = sv_of(x->extension);
	for (int i = 0; i < acd_plan_langs(c->plan) && in->n_languages < 8; i++)
		if (x->languages >> i & 1)
			in->languages[in->n_languages++] = sv_of(acd_plan_lang(c->plan, i));
	for (int i = 0; i < x->n_skills; i++) {
		in->skill[i].skill = sv_of(acd_plan_skill(c->plan, x->skills[i].skill));
		in->skill[i].level = x->skills[i].level;
	}
	in->n_skills = x->n_skills;
	for (int i = 0; i < x->n_seats; i++) {
		in->seat[i].queue = sv_of(acd_plan_queue(c->plan, x->seats[i].queue)->id);
		in->seat[i].tier = x->seats[i].tier;
		in->seat[i].position = x->seats[i].position;
	}
	in->n_seats = x->n_seats;
	memcpy(in->capacity, x->capacity, sizeof(in->capacity));
	in->blended = x->blended;
	in->wrapup_ms = x->wrapup_s * INT64_C(1000);
	in->max_no_answer = x->max_no_answer;
	in->reject_delay_ms = x->reject_delay_s * INT64_C(1000);
	in->busy_delay_ms = x->busy_delay_s * INT64_C(1000);
	in->no_answer_delay_ms = x->no_answer_delay_s * INT64_C(1000);
	int rc = acd_core_agent(c, in, now);
	xfree(in);
	return rc;
}
