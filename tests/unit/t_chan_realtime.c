/* Unit tests of the program's voice: bursts, commits, kept words, no sound, cuts; the door's
 * mailbox and the shard's simulated loop in one thread. */
#include "t_chan_world.h"
#include "chan_realtime.h"

#define ID "01J0000000000000000000000E"

struct desk {
	struct world w;
	struct mbox *door, *shard;
	struct chan_realtime *rt;
	struct chan_realtime_opts o;
	struct chan_rt_ev ev[128];
	char text[128][64];
	int n, audio, closes;
};

static void on_audio(void *arg, sv pcm)
{
	struct desk *d = arg;
	d->audio++;
	if (pcm.n != 640)
		t_fail(__FILE__, __LINE__, "a frame is 640 bytes");
}

static void on_ev(void *arg, const struct chan_rt_ev *ev)
{
	struct desk *d = arg;
	if (d->n == 128)
		return;
	d->ev[d->n] = *ev;
	snprintf(d->text[d->n++], 64, SV_FMT, SV_ARG(ev->text));
}

static void on_closed(void *arg)
{
	((struct desk *)arg)->closes++;
}

static struct desk *d_new(unsigned mode)
{
	static struct desk d;
	d = (struct desk){ 0 };
	w_init(&d.w, 16000);
	d.door = mbox_new(NULL);
	d.shard = mbox_new(d.w.loop);
	d.o = (struct chan_realtime_opts){
		.door = d.door, .id = SV(ID), .interaction_id = SV(ID), .language = SV("en"),
		.mode = mode, .greet = true, .cb = { on_audio, on_ev, on_closed }, .arg = &d,
	};
	d.o.place = (struct chan_place){ d.w.loop, d.shard, &w_sink, &d.w, &d.w.speech };
	return &d;
}

static void d_run(struct desk *d, int ms)
{
	for (; ms > 0; ms -= 20) {
		loop_sim_advance(d->w.loop, 20);
		mbox_drain(d->door);
	}
}

/* All at once: ms of silence or of a voice. */
static void d_sound(struct desk *d, int ms, bool voice)
{
	static int16_t s[16000 * 8];
	size_t n = (size_t)ms * 16;
	for (size_t i = 0; i < n; i++)
		s[i] = (int16_t)(voice ? 4000 * sin(2 * M_PI * 300 * (double)i / 16000) :
					 (double)rng_below(t_rng(), 64) - 32);
	for (size_t at = 0; at < n; at += 1000)
		chan_realtime_rx(d->rt, s + at, n - at < 1000 ? n - at : 1000);
}

static int d_count(const struct desk *d, enum chan_rt_kind kind)
{
	int n = 0;
	for (int i = 0; i < d->n; i++)
		n += d->ev[i].kind == kind;
	return n;
}

/* The last of its kind, NULL = none. */
static const struct chan_rt_ev *d_last(const struct desk *d, enum chan_rt_kind kind)
{
	for (int i = d->n; i-- > 0;)
		if (d->ev[i].kind == kind)
			return &d->ev[i];
	return NULL;
}

static const char *d_text(const struct desk *d, enum chan_rt_kind kind)
{
	const struct chan_rt_ev *e = d_last(d, kind);
	return e ? d->text[e - d->ev] : "(none)";
}

static void d_say(struct desk *d, uint32_t id, const char *text)
{
	chan_say(d->w.peer, &(struct chan_out){ .say_id = id, .text = sv_of(text), .lang = SV("en"),
						.final = true, .event_json = SV("{\"seq\":7}") });
}

static void d_done(struct desk *d)
{
	chan_realtime_close(d->rt);
	d_run(d, 40);
	EQ(d->w.closes, 1);
	if (d->w.asr.live || d->w.tts[0].live)
		t_fail(__FILE__, __LINE__, "a run of an engine is left");
	mbox_free(d->door);
	mbox_free(d->shard);
	loop_free(d->w.loop);
}

