/* gemma_parts.c: see gemma_parts.h. */
#include <stdio.h>
#include <stdlib.h>

#include "gemma_parts.h"
#include "half.h"

enum { PIECES_MAX = 1 << 20, PIECE_BYTES = 4096, USER_DEFINED = 4, TENSORS_MAX = 4096 };

/* ---- sentencepiece ---- */

struct wire {
	sv rest;
	bool bad;
};

static uint64_t varint(struct wire *w)
{
	uint64_t v = 0;
	for (int shift = 0; shift < 64 && w->rest.n; shift += 7) {
		unsigned char c = (unsigned char)*w->rest.p;
		w->rest = sv_slice(w->rest, 1, w->rest.n);
		v |= (uint64_t)(c & 0x7f) << shift;
		if (!(c & 0x80))
			return v;
	}
	w->bad = true;
	return 0;
}

static sv bytes(struct wire *w, uint64_t n)
{
	if (n > w->rest.n) {
		w->bad = true;
		n = w->rest.n;
	}
	sv r = sv_slice(w->rest, 0, n);
	w->rest = sv_slice(w->rest, n, w->rest.n);
	return r;
}

/* The next field: its number; number, 4 or 8 bytes or a string in one of the two. 0 at the end. */
static uint64_t field(struct wire *w, sv *ret_bytes, uint64_t *ret_int)
{
	*ret_bytes = SV_NULL;
	*ret_int = 0;
	if (!w->rest.n || w->bad)
		return 0;
	uint64_t tag = varint(w);
	switch (tag & 7) {
	case 0:
		*ret_int = varint(w);
		break;
	case 1:
		*ret_bytes = bytes(w, 8);
		break;
	case 2:
		*ret_bytes = bytes(w, varint(w));
		break;
	case 5:
		*ret_bytes = bytes(w, 4);
		break;
	default:
		w->bad = true;
	}
	w->bad = w->bad || !(tag >> 3);
	return tag >> 3;
}

/* The mark that stands for a space becomes one. */
static sv spaces(struct arena *a, sv piece)
{
	static const char MARK[] = "\xe2\x96\x81";
	char *p = arena_new(a, char, piece.n + 1);
	size_t n = 0;
	for (size_t i = 0; p && i < piece.n; n++) {
		bool mark = piece.n - i >= 3 && memcmp(piece.p + i, MARK, 3) == 0;
		p[n] = mark ? ' ' : piece.p[i];
		i += mark ? 3 : 1;
	}
	return sv_n(p, p ? n : 0);
}

static bool read_piece(struct gemma_vocab *v, sv message)
{
	struct wire w = { message, false };
	sv s, piece = SV_NULL;
	uint64_t x, no, type = 1;
	float score = 0;
	while ((no = field(&w, &s, &x))) {
		if (no == 1)
			piece = s;
		else if (no == 2 && s.n == sizeof(score))
			memcpy(&score, s.p, sizeof(score));
		else if (no == 3)
			type = x;
	}
	if (w.bad || !piece.n || piece.n > PIECE_BYTES || type < 1 || type > 6)
		return false;
	v->piece[v->n] = type == USER_DEFINED ? spaces(&v->mem, piece) :
						arena_sv(&v->mem, piece);
	if (!v->piece[v->n].n)
		return false; /* more than an arena holds */
	v->score[v->n] = score;
	v->type[v->n++] = (int32_t)type;
	return true;
}

int gemma_vocab_read(struct gemma_vocab *v, sv model, struct err *e)
{
	size_t n = 0;
	sv s;
	uint64_t x, no;
	*v = (struct gemma_vocab){ 0 };
	arena_init(&v->mem, LIM_ARENA_BIG);
	for (struct wire w = { model, false }; (no = field(&w, &s, &x));)
		n += no == 1;
	if (!n || n > PIECES_MAX)
		return err_set(e, ERR_CORRUPT, "tokenizer.model has %zu pieces", n);
	v->piece = xalloc(n * sizeof(*v->piece));
	v->score = xalloc(n * sizeof(*v->score));
	v->type = xalloc(n * sizeof(*v->type));
	struct wire w = { model, false };
	bool ok = true;
	while (ok && (no = field(&w, &s, &x)))
		ok = no != 1 || read_piece(v, s);
	if (!ok || w.bad)
		return err_set(e, ERR_CORRUPT, "tokenizer.model is damaged at piece %zu", v->n);
	return 0;
}

