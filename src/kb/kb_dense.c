/* kb_dense.c: vectors of an index's passages, and a question's vector against them.
 *
 * An article has a row for its title and each alias, one for their mean, and one for each chunk
 * with its heading. A space whose texts all have a vector gets one block of rows; one that lacks
 * any is searched by words alone and names what it lacks. A question looks at every row of its
 * space (kb_dot.c); in a packed one first at the signs of each article's direction, a bit for each
 * number, and then at every row of the KD_NEAR articles that agree most. The best articles become
 * candidates, and every candidate gets features.
 * Features are cosines on the scale of the model that the space was built with (kb_model.c).
 * Built on a worker, then read by any thread. */
#include <math.h>
#include <stdlib.h>
#include "kb_seg.h"

/* ---- texts ---- */

static sv next_name(const struct kb_art *a, size_t *it, sv *rest)
{
	sv line;

	if ((*it)++ == 0) {
		*rest = a->a.aliases;
		if (sv_trim(a->a.title).n)
			return sv_trim(a->a.title);
	}
	while (sv_line(rest, &line))
		if (sv_trim(line).n)
			return sv_trim(line);
	return SV_NULL;
}

/* "Heading > Part. Text of the chunk" on one line. */
static void chunk_text(const struct kb_art *a, const struct kb_chunk *c, struct sb *out)
{
	sv text = sv_n(a->a.body_md.p + c->text.off, c->text.len);
	sv both[2] = { c->heading, text };
	bool gap = false;

	sb_reset(out);
	for (int i = 0; i < 2; i++) {
		for (size_t k = 0; k < both[i].n && out->n < KD_TEXT; k++) {
			char ch = both[i].p[k];

			if ((unsigned char)ch <= ' ') {
				gap = true;
				continue;
			}
			if (gap && out->n)
				sb_ch(out, ' ');
			gap = false;
			sb_ch(out, ch);
		}
		if (i == 0)
			sb_ch(out, '.');
		gap = true;
	}
}

/* Calls fn for the names, then the chunks of an article. */
static int each_text(struct kb_art *a, int (*fn)(void *arg, struct kb_art *a, bool chunk, sv text),
		     void *arg)
{
	struct sb b;
	sv rest = SV_NULL, name;
	size_t it = 0;
	int rc = 0;

	for (int i = 0; !rc && i < KD_NAMES && (name = next_name(a, &it, &rest)).n; i++)
		rc = fn(arg, a, false, name);
	sb_init(&b, KD_TEXT + 64);
	for (size_t i = 0; !rc && i < a->chunks.n && i < KD_CHUNKS; i++) {
		chunk_text(a, &a->chunks.v[i], &b);
		rc = fn(arg, a, true, sb_sv(&b));
	}
	sb_done(&b);
	return rc;
}

/* Calls fn for the texts of all articles of a space; packed ones are opened one by one. */
static int each_article(struct kb_build_job *b, struct kb_space *sp,
			int (*fn)(void *arg, struct kb_art *a, bool chunk, sv text),
			void (*end)(void *arg, struct kb_art *a), void *arg)
{
	int rc = 0;

	for (size_t i = 0; !rc && i < kb_space_own(sp); i++) {
		struct kb_art *a;

		if (!sp->seg) {
			rc = each_text(&sp->art[i], fn, arg);
			if (end)
				end(arg, &sp->art[i]);
			continue;
		}
		arena_reset(&b->once);
		a = kb_seg_open(sp, i, &b->once);
		if (!a)
			return kb_full(b);
		kb_chunk(a->a.title, a->a.body_md, &b->once, &a->chunks);
		rc = each_text(a, fn, arg);
		VEC_FREE(&a->chunks);
		if (end) {
			end(arg, a);
			sp->seg->dense[i] = a->dense;
		}
	}
	return rc;
}

static const struct kd_rows *rows_of(const struct kb_space *sp, size_t i)
{
	return sp->seg ? &sp->seg->dense[i] : &sp->art[i].dense;
}

