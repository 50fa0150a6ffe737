/* e5_net.c: the forward pass: a 12-layer encoder (Vaswani et al. 2017; layer norm after each
 * sum, as in BERT), the mean of all tokens, brought to length one.
 *
 * One text at a time; a work area belongs to one thread and grows to the longest text seen. */
#include <math.h>

#include "e5.h"

enum { ALIGN = 64 };

struct e5_work {
	int cap; /* tokens it has room for */
	void *room;
	float *x, *q, *k, *v, *sum, *inner, *scratch;
	struct e5_act act;
	uint32_t ids[E5_TOKENS];
};

static void *cut(unsigned char **at, size_t bytes)
{
	unsigned char *p = *at;
	*at += (bytes + ALIGN - 1) / ALIGN * ALIGN;
	return p;
}

static void make_room(const struct e5 *m, struct e5_work *w, int n)
{
	if (n <= w->cap)
		return;
	int cap = (n + 31) / 32 * 32;
	size_t c = (size_t)cap, row = c * (size_t)m->width * sizeof(float);
	size_t inner = c * (size_t)m->inner, hd = (size_t)(m->width / m->heads);
	xfree(w->room);
	w->room = xalloc(5 * row + inner * 5 + inner / E5_BLOCK * 8 + (hd + 1) * c * 4 +
			 16 * ALIGN);
	unsigned char *at = w->room;
	at += ALIGN - (uintptr_t)at % ALIGN;
	w->x = cut(&at, row);
	w->q = cut(&at, row);
	w->k = cut(&at, row);
	w->v = cut(&at, row);
	w->sum = cut(&at, row);
	w->inner = cut(&at, inner * sizeof(float));
	w->scratch = cut(&at, (hd + 1) * c * sizeof(float));
	w->act.q = cut(&at, inner);
	w->act.d = cut(&at, inner / E5_BLOCK * sizeof(float));
	w->act.less = cut(&at, inner / E5_BLOCK * sizeof(int32_t));
	w->cap = cap;
}

struct e5_work *e5_work_new(const struct e5 *m)
{
	struct e5_work *w = xalloc(sizeof(*w));
	make_room(m, w, 32);
	return w;
}

void e5_work_free(struct e5_work *w)
{
	if (!w)
		return;
	xfree(w->room);
	xfree(w);
}

static void words(const struct e5 *m, struct e5_work *w, const uint32_t *ids, int n)
{
	size_t row = (size_t)m->width / E5_BLOCK * E5_Q4;
	for (int t = 0; t < n; t++) {
		float *x = w->x + (size_t)t * m->width;
		const float *pos = m->pos + (size_t)t * m->width;
		e5_unpack_row(m->word + ids[t] * row, m->width, x);
		for (int i = 0; i < m->width; i++)
			x[i] += pos[i] + m->kind[i];
	}
	m->kern->norm(w->x, NULL, m->ln_w, m->ln_b, n, m->width, m->eps);
}

static void layer(const struct e5 *m, const struct e5_layer *l, struct e5_work *w, int n)
{
	const struct e5_kern *k = m->kern;
	int hd = m->width / m->heads, ld = m->width;
	k->quantise(w->x, n, m->width, &w->act);
	k->mul(&l->q, &w->act, n, w->q, ld);
	k->mul(&l->k, &w->act, n, w->k, ld);
	k->mul(&l->v, &w->act, n, w->v, ld);
	for (int h = 0; h < m->heads; h++)
		k->attend(w->q + h * hd, w->k + h * hd, w->v + h * hd, n, hd, ld,
			  w->sum + h * hd, ld, w->scratch);
	k->quantise(w->sum, n, m->width, &w->act);
	k->mul(&l->o, &w->act, n, w->q, ld);
	k->norm(w->x, w->q, l->ln_w, l->ln_b, n, m->width, m->eps);
	k->quantise(w->x, n, m->width, &w->act);
	k->mul(&l->up, &w->act, n, w->inner, m->inner);
	k->gelu(w->inner, (size_t)n * (size_t)m->inner);
	k->quantise(w->inner, n, m->inner, &w->act);
	k->mul(&l->down, &w->act, n, w->q, ld);
	k->norm(w->x, w->q, l->out_w, l->out_b, n, m->width, m->eps);
}

static void pool(const struct e5 *m, const float *x, int n, float *out)
{
	double len = 0;
	for (int i = 0; i < m->width; i++) {
		double sum = 0;
		for (int t = 0; t < n; t++)
			sum += (double)x[(size_t)t * m->width + i];
		out[i] = (float)(sum / n);
		len += (double)out[i] * (double)out[i];
	}
	len = len > 1e-24 ? 1 / sqrt(len) : 0;
	for (int i = 0; i < m->width; i++)
		out[i] *= (float)len;
}

void e5_embed_ids(const struct e5 *m, struct e5_work *w, const uint32_t *ids, size_t n,
		  float *out)
{
	int t = n < (size_t)m->positions ? (int)n : m->positions;
	make_room(m, w, t);
	words(m, w, ids, t);
	for (int i = 0; i < m->layers; i++)
		layer(m, &m->layer[i], w, t);
	pool(m, w->x, t, out);
}

void e5_embed(const struct e5 *m, struct e5_work *w, sv prefix, sv text, float *out)
{
	size_t max = m->positions < E5_TOKENS ? (size_t)m->positions : E5_TOKENS;
	size_t n = e5_tokens(&m->vocab, prefix, text, w->ids, max);
	e5_embed_ids(m, w, w->ids, n, out);
}
