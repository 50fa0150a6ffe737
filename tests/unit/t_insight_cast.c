/* Forecasts: recovered truths, coverage, no look into the future, and the published measures. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include "t.h"
#include "ins_backtest.h"
#include "ins_cast_int.h"

enum { WIDTH = 20, FIRST = 18 };     /* slots of half an hour, from 9 to 19 */

/* Poisson, by its normal approximation for large means. */
static double poisson(struct rng *g, double mean)
{
	if (mean > 60) {
		double v = floor(mean + sqrt(mean) * rng_normal(g) + 0.5);
		return v > 0 ? v : 0;
	}
	double p = 1, least = exp(-mean);
	int k = -1;
	do {
		p *= rng_unit(g);
		k++;
	} while (p > least);
	return k;
}

/* What is expected of a working day without its chance: Monday busy, two peaks. */
static double truth(int64_t date, int slot, double size)
{
	static const double week[7] = { 1.3, 1.0, 0.95, 0.95, 1.05, 0, 0 };
	double x = (slot - FIRST) / (double)WIDTH, am = (x - 0.25) / 0.2, pm = (x - 0.7) / 0.15;
	return size * week[((date + 3) % 7 + 7) % 7] * (0.3 + exp(-am * am) + 0.6 * exp(-pm * pm));
}

/* Weekdays from Monday 2026-01-05; each day is busier or calmer by `busy` (log deviation). */
static struct ins_series *made(size_t days, double size, double busy, uint64_t seed)
{
	struct rng g;
	struct ins_series *s = ins_series_new(cal_days(2026, 1, 5), days, 30);
	rng_seed(&g, seed);
	for (size_t d = 0; d < days; d++) {
		double by = exp(busy * rng_normal(&g));
		if (d % 7 >= 5)
			continue;
		for (int t = FIRST; t < FIRST + WIDTH; t++)
			s->v[d * 48 + (size_t)t] =
				poisson(&g, by * truth(s->first + (int64_t)d, t, size));
	}
	ins_series_bounds(s);
	return s;
}

TEST(insight_cast_finds_the_truth)
{
	struct ins_series *s = made(140, 400, 0.05, 1);
	struct ins_plan *p = ins_plan_new(s, 7);
	struct ins_cast *c;
	struct ins_cast_opts o = { .until = 140, .ahead = 7 };
	struct ins_point q[48];
	double e = 0, all = 0;
	OK(ins_cast_fit(&c, s, p, &o, NULL));
	for (size_t d = 0; d < 7; d++) {
		bool open = ins_cast_day(c, d, q);
		EQ(open, d < 5);
		CHECK(isnan(q[3].mean));
		for (int t = FIRST; t < FIRST + WIDTH; t++) {
			double v = truth(s->first + 140 + (int64_t)d, t, 400);
			e += fabs(q[t].mean - v);
			all += v;
			CHECK(q[t].p025 <= q[t].p10 && q[t].p10 <= q[t].p90 &&
			      q[t].p90 <= q[t].p975);
		}
	}
	CHECK(e / all < 0.05);
	ins_cast_free(c);
	ins_plan_free(p);
	obj_unref(s);
}

/* A month of history in a longer grid: the days before it say nothing of weekdays. */
TEST(insight_cast_a_young_centre_is_open_on_its_weekdays)
{
	struct ins_series *whole = made(120, 400, 0.05, 1);
	struct ins_series *s = ins_series_new(whole->first, 120, 30);
	memcpy(s->v + 94 * 48, whole->v + 94 * 48, sizeof(*s->v) * 26 * 48);
	ins_series_bounds(s);
	struct ins_plan *p = ins_plan_new(s, 7);
	for (size_t d = 120; d < 127; d++)
		EQ(p->open[d], d % 7 < 5);
	ins_plan_free(p);
	obj_unref(s);
	obj_unref(whole);
}

/* Of many days each alike, the intervals hold what they promise; the week's naive is worse. */
TEST(insight_cast_covers)
{
	struct ins_backtest own, week;
	double in80 = 0, in95 = 0, n = 0;
	for (uint64_t seed = 1; seed <= 3; seed++) {
		struct ins_series *s = made(210, 300, 0.06, seed);
		struct ins_plan *p = ins_plan_new(s, 0);
		struct ins_backtest_opts o = { .from = 90, .step = 3, .horizon = 3 };
		OK(ins_backtest_run(s, p, &o, INS_MODEL_CALENDAR, &own, NULL));
		OK(ins_backtest_run(s, p, &o, INS_MODEL_WEEK, &week, NULL));
		EQ(own.origins, 20);
		CHECK(own.wape < 0.85 * week.wape && own.mase < week.mase);
		in80 += own.all.in80;
		in95 += own.all.in95;
		n += own.all.banded;
		ins_plan_free(p);
		obj_unref(s);
	}
	NEAR(in80 / n, 0.80, 0.04);          /* 180 days: two standard errors */
	NEAR(in95 / n, 0.95, 0.025);
}

