/* eval_suite.c: suites from YAML: the schema and what it cannot tell.
 *
 * The rules are those of every configuration file here (base/cfg.h): an unknown key is a
 * complaint with the nearest known one. Owns the tree. Any thread. */
#include "eval_int.h"

#include <stdio.h>

#define STR(path, need, help) { path, CFG_STR, need, 0, 0, NULL, NULL, help }
#define LIST(path, help) \
	{ path, CFG_LIST, false, 0, 0, NULL, NULL, help }, \
		{ path "[]", CFG_STR, false, 1, 2000, NULL, NULL, "" }
#define BOOL(path, help) { path, CFG_BOOL, false, 0, 0, NULL, NULL, help }
#define OBJ(path, help) { path, CFG_OBJ, false, 0, 0, NULL, NULL, help }
#define EXPECT "cases[].turns[].expect"
#define END "cases[].end"

static const struct cfg_rule rules[] = {
	{ "name", CFG_STR, true, 1, 80, NULL, NULL, "of the suite" },
	{ "language", CFG_STR, true, 0, 0, "en|zh", NULL, "of its customers" },
	{ "cases", CFG_LIST, true, 0, 0, NULL, NULL, "conversations" },
	OBJ("cases[]", ""),
	{ "cases[].name", CFG_STR, true, 1, 120, NULL, NULL, "unique in the suite" },
	LIST("cases[].tags", "for the table of results"),
	{ "cases[].channel", CFG_STR, false, 0, 0, "webchat|phone|sms|email", "webchat", "" },
	{ "cases[].language", CFG_STR, false, 0, 0, "en|zh", NULL, "instead of the suite's" },
	{ "cases[].turns", CFG_LIST, false, 0, 0, NULL, NULL, "what the customer says" },
	OBJ("cases[].turns[]", ""),
	{ "cases[].turns[].user", CFG_STR, false, 1, 4000, NULL, NULL, "words" },
	{ "cases[].turns[].key", CFG_STR, false, 1, 1, NULL, NULL, "phone: a key" },
	OBJ(EXPECT, "what must be true of the reply"),
	STR(EXPECT ".action", false, "reply, clarify, decline, handoff ..."),
	STR(EXPECT ".article", false, "one that is cited"),
	STR(EXPECT ".language", false, ""),
	STR(EXPECT ".emotion", false, ""),
	STR(EXPECT ".intent", false, ""),
	STR(EXPECT ".model", false, "builtin, or a part of a model's name"),
	BOOL(EXPECT ".grounded", "every statement has a source"),
	LIST(EXPECT ".contains", "texts"),
	LIST(EXPECT ".lacks", "texts"),
	LIST(EXPECT ".facts", "said, by value"),
	LIST(EXPECT ".forbidden", "not said, by value"),
	LIST(EXPECT ".events", "kinds of rows in this turn"),
	OBJ(EXPECT ".tool", "an action that was asked for"),
	STR(EXPECT ".tool.name", false, ""),
	OBJ(EXPECT ".tool.args", "some of its arguments"),
	{ EXPECT ".within_ms", CFG_INT, false, 1, EVAL_TURN_MS, NULL, NULL, "" },
	OBJ(END, "what must be true when it is over"),
	BOOL(END ".closed", "by the company, before the customer left"),
	STR(END ".by", false, "who closed it"),
	STR(END ".action", false, "the last one"),
	STR(END ".language", false, ""),
	STR(END ".emotion", false, ""),
	{ END ".turns_max", CFG_INT, false, 1, 1000, NULL, NULL, "" },
	LIST(END ".events", "kinds of rows that must be there"),
	LIST(END ".no_events", "kinds of rows that must not"),
	LIST(END ".facts", "said in some reply"),
	LIST(END ".forbidden", "said in none"),
	OBJ("cases[].user", "a customer that a language model plays"),
	{ "cases[].user.goal", CFG_STR, false, 1, 2000, NULL, NULL, "what the customer wants" },
	{ "cases[].user.persona", CFG_STR, false, 0, 2000, NULL, NULL, "who it is" },
	{ "cases[].user.stop", CFG_STR, false, 0, 500, NULL, NULL, "when it leaves" },
	{ "cases[].user.turns_max", CFG_INT, false, 1, 100, NULL, NULL, "12 without" },
	{ "cases[].judge", CFG_STR, false, 1, 4000, NULL, NULL,
	  "a rubric for a language model's verdict, beside the checks" },
};

static void complain(struct cfg_report *rep, const char *name, sv text, const char *path,
		     const char *what, const char *mend)
{
	struct cfg_issue *x = VEC_PUSH(rep, 100);
	if (!x)
		return;
	snprintf(x->where, sizeof(x->where), "%s:%d:%s", name, cfg_line(text, path), path);
	snprintf(x->what, sizeof(x->what), "%s", what);
	snprintf(x->mend, sizeof(x->mend), "%s", mend);
}

struct looking {
	struct cfg_report *rep;
	const char *name;
	sv text;
	const jv *cases;
	size_t i;
};

