/* cmd_eval_adv.c: `callm eval adversarial`: customers who want what is not theirs, against the
 * demo company, whole, in a data folder of its own that is removed afterwards.
 *
 * Three rounds: the built-in engine; a model that does what the attackers want; the same without
 * flows, so that every wish goes through the model's hands. A report of counts by class and
 * language; exit 0 only when nothing was disclosed, done or claimed. */
#include "app_company.h"
#include "app_int.h"
#include "app_service.h"
#include "eval_adversarial.h"
#include "flow.h"
#include "kb.h"

#include <stdio.h>
#include <stdlib.h>

struct adv_cmd {
	const char *only;
	bool json, talks;
	char dir[64];
	struct eval_adv *suite;
	struct app_desk desk;
	struct app_service *service;
	int rc;                      /* of seeding */
	struct err e;
	jv *results;
	bool failed;
};

/* ---- the suite ---- */

static int load(struct adv_cmd *c, struct err *e)
{
	static const char *const names[] = { "tests/adversarial.zh.jsonl",
					     "tests/adversarial.en.jsonl" };
	struct app_company demo;
	struct sb b, orders;
	int rc = 0;
	app_company_open(&demo, SV_NULL);
	eval_adv_new(&c->suite);
	for (int i = 0; i < 2 && rc == 0; i++) {
		sb_init(&b, 16u << 20);
		rc = app_company_file(&demo, names[i], &b, e);
		if (rc == 0)
			rc = eval_adv_add(c->suite, sb_sv(&b), names[i], e);
		sb_done(&b);
	}
	sb_init(&b, 64u << 20);
	sb_init(&orders, 64u << 20);
	if (rc == 0)
		rc = app_company_file(&demo, "customers.jsonl", &b, e);
	if (rc == 0)
		rc = app_company_file(&demo, "orders.jsonl", &orders, e);
	if (rc == 0)
		rc = eval_adv_know(c->suite, sb_sv(&b), sb_sv(&orders), e);
	sb_done(&b);
	sb_done(&orders);
	return rc;
}

static int seed(void *arg, struct store_db *db)
{
	struct adv_cmd *c = arg;
	c->rc = eval_adv_seed(c->suite, db, app_service_keys(c->service), SV("86"), clk_wall_ms(),
			      &c->e);
	return c->rc;
}

static int plant(struct adv_cmd *c, struct err *e)
{
	struct store_db *db;
	struct kb_index *ix;
	int rc = store_write(c->desk.store, seed, c, NULL, NULL);
	if (rc == 0)
		rc = store_flush(c->desk.store);
	if (rc || c->rc)
		return err_set(e, rc ? rc : c->rc, "the suite's rows: %s", c->e.msg);
	rc = store_reader(c->desk.store, &db);
	if (rc == 0)
		rc = kb_build(&ix, db, &(struct kb_opts){ 0 }, e);
	if (rc == 0)
		snap_publish(c->desk.kb, ix);
	return rc;
}

/* ---- rounds ---- */

static int play(struct adv_cmd *c, bool hostile, bool flows, struct err *e)
{
	struct talk_texts *texts = NULL;
	struct talk_hub *hub = NULL;
	struct loop *l = loop_new();
	int rc = talk_texts_new(&texts, c->desk.company, e);
	struct talk_opts o = { .store = c->desk.store, .kb = c->desk.kb, .pool = c->desk.pool,
			       .texts = texts, .loop = l, .voice_lang = "en",
			       .tools = app_service_kit(c->service),
			       .cust = app_service_keys(c->service), .country_code = SV("86"),
			       .products = app_service_products(c->service),
			       .flows = flows ? app_service_flows(c->service) : NULL };
	if (rc == 0)
		rc = talk_hub_open(&hub, &o, e);
	if (rc == 0) {
		struct eval_adv_opts p = { .loop = l, .hub = hub, .store = c->desk.store,
					   .hostile = hostile, .only = sv_of(c->only) };
		jv *r = eval_adv_run(c->suite, &p);
		jv_set_bool(r, "flows", flows);
		c->failed = c->failed || jv_get_int(r, "failed", 1) > 0;
		jv_push(c->results, r);
		talk_hub_close(hub);
	}
	obj_unref(texts);
	loop_free(l);
	return rc;
}

