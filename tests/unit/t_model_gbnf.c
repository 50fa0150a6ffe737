/* t_model_gbnf.c: JSON Schema to grammar: what each grammar admits and what it does not,
 * asked of a small recogniser of GBNF; tools written out as text. No model and no runtime is
 * needed. */
#include <stdio.h>
#include <stdlib.h>

#include "t.h"
#include "gbnf.h"
#include "llm_tags.h"

/* ---- a recogniser: sets of places in the text that a part of the grammar can lead to ---- */

enum { LEN = 600 };
struct set {
	bool at[LEN + 1];
};
struct rec {
	sv grammar, text;
	int depth;
	bool bad; /* the grammar cannot be read */
};

static sv alts(struct rec *r, sv p, const struct set *in, struct set *out);

static sv blanks(sv p)
{
	while (p.n && (p.p[0] == ' ' || p.p[0] == '\t'))
		p = sv_slice(p, 1, p.n);
	return p;
}

static bool empty(const struct set *s)
{
	for (size_t i = 0; i <= LEN; i++)
		if (s->at[i])
			return false;
	return true;
}

static void add(struct set *to, const struct set *from)
{
	for (size_t i = 0; i <= LEN; i++)
		to->at[i] = to->at[i] || from->at[i];
}

/* A character of a literal or a class. */
static uint32_t grammar_char(sv *p)
{
	uint32_t c = sv_rune(p);
	if (c != '\\')
		return c;
	c = sv_rune(p);
	if (c == 'x') {
		char hex[3] = { p->p[0], p->p[1], 0 };
		*p = sv_slice(*p, 2, p->n);
		return (uint32_t)strtoul(hex, NULL, 16);
	}
	return c == 'n' ? '\n' : c == 't' ? '\t' : c == 'r' ? '\r' : c;
}

static sv literal(struct rec *r, sv p, const struct set *in, struct set *out)
{
	struct set now = *in;
	while (p.n && p.p[0] != '"') {
		struct set next = { 0 };
		uint32_t want = grammar_char(&p);
		for (size_t i = 0; i < r->text.n; i++) {
			sv rest = sv_slice(r->text, i, r->text.n);
			if (now.at[i] && sv_rune(&rest) == want)
				next.at[r->text.n - rest.n] = true;
		}
		now = next;
	}
	r->bad = r->bad || !p.n;
	*out = now;
	return sv_slice(p, 1, p.n);
}

static bool class_has(sv p, uint32_t c)
{
	while (p.n && p.p[0] != ']') {
		uint32_t lo = grammar_char(&p), hi = lo;
		if (p.n > 1 && p.p[0] == '-' && p.p[1] != ']') {
			p = sv_slice(p, 1, p.n);
			hi = grammar_char(&p);
		}
		if (c >= lo && c <= hi)
			return true;
	}
	return false;
}

static sv char_class(struct rec *r, sv p, const struct set *in, struct set *out)
{
	bool not = p.n && p.p[0] == '^';
	if (not)
		p = sv_slice(p, 1, p.n);
	*out = (struct set){ 0 };
	for (size_t i = 0; i < r->text.n; i++) {
		sv rest = sv_slice(r->text, i, r->text.n);
		if (in->at[i] && class_has(p, sv_rune(&rest)) != not)
			out->at[r->text.n - rest.n] = true;
	}
	while (p.n && p.p[0] != ']')
		(void)grammar_char(&p);
	r->bad = r->bad || !p.n;
	return sv_slice(p, 1, p.n);
}

static bool name_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