/* ---- building ---- */

struct job {
	struct kb_build_job *b;
	struct kb_space *sp;
	const struct kb_dense *d;
	struct { sv *v; size_t n, cap; } missing;
	size_t rows;
	int stride;
	int8_t *q;               /* where the next row goes */
	float *scale, *inv;
	float *sum;              /* of the names of the article under way */
};

static int look(void *arg, struct kb_art *a, bool chunk, sv text)
{
	struct job *j = arg;
	sv *slot;

	(void)a;
	(void)chunk;
	j->rows++;
	if (kb_dense_has(j->d, text))
		return 0;
	slot = VEC_PUSH(&j->missing, KD_ROWS_MAX);
	if (!slot)
		return kb_full(j->b);
	*slot = arena_sv(&j->b->ix->arena, text);
	return slot->p ? 0 : kb_full(j->b);
}

static void close_names(struct job *j, struct kb_art *a)
{
	int dim = kb_dense_dim(j->d);
	float len = 0;

	for (int k = 0; k < dim; k++)
		len += j->sum[k] * j->sum[k];
	len = len > 0 ? 1 / sqrtf(len) : 0;
	for (int k = 0; k < dim; k++)
		j->sum[k] *= len;
	kd_quantise(j->sum, dim, j->q, j->scale);
	j->q += j->stride;
	j->scale++;
	memset(j->sum, 0, (size_t)dim * sizeof(*j->sum));
}

static void begin(struct job *j, struct kb_art *a)
{
	if (a->dense.q)
		return;
	a->dense.q = j->q;
	a->dense.scale = j->scale;
	a->dense.inv = j->inv + (j->scale - (float *)j->sp->block);
}

static int place(void *arg, struct kb_art *a, bool chunk, sv text)
{
	struct job *j = arg;
	float scale;
	const int8_t *q = kb_dense_find(j->d, text, &scale);

	begin(j, a);
	if (chunk && !a->dense.chunks)
		close_names(j, a);
	memcpy(j->q, q, (size_t)j->stride);
	*j->scale++ = scale;
	if (chunk) {
		a->dense.chunks++;
	} else {
		a->dense.names++;
		for (int k = 0; k < kb_dense_dim(j->d); k++)
			j->sum[k] += (float)q[k] * scale;
	}
	j->q += j->stride;
	return 0;
}

/* What all names of a language share, and how far each row is from it. */
static void centre(struct job *j, size_t rows)
{
	struct kb_space *sp = j->sp;
	int dim = kb_dense_dim(j->d);
	size_t n = 0;

	sp->mean = xalloc((size_t)dim * sizeof(*sp->mean));
	if (sp->under && sp->under->mean)
		memcpy(sp->mean, sp->under->mean, (size_t)dim * sizeof(*sp->mean));
	for (size_t i = 0; !(sp->under && sp->under->mean) && i < kb_space_own(sp); i++) {
		const struct kd_rows *r = rows_of(sp, i);

		for (uint32_t k = 0; k < r->names; k++, n++)
			for (int x = 0; x < dim; x++)
				sp->mean[x] += (float)r->q[k * (uint32_t)j->stride + (uint32_t)x] *
					       r->scale[k];
	}
	for (int x = 0; n && x < dim; x++)
		sp->mean[x] /= (float)n;
	for (size_t i = 0; i < rows; i++) {
		const int8_t *q = (int8_t *)(j->inv + rows) + i * (size_t)j->stride;
		float scale = ((float *)sp->block)[i], sum = 1e-9f;

		for (int x = 0; x < dim; x++) {
			float d = (float)q[x] * scale - sp->mean[x];

			sum += d * d;
		}
		j->inv[i] = 1 / sqrtf(sum);
	}
}

static void end_article(void *arg, struct kb_art *a)
{
	begin(arg, a);
	if (!a->dense.chunks)
		close_names(arg, a);
}

