/* The people's side of a conversation: the wish, the wait, the person, the way back; what each step
 * says, records and asks for. One row a case where cases differ in data only. */
#include <stdio.h>
#include "t_talk_help.h"

#define PHONE (CHAN_VOICE | CHAN_DTMF | CHAN_ASR | CHAN_PARTIES)
#define WISH "I want to talk to a person"

static void open_with(struct bench *b, unsigned caps, const char *lang)
{
	bench_open(b, caps, 0);
	memcpy(b->c.lang, lang, 3);
	b->c.person.there = true;
	bench_feed(b, (struct talk_ev){ .kind = TEV_OPEN, .via = "webchat", .who = SV("Ms Li") });
	if (caps & CHAN_VOICE)
		bench_feed(b, (struct talk_ev){ .kind = TEV_PLAYED, .say_id = b->c.say_id });
}

static void played(struct bench *b)
{
	if (b->c.voice)
		bench_feed(b, (struct talk_ev){ .kind = TEV_PLAYED, .say_id = b->c.say_id });
}

static void word(struct bench *b, struct talk_word w)
{
	bench_feed(b, (struct talk_ev){ .kind = TEV_WORD, .word = &w,
					.now_us = b->c.now_us + 1000 });
}

static void queued(struct bench *b, int position, int64_t wait_ms)
{
	word(b, (struct talk_word){ .kind = WORD_QUEUED, .position = position,
				    .wait_ms = wait_ms });
}

static void joined(struct bench *b)
{
	word(b, (struct talk_word){ .kind = WORD_JOINED, .agent = SV("mei"),
				    .name = SV("Mei Lin") });
}

static sv said(struct bench *b)
{
	const struct talk_act *x = bench_act(b, TACT_SAY);
	return x ? x->text : SV("");
}

/* Asked for and waiting; the actions are those that asked. */
static void to_queue(struct bench *b, unsigned caps, const char *lang)
{
	open_with(b, caps, lang);
	bench_feed(b, ev_text(strcmp(lang, "zh") == 0 ? "我要转人工" : WISH));
	played(b);
	ASSERT(b->c.move == MOVE_ASKED);
}

TEST(talk_person_chat_and_voice_ask)
{
	for (int voice = 0; voice < 2; voice++) {
		struct bench b;
		open_with(&b, voice ? PHONE : 0, "en");
		bench_feed(&b, ev_text(WISH));
		const struct talk_act *x = bench_act(&b, TACT_PERSON);
		CHECK(x);            /* with the sentence, which is still being spoken */
		CHECK(said(&b).n);
		SV_EQ(x->text, "customer_asked");
		CHECK(!x->delta);
		HAS(bench_rec(&b, "handover")->text, "\"handover\":{\"");
		EQ(bench_act(&b, TACT_WAIT) != NULL, voice);
		EQ(b.c.sm.now, voice ? TS_SPEAKING : TS_LISTENING);
		played(&b);
		EQ(bench_act(&b, TACT_PERSON) != NULL, !voice);    /* not once more */
		EQ(b.c.sm.now, TS_LISTENING);
		EQ(b.c.move, MOVE_ASKED);
		bench_close(&b);
	}
}

/* While the sentence is spoken the telephone of a person rings, and who picks up cuts it short. */
TEST(talk_person_comes_during_the_sentence)
{
	struct bench b;
	open_with(&b, PHONE, "en");
	bench_feed(&b, ev_text(WISH));
	EQ(b.c.sm.now, TS_SPEAKING);
	queued(&b, 1, 60000);
	CHECK(!said(&b).n);          /* the place is told when the sentence is over */
	word(&b, (struct talk_word){ .kind = WORD_CONNECT, .agent = SV("mei"), .name = SV("Mei"),
				     .party = SV("agent:mei"), .to = SV("web:mei") });
	CHECK(bench_act(&b, TACT_PARTY));
	bench_feed(&b, (struct talk_ev){ .kind = TEV_PARTY_IN, .text = SV("joined"),
					 .client_id = SV("agent:mei"), .mode = CHAN_TALKS });
	EQ(b.c.sm.now, TS_AWAY);
	CHECK(bench_rec(&b, "handover.accepted"));
	bench_close(&b);
}

/* Nobody came meanwhile: the place is told after the sentence, and the next word of comfort
 * takes its time. */
