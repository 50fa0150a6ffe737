/* nn_mat.c: tables of weights: floats while training; floats or bytes, whole or only the rows
 * that are not zero, when loaded.
 *
 * Rows of a bag's table get their first values when an example first needs them, from the net's
 * seed and their number alone. So a table of a million rows costs what its used rows cost, and
 * features that training never saw count nothing. Tables belong to their net. */
#include <math.h>
#include <string.h>

#include "nn_int.h"

int nn_mat_add(struct nn_net *net, struct nn_node *node, const struct nn_mat *like,
	       struct err *e)
{
	size_t have = 0;

	ASSERT(node->mats < NN_MATS);
	if (net->mats == NN_MATS_MAX)
		return err_set(e, ERR_TOOBIG, "a net of more than %d tables", NN_MATS_MAX);
	for (int i = 0; i < net->mats; i++)
		have += (size_t)net->mat[i].rows * (size_t)net->mat[i].cols;
	if (have + (size_t)like->rows * (size_t)like->cols > NN_WEIGHTS_MAX)
		return err_set(e, ERR_TOOBIG, "layer %s: more than 2^28 weights in the net",
			       node->name);
	if (!node->mats++)
		node->mat = net->mats;
	net->mat[net->mats++] = *like;
	return 0;
}

static void first_values(struct nn_net *net, int mat, uint32_t row, float *out)
{
	const struct nn_mat *m = &net->mat[mat];
	struct rng r;

	if (m->init <= 0)
		return;
	rng_seed(&r, net->seed ^ ((uint64_t)(mat + 1) << 40) ^ row);
	for (int i = 0; i < m->cols; i++)
		out[i] = (float)rng_normal(&r) * m->init;
}

void nn_mat_fill(struct nn_net *net, int mat)
{
	struct nn_mat *m = &net->mat[mat];

	m->own = true;
	m->f = xalloc((size_t)m->rows * (size_t)m->cols * sizeof(float));
	if (m->table)
		m->born = xalloc(((size_t)m->rows / 32 + 1) * sizeof(uint32_t));
	for (int r = 0; r < m->rows && !m->table; r++)
		first_values(net, mat, (uint32_t)r, m->f + (size_t)r * (size_t)m->cols);
}

void nn_mat_done(struct nn_mat *m)
{
	if (m->own) {
		xfree(m->f);
		xfree(m->born);
	}
}

void nn_mat_birth(struct nn_net *net, int mat, uint32_t r)
{
	struct nn_mat *m = &net->mat[mat];

	if (m->born[r / 32] >> r % 32 & 1)
		return;
	m->born[r / 32] |= 1u << r % 32;
	memset(m->f + (size_t)r * (size_t)m->cols, 0, (size_t)m->cols * sizeof(float));
	first_values(net, mat, r, m->f + (size_t)r * (size_t)m->cols);
}

int64_t nn_mat_at(const struct nn_mat *m, uint32_t r)
{
	uint32_t word;

	if (m->born && !(m->born[r / 32] >> r % 32 & 1))
		return -1;
	if (!m->bits)
		return r;
	word = m->bits[r / 32];
	if (!(word >> r % 32 & 1))
		return -1;
	return (int64_t)m->rank[r / 32] + __builtin_popcount(word & ((1u << r % 32) - 1));
}

void nn_mat_hint(const struct nn_mat *m, uint32_t r)
{
	int64_t at = nn_mat_at(m, r);

	if (at < 0 || m->f)
		return;
	__builtin_prefetch(&m->scale[at]);
	for (int k = 0; k < m->cols; k += 64)
		__builtin_prefetch(m->q + (size_t)at * (size_t)m->cols + k);
}

void nn_mat_axpy(const struct nn_mat *m, uint32_t r, float a, float *y)
{
	int64_t at = nn_mat_at(m, r);

	if (at < 0)
		return;
	if (m->f)
		nn_k->axpy(y, a, m->f + (size_t)at * (size_t)m->cols, m->cols);
	else
		nn_k->axpy_q(y, a * m->scale[at], m->q + (size_t)at * (size_t)m->cols, m->cols);
}

void nn_mat_row(const struct nn_mat *m, uint32_t r, float *out)
{
	memset(out, 0, (size_t)m->cols * sizeof(float));
	nn_mat_axpy(m, r, 1, out);
}

static void mul_bytes(struct nn_pass *p, const struct nn_mat *m, const float *x, float *y)
{
	float s;

	if (p->q_n < (size_t)m->cols) {
		p->q_n = (size_t)m->cols;
		p->q = xrealloc(p->q, p->q_n);
	}
	s = nn_quantise(x, m->cols, p->q);
	for (int r = 0; r < m->rows; r++)
		y[r] = s * m->scale[r] *
		       (float)nn_k->dot_q(m->q + (size_t)r * (size_t)m->cols, p->q, m->cols);
}

void nn_mat_mul(struct nn_pass *p, const struct nn_mat *m, const float *b, const float *x, int t,
		float *y)
{
	if (m->f) {
		nn_k->mul(&(struct nn_prod){ .x = x, .w = m->f, .b = b, .y = y, .t = t,
					     .n = m->rows, .k = m->cols, .ldx = m->cols,
					     .ldw = m->cols, .ldy = m->rows });
		return;
	}
	for (int i = 0; i < t; i++, x += m->cols, y += m->rows) {
		mul_bytes(p, m, x, y);
		if (b)
			nn_k->axpy(y, 1, b, m->rows);
	}
}
