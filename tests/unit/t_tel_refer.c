/* Unit tests of transfers and of sound before the answer, against a raw peer. */
#include "t_tel_world.h"

struct peer {
	struct world w;
	struct raw r;
	char ok[8192]; /* the 200 that made the call */
};

static bool call_in(struct peer *p, const char *id)
{
	if (w_open_side(&p->w, &p->w.a))
		return false;
	raw_open(&p->r, p->w.a.tel, "127.0.0.1");
	if (!raw_call(&p->r, &p->w, id, raw_sdp(4000, "0", "")))
		return false;
	memcpy(p->ok, p->r.in, sizeof(p->ok));
	return true;
}

/* A call from the raw peer to side a. */
static bool called(struct peer *p, const char *id)
{
	w_init(&p->w);
	return call_in(p, id);
}

static void done(struct peer *p)
{
	close(p->r.fd);
	w_done(&p->w);
}

/* A request of the raw peer within the call, its final status. */
static int within(struct peer *p, const char *method, const char *id, int cseq,
		  const char *extra, const char *body)
{
	memcpy(p->r.in, p->ok, sizeof(p->ok));
	raw_request(&p->r, method, id, cseq, extra, body);
	return raw_final(&p->r, p->w.loop, method);
}

struct refer_goal {
	struct world *w;
	int refers;
};

static bool referred(void *arg)
{
	struct refer_goal *g = arg;

	return g->w->a.refers >= g->refers;
}

static bool hears(struct peer *p, int refers)
{
	struct refer_goal g = { &p->w, refers };

	return t_wait(p->w.loop, referred, &g, 2000);
}

static const char frag[] = "Event: refer\r\nContent-Type: message/sipfrag\r\n";
static const char ended[] = "Event: refer\r\nSubscription-State: terminated;reason=noresource\r\n"
			    "Content-Type: message/sipfrag\r\n";

TEST(tel_refer_blind)
{
	struct peer p;

	CHECK(called(&p, "f1"));
	EQ(tel_leg_refer(p.w.a.leg, "bob", NULL), ERR_INVAL);
	EQ(tel_leg_refer(p.w.a.leg, "sip:900@127.0.0.1>\r\nX: y", NULL), ERR_INVAL);
	OK(tel_leg_refer(p.w.a.leg, "sip:900@127.0.0.1", NULL));
	EQ(tel_leg_refer(p.w.a.leg, "sip:901@127.0.0.1", NULL), ERR_STATE); /* one at a time */
	CHECK(raw_await(&p.r, p.w.loop, "REFER"));
	STR_EQ(raw_line(p.r.in, "Refer-To"), "Refer-To: <sip:900@127.0.0.1>");
	HAS(sv_of(raw_line(p.r.in, "Referred-By")), "<sip:callm@127.0.0.1:");
	HAS(sv_of(raw_line(p.r.in, "Contact")), "<sip:callm@127.0.0.1:");
	raw_reply(&p.r, p.r.in, "202 Accepted", "", "");
	CHECK(hears(&p, 1));
	EQ(p.w.a.refer_status, 100);
	EQ(within(&p, "NOTIFY", "f1", 2, frag, "SIP/2.0 180 Ringing\r\n"), 200);
	CHECK(hears(&p, 2));
	EQ(p.w.a.refer_status, 180);
	EQ(within(&p, "NOTIFY", "f1", 3, ended, "SIP/2.0 200 OK\r\n"), 200);
	CHECK(hears(&p, 3));
	EQ(p.w.a.refer_status, 200);
	EQ(within(&p, "NOTIFY", "f1", 4, ended, "SIP/2.0 200 OK\r\n"), 200);
	EQ(within(&p, "BYE", "f1", 5, "", ""), 200);
	CHECK(t_wait(p.w.loop, w_a_closed, &p.w, 2000));
	EQ(p.w.a.refers, 3); /* the repeat was nothing new */
	EQ(p.w.a.status, 200);
	done(&p);
}

