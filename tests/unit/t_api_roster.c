/* Rosters over HTTP: plans and their versions, what is refused and how it says so, who sees what, a
 * proposal by skills, the running day, adherence. */
#include "guard_access.h"
#include "ins_fact.h"
#include "t_api_world.h"

#define NOON INT64_C(1781524800000)          /* Monday, 15 June 2026, 12:00 UTC */
#define DAY "/api/v1/rosters/2026-06-15"

static const char queues[] =
	"skills:\n"
	"  - {id: repair, title: {zh: 维修, en: Repair}}\n"
	"queues:\n"
	"  - {id: general, title: {zh: 综合, en: General}}\n"
	"  - {id: faults, title: {zh: 故障, en: Faults}, needs: [{skill: repair, level: 5}]}\n"
	"agents:\n"
	"  people:\n"
	"    - {login: mei, name: Mei, skills: {repair: 8}, queues: [general, faults]}\n"
	"    - {login: tom, name: Tom, skills: {repair: 2}, queues: [general, faults]}\n"
	"    - {login: xia, name: Xia, queues: [general]}\n"
	"    - {login: gone, name: Gone, skills: {repair: 9}, queues: [faults]}\n";

static int add_users(void *arg, struct store_db *db)
{
	return *(int *)arg =
		       store_exec(db, "INSERT INTO users (login, role, password_hash, disabled, "
				      "created_ms, updated_ms) VALUES ('mei','agent','',0,1,1), "
				      "('tom','agent','',0,1,1), ('xia','agent','',0,1,1), "
				      "('gone','agent','',1,1,1)");
}

static bool up(struct aw *w)
{
	int rc = 0;
	clk_pin_wall(NOON);
	w->queues = queues;
	return aw_up(w) && store_write(w->store, add_users, &rc, NULL, NULL) == 0 &&
	       store_flush(w->store) == 0 && rc == 0;
}

static void down(struct aw *w)
{
	aw_down(w);
	clk_pin_wall(0);
}

#define MEI "{\"shifts\":[{\"agent\":\"mei\",\"from_min\":540,\"to_min\":1020,\"pauses\":" \
	    "[{\"from_min\":720,\"to_min\":750}]}]}"

TEST(api_roster_plans_and_publishes)
{
	struct aw w = { 0 };
	struct resp r = { 0 };
	CHECK(up(&w));
	const char *lin = aw_token_of(&w, "supervisor", "lin");
	const char *mei = aw_token_of(&w, "agent", "mei"), *tom = aw_token_of(&w, "agent", "tom");
	EQ(http(&w, "POST " DAY "/publish", lin, NULL, &r), 404);
	CHECK(is_problem(&r));
	EQ(http_with(&w, "PUT " DAY, lin, "If-Match: \"0\"\r\n", MEI, &r), 200);
	HAS(sb_sv(&r.head), "ETag: \"1\"");
	SV_EQ(jv_get_str(r.json, "state"), "planned");
	SV_EQ(jv_get_str(r.json, "updated_by"), "lin");
	EQ(http_with(&w, "PUT " DAY, lin, "If-Match: \"0\"\r\n", MEI, &r), 412);
	CHECK(is_problem(&r));
	EQ(http_with(&w, "PUT " DAY, lin, "If-Match: x\r\n", MEI, &r), 412);
	EQ(http(&w, "GET /api/v1/me/roster", mei, NULL, &r), 200);
	EQ(jv_len(jv_get(r.json, "items")), 0);
	EQ(http_with(&w, "POST " DAY "/publish", lin, "If-Match: \"1\"\r\n", NULL, &r), 200);
	SV_EQ(jv_get_str(r.json, "state"), "published");
	SV_EQ(jv_get_str(r.json, "published_at"), "2026-06-15T12:00:00.000Z");
	EQ(http(&w, "GET /api/v1/me/roster", mei, NULL, &r), 200);
	EQ(jv_get_int(jv_path(r.json, "items.0.shifts.0"), "to_min", 0), 1020);
	CHECK(jv_path(r.json, "items.0.warnings") == NULL);
	EQ(http(&w, "GET /api/v1/me/roster?from=2026-06-15", tom, NULL, &r), 200);
	EQ(jv_len(jv_get(r.json, "items")), 0);
	EQ(http(&w, "GET /api/v1/rosters?from=2026-06-01&to=2026-06-30", lin, NULL, &r), 200);
	EQ(jv_len(jv_get(r.json, "items")), 1);
	SV_EQ(jv_get_str(r.json, "zone"), "UTC");
	resp_done(&r);
	down(&w);
}

