/* asr_vec.h: what a recogniser makes of one spoken word, as numbers: for small nets of our own that
 * are to understand strangers better than their few rows teach (digit.h).
 *
 *	asr_vec_open(&v, spec, loop, &e);                        kind "whisper"
 *	asr_vec_start(v, s, n, 8000, SV("en"), on_vec, arg, &run);
 *
 * The numbers are the odds of the first word's tokens, every so manieth of them, which show all
 * that the decoder knows of it (its state is half as long); their mean is 0, their spread 1. */
#ifndef CALLM_MODEL_ASR_VEC_H
#define CALLM_MODEL_ASR_VEC_H

#include "model.h"

enum { ASR_VEC_DIM = 1024, ASR_VEC_MS = 4000 };

struct asr_vec;                          /* one worker process */
struct asr_vec_run;
/* ERR_UNSUPPORTED: another kind than "whisper", or a loop of a simulation; ERR_NOTFOUND. */
int asr_vec_open(struct asr_vec **ret, const struct model_spec *s, struct loop *l, struct err *e);
void asr_vec_close(struct asr_vec *v);   /* accepts NULL; nobody is told */
const char *asr_vec_name(const struct asr_vec *v);       /* vectors of two names never mix */
/* At most ASR_VEC_MS of sound are heard, mono, with some silence put before it. lang: ISO code.
 * v: ASR_VEC_DIM numbers until the return; err: ERR_NOTFOUND there is no sound, ERR_UPSTREAM the
 * process died (it comes back). ERR_INVAL: the rate, the language; ERR_BUSY, ERR_UPSTREAM. About
 * 0.1 s of a core. */
int asr_vec_start(struct asr_vec *x, const int16_t *s, size_t n, int rate_hz, sv lang,
		  void (*on_vec)(void *arg, int err, const float *v), void *arg,
		  struct asr_vec_run **ret);
void asr_vec_cancel(struct asr_vec_run *r);      /* accepts NULL */
int asr_vec_pid(const struct asr_vec *x);        /* 0 while it is being restarted */

#endif
