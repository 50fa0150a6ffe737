/* t_model_tool.c: calls in every way that servers stream them; calls and answers bound to a
 * schema over the wire. */
#include <stdio.h>

#include "t.h"
#include "llm_int.h"
#include "t_model_fake.h"

/* ---- fragments ---- */

static bool no_text(void *arg, sv text)
{
	return true;
}

/* The calls of an answer as "name(args)#id name(args)#id". */
static int calls_of(const char *const *chunks, struct sb *out)
{
	struct llm_reader r;
	llm_reader_init(&r, no_text, NULL);
	int rc = 0;
	for (size_t i = 0; chunks[i] && !rc; i++)
		rc = llm_reader_event(&r, sv_of(chunks[i]));
	rc = rc ? rc : llm_reader_end(&r);
	for (size_t i = 0; r.parts && i < r.parts->n; i++) {
		const struct llm_part *p = &r.parts->v[i];
		sb_fmt(out, "%s" SV_FMT "(" SV_FMT ")#" SV_FMT, i ? " " : "",
		       SV_ARG(sb_sv(&p->name)), SV_ARG(sb_sv(&p->args)), SV_ARG(sb_sv(&p->id)));
	}
	llm_reader_done(&r);
	return rc;
}

#define T(x) "{\"choices\":[{\"delta\":{\"tool_calls\":[" x "]}}]}"
#define FIN "{\"choices\":[{\"delta\":{},\"finish_reason\":\"tool_calls\"}]}"

