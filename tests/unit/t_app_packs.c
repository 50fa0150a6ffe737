/* t_app_packs.c: each pack is a whole company: its tools, decision tables and flows fit each
 * other, its articles are there in zh and en, its keypad leads to articles. */
#include "acd_core.h"
#include "app_int.h"
#include "desk.h"
#include "flow.h"
#include "policy_rules.h"
#include "t.h"
#include "tool.h"

#include <stdio.h>

extern const struct embed_file packs_files[];
extern const size_t packs_files_n;

static const char *const packs[] = { "telecom", "bank", "public" };
#define N (sizeof(packs) / sizeof(packs[0]))
#define FILES 24

/* tool_file, flow_file and policy_rules_file begin with the same two members. */
struct texts {
	struct sb text[FILES];
	struct tool_file v[FILES];
	size_t n;
};

static void texts_done(struct texts *t)
{
	for (size_t i = 0; i < t->n; i++)
		sb_done(&t->text[i]);
}

static void take(struct texts *t, const char *pack, const char *folder)
{
	char begin[80];
	*t = (struct texts){ 0 };
	(void)snprintf(begin, sizeof(begin), "%s/%s/", pack, folder);
	for (size_t i = 0; i < packs_files_n && t->n < FILES; i++) {
		if (!sv_starts(sv_of(packs_files[i].path), sv_of(begin)))
			continue;
		sb_init(&t->text[t->n], LIM_CFG_BYTES);
		ASSERT(embed_text(&packs_files[i], &t->text[t->n]) == 0);
		t->v[t->n] = (struct tool_file){ packs_files[i].path, sb_sv(&t->text[t->n]) };
		t->n++;
	}
}

static bool told(struct cfg_report *rep, int rc)
{
	for (size_t i = 0; i < rep->n; i++)
		printf("# %s: %s (%s)\n", rep->v[i].where, rep->v[i].what, rep->v[i].mend);
	cfg_report_done(rep);
	return rc == 0;
}

static bool known(void *arg, sv name)
{
	return tool_box_find(arg, name) != NULL;
}

static bool flows_fit(const char *pack, struct tool_box *box)
{
	struct texts t;
	struct cfg_report rep = { 0 };
	struct flow_set *s = NULL;
	struct flow_file f[FILES];
	take(&t, pack, "flows");
	for (size_t i = 0; i < t.n; i++)
		f[i] = (struct flow_file){ t.v[i].name, t.v[i].yaml };
	bool ok = told(&rep, flow_set_new(&s, f, t.n, known, box, &rep)) &&
		  flow_set_count(s) >= 2;
	obj_unref(s);
	texts_done(&t);
	return ok;
}

static bool rules_fit(const char *pack)
{
	struct texts t;
	struct cfg_report rep = { 0 };
	struct policy_rules *r = NULL;
	struct policy_rules_file f[FILES];
	jv *out = NULL;
	take(&t, pack, "policies");
	for (size_t i = 0; i < t.n; i++)
		f[i] = (struct policy_rules_file){ .name = t.v[i].name, .yaml = t.v[i].yaml };
	bool ok = told(&rep, policy_rules_new(&r, f, t.n, &rep)) &&
		  policy_rules_conform(r, SV_NULL, &out) && policy_rules_count(r) >= 4;
	jv_free(out);
	obj_unref(r);
	texts_done(&t);
	return ok;
}

TEST(packs_tools_rules_and_flows_fit)
{
	for (size_t i = 0; i < N; i++) {
		struct texts t;
		struct cfg_report rep = { 0 };
		struct tool_box *box = NULL;
		take(&t, packs[i], "tools");
		bool ok = told(&rep, tool_box_new(&box, t.v, t.n, &rep)) &&
			  flows_fit(packs[i], box) && rules_fit(packs[i]);
		obj_unref(box);
		texts_done(&t);
		CHECK(ok);
	}
}

static const struct embed_file *file_of(const char *pack, const char *rest)
{
	char path[400];
	(void)snprintf(path, sizeof(path), "%s/%s", pack, rest);
	return embed_find(packs_files, packs_files_n, sv_of(path));
}

/* Articles of one language whose other language is missing; *n: all of it. */
static size_t alone(const char *pack, bool en, size_t *n)
{
	char begin[80], other[200];
	size_t missing = 0;
	*n = 0;
	(void)snprintf(begin, sizeof(begin), "%s/kb/%s/", pack, en ? "en" : "zh");
	for (size_t i = 0; i < packs_files_n; i++) {
		const char *path = packs_files[i].path;
		if (!sv_starts(sv_of(path), sv_of(begin)))
			continue;
		(void)snprintf(other, sizeof(other), "kb/%s/%s", en ? "zh" : "en",
			       path + strlen(begin));
		++*n;
		missing += !file_of(pack, other);
	}
	return missing;
}

TEST(packs_articles_are_in_both_languages)
{
	for (size_t i = 0; i < N; i++) {
		size_t zh, en;
		EQ(alone(packs[i], false, &zh) + alone(packs[i], true, &en), 0);
		EQ(zh, en);
		CHECK(zh >= 10);
	}
}

