/* Unit tests of turn taking: onset, pauses, coughs, two breaths, keys, hold, echo, a recogniser
 * that fails. */
#include "t_chan_world.h"
#include "chan_ear.h"

TEST(turn_speech_into_silence)
{
	static struct world w;
	w_init(&w, 8000);
	w.asr.says[w.asr.n_says++] = "where is my parcel";
	OK(w_open(&w));
	w_run(&w, 1000);
	w_speak(&w, 800);
	CHECK(w_until(&w, CHAN_SPEECH_START, 1, 200));
	ABOUT(w_msg(&w, CHAN_SPEECH_START, 0)->at_ms, loop_now_ms(w.loop), 0);
	EQ(w.frames * 20 - 1000, EAR_SPOKE_MS);   /* more than a click */
	CHECK(w_until(&w, CHAN_SPEECH_FINAL, 1, 3000));
	const struct w_msg *m = w_msg(&w, CHAN_SPEECH_FINAL, 0);
	STR_EQ(m->text, "where is my parcel");
	ABOUT(m->confidence, 0.9, 1e-9);
	ABOUT(m->start_ms, 1000, 20);
	ABOUT(m->end_ms, 1800, 20);
	ABOUT(w.frames * 20, 1800 + 360, 20);     /* the recogniser within the silence */
	w_run(&w, 2000);
	EQ(w.n_msgs, 3);                          /* and the words as likely, before */
	EQ(w.asr.flushes, 1);
	w_done(&w);
}

TEST(turn_preroll_reaches_the_recogniser)
{
	static struct world w;
	w_init(&w, 16000);
	w.asr.answer_ms = -1;
	OK(w_open(&w));
	w_run(&w, 1000);
	EQ(w.asr.fed_ms, 0);
	w_speak(&w, 400);
	w_run(&w, 80);                            /* onset at 60, one frame more */
	EQ(w.asr.fed_ms, 300 + 40);
	w_done(&w);
}

TEST(turn_cough_only_ducks)
{
	static struct world w;
	char text[401];
	w_init(&w, 8000);
	memset(text, 'a', 400);
	text[400] = '\0';
	OK(w_open(&w));
	OK(w_say(&w, 1, text, true));
	w_run(&w, 500);
	double loud = pcm_dbfs(w.out, 160);
	w_speak(&w, 80);
	w_run(&w, 140);
	ABOUT(pcm_dbfs(w.out, 160), loud - 12, 0.5);
	w_run(&w, 400);
	ABOUT(pcm_dbfs(w.out, 160), loud, 0.5);
	CHECK(w_until(&w, CHAN_PLAYED, 1, 5000));
	EQ(w.samples, 400 * 80);
	EQ(w.n_msgs, 1);                          /* no START, no FINAL */
	EQ(w.asr.flushes, 1);
	w_done(&w);
}

TEST(turn_words_of_a_cough_do_not_leak_into_the_next_turn)
{
	static struct world w;
	char text[401];
	w_init(&w, 8000);
	memset(text, 'a', 400);
	text[400] = '\0';
	w.asr.says[w.asr.n_says++] = "hm";
	w.asr.says[w.asr.n_says++] = "real words";
	w.asr.answer_ms = 700; /* slow: answered after the next utterance began */
	OK(w_open(&w));
	OK(w_say(&w, 1, text, true));
	w_run(&w, 500);
	w_speak(&w, 100);
	w_run(&w, 500);
	w_speak(&w, 600);
	CHECK(w_until(&w, CHAN_SPEECH_FINAL, 1, 4000));
	STR_EQ(w_msg(&w, CHAN_SPEECH_FINAL, 0)->text, "real words");
	EQ(w_count(&w, CHAN_SPEECH_START), 1);
	w_done(&w);
}

TEST(turn_recognised_word_cuts_earlier)
{
	static struct world w;
	w_init(&w, 8000);
	w.asr.partial = "stop";
	OK(w_open(&w));
	OK(w_say(&w, 1, "a text that is long enough to be cut in the middle of it all", true));
	w_run(&w, 300);
	w_speak(&w, 180);                         /* less than an interruption by itself */
	w_run(&w, 800);
	EQ(w_count(&w, CHAN_SPEECH_START), 1);    /* but a word */
	EQ(w.heard.say_id, 1);
	EQ(w_count(&w, CHAN_PLAYED), 0);
	w_done(&w);
}

