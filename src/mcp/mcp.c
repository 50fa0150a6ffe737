/* mcp.c: the client's life: open and close, which generation the server speaks, questions with
 * a deadline and their answers.
 *
 * Which generation: server/discover is asked first. A result, or an error that only 2026-07-28
 * knows, means the stateless one; anything else, or silence, the handshake of 2025-11-25. A
 * silent server is asked both ways, and the first good answer wins. Questions live in one list
 * until their answer, their deadline, or the end of the connection. Callbacks may close the
 * client: it is then marked dead and freed when the outermost callback returns. Loop's thread.
 */
#include <stdarg.h>
#include <stdio.h>

#include "mcp_int.h"

enum { START_MS = 60000, PROBE_MS = 4000, BACKOFF_MIN_MS = 500, BACKOFF_MAX_MS = 30000,
       LISTEN_MIN_MS = 10000 };

void mcp_say_why(struct mcp *m, const char *fmt, ...)
{
	char text[sizeof(m->why)];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	(void)snprintf(m->why, sizeof(m->why), "%.*s", (int)sizeof(m->why) - 1, text);
}

/* ---- life ---- */

static char *copy(const char *s)
{
	return s ? xstrdup(sv_of(s)) : NULL;
}

static void destroy(struct mcp *m)
{
	mcp_tools_done(m);
	jv_free(m->pinned);
	xfrees(m->argv);
	xfrees(m->env);
	xfrees(m->allow);
	xfree(m->name);
	xfree(m->url);
	xfree(m->headers);
	xfree(m->pins);
	xfree(m);
}

void mcp_enter(struct mcp *m)
{
	m->busy++;
}

bool mcp_leave(struct mcp *m)
{
	if (--m->busy || !m->dead)
		return !m->dead;
	destroy(m);
	return false;
}

int mcp_open(struct mcp **ret, struct loop *l, const struct mcp_opts *o, struct err *e)
{
	if (!o->name || !*o->name || !o->argv == !o->url || (o->argv && !o->argv[0]))
		return err_set(e, ERR_INVAL, "a server needs a name, and a command or a url");
	struct mcp *m = xalloc(sizeof(*m));
	m->loop = l;
	m->o = *o;
	m->name = copy(o->name);
	m->url = copy(o->url);
	m->headers = copy(o->headers);
	m->pins = copy(o->pins);
	m->argv = xstrdups(o->argv);
	m->env = xstrdups(o->env);
	m->allow = xstrdups(o->allow);
	m->backoff_ms = BACKOFF_MIN_MS;
	m->link = o->argv ? &mcp_stdio : &mcp_http;
	int rc = mcp_pins_load(m, e);
	if (!rc && o->argv)
		rc = mcp_stdio_open(m, e);
	if (!rc && o->url)
		rc = mcp_http_open(m, e);
	if (rc) {
		m->link->close(m);
		destroy(m);
		return rc;
	}
	*ret = m;
	return 0;
}

static void req_free(struct mcp_req *r)
{
	struct mcp *m = r->m;

	m->link->drop(m, r);
	for (struct mcp_req **p = &m->reqs; *p; p = &(*p)->next)
		if (*p == r) {
			*p = r->next;
			break;
		}
	loop_timer_stop(&r->deadline);
	xfree(r->headers);
	xfree(r);
}

void mcp_close(struct mcp *m)
{
	if (!m || m->dead)
		return;
	m->dead = true;
	loop_timer_stop(&m->start);
	loop_timer_stop(&m->probe);
	loop_timer_stop(&m->later);
	mcp_calls_drop(m);
	while (m->reqs)
		req_free(m->reqs);
	m->link->close(m);
	if (!m->busy)
		destroy(m);
}

void mcp_hangup(struct mcp *m)
{
	if (m->proc)
		io_proc_hangup(m->proc);
	mcp_down(m, ERR_CANCELED, "the connection was ended");
}

bool mcp_over(const struct mcp *m)
{
	return !m->proc || !io_proc_up(m->proc);
}

const char *mcp_version(const struct mcp *m)
{
	return m->version;
}

sv mcp_server_name(const struct mcp *m)
{
	return sv_of(m->server);
}

/* ---- questions ---- */

static void add_meta(jv *params)
{
	jv *meta = jv_get(params, "_meta");

	if (!meta) {
		jv_set(params, "_meta", jv_obj());
		meta = jv_get(params, "_meta");
	}
	jv_set_str(meta, MCP_META "protocolVersion", SV(MCP_MODERN));
	jv_set(meta, MCP_META "clientInfo", mcp_self());
	jv_set(meta, MCP_META "clientCapabilities", jv_obj());
}

