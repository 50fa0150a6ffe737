/* Unit tests of changes within a call (re-INVITE, UPDATE), of session timers, and of what
 * comes again, too early or at the same time, against a raw peer. */
#include "t_tel_world.h"
#include "tel_front.h"

struct peer {
	struct world w;
	struct raw r;
	char ok[8192]; /* the 200 that made the call */
};

static bool open_a(struct peer *p)
{
	if (w_open_side(&p->w, &p->w.a))
		return false;
	raw_open(&p->r, p->w.a.tel, "127.0.0.1");
	return true;
}

/* INVITE from the raw peer; the final status. */
static int invite(struct peer *p, const char *id, const char *extra)
{
	p->r.in[0] = 0;
	raw_request(&p->r, "INVITE", id, 1, extra, raw_sdp(4000, "0", ""));
	int status = raw_final(&p->r, p->w.loop, "INVITE");

	memcpy(p->ok, p->r.in, sizeof(p->ok));
	return status;
}

static bool called(struct peer *p, const char *id, const char *extra)
{
	w_init(&p->w);
	if (!open_a(p) || invite(p, id, extra) != 200)
		return false;
	raw_request(&p->r, "ACK", id, 1, "", "");
	return t_wait(p->w.loop, w_a_up, &p->w, 2000);
}

static void done(struct peer *p)
{
	close(p->r.fd);
	w_done(&p->w);
	tel_timer_second_ms = 1000;
}

/* A request within the call (INVITE too) is sent. */
static void send_within(struct peer *p, const char *method, const char *id, int cseq,
			const char *extra, const char *sdp)
{
	char m[3000];
	int n = snprintf(m, sizeof(m),
			 "%s sip:callm@127.0.0.1 SIP/2.0\r\n"
			 "Via: SIP/2.0/UDP 127.0.0.1:%d;branch=z9hG4bK%s%dw\r\n"
			 "From: <sip:raw@127.0.0.1>;tag=r1\r\n%s\r\nCall-ID: %s\r\n"
			 "CSeq: %d %s\r\nContact: <sip:raw@127.0.0.1:%d>\r\n"
			 "Max-Forwards: 70\r\n%s%sContent-Length: %zu\r\n\r\n%s",
			 method, p->r.port, id, cseq, raw_line(p->ok, "To"), id, cseq, method,
			 p->r.port, extra, sdp[0] ? "Content-Type: application/sdp\r\n" : "",
			 strlen(sdp), sdp);

	raw_send(&p->r, m, (size_t)n);
}

static int within(struct peer *p, const char *method, const char *id, int cseq,
		  const char *extra, const char *sdp)
{
	send_within(p, method, id, cseq, extra, sdp);
	return raw_final(&p->r, p->w.loop, method);
}

/* The next request of theirs, kept in to; false = another one, or none. */
static bool await(struct peer *p, const char *method, char to[8192])
{
	bool ok = raw_await(&p->r, p->w.loop, method);

	memcpy(to, p->r.in, 8192);
	return ok;
}

/* ---- changes */

TEST(tel_update_moves_the_sound)
{
	struct peer p;

	CHECK(called(&p, "u2", ""));
	EQ(within(&p, "UPDATE", "u2", 2, "", ""), 200);
	HAS(sv_of(p.r.in), "Contact: <sip:callm@127.0.0.1:");
	HAS(sv_of(p.r.in), "\r\nContent-Length: 0\r\n");
	EQ(within(&p, "UPDATE", "u2", 3, "", raw_sdp(4444, "0", "")), 200);
	HAS(sv_of(p.r.in), "m=audio ");
	for (int i = 0; i < 100 && p.w.a.leg->m.to.port != 4444; i++)
		loop_run_once(p.w.loop, 10);
	EQ(p.w.a.leg->m.to.port, 4444);
	EQ(within(&p, "UPDATE", "u2", 4, "", raw_sdp(4444, "18", "")), 488);
	EQ(within(&p, "UPDATE", "u2", 3, "", ""), 200); /* the same again: its answer too */
	EQ(within(&p, "UPDATE", "u2", 1, "", ""), 500); /* an old number */
	EQ(within(&p, "BYE", "u2", 5, "", ""), 200);
	done(&p);
}

