/* Unit tests of offer and answer: which codec, which keys, where RTCP goes, what is refused. */
#include "t_tel_world.h"
#include "tel_front.h"

#define KEY "WVNfX19zZW1jdGwgKCkgewkyMjA7fQp9CnVubGVz"
#define HEAD "v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\n"

struct desk { /* one side that describes itself */
	struct tel_sdp s;
	struct tel_opts o;
	struct tel_media_info mi;
	char text[4096]; /* what it said last */
};

static bool desk_open(struct desk *d, const char *codecs, enum tel_srtp srtp, bool secure)
{
	struct sa la;

	memset(d, 0, sizeof(*d));
	tel_defaults(&d->o);
	d->o.codecs = codecs;
	d->o.srtp = srtp;
	sa_set_in(&la, 0x7f000001, 0);
	return !tel_sdp_open(&d->s, &la, 4000, &d->o, secure);
}

static int desk_take(struct desk *d, const char *text, bool offer)
{
	struct mbuf *mb = mbuf_alloc(strlen(text) + 1);
	int e;

	(void)mbuf_write_str(mb, text);
	mb->pos = 0;
	e = tel_sdp_take(&d->s, mb, offer, &d->mi);
	mem_deref(mb);
	return e;
}

static const char *desk_give(struct desk *d, bool offer)
{
	struct mbuf *mb = NULL;

	d->text[0] = 0;
	if (tel_sdp_give(&d->s, offer, &mb))
		return d->text;
	snprintf(d->text, sizeof(d->text), "%.*s", (int)mbuf_get_left(mb),
		 (const char *)mbuf_buf(mb));
	mem_deref(mb);
	return d->text;
}

TEST(tel_sdp_list_of_codecs)
{
	uint8_t v[TEL_CODECS];

	EQ(tel_codecs_parse("opus, G722 ,pcmu,pcma", v), 4);
	EQ(v[0], TEL_OPUS);
	EQ(v[1], TEL_G722);
	EQ(v[3], TEL_PCMA);
	EQ(tel_codecs_parse("", v), ERR_PARSE);
	EQ(tel_codecs_parse("pcmu,g729", v), ERR_PARSE);
	EQ(tel_codecs_parse("pcmu,pcmu", v), ERR_PARSE);
	EQ(tel_codecs_parse("opus,g722,pcmu,pcma,opus", v), ERR_PARSE);
}

TEST(tel_sdp_both_sides_of_ours_agree)
{
	static const char *const lists[] = { "opus,g722,pcmu,pcma", "g722,pcmu", "pcma", NULL };
	static const int want[] = { TEL_OPUS, TEL_G722, TEL_PCMA, TEL_PCMU };

	for (int i = 0; i < 4; i++) {
		struct desk a, b;

		CHECK(desk_open(&a, lists[i], TEL_SRTP_OFF, false));
		CHECK(desk_open(&b, "pcma,pcmu,g722,opus", TEL_SRTP_OFF, false));
		b.s.own_order = false; /* the offer's order decides */
		OK(desk_take(&b, desk_give(&a, true), true));
		OK(desk_take(&a, desk_give(&b, false), false));
		EQ(a.mi.codec, want[i]);
		EQ(b.mi.codec, want[i]);
		EQ(a.mi.pt, b.mi.pt);
		CHECK(a.mi.mux && b.mi.mux);
		EQ(a.mi.rtcp_port, 4000);
		EQ(a.mi.ev_div, want[i] == TEL_OPUS ? 6 : 1);
		CHECK(a.mi.ev_tx > 0 && a.mi.ev_tx == b.mi.ev_rx);
		EQ(a.mi.keys.suite, 0);
		tel_sdp_close(&a.s);
		tel_sdp_close(&b.s);
	}
}

