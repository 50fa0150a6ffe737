/* Reports: every metric against SQL over the river, which shares nothing with the facts; zones and
 * days of 23 and 25 hours; columns against rows; what is refused. */
#include <math.h>
#include "t_insight_help.h"

#define OF(key) "json_extract(body,'$." key "')"
#define LEFT_WHY "coalesce(nullif(" OF("how") ",'')," OF("why") ")"
#define NOT_OVER "coalesce(" OF("how") ",'')<>'taken_over'"
/* How often, and how much. */
#define N(where) "(SELECT count(*) FROM event WHERE " where ")"
#define SUM(what, where) "(SELECT coalesce(sum(" what "),0) FROM event WHERE " where ")"
#define TALKS(where) "(SELECT count(*) FROM (SELECT DISTINCT conversation c FROM event WHERE " \
		     "conversation IS NOT NULL) WHERE " where ")"
#define HAS_ROW(kinds) "EXISTS (SELECT 1 FROM event WHERE conversation=c AND kind IN (" kinds "))"
#define HANDED \
	"(" HAS_ROW( \
		"'handover'") " OR EXISTS (SELECT 1 FROM event WHERE kind='queue.entered' " \
			      "AND " OF("conversation") "=c))"
#define TALKED HAS_ROW("'conversation.closed'") " AND " HAS_ROW("'turn.customer'")
#define ACCEPTED "kind='queue.accepted' AND " NOT_OVER
#define ENDED "kind='queue.ended' AND " NOT_OVER
#define LEFT(why) "kind='queue.left' AND " LEFT_WHY "='" why "'"
#define IN_20 " AND " OF("waited_ms") "<=20000"
#define STATE(from) SUM(OF("ms"), "kind='agent.state' AND " OF("from") " IN (" from ")")
#define STAFFED STATE("'ready','talking'")
#define HANDLE "(" SUM(OF("talk_ms") "+" OF("hold_ms"), "kind='queue.ended'") "+" \
	       SUM(OF("acw_ms"), "kind='queue.wrapped'") ")"
#define LASTED "(SELECT ts_ms FROM event WHERE conversation=c AND kind='conversation.closed')-" \
	       "(SELECT min(ts_ms) FROM event WHERE conversation=c)"
#define CHANNEL "(SELECT " OF("channel") " FROM event WHERE conversation=c AND " \
		"kind='conversation.opened')"
#define VOICE "(SELECT sum(" LASTED ") FROM (SELECT DISTINCT conversation c FROM event WHERE " \
	      "kind='conversation.closed') WHERE " CHANNEL "='phone')"
/* The last answer of each conversation. */
#define ANSWERS(what, kind_) \
	"(SELECT coalesce(sum(" what \
	"),0) FROM (SELECT coalesce(conversation," OF("conversation") ") c, " OF( \
		"value") " v, max(pos) FROM event WHERE kind IN " \
			 "('survey.answer','survey.taken') AND " OF("kind") "='" kind_ \
									    "' GROUP BY 1))"
/* One row a closed conversation with customer and topic. */
#define KNOWN "(SELECT conversation c, max(customer) who, min(ts_ms) began, max(CASE WHEN " \
	"kind='conversation.closed' THEN ts_ms END) ended, (SELECT " OF("intent") " FROM event x " \
	"WHERE x.conversation=e.conversation AND kind='turn.customer' AND " OF("intent") \
	"<>'greeting' ORDER BY seq LIMIT 1) topic FROM event e WHERE conversation IS NOT NULL " \
	"GROUP BY conversation)"
#define FIRST "(SELECT count(*) FROM " KNOWN " a WHERE who IS NOT NULL AND topic IS NOT NULL AND " \
	"ended IS NOT NULL AND c NOT IN (SELECT (SELECT a2.c FROM " KNOWN " a2 WHERE " \
	"a2.who=b.who AND a2.topic=b.topic AND a2.ended<=b.began AND a2.c<>b.c AND " \
	"a2.ended>b.began-604800000 ORDER BY a2.ended DESC LIMIT 1) AS earlier FROM " KNOWN \
	" b WHERE b.who IS NOT NULL AND b.topic IS NOT NULL AND earlier IS NOT NULL))"
