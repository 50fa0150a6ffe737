/* Series from the facts: the zone's days, zeros, today; and staffing as JSON. */
#include <math.h>
#include "t_insight_help.h"
#include "ins_aht.h"
#include "ins_series.h"
#include "ins_staffing.h"

static void entered(struct iw *w, int64_t ms, const char *queue)
{
	w->now = ms;
	iw_row(w, false, "queue.entered",
	       "{\"handover\":\"h%d\",\"conversation\":\"t%d\",\"queue\":"
	       "\"%s\",\"how\":\"asked\"}",
	       w->talks, w->talks, queue);
	w->talks++;
}

#define HOUR_MS INT64_C(3600000)

/* Shanghai is 8 hours ahead: 2026-11-01 02:00Z is 10:00 of the same day, 17:00Z 01:00 of the
 * next. */
TEST(insight_series_of_facts)
{
	struct iw w;
	struct ins_series *s = NULL;
	struct err e = { 0 };
	int seen;
	struct ins_facts_opts o = { .metric = "entered", .zone = "Asia/Shanghai", .period_min = 60,
				    .days = 3, .now_ms = IW_BEGIN + 52 * HOUR_MS };
	CHECK(iw_up(&w, 1));
	EQ(ins_series_facts(&s, &seen, w.db, &o, &e), ERR_NOTFOUND);
	HAS(sv_of(e.msg), "nothing to forecast from");
	for (int i = 0; i < 3; i++)
		entered(&w, IW_BEGIN + 2 * HOUR_MS, i ? "sales" : "service");
	entered(&w, IW_BEGIN + 4 * HOUR_MS, "sales");
	entered(&w, IW_BEGIN + 26 * HOUR_MS, "sales");
	entered(&w, IW_BEGIN + 50 * HOUR_MS, "sales");
	entered(&w, IW_BEGIN + 52 * HOUR_MS - 1, "sales");
	OK(iw_fold(&w));
	OK(ins_series_facts(&s, &seen, w.db, &o, &e));
	EQ(s->days, 3);
	EQ(s->first, cal_days(2026, 11, 1));
	EQ(seen, 12);                        /* 12:00 on 3 November there */
	EQ(s->lo, 10);
	EQ(s->hi, 13);
	NEAR(ins_series_at(s, 0, 10), 3, 0);
	NEAR(ins_series_at(s, 0, 11), 0, 0);
	NEAR(ins_series_at(s, 0, 12), 1, 0);
	NEAR(ins_series_at(s, 1, 12), 0, 0);
	NEAR(ins_series_at(s, 2, 10), 1, 0);
	NEAR(ins_series_at(s, 2, 11), 1, 0);
	CHECK(isnan(ins_series_at(s, 2, 12)));       /* to come */
	obj_unref(s);
	o.queue = SV("service");
	OK(ins_series_facts(&s, &seen, w.db, &o, &e));
	NEAR(ins_series_at(s, 0, 10), 1, 0);
	NEAR(ins_series_at(s, 1, 10), 0, 0);         /* others had work that day, it had none */
	obj_unref(s);
	o.period_min = 20;
	EQ(ins_series_facts(&s, &seen, w.db, &o, &e), ERR_INVAL);
	o.period_min = 60;
	o.zone = "Nowhere/Land";
	CHECK(ins_series_facts(&s, &seen, w.db, &o, &e) < 0);
	iw_down(&w);
}

#define DAY_MS (24 * HOUR_MS)

/* One call every second day, at 9 to 17 UTC in turn: half a call a day, not one on its days. */
static void every_second_day(struct iw *w, int days, const char *queue)
{
	for (int d = 0; d < days; d += 2)
		entered(w, IW_BEGIN + d * DAY_MS + (9 + d / 2 % 9) * HOUR_MS, queue);
}

static double mean_of(const jv *items, int days)
{
	double sum = 0;
	for (size_t i = 0; i < jv_len(items); i++)
		sum += jv_get_num(jv_at(items, i), "mean", NAN);
	return sum / days;
}

