/* Unit tests of the conversation core: states and events as a table, interruption, queue,
 * silence, ends. */
#include <stdio.h>
#include "t_talk_help.h"

#define PHONE (CHAN_VOICE | CHAN_DTMF | CHAN_ASR)

/* ---- every state meets every event ---- */

static void bring_to(struct bench *b, enum talk_state s)
{
	bench_open(b, PHONE, 0);
	if (s == TS_OPENING)
		return;
	bench_feed(b, (struct talk_ev){ .kind = TEV_OPEN, .via = "phone" });
	if (s == TS_LISTENING || s == TS_THINKING || s == TS_WRAPPING)
		bench_feed(b, (struct talk_ev){ .kind = TEV_PLAYED, .say_id = b->c.say_id });
	if (s == TS_THINKING)
		bench_feed(b, ev_text("how long can I return an article"));
	if (s == TS_WRAPPING)
		bench_feed(b, ev_text("goodbye"));
	if (s == TS_HELD)
		bench_feed(b, (struct talk_ev){ .kind = TEV_HOLD });
	if (s == TS_AWAY)
		bench_feed(b, (struct talk_ev){ .kind = TEV_JOINED });
	if (s == TS_CLOSED)
		bench_feed(b, (struct talk_ev){ .kind = TEV_CLOSE });
}

static struct talk_ev event_of(struct bench *b, enum talk_ev_kind kind)
{
	struct talk_ev ev = { .kind = kind, .gen = b->c.gen, .found = &b->found };
	if (kind == TEV_LIKELY)
		ev.text = ev.model_text = SV("what does delivery cost");
	if (kind == TEV_MOVED)
		ev.text = SV("ringing");
	if (kind == TEV_TEXT)
		return ev_text("what does delivery cost");
	if (kind == TEV_KEY || kind == TEV_KEY_EARLY)
		ev.text = SV("6");
	if (kind == TEV_DELTA)
		ev.text = SV("words");
	if (kind == TEV_CALL)
		ev.text = SV("handoff");
	if (kind == TEV_PLAYED)
		ev.say_id = b->c.say_id;
	return ev;
}

TEST(talk_core_every_state_meets_every_event)
{
	/* by letter: Listening, Thinking, Speaking, Held, Wrapping, Closed; a column an event,
	 * TEXT to CLOSE: TEXT KEY KEY_EARLY START NOTHING FOUND DELTA CALL END TIMER PLAYED
	 * HOLD RESUME LOST NEXT LIKELY PARTIAL MOVED JOINED BACK
	 * HALTED GOES_ON WHO WORD PARTY_IN PARTY TOOL CLOSE; Away: with a person. The people's
	 * side is not there: its words change nothing (t_talk_person.c) */
	static const struct {
		enum talk_state from;
		const char *to;
	} table[] = {
		{ TS_LISTENING, "TTLLSLLLLSLHLSLLLLALLLLLLLLC" },
		{ TS_THINKING, "TTTLTSTTTTTHTTTTTTATTTTTTTTC" },
		{ TS_SPEAKING, "TTSLSSSSSSLHSSSSSSASSSSSSSSC" },
		{ TS_HELD, "TTHHHHHHHHHHLHHHHHAHHHHHHHHC" },
		{ TS_WRAPPING, "TTWWWWWWWWWWWWWWWWAWWWWWWWWC" },
		{ TS_AWAY, "AAAAAAAAAAAAAAAAAAASAAAAAAAC" },
		{ TS_CLOSED, "CCCCCCCCCCCCCCCCCCCCCCCCCCCC" },
	};
	static const char letters[] = "OLTSHWAC";
	for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
		for (int k = TEV_TEXT; k <= TEV_CLOSE; k++) {
			struct bench b;
			bring_to(&b, table[i].from);
			EQ(b.c.sm.now, table[i].from);
			bench_feed(&b, event_of(&b, (enum talk_ev_kind)k));
			if (letters[b.c.sm.now] != table[i].to[k - 1])
				printf("# from %c, event %d\n", letters[table[i].from], k);
			EQ(letters[b.c.sm.now], table[i].to[k - 1]);
			CHECK(table[i].from != TS_CLOSED || b.acts.n == 0);
			bench_close(&b);
		}
	}
}

