/* feel_task.h: tasks a company trains from its own rows: intents with out of scope, several
 * intents at once, emotion over turns, pairs of sentences, languages.
 *
 *	callm train intent --data mine.tsv --out intent.bin
 *
 *	struct feel_task *t = feel_task_load("intent.bin", &e);      once; shared by all threads
 *	struct feel_reader *r = feel_reader_new(t);                  one a thread
 *	struct feel_guess g;
 *	feel_guess(r, SV("where is my parcel"), SV_NULL, &g);
 *	feel_task_label(t, g.said[0].label) "order_status", g.said[0].p 0.97
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
	FEEL_SENSE_MAX = 4096,  /* numbers of a sentence vector */
	FEEL_SENSE_NAME = 420,  /* bytes of its model's name */
};
#define FEEL_TSV_MAX (512u << 20)

/* FEEL_BASE is no task but the meaning of words that tasks begin with (feel_task_base). */
enum feel_kind { FEEL_INTENT, FEEL_EMOTION, FEEL_PAIRS, FEEL_LANGUAGE, FEEL_KINDS, FEEL_BASE };
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
	int kind;
	size_t tune_from;        /* rows from here on are of feel_rows_tune; n: none */
	uint64_t hash;           /* of the bytes */
	struct sb mem, tune_mem;
};
/* Reads rows for one kind of task. ERR_PARSE and e with file, line and what is wrong with the
 * first broken row (and how many more there are); ERR_TOOBIG; ERR_NOTFOUND. *r is whole only on
 * 0; feel_rows_done is right in any case. Any thread. */
int feel_rows_read(struct feel_rows *r, const char *file, int kind, struct err *e);
/* The same from memory; name stands for the file in messages. text is copied. */
int feel_rows_parse(struct feel_rows *r, sv text, const char *name, int kind, struct err *e);
void feel_rows_done(struct feel_rows *r);
/* Puts the rows of `tune` behind those of r; training holds these out, and no other, to find
 * the temperature, the thresholds and when to stop: rows like those that will come, where the
 * rows learned from are of another kind. Takes them over; tune stays right for feel_rows_done.
 * ERR_INVAL: a label r has not, another kind, or they were there already. */
int feel_rows_tune(struct feel_rows *r, struct feel_rows *tune, struct err *e);
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
/* One row: its labels and the answer's (only `oos`: out of scope). */
void feel_tally_add(struct feel_tally *t, const uint16_t *want, size_t n_want, const uint16_t *got,
		    size_t n_got);
/* For calibration: an answer said with probability p was right or not. */
void feel_tally_sure(struct feel_tally *t, double p, bool right);
struct feel_figures {
	double accuracy;         /* of the rows in scope; a false `oos` is an error */
	double accuracy_all;     /* of all rows */
	double macro_f1;         /* mean over labels that are there or were said, without oos */
	double weighted_f1, micro_f1;
	double oos_recall, false_alarms;
	double ece;              /* 15 bins of equal width */
	double ece_chance;       /* what honest probabilities would show with so few rows */
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
	uint32_t *word, *sort;
	size_t n_rune, n_word, sort_cap;
};
/* Features of a text: words and pairs of words, pairs with words between, pieces of words, and
 * the words of turns before. Each once a block, with its count. All bytes are fine; invalid UTF-8
 * counts as U+FFFD. */
void feel_feats_text(struct feel_feats *f, int kind, sv text);
/* Which features a task knows, and how rare each is: row i has hash key[i] and idf[i], hashes
 * ascending. */
struct feel_vocab {
	const uint32_t *key;
	const float *idf;
	size_t n;
	uint32_t *from;          /* the first row of each bucket of hashes, and of none */
	int shift;               /* of a hash, to its bucket */
	/* unknown features count in the length of a block as if they were so rare; 0: they do not
	 */
	float unknown;
	bool own;                /* key and idf are freed with it */
};
/* Hashes to rows into out, counts to (1 + log count) * idf, each block to length 1, all to length
 * 1; unknown features and blocks not in the set of bits `blocks` are dropped. With v->unknown a
 * text of many unknown features comes out shorter. */
