/* t_eval_suite.c: suites: what is wrong with them, what they find, what the reports say. The
 * engine, its knowledge and the models are real (scripted ones where a model is needed). */
#include "t.h"
#include "world.h"
#include "eval.h"

#include <stdio.h>

struct desk {
	struct loop *l;
	struct snap *kb;
	struct talk_texts *texts;
	struct talk_hub *hub;
	struct llm *helper;
	jv *script;
};

static void desk_open(struct desk *d, const char *helper_script)
{
	struct err e = { 0 };
	jv *company = world_company();
	*d = (struct desk){ .l = loop_new(), .kb = snap_new(world_kb()) };
	ASSERT(talk_texts_new(&d->texts, company, &e) == 0);
	jv_free(company);
	struct talk_opts o = { .kb = d->kb, .texts = d->texts, .loop = d->l };
	ASSERT(talk_hub_open(&d->hub, &o, &e) == 0);
	if (!helper_script)
		return;
	d->script = jv_parse(sv_of(helper_script), &e);
	ASSERT(d->script);
	struct model_spec s = { .kind = "scripted", .model = "player", .script = d->script };
	ASSERT(llm_open(&d->helper, &s, d->l, &e) == 0);
}

static void desk_close(struct desk *d)
{
	llm_close(d->helper);
	talk_hub_close(d->hub);
	obj_unref(d->texts);
	snap_free(d->kb);
	loop_free(d->l);
	jv_free(d->script);
	world_forget();
}

static jv *play(struct desk *d, const char *yaml, int trials, int jobs, const char *only)
{
	struct cfg_report rep = { 0 };
	struct eval_suite *s = NULL;
	int rc = eval_suite_parse(&s, sv_of(yaml), "t.yaml", &rep);
	for (size_t i = 0; i < rep.n; i++)
		printf("# %s %s\n", rep.v[i].where, rep.v[i].what);
	cfg_report_done(&rep);
	if (rc)
		return NULL;
	struct eval_opts o = { .loop = d->l, .shard = talk_hub_pick(d->hub, 0),
			       .trials = trials, .jobs = jobs, .only = sv_of(only),
			       .helper = d->helper };
	jv *r = eval_run(s, &o);
	eval_suite_free(s);
	return r;
}

#define HEAD "name: \"T\"\nlanguage: en\ncases:\n"

static const char *const good = HEAD
	"  - name: \"returns\"\n    tags: [\"a\", \"b\"]\n    turns:\n"
	"      - user: \"How long do I have to return something?\"\n"
	"        expect: {action: reply, article: return-window, grounded: true, language: "
	"en,\n"
	"                 model: builtin, facts: [\"30 days\"], forbidden: [\"31 days\"],\n"
	"                 contains: [\"unused\"], lacks: [\"nonsense\"], events: "
	"[\"turn.customer\"]}\n"
	"    end: {closed: false, by: customer, turns_max: 1, facts: [\"60 days\"],\n"
	"          no_events: [\"model.fallback\"]}\n"
	"  - name: \"bye\"\n    tags: [\"b\"]\n    channel: phone\n    turns:\n"
	"      - user: \"goodbye\"\n        expect: {action: end}\n"
	"    end: {closed: true, by: bot}\n";

TEST(eval_suite_passes_and_counts)
{
	struct desk d;
	desk_open(&d, NULL);
	jv *r = play(&d, good, 3, 2, "");
	EQ(jv_get_int(r, "total", 0), 2);
	EQ(jv_get_int(r, "passed", 0), 2);
	EQ(jv_get_int(jv_path(r, "tags.b"), "passed", 0), 2);
	EQ(jv_get_int(jv_path(r, "tags.a"), "total", 0), 1);
	EQ(jv_len(jv_get(r, "pass_k")), 3);
	EQ(jv_len(jv_path(r, "cases.0.runs")), 3);
	SV_EQ(jv_get_str(jv_path(r, "cases.0.runs.2.turns.0"), "action"), "reply");
	SV_EQ(jv_get_str(jv_path(r, "cases.0.runs.0.turns.0.citations.0"), "article_id"),
	      "return-window.en");
	jv_free(r);
	r = play(&d, good, 1, 1, "bye");
	EQ(jv_get_int(r, "total", 0), 1);
	jv_free(r);
	r = play(&d, good, 1, 1, "a");   /* a tag, and a part of no other name */
	EQ(jv_get_int(r, "total", 0), 1);
	jv_free(r);
	desk_close(&d);
}

