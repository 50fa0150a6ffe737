/* What who waits is told in the rhythm of the queue: spoken though nothing is new, known and not
 * told, the company's own text. */
#include <stdio.h>
#include "t_talk_served.h"

#define LINE (PHONE | CHAN_PARTIES)
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

static void tick(struct bench *b, int s)
{
	bench_feed(b, (struct talk_ev){ .kind = TEV_TIMER, .timer = TT_SILENCE,
					.now_us = b->c.now_us + s * INT64_C(1000000) });
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

/* Who waits in a call hears each word of a queue that paces them, though nothing is new, and
 * none of ours between; a chat reads what is new. */
TEST(talk_person_the_queue_says_when_the_next_word_is_due)
{
	for (int voice = 0; voice < 2; voice++) {
		struct bench b;
		struct talk_word w = { .kind = WORD_QUEUED, .position = 2, .wait_ms = 180000,
				       .paced = true };
		to_queue(&b, voice ? LINE : 0, "en");
		played(&b);
		word(&b, w);
		HAS(said(&b), "number 2");
		played(&b);
		if (voice) {
			tick(&b, 20);
			CHECK(!bench_act(&b, TACT_SAY) && b.c.sm.now == TS_LISTENING);
		}
		word(&b, w);
		EQ(said(&b).n > 0, voice);
		if (voice)
			HAS(said(&b), "number 2");
		played(&b);
		w.text = SV("Did you know that the shop has a map?");
		word(&b, w);
		if (voice)
			SV_EQ(said(&b), "Did you know that the shop has a map?");
		EQ(said(&b).n > 0, voice);
		played(&b);
		w.text = SV_NULL;
		w.position = 1;
		word(&b, w);
		CHECK(said(&b).n && sv_find(said(&b), SV("number 2")) < 0);
		bench_close(&b);
	}
}

/* Nothing new does not cut into a conversation with the bot. */
TEST(talk_person_a_paced_word_waits_for_silence)
{
	struct bench b;
	struct talk_word w = { .kind = WORD_QUEUED, .position = 2, .wait_ms = -1, .paced = true };
	to_queue(&b, LINE, "zh");
	played(&b);
	word(&b, w);
	played(&b);
	bench_feed(&b, (struct talk_ev){ .kind = TEV_SPEECH_START });
	word(&b, w);
	CHECK(!bench_act(&b, TACT_SAY));
	w.position = 1;              /* what is new is told afterwards */
	word(&b, w);
	CHECK(b.c.notice);
	bench_close(&b);
}

/* first_s, and after a restart: the place is known and not told. */
TEST(talk_person_a_quiet_word_is_only_known)
{
	for (int voice = 0; voice < 2; voice++) {
		struct bench b;
		struct talk_word w = { .kind = WORD_QUEUED, .position = 3, .wait_ms = -1,
				       .quiet = true };
		to_queue(&b, voice ? LINE : 0, "en");
		played(&b);
		word(&b, w);
		CHECK(!bench_act(&b, TACT_SAY));
		HAS(bench_rec(&b, "handover.queued")->text, "\"position\":3");
		EQ(b.c.person.position, 3);
		w.quiet = false;
		word(&b, w);
		HAS(said(&b), "number 3");
		played(&b);
		w.quiet = true;
		w.why = SV("transfer");  /* who was served and waits again hears it at once */
		joined(&b);
		if (!voice) {
			EQ(b.c.sm.now, TS_AWAY);
			word(&b, w);
			CHECK(said(&b).n);
		}
		bench_close(&b);
	}
}

/* Nobody signed in is no "you are next": it is said, once, with a call back where there is one. */
TEST(talk_person_nobody_is_there)
{
	for (int i = 0; i < 8; i++) {
		struct bench b;
		bool zh = i & 1, voice = i & 2, none = i & 4;
		struct talk_word w = { .kind = WORD_QUEUED, .position = 1, .wait_ms = -1,
				       .nobody = true, .no_callback = none };
		to_queue(&b, voice ? LINE : 0, zh ? "zh" : "en");
		played(&b);
		word(&b, w);
		HAS(said(&b), zh ? "没有同事在线" : "None of my colleagues is available");
		CHECK(sv_find(said(&b), SV("next")) < 0 && sv_find(said(&b), SV("第一")) < 0);
		EQ(sv_find(said(&b), zh ? SV("回电吗") : SV("call you back?")) >= 0, !none);
		EQ(b.c.person.offer, none ? OFFER_NOTHING : OFFER_CALLBACK);
		EQ(b.c.move, MOVE_ASKED);
		played(&b);
		word(&b, w);
		CHECK(!bench_act(&b, TACT_SAY));     /* nothing new */
		w.nobody = false;
		word(&b, w);                         /* somebody signed in */
		if (none)
			HAS(said(&b), zh ? "排在第一位" : "You are next.");
		bench_close(&b);
	}
}

TEST(talk_person_nobody_is_there_and_calls_back)
{
	struct bench b;
	to_queue(&b, 0, "en");
	word(&b, (struct talk_word){ .kind = WORD_QUEUED, .position = 1, .wait_ms = -1,
				     .nobody = true });
	bench_feed(&b, ev_text("how long will it take"));
	HAS(said(&b), "available just now");
	HAS(said(&b), "call you back?");
	bench_feed(&b, ev_text("what does delivery cost?"));
	EQ(b.c.move, MOVE_ASKED);
	bench_feed(&b, ev_found(&b));        /* no answer to the offer: it is answered */
	HAS(said(&b), "30 days");
	bench_feed(&b, ev_text("call me back"));
	HAS(said(&b), "which number");
	bench_feed(&b, ev_text("13800138000"));
	bench_feed(&b, ev_text("yes"));
	CHECK(bench_act(&b, TACT_CALLBACK) && bench_act(&b, TACT_LEAVE));
	bench_close(&b);
}

/* Who waits and asks how long means the queue; who only says so is not thrown out of it. */
TEST(talk_person_how_long_means_the_queue)
{
	static const struct { const char *en, *zh; bool queue; } rows[] = {
		{ "how long will it take", "要等多久", true },
		{ "and how much longer?", "大概还要多久啊？", true },
		{ "how long do I have to wait for an agent", "前面还有几个人", true },
		{ "am I next?", "人呢", true },
		{ "how long does delivery take", "退款要等多久", false },
		{ "when will it arrive", "什么时候能送到", false },
	};
	for (int i = 0; i < 12; i++) {
		struct bench b;
		bool zh = i & 1;
		to_queue(&b, 0, zh ? "zh" : "en");
		word(&b, (struct talk_word){ .kind = WORD_QUEUED, .position = 2,
					     .wait_ms = i < 4 ? 180000 : -1 });
		bench_feed(&b, ev_text(zh ? rows[i / 2].zh : rows[i / 2].en));
		EQ(bench_act(&b, TACT_SEARCH) != NULL, !rows[i / 2].queue);
		if (rows[i / 2].queue) {
			HAS(said(&b), zh ? "第2位" : "number 2");
			HAS(said(&b), zh ? i < 4 ? "3分钟" : "说不准" :
					   i < 4 ? "3 minutes" : "cannot say");
		}
		EQ(b.c.move, MOVE_ASKED);
		bench_close(&b);
	}
}

TEST(talk_person_never_mind_is_asked_back)
{
	for (int i = 0; i < 6; i++) {
		struct bench b;
		bool zh = i & 1;
		to_queue(&b, 0, zh ? "zh" : "en");
		word(&b, (struct talk_word){ .kind = WORD_QUEUED, .position = 2, .wait_ms = -1 });
		bench_feed(&b, ev_text(zh ? "算了" : "never mind"));
		HAS(said(&b), zh ? "取消排队" : "out of the queue");
		EQ(b.c.move, MOVE_ASKED);
		if (i < 2) {
			bench_feed(&b, ev_text(zh ? "是的" : "yes"));
			CHECK(bench_act(&b, TACT_LEAVE) && b.c.move == MOVE_NONE);
		} else if (i < 4) {
			bench_feed(&b, ev_text(zh ? "不要" : "no"));
			HAS(said(&b), zh ? "继续保留" : "keep your place");
			EQ(b.c.move, MOVE_ASKED);
			bench_feed(&b, ev_text(zh ? "没有了" : "no"));   /* no goodbye */
			HAS(said(&b), zh ? "为您保留" : "keep your place");
		} else {
			bench_feed(&b, ev_text(zh ? "运费是多少" : "what does delivery cost"));
			CHECK(bench_act(&b, TACT_SEARCH) && b.c.move == MOVE_ASKED);
		}
		bench_close(&b);
	}
}

/* Who waits in the queue and is asked something else answers that. */
TEST(talk_person_no_to_our_own_question_is_not_about_the_wait)
{
	static const char *const words[] = { "no", "不用", "never mind", "算了" };
	for (int i = 0; i < 4; i++) {
		struct served s;
		struct talk_word w = { .kind = WORD_QUEUED, .position = 2, .wait_ms = -1 };
		served_open(&s, CHAT | CHAN_PARTIES, 1);
		s.b.c.person.there = true;
		known(&s);
		hear(&s, WISH);
		EQ(s.b.c.move, MOVE_ASKED);
		word(&s.b, w);
		wish(&s, "cancel HH2026-100108", "order_cancel", "{\"order\":\"HH2026-100108\"}");
		ASSERT(tool_act(&s));
		got(&s, res("order_cancel", TOOL_CONFIRM, "Shall I cancel it?"));
		HAS(reply_text(&s), "Shall I cancel it?");
		EQ(s.b.c.svc.waits, WAITS_YES);
		hear(&s, words[i]);
		EQ(s.b.c.svc.waits, WAITS_NOTHING);
		EQ(s.b.c.person.offer, OFFER_NOTHING);
		EQ(s.b.c.move, MOVE_ASKED);
		CHECK(!tool_act(&s) && !bench_act(&s.b, TACT_LEAVE));
		hear(&s, "ok");
		CHECK(!tool_act(&s));
		served_close(&s);
	}
}

/* What a colleague reads of a chat: whose words are whose, and nothing glued together. */
TEST(talk_briefing_of_a_chat_can_be_read)
{
	for (int zh = 0; zh < 2; zh++) {
		struct bench b;
		open_with(&b, 0, zh ? "zh" : "en");
		talk_set(&b.c.svc.about, SV("HH2026-100450"));
		b.c.svc.n_fact = 2;
		for (int i = 0; i < 2; i++)
			b.c.svc.fact[i].say =
				xstrdup(zh ? SV("正在配货") : SV("being packed\nsoon"));
		bench_feed(&b, ev_text(zh ? "运费多少钱" : "how much is delivery"));
		bench_feed(&b, ev_found(&b));
		bench_feed(&b, ev_text(zh ? "我要转人工" : WISH));
		sv text = talk_briefing(&b.c, &b.a), own = talk_case_words(&b.c, &b.a);
		HAS(text, zh ? "上一个问题是“运费多少钱。”" : "was: \"how much is delivery.\"");
		HAS(text, zh ? "正在聊天" : "in the chat");
		CHECK(sv_find(text, SV("caller")) < 0);
		HAS(own, zh ? "与订单 HH2026-100450 有关。正在配货。正在配货。" :
			      "It is about order HH2026-100450. being packed soon. being");
		bench_close(&b);
	}
}