TEST(turn_yes_at_the_end_of_our_question)
{
	static struct world w;
	w_init(&w, 8000);
	w.asr.says[w.asr.n_says++] = "yes";
	w.asr.answer_ms = 300;
	OK(w_open(&w));
	OK(w_say(&w, 1, "Is that what you mean, or not, please?", true));
	while (w.samples < 24 * 80)
		w_step(&w);
	w_speak(&w, 80);                          /* over before our last sample */
	CHECK(w_until(&w, CHAN_SPEECH_FINAL, 1, 2000));
	STR_EQ(w_msg(&w, CHAN_SPEECH_FINAL, 0)->text, "yes");
	EQ(w_count(&w, CHAN_SPEECH_START), 1);
	EQ(w_count(&w, CHAN_PLAYED), 1);
	w_done(&w);
}

TEST(turn_two_breaths_are_one_question)
{
	static struct world w;
	w_init(&w, 8000);
	w.asr.says[w.asr.n_says++] = "I ordered a lamp";
	w.asr.says[w.asr.n_says++] = "and it is broken";
	w.asr.answer_ms = 700;
	OK(w_open(&w));
	w_run(&w, 400);
	w_speak(&w, 600);
	w_run(&w, 600 + 640);                     /* flushed, and before the answer: */
	EQ(w.asr.flushes, 1);
	w_speak(&w, 1400);
	CHECK(w_until(&w, CHAN_SPEECH_FINAL, 1, 5000));
	STR_EQ(w_msg(&w, CHAN_SPEECH_FINAL, 0)->text, "I ordered a lamp and it is broken");
	ABOUT(w_msg(&w, CHAN_SPEECH_FINAL, 0)->start_ms, 400, 20);
	ABOUT(w_msg(&w, CHAN_SPEECH_FINAL, 0)->end_ms, 400 + 1240 + 1400, 20);
	w_run(&w, 2000);
	EQ(w_count(&w, CHAN_SPEECH_FINAL), 1);
	EQ(w_count(&w, CHAN_SPEECH_START), 2);
	w_done(&w);
}

TEST(turn_patience_follows_the_caller)
{
	static struct world w;
	int64_t waits[2];
	for (int slow = 0; slow < 2; slow++) {
		w_init(&w, 8000);
		OK(w_open(&w));
		w_run(&w, 400);
		for (int i = 0; slow && i < 8; i++) {  /* words with pauses of 540 ms */
			w_speak(&w, 400);
			w_run(&w, 940);
		}
		EQ(w_count(&w, CHAN_SPEECH_FINAL), 0);
		w_speak(&w, 400);
		w_run(&w, 400);
		int64_t from = loop_now_ms(w.loop);
		OK(!w_until(&w, CHAN_SPEECH_FINAL, 1, 3000));
		waits[slow] = loop_now_ms(w.loop) - from;
		w_done(&w);
	}
	ABOUT(waits[0], 600, 20);
	CHECK(waits[1] >= 740 && waits[1] <= 1000);
}

TEST(turn_whole_question_needs_less_silence)
{
	static struct world w;
	w_init(&w, 8000);
	w.asr.says[w.asr.n_says++] = w.asr.partial = "where is my order";
	OK(w_open(&w));
	w_run(&w, 400);
	w_speak(&w, 800);
	w_run(&w, 800);
	int64_t from = loop_now_ms(w.loop);
	CHECK(w_until(&w, CHAN_SPEECH_FINAL, 1, 3000));
	ABOUT(loop_now_ms(w.loop) - from, 220 + 150, 20);  /* the partial words were whole */
	w_done(&w);
}