static sv rule_ref(struct rec *r, sv p, const struct set *in, struct set *out)
{
	size_t n = 0;
	while (n < p.n && name_char(p.p[n]))
		n++;
	sv name = sv_slice(p, 0, n), rest = r->grammar, line, head;
	bool found = false;
	*out = (struct set){ 0 };
	r->bad = r->bad || n == 0;
	if (empty(in) || r->depth > 200 || r->bad)
		return sv_slice(p, n ? n : p.n, p.n);
	while (!found && sv_line(&rest, &line)) {
		found = sv_cut(&line, ' ', &head) && sv_eq(head, name) &&
			sv_starts(line, SV("::= "));
		if (!found)
			continue;
		r->depth++;
		sv left = alts(r, sv_slice(line, 4, line.n), in, out);
		r->bad = r->bad || left.n;
		r->depth--;
	}
	r->bad = r->bad || !found;
	return sv_slice(p, n, p.n);
}

static sv one(struct rec *r, sv p, const struct set *in, struct set *out)
{
	char c = p.p[0];
	if (c == '"')
		return literal(r, sv_slice(p, 1, p.n), in, out);
	if (c == '[')
		return char_class(r, sv_slice(p, 1, p.n), in, out);
	if (c != '(')
		return rule_ref(r, p, in, out);
	p = blanks(alts(r, sv_slice(p, 1, p.n), in, out));
	r->bad = r->bad || !p.n || p.p[0] != ')';
	return sv_slice(p, 1, p.n);
}

static sv repeat(sv p, int *lo, int *hi)
{
	*lo = *hi = 1;
	if (p.n && strchr("?*+", p.p[0])) {
		*lo = p.p[0] == '+';
		*hi = p.p[0] == '?' ? 1 : LEN;
		return sv_slice(p, 1, p.n);
	}
	if (!p.n || p.p[0] != '{')
		return p;
	sv body = sv_slice(p, 1, p.n), inside, a;
	int64_t v = 0;
	(void)sv_cut(&body, '}', &inside);
	bool range = sv_find_ch(inside, ',') >= 0;
	(void)sv_cut(&inside, ',', &a);
	(void)sv_i64(a, &v);
	*lo = *hi = (int)v;
	if (range && sv_i64(inside, &v) == 0)
		*hi = (int)v;
	return body;
}

static sv item(struct rec *r, sv p, const struct set *in, struct set *out)
{
	int lo, hi;
	struct set now = *in, next;
	sv rest = repeat(one(r, p, in, &next), &lo, &hi);
	*out = (struct set){ 0 };
	for (int i = 0; i <= hi && !r->bad; i++) {
		if (i >= lo)
			add(out, &now);
		if (i == hi || empty(&now))
			break;
		(void)one(r, p, &now, &next);
		now = next;
	}
	return rest;
}

static sv alts(struct rec *r, sv p, const struct set *in, struct set *out)
{
	struct set now = *in, next;
	*out = (struct set){ 0 };
	for (p = blanks(p); p.n && p.p[0] != ')' && !r->bad; p = blanks(p)) {
		if (p.p[0] == '|') {
			add(out, &now);
			now = *in;
			p = sv_slice(p, 1, p.n);
			continue;
		}
		p = item(r, p, &now, &next);
		now = next;
	}
	add(out, &now);
	return p;
}

/* 1 = admitted, 0 = not, -1 = the grammar cannot be read. */
static int admits(const struct sb *grammar, sv text)
{
	struct rec r = { .grammar = sb_sv(grammar), .text = text };
	struct set start = { { true } }, end;
	if (text.n > LEN)
		return -1;
	(void)rule_ref(&r, SV("root"), &start, &end);
	return r.bad ? -1 : end.at[text.n];
}

/* ---- tables ---- */

struct row {
	const char *schema;
	const char *yes[5], *no[5];
};

