/* Unit tests of RTCP: packets both ways, what is refused, the counts of RFC 3550's appendix A. */
#include <stdio.h>
#include "t.h"
#include "tel_int.h"

#define LLVMFuzzerTestOneInput fuzz_rtcp
#include "../fuzz/f_tel_rtcp.c"
#undef LLVMFuzzerTestOneInput

enum { ME = 0x11223344, YOU = 0x55667788 };

static size_t sample(uint8_t *p, bool sr, bool bye)
{
	struct tel_rtcp r = { .sr = sr,
			      .bye = bye,
			      .report = true,
			      .ssrc = YOU,
			      .ntp = 0x0102030405060708u,
			      .rtp_ts = 160,
			      .packets = 50,
			      .octets = 8000,
			      .fraction = 64,
			      .lost = -3,
			      .max_seq = 0x10005,
			      .jitter = 12,
			      .lsr = 0xaabbccdd,
			      .dlsr = 65536 };

	return tel_rtcp_write(p, &r, ME, "0123456789abcdef");
}

TEST(tel_rtcp_both_ways)
{
	uint8_t p[TEL_RTCP_MAX];
	struct tel_rtcp g;

	for (int k = 0; k < 4; k++) {
		size_t n = sample(p, k & 1, k & 2);

		CHECK(n <= sizeof(p) && n % 4 == 0);
		OK(tel_rtcp_parse(p, n, ME, &g));
		EQ(g.sr, k & 1);
		EQ(g.bye, (k & 2) != 0);
		EQ(g.ssrc, YOU);
		CHECK(g.report);
		EQ(g.fraction, 64);
		EQ(g.lost, -3);
		EQ(g.max_seq, 0x10005);
		EQ(g.jitter, 12);
		EQ(g.lsr, 0xaabbccdd);
		EQ(g.dlsr, 65536);
		CHECK(!(k & 1) || (g.ntp == 0x0102030405060708u && g.packets == 50 &&
				   g.octets == 8000 && g.rtp_ts == 160));
		OK(tel_rtcp_parse(p, n, ME + 1, &g)); /* about somebody else */
		CHECK(!g.report);
	}
}

/* Byte for byte what RFC 3550's figures say. */
TEST(tel_rtcp_as_the_rfc_draws_it)
{
	static const uint8_t want[] = { 0x80, 201,  0,    1,    0x55, 0x66, 0x77, 0x88,
					0x81, 202,  0,    3,    0x55, 0x66, 0x77, 0x88,
					1,    3,    'c',  'a',  'l',  0,    0,    0,
					0x81, 203,  0,    1,    0x55, 0x66, 0x77, 0x88 };
	struct tel_rtcp r = { .ssrc = YOU, .bye = true };
	uint8_t p[TEL_RTCP_MAX];

	EQ(tel_rtcp_write(p, &r, 0, "cal"), sizeof(want));
	CHECK(!memcmp(p, want, sizeof(want)));
}

TEST(tel_rtcp_refuses_what_does_not_add_up)
{
	uint8_t p[TEL_RTCP_MAX + 8], q[TEL_RTCP_MAX + 8];
	size_t n = sample(p, true, true);
	struct tel_rtcp g;

	for (size_t k = 0; k < n; k++) /* cut anywhere but between two packets */
		if (k != 52 && k != 80)
			EQ(tel_rtcp_parse(p, k, ME, &g), ERR_PARSE);
	memcpy(q, p, n);
	q[0] = 0x41; /* version 1 */
	EQ(tel_rtcp_parse(q, n, ME, &g), ERR_PARSE);
	q[0] = 0xa1; /* the first one is padded */
	EQ(tel_rtcp_parse(q, n, ME, &g), ERR_PARSE);
	q[0] = 0x9f; /* 31 blocks in the room of one */
	EQ(tel_rtcp_parse(q, n, ME, &g), ERR_PARSE);
	memcpy(q, p, n);
	q[1] = 202; /* begins with names */
	EQ(tel_rtcp_parse(q, n, ME, &g), ERR_PARSE);
	memcpy(q, p, n);
	q[2] = 0xff; /* longer than the datagram */
	EQ(tel_rtcp_parse(q, n, ME, &g), ERR_PARSE);
	memcpy(q, p, n);
	q[n - 8] = 0x9f; /* goodbye of 31 */
	EQ(tel_rtcp_parse(q, n, ME, &g), ERR_PARSE);
	memset(q, 0, sizeof(q));
	EQ(tel_rtcp_parse(q, 8, ME, &g), ERR_PARSE);
}