TEST(insight_forecast_of_few)
{
	struct iw w;
	struct err e = { 0 };
	struct ins_forecast_ask q = { .metric = "entered", .zone = "UTC", .period_min = 60,
				      .days = 14, .within_s = 20, .goal = .8, .patience_s = 60,
				      .now_ms = IW_BEGIN + 240 * DAY_MS + 7 * HOUR_MS };
	CHECK(iw_up(&w, 1));
	every_second_day(&w, 240, "vip");
	OK(iw_fold(&w));
	/* the company has no other queue; asked for by its name; beside one of ten a day */
	for (int turn = 0; turn < 3; turn++) {
		struct sb b;
		sb_init(&b, 1 << 20);
		q.queue = turn ? SV("vip") : SV("");
		for (int k = 0; turn == 2 && k < 2400; k++)
			entered(&w, IW_BEGIN + k / 10 * DAY_MS + (9 + k % 10) * HOUR_MS, "service");
		OK(iw_fold(&w));
		OK(ins_forecast_json(w.db, &q, &b, &e));
		jv *o = jv_parse(sb_sv(&b), &e);
		NEAR(mean_of(jv_get(o, "items"), 14), 0.5, 0.05);
		/* at 7 in the morning today is there, though nothing came yet: day 240 */
		SV_EQ(sv_slice(jv_get_str(jv_path(o, "items.0"), "ts"), 0, 10), "2027-06-29");
		CHECK(sv_find(sb_sv(&b), SV("nan")) < 0);
		jv_free(o);
		sb_done(&b);
	}
	iw_down(&w);
}

static int run_sql(void *arg, struct store_db *db)
{
	return store_exec(db, arg);
}

/* One o'clock comes twice in New York on 1 November: 100 s, then 300 s; once each. */
TEST(insight_series_of_an_hour_that_comes_twice)
{
	static char rows[] =
		"INSERT INTO ins_fact (id, kind, day, start_ms, queue, entered, handled, talk_ms) "
		"VALUES ('a', 1, 20758, 1793511000000, 'q', 1, 1, 100000), "
		"('b', 1, 20758, 1793514600000, 'q', 1, 1, 300000);"
		"INSERT INTO ins_day (day) SELECT DISTINCT day FROM ins_fact";
	struct iw w;
	struct ins_series *s = NULL;
	int seen;
	struct ins_facts_opts o = { .zone = "America/New_York", .period_min = 60, .days = 2,
				    .now_ms = IW_BEGIN + DAY_MS };
	CHECK(iw_up(&w, 1));
	OK(store_write(w.st, run_sql, rows, NULL, NULL));
	OK(store_flush(w.st));
	for (int i = 0; i < 2; i++) {
		o.metric = i ? "aht" : "entered";
		OK(ins_series_facts(&s, &seen, w.db, &o, NULL));
		NEAR(ins_series_at(s, 1, 1), i ? 200000 : 2, 0);
		obj_unref(s);
	}
	iw_down(&w);
}

/* Ten an hour from 9 to 17, beside a queue of day and night: it needs nobody's shape, so it has
 * its own hours. */
TEST(insight_forecast_of_many_is_its_own)
{
	static char rows[] =
		"INSERT INTO ins_fact (id, kind, day, start_ms, queue, entered) WITH RECURSIVE "
		"h(h) AS (SELECT 20758*24 UNION ALL SELECT h+1 FROM h WHERE h<20798*24-1) "
		"SELECT q.q||h, 1, h/24, h*3600000, q.q, 10 FROM h, (SELECT 'sales' AS q UNION "
		"SELECT 'night') q WHERE q.q='night' OR h%24 BETWEEN 9 AND 16;"
		"INSERT INTO ins_day (day) SELECT DISTINCT day FROM ins_fact";
	struct iw w;
	struct sb b;
	struct ins_forecast_ask q = { .metric = "entered", .zone = "UTC", .period_min = 60,
				      .days = 1, .queue = SV("sales"),
				      .now_ms = IW_BEGIN + 40 * DAY_MS };
	CHECK(iw_up(&w, 1));
	OK(store_write(w.st, run_sql, rows, NULL, NULL));
	OK(store_flush(w.st));
	sb_init(&b, LIM_SB);
	OK(ins_forecast_json(w.db, &q, &b, NULL));
	jv *o = jv_parse(sb_sv(&b), NULL), *items = jv_get(o, "items");
	EQ(jv_len(items), 8);
	SV_EQ(jv_get_str(jv_at(items, 0), "ts"), "2026-12-11T09:00:00.000Z");
	NEAR(mean_of(items, 8), 10, 0.1);
	CHECK(!jv_get_bool(o, "pooled", true));
	jv_free(o);
	sb_done(&b);
	iw_down(&w);
}

