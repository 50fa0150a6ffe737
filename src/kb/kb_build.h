/* kb_build.h: what kb_index.c and kb_vectors.c share while an index is built (one thread). */
#ifndef CALLM_KB_BUILD_H
#define CALLM_KB_BUILD_H

#include "kb_int.h"

#define KB_VOCAB_MAX 4000000
#define KB_CORE 2.0f              /* of a term's share in the names against its place anywhere */

struct kb_build_job {
	struct kb_index *ix;
	struct store_db *db;
	const struct kb_opts *o;
	struct err *e;
	struct { struct kb_qterm *v; size_t n, cap; } tmp;
	int64_t now_ms;
	struct arena *arena;     /* of an article's vectors: the index's, or one for each article */
	struct arena once;
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
/* The same in steps, for a space whose articles are packed one by one: vectors in b->arena, with
 * factors in place of weights; then, after the last one, what the words weigh. */
int kb_vectors_one(struct kb_build_job *b, struct kb_space *sp, struct kb_art *art);
int kb_vectors_end(struct kb_build_job *b, struct kb_space *sp);

struct kb_index *kb_index_new(void);
/* Adds the bit to the value of each group (a key of the map) of which the space has an article,
 * gone ones left out. */
void kb_space_groups(const struct kb_space *sp, struct map *groups, unsigned bit);
/* kb_index.c, for kb_update.c: columns of an article row, and a row as an article of sp. */
#define KB_COLS "id, lang, group_id, title, body_md, aliases, category, source, version, " \
		"valid_from_ms, valid_to_ms, checksum, updated_ms, canary, audience"
/* The same for rows of which only the stamp is wanted. */
#define KB_STAMP_COLS "id, lang, '', '', '', '', '', '', version, valid_from_ms, valid_to_ms, " \
		      "checksum, updated_ms, canary, audience"
uint64_t kb_row_stamp(struct store_stmt *q);     /* columns as in KB_COLS */
/* Beside a newer version. until_ms: until that begins; canary: for those who do not see it. */
struct kb_beside {
	int64_t from_ms, until_ms;
	int canary;
};
/* of: NULL for the newest version. */
int kb_row_add(struct kb_build_job *b, struct kb_space *sp, struct store_stmt *q,
	       const struct kb_beside *of);
/* A version that begins later than now, or is on trial: what is served beside it joins sp. */
int kb_row_former(struct kb_build_job *b, struct kb_space *sp, const struct kb_article *a);

#endif
