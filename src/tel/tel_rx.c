/* tel_rx.c: what a call hears, on its shard.
 *
 * A call reads its socket once a slot, right before it takes a frame: no wake-up per packet, and at
 * most BUDGET packets, so a flood costs its own call little and the others nothing (what is left
 * over the kernel drops).
 *
 * Who is heard (sip.md's RTP injection, RFC 3550 appendix A.1): packets come from the signalled
 * address and port; with nat set, the first source that sends four packets in sequence with one
 * SSRC is locked until a re-INVITE. With SRTP a packet must be authentic before it counts for
 * anything. The first SSRC is locked too: another one is heard after four packets in sequence
 * during which the old one was silent. Once locked the socket is connected, and the kernel drops
 * all other sources.
 *
 * Nothing is allocated per packet but by a codec's first one.
 */
#include <math.h>

#include "tel_int.h"

enum {
	BUDGET = 64,
	RUN = 4,
	KEY_ECHO = 15, /* slots within which the same key by another path is the same press */
	GAP_SLOTS = 3, /* a packet may come so much later than its successors */
	LONGEST = 960, /* samples of a packet: 120 ms */
	FEC_MAX = 3,   /* lost packets in a row that a decoder makes up for */
	CN_LOUDEST = -55,
};

/* ---- who is heard */

static bool known_source(const struct tel_media *m, const struct sockaddr_in *from)
{
	return ntohl(from->sin_addr.s_addr) == m->to.ip && ntohs(from->sin_port) == m->to.port;
}

/* A source that was not signalled; true when this packet locks it. */
static bool nat_locks(struct tel_media *m, const struct tel_rtp *h, const struct sockaddr_in *from)
{
	uint32_t ip = ntohl(from->sin_addr.s_addr);
	uint16_t port = ntohs(from->sin_port);

	if (ip == m->nat_ip && port == m->nat_port && h->ssrc == m->nat_ssrc &&
	    h->seq == (uint16_t)(m->nat_seq + 1))
		m->nat_run++;
	else
		m->nat_run = 1;
	m->nat_ip = ip;
	m->nat_port = port;
	m->nat_ssrc = h->ssrc;
	m->nat_seq = h->seq;
	if (m->nat_run < RUN)
		return false;
	m->nat_locked = true;
	m->to.ip = ip;
	m->to.port = port;
	m->dst = *from;
	if (m->to.rtcp_port) {
		m->to.rtcp_ip = ip;
		m->to.rtcp_port = (uint16_t)(m->to.mux ? port : port + 1);
	}
	return true;
}

static void begin_stream(struct tel_media *m, const struct tel_rtp *h)
{
	m->st.lost += (uint64_t)tel_rx_lost(&m->rx);
	pcm_jb_reset(m->jb);
	memset(&m->ev_rx, 0, sizeof(m->ev_rx));
	pcm_line_close(m->dec);
	m->dec = NULL;
	m->rx_on = true;
	m->fresh = false;
	m->rx_ssrc = h->ssrc;
	m->rx_seq = (uint16_t)(h->seq - 1);
	m->rx_ts = h->ts;
	m->rx_ext = h->ts;
	m->new_run = 0;
	tel_rx_begin(&m->rx, h->seq);
}

/* The locked stream, or one that takes its place now. */
static bool stream_ok(struct tel_media *m, const struct tel_rtp *h)
{
	if (m->rx_on && h->ssrc == m->rx_ssrc) {
		m->new_run = 0; /* it lives: whoever comes beside it begins again */
		m->fresh = false;
		return true;
	}
	if (m->rx_on && !m->fresh) {
		bool next = m->new_run && h->ssrc == m->new_ssrc &&
			    h->seq == (uint16_t)(m->new_seq + 1);

		m->new_run = next ? m->new_run + 1 : 1;
		m->new_ssrc = h->ssrc;
		m->new_seq = h->seq;
		if (m->new_run < RUN)
			return false;
	}
	begin_stream(m, h);
	return true;
}

static void latch(struct tel_media *m, const struct sockaddr_in *from)
{
	if (!m->latched)
		m->latched = !io_udp_connect(m->udp, from);
}

/* ---- keys */

