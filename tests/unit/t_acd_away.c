/* t_acd_away.c: customers who close the page of their chat: told, out of the queue after a while,
 * in it again when they are back. */
#include "t_acd_help.h"

static int page(struct aw *w, const char *conversation, bool open)
{
	return aw_do(w, (struct acd_order){ .act = ACD_DO_PAGE, .conversation = sv_of(conversation),
					    .by = SV("customer"), .on = open });
}

static int64_t away(struct aw *w, const char *id)
{
	char sql[160];
	(void)snprintf(sql, sizeof(sql), "SELECT coalesce(away_ms,-1) FROM handover WHERE id='%s'",
		       id);
	return aw_count(w, sql);
}

static int64_t rows(struct aw *w, const char *like)
{
	char sql[240];
	(void)snprintf(sql, sizeof(sql), "SELECT count(*) FROM event WHERE kind||body LIKE '%s'",
		       like);
	return aw_count(w, sql);
}

TEST(acd_away_leaves_the_queue_and_comes_back_with_its_place)
{
	struct aw w;
	char first[ACD_ID], second[ACD_ID];
	if (!aw_open(&w, t_tmpdir()))
		return;
	OK(aw_ask(&w, "C1", "", false, ""));
	sv_copy(first, sizeof(first), sv_of(w.id));
	OK(page(&w, "C1", true));
	EQ(away(&w, first), 0);
	aw_pass(&w, 10000);
	OK(page(&w, "C1", false));
	CHECK(away(&w, first) > 0);
	CHECK(aw_last_fed(&w, "handover.page") != NULL);
	aw_pass(&w, 299000);
	CHECK(aw_is(&w, first, "state", "QUEUED"));
	aw_pass(&w, 2000);
	CHECK(aw_is(&w, first, "state", "REQUESTED") && aw_is(&w, first, "why", "away"));
	EQ(rows(&w, "queue.left%\"why\":\"abandoned\"%\"away\":true%"), 1);
	CHECK(aw_last(&w, WORD_QUEUED) && strcmp(aw_last(&w, WORD_QUEUED)->why, "away") == 0);
	CHECK(aw_adds_up(&w));
	/* nobody is rung for a customer who is not there */
	OK(aw_ask(&w, "C2", "", false, ""));
	sv_copy(second, sizeof(second), sv_of(w.id));
	OK(aw_state(&w, "tom", ACD_READY, ""));
	CHECK(aw_is(&w, second, "state", "OFFERED") && aw_is(&w, first, "state", "REQUESTED"));
	OK(aw_state(&w, "tom", ACD_PAUSED, "lunch"));
	OK(aw_ask(&w, "C3", "", false, ""));
	aw_pass(&w, 100000);
	/* it had waited ten seconds: so had neither of the others when it left */
	OK(page(&w, "C1", true));
	CHECK(aw_is(&w, first, "state", "QUEUED") && aw_is(&w, first, "why", ""));
	EQ(away(&w, first), 0);
	EQ(aw_count(&w, "SELECT count(*) FROM handover a, handover b WHERE a.conversation='C1' AND "
			"b.conversation='C3' AND a.since_ms>b.since_ms"),
	   1);
	EQ(rows(&w, "queue.entered%\"how\":\"back\"%"), 1);
	CHECK(strcmp(aw_last(&w, WORD_QUEUED)->why, "back") == 0);
	EQ(aw_last(&w, WORD_QUEUED)->position, 3);
	CHECK(aw_adds_up(&w));
	aw_close(&w);
}

TEST(acd_away_who_comes_back_in_time_has_lost_nothing)
{
	struct aw w;
	if (!aw_open(&w, t_tmpdir()))
		return;
	OK(aw_ask(&w, "C1", "", false, ""));
	int64_t since = aw_count(&w, "SELECT since_ms FROM handover");
	OK(page(&w, "C1", false));
	aw_pass(&w, 200000);
	OK(page(&w, "C1", true));
	aw_pass(&w, 200000);
	CHECK(aw_is(&w, w.id, "state", "QUEUED"));
	EQ(aw_count(&w, "SELECT since_ms FROM handover"), since);
	EQ(rows(&w, "queue.left%"), 0);
	/* said twice is said once; a conversation that wants nobody, and a page never seen, are
	 * nothing */
	size_t fed = w.fed.n;
	OK(page(&w, "C1", true));
	OK(page(&w, "C9", false));
	EQ(w.fed.n, fed);
	OK(aw_ask(&w, "C2", "", false, ""));
	aw_pass(&w, 400000);
	EQ(aw_count(&w, "SELECT count(*) FROM handover WHERE state='QUEUED' AND away_ms IS NULL"),
	   1);
	CHECK(aw_adds_up(&w));
	aw_close(&w);
}

