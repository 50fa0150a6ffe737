/* ins_topic.h: what customers come for, found without labels: texts that mean alike in groups, each
 * with words for a name and quotes.
 *
 *	rc = ins_topics_new(&t, said, n, &(struct ins_topic_opts){ .dim = 384 });
 *	for (i...) ins_topics_of(t, i);                  the group of text i
 *	ins_topics_free(t);
 *
 * Vectors are the caller's (an embedding model's); without them weighted words make some. The same
 * texts give the same groups. Pure, any thread. docs/reports.md.
 */
#ifndef CALLM_INS_TOPIC_H
#define CALLM_INS_TOPIC_H

#include "base.h"

enum { INS_TOPICS = 300, INS_TOPIC_WORDS = 5, INS_TOPIC_QUOTES = 3, INS_TOPIC_TEXTS = 20000 };

struct ins_said {
	sv text;
	const float *vec;            /* dim numbers; NULL in all = by words */
};
struct ins_topic_opts {
	int dim;
	size_t k;                    /* groups wanted; 0 = as many as the texts show */
	uint64_t seed;
	bool plain;                  /* k-means on tf-idf alone, once: what there is to beat */
};
struct ins_topic {
	size_t n;                    /* texts */
	sv word[INS_TOPIC_WORDS];    /* the best first; of the texts or the arena of the set */
	size_t n_words;
	size_t quote[INS_TOPIC_QUOTES];      /* texts nearest to the middle */
	size_t n_quotes;
};
struct ins_topics;
/* The texts outlive the set. ERR_INVAL: fewer than 2 texts; ERR_TOOBIG. */
int ins_topics_new(struct ins_topics **ret, const struct ins_said *v, size_t n,
		   const struct ins_topic_opts *o);
void ins_topics_free(struct ins_topics *t);  /* accepts NULL */
size_t ins_topics_n(const struct ins_topics *t);
/* largest first. */
const struct ins_topic *ins_topics_at(const struct ins_topics *t, size_t k);
size_t ins_topics_of(const struct ins_topics *t, size_t text);

/* How well groups and labels agree: V-measure (Rosenberg and Hirschberg, EMNLP 2007), 0 to 1; the
 * harmonic mean of homogeneity and completeness. Numbers of groups and labels count from 0. */
struct ins_agree {
	double homogeneity, completeness, v;
};
struct ins_agree ins_v_measure(const size_t *group, const size_t *label, size_t n);

#endif
