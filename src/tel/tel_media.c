/* tel_media.c: a call's sound, on its shard: setting it up, its 20 ms slot, its end.
 *
 * Slots come from the loop's wheel (tel_wheel.c) with absolute deadlines. Each one reads what has
 * arrived (tel_rx.c), gives one frame out of the jitter buffer to on_frame, then pulls, encodes and
 * sends one (tel_tx.c), so what is heard and what is said share one clock; then RTCP has its turn
 * (tel_report.c). A late loop makes up for all it has missed (of the last second) in hearing, so
 * that recogniser and recording keep the wall clock, but says only the last three frames: a burst
 * of old packets helps nobody, the RTP timestamp jumps instead.
 */
#include "tel_int.h"

enum { FRAME_US = 20000, CATCH_UP = 3, HEAR_UP = 50, KEY_OLD = 15 };

/* ---- the slot */

static bool gone(const struct tel_leg *leg)
{
	return leg->freed || leg->closed;
}

static void hear(struct tel_leg *leg)
{
	struct tel_media *m = &leg->m;
	int16_t pcm[PCM_FRAME];
	char key;

	tel_rx_poll(leg);
	if (gone(leg))
		return;
	tel_rx_frame(leg, pcm);
	if (m->inband) {
		pcm_dtmf_push(m->inband, pcm, PCM_FRAME);
		while (!gone(leg) && (key = pcm_dtmf_next(m->inband)))
			tel_leg_key(leg, key, TEL_KEY_INBAND);
	}
	if (!gone(leg) && leg->cb->on_frame)
		leg->cb->on_frame(leg->arg, pcm, m->due_us / 1000);
}

static void one_slot(struct tel_leg *leg)
{
	struct tel_media *m = &leg->m;

	m->key_age++;
	m->quiet_frames++;
	hear(leg);
	if (gone(leg))
		return;
	tel_tx_slot(leg);
	if (gone(leg))
		return;
	tel_report_slot(leg);
	m->ts += tel_codec_step(m->to.codec);
	m->st.tx_samples += PCM_FRAME;
	m->due_us += FRAME_US;
}

static void skip(struct tel_media *m, int64_t slots)
{
	m->due_us += slots * FRAME_US;
	m->ts += (uint32_t)slots * tel_codec_step(m->to.codec);
	m->st.tx_samples += (uint64_t)slots * PCM_FRAME;
}

/* Nothing came for too long, and something should have. */
static void mind_silence(struct tel_leg *leg)
{
	struct tel_media *m = &leg->m;
	int limit = tel_front_opts(leg->tel)->media_timeout_ms;

	if (!leg->up || !m->to.send || !m->to.recv || m->quiet_frames * PCM_FRAME_MS <= limit)
		return;
	m->quiet_frames = 0; /* once */
	tel_leg_hangup(leg, 408);
}

/* Slots that are missed: heard, but not said. */
static void hear_late(struct tel_leg *leg)
{
	struct tel_media *m = &leg->m;
	int64_t late = (loop_now_us(leg->loop) - m->due_us) / FRAME_US;

	if (late > HEAR_UP)
		skip(m, late - HEAR_UP);
	for (late = late < HEAR_UP ? late : HEAR_UP; late >= CATCH_UP && !gone(leg); late--) {
		m->key_age++;
		m->quiet_frames++;
		hear(leg);
		skip(m, 1);
	}
}

void tel_media_slot(struct tel_leg *leg)
{
	struct tel_media *m = &leg->m;
	int n = 0;

	(void)obj_ref(leg);
	hear_late(leg);
	while (!gone(leg) && m->due_us <= loop_now_us(leg->loop) && n++ < CATCH_UP)
		one_slot(leg);
	if (!gone(leg))
		mind_silence(leg);
	obj_unref(leg);
}

/* ---- setting up and down */

static bool same_keys(const struct tel_keys *a, const struct tel_keys *b)
{
	return a->suite == b->suite && !memcmp(a->tx, b->tx, sizeof(a->tx)) &&
	       !memcmp(a->rx, b->rx, sizeof(a->rx));
}

/* New keys begin new contexts; the same ones go on, roll-over counters and all. */
static int set_keys(struct tel_media *m, const struct tel_keys *k)
{
	if (same_keys(&m->to.keys, k))
		return 0;
	if (m->srtp && k->suite == m->to.keys.suite)
		return tel_srtp_rekey(m->srtp, &m->to.keys, k);
	tel_srtp_close(m->srtp);
	m->srtp = NULL;
	return k->suite ? tel_srtp_open(&m->srtp, k) : 0;
}

