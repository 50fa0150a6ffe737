/* kb_cross.c: learns when an article of another language answers (src/kb/kb_abroad.c).
 *
 * Every question is asked of the articles of the other language: as it is, with the right article
 * taken out, and the unanswerable ones. A logistic regression over the best
 * article's features, trained by Newton steps on cross-fitted folds; one set of weights for all
 * directions. The threshold lets CROSS_ANSWERED of the
 * unanswerable through, CROSS_OFFERED of them are offered something. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include "kb_train.h"

#define CROSS_ANSWERED 0.07
#define STRICT_ANSWERED 0.04
#define CROSS_OFFERED 0.30
#define REMOVED_WEIGHT 0.25
#define RIDGE 1.0

struct cross_row {
	double x[KA_N + 1], y, weight, p;
	bool oos, right_first, removed;
	int fold, lang;
};

static void ask(const struct kb_space *sp, const struct sample *q, const struct kd_query *kd,
		bool removed, int lang, struct cross *r)
{
	struct kb_abroad b = { 0 };
	struct cross_row *x;

	if (!kb_abroad_look(sp, &(struct kb_query){ 0 }, kd, 0, removed ? q->want : SV_NULL, &b))
		return;
	x = VEC_PUSH(r, 4 * QUESTIONS_MAX);
	memcpy(x->x, b.g, sizeof(b.g));
	x->x[KA_N] = 1;
	x->oos = !q->want.n;
	x->removed = removed;
	x->right_first = q->want.n && sv_eq(sp->art[b.art[0]].a.group_id, q->want);
	x->y = x->right_first && !removed;
	x->weight = removed ? REMOVED_WEIGHT : 1;
	x->fold = q->fold;
	x->lang = lang;
}

void cross_ask(const struct kb_space *home, const struct kb_space *sp, const struct sample *q,
	       const float *v, struct cross *r)
{
	struct kd_query kd;
	int lang = strcmp(home->lang, "zh") == 0;

	if (!kb_abroad_query(v, sp->dim, home, sp, &train_mem, &kd))
		return;
	ask(sp, q, &kd, false, lang, r);
	if (q->want.n)
		ask(sp, q, &kd, true, lang, r);
}

/* Solves a * w = b in place (Gauss, a is positive definite). */
static void solve(double a[KA_N + 1][KA_N + 1], double b[KA_N + 1])
{
	for (int i = 0; i <= KA_N; i++)
		for (int k = i + 1; k <= KA_N; k++) {
			double f = a[k][i] / a[i][i];

			for (int j = i; j <= KA_N; j++)
				a[k][j] -= f * a[i][j];
			b[k] -= f * b[i];
		}
	for (int i = KA_N; i >= 0; i--) {
		for (int j = i + 1; j <= KA_N; j++)
			b[i] -= a[i][j] * b[j];
		b[i] /= a[i][i];
	}
}

static double dot(const double *w, const double *x)
{
	double z = 0;

	for (int k = 0; k <= KA_N; k++)
		z += w[k] * x[k];
	return z;
}

static void fit(const struct cross *r, int skip_fold, double w[KA_N + 1])
{
	memset(w, 0, sizeof(double) * (KA_N + 1));
	for (int step = 0; step < 25; step++) {
		double h[KA_N + 1][KA_N + 1] = { { 0 } }, g[KA_N + 1] = { 0 };

		for (int k = 0; k <= KA_N; k++) {
			h[k][k] = RIDGE;
			g[k] = -RIDGE * w[k];
		}
		for (size_t i = 0; i < r->n; i++) {
			const struct cross_row *x = &r->v[i];
			double p = 1 / (1 + exp(-dot(w, x->x))), c = x->weight * p * (1 - p);

			if (x->fold == skip_fold)
				continue;
			for (int k = 0; k <= KA_N; k++) {
				g[k] += x->weight * (x->y - p) * x->x[k];
				for (int j = 0; j <= KA_N; j++)
					h[k][j] += c * x->x[k] * x->x[j];
			}
		}
		solve(h, g);
		for (int k = 0; k <= KA_N; k++)
			w[k] += g[k];
	}
}

/* strict: of all that have not the right article in front. */
static double threshold(const struct cross *r, double share, bool strict)
{
	double *oos = arena_new(&train_mem, double, r->n + 1);
	size_t k = 0;

	for (size_t i = 0; i < r->n; i++)
		if (r->v[i].oos || (strict && r->v[i].y <= 0 && !r->v[i].removed))
			oos[k++] = r->v[i].p;
	qsort(oos, k, sizeof(*oos), descending);
	return k ? oos[(size_t)(share * (double)k)] + 1e-4 : 2;
}

static void report(const struct cross *r, int lang, const char *what, double answer)
{
	double n = 0, first = 0, ok = 0, oos = 0, declined = 0;

	for (size_t i = 0; i < r->n; i++) {
		const struct cross_row *x = &r->v[i];

		if (x->lang != lang || x->removed)
			continue;
		oos += x->oos;
		declined += x->oos && x->p < answer;
		n += !x->oos;
		first += x->right_first;
		ok += x->right_first && x->p >= answer;
	}
	fprintf(stderr, "%s: %.0f questions, first %.1f%%, first and answered %.1f%%; %.0f "
		"unanswerable, declined %.1f%%\n", what, n, 100 * first / fmax(n, 1),
		100 * ok / fmax(n, 1), oos, 100 * declined / fmax(oos, 1));
}

void cross_fit(const struct cross *r, const char *kind, bool strict, FILE *out)
{
	double w[KA_N + 1], answer, unsure;

	for (int fold = 0; fold < FOLDS; fold++) {
		fit(r, fold, w);
		for (size_t i = 0; i < r->n; i++)
			if (r->v[i].fold == fold)
				r->v[i].p = 1 / (1 + exp(-dot(w, r->v[i].x)));
	}
	for (double share = 0.02; share < 0.1; share += 0.02) {
		report(r, 0, "(another threshold) en -> zh", threshold(r, share, strict));
		report(r, 1, "(another threshold) zh -> en", threshold(r, share, strict));
	}
	answer = threshold(r, strict ? STRICT_ANSWERED : CROSS_ANSWERED, strict);
	unsure = threshold(r, CROSS_OFFERED, strict);
	report(r, 0, "en questions, zh articles, answered", answer);
	report(r, 1, "zh questions, en articles, answered", answer);
	report(r, 0, "en questions, zh articles, offered", unsure);
	report(r, 1, "zh questions, en articles, offered", unsure);
	fit(r, -1, w);
	fprintf(out, "static const struct kb_abroad_weights weights_%s = {\n\t.w = {", kind);
	for (int k = 0; k <= KA_N; k++)
		fprintf(out, "%s%.4f,", k % 8 ? " " : "\n\t\t", w[k]);
	fprintf(out, "\n\t},\n\t.answer = %.4f,\n\t.unsure = %.4f,\n};\n", answer,
		unsure);
}
