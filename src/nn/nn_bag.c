/* nn_bag.c: the layers that read an example: floats as they are, and sums of table rows.
 *
 * Going back, a bag writes nothing to its table: dy becomes the derivative of the plain sum, and
 * the trainer adds it to the rows of the features (their factors are kept in aux), row by row.
 * Pure functions on the pass; the example is the caller's. */
#include <math.h>
#include <string.h>

#include "nn_int.h"

enum { AHEAD = 8 }; /* rows of a table that are asked of the memory before they are needed */

bool nn_is_bag(enum nn_kind k)
{
	return k == NN_BAG || k == NN_SEQ;
}

static const struct nn_slot *slot(struct nn_pass *p, int at)
{
	return &p->in->slot[nn_node(p, at)->l.slot];
}

static int cut(const struct nn_node *node, uint32_t steps)
{
	int most = node->l.steps ? node->l.steps : NN_STEPS;

	return steps < 1 ? 1 : steps < (uint32_t)most ? (int)steps : most;
}

/* ---- floats ---- */

int nn_input_shape(struct nn_net *net, struct nn_node *node, struct err *e)
{
	node->dim = node->l.dim;
	return 0;
}

void nn_input_run(struct nn_pass *p, int at)
{
	const struct nn_slot *s = slot(p, at);
	int steps = cut(nn_node(p, at), s->steps);
	size_t n = (size_t)steps * (size_t)nn_node(p, at)->dim;
	float *y = nn_room(p, at, steps);

	for (size_t i = 0; i < n; i++)
		y[i] = s->x && isfinite(s->x[i]) ? s->x[i] : 0;
}

void nn_input_back(struct nn_pass *p, int at)
{
}

/* ---- bags ---- */

int nn_bag_shape(struct nn_net *net, struct nn_node *node, struct err *e)
{
	const struct nn_layer *l = &node->l;
	struct nn_mat m = { .rows = l->rows, .cols = l->dim, .table = true };

	node->dim = l->dim;
	if (l->rows < 1 || l->dim < 1)
		return err_set(e, ERR_INVAL, "layer %s: a table needs rows and dim", node->name);
	if (l->how > NN_UNITSUM)
		return err_set(e, ERR_INVAL, "layer %s: no way to add up a bag", node->name);
	m.init = l->zero ? 0 : l->init > 0 ? l->init : 1 / sqrtf((float)l->dim);
	return nn_mat_add(net, node, &m, e);
}

/* The features of a step are from..to. */
static uint32_t step_end(const struct nn_node *node, const struct nn_slot *s, int t)
{
	uint32_t end;

	if (node->l.kind == NN_BAG)
		return s->n;
	if (!s->end)
		return (uint32_t)t + 1 < s->n ? (uint32_t)t + 1 : s->n;
	end = (uint32_t)t < s->steps ? s->end[t] : s->n;
	return end < s->n ? end : s->n;
}

static float feature(const struct nn_slot *s, uint32_t i)
{
	return !s->w ? 1 : isfinite(s->w[i]) ? s->w[i] : 0;
}

/* Factors of the features from..to, dropout and the usual divisor applied. */
static void factors(struct nn_pass *p, const struct nn_node *node, const struct nn_slot *s,
		    const uint32_t span[2], float *f)
{
	float drop = p->train ? node->l.drop : 0, sum = 0, div = 1;
	uint64_t limit = (uint64_t)(drop * 65536.f), bits = 0;

	for (uint32_t i = span[0]; i < span[1]; i++) {
		bits = (i - span[0]) % 4 ? bits >> 16 : drop > 0 ? rng_u64(&p->rng) : 0;
		f[i] = drop > 0 && (bits & 0xffff) < limit ? 0 : feature(s, i);
		sum += node->l.how == NN_SQRTN ? f[i] * f[i] : fabsf(f[i]);
	}
	if (node->l.how == NN_BAGMEAN)
		div = sum;
	else if (node->l.how == NN_SQRTN)
		div = sqrtf(sum);
	else
		div = 1 - drop;
	for (uint32_t i = span[0]; i < span[1] && div > 0; i++)
		f[i] /= div;
}

static void add_rows(struct nn_pass *p, const struct nn_node *node, const struct nn_slot *s,
		     const uint32_t span[2], const float *f, float *y)
{
	const struct nn_mat *m = &p->net->mat[node->mat];

	for (uint32_t i = span[0]; i < span[1]; i++) {
		if (span[1] - i > AHEAD)
			nn_mat_hint(m, s->id[i + AHEAD] % (uint32_t)m->rows);
		if (f[i] != 0)
			nn_mat_axpy(m, s->id[i] % (uint32_t)m->rows, f[i], y);
	}
}

/* aux: factors of all features, then the length of each step's sum. */
void nn_bag_run(struct nn_pass *p, int at)
{
	const struct nn_node *node = nn_node(p, at);
	const struct nn_slot *s = slot(p, at);
	uint32_t n = s->id ? s->n : 0, span[2] = { 0, 0 };
	int steps = node->l.kind == NN_BAG ? 1 : cut(node, s->end ? s->steps : n);
	float *f = nn_aux(p, at, (size_t)n + (size_t)steps), *len = f + n;
	float *y = nn_room(p, at, steps);

	memset(f, 0, (size_t)n * sizeof(float)); /* features past the last step */
	memset(y, 0, (size_t)steps * (size_t)node->dim * sizeof(float));
	for (int t = 0; t < steps; t++, y += node->dim) {
		span[1] = n ? step_end(node, s, t) : 0;
		if (span[1] < span[0])
			span[1] = span[0];
		factors(p, node, s, span, f);
		add_rows(p, node, s, span, f, y);
		len[t] = 1;
		if (node->l.how == NN_UNITSUM) {
			len[t] = sqrtf(nn_k->dot(y, y, node->dim));
			for (int k = 0; k < node->dim && len[t] > 0; k++)
				y[k] /= len[t];
		}
		span[0] = span[1];
	}
}

void nn_bag_back(struct nn_pass *p, int at)
{
	const struct nn_node *node = nn_node(p, at);
	struct nn_cell *c = &p->cell[at];
	const float *len = c->aux + (slot(p, at)->id ? slot(p, at)->n : 0), *y = c->y;
	float *dy = c->dy;

	for (int t = 0; t < c->steps && node->l.how == NN_UNITSUM;
	     t++, dy += node->dim, y += node->dim) {
		float along = nn_k->dot(dy, y, node->dim), inv = len[t] > 0 ? 1 / len[t] : 0;

		for (int k = 0; k < node->dim; k++)
			dy[k] = (dy[k] - along * y[k]) * inv;
	}
}

struct nn_used nn_bag_used(struct nn_pass *p, int at)
{
	const struct nn_node *node = nn_node(p, at);
	const struct nn_slot *s = slot(p, at);
	const struct nn_cell *c = &p->cell[at];
	bool seq = node->l.kind == NN_SEQ;

	return (struct nn_used){ .id = s->id,
				 .w = c->aux,
				 .end = seq ? s->end : NULL,
				 .each = seq && !s->end,
				 .n = s->id ? s->n : 0,
				 .steps = c->steps,
				 .dim = node->dim,
				 .dy = c->dy };
}
