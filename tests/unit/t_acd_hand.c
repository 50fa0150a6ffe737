/* t_acd_hand.c: hand-overs from the wish to the end of the wrap-up, on a virtual clock. Each test
 * ends with the figures: the machine's must be those of the river. */
#include "t_acd_help.h"
#include "chan.h"

TEST(acd_a_chat_from_the_wish_to_the_wrap_up)
{
	struct aw w;
	char river[400];
	if (!aw_open(&w, ""))
		return;
	OK(aw_console(&w, "mei", true));
	OK(aw_state(&w, "mei", ACD_READY, ""));
	OK(aw_ask(&w, "C1", "refund", false, "c100"));
	STR_EQ(w.state, "OFFERED");
	char id[ACD_ID];
	sv_copy(id, sizeof(id), sv_of(w.id));
	const struct aw_fed *f = aw_last_fed(&w, "handover.offered");
	CHECK(f && strcmp(f->agent, "mei") == 0);
	HAS(sv_of(f->json), "\"summary\":\"wants a person\"");
	HAS(sv_of(f->json), "\"customer\":{\"id\":\"c100\"}");
	aw_pass(&w, 3000);
	EQ(aw_act(&w, ACD_DO_ACCEPT, id, "tom"), ERR_STATE);
	OK(aw_act(&w, ACD_DO_ACCEPT, id, "mei"));
	OK(aw_act(&w, ACD_DO_ACCEPT, id, "mei")); /* the same click twice */
	STR_EQ(w.state, "ACCEPTED");
	CHECK(aw_last(&w, WORD_JOINED) && strcmp(aw_last(&w, WORD_JOINED)->agent, "mei") == 0);
	aw_pass(&w, 60000);
	OK(aw_do(&w, (struct acd_order){ ACD_DO_HOLD, .handover = sv_of(id), .on = true }));
	aw_pass(&w, 10000);
	OK(aw_do(&w, (struct acd_order){ ACD_DO_HOLD, .handover = sv_of(id), .on = false }));
	OK(aw_do(&w, (struct acd_order){ ACD_DO_END, .handover = sv_of(id), .agent = SV("mei"),
					 .survey = true }));
	CHECK(aw_last(&w, WORD_END) && aw_last(&w, WORD_END)->survey);
	CHECK(aw_is(&w, id, "state", "ENDED"));
	aw_pass(&w, 5000);
	OK(aw_do(&w, (struct acd_order){ ACD_DO_WRAPPED, .handover = sv_of(id),
					 .agent = SV("mei"),
					 .json = SV("{\"disposition\":\"refund_made\"}") }));
	jv *o = aw_get(&w, id);
	SV_EQ(jv_get_str(jv_get(o, "wrap"), "disposition"), "refund_made");
	CHECK(jv_get_str(o, "wrapped_at").n > 0);
	jv_free(o);
	aw_river(&w, river, sizeof(river));
	STR_EQ(river, "entered offered accepted held held ended wrapped");
	EQ(aw_count(&w, "SELECT count(*) FROM event WHERE kind='queue.wrapped' AND body LIKE "
			"'%\"acw_ms\":5000%\"disposition\":\"refund_made\"%'"),
	   1);
	EQ(aw_count(&w, "SELECT count(*) FROM event WHERE kind='queue.ended' AND body LIKE "
			"'%\"talk_ms\":60000,\"hold_ms\":10000%'"),
	   1);
	CHECK(map_count(w.acd->hos) == 0);
	CHECK(aw_adds_up(&w));
	aw_close(&w);
}

TEST(acd_who_asks_twice_waits_once)
{
	struct aw w;
	if (!aw_open(&w, ""))
		return;
	OK(aw_ask(&w, "C1", "", false, ""));
	char id[ACD_ID];
	sv_copy(id, sizeof(id), sv_of(w.id));
	OK(aw_ask(&w, "C1", "", false, ""));
	STR_EQ(w.id, id);
	CHECK(aw_last(&w, WORD_QUEUED) && aw_last(&w, WORD_QUEUED)->position == 1);
	EQ(aw_count(&w, "SELECT count(*) FROM handover"), 1);
	/* who leaves at once is not counted as lost */
	aw_pass(&w, 2000);
	OK(aw_do(&w, (struct acd_order){ ACD_DO_GONE, .conversation = SV("C1"),
					 .why = SV("left") }));
	CHECK(aw_is(&w, id, "why", "short_abandoned"));
	OK(aw_ask(&w, "C1", "", false, ""));
	CHECK(strcmp(w.id, id) != 0);
	aw_pass(&w, 30000);
	OK(aw_do(&w, (struct acd_order){ ACD_DO_GONE, .conversation = SV("C1"),
					 .why = SV("left") }));
	CHECK(aw_is(&w, w.id, "why", "abandoned"));
	EQ(aw_do(&w, (struct acd_order){ ACD_DO_GONE, .conversation = SV("C1"),
					 .why = SV("left") }),
	   ERR_NOTFOUND);
	CHECK(aw_adds_up(&w));
	aw_close(&w);
}

