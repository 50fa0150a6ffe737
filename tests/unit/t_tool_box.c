/* t_tool_box.c: declarations of tools: read, refused with the place, shown; texts that are
 * filled. */
#include <stdio.h>
#include "t_tool_world.h"

static int load(const char *yaml, char all[4000], struct tool_box **box)
{
	struct tool_file f = { "tools/x.yaml", sv_of(yaml) };
	struct cfg_report rep = { 0 };
	size_t at = 0;
	int rc = tool_box_new(box, &f, 1, &rep);
	all[0] = 0;
	for (size_t i = 0; i < rep.n && at < 3400; i++)
		at += (size_t)snprintf(all + at, 4000 - at, "%s: %s | %s\n", rep.v[i].where,
				       rep.v[i].what, rep.v[i].mend);
	cfg_report_done(&rep);
	return rc;
}

TEST(tool_box_reads_declarations)
{
	struct tool_box *b = NULL;
	char all[4000];
	OK(load(world_yaml, all, &b));
	STR_EQ(all, "");
	EQ(tool_box_count(b), 6);
	const struct tool_decl *d = tool_box_find(b, SV("purse_spend"));
	CHECK(d && tool_box_at(b, 1) == d && !tool_box_at(b, 6));
	STR_EQ(d->source, "purse");
	STR_EQ(d->op, "spend");
	EQ(d->level, TOOL_KNOWN);
	EQ(d->role, TOOL_CUSTOMER);
	CHECK(d->effect && d->confirm && d->timeout_ms == 5000);
	SV_EQ(d->title[0], "付款");
	CHECK(!jv_get_bool(d->schema, "additionalProperties", true));
	STR_EQ(tool_box_find(b, SV("purse_far"))->op, "purse_far");
	EQ(tool_box_find(b, SV("purse_close"))->role, TOOL_SUPERVISOR);
	CHECK(!tool_box_find(b, SV("purse")));
	struct sb out;
	sb_init(&out, LIM_SB);
	tool_box_json(b, &out);
	jv *v = jv_parse(sb_sv(&out), NULL);
	EQ(jv_len(jv_get(v, "items")), 6);
	SV_EQ(jv_as_str(jv_path(v, "items.1.title.en")), "Pay");
	SV_EQ(jv_as_str(jv_path(v, "items.0.level")), "known");
	jv_free(v);
	sb_done(&out);
	obj_unref(b);
}

TEST(tool_box_roles_by_name)
{
	static const char *const names[] = { "customer", "agent", "supervisor", "manager",
					     "system" };
	for (int i = TOOL_CUSTOMER; i <= TOOL_SYSTEM; i++) {
		char yaml[300];
		struct tool_box *b = NULL;
		struct cfg_report rep = { 0 };
		(void)snprintf(yaml, sizeof(yaml),
			       "tools:\n  - name: one\n    source: purse\n    role: %s\n"
			       "    title: {zh: 一, en: One}\n    about: {zh: 一, en: One}\n",
			       names[i]);
		struct tool_file f = { "x.yaml", sv_of(yaml) };
		OK(tool_box_new(&b, &f, 1, &rep));
		EQ(tool_box_find(b, SV("one"))->role, i);
		STR_EQ(tool_role_name((enum tool_role)i), names[i]);
		obj_unref(b);
		cfg_report_done(&rep);
	}
}

