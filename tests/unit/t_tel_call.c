/* Unit tests of calls between two telephones: sound both ways, keys, hold, every way to
 * end. */
#include <arpa/inet.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>
#include "t_tel_world.h"

TEST(tel_tones_travel_both_ways)
{
	struct world w;

	w_init(&w);
	w.a.say_hz = 700;
	w.b.say_hz = 1100;
	OK(w_open(&w));
	OK(w_dial(&w, "service"));
	CHECK(t_wait(w.loop, w_both_up, &w, 3000));
	STR_EQ(w.a.from, "alice");
	STR_EQ(w.a.to, "service");
	CHECK(t_wait(w.loop, w_heard_60, &w, 5000));
	NEAR(w_heard_db(&w.b, 700), 20 * log10(8000 / 32768.0), 1);
	NEAR(w_heard_db(&w.a, 1100), 20 * log10(8000 / 32768.0), 1);
	CHECK(w_heard_db(&w.a, 700) < -50);
	CHECK(w_heard_db(&w.b, 1100) < -50);
	CHECK(tel_leg_is_up(w.a.leg));
	CHECK(tel_leg_stats(w.a.leg).rtp_in >= 50);
	EQ(tel_leg_stats(w.a.leg).rtp_bad, 0);
	CHECK(tel_leg_tx_samples(w.a.leg) >= 60 * 160);
	STR_EQ(tel_leg_call_id(w.a.leg), tel_leg_call_id(w.b.leg));
	tel_leg_hangup(w.b.leg, 0);
	CHECK(t_wait(w.loop, w_both_closed, &w, 3000));
	EQ(w.a.status, 200);
	EQ(w.b.status, 200);
	EQ(w.b.rings, 1);
	w_done(&w);
	EQ(w.a.closes, 1);
	EQ(w.b.closes, 1);
}

TEST(tel_bye_from_the_called_side)
{
	struct world w;

	w_init(&w);
	OK(w_open(&w));
	OK(w_dial(&w, "x"));
	CHECK(t_wait(w.loop, w_both_up, &w, 3000));
	tel_leg_hangup(w.a.leg, 0);
	CHECK(t_wait(w.loop, w_both_closed, &w, 3000));
	EQ(w.a.status, 200);
	EQ(w.b.status, 200);
	w_done(&w);
}

TEST(tel_free_hangs_up)
{
	struct world w;

	w_init(&w);
	OK(w_open(&w));
	OK(w_dial(&w, "x"));
	CHECK(t_wait(w.loop, w_both_up, &w, 3000));
	tel_leg_free(w.b.leg);
	w.b.leg = NULL;
	CHECK(t_wait(w.loop, w_a_closed, &w, 3000));
	EQ(w.a.status, 200);
	EQ(w.b.closes, 0);
	w_done(&w);
}

TEST(tel_cancel_while_ringing)
{
	struct world w;

	w_init(&w);
	w.a.answer = false;
	OK(w_open(&w));
	OK(w_dial(&w, "x"));
	CHECK(t_wait(w.loop, w_a_invited, &w, 3000));
	tel_leg_hangup(w.b.leg, 0);
	CHECK(t_wait(w.loop, w_both_closed, &w, 3000));
	EQ(w.a.status, 487);
	EQ(w.b.status, 487);
	EQ(w.a.ups + w.b.ups, 0);
	w_done(&w);
}

TEST(tel_called_side_refuses_while_ringing)
{
	struct world w;

	w_init(&w);
	w.a.answer = false;
	OK(w_open(&w));
	OK(w_dial(&w, "x"));
	CHECK(t_wait(w.loop, w_a_invited, &w, 3000));
	tel_leg_hangup(w.a.leg, 603);
	CHECK(t_wait(w.loop, w_both_closed, &w, 3000));
	EQ(w.a.status, 603);
	EQ(w.b.status, 603);
	STR_EQ(w.b.reason, "Decline");
	w_done(&w);
}

TEST(tel_sink_refuses)
{
	struct world w;

	w_init(&w);
	w.a.refuse = ERR_BUSY;
	OK(w_open(&w));
	OK(w_dial(&w, "x"));
	CHECK(t_wait(w.loop, w_b_closed, &w, 3000));
	EQ(w.b.status, 486);
	EQ(w.a.invites, 0);
	EQ(tel_calls(w.a.tel), 0);
	w_done(&w);
}

TEST(tel_nobody_answers)
{
	struct world w;

	w_init(&w);
	w.a.answer = false;
	w.a.o.ring_timeout_ms = 150;
	OK(w_open(&w));
	OK(w_dial(&w, "x"));
	CHECK(t_wait(w.loop, w_both_closed, &w, 3000));
	EQ(w.a.status, 480);
	EQ(w.b.status, 480);
	w_done(&w);
}

