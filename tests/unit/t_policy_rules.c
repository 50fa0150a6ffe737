/* t_policy_rules.c: decision tables: what cells mean, which rule decides, facts that are missing,
 * faults with their place, and the exact check of unreached rules and of cases without one
 * against a slow oracle on random tables. */
#include "policy_rules_int.h"
#include "t.h"

#include <stdio.h>

#define TITLE "title: {zh: \"甲\", en: \"a\"}"
#define HEAD "id: t\n" TITLE "\ninputs:\n"
#define DAYS "- {name: days, type: int, min: 0, max: 1000, " TITLE "}\n"
#define TIER "- {name: tier, type: word, values: [basic, silver, gold], " TITLE "}\n"
#define OPEN "- {name: open, type: bool, " TITLE "}\n"
#define OUT "outputs:\n- {name: allowed, type: bool, " TITLE "}\n"
#define FEE "- {name: fee, type: int, default: 0, " TITLE "}\n"
#define WHY "why: {zh: \"因为\", en: \"because\"}"
#define ELSE "- {id: otherwise, then: {allowed: false}, " WHY "}\n"

static struct policy_rules *load(const char *yaml, struct cfg_report *rep)
{
	struct policy_rules *r = NULL;
	const struct policy_rules_file f = { .name = "t.yaml", .yaml = sv_of(yaml) };
	int rc = policy_rules_new(&r, &f, 1, rep);
	ASSERT((rc == 0) == (r != NULL) && (rc == 0) == (rep->n == 0));
	return r;
}

/* ---- cells ---- */

static const struct { const char *cell; int yes[4], no[4]; } cells[] = {
	{ "\"<= 30\"", { 0, 30, 29 }, { 31, 1000 } },
	{ "\"< 30\"", { 0, 29 }, { 30, 31 } },
	{ "\">= 30\"", { 30, 1000 }, { 29, 0 } },
	{ "\"> 30\"", { 31, 1000 }, { 30, 0 } },
	{ "7..30", { 7, 30, 15 }, { 6, 31 } },
	{ "\"7 .. 30\"", { 7, 30 }, { 6, 31 } },
	{ "5", { 5 }, { 4, 6 } },
	{ "\"== 5\"", { 5 }, { 4, 6 } },
	{ "\"not 5\"", { 4, 6, 1000 }, { 5, -1 } },
	{ "\"!= 5\"", { 4, 6 }, { 5, -1 } },
	{ "\"not 7..30\"", { 6, 31 }, { 7, 30 } },
	{ "[1, 5, 9]", { 1, 5, 9 }, { 2, 10 } },
	{ "\"in [1, 5..7]\"", { 1, 5, 6, 7 }, { 2, 8 } },
	{ "\"not in [1, 5..7]\"", { 2, 4, 8 }, { 1, 5, 7 } },
	{ "[1, \"> 900\"]", { 1, 901 }, { 900, 2 } },
	{ "\"-\"", { 1, 1000, 500 }, { -1 } },
};

static sv decide(struct policy_rules *r, const char *facts, jv **ret)
{
	jv *f = jv_parse(sv_of(facts), NULL);
	(void)policy_decide(r, SV("t"), f, ret);
	jv_free(f);
	return jv_get_str(*ret, "rule");
}

