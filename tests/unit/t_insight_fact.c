/* Facts: what each row counts, killed at any stretch, counted again, mended. */
#include "t_insight_help.h"

#define FACT(w, what, id) iw_int((w)->db, "SELECT " what " FROM ins_fact WHERE id='" id "'")

static void talk_opens(struct iw *w, const char *id, const char *channel)
{
	(void)snprintf(w->talk, sizeof(w->talk), "%s", id);
	w->seq = 0;
	iw_row(w, true, "conversation.opened", "{\"channel\":\"%s\",\"language\":\"en\"}", channel);
}

static void says(struct iw *w, const char *intent)
{
	iw_row(w, true, "turn.customer", "{\"text\":\"x\",\"language\":\"en\",\"intent\":\"%s\"}",
	       intent);
}

TEST(insight_a_conversation_the_bot_ended)
{
	struct iw w;
	CHECK(iw_up(&w, 1));
	talk_opens(&w, "a", "phone");
	says(&w, "greeting");
	says(&w, "invoice");
	says(&w, "refund_status");
	w.now += 90000;
	iw_row(&w, true, "conversation.closed", "{\"by\":\"customer\"}");
	OK(iw_fold(&w));
	EQ(FACT(&w, "interactions*1000+talked*100+contained*10+closed", "a"), 1111);
	EQ(FACT(&w, "duration_ms", "a"), 90000);
	EQ(FACT(&w, "voice_ms", "a"), 90000);
	EQ(FACT(&w, "customer_turns", "a"), 3);
	EQ(FACT(&w, "topic='invoice' AND channel='phone' AND agent='bot'", "a"), 1);
	iw_down(&w);
}

TEST(insight_a_transfer_is_two_stays)
{
	struct iw w;
	CHECK(iw_up(&w, 1));
	talk_opens(&w, "a", "webchat");
	says(&w, "invoice");
	iw_row(&w, false, "queue.entered",
	       "{\"handover\":\"h\",\"conversation\":\"a\",\"queue\":\"q\"}");
	w.now += 5000;
	iw_row(&w, false, "queue.accepted",
	       "{\"handover\":\"h\",\"conversation\":\"a\",\"queue\":\"q\","
	       "\"agent\":\"mei\",\"waited_ms\":5000}");
	iw_row(&w, false, "queue.ended",
	       "{\"handover\":\"h\",\"conversation\":\"a\",\"queue\":\"q\","
	       "\"agent\":\"mei\",\"how\":\"transferred\",\"talk_ms\":60000,\"hold_ms\":1000}");
	iw_row(&w, false, "queue.entered",
	       "{\"handover\":\"h\",\"conversation\":\"a\",\"queue\":\"r\"}");
	iw_row(&w, false, "queue.accepted",
	       "{\"handover\":\"h\",\"conversation\":\"a\",\"queue\":\"r\","
	       "\"agent\":\"bo\",\"waited_ms\":7000}");
	/* The first agent's wrap-up comes while the second serves. */
	iw_row(&w, false, "queue.wrapped",
	       "{\"handover\":\"h\",\"conversation\":\"a\",\"queue\":\"q\","
	       "\"agent\":\"mei\",\"acw_ms\":9000}");
	iw_row(&w, false, "queue.accepted",
	       "{\"handover\":\"h\",\"conversation\":\"a\",\"queue\":\"r\","
	       "\"agent\":\"li\",\"how\":\"taken_over\",\"waited_ms\":0}");
	OK(iw_fold(&w));
	EQ(iw_int(w.db, "SELECT count(*) FROM ins_fact WHERE kind=1"), 3);
	EQ(FACT(&w, "wait_ms+talk_ms+hold_ms+acw_ms", "h/1"), 5000 + 60000 + 1000 + 9000);
	EQ(FACT(&w, "transferred*10+handled", "h/1"), 11);
	EQ(FACT(&w, "wait_ms+talk_ms+acw_ms", "h/2"), 7000);
	EQ(FACT(&w, "answered*10+entered", "h/3"), 0);
	EQ(FACT(&w, "agent='li' AND handed=1 AND contained=0", "a"), 1);
	iw_down(&w);
}

static void contact(struct iw *w, const char *id, const char *customer, const char *topic)
{
	talk_opens(w, id, "webchat");
	(void)snprintf(w->customer, sizeof(w->customer), "%s", customer);
	iw_row(w, true, "customer.known", "{\"level\":1}");
	says(w, topic);
	iw_row(w, true, "conversation.closed", "{\"by\":\"customer\"}");
	w->customer[0] = 0;
}

