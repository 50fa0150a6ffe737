/* t_model_ear.h: for tests of recognisers: "words" as bursts of sound (see tests/asr_worker.c), and
 * what was heard of them. */
#ifndef CALLM_T_MODEL_EAR_H
#define CALLM_T_MODEL_EAR_H

#include "model.h"

struct ear_said {
	struct sb text, partial; /* the last ones */
	int partials, finals, errors, err;
	double conf;
	struct asr_run *cancel_me, *flush_me; /* done in the next partial result */
};
extern const struct asr_cb ear_cb; /* arg: struct ear_said */
void ear_said_init(struct ear_said *h);
void ear_said_done(struct ear_said *h);
bool ear_ended(void *arg);   /* a final result or an error; for t_wait */
bool ear_partial(void *arg); /* a partial result */

/* Bursts for the words 0 to 9 of `digits` ("0314", a blank is a pause of 400 ms) are fed in pieces
 * of 20 ms; the loop turns between them. */
void ear_speak(struct loop *l, struct asr_run *r, const char *digits);
void ear_silence(struct loop *l, struct asr_run *r, int ms);
/* A file with orders for the worker, in t_tmpdir(); valid until the test ends. */
const char *ear_orders(const char *name, const char *text);
size_t ear_jobs(const char *file); /* bytes in a count file */

#endif
