/* What is said beside replies: fillers when an answer is late, the sentence at the beginning of
 * a call, news that wait for silence. */
#include <stdio.h>
#include "t_talk_help.h"

#define PHONE (CHAN_VOICE | CHAN_DTMF | CHAN_ASR)

static void call_up(struct bench *b, int n_llm)
{
	bench_open(b, PHONE, n_llm);
	bench_feed(b, (struct talk_ev){ .kind = TEV_OPEN, .via = "phone" });
	bench_feed(b, (struct talk_ev){ .kind = TEV_PLAYED, .say_id = b->c.say_id });
}

static const struct talk_act *timer(const struct bench *b, enum talk_timer t)
{
	const struct talk_act *last = NULL;
	for (size_t i = 0; i < b->acts.n; i++)
		if (b->acts.v[i].kind == TACT_TIMER && b->acts.v[i].timer == t)
			last = &b->acts.v[i];
	return last;
}

static void late(struct bench *b)
{
	bench_feed(b, (struct talk_ev){ .kind = TEV_TIMER, .timer = TT_FILLER });
}

static void to_model(struct bench *b)
{
	call_up(b, 1);
	bench_feed(b, ev_text("how long can I return an article"));
	CHECK(timer(b, TT_FILLER) && timer(b, TT_FILLER)->ms > 500);
	CHECK(timer(b, TT_FILLER)->ms <= 1500);
	bench_feed(b, ev_found(b));
	CHECK(bench_act(b, TACT_MODEL));
}

TEST(talk_aside_filler_once_then_progress)
{
	struct bench b;
	to_model(&b);
	int past = b.c.n_past;
	for (int i = 0; i < 3; i++) {
		late(&b);
		const struct talk_act *s = bench_act(&b, TACT_SAY);
		CHECK(s && s->aside && s->final && !s->delta);
		HAS(bench_rec(&b, "turn.aside")->text,
		    i ? "\"what\":\"progress\"" : "\"what\":\"filler\"");
		CHECK(!bench_rec(&b, "turn.bot"));
		EQ(b.c.n_past, past);
		EQ(b.c.sm.now, TS_THINKING);
		late(&b);            /* not over itself */
		EQ(b.acts.n, 0);
		bench_feed(&b, (struct talk_ev){ .kind = TEV_PLAYED, .say_id = b.c.aside });
		CHECK(bench_rec(&b, "turn.played"));
		CHECK(timer(&b, TT_FILLER) && timer(&b, TT_FILLER)->ms <= 6000);
	}
	EQ(b.c.tally.fillers, 3);
	bench_feed(&b, ev_delta(&b, "You have 30 days to return an article. [1] U"));
	CHECK(timer(&b, TT_FILLER) && timer(&b, TT_FILLER)->ms == 0);
	late(&b);                    /* one that was under way */
	EQ(b.acts.n, 0);
	for (int i = 0; i < b.c.n_past; i++)
		CHECK(sv_find(sv_of(b.c.past[i].text), SV("moment")) < 0);
	bench_close(&b);
}

/* A sentence that is half written comes at once: it is waited for, a little. */
TEST(talk_aside_filler_waits_for_half_a_sentence)
{
	struct bench b;
	to_model(&b);
	bench_feed(&b, ev_delta(&b, "You have 30 days"));
	late(&b);
	CHECK(!bench_act(&b, TACT_SAY) && timer(&b, TT_FILLER)->ms > 0);
	late(&b);
	CHECK(bench_act(&b, TACT_SAY));
	bench_close(&b);
}

TEST(talk_aside_no_filler_after_the_customer_speaks)
{
	static const enum talk_ev_kind kinds[] = { TEV_SPEECH_START, TEV_KEY, TEV_HOLD,
						   TEV_CLOSE };
	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++) {
		struct bench b;
		to_model(&b);
		bench_feed(&b, (struct talk_ev){ .kind = kinds[i], .text = SV("0") });
		CHECK(timer(&b, TT_FILLER) && timer(&b, TT_FILLER)->ms == 0);
		late(&b);
		EQ(b.acts.n, 0);
		bench_close(&b);
	}
}