#define SILENCE(what) \
	"(SELECT coalesce(sum(" what "),0) FROM (SELECT kind, " OF("start_ms") "-lag(" OF( \
		"end_ms") ") OVER w gap, lag(kind) OVER w before FROM event WHERE kind IN " \
			  "('turn.customer','turn.played','turn.cut') WINDOW w AS (PARTITION " \
			  "BY conversation ORDER BY " \
			  "seq)) WHERE kind<>'turn.customer' AND before='turn.customer' AND " \
			  "gap>=4000)"
#define MOODS(order) \
	"(SELECT sum(round(v*100)) FROM (SELECT json_extract(body,'$.mood.turn_valence')" \
	" v, row_number() OVER (PARTITION BY conversation ORDER BY seq " order \
	") n FROM event WHERE " \
	"kind='turn.customer') WHERE n=1)"
#define MODELS SUM("json_extract(body,'$.usage.cost_micros')", "kind='turn.bot'") "/1e6"
#define ALL_COST "(" MODELS "+" HANDLE "/3600e3*60+" VOICE "/60e3*0.5)"
#define LEFT_ALL "(" N(ACCEPTED) "+" N("kind='queue.left' AND " LEFT_WHY "<>'short_abandoned'") ")"
#define REMOVED "(" N(ACCEPTED) "+" N(LEFT("abandoned")) "+" N(LEFT("callback")) ")"
#define INTERACTIONS N("kind='conversation.opened'")

static const struct { const char *metric, *num, *den; double scale;
} golden[] = {
	{ "interactions", INTERACTIONS, "1", 1 },
	{ "closed", N("kind='conversation.closed'"), "1", 1 },
	{ "containment", TALKS(TALKED " AND NOT " HANDED " AND NOT " HAS_ROW("'turn.agent'")),
	  TALKS(TALKED), 100 },
	{ "handover_rate", TALKS(HANDED), INTERACTIONS, 100 },
	{ "fcr", FIRST,
	  "(SELECT count(*) FROM " KNOWN " WHERE who IS NOT NULL AND topic IS NOT NULL "
	  "AND ended IS NOT NULL)",
	  100 },
	{ "turns", N("kind='turn.customer'"), TALKS(TALKED), 1 },
	{ "duration",
	  "(SELECT sum(" LASTED ") FROM (SELECT DISTINCT conversation c FROM event WHERE "
	  "kind='conversation.closed'))",
	  N("kind='conversation.closed'"), 1 },
	{ "csat", ANSWERS("v>=4", "csat"), ANSWERS("1", "csat"), 100 },
	{ "csat_answers", ANSWERS("1", "csat"), "1", 1 },
	{ "csat_mean", ANSWERS("v", "csat"), ANSWERS("1", "csat"), 1 },
	{ "nps", ANSWERS("(v>=9)-(v<=6)", "nps"), ANSWERS("1", "nps"), 100 },
	{ "mood", MOODS("ASC"), TALKS(HAS_ROW("'turn.customer'")), 0.01 },
	{ "mood_shift", "(" MOODS("DESC") "-" MOODS("ASC") ")",
	  TALKS(HAS_ROW("'turn.customer'")), 0.01 },
	{ "dead_air", SILENCE("gap"), VOICE, 100 },
	{ "dead_airs", SILENCE("1"), "1", 1 },
	{ "interruptions", N("kind='turn.cut'"), INTERACTIONS, 1 },
	{ "llm_cost", MODELS, "1", 1 },
	{ "total_cost", ALL_COST, "1", 1 },
	{ "cost_per_interaction", ALL_COST, INTERACTIONS, 1 },
	{ "entered", N("kind IN ('queue.entered','queue.moved')"), "1", 1 },
	{ "answered", N(ACCEPTED), "1", 1 },
	{ "abandoned", N(LEFT("abandoned")), "1", 1 },
	{ "short_abandoned", N(LEFT("short_abandoned")), "1", 1 },
	{ "callbacks", N(LEFT("callback")), "1", 1 },
	{ "abandon_rate", N(LEFT("abandoned")), LEFT_ALL, 100 },
	{ "service_level",
	  "(" N(ACCEPTED IN_20) "+" N(LEFT("abandoned") IN_20) "+" N(LEFT("callback")
									     IN_20) ")",
	  REMOVED, 100 },
	{ "service_level_answered", N(ACCEPTED IN_20), N(ACCEPTED), 100 },
	{ "service_level_offered", N(ACCEPTED IN_20),
	  "(" N(ACCEPTED) "+" N(LEFT("abandoned")) ")", 100 },
	{ "asa", SUM(OF("waited_ms"), ACCEPTED), N(ACCEPTED), 1 },
	{ "abandon_time", SUM(OF("waited_ms"), LEFT("abandoned")), N(LEFT("abandoned")), 1 },
	{ "handled", N(ENDED), "1", 1 },
	{ "aht", HANDLE, N(ENDED), 1 },
	{ "talk_time", SUM(OF("talk_ms"), "kind='queue.ended'"), N(ENDED), 1 },
	{ "hold_time", SUM(OF("hold_ms"), "kind='queue.ended'"), N(ENDED), 1 },
	{ "acw", SUM(OF("acw_ms"), "kind='queue.wrapped'"), N("kind='queue.wrapped'"), 1 },
	{ "transfer_rate", N(ENDED " AND " OF("how") "='transferred'"), N(ENDED), 100 },
	{ "return_rate", N(ENDED " AND " OF("how") "='returned'"), N(ENDED), 100 },
	{ "rejected", N("kind='queue.rejected' AND " OF("why") "<>'no_answer'"), "1", 1 },
	{ "unanswered", N("kind='queue.rejected' AND " OF("why") "='no_answer'"), "1", 1 },
	{ "occupancy", STATE("'talking'"), STAFFED, 100 },
	{ "load", HANDLE, STAFFED, 100 },
	{ "staffed", STAFFED, "1", 1 },
	{ "paused", STATE("'paused'"), "1", 1 },
};