TEST(talk_person_the_place_is_told_after_the_sentence)
{
	struct bench b;
	open_with(&b, PHONE, "en");
	bench_feed(&b, ev_text(WISH));
	queued(&b, 2, 180000);
	played(&b);
	HAS(said(&b), "number 2");
	played(&b);
	const struct talk_act *x = bench_act(&b, TACT_TIMER);
	CHECK(x);
	EQ(x->ms, TALK_PERSON_WAIT_MS);
	bench_close(&b);
}

/* "No" into the sentence takes the wish back; later it is a word like any other. */
TEST(talk_person_no_into_the_sentence)
{
	for (int late = 0; late < 2; late++) {
		struct bench b;
		open_with(&b, PHONE, "en");
		bench_feed(&b, ev_text(WISH));
		if (late) {
			queued(&b, 2, 180000);
			played(&b);
			played(&b);
		}
		bench_feed(&b, ev_text("no"));
		EQ(bench_act(&b, TACT_LEAVE) != NULL, !late);
		EQ(b.c.move, late ? MOVE_ASKED : MOVE_NONE);
		bench_close(&b);
	}
}

/* A telephone that nobody can come into, a conversation without people: as before. */
TEST(talk_person_without_people_nothing_changes)
{
	for (int i = 0; i < 2; i++) {
		struct bench b;
		open_with(&b, i ? PHONE & ~(unsigned)CHAN_PARTIES : 0, "en");
		b.c.person.there = i;
		bench_feed(&b, ev_text(WISH));
		HAS(said(&b), "400-810-6600");
		CHECK(!bench_act(&b, TACT_PERSON));
		EQ(b.c.move, MOVE_NONE);
		bench_close(&b);
	}
}

TEST(talk_person_the_packet_is_whole)
{
	struct bench b;
	open_with(&b, 0, "en");
	bench_feed(&b, ev_text("how long can I return an article"));
	bench_feed(&b, ev_found(&b));
	bench_feed(&b, ev_text("this is terrible, I am furious! " WISH));
	const struct talk_act *x = bench_act(&b, TACT_PERSON);
	CHECK(x);
	jv *o = jv_parse(x->context, NULL);
	static const char *const keys[] = { "summary", "reason", "language", "mood", "slots",
					    "tried", "asked", "citations", "flow", "more",
					    "customer", "attempts" };
	for (size_t i = 0; i < sizeof(keys) / sizeof(*keys); i++)
		CHECK(jv_get(o, keys[i]));
	SV_EQ(jv_as_str(jv_path(o, "mood.now")), "angry");
	EQ(jv_len(jv_path(o, "mood.turning")), 1);
	HAS(jv_as_str(jv_at(jv_get(o, "asked"), 0)), "return an article");
	SV_EQ(jv_get_str(jv_at(jv_get(o, "citations"), 0), "article_id"), "return-window.en");
	SV_EQ(jv_as_str(jv_path(o, "customer.name")), "Ms Li");
	CHECK(jv_is_null(jv_get(o, "flow")));
	EQ(x->n, 6);                 /* angry: before the others */
	jv_free(o);
	/* the river does not know the name */
	CHECK(sv_find(bench_rec(&b, "handover")->text, SV("\"name\"")) < 0);
	CHECK(sv_find(bench_rec(&b, "handover")->text, SV("Li")) < 0);
	bench_close(&b);
}

/* A name that no detector knows as one, also where the bot said it. */
TEST(talk_person_the_row_has_no_name)
{
	static const char *const names[] = { "Zhenya", "王小明", "O\"Neil, \"", "summary" };
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		struct bench b;
		bench_open(&b, 0, 0);
		b.c.person.there = true;
		bench_feed(&b, (struct talk_ev){ .kind = TEV_OPEN, .via = "webchat",
						 .who = sv_of(names[i]) });
		bench_feed(&b, ev_text(WISH));
		jv *row = jv_parse(bench_rec(&b, "handover")->text, NULL);
		jv *o = jv_parse(bench_act(&b, TACT_PERSON)->context, NULL);
		sv summary = jv_as_str(jv_path(row, "handover.summary"));
		CHECK(summary.n);
		CHECK(sv_find(summary, sv_of(names[i])) < 0);
		HAS(summary, " is in the chat");
		SV_EQ(jv_as_str(jv_path(o, "customer.name")), names[i]);
		jv_free(row);
		jv_free(o);
		bench_close(&b);
	}
}

