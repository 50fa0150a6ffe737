/* t_mcp_srv.c: the server's side against raw messages of both generations, and against nonsense. */
#include <stdio.h>

#include "mcp_int.h"
#include "t.h"

static const struct mcp_srv_tool tools[] = {
	{ "find", "Find", "Finds things.",
	  "{\"type\":\"object\",\"properties\":{\"q\":{\"type\":\"string\",\"minLength\":1}},"
	  "\"required\":[\"q\"],\"additionalProperties\":false}", NULL, true, 0 },
	{ "erase", "Erase", "Erases things.", "{\"type\":\"object\"}", NULL, false, 2 },
};

struct srv {
	struct mcp_srv *s;
	struct mcp_srv_out out;
	jv *json;
};

#define META \
	"\"_meta\":{\"io.modelcontextprotocol/protocolVersion\":\"2026-07-28\"," \
	"\"io.modelcontextprotocol/clientCapabilities\":{}}"

static void drop(struct srv *w)
{
	mcp_srv_out_done(&w->out);
	jv_free(w->json);
	w->json = NULL;
	w->out = (struct mcp_srv_out){ 0 };
}

static void say(struct srv *w, const struct mcp_srv_in *in)
{
	drop(w);
	if (!w->s)
		ASSERT(mcp_srv_new(&w->s, tools, 2, "hint") == 0);
	mcp_srv_take(w->s, in, &w->out);
	w->json = w->out.body.n ? jv_parse(sb_sv(&w->out.body), NULL) : NULL;
}

static void say_line(struct srv *w, const char *body)
{
	say(w, &(struct mcp_srv_in){ .body = sv_of(body) });
}

static void bye(struct srv *w)
{
	drop(w);
	mcp_srv_free(w->s);
}

static int64_t code(const struct srv *w)
{
	return jv_as_int(jv_path(w->json, "error.code"), 0);
}

TEST(the_handshake_of_the_older_generation)
{
	struct srv w = { 0 };

	say_line(&w, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"initialize\",\"params\":"
		     "{\"protocolVersion\":\"2025-06-18\",\"capabilities\":{}}}");
	EQ(w.out.kind, MCP_SRV_ANSWER);
	SV_EQ(jv_as_str(jv_path(w.json, "result.protocolVersion")), "2025-06-18");
	SV_EQ(jv_as_str(jv_path(w.json, "result.serverInfo.name")), "callm");
	CHECK(jv_is_obj(jv_path(w.json, "result.capabilities.tools")));
	CHECK(!jv_path(w.json, "result.resultType"));
	say_line(&w, "{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"initialize\",\"params\":"
		     "{\"protocolVersion\":\"1999-01-01\"}}");
	SV_EQ(jv_as_str(jv_path(w.json, "result.protocolVersion")), MCP_LEGACY);
	say_line(&w, "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/initialized\"}");
	EQ(w.out.kind, MCP_SRV_NOTHING);
	EQ(w.out.status, 202);
	say_line(&w, "{\"jsonrpc\":\"2.0\",\"id\":\"p\",\"method\":\"ping\"}");
	SV_EQ(sb_sv(&w.out.body), "{\"jsonrpc\":\"2.0\",\"id\":\"p\",\"result\":{}}");
	/* It does not know the newer methods: so a probing client falls back. */
	say_line(&w, "{\"jsonrpc\":\"2.0\",\"id\":3,\"method\":\"server/discover\"}");
	EQ(code(&w), -32601);
	bye(&w);
}