static const struct {
	const char *name, *chunks[8], *want;
} streams[] = {
	{ "as OpenAI does",
	  { T("{\"index\":0,\"id\":\"a\",\"type\":\"function\",\"function\":{\"name\":\"f\","
	      "\"arguments\":\"\"}}"),
	    T("{\"index\":0,\"function\":{\"arguments\":\"{\\\"x\"}}"),
	    T("{\"index\":0,\"function\":{\"arguments\":\"\\\":1}\"}}"), FIN },
	  "f({\"x\":1})#a" },
	{ "two, interleaved",
	  { T("{\"index\":0,\"id\":\"a\",\"function\":{\"name\":\"f\",\"arguments\":\"{\"}}"),
	    T("{\"index\":1,\"id\":\"b\",\"function\":{\"name\":\"g\",\"arguments\":\"{\"}}"),
	    T("{\"index\":0,\"function\":{\"arguments\":\"\\\"x\\\":1}\"}}"),
	    T("{\"index\":1,\"function\":{\"arguments\":\"}\"}}"), FIN },
	  "f({\"x\":1})#a g({})#b" },
	{ "two in one chunk",
	  { T("{\"index\":0,\"id\":\"a\",\"function\":{\"name\":\"f\",\"arguments\":\"{}\"}},"
	      "{\"index\":1,\"id\":\"b\",\"function\":{\"name\":\"f\",\"arguments\":\"{"
	      "\\\"k\\\":2}\"}}"),
	    FIN },
	  "f({})#a f({\"k\":2})#b" },
	{ "index 0 for all, new ids (Ollama)",
	  { T("{\"index\":0,\"id\":\"a\",\"function\":{\"name\":\"f\",\"arguments\":\"{"
	      "\\\"x\\\":1}\"}}"),
	    T("{\"index\":0,\"id\":\"b\",\"function\":{\"name\":\"f\",\"arguments\":\"{"
	      "\\\"x\\\":2}\"}}"),
	    FIN },
	  "f({\"x\":1})#a f({\"x\":2})#b" },
	{ "index 0 for all, the new id ahead of its name",
	  { T("{\"index\":0,\"id\":\"a\",\"function\":{\"name\":\"f\",\"arguments\":\"{}\"}}"),
	    T("{\"index\":0,\"id\":\"b\"}"), T("{\"index\":0,\"function\":{\"name\":\"g\"}}"),
	    T("{\"index\":0,\"function\":{\"arguments\":\"{\\\"y\\\":0}\"}}"), FIN },
	  "f({})#a g({\"y\":0})#b" },
	{ "index 0 for all and no ids",
	  { T("{\"index\":0,\"function\":{\"name\":\"f\",\"arguments\":\"{\\\"x\\\":1}\"}}"),
	    T("{\"index\":0,\"function\":{\"name\":\"f\",\"arguments\":\"{\\\"x\\\":2}\"}}"),
	    FIN },
	  "f({\"x\":1})# f({\"x\":2})#" },
	{ "no index, ids (Gemini)",
	  { T("{\"id\":\"a\",\"function\":{\"name\":\"f\",\"arguments\":\"{}\"}}"),
	    T("{\"id\":\"b\",\"function\":{\"name\":\"g\",\"arguments\":\"{}\"}}"), FIN },
	  "f({})#a g({})#b" },
	{ "no index, the id in each fragment",
	  { T("{\"id\":\"a\",\"function\":{\"name\":\"f\",\"arguments\":\"{\\\"x\\\"\"}}"),
	    T("{\"id\":\"a\",\"function\":{\"arguments\":\":3}\"}}"), FIN },
	  "f({\"x\":3})#a" },
	{ "no index, no id, split",
	  { T("{\"function\":{\"name\":\"f\",\"arguments\":\"\"}}"),
	    T("{\"function\":{\"arguments\":\"{\\\"x\\\":\"}}"),
	    T("{\"function\":{\"arguments\":\"\\\"}{\\\"}\"}}"),
	    T("{\"function\":{\"name\":\"g\",\"arguments\":\"{}\"}}"), FIN },
	  "f({\"x\":\"}{\"})# g({})#" },
	{ "the first fragment without id",
	  { T("{\"index\":0,\"function\":{\"name\":\"f\",\"arguments\":\"{\"}}"),
	    T("{\"index\":0,\"id\":\"late\",\"function\":{\"arguments\":\"}\"}}"), FIN },
	  "f({})#late" },
	{ "another id in each fragment (vLLM)",
	  { T("{\"index\":0,\"id\":\"a\",\"function\":{\"name\":\"f\",\"arguments\":\"{"
	      "\\\"x\\\":\"}}"),
	    T("{\"index\":0,\"id\":\"b\",\"function\":{\"arguments\":\"4\"}}"),
	    T("{\"index\":0,\"id\":\"c\",\"function\":{\"name\":null,\"arguments\":\"}\"}}"),
	    FIN },
	  "f({\"x\":4})#a" },
	{ "the name in each fragment, an empty id",
	  { T("{\"index\":0,\"id\":\"a\",\"function\":{\"name\":\"f\",\"arguments\":\"{"
	      "\\\"x\\\":\"}}"),
	    T("{\"index\":0,\"id\":\"\",\"function\":{\"name\":\"f\",\"arguments\":\"5}\"}}"),
	    FIN },
	  "f({\"x\":5})#a" },
	{ "all of it again at the end",
	  { T("{\"index\":0,\"id\":\"a\",\"function\":{\"name\":\"f\",\"arguments\":\"{"
	      "\\\"x\\\":6}\"}}"),
	    T("{\"index\":0,\"id\":\"a\",\"function\":{\"name\":\"f\",\"arguments\":\"{"
	      "\\\"x\\\":6}\"}}"),
	    FIN },
	  "f({\"x\":6})#a" },
	{ "arguments as an object",
	  { T("{\"index\":0,\"id\":\"a\",\"function\":{\"name\":\"f\",\"arguments\":{\"x\":[7]}"
	      "}}"),
	    FIN },
	  "f({\"x\":[7]})#a" },
	{ "no arguments at all",
	  { T("{\"index\":0,\"id\":\"a\",\"function\":{\"name\":\"f\"}}"), FIN },
	  "f()#a" },
	{ "index that jumps",
	  { T("{\"index\":1,\"id\":\"a\",\"function\":{\"name\":\"f\",\"arguments\":\"{\"}}"),
	    T("{\"index\":2,\"function\":{\"arguments\":\"}\"}}"), FIN },
	  "f({})#a" },
	{ "the older form",
	  { "{\"choices\":[{\"delta\":{\"function_call\":{\"name\":\"f\",\"arguments\":\"{\"}}}"
	    "]}",
	    "{\"choices\":[{\"delta\":{\"function_call\":{\"arguments\":\"}\"}},\"finish_"
	    "reason\":"
	    "\"function_call\"}]}" },
	  "f({})#" },
	{ "a whole message",
	  { "{\"choices\":[{\"message\":{\"content\":null,\"tool_calls\":[{\"id\":\"a\","
	    "\"function\":"
	    "{\"name\":\"f\",\"arguments\":\"{}\"}},{\"id\":\"b\",\"function\":{\"name\":\"f\","
	    "\"arguments\":\"{}\"}}]},\"finish_reason\":\"tool_calls\"}]}" },
	  "f({})#a f({})#b" },
};

