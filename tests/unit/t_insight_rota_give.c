/* Rosters of people, what needs no store: who gets a shift, who kept to a day. */
#include "ins_rota.h"
#include "t_insight_help.h"

/* ---- who gets it ---- */

TEST(insight_rota_gives_by_chains)
{
	/* Only the first can do the late shift; the early one was given to them first. */
	const struct ins_post post[] = { { 480, 960, 450 }, { 720, 1200, 450 } };
	const struct ins_taker p[] = { { 100, 0, 1440, true }, { 900, 0, 1000, true },
				       { 0, 0, 1440, false } };
	int who[2];
	EQ(ins_give(post, 2, p, 3, who), 2);
	EQ(who[0], 1);
	EQ(who[1], 0);
	EQ(ins_give(post, 0, p, 3, who), 0);
	EQ(ins_give(post, 2, p, 0, who), 0);
	EQ(who[1], -1);
}

TEST(insight_rota_gives_evenly)
{
	/* The long shift to who has least, the short one to who has most; the third is free. */
	const struct ins_post post[] = { { 480, 720, 240 }, { 480, 1020, 510 } };
	const struct ins_taker p[] = { { 3000, 0, 1440, true }, { 9000, 0, 1440, true },
				       { 4000, 0, 1440, true } };
	int who[2];
	EQ(ins_give(post, 2, p, 3, who), 2);
	EQ(who[1], 0);
	EQ(who[0], 2);
	/* Rest from the day before: not before ten. */
	const struct ins_taker late[] = { { 0, 600, 1440, true }, { 9000, 0, 1440, true } };
	EQ(ins_give(post, 1, late, 2, who), 1);
	EQ(who[0], 1);
}

static bool can(const struct ins_post *s, const struct ins_taker *p)
{
	return p->able && s->from_min >= p->earliest && s->to_min <= p->latest;
}

/* The most shifts that can be given at all: every way is tried. */
static int most(const struct ins_post *s, int n, const struct ins_taker *p, int m, unsigned used)
{
	if (n == 0)
		return 0;
	int best = most(s + 1, n - 1, p, m, used);
	for (int k = 0; k < m; k++)
		if (!(used & 1u << k) && can(s, &p[k])) {
			int got = 1 + most(s + 1, n - 1, p, m, used | 1u << k);
			best = got > best ? got : best;
		}
	return best;
}

static double spread(const struct ins_post *s, const struct ins_taker *p, int m, const int *who,
		     int n)
{
	double sum = 0;
	for (int k = 0; k < m; k++) {
		double v = p[k].minutes;
		for (int i = 0; i < n; i++)
			v += who[i] == k ? s[i].work_min : 0;
		sum += v * v;
	}
	return sum;
}

/* No exchange of two makes it more even. */
static bool settled(const struct ins_post *s, const struct ins_taker *p, int m, int *who, int n)
{
	double now = spread(s, p, m, who, n);
	for (int i = 0; i < n; i++)
		for (int j = 0; j < n; j++) {
			if (who[i] < 0 || who[j] < 0 || !can(&s[i], &p[who[j]]) ||
			    !can(&s[j], &p[who[i]]))
				continue;
			int a = who[i], b = who[j];
			who[i] = b;
			who[j] = a;
			bool better = spread(s, p, m, who, n) < now - 0.5;
			who[i] = a;
			who[j] = b;
			if (better)
				return false;
		}
	return true;
}

TEST(insight_rota_gives_as_many_as_there_can_be)
{
	struct rng rng;
	rng_seed(&rng, 7);
	for (int round = 0; round < 300; round++) {
		struct ins_post s[6];
		struct ins_taker p[6];
		int who[6], n = 1 + (int)rng_below(&rng, 6), m = 1 + (int)rng_below(&rng, 6);
		for (int i = 0; i < n; i++) {
			s[i].from_min = 360 + 60 * (int)rng_below(&rng, 8);
			s[i].work_min = 240 + 60 * (int)rng_below(&rng, 5);
			s[i].to_min = s[i].from_min + s[i].work_min;
		}
		for (int k = 0; k < m; k++)
			p[k] = (struct ins_taker){ (int)rng_below(&rng, 9000),
						   60 * (int)rng_below(&rng, 10),
						   1440 - 60 * (int)rng_below(&rng, 9),
						   rng_below(&rng, 5) != 0 };
		EQ((int)ins_give(s, (size_t)n, p, (size_t)m, who), most(s, n, p, m, 0));
		for (int i = 0; i < n; i++) {
			CHECK(who[i] < 0 || can(&s[i], &p[who[i]]));
			for (int j = 0; j < i; j++)
				CHECK(who[i] < 0 || who[i] != who[j]);
		}
		CHECK(settled(s, p, m, who, n));
	}
}