TEST(acd_a_rejected_offer_goes_to_the_next)
{
	struct aw w;
	if (!aw_open(&w, ""))
		return;
	OK(aw_state(&w, "mei", ACD_READY, ""));
	aw_pass(&w, 1000);
	OK(aw_console(&w, "tom", true));
	OK(aw_state(&w, "tom", ACD_READY, ""));
	OK(aw_ask(&w, "C1", "", false, ""));
	CHECK(aw_is(&w, w.id, "agent", "mei"));
	OK(aw_act(&w, ACD_DO_REJECT, w.id, "mei"));
	CHECK(aw_is(&w, w.id, "agent", "tom"));
	EQ(aw_act(&w, ACD_DO_REJECT, w.id, "mei"), ERR_STATE);
	aw_pass(&w, 21000);                     /* tom does not answer; it is mei's turn again */
	CHECK(aw_is(&w, w.id, "agent", "mei"));
	EQ(aw_count(&w, "SELECT count(*) FROM event WHERE kind='queue.rejected' AND body LIKE "
			"'%\"why\":\"reject\"%'"),
	   1);
	EQ(aw_count(&w, "SELECT count(*) FROM event WHERE kind='queue.rejected' AND body LIKE "
			"'%\"why\":\"no_answer\"%'"),
	   1);
	CHECK(aw_last_fed(&w, "handover.revoked") != NULL);
	CHECK(aw_adds_up(&w));
	aw_close(&w);
}

TEST(acd_a_callback_keeps_the_place_and_hides_the_number)
{
	struct aw w;
	char first[ACD_ID], task[ACD_ID];
	if (!aw_open(&w, ""))
		return;
	OK(aw_ask(&w, "C1", "", true, "c1"));
	sv_copy(first, sizeof(first), sv_of(w.id));
	aw_pass(&w, 20000);
	OK(aw_ask(&w, "C2", "", true, "c2"));
	aw_pass(&w, 20000);
	OK(aw_do(&w, (struct acd_order){ ACD_DO_CALLBACK, .conversation = SV("C1"),
					 .number = SV("13800138000") }));
	sv_copy(task, sizeof(task), sv_of(w.id));
	CHECK(strcmp(task, first) != 0);
	CHECK(aw_is(&w, first, "why", "callback") && aw_is(&w, first, "state", "FAILED"));
	CHECK(aw_is(&w, task, "kind", "callback") && aw_is(&w, task, "parent", first));
	CHECK(aw_is(&w, task, "number", "13800138000"));
	EQ(aw_count(&w, "SELECT count(*) FROM handover WHERE number_sealed LIKE '%13800%'"), 0);
	EQ(aw_count(&w, "SELECT count(*) FROM event WHERE body LIKE '%13800%'"), 0);
	/* asked first, so called first */
	OK(aw_state(&w, "tom", ACD_READY, ""));
	CHECK(aw_is(&w, task, "state", "OFFERED"));
	OK(aw_act(&w, ACD_DO_ACCEPT, task, "tom"));
	STR_EQ(w.state, "ACCEPTED");            /* nothing to ring: the agent calls */
	OK(aw_do(&w, (struct acd_order){ ACD_DO_END, .handover = sv_of(task), .agent = SV("tom"),
					 .why = SV("no_answer") }));
	/* nobody was there: again in a quarter of an hour, with the number */
	EQ(aw_count(&w, "SELECT count(*) FROM handover WHERE kind='callback' AND "
			"state='REQUESTED' AND tries=1 AND number_sealed<>''"),
	   1);
	aw_pass(&w, 16 * 60000);
	EQ(aw_count(&w, "SELECT count(*) FROM handover WHERE kind='callback' AND live=1 AND "
			"state<>'REQUESTED'"),
	   1);
	CHECK(aw_adds_up(&w));
	aw_close(&w);
}

