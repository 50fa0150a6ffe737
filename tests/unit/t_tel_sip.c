/* Unit tests of the SIP side against a raw peer: refusals, limits, access, digest,
 * hostile messages. */
#include "t_tel_world.h"
#include "tel_front.h"
#define LLVMFuzzerTestOneInput fuzz_sip
#define look fuzz_sip_look
#include "../fuzz/f_tel_sip.c"
#undef LLVMFuzzerTestOneInput
#define LLVMFuzzerTestOneInput fuzz_sdp
#define once fuzz_sdp_once
#include "../fuzz/f_tel_sdp.c"
#undef LLVMFuzzerTestOneInput
#define LLVMFuzzerTestOneInput fuzz_rtp
#define one fuzz_rtp_one
#include "../fuzz/f_tel_rtp.c"
#undef LLVMFuzzerTestOneInput

struct peer {
	struct world w;
	struct raw r;
};

static int peer_open(struct peer *p, const char *ip)
{
	int e = w_open_side(&p->w, &p->w.a);

	if (!e)
		raw_open(&p->r, p->w.a.tel, ip);
	return e;
}

static void peer_done(struct peer *p)
{
	close(p->r.fd);
	w_done(&p->w);
}

/* One request, its final status. */
static int ask(struct peer *p, const char *method, const char *id, const char *extra,
	       const char *sdp)
{
	p->r.in[0] = 0; /* no dialog */
	raw_request(&p->r, method, id, 1, extra, sdp);
	return raw_final(&p->r, p->w.loop, method);
}

/* tel_drain is a message to the front thread: it takes effect a moment later. */
static int ask_until(struct peer *p, int status)
{
	static int n;
	int got = 0;

	for (int i = 0; i < 50 && got != status; i++) {
		char id[16];

		snprintf(id, sizeof(id), "u%d", n++);
		got = ask(p, "OPTIONS", id, "", "");
	}
	return got;
}

TEST(tel_options_and_drain)
{
	struct peer p;

	w_init(&p.w);
	OK(peer_open(&p, "127.0.0.1"));
	EQ(ask(&p, "OPTIONS", "o1", "", ""), 200);
	HAS(sv_of(p.r.in), "Allow: INVITE");
	tel_drain(p.w.a.tel, true);
	EQ(ask_until(&p, 503), 503);
	HAS(sv_of(p.r.in), "Retry-After: ");
	EQ(ask(&p, "INVITE", "o3", "", raw_sdp(4000, "0", "")), 503);
	tel_drain(p.w.a.tel, false);
	EQ(ask_until(&p, 200), 200);
	peer_done(&p);
}

TEST(tel_refusals_by_the_book)
{
	struct peer p;

	w_init(&p.w);
	OK(peer_open(&p, "127.0.0.1"));
	EQ(ask(&p, "INVITE", "r1", "Require: 100rel\r\n", raw_sdp(4000, "0", "")), 420);
	HAS(sv_of(p.r.in), "Unsupported: 100rel");
	EQ(ask(&p, "INVITE", "q1",
	       "Require: timer, sec-agree ,replaces\r\nRequire: gruu,\r\n b\tc\r\n",
	       raw_sdp(4000, "0", "")),
	   420);
	HAS(sv_of(p.r.in), "\nUnsupported: sec-agree, gruu, b_c\r\n");
	EQ(ask(&p, "OPTIONS", "q2", "Require: nonsense\r\n", ""), 420);
	EQ(ask(&p, "OPTIONS", "q3", "Require: Timer\r\n", ""), 200);
	EQ(ask(&p, "CANCEL", "q4", "Require: nonsense\r\n", ""), 481);
	static char many[1200] = "Require: ";
	for (int i = 0; i < 60; i++)
		snprintf(many + strlen(many), 20, "extension%02d,", i);
	(void)memcpy(many + strlen(many), "x\r\n", 4);
	EQ(ask(&p, "OPTIONS", "q5", many, ""), 420);
	HAS(sv_of(p.r.in), "Unsupported: extension00, extension01, ");
	char one[340] = "Require: ";
	memset(one + 9, 'x', 300);
	(void)memcpy(one + 309, "\r\n", 3);
	EQ(ask(&p, "OPTIONS", "q6", one, ""), 420);
	EQ(ask(&p, "INVITE", "r2", "", raw_sdp(4000, "18", "")), 488);
	EQ(ask(&p, "INVITE", "r3", "", "no session description\r\n"), 400);
	EQ(ask(&p, "INVITE", "r4", "", raw_sdp(0, "0", "")), 488);
	EQ(ask(&p, "UPDATE", "r5", "", ""), 481);
	EQ(ask(&p, "REGISTER", "r6", "", ""), 501);
	EQ(ask(&p, "PUBLISH", "r7", "", ""), 501);
	EQ(ask(&p, "CANCEL", "r8", "", ""), 481);
	EQ(ask(&p, "BYE", "r9", "", ""), 481);
	EQ(p.w.a.invites, 0);
	EQ(tel_calls(p.w.a.tel), 0);
	peer_done(&p);
}