static void points_of(struct ins_series *s, enum ins_model m, struct ins_point q[5 * 48])
{
	struct ins_plan *p = ins_plan_new(s, 0);
	struct ins_cast *c;
	struct ins_cast_opts o = { .until = 105, .ahead = 5, .model = m };
	if (ins_cast_fit(&c, s, p, &o, NULL) == 0) {
		for (size_t d = 0; d < 5; d++)
			(void)ins_cast_day(c, d, q + d * 48);
		ins_cast_free(c);
	}
	ins_plan_free(p);
}

/* What comes after the origin changes no bit of what was forecast from it. */
TEST(insight_cast_knows_no_future)
{
	struct ins_series *s = made(140, 100, 0.1, 5);
	static struct ins_point a[INS_MODELS][5 * 48], b[5 * 48];
	for (int m = 0; m < INS_MODELS; m++)
		points_of(s, (enum ins_model)m, a[m]);
	for (size_t i = 105 * 48; i < 140 * 48; i++)
		s->v[i] = isnan(s->v[i]) ? NAN : s->v[i] * 7 + 3;
	for (int m = 0; m < INS_MODELS; m++) {
		points_of(s, (enum ins_model)m, b);
		EQ(memcmp(a[m], b, sizeof(b)), 0);
	}
	for (size_t d = 105; d < 140; d++)   /* the night is never in use before */
		s->v[d * 48 + 3] = 9;
	points_of(s, INS_MODEL_CALENDAR, b);
	EQ(memcmp(a[0], b, sizeof(b)), 0);
	s->v[102 * 48 + 28] += 50;           /* ... and what came before does */
	points_of(s, INS_MODEL_CALENDAR, b);
	CHECK(memcmp(a[0], b, sizeof(b)) != 0);
	obj_unref(s);
}

/* A holiday that is known makes its day nothing and the next one busier, as the last ones did. */
TEST(insight_cast_calendar)
{
	struct ins_series *s = made(140, 400, 0.02, 9);
	static const size_t shut[] = { 15, 45, 78, 107 };
	for (size_t k = 0; k < 4; k++)
		for (int t = FIRST; t < FIRST + WIDTH; t++) {
			s->v[shut[k] * 48 + (size_t)t] = NAN;
			s->v[(shut[k] + 1) * 48 + (size_t)t] *= 1.4;
		}
	struct ins_plan *p = ins_plan_new(s, 7);
	struct ins_cast *c;
	struct ins_cast_opts o = { .until = 140, .ahead = 7 };
	struct ins_point q[48];
	struct err e;
	EQ(ins_plan_read(p, s, SV("2026-05-26,closed\nsoon,closed\n"), &e), ERR_PARSE);
	HAS(sv_of(e.msg), "calendar line 2: \"soon\" is no date");
	CHECK(p->open[141]);                 /* nothing of it was taken */
	OK(ins_plan_read(p, s, SV("# feasts\n2026-05-26,closed\n2026-05-29, Campaign\n"), &e));
	EQ(p->events, 1);
	OK(ins_cast_fit(&c, s, p, &o, NULL));
	CHECK(!ins_cast_day(c, 1, q));
	NEAR(q[FIRST].mean, 0, 0);
	CHECK(ins_cast_day(c, 2, q));
	double usual = truth(s->first + 142, FIRST + 5, 400);
	CHECK(q[FIRST + 5].mean > 1.2 * usual && q[FIRST + 5].mean < 1.5 * usual);
	ins_cast_free(c);
	ins_plan_free(p);
	obj_unref(s);
}

