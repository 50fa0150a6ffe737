/* pcm_plc.c: packet loss concealment for 8 kHz speech, after the idea of ITU-T G.711
 * Appendix I.
 *
 * The pitch period is found at the start of a gap (least mean difference between the
 * last 20 ms and the same shifted by 5 to 15 ms), the last period is repeated, its end
 * blended so that it loops without a click, and it fades from the tenth to the sixtieth
 * millisecond. The first 5 ms received afterwards are blended with the continued
 * repetition. (spandsp has the same, but its 0.0.6 copies overlapping memory with
 * memcpy: AddressSanitizer stops there, and the result is undefined.) Embedded in the
 * jitter buffer, one thread.
 */
#include "pcm_int.h"

#include <math.h>

enum { LAG_MIN = 40, CORR = 160, HOLD = 80, DEAD = 480, JOIN = 40 };

static int find_lag(const int16_t *h)
{
	int best = LAG_MIN;
	int64_t least = INT64_MAX;

	for (int lag = LAG_MIN; lag <= PCM_PLC_LAG; lag++) {
		int64_t sum = 0;

		for (int i = PCM_PLC_HIST - CORR; i < PCM_PLC_HIST; i++)
			sum += h[i] > h[i - lag] ? h[i] - h[i - lag] :
						   h[i - lag] - h[i];
		if (sum < least) {
			least = sum;
			best = lag;
		}
	}
	return best;
}

static void begin(struct pcm_plc *p)
{
	const int16_t *end = p->hist + PCM_PLC_HIST;
	int q;

	p->lag = find_lag(p->hist);
	p->off = 0;
	q = p->lag / 4;
	for (int i = 0; i < p->lag; i++)
		p->cycle[i] = end[i - p->lag];
	for (int i = 0; i < q;
	     i++) { /* the end of the period becomes what came before its start */
		float w = (float)(i + 1) / (float)(q + 1);
		float *c = &p->cycle[p->lag - q + i];

		*c = *c * (1 - w) + end[i - p->lag - q] * w;
	}
}

static float next(struct pcm_plc *p)
{
	float v = p->cycle[p->off];
	float gain =
		p->missing < HOLD ? 1 : 1 - (float)(p->missing - HOLD) / (DEAD - HOLD);

	p->off = p->off + 1 < p->lag ? p->off + 1 : 0;
	if (p->missing < DEAD)
		p->missing++;
	return gain > 0 ? v * gain : 0;
}

static void remember(struct pcm_plc *p, const int16_t *s, int n)
{
	if (n >= PCM_PLC_HIST) {
		memcpy(p->hist, s + n - PCM_PLC_HIST, sizeof(p->hist));
		return;
	}
	memmove(p->hist, p->hist + n, (size_t)(PCM_PLC_HIST - n) * sizeof(*s));
	memcpy(p->hist + PCM_PLC_HIST - n, s, (size_t)n * sizeof(*s));
}

void pcm_plc_good(struct pcm_plc *p, int16_t *s, int n)
{
	if (p->missing) {
		for (int i = 0; i < JOIN && i < n; i++) {
			float w = (float)(i + 1) / (JOIN + 1);

			s[i] = (int16_t)lrintf(next(p) * (1 - w) + s[i] * w);
		}
		p->missing = 0;
	}
	remember(p, s, n);
}

void pcm_plc_fill(struct pcm_plc *p, int16_t *out, int n)
{
	if (!p->missing)
		begin(p);
	for (int i = 0; i < n; i++)
		out[i] = (int16_t)lrintf(next(p));
	remember(p, out, n);
}