/* ---- interruption ---- */

TEST(talk_core_only_what_was_heard_counts)
{
	struct bench b;
	bring_to(&b, TS_THINKING);
	bench_feed(&b, ev_found(&b));
	CHECK(bench_act(&b, TACT_SAY));
	struct talk_ev start = { .kind = TEV_SPEECH_START,
				 .heard = { b.c.speaking, 16, 1000, 2500 } };
	CHECK(talk_core_hushes(&b.c, TEV_SPEECH_START));
	bench_feed(&b, start);
	const struct talk_act *cut = bench_rec(&b, "turn.cut");
	CHECK(cut);
	HAS(cut->text, "\"heard_chars\":16");
	HAS(cut->text, "\"heard_text\":\"You have 30 days\"");
	HAS(cut->text, "\"start_ms\":1000,\"end_ms\":2500");
	STR_EQ(b.c.past[b.c.n_past - 1].text, "You have 30 days");
	EQ(b.c.speaking, 0);
	bench_close(&b);
}

TEST(talk_core_nothing_heard_is_nothing_said)
{
	struct bench b;
	bring_to(&b, TS_THINKING);
	bench_feed(&b, ev_found(&b));
	struct talk_ev start = { .kind = TEV_SPEECH_START, .heard = { b.c.speaking, 0, 0, 0 } };
	talk_step(&b.c, &start, &b.a, &b.acts);
	HAS(bench_rec(&b, "turn.cut")->text, "\"heard_chars\":0");
	for (int i = 0; i < b.c.n_past; i++)
		CHECK(sv_find(sv_of(b.c.past[i].text), SV("30 days")) < 0);
	bench_close(&b);
}

/* Who goes on before our answer sounded, or whom a noise robbed of it, is not left with half a
 * question. */
TEST(talk_core_an_answer_nobody_heard_was_none)
{
	for (int again = 0; again < 2; again++) {
		struct bench b;
		bring_to(&b, TS_THINKING);
		bench_feed(&b, ev_found(&b));
		struct talk_ev start = { .kind = TEV_SPEECH_START,
					 .heard = { b.c.speaking, 0, 0, 0 } };
		talk_step(&b.c, &start, &b.a, &b.acts);
		if (again)
			bench_feed(&b, (struct talk_ev){ .kind = TEV_SPEECH_NOTHING });
		else
			bench_feed(&b, ev_text("as a gold member"));
		SV_EQ(bench_act(&b, TACT_SEARCH)->text, again ? "how long can I return an article" :
			"how long can I return an article as a gold member");
		bench_feed(&b, ev_found(&b));
		CHECK(bench_act(&b, TACT_SAY));
		bench_close(&b);
	}
}

/* An engine without word marks tells bytes by time; half a Chinese letter is none. */
TEST(talk_core_heard_ends_at_a_whole_letter)
{
	for (size_t bytes = 0; bytes < 12; bytes++) {
		struct bench b;
		bring_to(&b, TS_LISTENING);
		b.hits[0].quote = SV("三十天内");
		bench_feed(&b, ev_text("how long can I return an article"));
		bench_feed(&b, ev_found(&b));
		struct talk_ev start = { .kind = TEV_SPEECH_START,
					 .heard = { b.c.speaking, bytes, 0, 0 } };
		talk_step(&b.c, &start, &b.a, &b.acts);
		char want[40];
		snprintf(want, sizeof(want), "\"heard_chars\":%zu,", bytes / 3);
		HAS(bench_rec(&b, "turn.cut")->text, want);
		CHECK(sv_utf8_ok(sv_of(b.c.past[b.c.n_past - 1].text)));
		bench_close(&b);
	}
}

