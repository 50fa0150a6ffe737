/* mcp_list.c: a server's tools and the calls of them.
 *
 * Calls and wishes for the list wait in one queue until the server is up and its tools are known;
 * then lists are answered and calls sent, each under its own deadline, which runs from the wish on.
 * The list is read page by page into `fresh` and takes the old one's place when it is whole. It is
 * read again when the server says that it changed, when its time to live is over, and whenever
 * somebody asks for it. Loop's thread.
 */
#include <stdio.h>

#include "mcp_int.h"

enum { PAGE_MS = 30000, CALL_MS = 30000, TTL_MIN_MS = 1000, TTL_MAX_MS = 3600000 };

struct mcp_call {
	struct mcp_call *next;
	struct mcp *m;
	struct loop_timer deadline;
	mcp_tools_fn *on_tools;      /* a wish for the list; else a call */
	bool served;                 /* the list being read is for it */
	bool again;                  /* was sent into a session that had ended */
	struct mcp_req *req;         /* NULL = waits */
	char *tool, *traceparent;
	jv *args;
	struct mcp_call_opts o;
};

/* ---- tools ---- */

static void item_done(struct mcp_item *x)
{
	jv_free(x->def);
}

static void items_done(struct mcp_items *x)
{
	for (size_t i = 0; i < x->n; i++)
		item_done(&x->v[i]);
	VEC_FREE(x);
}

void mcp_tools_done(struct mcp *m)
{
	items_done(&m->tools);
	items_done(&m->fresh);
}

static struct mcp_item *find_in(struct mcp_items *x, sv name)
{
	for (size_t i = 0; i < x->n; i++)
		if (sv_eq(x->v[i].t.name, name))
			return &x->v[i];
	return NULL;
}

struct mcp_item *mcp_tool_find(struct mcp *m, sv name)
{
	return find_in(&m->tools, name);
}

static bool name_ok(sv name)
{
	for (size_t i = 0; i < name.n; i++)
		if ((unsigned char)name.p[i] < ' ' || name.p[i] == 127)
			return false;
	return name.n > 0 && name.n <= MCP_NAME;
}

static bool allowed(const struct mcp *m, sv name)
{
	if (!m->allow)
		return true;
	for (char **s = m->allow; *s; s++)
		if (sv_eq(sv_of(*s), name))
			return true;
	return false;
}

static const char *bad_tool(struct mcp *m, const jv *def)
{
	if (!jv_is_obj(jv_get(def, "inputSchema")))
		return "it has no inputSchema";
	if (jv_get(def, "outputSchema") && !jv_is_obj(jv_get(def, "outputSchema")))
		return "its outputSchema is no object";
	return m->url && m->modern ? mcp_head_bad(jv_get(def, "inputSchema")) : NULL;
}

/* A name twice or no name at all: the tool is left out, since nobody could mean it. */
static void add_tool(struct mcp *m, const jv *def)
{
	sv name = jv_get_str(def, "name");
	struct mcp_item *x = name_ok(name) && !find_in(&m->fresh, name) ?
				     VEC_PUSH(&m->fresh, MCP_TOOLS) : NULL;

	if (!x)
		return;
	x->def = jv_copy(def);
	const jv *d = x->def, *hints = jv_get(d, "annotations");
	const char *bad = bad_tool(m, d);
	x->t = (struct mcp_tool){
		.name = jv_get_str(d, "name"), .title = jv_get_str(d, "title"),
		.description = jv_get_str(d, "description"), .input = jv_get(d, "inputSchema"),
		.output = jv_get(d, "outputSchema"),
		.read_only = jv_get_bool(hints, "readOnlyHint", false),
		.destructive = jv_get_bool(hints, "destructiveHint", true),
		.trust = bad ? MCP_TRUST_BAD : allowed(m, name) ? MCP_TRUST_OK : MCP_TRUST_DENIED,
	};
	mcp_tool_hash(d, x->t.hash);
	if (bad)
		(void)snprintf(x->why, sizeof(x->why), "its definition is against the protocol: %s",
			       bad);
	else if (x->t.trust == MCP_TRUST_DENIED)
		(void)snprintf(x->why, sizeof(x->why), "it is not on the list of allowed tools");
}

/* ---- the queue ---- */

static void call_free(struct mcp_call *c)
{
	for (struct mcp_call **p = &c->m->calls; *p; p = &(*p)->next)
		if (*p == c) {
			*p = c->next;
			c->m->n_calls--;
			break;
		}
	loop_timer_stop(&c->deadline);
	if (c->req)
		c->req->call = NULL;
	xfree(c->tool);
	xfree(c->traceparent);
	jv_free(c->args);
	xfree(c);
}

