/* nn_gru.c: the gated recurrent unit (Cho et al. 2014), in the form where the reset gate acts on
 * the product:
 *
 *	r = sigm(Wr x + Ur h + br)   z = sigm(Wz x + Uz h + bz)
 *	n = tanh(Wn x + bn + r * (Un h + cn))   h' = (1 - z) n + z h
 *
 * The products with x of all steps are one product. aux holds, in training and outside, per step
 * the three gates after their functions and Un h + cn. Pure functions on the pass. */
#include <math.h>
#include <string.h>

#include "nn_int.h"

enum { W_IN, B_IN, W_STATE, B_STATE };

int nn_gru_shape(struct nn_net *net, struct nn_node *node, struct err *e)
{
	int in = net->node[node->in[0]].dim, d = node->l.dim, rc = 0;
	struct nn_mat m[4] = {
		{ .rows = 3 * d, .cols = in, .init = sqrtf(1 / (float)in) },
		{ .rows = 1, .cols = 3 * d, .fine = true },
		{ .rows = 3 * d, .cols = d, .init = sqrtf(1 / (float)(d + !d)) },
		{ .rows = 1, .cols = 3 * d, .fine = true },
	};

	node->dim = d;
	if (d < 1 || d > NN_DIM_MAX / 3)
		return err_set(e, ERR_INVAL, "layer %s: a gru needs dim, at most %d", node->name,
			       NN_DIM_MAX / 3);
	for (int i = 0; i < 4 && !rc; i++)
		rc = nn_mat_add(net, node, &m[i], e);
	return rc;
}

/* Step number i in the order of the walk, and the one before it. */
static int walk(const struct nn_node *node, int steps, int i)
{
	return node->l.reverse ? steps - 1 - i : i;
}

/* aux: gates (steps x 3d), state products (steps x 3d), scratch of the way back (3d). */
void nn_gru_run(struct nn_pass *p, int at)
{
	const struct nn_node *node = nn_node(p, at);
	const struct nn_mat *m = &p->net->mat[node->mat];
	const struct nn_cell *x = nn_src(p, at, 0);
	int d = node->dim, steps = x->steps;
	size_t all = (size_t)steps * 3 * (size_t)d;
	float *gates = nn_aux(p, at, 2 * all + (size_t)d), *state = gates + all;
	float *y = nn_room(p, at, steps), *zero = state + all;
	const float *before = zero;

	memset(zero, 0, (size_t)d * sizeof(float));
	nn_mat_mul(p, &m[W_IN], m[B_IN].f, x->y, steps, gates);
	for (int i = 0; i < steps; i++) {
		size_t t = (size_t)walk(node, steps, i);
		float *g = gates + t * 3 * (size_t)d, *s = state + t * 3 * (size_t)d;
		float *h = y + t * (size_t)d;

		nn_mat_mul(p, &m[W_STATE], m[B_STATE].f, before, 1, s);
		nn_k->axpy(g, 1, s, 2 * d);
		nn_k->act(NN_SIGMOID, g, g, 2 * d);
		for (int k = 0; k < d; k++)
			g[2 * d + k] += g[k] * s[2 * d + k];
		nn_k->act(NN_TANH, g + 2 * d, g + 2 * d, d);
		for (int k = 0; k < d; k++)
			h[k] = (1 - g[d + k]) * g[2 * d + k] + g[d + k] * before[k];
		before = h;
	}
}

/* Turns the gates of a step into derivatives before their functions, and state likewise; dh is
 * the derivative of its result and becomes the direct part of that of the state before. */
static void step_back(float *g, float *s, float *dh, const float *before, int d)
{
	for (int k = 0; k < d; k++) {
		float r = g[k], z = g[d + k], n = g[2 * d + k];
		float dn = dh[k] * (1 - z) * (1 - n * n);
		float dz = dh[k] * ((before ? before[k] : 0) - n) * z * (1 - z);
		float dr = dn * s[2 * d + k] * r * (1 - r);

		g[k] = s[k] = dr;
		g[d + k] = s[d + k] = dz;
		g[2 * d + k] = dn;
		s[2 * d + k] = dn * r;
		dh[k] *= z;
	}
}

static void weights_back(struct nn_pass *p, int at)
{
	const struct nn_node *node = nn_node(p, at);
	const struct nn_mat *m = &p->net->mat[node->mat];
	const struct nn_cell *c = &p->cell[at], *x = nn_src(p, at, 0);
	size_t d3 = 3 * (size_t)node->dim, skip = node->l.reverse ? 0 : 1;
	float *dx = nn_down(p, at, 0), *dw = nn_mat_grad(p, at, W_IN);
	float *du = nn_mat_grad(p, at, W_STATE);
	float *ds = c->aux + (size_t)c->steps * d3;
	struct nn_prod in = { .y = c->aux, .t = c->steps, .n = (int)d3, .k = m->cols,
			      .ldx = m->cols, .ldw = m->cols, .ldy = (int)d3 };

	if (dx) {
		in.x = dx;
		in.w = m[W_IN].f;
		nn_k->mul_t(&in);
	}
	if (!dw)
		return;
	in.x = x->y;
	in.w = dw;
	nn_k->outer(&in);
	/* Step t came after the state t - 1 (or t + 1); the first in the walk after zero. */
	nn_k->outer(&(struct nn_prod){ .x = c->y + (skip ? 0 : (size_t)node->dim),
				       .w = du, .y = ds + skip * d3, .t = c->steps - 1,
				       .n = (int)d3, .k = node->dim, .ldx = node->dim,
				       .ldw = node->dim, .ldy = (int)d3 });
	for (int t = 0; t < c->steps; t++) {
		nn_k->axpy(nn_mat_grad(p, at, B_IN), 1, c->aux + (size_t)t * d3, (int)d3);
		nn_k->axpy(nn_mat_grad(p, at, B_STATE), 1, ds + (size_t)t * d3, (int)d3);
	}
}

void nn_gru_back(struct nn_pass *p, int at)
{
	const struct nn_node *node = nn_node(p, at);
	const struct nn_mat *m = &p->net->mat[node->mat];
	struct nn_cell *c = &p->cell[at];
	int d = node->dim;
	size_t d3 = 3 * (size_t)d;
	float *state = c->aux + (size_t)c->steps * d3;

	for (int i = c->steps; i-- > 0;) {
		size_t t = (size_t)walk(node, c->steps, i);
		int b = i ? walk(node, c->steps, i - 1) : -1;
		float *dh = c->dy + t * (size_t)d;
		float *db = b < 0 ? NULL : c->dy + (size_t)b * (size_t)d;

		step_back(c->aux + t * d3, state + t * d3, dh,
			  b < 0 ? NULL : c->y + (size_t)b * (size_t)d, d);
		if (!db)
			continue;
		nn_k->axpy(db, 1, dh, d);
		nn_k->mul_t(&(struct nn_prod){ .x = db, .w = m[W_STATE].f, .y = state + t * d3,
					       .t = 1, .n = (int)d3, .k = d, .ldx = d, .ldw = d,
					       .ldy = (int)d3 });
	}
	weights_back(p, at);
}
