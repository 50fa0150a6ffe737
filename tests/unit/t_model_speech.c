/* t_model_speech.c: voices behind a fake worker, several as one, and on a server: who takes over
 * when one dies, hangs or refuses. */
#include <arpa/inet.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "t_model_speech.h"

/* ---- the kinds of callm-onnx ---- */

TEST(speech_kinds_by_worker)
{
	static const char *const kinds[] = { "kokoro", "piper" };
	for (int k = 0; k < 2; k++) {
		struct world w;
		struct heard h = { 0 };
		struct model_spec s = fake(kinds[k], k ? "v16000" : "af_16000,zf_x");
		int rc = world_open(&w, &s, 1);
		bool done = !rc && say(&w, "Order 12, please wait", &h);
		bool en = !rc && tts_serves(w.t, SV("en-GB")),
		     zh = !rc && tts_serves(w.t, SV("zh"));
		bool xx = !rc && tts_serves(w.t, SV("eng"));
		world_close(&w);
		OK(rc);
		CHECK(done);
		OK(h.err);
		EQ(h.rate, 16000);
		EQ(h.n_marks, 4); /* order twelve please wait */
		EQ(h.off[1], 6);
		EQ(h.off[3], 17);
		EQ(h.samples, 4 * 16000 * WORD / 1000);
		CHECK(en && zh == (k == 0) && !xx);
	}
}

TEST(speech_voice_for_one_language_only)
{
	struct world w;
	struct heard h = { 0 };
	struct model_spec s[] = { fake("kokoro", "af_16000,zf_x"), fake("piper", "v22050") };
	s[0].lang = "zh";
	int rc = world_open(&w, s, 2);
	bool done = !rc && say(&w, "in English", &h); /* the second says it */
	bool both = !rc && tts_serves(w.t, SV("zh")) && tts_serves(w.t, SV("en"));
	world_close(&w);
	OK(rc);
	CHECK(done && both);
	EQ(h.rate, 22050);
}

TEST(speech_worker_that_cannot_work)
{
	struct world w;
	struct heard h = { 0 };
	struct model_spec s = fake("kokoro", NULL);
	s.file = "/nowhere/refuse";
	int rc = world_open(&w, &s, 1);
	bool said = !rc && t_wait(w.l, explained, w.t, 20000);
	int start = rc ? 0 : tts_start(w.t, SV("Hello"), SV("en"), &cb, &h, &h.run);
	char why[200] = "";
	if (!rc)
		(void)snprintf(why, sizeof(why), "%s", tts_error(w.t));
	world_close(&w);
	OK(rc);
	CHECK(said);
	EQ(start, ERR_UNSUPPORTED);
	HAS(sv_of(why), "no weights");
}

/* ---- several as one ---- */

static void check_list(struct model_spec first, const char *text, int err, int rate, size_t words)
{
	struct world w;
	struct heard h = { 0 };
	struct model_spec s[2] = { first, fake("piper", "v16000") };
	s[0].first_ms = 600;
	int rc = world_open(&w, s, 2);
	bool up = !rc && t_wait(w.l, is_ready, w.t, 20000);
	bool done = up && say(&w, text, &h);
	world_close(&w);
	OK(rc);
	CHECK(done);
	EQ(h.ends, 1);
	EQ(h.err, err);
	EQ(h.rate, rate);
	EQ(h.n_marks, words);
	EQ(h.samples, words * (size_t)rate * WORD / 1000);
}

TEST(speech_list_first_one_speaks)
{
	struct world w;
	struct heard h = { 0 }, zh = { 0 };
	struct model_spec s[2] = { fake("kokoro", "af_24000"), fake("piper", "v16000") };
	int rc = world_open(&w, s, 2);
	for (int i = 0; !rc && i < 100 && !tts_worker_pid(w.t); i++)
		(void)loop_run_once(w.l, 20);
	bool done = !rc && say(&w, "Hello there", &h);
	/* only one of them speaks Chinese */
	int start = rc ? rc : tts_start(w.t, SV("您好"), SV("zh"), &cb, &zh, &zh.run);
	bool both = !start && t_wait(w.l, ended, &zh, 20000);
	int none = rc ? 0 : tts_start(w.t, SV("hej"), SV("sv"), &cb, &h, &h.run);
	world_close(&w);
	OK(rc);
	CHECK(done && both);
	CHECK(h.rate == 24000 || h.rate == 16000); /* who was ready first */
	EQ(zh.rate, 24000);
	EQ(none, ERR_UNSUPPORTED);
}