TEST(talk_person_every_reason)
{
	static const struct {
		const char *text, *reason;
	} rows[] = { { WISH, "customer_asked" }, { NULL, "key_0" } };
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct bench b;
		open_with(&b, PHONE, "en");
		if (rows[i].text)
			bench_feed(&b, ev_text(rows[i].text));
		else
			bench_feed(&b, (struct talk_ev){ .kind = TEV_KEY, .text = SV("0") });
		CHECK(bench_act(&b, TACT_PERSON));
		SV_EQ(bench_act(&b, TACT_PERSON)->text, rows[i].reason);
		bench_close(&b);
	}
	struct bench b;
	bench_open(&b, 0, 1);
	b.c.person.there = true;
	bench_feed(&b, (struct talk_ev){ .kind = TEV_OPEN, .via = "webchat" });
	bench_feed(&b, ev_text("how long can I return an article"));
	bench_feed(&b, ev_found(&b));
	bench_feed(&b, ev_call(&b, "handoff", "{}"));
	bench_feed(&b, ev_end(&b, 0));
	SV_EQ(bench_act(&b, TACT_PERSON)->text, "model");
	bench_close(&b);
}

/* What it is about chooses the queue; a guess that is less likely than not does not. */
TEST(talk_person_an_unsure_guess_chooses_no_queue)
{
	static const struct {
		const char *text, *topic;
	} rows[] = { { "hm the thing", "" }, { "my internet is down", "technical_fault" } };
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct bench b;
		open_with(&b, 0, "en");
		bench_feed(&b, ev_text(rows[i].text));
		STR_EQ(b.c.person.intent, rows[i].topic);
		bench_close(&b);
	}
}

/* What brings a person unasked: nothing was found, or the table of strategies; a complaint says
 * that it is one. */
TEST(talk_person_every_reason_of_ours)
{
	static const struct {
		const char *text, *reason;
		bool table, found;
	} rows[] = {
		{ "how tall is the tower", "no_answer", false, false },
		{ "I want to complain about your courier", "complaint", false, false },
		{ "I am furious, this is terrible! how long can I return an article", "policy",
		  true, true },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct bench b;
		struct policy_table *table = rows[i].table ? talk_own_strategy() : NULL;
		open_with(&b, 0, "en");
		b.c.table = table;
		if (!rows[i].found)
			b.found = (struct kb_result){ 0 };
		for (int n = 0; n < 5 && b.c.move == MOVE_NONE; n++) {
			bench_feed(&b, ev_text(rows[i].text));
			if (b.c.in_turn)
				bench_feed(&b, ev_found(&b));
		}
		CHECK(bench_act(&b, TACT_PERSON));
		SV_EQ(bench_act(&b, TACT_PERSON)->text, rows[i].reason);
		bench_close(&b);
		obj_unref(table);
	}
}

TEST(talk_person_the_place_is_told_and_not_too_often)
{
	struct bench b;
	to_queue(&b, 0, "en");
	queued(&b, 3, 170000);
	SV_EQ(said(&b), "You are number 3 in the queue. It will take about 3 minutes.");
	HAS(bench_rec(&b, "handover.queued")->text, "\"position\":3,\"wait_ms\":170000");
	queued(&b, 3, 160000);       /* the same to the customer */
	SV_EQ(said(&b), "");
	queued(&b, 3, 110000);       /* too soon */
	SV_EQ(said(&b), "");
	queued(&b, 1, 50000);
	SV_EQ(said(&b), "You are next. It will take about a minute.");
	queued(&b, 1, -1);
	SV_EQ(said(&b), "");
	bench_close(&b);
	to_queue(&b, 0, "zh");
	queued(&b, 2, 60000 * 4);
	HAS(said(&b), "第2位");
	HAS(said(&b), "4分钟");
	bench_close(&b);
}

/* The bot goes on; who asks again keeps the place and hears it. */
TEST(talk_person_waiting_is_served)
{
	struct bench b;
	to_queue(&b, 0, "en");
	queued(&b, 2, 60000);
	bench_feed(&b, ev_text("how long can I return an article"));
	bench_feed(&b, ev_found(&b));
	HAS(said(&b), "You have 30 days");
	bench_feed(&b, ev_text("give me a real person"));
	HAS(said(&b), "You are number 2");
	CHECK(!bench_act(&b, TACT_PERSON));
	bench_feed(&b, ev_text("forget the person, I no longer need a person"));
	SV_EQ(bench_act(&b, TACT_LEAVE)->text, "bot");
	EQ(b.c.move, MOVE_NONE);
	bench_feed(&b, ev_text(WISH));
	CHECK(bench_act(&b, TACT_PERSON));
	bench_close(&b);
}