void mcp_calls_drop(struct mcp *m)
{
	while (m->calls)
		call_free(m->calls);
}

static void end(struct mcp_call *c, const struct mcp_result *r)
{
	struct mcp *m = c->m;
	struct mcp_call_opts o = c->o;
	struct mcp_result plain = *r;
	mcp_tools_fn *on_tools = c->on_tools;
	char why[400];

	(void)snprintf(why, sizeof(why), "%s", r->why);
	mcp_plain(why, false);
	plain.why = why;
	call_free(c);
	mcp_enter(m);
	if (on_tools)
		on_tools(o.arg, r->err, why, NULL, 0);
	else if (o.on_done)
		o.on_done(o.arg, &plain);
	(void)mcp_leave(m);
}

static void fail(struct mcp_call *c, int err, const char *why)
{
	end(c, &(struct mcp_result){ .err = err, .why = why });
}

void mcp_calls_fail(struct mcp *m, int err, const char *why)
{
	char text[300];

	(void)snprintf(text, sizeof(text), "%s", why);
	mcp_enter(m);
	for (;;) {
		struct mcp_call *c = m->dead ? NULL : m->calls;

		while (c && c->req)
			c = c->next;
		if (!c)
			break;
		fail(c, err, text);
	}
	(void)mcp_leave(m);
}

/* ---- the list ---- */

static void serve_lists(struct mcp *m)
{
	struct mcp_tool *v = xalloc((m->tools.n + 1) * sizeof(*v));

	for (size_t i = 0; i < m->tools.n; i++) {
		v[i] = m->tools.v[i].t;
		v[i].why = v[i].trust == MCP_TRUST_OK ? NULL : m->tools.v[i].why;
	}
	while (!m->dead) {
		struct mcp_call *c = m->calls;

		while (c && !(c->on_tools && c->served))
			c = c->next;
		if (!c)
			break;
		mcp_tools_fn *fn = c->on_tools;
		void *arg = c->o.arg;
		call_free(c);
		fn(arg, 0, "", v, m->tools.n);
	}
	xfree(v);
}

static int ask_page(struct mcp *m, sv cursor);

static void list_done(struct mcp *m, const jv *result)
{
	int64_t ttl = jv_get_int(result, "ttlMs", TTL_MAX_MS);

	items_done(&m->tools);
	m->tools = m->fresh;
	m->fresh = (struct mcp_items){ 0 };
	m->listing = m->again = false;
	m->listed = true;
	m->fresh_until_ms = loop_now_ms(m->loop) + (ttl < TTL_MIN_MS ? TTL_MIN_MS :
						    ttl > TTL_MAX_MS ? TTL_MAX_MS : ttl);
	mcp_pins_judge(m);
	serve_lists(m);
	if (!m->dead)
		mcp_calls_run(m);
}

static void list_failed(struct mcp *m, int err, const char *why)
{
	m->listing = false;
	mcp_calls_fail(m, err, why);
}

static void on_page(void *arg, int err, const char *why, const jv *result, const jv *error)
{
	struct mcp *m = arg;
	const jv *tools = jv_get(result, "tools");
	sv cursor = jv_get_str(result, "nextCursor"), said = jv_get_str(error, "message");
	char text[300];

	if (err == ERR_CLOSED && !m->again) {
		m->again = true;     /* the session had ended: once more in a new one */
		m->listing = false;
		mcp_calls_run(m);
		return;
	}
	if (err) {
		list_failed(m, err, why);
		return;
	}
	if (!jv_is_arr(tools)) {
		(void)snprintf(text, sizeof(text), "%.60s does not list its tools: %.*s", m->name,
			       (int)(said.n < 150 ? said.n : 150),
			       said.p ? said.p : "no list in the answer");
		list_failed(m, ERR_UPSTREAM, text);
		return;
	}
	for (size_t i = 0; i < jv_len(tools); i++)
		add_tool(m, jv_at(tools, i));
	if (cursor.n && ++m->pages < MCP_PAGES && m->fresh.n < MCP_TOOLS) {
		int rc = ask_page(m, cursor);
		if (rc)
			list_failed(m, rc, m->why);
		return;
	}
	list_done(m, result);
}

static int ask_page(struct mcp *m, sv cursor)
{
	jv *p = jv_obj();

	if (cursor.n)
		jv_set_str(p, "cursor", cursor);
	return mcp_ask(m, "tools/list", p, PAGE_MS, NULL, on_page, m, NULL);
}