TEST(tel_rtcp_counts_loss_as_the_rfc)
{
	struct tel_rx_stat s = { 0 };
	struct tel_rtcp r = { 0 };

	EQ(tel_rx_lost(&s), 0);
	tel_rx_report(&s, 8000, &r);
	CHECK(!r.report);
	tel_rx_begin(&s, 65530);
	for (int i = 0; i < 100; i++) /* the number wraps; every tenth is lost */
		if (i % 10 != 5)
			tel_rx_count(&s, (uint16_t)(65530 + i));
	EQ(tel_rx_lost(&s), 10);
	tel_rx_report(&s, 8000, &r);
	CHECK(r.report);
	EQ(r.lost, 10);
	EQ(r.fraction, 10 * 256 / 100);
	EQ(r.max_seq, 65530 + 99);
	for (int i = 100; i < 200; i++)
		tel_rx_count(&s, (uint16_t)(65530 + i));
	tel_rx_count(&s, (uint16_t)(65530 + 5)); /* one that was late */
	tel_rx_report(&s, 8000, &r);
	EQ(r.lost, 9);
	EQ(r.fraction, 0);
	for (int i = 0; i < 30; i++) /* copies count as received: never less than none lost */
		tel_rx_count(&s, (uint16_t)(65530 + 199));
	EQ(tel_rx_lost(&s), 0);
	tel_rx_report(&s, 8000, &r);
	EQ(r.lost, -21);
	EQ(r.fraction, 0);
}

TEST(tel_rtcp_jitter_converges)
{
	struct tel_rx_stat s = { 0 };
	struct tel_rtcp r = { 0 };

	tel_rx_begin(&s, 0);
	for (int i = 0; i < 500; i++) { /* 4 ms early and late in turns: each spacing 8 ms off */
		int64_t off = tel_rx_time(&s, i * 20000 + (i & 1 ? 4000 : -4000), i * 20000);

		EQ(off, i ? 8000 : 0);
	}
	NEAR((double)(s.jitter_us16 >> 4), 8000, 100);
	tel_rx_report(&s, 8000, &r);
	NEAR((double)r.jitter, 64, 1);
	tel_rx_report(&s, 48000, &r);
	NEAR((double)r.jitter, 384, 5);
}

TEST(tel_rtcp_fuzz_seeds)
{
	uint8_t p[TEL_RTCP_MAX];

	for (int i = 0; i < 20000; i++) {
		size_t n = sample(p, i & 1, i & 2);

		for (int k = 0; k < 3; k++)
			p[rng_below(t_rng(), (uint32_t)n)] = (uint8_t)rng_u64(t_rng());
		EQ(fuzz_rtcp(p, n), 0);
	}
}

static int one_rtcp(void *arg, const char *path)
{
	struct sb b;

	sb_init(&b, 1 << 17);
	if (!file_read(path, 1 << 16, &b, NULL)) {
		fuzz_rtcp((const uint8_t *)sb_str(&b), b.n);
		++*(int *)arg;
	}
	sb_done(&b);
	return 0;
}

TEST(tel_rtcp_fuzz_corpus)
{
	char dir[400];
	int n = 0;

	snprintf(dir, sizeof(dir), "%s/tests/fuzz/corpus/tel_rtcp", t_srcdir());
	OK(file_walk(dir, one_rtcp, &n));
	CHECK(n >= 8);
}
