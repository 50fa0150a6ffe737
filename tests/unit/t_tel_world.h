/* t_tel_world.h: two telephones on 127.0.0.1, both served by the test's own loop as
 * their shard; and a raw SIP peer over a plain socket for what a well-behaved one would
 * never send. */
#ifndef CALLM_T_TEL_WORLD_H
#define CALLM_T_TEL_WORLD_H

#include <arpa/inet.h>
#include <math.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>
#include "t.h"
#include "tel_int.h"

struct world;
struct side {
	struct world *w;
	struct tel *tel;
	struct tel_leg *leg;
	struct tel_opts o;
	int refuse;    /* on_invite's answer */
	bool answer;   /* answer at once */
	double say_hz; /* tone to say, 0 = nothing */
	uint64_t said;
	int invites, rings, ups, frames, held, resumed, closes, status, pulls;
	int earlies, refers, refer_status;
	char keys[128], reason[128], from[64], to[64];
	int n_keys;
	int16_t heard[8000]; /* the last second */
	int n_heard;
};
struct world {
	struct loop *loop;
	struct mbox *box;
	struct side a, b; /* a is called, b calls */
};

static inline void w_on_ring(void *arg)
{
	((struct side *)arg)->rings++;
}

static inline void w_on_up(void *arg)
{
	((struct side *)arg)->ups++;
}

static inline void w_on_frame(void *arg, const int16_t s[160], int64_t ts_ms)
{
	struct side *x = arg;

	x->frames++;
	if (x->n_heard == 8000) {
		memmove(x->heard, x->heard + 160, (8000 - 160) * sizeof(*s));
		x->n_heard -= 160;
	}
	memcpy(x->heard + x->n_heard, s, 160 * sizeof(*s));
	x->n_heard += 160;
}

static inline int w_on_pull(void *arg, int16_t out[160])
{
	struct side *x = arg;

	x->pulls++;
	if (!(x->say_hz > 0))
		return 0;
	for (int i = 0; i < 160; i++, x->said++)
		out[i] = (int16_t)lrint(
			8000 * sin(2 * M_PI * x->say_hz * (double)x->said / 8000));
	return 160;
}

static inline void w_on_dtmf(void *arg, char digit)
{
	struct side *x = arg;

	if (x->n_keys < 127)
		x->keys[x->n_keys++] = digit;
}

static inline void w_on_hold(void *arg, bool held)
{
	struct side *x = arg;

	x->held += held;
	x->resumed += !held;
}

static inline void w_on_early(void *arg)
{
	((struct side *)arg)->earlies++;
}

static inline void w_on_refer(void *arg, int status)
{
	struct side *x = arg;

	x->refers++;
	x->refer_status = status;
}

static inline void w_on_close(void *arg, int status, const char *reason)
{
	struct side *x = arg;

	x->closes++;
	x->status = status;
	snprintf(x->reason, sizeof(x->reason), "%s", reason);
}

static const struct tel_leg_cb w_cb = {
	.on_ring = w_on_ring,
	.on_up = w_on_up,
	.on_frame = w_on_frame,
	.on_pull = w_on_pull,
	.on_dtmf = w_on_dtmf,
	.on_hold = w_on_hold,
	.on_early = w_on_early,
	.on_refer = w_on_refer,
	.on_close = w_on_close,
};

static inline void w_take(void *arg)
{
	struct side *x = arg;

	x->invites++;
	tel_leg_attach(x->leg, x->w->loop, x->w->box, &w_cb, x);
	if (x->answer)
		tel_leg_answer(x->leg);
}

static inline int w_on_invite(void *arg, struct tel_leg *leg,
			      const struct tel_info *info)
{
	struct side *x = arg;

	if (x->refuse)
		return x->refuse;
	x->leg = leg; /* read by w_take after the mailbox's barrier */
	snprintf(x->from, sizeof(x->from), SV_FMT, SV_ARG(info->from_user));
	snprintf(x->to, sizeof(x->to), SV_FMT, SV_ARG(info->to_user));
	return mbox_post(x->w->box, w_take, x);
}

static inline int w_open_side(struct world *w, struct side *x)
{
	static const struct tel_sink sink = { .on_invite = w_on_invite };
	struct err e = { 0 };
	int er;

	x->w = w;
	er = tel_open(&x->tel, &x->o, &sink, x, &e);
	if (er)
		printf("# tel_open: %s\n", e.msg);
	return er;
}

