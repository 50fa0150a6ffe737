/* The made-up history of the demo: whole, the same each time, never twice, never in the future. */
#include "app_history.h"
#include "app_int.h"
#include "ins_anom.h"
#include "t_insight_help.h"

#define NOW INT64_C(1795676400000)           /* 2026-11-26T07:00Z, 15:00 in Shanghai: a Thursday */

struct past {
	struct iw w;
	struct app_history_did did;
	struct err e;
	int64_t until;               /* progress stops after so many days; 0 = never */
};

static bool past_up(struct past *p)
{
	*p = (struct past){ 0 };
	return iw_up(&p->w, 1) && app_demo_import(p->w.st, NULL, NULL) == 0;
}

static bool on_day(void *arg, int64_t done, int64_t total)
{
	const struct past *p = arg;
	return !p->until || done < p->until;
}

static int made(struct past *p, int64_t days, int64_t now, uint64_t seed)
{
	const struct app_history_opts o = { .days = days, .now_ms = now, .seed = seed,
					    .zone = "Asia/Shanghai", .progress = on_day, .arg = p };
	return app_history_write(p->w.st, &o, &p->did, &p->e);
}

/* Everything but the ids of rows, which are drawn anew; 0 = it cannot be read. */
static uint64_t digest(struct past *p)
{
	struct store_stmt *q;
	uint64_t h = 1469598103934665603u;
	if (store_prep(p->w.db, &q,
		       "SELECT ts_ms || '|' || coalesce(conversation,'') || '|' || seq || '|' "
		       "|| turn "
		       "|| kind || actor || body FROM event WHERE kind<>'roster.planned' AND "
		       "kind<>'roster.published' ORDER BY pos"))
		return 0;
	while (store_step(q) == 1)
		h = (h ^ sv_hash(store_col_sv(q, 0))) * 1099511628211u;
	store_reset(q);
	return h;
}

static int64_t count(struct past *p, const char *sql)
{
	return iw_int(p->w.db, sql);
}

/* What a report needs to be true of any river. */
static void sound(struct past *p)
{
	struct ins_recount r;
	EQ(count(p, "SELECT count(*) FROM event WHERE ts_ms>1795676400000"), 0);
	EQ(count(p, "SELECT count(*) FROM conversation WHERE state<>'closed' OR "
		    "ended_ms<started_ms "
		    "OR last_seq<>(SELECT max(seq) FROM event e WHERE "
		    "e.conversation=conversation.id)"),
	   0);
	EQ(count(p, "SELECT count(*) FROM event e JOIN event b ON "
		    "b.conversation=e.conversation AND "
		    "b.seq=e.seq-1 WHERE b.ts_ms>e.ts_ms"),
	   0);
	OK(ins_fact_recount(p->w.st, &r));
	EQ(r.differ, 0);
	EQ(count(p, "SELECT sum(interactions)=(SELECT count(*) FROM conversation) AND "
		    "sum(closed)=sum(interactions) FROM ins_fact"),
	   1);
	/* each stay ends one way; nobody is in two states at once */
	EQ(count(p, "SELECT count(*) FROM ins_fact WHERE kind=1 AND answered+abandoned+"
		    "short_abandoned+callbacks<>1"),
	   0);
	EQ(count(p, "SELECT count(*) FROM ins_fact WHERE kind=2 AND ready_ms+busy_ms+paused_ms>"
		    "900000"),
	   0);
	EQ(count(p, "SELECT count(*) FROM event WHERE kind='conversation.opened' AND body NOT LIKE "
		    "'%\"sample\":true%'"),
	   0);
}

