/* t_model_hear.c: remote recognisers against servers in the test's own loop that misbehave:
 * OpenAI's transcriptions over HTTP, its Realtime protocol over a WebSocket. */
#include <stdio.h>

#include "t.h"
#include "t_model_ear.h"
#include "t_model_fake.h"
#include "web.h"

struct far {
	struct loop *l;
	struct fake f;
	struct asr *a;
	struct asr_run *r;
	struct ear_said h;
	struct err e;
	char url[64];
	int rc;
};

#define HEAD(status, type) \
	"HTTP/1.1 " status "\r\nContent-Type: " type "\r\nConnection: close\r\n\r\n"
#define JSON HEAD("200 OK", "application/json")

static void open_far(struct far *m, const struct fake_answer *a, size_t n, const char *model)
{
	*m = (struct far){ .l = loop_new() };
	ear_said_init(&m->h);
	fake_open(&m->f, m->l, a, n);
	(void)snprintf(m->url, sizeof(m->url), "http://127.0.0.1:%d/v1", m->f.port);
	struct model_spec s = { .kind = "openai", .url = m->url, .key = "sk-very-secret",
				.model = model, .first_ms = 400, .total_ms = 1500 };
	m->rc = asr_open(&m->a, &s, m->l, &m->e);
	m->rc = m->rc ? m->rc : asr_start(m->a, SV("en"), &ear_cb, &m->h, &m->r);
}

static void close_far(struct far *m)
{
	asr_close(m->a);
	fake_close(&m->f);
	ear_said_done(&m->h);
	loop_free(m->l);
}

static bool ask(struct far *m)
{
	m->h.finals = m->h.errors = 0;
	ear_speak(NULL, m->r, "123"); /* the loop does not turn: the handle stays */
	asr_flush(m->r);
	return t_wait(m->l, ear_ended, &m->h, 15000);
}

TEST(asr_openai_verbose)
{
	static const struct fake_answer a[] = {
		{ .pieces = { JSON "{\"text\":\" Where is my  "
				   "order?\",\"segments\":[{\"avg_logprob\":-0.2,",
			      "\"no_speech_prob\":0.01},{\"avg_logprob\":-0.4,\"no_speech_"
			      "prob\":0.1}]}" } },
		{ .pieces = { JSON
			      "{\"text\":\"Thank you.\",\"segments\":[{\"avg_logprob\":-1.4,"
			      "\"no_speech_prob\":0.9}]}" } },
		{ .pieces = { JSON "{\"text\":\"Thanks for watching!\"}" } },
	};
	struct far m;
	open_far(&m, a, 3, NULL);
	bool done = !m.rc && ask(&m);
	sv req = sb_sv(&m.f.last);
	bool form = sv_find(req, SV("POST /v1/audio/transcriptions ")) >= 0 &&
		    sv_find(req, SV("Authorization: Bearer sk-very-secret\r\n")) >= 0 &&
		    sv_find(req, SV("name=\"model\"\r\n\r\nwhisper-1\r\n")) >= 0 &&
		    sv_find(req, SV("name=\"language\"\r\n\r\nen\r\n")) >= 0 &&
		    sv_find(req, SV("verbose_json")) >= 0 &&
		    sv_find(req, SV("filename=\"speech.wav\"")) >= 0 &&
		    sv_find(req, SV("RIFF")) >= 0 && sv_ends(req, SV("--\r\n"));
	bool text = sv_eq(sb_sv(&m.h.text), SV("Where is my order?"));
	double conf = m.h.conf;
	bool silence = !m.rc && ask(&m) && m.h.finals == 1 && m.h.text.n == 0 && m.h.conf == 0;
	bool caption = !m.rc && ask(&m) && m.h.finals == 1 && m.h.text.n == 0;
	close_far(&m);
	OK(m.rc);
	CHECK(done && form && text);
	NEAR(conf, 0.7408, 0.001); /* exp(-0.3) */
	CHECK(silence && caption);
}

/* A server without verbose_json is asked for json, and from then on at once. */
TEST(asr_openai_plain_json)
{
	static const struct fake_answer a[] = {
		{ .pieces = { HEAD("400 Bad Request", "application/json")
			      "{\"error\":{\"message\":\"response_format not supported\"}}" } },
		{ .pieces = { JSON "{\"text\":\"one\"}" } },
		{ .pieces = { JSON "{\"text\":\"two\"}" } },
	};
	struct far m;
	open_far(&m, a, 3, "my-asr");
	bool one = !m.rc && ask(&m) && sv_eq(sb_sv(&m.h.text), SV("one"));
	bool two = !m.rc && ask(&m) && sv_eq(sb_sv(&m.h.text), SV("two"));
	bool plain = sv_find(sb_sv(&m.f.last), SV("\r\n\r\njson\r\n")) >= 0;
	size_t n = m.f.requests;
	double conf = m.h.conf;
	close_far(&m);
	OK(m.rc);
	CHECK(one && two && plain);
	EQ(n, 3);
	NEAR(conf, 0.7, 1e-9);
}

