/* tel_media.c: a call's sound, on its shard.
 *
 * One timer per call with absolute deadlines 20 ms apart. Each slot: one frame out of
 * the jitter buffer goes to on_frame, then one frame is pulled, encoded and sent, so
 * what is heard and what is said share one clock. A late timer makes up for at most
 * three slots; what is beyond that is skipped in both directions (the RTP timestamp
 * jumps), because a burst of old packets helps nobody.
 *
 * Packets are taken only from the signalled address and port. With nat set, the first
 * source that sends four packets in sequence with one SSRC is locked for the rest of
 * the call; until then nothing is heard from it. Nothing is allocated per packet. All
 * of it runs on the leg's loop.
 */
#include "tel_int.h"

#include <arpa/inet.h>

enum {
	FRAME_US = 20000,
	CATCH_UP = 3,
	NAT_RUN = 4,
	KEY_ECHO = 15, /* frames within which the same key by another path is the same
			  press */
};

static int silence(const struct tel_media *m)
{
	return m->to.pt == TEL_PT_PCMA ? 0xd5 : 0xff;
}

/* ---- receiving */

static bool source_ok(struct tel_leg *leg, const struct tel_rtp *h,
		      const struct sockaddr_in *from)
{
	struct tel_media *m = &leg->m;
	uint32_t ip = ntohl(from->sin_addr.s_addr);
	uint16_t port = ntohs(from->sin_port);

	if (ip == m->to.ip && port == m->to.port)
		return true;
	if (!tel_front_opts(leg->tel)->nat || m->nat_locked)
		return false;
	if (ip == m->nat_ip && port == m->nat_port && h->ssrc == m->nat_ssrc &&
	    h->seq == (uint16_t)(m->nat_seq + 1))
		m->nat_run++;
	else
		m->nat_run = 1;
	m->nat_ip = ip;
	m->nat_port = port;
	m->nat_ssrc = h->ssrc;
	m->nat_seq = h->seq;
	if (m->nat_run < NAT_RUN)
		return false;
	m->nat_locked = true;
	m->to.ip = ip;
	m->to.port = port;
	m->dst = *from;
	return true;
}

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

static void track_stream(struct tel_media *m, const struct tel_rtp *h)
{
	int16_t step = (int16_t)(h->seq - m->rx_seq);

	if (!m->rx_on || h->ssrc != m->rx_ssrc) {
		pcm_jb_reset(m->jb);
		memset(&m->ev_rx, 0, sizeof(m->ev_rx));
		m->rx_on = true;
		m->rx_ssrc = h->ssrc;
		m->rx_seq = h->seq;
		return;
	}
	if (step > 0) {
		m->st.lost += (uint64_t)step - 1;
		m->rx_seq = h->seq;
	} else if (step < 0 && m->st.lost) {
		m->st.lost--; /* it came after all */
	}
}

static void bad_packet(struct tel_media *m)
{
	m->st.rtp_bad++;
	metric_inc(M_RTP_BAD);
}

void tel_media_packet(struct tel_leg *leg, const uint8_t *p, size_t n,
		      const struct sockaddr_in *from)
{
	struct tel_media *m = &leg->m;
	int16_t pcm[960];
	struct tel_rtp h;
	char key;

	if (tel_rtp_parse(p, n, &h) || !source_ok(leg, &h, from)) {
		bad_packet(m);
		return;
	}
	bool voice = h.pt == TEL_PT_PCMU || h.pt == TEL_PT_PCMA;

	if ((!voice && h.pt != m->to.ev_rx && h.pt != TEL_PT_CN) ||
	    (voice && h.n > 960)) {
		bad_packet(m);
		return;
	}
	m->st.rtp_in++;
	metric_inc(M_RTP_IN);
	m->quiet_frames = 0;
	if (!m->st.first_rx_ms)
		m->st.first_rx_ms = loop_now_ms(leg->loop);
	track_stream(m, &h);
	if (voice) {
		if (h.pt == TEL_PT_PCMU)
			pcm_ulaw_decode(h.p, h.n, pcm);
		else
			pcm_alaw_decode(h.p, h.n, pcm);
		pcm_jb_put(m->jb, h.ts, pcm, h.n);
		return;
	}
	key = h.pt == m->to.ev_rx ? tel_ev_take(&m->ev_rx, h.ts, h.p, h.n) : 0;
	if (key)
		tel_leg_key(leg, key, TEL_KEY_EVENT);
}