TEST(policy_rules_cells_of_numbers)
{
	for (size_t i = 0; i < sizeof(cells) / sizeof(cells[0]); i++) {
		struct cfg_report rep = { 0 };
		char yaml[1000], facts[40];
		bool any = strstr(cells[i].cell, "\"-\"") != NULL;
		(void)snprintf(yaml, sizeof(yaml),
			       HEAD DAYS OUT "rules:\n- {id: hit, when: {days: %s}, then: "
					     "{allowed: true}, " WHY "}\n%s",
			       cells[i].cell, any ? "" : ELSE);
		struct policy_rules *r = load(yaml, &rep);
		if (!r)
			printf("# %s: %s\n", cells[i].cell, rep.n ? rep.v[0].what : "?");
		CHECK(r);
		for (int k = 0; k < 8; k++) {
			jv *d = NULL;
			int n = k < 4 ? cells[i].yes[k] : cells[i].no[k - 4];
			if (n < 0 || (k % 4 && n == 0))
				continue;
			(void)snprintf(facts, sizeof(facts), "{\"days\":%d}", n);
			if (!sv_eq(decide(r, facts, &d), k < 4 ? SV("hit") : SV("otherwise")))
				printf("# %s of %d\n", cells[i].cell, n);
			SV_EQ(jv_get_str(d, "rule"), k < 4 ? "hit" : "otherwise");
			jv_free(d);
		}
		obj_unref(r);
		cfg_report_done(&rep);
	}
}

/* ---- deciding ---- */

static const char shop[] = HEAD DAYS TIER OPEN
	"- {name: price_fen, type: int, min: 0, default: 1000, " TITLE "}\n" OUT FEE
	"- {name: note, type: text, default: \"\", " TITLE "}\n"
	"rules:\n"
	"- {id: opened, when: {open: true, tier: \"not gold\"}, then: {allowed: false}, " WHY
	"}\n"
	"- {id: gold, when: {tier: gold, days: \"<= 60\"}, then: {allowed: true, note: "
	"\"vip\"}, " WHY ", article: [a-1, b-2]}\n"
	"- {id: normal, when: {days: \"<= 30\"}, then: {allowed: true, fee: \"price_fen * 0.1 "
	"+ 0.5\"},"
	" why: {zh: \"{days}天，收{fee:yuan}元\", en: \"{tier}: {days} days, CNY "
	"{fee:yuan}\"}}\n" ELSE;

TEST(policy_rules_first_rule_that_holds_decides)
{
	struct cfg_report rep = { 0 };
	struct policy_rules *r = load(shop, &rep);
	jv *d = NULL;
	CHECK(r);
	EQ(policy_rules_count(r), 1);
	STR_EQ(policy_rules_id(r, 0), "t");
	SV_EQ(decide(r, "{\"days\":60,\"tier\":\"gold\",\"open\":true}", &d), "gold");
	CHECK(jv_get_bool(d, "allowed", false));
	EQ(jv_get_int(d, "fee", -1), 0);
	SV_EQ(jv_get_str(d, "note"), "vip");
	SV_EQ(jv_as_str(jv_path(d, "article.1")), "b-2");
	SV_EQ(jv_as_str(jv_path(d, "because.0.fact")), "tier");
	SV_EQ(jv_as_str(jv_path(d, "because.1.want")), "<= 60");
	EQ(jv_as_int(jv_path(d, "because.1.is"), 0), 60);
	EQ(jv_len(jv_get(d, "missing")), 0);
	EQ(jv_get_int(d, "version", 0), 1);
	jv_free(d);
	SV_EQ(decide(r, "{\"days\":61,\"tier\":\"gold\",\"open\":true}", &d), "otherwise");
	jv_free(d);
	SV_EQ(decide(r, "{\"days\":3,\"tier\":\"silver\",\"open\":false,\"price_fen\":12345}", &d),
	      "normal");
	EQ(jv_get_int(d, "fee", -1), 1235);      /* 1234.5 + 0.5 */
	SV_EQ(jv_as_str(jv_path(d, "why.zh")), "3天，收12.35元");
	SV_EQ(jv_as_str(jv_path(d, "why.en")), "silver: 3 days, CNY 12.35");
	jv_free(d);
	SV_EQ(decide(r, "{\"days\":3,\"tier\":\"silver\",\"open\":true,\"x\":[1]}", &d), "opened");
	jv_free(d);
	EQ(policy_decide(r, SV("none"), NULL, &d), ERR_NOTFOUND);
	obj_unref(r);
	cfg_report_done(&rep);
}

