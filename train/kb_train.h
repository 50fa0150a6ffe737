/* kb_train.h: what the files of the knowledge base's trainer share. */
#ifndef CALLM_KB_TRAIN_H
#define CALLM_KB_TRAIN_H

#include "kb_int.h"

#define FOLDS 5
#define EMBED_FAR (-1)           /* class of a text that no article answers */

struct embed_text {
	sv text;
	int class;               /* texts of one class mean the same; or EMBED_FAR */
	int fold;                /* -1: none */
	bool skip;
	double weight;           /* share of the epochs it takes part in */
	uint32_t *h;             /* its features */
	size_t n;
};
struct embed_set {
	struct embed_text *v;
	size_t n, cap;
	int classes;
};
/* Learns a table of KE_ROWS x KE_DIM from all texts but those to skip. */
void embed_train(const struct embed_set *s, int8_t *rows);
/* "text<TAB>intent" lines: each intent a class of its own. */
void embed_add_intents(struct embed_set *s, sv tsv, double weight);
int words_common(struct arena *mem);
int words_classes(struct arena *mem);

#endif
