/* ins_topic_int.h: words of texts, and groups of vectors, between the files of the topics. */
#ifndef CALLM_INS_TOPIC_INT_H
#define CALLM_INS_TOPIC_INT_H

#include "ins_topic.h"

/* The words of a text by their numbers: Latin words folded, CJK in pairs of letters. */
struct ins_bag {
	uint32_t *v;
	size_t n;
};
struct ins_lex {
	struct arena a;
	struct map *at;              /* word -> number + 1 */
	VEC(sv) word;
	struct ins_bag *bag;         /* of each text */
	uint32_t *df;                /* texts with the word */
	size_t n;                    /* texts */
};
int ins_lex_new(struct ins_lex *x, const struct ins_said *v, size_t n);
void ins_lex_done(struct ins_lex *x);
/* Weighted words (tf-idf) in dim numbers, by signs drawn from seed: cosines stay about what they
 * are (Achlioptas 2003). out: n rows of unit length. */
void ins_lex_vectors(const struct ins_lex *x, int dim, uint64_t seed, float *out);
/* The weighted words themselves: n rows of as many numbers as there are words. */
void ins_lex_weights(const struct ins_lex *x, float *out);
/* Words that tell group g from the others (c-TF-IDF: Grootendorst 2022); into t. */
void ins_lex_names(struct ins_lex *x, const struct ins_said *v, const size_t *group, size_t g,
		   size_t groups, const double *total, struct ins_topic *t);
/* Per word: how often in all texts; the caller's. */
double *ins_lex_totals(const struct ins_lex *x);

/* Rows of unit length into k groups by cosine (spherical k-means, begun by k-means++). Returns
 * the sum of cosines. mid: k rows. */
double ins_groups(const float *x, size_t n, int dim, size_t k, struct rng *r, size_t *group,
		  float *mid);

#endif
