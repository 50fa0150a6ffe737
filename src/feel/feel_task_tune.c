/* feel_task_tune.c: from logits of held-out rows to answers one can rely on: the temperature
 * that makes probabilities honest, a threshold a label where a text may have several, and the
 * limit beyond which a text is out of scope. Pure arithmetic on the caller's arrays.
 */
#include <math.h>
#include <stdlib.h>

#include "feel_task_fit.h"
#include "nn_train.h"

enum { RARE = 5, STEPS = 20, LIFT_STEPS = 16, TOP = 2 };
#define GAP_MOST 0.1f
#define NEVER (-1e4f)
#define LIFT_STEP 0.05

static bool has_label(const struct feel_row *r, int k)
{
	for (int i = 0; i < r->n_label; i++)
		if (r->label[i] == k)
			return true;
	return false;
}

/* The label of a row in scope, else -1. */
static int one_label(const struct feel_task *t, const struct feel_row *r)
{
	return r->label[0] == t->oos ? -1 : r->label[0];
}

/* ---- several labels ---- */

struct point {
	float p;
	bool there;
};

static int by_p(const void *a, const void *b)
{
	float x = ((const struct point *)a)->p, y = ((const struct point *)b)->p;

	return x > y ? -1 : x < y;
}

/* The threshold of the greatest F1; v is sorted here. */
static float best_threshold(struct point *v, size_t n, size_t there)
{
	size_t right = 0;
	double best = 0;
	float at = 0.5f;

	qsort(v, n, sizeof(*v), by_p);
	for (size_t i = 0; i < n; i++) {
		right += v[i].there;
		double f1 = 2.0 * (double)right / ((double)(i + 1) + (double)there);
		if (f1 <= best || (i + 1 < n && v[i + 1].p == v[i].p))
			continue;
		best = f1;
		at = i + 1 < n ? (v[i].p + v[i + 1].p) / 2 : v[i].p;
	}
	return at < 0.02f ? 0.02f : at;
}

static size_t points_of(const struct feel_task *t, const struct feel_rows *rows,
			const uint32_t *dev, size_t n, const float *p, size_t label,
			struct point *v)
{
	size_t there = 0;

	for (size_t i = 0; i < n; i++) {
		v[i].p = p[i * t->n_label + label];
		v[i].there = has_label(&rows->v[dev[i]], (int)label);
		there += v[i].there;
	}
	return there;
}

static void tune_several(struct feel_task *t, const struct feel_rows *rows, const uint32_t *dev,
			 size_t n, const float *p)
{
	struct point *v = xalloc((n + 1) * sizeof(*v));
	struct point *all = xalloc((n * t->n_label + 1) * sizeof(*all));
	size_t total = 0;

	for (size_t k = 0; k < t->n_label; k++)
		total += points_of(t, rows, dev, n, p, k, all + k * n);
	float usual = best_threshold(all, n * t->n_label, total);
	for (size_t k = 0; k < t->n_label; k++) {
		size_t there = points_of(t, rows, dev, n, p, k, v);
		float own = best_threshold(v, n, there),
		      share = (float)there / (float)(there + RARE);
		t->threshold[k] = share * own + (1 - share) * usual;
	}
	xfree(v);
	xfree(all);
}

/* A label and its logit in a row: is it one of the TOP likeliest? The rest is surely not said, and
 * so much of it would drown what is. */
static bool near_top(const float *logit, size_t n, size_t label)
{
	size_t above = 0;

	for (size_t k = 0; k < n; k++)
		above += logit[k] > logit[label];
	return above < TOP;
}

/* Temperature and bias of least loss over the likeliest labels (Platt 1999): p = sigmoid(z / T
 * + b), by Newton's steps on 1 / T and b. */
