/* t_api_mcp.c: POST /mcp as other systems meet it: who may what, both generations, every
 * function. */
#include "t_api_world.h"

#define META \
	"\"_meta\":{\"io.modelcontextprotocol/protocolVersion\":\"2026-07-28\"," \
	"\"io.modelcontextprotocol/clientCapabilities\":{}}"

static char key[API_APIKEY_MAX];

static bool up(struct aw *w)
{
	struct resp r = { 0 };

	if (!aw_up(w))
		return false;
	/* Made by the server, so that it knows it at once. */
	int status = http(w, "POST /api/v1/keys", aw_token(w, "admin"), "{\"name\":\"shop\"}", &r);
	snprintf(key, sizeof(key), SV_FMT, SV_ARG(jv_get_str(r.json, "key")));
	resp_done(&r);
	return status == 201 && key[0];
}

/* A message of the older generation; the JSON-RPC answer in r. */
static int rpc(struct aw *w, const char *token, const char *rest, struct resp *r)
{
	char body[6000];

	snprintf(body, sizeof(body), "{\"jsonrpc\":\"2.0\",\"id\":1,%s}", rest);
	return http(w, "POST /mcp", token, body, r);
}

static const jv *call(struct aw *w, const char *token, const char *tool, const char *args,
		      struct resp *r)
{
	char rest[5500];

	snprintf(rest, sizeof(rest),
		 "\"method\":\"tools/call\",\"params\":{\"name\":\"%s\",\"arguments\":%s}",
		 tool, args);
	if (rpc(w, token, rest, r) != 200 || jv_as_bool(jv_path(r->json, "result.isError"), true))
		return NULL;
	return jv_path(r->json, "result.structuredContent");
}

TEST(mcp_needs_a_key_or_a_user_and_its_own_site)
{
	struct aw w = { 0 };
	struct resp r = { 0 };
	char id[27], conv[API_TOKEN_MAX], origin[80];

	CHECK(up(&w));
	EQ(rpc(&w, NULL, "\"method\":\"ping\"", &r), 401);
	HAS(sb_sv(&r.head), "WWW-Authenticate: Bearer");
	CHECK(is_problem(&r));
	EQ(rpc(&w, "sk-callm-nonsense", "\"method\":\"ping\"", &r), 401);
	CHECK(begin(&w, id, conv));
	EQ(rpc(&w, conv, "\"method\":\"ping\"", &r), 401);     /* a customer is nobody here */
	EQ(rpc(&w, key, "\"method\":\"ping\"", &r), 200);
	EQ(rpc(&w, aw_token(&w, "supervisor"), "\"method\":\"ping\"", &r), 200);
	EQ(http_with(&w, "POST /mcp", key, "Origin: http://evil.example\r\n", "{}", &r), 403);
	EQ(http_with(&w, "POST /mcp", key, "Origin: null\r\n", "{}", &r), 403);
	snprintf(origin, sizeof(origin), "Origin: http://127.0.0.1:%d\r\nHost: 127.0.0.1:%d\r\n",
		 w.port, w.port);
	int got = http_with(&w, "POST /mcp", key, origin,
			    "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\"}", &r);
	CHECK(got == 200 || got == 400);             /* two Host headers are a mistake of HTTP */
	EQ(http(&w, "GET /mcp", key, NULL, &r), 405);
	EQ(http(&w, "DELETE /mcp", key, NULL, &r), 405);
	resp_done(&r);
	aw_down(&w);
}

TEST(mcp_speaks_both_generations)
{
	struct aw w = { 0 };
	struct resp r = { 0 };

	CHECK(up(&w));
	EQ(rpc(&w, key, "\"method\":\"initialize\",\"params\":{\"protocolVersion\":\"2025-11-25\","
			"\"capabilities\":{}}", &r), 200);
	SV_EQ(jv_as_str(jv_path(r.json, "result.protocolVersion")), "2025-11-25");
	EQ(http(&w, "POST /mcp", key,
		"{\"jsonrpc\":\"2.0\",\"method\":\"notifications/initialized\"}", &r),
	   202);
	EQ(r.body.n, 0);
	EQ(http_with(&w, "POST /mcp", key, "MCP-Protocol-Version: 2026-07-28\r\nMcp-Method: "
		     "server/discover\r\n", "{\"jsonrpc\":\"2.0\",\"id\":\"d\",\"method\":\"server/"
		     "discover\",\"params\":{" META "}}", &r), 200);
	SV_EQ(jv_as_str(jv_path(r.json, "result.supportedVersions.0")), "2026-07-28");
	EQ(http_with(&w, "POST /mcp", key, "MCP-Protocol-Version: 2026-07-28\r\nMcp-Method: "
		     "tools/call\r\nMcp-Name: article_get\r\n", "{\"jsonrpc\":\"2.0\",\"id\":2,"
		     "\"method\":\"tools/call\",\"params\":{\"name\":\"kb_search\",\"arguments\":"
		     "{\"query\":\"a\"}," META "}}", &r), 400);
	EQ(jv_as_int(jv_path(r.json, "error.code"), 0), -32020);
	EQ(http_with(&w, "POST /mcp", key,
		     "MCP-Protocol-Version: 2026-07-28\r\nMcp-Method: nope\r\n",
		     "{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"nope\",\"params\":{" META "}}",
		     &r),
	   404);
	EQ(jv_as_int(jv_path(r.json, "error.code"), 0), -32601);
	EQ(http(&w, "POST /mcp", key, "{", &r), 400);
	EQ(jv_as_int(jv_path(r.json, "error.code"), 0), -32700);
	resp_done(&r);
	aw_down(&w);
}