/* Monday to Friday by its hours, and a colleague's queue at work all days: hours go first. */
TEST(insight_series_of_hours)
{
	struct iw w;
	struct ins_series *s = NULL;
	struct err e = { 0 };
	struct cal *hours = NULL;
	int seen;
	jv *spec = jv_parse(SV("{\"zone\":\"UTC\",\"week\":{\"mon-fri\":[\"08:00-20:00\"]}}"), &e);
	struct ins_facts_opts o = { .metric = "entered", .zone = "UTC", .period_min = 60,
				    .days = 100, .now_ms = IW_BEGIN + 60 * DAY_MS };
	OK(cal_new(&hours, SV("office"), spec, &e));
	CHECK(iw_up(&w, 1));
	for (int d = 0; d < 60; d++)
		for (int k = 0; k < 12; k++)
			entered(&w,
				IW_BEGIN + d * DAY_MS +
					(k < 11 ? 10 :
					 d % 15 ? 11 :
						  3) *
						HOUR_MS,
				"service");
	for (int d = 2; d < 60; d += 7)      /* Tuesdays */
		entered(&w, IW_BEGIN + d * DAY_MS + 12 * HOUR_MS, "vip");
	OK(iw_fold(&w));
	OK(ins_series_facts(&s, &seen, w.db, &o, &e));
	EQ(s->lo, 3);                        /* by night on four days of sixty */
	obj_unref(s);
	o.queue = SV("vip");
	for (int known = 0; known < 2; known++) {
		size_t open = 0;
		o.hours = known ? hours : NULL;
		OK(ins_series_facts(&s, &seen, w.db, &o, &e));
		for (size_t d = 0; d + 1 < s->days; d++)
			open += ins_series_open(s, d);
		EQ(open, known ? 42 : 58);   /* from the first on, 3 November, to 30 December */
		EQ(s->lo, known ? 8 : 12);
		EQ(s->hi, known ? 20 : 13);
		CHECK(!ins_series_open(s, 0));
		obj_unref(s);
	}
	obj_unref(hours);
	jv_free(spec);
	iw_down(&w);
}

TEST(insight_roster_json)
{
	struct err e = { 0 };
	jv *out = NULL,
	   *in = jv_parse(SV("{\"need\":[2,2,1,1],\"shifts\":[{\"name\":\"a\",\"length\":"
			     "2,\"first\":0,\"last\":2}]}"),
			  &e);
	OK(ins_roster_json(in, &out, &e));
	EQ(jv_get_int(out, "cost", 0), 6);
	EQ(jv_len(jv_get(out, "roster")), 2);
	EQ(jv_get_int(jv_path(out, "roster.1"), "from", 0), 2);
	EQ(jv_get_int(jv_path(out, "roster.1"), "to", 0), 4);
	jv_free(out);
	jv_free(in);
	static const struct { const char *body, *what; } bad[] = {
		{ "{}", "need is a list" },
		{ "{\"need\":[1,-1]}", "need[1]" },
		{ "{\"need\":[1]}", "shifts is a list" },
		{ "{\"need\":[1],\"shifts\":[{}]}", "shifts[0] needs length and first" },
		{ "{\"need\":[1],\"shifts\":[{\"length\":1,\"first\":0.5}]}", "whole numbers" },
		{ "{\"need\":[1,1],\"shifts\":[{\"length\":1,\"first\":1,\"last\":0}]}", "before" },
	};
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		in = jv_parse(sv_of(bad[i].body), &e);
		out = NULL;
		EQ(ins_roster_json(in, &out, &e), ERR_INVAL);
		CHECK(!out);
		HAS(sv_of(e.msg), bad[i].what);
		jv_free(in);
	}
}

/* Slow at 10, quick at 11, hardly known at 12; last month's times weigh a quarter. */
TEST(insight_aht_by_slot)
{
	struct ins_series *ms = ins_series_new(20000, 29, 60), *n = ins_series_new(20000, 29, 60);
	double aht[INS_SLOTS_MAX];
	for (size_t d = 0; d < 29; d += 28)
		for (int t = 10; t < 13; t++) {
			n->v[d * 24 + (size_t)t] = t < 12 ? 3000 : 1;
			ms->v[d * 24 + (size_t)t] = t == 10 ? 400e3 : t == 11 ? 200e3 : 900e3;
		}
	ms->v[10] = 800e3;
	double all = ins_aht_of(ms, n, aht);
	NEAR(aht[10], (0.25 * 800 + 400) / 1.25, 2);
	NEAR(aht[11], 200, 2);
	NEAR(aht[12], all, 0.1 * all);       /* two calls say little */
	NEAR(aht[5], all, 1e-9);
	NEAR(all, (aht[10] + aht[11]) / 2, 2);
	obj_unref(ms);
	obj_unref(n);
}