TEST(tool_fragments)
{
	for (size_t i = 0; i < sizeof(streams) / sizeof(streams[0]); i++) {
		struct sb b;
		sb_init(&b, LIM_SB);
		int rc = calls_of(streams[i].chunks, &b);
		bool ok = t_sv_eq(__FILE__, (int)i, streams[i].name, sb_sv(&b),
				  sv_of(streams[i].want));
		sb_done(&b);
		OK(rc);
		CHECK(ok);
	}
}

TEST(tool_fragments_are_bounded)
{
	struct llm_reader r;
	struct sb b;
	int rc = 0, n = 0;
	sb_init(&b, 4096);
	llm_reader_init(&r, no_text, NULL);
	for (; n < 100 && !rc; n++) {
		sb_reset(&b);
		sb_fmt(&b,
		       T("{\"index\":%d,\"function\":{\"name\":\"f\",\"arguments\":\"{}\"}}"),
		       n);
		rc = llm_reader_event(&r, sb_sv(&b));
	}
	llm_reader_done(&r);
	EQ(rc, ERR_TOOBIG);
	EQ(n, LLM_CALLS_MAX + 1);
	llm_reader_init(&r, no_text, NULL);
	sb_reset(&b);
	sb_cstr(&b, "{\"choices\":[{\"delta\":{\"tool_calls\":[{\"function\":{\"arguments\":\"");
	for (int i = 0; i < 1000; i++)
		sb_ch(&b, 'x');
	sb_cstr(&b, "\"}}]}}]}");
	for (rc = 0, n = 0; n < 100 && !rc; n++)
		rc = llm_reader_event(&r, sb_sv(&b));
	llm_reader_done(&r);
	sb_done(&b);
	EQ(rc, ERR_TOOBIG);
	EQ(n, LLM_ARGS_MAX / 1000 + 1);
}

/* ---- over the wire ---- */

static jv *schema(void)
{
	struct err e;
	return jv_parse(
		SV("{\"type\":\"object\",\"properties\":{\"order\":{\"type\":\"string\","
		   "\"minLength\":3}},\"required\":[\"order\"],\"additionalProperties\":"
		   "false}"),
		&e);
}

#define HEAD "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n"
#define CALL(id, args) \
	"data: " T("{\"index\":0,\"id\":\"" id \
		   "\",\"function\":{\"name\":\"find\",\"arguments\":\"" args "\"}}") "\n\n"
#define SAY(text) "data: {\"choices\":[{\"delta\":{\"content\":\"" text "\"}}]}\n\n"
#define END "data: " FIN "\n\ndata: [DONE]\n\n"
#define GOOD "{\\\"order\\\":\\\"H123\\\"}"
#define SHORT "{\\\"order\\\":\\\"H\\\"}"

struct got {
	struct sb text, calls;
	int ends, err, n_calls;
	bool cancel_in_call;
	struct llm_usage u;
	char model[64]; /* u.model goes with its llm */
	struct llm_run *run;
};

static void on_delta(void *arg, sv text)
{
	sb_put(&((struct got *)arg)->text, text);
}

static void on_call(void *arg, const struct llm_call *c)
{
	struct got *g = arg;
	sb_fmt(&g->calls, SV_FMT "(" SV_FMT ")%s ", SV_ARG(c->name), SV_ARG(c->args),
	       c->id.n == 9 ? "" : c->id.n ? "#" : "?");
	g->n_calls++;
	if (g->cancel_in_call)
		llm_cancel(g->run);
}

static void on_end(void *arg, int err, const struct llm_usage *u)
{
	struct got *g = arg;
	g->ends++;
	g->err = err;
	g->u = *u;
	(void)snprintf(g->model, sizeof(g->model), "%s", u->model);
}
static const struct llm_cb cb = { on_delta, on_call, on_end };

static bool ended(void *arg)
{
	struct got *g = arg;
	return g->ends > 0 || (g->cancel_in_call && g->n_calls > 0);
}

struct wire {
	struct loop *l;
	struct fake f;
	struct llm *m;
	struct got g;
	char error[200];
};

static void wire_done(struct wire *w)
{
	sb_done(&w->g.text);
	sb_done(&w->g.calls);
}