TEST(talk_person_news_wait_for_the_answer)
{
	struct bench b;
	to_queue(&b, 0, "en");
	bench_feed(&b, ev_text("how long can I return an article"));
	queued(&b, 2, 60000);
	SV_EQ(said(&b), "");
	bench_feed(&b, ev_found(&b));
	int says = 0;
	for (size_t i = 0; i < b.acts.n; i++)
		says += b.acts.v[i].kind == TACT_SAY;
	EQ(says, 2);
	bench_close(&b);
}

TEST(talk_person_joined_speaks_and_is_written_down)
{
	struct bench b;
	to_queue(&b, 0, "en");
	joined(&b);
	SV_EQ(said(&b), "You are now talking with Mei Lin.");
	HAS(bench_rec(&b, "handover.accepted")->text, "\"agent\":\"mei\",\"name\":\"Mei Lin\"");
	EQ(b.c.sm.now, TS_AWAY);
	bench_feed(&b, ev_text("how long can I return an article"));
	CHECK(bench_rec(&b, "turn.customer"));
	CHECK(!bench_act(&b, TACT_SAY) && !bench_act(&b, TACT_SEARCH));
	word(&b, (struct talk_word){ .kind = WORD_SAYS, .agent = SV("mei"), .client_id = SV("k1"),
				     .text = SV("Your card 4111 1111 1111 1111? 30 days."),
				     .suggested = true });
	const struct talk_act *x = bench_rec(&b, "turn.agent");
	HAS(x->text, "[bank_card]");
	HAS(x->text, "\"by\":\"mei\",\"name\":\"Mei Lin\",\"client_id\":\"k1\"");
	HAS(x->text, "\"suggested\":true");
	CHECK(!x->inner && strcmp(x->actor, "agent") == 0);
	/* somebody else does not get the agent's name */
	word(&b, (struct talk_word){ .kind = WORD_SAYS, .agent = SV("lin"), .text = SV("Hello.") });
	HAS(bench_rec(&b, "turn.agent")->text, "\"by\":\"lin\",\"name\":\"\"");
	bench_close(&b);
}

/* In the middle of an answer: it is the person's now, nothing of it is said any more. */
TEST(talk_person_joined_while_thinking)
{
	struct bench b;
	to_queue(&b, 0, "en");
	bench_feed(&b, ev_text("how long can I return an article"));
	struct talk_ev late = ev_found(&b);
	joined(&b);
	EQ(b.c.sm.now, TS_AWAY);
	CHECK(!b.c.in_turn);
	bench_feed(&b, late);
	CHECK(!bench_act(&b, TACT_SAY));
	bench_close(&b);
}

/* A supervisor takes a chat that nobody has asked a person for. */
TEST(talk_person_is_taken_from_the_bot)
{
	struct talk_word take = { .kind = WORD_TAKE, .agent = SV("lin"), .name = SV("Lin") };
	struct bench b;
	for (int zh = 0; zh < 2; zh++) {
		open_with(&b, 0, zh ? "zh" : "en");
		bench_feed(&b, ev_text(zh ? "退货要几天" : "how long can I return it"));
		word(&b, take);      /* while the bot thinks */
		SV_EQ(bench_act(&b, TACT_PERSON)->text, "taken");
		HAS(bench_rec(&b, "handover")->text, "\"reason\":\"taken\"");
		CHECK(!talk_word_fits(&b.c, &take));        /* once */
		word(&b, (struct talk_word){ .kind = WORD_JOINED, .agent = SV("lin"),
					     .name = SV("Lin") });
		HAS(bench_rec(&b, "handover.accepted")->text, "\"agent\":\"lin\"");
		HAS(said(&b), "Lin");
		EQ(b.c.sm.now, TS_AWAY);
		bench_close(&b);
	}
}

TEST(talk_person_words_that_do_not_fit)
{
	struct bench b;
	open_with(&b, 0, "en");
	for (int k = 0; k < WORDS; k++) {
		struct talk_word w = { .kind = (enum talk_word_kind)k, .text = SV("x"),
				       .party = SV("p"), .to = SV("sip:a@b") };
		bool always = k == WORD_NOTE || k == WORD_TYPING || k == WORD_PARTY ||
			      k == WORD_SURVEY || k == WORD_ROW;
		EQ(talk_word_fits(&b.c, &w), always);
		if (!always)
			word(&b, w);
		EQ(b.c.sm.now, TS_LISTENING);
		EQ(b.c.move, MOVE_NONE);
	}
	bench_close(&b);
}

