/* t_model_fault.c: language models behind servers that misbehave, over real sockets: how long
 * a customer hears nothing, that nothing is said twice, that an action is asked for at most
 * once. The servers run in the test's own loop (t_model_fake.c). */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "t.h"
#include "llm_int.h"
#include "t_model_fake.h"

#define HEAD "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n"
#define SAY(text) "data: {\"choices\":[{\"delta\":{\"content\":\"" text "\"}}]}\n\n"
#define END \
	"data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n"
#define ERROR "data: {\"error\":{\"message\":\"overloaded\"}}\n\n"
#define STATUS(line, more) \
	"HTTP/1.1 " line "\r\n" more "Content-Length: 2\r\nConnection: close\r\n\r\n{}"

struct got {
	struct sb text;
	int ends, err, n_calls, deltas;
	int64_t start_us, first_us, last_us, end_us;
	struct loop *l;
	struct llm_usage u;
	char model[64], call[64];
	struct llm_run *run;
	bool cancelled;
};

static void on_delta(void *arg, sv text)
{
	struct got *g = arg;
	g->last_us = loop_now_us(g->l);
	if (!g->deltas++)
		g->first_us = g->last_us;
	sb_put(&g->text, text);
}

static void on_call(void *arg, const struct llm_call *c)
{
	struct got *g = arg;
	g->n_calls++;
	(void)snprintf(g->call, sizeof(g->call), SV_FMT SV_FMT, SV_ARG(c->name), SV_ARG(c->args));
}

static void on_end(void *arg, int err, const struct llm_usage *u)
{
	struct got *g = arg;
	g->ends++;
	g->err = err;
	g->u = *u;
	g->end_us = loop_now_us(g->l);
	(void)snprintf(g->model, sizeof(g->model), "%s", u->model);
}
static const struct llm_cb cb = { on_delta, on_call, on_end };

static bool ended(void *arg)
{
	return ((struct got *)arg)->ends > 0;
}

static bool begun(void *arg)
{
	return ((struct got *)arg)->deltas > 0;
}

