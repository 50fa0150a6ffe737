/* Forms: what is read, what is refused and where it is said to be, the law, points, sets. */
#include <stdio.h>
#include "t.h"
#include "qa_int.h"

static const char good[] =
	"id: small\nversion: 3\ntitle: { zh: \"小表\", en: \"Small\" }\npass: 70\n"
	"for: { who: [agent], channels: [phone] }\nsections:\n"
	"  - id: a\n    title: { zh: \"甲\", en: \"A\" }\n    items:\n"
	"      - id: greet\n        title: { zh: \"问候\", en: \"Greets\" }\n        type: "
	"plus\n"
	"        weight: 5\n        rule: said_early\n        words: { zh: [\"您好\"], en: "
	"[\"hello\"] }\n"
	"      - id: late\n        title: { zh: \"迟\", en: \"Late\" }\n        type: minus\n"
	"        weight: 10\n        rule: response_time\n        seconds: 60\n"
	"      - id: rude\n        title: { zh: \"禁语\", en: \"Rude\" }\n        type: taboo\n"
	"        rule: taboo\n        words: { zh: [\"随便你\"], en: [\"whatever\"] }\n"
	"      - id: solved\n        title: { zh: \"解决\", en: \"Solved\" }\n        type: "
	"plus\n"
	"        weight: 15\n        model: { zh: \"解决了吗？\", en: \"Solved?\" }\n";

static int make(struct qa_form **f, const char *text, struct cfg_report *rep)
{
	*rep = (struct cfg_report){ 0 };
	return qa_form_new(f, sv_of(text), "small.yaml", rep);
}

TEST(qa_form_is_read)
{
	struct qa_form *f;
	struct cfg_report rep;
	struct sb b;
	OK(make(&f, good, &rep));
	cfg_report_done(&rep);
	EQ(qa_form_version(f), 3);
	EQ(qa_form_items(f), 4);
	SV_EQ(qa_form_item(f, 2), "rude");
	EQ(qa_form_find(f, SV("solved")), 3);
	EQ(qa_form_find(f, SV("nothing")), -1);
	CHECK(qa_form_ruled(f, 0) && !qa_form_ruled(f, 3) && !qa_form_ruled(f, 9));
	CHECK(!qa_form_by_hand(f, 0) && !qa_form_by_hand(f, 3) && !qa_form_by_hand(f, 9));
	SV_EQ(qa_form_title(f, 3)[0], "解决");
	SV_EQ(qa_form_title(f, 3)[1], "Solved");
	CHECK(qa_form_title(f, 9) == NULL);
	sb_init(&b, LIM_SB);
	qa_form_json(f, &b);
	jv *o = jv_parse(sb_sv(&b), NULL);
	SV_EQ(jv_as_str(jv_path(o, "sections.0.items.0.rule")), "said_early");
	SV_EQ(jv_as_str(jv_path(o, "sections.0.items.3.auto")), "model");
	SV_EQ(jv_as_str(jv_path(o, "title.zh")), "小表");
	jv_free(o);
	sb_done(&b);
	obj_unref(f);
}

/* The good form with one text put in another's place is refused, at that line, with these words. */
static bool refused(const char *was, const char *is, const char *line, const char *what)
{
	struct qa_form *f = NULL;
	struct cfg_report rep;
	struct sb b;
	const char *at = strstr(good, was);
	sb_init(&b, LIM_SB);
	sb_put(&b, sv_n(good, (size_t)(at - good)));
	sb_cstr(&b, is);
	sb_cstr(&b, at + strlen(was));
	int rc = make(&f, sb_str(&b), &rep);
	bool ok = rc == ERR_INVAL && rep.n && strstr(rep.v[0].where, line) &&
		  strstr(rep.v[0].what, what);
	if (!ok)
		printf("# %d %s: %s\n", rc, rep.n ? rep.v[0].where : "-",
		       rep.n ? rep.v[0].what : "-");
	if (rc == 0)
		obj_unref(f);
	cfg_report_done(&rep);
	sb_done(&b);
	return ok;
}

