/* t_model_tiny.h: a tiny embedding model in the real one's file format, made from a seed. */
#ifndef CALLM_T_MODEL_TINY_H
#define CALLM_T_MODEL_TINY_H

#include "base.h"

enum { TINY_WIDTH = 64, TINY_HEADS = 2, TINY_INNER = 96, TINY_LAYERS = 2, TINY_POS = 40,
       TINY_PIECES = 24 };

/* Pieces 0..3 are <s> <pad> </s> <unk>, the last is <mask>; the others stand in the .c. */
extern const char *const tiny_pieces[TINY_PIECES];
void tiny_make(struct sb *out, uint64_t seed); /* the file's bytes */
void tiny_write(const char *path, uint64_t seed);

#endif