TEST(talk_aside_no_fillers_in_chats_and_for_patient_clients)
{
	static const unsigned caps[] = { CHAN_STREAM | CHAN_RICH, PHONE | CHAN_PATIENT };
	for (size_t i = 0; i < 2; i++) {
		struct bench b;
		bench_open(&b, caps[i], 1);
		bench_feed(&b, (struct talk_ev){ .kind = TEV_OPEN, .via = "x" });
		bench_feed(&b, ev_text("how long can I return an article"));
		CHECK(!timer(&b, TT_FILLER));
		bench_close(&b);
	}
}

/* From the pause that told the likely words, not from the words: an ear that waits long does
 * not make the customer wait twice. */
TEST(talk_aside_filler_counts_from_the_pause)
{
	struct bench b;
	call_up(&b, 0);
	b.c.now_us = 0;
	struct talk_ev ev = ev_text("how long can I return an article");
	bench_feed(&b, (struct talk_ev){ .kind = TEV_SPEECH_START });
	ev.kind = TEV_LIKELY;
	ev.now_us = 1000000;
	bench_feed(&b, ev);
	ev.kind = TEV_TEXT;
	ev.now_us = 1900000;
	bench_feed(&b, ev);
	const struct talk_act *t = timer(&b, TT_FILLER);
	CHECK(t && t->ms >= 100 && t->ms <= 500);
	bench_close(&b);
}

/* Cut while the filler sounds: of the answer behind it nothing was heard, so it never was. */
TEST(talk_aside_answer_behind_a_cut_filler_was_not_heard)
{
	struct bench b;
	to_model(&b);
	late(&b);
	uint32_t filler = b.c.aside;
	bench_feed(&b, ev_delta(&b, "You have 30 days to return an article. [1] U"));
	CHECK(bench_act(&b, TACT_SAY)->say_id > filler);
	CHECK(talk_core_hushes(&b.c, TEV_SPEECH_START));
	struct talk_ev start = { .kind = TEV_SPEECH_START, .heard = { filler, 7, 10, 20 } };
	talk_step(&b.c, &start, &b.a, &b.acts);
	int cuts = 0;
	for (size_t i = 0; i < b.acts.n; i++)
		if (b.acts.v[i].rec && strcmp(b.acts.v[i].rec, "turn.cut") == 0)
			HAS(b.acts.v[i].text, cuts++ ? "\"heard_chars\":0" : "\"heard_chars\":7");
	EQ(cuts, 2);
	for (int i = 0; i < b.c.n_past; i++)
		CHECK(sv_find(sv_of(b.c.past[i].text), SV("30 days")) < 0);
	EQ(b.c.n_queue, 1);          /* the question waits */
	CHECK(!b.c.speaking && !b.c.aside);
	bench_close(&b);
}

/* A filler that was heard whole, and the answer's first words: only those count. */
TEST(talk_aside_answer_after_a_filler_counts_from_its_own_start)
{
	struct bench b;
	to_model(&b);
	late(&b);
	uint32_t filler = b.c.aside;
	bench_feed(&b, ev_delta(&b, "You have 30 days to return an article. [1] U"));
	bench_feed(&b, (struct talk_ev){ .kind = TEV_PLAYED, .say_id = filler });
	CHECK(!timer(&b, TT_FILLER));
	struct talk_ev start = { .kind = TEV_SPEECH_START, .heard = { b.c.speaking, 8, 10, 20 } };
	talk_step(&b.c, &start, &b.a, &b.acts);
	STR_EQ(b.c.past[b.c.n_past - 1].text, "You have");
	bench_close(&b);
}

TEST(talk_aside_disclosure_first_and_whole)
{
	for (int l = 0; l < 2; l++) {
		struct bench b;
		bench_open(&b, PHONE, 0);
		memcpy(b.c.lang, l ? "zh" : "en", 3);
		b.cfg.disclosure = true;
		bench_feed(&b, (struct talk_ev){ .kind = TEV_OPEN, .via = "phone" });
		const struct talk_act *s = bench_act(&b, TACT_SAY);
		HAS(s->text, l ? "人工智能" : "automated assistant");
		CHECK(s->uninterruptible && s->aside && s->say_id == 1);
		HAS(bench_rec(&b, "turn.aside")->text, "\"what\":\"disclosure\"");
		CHECK(bench_rec(&b, "turn.bot"));
		EQ(b.c.speaking, 2);
		bench_feed(&b, (struct talk_ev){ .kind = TEV_PLAYED, .say_id = 1 });
		HAS(bench_rec(&b, "turn.played")->text, "\"say_id\":1");
		EQ(b.c.sm.now, TS_SPEAKING);
		bench_close(&b);
	}
}

