/* Rosters of people: what is refused, versions, names from the need, the running day anew, who kept
 * to the plan. */
#include "ins_rota.h"
#include "t_insight_help.h"

#define DAY INT64_C(20760)           /* 2026-11-03, a Tuesday */
#define ZONE "Asia/Shanghai"
#define MIDNIGHT (DAY * INS_DAY_MS - 8 * INT64_C(3600000))

/* ---- what is read ---- */

TEST(insight_rota_says_all_that_is_wrong)
{
	static const struct {
		const char *body, *what;
	} row[] = {
		{ "{}", "shifts is no list" },
		{ "{\"shifts\":[{\"from_min\":1,\"to_min\":2}]}", "of nobody" },
		{ "{\"shifts\":[{\"agent\":\"mei\",\"from_min\":540,\"to_min\":1441}]}",
		  "24 hours" },
		{ "{\"shifts\":[{\"agent\":\"mei\",\"from_min\":540,\"to_min\":540}]}",
		  "24 hours" },
		{ "{\"shifts\":[{\"agent\":\"mei\",\"from_min\":0.5,\"to_min\":540}]}",
		  "24 hours" },
		{ "{\"shifts\":[{\"agent\":\"mei\",\"from_min\":540,\"to_min\":1000,\"pauses\":"
		  "[{\"from_min\":500,\"to_min\":560}]}]}",
		  "pause 1 of mei" },
		{ "{\"shifts\":[{\"agent\":\"mei\",\"from_min\":540,\"to_min\":1000,\"pauses\":"
		  "[{\"from_min\":600,\"to_min\":660},{\"from_min\":650,\"to_min\":700}]}]}",
		  "pause 2 of mei" },
		{ "{\"shifts\":[{\"agent\":\"mei\",\"from_min\":540,\"to_min\":600,\"pauses\":"
		  "[{\"from_min\":540,\"to_min\":600}]}]}",
		  "nothing but pauses" },
		{ "{\"shifts\":[{\"agent\":\"mei\",\"from_min\":540,\"to_min\":600,\"pauses\":"
		  "3}]}",
		  "no list" },
		{ "{\"shifts\":[{\"agent\":\"mei\",\"from_min\":540,\"to_min\":600},{\"agent\":"
		  "\"mei\",\"from_min\":590,\"to_min\":700}]}",
		  "overlap: 09:00-10:00 and from 09:50" },
	};
	for (size_t i = 0; i < sizeof(row) / sizeof(*row); i++) {
		struct cfg_report faults = { 0 };
		ins_stints v;
		jv *body = jv_parse(sv_of(row[i].body), NULL);
		EQ(ins_stints_read(body, &v, &faults), ERR_INVAL);
		EQ(faults.n, 1);
		HAS(sv_of(faults.n ? faults.v[0].what : ""), row[i].what);
		cfg_report_done(&faults);
		VEC_FREE(&v);
		jv_free(body);
	}
}

TEST(insight_rota_dates)
{
	int64_t day;
	CHECK(ins_rota_date(SV("2026-11-03"), &day));
	EQ(day, DAY);
	CHECK(ins_rota_date(SV("2028-02-29"), &day));
	CHECK(!ins_rota_date(SV("2026-02-29"), &day));
	CHECK(!ins_rota_date(SV("2026-04-31"), &day));
	CHECK(!ins_rota_date(SV("2026-11-3"), &day));
	CHECK(!ins_rota_date(SV("2026-11-03T"), &day));
	CHECK(!ins_rota_date(SV("x026-11-03"), &day));
	CHECK(!ins_rota_date(SV(""), &day));
}

/* ---- kept in the store ---- */

static int add_users(void *arg, struct store_db *db)
{
	(void)arg;
	return store_exec(
		db, "INSERT INTO users (login, role, password_hash, disabled, created_ms, "
		    "updated_ms) VALUES ('mei','agent','',0,1,1), ('bo','agent','',0,1,1), "
		    "('ann','agent','',0,1,1), ('old','agent','',1,1,1)");
}

struct change {
	struct ins_rota_edit x;
	const char *body;            /* NULL: publish */
	int rc;
	char what[240];
};