/* The first cannot even start its program, has no weights, dies or hangs before any sound. */
TEST(speech_list_next_takes_over)
{
	struct model_spec none = fake("kokoro", NULL), mute = fake("kokoro", NULL);
	none.exe = "/nonexistent/callm-onnx";
	mute.file = "/nowhere/refuse";
	check_list(none, "Hello there", 0, 16000, 2);
	check_list(mute, "Hello there", 0, 16000, 2);
}

/* Two fakes obey the same orders, so here the second is flite, which reads them out. */
static void check_rescue(const char *text, bool rescued)
{
	struct world w;
	struct heard h = { 0 }, zh = { 0 };
	struct model_spec s[2] = { fake("kokoro", NULL),
				   { .kind = "flite", .exe = MODEL_PATHS "/model_worker" } };
	s[0].first_ms = 800;
	int rc = world_open(&w, s, 2);
	/* the first is up when it has spoken its own language */
	int start = rc ? rc : tts_start(w.t, SV("您好"), SV("zh"), &cb, &zh, &zh.run);
	bool up = !start && t_wait(w.l, ended, &zh, 20000);
	bool done = up && say(&w, text, &h);
	world_close(&w);
	CHECK(done);
	EQ(zh.rate, 24000);
	EQ(h.ends, 1);
	EQ(h.err, rescued ? 0 : ERR_UPSTREAM);
	EQ(h.rate, rescued ? 16000 : 24000);
	EQ(h.off[0], 0);
	for (size_t i = 1; i < h.n_marks; i++)
		CHECK(h.off[i] >= h.off[i - 1] && h.at[i] >= h.at[i - 1]);
}

TEST(speech_list_says_again)
{
	check_rescue("die now and say it", true);
	check_rescue("hang on and say it", true);
	check_rescue("fail at once", true);
}

TEST(speech_list_not_after_sound)
{
	check_rescue("one two die three", false);
}

TEST(speech_list_cancel_is_final)
{
	struct world w;
	struct heard a = { 0 }, b = { .cancel_at_first = true }, c = { 0 };
	struct model_spec s[2] = { fake("kokoro", NULL), fake("piper", "v16000") };
	int rc = world_open(&w, s, 2);
	bool up = !rc && t_wait(w.l, is_ready, w.t, 20000);
	if (up) {
		(void)tts_start(w.t, SV("hang on"), SV("en"), &cb, &a, &a.run);
		(void)loop_run_once(w.l, 50);
		tts_cancel(a.run);
		tts_cancel(NULL);
	}
	world_close(&w);
	CHECK(up);
	EQ(a.ends, 0);
	rc = world_open(&w, s, 2);
	up = !rc && t_wait(w.l, is_ready, w.t, 20000);
	if (up)
		(void)tts_start(w.t, SV("one two three"), SV("en"), &cb, &b, &b.run);
	bool done = up && say(&w, "four", &c);
	world_close(&w);
	CHECK(done);
	EQ(b.chunks, 1);
	EQ(b.ends, 0);
	OK(c.err);
}

/* One that hangs after a cancel, with nothing else to do, is found out all the same. */
TEST(speech_cancelled_worker_that_hangs)
{
	struct world w;
	struct heard a = { 0 }, b = { 0 };
	struct model_spec s = { .kind = "flite", .exe = MODEL_PATHS "/tts_worker" };
	int rc = world_open(&w, &s, 1);
	bool up = !rc && t_wait(w.l, is_ready, w.t, 20000);
	int pid = up ? tts_worker_pid(w.t) : 0;
	int start = up ? tts_start(w.t, SV("hang on"), SV("en"), &cb, &a, &a.run) : -1;
	for (int i = 0; i < 10; i++)
		(void)loop_run_once(w.l, 5);
	tts_cancel(a.run);
	int64_t at = loop_now_ms(w.l);
	while (up && tts_worker_pid(w.t) == pid && loop_now_ms(w.l) - at < 8000)
		(void)loop_run_once(w.l, 20);
	bool killed = up && tts_worker_pid(w.t) != pid;
	bool done = up && say(&w, "again", &b);
	world_close(&w);
	OK(start);
	CHECK(killed);
	CHECK(done);
	OK(b.err);
	EQ(a.ends, 0);
}

