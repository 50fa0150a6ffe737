/* t_acd_again.c: what must survive: restarts, writes that fail, consoles that vanish, another
 * plan. */
#include "t_acd_help.h"

/* ---- restart ---- */

TEST(acd_a_restart_keeps_places_and_served_chats)
{
	struct aw w;
	char id[4][ACD_ID];
	if (!aw_open(&w, t_tmpdir()))
		return;
	OK(aw_console(&w, "mei", true));
	OK(aw_state(&w, "mei", ACD_READY, ""));
	OK(aw_ask(&w, "C1", "", false, "c1"));
	sv_copy(id[0], ACD_ID, sv_of(w.id));
	OK(aw_act(&w, ACD_DO_ACCEPT, id[0], "mei"));
	OK(aw_state(&w, "mei", ACD_PAUSED, "lunch"));
	for (int i = 1; i < 4; i++) {
		char conv[16];
		(void)snprintf(conv, sizeof(conv), "C%d", i + 1);
		OK(aw_ask(&w, conv, "", i == 3, ""));
		sv_copy(id[i], ACD_ID, sv_of(w.id));
		aw_pass(&w, 3000);
	}
	if (!aw_restart(&w, 20000))
		return;
	CHECK(aw_is(&w, id[0], "state", "ACCEPTED") && aw_is(&w, id[0], "agent", "mei"));
	CHECK(aw_is(&w, id[1], "state", "QUEUED") && aw_is(&w, id[2], "state", "QUEUED"));
	/* the call died with the process; its place has not */
	CHECK(aw_is(&w, id[3], "state", "FAILED") && aw_is(&w, id[3], "why", "restart"));
	EQ(aw_count(&w, "SELECT count(*) FROM handover a JOIN handover b ON b.parent=a.id WHERE "
			"a.why='restart' AND b.kind='callback' AND b.since_ms=a.since_ms AND "
			"b.state='QUEUED'"),
	   1);
	/* talk asks where it stands */
	struct talk_ask again = { .conversation = SV("C1"), .again = true };
	OK(aw_do(&w, (struct acd_order){ .act = ACD_DO_ASK, .ask = &again }));
	STR_EQ(w.id, id[0]);
	CHECK(aw_last(&w, WORD_JOINED) && strcmp(aw_last(&w, WORD_JOINED)->agent, "mei") == 0);
	CHECK(aw_adds_up(&w));
	/* who was on a break is so still, once the console is back */
	OK(aw_console(&w, "mei", true));
	EQ(aw_count(&w, "SELECT count(*) FROM acd_agent_state WHERE login='mei' AND "
			"state='talking' OR state='paused'"),
	   1);
	aw_pass(&w, 70000);
	CHECK(aw_is(&w, id[0], "state", "ACCEPTED"));
	OK(aw_state(&w, "tom", ACD_READY, ""));
	CHECK(aw_is(&w, id[1], "state", "OFFERED"));
	CHECK(aw_adds_up(&w));
	aw_close(&w);
}

TEST(acd_a_wrap_up_goes_on_after_a_restart)
{
	struct aw w;
	char id[ACD_ID];
	if (!aw_open(&w, t_tmpdir()))
		return;
	OK(aw_state(&w, "tom", ACD_READY, ""));
	OK(aw_ask(&w, "C1", "", false, ""));
	sv_copy(id, sizeof(id), sv_of(w.id));
	OK(aw_act(&w, ACD_DO_ACCEPT, id, "tom"));
	aw_pass(&w, 5000);
	OK(aw_act(&w, ACD_DO_END, id, "tom"));
	if (!aw_restart(&w, 5000))
		return;
	aw_pass(&w, 1000);
	CHECK(map_count(w.acd->hos) == 1);
	OK(aw_do(&w, (struct acd_order){ ACD_DO_WRAPPED, .handover = sv_of(id),
					 .agent = SV("tom") }));
	EQ(aw_count(&w, "SELECT count(*) FROM event WHERE kind='queue.wrapped' AND body LIKE "
			"'%\"acw_ms\":6000%'"),
	   1);
	/* chosen after the time for it: kept, told, and not counted twice */
	OK(aw_do(&w, (struct acd_order){ ACD_DO_WRAPPED, .handover = sv_of(id),
					 .agent = SV("tom"),
					 .json = SV("{\"disposition\":\"other\"}") }));
	EQ(aw_count(&w, "SELECT count(*) FROM event WHERE kind='queue.wrapped'"), 1);
	EQ(aw_count(&w, "SELECT count(*) FROM event WHERE kind='queue.disposed'"), 1);
	EQ(aw_do(&w, (struct acd_order){ ACD_DO_WRAPPED, .handover = sv_of(id),
					 .json = SV("[1]") }),
	   ERR_INVAL);
	CHECK(map_count(w.acd->hos) == 0);
	CHECK(aw_adds_up(&w));
	aw_close(&w);
}