TEST(talk_person_back_with_and_without_an_instruction)
{
	for (int i = 0; i < 3; i++) {
		struct bench b;
		to_queue(&b, 0, "en");
		joined(&b);
		struct talk_word w = { .kind = WORD_BACK, .agent = SV("mei"),
				       .why = i == 2 ? SV("gone") : SV_NULL };
		sv text = i == 1 ? SV("explain the delivery times to her") : SV_NULL;
		bench_feed(&b, (struct talk_ev){ .kind = TEV_WORD, .word = &w, .text = text,
						 .masked = text, .model_text = text });
		HAS(bench_rec(&b, "handover.returned")->text, "\"by\":\"mei\"");
		HAS(said(&b), i == 2 ? "no longer here" : "Mei Lin has handed over to me");
		EQ(sv_find(said(&b), SV("anything else")) >= 0, i != 1);
		EQ(b.c.sm.now, TS_LISTENING);
		EQ(b.c.move, MOVE_NONE);
		EQ(b.c.person.instruction != NULL, i == 1);
		bench_feed(&b, ev_text("how long can I return an article"));
		CHECK(bench_act(&b, TACT_SEARCH));
		bench_close(&b);
	}
}

TEST(talk_person_the_agent_is_lost)
{
	struct bench b;
	to_queue(&b, 0, "en");
	joined(&b);
	word(&b, (struct talk_word){ .kind = WORD_QUEUED, .position = 1, .wait_ms = -1,
				     .why = SV("transfer") });
	HAS(said(&b), "passing you on");
	joined(&b);
	queued(&b, 1, -1);
	HAS(said(&b), "connection to my colleague was lost");
	HAS(said(&b), "You are next.");
	EQ(b.c.sm.now, TS_LISTENING);
	EQ(b.c.move, MOVE_ASKED);
	word(&b, (struct talk_word){ .kind = WORD_JOINED, .agent = SV("tom"), .name = SV("Tom") });
	SV_EQ(said(&b), "You are now talking with Tom.");
	word(&b, (struct talk_word){ .kind = WORD_JOINED, .agent = SV("xia"), .name = SV("Xia") });
	SV_EQ(said(&b), "You are now talking with Xia.");
	word(&b, (struct talk_word){ .kind = WORD_JOINED, .agent = SV("xia"), .name = SV("Xia") });
	SV_EQ(said(&b), "");
	EQ(b.c.sm.now, TS_AWAY);
	bench_close(&b);
}

TEST(talk_person_ends_with_the_agent)
{
	struct bench b;
	to_queue(&b, 0, "en");
	joined(&b);
	word(&b, (struct talk_word){ .kind = WORD_END, .agent = SV("mei") });
	HAS(bench_rec(&b, "handover.ended")->text, "\"by\":\"mei\"");
	HAS(said(&b), "The conversation with Mei Lin is over.");
	CHECK(bench_act(&b, TACT_HANGUP));
	bench_close(&b);
}

/* Whoever goes away tells the queue, a server that stops does not. */
TEST(talk_person_the_customer_leaves)
{
	for (int voice = 0; voice < 2; voice++)
		for (int system = 0; system < 2; system++) {
			struct bench b;
			to_queue(&b, voice ? PHONE : 0, "en");
			bench_feed(&b, (struct talk_ev){ .kind = TEV_CLOSE,
							 .by = system ? CHAN_BY_SYSTEM :
									CHAN_BY_CUSTOMER });
			EQ(bench_act(&b, TACT_LEAVE) != NULL, voice || !system);
			bench_close(&b);
		}
}

/* ---- calls ---- */

static void party(struct bench *b, const char *id, const char *step, int mode)
{
	bench_feed(b, (struct talk_ev){
			      .kind = strcmp(step, "joined") == 0 ? TEV_PARTY_IN : TEV_PARTY,
			      .text = sv_of(step), .client_id = sv_of(id), .mode = mode });
}

static void connect(struct bench *b, const char *to)
{
	word(b, (struct talk_word){ .kind = WORD_CONNECT, .agent = SV("mei"), .name = SV("Mei Lin"),
				    .party = SV("agent:mei"), .to = sv_of(to), .ring_ms = 9000 });
}

