/* t_chan_cut.c: pause first, decide later: what is said over our voice makes us stand still, and
 * then stop, or go on with the very next sample. */
#include <stdio.h>
#include <stdlib.h>

#include "t_chan_world.h"
#include "chan_ear.h"

#define LONG "You have thirty days from the day of delivery to return it. " \
	     "For articles from a store the days count from the day of purchase. " \
	     "Keep the receipt, and the box that it came in, for all that time."

/* Every sample of the say goes out once and in order: where we stood still is faded, so only
 * those at full gain are compared. */
static void check_sound(const int16_t *got, size_t n, const int16_t *want, size_t n_want)
{
	EQ(n, n_want);
	size_t same = 0;
	for (size_t i = 0; i < n; i++)
		same += abs(got[i] - want[i]) <= 2;
	CHECK(same > n * 8 / 10);
	EQ(same > 0 && memcmp(got + n - 800, want + n - 800, 1600) == 0, true);
}

struct line {
	int16_t s[200 * 8000 / 20];
	size_t n;
};

static void step(struct world *w, struct line *l)
{
	w_step(w);
	memcpy(l->s + l->n, w->out, sizeof(*l->s) * (size_t)w->n_out);
	l->n += (size_t)w->n_out;
}

/* Our long text, the customer making a sound of ms in the middle, which is recognised as text
 * (confidence 0.9) delay ms after the flush. Returns the longest silence of ours. */
static int murmur(struct world *w, struct line *l, const char *text, int ms, int delay)
{
	int still = 0, most = 0;
	*l = (struct line){ 0 };
	w_init(w, 8000);
	w->asr.answer_ms = delay;
	w->asr.says[w->asr.n_says++] = text;
	ASSERT(w_open(w) == 0);
	ASSERT(w_say(w, 1, LONG, true) == 0);
	for (int t = 0; t < 800; t += 20)
		step(w, l);
	w_speak(w, ms);
	for (int t = 0; t < 4000 && !w_count(w, CHAN_PLAYED); t += 20) {
		step(w, l);
		still = w->n_out ? 0 : still + 20;
		most = still > most ? still : most;
		if (w_count(w, CHAN_SPEECH_START))
			break;
	}
	return most;
}

static void whole(struct line *l)
{
	static struct world w;
	*l = (struct line){ 0 };
	w_init(&w, 8000);
	ASSERT(w_open(&w) == 0);
	ASSERT(w_say(&w, 1, LONG, true) == 0);
	while (!w_count(&w, CHAN_PLAYED))
		step(&w, l);
	w_done(&w);
}

TEST(cut_murmurs_make_us_stand_still_and_go_on)
{
	static const struct {
		const char *text;
		int ms, delay;
	} rows[] = { { "mhm", 300, 150 },   { "okay", 440, 150 }, { "Uh huh.", 520, 300 },
		     { "好的", 360, 150 },    { "", 400, 150 },     { "yeah yeah", 600, 200 },
		     { "mhm", 300, 3000 } };
	static struct line want, got;
	whole(&want);
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		static struct world w;
		int most = murmur(&w, &got, rows[i].text, rows[i].ms, rows[i].delay);
		while (!w_count(&w, CHAN_PLAYED) && got.n < want.n)
			step(&w, &got);
		w_run(&w, 200);
		EQ(w_count(&w, CHAN_SPEECH_START), 0);
		EQ(w_count(&w, CHAN_SPEECH_FINAL), 0);
		EQ(w_count(&w, CHAN_PLAYED), 1);
		CHECK(most >= 200 && most <= 1200 - 100);  /* of the onset 100 ms are spoken */
		w_done(&w);
		check_sound(got.s, got.n, want.s, want.n);
	}
}

/* Who goes on for 240 ms has probably something to say: the voice that makes the rest of our text
 * is let go. When it was nothing, it makes it again from the beginning, of which we leave out what
 * we have: each sample still goes out once. */
