/* The simulator: published tables, steady states that are known, balances, the same customers for
 * two models, and faults of a file. CALLM_SIM_DAYS: so many days of the published examples. */
#include "ins_sim.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "t.h"

static int days_of(int few)
{
	const char *s = getenv("CALLM_SIM_DAYS");
	int n = s ? (int)strtol(s, NULL, 10) : 0;
	return n > few ? n : few;
}

static void load(struct sim_model *m, const char *yaml)
{
	struct cfg_report rep = { 0 };
	if (sim_model_yaml(m, sv_of(yaml), "t.yaml", &rep))
		t_fail(__FILE__, __LINE__, rep.n ? rep.v[0].what : "no model");
	cfg_report_done(&rep);
}

struct sums { struct sim_mean served, abandoned, target; struct sim_count all; double busy, there,
	      busy_all, there_all; int64_t events; };

static void run(const struct sim_model *m, int days, uint64_t seed, struct sums *r)
{
	struct ins_sim *s = ins_sim_new(m);
	struct sim_day d;
	*r = (struct sums){ 0 };
	for (int i = 0; i < days; i++) {
		struct sim_count c = { 0 };
		ins_sim_day(s, seed, i, NULL, &d);
		for (int t = 0; t < m->types; t++)
			sim_add(&c, &d.type[t]);
		sim_add(&r->all, &c);
		sim_mean_add(&r->served, (double)c.served);
		sim_mean_add(&r->abandoned, (double)c.abandoned);
		sim_mean_add(&r->target, (double)c.in_target);
		r->busy += d.busy_s[0];
		r->there += d.there_s[0];
		r->busy_all += d.busy_all_s[0];
		r->there_all += d.there_all_s[0];
		r->events += d.events;
	}
	ins_sim_free(s);
}

/* The mean and a published mean differ by no more than both intervals. */
static bool agrees(const struct sim_mean *m, double want, double half)
{
	double d = fabs(sim_mean_of(m) - want);
	if (d <= half + sim_mean_half(m))
		return true;
	(void)fprintf(stderr, "# %g +- %g instead of %g +- %g\n", sim_mean_of(m),
		      sim_mean_half(m), want, half);
	return false;
}

static void load_mmc(struct sim_model *m, const char *more)
{
	char text[512];
	(void)snprintf(text, sizeof(text), "periods: 1\nperiod_s: 28800\ntypes:\n  - {name: c, "
		       "per_hour: [252], service_s: [120], groups: [a]%s}\ngroups:\n  - {name: a, "
		       "agents: [12]}\n", more);
	load(m, text);
}

/* ContactCenters, doc/examples/MMC.res and MMCAb.res (L'Ecuyer et al.), 1,000 days each. */
TEST(sim_mmc_as_published)
{
	struct sim_model *m = xalloc(sizeof(*m));
	struct sums r;
	load_mmc(m, "");
	run(m, days_of(150), 42, &r);
	CHECK(agrees(&r.target, 1816.158, 3.540));
	NEAR(sim_service_level(&r.all), .902, .006);
	NEAR(r.busy / r.there, .696934,
	     .004); /* exact: M/M/12 from empty, 8 h (docs/simulate.md) */
	EQ(r.all.arrived, r.all.served);
	load_mmc(m, ", patience_s: [60]");
	run(m, days_of(150), 42, &r);
	CHECK(agrees(&r.abandoned, 58.609, .949));
	CHECK(agrees(&r.target, 1906.008, 2.223));
	NEAR(sim_service_level(&r.all), .968, .003);
	EQ(r.all.arrived, r.all.served + r.all.abandoned);
	xfree(m);
}

static const char msk[] =
	"periods: 3\nperiod_s: 7200\nbusyness: 28.7\ntypes:\n"
	"  - {name: t0, per_hour: [252, 318, 192], service_s: [120, 100, 150], patience_s: [200, "
	"150, 300], groups: [g0]}\n"
	"  - {name: t1, per_hour: [306, 258, 288], service_s: [120, 100, 150], patience_s: [200, "
	"150, 300], groups: [g0, g1]}\n"
	"  - {name: t2, per_hour: [378, 312, 288], service_s: [120, 100, 150], patience_s: [200, "
	"150, 300], groups: [g1]}\n"
	"groups:\n  - {name: g0, agents: [12, 18, 9]}\n  - {name: g1, agents: [15, 20, 11]}\n";