TEST(tel_refer_that_fails_leaves_the_call)
{
	static const struct {
		const char *answer, *notify;
		int want;
	} all[] = {
		{ "603 Decline", NULL, 603 },
		{ "202 Accepted", "SIP/2.0 486 Busy Here\r\n", 486 },
		{ "202 Accepted", "SIP/2.0 100 Trying\r\n", 480 }, /* told no more */
		{ "202 Accepted", "nonsense", 480 },
	};

	for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++) {
		struct peer p;

		CHECK(called(&p, "f2"));
		OK(tel_leg_refer(p.w.a.leg, "sip:900@127.0.0.1", NULL));
		CHECK(raw_await(&p.r, p.w.loop, "REFER"));
		raw_reply(&p.r, p.r.in, all[i].answer, "", "");
		CHECK(hears(&p, 1));
		if (all[i].notify) {
			EQ(within(&p, "NOTIFY", "f2", 2, ended, all[i].notify), 200);
			CHECK(hears(&p, 2));
		}
		EQ(p.w.a.refer_status, all[i].want);
		EQ(p.w.a.closes, 0);
		OK(tel_leg_refer(p.w.a.leg, "sip:901@127.0.0.1", NULL)); /* another try */
		CHECK(raw_await(&p.r, p.w.loop, "REFER"));
		done(&p);
	}
}

TEST(tel_notify_of_something_else)
{
	struct peer p;

	CHECK(called(&p, "f3"));
	EQ(within(&p, "NOTIFY", "f3", 2, "", ""), 489);
	EQ(within(&p, "NOTIFY", "f3", 3, "Event: presence\r\n", ""), 489);
	EQ(within(&p, "NOTIFY", "f3", 1, "Event: refer\r\n", ""), 500); /* an old number */
	EQ(within(&p, "NOTIFY", "other", 4, "Event: refer\r\n", ""), 481);
	EQ(p.w.a.refers, 0);
	EQ(p.w.a.closes, 0);
	done(&p);
}

/* The two legs of an attended transfer are both ours: the far end of b's call is named. */
TEST(tel_refer_with_replaces)
{
	struct peer p;
	struct raw r;
	char uri[64], invite[8192], want[300];

	CHECK(called(&p, "f@4"));
	OK(w_open_side(&p.w, &p.w.b));
	raw_open(&r, p.w.a.tel, "127.0.0.1");
	snprintf(uri, sizeof(uri), "sip:expert@127.0.0.1:%d", r.port);
	OK(tel_dial(p.w.a.tel, &(struct tel_dial_opts){ .uri = uri }, p.w.loop, p.w.box, &w_cb,
		    &p.w.b, &p.w.b.leg, NULL));
	CHECK(raw_await(&r, p.w.loop, "INVITE"));
	memcpy(invite, r.in, sizeof(invite));
	EQ(tel_leg_refer(p.w.a.leg, uri, p.w.b.leg), ERR_STATE); /* not yet up */
	raw_reply(&r, invite, "200 OK", "", raw_sdp(4002, "0", ""));
	CHECK(raw_await(&r, p.w.loop, "ACK"));
	CHECK(t_wait(p.w.loop, w_both_up, &p.w, 2000));
	OK(tel_leg_refer(p.w.a.leg, uri, p.w.b.leg));
	CHECK(raw_await(&p.r, p.w.loop, "REFER"));
	const char *from = strstr(raw_line(invite, "From"), ";tag=") + 5;

	snprintf(want, sizeof(want), "Refer-To: <%s?Replaces=%s%%3Bto-tag%%3Dr1%%3Bfrom-tag%%3D%s>",
		 uri, raw_line(invite, "Call-ID") + 9, from);
	STR_EQ(raw_line(p.r.in, "Refer-To"), want);
	close(r.fd);
	done(&p);
}

/* ---- a call of ours is taken over */

static int replace(struct peer *p, struct raw *r, const char *id, const char *header)
{
	char extra[400];

	r->in[0] = 0;
	snprintf(extra, sizeof(extra), "Replaces: %s\r\n", header);
	raw_request(r, "INVITE", id, 1, extra, raw_sdp(4242, "8", ""));
	return raw_final(r, p->w.loop, "INVITE");
}