/* The caller goes on while we think: both parts are one question, and the context holds it once. */
TEST(talk_core_second_thought_joins_the_first)
{
	struct bench b;
	bring_to(&b, TS_THINKING);
	uint32_t gen = b.c.gen;
	bench_feed(&b, (struct talk_ev){ .kind = TEV_SPEECH_START });
	CHECK(!b.c.in_turn);
	EQ(b.c.n_queue, 1);
	bench_feed(&b, (struct talk_ev){ .kind = TEV_FOUND, .found = &b.found, .gen = gen });
	EQ(b.acts.n, 0);
	bench_feed(&b, ev_text("as a gold member"));
	const struct talk_act *s = bench_act(&b, TACT_SEARCH);
	CHECK(s);
	SV_EQ(s->text, "how long can I return an article as a gold member");
	int lines = 0;
	for (int i = 0; i < b.c.n_past; i++)
		lines += sv_find(sv_of(b.c.past[i].text), SV("return an article")) >= 0;
	EQ(lines, 1);
	bench_close(&b);
}

TEST(talk_core_cough_while_thinking_changes_nothing)
{
	struct bench b;
	bring_to(&b, TS_THINKING);
	bench_feed(&b, (struct talk_ev){ .kind = TEV_SPEECH_START });
	bench_feed(&b, (struct talk_ev){ .kind = TEV_SPEECH_NOTHING });
	const struct talk_act *s = bench_act(&b, TACT_SEARCH);
	CHECK(s);
	SV_EQ(s->text, "how long can I return an article");
	EQ(b.c.misheard, 0);
	bench_close(&b);
}

TEST(talk_core_a_lost_recogniser_does_not_lose_the_question)
{
	struct bench b;
	bring_to(&b, TS_THINKING);
	bench_feed(&b, (struct talk_ev){ .kind = TEV_SPEECH_START });
	bench_feed(&b, (struct talk_ev){ .kind = TEV_ASR_LOST });
	CHECK(bench_rec(&b, "model.fallback"));
	CHECK(bench_act(&b, TACT_SEARCH));
	bench_feed(&b, ev_found(&b));
	HAS(bench_act(&b, TACT_SAY)->text, "30 days");
	bench_close(&b);
}

TEST(talk_core_a_goodbye_is_not_cut_but_a_key_keeps_the_call)
{
	struct bench b;
	bring_to(&b, TS_WRAPPING);
	CHECK(!talk_core_hushes(&b.c, TEV_SPEECH_START));
	CHECK(talk_core_hushes(&b.c, TEV_KEY));
	bench_feed(&b, (struct talk_ev){ .kind = TEV_KEY, .text = SV("0") });
	EQ(b.c.sm.now, TS_SPEAKING);
	bench_feed(&b, (struct talk_ev){ .kind = TEV_PLAYED, .say_id = b.c.say_id });
	CHECK(!bench_act(&b, TACT_HANGUP));
	EQ(b.c.sm.now, TS_LISTENING);
	bench_close(&b);
}

TEST(talk_core_hangs_up_after_the_goodbye_was_heard)
{
	struct bench b;
	bring_to(&b, TS_WRAPPING);
	CHECK(!bench_act(&b, TACT_HANGUP));
	bench_feed(&b, (struct talk_ev){ .kind = TEV_PLAYED, .say_id = b.c.say_id - 1 });
	CHECK(!bench_act(&b, TACT_HANGUP));
	bench_feed(&b, (struct talk_ev){ .kind = TEV_PLAYED, .say_id = b.c.say_id });
	CHECK(bench_act(&b, TACT_HANGUP));
	bench_close(&b);
}

/* ---- silence ---- */

TEST(talk_core_asks_twice_into_silence_then_ends)
{
	struct bench b;
	bring_to(&b, TS_LISTENING);
	for (int i = 0; i < 3; i++) {
		bench_feed(&b, (struct talk_ev){ .kind = TEV_TIMER, .timer = TT_SILENCE });
		CHECK(bench_act(&b, TACT_SAY));
		EQ(b.c.sm.now, i < 2 ? TS_SPEAKING : TS_WRAPPING);
		bench_feed(&b, (struct talk_ev){ .kind = TEV_PLAYED, .say_id = b.c.say_id });
	}
	CHECK(bench_act(&b, TACT_HANGUP));
	bench_close(&b);
}

