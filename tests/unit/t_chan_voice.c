/* Unit tests of what is said: whole, in order, in pieces, cut, with engines that fail. */
#include "t_chan_world.h"

TEST(voice_greeting_is_played_whole)
{
	static struct world w;
	w_init(&w, 8000);
	w.greeting = "Hello, this is the parcel service.";
	OK(w_open(&w));
	EQ(w.caps, CHAN_VOICE | CHAN_DTMF | CHAN_ASR);
	CHECK(w_until(&w, CHAN_PLAYED, 1, 3000));
	EQ(w.samples, strlen(w.greeting) * 80);
	const struct w_msg *m = w_msg(&w, CHAN_PLAYED, 0);
	EQ(m->say_id, 1);
	ABOUT(m->end_ms - m->start_ms, strlen(w.greeting) * 10, 20);
	w_run(&w, 1000);
	EQ(w.n_msgs, 1);
	w_done(&w);
	EQ(w.closes, 1);
	EQ(w.by, CHAN_BY_SYSTEM);
}

TEST(voice_played_waits_for_the_grace)
{
	static struct world w;
	w_init(&w, 8000);
	OK(w_open(&w));
	OK(w_say(&w, 1, "ten bytes.", true));
	while (w.samples < 800)
		w_step(&w);
	int64_t last = loop_now_ms(w.loop);
	CHECK(w_until(&w, CHAN_PLAYED, 1, 1000));
	ABOUT(w_msg(&w, CHAN_PLAYED, 0)->at_ms - last, 80, 1);
	w_done(&w);
}

/* Byte of the text up to which `samples` (at 80 a byte) spoke whole words. */
static size_t words_before(const char *text, int64_t samples)
{
	size_t at = 0;
	for (size_t i = 0; text[i] && (int64_t)i * 80 <= samples; i++)
		if (i == 0 || text[i - 1] == ' ')
			at = i;
	return samples >= (int64_t)strlen(text) * 80 ? strlen(text) : at;
}

static void make_text(char *s, size_t words)
{
	size_t n = 0;
	for (size_t i = 0; i < words; i++) {
		size_t len = 1 + rng_below(t_rng(), 9);
		for (size_t k = 0; k < len; k++)
			s[n++] = (char)('a' + rng_below(t_rng(), 26));
		s[n++] = i + 1 < words ? ' ' : '.';
	}
	s[n] = '\0';
}

TEST(voice_barge_in_is_silent_at_once_and_tells_what_was_heard)
{
	for (int round = 0; round < 50; round++) {
		static struct world w;
		char text[1200];
		w_init(&w, 8000);
		OK(w_open(&w));
		make_text(text, 100);
		OK(w_say(&w, 7, text, true));
		int k = 200 + 20 * (int)rng_below(t_rng(), 120);
		w_run(&w, k);
		int64_t from = loop_now_ms(w.loop);
		w_speak(&w, 1000);
		while (loop_now_ms(w.loop) - from < 1000 && w.n_out != 80)
			w_step(&w);               /* the fade, 10 ms, and we stand still */
		ABOUT(loop_now_ms(w.loop) - from, 120, 20);
		int64_t sent = w.samples;
		EQ(w_count(&w, CHAN_SPEECH_START), 0);
		CHECK(w_until(&w, CHAN_SPEECH_START, 1, 1000));
		ABOUT(w_msg(&w, CHAN_SPEECH_START, 0)->at_ms - from, 740, 40);
		EQ(w.samples, sent);
		EQ(w.heard.say_id, 7);
		EQ(w.heard.bytes, words_before(text, sent));
		CHECK(w.heard.bytes == 0 || text[w.heard.bytes - 1] == ' ');
		int64_t said = w.samples;
		w_run(&w, 3000);
		EQ(w.samples, said);              /* nothing more of it */
		EQ(w_count(&w, CHAN_PLAYED), 0);
		EQ(w_count(&w, CHAN_SPEECH_START), 1);
		EQ(w_count(&w, CHAN_SPEECH_FINAL), 1);
		CHECK(w.flushes > 0);
		w_done(&w);
	}
}

