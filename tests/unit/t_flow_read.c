/* t_flow_read.c: flows from YAML: what is read, and every fault named with its place. */
#include "flow_int.h"
#include "t.h"

#include <stdio.h>

static bool tool_known(void *arg, sv name)
{
	(void)arg;
	return sv_eq(name, SV("order_status")) || sv_eq(name, SV("return_create"));
}

static int read_it(const char *yaml, struct flow_set **ret, struct cfg_report *rep)
{
	struct flow_file file = { "f.yaml", sv_of(yaml) };
	*ret = NULL;
	return flow_set_new(ret, &file, 1, tool_known, NULL, rep);
}

#define SMALL                                                                        \
	"id: status\n"                                                               \
	"title: {zh: 查订单, en: Order status}\n"                                    \
	"intents: [order_status]\n"                                                  \
	"slots:\n"                                                                   \
	"  order:\n"                                                                 \
	"    type: order_number\n"                                                   \
	"    ask: {zh: 订单号是多少？, en: What is the order number?}\n"             \
	"steps:\n"                                                                   \
	"  - collect: order\n"                                                       \
	"  - {call: order_status, args: {order: \"{order}\"}, as: o}\n"

static bool told(const struct cfg_report *rep, const char *where, const char *what)
{
	for (size_t i = 0; i < rep->n; i++)
		if (strstr(rep->v[i].where, where) && strstr(rep->v[i].what, what) &&
		    rep->v[i].mend[0])
			return true;
	for (size_t i = 0; i < rep->n; i++)
		fprintf(stderr,
			"# "
			"%s: %s (%s)"
			"\n",
			rep->v[i].where, rep->v[i].what, rep->v[i].mend);
	return false;
}

TEST(flow_reads_a_small_flow)
{
	struct cfg_report rep = { 0 };
	struct flow_set *s;
	EQ(read_it(SMALL, &s, &rep), 0);
	EQ(flow_set_count(s), 1);
	STR_EQ(flow_set_id(s, 0), "status");
	STR_EQ(flow_for(s, "order_status", SV("where is it")), "status");
	CHECK(!flow_for(s, "complaint", SV("where is it")));
	CHECK(!flow_for(s, "", SV("")));
	obj_unref(s);
	cfg_report_done(&rep);
}

TEST(flow_for_takes_words_before_the_intent_alone)
{
	struct cfg_report rep = { 0 };
	struct flow_set *s;
	struct flow_file f[2] = {
		{ "a.yaml", SV(SMALL) },
		{ "b.yaml",
		  SV("id: parcel\ntitle: {zh: 包裹, en: Parcel}\nintents: [order_status]\n"
		     "words: {zh: \"包裹|快递\", en: \"parcel|courier\"}\n"
		     "unless: {zh: \"怎么\", en: \"how do\"}\n"
		     "steps:\n  - say: {zh: 好, en: ok}\n") },
	};
	EQ(flow_set_new(&s, f, 2, tool_known, NULL, &rep), 0);
	STR_EQ(flow_for(s, "order_status", SV("Where is my PARCEL?")), "parcel");
	STR_EQ(flow_for(s, "order_status", SV("我的快递呢")), "parcel");
	STR_EQ(flow_for(s, "order_status", SV("where is my order")), "status");
	STR_EQ(flow_for(s, "order_status", SV("How do I find my parcel")), "status");
	STR_EQ(flow_for(s, "order_status", SV("parcels are nice")), "status");
	CHECK(!flow_for(s, "greeting", SV("a parcel")));
	obj_unref(s);
	cfg_report_done(&rep);
}

TEST(flow_about_something_serves_only_that)
{
	struct cfg_report rep = { 0 };
	struct flow_set *s;
	struct flow_file f[2] = {
		{ "a.yaml", SV(SMALL) },
		{ "b.yaml",
		  SV("id: when\ntitle: {zh: 何时, en: When}\nabout: order|product\n"
		     "intents: [order_status]\nwords: {zh: \"何时\", en: \"when\"}\n"
		     "steps:\n  - say: {zh: 好, en: ok}\n") },
	};
	EQ(flow_set_new(&s, f, 2, tool_known, NULL, &rep), 0);
	STR_EQ(flow_for(s, "order_status", SV("when is it")), "status");
	STR_EQ(flow_for_it(s, "order_status", SV("when is it"), NULL), "status");
	STR_EQ(flow_for_it(s, "order_status", SV("when is it"), "order"), "when");
	STR_EQ(flow_for_it(s, "order_status", SV("when is it"), "product"), "when");
	STR_EQ(flow_for_it(s, "order_status", SV("where is it"), "order"), "status");
	obj_unref(s);
	cfg_report_done(&rep);
}

