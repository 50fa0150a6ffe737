/* cmd_mcp.c: `callm mcp list | call | pin`: functions of other systems, from the command line,
 * and `callm mcp serve` (cmd_mcp_serve.c), the other way round.
 *
 * A server is an entry of the configuration (--server NAME), an address (--url), or a command
 * after
 * `--`. What it offers is remembered in mcp-pins.json of the data folder. Exit status of call:
 * 0 the tool answered, 1 it failed or could not be reached. */
#include "app_int.h"
#include "mcp.h"

#include <stdio.h>
#include <unistd.h>

#define END_MS 1000              /* for a program to end by itself */

struct req {
	/* from the command line */
	const char *config, *server, *url, *key, *data, *tool_opt;
	bool json;
	int64_t timeout_ms;
	char **command;              /* after --; NULL = none */
	const char *verb;
	char **rest;                 /* the verb's arguments */
	int n_rest;
	/* made of it */
	jv *cfg;
	struct sb name, headers, pins;
	const char *argv[66], *env[66], *allow[MCP_TOOLS + 1];
	bool allow_all;
	struct loop *loop;
	struct mcp *m;
	int status;
	int64_t seen;                /* progress was told */
};

/* ---- which server ---- */

static void strings(const jv *list, const char **out, size_t max)
{
	size_t n = 0;
	for (size_t i = 0; i < jv_len(list) && n + 1 < max; i++)
		out[n++] = jv_as_str(jv_at(list, i)).p;      /* ends in NUL: jansson's */
	out[n] = NULL;
}

static const jv *entry(const struct req *q)
{
	const jv *list = jv_get(q->cfg, "mcp");
	for (size_t i = 0; i < jv_len(list); i++)
		if (sv_eq(jv_get_str(jv_at(list, i), "name"), sv_of(q->server)))
			return jv_at(list, i);
	return NULL;
}

static int put_key(struct req *q, sv ref, struct err *e)
{
	struct sb secret;
	int rc = 0;
	if (!ref.n)
		return 0;
	sb_init(&secret, 8192);
	rc = cfg_secret(ref, &secret, e);
	if (!rc)
		sb_fmt(&q->headers, "Authorization: Bearer %s\r\n", sb_str(&secret));
	sb_done(&secret);
	return rc;
}

static int from_config(struct req *q, struct err *e)
{
	const jv *x = entry(q);
	if (!x)
		return err_set(e, ERR_NOTFOUND, "%s has no mcp entry named %s",
			       q->config ? q->config : "without --config the configuration",
			       q->server);
	sb_cstr(&q->name, q->server);
	strings(jv_get(x, "command"), q->argv, 66);
	strings(jv_get(x, "env"), q->env, 66);
	strings(jv_get(x, "allow"), q->allow, MCP_TOOLS + 1);
	q->allow_all = !jv_len(jv_get(x, "allow"));
	if (jv_get_str(x, "url").n)
		q->url = jv_get_str(x, "url").p;
	return put_key(q, jv_get_str(x, "key"), e);
}

static int choose(struct req *q, struct err *e)
{
	int n = !!q->server + !!q->url + !!q->command;
	if (n != 1)
		return err_set(e, ERR_INVAL,
			       "which server? one of --server NAME (of the configuration), "
			       "--url URL, or -- COMMAND ARGUMENT...");
	if (q->server)
		return from_config(q, e);
	q->allow_all = true;
	for (size_t i = 0; q->command && q->command[i]; i++) {
		if (i == 64)
			return err_set(e, ERR_TOOBIG, "too many arguments after --");
		q->argv[i] = q->command[i];
		sb_fmt(&q->name, "%s%s", i ? " " : "", q->command[i]);
	}
	if (q->url)
		sb_cstr(&q->name, q->url);
	return put_key(q, sv_of(q->key), e);
}

/* What a stranger wrote, to a terminal as text, elsewhere as it is. */
static void print_text(FILE *to, sv text, bool lines)
{
	char *copy = xstrdup(text);
	if (isatty(fileno(to)))
		mcp_plain(copy, lines);
	fwrite(copy, 1, text.n, to);
	fputc('\n', to);
	xfree(copy);
}