TEST(asr_openai_streams)
{
	static const struct fake_answer a[] = {
		{ .pieces = { HEAD("200 OK",
				   "text/event-stream") "data: "
							"{\"type\":\"transcript.text.delta\","
							"\"delta\":\"How do\"}\n\nda",
			      "ta: {\"type\":\"transcript.text.delta\",\"delta\":\" I "
			      "pay\"}\n\n",
			      "data: {\"type\":\"transcript.text.done\",\"text\":\"How do I "
			      "pay?\","
			      "\"logprobs\":[{\"token\":\"How\",\"logprob\":-0.1},"
			      "{\"token\":\"pay\",\"logprob\":-0.3}]}\n\n" } },
		/* dies in mid-stream, then answers whole */
		{ .pieces = { HEAD("200 OK",
				   "text/event-stream") "data: "
							"{\"type\":\"transcript.text.delta\","
							"\"delta\":\"Wrong\"}\n\n" },
		  .reset = true },
		{ .pieces = { JSON "{\"text\":\"right\"}" } },
	};
	struct far m;
	open_far(&m, a, 3, "gpt-4o-transcribe");
	bool done = !m.rc && ask(&m) && sv_eq(sb_sv(&m.h.text), SV("How do I pay?"));
	bool asked = sv_find(sb_sv(&m.f.last), SV("name=\"stream\"\r\n\r\ntrue")) >= 0;
	int partials = m.h.partials;
	bool partial = sv_eq(sb_sv(&m.h.partial), SV("How do I pay"));
	double conf = m.h.conf;
	bool again = !m.rc && ask(&m) && sv_eq(sb_sv(&m.h.text), SV("right"));
	close_far(&m);
	OK(m.rc);
	CHECK(done && asked && partial && again);
	EQ(partials, 2);
	NEAR(conf, 0.8187, 0.001);
}

#define OOPS HEAD("500 Oops", "text/plain") "broken"
#define BIG HEAD("413 Big", "text/plain") "too much"
#define BUSY HEAD("503 Busy", "text/plain") "later"
#define NO_KEY \
	HEAD("401 Unauthorized", "application/json") \
	"{\"error\":{\"message\":\"bad key sk-very-secret\"}}"
#define FINE JSON "{\"text\":\"ok\"}"

struct fault {
	const char *first;
	bool stall, reset;
	const char *then; /* what the next requests get; NULL: the same */
	int err;          /* 0: the words came */
	const char *says;
};
static const struct fault faults[] = {
	{ NO_KEY, false, false, NULL, ERR_AUTH, "repeated the key" },
	{ OOPS, false, false, FINE, 0, "" },
	{ NULL, false, true, FINE, 0, "" },
	{ NULL, true, false, NULL, ERR_TIMEOUT, "" },
	{ JSON "{\"te", true, false, NULL, ERR_TIMEOUT, "" },
	{ JSON "not json", false, false, NULL, ERR_UPSTREAM, "no transcription" },
	{ JSON "{\"text\":7}", false, false, NULL, ERR_UPSTREAM, "no transcription" },
	{ BIG, false, false, NULL, ERR_TOOBIG, "too much" },
	{ BUSY, false, false, NULL, ERR_UPSTREAM, "503" },
};

/* Each fault ends with a clear error or the words of a later try; never with silence. */
TEST(asr_openai_faults)
{
	for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
		const struct fault *row = &faults[i];
		struct fake_answer a[2] = { { .pieces = { row->first }, .stall = row->stall,
					      .reset = row->reset },
					    { .pieces = { row->then } } };
		struct far m;
		char why[300];
		open_far(&m, a, row->then ? 2 : 1, "whisper-1");
		bool done = !m.rc && ask(&m);
		int err = m.h.errors ? m.h.err : 0, rc = m.rc;
		bool text = sv_eq(sb_sv(&m.h.text), SV("ok"));
		(void)snprintf(why, sizeof(why), "%s", m.a ? asr_error(m.a) : "");
		close_far(&m);
		(void)printf("# fault %zu: %d %s\n", i, err, why);
		OK(rc);
		CHECK(done);
		EQ(err, row->err);
		CHECK(text == (err == 0));
		HAS(sv_of(why), row->says);
		CHECK(!strstr(why, "sk-very-secret"));
	}
}