static int change_write(void *arg, struct store_db *db)
{
	struct change *c = arg;
	jv *body = c->body ? jv_parse(sv_of(c->body), NULL) : NULL;
	c->x.body = body;
	c->rc = body ? ins_rota_put(db, &c->x) : ins_rota_publish(db, &c->x);
	if (c->x.faults.n)
		(void)snprintf(c->what, sizeof(c->what), "%s", c->x.faults.v[0].what);
	cfg_report_done(&c->x.faults);
	jv_free(body);
	return c->rc;
}

static struct change changed(struct iw *w, int64_t day, int64_t version, const char *body)
{
	struct change c = { .x = { .day = day, .version = version, .by = SV("lin"),
				   .now_ms = MIDNIGHT }, .body = body };
	(void)store_write(w->st, change_write, &c, NULL, NULL);
	(void)store_flush(w->st);
	return c;
}

static bool up(struct iw *w)
{
	return iw_up(w, 1) && store_write(w->st, add_users, NULL, NULL, NULL) == 0 &&
	       store_flush(w->st) == 0;
}

static jv *asked(struct iw *w, int64_t from, int64_t to, const char *agent)
{
	const struct ins_rota_ask q = { .from = from, .to = to, .agent = sv_of(agent),
					.zone = ZONE };
	struct sb out;
	sb_init(&out, LIM_SB);
	jv *o = ins_rota_json(w->db, &q, &out) ? NULL : jv_parse(sb_sv(&out), NULL);
	sb_done(&out);
	return o;
}

#define NINE "{\"agent\":\"mei\",\"from_min\":540,\"to_min\":1020,\"pauses\":[{\"from_min\":720," \
	     "\"to_min\":750}]}"

TEST(insight_rota_versions_and_publishing)
{
	struct iw w;
	CHECK(up(&w));
	EQ(changed(&w, DAY, -1, NULL).rc, ERR_NOTFOUND);
	EQ(changed(&w, DAY, 3, "{\"shifts\":[" NINE "]}").rc, ERR_CONFLICT);
	struct change c = changed(&w, DAY, 0, "{\"shifts\":[" NINE "]}");
	EQ(c.rc, 0);
	EQ(c.x.made, 1);
	EQ(changed(&w, DAY, 0, "{\"shifts\":[]}").rc, ERR_CONFLICT);
	jv *o = asked(&w, DAY, DAY, "mei"), *all = asked(&w, DAY - 3, DAY + 3, "");
	EQ(jv_len(jv_get(o, "items")), 0);   /* not told yet */
	const jv *day = jv_at(jv_get(all, "items"), 0);
	SV_EQ(jv_get_str(day, "day"), "2026-11-03");
	SV_EQ(jv_get_str(day, "state"), "planned");
	SV_EQ(jv_get_str(day, "updated_by"), "lin");
	EQ(jv_get_int(jv_path(day, "shifts.0"), "work_min", 0), 450);
	EQ(jv_get_int(jv_path(day, "shifts.0.pauses.0"), "to_min", 0), 750);
	jv_free(o);
	jv_free(all);
	EQ(changed(&w, DAY, 2, NULL).rc, ERR_CONFLICT);
	EQ(changed(&w, DAY, 1, NULL).rc, 0);
	EQ(changed(&w, DAY, 1,
		   "{\"shifts\":[{\"agent\":\"bo\",\"from_min\":0,\"to_min\":300}]}")
		   .rc,
	   0);
	o = asked(&w, DAY, DAY, "mei");      /* what was told stands until it is told anew */
	EQ(jv_get_int(jv_path(o, "items.0.shifts.0"), "from_min", 0), 540);
	EQ(jv_get_int(jv_path(o, "items.0"), "version", 0), 1);
	jv_free(o);
	o = asked(&w, DAY, DAY, "bo");
	EQ(jv_len(jv_get(o, "items")), 0);
	jv_free(o);
	EQ(changed(&w, DAY, 2, NULL).rc, 0);
	EQ(changed(&w, DAY, 2, NULL).rc, 0); /* again: nothing new */
	o = asked(&w, DAY, DAY, "mei");
	EQ(jv_len(jv_get(o, "items")), 0);
	jv_free(o);
	EQ(iw_int(w.db, "SELECT count(*) FROM event WHERE kind='roster.planned' AND "
			"actor='user:lin'"), 2);
	EQ(iw_int(w.db, "SELECT count(*) FROM event WHERE kind='roster.published'"), 2);
	EQ(iw_int(w.db, "SELECT count(*) FROM event WHERE body LIKE '%\"day\":\"2026-11-03\",%"
			"\"agent\":\"mei\"%'"), 2);
	iw_down(&w);
}