TEST(qa_form_faults_are_told_with_their_line)
{
	CHECK(refused("rule: said_early", "rule: said_erly", ":14:", "there is no rule"));
	CHECK(refused("type: minus", "type: bad", ":18:", "plus, minus or taboo"));
	CHECK(refused("seconds: 60", "seconds: soon", ":21:", "a number from"));
	CHECK(refused("        seconds: 60\n", "", ":16", "wants \"seconds\""));
	CHECK(refused("id: late", "id: greet", ":16", "there twice"));
	CHECK(refused("en: [\"hello\"]", "en: []", ":15:", "a list of 1"));
	CHECK(refused("version: 3", "version: 0", ":2:", "a number from"));
	CHECK(refused("who: [agent]", "who: [boss]", ":5:", "neither bot nor agent"));
	CHECK(refused("pass: 70", "passes: 70", ":4:", "unknown key"));
	CHECK(refused(", en: \"Solved?\"", "", ":27", "one way to look"));
	CHECK(refused("weight: 10", "weight: 0", ":19:", "a number from"));
	CHECK(refused("title: { zh: \"迟\", en: \"Late\" }", "title: Late", ":17",
		      "a title in Chinese"));
	CHECK(refused("id: greet", "id: Greet!", ":10", "an id of"));
	CHECK(refused("seconds: 60", "seconds: 60\n        tools: [x]", ":22", "unknown key"));
}

TEST(qa_form_that_is_none)
{
	struct qa_form *f = NULL;
	struct cfg_report rep;
	EQ(make(&f, "- a\n- b\n", &rep), ERR_INVAL);
	CHECK(rep.n > 0);
	cfg_report_done(&rep);
	EQ(make(&f, "id: [", &rep), ERR_INVAL);
	cfg_report_done(&rep);
	EQ(make(&f, "", &rep), ERR_INVAL);
	cfg_report_done(&rep);
	char *big = xalloc(QA_FORM_BYTES + 2);
	memset(big, '#', QA_FORM_BYTES + 1);
	EQ(make(&f, big, &rep), ERR_INVAL);
	HAS(sv_of(rep.v[0].what), "at most 256 KiB");
	cfg_report_done(&rep);
	xfree(big);
}

/* The law: whatever would judge an employee's mood is refused, by rule, by title, by rubric. */
TEST(qa_form_never_judges_an_employees_emotion)
{
	const char *rule = "rule: response_time\n        seconds: 60", *why = "employee's emotion";
	CHECK(refused(rule, "rule: mood_recovers\n        of: agent", ":16", why));
	CHECK(refused(rule, "rule: mood_recovers\n        of: employee", ":16", why));
	CHECK(refused(rule, "rule: mood_recovers", ":16", why));
	CHECK(refused(rule, "rule: emotion\n        of: bot", ":16", why));
	CHECK(refused("en: \"Solved?\"", "en: \"Does the agent sound angry?\"", ":27", why));
	CHECK(refused("en: \"Solved?\"", "en: \"Rate the representative's mood.\"", ":27", why));
	CHECK(refused("en: \"Solved?\"", "en: \"Was it solved? Is the agent stressed?\"", ":27",
		      why));
	CHECK(refused("zh: \"解决了吗？\"", "zh: \"坐席的情绪是否稳定？\"", ":27", why));
	CHECK(refused("zh: \"解决了吗？\"", "zh: \"客户满意吗？客服语气是否不耐烦？\"", ":27",
		      why));
	CHECK(refused("en: \"Late\"", "en: \"Agent's tone of voice\"", ":16", why));
	CHECK(refused(
		"en: \"Solved?\"",
		"en: \"Does the agent notice the customer's anger, or is the agent annoyed?\"",
		":27", why));
}

static bool fine(const char *was, const char *is)
{
	struct qa_form *f = NULL;
	struct cfg_report rep;
	struct sb b;
	const char *at = strstr(good, was);
	sb_init(&b, LIM_SB);
	sb_put(&b, sv_n(good, (size_t)(at - good)));
	sb_cstr(&b, is);
	sb_cstr(&b, at + strlen(was));
	int rc = make(&f, sb_str(&b), &rep);
	if (rc)
		printf("# %s: %s\n", rep.v[0].where, rep.v[0].what);
	else
		obj_unref(f);
	cfg_report_done(&rep);
	sb_done(&b);
	return rc == 0;
}

TEST(qa_form_may_look_at_the_customers_mood)
{
	const char *rule = "rule: response_time\n        seconds: 60";
	CHECK(fine(rule, "rule: mood_recovers\n        of: customer"));
	CHECK(fine("en: \"Solved?\"", "en: \"Does the agent notice the customer's anger?\""));
	CHECK(fine("zh: \"解决了吗？\"", "zh: \"坐席是否安抚了客户的情绪？\""));
	CHECK(fine("en: \"Solved?\"", "en: \"Did the agent answer? Is the customer angry?\""));
}