TEST(acd_a_wrap_up_of_what_went_back_to_the_bot_goes_on_too)
{
	struct aw w;
	if (!aw_open(&w, t_tmpdir()))
		return;
	OK(aw_state(&w, "tom", ACD_READY, ""));
	OK(aw_ask(&w, "C1", "", false, ""));
	OK(aw_act(&w, ACD_DO_ACCEPT, w.id, "tom"));
	OK(aw_act(&w, ACD_DO_BACK, w.id, "tom"));
	if (!aw_restart(&w, 5000))
		return;
	EQ(map_count(w.acd->hos), 1);
	EQ(aw_count(&w, "SELECT count(*) FROM event WHERE kind='queue.wrapped'"), 0);
	aw_pass(&w, 26000);
	EQ(map_count(w.acd->hos), 0);
	EQ(aw_count(&w, "SELECT count(*) FROM event WHERE kind='queue.wrapped' AND body LIKE "
			"'%\"acw_ms\":30000%'"),
	   1);
	EQ(aw_count(&w, "SELECT count(*) FROM handover WHERE state='RETURNED' AND wrapped_ms>0"),
	   1);
	CHECK(aw_adds_up(&w));
	aw_close(&w);
}

/* ms ends at the last row before the stop, the row is of the start: when it began is told, too. */
TEST(acd_the_row_of_a_start_says_when_the_state_began)
{
	struct aw w;
	if (!aw_open(&w, t_tmpdir()))
		return;
	OK(aw_console(&w, "mei", true));
	OK(aw_state(&w, "mei", ACD_READY, ""));
	int64_t since = aw_count(&w, "SELECT since_ms FROM acd_agent_state WHERE login='mei'");
	aw_pass(&w, 60000);
	OK(aw_state(&w, "tom", ACD_READY, ""));      /* the last row of before */
	char sql[200];
	(void)snprintf(sql, sizeof(sql), "SELECT count(*) FROM event WHERE kind='agent.state' AND "
		       "body LIKE '%%\"ms\":60000,\"since_ms\":%lld%%'", (long long)since);
	if (!aw_restart(&w, 3600000))
		return;
	EQ(aw_count(&w, sql), 1);
	OK(aw_console(&w, "mei", true));
	EQ(aw_count(&w, "SELECT count(*) FROM event WHERE kind='agent.state' AND body LIKE "
			"'%since_ms%'"),
	   1);
	aw_close(&w);
}

static void sql(struct aw *w, const char *text);

TEST(acd_a_wrap_up_whose_queue_has_none_any_more_ends_at_the_start)
{
	struct aw w;
	if (!aw_open(&w, t_tmpdir()))
		return;
	OK(aw_state(&w, "tom", ACD_READY, ""));
	OK(aw_ask(&w, "C1", "", false, ""));
	OK(aw_act(&w, ACD_DO_ACCEPT, w.id, "tom"));
	OK(aw_act(&w, ACD_DO_END, w.id, "tom"));
	sql(&w, "INSERT INTO acd_conf (kind, id, body, updated_ms) VALUES ('queue', 'general', "
		"'{\"id\":\"general\",\"title\":{\"zh\":\"Z\",\"en\":\"E\"},"
		"\"wrapup_s\":0}', 1)");
	if (!aw_restart(&w, 5000))
		return;
	EQ(aw_count(&w, "SELECT count(*) FROM event WHERE kind='queue.wrapped'"), 1);
	EQ(map_count(w.acd->hos), 0);
	CHECK(aw_adds_up(&w));
	aw_close(&w);
}

static int hold(struct aw *w, bool on)
{
	return aw_do(w, (struct acd_order){ ACD_DO_HOLD, .conversation = SV("C1"),
					    .agent = SV("tom"), .on = on });
}

TEST(acd_a_hold_of_before_a_restart_counts)
{
	struct aw w;
	if (!aw_open(&w, t_tmpdir()))
		return;
	OK(aw_state(&w, "tom", ACD_READY, ""));
	OK(aw_ask(&w, "C1", "", false, ""));
	OK(aw_act(&w, ACD_DO_ACCEPT, w.id, "tom"));
	OK(hold(&w, true));
	aw_pass(&w, 4000);
	OK(hold(&w, false));
	aw_pass(&w, 1000);
	OK(hold(&w, true));
	aw_pass(&w, 2000);
	if (!aw_restart(&w, 3000))
		return;
	aw_pass(&w, 1000);
	OK(aw_act(&w, ACD_DO_END, w.id, "tom"));
	EQ(aw_count(&w, "SELECT json_extract(body,'$.hold_ms') FROM event WHERE "
			"kind='queue.ended'"),
	   10000);
	CHECK(aw_adds_up(&w));
	aw_close(&w);
}

