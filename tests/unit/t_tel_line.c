/* Unit tests of what two telephones agree on and then do: codecs, SRTP, RTCP. */
#include "t_tel_world.h"

static bool line_open(struct world *w, const char *codecs, enum tel_srtp a, enum tel_srtp b)
{
	w_init(w);
	w->a.o.codecs = w->b.o.codecs = codecs;
	w->a.o.srtp = a;
	w->b.o.srtp = b;
	w->a.say_hz = 600;
	w->b.say_hz = 900;
	return !w_open(w) && !w_dial(w, "line");
}

static void heard_both(struct world *w)
{
	CHECK(t_wait(w->loop, w_both_up, w, 3000));
	CHECK(t_wait(w->loop, w_heard_60, w, 10000));
	NEAR(w_heard_db(&w->a, 900), 20 * log10(8000 / 32768.0), 2.5);
	NEAR(w_heard_db(&w->b, 600), 20 * log10(8000 / 32768.0), 2.5);
	EQ(tel_leg_stats(w->a.leg).rtp_bad, 0);
	EQ(tel_leg_stats(w->b.leg).rtp_bad, 0);
}

TEST(tel_line_g722)
{
	struct world w;

	CHECK(line_open(&w, "g722,pcmu", TEL_SRTP_OFF, TEL_SRTP_OFF));
	heard_both(&w);
	EQ(w.a.leg->m.to.codec, TEL_G722);
	EQ(w.b.leg->m.to.pt, 9);
	w_done(&w);
}

static bool b_got_keys(void *arg)
{
	return ((struct world *)arg)->b.n_keys >= 4;
}

TEST(tel_line_opus_and_its_keys)
{
	struct world w;

	CHECK(line_open(&w, "opus,pcmu", TEL_SRTP_OFF, TEL_SRTP_OFF));
	heard_both(&w);
	EQ(w.a.leg->m.to.codec, TEL_OPUS);
	EQ(w.a.leg->m.to.ev_div, 6); /* keys on the clock of the voice */
	OK(tel_leg_dtmf(w.a.leg, "1177"));
	CHECK(t_wait(w.loop, b_got_keys, &w, 5000));
	STR_EQ(w.b.keys, "1177");
	w_done(&w);
}

TEST(tel_line_srtp_both_suites_and_wrong_keys)
{
	struct world w;
	uint64_t bad;
	int frames;

	CHECK(line_open(&w, NULL, TEL_SRTP_OFFER, TEL_SRTP_REQUIRE));
	heard_both(&w);
	EQ(w.a.leg->m.to.keys.suite, TEL_SUITE_80);
	CHECK(w.a.leg->m.srtp && w.b.leg->m.srtp);
	/* the caller's key changes without a word: nothing of it is heard any more */
	struct tel_keys k = w.b.leg->m.to.keys;

	rng_secure(k.tx, sizeof(k.tx));
	tel_srtp_close(w.b.leg->m.srtp);
	w.b.leg->m.srtp = NULL;
	OK(tel_srtp_open(&w.b.leg->m.srtp, &k));
	frames = w.a.frames;
	bad = tel_leg_stats(w.a.leg).rtp_in;
	int64_t end = clk_mono_us() + 5000000;

	while (w.a.frames < frames + 100 && clk_mono_us() < end)
		loop_run_once(w.loop, 20);
	CHECK(tel_leg_stats(w.a.leg).rtp_in <= bad + 2);
	CHECK(tel_leg_stats(w.a.leg).rtp_bad > 50);
	CHECK(w_heard_db(&w.a, 900) < -60);
	w_done(&w);
}

TEST(tel_line_srtp_required_but_not_there)
{
	struct world w;

	CHECK(line_open(&w, NULL, TEL_SRTP_OFF, TEL_SRTP_REQUIRE));
	CHECK(t_wait(w.loop, w_b_closed, &w, 3000));
	EQ(w.b.status, 488);
	EQ(w.a.invites, 0);
	w_done(&w);
	CHECK(line_open(&w, NULL, TEL_SRTP_REQUIRE, TEL_SRTP_OFF));
	CHECK(t_wait(w.loop, w_b_closed, &w, 3000));
	EQ(w.b.status, 488);
	EQ(w.a.invites, 0);
	w_done(&w);
}

static bool a_has_rtt(void *arg)
{
	struct world *w = arg;

	return tel_leg_stats(w->a.leg).rtt_us > 0 && tel_leg_stats(w->b.leg).rtt_us > 0;
}