/* One question with the tool "find" (or bound to its schema) against given answers. */
static int wire(struct wire *w, const struct fake_answer *a, size_t n, bool bound,
		const char *dialect)
{
	char url[64];
	struct err e;
	jv *s = schema();
	sb_init(&w->g.text, LIM_SB);
	sb_init(&w->g.calls, LIM_SB);
	w->g.err = 1;
	w->l = loop_new();
	fake_open(&w->f, w->l, a, n);
	(void)snprintf(url, sizeof(url), "http://127.0.0.1:%d", w->f.port);
	struct model_spec spec = { .kind = "openai", .url = url, .model = "m", .dialect = dialect,
				   .price_in = 1000000, .price_out = 2000000 };
	int rc = llm_open(&w->m, &spec, w->l, &e);
	struct llm_msg m = { LLM_USER, SV("Where is it?") };
	struct llm_tool tool = { SV("find"), SV("Finds."), s };
	struct llm_prompt p = { .msgs = &m, .n = 1, .tools = &tool, .n_tools = !bound,
				.schema = bound ? s : NULL };
	rc = rc ? rc : llm_start(w->m, &p, &cb, &w->g, &w->g.run);
	jv_free(s);
	if (!rc && !t_wait(w->l, ended, &w->g, 8000))
		rc = ERR_TIMEOUT;
	(void)loop_run_once(w->l, 5);
	(void)snprintf(w->error, sizeof(w->error), "%s", w->m ? llm_error(w->m) : "");
	llm_close(w->m);
	fake_close(&w->f);
	loop_free(w->l);
	return rc;
}