static int mei_leaves(void *arg, struct store_db *db)
{
	(void)arg;
	return store_exec(db, "UPDATE users SET disabled=1 WHERE login='mei'");
}

TEST(insight_rota_users_must_be_there)
{
	struct iw w;
	static const char old[] = "{\"shifts\":[{\"agent\":\"old\",\"from_min\":0,\"to_min\":60}]}";
	CHECK(up(&w));
	struct change c = changed(&w, DAY, -1, "{\"shifts\":[{\"agent\":\"eve\",\"from_min\":0,"
						"\"to_min\":60}]}");
	EQ(c.rc, ERR_INVAL);
	HAS(sv_of(c.what), "no user eve");
	c = changed(&w, DAY, -1, old);
	EQ(c.rc, ERR_INVAL);
	HAS(sv_of(c.what), "old is disabled");
	EQ(iw_int(w.db, "SELECT count(*) FROM roster"), 0);
	EQ(iw_int(w.db, "SELECT count(*) FROM event WHERE kind LIKE 'roster.%'"), 0);
	/* Who was planned before they left does not hold up the rest of the day. */
	EQ(changed(&w, DAY, -1, "{\"shifts\":[" NINE "]}").rc, 0);
	EQ(store_write(w.st, mei_leaves, NULL, NULL, NULL), 0);
	EQ(changed(&w, DAY, 1, "{\"shifts\":[" NINE ",{\"agent\":\"bo\",\"from_min\":0,\"to_min\":"
				"60}]}").rc, 0);
	EQ(changed(&w, DAY + 1, 0, "{\"shifts\":[" NINE "]}").rc, ERR_INVAL);
	iw_down(&w);
}

TEST(insight_rota_warns_of_short_rest)
{
	struct iw w;
	CHECK(up(&w));
	EQ(changed(&w, DAY - 1, -1,
		   "{\"shifts\":[{\"agent\":\"mei\",\"from_min\":900,\"to_min\":1380},{\"agent\":"
		   "\"bo\",\"from_min\":1320,\"to_min\":1440},{\"agent\":\"ann\",\"from_min\":540,"
		   "\"to_min\":1020}]}").rc, 0);
	EQ(changed(&w, DAY, -1,
		   "{\"shifts\":[" NINE ",{\"agent\":\"bo\",\"from_min\":0,\"to_min\":360},"
		   "{\"agent\":\"ann\",\"from_min\":540,\"to_min\":1020}]}").rc, 0);
	jv *o = asked(&w, DAY - 1, DAY, "");
	for (int i = 0; i < 2; i++) {        /* from both sides */
		const jv *warn = jv_get(jv_at(jv_get(o, "items"), (size_t)i), "warnings");
		EQ(jv_len(warn), 1);
		SV_EQ(jv_get_str(jv_at(warn, 0), "agent"), "mei");
		EQ(jv_get_int(jv_at(warn, 0), "rest_min", 0), 600);
		SV_EQ(jv_get_str(jv_at(warn, 0), "day"), i ? "2026-11-02" : "2026-11-03");
	}
	jv_free(o);
	iw_down(&w);
}

TEST(insight_rota_takers_have_hours_rest_and_a_free_day)
{
	struct iw w;
	const sv login[] = { SV("mei"), SV("bo") };
	struct ins_taker t[2] = { { .able = true }, { .able = true } };
	CHECK(up(&w));
	for (int d = 1; d <= 6; d++)
		EQ(changed(&w, DAY - d, -1, "{\"shifts\":[" NINE "]}").rc, 0);
	EQ(changed(&w, DAY - 29, -1, "{\"shifts\":[" NINE "]}").rc, 0); /* too long ago */
	EQ(changed(&w, DAY, -1, "{\"shifts\":[" NINE "]}").rc, 0);      /* the day itself */
	EQ(changed(&w, DAY + 1, -1,
		   "{\"shifts\":[{\"agent\":\"bo\",\"from_min\":300,\"to_min\":600}]"
		   "}")
		   .rc,
	   0);
	EQ(ins_taker_load(w.db, DAY, login, 2, t), 0);
	EQ(t[0].minutes, 6 * 450);
	EQ(t[0].earliest, 1020 + 660 - 1440);
	CHECK(!t[0].able);
	EQ(t[1].minutes, 0);
	EQ(t[1].latest, 300 + 1440 - 660);
	CHECK(t[1].able);
	iw_down(&w);
}

