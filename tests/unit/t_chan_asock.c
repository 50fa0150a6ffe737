/* Unit tests of AudioSocket: the wire as bytes, and calls over real sockets on 127.0.0.1 with
 * scripted engines. The test's own loop greets and is the shard, the far side a plain socket
 * that speaks and listens in real time. */
#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <sys/socket.h>
#include <unistd.h>

#include "t_chan_world.h"
#include "chan_asock.h"

#define UUID "0123456789abcdef"
#define UUID_TEXT "30313233-3435-3637-3839-616263646566"

/* ---- the wire ---- */

TEST(asock_messages)
{
	unsigned char b[64];
	struct chan_asock_msg m;
	size_t n = chan_asock_put(CHAN_ASOCK_UUID, SV(UUID), b, sizeof(b));
	EQ(n, 19);
	n += chan_asock_put(CHAN_ASOCK_DTMF, SV("5"), b + n, sizeof(b) - n);
	n += chan_asock_put(CHAN_ASOCK_HANGUP, SV_NULL, b + n, sizeof(b) - n);
	for (size_t k = 0; k < 19; k++) {         /* any part of it is not whole yet */
		sv part = sv_n((char *)b, k);
		EQ(chan_asock_next(&part, &m), 0);
		EQ(part.n, k);
	}
	sv rest = sv_n((char *)b, n);
	EQ(chan_asock_next(&rest, &m), 1);
	EQ(m.kind, CHAN_ASOCK_UUID);
	SV_EQ(m.body, UUID);
	EQ(chan_asock_next(&rest, &m), 1);
	EQ(m.kind, CHAN_ASOCK_DTMF);
	SV_EQ(m.body, "5");
	EQ(chan_asock_next(&rest, &m), 1);
	EQ(m.kind, CHAN_ASOCK_HANGUP);
	EQ(m.body.n, 0);
	EQ(rest.n, 0);
	char text[CHAN_ASOCK_UUID_STR];
	chan_asock_uuid_str(SV(UUID), text);
	STR_EQ(text, UUID_TEXT);
}

TEST(asock_kinds_and_rates)
{
	int known = 0;
	for (int k = 0; k < 256; k++) {
		int hz = chan_asock_hz((uint8_t)k);
		known += hz > 0;
		if (hz)
			EQ(chan_asock_kind_of(hz), k);
	}
	EQ(known, 9);
	EQ(chan_asock_hz(0x12), 16000);
	EQ(chan_asock_hz(0x19), 0);
	EQ(chan_asock_kind_of(11025), CHAN_ASOCK_AUDIO);
}

static const struct {
	const char *bytes;
	size_t n;
	int rc;
} bad[] = {
	{ "GET / HTTP/1.1\r\n", 16, ERR_PARSE },  /* somebody else's protocol */
	{ "\x16\x03\x01", 3, 0 },                 /* TLS: sound at 48 kHz by its first byte ... */
	{ "\x05", 1, ERR_PARSE },                 /* no such kind */
	{ "\x19\x00\x02zz", 5, ERR_PARSE },
	{ "\x01\x00\x0f", 3, ERR_PARSE },         /* a UUID has 16 bytes */
	{ "\x01\xff\xff", 3, ERR_PARSE },
	{ "\x03\x00\x02", 3, ERR_PARSE },         /* a key is one character */
	{ "\x03\x00\x00", 3, ERR_PARSE },
	{ "\x10\xff\xff", 3, ERR_TOOBIG },
	{ "\x10\x40\x01", 3, ERR_TOOBIG },        /* one more than 16384 */
	{ "\x10\x40\x00", 3, 0 },
	{ "\xff\xff\xff", 3, ERR_TOOBIG },
	{ "\x00\xff\xff", 3, ERR_TOOBIG },
};

TEST(asock_bad_messages)
{
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		struct chan_asock_msg m;
		sv rest = sv_n(bad[i].bytes, bad[i].n);
		EQ(chan_asock_next(&rest, &m), bad[i].rc);
		EQ(rest.n, bad[i].n);
	}
}

/* ---- calls ---- */

struct desk {
	struct world w;                /* its loop is a real one here */
	struct mbox *box;
	struct chan_asock *a;
	struct chan_asock_opts o;
	char ref[64], way[32], notes[1024];
	int full;
	size_t objs;
};
struct ast {                           /* the far side */
	struct desk *d;
	int fd, hz;
	char in[70000];
	size_t n;
	int frames, heard, hangups, other, bad;
	bool sends, speaks, eof;
	int64_t next_us;
	uint64_t phase;
};