TEST(policy_rules_ask_for_what_is_missing)
{
	struct cfg_report rep = { 0 };
	struct policy_rules *r = load(shop, &rep);
	jv *d = NULL;
	CHECK(r);
	/* whether it is open matters to silver, not to gold */
	SV_EQ(decide(r, "{\"days\":3,\"tier\":\"gold\"}", &d), "gold");
	jv_free(d);
	SV_EQ(decide(r, "{\"days\":3,\"tier\":\"silver\",\"open\":null}", &d), "");
	CHECK(!jv_get_bool(d, "allowed", true));
	CHECK(jv_is_null(jv_get(d, "fee")));
	EQ(jv_len(jv_get(d, "missing")), 1);
	SV_EQ(jv_as_str(jv_path(d, "missing.0")), "open");
	SV_EQ(jv_as_str(jv_path(d, "why.en")), "To decide this, I still need to know: a.");
	SV_EQ(jv_as_str(jv_path(d, "why.zh")), "还需要知道：甲。");
	jv_free(d);
	SV_EQ(decide(r, "{}", &d), "");
	EQ(jv_len(jv_get(d, "missing")), 3);
	jv_free(d);
	obj_unref(r);
	cfg_report_done(&rep);
}

TEST(policy_rules_refuse_facts_of_another_kind)
{
	static const struct { const char *facts, *fact, *error; } bad[] = {
		{ "{\"days\":\"3\"}", "days", "a whole number is expected" },
		{ "{\"days\":2.5}", "days", "a whole number is expected" },
		{ "{\"days\":-1}", "days", "out of the table's range" },
		{ "{\"days\":1001}", "days", "out of the table's range" },
		{ "{\"tier\":\"iron\"}", "tier", "not one of the table's words" },
		{ "{\"tier\":3}", "tier", "a word is expected" },
		{ "{\"open\":\"true\"}", "open", "true or false is expected" },
		{ "{\"open\":1}", "open", "true or false is expected" },
	};
	struct cfg_report rep = { 0 };
	struct policy_rules *r = load(shop, &rep);
	CHECK(r);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		jv *d = NULL, *f = jv_parse(sv_of(bad[i].facts), NULL);
		EQ(policy_decide(r, SV("t"), f, &d), ERR_INVAL);
		SV_EQ(jv_get_str(d, "fact"), bad[i].fact);
		SV_EQ(jv_get_str(d, "error"), bad[i].error);
		jv_free(d);
		jv_free(f);
	}
	obj_unref(r);
	cfg_report_done(&rep);
}

TEST(policy_rules_sums_as_inputs)
{
	static const char yaml[] = HEAD
		"- {name: all, type: int, " TITLE "}\n- {name: used, type: int, " TITLE "}\n"
		"- {name: left, type: int, from: \"all - used\", " TITLE "}\n" OUT
		"rules:\n- {id: yes, when: {left: \">= 1\"}, then: {allowed: true}, " WHY
		"}\n" ELSE;
	struct cfg_report rep = { 0 };
	struct policy_rules *r = load(yaml, &rep);
	jv *d = NULL;
	CHECK(r);
	SV_EQ(decide(r, "{\"all\":36,\"used\":35}", &d), "yes");
	EQ(jv_as_int(jv_path(d, "because.0.is"), 0), 1);
	jv_free(d);
	SV_EQ(decide(r, "{\"all\":36,\"used\":36}", &d), "otherwise");
	jv_free(d);
	SV_EQ(decide(r, "{\"all\":36}", &d), "");
	EQ(jv_len(jv_get(d, "missing")), 1);
	SV_EQ(jv_as_str(jv_path(d, "missing.0")), "used");
	jv_free(d);
	SV_EQ(decide(r, "{\"left\":5}", &d), "yes");     /* a fact of its own wins */
	jv_free(d);
	obj_unref(r);
	cfg_report_done(&rep);
}

