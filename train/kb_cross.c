/* kb_cross.c: learns when an article of another language answers (src/kb/kb_abroad.c).
 *
 * Every development question is asked of the articles of the other language: as it is, with
 * the right article taken out, and the unanswerable ones. A logistic regression over the best
 * article's features, trained by Newton steps on cross-fitted folds; one set of weights for all
 * directions. The threshold lets CROSS_ANSWERED of the
 * unanswerable through, CROSS_OFFERED of them are offered something. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include "kb_train.h"

#define CROSS_ANSWERED 0.07
#define CROSS_OFFERED 0.30
#define REMOVED_WEIGHT 0.25
#define RIDGE 1.0

struct row {
	double x[KA_N + 1], y, weight, p;
	bool oos, right_first, removed;
	int fold, lang;
};
struct rows {
	struct row *v;
	size_t n, cap;
};

static void ask(const struct kb_space *sp, const struct sample *q, const struct kd_query *kd,
		bool removed, int lang, struct rows *r)
{
	struct kb_abroad b = { 0 };
	struct row *x;

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

static void fit(const struct rows *r, int skip_fold, double w[KA_N + 1])
{
	memset(w, 0, sizeof(double) * (KA_N + 1));
	for (int step = 0; step < 25; step++) {
		double h[KA_N + 1][KA_N + 1] = { { 0 } }, g[KA_N + 1] = { 0 };

		for (int k = 0; k <= KA_N; k++) {
			h[k][k] = RIDGE;
			g[k] = -RIDGE * w[k];
		}
		for (size_t i = 0; i < r->n; i++) {
			const struct row *x = &r->v[i];
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

static int descending(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? 1 : x > y ? -1 : 0;
}

static double threshold(const struct rows *r, double share)
{
	double *oos = arena_new(&train_mem, double, r->n + 1);
	size_t k = 0;

	for (size_t i = 0; i < r->n; i++)
		if (r->v[i].oos)
			oos[k++] = r->v[i].p;
	qsort(oos, k, sizeof(*oos), descending);
	return k ? oos[(size_t)(share * (double)k)] + 1e-4 : 2;
}

static void report(const struct rows *r, int lang, const char *what, double answer)
{
	double n = 0, first = 0, ok = 0, oos = 0, declined = 0;

	for (size_t i = 0; i < r->n; i++) {
		const struct row *x = &r->v[i];

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

static void ask_all(struct kb_index *ix, const char *root, const char *from, const char *to,
		    int lang, struct rows *r)
{
	const struct kb_space *sp = kb_space_of(ix, sv_of(to));
	struct kb_space *home = kb_space_of(ix, sv_of(from));
	struct set s = plan_questions(home, root);

	for (size_t i = 0; i < s.n; i++) {
		struct kd_query kd;
		int dim;
		const float *v = question_vector(s.v[i].text, &dim);

		if (!s.v[i].dev || !v || !kb_abroad_query(v, dim, home, sp, &train_mem, &kd))
			continue;
		ask(sp, &s.v[i], &kd, false, lang, r);
		if (s.v[i].want.n)
			ask(sp, &s.v[i], &kd, true, lang, r);
	}
	VEC_FREE(&s);
}

void train_cross(struct kb_index *ix, const char *root, FILE *out, const char *kind)
{
	struct rows r = { 0 };
	double w[KA_N + 1], answer, unsure;

	ask_all(ix, root, "en", "zh", 0, &r);
	ask_all(ix, root, "zh", "en", 1, &r);
	for (int fold = 0; fold < FOLDS; fold++) {
		fit(&r, fold, w);
		for (size_t i = 0; i < r.n; i++)
			if (r.v[i].fold == fold)
				r.v[i].p = 1 / (1 + exp(-dot(w, r.v[i].x)));
	}
	answer = threshold(&r, CROSS_ANSWERED);
	unsure = threshold(&r, CROSS_OFFERED);
	report(&r, 0, "en questions, zh articles, answered", answer);
	report(&r, 1, "zh questions, en articles, answered", answer);
	report(&r, 0, "en questions, zh articles, offered", unsure);
	report(&r, 1, "zh questions, en articles, offered", unsure);
	fit(&r, -1, w);
	fprintf(out, "static const struct kb_abroad_weights weights_%sabroad = {\n\t.w = {", kind);
	for (int k = 0; k <= KA_N; k++)
		fprintf(out, "%s%.4f,", k % 8 ? " " : "\n\t\t", w[k]);
	fprintf(out, "\n\t},\n\t.answer = %.4f,\n\t.unsure = %.4f,\n};\n", answer,
		unsure);
	VEC_FREE(&r);
}
