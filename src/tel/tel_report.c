/* tel_report.c: RTCP of a call (RFC 3550 section 6), on its shard.
 *
 * It comes on the RTP socket when both sides said so (RFC 5761), else on the port after it, which
 * is opened here; when that port is taken the call goes on without reports. A report of ours goes
 * out every 5 s, each time between half and one and a half of that (6.2, 6.3.1), the first after
 * half of it; the last one says goodbye. What the other side reports of our stream, and the round
 * trip (6.4.1), stand in tel_leg_stats. Reports count as signs of life: a side that is silent on
 * purpose is not hung up.
 */
#include <stdio.h>

#include "tel_int.h"

enum { EVERY = 250, LOOK = 25, BUDGET = 16 }; /* slots of 20 ms; packets */
enum { RTT_MOST = 60 * 65536, RTT_CUT = 65 }; /* 1/65536 s */

static const uint64_t unix_to_ntp = 2208988800u; /* seconds from 1900 to 1970 */

static int rtp_hz(const struct tel_media *m)
{
	return m->to.codec == TEL_OPUS ? 48000 : PCM_HZ;
}

static uint64_t ntp_at(const struct tel_media *m, int64_t mono_us)
{
	uint64_t us = (uint64_t)(mono_us + m->rtcp.wall_us);

	return (us / 1000000 + unix_to_ntp) << 32 | (us % 1000000 << 32) / 1000000;
}

/* Half to one and a half of the interval. */
static int next_due(void)
{
	uint16_t r;

	rng_secure(&r, sizeof(r));
	return EVERY / 2 + r % EVERY;
}

void tel_report_open(struct tel_leg *leg)
{
	struct tel_media *m = &leg->m;
	uint8_t id[8];

	m->rtcp.wall_us = loop_wall_ms(leg->loop) * 1000 - loop_now_us(leg->loop);
	m->rtcp.due = next_due() / 2;
	rng_secure(id, sizeof(id));
	for (int i = 0; i < 8; i++)
		(void)snprintf(m->rtcp.cname + 2 * i, 3, "%02x", id[i]);
}

/* The socket beside the RTP one, when this call needs it. */
static void open_beside(struct tel_leg *leg)
{
	struct tel_media *m = &leg->m;

	if (m->rtcp.udp || m->to.mux || !m->to.rtcp_port)
		return;
	if (io_udp_open_beside(&m->rtcp.udp, m->udp, 1))
		m->rtcp.udp = NULL;
}

/* ---- sending */

static void fill(struct tel_leg *leg, struct tel_rtcp *r)
{
	struct tel_media *m = &leg->m;
	int64_t now = loop_now_us(leg->loop);

	r->ssrc = m->ssrc;
	r->sr = m->st.rtp_out > m->rtcp.said;
	m->rtcp.said = m->st.rtp_out;
	r->ntp = ntp_at(m, now);
	/* our timestamp at that moment: the slot's, and what has passed of it */
	r->rtp_ts = m->ts + (uint32_t)((now - m->due_us) * rtp_hz(m) / 1000000);
	r->packets = (uint32_t)m->st.rtp_out;
	r->octets = m->octets;
	tel_rx_report(&m->rx, rtp_hz(m), r);
	if (m->rtcp.sr_us) {
		r->lsr = (uint32_t)(m->rtcp.sr_ntp >> 16);
		r->dlsr = (uint32_t)((now - m->rtcp.sr_us) * 65536 / 1000000);
	}
}

static void report(struct tel_leg *leg, bool bye)
{
	struct tel_media *m = &leg->m;
	_Alignas(8) uint8_t pkt[TEL_RTCP_MAX + 64];
	struct tel_rtcp r = { .bye = bye };
	struct sockaddr_in to = { .sin_family = AF_INET,
				  .sin_addr.s_addr = htonl(m->to.rtcp_ip),
				  .sin_port = htons(m->to.rtcp_port) };
	struct io_udp *udp = m->to.mux ? m->udp : m->rtcp.udp;
	size_t n;

	if (!udp || !m->to.rtcp_port)
		return;
	fill(leg, &r);
	n = tel_rtcp_write(pkt, &r, m->rx_ssrc, m->rtcp.cname);
	if (m->srtp && tel_srtp_protect(m->srtp, true, pkt, &n))
		return;
	if (!io_udp_send(udp, sv_n((const char *)pkt, n), &to))
		m->st.rtcp_out++;
}

/* ---- receiving */

static void note_report(struct tel_media *m, const struct tel_rtcp *r, int64_t at_us)
{
	uint32_t now = (uint32_t)(ntp_at(m, at_us) >> 16);
	int32_t rtt = (int32_t)(now - r->lsr - r->dlsr);

	m->st.peer_lost = r->lost;
	m->st.peer_loss_permille = r->fraction * 1000 / 256;
	m->st.peer_jitter_us = (int64_t)r->jitter * 1000000 / rtp_hz(m);
	/* none yet, or nonsense; clocks are cut to 15 us, so a quick one may be below 0 */
	if (!r->lsr || rtt > RTT_MOST || rtt < -RTT_CUT)
		return;
	m->st.rtt_us = rtt > 0 ? (int64_t)rtt * 1000000 / 65536 : 1;
	metric_observe_us(M_RTCP_RTT_US, m->st.rtt_us);
}

void tel_report_in(struct tel_leg *leg, uint8_t *p, size_t n, int64_t at_us)
{
	struct tel_media *m = &leg->m;
	struct tel_rtcp r;

	if ((m->srtp && tel_srtp_unprotect(m->srtp, true, p, &n)) ||
	    tel_rtcp_parse(p, n, m->ssrc, &r)) {
		m->st.rtcp_bad++;
		return;
	}
	m->st.rtcp_in++;
	m->quiet_frames = 0;
	if (r.sr) {
		m->rtcp.sr_ntp = r.ntp;
		m->rtcp.sr_us = at_us;
	}
	if (r.report)
		note_report(m, &r, at_us);
}

static void on_polled(void *arg, sv packet, const struct sockaddr_in *from, int64_t at_us)
{
	struct tel_leg *leg = arg;

	if (ntohl(from->sin_addr.s_addr) == leg->m.to.rtcp_ip)
		tel_report_in(leg, (uint8_t *)(uintptr_t)packet.p, packet.n, at_us);
	else
		leg->m.st.rtcp_bad++;
}

void tel_report_slot(struct tel_leg *leg)
{
	struct tel_media *m = &leg->m;

	if (--m->rtcp.look <= 0) {
		m->rtcp.look = LOOK;
		open_beside(leg);
		if (m->rtcp.udp)
			(void)io_udp_poll(m->rtcp.udp, BUDGET, on_polled, leg);
	}
	if (--m->rtcp.due > 0)
		return;
	m->rtcp.due = next_due();
	report(leg, false);
}

void tel_report_bye(struct tel_leg *leg)
{
	if (leg->m.udp && leg->m.on)
		report(leg, true);
	io_udp_close(leg->m.rtcp.udp);
	leg->m.rtcp.udp = NULL;
}