TEST(policy_rules_all_collects)
{
	static const char yaml[] = HEAD DAYS TIER
		"outputs:\n- {name: fee, type: int, collect: sum, default: 0, " TITLE "}\n"
		"- {name: step, type: int, collect: max, default: 0, " TITLE "}\n"
		"- {name: least, type: number, collect: min, default: 9, " TITLE "}\n"
		"- {name: tell, type: word, values: [owner, boss], default: owner, " TITLE "}\n"
		"- {name: alert, type: bool, collect: any, default: false, " TITLE "}\n"
		"- {name: ok, type: bool, collect: every, default: true, " TITLE
		"}\nhit: all\nrules:\n"
		"- {id: a, when: {days: \">= 5\"}, then: {fee: 10, step: 1, least: 2.5}, " WHY
		"}\n"
		"- {id: b, when: {days: \">= 9\"}, then: {fee: 5, step: 3, tell: boss, alert: "
		"true}, " WHY "}\n"
		"- {id: c, when: {tier: gold}, then: {fee: 1, step: 2, ok: false}, " WHY "}\n";
	struct cfg_report rep = { 0 };
	struct policy_rules *r = load(yaml, &rep);
	jv *d = NULL;
	CHECK(r);
	SV_EQ(decide(r, "{\"days\":9,\"tier\":\"gold\"}", &d), "a");
	EQ(jv_len(jv_get(d, "rules")), 3);
	EQ(jv_get_int(d, "fee", 0), 16);
	EQ(jv_get_int(d, "step", 0), 3);
	NEAR(jv_get_num(d, "least", 0), 2.5, 1e-9);
	SV_EQ(jv_as_str(jv_path(d, "tell.1")), "boss");
	CHECK(jv_get_bool(d, "alert", false) && !jv_get_bool(d, "ok", true));
	jv_free(d);
	SV_EQ(decide(r, "{\"days\":1,\"tier\":\"silver\"}", &d), "");
	EQ(jv_len(jv_get(d, "rules")), 0);
	EQ(jv_get_int(d, "fee", -1), 0);
	CHECK(!jv_get_bool(d, "alert", true));
	jv_free(d);
	obj_unref(r);
	cfg_report_done(&rep);
}

/* ---- faults ---- */