TEST(tel_replaces_takes_over_a_call)
{
	char header[200], bye[8192];
	struct peer p;
	struct raw r;

	CHECK(called(&p, "s1"));
	raw_open(&r, p.w.a.tel, "127.0.0.1");
	const char *ours = strstr(raw_line(p.ok, "To"), ";tag=") + 5;

	snprintf(header, sizeof(header), "s1;to-tag=%s;from-tag=other", ours);
	EQ(replace(&p, &r, "s2", header), 481);
	snprintf(header, sizeof(header), "s1;to-tag=%s", ours);
	EQ(replace(&p, &r, "s3", header), 400);
	snprintf(header, sizeof(header), "s1;to-tag=%s;from-tag=r1;early-only", ours);
	EQ(replace(&p, &r, "s4", header), 486);
	EQ(p.w.a.closes, 0);
	snprintf(header, sizeof(header), "s1;from-tag=r1;to-tag=%s", ours);
	EQ(replace(&p, &r, "s5", header), 200);
	HAS(sv_of(r.in), "m=audio ");
	char ok[8192];

	memcpy(ok, r.in, sizeof(ok));
	raw_request(&r, "ACK", "s5", 1, "", "");
	CHECK(raw_await(&p.r, p.w.loop, "BYE")); /* the side that is left */
	memcpy(bye, p.r.in, sizeof(bye));
	raw_reply(&p.r, bye, "200 OK", "", "");
	for (int i = 0; i < 100 && p.w.a.leg->m.to.port != 4242; i++)
		loop_run_once(p.w.loop, 10);
	EQ(p.w.a.leg->m.to.pt, 8);
	STR_EQ(tel_leg_call_id(p.w.a.leg), "s5");
	EQ(p.w.a.invites, 1);
	EQ(p.w.a.closes, 0);
	EQ(tel_calls(p.w.a.tel), 1);
	EQ(replace(&p, &r, "s6", header), 481); /* that dialogue is no more */
	memcpy(r.in, ok, sizeof(ok));
	raw_request(&r, "BYE", "s5", 2, "", "");
	EQ(raw_final(&r, p.w.loop, "BYE"), 200);
	CHECK(t_wait(p.w.loop, w_a_closed, &p.w, 2000));
	EQ(p.w.a.status, 200);
	close(r.fd);
	done(&p);
}

/* What the side that is left knew of our keys is of no use to it any more. */
TEST(tel_replaces_brings_new_keys)
{
	static const char savp[] =
		"v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"
		"m=audio 4000 RTP/SAVP 0\r\na=crypto:1 AES_CM_128_HMAC_SHA1_80 "
		"inline:WVNfX19zZW1jdGwgKCkgewkyMjA7fQp9CnVubGVz\r\n";
	char header[200], one[200], two[200];
	struct peer p;
	struct raw r;

	w_init(&p.w);
	OK(w_open_side(&p.w, &p.w.a));
	raw_open(&p.r, p.w.a.tel, "127.0.0.1");
	CHECK(raw_call(&p.r, &p.w, "k1", savp));
	memcpy(p.ok, p.r.in, sizeof(p.ok));
	CHECK(strstr(p.ok, "a=crypto:1 "));
	snprintf(one, sizeof(one), "%.100s", strstr(p.ok, "a=crypto:1 "));
	snprintf(header, sizeof(header), "Replaces: k1;from-tag=r1;to-tag=%s\r\n",
		 strstr(raw_line(p.ok, "To"), ";tag=") + 5);
	raw_open(&r, p.w.a.tel, "127.0.0.1");
	raw_request(&r, "INVITE", "k2", 1, header, savp);
	EQ(raw_final(&r, p.w.loop, "INVITE"), 200);
	CHECK(strstr(r.in, "a=crypto:1 "));
	snprintf(two, sizeof(two), "%.100s", strstr(r.in, "a=crypto:1 "));
	raw_request(&r, "ACK", "k2", 1, "", "");
	CHECK(strncmp(one, two, 40) == 0 && strcmp(one, two) != 0);
	close(r.fd);
	done(&p);
}

