/* cmd_night.c: `callm night`: one night of the night school now; the registry of models; one taken
 * back. A running server has nights of its own (night.at): beside it, only what reads. */
#include "app_int.h"
#include "app_night.h"
#include "learn_model.h"

#include <signal.h>
#include <stdio.h>

static volatile sig_atomic_t stop_asked;

static void on_signal(int sig)
{
	(void)sig;
	stop_asked = 1;
}

static bool stopped(void *arg)
{
	return stop_asked;
}

struct night_cmd {
	const char *now, *back, *data, *lang;
	bool dry, list, json;
};

static int run_night(const struct night_cmd *c, struct app_desk *d, int64_t now_ms)
{
	struct app_school school;
	struct err e = { 0 };
	struct sb b;
	jv *night = NULL;
	sv zone = jv_get_str(d->company, "timezone");
	struct learn_night_opts o = { .store = d->store, .data = sb_str(&d->dir),
				      .now_ms = now_ms, .zone = zone.n ? zone.p : NULL,
				      .dry = c->dry, .threads = 2, .stopped = stopped };
	signal(SIGINT, on_signal);
	signal(SIGTERM, on_signal);
	int rc = app_school_open(&school, &e);
	app_school_fill(&school, &o);
	if (rc == 0)
		rc = learn_night_run(&night, &o, &e);
	app_school_done(&school);
	if (rc)
		return cli_fail("%s", e.msg[0] ? e.msg : err_text(rc));
	if (c->json) {
		cli_print_json(night);
		return 0;
	}
	sb_init(&b, 8 * LIM_SB);
	learn_report_put(night, sv_eq(sv_of(c->lang), SV("zh")), false, &b);
	fwrite(sb_str(&b), 1, b.n, stdout);
	if (!c->dry)
		printf("%s/nights/" SV_FMT ".%s.html\n", sb_str(&d->dir),
		       SV_ARG(jv_get_str(night, "id")), c->lang);
	sb_done(&b);
	jv_free(night);
	return 0;
}

static void print_models(const jv *items)
{
	printf("%-28s %7s %-10s %7s  %-10s  %-8s %s\n", "model", "version", "state", "rows", "made",
	       "by", "sha-256");
	for (size_t i = 0; i < jv_len(items); i++) {
		const jv *m = jv_at(items, i);
		printf("%-28.*s %7lld %-10.*s %7lld  %-10.10s  %-8.*s %.*s\n",
		       SV_ARG(jv_get_str(m, "name")), (long long)jv_get_int(m, "version", 0),
		       SV_ARG(jv_get_str(m, "state")), (long long)jv_get_int(m, "rows", 0),
		       jv_get_str(m, "made_at").p, SV_ARG(jv_get_str(m, "promoted_by")),
		       SV_ARG(sv_slice(jv_get_str(m, "hash"), 0, 12)));
	}
	if (!jv_len(items))
		printf("nothing but what is in the program\n");
}

static int list_models(const struct night_cmd *c, struct app_desk *d)
{
	struct store_db *db;
	struct sb b;
	sb_init(&b, 8 * LIM_SB);
	int rc = store_reader(d->store, &db);
	if (rc == 0)
		rc = learn_models_json(db, SV(""), &b);
	if (rc == 0 && c->json) {
		printf("{\"items\":%s}\n", sb_str(&b));
	} else if (rc == 0) {
		jv *o = jv_parse(sb_sv(&b), NULL);
		print_models(o);
		jv_free(o);
	}
	sb_done(&b);
	return rc ? cli_fail("the registry could not be read: %s", err_text(rc)) : 0;
}

struct back {
	sv name;
	int64_t now_ms, to;
};

static int back_write(void *arg, struct store_db *db)
{
	struct back *b = arg;
	return learn_model_back(db, b->name, SV("command"), b->now_ms, &b->to);
}

static int go_back(const struct night_cmd *c, struct app_desk *d, int64_t now_ms)
{
	struct back b = { .name = sv_of(c->back), .now_ms = now_ms ? now_ms : clk_wall_ms() };
	int rc = store_write_now(d->store, back_write, &b);
	if (rc == ERR_NOTFOUND)
		return cli_fail("%s: the program's own is in use; callm night --list tells names",
				c->back);
	if (rc)
		return cli_fail("%s: %s", c->back, err_text(rc));
	if (b.to)
		printf("%s: version %lld is in use again\n", c->back, (long long)b.to);
	else
		printf("%s: the program's own is in use again\n", c->back);
	return 0;
}

int cmd_night(int argc, char **argv)
{
	struct night_cmd c = { .lang = "en" };
	struct err e = { 0 };
	struct app_desk d;
	int64_t now_ms = 0;
	int rest, status;
	const struct cli_opt opts[] = {
		{ "dry", CLI_FLAG, &c.dry, "try all, promote and write nothing" },
		{ "list", CLI_FLAG, &c.list, "models of all nights: state, rows, who promoted" },
		{ "back", CLI_STR, &c.back, "take the model of this name back" },
		{ "now", CLI_STR, &c.now, "as if it were this day or time (RFC 3339)" },
		{ "lang", CLI_STR, &c.lang, "of the report: en or zh (en)" },
		{ "json", CLI_FLAG, &c.json, "JSON instead of the report" },
		{ "data", CLI_STR, &c.data, "data folder" },
	};
	if (!cli_parse(argc, argv, opts, sizeof(opts) / sizeof(*opts), &rest, &status))
		return status;
	if (rest < argc)
		return cli_fail("night takes options only; see callm night --help"), 2;
	if (c.now && clk_parse_rfc3339(sv_of(c.now), &now_ms))
		return cli_fail("--now %s: write it as 2026-11-26 or 2026-11-26T02:30:00Z",
				c.now),
		       2;
	if (strcmp(c.lang, "en") != 0 && strcmp(c.lang, "zh") != 0)
		return cli_fail("--lang %s: the report is in en or zh", c.lang), 2;
	int rc = app_desk_open(&d, c.data, true, !c.dry && !c.list, &e);
	if (rc)
		return cli_fail("%s", e.msg);
	rc = c.list ? list_models(&c, &d) : c.back ? go_back(&c, &d, now_ms) :
						     run_night(&c, &d, now_ms);
	app_desk_close(&d);
	return rc;
}