TEST(talk_person_a_call_is_connected)
{
	struct bench b;
	to_queue(&b, PHONE, "en");
	connect(&b, "sip:1001@pbx");
	const struct talk_act *x = bench_act(&b, TACT_PARTY);
	EQ(x->n, CHAN_PARTY_ADD);
	SV_EQ(x->text, "sip:1001@pbx");
	SV_EQ(x->safe, "agent:mei");
	EQ(x->ms, 9000);
	HAS(x->context, "asks for a person");
	party(&b, "agent:mei", "ringing", CHAN_TALKS);
	EQ(b.c.sm.now, TS_LISTENING);
	party(&b, "agent:mei", "failed", CHAN_TALKS);
	EQ(b.c.move, MOVE_ASKED);    /* still in the queue, which offers it anew */
	connect(&b, "web:mei");
	SV_EQ(bench_act(&b, TACT_PARTY)->context, "");
	party(&b, "agent:mei", "joined", CHAN_TALKS);
	EQ(b.c.sm.now, TS_AWAY);
	HAS(bench_rec(&b, "handover.accepted")->text, "\"agent\":\"mei\"");
	CHECK(!bench_act(&b, TACT_SAY));
	bench_close(&b);
}

/* A company with one number for its people: the call goes there, as ever. */
TEST(talk_person_transfer_to_comes_first)
{
	struct bench b;
	open_with(&b, PHONE | CHAN_MOVES, "en");
	b.cfg.transfer_to = "sip:desk@127.0.0.1";
	bench_feed(&b, ev_text(WISH));
	played(&b);
	CHECK(bench_act(&b, TACT_TRANSFER) && !bench_act(&b, TACT_PERSON));
	bench_close(&b);
}

/* Whom the transfer brought is no line of ours: who listens or helps ends nothing, who takes over
 * has the customer from then on. */
TEST(talk_person_supervisors_of_a_transfer)
{
	struct bench b;
	open_with(&b, PHONE | CHAN_MOVES, "en");
	b.cfg.transfer_to = "sip:desk@127.0.0.1";
	bench_feed(&b, ev_text(WISH));
	played(&b);
	bench_feed(&b, (struct talk_ev){ .kind = TEV_JOINED, .text = SV("joined") });
	EQ(b.c.sm.now, TS_AWAY);
	static const int modes[] = { CHAN_LISTENS, CHAN_TALKS, CHAN_LISTENS };
	for (int i = 0; i < 3; i++) {
		party(&b, "super:lin", i ? "mode" : "joined", modes[i]);
		CHECK(!bench_act(&b, TACT_TIMER) && !bench_rec(&b, "handover.accepted"));
	}
	bench_feed(&b, (struct talk_ev){ .kind = TEV_TIMER, .timer = TT_SILENCE });
	CHECK(!bench_act(&b, TACT_PARTY));
	EQ(b.c.sm.now, TS_AWAY);
	party(&b, "super:lin", "joined", CHAN_TAKES_OVER);
	HAS(bench_rec(&b, "handover.accepted")->text, "\"agent\":\"lin\"");
	party(&b, "super:lin", "left", CHAN_TALKS);
	CHECK(bench_act(&b, TACT_TIMER) && bench_act(&b, TACT_TIMER)->ms > 0);
	bench_close(&b);
}

/* Begun by the agent: with a person from the first moment. */
TEST(talk_person_called_by_an_agent)
{
	struct bench b;
	struct chan_resume r = { .person = CHAN_PERSON_WITH, .agent = SV("mei") };
	bench_open(&b, PHONE, 0);
	b.c.person.there = true;
	bench_feed(&b, (struct talk_ev){ .kind = TEV_OPEN, .resume = &r });
	CHECK(bench_rec(&b, "conversation.opened") && !bench_act(&b, TACT_SAY));
	CHECK(bench_act(&b, TACT_PERSON)->delta);
	EQ(b.c.sm.now, TS_AWAY);
	joined(&b);
	CHECK(!bench_act(&b, TACT_SAY));
	EQ(b.c.sm.now, TS_AWAY);
	word(&b, (struct talk_word){ .kind = WORD_BACK, .why = SV("over") });
	HAS(said(&b), "no longer here");
	bench_close(&b);
}

/* Monitors are nobody to the customer; a supervisor who takes over is. */
TEST(talk_person_supervisors)
{
	struct bench b;
	open_with(&b, PHONE, "en");
	party(&b, "super:lin", "joined", CHAN_LISTENS);
	EQ(b.c.sm.now, TS_LISTENING);
	party(&b, "super:lin", "mode", CHAN_WHISPERS);
	EQ(b.c.sm.now, TS_LISTENING);
	party(&b, "super:lin2", "joined", CHAN_TAKES_OVER);
	EQ(b.c.sm.now, TS_AWAY);
	HAS(bench_rec(&b, "handover.accepted")->text, "\"agent\":\"lin2\"");
	bench_close(&b);
}