TEST(tel_replaces_nothing_in_common)
{
	char header[200];
	struct peer p;
	struct raw r;

	CHECK(called(&p, "n1"));
	raw_open(&r, p.w.a.tel, "127.0.0.1");
	snprintf(header, sizeof(header), "Replaces: n1;from-tag=r1%s\r\n",
		 strstr(raw_line(p.ok, "To"), ";tag="));
	char *tag = strstr(header, ";tag=");

	memmove(tag + 8, tag + 5, strlen(tag + 5) + 1);
	memcpy(tag, ";to-tag=", 8);
	raw_request(&r, "INVITE", "n2", 1, header, raw_sdp(4000, "18", ""));
	EQ(raw_final(&r, p.w.loop, "INVITE"), 488);
	EQ(within(&p, "BYE", "n1", 2, "", ""), 200); /* the call was not touched */
	CHECK(t_wait(p.w.loop, w_a_closed, &p.w, 2000));
	close(r.fd);
	done(&p);
}

/* ---- the other side sends us elsewhere */

static const char *const targets[] = { "201@127.0.0.1", "@localhost.example:5070" };

static int refer(struct peer *p, const char *id, int cseq, const char *to)
{
	char extra[300];

	snprintf(extra, sizeof(extra), "Refer-To: %s\r\n", to);
	return within(p, "REFER", id, cseq, extra, "");
}

TEST(tel_refer_to_us_is_declined)
{
	struct peer p;

	w_init(&p.w);
	p.w.a.o.refer_to = targets;
	p.w.a.o.n_refer_to = 2;
	CHECK(call_in(&p, "d1"));
	EQ(refer(&p, "d1", 2, "<sip:900@premium.example>"), 603);
	EQ(refer(&p, "d1", 3, "<sip:2010@127.0.0.1>"), 603);
	EQ(refer(&p, "d1", 4, "<sip:1@localhost.example>"), 603); /* another port */
	EQ(refer(&p, "d1", 5, "<tel:201>"), 603);
	EQ(refer(&p, "d1", 6, "<sip:201@127.0.0.1?Replaces=a%0D%0AX:%20y>"), 400);
	EQ(refer(&p, "d1", 7, ""), 400);
	EQ(refer(&p, "d1", 8, "<sip:201@127.0.0.1?Replaces=a%00>"), 400);
	EQ(refer(&p, "d1", 9, "<sip:a\r\n b@localhost.example:5070>"), 603); /* a folded line */
	EQ(refer(&p, "d1", 10, "<sip:%32%30%31@127.0.0.1>"), 603);
	EQ(refer(&p, "d1", 11, "<sip:201@127.0.0.1.>"), 603);
	EQ(refer(&p, "d1", 12, "<sip:201@[::1]>"), 603);
	EQ(refer(&p, "d1", 13, "<sips:201@127.0.0.1>"), 603);
	EQ(p.w.a.closes, 0);
	done(&p);
}

/* Asked and accepted; their INVITE is in r->in. */
static bool moving(struct peer *p, struct raw *r, const char *id)
{
	char to[100];

	w_init(&p->w);
	p->w.a.o.refer_to = targets;
	p->w.a.o.n_refer_to = 2;
	if (!call_in(p, id))
		return false;
	raw_open(r, p->w.a.tel, "127.0.0.1");
	snprintf(to, sizeof(to),
		 "<sip:201@127.0.0.1:%d?Replaces=x%%3Bto-tag%%3D1%%3Bfrom-tag%%3D2>", r->port);
	return refer(p, id, 2, to) == 202 && raw_await(r, p->w.loop, "INVITE");
}

