/* digit.h: a few spoken words, told apart by a small net: digits for those who have no keypad.
 *
 *	struct digit *d = digit_load("digits.nn", &e);           once, any threads share it
 *	struct digit_ear *x = digit_ear_new(d);                  one a thread
 *	float p;
 *	int k = digit_hear(x, samples, n, &p);                   one word, 8 kHz
 *	digit_label(d, k) "7", p 0.98
 *
 * Which words is data: the labels of the rows it was trained with (`callm train digits`). A net
 * may also have learned what a recogniser makes of the sound (asr_vec.h); digit_sense tells whose.
 */
#ifndef CALLM_DIGIT_H
#define CALLM_DIGIT_H

#include "nn.h"
#include "pcm.h"

enum { DIGIT_LABELS_MAX = 64, DIGIT_LABEL_BYTES = 32, DIGIT_CLIPS_MAX = 200000,
       DIGIT_MAX_MS = 2000, DIGIT_SENSE_BYTES = 128 };

struct digit;                            /* an obj, immutable */
struct digit_ear;                        /* scratch of one thread */
/* NULL and e: as nn_load; ERR_CORRUPT when it is another kind of net, ERR_VERSION
 * when an older version made it. */
struct digit *digit_load(const char *path, struct err *e);
struct digit *digit_load_mem(sv data, struct err *e);    /* data outlives it */
void *digit_unref(struct digit *d);                      /* accepts NULL; always NULL */
size_t digit_labels(const struct digit *d);
sv digit_label(const struct digit *d, int i);            /* SV_NULL: no such number */
struct digit_ear *digit_ear_new(struct digit *d);        /* keeps a reference */
void digit_ear_free(struct digit_ear *x);                /* accepts NULL */
/* One word at 8 kHz with what silence is around it; past DIGIT_MAX_MS of sound the rest is not
 * heard. The label's number and, calibrated, how sure; -1: there is no sound. Pure. */
int digit_hear(struct digit_ear *x, const int16_t *s, size_t n, float *ret_p);
/* Whose vectors it has learned ("whisper:whisper-base.bin"), in which language; empty: none. */
sv digit_sense(const struct digit *d);
sv digit_sense_lang(const struct digit *d);
/* The same by the sound and its vector of ASR_VEC_DIM numbers; v NULL: by the sound alone. */
int digit_hear_by(struct digit_ear *x, const int16_t *s, size_t n, const float *v, float *ret_p);

/* ---- training (digit_train.c) ---- */
struct digit_clip {
	int16_t *s;                      /* owned, 8 kHz */
	size_t n;
	int label;
};
struct digit_set {
	struct digit_clip *v;
	size_t n, cap;
	char label[DIGIT_LABELS_MAX][DIGIT_LABEL_BYTES];   /* sorted */
	int n_label;
	uint64_t hash;                   /* of the rows and the sound */
	/* owned: ASR_VEC_DIM numbers a clip; NULL: by sound alone. */
	float *vec;
	char sense[DIGIT_SENSE_BYTES], lang[4];  /* whose, in which language */
};
/* Rows `label<TAB>path of a WAV`, relative to the file's folder; '#' begins a comment. e says
 * which line is wrong. *ret is right for digit_set_done in any case. Blocking. */
int digit_set_read(struct digit_set *ret, const char *path, struct err *e);
void digit_set_done(struct digit_set *set);
struct digit_opt {
	uint64_t seed;
	int epochs;                      /* 0: 40 */
	int threads;                     /* 0: 2 */
	const char *licence, *source;    /* for the card; NULL: "not stated" */
	bool (*progress)(void *arg, int epoch, int epochs, double loss);   /* false: stop */
	void *arg;
};
/* Trains and writes path, whole or not at all; with set->vec a second net beside the one that
 * goes by sound: of clips of which it is all zeros only the sound is learned. A tenth of the
 * rows sets the calibration. ERR_INVAL: too few rows or labels; ERR_CANCELED. Blocking,
 * minutes. */
int digit_train(const struct digit_set *set, const struct digit_opt *o, const char *path,
		struct err *e);

#endif