/* Every kind of check must be able to fail, alone. */
TEST(eval_suite_each_check_fails)
{
	static const char *const wants[] = {
		"expect: {action: decline}", "expect: {article: refund-time}",
		"expect: {grounded: false}", "expect: {language: zh}", "expect: {emotion: angry}",
		"expect: {intent: price_query}", "expect: {model: llama}",
		"expect: {contains: [\"bananas\"]}", "expect: {lacks: [\"UNUSED\"]}",
		"expect: {facts: [\"31 days\"]}", "expect: {forbidden: [\"thirty days\"]}",
		"expect: {events: [\"tool.refused\"]}",
		"expect: {tool: {name: \"cancel\", args: {id: 1}}}",
	};
	static const char *const ends[] = {
		"end: {closed: true}", "end: {by: bot}", "end: {action: handoff}",
		"end: {language: zh}", "end: {emotion: angry}", "end: {events: [\"tool.refused\"]}",
		"end: {no_events: [\"turn.customer\"]}", "end: {facts: [\"31 days\"]}",
		"end: {forbidden: [\"60 days\"]}",
	};
	struct desk d;
	char yaml[600];
	desk_open(&d, NULL);
	for (size_t i = 0; i < 22; i++) {
		bool end = i >= 13;
		snprintf(yaml, sizeof(yaml),
			 HEAD "  - name: \"x\"\n    turns:\n"
			      "      - user: \"How long do I have to return something?\"\n%s%s\n",
			 end ? "    " : "        ", end ? ends[i - 13] : wants[i]);
		jv *r = play(&d, yaml, 1, 1, ""), *run = jv_path(r, "cases.0.runs.0");
		const jv *checks = jv_get(end ? run : jv_path(run, "turns.0"), "checks");
		if (jv_get_int(r, "failed", 0) != 1 || jv_len(checks) != 1 ||
		    jv_get_bool(jv_at(checks, 0), "ok", true))
			t_fail(yaml, (int)i, "the check does not fail");
		jv_free(r);
	}
	desk_close(&d);
}

TEST(eval_suite_script_longer_than_the_call)
{
	struct desk d;
	desk_open(&d, NULL);
	jv *r = play(&d, HEAD "  - name: \"x\"\n    channel: phone\n    turns:\n"
			      "      - user: \"goodbye\"\n        expect: {action: end}\n"
			      "      - user: \"one more thing\"\n", 1, 1, "");
	EQ(jv_get_int(r, "failed", 0), 1);
	HAS(jv_get_str(jv_path(r, "cases.0.runs.0"), "error"), "before the script was over");
	jv_free(r);
	desk_close(&d);
}

/* ---- what is wrong with a suite ---- */

static void complains(const char *yaml, const char *where, const char *what)
{
	struct cfg_report rep = { 0 };
	struct eval_suite *s = NULL;
	bool found = false;
	int rc = eval_suite_parse(&s, sv_of(yaml), "t.yaml", &rep);
	for (size_t i = 0; i < rep.n; i++)
		found = found || (sv_eq(sv_of(rep.v[i].where), sv_of(where)) &&
				  sv_find(sv_of(rep.v[i].what), sv_of(what)) >= 0);
	if (rc == 0 || !found)
		t_fail(yaml, 0, rep.n ? rep.v[0].where : "no complaint");
	cfg_report_done(&rep);
	eval_suite_free(s);
}

TEST(eval_suite_says_what_is_wrong)
{
	static const char x[] = HEAD "  - name: \"x\"\n";
	char y[700];
	complains("name: \"T\"\ncases: []\n", "t.yaml:language", "missing");
	complains(HEAD "  - name: \"x\"\n    turns:\n      - user: \"a\"\n        expect: "
		       "{acton: reply}\n",
		  "t.yaml:7:cases[0].turns[0].expect.acton", "");
	snprintf(y, sizeof(y), "%s    turns:\n      - user: \"a\"\n", x);
	complains(y, "t.yaml:4:cases[0]", "checks nothing");
	snprintf(y, sizeof(y), "%s    end: {closed: true}\n", x);
	complains(y, "t.yaml:4:cases[0]", "no turns");
	snprintf(y, sizeof(y),
		 "%s    turns:\n      - key: \"1\"\n        expect: {action: reply}\n", x);
	complains(y, "t.yaml:6:cases[0].turns[0]", "without a phone");
	snprintf(y, sizeof(y), "%s    turns:\n      - expect: {action: reply}\n", x);
	complains(y, "t.yaml:6:cases[0].turns[0]", "says nothing");
	snprintf(y, sizeof(y),
		 "%s    turns:\n      - user: \"a\"\n        expect: {tool: {args: {a: 1}}}\n", x);
	complains(y, "t.yaml:6:cases[0].turns[0]", "without a name");
	snprintf(y, sizeof(y), "%s    user: {persona: \"p\"}\n    end: {closed: true}\n", x);
	complains(y, "t.yaml:5:cases[0].user", "no goal");
	snprintf(y, sizeof(y),
		 "%s    turns: [{user: \"a\", expect: {action: reply}}]\n"
		 "  - name: \"x\"\n    turns: [{user: \"a\", expect: {action: reply}}]\n", x);
	complains(y, "t.yaml:6:cases[1].name", "twice");
	complains(HEAD "  - [", "t.yaml:5:cases[0]", "");
}

