/* t_model_llm.c: one contract for every language model backend, then what is special
 * about the remote one: split frames, stalls, retries, the circuit breaker, errors that
 * never show the key. */
#include <stdio.h>

#include "t.h"
#include "model.h"
#include "t_model_fake.h"

#define HEAD \
	"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: " \
	"close\r\n\r\n"
#define D(text) "data: {\"choices\":[{\"delta\":{\"content\":\"" text "\"}}]}\n\n"
#define DONE \
	"data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}]}\n\ndata: " \
	"[DONE]\n\n"

struct got {
	struct sb text;
	int deltas, ends, err, cancel_at;
	struct llm_usage u;
	struct llm_run *run;
};

static void on_delta(void *arg, sv text)
{
	struct got *g = arg;
	sb_put(&g->text, text);
	if (++g->deltas == g->cancel_at)
		llm_cancel(g->run);
}

static void on_end(void *arg, int err, const struct llm_usage *u)
{
	struct got *g = arg;
	g->ends++;
	g->err = err;
	g->u = *u;
}
static const struct llm_cb cb = { .on_delta = on_delta, .on_end = on_end };

static bool ended(void *arg)
{
	return ((struct got *)arg)->ends > 0;
}

static bool begun(void *arg)
{
	return ((struct got *)arg)->deltas > 0;
}

static void got_init(struct got *g)
{
	*g = (struct got){ .err = 1 };
	sb_init(&g->text, LIM_SB);
}

static int ask(struct llm *m, const char *text, struct got *g)
{
	struct llm_msg msgs[] = { { LLM_SYSTEM, SV("Be \"brief\".") },
				  { LLM_USER, sv_of(text) } };
	struct llm_prompt p = { .msgs = msgs, .n = 2, .max_tokens = 50 };
	return llm_start(m, &p, &cb, g, &g->run);
}

static int open_remote(struct llm **m, struct loop *l, const struct fake *f,
		       int first_ms, int total_ms)
{
	char url[64];
	(void)snprintf(url, sizeof(url), "http://127.0.0.1:%d/v1", f->port);
	struct model_spec s = { .kind = "openai",
				.url = url,
				.model = "m1",
				.key = "sk-SECRET",
				.first_ms = first_ms,
				.total_ms = total_ms };
	struct err e;
	return llm_open(m, &s, l, &e);
}

/* One remote question against given answers; *g holds the result. */
static void remote(const struct fake_answer *a, size_t n, int first_ms, struct got *g,
		   struct fake *f, char error[200])
{
	struct loop *l = loop_new();
	struct llm *m = NULL;
	got_init(g);
	fake_open(f, l, a, n);
	int rc = open_remote(&m, l, f, first_ms, 6000);
	if (!rc)
		rc = ask(m, "hello", g);
	if (!rc)
		(void)t_wait(l, ended, g, 15000);
	(void)snprintf(error, 200, "%s", m ? llm_error(m) : "");
	llm_close(m);
	fake_close(f);
	loop_free(l);
}

/* ---- the contract, on each backend ---- */

static const char script[] = "[{\"match\":\"fail\",\"fail\":\"http500\"},{\"say\":["
			     "\"One \",\"two \",\"three.\"],\"delay_ms\":3}]";
static const struct fake_answer three[] = {
	{ { HEAD, D("One "), D("two "), D("three."), DONE }, .gap_ms = 5 }
};
static const struct fake_answer bad[] = {
	{ { "HTTP/1.1 400 Bad Request\r\nContent-Length: 2\r\n\r\n{}" } }
};

struct setup {
	struct loop *l;
	struct llm *m;
	struct fake f;
	jv *script;
};

static int set_up(struct setup *s, bool scripted, bool failing)
{
	struct err e;
	*s = (struct setup){ .l = loop_new(), .script = jv_parse(sv_of(script), &e) };
	fake_open(&s->f, s->l, failing ? bad : three, 1);
	if (!scripted)
		return open_remote(&s->m, s->l, &s->f, 0, 0);
	return llm_open(&s->m,
			&(struct model_spec){ .kind = "scripted", .script = s->script },
			s->l, &e);
}