/* A report each, and one in answer: how long a round takes, what was lost. */
static void reports(struct world *w)
{
	heard_both(w);
	w->a.leg->m.rtcp.due = 1;
	for (int64_t end = clk_mono_us() + 3000000;
	     !tel_leg_stats(w->b.leg).rtcp_in && clk_mono_us() < end;)
		loop_run_once(w->loop, 20);
	w->b.leg->m.rx.base_seq -= 5; /* as if five had not come */
	w->b.leg->m.rtcp.due = 1;
	for (int64_t end = clk_mono_us() + 3000000;
	     !tel_leg_stats(w->a.leg).rtcp_in && clk_mono_us() < end;)
		loop_run_once(w->loop, 20);
	w->a.leg->m.rtcp.due = 1;
	CHECK(t_wait(w->loop, a_has_rtt, w, 3000));
	struct tel_leg_stats a = tel_leg_stats(w->a.leg), b = tel_leg_stats(w->b.leg);

	EQ(a.peer_lost, 5);
	CHECK(a.peer_loss_permille > 0);
	EQ(b.peer_lost, 0);
	CHECK(a.rtt_us < 2000000 && b.rtt_us < 2000000);
	EQ(b.lost, 5);
	EQ(a.rtcp_bad, 0);
	EQ(b.rtcp_bad, 0);
}

TEST(tel_line_reports_on_the_rtp_port)
{
	struct world w;
	int64_t before = metric_get(M_RTCP_RTT_US);

	CHECK(line_open(&w, NULL, TEL_SRTP_OFF, TEL_SRTP_OFF));
	reports(&w);
	CHECK(w.a.leg->m.to.mux && !w.a.leg->m.rtcp.udp);
	CHECK(metric_get(M_RTCP_RTT_US) > before);
	w_done(&w);
}

TEST(tel_line_reports_are_encrypted_too)
{
	struct world w;

	CHECK(line_open(&w, NULL, TEL_SRTP_OFFER, TEL_SRTP_REQUIRE));
	reports(&w);
	w_done(&w);
}

/* A phone that wants RTCP on its own port: SR with its name from the port after ours, BYE at the
 * end. */
TEST(tel_line_reports_beside_the_rtp_port)
{
	struct world w;
	struct raw sip;
	struct tel_rtcp r = { .ssrc = 77, .sr = true, .ntp = 1ull << 40 }, got;
	struct sockaddr_in to, from;
	socklen_t len = sizeof(from);
	uint8_t p[400];
	int rtp_port, rtp, rtcp, rtcp_port;
	char attrs[64];
	ssize_t n;

	w_init(&w);
	w.a.say_hz = 600;
	OK(w_open_side(&w, &w.a));
	raw_open(&sip, w.a.tel, "127.0.0.1");
	rtp = raw_socket(&rtp_port, "127.0.0.1");
	rtcp = raw_socket(&rtcp_port, "127.0.0.1");
	snprintf(attrs, sizeof(attrs), "a=rtcp:%d\r\n", rtcp_port);
	CHECK(raw_call(&sip, &w, "beside", raw_sdp(rtp_port, "0", attrs)));
	CHECK(!strstr(sip.in, "rtcp-mux"));
	while (!w.a.leg->m.rtcp.udp)
		loop_run_once(w.loop, 20);
	to = (struct sockaddr_in){ .sin_family = AF_INET,
				   .sin_port = htons(
					   (uint16_t)io_udp_local_port(w.a.leg->m.rtcp.udp)),
				   .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	EQ(ntohs(to.sin_port), io_udp_local_port(w.a.leg->m.udp) + 1);
	CHECK(sendto(rtcp, p, tel_rtcp_write(p, &r, 0, "raw"), 0, (struct sockaddr *)&to,
		     sizeof(to)) > 0);
	CHECK(sendto(rtcp, "garbage!", 8, 0, (struct sockaddr *)&to, sizeof(to)) > 0);
	for (int64_t end = clk_mono_us() + 3000000;
	     tel_leg_stats(w.a.leg).rtcp_bad < 1 && clk_mono_us() < end;)
		loop_run_once(w.loop, 20);
	EQ(tel_leg_stats(w.a.leg).rtcp_in, 1);
	w.a.leg->m.rtcp.due = 1;
	int frames = w.a.frames;

	while (w.a.frames < frames + 3)
		loop_run_once(w.loop, 20);
	n = recvfrom(rtcp, p, sizeof(p), MSG_DONTWAIT, (struct sockaddr *)&from, &len);
	CHECK(n > 0 && from.sin_port == to.sin_port);
	OK(tel_rtcp_parse(p, (size_t)n, 0, &got));
	CHECK(got.sr && !got.bye && got.packets > 0 && got.octets == got.packets * 160);
	w_free_legs(&w);
	n = recv(rtcp, p, sizeof(p), MSG_DONTWAIT);
	CHECK(n > 0);
	OK(tel_rtcp_parse(p, (size_t)n, 0, &got));
	CHECK(got.bye);
	close(rtp);
	close(rtcp);
	close(sip.fd);
	w_done(&w);
}