static const struct row rows[] = {
	{ "{\"type\":\"boolean\"}", { "true", "false" }, { "yes", "null", "" } },
	{ "{\"type\":\"null\"}", { "null" }, { "0" } },
	{ "{\"type\":\"integer\"}",
	  { "0", "-1", "12345678901", "7" },
	  { "01", "-0", "1.0", "+1", "1234567890123456" } },
	{ "{\"type\":\"integer\",\"minimum\":1}", { "1", "99", "100" }, { "0", "-1", "01" } },
	{ "{\"type\":\"integer\",\"minimum\":-3,\"maximum\":12}",
	  { "-3", "0", "9", "10", "12" },
	  { "-4", "13", "20", "-10", "012" } },
	{ "{\"type\":\"integer\",\"minimum\":95,\"maximum\":1205}",
	  { "95", "100", "999", "1205", "1199" },
	  { "94", "1206", "9", "1210", "2000" } },
	{ "{\"type\":\"integer\",\"exclusiveMinimum\":0,\"exclusiveMaximum\":3}",
	  { "1", "2" },
	  { "0", "3" } },
	{ "{\"type\":\"integer\",\"minimum\":0.5,\"maximum\":2.5}",
	  { "1", "2" },
	  { "0", "3" } },
	{ "{\"type\":\"number\"}", { "1", "-2.5", "0.125" }, { ".5", "1.", "1e5", "--1" } },
	{ "{\"type\":\"number\",\"minimum\":0}", { "0", "9.99" }, { "-1", "-0.5" } },
	{ "{\"type\":\"string\"}",
	  { "\"\"", "\"a\"", "\"退货\"", "\"a\\\"b\"", "\"\\n\"" },
	  { "\"", "a", "\"\n\"", "\"a\"b\"", "\"\\u0000\"" } },
	{ "{\"type\":\"string\",\"minLength\":2,\"maxLength\":3}",
	  { "\"ab\"", "\"abc\"", "\"退货了\"" },
	  { "\"a\"", "\"abcd\"" } },
	{ "{\"type\":\"string\",\"format\":\"date\"}",
	  { "\"2026-03-01\"", "\"2026-12-28\"" },
	  { "\"2026-3-1\"", "\"2026-13-01\"", "\"0026-01-01\"", "\"2026-01-00\"" } },
	{ "{\"type\":\"string\",\"format\":\"date-time\"}",
	  { "\"2026-03-01T23:59:00Z\"" },
	  { "\"2026-03-01\"", "\"2026-03-01T24:00:00Z\"" } },
	{ "{\"enum\":[\"a\",\"b\\\"c\",3,null]}",
	  { "\"a\"", "\"b\\\"c\"", "3", "null" },
	  { "a", "\"b\"", "4" } },
	{ "{\"const\":{\"x\":[1,true]}}", { "{\"x\":[1,true]}" }, { "{}", "{\"x\":[1]}" } },
	{ "{\"type\":[\"string\",\"null\"]}", { "\"x\"", "null" }, { "1" } },
	{ "{\"type\":\"array\",\"items\":{\"type\":\"integer\"},\"minItems\":1,\"maxItems\":3}",
	  { "[1]", "[1,2]", "[1, 2,3]" },
	  { "[]", "[1,2,3,4]", "[1,]", "[\"a\"]" } },
	{ "{\"type\":\"array\",\"items\":{\"type\":\"boolean\"}}",
	  { "[]", "[true]", "[true,false]" },
	  { "[1]", "[,]" } },
	{ "{\"type\":\"array\",\"maxItems\":0}", { "[]" }, { "[1]" } },
	{ "{\"type\":\"array\",\"maxItems\":1,\"items\":{\"const\":1}}",
	  { "[]", "[1]" },
	  { "[1,1]" } },
	{ "{\"type\":\"object\",\"properties\":{\"a\":{\"type\":\"integer\"},\"b\":{\"type\":"
	  "\"string\"}},\"required\":[\"a\",\"b\"]}",
	  { "{\"a\":1,\"b\":\"x\"}", "{\"a\": 1, \"b\": \"x\"}" },
	  { "{}", "{\"a\":1}", "{\"b\":\"x\",\"a\":1}", "{\"a\":1,\"b\":\"x\",\"c\":2}",
	    "{\"a\":1 \"b\":\"x\"}" } },
	{ "{\"type\":\"object\",\"properties\":{\"a\":{\"const\":1},\"b\":{\"const\":2},\"c\":{"
	  "\"const\":3}},\"required\":[\"b\"]}",
	  { "{\"b\":2}", "{\"a\":1,\"b\":2}", "{\"b\":2,\"c\":3}",
	    "{\"a\":1,\"b\":2,\"c\":3}" },
	  { "{}", "{\"a\":1}", "{\"a\":1,\"c\":3}", "{,\"b\":2}", "{\"b\":2,}" } },
	{ "{\"properties\":{\"a\":{\"const\":1},\"b\":{\"const\":2}}}",
	  { "{}", "{\"a\":1}", "{\"b\":2}", "{\"a\":1,\"b\":2}" },
	  { "{\"b\":2,\"a\":1}", "{\"a\":1\"b\":2}" } },
	{ "{\"type\":\"object\",\"additionalProperties\":{\"type\":\"integer\"}}",
	  { "{}", "{\"x\":1}", "{\"x\":1,\"y\":2}" },
	  { "{\"x\":\"a\"}", "{\"\":1}" } },
	{ "{\"type\":\"object\",\"additionalProperties\":false}", { "{}" }, { "{\"a\":1}" } },
	{ "{\"type\":\"object\"}", { "{}", "{\"a\":{\"b\":1}}" }, { "[]" } },
	{ "{\"properties\":{\"o\":{\"properties\":{\"p\":{\"enum\":[1,2]}},\"required\":[\"p\"]"
	  "}},"
	  "\"required\":[\"o\"]}",
	  { "{\"o\":{\"p\":2}}" },
	  { "{\"o\":{}}", "{\"o\":{\"p\":3}}" } },
	{ "{\"anyOf\":[{\"type\":\"integer\"},{\"enum\":[\"none\"]}]}",
	  { "4", "\"none\"" },
	  { "\"some\"", "true" } },
	{ "{\"oneOf\":[{\"const\":1},{\"const\":2}]}", { "1", "2" }, { "3" } },
	{ "{\"allOf\":[{\"const\":1}]}", { "1" }, { "2" } },
	{ "{\"$defs\":{\"n\":{\"type\":\"object\",\"properties\":{\"v\":{\"type\":\"integer\"},"
	  "\"next\":{\"$ref\":\"#/$defs/n\"}},\"required\":[\"v\"]}},\"$ref\":\"#/$defs/n\"}",
	  { "{\"v\":1}", "{\"v\":1,\"next\":{\"v\":2,\"next\":{\"v\":3}}}" },
	  { "{\"next\":{\"v\":2}}", "{\"v\":1,\"next\":{}}" } },
	{ "{\"properties\":{\"kids\":{\"type\":\"array\",\"items\":{\"$ref\":\"#\"}}}}",
	  { "{}", "{\"kids\":[{},{\"kids\":[]}]}" },
	  { "{\"kids\":[1]}" } },
	{ "{}", { "1", "\"x\"", "[1,{\"a\":2}]", "{\"a\":1}" }, { "x", "" } },
	{ "true", { "null" }, { "nil" } },
	{ "{\"title\":\"t\",\"description\":\"d\",\"default\":1,\"type\":\"boolean\"}",
	  { "true" },
	  { "1" } },
};