TEST(voice_heard_at_other_rates)
{
	static const int hz[] = { 16000, 22050, 8000 };
	for (int i = 0; i < 3; i++) {
		static struct world w;
		w_init(&w, i == 2 ? 16000 : 8000);
		w.tts[0].hz = hz[i];
		OK(w_open(&w));
		OK(w_say(&w, 1, "one two three four five six seven eight nine ten", true));
		w_run(&w, 220);                   /* 20 ms to the first sound: about 200 ms sent */
		struct chan_heard h;
		chan_hush(w.peer, &h);
		EQ(h.bytes, w.samples * 100 / w.o.rate >= 19 ? 19 : 14);
		w_done(&w);
	}
}

TEST(voice_heard_without_marks_ends_at_a_word)
{
	static struct world w;
	w_init(&w, 8000);
	w.tts[0].no_marks = true;
	OK(w_open(&w));
	OK(w_say(&w, 1, "alpha beta gamma delta", true));
	w_run(&w, 140);
	struct chan_heard h;
	chan_hush(w.peer, &h);
	EQ(h.bytes, 11);                          /* 130 ms are 13 bytes: into "gamma" */
	OK(w_say(&w, 2, "您好世界", true));
	w_run(&w, 20);
	chan_hush(w.peer, &h);
	EQ(h.bytes % 3, 0);
	w_done(&w);
}

TEST(voice_fade_is_short_and_falls)
{
	static struct world w;
	w_init(&w, 8000);
	OK(w_open(&w));
	OK(w_say(&w, 1, "a long text that goes on and on", true));
	w_run(&w, 200);
	struct chan_heard h;
	chan_hush(w.peer, &h);
	w_step(&w);
	EQ(w.n_out, 80);
	CHECK(pcm_dbfs(w.out, 20) > -16);
	CHECK(pcm_dbfs(w.out + 70, 10) < -25);
	EQ(pcm_peak(w.out + 80, 80), 0);
	w_step(&w);
	EQ(w.n_out, 0);
	w_done(&w);
}

TEST(voice_hush_in_silence_hears_nothing)
{
	static struct world w;
	w_init(&w, 8000);
	OK(w_open(&w));
	struct chan_heard h = { 9, 9, 9, 9 };
	chan_hush(w.peer, &h);
	EQ(h.say_id, 0);
	EQ(h.bytes, 0);
	OK(w_say(&w, 3, "not yet made", true));
	chan_hush(w.peer, &h);                    /* before its first sample */
	EQ(h.say_id, 3);
	EQ(h.bytes, 0);
	EQ(h.start_ms, h.end_ms);
	w_run(&w, 500);
	EQ(w.samples, 0);
	w_done(&w);
}

TEST(voice_hush_in_the_grace_heard_all)
{
	static struct world w;
	w_init(&w, 8000);
	OK(w_open(&w));
	OK(w_say(&w, 4, "short one.", true));
	while (w.samples < 800)
		w_step(&w);
	struct chan_heard h;
	chan_hush(w.peer, &h);
	EQ(h.say_id, 4);
	EQ(h.bytes, 10);
	w_run(&w, 500);
	EQ(w_count(&w, CHAN_PLAYED), 0);          /* told once, by hush */
	w_done(&w);
}

TEST(voice_played_in_order)
{
	static struct world w;
	w_init(&w, 8000);
	OK(w_open(&w));
	OK(w_say(&w, 1, "first.", true));
	OK(w_say(&w, 2, "", true));
	OK(w_say(&w, 3, "x", true));
	OK(w_say(&w, 4, "fourth and last.", true));
	CHECK(w_until(&w, CHAN_PLAYED, 4, 3000));
	for (int i = 0; i < 4; i++)
		EQ(w_msg(&w, CHAN_PLAYED, i)->say_id, i + 1);
	w_run(&w, 500);
	EQ(w_count(&w, CHAN_PLAYED), 4);
	w_done(&w);
}

