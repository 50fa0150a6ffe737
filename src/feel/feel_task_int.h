/* feel_task_int.h: what the files of a trained task share; private. */
#ifndef CALLM_FEEL_TASK_INT_H
#define CALLM_FEEL_TASK_INT_H

#include "feel_task.h"
#include "nn.h"

enum { FEEL_PAIR_STATS = 4 };

/* A task as it is loaded or as it is being trained. An obj; immutable once loaded. */
struct feel_task {
	int kind;
	size_t n_label;
	sv name[FEEL_LABELS_MAX];        /* in card */
	int oos;                         /* number of `oos`, -1 */
	bool multi, values;
	float temperature;               /* logits are divided by it */
	float bias;                      /* several labels: and this is added */
	float oos_at;                    /* out of scope when 1 - p of the best is more */
	float threshold[FEEL_LABELS_MAX];/* several labels: said from this probability on */
	/* one label: factor on its probability when the best is chosen; lifts rare ones */
	float lift[FEEL_LABELS_MAX];
	struct feel_vocab vocab;
	struct nn_net *net;              /* layers "out", "value"; a base has "base" */
	int out, value;                  /* numbers of layers, -1 */
	struct feel_task *base;          /* a reference, or NULL */
	uint64_t id;                     /* checksum of the file; 0: none */
	/* numbers of a sentence vector, 0: none; what it is multiplied by, then its mean */
	size_t sense;
	const float *middle;             /* sense + 1 */
	float *own_middle;               /* freed with the task; NULL: in the file */
	sv sense_name;                   /* of its model; in card */
	jv *card;
	struct sb card_text;
	char *mem;                       /* a file that was read; the net may lie in it */
};

struct feel_reader {
	struct feel_task *t;             /* a reference */
	struct nn_pass *pass;
	struct feel_reader *base;        /* may be NULL */
	struct feel_feats raw, raw2, weighed;
	float *x;                        /* dense input */
	float *sense;                    /* sentence vector as the net reads it; NULL: none */
	bool sensed;                     /* it is there for the next guess */
	float *known;                    /* of x, scratch of tasks with a sense, n_known numbers */
	size_t n_known;
	float p[FEEL_LABELS_MAX];
};

/* Blocks of features a kind of task reads. */
unsigned feel_task_blocks(int kind);
/* Numbers of the dense input of a task of that kind on a base of dim numbers. */
int feel_task_dense(int kind, int base_dim);
/* Raw features of a row into f (other: scratch for the second text of a pair); the dense input
 * into x. base may be NULL. */
void feel_task_input(int kind, struct feel_reader *base, sv text, sv other, struct feel_feats *f,
		     struct feel_feats *scratch, float *x);
/* A sentence vector as the net reads it. */
void feel_task_middle(const struct feel_task *t, const float *v, float *out);
/* Has unknown features count in the length, if the task has a sense: the less of a text it knows,
 * the more the sentence vector weighs. Once the vocabulary is there. */
void feel_task_unknown(struct feel_task *t);
/* What the base says of a text, weaker the less of the text (its weighed features) the task knows:
 * the base, too, knows few languages. Tasks with a sense; out may be x. */
void feel_task_known(const struct feel_feats *weighed, const float *x, size_t n, float *out);
/* Logits to probabilities of a task. */
void feel_task_p(const struct feel_task *t, const float *logit, float *p);
/* Probabilities to an answer. */
void feel_task_say(const struct feel_task *t, const float *p, struct feel_guess *g);

/* Counts an answer; its probability counts for calibration when the row is in scope. */
void feel_tally_guess(struct feel_tally *tally, const struct feel_guess *g, bool multi,
		      const uint16_t *want, size_t n_want);

/* The bytes of a task: header, card, vocabulary, net. ERR_TOOBIG and what nn_save_mem says. */
int feel_task_write(const struct feel_task *t, sv card, const char *const *drop, const char *path,
		    struct err *e);
/* Features that are in both texts of a pair, or in one: f becomes those of the pair, b is
 * changed. stats gets FEEL_PAIR_STATS numbers. */
void feel_feats_pair(struct feel_feats *f, struct feel_feats *b, float *stats);

#endif
