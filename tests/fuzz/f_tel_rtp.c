/* Fuzz target: RTP packets (each preceded by its length in one byte) through header,
 * events and jitter buffer. */
#include "tel_int.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static void one(struct pcm_jb *jb, struct tel_ev_rx *ev, const uint8_t *p, size_t n)
{
	int16_t pcm[TEL_RTP_MAX];
	struct tel_rtp h;
	char key;

	if (tel_rtp_parse(p, n, &h))
		return;
	if (h.p < p || h.p + h.n > p + n)
		__builtin_trap();
	tel_ev_take(ev, h.ts, h.seq & 1, h.p, h.n);
	while ((key = tel_ev_next(ev)))
		if (!pcm_dtmf_ok(key))
			__builtin_trap();
	if (h.marker)
		tel_ev_tick(ev);
	if (h.pt == TEL_PT_CN)
		pcm_jb_pause(jb);
	pcm_ulaw_decode(h.p, h.n, pcm);
	pcm_jb_put(jb, h.ts, pcm, h.n);
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct tel_ev_rx ev = { 0 };
	struct pcm_jb *jb;
	int16_t out[160];

	if (pcm_jb_open(&jb, 20, 60))
		return 0;
	while (n > 1) {
		size_t k = p[0] < n - 1 ? p[0] : n - 1;

		one(jb, &ev, p + 1, k);
		if (pcm_jb_get(jb, out) > 160)
			__builtin_trap();
		p += 1 + k;
		n -= 1 + k;
	}
	pcm_jb_close(jb);
	return 0;
}