/* The agent is gone and no word comes: the customer is not left alone on the line. */
TEST(talk_person_alone_on_the_line)
{
	struct bench b;
	to_queue(&b, PHONE, "en");
	connect(&b, "web:mei");
	party(&b, "agent:mei", "joined", CHAN_TALKS);
	party(&b, "consult:tom", "joined", CHAN_CONSULTS);
	party(&b, "agent:mei", "left", CHAN_TALKS);
	CHECK(!bench_act(&b, TACT_TIMER) && !bench_rec(&b, "handover.accepted"));
	party(&b, "consult:tom", "mode", CHAN_TALKS);
	HAS(bench_rec(&b, "handover.accepted")->text, "\"agent\":\"tom\",\"name\":\"\"");
	STR_EQ(b.c.person.rates, "tom");
	EQ(b.c.sm.now, TS_AWAY);
	party(&b, "consult:tom", "muted", CHAN_TALKS);
	CHECK(!bench_rec(&b, "handover.accepted"));
	party(&b, "consult:tom", "left", CHAN_TALKS);
	CHECK(bench_act(&b, TACT_TIMER) && bench_act(&b, TACT_TIMER)->ms > 0);
	bench_feed(&b, (struct talk_ev){ .kind = TEV_TIMER, .timer = TT_SILENCE });
	HAS(said(&b), "My colleague is no longer here");
	HAS(bench_rec(&b, "handover.returned")->text, "\"why\":\"gone\"");
	SV_EQ(bench_act(&b, TACT_LEAVE)->text, "bot");
	bench_close(&b);
}

/* The agent hangs up and the queue ends it: they are rated, not who was asked. */
TEST(talk_person_ends_while_a_colleague_is_asked)
{
	struct bench b;
	to_queue(&b, PHONE, "en");
	connect(&b, "web:mei");
	party(&b, "agent:mei", "joined", CHAN_TALKS);
	party(&b, "consult:tom", "joined", CHAN_CONSULTS);
	party(&b, "agent:mei", "left", CHAN_TALKS);
	party(&b, "consult:tom", "mode", CHAN_TALKS);
	word(&b, (struct talk_word){ .kind = WORD_END, .agent = SV("mei"),
				     .survey = SURVEY_CSAT });
	HAS(bench_rec(&b, "survey")->text, "\"of\":\"agent\",\"agent\":\"mei\"");
	EQ(bench_act(&b, TACT_PARTY)->n, CHAN_PARTY_DROP);
	bench_close(&b);
}

TEST(talk_person_waiting_callers_are_spoken_to)
{
	struct bench b;
	to_queue(&b, PHONE, "en");
	queued(&b, 2, 60000);
	played(&b);
	bench_feed(&b, (struct talk_ev){ .kind = TEV_TIMER, .timer = TT_SILENCE });
	HAS(said(&b), "You are number 2");
	CHECK(bench_act(&b, TACT_TIMER)->ms >= 15000);
	EQ(b.c.silences, 0);
	bench_close(&b);
}

/* ---- after a restart ---- */

TEST(talk_person_goes_on_after_a_restart)
{
	for (int with = 0; with < 2; with++) {
		struct bench b;
		struct chan_resume r = { .seq = 9, .turn = 3, .owed = SV("hello?"), .owed_turn = 3,
					 .person = with ? CHAN_PERSON_WITH : CHAN_PERSON_WAITS,
					 .agent = with ? SV("mei") : SV_NULL };
		bench_open(&b, 0, 0);
		b.c.person.there = true;
		bench_feed(&b, (struct talk_ev){ .kind = TEV_OPEN, .resume = &r });
		const struct talk_act *x = bench_act(&b, TACT_PERSON);
		CHECK(x && x->delta);
		CHECK(!bench_rec(&b, "handover"));
		EQ(b.c.sm.now, with ? TS_AWAY : TS_LISTENING);
		EQ(b.c.n_queue, !with);
		joined(&b);
		EQ(b.c.sm.now, TS_AWAY);
		EQ(bench_act(&b, TACT_SAY) != NULL, !with);
		bench_close(&b);
	}
}

/* ---- whatever comes ---- */

struct random {
	struct bench b;
	struct rng *r;
	int live;                    /* hand-overs that were asked for and are not over */
	int asked;
};

static struct talk_word any_word(struct rng *r)
{
	static const char *const whys[] = { "closed", "full", "timeout", "voicemail",
					    "callback_offer", "gone", "" };
	static const char *const names[] = { "mei", "tom", "" };
	struct talk_word w = { .kind = (enum talk_word_kind)rng_below(r, WORDS) };
	w.why = sv_of(whys[rng_below(r, 7)]);
	w.agent = w.name = sv_of(names[rng_below(r, 3)]);
	w.text = rng_below(r, 2) ? SV("where is order HH2026-100186") : SV_NULL;
	w.party = SV("agent:mei");
	w.to = SV("sip:1@pbx");
	w.position = (int)rng_below(r, 4);
	w.wait_ms = (int64_t)rng_below(r, 300000) - 1000;
	w.survey = (enum talk_survey)rng_below(r, SURVEYS);
	w.no_callback = rng_below(r, 2);
	w.voicemail = rng_below(r, 2);
	return w;
}

