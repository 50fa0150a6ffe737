/* chan_vad.h: the voice detector of one shard: what its calls hear, judged in one run. Private
 * to chan but for making it; shard's thread.
 *
 *	snap = snap_new(weights);               of pcm_silero_open; may be empty, may change
 *	v = chan_vad_new(loop, snap);           one a shard, in its chan_speech
 *	chan_vad_join(&line, v, 8000);          one a call
 *	chan_vad_hear(&line, frame, 160, level_db, floor_db);      each 20 ms
 *	chan_vad_p(&line)                       the newest probability
 *	chan_vad_leave(&line);
 *	chan_vad_free(v);  snap_free(snap);
 */
#ifndef CALLM_CHAN_VAD_H
#define CALLM_CHAN_VAD_H

#include "base.h"
#include "pcm_silero.h"

/* As pcm_silero_run; tests bring their own. */
typedef void chan_vad_fn(void *arg, struct pcm_silero_state *const *st,
			 const int16_t *const *frames, size_t n, float *p);

struct chan_vad;
struct chan_vad_line {               /* embedded; zeroed = not joined */
	struct chan_vad *v;
	struct pcm_silero_line line;
	float p;                     /* < 0 = not known */
	bool due;                    /* a step waits to be run */
	uint64_t weights;            /* those that its memory comes from */
};

/* weights: a snapshot of struct pcm_silero, borrowed until chan_vad_free; while it is empty
 * nothing is known. */
struct chan_vad *chan_vad_new(struct loop *l, struct snap *weights);
struct chan_vad *chan_vad_new_with(struct loop *l, chan_vad_fn *fn, void *arg);
void chan_vad_free(struct chan_vad *v);          /* accepts NULL; all lines have left */

/* v NULL: nothing will be known. */
void chan_vad_join(struct chan_vad_line *l, struct chan_vad *v, int rate);
void chan_vad_leave(struct chan_vad_line *l);    /* idempotent */
/* One frame of 20 ms with its level and the line's noise floor; judged within 5 ms. */
void chan_vad_hear(struct chan_vad_line *l, const int16_t *s, size_t n, double level_db,
		   double floor_db);
/* Of the last 32 ms that are judged, 0..1; < 0: not known, the energy is to decide. */
static inline double chan_vad_p(const struct chan_vad_line *l)
{
	return l->v ? (double)l->p : -1;
}

#endif