/* A queue with one call in two hours leans on all queues together. */
TEST(insight_cast_sparse_leans_on_all)
{
	struct ins_series *all = made(140, 200, 0.05, 3), *few = made(140, 0.5, 0.05, 4);
	struct ins_plan *p = ins_plan_new(all, 5);
	struct ins_cast *ca, *cf, *alone;
	struct ins_cast_opts o = { .until = 140, .ahead = 5 };
	struct ins_point q[48];
	double e = 0, e_alone = 0;
	OK(ins_cast_fit(&ca, all, p, &o, NULL));
	OK(ins_cast_fit(&alone, few, p, &o, NULL));
	o.like = ca;
	OK(ins_cast_fit(&cf, few, p, &o, NULL));
	CHECK(ins_cast_sparse(cf) && !ins_cast_sparse(ca) && !ins_cast_sparse(alone));
	for (size_t d = 0; d < 5; d++) {
		CHECK(ins_cast_day(cf, d, q));
		for (int t = FIRST; t < FIRST + WIDTH; t++) {
			e += fabs(q[t].mean - truth(all->first + 140 + (int64_t)d, t, 0.5));
			CHECK(q[t].p025 >= 0 && q[t].p975 > q[t].mean);
		}
		(void)ins_cast_day(alone, d, q);
		for (int t = FIRST; t < FIRST + WIDTH; t++)
			e_alone += fabs(q[t].mean - truth(all->first + 140 + (int64_t)d, t, 0.5));
	}
	CHECK(e < 0.8 * e_alone);
	ins_cast_free(cf);
	ins_cast_free(alone);
	ins_cast_free(ca);
	ins_plan_free(p);
	obj_unref(all);
	obj_unref(few);
}

/* Half a call a day, for 300 days, in 18 slots: the mean over many such queues is the true one. */
TEST(insight_cast_of_few)
{
	enum { TRIED = 24 };
	double sum = 0;
	for (uint64_t seed = 1; seed <= TRIED; seed++) {
		struct ins_series *s = ins_series_new(cal_days(2026, 1, 5), 300, 60);
		struct ins_cast_opts o = { .until = 300, .ahead = 7, .means_only = true };
		struct ins_plan *p;
		struct ins_cast *c;
		double m[24];
		struct rng g;
		rng_seed(&g, seed);
		for (size_t i = 0; i < 300 * 24; i++)
			if (i % 24 < 18)
				s->v[i] = poisson(&g, 0.5 / 18);
		ins_series_bounds(s);
		p = ins_plan_new(s, 7);
		OK(ins_cast_fit(&c, s, p, &o, NULL));
		for (size_t d = 0; d < 7; d++) {
			CHECK(ins_cast_means(c, d, m));
			for (int t = 0; t < 18; t++)
				sum += m[t] / 7 / TRIED;
		}
		ins_cast_free(c);
		ins_plan_free(p);
		obj_unref(s);
	}
	NEAR(sum, 0.5, 0.05);
}

/* A summer without numbers: origins that would have to look across it are left out. */
TEST(insight_backtest_across_a_gap)
{
	struct ins_series *s = made(300, 100, 0.05, 9);
	struct ins_backtest_opts o = { .from = 60, .step = 1, .horizon = 5 };
	struct ins_backtest all, gap;
	struct ins_plan *p = ins_plan_new(s, 7);
	OK(ins_backtest_run(s, p, &o, INS_MODEL_WEEKS4, &all, NULL));
	for (size_t i = 140 * 48; i < 210 * 48; i++)
		s->v[i] = NAN;
	ins_plan_free(p);
	p = ins_plan_new(s, 7);
	OK(ins_backtest_run(s, p, &o, INS_MODEL_WEEKS4, &gap, NULL));
	EQ(gap.origins, all.origins - 50 - 5);
	ins_plan_free(p);
	obj_unref(s);
}

/* What is chosen by needs no intervals: the same without them, and sooner. */
TEST(insight_backtest_of_means)
{
	struct ins_series *s = made(120, 100, 0.2, 9);
	struct ins_plan *p = ins_plan_new(s, 7);
	struct ins_backtest_opts o = { .from = 65, .step = 4, .horizon = 5 };
	struct ins_backtest all, means;
	for (int m = 0; m < INS_MODELS; m++) {
		o.means_only = false;
		OK(ins_backtest_run(s, p, &o, (enum ins_model)m, &all, NULL));
		o.means_only = true;
		OK(ins_backtest_run(s, p, &o, (enum ins_model)m, &means, NULL));
		NEAR(means.wape, all.wape, 1e-12);
		NEAR(means.mase, all.mase, 1e-12);
		EQ(means.origins, all.origins);
		CHECK(all.all.banded == all.all.n && means.all.banded == 0);
		if (m == INS_MODEL_CALENDAR)
			CHECK(means.ms < all.ms);
	}
	ins_plan_free(p);
	obj_unref(s);
}

/* Chosen on the days before the last 20 of 86 open ones, measured on these; nothing after `until`
 * counts. */