static void on_line(void *arg, sv line)
{
	fputs("[server] ", stderr);
	print_text(stderr, line, false);
}

static int req_open(struct req *q, struct err *e)
{
	struct sb dir;
	sb_init(&q->name, 4096);
	sb_init(&q->headers, 16384);
	sb_init(&q->pins, 4096);
	q->loop = loop_new();
	if (q->config && !(q->cfg = app_config(q->config, NULL, false)))
		return err_set(e, ERR_INVAL, "the configuration has mistakes");
	int rc = choose(q, e);
	if (rc)
		return rc;
	sb_init(&dir, 4096);
	sv data = jv_get_str(q->cfg, "data");
	rc = app_data_dir(q->data ? q->data : data.n ? data.p : NULL, &dir, e);
	sb_fmt(&q->pins, "%s/mcp-pins.json", sb_str(&dir));
	sb_done(&dir);
	if (rc)
		return rc;
	struct mcp_opts o = { .name = sb_str(&q->name), .argv = q->argv[0] ? q->argv : NULL,
			      .env = q->env, .url = q->argv[0] ? NULL : q->url,
			      .headers = q->headers.n ? sb_str(&q->headers) : NULL,
			      .allow = q->allow_all ? NULL : q->allow, .pins = sb_str(&q->pins),
			      .on_line = on_line, .arg = q };
	return mcp_open(&q->m, q->loop, &o, e);
}

static void req_done(struct req *q)
{
	int64_t until = q->loop ? loop_now_ms(q->loop) + END_MS : 0;
	if (q->m)
		mcp_hangup(q->m);    /* a program that guards something may tidy up */
	while (q->m && !mcp_over(q->m) && loop_now_ms(q->loop) < until)
		(void)loop_run_once(q->loop, 50);
	mcp_close(q->m);
	loop_free(q->loop);
	jv_free(q->cfg);
	sb_done(&q->name);
	sb_done(&q->headers);
	sb_done(&q->pins);
}

/* ---- list, pin ---- */

static const char *const trust_text[] = { "ok", "new", "changed", "not allowed", "bad" };

static jv *tool_json(const struct req *q, const struct mcp_tool *t)
{
	jv *o = jv_obj();
	jv_set_str(o, "server", sv_of(sb_str(&q->name)));
	jv_set_str(o, "name", t->name);
	jv_set_str(o, "title", t->title);
	jv_set_str(o, "description", t->description);
	jv_set(o, "input_schema", jv_copy(t->input));
	if (t->output)
		jv_set(o, "output_schema", jv_copy(t->output));
	jv_set_bool(o, "read_only_hint", t->read_only);
	jv_set_str(o, "sha256", sv_of(t->hash));
	jv_set_str(o, "trust", sv_of(trust_text[t->trust]));
	if (t->why)
		jv_set_str(o, "why", sv_of(t->why));
	return o;
}

/* One line of it, whatever the server wrote. */
static void print_plain(sv text, size_t max)
{
	char *copy = xstrdup(sv_slice(text, 0, sv_rune_offset(text, max)));
	mcp_plain(copy, false);
	fputs(copy, stdout);
	xfree(copy);
}

static void on_list(void *arg, int err, const char *why, const struct mcp_tool *v, size_t n)
{
	struct req *q = arg;
	q->status = err ? cli_fail("%s", why) : 0;
	for (size_t i = 0; !err && i < n; i++) {
		if (q->json) {
			cli_print_json(tool_json(q, &v[i]));
			continue;
		}
		print_plain(v[i].name, MCP_NAME);
		if (v[i].trust != MCP_TRUST_OK)
			printf("  [%s: %s]", trust_text[v[i].trust], v[i].why);
		printf("\n    ");
		print_plain(v[i].description, 200);
		printf("\n");
	}
	loop_stop(q->loop);
}

static void on_pin(void *arg, int err, const char *why, const struct mcp_tool *v, size_t n)
{
	struct req *q = arg;
	struct err e = { 0 };
	size_t k = 0;
	if (err || mcp_pin(q->m, sv_of(q->n_rest ? q->rest[0] : NULL), &k, &e))
		q->status = cli_fail("%s", err ? why : e.msg);
	else
		printf("%zu accepted anew, %zu as they were\n", k, (q->n_rest ? 1 : n) - k);
	loop_stop(q->loop);
}

