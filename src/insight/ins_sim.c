/* ins_sim.c: the events of a simulated day and what they change: arrivals, ends of service,
 * customers who leave, who come again or come from the bot, periods. Calls live in one array and
 * are used again; an event names its call with a generation, so what is out of date is skipped.
 * Memory is kept from day to day. One thread. */
#include "ins_sim_int.h"

#include <math.h>

#define CALLS_MAX 20000000u

struct ins_sim *ins_sim_new(const struct sim_model *m)
{
	struct ins_sim *s = xalloc(sizeof(*s));
	s->m = *m;
	for (int g = 0; g < m->groups; g++) {
		int most = 0;
		for (int p = 0; p < m->periods; p++)
			most = m->group[g].agents[p] > most ? m->group[g].agents[p] : most;
		s->first_seat[g] = s->seats;
		s->seats += most;
		s->first_seat[g + 1] = s->seats;
	}
	s->seat = xalloc(sizeof(*s->seat) * (size_t)s->seats + 1);
	s->who = xalloc(sizeof(*s->who) * (size_t)s->seats + 1);
	return s;
}

void ins_sim_free(struct ins_sim *s)
{
	if (!s)
		return;
	VEC_FREE(&s->heap);
	VEC_FREE(&s->call);
	VEC_FREE(&s->served_by);
	xfree(s->seat);
	xfree(s->who);
	xfree(s);
}

double ins_sim_now(const struct ins_sim *s)
{
	return s->now;
}

/* ---- calls ---- */

int sim_call_new(struct ins_sim *s, int type)
{
	int i = s->free_call;
	if (i >= 0) {
		s->free_call = s->call.v[i].next;
	} else {
		struct sim_call *c = VEC_PUSH(&s->call, CALLS_MAX);
		int *by = VEC_PUSH(&s->served_by, CALLS_MAX);
		ASSERT(c && by);
		i = (int)s->call.n - 1;
	}
	struct sim_call *c = &s->call.v[i];
	double patience = s->m.type[type].patience_s[s->period];
	*c = (struct sim_call){ .since = s->now, .type = type, .gen = c->gen, .next = -1,
				.prev = -1, .state = CALL_AWAY };
	c->service_s = sim_service(s, type);
	c->patience_s = patience > 0 ? sim_exp(&s->rng[type][RNG_PATIENCE], patience) : INFINITY;
	return i;
}

static void call_end(struct ins_sim *s, int i)
{
	struct sim_call *c = &s->call.v[i];
	c->gen++;
	c->state = CALL_FREE;
	c->next = s->free_call;
	s->free_call = i;
}

static void line_put(struct sim_line *l, struct sim_call *v, int i)
{
	v[i].prev = l->tail;
	v[i].next = -1;
	if (l->tail >= 0)
		v[l->tail].next = i;
	else
		l->head = i;
	l->tail = i;
	l->n++;
}