/* What waits behind a long queue goes to the next one at once. */
TEST(speech_list_busy)
{
	struct world w;
	struct heard h[4] = { 0 };
	struct model_spec s[2] = { fake("kokoro", NULL), fake("piper", "v16000") };
	int rc = world_open(&w, s, 2);
	struct heard zh = { 0 };
	int start = rc ? rc : tts_start(w.t, SV("您好"), SV("zh"), &cb, &zh, &zh.run);
	bool up = !start && t_wait(w.l, ended, &zh, 20000);
	for (int i = 0; up && i < 200; i++)
		(void)loop_run_once(w.l, 5); /* the second one's turn to come up */
	for (int i = 0; up && i < 4; i++)
		(void)tts_start(w.t, SV("one two three four five six"), SV("en"), &cb, &h[i],
				&h[i].run);
	bool done = up;
	for (int i = 0; done && i < 4; i++)
		done = t_wait(w.l, ended, &h[i], 20000);
	world_close(&w);
	CHECK(done);
	for (int i = 0; i < 3; i++)
		EQ(h[i].rate, 24000);
	EQ(h[3].rate, 16000);
}

TEST(speech_list_of_none)
{
	struct world w;
	struct model_spec s[2] = { { .kind = "espeak", .exe = "/nonexistent/a" },
				   { .kind = "kokoro", .exe = "/nonexistent/b" } };
	int rc = world_open(&w, s, 2);
	loop_free(w.l);
	EQ(rc, ERR_NOTFOUND);
	HAS(sv_of(w.e.msg), "/nonexistent/b");
	struct loop *l = loop_new();
	int none = tts_open_list(&w.t, NULL, 0, l, &w.e);
	loop_free(l);
	EQ(none, ERR_INVAL);
}

/* ---- a server ---- */

struct piece {
	const char *p;
	size_t n;
};
#define PIECE(lit) { lit, sizeof(lit) - 1 }
struct server {
	struct loop *l;
	int fd, port, conn;
	struct loop_io io, conn_io;
	struct loop_timer timer;
	struct sb got;
	const struct piece *pieces; /* ends with NULL; then the connection ends */
	size_t next, requests;
	bool stall, reset;
};

static void server_hang_up(struct server *s)
{
	loop_io_stop(&s->conn_io);
	loop_timer_stop(&s->timer);
	if (s->conn >= 0)
		(void)close(s->conn);
	s->conn = -1;
}

static void server_step(void *arg)
{
	struct server *s = arg;
	const struct piece *p = &s->pieces[s->next];
	if (!p->p) {
		if (s->reset)
			(void)setsockopt(s->conn, SOL_SOCKET, SO_LINGER, &(struct linger){ 1, 0 },
					 sizeof(struct linger));
		if (!s->stall)
			server_hang_up(s);
		return;
	}
	s->next++;
	if (send(s->conn, p->p, p->n, MSG_NOSIGNAL) < 0) {
		server_hang_up(s);
		return;
	}
	loop_after(s->l, &s->timer, 2, server_step, s);
}

static void server_read(void *arg, int fd, unsigned ev)
{
	struct server *s = arg;
	char buf[8192];
	ssize_t n = recv(fd, buf, sizeof(buf), 0);
	(void)ev;
	if (n <= 0) {
		server_hang_up(s);
		return;
	}
	sb_put(&s->got, sv_n(buf, (size_t)n));
	sv all = sb_sv(&s->got);
	ptrdiff_t end = sv_find(all, SV("\r\n\r\n")), at = sv_find(all, SV("Content-Length: "));
	if (end < 0 || at < 0 || s->next ||
	    all.n < (size_t)end + 4 + (size_t)strtol(all.p + at + 16, NULL, 10))
		return;
	s->requests++;
	server_step(s);
}

static void server_accept(void *arg, int fd, unsigned ev)
{
	struct server *s = arg;
	(void)ev;
	server_hang_up(s);
	s->conn = accept(fd, NULL, NULL);
	s->next = 0;
	sb_reset(&s->got);
	(void)loop_io_start(s->l, &s->conn_io, s->conn, LOOP_READ, server_read, s);
}

