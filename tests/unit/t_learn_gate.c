/* t_learn_gate.c: the gate of the night school by hand-made rows, and how often luck passes it. */
#include "learn_night.h"
#include "t.h"

enum { ROWS = 200 };

/* Rows of conversations of two turns; the first `up` conversations gain a turn, the next `down`
 * lose one. */
static void make(struct learn_pair *v, size_t n, size_t up, size_t down)
{
	for (size_t i = 0; i < n; i++) {
		size_t g = i / 2;
		bool first = i % 2 == 0;
		v[i] = (struct learn_pair){ .group = (uint32_t)g, .label = (uint16_t)(i % 4),
					    .old_right = true, .new_right = true };
		if (first && g < up)
			v[i].old_right = false;
		else if (first && g < up + down)
			v[i].new_right = false;
		v[i].gain = (double)v[i].new_right - v[i].old_right;
	}
}

static const char *verdict(size_t up, size_t down, struct learn_verdict *r)
{
	struct learn_pair v[ROWS];
	make(v, ROWS, up, down);
	learn_gate(v, ROWS, v, ROWS, 0.9, r);
	return r->why;
}

TEST(learn_gate_wants_certainty)
{
	struct learn_verdict r;
	STR_EQ(verdict(0, 0, &r), "no_better");
	EQ(r.groups, 100);
	NEAR(r.sign_p, 1, 1e-9);
	STR_EQ(verdict(3, 0, &r), "not_certain"); /* the bound says so, three are too few */
	CHECK(r.lower > 0 && r.sign_p > 0.05);
	STR_EQ(verdict(5, 0, &r), "better");
	NEAR(r.diff, 5.0 / ROWS, 1e-12);
	NEAR(r.sign_p, 1.0 / 32, 1e-9);
	STR_EQ(verdict(12, 9, &r), "not_certain");
	STR_EQ(verdict(9, 12, &r), "no_better");
	STR_EQ(verdict(30, 10, &r), "better");
}

TEST(learn_gate_guards_each_intent_and_scope)
{
	struct learn_pair v[ROWS], guard[40];
	struct learn_verdict r;
	make(v, ROWS, 40, 0);
	make(guard, 40, 0, 0);
	for (size_t i = 0; i < 12; i += 4)       /* three of ten rows of label 0 */
		guard[i].new_right = false;
	learn_gate(v, ROWS, guard, 40, 0, &r);
	STR_EQ(r.why, "lost_intent");
	EQ(r.label, 0);
	learn_gate(v, ROWS, guard, 40, 0.35, &r);
	STR_EQ(r.why, "better");
	make(guard, 40, 0, 0);
	for (size_t i = 0; i < 3; i++)
		guard[i].new_oos = true;         /* in scope, called out of it */
	learn_gate(v, ROWS, guard, 40, 0, &r);
	STR_EQ(r.why, "scope");
	for (size_t i = 0; i < 3; i++)
		guard[i].old_oos = true;         /* the old one does so as well */
	learn_gate(v, ROWS, guard, 40, 0, &r);
	STR_EQ(r.why, "better");
	for (size_t i = 0; i < 20; i++)
		guard[i] = (struct learn_pair){ .group = (uint32_t)i, .label = 9, .oos = true,
						.old_oos = true, .old_right = true,
						.new_oos = i > 2, .new_right = true };
	learn_gate(v, ROWS, guard, 40, 0.5, &r);
	STR_EQ(r.why, "scope");
}

/* Two equal models that differ by luck: promoted in at most one night of twenty. */
TEST(learn_gate_luck_passes_seldom)
{
	struct learn_pair v[ROWS];
	struct learn_verdict r;
	struct rng rng;
	int passed = 0;
	rng_seed(&rng, 5);
	for (int night = 0; night < 2000; night++) {
		for (size_t i = 0; i < ROWS; i++) {
			/* turns of a conversation go the same way */
			uint64_t luck = i % 4 ? 9 : rng_below(&rng, 10);
			double gain = luck == 0 ? 1 : luck == 1 ? -1 : 0;
			v[i] = (struct learn_pair){ .group = (uint32_t)(i / 4), .gain = gain };
			if (i % 4)
				v[i].gain = v[i - i % 4].gain;
		}
		learn_gate(v, ROWS, v, ROWS, 1, &r);
		passed += strcmp(r.why, "better") == 0;
	}
	CHECK(passed > 0 && passed <= 100);
}