/* ---- consoles ---- */

TEST(acd_a_console_that_is_gone_costs_no_customer_anything)
{
	struct aw w;
	char a[ACD_ID], b[ACD_ID];
	if (!aw_open(&w, ""))
		return;
	OK(aw_console(&w, "mei", true));
	OK(aw_console(&w, "mei", true));        /* two windows */
	OK(aw_state(&w, "mei", ACD_READY, ""));
	OK(aw_ask(&w, "C1", "", false, ""));
	sv_copy(a, sizeof(a), sv_of(w.id));
	OK(aw_act(&w, ACD_DO_ACCEPT, a, "mei"));
	OK(aw_console(&w, "mei", false));
	aw_pass(&w, 90000);
	CHECK(aw_is(&w, a, "state", "ACCEPTED"));       /* one is there still */
	OK(aw_console(&w, "mei", false));
	aw_pass(&w, 20000);
	OK(aw_console(&w, "mei", true));        /* a page that was loaded again */
	aw_pass(&w, 60000);
	CHECK(aw_is(&w, a, "state", "ACCEPTED"));
	OK(aw_console(&w, "mei", false));
	aw_pass(&w, 1000);
	OK(aw_ask(&w, "C2", "", false, ""));
	sv_copy(b, sizeof(b), sv_of(w.id));
	aw_pass(&w, 30000);
	CHECK(aw_is(&w, b, "state", "QUEUED"));
	EQ(aw_count(&w, "SELECT count(*) FROM acd_agent_state WHERE login='mei' AND "
			"presence='paused' AND reason='gone'"),
	   1);
	CHECK(aw_is(&w, a, "state", "ACCEPTED"));
	aw_pass(&w, 31000);
	CHECK(aw_is(&w, a, "state", "QUEUED"));
	CHECK(aw_last(&w, WORD_QUEUED) != NULL);
	STR_EQ(aw_last(&w, WORD_QUEUED)->conversation, "C1");
	OK(aw_state(&w, "tom", ACD_READY, ""));
	CHECK(aw_is(&w, a, "state", "OFFERED")); /* in front of who came later */
	CHECK(aw_adds_up(&w));
	aw_close(&w);
}

TEST(acd_the_time_log_of_an_agent_has_no_holes)
{
	struct aw w;
	if (!aw_open(&w, ""))
		return;
	int64_t from = loop_wall_ms(w.loop);
	OK(aw_state(&w, "tom", ACD_READY, ""));
	int64_t ready = loop_wall_ms(w.loop);
	aw_pass(&w, 10000);
	OK(aw_state(&w, "tom", ACD_PAUSED, "lunch"));
	aw_pass(&w, 7000);
	OK(aw_do(&w, (struct acd_order){ ACD_DO_FORCE, .agent = SV("tom"), .by = SV("lin"),
					 .presence = ACD_READY }));
	aw_pass(&w, 3000);
	OK(aw_state(&w, "tom", ACD_OFFLINE, ""));
	CHECK(ready >= from);
	EQ(aw_count(&w, "SELECT sum(json_extract(body,'$.ms')) FROM event WHERE "
			"kind='agent.state' AND actor='tom'"),
	   20000);
	EQ(aw_count(&w, "SELECT count(*) FROM event WHERE kind='agent.state' AND body LIKE "
			"'%\"from\":\"paused\",\"to\":\"ready\"%\"ms\":7000%'"),
	   1);
	CHECK(aw_last_fed(&w, "agent.state") != NULL);
	aw_close(&w);
}

TEST(acd_figures_begin_again_at_midnight)
{
	struct aw w;
	struct acd_queue_now q;
	if (!aw_open(&w, t_tmpdir()))
		return;
	OK(aw_state(&w, "tom", ACD_READY, ""));
	OK(aw_ask(&w, "C1", "", false, ""));
	OK(aw_act(&w, ACD_DO_ACCEPT, w.id, "tom"));
	OK(aw_ask(&w, "C2", "technical_fault", false, ""));
	loop_sim_advance(w.loop, w.acd->day + CAL_DAY - loop_wall_ms(w.loop));
	aw_settle(&w);
	OK(acd_core_queue_now(w.acd->core, SV("general"), loop_wall_ms(w.loop), &q));
	EQ(q.n.entered, 0);
	EQ(q.serving, 1);
	EQ(w.acd->day % CAL_DAY, 0);
	struct acd_agent_now tom;
	OK(acd_core_agent_now(w.acd->core, SV("tom"), loop_wall_ms(w.loop), &tom));
	EQ(tom.answered, 0);
	EQ(tom.served, 1);
	OK(aw_do(&w, (struct acd_order){ ACD_DO_END, .conversation = SV("C1"),
					 .agent = SV("tom") }));
	OK(acd_core_queue_now(w.acd->core, SV("general"), loop_wall_ms(w.loop), &q));
	EQ(q.n.ended, 1);
	CHECK(aw_adds_up(&w));
	if (!aw_restart(&w, 1000))
		return;
	OK(acd_core_queue_now(w.acd->core, SV("general"), loop_wall_ms(w.loop), &q));
	EQ(q.n.ended, 1);
	CHECK(aw_adds_up(&w));
	aw_close(&w);
}