#define R(x) HEAD DAYS TIER OPEN OUT FEE "rules:\n" x ELSE
static const struct { const char *yaml, *where, *what;
} faults[] = {
	{ "", "t.yaml", "" },
	{ "id: [", "t.yaml", "" },
	{ "id: T\n" TITLE "\n", "t.yaml:1:id", "no usable name" },
	{ "id: t\n", "t.yaml:0:title", "no text in zh" },
	{ "id: t\ntitle: {zh: x}\n", "t.yaml:2:title", "no text in en" },
	{ "id: t\n" TITLE "\nrows: 1\n", "t.yaml:3:rows", "unknown key" },
	{ "id: t\n" TITLE "\nhit: any\n", "t.yaml:3:hit", "not a known word" },
	{ HEAD "- {name: x, type: date, " TITLE "}\n", "t.yaml:4:inputs[0].type",
	  "not a known word" },
	{ HEAD "- {name: x y, type: int, " TITLE "}\n", "t.yaml:4:inputs[0].name",
	  "no usable name" },
	{ HEAD "- {name: x, type: word, " TITLE "}\n", "t.yaml:0:inputs[0].values",
	  "no values" },
	{ HEAD "- {name: x, type: int, values: [a], " TITLE "}\n", "t.yaml:4:inputs[0].values",
	  "only words have values" },
	{ HEAD "- {name: x, type: int, min: 5, max: 5, " TITLE "}\n", "t.yaml:4:inputs[0].max",
	  "nothing from min to max" },
	{ HEAD "- {name: x, type: int, min: 1, default: 0, " TITLE "}\n",
	  "t.yaml:4:inputs[0].default", "out of the table's range" },
	{ HEAD "- {name: x, type: int, from: \"y + 1\", " TITLE "}\n",
	  "t.yaml:4:inputs[0].from", "no input \"y\"" },
	{ HEAD "- {name: x, type: int, from: \"x + 1\", " TITLE "}\n",
	  "t.yaml:4:inputs[0].from", "no input \"x\"" },
	{ HEAD DAYS DAYS, "t.yaml:5:inputs[1].name", "two inputs" },
	{ HEAD DAYS "outputs:\n- {name: why, type: bool, " TITLE "}\n",
	  "t.yaml:6:outputs[0].name", "every decision has this" },
	{ HEAD DAYS "outputs:\n- {name: days, type: bool, " TITLE "}\n",
	  "t.yaml:6:outputs[0].name", "two columns" },
	{ HEAD DAYS OUT "rules: []\n", "t.yaml:7:rules", "at least one entry" },
	{ R("- {id: a, when: {day: 1}, then: {allowed: true}, " WHY "}\n"),
	  "t.yaml:11:rules[0].when.day", "\"a\": no input of this name" },
	{ R("- {id: a, when: {days: \"<= x\"}, then: {allowed: true}, " WHY "}\n"),
	  "t.yaml:11:rules[0].when.days", "not a number" },
	{ R("- {id: a, when: {days: 2.5}, then: {allowed: true}, " WHY "}\n"),
	  "t.yaml:11:rules[0].when.days", "not a number" },
	{ R("- {id: a, when: {days: \"<= 1001\"}, then: {allowed: true}, " WHY "}\n"),
	  "t.yaml:11:rules[0].when.days", "not a number" },
	{ R("- {id: a, when: {days: 9..3}, then: {allowed: true}, " WHY "}\n"),
	  "t.yaml:11:rules[0].when.days", "range is empty" },
	{ R("- {id: a, when: {days: \"in [1, 2\"}, then: {allowed: true}, " WHY "}\n"),
	  "t.yaml:11:rules[0].when.days", "no end" },
	{ R("- {id: a, when: {days: []}, then: {allowed: true}, " WHY "}\n"),
	  "t.yaml:11:rules[0].when.days", "empty list" },
	{ R("- {id: a, when: {tier: iron}, then: {allowed: true}, " WHY "}\n"),
	  "t.yaml:11:rules[0].when.tier", "not a word of this input" },
	{ R("- {id: a, when: {tier: 3}, then: {allowed: true}, " WHY "}\n"),
	  "t.yaml:11:rules[0].when.tier", "a word is expected" },
	{ R("- {id: a, when: {open: maybe}, then: {allowed: true}, " WHY "}\n"),
	  "t.yaml:11:rules[0].when.open", "true or false" },
	{ R("- {id: a, when: {days: 1}, " WHY "}\n"), "t.yaml:0:rules[0].then",
	  "nothing is decided" },
	{ R("- {id: a, when: {days: 1}, then: {fee: 1}, " WHY "}\n"),
	  "t.yaml:0:rules[0].then.allowed", "no value for this output" },
	{ R("- {id: a, when: {days: 1}, then: {allowed: true, fee: \"days +\"}, " WHY "}\n"),
	  "t.yaml:11:rules[0].then.fee", "ends where a value" },
	{ R("- {id: a, when: {days: 1}, then: {allowed: true, fee: \"price * 2\"}, " WHY "}\n"),
	  "t.yaml:11:rules[0].then.fee", "no input \"price\"" },
	{ R("- {id: a, when: {days: 1}, then: {allowed: true, cost: 2}, " WHY "}\n"),
	  "t.yaml:11:rules[0].then.cost", "unknown key" },
	{ R("- {id: a, when: {days: 1}, then: {allowed: 1}, " WHY "}\n"),
	  "t.yaml:11:rules[0].then.allowed", "not a value" },
	{ R("- {id: a, when: {days: 1}, then: {allowed: true}}\n"), "t.yaml:0:rules[0].why",
	  "no text in zh" },
	{ R("- {id: a, when: {days: 1}, then: {allowed: true}, why: {zh: \"{x}\", en: "
	    "\"{y:yuan}\"}}\n"),
	  "t.yaml:11:rules[0].why", "\"x\" is neither" },
	{ R("- {id: a, when: {days: 1}, then: {allowed: true}, " WHY ", article: 7}\n"),
	  "t.yaml:11:rules[0].article", "not a usable article" },
	{ R("- {id: otherwise, when: {days: 1}, then: {allowed: true}, " WHY "}\n"),
	  "t.yaml:12:rules[1].id", "two rules" },
	{ R("- {id: a, when: {days: \"not 0..1000\"}, then: {allowed: true}, " WHY "}\n"),
	  "t.yaml:11:rules[0]", "no fact can fit" },
	{ R("- {id: a, when: {days: \"<= 9\"}, then: {allowed: true}, " WHY "}\n"
	    "- {id: b, when: {days: \"> 9\"}, then: {allowed: true}, " WHY "}\n"),
	  "t.yaml:13:rules[2]", "\"otherwise\": this rule is never reached" },
	{ R("- {id: a, when: {days: \"<= 9\"}, then: {allowed: true}, " WHY "}\n"
	    "- {id: b, when: {days: \"3..5\", tier: gold}, then: {allowed: true}, " WHY "}\n"),
	  "t.yaml:12:rules[1]", "\"b\": this rule is never reached" },
	{ HEAD DAYS TIER OUT
	  "rules:\n"
	  "- {id: a, when: {days: \"<= 9\"}, then: {allowed: true}, " WHY "}\n"
	  "- {id: b, when: {tier: [basic, gold]}, then: {allowed: true}, " WHY "}\n",
	  "t.yaml:9:rules", "no rule holds for days = 10, tier = silver" },
};