TEST(tool_box_refuses_with_place_and_mend)
{
	static const struct {
		const char *yaml, *says;
	} bad[] = {
		{ "tools: 3\n", "x.yaml:1:tools: no list of tools" },
		{ "tool: []\n", "unknown key \"tool\"" },
		{ "tools:\n  - name: Order\n    source: x\n    title: {zh: a, en: a}\n"
		  "    about: {zh: a, en: a}\n",
		  "x.yaml:2:tools[0].name: not a usable name" },
		{ "tools:\n  - name: a\n    source: x\n    title: {zh: a}\n    about: {zh: a, "
		  "en: a}\n",
		  "\"a\": no text in en" },
		{ "tools:\n  - name: a\n    source: x\n    title: {zh: a, en: a}\n"
		  "    about: {zh: a, en: a}\n    level: high\n",
		  "x.yaml:6:tools[0].level: \"a\": not a known word here | Use one of: "
		  "nobody" },
		{ "tools:\n  - name: a\n    source: x\n    title: {zh: a, en: a}\n"
		  "    about: {zh: a, en: a}\n    confirm: {zh: a, en: a}\n",
		  "changes nothing needs no confirmation" },
		{ "tools:\n  - name: a\n    source: x\n    title: {zh: a, en: a}\n"
		  "    about: {zh: a, en: a}\n    effect: true\n",
		  "\"a\": an effect must say how sure it has to be who the customer is | Name the "
		  "least level: known" },
		{ "tools:\n  - name: a\n    source: x\n    title: {zh: a, en: a}\n"
		  "    about: {zh: a, en: a}\n    undo: b\n",
		  "undo: no tool \"b\"" },
		{ "tools:\n  - name: a\n    source: x\n    title: {zh: a, en: a}\n"
		  "    about: {zh: a, en: a}\n    schema: {type: object, required: [k]}\n",
		  "\"k\" is required but not described" },
		{ "tools:\n  - name: a\n    source: x\n    title: {zh: a, en: a}\n"
		  "    about: {zh: a, en: a}\n    timeout_ms: 5\n",
		  "not a usable time" },
		{ "tools:\n  - name: a\n    source: x\n    title: {zh: a, en: a}\n"
		  "    about: {zh: a, en: a}\n  - name: a\n    source: x\n    title: {zh: a, "
		  "en: a}\n"
		  "    about: {zh: a, en: a}\n",
		  "tools[1].name: \"a\": two tools of this name" },
		{ "tools:\n  - [1\n", "x.yaml:" },
	};
	struct tool_box *b = NULL;
	char all[4000];
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		EQ(load(bad[i].yaml, all, &b), ERR_INVAL);
		HAS(sv_of(all), bad[i].says);
		CHECK(!b);
	}
}

/* One of eight files that are as long as may be edited. */
static void long_file(int from, struct sb *text)
{
	sb_cstr(text, "tools:\n");
	for (int i = from; i < from + TOOL_DECLS / 8; i++) {
		sb_fmt(text, "  - name: t%d\n    source: x\n    title: {zh: a, en: a}\n", i);
		sb_cstr(text, "    about:\n      zh: a\n      en: \"");
		for (int n = 0; n < 700; n++)
			sb_cstr(text, "long ");
		sb_cstr(text, "\"\n    say:\n");
		for (int n = 0; n < TOOL_SAYS; n++)
			sb_fmt(text, "      k%d: {zh: a, en: b}\n", n);
	}
}

/* They fit: a box that cannot be read is missed by every customer. */
TEST(tool_box_has_room_for_long_texts)
{
	struct tool_box *b = NULL;
	struct cfg_report rep = { 0 };
	struct tool_file f[8];
	struct sb text[8];
	for (int i = 0; i < 8; i++) {
		sb_init(&text[i], 1u << 20);
		long_file(i * (TOOL_DECLS / 8), &text[i]);
		f[i] = (struct tool_file){ "t.yaml", sb_sv(&text[i]) };
	}
	int rc = tool_box_new(&b, f, 8, &rep);
	for (size_t i = 0; i < rep.n; i++)
		printf("# %s: %s\n", rep.v[i].where, rep.v[i].what);
	cfg_report_done(&rep);
	for (int i = 0; i < 8; i++)
		sb_done(&text[i]);
	OK(rc);
	EQ(tool_box_count(b), TOOL_DECLS);
	const struct tool_decl *d = tool_box_find(b, SV("t255"));
	CHECK(d);
	EQ(d->about[1].n, 3500);
	SV_EQ(tool_text_of(tool_item_of(d), SV("k31"), 1), "b");
	obj_unref(b);
}

TEST(tool_text_fills_or_says_nothing)
{
	static const struct {
		const char *text, *want;     /* NULL: cannot be filled */
	} cases[] = {
		{ "{order.total} for {order.number}", "2899 for HH1" },
		{ "{cents}", "12.50" },
		{ "{names}", "a, b" },
		{ "{from_args} {title}", "7 Pay" },
		{ "{ok}", "yes" },
		{ "plain", "plain" },
		{ "{none}", NULL },
		{ "{order}", NULL },
		{ "{open", NULL },
		{ "{}", NULL },
		{ "{empty}", NULL },
	};
	jv *body = jv_parse(SV("{\"order\":{\"total\":2899.0,\"number\":\"HH1\"},\"cents\":12.5,"
			       "\"names\":[\"a\",\"b\"],\"ok\":true,\"empty\":[]}"),
			    NULL);
	jv *args = jv_parse(SV("{\"from_args\":7}"), NULL);
	struct sb out;
	sb_init(&out, LIM_SB);
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		sb_reset(&out);
		bool ok = tool_text_fill(sv_of(cases[i].text), body, args, SV("Pay"), 1, &out);
		EQ(ok, cases[i].want != NULL);
		if (ok)
			STR_EQ(sb_str(&out), cases[i].want);
	}
	sb_done(&out);
	jv_free(body);
	jv_free(args);
}