TEST(tel_reinvite_is_answered_until_acknowledged)
{
	struct peer p;

	CHECK(called(&p, "a1", ""));
	EQ(within(&p, "INVITE", "a1", 2, "", raw_sdp(4000, "0", "")), 200);
	EQ(raw_final(&p.r, p.w.loop, "INVITE"), 200); /* half a second later */
	EQ(within(&p, "INVITE", "a1", 3, "", raw_sdp(4000, "0", "")), 500);
	HAS(sv_of(p.r.in), "Retry-After: ");
	send_within(&p, "ACK", "a1", 2, "", "");
	EQ(within(&p, "INVITE", "a1", 4, "", ""), 200); /* without an offer: ours */
	HAS(sv_of(p.r.in), "m=audio ");
	send_within(&p, "ACK", "a1", 4, "", raw_sdp(4646, "8", ""));
	for (int i = 0; i < 100 && p.w.a.leg->m.to.port != 4646; i++)
		loop_run_once(p.w.loop, 10);
	EQ(p.w.a.leg->m.to.pt, 8);
	EQ(p.w.a.closes, 0);
	done(&p);
}

/* Our 200 was lost: the same INVITE comes again, and hears what it heard. */
TEST(tel_reinvite_that_comes_again)
{
	struct peer p;

	CHECK(called(&p, "a3", ""));
	EQ(within(&p, "INVITE", "a3", 2, "", raw_sdp(4000, "0", "")), 200);
	EQ(within(&p, "INVITE", "a3", 2, "", raw_sdp(4000, "0", "")), 200);
	send_within(&p, "ACK", "a3", 2, "", "");
	EQ(within(&p, "INVITE", "a3", 3, "", raw_sdp(4000, "0", "")), 200);
	send_within(&p, "ACK", "a3", 3, "", "");
	EQ(within(&p, "BYE", "a3", 4, "", ""), 200);
	done(&p);
}

TEST(tel_hold_is_acknowledged_each_time)
{
	struct peer p;
	char req[8192];

	CHECK(called(&p, "a2", ""));
	tel_leg_hold(p.w.a.leg, true);
	CHECK(await(&p, "INVITE", req));
	HAS(sv_of(req), "a=sendonly");
	raw_reply(&p.r, req, "200 OK", "", raw_sdp(4000, "0", "a=recvonly\r\n"));
	CHECK(raw_await(&p.r, p.w.loop, "ACK"));
	raw_reply(&p.r, req, "200 OK", "", raw_sdp(4000, "0", "a=recvonly\r\n"));
	CHECK(raw_await(&p.r, p.w.loop, "ACK"));
	EQ(strtol(raw_line(p.r.in, "CSeq") + 6, NULL, 10),
	   strtol(raw_line(req, "CSeq") + 6, NULL, 10));
	done(&p);
}

TEST(tel_glare)
{
	struct peer p;
	char req[8192], again[8192];

	CHECK(called(&p, "g1", ""));
	tel_leg_hold(p.w.a.leg, true);
	CHECK(await(&p, "INVITE", req));
	EQ(within(&p, "INVITE", "g1", 2, "", raw_sdp(4000, "0", "")), 491);
	EQ(within(&p, "UPDATE", "g1", 3, "", ""), 200); /* without an offer: no conflict */
	raw_reply(&p.r, req, "491 Request Pending", "", "");
	CHECK(await(&p, "INVITE", again)); /* within 2 s: the call is theirs */
	HAS(sv_of(again), "a=sendonly");
	CHECK(strcmp(raw_line(req, "CSeq"), raw_line(again, "CSeq")));
	tel_leg_hold(p.w.a.leg, false); /* waits for the answer */
	raw_reply(&p.r, again, "200 OK", "", raw_sdp(4000, "0", ""));
	CHECK(await(&p, "INVITE", again));
	HAS(sv_of(again), "a=sendrecv");
	raw_reply(&p.r, again, "488 Not Acceptable Here", "", "");
	CHECK(raw_await(&p.r, p.w.loop, "ACK"));
	EQ(p.w.a.closes, 0);
	tel_leg_hold(p.w.a.leg, true);
	CHECK(await(&p, "INVITE", again));
	raw_reply(&p.r, again, "481 Call Does Not Exist", "", "");
	CHECK(t_wait(p.w.loop, w_a_closed, &p.w, 2000));
	EQ(p.w.a.status, 408);
	done(&p);
}

/* Requests within the call whose headers and bodies were damaged on the way: whatever is
 * answered, nothing breaks and the next good one is served. */