TEST(policy_rules_faults_are_told_with_their_place)
{
	for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
		struct cfg_report rep = { 0 };
		CHECK(!load(faults[i].yaml, &rep));
		bool found = false;
		for (size_t k = 0; k < rep.n; k++)
			found |= strncmp(rep.v[k].where, faults[i].where,
					 strlen(faults[i].where)) == 0 &&
				 strstr(rep.v[k].what, faults[i].what) && rep.v[k].mend[0];
		for (size_t k = 0; k < rep.n && !found; k++)
			printf("# %zu: %s: %s (%s)\n", i, rep.v[k].where, rep.v[k].what,
			       rep.v[k].mend);
		CHECK(found);
		cfg_report_done(&rep);
	}
}

TEST(policy_rules_two_tables_of_one_id)
{
	struct policy_rules *r = NULL;
	struct cfg_report rep = { 0 };
	const struct policy_rules_file f[2] = { { .name = "a.yaml", .yaml = sv_of(shop) },
						{ .name = "b.yaml", .yaml = sv_of(shop) } };
	EQ(policy_rules_new(&r, f, 2, &rep), ERR_INVAL);
	CHECK(strstr(rep.v[0].what, "a.yaml has this id too"));
	EQ(policy_rules_new(&r, NULL, 0, &rep), 0);
	EQ(policy_rules_count(r), 0);
	obj_unref(r);
	cfg_report_done(&rep);
}

/* ---- the shape, against a slow oracle ---- */

static void put_cell(struct rng *g, int input, struct sb *b)
{
	static const char *const words[] = { "w0", "w1", "w2", "w3" };
	int x = (int)rng_below(g, 10), y = (int)rng_below(g, 10);
	bool no = rng_below(g, 4) == 0;
	if (input >= 4)
		sb_cstr(b, x < 5 ? "true" : "false");
	else if (input >= 2)
		sb_fmt(b, "\"%sin [%s, %s]\"", no ? "not " : "", words[x % (input == 2 ? 3 : 4)],
		       words[y % (input == 2 ? 3 : 4)]);
	else if (x < 3)
		sb_fmt(b, "\"%s%s %d\"", no ? "not " : "", x == 0 ? "<" : x == 1 ? ">=" : ">",
		       y == 0 ? 1 : y == 9 ? 8 : y);
	else
		sb_fmt(b, "\"%s%d..%d\"", no ? "not " : "", x < y ? x : y, x < y ? y : x);
}