static void several_platt(struct feel_task *t, const struct feel_rows *rows, const uint32_t *dev,
			  size_t n, const float *logit)
{
	double a = 1, b = 0;

	for (int step = 0; step < STEPS; step++) {
		double ga = 0, gb = 0, haa = 1e-9, hab = 0, hbb = 1e-9;
		for (size_t i = 0; i < n * t->n_label; i++) {
			const struct feel_row *r = &rows->v[dev[i / t->n_label]];
			size_t label = i % t->n_label;
			if (!near_top(logit + i - label, t->n_label, label))
				continue;
			double z = (double)logit[i], p = 1 / (1 + exp(-(a * z + b)));
			double d = p - has_label(r, (int)label), w = p * (1 - p);
			ga += d * z;
			gb += d;
			haa += w * z * z;
			hab += w * z;
			hbb += w;
		}
		double det = haa * hbb - hab * hab;
		if (!(det > 1e-12))
			break;
		a -= fmin(fmax((hbb * ga - hab * gb) / det, -0.5), 0.5);
		b -= fmin(fmax((haa * gb - hab * ga) / det, -1), 1);
		a = fmin(fmax(a, 0.01), 100);
	}
	t->temperature = (float)(1 / a);
	t->bias = (float)fmin(fmax(b, -20), 20);
}

/* ---- scope ---- */

static int by_float(const void *a, const void *b)
{
	float x = *(const float *)a, y = *(const float *)b;

	return x < y ? -1 : x > y;
}

/* Among the limits that give no more false alarms than allowed, the highest one that still finds
 * as many rows out of scope as the lowest. */
static void tune_scope(struct feel_task *t, const struct feel_rows *rows, const uint32_t *dev,
		       size_t n, const float *p, double alarms)
{
	float *in = xalloc((n + 1) * sizeof(*in)), *out = xalloc((n + 1) * sizeof(*out));
	size_t n_in = 0, n_out = 0;
	struct feel_guess g;

	for (size_t i = 0; i < n; i++) {
		feel_task_say(t, p + i * t->n_label, &g);
		if (one_label(t, &rows->v[dev[i]]) < 0)
			out[n_out++] = g.oos_p;
		else
			in[n_in++] = g.oos_p;
	}
	qsort(in, n_in, sizeof(*in), by_float);
	qsort(out, n_out, sizeof(*out), by_float);
	size_t allowed = (size_t)((double)n_in * alarms);
	float low = n_in ? in[n_in - 1 - (allowed < n_in ? allowed : n_in - 1)] : 0.5f;
	size_t k = 0;
	while (k < n_out && out[k] <= low)
		k++;
	/* half way to the first row that must be found; few such rows tell little */
	float gap = k < n_out && n_out >= RARE ? (out[k] - low) / 2 : 0;
	t->oos_at = low + (gap < GAP_MOST ? gap : GAP_MOST);
	xfree(in);
	xfree(out);
}

/* ---- rare labels ---- */

/* Emotions are rare beside "neutral", and the likeliest label of each row makes few of them:
 * (share of the label)^-power lifts them, the power that does best on the rows held out. */
static void tune_lift(struct feel_task *t, const struct feel_rows *rows, const uint32_t *dev,
		      size_t n, const float *logit)
{
	double share[FEEL_LABELS_MAX] = { 0 }, best = -1;
	struct feel_figures f;
	int power = 0;

	for (size_t i = 0; i < rows->n; i++)
		share[rows->v[i].label[0]] += 1 / (double)rows->n;
	for (int k = 0; k <= LIFT_STEPS + 1; k++) {
		int at = k <= LIFT_STEPS ? k : power;
		for (size_t i = 0; i < t->n_label; i++)
			t->lift[i] = (float)pow(share[i] + 1e-4, -LIFT_STEP * at);
		if (k > LIFT_STEPS)
			return;
		feel_dev_figures(t, rows, dev, n, logit, &f);
		if (f.weighted_f1 + f.macro_f1 <= best)
			continue;
		best = f.weighted_f1 + f.macro_f1;
		power = k;
	}
}

/* ---- both ---- */

