/* t_chan_slot.c: how much silence ends a turn by what was asked and said, what a murmur is, and
 * dictated numbers that nobody cuts into. */
#include <stdio.h>

#include "t_chan_world.h"
#include "chan_ear.h"

TEST(slot_backchannels_by_their_words)
{
	static const struct {
		const char *text;
		enum ear_back is;
	} rows[] = {
		{ "mhm", EAR_GOES_ON },
		{ "Mm-hmm.", EAR_GOES_ON },
		{ "uh-huh", EAR_GOES_ON },
		{ "Uh huh, okay.", EAR_YES },
		{ "OK", EAR_YES },
		{ "yeah yeah", EAR_YES },
		{ "Okay, I see.", EAR_YES },
		{ "that's right", EAR_YES },
		{ "No.", EAR_NO },
		{ "no thanks", EAR_NO },
		{ "yes but how", EAR_SPEAKS },
		{ "okayish", EAR_SPEAKS },
		{ "stop", EAR_SPEAKS },
		{ "right now", EAR_SPEAKS },
		{ "", EAR_SILENT },
		{ "...", EAR_SILENT },
		{ "嗯", EAR_GOES_ON },
		{ "嗯嗯，好的。", EAR_YES },
		{ "对对对", EAR_YES },
		{ "好 的", EAR_YES },
		{ "好的我知道了", EAR_YES },
		{ "好贵", EAR_SPEAKS },
		{ "对不起", EAR_SPEAKS },
		{ "不用了", EAR_NO },
		{ "等一下", EAR_SPEAKS },
		{ "嗯 okay", EAR_YES },
		{ "h", EAR_SPEAKS },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		if (ear_backchannel(sv_of(rows[i].text)) != rows[i].is)
			printf("# \"%s\"\n", rows[i].text ? rows[i].text : "");
		EQ(ear_backchannel(sv_of(rows[i].text)), rows[i].is);
	}
}

TEST(slot_shapes_of_words)
{
	static const struct {
		const char *text, *lang;
		enum chan_expect expect;
		enum ear_shape is;
	} rows[] = {
		{ "", "en", CHAN_EXPECT_OPEN, EAR_UNKNOWN },
		{ "where is my order?", "en", CHAN_EXPECT_OPEN, EAR_WHOLE },
		{ "Where is my order.", "en", CHAN_EXPECT_OPEN, EAR_WHOLE },
		{ "my parcel has not arrived.", "en", CHAN_EXPECT_OPEN, EAR_PLAIN },
		{ "I would like to return the", "en", CHAN_EXPECT_OPEN, EAR_DANGLES },
		{ "我的包裹到了吗。", "zh", CHAN_EXPECT_OPEN, EAR_WHOLE },
		{ "我的包裹坏了", "zh", CHAN_EXPECT_OPEN, EAR_PLAIN },
		{ "我想问一下", "zh", CHAN_EXPECT_OPEN, EAR_DANGLES },
		{ "yes", "en", CHAN_EXPECT_YESNO, EAR_ANSWER },
		{ "嗯", "zh", CHAN_EXPECT_YESNO, EAR_ANSWER },
		{ "yes", "en", CHAN_EXPECT_OPEN, EAR_UNKNOWN },
		{ "yes and I want to know when", "en", CHAN_EXPECT_YESNO, EAR_DANGLES },
		{ "one three eight", "en", CHAN_EXPECT_DIGITS, EAR_NUMBER },
		{ "five", "en", CHAN_EXPECT_DIGITS, EAR_NUMBER },
		{ "555 123", "en", CHAN_EXPECT_OPEN, EAR_NUMBER },
		{ "my number is 555", "en", CHAN_EXPECT_OPEN, EAR_NUMBER },
		{ "555 123 45", "en", CHAN_EXPECT_OPEN, EAR_NUMBER_MAYBE },
		{ "555 123 4567", "en", CHAN_EXPECT_OPEN, EAR_NUMBER_ALL },
		{ "double five five one two three four five six seven", "en", CHAN_EXPECT_DIGITS,
		  EAR_NUMBER_ALL },
		{ "0044 20 7946 0958", "en", CHAN_EXPECT_DIGITS, EAR_NUMBER_MAYBE },
		{ "138", "zh", CHAN_EXPECT_OPEN, EAR_NUMBER },
		{ "幺三八零零幺三", "zh", CHAN_EXPECT_DIGITS, EAR_NUMBER },
		{ "我的手机号码是138 0013", "zh", CHAN_EXPECT_OPEN, EAR_NUMBER },
		{ "幺三八零零幺三八零零零", "zh", CHAN_EXPECT_DIGITS, EAR_NUMBER_ALL },
		{ "138 0013 8000", "zh", CHAN_EXPECT_OPEN, EAR_NUMBER_ALL },
		{ "where is order 12345", "en", CHAN_EXPECT_OPEN, EAR_WHOLE },
		{ "I do not have it with me right now", "en", CHAN_EXPECT_DIGITS, EAR_PLAIN },
		{ "b a k e r", "en", CHAN_EXPECT_OPEN, EAR_SPELLS },
		{ "b a", "en", CHAN_EXPECT_SPELLING, EAR_SPELLS },
		{ "baker at mail dot com", "en", CHAN_EXPECT_SPELLING, EAR_SPELT },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		enum ear_shape is =
			ear_shape(sv_of(rows[i].text), sv_of(rows[i].lang), rows[i].expect);
		if (is != rows[i].is)
			printf("# \"%s\"\n", rows[i].text);
		EQ(is, rows[i].is);
	}
}