TEST(insight_who_comes_again_within_a_week_was_not_helped)
{
	struct iw w;
	CHECK(iw_up(&w, 1));
	contact(&w, "a", "c1", "invoice");
	w.now += 3 * INS_DAY_MS;
	contact(&w, "b", "c1", "order_status");      /* something else */
	contact(&w, "c", "c2", "invoice");           /* somebody else */
	OK(iw_fold(&w));
	EQ(FACT(&w, "known*10+first", "a"), 11);
	w.now += 3 * INS_DAY_MS;
	contact(&w, "d", "c1", "invoice");
	OK(iw_fold(&w));                             /* a is read from the database */
	EQ(FACT(&w, "known*10+first", "a"), 10);
	w.now += 8 * INS_DAY_MS;
	contact(&w, "e", "c1", "invoice");
	OK(iw_fold(&w));
	EQ(FACT(&w, "known*10+first", "d"), 11);
	EQ(iw_int(w.db, "SELECT sum(known)*10+sum(first) FROM ins_fact"), 54);
	iw_down(&w);
}

TEST(insight_silence_and_interruptions_of_calls)
{
	struct iw w;
	CHECK(iw_up(&w, 1));
	talk_opens(&w, "a", "phone");
	iw_row(&w, true, "turn.customer", "{\"text\":\"x\",\"start_ms\":500,\"end_ms\":1000}");
	iw_row(&w, true, "turn.played", "{\"start_ms\":4999,\"end_ms\":6000}"); /* in time */
	iw_row(&w, true, "turn.customer", "{\"text\":\"x\",\"start_ms\":7000,\"end_ms\":8000}");
	iw_row(&w, true, "turn.cut", "{\"start_ms\":12000,\"end_ms\":13000}");
	iw_row(&w, true, "turn.played", "{\"start_ms\":90000,\"end_ms\":91000}"); /* after nobody */
	OK(iw_fold(&w));
	EQ(FACT(&w, "dead_ms", "a"), 4000);
	EQ(FACT(&w, "dead_n*10+cut_in", "a"), 11);
	iw_down(&w);
}

TEST(insight_time_of_agents_goes_into_its_quarters)
{
	struct iw w;
	CHECK(iw_up(&w, 1));
	w.now += 40 * IW_MIN;
	iw_row(&w, false, "agent.state", "{\"agent\":\"mei\",\"from\":\"ready\",\"to\":\"talking\","
	       "\"ms\":%d}", 35 * 60000);            /* 00:05 to 00:40 */
	w.now += 2 * IW_MIN;
	iw_row(&w, false, "agent.state", "{\"agent\":\"mei\",\"from\":\"hold\",\"to\":\"offline\","
	       "\"ms\":120000}");
	w.now += 60 * IW_MIN;
	iw_row(&w, false, "agent.state", "{\"agent\":\"mei\",\"from\":\"offline\",\"to\":\"ready\","
	       "\"ms\":3600000}");
	OK(iw_fold(&w));
	EQ(iw_int(w.db, "SELECT count(*) FROM ins_fact"), 3);
	EQ(iw_int(w.db, "SELECT ready_ms FROM ins_fact ORDER BY start_ms"), 10 * 60000);
	EQ(iw_int(w.db, "SELECT sum(ready_ms) FROM ins_fact"), 35 * 60000);
	EQ(iw_int(w.db, "SELECT busy_ms FROM ins_fact ORDER BY start_ms DESC"), 2 * 60000);
	iw_down(&w);
}

TEST(insight_odd_rows_change_nothing_and_break_nothing)
{
	struct iw w;
	CHECK(iw_up(&w, 1));
	iw_row(&w, false, "queue.accepted", "{\"handover\":\"never\",\"agent\":\"x\"}");
	iw_row(&w, false, "queue.entered", "{\"queue\":7}");
	iw_row(&w, false, "queue.left", "[1,2]");
	iw_row(&w, false, "agent.state", "{\"agent\":\"x\",\"from\":\"ready\",\"ms\":-5}");
	iw_row(&w, false, "survey.taken", "not json");
	iw_row(&w, false, "something.new", "{}");
	talk_opens(&w, "", "phone");
	OK(iw_fold(&w));
	EQ(iw_int(w.db, "SELECT count(*) FROM ins_fact"), 0);
	EQ(iw_int(w.db, "SELECT v FROM kv WHERE k='insight.mark'"), 7);
	iw_down(&w);
}

