/* Bandits: the kept inverse is that of the sums, choices tell their true probability, forbidden
 * arms are never taken, and each kind finds the better arm. With CALLM_DATA_SETS the digits. */
#include "policy_arms.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "t.h"

TEST(arms_ranges)
{
	CHECK(!policy_arms_new(&(struct policy_arms_opt){ .arms = 0, .dim = 2 }));
	CHECK(!policy_arms_new(&(struct policy_arms_opt){ .arms = 33, .dim = 2 }));
	CHECK(!policy_arms_new(&(struct policy_arms_opt){ .arms = 2, .dim = 2, .floor = 1.1 }));
	policy_arms_free(NULL);
}

/* theta solves (X'X + I) theta = X'r: its residual is nothing. */
TEST(arms_solve_the_ridge)
{
	enum { D = 6, N = 200 };
	double xx[D][D] = { { 0 } }, xr[D] = { 0 }, x[D], v[1], theta[D];
	struct rng r;
	struct policy_arms *b =
		policy_arms_new(&(struct policy_arms_opt){ .arms = 1, .dim = D });
	rng_seed(&r, 3);
	for (int t = 0; t < N; t++) {
		double y = 0;
		for (int i = 0; i < D; i++) {
			x[i] = rng_normal(&r);
			y += x[i] * i;
		}
		y += rng_normal(&r);
		policy_arms_learn(b, 0, x, y);
		for (int i = 0; i < D; i++) {
			xr[i] += y * x[i];
			for (int j = 0; j < D; j++)
				xx[i][j] += x[i] * x[j];
		}
	}
	policy_arms_learn(b, 0, x, NAN);     /* nothing */
	EQ(policy_arms_seen(b, 0), N);
	for (int i = 0; i < D; i++) {
		double e[D] = { 0 };
		e[i] = 1;
		policy_arms_value(b, e, v);
		theta[i] = v[0];
	}
	for (int i = 0; i < D; i++) {
		double left = theta[i] - xr[i];
		for (int j = 0; j < D; j++)
			left += xx[i][j] * theta[j];
		NEAR(left, 0, 1e-8);
	}
	policy_arms_free(b);
}

static int best_for(const double *x)
{
	return x[1] > 0 ? 1 : 0;
}

/* Share of the last thousand choices that were right, and whether the propensities told were
 * those used: the sum of 1/p over the choices is the number of steps times the arms. */
static double plays(enum policy_arms_kind kind, double keep, double *ret_weight)
{
	struct rng r;
	struct policy_pick pick;
	int right = 0, steps = 4000;
	double weight = 0;
	struct policy_arms *b = policy_arms_new(&(struct policy_arms_opt){
		.arms = 3, .dim = 2, .kind = kind, .floor = 0.05, .keep = keep });
	rng_seed(&r, 11);
	for (int t = 0; t < steps; t++) {
		double x[2] = { 1, rng_normal(&r) };
		policy_arms_choose(b, x, 3, &r, &pick);
		if (pick.arm > 1 || pick.p[2] > 0)
			return -1;
		weight += 1 / pick.p[pick.arm];
		double good = pick.arm == best_for(x) ? 0.8 : 0.2;
		policy_arms_learn(b, pick.arm, x, rng_unit(&r) < good);
		right += t >= steps - 1000 && pick.arm == best_for(x);
	}
	policy_arms_free(b);
	*ret_weight = weight / steps / 2;
	return right / 1000.0;
}

TEST(arms_find_the_better_one)
{
	enum policy_arms_kind kinds[] = { ARMS_LINUCB, ARMS_THOMPSON, ARMS_GREEDY };
	for (int i = 0; i < 3; i++) {
		double w, share = plays(kinds[i], 1, &w);
		CHECK(share > 0.88);
		NEAR(w, 1, 0.12);
		share = plays(kinds[i], 0.999, &w);
		CHECK(share > 0.85);
	}
}

