/* e5_file.c: the model's file, mapped and checked, and its matrices repacked for the kernels.
 *
 * Everything that is read by place or count is checked against the file's length before it is
 * used, every scale is finite, so that a damaged file is refused and never walked out of. The
 * word table (54 MB of 72) stays in the file, shared by all processes; the matrices of the
 * layers are copied into panels (13 MB a process). */
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "e5.h"

struct tensor {
	char name[24];
	int type;
	uint64_t n, at;
};
struct reader {
	const unsigned char *p;
	size_t n, at;
	bool bad;
	struct tensor *t;
	uint32_t n_t;
	const char *path;
	struct err *e;
};

enum { TYPE_F32 = 0, TYPE_Q4 = 1, TENSORS_MAX = 4096, ROOM = 64 };

static const void *take(struct reader *r, uint64_t n)
{
	const void *p = r->p + r->at;
	if (r->bad || n > r->n - r->at) {
		r->bad = true;
		return NULL;
	}
	r->at += (size_t)n;
	return p;
}

static uint64_t number(struct reader *r, int bytes)
{
	const unsigned char *p = take(r, (uint64_t)bytes);
	uint64_t v = 0;
	for (int i = 0; p && i < bytes; i++)
		v |= (uint64_t)p[i] << (8 * i);
	return v;
}

static int damaged(struct reader *r, const char *what)
{
	return err_set(r->e, ERR_CORRUPT, "%.200s is no e5 model, or damaged: %s", r->path, what);
}

/* ---- head and vocabulary ---- */

static int between(struct reader *r, int lo, int hi)
{
	int64_t v = (int32_t)number(r, 4);
	if (v < lo || v > hi)
		r->bad = true;
	return (int)v;
}

static int head(struct reader *r, struct e5 *m)
{
	const char *magic = take(r, 4);
	if (!magic || memcmp(magic, "E5S1", 4) != 0 || number(r, 4) != 1)
		return damaged(r, "it does not begin with E5S1, version 1");
	m->width = between(r, 32, 4096);
	m->layers = between(r, 1, E5_LAYERS);
	m->heads = between(r, 1, 64);
	m->inner = between(r, 32, 16384);
	m->words = between(r, 1, 2000000);
	m->positions = between(r, 3, 65536);
	(void)between(r, 1, 16);
	const void *eps = take(r, 4);
	if (eps)
		memcpy(&m->eps, eps, 4);
	if (between(r, E5_BLOCK, E5_BLOCK) != E5_BLOCK || r->bad || !(m->eps >= 0) ||
	    m->eps > 1)
		return damaged(r, "impossible sizes");
	if (m->width % E5_BLOCK || m->inner % E5_BLOCK || m->width % m->heads ||
	    m->width / m->heads % 8)
		return damaged(r, "sizes that do not divide");
	return 0;
}

static int vocabulary(struct reader *r, struct e5 *m)
{
	struct e5_vocab *v = &m->vocab;
	v->n = (uint32_t)between(r, 4, m->words);
	int top = (int)v->n - 1;
	v->bos = (uint32_t)between(r, 0, top);
	v->eos = (uint32_t)between(r, 0, top);
	(void)between(r, 0, top);
	v->unk = (uint32_t)between(r, 0, top);
	uint64_t bytes = number(r, 8);
	v->off = take(r, 4 * ((uint64_t)v->n + 1));
	v->score = take(r, 4 * (uint64_t)v->n);
	v->bytes = take(r, bytes);
	if (r->bad)
		return damaged(r, "the vocabulary is cut off");
	for (uint32_t i = 0; i < v->n; i++) {
		if (v->off[i] > v->off[i + 1] || v->off[i + 1] > bytes)
			return damaged(r, "the vocabulary's offsets");
		if (!(fabsf(v->score[i]) < 1e6f))
			return damaged(r, "the vocabulary's scores");
	}
	v->n_map = (uint32_t)between(r, 0, 1 << 20);
	uint64_t map = number(r, 4);
	v->map = take(r, map);
	if (r->bad)
		return damaged(r, "the character map is cut off");
	v->map_cp = xalloc(((size_t)v->n_map + 1) * sizeof(uint32_t));
	v->map_at = xalloc(((size_t)v->n_map + 1) * sizeof(uint32_t));
	struct reader in = { .p = v->map, .n = (size_t)map };
	for (uint32_t i = 0; i < v->n_map; i++) {
		v->map_cp[i] = (uint32_t)number(&in, 4);
		v->map_at[i] = (uint32_t)in.at;
		(void)take(&in, 4 * number(&in, 1));
		if (in.bad || (i && v->map_cp[i] <= v->map_cp[i - 1]))
			return damaged(r, "the character map");
	}
	return e5_vocab_init(v, r->e);
}

/* ---- tensors ---- */

static int directory(struct reader *r)
{
	r->n_t = (uint32_t)between(r, 1, TENSORS_MAX);
	if (r->bad)
		return damaged(r, "the list of tensors");
	r->t = xalloc(r->n_t * sizeof(*r->t));
	for (uint32_t i = 0; i < r->n_t; i++) {
		struct tensor *t = &r->t[i];
		size_t n = (size_t)number(r, 2);
		const char *name = take(r, n);
		t->type = (int)number(r, 1);
		t->n = number(r, 4);
		t->at = number(r, 8);
		(void)number(r, 8);
		if (r->bad || n >= sizeof(t->name))
			return damaged(r, "the list of tensors");
		memcpy(t->name, name, n);
	}
	return 0;
}