TEST(acd_a_callback_waits_for_its_hour)
{
	struct aw w;
	if (!aw_open(&w, t_tmpdir()))
		return;
	OK(aw_state(&w, "tom", ACD_READY, ""));
	OK(aw_ask(&w, "C1", "", false, "c1"));
	OK(aw_act(&w, ACD_DO_ACCEPT, w.id, "tom"));
	/* while they talk: call me tomorrow; the chat goes on */
	OK(aw_do(&w, (struct acd_order){ ACD_DO_CALLBACK, .conversation = SV("C1"),
					 .note = SV("about the sofa"), .by = SV("tom"),
					 .number = SV("+8613800138000"),
					 .not_before_ms = AW_START + 3600000 }));
	CHECK(aw_is(&w, w.id, "state", "REQUESTED") && aw_is(&w, w.id, "note", "about the sofa"));
	EQ(aw_count(&w, "SELECT count(*) FROM handover WHERE state='ACCEPTED'"), 1);
	char task[ACD_ID];
	sv_copy(task, sizeof(task), sv_of(w.id));
	aw_pass(&w, 600000);
	if (!aw_restart(&w, 1000))
		return;
	CHECK(aw_is(&w, task, "state", "REQUESTED"));
	OK(aw_state(&w, "tom", ACD_READY, ""));
	loop_sim_advance(w.loop, AW_START + 3601000 - loop_wall_ms(w.loop));
	aw_settle(&w);
	aw_pass(&w, 2000);
	CHECK(aw_is(&w, task, "state", "OFFERED"));
	CHECK(aw_is(&w, task, "number", "+8613800138000"));
	/* nobody ever asked here */
	EQ(aw_do(&w, (struct acd_order){ ACD_DO_CALLBACK, .conversation = SV("C9") }),
	   ERR_NOTFOUND);
	CHECK(aw_adds_up(&w));
	aw_close(&w);
}

TEST(acd_a_message_becomes_a_task)
{
	struct aw w;
	if (!aw_open(&w, ""))
		return;
	OK(aw_ask(&w, "C1", "", true, "c1"));
	OK(aw_do(&w, (struct acd_order){ ACD_DO_GONE, .conversation = SV("C1"),
					 .why = SV("voicemail"), .note = SV("rec/1.wav") }));
	CHECK(aw_is(&w, w.id, "kind", "voicemail") && aw_is(&w, w.id, "media", "task"));
	CHECK(aw_is(&w, w.id, "recording", "rec/1.wav"));
	OK(aw_state(&w, "tom", ACD_READY, ""));
	OK(aw_act(&w, ACD_DO_ACCEPT, w.id, "tom"));
	OK(aw_act(&w, ACD_DO_END, w.id, "tom"));
	CHECK(aw_is(&w, w.id, "state", "ENDED"));
	CHECK(aw_adds_up(&w));
	aw_close(&w);
}

TEST(acd_who_waits_too_long_is_offered_a_callback_and_may_wait_on)
{
	struct aw w;
	char id[ACD_ID];
	if (!aw_open(&w, ""))
		return;
	OK(aw_ask(&w, "C1", "technical_fault", false, "c1"));
	sv_copy(id, sizeof(id), sv_of(w.id));
	CHECK(aw_is(&w, id, "queue", "fiber"));
	aw_pass(&w, 601000);
	CHECK(aw_last(&w, WORD_NOBODY) != NULL);
	STR_EQ(aw_last(&w, WORD_NOBODY)->why, "callback_offer");
	CHECK(aw_is(&w, id, "state", "REQUESTED"));
	/* another one does not want to wait for that */
	OK(aw_ask(&w, "C0", "technical_fault", false, "c0"));
	aw_pass(&w, 61000);                     /* says nothing: waits again, at the old place */
	CHECK(aw_is(&w, id, "state", "QUEUED"));
	OK(aw_ask(&w, "C2", "technical_fault", false, "c2"));
	OK(aw_state(&w, "xia", ACD_READY, ""));
	CHECK(aw_is(&w, id, "state", "OFFERED"));
	CHECK(aw_adds_up(&w));
	/* offered a callback, and gone without it: no longer anybody's, and counted once */
	OK(aw_do(&w, (struct acd_order){ ACD_DO_GONE, .conversation = SV("C2"),
					 .why = SV("bot") }));
	OK(aw_state(&w, "xia", ACD_OFFLINE, ""));
	aw_pass(&w, 560000);
	OK(aw_do(&w, (struct acd_order){ ACD_DO_GONE, .conversation = SV("C0"),
					 .why = SV("left") }));
	STR_EQ(w.state, "FAILED");
	EQ(aw_count(&w, "SELECT count(*) FROM event WHERE kind='queue.dropped'"), 1);
	CHECK(aw_adds_up(&w));
	aw_close(&w);
}

/* ---- telephones ---- */