static int on_open(void *arg, struct chan_peer *p, const struct chan_info *info, void **user)
{
	struct desk *d = arg;
	snprintf(d->ref, sizeof(d->ref), SV_FMT, SV_ARG(info->ref));
	snprintf(d->way, sizeof(d->way), SV_FMT, SV_ARG(info->way));
	if (strcmp(info->channel, "phone"))
		t_fail(__FILE__, __LINE__, "the channel is phone");
	return w_sink.on_open(&d->w, p, info, user);
}

static void on_msg(void *user, const struct chan_msg *m)
{
	w_sink.on_msg(user, m);
}

static void on_close(void *user, enum chan_close_by by)
{
	w_sink.on_close(user, by);
}

static const struct chan_sink d_sink = { on_open, on_msg, on_close };

static int pick(void *arg, struct chan_place *ret)
{
	struct desk *d = arg;
	*ret = (struct chan_place){ d->w.loop, d->box, &d_sink, d, &d->w.speech };
	return d->full;
}

static void on_note(void *arg, const char *from, const char *what)
{
	struct desk *d = arg;
	size_t n = strlen(d->notes);
	snprintf(d->notes + n, sizeof(d->notes) - n, "%s\n", what);
}

static void d_init(struct desk *d, int rate)
{
	*d = (struct desk){ 0 };
	w_init(&d->w, rate);
	loop_free(d->w.loop);
	d->w.loop = d->w.asr.loop = d->w.tts[0].loop = d->w.tts[1].loop = loop_new();
	d->w.greeting = "Hello, parcels.";
	d->box = mbox_new(d->w.loop);
	d->objs = obj_live();
	d->o = (struct chan_asock_opts){ .ip = "127.0.0.1", .max_calls = 2, .silent_ms = 20000,
					 .loop = d->w.loop, .box = d->box, .pick = pick,
					 .note = on_note, .arg = d, .language = "en" };
}

static void d_up(struct desk *d)
{
	struct err e = { 0 };
	if (chan_asock_open(&d->a, &d->o, &e))
		t_fail(__FILE__, __LINE__, e.msg);
}

static bool all_given_back(void *arg)
{
	struct desk *d = arg;
	return obj_live() == d->objs;
}

static void d_done(struct desk *d)
{
	chan_asock_stop(d->a);
	chan_asock_stop(d->a);
	chan_asock_close(d->a);
	if (!t_wait(d->w.loop, all_given_back, d, 4000))
		t_fail(__FILE__, __LINE__, "a call is left");
	if (d->w.asr.live || d->w.tts[0].live)
		t_fail(__FILE__, __LINE__, "a run of an engine is left");
	EQ(metric_get(M_ASOCK_ACTIVE), 0);
	mbox_free(d->box);
	loop_free(d->w.loop);
}

static void ast_open(struct ast *x, struct desk *d)
{
	struct sockaddr_in to = { .sin_family = AF_INET,
				  .sin_port = htons((uint16_t)chan_asock_port(d->a)),
				  .sin_addr = { htonl(INADDR_LOOPBACK) } };
	*x = (struct ast){ .d = d, .hz = 8000, .sends = true };
	x->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	ASSERT(x->fd >= 0 && connect(x->fd, (struct sockaddr *)&to, sizeof(to)) == 0);
}

static void ast_close(struct ast *x)
{
	if (x->fd >= 0)
		(void)close(x->fd);
	x->fd = -1;
}

static void ast_put(struct ast *x, uint8_t kind, sv body)
{
	unsigned char m[4096];
	size_t n = chan_asock_put(kind, body, m, sizeof(m));
	(void)!send(x->fd, m, n, MSG_NOSIGNAL);
}

static void ast_speak(struct ast *x)
{
	int16_t s[960];
	int64_t now = clk_mono_us();
	if (!x->sends || now < x->next_us)
		return;
	x->next_us = x->next_us && now - x->next_us < 60000 ? x->next_us + 20000 : now + 20000;
	int n = x->hz / 50;
	for (int i = 0; i < n; i++, x->phase++)
		s[i] = (int16_t)(x->speaks ? 4000 * sin(2 * M_PI * 300 * (double)x->phase / x->hz) :
					     (double)rng_below(t_rng(), 64) - 32);
	ast_put(x, chan_asock_kind_of(x->hz), sv_n((char *)s, 2 * (size_t)n));
}

