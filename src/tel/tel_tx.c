/* tel_tx.c: what a call says, on its shard: voice or a key, once a slot.
 *
 * A packet is built on the stack, encrypted in place when the call has keys, and sent through the
 * call's own socket (connected once the other side was heard). A full socket buffer loses the
 * packet, as any network may.
 */
#include "tel_int.h"

enum { HEAD = 12, KEY_MS = 100 };

uint32_t tel_codec_step(int codec)
{
	return codec == TEL_OPUS ? 960 : PCM_FRAME; /* RFC 7587, 4.1; G.722: RFC 3551, 4.5.2 */
}

static void send_rtp(struct tel_media *m, uint8_t *pkt, const struct tel_rtp *h, size_t n)
{
	size_t len = tel_rtp_write(pkt, h) + n;

	if (m->srtp && tel_srtp_protect(m->srtp, false, pkt, &len))
		return;
	if (io_udp_send(m->udp, sv_n((const char *)pkt, len), &m->dst))
		return;
	m->st.rtp_out++;
	m->octets += (uint32_t)n;
	metric_inc(M_RTP_OUT);
}

/* A key being sent as an event. True when it took this slot. */
static bool send_event(struct tel_media *m)
{
	_Alignas(8) uint8_t pkt[64];
	bool marker = false;
	int copies = 0;
	uint32_t unit = PCM_FRAME * (uint32_t)m->to.ev_div;

	/* the pause between keys carries voice */
	if (m->to.ev_tx < 0 ||
	    tel_ev_step(&m->ev_tx, m->ts, unit, pkt + HEAD, &marker, &copies) != TEL_EV_PACKET)
		return false;
	uint8_t event[4];

	memcpy(event, pkt + HEAD, sizeof(event));
	for (int i = 0; i < copies; i++) {
		struct tel_rtp h = { .pt = (uint8_t)m->to.ev_tx,
				     .marker = marker,
				     .seq = m->seq++,
				     .ts = m->ev_tx.ts,
				     .ssrc = m->ssrc };

		memcpy(pkt + HEAD, event, sizeof(event)); /* encrypted by the one before */
		send_rtp(m, pkt, &h, sizeof(event));
	}
	return true;
}

/* A key being sent in-band: the same steps, the tone instead of the packet. */
static bool tone_event(struct tel_media *m, int16_t out[PCM_FRAME])
{
	uint8_t p[4];
	bool marker;
	int copies, step;

	if (m->to.ev_tx >= 0 || !m->ev_tx.n)
		return false;
	if (!m->ev_tx.step)
		pcm_dtmf_gen(m->ev_tx.queue[0], KEY_MS, m->tone, PCM_HZ / 10);
	step = m->ev_tx.step;
	if (tel_ev_step(&m->ev_tx, m->ts, PCM_FRAME, p, &marker, &copies) == TEL_EV_PACKET)
		memcpy(out, m->tone + step * PCM_FRAME, PCM_FRAME * sizeof(*out));
	else
		memset(out, 0, PCM_FRAME * sizeof(*out));
	return true;
}

/* Returns bytes, 0 when this frame cannot be said. */
static size_t encode(struct tel_media *m, const int16_t pcm[PCM_FRAME], uint8_t *to, size_t cap)
{
	int n;

	if (m->to.codec == TEL_PCMU) {
		pcm_ulaw_encode(pcm, PCM_FRAME, to);
		return PCM_FRAME;
	}
	if (m->to.codec == TEL_PCMA) {
		pcm_alaw_encode(pcm, PCM_FRAME, to);
		return PCM_FRAME;
	}
	if (!m->enc &&
	    pcm_line_open(&m->enc, m->to.codec == TEL_OPUS ? PCM_LINE_OPUS : PCM_LINE_G722))
		return 0;
	n = pcm_line_encode(m->enc, pcm, to, cap);
	return n > 0 ? (size_t)n : 0;
}

static void send_voice(struct tel_leg *leg)
{
	struct tel_media *m = &leg->m;
	_Alignas(8) uint8_t pkt[TEL_RTP_ROOM];
	int16_t pcm[PCM_FRAME];
	int n = PCM_FRAME;
	size_t len;

	if (!tone_event(m, pcm)) {
		n = leg->cb->on_pull ? leg->cb->on_pull(leg->arg, pcm) : 0;
		if (leg->freed || leg->closed)
			return;
		n = n < 0 ? 0 : n > PCM_FRAME ? PCM_FRAME : n;
	}
	memset(pcm + n, 0, (size_t)(PCM_FRAME - n) * sizeof(*pcm));
	len = encode(m, pcm, pkt + HEAD, TEL_RTP_MAX - HEAD);
	if (!len)
		return;
	struct tel_rtp h = { .pt = m->to.pt,
			     .marker = !m->talking,
			     .seq = m->seq++,
			     .ts = m->ts,
			     .ssrc = m->ssrc };

	m->talking = true;
	send_rtp(m, pkt, &h, len);
}

void tel_tx_slot(struct tel_leg *leg)
{
	struct tel_media *m = &leg->m;
	int64_t late;

	if (!leg->up || !m->to.send || !m->to.ip) {
		m->talking = false;
		return;
	}
	late = loop_now_us(leg->loop) - m->due_us;
	metric_observe_us(M_RTP_LATE_US, late);
	if (late > m->st.worst_late_us)
		m->st.worst_late_us = late;
	if (!send_event(m))
		send_voice(leg);
}