TEST(tel_sdp_our_order_decides_when_there_is_one)
{
	struct desk d;

	CHECK(desk_open(&d, "opus,pcma", TEL_SRTP_OFF, false));
	OK(desk_take(&d, HEAD "m=audio 5000 RTP/AVP 0 8 96 97\r\na=rtpmap:96 opus/48000/2\r\n"
			      "a=rtpmap:97 telephone-event/8000\r\n",
		     true));
	EQ(d.mi.codec, TEL_OPUS);
	EQ(d.mi.pt, 96);
	EQ(d.mi.ev_rx, 97); /* on the old clock, as many phones do */
	EQ(d.mi.ev_div, 1);
	EQ(d.mi.n_fmts, 2);
	CHECK(!d.mi.mux);
	EQ(d.mi.rtcp_port, 5001);
	HAS(sv_of(desk_give(&d, false)), "a=rtpmap:96 opus/48000/2");
	CHECK(!strstr(d.text, "rtcp-mux"));
	OK(desk_take(&d, HEAD "m=audio 5000 RTP/AVP 9 8\r\na=rtcp:6001\r\n", true));
	EQ(d.mi.codec, TEL_PCMA); /* G.722 is not on the list */
	EQ(d.mi.rtcp_port, 6001);
	EQ(d.mi.ev_tx, -1);
	EQ(desk_take(&d, HEAD "m=audio 5000 RTP/AVP 9 0\r\n", true), ERR_UNSUPPORTED);
	tel_sdp_close(&d.s);
}

TEST(tel_sdp_secure_offer_is_answered_securely)
{
	struct desk a, b;
	uint8_t key[TEL_KEY_BYTES];

	CHECK(desk_open(&a, NULL, TEL_SRTP_REQUIRE, true));
	CHECK(desk_open(&b, NULL, TEL_SRTP_OFFER, false));
	HAS(sv_of(desk_give(&a, true)), "RTP/SAVP");
	HAS(sv_of(a.text), "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:");
	HAS(sv_of(a.text), "a=crypto:2 AES_CM_128_HMAC_SHA1_32 inline:");
	OK(desk_take(&b, a.text, true));
	HAS(sv_of(desk_give(&b, false)), "RTP/SAVP");
	CHECK(!strstr(b.text, "crypto:2"));
	OK(desk_take(&a, b.text, false));
	EQ(a.mi.keys.suite, TEL_SUITE_80);
	EQ(b.mi.keys.suite, TEL_SUITE_80);
	CHECK(!memcmp(a.mi.keys.tx, b.mi.keys.rx, TEL_KEY_BYTES));
	CHECK(!memcmp(a.mi.keys.rx, b.mi.keys.tx, TEL_KEY_BYTES));
	CHECK(memcmp(a.mi.keys.rx, a.mi.keys.tx, TEL_KEY_BYTES));
	memcpy(key, b.mi.keys.tx, sizeof(key)); /* a re-INVITE either way keeps the keys */
	OK(desk_take(&b, desk_give(&a, true), true));
	OK(desk_take(&a, desk_give(&b, false), false));
	CHECK(!memcmp(key, b.mi.keys.tx, sizeof(key)));
	OK(desk_take(&a, desk_give(&b, true), true));
	OK(desk_take(&b, desk_give(&a, false), false));
	CHECK(!memcmp(key, b.mi.keys.tx, sizeof(key)));
	CHECK(!memcmp(key, a.mi.keys.rx, sizeof(key)));
	tel_sdp_close(&a.s);
	tel_sdp_close(&b.s);
}

TEST(tel_sdp_keys_by_the_configuration)
{
	static const char plain[] = HEAD "m=audio 5000 RTP/AVP 0\r\n";
	static const char secure[] = HEAD "m=audio 5000 RTP/SAVP 0\r\n"
					  "a=crypto:3 AES_256_CM_HMAC_SHA1_80 inline:" KEY "\r\n"
					  "a=crypto:4 AES_CM_128_HMAC_SHA1_32 inline:" KEY "\r\n";
	static const char no_key[] = HEAD "m=audio 5000 RTP/SAVP 0\r\n";
	struct desk d;

	CHECK(desk_open(&d, NULL, TEL_SRTP_REQUIRE, false));
	EQ(desk_take(&d, plain, true), ERR_UNSUPPORTED);
	OK(desk_take(&d, secure, true));
	EQ(d.mi.keys.suite, TEL_SUITE_32);
	CHECK(!memcmp(d.mi.keys.rx, "YS___semctl () {\t220;}\n}\nunles", TEL_KEY_BYTES));
	HAS(sv_of(desk_give(&d, false)), "a=crypto:4 AES_CM_128_HMAC_SHA1_32 inline:");
	EQ(desk_take(&d, no_key, true), ERR_UNSUPPORTED);
	tel_sdp_close(&d.s);
	CHECK(desk_open(&d, NULL, TEL_SRTP_OFF, false));
	OK(desk_take(&d, plain, true));
	EQ(desk_take(&d, secure, true), ERR_UNSUPPORTED); /* in the midst of a call */
	OK(desk_take(&d, plain, true));
	tel_sdp_close(&d.s);
	CHECK(desk_open(&d, NULL, TEL_SRTP_OFFER, false));
	OK(desk_take(&d, secure, true));
	OK(desk_take(&d, plain, true)); /* and back to plain */
	EQ(d.mi.keys.suite, 0);
	CHECK(!strstr(desk_give(&d, false), "crypto"));
	tel_sdp_close(&d.s);
}