TEST(arms_keep_through_json)
{
	struct rng r;
	struct sb s, again;
	struct policy_arms *b = policy_arms_new(&(struct policy_arms_opt){
		.arms = 2, .dim = 3, .kind = ARMS_THOMPSON, .floor = 0.1 }), *c = NULL;
	rng_seed(&r, 5);
	for (int t = 0; t < 50; t++) {
		double x[3] = { 1, rng_normal(&r), rng_normal(&r) };
		policy_arms_learn(b, t & 1, x, x[1]);
	}
	sb_init(&s, 1 << 20);
	sb_init(&again, 1 << 20);
	EQ(policy_arms_json(b, &s), 0);
	jv *t = jv_parse(sb_sv(&s), NULL);
	EQ(policy_arms_load(t, &c), 0);
	EQ(policy_arms_json(c, &again), 0);
	STR_EQ(sb_str(&s), sb_str(&again));
	jv_set_int(t, "dim", 4);
	struct policy_arms *none = NULL;
	EQ(policy_arms_load(t, &none), ERR_INVAL);
	CHECK(!none);
	jv_free(t);
	sb_done(&s);
	sb_done(&again);
	policy_arms_free(b);
	policy_arms_free(c);
}

/* ---- digits: 64 pixels, ten arms, the reward is 1 for the right digit ---- */

struct digits { double (*x)[65]; int *label; size_t n; };

static bool digits_load(struct digits *d)
{
	const char *sets = getenv("CALLM_DATA_SETS");
	char path[512];
	struct sb b;
	sv line, head, text;
	if (!sets)
		return false;
	(void)snprintf(path, sizeof(path), "%s/decision/digits.csv", sets);
	sb_init(&b, 1 << 22);
	if (file_read(path, 1 << 22, &b, NULL)) {    /* other sets, not this one */
		sb_done(&b);
		return false;
	}
	d->x = xalloc(sizeof(*d->x) * 2000);
	d->label = xalloc(sizeof(int) * 2000);
	for (text = sb_sv(&b); d->n < 2000 && sv_line(&text, &line); d->n++) {
		double v = 0;
		for (int i = -1; i < 64; i++) {
			if (!sv_cut(&line, ',', &head))
				head = line;
			(void)sv_f64(head, &v);
			if (i < 0)
				d->label[d->n] = (int)v;
			else
				d->x[d->n][i] = v / 16;
		}
		d->x[d->n][64] = 1;
	}
	sb_done(&b);
	return true;
}

static double online(const struct digits *d, enum policy_arms_kind kind, double alpha, double floor,
		     double *ret_s)
{
	struct rng r;
	struct policy_pick pick;
	double sum = 0;
	clock_t t0 = clock();
	struct policy_arms *b = policy_arms_new(&(struct policy_arms_opt){
		.arms = 10, .dim = 65, .kind = kind, .alpha = alpha, .floor = floor });
	rng_seed(&r, 12345);
	for (int pass = 0; pass < 2; pass++) {
		for (size_t i = 0; i < d->n; i++) {
			policy_arms_choose(b, d->x[i], 1023, &r, &pick);
			double won = pick.arm == d->label[i];
			policy_arms_learn(b, pick.arm, d->x[i], won);
			sum += won;
		}
	}
	policy_arms_free(b);
	*ret_s = (double)(clock() - t0) / CLOCKS_PER_SEC;
	return sum / (double)(2 * d->n);
}

TEST(arms_digits)
{
	struct digits d = { 0 };
	double s[3];
	if (!digits_load(&d))
		SKIP("decision/digits.csv is not there");
	double ucb = online(&d, ARMS_LINUCB, 0.3, 0, &s[0]);
	double ts = online(&d, ARMS_THOMPSON, 0.1, 0, &s[1]);
	double greedy = online(&d, ARMS_GREEDY, 0, 0.02, &s[2]);
	(void)fprintf(stderr, "# digits: linucb %.4f in %.2f s, thompson %.4f in %.2f s, "
		      "greedy %.4f in %.2f s\n", ucb, s[0], ts, s[1], greedy, s[2]);
	CHECK(ucb >= 0.912 && ts >= 0.912);
	xfree(d.x);
	xfree(d.label);
}