TEST(acd_a_call_is_accepted_when_the_agent_has_picked_up)
{
	struct aw w;
	if (!aw_open(&w, ""))
		return;
	OK(aw_console(&w, "mei", true));
	OK(aw_state(&w, "mei", ACD_READY, ""));
	OK(aw_ask(&w, "C1", "", true, ""));
	CHECK(aw_last(&w, WORD_CONNECT) == NULL);        /* she has a console: she clicks */
	OK(aw_act(&w, ACD_DO_ACCEPT, w.id, "mei"));
	STR_EQ(w.state, "OFFERED");
	CHECK(aw_last(&w, WORD_CONNECT) != NULL);
	STR_EQ(aw_last(&w, WORD_CONNECT)->party, "agent:mei");
	STR_EQ(aw_last(&w, WORD_CONNECT)->to, "1001");
	aw_pass(&w, 25000); /* longer than an offer: the telephone still rings */
	CHECK(aw_is(&w, w.id, "state", "OFFERED"));
	OK(aw_phone(&w, "C1", "mei", "joined", ""));
	CHECK(aw_is(&w, w.id, "state", "ACCEPTED"));
	CHECK(aw_last(&w, WORD_JOINED) == NULL);
	OK(aw_phone(&w, "C1", "mei", "left", "gone"));
	CHECK(aw_is(&w, w.id, "state", "ENDED"));
	CHECK(aw_adds_up(&w));
	aw_close(&w);
}

TEST(acd_an_extension_without_a_console_rings_at_once)
{
	struct aw w;
	if (!aw_open(&w, ""))
		return;
	OK(aw_state(&w, "xia", ACD_READY, ""));
	aw_pass(&w, 1000);
	OK(aw_state(&w, "mei", ACD_READY, ""));
	OK(aw_ask(&w, "C1", "technical_fault", true, ""));
	CHECK(aw_last(&w, WORD_CONNECT) != NULL);
	STR_EQ(aw_last(&w, WORD_CONNECT)->to, "1003");
	OK(aw_phone(&w, "C1", "xia", "failed", "busy"));
	STR_EQ(aw_last(&w, WORD_CONNECT)->to, "1001");   /* the next one */
	bool told = false;           /* what to look at, to who can mend it */
	for (size_t i = 0; i < w.fed.n; i++)
		told |= strcmp(w.fed.v[i].type, "handover.revoked") == 0 &&
			strcmp(w.fed.v[i].agent, "xia") == 0 &&
			strstr(w.fed.v[i].json, "\"phone\":\"busy\"");
	CHECK(told);
	EQ(aw_count(&w, "SELECT count(*) FROM event WHERE kind='queue.rejected' AND body LIKE "
			"'%\"why\":\"busy\"%'"),
	   1);
	/* she leaves her place while it rings: it stops ringing */
	OK(aw_state(&w, "mei", ACD_PAUSED, "break"));
	CHECK(aw_last(&w, WORD_PARTY) && aw_last(&w, WORD_PARTY)->act == CHAN_PARTY_DROP);
	STR_EQ(aw_last(&w, WORD_PARTY)->party, "agent:mei");
	EQ(aw_phone(&w, "C1", "mei", "joined", ""), 0);  /* too late: nothing of it holds */
	CHECK(aw_is(&w, w.id, "state", "QUEUED") || aw_is(&w, w.id, "state", "OFFERED"));
	CHECK(aw_adds_up(&w));
	aw_close(&w);
}

TEST(acd_a_supervisor_takes_a_call_over)
{
	struct aw w;
	if (!aw_open(&w, ""))
		return;
	OK(aw_state(&w, "xia", ACD_READY, ""));
	OK(aw_ask(&w, "C1", "technical_fault", true, ""));
	OK(aw_phone(&w, "C1", "xia", "joined", ""));
	aw_pass(&w, 5000);
	OK(aw_do(&w, (struct acd_order){ ACD_DO_TAKE, .handover = sv_of(w.id), .by = SV("lin"),
					 .agent = SV("lin"), .party = SV("super:lin") }));
	OK(aw_phone(&w, "C1", "xia", "left", "taken_over"));
	CHECK(aw_is(&w, w.id, "state", "ACCEPTED") && aw_is(&w, w.id, "agent", "lin"));
	aw_pass(&w, 5000);
	OK(aw_do(&w, (struct acd_order){ ACD_DO_PHONE, .conversation = SV("C1"),
					 .party = SV("super:lin"), .step = SV("left"),
					 .why = SV("gone") }));
	CHECK(aw_is(&w, w.id, "state", "ENDED"));
	CHECK(aw_last(&w, WORD_END) && aw_last(&w, WORD_END)->survey);
	CHECK(aw_adds_up(&w));
	aw_close(&w);
}