/* The next NOTIFY says so, and is answered. */
static bool notified(struct peer *p, const char *what)
{
	char req[8192];

	if (!raw_await(&p->r, p->w.loop, "NOTIFY"))
		return false;
	memcpy(req, p->r.in, sizeof(req));
	raw_reply(&p->r, req, "200 OK", "", "");
	return strstr(req, "Event: refer") && strstr(req, what);
}

TEST(tel_refer_to_us_moves_the_call)
{
	char invite[8192], bye[8192];
	struct peer p;
	struct raw r;

	CHECK(moving(&p, &r, "v1"));
	memcpy(invite, r.in, sizeof(invite));
	STR_EQ(raw_line(invite, "Replaces"), "Replaces: x;to-tag=1;from-tag=2");
	HAS(sv_of(invite), "m=audio ");
	CHECK(notified(&p, "SIP/2.0 100 Trying"));
	EQ(refer(&p, "v1", 3, "<sip:201@127.0.0.1>"), 603); /* one at a time */
	raw_reply(&r, invite, "180 Ringing", "", "");
	CHECK(notified(&p, "SIP/2.0 180 Ringing"));
	raw_reply(&r, invite, "200 OK", "", raw_sdp(4848, "8", ""));
	CHECK(raw_await(&r, p.w.loop, "ACK"));
	CHECK(notified(&p, "terminated;reason=noresource"));
	CHECK(raw_await(&p.r, p.w.loop, "BYE"));
	memcpy(bye, p.r.in, sizeof(bye));
	raw_reply(&p.r, bye, "200 OK", "", "");
	for (int i = 0; i < 100 && p.w.a.leg->m.to.port != 4848; i++)
		loop_run_once(p.w.loop, 10);
	EQ(p.w.a.leg->m.to.pt, 8);
	EQ(p.w.a.closes, 0);
	EQ(tel_calls(p.w.a.tel), 1);
	tel_leg_hangup(p.w.a.leg, 0);
	CHECK(raw_await(&r, p.w.loop, "BYE"));
	CHECK(t_wait(p.w.loop, w_a_closed, &p.w, 2000));
	EQ(p.w.a.status, 200);
	close(r.fd);
	done(&p);
}

TEST(tel_refer_to_us_that_fails)
{
	char invite[8192];
	struct peer p;
	struct raw r;

	CHECK(moving(&p, &r, "w1"));
	memcpy(invite, r.in, sizeof(invite));
	CHECK(notified(&p, "SIP/2.0 100 Trying"));
	raw_reply(&r, invite, "486 Busy Here", "", "");
	CHECK(notified(&p, "SIP/2.0 486 Busy Here"));
	EQ(p.w.a.closes, 0);
	EQ(p.w.a.leg->m.to.port, 4000);
	EQ(within(&p, "BYE", "w1", 3, "", ""), 200);
	CHECK(t_wait(p.w.loop, w_a_closed, &p.w, 2000));
	close(r.fd);
	done(&p);
}

/* A trunk whose calls we only place: while it rings elsewhere, and when that fails, it is still the
 * one we talk to. */
