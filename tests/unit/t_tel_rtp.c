/* Unit tests of RTP headers, telephone events and address lists: pure, no network. */
#include <stdio.h>
#include <stdlib.h>

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

/* ---- a thousand presses over a bad network: packets of each in a list with when they arrive;
 * what is lost, comes twice, overtakes. The reader looks every 20 ms, as a call does. */
enum { PRESSES = 1000 };
struct flight {
	int64_t at_ms;
	uint16_t seq;
	uint32_t ts;
	uint8_t p[4];
	bool voice;
};
static struct flight sky[PRESSES * 40];

static int by_arrival(const void *x, const void *y)
{
	const struct flight *a = x, *b = y;

	return a->at_ms != b->at_ms ? (a->at_ms > b->at_ms) - (a->at_ms < b->at_ms) :
				      (a->seq > b->seq) - (a->seq < b->seq);
}

struct weather {
	double loss, twice, swap;
	bool voice; /* between the keys */
	int press_ms, pause_ms, ends_apart_ms;
};

static void fly(struct flight *f, const struct weather *w, struct rng *r, int64_t at_ms)
{
	f->at_ms = at_ms + 40;
	if (rng_unit(r) < w->swap)
		f->at_ms += 20 + (int64_t)rng_below(r, 20); /* behind the next one */
}

/* Packets of one press, at least one of which arrives; returns how many. */
static int press(struct flight *sky_at, const struct weather *w, struct rng *r, int ev, int64_t now,
		 uint16_t *seq)
{
	int n = 0, last = w->press_ms / 20 - 1, all = last + 1 + 2;

	for (int k = 0; k < all; k++, (*seq)++) {
		bool end = k >= last, must = !n && k == all - 1;
		int dur = (end ? w->press_ms : (k + 1) * 20) * 8;

		if (rng_unit(r) < w->loss && !must)
			continue;
		for (int copies = rng_unit(r) < w->twice ? 2 : 1; copies; copies--, n++) {
			sky_at[n] = (struct flight){
				.seq = *seq,
				.ts = (uint32_t)now * 8,
				.p = { (uint8_t)ev, (uint8_t)(end ? 0x8a : 0x0a),
				       (uint8_t)(dur >> 8), (uint8_t)dur } };
			fly(&sky_at[n], w, r,
			    now + (end ? w->press_ms + (k - last) * w->ends_apart_ms : k * 20));
		}
	}
	return n;
}

/* What is heard of it all, in order; returns how many keys. */
static int hear(int n, char *heard)
{
	struct tel_ev_rx e = { 0 };
	uint16_t top = (uint16_t)(sky[0].seq - 1);
	int got = 0, gap = 0, i = 0;
	char c;

	for (int64_t now = 0; i < n || e.n_q; now += 20) {
		gap -= gap > 0;
		for (; i < n && sky[i].at_ms <= now; i++) {
			int step = (int16_t)(sky[i].seq - top);

			if (step > 0)
				top = sky[i].seq;
			if (step > 1)
				gap = 3;
			if (!sky[i].voice)
				tel_ev_take(&e, sky[i].ts, step > 1 || gap, sky[i].p, 4);
		}
		while ((c = tel_ev_next(&e)) && got < 2 * PRESSES)
			heard[got++] = c;
		tel_ev_tick(&e);
	}
	return got;
}

static void thousand(const struct weather *w)
{
	static const char keys[] = "0123456789*#ABCD";
	static char want[PRESSES + 1], heard[2 * PRESSES + 1];
	struct rng *r = t_rng();
	uint16_t seq = (uint16_t)rng_u64(r);
	int64_t now = 100;
	int n = 0, got;

	for (int i = 0; i < PRESSES; i++) {
		int ev = rng_unit(r) < 0.3 && i ? (int)(strchr(keys, want[i - 1]) - keys) :
						  (int)rng_below(r, 16);

		want[i] = keys[ev];
		n += press(sky + n, w, r, ev, now, &seq);
		now += w->press_ms;
		for (int ms = 0; ms < w->pause_ms; ms += 20, seq++) {
			if (!w->voice || rng_unit(r) < w->loss) {
				seq = (uint16_t)(seq - !w->voice);
				continue;
			}
			sky[n] = (struct flight){ .seq = seq, .voice = true };
			fly(&sky[n++], w, r, now + ms);
		}
		now += w->pause_ms;
	}
	qsort(sky, (size_t)n, sizeof(*sky), by_arrival);
	got = hear(n, heard);
	for (int i = 0; i < PRESSES && i < got; i++)
		if (heard[i] != want[i]) {
			printf("# press %d: %c, heard %c\n", i, want[i], heard[i]);
			break;
		}
	EQ(got, PRESSES);
	CHECK(!memcmp(heard, want, PRESSES));
}

TEST(tel_event_thousand_keys_of_40_ms_with_loss)
{
	thousand(&(struct weather){ .loss = 0.3, .press_ms = 40, .pause_ms = 60 });
	thousand(&(struct weather){ .loss = 0.3, .press_ms = 40, .pause_ms = 60, .voice = true });
}

TEST(tel_event_thousand_keys_of_40_ms_twice_and_swapped)
{
	thousand(&(struct weather){ .twice = 0.3, .swap = 0.4, .press_ms = 40, .pause_ms = 60 });
	thousand(&(struct weather){
		.twice = 0.3, .swap = 0.4, .press_ms = 40, .pause_ms = 60, .voice = true });
}

TEST(tel_event_thousand_keys_with_all_of_it)
{
	thousand(&(struct weather){
		.loss = 0.3, .twice = 0.2, .swap = 0.3, .press_ms = 40, .pause_ms = 60 });
	thousand(&(struct weather){ .loss = 0.3,
				    .twice = 0.2,
				    .swap = 0.3,
				    .press_ms = 40,
				    .pause_ms = 60,
				    .voice = true });
	thousand(&(struct weather){ .loss = 0.3,
				    .twice = 0.2,
				    .swap = 0.3,
				    .press_ms = 100,
				    .pause_ms = 80,
				    .ends_apart_ms = 20,
				    .voice = true });
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
