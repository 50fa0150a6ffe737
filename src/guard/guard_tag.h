/* guard_tag.h: the tagger of names, addresses, places and organisations; private to guard and to
 * its trainer (train/pii/pii_train.c).
 *
 * A text is cut into tokens (a word, a row of digits, a Han sign, any other sign); each token has
 * some forty features, hashed into rows of eight small weights, one a tag; the best row of tags
 * is found by Viterbi. The model is read-only data, any number of threads.
 */
#ifndef CALLM_GUARD_TAG_H
#define CALLM_GUARD_TAG_H

#include "guard_int.h"

enum guard_tag { TAG_NONE, TAG_NAME, TAG_NAME_IN, TAG_ADDR, TAG_ADDR_IN, TAG_PLACE, TAG_ORG,
		 TAG_PAD, TAG_COUNT }; /* TAG_PAD is never used: it makes eight */
#define TAG_USED 7
#define TAG_BITS 17
#define TAG_ROWS (1u << TAG_BITS)
#define TAG_KNOWN_BITS 20       /* of the set of common words */
#define TAG_FEATURES 56

/* The file: this header, then weights, then the set. Little-endian, as is. */
struct guard_tag_file {
	char magic[8];          /* "CALLMTG1" */
	uint32_t rows, known_bits;
	int8_t step[TAG_COUNT][TAG_COUNT]; /* from, to */
	int16_t lean[TAG_COUNT]; /* added to a tag; a third of it to one of a Han sign */
};
struct guard_tagger {
	const int8_t (*w)[TAG_COUNT];
	const int8_t (*step)[TAG_COUNT];
	const int16_t *lean;
	const uint8_t *known;
};
/* Views into bytes, which must live as long. ERR_CORRUPT when it is not such a file. */
int guard_tagger_open(struct guard_tagger *m, const void *bytes, size_t n);
/* The one that is compiled in. */
int guard_tagger_own(struct guard_tagger *m);

struct guard_tok {
	uint32_t s, e;          /* code points */
	uint32_t id;            /* hash of the folded letters */
	uint8_t shape, flags;
};
struct guard_toks {
	const struct guard_text *t;
	const uint8_t *known;
	struct guard_tok *v;
	size_t n;
	uint8_t mode;           /* how the text uses capitals */
};
/* Cuts t into tokens. ERR_TOOBIG when a is full. */
int guard_tokenize(const struct guard_text *t, const uint8_t *known, struct arena *a,
		   struct guard_toks *ret);
/* What got no tag is mostly in another language than Chinese and English: the tags mean nothing. */
bool guard_tag_foreign(const struct guard_toks *k, const uint8_t *tag);
/* Rows of token i; how many. */
size_t guard_tag_features(const struct guard_toks *k, size_t i, uint32_t out[TAG_FEATURES]);
/* May tag b follow tag a (TAG_COUNT = the beginning)? */
bool guard_tag_follows(int a, int b);
/* Is the word (hash of its folded letters) in the set? */
uint32_t guard_tag_word(const uint32_t *fold, size_t n);
bool guard_tag_known(const uint8_t *set, uint32_t id);
void guard_tag_learn(uint8_t *set, uint32_t id);

/* Finds names and addresses and reports them. */
void guard_find_tagged(const struct guard_text *t, const struct guard_tagger *m, struct arena *a,
		       struct guard_hits *h);

#endif