/* Signs of v's numbers from the mean on. */
static void signs(const struct kb_space *sp, const float *v, uint64_t *out)
{
	for (int k = 0; k < sp->dim; k++)
		if (v[k] > sp->mean[k])
			out[k / 64] |= UINT64_C(1) << (k % 64);
}

/* What an article is about, in one direction: the mean of all its rows. */
static void sketch(struct job *j)
{
	struct kb_space *sp = j->sp;
	struct kb_seg *g = sp->seg;

	g->bits = (size_t)(sp->dim + 63) / 64;
	g->sign = xalloc(g->n * g->bits * sizeof(*g->sign));
	for (size_t i = 0; i < g->n; i++) {
		const struct kd_rows *r = &g->dense[i];
		uint32_t n = r->names + 1 + r->chunks;

		memset(j->sum, 0, (size_t)sp->dim * sizeof(*j->sum));
		for (uint32_t k = 0; k < n; k++)
			for (int x = 0; x < sp->dim; x++)
				j->sum[x] += (float)r->q[k * (uint32_t)j->stride + (uint32_t)x] *
					     r->scale[k] / (float)n;
		signs(sp, j->sum, g->sign + i * g->bits);
	}
}

static void fill(struct job *j)
{
	struct kb_space *sp = j->sp;
	size_t n = j->rows + kb_space_own(sp);

	j->stride = kd_stride(kb_dense_dim(j->d));
	sp->block = xalloc(n * ((size_t)j->stride + 2 * sizeof(float)) + 64);
	j->scale = sp->block;
	j->inv = j->scale + n;
	j->q = (int8_t *)(j->inv + n);
	j->sum = xalloc((size_t)kb_dense_dim(j->d) * sizeof(*j->sum));
	if (sp->seg)
		sp->seg->dense = xalloc(sp->seg->n * sizeof(*sp->seg->dense));
	(void)each_article(j->b, sp, place, end_article, j);
	centre(j, n);
	sp->dim = kb_dense_dim(j->d);
	sp->model = kb_model_of(kb_dense_name(j->d));
	sp->made_by = sv_hash(kb_dense_name(j->d));
	if (sp->seg)
		sketch(j);
	xfree(j->sum);
}

int kb_dense_space(struct kb_build_job *b, struct kb_space *sp)
{
	struct job j = { .b = b, .sp = sp, .d = b->o ? b->o->dense : NULL };
	int rc;

	if (!j.d)
		return 0;
	rc = each_article(b, sp, look, NULL, &j);
	if (!rc && !j.missing.n && j.rows && j.rows + kb_space_own(sp) <= KD_ROWS_MAX)
		fill(&j);
	sp->missing = j.missing.v;
	sp->n_missing = rc ? 0 : j.missing.n;
	return rc;
}

size_t kb_dense_missing(const struct kb_index *ix, void (*fn)(void *arg, sv text), void *arg)
{
	size_t n = 0;

	for (size_t s = 0; s < ix->n_space; s++) {
		const struct kb_space *sp = &ix->space[s];

		for (const struct kb_space *x = sp; x; x = x->more) {
			n += x->n_missing;
			for (size_t i = 0; fn && i < x->n_missing; i++)
				fn(arg, x->missing[i]);
		}
	}
	return n;
}

bool kb_dense_ready(const struct kb_index *ix, sv lang)
{
	for (size_t s = 0; s < ix->n_space; s++)
		if (ix->space[s].dim && (!lang.n || sv_eq(sv_of(ix->space[s].lang), lang)))
			return true;
	return false;
}

bool kb_dense_lacks(const struct kb_index *ix, sv lang)
{
	for (size_t s = 0; s < ix->n_space; s++)
		if (sv_eq(sv_of(ix->space[s].lang), lang))
			return !ix->space[s].dim;
	return false;
}