TEST(acd_a_break_chosen_in_a_chat_is_told_at_once)
{
	struct aw w;
	if (!aw_open(&w, ""))
		return;
	OK(aw_state(&w, "tom", ACD_READY, ""));
	OK(aw_ask(&w, "C1", "", false, ""));
	OK(aw_act(&w, ACD_DO_ACCEPT, w.id, "tom"));
	OK(aw_state(&w, "tom", ACD_PAUSED, "lunch"));
	const struct aw_fed *f = aw_last_fed(&w, "agent.state");
	CHECK(f != NULL);
	HAS(sv_of(f->json), "\"state\":\"talking\",\"presence\":\"paused\",\"reason\":\"lunch\"");
	OK(aw_do(&w, (struct acd_order){ ACD_DO_FORCE, .agent = SV("tom"), .by = SV("lin"),
					 .presence = ACD_OFFLINE }));
	OK(aw_act(&w, ACD_DO_END, w.id, "tom"));
	aw_pass(&w, 31000);
	EQ(aw_count(&w, "SELECT count(*) FROM acd_agent_state WHERE login='tom' AND "
			"state='offline'"),
	   1);
	aw_close(&w);
}

TEST(acd_who_does_not_answer_while_serving_is_paused_on_disk_too)
{
	struct aw w;
	if (!aw_open(&w, ""))
		return;
	OK(aw_state(&w, "tom", ACD_READY, ""));
	OK(aw_ask(&w, "C1", "", false, ""));
	OK(aw_act(&w, ACD_DO_ACCEPT, w.id, "tom"));
	OK(aw_ask(&w, "C2", "", false, ""));
	aw_pass(&w, 120000);                    /* three offers and the rests between them */
	EQ(aw_count(&w, "SELECT count(*) FROM acd_agent_state WHERE login='tom' AND "
			"presence='paused' AND reason='no_answer' AND state='talking'"),
	   1);
	HAS(sv_of(aw_last_fed(&w, "agent.state")->json),
	    "\"state\":\"talking\",\"presence\":\"paused\",\"reason\":\"no_answer\"");
	aw_close(&w);
}

TEST(acd_a_console_that_goes_is_counted_when_no_order_is_taken)
{
	struct aw w;
	if (!aw_open(&w, ""))
		return;
	OK(aw_console(&w, "mei", true));
	w.acd->waiting += ACD_ORDERS;
	EQ(aw_console(&w, "mei", false), ERR_FULL);
	w.acd->waiting -= ACD_ORDERS;
	EQ(acd_sockets(w.acd, acd_agent_of(w.acd, SV("mei"), false)), 0);
	aw_close(&w);
}

/* ---- writes that fail ---- */

static int run_sql(void *arg, struct store_db *db)
{
	return store_exec(db, arg);
}

static void sql(struct aw *w, const char *text)
{
	(void)store_write(w->store, run_sql, (void *)text, NULL, NULL);
	(void)store_flush(w->store);
}

TEST(acd_what_cannot_be_written_has_not_happened)
{
	struct aw w;
	char id[ACD_ID];
	if (!aw_open(&w, t_tmpdir()))
		return;
	OK(aw_console(&w, "mei", true));
	OK(aw_state(&w, "mei", ACD_READY, ""));
	OK(aw_ask(&w, "C1", "", false, ""));
	sv_copy(id, sizeof(id), sv_of(w.id));
	sql(&w, "CREATE TRIGGER full_disk BEFORE UPDATE ON handover BEGIN SELECT "
		"RAISE(ABORT, 'no'); END");
	size_t words = w.words.n;
	int before = w.done;
	struct acd_order o = { ACD_DO_ACCEPT, .handover = sv_of(id), .agent = SV("mei"),
			       .done = aw_on_done, .arg = &w };
	OK(acd_do(w.acd, &o));
	for (int i = 0; i < 5; i++) {
		loop_sim_advance(w.loop, 0);
		(void)store_flush(w.store);
	}
	loop_sim_advance(w.loop, 0);
	EQ(w.done, before + 1);
	CHECK(w.err < 0);
	EQ(w.words.n, words);                   /* nobody was told that she joined */
	CHECK(aw_is(&w, id, "state", "OFFERED"));
	/* the customer leaves meanwhile: that is so, and is written when it can be */
	o = (struct acd_order){ ACD_DO_GONE, .handover = sv_of(id), .why = SV("left"),
				.done = aw_on_done, .arg = &w };
	OK(acd_do(w.acd, &o));
	for (int i = 0; i < 20; i++) {
		loop_sim_advance(w.loop, 500);
		(void)store_flush(w.store);
	}
	EQ(w.done, before + 1);
	sql(&w, "DROP TRIGGER full_disk");
	for (int i = 0; i < 20 && w.done == before + 1; i++) {
		loop_sim_advance(w.loop, 500);
		(void)store_flush(w.store);
	}
	EQ(w.done, before + 2);
	OK(w.err);
	aw_settle(&w);
	CHECK(aw_is(&w, id, "state", "FAILED"));
	EQ(aw_count(&w, "SELECT count(*) FROM event WHERE kind='queue.left'"), 1);
	/* one console is one still, after all the reading again */
	EQ(acd_sockets(w.acd, acd_agent_of(w.acd, SV("mei"), false)), 1);
	OK(aw_ask(&w, "C2", "", false, ""));
	CHECK(aw_is(&w, w.id, "state", "OFFERED") && aw_is(&w, w.id, "agent", "mei"));
	aw_close(&w);
}

