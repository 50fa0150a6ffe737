/* t_model_gemma.h: a tiny EmbeddingGemma of random weights in its owner's file formats, and its
 * vectors by a plain forward pass.
 *
 *	gem_make(&m, 7, GEM_LAYERS);
 *	gem_zip(&m, path);                     a test may change m.file first
 *	n = gem_ids(SV("ab cd"), ids);
 *	gem_vector(&m, ids, n, v);
 *	gem_done(&m);
 */
#ifndef CALLM_T_MODEL_GEMMA_H
#define CALLM_T_MODEL_GEMMA_H

#include "base.h"

enum {
	GEM_WIDTH = 64,
	GEM_HEADS = 2,
	GEM_HEAD = 32,
	GEM_LAYERS = 6, /* the sixth looks everywhere, the others WINDOW / 2 to each side */
	GEM_INNER = 96,
	GEM_DENSE = 128,
	GEM_WINDOW = 16,
	GEM_BASE = 40, /* of the last layer's positions; 1,000,000 would not be told from 10,000 */
	GEM_TOKENS = 160,
	GEM_BYTES = 4,	/* the piece of byte 0; <pad>, <eos>, <bos>, <unk> before */
	GEM_SPACE = GEM_BYTES + 256,
	GEM_TWO_SPACES, /* the user's own */
	GEM_A,
	GEM_B,
	GEM_AB,
	GEM_VOCAB,
};
#define GEM_QUERY "task: search result | query: "
#define GEM_PASSAGE "title: none | text: "

enum gem_name {
	GEM_CONFIG,
	GEM_POOLING_CONFIG,
	GEM_DENSE_CONFIG,
	GEM_PROMPTS,
	GEM_TOKENIZER,
	GEM_WEIGHTS,
	GEM_DENSE_2,
	GEM_DENSE_3,
	GEM_FILES,
};
struct gem_tensor {
	char name[64];
	enum gem_name file;
	int rows, cols; /* rows 0: a vector */
	float *x;
};
struct gem {
	VEC(struct gem_tensor) t;
	int layers;
	struct sb file[GEM_FILES]; /* empty: not in the archive */
	const char *folder;	   /* they lie in; "" or "x/" */
	bool deflate;		   /* the archive is compressed */
};
void gem_make(struct gem *m, uint64_t seed, int layers);
void gem_done(struct gem *m);
/* Writes the files of weights again, from m->t; form "F32", "F16", "BF16" of the transformer's. */
void gem_pack(struct gem *m, const char *form);
/* The archive's bytes; to a file. */
void gem_bytes(const struct gem *m, struct sb *out);
bool gem_zip(const struct gem *m, const char *path);
/* A file that nobody needs after the test: quicker than file_write. */
bool gem_write(const char *path, sv bytes);
struct gem_tensor *gem_find(struct gem *m, const char *name);

/* The pieces of a text with marks of begin and end, at most GEM_TOKENS; their number. */
int gem_ids(sv text, int ids[GEM_TOKENS]);
/* GEM_WIDTH numbers of length 1. */
void gem_vector(struct gem *m, const int *ids, int n, float *v);

#endif