TEST(tel_mutated_requests_within_a_call)
{
	static const char *const met[] = { "INVITE", "UPDATE", "NOTIFY", "REFER", "INFO", "ACK" };
	static const char extra[] =
		"Supported: timer, replaces\r\nSession-Expires: 600;refresher=uac\r\nMin-SE: 90\r\n"
		"Event: refer;id=1\r\nSubscription-State: terminated;reason=noresource\r\n"
		"Refer-To: <sip:201@127.0.0.1:9?Replaces=a%3Bto-tag%3Db%3Bfrom-tag%3Dc>\r\n"
		"Allow: INVITE, UPDATE\r\n";
	static const char *const to[] = { "201@127.0.0.1" };
	struct peer p;

	w_init(&p.w);
	p.w.a.o.refer_to = to;
	p.w.a.o.n_refer_to = 1;
	CHECK(open_a(&p));
	EQ(invite(&p, "z1", ""), 200);
	raw_request(&p.r, "ACK", "z1", 1, "", "");
	CHECK(t_wait(p.w.loop, w_a_up, &p.w, 2000));
	for (int k = 0; k < 1200; k++) {
		const char *body = k % 6 == 2 ? "SIP/2.0 180 Ringing\r\n" :
						raw_sdp(4000, "0 8 101", "a=sendonly\r\n");
		char x[3000], sdp[600];

		snprintf(x, sizeof(x), "%s", extra);
		snprintf(sdp, sizeof(sdp), "%s", body);
		for (int j = (int)rng_below(t_rng(), 5); j >= 0; j--) {
			char *at = rng_below(t_rng(), 2) ? x : sdp;

			at[rng_below(t_rng(), strlen(at))] = (char)(1 + rng_below(t_rng(), 255));
		}
		send_within(&p, met[k % 6], "z1", 2 + k, x, sdp);
		for (int i = 0; i < 4 && raw_recv(&p.r, p.w.loop, 0); i++)
			;
	}
	for (int i = 0; i < 300 && raw_recv(&p.r, p.w.loop, 5); i++)
		;
	raw_request(&p.r, "OPTIONS", "z2", 9, "", "");
	EQ(raw_final(&p.r, p.w.loop, "OPTIONS"), 200);
	done(&p);
}

/* ---- setting up, by the book */

TEST(tel_merged_invite_and_late_cancel)
{
	struct peer p;
	char same[3000];

	w_init(&p.w);
	CHECK(open_a(&p));
	EQ(invite(&p, "m1", ""), 200);
	/* the same INVITE by another way: same Call-ID, From tag and CSeq, other branch */
	int n = snprintf(same, sizeof(same),
			 "INVITE sip:callm@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP "
			 "127.0.0.1:%d;branch=z9hG4bKother\r\nFrom: <sip:raw@127.0.0.1>;tag=r1\r\n"
			 "To: <sip:callm@127.0.0.1>\r\nCall-ID: m1\r\nCSeq: 1 INVITE\r\n"
			 "Contact: <sip:raw@127.0.0.1:%d>\r\nMax-Forwards: 70\r\n"
			 "Content-Length: 0\r\n\r\n",
			 p.r.port, p.r.port);

	raw_send(&p.r, same, (size_t)n);
	EQ(raw_final(&p.r, p.w.loop, "INVITE"), 482);
	raw_request(&p.r, "CANCEL", "m1", 1, "", ""); /* too late: the call is answered */
	EQ(raw_final(&p.r, p.w.loop, "CANCEL"), 200);
	EQ(p.w.a.closes, 0);
	send_within(&p, "ACK", "m1", 1, "", "");
	CHECK(t_wait(p.w.loop, w_a_up, &p.w, 2000));
	EQ(p.w.a.invites, 1);
	done(&p);
}

TEST(tel_answer_is_repeated_and_bye_may_come_first)
{
	struct peer p;

	w_init(&p.w);
	CHECK(open_a(&p));
	EQ(invite(&p, "b1", ""), 200);
	EQ(raw_final(&p.r, p.w.loop, "INVITE"), 200); /* no ACK: again */
	EQ(within(&p, "INVITE", "b1", 2, "", raw_sdp(4000, "0", "")), 500);
	EQ(within(&p, "BYE", "b1", 3, "", ""), 200);
	CHECK(t_wait(p.w.loop, w_a_closed, &p.w, 2000));
	EQ(p.w.a.status, 200);
	EQ(p.w.a.ups, 0);
	EQ(tel_calls(p.w.a.tel), 0);
	send_within(&p, "ACK", "b1", 1, "", ""); /* libre's session waits for it, up to 32 s */
	raw_request(&p.r, "OPTIONS", "b1", 9, "", "");
	EQ(raw_final(&p.r, p.w.loop, "OPTIONS"), 200);
	done(&p);
}

