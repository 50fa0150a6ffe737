/* t_policy_expr.c: conditions over facts: values, precedence, what is not there, faults with
 * their place, and that no text harms. */
#include "policy_rules.h"
#include "t.h"

#include <stdio.h>

static const char facts_text[] =
	"{\"days\":7,\"price\":289900,\"rate\":0.25,\"opened\":true,\"used\":false,\"reason\":"
	"\"quality\",\"empty\":\"\",\"none\":null,\"none_of\":[],\"tags\":[\"gift\",7,true],"
	"\"order\":{\"status\":\"paid\",\"items\":[{\"sku\":\"A1\",\"qty\":2},{\"sku\":\"B2\"}]},"
	"\"zh\":\"质量问题\",\"day\":\"2026-10-07\"}";

/* The value as JSON. */
static const struct { const char *text, *is; } values[] = {
	{ "days", "7" },
	{ "  days  ", "7" },
	{ "order.items.0.sku", "\"A1\"" },
	{ "order.items.1.qty", "null" },
	{ "order.items.9.sku", "null" },
	{ "nobody", "null" },
	{ "order.items.1", "{\"sku\":\"B2\"}" },
	{ "'质量' in zh", "true" },
	{ "zh == \"质量问题\"", "true" },
	{ "\"it's\"", "\"it's\"" },
	{ "1 + 2 * 3", "7" },
	{ "(1 + 2) * 3", "9" },
	{ "10 - 3 - 2", "5" },
	{ "16 / 4 / 2", "2" },
	{ "7 / 2", "3.5" },
	{ "-days + 1", "-6" },
	{ "- -2", "2" },
	{ "2 - -2", "4" },
	{ "price * rate", "72475" },
	{ "1 / 0", "null" },
	{ "days + reason", "null" },
	{ "days + nobody", "null" },
	{ "reason + reason", "null" },
	{ "days <= 7", "true" },
	{ "days < 7", "false" },
	{ "days > 6.5 and days >= 7", "true" },
	{ "days != 7", "false" },
	{ "days == '7'", "false" },
	{ "days < reason", "null" },
	{ "nobody < 3", "null" },
	{ "nobody == null", "true" },
	{ "none == null", "true" },
	{ "days == null", "false" },
	{ "nobody == false", "false" },
	{ "day >= '2026-10-01'", "true" },
	{ "day < '2026-10-01'", "false" },
	{ "opened == true", "true" },
	{ "used == false", "true" },
	{ "not used", "true" },
	{ "not used and opened", "true" },
	{ "not days == 7", "false" },
	{ "not nobody", "true" },
	{ "opened or nobody and used", "true" },
	{ "(opened or nobody) and used", "false" },
	{ "used or empty or none_of or nobody or 0", "false" },
	{ "days and reason and tags and order", "true" },
	{ "reason in ['quality', 'wrong item']", "true" },
	{ "reason not in ['quality', 'wrong item']", "false" },
	{ "days in [1, days, 3]", "true" },
	{ "7 in tags", "true" },
	{ "'gift' in tags", "true" },
	{ "true in tags", "true" },
	{ "'card' in tags", "false" },
	{ "'x' in nobody", "false" },
	{ "'x' not in nobody", "true" },
	{ "reason in []", "false" },
	{ "[1, 'a', days + 1, null]", "[1,\"a\",8,null]" },
	{ "[1, 2,]", "[1,2]" },
	{ "tags == tags", "false" },
	{ "min(price * 0.3, 50000)", "50000" },
	{ "max(1, 2, days)", "7" },
	{ "min(1, nobody)", "null" },
	{ "round(2.5) + floor(2.9) + ceil(2.1) + abs(-1)", "9" },
	{ "len(tags) + len(zh) + len(order.items) + len([1, 2]) + len(nobody)", "11" },
	{ "max(min(days, 3), 2)", "3" },
	{ "if(opened, 60, 30)", "60" },
	{ "if(days > 7 or nobody, 'a', if(used, 'b', 'c'))", "\"c\"" },
	{ "true and not false", "true" },
	{ "null", "null" },
	{ "0.1 + 0.2 > 0.3 - 0.001", "true" },
};

TEST(values_are_what_the_text_says)
{
	jv *facts = jv_parse(sv_of(facts_text), NULL);
	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
		struct policy_expr *x = NULL;
		struct err e = { 0 };
		struct sb b;
		if (policy_expr_new(&x, sv_of(values[i].text), &e))
			printf("# %s: %s\n", values[i].text, e.msg);
		CHECK(x);
		sb_init(&b, LIM_SB);
		jv *v = policy_expr_eval(x, facts);
		jv_dump(v, &b);
		if (!sv_eq(sb_sv(&b), sv_of(values[i].is)))
			printf("# %s\n", values[i].text);
		STR_EQ(sb_str(&b), values[i].is);
		bool yes = sv_eq(sb_sv(&b), SV("true"));
		if (jv_is_bool(v))
			EQ(policy_expr_true(x, facts), yes);
		jv_free(v);
		sb_done(&b);
		obj_unref(x);
	}
	jv_free(facts);
}

