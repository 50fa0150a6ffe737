/* e5.h: multilingual-e5-small (Wang et al. 2024, arXiv 2402.05672): text to a unit vector of 384
 * numbers; private to the program callm-embed and its tests.
 *
 *	struct e5 *m;
 *	if (e5_open(&m, "e5-small-q4.bin", &e) == 0) {
 *		struct e5_work *w = e5_work_new(m);        one a thread
 *		e5_embed(m, w, SV("query: "), SV("where is my order"), v);
 *		e5_work_free(w);
 *		e5_close(m);
 *	}
 *
 * The file is mapped and never written; the model is immutable once open, so any number of
 * threads share it.
 *
 * File, little-endian: "E5S1", u32 version 1, i32 width, layers, heads, inner width, rows of the
 * word table, positions, kinds, f32 epsilon, i32 32; then the vocabulary: i32 pieces, <s>, </s>,
 * <pad>, <unk>, u64 bytes of all pieces, u32 offsets[pieces + 1], f32 scores[pieces], the bytes;
 * then the character map: i32 entries, u32 bytes, entries of u32 character, u8 n, u32 to[n],
 * ascending; then i32 tensors of u16 name length, name, u8 type (0 f32, 1 q4), u32 numbers,
 * u64 place, u64 bytes. A q4 block is 32 numbers: f16 scale, 16 bytes (low halves: numbers 0 to
 * 15, high ones: 16 to 31), value = (half - 8) * scale.
 */
#ifndef CALLM_MODEL_E5_H
#define CALLM_MODEL_E5_H

#include "base.h"

enum {
	E5_BLOCK = 32,   /* numbers with one scale */
	E5_Q4 = 18,      /* bytes of one block in the file */
	E5_ROWS = 16,    /* rows of a packed panel */
	E5_TOKENS = 512, /* of a text; what follows is not read */
	E5_TEXT = 16384, /* bytes of a text that are looked at */
	E5_LAYERS = 48,
};

/* A matrix repacked for the kernels: panels of 16 rows; within a panel blocks of 32 columns of
 * 256 bytes: byte v * 64 + r * 4 + k, v = 0..3, holds column 4 v + k of row r (low half) and
 * column 16 + 4 v + k (high half). One scale a row and block. */
struct e5_mat {
	int rows, cols;
	uint8_t *q;        /* rows * cols / 2, aligned to 64 */
	float *d;          /* [panel][block][16], aligned to 64 */
	const float *bias; /* [rows], in the file */
};
/* Rows of numbers quantised to int8, a block of 32 with one scale each. */
struct e5_act {
	int8_t *q;     /* [t][cols] */
	float *d;      /* [t][cols / 32] */
	int32_t *less; /* [t][cols / 32]: -8 * sum of the block, for weights held as 0..15 */
};

/* ---- e5_math.c: one table of kernels per instruction set ---- */
struct e5_kern {
	const char *name;
	/* y[t][0..rows) = x[t] * m^T + bias for n rows of x; y has ld floats a row. */
	void (*mul)(const struct e5_mat *m, const struct e5_act *x, int n, float *y, int ld);
	void (*quantise)(const float *x, int n, int cols, struct e5_act *out);
	/* x = layer norm of (x + add), row by row; add may be NULL. */
	void (*norm)(float *x, const float *add, const float *w, const float *b, int n, int cols,
		     float eps);
	void (*gelu)(float *x, size_t n);
	/* One head: out[t][0..hd) = softmax(q k^T / sqrt(hd)) v over n rows of ld floats.
	 * scratch: (hd + 1) * (n rounded up to 32) floats. hd is a multiple of 8. */
	void (*attend)(const float *q, const float *k, const float *v, int n, int hd, int ld,
		       float *out, int out_ld, float *scratch);
};
extern const struct e5_kern e5_plain; /* portable; the twin that tests compare with */
const struct e5_kern *e5_kern_avx2(void); /* NULL where the machine cannot */
const struct e5_kern *e5_kern_vnni(void);
const struct e5_kern *e5_kern_best(void);
/* Repacks rows of q4 blocks. m->q and m->d are there; rows % 16 == 0, cols % 32 == 0. */
void e5_pack(const uint8_t *q4, struct e5_mat *m);
void e5_unpack_row(const uint8_t *q4, int n, float *out); /* n % 32 == 0 */

/* ---- e5_file.c ---- */
struct e5_layer {
	struct e5_mat q, k, v, o, up, down;
	const float *ln_w, *ln_b, *out_w, *out_b;
};
struct e5_vocab {
	uint32_t n, bos, eos, unk;
	uint32_t longest;         /* bytes of the longest piece */
	const uint32_t *off;      /* in the file */
	const float *score;
	const char *bytes;
	float unk_score;
	uint32_t *slot, mask;     /* open addressing: piece + 1 */
	const unsigned char *map; /* entries of the character map, in the file */
	uint32_t n_map, *map_cp, *map_at;
};
struct e5 {
	const unsigned char *p;   /* the mapped file */
	size_t n;
	int width, layers, heads, inner, words, positions;
	float eps;
	struct e5_vocab vocab;
	const uint8_t *word;      /* q4 */
	const float *pos, *kind, *ln_w, *ln_b;
	struct e5_layer layer[E5_LAYERS];
	void *packed;
	const struct e5_kern *kern;
};
/* ERR_NOTFOUND, ERR_CORRUPT (e says what is wrong), ERR_IO. */
int e5_open(struct e5 **ret, const char *path, struct err *e);
void e5_close(struct e5 *m); /* accepts NULL */

/* ---- e5_token.c ---- */
int e5_vocab_init(struct e5_vocab *v, struct err *e); /* the file's fields are set */
void e5_vocab_done(struct e5_vocab *v);
/* The unigram pieces of prefix + text with <s> and </s> around; at most max (>= 2) ids. Returns
 * how many. */
size_t e5_tokens(const struct e5_vocab *v, sv prefix, sv text, uint32_t *ids, size_t max);

/* ---- e5_net.c ---- */
struct e5_work;
struct e5_work *e5_work_new(const struct e5 *m);
void e5_work_free(struct e5_work *w);
/* out: m->width numbers of length 1. */
void e5_embed(const struct e5 *m, struct e5_work *w, sv prefix, sv text, float *out);
void e5_embed_ids(const struct e5 *m, struct e5_work *w, const uint32_t *ids, size_t n,
		  float *out);

#endif