static jv *planned(const char *body, const char *fault)
{
	struct err e = { 0 };
	jv *in = jv_parse(sv_of(body), &e), *out = NULL;
	int rc = ins_plan_json(in, &out, &e);
	jv_free(in);
	if (fault && (rc != ERR_INVAL || sv_find(sv_of(e.msg), sv_of(fault)) < 0)) {
		printf("# %d %s\n", rc, e.msg);
		t_fail(__FILE__, __LINE__, fault);
	}
	return out;
}

/* Nights with a crowd, days that nobody can answer: figures, never nan; what is too much is
 * told. */
TEST(insight_staffing_json_is_json)
{
	struct err e = { 0 };
	jv *out = NULL,
	   *in = jv_parse(SV("{\"calls\":[0.5,3000,0],\"aht_s\":300,\"patience_s\":600,"
			     "\"concurrency\":5,\"goal\":0.99}"),
			  &e);
	struct sb b;
	sb_init(&b, 1 << 16);
	OK(ins_plan_json(in, &out, &e));
	jv_dump(out, &b);
	CHECK(sv_find(sb_sv(&b), SV("nan")) < 0 && sv_find(sb_sv(&b), SV("null")) < 0);
	CHECK(jv_get_num(jv_path(out, "slots.1"), "service_level", 0) >= 0.99);
	sb_done(&b);
	jv_free(out);
	jv_free(in);
	in = jv_parse(SV("{\"calls\":[1e7,1e7],\"aht_s\":300}"), &e);
	EQ(ins_plan_json(in, &out, &e), ERR_RANGE);
	jv_free(in);
	in = jv_parse(SV("{\"calls\":[1e7,1e7],\"aht_s\":300,\"goal\":0,\"interval_s\":900}"), &e);
	EQ(ins_plan_json(in, &out, &e), ERR_TOOBIG);
	HAS(sv_of(e.msg), "slot 0: more than 3000000 erlangs");
	jv_free(in);
}

TEST(insight_running_day_json)
{
	jv *o = planned(
		"{\"need\":[2,2,1,2],\"now\":1,\"duty\":[{\"who\":\"mei\",\"from\":0,\"to\":4,"
		"\"pause_from\":1,\"pause_to\":2,\"pause_first\":1,\"pause_last\":2},{\"from\":"
		"0,"
		"\"to\":4}]}",
		NULL);
	EQ(jv_get_int(o, "short_by", -1), 0);
	EQ(jv_len(jv_get(o, "moves")), 1);
	SV_EQ(jv_get_str(jv_path(o, "moves.0"), "who"), "mei");
	EQ(jv_get_int(jv_path(o, "moves.0"), "pause_from", 0), 2);
	jv_free(o);
	o = planned("{\"planned\":[{\"from\":540,\"to\":640,\"what\":\"work\"}],\"done\":[{"
		    "\"from\":550,"
		    "\"to\":640}]}",
		    NULL);
	NEAR(jv_get_num(o, "adherence", 0), 0.9, 1e-12);
	EQ(jv_get_int(o, "late_min", 0), 10);
	jv_free(o);
	CHECK(!planned("{\"need\":[1],\"duty\":[{\"from\":0,\"to\":2}]}",
		       "duty[0] needs from and to"));
	CHECK(!planned("{\"need\":[1,1,1],\"duty\":[{\"from\":0,\"to\":3,\"pause_from\":0,"
		       "\"pause_to\":1}]}", "within the shift"));
	CHECK(!planned("{\"need\":[1,1,1],\"duty\":[{\"from\":0,\"to\":3,\"pause_from\":1,"
		       "\"pause_to\":2,\"pause_first\":0.5}]}", "pause_first and pause_last"));
	CHECK(!planned("{\"planned\":[{\"from\":0,\"to\":1441}]}", "planned[0]"));
	CHECK(!planned("{\"need\":[1,1],\"now\":-1,\"duty\":[{\"from\":0,\"to\":2}]}", "now"));
	CHECK(!planned("{}", "calls"));
}