static void turns(struct aw *w, int n)
{
	for (int i = 0; i < n; i++) {
		loop_sim_advance(w->loop, i ? 500 : 0);
		(void)store_flush(w->store);
	}
	loop_sim_advance(w->loop, 0);
}

TEST(acd_a_wish_that_cannot_be_written_is_told)
{
	struct aw w;
	struct talk_ask old = { .conversation = SV("C1"), .language = SV("zh") }, new = old;
	new.conversation = SV("C2");
	if (!aw_open(&w, t_tmpdir()))
		return;
	OK(aw_ask(&w, "C1", "", false, ""));
	sql(&w, "CREATE TRIGGER full_disk BEFORE INSERT ON handover BEGIN SELECT "
		"RAISE(ABORT, 'no'); END");
	/* one who waits asks again, in the same write as a new one */
	OK(acd_do(w.acd, &(struct acd_order){ .act = ACD_DO_ASK, .ask = &old }));
	OK(acd_do(w.acd, &(struct acd_order){ .act = ACD_DO_ASK, .ask = &new }));
	turns(&w, 2);
	const struct aw_word *x = aw_last(&w, WORD_NOBODY);
	CHECK(x != NULL);
	STR_EQ(x->conversation, "C2");
	STR_EQ(x->why, "full");
	size_t nobody = 0;
	for (size_t i = 0; i < w.words.n; i++)
		nobody += w.words.v[i].kind == WORD_NOBODY;
	EQ(nobody, 1);
	sql(&w, "DROP TRIGGER full_disk");
	turns(&w, 4);
	aw_settle(&w);
	EQ(aw_count(&w, "SELECT count(*) FROM handover"), 1);
	/* it asks again and is taken */
	OK(aw_ask(&w, "C2", "", false, ""));
	CHECK(aw_is(&w, w.id, "state", "QUEUED"));
	CHECK(aw_adds_up(&w));
	aw_close(&w);
}

TEST(acd_what_could_not_be_read_again_is_read_whole)
{
	struct aw w;
	if (!aw_open(&w, t_tmpdir()))
		return;
	OK(aw_ask(&w, "C1", "", false, ""));
	sql(&w, "ALTER TABLE event RENAME TO away");
	OK(acd_do(w.acd, &(struct acd_order){ ACD_DO_GONE, .conversation = SV("C1"),
					      .why = SV("left") }));
	turns(&w, 3);
	CHECK(w.acd->broken && w.acd->unread);
	CHECK(w.acd->core == NULL && map_count(w.acd->hos) == 0);
	sql(&w, "ALTER TABLE away RENAME TO event");
	turns(&w, 6);
	aw_settle(&w);
	CHECK(aw_is(&w, w.id, "state", "FAILED"));
	CHECK(aw_adds_up(&w));
	aw_close(&w);
}