static void say(struct looking *k, const char *key, const char *what, const char *mend)
{
	char path[120];
	snprintf(path, sizeof(path), "cases[%zu]%s", k->i, key);
	complain(k->rep, k->name, k->text, path, what, mend);
}

static void look_turns(struct looking *k, const jv *kase, const jv *turns)
{
	bool phone = sv_eq(jv_get_str(kase, "channel"), SV("phone"));
	for (size_t t = 0; t < jv_len(turns); t++) {
		const jv *turn = jv_at(turns, t);
		bool words = jv_get(turn, "user"), key = jv_get(turn, "key");
		char path[60];
		snprintf(path, sizeof(path), ".turns[%zu]", t);
		if (words == key)
			say(k, path, words ? "has words and a key" : "says nothing",
			    "Write user: \"...\" (or key: \"1\" on the phone), one of them.");
		if (key && !phone)
			say(k, path, "presses a key without a phone",
			    "Give the case channel: phone.");
		const jv *tool = jv_get(jv_get(turn, "expect"), "tool");
		if (tool && !jv_get(tool, "name"))
			say(k, path, "expects an action without a name", "Add name: to tool.");
		if (!key && jv_get(turn, "expect") && !jv_len(jv_get(turn, "expect")))
			say(k, path, "expects nothing",
			    "Name what must be true, or leave expect out.");
	}
}

static void look_case(struct looking *k)
{
	const jv *kase = jv_at(k->cases, k->i), *turns = jv_get(kase, "turns"),
		 * user = jv_get(kase, "user");
	bool checks = jv_len(jv_get(kase, "end")) > 0;
	for (size_t j = 0; j < k->i; j++)
		if (sv_eq(jv_get_str(jv_at(k->cases, j), "name"), jv_get_str(kase, "name")))
			say(k, ".name", "is there twice", "Give each case a name of its own.");
	for (size_t t = 0; t < jv_len(turns); t++)
		checks = checks || jv_len(jv_get(jv_at(turns, t), "expect")) > 0;
	if ((jv_len(turns) > 0) == (user != NULL))
		say(k, "", user ? "has both turns and a played customer" : "has no turns",
		    "Write turns: for a script, or user: with a goal for a model to play.");
	if (!checks)
		say(k, "", "checks nothing that can fail",
		    "Add expect: to a turn or end:; a judge alone is no check.");
	if (user && !jv_get(user, "goal"))
		say(k, ".user", "has no goal", "Write goal: what the customer wants.");
	if (user && sv_eq(jv_get_str(kase, "channel"), SV("phone")))
		say(k, ".channel", "is the phone with a played customer", "Use webchat.");
	look_turns(k, kase, turns);
}

static int check(jv *tree, sv text, const char *name, struct cfg_report *rep)
{
	struct looking k = { rep, name, text, jv_get(tree, "cases"), 0 };
	int rc = cfg_check(tree, text, name, rules, sizeof(rules) / sizeof(*rules), rep);
	if (rc)
		return rc;
	if (jv_len(k.cases) == 0 || jv_len(k.cases) > EVAL_CASES)
		complain(rep, name, text, "cases", jv_len(k.cases) ? "are too many" : "are none",
			 "A suite has 1 to 2000 cases.");
	for (; k.i < jv_len(k.cases) && k.i < EVAL_CASES; k.i++)
		look_case(&k);
	return rep->n ? ERR_INVAL : 0;
}

int eval_suite_parse(struct eval_suite **ret, sv text, const char *name, struct cfg_report *rep)
{
	jv *tree = cfg_parse(text, name, rep);
	int rc = tree ? check(tree, text, name, rep) : ERR_PARSE;
	if (rc) {
		jv_free(tree);
		return rc;
	}
	struct eval_suite *s = xalloc(sizeof(*s));
	s->tree = tree;
	s->name = xstrdup(sv_of(name));
	*ret = s;
	return 0;
}

int eval_suite_load(struct eval_suite **ret, const char *path, struct cfg_report *rep)
{
	struct sb text;
	struct err e = { 0 };
	sb_init(&text, LIM_CFG_BYTES);
	int rc = file_read(path, LIM_CFG_BYTES, &text, &e);
	if (rc)
		complain(rep, path, SV(""), "", e.msg, "Name a suite (YAML) or a folder of them.");
	else
		rc = eval_suite_parse(ret, sb_sv(&text), path, rep);
	sb_done(&text);
	return rc;
}

void eval_suite_free(struct eval_suite *s)
{
	if (!s)
		return;
	jv_free(s->tree);
	xfree(s->name);
	xfree(s);
}

bool eval_suite_needs_model(const struct eval_suite *s)
{
	const jv *cases = jv_get(s->tree, "cases");
	for (size_t i = 0; i < jv_len(cases); i++)
		if (jv_get(jv_at(cases, i), "user") || jv_get(jv_at(cases, i), "judge"))
			return true;
	return false;
}