/* ---- session timers */

TEST(tel_timer_is_agreed_on)
{
	static const struct {
		const char *ask, *want, *require;
	} all[] = {
		{ "Supported: timer\r\nSession-Expires: 600;refresher=uac\r\n",
		  "Session-Expires: 600;refresher=uac", "Require: timer" },
		{ "Supported: timer\r\nSession-Expires: 600;refresher=uas\r\n",
		  "Session-Expires: 600;refresher=uas", "" },
		{ "Supported: timer\r\nx: 600\r\n", "Session-Expires: 600;refresher=uas", "" },
		/* added by a proxy; the caller cannot refresh */
		{ "Session-Expires: 600\r\n", "Session-Expires: 600;refresher=uas", "" },
		/* too small, and nobody who could be told */
		{ "Session-Expires: 60\r\n", "", "" },
		{ "", "", "" },
		{ "Supported: timer\r\nMin-SE: 3600\r\n", "Session-Expires: 3600;refresher=uas",
		  "" },
		{ "Supported: timer\r\nSession-Expires: soon\r\n",
		  "Session-Expires: 1800;refresher=uas", "" },
	};

	for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++) {
		struct peer p;

		CHECK(called(&p, "t1", all[i].ask));
		STR_EQ(raw_line(p.ok, "Session-Expires"), all[i].want);
		STR_EQ(raw_line(p.ok, "Require"), all[i].require);
		done(&p);
	}
}

TEST(tel_timer_too_small)
{
	struct peer p;

	w_init(&p.w);
	CHECK(open_a(&p));
	EQ(invite(&p, "t2", "Supported: timer\r\nSession-Expires: 60\r\n"), 422);
	STR_EQ(raw_line(p.ok, "Min-SE"), "Min-SE: 90");
	EQ(p.w.a.invites, 0);
	EQ(tel_calls(p.w.a.tel), 0);
	done(&p);
	CHECK(called(&p, "t3", ""));
	EQ(within(&p, "UPDATE", "t3", 2, "Supported: timer\r\nSession-Expires: 60\r\n", ""), 422);
	EQ(within(&p, "UPDATE", "t3", 3,
		  "Supported: timer\r\nSession-Expires: 90;refresher=uac\r\n", ""),
	   200);
	STR_EQ(raw_line(p.r.in, "Session-Expires"), "Session-Expires: 90;refresher=uac");
	done(&p);
}

/* They were to refresh and do not: the call ends when 30 of 90 s are left. */
TEST(tel_timer_of_a_silent_caller)
{
	struct peer p;
	char bye[8192];

	tel_timer_second_ms = 4;
	CHECK(called(&p, "t4", "Supported: timer\r\nSession-Expires: 90;refresher=uac\r\n"));
	CHECK(await(&p, "BYE", bye));
	raw_reply(&p.r, bye, "200 OK", "", "");
	CHECK(t_wait(p.w.loop, w_a_closed, &p.w, 2000));
	EQ(p.w.a.status, 408);
	done(&p);
}

TEST(tel_timer_is_refreshed_by_us)
{
	char req[8192];
	struct peer p;

	tel_timer_second_ms = 4;
	CHECK(called(&p, "t5",
		     "Supported: timer\r\nAllow: INVITE, UPDATE\r\n"
		     "Session-Expires: 90;refresher=uas\r\n"));
	for (int i = 0; i < 3; i++) {
		CHECK(await(&p, "UPDATE", req));
		STR_EQ(raw_line(req, "Session-Expires"), "Session-Expires: 90;refresher=uac");
		HAS(sv_of(req), "\r\nContent-Length: 0\r\n");
		raw_reply(&p.r, req, "200 OK", "Session-Expires: 90;refresher=uac\r\n", "");
	}
	CHECK(await(&p, "UPDATE", req));
	EQ(p.w.a.closes, 0);
	CHECK(await(&p, "BYE", req)); /* not answered: the other side is gone */
	CHECK(t_wait(p.w.loop, w_a_closed, &p.w, 2000));
	EQ(p.w.a.status, 408);
	done(&p);
}