void feel_feats_weigh(const struct feel_feats *f, const struct feel_vocab *v, unsigned blocks,
		      struct feel_feats *out);
void feel_feats_done(struct feel_feats *f);
void feel_feats_reserve(struct feel_feats *f, size_t n);
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
/* From hashes, ascending, and idf, which outlive it: a loaded task. ERR_CORRUPT. */
int feel_vocab_put(struct feel_vocab *v, const uint32_t *key, const float *idf, size_t n);
/* The row; -1: unknown. */
ptrdiff_t feel_vocab_find(const struct feel_vocab *v, uint32_t key);
/* key will be looked for soon. */
void feel_vocab_hint(const struct feel_vocab *v, uint32_t key);
void feel_vocab_done(struct feel_vocab *v);

/* ---- feel_task_file.c, feel_task.c: a trained task ---- */
enum { FEEL_BASE_MAX = 512 };            /* numbers of a base vector */
struct feel_task;                        /* an obj, immutable */
struct feel_reader;                      /* scratch of one thread; keeps its task */
/* Loads what feel_train wrote. base: what it was trained with (NULL: none at hand; then only
 * tasks without one load). NULL and e: ERR_NOTFOUND, ERR_CORRUPT, ERR_VERSION, ERR_STATE
 * (another base). Any thread. */
struct feel_task *feel_task_load(const char *path, struct feel_task *base, struct err *e);
/* From memory that outlives the task. */
struct feel_task *feel_task_load_mem(sv data, struct feel_task *base, struct err *e);
void *feel_task_unref(struct feel_task *t);      /* accepts NULL; always NULL */
int feel_task_kind(const struct feel_task *t);
size_t feel_task_labels(const struct feel_task *t);
sv feel_task_label(const struct feel_task *t, size_t i);
sv feel_task_card(const struct feel_task *t);    /* JSON text; borrowed */

/* The base that is in the program (models/text_base.bin), to be given to the others. */
struct feel_task *feel_task_base(struct err *e);
/* A file of models/ that is in the program, by its name; empty: it is not. */
sv feel_task_embedded(const char *name);

/* The last turn of a text: what a sentence vector is made of. Borrowed from text. */
sv feel_text_last(sv text);
/* Name of the embedding model whose vectors the task hears beside the words, and their length
 * (ret_dim may be NULL); empty: it goes by words alone. Borrowed. */
sv feel_task_sense(const struct feel_task *t, size_t *ret_dim);

struct feel_said {
	uint16_t label;
	float p;                 /* among the labels in scope */
};
struct feel_guess {
	struct feel_said said[FEEL_ROW_LABELS];  /* most probable first */
	size_t n;                /* 1; 0..16 when a text may have several labels */
	bool oos;                /* out of scope: said[0] is only the nearest */
	float oos_p;
	const float *p;          /* of all labels; valid until the next guess */
	bool has_value;
	float value[FEEL_VALUES];/* valence, arousal */
};
struct feel_reader *feel_reader_new(struct feel_task *t);
void feel_reader_free(struct feel_reader *r);    /* accepts NULL */
/* What the text means, turns before in front of it (FEEL_TURN_MARK); other: the second text of a
 * pair. Any bytes. About 60 us. */
void feel_guess(struct feel_reader *r, sv text, sv other, struct feel_guess *g);
/* The last hidden layer of the guess before, for a linear model on top of it (policy_arms.h):
 * how many numbers; *ret lives until the next guess. 0: the task has none. */
size_t feel_reader_hidden(const struct feel_reader *r, const float **ret);
/* The same in two steps, for several tasks that are asked of one text: its features and meaning
 * are made once by one reader and read by others whose tasks read alike. */
