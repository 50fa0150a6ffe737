/* kb_build.h: what kb_index.c and kb_vectors.c share while an index is built (one thread). */
#ifndef CALLM_KB_BUILD_H
#define CALLM_KB_BUILD_H

#include "kb_int.h"

#define KB_VOCAB_MAX 4000000

struct kb_build_job {
	struct kb_index *ix;
	struct store_db *db;
	const struct kb_opts *o;
	struct err *e;
	struct { struct kb_qterm *v; size_t n, cap; } tmp;
	int64_t now_ms;
};

static inline int kb_full(const struct kb_build_job *b)
{
	return err_set(b->e, ERR_FULL, "the knowledge base is too large for one index");
}

/* Vectors of passages of all articles of a space, or the list of texts that lack one. 0,
 * ERR_FULL. */
int kb_dense_space(struct kb_build_job *b, struct kb_space *sp);
/* Vocabulary, vectors and weights of all articles of a space. 0, ERR_FULL. */
int kb_vectors(struct kb_build_job *b, struct kb_space *sp);

#endif
