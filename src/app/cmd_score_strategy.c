/* cmd_score_strategy.c: `callm score strategy`: the strategy scenes through the engine with the
 * demo company's knowledge: is each turn served by the right row, does a person come when anger
 * lasts and only then, is nothing offered that may not be. */
#include "app_int.h"
#include "eval_strategy.h"
#include "policy_table.h"

#include <stdio.h>

extern const struct embed_file demo_files[];
extern const size_t demo_files_n;

static void on_wrong(void *arg, sv scene, sv text, sv want, sv got)
{
	(void)fprintf(stderr, "%s " SV_FMT ": \"" SV_FMT "\": " SV_FMT " instead of " SV_FMT "\n",
		      (const char *)arg, SV_ARG(scene), SV_ARG(text), SV_ARG(got), SV_ARG(want));
}

static double rate(size_t a, size_t n, double none)
{
	return n ? (double)a / (double)n : none;
}

static void report(const char *lang, const struct eval_strategy *s, bool json)
{
	double right = rate(s->right, s->turns, 0), in_time = rate(s->in_time, s->sustained, 1);
	double calm = rate(s->escalated, s->calm, 0);
	if (!json) {
		printf("%s  scenes %zu, turns %zu  right %.1f %%  person within two turns of "
		       "lasting "
		       "anger %zu of %zu  calm ones escalated %.1f %% (%zu/%zu)  forbidden "
		       "offers "
		       "%zu  same opening twice %zu\n",
		       lang, s->scenes, s->turns, 100 * right, s->in_time, s->sustained,
		       100 * calm, s->escalated, s->calm, s->forbidden, s->repeated);
		return;
	}
	jv *o = jv_obj();
	jv_set_str(o, "lang", sv_of(lang));
	jv_set_int(o, "scenes", (int64_t)s->scenes);
	jv_set_int(o, "turns", (int64_t)s->turns);
	jv_set_num(o, "right", right);
	jv_set_num(o, "person_due", rate(s->brought, s->due, 1));
	jv_set_int(o, "sustained", (int64_t)s->sustained);
	jv_set_num(o, "escalated_in_time", in_time);
	jv_set_num(o, "calm_escalated", calm);
	jv_set_int(o, "forbidden_offers", (int64_t)s->forbidden);
	jv_set_int(o, "repeated", (int64_t)s->repeated);
	cli_print_json(o);
}

static int load(const char *file, const char *lang, struct sb *out, struct err *e)
{
	char name[64];
	if (file)
		return file_read(file, LIM_KB_DOC, out, e);
	(void)snprintf(name, sizeof(name), "tests/strategy.%s.tsv", lang);
	const struct embed_file *f = embed_find(demo_files, demo_files_n, sv_of(name));
	return f ? embed_text(f, out) : err_set(e, ERR_NOTFOUND, "%s is not in the program", name);
}

static int score_lang(struct talk_shard *sh, const char *file, const char *lang, bool json,
		      bool wrong)
{
	struct eval_strategy s = { 0 };
	struct err e = { 0 };
	struct sb text;
	char arg[4];
	sb_init(&text, LIM_KB_DOC);
	(void)snprintf(arg, sizeof(arg), "%s", lang);
	int rc = load(file, lang, &text, &e);
	if (rc == 0)
		rc = eval_strategy(sh, sb_sv(&text), lang, &s, wrong ? on_wrong : NULL, arg, &e);
	sb_done(&text);
	if (rc == 0 && !s.scenes)
		rc = err_set(&e, ERR_PARSE, "there is no scene in it");
	if (rc)
		return cli_fail("%s%s%s", file ? file : "", file ? ": " : "", e.msg);
	report(lang, &s, json);
	return 0;
}

static int score_all(struct app_desk *d, const char *file, const char *lang, bool json, bool wrong)
{
	static const char *const both[] = { "en", "zh" };
	struct err e = { 0 };
	struct talk_texts *texts;
	struct talk_hub *hub;
	struct loop *loop = loop_new();
	int rc = talk_texts_new(&texts, d->company, &e);
	if (rc) {
		loop_free(loop);
		return cli_fail("%s", e.msg);
	}
	struct talk_opts o = { .kb = d->kb, .pool = d->pool, .texts = texts, .loop = loop,
			       .transfer_to = "sip:person@127.0.0.1" };
	rc = talk_hub_open(&hub, &o, &e);
	for (int i = 0; i < 2 && rc == 0; i++)
		if (!lang || strcmp(lang, both[i]) == 0)
			rc = score_lang(talk_hub_shard(hub, 0), file, both[i], json, wrong);
	if (e.msg[0])
		rc = cli_fail("%s", e.msg);
	else
		talk_hub_close(hub);
	obj_unref(texts);
	loop_free(loop);
	return rc;
}

int cmd_score_strategy(int argc, char **argv)
{
	const char *data = NULL, *lang = NULL, *file = NULL;
	bool json = false, wrong = false;
	int rest, status;
	const struct cli_opt opts[] = {
		{ "json", CLI_FLAG, &json, "one JSON object a language" },
		{ "lang", CLI_STR, &lang, "en or zh; else both" },
		{ "data", CLI_STR, &file, "scenes of your own (docs/policy.md); with --lang" },
		{ "folder", CLI_STR, &data, "data folder with the knowledge; else the demo's" },
		{ "wrong", CLI_FLAG, &wrong, "print the turns that were served otherwise" },
	};
	if (!cli_parse(argc, argv, opts, sizeof(opts) / sizeof(*opts), &rest, &status))
		return status;
	if (lang && strcmp(lang, "en") != 0 && strcmp(lang, "zh") != 0)
		return cli_fail("--lang is en or zh"), 2;
	if (file && !lang)
		return cli_fail("say with --lang which language the scenes are in"), 2;
	struct app_desk d;
	struct err e = { 0 };
	if (app_desk_open(&d, data, false, false, &e))
		return cli_fail("%s", e.msg);
	int rc = score_all(&d, file, lang, json, wrong);
	app_desk_close(&d);
	return rc;
}