/* Three failures: no new streams for a while, so that a list goes on to the next. */
TEST(asr_openai_breaker)
{
	static const struct fake_answer a[] = {
		{ .pieces = { HEAD("500 Oops", "text/plain") "broken" } },
	};
	struct far m;
	struct asr_run *r = NULL;
	open_far(&m, a, 1, "whisper-1");
	bool done = !m.rc && ask(&m);
	int again = asr_start(m.a, SV("en"), &ear_cb, &m.h, &r);
	close_far(&m);
	OK(m.rc);
	CHECK(done);
	EQ(again, ERR_BUSY);
}

/* ---- Realtime ---- */

struct server {
	struct web_srv *s;
	struct web_ws *ws;
	struct loop *l;
	size_t opened, sessions, appends, commits, clears, sound;
	char session[1024];
	enum { GOOD, FAILS, CLOSES, MUTE, REFUSES, EMPTY } mood;
	struct loop_timer later;
};

static int on_open(struct web_ws *ws, struct web_req *r, void *arg)
{
	struct server *v = arg;
	v->opened++;
	bool key = sv_eq(web_req_bearer(r), SV("sk-very-secret"));
	if (v->mood == REFUSES || !key ||
	    !sv_eq(web_req_arg(r, "intent"), SV("transcription")))
		return 401;
	v->ws = ws;
	(void)web_ws_send(ws, SV("{\"type\":\"session.created\",\"session\":{}}"), false);
	return 0;
}

static void say(struct server *v, const char *text)
{
	(void)web_ws_send(v->ws, sv_of(text), false);
}

#define TRANSCRIPTION "conversation.item.input_audio_transcription."

static void on_commit(struct server *v)
{
	v->commits++;
	if (v->mood == MUTE)
		return;
	if (v->mood == EMPTY) {
		say(v, "{\"type\":\"error\",\"error\":{\"code\":\"input_audio_buffer_commit_"
		       "empty\","
		       "\"message\":\"buffer too small\"}}");
		return;
	}
	if (v->mood == CLOSES) {
		web_ws_close(v->ws, 1011, SV("going down"));
		return;
	}
	say(v, "{\"type\":\"input_audio_buffer.committed\",\"item_id\":\"it_1\"}");
	if (v->mood == FAILS) {
		say(v, "{\"type\":\"" TRANSCRIPTION "failed\",\"item_id\":\"it_1\","
		       "\"error\":{\"message\":\"model overloaded\"}}");
		return;
	}
	say(v, "{\"type\":\"" TRANSCRIPTION
	       "completed\",\"item_id\":\"it_0\",\"transcript\":\"old\"}");
	say(v, "{\"type\":\"" TRANSCRIPTION "delta\",\"item_id\":\"it_1\",\"delta\":\"Where is\"}");
	say(v, "{\"type\":\"rate_limits.updated\"}");
	say(v, "{\"type\":\"" TRANSCRIPTION "delta\",\"item_id\":\"it_1\",\"delta\":\" it\"}");
	say(v, "{\"type\":\"" TRANSCRIPTION "completed\",\"item_id\":\"it_1\",\"transcript\":"
	       "\"Where is it?\",\"logprobs\":[{\"logprob\":-0.2}]}");
}

static void on_msg(struct web_ws *ws, sv msg, bool binary)
{
	struct server *v = web_ws_arg(ws);
	struct err e;
	jv *o = binary ? NULL : jv_parse(msg, &e);
	sv type = jv_get_str(o, "type");
	if (sv_eq(type, SV("session.update"))) {
		v->sessions++;
		(void)snprintf(v->session, sizeof(v->session), SV_FMT, SV_ARG(msg));
	} else if (sv_eq(type, SV("input_audio_buffer.append"))) {
		v->appends++;
		v->sound += jv_get_str(o, "audio").n * 3 / 4;
	} else if (sv_eq(type, SV("input_audio_buffer.commit"))) {
		on_commit(v);
	} else if (sv_eq(type, SV("input_audio_buffer.clear"))) {
		v->clears++;
	}
	jv_free(o);
}

static void on_close(struct web_ws *ws, int code, sv reason)
{
	struct server *v = web_ws_arg(ws);
	(void)code;
	(void)reason;
	v->ws = NULL;
}

static void open_rt(struct far *m, struct server *v, int mood)
{
	static const struct web_ws_ops ops = { .on_open = on_open, .on_msg = on_msg,
					       .on_close = on_close };
	static const struct web_ws_route routes[] = { { "/v1/realtime", &ops, NULL } };
	*m = (struct far){ .l = loop_new() };
	*v = (struct server){ .l = m->l, .mood = mood };
	struct web_srv_opts o = { .ws_routes = routes, .n_ws_routes = 1, .arg = v };
	ear_said_init(&m->h);
	m->rc = web_srv_open(&v->s, m->l, &o, &m->e);
	(void)snprintf(m->url, sizeof(m->url), "http://127.0.0.1:%d",
		       m->rc ? 0 : web_srv_port(v->s));
	struct model_spec s = { .kind = "realtime", .url = m->url, .key = "sk-very-secret",
				.total_ms = 600 };
	m->rc = m->rc ? m->rc : asr_open(&m->a, &s, m->l, &m->e);
	m->rc = m->rc ? m->rc : asr_start(m->a, SV("en"), &ear_cb, &m->h, &m->r);
}