TEST(tel_caller_gives_up_ringing)
{
	struct world w;

	w_init(&w);
	w.a.answer = false;
	w.b.o.ring_timeout_ms = 150;
	OK(w_open(&w));
	OK(w_dial(&w, "x"));
	CHECK(t_wait(w.loop, w_both_closed, &w, 3000));
	EQ(w.b.status, 408);
	EQ(w.a.status, 487);
	w_done(&w);
}

TEST(tel_call_limit_ends_the_call)
{
	struct world w;

	w_init(&w);
	w.a.o.call_limit_ms = 200;
	OK(w_open(&w));
	OK(w_dial(&w, "x"));
	CHECK(t_wait(w.loop, w_both_closed, &w, 3000));
	EQ(w.a.status, 200);
	EQ(w.b.status, 200);
	CHECK(w.a.ups && w.b.ups);
	w_done(&w);
}

static bool five_keys(void *arg)
{
	struct world *w = arg;

	return w->a.n_keys >= 6 && w->b.n_keys >= 2;
}

TEST(tel_keys_both_ways)
{
	struct world w;

	w_init(&w);
	w.a.say_hz = w.b.say_hz = 500;
	OK(w_open(&w));
	OK(w_dial(&w, "x"));
	EQ(tel_leg_dtmf(w.b.leg, "1"), ERR_STATE);
	CHECK(t_wait(w.loop, w_both_up, &w, 3000));
	EQ(tel_leg_dtmf(w.b.leg, "1x"), ERR_INVAL);
	EQ(tel_leg_dtmf(w.b.leg, "01234567890123456789012345678901234567890123456789012"
				 "34567890123456789"),
	   ERR_FULL);
	OK(tel_leg_dtmf(w.b.leg, "1122"));
	OK(tel_leg_dtmf(w.b.leg, "*#"));
	OK(tel_leg_dtmf(w.a.leg, "9D"));
	CHECK(t_wait(w.loop, five_keys, &w, 5000));
	STR_EQ(w.a.keys, "1122*#");
	STR_EQ(w.b.keys, "9D");
	w_done(&w);
}

static bool a_held(void *arg)
{
	return ((struct world *)arg)->a.held;
}

static bool a_resumed(void *arg)
{
	return ((struct world *)arg)->a.resumed;
}

struct goal {
	struct world *w;
	int a_frames, a_pulls;
};

static bool more(void *arg)
{
	struct goal *g = arg;

	return g->w->a.frames >= g->a_frames && g->w->a.pulls >= g->a_pulls;
}

TEST(tel_hold_and_resume)
{
	struct world w;
	struct goal g = { &w, 0, 0 };
	int pulls;

	w_init(&w);
	w.a.say_hz = 700;
	w.b.say_hz = 1100;
	OK(w_open(&w));
	OK(w_dial(&w, "x"));
	CHECK(t_wait(w.loop, w_both_up, &w, 3000));
	tel_leg_hold(w.b.leg, true);
	CHECK(t_wait(w.loop, a_held, &w, 3000));
	pulls = w.a.pulls;
	g.a_frames = w.a.frames + 30;
	CHECK(t_wait(w.loop, more, &g,
		     3000)); /* the clock goes on, nothing is pulled */
	EQ(w.a.pulls, pulls);
	NEAR(w_heard_db(&w.a, 1100), 20 * log10(8000 / 32768.0),
	     1.5); /* music on hold is heard */
	CHECK(w_heard_db(&w.b, 700) < -40);
	tel_leg_hold(w.b.leg, false);
	CHECK(t_wait(w.loop, a_resumed, &w, 3000));
	g.a_frames = w.a.frames;
	g.a_pulls = w.a.pulls + 40;
	CHECK(t_wait(w.loop, more, &g, 3000));
	NEAR(w_heard_db(&w.b, 700), 20 * log10(8000 / 32768.0), 1.5);
	EQ(w.a.held, 1);
	EQ(w.a.resumed, 1);
	w_done(&w);
}

TEST(tel_holding_is_not_a_media_timeout)
{
	struct world w;
	struct goal g = { &w, 0, 0 };

	w_init(&w);
	w.b.o.media_timeout_ms = 200;
	OK(w_open(&w));
	OK(w_dial(&w, "x"));
	CHECK(t_wait(w.loop, w_both_up, &w, 3000));
	tel_leg_hold(w.b.leg, true);
	CHECK(t_wait(w.loop, a_held, &w, 3000));
	g.a_frames = w.a.frames + 30;
	CHECK(t_wait(w.loop, more, &g, 3000));
	EQ(w.b.closes, 0);
	w_done(&w);
}