/* ---- given on ---- */

TEST(acd_given_on_taken_over_and_given_back)
{
	struct aw w;
	char id[ACD_ID];
	if (!aw_open(&w, ""))
		return;
	OK(aw_state(&w, "mei", ACD_READY, ""));
	OK(aw_ask(&w, "C1", "", false, "c1"));
	sv_copy(id, sizeof(id), sv_of(w.id));
	OK(aw_act(&w, ACD_DO_ACCEPT, id, "mei"));
	aw_pass(&w, 10000);
	EQ(aw_do(&w, (struct acd_order){ ACD_DO_GIVE, .handover = sv_of(id), .agent = SV("mei"),
					 .to = SV("tom") }),
	   ERR_STATE);                          /* tom is not here */
	CHECK(aw_is(&w, id, "state", "ACCEPTED"));
	OK(aw_state(&w, "tom", ACD_READY, ""));
	EQ(aw_do(&w, (struct acd_order){ ACD_DO_GIVE, .handover = sv_of(id), .agent = SV("tom"),
					 .to = SV("mei") }),
	   ERR_STATE);                          /* it is not his to give */
	OK(aw_do(&w, (struct acd_order){ ACD_DO_GIVE, .handover = sv_of(id), .agent = SV("mei"),
					 .to = SV("tom"), .note = SV("she wants a refund") }));
	CHECK(aw_is(&w, id, "state", "OFFERED") && aw_is(&w, id, "agent", "tom"));
	CHECK(aw_is(&w, id, "note", "she wants a refund"));
	CHECK(aw_last(&w, WORD_QUEUED) != NULL);
	CHECK(w.words.n > 0);
	int passed_on = 0;
	for (size_t i = 0; i < w.words.n; i++)
		passed_on += strcmp(w.words.v[i].why, "transfer") == 0;
	EQ(passed_on, 1);
	OK(aw_act(&w, ACD_DO_WRAPPED, id, "mei"));       /* who gave it away is done with it */
	EQ(aw_act(&w, ACD_DO_WRAPPED, id, "mei"), ERR_STATE);
	OK(aw_act(&w, ACD_DO_ACCEPT, id, "tom"));
	aw_pass(&w, 20000);
	OK(aw_do(&w, (struct acd_order){ ACD_DO_TAKE, .handover = sv_of(id), .agent = SV("lin"),
					 .by = SV("lin") }));
	CHECK(aw_is(&w, id, "agent", "lin"));
	aw_pass(&w, 5000);
	OK(aw_do(&w, (struct acd_order){ ACD_DO_BACK, .handover = sv_of(id), .agent = SV("lin"),
					 .note = SV("tell her the return number") }));
	CHECK(aw_is(&w, id, "state", "RETURNED"));
	STR_EQ(aw_last(&w, WORD_BACK)->text, "tell her the return number");
	aw_pass(&w, 60000);
	/* the same conversation may ask again */
	OK(aw_ask(&w, "C1", "", false, "c1"));
	CHECK(strcmp(w.id, id) != 0);
	CHECK(aw_adds_up(&w));
	aw_close(&w);
}

/* ---- what is another's ---- */

TEST(acd_nobody_wraps_up_for_another)
{
	struct aw w;
	char id[ACD_ID];
	struct acd_order wrap = { ACD_DO_WRAPPED, .agent = SV("tom"),
				  .json = SV("{\"disposition\":\"spam\"}") };
	if (!aw_open(&w, ""))
		return;
	OK(aw_state(&w, "mei", ACD_READY, ""));
	OK(aw_ask(&w, "C1", "", false, ""));
	sv_copy(id, sizeof(id), sv_of(w.id));
	wrap.handover = sv_of(id);
	OK(aw_act(&w, ACD_DO_ACCEPT, id, "mei"));
	OK(aw_act(&w, ACD_DO_END, id, "mei"));
	EQ(aw_do(&w, wrap), ERR_STATE);      /* in the time for it */
	EQ(aw_count(&w, "SELECT count(*) FROM handover WHERE wrapped_ms IS NULL"), 1);
	aw_pass(&w, 40000);
	EQ(aw_do(&w, wrap), ERR_STATE);      /* and after */
	EQ(aw_count(&w, "SELECT count(*) FROM event WHERE kind='queue.disposed'"), 0);
	wrap.agent = SV("mei");
	OK(aw_do(&w, wrap));
	EQ(aw_count(&w, "SELECT count(*) FROM event WHERE kind='queue.disposed'"), 1);
	CHECK(map_count(w.acd->hos) == 0);
	CHECK(aw_adds_up(&w));
	aw_close(&w);
}