TEST(turn_whole_questions_by_their_words)
{
	CHECK(ear_whole(SV("where is my order"), SV("en")));
	CHECK(ear_whole(SV("can I return the lamp"), SV("en")));
	CHECK(ear_whole(SV("how much does shipping cost"), SV("en")));
	CHECK(!ear_whole(SV("where is my"), SV("en")));
	CHECK(!ear_whole(SV("I want to know when the"), SV("en")));
	CHECK(!ear_whole(SV("I would like to return"), SV("en")));
	CHECK(!ear_whole(SV("my parcel has not arrived"), SV("en")));
	CHECK(!ear_whole(SV(""), SV("en")));
	CHECK(ear_whole(SV("我的包裹到了吗"), SV("zh")));
	CHECK(ear_whole(SV("运费多少钱"), SV("zh")));
	CHECK(!ear_whole(SV("我想问"), SV("zh")));
	CHECK(!ear_whole(SV("où est mon colis"), SV("fr")));
}

TEST(turn_who_never_stops_is_answered)
{
	static struct world w;
	w_init(&w, 8000);
	w.asr.says[w.asr.n_says++] = "first part";
	w.asr.says[w.asr.n_says++] = "second part";
	OK(w_open(&w));
	w_run(&w, 400);
	w_speak(&w, 26000);
	CHECK(w_until(&w, CHAN_SPEECH_FINAL, 1, 21000));
	STR_EQ(w_msg(&w, CHAN_SPEECH_FINAL, 0)->text, "first part");
	OK(w_say(&w, 1, "we answer and are cut because the caller goes on and on", true));
	w_run(&w, 500);
	EQ(w_count(&w, CHAN_SPEECH_START), 3);    /* first breath, its rest, over our answer */
	EQ(w.heard.say_id, 1);
	CHECK(w_until(&w, CHAN_SPEECH_FINAL, 2, 10000));
	STR_EQ(w_msg(&w, CHAN_SPEECH_FINAL, 1)->text, "second part");
	w_done(&w);
}

TEST(turn_own_echo_does_not_interrupt)
{
	static const int rates[] = { 8000, 16000 };
	for (int i = 0; i < 2; i++) {
		static struct world w;
		char text[1001];
		w_init(&w, rates[i]);
		for (int k = 0; k < 1000; k++)
			text[k] = k % 7 == 6 ? ' ' : 'a';
		text[1000] = '\0';
		OK(w_open(&w));
		w.echo_db = -14;                  /* back after 120 ms */
		OK(w_say(&w, 1, text, true));
		CHECK(w_until(&w, CHAN_PLAYED, 1, 15000));
		w_run(&w, 1000);
		EQ(w.n_msgs, 1);
		EQ(w.samples, 1000 * w.o.rate / 100);
		OK(w_say(&w, 2, text, true));     /* and a voice over it is still heard */
		w_run(&w, 1000);
		w_speak(&w, 800);
		CHECK(w_until(&w, CHAN_SPEECH_START, 1, 800));
		w_done(&w);
	}
}

TEST(turn_uninterruptible_is_not_cut)
{
	static struct world w;
	w_init(&w, 8000);
	OK(w_open(&w));
	OK(chan_say(w.peer,
		    &(struct chan_out){ .say_id = 1,
					.text = SV("This call is recorded, as the law asks."),
					.lang = SV("en"),
					.final = true,
					.uninterruptible = true }));
	OK(w_say(&w, 2, "And now a text which may be cut by everybody who wants to.", true));
	w_run(&w, 100);
	double loud = pcm_dbfs(w.out, 160);
	w_speak(&w, 1000);
	while (w.samples < 36 * 80) {
		w_step(&w);
		EQ(w_count(&w, CHAN_SPEECH_START), 0);
		ABOUT(pcm_dbfs(w.out, 160), loud, 0.5);
	}
	CHECK(w_until(&w, CHAN_SPEECH_START, 1, 300));  /* still speaking when the second began */
	EQ(w.heard.say_id, 2);
	CHECK(w.samples >= 39 * 80);
	w_done(&w);
}