TEST(mcp_a_key_does_not_read_other_peoples_conversations)
{
	struct aw w = { 0 };
	struct resp r = { 0 };

	CHECK(up(&w));
	EQ(rpc(&w, key, "\"method\":\"tools/list\"", &r), 200);
	CHECK(sv_find(sb_sv(&r.body), SV("kb_search")) >= 0);
	CHECK(sv_find(sb_sv(&r.body), SV("\"conversation")) < 0);
	EQ(rpc(&w, key,
	       "\"method\":\"tools/call\",\"params\":{\"name\":\"conversations_list\"}", &r),
	   200);
	EQ(jv_as_int(jv_path(r.json, "error.code"), 0), -32602);
	EQ(rpc(&w, aw_token(&w, "supervisor"), "\"method\":\"tools/list\"", &r), 200);
	EQ(jv_len(jv_path(r.json, "result.tools")), 7);
	const jv *tools = jv_path(r.json, "result.tools");
	for (size_t i = 0; i < jv_len(tools); i++) {
		const jv *t = jv_at(tools, i);
		CHECK(jv_as_bool(jv_path(t, "annotations.readOnlyHint"), false));
		SV_EQ(jv_as_str(jv_path(t, "inputSchema.type")), "object");
		CHECK(jv_get_str(t, "description").n > 20);
	}
	resp_done(&r);
	aw_down(&w);
}

TEST(mcp_knowledge)
{
	struct aw w = { 0 };
	struct resp r = { 0 };
	const jv *v;

	CHECK(up(&w));
	CHECK((v = call(&w, key, "kb_search",
			"{\"query\":\"How long can I return goods?\",\"k\":2}", &r)));
	SV_EQ(jv_as_str(jv_path(v, "hits.0.article_id")), "returns.en");
	CHECK(jv_get_bool(v, "answerable", false));
	/* The same as text, for clients that know no structure. */
	HAS(jv_as_str(jv_path(r.json, "result.content.0.text")), "returns.en");
	CHECK((v = call(&w, key, "article_get", "{\"id\":\"returns.zh\"}", &r)));
	HAS(jv_get_str(v, "body_md"), "30天");
	CHECK((v = call(&w, key, "articles_list", "{\"lang\":\"en\",\"limit\":1}", &r)));
	EQ(jv_len(jv_get(v, "items")), 1);
	char cursor[200];
	snprintf(cursor, sizeof(cursor), "{\"lang\":\"en\",\"cursor\":\"" SV_FMT "\"}",
		 SV_ARG(jv_get_str(v, "next_cursor")));
	CHECK((v = call(&w, key, "articles_list", cursor, &r)));
	EQ(jv_len(jv_get(v, "items")), 1);
	SV_EQ(jv_as_str(jv_path(v, "items.0.id")), "returns.en");
	CHECK(!call(&w, key, "article_get", "{\"id\":\"nothing.en\"}", &r));
	HAS(jv_as_str(jv_path(r.json, "result.content.0.text")), "no such article");
	CHECK(!call(&w, key, "articles_list", "{\"cursor\":\"nonsense\"}", &r));
	CHECK(!call(&w, key, "kb_search", "{\"query\":\"x\",\"k\":900}", &r));
	HAS(jv_as_str(jv_path(r.json, "result.content.0.text")), "k");
	resp_done(&r);
	aw_down(&w);
}

TEST(mcp_asks_the_engine_and_leaves_no_trace)
{
	struct aw w = { 0 };
	struct resp r = { 0 };
	const jv *v;

	CHECK(up(&w));
	CHECK((v = call(&w, key, "ask", "{\"text\":\"退货期限是多久？\"}", &r)));
	HAS(jv_get_str(v, "reply"), "30");
	SV_EQ(jv_as_str(jv_path(v, "citations.0.article_id")), "returns.zh");
	CHECK((v = call(&w, aw_token(&w, "admin"), "conversations_list", "{}", &r)));
	EQ(jv_len(jv_get(v, "items")), 0);
	CHECK(!call(&w, key, "ask", "{\"text\":\"  \"}", &r));
	resp_done(&r);
	aw_down(&w);
}

TEST(mcp_reads_conversations)
{
	struct aw w = { 0 };
	struct resp r = { 0 };
	char id[27], token[API_TOKEN_MAX], args[100];
	const jv *v;

	CHECK(up(&w));
	CHECK(begin(&w, id, token));
	EQ(say(&w, id, token, "{\"text\":\"How long does delivery take?\"}", &r), 200);
	const char *user = aw_token(&w, "supervisor");
	CHECK((v = call(&w, user, "conversations_list", "{\"state\":\"live\"}", &r)));
	SV_EQ(jv_as_str(jv_path(v, "items.0.id")), id);
	snprintf(args, sizeof(args), "{\"id\":\"%s\"}", id);
	CHECK((v = call(&w, user, "conversation_get", args, &r)));
	SV_EQ(jv_as_str(jv_path(v, "conversation.id")), id);
	size_t n = jv_len(jv_get(v, "events"));
	CHECK(n >= 3);
	CHECK(jv_get_int(v, "last_seq", 0) >= 3);
	snprintf(args, sizeof(args), "{\"id\":\"%s\",\"after\":1,\"limit\":1}", id);
	CHECK((v = call(&w, user, "conversation_get", args, &r)));
	EQ(jv_len(jv_get(v, "events")), 1);
	EQ(jv_as_int(jv_path(v, "events.0.seq"), 0), 2);
	CHECK(!call(&w, user, "conversation_get", "{\"id\":\"01HZZZZZZZZZZZZZZZZZZZZZZZ\"}", &r));
	HAS(jv_as_str(jv_path(r.json, "result.content.0.text")), "no such conversation");
	CHECK((v = call(&w, user, "models_list", "{}", &r)));
	CHECK(jv_is_arr(jv_get(v, "items")));
	resp_done(&r);
	aw_down(&w);
}
