/* Unit tests of business actions in the conversation: outcomes, the customer's yes, who it is,
 * cutting in while one runs. */
#include "t_talk_served.h"

static const char wanted[] = "cancel my order HH2026-100108";
#define ARGS "{\"order\":\"HH2026-100108\"}"

/* ---- outcomes ---- */

TEST(talk_service_a_call_goes_out_with_a_key_of_its_turn)
{
	struct served s;
	served_open(&s, CHAT, 1);
	wish(&s, wanted, "order_cancel", ARGS);
	const struct talk_act *x = tool_act(&s);
	CHECK(x);
	SV_EQ(x->text, "order_cancel");
	SV_EQ(x->context, ARGS);
	SV_EQ(x->safe, "1/0");
	EQ(x->level, TOOL_NOBODY);
	EQ(x->print, 0);
	CHECK(!x->did);
	HAS(bench_rec(&s.b, "tool.call")->text, "\"tool\":\"order_cancel\"");
	CHECK(sv_find(bench_rec(&s.b, "tool.call")->text, SV("HH2026")) < 0);
	CHECK(s.b.c.in_turn);
	served_close(&s);
}

TEST(talk_service_outcomes_that_end_it_are_told_by_the_tool)
{
	static const struct {
		enum tool_outcome o;
		const char *say, *has;
	} rows[] = {
		{ TOOL_REFUSED, "Too late for that.", "Too late for that." },
		{ TOOL_NOT_FOUND, "", "could not find" },
		{ TOOL_FAILED, "", "did not work" },
		{ TOOL_LATER, "", "as soon as" },
		{ TOOL_APPROVE, "", "colleague who decides" },
		{ TOOL_DENIED, "", "cannot do that" },
		{ TOOL_DONE, "", "done" },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct served s;
		served_open(&s, CHAT, 1);
		known(&s);
		wish(&s, wanted, "order_cancel", ARGS);
		got(&s, res("order_cancel", TOOL_CONFIRM, "Cancel it?"));
		hear(&s, "yes");
		got(&s, res("order_cancel", rows[i].o, rows[i].say));
		HAS(reply_text(&s), rows[i].has);
		CHECK(!s.b.c.in_turn);
		HAS(bench_rec(&s.b, "tool.result")->text, tool_outcome_name(rows[i].o));
		served_close(&s);
	}
}

TEST(talk_service_a_stale_result_is_nothing)
{
	struct served s;
	struct talk_got g = res("order_cancel", TOOL_DONE, "Cancelled.");
	served_open(&s, CHAT, 1);
	wish(&s, wanted, "order_cancel", ARGS);
	bench_feed(&s.b, (struct talk_ev){ .kind = TEV_TOOL, .gen = 9, .tool = &g });
	EQ(s.b.acts.n, 0);
	got(&s, res("order_cancel", TOOL_REFUSED, "No."));
	bench_feed(&s.b, (struct talk_ev){ .kind = TEV_TOOL, .gen = 1, .tool = &g });
	EQ(s.b.acts.n, 0);
	served_close(&s);
}

/* ---- the customer's yes ---- */

static void to_confirm(struct served *s, unsigned caps)
{
	served_open(s, caps, 1);
	known(s);
	wish(s, wanted, "order_cancel", ARGS);
	got(s, res("order_cancel", TOOL_CONFIRM, "I would cancel HH2026-100108. Shall I?"));
}

TEST(talk_service_yes_asks_again_with_the_print_and_the_same_key)
{
	struct served s;
	to_confirm(&s, CHAT);
	HAS(reply_text(&s), "Shall I?");
	EQ(bench_act(&s.b, TACT_SAY)->expect, CHAN_EXPECT_YESNO);
	hear(&s, "yes please");
	const struct talk_act *x = tool_act(&s);
	CHECK(x);
	EQ(x->print, 77);
	SV_EQ(x->safe, "1/0");
	STR_EQ(x->did, "c001");
	got(&s, res("order_cancel", TOOL_DONE, "Order HH2026-100108 is cancelled."));
	SV_EQ(reply_text(&s), "Order HH2026-100108 is cancelled.");
	EQ(s.b.c.svc.waits, WAITS_NOTHING);
	hear(&s, "yes");
	CHECK(!tool_act(&s));                /* a second yes does nothing more */
	served_close(&s);
}

