/* nn_dense.c: layers that treat each step by itself: products, activations, norms, dropout.
 *
 * In inference nothing is kept; in training aux holds what the way back needs. Pure functions on
 * the pass. */
#include <math.h>
#include <string.h>

#include "nn_int.h"

static int below(const struct nn_net *net, const struct nn_node *node)
{
	return net->node[node->in[0]].dim;
}

/* ---- act(W x + b) ---- */

int nn_dense_shape(struct nn_net *net, struct nn_node *node, struct err *e)
{
	const struct nn_layer *l = &node->l;
	int in = below(net, node), rc;
	struct nn_mat w = { .rows = l->dim, .cols = in }, b = { .rows = 1, .cols = l->dim };

	node->dim = l->dim;
	if (l->dim < 1)
		return err_set(e, ERR_INVAL, "layer %s: a dense layer needs dim", node->name);
	/* He et al. 2015 before a rectifier, Glorot and Bengio 2010 otherwise. */
	w.init = l->act == NN_RELU || l->act == NN_GELU ? sqrtf(2 / (float)in) :
							 sqrtf(2 / (float)(in + l->dim));
	w.init = l->zero ? 0 : l->init > 0 ? l->init : w.init;
	b.fine = true;
	if ((rc = nn_mat_add(net, node, &w, e)))
		return rc;
	return nn_mat_add(net, node, &b, e);
}

void nn_dense_run(struct nn_pass *p, int at)
{
	const struct nn_node *node = nn_node(p, at);
	const struct nn_cell *x = nn_src(p, at, 0);
	const struct nn_mat *m = &p->net->mat[node->mat];
	int n = x->steps * node->dim;
	float *y = nn_room(p, at, x->steps), *pre = y;

	if (p->train && node->l.act != NN_LINEAR)
		pre = nn_aux(p, at, (size_t)n);
	nn_mat_mul(p, m, m[1].f, x->y, x->steps, pre);
	if (node->l.act != NN_LINEAR)
		nn_k->act(node->l.act, pre, y, n);
}

void nn_dense_back(struct nn_pass *p, int at)
{
	const struct nn_node *node = nn_node(p, at);
	struct nn_cell *c = &p->cell[at], *x = nn_src(p, at, 0);
	const struct nn_mat *m = &p->net->mat[node->mat];
	int n = c->steps * node->dim;
	float *d = c->dy, *dx = nn_down(p, at, 0), *dw = nn_mat_grad(p, at, 0);
	float *db = nn_mat_grad(p, at, 1);
	struct nn_prod prod = { .t = c->steps, .n = m->rows, .k = m->cols, .ldx = m->cols,
				.ldw = m->cols, .ldy = m->rows };

	if (node->l.act != NN_LINEAR) { /* the derivative before the activation, in place */
		float *tmp = c->y;      /* the value is no longer needed */

		memset(tmp, 0, (size_t)n * sizeof(float));
		nn_k->act_back(node->l.act, c->aux, d, tmp, n);
		d = tmp;
	}
	prod.y = d;
	if (dx) {
		prod.x = dx;
		prod.w = m->f;
		nn_k->mul_t(&prod);
	}
	if (dw) {
		prod.x = x->y;
		prod.w = dw;
		nn_k->outer(&prod);
	}
	for (int t = 0; t < c->steps && db; t++)
		nn_k->axpy(db, 1, d + (size_t)t * (size_t)node->dim, node->dim);
}

/* ---- scale * cos(x, W_k) ---- */

int nn_cosine_shape(struct nn_net *net, struct nn_node *node, struct err *e)
{
	const struct nn_layer *l = &node->l;
	int in = below(net, node);
	struct nn_mat w = { .rows = l->dim, .cols = in };

	node->dim = l->dim;
	if (l->dim < 1)
		return err_set(e, ERR_INVAL, "layer %s: prototypes need dim", node->name);
	w.init = l->init > 0 ? l->init : 1 / sqrtf((float)in);
	return nn_mat_add(net, node, &w, e);
}

static float inverse(const float *v, int n)
{
	float sq = nn_k->dot(v, v, n);

	return sq > 0 ? 1 / sqrtf(sq) : 0;
}

static float inverse_row(const struct nn_mat *m, int r)
{
	size_t at = (size_t)r * (size_t)m->cols;
	float sq;

	if (m->f)
		return inverse(m->f + at, m->cols);
	sq = m->scale[r] * m->scale[r] * (float)nn_k->dot_q(m->q + at, m->q + at, m->cols);
	return sq > 0 ? 1 / sqrtf(sq) : 0;
}

/* aux: 1 / |x| of each step, then 1 / |W_k|. */
void nn_cosine_run(struct nn_pass *p, int at)
{
	const struct nn_node *node = nn_node(p, at);
	const struct nn_cell *x = nn_src(p, at, 0);
	const struct nn_mat *m = &p->net->mat[node->mat];
	float scale = node->l.scale != 0 ? node->l.scale : 16;
	float *y = nn_room(p, at, x->steps);
	float *ix = nn_aux(p, at, (size_t)(x->steps + node->dim)), *iw = ix + x->steps;

	nn_mat_mul(p, m, NULL, x->y, x->steps, y);
	for (int k = 0; k < node->dim; k++)
		iw[k] = inverse_row(m, k);
	for (int t = 0; t < x->steps; t++, y += node->dim) {
		ix[t] = inverse(x->y + (size_t)t * (size_t)m->cols, m->cols);
		for (int k = 0; k < node->dim; k++)
			y[k] *= scale * ix[t] * iw[k];
	}
}