TEST(acd_one_that_cannot_be_written_stops_no_other)
{
	struct aw w;
	char bad[ACD_ID], good[ACD_ID];
	if (!aw_open(&w, t_tmpdir()))
		return;
	OK(aw_ask(&w, "C1", "technical_fault", false, ""));
	sv_copy(bad, sizeof(bad), sv_of(w.id));
	OK(aw_ask(&w, "C2", "", false, ""));
	sv_copy(good, sizeof(good), sv_of(w.id));
	sql(&w, "CREATE TRIGGER poison BEFORE UPDATE ON handover WHEN NEW.conversation='C1' BEGIN "
		"SELECT RAISE(ABORT, 'no'); END");
	int before = w.done;
	struct acd_order o = { ACD_DO_GONE, .handover = sv_of(bad), .why = SV("left"),
			       .done = aw_on_done, .arg = &w };
	OK(acd_do(w.acd, &o));
	OK(acd_do(w.acd, &(struct acd_order){ ACD_DO_PRESENCE, .agent = SV("tom"),
					      .presence = ACD_READY }));
	for (int i = 0; i < 40; i++) {
		loop_sim_advance(w.loop, 500);
		(void)store_flush(w.store);
	}
	/* the request beside it was refused; it comes again and is done, and so are all others */
	OK(acd_do(w.acd, &(struct acd_order){ ACD_DO_PRESENCE, .agent = SV("tom"),
					      .presence = ACD_READY }));
	for (int i = 0; i < 8; i++) {
		loop_sim_advance(w.loop, 500);
		(void)store_flush(w.store);
	}
	CHECK(aw_is(&w, good, "state", "OFFERED"));
	CHECK(aw_is(&w, bad, "state", "QUEUED"));
	EQ(w.done, before);
	sql(&w, "DROP TRIGGER poison");
	for (int i = 0; i < 8; i++) {
		loop_sim_advance(w.loop, 500);
		(void)store_flush(w.store);
	}
	aw_settle(&w);
	CHECK(aw_is(&w, bad, "state", "FAILED"));
	EQ(w.done, before + 1);
	CHECK(aw_adds_up(&w));
	aw_close(&w);
}

/* ---- configuration ---- */

struct put {
	enum acd_conf kind;
	const char *id, *body;
	int64_t version;
	int rc;
};

static int do_put(void *arg, struct store_db *db)
{
	struct put *p = arg;
	p->rc = p->body ? acd_conf_put(db, p->kind, sv_of(p->id), sv_of(p->body), p->version,
				       SV("lin"), AW_START) :
			  acd_conf_delete(db, p->kind, sv_of(p->id), p->version, SV("lin"),
					  AW_START);
	return p->rc;
}

static int put(struct aw *w, struct put p)
{
	(void)store_write(w->store, do_put, &p, NULL, NULL);
	(void)store_flush(w->store);
	return p.rc ? p.rc : aw_do(w, (struct acd_order){ .act = ACD_DO_PLAN });
}

TEST(acd_the_plan_changes_while_customers_wait)
{
	struct aw w;
	struct cfg_report rep = { 0 };
	char id[ACD_ID];
	if (!aw_open(&w, t_tmpdir()))
		return;
	OK(aw_ask(&w, "C1", "technical_fault", false, ""));
	sv_copy(id, sizeof(id), sv_of(w.id));
	OK(aw_state(&w, "tom", ACD_READY, ""));
	CHECK(aw_is(&w, id, "state", "QUEUED"));        /* he cannot do it */
	CHECK(acd_conf_check(w.acd, ACD_CONF_AGENT, SV("tom"),
			     SV("{\"login\":\"tom\",\"skills\":{\"cooking\":3},\"queues\":["
				"\"fiber\"]}"),
			     &rep) != 0);
	CHECK(rep.n > 0);
	cfg_report_done(&rep);
	rep = (struct cfg_report){ 0 };
	static const char tom[] = "{\"login\":\"tom\",\"name\":\"Tom\",\"skills\":{\"fiber\":4},"
				  "\"queues\":[\"fiber\"]}";
	OK(acd_conf_check(w.acd, ACD_CONF_AGENT, SV("tom"), sv_of(tom), &rep));
	cfg_report_done(&rep);
	OK(put(&w, (struct put){ ACD_CONF_AGENT, "tom", tom, -1, 0 }));
	aw_pass(&w, 1000);
	CHECK(aw_is(&w, id, "state", "OFFERED") && aw_is(&w, id, "agent", "tom"));
	EQ(put(&w, (struct put){ ACD_CONF_AGENT, "tom", tom, -1, 0 }), ERR_EXISTS);
	EQ(put(&w, (struct put){ ACD_CONF_AGENT, "tom", tom, 7, 0 }), ERR_CONFLICT);
	EQ(put(&w, (struct put){ ACD_CONF_AGENT, "tom", "[]", 1, 0 }), ERR_INVAL);
	OK(put(&w, (struct put){ ACD_CONF_AGENT, "tom", tom, 1, 0 }));
	EQ(aw_count(&w, "SELECT count(*) FROM event WHERE kind='acd.config' AND actor='lin'"), 2);
	/* a row that does not fit any more keeps nobody from opening */
	sql(&w, "INSERT INTO acd_conf (kind, id, body, updated_ms) VALUES ('agent', 'ghost', "
		"'{\"login\":\"ghost\",\"queues\":[\"nowhere\"]}', 1)");
	if (!aw_restart(&w, 1000))
		return;
	CHECK(aw_is(&w, id, "queue", "fiber"));
	EQ(acd_plan_person_of(w.acd->plan, SV("ghost")), -1);
	CHECK(acd_plan_person_of(w.acd->plan, SV("tom")) >= 0);
	aw_close(&w);
}

