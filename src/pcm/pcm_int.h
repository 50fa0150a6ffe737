/* pcm_int.h: packet loss concealment, inside pcm (the jitter buffer's). */
#ifndef CALLM_PCM_INT_H
#define CALLM_PCM_INT_H

#include "pcm.h"

enum { PCM_PLC_HIST = 480, PCM_PLC_LAG = 120 };
struct pcm_plc {
	int16_t hist[PCM_PLC_HIST]; /* what was played, newest last */
	float cycle[PCM_PLC_LAG];   /* the period being repeated */
	int lag, off,
		missing; /* its length, position in it, samples made up in a row */
};
void pcm_plc_good(struct pcm_plc *p, int16_t *s,
		  int n); /* received: joins smoothly after a gap */
void pcm_plc_fill(struct pcm_plc *p, int16_t *out,
		  int n); /* lost: makes n samples up */

#endif