TEST(turn_hold_is_silence_both_ways)
{
	static struct world w;
	w_init(&w, 8000);
	OK(w_open(&w));
	OK(w_say(&w, 1, "a text that is being said when the customer puts us on hold", true));
	w_run(&w, 200);
	chan_voice_hold(w.v, true);
	chan_voice_hold(w.v, true);               /* told once */
	EQ(w_count(&w, CHAN_HOLD), 1);
	int64_t said = w.samples;
	w_speak(&w, 800);                         /* their hold music */
	w_run(&w, 2000);
	EQ(w.samples, said);
	EQ(w_count(&w, CHAN_SPEECH_START), 0);
	EQ(w.asr.fed_ms, 0);
	chan_voice_hold(w.v, false);
	EQ(w_count(&w, CHAN_RESUME), 1);
	CHECK(w_until(&w, CHAN_PLAYED, 1,
		      2000)); /* goes on where it was; the engine may hush instead */
	EQ(w.samples, 59 * 80);
	w_speak(&w, 400);
	CHECK(w_until(&w, CHAN_SPEECH_FINAL, 1, 2000));
	w_done(&w);
}

TEST(turn_hold_within_an_utterance_drops_it)
{
	static struct world w;
	w_init(&w, 8000);
	w.asr.says[w.asr.n_says++] = "half a sen";
	w.asr.says[w.asr.n_says++] = "I am back";
	OK(w_open(&w));
	w_speak(&w, 600);
	w_run(&w, 400);
	EQ(w_count(&w, CHAN_SPEECH_START), 1);
	chan_voice_hold(w.v, true);
	w_run(&w, 1000);
	chan_voice_hold(w.v, false);
	EQ(w_count(&w, CHAN_SPEECH_FINAL), 0);
	w_speak(&w, 600);
	CHECK(w_until(&w, CHAN_SPEECH_FINAL, 1, 2000));
	STR_EQ(w_msg(&w, CHAN_SPEECH_FINAL, 0)->text, "I am back");
	w_done(&w);
}

TEST(turn_key_is_told_and_its_tone_is_no_speech)
{
	static struct world w;
	w_init(&w, 8000);
	w.asr.says[w.asr.n_says++] = "noise";
	OK(w_open(&w));
	w_speak(&w, 160);
	w_run(&w, 120);
	chan_voice_key(w.v, '7');
	const struct w_msg *m = w_msg(&w, CHAN_KEY, 0);
	STR_EQ(m->text, "7");
	w_run(&w, 2000);
	EQ(w_count(&w, CHAN_KEY), 1);
	EQ(w_count(&w, CHAN_SPEECH_FINAL), 0);
	w_done(&w);
}

TEST(turn_key_forgets_words_that_were_kept_back)
{
	static struct world w;
	w_init(&w, 8000);
	w.asr.says[w.asr.n_says++] = "hmm wait";
	w.asr.says[w.asr.n_says++] = "";
	w.asr.says[w.asr.n_says++] = "new words";
	w.asr.answer_ms = 300;
	OK(w_open(&w));
	w_run(&w, 400);
	w_speak(&w, 400);
	w_run(&w, 400 + 480);
	EQ(w.asr.flushes, 1);
	w_speak(&w, 600);                         /* on: the words wait for the rest */
	w_run(&w, 480);
	chan_voice_key(w.v, '1');
	w_run(&w, 1500);
	EQ(w_count(&w, CHAN_SPEECH_FINAL), 0);
	w_speak(&w, 400);
	CHECK(w_until(&w, CHAN_SPEECH_FINAL, 1, 3000));
	STR_EQ(w_msg(&w, CHAN_SPEECH_FINAL, 0)->text, "new words");
	w_done(&w);
}

/* ---- no recogniser */