/* The coder of what we said before is of no use to another codec. */
static void set_codec(struct tel_media *m, int codec)
{
	if (m->to.codec == codec)
		return;
	pcm_line_close(m->enc);
	m->enc = NULL;
}

static int set_parts(struct tel_leg *leg, const struct tel_media_info *mi)
{
	struct tel_media *m = &leg->m;
	const struct tel_opts *o = tel_front_opts(leg->tel);

	if (!m->jb && pcm_jb_open(&m->jb, o->jitter_min_ms, o->jitter_max_ms))
		return ERR_NOMEM;
	if (mi->ev_rx < 0 && !m->inband && pcm_dtmf_open(&m->inband))
		return ERR_NOMEM;
	if (mi->ev_rx >= 0) {
		pcm_dtmf_close(m->inband);
		m->inband = NULL;
	}
	set_codec(m, mi->codec);
	return set_keys(m, &mi->keys);
}

/* The other side is somewhere else now: anybody may be the first again. */
static void unlock(struct tel_media *m)
{
	m->nat_locked = false;
	m->nat_run = 0;
	if (m->latched)
		(void)io_udp_connect(m->udp, NULL);
	m->latched = false;
}

int tel_media_set(struct tel_leg *leg, struct io_udp *udp, const struct tel_media_info *mi)
{
	struct tel_media *m = &leg->m;
	bool moved = mi->ip != m->sig_ip || mi->port != m->sig_port;
	struct tel_media_info was = m->to;

	if (udp) {
		io_udp_close(m->udp);
		m->udp = udp;
		/* a hint to the network; without it the call still works */
		(void)io_udp_dscp(udp, 46);
	}
	if (set_parts(leg, mi))
		return ERR_NOMEM;
	m->sig_ip = mi->ip;
	m->sig_port = mi->port;
	if (moved)
		unlock(m);
	m->fresh = true; /* an offer may bring a new stream (SSRC) from the same place */
	if (!m->to.recv && mi->recv)
		m->quiet_frames = 0;
	m->to = *mi;
	if (m->nat_locked) {
		m->to.ip = was.ip;
		m->to.port = was.port;
		m->to.rtcp_ip = was.rtcp_ip;
		m->to.rtcp_port = was.rtcp_port;
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

	if (!m->udp || !m->jb || m->on)
		return;
	rng_secure(&m->ssrc, sizeof(m->ssrc));
	rng_secure(&m->seq, sizeof(m->seq));
	rng_secure(&m->ts, sizeof(m->ts));
	rng_secure(&m->cn_seed, sizeof(m->cn_seed));
	m->seq &= 0x7fff; /* SRTP: the first wrap must not come with the first packets lost */
	m->quiet_frames = 0;
	m->key_age = KEY_OLD;
	m->on = true;
	tel_report_open(leg);
	tel_wheel_join(leg, leg->loop);
}

void tel_media_stats(const struct tel_leg *leg, struct tel_leg_stats *ret)
{
	const struct tel_media *m = &leg->m;
	struct pcm_jb_stats j;

	*ret = m->st;
	ret->lost += (uint64_t)tel_rx_lost(&m->rx);
	ret->rx_jitter_us = m->rx.jitter_us16 >> 4;
	if (!m->jb)
		return;
	j = pcm_jb_stats(m->jb);
	ret->late = j.late;
	ret->concealed = j.concealed;
	ret->jitter_ms = j.target_ms;
}

void tel_media_stop(struct tel_leg *leg)
{
	struct tel_media *m = &leg->m;

	tel_wheel_leave(leg);
	tel_report_bye(leg);
	tel_media_stats(leg, &m->st);
	m->st.lost -= (uint64_t)tel_rx_lost(&m->rx); /* counted there again when asked */
	if (m->on)
		metric_add(M_RTP_LOST, (int64_t)m->st.lost + tel_rx_lost(&m->rx));
	m->on = false;
	io_udp_close(m->udp);
	pcm_jb_close(m->jb);
	pcm_dtmf_close(m->inband);
	pcm_line_close(m->enc);
	pcm_line_close(m->dec);
	tel_srtp_close(m->srtp);
	explicit_bzero(&m->to.keys, sizeof(m->to.keys));
	m->udp = NULL;
	m->jb = NULL;
	m->inband = NULL;
	m->enc = m->dec = NULL;
	m->srtp = NULL;
}