TEST(tel_call_without_an_offer)
{
	struct peer p;

	w_init(&p.w);
	OK(peer_open(&p, "127.0.0.1"));
	EQ(ask(&p, "INVITE", "d1", "", ""), 200);
	HAS(sv_of(p.r.in), "m=audio ");
	HAS(sv_of(p.r.in), "telephone-event");
	raw_request(&p.r, "ACK", "d1", 1, "", raw_sdp(4000, "8", ""));
	CHECK(t_wait(p.w.loop, w_a_up, &p.w, 2000));
	EQ(p.w.a.leg->m.to.port, 4000);
	EQ(p.w.a.leg->m.to.pt, 8);
	peer_done(&p);
}

TEST(tel_offer_never_answered_ends_the_call)
{
	struct peer p;

	w_init(&p.w);
	OK(peer_open(&p, "127.0.0.1"));
	EQ(ask(&p, "INVITE", "d2", "", ""), 200);
	raw_request(&p.r, "ACK", "d2", 1, "", "");
	CHECK(t_wait(p.w.loop, w_a_closed, &p.w, 3000));
	CHECK(p.w.a.status >= 400);
	EQ(p.w.a.ups, 0);
	peer_done(&p);
}

TEST(tel_ack_with_a_useless_answer_ends_the_call)
{
	struct peer p;

	w_init(&p.w);
	OK(peer_open(&p, "127.0.0.1"));
	EQ(ask(&p, "INVITE", "d3", "", ""), 200);
	raw_request(&p.r, "ACK", "d3", 1, "", raw_sdp(4000, "18", ""));
	CHECK(t_wait(p.w.loop, w_a_closed, &p.w, 3000));
	CHECK(p.w.a.status >= 400);
	peer_done(&p);
}

TEST(tel_update_and_refer_within_a_call)
{
	struct peer p;
	char ok[8192];

	w_init(&p.w);
	OK(peer_open(&p, "127.0.0.1"));
	CHECK(raw_call(&p.r, &p.w, "u1", raw_sdp(4000, "0", "")));
	memcpy(ok, p.r.in, sizeof(ok));
	raw_request(&p.r, "MESSAGE", "u1", 2, "", "");
	EQ(raw_final(&p.r, p.w.loop, "MESSAGE"), 501); /* 481 would end the call */
	memcpy(p.r.in, ok, sizeof(ok));
	raw_request(&p.r, "UPDATE", "u1", 2, "", "");
	EQ(raw_final(&p.r, p.w.loop, "UPDATE"), 200);
	memcpy(p.r.in, ok, sizeof(ok));
	raw_request(&p.r, "REFER", "u1", 3, "Refer-To: <sip:900@premium.example>\r\n",
		    "");
	EQ(raw_final(&p.r, p.w.loop, "REFER"), 603);
	memcpy(p.r.in, ok, sizeof(ok));
	raw_request(&p.r, "BYE", "u1", 4, "", "");
	EQ(raw_final(&p.r, p.w.loop, "BYE"), 200);
	CHECK(t_wait(p.w.loop, w_a_closed, &p.w, 2000));
	EQ(p.w.a.status, 200);
	peer_done(&p);
}