static const struct cal *cal_in(void *arg, sv name)
{
	return desk_cal(arg, name);
}

static void offers(void *arg, const struct acd_out *o)
{
	*(int *)arg += o->kind == ACD_OFFER;
}

/* Somebody whom the plan does not name is free and a caller comes to that queue: offers. */
static int offered(struct acd_plan *p, int queue, int64_t now)
{
	struct acd_core *c = NULL;
	struct acd_person x = *acd_plan_default(p);
	struct acd_item item = { .id = SV("i"), .queue = sv_of(acd_plan_queue(p, queue)->id),
				 .language = SV("zh"), .media = ACD_VOICE };
	int n = 0;
	x.login = x.name = "new";
	if (acd_core_new(&c, p, 1, now, offers, &n) || acd_core_person(c, &x, now) ||
	    acd_core_presence(c, SV("new"), ACD_READY, SV(""), false, now) ||
	    acd_core_enter(c, &item, now))
		n = -1;
	acd_core_free(c);
	return n;
}

static struct desk *rules_of(const char *pack)
{
	struct sb b;
	struct desk *d = NULL;
	sb_init(&b, LIM_CFG_BYTES);
	if (embed_text(file_of(pack, "calendars.yaml"), &b) == 0)
		(void)desk_new(&d, sb_sv(&b), pack, NULL, NULL);
	sb_done(&b);
	return d;
}

/* A company elsewhere is not told Shanghai's hours. */
TEST(packs_calendars_are_of_the_companys_zone)
{
	struct desk *d = NULL;
	struct sb b;
	const struct desk_home home = { .zone = SV_NULL }, berlin = { .zone = SV("Europe/Berlin") };
	sb_init(&b, LIM_CFG_BYTES);
	OK(embed_text(file_of("own", "calendars.yaml"), &b));
	const struct {
		const struct desk_home *home;
		const char *zone;
	} rows[] = { { NULL, "Asia/Shanghai" }, { &home, "Asia/Shanghai" },
		     { &berlin, "Europe/Berlin" } };
	for (size_t i = 0; i < 3; i++) {
		OK(desk_new(&d, sb_sv(&b), "calendars.yaml", rows[i].home, NULL));
		STR_EQ(cal_zone_name(cal_zone_of(desk_cal(d, SV("service")))), rows[i].zone);
		STR_EQ(cal_zone_name(cal_zone_of(desk_cal(d, SV_NULL))), rows[i].zone);
		obj_unref(d);
	}
	const struct desk_home mars = { .zone = SV("Mars/Olympus") };
	EQ(desk_new(&d, sb_sv(&b), "calendars.yaml", &mars, NULL), ERR_INVAL);
	sb_reset(&b);
	OK(embed_text(file_of("telecom", "calendars.yaml"), &b));
	OK(desk_new(&d, sb_sv(&b), "calendars.yaml", &berlin, NULL));
	STR_EQ(cal_zone_name(cal_zone_of(desk_cal(d, SV_NULL))), "Asia/Shanghai");     /* its own */
	obj_unref(d);
	sb_done(&b);
}

/* Nobody waits beside an agent who is free, on a Monday at ten. */
TEST(packs_queues_are_served_by_whoever_signs_in)
{
	int64_t now;
	OK(clk_parse_rfc3339(SV("2026-03-02T10:00:00+08:00"), &now));
	for (size_t i = 0; i < N; i++) {
		struct cfg_report rep = { 0 };
		struct acd_plan *p = NULL;
		struct desk *d = rules_of(packs[i]);
		struct sb b;
		CHECK(d);
		sb_init(&b, LIM_CFG_BYTES);
		OK(embed_text(file_of(packs[i], "queues.yaml"), &b));
		CHECK(told(&rep, acd_plan_new(&p, sb_sv(&b), packs[i],
					      &(struct acd_cals){ cal_in, d }, &rep)));
		for (int q = 0; q < acd_plan_queues(p); q++)
			EQ(offered(p, q, now), 1);
		obj_unref(p);
		obj_unref(d);
		sb_done(&b);
	}
}

TEST(packs_company_files_are_whole)
{
	for (size_t i = 0; i < N; i++) {
		struct cfg_report rep = { 0 };
		struct sb b;
		char article[120];
		const struct embed_file *f = file_of(packs[i], "company.yaml");
		CHECK(f);
		sb_init(&b, LIM_CFG_BYTES);
		OK(embed_text(f, &b));
		jv *o = cfg_parse(sb_sv(&b), packs[i], &rep);
		CHECK(told(&rep, o ? 0 : ERR_PARSE));
		CHECK(jv_as_str(jv_path(o, "name.zh")).n && jv_as_str(jv_path(o, "name.en")).n);
		const jv *keys = jv_path(o, "keypad.keys");
		CHECK(jv_len(keys) >= 4);
		for (size_t k = 0; k < jv_len(keys); k++) {
			(void)snprintf(article, sizeof(article), "kb/zh/%.*s.md",
				       SV_ARG(jv_get_str(jv_at(keys, k), "article")));
			CHECK(file_of(packs[i], article));
		}
		jv_free(o);
		sb_done(&b);
		CHECK(file_of(packs[i], "calendars.yaml"));
	}
}