static void message(struct sb *b, int64_t id, const char *method, const jv *params)
{
	sb_cstr(b, "{\"jsonrpc\":\"2.0\"");
	if (id)
		sb_fmt(b, ",\"id\":%lld", (long long)id);
	sb_cstr(b, ",\"method\":");
	sb_json(b, sv_of(method));
	if (params) {
		sb_cstr(b, ",\"params\":");
		jv_dump(params, b);
	}
	sb_ch(b, '}');
}

static void on_deadline(void *arg)
{
	struct mcp_req *r = arg;
	struct mcp *m = r->m;
	char why[200];

	(void)snprintf(why, sizeof(why), "%.100s did not answer %s in time", m->name, r->method);
	mcp_enter(m);
	mcp_cancel_there(r, "deadline");
	mcp_req_fail(r, ERR_TIMEOUT, why);
	(void)mcp_leave(m);
}

int mcp_ask(struct mcp *m, const char *method, jv *params, int deadline_ms, char *headers,
	    mcp_done_fn *done, void *arg, struct mcp_req **ret)
{
	struct mcp_req *r = xalloc(sizeof(*r));
	struct sb b;

	*r = (struct mcp_req){ .m = m, .id = ++m->next_id, .method = method, .done = done,
			       .arg = arg, .headers = headers };
	params = params ? params : jv_obj();
	if (m->modern)
		add_meta(params);
	if (sv_eq(sv_of(method), SV("tools/call"))) {
		jv *meta = jv_get(params, "_meta");
		if (!meta)
			jv_set(params, "_meta", meta = jv_obj());
		jv_set_int(meta, "progressToken", r->id);
	}
	sb_init(&b, MCP_MSG);
	message(&b, r->id, method, params);
	jv_free(params);
	r->next = m->reqs;
	m->reqs = r;
	if (deadline_ms > 0)
		loop_after(m->loop, &r->deadline, deadline_ms, on_deadline, r);
	int rc = sb_err(&b) ? ERR_TOOBIG : m->link->send(m, r, sb_sv(&b));
	if (rc == ERR_TOOBIG || rc == ERR_FULL)
		mcp_say_why(m, "the message to %.100s is too large, or it does not read", m->name);
	sb_done(&b);
	if (rc) {
		req_free(r);
		return rc;
	}
	if (ret)
		*ret = r;
	return 0;
}

void mcp_tell(struct mcp *m, const char *method, jv *params)
{
	struct sb b;

	sb_init(&b, MCP_MSG);
	message(&b, 0, method, params);
	jv_free(params);
	if (!sb_err(&b))
		(void)m->link->send(m, NULL, sb_sv(&b));
	sb_done(&b);
}

/* Over HTTP the stateless generation cancels by hanging up, which drop does. */
void mcp_cancel_there(struct mcp_req *r, const char *reason)
{
	struct mcp *m = r->m;

	if ((m->modern && m->url) || sv_eq(sv_of(r->method), SV("initialize")))
		return;
	jv *p = jv_obj();
	jv_set_int(p, "requestId", r->id);
	jv_set_str(p, "reason", sv_of(reason));
	mcp_tell(m, "notifications/cancelled", p);
}

void mcp_req_drop(struct mcp_req *r, const char *reason)
{
	mcp_cancel_there(r, reason);
	req_free(r);
}

static void finish(struct mcp_req *r, int err, const char *why, const jv *result, const jv *error)
{
	mcp_done_fn *done = r->done;
	void *arg = r->arg;

	req_free(r);
	done(arg, err, why, result, error);
}

void mcp_req_fail(struct mcp_req *r, int err, const char *why)
{
	finish(r, err, why, NULL, NULL);
}

/* ---- what comes ---- */

/* We offer servers nothing; a ping of the older generation is answered. */
static void answer_theirs(struct mcp *m, const jv *msg)
{
	bool ping = sv_eq(jv_get_str(msg, "method"), SV("ping"));
	struct sb b;

	sb_init(&b, 4096);
	sb_cstr(&b, "{\"jsonrpc\":\"2.0\",\"id\":");
	jv_dump(jv_get(msg, "id"), &b);
	sb_cstr(&b, ping ? ",\"result\":{}}" :
			   ",\"error\":{\"code\":-32601,\"message\":\"this client offers "
			   "nothing\"}}");
	if (!sb_err(&b) && !m->modern)
		(void)m->link->send(m, NULL, sb_sv(&b));
	sb_done(&b);
}

static void take_notice(struct mcp *m, const jv *msg)
{
	sv method = jv_get_str(msg, "method");

	if (sv_eq(method, SV("notifications/progress")))
		mcp_progress(m, jv_get(msg, "params"));
	else if (sv_eq(method, SV("notifications/tools/list_changed")))
		m->stale = true;
}

