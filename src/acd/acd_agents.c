/* acd_agents.c: agents: who they are, whether their console is there, what they chose.
 *
 * An agent whose console was there and is gone has half a minute to come back; then the agent is
 * paused ("gone") and gets no offers, and after a minute the chats go back to their queue, in front
 * because they keep their place. A call goes on by the telephone. An agent without a console, who
 * works with an extension alone, is left in peace. Owner's thread, inside a turn.
 */
#include "acd_int.h"

#include <stdio.h>

static void known(struct acd *a, struct ag *g)
{
	int i = acd_plan_person_of(a->plan, sv_of(g->login));
	const struct acd_person *p = i < 0 ? NULL : acd_plan_person(a->plan, i);
	sv_copy(g->extension, sizeof(g->extension), sv_of(p ? p->extension : ""));
	sv_copy(g->name, sizeof(g->name), sv_of(p && p->name && p->name[0] ? p->name : g->login));
}

/* Into the machine, as the plan has them or with its defaults. */
static int enrol(struct acd *a, struct ag *g, int64_t now)
{
	int i = acd_plan_person_of(a->plan, sv_of(g->login));
	struct acd_person x = *(i >= 0 ? acd_plan_person(a->plan, i) : acd_plan_default(a->plan));
	known(a, g);
	x.login = g->login;
	x.name = g->name;
	return acd_core_person(a->core, &x, now);
}

struct ag *acd_agent_of(struct acd *a, sv login, bool make)
{
	struct ag *g = map_get(a->agents, login);
	if (g || !make || !login.n || login.n >= ACD_NAME)
		return g;
	g = xalloc(sizeof(*g));
	sv_copy(g->login, sizeof(g->login), login);
	sv_copy(g->state, sizeof(g->state), SV("offline"));
	known(a, g);
	if (map_put(a->agents, login, g)) {
		xfree(g);
		return NULL;
	}
	if (enrol(a, g, a->clock)) {
		(void)map_del(a->agents, login);
		xfree(g);
		return NULL;
	}
	return g;
}

int acd_agents_enrol(struct acd *a, int64_t now)
{
	size_t it = 0;
	sv key;
	void *g;
	int rc = 0;
	for (int i = 0; i < acd_plan_people(a->plan); i++)
		(void)acd_agent_of(a, sv_of(acd_plan_person(a->plan, i)->login), true);
	while (rc == 0 && map_next(a->agents, &it, &key, &g))
		rc = enrol(a, g, now);
	return rc;
}

void acd_changed(struct acd *a, struct ag *g)
{
	if (g->dirty)
		return;
	struct ag **at = VEC_PUSH(&a->changed, ACD_MOST);
	ASSERT(at != NULL);
	*at = g;
	g->dirty = true;
}

void acd_line(struct acd *a, sv login, char to[ACD_TEXT], char name[ACD_NAME])
{
	const struct ag *g = acd_agent_of(a, login, false);
	if (g && g->extension[0])
		sv_copy(to, ACD_TEXT, sv_of(g->extension));
	else
		(void)snprintf(to, ACD_TEXT, "web:" SV_FMT, SV_ARG(login));
	sv_copy(name, ACD_NAME, g ? sv_of(g->name) : login);
}

int acd_sockets(const struct acd *a, const struct ag *g)
{
	const int *n = map_get(a->sockets, sv_of(g->login));
	return n ? *n : 0;
}

int acd_presence(struct acd *a, struct ag *g, enum acd_presence p, sv reason, bool forced)
{
	enum acd_presence was = g->presence;
	size_t told = a->now->tells.n;
	g->presence = p;
	sv_copy(g->reason, sizeof(g->reason), reason);
	a->choosing = true;
	int rc = acd_core_presence(a->core, sv_of(g->login), p, reason, forced, a->now->now);
	a->choosing = false;
	if (rc) {
		g->presence = was;
		return rc;
	}
	g->present = a->now->now;
	g->console = acd_sockets(a, g) > 0;
	if (!g->console)
		g->gone = 0;                 /* works without one */
	g->paused_gone = false;
	acd_changed(a, g);
	if (a->now->tells.n == told)
		acd_tell_agent(a, g);        /* it is talking still; a break comes after */
	return 0;
}

