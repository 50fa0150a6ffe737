/* tel_rtp.c: the RTP header (RFC 3550 section 5.1). Pure, any thread. */
#include "tel_int.h"

uint32_t tel_be32(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

int tel_rtp_parse(const uint8_t *p, size_t n, struct tel_rtp *ret)
{
	size_t at, pad = 0;

	if (n < 12 || n > TEL_RTP_MAX || p[0] >> 6 != 2)
		return ERR_PARSE;
	at = 12 + 4 * (size_t)(p[0] & 15);
	if (p[0] & 0x10) { /* extension: 4 bytes and so many words */
		if (at + 4 > n)
			return ERR_PARSE;
		at += 4 + 4 * (size_t)(p[at + 2] << 8 | p[at + 3]);
	}
	if (at > n)
		return ERR_PARSE;
	if (p[0] & 0x20) {
		pad = p[n - 1];
		if (!pad || pad > n - at)
			return ERR_PARSE;
	}
	*ret = (struct tel_rtp){
		.pt = p[1] & 127,
		.marker = p[1] >> 7,
		.seq = (uint16_t)(p[2] << 8 | p[3]),
		.ts = tel_be32(p + 4),
		.ssrc = tel_be32(p + 8),
		.p = p + at,
		.n = n - at - pad,
	};
	return 0;
}

uint8_t *tel_put32(uint8_t *to, uint32_t v)
{
	to[0] = (uint8_t)(v >> 24);
	to[1] = (uint8_t)(v >> 16);
	to[2] = (uint8_t)(v >> 8);
	to[3] = (uint8_t)v;
	return to + 4;
}

size_t tel_rtp_write(uint8_t *to, const struct tel_rtp *h)
{
	to[0] = 0x80;
	to[1] = (uint8_t)(h->pt | (h->marker ? 0x80 : 0));
	to[2] = (uint8_t)(h->seq >> 8);
	to[3] = (uint8_t)h->seq;
	(void)tel_put32(to + 4, h->ts);
	(void)tel_put32(to + 8, h->ssrc);
	return 12;
}