static double by_sql(struct iw *w, const char *num, const char *den)
{
	struct store_stmt *q;
	struct sb sql;
	double v = NAN;
	sb_init(&sql, LIM_SB);
	sb_fmt(&sql, "SELECT 1.0*%s/%s", num, den);
	if (store_prep(w->db, &q, sb_str(&sql)))
		printf("# %s\n# %s\n", store_error(w->db), sb_str(&sql));
	else if (store_step(q) == 1)
		v = store_col_num(q, 0);
	store_reset(q);
	sb_done(&sql);
	return v;
}

static bool is_golden(struct iw *w, size_t i)
{
	char ask[300];
	double got = NAN, want = by_sql(w, golden[i].num, golden[i].den) * golden[i].scale;
	(void)snprintf(ask, sizeof(ask), "{\"metrics\":[\"%s\"],\"from\":\"2026-10-25\",\"to\":"
		       "\"2026-12-25\"}", golden[i].metric);
	struct ins_table *t = iw_ask(w, ask);
	bool same = t && ins_table_value(t, ins_table_rows(t), 0, &got) &&
		    fabs(got - want) <= 1e-9 * (1 + fabs(want)) && want != 0;
	if (!same)
		printf("# %s: %.12g, by SQL %.12g\n", golden[i].metric, got, want);
	ins_table_free(t);
	return same;
}

TEST(insight_every_metric_is_what_sql_counts)
{
	struct iw w;
	size_t n = sizeof(golden) / sizeof(*golden);
	CHECK(iw_up(&w, 11));
	OK(iw_week(&w, 190));
	OK(iw_fold(&w));
	EQ(n, INS_METRICS);
	bool all = true;
	for (size_t i = 0; i < n; i++)
		all &= is_golden(&w, i);
	CHECK(all);
	iw_down(&w);
}