static inline void w_init(struct world *w)
{
	memset(w, 0, sizeof(*w));
	w->loop = loop_new();
	w->box = mbox_new(w->loop);
	tel_defaults(&w->a.o);
	tel_defaults(&w->b.o);
	w->a.o.max_cps = w->b.o.max_cps = 1000;
	w->a.answer = true;
}

static inline int w_open(struct world *w)
{
	int er = w_open_side(w, &w->a);

	return er ? er : w_open_side(w, &w->b);
}

static inline int w_dial(struct world *w, const char *user)
{
	char uri[100];
	struct tel_dial_opts d = { .uri = uri, .from_user = "alice" };
	struct err e;

	snprintf(uri, sizeof(uri), "sip:%s@127.0.0.1:%d", user, tel_port(w->a.tel));
	return tel_dial(w->b.tel, &d, w->loop, w->box, &w_cb, &w->b, &w->b.leg, &e);
}

/* Conditions for t_wait. */
static inline bool w_both_up(void *arg)
{
	struct world *w = arg;

	return w->a.ups && w->b.ups;
}

static inline bool w_both_closed(void *arg)
{
	struct world *w = arg;

	return w->a.closes && w->b.closes;
}

static inline bool w_b_closed(void *arg)
{
	return ((struct world *)arg)->b.closes;
}

static inline bool w_a_closed(void *arg)
{
	return ((struct world *)arg)->a.closes;
}

static inline bool w_a_up(void *arg)
{
	return ((struct world *)arg)->a.ups;
}

static inline bool w_a_invited(void *arg)
{
	return ((struct world *)arg)->a.invites;
}

static inline bool w_heard_60(void *arg)
{
	struct world *w = arg;

	return w->a.frames >= 60 && w->b.frames >= 60;
}

static inline void w_free_legs(struct world *w)
{
	tel_leg_free(w->a.leg);
	tel_leg_free(w->b.leg);
	w->a.leg = w->b.leg = NULL;
}

static inline void w_done(struct world *w)
{
	w_free_legs(w);
	tel_close(w->a.tel);
	tel_close(w->b.tel);
	mbox_drain(w->box);
	mbox_free(w->box);
	loop_free(w->loop);
}

static inline double w_heard_db(const struct side *x, double hz)
{
	return x->n_heard < 4000 ?
		       PCM_SILENT_DB :
		       pcm_goertzel_db(x->heard + x->n_heard - 4000, 4000, hz, 8000);
}

/* ---- the raw peer */
struct raw {
	int fd, port; /* SIP */
	struct sockaddr_in to;
	char in[8192]; /* the last message received */
};

static inline int raw_socket(int *port, const char *ip)
{
	struct sockaddr_in a = { .sin_family = AF_INET };
	socklen_t n = sizeof(a);
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	inet_pton(AF_INET, ip, &a.sin_addr);
	if (bind(fd, (struct sockaddr *)&a, sizeof(a)) ||
	    getsockname(fd, (struct sockaddr *)&a, &n))
		abort();
	*port = ntohs(a.sin_port);
	return fd;
}

