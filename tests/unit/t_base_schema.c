/* t_base_schema.c: JSON values against JSON Schemas: each keyword once right and once wrong,
 * the place that a message names, schemas without end. */
#include "t.h"

static int run(const char *schema, const char *value, struct err *e)
{
	struct err pe;
	jv *s = jv_parse(sv_of(schema), &pe), *v = jv_parse(sv_of(value), &pe);
	int rc = s && v ? jv_schema_check(s, v, e) : -1000;
	jv_free(s);
	jv_free(v);
	return rc;
}

static const struct {
	const char *schema, *good, *bad, *says;
} cases[] = {
	{ "{\"type\":\"object\"}", "{}", "[]", "the value: must be of type object" },
	{ "{\"type\":\"array\"}", "[]", "{}", "type array" },
	{ "{\"type\":\"string\"}", "\"\"", "1", "type string" },
	{ "{\"type\":\"number\"}", "1.5", "\"1\"", "type number" },
	{ "{\"type\":\"integer\"}", "2.0", "2.5", "type integer" },
	{ "{\"type\":\"integer\"}", "-7", "true", "type integer" },
	{ "{\"type\":\"boolean\"}", "false", "0", "type boolean" },
	{ "{\"type\":\"null\"}", "null", "0", "type null" },
	{ "{\"type\":[\"string\",\"null\"]}", "null", "3", "another type" },
	{ "{\"enum\":[\"a\",2,{\"k\":[1,null]}]}", "{\"k\":[1.0,null]}", "\"b\"",
	  "must be one of [\"a\",2" },
	{ "{\"enum\":[{\"k\":1,\"m\":2}]}", "{\"m\":2,\"k\":1}", "{\"k\":1,\"n\":2}",
	  "one of" },
	{ "{\"enum\":[{\"k\":null}]}", "{\"k\":null}", "{\"j\":null}", "one of" },
	{ "{\"const\":false}", "false", "null", "only one allowed" },
	{ "{\"const\":[1,2]}", "[1,2]", "[1,3]", "only one allowed" },
	{ "{\"minimum\":2}", "2", "1.9", "at least 2" },
	{ "{\"maximum\":2}", "2", "2.1", "at most 2" },
	{ "{\"exclusiveMinimum\":0}", "0.1", "0", "more than 0" },
	{ "{\"exclusiveMaximum\":0}", "-1", "0", "less than 0" },
	{ "{\"minLength\":2}", "\"\xe4\xbd\xa0\xe5\xa5\xbd\"", "\"\xe4\xbd\xa0\"",
	  "at least 2 characters" },
	{ "{\"maxLength\":2}", "\"\xe4\xbd\xa0\xe5\xa5\xbd\"", "\"abc\"",
	  "at most 2 characters" },
	{ "{\"minItems\":1}", "[0]", "[]", "at least 1 items" },
	{ "{\"maxItems\":1}", "[0]", "[0,0]", "at most 1 items" },
	{ "{\"minProperties\":1}", "{\"a\":1}", "{}", "at least 1 members" },
	{ "{\"items\":{\"type\":\"string\"}}", "[\"a\"]", "[\"a\",1]", "[1]: must be" },
	{ "{\"required\":[\"id\"]}", "{\"id\":null}", "{\"Id\":1}", "\"id\" is missing" },
	{ "{\"properties\":{\"n\":{\"type\":\"integer\"}}}", "{\"n\":1,\"x\":\"y\"}",
	  "{\"n\":\"1\"}", "n: must be of type integer" },
	{ "{\"properties\":{\"n\":{}},\"additionalProperties\":false}", "{\"n\":1}",
	  "{\"n\":1,\"x\":1}", "x: is not known" },
	{ "{\"additionalProperties\":{\"type\":\"number\"}}", "{\"a\":1}", "{\"a\":\"1\"}",
	  "a: must be of type number" },
	{ "{\"anyOf\":[{\"type\":\"string\"},{\"minimum\":5}]}", "5", "4", "none of its" },
	{ "{\"oneOf\":[{\"minimum\":0},{\"maximum\":10}]}", "11", "5", "exactly one" },
	{ "{\"allOf\":[{\"minimum\":0},{\"maximum\":10}]}", "5", "11", "at most 10" },
	{ "true", "1", "", NULL },
	{ "{\"items\":false}", "[]", "[1]", "[0]: is not allowed" },
	{ "{\"$defs\":{\"p\":{\"properties\":{\"next\":{\"$ref\":\"#/$defs/p\"},\"v\":{\"type\":"
	  "\"integer\"}}}},\"$ref\":\"#/$defs/p\"}",
	  "{\"next\":{\"next\":{\"v\":1}}}", "{\"next\":{\"next\":{\"v\":\"1\"}}}",
	  "next.next.v: must be of type integer" },
	{ "{\"properties\":{\"lines\":{\"items\":{\"properties\":{\"count\":{\"minimum\":1}}}}}}",
	  "{\"lines\":[]}", "{\"lines\":[{},{\"count\":0}]}", "lines[1].count: must be at least" },
	{ "{\"$ref\":\"#/nowhere\",\"a\":1}", "", "1", "not there" },
	{ "{\"pattern\":\"^x\",\"format\":\"date\",\"title\":3}", "\"y\"", "", NULL },
};

TEST(schema_each_keyword)
{
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct err e = { 0 };
		int good = cases[i].good[0] ? run(cases[i].schema, cases[i].good, &e) : 0;
		if (good)
			t_fail(cases[i].schema, (int)i, e.msg);
		OK(good);
		if (!cases[i].bad[0])
			continue;
		EQ(run(cases[i].schema, cases[i].bad, &e), ERR_INVAL);
		HAS(sv_of(e.msg), cases[i].says);
	}
}

TEST(schema_without_end)
{
	struct err e = { 0 };
	EQ(run("{\"$ref\":\"#\"}", "1", &e), ERR_TOOBIG);
	EQ(run("{\"anyOf\":[{\"$ref\":\"#\"},{\"$ref\":\"#\"}],\"type\":\"string\"}", "\"x\"",
	       NULL),
	   ERR_INVAL);
	EQ(run("{\"$ref\":\"other.json\"}", "1", &e), ERR_INVAL);
	OK(run("{}", "1", NULL));
	EQ(run("{\"type\":\"string\"}", "1", NULL), ERR_INVAL);
}

/* Long names are cut in the message, never overrun. */
TEST(schema_message_is_bounded)
{
	struct err e = { 0 }, pe;
	struct sb b;
	sb_init(&b, LIM_SB);
	sb_cstr(&b, "{\"");
	for (int i = 0; i < 2000; i++)
		sb_cstr(&b, "\xe4\xbd\xa0");
	sb_cstr(&b, "\":1}");
	jv *v = jv_parse(sb_sv(&b), &pe),
	   *s = jv_parse(SV("{\"additionalProperties\":false}"), &pe);
	int rc = jv_schema_check(s, v, &e);
	jv_free(v);
	jv_free(s);
	sb_done(&b);
	EQ(rc, ERR_INVAL);
	CHECK(strlen(e.msg) < sizeof(e.msg));
	HAS(sv_of(e.msg), "is not known");
}
