/* cmd_report.c: `callm report`: a report over the facts as a table, JSON or CSV; the metrics and
 * what they mean; all facts counted again from the river. Beside a running server it reads; facts
 * are then as far as the server is. */
#include "acd.h"
#include "app_company.h"
#include "app_int.h"
#include "app_report.h"
#include "app_vecs.h"
#include "ins_driver.h"
#include "ins_report.h"

#include <stdio.h>

struct report_cmd {
	const char *metrics, *rows, *columns, *interval, *last, *from, *to, *zone, *filter, *sort;
	const char *lang, *data, *config;
	int64_t sl;
	bool json, csv, recount, list, topics;
};
/* Where it is asked. */
struct place {
	struct app_desk d;
	jv *cfg;                     /* NULL without --config */
	const jv *rules, *company;   /* the configuration and the company that hold here */
};

static jv *words(const char *list)
{
	jv *a = jv_arr();
	sv rest = sv_of(list), one;
	while (sv_cut(&rest, ',', &one))
		if (sv_trim(one).n)
			jv_push(a, jv_str(sv_trim(one)));
	return a;
}

/* "queue=sales,channel=phone": several of one dimension are any of them. A word without "=" is of
 * the dimension "", which is refused. */
static jv *filters(const char *list)
{
	jv *o = jv_obj();
	sv rest = sv_of(list), one;
	while (sv_cut(&rest, ',', &one)) {
		char name[40];
		sv word = sv_trim(one);
		ptrdiff_t at = sv_find_ch(word, '=');
		sv key = sv_slice(word, 0, at < 0 ? 0 : (size_t)at);
		sv val = sv_slice(word, (size_t)(at + 1), word.n);
		(void)snprintf(name, sizeof(name), SV_FMT, SV_ARG(sv_slice(key, 0, 39)));
		if (!jv_get(o, name))
			jv_set(o, name, jv_arr());
		jv_push(jv_get(o, name), jv_str(val));
	}
	return o;
}

static jv *question(const struct report_cmd *c)
{
	const struct { const char *key, *val; } texts[] = {
		{ "columns", c->columns }, { "interval", c->interval }, { "last", c->last },
		{ "from", c->from },	   { "to", c->to },		{ "zone", c->zone },
		{ "sort", c->sort },
	};
	jv *o = jv_obj();
	jv_set(o, "metrics",
	       words(c->metrics ? c->metrics :
				  "interactions,containment,entered,answered,abandon_rate,"
				  "service_level,asa,aht,csat"));
	jv_set(o, "rows", words(c->rows));
	jv_set(o, "filters", filters(c->filter));
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
		if (texts[i].val)
			jv_set_str(o, texts[i].key, sv_of(texts[i].val));
	if (c->sl)
		jv_set_int(o, "sl_s", c->sl);
	return o;
}

/* ---- the table on a terminal ---- */

static void put_cell(const struct ins_table *t, size_t row, size_t k)
{
	enum ins_unit u = ins_metric_unit(ins_table_metric(t, k));
	double v;
	char text[40] = "-";
	if (ins_table_value(t, row, k, &v)) {
		if (u == INS_MS)
			(void)snprintf(text, sizeof(text), "%.1fs", v / 1000);
		else if (u == INS_PERCENT)
			(void)snprintf(text, sizeof(text), "%.1f%%", v);
		else if (u == INS_COUNT)
			(void)snprintf(text, sizeof(text), "%.0f", v);
		else
			(void)snprintf(text, sizeof(text), "%.2f", v);
	}
	printf(" %14s", text);
}

static void print_table(const struct ins_table *t)
{
	size_t dims = ins_table_dims(t);
	for (size_t d = 0; d < dims; d++)
		printf("%-26.*s", SV_ARG(ins_table_dim_name(t, d)));
	for (size_t k = 0; k < ins_table_metrics(t); k++)
		printf(" %14.14s", ins_metric_name(ins_table_metric(t, k)));
	putchar('\n');
	for (size_t r = 0; r <= ins_table_rows(t); r++) {
		for (size_t d = 0; d < dims; d++) {
			sv key = r == ins_table_rows(t) ? (d ? SV("") : SV("total")) :
							  ins_table_key(t, r, d);
			printf("%-26.*s", SV_ARG(key));
		}
		for (size_t k = 0; k < ins_table_metrics(t); k++)
			put_cell(t, r, k);
		putchar('\n');
	}
}

static void print(const struct report_cmd *c, const struct ins_table *t)
{
	struct sb b;
	if (!c->json && !c->csv) {
		print_table(t);
		return;
	}
	sb_init(&b, 64u << 20);
	if (c->json) {
		ins_table_json(t, &b);
		sb_ch(&b, '\n');
	} else {
		ins_table_csv(t, c->lang && strcmp(c->lang, "zh") == 0, &b);
	}
	fwrite(sb_str(&b), 1, b.n, stdout);
	sb_done(&b);
}

