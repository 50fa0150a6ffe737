/* cmd_replay.c: `callm replay`: does the engine still do with these conversations what it did?
 *
 * Each log is fed to a fresh core and compared byte for byte (talk_replay). The texts are the
 * company's: another company's file, or changed texts, show as the first line that differs.
 * With a data folder what was published in its console goes before the company's files, as in
 * the server that made the log, and its live intents are asked. With --against it is another
 * task of intents that is asked: of logs the first thing that it would have done otherwise is
 * shown, of the river (no files) each turn that it hears otherwise. */
#include "app_int.h"
#include "api_policy.h"
#include "app_against.h"
#include "app_company.h"
#include "app_night.h"
#include "flow.h"
#include "policy_table.h"
#include "talk_log.h"
#include "tool.h"

#include <stdio.h>

#define LOG_MAX (256u << 20)

struct replaying {
	struct talk_replay_opts o;
	struct store *store;         /* of --data, or NULL */
	bool json;
	int differ, failed;
};

/* Where two lines come apart, with what stands before it. */
static void print_apart(const char *name, sv line, size_t at)
{
	size_t from = sv_head(line, at > 60 ? at - 60 : 0).n;
	sv part = sv_slice(line, from, from + 240 < line.n ? from + 240 : line.n);
	printf("  %s %s" SV_FMT "%s\n", name, from ? "..." : "", SV_ARG(part),
	       from + 240 < line.n ? "..." : "");
}

static void print_difference(const char *path, const struct talk_replay *r)
{
	sv want = sb_sv(&r->expected), got = sb_sv(&r->got);
	size_t at = 0;
	while (at < want.n && at < got.n && want.p[at] == got.p[at])
		at++;
	printf("%s: differs at line %zu, byte %zu, after %zu events and %zu actions%s\n", path,
	       r->line, at + 1, r->events, r->acts,
	       r->other_texts ? " (the texts are not those of the log)" : "");
	print_apart("expected", want, at);
	print_apart("got     ", got, at);
}

static void print_json(const char *path, const struct talk_replay *r, int rc, const struct err *e)
{
	jv *o = jv_obj();
	jv_set_str(o, "file", sv_of(path));
	jv_set_bool(o, "same", rc == 0 && r->line == 0);
	jv_set_int(o, "events", (int64_t)r->events);
	jv_set_int(o, "actions", (int64_t)r->acts);
	if (r->line) {
		jv_set_int(o, "line", (int64_t)r->line);
		jv_set_str(o, "expected", sb_sv(&r->expected));
		jv_set_str(o, "got", sb_sv(&r->got));
	}
	if (rc)
		jv_set_str(o, "error", sv_of(e->msg));
	cli_print_json(o);
}

static void replay_one(struct replaying *p, const char *path)
{
	struct talk_replay r = { 0 };
	struct err e = { 0 };
	struct sb log;
	sb_init(&log, LOG_MAX);
	int rc = file_read(path, LOG_MAX, &log, &e);
	bool read = rc == 0;
	if (read)
		rc = talk_replay(sb_sv(&log), &p->o, &r, &e);
	sb_done(&log);
	p->failed += rc != 0;
	p->differ += r.line != 0;
	if (p->json)
		print_json(path, &r, rc, &e);
	else if (rc)
		cli_fail("%s%s%s", read ? path : "", read ? ": " : "", e.msg);
	else if (r.line)
		print_difference(path, &r);
	else
		printf("%s: %zu events, %zu actions, the same\n", path, r.events, r.acts);
	talk_replay_done(&r);
}

static jv *company_of(const char *path, struct err *e)
{
	struct sb text;
	struct cfg_report rep = { 0 };
	if (!path[0])
		return app_demo_company(e);
	sb_init(&text, LIM_CFG_BYTES);
	jv *v = NULL;
	if (file_read(path, LIM_CFG_BYTES, &text, e) == 0) {
		v = cfg_parse(sb_sv(&text), path, &rep);
		if (!v)
			err_set(e, ERR_PARSE, "%s: %s", path, rep.n ? rep.v[0].what : "damaged");
	}
	cfg_report_done(&rep);
	sb_done(&text);
	return v;
}

