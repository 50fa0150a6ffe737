/* kb_fit.c: learns order and gate of one language, reports, and writes the weights as C.
 *
 * The order is learned five times without a fold, the gate on what those orders say of the fold
 * they have not seen; the threshold on p lets a share of the unanswerable through, cross-fitted.
 */
#include <math.h>
#include <stdlib.h>
#include "kb_train.h"

#define OOS_ANSWERED 0.065       /* of the unanswerable development questions may be answered, */
#define DENSE_ANSWERED 0.05      /* with vectors fewer: better at both */
#define GEMMA_ANSWERED 0.04      /* with Gemma's: right and declined sum best on dev's sheet */
#define YOUNG_ANSWERED \
	0.02 /* a young company by words alone: hardly more is right than wrong */

int descending(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? 1 : x > y ? -1 : 0;
}

/* The p that only `share` of the unanswerable reach; strict: of all that have not the right article
 * in front. */
static double threshold(const struct gate_row *r, size_t n, double share, bool strict)
{
	double *oos = arena_new(&train_mem, double, n + 1);
	size_t k = 0, at;

	for (size_t i = 0; i < n; i++)
		if (r[i].own && (r[i].oos || (strict && r[i].y <= 0 && !r[i].removed)))
			oos[k++] = r[i].p;
	qsort(oos, k, sizeof(*oos), descending);
	at = (size_t)floor(share * (double)k);
	return k ? fmin(0.95, oos[at < k ? at : k - 1] + 1e-4) : 0.5;
}

void print_array(FILE *out, const char *name, const double *v, int n)
{
	fprintf(out, "%s{", name);
	for (int k = 0; k < n; k++)
		fprintf(out, "%s%.4f,", k % 8 ? " " : "\n\t\t", v[k]);
	fprintf(out, "\n\t}");
}

static void print_net(FILE *out, const struct kb_net *w, int n)
{
	fprintf(out, "\t\t{ .hid = {\n");
	for (int h = 0; h < KG_H; h++) {
		fprintf(out, "\t\t\t{");
		for (int k = 0; k <= n; k++)
			fprintf(out, "%s%.3f,", k % 9 || !k ? " " : "\n\t\t\t  ", w->hid[h][k]);
		fprintf(out, " },\n");
	}
	fprintf(out, "\t\t}, .out = {");
	for (int h = 0; h <= KG_H; h++)
		fprintf(out, "%s%.3f,", h % 9 ? " " : "\n\t\t\t", w->out[h]);
	fprintf(out, " } },\n");
}

void print_gate(FILE *out, const struct kb_gate *g)
{
	fprintf(out, "{\n\t.n = %d,\n", g->n);
	print_array(out, "\t.mean = ", g->mean, g->n);
	print_array(out, ",\n\t.scale = ", g->scale, g->n);
	fprintf(out, ",\n\t.net = {\n");
	for (int i = 0; i < KG_NETS; i++)
		print_net(out, &g->net[i], g->n);
	fprintf(out, "\t} }");
}

/* Cross-fitted: right and answered among the questions of one kind. */
static void report(const char *lang, const char *what, const struct gate_row *r, size_t n,
		   const struct gate_row *like, double ans)
{
	double ok = 0, all = 0, first = 0, oos = 0, declined = 0;

	for (size_t i = 0; i < n; i++) {
		if (r[i].dev != like->dev || r[i].own != like->own || r[i].removed ||
		    r[i].sheet < like->sheet)
			continue;
		oos += r[i].oos;
		declined += r[i].oos && r[i].p < ans;
		all += !r[i].oos;
		first += r[i].y > 0;
		ok += r[i].y > 0 && r[i].p >= ans;
	}
	fprintf(stderr, "%s %-22s %5.0f: first %.1f%%, first and answered %.1f%%; "
		"%4.0f unanswerable, declined %.1f%%\n", lang, what, all, 100 * first / all,
		100 * ok / all, oos, 100 * declined / fmax(oos, 1));
}

static void print_weights(FILE *out, const char *kind, const char *lang, const double w[RANK_N],
			  const struct gate_row *r, size_t n, const struct kb_gate *gate)
{
	bool dense = gate->n == KG_MAX;
	bool young = strstr(kind, "young") != NULL; /* where the first is often the wrong one */
	double share = strcmp(kind, "gemma_") == 0 ? GEMMA_ANSWERED :
		       dense ? DENSE_ANSWERED : young ? YOUNG_ANSWERED : OOS_ANSWERED;
	double ans = threshold(r, n, share, young);

	fprintf(stderr, "%s%s threshold %.3f\n", lang, dense ? " with vectors" : "", ans);
	for (share = 0.02; share < 0.15; share += 0.02) {
		double other = threshold(r, n, share, young);
		struct gate_row like = { .dev = true, .own = true };

		report(lang, "(other thresholds)", r, n, &like, other);
		like.sheet = true;
		report(lang, "(of dev alone)", r, n, &like, other);
	}
	report(lang, "questions", r, n, &(struct gate_row){ .dev = true, .own = true }, ans);
	report(lang, "of dev alone", r, n,
	       &(struct gate_row){ .dev = true, .own = true, .sheet = true }, ans);
	report(lang, "names", r, n, &(struct gate_row){ .own = true }, ans);
	report(lang, "foreign questions", r, n, &(struct gate_row){ .dev = true }, ans);
	report(lang, "foreign names", r, n, &(struct gate_row){ 0 }, ans);
	fprintf(out, "static const struct kb_weights weights_%s%s = {\n", kind, lang);
	print_array(out, "\t.rank = ", w, dense ? RANK_N : KF_N);
	fprintf(out, ",\n\t.answer = %.4f,\n\t.unsure = %.4f,\n\t.gate = ", ans,
		fmin(ans * 0.6, threshold(r, n, 0.25, young)));
	print_gate(out, gate);
	fprintf(out, ",\n};\n");
}

size_t train_order(struct set *s, struct kb_few *few, double w[RANK_N], struct gate_row *r)
{
	size_t rows = 0;

	for (int fold = 0; fold < FOLDS; fold++) {
		train_rank(s, fold, w);
		if (few)
			train_few_rank(s, fold, w, few);
		for (size_t i = 0; i < s->n; i++) {
			if (s->v[i].fold != fold || s->v[i].scarce != (few != NULL))
				continue;
			score_all(&s->v[i], w, few);
			rows += gate_rows(&s->v[i], r + rows);
		}
	}
	train_rank(s, -1, w);
	if (few)
		train_few_rank(s, -1, w, few);
	return rows;
}

void fit_gate(struct gate_row *r, size_t n, struct kb_gate *g)
{
	for (int fold = 0; fold < FOLDS; fold++) {
		train_gate(r, n, fold, g);
		for (size_t i = 0; i < n; i++)
			if (r[i].fold == fold)
				r[i].p = kb_gate_p(g, r[i].g);
	}
	train_gate(r, n, -1, g);
}

void fit_lang(FILE *out, const char *kind, const char *lang, struct set *s, bool dense)
{
	struct gate_row *r = arena_new(&train_mem, struct gate_row, 2 * s->n + 1);
	struct kb_gate g = { .n = dense ? KG_MAX : KG_N };
	double w[RANK_N];
	size_t n = train_order(s, NULL, w, r);

	fit_gate(r, n, &g);
	print_weights(out, kind, lang, w, r, n, &g);
}