void feel_read(struct feel_reader *r, sv text, sv other);
void feel_guess_read(struct feel_reader *r, const struct feel_reader *read, struct feel_guess *g);
/* The sentence vector of the text that the next guess is about (feel_text_last of it), as long as
 * feel_task_sense says; copied. For one guess only; without it the answer is by words. A task
 * without a sense takes no notice. */
void feel_sense(struct feel_reader *r, const float *v);
/* Room for texts of n features from now on; how many there is room for. */
void feel_reader_reserve(struct feel_reader *r, size_t n);
size_t feel_reader_room(const struct feel_reader *r);
/* Intents and emotions on the same base do. */
bool feel_reads_alike(const struct feel_task *a, const struct feel_task *b);
/* Answers of a task to rows that have labels. vecs: their sentence vectors one behind another, of
 * a task that hears them (feel_task_sense); NULL: by words. name gets the names of the tally's
 * labels: those of the task and then those only the rows know (borrowed from both), which can
 * only be missed. */
void feel_task_test(struct feel_task *t, const struct feel_rows *rows, const float *vecs,
		    struct feel_tally *tally, sv name[FEEL_LABELS_MAX]);

/* ---- feel_net.c ---- */
/* From the next turn on the intents (or the emotions) are asked of t, instead of those in the
 * program; NULL: of those again. Keeps a reference. ERR_INVAL: t is another kind of task, or has
 * more than 64 labels. Any thread; turns under way end with what they began with. */
int feel_use(struct feel_task *t, bool emotion);

/* ---- the temperature of a task that is there ---- */
/* The temperature at which t would be most honest about rows that it was not trained on (those in
 * scope); t's own where there are none. One label a text. Any thread. */
float feel_task_heat(struct feel_task *t, const struct feel_rows *rows);
float feel_task_temperature(const struct feel_task *t);
/* Writes the task whose file has these bytes with another temperature (0.01 to 100). ERR_CORRUPT,
 * ERR_INVAL, what writing says. */
int feel_task_temper(sv file, float temperature, const char *path, struct err *e);

/* ---- feel_task_train.c ---- */
struct feel_progress {
	int epoch, epochs;
	bool last_round;         /* on all rows, after the held-out ones told when to stop */
	double loss, dev;        /* dev < 0: not measured */
	double share;            /* of all the work, 0..1 */
};
/* Sentence vectors of rows, made by an embedding model. */
struct feel_vecs {
	const char *name;        /* of the model; vectors of different names never mix */
	const float *v;          /* dim numbers a row, in the order of the rows (tune's behind) */
	size_t dim;              /* 1 to FEEL_SENSE_MAX */
};
struct feel_train {
	int kind;
	struct feel_task *base;  /* may be NULL */
	/* intents and emotions: heard beside the words; NULL: words alone. Borrowed. */
	const struct feel_vecs *vecs;
	uint64_t seed;
	int epochs;              /* 0: by the number of rows */
	int threads;
	/* share of rows in scope that may be called out of scope; 0: .02. */
	double alarms;
	/* one label a text: the temperature found is multiplied by it, since texts to come are by
	 * others than the rows are (docs/train.md); 0: 1. */
	double heat;
	/* a round with rows held out knows the features of the rows it learns alone: what is found
	 * there is humbler, as for texts by others (docs/train.md) */
	bool fold_features;
	size_t features;         /* at most so many, the commonest; 0: 250,000 */
	const char *licence, *source;    /* for the card; NULL: "not stated" */
	/* emotions: judged by how many are right; usually by F1 as well, which lifts rare ones */
	bool by_accuracy;
	/* false: stop; may be NULL. */
	bool (*progress)(void *arg, const struct feel_progress *p);
	void *arg;
};
/* Trains and writes path, whole or not at all. figures (may be NULL): on the rows held out.
 * ERR_INVAL: too few rows or labels; ERR_CANCELED: progress said stop. Blocking, minutes. */
int feel_train(const struct feel_rows *rows, const struct feel_train *how, const char *path,
	       struct feel_figures *figures, struct err *e);

#endif
