/* Erlang's formulas against published cases, their limits, and each other. */
#include <math.h>
#include "t.h"
#include "ins_staff.h"

static struct ins_load hundred(void)
{
	return (struct ins_load){ .calls = 100, .interval_s = 1800, .aht_s = 180, .within_s = 20,
				  .goal = 0.8 };
}

/* pyworkforce's documentation: 100 calls in 30 minutes, 3 minutes each, 80/20, shrinkage 30 %. */
TEST(insight_erlang_c_published)
{
	struct ins_load l = hundred();
	struct ins_staffing s;
	l.shrinkage = 0.3;
	OK(ins_staff_need(&l, &s, NULL));
	EQ(s.agents, 14);
	EQ(s.scheduled, 20);
	NEAR(s.service_level, 0.88835, 5e-6);
	NEAR(s.occupancy, 0.71429, 5e-6);
	NEAR(s.p_wait, 0.174132, 5e-7);
	NEAR(s.asa_s, 7.84, 5e-3);
}

/* The same with callers who wait 5 minutes on average. */
TEST(insight_erlang_a_published)
{
	struct ins_load l = hundred();
	struct ins_staffing s;
	l.patience_s = 300;
	OK(ins_staff_need(&l, &s, NULL));
	EQ(s.agents, 13);
	NEAR(s.service_level, 0.858178, 5e-7);
	NEAR(s.occupancy, 0.750028, 5e-7);
	NEAR(s.p_abandon, 0.024963, 5e-7);
	NEAR(s.p_wait, 0.225797, 5e-7);
	NEAR(s.asa_s / 60, 0.124817, 5e-7);
}

/* Garnett, Mandelbaum, Reiman 2002: 48 calls a minute of a minute, 50 agents, patience 2 min. */
TEST(insight_erlang_garnett)
{
	struct ins_load l = { .calls = 48, .interval_s = 60, .aht_s = 60, .patience_s = 120 };
	struct ins_staffing s;
	OK(ins_staff_at(&l, 50, &s, NULL));
	NEAR(s.p_abandon, 0.0309, 5e-5);
	NEAR(s.asa_s, 3.71, 5e-3);
	NEAR(s.queue, 2.97, 5e-3);
	NEAR(s.occupancy, 0.930, 5e-4);
	l.patience_s = 0;
	OK(ins_staff_at(&l, 50, &s, NULL));
	NEAR(s.asa_s, 20.83, 5e-3);
	NEAR(s.queue, 16.67, 5e-3);
	NEAR(s.occupancy, 0.96, 1e-12);
}

/* Agents for 80/20 at 180 s and at 300 s, by calls in 30 minutes. */
TEST(insight_erlang_table)
{
	static const int row[][3] = { { 20, 4, 6 },	  { 60, 9, 14 },     { 100, 14, 21 },
				      { 200, 24, 39 },	  { 360, 41, 67 },   { 500, 56, 91 },
				      { 1000, 107, 176 }, { 2000, 208, 345 }, { 5000, 510, 848 } };
	for (size_t i = 0; i < sizeof(row) / sizeof(*row); i++)
		for (int k = 0; k < 2; k++) {
			struct ins_load l = hundred();
			struct ins_staffing s;
			l.calls = row[i][0];
			l.aht_s = k ? 300 : 180;
			OK(ins_staff_need(&l, &s, NULL));
			EQ(s.agents, row[i][1 + k]);
		}
	/* 200 of 300 s: 82.59 %, 13.45 s; 20 of 240 s: 5, 86.69 %; 500 in 15 min, 90/10: 147 */
	struct ins_load a = { 200, 1800, 300, 0, 20, 0.8, 0, 0, 0 };
	struct ins_load b = { 20, 1800, 240, 0, 20, 0.8, 0, 0, 0 };
	struct ins_load c = { 500, 900, 240, 0, 10, 0.9, 0, 0, 0 };
	struct ins_staffing s;
	OK(ins_staff_need(&a, &s, NULL));
	NEAR(s.service_level, 0.8259, 5e-5);
	NEAR(s.asa_s, 13.45, 5e-3);
	OK(ins_staff_need(&b, &s, NULL));
	EQ(s.agents, 5);
	NEAR(s.service_level, 0.8669, 5e-5);
	OK(ins_staff_need(&c, &s, NULL));
	EQ(s.agents, 147);
	NEAR(s.service_level, 0.9034, 5e-5);
}

/* Patience without end is Erlang C; patience of a service is a Poisson tail; none is Erlang B. */
TEST(insight_erlang_limits)
{
	struct ins_load l = hundred();
	struct ins_staffing a, c;
	NEAR(ins_erlang_b(25, 30), 0.052603, 5e-7);
	NEAR(ins_erlang_c(100, 107), 0.3835, 5e-5);
	NEAR(ins_erlang_c(2500 / 3.0, 848), 0.5025, 5e-5);
	OK(ins_staff_at(&l, 14, &c, NULL));
	l.patience_s = 2e6;
	OK(ins_staff_at(&l, 14, &a, NULL));
	NEAR(a.service_level, c.service_level, 1e-4);
	NEAR(a.p_wait, c.p_wait, 1e-4);
	l.patience_s = l.aht_s;
	OK(ins_staff_at(&l, 14, &a, NULL));
	double tail = 1, term = exp(-10);
	for (int i = 0; i < 14; i++) {
		tail -= term;
		term *= 10.0 / (i + 1);
	}
	NEAR(a.p_wait, tail, 1e-12);
	l.patience_s = 1e-6;
	OK(ins_staff_at(&l, 14, &a, NULL));
	NEAR(a.p_abandon, ins_erlang_b(10, 14), 1e-6);
}