TEST(turn_no_recogniser_from_the_start)
{
	static struct world w;
	w_init(&w, 8000);
	w.asr.start_rc = ERR_BUSY;
	OK(w_open(&w));
	EQ(w.caps, CHAN_VOICE | CHAN_DTMF);
	OK(w_say(&w, 1, "press one for parcels, press two for invoices", true));
	w_run(&w, 100);
	w_speak(&w, 300);
	CHECK(w_until(&w, CHAN_PLAYED, 1, 2000));
	EQ(w.samples, 45 * 80);                   /* not cut, for nothing could be understood */
	EQ(w_count(&w, CHAN_SPEECH_START), 0);
	w_run(&w, 300);
	w_speak(&w, 400);                         /* into silence: told as not understood */
	CHECK(w_until(&w, CHAN_SPEECH_FINAL, 1, 2000));
	EQ(w_count(&w, CHAN_SPEECH_START), 1);
	STR_EQ(w_msg(&w, CHAN_SPEECH_FINAL, 0)->text, "");
	EQ(w_count(&w, CHAN_ASR_LOST), 0);        /* caps said so already */
	w_done(&w);
}

TEST(turn_recogniser_breaks)
{
	static struct world w;
	w_init(&w, 8000);
	OK(w_open(&w));
	w_run(&w, 300);
	f_asr_break(&w.asr);
	EQ(w_count(&w, CHAN_ASR_LOST), 1);
	w_speak(&w, 400);
	CHECK(w_until(&w, CHAN_SPEECH_FINAL, 1, 2000));
	EQ(w_count(&w, CHAN_ASR_LOST), 1);
	EQ(w.asr.starts, 1);                      /* back for new calls only */
	w_done(&w);
}

TEST(turn_recogniser_breaks_while_it_owes_words)
{
	static struct world w;
	w_init(&w, 8000);
	w.asr.answer_ms = 100000;
	OK(w_open(&w));
	w_speak(&w, 400);
	w_run(&w, 1200);
	EQ(w.asr.flushes, 1);
	f_asr_break(&w.asr);
	EQ(w_count(&w, CHAN_ASR_LOST), 1);
	EQ(w_count(&w, CHAN_SPEECH_FINAL), 1);    /* START is always answered */
	STR_EQ(w_msg(&w, CHAN_SPEECH_FINAL, 0)->text, "");
	w_done(&w);
}

TEST(turn_recogniser_that_does_not_answer_is_lost)
{
	static struct world w;
	w_init(&w, 8000);
	w.asr.answer_ms = -1;
	OK(w_open(&w));
	w_speak(&w, 400);
	CHECK(w_until(&w, CHAN_SPEECH_FINAL, 1, 6000));
	ABOUT(w.frames * 20, 400 + 200 + 4000, 60);
	STR_EQ(w_msg(&w, CHAN_SPEECH_FINAL, 0)->text, "");
	EQ(w_count(&w, CHAN_ASR_LOST), 0);
	CHECK(w_until(&w, CHAN_ASR_LOST, 1, 12000));
	EQ(w_count(&w, CHAN_SPEECH_FINAL), 1);
	EQ(w.asr.live, 0);
	w_run(&w, 5000);
	EQ(w_count(&w, CHAN_ASR_LOST), 1);
	w_done(&w);
}

/* The first of two utterances is understood after 6 s only: it was asked for again meanwhile. */
static void late_words(struct world *w)
{
	w_init(w, 8000);
	w->asr.says[w->asr.n_says++] = "where is my parcel";
	w->asr.says[w->asr.n_says++] = "my parcel I said";
	w->asr.answer_ms = 6000;
	ASSERT(w_open(w) == 0);
	w_speak(w, 400);
	CHECK(w_until(w, CHAN_SPEECH_FINAL, 1, 6000));
	STR_EQ(w_msg(w, CHAN_SPEECH_FINAL, 0)->text, "");
	ASSERT(w_say(w, 1, "Sorry, I did not catch that. Could you say it again?", true) == 0);
}

TEST(turn_late_words_are_better_than_none)
{
	static struct world w;
	late_words(&w);
	CHECK(w_until(&w, CHAN_SPEECH_FINAL, 2, 3000));
	STR_EQ(w_msg(&w, CHAN_SPEECH_FINAL, 1)->text, "where is my parcel");
	EQ(w_count(&w, CHAN_SPEECH_START), 2);    /* our question makes way */
	w.asr.answer_ms = 100;
	w_speak(&w, 400);
	CHECK(w_until(&w, CHAN_SPEECH_FINAL, 3, 2000));
	STR_EQ(w_msg(&w, CHAN_SPEECH_FINAL, 2)->text, "my parcel I said");
	EQ(w_count(&w, CHAN_ASR_LOST), 0);
	w_done(&w);
}

