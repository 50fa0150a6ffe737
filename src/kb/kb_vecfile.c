/* kb_vecfile.c: vectors of texts, kept in a file so that a restart computes none of them again.
 *
 * The file is a head (magic, dimension, name of the model) and records that are only appended:
 * two hashes of the text, a scale, the vector as signed bytes, a check sum. It is derived data:
 * of another model, or damaged, it is simply filled anew; what is whole before the first damaged
 * record is kept. In memory: all records in one block and an open table of their places. One
 * thread at a time. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include "kb_int.h"

#define MAGIC "CKV1"
#define NAME_MAX_BYTES 400
#define TABLE_MIN 1024

struct record {                  /* followed by kd_stride(dim) bytes in memory, dim in the file */
	uint64_t a, b;
	float scale;
	uint32_t check;
};
struct kb_dense {
	int fd;                  /* -1: in memory only */
	char name[NAME_MAX_BYTES + 1];
	int dim;                 /* 0 until the first vector */
	size_t n, cap, mask;
	uint64_t (*key)[2];
	float *scale;
	int8_t *rows;
	uint32_t *slot;          /* record + 1 */
};

/* ---- table ---- */

static void keys_of(sv text, uint64_t k[2])
{
	k[0] = sv_hash(text);
	k[1] = 0x9e3779b97f4a7c15u ^ text.n;
	for (size_t i = 0; i < text.n; i++)
		k[1] = (k[1] ^ (unsigned char)text.p[i]) * 0xff51afd7ed558ccdu;
}

static uint32_t *slot_of(const struct kb_dense *d, const uint64_t k[2])
{
	size_t h = (size_t)k[0] & d->mask;

	while (d->slot[h] && (d->key[d->slot[h] - 1][0] != k[0] ||
			      d->key[d->slot[h] - 1][1] != k[1]))
		h = (h + 1) & d->mask;
	return &d->slot[h];
}

static void grow(struct kb_dense *d)
{
	size_t cap = d->cap ? d->cap * 2 : TABLE_MIN;

	d->key = xrealloc(d->key, cap * sizeof(*d->key));
	d->scale = xrealloc(d->scale, cap * sizeof(*d->scale));
	d->rows = xrealloc(d->rows, cap * (size_t)kd_stride(d->dim));
	d->cap = cap;
	xfree(d->slot);
	d->slot = xalloc(2 * cap * sizeof(*d->slot));
	d->mask = 2 * cap - 1;
	for (size_t i = 0; i < d->n; i++)
		*slot_of(d, d->key[i]) = (uint32_t)i + 1;
}

/* A text known already gets the newer vector. */
static int8_t *add(struct kb_dense *d, const uint64_t k[2], float scale)
{
	size_t stride = (size_t)kd_stride(d->dim);
	uint32_t *s;

	if (d->n == d->cap)
		grow(d);
	s = slot_of(d, k);
	if (!*s) {
		memcpy(d->key[d->n], k, sizeof(*d->key));
		*s = (uint32_t)++d->n;
	}
	d->scale[*s - 1] = scale;
	return d->rows + (*s - 1) * stride;
}

const int8_t *kb_dense_find(const struct kb_dense *d, sv text, float *scale)
{
	uint64_t k[2];
	uint32_t s;

	if (!d->n)
		return NULL;
	keys_of(text, k);
	s = *slot_of(d, k);
	if (!s)
		return NULL;
	*scale = d->scale[s - 1];
	return d->rows + (size_t)(s - 1) * (size_t)kd_stride(d->dim);
}

bool kb_dense_has(const struct kb_dense *d, sv text)
{
	float scale;

	return kb_dense_find(d, text, &scale) != NULL;
}

size_t kb_dense_count(const struct kb_dense *d)
{
	return d->n;
}

int kb_dense_dim(const struct kb_dense *d)
{
	return d->dim;
}

sv kb_dense_name(const struct kb_dense *d)
{
	return sv_of(d->name);
}

/* ---- file ---- */

static uint32_t check_of(const struct record *r, const int8_t *q, int dim)
{
	return (uint32_t)sv_hash(sv_n((const char *)r, offsetof(struct record, check))) ^
	       (uint32_t)(sv_hash(sv_n((const char *)q, (size_t)dim)) >> 7);
}

static bool write_all(int fd, const void *p, size_t n)
{
	ssize_t w;

	do
		w = write(fd, p, n);
	while (w < 0 && errno == EINTR);
	return w == (ssize_t)n;
}

