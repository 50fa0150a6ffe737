/* nn_copy.c: weights from one net to another, kept and put back, read and written row by row.
 *
 * What is copied becomes floats, whatever it was. A net being trained is written by its owner's
 * thread only; loaded nets are never written. */
#include <string.h>

#include "nn_int.h"


/* Rows that are all zero in a loaded table stay unborn. */
static void copy_mat(struct nn_net *net, int to, const struct nn_mat *from)
{
	struct nn_mat *m = &net->mat[to];

	for (int r = 0; r < m->rows; r++) {
		if (nn_mat_at(from, (uint32_t)r) < 0)
			continue;
		nn_mat_row(from, (uint32_t)r, m->f + (size_t)r * (size_t)m->cols);
		if (m->born)
			m->born[r / 32] |= 1u << r % 32;
	}
}

struct nn_net *nn_copy(const struct nn_net *net)
{
	struct nn_net *to = nn_empty();

	memcpy(to->node, net->node, sizeof(to->node));
	to->n = net->n;
	to->seed = net->seed;
	for (int i = 0; i < net->mats; i++) {
		const struct nn_mat *m = &net->mat[i];

		to->mat[i] = (struct nn_mat){ .rows = m->rows, .cols = m->cols,
					      .table = m->table, .fine = m->fine };
		to->mats++;
		nn_mat_fill(to, i); /* init 0: nothing drawn */
		to->mat[i].init = m->init;
		copy_mat(to, i, m);
	}
	return to;
}

static int pick(const struct nn_net *net, const char *name, struct err *e)
{
	int at = nn_find(net, name);

	if (at < 0)
		return err_set(e, ERR_NOTFOUND, "no layer \"%.40s\"", name);
	return nn_owner(net, at);
}

int nn_take(struct nn_net *net, const char *to, const struct nn_net *other, const char *from,
	    struct err *e)
{
	int a = pick(net, to, e), b = pick(other, from, e);
	const struct nn_node *x, *y;

	if (a < 0 || b < 0)
		return ERR_NOTFOUND;
	x = &net->node[a];
	y = &other->node[b];
	if (net->loaded)
		return err_set(e, ERR_INVAL, "a loaded net cannot be written to");
	if (x->mats != y->mats)
		return err_set(e, ERR_INVAL, "layers %s and %s are of different kinds", to, from);
	for (int i = 0; i < x->mats; i++)
		if (net->mat[x->mat + i].rows != other->mat[y->mat + i].rows ||
		    net->mat[x->mat + i].cols != other->mat[y->mat + i].cols)
			return err_set(e, ERR_INVAL, "layers %s and %s have different shapes", to,
				       from);
	for (int i = 0; i < x->mats; i++)
		copy_mat(net, x->mat + i, &other->mat[y->mat + i]);
	return 0;
}

static const struct nn_mat *first_mat(const struct nn_net *net, int layer, int row)
{
	const struct nn_node *node;

	if (layer < 0 || layer >= net->n)
		return NULL;
	node = &net->node[nn_owner(net, layer)];
	if (!node->mats || row < 0 || row >= net->mat[node->mat].rows)
		return NULL;
	return &net->mat[node->mat];
}

int nn_row(const struct nn_net *net, int layer, int row, float *out)
{
	const struct nn_mat *m = first_mat(net, layer, row);

	if (!m)
		return ERR_RANGE;
	nn_mat_row(m, (uint32_t)row, out);
	return 0;
}

int nn_row_set(struct nn_net *net, int layer, int row, const float *v)
{
	const struct nn_mat *m = first_mat(net, layer, row);

	if (!m)
		return ERR_RANGE;
	if (net->loaded)
		return ERR_INVAL;
	memcpy(m->f + (size_t)row * (size_t)m->cols, v, (size_t)m->cols * sizeof(float));
	if (m->born)
		m->born[row / 32] |= 1u << row % 32;
	return 0;
}

static size_t ones(const uint32_t *bits, int rows)
{
	size_t n = 0;

	for (int i = 0; i < (rows + 31) / 32; i++)
		n += (size_t)__builtin_popcount(bits[i]);
	return n;
}

size_t nn_size(const struct nn_net *net, size_t *bytes)
{
	size_t n = 0, b = 0;

	for (int i = 0; i < net->mats; i++) {
		const struct nn_mat *m = &net->mat[i];
		size_t rows = (size_t)m->rows;

		n += rows * (size_t)m->cols;
		if (m->bits)
			rows = ones(m->bits, m->rows);
		b += rows * (size_t)m->cols * (m->f ? sizeof(float) : 1);
		b += (m->scale ? rows * sizeof(float) : 0);
		b += m->bits || m->born ? ((size_t)m->rows + 31) / 32 * 8 : 0;
	}
	if (bytes)
		*bytes = b;
	return n;
}

/* ---- keeping all weights: for each table of a bag its bits and the rows that are there; all of
 * the others ---- */

static size_t kept(const struct nn_mat *m)
{
	size_t rows = m->born ? ones(m->born, m->rows) : (size_t)m->rows;

	return rows * (size_t)m->cols + (m->born ? (size_t)m->rows / 32 + 1 : 0);
}

void nn_keep(const struct nn_net *net, float **k)
{
	size_t n = 0;
	float *p;

	ASSERT(!net->loaded);
	for (int i = 0; i < net->mats; i++)
		n += kept(&net->mat[i]);
	xfree(*k);
	p = *k = xalloc(n * sizeof(float));
	for (int i = 0; i < net->mats; i++) {
		const struct nn_mat *m = &net->mat[i];
		size_t row = (size_t)m->cols * sizeof(float);

		if (m->born) {
			memcpy(p, m->born, ((size_t)m->rows / 32 + 1) * sizeof(float));
			p += (size_t)m->rows / 32 + 1;
		}
		for (int r = 0; r < m->rows; r++) {
			if (nn_mat_at(m, (uint32_t)r) < 0)
				continue;
			memcpy(p, m->f + (size_t)r * (size_t)m->cols, row);
			p += m->cols;
		}
	}
}

void nn_restore(struct nn_net *net, const float *p)
{
	ASSERT(!net->loaded);
	for (int i = 0; i < net->mats; i++) {
		struct nn_mat *m = &net->mat[i];
		size_t row = (size_t)m->cols * sizeof(float);

		if (m->born) {
			memcpy(m->born, p, ((size_t)m->rows / 32 + 1) * sizeof(float));
			p += (size_t)m->rows / 32 + 1;
		}
		for (int r = 0; r < m->rows; r++) {
			if (nn_mat_at(m, (uint32_t)r) < 0)
				continue;
			memcpy(m->f + (size_t)r * (size_t)m->cols, p, row);
			p += m->cols;
		}
	}
}