static inline void raw_open(struct raw *r, const struct tel *t, const char *ip)
{
	memset(r, 0, sizeof(*r));
	r->fd = raw_socket(&r->port, ip);
	r->to = (struct sockaddr_in){ .sin_family = AF_INET,
				      .sin_port = htons((uint16_t)tel_port(t)),
				      .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
}

static inline void raw_send(struct raw *r, const void *p, size_t n)
{
	if (sendto(r->fd, p, n, 0, (struct sockaddr *)&r->to, sizeof(r->to)) !=
	    (ssize_t)n)
		abort();
}

/* The next datagram within ms, the loop running meanwhile; false = none. */
static inline bool raw_recv(struct raw *r, struct loop *l, int ms)
{
	int64_t end = clk_mono_us() + ms * 1000;

	do {
		struct pollfd p = { .fd = r->fd, .events = POLLIN };

		loop_run_once(l, 0);
		if (poll(&p, 1, 2) == 1) {
			ssize_t n = recv(r->fd, r->in, sizeof(r->in) - 1, 0);

			r->in[n > 0 ? n : 0] = 0;
			return true;
		}
	} while (clk_mono_us() < end);
	return false;
}

/* Sends one request. sdp and extra may be empty. */
static inline void raw_request(struct raw *r, const char *method, const char *id,
			       int cseq, const char *extra, const char *sdp)
{
	char m[4096];
	const char *tag =
		strstr(r->in, "\nTo:") ? strstr(strstr(r->in, "\nTo:"), ";tag=") : NULL;
	char to_tag[80] = "";

	if (tag && strcmp(method, "INVITE") && strcmp(method, "OPTIONS") &&
	    strcmp(method, "CANCEL"))
		snprintf(to_tag, sizeof(to_tag), "%.*s", (int)strcspn(tag, "\r\n"),
			 tag);
	int n = snprintf(m, sizeof(m),
			 "%s sip:callm@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP "
			 "127.0.0.1:%d;branch=z9hG4bK%s%d%s\r\n"
			 "From: <sip:raw@127.0.0.1>;tag=r1\r\nTo: "
			 "<sip:callm@127.0.0.1>%s\r\nCall-ID: %s\r\n"
			 "CSeq: %d %s\r\nContact: "
			 "<sip:raw@127.0.0.1:%d>\r\nMax-Forwards: 70\r\n%s%s"
			 "Content-Length: %zu\r\n\r\n%s",
			 method, r->port, id, cseq, strcmp(method, "ACK") ? "" : "a",
			 to_tag, id, cseq, method, r->port, extra,
			 sdp[0] && !strstr(extra, "Content-Type") ?
				 "Content-Type: application/sdp\r\n" :
				 "",
			 strlen(sdp), sdp);

	raw_send(r, m, (size_t)n);
}

/* Receives until a request of this method came; false = none in 2 s. */
static inline bool raw_await(struct raw *r, struct loop *l, const char *method)
{
	size_t n = strlen(method);

	for (int i = 0; i < 20 && raw_recv(r, l, 2000); i++)
		if (!strncmp(r->in, method, n) && r->in[n] == ' ')
			return true;
	return false;
}

/* The line of the message in that begins with name, without its end; "" = none. */
static inline const char *raw_line(const char *in, const char *name)
{
	static char line[8][1024];
	static int turn;
	char look[64];
	const char *at;
	char *to = line[turn++ & 7];

	snprintf(look, sizeof(look), "\n%s:", name);
	at = strstr(in, look);
	snprintf(to, 1024, "%.*s", at ? (int)strcspn(at + 1, "\r\n") : 0, at ? at + 1 : "");
	return to;
}

/* Answers the request req (a copy of what was received). */
static inline void raw_reply(struct raw *r, const char *req, const char *status,
			     const char *extra, const char *sdp)
{
	char m[6000];
	const char *to = raw_line(req, "To");
	int n = snprintf(m, sizeof(m),
			 "SIP/2.0 %s\r\n%s\r\n%s\r\n%s%s\r\n%s\r\n%s\r\n"
			 "Contact: <sip:raw@127.0.0.1:%d>\r\n%s%sContent-Length: %zu\r\n\r\n%s",
			 status, raw_line(req, "Via"), raw_line(req, "From"), to,
			 strstr(to, ";tag=") ? "" : ";tag=r1", raw_line(req, "Call-ID"),
			 raw_line(req, "CSeq"), r->port, extra,
			 sdp[0] ? "Content-Type: application/sdp\r\n" : "", strlen(sdp), sdp);

	raw_send(r, m, (size_t)n);
}

static inline const char *raw_sdp(int port, const char *fmts, const char *attrs)
{
	static char s[600];

	snprintf(s, sizeof(s),
		 "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 "
		 "0\r\n"
		 "m=audio %d RTP/AVP %s\r\n%s",
		 port, fmts, attrs);
	return s;
}

/* Receives until a final response to the method came; its status, 0 = none in 2 s. */
static inline int raw_final(struct raw *r, struct loop *l, const char *method)
{
	for (int i = 0; i < 20 && raw_recv(r, l, 2000); i++) {
		long status = !strncmp(r->in, "SIP/2.0 ", 8) ? strtol(r->in + 8, NULL, 10) : 0;
		const char *cseq = strstr(r->in, "\nCSeq:");

		if (status >= 200 && cseq && strstr(cseq, method))
			return (int)status;
	}
	return 0;
}

/* INVITE, 200, ACK; the test's side a is up afterwards. */
static inline bool raw_call(struct raw *r, struct world *w, const char *id,
			    const char *sdp)
{
	raw_request(r, "INVITE", id, 1, "", sdp);
	if (raw_final(r, w->loop, "INVITE") != 200)
		return false;
	raw_request(r, "ACK", id, 1, "", "");
	return t_wait(w->loop, w_a_up, w, 2000);
}

#endif