TEST(realtime_a_burst_is_heard_at_the_speed_of_sound)
{
	struct desk *d = d_new(0);
	d->w.asr.says[d->w.asr.n_says++] = "where is it";
	OK(chan_realtime_open(&d->rt, &d->o));
	d_run(d, 100);
	d_sound(d, 400, false);
	d_sound(d, 800, true);
	d_sound(d, 1400, false);
	d_run(d, 900);
	EQ(d_count(d, CHAN_RT_START), 1);                /* it is being heard ... */
	EQ(d_count(d, CHAN_RT_WORDS), 0);
	d_run(d, 2000);
	EQ(d_count(d, CHAN_RT_WORDS), 1);
	STR_EQ(d_text(d, CHAN_RT_WORDS), "where is it");
	ABOUT(d_last(d, CHAN_RT_START)->start_ms, 400, 60);   /* ... where it lies in the sound */
	ABOUT(d_last(d, CHAN_RT_WORDS)->end_ms, 1200, 80);
	EQ(w_count(&d->w, CHAN_SPEECH_START), 1);
	STR_EQ(w_msg(&d->w, CHAN_SPEECH_FINAL, 0)->text, "where is it");
	d_say(d, 5, "over there");
	d_run(d, 1000);
	EQ(d->audio, 5);
	STR_EQ(d_text(d, CHAN_RT_SAY), "over there");
	SV_EQ(sv_slice(d_last(d, CHAN_RT_SAY)->row, 0, 0), "");
	EQ(d_last(d, CHAN_RT_PLAYED)->say_id, 5);
	EQ(w_msg(&d->w, CHAN_PLAYED, 0)->say_id, 5);
	d_done(d);
}

TEST(realtime_a_commit_ends_an_utterance)
{
	struct desk *d = d_new(CHAN_RT_MANUAL | CHAN_RT_KEEP);
	d->w.asr.says[d->w.asr.n_says++] = "first";
	d->w.asr.says[d->w.asr.n_says++] = "second";
	OK(chan_realtime_open(&d->rt, &d->o));
	d_sound(d, 500, true);
	d_run(d, 2000);
	EQ(d_count(d, CHAN_RT_START), 0);                /* nobody guesses */
	EQ(d_count(d, CHAN_RT_WORDS), 0);
	chan_realtime_commit(d->rt);
	d_run(d, 400);
	STR_EQ(d_text(d, CHAN_RT_WORDS), "first");
	EQ(w_count(&d->w, CHAN_SPEECH_FINAL), 0);        /* they wait */
	chan_realtime_respond(d->rt, SV("and this"));
	d_run(d, 40);
	STR_EQ(w_msg(&d->w, CHAN_SPEECH_FINAL, 0)->text, "first\nand this");
	/* the usual order of clients: all at once */
	d_sound(d, 505, true);
	chan_realtime_commit(d->rt);
	chan_realtime_respond(d->rt, SV_NULL);
	d_run(d, 300);
	EQ(w_count(&d->w, CHAN_SPEECH_FINAL), 1);
	d_run(d, 600);
	EQ(w_count(&d->w, CHAN_SPEECH_FINAL), 2);
	STR_EQ(w_msg(&d->w, CHAN_SPEECH_FINAL, 1)->text, "second");
	ABOUT(d_last(d, CHAN_RT_WORDS)->end_ms, 1005, 40);
	chan_realtime_commit(d->rt);                     /* of nothing */
	d_run(d, 400);
	EQ(d_count(d, CHAN_RT_WORDS), 3);
	STR_EQ(d_text(d, CHAN_RT_WORDS), "");
	chan_realtime_respond(d->rt, SV("only text"));
	d_run(d, 40);
	STR_EQ(w_msg(&d->w, CHAN_SPEECH_FINAL, 2)->text, "only text");
	chan_realtime_respond(d->rt, SV("written"));
	d_run(d, 40);
	STR_EQ(w_msg(&d->w, CHAN_TEXT, 0)->text, "written");
	d_done(d);
}

TEST(realtime_cleared_sound_is_not_heard)
{
	struct desk *d = d_new(CHAN_RT_MANUAL | CHAN_RT_KEEP);
	d->w.asr.says[d->w.asr.n_says++] = "committed";
	d->w.asr.says[d->w.asr.n_says++] = "dropped";
	d->w.asr.says[d->w.asr.n_says++] = "kept";
	OK(chan_realtime_open(&d->rt, &d->o));
	d_sound(d, 400, true);
	chan_realtime_commit(d->rt);
	d_sound(d, 400, true);
	chan_realtime_clear(d->rt);                      /* only what is not committed */
	d_run(d, 1000);
	STR_EQ(d_text(d, CHAN_RT_WORDS), "committed");
	d_sound(d, 400, true);
	d_run(d, 200);
	chan_realtime_clear(d->rt);                      /* half of it was heard */
	d_run(d, 400);
	d_sound(d, 400, true);
	chan_realtime_commit(d->rt);
	d_run(d, 1000);
	EQ(d_count(d, CHAN_RT_WORDS), 2);
	STR_EQ(d_text(d, CHAN_RT_WORDS), "kept");
	EQ(d->w.asr.flushes, 3);
	d_done(d);
}

