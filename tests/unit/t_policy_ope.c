/* Off-policy estimates: values against sums done by hand, intervals that hold the truth as often as
 * they say, and logs that are refused. With CALLM_DATA_SETS the fixture of decision/ to 1e-12. */
#include "policy_ope.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "t.h"

static struct ope_result run(const char *csv)
{
	struct ope_file f = { 0 };
	struct ope_result r = { 0 };
	struct err e = { 0 };
	if (ope_read(sv_of(csv), 0, &f, &e) || ope_run(&f.log, &(struct ope_opt){ 0 }, &r, &e))
		t_fail(__FILE__, __LINE__, e.msg);
	ope_file_done(&f);
	return r;
}

static const char four[] = "action,reward,pscore,pi_0,pi_1,q_0,q_1\n"
			   "0,1,0.5,0.8,0.2,0.6,0.4\n"
			   "1,0,0.5,0.8,0.2,0.6,0.4\n"
			   "0,0,0.25,0.5,0.5,0.2,0.3\n"
			   "1,1,0.01,0.5,0.5,0.2,0.3\n";

TEST(ope_values_by_hand)
{
	struct ope_result r = run(four);
	/* weights 1.6, 0.4, 2, 50; dm of the rows .56 .56 .25 .25 */
	double sum = 54, dm = 0.405;
	NEAR(r.est[OPE_IPS].value, 51.6 / 4, 1e-12);
	NEAR(r.est[OPE_SNIPS].value, 51.6 / sum, 1e-12);
	NEAR(r.est[OPE_DM].value, dm, 1e-12);
	NEAR(r.est[OPE_DR].value, dm + (0.64 - 0.16 - 0.4 + 35) / 4, 1e-12);
	NEAR(r.est[OPE_SNDR].value, dm + (0.64 - 0.16 - 0.4 + 35) / sum, 1e-12);
	NEAR(r.est[OPE_SWITCH].value, dm + (0.64 - 0.16 - 0.4) / 4, 1e-12);
	double w[] = { 1.6, 0.4, 2, 50 }, left[] = { 0.4, -0.4, -0.2, 0.7 }, s = 0;
	for (int i = 0; i < 4; i++)
		s += 100 * w[i] / (w[i] * w[i] + 100) * left[i];
	NEAR(r.est[OPE_DROS].value, dm + s / 4, 1e-12);
	NEAR(r.ess, sum * sum / (1.6 * 1.6 + 0.16 + 4 + 2500), 1e-9);
	NEAR(r.mean_weight, 13.5, 1e-12);
	NEAR(r.max_weight, 50, 1e-12);
}

/* A policy that never does what was done: its own rewards are unknown, not nothing. */
TEST(ope_without_overlap_is_not_known)
{
	struct ope_result r = run("action,reward,pscore,pi_0,pi_1,q_0,q_1\n"
				  "0,-1,0.5,0,1,-1,-0.5\n0,-2,0.5,0,1,-1,-0.5\n");
	NEAR(r.ess, 0, 0);
	for (int k = 0; k < OPE_KINDS; k++)
		CHECK(r.est[k].known == (k == OPE_DM));
	NEAR(r.est[OPE_DM].value, -0.5, 1e-12);
}

TEST(ope_without_a_model_of_rewards)
{
	struct ope_result r = run("# no q\n0,1,0.5,0.5,0.5\n1,0,0.5,0.5,0.5\n");
	CHECK(r.est[OPE_IPS].known && r.est[OPE_SNIPS].known);
	CHECK(!r.est[OPE_DR].known && !r.est[OPE_DM].known);
	NEAR(r.est[OPE_IPS].value, 0.5, 1e-12);
}

static void refused(const char *csv, const char *word)
{
	struct ope_file f = { 0 };
	struct ope_result r;
	struct err e = { 0 };
	int rc = ope_read(sv_of(csv), 0, &f, &e);
	if (rc == 0)
		rc = ope_run(&f.log, &(struct ope_opt){ 0 }, &r, &e);
	ope_file_done(&f);
	if (rc == 0 || !strstr(e.msg, word)) {
		(void)fprintf(stderr, "%s: %s\n", csv, e.msg);
		t_fail(__FILE__, __LINE__, word);
	}
}

TEST(ope_bad_logs_are_named)
{
	refused("", "no row");
	refused("0,1,0.5,0.5,0.5\n0,1,0.5,0.5\n", "line 2: 4 columns instead of 5");
	refused("0,1,x,0.5,0.5\n", "line 1, column 3: \"x\"");
	refused("0,1,0,0.5,0.5\n", "row 1: pscore 0");
	refused("0,1,1.5,0.5,0.5\n", "row 1: pscore 1.5");
	refused("2,1,0.5,0.5,0.5\n", "action 2 is not one of 0..1");
	refused("0.5,1,0.5,0.5,0.5\n", "action 0.5");
	refused("0,1,0.5,0.5,0.4\n", "adds up to 0.9");
	refused("0,1,0.5,1.5,-0.5\n", "no probability");
	refused("0,1\n", "2 columns");
	refused("0,1,0.5,0.5,\n", "column 5: \"\"");
	refused("0,nan,0.5,0.5,0.5\n", "\"nan\" is no number");
}

