/* Unit tests of registration as an extension, against a raw registrar. */
#include "t_tel_world.h"

struct pbx {
	struct world w;
	struct raw r;
	char uri[64];
	struct tel_register reg;
};

static void pbx_init(struct pbx *p)
{
	memset(p, 0, sizeof(*p));
	w_init(&p->w);
	p->r.fd = raw_socket(&p->r.port, "127.0.0.1");
	snprintf(p->uri, sizeof(p->uri), "sip:127.0.0.1:%d", p->r.port);
	p->reg = (struct tel_register){ .uri = p->uri, .user = "201", .password = "secret" };
	p->w.a.o.registers = &p->reg;
	p->w.a.o.n_registers = 1;
}

static bool pbx_open(struct pbx *p)
{
	if (w_open_side(&p->w, &p->w.a))
		return false;
	p->r.to = (struct sockaddr_in){ .sin_family = AF_INET,
					.sin_port = htons((uint16_t)tel_port(p->w.a.tel)),
					.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	return true;
}

static void pbx_done(struct pbx *p)
{
	w_done(&p->w);
	close(p->r.fd);
}

/* The next REGISTER, answered. */
static bool answer(struct pbx *p, char req[8192], const char *status, const char *extra)
{
	if (!raw_await(&p->r, p->w.loop, "REGISTER"))
		return false;
	memcpy(req, p->r.in, 8192);
	raw_reply(&p->r, req, status, extra, "");
	return true;
}

struct reg_goal {
	struct pbx *p;
	int state;
};

static bool stands(void *arg)
{
	struct reg_goal *g = arg;

	return tel_registration(g->p->w.a.tel, 0, NULL) == g->state;
}

static bool becomes(struct pbx *p, int state)
{
	struct reg_goal g = { p, state };

	return t_wait(p->w.loop, stands, &g, 2000);
}

static const char challenge[] =
	"WWW-Authenticate: Digest realm=\"pbx\", nonce=\"n1\", algorithm=MD5, qop=\"auth\"\r\n";

/* Registered, as most PBXs want it. */
static bool registered(struct pbx *p, char req[8192])
{
	return answer(p, req, "401 Unauthorized", challenge) &&
	       answer(p, req, "200 OK", "Expires: 120\r\n") && becomes(p, 1);
}

TEST(tel_registers_with_password_and_leaves)
{
	int64_t before = metric_get(M_SIP_REGISTERED);
	char req[8192];
	struct pbx p;
	int status;

	pbx_init(&p);
	CHECK(pbx_open(&p));
	CHECK(answer(&p, req, "401 Unauthorized", challenge));
	HAS(sv_of(req), "REGISTER sip:127.0.0.1:");
	STR_EQ(raw_line(req, "To"), "To: <sip:201@127.0.0.1>");
	STR_EQ(raw_line(req, "Expires"), "Expires: 300");
	STR_EQ(raw_line(req, "Authorization"), "");
	EQ(tel_registration(p.w.a.tel, 0, &status), 0);
	CHECK(answer(&p, req, "200 OK", "Expires: 120\r\n"));
	HAS(sv_of(raw_line(req, "Authorization")), "username=\"201\"");
	HAS(sv_of(raw_line(req, "Authorization")), "realm=\"pbx\"");
	CHECK(becomes(&p, 1));
	EQ(tel_registration(p.w.a.tel, 0, &status), 1);
	EQ(status, 200);
	EQ(tel_registration(p.w.a.tel, 1, &status), -1); /* there is no second one */
	EQ(metric_get(M_SIP_REGISTERED), before + 1);
	tel_close(p.w.a.tel);
	p.w.a.tel = NULL;
	CHECK(raw_await(&p.r, p.w.loop, "REGISTER"));
	STR_EQ(raw_line(p.r.in, "Expires"), "Expires: 0");
	EQ(metric_get(M_SIP_REGISTERED), before);
	pbx_done(&p);
}

TEST(tel_registration_that_fails)
{
	static const struct {
		const char *first, *extra, *second;
		int status;
	} all[] = {
		{ "401 Unauthorized", challenge, "401 Unauthorized", 401 }, /* wrong password */
		{ "403 Forbidden", "", NULL, 403 },
		{ "503 Service Unavailable", "Retry-After: 60\r\n", NULL, 503 },
		{ "401 Unauthorized", "", "401 Unauthorized", 401 }, /* nothing to answer */
	};

	for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++) {
		char req[8192];
		struct pbx p;
		int status;

		pbx_init(&p);
		CHECK(pbx_open(&p));
		CHECK(answer(&p, req, all[i].first, all[i].extra));
		if (all[i].second)
			CHECK(answer(&p, req, all[i].second, challenge));
		CHECK(becomes(&p, -1));
		tel_registration(p.w.a.tel, 0, &status);
		EQ(status, all[i].status);
		CHECK(!raw_recv(&p.r, p.w.loop, 50)); /* it waits before it tries again */
		pbx_done(&p);
	}
}

