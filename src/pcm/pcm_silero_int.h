/* pcm_silero_int.h: what the detector's graph asks of the processor; private to pcm. */
#ifndef CALLM_PCM_SILERO_INT_H
#define CALLM_PCM_SILERO_INT_H

#include "pcm_silero.h"

enum { SILERO_PANEL = 32 };          /* rows that lie together in packed weights */

/* y = W x + bias: rows is a multiple of SILERO_PANEL, w is [rows / PANEL][cols][PANEL]. */
struct silero_mat {
	const float *w, *bias;       /* bias NULL = none */
	int rows, cols;
	bool relu;
};
/* One processor's way to do it; all give the same within rounding. */
struct silero_kern {
	const char *name;
	bool (*usable)(void);
	/* n columns: y[i] (rows) from x[i] (cols). */
	void (*mul)(const struct silero_mat *m, const float *const *x, float *const *y, size_t n);
	/* out = |re + i im|; n is a multiple of 16. */
	void (*magnitude)(const float *re, const float *im, float *out, size_t n);
	/* LSTM cell of 128 units; gates: input, forget, cell, output. Returns the sum of
	 * relu(h) * out_w. */
	float (*cell)(const float *gates, float *c, float *h, const float *out_w);
};
/* Best first; the last one is plain C, the oracle of the others. */
extern const struct silero_kern *const silero_kerns[];
extern const size_t silero_kerns_n;

/* ---- pcm_silero_file.c: the tensors of a file, as floats in its order */
enum silero_tensor {
	SILERO_BASIS,                /* [258][256]: 129 cosines, 129 negative sines */
	SILERO_CONV,                 /* weight [out][in][3] and bias of each of four */
	SILERO_W_IH = SILERO_CONV + 8,   /* [512][128] */
	SILERO_W_HH,
	SILERO_B_IH,
	SILERO_B_HH,
	SILERO_OUT_W,
	SILERO_OUT_B,
	SILERO_TENSORS
};
struct silero_tensors {
	float *v[SILERO_TENSORS];    /* owned */
};
/* All or nothing; errors as pcm_silero_parse. */
int silero_tensors_read(struct silero_tensors *t, sv bytes, struct err *e);
void silero_tensors_done(struct silero_tensors *t);

#endif
