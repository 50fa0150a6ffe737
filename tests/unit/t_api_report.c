/* Reports over HTTP: the metrics, a report in its three forms, the interactions behind a
 * number, saved ones with their versions. Who may what: t_api_access. */
#include "t_api_world.h"
#include "guard_access.h"
#include "t_insight_help.h"

struct rw {
	struct aw w;
	struct iw i;                 /* the same store */
};

static int sheet(const struct ins_table *t, bool zh, struct sb *out)
{
	sb_fmt(out, "PK %zu rows %s", ins_table_rows(t), zh ? "zh" : "en");
	return 0;
}

/* access: the company's own roles, or NULL. */
static bool up_with(struct rw *x, struct guard_access *access)
{
	*x = (struct rw){ .i = { .now = IW_BEGIN } };
	x->w.o.access = access;
	x->w.o.agent_hour = 60;
	x->w.o.sheet = sheet;
	if (!aw_up(&x->w))
		return false;
	rng_seed(&x->i.rng, 9);
	x->i.st = x->w.store;
	return store_reader(x->i.st, &x->i.db) == 0 && iw_week(&x->i, 60) == 0 &&
	       iw_fold(&x->i) == 0;
}

static bool up(struct rw *x)
{
	return up_with(x, NULL);
}

static int call(struct rw *x, const char *line, const char *who, const char *body, struct resp *r)
{
	char token[API_TOKEN_MAX], path[300];
	if (!api_token_make(x->w.api, "user", sv_of(who), clk_wall_ms() + 60000, token,
			    sizeof(token)))
		return -1;
	sv verb, rest = sv_of(line);
	(void)sv_cut(&rest, ' ', &verb);
	(void)snprintf(path, sizeof(path), SV_FMT " /api/v1/reports" SV_FMT, SV_ARG(verb),
		       SV_ARG(rest));
	return http(&x->w, path, token, body, r);
}

#define RANGE "\"from\":\"2026-10-25\",\"to\":\"2026-12-01\""
#define ASK \
	"{\"metrics\":[\"interactions\",\"aht\",\"total_cost\"],\"rows\":[\"channel\"]," RANGE \
	"}"

TEST(api_report_runs_in_three_forms)
{
	struct rw x;
	struct resp r = { 0 };
	CHECK(up(&x));
	EQ(call(&x, "POST /run", "supervisor:lin", ASK, &r), 200);
	EQ(jv_len(jv_get(r.json, "rows")), 3);
	EQ(jv_as_int(jv_at(jv_get(r.json, "total"), 0), 0), 60);
	CHECK(jv_as_num(jv_at(jv_get(r.json, "total"), 2), 0) > 0);
	SV_EQ(jv_get_str(r.json, "zone"), "UTC");
	EQ(call(&x, "POST /run?format=csv&lang=zh", "supervisor:lin", ASK, &r), 200);
	HAS(sb_sv(&r.body), "\"渠道\",\"互动数\",\"平均处理时长 (ms)\",\"总费用\"\r\n");
	HAS(sb_sv(&r.head), "text/csv");
	HAS(sb_sv(&r.head), "filename=\"report.csv\"");
	EQ(call(&x, "POST /run?format=xlsx", "supervisor:lin", ASK, &r), 200);
	SV_EQ(sb_sv(&r.body), "PK 3 rows en");
	EQ(call(&x, "POST /run?format=pdf", "supervisor:lin", ASK, &r), 400);
	EQ(call(&x, "POST /run", "supervisor:lin",
		"{\"metrics\":[\"aht\"],\"zone\":\"Nowhere\"}", &r),
	   400);
	HAS(jv_get_str(r.json, "detail"), "zone");
	EQ(call(&x, "POST /run", "supervisor:lin", "not json", &r), 400);
	EQ(call(&x, "GET /metrics", "viewer:v", NULL, &r), 200);
	EQ(jv_len(jv_get(r.json, "items")), INS_METRICS);
	resp_done(&r);
	aw_down(&x.w);
}

/* Masks are for customers' data: who sees little of that sees the same figures. */
TEST(api_report_figures_are_not_masked)
{
	static const char ask[] = "{\"metrics\":[\"paused\",\"talk_time\",\"aht\"],"
				  "\"rows\":[\"agent\"]," RANGE "}";
	static const char *const lines[] = { "POST /run", "POST /run?format=csv",
					     "POST /run?format=xlsx" };
	static const char *const who[] = { "quality:q", "viewer:v" };
	struct rw x;
	struct resp all = { 0 }, part = { 0 };
	CHECK(up(&x));
	iw_row(&x.i, false, "agent.state",
	       "{\"agent\":\"zhang.wei@shop.example\",\"from\":\"ready\",\"to\":\"paused\","
	       "\"ms\":50600}");
	OK(iw_fold(&x.i));
	for (int i = 0; i < 3; i++) {
		EQ(call(&x, lines[i], "supervisor:lin", ask, &all), 200);
		for (int k = 0; k < 2; k++) {
			EQ(call(&x, lines[i], who[k], ask, &part), 200);
			CHECK(sv_eq(sb_sv(&part.body), sb_sv(&all.body)));
		}
	}
	resp_done(&all);
	resp_done(&part);
	aw_down(&x.w);
}