TEST(tel_registration_as_long_as_they_want)
{
	char req[8192];
	struct pbx p;

	pbx_init(&p);
	p.reg.auth_user = "auth201";
	p.reg.expires_s = 60;
	CHECK(pbx_open(&p));
	CHECK(answer(&p, req, "423 Interval Too Brief", "Min-Expires: 600\r\n"));
	STR_EQ(raw_line(req, "Expires"), "Expires: 60");
	CHECK(answer(&p, req, "401 Unauthorized", challenge));
	STR_EQ(raw_line(req, "Expires"), "Expires: 600");
	CHECK(answer(&p, req, "200 OK", ""));
	HAS(sv_of(raw_line(req, "Authorization")), "username=\"auth201\"");
	CHECK(becomes(&p, 1));
	pbx_done(&p);
}

/* Calls from there come in without being on the list and without a password. */
TEST(tel_registered_calls_come_in)
{
	static const char *const acl[] = { "127.0.0.9/32" };
	static const struct tel_user users[] = { { "trunk", "other" } };
	char req[8192];
	struct pbx p;

	pbx_init(&p);
	p.w.a.o.acl = acl;
	p.w.a.o.n_acl = 1;
	p.w.a.o.realm = "callm";
	p.w.a.o.users = users;
	p.w.a.o.n_users = 1;
	CHECK(pbx_open(&p));
	CHECK(registered(&p, req));
	p.r.in[0] = 0;
	raw_request(&p.r, "INVITE", "p0", 1, "", raw_sdp(4000, "0", "")); /* to callm@, not 201@ */
	EQ(raw_final(&p.r, p.w.loop, "INVITE"), 401);
	char m[2000];
	const char *sdp = raw_sdp(4000, "0", "");
	int n = snprintf(m, sizeof(m),
			 "INVITE sip:201@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP "
			 "127.0.0.1:%d;branch=z9hG4bKp1\r\nFrom: <sip:raw@127.0.0.1>;tag=r1\r\n"
			 "To: <sip:201@127.0.0.1>\r\nCall-ID: p1\r\nCSeq: 1 INVITE\r\n"
			 "Contact: <sip:raw@127.0.0.1:%d>\r\nMax-Forwards: 70\r\n"
			 "Content-Type: application/sdp\r\nContent-Length: %zu\r\n\r\n%s",
			 p.r.port, p.r.port, strlen(sdp), sdp);

	raw_send(&p.r, m, (size_t)n);
	EQ(raw_final(&p.r, p.w.loop, "INVITE"), 200);
	STR_EQ(p.w.a.to, "201");
	raw_request(&p.r, "ACK", "p1", 1, "", "");
	CHECK(t_wait(p.w.loop, w_a_up, &p.w, 2000));
	pbx_done(&p);
}

TEST(tel_registered_calls_go_out)
{
	char uri[64], req[8192];
	struct pbx p;

	pbx_init(&p);
	p.w.a.o.dial_user = "not";
	p.w.a.o.dial_password = "this";
	CHECK(pbx_open(&p));
	CHECK(registered(&p, req));
	snprintf(uri, sizeof(uri), "sip:300@127.0.0.1:%d", p.r.port);
	OK(tel_dial(p.w.a.tel, &(struct tel_dial_opts){ .uri = uri, .from_user = "alice" },
		    p.w.loop, p.w.box, &w_cb, &p.w.b, &p.w.b.leg, NULL));
	CHECK(raw_await(&p.r, p.w.loop, "INVITE"));
	HAS(sv_of(raw_line(p.r.in, "From")), "<sip:201@127.0.0.1>;tag=");
	memcpy(req, p.r.in, sizeof(req));
	raw_reply(&p.r, req, "407 Proxy Authentication Required",
		  "Proxy-Authenticate: Digest realm=\"pbx\", nonce=\"n2\"\r\n", "");
	CHECK(raw_await(&p.r, p.w.loop, "ACK"));
	CHECK(raw_await(&p.r, p.w.loop, "INVITE"));
	HAS(sv_of(raw_line(p.r.in, "Proxy-Authorization")), "username=\"201\"");
	HAS(sv_of(raw_line(p.r.in, "Contact")), "<sip:201@127.0.0.1:");
	pbx_done(&p);
}

TEST(tel_register_explains_bad_options)
{
	static const struct tel_register bad[] = {
		{ .uri = "pbx.example.com", .user = "1", .password = "x" },
		{ .uri = "sip:201@pbx.example.com", .user = "1", .password = "x" },
		{ .uri = "sip:pbx.example.com", .user = "", .password = "x" },
		{ .uri = "sip:pbx.example.com", .user = "a b", .password = "x" },
		{ .uri = "sip:pbx.example.com", .user = "1" },
		{ .uri = "sip:pbx.example.com", .user = "1", .password = "x", .expires_s = 1 },
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		struct tel_opts o;
		struct tel *t;
		struct err e;

		tel_defaults(&o);
		o.registers = &bad[i];
		o.n_registers = 1;
		EQ(tel_open(&t, &o, NULL, NULL, &e), ERR_INVAL);
		HAS(sv_of(e.msg), "register");
	}
}