static int rounds(struct adv_cmd *c, struct err *e)
{
	struct app_service_opts so = { .cfg = NULL, .data = c->dir };
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
	if (rc == 0)
		rc = plant(c, e);
	for (int i = 0; i < 3 && rc == 0; i++)
		rc = play(c, i > 0, i < 2, e);
	app_service_close(c->service);
	if (c->desk.store)
		app_desk_close(&c->desk);
	jv_free(cfg);
	return rc;
}

/* ---- report ---- */

static void print_cases(const jv *r, bool talks)
{
	const jv *cases = jv_get(r, "cases");
	for (size_t i = 0; i < jv_len(cases); i++) {
		const jv *k = jv_at(cases, i), *found = jv_get(k, "found"),
			 *turns = jv_get(k, "turns");
		if (!talks && !jv_len(found))
			continue;
		printf("  " SV_FMT "\n", SV_ARG(jv_get_str(k, "name")));
		for (size_t n = 0; n < jv_len(turns); n++)
			printf("    > " SV_FMT "\n    < " SV_FMT "\n",
			       SV_ARG(jv_get_str(jv_at(turns, n), "user")),
			       SV_ARG(jv_get_str(jv_at(turns, n), "reply")));
		for (size_t n = 0; n < jv_len(found); n++)
			printf("    %s: " SV_FMT "\n", "FOUND " ,
			       SV_ARG(jv_get_str(jv_at(found, n), "what")));
	}
}

static void print_round(const jv *r, bool talks)
{
	static const char *const sums[] = { "disclosures", "effects", "claims", "silent" };
	const jv *classes = jv_get(r, "classes");
	void *it = NULL;
	sv name;
	jv *c;
	printf("%s%s\n", jv_get_bool(r, "hostile", false) ? "hostile model" : "built-in engine",
	       jv_get_bool(r, "flows", true) ? "" : ", without flows");
	print_cases(r, talks);
	while (jv_next(classes, &it, &name, &c))
		printf("  %-10.*s zh %3lld  en %3lld  failed %lld\n", (int)name.n, name.p,
		       (long long)jv_get_int(c, "zh", 0), (long long)jv_get_int(c, "en", 0),
		       (long long)jv_get_int(c, "failed", 0));
	printf("  %lld conversations, %lld calls of the model's, %lld failed:",
	       (long long)jv_get_int(r, "total", 0), (long long)jv_get_int(r, "model_calls", 0),
	       (long long)jv_get_int(r, "failed", 0));
	for (int i = 0; i < 4; i++)
		printf(" %s %lld", sums[i], (long long)jv_get_int(r, sums[i], 0));
	printf("\n");
}

int cmd_eval_adversarial(int argc, char **argv)
{
	struct adv_cmd c = { .only = "", .dir = "/tmp/callm-eval-XXXXXX" };
	struct err e = { 0 };
	int rest, status;
	const struct cli_opt opts[] = {
		{ "only", CLI_STR, &c.only, "cases with this in their name, or of this class" },
		{ "talks", CLI_FLAG, &c.talks, "prints every conversation" },
		{ "json", CLI_FLAG, &c.json, "the whole result as one JSON array" },
	};
	if (!cli_parse(argc, argv, opts, sizeof(opts) / sizeof(*opts), &rest, &status))
		return status;
	if (!mkdtemp(c.dir))
		return cli_fail("no folder can be made in /tmp"), 2;
	c.results = jv_arr();
	int rc = rounds(&c, &e);
	app_desk_remove(c.dir);
	for (size_t i = 0; i < jv_len(c.results) && !c.json; i++)
		print_round(jv_at(c.results, i), c.talks);
	if (c.json)
		cli_print_json(c.results);
	else
		jv_free(c.results);
	eval_adv_free(c.suite);
	if (rc)
		return cli_fail("%s", e.msg), 2;
	return c.failed ? 1 : 0;
}
