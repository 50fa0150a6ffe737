/* gemma_parts.h: the files that gemma_convert.c reads; private to model. */
#ifndef CALLM_MODEL_GEMMA_PARTS_H
#define CALLM_MODEL_GEMMA_PARTS_H

#include "base.h"

/* ---- gemma_parts.c ---- */
struct gemma_vocab {
	sv *piece; /* user's own ones with spaces, as llama.cpp wants them */
	float *score;
	int32_t *type; /* sentencepiece's numbers, which are llama.cpp's: 1 normal ... 6 byte */
	size_t n;
	struct arena mem;
};
/* tokenizer.model of sentencepiece: a protocol buffer whose field 1 repeats (1: piece, 2: score,
 * 3: type). ERR_CORRUPT. */
int gemma_vocab_read(struct gemma_vocab *v, sv model, struct err *e);
void gemma_vocab_done(struct gemma_vocab *v);

struct st_tensor {
	char name[128];
	enum { ST_F32, ST_F16, ST_BF16 } type;
	uint64_t dims[2];
	int n_dims;
	uint64_t from, to; /* bytes after the head */
};
struct st_head {
	VEC(struct st_tensor) v; /* as they follow each other in the file */
};
/* The head of a safetensors file: {"name":{"dtype","shape","data_offsets"}}. ERR_CORRUPT,
 * ERR_UNSUPPORTED (types, more than two dimensions). */
int st_head_read(struct st_head *h, sv json, struct err *e);
/* n numbers as floats. */
void st_floats(const struct st_tensor *t, const unsigned char *bytes, size_t n, float *out);
size_t st_bytes(const struct st_tensor *t); /* of one number */

#endif