static struct mcp_req *req_of(struct mcp *m, const jv *id)
{
	if (!jv_is_num(id))
		return NULL;
	for (struct mcp_req *r = m->reqs; r; r = r->next)
		if (r->id == jv_as_int(id, 0))
			return r;
	return NULL;
}

static void take_answer(struct mcp *m, struct mcp_req *hint, const jv *msg)
{
	const jv *id = jv_get(msg, "id"), *error = jv_get(msg, "error");
	const jv *result = jv_get(msg, "result");
	struct mcp_req *r = jv_is_null(id) ? hint : req_of(m, id);

	if (!r)
		return;              /* too late, or never asked */
	if (jv_is_obj(error) || jv_is_obj(result))
		finish(r, 0, NULL, jv_is_obj(error) ? NULL : result,
		       jv_is_obj(error) ? error : NULL);
	else
		mcp_req_fail(r, ERR_UPSTREAM, "the answer has neither a result nor an error");
}

bool mcp_take(struct mcp *m, struct mcp_req *hint, sv json)
{
	jv *msg = jv_parse(json, NULL);
	bool ok = msg && sv_eq(jv_get_str(msg, "jsonrpc"), SV("2.0"));
	const jv *method = jv_get(msg, "method"), *id = jv_get(msg, "id");

	mcp_enter(m);
	if (ok && jv_is_str(method) && id)
		answer_theirs(m, msg);
	else if (ok && jv_is_str(method))
		take_notice(m, msg);
	else if (ok && (jv_get(msg, "result") || jv_get(msg, "error")))
		take_answer(m, hint, msg);
	else
		ok = false;
	jv_free(msg);
	(void)mcp_leave(m);
	return ok;
}

void mcp_down(struct mcp *m, int err, const char *why)
{
	char text[300];

	(void)snprintf(text, sizeof(text), "%s", why);
	mcp_enter(m);
	m->state = MCP_DOWN;
	m->listed = m->listing = m->init_sent = false;
	m->session[0] = m->version[0] = '\0';
	loop_timer_stop(&m->start);
	loop_timer_stop(&m->probe);
	mcp_say_why(m, "%s", text);
	if (m->url) {
		m->retry_ms = loop_now_ms(m->loop) + m->backoff_ms;
		m->backoff_ms = m->backoff_ms > BACKOFF_MAX_MS / 2 ? BACKOFF_MAX_MS :
								    m->backoff_ms * 2;
	}
	while (m->reqs && !m->dead)
		mcp_req_fail(m->reqs, err, text);
	if (!m->dead)
		mcp_calls_fail(m, err, text);
	(void)mcp_leave(m);
}

void mcp_fall(struct mcp *m, int err, const char *why)
{
	if (m->proc)
		io_proc_kill(m->proc);
	mcp_down(m, err, why);
}

/* ---- which generation ---- */

static void on_initialize(void *arg, int err, const char *why, const jv *result, const jv *error);
static void on_discover(void *arg, int err, const char *why, const jv *result, const jv *error);

/* What a silent server was asked the other way is not waited for any more. */
static void forget_probes(struct mcp *m)
{
	for (struct mcp_req *r = m->reqs, *next; r; r = next) {
		next = r->next;
		if (r->done == on_discover || r->done == on_initialize)
			req_free(r);
	}
}

/* The end of the question: the server tells no more, or its connection broke after a while and the
 * list may have changed unheard. Whoever ends it at once is not asked again. */
static void on_listened(void *arg, int err, const char *why, const jv *result, const jv *error)
{
	struct mcp *m = arg;

	(void)why;
	(void)result;
	(void)error;
	m->listen = NULL;
	m->tells &= err && loop_now_ms(m->loop) - m->listen_ms > LISTEN_MIN_MS;
	m->stale |= m->tells;
}

void mcp_listen(struct mcp *m)
{
	if (!m->modern || !m->tells || m->listen)
		return;
	jv *p = jv_obj(), *what = jv_obj();
	jv_set_bool(what, "toolsListChanged", true);
	jv_set(p, "notifications", what);
	m->listen_ms = loop_now_ms(m->loop);
	if (mcp_ask(m, "subscriptions/listen", p, 0, NULL, on_listened, m, &m->listen))
		m->listen = NULL;
}

