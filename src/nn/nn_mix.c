/* nn_mix.c: layers that bring several together: sums, products and the like of layers, pooling
 * of steps. Pure functions on the pass. */
#include <math.h>
#include <string.h>

#include "nn_int.h"

/* ---- element by element ---- */

int nn_mix_shape(struct nn_net *net, struct nn_node *node, struct err *e)
{
	int rc = nn_no_mats(net, node, e);

	for (int i = 1; i < node->ins && !rc; i++)
		if (net->node[node->in[i]].dim != node->dim)
			return err_set(e, ERR_INVAL, "layer %s: reads layers of %d and %d floats",
				       node->name, node->dim, net->node[node->in[i]].dim);
	if (!rc && node->l.kind == NN_DIFF && node->ins != 2)
		return err_set(e, ERR_INVAL, "layer %s: a difference is of two layers",
			       node->name);
	return rc;
}

/* As many steps as the longest; a layer of one step counts for each, the last of a shorter one
 * for the rest. */
static int most_steps(struct nn_pass *p, int at)
{
	int most = 1;

	for (int k = 0; k < nn_node(p, at)->ins; k++)
		if (nn_src(p, at, k)->steps > most)
			most = nn_src(p, at, k)->steps;
	return most;
}

static size_t offset(const struct nn_cell *c, int t, int dim)
{
	return (size_t)(t < c->steps ? t : c->steps - 1) * (size_t)dim;
}

static void combine(enum nn_kind kind, float *y, const float *x, int n)
{
	if (kind == NN_SUM || kind == NN_MEAN) {
		nn_k->axpy(y, 1, x, n);
		return;
	}
	for (int i = 0; i < n; i++)
		y[i] = kind == NN_MUL ? y[i] * x[i] : fabsf(y[i] - x[i]);
}

void nn_mix_run(struct nn_pass *p, int at)
{
	const struct nn_node *node = nn_node(p, at);
	int steps = most_steps(p, at), n = node->dim;
	float *y = nn_room(p, at, steps);

	for (int t = 0; t < steps; t++, y += n) {
		memcpy(y, nn_src(p, at, 0)->y + offset(nn_src(p, at, 0), t, n),
		       (size_t)n * sizeof(float));
		for (int k = 1; k < node->ins; k++)
			combine(node->l.kind, y,
				nn_src(p, at, k)->y + offset(nn_src(p, at, k), t, n), n);
		for (int i = 0; i < n && node->l.kind == NN_MEAN; i++)
			y[i] /= (float)node->ins;
	}
}

/* dx of input k at step t. */
static void mix_down(struct nn_pass *p, int at, int k, int t)
{
	const struct nn_node *node = nn_node(p, at);
	int n = node->dim;
	const float *dy = p->cell[at].dy + (size_t)t * (size_t)n;
	float *dx = nn_down(p, at, k) + offset(nn_src(p, at, k), t, n);

	if (node->l.kind == NN_SUM || node->l.kind == NN_MEAN) {
		nn_k->axpy(dx, node->l.kind == NN_SUM ? 1 : 1 / (float)node->ins, dy, n);
		return;
	}
	for (int i = 0; i < n; i++) {
		float f = 1;

		for (int j = 0; j < node->ins; j++) {
			const struct nn_cell *o = nn_src(p, at, j);

			if (j != k)
				f = node->l.kind == NN_MUL ?
					    f * o->y[offset(o, t, n) + (size_t)i] :
					    o->y[offset(o, t, n) + (size_t)i];
		}
		if (node->l.kind == NN_DIFF) {
			const struct nn_cell *o = nn_src(p, at, k);
			float mine = o->y[offset(o, t, n) + (size_t)i];

			f = mine > f ? 1 : mine < f ? -1 : 0;
		}
		dx[i] += f * dy[i];
	}
}

void nn_mix_back(struct nn_pass *p, int at)
{
	for (int k = 0; k < nn_node(p, at)->ins; k++)
		for (int t = 0; t < p->cell[at].steps && nn_down(p, at, k); t++)
			mix_down(p, at, k, t);
}

/* ---- side by side ---- */

int nn_cat_shape(struct nn_net *net, struct nn_node *node, struct err *e)
{
	node->dim = 0;
	for (int i = 0; i < node->ins; i++)
		node->dim += net->node[node->in[i]].dim;
	return 0;
}

void nn_cat_run(struct nn_pass *p, int at)
{
	const struct nn_node *node = nn_node(p, at);
	int steps = most_steps(p, at);
	float *y = nn_room(p, at, steps);

	for (int t = 0; t < steps; t++)
		for (int k = 0; k < node->ins; k++) {
			int n = nn_in_dim(p, at, k);

			memcpy(y, nn_src(p, at, k)->y + offset(nn_src(p, at, k), t, n),
			       (size_t)n * sizeof(float));
			y += n;
		}
}

void nn_cat_back(struct nn_pass *p, int at)
{
	const float *dy = p->cell[at].dy;

	for (int t = 0; t < p->cell[at].steps; t++)
		for (int k = 0; k < nn_node(p, at)->ins; k++) {
			int n = nn_in_dim(p, at, k);
			float *dx = nn_down(p, at, k);

			if (dx)
				nn_k->axpy(dx + offset(nn_src(p, at, k), t, n), 1, dy, n);
			dy += n;
		}
}

/* ---- pooling ---- */