/* Cut right after it, before its end was told: it was heard whole, and the record says so. */
TEST(talk_aside_disclosure_cut_right_after_it)
{
	struct bench b;
	bench_open(&b, PHONE, 0);
	b.cfg.disclosure = true;
	bench_feed(&b, (struct talk_ev){ .kind = TEV_OPEN, .via = "phone" });
	struct talk_ev start = { .kind = TEV_SPEECH_START, .heard = { 2, 0, 3900, 3940 } };
	talk_step(&b.c, &start, &b.a, &b.acts);
	HAS(bench_rec(&b, "turn.played")->text, "\"say_id\":1");
	HAS(bench_rec(&b, "turn.cut")->text, "\"say_id\":2");
	bench_close(&b);
}

TEST(talk_aside_disclosure_only_on_calls)
{
	static const unsigned caps[] = { CHAN_STREAM | CHAN_RICH, PHONE | CHAN_PATIENT };
	for (size_t i = 0; i < 2; i++) {
		struct bench b;
		bench_open(&b, caps[i], 0);
		b.cfg.disclosure = true;
		bench_feed(&b, (struct talk_ev){ .kind = TEV_OPEN, .via = "x" });
		CHECK(!bench_rec(&b, "turn.aside"));
		bench_close(&b);
	}
}

/* ---- everything is down ---- */

/* The recogniser goes while we speak: said as soon as that is over, not after eight seconds. */
TEST(talk_aside_lost_ears_are_told_after_what_is_said)
{
	struct bench b;
	bench_open(&b, PHONE, 0);
	bench_feed(&b, (struct talk_ev){ .kind = TEV_OPEN, .via = "phone" });
	bench_feed(&b, (struct talk_ev){ .kind = TEV_ASR_LOST });
	CHECK(bench_rec(&b, "model.fallback") && !bench_act(&b, TACT_SAY));
	bench_feed(&b, (struct talk_ev){ .kind = TEV_PLAYED, .say_id = b.c.speaking });
	HAS(bench_act(&b, TACT_SAY)->text, "cannot understand speech");
	HAS(bench_act(&b, TACT_SAY)->text, "press 0");
	struct talk_ev ev = ev_text("points"); /* it hears again */
	ev.via = "speech";
	bench_feed(&b, ev);
	CHECK(!b.c.asr_lost);
	bench_close(&b);
}

/* Models down, and the search finds nothing: apology, menu, a person; when the models are back
 * it is an ordinary refusal again. */
TEST(talk_aside_outage_offers_the_menu)
{
	for (int how = 0; how < 3; how++) {
		struct bench b;
		call_up(&b, 1);
		if (how == 1) {
			bench_feed(&b, ev_text("how long can I return an article"));
			bench_feed(&b, ev_found(&b));
			bench_feed(&b, ev_end(&b, ERR_UPSTREAM));
			HAS(bench_rec(&b, "turn.bot")->text, "30 days");
		}
		bench_feed(&b, ev_text("do you sell elephants"));
		b.found.answerable = false;
		struct talk_ev f = ev_found(&b);
		f.down = how == 0;
		bench_feed(&b, f);
		sv said = bench_act(&b, TACT_SAY)->text;
		EQ(sv_find(said, SV("not working")) >= 0, how < 2);
		EQ(sv_find(said, SV("press 0")) >= 0, how < 2);
		b.found.answerable = true;
		bench_feed(&b, ev_text("how long can I return an article"));
		bench_feed(&b, ev_found(&b));
		bench_feed(&b, ev_delta(&b, "You have 30 days to return an article. [1]"));
		bench_feed(&b, ev_end(&b, 0));
		EQ(b.c.failed_models, 0);
		bench_close(&b);
	}
}