static void list_start(struct mcp *m)
{
	m->listing = true;
	m->stale = false;
	m->pages = 0;
	items_done(&m->fresh);
	for (struct mcp_call *c = m->calls; c; c = c->next)
		c->served = c->on_tools != NULL;
	mcp_listen(m);               /* first, so that no change falls between */
	int rc = m->state == MCP_UP ? ask_page(m, SV_NULL) : ERR_UPSTREAM;
	if (rc)
		list_failed(m, rc, m->why);
}

/* ---- a call's answer ---- */

static void join_text(const jv *content, struct sb *out)
{
	for (size_t i = 0; i < jv_len(content); i++) {
		const jv *block = jv_at(content, i);
		sv text = jv_get_str(block, "text");
		size_t room = MCP_TEXT - out->n;

		if (!sv_eq(jv_get_str(block, "type"), SV("text")) || !room)
			continue;
		if (out->n)
			sb_ch(out, '\n');
		room = MCP_TEXT - out->n;
		sb_put(out, sv_head(text, room));
	}
}

/* What is wrong with a result; 0 or a code, and why. */
static int judge(struct mcp_call *c, const jv *result, char *why, size_t cap)
{
	const struct mcp_item *x = mcp_tool_find(c->m, sv_of(c->tool));
	const jv *structured = jv_get(result, "structuredContent");
	sv type = jv_get_str(result, "resultType");
	struct err e = { 0 };

	if (sv_eq(type, SV("input_required"))) {
		(void)snprintf(why, cap, "the tool wants to ask somebody, which is not offered");
		return ERR_UNSUPPORTED;
	}
	if (type.n && !sv_eq(type, SV("complete"))) {
		(void)snprintf(why, cap, "the result is of an unknown kind");
		return ERR_UPSTREAM;
	}
	if (!x || !x->t.output || jv_get_bool(result, "isError", false))
		return 0;
	if (!structured)
		(void)snprintf(why, cap, "the result lacks the structure that the tool promises");
	else if (jv_schema_check(x->t.output, structured, &e))
		(void)snprintf(why, cap, "the result is not what the tool promises: %.200s", e.msg);
	else
		return 0;
	return ERR_UPSTREAM;
}

static void on_answer(void *arg, int err, const char *why, const jv *result, const jv *error)
{
	struct mcp_call *c = arg;
	struct mcp *m = c->m;
	char text[320];
	struct sb b;

	c->req = NULL;
	if (err == ERR_CLOSED && !c->again) {
		c->again = true;     /* the session had ended before: nothing was done */
		mcp_calls_run(m);
		return;
	}
	if (error) {
		sv said = jv_get_str(error, "message");
		int64_t code = jv_get_int(error, "code", 0);
		m->stale |= code == MCP_HEADER_MISMATCH || code == -32602;
		(void)snprintf(text, sizeof(text), "%.60s refuses the call: %.*s (%lld)", m->name,
			       (int)(said.n < 200 ? said.n : 200), said.p ? said.p : "",
			       (long long)code);
		err = code == -32602 ? ERR_INVAL : ERR_UPSTREAM;
		why = text;
	} else if (!err) {
		err = judge(c, result, text, sizeof(text));
		why = text;
	}
	if (err) {
		fail(c, err, why);
		return;
	}
	sb_init(&b, MCP_TEXT + 8);
	join_text(jv_get(result, "content"), &b);
	struct mcp_result r = { .text = sb_sv(&b), .content = jv_get(result, "content"),
				.structured = jv_get(result, "structuredContent"),
				.is_error = jv_get_bool(result, "isError", false) };
	(void)snprintf(text, sizeof(text), "%.300s", r.is_error ? sb_str(&b) : "");
	r.why = text;
	end(c, &r);
	sb_done(&b);
}

static void send_call(struct mcp_call *c)
{
	struct mcp *m = c->m;
	const struct mcp_item *x = mcp_tool_find(m, sv_of(c->tool));
	struct err e = { 0 };
	char why[400];
	int rc = !x ? ERR_NOTFOUND : x->t.trust != MCP_TRUST_OK ? ERR_DENIED :
		 jv_schema_check(x->t.input, c->args, &e) ? ERR_INVAL : 0;

	if (rc == ERR_NOTFOUND)
		(void)snprintf(why, sizeof(why), "%.60s has no tool %.100s", m->name, c->tool);
	else if (rc == ERR_DENIED)
		(void)snprintf(why, sizeof(why), "%.60s of %.40s is refused: %.159s", c->tool,
			       m->name, x->why);
	else if (rc)
		(void)snprintf(why, sizeof(why), "arguments of %.60s: %.200s", c->tool, e.msg);
	if (rc) {
		fail(c, rc, why);
		return;
	}
	jv *p = jv_obj();
	jv_set_str(p, "name", sv_of(c->tool));
	jv_set(p, "arguments", jv_copy(c->args));
	if (c->traceparent) {
		jv *meta = jv_obj();
		jv_set_str(meta, "traceparent", sv_of(c->traceparent));
		jv_set(p, "_meta", meta);
	}
	char *headers = m->url && m->modern ?
				mcp_head_make(sv_of(c->tool), x->t.input, c->args) : NULL;
	rc = mcp_ask(m, "tools/call", p, 0, headers, on_answer, c, &c->req);
	if (rc)
		fail(c, rc, m->why);
	else
		c->req->call = c;
}

