/* kb_rank.c: from features to an order and to a probability.
 *
 * Order: a linear score over the features, trained as a softmax over the candidates of each
 * question. Probability: a gate, the mean of a few small nets over the winner's features and its
 * distance to the runner-up. Both sets of weights and the two thresholds are learned on the
 * development questions by train/kb_rank.c and stand in kb_weights.h; a question that brings a
 * vector has further features and weights of its own for each embedding model (kb_model.c).
 * Articles that have
 * hardly a name but their title (a new company's) are another matter: text and meaning count for
 * more there, and all scores are lower. They have weights of their own (kb_weights_young_*.h,
 * train/kb_young.c), taken by what the candidates of a question are like. A young article
 * among grown ones (one that was written yesterday, or came of the flywheel) has a gate of its
 * own (kb_weights_*few.h, train/kb_few.c): the gate of grown ones declines almost whatever is
 * worded anew. Pure functions.
 */
#include <math.h>
#include <stdlib.h>
#include "kb_int.h"

#define EXACT_LEAD 100           /* a name of the article, word for word, comes first */
#define EXACT_P 0.97
#define FEW 16                   /* names: an article with fewer is young among those with more */

/* An article of few names; no product, which has its name alone. */
static bool has_few(const struct kb_cand *c)
{
	return 3 * c->f[KF_NAMES] < log(FEW) && !(c->a && c->a->product);
}

/* Have half of the others many names, as one with few sees it? */
static bool many_around(const struct kb_cand *c, size_t n)
{
	size_t many = 0, all = 0;

	for (size_t i = 0; i < n; i++) {
		if (c[i].a && c[i].a->product)
			continue;
		all++;
		many += !has_few(&c[i]);
	}
	return many && 2 * many + 1 >= all;
}

bool kb_few_among_many(const struct kb_cand *c, size_t n, size_t i)
{
	return has_few(&c[i]) && many_around(c, n);
}

bool kb_young(const struct kb_cand *c, size_t n)
{
	double sum = 0;
	bool few = false;

	for (size_t i = 0; i < n; i++) {
		sum += 3 * c[i].f[KF_NAMES];
		few |= has_few(&c[i]);
	}
	return n && sum < log(KB_YOUNG) * (double)n && !(few && many_around(c, n));
}

static int by_score(const void *x, const void *y)
{
	const struct kb_cand *a = x, *b = y;

	if (a->score != b->score)
		return a->score > b->score ? -1 : 1;
	return a->art < b->art ? -1 : a->art > b->art;
}

/* f of candidate i less the best of the others. */
static double lead(const struct kb_cand *c, size_t n, size_t i, enum kb_feat f)
{
	double other = 0;

	for (size_t k = 0; k < n; k++)
		if (k != i && c[k].f[f] > other)
			other = c[k].f[f];
	return c[i].f[f] - other;
}

/* Of the first five, as a share of its greatest. */
static double entropy(const struct kb_cand *c, size_t n)
{
	double sum = 0, h = 0;

	n = n < 5 ? n : 5;
	for (size_t k = 0; k < n; k++)
		sum += exp(c[k].score - c[0].score);
	for (size_t k = 0; k < n; k++) {
		double p = exp(c[k].score - c[0].score) / sum;

		h -= p * log(p + 1e-12);
	}
	return h / log(5);
}

/* As the vectors were trained: a softmax over articles, background, and a constant. */
static void shares(const struct kb_cand *c, size_t n, size_t i, double *own, double *none)
{
	double back = exp(14 * c[i].f[KF_BACK]) + exp(14 * 0.45), sum = back;

	for (size_t k = 0; k < n; k++)
		sum += exp(14 * c[k].f[KF_EMB_C]);
	*own = exp(14 * c[i].f[KF_EMB_C]) / sum;
	*none = back / sum;
}

static double lead_dense(const struct kb_cand *c, size_t n, size_t i, enum kd_feat d, double far)
{
	double other = far;

	for (size_t k = 0; k < n; k++)
		if (k != i && c[k].d[d] > other)
			other = c[k].d[d];
	return c[i].d[d] - other;
}