static void looks_like_a_centre(struct past *p)
{
	struct sb b;
	int64_t talks = count(p, "SELECT count(*) FROM conversation");
	CHECK(talks > 900 && talks < 2400);
	EQ(talks, p->did.talks);
	NEAR((double)count(p, "SELECT 100*sum(contained)/sum(talked) FROM ins_fact"), 60, 8);
	NEAR((double)count(p, "SELECT 100*sum(channel='phone')/count(*) FROM conversation"), 45, 6);
	NEAR((double)count(p, "SELECT 100*sum(language='zh')/count(*) FROM conversation"), 60, 6);
	CHECK(count(p, "SELECT 100*sum(abandoned)/sum(entered) FROM ins_fact") < 20);
	CHECK(count(p,
		    "SELECT count(DISTINCT agent) FROM ins_fact WHERE kind=1 AND agent<>''") ==
	      5);
	/* words are whole: how some begin stands before what they say */
	EQ(count(p, "SELECT count(*) FROM event WHERE kind='turn.customer' AND turn=1 AND "
		    "substr(json_extract(body,'$.text'),1,3) IN ('hel','goo','exc') AND "
		    "json_extract(body,'$.text') NOT LIKE 'hello, %' AND "
		    "json_extract(body,'$.text') NOT LIKE 'good morning, %' AND "
		    "json_extract(body,'$.text') NOT LIKE 'excuse me, %'"),
	   0);
	CHECK(count(p, "SELECT count(*) FROM event WHERE body LIKE '%\"text\":\"hello, %'") > 5);
	/* most is answered from real articles, in words that stand there */
	CHECK(count(p, "SELECT 100*sum(body LIKE '%\"citations\":[{%')/count(*) FROM event WHERE "
		       "kind='turn.bot' AND turn=1") > 60);
	EQ(count(p, "SELECT count(*) FROM event e JOIN article a ON a.id="
		    "json_extract(e.body,'$.citations[0].article_id') WHERE e.kind='turn.bot' AND "
		    "instr(a.body_md, json_extract(e.body,'$.citations[0].quote'))=0"),
	   0);
	EQ(count(p, "SELECT count(*) FROM event e WHERE json_extract(body,'$.grounded')=1 AND "
		    "json_extract(body,'$.citations[0].article_id') NOT IN (SELECT id FROM "
		    "article)"),
	   0);
	CHECK(count(p, "SELECT sum(csat_n) FROM ins_fact") > 50);
	sb_init(&b, LIM_SB);
	OK(ins_anomalies_json(p->w.db,
			      &(struct ins_anom_opts){ .now_ms = NOW, .zone = "Asia/Shanghai" },
			      &b));
	/* deliveries failed two days before: 24 November, from 16:00 UTC the day before */
	CHECK(sv_find(sb_sv(&b), SV("\"kind\":\"mood\"")) > 0);
	CHECK(sv_find(sb_sv(&b), SV("2026-11-23T16:00:00")) > 0);
	CHECK(sv_find(sb_sv(&b), SV("\"says\":\"worse\"")) > 0);
	sb_done(&b);
}

TEST(app_history_of_ten_days)
{
	struct past p;
	CHECK(past_up(&p));
	CHECK(!app_history_there(p.w.st));
	OK(made(&p, 10, NOW, 1));
	CHECK(app_history_there(p.w.st));
	EQ(p.did.days, 11);
	CHECK(!p.did.there);
	EQ(p.did.rows, count(&p, "SELECT count(*) FROM event"));
	sound(&p);
	looks_like_a_centre(&p);
	EQ(count(&p, "SELECT count(*) FROM kv WHERE k='demo.history' AND v LIKE "
		     "'%\"made_up\":true%'"),
	   1);
	int64_t rows = p.did.rows;
	OK(made(&p, 30, NOW + INS_DAY_MS, 2));       /* a second start */
	CHECK(p.did.there);
	EQ(p.did.rows, 0);
	EQ(count(&p, "SELECT count(*) FROM event"), rows);
	iw_down(&p.w);
}

/* The same from the seed, its days and its end; one that was broken off goes on where it was, with
 * what it began with. */
