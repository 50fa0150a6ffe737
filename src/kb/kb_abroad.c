/* kb_abroad.c: an article that exists in another language only, found by meaning.
 *
 * When the question brought a vector, the articles of every other space that have no twin in
 * the wanted one are compared by vectors alone. Texts of one language share a direction, which
 * says nothing here, so each side's mean is taken off (right article first, development
 * questions: 61 to 68 % and 53 to 63 %). Whether the best of them answers is a logistic
 * regression over its features and its lead, learned by train/kb_rank.c from questions asked in
 * one language against the articles of the other, for each embedding model. Pure functions over
 * the index; any thread. */
#include <math.h>
#include "kb_int.h"

bool kb_abroad_query(const float *v, int dim, const struct kb_space *home,
		     const struct kb_space *sp, struct arena *a, struct kd_query *ret)
{
	const float *mean = home && home->dim == dim ? home->mean : sp->mean;
	float *x = arena_new(a, float, dim);
	double len = 0, offset = 0;

	*ret = (struct kd_query){ 0 };
	if (!x || dim != sp->dim)
		return false;
	for (int i = 0; i < dim; i++) {
		x[i] = v[i] - mean[i];
		len += (double)x[i] * (double)x[i];
		offset += (double)x[i] * (double)sp->mean[i];
	}
	if (!kd_widen(x, dim, a, ret))
		return false;
	ret->model = sp->model;
	ret->centred = true;
	ret->offset = offset;
	ret->len = 1 / sqrt(len + 1e-9);
	return true;
}

/* Keeps the greatest KD_TOP, greatest first. */
static void keep(double top[KD_TOP], size_t *n, double v)
{
	size_t at = *n < KD_TOP ? (*n)++ : KD_TOP;

	if (at == KD_TOP && v <= top[--at])
		return;
	for (; at && top[at - 1] < v; at--)
		top[at] = top[at - 1];
	top[at] = v;
}

static void keep_art(struct kb_abroad *r, uint32_t art, const double d[KD_N])
{
	size_t at = r->n < KA_TOP ? r->n++ : KA_TOP;

	if (at == KA_TOP && d[KD_ALL] <= r->d[--at][KD_ALL])
		return;
	for (; at && r->d[at - 1][KD_ALL] < d[KD_ALL]; at--) {
		r->art[at] = r->art[at - 1];
		memcpy(r->d[at], r->d[at - 1], sizeof(r->d[at]));
	}
	r->art[at] = art;
	memcpy(r->d[at], d, sizeof(r->d[at]));
}

/* As kb_young, by the names that have a vector. */
static bool young(const struct kb_abroad *b)
{
	double sum = 0;

	for (size_t i = 0; i < b->n; i++)
		sum += log(fmax(1, kb_space_art(b->sp, b->art[i], NULL)->dense.names));
	return sum < log(KB_YOUNG) * (double)b->n;
}

static bool has_lonely(const struct kb_space *sp, unsigned home)
{
	for (size_t i = 0; !sp->seg && i < kb_space_n(sp); i++)
		if (!(kb_space_art(sp, i, NULL)->also & home))
			return true;
	return false;
}

/* The best of one space that `home` (bit of the wanted space, 0 = none) lacks; how the first
 * stands out is told against all articles but those of the group `skip`. */
bool kb_abroad_look(const struct kb_space *sp, const struct kb_query *q, const struct kd_query *kd,
		    unsigned home, sv skip, struct kb_abroad *ret)
{
	int64_t now_ms = q->now_ms ? q->now_ms : clk_wall_ms();
	double sum = 0, top[KD_TOP], ten = 0, best, sharp = kd->model->sharp;
	size_t n = 0;

	ret->n = 0;
	if (!has_lonely(sp, home))
		return false;
	for (size_t i = 0; !sp->seg && i < kb_space_n(sp); i++) {
		const struct kb_art *a = kb_space_art(sp, i, NULL); /* open: nothing to unpack */
		double d[KD_N];

		if (!kb_space_may(sp, i, q, now_ms) || sv_eq(a->a.group_id, skip))
			continue;
		kd_features(kd, &a->dense, d);
		sum += exp(sharp * d[KD_ALL]);
		keep(top, &n, d[KD_ALL]);
		if (!(a->also & home))
			keep_art(ret, (uint32_t)i, d);
	}
	if (!ret->n)
		return false;
	ret->sp = sp;
	memcpy(ret->g, ret->d[0], sizeof(ret->d[0]));
	best = ret->g[KD_ALL];
	for (size_t i = 0; i < n; i++)
		ten += top[i] / (double)n;
	/* the next: the first of all when that is another one */
	ret->g[KD_N] = best < top[0] ? best - top[0] : n > 1 ? fmin(best - top[1], 2) : 0;
	ret->g[KD_N + 1] = best - ten;
	ret->g[KD_N + 2] = exp(sharp * best) / sum;
	ret->g[KD_N + 3] = strcmp(sp->lang, "zh") == 0;
	ret->young = young(ret);
	return true;
}

static const struct kb_abroad_weights *weights_of(const struct kb_abroad *b)
{
	return b->sp->model->abroad[b->young];
}

double kb_abroad_p(const struct kb_abroad *b)
{
	const double *w = weights_of(b)->w;
	double z = w[KA_N];

	for (int k = 0; k < KA_N; k++)
		z += w[k] * b->g[k];
	return 1 / (1 + exp(-z));
}

bool kb_abroad(struct kb_index *ix, const struct kb_query *q, const struct kb_space *home,
	       struct arena *a, struct kb_abroad *ret)
{
	unsigned bit = home ? 1u << (home - ix->space) : 0;
	struct kd_query kd;

	ret->p = 0;
	ret->n = 0;
	for (size_t s = 0; q->vec && s < ix->n_space; s++) {
		struct kb_abroad one = { 0 };

		if (&ix->space[s] == home || ix->space[s].dim != q->dim || !q->dim)
			continue;
		if (!kb_abroad_query(q->vec, q->dim, home, &ix->space[s], a, &kd) ||
		    !kb_abroad_look(&ix->space[s], q, &kd, bit, SV_NULL, &one))
			continue;
		one.p = kb_abroad_p(&one);
		if (one.p > ret->p)
			*ret = one;
	}
	return ret->n > 0;
}

double kb_abroad_answer(const struct kb_abroad *b)
{
	return weights_of(b)->answer;
}

double kb_abroad_unsure(const struct kb_abroad *b)
{
	return weights_of(b)->unsure;
}