TEST(eval_suite_missing_file)
{
	struct cfg_report rep = { 0 };
	struct eval_suite *s = NULL;
	EQ(eval_suite_load(&s, "/nonexistent/x.yaml", &rep), ERR_NOTFOUND);
	EQ(rep.n, 1);
	cfg_report_done(&rep);
}

/* ---- models beside the engine ---- */

static const char *const played =
	HEAD "  - name: \"x\"\n    user: {goal: \"know the return window\", persona: \"brief\"}\n"
	     "    judge: \"The customer was told the return window.\"\n"
	     "    end: {facts: [\"30 days\"], turns_max: 2}\n";

TEST(eval_suite_a_model_plays_and_judges)
{
	struct desk d;
	desk_open(&d, "[{\"match\":\"Rubric\",\"say\":[\"{\\\"reason\\\":\\\"it was told\\\","
		      "\\\"pass\\\":true}\"]},"
		      "{\"match\":\"30 days\",\"say\":[\"[END]\"]},"
		      "{\"say\":[\"How long do I have \",\"to return something?\"]}]");
	jv *r = play(&d, played, 1, 1, ""), *run = jv_path(r, "cases.0.runs.0");
	EQ(jv_get_int(r, "passed", 0), 1);
	EQ(jv_len(jv_get(run, "turns")), 1);
	SV_EQ(jv_get_str(jv_get(run, "judge"), "reason"), "it was told");
	jv_free(r);
	desk_close(&d);
}

TEST(eval_suite_a_judge_that_says_no_or_nonsense)
{
	static const char *const verdicts[] = { "{\\\"reason\\\":\\\"rude\\\",\\\"pass\\\":false}",
						"{\\\"pass\\\":true}", "fine, I think" };
	for (int i = 0; i < 3; i++) {
		struct desk d;
		char script[400];
		snprintf(script, sizeof(script),
			 "[{\"match\":\"Rubric\",\"say\":[\"%s\"]},"
			 "{\"match\":\"30 days\",\"say\":[\"[END]\"]},"
			 "{\"say\":[\"How long do I have to return something?\"]}]", verdicts[i]);
		desk_open(&d, script);
		jv *r = play(&d, played, 1, 1, "");
		EQ(jv_get_int(r, "failed", 0), 1);
		CHECK(!jv_get_bool(jv_path(r, "cases.0.runs.0.judge"), "ok", true));
		jv_free(r);
		desk_close(&d);
	}
}

TEST(eval_suite_no_model_no_pass)
{
	struct desk d;
	desk_open(&d, NULL);
	jv *r = play(&d, played, 1, 1, "");
	EQ(jv_get_int(r, "failed", 0), 1);
	HAS(jv_get_str(jv_path(r, "cases.0.runs.0"), "error"), "no language model");
	jv_free(r);
	desk_close(&d);
}

/* ---- sums and reports ---- */

TEST(eval_pass_k_is_the_chance_of_all)
{
	NEAR(eval_pass_k(4, 4, 4), 1.0, 1e-12);
	NEAR(eval_pass_k(4, 3, 1), 0.75, 1e-12);
	NEAR(eval_pass_k(4, 3, 2), 0.5, 1e-12);      /* 3 of 6 pairs */
	NEAR(eval_pass_k(4, 3, 4), 0.0, 1e-12);
	NEAR(eval_pass_k(4, 0, 1), 0.0, 1e-12);
	NEAR(eval_pass_k(2, 2, 3), 0.0, 1e-12);
}

TEST(eval_report_junit_and_page)
{
	struct desk d;
	struct sb out;
	desk_open(&d, NULL);
	jv *all = jv_arr();
	jv_push(all, play(&d,
			  HEAD "  - name: \"a <b> & \\\"c\\\"\"\n    turns:\n"
			       "      - user: \"</script><script>alert(1)</script>\"\n"
			       "        expect: {action: end, facts: [\"x & y\"]}\n",
			  2, 1, ""));
	jv_push(all, play(&d, good, 1, 1, ""));
	sb_init(&out, 8u << 20);
	eval_junit(all, &out);
	sv xml = sb_sv(&out);
	HAS(xml, "<testsuites name=\"callm eval\" tests=\"3\" failures=\"1\"");
	HAS(xml, "name=\"a &lt;b&gt; &amp; &quot;c&quot;\"");
	HAS(xml, "0 of 2 trials passed");
	HAS(xml, "turn 1, action: wanted \"end\"");
	HAS(xml, "<property name=\"pass^2\" value=\"0.0000\"/>");
	EQ(sv_find(xml, SV("x & y")), -1);
	sb_reset(&out);
	OK(eval_html(all, &out));
	sv page = sb_sv(&out);
	HAS(page, "\\u003c/script>\\u003cscript>alert(1)");
	EQ(sv_find(page, SV("@RESULTS@")), -1);
	EQ(sv_find(page, SV("</script><script>alert")), -1);
	sb_done(&out);
	jv_free(all);
	desk_close(&d);
}

