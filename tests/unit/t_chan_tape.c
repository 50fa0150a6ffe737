/* Unit tests of the recording: both sides, where they were in time, at both rates, over gaps. */
#include <sndfile.h>
#include <stdlib.h>
#include "t_chan_world.h"
#include "chan_tape.h"

#define ID "01J0000000000000000000000C"

struct stereo {
	int16_t *s;
	int64_t frames;
	int channels, rate;
};

static bool load(struct world *w, struct stereo *r)
{
	char path[4300];
	SF_INFO in = { 0 };
	snprintf(path, sizeof(path), "%s/recordings/" ID ".wav", w->o.data_dir);
	SNDFILE *f = sf_open(path, SFM_READ, &in);
	if (!f)
		return false;
	*r = (struct stereo){ xalloc((size_t)in.frames * 4), in.frames, in.channels,
			      in.samplerate };
	sf_readf_short(f, r->s, in.frames);
	sf_close(f);
	return in.channels == 2 && in.samplerate == 8000;
}

/* Milliseconds at which channel ch is loud for the first and the last time; -1 = never. */
static int64_t loud_at(const struct stereo *r, int ch, bool last)
{
	int64_t at = -1;
	for (int64_t i = 0; i < r->frames && (last || at < 0); i++)
		if (abs(r->s[i * 2 + ch]) > 1000)
			at = i / 8;
	return at;
}

static void start(struct world *w, int rate)
{
	w_init(w, rate);
	w->o.data_dir = t_tmpdir();
	w->o.info.interaction_id = SV(ID);
}

TEST(tape_both_sides_lie_where_they_were)
{
	static const int rates[] = { 8000, 16000 };
	for (int i = 0; i < 2; i++) {
		static struct world w;
		struct stereo r;
		start(&w, rates[i]);
		w.no_hush = true;
		OK(w_open(&w));
		STR_EQ(w.recording, "recordings/" ID ".wav");
		w_run(&w, 700);
		OK(w_say(&w, 1, "fifty bytes of text are half a second of our voice", true));
		CHECK(w_until(&w, CHAN_PLAYED, 1, 2000));
		const struct w_msg *m = w_msg(&w, CHAN_PLAYED, 0);
		w_run(&w, 300);
		int64_t spoke = w.frames * 20;
		w_speak(&w, 400);
		w_run(&w, 2000);
		const struct w_msg *f = w_msg(&w, CHAN_SPEECH_FINAL, 0);
		int64_t total = w.frames * 20;
		w_done(&w);
		CHECK(load(&w, &r));
		ABOUT(r.frames / 8, total, 40);
		ABOUT(loud_at(&r, 1, false), 720, 40);          /* ours: 20 ms of synthesis later */
		ABOUT(loud_at(&r, 1, true), 720 + 500, 40);
		ABOUT(loud_at(&r, 0, false), spoke, 40);        /* the customer's */
		ABOUT(loud_at(&r, 0, true), spoke + 400, 40);
		ABOUT(loud_at(&r, 1, false), m->start_ms, 40);  /* as the messages say */
		ABOUT(loud_at(&r, 1, true), m->end_ms, 40);
		ABOUT(loud_at(&r, 0, false), f->start_ms, 40);
		ABOUT(loud_at(&r, 0, true), f->end_ms, 40);
		xfree(r.s);
	}
}

TEST(tape_holds_what_was_really_sent)
{
	static struct world w;
	struct stereo r;
	start(&w, 8000);
	OK(w_open(&w));
	OK(w_say(&w, 1, "a long text of ours which is cut by the customer in the middle of it",
		 true));
	w_run(&w, 300);
	w_speak(&w, 600);
	CHECK(w_until(&w, CHAN_SPEECH_START, 1, 400));
	int64_t end = w.heard.end_ms;
	w_run(&w, 1000);
	w_done(&w);
	CHECK(load(&w, &r));
	ABOUT(loud_at(&r, 1, true), end, 40);
	xfree(r.s);
}

TEST(tape_fills_skipped_time_with_silence)
{
	static struct world w;
	struct stereo r;
	start(&w, 8000);
	OK(w_open(&w));
	w_run(&w, 500);
	loop_sim_advance(w.loop, 730);            /* the loop was blocked */
	int64_t spoke = w.frames * 20 + 730;
	w_speak(&w, 300);
	w_run(&w, 2000);
	EQ(w_count(&w, CHAN_SPEECH_FINAL), 1);
	ABOUT(w_msg(&w, CHAN_SPEECH_FINAL, 0)->start_ms, spoke, 40);
	int64_t total = w.frames * 20 + 730;
	w_done(&w);
	CHECK(load(&w, &r));
	ABOUT(r.frames / 8, total, 40);
	ABOUT(loud_at(&r, 0, false), spoke, 40);
	xfree(r.s);
}

TEST(tape_on_hold_goes_on)
{
	static struct world w;
	struct stereo r;
	start(&w, 8000);
	OK(w_open(&w));
	w_run(&w, 200);
	chan_voice_hold(w.v, true);
	w_run(&w, 1000);
	chan_voice_hold(w.v, false);
	OK(w_say(&w, 1, "after the hold", true));
	w_run(&w, 500);
	w_done(&w);
	CHECK(load(&w, &r));
	ABOUT(r.frames / 8, 1700, 40);
	ABOUT(loud_at(&r, 1, false), 1220, 40);
	xfree(r.s);
}

TEST(tape_of_a_long_sleep_is_bounded)
{
	struct tape t;
	int16_t f[160] = { 0 };
	tape_open(&t, NULL, SV(ID), 8000);
	STR_EQ(t.name, "");
	tape_heard(&t, f, 1000);
	tape_heard(&t, f, 1000 + 24 * 3600 * 1000);
	EQ(t.ms, 10000 + 40);
	tape_heard(&t, f, 1020 + 24 * 3600 * 1000);
	EQ(t.ms, 10000 + 60);
	tape_close(&t);
	tape_close(&t);
}

TEST(tape_that_cannot_be_written_is_no_recording)
{
	static struct world w;
	start(&w, 8000);
	w.o.data_dir = "/proc/nowhere";
	OK(w_open(&w));
	STR_EQ(w.recording, "");
	w_run(&w, 200);
	w_done(&w);
	start(&w, 8000);
	w.o.info.interaction_id = SV("../../etc/passwd");     /* not an id */
	OK(w_open(&w));
	STR_EQ(w.recording, "");
	w_done(&w);
}

TEST(tape_frames_of_a_wrong_size_are_refused)
{
	static struct world w;
	int16_t f[400] = { 0 };
	w_init(&w, 8000);
	OK(w_open(&w));
	chan_voice_rx(w.v, f, 0, 20);
	chan_voice_rx(w.v, f, 320, 40);
	w_speak(&w, 400);
	CHECK(w_until(&w, CHAN_SPEECH_FINAL, 1, 2000));
	ABOUT(w_msg(&w, CHAN_SPEECH_FINAL, 0)->start_ms, 0, 20);
	w_done(&w);
}
