/* t_model_tiny.c: see t_model_tiny.h. */
#include "t_model_tiny.h"

#include <stdio.h>

#define M "\xe2\x96\x81" /* the mark that stands for a space */

const char *const tiny_pieces[TINY_PIECES] = {
	"<s>",  "<pad>", "</s>",   "<unk>", M,   "a", "b",    "c",
	M "a",  "ab",    M "ab",   "abc",   "d", "e", "退",   "货",
	"退货", M "退",  M "退货", "<",     "s", ">", M "q:", "<mask>",
};
/* Longer pieces cost less than their parts together, "abc" more than "ab" and "c". */
static const float scores[TINY_PIECES] = { 0,  0,  0,  0,  -2, -3, -3, -3, -3, -4, -3.5f, -9,
					   -3, -3, -4, -4, -5, -5, -5, -6, -6, -6, -4,	  0 };

static void put(struct sb *b, uint64_t v, int bytes)
{
	for (int i = 0; i < bytes; i++)
		sb_ch(b, (char)(v >> (8 * i)));
}

static void put_f32(struct sb *b, float f)
{
	uint32_t u;
	memcpy(&u, &f, 4);
	put(b, u, 4);
}

static void vocabulary(struct sb *b)
{
	size_t at = 0;
	put(b, TINY_PIECES, 4);
	put(b, 0, 4);
	put(b, 2, 4);
	put(b, 1, 4);
	put(b, 3, 4);
	for (int i = 0; i < TINY_PIECES; i++)
		at += strlen(tiny_pieces[i]);
	put(b, at, 8);
	at = 0;
	for (int i = 0; i <= TINY_PIECES; i++) {
		put(b, at, 4);
		at += i < TINY_PIECES ? strlen(tiny_pieces[i]) : 0;
	}
	for (int i = 0; i < TINY_PIECES; i++)
		put_f32(b, scores[i]);
	for (int i = 0; i < TINY_PIECES; i++)
		sb_cstr(b, tiny_pieces[i]);
	/* line feed to space, full width a to a, the ligature ab to two letters, U+200B to none */
	static const uint32_t map[][4] = { { '\n', 1, ' ' },
					   { 0x200b, 0 },
					   { 0x3000, 1, ' ' },
					   { 0xfb00, 2, 'a', 'b' },
					   { 0xff41, 1, 'a' } };
	put(b, 5, 4);
	put(b, 5 * 5 + 5 * 4, 4);
	for (int i = 0; i < 5; i++) {
		put(b, map[i][0], 4);
		put(b, map[i][1], 1);
		for (uint32_t k = 0; k < map[i][1]; k++)
			put(b, map[i][2 + k], 4);
	}
}

/* ---- tensors: a list, then their bytes ---- */

struct maker {
	struct sb *list, *data;
	struct rng rng;
	uint64_t base;
	uint32_t n;
};

static void entry(struct maker *m, const char *name, int type, uint64_t n, uint64_t bytes)
{
	while (m->data->n % 64)
		sb_ch(m->data, 0);
	put(m->list, strlen(name), 2);
	sb_cstr(m->list, name);
	put(m->list, (uint64_t)type, 1);
	put(m->list, n, 4);
	put(m->list, m->base + m->data->n, 8);
	put(m->list, bytes, 8);
	m->n++;
}

static void q4(struct maker *m, const char *name, int n)
{
	entry(m, name, 1, (uint64_t)n, (uint64_t)n / 32 * 18);
	for (int b = 0; b < n / 32; b++) {
		put(m->data, 0x2c00 + rng_below(&m->rng, 512), 2); /* 0.0625 to 0.094 */
		for (int i = 0; i < 16; i++)
			put(m->data, rng_below(&m->rng, 256), 1);
	}
}

static void f32(struct maker *m, const char *name, int n, double mean, double spread)
{
	entry(m, name, 0, (uint64_t)n, 4 * (uint64_t)n);
	for (int i = 0; i < n; i++)
		put_f32(m->data, (float)(mean + spread * rng_normal(&m->rng)));
}

static void layer(struct maker *m, int i)
{
	static const struct {
		const char *name;
		int rows, cols;
	} mats[] = { { "q", TINY_WIDTH, TINY_WIDTH },  { "k", TINY_WIDTH, TINY_WIDTH },
		     { "v", TINY_WIDTH, TINY_WIDTH },  { "ao", TINY_WIDTH, TINY_WIDTH },
		     { "fi", TINY_INNER, TINY_WIDTH }, { "fo", TINY_WIDTH, TINY_INNER } };
	char name[24];
	for (size_t k = 0; k < sizeof(mats) / sizeof(mats[0]); k++) {
		snprintf(name, sizeof(name), "l%d.%s.w", i, mats[k].name);
		q4(m, name, mats[k].rows * mats[k].cols);
		snprintf(name, sizeof(name), "l%d.%s.b", i, mats[k].name);
		f32(m, name, mats[k].rows, 0, 0.1);
	}
	static const char *const norms[] = { "aln.w", "aln.b", "oln.w", "oln.b" };
	for (int k = 0; k < 4; k++) {
		snprintf(name, sizeof(name), "l%d.%s", i, norms[k]);
		f32(m, name, TINY_WIDTH, k % 2 ? 0 : 1, 0.1);
	}
}

static void tensors(struct maker *m)
{
	q4(m, "emb.word", TINY_PIECES * TINY_WIDTH);
	f32(m, "emb.pos", TINY_POS * TINY_WIDTH, 0, 0.1);
	f32(m, "emb.type", 2 * TINY_WIDTH, 0, 0.1);
	f32(m, "emb.ln.w", TINY_WIDTH, 1, 0.1);
	f32(m, "emb.ln.b", TINY_WIDTH, 0, 0.1);
	for (int i = 0; i < TINY_LAYERS; i++)
		layer(m, i);
}

static void head(struct sb *b)
{
	static const int sizes[] = { 1, TINY_WIDTH, TINY_LAYERS, TINY_HEADS, TINY_INNER,
				     TINY_PIECES, TINY_POS, 2 };
	sb_cstr(b, "E5S1");
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
		put(b, (uint64_t)sizes[i], 4);
	put_f32(b, 1e-6f);
	put(b, 32, 4);
	vocabulary(b);
}

void tiny_make(struct sb *out, uint64_t seed)
{
	struct sb list, data;
	struct maker m = { .list = &list, .data = &data };
	sb_init(&list, 1 << 20);
	sb_init(&data, 1 << 20);
	for (int pass = 0; pass < 2; pass++) { /* the second knows where the data begin */
		sb_reset(out);
		head(out);
		m.base = (out->n + 4 + list.n + 63) / 64 * 64;
		sb_reset(&list);
		sb_reset(&data);
		m.n = 0;
		rng_seed(&m.rng, seed);
		tensors(&m);
	}
	put(out, m.n, 4);
	sb_put(out, sb_sv(&list));
	while (out->n < m.base)
		sb_ch(out, 0);
	sb_put(out, sb_sv(&data));
	sb_done(&list);
	sb_done(&data);
}

void tiny_write(const char *path, uint64_t seed)
{
	struct sb b;
	struct err e;
	sb_init(&b, 1 << 20);
	tiny_make(&b, seed);
	ASSERT(file_write(path, sb_sv(&b), &e) == 0);
	sb_done(&b);
}
