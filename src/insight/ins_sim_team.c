/* ins_sim_team.c: the agents of a simulated day: who is free, who takes a call, which call an
 * agent takes, and who comes and goes with a period. An agent with chats beside each other is in
 * the list of those that have room. Who is to go while busy goes after the call. One thread. */
#include "ins_sim_int.h"

#define FULL 0.999999

static void list_put(struct ins_sim *s, struct sim_line *l, int i)
{
	struct sim_seat *v = s->seat;
	v[i].prev = l->tail;
	v[i].next = -1;
	if (l->tail >= 0)
		v[l->tail].next = i;
	else
		l->head = i;
	l->tail = i;
	l->n++;
}

static void list_cut(struct ins_sim *s, struct sim_line *l, int i)
{
	struct sim_seat *v = s->seat;
	if (v[i].prev >= 0)
		v[v[i].prev].next = v[i].next;
	else
		l->head = v[i].next;
	if (v[i].next >= 0)
		v[v[i].next].prev = v[i].prev;
	else
		l->tail = v[i].prev;
	l->n--;
}

void sim_team_account(struct ins_sim *s, int g)
{
	struct sim_team *t = &s->team[g];
	double dt = s->now - t->since;
	s->day->busy_all_s[g] += dt * t->load;
	s->day->there_all_s[g] += dt * t->there;
	t->since = s->now;
}

static void place(struct ins_sim *s, int i, enum sim_where where)
{
	struct sim_seat *a = &s->seat[i];
	struct sim_team *t = &s->team[a->group];
	if (a->where == where)
		return;
	if (a->where == SEAT_IDLE || a->where == SEAT_PART)
		list_cut(s, a->where == SEAT_IDLE ? &t->idle : &t->part, i);
	if (where == SEAT_IDLE || where == SEAT_PART)
		list_put(s, where == SEAT_IDLE ? &t->idle : &t->part, i);
	if (where == SEAT_IDLE)
		a->idle_since = s->now;
	a->where = where;
}

static void settle(struct ins_sim *s, int i)
{
	struct sim_seat *a = &s->seat[i];
	struct sim_team *t = &s->team[a->group];
	if (a->load <= 1e-9 && t->there > t->want) {
		sim_team_account(s, a->group);
		t->there--;
		a->load = 0;
		place(s, i, SEAT_OUT);
		return;
	}
	place(s, i, a->load >= FULL ? SEAT_FULL : a->load > 1e-9 ? SEAT_PART : SEAT_IDLE);
}

void sim_team_reset(struct ins_sim *s)
{
	for (int g = 0; g < s->m.groups; g++)
		s->team[g] = (struct sim_team){ .idle = { -1, -1, 0 }, .part = { -1, -1, 0 } };
	for (int g = 0; g < s->m.groups; g++)
		for (int i = s->first_seat[g]; i < s->first_seat[g + 1]; i++)
			s->seat[i] = (struct sim_seat){ .group = g, .next = -1, .prev = -1 };
}

static void come(struct ins_sim *s, int g)
{
	for (int i = s->first_seat[g]; i < s->first_seat[g + 1]; i++) {
		if (s->seat[i].where != SEAT_OUT)
			continue;
		s->team[g].there++;
		settle(s, i);
		sim_team_next(s, i);
		return;
	}
}

void sim_team_period(struct ins_sim *s)
{
	for (int g = 0; g < s->m.groups; g++) {
		struct sim_team *t = &s->team[g];
		sim_team_account(s, g);
		t->want = s->m.group[g].agents[s->period];
		while (t->there > t->want && t->idle.n)
			settle(s, t->idle.head);
	}
	for (int g = 0; g < s->m.groups; g++)
		while (s->team[g].there < s->team[g].want)
			come(s, g);
}

/* ---- an agent for a call ---- */

static int room_in(const struct ins_sim *s, int g, const struct sim_type *t, bool first)
{
	const struct sim_team *x = &s->team[g];
	int kept = first ? 0 : s->m.group[g].reserve;
	if (x->idle.n > kept)
		return x->idle.head;
	if (t->slots <= 1)
		return -1;
	for (int i = x->part.head; i >= 0; i = s->seat[i].next)
		if (s->seat[i].load + 1.0 / t->slots <= 1.0000001)
			return i;
	return -1;
}

static int by_rule(const struct ins_sim *s, const struct sim_type *t)
{
	int best = -1;
	for (int k = 0; k < t->n_groups; k++) {
		int i = room_in(s, t->group[k], t, k == 0);
		if (i < 0)
			continue;
		if (s->m.pick == SIM_IN_ORDER)
			return i;
		if (best < 0 || s->seat[i].idle_since < s->seat[best].idle_since)
			best = i;
	}
	return best;
}

static int by_router(struct ins_sim *s, int type)
{
	const struct sim_type *t = &s->m.type[type];
	int n = 0;
	for (int k = 0; k < t->n_groups; k++)
		for (int i = s->team[t->group[k]].idle.head; i >= 0; i = s->seat[i].next)
			s->who[n++] = i;
	return n ? s->router->agent(s->router->arg, s, type, s->who, n) : -1;
}

