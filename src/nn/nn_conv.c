/* nn_conv.c: layers on maps: a step's floats are `rows` bands of as many channels each, and what
 * is learned at one band and moment holds at all others (LeCun et al. 1998).
 *
 * A convolution copies the nine neighbours of each place side by side and is then a product.
 * Outside of the map there are zeros. Pure functions on the pass. */
#include <math.h>
#include <string.h>

#include "nn_int.h"

enum { SIDE = 3, PLACES = SIDE * SIDE };

static int below(const struct nn_net *net, const struct nn_node *node)
{
	return net->node[node->in[0]].dim;
}

/* Channels of each band of what it reads; ERR_INVAL. */
static int channels(const struct nn_net *net, const struct nn_node *node, int *ret, struct err *e)
{
	int in = below(net, node), bands = node->l.rows;

	if (bands < 1 || in % bands)
		return err_set(e, ERR_INVAL, "layer %s: %d floats are not %d bands", node->name,
			       in, bands);
	*ret = in / bands;
	return 0;
}

/* ---- convolution ---- */

int nn_conv_shape(struct nn_net *net, struct nn_node *node, struct err *e)
{
	const struct nn_layer *l = &node->l;
	int c = 0, rc = channels(net, node, &c, e);

	if (rc)
		return rc;
	if (l->dim < 1 || l->rows > NN_DIM_MAX / l->dim || c > NN_DIM_MAX / PLACES)
		return err_set(e, ERR_INVAL, "layer %s: %d channels of %d bands", node->name,
			       l->dim, l->rows);
	struct nn_mat w = { .rows = l->dim, .cols = PLACES * c }, b = { .rows = 1, .cols = l->dim };

	node->dim = l->rows * l->dim;
	w.init = l->zero ? 0 : l->init > 0 ? l->init : sqrtf(2 / (float)w.cols);
	b.fine = true;
	if ((rc = nn_mat_add(net, node, &w, e)))
		return rc;
	return nn_mat_add(net, node, &b, e);
}

struct map {
	int steps, bands, c;
};

/* The neighbours of each place side by side; back: added to where they came from. */
static void neighbours(const struct map *m, float *x, float *side, bool back)
{
	size_t row = (size_t)m->bands * (size_t)m->c;

	for (int t = 0; t < m->steps; t++)
		for (int f = 0; f < m->bands; f++)
			for (int dt = -1; dt <= 1; dt++, side += SIDE * m->c) {
				int at = t + dt, from = f > 0 ? f - 1 : 0;
				int to = f + 2 < m->bands ? f + 2 : m->bands;
				float *s = side + (from - f + 1) * m->c;
				int n = (to - from) * m->c;
				bool in = at >= 0 && at < m->steps;

				if (!back && (!in || to - from < SIDE))
					memset(side, 0, SIDE * (size_t)m->c * sizeof(*side));
				if (!in)
					continue;
				if (back)
					nn_k->axpy(x + (size_t)at * row + from * m->c, 1, s, n);
				else
					memcpy(s, x + (size_t)at * row + from * m->c,
					       (size_t)n * sizeof(*s));
			}
}

static struct map map_of(struct nn_pass *p, int at)
{
	int bands = nn_node(p, at)->l.rows;

	return (struct map){ nn_src(p, at, 0)->steps, bands, nn_in_dim(p, at, 0) / bands };
}

/* aux: neighbours, room for their derivatives, the values before the activation. */
void nn_conv_run(struct nn_pass *p, int at)
{
	const struct nn_node *node = nn_node(p, at);
	const struct nn_mat *w = &p->net->mat[node->mat];
	struct map m = map_of(p, at);
	int places = m.steps * m.bands, n = places * w->rows;
	size_t side = (size_t)places * (size_t)w->cols;
	float *y = nn_room(p, at, m.steps);
	float *aux = nn_aux(p, at, p->train ? 2 * side + (size_t)n : side);
	float *pre = p->train ? aux + 2 * side : y;

	neighbours(&m, nn_src(p, at, 0)->y, aux, false);
	nn_mat_mul(p, w, w[1].f, aux, places, pre);
	if (pre != y || node->l.act != NN_LINEAR)
		nn_k->act(node->l.act, pre, y, n);
}