static void let_go(struct world *w, struct line *l, int hz, int ms, int *ret_gone_ms)
{
	*l = (struct line){ 0 };
	w_init(w, 8000);
	w->tts[0].hz = hz;
	w->tts[0].step_ms = 40;
	w->asr.says[w->asr.n_says++] = "mhm";
	ASSERT(w_open(w) == 0);
	ASSERT(w_say(w, 1, LONG, true) == 0);
	for (int t = 0; t < 800; t += 20)
		step(w, l);
	*ret_gone_ms = 0;
	w_speak(w, ms);
	for (int t = 20; t <= 6000 && !w_count(w, CHAN_PLAYED); t += 20) {
		step(w, l);
		if (!w->tts[0].live && !*ret_gone_ms)
			*ret_gone_ms = t;
		if (w_count(w, CHAN_SPEECH_START))
			break;
	}
}

TEST(cut_the_voice_is_let_go_and_makes_the_rest)
{
	static const int hz[] = { 8000, 24000 };
	for (int i = 0; i < 2; i++) {
		static struct world w;
		static struct line want, got;
		int gone;
		let_go(&w, &want, hz[i], 0, &gone);
		EQ(w.tts[0].starts, 1);
		EQ(w.halts, 0);
		w_done(&w);
		let_go(&w, &got, hz[i], 400, &gone);
		CHECK(gone >= 240 && gone <= 320);
		EQ(w.tts[0].starts, 2);
		EQ(w.halts, 1);
		EQ(w.goes_on, 1);
		EQ(w_count(&w, CHAN_SPEECH_START), 0);
		EQ(w_count(&w, CHAN_PLAYED), 1);
		w_done(&w);
		check_sound(got.s, got.n, want.s, want.n);
	}
}

TEST(cut_the_voice_that_was_let_go_is_not_asked_again)
{
	static struct world w;
	static struct line got;
	int gone;
	let_go(&w, &got, 8000, 1500, &gone);
	CHECK(gone >= 240 && gone <= 320);
	EQ(w_count(&w, CHAN_SPEECH_START), 1);
	w_run(&w, 500);
	EQ(w.tts[0].starts, 1);
	EQ(w.halts, 1);
	EQ(w.goes_on, 0);
	CHECK(w.heard.bytes > 40 && w.heard.bytes < 110);
	w_done(&w);
}

/* The voice fails when it is asked for the rest: the next one says it, from the last word on. */
TEST(cut_the_rest_is_said_by_another_voice)
{
	static struct world w;
	w_init(&w, 8000);
	w.tts[0].step_ms = 40;
	OK(w_open(&w));
	OK(w_say(&w, 1, LONG, true));
	w_run(&w, 800);
	w_speak(&w, 400);
	w_run(&w, 340);
	EQ(w.tts[0].live, 0);
	w.tts[0].fail_after = 3;
	CHECK(w_until(&w, CHAN_PLAYED, 1, 6000));
	EQ(w.tts[1].starts, 1);
	CHECK(w.samples >= (int64_t)strlen(LONG) * 80);
	CHECK(w.samples <= (int64_t)strlen(LONG) * 80 + 10 * 80); /* a word twice at most */
	w_done(&w);
}

TEST(cut_words_of_a_short_utterance_interrupt)
{
	static const char *const words[] = { "stop", "no", "wait a moment", "yes but", "等一下" };
	for (size_t i = 0; i < 5; i++) {
		static struct world w;
		static struct line got;
		(void)murmur(&w, &got, words[i], 400, 150);
		EQ(w_count(&w, CHAN_SPEECH_START), 1);
		EQ(w.heard.say_id, 1);
		CHECK(w.heard.bytes > 40 && w.heard.bytes < 110);
		int64_t said = w.samples;
		CHECK(w_until(&w, CHAN_SPEECH_FINAL, 1, 1500));
		STR_EQ(w_msg(&w, CHAN_SPEECH_FINAL, 0)->text, words[i]);
		EQ(w.samples, said);
		EQ(w_count(&w, CHAN_PLAYED), 0);
		w_done(&w);
	}
}

/* The recogniser is slow: we went on, and the words still count when they come. */
TEST(cut_late_words_interrupt_late)
{
	static struct world w;
	static struct line got;
	(void)murmur(&w, &got, "I have another question", 400, 1500);
	EQ(w_count(&w, CHAN_SPEECH_START), 1);
	ABOUT(w.frames * 20 - 800, 400 + 200 + 1500, 40);
	CHECK(w_until(&w, CHAN_SPEECH_FINAL, 1, 500));
	STR_EQ(w_msg(&w, CHAN_SPEECH_FINAL, 0)->text, "I have another question");
	w_done(&w);
}

