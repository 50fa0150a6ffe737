/* turn_int.h: end of turn, inside model: the frames between turn.c and its worker, the features
 * of the network, and the worker's loop around an engine. */
#ifndef CALLM_MODEL_TURN_INT_H
#define CALLM_MODEL_TURN_INT_H

#include "base.h"

enum turn_frame { /* WF_READY and WF_CANCEL of worker.h besides; numbers as there */
	TURN_ASK = 'U', /* parent: id, rate, samples */
	TURN_P = 'u',   /* child: id, error (0 = ok, else -code), p in millionths */
};
enum {
	TURN_HZ = 16000,
	TURN_SECONDS = 8,
	TURN_SAMPLES = TURN_HZ * TURN_SECONDS,
	TURN_MELS = 80,
	TURN_TIMES = 800,
	TURN_WAITING_MAX = 4, /* an answer that comes much later helps nobody */
};

struct turn;
int turn_worker_pid(const struct turn *t); /* 0 while it is being restarted */

/* ---- turn_mel.c: logarithmic mel spectrum as Whisper hears it, of the last 8 s */
struct turn_mel;
struct turn_mel *turn_mel_new(void);
void turn_mel_free(struct turn_mel *m);
/* n samples at 16 kHz, at most TURN_SAMPLES; silence is put before fewer. out: [TURN_MELS]
 * [TURN_TIMES]. Not thread-safe on one m. */
void turn_mel_run(struct turn_mel *m, const int16_t *s, size_t n, float *out);

/* ---- worker_turn.c: the child's side */
struct turn_engine {
	/* 16 kHz, at most TURN_SAMPLES; p in 0..1. 0 or an error */
	int (*judge)(void *arg, const int16_t *s, size_t n, double *p);
	void *arg;
};
int turn_serve(int fd, const struct turn_engine *e); /* until the parent closes */
int turn_refuse(int fd, const char *why);            /* says why it cannot work; 1 */

#endif