/* ---- what is done ---- */

static int list_metrics(bool json)
{
	struct sb b;
	sb_init(&b, LIM_SB);
	ins_metrics_json(&b);
	jv *o = jv_parse(sb_sv(&b), NULL), *items = jv_get(o, "items");
	if (json)
		printf("%s\n", sb_str(&b));
	for (size_t i = 0; !json && i < jv_len(items); i++) {
		const jv *m = jv_at(items, i);
		printf("%-24.*s " SV_FMT "\n", SV_ARG(jv_get_str(m, "name")),
		       SV_ARG(jv_as_str(jv_path(m, "definition.en"))));
	}
	jv_free(o);
	sb_done(&b);
	return 0;
}

static int follow(struct store *st)
{
	struct ins_did did;
	int rc;
	do
		rc = ins_fact_step(st, &did);
	while (rc == 0 && did.more);
	return rc == ERR_DENIED ? 0 : rc;    /* beside a server, which does it */
}

static int recount(struct store *st, bool json)
{
	struct ins_recount r;
	int rc = ins_fact_recount(st, &r);
	if (rc == ERR_DENIED)
		return cli_fail("a server runs in this folder: stop it first");
	if (rc)
		return cli_fail("facts could not be counted again: %s", err_text(rc));
	if (json)
		printf("{\"rows\":%lld,\"facts\":%lld,\"differ\":%lld}\n", (long long)r.rows,
		       (long long)r.facts, (long long)r.differ);
	else
		printf("%lld rows, %lld facts, %lld were otherwise and are mended%s%s\n",
		       (long long)r.rows, (long long)r.facts, (long long)r.differ,
		       r.differ ? ", one of them " : "", r.first);
	return 0;
}

static int ask(const struct report_cmd *c, struct store *st, const struct place *x)
{
	struct err e = { 0 };
	struct ins_ask *a = NULL;
	struct ins_table *t = NULL;
	struct acd_plan *plan = NULL;
	struct store_db *db;
	jv *body = question(c);
	int rc = store_reader(st, &db);
	if (rc == 0)
		rc = app_report_plan(&plan, jv_get_str(x->rules, "company"), db, &e);
	const struct ins_ask_opts o = { .now_ms = clk_wall_ms(),
					.zone = jv_get_str(x->company, "timezone").p,
					.rates = app_report_rates(x->rules),
					.sl_ms = acd_promise, .arg = plan };
	if (rc == 0)
		rc = ins_ask_new(&a, body, &o, &e);
	if (rc == 0)
		rc = ins_table_new(&t, db, a, &e);
	if (rc == 0)
		print(c, t);
	ins_table_free(t);
	ins_ask_free(a);
	obj_unref(plan);
	jv_free(body);
	return rc ? cli_fail("%s", e.msg[0] ? e.msg : err_text(rc)) : 0;
}

/* ---- topics ---- */

static void print_topics(const jv *o)
{
	const jv *items = jv_get(o, "items");
	for (size_t i = 0; i < jv_len(items); i++) {
		const jv *t = jv_at(items, i), *words = jv_get(t, "words");
		sv says = jv_as_str(jv_path(t, "trend.says")), mood = jv_get_str(t, "mood_says");
		printf("%6lld %5.1f%% %-5.*s %-7.*s", (long long)jv_get_int(t, "n", 0),
		       100 * jv_get_num(t, "share", 0), SV_ARG(says), SV_ARG(mood));
		for (size_t k = 0; k < jv_len(words); k++)
			printf(" " SV_FMT, SV_ARG(jv_as_str(jv_at(words, k))));
		printf("   | " SV_FMT "\n", SV_ARG(jv_as_str(jv_path(t, "quotes.0.text"))));
	}
}

static int topics(const struct report_cmd *c, struct store *st, const struct place *x)
{
	struct ins_ask_opts range = { .now_ms = clk_wall_ms(),
				      .zone = jv_get_str(x->company, "timezone").p };
	struct ins_driver_opts o = { .rates = app_report_rates(x->rules) };
	struct app_vecs *v = NULL;
	struct ins_ask *a = NULL;
	struct err e = { 0 };
	struct store_db *db;
	struct sb b;
	size_t n;
	jv *body = question(c);
	int rc = ins_ask_new(&a, body, &range, &e);
	jv_free(body);
	if (rc)
		return cli_fail("%s", e.msg);
	ins_ask_range(a, &o.from_ms, &o.to_ms);
	ins_ask_free(a);
	if (app_vecs_open(&v, c->data ? c->data : "", NULL, NULL) == 0) {
		o.vec = app_vecs_question;
		o.arg = v;
	}
	sb_init(&b, LIM_JSON_BYTES);
	rc = ins_drivers_run(st, &o, &n);
	app_vecs_close(v);
	if (rc == ERR_INVAL)
		rc = cli_fail("fewer than 10 conversations with words of substance in that time");
	else if (rc == ERR_DENIED)
		rc = cli_fail("a server runs in this folder: it finds topics each night");
	else if (rc || (rc = store_reader(st, &db)) || (rc = ins_drivers_json(db, &b)))
		rc = cli_fail("topics: %s", err_text(rc));
	jv *o2 = rc ? NULL : jv_parse(sb_sv(&b), NULL);
	if (o2 && c->json)
		printf("%s\n", sb_str(&b));
	else if (o2)
		print_topics(o2);
	jv_free(o2);
	sb_done(&b);
	return rc;
}