static const struct {
	const char *line, *role, *body;
	int status;
	const char *what;
} refused[] = {
	{ "GET /api/v1/rosters", "agent", NULL, 403, "" },
	{ "GET " DAY "/adherence", "agent", NULL, 403, "" },
	{ "PUT " DAY, "agent", MEI, 403, "" },
	{ "GET /api/v1/rosters?from=x", "supervisor", NULL, 400, "from is a date" },
	{ "GET /api/v1/rosters?from=2026-06-15&to=2026-06-14", "supervisor", NULL, 400,
	  "61 days" },
	{ "GET /api/v1/rosters?from=2026-01-01&to=2026-06-14", "supervisor", NULL, 400,
	  "61 days" },
	{ "GET /api/v1/me/adherence?day=2026-02-30", "agent", NULL, 400, "day is a date" },
	{ "PUT /api/v1/rosters/2026-06-31", "supervisor", MEI, 400, "is a date" },
	{ "PUT " DAY, "supervisor", "[]", 400, "" },
	{ "PUT " DAY, "supervisor", "{}", 422, "shifts is no list" },
	{ "PUT " DAY, "supervisor",
	  "{\"shifts\":[{\"agent\":\"mei\",\"from_min\":540,\"to_min\":1500}]}", 422,
	  "24 hours" },
	{ "PUT " DAY, "supervisor",
	  "{\"shifts\":[{\"agent\":\"gone\",\"from_min\":540,\"to_min\":600}]}", 422,
	  "the user gone is disabled" },
	{ "PUT " DAY, "supervisor",
	  "{\"shifts\":[{\"agent\":\"\\\"\",\"from_min\":540,\"to_min\":600}]}", 422,
	  "there is no user \\\"" },
	{ "POST " DAY "/propose", "supervisor", "{\"queue\":\"nope\"}", 400,
	  "no such queue" },
	{ "POST " DAY "/propose", "supervisor", "{\"shrinkage\":2}", 400, "shrinkage is" },
	{ "POST " DAY "/propose", "supervisor", "{\"concurrency\":0}", 400,
	  "concurrency is" },
	{ "POST " DAY "/propose", "supervisor", "{\"concurrency\":1.5}", 400,
	  "concurrency is" },
	{ "POST " DAY "/propose", "supervisor", "{\"keep\":{}}", 400, "keep is" },
	{ "POST " DAY "/replan", "supervisor", "{\"longer_max_min\":\"x\"}", 400,
	  "longer_max_min" },
	{ "POST " DAY "/replan", "supervisor", "{\"longer_max_min\":-1}", 400,
	  "longer_max_min" },
	{ "POST " DAY "/replan", "supervisor", "{\"absent\":\"mei\"}", 400, "absent is" },
	{ "POST " DAY "/propose", "supervisor", "{}", 404, "" },
	{ "POST /api/v1/rosters/2026-09-15/propose", "supervisor", "{}", 422,
	  "next 27 days" },
	{ "POST " DAY "/replan", "supervisor", "{}", 404, "no plan" },
	{ "POST /api/v1/rosters/2026-06-16/replan", "supervisor", "{}", 422,
	  "the running day" },
};

TEST(api_roster_refuses)
{
	struct aw w = { 0 };
	struct resp r = { 0 };
	CHECK(up(&w));
	for (size_t i = 0; i < sizeof(refused) / sizeof(*refused); i++) {
		EQ(http(&w, refused[i].line, aw_token(&w, refused[i].role), refused[i].body, &r),
		   refused[i].status);
		CHECK(is_problem(&r));
		HAS(sb_sv(&r.body), refused[i].what);
	}
	EQ(http(&w, "PUT " DAY, aw_token(&w, "supervisor"),
		"{\"shifts\":[{\"agent\":\"mei\",\"from_min\":9,\"to_min\":5},{\"from_min\":1}]"
		"}",
		&r),
	   422);
	EQ(jv_len(jv_get(r.json, "issues")), 2);
	SV_EQ(jv_get_str(jv_path(r.json, "issues.1"), "where"), "shifts[1]");
	CHECK(jv_get_str(jv_path(r.json, "issues.0"), "mend").n);
	resp_done(&r);
	down(&w);
}

