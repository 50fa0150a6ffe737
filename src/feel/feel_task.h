/* feel_task.h: tasks a company trains from its own rows: intents with out of scope, several
 * intents at once, emotion over turns, pairs of sentences, languages.
 *
 *	callm train intent --data mine.tsv --out intent.bin
 *
 *	struct feel_task *t = feel_task_load("intent.bin", &e);      once; shared by all threads
 *	struct feel_reader *r = feel_reader_new(t);                  one a thread
 *	struct feel_guess g;
 *	feel_guess(r, SV("where is my parcel"), SV_NULL, &g);
 *	g.label[0].name "order_status", g.label[0].p 0.97, g.oos false
 *
 * Rows (docs/train.md): `label<TAB>text`, UTF-8, a row a line, '#' begins a comment, `oos` is out
 * of scope. Several labels are joined by commas. Turns before stand in front of the text, oldest
 * first, with FEEL_TURN_MARK between. Pairs have two texts. Emotion rows may end in two numbers
 * -1..1: valence and arousal.
 */
#ifndef CALLM_FEEL_TASK_H
#define CALLM_FEEL_TASK_H

#include "base.h"

#define FEEL_TURN_MARK "|||"
enum {
	FEEL_LABELS_MAX = 512, /* of a task */
	FEEL_LABEL_BYTES = 64,
	FEEL_ROW_LABELS = 16,   /* of one row */
	FEEL_ROWS_MAX = 2000000,
	FEEL_TASK_TEXT = 2000,  /* runes of one text that are looked at */
	FEEL_TASK_TURNS = 6,    /* turns before that are looked at */
	FEEL_VALUES = 2,        /* valence, arousal */
};
#define FEEL_TSV_MAX (512u << 20)

enum feel_kind { FEEL_INTENT, FEEL_EMOTION, FEEL_PAIRS, FEEL_LANGUAGE, FEEL_KINDS };
const char *feel_kind_name(int kind);    /* "intent"; NULL past the end */
int feel_kind_of(sv name);               /* -1: none of them */

/* ---- feel_task_rows.c: the rows of a file ---- */
struct feel_row {
	sv text;                 /* with the turns before; borrowed from the rows */
	sv other;                /* pairs: the second text */
	uint16_t label[FEEL_ROW_LABELS];
	uint16_t n_label;
	bool has_value;
	float value[FEEL_VALUES];
	uint32_t line;
};
struct feel_rows {
	struct feel_row *v;
	size_t n, cap;
	sv name[FEEL_LABELS_MAX];/* sorted; borrowed from mem */
	size_t n_name;
	int oos;                 /* the number of `oos`, -1 without */
	bool multi;              /* some row has several labels */
	bool values;             /* all rows have numbers */
	uint64_t hash;           /* of the bytes */
	struct sb mem;
};
/* Reads rows for one kind of task. ERR_PARSE and e with file, line and what is wrong with the
 * first broken row (and how many more there are); ERR_TOOBIG; ERR_NOTFOUND. *r is whole only on
 * 0; feel_rows_done is right in any case. Any thread. */
int feel_rows_read(struct feel_rows *r, const char *file, int kind, struct err *e);
/* The same from memory; name stands for the file in messages. text is copied. */
int feel_rows_parse(struct feel_rows *r, sv text, const char *name, int kind, struct err *e);
void feel_rows_done(struct feel_rows *r);
/* Number of a label among the names, -1: none. */
int feel_rows_label(const struct feel_rows *r, sv name);

/* ---- feel_task_score.c: how good answers are ---- */
struct feel_score {              /* of one label */
	uint32_t right, said, there;     /* true positives, answers, rows */
};
struct feel_tally {
	size_t n, right;         /* rows with a label in scope; exactly right ones */
	size_t oos, oos_said;    /* rows out of scope; of these called so */
	size_t false_oos;        /* rows in scope called out of scope */
	struct feel_score label[FEEL_LABELS_MAX];
	size_t n_label;
	int oos_label;           /* -1: none */
	double ece_sum[15], ece_right[15];
	size_t ece_n[15];
};
void feel_tally_init(struct feel_tally *t, size_t n_label, int oos_label);
/* One row: its labels, the answer's labels (none and said_oos: out of scope), and the
 * probability of the answer; below 0 it does not count for calibration. */
void feel_tally_add(struct feel_tally *t, const uint16_t *want, size_t n_want, const uint16_t *got,
		    size_t n_got, double p);
struct feel_figures {
	double accuracy;         /* of the rows in scope; a false `oos` is an error */
	double accuracy_all;     /* of all rows */
	double macro_f1;         /* mean over labels that are there or were said, without oos */
	double weighted_f1, micro_f1;
	double oos_recall, false_alarms;
	double ece;              /* 15 bins of equal width */
};
void feel_tally_figures(const struct feel_tally *t, struct feel_figures *out);
void feel_score_prf(const struct feel_score *s, double *precision, double *recall, double *f1);

/* ---- feel_task_feat.c: features of a text ---- */
enum feel_block { FEEL_WORDS, FEEL_SKIPS, FEEL_CHARS, FEEL_CONTEXT, FEEL_BLOCKS };
/* Growing lists, kept from text to text. First id is a hash and w a count; after
 * feel_feats_weigh id is a row of the vocabulary and w its weight. */
struct feel_feats {
	uint32_t *id;
	float *w;
	size_t n, cap;
	size_t end[FEEL_BLOCKS]; /* where each block ends */
	uint32_t *rune;          /* scratch: folded text, hashes of words */
	uint32_t *word;
	size_t rune_cap, word_cap, n_rune, n_word;
};
/* Features of a text: words and pairs of words, pairs with words between, pieces of words, and
 * the words of turns before. Each once a block, with its count. All bytes are fine; invalid UTF-8
 * counts as U+FFFD. */
void feel_feats_text(struct feel_feats *f, int kind, sv text);
/* Which features a task knows, and how rare each is. */
struct feel_vocab {
	uint32_t *key;           /* slots of hashes, 0: free; a power of two of them */
	uint32_t *row;
	size_t slots, n;
	float *idf;              /* n */
};
/* Hashes to rows, counts to (1 + log count) * idf, each block to length 1, all to length 1;
 * unknown features are dropped. */
void feel_feats_weigh(struct feel_feats *f, const struct feel_vocab *v);
void feel_feats_done(struct feel_feats *f);
/* Counts in how many texts each feature is. */
struct feel_counts {
	uint32_t *key, *n;
	size_t slots, used;
	size_t texts;
};
void feel_counts_add(struct feel_counts *c, const struct feel_feats *f);
void feel_counts_done(struct feel_counts *c);
/* The features of at least `least` texts; when they are more than `most`, the commonest. Rows go
 * by hash, so that the order of the texts does not matter. */
void feel_vocab_take(struct feel_vocab *v, const struct feel_counts *c, uint32_t least,
		     size_t most);
/* From hashes, ascending, and idf (both copied): a loaded task. ERR_CORRUPT. */
int feel_vocab_put(struct feel_vocab *v, const uint32_t *key, const float *idf, size_t n);
uint32_t feel_vocab_find(const struct feel_vocab *v, uint32_t key);  /* UINT32_MAX: unknown */
void feel_vocab_done(struct feel_vocab *v);

#endif