/* A say that begins within a frame has a beginning too. */
TEST(voice_says_that_meet_within_a_frame)
{
	static struct world w;
	w_init(&w, 8000);
	OK(w_open(&w));
	OK(w_say(&w, 1, "odd.5", true));
	OK(w_say(&w, 2, "and seven over there", true));
	CHECK(w_until(&w, CHAN_PLAYED, 2, 2000));
	const struct w_msg *m = w_msg(&w, CHAN_PLAYED, 1);
	ABOUT(m->end_ms - m->start_ms, 200, 20);
	ABOUT(m->start_ms - w_msg(&w, CHAN_PLAYED, 0)->start_ms, 50, 20);
	w_done(&w);
}

TEST(voice_deltas_are_one_say)
{
	static struct world w;
	w_init(&w, 8000);
	OK(w_open(&w));
	OK(w_say(&w, 5, "Sentence one. ", false));
	OK(w_say(&w, 5, "Sentence two. ", false));
	w_run(&w, 180);                           /* into the first */
	OK(w_say(&w, 5, "Three.", false));
	OK(w_say(&w, 5, "", true));               /* the empty final piece of a streamed reply */
	CHECK(w_until(&w, CHAN_PLAYED, 1, 3000));
	EQ(w.samples, 34 * 80);
	const struct w_msg *m = w_msg(&w, CHAN_PLAYED, 0);
	EQ(m->say_id, 5);
	ABOUT(m->end_ms - m->start_ms, 340, 40);
	w_run(&w, 500);
	EQ(w_count(&w, CHAN_PLAYED), 1);
	w_done(&w);
}

TEST(voice_empty_final_after_all_was_said)
{
	static struct world w;
	w_init(&w, 8000);
	OK(w_open(&w));
	OK(w_say(&w, 5, "All of it. ", false));
	w_run(&w, 1000);
	EQ(w.samples, 11 * 80);
	EQ(w_count(&w, CHAN_PLAYED), 0);
	OK(w_say(&w, 5, "", true));
	CHECK(w_until(&w, CHAN_PLAYED, 1, 200));
	EQ(w_msg(&w, CHAN_PLAYED, 0)->say_id, 5);
	w_done(&w);
}

TEST(voice_hush_counts_over_the_pieces_of_a_say)
{
	static struct world w;
	struct chan_heard h;
	w_init(&w, 8000);
	OK(w_open(&w));
	OK(w_say(&w, 5, "Sentence one. ", false));
	OK(w_say(&w, 5, "Two here. ", false));
	while (w.samples < (14 + 5) * 80)
		w_step(&w);
	chan_hush(w.peer, &h);
	EQ(h.say_id, 5);
	EQ(h.bytes, 14 + 4);
	OK(w_say(&w, 6, "Next. ", false));
	w_run(&w, 1000);                          /* the model is slow: between two pieces */
	chan_hush(w.peer, &h);
	EQ(h.say_id, 6);
	EQ(h.bytes, 6);
	w_run(&w, 200);
	EQ(w_count(&w, CHAN_PLAYED), 0);
	w_done(&w);
}

TEST(voice_many_pieces_lose_nothing)
{
	static struct world w;
	w_init(&w, 8000);
	OK(w_open(&w));
	for (int i = 0; i < 200; i++)
		OK(w_say(&w, 1, "abcd ", false));
	OK(w_say(&w, 1, "", true));
	EQ(w_say(&w, 2, "another say has no place", true), ERR_FULL);
	CHECK(w_until(&w, CHAN_PLAYED, 1, 15000));
	EQ(w.samples, 1000 * 80);
	w_done(&w);
}

TEST(voice_speech_is_not_made_far_ahead)
{
	static struct world w;
	char text[400];
	w_init(&w, 8000);
	memset(text, 'a', 350);                   /* 3.5 s a piece */
	text[350] = '\0';
	OK(w_open(&w));
	for (uint32_t i = 1; i <= 5; i++)
		OK(w_say(&w, i, text, true));
	w_run(&w, 900);
	EQ(w.tts[0].starts, 2);                   /* 6.1 s are made by then */
	w_run(&w, 2000);
	EQ(w.tts[0].starts, 3);
	CHECK(w_until(&w, CHAN_PLAYED, 5, 20000));
	EQ(w.samples, 5 * 350 * 80);
	w_done(&w);
}

