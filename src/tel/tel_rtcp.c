/* tel_rtcp.c: RTCP packets (RFC 3550 section 6) and what they say of a received stream. Pure, any
 * thread.
 *
 * A compound packet is taken whole or not at all: version, a report first, lengths that add up
 * (appendix A.2). Of what it holds we use the sender's clock, the report block about our own
 * stream, and the BYE. Ours is one report, our name (random, RFC 7022) and at the end a BYE.
 */
#include "tel_int.h"

enum { SR = 200, RR = 201, SDES = 202, BYE = 203, BLOCK = 24, CNAME = 1 };

static uint16_t be16(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

/* The blocks of one report, n bytes of them. */
static void take_blocks(const uint8_t *p, int count, uint32_t about, struct tel_rtcp *r)
{
	for (int i = 0; i < count; i++, p += BLOCK) {
		uint32_t lost = tel_be32(p + 4) & 0xffffff;

		if (tel_be32(p) != about)
			continue;
		r->report = true;
		r->fraction = p[4];
		r->lost = (int32_t)(lost << 8) >> 8; /* 24 bits with a sign */
		r->max_seq = tel_be32(p + 8);
		r->jitter = tel_be32(p + 12);
		r->lsr = tel_be32(p + 16);
		r->dlsr = tel_be32(p + 20);
	}
}

/* One packet of n bytes, header included. False = malformed. */
static bool take_one(const uint8_t *p, size_t n, uint32_t about, struct tel_rtcp *r)
{
	int count = p[0] & 31;
	size_t head = p[1] == SR ? 28 : 8;

	if (p[1] == SR || p[1] == RR) {
		if (n < head + (size_t)count * BLOCK)
			return false;
		r->ssrc = tel_be32(p + 4);
		if (p[1] == SR) {
			r->sr = true;
			r->ntp = (uint64_t)tel_be32(p + 8) << 32 | tel_be32(p + 12);
			r->rtp_ts = tel_be32(p + 16);
			r->packets = tel_be32(p + 20);
			r->octets = tel_be32(p + 24);
		}
		take_blocks(p + head, count, about, r);
	} else if (p[1] == BYE) {
		if (n < 4 + 4 * (size_t)count)
			return false;
		r->bye = count > 0;
	}
	return true; /* what else there is: names, feedback, applications' own */
}

int tel_rtcp_parse(const uint8_t *p, size_t n, uint32_t about, struct tel_rtcp *ret)
{
	struct tel_rtcp r = { 0 };
	size_t at = 0;

	/* the first one is a report without padding */
	if (n < 8 || n > TEL_RTP_MAX || (p[0] & 0xe0) != 0x80 || (p[1] != SR && p[1] != RR))
		return ERR_PARSE;
	while (at < n) {
		size_t len;

		if (n - at < 4 || p[at] >> 6 != 2)
			return ERR_PARSE;
		len = 4 + 4 * (size_t)be16(p + at + 2);
		if (len > n - at || ((p[at] & 0x20) && at + len != n))
			return ERR_PARSE; /* padding is for the last one only */
		if (!take_one(p + at, len, about, &r))
			return ERR_PARSE;
		at += len;
	}
	*ret = r;
	return 0;
}

static uint8_t *put_head(uint8_t *to, int count, int type, size_t bytes)
{
	to[0] = (uint8_t)(0x80 | count);
	to[1] = (uint8_t)type;
	to[2] = (uint8_t)((bytes / 4 - 1) >> 8);
	to[3] = (uint8_t)(bytes / 4 - 1);
	return to + 4;
}

static uint8_t *put_block(uint8_t *to, const struct tel_rtcp *r, uint32_t about)
{
	to = tel_put32(to, about);
	to = tel_put32(to, (uint32_t)r->fraction << 24 | ((uint32_t)r->lost & 0xffffff));
	to = tel_put32(to, r->max_seq);
	to = tel_put32(to, r->jitter);
	to = tel_put32(to, r->lsr);
	return tel_put32(to, r->dlsr);
}

size_t tel_rtcp_write(uint8_t *to, const struct tel_rtcp *r, uint32_t about, const char *cname)
{
	size_t len = strnlen(cname, TEL_CNAME), chunk = (4 + 2 + len + 4) / 4 * 4;
	uint8_t *p = to;

	p = put_head(p, r->report, r->sr ? SR : RR,
		     (r->sr ? 28u : 8u) + (r->report ? BLOCK : 0u));
	p = tel_put32(p, r->ssrc);
	if (r->sr) {
		p = tel_put32(p, (uint32_t)(r->ntp >> 32));
		p = tel_put32(p, (uint32_t)r->ntp);
		p = tel_put32(p, r->rtp_ts);
		p = tel_put32(p, r->packets);
		p = tel_put32(p, r->octets);
	}
	if (r->report)
		p = put_block(p, r, about);
	p = put_head(p, 1, SDES, 4 + chunk);
	memset(p, 0, chunk); /* the items end with zeros to the word */
	(void)tel_put32(p, r->ssrc);
	p[4] = CNAME;
	p[5] = (uint8_t)len;
	memcpy(p + 6, cname, len);
	p += chunk;
	if (r->bye) {
		p = put_head(p, 1, BYE, 8);
		p = tel_put32(p, r->ssrc);
	}
	return (size_t)(p - to);
}

/* ---- what we count of a stream */

void tel_rx_begin(struct tel_rx_stat *s, uint16_t seq)
{
	*s = (struct tel_rx_stat){ .on = true, .max_seq = seq, .base_seq = seq };
}

void tel_rx_count(struct tel_rx_stat *s, uint16_t seq)
{
	int16_t step = (int16_t)(seq - s->max_seq);

	if (step > 0) {
		s->cycles += seq < s->max_seq ? 0x10000u : 0;
		s->max_seq = seq;
	}
	s->received++;
}

int64_t tel_rx_time(struct tel_rx_stat *s, int64_t at_us, int64_t media_us)
{
	int64_t transit = at_us - media_us, d = transit - s->transit_us;

	s->transit_us = transit;
	if (!s->timed) {
		s->timed = true;
		return 0;
	}
	d = d < 0 ? -d : d;
	s->jitter_us16 += d - ((s->jitter_us16 + 8) >> 4);
	return d;
}

static int64_t expected(const struct tel_rx_stat *s)
{
	return s->on ? (int64_t)s->cycles + s->max_seq - s->base_seq + 1 : 0;
}

int64_t tel_rx_lost(const struct tel_rx_stat *s)
{
	int64_t lost = expected(s) - (int64_t)s->received;

	return lost > 0 ? lost : 0; /* duplicates count as received (A.3) */
}

void tel_rx_report(struct tel_rx_stat *s, int clock_hz, struct tel_rtcp *r)
{
	int64_t all = expected(s), lost = all - (int64_t)s->received;
	int64_t part = all - (int64_t)s->expected_prior;
	int64_t gone = part - (int64_t)(s->received - s->received_prior);

	r->report = s->on;
	r->lost = (int32_t)(lost > 0x7fffff ? 0x7fffff : lost < -0x800000 ? -0x800000 : lost);
	int64_t of256 = part > 0 && gone > 0 ? gone * 256 / part : 0;

	r->fraction = (uint8_t)(of256 > 255 ? 255 : of256);
	r->max_seq = s->cycles + s->max_seq;
	r->jitter = (uint32_t)((s->jitter_us16 >> 4) * clock_hz / 1000000);
	s->expected_prior = (uint64_t)all;
	s->received_prior = s->received;
}