bool sim_team_offer(struct ins_sim *s, int call)
{
	int type = s->call.v[call].type;
	bool asks = s->router && s->router->agent;
	int i = asks ? by_router(s, type) : by_rule(s, &s->m.type[type]);
	if (i < 0)
		return false;
	sim_team_start(s, i, call);
	return true;
}

void sim_team_start(struct ins_sim *s, int seat, int call)
{
	struct sim_seat *a = &s->seat[seat];
	struct sim_call *c = &s->call.v[call];
	const struct sim_type *t = &s->m.type[c->type];
	double w = t->slots > 1 ? 1.0 / t->slots : 1, waited = s->now - c->since;
	struct sim_count *n = &s->day->type[c->type];
	sim_team_account(s, a->group);
	s->team[a->group].load += w;
	a->load += w;
	place(s, seat, a->load >= FULL ? SEAT_FULL : SEAT_PART);
	c->state = CALL_SERVED;
	s->served_by.v[call] = seat;
	if (!t->outbound) {
		n->wait_s += waited;
		n->in_target += waited < t->target_s;
	}
	sim_heap_put(s, s->now + c->service_s, EV_END, c->gen, (uint32_t)call);
}

/* ---- a call for an agent ---- */

static double worth(const struct ins_sim *s, int type)
{
	const struct sim_type *t = &s->m.type[type];
	double waited = s->now - s->call.v[s->queue[type].head].since;
	if (s->m.serve == SIM_PRIORITY)
		return t->priority * 1e7 + waited;
	if (s->m.serve == SIM_CMU)
		return t->cost / t->service_s[s->period] * 1e9 + waited;
	return waited;
}

static bool may_take(const struct ins_sim *s, const struct sim_seat *a, int type)
{
	const struct sim_type *t = &s->m.type[type];
	const struct sim_team *x = &s->team[a->group];
	double w = t->slots > 1 ? 1.0 / t->slots : 1;
	if (!s->queue[type].n || a->load + w > 1.0000001)
		return false;
	/* he is in the idle list himself */
	return t->group[0] == a->group || x->idle.n > s->m.group[a->group].reserve;
}

static int pick_type(struct ins_sim *s, int seat)
{
	const struct sim_seat *a = &s->seat[seat];
	const struct sim_group *g = &s->m.group[a->group];
	int best = -1, list[SIM_TYPES], n = 0;
	double waited[SIM_TYPES], most = -1;
	for (int k = 0; k < g->n_types; k++) {
		int type = g->type[k];
		if (!may_take(s, a, type))
			continue;
		if (s->router && s->router->call) {
			waited[n] = s->now - s->call.v[s->queue[type].head].since;
			list[n++] = type;
		} else if (worth(s, type) > most) {
			most = worth(s, type);
			best = type;
		}
	}
	return n ? s->router->call(s->router->arg, s, seat, list, waited, n) : best;
}

/* An idle agent dials when enough others are idle. */
static bool dial(struct ins_sim *s, int seat)
{
	const struct sim_seat *a = &s->seat[seat];
	const struct sim_group *g = &s->m.group[a->group];
	if (a->where != SEAT_IDLE || s->closed || s->team[a->group].idle.n <= g->keep_free)
		return false;
	for (int k = 0; k < g->n_types; k++) {
		const struct sim_type *t = &s->m.type[g->type[k]];
		if (!t->outbound)
			continue;
		int i = sim_call_new(s, g->type[k]);
		struct sim_call *c = &s->call.v[i];
		bool answers = rng_unit(&s->rng[c->type][RNG_BOT]) < t->answer;
		double ring = sim_exp(&s->rng[c->type][RNG_RETRY], t->ring_s);
		s->day->type[c->type].arrived += answers;
		s->day->type[c->type].retried += !answers;
		c->patience_s = answers ? 0 : -1;        /* nobody answered: nothing served */
		c->service_s = ring + (answers ? c->service_s : 0);
		sim_team_start(s, seat, i);
		return true;
	}
	return false;
}

void sim_team_next(struct ins_sim *s, int seat)
{
	struct sim_seat *a = &s->seat[seat];
	while (s->waiting && (a->where == SEAT_IDLE || a->where == SEAT_PART)) {
		int type = pick_type(s, seat), call;
		if (type < 0)
			break;
		call = s->queue[type].head;
		sim_line_cut(&s->queue[type], s->call.v, call);
		s->waiting--;
		sim_team_start(s, seat, call);
	}
	(void)dial(s, seat);
}

void sim_team_over(struct ins_sim *s, int seat, double load)
{
	struct sim_seat *a = &s->seat[seat];
	sim_team_account(s, a->group);
	s->team[a->group].load -= load;
	a->load -= load;
	settle(s, seat);
	if (a->where != SEAT_OUT)
		sim_team_next(s, seat);
}