static void close_rt(struct far *m, struct server *v)
{
	asr_close(m->a);
	web_srv_close(v->s);
	ear_said_done(&m->h);
	loop_free(m->l);
}

TEST(asr_realtime_hears)
{
	struct far m;
	struct server v;
	open_rt(&m, &v, GOOD);
	bool done = !m.rc && ask(&m);
	bool text = sv_eq(sb_sv(&m.h.text), SV("Where is it?"));
	bool partial = sv_eq(sb_sv(&m.h.partial), SV("Where is it"));
	size_t sound = v.sound;
	bool again = !m.rc && ask(&m) && sv_eq(sb_sv(&m.h.text), SV("Where is it?"));
	m.h.finals = 0;
	asr_flush(m.r); /* nothing was said */
	bool empty = t_wait(m.l, ear_ended, &m.h, 5000) && m.h.finals == 1 && m.h.text.n == 0;
	double conf = m.h.conf;
	int errors = m.h.errors;
	close_rt(&m, &v);
	OK(m.rc);
	CHECK(done && text && partial && again && empty);
	EQ(errors, 0);
	EQ(v.sessions, 1);
	EQ(v.commits, 2);
	CHECK(sound >= 3 * 220 * 8 && sound < 3 * 220 * 8 + 40); /* mu-law, padded base64 */
	HAS(sv_of(v.session), "\"type\":\"audio/pcmu\"");
	HAS(sv_of(v.session), "\"turn_detection\":null");
	HAS(sv_of(v.session), "\"language\":\"en\"");
	NEAR(conf, 0, 1e-9);
}

TEST(asr_realtime_faults)
{
	static const struct {
		int mood, err;
		const char *says;
	} rows[] = { { FAILS, ERR_UPSTREAM, "model overloaded" },
		     { CLOSES, ERR_UPSTREAM, "going down" },
		     { MUTE, ERR_TIMEOUT, "too long" },
		     { REFUSES, ERR_UPSTREAM, "closed" },
		     { EMPTY, 0, "" } };
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct far m;
		struct server v;
		char why[300];
		open_rt(&m, &v, rows[i].mood);
		bool done = !m.rc && ask(&m);
		int err = m.h.errors ? m.h.err : 0, rc = m.rc, finals = m.h.finals;
		(void)snprintf(why, sizeof(why), "%s", m.a ? asr_error(m.a) : "");
		close_rt(&m, &v);
		(void)printf("# mood %d: %d %s\n", rows[i].mood, err, why);
		OK(rc);
		CHECK(done);
		EQ(err, rows[i].err);
		EQ(finals, err == 0);
		HAS(sv_of(why), rows[i].says);
	}
}

/* Wide-band sound goes as 24 kHz PCM. */
TEST(asr_realtime_wide)
{
	struct far m;
	struct server v;
	static int16_t s[16000];
	for (int i = 0; i < 16000; i++)
		s[i] = (int16_t)(i % 50 * 200);
	open_rt(&m, &v, GOOD);
	for (int i = 0; i < 16000; i += 320)
		asr_feed(m.r, s + i, 320, 16000);
	asr_flush(m.r);
	bool done = !m.rc && t_wait(m.l, ear_ended, &m.h, 5000) && m.h.finals == 1;
	close_rt(&m, &v);
	OK(m.rc);
	CHECK(done);
	HAS(sv_of(v.session), "\"rate\":24000");
	CHECK(v.sound > 47000 && v.sound < 48500); /* a second */
}

TEST(asr_remote_open_explains)
{
	struct loop *l = loop_new();
	struct asr *a = NULL;
	struct err e = { 0 };
	static const struct model_spec bad[] = {
		{ .kind = "openai", .url = "ftp://x" },
		{ .kind = "openai" },
		{ .kind = "openai", .url = "http://x", .key = "a\nb" },
		{ .kind = "realtime", .url = "file:///x" },
		{ .kind = "realtime", .url = "ws://x", .key = "a\r\nHost: b" },
	};
	int wrong = 0;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		wrong += asr_open(&a, &bad[i], l, &e) != ERR_INVAL || !e.msg[0];
	loop_free(l);
	EQ(wrong, 0);
}