/* Sums over any dimension are the whole; a queue's own number is that of SQL. */
TEST(insight_parts_add_up_to_the_whole)
{
	static const char *const dims[] = { "queue", "agent", "channel", "topic", "language",
					    "campaign", "time", "hour", "weekday" };
	struct iw w;
	CHECK(iw_up(&w, 5));
	OK(iw_week(&w, 150));
	OK(iw_fold(&w));
	for (size_t d = 0; d < sizeof(dims) / sizeof(*dims); d++) {
		char ask[300];
		double sum = 0, v, all;
		(void)snprintf(ask, sizeof(ask),
			       "{\"metrics\":[\"entered\",\"interactions\"],\"rows\":"
			       "[\"%s\"],\"from\":\"2026-10-25\",\"to\":\"2026-12-25\"}",
			       dims[d]);
		struct ins_table *t = iw_ask(&w, ask);
		CHECK(t != NULL);
		for (size_t r = 0; r < ins_table_rows(t); r++)
			sum += ins_table_value(t, r, 0, &v) ? v : 0;
		CHECK(ins_table_value(t, ins_table_rows(t), 0, &all));
		NEAR(sum, all, 1e-9);
		CHECK(all > 20 && ins_table_rows(t) > 1);
		ins_table_free(t);
	}
	struct ins_table *t =
		iw_ask(&w, "{\"metrics\":[\"answered\"],\"rows\":[\"queue\"],\"filters\":"
			   "{\"queue\":[\"billing\"]},\"from\":\"2026-10-25\",\"to\":"
			   "\"2026-12-25\"}");
	double v = 0;
	EQ(ins_table_rows(t), 1);
	SV_EQ(ins_table_key(t, 0, 0), "billing");
	CHECK(ins_table_value(t, 0, 0, &v));
	EQ((int64_t)v, iw_int(w.db, "SELECT count(*) FROM event WHERE kind='queue.accepted' AND "
				    "json_extract(body,'$.queue')='billing'"));
	ins_table_free(t);
	iw_down(&w);
}

static void open_at(struct iw *w, int64_t ms)
{
	w->now = ms;
	(void)snprintf(w->talk, sizeof(w->talk), "d%d", w->talks++);
	w->seq = 0;
	iw_row(w, true, "conversation.opened", "{\"channel\":\"webchat\"}");
}

/* New York, 1 November 2026: 25 hours, 01:00 comes twice; 8 March 2026: 23. */
TEST(insight_days_of_other_lengths)
{
	struct iw w;
	CHECK(iw_up(&w, 1));
	int64_t fall = INT64_C(1793505600000), spring = INT64_C(1772946000000); /* midnights */
	for (int h = 0; h < 25; h++)
		open_at(&w, fall + h * 3600000);
	for (int h = 0; h < 23; h++)
		open_at(&w, spring + h * 3600000);
	OK(iw_fold(&w));
	struct ins_table *t =
		iw_ask(&w,
		       "{\"metrics\":[\"interactions\"],\"rows\":[\"time\"],\"zone\":"
		       "\"America/New_York\",\"from\":\"2026-03-08\",\"to\":\"2026-11-02\"}");
	double v[2];
	CHECK(t && ins_table_rows(t) == 2);
	CHECK(ins_table_value(t, 0, 0, &v[0]) && ins_table_value(t, 1, 0, &v[1]));
	SV_EQ(ins_table_key(t, 0, 0), "2026-03-08T00:00:00-05:00");
	SV_EQ(ins_table_key(t, 1, 0), "2026-11-01T00:00:00-04:00");
	EQ(v[0], 23);
	EQ(v[1], 25);
	ins_table_free(t);
	t = iw_ask(&w, "{\"metrics\":[\"interactions\"],\"rows\":[\"time\"],\"interval\":"
		       "\"hour\",\"zone\":"
		       "\"America/New_York\",\"from\":\"2026-11-01\",\"to\":\"2026-11-02\"}");
	CHECK(t && ins_table_rows(t) == 25);
	SV_EQ(ins_table_key(t, 1, 0), "2026-11-01T01:00:00-04:00");
	SV_EQ(ins_table_key(t, 2, 0), "2026-11-01T01:00:00-05:00");
	ins_table_free(t);
	/* East of Greenwich the later of the two 02:00 has the smaller text. */
	for (int h = 0; h < 3; h++)
		open_at(&w, INT64_C(1792886400000) + h * 3600000);   /* 2026-10-25T00:00Z */
	OK(iw_fold(&w));
	t = iw_ask(&w, "{\"metrics\":[\"interactions\"],\"rows\":[\"time\"],\"interval\":"
		       "\"hour\",\"zone\":"
		       "\"Europe/Berlin\",\"from\":\"2026-10-25\",\"to\":\"2026-10-26\"}");
	CHECK(t && ins_table_rows(t) == 3);
	SV_EQ(ins_table_key(t, 0, 0), "2026-10-25T02:00:00+02:00");
	SV_EQ(ins_table_key(t, 1, 0), "2026-10-25T02:00:00+01:00");
	SV_EQ(ins_table_key(t, 2, 0), "2026-10-25T03:00:00+01:00");
	ins_table_free(t);
	/* Half an hour east of the hour: the day is the zone's. */
	t = iw_ask(
		&w,
		"{\"metrics\":[\"interactions\"],\"rows\":[\"time\"],\"zone\":\"Asia/Kolkata\","
		"\"from\":\"2026-11-01\",\"to\":\"2026-11-02\"}");
	CHECK(t && ins_table_value(t, 0, 0, &v[0]));
	EQ(v[0], 15);                /* 04:00Z to 18:00Z of the 25 from 04:00Z on */
	ins_table_free(t);
	iw_down(&w);
}

