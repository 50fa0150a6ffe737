/* Unit tests of SRTP: the keys in SDP, tamper, replay, the roll-over counter. */
#include <stdio.h>
#include "t.h"
#include "tel_int.h"

#define KEY "WVNfX19zZW1jdGwgKCkgewkyMjA7fQp9CnVubGVz" /* of RFC 4568, 6.1's example */

TEST(tel_crypto_lines_that_are_understood)
{
	static const char *const good[] = {
		"1 AES_CM_128_HMAC_SHA1_80 inline:" KEY,
		"1 AES_CM_128_HMAC_SHA1_80 inline:" KEY "|2^20",
		"1 aes_cm_128_hmac_sha1_80   inline:" KEY "|1048576  ",
	};
	struct tel_crypto c, d;
	char text[TEL_CRYPTO_STR];

	for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++) {
		OK(tel_crypto_parse(sv_of(good[i]), &c));
		EQ(c.tag, 1);
		EQ(c.suite, TEL_SUITE_80);
		CHECK(!memcmp(c.key, "YS___semctl () {\t220;}\n}\nunles", TEL_KEY_BYTES));
	}
	OK(tel_crypto_parse(SV("999999999 AES_CM_128_HMAC_SHA1_32 inline:" KEY), &c));
	EQ(c.tag, 999999999);
	EQ(c.suite, TEL_SUITE_32);
	tel_crypto_format(&c, text);
	STR_EQ(text, "999999999 AES_CM_128_HMAC_SHA1_32 inline:" KEY);
	OK(tel_crypto_parse(sv_of(text), &d));
	CHECK(!memcmp(&c, &d, sizeof(c)));
}

TEST(tel_crypto_lines_that_are_not)
{
	static const struct {
		const char *text;
		int err;
	} bad[] = {
		{ "", ERR_PARSE },
		{ "x AES_CM_128_HMAC_SHA1_80 inline:" KEY, ERR_PARSE },
		{ "-1 AES_CM_128_HMAC_SHA1_80 inline:" KEY, ERR_PARSE },
		{ "1234567890 AES_CM_128_HMAC_SHA1_80 inline:" KEY, ERR_PARSE },
		{ "1 AES_256_CM_HMAC_SHA1_80 inline:" KEY, ERR_UNSUPPORTED },
		{ "1 F8_128_HMAC_SHA1_80 inline:" KEY, ERR_UNSUPPORTED },
		{ "1 AES_CM_128_HMAC_SHA1_80", ERR_UNSUPPORTED },
		{ "1 AES_CM_128_HMAC_SHA1_80 uri:" KEY, ERR_UNSUPPORTED },
		{ "1 AES_CM_128_HMAC_SHA1_80 inline:", ERR_PARSE },
		{ "1 AES_CM_128_HMAC_SHA1_80 inline:AAAA", ERR_PARSE },
		{ "1 AES_CM_128_HMAC_SHA1_80 inline:" KEY "AAAA", ERR_PARSE },
		{ "1 AES_CM_128_HMAC_SHA1_80 inline:!" KEY, ERR_PARSE },
		{ "1 AES_CM_128_HMAC_SHA1_80 inline:" KEY "|2^20|1:4", ERR_UNSUPPORTED },
		{ "1 AES_CM_128_HMAC_SHA1_80 inline:" KEY "|1:4", ERR_UNSUPPORTED },
		{ "1 AES_CM_128_HMAC_SHA1_80 inline:" KEY ";inline:" KEY, ERR_UNSUPPORTED },
		{ "1 AES_CM_128_HMAC_SHA1_80 inline:" KEY " UNENCRYPTED_SRTP", ERR_UNSUPPORTED },
		{ "1 AES_CM_128_HMAC_SHA1_80 inline:" KEY " KDR=1", ERR_UNSUPPORTED },
	};
	struct tel_crypto c;

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		EQ(tel_crypto_parse(sv_of(bad[i].text), &c), bad[i].err);
}

struct pair {
	struct tel_sec *a, *b;
};

static bool pair_open(struct pair *p, int suite)
{
	struct tel_keys ka = { .suite = (uint8_t)suite }, kb = ka;

	rng_secure(ka.tx, sizeof(ka.tx));
	rng_secure(ka.rx, sizeof(ka.rx));
	memcpy(kb.rx, ka.tx, sizeof(kb.rx));
	memcpy(kb.tx, ka.rx, sizeof(kb.tx));
	return !tel_srtp_open(&p->a, &ka) && !tel_srtp_open(&p->b, &kb);
}

static void pair_done(struct pair *p)
{
	tel_srtp_close(p->a);
	tel_srtp_close(p->b);
}

static size_t packet(uint8_t *p, uint16_t seq, uint32_t ssrc)
{
	struct tel_rtp h = { .seq = seq, .ts = seq * 160u, .ssrc = ssrc };
	size_t n = tel_rtp_write(p, &h);

	memset(p + n, 'v', 160);
	return n + 160;
}

TEST(tel_srtp_there_and_back_in_both_suites)
{
	for (int suite = TEL_SUITE_80; suite <= TEL_SUITE_32; suite++) {
		struct pair p;
		_Alignas(8) uint8_t pkt[TEL_RTP_ROOM], was[TEL_RTP_ROOM];
		size_t n, len;

		CHECK(pair_open(&p, suite));
		n = len = packet(pkt, 7, 99);
		memcpy(was, pkt, n);
		OK(tel_srtp_protect(p.a, false, pkt, &len));
		EQ(len, n + (suite == TEL_SUITE_80 ? 10u : 4u));
		CHECK(!memcmp(pkt, was, 12) && memcmp(pkt + 12, was + 12, 160));
		OK(tel_srtp_unprotect(p.b, false, pkt, &len));
		EQ(len, n);
		CHECK(!memcmp(pkt, was, n));
		n = len = tel_rtcp_write(pkt, &(struct tel_rtcp){ .ssrc = 99, .sr = true }, 0, "x");
		memcpy(was, pkt, n);
		OK(tel_srtp_protect(p.a, true, pkt, &len));
		EQ(len, n + 14); /* index and 80 bits, in both */
		OK(tel_srtp_unprotect(p.b, true, pkt, &len));
		CHECK(len == n && !memcmp(pkt, was, n));
		pair_done(&p);
	}
}