static void dense_gate(const struct kd_query *d, const struct kb_cand *c, size_t n, size_t i,
		       double *y)
{
	double far = d->model->far;

	memcpy(y, c[i].d, sizeof(c[i].d));
	y += KD_N;
	y[0] = lead_dense(c, n, i, KD_NAME, far);
	y[1] = lead_dense(c, n, i, KD_MEAN, far);
	y[2] = lead_dense(c, n, i, KD_CHUNK, far);
	y[3] = lead_dense(c, n, i, KD_ALL, far);
	y[4] = d->best - c[i].d[KD_ALL];
	y[5] = exp(d->model->sharp * (c[i].d[KD_ALL] - d->logsum));
	y[6] = d->best - d->ten;
	y[7] = d->best - d->second;
	y[8] = c[i].d[KD_NAME3] - d->ten;
}

void kb_gate_features(const struct kd_query *d, const struct kb_cand *c, size_t n, size_t i,
		      double g[KG_MAX])
{
	double other = -20, sum = 0, *x = g + KF_N;
	double best = 0;

	for (size_t k = 0; k < n; k++) {
		sum += exp(c[k].score - c[i].score);
		if (k != i && c[k].score > other)
			other = c[k].score;
		best = fmax(best, c[k].f[KF_EMB_C]);
	}
	memcpy(g, c[i].f, sizeof(c[i].f));
	x[0] = c[i].score;
	x[1] = fmin(c[i].score - other, 4);
	x[2] = 1 / sum;
	x[3] = entropy(c, n);
	x[4] = lead(c, n, i, KF_EMB);
	x[5] = lead(c, n, i, KF_EMB3);
	x[6] = lead(c, n, i, KF_EMB_C);
	x[7] = lead(c, n, i, KF_ALIAS);
	x[8] = lead(c, n, i, KF_CORE);
	x[9] = best;
	x[10] = (double)n / KB_CAND;
	x[11] = c[i].f[KF_EMB_C] - c[i].f[KF_BACK];
	shares(c, n, i, &x[12], &x[13]);
	if (d)
		dense_gate(d, c, n, i, g + KG_N);
}

static double net_p(const struct kb_net *w, const double *x, int n)
{
	double z = w->out[KG_H];

	for (int h = 0; h < KG_H; h++) {
		double a = w->hid[h][n];

		for (int k = 0; k < n; k++)
			a += w->hid[h][k] * x[k];
		z += w->out[h] * tanh(a);
	}
	return 1 / (1 + exp(-z));
}

double kb_gate_p(const struct kb_gate *w, const double g[KG_MAX])
{
	double x[KG_MAX], p = 0;

	for (int k = 0; k < w->n; k++)
		x[k] = (g[k] - w->mean[k]) * w->scale[k];
	for (int i = 0; i < KG_NETS; i++)
		p += net_p(&w->net[i], x, w->n);
	return p / KG_NETS;
}

static double logit(double p)
{
	return log(fmax(p, 1e-9)) - log(fmax(1 - p, 1e-9));
}

/* What the gate of few names says, moved so that both thresholds are one. */
static double few_p(const struct kb_few *few, double answer, const double g[KG_MAX])
{
	double z = logit(kb_gate_p(&few->gate, g)) - logit(few->answer) + logit(answer);

	return 1 / (1 + exp(-z));
}

/* Of those with few names among the first and the first of the others, the likeliest goes first;
 * a name said word for word stays there. */
static void likeliest_first(struct kb_cand *c, size_t n)
{
	struct kb_cand best;
	size_t at = 0, others = 0;

	if (c[0].f[KF_EXACT] > 0)
		return;
	for (size_t i = 0; i < n && (i < KB_LOOK || !others); i++) {
		bool few = has_few(&c[i]);

		if ((few ? i < KB_LOOK : !others) && c[i].p > c[at].p)
			at = i;
		others += !few;
	}
	best = c[at];
	memmove(&c[1], &c[0], at * sizeof(*c));
	c[0] = best;
}

/* Those with few names behind the others, each kind in its order; returns how many others. */
static size_t few_last(struct kb_cand *c, size_t n)
{
	struct kb_cand few[KB_CAND];
	size_t others = 0, k = 0;

	for (size_t i = 0; i < n; i++)
		if (has_few(&c[i]))
			few[k++] = c[i];
		else
			c[others++] = c[i];
	memcpy(c + others, few, k * sizeof(*c));
	return others;
}