TEST(insight_rota_a_free_day_is_looked_for_on_both_sides)
{
	static const struct { int day[8]; bool able; } row[] = {
		{ { -3, -2, -1, 1, 2, 3 }, false },  /* it would be the seventh */
		{ { 1, 2, 3, 4, 5, 6 }, false },
		{ { -1, 1, 2, 3, 4, 5 }, false },
		{ { -3, -2, -1, 1, 2, 4 }, true },
		{ { -6, -5, -3, -2, -1, 1 }, true },
	};
	const sv mei = SV("mei");
	struct iw w;
	CHECK(up(&w));
	for (size_t i = 0; i < sizeof(row) / sizeof(*row); i++) {
		struct ins_taker t = { .able = true };
		int64_t day = DAY + 20 * (int64_t)i;
		for (int k = 0; row[i].day[k]; k++)
			EQ(changed(&w, day + row[i].day[k], -1, "{\"shifts\":[" NINE "]}").rc, 0);
		EQ(ins_taker_load(w.db, day, &mei, 1, &t), 0);
		CHECK(t.able == row[i].able);
	}
	iw_down(&w);
}

/* ---- kept to it, from the river ---- */

static void was(struct iw *w, int64_t at_min, const char *agent, const char *from, int minutes)
{
	w->now = MIDNIGHT + at_min * IW_MIN;
	iw_row(w, false, "agent.state",
	       "{\"agent\":\"%s\",\"from\":\"%s\",\"to\":\"x\",\"ms\":%lld}", agent, from,
	       (long long)(minutes * IW_MIN));
}

static int mei_now(void *arg, struct store_db *db)
{
	(void)arg;
	char sql[300];
	(void)snprintf(sql, sizeof(sql),
		       "INSERT INTO acd_agent_state (login, presence, state, since_ms, present_ms) "
		       "VALUES ('mei','ready','busy',%lld,0)",
		       (long long)(MIDNIGHT + 750 * IW_MIN));
	return store_exec(db, sql);
}

static jv *kept(struct iw *w, const char *agent, int now_min)
{
	const struct ins_rota_ask q = { .from = DAY, .agent = sv_of(agent), .zone = ZONE,
					.now_ms = MIDNIGHT + now_min * IW_MIN };
	struct sb out;
	sb_init(&out, LIM_SB);
	jv *o = ins_rota_kept_json(w->db, &q, &out) ? NULL : jv_parse(sb_sv(&out), NULL);
	sb_done(&out);
	return o;
}

TEST(insight_rota_kept_from_the_river)
{
	struct iw w;
	CHECK(up(&w));
	EQ(changed(&w, DAY, -1,
		   "{\"shifts\":[" NINE ",{\"agent\":\"bo\",\"from_min\":540,\"to_min\":"
		   "1020},{\"agent\":\"ann\",\"from_min\":780,\"to_min\":1020}]}")
		   .rc,
	   0);
	was(&w, 550, "mei", "offline", 900);
	was(&w, 700, "mei", "ready", 150);
	was(&w, 720, "mei", "wrapup", 20);
	was(&w, 750, "mei", "paused", 30);
	EQ(store_write(w.st, mei_now, NULL, NULL, NULL), 0);
	CHECK(store_flush(w.st) == 0);
	jv *o = kept(&w, "", 770);
	SV_EQ(jv_get_str(o, "basis"), "planned");
	EQ(jv_get_int(o, "until_min", 0), 770);
	EQ(jv_len(jv_get(o, "items")), 3);
	const jv *ann = jv_path(o, "items.0"), *bo = jv_path(o, "items.1"),
		 * mei = jv_path(o, "items.2");
	SV_EQ(jv_get_str(mei, "agent"), "mei");
	SV_EQ(jv_get_str(mei, "now"), "work");
	EQ(jv_get_int(mei, "planned_min", 0), 230);
	EQ(jv_get_int(mei, "kept_min", 0), 220);
	EQ(jv_get_int(mei, "late_min", 0), 10);
	NEAR(jv_get_num(mei, "adherence", 0), 220.0 / 230, 1e-3);
	SV_EQ(jv_get_str(bo, "now"), "late");
	EQ(jv_get_int(bo, "late_min", 0), 230);
	SV_EQ(jv_get_str(ann, "now"), "off");
	CHECK(jv_get_bool(ann, "as_planned", false));
	CHECK(jv_get(ann, "adherence") == NULL);
	jv_free(o);
	o = kept(&w, "mei", 770);            /* theirs only when they were told */
	EQ(jv_len(jv_get(o, "items")), 0);
	jv_free(o);
	EQ(changed(&w, DAY, -1, NULL).rc, 0);
	o = kept(&w, "mei", 3000);
	SV_EQ(jv_get_str(o, "basis"), "published");
	EQ(jv_len(jv_get(o, "items")), 1);
	mei = jv_path(o, "items.0");
	CHECK(jv_get(mei, "now") == NULL);   /* the day is over */
	EQ(jv_get_int(mei, "kept_min", 0), 470);
	jv_free(o);
	iw_down(&w);
}