TEST(tel_timer_is_refreshed_by_reinvite)
{
	char req[8192];
	struct peer p;

	tel_timer_second_ms = 4;
	CHECK(called(&p, "t6", "Supported: timer\r\nSession-Expires: 90\r\n"));
	CHECK(await(&p, "INVITE", req));
	HAS(sv_of(req), "m=audio ");
	STR_EQ(raw_line(req, "Session-Expires"), "Session-Expires: 90;refresher=uac");
	/* they want no timers any more */
	raw_reply(&p.r, req, "200 OK", "", raw_sdp(4000, "0", ""));
	CHECK(raw_await(&p.r, p.w.loop, "ACK"));
	CHECK(!raw_recv(&p.r, p.w.loop, 500));
	EQ(p.w.a.closes, 0);
	done(&p);
}

static bool dialled(struct peer *p, char req[8192])
{
	char uri[64];

	w_init(&p->w);
	if (w_open_side(&p->w, &p->w.b))
		return false;
	raw_open(&p->r, p->w.b.tel, "127.0.0.1");
	snprintf(uri, sizeof(uri), "sip:x@127.0.0.1:%d", p->r.port);
	return !tel_dial(p->w.b.tel, &(struct tel_dial_opts){ .uri = uri }, p->w.loop, p->w.box,
			 &w_cb, &p->w.b, &p->w.b.leg, NULL) &&
	       await(p, "INVITE", req);
}

static bool b_up(void *arg)
{
	return ((struct world *)arg)->b.ups;
}

/* An interval that nobody may ask for does not make us refresh without a pause. */
TEST(tel_timer_answered_with_a_second)
{
	char req[8192];
	struct peer p;

	CHECK(dialled(&p, req));
	raw_reply(&p.r, req, "200 OK", "Allow: UPDATE\r\nSession-Expires: 1;refresher=uac\r\n",
		  raw_sdp(4000, "0", ""));
	CHECK(raw_await(&p.r, p.w.loop, "ACK"));
	CHECK(t_wait(p.w.loop, b_up, &p.w, 2000));
	CHECK(!raw_recv(&p.r, p.w.loop, 200)); /* the first one after ten seconds */
	done(&p);
}

TEST(tel_timer_of_a_dialled_call)
{
	char req[8192];
	struct peer p;

	tel_timer_second_ms = 4;
	CHECK(dialled(&p, req));
	STR_EQ(raw_line(req, "Session-Expires"), "Session-Expires: 1800");
	HAS(sv_of(raw_line(req, "Supported")), "timer");
	raw_reply(&p.r, req, "422 Session Interval Too Small", "Min-SE: 3600\r\n", "");
	CHECK(raw_await(&p.r, p.w.loop, "ACK"));
	CHECK(await(&p, "INVITE", req));
	STR_EQ(raw_line(req, "Session-Expires"), "Session-Expires: 3600");
	STR_EQ(raw_line(req, "Min-SE"), "Min-SE: 3600");
	raw_reply(&p.r, req, "200 OK",
		  "Allow: UPDATE\r\nRequire: timer\r\nSession-Expires: 90;refresher=uac\r\n",
		  raw_sdp(4000, "0", ""));
	CHECK(t_wait(p.w.loop, b_up, &p.w, 2000));
	CHECK(await(&p, "UPDATE", req));
	raw_reply(&p.r, req, "200 OK", "Session-Expires: 90;refresher=uas\r\n", "");
	CHECK(await(&p, "BYE", req)); /* now they were to refresh */
	CHECK(t_wait(p.w.loop, w_b_closed, &p.w, 2000));
	EQ(p.w.b.status, 408);
	done(&p);
}

TEST(tel_timer_that_cannot_be_agreed_on)
{
	static const char *const min[] = { "", "Min-SE: 60\r\n", "Min-SE: 999999\r\n" };

	for (size_t i = 0; i < sizeof(min) / sizeof(*min); i++) {
		char req[8192];
		struct peer p;

		CHECK(dialled(&p, req));
		raw_reply(&p.r, req, "422 Session Interval Too Small", min[i], "");
		CHECK(t_wait(p.w.loop, w_b_closed, &p.w, 2000));
		EQ(p.w.b.status, 422);
		done(&p);
	}
}