/* Two numbers of 0..9, two words of four, a yes/no: 3200 cases. */
static void random_table(struct rng *g, int rules, struct sb *b)
{
	sb_cstr(b, HEAD "- {name: i0, type: int, min: 0, max: 9, " TITLE "}\n"
			"- {name: i1, type: number, min: 0, max: 9, step: 1, " TITLE "}\n"
			"- {name: i2, type: word, values: [w0, w1, w2], other: true, " TITLE "}\n"
			"- {name: i3, type: word, values: [w0, w1, w2, w3], " TITLE "}\n"
			"- {name: i4, type: bool, " TITLE "}\n" OUT "rules:\n");
	for (int r = 0; r < rules; r++) {
		const char *sep = "";
		sb_fmt(b, "- {id: r%d, when: {", r);
		for (int i = 0; i < 5; i++) {
			if (rng_below(g, 5) > 1)
				continue;
			sb_fmt(b, "%si%d: ", sep, i);
			put_cell(g, i, b);
			sep = ", ";
		}
		sb_cstr(b, "}, then: {allowed: true}, " WHY "}\n");
	}
}

/* Which rules are reached, and is every case decided: by trying all. */
static bool oracle(struct rules_table *t, bool *hit)
{
	bool complete = true;
	for (int n = 0; n < 10 * 19 * 5 * 4 * 2; n++) {
		static const char *const words[] = { "w0", "w1", "w2", "w3", "else" };
		struct rules_val v[5] = {
			{ .kind = RULES_IS_NUM, .num = n % 10 },
			{ .kind = RULES_IS_NUM, .num = n / 10 % 19 / 2.0 },
			{ .kind = RULES_IS_WORD, .word = sv_of(words[n / 190 % 5]) },
			{ .kind = RULES_IS_WORD, .word = sv_of(words[n / 950 % 4]) },
			{ .kind = RULES_IS_BOOL, .yes = n / 3800 % 2 },
		};
		int r = 0;
		for (; r < t->n_rules; r++) {
			int k = 0;
			const struct rules_rule *x = &t->rules[r];
			while (k < x->n_conds &&
			       rules_cond_holds(t, &x->conds[k], &v[x->conds[k].input]))
				k++;
			if (k == x->n_conds)
				break;
		}
		if (r < t->n_rules)
			hit[r] = true;
		complete &= r < t->n_rules;
	}
	return complete;
}

struct told {
	bool rule[64], table;
};

static void on_fault(void *arg, int rule, const char *what, const char *mend)
{
	struct told *x = arg;
	if (rule < 0)
		x->table = true;
	else
		x->rule[rule] = true;
}

TEST(policy_rules_shape_agrees_with_trying_all_cases)
{
	struct rng *g = t_rng();
	int unreached = 0, open = 0;
	for (int round = 0; round < 300; round++) {
		struct sb b;
		struct cfg_report rep = { 0 };
		struct policy_rules set = { 0 };
		struct rules_table t = { 0 };
		struct told told = { 0 };
		bool hit[64] = { false };
		int rules = 1 + (int)rng_below(g, 40);
		sb_init(&b, LIM_SB);
		random_table(g, rules, &b);
		arena_init(&set.a, LIM_ARENA_BIG);
		const struct policy_rules_file f = { .name = "t.yaml", .yaml = sb_sv(&b) };
		(void)rules_read(&set, &t, &f,
				 &rep); /* faults of shape are told, the rules stay */
		EQ(t.n_rules, rules);
		rules_grid(&set.a, &t, on_fault, &told);
		bool complete = oracle(&t, hit);
		EQ(told.table, !complete);
		for (int r = 0; r < rules; r++) {
			if (told.rule[r] == hit[r])
				printf("# round %d rule %d\n%s\n", round, r, sb_str(&b));
			EQ(told.rule[r], !hit[r]);
			unreached += !hit[r];
		}
		open += !complete;
		rules_table_done(&t);
		arena_done(&set.a);
		cfg_report_done(&rep);
		sb_done(&b);
	}
	CHECK(unreached > 100 && open > 20 && open < 290);
}

