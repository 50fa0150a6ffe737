/* t_policy_read.c: reading strategy tables: what is wrong is told with its place and a way to
 * mend it, a company's rows lie over ours, and no text harms. */
#include "policy_table.h"
#include "t.h"

#include <stdio.h>

#define LAST "- {id: all, do: {style: plain}}\n"

static const struct { const char *yaml, *where, *what; } faults[] = {
	{ "rows:\n" LAST, "t.yaml:0:version", "no version" },
	{ "version: 2\nrows:\n" LAST, "t.yaml:1:version", "out of range" },
	{ "version: 1\nrows: []\n", "t.yaml:2:rows", "no row without conditions" },
	{ "version: 1\nrows: 7\n", "t.yaml:2:rows", "a list is expected" },
	{ "version: 1\nrules: []\nrows:\n" LAST, "t.yaml:2:rules", "unknown key" },
	{ "version: 1\nrows:\n- {id: a, when: {mod: angry}, do: {style: calm}}\n" LAST,
	  "t.yaml:3:rows[0].when.mod", "\"a\": unknown key" },
	{ "version: 1\nrows:\n- {id: a, when: {mood: []}, do: {style: calm}}\n" LAST,
	  "t.yaml:3:rows[0].when.mood", "an empty list" },
	{ "version: 1\nrows:\n- {id: a, when: {mood: furious}, do: {style: calm}}\n" LAST,
	  "t.yaml:3:rows[0].when.mood", "\"furious\" is not known" },
	{ "version: 1\nrows:\n- {id: a, when: {topic: fire}, do: {style: calm}}\n" LAST,
	  "t.yaml:3:rows[0].when.topic", "\"fire\" is not known" },
	{ "version: 1\nrows:\n- {id: a, when: {repeat: 1}, do: {style: calm}}\n" LAST,
	  "t.yaml:3:rows[0].when.repeat", "true or false" },
	{ "version: 1\nrows:\n- {id: a, when: {sustained: 0}, do: {style: calm}}\n" LAST,
	  "t.yaml:3:rows[0].when.sustained", "out of range" },
	{ "version: 1\nrows:\n- {id: a, when: {sustained: often}, do: {style: calm}}\n" LAST,
	  "t.yaml:3:rows[0].when.sustained", "a number is expected" },
	{ "version: 1\nrows:\n- {id: a, when: angry, do: {style: calm}}\n" LAST,
	  "t.yaml:3:rows[0].when", "conditions are expected" },
	{ "version: 1\nrows:\n- {id: a}\n" LAST, "t.yaml:0:rows[0].do", "nothing says" },
	{ "version: 1\nrows:\n- {id: a, do: {style: rude}}\n" LAST, "t.yaml:3:rows[0].do.style",
	  "not a known word" },
	{ "version: 1\nrows:\n- {id: a, do: {pace: 200}}\n" LAST, "t.yaml:3:rows[0].do.pace",
	  "out of range" },
	{ "version: 1\nrows:\n- {id: a, do: {offer: gift}}\n" LAST, "t.yaml:3:rows[0].do.offer",
	  "no such offer" },
	{ "version: 1\noffers:\n- {id: o, max: 5, text: {en: x, zh: y}}\nrows:\n"
	  "- {id: a, do: {offer: o, max: 6}}\n" LAST,
	  "t.yaml:5:rows[0].do.max", "out of range" },
	{ "version: 1\noffers:\n- {id: o, text: {en: x}}\nrows:\n" LAST, "t.yaml:3:offers[0].text",
	  "no text in zh" },
	{ "version: 1\ntopics:\n- {id: t}\nrows:\n" LAST, "t.yaml:0:topics[0].words",
	  "nothing tells" },
	{ "version: 1\ntopics:\n- {id: t, words: x, forbid: gift}\nrows:\n" LAST,
	  "t.yaml:3:topics[0].forbid", "no such offer" },
	{ "version: 1\nrows:\n- {id: \"A b\", do: {style: plain}}\n" LAST, "t.yaml:3:rows[0].id",
	  "no usable id" },
	{ "version: 1\nrows:\n- {id: all, do: {style: plain}}\n" LAST, "t.yaml:4:rows[1].id",
	  "two rows" },
	{ "version: 1\nexplore: 0.5\nrows:\n" LAST, "t.yaml:2:explore", "out of range" },
	{ "version: 1\nrows:\n- {id: a, do: {style: plain}, try: {share: 0.9, do: {style: warm}}}\n"
	  LAST, "t.yaml:3:rows[0].try.share", "out of range" },
	{ "just a text", "t.yaml:1", "keys and values" },
	{ "- a\n- b\n", "t.yaml:1", "keys and values" },
	{ "a: [", "t.yaml", "" },
	{ "", "t.yaml", "" },
};

