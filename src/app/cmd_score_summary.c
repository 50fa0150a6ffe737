/* cmd_score_summary.c: `callm score summary`: 102 conversations of the demo company, played against
 * its engine and tools on the day the demo was made for, and what their summaries lack or invent.
 *
 * In a data folder of its own that is removed afterwards. Exit 0 only when 90 % of the slots and of
 * the promises are there and nothing is invented. */
#include "app_assist.h"
#include "app_company.h"
#include "app_int.h"
#include "app_service.h"
#include "assist.h"
#include "eval_summary.h"
#include "flow.h"

#include <stdio.h>
#include <stdlib.h>

#define DAY \
	INT64_C(1795658400000) /* 2026-11-26 02:00 UTC: orders of the demo are of these weeks \
				*/
#define SHARE 0.9

struct sum_cmd {
	const char *only;
	bool json, talks;
	char dir[64];
	struct eval_sums *suite;
	struct app_desk desk;
	struct app_service *service;
	struct app_assist *help;
	jv *result;
};

static int load(struct sum_cmd *c, struct err *e)
{
	static const char *const names[] = { "tests/summaries.zh.jsonl",
					     "tests/summaries.en.jsonl" };
	struct app_company demo;
	struct sb b;
	int rc = 0;
	app_company_open(&demo, SV_NULL);
	eval_sums_new(&c->suite);
	for (int i = 0; i < 2 && rc == 0; i++) {
		sb_init(&b, 16u << 20);
		rc = app_company_file(&demo, names[i], &b, e);
		if (rc == 0)
			rc = eval_sums_add(c->suite, sb_sv(&b), names[i], e);
		sb_done(&b);
	}
	return rc;
}

static int play(struct sum_cmd *c, struct err *e)
{
	struct talk_texts *texts = NULL;
	struct talk_hub *hub = NULL;
	struct loop *l = loop_new_sim(DAY);
	struct pool *inline_pool = pool_new_inline();
	int rc = talk_texts_new(&texts, c->desk.company, e);
	struct talk_opts o = { .store = c->desk.store, .kb = c->desk.kb, .pool = inline_pool,
			       .texts = texts, .loop = l, .voice_lang = "en",
			       .tools = app_service_kit(c->service),
			       .cust = app_service_keys(c->service), .country_code = SV("86"),
			       .products = app_service_products(c->service),
			       .flows = app_service_flows(c->service) };
	if (rc == 0)
		rc = talk_hub_open(&hub, &o, e);
	if (rc == 0) {
		struct eval_sums_opts p = { .loop = l, .hub = hub,
					    .with = assist_named(app_assist_of(c->help)),
					    .only = sv_of(c->only) };
		c->result = eval_sums_run(c->suite, &p);
		talk_hub_close(hub);
	}
	obj_unref(texts);
	pool_free(inline_pool);
	loop_free(l);
	return rc;
}

static int run(struct sum_cmd *c, struct err *e)
{
	struct app_service_opts so = { .data = c->dir };
	int rc = load(c, e);
	jv *cfg = rc ? NULL : app_config(NULL, NULL, false);
	if (rc == 0)
		rc = cfg ? app_desk_open(&c->desk, c->dir, false, true, e) : ERR_INVAL;
	so.cfg = cfg;
	so.company = c->desk.company;
	so.store = c->desk.store;
	so.pool = c->desk.pool;
	if (rc == 0)
		rc = app_service_open(&c->service, &so, e);
	struct app_assist_opts ao = { .cfg = cfg, .company = c->desk.company,
				      .store = c->desk.store, .kb = c->desk.kb,
				      .service = c->service };
	if (rc == 0)
		rc = app_assist_open(&c->help, &ao, e);
	if (rc == 0)
		rc = play(c, e);
	app_assist_close(c->help);
	app_service_close(c->service);
	if (c->desk.store)
		app_desk_close(&c->desk);
	jv_free(cfg);
	return rc;
}

/* ---- report ---- */