TEST(insight_rota_gives_to_many)
{
	enum { N = 200, M = 300 };
	struct ins_post *s = xalloc(N * sizeof(*s));
	struct ins_taker *p = xalloc(M * sizeof(*p));
	int *who = xalloc(N * sizeof(*who)), most_given = 0, least_left = 1000000;
	bool given[M] = { false };
	for (int i = 0; i < N; i++)
		s[i] = (struct ins_post){ 480, 1020, 510 };
	for (int k = 0; k < M; k++)
		p[k] = (struct ins_taker){ 7919 * k % 10000, 0, 1440, true };
	EQ((int)ins_give(s, N, p, M, who), N);
	for (int i = 0; i < N; i++)
		given[who[i]] = true;
	for (int k = 0; k < M; k++) {
		int v = p[k].minutes;
		most_given = given[k] && v > most_given ? v : most_given;
		least_left = !given[k] && v < least_left ? v : least_left;
	}
	xfree(s);
	xfree(p);
	xfree(who);
	CHECK(most_given <= least_left);     /* those with the least get them */
}

/* ---- who kept to it ---- */

/* A day of letters: "w4p1w3" from `at` on, a digit is how many hours. */
static void lay(unsigned char *day, int at, const char *hours)
{
	memset(day, 0, INS_DAY_MIN);
	for (int m = at * 60; *hours; hours += 2) {
		int n = (hours[1] - '0') * 60;
		memset(day + m, hours[0] == 'w' ? 1 : hours[0] == 'p' ? 2 : 0, (size_t)n);
		m += n;
	}
}

TEST(insight_rota_kept_of_a_day)
{
	static const struct {
		const char *plan, *done;
		int plan_at, done_at, until;
		struct ins_kept is;
	} row[] = {
		/* over: as planned, late, away, early, never */
		{ "w4p1w4", "w4p1w4", 8, 8, 1440, { 540, 540, 480, 480, 0, 0, 0 } },
		{ "w4p1w4", "w3p1w4", 8, 9, 1440, { 540, 480, 480, 420, 60, 0, 0 } },
		{ "w4p1w4", "w2o1w1p1w3", 8, 8, 1440, { 540, 420, 480, 360, 0, 60, 60 } },
		{ "w4p1w4", "", 8, 8, 1440, { 540, 0, 480, 0, 540, 0, 0 } },
		{ "w4p1w4", "w4w1w4", 8, 8, 1440, { 540, 480, 480, 540, 0, 0, 0 } },
		/* at ten: only two hours were to be kept; who is off may come back */
		{ "w4p1w4", "w2", 8, 8, 600, { 120, 120, 120, 120, 0, 0, 0 } },
		{ "w4p1w4", "w1", 8, 8, 600, { 120, 60, 120, 60, 0, 0, 60 } },
		{ "w4p1w4", "", 8, 8, 600, { 120, 0, 120, 0, 120, 0, 0 } },
		{ "w4p1w4", "", 8, 8, 480, { 0, 0, 0, 0, 0, 0, 0 } },
	};
	for (size_t i = 0; i < sizeof(row) / sizeof(*row); i++) {
		unsigned char plan[INS_DAY_MIN], done[INS_DAY_MIN];
		struct ins_kept k;
		const struct ins_kept *want = &row[i].is;
		lay(plan, row[i].plan_at, row[i].plan);
		lay(done, row[i].done_at, row[i].done);
		ins_kept_of(plan, done, row[i].until, &k);
		EQ(k.planned, want->planned);
		EQ(k.kept, want->kept);
		EQ(k.work_planned, want->work_planned);
		EQ(k.work_done, want->work_done);
		EQ(k.late, want->late);
		EQ(k.early, want->early);
		EQ(k.away, want->away);
	}
}