void nn_conv_back(struct nn_pass *p, int at)
{
	const struct nn_node *node = nn_node(p, at);
	const struct nn_mat *w = &p->net->mat[node->mat];
	struct map m = map_of(p, at);
	int places = m.steps * m.bands, n = places * w->rows;
	size_t side = (size_t)places * (size_t)w->cols;
	float *aux = p->cell[at].aux, *d = p->cell[at].y; /* the value is no longer needed */
	float *dx = nn_down(p, at, 0), *dw = nn_mat_grad(p, at, 0), *db = nn_mat_grad(p, at, 1);
	struct nn_prod prod = { .x = aux, .w = dw, .y = d, .t = places, .n = w->rows,
				.k = w->cols, .ldx = w->cols, .ldw = w->cols, .ldy = w->rows };

	memset(d, 0, (size_t)n * sizeof(*d));
	nn_k->act_back(node->l.act, aux + 2 * side, p->cell[at].dy, d, n);
	if (dw)
		nn_k->outer(&prod);
	for (int i = 0; i < places && db; i++)
		nn_k->axpy(db, 1, d + (size_t)i * (size_t)w->rows, w->rows);
	if (!dx)
		return;
	memset(aux + side, 0, side * sizeof(*aux));
	prod.x = aux + side;
	prod.w = w->f;
	nn_k->mul_t(&prod);
	neighbours(&m, dx, aux + side, true);
}

/* ---- the greatest of two by two ---- */

int nn_halve_shape(struct nn_net *net, struct nn_node *node, struct err *e)
{
	int c = 0, rc = channels(net, node, &c, e);

	if (rc == 0)
		node->dim = (node->l.rows + 1) / 2 * c;
	return rc;
}

/* Where the four of a place begin; at an odd edge some are the first again. */
static void four(const struct map *m, int t, int f, size_t at[4])
{
	for (int k = 0; k < 4; k++) {
		int a = 2 * t + k / 2, b = 2 * f + k % 2;
		bool in = a < m->steps && b < m->bands;

		at[k] = in ? ((size_t)a * (size_t)m->bands + (size_t)b) * (size_t)m->c : at[0];
	}
}

/* aux: which of the four was the greatest. */
void nn_halve_run(struct nn_pass *p, int at)
{
	struct map m = map_of(p, at);
	const float *x = nn_src(p, at, 0)->y;
	int steps = (m.steps + 1) / 2, bands = (m.bands + 1) / 2;
	float *y = nn_room(p, at, steps);
	float *which = nn_aux(p, at, (size_t)steps * (size_t)bands * (size_t)m.c);

	for (int i = 0; i < steps * bands; i++, y += m.c, which += m.c) {
		size_t of[4];

		four(&m, i / bands, i % bands, of);
		for (int c = 0; c < m.c; c++) {
			float best = x[of[0] + c], is = 0;

			for (int k = 1; k < 4; k++) {
				float v = x[of[k] + c];

				is = v > best ? (float)k : is;
				best = v > best ? v : best;
			}
			y[c] = best;
			which[c] = is;
		}
	}
}

void nn_halve_back(struct nn_pass *p, int at)
{
	struct map m = map_of(p, at);
	const float *which = p->cell[at].aux, *dy = p->cell[at].dy;
	int bands = (m.bands + 1) / 2;
	float *dx = nn_down(p, at, 0);

	for (int i = 0; i < p->cell[at].steps * bands && dx; i++, dy += m.c, which += m.c) {
		size_t of[4];

		four(&m, i / bands, i % bands, of);
		for (int c = 0; c < m.c; c++)
			dx[of[(int)which[c]] + (size_t)c] += dy[c];
	}
}

