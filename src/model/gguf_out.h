/* gguf_out.h: writes a GGUF file (version 3: magic, counts, metadata, list of tensors, data aligned
 * to 32 bytes; ggml's docs/gguf.md); private to model.
 *
 *	struct gguf_out *g = gguf_out_new();
 *	gguf_out_str(g, "general.architecture", SV("gemma-embedding"));
 *	int t = gguf_out_tensor(g, "token_embd.weight", GGUF_Q8_0, (uint64_t[]){ 768, 1000 }, 2);
 *	rc = gguf_out_begin(g, path, e);             everything is declared
 *	for each row: gguf_out_row(g, t, floats);    tensors in any order, rows of one in theirs
 *	rc = gguf_out_end(g, e);
 *	gguf_out_free(g);
 */
#ifndef CALLM_MODEL_GGUF_OUT_H
#define CALLM_MODEL_GGUF_OUT_H

#include "base.h"

enum gguf_form { GGUF_F32 = 0, GGUF_Q8_0 = 8 }; /* ggml's numbers */

struct gguf_out;
struct gguf_out *gguf_out_new(void);
/* accepts NULL; a file that has no end stays as it is. */
void gguf_out_free(struct gguf_out *g);

/* Metadata. Strings are bytes. */
void gguf_out_str(struct gguf_out *g, const char *key, sv v);
void gguf_out_u32(struct gguf_out *g, const char *key, uint32_t v);
void gguf_out_f32(struct gguf_out *g, const char *key, float v);
void gguf_out_bool(struct gguf_out *g, const char *key, bool v);
void gguf_out_strs(struct gguf_out *g, const char *key, const sv *v, size_t n);
void gguf_out_f32s(struct gguf_out *g, const char *key, const float *v, size_t n);
void gguf_out_i32s(struct gguf_out *g, const char *key, const int32_t *v, size_t n);

/* Declares a tensor of n (1 or 2) dimensions, the fastest first; its number, or ERR_FULL.
 * GGUF_Q8_0 needs rows of a multiple of 32. */
int gguf_out_tensor(struct gguf_out *g, const char *name, enum gguf_form form,
		    const uint64_t *dims, int n);

/* Creates the file and writes its head. ERR_IO, ERR_FULL, ERR_TOOBIG. */
int gguf_out_begin(struct gguf_out *g, const char *path, struct err *e);
/* The next row of a tensor: as many floats as its first dimension. ERR_RANGE: it has all. */
int gguf_out_row(struct gguf_out *g, int tensor, const float *row, struct err *e);
/* On disk, closed. ERR_CORRUPT: a tensor lacks rows. */
int gguf_out_end(struct gguf_out *g, struct err *e);

/* 32 finite numbers as a 16-bit scale and 32 signed bytes: 34 bytes. Less than 127 * 2^-25 becomes
 * zero, more than 127 * 65504 that. */
void gguf_q8_0(const float *x, unsigned char out[34]);

#endif