static void ast_hear(struct ast *x)
{
	struct chan_asock_msg m;
	ssize_t n = recv(x->fd, x->in + x->n, sizeof(x->in) - x->n, MSG_DONTWAIT);
	x->eof |= n == 0 || (n < 0 && errno == ECONNRESET);
	x->n += n > 0 ? (size_t)n : 0;
	sv rest = sv_n(x->in, x->n);
	int rc;
	while ((rc = chan_asock_next(&rest, &m)) == 1) {
		int hz = chan_asock_hz(m.kind);
		int16_t s[960];
		x->hangups += m.kind == CHAN_ASOCK_HANGUP;
		x->other += !hz && m.kind != CHAN_ASOCK_HANGUP;
		if (!hz)
			continue;
		x->frames++;
		x->bad += hz != x->hz || m.body.n != (size_t)hz / 25;
		memcpy(s, m.body.p, m.body.n < sizeof(s) ? m.body.n : sizeof(s));
		x->heard += pcm_goertzel_db(s, m.body.n / 2, 500, hz) > -20;
	}
	x->bad += rc < 0;
	x->n = rest.n;
	memmove(x->in, rest.p, rest.n);
}

/* Runs the loop for ms, or until the value is reached (more = at least). */
static bool ast_until(struct ast *x, const int *value, int more, int ms)
{
	int64_t end = clk_mono_us() + (int64_t)ms * 1000;
	while (clk_mono_us() < end && (!value || *value < more)) {
		if (x->fd >= 0 && !x->eof) {
			ast_speak(x);
			ast_hear(x);
		}
		(void)loop_run_once(x->d->w.loop, 2);
	}
	return value && *value >= more;
}

static bool ast_eof(struct ast *x, int ms)
{
	for (; ms > 0 && !x->eof; ms -= 10)
		(void)ast_until(x, NULL, 0, 10);
	return x->eof;
}

/* A whole call: greeted, a key, a question, and the far side hangs up. */
static void whole_call(int hz)
{
	static struct desk d;
	static struct ast x;
	d_init(&d, hz == 8000 ? 8000 : 16000);
	d.w.asr.says[d.w.asr.n_says++] = "where is it";
	d_up(&d);
	ast_open(&x, &d);
	x.hz = hz;
	int64_t total = metric_get(M_ASOCK_TOTAL);
	ast_put(&x, CHAN_ASOCK_UUID, SV(UUID));
	CHECK(ast_until(&x, &x.heard, 6, 3000));
	STR_EQ(d.ref, UUID_TEXT);
	STR_EQ(d.way, "audiosocket");
	EQ(chan_asock_calls(d.a), 1);
	EQ(metric_get(M_ASOCK_ACTIVE), 1);
	EQ(metric_get(M_ASOCK_TOTAL), total + 1);
	ast_put(&x, CHAN_ASOCK_DTMF, SV("5"));
	ast_put(&x, CHAN_ASOCK_DTMF, SV("!"));    /* no key: nothing */
	ast_put(&x, CHAN_ASOCK_SILENCE, SV("ab"));
	CHECK(ast_until(&x, NULL, 0, 200) || w_count(&d.w, CHAN_KEY) == 1);
	STR_EQ(w_msg(&d.w, CHAN_KEY, 0)->text, "5");
	x.speaks = true;
	(void)ast_until(&x, NULL, 0, 600);
	x.speaks = false;
	for (int i = 0; i < 300 && !w_count(&d.w, CHAN_SPEECH_FINAL); i++)
		(void)ast_until(&x, NULL, 0, 10);
	STR_EQ(w_msg(&d.w, CHAN_SPEECH_FINAL, 0)->text, "where is it");
	EQ(x.bad, 0);
	EQ(x.other, 0);
	ast_put(&x, CHAN_ASOCK_HANGUP, SV_NULL);
	CHECK(ast_eof(&x, 2000));
	EQ(d.w.closes, 1);
	EQ(d.w.by, CHAN_BY_CUSTOMER);
	EQ(chan_asock_calls(d.a), 0);
	STR_EQ(d.notes, "");
	ast_close(&x);
	d_done(&d);
}

TEST(asock_call)
{
	whole_call(8000);
}

TEST(asock_call_at_16k)
{
	whole_call(16000);
}

TEST(asock_call_at_48k)
{
	whole_call(48000);
}