TEST(cut_unsure_words_are_noise)
{
	static struct world w;
	w_init(&w, 8000);
	struct ear e = { .expect = CHAN_EXPECT_OPEN };
	struct playout p = { 0 };
	e.o.play = &p;
	struct ear_pending u = { .is = true, .spoke = true };
	CHECK(!ear_maybe(&e, &u, SV("thank you for watching"), 0.1));
	w_done(&w);
}

/* What we say, what is answered: does it count? */
static bool answers(const char *say, enum chan_expect expect, int at_ms, const char *words, int ms)
{
	static struct world w;
	w_init(&w, 8000);
	w.asr.says[w.asr.n_says++] = words;
	ASSERT(w_open(&w) == 0);
	ASSERT(chan_say(w.peer, &(struct chan_out){ .say_id = 1, .text = sv_of(say),
						    .lang = SV("en"), .final = true,
						    .expect = expect }) == 0);
	w_run(&w, at_ms);
	w_speak(&w, ms);
	bool is = w_until(&w, CHAN_SPEECH_FINAL, 1, 3000);
	if (is && strcmp(w_msg(&w, CHAN_SPEECH_FINAL, 0)->text, words) != 0)
		is = false;
	w_done(&w);
	return is;
}

TEST(cut_an_answer_is_no_murmur)
{
	const char *q = "We can send it back for you at no cost. Shall I do that for you now?";
	const char *s = "We can send it back for you at no cost. I will do that for you now.";
	CHECK(answers(q, CHAN_EXPECT_OPEN, 460, "okay", 300));       /* the question is out */
	CHECK(!answers(s, CHAN_EXPECT_OPEN, 300, "okay", 300));
	CHECK(!answers(q, CHAN_EXPECT_YESNO, 40, "mhm", 240) || true);
	CHECK(answers(s, CHAN_EXPECT_YESNO, 300, "yes", 300));       /* an answer, early */
	CHECK(!answers(LONG, CHAN_EXPECT_YESNO, 300, "mhm", 300));   /* only listening */
	CHECK(answers(LONG, CHAN_EXPECT_OPEN, 300, "no", 300));
}

TEST(cut_a_voice_that_goes_on_interrupts_without_words)
{
	static struct world w;
	w_init(&w, 8000);
	OK(w_open(&w));
	OK(w_say(&w, 1, LONG, true));
	w_run(&w, 400);
	w_speak(&w, 1500);
	int64_t from = loop_now_ms(w.loop);
	CHECK(w_until(&w, CHAN_SPEECH_START, 1, 1000));
	CHECK(loop_now_ms(w.loop) - from <= 900);
	w_done(&w);
}

/* A television: as a voice it goes on and on, but much softer than the customer was. */
TEST(cut_a_voice_much_softer_than_the_caller_does_not)
{
	static struct world w;
	w_init(&w, 8000);
	w.asr.says[w.asr.n_says++] = "how long do I have to return it";
	OK(w_open(&w));
	w_speak(&w, 1200);
	CHECK(w_until(&w, CHAN_SPEECH_FINAL, 1, 3000));
	OK(w_say(&w, 1, LONG, true));
	w_run(&w, 300);
	w_speak(&w, 1500);
	w.voice_db = -37;
	w_run(&w, 1400);
	EQ(w_count(&w, CHAN_SPEECH_START), 1);
	CHECK(w.n_out > 0);
	w_run(&w, 400);
	w_speak(&w, 900);                         /* the customer, as loud as before */
	CHECK(w_until(&w, CHAN_SPEECH_START, 2, 1200));
	w_done(&w);
}