static void texts_of(struct iw *w, const char *ask, struct sb *json, struct sb *csv)
{
	struct ins_table *t = iw_ask(w, ask);
	sb_reset(json);
	sb_reset(csv);
	if (t) {
		ins_table_json(t, json);
		ins_table_csv(t, true, csv);
	}
	ins_table_free(t);
}

#define BIG "{\"metrics\":[\"interactions\",\"service_level\",\"aht\",\"occupancy\",\"csat\"," \
	    "\"total_cost\",\"mood_shift\"],\"rows\":[\"time\",\"queue\",\"agent\"],\"columns\":" \
	    "\"channel\",\"from\":\"2026-10-25\",\"to\":\"2026-12-25\"}"

/* By columns and by rows, before and after a late change. */
TEST(insight_columns_say_what_rows_say)
{
	struct iw w;
	struct ins_packed p;
	struct sb a[2], b[2];
	CHECK(iw_up(&w, 21));
	for (int i = 0; i < 2; i++) {
		sb_init(&a[i], 16u << 20);
		sb_init(&b[i], 16u << 20);
	}
	OK(iw_week(&w, 120));
	OK(iw_fold(&w));
	texts_of(&w, BIG, &a[0], &b[0]);
	OK(ins_pack(w.st, w.now + 2 * INS_DAY_MS, &p));
	CHECK(p.days >= 1 && iw_int(w.db, "SELECT count(*) FROM ins_day WHERE stale=1") == 0);
	texts_of(&w, BIG, &a[1], &b[1]);
	CHECK(a[0].n > 1000 && sv_eq(sb_sv(&a[0]), sb_sv(&a[1])));
	CHECK(sv_eq(sb_sv(&b[0]), sb_sv(&b[1])));
	/* a survey that comes a week late */
	w.now += 7 * INS_DAY_MS;
	iw_row(&w, false, "survey.taken",
	       "{\"conversation\":\"t00003\",\"kind\":\"csat\",\"value\":1}");
	OK(iw_fold(&w));
	CHECK(iw_int(w.db, "SELECT count(*) FROM ins_day WHERE stale=1") >= 1);
	texts_of(&w, BIG, &a[0], &b[0]);
	CHECK(!sv_eq(sb_sv(&a[0]), sb_sv(&a[1])));
	OK(ins_pack(w.st, w.now + 2 * INS_DAY_MS, &p));
	texts_of(&w, BIG, &a[1], &b[1]);
	CHECK(sv_eq(sb_sv(&a[0]), sb_sv(&a[1])));
	for (int i = 0; i < 2; i++) {
		sb_done(&a[i]);
		sb_done(&b[i]);
	}
	iw_down(&w);
}