TEST(tool_texts_of_outcomes_are_there_in_both_languages)
{
	for (int o = 0; o < TOOL_OUTCOMES; o++)
		for (int l = 0; l < 2; l++)
			CHECK(tool_text_own((enum tool_outcome)o, true, l).n > 0);
	EQ(tool_text_own(TOOL_DONE, false, 0).n, 0);
	EQ(tool_lang(SV("zh-CN")), 0);
	EQ(tool_lang(SV("de")), 1);
}

TEST(tool_masked_hides_what_is_personal_or_unknown)
{
	jv *schema = jv_parse(
		SV("{\"type\":\"object\",\"properties\":{\"order\":{\"type\":\"string\"},"
		   "\"phone\":{\"type\":\"string\",\"personal\":true},\"items\":{\"items\":"
		   "{\"properties\":{\"sku\":{},\"name\":{\"personal\":true}}}}}}"),
		NULL);
	jv *args = jv_parse(SV("{\"order\":\"HH1\",\"phone\":\"13800138000\",\"x13800138000\":1,"
			       "\"items\":[{\"sku\":\"A\",\"name\":\"Li\"}]}"),
			    NULL);
	struct sb out;
	sb_init(&out, LIM_SB);
	jv *m = tool_masked(schema, args);
	jv_dump(m, &out);
	STR_EQ(sb_str(&out), "{\"order\":\"HH1\",\"phone\":\"***\",\"items\":[{\"sku\":\"A\","
			     "\"name\":\"***\"}]}");
	sb_done(&out);
	jv_free(m);
	jv_free(args);
	jv_free(schema);
}

TEST(tool_masked_finds_what_stands_in_free_text)
{
	jv *schema = jv_parse(SV("{\"properties\":{\"what\":{\"type\":\"string\"}}}"), NULL);
	jv *args = jv_obj();
	struct sb long_text;
	jv_set_str(args, "what", SV("call 13987654321 about HH2026-100101"));
	jv *m = tool_masked(schema, args);
	SV_EQ(jv_get_str(m, "what"), "call [phone] about HH2026-100101");
	jv_free(m);
	/* one that a cut would have made unknowable */
	sb_init(&long_text, LIM_SB);
	for (int i = 0; i < 39; i++)
		sb_cstr(&long_text, "word ");
	sb_cstr(&long_text, "13987654321 and so on");
	jv_set_str(args, "what", sb_sv(&long_text));
	m = tool_masked(schema, args);
	EQ(jv_get_str(m, "what").n, 200);
	EQ(sv_find(jv_get_str(m, "what"), SV("139")), -1);
	jv_free(m);
	sb_reset(&long_text);
	for (int i = 0; i < 2000; i++)
		sb_cstr(&long_text, "坏");
	jv_set_str(args, "what", sb_sv(&long_text));
	m = tool_masked(schema, args);
	EQ(jv_get_str(m, "what").n, 198);
	jv_free(m);
	sb_done(&long_text);
	jv_free(args);
	jv_free(schema);
}

struct files {
	struct tool_file v[TOOL_FILES];
	struct sb text[TOOL_FILES];
	size_t n;
};

static int add_file(void *arg, const char *path)
{
	struct files *f = arg;
	struct sb *b = &f->text[f->n];
	sb_init(b, LIM_CFG_BYTES);
	int rc = file_read(path, LIM_CFG_BYTES, b, NULL);
	f->v[f->n++] = (struct tool_file){ "demo/tools", sb_sv(b) };
	return rc;
}

TEST(tool_box_reads_the_demo)
{
	struct files f = { .n = 0 };
	struct cfg_report rep = { 0 };
	struct tool_box *b = NULL;
	char path[512];
	(void)snprintf(path, sizeof(path), "%s/demo/tools", t_srcdir());
	OK(file_walk(path, add_file, &f));
	int rc = tool_box_new(&b, f.v, f.n, &rep);
	for (size_t i = 0; i < rep.n; i++)
		printf("# %s: %s | %s\n", rep.v[i].where, rep.v[i].what, rep.v[i].mend);
	cfg_report_done(&rep);
	for (size_t i = 0; i < f.n; i++)
		sb_done(&f.text[i]);
	OK(rc);
	CHECK(tool_box_count(b) >= 10);
	for (size_t i = 0; i < tool_box_count(b); i++) {
		const struct tool_decl *d = tool_box_at(b, i);
		CHECK(d->title[0].n && d->title[1].n && d->about[0].n && d->about[1].n);
	}
	obj_unref(b);
}