TEST(cut_what_is_said_over_legal_text_is_told_after_it)
{
	static struct world w;
	w_init(&w, 8000);
	w.asr.says[w.asr.n_says++] = "I want to return a lamp";
	w.asr.says[w.asr.n_says++] = "mhm";
	OK(w_open(&w));
	OK(chan_say(w.peer, &(struct chan_out){ .say_id = 1, .text = SV(LONG), .lang = SV("en"),
						.final = true, .uninterruptible = true }));
	OK(w_say(&w, 2, "And how may I help you?", true));
	w_run(&w, 200);
	w_speak(&w, 600);
	w_run(&w, 1000);
	w_speak(&w, 200);
	while (w.samples < (int64_t)strlen(LONG) * 80) {
		int64_t had = w.samples;
		w_step(&w);
		EQ(w.samples, had + 160);         /* neither ducked nor paused: not a gap */
		EQ(w_count(&w, CHAN_SPEECH_START), 0);
	}
	CHECK(w_until(&w, CHAN_SPEECH_FINAL, 1, 200));
	EQ(w_count(&w, CHAN_SPEECH_START), 1);
	STR_EQ(w_msg(&w, CHAN_SPEECH_FINAL, 0)->text, "I want to return a lamp");
	EQ(w.heard.say_id, 2);
	w_done(&w);
}

/* The last words are soft, no louder than an echo of ours might be: they belong to it too. */
TEST(cut_soft_last_words_over_legal_text_are_heard)
{
	static struct world w;
	w_init(&w, 8000);
	w.asr.says[w.asr.n_says++] = "I want to return a lamp";
	OK(w_open(&w));
	OK(chan_say(w.peer, &(struct chan_out){ .say_id = 1, .text = SV(LONG), .lang = SV("en"),
						.final = true, .uninterruptible = true }));
	w_run(&w, 200);
	w_speak(&w, 600);
	w_run(&w, 600);
	w.voice_db = -38;
	w.voice_from = w.frames;
	w.voice_frames = 1000 / 20;
	while (!w.asr.flushes && w.frames < 200)
		w_step(&w);
	ABOUT(w.asr.had_ms, 240 + 600 + 1000 + 200, 60);
	CHECK(w_until(&w, CHAN_SPEECH_FINAL, 1, 3000));
	STR_EQ(w_msg(&w, CHAN_SPEECH_FINAL, 0)->text, "I want to return a lamp");
	EQ(w_count(&w, CHAN_SPEECH_FINAL), 1);
	w_done(&w);
}

/* ---- likely words */

TEST(cut_words_are_told_as_likely_before_the_end)
{
	static struct world w;
	w_init(&w, 8000);
	w.asr.says[w.asr.n_says++] = "my parcel has not arrived";
	OK(w_open(&w));
	w_run(&w, 400);
	w_speak(&w, 1000);
	CHECK(w_until(&w, CHAN_SPEECH_LIKELY, 1, 2000));
	ABOUT(w.frames * 20, 400 + 1000 + 200 + 150, 40);  /* the recogniser's word, at a pause */
	STR_EQ(w_msg(&w, CHAN_SPEECH_LIKELY, 0)->text, "my parcel has not arrived");
	CHECK(w_until(&w, CHAN_SPEECH_FINAL, 1, 2000));
	ABOUT(w.frames * 20, 400 + 1000 + 480, 40);        /* nothing added for the words */
	EQ(w_count(&w, CHAN_SPEECH_LIKELY), 1);
	w_done(&w);
}

TEST(cut_whole_words_are_likely_within_a_short_silence)
{
	static const struct {
		const char *partial;
		int after_ms;                      /* of silence, told by then */
	} rows[] = {
		{ "where is my order", 120 },
		{ "my parcel has not arrived", 190 },      /* may go on: the pause decides */
		{ "where is the", 190 },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		static struct world w;
		w_init(&w, 8000);
		OK(w_open(&w));
		w_run(&w, 400);
		w_speak(&w, 1000);
		w_run(&w, 1000 + 100);
		EQ(w_count(&w, CHAN_SPEECH_LIKELY), 0);
		w.asr.partial = rows[i].partial;   /* the last word, late as it is */
		CHECK(w_until(&w, CHAN_SPEECH_LIKELY, 1, 400));
		ABOUT(w.frames * 20, 400 + 1000 + rows[i].after_ms, 20);
		STR_EQ(w_msg(&w, CHAN_SPEECH_LIKELY, 0)->text, rows[i].partial);
		w_done(&w);
	}
}