/* Stopped at five, started days later: what they did stays on the hours at which they did it. */
TEST(insight_rota_kept_of_before_a_stop)
{
	struct iw w;
	CHECK(up(&w));
	EQ(changed(&w, DAY, -1, "{\"shifts\":[" NINE "]}").rc, 0);
	w.now = MIDNIGHT + 3 * INS_DAY_MS + 540 * IW_MIN;
	iw_row(&w, false, "agent.state", "{\"agent\":\"mei\",\"from\":\"ready\",\"to\":"
	       "\"offline\",\"reason\":\"restart\",\"ms\":%lld,\"since_ms\":%lld}",
	       (long long)(480 * IW_MIN), (long long)(MIDNIGHT + 540 * IW_MIN));
	CHECK(store_flush(w.st) == 0);
	jv *o = kept(&w, "", 6000);
	EQ(jv_get_int(jv_path(o, "items.0"), "kept_min", 0), 450);
	EQ(jv_get_int(jv_path(o, "items.0"), "late_min", 1), 0);
	EQ(jv_get_int(jv_path(o, "items.0"), "work_min", 0), 480);
	jv_free(o);
	iw_down(&w);
}

/* 29 March 2026 in Berlin: the clock goes from two to three. */
TEST(insight_rota_kept_when_the_clock_jumps)
{
	struct iw w;
	struct sb out;
	const int64_t day = 20541, midnight = day * INS_DAY_MS - 3600000;
	const struct ins_rota_ask q = { .from = day, .agent = SV("mei"), .zone = "Europe/Berlin",
					.now_ms = midnight + 2 * INS_DAY_MS };
	CHECK(up(&w));
	EQ(changed(&w, day, -1,
		   "{\"shifts\":[{\"agent\":\"mei\",\"from_min\":60,\"to_min\":540}]}")
		   .rc,
	   0);
	EQ(changed(&w, day, -1, NULL).rc, 0);
	w.now = midnight + 8 * INT64_C(3600000); /* nine on the wall, seven hours after one */
	iw_row(&w, false, "agent.state",
	       "{\"agent\":\"mei\",\"from\":\"ready\",\"to\":\"x\",\"ms\":%d}", 7 * 3600000);
	CHECK(store_flush(w.st) == 0);
	sb_init(&out, LIM_SB);
	EQ(ins_rota_kept_json(w.db, &q, &out), 0);
	jv *o = jv_parse(sb_sv(&out), NULL);
	EQ(jv_get_int(jv_path(o, "items.0"), "planned_min", 0), 480);
	EQ(jv_get_int(jv_path(o, "items.0"), "kept_min", 0), 480);
	EQ(jv_get_int(jv_path(o, "items.0"), "early_min", 1), 0);
	jv_free(o);
	sb_done(&out);
	iw_down(&w);
}

/* ---- from the need to names, and the day itself ---- */

/* n hand-overs an hour from 9 to 17 on the wall in Shanghai, up to the day before. */
static bool filled(struct iw *w, int n)
{
	struct ins_did did;
	int seq = 0, rc;
	for (int d = 35; d > 0; d--)
		for (int h = 9; h < 17; h++)
			for (int k = 0; k < n; k++) {
				w->now = MIDNIGHT - d * INS_DAY_MS + (h * 60 + k * 60 / n) * IW_MIN;
				iw_row(w, false, "queue.entered", "{\"handover\":\"h%d\","
				       "\"conversation\":\"t%d\",\"queue\":\"sales\",\"how\":"
				       "\"asked\"}", seq, seq);
				seq++;
			}
	if (store_flush(w->st))
		return false;
	do
		rc = ins_fact_step(w->st, &did);
	while (rc == 0 && did.more);
	return rc == 0;
}