/* ---- each channel evened out over the map ---- */

int nn_even_shape(struct nn_net *net, struct nn_node *node, struct err *e)
{
	struct nn_mat m = { .rows = 1, .fine = true };
	int rc = channels(net, node, &m.cols, e);

	if (!rc)
		rc = nn_no_mats(net, node, e);
	/* The gain is kept as what it is above 1, as that of NN_NORM. */
	if (rc || (rc = nn_mat_add(net, node, &m, e)))
		return rc;
	return nn_mat_add(net, node, &m, e);
}

/* sum[c] += a[i][c] * b[i][c] over all n places. */
static void add_up(float *sum, const float *a, const float *b, int n, int c)
{
	for (int i = 0; i < n; i++, a += c, b += c)
		for (int k = 0; k < c; k++)
			sum[k] += a[k] * b[k];
}

/* aux: the evened values, then of each channel 1 / deviation, the mean and what the way back
 * needs. */
void nn_even_run(struct nn_pass *p, int at)
{
	const struct nn_node *node = nn_node(p, at);
	const float *gain = p->net->mat[node->mat].f, *bias = p->net->mat[node->mat + 1].f;
	struct map m = map_of(p, at);
	int n = m.steps * m.bands, c = m.c;
	size_t size = (size_t)n * (size_t)c;
	const float *x = nn_src(p, at, 0)->y;
	float *y = nn_room(p, at, m.steps), *hat = nn_aux(p, at, size + 3 * (size_t)c);
	float *inv = hat + size, *mean = inv + c;

	memset(inv, 0, 2 * (size_t)c * sizeof(*inv));
	for (int i = 0; i < n; i++)
		nn_k->axpy(mean, 1 / (float)n, x + (size_t)i * (size_t)c, c);
	for (int i = 0; i < n; i++)
		for (int k = 0; k < c; k++)
			hat[i * c + k] = x[i * c + k] - mean[k];
	add_up(inv, hat, hat, n, c);
	for (int k = 0; k < c; k++)
		inv[k] = 1 / sqrtf(inv[k] / (float)n + 1e-5f);
	for (int i = 0; i < n; i++, hat += c, y += c)
		for (int k = 0; k < c; k++) {
			hat[k] *= inv[k];
			y[k] = hat[k] * (1 + gain[k]) + bias[k];
		}
}

/* dx = gain / deviation * (dy - mean of dy - x^ * mean of dy x^), channel by channel. */
void nn_even_back(struct nn_pass *p, int at)
{
	const struct nn_node *node = nn_node(p, at);
	const float *gain = p->net->mat[node->mat].f, *dy = p->cell[at].dy;
	struct map m = map_of(p, at);
	int n = m.steps * m.bands, c = m.c;
	const float *hat = p->cell[at].aux, *inv = hat + (size_t)n * (size_t)c;
	float *dx = nn_down(p, at, 0), *dg = nn_mat_grad(p, at, 0), *db = nn_mat_grad(p, at, 1);
	float *sum = p->cell[at].aux + (size_t)(n + 1) * (size_t)c, *along = sum + c;

	memset(sum, 0, 2 * (size_t)c * sizeof(*sum));
	for (int i = 0; i < n; i++)
		nn_k->axpy(sum, 1, dy + (size_t)i * (size_t)c, c);
	add_up(along, dy, hat, n, c);
	if (dg) {
		nn_k->axpy(db, 1, sum, c);
		nn_k->axpy(dg, 1, along, c);
	}
	for (int i = 0; i < n && dx; i++, dx += c, dy += c, hat += c)
		for (int k = 0; k < c; k++)
			dx[k] += (1 + gain[k]) * inv[k] *
				 (dy[k] - (sum[k] + hat[k] * along[k]) / (float)n);
}
