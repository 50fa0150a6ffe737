/* cmd_rules.c: `callm rules`: decision tables checked against their own shape, and one decision.
 *
 * check reads the files, tells every fault, tries every rule and boundary and prints the coverage;
 * decide reads the same and answers one set of facts. Without files the example company's tables
 * are meant. Main thread. */
#include "app_int.h"
#include "policy_rules.h"

#include <stdio.h>

extern const struct embed_file demo_files[];
extern const size_t demo_files_n;

struct texts {
	struct sb text[POLICY_RULE_TABLES];
	struct policy_rules_file file[POLICY_RULE_TABLES];
	size_t n;
};

static void texts_done(struct texts *t)
{
	for (size_t i = 0; i < t->n; i++)
		sb_done(&t->text[i]);
}

/* A row for a text; NULL: no room. */
static struct sb *more(struct texts *t, const char *name)
{
	if (t->n == POLICY_RULE_TABLES)
		return NULL;
	sb_init(&t->text[t->n], LIM_CFG_BYTES);
	t->file[t->n].name = name;
	return &t->text[t->n++];
}

static bool is_table(sv path)
{
	return sv_starts(path, SV("policies/")) && sv_ends(path, SV(".yaml")) &&
	       !sv_eq(path, SV("policies/strategy.yaml"));
}

static int take_demo(struct texts *t)
{
	for (size_t i = 0; i < demo_files_n; i++) {
		if (!is_table(sv_of(demo_files[i].path)))
			continue;
		struct sb *b = more(t, demo_files[i].path);
		if (!b || embed_text(&demo_files[i], b))
			return ERR_TOOBIG;
	}
	return 0;
}

static int take_files(struct texts *t, char **paths, int n)
{
	struct err e = { 0 };
	for (int i = 0; i < n; i++) {
		struct sb *b = more(t, paths[i]);
		if (!b)
			return cli_fail("more than %d tables", (int)POLICY_RULE_TABLES);
		if (file_read(paths[i], LIM_CFG_BYTES, b, &e))
			return cli_fail("%s", e.msg);
	}
	return 0;
}

/* NULL: every fault was told. */
static struct policy_rules *make(struct texts *t)
{
	struct policy_rules *r = NULL;
	struct cfg_report rep = { 0 };
	for (size_t i = 0; i < t->n; i++)
		t->file[i].yaml = sb_sv(&t->text[i]);
	if (policy_rules_new(&r, t->file, t->n, &rep))
		r = NULL;
	cli_tell(&rep);
	return r;
}

static void print_wrong(const jv *t)
{
	const jv *wrong = jv_get(t, "wrong"), *unhit = jv_get(t, "not_hit");
	struct sb b;
	sb_init(&b, LIM_SB);
	for (size_t i = 0; i < jv_len(wrong); i++) {
		sb_reset(&b);
		jv_dump(jv_get(jv_at(wrong, i), "facts"), &b);
		printf("    %s: \"" SV_FMT "\" instead of \"" SV_FMT "\"\n", sb_str(&b),
		       SV_ARG(jv_get_str(jv_at(wrong, i), "got")),
		       SV_ARG(jv_get_str(jv_at(wrong, i), "want")));
	}
	for (size_t i = 0; i < jv_len(unhit); i++)
		printf("    rule " SV_FMT " is not hit\n", SV_ARG(jv_as_str(jv_at(unhit, i))));
	sb_done(&b);
}

static int check(struct policy_rules *r, bool json)
{
	jv *out = NULL;
	bool ok = policy_rules_conform(r, SV_NULL, &out);
	int64_t rules = 0, hit = 0, cases = 0;
	for (size_t i = 0; i < jv_len(out); i++) {
		const jv *t = jv_at(out, i);
		rules += jv_get_int(t, "rules", 0);
		hit += jv_get_int(t, "hit", 0);
		cases += jv_get_int(t, "cases", 0);
		if (json)
			continue;
		printf("%-20.*s rules %3lld  hit %3lld  cases %4lld  wrong %zu\n",
		       SV_ARG(jv_get_str(t, "table")), (long long)jv_get_int(t, "rules", 0),
		       (long long)jv_get_int(t, "hit", 0), (long long)jv_get_int(t, "cases", 0),
		       jv_len(jv_get(t, "wrong")));
		print_wrong(t);
	}
	if (json)
		cli_print_json(jv_copy(out));
	else
		printf("%zu tables, %lld of %lld rules hit (%.0f %%), %lld cases: %s\n",
		       jv_len(out), (long long)hit, (long long)rules,
		       rules ? 100.0 * (double)hit / (double)rules : 0, (long long)cases,
		       ok ? "all as the tables say" : "see above");
	jv_free(out);
	return ok ? 0 : 1;
}

static int decide(struct policy_rules *r, const char *table, const char *text)
{
	struct err e = { 0 };
	jv *facts = jv_parse(sv_of(text), &e), *d = NULL;
	if (!jv_is_obj(facts)) {
		jv_free(facts);
		return cli_fail("the facts are a JSON object, such as '{\"days\": 3}'%s%s",
				e.msg[0] ? ": " : "", e.msg);
	}
	int rc = policy_decide(r, sv_of(table), facts, &d);
	jv_free(facts);
	if (rc == ERR_NOTFOUND) {
		(void)cli_fail("no table \"%s\"; there are:", table);
		for (size_t i = 0; i < policy_rules_count(r); i++)
			(void)fprintf(stderr, "  %s\n", policy_rules_id(r, i));
		return 1;
	}
	cli_print_json(d);
	return rc ? 1 : 0;
}

int cmd_rules(int argc, char **argv)
{
	bool json = false;
	int rest, status;
	const struct cli_opt opts[] = {
		{ "json", CLI_FLAG, &json, "check: one JSON list" },
	};
	if (!cli_parse(argc, argv, opts, sizeof(opts) / sizeof(*opts), &rest, &status))
		return status;
	const char *verb = rest < argc ? argv[rest++] : "";
	bool deciding = strcmp(verb, "decide") == 0;
	if (!deciding && strcmp(verb, "check") != 0)
		return cli_fail("rules what? check or decide; see callm rules --help"), 2;
	if (deciding && argc - rest < 2)
		return cli_fail("callm rules decide TABLE FACTS-JSON [FILE...]"), 2;
	const char *table = deciding ? argv[rest++] : NULL;
	const char *facts = deciding ? argv[rest++] : NULL;
	struct texts *t = xalloc(sizeof(*t));
	int rc = rest < argc ? take_files(t, argv + rest, argc - rest) : take_demo(t);
	struct policy_rules *r = rc ? NULL : make(t);
	if (r)
		rc = deciding ? decide(r, table, facts) : check(r, json);
	else
		rc = 1;
	obj_unref(r);
	texts_done(t);
	xfree(t);
	return rc;
}