TEST(the_stateless_generation)
{
	struct srv w = { 0 };

	say_line(&w, "{\"jsonrpc\":\"2.0\",\"id\":\"d-1\",\"method\":\"server/"
		     "discover\",\"params\":{" META "}}");
	SV_EQ(jv_get_str(w.json, "id"), "d-1");
	SV_EQ(jv_as_str(jv_path(w.json, "result.supportedVersions.0")), MCP_MODERN);
	SV_EQ(jv_as_str(jv_path(w.json, "result.resultType")), "complete");
	CHECK(jv_path(w.json, "result.ttlMs"));
	say_line(&w, "{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"initialize\",\"params\":{" META
		     "}}");
	EQ(code(&w), -32601);
	EQ(w.out.status, 404);
	say_line(&w, "{\"jsonrpc\":\"2.0\",\"id\":3,\"method\":\"tools/"
		     "list\",\"params\":{\"_meta\":{"
		     "\"io.modelcontextprotocol/protocolVersion\":\"1900-01-01\"}}}");
	EQ(code(&w), -32022);
	SV_EQ(jv_as_str(jv_path(w.json, "error.data.requested")), "1900-01-01");
	SV_EQ(jv_as_str(jv_path(w.json, "error.data.supported.0")), MCP_MODERN);
	say_line(&w, "{\"jsonrpc\":\"2.0\",\"id\":4,\"method\":\"tools/"
		     "list\",\"params\":{\"_meta\":{"
		     "\"io.modelcontextprotocol/protocolVersion\":\"2026-07-28\"}}}");
	EQ(code(&w), -32602);        /* without the capabilities it is malformed */
	bye(&w);
}

TEST(tools_are_listed_by_the_rights_of_the_caller)
{
	struct srv w = { 0 };
	struct mcp_srv_in in = {
		.body = SV("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/list\"}")
	};

	say(&w, &in);
	EQ(jv_len(jv_path(w.json, "result.tools")), 1);
	SV_EQ(jv_as_str(jv_path(w.json, "result.tools.0.name")), "find");
	CHECK(jv_as_bool(jv_path(w.json, "result.tools.0.annotations.readOnlyHint"), false));
	SV_EQ(jv_as_str(jv_path(w.json, "result.tools.0.inputSchema.type")), "object");
	in.level = 2;
	say(&w, &in);
	EQ(jv_len(jv_path(w.json, "result.tools")), 2);
	in.body = SV("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/call\",\"params\":{\"name\":"
		     "\"erase\"}}");
	say(&w, &in);
	EQ(w.out.kind, MCP_SRV_CALL);
	in.level = 1;                /* what is not shown cannot be called either */
	say(&w, &in);
	EQ(code(&w), -32602);
	bye(&w);
}

TEST(a_call_its_result_and_its_failure)
{
	struct srv w = { 0 };

	say_line(&w, "{\"jsonrpc\":\"2.0\",\"id\":7,\"method\":\"tools/"
		     "call\",\"params\":{\"name\":\"find\","
		     "\"arguments\":{\"q\":\"\xe4\xbd\xa0\"}," META "}}");
	EQ(w.out.kind, MCP_SRV_CALL);
	EQ(w.out.tool, 0);
	SV_EQ(jv_get_str(w.out.args, "q"), "\xe4\xbd\xa0");
	jv *v = jv_obj();
	jv_set_int(v, "n", 3);
	mcp_srv_result(&w.out, v);
	jv *r = jv_parse(sb_sv(&w.out.body), NULL);
	EQ(jv_get_int(r, "id", 0), 7);
	EQ(jv_as_int(jv_path(r, "result.structuredContent.n"), 0), 3);
	SV_EQ(jv_as_str(jv_path(r, "result.content.0.text")), "{\"n\":3}");
	CHECK(!jv_as_bool(jv_path(r, "result.isError"), true));
	SV_EQ(jv_as_str(jv_path(r, "result.resultType")), "complete");
	jv_free(r);
	mcp_srv_failed(&w.out, "not today");
	r = jv_parse(sb_sv(&w.out.body), NULL);
	CHECK(jv_as_bool(jv_path(r, "result.isError"), false));
	SV_EQ(jv_as_str(jv_path(r, "result.content.0.text")), "not today");
	jv_free(r);
	bye(&w);
}

TEST(wrong_arguments_are_told_so_that_a_model_can_mend_them)
{
	struct srv w = { 0 };

	say_line(&w, "{\"jsonrpc\":\"2.0\",\"id\":7,\"method\":\"tools/"
		     "call\",\"params\":{\"name\":\"find\","
		     "\"arguments\":{\"q\":5}}}");
	EQ(w.out.kind, MCP_SRV_ANSWER);
	CHECK(jv_as_bool(jv_path(w.json, "result.isError"), false));
	HAS(jv_as_str(jv_path(w.json, "result.content.0.text")), "q");
	say_line(&w, "{\"jsonrpc\":\"2.0\",\"id\":7,\"method\":\"tools/"
		     "call\",\"params\":{\"name\":\"nope\"}}");
	EQ(code(&w), -32602);
	say_line(&w, "{\"jsonrpc\":\"2.0\",\"id\":7,\"method\":\"tools/"
		     "call\",\"params\":{\"name\":\"find\","
		     "\"arguments\":[]}}");
	EQ(code(&w), -32602);
	say_line(&w, "{\"jsonrpc\":\"2.0\",\"id\":8,\"method\":\"tools/"
		     "list\",\"params\":{\"cursor\":\"x\"}}");
	EQ(code(&w), -32602);
	bye(&w);
}