TEST(insight_backtest_picks)
{
	struct ins_series *s = made(140, 100, 0.2, 9);
	struct ins_plan *p = ins_plan_new(s, 7);
	struct ins_pick one, five, far;
	struct ins_backtest own;
	ins_backtest_pick(s, p, 120, 1, &one);
	ins_backtest_pick(s, p, 120, 5, &five);
	ins_backtest_pick(s, p, 120, 40, &far);
	EQ(one.origins, 5);
	EQ(five.origins, 4);
	EQ(far.origins, 1);
	CHECK(one.model != INS_MODEL_WEEK && one.wape < one.week);
	const struct ins_backtest_opts o = { .from = 66, .step = 4, .horizon = 1, .until = 120 };
	OK(ins_backtest_run(s, p, &o, one.model, &own, NULL));
	NEAR(one.wape, own.wape, 1e-12);
	ins_backtest_pick(s, p, 28, 1, &five);        /* 20 open ones */
	CHECK(!five.origins && isnan(five.wape) && five.model == INS_MODEL_CALENDAR);
	for (size_t i = 120 * 48; i < 140 * 48; i++)
		s->v[i] *= 9;
	ins_backtest_pick(s, p, 120, 1, &five);
	EQ(memcmp(&one, &five, sizeof(one)), 0);
	ins_plan_free(p);
	obj_unref(s);
}

/* A morning half as busy again says so of the afternoon, whose intervals become narrower. */
TEST(insight_cast_morning)
{
	struct ins_series *s = made(141, 400, 0.2, 11);
	struct ins_plan *p = ins_plan_new(s, 0);
	struct ins_cast *c;
	struct ins_cast_opts o = { .until = 140, .ahead = 1 };
	struct ins_point before[48], after[48];
	double day[48];
	for (int t = 0; t < 48; t++)
		day[t] = t < 28 ? 1.5 * truth(s->first + 140, t, 400) : NAN;
	OK(ins_cast_fit(&c, s, p, &o, NULL));
	CHECK(ins_cast_day(c, 0, before));
	ins_cast_now(c, day, 28, after);
	NEAR(after[20].mean, before[20].mean, 0);
	NEAR(after[32].mean / truth(s->first + 140, 32, 400), 1.5, 0.12);
	CHECK((after[32].p975 - after[32].p025) / after[32].mean <
	      0.5 * (before[32].p975 - before[32].p025) / before[32].mean);
	ins_cast_now(c, day, 0, after);
	EQ(memcmp(before, after, sizeof(before)), 0);
	/* the day is over: nothing is left to be forecast anew */
	ins_cast_now(c, day, 48, after);
	EQ(memcmp(before, after, sizeof(before)), 0);
	ins_cast_free(c);
	ins_plan_free(p);
	obj_unref(s);
}

/* Days busier or calmer by a fifth: by noon most of it is seen. */
TEST(insight_backtest_of_mornings)
{
	struct ins_series *s = made(120, 300, 0.2, 21);
	struct ins_plan *p = ins_plan_new(s, 0);
	struct ins_backtest_opts o = { .from = 60, .step = 3 };
	struct ins_morning m;
	OK(ins_backtest_morning(s, p, &o, 8, &m, NULL));
	EQ(m.origins, 9);
	EQ(m.before.n, 9 * (WIDTH - 8));
	CHECK(ins_tally_wape(&m.after) < 0.6 * ins_tally_wape(&m.before));
	EQ(ins_backtest_morning(s, p, &o, WIDTH, &m, NULL), ERR_INVAL);
	ins_plan_free(p);
	obj_unref(s);
}

TEST(insight_cast_with_little)
{
	struct ins_series *s = made(4, 100, 0.05, 2), *two = made(2, 100, 0.05, 2);
	struct ins_plan *p = ins_plan_new(s, 3), *q = ins_plan_new(two, 3);
	struct ins_cast *c = NULL;
	struct ins_cast_opts o = { .until = 4, .ahead = 3 };
	struct ins_point pt[48];
	struct err e;
	OK(ins_cast_fit(&c, s, p, &o, NULL));
	CHECK(!ins_cast_day(c, 0, pt));      /* no Friday was ever seen */
	ins_cast_free(c);
	o.until = 2;
	EQ(ins_cast_fit(&c, two, q, &o, &e), ERR_INVAL);
	HAS(sv_of(e.msg), "a forecast needs 3");
	o.ahead = 99;
	EQ(ins_cast_fit(&c, two, q, &o, &e), ERR_INVAL);
	struct ins_backtest b;
	struct ins_backtest_opts bo = { .horizon = 5 };
	EQ(ins_backtest_run(s, p, &bo, INS_MODEL_MEAN, &b, &e), ERR_INVAL);
	HAS(sv_of(e.msg), "too few");
	ins_plan_free(p);
	ins_plan_free(q);
	obj_unref(s);
	obj_unref(two);
}