/* d cos / dx = (w / |w| - cos x / |x|) / |x|, and the same for w. */
void nn_cosine_back(struct nn_pass *p, int at)
{
	const struct nn_node *node = nn_node(p, at);
	const struct nn_cell *c = &p->cell[at];
	const struct nn_cell *x = nn_src(p, at, 0);
	const struct nn_mat *m = &p->net->mat[node->mat];
	float scale = node->l.scale != 0 ? node->l.scale : 16;
	const float *ix = c->aux, *iw = ix + c->steps, *y = c->y, *dy = c->dy, *xs = x->y;
	float *dx = nn_down(p, at, 0), *dw = nn_mat_grad(p, at, 0);

	for (int t = 0; t < c->steps; t++, y += node->dim, dy += node->dim, xs += m->cols) {
		for (int k = 0; k < node->dim; k++) {
			size_t row = (size_t)k * (size_t)m->cols;
			float d = scale * dy[k], cosine = y[k] / scale;

			if (dx) {
				float *to = dx + (size_t)t * (size_t)m->cols;

				nn_k->axpy(to, d * ix[t] * iw[k], m->f + row, m->cols);
				nn_k->axpy(to, -d * cosine * ix[t] * ix[t], xs, m->cols);
			}
			if (dw) {
				nn_k->axpy(dw + row, d * ix[t] * iw[k], xs, m->cols);
				nn_k->axpy(dw + row, -d * cosine * iw[k] * iw[k], m->f + row,
					   m->cols);
			}
		}
	}
}

/* ---- act(x) ---- */

int nn_act_shape(struct nn_net *net, struct nn_node *node, struct err *e)
{
	return nn_no_mats(net, node, e);
}

void nn_act_run(struct nn_pass *p, int at)
{
	const struct nn_cell *x = nn_src(p, at, 0);

	nn_k->act(nn_node(p, at)->l.act, x->y, nn_room(p, at, x->steps),
		  x->steps * nn_node(p, at)->dim);
}

void nn_act_back(struct nn_pass *p, int at)
{
	float *dx = nn_down(p, at, 0);

	if (dx)
		nn_k->act_back(nn_node(p, at)->l.act, nn_src(p, at, 0)->y, p->cell[at].dy, dx,
			       p->cell[at].steps * nn_node(p, at)->dim);
}

/* ---- layer norm ---- */

int nn_norm_shape(struct nn_net *net, struct nn_node *node, struct err *e)
{
	int rc = nn_no_mats(net, node, e);
	struct nn_mat m = { .rows = 1, .cols = node->dim, .fine = true };

	/* The gain is kept as what it is above 1, so that it begins at 0 as the bias does. */
	if (rc || (rc = nn_mat_add(net, node, &m, e)))
		return rc;
	return nn_mat_add(net, node, &m, e);
}

/* aux: the normed values of all steps, then 1 / deviation of each. */
void nn_norm_run(struct nn_pass *p, int at)
{
	const struct nn_node *node = nn_node(p, at);
	const struct nn_cell *x = nn_src(p, at, 0);
	const float *gain = p->net->mat[node->mat].f, *bias = p->net->mat[node->mat + 1].f;
	int n = node->dim;
	size_t size = (size_t)x->steps * (size_t)n;
	float *y = nn_room(p, at, x->steps);
	float *hat = nn_aux(p, at, size + (size_t)x->steps), *inv = hat + size;
	const float *in = x->y;

	for (int t = 0; t < x->steps; t++, in += n, y += n, hat += n) {
		float mean = 0, sq = 0;

		for (int i = 0; i < n; i++)
			mean += in[i];
		mean /= (float)n;
		for (int i = 0; i < n; i++)
			sq += (in[i] - mean) * (in[i] - mean);
		inv[t] = 1 / sqrtf(sq / (float)n + 1e-5f);
		for (int i = 0; i < n; i++) {
			hat[i] = (in[i] - mean) * inv[t];
			y[i] = hat[i] * (1 + gain[i]) + bias[i];
		}
	}
}

void nn_norm_back(struct nn_pass *p, int at)
{
	const struct nn_node *node = nn_node(p, at);
	const struct nn_cell *c = &p->cell[at];
	const float *gain = p->net->mat[node->mat].f, *dy = c->dy, *hat = c->aux;
	int n = node->dim;
	const float *inv = hat + (size_t)c->steps * (size_t)n;
	float *dx = nn_down(p, at, 0), *dg = nn_mat_grad(p, at, 0), *db = nn_mat_grad(p, at, 1);

	for (int t = 0; t < c->steps; t++, dy += n, hat += n) {
		float mean = 0, along = 0;

		for (int i = 0; i < n; i++) {
			float g = dy[i] * (1 + gain[i]);

			mean += g;
			along += g * hat[i];
		}
		for (int i = 0; i < n && dx; i++)
			dx[(size_t)t * (size_t)n + (size_t)i] +=
				inv[t] * (dy[i] * (1 + gain[i]) - mean / (float)n -
					  hat[i] * along / (float)n);
		for (int i = 0; i < n && dg; i++) {
			dg[i] += dy[i] * hat[i];
			db[i] += dy[i];
		}
	}
}