bool kb_dense_behind(const struct kb_index *ix, void (*fn)(void *arg, sv text), void *arg,
		     size_t *ret_n)
{
	bool behind = false;
	size_t n = 0;

	for (size_t s = 0; ix->root && s < ix->n_space; s++) {
		const struct kb_space *more = ix->space[s].more;

		if (!more || ix->space[s].dim || !ix->root->space[s].dim)
			continue;
		behind = true;
		n += more->n_missing;
		for (size_t i = 0; fn && i < more->n_missing; i++)
			fn(arg, more->missing[i]);
	}
	if (ret_n)
		*ret_n = n;
	return behind;
}

/* ---- asking ---- */

static double stretched(const struct kd_query *q, const struct kd_rows *r, size_t i, int32_t dot)
{
	double c = (double)dot * (double)r->scale[i] * (double)q->scale;
	const struct kb_model *m = q->model;

	if (q->centred)
		return ((c - q->offset) * (double)r->inv[i] * q->len - m->middle_centred) *
		       m->stretch;
	return (c - m->middle) * m->stretch;
}

static void best_names(const double *x, size_t n, double far, double d[KD_N])
{
	double best[3] = { far, far, far };
	size_t k = n < 3 ? n : 3;

	for (size_t i = 0; i < n; i++) {
		double c = x[i];

		for (int j = 0; j < 3; j++)
			if (c > best[j]) {
				double was = best[j];

				best[j] = c;
				c = was;
			}
	}
	d[KD_NAME] = best[0];
	d[KD_NAME3] = far;
	if (k)
		d[KD_NAME3] = (best[0] + (k > 1 ? best[1] : 0) + (k > 2 ? best[2] : 0)) / (double)k;
}

void kd_features(const struct kd_query *q, const struct kd_rows *r, double d[KD_N])
{
	int32_t dot[KD_NAMES + 1 + KD_CHUNKS];
	double x[KD_NAMES + 1 + KD_CHUNKS], far = q->model->far, chunk = far;
	double lone = q->model->lone_title;
	uint32_t n = r->names + 1 + r->chunks;

	kd_dots(r->q, n, q->stride, q->q, dot);
	for (uint32_t i = 0; i < n; i++)
		x[i] = stretched(q, r, i, dot[i]);
	best_names(x, r->names, far, d);
	d[KD_MEAN] = r->names ? x[r->names] : far;
	for (uint32_t i = r->names + 1; i < n; i++)
		chunk = x[i] > chunk ? x[i] : chunk;
	d[KD_CHUNK] = r->chunks ? chunk : d[KD_MEAN];
	/* a title alone says less than the text under it */
	d[KD_ALL] = r->names > 1 ? (d[KD_NAME] + d[KD_MEAN] + d[KD_CHUNK]) / 3 :
				   lone * d[KD_NAME] + (1 - lone) * d[KD_CHUNK];
}

void kb_dense_features(const struct kb_found *f, const struct kb_art *a, double d[KD_N])
{
	if (f->dense.q)
		kd_features(&f->dense, &a->dense, d);
	else
		memset(d, 0, KD_N * sizeof(*d));
}

/* To 16 bits, so that no sum of products with signed bytes leaves 32 bits. */
bool kd_widen(const float *v, int dim, struct arena *a, struct kd_query *ret)
{
	double sum = 0, top = 0, f;

	for (int i = 0; i < dim; i++) {
		sum += fabs((double)v[i]);
		top = fmax(top, fabs((double)v[i]));
	}
	if (!(top > 1e-9) || !(sum < 1e9))
		return false;
	ret->stride = kd_stride(dim);
	ret->q = arena_new(a, int16_t, ret->stride);
	if (!ret->q)
		return false;
	f = fmin(32767 / top, 2.0e9 / 127 / sum);
	for (int i = 0; i < dim; i++)
		ret->q[i] = (int16_t)lrint((double)v[i] * f);
	ret->scale = (float)(1 / f);
	return true;
}

struct place {
	uint32_t art;
	double all;
};