TEST(talk_core_a_quiet_chat_is_closed_once)
{
	struct bench b;
	bench_open(&b, CHAN_STREAM | CHAN_RICH, 0);
	bench_feed(&b, (struct talk_ev){ .kind = TEV_OPEN, .via = "webchat" });
	EQ(bench_act(&b, TACT_TIMER)->ms, 1800000);
	bench_feed(&b, (struct talk_ev){ .kind = TEV_TIMER, .timer = TT_SILENCE });
	HAS(bench_rec(&b, "turn.bot")->text, "\"action\":\"end\"");
	CHECK(bench_act(&b, TACT_HANGUP));
	bench_close(&b);
}

/* ---- the queue of a chat ---- */

TEST(talk_core_more_texts_than_the_queue_holds_are_all_answered)
{
	struct bench b;
	char text[64];
	int replies = 0;
	bench_open(&b, CHAN_STREAM | CHAN_RICH, 1);
	bench_feed(&b, (struct talk_ev){ .kind = TEV_OPEN, .via = "webchat" });
	for (int i = 1; i <= TALK_QUEUE + 4; i++) {
		snprintf(text, sizeof(text), "question number %d please", i);
		bench_feed(&b, ev_text(text));
		CHECK(bench_rec(&b, "turn.customer"));
		EQ(bench_rec(&b, "turn.customer")->n, i);
	}
	EQ(b.c.n_queue, TALK_QUEUE);
	sv last = SV_NULL;
	while (b.c.in_turn) {
		last = arena_sv(&b.a, b.c.t.text);
		if (replies == TALK_QUEUE)
			HAS(last, "question number 12 please");
		bench_feed(&b, ev_found(&b));
		bench_feed(&b, ev_delta(&b, "You have 30 days to return an article. "));
		bench_feed(&b, ev_end(&b, 0));
		CHECK(bench_rec(&b, "turn.bot"));
		replies++;
		bench_feed(&b, (struct talk_ev){ .kind = TEV_NEXT });
	}
	EQ(replies, TALK_QUEUE + 1);
	EQ(b.c.turn, TALK_QUEUE + 4);
	bench_close(&b);
}

/* Each text is answered by its own mood and wish, not by those of the text that came last. */
TEST(talk_core_queued_texts_keep_their_own_sense)
{
	static const char *const want[] = { "\"action\":\"handoff\"", "\"action\":\"reply\"" };
	struct bench b;
	bench_open(&b, CHAN_STREAM | CHAN_RICH, 1);
	bench_feed(&b, (struct talk_ev){ .kind = TEV_OPEN, .via = "webchat" });
	bench_feed(&b, ev_text("how long can I return an article"));
	bench_feed(&b, ev_text("I want to talk to a person"));
	bench_feed(&b, ev_text("thanks"));
	bench_feed(&b, ev_found(&b));
	bench_feed(&b, ev_delta(&b, "You have 30 days to return an article. "));
	bench_feed(&b, ev_end(&b, 0));
	for (int i = 0; i < 2; i++) {
		bench_feed(&b, (struct talk_ev){ .kind = TEV_NEXT });
		const struct talk_act *r = bench_rec(&b, "turn.bot");
		CHECK(r);
		EQ(r->n, i + 2);
		HAS(r->text, want[i]);
	}
	bench_close(&b);
}

static sv context_of(struct bench *b, const char *text, bool finds)
{
	bench_feed(b, ev_text(text));
	const struct talk_act *s = bench_act(b, TACT_SEARCH);
	static char copy[200];
	snprintf(copy, sizeof(copy), SV_FMT, SV_ARG(s ? s->context : SV("no search")));
	if (!s)
		return sv_of(copy);
	b->found.answerable = finds;
	bench_feed(b, ev_found(b));
	return sv_of(copy);
}