/* Waited too long where the late are to be called back, and no call back is offered: it is over,
 * and the word says what is offered instead. */
TEST(acd_what_a_queue_offers_goes_with_the_word)
{
	static const char *const rows[] = {
		"{\"id\":\"fiber\",\"title\":{\"zh\":\"F\",\"en\":\"F\"},\"max_wait_s\":600,"
		"\"overflow\":{\"late\":\"callback\"},\"callback\":false}",
		"{\"id\":\"fiber\",\"title\":{\"zh\":\"F\",\"en\":\"F\"},\"max_wait_s\":600,"
		"\"overflow\":{\"late\":\"callback\"},\"callback\":false,\"voicemail\":true}",
	};
	struct aw w;
	if (!aw_open(&w, ""))
		return;
	for (int i = 0; i < 2; i++) {
		sv who = i ? SV("C2") : SV("C1");
		char id[ACD_ID];
		OK(put(&w, (struct put){ ACD_CONF_QUEUE, "fiber", rows[i], i ? 1 : -1, 0 }));
		OK(aw_ask(&w, who.p, "technical_fault", false, ""));
		sv_copy(id, sizeof(id), sv_of(w.id));
		CHECK(aw_last(&w, WORD_QUEUED)->no_callback);
		EQ(aw_last(&w, WORD_QUEUED)->voicemail, i);
		aw_pass(&w, 601000);
		const struct aw_word *x = aw_last(&w, WORD_NOBODY);
		CHECK(x && sv_eq(sv_of(x->conversation), who));
		STR_EQ(x->why, "timeout");
		CHECK(x->no_callback && x->voicemail == (i == 1));
		CHECK(aw_is(&w, id, "state", "FAILED") && aw_is(&w, id, "why", "timeout"));
	}
	OK(aw_do(&w, (struct acd_order){ ACD_DO_GONE, .conversation = SV("C2"),
					 .why = SV("voicemail") }));
	CHECK(aw_is(&w, w.id, "kind", "voicemail"));
	/* a queue that says nothing of it calls back */
	OK(aw_ask(&w, "C3", "", false, ""));
	CHECK(!aw_last(&w, WORD_QUEUED)->no_callback && !aw_last(&w, WORD_QUEUED)->voicemail);
	CHECK(aw_adds_up(&w));
	aw_close(&w);
}

TEST(acd_rows_of_the_plan_may_name_each_other)
{
	static const char alpha[] = "{\"id\":\"alpha\",\"title\":{\"zh\":\"A\",\"en\":"
				    "\"A\"},\"max_len\":3,\"overflow\":{\"full\":"
				    "\"queue:beta\"}}";
	static const char beta[] = "{\"id\":\"beta\",\"title\":{\"zh\":\"B\",\"en\":"
				   "\"B\"}}";
	struct aw w;
	if (!aw_open(&w, t_tmpdir()))
		return;
	OK(put(&w, (struct put){ ACD_CONF_QUEUE, "beta", beta, -1, 0 }));
	OK(put(&w, (struct put){ ACD_CONF_QUEUE, "alpha", alpha, -1, 0 }));
	CHECK(acd_plan_queue_of(w.acd->plan, SV("alpha")) >= 0);
	/* a skill that people of the file have is taken from them, then out */
	OK(put(&w, (struct put){ ACD_CONF_AGENT, "mei", "{\"login\":\"mei\"}", -1, 0 }));
	OK(put(&w, (struct put){ ACD_CONF_AGENT, "tom", "{\"login\":\"tom\"}", -1, 0 }));
	OK(put(&w, (struct put){ ACD_CONF_SKILL, "orders", NULL, 0, 0 }));
	EQ(acd_plan_skill_of(w.acd->plan, SV("orders")), -1);
	/* and all of that beside one that is wrong */
	sql(&w, "INSERT INTO acd_conf (kind, id, body, updated_ms) VALUES ('queue', 'aa', "
		"'{\"id\":\"aa\",\"max_len\":\"many\"}', 1)");
	if (!aw_restart(&w, 1000))
		return;
	EQ(acd_plan_queue_of(w.acd->plan, SV("aa")), -1);
	CHECK(acd_plan_queue_of(w.acd->plan, SV("alpha")) >= 0);
	EQ(acd_plan_skill_of(w.acd->plan, SV("orders")), -1);
	aw_close(&w);
}

