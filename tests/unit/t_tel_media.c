/* Unit tests of a call's sound against a raw RTP peer: sources, codecs, keys, loss,
 * clock. */
#include "t_tel_world.h"

struct rtp {
	int fd, port;
	uint16_t seq;
	uint32_t ts, ssrc;
	struct sockaddr_in to;
};

static void rtp_open(struct rtp *r)
{
	memset(r, 0, sizeof(*r));
	r->fd = raw_socket(&r->port, "127.0.0.1");
	r->ssrc = (uint32_t)rng_u64(t_rng());
	r->ts = (uint32_t)rng_u64(t_rng());
}

static void rtp_send(struct rtp *r, int pt, const void *p, size_t n, uint32_t ts)
{
	uint8_t b[400];
	struct tel_rtp h = {
		.pt = (uint8_t)pt, .seq = r->seq++, .ts = ts, .ssrc = r->ssrc
	};

	memcpy(b + tel_rtp_write(b, &h), p, n);
	if (sendto(r->fd, b, 12 + n, 0, (struct sockaddr *)&r->to, sizeof(r->to)) < 0)
		abort();
}

/* 20 ms of a tone, mu- or A-law. */
static void rtp_tone(struct rtp *r, int pt, double hz)
{
	int16_t s[160];
	uint8_t u[160];

	for (int i = 0; i < 160; i++)
		s[i] = (int16_t)lrint(8000 * sin(2 * M_PI * hz *
						 (double)(r->ts + (uint32_t)i) / 8000));
	if (pt == 8)
		pcm_alaw_encode(s, 160, u);
	else
		pcm_ulaw_encode(s, 160, u);
	rtp_send(r, pt, u, 160, r->ts);
	r->ts += 160;
}