/* A log of a known world: two contexts, three actions. */
struct world { double r[2][3], pb[2][3], pe[2][3]; };
static const struct world world = {
	{ { .2, .5, .8 }, { .7, .4, .1 } },
	{ { .5, .3, .2 }, { .2, .3, .5 } },
	{ { .1, .2, .7 }, { .8, .1, .1 } },
};

static void play(struct rng *r, size_t n, int *a, double *v)
{
	double *rew = v, *p = v + n, *pi = v + 2 * n, *q = v + 5 * n;
	for (size_t i = 0; i < n; i++) {
		size_t c = (size_t)rng_below(r, 2);
		double u = rng_unit(r);
		a[i] = u < world.pb[c][0] ? 0 : u < world.pb[c][0] + world.pb[c][1] ? 1 : 2;
		p[i] = world.pb[c][a[i]];
		rew[i] = rng_unit(r) < world.r[c][a[i]];
		for (size_t k = 0; k < 3; k++) {
			pi[3 * i + k] = world.pe[c][k];
			q[3 * i + k] = world.r[c][k] * 0.9 + 0.02;       /* a little wrong */
		}
	}
}

TEST(ope_intervals_hold_the_truth)
{
	enum { N = 400, RUNS = 400 };
	int a[N], in[OPE_KINDS] = { 0 };
	double *v = xalloc(sizeof(*v) * N * 8), truth = 0;
	struct rng r;
	rng_seed(&r, 7);
	for (int c = 0; c < 2; c++)
		for (int k = 0; k < 3; k++)
			truth += 0.5 * world.pe[c][k] * world.r[c][k];
	struct ope_log log = { .n = N, .actions = 3, .action = a, .reward = v, .pscore = v + N,
			       .pi = v + 2 * N, .q = v + 5 * N };
	for (int t = 0; t < RUNS; t++) {
		struct ope_result res;
		play(&r, N, a, v);
		EQ(ope_run(&log, &(struct ope_opt){ 0 }, &res, NULL), 0);
		for (int k = 0; k < OPE_KINDS; k++)
			in[k] += res.est[k].lo <= truth && truth <= res.est[k].hi;
	}
	int kinds[] = { OPE_IPS, OPE_SNIPS, OPE_DR, OPE_SNDR, OPE_SWITCH };
	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++)
		CHECK(in[kinds[i]] > RUNS * 0.92 && in[kinds[i]] < RUNS * 0.98);
	CHECK(in[OPE_DM] < RUNS / 2);        /* a wrong model has no such promise */
	struct ope_result res, boot;
	EQ(ope_run(&log, &(struct ope_opt){ 0 }, &res, NULL), 0);
	EQ(ope_run(&log, &(struct ope_opt){ .boots = 300, .seed = 3 }, &boot, NULL), 0);
	NEAR(res.est[OPE_DR].lo, boot.est[OPE_DR].lo, 0.02);
	NEAR(res.est[OPE_DR].hi, boot.est[OPE_DR].hi, 0.02);
	xfree(v);
}

TEST(ope_fixture_to_twelve_digits)
{
	static const double want[OPE_KINDS] = {
		.834704269486878, .8597126143550434, .4290817993382762, .8483957419716428,
		.8609586915919338, .8598750639593769, .8386946317524326,
	};
	const char *sets = getenv("CALLM_DATA_SETS");
	char path[512];
	struct sb b;
	struct ope_file f = { 0 };
	struct ope_result r;
	struct err e = { 0 };
	if (!sets)
		SKIP("CALLM_DATA_SETS is not set");
	(void)snprintf(path, sizeof(path), "%s/decision/obp_digits_seed0.csv", sets);
	sb_init(&b, 1 << 24);
	if (file_read(path, 1 << 24, &b, &e)) {      /* other sets, not this one */
		sb_done(&b);
		SKIP("decision is not there");
	}
	EQ(ope_read(sb_sv(&b), 0, &f, &e), 0);
	EQ(f.log.actions, 10);
	EQ(ope_run(&f.log, &(struct ope_opt){ 0 }, &r, &e), 0);
	for (int k = 0; k < OPE_KINDS; k++)
		NEAR(r.est[k].value, want[k], 1e-12);
	NEAR(r.ess, 496.3, 0.05);
	NEAR(r.est[OPE_IPS].lo, .773, .02);
	NEAR(r.est[OPE_IPS].hi, .909, .02);
	NEAR(r.est[OPE_DR].lo, .802, .01);
	NEAR(r.est[OPE_DR].hi, .895, .01);
	EQ(ope_run(&f.log, &(struct ope_opt){ .lambda = 50 }, &r, &e), 0);
	NEAR(r.est[OPE_DROS].value, .8237068701481404, 1e-12);
	ope_file_done(&f);
	sb_done(&b);
}
