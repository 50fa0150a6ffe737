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
	bool scarce;             /* of articles of which a part has few names: kb_few.c */
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
 * space with the final table of vectors. data: folder of public intents. */
enum load {
	LOAD,
	LOAD_KEEP,               /* and writes that table */
	LOAD_SCARCE,             /* questions of kb_few.c too */
};
struct set load_set(struct kb_index *ix, const char *root, const char *lang, const char *data,
		    enum load how);

/* ---- learning: kb_learn.c ---- */
struct gate_row {
	double g[KG_MAX], x[KG_MAX + 1]; /* features; scaled, with a 1 at the end */
	double y, weight, p;
	bool oos, dev, sheet, removed;
	bool own;                /* the vectors know the articles */
	const struct sample *of;
	int fold;
};
enum { RANK_N = KF_N + KD_N };   /* the last KD_N count for a dense set only */
void train_rank(const struct set *s, int skip_fold, double w[RANK_N]);
void train_few_rank(const struct set *s, int skip_fold, const double w[RANK_N],
		    struct kb_few *few);
/* few: NULL for the same order of all. */
void score_all(struct sample *x, const double w[RANK_N], const struct kb_few *few);
/* A question as it is and, with a known article, with the article taken out: a row of the first
 * candidate each, of a scarce question one of each with few names among the first KB_LOOK. Returns
 * how many, at most GATE_ROWS. */
enum { GATE_ROWS = 2 * KB_LOOK };
size_t gate_rows(struct sample *x, struct gate_row *r);
/* w->n is set: KG_N or KG_MAX. */
void train_gate(struct gate_row *r, size_t n, int skip_fold, struct kb_gate *w);

/* ---- both, and the weights as C: kb_fit.c ---- */
/* Writes "weights_<kind><lang>"; dense: samples hold features of vectors. */
void fit_lang(FILE *out, const char *kind, const char *lang, struct set *s, bool dense);
/* Learns the order of a language; fills the cross-fitted rows of the scarce questions (few: its
 * order of candidates with few names is learned too) or of all others for the gate, and returns
 * how many. */
size_t train_order(struct set *s, struct kb_few *few, double w[RANK_N], struct gate_row *r);
void print_array(FILE *out, const char *name, const double *v, int n);
/* The gate, from rows that have got their cross-fitted p. */
void fit_gate(struct gate_row *r, size_t n, struct kb_gate *g);
void print_gate(FILE *out, const struct kb_gate *g);
int descending(const void *a, const void *b);    /* doubles, for qsort */

/* ---- articles with few names among others: kb_few.c ---- */
/* Writes "few_<kind><lang>". */
void fit_few(FILE *out, const char *kind, const char *lang, struct set *s, bool dense);

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