static const struct {
	const char *name;
	struct fake_answer a[3];
	size_t n;
	bool bound;
	const char *text, *calls;
	int err;
	size_t requests;
} wires[] = {
	{ "a call",
	  { { { HEAD, CALL("a", GOOD), END } } },
	  1,
	  false,
	  "",
	  "find({\"order\":\"H123\"})# ",
	  0,
	  1 },
	{ "text, then a call",
	  { { { HEAD, SAY("One moment."), CALL("a", GOOD), END } } },
	  1,
	  false,
	  "One moment.",
	  "find({\"order\":\"H123\"})# ",
	  0,
	  1 },
	{ "a call without id gets one",
	  { { { HEAD, CALL("", GOOD), END } } },
	  1,
	  false,
	  "",
	  "find({\"order\":\"H123\"}) ",
	  0,
	  1 },
	{ "the same call twice is one",
	  { { { HEAD, CALL("a", GOOD), CALL("b", "{ \\\"order\\\" : \\\"H123\\\" }"), END } } },
	  1,
	  false,
	  "",
	  "find({\"order\":\"H123\"})# ",
	  0,
	  1 },
	{ "arguments that do not fit are asked for once more",
	  { { { HEAD, CALL("a", SHORT), END } }, { { HEAD, CALL("b", GOOD), END } } },
	  2,
	  false,
	  "",
	  "find({\"order\":\"H123\"})# ",
	  0,
	  2 },
	{ "and only once",
	  { { { HEAD, CALL("a", SHORT), END } } },
	  1,
	  false,
	  "",
	  "",
	  ERR_PARSE,
	  2 },
	{ "text is not said twice when asked once more",
	  { { { HEAD, SAY("Wait."), CALL("a", SHORT), END } },
	    { { HEAD, SAY("Wait."), CALL("b", GOOD), END } } },
	  2,
	  false,
	  "Wait.",
	  "find({\"order\":\"H123\"})# ",
	  0,
	  2 },
	{ "a call that never comes after text",
	  { { { HEAD, SAY("Wait."), CALL("a", SHORT), END } },
	    { { HEAD, SAY("Sorry."), END } } },
	  2,
	  false,
	  "Wait.",
	  "",
	  ERR_PARSE,
	  2 },
	{ "text in the place of a wrong call",
	  { { { HEAD, CALL("a", "{}"), END } }, { { HEAD, SAY("Which order?"), END } } },
	  2,
	  false,
	  "Which order?",
	  "",
	  0,
	  2 },
	{ "arguments that are no JSON",
	  { { { HEAD, CALL("a", "{order: 1"), END } }, { { HEAD, CALL("b", GOOD), END } } },
	  2,
	  false,
	  "",
	  "find({\"order\":\"H123\"})# ",
	  0,
	  2 },
	{ "arguments in a string in a string",
	  { { { HEAD, CALL("a", "\\\"{\\\\\\\"order\\\\\\\":\\\\\\\"H123\\\\\\\"}\\\""),
		END } } },
	  1,
	  false,
	  "",
	  "find({\"order\":\"H123\"})# ",
	  0,
	  1 },
	{ "a tool that is not offered",
	  { { { HEAD,
		"data: " T("{\"index\":0,\"id\":\"a\",\"function\":{\"name\":\"drop\","
			   "\"arguments\":"
			   "\"{}\"}}") "\n\n",
		END } },
	    { { HEAD, SAY("No."), END } } },
	  2,
	  false,
	  "No.",
	  "",
	  0,
	  2 },
	{ "a call cut off is no call; nothing was said, so it is asked again",
	  { { {
		      HEAD,
		      CALL("a", "{\\\"order\\\":\\\"H1"),
	      },
	      .reset = true },
	    { { HEAD, CALL("b", GOOD), END } } },
	  2,
	  false,
	  "",
	  "find({\"order\":\"H123\"})# ",
	  0,
	  2 },
	{ "a call cut off after text is lost",
	  { { { HEAD, SAY("Wait."), CALL("a", GOOD) }, .gap_ms = 20, .reset = true } },
	  1,
	  false,
	  "Wait.",
	  "",
	  ERR_NET,
	  1 },
	{ "hung up on before the end: no call, it is asked again",
	  { { { HEAD, CALL("a", GOOD) } }, { { HEAD, CALL("b", GOOD), END } } },
	  2,
	  false,
	  "",
	  "find({\"order\":\"H123\"})# ",
	  0,
	  2 },
	{ "the server keeps the connection after finish_reason",
	  { { { HEAD, CALL("a", GOOD), "data: " FIN "\n\n" }, .stall = true } },
	  1,
	  false,
	  "",
	  "find({\"order\":\"H123\"})# ",
	  0,
	  1 },
	{ "bound",
	  { { { HEAD, SAY("{\\\"order\\\""), SAY(":\\\"H123\\\"}"), END } } },
	  1,
	  true,
	  "{\"order\":\"H123\"}",
	  "",
	  0,
	  1 },
	{ "bound, with words and a fence around it",
	  { { { HEAD, SAY("Sure:\\n```json\\n{\\\"ord"), SAY("er\\\":\\\"}`{\\\"}\\n``"),
		SAY("`\\nBye"), END } } },
	  1,
	  true,
	  "{\"order\":\"}`{\"}",
	  "",
	  0,
	  1 },
	{ "bound, and does not fit",
	  { { { HEAD, SAY("{\\\"order\\\":1}"), END } } },
	  1,
	  true,
	  "{\"order\":1}",
	  "",
	  ERR_PARSE,
	  1 },
	{ "bound, and cut off",
	  { { { HEAD, SAY("{\\\"order\\\":"), END } } },
	  1,
	  true,
	  "{\"order\":",
	  "",
	  ERR_PARSE,
	  1 },
};

TEST(tool_over_the_wire)
{
	for (size_t i = 0; i < sizeof(wires) / sizeof(wires[0]); i++) {
		struct wire w = { 0 };
		int rc = wire(&w, wires[i].a, wires[i].n, wires[i].bound, NULL);
		bool ok = !rc && w.g.ends == 1 && w.g.err == wires[i].err &&
			  w.f.requests == wires[i].requests &&
			  sv_eq(sb_sv(&w.g.text), sv_of(wires[i].text)) &&
			  sv_eq(sb_sv(&w.g.calls), sv_of(wires[i].calls)) &&
			  (!w.g.err || w.error[0]);
		if (!ok)
			(void)printf("# %s: rc %d ends %d err %s requests %zu text \"%s\" "
				     "calls \"%s\" "
				     "error \"%s\"\n",
				     wires[i].name, rc, w.g.ends, err_name(w.g.err),
				     w.f.requests, sb_str(&w.g.text), sb_str(&w.g.calls),
				     w.error);
		wire_done(&w);
		CHECK(ok);
	}
}