static struct ins_propose question(int64_t day, int now_min, const sv *login, size_t n)
{
	return (struct ins_propose){
		.day = day, .login = login, .n = n, .longer_max_min = 60, .leave = true,
		.ask = { .metric = "entered", .zone = ZONE, .now_ms = MIDNIGHT + now_min * IW_MIN,
			 .aht_s = 600, .within_s = 20, .goal = 0.8, .concurrency = 1 }
	};
}

TEST(insight_rota_proposes_names)
{
	const sv login[] = { SV("ann"), SV("bo"), SV("mei") };
	struct iw w;
	struct err e = { 0 };
	struct sb out;
	CHECK(up(&w) && filled(&w, 6));
	for (int d = 1; d <= 3; d++)         /* mei has worked most */
		EQ(changed(&w, DAY - d, -1, "{\"shifts\":[" NINE "]}").rc, 0);
	struct ins_propose q = question(DAY, 0, login, 3);
	sb_init(&out, LIM_SB);
	EQ(ins_rota_propose(w.db, &q, &out, &e), 0);
	jv *o = jv_parse(sb_sv(&out), NULL);
	const jv *need = jv_get(o, "need"), *shifts = jv_get(o, "shifts");
	EQ(jv_len(need), 16);
	EQ(jv_get_int(jv_at(need, 0), "from_min", 0), 540);
	EQ(jv_len(shifts), 3);               /* as many as there are people */
	CHECK(jv_len(jv_get(o, "open")) > 0);
	for (size_t i = 0; i < jv_len(shifts); i++)
		for (size_t k = 0; k < i; k++)
			CHECK(!sv_eq(jv_get_str(jv_at(shifts, i), "agent"),
				     jv_get_str(jv_at(shifts, k), "agent")));
	/* As it stands it can be kept. */
	EQ(changed(&w, DAY, -1, sb_str(&out)).rc, 0);
	jv_free(o);
	sb_done(&out);
	sb_init(&out, LIM_SB);
	q = question(DAY + 40, 0, login, 3);
	EQ(ins_rota_propose(w.db, &q, &out, &e), ERR_RANGE);
	q = question(DAY - 1, 0, login, 3);
	EQ(ins_rota_propose(w.db, &q, &out, &e), ERR_RANGE);
	sb_done(&out);
	iw_down(&w);
}

TEST(insight_rota_plans_the_running_day_anew)
{
	struct iw w;
	struct err e = { 0 };
	struct sb out;
	CHECK(up(&w) && filled(&w, 12));
	struct ins_propose q = question(DAY, 600, NULL, 0);
	sb_init(&out, LIM_SB);
	EQ(ins_rota_replan(w.db, &q, &out, &e), ERR_NOTFOUND);
	HAS(sv_of(e.msg), "no plan");
	/* All have their pause at the same time, and mei leaves at four; the need is till five. */
	EQ(changed(&w, DAY, -1,
		   "{\"shifts\":[{\"agent\":\"ann\",\"from_min\":540,\"to_min\":1020,"
		   "\"pauses\":[{"
		   "\"from_min\":720,\"to_min\":780}]},{\"agent\":\"bo\",\"from_min\":540,\"to_"
		   "min\":"
		   "1020,\"pauses\":[{\"from_min\":720,\"to_min\":780}]},{\"agent\":\"mei\","
		   "\"from_min\":540,\"to_min\":960,\"pauses\":[{\"from_min\":570,\"to_min\":"
		   "585},{"
		   "\"from_min\":720,\"to_min\":780}]}]}")
		   .rc,
	   0);
	EQ(ins_rota_replan(w.db, &q, &out, &e), 0);
	jv *o = jv_parse(sb_sv(&out), NULL);
	const jv *moves = jv_get(o, "moves");
	int longer = 0;
	for (size_t i = 0; i < jv_len(moves); i++) {
		sv kind = jv_get_str(jv_at(moves, i), "move"),
		   who = jv_get_str(jv_at(moves, i), "agent");
		CHECK(!sv_eq(kind, SV("leave")));    /* there are too few */
		longer += sv_eq(kind, SV("longer"));
		if (sv_eq(kind, SV("longer"))) {
			SV_EQ(who, "mei");
			EQ(jv_get_int(jv_at(moves, i), "to_min", 0), 1020);
		}
	}
	EQ(longer, 1);
	CHECK(jv_get_int(o, "short_min", 0) > 0);
	EQ(jv_get_int(o, "version", 0), 1);
	EQ(jv_get_int(jv_path(o, "shifts.2"), "to_min", 0), 1020);
	EQ(jv_get_int(jv_path(o, "shifts.2.pauses.0"), "from_min", 0), 570); /* it is over */
	EQ(jv_len(jv_path(o, "shifts.2.pauses")), 2);
	EQ(iw_int(w.db, "SELECT max(to_min) FROM roster WHERE agent='mei'"),
	   960); /* kept as it was */
	EQ(changed(&w, DAY, 1, sb_str(&out)).rc, 0);
	jv_free(o);
	sb_done(&out);
	sb_init(&out, LIM_SB);
	q = question(DAY + 1, 600, NULL, 0);
	EQ(ins_rota_replan(w.db, &q, &out, &e), ERR_RANGE);
	sb_done(&out);
	iw_down(&w);
}

