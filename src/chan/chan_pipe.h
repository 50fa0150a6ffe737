/* chan_pipe.h: sound between two clocks: who brings it and who takes it each have their own 20 ms.
 * Private to chan; no loop, no thread.
 *
 *	pipe_init(&p, 8000, 20);
 *	pipe_put(&p, samples, n);              any length
 *	if (pipe_get(&p, frame)) ...           20 ms of it; else silence
 */
#ifndef CALLM_CHAN_PIPE_H
#define CALLM_CHAN_PIPE_H

#include "pcm.h"

/* OLD: more waiting than the cushion and this, for a second, is surplus. */
enum { CHAN_PIPE_MS = 500, CHAN_PIPE_OLD_MS = 60 };

struct chan_pipe {
	int rate;
	size_t frame;                /* samples of 20 ms */
	size_t cushion;              /* samples kept waiting, against an uneven bringer */
	int16_t s[CHAN_PIPE_MS * 16];
	size_t n, least;             /* waiting; the least of the last second */
	int ticks;
	bool filling;                /* nothing is given until the cushion is there */
	int16_t last;                /* sample given last, so that no edge is heard after it */
	unsigned gaps, drops;        /* ran empty; surplus thrown away */
};

void pipe_init(struct chan_pipe *p, int rate, int cushion_ms);
/* The oldest goes when more than CHAN_PIPE_MS wait. */
void pipe_put(struct chan_pipe *p, const int16_t *s, size_t n);
/* The next 20 ms; false: all of it is silence. */
bool pipe_get(struct chan_pipe *p, int16_t *out);

#endif
