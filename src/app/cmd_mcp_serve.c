/* cmd_mcp_serve.c: `callm mcp serve`: our functions for another program on our standard
 * streams, one JSON-RPC message a line. It reads beside a running server; nothing is written
 * but answers.
 *
 * Queries are answered at once; turns of the engine come when they are ready, several at a
 * time. The knowledge is read again when an article changed. It ends with its input, once all
 * answers are out. */
#include "api.h"
#include "app_int.h"
#include "mcp.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <unistd.h>

#define ASKS_MAX 64

struct serve;
struct ask {                         /* a turn under way */
	struct ask *next;
	struct serve *s;
	struct mcp_srv_out out;
	bool dropped;
};
struct serve {
	struct app_desk desk;
	struct talk_texts *texts;
	struct talk_hub *hub;
	struct mcp_srv *srv;
	struct loop *loop;
	struct loop_io in;
	struct mcp_lines lines;
	struct ask *asks;
	int n_asks;
	bool ended;
	int status;
	int64_t articles, newest_ms; /* what the index was made of */
};

/* ---- answers ---- */

static void put_line(struct serve *s, struct mcp_srv_out *out)
{
	sv rest;
	sb_ch(&out->body, '\n');
	rest = sb_sv(&out->body);
	while (rest.n) {
		ssize_t n = write(1, rest.p, rest.n);
		struct pollfd p = { .fd = 1, .events = POLLOUT };
		if (n < 0 && errno == EAGAIN)
			(void)poll(&p, 1, 1000);
		else if (n < 0 && errno != EINTR)
			break;
		if (n > 0)
			rest = sv_slice(rest, (size_t)n, rest.n);
	}
	if (rest.n) {                /* nobody reads us any more */
		s->ended = true;
		s->status = 1;
		loop_stop(s->loop);
	}
}

/* ---- the knowledge, as new as the store ---- */

static void refresh(struct serve *s, struct store_db *db)
{
	struct store_stmt *q;
	struct kb_index *ix;
	int64_t n = s->articles, newest = s->newest_ms;
	if (store_prep(db, &q, "SELECT count(*), coalesce(max(updated_ms), 0) FROM article"))
		return;
	if (store_step(q) == 1) {
		n = store_col_int(q, 0);
		newest = store_col_int(q, 1);
	}
	store_reset(q);
	if (n == s->articles && newest == s->newest_ms)
		return;
	bool first = s->articles < 0;
	s->articles = n;
	s->newest_ms = newest;
	if (!first && app_index(s->desk.store, &ix, NULL) == 0)
		snap_publish(s->desk.kb, ix);
}

/* ---- calls ---- */

static void maybe_end(struct serve *s)
{
	if (s->ended && !s->n_asks)
		loop_stop(s->loop);
}

static void on_reply(void *arg, jv *reply)
{
	struct ask *a = arg;
	struct serve *s = a->s;
	for (struct ask **p = &s->asks; *p; p = &(*p)->next)
		if (*p == a) {
			*p = a->next;
			break;
		}
	s->n_asks--;
	if (a->dropped)
		jv_free(reply);
	else if (reply)
		mcp_srv_result(&a->out, reply);
	else
		mcp_srv_failed(&a->out, "The turn was not answered; try again.");
	if (!a->dropped)
		put_line(s, &a->out);
	mcp_srv_out_done(&a->out);
	xfree(a);
	maybe_end(s);
}

static void start_ask(struct serve *s, struct mcp_srv_out *out)
{
	if (s->n_asks == ASKS_MAX || !sv_trim(jv_get_str(out->args, "text")).n) {
		mcp_srv_failed(out, s->n_asks == ASKS_MAX ?
					    "Too many turns are under way; try again." :
					    "Give text, what the customer says.");
		put_line(s, out);
		mcp_srv_out_done(out);
		return;
	}
	struct ask *a = xalloc(sizeof(*a));
	*a = (struct ask){ .next = s->asks, .s = s, .out = *out };
	s->asks = a;
	s->n_asks++;
	sv lang = jv_get_str(a->out.args, "lang");
	talk_ask(talk_hub_pick(s->hub, 0), jv_get_str(a->out.args, "text"), lang.n ? lang : SV(""),
		 on_reply, a);
}

static void run_tool(struct serve *s, struct store_db *db, struct mcp_srv_out *out)
{
	struct api_tools on = { .db = db, .kb = snap_get(s->desk.kb) };
	struct err e = { 0 };
	jv *value = NULL;
	if (api_tool_run(out->tool, out->args, &on, &value, &e))
		mcp_srv_failed(out, e.msg);
	else
		mcp_srv_result(out, value);
	obj_unref(on.kb);
	put_line(s, out);
	mcp_srv_out_done(out);
}