/* The late words come while they are said again, or when they have been but are not recognised
 * yet. */
TEST(turn_late_words_that_were_said_again_are_dropped)
{
	static const int again_ms[] = { 1000, 1800 };
	static struct world w;
	for (int i = 0; i < 2; i++) {
		late_words(&w);
		w_run(&w, 6600 - again_ms[i] - (int)w.frames * 20);
		w.asr.answer_ms = 300;
		w_speak(&w, again_ms[i] == 1000 ? 1400 : 800);
		CHECK(w_until(&w, CHAN_SPEECH_FINAL, 2, 4000));
		STR_EQ(w_msg(&w, CHAN_SPEECH_FINAL, 1)->text, "my parcel I said");
		w_run(&w, 3000);
		EQ(w_count(&w, CHAN_SPEECH_FINAL), 2);
		EQ(w_count(&w, CHAN_ASR_LOST), 0);
		w_done(&w);
	}
}

/* One flush at a time: what ends meanwhile is flushed afterwards, with whatever was said then. */
TEST(turn_slow_recogniser_gets_one_flush_at_a_time)
{
	static struct world w;
	w_init(&w, 8000);
	w.asr.says[w.asr.n_says++] = "one";
	w.asr.says[w.asr.n_says++] = "two and three";
	w.asr.answer_ms = 3000;
	OK(w_open(&w));
	for (int i = 0; i < 3; i++) {
		w_speak(&w, 400);
		w_run(&w, 1400);
	}
	CHECK(w_until(&w, CHAN_SPEECH_FINAL, 1, 9000));
	w_run(&w, 5000);
	EQ(w.asr.flushes, 2);
	EQ(w_count(&w, CHAN_SPEECH_FINAL), 1);
	STR_EQ(w_msg(&w, CHAN_SPEECH_FINAL, 0)->text, "one two and three");
	w_done(&w);
}

TEST(turn_cough_after_words_does_not_hold_them)
{
	static struct world w;
	w_init(&w, 8000);
	w.asr.says[w.asr.n_says++] = "real words";
	w.asr.answer_ms = 1500;
	OK(w_open(&w));
	w_speak(&w, 400);
	w_run(&w, 1100);
	EQ(w.asr.flushes, 1);
	OK(w_say(&w, 1, "Just a moment please, while I look that up for you in our books.", true));
	w_run(&w, 100);
	w_speak(&w, 100);
	CHECK(w_until(&w, CHAN_SPEECH_FINAL, 1, 2000));
	STR_EQ(w_msg(&w, CHAN_SPEECH_FINAL, 0)->text, "real words");
	EQ(w.asr.flushes, 2);
	w_run(&w, 3000);
	EQ(w_count(&w, CHAN_SPEECH_FINAL), 1);
	EQ(w_count(&w, CHAN_SPEECH_START), 1);
	w_done(&w);
}

TEST(turn_another_language)
{
	static struct world w;
	w_init(&w, 8000);
	OK(w_open(&w));
	EQ(w.asr.starts, 1);
	OK(w_say(&w, 1, "same language", true));
	EQ(w.asr.starts, 1);
	OK(chan_say(w.peer, &(struct chan_out){ .say_id = 2, .text = SV("x"), .lang = SV("zh"),
						.final = true }));
	EQ(w.asr.live, 0);
	EQ(w_count(&w, CHAN_ASR_LOST), 0);        /* never from within a verb */
	w_step(&w);
	EQ(w_count(&w, CHAN_ASR_LOST), 1);
	OK(w_say(&w, 3, "back", true));
	EQ(w.asr.live, 1);
	w_run(&w, 1000);
	w.asr.says[w.asr.n_says++] = "hello again";
	w_speak(&w, 400);
	CHECK(w_until(&w, CHAN_SPEECH_FINAL, 1, 2000));
	STR_EQ(w_msg(&w, CHAN_SPEECH_FINAL, 0)->text, "hello again");
	w_done(&w);
}
