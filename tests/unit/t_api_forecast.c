/* Forecast and staffing over HTTP: who may, what is refused, and the numbers of the river. */
#include "ins_fact.h"
#include "t_api_world.h"

/* Rows of five weeks: n hand-overs an hour from 9 to 17 o'clock UTC, up to yesterday. */
static bool filled(struct aw *w, int n)
{
	int64_t today = clk_wall_ms() / 86400000 * 86400000;
	struct ins_did did;
	int seq = 0, rc;
	for (int d = 35; d > 0; d--)
		for (int h = 9; h < 17; h++)
			for (int k = 0; k < n; k++) {
				char body[200];
				snprintf(body, sizeof(body),
					 "{\"handover\":\"h%d\",\"conversation\":"
					 "\"t%d\",\"queue\":\"%s\",\"how\":\"asked\"}",
					 seq, seq, k % 2 ? "sales" : "service");
				seq++;
				struct store_event ev = { .ts_ms = today -
								   d * INT64_C(86400000) +
								   h * 3600000 + k * 1000,
							  .kind = SV("queue.entered"),
							  .actor = SV("system"),
							  .body = sv_of(body) };
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

static void of_the_river(void)
{
	struct aw w = { 0 };
	struct resp r = { 0 };
	CHECK(aw_up(&w));
	EQ(http(&w, "GET /api/v1/forecast", aw_token(&w, "supervisor"), NULL, &r), 404);
	CHECK(is_problem(&r));
	resp_done(&r);
	CHECK(filled(&w, 4));
	EQ(http(&w, "GET /api/v1/forecast?days=3&period=60&aht_s=600", aw_token(&w, "supervisor"),
		NULL, &r), 200);
	const jv *items = jv_get(r.json, "items");
	EQ(jv_len(items), 3 * 8);
	for (size_t i = 8; i < jv_len(items); i++) {
		NEAR(jv_get_num(jv_at(items, i), "mean", 0), 4, 0.2);
		CHECK(jv_get_int(jv_at(items, i), "agents", 0) >= 2);
	}
	CHECK(jv_len(jv_get(r.json, "history")) == 14 * 8);
	CHECK(jv_get_num(r.json, "wape", 1) < 0.05);
	resp_done(&r);
	EQ(http(&w, "GET /api/v1/forecast?days=2&period=60&queue=sales", aw_token(&w, "admin"),
		NULL, &r),
	   200);
	NEAR(jv_get_num(jv_at(jv_get(r.json, "items"), 12), "mean", 0), 2, 0.2);
	CHECK(jv_get_bool(r.json, "pooled", false));
	resp_done(&r);
	aw_down(&w);
}

/* Monday, 15 June 2026, noon and ten minutes before midnight. */
TEST(api_forecast_of_the_river)
{
	clk_pin_wall(INT64_C(1781524800000));
	of_the_river();
	clk_pin_wall(0);
}

TEST(api_forecast_of_the_river_late_in_the_day)
{
	clk_pin_wall(INT64_C(1781567400000));
	of_the_river();
	clk_pin_wall(0);
}

TEST(api_forecast_refuses)
{
	static const struct {
		const char *line, *role, *body;
		int status;
		const char *what;
	} row[] = {
		{ "GET /api/v1/forecast", "agent", NULL, 403, "" },
		{ "GET /api/v1/forecast?days=x", "admin", NULL, 400, "days is a number" },
		{ "GET /api/v1/forecast?days=29", "admin", NULL, 400, "days is a number" },
		{ "GET /api/v1/forecast?days=0", "admin", NULL, 400, "days is 1 to 28" },
		{ "GET /api/v1/forecast?days=7.9", "admin", NULL, 400, "days is 1 to 28" },
		{ "GET /api/v1/forecast?period=30.5", "admin", NULL, 400, "a whole number" },
		{ "GET /api/v1/forecast?concurrency=0", "admin", NULL, 400, "concurrency is 1 to" },
		{ "GET /api/v1/forecast?period=7", "admin", NULL, 400,
		  "period is 15, 30 or 60" },
		{ "GET /api/v1/forecast?metric=fun", "admin", NULL, 400, "metric is" },
		{ "POST /api/v1/staffing", "agent", "{\"calls\":1,\"aht_s\":1}", 403, "" },
		{ "POST /api/v1/staffing", "admin", "[1]", 400, "" },
		{ "POST /api/v1/staffing", "admin", "{\"calls\":[],\"aht_s\":1}", 400,
		  "calls" },
		{ "POST /api/v1/staffing", "admin", "{\"calls\":[5,-1],\"aht_s\":180}", 400,
		  "slot 1: calls is -1" },
		{ "POST /api/v1/staffing", "admin",
		  "{\"calls\":9,\"aht_s\":180,\"goal\":\"x\"}", 400, "goal is a number" },
		{ "POST /api/v1/staffing", "admin",
		  "{\"calls\":[9,9],\"aht_s\":180,\"shifts\":[{\"length\":3,\"first\":0}]}",
		  400, "does not fit" },
	};
	struct aw w = { 0 };
	struct resp r = { 0 };
	CHECK(aw_up(&w));
	for (size_t i = 0; i < sizeof(row) / sizeof(*row); i++) {
		EQ(http(&w, row[i].line, aw_token(&w, row[i].role), row[i].body, &r),
		   row[i].status);
		CHECK(is_problem(&r));
		HAS(sb_sv(&r.body), row[i].what);
		resp_done(&r);
	}
	aw_down(&w);
}

TEST(api_staffing_with_shifts)
{
	struct aw w = { 0 };
	struct resp r = { 0 };
	CHECK(aw_up(&w));
	EQ(http(&w, "POST /api/v1/staffing", aw_token(&w, "supervisor"),
		"{\"calls\":[100,100,20,20],\"aht_s\":180,\"shrinkage\":0.3,\"shifts\":[{\"name\":"
		"\"half\",\"length\":2,\"first\":0,\"last\":2}]}", &r), 200);
	const jv *slots = jv_get(r.json, "slots"), *roster = jv_get(r.json, "roster");
	EQ(jv_len(slots), 4);
	EQ(jv_get_int(jv_at(slots, 0), "agents", 0), 14);
	EQ(jv_get_int(jv_at(slots, 0), "scheduled", 0), 20);
	EQ(jv_get_int(jv_at(slots, 3), "agents", 0), 4);
	EQ(jv_get_int(roster, "cost", 0), 2 * (20 + 6));
	CHECK(jv_get_bool(roster, "proven", false));
	SV_EQ(jv_get_str(jv_at(jv_get(roster, "roster"), 0), "shift"), "half");
	resp_done(&r);
	aw_down(&w);
}
