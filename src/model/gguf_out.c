/* gguf_out.c: see gguf_out.h. Metadata and the list of tensors are collected in memory; data go
 * straight to their place in the file, so that a model larger than memory can be written. */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <unistd.h>

#include "gguf_out.h"

enum {
	U32 = 4,
	I32 = 5,
	F32 = 6,
	BOOL = 7,
	STRING = 8,
	ARRAY = 9,
	ALIGN = 32,
	BLOCK = 32,
	Q8_BYTES = 34,
	HEAD_MAX = 64 << 20,
	TENSORS_MAX = 4096,
};

struct tensor {
	enum gguf_form form;
	uint64_t cols, rows, done;
	uint64_t at; /* of the data */
};

struct gguf_out {
	struct sb kv, list;
	uint64_t n_kv;
	VEC(struct tensor) tensors;
	uint64_t bytes; /* of all data */
	uint64_t base;  /* where they begin */
	FILE *f;
	char *path;
	unsigned char *row;
	size_t row_bytes;
};

struct gguf_out *gguf_out_new(void)
{
	struct gguf_out *g = xalloc(sizeof(*g));
	sb_init(&g->kv, HEAD_MAX);
	sb_init(&g->list, HEAD_MAX);
	return g;
}

void gguf_out_free(struct gguf_out *g)
{
	if (!g)
		return;
	if (g->f)
		(void)fclose(g->f);
	sb_done(&g->kv);
	sb_done(&g->list);
	VEC_FREE(&g->tensors);
	xfree(g->row);
	xfree(g->path);
	xfree(g);
}

/* ---- metadata ---- */

static void put(struct sb *b, uint64_t v, int bytes)
{
	for (int i = 0; i < bytes; i++)
		sb_ch(b, (char)(v >> (8 * i)));
}

static void put_f32(struct sb *b, float v)
{
	uint32_t u;
	memcpy(&u, &v, sizeof(u));
	put(b, u, 4);
}

static void put_text(struct sb *b, sv s)
{
	put(b, s.n, 8);
	sb_put(b, s);
}

static struct sb *key(struct gguf_out *g, const char *name, int type)
{
	put_text(&g->kv, sv_of(name));
	put(&g->kv, (uint64_t)type, 4);
	g->n_kv++;
	return &g->kv;
}

static struct sb *list(struct gguf_out *g, const char *name, int type, size_t n)
{
	struct sb *b = key(g, name, ARRAY);
	put(b, (uint64_t)type, 4);
	put(b, n, 8);
	return b;
}

void gguf_out_str(struct gguf_out *g, const char *name, sv v)
{
	put_text(key(g, name, STRING), v);
}

void gguf_out_u32(struct gguf_out *g, const char *name, uint32_t v)
{
	put(key(g, name, U32), v, 4);
}

void gguf_out_f32(struct gguf_out *g, const char *name, float v)
{
	put_f32(key(g, name, F32), v);
}

void gguf_out_bool(struct gguf_out *g, const char *name, bool v)
{
	put(key(g, name, BOOL), v, 1);
}

void gguf_out_strs(struct gguf_out *g, const char *name, const sv *v, size_t n)
{
	struct sb *b = list(g, name, STRING, n);
	for (size_t i = 0; i < n; i++)
		put_text(b, v[i]);
}

void gguf_out_f32s(struct gguf_out *g, const char *name, const float *v, size_t n)
{
	struct sb *b = list(g, name, F32, n);
	for (size_t i = 0; i < n; i++)
		put_f32(b, v[i]);
}

void gguf_out_i32s(struct gguf_out *g, const char *name, const int32_t *v, size_t n)
{
	struct sb *b = list(g, name, I32, n);
	for (size_t i = 0; i < n; i++)
		put(b, (uint32_t)v[i], 4);
}

/* ---- tensors ---- */

static size_t bytes_of_row(const struct tensor *t)
{
	return t->form == GGUF_Q8_0 ? t->cols / BLOCK * Q8_BYTES : t->cols * sizeof(float);
}

int gguf_out_tensor(struct gguf_out *g, const char *name, enum gguf_form form,
		    const uint64_t *dims, int n)
{
	ASSERT((n == 1 || n == 2) && (form != GGUF_Q8_0 || dims[0] % BLOCK == 0));
	struct tensor *t = VEC_PUSH(&g->tensors, TENSORS_MAX);
	if (!t)
		return ERR_FULL;
	*t = (struct tensor){ .form = form, .cols = dims[0], .rows = n > 1 ? dims[1] : 1,
			      .at = g->bytes };
	put_text(&g->list, sv_of(name));
	put(&g->list, (uint64_t)n, 4);
	for (int i = 0; i < n; i++)
		put(&g->list, dims[i], 8);
	put(&g->list, (uint64_t)form, 4);
	put(&g->list, t->at, 8);
	g->bytes += t->rows * bytes_of_row(t);
	g->bytes = (g->bytes + ALIGN - 1) / ALIGN * ALIGN;
	if (bytes_of_row(t) > g->row_bytes)
		g->row_bytes = bytes_of_row(t);
	return (int)g->tensors.n - 1;
}