/* Who gave it away ends their own time, also when the next one has given it back by then. */
TEST(acd_a_former_agent_ends_their_own_wrap_up)
{
	struct aw w;
	char id[ACD_ID];
	struct acd_order wrap = { ACD_DO_WRAPPED, .agent = SV("mei"),
				  .json = SV("{\"disposition\":\"spam\"}") };
	if (!aw_open(&w, ""))
		return;
	OK(aw_state(&w, "mei", ACD_READY, ""));
	OK(aw_ask(&w, "C1", "", false, ""));
	sv_copy(id, sizeof(id), sv_of(w.id));
	wrap.handover = sv_of(id);
	OK(aw_act(&w, ACD_DO_ACCEPT, id, "mei"));
	OK(aw_state(&w, "tom", ACD_READY, ""));
	OK(aw_do(&w, (struct acd_order){ ACD_DO_GIVE, .handover = sv_of(id), .agent = SV("mei"),
					 .to = SV("tom"), .own = true }));
	OK(aw_act(&w, ACD_DO_ACCEPT, id, "tom"));
	OK(aw_act(&w, ACD_DO_BACK, id, "tom"));
	OK(aw_do(&w, wrap));
	EQ(aw_count(&w, "SELECT count(*) FROM event WHERE kind='queue.wrapped' AND "
			"json_extract(body,'$.agent')='mei'"), 1);
	EQ(aw_do(&w, wrap), ERR_STATE);      /* once */
	EQ(aw_count(&w, "SELECT count(*) FROM event WHERE body LIKE '%spam%'"), 0);
	EQ(aw_count(&w, "SELECT count(*) FROM handover WHERE wrapped_ms IS NULL"), 1);
	OK(aw_act(&w, ACD_DO_WRAPPED, id, "tom"));
	CHECK(map_count(w.acd->hos) == 0);
	CHECK(aw_adds_up(&w));
	aw_close(&w);
}

TEST(acd_what_waits_is_given_by_those_who_may)
{
	struct aw w;
	struct acd_order give = { ACD_DO_GIVE, .agent = SV("mei"), .to = SV("mei"), .own = true };
	if (!aw_open(&w, ""))
		return;
	OK(aw_ask(&w, "C1", "technical_fault", false, ""));
	give.handover = sv_of(w.id);
	OK(aw_state(&w, "mei", ACD_PAUSED, "break"));
	EQ(aw_do(&w, give), ERR_STATE);      /* no picking from the line */
	CHECK(aw_is(&w, w.id, "state", "QUEUED"));
	OK(aw_state(&w, "mei", ACD_READY, ""));
	CHECK(aw_is(&w, w.id, "state", "OFFERED"));
	EQ(aw_do(&w, give), ERR_STATE);
	OK(aw_act(&w, ACD_DO_ACCEPT, w.id, "mei"));
	give.to = SV_NULL;
	give.queue = SV("general");
	OK(aw_do(&w, give));
	CHECK(aw_adds_up(&w));
	aw_close(&w);
}

TEST(acd_a_call_is_taken_by_who_is_in_it_and_the_former_is_told)
{
	struct aw w;
	if (!aw_open(&w, ""))
		return;
	OK(aw_ask(&w, "C1", "technical_fault", true, ""));
	EQ(aw_act(&w, ACD_DO_TAKE, w.id, "lin"), ERR_STATE);    /* the customer would hear nobody */
	CHECK(aw_is(&w, w.id, "state", "QUEUED"));
	OK(aw_state(&w, "mei", ACD_READY, ""));
	OK(aw_ask(&w, "C2", "", false, ""));
	OK(aw_state(&w, "tom", ACD_READY, ""));
	OK(aw_act(&w, ACD_DO_ACCEPT, w.id, "tom"));
	OK(aw_act(&w, ACD_DO_TAKE, w.id, "lin"));
	const struct aw_fed *f = aw_last_fed(&w, "handover.queued");
	CHECK(f && strcmp(f->agent, "tom") == 0);
	CHECK(f < aw_last_fed(&w, "handover.accepted"));
	STR_EQ(aw_last_fed(&w, "handover.accepted")->agent, "lin");
	CHECK(aw_adds_up(&w));
	aw_close(&w);
}