/* Who is ill lacks, whatever the plan says; their shift stands until somebody changes it. */
TEST(insight_rota_absent_people_do_not_count)
{
	struct iw w;
	struct err e = { 0 };
	struct sb out;
	int64_t lack[2] = { 0 };
	jv *ill = jv_parse(SV("[\"ann\",\"nobody\"]"), NULL);
	CHECK(up(&w) && filled(&w, 6));
	EQ(changed(&w, DAY, -1,
		   "{\"shifts\":[" NINE ",{\"agent\":\"ann\",\"from_min\":540,\"to_min\":"
		   "1020}]}")
		   .rc,
	   0);
	for (int i = 0; i < 2; i++) {
		struct ins_propose q = question(DAY, 600, NULL, 0);
		q.absent = i ? ill : NULL;
		sb_init(&out, LIM_SB);
		EQ(ins_rota_replan(w.db, &q, &out, &e), 0);
		jv *o = jv_parse(sb_sv(&out), NULL);
		lack[i] = jv_get_int(o, "short_min", 0);
		EQ(jv_len(jv_get(o, "shifts")), 2);
		jv_free(o);
		sb_done(&out);
	}
	jv_free(ill);
	CHECK(lack[1] > lack[0] + 180);
	iw_down(&w);
}

TEST(insight_rota_sends_home_who_is_not_needed)
{
	struct iw w;
	struct err e = { 0 };
	struct sb out;
	CHECK(up(&w) && filled(&w, 6));
	EQ(changed(&w, DAY, -1, "{\"shifts\":[{\"agent\":\"ann\",\"from_min\":1080,\"to_min\":1320,"
				"\"pauses\":[{\"from_min\":1110,\"to_min\":1125}]}]}").rc, 0);
	for (int leave = 0; leave < 2; leave++) {
		struct ins_propose q = question(DAY, 1140, NULL, 0);
		q.leave = leave != 0;
		sb_init(&out, LIM_SB);
		EQ(ins_rota_replan(w.db, &q, &out, &e), 0);
		jv *o = jv_parse(sb_sv(&out), NULL);
		EQ(jv_len(jv_get(o, "moves")), leave);
		EQ(jv_get_int(jv_path(o, "shifts.0"), "to_min", 0), leave ? 1140 : 1320);
		EQ(jv_len(jv_path(o, "shifts.0.pauses")), 1);
		jv_free(o);
		sb_done(&out);
	}
	iw_down(&w);
}

#define LATE "{\"agent\":\"ann\",\"from_min\":1080,\"to_min\":1320},{\"agent\":\"bo\"," \
	     "\"from_min\":1080,\"to_min\":1320}"

