/* t_bench_tap.c: another's telephone: what it is given to say, and the wire to it. */
#include <arpa/inet.h>
#include <stdio.h>
#include "t.h"
#include "bench_int.h"

/* ---- its microphone ---- */

static struct bench_clip square(int16_t *s, size_t n)
{
	struct bench_clip c = { .text = (char *)"beep", .s = s, .n = n };
	for (size_t i = 0; i < n; i++)
		s[i] = i / 4 % 2 ? 8000 : -8000;
	bench_clip_bounds(&c);
	return c;
}

static int16_t sample(const struct sb *wav, size_t i)
{
	const uint8_t *d = (const uint8_t *)wav->p + 44 + i * 2;
	return (int16_t)(d[0] | d[1] << 8);
}

TEST(bench_ua_sound_is_background_clip_background)
{
	int16_t s[1000];
	struct bench_clip c = square(s, 1000);
	struct bench_phone p = { .id = 77 };
	struct bench_mark m = { 0 };
	struct sb wav;
	unsigned id = 0, frame = 0, marks = 0, wrong = 0;
	sb_init(&wav, 16 << 20);
	size_t at = bench_ua_sound(&p, &c, -6, 65530, &wav);
	size_t from = at - 65530 * (size_t)PCM_FRAME;
	size_t n = (wav.n - 44) / 2;
	int loudest = 0;
	for (size_t i = 0; i < n; i++) {
		int v = sample(&wav, i);
		loudest = v > loudest ? v : loudest;
		if (!bench_mark_find(&m, (int16_t)v, &id, &frame))
			continue;
		marks++;
		wrong += id != 77 || frame != ((65530 + i / PCM_FRAME) & 0xFFFF) ||
			 (i >= from && i < from + 1000);
	}
	bool right = memcmp(wav.p, "RIFF", 4) == 0 && wav.n % 2 == 0;
	int first = sample(&wav, from), before = sample(&wav, from - 1);
	sb_done(&wav);
	CHECK(right);
	CHECK(from > 0 && from % PCM_FRAME == 0);
	EQ(wrong, 0);
	EQ(marks, n / PCM_FRAME - 7); /* the clip takes seven frames */
	CHECK(first < -3000 && before > -20);
	CHECK(loudest > 3900 && loudest < 4100); /* 6 dB down */
}

TEST(bench_caller_must_be_one_we_know)
{
	struct err e = { 0 };
	EQ(bench_ua_check("asterisk", &e), ERR_INVAL);
	CHECK(strstr(e.msg, "baresip") != NULL);
	OK(bench_ua_check(NULL, &e));
}

/* ---- the wire ---- */

static const char invite[] =
	"INVITE sip:service@127.0.0.1:5062 SIP/2.0\r\n"
	"Via: SIP/2.0/UDP 127.0.0.1:33107;branch=z9hG4bKabc;rport\r\n"
	"Contact: <sip:line1-0x55@127.0.0.1:33107>\r\n"
	"To: <sip:service@127.0.0.1:50620>\r\nFrom: <sip:line1@127.0.0.1>;tag=1\r\n"
	"Call-ID: abc\r\nCSeq: 1 INVITE\r\nContent-Type: application/sdp\r\n"
	"Content-Length: 111\r\n\r\n"
	"v=0\r\nc=IN IP4 127.0.0.1\r\nm=audio 18186 RTP/AVP 0 101\r\na=rtcp:18187\r\n"
	"a=rtpmap:0 PCMU/8000\r\n";