void tel_leg_key(struct tel_leg *leg, char digit, int src)
{
	struct tel_media *m = &leg->m;

	if (!pcm_dtmf_ok(digit))
		return;
	if (digit == m->last_key && src != m->key_src && m->key_age < KEY_ECHO)
		return;
	m->last_key = digit;
	m->key_src = src;
	m->key_age = 0;
	if (leg->cb->on_dtmf)
		leg->cb->on_dtmf(leg->arg, digit);
}

/* ---- sound */

static const struct tel_fmt *fmt_of(const struct tel_media *m, uint8_t pt)
{
	for (int i = 0; i < m->to.n_fmts; i++)
		if (m->to.fmts[i].pt == pt)
			return &m->to.fmts[i];
	return NULL;
}

/* The timestamp in 1/8000 s. That of a faster clock is made long first, so that its wrap is no jump
 * of ours. */
static uint32_t ts_8k(struct tel_media *m, int codec, uint32_t ts)
{
	m->rx_ext += (int32_t)(ts - m->rx_ts);
	m->rx_ts = ts;
	return codec == TEL_OPUS ? (uint32_t)(m->rx_ext / 6) : (uint32_t)m->rx_ext;
}

/* G.722 and Opus have a memory: packets are decoded in order, an overtaken one is dropped. lost:
 * packets missing before this one; Opus makes up for them, the last one from this packet. */
static void line_voice(struct tel_media *m, int codec, const struct tel_rtp *h, uint32_t ts,
		       int step)
{
	int16_t pcm[LONGEST];
	int n, lost = step - 1;

	if (step <= 0 ||
	    (!m->dec && pcm_line_open(&m->dec, codec == TEL_OPUS ? PCM_LINE_OPUS : PCM_LINE_G722)))
		return;
	for (int i = lost; i > 0 && lost <= FEC_MAX; i--) {
		n = pcm_line_lost(m->dec, i == 1 ? h->p : NULL, i == 1 ? h->n : 0, pcm);
		if (n > 0)
			pcm_jb_put(m->jb, ts - (uint32_t)i * PCM_FRAME, pcm, (size_t)n);
	}
	n = pcm_line_decode(m->dec, h->p, h->n, pcm, LONGEST);
	if (n > 0)
		pcm_jb_put(m->jb, ts, pcm, (size_t)n);
}

static void voice(struct tel_media *m, int codec, const struct tel_rtp *h, int step)
{
	int16_t pcm[LONGEST];
	uint32_t ts = ts_8k(m, codec, h->ts);

	m->quiet = false;
	if (codec == TEL_G722 || codec == TEL_OPUS) {
		line_voice(m, codec, h, ts, step);
		return;
	}
	if (codec == TEL_PCMU)
		pcm_ulaw_decode(h->p, h->n, pcm);
	else
		pcm_alaw_decode(h->p, h->n, pcm);
	pcm_jb_put(m->jb, ts, pcm, h->n);
}

/* Comfort noise (RFC 3389): only its level is used, and never so loud that it could be taken for
 * speech. */
static void comfort(struct tel_media *m, const struct tel_rtp *h)
{
	int db = h->n ? -(h->p[0] & 127) : -127;

	m->cn_db = db < CN_LOUDEST ? db : CN_LOUDEST;
	m->quiet = true;
	pcm_jb_pause(m->jb);
}

/* Likewise for a key's, where its clock is the faster one. */
static uint32_t key_ts(const struct tel_media *m, uint32_t ts)
{
	int64_t ext = m->rx_ext + (int32_t)(ts - m->rx_ts);

	return m->to.ev_div > 1 ? (uint32_t)(ext / m->to.ev_div) : ts;
}

static void key_event(struct tel_media *m, const struct tel_rtp *h, int step)
{
	bool gap = step > 1 || m->gap_slots > 0;

	m->quiet = true;
	m->cn_db = -127;
	pcm_jb_pause(m->jb);
	tel_ev_take(&m->ev_rx, key_ts(m, h->ts), gap, h->p, h->n);
}

static void bad_packet(struct tel_media *m)
{
	m->st.rtp_bad++;
	metric_inc(M_RTP_BAD);
}

/* Counts it; returns how far it is ahead of the newest so far (1 = the next). */
static int count(struct tel_leg *leg, const struct tel_rtp *h)
{
	struct tel_media *m = &leg->m;
	int step = (int16_t)(h->seq - m->rx_seq);

	m->st.rtp_in++;
	metric_inc(M_RTP_IN);
	m->quiet_frames = 0;
	if (!m->st.first_rx_ms)
		m->st.first_rx_ms = loop_now_ms(leg->loop);
	tel_rx_count(&m->rx, h->seq);
	if (step > 0)
		m->rx_seq = h->seq;
	if (step > 1)
		m->gap_slots = GAP_SLOTS;
	return step;
}