TEST(tel_refer_to_us_by_one_that_we_called)
{
	static const char *const to[] = { "@127.0.0.3" }, *const acl[] = { "127.0.0.2/32" };
	char uri[64], ack[8192];
	struct peer p;

	w_init(&p.w);
	p.w.a.o.refer_to = to;
	p.w.a.o.n_refer_to = 1;
	p.w.a.o.acl = acl;
	p.w.a.o.n_acl = 1;
	OK(w_open_side(&p.w, &p.w.a));
	raw_open(&p.r, p.w.a.tel, "127.0.0.1");
	snprintf(uri, sizeof(uri), "sip:x@127.0.0.1:%d", p.r.port);
	OK(tel_dial(p.w.a.tel, &(struct tel_dial_opts){ .uri = uri }, p.w.loop, p.w.box, &w_cb,
		    &p.w.a, &p.w.a.leg, NULL));
	CHECK(raw_await(&p.r, p.w.loop, "INVITE"));
	raw_reply(&p.r, p.r.in, "200 OK", "", raw_sdp(4000, "0", ""));
	CHECK(raw_await(&p.r, p.w.loop, "ACK"));
	memcpy(ack, p.r.in, sizeof(ack));
	CHECK(t_wait(p.w.loop, w_a_up, &p.w, 2000));
	/* which does not mean that it may call us, or take over calls */
	raw_request(&p.r, "INVITE", "o1", 1, "", raw_sdp(4000, "0", ""));
	EQ(raw_final(&p.r, p.w.loop, "INVITE"), 403);
	raw_request(&p.r, "INVITE", "o2", 1, "Replaces: a;to-tag=b;from-tag=c\r\n",
		    raw_sdp(4000, "0", ""));
	EQ(raw_final(&p.r, p.w.loop, "INVITE"), 403);
	EQ(p.w.a.invites, 0);
	for (int i = 0; i < 2; i++) {
		char m[2000];
		const char *what = i ? "BYE" : "REFER";
		int n = snprintf(m, sizeof(m),
				 "%s sip:callm@127.0.0.1 SIP/2.0\r\n"
				 "Via: SIP/2.0/UDP 127.0.0.1:%d;branch=z9hG4bKt%d\r\n"
				 "From:%s\r\nTo:%s\r\n%s\r\nCSeq: %d %s\r\n"
				 "Contact: <sip:raw@127.0.0.1:%d>\r\nMax-Forwards: 70\r\n"
				 "%sContent-Length: 0\r\n\r\n",
				 what, p.r.port, i, raw_line(ack, "To") + 3,
				 raw_line(ack, "From") + 5, raw_line(ack, "Call-ID"), i + 1, what,
				 p.r.port, i ? "" : "Refer-To: <sip:1@127.0.0.3:9>\r\n");

		raw_send(&p.r, m, (size_t)n);
		EQ(raw_final(&p.r, p.w.loop, what), i ? 200 : 202);
	}
	CHECK(t_wait(p.w.loop, w_a_closed, &p.w, 2000));
	done(&p);
}

/* Who asked hangs up while the new one still rings: nobody is called any more. */
TEST(tel_refer_to_us_and_gone)
{
	struct peer p;
	struct raw r;

	CHECK(moving(&p, &r, "y1"));
	char invite[8192];

	memcpy(invite, r.in, sizeof(invite));
	raw_reply(&r, invite, "180 Ringing", "", "");
	CHECK(notified(&p, "SIP/2.0 100 Trying"));
	CHECK(notified(&p, "SIP/2.0 180 Ringing"));
	EQ(within(&p, "BYE", "y1", 3, "", ""), 200);
	CHECK(raw_await(&r, p.w.loop, "CANCEL"));
	char cancel[8192];

	memcpy(cancel, r.in, sizeof(cancel));
	raw_reply(&r, cancel, "200 OK", "", "");
	raw_reply(&r, invite, "487 Request Terminated", "", "");
	CHECK(raw_await(&r, p.w.loop, "ACK"));
	CHECK(t_wait(p.w.loop, w_a_closed, &p.w, 2000));
	EQ(p.w.a.status, 200);
	close(r.fd);
	done(&p);
}

/* ---- sound before the answer */

static bool ringing(struct peer *p)
{
	char uri[64];

	w_init(&p->w);
	if (w_open_side(&p->w, &p->w.b))
		return false;
	raw_open(&p->r, p->w.b.tel, "127.0.0.1");
	snprintf(uri, sizeof(uri), "sip:x@127.0.0.1:%d", p->r.port);
	return !tel_dial(p->w.b.tel, &(struct tel_dial_opts){ .uri = uri }, p->w.loop, p->w.box,
			 &w_cb, &p->w.b, &p->w.b.leg, NULL) &&
	       raw_await(&p->r, p->w.loop, "INVITE");
}

static bool b_heard_20(void *arg)
{
	return ((struct world *)arg)->b.frames >= 20;
}

static bool b_up(void *arg)
{
	return ((struct world *)arg)->b.ups;
}

static bool b_rung(void *arg)
{
	return ((struct world *)arg)->b.rings;
}