TEST(insight_scores_by_hand)
{
	const double train[6] = { 1, 2, 3, 2, 3, 5 }, a[2] = { 4, 6 }, f[2] = { 5, 4 };
	NEAR(ins_smape(a, f, 2), 100 * (2.0 / 9 + 4.0 / 10) / 2, 1e-12);
	/* season 3: |2-1| |3-2| |5-3| = 4/3 */
	NEAR(ins_mase(train, 6, 3, a, f, 2), 1.5 / (4.0 / 3), 1e-12);
	double out[4];
	ins_snaive(train, 6, 3, out, 4);
	NEAR(out[0] * 100 + out[1] * 10 + out[3], 232, 1e-12);
	struct ins_tally t = { 0 };
	ins_tally_add(&t, 4, 5);
	ins_tally_band(&t, 4, (const double[]){ 4.5, 4.7, 5.5, 6 });
	NEAR(t.winkler95, 1.5 + 40 * 0.5, 1e-12);
	EQ(t.in95, 0);
	NEAR(ins_tally_wape(&t), 0.25, 1e-12);
}

/* One line of the competition's files: numbers in quotes. */
static size_t numbers(sv line, double *v, size_t max)
{
	sv f;
	size_t n = 0;
	(void)sv_cut(&line, ',', &f);
	while (n < max && sv_cut(&line, ',', &f)) {
		f = sv_trim(f);
		if (f.n > 2 && sv_f64(sv_slice(f, 1, f.n - 1), &v[n]) == 0)
			n++;
	}
	return n;
}

/* CALLM_M4: the folder with m4h_train.csv and m4h_test.csv (M4 competition, hourly). */
TEST(insight_scores_of_m4)
{
	const char *dir = getenv("CALLM_M4");
	char path[400];
	struct sb train, test;
	double sum[4] = { 0 }, n = 0, v[1000], a[48], f[48];
	sv x, y, lx, ly;
	if (!dir)
		SKIP("CALLM_M4 is not set");
	sb_init(&train, 8 << 20);
	sb_init(&test, 8 << 20);
	snprintf(path, sizeof(path), "%s/m4h_train.csv", dir);
	OK(file_read(path, 8 << 20, &train, NULL));
	snprintf(path, sizeof(path), "%s/m4h_test.csv", dir);
	OK(file_read(path, 8 << 20, &test, NULL));
	x = sb_sv(&train), y = sb_sv(&test);
	(void)sv_line(&x, &lx), (void)sv_line(&y, &ly);
	while (sv_line(&x, &lx) && sv_line(&y, &ly)) {
		size_t k = numbers(lx, v, 1000);
		if (k < 100 || numbers(ly, a, 48) != 48)
			continue;
		ins_snaive(v, k, 24, f, 48);
		sum[0] += ins_smape(a, f, 48), sum[1] += ins_mase(v, k, 24, a, f, 48);
		ins_naive2(v, k, 24, f, 48);
		sum[2] += ins_smape(a, f, 48), sum[3] += ins_mase(v, k, 24, a, f, 48);
		n++;
	}
	sb_done(&train);
	sb_done(&test);
	EQ(n, 414);
	NEAR(sum[0] / n, 13.912, 5e-4);
	NEAR(sum[1] / n, 1.193, 5e-4);
	NEAR(sum[2] / n, 18.383, 5e-4);
	NEAR(sum[3] / n, 2.395, 5e-4);
}

static int by_size(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;
	return (x > y) - (x < y);
}

/* The numbers that sorting would give: of few, many, alike, and with one far off the rest. */
TEST(insight_cast_quantiles)
{
	static const size_t sizes[] = { 1, 2, 7, 40, 1000, 5000 };
	static const double at[4] = { 0.025, 0.1, 0.9, 0.975 };
	static double v[5000], room[5000];
	for (int kind = 0; kind < 4; kind++)
		for (size_t k = 0; k < sizeof(sizes) / sizeof(*sizes); k++) {
			size_t n = sizes[k];
			struct cast_band b;
			for (size_t i = 0; i < n; i++)
				v[i] = kind == 0 ? rng_normal(t_rng()) :
				       kind == 1 ? 3 :
						   (double)rng_below(t_rng(), 5);
			if (kind == 3)
				v[n / 2] = 1e12;
			cast_band_of(v, n, room, &b);
			qsort(v, n, sizeof(*v), by_size);
			for (int q = 0; q < 4; q++) {
				double r = at[q] * (double)n - 0.5;
				r = r < 0 ? 0 : r > (double)(n - 1) ? (double)(n - 1) : r;
				CHECK(b.q[q] == v[(size_t)(r + 0.5)]);
			}
		}
}