int nn_pool_shape(struct nn_net *net, struct nn_node *node, struct err *e)
{
	int in = net->node[node->in[0]].dim;
	struct nn_mat q = { .rows = node->l.heads ? node->l.heads : 1, .cols = in, .fine = true,
			    .init = 1 };

	if (node->l.how > NN_DEFAULT && node->l.how < NN_AVERAGE)
		return err_set(e, ERR_INVAL, "layer %s: no way to pool", node->name);
	if (node->l.how != NN_ATTEND)
		return nn_no_mats(net, node, e);
	node->dim = in * q.rows;
	q.init = node->l.zero ? 0 : node->l.init > 0 ? node->l.init : 1;
	return nn_mat_add(net, node, &q, e);
}

/* aux: shares, heads x steps. */
static void attend(struct nn_pass *p, int at)
{
	const struct nn_cell *x = nn_src(p, at, 0);
	const struct nn_mat *q = &p->net->mat[nn_node(p, at)->mat];
	float *y = nn_room(p, at, 1), *a = nn_aux(p, at, (size_t)q->rows * (size_t)x->steps);
	float scale = 1 / sqrtf((float)q->cols);

	memset(y, 0, (size_t)nn_node(p, at)->dim * sizeof(float));
	nn_k->mul(&(struct nn_prod){ .x = q->f, .w = x->y, .y = a, .t = q->rows, .n = x->steps,
				     .k = q->cols, .ldx = q->cols, .ldw = q->cols,
				     .ldy = x->steps });
	for (int h = 0; h < q->rows; h++, a += x->steps) {
		float sum;

		for (int t = 0; t < x->steps; t++)
			a[t] *= scale;
		sum = nn_k->soft(a, x->steps);
		for (int t = 0; t < x->steps; t++) {
			a[t] /= sum;
			nn_k->axpy(y + (size_t)h * (size_t)q->cols, a[t],
				   x->y + (size_t)t * (size_t)q->cols, q->cols);
		}
	}
}

static void attend_back(struct nn_pass *p, int at)
{
	const struct nn_cell *x = nn_src(p, at, 0);
	const struct nn_mat *q = &p->net->mat[nn_node(p, at)->mat];
	const float *a = p->cell[at].aux, *dy = p->cell[at].dy;
	float *dx = nn_down(p, at, 0), *dq = nn_mat_grad(p, at, 0);
	float scale = 1 / sqrtf((float)q->cols);
	int n = q->cols;

	for (int h = 0; h < q->rows; h++, a += x->steps, dy += n) {
		float along = 0;

		for (int t = 0; t < x->steps; t++)
			along += a[t] * nn_k->dot(dy, x->y + (size_t)t * (size_t)n, n);
		for (int t = 0; t < x->steps; t++) {
			const float *xt = x->y + (size_t)t * (size_t)n;
			float ds = scale * a[t] * (nn_k->dot(dy, xt, n) - along);

			if (dx) {
				nn_k->axpy(dx + (size_t)t * (size_t)n, a[t], dy, n);
				nn_k->axpy(dx + (size_t)t * (size_t)n, ds,
					   q->f + (size_t)h * (size_t)n, n);
			}
			if (dq)
				nn_k->axpy(dq + (size_t)h * (size_t)n, ds, xt, n);
		}
	}
}

/* The step that counts for element i, for all but mean and attention. */
static int pick(const struct nn_cell *x, enum nn_how how, int n, int i)
{
	int best = 0;

	if (how == NN_FIRST || how == NN_LAST)
		return how == NN_FIRST ? 0 : x->steps - 1;
	for (int t = 1; t < x->steps; t++)
		if (x->y[(size_t)t * (size_t)n + (size_t)i] >
		    x->y[(size_t)best * (size_t)n + (size_t)i])
			best = t;
	return best;
}

static bool is_mean(enum nn_how how)
{
	return how == NN_DEFAULT || how == NN_AVERAGE;
}

void nn_pool_run(struct nn_pass *p, int at)
{
	const struct nn_cell *x = nn_src(p, at, 0);
	enum nn_how how = nn_node(p, at)->l.how;
	int n = nn_node(p, at)->dim;
	float *y;

	if (how == NN_ATTEND) {
		attend(p, at);
		return;
	}
	y = nn_room(p, at, 1);
	memset(y, 0, (size_t)n * sizeof(float));
	for (int t = 0; t < x->steps && is_mean(how); t++)
		nn_k->axpy(y, 1 / (float)x->steps, x->y + (size_t)t * (size_t)n, n);
	for (int i = 0; i < n && !is_mean(how); i++)
		y[i] = x->y[(size_t)pick(x, how, n, i) * (size_t)n + (size_t)i];
}

void nn_pool_back(struct nn_pass *p, int at)
{
	const struct nn_cell *x = nn_src(p, at, 0);
	enum nn_how how = nn_node(p, at)->l.how;
	int n = nn_node(p, at)->dim;
	const float *dy = p->cell[at].dy;
	float *dx = nn_down(p, at, 0);

	if (how == NN_ATTEND) {
		attend_back(p, at);
		return;
	}
	for (int t = 0; t < x->steps && is_mean(how) && dx; t++)
		nn_k->axpy(dx + (size_t)t * (size_t)n, 1 / (float)x->steps, dy, n);
	for (int i = 0; i < n && !is_mean(how) && dx; i++)
		dx[(size_t)pick(x, how, n, i) * (size_t)n + (size_t)i] += dy[i];
}