void gemma_vocab_done(struct gemma_vocab *v)
{
	xfree(v->piece);
	xfree(v->score);
	xfree(v->type);
	arena_done(&v->mem);
}

/* ---- safetensors ---- */

size_t st_bytes(const struct st_tensor *t)
{
	return t->type == ST_F32 ? 4 : 2;
}

static int read_tensor(struct st_tensor *t, sv name, const jv *o, struct err *e)
{
	static const char *const types[] = { "F32", "F16", "BF16" };
	sv type = jv_get_str(o, "dtype");
	const jv *shape = jv_get(o, "shape"), *at = jv_get(o, "data_offsets");
	uint64_t n = 1;
	int k = 0;
	while (k < 3 && !sv_eq(type, sv_of(types[k])))
		k++;
	t->n_dims = (int)jv_len(shape);
	if (k == 3 || t->n_dims < 1 || t->n_dims > 2 || name.n >= sizeof(t->name))
		return err_set(e, ERR_UNSUPPORTED,
			       "tensor " SV_FMT " is " SV_FMT " with %d dimensions", SV_ARG(name),
			       SV_ARG(type), t->n_dims);
	(void)snprintf(t->name, sizeof(t->name), SV_FMT, SV_ARG(name));
	t->type = k == 0 ? ST_F32 : k == 1 ? ST_F16 : ST_BF16;
	for (int i = 0; i < t->n_dims; i++) {
		int64_t d = jv_as_int(jv_at(shape, (size_t)i), 0);
		if (d < 1 || d > 1 << 24)
			return err_set(e, ERR_CORRUPT, "tensor %s has a dimension of %lld",
				       t->name, (long long)d);
		t->dims[i] = (uint64_t)d;
		n *= t->dims[i];
	}
	int64_t from = jv_as_int(jv_at(at, 0), -1), to = jv_as_int(jv_at(at, 1), -1);
	t->from = (uint64_t)from;
	t->to = (uint64_t)to;
	if (jv_len(at) != 2 || from < 0 || to < from || t->to - t->from != n * st_bytes(t))
		return err_set(e, ERR_CORRUPT, "tensor %s does not have the bytes of its shape",
			       t->name);
	return 0;
}

static int by_place(const void *a, const void *b)
{
	const struct st_tensor *x = a, *y = b;
	return x->from < y->from ? -1 : x->from > y->from;
}

int st_head_read(struct st_head *h, sv json, struct err *e)
{
	jv *o = jv_parse(json, e);
	int rc = o ? 0 : ERR_CORRUPT;
	void *it = NULL;
	sv name;
	jv *x;
	while (!rc && jv_next(o, &it, &name, &x)) {
		if (sv_eq(name, SV("__metadata__")))
			continue;
		struct st_tensor *t = VEC_PUSH(&h->v, TENSORS_MAX);
		rc = t ? read_tensor(t, name, x, e) :
			 err_set(e, ERR_UNSUPPORTED, "more than %d tensors", TENSORS_MAX);
	}
	jv_free(o);
	if (h->v.n)
		qsort(h->v.v, h->v.n, sizeof(*h->v.v), by_place);
	for (size_t i = 0; i + 1 < h->v.n && !rc; i++)
		if (h->v.v[i].to > h->v.v[i + 1].from)
			rc = err_set(e, ERR_CORRUPT, "tensors %s and %s overlap", h->v.v[i].name,
				     h->v.v[i + 1].name);
	return rc;
}

void st_floats(const struct st_tensor *t, const unsigned char *p, size_t n, float *out)
{
	for (size_t i = 0; i < n; i++) {
		if (t->type == ST_F32) {
			memcpy(&out[i], p + 4 * i, 4);
			continue;
		}
		uint16_t half = (uint16_t)(p[2 * i] | p[2 * i + 1] << 8);
		uint32_t wide = (uint32_t)half << 16;
		if (t->type == ST_BF16)
			memcpy(&out[i], &wide, 4);
		else
			out[i] = half_float(half);
	}
}
