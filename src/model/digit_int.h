/* digit_int.h: what hearing and training share; private. */
#ifndef CALLM_DIGIT_INT_H
#define CALLM_DIGIT_INT_H

#include "asr_vec.h"
#include "digit.h"
#include "pcm_mel.h"

enum {
	DIGIT_FRAMES = DIGIT_MAX_MS / 10 + 50,  /* windows looked at: and a slow voice */
	DIGIT_STEPS = 64,                       /* of a word at most; longer ones are squeezed */
	DIGIT_STEPS_MIN = 12,
};
#define DIGIT_FORMAT "callm digits 2"
#define DIGIT_SILENT 7.5F                       /* nat under the loudest: 33 dB */
/* What is cut off at both ends: windows so much softer than the loudest, but for some. */
struct digit_cut {
	float silent;
	int margin;
	float lean[2];                   /* of the pace, training only */
};
/* Rows of mel to the steps of the net: silence around is cut off, how loud it was taken out.
 * Returns steps, 0: silence. */
int digit_steps(const float *mel, size_t rows, const struct digit_cut *cut, float *out);

/* A caller's vocal tract is longer or shorter than those of the people in the rows; so a word is
 * heard with three of them, and what the net says is averaged: vocal tract length normalisation
 * (Lee & Rose 1998) without the choice of one. One thread's scratch. */
enum { DIGIT_WAYS = 3, DIGIT_CUTS = 2 };
struct digit_ways {
	struct pcm_mel *mel[DIGIT_WAYS];
	float rows[DIGIT_FRAMES * PCM_MEL_BANDS], steps[DIGIT_STEPS * PCM_MEL_BANDS];
};
void digit_ways_open(struct digit_ways *w);
void digit_ways_close(struct digit_ways *w);
struct digit_heads {
	int word, fits;          /* by the sound; by the recogniser's vector, -1: none */
};
/* The mean of the net's logits into logit, with a vector v the sum of both heads'; false: there is
 * no sound. */
bool digit_ways_run(struct digit_ways *w, struct nn_pass *p, const struct digit_heads *heads,
		    const int16_t *s, size_t n, const float *v, float *logit);

#endif
