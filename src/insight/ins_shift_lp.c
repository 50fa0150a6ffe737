/* ins_shift_lp.c: the linear program of a covering problem, by the simplex method on its dual.
 *
 * max need'y - room'z under A'y - z <= cost, y, z >= 0 begins at 0 without a first phase, as costs
 * are not negative. The tableau holds only the columns that are not in the basis. Pure. */
#include "ins_shift_int.h"

#include <math.h>

#include "arena.h"

struct tableau {
	double *a; /* (rows + 1) x (cols + 1); last row: objective, last column: b */
	int rows, cols;
	int *basis, *out; /* variable of a row, of a column: 0..cols-1 y, z, then slacks */
};

static double *row(const struct tableau *t, int i)
{
	return &t->a[(size_t)i * (size_t)(t->cols + 1)];
}

static void pivot(struct tableau *t, int r, int c)
{
	double *p = row(t, r), inv = 1 / p[c];
	for (int j = 0; j <= t->cols; j++)
		p[j] = j == c ? inv : p[j] * inv;
	for (int i = 0; i <= t->rows; i++) {
		double *q = row(t, i), k = q[c];
		if (i == r || k == 0)
			continue;
		for (int j = 0; j <= t->cols; j++)
			q[j] = j == c ? -k * inv : q[j] - k * p[j];
	}
	int v = t->basis[r];
	t->basis[r] = t->out[c];
	t->out[c] = v;
}

/* Column to enter: the steepest; when that has gone on for long the first (Bland), which cannot
 * go in circles. -1: the optimum. */
static int entering(const struct tableau *t, bool first)
{
	const double *z = row(t, t->rows);
	int best = -1;
	for (int j = 0; j < t->cols; j++) {
		if (z[j] >= -1e-9)
			continue;
		if (first ? best < 0 || t->out[j] < t->out[best] : best < 0 || z[j] < z[best])
			best = j;
	}
	return best;
}

static int leaving(const struct tableau *t, int c)
{
	int best = -1;
	double least = INFINITY;
	for (int i = 0; i < t->rows; i++) {
		double *p = row(t, i);
		if (p[c] <= 1e-9)
			continue;
		double ratio = p[t->cols] / p[c];
		if (ratio < least - 1e-12 ||
		    (ratio <= least + 1e-12 && best >= 0 && t->basis[i] < t->basis[best])) {
			least = ratio < least ? ratio : least;
			best = i;
		}
	}
	return best;
}

static void fill(struct tableau *t, const struct ins_shift_set *s, const struct shift_node *n)
{
	int col = s->slots;
	for (int i = 0; i < t->rows; i++) {
		const struct ins_shift *k = &s->kind[i];
		double *p = row(t, i);
		for (int j = k->from; j < k->from + k->length; j++)
			p[j] = ins_shift_works(k, j);
		p[t->cols] = k->cost;
		if (n->most[i] != SHIFT_FREE) {
			p[col] = -1;
			row(t, t->rows)[col++] = n->most[i] - n->least[i];
		}
		t->basis[i] = t->cols + i;
	}
	for (int j = 0; j < t->cols; j++)
		t->out[j] = j;
	for (int j = 0; j < s->slots; j++)
		row(t, t->rows)[j] = -n->need[j];
}

double shift_relax(const struct ins_shift_set *s, const struct shift_node *n, double *x,
		   size_t limit, size_t *work, bool *stopped)
{
	struct tableau t = { .rows = (int)s->kinds, .cols = s->slots };
	bool covered = true;
	for (size_t i = 0; i < s->kinds; i++) {
		t.cols += n->most[i] != SHIFT_FREE;
		x[i] = 0;
	}
	size_t cells = (size_t)(t.rows + 1) * (size_t)(t.cols + 1);
	t.a = xalloc(cells * sizeof(*t.a));
	t.basis = xalloc((size_t)(t.rows + t.cols) * sizeof(int));
	t.out = t.basis + t.rows;
	fill(&t, s, n);
	*stopped = true;
	for (int turn = 0; turn < 20000 && *work < limit; turn++) {
		int c = entering(&t, turn > 5000), r = c < 0 ? -1 : leaving(&t, c);
		covered = c < 0 || r >= 0;
		if (r < 0) {
			*stopped = false;
			break;
		}
		pivot(&t, r, c);
		*work += cells;
	}
	/* the dual is feasible at each step: its value is a bound, stopped early or not */
	double bound = covered ? row(&t, t.rows)[t.cols] : INFINITY;
	for (int j = 0; j < t.cols; j++) {
		int i = t.out[j] - t.cols;
		if (i < 0)
			continue;
		/* before the optimum there are negative ones */
		double most = n->most[i] == SHIFT_FREE ? HUGE_VAL : n->most[i] - n->least[i];
		x[i] = fmin(fmax(row(&t, t.rows)[j], 0), most);
	}
	xfree(t.a);
	xfree(t.basis);
	return bound;
}