static void keep_best(struct place *t, size_t *n, uint32_t art, double all)
{
	size_t i = *n < KD_TOP ? (*n)++ : KD_TOP;

	if (i == KD_TOP && all <= t[--i].all)
		return;
	for (; i && t[i - 1].all < all; i--)
		t[i] = t[i - 1];
	t[i] = (struct place){ art, all };
}

/* The articles of a packed space whose signs agree most with the question's, KD_NEAR of them or a
 * few more, ascending. NULL: look at all. */
static uint32_t *nearest(const struct kb_space *sp, const float *v, struct arena *a, size_t *ret)
{
	const struct kb_seg *g = sp->seg;
	uint64_t q[KD_DIM_MAX / 64] = { 0 };
	uint32_t count[KD_DIM_MAX + 1] = { 0 }, least = 0, n = 0, *out;
	uint16_t *far;

	if (!g || g->n <= KD_NEAR)
		return NULL;
	far = arena_new(a, uint16_t, g->n);
	if (!far)
		return NULL;
	signs(sp, v, q);
	for (size_t i = 0; i < g->n; i++) {
		uint32_t d = 0;

		for (size_t k = 0; k < g->bits; k++)
			d += (uint32_t)__builtin_popcountll(g->sign[i * g->bits + k] ^ q[k]);
		far[i] = (uint16_t)d;
		count[d]++;
	}
	while (n < KD_NEAR)
		n += count[least++];
	out = arena_new(a, uint32_t, n + 1);
	for (size_t i = n = 0; out && i < g->n; i++)
		if (far[i] < least)
			out[n++] = (uint32_t)i;
	*ret = n;
	return out;
}

/* What is looked at: those near, then what changed; without `near` all of them. */
struct walk {
	const struct kb_space *sp;
	const uint32_t *near;
	size_t n_near, own, n;
};

static struct walk walk_of(const struct kb_space *sp, const float *v, struct arena *a)
{
	struct walk w = { .sp = sp, .own = kb_space_own(sp) };

	w.near = nearest(sp, v, a, &w.n_near);
	w.n = w.near ? w.n_near + kb_space_n(sp) - w.own : kb_space_n(sp);
	return w;
}

static size_t walk_at(const struct walk *w, size_t i)
{
	return !w->near ? i : i < w->n_near ? w->near[i] : w->own + i - w->n_near;
}

static const struct kd_rows *dense_at(const struct kb_space *sp, size_t i)
{
	size_t own = kb_space_own(sp);

	return i < own ? rows_of(sp, i) : &sp->more->art[i - own].dense;
}

size_t kb_dense_query(const struct kb_query *q, struct arena *a, struct kb_found *f,
		      uint32_t top[KD_TOP])
{
	const struct kb_space *sp = f->sp;
	int64_t now = q->now_ms ? q->now_ms : clk_wall_ms();
	struct kd_query *kd = &f->dense;
	struct place t[KD_TOP];
	double sum = 0, ten = 0, sharp;
	struct walk w;
	size_t n = 0;

	*kd = (struct kd_query){ 0 };
	if (!q->vec || !sp->dim || q->dim != sp->dim || !kd_widen(q->vec, q->dim, a, kd))
		return 0;
	kd->model = sp->model;
	sharp = sp->model->sharp;
	w = walk_of(sp, q->vec, a);
	for (size_t k = 0; k < w.n; k++) {
		size_t i = walk_at(&w, k);
		double d[KD_N];

		if (!kb_space_may(sp, i, q, now))
			continue;
		kd_features(kd, dense_at(sp, i), d);
		keep_best(t, &n, (uint32_t)i, d[KD_ALL]);
		sum += exp(sharp * d[KD_ALL]);
	}
	for (size_t i = 0; i < n; i++) {
		top[i] = t[i].art;
		ten += t[i].all / (double)n;
	}
	kd->best = n ? t[0].all : sp->model->far;
	kd->second = n > 1 ? t[1].all : sp->model->far;
	kd->ten = ten;
	kd->logsum = log(sum + 1e-300) / sharp;
	return n;
}