/* A table that is right passes its own cases, and they are many; a comparison gone wrong is
 * seen. */
TEST(policy_rules_cases_try_every_rule_and_edge)
{
	struct cfg_report rep = { 0 };
	struct policy_rules *r = load(shop, &rep);
	jv *out = NULL;
	CHECK(r);
	CHECK(policy_rules_conform(r, SV_NULL, &out));
	const jv *t = jv_at(out, 0);
	EQ(jv_get_int(t, "rules", 0), 4);
	EQ(jv_get_int(t, "hit", 0), 4);
	CHECK(jv_get_int(t, "cases", 0) >= 12);
	EQ(jv_len(jv_get(t, "wrong")), 0);
	jv_free(out);
	/* 30 becomes 29 behind the table's back: the edge finds it */
	r->tables[0].rules[2].conds[0].ranges[0].hi = 29;
	CHECK(!policy_rules_conform(r, SV("t"), &out));
	const jv *wrong = jv_path(out, "0.wrong");
	CHECK(jv_len(wrong) > 0);
	EQ(jv_as_int(jv_path(jv_at(wrong, 0), "facts.days"), 0), 30);
	SV_EQ(jv_get_str(jv_at(wrong, 0), "want"), "normal");
	SV_EQ(jv_get_str(jv_at(wrong, 0), "got"), "otherwise");
	jv_free(out);
	CHECK(!policy_rules_conform(r, SV("none"), &out));
	jv_free(out);
	EQ(policy_rules_cases(r, SV("none"), &out), ERR_NOTFOUND);
	obj_unref(r);
	cfg_report_done(&rep);
}

TEST(policy_rules_json_shows_the_table)
{
	struct cfg_report rep = { 0 };
	struct policy_rules *r = load(shop, &rep);
	struct sb b;
	CHECK(r);
	sb_init(&b, LIM_SB);
	EQ(policy_rules_json(r, SV("t"), &b), 0);
	jv *o = jv_parse(sb_sv(&b), NULL);
	SV_EQ(jv_get_str(o, "hit"), "first");
	EQ(jv_len(jv_get(o, "inputs")), 4);
	SV_EQ(jv_as_str(jv_path(o, "rules.0.when.tier")), "not gold");
	SV_EQ(jv_as_str(jv_path(o, "rules.2.then.fee")), "price_fen * 0.1 + 0.5");
	SV_EQ(jv_as_str(jv_path(o, "rules.1.article.0")), "a-1");
	EQ(policy_rules_json(r, SV("none"), &b), ERR_NOTFOUND);
	jv_free(o);
	sb_done(&b);
	obj_unref(r);
	cfg_report_done(&rep);
}

/* Any text is a table or is refused, and leaves nothing behind. */
TEST(policy_rules_damaged_tables)
{
	struct rng *g = t_rng();
	struct sb b;
	sb_init(&b, LIM_SB);
	for (int i = 0; i < 3000; i++) {
		struct cfg_report rep = { 0 };
		sb_reset(&b);
		sb_cstr(&b, shop);
		for (uint64_t n = 1 + rng_below(g, 6); n > 0; n--) {
			size_t at = rng_below(g, b.n);
			b.p[at] = "[]{}:,-\"'<>.0 \n9ax"[rng_below(g, 17)];
		}
		obj_unref(load(sb_str(&b), &rep));
		cfg_report_done(&rep);
	}
	sb_done(&b);
}