static int failed(const struct gguf_out *g, struct err *e)
{
	int why = errno;
	return err_set(e, why == ENOSPC || why == EDQUOT ? ERR_FULL : ERR_IO,
		       "%.250s cannot be written: %s", g->path, strerrordesc_np(why));
}

static bool all(FILE *f, sv bytes)
{
	return fwrite(bytes.p, 1, bytes.n, f) == bytes.n;
}

int gguf_out_begin(struct gguf_out *g, const char *path, struct err *e)
{
	struct sb head;
	if (sb_err(&g->kv) || sb_err(&g->list))
		return err_set(e, ERR_TOOBIG, "the head of the GGUF file is too long");
	sb_init(&head, 64);
	sb_cstr(&head, "GGUF");
	put(&head, 3, 4);
	put(&head, g->tensors.n, 8);
	put(&head, g->n_kv, 8);
	g->base = head.n + g->kv.n + g->list.n;
	g->base = (g->base + ALIGN - 1) / ALIGN * ALIGN;
	g->row = xalloc(g->row_bytes + 1);
	g->path = xstrdup(sv_of(path));
	g->f = fopen(path, "wbe");
	bool ok = g->f && all(g->f, sb_sv(&head)) && all(g->f, sb_sv(&g->kv)) &&
		  all(g->f, sb_sv(&g->list)) && fflush(g->f) == 0 &&
		  ftruncate(fileno(g->f), (off_t)(g->base + g->bytes)) == 0;
	sb_done(&head);
	return ok ? 0 : failed(g, e);
}

/* To the nearest, ties to even; what is beyond the greatest becomes that. */
static uint16_t half_of(float f)
{
	uint32_t u;
	memcpy(&u, &f, sizeof(u));
	uint32_t exp = u >> 23 & 0xff, frac = u & 0x7fffff, v, low, tie;
	if (exp < 102) /* less than half of the smallest */
		return 0;
	if (exp < 113) { /* without a leading one */
		uint32_t shift = 126 - exp, digits = frac | 0x800000;
		v = digits >> shift;
		low = digits & ((1u << shift) - 1);
		tie = 1u << (shift - 1);
	} else {
		v = (exp - 112) << 10 | frac >> 13;
		low = frac & 0x1fff;
		tie = 0x1000;
	}
	v += low > tie || (low == tie && (v & 1));
	return (uint16_t)(exp >= 143 || v > 0x7bff ? 0x7bff : v);
}

void gguf_q8_0(const float *x, unsigned char out[34])
{
	float top = 0;
	for (int i = 0; i < BLOCK; i++)
		top = fmaxf(top, fabsf(x[i]));
	float d = top / 127;
	uint16_t h = half_of(d);
	float by = h ? 1 / d : 0;
	out[0] = (unsigned char)h;
	out[1] = (unsigned char)(h >> 8);
	for (int i = 0; i < BLOCK; i++)
		out[2 + i] = (unsigned char)(int8_t)lrintf(x[i] * by);
}

int gguf_out_row(struct gguf_out *g, int tensor, const float *row, struct err *e)
{
	struct tensor *t = &g->tensors.v[tensor];
	size_t n = bytes_of_row(t);
	if (t->done == t->rows)
		return err_set(e, ERR_RANGE, "a tensor has more rows than were declared");
	if (t->form == GGUF_F32)
		memcpy(g->row, row, n);
	for (uint64_t i = 0; t->form == GGUF_Q8_0 && i < t->cols / BLOCK; i++)
		gguf_q8_0(row + i * BLOCK, g->row + i * Q8_BYTES);
	off_t at = (off_t)(g->base + t->at + t->done * n);
	if ((ftello(g->f) != at && fseeko(g->f, at, SEEK_SET)) || fwrite(g->row, 1, n, g->f) != n)
		return failed(g, e);
	t->done++;
	return 0;
}

int gguf_out_end(struct gguf_out *g, struct err *e)
{
	for (size_t i = 0; i < g->tensors.n; i++)
		if (g->tensors.v[i].done != g->tensors.v[i].rows)
			return err_set(e, ERR_CORRUPT, "tensor %zu has %llu of %llu rows", i,
				       (unsigned long long)g->tensors.v[i].done,
				       (unsigned long long)g->tensors.v[i].rows);
	bool ok = fflush(g->f) == 0 && fsync(fileno(g->f)) == 0;
	int rc = ok ? 0 : failed(g, e);
	if (fclose(g->f) && !rc)
		rc = failed(g, e);
	g->f = NULL;
	return rc;
}
