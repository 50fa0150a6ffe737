/* Roll-outs: bounds that hold at every look, nothing promoted that is no better, what is worse
 * taken back, and the way through the stages. CALLM_ROLLS: so many runs of each (1000). */
#include "policy_roll.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "t.h"

static int runs(void)
{
	const char *s = getenv("CALLM_ROLLS");
	return s ? (int)strtol(s, NULL, 10) : 60;
}

TEST(roll_bounds_hold_at_every_look)
{
	int missed = 0, n = 200;
	double width = 0;
	struct rng r;
	rng_seed(&r, 1);
	for (int i = 0; i < n; i++) {
		struct roll_seq s = { 0 };
		bool out = false;
		for (int t = 0; t < 1500; t++) {
			roll_seq_add(&s, rng_unit(&r) < 0.3, 0.05);
			out = out || roll_seq_lo(&s, 0.05) > 0.3 || roll_seq_hi(&s, 0.05) < 0.3;
		}
		missed += out;
		width += roll_seq_hi(&s, 0.05) - roll_seq_lo(&s, 0.05);
	}
	CHECK(missed <= 0.1 * n);            /* two sides of 5 % each */
	CHECK(width / n < 0.13);             /* and say something */
}

struct how { double good[2], guard[2]; int64_t customers; };

/* One roll-out to its end or until the customers are over; *first is when 100 % came. */
static enum roll_stage run(const struct how *h, uint64_t seed, bool *promoted)
{
	struct roll_opt o = { 0 };
	struct policy_roll r = { 0 };
	struct rng rng;
	const char *why;
	rng_seed(&rng, seed);
	policy_roll_defaults(&o);
	o.most = h->customers;
	*promoted = false;
	for (int64_t t = 0; t < h->customers && !policy_roll_over(r.stage); t++) {
		int arm = rng_unit(&rng) < policy_roll_share(r.stage, &o);
		double good = rng_unit(&rng) < h->good[arm];
		double guard[ROLL_GUARDS] = { rng_unit(&rng) < h->guard[arm], 0 };
		policy_roll_see(&r, &o, arm, good, guard);
		(void)policy_roll_judge(&r, &o, &why);
		*promoted = *promoted || r.stage == ROLL_100;
	}
	return r.stage;
}

TEST(roll_no_better_is_not_promoted)
{
	struct how h = { { .7, .7 }, { .1, .1 }, 12000 };
	int n = runs(), wrong = 0;
	for (int i = 0; i < n; i++) {
		bool promoted;
		(void)run(&h, (uint64_t)i + 1, &promoted);
		wrong += promoted;
	}
	(void)fprintf(stderr, "# A/A: %d of %d promoted\n", wrong, n);
	CHECK(wrong <= 0.05 * n);
}

TEST(roll_worse_is_taken_back)
{
	struct how h = { { .7, .55 }, { .1, .1 }, 20000 };
	int n = runs(), back = 0, up = 0;
	for (int i = 0; i < n; i++) {
		bool promoted;
		enum roll_stage s = run(&h, (uint64_t)i + 7001, &promoted);
		back += s == ROLL_BACK;
		up += promoted;
	}
	(void)fprintf(stderr, "# worse: %d of %d taken back, %d promoted\n", back, n, up);
	CHECK(back >= 0.99 * n);
	EQ(up, 0);
	h = (struct how){ { .7, .75 }, { .05, .2 }, 20000 };     /* better, but a guard is worse */
	for (int i = 0; i < n / 4; i++) {
		bool promoted;
		CHECK(run(&h, (uint64_t)i + 91, &promoted) == ROLL_BACK && !promoted);
	}
}

TEST(roll_better_gets_all_but_the_control)
{
	struct how h = { { .6, .72 }, { .1, .1 }, 30000 };
	struct roll_opt o = { 0 };
	int n = runs() / 4, up = 0;
	for (int i = 0; i < n; i++) {
		bool promoted;
		up += run(&h, (uint64_t)i + 301, &promoted) == ROLL_100;
	}
	CHECK(up >= 0.9 * n);
	policy_roll_defaults(&o);
	NEAR(policy_roll_share(ROLL_100, &o), 0.95, 1e-12);
	NEAR(policy_roll_share(ROLL_SHADOW, &o), 0, 1e-12);
	NEAR(policy_roll_share(ROLL_BACK, &o), 0, 1e-12);
}

/* It turns bad after it was promoted: taken back from there. */
TEST(roll_taken_back_from_all)
{
	struct roll_opt o = { 0 };
	struct policy_roll r = { .stage = ROLL_100 };
	struct rng rng;
	const char *why = "";
	double none[ROLL_GUARDS] = { 0 };
	int64_t t = 0;
	rng_seed(&rng, 4);
	policy_roll_defaults(&o);
	for (; t < 20000 && r.stage == ROLL_100; t++) {
		int arm = rng_unit(&rng) < policy_roll_share(r.stage, &o);
		policy_roll_see(&r, &o, arm, rng_unit(&rng) < (arm ? .5 : .7), none);
		(void)policy_roll_judge(&r, &o, &why);
	}
	EQ(r.stage, ROLL_BACK);
	CHECK(t < 8000);
	STR_EQ(why, "worse");
	policy_roll_see(&r, &o, 1, 1, none);
	EQ(r.seen[1], 0);
	CHECK(!policy_roll_judge(&r, &o, &why));
}

TEST(roll_wrong_shares_end_it)
{
	struct roll_opt o = { 0 };
	struct policy_roll r = { .stage = ROLL_5 };
	const char *why = "";
	double none[ROLL_GUARDS] = { 0 };
	policy_roll_defaults(&o);
	for (int t = 0; t < 1000; t++)       /* 9 % instead of 5 */
		policy_roll_see(&r, &o, t % 11 == 0, t % 3 == 0, none);
	o.least = 1000;
	CHECK(policy_roll_judge(&r, &o, &why));
	EQ(r.stage, ROLL_BACK);
	STR_EQ(why, "shares_differ");
}

TEST(roll_goes_on_from_paper)
{
	struct roll_opt o = { 0 };
	struct policy_roll r = { .stage = ROLL_25 }, again;
	double guard[ROLL_GUARDS] = { 1, 0 };
	policy_roll_defaults(&o);
	for (int t = 0; t < 100; t++)
		policy_roll_see(&r, &o, t & 1, t % 3 == 0, guard);
	jv *x = jv_obj();
	policy_roll_json(&r, &o, x);
	CHECK(policy_roll_load(x, &again));
	EQ(again.stage, ROLL_25);
	EQ(again.seen[1], 50);
	NEAR(roll_seq_hi(&again.reward[1], .01), roll_seq_hi(&r.reward[1], .01), 1e-12);
	NEAR(roll_seq_lo(&again.guard[0][0], .01), roll_seq_lo(&r.guard[0][0], .01), 1e-12);
	jv_set_str(x, "stage", SV("7"));
	CHECK(!policy_roll_load(x, &again));
	jv_free(x);
}