/* Where the answer wants its RTP. */
static void rtp_aim(struct rtp *r, const struct raw *sip)
{
	const char *m = strstr(sip->in, "\nm=audio ");
	int port = 0;

	if (m)
		port = (int)strtol(m + 9, NULL, 10);
	if (!port)
		abort();
	r->to = (struct sockaddr_in){ .sin_family = AF_INET,
				      .sin_port = htons((uint16_t)port),
				      .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
}

struct talk {
	struct world w;
	struct raw sip;
	struct rtp rtp;
};

static bool talk_open(struct talk *t, const char *fmts, const char *attrs)
{
	if (w_open_side(&t->w, &t->w.a))
		return false;
	raw_open(&t->sip, t->w.a.tel, "127.0.0.1");
	rtp_open(&t->rtp);
	raw_request(&t->sip, "INVITE", "m1", 1, "", raw_sdp(t->rtp.port, fmts, attrs));
	if (raw_final(&t->sip, t->w.loop, "INVITE") != 200)
		return false;
	rtp_aim(&t->rtp, &t->sip);
	raw_request(&t->sip, "ACK", "m1", 1, "", "");
	return t_wait(t->w.loop, w_a_up, &t->w, 2000);
}

static void talk_done(struct talk *t)
{
	close(t->sip.fd);
	close(t->rtp.fd);
	w_done(&t->w);
}

/* One packet of tone per frame that the leg made, n times: paced by the leg's own
 * clock. */
static void talk_tone(struct talk *t, struct rtp *r, int pt, double hz, int n)
{
	int frames = t->w.a.frames;
	int64_t end = clk_mono_us() + 10000000;

	for (int i = 0; i < n && clk_mono_us() < end; i++) {
		rtp_tone(r, pt, hz);
		while (t->w.a.frames <= frames + i && clk_mono_us() < end)
			loop_run_once(t->w.loop, 20);
	}
}

TEST(tel_media_pcma_and_its_payload_types)
{
	struct talk t;

	w_init(&t.w);
	CHECK(talk_open(&t, "8 0 97",
			"a=rtpmap:97 telephone-event/8000\r\na=fmtp:97 0-15\r\n"));
	HAS(sv_of(t.sip.in), "a=rtpmap:97 telephone-event/8000");
	CHECK(!strstr(t.sip.in, "rtpmap:101"));
	talk_tone(&t, &t.rtp, 8, 900, 50);
	NEAR(w_heard_db(&t.w.a, 900), 20 * log10(8000 / 32768.0), 1.5);
	EQ(t.w.a.leg->m.to.pt, 8);
	EQ(t.w.a.leg->m.to.ev_tx, 97);
	EQ(t.w.a.leg->m.to.ev_rx, 97);
	talk_done(&t);
}

TEST(tel_media_sends_what_it_says)
{
	struct talk t;
	uint8_t b[400];
	int16_t pcm[8000];
	size_t got = 0;
	uint32_t ts = 0;
	int packets = 0;

	w_init(&t.w);
	t.w.a.say_hz = 600;
	CHECK(talk_open(&t, "0", ""));
	talk_tone(&t, &t.rtp, 0, 900, 40);
	for (;;) {
		ssize_t n = recv(t.rtp.fd, b, sizeof(b), MSG_DONTWAIT);
		struct tel_rtp h;

		if (n <= 0)
			break;
		OK(tel_rtp_parse(b, (size_t)n, &h));
		EQ(h.pt, 0);
		EQ(h.n, 160);
		EQ(h.marker, !packets);
		if (packets)
			EQ(h.ts - ts, 160);
		ts = h.ts;
		pcm_ulaw_decode(h.p, 160, pcm + got);
		got += 160;
		packets++;
	}
	CHECK(packets >= 40 && got <= 8000);
	NEAR(pcm_goertzel_db(pcm, got, 600, 8000), 20 * log10(8000 / 32768.0), 1);
	talk_done(&t);
}

TEST(tel_media_wrong_source_is_not_heard)
{
	struct talk t;
	struct rtp evil;

	w_init(&t.w);
	CHECK(talk_open(&t, "0", ""));
	rtp_open(&evil);
	rtp_aim(&evil, &t.sip);
	evil.ssrc = t.rtp.ssrc;
	int64_t bad = metric_get(M_RTP_BAD);

	talk_tone(&t, &evil, 0, 900, 50);
	CHECK(tel_leg_stats(t.w.a.leg).rtp_bad >= 49);
	CHECK(metric_get(M_RTP_BAD) - bad >= 49);
	EQ(tel_leg_stats(t.w.a.leg).rtp_in, 0);
	EQ(pcm_peak(t.w.a.heard, (size_t)t.w.a.n_heard), 0);
	EQ(recv(evil.fd, &bad, 8, MSG_DONTWAIT), -1); /* and nothing is sent there */
	close(evil.fd);
	talk_done(&t);
}

TEST(tel_media_nat_locks_once)
{
	struct talk t;
	struct rtp real, evil;
	uint8_t b[400];

	w_init(&t.w);
	t.w.a.o.nat = true;
	t.w.a.say_hz = 600;
	CHECK(talk_open(&t, "0", ""));
	rtp_open(&real);
	rtp_aim(&real, &t.sip);
	rtp_open(&evil);
	rtp_aim(&evil, &t.sip);
	talk_tone(&t, &real, 0, 900, 50);
	EQ(tel_leg_stats(t.w.a.leg).rtp_bad, 3);
	CHECK(recv(real.fd, b, sizeof(b), MSG_DONTWAIT) == 172);
	talk_tone(&t, &evil, 0, 1500, 50);
	EQ(tel_leg_stats(t.w.a.leg).rtp_bad, 3); /* the kernel drops the others */
	CHECK(w_heard_db(&t.w.a, 1500) < -50);
	EQ(recv(evil.fd, b, sizeof(b), MSG_DONTWAIT), -1);
	close(real.fd);
	close(evil.fd);
	talk_done(&t);
}

TEST(tel_media_garbage_packets_are_counted)
{
	struct talk t;
	uint8_t b[64] = { 0 };

	w_init(&t.w);
	CHECK(talk_open(&t, "0", ""));
	for (int i = 0; i < 10; i++)
		CHECK(sendto(t.rtp.fd, b, sizeof(b), 0, (struct sockaddr *)&t.rtp.to,
			     sizeof(t.rtp.to)) > 0);
	rtp_send(&t.rtp, 96, b, 64, 0); /* a payload type nobody agreed on */
	rtp_send(&t.rtp, 13, b, 1, 0);  /* comfort noise is fine */
	talk_tone(&t, &t.rtp, 0, 900, 20);
	EQ(tel_leg_stats(t.w.a.leg).rtp_bad, 11);
	CHECK(tel_leg_stats(t.w.a.leg).rtp_in >= 20);
	talk_done(&t);
}

TEST(tel_media_new_ssrc_is_a_new_stream)
{
	struct talk t;

	w_init(&t.w);
	CHECK(talk_open(&t, "0", ""));
	talk_tone(&t, &t.rtp, 0, 900, 20);
	t.rtp.ssrc++;
	t.rtp.ts += 0x40000000;
	t.rtp.seq += 20000;
	talk_tone(&t, &t.rtp, 0, 1500, 50);
	NEAR(w_heard_db(&t.w.a, 1500), 20 * log10(8000 / 32768.0), 3);
	talk_done(&t);
}

static bool a_four_keys(void *arg)
{
	return ((struct talk *)arg)->w.a.n_keys >= 4;
}

TEST(tel_media_event_keys_with_loss_and_order)
{
	static const uint8_t one[3][4] = { { 1, 10, 0, 160 },
					   { 1, 10, 1, 64 },
					   { 1, 0x8a, 1, 224 } };
	static const uint8_t two[2][4] = { { 2, 10, 0, 160 }, { 2, 0x8a, 1, 224 } };
	struct talk t;
	uint32_t ts = 10000;

	w_init(&t.w);
	CHECK(talk_open(&t, "0 101", "a=rtpmap:101 telephone-event/8000\r\n"));
	rtp_send(&t.rtp, 101, one[1], 4, ts); /* the start is lost */
	rtp_send(&t.rtp, 101, one[0], 4, ts); /* and comes late */
	rtp_send(&t.rtp, 101, one[2], 4, ts);
	rtp_send(&t.rtp, 101, one[2], 4, ts);
	rtp_send(&t.rtp, 101, one[2], 4,
		 ts + 1600); /* the same key again, only its end arrives */
	rtp_send(&t.rtp, 101, two[0], 4, ts + 3200); /* its ends are lost */
	rtp_send(&t.rtp, 101, two[0], 4, ts + 4800);
	rtp_send(&t.rtp, 101, two[1], 4, ts + 4800);
	CHECK(t_wait(t.w.loop, a_four_keys, &t, 2000));
	talk_tone(&t, &t.rtp, 0, 900, 5);
	STR_EQ(t.w.a.keys, "1122");
	talk_done(&t);
}

TEST(tel_media_in_band_keys_when_events_are_not_negotiated)
{
	struct talk t;
	struct pcm_dtmf *d;
	int16_t s[160 * 12], pcm[160];
	uint8_t u[160], b[400];
	char sent[8] = "";
	size_t k = 0;

	w_init(&t.w);
	CHECK(talk_open(&t, "0", ""));
	OK(pcm_dtmf_open(&d));
	for (int key = 0; key < 3; key++) {
		int frames = t.w.a.frames;

		memset(s, 0, sizeof(s));
		pcm_dtmf_gen("7*3"[key], 100, s, 160 * 12);
		for (int i = 0; i < 12; i++) {
			pcm_ulaw_encode(s + i * 160, 160, u);
			rtp_send(&t.rtp, 0, u, 160, t.rtp.ts);
			t.rtp.ts += 160;
			while (t.w.a.frames <= frames + i)
				loop_run_once(t.w.loop, 20);
		}
	}
	STR_EQ(t.w.a.keys, "7*3");
	OK(tel_leg_dtmf(t.w.a.leg, "46"));
	talk_tone(&t, &t.rtp, 0, 900, 25);
	for (ssize_t n; (n = recv(t.rtp.fd, b, sizeof(b), MSG_DONTWAIT)) == 172;) {
		pcm_ulaw_decode(b + 12, 160, pcm);
		pcm_dtmf_push(d, pcm, 160);
	}
	for (char c; k < 7 && (c = pcm_dtmf_next(d));)
		sent[k++] = c;
	STR_EQ(sent, "46");
	pcm_dtmf_close(d);
	talk_done(&t);
}

static bool a_one_key(void *arg)
{
	return ((struct talk *)arg)->w.a.n_keys >= 1;
}

TEST(tel_media_info_key_is_not_doubled_by_an_event)
{
	static const uint8_t five[4] = { 5, 10, 0, 160 };
	struct talk t;

	w_init(&t.w);
	CHECK(talk_open(&t, "0 101", "a=rtpmap:101 telephone-event/8000\r\n"));
	raw_request(&t.sip, "INFO", "m1", 2, "Content-Type: application/dtmf-relay\r\n",
		    "Signal= 5\r\nDuration= 160\r\n");
	CHECK(t_wait(t.w.loop, a_one_key, &t, 2000));
	rtp_send(&t.rtp, 101, five, 4, 777);
	talk_tone(&t, &t.rtp, 0, 900, 5);
	STR_EQ(t.w.a.keys, "5");
	talk_done(&t);
}

TEST(tel_media_silence_hangs_up)
{
	struct talk t;

	w_init(&t.w);
	t.w.a.o.media_timeout_ms = 200;
	CHECK(talk_open(&t, "0", ""));
	talk_tone(&t, &t.rtp, 0, 900, 20); /* longer than the limit, but heard */
	EQ(t.w.a.closes, 0);
	CHECK(t_wait(t.w.loop, w_a_closed, &t.w, 3000));
	EQ(t.w.a.status, 408);
	CHECK(raw_recv(&t.sip, t.w.loop, 2000));
	HAS(sv_of(t.sip.in), "BYE sip:");
	talk_done(&t);
}

TEST(tel_media_frames_keep_the_wall_clock)
{
	struct talk t;
	int64_t t0;
	int f0, frames;
	double slots;

	w_init(&t.w);
	CHECK(talk_open(&t, "0", ""));
	t0 = clk_mono_us();
	f0 = t.w.a.frames;
	for (int i = 0; i < 60;
	     i++) { /* 5 % lost, the rest jittered: the feed stays on the clock */
		if (i % 20)
			rtp_tone(&t.rtp, 0, 900);
		else
			t.rtp.ts += 160;
		int64_t until = clk_mono_us() + (i & 1 ? 30000 : 10000);

		while (clk_mono_us() < until)
			loop_run_once(t.w.loop, 2);
	}
	frames = t.w.a.frames - f0;
	slots = (double)tel_leg_tx_samples(t.w.a.leg) / 160 - f0;
	NEAR(slots, (double)(clk_mono_us() - t0) / 20000, 3);
	CHECK(frames <= slots &&
	      frames >= slots - 10); /* fewer only when we were stalled */
	talk_done(&t);
}

/* Somebody who can forge the source address, but not know the SSRC: beside the true stream nothing
 * of it is heard, however long it goes on. */
TEST(tel_media_second_stream_beside_the_first_is_not_heard)
{
	struct talk t;
	struct rtp evil;

	w_init(&t.w);
	CHECK(talk_open(&t, "0", ""));
	talk_tone(&t, &t.rtp, 0, 900, 5);
	evil = t.rtp;
	evil.ssrc ^= 0x5a5a;
	for (int i = 0; i < 60; i++) {
		rtp_tone(&evil, 0, 1500);
		talk_tone(&t, &t.rtp, 0, 900, 1);
		rtp_tone(&evil, 0, 1500);
	}
	NEAR(w_heard_db(&t.w.a, 900), 20 * log10(8000 / 32768.0), 2);
	CHECK(w_heard_db(&t.w.a, 1500) < -50);
	CHECK(tel_leg_stats(t.w.a.leg).rtp_bad >= 110);
	talk_done(&t);
}

/* The phone moves: another port is named within the call. What comes from the old one is not heard,
 * what is said goes to the new one, whose stream is new. */
TEST(tel_media_moves_within_a_call)
{
	struct talk t;
	struct rtp fresh;
	uint8_t b[400];
	int left = 0;

	w_init(&t.w);
	t.w.a.say_hz = 600;
	CHECK(talk_open(&t, "0", ""));
	talk_tone(&t, &t.rtp, 0, 900, 20);
	CHECK(t.w.a.leg->m.latched);
	rtp_open(&fresh);
	fresh.to = t.rtp.to;
	raw_request(&t.sip, "UPDATE", "m1", 2, "", raw_sdp(fresh.port, "0", ""));
	EQ(raw_final(&t.sip, t.w.loop, "UPDATE"), 200);
	talk_tone(&t, &fresh, 0, 1500, 3);
	while (recv(t.rtp.fd, b, sizeof(b), MSG_DONTWAIT) > 0)
		;
	while (recv(fresh.fd, b, sizeof(b), MSG_DONTWAIT) > 0)
		;
	for (int i = 0; i < 50; i++) {
		rtp_tone(&t.rtp, 0, 900); /* the old one goes on */
		talk_tone(&t, &fresh, 0, 1500, 1);
	}
	NEAR(w_heard_db(&t.w.a, 1500), 20 * log10(8000 / 32768.0), 2.5);
	CHECK(w_heard_db(&t.w.a, 900) < -50);
	EQ(recv(t.rtp.fd, b, sizeof(b), MSG_DONTWAIT), -1);
	while (recv(fresh.fd, b, sizeof(b), MSG_DONTWAIT) == 172)
		left++;
	CHECK(left >= 45);
	close(fresh.fd);
	talk_done(&t);
}

/* Put on hold and taken back, with another stream afterwards: heard from its first packet on; in
 * between nothing is sent, and silence hangs nobody up. */
TEST(tel_media_hold_and_back)
{
	struct talk t;
	uint8_t b[400];

	w_init(&t.w);
	t.w.a.o.media_timeout_ms = 300;
	t.w.a.say_hz = 600;
	CHECK(talk_open(&t, "0", ""));
	talk_tone(&t, &t.rtp, 0, 900, 20);
	raw_request(&t.sip, "UPDATE", "m1", 2, "", raw_sdp(t.rtp.port, "0", "a=sendonly\r\n"));
	EQ(raw_final(&t.sip, t.w.loop, "UPDATE"), 200);
	int f0 = t.w.a.frames;

	while (!t.w.a.held && t.w.a.frames < f0 + 50)
		loop_run_once(t.w.loop, 20);
	EQ(t.w.a.held, 1);
	while (recv(t.rtp.fd, b, sizeof(b), MSG_DONTWAIT) > 0)
		;
	f0 = t.w.a.frames;
	while (t.w.a.frames < f0 + 40) /* longer than the limit for silence */
		loop_run_once(t.w.loop, 20);
	EQ(t.w.a.closes, 0);
	EQ(recv(t.rtp.fd, b, sizeof(b), MSG_DONTWAIT), -1);
	raw_request(&t.sip, "UPDATE", "m1", 3, "", raw_sdp(t.rtp.port, "0", ""));
	EQ(raw_final(&t.sip, t.w.loop, "UPDATE"), 200);
	t.rtp.ssrc++;
	t.rtp.ts += 0x12345678;
	uint64_t bad = tel_leg_stats(t.w.a.leg).rtp_bad;

	for (f0 = t.w.a.frames; !t.w.a.resumed && t.w.a.frames < f0 + 50;)
		loop_run_once(t.w.loop, 20);
	EQ(t.w.a.resumed, 1);
	talk_tone(&t, &t.rtp, 0, 1500, 40);
	EQ(tel_leg_stats(t.w.a.leg).rtp_bad, bad);
	NEAR(w_heard_db(&t.w.a, 1500), 20 * log10(8000 / 32768.0), 3);
	EQ(t.w.a.closes, 0);
	talk_done(&t);
}

/* Comfort noise: some noise, never as loud as speech whatever it says of itself, nothing concealed;
 * the speech after it is whole. */
TEST(tel_media_comfort_noise_is_quiet)
{
	static const uint8_t levels[] = { 60, 0, 127 };
	struct talk t;

	w_init(&t.w);
	CHECK(talk_open(&t, "0", ""));
	talk_tone(&t, &t.rtp, 0, 900, 30);
	for (int k = 0; k < 3; k++) {
		uint64_t concealed = tel_leg_stats(t.w.a.leg).concealed;
		int f0;

		rtp_send(&t.rtp, 13, &levels[k], 1, t.rtp.ts);
		for (f0 = t.w.a.frames; t.w.a.frames < f0 + 30;)
			loop_run_once(t.w.loop, 20);
		double db = pcm_dbfs(t.w.a.heard + t.w.a.n_heard - 1600, 1600);

		if (k < 2)
			NEAR(db, k ? -55 : -60, 2);
		else
			CHECK(db < -90);
		EQ(tel_leg_stats(t.w.a.leg).concealed, concealed);
		t.rtp.ts += 30 * 160;
		talk_tone(&t, &t.rtp, 0, 900, 30);
		NEAR(w_heard_db(&t.w.a, 900), 20 * log10(8000 / 32768.0), 3);
	}
	talk_done(&t);
}

/* A packet that comes twice, or later than its successors, is heard once and in its place. */
TEST(tel_media_out_of_order_and_twice)
{
	struct talk t;
	uint8_t b[2][160];

	w_init(&t.w);
	CHECK(talk_open(&t, "0", ""));
	talk_tone(&t, &t.rtp, 0, 900, 5);
	for (int i = 0; i < 30; i++) {
		int16_t s[160];
		uint16_t seq = t.rtp.seq;
		int frames = t.w.a.frames;

		for (int k = 0; k < 2; k++) {
			for (int j = 0; j < 160; j++)
				s[j] = (int16_t)lrint(
					8000 * sin(2 * M_PI * 900 *
						   (double)(t.rtp.ts + (uint32_t)(k * 160 + j)) /
						   8000));
			pcm_ulaw_encode(s, 160, b[k]);
		}
		t.rtp.seq = (uint16_t)(seq + 1);
		rtp_send(&t.rtp, 0, b[1], 160, t.rtp.ts + 160);
		t.rtp.seq = seq;
		rtp_send(&t.rtp, 0, b[0], 160, t.rtp.ts);
		t.rtp.seq = seq;
		rtp_send(&t.rtp, 0, b[0], 160, t.rtp.ts);
		t.rtp.seq = (uint16_t)(seq + 2);
		t.rtp.ts += 320;
		while (t.w.a.frames < frames + 2)
			loop_run_once(t.w.loop, 20);
	}
	NEAR(w_heard_db(&t.w.a, 900), 20 * log10(8000 / 32768.0), 1);
	EQ(tel_leg_stats(t.w.a.leg).lost, 0);
	talk_done(&t);
}

/* The loop stands still for half a second: all of it is heard afterwards, the last of it said. */
TEST(tel_media_late_loop_hears_all_of_it)
{
	struct talk t;
	uint8_t b[400];
	int frames, packets = 0;
	uint64_t slots;

	w_init(&t.w);
	t.w.a.say_hz = 600;
	CHECK(talk_open(&t, "0", ""));
	talk_tone(&t, &t.rtp, 0, 900, 10);
	frames = t.w.a.frames;
	slots = tel_leg_tx_samples(t.w.a.leg) / 160;
	while (recv(t.rtp.fd, b, sizeof(b), MSG_DONTWAIT) > 0)
		;
	for (int i = 0; i < 25; i++)
		rtp_tone(&t.rtp, 0, 900);
	for (int64_t until = clk_mono_us() + 500000; clk_mono_us() < until;)
		; /* somebody holds the loop */
	loop_run_once(t.w.loop, 0);
	frames = t.w.a.frames - frames;
	slots = tel_leg_tx_samples(t.w.a.leg) / 160 - slots;
	CHECK(frames >= 24);
	EQ(frames, slots);
	while (recv(t.rtp.fd, b, sizeof(b), MSG_DONTWAIT) > 0)
		packets++;
	CHECK(packets <= 4);
	CHECK(w_heard_db(&t.w.a, 900) > -20);
	talk_done(&t);
}

/* Keys on Opus' clock of 48 kHz: its wrap, here between two presses, is none of ours. */
TEST(tel_media_event_keys_over_a_wrap_of_48_khz)
{
	static const uint8_t three[4] = { 3, 0x8a, 5, 160 }, four[4] = { 4, 0x8a, 5, 160 };
	const char *sdp = "a=rtpmap:107 opus/48000/2\r\na=rtpmap:102 telephone-event/48000\r\n";
	struct talk t;

	w_init(&t.w);
	t.w.a.o.codecs = "opus";
	CHECK(talk_open(&t, "107 102", sdp));
	EQ(t.w.a.leg->m.to.ev_div, 6);
	rtp_send(&t.rtp, 102, three, 4, 0xfffff000u);
	rtp_send(&t.rtp, 102, three, 4, 0xfffff000u);
	rtp_send(&t.rtp, 102, four, 4, 0xfffff000u + 48000);
	rtp_send(&t.rtp, 102, four, 4, 0xfffff000u + 48000);
	rtp_send(&t.rtp, 102, three, 4, 0xfffff000u + 96000);
	rtp_send(&t.rtp, 102, four, 4, 0xfffff000u + 144000);
	CHECK(t_wait(t.w.loop, a_four_keys, &t, 2000));
	STR_EQ(t.w.a.keys, "3434");
	talk_done(&t);
}

/* The session is refreshed in the middle of a key and of the voice: the key comes once, the sound
 * goes on as if nothing were. */
TEST(tel_media_refresh_disturbs_nothing)
{
	static const uint8_t six[2][4] = { { 6, 10, 0, 160 }, { 6, 0x8a, 3, 32 } };
	struct talk t;
	const char *ev = "a=rtpmap:101 telephone-event/8000\r\n";
	uint32_t ts;
	uint64_t bad;

	w_init(&t.w);
	CHECK(talk_open(&t, "0 101", ev));
	talk_tone(&t, &t.rtp, 0, 900, 20);
	ts = t.rtp.ts;
	bad = tel_leg_stats(t.w.a.leg).rtp_bad;
	rtp_send(&t.rtp, 101, six[0], 4, ts);
	talk_tone(&t, &t.rtp, 0, 900, 2);
	raw_request(&t.sip, "UPDATE", "m1", 2, "", raw_sdp(t.rtp.port, "0 101", ev));
	EQ(raw_final(&t.sip, t.w.loop, "UPDATE"), 200);
	talk_tone(&t, &t.rtp, 0, 900, 3);
	CHECK(t.w.a.leg->m.latched);
	for (int i = 0; i < 3; i++)
		rtp_send(&t.rtp, 101, six[1], 4, ts);
	talk_tone(&t, &t.rtp, 0, 900, 30);
	STR_EQ(t.w.a.keys, "6");
	EQ(tel_leg_stats(t.w.a.leg).rtp_bad, bad);
	EQ(tel_leg_stats(t.w.a.leg).lost, 0);
	NEAR(w_heard_db(&t.w.a, 900), 20 * log10(8000 / 32768.0), 2);
	talk_done(&t);
}