/* We hang up: what was being said is heard, then the message, then the end. */
TEST(asock_we_hang_up)
{
	static struct desk d;
	static struct ast x;
	d_init(&d, 8000);
	d_up(&d);
	ast_open(&x, &d);
	ast_put(&x, CHAN_ASOCK_UUID, SV(UUID));
	CHECK(ast_until(&x, &x.heard, 1, 3000));
	chan_hangup(d.w.peer, CHAN_BY_BOT);
	CHECK(ast_until(&x, &x.hangups, 1, 3000));
	CHECK(x.heard >= 7);                      /* 150 ms of greeting */
	EQ(d.w.by, CHAN_BY_BOT);
	CHECK(ast_eof(&x, 500));                  /* although we go on sending */
	EQ(x.bad, 0);
	EQ(chan_asock_calls(d.a), 0);
	ast_close(&x);
	d_done(&d);
}

TEST(asock_without_sound)
{
	static struct desk d;
	static struct ast x;
	d_init(&d, 8000);
	d.o.silent_ms = 600;
	d_up(&d);
	ast_open(&x, &d);
	x.sends = false;
	ast_put(&x, CHAN_ASOCK_UUID, SV(UUID));
	CHECK(ast_until(&x, &x.heard, 6, 3000));  /* greeted all the same, at 8 kHz */
	EQ(x.bad, 0);
	CHECK(ast_until(&x, &x.hangups, 1, 3000));
	EQ(d.w.by, CHAN_BY_TIMEOUT);
	HAS(sv_of(d.notes), "no sound came for too long");
	ast_close(&x);
	d_done(&d);
}

/* Byte by byte, as a network may: nothing is lost. */
TEST(asock_in_small_pieces)
{
	static struct desk d;
	static struct ast x;
	char m[CHAN_ASOCK_HEAD + 16 + CHAN_ASOCK_HEAD + 1];
	d_init(&d, 8000);
	d_up(&d);
	ast_open(&x, &d);
	x.sends = false;
	size_t n = chan_asock_put(CHAN_ASOCK_UUID, SV(UUID), (unsigned char *)m, sizeof(m));
	n += chan_asock_put(CHAN_ASOCK_DTMF, SV("7"), (unsigned char *)m + n, sizeof(m) - n);
	for (size_t i = 0; i < n; i++) {
		EQ(send(x.fd, m + i, 1, MSG_NOSIGNAL), 1);
		(void)ast_until(&x, NULL, 0, 3);
	}
	for (int i = 0; i < 200 && !w_count(&d.w, CHAN_KEY); i++)
		(void)ast_until(&x, NULL, 0, 10);
	STR_EQ(w_msg(&d.w, CHAN_KEY, 0)->text, "7");
	ast_close(&x);                            /* no hang-up message: gone all the same */
	for (int i = 0; i < 200 && !d.w.closes; i++)
		(void)ast_until(&x, NULL, 0, 10);
	EQ(d.w.closes, 1);
	EQ(d.w.by, CHAN_BY_CUSTOMER);
	d_done(&d);
}

/* What is no AudioSocket, and calls that do not say who they are: closed with a line. */
TEST(asock_bad_beginnings)
{
	static const struct {
		const char *bytes;
		size_t n;
		const char *note;
	} b[] = {
		{ "GET / HTTP/1.1\r\n\r\n", 18, "this is not AudioSocket\n" },
		{ "\x01\x00\x04zzzz", 7, "this is not AudioSocket\n" },
		{ "\x10\xff\xff\x01", 4, "a message is too long\n" },
		{ "\x10\x00\x02zz", 5, "it does not begin with a UUID\n" },
		{ "\x03\x00\x01" "5", 4, "it does not begin with a UUID\n" },
		{ "\x00\x00\x00", 3, "" },                 /* goes again: nobody's fault */
		{ "\x01\x00\x10" "01234", 8, "no UUID came\n" },
		{ "", 0, "no UUID came\n" },
	};
	for (size_t i = 0; i < sizeof(b) / sizeof(*b); i++) {
		static struct desk d;
		static struct ast x;
		d_init(&d, 8000);
		d.o.greet_ms = 100;
		d_up(&d);
		ast_open(&x, &d);
		x.sends = false;
		EQ(send(x.fd, b[i].bytes, b[i].n, MSG_NOSIGNAL), b[i].n);
		CHECK(ast_eof(&x, 3000));
		STR_EQ(d.notes, b[i].note);
		STR_EQ(d.ref, "");                /* no conversation */
		ast_close(&x);
		d_done(&d);
	}
}