static void on_udp(void *arg, sv packet, const struct sockaddr_in *from)
{
	tel_media_packet(arg, (const uint8_t *)packet.p, packet.n, from);
}

/* ---- sending */

static void send_rtp(struct tel_media *m, uint8_t *pkt, const struct tel_rtp *h,
		     size_t n)
{
	size_t head = tel_rtp_write(pkt, h);

	if (io_udp_send(m->udp, sv_n((const char *)pkt, head + n), &m->dst))
		return; /* socket buffer full: this packet is lost, as on any network */
	m->st.rtp_out++;
	metric_inc(M_RTP_OUT);
}

/* A key being sent as an event. True when it took this slot. */
static bool send_event(struct tel_media *m)
{
	uint8_t pkt[16];
	bool marker = false;
	int copies = 0, what;

	if (m->to.ev_tx < 0)
		return false;
	what = tel_ev_step(&m->ev_tx, m->ts, pkt + 12, &marker, &copies);
	if (what != TEL_EV_PACKET)
		return false; /* the pause between keys carries voice */
	for (int i = 0; i < copies; i++) {
		struct tel_rtp h = { .pt = (uint8_t)m->to.ev_tx,
				     .marker = marker,
				     .seq = m->seq++,
				     .ts = m->ev_tx.ts,
				     .ssrc = m->ssrc };

		send_rtp(m, pkt, &h, 4);
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
		pcm_dtmf_gen(m->ev_tx.queue[0], 100, m->tone, PCM_HZ / 10);
	step = m->ev_tx.step;
	if (tel_ev_step(&m->ev_tx, m->ts, p, &marker, &copies) == TEL_EV_PACKET)
		memcpy(out, m->tone + step * PCM_FRAME, PCM_FRAME * sizeof(*out));
	else
		memset(out, 0, PCM_FRAME * sizeof(*out));
	return true;
}

static void send_voice(struct tel_leg *leg)
{
	struct tel_media *m = &leg->m;
	uint8_t pkt[12 + PCM_FRAME];
	int16_t pcm[PCM_FRAME];
	int n = PCM_FRAME;

	if (!tone_event(m, pcm)) {
		n = leg->cb->on_pull ? leg->cb->on_pull(leg->arg, pcm) : 0;
		if (leg->freed || leg->closed)
			return;
		n = n < 0 ? 0 : n > PCM_FRAME ? PCM_FRAME : n;
	}
	if (m->to.pt == TEL_PT_PCMA)
		pcm_alaw_encode(pcm, (size_t)n, pkt + 12);
	else
		pcm_ulaw_encode(pcm, (size_t)n, pkt + 12);
	memset(pkt + 12 + n, silence(m), (size_t)(PCM_FRAME - n));
	struct tel_rtp h = { .pt = m->to.pt,
			     .marker = !m->talking,
			     .seq = m->seq++,
			     .ts = m->ts,
			     .ssrc = m->ssrc };

	m->talking = true;
	send_rtp(m, pkt, &h, PCM_FRAME);
}

/* ---- the clock */

static void hear(struct tel_leg *leg)
{
	struct tel_media *m = &leg->m;
	int16_t pcm[PCM_FRAME];
	char key;

	pcm_jb_get(m->jb, pcm);
	if (m->inband) {
		pcm_dtmf_push(m->inband, pcm, PCM_FRAME);
		while (!leg->freed && !leg->closed && (key = pcm_dtmf_next(m->inband)))
			tel_leg_key(leg, key, TEL_KEY_INBAND);
	}
	if (!leg->freed && !leg->closed && leg->cb->on_frame)
		leg->cb->on_frame(leg->arg, pcm, m->due_us / 1000);
}

static void say(struct tel_leg *leg)
{
	struct tel_media *m = &leg->m;
	int64_t late;

	if (!leg->up || !m->to.send || !m->to.ip) { /* not up: only heard, not said */
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

static void one_slot(struct tel_leg *leg)
{
	struct tel_media *m = &leg->m;

	m->key_age++;
	m->quiet_frames++;
	hear(leg);
	if (leg->freed || leg->closed)
		return;
	say(leg);
	m->ts += PCM_FRAME;
	m->st.tx_samples += PCM_FRAME;
	m->due_us += FRAME_US;
}

static void on_clock(void *arg)
{
	struct tel_leg *leg = obj_ref(arg);
	struct tel_media *m = &leg->m;
	int64_t now, behind;
	int n = 0;

	do {
		one_slot(leg);
		now = loop_now_us(leg->loop);
	} while (!leg->freed && !leg->closed && m->due_us <= now && ++n < CATCH_UP);
	if (leg->freed || leg->closed)
		goto out;
	behind = (now - m->due_us) / FRAME_US;
	if (behind > 0) {
		m->due_us += behind * FRAME_US;
		m->ts += (uint32_t)behind * PCM_FRAME;
		m->st.tx_samples += (uint64_t)behind * PCM_FRAME;
	}
	loop_at_us(leg->loop, &m->clock, m->due_us, on_clock, leg);
	if (leg->up && m->to.send && m->to.recv && m->quiet_frames * PCM_FRAME_MS >
				  tel_front_opts(leg->tel)->media_timeout_ms) {
		m->quiet_frames = 0; /* once */
		tel_leg_hangup(leg, 408);
	}
out:
	obj_unref(leg);
}

/* ---- setting up and down */

int tel_media_set(struct tel_leg *leg, struct io_udp *udp,
		  const struct tel_media_info *mi)
{
	struct tel_media *m = &leg->m;
	const struct tel_opts *o = tel_front_opts(leg->tel);
	bool moved = mi->ip != m->sig_ip || mi->port != m->sig_port;

	if (udp) {
		io_udp_close(m->udp);
		m->udp = udp;
		(void)io_udp_dscp(udp, 46); /* a hint to the network; without it the
					       call still works */
	}
	if (!m->jb && pcm_jb_open(&m->jb, o->jitter_min_ms, o->jitter_max_ms))
		return ERR_NOMEM;
	if (mi->ev_rx < 0 && !m->inband && pcm_dtmf_open(&m->inband))
		return ERR_NOMEM;
	if (mi->ev_rx >= 0) {
		pcm_dtmf_close(m->inband);
		m->inband = NULL;
	}
	m->sig_ip = mi->ip;
	m->sig_port = mi->port;
	if (moved)
		m->nat_locked = false;
	uint32_t ip = m->to.ip;
	uint16_t port = m->to.port;

	m->to = *mi;
	if (m->nat_locked) {
		m->to.ip = ip;
		m->to.port = port;
		return 0;
	}
	m->dst = (struct sockaddr_in){ .sin_family = AF_INET,
				       .sin_port = htons(mi->port),
				       .sin_addr.s_addr = htonl(mi->ip) };
	return 0;
}

void tel_media_start(struct tel_leg *leg)
{
	struct tel_media *m = &leg->m;

	if (!m->udp || !m->jb || loop_timer_on(&m->clock))
		return;
	rng_secure(&m->ssrc, sizeof(m->ssrc));
	rng_secure(&m->seq, sizeof(m->seq));
	rng_secure(&m->ts, sizeof(m->ts));
	m->quiet_frames = 0;
	m->key_age = KEY_ECHO;
	m->due_us = loop_now_us(leg->loop);
	if (io_udp_attach(m->udp, leg->loop, on_udp, leg)) {
		tel_leg_hangup(leg, 500);
		return;
	}
	loop_at_us(leg->loop, &m->clock, m->due_us, on_clock, leg);
}

void tel_media_stop(struct tel_leg *leg)
{
	struct tel_media *m = &leg->m;

	if (m->clock.loop)
		loop_timer_stop(&m->clock);
	if (m->jb) {
		struct pcm_jb_stats st = pcm_jb_stats(m->jb);

		m->st.late = st.late;
		m->st.concealed = st.concealed;
		m->st.jitter_ms = st.target_ms;
	}
	io_udp_close(m->udp);
	pcm_jb_close(m->jb);
	pcm_dtmf_close(m->inband);
	m->udp = NULL;
	m->jb = NULL;
	m->inband = NULL;
}