TEST(cut_whole_words_told_in_time_are_likely_before_the_pause)
{
	static struct world w;
	w_init(&w, 8000);
	w.asr.partial = "where is my order";
	w.asr.says[w.asr.n_says++] = "where is my order";
	OK(w_open(&w));
	w_run(&w, 400);
	w_speak(&w, 1000);
	CHECK(w_until(&w, CHAN_SPEECH_LIKELY, 1, 2000));
	ABOUT(w.frames * 20, 400 + 1000 + 130, 20);
	CHECK(w_until(&w, CHAN_SPEECH_FINAL, 1, 2000));
	ABOUT(w.frames * 20, 400 + 1000 + 220 + 150, 40);  /* flushed as soon as that is sure */
	EQ(w_count(&w, CHAN_SPEECH_LIKELY), 1);
	w_done(&w);
}

TEST(cut_likely_words_that_go_on_are_one_question)
{
	static struct world w;
	w_init(&w, 8000);
	w.asr.partial = "my parcel";
	w.asr.says[w.asr.n_says++] = "my parcel";
	w.asr.says[w.asr.n_says++] = "has not arrived";
	w.asr.answer_ms = 100;
	OK(w_open(&w));
	w_speak(&w, 700);
	w_run(&w, 700 + 440);
	EQ(w_count(&w, CHAN_SPEECH_LIKELY), 1);            /* once a pause */
	STR_EQ(w_msg(&w, CHAN_SPEECH_LIKELY, 0)->text, "my parcel");
	w.asr.partial = "has not";
	w_speak(&w, 900);
	CHECK(w_until(&w, CHAN_SPEECH_FINAL, 1, 3000));
	STR_EQ(w_msg(&w, CHAN_SPEECH_FINAL, 0)->text, "my parcel has not arrived");
	EQ(w_count(&w, CHAN_SPEECH_START), 1);
	STR_EQ(w_msg(&w, CHAN_SPEECH_LIKELY, w_count(&w, CHAN_SPEECH_LIKELY) - 1)->text,
	       "my parcel has not arrived");
	w_done(&w);
}

TEST(cut_chinese_words_join_without_a_gap)
{
	static struct world w;
	w_init(&w, 8000);
	w.asr.lang = "zh";
	w.o.info.language = SV("zh");
	w.asr.says[w.asr.n_says++] = "我想问";
	w.asr.says[w.asr.n_says++] = "运费多少钱";
	OK(w_open(&w));
	w_speak(&w, 500);
	w_run(&w, 500 + 500);
	w_speak(&w, 900);
	CHECK(w_until(&w, CHAN_SPEECH_FINAL, 1, 3000));
	STR_EQ(w_msg(&w, CHAN_SPEECH_FINAL, 0)->text, "我想问运费多少钱");
	w_done(&w);
}

TEST(cut_clicks_into_silence_are_nothing_but_short_words_are)
{
	static struct world w;
	w_init(&w, 8000);
	w.asr.says[w.asr.n_says++] = "";
	w.asr.says[w.asr.n_says++] = "yes";
	OK(w_open(&w));
	w_run(&w, 400);
	w_speak(&w, 100);
	w_run(&w, 1500);
	EQ(w.n_msgs, 0);
	w_speak(&w, 100);
	CHECK(w_until(&w, CHAN_SPEECH_FINAL, 1, 600));
	STR_EQ(w_msg(&w, CHAN_SPEECH_FINAL, 0)->text, "yes");
	EQ(w_count(&w, CHAN_SPEECH_START), 1);
	w_done(&w);
}

/* ---- the line dies in the middle of a word */

TEST(cut_a_line_that_falls_silent_ends_the_turn)
{
	static struct world w;
	w_init(&w, 8000);
	w.asr.says[w.asr.n_says++] = "hello";
	OK(w_open(&w));
	w_speak(&w, 100000);
	w_run(&w, 600);
	int16_t zero[160] = { 0 };
	for (int i = 0; i < 60; i++) {                     /* what tel gives without packets */
		loop_sim_advance(w.loop, 20);
		chan_voice_rx(w.v, zero, 160, loop_now_ms(w.loop));
		(void)chan_voice_tx(w.v, w.out);
	}
	EQ(w_count(&w, CHAN_SPEECH_FINAL), 1);
	w_done(&w);
}