/* A re-INVITE carries the To tag of the answer in `ok`. */
static int reinvite(struct peer *p, const char *ok, const char *id, int cseq,
		    const char *sdp)
{
	char m[3000];
	const char *tag = strstr(strstr(ok, "\nTo:"), ";tag=");
	int n = snprintf(m, sizeof(m),
			 "INVITE sip:callm@127.0.0.1 SIP/2.0\r\n"
			 "Via: SIP/2.0/UDP 127.0.0.1:%d;branch=z9hG4bK%s%dr\r\n"
			 "From: <sip:raw@127.0.0.1>;tag=r1\r\n"
			 "To: <sip:callm@127.0.0.1>%.*s\r\nCall-ID: %s\r\n"
			 "CSeq: %d INVITE\r\nContact: <sip:raw@127.0.0.1:%d>\r\n"
			 "Max-Forwards: 70\r\nContent-Type: application/sdp\r\n"
			 "Content-Length: %zu\r\n\r\n%s",
			 p->r.port, id, cseq, (int)strcspn(tag, "\r\n"), tag, id, cseq,
			 p->r.port, strlen(sdp), sdp);

	raw_send(&p->r, m, (size_t)n);
	n = raw_final(&p->r, p->w.loop, "INVITE");
	raw_request(&p->r, "ACK", id, cseq, "", "");
	return n;
}

TEST(tel_old_style_hold)
{
	struct peer p;
	char ok[8192];

	w_init(&p.w);
	OK(peer_open(&p, "127.0.0.1"));
	CHECK(raw_call(&p.r, &p.w, "h1", raw_sdp(4000, "0", "")));
	memcpy(ok, p.r.in, sizeof(ok));
	EQ(reinvite(&p, ok, "h1", 2,
		    "v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 0.0.0.0\r\n"
		    "t=0 0\r\nm=audio 4000 RTP/AVP 0\r\n"),
	   200);
	for (int i = 0; i < 100 && !p.w.a.held; i++)
		loop_run_once(p.w.loop, 10);
	EQ(p.w.a.held, 1);
	peer_done(&p);
}

TEST(tel_bad_reinvite_leaves_the_call_as_it_was)
{
	struct peer p;
	char ok[8192];

	w_init(&p.w);
	OK(peer_open(&p, "127.0.0.1"));
	CHECK(raw_call(&p.r, &p.w, "b1", raw_sdp(4000, "0", "")));
	memcpy(ok, p.r.in, sizeof(ok));
	CHECK(reinvite(&p, ok, "b1", 2, "nonsense\r\n") >= 400);
	CHECK(reinvite(&p, ok, "b1", 3, raw_sdp(4000, "18", "")) >= 400);
	EQ(reinvite(&p, ok, "b1", 4, raw_sdp(4444, "8", "")), 200);
	for (int i = 0; i < 100 && p.w.a.leg->m.to.port != 4444; i++)
		loop_run_once(p.w.loop, 10);
	EQ(p.w.a.leg->m.to.port, 4444);
	EQ(p.w.a.leg->m.to.pt, 8);
	EQ(p.w.a.closes, 0);
	peer_done(&p);
}

TEST(tel_max_calls_and_rate)
{
	struct peer p;

	w_init(&p.w);
	p.w.a.o.max_calls = 1;
	OK(peer_open(&p, "127.0.0.1"));
	CHECK(raw_call(&p.r, &p.w, "c1", raw_sdp(4000, "0", "")));
	EQ(ask(&p, "INVITE", "c2", "", raw_sdp(4002, "0", "")), 503);
	HAS(sv_of(p.r.in), "Retry-After: ");
	EQ(ask(&p, "OPTIONS", "c3", "", ""), 503);
	EQ(p.w.a.invites, 1);
	peer_done(&p);
	w_init(&p.w);
	p.w.a.o.max_cps = 2;
	p.w.a.refuse = ERR_BUSY;
	OK(peer_open(&p, "127.0.0.1"));
	int busy = 0, full = 0;

	for (int i = 0; i < 6; i++) {
		char id[8];

		snprintf(id, sizeof(id), "k%d", i);
		int s = ask(&p, "INVITE", id, "", raw_sdp(4000, "0", ""));

		busy += s == 486;
		full += s == 503;
	}
	CHECK(busy >= 2 && busy <= 3);
	EQ(busy + full, 6);
	peer_done(&p);
}