TEST(insight_what_cannot_be_asked)
{
	static const struct {
		const char *ask, *says;
	} bad[] = {
		{ "[]", "JSON object" },
		{ "{}", "metrics" },
		{ "{\"metrics\":[\"nonsense\"]}", "no metric" },
		{ "{\"metrics\":[\"aht\"],\"rows\":[\"shoe\"]}", "rows and columns" },
		{ "{\"metrics\":[\"aht\"],\"rows\":\"queue\"}", "list" },
		{ "{\"metrics\":[\"aht\"],\"rows\":[\"queue\",\"queue\"]}", "twice" },
		{ "{\"metrics\":[\"aht\"],\"interval\":\"fortnight\"}", "interval" },
		{ "{\"metrics\":[\"aht\"],\"zone\":\"Mars/Base\"}", "zone" },
		{ "{\"metrics\":[\"aht\"],\"from\":\"yesterday\",\"to\":\"x\"}", "dates" },
		{ "{\"metrics\":[\"aht\"],\"from\":\"2026-11-02\",\"to\":\"2026-11-01\"}",
		  "after" },
		{ "{\"metrics\":[\"aht\"],\"from\":\"2020-11-02\",\"to\":\"2026-11-01\"}",
		  "three years" },
		{ "{\"metrics\":[\"aht\"],\"last\":\"0d\"}", "last" },
		{ "{\"metrics\":[\"aht\"],\"filters\":{\"shoe\":[]}}", "filters" },
		{ "{\"metrics\":[\"aht\"],\"filters\":{\"queue\":\"a\"}}", "filters" },
		{ "{\"metrics\":[\"aht\"],\"sl_s\":-1}", "sl_s" },
		{ "{\"metrics\":[\"aht\"],\"limit\":0}", "limit" },
		{ "{\"metrics\":[\"aht\"],\"sort\":\"csat\"}", "sort" },
	};
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		struct ins_ask_opts o = { .now_ms = IW_BEGIN };
		struct ins_ask *a = NULL;
		struct err e = { 0 };
		jv *body = jv_parse(sv_of(bad[i].ask), NULL);
		EQ(ins_ask_new(&a, body, &o, &e), ERR_INVAL);
		HAS(sv_of(e.msg), bad[i].says);
		jv_free(body);
	}
}

TEST(insight_ranges_by_their_names)
{
	static const struct { const char *last; int64_t from, to; } want[] = {
		{ "today", 1, 2 }, { "yesterday", 0, 1 }, { "7d", -6, 1 }, { "week", -12, -5 },
		{ "month", -30, 1 },
	};
	/* Shanghai: 2026-11-01 is a Sunday; day 0 is 31 October */
	int64_t day0 = INT64_C(1793376000000), from, to;
	for (size_t i = 0; i < sizeof(want) / sizeof(*want); i++) {
		struct ins_ask_opts o = { .now_ms = day0 + INS_DAY_MS + 5000,
					  .zone = "Asia/Shanghai" };
		struct ins_ask *a = NULL;
		jv *body = jv_obj();
		jv_set_str(body, "last", sv_of(want[i].last));
		jv_set(body, "metrics", jv_arr());
		jv_push(jv_get(body, "metrics"), jv_str(SV("aht")));
		OK(ins_ask_new(&a, body, &o, NULL));
		ins_ask_range(a, &from, &to);
		jv_free(body);
		ins_ask_free(a);
		EQ((from - day0) / INS_DAY_MS, want[i].from);
		EQ((to - day0) / INS_DAY_MS, want[i].to);
	}
}

