/* nn_train_int.h: what nn_train.c (steps, dense weights) and nn_rows.c (tables) share. */
#ifndef CALLM_NN_TRAIN_INT_H
#define CALLM_NN_TRAIN_INT_H

#include "nn_int.h"

/* Training state of one table of weights. */
struct nn_tmat {
	bool trained;
	size_t off;            /* dense: place in the flat arrays */
	float rate, decay;
	bool row_rule;
	float *m, *v, *ema;    /* tables: rows x cols; v is one number a row by the row rule */
	int32_t *pos;          /* tables: 1 + place in its part's list, 0: not in this batch */
	int32_t *last;         /* tables, with ema: step up to which ema is right; 0: never */
};

/* A row of a table that the batch touches; its derivative is at g + off. */
struct nn_touch {
	int mat;
	uint32_t row;
	size_t off;
};

/* Rows are dealt to NN_SHARES parts by their number, so that each sum has one order. */
struct nn_part {
	struct {
		struct nn_touch *v;
		size_t n, cap;
	} touch;
	float *g;
	size_t g_n, g_cap;
	double sq;             /* of its rows and of its piece of the dense weights */
};

struct nn_trainer {
	struct nn_net *net;
	struct nn_opt opt;
	struct team *team;
	struct nn_tmat mat[NN_MATS_MAX];
	size_t dense;          /* floats in the flat arrays */
	float *share[NN_SHARES], *m, *v, *ema;
	float *grad[NN_SHARES][NN_MATS_MAX];
	struct nn_part part[NN_SHARES];
	struct nn_pass **pass;
	double *loss;
	size_t passes;
	int step;
	bool swapped;
	/* of the step that is being done */
	const struct nn_in *const *in;
	const struct nn_loss *how;
	size_t n;
	struct nn_adam adam;
};

/* Adds up the derivatives of the part's rows. */
void nn_rows_gather(struct nn_trainer *t, int part);
/* Applies them (apply) or forgets them. */
void nn_rows_apply(struct nn_trainer *t, int part, bool apply);
void nn_rows_birth(struct nn_trainer *t);
void nn_rows_swap(struct nn_trainer *t, int mat);

#endif