TEST(acd_what_was_taken_out_can_be_made_again)
{
	static const char q[] = "{\"id\":\"alpha\",\"title\":{\"zh\":\"A\",\"en\":\"A\"}}";
	struct aw w;
	if (!aw_open(&w, ""))
		return;
	OK(put(&w, (struct put){ ACD_CONF_QUEUE, "alpha", q, -1, 0 }));
	OK(put(&w, (struct put){ ACD_CONF_QUEUE, "alpha", NULL, 1, 0 }));
	EQ(acd_plan_queue_of(w.acd->plan, SV("alpha")), -1);
	OK(put(&w, (struct put){ ACD_CONF_QUEUE, "alpha", q, -1, 0 }));
	CHECK(acd_plan_queue_of(w.acd->plan, SV("alpha")) >= 0);
	EQ(put(&w, (struct put){ ACD_CONF_QUEUE, "alpha", q, -1, 0 }), ERR_EXISTS);
	EQ(put(&w, (struct put){ ACD_CONF_QUEUE, "alpha", q, 2, 0 }), ERR_CONFLICT);
	OK(put(&w, (struct put){ ACD_CONF_QUEUE, "alpha", q, 3, 0 }));
	aw_close(&w);
}

TEST(acd_a_plan_with_a_fault_does_not_open)
{
	struct store *st;
	struct acd *a = NULL;
	struct err e = { 0 };
	struct store_opts so = { .dir = "", .group_ms = -1 };
	OK(store_open(&st, &so, &e));
	struct loop *l = loop_new_sim(AW_START);
	struct acd_opts o = { .store = st, .loop = l, .yaml = SV("queues: [{ id: 7 }]\n"),
			      .yaml_name = "q.yaml" };
	CHECK(acd_open(&a, &o, &e) != 0);
	CHECK(a == NULL);
	HAS(sv_of(e.msg), "q.yaml");
	store_close(st);
	loop_free(l);
}

/* ---- reading ---- */

TEST(acd_lists_have_pages_and_boards_have_figures)
{
	struct aw w;
	struct store_db *db;
	struct sb b;
	int seen = 0;
	char after[ACD_ID] = "";
	if (!aw_open(&w, ""))
		return;
	OK(aw_state(&w, "tom", ACD_READY, ""));
	for (int i = 0; i < 7; i++) {
		char conv[16];
		(void)snprintf(conv, sizeof(conv), "C%d", i);
		OK(aw_ask(&w, conv, "", false, ""));
		if (i == 0)
			OK(aw_act(&w, ACD_DO_ACCEPT, w.id, "tom"));
	}
	OK(store_reader(w.store, &db));
	sb_init(&b, LIM_JSON_BYTES);
	do {
		struct acd_query q = { .state = SV("live"), .queue = SV("general"), .limit = 3,
				       .after = sv_of(after) };
		sb_reset(&b);
		OK(acd_list(db, &q, &b));
		jv *o = jv_parse(sb_sv(&b), NULL);
		CHECK(o != NULL);
		seen += (int)jv_len(jv_get(o, "items"));
		sv_copy(after, sizeof(after), jv_get_str(o, "next"));
		jv_free(o);
	} while (after[0] && seen < 100);
	EQ(seen, 7);
	EQ(acd_list(db, &(struct acd_query){ .after = SV("x' OR 1") }, &b), ERR_INVAL);
	EQ(acd_get(db, SV("none"), NULL, &b), ERR_NOTFOUND);
	sb_reset(&b);
	OK(acd_work(db, SV("tom"), NULL, &b));
	jv *work = jv_parse(sb_sv(&b), NULL);
	EQ(jv_len(work), 2);                    /* the one he serves, the one that rings */
	jv_free(work);
	sb_reset(&b);
	OK(acd_agent_state(db, SV("tom"), &b));
	HAS(sb_sv(&b), "\"presence\":\"ready\"");
	sb_reset(&b);
	acd_board(w.acd, &b);
	struct err e = { 0 };
	jv *o = jv_parse(sb_sv(&b), &e);
	if (!o)
		printf("# %s: %s\n", e.msg, sb_str(&b));
	CHECK(o != NULL);
	EQ(jv_len(jv_get(o, "queues")), 2);
	EQ(jv_len(jv_get(o, "agents")), 3);
	EQ(jv_len(jv_get(o, "skills")), 2);
	const jv *general = jv_at(jv_get(o, "queues"), 0);
	SV_EQ(jv_get_str(general, "id"), "general");
	EQ(jv_get_int(general, "waiting", -1), 5);
	EQ(jv_get_int(general, "answered", -1), 1);
	size_t served = 0;
	for (size_t i = 0; i < 3; i++)
		served += jv_len(jv_get(jv_at(jv_get(o, "agents"), i), "handovers"));
	EQ(served, 1);
	jv_free(o);
	sb_done(&b);
	aw_close(&w);
}