/* The pages of a drill-down hold each interaction once, and as many as the number says. */
TEST(insight_behind_a_number_stand_its_interactions)
{
	struct iw w;
	CHECK(iw_up(&w, 31));
	OK(iw_week(&w, 330));
	OK(iw_fold(&w));
	jv *body =
		jv_parse(SV("{\"metrics\":[\"interactions\"],\"from\":\"2026-10-25\",\"to\":"
			    "\"2026-12-25\",\"filters\":{\"channel\":[\"phone\",\"email\"]}}"),
			 NULL);
	struct ins_ask_opts o = { .now_ms = w.now };
	struct ins_ask *a = NULL;
	struct map *seen = map_new(1000);
	char cursor[200] = "";
	size_t pages = 0, n = 0;
	OK(ins_ask_new(&a, body, &o, NULL));
	do {
		struct sb b;
		sb_init(&b, 4u << 20);
		OK(ins_drill_json(w.db, a, sv_of(cursor), &b));
		jv *page = jv_parse(sb_sv(&b), NULL), *items = jv_get(page, "items");
		for (size_t i = 0; i < jv_len(items); i++, n++)
			(void)map_put(seen, jv_get_str(jv_at(items, i), "conversation_id"), seen);
		(void)snprintf(cursor, sizeof(cursor), SV_FMT, SV_ARG(jv_get_str(page, "next")));
		jv_free(page);
		sb_done(&b);
	} while (cursor[0] && ++pages < 10);
	EQ(map_count(seen), n);
	EQ(n, iw_int(w.db, "SELECT count(*) FROM event WHERE kind='conversation.opened' AND "
			   "json_extract(body,'$.channel')<>'webchat'"));
	CHECK(pages >= 2);
	struct sb b;
	sb_init(&b, LIM_SB);
	EQ(ins_drill_json(w.db, a, SV("nonsense"), &b), ERR_INVAL);
	sb_done(&b);
	map_free(seen);
	ins_ask_free(a);
	jv_free(body);
	iw_down(&w);
}

/* A heading and a line each; what a spreadsheet would take for a formula is text. */
TEST(insight_csv_is_safe_to_open)
{
	struct iw w;
	struct sb json, csv;
	CHECK(iw_up(&w, 1));
	sb_init(&json, LIM_SB);
	sb_init(&csv, LIM_SB);
	iw_row(&w, false, "queue.entered", "{\"handover\":\"h\",\"conversation\":\"a\",\"queue\":"
	       "\"=cmd \\\"x\\\"\"}");
	OK(iw_fold(&w));
	texts_of(&w,
		 "{\"metrics\":[\"entered\",\"asa\"],\"rows\":[\"queue\"],\"from\":\"2026-11-"
		 "01\","
		 "\"to\":\"2026-11-02\"}",
		 &json, &csv);
	SV_EQ(sb_sv(&csv), "\xef\xbb\xbf\"队列\",\"进入队列\",\"平均应答速度 (ms)\"\r\n"
	      "\"'=cmd \"\"x\"\"\",1,\r\n\"合计\",1,\r\n");
	HAS(sb_sv(&json), "\"values\":[1,null]");
	sb_done(&json);
	sb_done(&csv);
	iw_down(&w);
}

/* Money of a year to the cent. */
TEST(insight_figures_are_not_cut)
{
	struct iw w;
	struct sb json, csv;
	CHECK(iw_up(&w, 1));
	sb_init(&json, LIM_SB);
	sb_init(&csv, LIM_SB);
	(void)snprintf(w.talk, sizeof(w.talk), "dear");
	iw_row(&w, true, "conversation.opened", "{\"channel\":\"webchat\"}");
	iw_row(&w, true, "turn.bot",
	       "{\"text\":\"y\",\"usage\":{\"cost_micros\":1234567890000}}");
	OK(iw_fold(&w));
	texts_of(&w,
		 "{\"metrics\":[\"total_cost\"],\"from\":\"2026-11-01\",\"to\":\"2026-11-02\"}",
		 &json, &csv);
	HAS(sb_sv(&json), "[1234567.89]");
	HAS(sb_sv(&csv), "1234567.89\r\n");
	sb_done(&json);
	sb_done(&csv);
	iw_down(&w);
}

TEST(insight_metrics_are_defined_in_both_languages)
{
	struct sb b;
	sb_init(&b, LIM_SB);
	ins_metrics_json(&b);
	jv *o = jv_parse(sb_sv(&b), NULL), *items = jv_get(o, "items");
	EQ(jv_len(items), INS_METRICS);
	for (size_t i = 0; i < jv_len(items); i++) {
		const jv *m = jv_at(items, i);
		CHECK(jv_get_str(jv_get(m, "title"), "zh").n &&
		      jv_get_str(jv_get(m, "title"), "en").n);
		CHECK(jv_get_str(jv_get(m, "definition"), "zh").n);
		CHECK(jv_get_str(jv_get(m, "definition"), "en").n);
		CHECK(jv_len(jv_get(m, "sum_of")) > 0);
	}
	jv_free(o);
	sb_done(&b);
}
