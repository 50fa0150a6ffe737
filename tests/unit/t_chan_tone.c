/* Unit tests of how an utterance was said, as it leaves the channel with its words. */
#include "t_chan_world.h"
#include "pcm_prosody.h"

static const struct w_msg *ask(struct world *w, const char *says, int ms, int nth)
{
	w->asr.says[w->asr.n_says++] = says;
	w_speak(w, ms);
	if (!w_until(w, CHAN_SPEECH_FINAL, nth + 1, ms + 4000))
		t_fail(__FILE__, __LINE__, "no words came");
	return w_msg(w, CHAN_SPEECH_FINAL, nth);
}

TEST(tone_comes_with_the_words)
{
	static struct world w;
	static const int rates[] = { 8000, 16000 };

	for (int i = 0; i < 2; i++) {
		w_init(&w, rates[i]);
		OK(w_open(&w));
		w_run(&w, 500);
		const struct w_msg *m = ask(&w, "where is my parcel", 1500, 0);
		STR_EQ(m->text, "where is my parcel");
		CHECK(m->toned);
		NEAR(m->tone.f0_mean, 12 * log2(300.0 / 55), 0.3);   /* the line's voice */
		NEAR(m->tone.db_mean, -20, 2);
		ABOUT(m->tone.speech_s, 1.5, 0.1);
		NEAR(m->tone.over, 0, 0.01);
		w_done(&w);
	}
}

TEST(tone_is_of_one_utterance)
{
	static struct world w;

	w_init(&w, 8000);
	OK(w_open(&w));
	w_run(&w, 500);
	(void)ask(&w, "where is my parcel", 2000, 0);
	w_run(&w, 1000);
	const struct w_msg *m = ask(&w, "thank you", 800, 1);
	CHECK(m->toned);
	ABOUT(m->tone.speech_s, 0.8, 0.1);
	NEAR(m->tone.pause, 0, 0.1);
	w_done(&w);
}

TEST(tone_of_two_breaths_that_are_one_question)
{
	static struct world w;

	w_init(&w, 8000);
	OK(w_open(&w));
	w_run(&w, 500);
	w.asr.says[w.asr.n_says++] = "I would like to";
	w.asr.says[w.asr.n_says++] = "return my order";
	w_speak(&w, 1000);
	w_run(&w, 1400);
	w_speak(&w, 1000);
	CHECK(w_until(&w, CHAN_SPEECH_FINAL, 1, 5000));
	const struct w_msg *m = w_msg(&w, CHAN_SPEECH_FINAL, 0);
	STR_EQ(m->text, "I would like to return my order");
	CHECK(m->toned);
	ABOUT(m->tone.speech_s, 2, 0.15);
	ABOUT(m->tone.pause, 0.4 / 2.4, 0.05);
	w_done(&w);
}

TEST(tone_over_our_voice_is_told)
{
	static struct world w;

	w_init(&w, 8000);
	w.no_hush = true;
	OK(w_open(&w));
	OK(w_say(&w, 1,
		 "a long sentence that goes on for a while, and on, and on, and on, until "
		 "nobody knows any more how it began, and then on, to an end that comes late",
		 true));
	w_run(&w, 300);
	const struct w_msg *m = ask(&w, "excuse me", 1200, 0);
	CHECK(m->toned);
	CHECK(m->tone.over > 0.1F);
	w_done(&w);
}

TEST(tone_is_not_measured_when_it_is_off)
{
	static struct world w;

	w_init(&w, 8000);
	w.speech.no_tone = true;
	OK(w_open(&w));
	w_run(&w, 500);
	CHECK(!ask(&w, "where is my parcel", 1500, 0)->toned);
	w_done(&w);
}

/* Held, and hung up in the middle of a word: nothing is left. */
TEST(tone_of_what_is_dropped)
{
	static struct world w;

	w_init(&w, 8000);
	OK(w_open(&w));
	w_run(&w, 500);
	w_speak(&w, 3000);
	w_run(&w, 1000);
	chan_voice_hold(w.v, true);
	w_run(&w, 500);
	chan_voice_hold(w.v, false);
	w_run(&w, 2500);
	w_speak(&w, 2000);
	w_run(&w, 500);
	w_done(&w);                  /* in the middle of a word; leaks are checked after it */
}
