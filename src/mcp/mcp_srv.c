/* mcp_srv.c: the server's side: a message in, an answer or a call of a tool out. No I/O and no
 * state between messages, so both generations are served by the same address at the same time:
 * a request with 2026-07-28's _meta is answered by its rules, any other by those of the
 * handshake. Any thread.
 *
 * Answers are written as text around the request's own id, whatever kind it is. Wrong arguments
 * are an answer of the tool (isError), because a model can mend them; what a program did wrong
 * is an error of the protocol.
 */
#include <stdio.h>

#include "mcp_int.h"

enum { TTL_MS = 300000, ANSWER_BYTES = 16 << 20 };
enum {
	BAD_JSON = -32700,
	BAD_REQUEST = -32600,
	BAD_PARAMS = -32602,
};

struct srv_tool {
	const struct mcp_srv_tool *t;
	jv *input, *output;
};
struct mcp_srv {
	struct srv_tool *v;
	size_t n;
	char *hint;
};

int mcp_srv_new(struct mcp_srv **ret, const struct mcp_srv_tool *v, size_t n, const char *hint)
{
	struct mcp_srv *s = xalloc(sizeof(*s));
	bool ok = true;

	s->v = xalloc((n + 1) * sizeof(*s->v));
	s->n = n;
	s->hint = xstrdup(sv_of(hint));
	for (size_t i = 0; i < n; i++) {
		s->v[i].t = &v[i];
		s->v[i].input = jv_parse(sv_of(v[i].input), NULL);
		s->v[i].output = v[i].output ? jv_parse(sv_of(v[i].output), NULL) : NULL;
		ok &= jv_is_obj(s->v[i].input) && (!v[i].output || jv_is_obj(s->v[i].output));
	}
	if (!ok) {
		mcp_srv_free(s);
		return ERR_PARSE;
	}
	*ret = s;
	return 0;
}

void mcp_srv_free(struct mcp_srv *s)
{
	if (!s)
		return;
	for (size_t i = 0; i < s->n; i++) {
		jv_free(s->v[i].input);
		jv_free(s->v[i].output);
	}
	xfree(s->v);
	xfree(s->hint);
	xfree(s);
}

void mcp_srv_out_done(struct mcp_srv_out *out)
{
	sb_done(&out->body);
	jv_free(out->args);
	jv_free(out->id);
	out->args = out->id = NULL;
}

/* ---- answers ---- */

static void open_answer(struct mcp_srv_out *out)
{
	sb_reset(&out->body);
	sb_cstr(&out->body, "{\"jsonrpc\":\"2.0\"");
	if (out->id) {
		sb_cstr(&out->body, ",\"id\":");
		jv_dump(out->id, &out->body);
	} else if (!out->modern) {
		sb_cstr(&out->body, ",\"id\":null");
	}
}

/* An error of the protocol; data is moved and may be NULL. */
static void wrong(struct mcp_srv_out *out, int status, int code, const char *why, jv *data)
{
	out->kind = MCP_SRV_ANSWER;
	out->status = status;
	open_answer(out);
	sb_fmt(&out->body, ",\"error\":{\"code\":%d,\"message\":", code);
	sb_json(&out->body, sv_of(why));
	if (data) {
		sb_cstr(&out->body, ",\"data\":");
		jv_dump(data, &out->body);
	}
	sb_cstr(&out->body, "}}");
	jv_free(data);
}

/* result is moved. */
static void answer(struct mcp_srv_out *out, jv *result)
{
	out->kind = MCP_SRV_ANSWER;
	out->status = 200;
	if (out->modern) {
		jv *meta = jv_obj();

		jv_set_str(result, "resultType", SV("complete"));
		jv_set(meta, MCP_META "serverInfo", mcp_self());
		jv_set(result, "_meta", meta);
	}
	open_answer(out);
	sb_cstr(&out->body, ",\"result\":");
	jv_dump(result, &out->body);
	sb_ch(&out->body, '}');
	jv_free(result);
	if (sb_err(&out->body)) {
		sb_done(&out->body);
		sb_init(&out->body, ANSWER_BYTES);
		wrong(out, 200, -32603, "the answer is too large; ask for less", NULL);
	}
}