/* Of a queue only those who serve it are moved and counted; who serves others too stays at work. */
TEST(insight_rota_plans_one_queue_anew)
{
	const sv bo[] = { SV("bo") };
	static const bool shared[] = { true }, alone[] = { false };
	struct iw w;
	struct err e = { 0 };
	struct sb out;
	CHECK(up(&w) && filled(&w, 6));
	EQ(changed(&w, DAY, -1, "{\"shifts\":[" LATE "," NINE "]}").rc, 0);
	for (int i = 0; i < 2; i++) {
		struct ins_propose q = question(DAY, 1140, bo, 1);
		q.ask.queue = SV("sales");
		q.others = i ? shared : alone;
		sb_init(&out, LIM_SB);
		EQ(ins_rota_replan(w.db, &q, &out, &e), 0);
		jv *o = jv_parse(sb_sv(&out), NULL);
		EQ(jv_len(jv_get(o, "moves")), i ? 0 : 1);
		EQ(jv_len(jv_get(o, "shifts")), 3);
		EQ(jv_get_int(jv_path(o, "shifts.0"), "to_min", 0), 1320); /* ann */
		EQ(jv_get_int(jv_path(o, "shifts.1"), "to_min", 0), i ? 1320 : 1140);
		jv_free(o);
		sb_done(&out);
	}
	iw_down(&w);
}

static jv *proposed(struct iw *w, struct ins_propose *q, int *rc)
{
	struct sb out;
	struct err e = { 0 };
	sb_init(&out, LIM_SB);
	*rc = ins_rota_propose(w->db, q, &out, &e);
	jv *o = *rc ? NULL : jv_parse(sb_sv(&out), NULL);
	sb_done(&out);
	return o;
}

/* Shifts that stand: in the answer, their people get no other, and they cover what they can. */
TEST(insight_rota_proposes_beside_what_stands)
{
	const sv login[] = { SV("bo"), SV("mei") };
	struct iw w;
	int rc, open[2];
	CHECK(up(&w) && filled(&w, 6));
	EQ(changed(&w, DAY, -1, "{\"shifts\":[" LATE "]}").rc, 0);
	for (int i = 0; i < 2; i++) {
		struct ins_propose q = question(DAY, 0, login, 2);
		q.ask.queue = SV("sales");
		if (i) /* mei stands, too: of the need as much less is open */
			EQ(changed(&w, DAY, -1, "{\"shifts\":[" LATE "," NINE "]}").rc, 0);
		jv *o = proposed(&w, &q, &rc);
		EQ(rc, 0);
		EQ(jv_len(jv_get(o, "shifts")), 3);  /* ann's, bo's, and mei's one */
		open[i] = (int)jv_len(jv_get(o, "open"));
		struct sb text;
		sb_init(&text, LIM_SB);
		jv_dump(o, &text);
		EQ(changed(&w, DAY, -1, sb_str(&text)).rc, 0); /* nobody twice */
		sb_done(&text);
		jv_free(o);
		if (!i)
			EQ(changed(&w, DAY, -1, "{\"shifts\":[" LATE "]}").rc, 0);
	}
	CHECK(open[0] > 0 && open[1] <= open[0]);
	struct ins_propose q = question(DAY, 0, login, 2);
	jv *keep = jv_parse(SV("[{\"agent\":\"bo\",\"from_min\":5,\"to_min\":2}]"), NULL);
	q.keep = keep;
	EQ(jv_len(proposed(&w, &q, &rc)), 0);
	EQ(rc, ERR_INVAL);
	jv_free(keep);
	iw_down(&w);
}

/* What stands covers all: nothing more is proposed. */
TEST(insight_rota_proposes_nothing_where_enough_stand)
{
	const sv login[] = { SV("bo"), SV("mei") };
	struct iw w;
	int rc;
	CHECK(up(&w) && filled(&w, 1));
	struct ins_propose q = question(DAY, 0, login, 2);
	q.ask.aht_s = 60;
	q.ask.within_s = 300;
	jv *keep = jv_parse(SV("[{\"agent\":\"bo\",\"from_min\":480,\"to_min\":1080},{\"agent\":"
			       "\"mei\",\"from_min\":480,\"to_min\":1080}]"), NULL);
	q.keep = keep;
	jv *o = proposed(&w, &q, &rc);
	EQ(rc, 0);
	EQ(jv_len(jv_get(o, "shifts")), 2);
	EQ(jv_len(jv_get(o, "open")), 0);
	EQ(jv_get_int(o, "cost_min", 1), 0);
	CHECK(jv_get_bool(o, "proven", false));
	CHECK(jv_len(jv_get(o, "need")) > 0);
	jv_free(o);
	jv_free(keep);
	iw_down(&w);
}
