/* Unit tests of RTP headers, telephone events and address lists: pure, no network. */
#include "t.h"
#include "tel_int.h"

TEST(tel_rtp_round_trip)
{
	uint8_t p[16];
	struct tel_rtp h = { .pt = 101,
			     .marker = true,
			     .seq = 0xfffe,
			     .ts = 0x89abcdef,
			     .ssrc = 7 },
		       g;

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

TEST(tel_rtp_csrc_extension_padding)
{
	/* 1 CSRC, extension of one word, 3 bytes of padding, payload "xy" */
	uint8_t p[] = { 0xb1, 0,    0,    1, 0, 0, 0, 2, 0, 0,   0,   3, 9, 9, 9,
			9,    0xbe, 0xde, 0, 1, 1, 2, 3, 4, 'x', 'y', 0, 0, 3 };
	struct tel_rtp g;

	OK(tel_rtp_parse(p, sizeof(p), &g));
	EQ(g.n, 2);
	CHECK(!memcmp(g.p, "xy", 2));
	p[sizeof(p) - 1] = 0;
	EQ(tel_rtp_parse(p, sizeof(p), &g), ERR_PARSE); /* padding of nothing */
	p[sizeof(p) - 1] = 6;
	EQ(tel_rtp_parse(p, sizeof(p), &g), ERR_PARSE); /* more padding than payload */
	p[sizeof(p) - 1] = 5;
	OK(tel_rtp_parse(p, sizeof(p), &g));
	EQ(g.n, 0);
	p[19] = 200;
	EQ(tel_rtp_parse(p, sizeof(p), &g), ERR_PARSE); /* extension past the end */
	p[0] = 0x41;
	EQ(tel_rtp_parse(p, sizeof(p), &g), ERR_PARSE); /* version 1 */
	EQ(tel_rtp_parse(p, 11, &g), ERR_PARSE);
	p[0] = 0x8f;
	EQ(tel_rtp_parse(p, sizeof(p), &g), ERR_PARSE); /* 15 CSRCs in 29 bytes */
}

static char take(struct tel_ev_rx *e, uint32_t ts, int event, bool end, int dur)
{
	uint8_t p[4] = { (uint8_t)event, (uint8_t)(end ? 0x8a : 0x0a),
			 (uint8_t)(dur >> 8), (uint8_t)dur };

	tel_ev_take(e, ts, false, p, 4);
	return tel_ev_next(e);
}

TEST(tel_event_once_however_it_comes)
{
	struct tel_ev_rx e = { 0 };

	EQ(take(&e, 1000, 5, false, 160), '5');
	EQ(take(&e, 1000, 5, false, 320), 0);
	for (int i = 0; i < 3; i++)
		EQ(take(&e, 1000, 5, true, 800), 0);
	EQ(take(&e, 3000, 5, true, 800),
	   '5'); /* only an end packet arrived: still a press */
	EQ(take(&e, 1000, 5, true, 800), 0);     /* a straggler of the first */
	EQ(take(&e, 5000, 11, false, 160), '#'); /* the ends of the last were lost */
	EQ(take(&e, 9000, 11, false, 160), '#');
	EQ(take(&e, 11000, 15, false, 160), 'D');
	EQ(take(&e, 12000, 16, false, 160), 0); /* flash is no key */
	tel_ev_take(&e, 13000, false, (const uint8_t *)"\1\2\3", 3);
	EQ(tel_ev_next(&e), 0);
}

TEST(tel_event_older_press_overtaken_is_kept)
{
	struct tel_ev_rx e = { 0 };

	EQ(take(&e, 0xfffffff0u, 1, false, 160), '1');
	EQ(take(&e, 3000, 3, false, 160), '3'); /* the clock wrapped */
	EQ(take(&e, 1500, 2, true, 480), '2');  /* late, but not seen yet */
	EQ(take(&e, 1500, 2, true, 480), 0);
	EQ(take(&e, 3000, 3, true, 480), 0);
	EQ(take(&e, 3000 - 9000, 4, true, 480), 0); /* stale */
}

TEST(tel_event_gateway_that_moves_the_timestamp)
{
	struct tel_ev_rx e = { 0 };
	int n = 0;

	for (int k = 0; k < 5; k++)
		n += take(&e, 1000 + (uint32_t)k * 160, 7, false, (k + 1) * 160) != 0;
	n += take(&e, 1000 + 5 * 160, 7, true, 960) != 0;
	EQ(n, 1);
	EQ(take(&e, 1000 + 20 * 160, 7, false, 160), '7');
}

/* 1,000 presses of 40 ms through 30 % loss, duplicates and neighbours swapped: each
 * once, in order. */
TEST(tel_event_thousand_digits_over_a_bad_network)
{
	static const char keys[] = "0123456789*#ABCD";
	struct tel_ev_rx e = { 0 };
	struct rng *r = t_rng();
	struct {
		uint32_t ts;
		int ev, dur;
		bool end;
	} q[24];
	uint32_t ts = 0xfff00000u;

	for (int i = 0; i < 1000; i++) {
		int ev = (int)rng_below(r, 16), n = 0, got = 0;

		for (int k = 0; k < 5; k++) {
			bool end = k >= 2;
			int copies = rng_unit(r) < 0.3 && (k || n) ? 0 :
				     rng_unit(r) < 0.2             ? 2 :
								     1;

			for (int c = 0; c < copies; c++, n++) {
				q[n].ts = ts;
				q[n].ev = ev;
				q[n].dur = end ? 320 : (k + 1) * 160;
				q[n].end = end;
			}
		}
		if (!n) { /* all of it lost: nothing can be heard; one arrives */
			q[n].ts = ts;
			q[n].ev = ev;
			q[n].dur = 320;
			q[n++].end = true;
		}
		if (n > 1 && rng_unit(r) < 0.5) {
			typeof(q[0]) t = q[0];

			q[0] = q[1];
			q[1] = t;
		}
		for (int k = 0; k < n; k++) {
			char c = take(&e, q[k].ts, q[k].ev, q[k].end, q[k].dur);

			if (c) {
				EQ(c, keys[ev]);
				got++;
			}
		}
		EQ(got, 1);
		ts += 320 + 400;
	}
}

TEST(tel_event_sender_follows_the_rfc)
{
	struct tel_ev_tx e = { .queue = "12", .n = 2 };
	struct tel_ev_rx rx = { 0 };
	char heard[8] = "";
	int n = 0, packets = 0, ends = 0, markers = 0;
	uint32_t ts = 5000;

	for (int f = 0; f < 30; f++, ts += 160) {
		uint8_t p[4];
		bool marker = false;
		int copies = 0;

		if (tel_ev_step(&e, ts, 160, p, &marker, &copies) != TEL_EV_PACKET)
			continue;
		markers += marker;
		for (int c = 0; c < copies; c++) {
			tel_ev_take(&rx, e.ts, false, p, 4);
			char d = tel_ev_next(&rx);

			packets++;
			ends += p[1] >> 7;
			if (d)
				heard[n++] = d;
		}
	}
	STR_EQ(heard, "12");
	EQ(packets, 14);
	EQ(ends, 6);
	EQ(markers, 2);
	EQ(e.n, 0);
}

TEST(tel_net_parse_and_match)
{
	static const char *const bad[] = { "",
					   "10.0.0",
					   "10.0.0.0/",
					   "10.0.0.0/33",
					   "10.0.0.0/-1",
					   "x/8",
					   "10.0.0.0/8x",
					   "1.2.3.4.5",
					   "::1",
					   "1.2.3.4444444444444444" };
	struct tel_net v[3];

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		EQ(tel_net_parse(bad[i], &v[0]), ERR_PARSE);
	OK(tel_net_parse("10.1.2.3/8", &v[0]));
	OK(tel_net_parse("192.0.2.7", &v[1]));
	CHECK(tel_net_has(v, 2, 0x0affffff));
	CHECK(!tel_net_has(v, 2, 0x0b000000));
	CHECK(tel_net_has(v, 2, 0xc0000207));
	CHECK(!tel_net_has(v, 2, 0xc0000208));
	CHECK(!tel_net_has(v, 0, 0x0a000001));
	OK(tel_net_parse("0.0.0.0/0", &v[2]));
	CHECK(tel_net_has(v, 3, 0xffffffff));
}