/* What follows from the number of consoles there are now. */
void acd_socket(struct acd *a, struct ag *g)
{
	if (acd_sockets(a, g) > 0) {
		bool back = g->gone != 0;
		g->gone = 0;
		g->away = false;
		if (!g->console) {
			g->console = true;
			acd_changed(a, g);
		}
		if (back && !g->paused_gone)
			(void)acd_core_presence(a->core, sv_of(g->login), g->presence,
						sv_of(g->reason), false, a->now->now);
	} else if (g->console && !g->gone) {
		g->gone = a->now->now;
		g->alone = false;
	}
}

/* ---- what is due ---- */

static void pause_gone(struct acd *a, struct ag *g)
{
	/* after a restart the machine has them as offline still */
	enum acd_presence p = g->away ? ACD_OFFLINE : ACD_PAUSED;
	g->paused_gone = true;
	if (g->presence != ACD_READY && !g->away)
		return;
	a->choosing = true;
	int rc = acd_core_presence(a->core, sv_of(g->login), p, SV("gone"), false, a->now->now);
	a->choosing = false;
	if (rc)
		return;
	g->presence = p;
	g->away = false;
	sv_copy(g->reason, sizeof(g->reason), SV("gone"));
	g->present = a->now->now;
	acd_changed(a, g);
}

static void give_all(struct acd *a, struct ag *g)
{
	struct acd_give back = { .queue = SV_NULL };
	size_t it = 0;
	sv key;
	void *p;
	while (map_next(a->hos, &it, &key, &p)) {
		struct ho *h = p;
		if (h->state == HO_ACCEPTED && h->media != ACD_VOICE && h->in_core &&
		    sv_eq(sv_of(h->agent), sv_of(g->login)))
			(void)acd_give_on(a, h, &back, SV("agent_gone"), SV("system"));
	}
}

static int64_t soonest(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

static int64_t agent_due(struct acd *a, struct ag *g)
{
	int64_t now = a->now->now, next = INT64_MAX;
	if (!g->gone)
		return next;
	if (!g->paused_gone && now >= g->gone + ACD_GRACE_MS)
		pause_gone(a, g);
	if (!g->alone && now >= g->gone + ACD_ALONE_MS) {
		g->alone = true;
		give_all(a, g);
	}
	if (!g->paused_gone)
		next = g->gone + ACD_GRACE_MS;
	return g->alone ? next : soonest(next, g->gone + ACD_ALONE_MS);
}

/* ---- tasks that wait for their time ---- */

void acd_wake_task(struct acd *a, struct ho *h)
{
	a->task_due = soonest(a->task_due, h->not_before);
	acd_touch(a, h);
}

/* The queue did not keep it: again later, at its old place. */
void acd_task_back(struct acd *a, struct ho *h, int64_t ms)
{
	h->state = HO_REQUESTED;
	h->in_core = false;
	h->agent[0] = 0;
	h->until = 0;
	h->not_before = a->now->now + ms;
	acd_wake_task(a, h);
}

/* Its queue is closed: when it opens; else now. */
static int64_t task_time(struct acd *a, const struct ho *h)
{
	int i = acd_plan_queue_of(a->plan, sv_of(h->queue));
	const struct cal *hours = i < 0 ? NULL : acd_plan_queue(a->plan, i)->hours;
	int64_t at = h->not_before > a->now->now ? h->not_before : a->now->now;
	int64_t open = hours ? cal_next(hours, at) : at;
	return open == CAL_NEVER ? at + CAL_DAY : open;
}

static void wake_tasks(struct acd *a)
{
	size_t it = 0;
	sv key;
	void *p;
	int64_t now = a->now->now, next = INT64_MAX;
	if (a->task_due > now)
		return;
	a->task_due = INT64_MAX;             /* what comes back meanwhile lowers it */
	while (map_next(a->hos, &it, &key, &p)) {
		struct ho *h = p;
		if (h->state != HO_REQUESTED || acd_parked(h))
			continue;
		int64_t at = task_time(a, h);
		if (at > now)
			next = soonest(next, at);
		else if (acd_enter(a, h))
			acd_task_back(a, h, ACD_TRY_MS);
	}
	a->task_due = soonest(next, a->task_due);
}

int64_t acd_due(struct acd *a)
{
	size_t it = 0;
	sv key;
	void *g;
	int64_t next = acd_new_day(a);
	wake_tasks(a);
	while (map_next(a->agents, &it, &key, &g))
		next = soonest(next, agent_due(a, g));
	next = soonest(next, acd_away_due(a));
	return soonest(next, a->task_due);
}