static bool tool_known(void *arg, sv name)
{
	return tool_box_find(arg, name) != NULL;
}

/* What was published in the console of that kind, over t. */
static int read_published(struct store *st, const char *kind, struct app_texts *t)
{
	struct store_db *db;
	struct store_stmt *q;
	int rc = st ? store_reader(st, &db) : 0;
	if (!st || rc)
		return rc;
	rc = store_prep(db, &q,
			"SELECT id, text, version FROM document WHERE kind=?1 AND "
			"state='published'");
	if (rc)
		return rc;
	store_bind_sv(q, 1, sv_of(kind));
	while ((rc = store_step(q)) == 1)
		app_texts_put(t, store_col_sv(q, 0), store_col_sv(q, 1), (int)store_col_int(q, 2));
	store_reset(q);
	return rc;
}

/* The company's tools and flows as it brings them, with what its console published since, for
 * logs of conversations that had some; what was edited after a log shows as other texts. */
static int read_service(struct replaying *p, const char *company, struct err *e)
{
	struct app_company c;
	struct app_texts t = { 0 }, f = { 0 };
	struct cfg_report rep = { 0 };
	app_company_open(&c, sv_of(company));
	int rc = app_company_texts(&c, "tools", &t, e);
	if (rc == 0)
		rc = app_company_texts(&c, "flows", &f, e);
	if (rc == 0)
		rc = read_published(p->store, "tool", &t);
	if (rc == 0)
		rc = read_published(p->store, "flow", &f);
	struct tool_file *tools = xalloc(sizeof(*tools) * (t.n + 1));
	struct flow_file *flows = xalloc(sizeof(*flows) * (f.n + 1));
	for (size_t i = 0; i < t.n; i++)
		tools[i] = (struct tool_file){ t.v[i].name, sv_of(t.v[i].text) };
	for (size_t i = 0; i < f.n; i++)
		flows[i] = (struct flow_file){ f.v[i].name, sv_of(f.v[i].text) };
	if (rc == 0)
		rc = tool_box_new(&p->o.tools, tools, t.n, &rep);
	if (rc == 0)
		rc = flow_set_new(&p->o.flows, flows, f.n, tool_known, p->o.tools, &rep);
	if (rc && rep.n)
		err_set(e, rc, "%s: %s", rep.v[0].where, rep.v[0].what);
	cfg_report_done(&rep);
	xfree(tools);
	xfree(flows);
	app_texts_done(&t);
	app_texts_done(&f);
	return rc;
}

static int replay_all(struct replaying *p, const char *company, char **files, int n)
{
	struct err e = { 0 };
	struct talk_texts *texts = NULL;
	jv *tree = company_of(company, &e);
	if (!tree || talk_texts_new(&texts, tree, &e)) {
		jv_free(tree);
		return cli_fail("%s", e.msg), 1;
	}
	struct cfg_report rep = { 0 };
	int rc = p->store ? api_strategy_load(p->store, tree, &p->o.strategy, &rep) :
			    policy_table_new(&p->o.strategy, SV_NULL, "strategy", tree, &rep);
	jv_free(tree);
	if (rc == ERR_VERSION)       /* the program's own is used, as in the server */
		rc = 0;
	if (rc)
		cli_fail("%s: %s", rep.n ? rep.v[0].where : "",
			 rep.n ? rep.v[0].what : err_text(rc));
	cfg_report_done(&rep);
	if (rc) {
		obj_unref(texts);
		return 1;
	}
	p->o.texts = texts;
	if (read_service(p, company, &e)) {
		cli_fail("%s", e.msg);
		n = 0;
		p->failed = 1;
	}
	for (int i = 0; i < n; i++)
		replay_one(p, files[i]);
	obj_unref(texts);
	obj_unref(p->o.strategy);
	obj_unref(p->o.tools);
	obj_unref(p->o.flows);
	if (!p->json && n > 1)
		printf("%d logs: %d the same, %d different, %d not readable\n", n,
		       n - p->differ - p->failed, p->differ, p->failed);
	return p->differ || p->failed;
}

