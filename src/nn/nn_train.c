/* nn_train.c: one step: forward, losses, back, update; on a team of threads.
 *
 * A batch is cut into NN_SHARES shares; each has its own sums of dense derivatives, which are
 * added in order, so that the number of threads changes nothing. An example's dropout depends on
 * the seed, the step and its place only. The flat arrays hold all dense weights that are
 * trained, table by table. The trainer owns its passes and arrays; the net is the caller's. */
#include <math.h>
#include <string.h>

#include "nn_train_int.h"

/* ---- opening ---- */

static float or_default(float v, float def)
{
	return v > 0 ? v : def;
}

static void open_table(struct nn_trainer *t, int mat)
{
	struct nn_tmat *tm = &t->mat[mat];
	const struct nn_mat *m = &t->net->mat[mat];
	size_t rows = (size_t)m->rows, all = rows * (size_t)m->cols;

	tm->pos = xalloc(rows * sizeof(*tm->pos));
	tm->v = xalloc((tm->row_rule ? rows : all) * sizeof(float));
	if (!tm->row_rule)
		tm->m = xalloc(all * sizeof(float));
	if (t->opt.ema > 0) {
		tm->ema = xalloc(all * sizeof(float));
		tm->last = xalloc(rows * sizeof(*tm->last));
	}
}

static void open_mat(struct nn_trainer *t, const struct nn_node *node, int mat)
{
	struct nn_tmat *tm = &t->mat[mat];
	const struct nn_mat *m = &t->net->mat[mat];

	if (tm->trained)
		return;
	tm->trained = true;
	tm->rate = or_default(node->l.rate, 1);
	tm->decay = m->fine || node->l.decay < 0 ? 0 : or_default(node->l.decay, 1);
	tm->row_rule = node->l.row_rule;
	if (m->table) {
		open_table(t, mat);
		return;
	}
	tm->off = t->dense;
	t->dense += (size_t)m->rows * (size_t)m->cols;
}

static void open_flat(struct nn_trainer *t)
{
	size_t n = (t->dense + 1) * sizeof(float);

	t->m = xalloc(n);
	t->v = xalloc(n);
	for (int s = 0; s < NN_SHARES; s++) {
		t->share[s] = xalloc(n);
		for (int i = 0; i < t->net->mats; i++)
			if (t->mat[i].trained && !t->net->mat[i].table)
				t->grad[s][i] = t->share[s] + t->mat[i].off;
	}
	if (t->opt.ema <= 0)
		return;
	t->ema = xalloc(n);
	for (int i = 0; i < t->net->mats; i++)
		if (t->grad[0][i])
			memcpy(t->ema + t->mat[i].off, t->net->mat[i].f,
			       (size_t)t->net->mat[i].rows * (size_t)t->net->mat[i].cols *
				       sizeof(float));
}

struct nn_trainer *nn_trainer_new(struct nn_net *net, const struct nn_opt *opt)
{
	struct nn_trainer *t = xalloc(sizeof(*t));

	ASSERT(!net->loaded);
	t->net = nn_ref(net);
	t->opt = *opt;
	t->opt.rate = or_default(opt->rate, 0.001f);
	t->opt.beta1 = or_default(opt->beta1, 0.9f);
	t->opt.beta2 = or_default(opt->beta2, 0.999f);
	t->opt.eps = or_default(opt->eps, 1e-8f);
	for (int k = 0; k < net->n; k++)
		for (int i = 0; i < net->node[k].mats && !net->node[k].l.frozen; i++)
			open_mat(t, &net->node[k], net->node[k].mat + i);
	open_flat(t);
	t->team = team_new(opt->threads < 1 ? 1 :
			   opt->threads < NN_SHARES ? opt->threads : NN_SHARES);
	return t;
}