TEST(app_history_is_the_same_each_time)
{
	struct past a, b, c;
	CHECK(past_up(&a));
	CHECK(past_up(&b));
	CHECK(past_up(&c));
	OK(made(&a, 2, NOW, 1));
	b.until = 2;
	EQ(made(&b, 2, NOW, 1), ERR_CANCELED);
	EQ(b.did.days, 2);
	CHECK(app_history_there(b.w.st));
	b.until = 0;
	OK(made(&b, 9, NOW + INS_DAY_MS, 7));
	EQ(b.did.days, 1);
	CHECK(digest(&a) && digest(&a) == digest(&b));
	EQ(count(&b, "SELECT count(*) FROM conversation"), a.did.talks);
	OK(made(&c, 2, NOW, 2));
	CHECK(digest(&a) != digest(&c));
	iw_down(&a.w);
	iw_down(&b.w);
	iw_down(&c.w);
}

static int people(void *arg, struct store_db *db)
{
	return store_exec(
		db, "INSERT INTO users (login, role, password_hash, created_ms, updated_ms) "
		    "VALUES ('mei','agent','x',1,1),('tom','agent','x',1,1),"
		    "('xia','agent','x',1,1),('lin','supervisor','x',1,1),"
		    "('qin','quality','x',1,1)");
}

TEST(app_history_has_rosters_once)
{
	struct past p;
	CHECK(past_up(&p));
	clk_pin_wall(NOW);
	OK(app_history_rosters(p.w.st, "Asia/Shanghai", &p.e));      /* without a past none */
	EQ(count(&p, "SELECT count(*) FROM roster_day"), 0);
	OK(made(&p, 1, NOW, 1));
	EQ(app_history_rosters(p.w.st, "Asia/Shanghai", &p.e), ERR_INVAL);
	CHECK(strstr(p.e.msg, "there is no user"));
	EQ(count(&p, "SELECT count(*) FROM roster_day"), 0); /* all or nothing */
	OK(store_write_now(p.w.st, people, NULL));
	OK(app_history_rosters(p.w.st, "Asia/Shanghai", &p.e));
	EQ(count(&p, "SELECT count(*) FROM roster_day WHERE published=version"), 22);
	EQ(count(&p, "SELECT min(day) FROM roster_day"), cal_days(2026, 11, 12));
	/* Thursday: mei, tom, lin, and qin late */
	EQ(count(&p, "SELECT count(*) FROM roster WHERE state='published' AND day=20783"), 4);
	OK(app_history_rosters(p.w.st, "Asia/Shanghai", &p.e));
	EQ(count(&p, "SELECT max(version) FROM roster_day"), 1);
	clk_pin_wall(0);
	iw_down(&p.w);
}

TEST(app_history_only_into_an_empty_folder)
{
	struct past p;
	CHECK(past_up(&p));
	(void)snprintf(p.w.talk, sizeof(p.w.talk), "own");
	iw_row(&p.w, true, "conversation.opened", "{\"channel\":\"webchat\"}");
	OK(store_flush(p.w.st));
	EQ(made(&p, 7, NOW, 1), ERR_EXISTS);
	CHECK(strstr(p.e.msg, "conversations of its own") && strstr(p.e.msg, "--data"));
	EQ(count(&p, "SELECT count(*) FROM event"), 1);
	CHECK(!app_history_there(p.w.st));
	iw_down(&p.w);
	CHECK(past_up(&p));
	EQ(made(&p, 0, NOW, 1), ERR_RANGE);
	EQ(made(&p, APP_HISTORY_DAYS + 1, NOW, 1), ERR_RANGE);
	EQ(count(&p, "SELECT count(*) FROM event"), 0);
	iw_down(&p.w);
}

TEST(app_history_days_as_they_are_typed)
{
	struct err e = { 0 };
	int64_t n = 0;
	OK(app_history_days("90d", &n, &e));
	EQ(n, 90);
	OK(app_history_days("7", &n, &e));
	EQ(n, 7);
	static const char *const bad[] = { "", "d", "0d", "-3d", "401d", "90h", "ninety" };
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		EQ(app_history_days(bad[i], &n, &e), ERR_RANGE);
	CHECK(strstr(e.msg, "ninety") && strstr(e.msg, "90d"));
	EQ(n, 7);
}
