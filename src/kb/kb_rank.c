/* kb_rank.c: from features to an order and to a probability.
 *
 * Order: a linear score over the features, trained as a softmax over the candidates of each
 * question. Probability: a gate, the mean of five small nets over the winner's features and its
 * distance to the runner-up. Both sets of weights and the two thresholds are learned on the
 * development questions by train/kb_rank.c and stand in kb_weights.h. Pure functions.
 */
#include <math.h>
#include <stdlib.h>
#include "kb_int.h"
#include "kb_weights.h"

const struct kb_weights *kb_weights_of(sv lang)
{
	return sv_eq(lang, SV("zh")) || sv_eq(lang, SV("ja")) ? &weights_zh : &weights_en;
}

static int by_score(const void *x, const void *y)
{
	const struct kb_cand *a = x, *b = y;

	if (a->score != b->score)
		return a->score > b->score ? -1 : 1;
	return a->art < b->art ? -1 : a->art > b->art;
}

void kb_gate_features(sv lang, const struct kb_cand *c, size_t n, size_t i, double g[KG_N])
{
	double other = -20, sum = 0;

	for (size_t k = 0; k < n; k++) {
		sum += exp(c[k].score - c[i].score);
		if (k != i && c[k].score > other)
			other = c[k].score;
	}
	g[0] = c[i].score;
	g[1] = fmin(c[i].score - other, 4);
	g[2] = 1 / sum;
	g[3] = c[i].f[KF_ALIAS];
	g[4] = c[i].f[KF_ALIAS_Q];
	g[5] = c[i].f[KF_NAMES_Q];
	g[6] = c[i].f[KF_ALL_Q];
	g[7] = c[i].f[KF_SENT_Q];
	g[8] = c[i].f[KF_EXACT];
	g[9] = c[i].f[KF_UNKNOWN];
	g[10] = c[i].f[KF_RARE];
	g[11] = c[i].f[KF_ALIAS_T];
	g[12] = c[i].f[KF_CORE];
	g[13] = c[i].f[KF_CORE_T];
	g[14] = c[i].f[KF_PRODUCT];
	g[15] = c[i].f[KF_SENT];
	g[16] = c[i].f[KF_CONC_Q];
	g[17] = c[i].f[KF_CONC_T];
	g[18] = c[i].f[KF_CLAUSE];
	g[19] = c[i].f[KF_MISS1];
	g[20] = c[i].f[KF_MISS2];
	g[21] = c[i].f[KF_ALIAS3];
	g[22] = c[i].f[KF_CENTRE];
	g[23] = c[i].f[KF_SENT1];
	g[24] = sv_eq(lang, SV("zh"));
}

static double net_p(const struct kb_net *w, const double *x)
{
	double z = w->out[KG_H];

	for (int h = 0; h < KG_H; h++) {
		double a = w->hid[h][KG_N];

		for (int k = 0; k < KG_N; k++)
			a += w->hid[h][k] * x[k];
		z += w->out[h] * tanh(a);
	}
	return 1 / (1 + exp(-z));
}

double kb_gate_p(const struct kb_gate *w, const double g[KG_N])
{
	double x[KG_N], p = 0;

	for (int k = 0; k < KG_N; k++)
		x[k] = (g[k] - w->mean[k]) * w->scale[k];
	for (int i = 0; i < KG_NETS; i++)
		p += net_p(&w->net[i], x);
	return p / KG_NETS;
}

void kb_rank(sv lang, struct kb_cand *c, size_t n, size_t k)
{
	const struct kb_weights *w = kb_weights_of(lang);

	for (size_t i = 0; i < n; i++) {
		c[i].score = 0;
		for (int j = 0; j < KF_N; j++)
			c[i].score += w->rank[j] * c[i].f[j];
	}
	qsort(c, n, sizeof(*c), by_score);
	for (size_t i = 0; i < n && i < k; i++) {
		double g[KG_N];

		kb_gate_features(lang, c, n, i, g);
		c[i].p = kb_gate_p(&w->gate, g);
	}
}
