/* policy_q.c: each round regresses reward + gamma x (best of the next choices, by the last
 * round) on the features. The features do not change, so the normal equations are factored once
 * (Cholesky) and a round costs one pass over the log. Pure. */
#include "policy_q.h"

#include <math.h>
#include <string.h>

#define RIDGE 1e-3
#define ROUNDS 1000
#define STILL 1e-9               /* change of a weight, relative */

double policy_q_value(const struct policy_q *q, const double *x)
{
	double s = 0;
	for (int i = 0; i < q->dim; i++)
		s += q->w[i] * x[i];
	return s;
}

int policy_q_best(const struct policy_q *q, const double *choices, int n)
{
	int best = 0;
	double most = -INFINITY;
	for (int i = 0; i < n; i++) {
		double v = policy_q_value(q, choices + (size_t)i * (size_t)q->dim);
		if (v > most) {
			most = v;
			best = i;
		}
	}
	return best;
}

/* Where the features of a row that are not 0 begin and end: most are, as a rule. */
struct span { int from, to; };
static struct span span_of(const double *x, int d)
{
	struct span s = { 0, d };
	while (s.from < d && x[s.from] == 0)
		s.from++;
	while (s.to > s.from && x[s.to - 1] == 0)
		s.to--;
	return s;
}

static double value_in(const struct policy_q *q, const double *x, struct span at)
{
	double s = 0;
	for (int i = at.from; i < at.to; i++)
		s += q->w[i] * x[i];
	return s;
}

/* Lower factor of X'X + ridge n I, in place. */
static void factor(double *a, int d)
{
	for (int i = 0; i < d; i++) {
		double *row = a + (size_t)i * (size_t)d;
		for (int j = 0; j <= i; j++) {
			const double *other = a + (size_t)j * (size_t)d;
			double s = row[j];
			for (int k = 0; k < j; k++)
				s -= row[k] * other[k];
			row[j] = i == j ? sqrt(s > 1e-300 ? s : 1e-300) : s / other[j];
		}
	}
}

static void solve(const double *a, int d, double *b)
{
	for (int i = 0; i < d; i++) {
		for (int k = 0; k < i; k++)
			b[i] -= a[(size_t)i * (size_t)d + (size_t)k] * b[k];
		b[i] /= a[(size_t)i * (size_t)d + (size_t)i];
	}
	for (int i = d - 1; i >= 0; i--) {
		for (int k = i + 1; k < d; k++)
			b[i] -= a[(size_t)k * (size_t)d + (size_t)i] * b[k];
		b[i] /= a[(size_t)i * (size_t)d + (size_t)i];
	}
}

static double *normal(const struct policy_q_opt *o, const struct policy_q_step *step, size_t n)
{
	int d = o->dim;
	double *a = xalloc(sizeof(*a) * (size_t)d * (size_t)d);
	for (size_t t = 0; t < n; t++)
		for (int i = 0; i < d; i++)
			for (int j = 0; step[t].x[i] != 0 && j <= i; j++)
				a[(size_t)i * (size_t)d + (size_t)j] += step[t].x[i] * step[t].x[j];
	for (int i = 0; i < d; i++)
		a[(size_t)i * (size_t)d + (size_t)i] += o->ridge > 0 ? o->ridge : RIDGE;
	factor(a, d);
	return a;
}

struct fit {
	const struct policy_q_opt *o;
	const struct policy_q_step *step;
	size_t n;
	struct span *span;           /* of each step's x and choices, one after the other */
	double *a, *b;
	struct policy_q q;
};

static double best_next(const struct fit *f, const struct policy_q_step *s, const struct span *at)
{
	double most = -INFINITY;
	for (int k = 0; k < s->n_next; k++)
		most = fmax(most, value_in(&f->q, s->next + (size_t)k * (size_t)f->q.dim, at[k]));
	return s->n_next > 0 ? most : 0;
}

/* One round; the greatest change of a weight, relative to the greatest weight. */
static double improve(struct fit *f)
{
	double change = 0, most = 1e-12, *b = f->b;
	const struct span *at = f->span;
	memset(b, 0, sizeof(*b) * (size_t)f->q.dim);
	for (size_t t = 0; t < f->n; t++) {
		const struct policy_q_step *s = &f->step[t];
		double y = s->reward + f->o->gamma * best_next(f, s, at + 1);
		for (int i = at->from; i < at->to; i++)
			b[i] += y * s->x[i];
		at += 1 + (s->n_next > 0 ? s->n_next : 0);
	}
	solve(f->a, f->q.dim, b);
	for (int i = 0; i < f->q.dim; i++) {
		change = fmax(change, fabs(b[i] - f->q.w[i]));
		most = fmax(most, fabs(b[i]));
		f->q.w[i] = b[i];
	}
	return change / most;
}

static struct span *spans(const struct policy_q_opt *o, const struct policy_q_step *step, size_t n)
{
	size_t all = 0, k = 0;
	for (size_t t = 0; t < n; t++)
		all += 1 + (size_t)(step[t].n_next > 0 ? step[t].n_next : 0);
	struct span *ret = xalloc(sizeof(*ret) * all);
	for (size_t t = 0; t < n; t++) {
		ret[k++] = span_of(step[t].x, o->dim);
		for (int i = 0; i < step[t].n_next; i++)
			ret[k++] = span_of(step[t].next + (size_t)i * (size_t)o->dim, o->dim);
	}
	return ret;
}

int policy_q_fit(const struct policy_q_opt *o, const struct policy_q_step *step, size_t n,
		 struct policy_q *ret)
{
	if (!n || o->dim < 1 || o->dim > POLICY_Q_DIM || !(o->gamma >= 0) || o->gamma > 1 ||
	    o->rounds < 0)
		return ERR_INVAL;
	struct fit f = { .o = o, .step = step, .n = n,
			 .q = { o->dim, xalloc(sizeof(double) * (size_t)o->dim) } };
	int rounds = o->rounds ? o->rounds : ROUNDS;
	f.a = normal(o, step, n);
	f.b = xalloc(sizeof(*f.b) * (size_t)o->dim);
	f.span = spans(o, step, n);
	for (int r = 0; r < rounds; r++)
		if (improve(&f) < STILL)
			break;
	xfree(f.a);
	xfree(f.b);
	xfree(f.span);
	*ret = f.q;
	return 0;
}