static void time_it(struct tel_media *m, int codec, const struct tel_rtp *h, int64_t at_us)
{
	int hz = codec == TEL_OPUS ? 48000 : PCM_HZ;
	int64_t ext = m->rx_ext + (int32_t)(h->ts - m->rx_ts), off;
	bool timed = m->rx.timed;

	off = tel_rx_time(&m->rx, at_us, ext * 1000000 / hz);
	if (timed)
		metric_observe_us(M_RTP_JITTER_US, off);
}

/* Decrypts, checks, tells what it is. *codec -1: a key or comfort noise. */
static bool accept_packet(struct tel_leg *leg, uint8_t *p, size_t n, const struct sockaddr_in *from,
			  struct tel_rtp *h, int *codec)
{
	struct tel_media *m = &leg->m;
	bool known = known_source(m, from);
	const struct tel_fmt *f;

	if (!known && (!tel_front_opts(leg->tel)->nat || m->nat_locked))
		return false;
	if (m->srtp && tel_srtp_unprotect(m->srtp, false, p, &n))
		return false;
	if (tel_rtp_parse(p, n, h))
		return false;
	f = fmt_of(m, h->pt);
	*codec = f ? f->codec : -1;
	if (f ? h->n > TEL_RTP_MAX || (f->codec != TEL_OPUS && h->n > LONGEST) :
		h->pt != m->to.ev_rx && h->pt != TEL_PT_CN)
		return false;
	if (!known && !nat_locks(m, h, from))
		return false;
	return stream_ok(m, h);
}

void tel_rx_packet(struct tel_leg *leg, uint8_t *p, size_t n, const struct sockaddr_in *from,
		   int64_t at_us)
{
	struct tel_media *m = &leg->m;
	struct tel_rtp h;
	int codec, step;

	if (m->to.mux && n > 1 && p[1] >= 192 && p[1] <= 223) { /* RFC 5761, 4 */
		if (known_source(m, from))
			tel_report_in(leg, p, n, at_us);
		return;
	}
	if (!accept_packet(leg, p, n, from, &h, &codec)) {
		bad_packet(m);
		return;
	}
	latch(m, from);
	step = count(leg, &h);
	if (codec >= 0) {
		time_it(m, codec, &h, at_us);
		voice(m, codec, &h, step);
	} else if (h.pt == m->to.ev_rx) {
		key_event(m, &h, step);
	} else {
		comfort(m, &h);
	}
}

/* ---- once a slot */

static void on_polled(void *arg, sv packet, const struct sockaddr_in *from, int64_t at_us)
{
	/* the reader's own buffer, ours until the next packet: SRTP works in place */
	tel_rx_packet(arg, (uint8_t *)(uintptr_t)packet.p, packet.n, from, at_us);
}

void tel_rx_poll(struct tel_leg *leg)
{
	struct tel_media *m = &leg->m;
	char key;

	m->gap_slots -= m->gap_slots > 0;
	(void)io_udp_poll(m->udp, BUDGET, on_polled, leg);
	while (!leg->freed && !leg->closed && (key = tel_ev_next(&m->ev_rx)))
		tel_leg_key(leg, key, TEL_KEY_EVENT);
	tel_ev_tick(&m->ev_rx);
}

/* White noise of m->cn_db: a frame of what the other side says its silence sounds like. */
static void noise(struct tel_media *m, int16_t out[PCM_FRAME])
{
	double peak = 32768 * pow(10, m->cn_db / 20.0) * 1.732; /* uniform: peak = rms * sqrt 3 */

	for (int i = 0; i < PCM_FRAME; i++) {
		m->cn_seed = m->cn_seed * 1664525u + 1013904223u;
		out[i] = (int16_t)lrint(peak * ((double)(m->cn_seed >> 16) / 32768.0 - 1));
	}
}

void tel_rx_frame(struct tel_leg *leg, int16_t out[PCM_FRAME])
{
	struct tel_media *m = &leg->m;

	if (!pcm_jb_get(m->jb, out) && m->quiet && m->cn_db > -100)
		noise(m, out);
}