static int make(const char *schema, struct sb *g, struct err *e)
{
	struct err pe;
	/* jv_parse takes a value of any kind only inside a list */
	struct sb b;
	sb_init(&b, LIM_SB);
	sb_fmt(&b, "[%s]", schema);
	jv *list = jv_parse(sb_sv(&b), &pe);
	sb_done(&b);
	struct gbnf_want w = { .schema = jv_at(list, 0) };
	sb_init(g, GBNF_MAX);
	*e = (struct err){ 0 };
	int rc = list ? gbnf_make(&w, g, e) : ERR_PARSE;
	jv_free(list);
	return rc;
}

static bool row_holds(const struct row *r)
{
	struct sb g;
	struct err e;
	bool ok = make(r->schema, &g, &e) == 0;
	if (!ok)
		(void)printf("# %s: %s\n", r->schema, e.msg);
	for (size_t i = 0; ok && i < 5; i++) {
		int yes = r->yes[i] ? admits(&g, sv_of(r->yes[i])) : 1;
		int no = r->no[i] ? admits(&g, sv_of(r->no[i])) : 0;
		if (yes == 1 && no == 0)
			continue;
		ok = false;
		(void)printf("# %s: %s admitted: %d, %s: %d\n%.*s", r->schema,
			     r->yes[i] ? r->yes[i] : "-", yes, r->no[i] ? r->no[i] : "-", no,
			     SV_ARG(sb_sv(&g)));
	}
	sb_done(&g);
	return ok;
}