static void tear_down(struct setup *s)
{
	llm_close(s->m);
	fake_close(&s->f);
	jv_free(s->script);
	loop_free(s->l);
}

TEST(llm_contract_deltas_then_one_end)
{
	for (int scripted = 0; scripted < 2; scripted++) {
		struct setup s;
		struct got g;
		got_init(&g);
		int rc = set_up(&s, scripted, false);
		rc = rc ? rc : ask(s.m, "hello", &g);
		bool none = g.deltas == 0; /* nothing from inside start */
		bool done = !rc && t_wait(s.l, ended, &g, 5000);
		(void)loop_run_once(s.l, 20);
		bool text = sv_eq(sb_sv(&g.text), SV("One two three."));
		tear_down(&s);
		sb_done(&g.text);
		OK(rc);
		CHECK(none && done && text);
		EQ(g.deltas, 3);
		EQ(g.ends, 1);
		OK(g.err);
		CHECK(g.u.first_ms > 0 && g.u.total_ms >= g.u.first_ms);
	}
}

TEST(llm_contract_cancel)
{
	for (int scripted = 0; scripted < 2; scripted++) {
		struct setup s;
		struct got inside, outside, never;
		got_init(&inside);
		got_init(&outside);
		got_init(&never);
		inside.cancel_at = 2;
		int rc = set_up(&s, scripted, false);
		rc = rc ? rc : ask(s.m, "a", &inside);
		rc = rc ? rc : ask(s.m, "b", &outside);
		rc = rc ? rc : ask(s.m, "c", &never);
		llm_cancel(never.run);
		llm_cancel(NULL);
		bool some = !rc && t_wait(s.l, begun, &outside, 5000);
		llm_cancel(outside.run);
		int at_cancel = outside.deltas;
		struct got last;
		got_init(&last);
		rc = rc ? rc : ask(s.m, "d", &last);
		bool done = !rc && t_wait(s.l, ended, &last, 5000);
		tear_down(&s);
		sb_done(&inside.text);
		sb_done(&outside.text);
		sb_done(&never.text);
		sb_done(&last.text);
		OK(rc);
		CHECK(some && done);
		EQ(inside.deltas, 2);
		EQ(inside.ends + outside.ends + never.ends, 0);
		EQ(outside.deltas, at_cancel);
		EQ(never.deltas, 0);
	}
}

TEST(llm_contract_close_in_flight_and_error)
{
	for (int scripted = 0; scripted < 2; scripted++) {
		struct setup s;
		struct got g, h;
		got_init(&g);
		got_init(&h);
		int rc = set_up(&s, scripted, false);
		rc = rc ? rc : ask(s.m, "hello", &g);
		bool some = !rc && t_wait(s.l, begun, &g, 5000);
		tear_down(&s);
		int rc2 = set_up(&s, scripted, true);
		rc2 = rc2 ? rc2 : ask(s.m, "please fail", &h);
		bool done = !rc2 && t_wait(s.l, ended, &h, 5000);
		tear_down(&s);
		sb_done(&g.text);
		sb_done(&h.text);
		OK(rc);
		OK(rc2);
		CHECK(some && done);
		EQ(g.ends, 0);
		EQ(h.deltas, 0);
		EQ(h.err, scripted ? ERR_UPSTREAM : ERR_INVAL);
	}
}

/* ---- the scripted one in the simulated loop ---- */