static void tool_answer(struct mcp_srv_out *out, sv text, jv *structured, bool is_error)
{
	jv *result = jv_obj(), *list = jv_arr(), *block = jv_obj();

	jv_set_str(block, "type", SV("text"));
	jv_set_str(block, "text", text);
	jv_push(list, block);
	jv_set(result, "content", list);
	if (structured)
		jv_set(result, "structuredContent", structured);
	jv_set_bool(result, "isError", is_error);
	answer(out, result);
}

void mcp_srv_result(struct mcp_srv_out *out, jv *value)
{
	struct sb text;

	sb_init(&text, ANSWER_BYTES);
	jv_dump(value, &text);
	tool_answer(out, sb_sv(&text), value, false);
	sb_done(&text);
}

void mcp_srv_failed(struct mcp_srv_out *out, const char *why)
{
	tool_answer(out, sv_of(why), NULL, true);
}

/* ---- which generation ---- */

static const char *const versions[] = { MCP_MODERN, MCP_LEGACY, "2025-06-18", "2025-03-26" };

static bool known(sv version)
{
	for (size_t i = 0; i < sizeof(versions) / sizeof(*versions); i++)
		if (sv_eq(version, sv_of(versions[i])))
			return true;
	return false;
}

static void unsupported(struct mcp_srv_out *out, sv requested)
{
	jv *data = jv_obj(), *list = jv_arr();

	for (size_t i = 0; i < sizeof(versions) / sizeof(*versions); i++)
		jv_push(list, jv_str(sv_of(versions[i])));
	jv_set(data, "supported", list);
	jv_set_str(data, "requested", requested);
	wrong(out, 400, MCP_UNSUPPORTED_VERSION, "Unsupported protocol version", data);
}

static bool header_is(sv header, sv body)
{
	struct arena a;

	arena_init(&a, 64u << 10);
	sv plain = mcp_head_read(&a, header);
	bool same = header.p && plain.p && sv_eq(plain, body);
	arena_done(&a);
	return same;
}

/* 2026-07-28: what must be there and what must agree. false: answered. */
static bool modern_ok(const struct mcp_srv_in *in, struct mcp_srv_out *out, const jv *msg,
		      sv version)
{
	sv method = jv_get_str(msg, "method");
	const jv *params = jv_get(msg, "params"), *meta = jv_get(params, "_meta");
	const char *what = NULL;

	out->modern = true;
	if (in->http && !sv_eq(in->version, version))
		what = "Header mismatch: MCP-Protocol-Version";
	else if (in->http && !sv_eq(in->method, method))
		what = "Header mismatch: Mcp-Method";
	else if (in->http && sv_eq(method, SV("tools/call")) &&
		 !header_is(in->name, jv_get_str(params, "name")))
		what = "Header mismatch: Mcp-Name";
	if (what)
		wrong(out, 400, MCP_HEADER_MISMATCH, what, NULL);
	else if (!sv_eq(version, SV(MCP_MODERN)))
		unsupported(out, version);
	else if (!jv_is_obj(jv_get(meta, MCP_META "clientCapabilities")))
		wrong(out, 400, BAD_PARAMS, "_meta lacks " MCP_META "clientCapabilities", NULL);
	else
		return true;
	return false;
}

static bool generation_ok(const struct mcp_srv_in *in, struct mcp_srv_out *out, const jv *msg)
{
	const jv *meta = jv_get(jv_get(msg, "params"), "_meta");
	const jv *version = jv_get(meta, MCP_META "protocolVersion");

	if (version)
		return modern_ok(in, out, msg, jv_as_str(version));
	if (in->http && sv_eq(in->version, SV(MCP_MODERN))) {
		out->modern = true;
		wrong(out, 400, BAD_PARAMS, "_meta lacks " MCP_META "protocolVersion", NULL);
		return false;
	}
	if (in->http && in->version.n && !known(in->version)) {
		unsupported(out, in->version);
		return false;
	}
	return true;
}