/* The whole river by the candidate. */
static int against_river(struct replaying *p, struct store_db *db, struct feel_task *t)
{
	struct app_against o = { .json = p->json };
	struct err e = { 0 };
	if (!db)
		return cli_fail("which conversations? name logs, or a data folder");
	int rc = app_against_river(db, t, &o, &e);
	if (rc)
		return cli_fail("%s", e.msg[0] ? e.msg : err_text(rc));
	if (!p->json)
		printf("%zu conversations, %zu turns, %zu heard otherwise\n", o.conversations,
		       o.turns, o.differ);
	return 0;
}

/* What the data folder has live, or the candidate; *done: the river was what was asked for. */
static int use_intents(struct replaying *p, const char *data, const char *against, bool files,
		       bool *done)
{
	struct err e = { 0 };
	struct store_db *db = NULL;
	struct feel_task *base = feel_task_base(&e), *t = NULL;
	int rc = base ? 0 : e.code, ret = 0;
	*done = false;
	if (rc == 0 && p->store)
		rc = store_reader(p->store, &db);
	if (rc == 0 && db)
		app_night_use(db, data, base);
	if (rc == 0 && against[0])
		rc = app_against_load(&t, db, data, sv_of(against), base, &e);
	if (rc)
		ret = cli_fail("%s", e.msg[0] ? e.msg : err_text(rc));
	else if (t && !files) {
		ret = against_river(p, db, t);
		*done = true;
	} else if (t && feel_use(t, false)) {
		ret = cli_fail("%s: not a task of intents", against);
	}
	feel_task_unref(t);
	feel_task_unref(base);
	return ret;
}

int cmd_replay(int argc, char **argv)
{
	const char *company = "", *key = "", *data = "", *against = "";
	unsigned char secret[TALK_LOG_KEY];
	struct replaying p = { 0 };
	struct err e = { 0 };
	int rest, status;
	const struct cli_opt opts[] = {
		{ "company", CLI_STR, &company, "its file; else the data folder's, or the demo" },
		{ "data", CLI_STR, &data, "data folder: what its console published goes first" },
		{ "key", CLI_STR, &key, "replay.key of the data folder, for sealed lines" },
		{ "against", CLI_STR, &against,
		  "another task of intents: a file, or a name of callm night --list (intent, "
		  "intent-3); without logs: all turns of the last month" },
		{ "json", CLI_FLAG, &p.json, "one JSON object a file, or a turn" },
	};
	if (!cli_parse(argc, argv, opts, sizeof(opts) / sizeof(*opts), &rest, &status))
		return status;
	if (rest >= argc && !against[0])
		return cli_fail("which logs? callm replay recordings/*.jsonl"), 2;
	if (key[0] && talk_log_key(key, secret, &e))
		return cli_fail("%s", e.msg);
	p.o.key = key[0] ? secret : NULL;
	struct store_opts so = { .dir = data };
	char db[4200];
	(void)snprintf(db, sizeof(db), "%s/callm.db", data);
	if (data[0] && !file_exists(db))
		return cli_fail("%s: no data folder of callm", data);
	int rc = data[0] ? store_open(&p.store, &so, &e) : 0;
	if (rc == ERR_BUSY) {        /* a server runs there: read beside it */
		so.readonly = true;
		rc = store_open(&p.store, &so, &e);
	}
	if (rc)
		return cli_fail("%s", e.msg);
	struct sb own;
	sb_init(&own, 8192);
	if (data[0] && !company[0])
		app_company_of_data(data, &own);
	bool done;
	int ret = use_intents(&p, data, against, rest < argc, &done);
	if (ret == 0 && !done)
		ret = replay_all(&p, own.n ? sb_str(&own) : company, argv + rest, argc - rest);
	(void)feel_use(NULL, false);
	(void)feel_use(NULL, true);
	store_close(p.store);
	sb_done(&own);
	return ret;
}
