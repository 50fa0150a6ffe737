/* Unit tests of RTP and telephone events without a network. */
#include "t.h"
#include "tel_int.h"

TEST(tel_rtp_round_trip)
{
	uint8_t p[16];
	struct tel_rtp h = { .pt = 101, .marker = true, .seq = 0xfffe, .ts = 0x89abcdef, .ssrc = 7 }, g;

	EQ(tel_rtp_write(p, &h), 12);
	memcpy(p + 12, "abcd", 4);
	OK(tel_rtp_parse(p, 16, &g));
	EQ(g.pt, 101);
	CHECK(g.marker);
	EQ(g.seq, 0xfffe);
	EQ(g.ts, 0x89abcdef);
	EQ(g.ssrc, 7);
	EQ(g.n, 4);
	CHECK(!memcmp(g.p, "abcd", 4));
}