TEST(asock_garbage_in_a_call)
{
	static struct desk d;
	static struct ast x, y;
	d_init(&d, 8000);
	d_up(&d);
	ast_open(&x, &d);
	ast_put(&x, CHAN_ASOCK_UUID, SV(UUID));
	CHECK(ast_until(&x, &x.heard, 1, 3000));
	x.sends = false;
	EQ(send(x.fd, "\x77\x77\x77\x77", 4, MSG_NOSIGNAL), 4);
	CHECK(ast_eof(&x, 2000));
	EQ(d.w.closes, 1);
	STR_EQ(d.notes, "this is not AudioSocket\n");
	ast_close(&x);
	ast_open(&y, &d);                         /* and the next one is served */
	ast_put(&y, CHAN_ASOCK_UUID, SV(UUID));
	CHECK(ast_until(&y, &y.heard, 1, 3000));
	ast_put(&y, CHAN_ASOCK_ERROR, SV("\x01"));
	CHECK(ast_eof(&y, 2000));
	EQ(d.w.closes, 2);
	HAS(sv_of(d.notes), "the far side reports an error");
	ast_close(&y);
	d_done(&d);
}

TEST(asock_strangers_are_refused)
{
	static struct desk d;
	static struct ast x;
	d_init(&d, 8000);
	OK(io_net_parse(SV("10.0.0.0/8"), &d.o.allow[d.o.n_allow++]));
	d_up(&d);
	int64_t refused = metric_get(M_ASOCK_REFUSED);
	ast_open(&x, &d);
	CHECK(ast_eof(&x, 2000));
	STR_EQ(d.notes, "refused: the address is not allowed\n");
	EQ(metric_get(M_ASOCK_REFUSED), refused + 1);
	ast_close(&x);
	d_done(&d);
}

TEST(asock_full_and_draining)
{
	static struct desk d;
	static struct ast x[4];
	static const char *const why[] = { "too many calls", "too many calls", "we are closing" };
	d_init(&d, 8000);
	d.o.max_calls = 1;
	d_up(&d);
	ast_open(&x[0], &d);
	ast_put(&x[0], CHAN_ASOCK_UUID, SV(UUID));
	CHECK(ast_until(&x[0], &x[0].heard, 1, 3000));
	for (int i = 1; i < 4; i++) {
		d.full = i == 2 ? ERR_FULL : 0;
		if (i == 3)
			chan_asock_drain(d.a);
		ast_open(&x[i], &d);
		ast_put(&x[i], CHAN_ASOCK_UUID, SV(UUID));
		CHECK(ast_until(&x[i], &x[i].hangups, 1, 3000));
		CHECK(ast_eof(&x[i], 2000));
		HAS(sv_of(d.notes), why[i - 1]);
		d.notes[0] = '\0';
		ast_close(&x[i]);
	}
	EQ(chan_asock_calls(d.a), 1);
	int frames = x[0].frames;
	CHECK(ast_until(&x[0], &x[0].frames, frames + 5, 2000));   /* unharmed */
	ast_put(&x[0], CHAN_ASOCK_HANGUP, SV_NULL);
	CHECK(ast_eof(&x[0], 2000));
	ast_close(&x[0]);
	d_done(&d);
}

TEST(asock_engine_refuses)
{
	static struct desk d;
	static struct ast x;
	d_init(&d, 8000);
	d.w.refuse = ERR_FULL;
	d_up(&d);
	ast_open(&x, &d);
	ast_put(&x, CHAN_ASOCK_UUID, SV(UUID));
	CHECK(ast_until(&x, &x.hangups, 1, 3000));
	HAS(sv_of(d.notes), "no conversation could be opened");
	ast_close(&x);
	d_done(&d);
}

/* The shard ends: its call is told, and gone when hangup returns; who waits is told too. */
TEST(asock_shard_ends)
{
	static struct desk d;
	static struct ast x, y;
	d_init(&d, 8000);
	d_up(&d);
	ast_open(&x, &d);
	ast_open(&y, &d);
	y.sends = false;
	ast_put(&x, CHAN_ASOCK_UUID, SV(UUID));
	CHECK(ast_until(&x, &x.heard, 1, 3000));
	chan_asock_stop(d.a);
	mbox_drain(d.box);
	chan_hangup(d.w.peer, CHAN_BY_SYSTEM);
	EQ(d.w.closes, 1);
	chan_asock_close(d.a);
	d.a = NULL;
	EQ(obj_live(), d.objs);
	mbox_free(d.box);
	loop_free(d.w.loop);                      /* asserts that no timer is left */
	for (int i = 0; i < 200 && !(x.eof && y.eof); i++) {
		struct pollfd p[2] = { { x.fd, POLLIN, 0 }, { y.fd, POLLIN, 0 } };
		(void)poll(p, 2, 20);
		ast_hear(&x);
		ast_hear(&y);
	}
	CHECK(x.eof && y.eof);
	EQ(x.hangups, 1);
	EQ(y.hangups, 1);
	ast_close(&x);
	ast_close(&y);
}

