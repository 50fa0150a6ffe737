/* nn_attn.c: multi-head self-attention with its projections (Vaswani et al. 2017):
 * O softmax(Q K^T / sqrt(width of a head)) V, all of x. Pure functions on the pass. */
#include <math.h>
#include <string.h>

#include "nn_int.h"

/* Tables: W and bias of query, key, value and output, in turn. */
int nn_attn_shape(struct nn_net *net, struct nn_node *node, struct err *e)
{
	int rc = nn_no_mats(net, node, e), d = node->dim;
	int heads = node->l.heads ? node->l.heads : 1;

	if (!rc && d % heads)
		return err_set(e, ERR_INVAL, "layer %s: %d heads do not divide %d", node->name,
			       heads, d);
	for (int i = 0; i < 4 && !rc; i++) {
		struct nn_mat w = { .rows = d, .cols = d, .init = sqrtf(1 / (float)d) };
		struct nn_mat b = { .rows = 1, .cols = d, .fine = true };

		rc = nn_mat_add(net, node, &w, e);
		rc = rc ? rc : nn_mat_add(net, node, &b, e);
	}
	return rc;
}

/* What aux holds: q, k, v and the mixed values (steps x d each), shares (heads x steps x steps),
 * then their derivatives: of q, k, v, the mixed values, and of one head's shares. */
struct room {
	float *q, *k, *v, *mix, *share, *dq, *dk, *dv, *dmix, *dshare;
	int steps, d, heads, width;
};

static struct room room(struct nn_pass *p, int at)
{
	const struct nn_node *node = nn_node(p, at);
	struct room r = { .steps = nn_src(p, at, 0)->steps, .d = node->dim,
			  .heads = node->l.heads ? node->l.heads : 1 };
	size_t n = (size_t)r.steps * (size_t)r.d, s = (size_t)r.steps * (size_t)r.steps;
	float *a = nn_aux(p, at, 4 * n + (size_t)r.heads * s + (p->train ? 4 * n + s : 0));

	r.width = r.d / r.heads;
	r.q = a;
	r.k = a + n;
	r.v = a + 2 * n;
	r.mix = a + 3 * n;
	r.share = a + 4 * n;
	r.dq = r.share + (size_t)r.heads * s; /* these five only in training */
	r.dk = r.dq + n;
	r.dv = r.dk + n;
	r.dmix = r.dv + n;
	r.dshare = r.dmix + n;
	return r;
}

/* The product of one head's slices: rows of d floats, of shares `steps`. */
static struct nn_prod head(const struct room *r, const float *x, const float *w, float *y)
{
	return (struct nn_prod){ .x = x, .w = w, .y = y, .t = r->steps, .n = r->steps,
				 .k = r->width, .ldx = r->d, .ldw = r->d, .ldy = r->steps };
}

void nn_attn_run(struct nn_pass *p, int at)
{
	const struct nn_mat *m = &p->net->mat[nn_node(p, at)->mat];
	const float *x = nn_src(p, at, 0)->y;
	struct room r = room(p, at);
	float *y = nn_room(p, at, r.steps), *share = r.share;
	float scale = 1 / sqrtf((float)r.width);

	nn_mat_mul(p, &m[0], m[1].f, x, r.steps, r.q);
	nn_mat_mul(p, &m[2], m[3].f, x, r.steps, r.k);
	nn_mat_mul(p, &m[4], m[5].f, x, r.steps, r.v);
	memset(r.mix, 0, (size_t)r.steps * (size_t)r.d * sizeof(float));
	for (int h = 0; h < r.heads; h++, share += (size_t)r.steps * (size_t)r.steps) {
		int off = h * r.width;
		struct nn_prod score = head(&r, r.q + off, r.k + off, share);
		struct nn_prod mix = head(&r, r.mix + off, r.v + off, share);

		nn_k->mul(&score);
		for (int t = 0; t < r.steps; t++) {
			float *row = share + (size_t)t * (size_t)r.steps, sum;

			for (int u = 0; u < r.steps; u++)
				row[u] *= scale;
			sum = nn_k->soft(row, r.steps);
			for (int u = 0; u < r.steps; u++)
				row[u] /= sum;
		}
		nn_k->mul_t(&mix);
	}
	nn_mat_mul(p, &m[6], m[7].f, r.mix, r.steps, y);
}

/* From dmix to dq, dk, dv for one head. */
static void head_back(const struct room *r, int h)
{
	int off = h * r->width;
	float scale = 1 / sqrtf((float)r->width);
	float *share = r->share + (size_t)h * (size_t)r->steps * (size_t)r->steps;
	struct nn_prod ds = head(r, r->dmix + off, r->v + off, r->dshare);
	struct nn_prod dv = head(r, r->dmix + off, r->dv + off, share);
	struct nn_prod dq = head(r, r->dq + off, r->k + off, r->dshare);
	struct nn_prod dk = head(r, r->q + off, r->dk + off, r->dshare);

	nn_k->mul(&ds);
	nn_k->outer(&dv);
	for (int t = 0; t < r->steps; t++) {
		float *d = r->dshare + (size_t)t * (size_t)r->steps;
		const float *s = share + (size_t)t * (size_t)r->steps;
		float along = nn_k->dot(d, s, r->steps);

		for (int u = 0; u < r->steps; u++)
			d[u] = scale * s[u] * (d[u] - along);
	}
	nn_k->mul_t(&dq);
	nn_k->outer(&dk);
}

/* The way back through projection i: x (steps x d) gave a result with derivative d. */
static void project_back(struct nn_pass *p, int at, int i, const float *d, const float *x,
			 float *dx)
{
	const struct nn_mat *m = &p->net->mat[nn_node(p, at)->mat + 2 * i];
	int steps = p->cell[at].steps;
	float *dw = nn_mat_grad(p, at, 2 * i), *db = nn_mat_grad(p, at, 2 * i + 1);
	struct nn_prod prod = { .y = (float *)d, .t = steps, .n = m->rows, .k = m->cols,
				.ldx = m->cols, .ldw = m->cols, .ldy = m->rows };

	if (dx) {
		prod.x = dx;
		prod.w = m->f;
		nn_k->mul_t(&prod);
	}
	if (!dw)
		return;
	prod.x = x;
	prod.w = dw;
	nn_k->outer(&prod);
	for (int t = 0; t < steps; t++)
		nn_k->axpy(db, 1, d + (size_t)t * (size_t)m->rows, m->rows);
}

void nn_attn_back(struct nn_pass *p, int at)
{
	struct room r = room(p, at);
	const float *x = nn_src(p, at, 0)->y;
	float *dx = nn_down(p, at, 0);

	memset(r.dq, 0, 4 * (size_t)r.steps * (size_t)r.d * sizeof(float));
	project_back(p, at, 3, p->cell[at].dy, r.mix, r.dmix);
	for (int h = 0; h < r.heads; h++)
		head_back(&r, h);
	project_back(p, at, 0, r.dq, x, dx);
	project_back(p, at, 1, r.dk, x, dx);
	project_back(p, at, 2, r.dv, x, dx);
}
