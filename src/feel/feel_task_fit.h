/* feel_task_fit.h: what the two halves of training share; private. */
#ifndef CALLM_FEEL_TASK_FIT_H
#define CALLM_FEEL_TASK_FIT_H

#include "feel_task_int.h"

/* Rows as the net reads them: features and dense inputs, side by side. */
enum { FEEL_VOCAB_MOST = 250000 };
struct feel_set {
	struct nn_in *in;        /* n; point into the arrays below */
	uint32_t *id;
	float *w, *x;
	float *sense;            /* sentence vectors as the net reads them; NULL: none */
	size_t n, n_id, cap, dense;
};
/* Counts and weighs the features of all rows; fills t->vocab with at most how->features of them,
 * and t->middle from how->vecs. how->threads do it together. held: rows whose features are not
 * counted, one flag a row; NULL: all are. */
void feel_set_make(struct feel_set *s, struct feel_task *t, const struct feel_rows *rows,
		   const struct feel_train *how, const bool *held);
void feel_set_done(struct feel_set *s);
/* ---- feel_task_split.c ---- */
struct feel_split {
	const struct feel_rows *rows;
	size_t every;            /* one row of so many is held out */
	int folds;               /* rounds that hold rows out; 1 when one tells enough */
	bool plain;              /* row by row, not in a run and not a file of their own */
	uint32_t *perm;          /* all rows, label by label, shuffled within */
	uint32_t *order;         /* of a fold: held out, left out, learned */
	size_t n_dev, n_left;
};
void feel_split_begin(struct feel_split *s, const struct feel_rows *rows, struct rng *rng);
/* The rows of a fold, 0 to folds - 1, into order, n_dev and n_left. */
void feel_split_fold(struct feel_split *s, int fold);
void feel_split_done(struct feel_split *s);

/* Temperature, thresholds and scope of t from the logits of held-out rows; how: alarms, heat and
 * what it is judged by. */
void feel_tune(struct feel_task *t, const struct feel_rows *rows, const uint32_t *dev, size_t n,
	       const float *logit, const struct feel_train *how);
/* The figures of these answers. */
void feel_dev_figures(const struct feel_task *t, const struct feel_rows *rows, const uint32_t *dev,
		      size_t n, const float *logit, struct feel_figures *out);

#endif