TEST(tel_bound_to_every_address)
{
	static const char *const all[] = { "0.0.0.0/0" };
	struct world w;

	w_init(&w);
	w.a.o.acl = w.b.o.acl = all; /* libre may send from any of our addresses */
	w.a.o.n_acl = w.b.o.n_acl = 1;
	w.a.o.ip = w.b.o.ip = "0.0.0.0";
	w.a.say_hz = 700;
	OK(w_open(&w));
	OK(w_dial(&w, "x"));
	CHECK(t_wait(w.loop, w_both_up, &w, 3000));
	CHECK(t_wait(w.loop, w_heard_60, &w, 5000));
	NEAR(w_heard_db(&w.b, 700), 20 * log10(8000 / 32768.0), 1);
	tel_leg_hangup(w.b.leg, 0); /* goes to the Contact we gave */
	CHECK(t_wait(w.loop, w_both_closed, &w, 3000));
	w_done(&w);
}

TEST(tel_over_tcp)
{
	struct world w;
	char uri[100];
	struct tel_dial_opts d = { .uri = uri };

	w_init(&w);
	w.a.o.tcp = w.b.o.tcp = true;
	w.a.say_hz = 700;
	OK(w_open(&w));
	snprintf(uri, sizeof(uri), "sip:x@127.0.0.1:%d;transport=tcp",
		 tel_port(w.a.tel));
	OK(tel_dial(w.b.tel, &d, w.loop, w.box, &w_cb, &w.b, &w.b.leg, NULL));
	CHECK(t_wait(w.loop, w_both_up, &w, 3000));
	STR_EQ(w.a.from, "callm");
	CHECK(t_wait(w.loop, w_heard_60, &w, 5000));
	NEAR(w_heard_db(&w.b, 700), 20 * log10(8000 / 32768.0), 1);
	tel_leg_hangup(w.b.leg, 0);
	CHECK(t_wait(w.loop, w_both_closed, &w, 3000));
	w_done(&w);
}

TEST(tel_dial_refuses_bad_addresses)
{
	static const char *const bad[] = { "",         "bob",       "sip:",
					   "http://x", "sip:a b@c", "sip:a@b\r\nX: y",
					   "sip:<a>@b" };
	struct world w;
	struct err e;
	char longer[400];

	w_init(&w);
	OK(w_open(&w));
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		struct tel_dial_opts d = { .uri = bad[i] };

		EQ(tel_dial(w.b.tel, &d, w.loop, w.box, &w_cb, &w.b, &w.b.leg, &e),
		   ERR_INVAL);
		CHECK(e.msg[0]);
	}
	memset(longer, 'a', sizeof(longer));
	memcpy(longer, "sip:", 4);
	longer[399] = 0;
	EQ(tel_dial(w.b.tel, &(struct tel_dial_opts){ .uri = longer }, w.loop, w.box,
		    &w_cb, &w.b, &w.b.leg, &e),
	   ERR_INVAL);
	EQ(tel_dial(w.b.tel,
		    &(struct tel_dial_opts){ .uri = "sip:a@127.0.0.1",
					     .from_user = "x\r\ny" },
		    w.loop, w.box, &w_cb, &w.b, &w.b.leg, &e),
	   ERR_INVAL);
	w_done(&w);
}

TEST(tel_dial_to_nobody)
{
	struct world w;

	w_init(&w);
	OK(w_open_side(&w, &w.b));
	OK(tel_dial(w.b.tel,
		    &(struct tel_dial_opts){ .uri = "sip:x@no-such-host.invalid" },
		    w.loop, w.box, &w_cb, &w.b, &w.b.leg, NULL));
	tel_leg_hangup(w.b.leg, 0);
	CHECK(t_wait(w.loop, w_b_closed, &w, 3000));
	CHECK(w.b.status >= 400);
	w_done(&w);
}

TEST(tel_hangup_all_ends_each_call)
{
	struct world w;

	w_init(&w);
	OK(w_open(&w));
	OK(w_dial(&w, "x"));
	CHECK(t_wait(w.loop, w_both_up, &w, 3000));
	tel_hangup_all(w.a.tel);
	CHECK(t_wait(w.loop, w_both_closed, &w, 3000));
	EQ(w.a.status, 503);
	EQ(w.b.status, 200);
	w_done(&w);
}

TEST(tel_digest_right_and_wrong)
{
	static const struct tel_user users[] = { { "bob", "hidden" },
						 { "trunk", "secret" } };
	static const char *const pw[] = { "secret", "wrong", NULL };

	for (int i = 0; i < 3; i++) {
		struct world w;

		w_init(&w);
		w.a.o.realm = "callm";
		w.a.o.users = users;
		w.a.o.n_users = 2;
		w.b.o.dial_user = "trunk";
		w.b.o.dial_password = pw[i];
		OK(w_open(&w));
		OK(w_dial(&w, "x"));
		CHECK(t_wait(w.loop, i ? w_b_closed : w_both_up, &w, 3000));
		EQ(w.a.invites, i ? 0 : 1);
		EQ(w.b.status, i == 1 ? 401 : i == 2 ? w.b.status : 0);
		CHECK(i < 2 || w.b.status >= 400);
		w_done(&w);
	}
}

