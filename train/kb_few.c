/* kb_few.c: learns order and gate of an article with few names among others with many.
 *
 * What was written yesterday, or came of the flywheel, has a short text and the few ways in
 * which it was asked; what was learned from articles with dozens of names puts it behind these
 * and declines what is worded anew. A part of the articles is made so (load_set, LOAD_SCARCE).
 * Their scores get weights of their own, the other articles' stay as they are; then of each
 * question those of its first candidates that have few names are judged: does this one answer?
 * The threshold lets a share of the unanswerable questions through, cross-fitted.
 */
#include <math.h>
#include <stdlib.h>
#include "kb_train.h"

/* Of the unanswerable questions, by one with few names: as many as by the others by words. */
#define FEW_ANSWERED 0.065
#define FEW_GEMMA_ANSWERED 0.05

struct tally {
	double asked, right, wrong; /* of articles with few names */
	double oos, answered, other, other_wrong, other_first;
};

/* The greatest p of each question's rows; rows of one question stand together. */
static size_t best_rows(const struct gate_row *r, size_t n, const struct gate_row **best)
{
	size_t k = 0;

	for (size_t i = 0; i < n; i++) {
		if (r[i].removed)
			continue;
		if (k && best[k - 1]->of == r[i].of) {
			if (r[i].p > best[k - 1]->p)
				best[k - 1] = &r[i];
			continue;
		}
		best[k++] = &r[i];
	}
	return k;
}

static bool wants_few(const struct sample *x)
{
	return x->gold >= 0 && kb_few_among_many(x->f->c, x->f->n, (size_t)x->gold);
}

static struct tally count(const struct set *s, const struct gate_row *const *best, size_t n,
			  bool dev, double ans)
{
	struct tally t = { 0 };

	for (size_t i = 0; i < s->n; i++) {
		const struct sample *x = &s->v[i];

		if (!x->scarce || x->dev != dev)
			continue;
		t.oos += !x->want.n;
		t.asked += x->want.n && wants_few(x);
		t.other += x->want.n && !wants_few(x);
		t.other_first += x->want.n && !wants_few(x) && x->gold == 0;
	}
	for (size_t i = 0; i < n; i++) {
		const struct sample *x = best[i]->of;

		if (x->dev != dev || best[i]->p < ans)
			continue;
		t.answered += !x->want.n;
		t.right += best[i]->y > 0;
		t.wrong += x->want.n && wants_few(x) && best[i]->y <= 0;
		t.other_wrong += x->want.n && !wants_few(x);
	}
	return t;
}

static void report(const char *lang, const struct set *s, const struct gate_row *const *best,
		   size_t n, double ans)
{
	for (int dev = 1; dev >= 0; dev--) {
		struct tally t = count(s, best, n, dev, ans);

		fprintf(stderr,
			"%s %.3f %-9s %4.0f wanted one with few names: right %.1f%%, another "
			"%.1f%%; %4.0f another: first %.1f%%, taken for it %.1f%%; %3.0f "
			"unanswerable: answered %.1f%%\n",
			lang, ans, dev ? "questions" : "names", t.asked,
			100 * t.right / fmax(t.asked, 1), 100 * t.wrong / fmax(t.asked, 1), t.other,
			100 * t.other_first / fmax(t.other, 1),
			100 * t.other_wrong / fmax(t.other, 1), t.oos,
			100 * t.answered / fmax(t.oos, 1));
	}
}

static double threshold(const struct set *s, const struct gate_row *const *best, size_t n,
			double share)
{
	double *p = arena_new(&train_mem, double, n + 1);
	size_t k = 0, all = 0, at;

	for (size_t i = 0; i < s->n; i++)
		all += s->v[i].scarce && !s->v[i].want.n;
	for (size_t i = 0; i < n; i++)
		if (best[i]->oos)
			p[k++] = best[i]->p;
	qsort(p, k, sizeof(*p), descending);
	at = (size_t)floor(share * (double)all);
	return at < k ? fmin(0.95, round(1000 * p[at] + 0.1) / 1000) : 0.5;
}

void fit_few(FILE *out, const char *kind, const char *lang, struct set *s, bool dense)
{
	struct gate_row *r = arena_new(&train_mem, struct gate_row, GATE_ROWS * s->n + 1);
	struct kb_few few = { .gate.n = dense ? KG_MAX : KG_N };
	const struct gate_row **best;
	double w[RANK_N];
	size_t n = train_order(s, &few, w, r), k;

	fit_gate(r, n, &few.gate);
	best = arena_new(&train_mem, const struct gate_row *, n + 1);
	k = best_rows(r, n, best);
	for (double share = 0.01; share < 0.11; share += 0.01)
		report(lang, s, best, k, threshold(s, best, k, share));
	few.answer = threshold(s, best, k, strcmp(kind, "gemma_") == 0 ? FEW_GEMMA_ANSWERED :
									 FEW_ANSWERED);
	fprintf(stderr, "%s threshold %.3f, %zu rows\n", lang, few.answer, n);
	fprintf(out, "static const struct kb_few few_%s%s = {\n\t.bias = %.4f,\n", kind, lang,
		few.bias);
	print_array(out, "\t.rank = ", few.rank, dense ? RANK_N : KF_N);
	fprintf(out, ",\n\t.answer = %.4f,\n\t.gate = ", few.answer);
	print_gate(out, &few.gate);
	fprintf(out, ",\n};\n");
}