/* ---- methods ---- */

typedef void method_fn(const struct mcp_srv *s, const struct mcp_srv_in *in,
		       struct mcp_srv_out *out, const jv *params);

static jv *capabilities(void)
{
	jv *o = jv_obj();

	jv_set(o, "tools", jv_obj());
	return o;
}

static void do_initialize(const struct mcp_srv *s, const struct mcp_srv_in *in,
			  struct mcp_srv_out *out, const jv *params)
{
	sv asked = jv_get_str(params, "protocolVersion");
	bool ours = known(asked) && !sv_eq(asked, SV(MCP_MODERN));
	jv *o = jv_obj();

	(void)in;
	if (!asked.n) {
		jv_free(o);
		wrong(out, 200, BAD_PARAMS, "protocolVersion is missing", NULL);
		return;
	}
	jv_set_str(o, "protocolVersion", ours ? asked : SV(MCP_LEGACY));
	jv_set(o, "capabilities", capabilities());
	jv_set(o, "serverInfo", mcp_self());
	jv_set_str(o, "instructions", sv_of(s->hint));
	answer(out, o);
}

static void do_ping(const struct mcp_srv *s, const struct mcp_srv_in *in, struct mcp_srv_out *out,
		    const jv *params)
{
	(void)s;
	(void)in;
	(void)params;
	answer(out, jv_obj());
}

/* How long a list may be kept; it depends on who asks. */
static void set_ttl(jv *o)
{
	jv_set_int(o, "ttlMs", TTL_MS);
	jv_set_str(o, "cacheScope", SV("private"));
}

static void do_discover(const struct mcp_srv *s, const struct mcp_srv_in *in,
			struct mcp_srv_out *out, const jv *params)
{
	jv *o = jv_obj(), *list = jv_arr();

	(void)in;
	(void)params;
	jv_push(list, jv_str(SV(MCP_MODERN)));
	jv_push(list, jv_str(SV(MCP_LEGACY)));
	jv_set(o, "supportedVersions", list);
	jv_set(o, "capabilities", capabilities());
	jv_set_str(o, "instructions", sv_of(s->hint));
	set_ttl(o);
	answer(out, o);
}

static jv *tool_json(const struct srv_tool *x)
{
	jv *o = jv_obj(), *hints = jv_obj();

	jv_set_str(o, "name", sv_of(x->t->name));
	jv_set_str(o, "title", sv_of(x->t->title));
	jv_set_str(o, "description", sv_of(x->t->what));
	jv_set(o, "inputSchema", jv_copy(x->input));
	if (x->output)
		jv_set(o, "outputSchema", jv_copy(x->output));
	jv_set_bool(hints, "readOnlyHint", x->t->read_only);
	jv_set_bool(hints, "destructiveHint", false);
	jv_set_bool(hints, "openWorldHint", false);
	jv_set(o, "annotations", hints);
	return o;
}

static void do_list(const struct mcp_srv *s, const struct mcp_srv_in *in, struct mcp_srv_out *out,
		    const jv *params)
{
	jv *o, *list;

	if (jv_get_str(params, "cursor").n) {
		wrong(out, out->modern ? 400 : 200, BAD_PARAMS, "there is no such page", NULL);
		return;
	}
	o = jv_obj();
	list = jv_arr();
	for (size_t i = 0; i < s->n; i++)
		if (s->v[i].t->level <= in->level)
			jv_push(list, tool_json(&s->v[i]));
	jv_set(o, "tools", list);
	if (out->modern)
		set_ttl(o);
	answer(out, o);
}