TEST(headers_must_agree_with_the_body)
{
	struct srv w = { 0 };
	struct mcp_srv_in in = {
		.http = true,
		.version = SV(MCP_MODERN),
		.method = SV("tools/call"),
		.name = SV("=?base64?ZmluZA==?="),
		.body = SV("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/"
			   "call\",\"params\":{\"name\":"
			   "\"find\",\"arguments\":{\"q\":\"a\"}," META "}}"),
	};

	say(&w, &in);
	EQ(w.out.kind, MCP_SRV_CALL);
	struct mcp_srv_in bad[] = { in, in, in, in, in };
	bad[0].version = SV_NULL;
	bad[1].version = SV(MCP_LEGACY);
	bad[2].method = SV("tools/list");
	bad[3].name = SV("erase");
	bad[4].name = SV_NULL;
	for (size_t i = 0; i < 5; i++) {
		say(&w, &bad[i]);
		EQ(code(&w), -32020);
		EQ(w.out.status, 400);
	}
	in.body = SV("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/list\"}");
	say(&w, &in);                /* the header says the newer one, the body has no _meta */
	EQ(code(&w), -32602);
	in.version = SV("1999-01-01");
	say(&w, &in);
	EQ(code(&w), -32022);
	in.version = SV_NULL;        /* before 2025-06-18 there was no such header */
	say(&w, &in);
	EQ(code(&w), 0);
	bye(&w);
}

TEST(nonsense_gets_an_answer_and_does_no_harm)
{
	static const struct {
		const char *body;
		int code;
	} cases[] = {
		{ "", -32700 },
		{ "{", -32700 },
		{ "\xff\xfe", -32700 },
		{ "[]", -32600 },
		{ "[{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\"}]", -32600 },
		{ "7", -32600 },
		{ "null", -32600 },
		{ "{\"id\":1,\"method\":\"ping\"}", -32600 },
		{ "{\"jsonrpc\":\"2.0\",\"id\":null,\"method\":\"ping\"}", -32600 },
		{ "{\"jsonrpc\":\"2.0\",\"id\":{},\"method\":\"ping\"}", -32600 },
		{ "{\"jsonrpc\":\"2.0\",\"id\":1}", -32600 },
		{ "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":7}", -32600 },
		{ "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/call\"}", -32602 },
		{ "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/call\",\"params\":[]}",
		  -32602 },
		{ "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"initialize\",\"params\":7}",
		  -32602 },
	};
	struct srv w = { 0 };

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		say_line(&w, cases[i].body);
		EQ(w.out.kind, MCP_SRV_ANSWER);
		EQ(code(&w), cases[i].code);
	}
	say_line(&w, "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{}}");
	EQ(w.out.kind, MCP_SRV_NOTHING);
	bye(&w);
}

TEST(a_cancelled_call_is_named)
{
	struct srv w = { 0 };

	say_line(&w, "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/cancelled\",\"params\":"
		     "{\"requestId\":\"r9\"}}");
	EQ(w.out.kind, MCP_SRV_CANCEL);
	SV_EQ(jv_as_str(w.out.id), "r9");
	say_line(&w, "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/cancelled\"}");
	EQ(w.out.kind, MCP_SRV_NOTHING);
	bye(&w);
}

TEST(a_table_with_a_bad_schema_is_refused)
{
	static const struct mcp_srv_tool bad[] = { { "x", "x", "x", "{", NULL, true, 0 } };
	struct mcp_srv *s = NULL;

	EQ(mcp_srv_new(&s, bad, 1, ""), ERR_PARSE);
	CHECK(!s);
}