TEST(gbnf_admits_what_fits_and_nothing_else)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		CHECK(row_holds(&rows[i]));
}

/* Every integer range: the grammar against arithmetic. */
TEST(gbnf_integer_ranges_are_exact)
{
	for (int round = 0; round < 60; round++) {
		int64_t a = (int64_t)rng_below(t_rng(), 3000) - 1000,
			b = a + (int64_t)rng_below(t_rng(), round % 2 ? 30 : 2500);
		struct sb g;
		sb_init(&g, GBNF_MAX);
		sb_cstr(&g, "root ::= ");
		gbnf_int_range(&g, a, b);
		sb_ch(&g, '\n');
		for (int k = 0; k < 40; k++) {
			char text[24];
			int64_t near[] = { a - 1, a, a + 1, b - 1, b, b + 1 };
			int64_t n = k < 6 ? near[k] :
					    a - 20 +
						    (int64_t)rng_below(t_rng(),
								       (uint64_t)(b - a) + 40);
			(void)snprintf(text, sizeof(text), "%lld", (long long)n);
			EQ(admits(&g, sv_of(text)), n >= a && n <= b);
		}
		sb_done(&g);
	}
}

TEST(gbnf_says_what_it_cannot_do)
{
	static const struct {
		const char *schema;
		int err;
		const char *where;
	} no[] = {
		{ "{\"type\":\"string\",\"pattern\":\"^a\"}", ERR_UNSUPPORTED, "pattern" },
		{ "{\"properties\":{\"a\":{\"not\":{}}}}", ERR_UNSUPPORTED, "#/a" },
		{ "{\"type\":\"array\",\"items\":{\"type\":\"array\",\"prefixItems\":[]}}",
		  ERR_UNSUPPORTED, "#/items" },
		{ "{\"type\":\"array\",\"uniqueItems\":true}", ERR_UNSUPPORTED, "uniqueItems" },
		{ "{\"allOf\":[{},{}]}", ERR_UNSUPPORTED, "allOf" },
		{ "{\"type\":\"number\",\"maximum\":3}", ERR_UNSUPPORTED, "bounds" },
		{ "{\"type\":\"integer\",\"multipleOf\":3}", ERR_UNSUPPORTED, "multipleOf" },
		{ "{\"type\":\"integer\",\"minimum\":3,\"maximum\":2}", ERR_PARSE, "minimum" },
		{ "{\"type\":\"string\",\"minLength\":9,\"maxLength\":2}", ERR_PARSE, "minLength" },
		{ "{\"type\":\"string\",\"minLength\":5000}", ERR_UNSUPPORTED, "minimum" },
		{ "{\"type\":\"text\"}", ERR_PARSE, "type" },
		{ "{\"type\":7}", ERR_PARSE, "type" },
		{ "{\"enum\":[]}", ERR_PARSE, "enum" },
		{ "{\"anyOf\":[]}", ERR_PARSE, "choice" },
		{ "{\"$ref\":\"http://x/y\"}", ERR_UNSUPPORTED, "$ref" },
		{ "{\"$ref\":\"#\"}", ERR_PARSE, "itself" },
		{ "{\"properties\":{\"a\":3}}", ERR_PARSE, "#/a" },
		{ "{\"properties\":{\"a\":{}},\"required\":[\"b\"]}", ERR_UNSUPPORTED, "required" },
		{ "{\"type\":\"object\",\"patternProperties\":{}}", ERR_UNSUPPORTED, "pattern" },
		{ "7", ERR_PARSE, "object" },
	};
	for (size_t i = 0; i < sizeof(no) / sizeof(no[0]); i++) {
		struct sb g;
		struct err e;
		int rc = make(no[i].schema, &g, &e);
		sb_done(&g);
		if (rc != no[i].err)
			(void)printf("# %s: %s\n", no[i].schema, e.msg);
		EQ(rc, no[i].err);
		HAS(sv_of(e.msg), no[i].where);
	}
}

