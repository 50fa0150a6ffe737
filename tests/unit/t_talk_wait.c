/* What who waits is told in the rhythm of the queue: spoken though nothing is new, known and not
 * told, the company's own text. */
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
		to_queue(&b, voice ? PHONE : 0, "en");
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
	to_queue(&b, PHONE, "zh");
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
		to_queue(&b, voice ? PHONE : 0, "en");
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
