/* kb_train.h: what the files of the knowledge base's trainer share. */
#ifndef CALLM_KB_TRAIN_H
#define CALLM_KB_TRAIN_H

#include <stdio.h>
#include "kb_int.h"

#define FOLDS 5
#define QUESTIONS_MAX 60000

/* ---- learned vectors: kb_embed.c ---- */
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
	int classes, articles;   /* the first of the classes are articles */
};
/* Learns a table of KE_TABLE bytes from all texts but those to skip. */
void embed_train(const struct embed_set *s, int8_t *rows);
/* "text<TAB>intent" lines: each intent a class of its own. */
void embed_add_intents(struct embed_set *s, sv tsv, double weight);

/* ---- questions: kb_data.c ---- */
struct sample {
	sv text, want;           /* want empty: no article answers */
	struct kb_found *f;
	int gold;                /* candidate, -1 = none */
	struct kb_found *f_dense; /* the same with the question's vector, or NULL */
	int gold_dense;
	bool dev;                /* a development question, else an alias asked as one */
	bool sheet;              /* from demo/tests/dev* */
	bool foreign;            /* asked of articles that the vectors do not know */
	int fold;
	uint32_t art, name;      /* that alias: name of an article, else 0 */
};
struct set {
	struct sample *v;
	size_t n, cap;
};
extern struct arena train_mem;
int open_index(const char *root, struct store **st, struct kb_index **ix, struct err *e);
/* Before open_index: vectors of this model for all that follows (vectors.h). */
void use_vectors(const char *model, const char *file);
const struct kb_model *vectors_model(void);      /* NULL without */
/* The vectors of many questions at once: of the sheets "dev" or "test", or (NULL) of all that are
 * learned from. */
void make_questions(struct kb_index *ix, const char *root, const char *sheet);
/* The vector of a question, NULL without use_vectors; *dim. */
const float *question_vector(sv text, int *dim);
/* fmt: "dev", "oos", "test", else the unanswerable of the test. */
sv read_lang(const char *root, const char *fmt, const char *lang);
/* All questions and names to ask, with their folds, not looked up. */
struct set plan_questions(struct kb_space *sp, const char *root);
/* The samples as the dense ranker sees them; empty without vectors. */
struct set dense_set(const struct set *s);
/* All questions with candidates and features, none of them known to what looked it up; leaves the
 * space with the final table of vectors, keep: and writes it. data: folder of public intents. */
struct set load_set(struct kb_index *ix, const char *root, const char *lang, const char *data,
		    bool keep);

/* ---- learning: kb_learn.c ---- */
struct gate_row {
	double g[KG_MAX], x[KG_MAX + 1]; /* features; scaled, with a 1 at the end */
	double y, weight, p;
	bool oos, dev, sheet, removed;
	bool own;                /* the vectors know the articles */
	int fold;
};
enum { RANK_N = KF_N + KD_N };   /* the last KD_N count for a dense set only */
void train_rank(const struct set *s, int skip_fold, double w[RANK_N]);
void score_all(struct sample *x, const double w[RANK_N]);
/* Two rows of a question with a known article: as it is, and with the article taken out. */
size_t gate_rows(struct sample *x, struct gate_row *r);
/* w->n is set: KG_N or KG_MAX. */
void train_gate(struct gate_row *r, size_t n, int skip_fold, struct kb_gate *w);

/* ---- both, and the weights as C: kb_fit.c ---- */
/* Writes "weights_<kind><lang>"; dense: samples hold features of vectors. */
void fit_lang(FILE *out, const char *kind, const char *lang, struct set *s, bool dense);

/* ---- other languages: kb_cross.c ---- */
struct cross {                   /* zero at first */
	struct cross_row *v;
	size_t n, cap;
};
/* Asks a question of home's language (its vector: v) of the articles of sp. */
void cross_ask(const struct kb_space *home, const struct kb_space *sp, const struct sample *q,
	       const float *v, struct cross *r);
/* Learns from all that was asked; writes "weights_<kind>". strict: of all that have not the right
 * article in front only a share is answered, not of those alone that nothing answers. */
void cross_fit(const struct cross *r, const char *kind, bool strict, FILE *out);

int words_common(struct arena *mem);
int words_classes(struct arena *mem);

#endif