static int run_at(const struct report_cmd *c, const struct place *x)
{
	struct store *st = x->d.store;
	int rc = follow(st);
	if (rc)
		return cli_fail("the river could not be read: %s", err_text(rc));
	return c->topics ? topics(c, st, x) : c->recount ? recount(st, c->json) : ask(c, st, x);
}

/* Restored elsewhere: its figures are there, what it promised and its time zone are not. */
static void tell_gone(const struct place *x)
{
	struct sb own;
	sb_init(&own, 8192);
	app_company_of_data(sb_str(&x->d.dir), &own);
	if (own.n && !file_exists(sb_str(&own)))
		fprintf(stderr,
			"the company of %s is not there: times are UTC and promises the demo's; "
			"say where it is now with --config\n",
			sb_str(&own));
	sb_done(&own);
}

static int run(const struct report_cmd *c)
{
	struct err e = { 0 };
	struct place x = { 0 };
	if (c->config && !(x.cfg = app_config(c->config, NULL, false)))
		return 1;
	sv data = jv_get_str(x.cfg, "data");
	jv *company = x.cfg ? app_company_of(x.cfg, &e) : NULL;
	int rc = c->config && !company ? ERR_PARSE : 0;
	if (rc == 0)
		rc = app_desk_open(&x.d, c->data || !data.n ? c->data : data.p, true,
				   c->recount, &e);
	if (rc == 0) {
		x.rules = company ? x.cfg : x.d.cfg;
		x.company = company ? company : x.d.company;      /* whose the folder is */
		if (!company)
			tell_gone(&x);
		rc = run_at(c, &x);
		app_desk_close(&x.d);
	} else {
		rc = cli_fail("%s", e.msg);
	}
	jv_free(company);
	jv_free(x.cfg);
	return rc;
}

int cmd_report(int argc, char **argv)
{
	struct report_cmd c = { 0 };
	int rest, status;
	const struct cli_opt opts[] = {
		{ "metrics", CLI_STR, &c.metrics, "names with commas; --list shows all" },
		{ "rows", CLI_STR, &c.rows,
		  "of time, hour, weekday, queue, agent, channel, topic, language, campaign" },
		{ "columns", CLI_STR, &c.columns, "one more of them" },
		{ "interval", CLI_STR, &c.interval,
		  "of time: 15min, 30min, hour, day, week, month" },
		{ "last", CLI_STR, &c.last, "today, yesterday, week, month or like 28d (7d)" },
		{ "from", CLI_STR, &c.from, "a date or time, with --to" },
		{ "to", CLI_STR, &c.to, "" },
		{ "zone", CLI_STR, &c.zone, "time zone (the company's)" },
		{ "filter", CLI_STR, &c.filter, "queue=sales,channel=phone" },
		{ "sort", CLI_STR, &c.sort, "a metric: largest first" },
		{ "sl", CLI_INT, &c.sl, "seconds of the service level (each queue's)" },
		{ "json", CLI_FLAG, &c.json, "as JSON" },
		{ "csv", CLI_FLAG, &c.csv, "as CSV" },
		{ "lang", CLI_STR, &c.lang, "of headings in CSV: en or zh (en)" },
		{ "list", CLI_FLAG, &c.list, "the metrics and what they mean" },
		{ "topics", CLI_FLAG, &c.topics,
		  "find what customers come for, with cost, mood and trend" },
		{ "recount", CLI_FLAG, &c.recount,
		  "count all facts from the river again, compare, mend" },
		{ "config", CLI_STR, &c.config,
		  "the server's: rates, queues, time zone (none: the demo's)" },
		{ "data", CLI_STR, &c.data, "data folder" },
	};
	if (!cli_parse(argc, argv, opts, sizeof(opts) / sizeof(*opts), &rest, &status))
		return status;
	if (rest < argc)
		return cli_fail("report takes options only; see callm report --help"), 2;
	return c.list ? list_metrics(c.json) : run(&c);
}
