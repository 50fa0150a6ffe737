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
	size_t n, n_id, cap, dense;
};
/* Counts and weighs the features of all rows; fills t->vocab with at most `most` of them. threads
 * do it together. */
void feel_set_make(struct feel_set *s, struct feel_task *t, const struct feel_rows *rows,
		   size_t most, int threads);
void feel_set_done(struct feel_set *s);
/* Rows held out: every tenth or so of each label, in a random order; *n_dev of them first in
 * order. */
void feel_split(const struct feel_rows *rows, struct rng *rng, uint32_t *order, size_t *n_dev);

/* Temperature, thresholds and scope of t from the logits of held-out rows. alarms: share of rows
 * in scope that may be called out of scope. */
void feel_tune(struct feel_task *t, const struct feel_rows *rows, const uint32_t *dev, size_t n,
	       const float *logit, double alarms);
/* The figures of these answers. */
void feel_dev_figures(const struct feel_task *t, const struct feel_rows *rows, const uint32_t *dev,
		      size_t n, const float *logit, struct feel_figures *out);

#endif