TEST(talk_service_no_drops_it)
{
	struct served s;
	to_confirm(&s, CHAT);
	hear(&s, "no, not that one");
	CHECK(!tool_act(&s));
	HAS(reply_text(&s), "nothing was changed");
	CHECK(bench_rec(&s.b, "tool.dropped"));
	hear(&s, "yes");
	CHECK(!tool_act(&s));
	served_close(&s);
}

TEST(talk_service_a_question_is_answered_and_leads_back)
{
	struct served s;
	to_confirm(&s, CHAT);
	s.b.models = 0;
	hear(&s, "how long can I return an article?");
	CHECK(!tool_act(&s));
	bench_feed(&s.b, ev_found(&s.b));
	HAS(reply_text(&s), "30 days");
	HAS(reply_text(&s), "Shall I?");
	hear(&s, "ok");
	EQ(tool_act(&s)->print, 77);
	served_close(&s);
}

TEST(talk_service_unclear_words_are_no_yes)
{
	struct served s;
	to_confirm(&s, CHAT);
	for (int i = 0; i < 3; i++) {
		hear(&s, "blue banana");
		CHECK(!tool_act(&s));
		HAS(reply_text(&s), "yes or no");
	}
	hear(&s, "blue banana");             /* enough of that */
	CHECK(bench_rec(&s.b, "tool.dropped"));
	hear(&s, "yes");
	CHECK(!tool_act(&s));
	served_close(&s);
}

TEST(talk_service_another_wish_takes_its_place)
{
	struct served s;
	to_confirm(&s, CHAT);
	hear(&s, "I want to talk to a person");
	CHECK(!tool_act(&s));
	hear(&s, "yes");
	CHECK(!tool_act(&s));                /* said to something else */
	served_close(&s);
}

/* ---- on the phone ---- */

TEST(talk_service_a_yes_needs_a_question_that_was_heard)
{
	static const struct {
		size_t heard;
		bool counts;
	} rows[] = { { 5, false }, { 12, false }, { 30, true }, { 38, true } };
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct served s;
		to_confirm(&s, PHONE);
		struct talk_ev cut = { .kind = TEV_SPEECH_START,
				       .heard = { s.b.c.speaking, rows[i].heard, 0, 900 } };
		bench_feed(&s.b, cut);
		bench_feed(&s.b, ev_text("yes"));
		EQ(tool_act(&s) != NULL, rows[i].counts);
		if (!rows[i].counts)
			HAS(reply_text(&s), "Shall I?");
		served_close(&s);
	}
}

TEST(talk_service_cutting_in_does_not_cancel_and_the_result_comes_first)
{
	struct served s;
	to_confirm(&s, PHONE);
	hear(&s, "yes");
	CHECK(tool_act(&s));
	bench_feed(&s.b, (struct talk_ev){ .kind = TEV_SPEECH_START });
	CHECK(!bench_act(&s.b, TACT_MODEL_CANCEL));
	got(&s, res("order_cancel", TOOL_DONE, "It is cancelled."));
	CHECK(!bench_act(&s.b, TACT_SAY));   /* the customer speaks */
	CHECK(!s.b.c.in_turn);
	s.b.models = 0;
	bench_feed(&s.b, ev_text("how long can I return an article?"));
	CHECK(!tool_act(&s));
	bench_feed(&s.b, ev_found(&s.b));
	HAS(reply_text(&s), "It is cancelled. You have 30 days");
	served_close(&s);
}

TEST(talk_service_words_while_it_runs_wait_for_the_result)
{
	static const unsigned caps[] = { PHONE, CHAT };
	for (int i = 0; i < 2; i++) {
		struct served s;
		to_confirm(&s, caps[i]);
		hear(&s, "yes");
		if (caps[i] == PHONE)
			bench_feed(&s.b, (struct talk_ev){ .kind = TEV_SPEECH_START });
		bench_feed(&s.b, ev_text("how long can I return an article?"));
		CHECK(!bench_act(&s.b, TACT_SEARCH));
		s.b.models = 0;
		got(&s, res("order_cancel", TOOL_DONE, "It is cancelled."));
		CHECK(bench_act(&s.b, TACT_SEARCH));
		bench_feed(&s.b, ev_found(&s.b));
		HAS(reply_text(&s), "It is cancelled. You have 30 days");
		served_close(&s);
	}
}