static int begin_anew(struct kb_dense *d)
{
	struct sb b;
	bool ok;

	if (d->fd < 0)
		return 0;
	sb_init(&b, 1024);
	sb_fmt(&b, MAGIC " %d %s\n", d->dim, d->name);
	ok = ftruncate(d->fd, 0) == 0 && write_all(d->fd, sb_str(&b), b.n);
	sb_done(&b);
	return ok ? 0 : ERR_IO;
}

/* The dimension in the head, 0 when it is of another model. Leaves f after the head. */
static int read_head(const struct kb_dense *d, FILE *f)
{
	char line[NAME_MAX_BYTES + 64], *end;
	long dim;

	if (!fgets(line, sizeof(line), f) || strncmp(line, MAGIC " ", 5) != 0)
		return 0;
	line[strcspn(line, "\n")] = 0;
	dim = strtol(line + 5, &end, 10);
	if (dim < 1 || dim > KD_DIM_MAX || *end != ' ' || strcmp(end + 1, d->name) != 0)
		return 0;
	return (int)dim;
}

/* Reads what is whole; returns the length of that. */
static long read_records(struct kb_dense *d, FILE *f)
{
	int8_t *q = xalloc((size_t)kd_stride(d->dim));
	struct record r;
	long whole = ftell(f);

	while (d->n < KD_ROWS_MAX && fread(&r, sizeof(r), 1, f) == 1 &&
	       fread(q, (size_t)d->dim, 1, f) == 1 && r.check == check_of(&r, q, d->dim)) {
		memcpy(add(d, (uint64_t[2]){ r.a, r.b }, r.scale), q, (size_t)kd_stride(d->dim));
		whole = ftell(f);
	}
	xfree(q);
	return whole;
}

static int load(struct kb_dense *d, const char *path, struct err *e)
{
	FILE *f;
	long whole = 0;

	d->fd = open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	f = d->fd < 0 ? NULL : fopen(path, "rbe");
	if (!f)
		return err_set(e, ERR_IO, "%.300s cannot be opened", path);
	d->dim = read_head(d, f);
	if (d->dim)
		whole = read_records(d, f);
	fclose(f);
	if (d->dim && ftruncate(d->fd, whole) != 0)
		return err_set(e, ERR_IO, "%.300s cannot be written", path);
	return 0;
}

int kb_dense_open(struct kb_dense **ret, const char *path, sv name, struct err *e)
{
	struct kb_dense *d = xalloc(sizeof(*d));
	int rc = 0;

	d->fd = -1;
	snprintf(d->name, sizeof(d->name), SV_FMT, SV_ARG(sv_slice(name, 0, NAME_MAX_BYTES)));
	for (char *c = d->name; *c; c++)
		*c = *c == '\n' ? ' ' : *c;
	if (path)
		rc = load(d, path, e);
	if (rc)
		kb_dense_close(d);
	else
		*ret = d;
	return rc;
}

void kb_dense_close(struct kb_dense *d)
{
	if (!d)
		return;
	if (d->fd >= 0)
		close(d->fd);
	xfree(d->key);
	xfree(d->scale);
	xfree(d->rows);
	xfree(d->slot);
	xfree(d);
}

static int append(struct kb_dense *d, const uint64_t k[2], float scale, const int8_t *q)
{
	struct record r = { k[0], k[1], scale, 0 };
	size_t n = sizeof(r) + (size_t)d->dim;
	char *b;
	bool ok;

	if (d->fd < 0)
		return 0;
	b = xalloc(n);
	r.check = check_of(&r, q, d->dim);
	memcpy(b, &r, sizeof(r));
	memcpy(b + sizeof(r), q, (size_t)d->dim);
	ok = write_all(d->fd, b, n); /* one write: whole or at the end of the file */
	xfree(b);
	return ok ? 0 : ERR_IO;
}

int kb_dense_put(struct kb_dense *d, sv text, const float *v, int dim)
{
	uint64_t k[2];
	int8_t *q;
	float scale;
	int rc = 0;

	if (dim < 1 || dim > KD_DIM_MAX || (d->dim && d->dim != dim))
		return ERR_INVAL;
	if (d->n >= KD_ROWS_MAX)
		return ERR_FULL;
	if (!d->dim) {
		d->dim = dim;
		rc = begin_anew(d);
		if (rc) {
			d->dim = 0;
			return rc;
		}
	}
	keys_of(text, k);
	q = xalloc((size_t)kd_stride(dim));
	kd_quantise(v, dim, q, &scale);
	rc = append(d, k, scale, q);
	if (!rc)
		memcpy(add(d, k, scale), q, (size_t)kd_stride(dim));
	xfree(q);
	return rc;
}

int kb_dense_flush(struct kb_dense *d)
{
	return d->fd < 0 || fdatasync(d->fd) == 0 ? 0 : ERR_IO;
}