TEST(tel_unknown_sources_get_nothing)
{
	static const char *const acl[] = { "127.0.0.2/32" };
	struct peer p, q;
	int64_t dropped;

	w_init(&p.w);
	p.w.a.o.acl = acl;
	p.w.a.o.n_acl = 1;
	OK(peer_open(&p, "127.0.0.1"));
	dropped = metric_get(M_SIP_DROPPED);
	raw_request(&p.r, "OPTIONS", "a1", 1, "", "");
	raw_request(&p.r, "INVITE", "a2", 1, "", raw_sdp(4000, "0", ""));
	raw_request(&p.r, "REGISTER", "a3", 1, "", "");
	raw_send(&p.r, "garbage", 7);
	raw_open(&q.r, p.w.a.tel, "127.0.0.2"); /* known: its answer proves that the
						   others were passed over */
	raw_request(&q.r, "OPTIONS", "a4", 1, "", "");
	EQ(raw_final(&q.r, p.w.loop, "OPTIONS"), 200);
	EQ(metric_get(M_SIP_DROPPED) - dropped, 4);
	CHECK(!raw_recv(&p.r, p.w.loop, 30));
	EQ(p.w.a.invites, 0);
	close(q.r.fd);
	peer_done(&p);
}

/* Everything a TCP peer gets before the end of its connection. */
static ssize_t tcp_ask(struct tel *t, const char *msg, char *in, size_t cap)
{
	struct sockaddr_in to = { .sin_family = AF_INET,
				  .sin_port = htons((uint16_t)tel_port(t)),
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct timeval tv = { .tv_sec = 2 };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	ssize_t n = -2;

	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv));
	if (!connect(fd, (struct sockaddr *)&to, sizeof(to)) &&
	    send(fd, msg, strlen(msg), MSG_NOSIGNAL) > 0)
		n = recv(fd, in, cap - 1, 0);
	in[n > 0 ? n : 0] = 0;
	close(fd);
	return n;
}

TEST(tel_tcp_strangers_are_cut_off)
{
	static const char *const acl[] = { "127.0.0.2/32" };
	static const char msg[] =
		"OPTIONS sip:callm@127.0.0.1 SIP/2.0\r\n"
		"Via: SIP/2.0/TCP 127.0.0.1:5999;branch=z9hG4bKtcp\r\n"
		"From: <sip:x@127.0.0.1>;tag=x\r\nTo: <sip:callm@127.0.0.1>\r\n"
		"Call-ID: tcp1\r\nCSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n";
	struct peer p;
	char in[2000];

	for (int known = 0; known < 2; known++) {
		w_init(&p.w);
		p.w.a.o.tcp = true;
		p.w.a.o.acl = known ? NULL : acl;
		p.w.a.o.n_acl = 1;
		OK(peer_open(&p, "127.0.0.1"));
		ssize_t n = tcp_ask(p.w.a.tel, msg, in, sizeof(in));

		if (known)
			HAS(sv_of(in), "SIP/2.0 200 OK");
		else
			EQ(n, 0); /* closed without a word */
		peer_done(&p);
	}
}

TEST(tel_oversized_datagram_is_dropped)
{
	static char big[LIM_SIP_MSG + 100];
	struct peer p;
	int64_t dropped = metric_get(M_SIP_DROPPED);

	w_init(&p.w);
	OK(peer_open(&p, "127.0.0.1"));
	memset(big, 'a', sizeof(big));
	raw_send(&p.r, big, sizeof(big));
	EQ(ask(&p, "OPTIONS", "b1", "", ""), 200);
	CHECK(metric_get(M_SIP_DROPPED) > dropped);
	peer_done(&p);
}

/* ---- digest, by hand */

static void hex16(const uint8_t md[16], char out[33])
{
	for (int i = 0; i < 16; i++)
		snprintf(out + 2 * i, 3, "%02x", md[i]);
}