TEST(voice_next_engine_speaks_when_one_fails)
{
	static struct world w;
	w_init(&w, 8000);
	w.tts[0].fail_after = 0;
	OK(w_open(&w));
	OK(w_say(&w, 1, "spoken by the second", true));
	CHECK(w_until(&w, CHAN_PLAYED, 1, 3000));
	EQ(w.samples, 20 * 80);
	w.tts[0].start_rc = ERR_BUSY;
	OK(w_say(&w, 2, "again", true));
	CHECK(w_until(&w, CHAN_PLAYED, 2, 3000));
	EQ(w.samples, 25 * 80);
	w_done(&w);
}

TEST(voice_next_engine_says_the_rest_when_one_breaks_off)
{
	static struct world w;
	static const char text[] = "one two three four five six";
	w_init(&w, 8000);
	w.tts[0].fail_after = 16;            /* within "four", whose mark is at 14 */
	OK(w_open(&w));
	OK(w_say(&w, 1, text, true));
	CHECK(w_until(&w, CHAN_PLAYED, 1, 3000));
	EQ(w.tts[0].starts, 1);
	EQ(w.tts[1].starts, 1);
	CHECK(w.samples >= (int64_t)strlen(text) * 80);      /* all of it, "four" begun twice */
	CHECK(w.samples <= (int64_t)(strlen(text) + 10) * 80);
	EQ(w_count(&w, CHAN_PLAYED), 1);
	w_done(&w);
}

TEST(voice_without_any_engine_the_turn_goes_on)
{
	static struct world w;
	w_init(&w, 8000);
	w.tts[0].fail_after = 0;
	w.tts[1].start_rc = ERR_BUSY;
	OK(w_open(&w));
	OK(w_say(&w, 1, "nobody can say this", true));
	OK(w_say(&w, 2, "nor this", true));
	CHECK(w_until(&w, CHAN_PLAYED, 2, 500));
	EQ(w_msg(&w, CHAN_PLAYED, 0)->say_id, 1);
	EQ(w_msg(&w, CHAN_PLAYED, 1)->say_id, 2);
	EQ(w.samples, 0);
	w.tts[1].start_rc = 0;
	w.tts[0].fail_after = 4;                  /* breaks in the middle: what was made is said */
	OK(w_say(&w, 3, "half of it", true));
	CHECK(w_until(&w, CHAN_PLAYED, 3, 1000));
	EQ(w.samples, 4 * 80);
	w_done(&w);
}

TEST(voice_engine_is_chosen_by_language)
{
	static struct world w;
	w_init(&w, 8000);
	w.tts[1].lang = "zh";
	OK(w_open(&w));
	OK(chan_say(w.peer, &(struct chan_out){ .say_id = 1, .text = SV("nihao"), .lang = SV("zh"),
						.final = true }));
	CHECK(w_until(&w, CHAN_PLAYED, 1, 1000));
	EQ(w.tts[0].starts, 0);
	EQ(w.tts[1].starts, 1);
	w_done(&w);
}

static void note_event(void *arg, sv json)
{
	struct world *w = arg;
	size_t n = strlen(w->recording);
	snprintf(w->recording + n, sizeof(w->recording) - n, SV_FMT, SV_ARG(json));
}

TEST(voice_events_go_to_the_far_side)
{
	static struct world w;
	w_init(&w, 8000);
	OK(w_open(&w));
	chan_event(w.peer, SV("{}"));             /* nobody there: no harm */
	chan_typing(w.peer);
	w_done(&w);
	w_init(&w, 8000);
	w.o.event = note_event;
	OK(w_open(&w));
	OK(chan_say(w.peer, &(struct chan_out){ .say_id = 1, .text = SV("x"), .lang = SV("en"),
						.final = true, .event_json = SV("{1}") }));
	chan_event(w.peer, SV("{2}"));
	STR_EQ(w.recording, "{1}{2}");
	w_done(&w);
}