static bool sound(const struct ins_staffing *s)
{
	const double v[] = { s->service_level, s->p_wait, s->p_abandon, s->occupancy };
	for (int i = 0; i < 4; i++)
		if (!(v[i] >= 0 && v[i] <= 1 + 1e-9))
			return false;
	return isfinite(s->asa_s) && isfinite(s->queue) && s->queue >= 0;
}

/* Nights with a crowd on duty, and days on which nearly everybody gives up. */
TEST(insight_erlang_a_at_its_ends)
{
	static const struct { struct ins_load l; int agents; double level, abandon; } row[] = {
		{ { .5, 1800, 180, 60, 20, .8, 0, 0, 1 }, 130, 1, 0 },
		{ { 3, 1800, 600, 60, 20, .8, 0, 0, 5 }, 40, 1, 0 },
		{ { 3000, 1800, 300, 600, 20, .8, 0, 0, 1 }, 1, 0, 1 - 1 / 500. },
		{ { 100000, 1800, 300, 86400, 20, .8, 0, 0, 1 }, 5000, 0, .7 },
		{ { 1e7, 1, 86400, 86400 * 31., 20, .8, 0, 0, 1 }, 1, 0, 1 },
		/* half leave; all who stay are served within the patience of ten */
		{ { 2000, 1000, 100, 60, 600, .8, 0, 0, 1 }, 100, .5, .5 },
	};
	for (size_t i = 0; i < sizeof(row) / sizeof(*row); i++) {
		struct ins_staffing s;
		OK(ins_staff_at(&row[i].l, row[i].agents, &s, NULL));
		CHECK(sound(&s));
		NEAR(s.service_level, row[i].level, 2e-3);
		NEAR(s.p_abandon, row[i].abandon, 2e-3);
	}
	/* the exact sums and the flow meet where one hands over to the other */
	struct ins_load l = { 20000, 1800, 300, 1800, 20, .8, 0, 0, 1 };
	struct ins_staffing s;
	OK(ins_staff_at(&l, 1000, &s, NULL));
	NEAR(s.p_abandon, 1 - 1000 / (20000 / 6.), 1e-6);
	NEAR(s.queue, (20000 / 1800. - 1000 / 300.) * 1800, 1e-3);
	l.patience_s = 3600;
	OK(ins_staff_need(&l, &s, NULL));
	CHECK(sound(&s) && s.service_level >= .8 && s.agents > 2600 && s.agents < 3400);
	int need = s.agents;
	OK(ins_staff_at(&l, need - 1, &s, NULL));
	CHECK(s.service_level < .8);
}

TEST(insight_beta_by_hand)
{
	NEAR(ins_beta_inc(1, 1, 0.3), 0.3, 1e-15);
	NEAR(ins_beta_inc(2, 3, 0.5), 0.6875, 1e-14);  /* 11/16 */
	NEAR(ins_beta_inc(3, 0.5, 0.2) + ins_beta_inc(0.5, 3, 0.8), 1, 1e-14);
	NEAR(ins_beta_inc(1, 40.5, 0.1), 1 - pow(0.9, 40.5), 1e-14);
	EQ(ins_beta_inc(2, 3, 0) == 0 && ins_beta_inc(2, 3, 1) == 1, 1);
}

/* Three chats at once: as many servers; fewer people, not a third of the figures. */
TEST(insight_staff_of_chats_and_limits)
{
	struct ins_load l = hundred(), chat = hundred();
	struct ins_staffing s, three;
	chat.concurrency = 3;
	OK(ins_staff_need(&chat, &three, NULL));
	EQ(three.agents, 5);
	OK(ins_staff_at(&l, 15, &s, NULL));
	NEAR(three.service_level, s.service_level, 1e-12);
	l.occupancy_max = 0.6;
	OK(ins_staff_need(&l, &s, NULL));
	EQ(s.agents, 17);
	l = hundred();
	l.calls = 0;
	OK(ins_staff_need(&l, &s, NULL));
	EQ(s.agents, 0);
	l = hundred();
	OK(ins_staff_at(&l, 9, &s, NULL));
	CHECK(isinf(s.asa_s) && s.service_level == 0);
}

TEST(insight_staff_says_what_is_wrong)
{
	struct ins_load l = hundred();
	struct ins_staffing s = { .agents = -7 };
	struct err e;
	l.shrinkage = 1;
	EQ(ins_staff_need(&l, &s, &e), ERR_INVAL);
	HAS(sv_of(e.msg), "shrinkage is 1; it must be 0 to 0.95");
	l = hundred();
	l.aht_s = NAN;
	EQ(ins_staff_at(&l, 3, &s, &e), ERR_INVAL);
	HAS(sv_of(e.msg), "aht");
	l = hundred();
	EQ(ins_staff_at(&l, -1, &s, &e), ERR_INVAL);
	l.calls = 1e7, l.aht_s = 86400;
	EQ(ins_staff_need(&l, &s, &e), ERR_RANGE);
	EQ(s.agents, -7);
}