TEST(bench_tap_translates_addresses_and_nothing_else)
{
	struct bench_msg m;
	struct sockaddr_in to = { 0 };
	struct sb out;
	const int from[2] = { 5062, 33107 }, into[2] = { 7777, 5062 };
	sb_init(&out, 8192);
	bool parsed = bench_msg_parse(&m, sv_of(invite));
	bool media = bench_sip_media(m.body, &to);
	bench_tap_rewrite(&m, from, into, 4321, &out);
	struct bench_msg n;
	bool again = bench_msg_parse(&n, sb_sv(&out));
	bool length = sv_find(sb_sv(&out), SV("Content-Length: 75\r\n\r\n")) > 0;
	char *text = xstrdup(sb_sv(&out));
	size_t body = n.body.n;
	sb_done(&out);
	CHECK(parsed && again && media);
	EQ(ntohs(to.sin_port), 18186);
	HAS(sv_of(text), "INVITE sip:service@127.0.0.1:7777 SIP/2.0\r\n");
	HAS(sv_of(text), "UDP 127.0.0.1:5062;branch=z9hG4bKabc;rport");
	HAS(sv_of(text), "line1-0x55@127.0.0.1:5062>");
	HAS(sv_of(text), "service@127.0.0.1:50620>"); /* another port, though it begins alike */
	HAS(sv_of(text), "<sip:line1@127.0.0.1>;tag=1");
	HAS(sv_of(text), "m=audio 4321 RTP/AVP 0 101\r\na=rtpmap:0");
	EQ(body, 75);
	CHECK(length);
	xfree(text);
}

TEST(bench_tap_takes_what_is_no_sip)
{
	static const char *const bad[] = { "\r\n\r\n", "SIP/2.0 \r\n\r\n", "x",
					   "BYE\r\n127.0.0.1:" };
	const int ports[2] = { 1, 2 };
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		struct bench_msg m;
		struct sb out;
		if (!bench_msg_parse(&m, sv_of(bad[i])))
			continue;
		sb_init(&out, 8192);
		bench_tap_rewrite(&m, ports, ports, 0, &out);
		CHECK(out.n > 0);
		sb_done(&out);
	}
}

/* Frames of the telephone's: background that tells its number, then the clip. */
TEST(bench_tap_knows_when_a_word_left)
{
	int16_t s[1000], f[PCM_FRAME];
	struct bench_clip c = square(s, 1000);
	struct bench_phone p = { .id = 5, .sent = 400 * PCM_FRAME, .clip = &c };
	*VEC_PUSH(&p.said, 4) = (struct bench_said){ &c, 503 * PCM_FRAME, 0 };
	int64_t at = 1000000;
	for (unsigned i = 400; i < 402; i++, at += 20000) { /* the file before */
		bench_mark_put(f, 5, i);
		bench_tap_frame(&p, f, at);
	}
	EQ(p.sent, 402 * PCM_FRAME);
	for (unsigned i = 500; i < 503; i++, at += 20000) { /* its own begins */
		bench_mark_put(f, 5, i);
		bench_tap_frame(&p, f, at);
	}
	EQ(p.sent, 503 * PCM_FRAME);
	EQ(p.said_from_us, 0);
	int64_t first = at;
	for (size_t i = 0; i < 7; i++, at += 20000) {
		memset(f, 0, sizeof(f));
		for (size_t k = 0; k < PCM_FRAME && i * PCM_FRAME + k < 1000; k++)
			f[k] = s[i * PCM_FRAME + k];
		bench_tap_frame(&p, f, at);
	}
	VEC_FREE(&p.said);
	EQ(p.said_from_us, first - 20000);
	EQ(p.said_to_us, first + 120000 - 20000 + 40 * 125);
	CHECK(p.clip == NULL);
	EQ(p.sent, 510 * PCM_FRAME);
}

/* Somebody else's background is no place of ours. */
TEST(bench_tap_counts_on_without_a_mark_of_its_own)
{
	int16_t f[PCM_FRAME];
	struct bench_phone p = { .id = 5, .sent = 400 * PCM_FRAME };
	bench_mark_put(f, 6, 9000);
	bench_tap_frame(&p, f, 1);
	EQ(p.sent, 401 * PCM_FRAME);
	bench_mark_put(f, 5, 65535); /* far off: the nearest such frame lies before the call */
	p.sent = 0;
	bench_tap_frame(&p, f, 1);
	CHECK(p.sent <= PCM_FRAME);
}
