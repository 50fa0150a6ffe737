/* nn_rows.c: the training of tables: only the rows that a batch needs are touched.
 *
 * A row's derivative is the sum, over the features of the batch that name it, of factor times
 * the derivative of the sum it went into. It is gathered after the way back, by the part the row
 * belongs to, in the order of the examples: no locks, one order, any number of threads. Adam's
 * averages of a row stand still while no batch names it (lazy Adam); the moving average of the
 * weights is brought up to date when the row changes. All memory is the trainer's. */
#include <math.h>
#include <string.h>

#include "nn_train_int.h"

static bool trains(const struct nn_trainer *t, const struct nn_node *node)
{
	return nn_is_bag(node->l.kind) && t->mat[node->mat].trained && !node->l.frozen;
}

void nn_rows_birth(struct nn_trainer *t)
{
	for (int k = 0; k < t->net->n; k++) {
		const struct nn_node *node = &t->net->node[k];
		uint32_t rows = (uint32_t)t->net->mat[node->mat].rows;

		if (!trains(t, node))
			continue;
		for (size_t i = 0; i < t->n; i++) {
			const struct nn_slot *s = &t->in[i]->slot[node->l.slot];

			for (uint32_t j = 0; j < s->n && s->id; j++)
				nn_mat_birth(t->net, node->mat, s->id[j] % rows);
		}
	}
}

/* Where the derivative of a row is summed. */
static float *sum_of(struct nn_trainer *t, struct nn_part *part, int mat, uint32_t row)
{
	struct nn_tmat *tm = &t->mat[mat];
	size_t cols = (size_t)t->net->mat[mat].cols;
	struct nn_touch *touch;

	if (tm->pos[row])
		return part->g + part->touch.v[tm->pos[row] - 1].off;
	if (part->g_n + cols > part->g_cap) {
		part->g_cap = (part->g_n + cols) * 2;
		part->g = xrealloc(part->g, part->g_cap * sizeof(float));
	}
	touch = VEC_PUSH(&part->touch, (size_t)INT32_MAX);
	ASSERT(touch);
	*touch = (struct nn_touch){ .mat = mat, .row = row, .off = part->g_n };
	tm->pos[row] = (int32_t)part->touch.n;
	memset(part->g + part->g_n, 0, cols * sizeof(float));
	part->g_n += cols;
	return part->g + touch->off;
}

static void gather(struct nn_trainer *t, int q, int mat, const struct nn_used *u)
{
	uint32_t rows = (uint32_t)t->net->mat[mat].rows;
	int step = 0;

	for (uint32_t i = 0; i < u->n; i++) {
		uint32_t row;

		while (u->end && step + 1 < u->steps && i >= u->end[step])
			step++;
		if (u->w[i] == 0) /* dropout may leave few */
			continue;
		row = u->id[i] < rows ? u->id[i] : u->id[i] % rows;
		if (row % NN_SHARES != (uint32_t)q)
			continue;
		nn_k->axpy(sum_of(t, &t->part[q], mat, row), u->w[i],
			   u->dy + (size_t)(u->each ? (int)i : step) * (size_t)u->dim, u->dim);
	}
}

void nn_rows_gather(struct nn_trainer *t, int q)
{
	struct nn_part *part = &t->part[q];

	for (int k = 0; k < t->net->n; k++) {
		const struct nn_node *node = &t->net->node[k];

		for (size_t i = 0; i < t->n && trains(t, node); i++) {
			struct nn_used u = nn_bag_used(t->pass[i], k);

			gather(t, q, node->mat, &u);
		}
	}
	for (size_t i = 0; i < part->touch.n; i++) {
		const struct nn_touch *r = &part->touch.v[i];
		int cols = t->net->mat[r->mat].cols;

		part->sq += (double)nn_k->dot(part->g + r->off, part->g + r->off, cols);
	}
}

/* ema as it is before this step: the weights have not changed since `last`. */
static void catch_up(struct nn_trainer *t, int mat, uint32_t row, int to)
{
	struct nn_tmat *tm = &t->mat[mat];
	int cols = t->net->mat[mat].cols;
	const float *w = t->net->mat[mat].f + (size_t)row * (size_t)cols;
	float *ema = tm->ema + (size_t)row * (size_t)cols;
	float keep = tm->last[row] ? powf(t->opt.ema, (float)(to - tm->last[row])) : 0;

	for (int i = 0; i < cols; i++)
		ema[i] = w[i] + (ema[i] - w[i]) * keep;
	tm->last[row] = to;
}

/* Adagrad with the mean square of the row's derivatives (Duchi et al. 2011, one number a row). */
static void row_rule(const struct nn_adam *a, float *w, float *sum, const float *g, int n)
{
	float rate;

	*sum += a->scale * a->scale * nn_k->dot(g, g, n) / (float)n;
	rate = a->rate * a->scale / (sqrtf(*sum) + 1e-6f);
	if (a->decay > 0)
		nn_k->axpy(w, -a->rate * a->decay, w, n);
	nn_k->axpy(w, -rate, g, n);
}

static void apply_row(struct nn_trainer *t, const struct nn_touch *r, const float *g)
{
	struct nn_tmat *tm = &t->mat[r->mat];
	int cols = t->net->mat[r->mat].cols;
	size_t at = (size_t)r->row * (size_t)cols;
	float *w = t->net->mat[r->mat].f + at;
	struct nn_adam a = t->adam;

	a.rate *= tm->rate;
	a.decay *= tm->decay;
	if (tm->ema)
		catch_up(t, r->mat, r->row, t->step);
	if (tm->row_rule)
		row_rule(&a, w, &tm->v[r->row], g, cols);
	else
		nn_k->adam(&a, w, (float *const[2]){ tm->m + at, tm->v + at }, g, cols);
	for (int i = 0; i < cols && tm->ema; i++)
		tm->ema[at + (size_t)i] += (1 - t->opt.ema) * (w[i] - tm->ema[at + (size_t)i]);
	if (tm->ema)
		tm->last[r->row] = t->step + 1;
}

void nn_rows_apply(struct nn_trainer *t, int q, bool apply)
{
	struct nn_part *part = &t->part[q];

	for (size_t i = 0; i < part->touch.n; i++) {
		const struct nn_touch *r = &part->touch.v[i];

		if (apply)
			apply_row(t, r, part->g + r->off);
		t->mat[r->mat].pos[r->row] = 0;
	}
	part->touch.n = 0;
	part->g_n = 0;
}

void nn_rows_swap(struct nn_trainer *t, int mat)
{
	struct nn_tmat *tm = &t->mat[mat];
	size_t cols = (size_t)t->net->mat[mat].cols;

	for (uint32_t r = 0; r < (uint32_t)t->net->mat[mat].rows; r++) {
		float *w = t->net->mat[mat].f + (size_t)r * cols, *ema = tm->ema + (size_t)r * cols;

		if (!tm->last[r])
			continue;
		if (!t->swapped)
			catch_up(t, mat, r, t->step);
		for (size_t i = 0; i < cols; i++) {
			float keep = w[i];

			w[i] = ema[i];
			ema[i] = keep;
		}
	}
}