TEST(llm_scripted_in_simulated_time)
{
	struct loop *l = loop_new_sim(0);
	struct err e;
	jv *rules =
		jv_parse(SV("[{\"match\":\"slow\",\"say\":[\"a\",\"b\"],\"delay_ms\":"
			    "400,\"fail\":\"stall\"},"
			    "{\"match\":\"cut\",\"say\":[\"x\"],\"fail\":\"close\"}]"),
			 &e);
	struct llm *m = NULL;
	struct got g, c, n;
	got_init(&g);
	got_init(&c);
	got_init(&n);
	int rc = llm_open(&m,
			  &(struct model_spec){
				  .kind = "scripted", .script = rules, .model = "s" },
			  l, &e);
	rc = rc ? rc : ask(m, "slow please", &g);
	rc = rc ? rc : ask(m, "cut", &c);
	rc = rc ? rc : ask(m, "unknown", &n);
	loop_sim_advance(l, 399);
	int early = g.deltas;
	loop_sim_advance(l, 1000);
	int mid = g.deltas;
	loop_sim_advance(l, 12000);
	bool name = !strcmp(llm_name(m), "scripted:s");
	llm_close(m);
	jv_free(rules);
	loop_free(l);
	sb_done(&g.text);
	sb_done(&c.text);
	sb_done(&n.text);
	OK(rc);
	CHECK(name);
	EQ(early, 0);
	EQ(mid, 2);
	EQ(g.err, ERR_TIMEOUT);
	EQ(g.u.first_ms, 400);
	EQ(g.u.total_ms, 12000);
	EQ(c.err, ERR_NET);
	EQ(n.err, ERR_NOTFOUND);
}

TEST(llm_breaker_opens_and_probes)
{
	struct loop *l = loop_new_sim(0);
	struct err e;
	jv *rules = jv_parse(
		SV("[{\"match\":\"ok\",\"say\":[\"fine\"]},{\"fail\":\"http500\"}]"),
		&e);
	struct llm *m = NULL;
	struct got g;
	got_init(&g);
	int rc = llm_open(&m,
			  &(struct model_spec){ .kind = "scripted", .script = rules },
			  l, &e);
	for (int i = 0; i < 3 && !rc; i++) {
		rc = ask(m, "x", &g);
		loop_sim_advance(l, 10);
	}
	bool open = !llm_healthy(m);
	int busy = ask(m, "ok", &g);
	loop_sim_advance(l, 2000);
	bool probe = llm_healthy(m);
	int started = ask(m, "x", &g); /* the probe fails: open again, for longer */
	bool only_one = ask(m, "ok", &g) == ERR_BUSY;
	loop_sim_advance(l, 2000);
	bool still = !llm_healthy(m);
	loop_sim_advance(l, 2100);
	int again = ask(m, "ok", &g);
	loop_sim_advance(l, 100);
	bool closed = llm_healthy(m) && g.err == 0;
	int free1 = ask(m, "ok", &g);
	llm_close(m);
	jv_free(rules);
	loop_free(l);
	sb_done(&g.text);
	OK(rc);
	CHECK(open && probe && only_one && still && closed);
	EQ(busy, ERR_BUSY);
	OK(started);
	OK(again);
	OK(free1);
}

/* ---- the remote one ---- */

TEST(llm_remote_request_is_right)
{
	struct got g;
	struct fake f;
	char error[200];
	struct loop *l = loop_new();
	struct llm *m = NULL;
	got_init(&g);
	fake_open(&f, l, three, 1);
	int rc = open_remote(&m, l, &f, 0, 0);
	rc = rc ? rc : ask(m, "hello \"you\" \xe4\xbd\xa0", &g);
	(void)t_wait(l, ended, &g, 5000);
	sv req = sb_sv(&f.last),
	   body = sv_slice(req, (size_t)sv_find(req, SV("\r\n\r\n")) + 4, req.n);
	struct err e;
	jv *o = jv_parse(body, &e);
	bool ok = sv_starts(req, SV("POST /v1/chat/completions HTTP/1.1")) &&
		  sv_find(req, SV("Authorization: Bearer sk-SECRET\r\n")) > 0 &&
		  sv_eq(jv_get_str(o, "model"), SV("m1")) &&
		  jv_get_bool(o, "stream", false) &&
		  jv_get_int(o, "max_tokens", 0) == 50 &&
		  jv_get_bool(jv_path(o, "stream_options"), "include_usage", false) &&
		  sv_eq(jv_as_str(jv_path(o, "messages.0.role")), SV("system")) &&
		  sv_eq(jv_as_str(jv_path(o, "messages.1.content")),
			SV("hello \"you\" \xe4\xbd\xa0"));
	jv_free(o);
	(void)snprintf(error, sizeof(error), "%s", llm_error(m));
	llm_close(m);
	fake_close(&f);
	loop_free(l);
	sb_done(&g.text);
	OK(rc);
	OK(g.err);
	CHECK(ok);
	STR_EQ(error, "");
}

