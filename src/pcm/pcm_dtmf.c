/* pcm_dtmf.c: in-band DTMF through spandsp, and making the tones.
 *
 * spandsp's receiver queues up to 128 digits; we take them out one at a time. The
 * generator is ours: two sines in phase from the first sample. Owned by one thread at a
 * time.
 */
#include "pcm.h"

#include <math.h>
#include <tgmath.h>
#include <spandsp.h>

struct pcm_dtmf {
	dtmf_rx_state_t *rx;
};

static const char keys[] = "123A456B789C*0#D";

int pcm_dtmf_open(struct pcm_dtmf **ret)
{
	dtmf_rx_state_t *rx = dtmf_rx_init(NULL, NULL, NULL);

	if (!rx)
		return ERR_NOMEM;
	struct pcm_dtmf *d = xalloc(sizeof(*d));

	/* No dial tone on an answered call, so no filter for it; default twist; 42 dB
	 * below full scale. */
	dtmf_rx_parms(rx, 0, -1, -1, -42);
	d->rx = rx;
	*ret = d;
	return 0;
}

void pcm_dtmf_close(struct pcm_dtmf *d)
{
	if (!d)
		return;
	dtmf_rx_free(d->rx);
	xfree(d);
}

void pcm_dtmf_push(struct pcm_dtmf *d, const int16_t *s, size_t n)
{
	dtmf_rx(d->rx, s, (int)n);
}

char pcm_dtmf_next(struct pcm_dtmf *d)
{
	char buf[4] = { 0 };

	return dtmf_rx_get(d->rx, buf, 1) > 0 ? buf[0] : 0;
}

bool pcm_dtmf_ok(char digit)
{
	return digit && memchr(keys, digit, sizeof(keys) - 1);
}

size_t pcm_dtmf_gen(char digit, int ms, int16_t *out, size_t cap)
{
	static const double row[] = { 697, 770, 852, 941 },
			    col[] = { 1209, 1336, 1477, 1633 };
	const char *at = digit ? memchr(keys, digit, sizeof(keys) - 1) : NULL;

	if (!at || ms <= 0)
		return 0;
	size_t k = (size_t)(at - keys), n = (size_t)ms * PCM_HZ / 1000;

	n = n > cap ? cap : n;
	for (size_t i = 0; i < n; i++) {
		double w = 2 * M_PI * (double)i / PCM_HZ;
		double v = sin(w * row[k / 4]) + sin(w * col[k % 4]);

		/* -10 dBm0 is 13.14 dB below a full-scale sine (G.711: +3.14 dBm0) */
		out[i] = (int16_t)lrint(v * 32767 * 0.2203);
	}
	return n;
}
