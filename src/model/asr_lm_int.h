/* asr_lm_int.h: inside the recogniser's language model; private to model. */
#ifndef CALLM_ASR_LM_INT_H
#define CALLM_ASR_LM_INT_H

#include "base.h"

enum {
	LM_WORDS_MAX = 60000,
	LM_GRAMS_MAX = 2000000,
	LM_SENTENCE_MAX = 60,
	LM_BEGIN = 1,
	LM_END = 2,              /* ids of <s> and </s>; 0 is no word */
	LM_GENERAL_WORDS = 3000, /* commonest words of the general model that are added
				    to the dictionary */
};
#define LM_HMM_DIR "/usr/share/pocketsphinx/model/en-us/en-us"
#define LM_BASE_DICT "/usr/share/pocketsphinx/model/en-us/cmudict-en-us.dict"
#define LM_GENERAL "/usr/share/pocketsphinx/model/en-us/en-us.lm.bin"

struct lm_gram {
	uint64_t key;
	uint32_t count;
};
struct lm_grams {
	struct lm_gram *v;
	size_t n, cap;
};
struct asr_lm {
	struct map *ids;          /* word -> id */
	VEC(char *) words;        /* id - 1 -> word */
	struct lm_grams grams[3]; /* by length - 1 */
};

static inline uint64_t lm_key(uint32_t a, uint32_t b, uint32_t c)
{
	return (uint64_t)a << 42 | (uint64_t)b << 21 | c;
}

struct lm_gram *lm_find(const struct lm_grams *g, uint64_t key);
uint32_t lm_word(struct asr_lm *lm, sv w); /* id, 0 when full */

/* ---- asr_lm_dict.c ---- */
/* Writes the pronunciations of the model's words (base dictionary, else letter-to-sound
 * rules) and of the commonest general words. Words that cannot be pronounced are
 * reported by a false in ok[id - 1]. */
int lm_write_dict(const struct asr_lm *lm, const char *path, bool *ok, struct err *e);

#endif