TEST(acd_to_another_queue_from_a_chat_and_from_a_place_in_line)
{
	struct aw w;
	char id[ACD_ID];
	if (!aw_open(&w, ""))
		return;
	OK(aw_ask(&w, "C1", "", false, ""));
	sv_copy(id, sizeof(id), sv_of(w.id));
	aw_pass(&w, 4000);
	EQ(aw_do(&w, (struct acd_order){ ACD_DO_GIVE, .handover = sv_of(id), .queue = SV("moon") }),
	   ERR_NOTFOUND);
	OK(aw_do(&w, (struct acd_order){ ACD_DO_GIVE, .handover = sv_of(id), .queue = SV("fiber"),
					 .by = SV("lin") }));
	CHECK(aw_is(&w, id, "queue", "fiber"));
	OK(aw_state(&w, "mei", ACD_READY, ""));
	OK(aw_act(&w, ACD_DO_ACCEPT, id, "mei"));
	aw_pass(&w, 4000);
	OK(aw_do(&w, (struct acd_order){ ACD_DO_GIVE, .handover = sv_of(id), .agent = SV("mei"),
					 .queue = SV("general") }));
	CHECK(aw_is(&w, id, "queue", "general"));
	CHECK(aw_last(&w, WORD_QUEUED) != NULL);
	STR_EQ(aw_last(&w, WORD_QUEUED)->why, "transfer");
	EQ(aw_last(&w, WORD_QUEUED)->position, 0);      /* she is free for it: no place */
	aw_pass(&w, 40000);                     /* her wrap-up counts where she served it */
	CHECK(aw_adds_up(&w));
	aw_close(&w);
}

TEST(acd_who_gave_it_away_hears_nothing_of_it_any_more)
{
	struct aw w;
	if (!aw_open(&w, ""))
		return;
	OK(aw_state(&w, "mei", ACD_READY, ""));
	OK(aw_ask(&w, "C1", "", false, ""));
	OK(aw_act(&w, ACD_DO_ACCEPT, w.id, "mei"));
	OK(aw_state(&w, "tom", ACD_READY, ""));
	OK(aw_do(&w, (struct acd_order){ ACD_DO_GIVE, .handover = sv_of(w.id), .agent = SV("mei"),
					 .to = SV("tom") }));
	OK(aw_act(&w, ACD_DO_ACCEPT, w.id, "tom"));
	aw_pass(&w, 31000);                     /* her wrap-up is over: only her state says it */
	EQ(aw_count(&w, "SELECT count(*) FROM event WHERE kind='queue.wrapped' AND actor='mei'"),
	   1);
	CHECK(aw_last_fed(&w, "handover.wrapup") == NULL);
	STR_EQ(aw_last_fed(&w, "agent.state")->agent, "mei");
	HAS(sv_of(aw_last_fed(&w, "agent.state")->json), "\"state\":\"ready\"");
	OK(aw_act(&w, ACD_DO_END, w.id, "tom"));
	aw_pass(&w, 31000);
	STR_EQ(aw_last_fed(&w, "handover.wrapup")->agent, "tom");
	aw_close(&w);
}

TEST(acd_the_agent_who_knows_the_customer_is_asked_first)
{
	struct aw w;
	if (!aw_open(&w, ""))
		return;
	OK(aw_state(&w, "tom", ACD_READY, ""));
	OK(aw_ask(&w, "C1", "", false, "c9"));
	OK(aw_act(&w, ACD_DO_ACCEPT, w.id, "tom"));
	OK(aw_state(&w, "mei", ACD_READY, ""));
	aw_pass(&w, 1000);                      /* she is idle longer */
	OK(aw_act(&w, ACD_DO_END, w.id, "tom"));
	OK(aw_do(&w, (struct acd_order){ ACD_DO_WRAPPED, .handover = sv_of(w.id),
					 .agent = SV("tom") }));
	OK(aw_ask(&w, "C2", "", false, "c9"));
	EQ(aw_count(&w, "SELECT count(*) FROM handover WHERE conversation='C2' AND sticky='tom'"),
	   1);
	CHECK(aw_is(&w, w.id, "state", "OFFERED") && aw_is(&w, w.id, "agent", "tom"));
	aw_close(&w);
}