/* One fault each: the text, the place, the words. */
static const struct {
	const char *yaml, *where, *what;
} faults[] = {
	{ "id: Bad-Id\ntitle: {zh: a, en: b}\nsteps: [{end: done}]\n", "f.yaml:1:id",
	  "no usable id" },
	{ "id: a\ntitle: {zh: a}\nsteps: [{end: done}]\n", "title", "zh and en" },
	{ "id: a\ntitle: {zh: a, en: b}\n", "steps", "no steps" },
	{ "id: a\ntitle: {zh: a, en: b}\nsteps:\n  - {goto: nowhere}\n", "steps[0].goto",
	  "no such step" },
	{ "id: a\ntitle: {zh: a, en: b}\nsteps:\n  - {call: fly}\n", "steps[0].call",
	  "no such tool" },
	{ "id: a\ntitle: {zh: a, en: b}\nsteps:\n  - {collect: x}\n", "steps[0].collect",
	  "no such slot" },
	{ "id: a\ntitle: {zh: a, en: b}\nsteps:\n  - {end: done}\n  - {end: done}\n",
	  "steps[1]", "no way leads" },
	{ "id: a\ntitle: {zh: a, en: b}\nsteps:\n  - {say: {zh: \"{o.x}\", en: \"{o.x}\"}}\n",
	  "steps[0].say", "nothing fills {o.x}" },
	{ "id: a\ntitle: {zh: a, en: b}\nslots:\n  x: {type: money, ask: {zh: a, en: b}}\n"
	  "steps: [{end: done}]\n",
	  "slots.x", "nothing asks for x" },
	{ "id: a\ntitle: {zh: a, en: b}\nslots:\n  x: {type: colour, ask: {zh: a, en: b}}\n"
	  "steps: [{collect: x}]\n",
	  "slots.x.type", "no such type" },
	{ "id: a\ntitle: {zh: a, en: b}\nslots:\n  x: {type: choice, ask: {zh: a, en: b}}\n"
	  "steps: [{collect: x}]\n",
	  "slots.x.choices", "choose from" },
	{ "id: a\ntitle: {zh: a, en: b}\nsteps:\n  - {if: [{when: \"a ==\", goto: next}]}\n",
	  "steps[0].if", "cannot be read" },
	{ "id: a\ntitle: {zh: a, en: b}\nsteps:\n  - {call: order_status, on: {gone: next}}\n",
	  "steps[0].on", "no such outcome" },
	{ "id: a\ntitle: {zh: a, en: b}\ncolour: red\nsteps: [{end: done}]\n", "colour",
	  "unknown key" },
	{ "id: a\ntitle: {zh: a, en: b}\nwithin: give_back\nsteps: [{end: done}]\n", "within",
	  "not a list" },
	{ "id: a\ntitle: {zh: a, en: b}\nabout: weather\nsteps: [{end: done}]\n", "about",
	  "not known" },
	{ "id: a\ntitle: {zh: a, en: b}\nsteps:\n  - {id: x, say: {zh: a, en: b}}\n"
	  "  - {id: x, end: done}\n",
	  "steps[1].id", "twice" },
	{ "id: a\ntitle: {zh: a, en: b}\nsteps:\n  - {say: {zh: a, en: b}, end: done}\n",
	  "steps[0]", "what does this step do" },
};

TEST(flow_names_each_fault)
{
	for (size_t i = 0; i < sizeof(faults) / sizeof(*faults); i++) {
		struct cfg_report rep = { 0 };
		struct flow_set *s;
		EQ(read_it(faults[i].yaml, &s, &rep), ERR_INVAL);
		bool ok = told(&rep, faults[i].where, faults[i].what);
		cfg_report_done(&rep);
		if (!ok)
			fprintf(stderr, "# " "fault %zu" "\n", i);
		CHECK(ok);
		CHECK(!s);
	}
}

