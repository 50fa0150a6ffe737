/* pcm_stretch.h: speech slower or faster at the same pitch, as it comes.
 *
 *	struct pcm_stretch *s = pcm_stretch_new(8000, 88);      88 percent of the speed
 *	pcm_stretch_run(s, in, n, put, arg);                    put gets what is ready
 *	pcm_stretch_end(s, put, arg);                           the rest
 *	pcm_stretch_free(s);
 *
 * One thread at a time.
 */
#ifndef CALLM_PCM_STRETCH_H
#define CALLM_PCM_STRETCH_H

#include "base.h"

#define PCM_STRETCH_LEAST 50         /* percent of the speed */
#define PCM_STRETCH_MOST 200

typedef void pcm_put_fn(void *arg, const int16_t *s, size_t n);
struct pcm_stretch;
/* rate 8000..48000; percent is kept within its range. */
struct pcm_stretch *pcm_stretch_new(int rate, int percent);
void pcm_stretch_run(struct pcm_stretch *s, const int16_t *in, size_t n, pcm_put_fn *put,
		     void *arg);
/* No more comes: put gets what was held back; s begins anew. */
void pcm_stretch_end(struct pcm_stretch *s, pcm_put_fn *put, void *arg);
void pcm_stretch_free(struct pcm_stretch *s);        /* accepts NULL */

#endif