void sim_line_cut(struct sim_line *l, struct sim_call *v, int i)
{
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

/* Lost: calls again, or never. */
static void lost(struct ins_sim *s, int i)
{
	int type = s->call.v[i].type;
	const struct sim_type *t = &s->m.type[type];
	struct rng *r = &s->rng[type][RNG_RETRY];
	s->call.v[i].state = CALL_AWAY;
	if (t->retry > 0 && !s->closed && rng_unit(r) < t->retry) {
		sim_heap_put(s, s->now + sim_exp(r, t->retry_s), EV_BACK, s->call.v[i].gen,
			     (uint32_t)i);
		return;
	}
	call_end(s, i);
}

static void ask_for_agent(struct ins_sim *s, int i)
{
	struct sim_call *c = &s->call.v[i];
	const struct sim_type *t = &s->m.type[c->type];
	struct sim_count *n = &s->day->type[c->type];
	c->since = s->now;
	if (sim_team_offer(s, i))
		return;
	if (t->queue_max && s->queue[c->type].n >= t->queue_max) {
		n->blocked++;
		lost(s, i);
		return;
	}
	if (t->balk > 0 && rng_unit(&s->rng[c->type][RNG_RETRY]) < t->balk) {
		n->abandoned++;
		lost(s, i);
		return;
	}
	c->state = CALL_WAITS;
	line_put(&s->queue[c->type], s->call.v, i);
	s->waiting++;
	if (isfinite(c->patience_s))
		sim_heap_put(s, s->now + c->patience_s, EV_LEAVE, c->gen, (uint32_t)i);
}

/* ---- events ---- */

static void next_arrival(struct ins_sim *s, int type)
{
	double rate = s->m.type[type].per_s[s->period] * s->factor;
	double at = rate > 0 ? s->now + sim_exp(&s->rng[type][RNG_ARRIVE], 1 / rate) : INFINITY;
	/* what falls behind the period is drawn again when the next begins */
	if (at < s->m.period_s * (s->period + 1))
		sim_heap_put(s, at, EV_ARRIVE, 0, (uint32_t)type);
}

static void arrive(struct ins_sim *s, int type)
{
	const struct sim_type *t = &s->m.type[type];
	int i = sim_call_new(s, type);
	s->day->type[type].arrived++;
	next_arrival(s, type);
	if (t->bot_s <= 0) {
		ask_for_agent(s, i);
		return;
	}
	sim_heap_put(s, s->now + sim_exp(&s->rng[type][RNG_BOT], t->bot_s), EV_BACK,
		     s->call.v[i].gen, (uint32_t)i);
	/* the bot's share is decided when it is over; first tries have no wait yet */
	s->call.v[i].since = -1;
}

static void back(struct ins_sim *s, int i)
{
	struct sim_call *c = &s->call.v[i];
	bool from_bot = c->since < 0;
	if (from_bot && rng_unit(&s->rng[c->type][RNG_BOT]) < s->m.type[c->type].bot) {
		s->day->type[c->type].contained++;
		call_end(s, i);
		return;
	}
	if (s->closed && !from_bot) {
		call_end(s, i);
		return;
	}
	s->day->type[c->type].retried += !from_bot;
	ask_for_agent(s, i);
}

static void leave(struct ins_sim *s, int i)
{
	struct sim_call *c = &s->call.v[i];
	struct sim_count *n = &s->day->type[c->type];
	sim_line_cut(&s->queue[c->type], s->call.v, i);
	s->waiting--;
	n->abandoned++;
	n->abandoned_late += s->now - c->since >= s->m.type[c->type].target_s;
	lost(s, i);
}

static void end(struct ins_sim *s, int i)
{
	struct sim_call *c = &s->call.v[i];
	const struct sim_type *t = &s->m.type[c->type];
	const struct sim_router *r = s->router;
	int seat = s->served_by.v[i], type = c->type;
	double busy = c->service_s;
	bool served = !t->outbound || c->patience_s >= 0;
	if (served) {
		struct sim_count *n = &s->day->type[type];
		bool good = r && r->good && rng_unit(&s->rng_good) < r->good(r->arg, seat, type);
		n->served++;
		n->good += good;
		if (r && r->done)
			r->done(r->arg, s, seat, type, good, busy);
	}
	call_end(s, i);
	sim_team_over(s, seat, t->slots > 1 ? 1.0 / t->slots : 1);
}

static void send_away(struct ins_sim *s)
{
	for (int t = 0; t < s->m.types; t++)
		while (s->queue[t].n)
			leave(s, s->queue[t].head);
}

static void period(struct ins_sim *s, int p)
{
	if (p >= s->m.periods) {
		s->closed = true;
		for (int g = 0; g < s->m.groups; g++) {
			sim_team_account(s, g);
			s->day->busy_s[g] = s->day->busy_all_s[g];
			s->day->there_s[g] = s->day->there_all_s[g];
		}
		if (s->m.day_ends)
			send_away(s);
		return;
	}
	s->period = p;
	sim_team_period(s);
	for (int t = 0; t < s->m.types; t++)
		next_arrival(s, t);
	sim_heap_put(s, s->m.period_s * (p + 1), EV_PERIOD, 0, (uint32_t)p + 1);
}

static void happen(struct ins_sim *s, const struct sim_event *x)
{
	enum sim_kind kind = (enum sim_kind)(x->what >> 60);
	uint32_t i = (uint32_t)x->what, gen = x->what >> 32 & 0xfffffff;
	if (kind == EV_ARRIVE) {
		arrive(s, (int)i);
	} else if (kind == EV_PERIOD) {
		period(s, (int)i);
	} else {
		struct sim_call *c = &s->call.v[i];
		if ((c->gen & 0xfffffff) != gen || (kind == EV_LEAVE && c->state != CALL_WAITS))
			return;
		if (kind == EV_END)
			end(s, (int)i);
		else if (kind == EV_LEAVE)
			leave(s, (int)i);
		else
			back(s, (int)i);
	}
}

static void reset(struct ins_sim *s, uint64_t seed, int rep, struct sim_day *day)
{
	struct rng own;
	*day = (struct sim_day){ 0 };
	rng_seed(&own, seed * UINT64_C(0x9E3779B97F4A7C15) + (uint64_t)rep);
	for (int t = 0; t < s->m.types; t++)
		for (int p = 0; p < RNG_PURPOSES; p++)
			rng_seed(&s->rng[t][p], rng_u64(&own));
	rng_seed(&s->rng_good, rng_u64(&own));
	s->factor = s->m.busyness > 0 ? sim_gamma(&own, s->m.busyness, 1 / s->m.busyness) : 1;
	s->heap.n = s->call.n = s->served_by.n = 0;
	s->free_call = -1;
	s->now = 0;
	s->waiting = s->period = 0;
	s->closed = false;
	s->day = day;
	day->busyness = s->factor;
	for (int t = 0; t < s->m.types; t++)
		s->queue[t] = (struct sim_line){ -1, -1, 0 };
	sim_team_reset(s);
}

void ins_sim_day(struct ins_sim *s, uint64_t seed, int rep, const struct sim_router *r,
		 struct sim_day *ret)
{
	struct sim_event x;
	s->router = r;
	reset(s, seed, rep, ret);
	period(s, 0);
	while (sim_heap_take(s, &x)) {
		s->now = x.at;
		ret->events++;
		happen(s, &x);
	}
	ret->end_s = s->now;
	s->day = NULL;
	s->router = NULL;
}

/* ---- figures ---- */

double sim_service_level(const struct sim_count *c)
{
	int64_t n = c->served + c->abandoned_late;
	return n ? (double)c->in_target / (double)n : 1;
}

void sim_add(struct sim_count *to, const struct sim_count *c)
{
	to->arrived += c->arrived;
	to->served += c->served;
	to->in_target += c->in_target;
	to->abandoned += c->abandoned;
	to->abandoned_late += c->abandoned_late;
	to->blocked += c->blocked;
	to->contained += c->contained;
	to->retried += c->retried;
	to->good += c->good;
	to->wait_s += c->wait_s;
}

void sim_mean_add(struct sim_mean *m, double x)
{
	double d = x - (m->n > 0 ? m->sum / m->n : 0);
	m->n += 1;
	m->sum += x;
	m->sq += d * (x - m->sum / m->n);    /* Welford 1962 */
}

double sim_mean_of(const struct sim_mean *m)
{
	return m->n > 0 ? m->sum / m->n : 0;
}

/* Student's quantile: a table, then the expansion of Cornish and Fisher, below 0.1 % off from 6
 * days on. */
static double student(double f)
{
	static const double few[] = { 12.7062, 4.30265, 3.18245, 2.77645 };
	if (f < 4.5)
		return few[(int)(f + 0.5) < 1 ? 0 : (int)(f + 0.5) - 1];
	double z = 1.959963984540054, z3 = z * z * z, z5 = z3 * z * z, z7 = z5 * z * z;
	return z + (z3 + z) / (4 * f) + (5 * z5 + 16 * z3 + 3 * z) / (96 * f * f) +
	       (3 * z7 + 19 * z5 + 17 * z3 - 15 * z) / (384 * f * f * f);
}

double sim_mean_half(const struct sim_mean *m)
{
	if (m->n < 2)
		return INFINITY;
	return student(m->n - 1) * sqrt(m->sq / (m->n - 1) / m->n);
}