/* A port of this machine where nobody listens. */
static int closed_port(void)
{
	struct sockaddr_in at = { .sin_family = AF_INET,
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(at);
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	ASSERT(bind(fd, (struct sockaddr *)&at, sizeof(at)) == 0 &&
	       getsockname(fd, (struct sockaddr *)&at, &len) == 0);
	(void)close(fd);
	return ntohs(at.sin_port);
}

static int open_pair(struct llm **m, struct loop *l, int bad, int good, int first_ms,
		     const struct llm_list_opts *o)
{
	char urls[2][64];
	struct err e;
	(void)snprintf(urls[0], sizeof(urls[0]), "http://127.0.0.1:%d/v1", bad);
	(void)snprintf(urls[1], sizeof(urls[1]), "http://127.0.0.1:%d/v1", good);
	struct model_spec s[2] = { { .kind = "openai", .url = urls[0], .model = "bad" },
				   { .kind = "openai", .url = urls[1], .model = "good" } };
	s[0].first_ms = s[1].first_ms = first_ms;
	s[0].total_ms = s[1].total_ms = first_ms ? 1500 : 0;
	return llm_open_list(m, s, 2, o, l, &e);
}

static int ask(struct llm *m, struct loop *l, enum llm_class cls, const char *text, struct got *g)
{
	struct err e;
	jv *schema = jv_parse(SV("{\"properties\":{\"n\":{\"type\":\"integer\"}},"
				 "\"required\":[\"n\"]}"), &e);
	struct llm_msg msg = { LLM_USER, sv_of(text) };
	struct llm_tool tool = { SV("order"), SV("Places an order."), schema };
	struct llm_prompt p = { .msgs = &msg, .n = 1, .cls = cls, .tools = &tool, .n_tools = 1 };
	*g = (struct got){ .err = 1, .l = l, .start_us = loop_now_us(l) };
	sb_init(&g->text, LIM_SB);
	int rc = llm_start(m, &p, &cb, g, &g->run);
	jv_free(schema);
	return rc;
}

/* ---- one bad server, one good behind it ---- */

enum { FIRST_MS = 250, SLACK_MS = 400 };

static const struct {
	const char *name;
	struct fake_answer a;
	const char *text;
	int err;
	bool refuse; /* nobody listens */
	int dead_ms; /* the good one's first word comes by then (and the slack) */
} cases[] = {
	{ .name = "refuses", .refuse = true, .text = "All is well." },
	{ .name = "silent",
	  .a = { { NULL }, .stall = true },
	  .text = "All is well.",
	  .dead_ms = FIRST_MS },
	{ .name = "stalls after the head",
	  .a = { { HEAD }, .stall = true },
	  .text = "All is well.",
	  .dead_ms = FIRST_MS },
	{ .name = "keep-alives only",
	  .a = { { HEAD, ": keep-alive\n\n" }, .repeat_ms = 20 },
	  .text = "All is well.",
	  .dead_ms = FIRST_MS },
	{ .name = "empty deltas only",
	  .a = { { HEAD, "data: "
			 "{\"choices\":[{\"delta\":{\"role\":\"assistant\",\"content\":\"\"}}]}"
			 "\n\n" },
		 .repeat_ms = 20 },
	  .text = "All is well.",
	  .dead_ms = FIRST_MS },
	{ .name = "thoughts only",
	  .a = { { HEAD,
		   "data: {\"choices\":[{\"delta\":{\"reasoning_content\":\"hm\"}}]}\n\n" },
		 .repeat_ms = 20 },
	  .text = "All is well.",
	  .dead_ms = FIRST_MS },
	{ .name = "thoughts in tags only",
	  .a = { { HEAD, SAY("<think>"), SAY("hm") }, .repeat_ms = 20 },
	  .text = "All is well.",
	  .dead_ms = FIRST_MS },
	{ .name = "dies before the head",
	  .a = { { NULL }, .reset = true },
	  .text = "All is well." },
	{ .name = "dies after the head",
	  .a = { { HEAD }, .reset = true },
	  .text = "All is well." },
	{ .name = "dies in mid-sentence",
	  .a = { { HEAD, SAY("It is "), SAY("bro") }, .gap_ms = 20, .reset = true },
	  .text = "It is bro",
	  .err = ERR_NET },
	{ .name = "garbage in the place of JSON",
	  .a = { { HEAD, "data: {{{{\n\ndata: \x01\xff\n\n" } },
	  .text = "All is well." },
	{ .name = "garbage in the place of HTTP",
	  .a = { { "\x16\x03\x01 nonsense\r\n\r\n" } },
	  .text = "All is well." },
	{ .name = "429 with Retry-After",
	  .a = { { STATUS("429 Too Many Requests", "Retry-After: 5\r\n") } },
	  .text = "All is well." },
	{ .name = "503",
	  .a = { { STATUS("503 Service Unavailable", "") } },
	  .text = "All is well." },
	{ .name = "400", .a = { { STATUS("400 Bad Request", "") } }, .text = "All is well." },
	{ .name = "an error inside a 200", .a = { { HEAD, ERROR } }, .text = "All is well." },
	{ .name = "an error after text",
	  .a = { { HEAD, SAY("It is "), ERROR }, .gap_ms = 20 },
	  .text = "It is ",
	  .err = ERR_UPSTREAM },
	{ .name = "an empty answer",
	  .a = { { HEAD, "data: [DONE]\n\n" } },
	  .text = "All is well." },
	{ .name = "a call cut off",
	  .a = { { HEAD,
		   "data: {\"choices\":[{\"delta\":{\"tool_calls\":[{\"index\":0,\"id\":\"a\","
		   "\"function\":{\"name\":\"order\",\"arguments\":\"{\\\"n\\\":1\"}}]}}]}"
		   "\n\n" },
		 .gap_ms = 20,
		 .reset = true },
	  .text = "All is well." },
	{ .name = "a trickle",
	  .a = { { HEAD, SAY("a "), ": x\n\n", SAY("b "), SAY("c"), END }, .gap_ms = 120 },
	  .text = "a b c" },
};

static const struct fake_answer well = { { HEAD, SAY("All is "), SAY("well."), END } };

static bool one_case(size_t i)
{
	struct loop *l = loop_new();
	struct fake bad, good;
	struct got g;
	struct llm *m = NULL;
	fake_open(&bad, l, &cases[i].a, 1);
	fake_open(&good, l, &well, 1);
	int rc = open_pair(&m, l, cases[i].refuse ? closed_port() : bad.port, good.port, FIRST_MS,
			   NULL);
	rc = rc ? rc : ask(m, l, LLM_VOICE, "x", &g);
	bool done = !rc && t_wait(l, ended, &g, 5000);
	(void)loop_run_once(l, 10);
	bool second = !strncmp(cases[i].text, "All", 3);
	int64_t dead_ms = (g.first_us - g.start_us) / 1000;
	bool ok = done && g.ends == 1 && g.err == cases[i].err && g.n_calls == 0 &&
		  sv_eq(sb_sv(&g.text), sv_of(cases[i].text)) &&
		  !strcmp(g.model, second ? "openai:good" : "openai:bad") &&
		  good.requests == second && dead_ms <= cases[i].dead_ms + SLACK_MS &&
		  (cases[i].err == 0 || llm_error(m)[0]);
	if (!ok)
		(void)printf("# %s: rc %d ends %d err %s text \"%s\" by %s dead %lld ms, %zu "
			     "asked\n",
			     cases[i].name, rc, g.ends, err_name(g.err), sb_str(&g.text),
			     g.model, (long long)dead_ms, good.requests);
	llm_close(m);
	fake_close(&bad);
	fake_close(&good);
	loop_free(l);
	sb_done(&g.text);
	return ok;
}

TEST(fault_the_next_takes_over)
{
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		CHECK(one_case(i));
}

/* With the usual deadlines: voice hears the second at the latest 1.5 s on; a socket that goes
 * dead within an answer is noticed in the same time. */
TEST(fault_usual_deadlines_of_voice)
{
	static const struct fake_answer silent = { { HEAD }, .stall = true },
					half = { { HEAD, SAY("It "), SAY("is ") }, .stall = true };
	struct loop *l = loop_new();
	struct fake dead, open, good;
	struct got a, b;
	struct llm *m = NULL, *n = NULL;
	fake_open(&dead, l, &silent, 1);
	fake_open(&open, l, &half, 1);
	fake_open(&good, l, &well, 1);
	int rc = open_pair(&m, l, dead.port, good.port, 0, NULL);
	rc = rc ? rc : open_pair(&n, l, open.port, good.port, 0, NULL);
	rc = rc ? rc : ask(m, l, LLM_VOICE, "x", &a);
	rc = rc ? rc : ask(n, l, LLM_VOICE, "x", &b);
	bool done = !rc && t_wait(l, ended, &a, 5000) && t_wait(l, ended, &b, 5000);
	int64_t dead_ms = (a.first_us - a.start_us) / 1000,
		stall_ms = (b.end_us - b.last_us) / 1000;
	bool whole = sv_eq(sb_sv(&a.text), SV("All is well.")),
	     part = sv_eq(sb_sv(&b.text), SV("It is "));
	llm_close(m);
	llm_close(n);
	fake_close(&dead);
	fake_close(&open);
	fake_close(&good);
	loop_free(l);
	sb_done(&a.text);
	sb_done(&b.text);
	OK(rc);
	CHECK(done && whole && part);
	OK(a.err);
	EQ(b.err, ERR_TIMEOUT);
	CHECK(dead_ms >= 1490 && dead_ms < 3000);
	CHECK(stall_ms >= 1490 && stall_ms < 2000);
}

/* ---- retries of one server ---- */

TEST(fault_retry_after)
{
	static const struct fake_answer
		ms[] = { { { STATUS("429 Too Many Requests",
				    "retry-after-ms: 150\r\nRetry-After: 9\r\n") } },
			 { { HEAD, SAY("ok"), END } } },
		late[] = { { { STATUS("429 Too Many Requests", "Retry-After: 9\r\n") } },
			   { { HEAD, SAY("ok"), END } } };
	struct loop *l = loop_new();
	struct fake a, b;
	struct got g, h;
	struct llm *m = NULL, *n = NULL;
	char url[2][64];
	struct err e;
	fake_open(&a, l, ms, 2);
	fake_open(&b, l, late, 2);
	(void)snprintf(url[0], sizeof(url[0]), "http://127.0.0.1:%d", a.port);
	(void)snprintf(url[1], sizeof(url[1]), "http://127.0.0.1:%d", b.port);
	int rc = llm_open(&m, &(struct model_spec){ .kind = "openai", .url = url[0] }, l, &e);
	rc = rc ? rc : llm_open(&n, &(struct model_spec){ .kind = "openai", .url = url[1] }, l, &e);
	rc = rc ? rc : ask(m, l, LLM_CHAT, "x", &g);
	rc = rc ? rc : ask(n, l, LLM_CHAT, "x", &h);
	bool done = !rc && t_wait(l, ended, &g, 5000) && t_wait(l, ended, &h, 5000);
	int64_t waited = (g.first_us - g.start_us) / 1000, gave_up = (h.end_us - h.start_us) / 1000;
	llm_close(m);
	llm_close(n);
	fake_close(&a);
	fake_close(&b);
	loop_free(l);
	sb_done(&g.text);
	sb_done(&h.text);
	OK(rc);
	CHECK(done);
	OK(g.err);
	CHECK(waited >= 150 && waited < 1500);
	EQ(h.err, ERR_RATE); /* 9 s is past the deadline: said at once */
	CHECK(gave_up < 1000);
}

/* ---- cancel ---- */

TEST(fault_cancel_reaches_the_server)
{
	static const struct fake_answer endless = { { HEAD, SAY("word ") }, .repeat_ms = 10 };
	struct loop *l = loop_new();
	struct fake bad, good;
	struct got g;
	struct llm *m = NULL;
	fake_open(&bad, l, &endless, 1);
	fake_open(&good, l, &well, 1);
	int rc = open_pair(&m, l, bad.port, good.port, 0, NULL);
	rc = rc ? rc : ask(m, l, LLM_VOICE, "x", &g);
	bool some = !rc && t_wait(l, begun, &g, 3000);
	int64_t at = loop_now_us(l);
	llm_cancel(g.run);
	int deltas = g.deltas;
	for (int i = 0; i < 100 && !bad.closed_by_peer; i++)
		(void)loop_run_once(l, 10);
	int64_t took_ms = (bad.closed_us - at) / 1000;
	bool quiet = g.deltas == deltas && !g.ends;
	llm_close(m);
	fake_close(&bad);
	fake_close(&good);
	loop_free(l);
	sb_done(&g.text);
	OK(rc);
	CHECK(some && quiet);
	CHECK(took_ms >= 0 && took_ms <= 200);
}

/* The loser of a race is hung up on as well. */
TEST(fault_loser_is_hung_up_on)
{
	static const struct llm_list_opts o = { .hedge_ms = 30, .hedge_percent = 100 };
	static const struct fake_answer slow = { { HEAD, ": wait\n\n" }, .repeat_ms = 10 };
	struct loop *l = loop_new();
	struct fake bad, good;
	struct got g;
	struct llm *m = NULL;
	fake_open(&bad, l, &slow, 1);
	fake_open(&good, l, &well, 1);
	int rc = open_pair(&m, l, bad.port, good.port, 2000, &o);
	rc = rc ? rc : ask(m, l, LLM_VOICE, "x", &g);
	bool done = !rc && t_wait(l, ended, &g, 5000);
	for (int i = 0; i < 100 && !bad.closed_by_peer; i++)
		(void)loop_run_once(l, 10);
	int64_t first_ms = (g.first_us - g.start_us) / 1000,
		closed_ms = (bad.closed_us - g.first_us) / 1000;
	bool ok = done && !g.err && sv_eq(sb_sv(&g.text), SV("All is well."));
	llm_close(m);
	fake_close(&bad);
	fake_close(&good);
	loop_free(l);
	sb_done(&g.text);
	OK(rc);
	CHECK(ok);
	CHECK(first_ms >= 30 && first_ms < 30 + SLACK_MS);
	CHECK(closed_ms <= 200);
}

/* ---- 200 races ---- */

enum { ROUNDS = 10, AT_ONCE = 20, TRIES = 8, KINDS = 16 };

struct script { /* what one server says to one request; owned texts */
	struct fake_answer a;
	char texts[6][400];
};
struct race {
	struct rng rng;
	struct fake f[2];
	struct got g[AT_ONCE];
	struct script scripts[2][AT_ONCE][TRIES];
	int used[2][AT_ONCE];
	int calls_right, texts_whole, failed, cancelled, deliveries;
};

/* The arguments are {"n":k} or begin and end otherwise. */
static void call_text(char *out, size_t n, const char *before, int k, const char *after, int id)
{
	(void)snprintf(
		out, n,
		"data: {\"choices\":[{\"delta\":{\"tool_calls\":[{\"index\":0,\"id\":\"c%d\","
		"\"function\":{\"name\":\"order\",\"arguments\":\"%s%d%s\"}}]}}]}\n\n",
		id, before, k, after);
}

#define OPEN "{\\\"n\\\":"

/* The answers: well-behaved ones more often than each way to fail. */
static void make_script(struct script *s, struct rng *rng, int side, int k)
{
	int kind = (int)rng_below(rng, KINDS), gap = 1 + (int)rng_below(rng, 12);
	s->a = (struct fake_answer){ .pieces = { HEAD }, .gap_ms = gap };
	for (int i = 0; i < 3; i++)
		(void)snprintf(s->texts[i], sizeof(s->texts[i]),
			       "data: {\"choices\":[{\"delta\":{\"content\":\"%c%d.%d \"}}]}\n\n",
			       'A' + side, k, i);
	call_text(s->texts[3], sizeof(s->texts[3]), OPEN, k, "}", 1);
	call_text(s->texts[4], sizeof(s->texts[4]), kind & 1 ? OPEN : OPEN "\\\"", k,
		  kind & 1 ? "" : "\\\"}", 2);
	call_text(s->texts[5], sizeof(s->texts[5]), OPEN " ", k, " }", 3);
	const char *text = s->texts[0], *call = s->texts[3], *wrong = s->texts[4];
	const char *const table[KINDS][5] = {
		{ text, s->texts[1], s->texts[2], END },        /* 0..3: well */
		{ text, s->texts[1], s->texts[2], END },
		{ call, END },
		{ text, s->texts[1], s->texts[2], call, END },
		{ call, s->texts[5], END },                     /* the same call twice */
		{ wrong, END },                                 /* it is asked once more */
		{ text, wrong, END },
		{ text },                                       /* 7: a reset after text */
		{ call },                                       /* 8: hangs up before the end */
		{ ERROR },
		{ "data: {{{\n\n" },
		{ ": only this\n\n" },                          /* 11: keep-alives for ever */
		{ NULL },                                       /* 12: stalls after the head */
		{ NULL },                                       /* 13: a reset */
		{ NULL },                                       /* 14: 503 */
		{ text, s->texts[1] },                          /* 15: stalls after text */
	};
	for (int i = 0; i < 5; i++)
		s->a.pieces[1 + i] = table[kind][i];
	s->a.repeat_ms = kind == 11 ? 10 : 0;
	s->a.stall = kind == 12 || kind == 15;
	s->a.reset = kind == 13 || kind == 7;
	if (kind == 14)
		s->a.pieces[0] = STATUS("503 Service Unavailable", "Retry-After: 0\r\n");
}

static const struct fake_answer *pick(void *arg, struct fake *f, sv request)
{
	struct race *r = arg;
	int side = f == &r->f[1];
	ptrdiff_t at = sv_find(request, SV("question #"));
	ASSERT(at > 0);
	int k = (int)strtol(request.p + at + 10, NULL, 10) % AT_ONCE;
	int n = r->used[side][k] < TRIES - 1 ? r->used[side][k]++ : TRIES - 1;
	make_script(&r->scripts[side][k][n], &r->rng, side, k);
	return &r->scripts[side][k][n].a;
}

/* What a customer may have heard: a beginning of one server's text, nothing twice. */
static bool text_fits(const struct got *g, int k, bool *whole)
{
	for (int side = 0; side < 2; side++) {
		char want[64];
		(void)snprintf(want, sizeof(want), "%c%d.0 %c%d.1 %c%d.2 ", 'A' + side, k,
			       'A' + side, k, 'A' + side, k);
		*whole = sv_eq(sb_sv(&g->text), sv_of(want));
		if (sv_starts(sv_of(want), sb_sv(&g->text)))
			return true;
	}
	return false;
}

static bool judge(struct race *r, int k)
{
	struct got *g = &r->g[k];
	char want[64];
	bool whole = false, ok = text_fits(g, k, &whole);
	(void)snprintf(want, sizeof(want), "order{\"n\":%d}", k);
	ok = ok && g->n_calls <= 1 && (!g->n_calls || !strcmp(g->call, want));
	ok = ok && (g->cancelled ? g->ends == 0 : g->ends == 1);
	ok = ok && (g->ends == 0 || g->err || g->n_calls || whole);
	ok = ok && (!g->n_calls || g->err == 0 || g->cancelled);
	r->calls_right += g->n_calls;
	r->deliveries += g->n_calls;
	r->texts_whole += whole;
	r->failed += g->ends && g->err;
	r->cancelled += g->cancelled;
	if (!ok)
		(void)printf("# race %d: ends %d err %s calls %d \"%s\" text \"%s\"%s\n", k,
			     g->ends, err_name(g->err), g->n_calls, g->call, sb_str(&g->text),
			     g->cancelled ? " cancelled" : "");
	return ok;
}

static bool all_over(void *arg)
{
	struct race *r = arg;
	for (int k = 0; k < AT_ONCE; k++)
		if (!r->g[k].ends && !r->g[k].cancelled)
			return false;
	return true;
}

/* Some customers interrupt. */
static void interrupt(struct race *r)
{
	for (int k = 0; k < AT_ONCE; k += 7) {
		struct got *g = &r->g[k];
		if (g->ends || g->cancelled)
			continue;
		llm_cancel(g->run);
		g->cancelled = true;
	}
}

static bool one_round(struct race *r)
{
	struct llm_list_opts o = { .hedge_ms = 1 + (int)rng_below(&r->rng, 40),
				   .hedge_percent = 100,
				   .max_running = 8 + (int)rng_below(&r->rng, 16) };
	struct loop *l = loop_new();
	struct llm *m = NULL;
	bool ok = true;
	for (int i = 0; i < 2; i++) {
		fake_open(&r->f[i], l, NULL, 0);
		r->f[i].pick = pick;
		r->f[i].arg = r;
	}
	memset(r->used, 0, sizeof(r->used));
	int rc = open_pair(&m, l, r->f[0].port, r->f[1].port, 200, &o);
	for (int k = 0; k < AT_ONCE && !rc; k++) {
		char text[64];
		(void)snprintf(text, sizeof(text), "question #%d ", k);
		/* a breaker may have opened: then nothing was asked, which is fine too */
		if (ask(m, l, k % 3 ? LLM_VOICE : LLM_CHAT, text, &r->g[k]))
			r->g[k].cancelled = true;
		(void)loop_run_once(l, (int64_t)rng_below(&r->rng, 6));
	}
	interrupt(r);
	ok = !rc && t_wait(l, all_over, r, 20000);
	(void)loop_run_once(l, 20);
	for (int k = 0; k < AT_ONCE; k++)
		ok = judge(r, k) && ok;
	llm_close(m);
	for (int i = 0; i < 2; i++)
		fake_close(&r->f[i]);
	loop_free(l);
	for (int k = 0; k < AT_ONCE; k++)
		sb_done(&r->g[k].text);
	return ok;
}

TEST(fault_two_hundred_races)
{
	struct race *r = xalloc(sizeof(*r));
	bool ok = true;
	int rounds = 0;
	rng_seed(&r->rng, rng_u64(t_rng()));
	for (; rounds < ROUNDS && ok; rounds++)
		ok = one_round(r);
	(void)printf("# %d races: %d calls, %d whole texts, %d failed, %d interrupted\n",
		     rounds * AT_ONCE, r->calls_right, r->texts_whole, r->failed, r->cancelled);
	/* the races were races: each outcome occurred */
	bool all = r->calls_right > 10 && r->texts_whole > 10 && r->failed > 0 && r->cancelled > 0;
	xfree(r);
	CHECK(ok && all);
}
