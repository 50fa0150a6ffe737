/* pcm_silero.h: the Silero voice detector: probability of speech of each 32 ms, many calls in
 * one run.
 *
 *	struct pcm_silero *w;
 *	pcm_silero_open(&w, "ggml-silero-v6.2.0.bin", &e);
 *	struct pcm_silero_state st;  pcm_silero_reset(&st);        one a call
 *	struct pcm_silero_in in;     pcm_silero_in_init(&in, 8000);
 *	if (pcm_silero_push(&in, frame, 160))                     each 20 ms
 *		pcm_silero_run(w, (struct pcm_silero_state *[]){ &st },
 *			       (const int16_t *[]){ in.s }, 1, &p);
 *	obj_unref(w);
 *
 * The network is Silero VAD 5 and 6 (github.com/snakers4/silero-vad, MIT): a Fourier transform,
 * four convolutions, an LSTM of 128 units. Weights come in the format of whisper.cpp's detector
 * (16 kHz). Weights are an obj (obj.h), immutable, shared by threads; state and input belong to
 * one thread.
 */
#ifndef CALLM_PCM_SILERO_H
#define CALLM_PCM_SILERO_H

#include "base.h"

enum {
	PCM_SILERO_HZ = 16000,
	PCM_SILERO_FRAME = 512,      /* samples of one step, 32 ms */
	PCM_SILERO_FRAME_MS = 32,
	PCM_SILERO_UNITS = 128,
	PCM_SILERO_CONTEXT = 64,     /* samples of the frame before that belong to a step */
	PCM_SILERO_PUSH = 320,       /* most samples (at 16 kHz) of one push */
	PCM_SILERO_TAPS = 16,
	PCM_SILERO_FILE_MAX = 4 << 20,
};

/* ---- weights */
struct pcm_silero;
/* Reads a file; may block: not on a loop. ERR_NOTFOUND, ERR_TOOBIG, ERR_IO; ERR_PARSE when it is
 * cut or damaged, ERR_UNSUPPORTED when it is another network; e says which. obj_unref it. */
int pcm_silero_open(struct pcm_silero **ret, const char *path, struct err *e);
int pcm_silero_parse(struct pcm_silero **ret, sv bytes, struct err *e);
/* Which kernel runs: "avx512", "avx2", "vec4", "plain". */
const char *pcm_silero_kernel(const struct pcm_silero *w);
/* Another one by its name, before w is shared; ERR_UNSUPPORTED when this processor has it not. */
int pcm_silero_use(struct pcm_silero *w, const char *kernel);

/* ---- one call's memory. Embedded value. */
struct pcm_silero_state {
	float h[PCM_SILERO_UNITS], c[PCM_SILERO_UNITS];
	float context[PCM_SILERO_CONTEXT];
};
void pcm_silero_reset(struct pcm_silero_state *st);
/* One step of n calls: frames[i] has PCM_SILERO_FRAME samples at 16 kHz, p[i] gets 0..1. A call
 * appears once in a run. About 160 KiB of stack. */
void pcm_silero_run(const struct pcm_silero *w, struct pcm_silero_state *const *st,
		    const int16_t *const *frames, size_t n, float *p);

/* ---- from a line's frames to steps. Embedded value. */
struct pcm_silero_in {
	int rate;                    /* 8000 (doubled here) or 16000 */
	size_t n;                    /* samples waiting in s */
	int16_t past[PCM_SILERO_TAPS];
	int16_t s[PCM_SILERO_FRAME + PCM_SILERO_PUSH];
};
void pcm_silero_in_init(struct pcm_silero_in *in, int rate);
/* n samples at in->rate, at most 20 ms. True: s holds a whole step until the next push. At
 * 8 kHz sound comes 1 ms late. */
bool pcm_silero_push(struct pcm_silero_in *in, const int16_t *s, size_t n);

/* ---- all of one call, with steps left out where the line is quiet. Embedded value. */
struct pcm_silero_line {
	struct pcm_silero_in in;
	struct pcm_silero_state st;
	int quiet_ms;                /* since the last frame over the gate */
	float p;                     /* of the last step */
};
void pcm_silero_line_init(struct pcm_silero_line *l, int rate);
/* One frame of 20 ms and its level. True: a step is due; run it over l->st and l->in.s into l->p
 * before the next push. When all of the last half second was less than 2 dB over the noise floor
 * the step is left out: p is 0, memory as after silence. */
bool pcm_silero_line_push(struct pcm_silero_line *l, const int16_t *s, size_t n, double level_db,
			  double floor_db);

#endif