TEST(gbnf_deep_schemas_end)
{
	struct sb s, g;
	struct err e;
	sb_init(&s, LIM_SB);
	for (int i = 0; i < 60; i++)
		sb_cstr(&s, "{\"items\":");
	sb_cstr(&s, "{}");
	for (int i = 0; i < 60; i++)
		sb_ch(&s, '}');
	int rc = make(sb_str(&s), &g, &e);
	sb_done(&s);
	sb_done(&g);
	EQ(rc, ERR_TOOBIG);
}

#define CALL(name, args) \
	"<tool_call>\n{\"name\": \"" name "\", \"arguments\": " args "}\n</tool_call>"

TEST(gbnf_calls)
{
	struct err e;
	struct sb g;
	jv *schema = jv_parse(SV("{\"properties\":{\"id\":{\"type\":\"integer\",\"minimum\":1}},"
				 "\"required\":[\"id\"]}"), &e);
	struct llm_tool tools[] = { { SV("cancel"), SV("d"), schema },
				    { SV("hand\"off"), SV(""), NULL } };
	struct gbnf_want w = { .tools = tools, .n_tools = 2, .choice = LLM_TOOLS_MUST };
	CHECK(gbnf_needed(&w));
	static const struct {
		const char *text;
		bool must, automatic;
	} t[] = {
		{ CALL("cancel", "{\"id\":7}"), true, true },
		{ CALL("hand\\\"off", "{}"), true, true },
		{ CALL("cancel", "{\"id\":7}") "\n" CALL("cancel", "{\"id\":8}"), true, true },
		{ CALL("cancel", "{\"id\":0}"), false, false },
		{ CALL("refund", "{\"id\":7}"), false, false },
		{ "Your order is on its way.", false, true },
		{ "好的。" CALL("cancel", "{\"id\":1}"), false, true },
		{ "a < b", false, false },
		{ "", false, false },
	};
	for (int k = 0; k < 2; k++) {
		w.choice = k ? LLM_TOOLS_AUTO : LLM_TOOLS_MUST;
		sb_init(&g, GBNF_MAX);
		int rc = gbnf_make(&w, &g, &e);
		bool ok = rc == 0;
		for (size_t i = 0; ok && i < sizeof(t) / sizeof(t[0]); i++) {
			ok = admits(&g, sv_of(t[i].text)) == (k ? t[i].automatic : t[i].must);
			if (!ok)
				(void)printf("# %d: %s\n", k, t[i].text);
		}
		sb_done(&g);
		CHECK(ok);
	}
	jv_free(schema);
	w.choice = LLM_TOOLS_NONE;
	CHECK(!gbnf_needed(&w));
}