void nn_trainer_free(struct nn_trainer *t)
{
	if (!t)
		return;
	team_free(t->team);
	for (size_t i = 0; i < t->passes; i++)
		nn_pass_free(t->pass[i]);
	for (int s = 0; s < NN_SHARES; s++) {
		xfree(t->share[s]);
		xfree(t->part[s].g);
		VEC_FREE(&t->part[s].touch);
	}
	for (int i = 0; i < t->net->mats; i++) {
		xfree(t->mat[i].m);
		xfree(t->mat[i].v);
		xfree(t->mat[i].ema);
		xfree(t->mat[i].pos);
		xfree(t->mat[i].last);
	}
	xfree(t->m);
	xfree(t->v);
	xfree(t->ema);
	xfree(t->pass);
	xfree(t->loss);
	nn_unref(t->net);
	xfree(t);
}

/* ---- the parts of a step; part is a share ---- */

static size_t cut_at(size_t n, int share)
{
	return n * (size_t)share / NN_SHARES;
}

static void forward(void *arg, int share)
{
	struct nn_trainer *t = arg;

	for (size_t i = cut_at(t->n, share); i < cut_at(t->n, share + 1); i++) {
		uint64_t seed = t->opt.seed + ((uint64_t)(unsigned)t->step << 16) + i;

		nn_run_train(t->pass[i], t->in[i], seed);
		t->loss[i] = t->how->each ? t->how->each(t->how->arg, t->pass[i], i) : 0;
		if (!t->how->all)
			nn_back(t->pass[i], t->grad[share]);
	}
}

static void backward(void *arg, int share)
{
	struct nn_trainer *t = arg;

	for (size_t i = cut_at(t->n, share); i < cut_at(t->n, share + 1); i++)
		nn_back(t->pass[i], t->grad[share]);
}

/* A piece of the dense weights, and the rows of a part. */
static void gather(void *arg, int part)
{
	struct nn_trainer *t = arg;
	size_t from = cut_at(t->dense, part), n = cut_at(t->dense, part + 1) - from;

	for (int s = 1; s < NN_SHARES; s++)
		nn_k->axpy(t->share[0] + from, 1, t->share[s] + from, (int)n);
	t->part[part].sq = (double)nn_k->dot(t->share[0] + from, t->share[0] + from, (int)n);
	nn_rows_gather(t, part);
}

static void apply_dense(struct nn_trainer *t, int mat, size_t from, size_t to)
{
	const struct nn_tmat *tm = &t->mat[mat];
	struct nn_mat *m = &t->net->mat[mat];
	size_t size = (size_t)m->rows * (size_t)m->cols, at;
	struct nn_adam a = t->adam;
	int n;

	if (!t->grad[0][mat] || tm->off >= to || tm->off + size <= from)
		return;
	at = tm->off > from ? tm->off : from;
	n = (int)((tm->off + size < to ? tm->off + size : to) - at);
	a.rate *= tm->rate;
	a.decay *= tm->decay;
	nn_k->adam(&a, m->f + (at - tm->off), (float *const[2]){ t->m + at, t->v + at },
		   t->share[0] + at, n);
	for (int i = 0; i < n && t->ema; i++)
		t->ema[at + (size_t)i] += (1 - t->opt.ema) *
					  (m->f[at - tm->off + (size_t)i] - t->ema[at + (size_t)i]);
}

static void apply(void *arg, int part)
{
	struct nn_trainer *t = arg;
	size_t from = cut_at(t->dense, part), to = cut_at(t->dense, part + 1);
	bool good = t->adam.scale > 0;

	for (int i = 0; i < t->net->mats && good; i++)
		apply_dense(t, i, from, to);
	for (int s = 0; s < NN_SHARES; s++)
		memset(t->share[s] + from, 0, (to - from) * sizeof(float));
	nn_rows_apply(t, part, good);
}

/* ---- the step ---- */

static void need_passes(struct nn_trainer *t, size_t n)
{
	if (n <= t->passes)
		return;
	t->pass = xrealloc(t->pass, n * sizeof(struct nn_pass *));
	t->loss = xrealloc(t->loss, n * sizeof(double));
	while (t->passes < n)
		t->pass[t->passes++] = nn_pass_train(t->net);
}