/* An answer to a secure offer may not choose what was not offered, nor be plain. */
TEST(tel_sdp_answers_that_do_not_fit)
{
	struct desk d;

	CHECK(desk_open(&d, NULL, TEL_SRTP_REQUIRE, true));
	(void)desk_give(&d, true);
	EQ(desk_take(&d, HEAD "m=audio 5000 RTP/SAVP 0\r\n"
			      "a=crypto:9 AES_CM_128_HMAC_SHA1_80 inline:" KEY "\r\n",
		     false),
	   ERR_UNSUPPORTED);
	EQ(desk_take(&d, HEAD "m=audio 5000 RTP/SAVP 0\r\n"
			      "a=crypto:1 AES_CM_128_HMAC_SHA1_32 inline:" KEY "\r\n",
		     false),
	   ERR_UNSUPPORTED);
	EQ(desk_take(&d, HEAD "m=audio 5000 RTP/AVP 0\r\n", false), ERR_UNSUPPORTED);
	OK(desk_take(&d, HEAD "m=audio 5000 RTP/SAVP 0\r\n"
			      "a=crypto:2 AES_CM_128_HMAC_SHA1_32 inline:" KEY "\r\n",
		     false));
	EQ(d.mi.keys.suite, TEL_SUITE_32);
	tel_sdp_close(&d.s);
}

static int count(const char *text, const char *what)
{
	int n = 0;

	for (const char *at = text; (at = strstr(at, what)) != NULL; at++)
		n++;
	return n;
}

/* A change that was refused leaves no mark: our next offer is that of before. */
TEST(tel_sdp_next_offer_after_a_refusal)
{
	static const char secure[] = HEAD "m=audio 5000 RTP/SAVP 0 101\r\na=rtcp-mux\r\n"
					  "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:" KEY "\r\n"
					  "a=rtpmap:101 telephone-event/8000\r\n";
	static const char *const refused[] = {
		HEAD "m=audio 5000 RTP/AVP 0\r\n",
		HEAD "m=audio 0 RTP/SAVP 0\r\na=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:" KEY
		     "\r\n",
		HEAD
		"m=audio 5000 RTP/SAVP 18\r\na=crypto:2 AES_CM_128_HMAC_SHA1_32 inline:" KEY
		"\r\n",
		HEAD "m=audio 5000 RTP/SAVP 0\r\n",
		HEAD "m=video 5000 RTP/AVP 99\r\n",
		"not a description\r\n",
	};
	struct desk d;
	char before[4096], key[80];

	for (int ours = 0; ours < 2; ours++) {
		CHECK(desk_open(&d, NULL, TEL_SRTP_REQUIRE, ours));
		if (ours)
			(void)desk_give(&d, true);
		OK(desk_take(&d, secure, !ours));
		if (!ours)
			(void)desk_give(&d, false);
		snprintf(before, sizeof(before), "%s", strstr(desk_give(&d, true), "m=audio"));
		HAS(sv_of(before), "RTP/SAVP");
		HAS(sv_of(before), "a=rtcp-mux");
		snprintf(key, sizeof(key), "%.60s", strstr(before, "a=crypto:1"));
		for (size_t i = 0; i < sizeof(refused) / sizeof(*refused); i++) {
			CHECK(desk_take(&d, refused[i], true) < 0);
			STR_EQ(strstr(desk_give(&d, true), "m=audio"), before);
			EQ(count(d.text, "m="), 1);
			HAS(sv_of(d.text), key);
			EQ(d.mi.port, 5000);
			EQ(d.mi.keys.suite, TEL_SUITE_80);
		}
		OK(desk_take(&d, secure, true));         /* and what fits is still taken */
		(void)desk_give(&d, true);
		EQ(desk_take(&d, HEAD "m=audio 5002 RTP/AVP 0\r\n", false), ERR_UNSUPPORTED);
		STR_EQ(strstr(desk_give(&d, true), "m=audio"), before);
		OK(desk_take(&d, secure, false));
		tel_sdp_close(&d.s);
	}
}