/* NULL and r->bad when it is not there, not of this kind and size, or out of the file. */
static const void *tensor(struct reader *r, const char *name, int type, uint64_t n)
{
	uint64_t bytes = type == TYPE_Q4 ? n / E5_BLOCK * E5_Q4 : n * 4;
	for (uint32_t i = 0; i < r->n_t; i++) {
		const struct tensor *t = &r->t[i];
		if (strcmp(t->name, name) != 0)
			continue;
		if (t->type != type || t->n != n || t->at > r->n || bytes > r->n - t->at ||
		    (type == TYPE_F32 && t->at % 4))
			break;
		return r->p + t->at;
	}
	if (!r->bad)
		(void)damaged(r, name);
	r->bad = true;
	return NULL;
}

static const float *floats(struct reader *r, const char *name, int n)
{
	const float *f = tensor(r, name, TYPE_F32, (uint64_t)n);
	for (int i = 0; f && i < n; i++)
		if (!(fabsf(f[i]) < 1e6f)) {
			(void)damaged(r, name);
			r->bad = true;
			return NULL;
		}
	return f;
}

/* A half with all exponent bits set is infinite or no number. */
static const uint8_t *blocks(struct reader *r, const char *name, int rows, int cols)
{
	uint64_t n = (uint64_t)rows * (uint64_t)cols;
	const uint8_t *q = tensor(r, name, TYPE_Q4, n);
	for (uint64_t i = 0; q && i < n / E5_BLOCK; i++)
		if ((q[i * E5_Q4 + 1] & 0x7c) == 0x7c) {
			(void)damaged(r, name);
			r->bad = true;
			return NULL;
		}
	return q;
}

/* ---- layers ---- */

static void matrix(struct reader *r, int layer, const char *what, int rows, int cols,
		   struct e5_mat *m, unsigned char **room)
{
	char name[32];
	m->rows = rows;
	m->cols = cols;
	m->q = *room;
	*room += (size_t)rows * (size_t)cols / 2;
	m->d = (float *)(void *)*room;
	*room += (size_t)rows * (size_t)cols / E5_BLOCK * sizeof(float);
	snprintf(name, sizeof(name), "l%d.%s.b", layer, what);
	m->bias = floats(r, name, rows);
	snprintf(name, sizeof(name), "l%d.%s.w", layer, what);
	const uint8_t *q4 = r->bad ? NULL : blocks(r, name, rows, cols);
	if (q4)
		e5_pack(q4, m);
}

static const float *layer_floats(struct reader *r, int layer, const char *what, int n)
{
	char name[32];
	snprintf(name, sizeof(name), "l%d.%s", layer, what);
	return r->bad ? NULL : floats(r, name, n);
}

static void layer(struct reader *r, struct e5 *m, int i, unsigned char **room)
{
	struct e5_layer *l = &m->layer[i];
	int w = m->width, in = m->inner;
	matrix(r, i, "q", w, w, &l->q, room);
	matrix(r, i, "k", w, w, &l->k, room);
	matrix(r, i, "v", w, w, &l->v, room);
	matrix(r, i, "ao", w, w, &l->o, room);
	matrix(r, i, "fi", in, w, &l->up, room);
	matrix(r, i, "fo", w, in, &l->down, room);
	l->ln_w = layer_floats(r, i, "aln.w", w);
	l->ln_b = layer_floats(r, i, "aln.b", w);
	l->out_w = layer_floats(r, i, "oln.w", w);
	l->out_b = layer_floats(r, i, "oln.b", w);
}

static int weights(struct reader *r, struct e5 *m)
{
	size_t w = (size_t)m->width, one = 4 * w * w + 2 * w * (size_t)m->inner;
	one = one / 2 + one / E5_BLOCK * sizeof(float);
	m->packed = xalloc(one * (size_t)m->layers + ROOM);
	unsigned char *room = m->packed;
	room += ROOM - (uintptr_t)room % ROOM;
	m->word = blocks(r, "emb.word", m->words, m->width);
	m->pos = r->bad ? NULL : floats(r, "emb.pos", m->positions * m->width);
	m->kind = r->bad ? NULL : tensor(r, "emb.type", TYPE_F32, 2 * w);
	m->ln_w = r->bad ? NULL : floats(r, "emb.ln.w", m->width);
	m->ln_b = r->bad ? NULL : floats(r, "emb.ln.b", m->width);
	for (int i = 0; i < m->layers && !r->bad; i++)
		layer(r, m, i, &room);
	return r->bad ? ERR_CORRUPT : 0;
}

/* ---- door ---- */

static int map_file(struct e5 *m, const char *path, struct err *e)
{
	struct stat st;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return err_set(e, ERR_NOTFOUND, "%.300s cannot be opened", path);
	void *p = MAP_FAILED;
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size > 0)
		p = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	(void)close(fd);
	if (p == MAP_FAILED)
		return err_set(e, ERR_IO, "%.300s cannot be read", path);
	m->p = p;
	m->n = (size_t)st.st_size;
	return 0;
}

int e5_open(struct e5 **ret, const char *path, struct err *e)
{
	struct e5 *m = xalloc(sizeof(*m));
	int rc = map_file(m, path, e);
	struct reader r = { .p = m->p, .n = m->n, .path = path, .e = e };
	if (!rc)
		rc = head(&r, m);
	if (!rc)
		rc = vocabulary(&r, m);
	if (!rc)
		rc = directory(&r);
	if (!rc)
		rc = weights(&r, m);
	xfree(r.t);
	if (rc) {
		e5_close(m);
		return rc;
	}
	m->kern = e5_kern_best();
	*ret = m;
	return 0;
}

void e5_close(struct e5 *m)
{
	if (!m)
		return;
	e5_vocab_done(&m->vocab);
	xfree(m->packed);
	if (m->p)
		(void)munmap((void *)(uintptr_t)m->p, m->n);
	xfree(m);
}