TEST(talk_service_a_noise_while_it_runs_changes_nothing)
{
	struct served s;
	to_confirm(&s, PHONE);
	hear(&s, "yes");
	bench_feed(&s.b, (struct talk_ev){ .kind = TEV_SPEECH_START });
	bench_feed(&s.b, (struct talk_ev){ .kind = TEV_SPEECH_NOTHING });
	got(&s, res("order_cancel", TOOL_DONE, "It is cancelled."));
	SV_EQ(reply_text(&s), "It is cancelled.");
	served_close(&s);
}

TEST(talk_service_news_are_told_when_nothing_more_is_said)
{
	struct served s;
	to_confirm(&s, PHONE);
	hear(&s, "yes");
	bench_feed(&s.b, (struct talk_ev){ .kind = TEV_SPEECH_START });
	got(&s, res("order_cancel", TOOL_DONE, "It is cancelled."));
	bench_feed(&s.b, (struct talk_ev){ .kind = TEV_SPEECH_NOTHING });
	SV_EQ(reply_text(&s), "It is cancelled.");
	served_close(&s);
}

/* The reply that tells of an effect is cut before a word was heard: told again, not done again. */
TEST(talk_service_an_unheard_effect_is_told_again_never_done_again)
{
	struct served s;
	to_confirm(&s, PHONE);
	hear(&s, "yes");
	got(&s, res("order_cancel", TOOL_DONE, "It is cancelled."));
	struct talk_ev cut = { .kind = TEV_SPEECH_START, .heard = { s.b.c.speaking, 0, 0, 0 } };
	talk_step(&s.b.c, &cut, &s.b.a, &s.b.acts);
	EQ(s.b.c.n_queue, 0);
	s.b.models = 0;
	bench_feed(&s.b, ev_text("how long can I return an article?"));
	CHECK(!tool_act(&s));
	bench_feed(&s.b, ev_found(&s.b));
	HAS(reply_text(&s), "It is cancelled. You have 30 days");
	served_close(&s);
}

TEST(talk_service_a_slow_tool_has_its_own_phrase)
{
	struct served s;
	served_open(&s, PHONE, 1);
	known(&s);
	wish(&s, "where is my order HH2026-100108", "order_status", ARGS);
	bench_feed(&s.b, (struct talk_ev){ .kind = TEV_TIMER, .timer = TT_FILLER });
	const struct talk_act *x = bench_act(&s.b, TACT_SAY);
	CHECK(x && x->aside);
	SV_EQ(x->text, "Looking it up.");
	bench_feed(&s.b, (struct talk_ev){ .kind = TEV_PLAYED, .say_id = s.b.c.aside });
	bench_feed(&s.b, (struct talk_ev){ .kind = TEV_TIMER, .timer = TT_FILLER });
	x = bench_act(&s.b, TACT_SAY);
	CHECK(x && x->aside && sv_find(x->text, SV("Looking it up")) < 0);
	served_close(&s);
}

TEST(talk_service_hold_and_hang_up_while_it_runs)
{
	struct served s;
	to_confirm(&s, PHONE);
	hear(&s, "yes");
	bench_feed(&s.b, (struct talk_ev){ .kind = TEV_HOLD });
	got(&s, res("order_cancel", TOOL_DONE, "It is cancelled."));
	CHECK(!bench_act(&s.b, TACT_SAY));
	bench_feed(&s.b, (struct talk_ev){ .kind = TEV_RESUME });
	SV_EQ(reply_text(&s), "It is cancelled.");
	served_close(&s);
	to_confirm(&s, PHONE);
	hear(&s, "yes");
	bench_feed(&s.b, (struct talk_ev){ .kind = TEV_CLOSE, .by = CHAN_BY_CUSTOMER });
	CHECK(bench_rec(&s.b, "conversation.closed"));
	served_close(&s);
}
