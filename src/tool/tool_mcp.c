/* tool_mcp.c: the source "mcp": a tool as one tool of an MCP server of the configuration.
 *
 *	with:
 *	  system: crm
 *	  tool: order_get
 *	  args: {id: "{order}"}           left out: our arguments as they are
 *	  key_arg: idempotency_key        an effect's key goes there; without it no effect is
 * asked for take, result                    as for http
 *
 * What the server says of its tools is never shown to a model: name, description and schema are
 * ours, from the declaration. Its tools are pinned when it is met first and refused when they
 * change (mcp.h). Its answer is data: the structured one, or its text as "text". Why it did not
 * do something is told in words of ours; its own go into the record alone. The client lives on
 * the loop's thread; the call waits on a far thread.
 */
#include "tool_far.h"

#include <stdio.h>

struct ask {
	struct tool_far *f;
	struct far_system *s;
	struct tool_run *r;
	jv *args, *got;
	char name[TOOL_NAME * 2], why[200];
	int err;
	bool is_error, over;
};

/* ---- on the loop's thread ---- */

static void answered(void *arg, const struct mcp_result *res)
{
	struct ask *a = arg;
	a->err = res->err;
	a->is_error = res->is_error;
	(void)snprintf(a->why, sizeof(a->why), "%.190s", res->why);
	if (!res->err && res->structured) {
		a->got = jv_copy(res->structured);
	} else if (!res->err) {
		a->got = jv_obj();
		jv_set_str(a->got, "text", res->text);
	}
	far_over(a->f, &a->over);
}

static int open_client(struct tool_far *f, struct far_system *s, struct err *e)
{
	struct sb headers;
	int rc = 0;
	sb_init(&headers, 80u << 10);
	sb_cstr(&headers, s->headers);
	if (s->key)
		rc = far_key_line(sv_of(s->key), sv_of(s->key_header),
				  &headers, e);
	struct mcp_opts o = { .name = s->name,
			      .argv = (const char *const *)s->argv,
			      .url = s->url,
			      .headers = headers.n ? sb_str(&headers) : NULL,
			      .env = (const char *const *)s->env,
			      .allow = (const char *const *)s->allow,
			      .pins = f->pins[0] ? f->pins : NULL };
	if (!rc)
		rc = mcp_open(&s->mcp, f->loop, &o, e);
	sb_done(&headers);
	return rc;
}

static void begin(void *arg)
{
	struct ask *a = arg;
	struct err e = { 0 };
	struct mcp_call *call;
	int rc = a->s->mcp ? 0 : open_client(a->f, a->s, &e);
	struct mcp_call_opts o = { .tool = sv_of(a->name),
				   .args = a->args,
				   .deadline_ms = a->r->decl->timeout_ms,
				   .on_done = answered,
				   .arg = a };
	if (!rc)
		rc = mcp_call(&call, a->s->mcp, &o);
	if (!rc)
		return;
	a->err = rc;
	(void)snprintf(a->why, sizeof(a->why), "%.190s", e.msg[0] ? e.msg : err_text(rc));
	far_over(a->f, &a->over);
}

/* ---- on a far thread ---- */

/* A server that went away is met anew at the next call. */
static void forget(void *arg)
{
	struct ask *a = arg;
	if (a->s->mcp && mcp_over(a->s->mcp)) {
		mcp_close(a->s->mcp);
		a->s->mcp = NULL;
	}
	far_over(a->f, &a->over);
}

static jv *arguments(const struct tool_run *r)
{
	const jv *t = jv_get(r->decl->with, "args");
	sv key_arg = jv_get_str(r->decl->with, "key_arg");
	jv *args = t ? far_fill(r, t) : jv_copy(r->args);
	if (key_arg.n && key_arg.n < TOOL_NAME) {
		char name[TOOL_NAME];
		(void)snprintf(name, sizeof(name), SV_FMT, SV_ARG(key_arg));
		jv_set_str(args, name, r->key);
	}
	return args;
}

static const char *reason(int err)
{
	return err == ERR_TIMEOUT ?
		       "the other system did not answer in time" :
	       err == ERR_DENIED ?
		       "the other system's tools are not the ones that were accepted" :
	       err == ERR_NOTFOUND ? "the other system has no such tool" :
	       err == ERR_TOOBIG   ? "the other system's answer is too large" :
	       err_retryable(err)  ? "the other system cannot be reached" :
				     "the other system could not do it";
}

static int result(struct tool_run *r, struct ask *a)
{
	struct sb words;
	if (a->err) {
		tool_outcome(r, TOOL_FAILED, reason(a->err));
		tool_audit(r, sv_of(a->why));
		jv_free(a->got);
		return a->err;
	}
	if (!a->is_error)
		return far_take(r, a->got);
	sb_init(&words, LIM_JSON_BYTES);
	jv_dump(a->got, &words);
	tool_audit(r, sb_sv(&words));
	tool_outcome(r, TOOL_REFUSED, "the other system refused");
	sb_done(&words);
	jv_free(a->got);
	return 0;
}

static int mcp_remote(void *arg, struct tool_run *r)
{
	struct ask a = { .f = arg, .r = r };
	sv name = jv_get_str(r->decl->with, "tool");
	if (!name.n || name.n >= sizeof(a.name))
		return ERR_UNSUPPORTED;
	if (r->decl->effect && !jv_get_str(r->decl->with, "key_arg").n) {
		tool_outcome(r, TOOL_FAILED, "an effect at an MCP server needs key_arg");
		return ERR_UNSUPPORTED;
	}
	int rc = far_begin(a.f, r, FAR_MCP, &a.s);
	if (rc)
		return rc;
	(void)snprintf(a.name, sizeof(a.name), SV_FMT, SV_ARG(name));
	a.args = arguments(r);
	far_ask(a.f, begin, &a, &a.over);
	bool well = !a.err || !err_retryable(a.err);
	if (!well) {
		a.over = false;
		far_ask(a.f, forget, &a, &a.over);
	}
	far_end(a.f, a.s, well);
	jv_free(a.args);
	return result(r, &a);
}

const struct tool_ops tool_mcp = { .name = "mcp", .remote = mcp_remote };