/* Among the labels in scope, of the rows in scope: how sure an answer is counts for those. */
static float one_temperature(const struct feel_task *t, const struct feel_rows *rows,
			     const uint32_t *dev, size_t n, const float *logit)
{
	size_t labels = t->n_label;
	int *label = xalloc((n + 1) * sizeof(*label));
	float *z = xalloc((n * labels + 1) * sizeof(*z));

	memcpy(z, logit, n * labels * sizeof(*z));
	for (size_t i = 0; i < n; i++) {
		label[i] = one_label(t, &rows->v[dev[i]]);
		if (t->oos >= 0)
			z[i * labels + (size_t)t->oos] = NEVER;
	}
	float at = nn_fit_temperature(z, label, n, (int)labels);
	xfree(label);
	xfree(z);
	return at >= 0.01f && at <= 100 ? at : 1;
}

static float *all_p(const struct feel_task *t, size_t n, const float *logit)
{
	float *p = xalloc((n * t->n_label + 1) * sizeof(*p));

	for (size_t i = 0; i < n; i++)
		feel_task_p(t, logit + i * t->n_label, p + i * t->n_label);
	return p;
}

void feel_tune(struct feel_task *t, const struct feel_rows *rows, const uint32_t *dev, size_t n,
	       const float *logit, const struct feel_train *how)
{
	if (!n)
		return;
	if (t->multi)
		several_platt(t, rows, dev, n, logit);
	else
		t->temperature = one_temperature(t, rows, dev, n, logit) *
				 (how->heat > 0 ? (float)how->heat : 1);
	float *p = all_p(t, n, logit);
	if (t->multi)
		tune_several(t, rows, dev, n, p);
	else if (t->oos >= 0)
		tune_scope(t, rows, dev, n, p, how->alarms);
	xfree(p);
	if (!t->multi && t->kind == FEEL_EMOTION && !how->by_accuracy)
		tune_lift(t, rows, dev, n, logit);
}

void feel_dev_figures(const struct feel_task *t, const struct feel_rows *rows, const uint32_t *dev,
		      size_t n, const float *logit, struct feel_figures *out)
{
	struct feel_tally *tally = xalloc(sizeof(*tally));
	float p[FEEL_LABELS_MAX];
	struct feel_guess g;

	feel_tally_init(tally, t->n_label, t->oos);
	for (size_t i = 0; i < n; i++) {
		const struct feel_row *r = &rows->v[dev[i]];
		feel_task_p(t, logit + i * t->n_label, p);
		feel_task_say(t, p, &g);
		feel_tally_guess(tally, &g, t->multi, r->label, r->n_label);
	}
	feel_tally_figures(tally, out);
	xfree(tally);
}

/* Number of the row's label in the task; -1: out of scope, or none of its labels. */
static int label_in(const struct feel_task *t, sv name)
{
	for (size_t k = 0; k < t->n_label; k++)
		if ((int)k != t->oos && sv_eq(t->name[k], name))
			return (int)k;
	return -1;
}

float feel_task_heat(struct feel_task *t, const struct feel_rows *rows)
{
	size_t labels = t->n_label, n = 0;
	float *z = xalloc((rows->n * labels + 1) * sizeof(*z));
	int *label = xalloc((rows->n + 1) * sizeof(*label));
	struct feel_reader *r = feel_reader_new(t);
	struct feel_guess g;

	for (size_t i = 0; i < rows->n; i++) {
		const struct feel_row *row = &rows->v[i];
		int k = label_in(t, rows->name[row->label[0]]);
		if (k < 0 || row->n_label != 1)
			continue;
		feel_guess(r, row->text, row->other, &g);
		memcpy(z + n * labels, nn_out(r->pass, t->out, NULL), labels * sizeof(*z));
		if (t->oos >= 0)
			z[n * labels + (size_t)t->oos] = NEVER;
		label[n++] = k;
	}
	float at = n ? nn_fit_temperature(z, label, n, (int)labels) : t->temperature;
	feel_reader_free(r);
	xfree(z);
	xfree(label);
	return at >= 0.01f && at <= 100 ? at : t->temperature;
}