static void do_call(const struct mcp_srv *s, const struct mcp_srv_in *in, struct mcp_srv_out *out,
		    const jv *params)
{
	sv name = jv_get_str(params, "name");
	const jv *args = jv_get(params, "arguments");
	struct err e = { 0 };
	char why[400];
	size_t i = 0;

	while (i < s->n && !(sv_eq(name, sv_of(s->v[i].t->name)) && s->v[i].t->level <= in->level))
		i++;
	if (i == s->n || (args && !jv_is_obj(args))) {
		(void)snprintf(why, sizeof(why), i == s->n ? "Unknown tool: %.*s" :
			       "arguments of %.*s must be an object",
			       (int)(name.n < 100 ? name.n : 100), name.p ? name.p : "");
		wrong(out, out->modern ? 400 : 200, BAD_PARAMS, why, NULL);
		return;
	}
	out->args = args ? jv_copy(args) : jv_obj();
	out->tool = i;
	if (jv_schema_check(s->v[i].input, out->args, &e)) {
		(void)snprintf(why, sizeof(why), "These arguments do not fit: %.300s", e.msg);
		mcp_srv_failed(out, why);
		return;
	}
	out->kind = MCP_SRV_CALL;
	out->status = 200;
}

static const struct {
	const char *name;
	bool modern, legacy;
	method_fn *fn;
} methods[] = {
	{ "initialize", false, true, do_initialize },
	{ "ping", false, true, do_ping },
	{ "server/discover", true, false, do_discover },
	{ "tools/list", true, true, do_list },
	{ "tools/call", true, true, do_call },
};

static void request(const struct mcp_srv *s, const struct mcp_srv_in *in, struct mcp_srv_out *out,
		    const jv *msg)
{
	sv method = jv_get_str(msg, "method");

	if (!generation_ok(in, out, msg))
		return;
	for (size_t i = 0; i < sizeof(methods) / sizeof(*methods); i++)
		if (sv_eq(method, sv_of(methods[i].name)) &&
		    (out->modern ? methods[i].modern : methods[i].legacy)) {
			methods[i].fn(s, in, out, jv_get(msg, "params"));
			return;
		}
	wrong(out, out->modern ? 404 : 200, MCP_NO_METHOD, "Method not found", NULL);
}

static bool id_ok_of(const jv *id)
{
	int64_t a = jv_as_int(id, INT64_MIN);

	return jv_is_str(id) ? jv_as_str(id).n <= 512 : jv_is_num(id) && a != INT64_MIN;
}

void mcp_srv_take(const struct mcp_srv *s, const struct mcp_srv_in *in, struct mcp_srv_out *out)
{
	struct err e = { 0 };
	jv *msg = jv_parse(in->body, &e);
	const jv *method = jv_get(msg, "method"), *id = jv_get(msg, "id");

	*out = (struct mcp_srv_out){ .kind = MCP_SRV_NOTHING, .status = 202 };
	sb_init(&out->body, ANSWER_BYTES);
	if (!msg)
		wrong(out, 400, BAD_JSON, "this is no JSON", NULL);
	else if (jv_is_arr(msg))
		wrong(out, 400, BAD_REQUEST, "one message at a time, no batches", NULL);
	else if (!sv_eq(jv_get_str(msg, "jsonrpc"), SV("2.0")))
		wrong(out, 400, BAD_REQUEST, "this is no JSON-RPC 2.0", NULL);
	else if (!jv_is_str(method) && (jv_get(msg, "result") || jv_get(msg, "error")))
		out->kind = MCP_SRV_NOTHING;         /* nothing was asked of the client */
	else if (!jv_is_str(method))
		wrong(out, 400, BAD_REQUEST, "method is missing", NULL);
	else if (id && !id_ok_of(id))
		wrong(out, 400, BAD_REQUEST, "id must be a text or an integer", NULL);
	else if (id) {
		out->id = jv_copy(id);
		request(s, in, out, msg);
	} else if (sv_eq(jv_as_str(method), SV("notifications/cancelled"))) {
		const jv *of = jv_path(msg, "params.requestId");
		out->kind = id_ok_of(of) ? MCP_SRV_CANCEL : MCP_SRV_NOTHING;
		out->id = id_ok_of(of) ? jv_copy(of) : NULL;
	}
	jv_free(msg);
}