static struct mcp_call *next_call(struct mcp *m)
{
	struct mcp_call *c = m->dead || m->state != MCP_UP ? NULL : m->calls;

	while (c && (c->req || c->on_tools))
		c = c->next;
	return c;
}

static bool list_wanted(const struct mcp *m)
{
	bool wished = false, waits = false;

	for (const struct mcp_call *c = m->calls; c; c = c->next) {
		wished |= c->on_tools != NULL;
		waits |= !c->req;
	}
	return wished || (waits && (!m->listed || m->stale ||
				    loop_now_ms(m->loop) >= m->fresh_until_ms));
}

void mcp_calls_run(struct mcp *m)
{
	mcp_enter(m);
	if (m->state == MCP_DOWN && m->calls) {
		if (m->argv || loop_now_ms(m->loop) < m->retry_ms)
			mcp_calls_fail(m, ERR_UPSTREAM, m->why);
		else
			mcp_connect(m);
	} else if (m->state == MCP_UP && !m->listing) {
		struct mcp_call *c;

		if (list_wanted(m))
			list_start(m);
		else
			while ((c = next_call(m)))
				send_call(c);
	}
	(void)mcp_leave(m);
}

/* ---- what callers ask ---- */

static void on_late(void *arg)
{
	struct mcp_call *c = arg;
	struct mcp *m = c->m;
	char why[200];

	(void)snprintf(why, sizeof(why), "%.60s did not answer in time", m->name);
	mcp_enter(m);
	if (c->req)
		mcp_req_drop(c->req, "deadline");
	c->req = NULL;
	fail(c, ERR_TIMEOUT, m->state == MCP_DOWN && m->why[0] ? m->why : why);
	(void)mcp_leave(m);
}

static void run_later(void *arg)
{
	mcp_calls_run(arg);
}

static struct mcp_call *call_new(struct mcp *m, int deadline_ms)
{
	if (m->n_calls >= MCP_CALLS || m->dead)
		return NULL;
	struct mcp_call *c = xalloc(sizeof(*c)), **end = &m->calls;
	c->m = m;
	while (*end)
		end = &(*end)->next;
	*end = c;
	m->n_calls++;
	loop_after(m->loop, &c->deadline, deadline_ms > 0 ? deadline_ms : CALL_MS, on_late, c);
	loop_after(m->loop, &m->later, 0, run_later, m);
	return c;
}

int mcp_tools(struct mcp *m, int deadline_ms, mcp_tools_fn *fn, void *arg)
{
	struct mcp_call *c = call_new(m, deadline_ms);

	if (!c)
		return ERR_FULL;
	c->on_tools = fn;
	c->o.arg = arg;
	return 0;
}

int mcp_call(struct mcp_call **ret, struct mcp *m, const struct mcp_call_opts *o)
{
	if (!name_ok(o->tool) || (o->args && !jv_is_obj(o->args)))
		return ERR_INVAL;
	struct mcp_call *c = call_new(m, o->deadline_ms);
	if (!c)
		return ERR_FULL;
	c->o = *o;
	c->tool = xstrdup(o->tool);
	c->args = o->args ? jv_copy(o->args) : jv_obj();
	c->traceparent = o->traceparent ? xstrdup(sv_of(o->traceparent)) : NULL;
	if (ret)
		*ret = c;
	return 0;
}

void mcp_call_cancel(struct mcp_call *c)
{
	if (!c)
		return;
	struct mcp_req *r = c->req;
	if (r)
		mcp_req_drop(r, "cancelled");
	c->req = NULL;
	call_free(c);
}

void mcp_progress(struct mcp *m, const jv *params)
{
	int64_t token = jv_get_int(params, "progressToken", 0);
	struct mcp_req *r = m->reqs;

	while (r && r->id != token)
		r = r->next;
	if (r && r->call && r->call->o.on_progress)
		r->call->o.on_progress(r->call->o.arg, jv_get_num(params, "progress", 0),
				       jv_get_num(params, "total", 0),
				       jv_get_str(params, "message"));
}