#define RETRY \
	"HTTP/1.1 429 Too Many Requests\r\nRetry-After: 0\r\nContent-Length: " \
	"2\r\nConnection: close\r\n\r\n{}"
#define S503 \
	"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\nConnection: " \
	"close\r\n\r\n"
#define S500 \
	"HTTP/1.1 500 Oops\r\nContent-Length: 30\r\nConnection: " \
	"close\r\n\r\n{\"error\":{\"message\":\"sk-SECRET\"}}"
#define S401 \
	"HTTP/1.1 401 No\r\nContent-Length: 47\r\nConnection: " \
	"close\r\n\r\n{\"error\":{\"message\":\"bad key sk-SECRET there\"}}"

static const struct {
	const char *name;
	struct fake_answer a[3];
	size_t n;
	const char *text;
	int err;
	size_t requests;
} cases[] = {
	{ "cut within UTF-8, JSON and CRLF",
	  { { { HEAD, "data: {\"choices\":[{\"delta\":{\"content\":\"\xe4\xbd",
		"\xa0\xe5", "\xa5\xbd\"}}", "]}\r", "\n\r\n: ping\n\nda",
		"ta: [DONE]\n\n" } } },
	  1,
	  "\xe4\xbd\xa0\xe5\xa5\xbd",
	  0,
	  1 },
	{ "comments, empty choices, no DONE",
	  { { { HEAD, ": keep-alive\n\n", "data: {\"choices\":[]}\n\n", D("Hi"),
		"data: "
		"{\"choices\":[],\"usage\":{\"prompt_tokens\":7,\"completion_tokens\":"
		"1}}\n\n" } } },
	  1,
	  "Hi",
	  0,
	  1 },
	{ "last event without its blank line",
	  { { { HEAD, D("a"),
		"data: {\"choices\":[{\"delta\":{\"content\":\"b\"}}]}" } } },
	  1,
	  "ab",
	  0,
	  1 },
	{ "reasoning is not said",
	  { { { HEAD, D("<thi"), D("nk>x</think>\\n"), D("Yes"), DONE } } },
	  1,
	  "Yes",
	  0,
	  1 },
	{ "whole JSON instead of a stream",
	  { { { "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: "
		"close\r\n\r\n",
		"{\"choices\":[{\"message\":{\"content\":\"All at "
		"once\"},\"finish_reason\":\"stop\"}]}" } } },
	  1,
	  "All at once",
	  0,
	  1 },
	{ "429 with Retry-After, then 503, then well",
	  { { { RETRY } }, { { S503 } }, { { HEAD, D("ok"), DONE } } },
	  3,
	  "ok",
	  0,
	  3 },
	{ "500 three times", { { { S500 } } }, 1, "", ERR_UPSTREAM, 3 },
	{ "401 is not tried again", { { { S401 } } }, 1, "", ERR_AUTH, 1 },
	{ "hang-up before the head, then well",
	  { { { NULL }, .reset = true }, { { HEAD, D("ok"), DONE } } },
	  2,
	  "ok",
	  0,
	  2 },
	{ "an error inside a 200, then well",
	  { { { HEAD, "data: {\"error\":{\"message\":\"overloaded\"}}\n\n" } },
	    { { HEAD, D("ok"), DONE } } },
	  2,
	  "ok",
	  0,
	  2 },
	{ "an error after text is final",
	  { { { HEAD, D("a"), "data: {\"error\":{\"message\":\"boom\"}}\n\n" } } },
	  1,
	  "a",
	  ERR_UPSTREAM,
	  1 },
	{ "a reset after text is final",
	  { { { HEAD, D("a") }, .gap_ms = 30, .reset = true } },
	  1,
	  "a",
	  ERR_NET,
	  1 },
	{ "garbage", { { { "\x01\x02garbage\r\n\r\n" } } }, 1, "", 1, 0 },
	{ "no answer in a 200",
	  { { { HEAD, "data: [DONE]\n\n" } } },
	  1,
	  "",
	  ERR_UPSTREAM,
	  3 },
	{ "a page instead of a model",
	  { { { "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nConnection: "
		"close\r\n\r\n<html>hi</html>" } } },
	  1,
	  "",
	  ERR_UPSTREAM,
	  3 },
};

