/* Matching agents and customers in the simulator: 30 agents, four kinds of customers, chances of
 * resolving drawn from Beta(7,3), load 0.85; learned against who is idle longest, on the same
 * days. CALLM_SIM_DAYS: so many days and worlds. */
#include "ins_sim.h"
#include "policy_match.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "t.h"

enum { AGENTS = 30, KINDS = 4 };

struct match {
	double p[AGENTS][KINDS], free_at[AGENTS], busy[AGENTS];
	struct policy_match *m;
	int agent[AGENTS], kind[KINDS];
	struct rng rng;
	bool learned;
};

static double gamma_of(struct rng *r, int shape)
{
	double x = 0;
	for (int i = 0; i < shape; i++)
		x -= log(1 - rng_unit(r));
	return x;
}

static int pick(void *arg, const struct ins_sim *s, int type, const int *who, int n)
{
	struct match *x = arg;
	int best = who[0];                   /* the longest idle */
	double most = -1e9;
	for (int i = 0; i < n && x->learned; i++) {
		double v = policy_match_score(x->m, x->agent[who[i]], x->kind[type], &x->rng);
		if (v > most) {
			most = v;
			best = who[i];
		}
	}
	(void)s;
	return best;
}

/* Of those that wait nearly as long as the one that waits longest, whom this agent helps best. */
static int call(void *arg, const struct ins_sim *s, int agent, const int *type,
		const double *waited_s, int n)
{
	struct match *x = arg;
	int best = 0;
	double most = -1e9, longest = 0;
	(void)s;
	for (int i = 0; i < n; i++)
		longest = fmax(longest, waited_s[i]);
	for (int i = 0; i < n; i++) {
		double v = x->learned && waited_s[i] >= MATCH_WAITED * longest ?
				   policy_match_fit(x->m, x->agent[agent], x->kind[type[i]]) :
				   waited_s[i] / (1 + longest) - 10;
		if (v > most) {
			most = v;
			best = i;
		}
	}
	return type[best];
}

static double good(void *arg, int agent, int type)
{
	return ((struct match *)arg)->p[agent][type];
}

static void done(void *arg, const struct ins_sim *s, int agent, int type, bool resolved,
		 double busy_s)
{
	struct match *x = arg;
	double now = ins_sim_now(s), idle = now - busy_s - x->free_at[agent];
	policy_match_outcome(x->m, x->agent[agent], x->kind[type], resolved);
	policy_match_stint(x->m, x->agent[agent], idle > 0 ? idle : 0, busy_s);
	x->free_at[agent] = now;
	x->busy[agent] += busy_s;
}

static void start(struct match *x, uint64_t seed, bool learned)
{
	struct rng r;
	char name[16];
	*x = (struct match){ .learned = learned, .m = policy_match_new(0, false) };
	rng_seed(&r, seed);
	rng_seed(&x->rng, seed + 1);
	for (int a = 0; a < AGENTS; a++) {
		(void)snprintf(name, sizeof(name), "agent%d", a);
		x->agent[a] = policy_match_agent(x->m, sv_of(name));
		for (int k = 0; k < KINDS; k++) {
			double g = gamma_of(&r, 7);
			x->p[a][k] = g / (g + gamma_of(&r, 3));
		}
	}
	for (int k = 0; k < KINDS; k++) {
		(void)snprintf(name, sizeof(name), "kind%d", k);
		x->kind[k] = policy_match_kind(x->m, sv_of(name));
	}
}

struct result { double fcr, wait, spread; };

static struct result run(const struct sim_model *m, uint64_t seed, bool learned, int days)
{
	struct match x;
	struct sim_day d;
	struct sim_count sum = { 0 };
	double low = INFINITY, high = 0;
	struct ins_sim *s = ins_sim_new(m);
	start(&x, seed, learned);
	struct sim_router r = { .arg = &x,
				.agent = pick, .call = call, .good = good, .done = done };
	for (int i = 0; i < days; i++) {
		memset(x.free_at, 0, sizeof(x.free_at));
		if (i == days / 2)           /* what was learned, not the learning */
			memset(x.busy, 0, sizeof(x.busy));
		ins_sim_day(s, seed, i, &r, &d);
		for (int t = 0; t < KINDS && i >= days / 2; t++)
			sim_add(&sum, &d.type[t]);
	}
	for (int a = 0; a < AGENTS; a++) {
		low = fmin(low, x.busy[a]);
		high = fmax(high, x.busy[a]);
	}
	ins_sim_free(s);
	policy_match_free(x.m);
	return (struct result){ (double)sum.good / (double)sum.served,
				sum.wait_s / (double)sum.served, high / low };
}

TEST(match_gains_without_wearing_out)
{
	const char *more = getenv("CALLM_SIM_DAYS");
	int days = more ? 60 : 16, worlds = more ? 8 : 2;
	struct sim_model *m = xalloc(sizeof(*m));
	struct cfg_report rep = { 0 };
	struct sim_mean gain = { 0 }, spread = { 0 }, wait = { 0 };
	EQ(sim_model_yaml(m, SV("periods: 1\nperiod_s: 36000\npick: longest_idle\ntypes:\n"
				"  - {name: a, per_hour: [76.5], service_s: [300], groups: [g]}\n"
				"  - {name: b, per_hour: [76.5], service_s: [300], groups: [g]}\n"
				"  - {name: c, per_hour: [76.5], service_s: [300], groups: [g]}\n"
				"  - {name: d, per_hour: [76.5], service_s: [300], groups: [g]}\n"
				"groups:\n  - {name: g, agents: [30]}\n"), "m.yaml", &rep), 0);
	for (int i = 0; i < worlds; i++) {
		struct result idle = run(m, (uint64_t)i + 1, false, days);
		struct result best = run(m, (uint64_t)i + 1, true, days);
		sim_mean_add(&gain, best.fcr - idle.fcr);
		sim_mean_add(&spread, best.spread);
		sim_mean_add(&wait, best.wait / idle.wait - 1);
	}
	(void)fprintf(stderr, "# resolved at first +%.2f points, busiest / least busy %.3f, wait "
		      "%+.2f %%\n", 100 * sim_mean_of(&gain), sim_mean_of(&spread),
		      100 * sim_mean_of(&wait));
	CHECK(sim_mean_of(&gain) >= (more ? 0.08 : 0.07));
	CHECK(sim_mean_of(&spread) <= 1.35);
	NEAR(sim_mean_of(&wait), 0, 0.03);
	cfg_report_done(&rep);
	xfree(m);
}
