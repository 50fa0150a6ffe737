/* Agents for customers: shares are shrunk by what chance explains, load has its price, and what is
 * unknown is nobody's fault. */
#include "policy_match.h"

#include <math.h>
#include <stdio.h>

#include "t.h"

static void outcomes(struct policy_match *m, int a, int k, int good, int bad)
{
	for (int i = 0; i < good + bad; i++)
		policy_match_outcome(m, a, k, i < good);
}

TEST(match_alike_agents_do_not_stand_out)
{
	struct policy_match *m = policy_match_new(0, true);
	int k = policy_match_kind(m, SV("refunds"));
	int64_t n;
	struct rng r;
	rng_seed(&r, 2);
	for (int i = 0; i < 12; i++) {
		char name[16];
		(void)snprintf(name, sizeof(name), "a%d", i);
		int a = policy_match_agent(m, sv_of(name));
		for (int t = 0; t < 30; t++)
			policy_match_outcome(m, a, k, rng_unit(&r) < 0.7);
	}
	/* by chance alone shares of 30 calls differ by 0.08 */
	for (int a = 0; a < 12; a++)
		NEAR(policy_match_share(m, a, k, &n), 0.7, 0.09);
	EQ(n, 30);
	policy_match_free(m);
	policy_match_free(NULL);
}

TEST(match_better_ones_are_found)
{
	struct policy_match *m = policy_match_new(0, true);
	int a = policy_match_agent(m, SV("a")), b = policy_match_agent(m, SV("b")),
	    c = policy_match_agent(m, SV("c")), x = policy_match_kind(m, SV("x")),
	    y = policy_match_kind(m, SV("y"));
	struct rng r;
	int64_t n;
	rng_seed(&r, 1);
	EQ(policy_match_agent(m, SV("a")), a);
	EQ(policy_match_agent(m, SV("")), -1);
	outcomes(m, a, x, 80, 20);
	outcomes(m, b, x, 40, 60);
	outcomes(m, c, x, 60, 40);
	outcomes(m, a, y, 50, 50);
	outcomes(m, b, y, 50, 50);
	outcomes(m, c, y, 50, 50);
	CHECK(policy_match_score(m, a, x, &r) > policy_match_score(m, c, x, &r));
	CHECK(policy_match_score(m, c, x, &r) > policy_match_score(m, b, x, &r));
	CHECK(policy_match_fit(m, a, x) > 0.1 && policy_match_fit(m, b, x) < -0.1);
	/* for y all are alike: who is worth more elsewhere is kept for it */
	CHECK(policy_match_score(m, b, y, &r) > policy_match_score(m, a, y, &r));
	double before = policy_match_share(m, a, x, &n);
	for (int i = 0; i < 30; i++)
		policy_match_undo(m, a, x);
	CHECK(policy_match_share(m, a, x, &n) < before - 0.2);
	EQ(n, 100);
	/* nobody of that number */
	policy_match_outcome(m, 99, x, true);
	policy_match_undo(m, -1, -1);
	policy_match_stint(m, 99, 1, 1);
	NEAR(policy_match_load(m, 99), 1, 1e-12);
	policy_match_free(m);
}

TEST(match_load_has_its_price)
{
	struct policy_match *m = policy_match_new(0, true);
	int a = policy_match_agent(m, SV("a")), b = policy_match_agent(m, SV("b")),
	    k = policy_match_kind(m, SV("k"));
	struct rng r;
	rng_seed(&r, 1);
	NEAR(policy_match_load(m, a), 1, 1e-12);
	for (int i = 0; i < 50; i++) {
		policy_match_stint(m, a, 10, 90);
		policy_match_stint(m, b, 50, 50);
	}
	NEAR(policy_match_load(m, a), 0.9 / 0.7, 1e-6);
	NEAR(policy_match_load(m, b), 0.5 / 0.7, 1e-6);
	CHECK(policy_match_score(m, b, k, &r) > policy_match_score(m, a, k, &r) + 0.2);
	policy_match_stint(m, a, -1, 5);     /* nonsense changes nothing */
	policy_match_stint(m, a, 5, 0);
	NEAR(policy_match_load(m, a), 0.9 / 0.7, 1e-6);
	policy_match_free(m);
}