TEST(acd_a_call_the_agent_has_made_is_theirs_from_the_start)
{
	struct aw w;
	if (!aw_open(&w, ""))
		return;
	OK(aw_console(&w, "mei", true));
	OK(aw_state(&w, "mei", ACD_READY, ""));
	struct talk_ask x = { .conversation = SV("C1"), .voice = true, .again = true,
			      .agent = SV("mei") };
	OK(aw_do(&w, (struct acd_order){ .act = ACD_DO_ASK, .ask = &x }));
	STR_EQ(w.state, "ACCEPTED");
	CHECK(aw_is(&w, w.id, "agent", "mei"));
	CHECK(aw_last(&w, WORD_JOINED) && strcmp(aw_last(&w, WORD_JOINED)->agent, "mei") == 0);
	OK(aw_do(&w, (struct acd_order){ .act = ACD_DO_ASK, .ask = &x }));
	EQ(aw_count(&w, "SELECT count(*) FROM handover"), 1);
	aw_pass(&w, 20000);
	EQ(aw_count(&w, "SELECT count(*) FROM acd_agent_state WHERE login='mei' AND "
			"state='talking'"),
	   1);
	OK(aw_phone(&w, "C1", "mei", "left", "gone"));
	CHECK(aw_is(&w, w.id, "state", "ENDED"));
	/* the conversation had not heard of it when the server died */
	OK(aw_do(&w, (struct acd_order){ .act = ACD_DO_ASK, .ask = &x }));
	CHECK(aw_last(&w, WORD_BACK) != NULL);
	EQ(aw_count(&w, "SELECT count(*) FROM handover"), 1);
	CHECK(aw_adds_up(&w));
	aw_close(&w);
}

TEST(acd_a_chat_is_taken_from_the_bot)
{
	struct aw w;
	if (!aw_open(&w, ""))
		return;
	OK(aw_console(&w, "mei", true));
	struct talk_ask x = { .conversation = SV("C1"), .channel = SV("webchat"),
			      .reason = SV("taken"), .packet = SV("{}"), .agent = SV("mei") };
	OK(aw_do(&w, (struct acd_order){ .act = ACD_DO_ASK, .ask = &x }));
	STR_EQ(w.state, "ACCEPTED");
	CHECK(aw_is(&w, w.id, "agent", "mei"));
	CHECK(aw_last(&w, WORD_JOINED) && strcmp(aw_last(&w, WORD_JOINED)->agent, "mei") == 0);
	OK(aw_do(&w, (struct acd_order){ .act = ACD_DO_ASK, .ask = &x }));   /* twice */
	EQ(aw_count(&w, "SELECT count(*) FROM handover"), 1);
	OK(aw_do(&w, (struct acd_order){ .act = ACD_DO_BACK, .conversation = SV("C1"),
					 .agent = SV("mei") }));
	/* again, after the first one is over: a new one; and from a queue that had it meanwhile */
	OK(aw_do(&w, (struct acd_order){ .act = ACD_DO_ASK, .ask = &x }));
	EQ(aw_count(&w, "SELECT count(*) FROM handover WHERE state='ACCEPTED'"), 1);
	EQ(aw_count(&w, "SELECT count(*) FROM handover"), 2);
	OK(aw_ask(&w, "C2", "", false, "c9"));
	x.conversation = SV("C2");
	OK(aw_do(&w, (struct acd_order){ .act = ACD_DO_ASK, .ask = &x }));
	EQ(aw_count(&w, "SELECT count(*) FROM handover WHERE conversation='C2' AND agent='mei' "
			"AND state='ACCEPTED'"),
	   1);
	CHECK(aw_adds_up(&w));
	aw_close(&w);
}

TEST(acd_hostile_orders_harm_nothing)
{
	struct aw w;
	if (!aw_open(&w, ""))
		return;
	struct talk_ask none = { 0 };
	char big[400];
	memset(big, 'x', sizeof(big));
	EQ(acd_do(w.acd, &(struct acd_order){ .act = ACD_DO_ASK }), ERR_INVAL);
	EQ(acd_do(w.acd, &(struct acd_order){ .act = ACD_DO_ASK, .ask = &none }), ERR_INVAL);
	EQ(acd_do(w.acd, &(struct acd_order){ .act = ACD_DOS }), ERR_INVAL);
	EQ(acd_do(w.acd, &(struct acd_order){ .act = ACD_DO_SOCKET, .agent = sv_n(big, 400) }),
	   ERR_INVAL);
	EQ(acd_do(w.acd, &(struct acd_order){ .act = ACD_DO_SOCKET, .agent = SV("a\xff") }),
	   ERR_INVAL);
	for (int act = 0; act < ACD_DOS; act++) {
		if (act == ACD_DO_ASK)
			continue;
		int rc = aw_do(&w, (struct acd_order){ .act = (enum acd_do)act,
						       .handover = SV("no such"),
						       .agent = SV("ghost"), .why = SV("left") });
		CHECK(rc <= 0);
	}
	EQ(aw_count(&w, "SELECT count(*) FROM handover"), 0);
	CHECK(aw_adds_up(&w));
	aw_close(&w);
}