TEST(slot_silences)
{
	struct ear_turn none = { .p = -1 }, sure = { .p = 1 }, no = { .p = 0 };
	EQ(ear_silence(EAR_UNKNOWN, CHAN_EXPECT_OPEN, &none, 0), 600);
	EQ(ear_silence(EAR_UNKNOWN, CHAN_EXPECT_YESNO, &none, 0), 350);
	EQ(ear_silence(EAR_UNKNOWN, CHAN_EXPECT_DIGITS, &none, 0), 2000);
	EQ(ear_silence(EAR_UNKNOWN, CHAN_EXPECT_SPELLING, &sure, 0), 2000);
	EQ(ear_silence(EAR_ANSWER, CHAN_EXPECT_YESNO, &no, 500), 260);
	EQ(ear_silence(EAR_NUMBER, CHAN_EXPECT_OPEN, &sure, 0),
	   2000); /* whatever it sounds like */
	EQ(ear_silence(EAR_NUMBER_ALL, CHAN_EXPECT_DIGITS, &no, 0), 700);
	EQ(ear_silence(EAR_PLAIN, CHAN_EXPECT_DIGITS, &none, 0), 600);  /* something else */
	CHECK(ear_silence(EAR_WHOLE, CHAN_EXPECT_OPEN, &none, 0) <= 350);
	CHECK(ear_silence(EAR_DANGLES, CHAN_EXPECT_OPEN, &none, 0) >= 800);
	CHECK(ear_silence(EAR_PLAIN, CHAN_EXPECT_OPEN, &none, 600) > 700);  /* a slow talker */
	EQ(ear_silence(EAR_UNKNOWN, CHAN_EXPECT_OPEN, &none, 5000), 1000);
}

/* ---- dictation */

static void ask(struct world *w, uint32_t id, const char *text, enum chan_expect expect)
{
	ASSERT(chan_say(w->peer, &(struct chan_out){ .say_id = id, .text = sv_of(text),
						     .lang = SV("en"), .final = true,
						     .expect = expect }) == 0);
	w_until(w, CHAN_PLAYED, (int)id, 5000);
	w_run(w, 300);
}

/* Groups with pauses of 0.9 to 1.4 s, then a yes: never cut in, and quick. partials: the
 * recogniser tells words before a flush. expect: our question told that digits come. */
static void dictate(bool expect, bool partials)
{
	static const char *const groups[] = { "138", "0013", "8000" };
	static const char *const so_far[] = { "138", "138 0013", "138 0013 8000" };
	static struct world w;
	w_init(&w, 8000);
	OK(w_open(&w));
	ask(&w, 1, "Your number please.", expect ? CHAN_EXPECT_DIGITS : CHAN_EXPECT_OPEN);
	for (int g = 0; g < 3; g++) {
		int ms = 700 + (int)rng_below(t_rng(), 600);
		w.asr.says[0] = partials ? so_far[g] : groups[g];
		w.asr.n_says = 1;
		w.asr.partial = partials ? so_far[g] : NULL;
		w_speak(&w, ms);
		w_run(&w, ms);
		EQ(w_count(&w, CHAN_SPEECH_FINAL), 0);
		if (g < 2)
			w_run(&w, 900 + 20 * (int)rng_below(t_rng(), 26));
	}
	int64_t from = loop_now_ms(w.loop);
	CHECK(w_until(&w, CHAN_SPEECH_FINAL, 1, 3000));
	STR_EQ(w_msg(&w, CHAN_SPEECH_FINAL, 0)->text, "138 0013 8000");
	CHECK(loop_now_ms(w.loop) - from <= 740);
	EQ(w_count(&w, CHAN_SPEECH_START), 1);
	ask(&w, 2, "Is that right?", CHAN_EXPECT_YESNO);
	w.asr.says[0] = "yes";
	w.asr.n_says = 1;
	w.asr.partial = partials ? "yes" : NULL;
	w_speak(&w, 400);
	w_run(&w, 400);
	from = loop_now_ms(w.loop);
	CHECK(w_until(&w, CHAN_SPEECH_FINAL, 2, 3000));
	CHECK(loop_now_ms(w.loop) - from <= 380);
	w_done(&w);
}

TEST(slot_dictated_numbers_are_not_cut_into)
{
	for (int i = 0; i < 50; i++)
		dictate(i % 2, i / 2 % 2);
}

TEST(slot_question_without_words_goes_by_what_was_asked)
{
	static struct world w;
	w_init(&w, 8000);
	w.asr.answer_ms = 3000;
	OK(w_open(&w));
	ask(&w, 1, "Your number please.", CHAN_EXPECT_DIGITS);
	w_speak(&w, 600);
	w_run(&w, 600 + 1400);
	w_speak(&w, 600);
	w.asr.says[0] = "1380013";
	w.asr.says[1] = "8000";
	w.asr.n_says = 2;
	CHECK(w_until(&w, CHAN_SPEECH_FINAL, 1, 9000));
	STR_EQ(w_msg(&w, CHAN_SPEECH_FINAL, 0)->text, "1380013 8000");
	w_done(&w);
}