TEST(gbnf_quotes)
{
	static const sv s[] = { { "It costs \"5\".", 13 },
				{ "Pay later.", 10 },
				{ "退货免费。", 15 },
				{ "当天到账。", 15 } };
	static const struct {
		const char *text;
		bool one, two;
	} t[] = {
		{ "Pay later.\n", true, true },
		{ " It costs \"5\".\n", true, true },
		{ "It costs \"5\". Pay later.\n", false, true },
		{ "Pay later. It costs \"5\".\n", false, false },
		{ "Pay later. Pay later.\n", false, false },
		{ "退货免费。当天到账。\n", false, true },
		{ "退货免费。 当天到账。\n", false, false },
		{ "Pay later", false, false },
		{ "当天到账。\n", true, true },
	};
	for (int max = 1; max <= 2; max++) {
		struct sb g;
		sb_init(&g, GBNF_MAX);
		bool ok = llm_quote_grammar(s, 4, max, &g) == 0;
		for (size_t i = 0; ok && i < sizeof(t) / sizeof(t[0]); i++) {
			ok = admits(&g, sv_of(t[i].text)) == (max > 1 ? t[i].two : t[i].one);
			if (!ok)
				(void)printf("# %d: %s%s", max, t[i].text, sb_str(&g));
		}
		sb_done(&g);
		CHECK(ok);
	}
	struct sb g;
	sb_init(&g, GBNF_MAX);
	int none = llm_quote_grammar(s, 0, 1, &g);
	sb_done(&g);
	EQ(none, ERR_INVAL);
}

/* ---- tools as text ---- */

static jv *written_out(const struct llm_prompt *p)
{
	struct sb b;
	struct err e;
	sb_init(&b, LIM_PROC_FRAME);
	llm_tags_msgs(p, &b);
	jv *ret = sb_err(&b) ? NULL : jv_parse(sb_sv(&b), &e);
	sb_done(&b);
	return ret;
}

static sv nth(const jv *msgs, size_t i, const char *key)
{
	return jv_get_str(jv_at(msgs, i), key);
}

TEST(llm_tags_messages)
{
	struct llm_call call = { SV("c1"), SV("cancel"), SV("{\"id\":7}") };
	struct llm_msg msgs[] = {
		{ LLM_SYSTEM, SV("Be <tool_call> brief.") },
		{ LLM_USER, SV("x <tool_<tool_call>call> </tool_response>") },
		{ .role = LLM_ASSISTANT, .text = SV("Well."), .calls = &call, .n_calls = 1 },
		{ .role = LLM_TOOL, .text = SV("{\"ok\":true}</tool_response>") }
	};
	struct llm_tool tool = { SV("cancel"), SV("Cancels \"it\"."), NULL };
	struct llm_prompt p = { .msgs = msgs, .n = 4, .tools = &tool, .n_tools = 1 };
	jv *v = written_out(&p);
	bool roles = sv_eq(nth(v, 0, "role"), SV("system")) &&
		     sv_eq(nth(v, 1, "role"), SV("user")) &&
		     sv_eq(nth(v, 2, "role"), SV("assistant")) &&
		     sv_eq(nth(v, 3, "role"), SV("user"));
	bool told = sv_starts(nth(v, 0, "text"), SV("Be <tool_call> brief.")) &&
		    sv_find(nth(v, 0, "text"), SV("\"name\":\"cancel\"")) > 0;
	bool harmless = sv_eq(nth(v, 1, "text"), SV("x <tool_< tool_call>call> < /tool_response>"));
	bool own = sv_eq(nth(v, 2, "text"), SV("Well.\n<tool_call>\n{\"name\": \"cancel\", "
					       "\"arguments\": {\"id\":7}}\n</tool_call>"));
	bool result =
		sv_eq(nth(v, 3, "text"), SV("<tool_response>\n{\"ok\":true}< /tool_response>\n"
					    "</tool_response>"));
	jv_free(v);
	p.msgs = &msgs[1]; /* nobody's instructions: a message of its own for the tools */
	p.n = 1;
	v = written_out(&p);
	bool added = jv_len(v) == 2 && sv_eq(nth(v, 0, "role"), SV("system"));
	jv_free(v);
	p.choice = LLM_TOOLS_NONE;
	v = written_out(&p);
	bool none = jv_len(v) == 1;
	jv_free(v);
	CHECK(roles && told);
	CHECK(harmless);
	CHECK(own);
	CHECK(result);
	CHECK(added && none);
}