/* Facts made in many small stretches are those of one recount; what is damaged is mended. */
TEST(insight_counted_again_is_the_same)
{
	struct iw w;
	struct ins_recount r;
	CHECK(iw_up(&w, 7));
	for (int i = 0; i < 12; i++) {
		OK(iw_week(&w, 10));
		OK(iw_fold(&w));
	}
	int64_t n = iw_int(w.db, "SELECT count(*) FROM ins_fact");
	OK(ins_fact_recount(w.st, &r));
	EQ(r.differ, 0);
	EQ(r.facts, n);
	EQ(r.rows, iw_int(w.db, "SELECT max(pos) FROM event"));
	struct ins_packed p;
	OK(ins_pack(w.st, w.now + 9 * INS_DAY_MS, &p));
	CHECK(p.days > 0);
	iw_down(&w);
}

static int damage(void *arg, struct store_db *db)
{
	(void)arg;
	return store_exec(
		db, "UPDATE ins_fact SET talk_ms=talk_ms+1 WHERE handled=1;"
		    "DELETE FROM ins_fact WHERE id='t00005';"
		    "INSERT INTO ins_fact (id, kind, day, start_ms) VALUES ('zz', 0, 1, 1)");
}

TEST(insight_a_recount_mends)
{
	struct iw w;
	struct ins_recount r;
	CHECK(iw_up(&w, 3));
	OK(iw_week(&w, 60));
	OK(iw_fold(&w));
	int64_t bad = iw_int(w.db, "SELECT count(*) FROM ins_fact WHERE handled=1") + 2;
	OK(store_write(w.st, damage, NULL, NULL, NULL));
	OK(store_flush(w.st));
	OK(ins_fact_recount(w.st, &r));
	EQ(r.differ, bad);
	OK(ins_fact_recount(w.st, &r));
	EQ(r.differ, 0);
	iw_down(&w);
}

static int damage_all(void *arg, struct store_db *db)
{
	(void)arg;
	return store_exec(db, "UPDATE ins_fact SET wait_ms=wait_ms+1");
}

/* More than are mended at once: each is compared once. */
TEST(insight_a_recount_mends_all)
{
	struct iw w;
	struct ins_recount r;
	CHECK(iw_up(&w, 5));
	for (int i = 0; i < 12; i++)
		OK(iw_week(&w, 20));
	OK(iw_fold(&w));
	int64_t n = iw_int(w.db, "SELECT count(*) FROM ins_fact");
	CHECK(n > 500);
	OK(store_write(w.st, damage_all, NULL, NULL, NULL));
	OK(store_flush(w.st));
	OK(ins_fact_recount(w.st, &r));
	EQ(r.differ, n);
	EQ(r.facts, n);
	OK(ins_fact_recount(w.st, &r));
	EQ(r.differ, 0);
	iw_down(&w);
}

/* The row of a start says when what the stop ended had begun; its hours are not those of the
 * start. */
TEST(insight_time_of_before_a_stop_stays_in_its_quarters)
{
	struct iw w;
	CHECK(iw_up(&w, 1));
	int64_t since = w.now + 5 * IW_MIN;
	w.now += 600 * IW_MIN;
	iw_row(&w, false, "agent.state", "{\"agent\":\"mei\",\"from\":\"ready\",\"to\":"
	       "\"offline\",\"reason\":\"restart\",\"ms\":%d,\"since_ms\":%lld}", 20 * 60000,
	       (long long)since);
	iw_row(&w, false, "agent.state", "{\"agent\":\"x\",\"from\":\"ready\",\"ms\":60000,"
	       "\"since_ms\":%lld}", (long long)w.now);
	OK(iw_fold(&w));
	EQ(iw_int(w.db, "SELECT count(*) FROM ins_fact"), 2);
	EQ(iw_int(w.db, "SELECT min(start_ms) FROM ins_fact"), since - 5 * IW_MIN);
	EQ(iw_int(w.db, "SELECT ready_ms FROM ins_fact ORDER BY start_ms"), 10 * 60000);
	EQ(iw_int(w.db, "SELECT sum(ready_ms) FROM ins_fact"), 20 * 60000);
	iw_down(&w);
}