/* "And to Tibet?" is short for the last question that found something; nothing else is. */
TEST(talk_core_context_is_the_last_question_that_found_something)
{
	struct bench b;
	bench_open(&b, CHAN_STREAM | CHAN_RICH, 0);
	bench_feed(&b, (struct talk_ev){ .kind = TEV_OPEN, .via = "webchat" });
	SV_EQ(context_of(&b, "what does delivery cost", true), "");
	SV_EQ(context_of(&b, "and to Tibet?", true), "what does delivery cost");
	SV_EQ(context_of(&b, "and Xinjiang?", true), "what does delivery cost");
	SV_EQ(context_of(&b, "thanks", true), "no search");
	SV_EQ(context_of(&b, "and Qinghai?", true), "what does delivery cost");
	SV_EQ(context_of(&b, "do you sell elephants", false), "what does delivery cost");
	SV_EQ(context_of(&b, "how long can I return an article", true), "");
	bench_close(&b);
}

TEST(talk_core_ends_after_too_many_turns)
{
	struct bench b;
	bench_open(&b, CHAN_STREAM | CHAN_RICH, 0);
	b.cfg.limits.max_turns = 2;
	bench_feed(&b, (struct talk_ev){ .kind = TEV_OPEN, .via = "webchat" });
	for (int i = 0; i < 2; i++) {
		bench_feed(&b, ev_text("what does delivery cost"));
		bench_feed(&b, ev_found(&b));
		CHECK(!bench_act(&b, TACT_HANGUP));
	}
	bench_feed(&b, ev_text("what does delivery cost"));
	CHECK(bench_act(&b, TACT_HANGUP));
	HAS(bench_rec(&b, "turn.bot")->text, "\"action\":\"end\"");
	bench_close(&b);
}

/* ---- open again ---- */

TEST(talk_core_resumes_and_answers_what_it_owes)
{
	struct bench b;
	struct chan_resume r = { .seq = 9,
				 .turn = 4,
				 .last_question = SV("what does delivery cost"),
				 .last_reply = SV("It is free."),
				 .owed = SV("and to Tibet?"),
				 .owed_turn = 4 };
	bench_open(&b, CHAN_STREAM | CHAN_RICH, 0);
	bench_feed(&b, (struct talk_ev){ .kind = TEV_OPEN, .via = "webchat", .resume = &r });
	CHECK(bench_rec(&b, "conversation.resumed"));
	CHECK(!bench_rec(&b, "turn.bot"));
	bench_feed(&b, (struct talk_ev){ .kind = TEV_NEXT });
	const struct talk_act *s = bench_act(&b, TACT_SEARCH);
	CHECK(s);
	SV_EQ(s->text, "and to Tibet?");
	SV_EQ(s->context, "what does delivery cost");
	bench_feed(&b, ev_found(&b));
	EQ(bench_rec(&b, "turn.bot")->n, 4);
	bench_close(&b);
}

TEST(talk_core_what_is_written_outlives_the_server_a_call_does_not)
{
	static const struct {
		unsigned caps;
		enum chan_close_by by;
		const char *rec;
	} rows[] = {
		{ CHAN_STREAM, CHAN_BY_SYSTEM, "conversation.paused" },
		{ CHAN_STREAM, CHAN_BY_CUSTOMER, "conversation.closed" },
		{ CHAN_STREAM, CHAN_BY_TIMEOUT, "conversation.closed" },
		{ PHONE, CHAN_BY_SYSTEM, "conversation.closed" },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct bench b;
		bench_open(&b, rows[i].caps, 0);
		bench_feed(&b, (struct talk_ev){ .kind = TEV_OPEN, .via = "x" });
		bench_feed(&b, (struct talk_ev){ .kind = TEV_CLOSE, .by = rows[i].by });
		CHECK(bench_rec(&b, rows[i].rec));
		EQ(b.c.sm.now, TS_CLOSED);
		bench_close(&b);
	}
}

/* ---- the language of a call ---- */