/* A key that makes the engine end the call from within: nothing of it is touched afterwards. */
TEST(asock_key_that_ends_the_call)
{
	static struct desk d;
	static struct ast x;
	d_init(&d, 8000);
	d.w.ends = true;
	d.w.end_on = CHAN_KEY;
	d_up(&d);
	ast_open(&x, &d);
	ast_put(&x, CHAN_ASOCK_UUID, SV(UUID));
	CHECK(ast_until(&x, &x.heard, 1, 3000));
	ast_put(&x, CHAN_ASOCK_DTMF, SV("#"));
	ast_put(&x, CHAN_ASOCK_DTMF, SV("#"));
	CHECK(ast_eof(&x, 2000));
	EQ(w_count(&d.w, CHAN_KEY), 1);
	ast_close(&x);
	d_done(&d);
}

TEST(asock_port_is_taken)
{
	static struct desk d;
	struct chan_asock *b;
	struct err e = { 0 };
	d_init(&d, 8000);
	d_up(&d);
	d.o.port = chan_asock_port(d.a);
	EQ(chan_asock_open(&b, &d.o, &e), ERR_BUSY);
	HAS(sv_of(e.msg), "the port is taken");
	d.o.ip = "example.org";
	EQ(chan_asock_open(&b, &d.o, &e), ERR_PARSE);
	d_done(&d);
}

/* ---- greeted on one thread, served on another ---- */

static void *shard_main(void *arg)
{
	loop_run(arg);
	return NULL;
}

static void stop_here(void *arg)
{
	struct desk *d = arg;
	if (d->w.peer && !d->w.closes)
		chan_hangup(d->w.peer, CHAN_BY_SYSTEM);
	loop_stop(d->w.loop);
}

TEST(asock_across_threads)
{
	static struct desk d;
	static struct ast x;
	pthread_t t;
	d_init(&d, 8000);
	struct loop *greet = loop_new();
	struct mbox *box = mbox_new(greet);
	d.o.loop = greet;
	d.o.box = box;
	d_up(&d);
	CHECK(pthread_create(&t, NULL, shard_main, d.w.loop) == 0);
	ast_open(&x, &d);
	ast_put(&x, CHAN_ASOCK_UUID, SV(UUID));
	int64_t end = clk_mono_us() + 5000000;
	while (clk_mono_us() < end && x.heard < 6) {
		ast_speak(&x);
		ast_hear(&x);
		(void)loop_run_once(greet, 2);
	}
	CHECK(x.heard >= 6);
	chan_asock_stop(d.a);
	(void)loop_run_once(greet, 10);
	OK(mbox_post(d.box, stop_here, &d));
	pthread_join(t, NULL);
	EQ(d.w.closes, 1);
	chan_asock_close(d.a);
	mbox_free(box);
	mbox_free(d.box);
	EQ(obj_live(), d.objs);
	loop_free(d.w.loop);
	loop_free(greet);
	ast_close(&x);
}

/* ---- the fuzz target's corpus, whole, cut off anywhere, and with bytes changed ---- */

#include "../fuzz/f_chan_asock.c"

TEST(asock_fuzz_corpus)
{
	static const char *const names[] = { "call", "wide", "early", "http",
					     "giant", "half", "silence" };
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		char path[512];
		struct sb b;
		sb_init(&b, 65536);
		snprintf(path, sizeof(path), "%s/tests/fuzz/corpus/chan_asock/%s", t_srcdir(),
			 names[i]);
		OK(file_read(path, 65536, &b, NULL));
		CHECK(b.n > 0);
		for (size_t n = 0; n <= b.n; n++)
			EQ(LLVMFuzzerTestOneInput((const uint8_t *)b.p, n), 0);
		for (int k = 0; k < 2000; k++) {
			size_t at = (size_t)rng_below(t_rng(), b.n);
			char was = b.p[at];
			b.p[at] = (char)rng_below(t_rng(), 256);
			EQ(LLVMFuzzerTestOneInput((const uint8_t *)b.p, b.n), 0);
			if (k % 4)
				b.p[at] = was;
		}
		sb_done(&b);
	}
}