TEST(realtime_without_sound_text_counts_as_heard)
{
	struct desk *d = d_new(CHAN_RT_MUTE);
	d->w.greeting = "Hello.";
	OK(chan_realtime_open(&d->rt, &d->o));
	d_run(d, 60);
	EQ(d->w.tts[0].starts, 0);
	EQ(d->audio, 0);
	STR_EQ(d_text(d, CHAN_RT_SAY), "Hello.");
	EQ(d_last(d, CHAN_RT_PLAYED)->say_id, 1);
	EQ(w_count(&d->w, CHAN_PLAYED), 1);
	d_say(d, 2, "gone");                             /* cut before the loop turned */
	chan_hush(d->w.peer, &d->w.heard);
	EQ(d->w.heard.say_id, 2);
	EQ(d->w.heard.bytes, 4);
	chan_realtime_mode(d->rt, 0);
	d_run(d, 40);
	d_say(d, 3, "aloud");
	d_run(d, 500);
	EQ(d->w.tts[0].starts, 1);
	CHECK(d->audio > 0);
	d_say(d, 4, "left open");
	d_done(d);
}

TEST(realtime_a_cut_believes_who_plays)
{
	struct desk *d = d_new(0);
	OK(chan_realtime_open(&d->rt, &d->o));
	d_run(d, 40);
	d_say(d, 1, "one two three four five six seven eight nine ten");
	d_run(d, 320);
	chan_realtime_cancel(d->rt);
	d_run(d, 40);
	EQ(d_count(d, CHAN_RT_CANCELLED), 1);
	size_t all = d_last(d, CHAN_RT_CUT)->bytes;
	CHECK(all > 10 && all < 40);
	EQ(d->w.heard.bytes, all);
	d_say(d, 2, "one two three four five six seven eight nine ten");
	d_run(d, 320);
	chan_realtime_stop(d->rt, 2, 100);               /* a third of it */
	d_run(d, 40);
	EQ(d_last(d, CHAN_RT_CUT)->say_id, 2);
	CHECK(d_last(d, CHAN_RT_CUT)->bytes < all / 2);
	EQ(d->w.heard.bytes, d_last(d, CHAN_RT_CUT)->bytes);
	d_say(d, 3, "one two three four five six seven eight nine ten");
	d_run(d, 320);
	chan_realtime_stop(d->rt, 2, 100);               /* of another say: not believed */
	d_run(d, 40);
	CHECK(d_last(d, CHAN_RT_CUT)->bytes > 10);
	d_done(d);
}

TEST(realtime_steady_speech_is_not_cut)
{
	struct desk *d = d_new(CHAN_RT_STEADY);
	d->w.asr.says[d->w.asr.n_says++] = "hey";
	OK(chan_realtime_open(&d->rt, &d->o));
	d_run(d, 40);
	d_say(d, 1, "one two three four five six seven eight nine ten, and so it goes on for a "
		    "while until all of it was said");
	d_sound(d, 600, true);
	d_sound(d, 400, false);
	d_run(d, 700);
	EQ(d_count(d, CHAN_RT_CUT), 0);
	EQ(d_count(d, CHAN_RT_START), 0);
	d_done(d);
}

TEST(realtime_ends_from_either_side)
{
	for (int how = 0; how < 4; how++) {
		struct desk *d = d_new(how & 1 ? CHAN_RT_MANUAL : 0);
		d->w.refuse = how == 3 ? ERR_FULL : 0;
		d->w.greeting = how == 2 ? "Hello there, how are you?" : NULL;
		OK(chan_realtime_open(&d->rt, &d->o));
		d_sound(d, 300, true);
		d_run(d, how == 1 ? 0 : 200);
		if (how == 3) {
			EQ(d->closes, 1);
			d->w.closes = 1;
		} else if (how == 2) {
			chan_hangup(d->w.peer, CHAN_BY_BOT);
			d_run(d, 3000);
			EQ(d->closes, 1);
			EQ(d->w.by, CHAN_BY_BOT);
		}
		d_done(d);
	}
}