TEST(talk_core_a_call_follows_a_sentence_not_a_courtesy)
{
	static const struct {
		const char *said, *lang;
	} turns[] = {
		{ "谢谢。", "en" },
		{ "好的，谢谢你。", "en" },
		{ "What can I send back?", "en" },
		{ "请问买了东西几天内可以退？", "zh" },
		{ "okay", "zh" },
		{ "Thank you very much.", "zh" },
		{ "买了东西几天内可以退？", "zh" },
		{ "Can I send back the shoes that I bought?", "en" },
	};
	struct bench b;
	bench_open(&b, CHAN_VOICE | CHAN_DTMF | CHAN_ASR, 0);
	bench_feed(&b, (struct talk_ev){ .kind = TEV_OPEN, .via = "phone" });
	SV_EQ(sv_of(b.c.lang), "en");
	for (size_t i = 0; i < sizeof(turns) / sizeof(*turns); i++) {
		bench_feed(&b, (struct talk_ev){ .kind = TEV_TEXT,
						 .text = sv_of(turns[i].said),
						 .via = "speech" });
		SV_EQ(sv_of(b.c.lang), turns[i].lang);
	}
	bench_close(&b);
}

/* ---- keypad ---- */

TEST(talk_core_star_changes_the_language_and_tries_its_recogniser)
{
	struct bench b;
	bench_open(&b, CHAN_VOICE | CHAN_DTMF, 0);
	bench_feed(&b, (struct talk_ev){ .kind = TEV_OPEN, .via = "phone" });
	CHECK(b.c.asr_lost);
	bench_feed(&b, (struct talk_ev){ .kind = TEV_KEY, .text = SV("*") });
	SV_EQ(bench_act(&b, TACT_SAY)->lang, "zh");
	CHECK(!b.c.asr_lost);
	HAS(bench_rec(&b, "call.dtmf")->text, "\"digit\":\"*\"");
	bench_feed(&b, (struct talk_ev){ .kind = TEV_KEY, .text = SV("3") });
	SV_EQ(bench_act(&b, TACT_ARTICLE)->text, "return-how");
	SV_EQ(bench_act(&b, TACT_ARTICLE)->lang, "zh");
	bench_feed(&b, (struct talk_ev){ .kind = TEV_FOUND,
					 .found = &b.found,
					 .gen = b.c.gen,
					 .exact = true });
	CHECK(bench_rec(&b, "turn.bot"));
	bench_feed(&b, (struct talk_ev){ .kind = TEV_KEY, .text = SV("12") });
	EQ(b.acts.n, 0);
	bench_close(&b);
}

/* "Thanks" behind a question that was not answered yet does not take the question away. */
TEST(talk_core_thanks_behind_a_question)
{
	static const char *const asked[] = { "how long can I return an article",
					     "I want to talk to a person" };
	for (int i = 0; i < 2; i++) {
		struct bench b;
		bench_open(&b, PHONE, 0);
		bench_feed(&b, (struct talk_ev){ .kind = TEV_OPEN, .via = "phone" });
		bench_feed(&b, ev_text(asked[i]));
		struct talk_ev start = { .kind = TEV_SPEECH_START,
					 .heard = { b.c.speaking, 0, 0, 0 } };
		talk_step(&b.c, &start, &b.a, &b.acts);
		EQ(b.c.n_queue, 1);
		bench_feed(&b, ev_text("thanks"));
		if (i == 0)
			CHECK(bench_act(&b, TACT_SEARCH));
		else
			HAS(bench_rec(&b, "turn.bot")->text, "\"action\":\"handoff\"");
		bench_close(&b);
	}
}

TEST(talk_core_a_call_of_ours_begins_with_its_reason)
{
	struct bench b;
	bench_open(&b, PHONE, 0);
	bench_feed(&b, (struct talk_ev){ .kind = TEV_OPEN, .via = "phone",
					 .model_text = SV("Your sofa comes tomorrow.") });
	HAS(bench_act(&b, TACT_SAY)->text, "automated assistant");
	HAS(bench_rec(&b, "turn.bot")->text, "Your sofa comes tomorrow.");
	EQ(b.c.sm.now, TS_SPEAKING);
	STR_EQ(b.c.past[0].text, "Your sofa comes tomorrow.");
	bench_close(&b);
}