TEST(policy_read_tells_what_is_wrong)
{
	int bad = 0;
	for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
		struct policy_table *t = NULL;
		struct cfg_report rep = { 0 };
		int rc = policy_table_new(&t, sv_of(faults[i].yaml), "t.yaml", NULL, &rep);
		bool told = false;
		for (size_t k = 0; k < rep.n; k++)
			told |= sv_starts(sv_of(rep.v[k].where), sv_of(faults[i].where)) &&
				sv_find(sv_of(rep.v[k].what), sv_of(faults[i].what)) >= 0 &&
				rep.v[k].mend[0];
		if (rc != ERR_INVAL || t || !told) {
			printf("# fault %zu (%s): rc %d\n", i, faults[i].what, rc);
			for (size_t k = 0; k < rep.n; k++)
				printf("#   %s: %s | %s\n", rep.v[k].where, rep.v[k].what,
				       rep.v[k].mend);
			bad++;
		}
		obj_unref(t);
		cfg_report_done(&rep);
	}
	EQ(bad, 0);
}

TEST(policy_read_tells_all_faults_at_once)
{
	struct policy_table *t = NULL;
	struct cfg_report rep = { 0 };
	EQ(policy_table_new(&t, SV("version: 1\nrows:\n- {id: a, when: {mood: x, intent: y}, "
				   "do: {pace: 1, style: z}}\n" LAST), "t.yaml", NULL, &rep),
	   ERR_INVAL);
	EQ(rep.n, 4);
	cfg_report_done(&rep);
}

TEST(policy_read_company_lies_over)
{
	static const char company[] =
		"{\"strategy\":{\"rows\":[{\"id\":\"everyone\",\"do\":{\"style\":\"warm\"}},"
		"{\"id\":\"ours\",\"priority\":99,\"when\":{\"intent\":\"invoice\"},"
		"\"do\":{\"style\":\"brief\"}}]}}";
	struct policy_table *plain = NULL, *t = NULL;
	struct cfg_report rep = { 0 };
	jv *over = jv_parse(sv_of(company), NULL);
	EQ(policy_table_new(&plain, SV_NULL, "strategy.yaml", NULL, &rep), 0);
	EQ(policy_table_new(&t, SV_NULL, "strategy.yaml", over, &rep), 0);
	jv_free(over);
	struct policy_case k = { .intent = "invoice" };
	struct policy_plan p;
	policy_plan(t, &k, &p);
	STR_EQ(policy_row_id(t, p.row), "ours");
	k.intent = "warranty";
	policy_plan(t, &k, &p);
	STR_EQ(policy_row_id(t, p.row), "everyone");
	EQ(p.act.style, TONE_WARM);
	EQ(policy_table_rows(t), policy_table_rows(plain) + 1);
	CHECK(policy_table_print(t) != policy_table_print(plain));
	obj_unref(t);
	obj_unref(plain);
	cfg_report_done(&rep);
}

TEST(policy_read_a_company_fault_is_told)
{
	struct policy_table *t = NULL;
	struct cfg_report rep = { 0 };
	jv *over =
		jv_parse(SV("{\"strategy\":{\"rows\":[{\"id\":\"x\",\"do\":{\"style\":1}}]}}"),
			 NULL);
	EQ(policy_table_new(&t, SV_NULL, "strategy.yaml", over, &rep), ERR_INVAL);
	CHECK(rep.n >= 1);
	jv_free(over);
	cfg_report_done(&rep);
}

/* Bytes of the program's own table changed, dropped and doubled: an error or a table, no crash. */
TEST(policy_read_damaged_tables)
{
	struct rng *g = t_rng();
	struct sb text, b;
	int made = 0;
	sb_init(&text, 1 << 20);
	sb_init(&b, 1 << 20);
	EQ(policy_table_text(&text), 0);
	for (int i = 0; i < 150; i++) {
		sb_reset(&b);
		size_t at = (size_t)rng_below(g, text.n);
		sv s = sb_sv(&text);
		sb_put(&b, sv_slice(s, 0, at));
		for (size_t n = rng_below(g, 4); n; n--)
			sb_ch(&b, (char)(1 + rng_below(g, 255)));
		size_t skip = at + (size_t)rng_below(g, 40);
		sb_put(&b, sv_slice(s, skip < s.n ? skip : s.n, s.n));
		struct policy_table *t = NULL;
		struct cfg_report rep = { 0 };
		int rc = policy_table_new(&t, sb_sv(&b), "t.yaml", NULL, &rep);
		made += rc == 0;
		CHECK(rc == 0 ? t != NULL && rep.n == 0 : t == NULL && rep.n > 0);
		obj_unref(t);
		cfg_report_done(&rep);
	}
	CHECK(made < 150);
	sb_done(&b);
	sb_done(&text);
}