static void server_open(struct server *s, struct loop *l, const struct piece *pieces)
{
	struct sockaddr_in a = { .sin_family = AF_INET,
				 .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t n = sizeof(a);
	*s = (struct server){ .l = l, .conn = -1, .pieces = pieces };
	sb_init(&s->got, 1 << 20);
	s->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	ASSERT(bind(s->fd, (struct sockaddr *)&a, n) == 0 && listen(s->fd, 8) == 0);
	ASSERT(getsockname(s->fd, (struct sockaddr *)&a, &n) == 0);
	s->port = ntohs(a.sin_port);
	(void)loop_io_start(l, &s->io, s->fd, LOOP_READ, server_accept, s);
}

static void server_close(struct server *s)
{
	server_hang_up(s);
	loop_io_stop(&s->io);
	(void)close(s->fd);
	sb_done(&s->got);
}

struct remote {
	struct loop *l;
	struct server srv;
	struct tts *t;
	struct heard h;
	char body[8192], error[200];
	int rc;
};

static void remote_open(struct remote *r, const struct piece *pieces)
{
	static char url[64];
	*r = (struct remote){ .l = loop_new() };
	server_open(&r->srv, r->l, pieces);
	(void)snprintf(url, sizeof(url), "http://127.0.0.1:%d/v1", r->srv.port);
	struct model_spec s = { .kind = "openai",
				.url = url,
				.model = "voice-1",
				.voice = "alloy",
				.key = "sk-secret-42",
				.first_ms = 700 };
	struct err e;
	r->rc = tts_open(&r->t, &s, r->l, &e);
}

static void remote_close(struct remote *r)
{
	(void)snprintf(r->body, sizeof(r->body), "%.8000s", sb_str(&r->srv.got));
	(void)snprintf(r->error, sizeof(r->error), "%s", r->t ? tts_error(r->t) : "");
	tts_close(r->t);
	server_close(&r->srv);
	loop_free(r->l);
}

static bool remote_say(struct remote *r, const char *text)
{
	r->h = (struct heard){ 0 };
	r->rc = r->rc ? r->rc :
			tts_start(r->t, sv_of(text), SV("en"), &cb, &r->h, &r->h.run);
	return !r->rc && t_wait(r->l, ended, &r->h, 20000);
}

#define PCM_HEAD "HTTP/1.1 200 OK\r\nContent-Type: audio/pcm\r\nConnection: close\r\n\r\n"

TEST(speech_remote_pcm_in_odd_pieces)
{
	static const struct piece p[] = { PIECE(PCM_HEAD "\x10"),
					  PIECE("\x20\x01\x02\x7f"),
					  PIECE("\x7f"),
					  PIECE("\x00\x00\x05"),
					  { NULL, 0 } };
	struct remote r;
	remote_open(&r, p);
	bool done = remote_say(&r, "It costs $5 today");
	remote_close(&r);
	CHECK(done);
	OK(r.h.err);
	EQ(r.h.samples, 4);
	EQ(r.h.rate, 24000);
	EQ(r.h.peak, 0x7f7f);
	CHECK(r.h.n_marks >= 1 && r.h.off[0] == 0);
	HAS(sv_of(r.body), "POST /v1/audio/speech");
	HAS(sv_of(r.body), "Authorization: Bearer sk-secret-42");
	HAS(sv_of(r.body), "\"response_format\":\"pcm\"");
	HAS(sv_of(r.body), "\"voice\":\"alloy\"");
	HAS(sv_of(r.body), "five dollars"); /* the spoken form */
}

TEST(speech_remote_wav_and_rates)
{
	static const struct piece wav[] = {
		PIECE("HTTP/1.1 200 OK\r\nContent-Type: audio/wav\r\nConnection: "
		      "close\r\n\r\nRIFF"),
		PIECE("\xff\xff\xff\xffWAVEfmt "
		      "\x10\0\0\0\x01\0\x01\0\x80\x3e\0\0\0\x7d\0\0\x02\0"),
		PIECE("\x10\0LIST\x02\0\0\0abdata\xff\xff\xff\xff\x01"),
		PIECE("\x10\x02\x20\x03\x30"),
		{ NULL, 0 }
	};
	static const struct piece rate[] = {
		PIECE("HTTP/1.1 200 OK\r\nContent-Type: audio/pcm; rate=16000; channels=1\r\n"
		      "Connection: close\r\n\r\nabcdefgh"),
		{ NULL, 0 }
	};
	static const struct piece stereo[] = {
		PIECE("HTTP/1.1 200 OK\r\nContent-Type: audio/wav\r\nConnection: "
		      "close\r\n\r\nRIFF"),
		PIECE("\xff\xff\xff\xffWAVEfmt "
		      "\x10\0\0\0\x01\0\x02\0\x80\x3e\0\0\0\x7d\0\0\x04\0"),
		PIECE("\x10\0data\xff\xff\xff\xff\x01\x02\x03\x04"),
		{ NULL, 0 }
	};
	struct remote r;
	remote_open(&r, wav);
	bool one = remote_say(&r, "Hello");
	remote_close(&r);
	CHECK(one);
	OK(r.h.err);
	EQ(r.h.rate, 16000);
	EQ(r.h.samples, 3);
	EQ(r.h.peak, 0x3003);
	remote_open(&r, rate);
	bool two = remote_say(&r, "Hello");
	remote_close(&r);
	CHECK(two);
	EQ(r.h.rate, 16000);
	EQ(r.h.samples, 4);
	remote_open(&r, stereo);
	bool three = remote_say(&r, "Hello");
	remote_close(&r);
	CHECK(three);
	EQ(r.h.err, ERR_UNSUPPORTED);
	EQ(r.h.samples, 0);
}

TEST(speech_remote_faults)
{
	static const struct piece auth[] = {
		PIECE("HTTP/1.1 401 Unauthorized\r\nContent-Type: application/json\r\n"
		      "Connection: close\r\n\r\n{\"error\":\"bad key sk-secret-42\"}"),
		{ NULL, 0 }
	};
	static const struct piece text[] = {
		PIECE("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
		      "Connection: close\r\n\r\n{\"error\":\"busy\"}"),
		{ NULL, 0 }
	};
	static const struct piece empty[] = { PIECE(PCM_HEAD), { NULL, 0 } };
	static const struct {
		const struct piece *p;
		int err;
	} rows[] = { { auth, ERR_AUTH }, { text, ERR_UNSUPPORTED }, { empty, ERR_UPSTREAM } };
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct remote r;
		remote_open(&r, rows[i].p);
		bool done = remote_say(&r, "Hello");
		remote_close(&r);
		CHECK(done);
		EQ(r.h.ends, 1);
		EQ(r.h.samples, 0);
		EQ(r.h.err, rows[i].err);
		CHECK(r.error[0] != '\0');
		CHECK(sv_find(sv_of(r.error), SV("sk-secret")) < 0);
	}
}

