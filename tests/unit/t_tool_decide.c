/* t_tool_decide.c: a source asks the company's tables: allowed, refused with the table's words, a
 * fact that is missing or wrong, no table, and tables that change while it runs. */
#include <stdio.h>
#include "policy_rules.h"
#include "t_tool_world.h"

static const char judge_yaml[] =
	"tools:\n"
	"  - name: lend\n"
	"    source: judge\n"
	"    title: {zh: 借, en: Lend}\n"
	"    about: {zh: 借, en: Lend}\n"
	"    effect: true\n"
	"    level: nobody\n"
	"    schema: {type: object, properties: {days: {type: integer}, word: {type: string},\n"
	"      table: {type: string}}}\n"
	"    say: {done: {zh: \"好，收{fee}分。\", en: \"Yes, {fee} cents.\"}}\n";

static const char table_yaml[] =
	"id: lend\n"
	"title: {zh: 借, en: Lend}\n"
	"hit: first\n"
	"inputs:\n"
	"  - {name: days, type: int, min: 0, max: 1000, title: {zh: 天, en: days}}\n"
	"outputs:\n"
	"  - {name: allowed, type: bool, title: {zh: 可以, en: may}}\n"
	"  - {name: fee, type: int, default: 0, title: {zh: 费, en: fee}}\n"
	"rules:\n"
	"  - id: short\n"
	"    when: {days: \"<= %d\"}\n"
	"    then: {allowed: true, fee: 7}\n"
	"    why: {zh: 可以。, en: It may.}\n"
	"  - id: long\n"
	"    then: {allowed: false}\n"
	"    why: {zh: \"{days}天太长了。\", en: \"{days} days are too long.\"}\n";

static int judge(void *arg, struct tool_run *r, struct store_db *db)
{
	jv *facts = jv_obj(), *d = NULL;
	if (jv_get(r->args, "days"))
		jv_set_int(facts, "days", jv_get_int(r->args, "days", 0));
	if (jv_get(r->args, "word"))
		jv_set_str(facts, "days", jv_get_str(r->args, "word"));
	sv table = jv_get_str(r->args, "table");
	int rc = tool_decide(r, table.n ? arena_cstr(r->arena, table) : "lend", facts, &d);
	if (rc)
		return rc;
	jv_set_int(r->body, "fee", jv_get_int(d, "fee", -1));
	jv_free(d);
	return kv_put(db, "lent", kv_get(db, "lent") + 1);
}

static const struct tool_ops judge_ops = { .name = "judge", .write = judge };

static struct policy_rules *rules_of(int days)
{
	char text[2000];
	struct cfg_report rep = { 0 };
	struct policy_rules *r = NULL;
	size_t n = 0;
	for (const char *p = table_yaml; *p && n < sizeof(text) - 8; p++) {
		if (p[0] == '%' && p[1] == 'd') {
			n += (size_t)snprintf(text + n, 8, "%d", days);
			p++;
		} else {
			text[n++] = *p;
		}
	}
	struct policy_rules_file f = { "policies/lend.yaml", sv_n(text, n) };
	(void)policy_rules_new(&r, &f, 1, &rep);
	for (size_t i = 0; i < rep.n; i++)
		printf("# %s: %s\n", rep.v[i].where, rep.v[i].what);
	cfg_report_done(&rep);
	return r;
}

static bool judge_open(struct world *w, int days)
{
	struct tool_file f = { "tools/judge.yaml", sv_of(judge_yaml) };
	struct cfg_report rep = { 0 };
	struct tool_box *box = NULL;
	struct policy_rules *r = days ? rules_of(days) : NULL;
	if (!world_open(w, "") || tool_box_new(&box, &f, 1, &rep) || (days && !r) ||
	    tool_source_add(w->kit, &judge_ops, w))
		return false;
	tool_kit_box(w->kit, box);
	tool_kit_rules(w->kit, r);
	obj_unref(box);
	obj_unref(r);
	return true;
}

static int lend(struct world *w, const char *args, const char *lang)
{
	struct tool_req r = world_req("lend", args);
	r.who.lang = sv_of(lang);
	return world_call(w, &r);
}

TEST(tool_decide_follows_the_table)
{
	struct world w;
	CHECK(judge_open(&w, 30));
	EQ(lend(&w, "{\"days\":30}", "zh"), TOOL_DONE);
	SV_EQ(w.r->say, "好，收7分。");
	EQ(lend(&w, "{\"days\":31}", "en"), TOOL_REFUSED);
	SV_EQ(w.r->say, "31 days are too long.");
	SV_EQ(w.r->why, "table lend, rule long");
	SV_EQ(jv_as_str(jv_path(w.r->body, "rule.rule")), "long");
	EQ(lend(&w, "{\"days\":31}", "zh"), TOOL_REFUSED);
	SV_EQ(w.r->say, "31天太长了。");
	EQ(world_kv(&w, "lent"), 1);         /* a refusal takes back what was written */
	EQ(world_sql(&w, "SELECT COUNT(*) FROM event WHERE kind = 'tool.refused' AND body LIKE "
			 "'%\"rule\":\"long\"%'"),
	   2);
	struct policy_rules *more = rules_of(60);
	tool_kit_rules(w.kit, more);
	obj_unref(more);
	EQ(lend(&w, "{\"days\":31}", "en"), TOOL_DONE);
	world_close(&w);
}

TEST(tool_decide_on_what_is_not_known_is_no)
{
	struct world w;
	CHECK(judge_open(&w, 30));
	EQ(lend(&w, "{}", "en"), TOOL_INVALID);      /* not a no: it asks for what is missing */
	SV_EQ(w.r->why, "table lend cannot decide without: days");
	SV_EQ(w.r->say, "To decide this, I still need to know: days.");
	SV_EQ(jv_as_str(jv_path(w.r->body, "missing.0")), "days");
	EQ(lend(&w, "{}", "zh"), TOOL_INVALID);
	SV_EQ(w.r->say, "还需要知道：天。");
	EQ(lend(&w, "{\"word\":\"many\"}", "en"), TOOL_FAILED);
	EQ(lend(&w, "{\"days\":3,\"table\":\"none\"}", "en"), TOOL_FAILED);
	world_close(&w);
	CHECK(judge_open(&w, 0));            /* no tables at all: nothing is allowed by that */
	EQ(lend(&w, "{\"days\":3}", "en"), TOOL_FAILED);
	EQ(world_kv(&w, "lent"), 0);
	world_close(&w);
}
