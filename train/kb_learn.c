/* kb_learn.c: learns the order (softmax regression) and the gate (small nets) of the ranker.
 *
 * The order is trained on the candidates of each question, the gate on the winner's features as
 * a cross-fitted order sees them, so that it never sees a score flattered by its own training.
 */
#include <math.h>
#include <stdlib.h>
#include "kb_train.h"

#define ALIAS_WEIGHT 0.2         /* of an alias asked as a question against a question */
#define FOREIGN_WEIGHT 0.4       /* of a question to unknown articles, in the order */
#define OTHERS_WEIGHT 3          /* of a scarce question that wants none with few names: three */
				 /* of four articles are such, and only one part asks for them */
#define REMOVED_WEIGHT 0.25      /* of a question whose article was taken out, in the gate */
#define RANK_DECAY 0.004
#define EPOCHS 40                /* of the gate */
#define BATCH 64
#define DECAY 0.02

/* ---- order ---- */

static double dot(const double *w, const double *f, int n)
{
	double z = 0;

	for (int i = 0; i < n; i++)
		z += w[i] * f[i];
	return z;
}

static double score_of(const struct kb_cand *c, const double w[RANK_N])
{
	return dot(w, c->f, KF_N) + dot(w + KF_N, c->d, KD_N);
}

/* Full-batch gradient ascent with momentum on the log-likelihood of the gold candidate. */
void train_rank(const struct set *s, int skip_fold, double w[RANK_N])
{
	double v[RANK_N] = { 0 };

	for (int k = 0; k < RANK_N; k++)
		w[k] = k == KF_ALIAS ? 6 : 1;
	for (int epoch = 0; epoch < 250; epoch++) {
		double g[RANK_N] = { 0 };
		double n = 0;

		for (size_t i = 0; i < s->n; i++) {
			const struct sample *x = &s->v[i];
			double p[KB_CAND], sum = 0, weight;

			if (x->gold < 0 || x->fold == skip_fold || x->scarce)
				continue;
			for (size_t c = 0; c < x->f->n; c++)
				sum += p[c] = exp(score_of(&x->f->c[c], w));
			weight = (x->dev ? 1 : ALIAS_WEIGHT) * (x->foreign ? FOREIGN_WEIGHT : 1);
			n += weight;
			for (size_t c = 0; c < x->f->n; c++) {
				const struct kb_cand *cand = &x->f->c[c];
				double d = weight * (((int)c == x->gold) - p[c] / sum);

				for (int k = 0; k < KF_N; k++)
					g[k] += d * cand->f[k];
				for (int k = 0; k < KD_N; k++)
					g[KF_N + k] += d * cand->d[k];
			}
		}
		for (int k = 0; k < RANK_N; k++) {
			v[k] = 0.9 * v[k] + 0.3 * (g[k] / n - RANK_DECAY * w[k]);
			w[k] += v[k];
		}
	}
}

/* The score of candidate i; few (or NULL): of those with few names among many. */
static double score_with(const struct sample *x, size_t i, const double w[RANK_N],
			 const struct kb_few *few)
{
	const struct kb_cand *c = &x->f->c[i];

	if (!few || !kb_few_among_many(x->f->c, x->f->n, i))
		return score_of(c, w);
	return few->bias + score_of(c, few->rank);
}

/* As train_rank, on the scarce questions: weights of candidates with few names, the others keep
 * theirs. What is not learned stays as for the others. */
void train_few_rank(const struct set *s, int skip_fold, const double w[RANK_N],
		    struct kb_few *few)
{
	double v[RANK_N + 1] = { 0 };