static const char *authorize(const char *challenge, const char *user, const char *pw,
			     int nc)
{
	static char h[700];
	const char *at = strstr(challenge, "nonce=\"");
	char nonce[80] = "", a1[33], a2[33], rsp[33];
	uint8_t md[16];

	if (at)
		snprintf(nonce, sizeof(nonce), "%.*s", (int)strcspn(at + 7, "\""),
			 at + 7);
	(void)md5_printf(md, "%s:callm:%s", user, pw);
	hex16(md, a1);
	(void)md5_printf(md, "INVITE:sip:callm@127.0.0.1");
	hex16(md, a2);
	(void)md5_printf(md, "%s:%s:%08x:abc:auth:%s", a1, nonce, nc, a2);
	hex16(md, rsp);
	snprintf(
		h, sizeof(h),
		"Authorization: Digest username=\"%s\", realm=\"callm\", nonce=\"%s\", "
		"uri=\"sip:callm@127.0.0.1\", "
		"response=\"%s\", algorithm=MD5, cnonce=\"abc\", qop=auth, nc=%08x\r\n",
		user, nonce, rsp, nc);
	return h;
}

TEST(tel_digest_replay_and_uniform_refusal)
{
	static const struct tel_user users[] = { { "trunk", "secret" } };
	struct peer p;
	char chal[8192];
	size_t len_wrong, len_unknown;

	w_init(&p.w);
	p.w.a.o.realm = "callm";
	p.w.a.o.users = users;
	p.w.a.o.n_users = 1;
	OK(peer_open(&p, "127.0.0.1"));
	EQ(ask(&p, "INVITE", "g1", "", raw_sdp(4000, "0", "")), 401);
	memcpy(chal, p.r.in, sizeof(chal));
	EQ(ask(&p, "INVITE", "g2", authorize(chal, "trunk", "wrong", 1),
	       raw_sdp(4000, "0", "")),
	   401);
	len_wrong = strlen(p.r.in);
	CHECK(!strstr(p.r.in, "stale"));
	EQ(ask(&p, "INVITE", "g3", authorize(chal, "nobody", "secret", 1),
	       raw_sdp(4000, "0", "")),
	   401);
	len_unknown = strlen(p.r.in);
	EQ(len_wrong, len_unknown); /* a stranger cannot tell which users exist */
	EQ(ask(&p, "INVITE", "g4",
	       authorize("nonce=\"0123456789abcdef0123456789abcdef0123456789abcdef\"",
			 "trunk", "secret", 1),
	       raw_sdp(4000, "0", "")),
	   401);
	EQ(p.w.a.invites, 0);
	EQ(ask(&p, "INVITE", "g5", authorize(chal, "trunk", "secret", 1),
	       raw_sdp(4000, "0", "")),
	   200);
	raw_request(&p.r, "ACK", "g5", 1, "", "");
	EQ(ask(&p, "INVITE", "g6", authorize(chal, "trunk", "secret", 1),
	       raw_sdp(4002, "0", "")),
	   401);
	HAS(sv_of(p.r.in), "stale=true");
	EQ(p.w.a.invites, 1);
	peer_done(&p);
}

/* ---- hostile messages: one after the other into a live telephone, a good one after
 * each */

struct torture {
	struct peer p;
	int n, answered;
};

static void after_each(struct torture *t, const char *path)
{
	char id[32];

	snprintf(id, sizeof(id), "ok%d", t->n);
	raw_request(&t->p.r, "OPTIONS", id, 1, "", "");
	for (int i = 0; i < 20 && raw_recv(&t->p.r, t->p.w.loop, 2000); i++)
		if (strstr(t->p.r.in, id) && strstr(t->p.r.in, "SIP/2.0 200")) {
			t->answered++;
			return;
		}
	printf("# no answer after %s\n", path);
}

static int one_message(void *arg, const char *path)
{
	struct torture *t = arg;
	struct sb b;

	sb_init(&b, 1 << 17);
	if (!file_read(path, 1 << 16, &b, NULL) && b.n) {
		t->n++;
		fuzz_sip((const uint8_t *)b.p, b.n);
		raw_send(&t->p.r, b.p, b.n);
		after_each(t, path);
	}
	sb_done(&b);
	tel_leg_free(t->p.w.a.leg); /* what was a valid INVITE rang */
	t->p.w.a.leg = NULL;
	return 0;
}

