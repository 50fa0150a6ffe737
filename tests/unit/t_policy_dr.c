/* Doubly robust on digits made into a bandit log (as in Dudik, Langford, Li 2011, and Open Bandit
 * Pipeline's examples/multiclass): how far the estimates are from the truth, which is known here
 * because every label is. Only with CALLM_DATA_SETS. */
#include "policy_arms.h"
#include "policy_ope.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "t.h"

enum { PIX = 65, CLASSES = 10, MOST = 1800, RUNS = 30 };
struct digits { double x[MOST][PIX]; int label[MOST]; int n; };

static bool load(struct digits *d)
{
	const char *sets = getenv("CALLM_DATA_SETS");
	char path[512];
	struct sb b;
	sv text, line, head;
	if (!sets)
		return false;
	(void)snprintf(path, sizeof(path), "%s/decision/digits.csv", sets);
	sb_init(&b, 1 << 22);
	if (file_read(path, 1 << 22, &b, NULL)) {    /* other sets, not this one */
		sb_done(&b);
		return false;
	}
	for (text = sb_sv(&b); d->n < MOST && sv_line(&text, &line); d->n++) {
		for (int i = -1; i < PIX - 1; i++) {
			double v = 0;
			if (sv_cut(&line, ',', &head))
				(void)sv_f64(head, &v);
			if (i < 0)
				d->label[d->n] = (int)v;
			else
				d->x[d->n][i] = v / 16;
		}
		d->x[d->n][PIX - 1] = 1;
	}
	sb_done(&b);
	return true;
}

static int guess(double w[CLASSES][PIX], const double *x, double p[CLASSES])
{
	double sum = 0;
	int best = 0;
	for (int k = 0; k < CLASSES; k++) {
		double s = 0;
		for (int i = 0; i < PIX; i++)
			s += w[k][i] * x[i];
		p[k] = exp(s);
		sum += p[k];
		best = p[k] > p[best] ? k : best;
	}
	for (int k = 0; k < CLASSES; k++)
		p[k] /= sum;
	return best;
}

/* Softmax regression by stochastic descent. */
static void learn(const struct digits *d, const int *row, int n, int rounds, struct rng *r,
		  double w[CLASSES][PIX])
{
	memset(w, 0, sizeof(double) * CLASSES * PIX);
	for (int t = 0; t < rounds * n; t++) {
		int i = row[rng_below(r, (uint64_t)n)];
		double p[CLASSES];
		(void)guess(w, d->x[i], p);
		for (int k = 0; k < CLASSES; k++)
			for (int j = 0; j < PIX; j++)
				w[k][j] += 0.1 * ((k == d->label[i]) - p[k]) * d->x[i][j];
	}
}

/* Expected reward of each action: ridge on the pixels an action, learned on the other half. */
static void model(const struct digits *d, const int *row, int n, const int *action,
		  const double *reward, double *q)
{
	for (int half = 0; half < 2; half++) {
		struct policy_arms *b = policy_arms_new(
			&(struct policy_arms_opt){ .arms = CLASSES, .dim = PIX });
		for (int i = 0; i < n; i++)
			if (i % 2 != half)
				policy_arms_learn(b, action[i], d->x[row[i]], reward[i]);
		for (int i = half; i < n; i += 2)
			policy_arms_value(b, d->x[row[i]], q + (size_t)i * CLASSES);
		policy_arms_free(b);
	}
}

static void one(const struct digits *d, uint64_t seed, double miss[OPE_KINDS])
{
	static double wb[CLASSES][PIX], we[CLASSES][PIX], p[CLASSES];
	static double reward[MOST], pscore[MOST], pi[MOST * CLASSES], q[MOST * CLASSES];
	static int row[MOST], action[MOST];
	struct rng r;
	struct ope_result res;
	double truth = 0;
	int train = d->n * 3 / 10, n = d->n - train;
	rng_seed(&r, seed);
	for (int i = 0; i < d->n; i++)
		row[i] = i;
	for (int i = d->n - 1; i > 0; i--) {
		int k = (int)rng_below(&r, (uint64_t)i + 1), swap = row[i];
		row[i] = row[k];
		row[k] = swap;
	}
	learn(d, row, train, 30, &r, wb);
	learn(d, row, train / 2, 12, &r, we);
	for (int i = 0; i < n; i++) {
		int at = row[train + i], old = guess(wb, d->x[at], p), new = guess(we, d->x[at], p);
		double pb[CLASSES], u = rng_unit(&r);
		for (int k = 0; k < CLASSES; k++) {
			pb[k] = 0.4 * (k == old) + 0.06;
			pi[i * CLASSES + k] = 0.9 * (k == new) + 0.01;
		}
		for (action[i] = 0; action[i] < CLASSES - 1 && (u -= pb[action[i]]) >= 0;)
			action[i]++;
		reward[i] = action[i] == d->label[at];
		pscore[i] = pb[action[i]];
		truth += pi[i * CLASSES + d->label[at]] / n;
	}
	model(d, row + train, n, action, reward, q);
	struct ope_log log = { (size_t)n, CLASSES, action, reward, pscore, pi, q };
	if (ope_run(&log, &(struct ope_opt){ 0 }, &res, NULL))
		t_fail(__FILE__, __LINE__, "ope_run");
	for (int k = 0; k < OPE_KINDS; k++)
		miss[k] += fabs(res.est[k].value - truth) / truth / RUNS;
}

TEST(ope_digits_relative_error)
{
	struct digits *d = xalloc(sizeof(*d));
	double miss[OPE_KINDS] = { 0 };
	if (load(d)) {
		for (int i = 0; i < RUNS; i++)
			one(d, (uint64_t)i + 1, miss);
		for (int k = 0; k < OPE_KINDS; k++)
			(void)fprintf(stderr, "# %s %.4f\n", ope_name((enum ope_kind)k), miss[k]);
		if (miss[OPE_DR] > .0162)    /* published, 30 runs */
			t_fail(__FILE__, __LINE__, "DR is further off than published");
	}
	xfree(d);
}