TEST(llm_remote_habits_of_servers)
{
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct got g;
		struct fake f;
		char error[200];
		remote(cases[i].a, cases[i].n, 5000, &g, &f, error);
		bool ok = g.ends == 1 && sv_eq(sb_sv(&g.text), sv_of(cases[i].text)) &&
			  (cases[i].err == 1 ? g.err < 0 : g.err == cases[i].err) &&
			  (!cases[i].requests || f.requests == cases[i].requests) &&
			  !strstr(error, "sk-SECRET") && (g.err == 0 || error[0]);
		if (!ok)
			(void)printf("# %s: ends %d err %s text \"%s\" requests %zu "
				     "error \"%s\"\n",
				     cases[i].name, g.ends, err_name(g.err),
				     sb_str(&g.text), f.requests, error);
		sb_done(&g.text);
		CHECK(ok);
	}
}

TEST(llm_remote_stalls_meet_the_deadline)
{
	static const struct fake_answer silent = { { NULL }, .stall = true },
					half = { { HEAD, D("a") }, .stall = true };
	struct got g, h;
	struct fake f;
	char error[200];
	remote(&silent, 1, 200, &g, &f, error);
	struct loop *l = loop_new();
	struct llm *m = NULL;
	got_init(&h);
	fake_open(&f, l, &half, 1);
	int rc = open_remote(&m, l, &f, 200, 400);
	rc = rc ? rc : ask(m, "x", &h);
	bool done = !rc && t_wait(l, ended, &h, 5000);
	llm_close(m);
	fake_close(&f);
	loop_free(l);
	sb_done(&g.text);
	sb_done(&h.text);
	EQ(g.err, ERR_TIMEOUT);
	CHECK(g.u.total_ms >= 190 && g.u.total_ms < 2000);
	OK(rc);
	CHECK(done);
	EQ(h.err, ERR_TIMEOUT);
	EQ(h.deltas, 1);
}

TEST(llm_open_explains)
{
	struct loop *l = loop_new();
	struct llm *m = NULL;
	struct err e;
	int bad_kind = llm_open(&m, &(struct model_spec){ .kind = "oracle" }, l, &e);
	int bad_url =
		llm_open(&m, &(struct model_spec){ .kind = "openai", .url = "ftp://x" },
			 l, &e);
	int bad_key =
		llm_open(&m,
			 &(struct model_spec){
				 .kind = "openai", .url = "http://x", .key = "a\r\nb" },
			 l, &e);
	bool hidden = !strstr(e.msg, "a\r");
	int bad_dialect = llm_open(&m,
				   &(struct model_spec){ .kind = "openai",
							 .url = "http://x",
							 .dialect = "klingon" },
				   l, &e);
	int bad_script =
		llm_open(&m, &(struct model_spec){ .kind = "scripted" }, l, &e);
	loop_free(l);
	EQ(bad_kind, ERR_UNSUPPORTED);
	EQ(bad_url, ERR_INVAL);
	EQ(bad_key, ERR_INVAL);
	EQ(bad_dialect, ERR_INVAL);
	EQ(bad_script, ERR_INVAL);
	CHECK(hidden);
}