static const struct { const char *text; size_t at; const char *says; } faults[] = {
	{ "", 0, "an expression is expected" },
	{ "   ", 0, "an expression is expected" },
	{ "days =  7", 5, "write ==" },
	{ "a && b", 2, "write and, or, not" },
	{ "a || b", 2, "write and, or, not" },
	{ "!a", 0, "write and, or, not" },
	{ "days <=", 7, "it ends where a value" },
	{ "(days", 5, "a ) is missing" },
	{ "days)", 4, "an operator is expected" },
	{ "days days", 5, "an operator is expected" },
	{ "'open", 0, "has no end" },
	{ "1.2.3", 0, "not a number" },
	{ "7days", 0, "not a number" },
	{ "a < b < c", 6, "one comparison at a time" },
	{ "a == b == c", 7, "one comparison at a time" },
	{ "a not b", 6, "not in" },
	{ "and b", 0, "a value is missing" },
	{ "a or or b", 5, "a value is missing" },
	{ "a..b", 0, "missing after the dot" },
	{ "a.", 0, "missing after the dot" },
	{ "system('x')", 6, "no such function" },
	{ "round()", 7, "takes 1 to 1" },
	{ "round(1, 2)", 11, "takes 1 to 1" },
	{ "if(a, b)", 8, "takes 3 to 3" },
	{ "[1 2]", 3, "a comma or ]" },
	{ "min(1; 2)", 5, "no meaning here" },
	{ "天数 <= 7", 0, "no meaning here" },
	{ "a，b", 1, "no meaning here" },
	{ "* 2", 0, "a value is expected" },
};

TEST(faults_are_told_with_their_place)
{
	for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
		struct policy_expr *x = NULL;
		struct err e = { 0 };
		EQ(policy_expr_new(&x, sv_of(faults[i].text), &e), ERR_PARSE);
		CHECK(!x);
		if (!strstr(e.msg, faults[i].says) || e.offset != faults[i].at)
			printf("# \"%s\": %zu %s\n", faults[i].text, e.offset, e.msg);
		CHECK(strstr(e.msg, faults[i].says) != NULL);
		EQ(e.offset, faults[i].at);
	}
}

TEST(names_are_told_as_often_as_asked_for)
{
	struct policy_expr *x = NULL;
	EQ(policy_expr_new(&x, SV("a.b > 1 and c in [d, 'e'] or not a.b"), NULL), 0);
	STR_EQ(policy_expr_name(x, 0), "a.b");
	STR_EQ(policy_expr_name(x, 1), "c");
	STR_EQ(policy_expr_name(x, 2), "d");
	STR_EQ(policy_expr_name(x, 3), "a.b");
	CHECK(!policy_expr_name(x, 4));
	obj_unref(x);
}

TEST(size_and_depth_are_bounded)
{
	struct policy_expr *x = NULL;
	struct err e = { 0 };
	struct sb b;
	sb_init(&b, LIM_SB);
	for (int i = 0; i < 20; i++)
		sb_ch(&b, '(');
	sb_cstr(&b, "1");
	for (int i = 0; i < 20; i++)
		sb_ch(&b, ')');
	EQ(policy_expr_new(&x, sb_sv(&b), &e), 0);
	x = obj_unref(x);
	static const char *const deep[] = { "(", "not ", "-", "[", "1+(", "abs(" };
	for (size_t k = 0; k < sizeof(deep) / sizeof(deep[0]); k++) {
		sb_reset(&b);
		for (int i = 0; i < 400; i++)
			sb_cstr(&b, deep[k]);
		EQ(policy_expr_new(&x, sb_sv(&b), &e), ERR_PARSE);
		CHECK(strstr(e.msg, "nested too deep") != NULL);
	}
	sb_reset(&b);
	sb_cstr(&b, "1");
	for (int i = 0; i < 119; i++)
		sb_cstr(&b, "+1");
	EQ(policy_expr_new(&x, sb_sv(&b), &e), 0);       /* 239 parts */
	jv *v = policy_expr_eval(x, NULL);
	EQ(jv_as_int(v, 0), 120);
	jv_free(v);
	x = obj_unref(x);
	sb_cstr(&b, "+1");
	EQ(policy_expr_new(&x, sb_sv(&b), &e), ERR_PARSE);
	CHECK(strstr(e.msg, "more than 240 parts") != NULL);
	sb_reset(&b);
	for (int i = 0; i < 4001; i++)
		sb_ch(&b, 'a');
	EQ(policy_expr_new(&x, sb_sv(&b), &e), ERR_TOOBIG);
	EQ(policy_expr_new(&x, sv_n("a\xff", 2), &e), ERR_PARSE);
	EQ(policy_expr_new(&x, sv_n("a\0b", 3), &e), ERR_PARSE);
	sb_done(&b);
}

/* What is read is evaluated, over facts of other shapes too. */
TEST(no_text_harms)
{
	static const char *const bits[] = {
		"days", "order.items.0", " and ", " or ", " not ", " in ", "(", ")", "[", "]",
		",", "'a'", "\"", "7", "-", "+", "*", "/", "==", "<=", "<", "min(", "len(",
		"null", " ", "天", "\xff", ".",
	};
	jv *facts[3] = { jv_parse(sv_of(facts_text), NULL), jv_arr(), NULL };
	struct rng *r = t_rng();
	struct sb b;
	size_t read = 0;
	sb_init(&b, LIM_SB);
	for (int i = 0; i < 40000; i++) {
		struct policy_expr *x = NULL;
		struct err e = { 0 };
		sb_reset(&b);
		for (uint64_t n = rng_below(r, 12) + 1; n > 0; n--)
			sb_cstr(&b, bits[rng_below(r, sizeof(bits) / sizeof(bits[0]))]);
		if (policy_expr_new(&x, sb_sv(&b), &e)) {
			CHECK(!x && e.code < 0 && e.msg[0] && e.offset <= b.n);
			continue;
		}
		read++;
		for (int k = 0; k < 3; k++)
			jv_free(policy_expr_eval(x, facts[k]));
		obj_unref(x);
	}
	CHECK(read > 500);
	for (int k = 0; k < 3; k++)
		jv_free(facts[k]);
	sb_done(&b);
}