/* Five weeks of hand-overs from 9 to 17, up to yesterday. */
static bool filled(struct aw *w)
{
	struct ins_did did;
	int seq = 0, rc;
	for (int i = 35 * 8 * 4; i > 0; i--) {
		char body[200];
		(void)snprintf(body, sizeof(body), "{\"handover\":\"h%d\",\"conversation\":\"t%d\","
			       "\"queue\":\"faults\",\"how\":\"asked\"}", seq, seq);
		int d = (i + 31) / 32, h = seq % 32;
		struct store_event ev = { .ts_ms = NOON - 43200000 - d * INT64_C(86400000) +
						   9 * 3600000 + h * 900000,
					  .kind = SV("queue.entered"),
					  .actor = SV("system"),
					  .body = sv_of(body) };
		seq++;
		if (store_append(w->store, &ev, NULL, NULL, NULL))
			return false;
	}
	if (store_flush(w->store))
		return false;
	do
		rc = ins_fact_step(w->store, &did);
	while (rc == 0 && did.more);
	return rc == 0;
}

static size_t given(const jv *o, const char *login)
{
	const jv *list = jv_get(o, "shifts");
	size_t n = 0;
	for (size_t i = 0; i < jv_len(list); i++)
		n += sv_eq(jv_get_str(jv_at(list, i), "agent"), sv_of(login));
	return n;
}

TEST(api_roster_proposes_by_skill_and_plans_anew)
{
	struct aw w = { 0 };
	struct resp r = { 0 };
	CHECK(up(&w) && filled(&w));
	const char *lin = aw_token_of(&w, "supervisor", "lin");
	EQ(http(&w, "POST /api/v1/rosters/2026-06-16/propose", lin, "{\"aht_s\":600}", &r), 200);
	EQ(jv_len(jv_get(r.json, "shifts")), 3);     /* who is out of use is not among them */
	EQ(given(r.json, "gone"), 0);
	CHECK(jv_len(jv_get(r.json, "need")) >= 15);
	EQ(http(&w, "POST /api/v1/rosters/2026-06-16/propose", lin,
		"{\"aht_s\":600,\"queue\":\"faults\"}", &r), 200);
	EQ(jv_len(jv_get(r.json, "shifts")), 1);     /* the only one with the skill */
	EQ(given(r.json, "mei"), 1);
	EQ(http(&w, "POST /api/v1/rosters/2026-06-16/propose", lin,
		"{\"aht_s\":600,\"queue\":\"faults\",\"keep\":[{\"agent\":\"xia\",\"from_min\":0,"
		"\"to_min\":60},{\"agent\":\"mei\",\"from_min\":1200,\"to_min\":1260}]}", &r), 200);
	EQ(jv_len(jv_get(r.json, "shifts")), 2);     /* they stand, and nobody else has the skill */
	EQ(given(r.json, "mei"), 1);
	EQ(http(&w, "GET /api/v1/rosters?from=2026-06-16", lin, NULL, &r), 200);
	EQ(jv_len(jv_get(r.json, "items")), 0);      /* nothing is kept of it */
	EQ(http(&w, "PUT " DAY, lin, MEI, &r), 200);
	EQ(http(&w, "POST " DAY "/replan", lin, "{\"aht_s\":600}", &r), 200);
	EQ(jv_get_int(r.json, "version", 0), 1);
	CHECK(jv_get_int(r.json, "short_min", 0) > 0);
	EQ(given(r.json, "mei"), 1);
	int64_t lack[2];
	for (int i = 0; i < 2; i++) {        /* xia does not serve the queue: as if nobody came */
		EQ(http(&w, "PUT " DAY, lin, i ? "{\"shifts\":[{\"agent\":\"xia\",\"from_min\":540,"
			"\"to_min\":1020}]}" : MEI, &r), 200);
		EQ(http(&w, "POST " DAY "/replan", lin, "{\"aht_s\":600,\"queue\":\"faults\"}", &r),
		   200);
		EQ(jv_len(jv_get(r.json, "shifts")), 1);
		lack[i] = jv_get_int(r.json, "short_min", 0);
	}
	CHECK(lack[1] > lack[0]);
	resp_done(&r);
	down(&w);
}