TEST(api_report_interactions_behind_a_number)
{
	struct rw x;
	struct resp r = { 0 };
	CHECK(up(&x));
	EQ(call(&x, "POST /interactions", "quality:q", ASK, &r), 200);
	EQ(jv_len(jv_get(r.json, "items")), 60);
	CHECK(jv_is_null(jv_get(r.json, "next")));
	EQ(call(&x, "POST /interactions", "quality:q",
		"{\"metrics\":[\"aht\"],\"cursor\":\"x\"}", &r),
	   400);
	/* a viewer sees figures, no conversations */
	EQ(call(&x, "POST /interactions", "viewer:v", ASK, &r), 403);
	resp_done(&r);
	aw_down(&x.w);
}

/* Who reads their own conversations only gets none of the others by way of a number. */
TEST(api_report_interactions_for_who_reads_all)
{
	static const char roles[] =
		"roles:\n"
		"  - id: admin\n    title: {zh: 一, en: one}\n    may: [\"*\"]\n"
		"  - id: planner\n    title: {zh: 排, en: Planner}\n    scope: own\n"
		"    may: [report.read, conversation.read]\n"
		"  - id: lead\n    title: {zh: 长, en: Lead}\n"
		"    may: [report.read, conversation.read, conversation.read_all]\n";
	struct rw x;
	struct resp r = { 0 };
	struct cfg_report rep = { 0 };
	struct guard_access *access = NULL;
	OK(guard_access_new(&access, sv_of(roles), "roles.yaml", &rep));
	CHECK(up_with(&x, access));
	EQ(call(&x, "POST /run", "planner:p", ASK, &r), 200);
	EQ(call(&x, "POST /interactions", "planner:p", ASK, &r), 403);
	EQ(http(&x.w, "GET /api/v1/topics", aw_token(&x.w, "planner"), NULL, &r), 403);
	EQ(call(&x, "POST /interactions", "lead:l", ASK, &r), 200);
	EQ(http(&x.w, "GET /api/v1/topics", aw_token(&x.w, "lead"), NULL, &r), 200);
	resp_done(&r);
	aw_down(&x.w);
	obj_unref(access);
	cfg_report_done(&rep);
}

TEST(api_report_saved_with_versions)
{
	struct rw x;
	struct resp r = { 0 };
	char id[40], line[100];
	CHECK(up(&x));
	EQ(call(&x, "POST ", "supervisor:lin", "{\"name\":\"Channels\",\"body\":" ASK "}", &r),
	   201);
	(void)snprintf(id, sizeof(id), SV_FMT, SV_ARG(jv_get_str(r.json, "id")));
	HAS(sb_sv(&r.head), "\"1\"");
	(void)snprintf(line, sizeof(line), "GET /%s", id);
	EQ(call(&x, line, "supervisor:lin", NULL, &r), 200);
	SV_EQ(jv_get_str(r.json, "owner"), "lin");
	EQ(call(&x, line, "quality:qin", NULL, &r), 404);
	(void)snprintf(line, sizeof(line), "PUT /%s", id);
	EQ(call(&x, line, "quality:qin", "{\"name\":\"Mine now\",\"body\":" ASK "}", &r), 404);
	EQ(call(&x, line, "supervisor:lin",
		"{\"name\":\"All\",\"shared\":true,\"body\":" ASK "}", &r),
	   200);
	EQ(jv_get_int(r.json, "version", 0), 2);
	EQ(call(&x, line, "supervisor:lin", "{\"name\":\"\",\"body\":" ASK "}", &r), 400);
	/* an administrator changes what another keeps for themselves, and sees it */
	EQ(call(&x, line, "admin:root", "{\"name\":\"His\",\"shared\":false,\"body\":" ASK "}",
		&r),
	   200);
	SV_EQ(jv_get_str(r.json, "owner"), "lin");
	EQ(call(&x, line, "supervisor:lin",
		"{\"name\":\"All\",\"shared\":true,\"body\":" ASK "}", &r),
	   200);
	EQ(call(&x, "GET ", "quality:qin", NULL, &r), 200);
	EQ(jv_len(jv_get(r.json, "items")), 1);
	(void)snprintf(line, sizeof(line), "DELETE /%s", id);
	EQ(call(&x, line, "quality:qin", NULL, &r), 404);
	EQ(call(&x, line, "supervisor:lin", NULL, &r), 204);
	EQ(call(&x, line, "supervisor:lin", NULL, &r), 404);
	resp_done(&r);
	aw_down(&x.w);
}