static struct talk_ev any_event(struct random *x, struct talk_word *w)
{
	static const char *const texts[] = { WISH,
					     "yes",
					     "no",
					     "how long can I return an article",
					     "13800138000",
					     "4",
					     "call me back",
					     "goodbye",
					     "forget the person",
					     "我要转人工",
					     "this is terrible" };
	static const char *const steps[] = { "ringing", "left", "failed", "mode" };
	struct rng *r = x->r;
	switch (rng_below(r, 8)) {
	case 0:
	case 1:
		*w = any_word(r);
		return (struct talk_ev){ .kind = TEV_WORD, .word = w, .text = w->text,
					 .masked = w->text, .model_text = w->text };
	case 2:
		return (struct talk_ev){ .kind = rng_below(r, 2) ? TEV_PARTY_IN : TEV_PARTY,
					 .text = sv_of(steps[rng_below(r, 4)]),
					 .client_id = rng_below(r, 2) ? SV("agent:mei") :
									SV("super:lin"),
					 .mode = (int)rng_below(r, 6) };
	case 3:
		return (struct talk_ev){ .kind = TEV_TIMER, .timer = TT_SILENCE };
	case 4:
		return (struct talk_ev){ .kind = TEV_KEY,
					 .text = sv_n(&"0123456789*#"[rng_below(r, 12)], 1) };
	case 5:
		if (x->b.c.in_turn)
			return ev_found(&x->b);
		return (struct talk_ev){ .kind = TEV_NEXT };
	case 6:
		return (struct talk_ev){ .kind = TEV_PLAYED, .say_id = x->b.c.speaking };
	default:
		return ev_text(texts[rng_below(r, sizeof(texts) / sizeof(*texts))]);
	}
}

/* Never two wishes at a time, nothing said by the bot behind the person's back. */
static const char *wrong(struct random *x, const struct talk_ev *ev, bool was_away)
{
	struct talk_core *c = &x->b.c;
	int asks = 0, leaves = 0, says = 0;
	for (size_t i = 0; i < x->b.acts.n; i++) {
		asks += x->b.acts.v[i].kind == TACT_PERSON;
		leaves += x->b.acts.v[i].kind == TACT_LEAVE;
		says += x->b.acts.v[i].kind == TACT_SAY;
	}
	bool lives = c->move == MOVE_ASKED || c->move == MOVE_JOINED;
	if (asks > 1 || (asks && x->live))
		return "two hand-overs at a time";
	if (asks && !bench_rec(&x->b, "handover"))
		return "a wish without its row";
	if (was_away && c->sm.now == TS_AWAY && says && ev->kind != TEV_WORD)
		return "the bot speaks to who is with a person";
	x->asked += asks;
	x->live = lives;
	return c->sm.now == TS_AWAY && !lives ? "with a person without a hand-over" : NULL;
}

TEST(talk_person_whatever_comes)
{
	struct talk_texts *texts = bench_texts();
	struct random x = { .r = t_rng() };
	const char *bad = NULL;
	for (int n = 0; n < 300 && !bad; n++) {
		unsigned caps = n % 2 ? PHONE : 0;
		bench_open_with(&x.b, obj_ref(texts), caps, 0);
		x.b.c.person.there = true;
		x.live = 0;
		bench_feed(&x.b, (struct talk_ev){ .kind = TEV_OPEN, .number = n % 4 == 1 });
		for (int i = 0; i < 60 && !bad && x.b.c.sm.now != TS_CLOSED; i++) {
			struct talk_word w;
			struct talk_ev ev = any_event(&x, &w);
			bool away = x.b.c.sm.now == TS_AWAY;
			if (caps == 0 && (ev.kind == TEV_KEY || ev.kind == TEV_PLAYED))
				continue;
			ev.now_us = x.b.c.now_us + 700000;
			bench_feed(&x.b, ev);
			bad = wrong(&x, &ev, away);
		}
		bench_close(&x.b);
	}
	if (bad)
		printf("# %s\n", bad);
	CHECK(!bad);
	CHECK(x.asked > 100);
	obj_unref(texts);
}
