/* nn_loss.c: what training minimises: values and derivatives. Pure functions. */
#include <math.h>
#include <string.h>

#include "nn_kern.h"
#include "nn_train.h"

/* ---- one example ---- */

/* Probability that the target gives class k. */
static float target(const struct nn_ce *o, int k, int n)
{
	float t = o->soft ? o->soft[k] : k == o->label ? 1 : 0;

	return t * (1 - o->smooth) + o->smooth / (float)n;
}

/* log of the sum of e^(logit * inv). */
static float log_sum(const float *logit, int n, float inv)
{
	float top = logit[0] * inv, sum = 0;

	for (int k = 1; k < n; k++)
		top = logit[k] * inv > top ? logit[k] * inv : top;
	for (int k = 0; k < n; k++)
		sum += expf(logit[k] * inv - top);
	return top + logf(sum);
}

/* Focal loss multiplies by (1 - p)^f: value and the factor on the derivative by the logits. */
static double focal(float p, float f, double ce, float *factor)
{
	float rest = 1 - p, power = powf(rest, f);

	/* d/dz_k of (1-p)^f (-log p) = [(1-p)^f - f p (1-p)^(f-1) log p] (p_k - [k is it]) */
	*factor = power + (rest > 1e-6f ? f * p * power / rest * (float)ce : 0);
	return (double)power * ce;
}

double nn_ce(const float *logit, int n, const struct nn_ce *o, float *grad)
{
	float inv = o->temperature > 0 ? 1 / o->temperature : 1, factor = 1, z, w;
	double loss = 0;

	if (!o->soft && (o->label < 0 || o->label >= n))
		return 0;
	w = o->weight != 0 ? o->weight : 1;
	if (o->class_w && !o->soft)
		w *= o->class_w[o->label];
	z = log_sum(logit, n, inv);
	for (int k = 0; k < n; k++)
		loss += (double)target(o, k, n) * (double)(z - logit[k] * inv);
	if (o->focal > 0 && !o->soft)
		loss = focal(expf(logit[o->label] * inv - z), o->focal, loss, &factor);
	for (int k = 0; k < n && grad; k++)
		grad[k] += w * inv * factor * (expf(logit[k] * inv - z) - target(o, k, n));
	return (double)w * loss;
}

double nn_bce(const float *logit, int n, const float *y, const float *pos_w, float weight,
	      float *grad)
{
	double loss = 0;

	for (int k = 0; k < n; k++) {
		float pw = pos_w ? pos_w[k] : 1, x = logit[k], p = nn_sigmoid(x);
		/* log(1 + e^-|x|) serves both sides */
		float soft = log1pf(expf(-fabsf(x)));

		if (y[k] < 0)
			continue;
		loss += (double)(pw * y[k] * (soft + (x < 0 ? -x : 0)) +
				 (1 - y[k]) * (soft + (x > 0 ? x : 0)));
		if (grad)
			grad[k] += weight * ((1 - y[k]) * p - pw * y[k] * (1 - p));
	}
	return (double)weight * loss;
}

double nn_mse(const float *x, int n, const float *y, float weight, float *grad)
{
	double loss = 0;

	for (int k = 0; k < n; k++) {
		float d = x[k] - y[k];

		loss += 0.5 * (double)d * (double)d;
		if (grad)
			grad[k] += weight * d;
	}
	return (double)weight * loss;
}

double nn_cosine_loss(const float *x, int n, const float *y, float weight, float *grad)
{
	float xx = sqrtf(nn_k->dot(x, x, n)), yy = sqrtf(nn_k->dot(y, y, n)), c;

	if (!(xx > 0 && yy > 0))
		return (double)weight;
	c = nn_k->dot(x, y, n) / (xx * yy);
	if (grad) {
		nn_k->axpy(grad, -weight / (xx * yy), y, n);
		nn_k->axpy(grad, weight * c / (xx * xx), x, n);
	}
	return (double)weight * (1 - (double)c);
}

/* ---- batches ---- */

/* Softmax over the likenesses of a[i] to all b[j]; adds the part of the loss with i and its
 * derivatives. sim is n floats of scratch. */
static double match_one(const float *const *a, const float *const *b, size_t i, size_t n, int dim,
			const struct nn_ce *o, const int *group, float *const *ga,
			float *const *gb, float *sim)
{
	float inv = 1 / o->temperature, sum, share;
	double loss;

	for (size_t j = 0; j < n; j++) {
		sim[j] = nn_k->dot(a[i], b[j], dim) * inv;
		if (j != i && group && group[i] == group[j])
			sim[j] = -1e30f;
	}
	loss = -(double)sim[i];
	share = sim[0];
	for (size_t j = 1; j < n; j++)
		share = sim[j] > share ? sim[j] : share;
	sum = nn_k->soft(sim, (int)n);
	loss += (double)share + log((double)sum);
	for (size_t j = 0; j < n; j++) {
		float d = o->weight * inv * (sim[j] / sum - (j == i));

		if (ga)
			nn_k->axpy(ga[i], d, b[j], dim);
		if (gb)
			nn_k->axpy(gb[j], d, a[i], dim);
	}
	return (double)o->weight * loss;
}