static void up(struct mcp *m, bool modern, sv version, const jv *hello)
{
	const jv *info = modern ? jv_get(jv_get(hello, "_meta"), MCP_META "serverInfo") :
				  jv_get(hello, "serverInfo");
	sv name = jv_get_str(info, "name");

	loop_timer_stop(&m->start);
	loop_timer_stop(&m->probe);
	forget_probes(m);
	(void)snprintf(m->server, sizeof(m->server), "%.*s", (int)(name.n < 100 ? name.n : 100),
		       name.p ? name.p : "");
	mcp_plain(m->server, false);
	m->modern = modern;
	m->state = MCP_UP;
	m->tells = jv_as_bool(jv_path(hello, "capabilities.tools.listChanged"), false);
	m->backoff_ms = BACKOFF_MIN_MS;
	m->retry_ms = 0;
	m->why[0] = '\0';
	(void)snprintf(m->version, sizeof(m->version), SV_FMT, SV_ARG(version));
	if (!modern)
		mcp_tell(m, "notifications/initialized", NULL);
	mcp_calls_run(m);
}

static const char *error_text(const jv *error)
{
	static _Thread_local char text[200];
	sv said = jv_get_str(error, "message");

	(void)snprintf(text, sizeof(text), "%.*s (%lld)", (int)(said.n < 150 ? said.n : 150),
		       said.p ? said.p : "", (long long)jv_get_int(error, "code", 0));
	return text;
}

static void on_initialize(void *arg, int err, const char *why, const jv *result, const jv *error)
{
	struct mcp *m = arg;
	sv version = jv_get_str(result, "protocolVersion");
	static const char *const known[] = { MCP_LEGACY, "2025-06-18", "2025-03-26", "2024-11-05" };
	char text[300];

	if (m->state != MCP_PROBING)
		return;              /* it turned out to be a newer one */
	for (size_t i = 0; !err && result && i < 4; i++)
		if (sv_eq(version, sv_of(known[i]))) {
			up(m, false, version, result);
			return;
		}
	if (err)
		(void)snprintf(text, sizeof(text), "%s", why);
	else if (error)
		(void)snprintf(text, sizeof(text), "%.60s refuses the handshake: %s", m->name,
			       error_text(error));
	else
		(void)snprintf(text, sizeof(text), "%.60s speaks protocol version %.*s, not ours",
			       m->name, (int)(version.n < 40 ? version.n : 40),
			       version.p ? version.p : "?");
	mcp_fall(m, err ? err : ERR_VERSION, text);
}

static void initialize(struct mcp *m)
{
	if (m->init_sent)
		return;
	m->init_sent = true;
	m->modern = false;
	jv *p = jv_obj();
	jv_set_str(p, "protocolVersion", SV(MCP_LEGACY));
	jv_set(p, "capabilities", jv_obj());
	jv_set(p, "clientInfo", mcp_self());
	int rc = mcp_ask(m, "initialize", p, 0, NULL, on_initialize, m, NULL);
	if (rc)
		mcp_fall(m, rc, m->why);
}

static bool lists(const jv *versions, const char *v)
{
	for (size_t i = 0; i < jv_len(versions); i++)
		if (sv_eq(jv_as_str(jv_at(versions, i)), sv_of(v)))
			return true;
	return false;
}

static void on_discover(void *arg, int err, const char *why, const jv *result, const jv *error)
{
	struct mcp *m = arg;
	const jv *versions = result ? jv_get(result, "supportedVersions") :
				      jv_path(error, "data.supported");
	bool modern = jv_is_arr(versions) && (result || jv_get_int(error, "code", 0) ==
							      MCP_UNSUPPORTED_VERSION);

	if (m->state != MCP_PROBING)
		return;
	if (err && err != ERR_UNSUPPORTED)
		mcp_fall(m, err, why);
	else if (modern && lists(versions, MCP_MODERN))
		up(m, true, SV(MCP_MODERN), result);
	else if (modern && !lists(versions, MCP_LEGACY))
		mcp_fall(m, ERR_VERSION, "the server speaks no protocol version of ours");
	else
		initialize(m);
}

static void on_probe_late(void *arg)
{
	struct mcp *m = arg;

	mcp_enter(m);
	initialize(m);
	(void)mcp_leave(m);
}

static void on_start_late(void *arg)
{
	struct mcp *m = arg;
	char why[200];

	(void)snprintf(why, sizeof(why), "%.100s did not get ready in time", m->name);
	mcp_fall(m, ERR_TIMEOUT, why);
}

void mcp_connect(struct mcp *m)
{
	if (m->state != MCP_DOWN || m->dead)
		return;
	m->state = MCP_PROBING;
	m->modern = true;            /* the probe carries what the newer generation wants */
	loop_after(m->loop, &m->start, m->o.start_ms > 0 ? m->o.start_ms : START_MS,
		   on_start_late, m);
	if (m->argv)
		loop_after(m->loop, &m->probe, m->o.probe_ms > 0 ? m->o.probe_ms : PROBE_MS,
			   on_probe_late, m);
	int rc = mcp_ask(m, "server/discover", NULL, 0, NULL, on_discover, m, NULL);
	if (rc)
		mcp_fall(m, rc, m->why);
}