static void cancel(struct serve *s, const jv *id)
{
	for (struct ask *a = s->asks; a; a = a->next) {
		bool same = jv_is_str(id) ? sv_eq(jv_as_str(id), jv_as_str(a->out.id)) :
					    jv_is_num(a->out.id) &&
					    jv_as_int(id, 0) == jv_as_int(a->out.id, 0);
		a->dropped |= same;
	}
}

static int on_line(void *arg, sv line)
{
	struct serve *s = arg;
	struct mcp_srv_in in = { .body = line, .level = API_TOOL_USER };
	struct mcp_srv_out out;
	struct store_db *db;
	if (!sv_trim(line).n)
		return 0;
	mcp_srv_take(s->srv, &in, &out);
	if (out.kind == MCP_SRV_CALL && store_reader(s->desk.store, &db) == 0) {
		refresh(s, db);
		if (out.tool == API_TOOL_ASK)
			start_ask(s, &out);
		else
			run_tool(s, db, &out);
		return 0;
	}
	if (out.kind == MCP_SRV_CALL)
		mcp_srv_failed(&out, "The database cannot be read.");
	if (out.kind == MCP_SRV_CANCEL)
		cancel(s, out.id);
	else if (out.kind != MCP_SRV_NOTHING)
		put_line(s, &out);
	mcp_srv_out_done(&out);
	return 0;
}

static void on_input(void *arg, int fd, unsigned events)
{
	struct serve *s = arg;
	char buf[65536];
	ssize_t n = read(fd, buf, sizeof(buf));
	int rc = n > 0 ? mcp_lines_feed(&s->lines, sv_n(buf, (size_t)n), on_line, s) : 0;
	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return;
	if (rc == ERR_TOOBIG)
		s->status = cli_fail("a message of more than %d bytes", MCP_MSG);
	if (n <= 0 || rc) {
		s->ended = true;
		loop_io_stop(&s->in);
		maybe_end(s);
	}
}

/* ---- life ---- */

static int serve_open(struct serve *s, const char *data, bool empty, const struct model_spec *llm,
		      struct err *e)
{
	const char *hint;
	size_t n;
	const struct mcp_srv_tool *v = api_tools(&n, &hint);
	int rc = app_desk_open(&s->desk, data, empty, false, e);
	if (rc)
		return rc;
	s->articles = -1;
	struct store_db *db;
	if (store_reader(s->desk.store, &db) == 0)
		refresh(s, db);
	s->loop = loop_new();
	mcp_lines_init(&s->lines, MCP_MSG);
	rc = mcp_srv_new(&s->srv, v, n, hint);
	if (!rc)
		rc = talk_texts_new(&s->texts, s->desk.company, e);
	struct talk_opts o = { .kb = s->desk.kb, .pool = s->desk.pool, .texts = s->texts,
			       .loop = s->loop, .llm = llm, .n_llm = llm ? 1 : 0 };
	return rc ? rc : talk_hub_open(&s->hub, &o, e);
}

static void serve_done(struct serve *s)
{
	if (s->loop)
		loop_io_stop(&s->in);
	talk_hub_close(s->hub);
	while (s->asks) {            /* the hub has dropped them */
		struct ask *a = s->asks;
		s->asks = a->next;
		mcp_srv_out_done(&a->out);
		xfree(a);
	}
	obj_unref(s->texts);
	mcp_srv_free(s->srv);
	mcp_lines_done(&s->lines);
	loop_free(s->loop);
	app_desk_close(&s->desk);
}

int cmd_mcp_serve(int argc, char **argv)
{
	const char *data = NULL, *llm_url = NULL, *llm_model = "default";
	bool empty = false;
	int rest, status;
	const struct cli_opt opts[] = {
		{ "data", CLI_STR, &data, "data folder" },
		{ "empty", CLI_FLAG, &empty, "do not start a fresh folder with the demo company" },
		{ "llm", CLI_STR, &llm_url, "an OpenAI-compatible endpoint, http://host:port/v1" },
		{ "model", CLI_STR, &llm_model, "its model's name" },
	};
	if (!cli_parse(argc, argv, opts, sizeof(opts) / sizeof(*opts), &rest, &status))
		return status;
	if (rest < argc)
		return cli_fail("mcp serve takes no further argument: \"%s\"", argv[rest]), 2;
	struct model_spec spec = { .kind = "openai", .url = llm_url, .model = llm_model };
	struct serve s = { 0 };
	struct err e = { 0 };
	int rc = serve_open(&s, data, empty, llm_url ? &spec : NULL, &e);
	if (rc) {
		s.status = cli_fail("%s", e.msg[0] ? e.msg : err_text(rc));
	} else if (loop_io_start(s.loop, &s.in, 0, LOOP_READ, on_input, &s)) {
		s.status = cli_fail("the input cannot be read");
	} else {
		loop_run(s.loop);
	}
	serve_done(&s);
	return s.status;
}