static bool was(struct aw *w, int at_min, const char *from, int minutes)
{
	char body[200];
	(void)snprintf(body, sizeof(body),
		       "{\"agent\":\"mei\",\"from\":\"%s\",\"to\":\"x\",\"ms\":%d}", from,
		       minutes * 60000);
	const struct store_event ev = { .ts_ms = NOON - 43200000 + at_min * INT64_C(60000),
					.kind = SV("agent.state"), .actor = SV("mei"),
					.body = sv_of(body) };
	return store_append(w->store, &ev, NULL, NULL, NULL) == 0 && store_flush(w->store) == 0;
}

TEST(api_roster_adherence_is_ones_own)
{
	struct aw w = { 0 };
	struct resp r = { 0 };
	CHECK(up(&w));
	const char *lin = aw_token_of(&w, "supervisor", "lin");
	const char *mei = aw_token_of(&w, "agent", "mei"), *tom = aw_token_of(&w, "agent", "tom");
	EQ(http(&w, "PUT " DAY, lin,
		"{\"shifts\":[{\"agent\":\"mei\",\"from_min\":540,\"to_min\":1020},{\"agent\":"
		"\"tom\","
		"\"from_min\":540,\"to_min\":1020}]}",
		&r),
	   200);
	CHECK(was(&w, 720, "ready", 165));   /* 09:15 to 12:00 */
	EQ(http(&w, "GET " DAY "/adherence", lin, NULL, &r), 200);
	SV_EQ(jv_get_str(r.json, "basis"), "planned");
	EQ(jv_len(jv_get(r.json, "items")), 2);
	EQ(jv_get_int(jv_path(r.json, "items.0"), "late_min", 0), 15);
	EQ(jv_get_int(jv_path(r.json, "items.0"), "kept_min", 0), 165);
	SV_EQ(jv_get_str(jv_path(r.json, "items.1"), "now"), "late");
	EQ(http(&w, "GET /api/v1/me/adherence", mei, NULL, &r), 200);
	EQ(jv_len(jv_get(r.json, "items")), 0);      /* the plan was not told */
	EQ(http(&w, "POST " DAY "/publish", lin, NULL, &r), 200);
	EQ(http(&w, "GET /api/v1/me/adherence?day=2026-06-15", mei, NULL, &r), 200);
	EQ(jv_len(jv_get(r.json, "items")), 1);
	SV_EQ(jv_get_str(jv_path(r.json, "items.0"), "agent"), "mei");
	EQ(http(&w, "GET /api/v1/me/adherence", tom, NULL, &r), 200);
	SV_EQ(jv_get_str(jv_path(r.json, "items.0"), "agent"), "tom");
	EQ(http(&w, "GET /api/v1/rosters/2026-06-14/adherence", lin, NULL, &r), 200);
	EQ(jv_len(jv_get(r.json, "items")), 0);
	resp_done(&r);
	down(&w);
}

/* Rosters are for who sees the forecast; who came late is not. */
TEST(api_roster_adherence_is_for_who_sees_agents)
{
	static const char roles[] =
		"roles:\n"
		"  - id: admin\n    title: {zh: 一, en: one}\n    may: [\"*\"]\n"
		"  - id: seer\n    title: {zh: 看, en: Seer}\n    may: [desk.open, forecast.read]\n"
		"  - id: own\n    title: {zh: 己, en: Own}\n    scope: own\n"
		"    may: [forecast.read, agent.read]\n"
		"  - id: lead\n    title: {zh: 长, en: Lead}\n    scope: tenant\n"
		"    may: [forecast.read, agent.read]\n"
		"  - id: plans\n    title: {zh: 排, en: Plans}\n"
		"    may: [forecast.read, staffing.plan]\n";
	static const struct {
		const char *role;
		int status;
	} row[] = {
		{ "seer", 403 },  { "own", 403 },   { "lead", 200 },
		{ "plans", 200 }, { "admin", 200 },
	};
	struct aw w = { 0 };
	struct resp r = { 0 };
	struct cfg_report rep = { 0 };
	struct guard_access *access = NULL;
	OK(guard_access_new(&access, sv_of(roles), "roles.yaml", &rep));
	w.o.access = access;
	CHECK(up(&w));
	for (size_t i = 0; i < sizeof(row) / sizeof(*row); i++) {
		const char *token = aw_token(&w, row[i].role);
		EQ(http(&w, "GET " DAY "/adherence", token, NULL, &r), row[i].status);
		EQ(http(&w, "GET /api/v1/rosters", token, NULL, &r), 200);
	}
	resp_done(&r);
	down(&w);
	obj_unref(access);
	cfg_report_done(&rep);
}