TEST(speech_remote_silence_and_reset)
{
	static const struct piece none[] = { { NULL, 0 } };
	static const struct piece begun[] = { PIECE("HTTP/1.1 200 OK\r\nContent-Type: audio/pcm\r\n"
						    "Content-Length: 4000\r\n\r\nabcdefgh"),
					      { NULL, 0 } };
	struct remote r;
	remote_open(&r, none);
	r.srv.stall = true;
	int64_t at = loop_now_ms(r.l);
	bool done = remote_say(&r, "Hello");
	int64_t took = loop_now_ms(r.l) - at;
	remote_close(&r);
	CHECK(done);
	EQ(r.h.err, ERR_TIMEOUT);
	CHECK(took < 4000); /* two tries of 0.7 s and the wait between them */
	remote_open(&r, begun);
	r.srv.reset = true;
	done = remote_say(&r, "Hello");
	remote_close(&r);
	CHECK(done);
	CHECK(r.h.err < 0);
	EQ(r.h.samples, 4);
}

/* The line stays open, nothing comes: no five seconds of silence for the listener. */
TEST(speech_remote_stops_in_the_middle)
{
	static const struct piece begun[] = { PIECE("HTTP/1.1 200 OK\r\nContent-Type: audio/pcm\r\n"
						    "Content-Length: 4000\r\n\r\nabcdefgh"),
					      { NULL, 0 } };
	struct remote r;
	remote_open(&r, begun);
	r.srv.stall = true;
	bool done = remote_say(&r, "Hello");
	const char *why = tts_error(r.t);
	bool told = strstr(why, "in the middle") != NULL;
	remote_close(&r);
	CHECK(done);
	CHECK(told);
	EQ(r.h.err, ERR_TIMEOUT);
	EQ(r.h.samples, 4);
}