float nn_rate(const struct nn_trainer *t)
{
	const struct nn_opt *o = &t->opt;
	float at, down = 1;

	if (t->step < o->warm)
		return o->rate * (float)(t->step + 1) / (float)o->warm;
	if (o->steps <= o->warm || o->sched == NN_CONSTANT)
		return o->rate;
	at = (float)(t->step - o->warm) / (float)(o->steps - o->warm);
	at = at > 1 ? 1 : at;
	down = o->sched == NN_LINEAR_DECAY ? 1 - at : 0.5f * (1 + cosf(3.14159265f * at));
	return o->rate * (o->floor + (1 - o->floor) * down);
}

/* The factors of this step; scale 0 when the derivative is no number. */
static void set_adam(struct nn_trainer *t, double sq)
{
	const struct nn_opt *o = &t->opt;
	float norm = (float)(sqrt(sq) / (double)t->n), scale = 1 / (float)t->n;

	if (!isfinite(norm))
		scale = 0;
	else if (o->clip > 0 && norm > o->clip)
		scale *= o->clip / norm;
	t->adam = (struct nn_adam){ .rate = nn_rate(t), .beta1 = o->beta1, .beta2 = o->beta2,
				    .eps = o->eps, .decay = o->decay, .scale = scale,
				    .fix1 = 1 / (1 - powf(o->beta1, (float)(t->step + 1))),
				    .fix2 = 1 / (1 - powf(o->beta2, (float)(t->step + 1))) };
}

double nn_step(struct nn_trainer *t, const struct nn_in *const *in, size_t n,
	       const struct nn_loss *loss)
{
	double sum = 0, sq = 0;

	ASSERT(n <= NN_BATCH_MAX && !t->swapped);
	if (!n)
		return 0;
	need_passes(t, n);
	t->in = in;
	t->n = n;
	t->how = loss;
	nn_rows_birth(t);
	team_run(t->team, forward, t, NN_SHARES);
	for (size_t i = 0; i < n; i++)
		sum += t->loss[i];
	if (loss->all) {
		sum += loss->all(loss->arg, t->pass, n);
		team_run(t->team, backward, t, NN_SHARES);
	}
	team_run(t->team, gather, t, NN_SHARES);
	for (int s = 0; s < NN_SHARES; s++)
		sq += t->part[s].sq;
	set_adam(t, sq);
	team_run(t->team, apply, t, NN_SHARES);
	t->in = NULL;
	if (!(t->adam.scale > 0))
		return NAN;
	t->step++;
	return sum / (double)n;
}

static void eval(void *arg, int share)
{
	struct nn_trainer *t = arg;

	for (size_t i = cut_at(t->n, share); i < cut_at(t->n, share + 1); i++) {
		nn_run(t->pass[share], t->in[i]);
		(void)t->how->each(t->how->arg, t->pass[share], i);
	}
}

void nn_eval(struct nn_trainer *t, const struct nn_in *const *in, size_t n,
	     double (*each)(void *arg, struct nn_pass *p, size_t i), void *arg)
{
	struct nn_loss how = { .each = each, .arg = arg };

	need_passes(t, NN_SHARES);
	t->in = in;
	t->n = n;
	t->how = &how;
	team_run(t->team, eval, t, NN_SHARES);
	t->in = NULL;
	t->how = NULL;
}

void nn_ema_swap(struct nn_trainer *t)
{
	if (!t->ema)
		return;
	for (int i = 0; i < t->net->mats; i++) {
		struct nn_mat *m = &t->net->mat[i];
		size_t n = (size_t)m->rows * (size_t)m->cols;

		if (t->mat[i].ema)
			nn_rows_swap(t, i);
		for (size_t k = 0; k < n && t->grad[0][i]; k++) {
			float keep = m->f[k];

			m->f[k] = t->ema[t->mat[i].off + k];
			t->ema[t->mat[i].off + k] = keep;
		}
	}
	t->swapped = !t->swapped;
}