TEST(qa_points)
{
	struct qa_form *f;
	struct cfg_report rep;
	bool taboo;
	OK(make(&f, good, &rep));      /* plus 5, minus 10, taboo, plus 15 */
	cfg_report_done(&rep);
	NEAR(qa_sum(f, (enum qa_state[]){ QA_PASS, QA_PASS, QA_PASS, QA_PASS }, 4, &taboo), 100, 0);
	NEAR(qa_sum(f, (enum qa_state[]){ QA_FAIL, QA_PASS, QA_PASS, QA_PASS }, 4, &taboo), 75,
	     1e-9);
	NEAR(qa_sum(f, (enum qa_state[]){ QA_PASS, QA_FAIL, QA_PASS, QA_ABSTAIN }, 4, &taboo), 90,
	     1e-9);
	NEAR(qa_sum(f, (enum qa_state[]){ QA_FAIL, QA_FAIL, QA_PASS, QA_NA }, 4, &taboo), 0, 0);
	CHECK(!taboo);
	NEAR(qa_sum(f, (enum qa_state[]){ QA_PASS, QA_PASS, QA_FAIL, QA_PASS }, 4, &taboo), 0, 0);
	CHECK(taboo && !qa_passes(f, 100, taboo));
	NEAR(qa_sum(f, (enum qa_state[]){ QA_NA, QA_NA, QA_ABSTAIN, QA_NA }, 4, &taboo), -1, 0);
	CHECK(qa_passes(f, 70, false) && !qa_passes(f, 69.9, false));
	obj_unref(f);
}

TEST(qa_forms_set)
{
	struct qa_forms *fs = NULL;
	struct cfg_report rep = { 0 };
	const struct qa_text two[] = { { "one", sv_of(good) }, { "two", sv_of(good) } };
	const struct qa_text bad[] = { { "one", sv_of(good) }, { "two", SV("id: x\n") } };
	OK(qa_forms_new(&fs, two, 2, &rep));
	EQ(qa_forms_n(fs), 1);
	CHECK(qa_forms_find(fs, SV("small")) && !qa_forms_find(fs, SV("other")));
	CHECK(!qa_forms_at(fs, 1));
	obj_unref(fs);
	EQ(qa_forms_new(&fs, bad, 2, &rep), ERR_INVAL);
	CHECK(rep.n > 0);
	cfg_report_done(&rep);
}

/* The forms that come with the program are right, and every pack has one. */
static int load_file(const char *path, size_t *items)
{
	char name[600];
	struct sb b;
	struct qa_form *f;
	struct cfg_report rep = { 0 };
	(void)snprintf(name, sizeof(name), "%s/%s", t_srcdir(), path);
	sb_init(&b, LIM_CFG_BYTES);
	int rc = file_read(name, LIM_CFG_BYTES, &b, NULL);
	if (rc == 0)
		rc = qa_form_new(&f, sb_sv(&b), path, &rep);
	for (size_t i = 0; i < rep.n; i++)
		printf("# %s: %s (%s)\n", rep.v[i].where, rep.v[i].what, rep.v[i].mend);
	if (rc == 0) {
		*items = qa_form_items(f);
		obj_unref(f);
	}
	cfg_report_done(&rep);
	sb_done(&b);
	return rc;
}

TEST(qa_forms_that_come_with_it)
{
	static const char *const files[] = { "demo/qa/chat.yaml", "demo/qa/phone.yaml",
					     "packs/bank/qa/bank.yaml",
					     "packs/public/qa/public.yaml",
					     "packs/telecom/qa/telecom.yaml" };
	for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++) {
		size_t n = 0;
		OK(load_file(files[i], &n));
		CHECK(n >= 20);
	}
}

TEST(qa_phrases)
{
	sv v[] = { SV("anything else*help"), SV("您好"), SV("hi") };
	struct qa_list all = { v, 3 }, star = { v, 1 }, hi = { v + 2, 1 };
	size_t s = 9, e = 9;
	CHECK(qa_word_in(SV("Is there Anything else that I can help with?"), &star, &s, &e));
	EQ(s, 9);
	EQ(e, 38);
	CHECK(!qa_word_in(SV("Anything else? We help."), &star, &s, &e));
	CHECK(!qa_word_in(SV("this and which"), &hi, &s, &e));
	CHECK(qa_word_in(SV("Oh, HI!"), &hi, &s, &e) && s == 4 && e == 6);
	CHECK(qa_word_in(SV("早，您好"), &all, &s, &e) && s == 2 && e == 4);
	SV_EQ(qa_cut(SV("早，您好"), 2, 4), "您好");
	CHECK(!qa_word_in(SV(""), &all, &s, &e));
}
