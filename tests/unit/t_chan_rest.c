/* Unit tests of the playout with engines that break off or learn their marks late. */
#include "t_chan_world.h"
#include "chan_playout.h"

TEST(voice_the_only_engine_says_the_rest_itself)
{
	static struct world w;
	static const char text[] = "one two three four five six";
	w_init(&w, 8000);
	w.speech.n_tts = 1;
	w.tts[0].fail_after = 16;            /* within "four", whose mark is at 14 */
	OK(w_open(&w));
	OK(w_say(&w, 1, text, true));
	CHECK(w_until(&w, CHAN_PLAYED, 1, 3000));
	EQ(w.tts[0].starts, 2);
	CHECK(w.samples >= (int64_t)strlen(text) * 80);      /* all of it, "four" begun twice */
	CHECK(w.samples <= (int64_t)(strlen(text) + 10) * 80);
	w_done(&w);
}

TEST(voice_an_engine_that_breaks_again_is_not_asked_for_ever)
{
	static struct world w;
	w_init(&w, 8000);
	w.speech.n_tts = 1;
	w.tts[0].fail_after = 6;
	OK(w_open(&w));
	OK(w_say(&w, 1, "one two three four five six", true));
	CHECK(w_until(&w, CHAN_PLAYED, 1, 3000));
	EQ(w.tts[0].starts, 2);
	w_done(&w);
}

/* ---- marks told anew ---- */

struct late {
	const struct tts_cb *cb;
	void *arg;
};

static bool late_serves(const struct tts *t, sv lang)
{
	(void)t;
	(void)lang;
	return true;
}

static int late_start(struct tts *t, sv text, sv lang, const struct tts_cb *cb, void *arg,
		      struct tts_run **ret)
{
	struct late *l = (struct late *)(void *)t;
	(void)text;
	(void)lang;
	*l = (struct late){ cb, arg };
	*ret = (struct tts_run *)(void *)l;
	return 0;
}

static void late_cancel(struct tts_run *r)
{
	(void)r;
}

static void nothing(void *arg, uint32_t say_id, size_t bytes)
{
	(void)arg;
	(void)say_id;
	(void)bytes;
}

static void nothing_first(void *arg, uint32_t say_id)
{
	(void)arg;
	(void)say_id;
}

/* The estimate said that all was spoken in the first half of the sound. */
TEST(playout_believes_the_marks_told_last)
{
	static const struct chan_speech_ops ops = { .tts_serves = late_serves,
						    .tts_start = late_start,
						    .tts_cancel = late_cancel };
	struct late late = { 0 };
	struct chan_speech sp = { .ops = &ops, .n_tts = 1,
				  .tts = { (struct tts *)(void *)&late } };
	struct playout p;
	struct chan_heard heard;
	int16_t sound[8000] = { 0 }, out[160];
	playout_init(&p, &sp, 8000);
	p.on_played = nothing;
	p.on_first = nothing_first;
	OK(playout_say(&p, &(struct chan_out){ .say_id = 1, .text = SV("one two three four"),
					       .lang = SV("en"), .final = true }));
	late.cb->on_mark(late.arg, 0, 0);
	late.cb->on_mark(late.arg, 4, 1000);
	late.cb->on_mark(late.arg, 8, 2000);
	late.cb->on_mark(late.arg, 14, 3000);
	late.cb->on_pcm(late.arg, sound, 8000, 8000);
	late.cb->on_mark(late.arg, 0, 0);
	late.cb->on_mark(late.arg, 4, 2000);
	late.cb->on_mark(late.arg, 8, 4000);
	late.cb->on_mark(late.arg, 14, 6000);
	late.cb->on_end(late.arg, 0);
	for (int i = 0; i < 20; i++)         /* 3200 samples */
		playout_pull(&p, out);
	playout_hush(&p, &heard);
	playout_done(&p);
	EQ(heard.bytes, 4);
}
