/* policy_match.c: beta-binomial shares with a common prior a kind. How much agents differ is
 * estimated by moments (variance between them less what chance alone gives) and decides how far a
 * share is shrunk: with few calls nobody stands out. Load is occupancy of the last days: busy and
 * idle seconds fade with a half-life in stints. One thread. */
#include "policy_match.h"

#include <math.h>

#define PRICE 0.5
#define ELSEWHERE 0.3            /* of what the agent is worth for any kind */
#define FADE 0.995                /* a stint: the last hundred or so count */
#define PRIOR_LEAST 4.0          /* weight of the prior, in calls */
#define PRIOR_MOST 400.0
#define PRIOR_EVERY 256          /* outcomes */

struct cell { int64_t n, good; };
struct kind { struct cell sum; double mean, weight; int64_t stale; };
struct load { double busy, there; };
struct policy_match {
	struct map *agents, *kinds;
	int n_agents, n_kinds;
	double price;
	bool plain;
	VEC(struct load) load;
	double occupancy;            /* sum over agents */
	int loaded;
	struct kind kind[MATCH_KINDS];
	VEC(struct cell) cell[MATCH_KINDS];  /* by agent */
};

struct policy_match *policy_match_new(double price, bool plain)
{
	struct policy_match *m = xalloc(sizeof(*m));
	m->agents = map_new(MATCH_AGENTS + 1);
	m->kinds = map_new(MATCH_KINDS + 1);
	m->price = price > 0 ? price : PRICE;
	m->plain = plain;
	return m;
}

void policy_match_free(struct policy_match *m)
{
	if (!m)
		return;
	for (int k = 0; k < MATCH_KINDS; k++)
		VEC_FREE(&m->cell[k]);
	VEC_FREE(&m->load);
	map_free(m->agents);
	map_free(m->kinds);
	xfree(m);
}

/* Numbers are kept from 1 on, as pointers: NULL is none. */
static int number(struct map *map, sv name, int *n, int most)
{
	void *at = map_get(map, name);
	if (at)
		return (int)(intptr_t)at - 1;
	if (*n == most || !name.n || map_put(map, name, (void *)(intptr_t)(*n + 1)))
		return -1;
	return (*n)++;
}

int policy_match_agent(struct policy_match *m, sv login)
{
	return number(m->agents, login, &m->n_agents, MATCH_AGENTS);
}

int policy_match_kind(struct policy_match *m, sv name)
{
	return number(m->kinds, name, &m->n_kinds, MATCH_KINDS);
}

static struct cell *cell(struct policy_match *m, int agent, int kind)
{
	if (agent < 0 || agent >= m->n_agents || kind < 0 || kind >= m->n_kinds)
		return NULL;
	while (m->cell[kind].n <= (size_t)agent) {
		struct cell *c = VEC_PUSH(&m->cell[kind], MATCH_AGENTS);
		if (!c)
			return NULL;
	}
	return &m->cell[kind].v[agent];
}

/* ---- shares ---- */

static void prior(struct policy_match *m, int k)
{
	struct kind *x = &m->kind[k];
	double between = 0, chance = 0, n = 0;
	/* again after a quarter more, at first each time */
	x->stale = x->sum.n / 4 < PRIOR_EVERY ? x->sum.n / 4 : PRIOR_EVERY;
	x->mean = ((double)x->sum.good + 1) / ((double)x->sum.n + 2);
	for (size_t i = 0; i < m->cell[k].n; i++) {
		const struct cell *c = &m->cell[k].v[i];
		if (c->n < 5)
			continue;
		double d = (double)c->good / (double)c->n - x->mean;
		between += d * d;
		chance += x->mean * (1 - x->mean) / (double)c->n;
		n++;
	}
	double var = n >= 3 ? (between - chance) / n : 0;
	double w = var > 0 ? x->mean * (1 - x->mean) / var - 1 : PRIOR_MOST;
	/* too few to tell: as if they differed moderately, so that it is tried at all */
	w = n < 3 ? 20 : w;
	x->weight = w < PRIOR_LEAST ? PRIOR_LEAST : w > PRIOR_MOST ? PRIOR_MOST : w;
}

static void share(struct policy_match *m, int agent, int kind, double *good, double *all)
{
	const struct cell *c = cell(m, agent, kind);
	struct kind *x = &m->kind[kind < 0 ? 0 : kind];
	if (x->stale < 0 || !x->weight)
		prior(m, kind < 0 ? 0 : kind);
	*good = x->mean * x->weight + (c ? (double)c->good : 0);
	*all = x->weight + (c ? (double)c->n : 0);
}

void policy_match_outcome(struct policy_match *m, int agent, int kind, bool good)
{
	struct cell *c = cell(m, agent, kind);
	if (!c)
		return;
	c->n++;
	c->good += good;
	m->kind[kind].sum.n++;
	m->kind[kind].sum.good += good;
	m->kind[kind].stale--;
}

void policy_match_undo(struct policy_match *m, int agent, int kind)
{
	struct cell *c = cell(m, agent, kind);
	if (!c || !c->good)
		return;
	c->good--;
	m->kind[kind].sum.good--;
}

double policy_match_share(struct policy_match *m, int agent, int kind, int64_t *n)
{
	double good, all;
	const struct cell *c = cell(m, agent, kind);
	share(m, agent, kind, &good, &all);
	*n = c ? c->n : 0;
	return good / all;
}

/* ---- load ---- */

static double occupancy(const struct load *l)
{
	return l->there > 0 ? l->busy / l->there : 0;
}

void policy_match_stint(struct policy_match *m, int agent, double idle_s, double busy_s)
{
	if (agent < 0 || agent >= m->n_agents || !(idle_s >= 0) || !(busy_s > 0))
		return;
	while (m->load.n <= (size_t)agent) {
		struct load *next = VEC_PUSH(&m->load, MATCH_AGENTS);
		if (!next)
			return;
	}
	struct load *l = &m->load.v[agent];
	if (l->there > 0)
		m->occupancy -= occupancy(l);
	else
		m->loaded++;
	l->busy = l->busy * FADE + busy_s;
	l->there = l->there * FADE + busy_s + idle_s;
	m->occupancy += occupancy(l);
}

double policy_match_load(const struct policy_match *m, int agent)
{
	if (agent < 0 || (size_t)agent >= m->load.n || m->load.v[agent].there <= 0 ||
	    m->occupancy <= 0)
		return 1;
	return occupancy(&m->load.v[agent]) * m->loaded / m->occupancy;
}

/* What the agent is worth on the whole: its share over all kinds. */
static double elsewhere(struct policy_match *m, int agent)
{
	double sum = 0, good, all;
	for (int k = 0; k < m->n_kinds; k++) {
		share(m, agent, k, &good, &all);
		sum += good / all;
	}
	return m->n_kinds ? sum / m->n_kinds : 0;
}

double policy_match_score(struct policy_match *m, int agent, int kind, struct rng *r)
{
	double good, all;
	share(m, agent, kind, &good, &all);
	double p = good / all;
	if (!m->plain)
		p += sqrt(p * (1 - p) / (all + 1)) * rng_normal(r);
	return p - ELSEWHERE * elsewhere(m, agent) -
	       m->price * (policy_match_load(m, agent) - 1);
}

double policy_match_fit(struct policy_match *m, int agent, int kind)
{
	double good, all;
	share(m, agent, kind, &good, &all);
	return good / all - (kind < 0 ? 0 : m->kind[kind].mean);
}
