/* kb_embed.c: learns the rows of the sentence vectors (src/kb/kb_emb.c). Not part of the server.
 *
 * A text's vector is the sum of its rows, brought to length one. Each class (an article of the
 * demo, an intent of a public set) has a vector as well; the loss is a softmax over their cosines
 * and a constant for "none of these", which is the target of texts that no article answers. Rows
 * are drawn out at random (half of a text's features is left out each time), so that no single
 * word decides. Plain gradient steps with Adagrad, one text at a time, one thread.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include "kb_train.h"

#define SHARP 14.0f              /* factor on a cosine */
#define NONE_COS 0.45f           /* cosine that "none of these" always has */
#define KEEP 0.45                /* of a text's features, each time */
#define RATE 0.12f
#define RATE_CLASS 0.12f
#define EPOCHS 18
#define CLASSES_MAX 1200
#define FAR 48                   /* classes for texts that no article answers */

struct net {
	float *row, *row_g;      /* KE_ROWS x KE_DIM, KE_ROWS */
	float *cls, *cls_g;      /* CLASSES_MAX x KE_DIM, CLASSES_MAX */
	int classes, far;        /* the classes from far on stand for no article */
	float logit[CLASSES_MAX + 1];
};

static float dot(const float *a, const float *b)
{
	float s[16] = { 0 }, r = 0;

	for (int j = 0; j < KE_DIM; j += 16)
		for (int k = 0; k < 16; k++)
			s[k] += a[j + k] * b[j + k];
	for (int k = 0; k < 16; k++)
		r += s[k];
	return r;
}

static float unit(float *v)
{
	float len = sqrtf(dot(v, v)) + 1e-9f;

	for (int k = 0; k < KE_DIM; k++)
		v[k] /= len;
	return len;
}

/* Softmax of the logits in place: n->logit becomes p - target. The target of a text that no
 * article answers is shared by the classes from far on and the constant, as the softmax shares. */
static void residual(struct net *n, int class)
{
	float top = SHARP * NONE_COS, sum = 0, none_sum = 0;
	int none = n->classes;

	n->logit[none] = top;
	for (int c = 0; c < none; c++)
		top = n->logit[c] > top ? n->logit[c] : top;
	for (int c = 0; c <= none; c++) {
		sum += n->logit[c] = expf(n->logit[c] - top);
		none_sum += c >= n->far ? n->logit[c] : 0;
	}
	for (int c = 0; c <= none; c++) {
		float target = c >= n->far ? n->logit[c] / none_sum : 0;

		n->logit[c] /= sum;
		n->logit[c] -= class == EMBED_FAR ? target : c == class;
	}
}

static void step_class(struct net *n, int c, const float *v, float d)
{
	float *w = n->cls + (size_t)c * KE_DIM, rate;

	n->cls_g[c] += d * d;
	rate = RATE_CLASS / sqrtf(n->cls_g[c] + 1e-4f);
	for (int k = 0; k < KE_DIM; k++)
		w[k] -= rate * d * v[k];
	unit(w);
}

static void learn(struct net *n, const struct embed_text *t, struct rng *rng)
{
	uint32_t used[KE_MAX];
	float v[KE_DIM] = { 0 }, g[KE_DIM] = { 0 }, len, along, sq;
	size_t m = 0;

	for (size_t i = 0; i < t->n; i++)
		if (rng_unit(rng) < KEEP)
			used[m++] = t->h[i];
	for (size_t i = 0; i < m; i++)
		for (int k = 0; k < KE_DIM; k++)
			v[k] += n->row[(size_t)used[i] * KE_DIM + (size_t)k];
	if (!m)
		return;
	len = unit(v);
	for (int c = 0; c < n->classes; c++)
		n->logit[c] = SHARP * dot(v, n->cls + (size_t)c * KE_DIM);
	residual(n, t->class);
	for (int c = 0; c < n->classes; c++) {
		float d = n->logit[c];

		if (fabsf(d) < 1e-4f)
			continue;
		for (int k = 0; k < KE_DIM; k++)
			g[k] += d * n->cls[(size_t)c * KE_DIM + (size_t)k];
		step_class(n, c, v, d);
	}
	along = dot(g, v);
	for (int k = 0; k < KE_DIM; k++)
		g[k] = (g[k] - along * v[k]) * SHARP / len;
	sq = dot(g, g) / KE_DIM;
	for (size_t i = 0; i < m; i++) {
		float *w = n->row + (size_t)used[i] * KE_DIM, rate;

		n->row_g[used[i]] += sq;
		rate = RATE / sqrtf(n->row_g[used[i]] + 1e-6f);
		for (int k = 0; k < KE_DIM; k++)
			w[k] -= rate * g[k];
	}
}