/* SimpleMSK.res; its occupancy is that of the first group until its last call is over. */
TEST(sim_many_skills_as_published)
{
	struct sim_model *m = xalloc(sizeof(*m));
	struct sums r;
	load(m, msk);
	run(m, days_of(120), 42, &r);
	CHECK(agrees(&r.served, 4297.305, 27.155));
	CHECK(agrees(&r.abandoned, 910.335, 34.206));
	NEAR(sim_service_level(&r.all), .501, .035);
	NEAR(r.busy_all / r.there_all, .881, .012);
	xfree(m);
}

/* Erlang A, 100 calls in 30 min of 180 s, 13 agents, patience 5 min: pyworkforce's case. */
TEST(sim_steady_state_of_erlang_a)
{
	struct sim_model *m = xalloc(sizeof(*m));
	struct sums r;
	load(m, "periods: 1\nperiod_s: 86400\ntypes:\n  - {name: c, per_hour: [200], service_s: "
		"[180], patience_s: [300], groups: [a]}\ngroups:\n  - {name: a, agents: [13]}\n");
	run(m, days_of(30), 3, &r);
	NEAR((double)r.all.abandoned / (double)r.all.arrived, .024963, .003);
	NEAR(r.busy / r.there, .750028, .01);
	xfree(m);
}

TEST(sim_same_seed_same_day)
{
	struct sim_model *m = xalloc(sizeof(*m));
	struct sim_day a, b, c;
	load(m, msk);
	struct ins_sim *s = ins_sim_new(m), *t = ins_sim_new(m);
	ins_sim_day(s, 5, 1, NULL, &a);
	ins_sim_day(s, 5, 2, NULL, &b);
	ins_sim_day(t, 5, 1, NULL, &c);
	CHECK(memcmp(&a, &c, sizeof(a)) == 0);
	CHECK(a.type[0].arrived != b.type[0].arrived);
	ins_sim_free(s);
	ins_sim_free(t);
	ins_sim_free(NULL);
	/* one more agent: the same customers */
	m->group[0].agents[0]++;
	s = ins_sim_new(m);
	ins_sim_day(s, 5, 1, NULL, &b);
	for (int k = 0; k < m->types; k++)
		EQ(a.type[k].arrived, b.type[k].arrived);
	CHECK(memcmp(&a, &b, sizeof(a)) != 0);
	ins_sim_free(s);
	xfree(m);
}

TEST(sim_bot_chats_second_tries_and_outgoing)
{
	struct sim_model *m = xalloc(sizeof(*m));
	struct sums r;
	load(m, "periods: 2\nperiod_s: 7200\nserve: priority\ntypes:\n"
		"  - {name: calls, per_hour: [60], service_s: [200], patience_s: [40], bot: 0.5, "
		"bot_s: 60, retry: 0.5, retry_s: 300, priority: 2, groups: [a]}\n"
		"  - {name: chats, per_hour: [60], service_s: [600], slots: 3, groups: [a]}\n"
		"  - {name: out, service_s: [60], outbound: true, answer: 0.4, ring_s: 12, groups: "
		"[a]}\ngroups:\n  - {name: a, agents: [6, 5], keep_free: 1}\n");
	struct ins_sim *s = ins_sim_new(m);
	struct sim_day d;
	struct sim_count n[3] = { { 0 } };
	for (int i = 0; i < 20; i++) {
		ins_sim_day(s, 9, i, NULL, &d);
		for (int t = 0; t < 3; t++)
			sim_add(&n[t], &d.type[t]);
		CHECK(d.busy_s[0] <= d.there_s[0] + 1e-6);
	}
	ins_sim_free(s);
	/* each call ends resolved by the bot, served, or lost for good */
	NEAR((double)n[0].contained / (double)n[0].arrived, 0.5, 0.03);
	EQ(n[0].arrived - n[0].contained - n[0].served, n[0].abandoned - n[0].retried);
	CHECK(n[0].abandoned > 50 && n[0].retried > 0);
	EQ(n[1].arrived, n[1].served);
	CHECK(n[2].served > 100);
	EQ(n[2].served, n[2].arrived);
	NEAR((double)n[2].arrived / (double)(n[2].arrived + n[2].retried), 0.4, 0.05);
	/* three chats at once need no more than a third of the agents */
	load(m, "periods: 1\nperiod_s: 36000\ntypes:\n  - {name: c, per_hour: [60], service_s: "
		"[600], slots: 3, groups: [a]}\ngroups:\n  - {name: a, agents: [5]}\n");
	run(m, 10, 4, &r);
	NEAR(r.busy / r.there, 10.0 / 3 / 5, 0.04);
	CHECK(sim_service_level(&r.all) > 0.75);
	xfree(m);
}