TEST(flow_survives_any_text)
{
	static const char *const bad[] = { "",
					   "\t",
					   "[1, 2]",
					   "id: 3\nsteps: 4\n",
					   "flows: [1, a, {}]\n",
					   "id: {a: b}\nslots: [1]\nsteps: {a: 1}\n",
					   "\xff\xfe",
					   "steps:\n- - -\n",
					   "a: &x b\n" };
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		struct cfg_report rep = { 0 };
		struct flow_set *s;
		EQ(read_it(bad[i], &s, &rep), ERR_INVAL);
		CHECK(rep.n > 0);
		cfg_report_done(&rep);
	}
}

TEST(flow_words_beyond_what_is_looked_at_are_a_fault)
{
	struct sb b;
	sb_init(&b, 1u << 16);
	for (int n = 300; n <= 600; n += 300) {
		struct cfg_report rep = { 0 };
		struct flow_set *s = NULL;
		sb_reset(&b);
		sb_cstr(&b, "id: a\ntitle: {zh: 甲, en: A}\nwords: {zh: 退, en: \"back");
		for (int i = 0; i < n; i++)
			sb_fmt(&b, "|word%03d", i);
		sb_cstr(&b, "\"}\nsteps:\n  - {id: fin, end: done}\n");
		EQ(read_it(sb_str(&b), &s, &rep), n == 300 ? 0 : ERR_INVAL);
		CHECK((rep.n > 0) == (n > 300));
		obj_unref(s);
		cfg_report_done(&rep);
	}
	sb_done(&b);
}

TEST(flow_json_draws_all_ways)
{
	struct cfg_report rep = { 0 };
	struct flow_set *s;
	struct sb b;
	EQ(read_it("id: a\ntitle: {zh: 甲, en: A}\nslots:\n"
		   "  order: {type: order_number, ask: {zh: 单号, en: number}, fail: out, "
		   "lacks: {words: {zh: 没有, en: none}, goto: fin}}\nsteps:\n"
		   "  - {id: ask, collect: order}\n"
		   "  - {id: look, call: order_status, as: o, on: {not_found: ask}}\n"
		   "  - {id: by, if: [{when: \"o.n > 1\", goto: out}, {else: fin}]}\n"
		   "  - {id: fin, end: done}\n"
		   "  - {id: out, handoff: no number}\n",
		   &s, &rep),
	   0);
	sb_init(&b, 1u << 16);
	EQ(flow_json(s, SV("a"), &b), 0);
	jv *o = jv_parse(sb_sv(&b), NULL);
	EQ(jv_len(jv_get(o, "steps")), 5);
	SV_EQ(jv_as_str(jv_path(o, "steps.0.next.0.to")), "look");
	SV_EQ(jv_as_str(jv_path(o, "steps.0.next.1.to")), "out");
	SV_EQ(jv_as_str(jv_path(o, "steps.0.next.1.label")), "fail");
	SV_EQ(jv_as_str(jv_path(o, "steps.0.next.2.to")), "fin");
	SV_EQ(jv_as_str(jv_path(o, "steps.0.next.2.label")), "lacks");
	SV_EQ(flow_title(s, SV("a"), SV("zh")), "甲");
	SV_EQ(flow_title(s, SV("a"), SV("en")), "A");
	EQ(flow_title(s, SV("b"), SV("en")).n, 0);
	SV_EQ(jv_as_str(jv_path(o, "steps.1.next.0.to")), "ask");
	SV_EQ(jv_as_str(jv_path(o, "steps.1.next.0.label")), "not_found");
	SV_EQ(jv_as_str(jv_path(o, "steps.1.next.1.to")), "by");
	SV_EQ(jv_as_str(jv_path(o, "steps.2.next.0.label")), "o.n > 1");
	EQ(jv_len(jv_path(o, "steps.2.next")), 2);
	EQ(jv_len(jv_path(o, "steps.4.next")), 0);
	SV_EQ(jv_as_str(jv_path(o, "slots.0.type")), "order_number");
	EQ(flow_json(s, SV("b"), &b), ERR_NOTFOUND);
	jv_free(o);
	sb_done(&b);
	obj_unref(s);
	cfg_report_done(&rep);
}