TEST(acd_away_is_told_to_who_serves_and_takes_nothing_from_them)
{
	struct aw w;
	if (!aw_open(&w, t_tmpdir()))
		return;
	OK(aw_state(&w, "tom", ACD_READY, ""));
	OK(aw_ask(&w, "C1", "", false, ""));
	OK(page(&w, "C1", false));
	CHECK(strcmp(aw_last_fed(&w, "handover.page")->agent, "tom") == 0);
	OK(aw_act(&w, ACD_DO_ACCEPT, w.id, "tom"));
	aw_pass(&w, 900000);
	CHECK(aw_is(&w, w.id, "state", "ACCEPTED"));
	jv *o = jv_parse(sv_of(aw_last_fed(&w, "handover.accepted")->json), NULL);
	CHECK(jv_get_str(o, "away_at").n > 0);
	jv_free(o);
	/* given on, it waits, and leaves: the time is over */
	OK(aw_do(&w, (struct acd_order){ .act = ACD_DO_GIVE, .handover = sv_of(w.id),
					 .agent = SV("tom"), .queue = SV("fiber") }));
	aw_pass(&w, 61000);
	CHECK(aw_is(&w, w.id, "state", "REQUESTED"));
	CHECK(aw_adds_up(&w));
	aw_close(&w);
}

TEST(acd_away_is_counted_over_a_restart)
{
	struct aw w;
	char first[ACD_ID];
	if (!aw_open(&w, t_tmpdir()))
		return;
	OK(aw_ask(&w, "C1", "", false, ""));
	sv_copy(first, sizeof(first), sv_of(w.id));
	OK(page(&w, "C1", true));
	OK(aw_ask(&w, "C2", "", false, ""));
	if (!aw_restart(&w, 5000))
		return;
	CHECK(away(&w, first) > 0);          /* until the page says that it is there */
	aw_pass(&w, 301000);
	CHECK(aw_is(&w, first, "state", "REQUESTED"));
	CHECK(aw_is(&w, w.id, "state", "QUEUED"));
	if (!aw_restart(&w, 5000))
		return;
	aw_pass(&w, 2000);
	CHECK(aw_is(&w, first, "state", "REQUESTED"));
	/* who asks once more is here, page or not */
	OK(aw_ask(&w, "C1", "", false, ""));
	STR_EQ(w.id, first);
	CHECK(aw_is(&w, first, "state", "QUEUED"));
	CHECK(aw_adds_up(&w));
	aw_close(&w);
}

/* A supervisor may take one that was left; the agent is told that nobody is there. */
TEST(acd_away_may_be_taken)
{
	struct aw w;
	if (!aw_open(&w, t_tmpdir()))
		return;
	OK(aw_ask(&w, "C1", "", false, ""));
	OK(page(&w, "C1", false));
	aw_pass(&w, 301000);
	CHECK(aw_is(&w, w.id, "state", "REQUESTED"));
	OK(aw_state(&w, "tom", ACD_READY, ""));
	OK(aw_act(&w, ACD_DO_TAKE, w.id, "lin"));
	CHECK(aw_is(&w, w.id, "state", "ACCEPTED") && aw_is(&w, w.id, "agent", "lin"));
	CHECK(away(&w, w.id) > 0);
	aw_pass(&w, 400000);
	CHECK(aw_is(&w, w.id, "state", "ACCEPTED"));
	OK(page(&w, "C1", true));
	EQ(away(&w, w.id), 0);
	STR_EQ(aw_last_fed(&w, "handover.page")->agent, "lin");
	CHECK(aw_adds_up(&w));
	aw_close(&w);
}

TEST(acd_away_for_a_day_is_over)
{
	struct aw w;
	if (!aw_open(&w, t_tmpdir()))
		return;
	OK(aw_ask(&w, "C1", "", false, ""));
	OK(page(&w, "C1", false));
	aw_pass(&w, 301000);
	loop_sim_advance(w.loop, 24 * 3600000);
	aw_settle(&w);
	aw_pass(&w, 1000);
	CHECK(aw_is(&w, w.id, "state", "FAILED") && aw_is(&w, w.id, "why", "abandoned"));
	EQ(rows(&w, "queue.dropped%"), 1);
	CHECK(aw_last(&w, WORD_BACK) != NULL);
	EQ(map_count(w.acd->hos), 0);
	/* the customer ends it: nothing is counted twice */
	OK(aw_ask(&w, "C2", "", false, ""));
	OK(page(&w, "C2", false));
	aw_pass(&w, 301000);
	OK(aw_do(&w, (struct acd_order){ .act = ACD_DO_GONE, .conversation = SV("C2"),
					 .why = SV("left") }));
	CHECK(aw_is(&w, w.id, "state", "FAILED"));
	EQ(rows(&w, "queue.left%"), 2);
	CHECK(aw_adds_up(&w));
	aw_close(&w);
}