struct kd_query kb_dense_without(const struct kd_query *from, const struct kb_cand *c, size_t n,
				 const struct kb_cand *gone, size_t n_gone)
{
	struct kd_query d = *from;
	double best[KD_TOP], sharp = d.model->sharp, sum = exp(sharp * d.logsum);
	size_t k = 0;

	for (size_t i = 0; i < n; i++) {
		double v = c[i].d[KD_ALL];
		size_t at = k < KD_TOP ? k++ : KD_TOP;

		if (at == KD_TOP && v <= best[--at])
			continue;
		for (; at && best[at - 1] < v; at--)
			best[at] = best[at - 1];
		best[at] = v;
	}
	d.ten = 0;
	for (size_t i = 0; i < k; i++)
		d.ten += best[i] / (double)k;
	d.best = k ? best[0] : d.model->far;
	d.second = k > 1 ? best[1] : d.model->far;
	for (size_t i = 0; i < n_gone; i++)
		sum -= exp(sharp * gone[i].d[KD_ALL]);
	d.logsum = log(fmax(sum, 0) + 1e-300) / sharp;
	return d;
}

/* c[i].p among the n candidates. */
static void judge(const struct kd_query *d, const struct kb_few *few, const struct kb_weights *w,
		  struct kb_cand *c, size_t n, size_t i)
{
	double g[KG_MAX];

	kb_gate_features(d, c, n, i, g);
	c[i].p = few ? few_p(few, w->answer, g) : kb_gate_p(&w->gate, g);
	c[i].p = fmax(c[i].p, EXACT_P * c[i].f[KF_EXACT]);
}

static void score(const struct kd_query *d, const struct kb_few *few, const struct kb_weights *w,
		  struct kb_cand *c)
{
	const double *r = few ? few->rank : w->rank;

	c->score = EXACT_LEAD * c->f[KF_EXACT] + (few ? few->bias : 0);
	for (int j = 0; j < KF_N; j++)
		c->score += r[j] * c->f[j];
	for (int j = 0; d && j < KD_N; j++)
		c->score += r[KF_N + j] * c->d[j];
}

/* Where some have few names: they are judged among all, the others first as if those were not
 * there, so that a new article takes over only what it answers more likely. */
static void rank_mixed(const struct kd_query *d, const struct kb_few *few,
		       const struct kb_weights *w, struct kb_cand *c, size_t n, size_t k)
{
	struct kd_query less;
	size_t others;

	for (size_t i = 0; i < n && i < k; i++)
		if (has_few(&c[i]))
			judge(d, few, w, c, n, i);
	others = few_last(c, n);
	if (d)
		less = kb_dense_without(d, c, others, c + others, n - others);
	for (size_t i = 0; i < others && i < k; i++)
		judge(d ? &less : NULL, NULL, w, c, others, i);
	qsort(c, n, sizeof(*c), by_score);
	likeliest_first(c, n);
	for (size_t i = 1; i < n && i < k; i++)
		if (!has_few(&c[i]))
			judge(d, NULL, w, c, n, i);
}

void kb_rank(sv lang, const struct kd_query *d, struct kb_cand *c, size_t n, size_t k)
{
	const struct kb_model *m = d ? d->model : NULL;
	const struct kb_weights *w = kb_weights_of(lang, m, kb_young(c, n));
	const struct kb_few *few = kb_few_of(lang, m);
	bool mixed = false, around = many_around(c, n);

	k = k > KB_LOOK ? k : KB_LOOK;
	for (size_t i = 0; i < n; i++) {
		bool is_few = around && has_few(&c[i]);

		score(d, is_few ? few : NULL, w, &c[i]);
		mixed |= is_few;
	}
	qsort(c, n, sizeof(*c), by_score);
	if (mixed) {
		rank_mixed(d, few, w, c, n, k);
		return;
	}
	for (size_t i = 0; i < n && i < k; i++)
		judge(d, NULL, w, c, n, i);
}