TEST(speech_remote_marks_fit_the_whole_sound)
{
	static char two_seconds[96000];
	const struct piece p[] = { PIECE("HTTP/1.1 200 OK\r\nContent-Type: audio/pcm\r\n"
					 "Content-Length: 96000\r\n\r\n"),
				   { two_seconds, sizeof(two_seconds) },
				   { NULL, 0 } };
	struct remote r;
	memset(two_seconds, 1, sizeof(two_seconds));
	remote_open(&r, p);
	bool done = remote_say(&r, "one two three four");
	remote_close(&r);
	CHECK(done);
	OK(r.h.err);
	size_t anew = 0;
	for (size_t i = 1; i < r.h.n_marks; i++)
		if (r.h.off[i] == 0)
			anew = i;
	CHECK(anew > 0);
	EQ(r.h.n_marks - anew, 4);
	for (size_t i = anew; i < r.h.n_marks; i++) {
		double want = 48000.0 * (double)r.h.off[i] / 18;
		CHECK((double)r.h.at[i] > want - 10 && (double)r.h.at[i] < want + 10);
	}
}

/* A worker says one text after the other, a remote server many at once: five calls at once keep its
 * voice. */
TEST(speech_list_remote_is_not_busy)
{
	static const struct piece broken[] = {
		PIECE("HTTP/1.1 500 Oops\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"),
		{ NULL, 0 }
	};
	struct server srv;
	struct world w = { .l = loop_new() };
	struct heard first = { 0 }, h[5] = { 0 };
	char url[64];
	server_open(&srv, w.l, broken);
	(void)snprintf(url, sizeof(url), "http://127.0.0.1:%d/v1", srv.port);
	struct model_spec s[2] = {
		{ .kind = "openai", .url = url, .model = "voice-1", .first_ms = 20000 },
		fake("piper", "v16000")
	};
	int rc = tts_open_list(&w.t, s, 2, w.l, &w.e), started = 0;
	bool up = !rc && say(&w, "one two", &first); /* by the second */
	loop_io_stop(&srv.io); /* takes connections and says nothing */
	for (int i = 0; up && i < 5; i++)
		started += tts_start(w.t, SV("one two"), SV("en"), &cb, &h[i], &h[i].run) == 0;
	for (int i = 0; up && i < 200; i++)
		(void)loop_run_once(w.l, 5);
	int by_other = 0;
	for (int i = 0; i < 5; i++)
		by_other += h[i].rate != 0;
	tts_close(w.t);
	server_close(&srv);
	loop_free(w.l);
	CHECK(up);
	EQ(first.rate, 16000);
	EQ(started, 5);
	EQ(by_other, 0);
}

TEST(speech_remote_breaker)
{
	static const struct piece broken[] = {
		PIECE("HTTP/1.1 500 Oops\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"),
		{ NULL, 0 }
	};
	struct remote r;
	remote_open(&r, broken);
	bool all = true;
	for (int i = 0; i < 3; i++)
		all = all && tts_ready(r.t) && remote_say(&r, "Hello");
	int err = r.h.err;
	bool ready = tts_ready(r.t);
	int busy = tts_start(r.t, SV("Hello"), SV("en"), &cb, &r.h, &r.h.run);
	remote_close(&r);
	CHECK(all);
	EQ(err, ERR_UPSTREAM);
	CHECK(!ready);
	EQ(busy, ERR_BUSY);
}

TEST(speech_remote_cancel)
{
	static const struct piece p[] = { PIECE(PCM_HEAD "abcd"),
					  PIECE("abcd"),
					  PIECE("abcd"),
					  { NULL, 0 } };
	struct remote r;
	remote_open(&r, p);
	r.h = (struct heard){ .cancel_at_first = true };
	int rc = tts_start(r.t, SV("Hello"), SV("en"), &cb, &r.h, &r.h.run);
	for (int i = 0; !rc && i < 60; i++)
		(void)loop_run_once(r.l, 5);
	remote_close(&r);
	OK(rc);
	EQ(r.h.chunks, 1);
	EQ(r.h.ends, 0);
}

TEST(speech_remote_open_explains)
{
	struct loop *l = loop_new();
	struct tts *t = NULL;
	struct err e = { 0 }, k = { 0 };
	int rc = tts_open(&t, &(struct model_spec){ .kind = "openai", .url = "ftp://x" }, l, &e);
	int rc2 = tts_open(&t,
			   &(struct model_spec){
				   .kind = "openai", .url = "http://x", .key = "a\r\nb" },
			   l, &k);
	loop_free(l);
	EQ(rc, ERR_INVAL);
	HAS(sv_of(e.msg), "http://");
	EQ(rc2, ERR_INVAL);
	CHECK(sv_find(sv_of(k.msg), SV("a\r")) < 0);
}