static bool torture_dir(struct torture *t, const char *dir, int at_least)
{
	memset(t, 0, sizeof(*t));
	w_init(&t->p.w);
	t->p.w.a.refuse = ERR_BUSY;
	if (peer_open(&t->p, "127.0.0.1"))
		return false;
	if (file_walk(dir, one_message, t))
		return false;
	peer_done(&t->p);
	return t->n >= at_least && t->answered == t->n;
}

TEST(tel_hostile_messages_do_no_harm)
{
	struct torture t;
	char dir[400];
	int64_t dropped = metric_get(M_SIP_DROPPED);

	snprintf(dir, sizeof(dir), "%s/tests/fuzz/corpus/tel_sip", t_srcdir());
	CHECK(torture_dir(&t, dir, 60));
	CHECK(metric_get(M_SIP_DROPPED) - dropped >= 10);
}

TEST(tel_rfc4475_torture)
{
	const char *sets = getenv("CALLM_DATA_SETS");
	struct torture t;
	char dir[400];

	if (!sets)
		SKIP("CALLM_DATA_SETS is not set");
	snprintf(dir, sizeof(dir), "%s/sip_torture/rfc4475", sets);
	if (access(dir, R_OK))
		SKIP("no sip_torture there");
	CHECK(torture_dir(&t, dir, 45));
}

TEST(tel_mutated_messages)
{
	struct peer p;
	char m[3000], x[3000];

	w_init(&p.w);
	p.w.a.refuse = ERR_BUSY;
	p.w.a.o.max_cps = 100000;
	OK(peer_open(&p, "127.0.0.1"));
	const char *sdp =
		raw_sdp(4000, "0 8 101", "a=rtpmap:101 telephone-event/8000\r\n");
	int n = snprintf(
		m, sizeof(m),
		"INVITE sip:callm@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP "
		"127.0.0.1:%d;branch=z9hG4bKm\r\n"
		"From: <sip:raw@127.0.0.1>;tag=r1\r\nTo: "
		"<sip:callm@127.0.0.1>\r\nCall-ID: mut\r\n"
		"CSeq: 1 INVITE\r\nContact: <sip:raw@127.0.0.1>\r\nMax-Forwards: 70\r\n"
		"Content-Type: application/sdp\r\nContent-Length: %zu\r\n\r\n%s",
		p.r.port, strlen(sdp), sdp);

	for (int k = 0; k < 2000; k++) {
		size_t len = (size_t)n;

		memcpy(x, m, len);
		for (int j = (int)rng_below(t_rng(), 6); j >= 0; j--) {
			size_t at = (size_t)rng_below(t_rng(), len - 40);

			if (rng_below(t_rng(), 3))
				x[at] = (char)rng_u64(t_rng());
			else
				memmove(x + at, x + at + 20, len - at - 20), len -= 20;
		}
		fuzz_sip((uint8_t *)x, len);
		if (k % 10 == 0)
			raw_send(&p.r, x, len);
	}
	for (int i = 0; i < 300 && raw_recv(&p.r, p.w.loop, 5); i++)
		;
	EQ(ask(&p, "OPTIONS", "alive", "", ""), 200);
	peer_done(&p);
}

static int one_sdp(void *arg, const char *path)
{
	struct sb b;

	sb_init(&b, 1 << 17);
	if (!file_read(path, 1 << 16, &b, NULL)) {
		fuzz_sdp((const uint8_t *)sb_str(&b), b.n);
		++*(int *)arg;
	}
	sb_done(&b);
	return 0;
}

static int one_rtp(void *arg, const char *path)
{
	struct sb b;

	sb_init(&b, 1 << 17);
	if (!file_read(path, 1 << 16, &b, NULL)) {
		fuzz_rtp((const uint8_t *)sb_str(&b), b.n);
		++*(int *)arg;
	}
	sb_done(&b);
	return 0;
}

TEST(tel_fuzz_corpora)
{
	char dir[400];
	int n = 0;

	snprintf(dir, sizeof(dir), "%s/tests/fuzz/corpus/tel_sdp", t_srcdir());
	OK(file_walk(dir, one_sdp, &n));
	CHECK(n >= 20);
	n = 0;
	snprintf(dir, sizeof(dir), "%s/tests/fuzz/corpus/tel_rtp", t_srcdir());
	OK(file_walk(dir, one_rtp, &n));
	CHECK(n >= 10);
}