/* One side takes a new key, the other keeps its own: what it sends goes on being understood after
 * a wrap of its numbers, and is not encrypted as the packet of before was. */
TEST(tel_srtp_a_new_key_of_one_direction)
{
	struct tel_keys ka = { .suite = TEL_SUITE_80 }, kb = ka, was;
	_Alignas(8) uint8_t pkt[TEL_RTP_ROOM];
	struct tel_sec *a = NULL, *b = NULL;
	size_t len;

	rng_secure(ka.tx, sizeof(ka.tx));
	rng_secure(ka.rx, sizeof(ka.rx));
	memcpy(kb.rx, ka.tx, sizeof(kb.rx));
	memcpy(kb.tx, ka.rx, sizeof(kb.tx));
	OK(tel_srtp_open(&a, &ka));
	OK(tel_srtp_open(&b, &kb));
	for (int i = 0; i < 20; i++) {
		len = packet(pkt, (uint16_t)(65530 + i), 5);
		OK(tel_srtp_protect(a, false, pkt, &len));
		OK(tel_srtp_unprotect(b, false, pkt, &len));
	}
	was = ka;
	rng_secure(ka.rx, sizeof(ka.rx));
	OK(tel_srtp_rekey(a, &was, &ka));
	was = kb;
	memcpy(kb.tx, ka.rx, sizeof(kb.tx));
	OK(tel_srtp_rekey(b, &was, &kb));
	len = packet(pkt, 14, 5);
	OK(tel_srtp_protect(a, false, pkt, &len));
	OK(tel_srtp_unprotect(b, false, pkt, &len));
	len = packet(pkt, 7, 6);
	OK(tel_srtp_protect(b, false, pkt, &len));
	OK(tel_srtp_unprotect(a, false, pkt, &len));
	tel_srtp_close(a);
	tel_srtp_close(b);
}

TEST(tel_srtp_tampered_packets_are_refused)
{
	struct pair p;
	_Alignas(8) uint8_t pkt[TEL_RTP_ROOM], was[TEL_RTP_ROOM];
	size_t n, len;

	CHECK(pair_open(&p, TEL_SUITE_80));
	n = packet(was, 100, 5);
	OK(tel_srtp_protect(p.a, false, was, &n));
	for (size_t i = 1; i < n; i++) { /* a bit of each byte but the version's */
		memcpy(pkt, was, n);
		pkt[i] ^= (uint8_t)(1u << (i % 8));
		len = n;
		CHECK(tel_srtp_unprotect(p.b, false, pkt, &len));
	}
	for (size_t cut = 0; cut < n; cut++) {
		memcpy(pkt, was, n);
		len = cut;
		CHECK(tel_srtp_unprotect(p.b, false, pkt, &len));
	}
	len = n; /* none of it did harm: the true one is still taken */
	memcpy(pkt, was, n);
	OK(tel_srtp_unprotect(p.b, false, pkt, &len));
	pair_done(&p);
}

TEST(tel_srtp_replay_is_refused)
{
	struct pair p;
	_Alignas(8) uint8_t sent[300][256], pkt[256];
	size_t n[300], len;

	CHECK(pair_open(&p, TEL_SUITE_32));
	for (int i = 0; i < 300; i++) {
		n[i] = packet(sent[i], (uint16_t)(65500 + i), 5); /* wraps on the way */
		OK(tel_srtp_protect(p.a, false, sent[i], &n[i]));
	}
	for (int i = 0; i < 300; i++) { /* neighbours swapped */
		int k = i ^ 1;

		memcpy(pkt, sent[k], n[k]);
		len = n[k];
		OK(tel_srtp_unprotect(p.b, false, pkt, &len));
		memcpy(pkt, sent[k], n[k]);
		len = n[k];
		EQ(tel_srtp_unprotect(p.b, false, pkt, &len), ERR_STATE);
	}
	memcpy(pkt, sent[10], n[10]);
	len = n[10];
	EQ(tel_srtp_unprotect(p.b, false, pkt, &len), ERR_STATE); /* far behind the window */
	pair_done(&p);
}

/* Forged packets of any number and source move nothing: libre 1.1's counter would have been
 * gone. */
TEST(tel_srtp_forged_packets_move_no_counter)
{
	struct pair p;
	_Alignas(8) uint8_t pkt[TEL_RTP_ROOM];
	size_t len;

	CHECK(pair_open(&p, TEL_SUITE_80));
	for (int i = 0; i < 2000; i++) {
		len = packet(pkt, (uint16_t)i, 5);
		OK(tel_srtp_protect(p.a, false, pkt, &len));
		OK(tel_srtp_unprotect(p.b, false, pkt, &len));
		for (int k = 0; k < 3; k++) {
			len = packet(pkt, (uint16_t)rng_u64(t_rng()),
				     k ? 5 : (uint32_t)rng_u64(t_rng())) + 10;
			CHECK(tel_srtp_unprotect(p.b, false, pkt, &len));
		}
	}
	pair_done(&p);
}