/* One scale for the whole table: the cosine does not mind. */
static void quantise(const float *row, int8_t *out)
{
	size_t n = (size_t)KE_ROWS * KE_DIM;
	double sq = 0;
	float scale;

	for (size_t i = 0; i < n; i++)
		sq += (double)row[i] * (double)row[i];
	scale = (float)(127 / (5 * sqrt(sq / (double)n)));
	for (size_t i = 0; i < n; i++)
		out[i] = (int8_t)lrintf(fmaxf(-127, fminf(127, row[i] * scale)));
}

/* The classes that are no articles, the last ones if there are too many. */
static void background(const struct net *n, int articles, int8_t *out)
{
	int from = n->classes - articles > KE_BACK ? n->classes - KE_BACK : articles;

	memset(out, 0, (size_t)KE_BACK * KE_DIM);
	for (int c = from; c < n->classes; c++)
		for (int k = 0; k < KE_DIM; k++)
			*out++ = (int8_t)lrintf(127 * n->cls[c * KE_DIM + k]);
}

static void shuffle(size_t *order, size_t n, struct rng *rng)
{
	for (size_t i = n; i > 1; i--) {
		size_t j = (size_t)rng_below(rng, i), t = order[i - 1];

		order[i - 1] = order[j];
		order[j] = t;
	}
}

void embed_train(const struct embed_set *s, int8_t *rows)
{
	struct net *n = xalloc(sizeof(*n));
	size_t *order = xalloc(s->n * sizeof(*order));
	struct rng rng;

	n->far = s->classes < CLASSES_MAX - FAR ? s->classes : CLASSES_MAX - FAR;
	n->classes = n->far + FAR;
	n->row = xalloc((size_t)KE_ROWS * KE_DIM * sizeof(float));
	n->row_g = xalloc(KE_ROWS * sizeof(float));
	n->cls = xalloc((size_t)CLASSES_MAX * KE_DIM * sizeof(float));
	n->cls_g = xalloc(CLASSES_MAX * sizeof(float));
	rng_seed(&rng, 11);
	for (size_t i = 0; i < (size_t)KE_ROWS * KE_DIM; i++)
		n->row[i] = (float)rng_normal(&rng) * 0.1f;
	for (int c = 0; c < n->classes; c++) {
		for (int k = 0; k < KE_DIM; k++)
			n->cls[c * KE_DIM + k] = (float)rng_normal(&rng);
		unit(n->cls + (size_t)c * KE_DIM);
	}
	for (size_t i = 0; i < s->n; i++)
		order[i] = i;
	for (int epoch = 0; epoch < EPOCHS; epoch++) {
		shuffle(order, s->n, &rng);
		for (size_t i = 0; i < s->n; i++) {
			const struct embed_text *t = &s->v[order[i]];

			if (t->skip || t->class >= n->far)
				continue;
			if (t->weight >= 1 || rng_unit(&rng) < t->weight)
				learn(n, t, &rng);
		}
	}
	quantise(n->row, rows);
	background(n, s->articles, rows + (size_t)KE_ROWS * KE_DIM);
	xfree(n->row);
	xfree(n->row_g);
	xfree(n->cls);
	xfree(n->cls_g);
	xfree(order);
	xfree(n);
}

void embed_add_intents(struct embed_set *s, sv tsv, double weight)
{
	struct map *ids = map_new(CLASSES_MAX);
	sv line, text, intent;

	sv_line(&tsv, &line); /* column names */
	while (sv_line(&tsv, &line)) {
		struct embed_text *t;
		uintptr_t at;

		sv_cut(&line, '\t', &text);
		sv_cut(&line, '\t', &intent);
		intent = sv_trim(intent);
		if (!intent.n || !sv_trim(text).n)
			continue;
		at = (uintptr_t)map_get(ids, intent);
		if (!at && !sv_eq(intent, SV("oos")))
			map_put(ids, intent, (void *)(at = (uintptr_t)++s->classes));
		t = VEC_PUSH(s, 1000000);
		*t = (struct embed_text){ .text = sv_trim(text), .class = (int)at - 1,
					  .fold = -1, .weight = weight };
	}
	map_free(ids);
}