/* ---- dropout and factor ---- */

int nn_drop_shape(struct nn_net *net, struct nn_node *node, struct err *e)
{
	return nn_no_mats(net, node, e);
}

void nn_drop_run(struct nn_pass *p, int at)
{
	const struct nn_layer *l = &nn_node(p, at)->l;
	struct nn_cell *c = &p->cell[at];
	const struct nn_cell *x = nn_src(p, at, 0);
	size_t n = (size_t)x->steps * (size_t)nn_node(p, at)->dim;
	float factor = l->scale != 0 ? l->scale : 1, *mask, *y;
	uint64_t limit = (uint64_t)(l->drop * 65536.f), bits = 0;

	if (!p->train && factor == 1) {
		c->steps = x->steps;
		c->y = x->y;
		return;
	}
	y = nn_room(p, at, x->steps);
	if (!p->train) {
		for (size_t i = 0; i < n; i++)
			y[i] = factor * x->y[i];
		return;
	}
	mask = nn_aux(p, at, n);
	for (size_t i = 0; i < n; i++) {
		bits = i % 4 ? bits >> 16 : limit ? rng_u64(&p->rng) : 0;
		mask[i] = limit && (bits & 0xffff) < limit ? 0 : factor / (1 - l->drop);
		y[i] = mask[i] * x->y[i];
	}
}

void nn_drop_back(struct nn_pass *p, int at)
{
	const struct nn_cell *c = &p->cell[at];
	float *dx = nn_down(p, at, 0);
	size_t n = (size_t)c->steps * (size_t)nn_node(p, at)->dim;

	for (size_t i = 0; i < n && dx; i++)
		dx[i] += c->dy[i] * c->aux[i];
}

/* ---- x / |x| ---- */

int nn_unit_shape(struct nn_net *net, struct nn_node *node, struct err *e)
{
	return nn_no_mats(net, node, e);
}

void nn_unit_run(struct nn_pass *p, int at)
{
	const struct nn_cell *x = nn_src(p, at, 0);
	int n = nn_node(p, at)->dim;
	float *y = nn_room(p, at, x->steps);
	const float *in = x->y;

	for (int t = 0; t < x->steps; t++, in += n, y += n) {
		float inv = inverse(in, n);

		for (int i = 0; i < n; i++)
			y[i] = in[i] * inv;
	}
}

void nn_unit_back(struct nn_pass *p, int at)
{
	const struct nn_cell *c = &p->cell[at], *x = nn_src(p, at, 0);
	int n = nn_node(p, at)->dim;
	const float *y = c->y, *dy = c->dy, *in = x->y;
	float *dx = nn_down(p, at, 0);

	for (int t = 0; t < c->steps && dx; t++, y += n, dy += n, in += n, dx += n) {
		float inv = inverse(in, n), along = nn_k->dot(dy, y, n);

		for (int i = 0; i < n; i++)
			dx[i] += inv * (dy[i] - along * y[i]);
	}
}

/* ---- positions ---- */

int nn_pos_shape(struct nn_net *net, struct nn_node *node, struct err *e)
{
	int rc = nn_no_mats(net, node, e);
	struct nn_mat m = { .rows = node->l.steps ? node->l.steps : NN_STEPS, .cols = node->dim,
			    .init = 0.02f, .fine = true };

	return rc ? rc : nn_mat_add(net, node, &m, e);
}

void nn_pos_run(struct nn_pass *p, int at)
{
	const struct nn_cell *x = nn_src(p, at, 0);
	const struct nn_mat *m = &p->net->mat[nn_node(p, at)->mat];
	float *y = nn_room(p, at, x->steps);

	memcpy(y, x->y, (size_t)x->steps * (size_t)m->cols * sizeof(float));
	for (int t = 0; t < x->steps; t++) {
		size_t row = (size_t)(t < m->rows ? t : m->rows - 1) * (size_t)m->cols;

		nn_k->axpy(y + (size_t)t * (size_t)m->cols, 1, m->f + row, m->cols);
	}
}

void nn_pos_back(struct nn_pass *p, int at)
{
	const struct nn_cell *c = &p->cell[at];
	const struct nn_mat *m = &p->net->mat[nn_node(p, at)->mat];
	float *dx = nn_down(p, at, 0), *dw = nn_mat_grad(p, at, 0);

	if (dx)
		nn_k->axpy(dx, 1, c->dy, c->steps * m->cols);
	for (int t = 0; t < c->steps && dw; t++) {
		size_t row = (size_t)(t < m->rows ? t : m->rows - 1) * (size_t)m->cols;

		nn_k->axpy(dw + row, 1, c->dy + (size_t)t * (size_t)m->cols, m->cols);
	}
}