TEST(tel_early_media_is_heard_not_answered)
{
	int port, fd = raw_socket(&port, "127.0.0.1");
	char invite[8192], pkt[300];
	struct peer p;

	CHECK(ringing(&p));
	p.w.b.say_hz = 700;
	memcpy(invite, p.r.in, sizeof(invite));
	raw_reply(&p.r, invite, "180 Ringing", "", "");
	CHECK(t_wait(p.w.loop, b_rung, &p.w, 2000));
	EQ(p.w.b.earlies, 0);
	raw_reply(&p.r, invite, "183 Session Progress", "", raw_sdp(port, "0", ""));
	CHECK(t_wait(p.w.loop, b_heard_20, &p.w, 3000));
	EQ(p.w.b.earlies, 1);
	EQ(p.w.b.ups, 0);
	EQ(p.w.b.pulls, 0);
	CHECK(recv(fd, pkt, sizeof(pkt), MSG_DONTWAIT) < 0); /* nothing was sent */
	raw_reply(&p.r, invite, "183 Session Progress", "", raw_sdp(port, "0", ""));
	raw_reply(&p.r, invite, "200 OK", "", raw_sdp(port, "0", ""));
	CHECK(raw_await(&p.r, p.w.loop, "ACK"));
	CHECK(t_wait(p.w.loop, b_up, &p.w, 2000));
	for (int i = 0; i < 50 && !p.w.b.pulls; i++)
		loop_run_once(p.w.loop, 20);
	CHECK(p.w.b.pulls > 0);
	CHECK(recv(fd, pkt, sizeof(pkt), MSG_DONTWAIT) == 172);
	EQ(p.w.b.earlies, 1);
	EQ(p.w.b.ups, 1);
	close(fd);
	done(&p);
}

TEST(tel_early_media_then_refused)
{
	char invite[8192];
	struct peer p;

	CHECK(ringing(&p));
	memcpy(invite, p.r.in, sizeof(invite));
	raw_reply(&p.r, invite, "183 Session Progress", "", "no description\r\n");
	raw_reply(&p.r, invite, "183 Session Progress", "", raw_sdp(4000, "0", ""));
	CHECK(t_wait(p.w.loop, b_heard_20, &p.w, 3000));
	raw_reply(&p.r, invite, "486 Busy Here", "", "");
	CHECK(t_wait(p.w.loop, w_b_closed, &p.w, 2000));
	EQ(p.w.b.status, 486);
	EQ(p.w.b.ups, 0);
	done(&p);
}

/* Whom we call may not send us to somebody else (toll fraud): a redirection is an end. */
TEST(tel_redirection_is_not_followed)
{
	static const char *const all[] = { "300 Multiple Choices", "301 Moved Permanently",
					   "302 Moved Temporarily", "380 Alternative Service" };

	for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++) {
		struct peer p;

		CHECK(ringing(&p));
		raw_reply(&p.r, p.r.in, all[i], "", ""); /* its Contact could be anybody's */
		CHECK(raw_await(&p.r, p.w.loop, "ACK"));
		CHECK(t_wait(p.w.loop, w_b_closed, &p.w, 2000));
		EQ(p.w.b.status, strtol(all[i], NULL, 10));
		CHECK(!raw_recv(&p.r, p.w.loop, 20)); /* no INVITE */
		done(&p);
	}
}

/* A 200 without a description after a 183 with one: what was said holds. */
TEST(tel_answer_without_description_after_early_media)
{
	char invite[8192];
	struct peer p;

	CHECK(ringing(&p));
	memcpy(invite, p.r.in, sizeof(invite));
	raw_reply(&p.r, invite, "183 Session Progress", "", raw_sdp(4000, "8", ""));
	raw_reply(&p.r, invite, "200 OK", "", "");
	CHECK(raw_await(&p.r, p.w.loop, "ACK"));
	CHECK(t_wait(p.w.loop, b_up, &p.w, 2000));
	EQ(p.w.b.leg->m.to.pt, 8);
	done(&p);
}