/* ---- call ---- */

static void on_progress(void *arg, double done, double total, sv message)
{
	fprintf(stderr, "... %g", done);
	if (total > 0)
		fprintf(stderr, " of %g", total);
	fprintf(stderr, "\n");
}

static void on_done(void *arg, const struct mcp_result *r)
{
	struct req *q = arg;
	q->status = r->err || r->is_error;
	if (q->json)
		cli_print_json(mcp_quote(sb_str(&q->name), sv_of(q->rest[0]), r));
	else if (r->err)
		cli_fail("%s", r->why);
	else
		print_text(stdout, r->text, true);
	loop_stop(q->loop);
}

static int start_call(struct req *q, struct err *e)
{
	jv *args = q->n_rest > 1 ? jv_parse(sv_of(q->rest[1]), e) : jv_obj();
	int rc = jv_is_obj(args) ? 0 :
				   err_set(e, ERR_INVAL,
					   "the arguments must be one JSON object, "
					   "e.g. '{\"message\":\"hi\"}'");
	struct mcp_call_opts o = { .tool = sv_of(q->rest[0]), .args = args,
				   .deadline_ms = (int)q->timeout_ms, .on_progress = on_progress,
				   .on_done = on_done, .arg = q };
	if (!rc && mcp_call(NULL, q->m, &o))
		rc = err_set(e, ERR_INVAL, "\"%s\" cannot be the name of a tool", q->rest[0]);
	jv_free(args);
	return rc;
}

static int run(struct req *q)
{
	struct err e = { 0 };
	int rc = req_open(q, &e);
	if (!rc && strcmp(q->verb, "call") == 0)
		rc = start_call(q, &e);
	else if (!rc)
		rc = mcp_tools(q->m, (int)q->timeout_ms,
			       strcmp(q->verb, "pin") ? on_list : on_pin, q);
	if (rc)
		q->status = cli_fail("%s", e.msg[0] ? e.msg : err_text(rc));
	else
		loop_run(q->loop);
	req_done(q);
	return q->status;
}

static bool verb_ok(const char *verb, int n)
{
	return strcmp(verb, "list") == 0 ? n == 0 : strcmp(verb, "pin") == 0 ? n <= 1 :
	       strcmp(verb, "call") == 0 ? n == 1 || n == 2 : false;
}

int cmd_mcp(int argc, char **argv)
{
	struct req q = { .timeout_ms = 60000 };
	int rest, status;
	const struct cli_opt opts[] = {
		{ "json", CLI_FLAG, &q.json, "one JSON object a line" },
		{ "config", CLI_STR, &q.config, "configuration with mcp entries" },
		{ "server", CLI_STR, &q.server, "name of an mcp entry" },
		{ "url", CLI_STR, &q.url, "address of a server, http(s)://.../mcp" },
		{ "key", CLI_STR, &q.key, "its key: file:/path or env:NAME" },
		{ "timeout", CLI_INT, &q.timeout_ms, "milliseconds; 60000 if left out" },
		{ "data", CLI_STR, &q.data, "data folder (mcp-pins.json)" },
	};
	if (argc > 1 && strcmp(argv[1], "serve") == 0)
		return cmd_mcp_serve(argc - 1, argv + 1);
	for (int i = 1; i < argc; i++)
		if (strcmp(argv[i], "--") == 0) {    /* the command keeps its own options */
			q.command = argv + i + 1;
			argc = i;
		}
	if (!cli_parse(argc, argv, opts, sizeof(opts) / sizeof(*opts), &rest, &status))
		return status;
	q.verb = rest < argc ? argv[rest++] : "";
	q.rest = argv + rest;
	q.n_rest = argc - rest;
	if (q.timeout_ms < 1 || q.timeout_ms > 3600000)
		return cli_fail("--timeout must be 1 to 3600000 milliseconds"), 2;
	if (!verb_ok(q.verb, q.n_rest))
		return cli_fail("mcp what? serve, list, call TOOL [JSON] or pin [TOOL]; see "
				"callm mcp "
				"--help"),
		       2;
	return run(&q);
}