static double share(const jv *r, const char *part, const char *of)
{
	int64_t n = jv_get_int(r, of, 0);
	return n ? (double)jv_get_int(r, part, 0) / (double)n : 1;
}

static void print_part(const jv *r, const char *what, const char *part, const char *of)
{
	printf("%-13s %4lld of %4lld  %5.1f %%\n", what, (long long)jv_get_int(r, part, 0),
	       (long long)jv_get_int(r, of, 0), 100 * share(r, part, of));
}

static void print_case(const jv *k, bool talks)
{
	const jv *turns = jv_get(k, "turns"), *missing = jv_get(k, "missing");
	sv invented = jv_get_str(k, "invented");
	if (!talks && !jv_len(missing) && !invented.n)
		return;
	printf(SV_FMT "\n", SV_ARG(jv_get_str(k, "name")));
	for (size_t i = 0; talks && i < jv_len(turns); i++)
		printf("  > " SV_FMT "\n  < " SV_FMT "\n",
		       SV_ARG(jv_get_str(jv_at(turns, i), "user")),
		       SV_ARG(jv_get_str(jv_at(turns, i), "reply")));
	if (talks)
		printf("  -- " SV_FMT "\n", SV_ARG(jv_as_str(jv_path(k, "summary.text"))));
	for (size_t i = 0; i < jv_len(missing); i++)
		printf("  MISSING " SV_FMT "\n", SV_ARG(jv_as_str(jv_at(missing, i))));
	if (invented.n)
		printf("  INVENTED " SV_FMT, SV_ARG(invented));
}

static void print_all(const jv *r, bool talks)
{
	const jv *cases = jv_get(r, "cases");
	for (size_t i = 0; i < jv_len(cases); i++)
		print_case(jv_at(cases, i), talks);
	printf("%lld conversations (zh %lld, en %lld), %lld without a reply\n",
	       (long long)jv_get_int(r, "total", 0),
	       (long long)jv_as_int(jv_path(r, "languages.zh"), 0),
	       (long long)jv_as_int(jv_path(r, "languages.en"), 0),
	       (long long)jv_get_int(r, "silent", 0));
	print_part(r, "slots", "slots_ok", "slots");
	print_part(r, "promises", "promises_ok", "promises");
	print_part(r, "actions", "done_ok", "done");
	print_part(r, "dispositions", "dispositions_ok", "dispositions");
	printf("invented: %lld, told as done but was not: %lld\n",
	       (long long)jv_get_int(r, "invented", 0),
	       (long long)jv_get_int(r, "undone_wrong", 0));
}

static bool good(const jv *r)
{
	return share(r, "slots_ok", "slots") >= SHARE &&
	       share(r, "promises_ok", "promises") >= SHARE &&
	       jv_get_int(r, "invented", 1) == 0 && jv_get_int(r, "undone_wrong", 1) == 0 &&
	       jv_get_int(r, "silent", 1) == 0 && jv_get_int(r, "total", 0) > 0;
}

int cmd_score_summary(int argc, char **argv)
{
	struct sum_cmd c = { .only = "", .dir = "/tmp/callm-sums-XXXXXX" };
	struct err e = { 0 };
	int rest, status;
	const struct cli_opt opts[] = {
		{ "only", CLI_STR, &c.only, "conversations with this in their name" },
		{ "talks", CLI_FLAG, &c.talks, "prints every conversation and its summary" },
		{ "json", CLI_FLAG, &c.json, "the whole result as one JSON object" },
	};
	if (!cli_parse(argc, argv, opts, sizeof(opts) / sizeof(*opts), &rest, &status))
		return status;
	if (!mkdtemp(c.dir))
		return cli_fail("no folder can be made in /tmp"), 2;
	int rc = run(&c, &e);
	app_desk_remove(c.dir);
	eval_sums_free(c.suite);
	if (rc) {
		jv_free(c.result);
		return cli_fail("%s", e.msg), 2;
	}
	bool ok = good(c.result);
	if (c.json) {
		cli_print_json(c.result);
	} else {
		print_all(c.result, c.talks);
		jv_free(c.result);
	}
	return ok ? 0 : 1;
}