/* A challenge of somebody who is not the trunk is not answered with the trunk's password. */
TEST(tel_trunk_password_is_for_the_trunk)
{
	static const struct tel_user users[] = { { "trunk", "secret" } };
	static const char *const host[] = { "127.0.0.1;transport=udp", "127.0.0.1:5080", "",
					    "127.0.0.10", "trunk.example" };

	for (int i = 0; i < 5; i++) {
		struct world w;

		w_init(&w);
		w.a.o.realm = "callm";
		w.a.o.users = users;
		w.a.o.n_users = 1;
		w.b.o.dial_user = "trunk";
		w.b.o.dial_password = "secret";
		w.b.o.dial_host = host[i];
		OK(w_open(&w));
		OK(w_dial(&w, "x"));
		CHECK(t_wait(w.loop, i > 2 ? w_b_closed : w_both_up, &w, 3000));
		EQ(w.a.invites, i > 2 ? 0 : 1);
		w_done(&w);
	}
}

TEST(tel_open_explains_bad_options)
{
	static const char *const bad_net[] = { "10.0.0.0/33" };
	struct tel_opts o;
	struct tel *t = NULL, *u;
	struct err e;

	tel_defaults(&o);
	o.ip = "localhost";
	EQ(tel_open(&t, &o, NULL, NULL, &e), ERR_INVAL);
	HAS(sv_of(e.msg), "localhost");
	tel_defaults(&o);
	o.acl = bad_net;
	o.n_acl = 1;
	EQ(tel_open(&t, &o, NULL, NULL, &e), ERR_INVAL);
	HAS(sv_of(e.msg), "10.0.0.0/33");
	tel_defaults(&o);
	o.rtp_min = 20000;
	EQ(tel_open(&t, &o, NULL, NULL, &e), ERR_INVAL);
	tel_defaults(&o);
	OK(tel_open(&t, &o, NULL, NULL, &e));
	o.sip_port = tel_port(t);
	EQ(tel_open(&u, &o, NULL, NULL, &e), ERR_NET);
	HAS(sv_of(e.msg), "another port");
	tel_close(t);
	tel_close(NULL);
}

/* Port 0: the UDP port that the system picks may be taken over TCP. So many are taken
 * here that forty openings in a row would hit one. */
TEST(tel_port_0_goes_round_ports_taken_over_tcp)
{
	enum { MOST = 6000 };
	struct rlimit old, more;
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(0x7f000009) };
	static int fds[MOST];
	int n = 0;

	OK(getrlimit(RLIMIT_NOFILE, &old));
	more = old;
	more.rlim_cur = old.rlim_max > MOST + 500 ? MOST + 500 : old.rlim_max;
	OK(setrlimit(RLIMIT_NOFILE, &more));
	while (n < MOST && (fds[n] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) >= 0) {
		if (bind(fds[n], (struct sockaddr *)&at, sizeof(at)) || listen(fds[n], 1)) {
			close(fds[n]);
			break;
		}
		n++;
	}
	for (int i = 0; i < 60 && n > 60; i++) /* descriptors for the server's own */
		close(fds[--n]);
	for (int i = 0; i < 40; i++) {
		struct tel_opts o;
		struct tel *t;
		struct err e;

		tel_defaults(&o);
		o.ip = "127.0.0.9";
		o.tcp = true;
		OK(tel_open(&t, &o, NULL, NULL, &e));
		tel_close(t);
	}
	while (n)
		close(fds[--n]);
	OK(setrlimit(RLIMIT_NOFILE, &old));
}

static bool objs_are(void *arg)
{
	return obj_live() == *(size_t *)arg;
}

TEST(tel_two_hundred_calls_leave_nothing)
{
	struct world w;
	size_t objs;

	w_init(&w);
	OK(w_open(&w));
	objs = obj_live();
	for (int i = 0; i < 200; i++) {
		w.a.ups = w.b.ups = w.a.closes = w.b.closes = 0;
		OK(w_dial(&w, "x"));
		CHECK(t_wait(w.loop, w_both_up, &w, 3000));
		tel_leg_hangup(i & 1 ? w.a.leg : w.b.leg, 0);
		CHECK(t_wait(w.loop, w_both_closed, &w, 3000));
		w_free_legs(&w);
	}
	EQ(w.a.invites, 200);
	CHECK(t_wait(w.loop, objs_are, &objs,
		     2000)); /* the front drops its last references */
	EQ(tel_calls(w.a.tel), 0);
	w_done(&w);
}