	few->bias = 0;
	memcpy(few->rank, w, sizeof(few->rank));
	for (int epoch = 0; epoch < 250; epoch++) {
		double g[RANK_N + 1] = { 0 }, n = 0;

		for (size_t i = 0; i < s->n; i++) {
			const struct sample *x = &s->v[i];
			double p[KB_CAND], sum = 0, weight = x->dev ? 1 : ALIAS_WEIGHT;

			if (x->gold < 0 || x->fold == skip_fold || !x->scarce)
				continue;
			if (!kb_few_among_many(x->f->c, x->f->n, (size_t)x->gold))
				weight *= OTHERS_WEIGHT;
			for (size_t c = 0; c < x->f->n; c++)
				sum += p[c] = exp(score_with(x, c, w, few));
			n += weight;
			for (size_t c = 0; c < x->f->n; c++) {
				const struct kb_cand *cand = &x->f->c[c];
				double d = weight * (((int)c == x->gold) - p[c] / sum);

				if (!kb_few_among_many(x->f->c, x->f->n, c))
					continue;
				g[RANK_N] += d;
				for (int k = 0; k < KF_N; k++)
					g[k] += d * cand->f[k];
				for (int k = 0; k < KD_N; k++)
					g[KF_N + k] += d * cand->d[k];
			}
		}
		for (int k = 0; k <= RANK_N; k++) {
			double *to = k < RANK_N ? &few->rank[k] : &few->bias;
			double was = k < RANK_N ? w[k] : 0;

			v[k] = 0.9 * v[k] + 0.3 * (g[k] / n - RANK_DECAY * (*to - was));
			*to += v[k];
		}
	}
}

void score_all(struct sample *x, const double w[RANK_N], const struct kb_few *few)
{
	struct kb_cand *c = x->f->c;
	uint32_t gold = x->gold >= 0 ? c[x->gold].art : UINT32_MAX;

	for (size_t i = 0; i < x->f->n; i++)
		c[i].score = score_with(x, i, w, few);
	for (size_t i = 1; i < x->f->n; i++)
		for (size_t j = i; j && c[j].score > c[j - 1].score; j--) {
			struct kb_cand t = c[j];

			c[j] = c[j - 1];
			c[j - 1] = t;
		}
	for (size_t i = 0; i < x->f->n; i++)
		if (c[i].art == gold)
			x->gold = (int)i;
}

/* ---- gate ---- */

static void scale_gate(const struct gate_row *r, size_t n, struct kb_gate *w)
{
	for (int k = 0; k < w->n; k++) {
		double sum = 0, sq = 0;

		for (size_t i = 0; i < n; i++) {
			sum += r[i].g[k];
			sq += r[i].g[k] * r[i].g[k];
		}
		w->mean[k] = sum / (double)n;
		w->scale[k] = 1 / sqrt(sq / (double)n - w->mean[k] * w->mean[k] + 1e-3);
	}
}

/* A net as one row of numbers: KG_H times n features and a constant, then the outputs. */
#define PARAMS(n) (KG_H * ((n) + 1) + KG_H + 1)

/* Adds the gradient of one row to g, laid out as p. */
static void gate_gradient(const double *p, int n, const struct gate_row *r, double *g)
{
	const double *x = r->x, *out = p + KG_H * (n + 1);
	double a[KG_H + 1], z = 0, d;

	a[KG_H] = 1;
	for (int h = 0; h < KG_H; h++)
		a[h] = tanh(dot(p + h * (n + 1), x, n + 1));
	z = dot(out, a, KG_H + 1);
	d = r->weight * (r->y - 1 / (1 + exp(-z)));
	for (int h = 0; h <= KG_H; h++)
		g[KG_H * (n + 1) + h] += d * a[h];
	for (int h = 0; h < KG_H; h++) {
		double dh = d * out[h] * (1 - a[h] * a[h]);
		double *gh = g + h * (n + 1);

		for (int k = 0; k <= n; k++)
			gh[k] += dh * x[k];
	}
}