TEST(sim_queue_limit_reserve_and_end_of_day)
{
	struct sim_model *m = xalloc(sizeof(*m));
	struct sums r;
	load(m, "periods: 1\nperiod_s: 36000\nday_ends: true\ntypes:\n  - {name: c, per_hour: "
		"[60], "
		"service_s: [300], service_cv: 0, queue_max: 2, groups: [a]}\ngroups:\n  - "
		"{name: a, "
		"agents: [3]}\n");
	run(m, 10, 4, &r);
	CHECK(r.all.blocked > 1000);
	EQ(r.all.arrived, r.all.served + r.all.blocked + r.all.abandoned);
	CHECK(r.all.abandoned <= 20);        /* two at most wait in the evening */
	/* who keeps agents for the own type serves it sooner */
	double wait[2];
	for (int k = 0; k < 2; k++) {
		struct sim_day d;
		struct sim_count own = { 0 };
		load(m, "periods: 1\nperiod_s: 36000\ntypes:\n"
			"  - {name: own, per_hour: [60], service_s: [180], groups: [b]}\n"
			"  - {name: other, per_hour: [60], service_s: [180], patience_s: [120], "
			"groups: [a, b]}\ngroups:\n  - {name: a, agents: [3]}\n"
			"  - {name: b, agents: [4]}\n");
		m->group[1].reserve = 2 * k;
		struct ins_sim *s = ins_sim_new(m);
		for (int i = 0; i < 20; i++) {
			ins_sim_day(s, 8, i, NULL, &d);
			sim_add(&own, &d.type[0]);
		}
		ins_sim_free(s);
		wait[k] = own.wait_s / (double)own.served;
	}
	CHECK(wait[1] < 0.8 * wait[0]);
	xfree(m);
}

static void wrong(const char *yaml, const char *word)
{
	struct sim_model *m = xalloc(sizeof(*m));
	struct cfg_report rep = { 0 };
	int rc = sim_model_yaml(m, sv_of(yaml), "x.yaml", &rep);
	bool named = false;
	for (size_t i = 0; i < rep.n; i++)
		named = named || strstr(rep.v[i].what, word) || strstr(rep.v[i].where, word);
	if (rc == 0 || !named) {
		(void)fprintf(stderr, "# %s\n", rep.n ? rep.v[0].what : "nothing");
		t_fail(__FILE__, __LINE__, word);
	}
	cfg_report_done(&rep);
	xfree(m);
}

TEST(sim_faults_are_named)
{
	wrong("periods: 1\n", "period_s");
	wrong("periods: 2\nperiod_s: 60\ntypes: [{name: a, per_hour: [1, 2, 3], service_s: [1], "
	      "groups: [g]}]\ngroups: [{name: g, agents: [1]}]\n", "per_hour has 3 values");
	wrong("periods: 1\nperiod_s: 60\ntypes: [{name: a, service_s: [1], groups: [h]}]\ngroups: "
	      "[{name: g, agents: [1]}]\n", "no group \"h\"");
	wrong("periods: 1\nperiod_s: 60\ntypes: [{name: a, service_s: [0], groups: [g]}]\ngroups: "
	      "[{name: g, agents: [1]}]\n", "above 0");
	wrong("periods: 1\nperiod_s: 60\ntypes: [{name: a, service_s: [9], groups: [g]}]\ngroups: "
	      "[{name: g, agents: [1.5]}]\n", "no whole number");
	wrong("periods: 1\nperiod_s: 60\ntypes: [{name: a, service_s: [9], groups: [g]}]\ngroups: "
	      "[{name: g, agents: [9000]}]\n", "no number from 0 to 4000");
	wrong("periods: 1\nperiod_s: 60\ntypes: [{name: a, service_s: [9], groups: [g]}]\ngroups: "
	      "[{name: g, agents: [0]}]\n", "wait for ever");
	wrong("periods: 1\nperiod_s: 60\ntypes: [{name: a, service_s: [9], groups: [g, g]}]\n"
	      "groups: [{name: g, agents: [1]}]\n", "\"g\" is named twice");
	wrong("periods: 1\nperiod_s: 60\ntypes: [{name: a, service_s: [9], groups: [g], retry: 1, "
	      "retry_s: 0}]\ngroups: [{name: g, agents: [1]}]\n", "a second at least");
	wrong("periods: 1\nperiod_s: 60\nsurprise: 1\ntypes: [{name: a, service_s: [9], groups: "
	      "[g]}]\ngroups: [{name: g, agents: [1]}]\n", "surprise");
}