double nn_infonce(const float *const *a, const float *const *b, size_t n, int dim,
		  const int *group, float temperature, float weight, float *const *ga,
		  float *const *gb)
{
	struct nn_ce o = { .temperature = temperature, .weight = weight * 0.5f };
	float *sim = xalloc(n * sizeof(float));
	double loss = 0;

	for (size_t i = 0; i < n; i++) {
		loss += match_one(a, b, i, n, dim, &o, group, ga, gb, sim);
		loss += match_one(b, a, i, n, dim, &o, group, gb, ga, sim);
	}
	xfree(sim);
	return loss;
}

/* Anchor i: mean over its positives of -log softmax over all others. */
static double anchor(const float *const *v, size_t i, size_t n, int dim, const int *label,
		     const struct nn_ce *o, float *const *grad, float *sim)
{
	float inv = 1 / o->temperature, top, sum, count = 0;
	double loss = 0;

	for (size_t j = 0; j < n; j++) {
		sim[j] = j == i ? -1e30f : nn_k->dot(v[i], v[j], dim) * inv;
		count += j != i && label[j] == label[i] ? 1 : 0;
	}
	if (count <= 0)
		return 0;
	top = sim[0];
	for (size_t j = 0; j < n; j++) {
		top = sim[j] > top ? sim[j] : top;
		if (j != i && label[j] == label[i])
			loss -= (double)(sim[j] / count);
	}
	sum = nn_k->soft(sim, (int)n);
	loss += (double)top + log((double)sum);
	for (size_t j = 0; j < n && grad; j++) {
		float d = sim[j] / sum - (label[j] == label[i] ? 1 / count : 0);

		if (j == i)
			continue;
		nn_k->axpy(grad[i], o->weight * inv * d, v[j], dim);
		nn_k->axpy(grad[j], o->weight * inv * d, v[i], dim);
	}
	return (double)o->weight * loss;
}

double nn_supcon(const float *const *v, size_t n, int dim, const int *label, float temperature,
		 float weight, float *const *grad)
{
	struct nn_ce o = { .temperature = temperature, .weight = weight };
	float *sim = xalloc(n * sizeof(float));
	double loss = 0;

	for (size_t i = 0; i < n; i++)
		if (label[i] >= 0)
			loss += anchor(v, i, n, dim, label, &o, grad, sim);
	xfree(sim);
	return loss;
}

/* ---- helpers of a training run ---- */

bool nn_stop_best(struct nn_stop *s, double score)
{
	bool best = !s->seen || score > s->best;

	if (best) {
		s->best = score;
		s->at = s->seen;
	}
	s->seen++;
	return best;
}

bool nn_stop_now(const struct nn_stop *s)
{
	return s->patience > 0 && s->seen - 1 - s->at >= s->patience;
}

void nn_shuffle(uint32_t *v, size_t n, struct rng *r)
{
	for (size_t i = n; i > 1; i--) {
		size_t j = (size_t)rng_below(r, i);
		uint32_t keep = v[i - 1];

		v[i - 1] = v[j];
		v[j] = keep;
	}
}

/* ---- calibration ---- */

static double mean_ce(const float *logit, const int *label, size_t rows, int n, float temperature)
{
	double sum = 0;

	for (size_t i = 0; i < rows; i++)
		sum += nn_ce(logit + i * (size_t)n, n,
			     &(struct nn_ce){ .label = label[i], .temperature = temperature },
			     NULL);
	return sum;
}

/* Golden section on the logarithm of the temperature; the loss has one minimum in it. */
float nn_fit_temperature(const float *logit, const int *label, size_t rows, int n)
{
	const float gold = 0.618034f;
	float low = logf(0.05f), high = logf(20), a = high - gold * (high - low);
	float b = low + gold * (high - low);
	double fa = mean_ce(logit, label, rows, n, expf(a));
	double fb = mean_ce(logit, label, rows, n, expf(b));

	if (!rows || n < 1)
		return 1;
	for (int i = 0; i < 24; i++) {
		if (fa < fb) {
			high = b;
			b = a;
			fb = fa;
			a = high - gold * (high - low);
			fa = mean_ce(logit, label, rows, n, expf(a));
		} else {
			low = a;
			a = b;
			fa = fb;
			b = low + gold * (high - low);
			fb = mean_ce(logit, label, rows, n, expf(b));
		}
	}
	return expf(0.5f * (low + high));
}

double nn_ece(const float *conf, const bool *right, size_t n, int bins)
{
	double error = 0;

	for (int b = 0; b < bins && n; b++) {
		double sum = 0;

		for (size_t i = 0; i < n; i++) {
			int at = (int)(conf[i] * (float)bins);

			at = at < 0 ? 0 : at >= bins ? bins - 1 : at;
			if (at == b)
				sum += (double)conf[i] - (right[i] ? 1 : 0);
		}
		error += fabs(sum) / (double)n;
	}
	return error;
}