TEST(tool_both_tries_are_counted)
{
	static const struct fake_answer a[] = {
		{ { HEAD, CALL("abc", SHORT),
		    "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":10,\"completion_tokens\":4,"
		    "\"prompt_tokens_details\":{\"cached_tokens\":3}}}\n\n", END } },
		{ { HEAD, CALL("b", GOOD),
		    "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":20,\"completion_tokens\":5,"
		    "\"prompt_tokens_details\":{\"cached_tokens\":8}}}\n\n", END } },
	};
	struct wire w = { 0 };
	int rc = wire(&w, a, 2, false, NULL);
	wire_done(&w);
	OK(rc);
	OK(w.g.err);
	EQ(w.g.u.prompt_tokens, 30);
	EQ(w.g.u.cached_tokens, 11);
	EQ(w.g.u.completion_tokens, 9);
	EQ(w.g.u.cost, 30 + 2 * 9);
}

static const struct fake_answer *second(void *arg, struct fake *f, sv request)
{
	static const struct fake_answer a[] = { { { HEAD, CALL("abc", SHORT), END } },
						{ { HEAD, SAY("ok"), END } } };
	bool *told = arg;
	if (f->requests == 1)
		return &a[0];
	*told = sv_find(request, SV("\"tool_call_id\":\"abc\"")) > 0 &&
		sv_find(request, SV("order: must have at least 3 characters")) > 0 &&
		sv_find(request, SV("\"tool_calls\":[{\"id\":\"abc\"")) > 0;
	return &a[1];
}

TEST(tool_model_is_told_what_is_wrong)
{
	bool told = false;
	struct loop *l = loop_new();
	struct fake f;
	struct got g = { .err = 1 };
	struct err e;
	char url[64];
	struct llm *m = NULL;
	jv *s = schema();
	sb_init(&g.text, LIM_SB);
	sb_init(&g.calls, LIM_SB);
	fake_open(&f, l, NULL, 0);
	f.pick = second;
	f.arg = &told;
	(void)snprintf(url, sizeof(url), "http://127.0.0.1:%d", f.port);
	int rc = llm_open(&m, &(struct model_spec){ .kind = "openai", .url = url }, l, &e);
	struct llm_msg msg = { LLM_USER, SV("x") };
	struct llm_tool tool = { SV("find"), SV("Finds."), s };
	struct llm_prompt p = { .msgs = &msg, .n = 1, .tools = &tool, .n_tools = 1 };
	rc = rc ? rc : llm_start(m, &p, &cb, &g, &g.run);
	jv_free(s);
	bool done = !rc && t_wait(l, ended, &g, 5000);
	llm_close(m);
	fake_close(&f);
	loop_free(l);
	sb_done(&g.text);
	sb_done(&g.calls);
	OK(rc);
	CHECK(done && told);
	OK(g.err);
}

TEST(tool_cancel_from_its_callback)
{
	static const struct fake_answer a = {
		{ HEAD, CALL("a", GOOD),
		  "data: " T("{\"index\":1,\"id\":\"b\",\"function\":{\"name\":\"find\","
			     "\"arguments\":"
			     "\"{\\\"order\\\":\\\"H999\\\"}\"}}") "\n\n",
		  END }
	};
	struct wire w = { .g = { .cancel_in_call = true } };
	int rc = wire(&w, &a, 1, false, NULL);
	wire_done(&w);
	OK(rc);
	EQ(w.g.n_calls, 1);
	EQ(w.g.ends, 0);
}

/* Where the cached tokens stand depends on the dialect; without a report tokens are estimated. */
TEST(tool_usage_by_dialect)
{
	static const struct fake_answer ds = {
		{ HEAD, SAY("Hi"), "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":9,"
		  "\"completion_tokens\":1,\"prompt_cache_hit_tokens\":6}}\n\n", END } },
		lc = { { HEAD, SAY("Hi"), "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":9},"
			 "\"timings\":{\"cache_n\":5}}\n\n", END } },
		no = { { HEAD, SAY("Hello you"), END } };
	struct wire a = { 0 }, b = { 0 }, c = { 0 };
	int rc = wire(&a, &ds, 1, false, "deepseek");
	rc = rc ? rc : wire(&b, &lc, 1, false, "llama.cpp");
	rc = rc ? rc : wire(&c, &no, 1, false, "openai");
	wire_done(&a);
	wire_done(&b);
	wire_done(&c);
	OK(rc);
	EQ(a.g.u.cached_tokens, 6);
	EQ(a.g.u.cost, 9 + 2);
	EQ(b.g.u.cached_tokens, 5);
	EQ(c.g.u.completion_tokens, 3);
	CHECK(c.g.u.prompt_tokens > 0);
	STR_EQ(c.g.model, "openai:m");
}