/* Adam (Kingma and Ba 2015) on batches of rows; the rate falls to zero. */
static void train_net(const struct gate_row *r, size_t n, int skip_fold, uint64_t seed,
		      int features, struct kb_net *w)
{
	enum { MOST = PARAMS(KG_MAX) };
	double m[MOST] = { 0 }, v[MOST] = { 0 }, p[MOST];
	size_t steps = EPOCHS * n / BATCH;
	int params = PARAMS(features);
	struct rng rng;

	rng_seed(&rng, seed);
	for (int k = 0; k < params; k++)
		p[k] = rng_normal(&rng) * 0.15;
	for (size_t t = 1; t <= steps; t++) {
		double g[MOST] = { 0 }, total = 0;
		double rate = 0.01 * (1 - (double)t / (double)(steps + 1));

		for (int i = 0; i < BATCH;) {
			const struct gate_row *x = &r[rng_below(&rng, n)];

			if (x->fold == skip_fold || rng_unit(&rng) > x->weight + 0.2)
				continue;
			total += x->weight;
			gate_gradient(p, features, x, g);
			i++;
		}
		for (int k = 0; k < params; k++) {
			double d = g[k] / total - DECAY * p[k];

			m[k] = 0.9 * m[k] + 0.1 * d;
			v[k] = 0.999 * v[k] + 0.001 * d * d;
			p[k] += rate * m[k] / (1 - pow(0.9, (double)t)) /
				(sqrt(v[k] / (1 - pow(0.999, (double)t))) + 1e-8);
		}
	}
	for (int h = 0; h < KG_H; h++)
		memcpy(w->hid[h], p + h * (features + 1), sizeof(*p) * (size_t)(features + 1));
	memcpy(w->out, p + KG_H * (features + 1), sizeof(w->out));
}

void train_gate(struct gate_row *r, size_t n, int skip_fold, struct kb_gate *w)
{
	scale_gate(r, n, w);
	for (size_t i = 0; i < n; i++) {
		for (int k = 0; k < w->n; k++)
			r[i].x[k] = (r[i].g[k] - w->mean[k]) * w->scale[k];
		r[i].x[w->n] = 1;
	}
	for (int i = 0; i < KG_NETS; i++)
		train_net(r, n, skip_fold, 7 + (uint64_t)i, w->n, &w->net[i]);
}

static struct gate_row row_of(const struct sample *x, const struct kd_query *d, size_t n, size_t i,
			      bool removed)
{
	struct gate_row r = { .oos = !x->want.n, .dev = x->dev, .sheet = x->sheet,
			      .own = !x->foreign, .fold = x->fold, .removed = removed, .of = x };

	r.y = !removed && x->want.n && x->gold == (int)i;
	r.weight = (x->dev ? 1 : ALIAS_WEIGHT) * (removed ? REMOVED_WEIGHT : 1);
	kb_gate_features(d, x->f->c, n, i, r.g);
	return r;
}

/* Of the first one, or of those with few names among the first ones. */
static size_t rows_of(const struct sample *x, const struct kd_query *d, size_t n, bool removed,
		      struct gate_row *r)
{
	size_t k = 0;
	bool other = !removed &&
		     (x->gold < 0 || !kb_few_among_many(x->f->c, n, (size_t)x->gold));

	if (!x->scarce && n)
		r[k++] = row_of(x, d, n, 0, removed);
	for (size_t i = 0; x->scarce && i < n && i < KB_LOOK; i++) {
		if (!kb_few_among_many(x->f->c, n, i))
			continue;
		r[k] = row_of(x, d, n, i, removed);
		if (other)
			r[k].weight *= OTHERS_WEIGHT;
		k++;
	}
	return k;
}

size_t gate_rows(struct sample *x, struct gate_row *r)
{
	struct kb_cand *c = x->f->c, gold;
	const struct kd_query *d = kb_dense_of(x->f);
	struct kd_query less;
	size_t n = rows_of(x, d, x->f->n, false, r), after;

	if (!x->want.n || x->gold < 0 || x->f->n < 2)
		return n;
	gold = c[x->gold];
	after = x->f->n - 1 - (size_t)x->gold;
	memmove(&c[x->gold], &c[x->gold + 1], after * sizeof(gold));
	if (d)
		less = kb_dense_without(d, c, x->f->n - 1, &gold, 1);
	n += rows_of(x, d ? &less : NULL, x->f->n - 1, true, r + n);
	memmove(&c[x->gold + 1], &c[x->gold], after * sizeof(gold));
	c[x->gold] = gold;
	return n;
}
