/* Unit tests of calls that come as a stream: the far side's frames against the shard's simulated
 * clock. */
#include "t_chan_world.h"
#include "chan_line.h"

#define HZ_MAX 48000

struct far {
	struct world w;                /* engines and the engine's notes */
	struct mbox *box;
	struct chan_line *l;
	struct chan_line_opts o;
	int frames, silent, flushes, ends, hz, first_silent;
	enum chan_close_by by;
	size_t n;
	int16_t last[HZ_MAX / 50];
	double tone_db;                /* the loudest frame's, at 500 Hz */
	uint64_t phase;
};

static void on_frame(void *arg, const int16_t *s, size_t n, int hz)
{
	struct far *f = arg;
	bool quiet = pcm_peak(s, n) < 64;
	double db = pcm_goertzel_db(s, n, 500, hz);
	f->frames++;
	f->silent += quiet;
	f->first_silent += quiet && f->silent == f->frames;
	f->tone_db = db > f->tone_db ? db : f->tone_db;
	f->hz = hz;
	f->n = n;
	if (n != (size_t)hz / 50)
		t_fail(__FILE__, __LINE__, "a frame is 20 ms");
	memcpy(f->last, s, n * sizeof(*s));
}

static void on_flush(void *arg)
{
	((struct far *)arg)->flushes++;
}

static void on_end(void *arg, enum chan_close_by by)
{
	struct far *f = arg;
	f->ends++;
	f->by = by;
	chan_line_free(f->l);
	f->l = NULL;
}

static void f_init(struct far *f, int hz)
{
	*f = (struct far){ .tone_db = -100 };
	w_init(&f->w, hz == 8000 ? 8000 : 16000);
	f->box = mbox_new(f->w.loop);
	f->o = (struct chan_line_opts){ .hz = hz, .on_frame = on_frame, .on_flush = on_flush,
					.on_end = on_end, .arg = f };
	f->o.place = (struct chan_place){ f->w.loop, f->box, &w_sink, &f->w, &f->w.speech };
	f->o.info = (struct chan_info){ .channel = "phone", .language = SV("en"),
					.way = SV("test"), .ref = SV("42") };
}

/* ms pass; the far side sends hz, voice or a quiet room. */
static void f_run(struct far *f, int ms, int hz, bool voice)
{
	int16_t s[HZ_MAX / 50];
	for (; ms > 0; ms -= 20) {
		size_t n = (size_t)hz / 50;
		for (size_t i = 0; i < n; i++, f->phase++)
			s[i] = (int16_t)(voice ? 4000 * sin(2 * M_PI * 300 * (double)f->phase /
							    hz) :
						 (double)rng_below(t_rng(), 64) - 32);
		if (f->l && hz)
			chan_line_rx(f->l, s, n, hz);
		loop_sim_advance(f->w.loop, 20);
	}
}

static void f_done(struct far *f)
{
	chan_line_free(f->l);
	if (f->w.asr.live || f->w.tts[0].live)
		t_fail(__FILE__, __LINE__, "a run of an engine is left");
	mbox_free(f->box);
	loop_free(f->w.loop);
}

/* Asked and answered at every rate; what is said keeps its pitch and level. */
TEST(line_talks_and_listens_at_any_rate)
{
	static const int rates[] = { 8000, 12000, 16000, 24000, 44100, 48000 };
	for (size_t i = 0; i < sizeof(rates) / sizeof(*rates); i++) {
		static struct far f;
		f_init(&f, rates[i]);
		f.w.greeting = "Hello, this is the parcel service.";
		f.w.asr.says[f.w.asr.n_says++] = "where is it";
		OK(chan_line_open(&f.l, &f.o));
		f_run(&f, 1000, rates[i], false);
		ABOUT(f.frames, 17, 1);           /* 340 ms, and silence is not sent */
		EQ(f.hz, rates[i]);
		ABOUT(f.tone_db, -9, 1);          /* 11600 of 32768, against a full sine */
		EQ(w_count(&f.w, CHAN_PLAYED), 1);
		f_run(&f, 600, rates[i], true);
		f_run(&f, 1200, rates[i], false);
		STR_EQ(w_msg(&f.w, CHAN_SPEECH_FINAL, 0)->text, "where is it");
		const struct w_msg *m = w_msg(&f.w, CHAN_SPEECH_FINAL, 0);
		ABOUT(m->end_ms - m->start_ms, 600, 60);
		EQ(f.flushes, 1);
		chan_line_key(f.l, '4');
		STR_EQ(w_msg(&f.w, CHAN_KEY, 0)->text, "4");
		chan_line_gone(f.l, CHAN_BY_CUSTOMER);
		EQ(f.w.closes, 1);
		EQ(f.w.by, CHAN_BY_CUSTOMER);
		EQ(f.ends, 0);                    /* who goes is not told */
		f_run(&f, 100, rates[i], true);
		f_done(&f);
	}
}

TEST(line_steady_sends_each_tick)
{
	static struct far f;
	f_init(&f, 8000);
	f.o.steady = true;
	f.w.greeting = "Hello, this is the parcel service.";
	OK(chan_line_open(&f.l, &f.o));
	f_run(&f, 1000, 8000, false);
	EQ(f.frames, 50);
	EQ(f.frames - f.silent, 17);
	f_done(&f);
}

/* Two frames of silence go ahead of a sentence, and not again within it. */
TEST(line_sends_a_lead)
{
	static struct far f;
	f_init(&f, 8000);
	f.o.lead = 2;
	f.w.greeting = "Hello, this is the parcel service.";
	OK(chan_line_open(&f.l, &f.o));
	f_run(&f, 1000, 8000, false);
	EQ(f.first_silent, 2);
	EQ(f.frames, 19);
	chan_say(f.w.peer, &(struct chan_out){ .say_id = 2, .text = SV("Again."), .lang = SV("en"),
					       .final = true });
	f_run(&f, 400, 8000, false);
	EQ(f.silent, 4);
	EQ(f.frames, 19 + 2 + 3);
	f_done(&f);
}

/* The far side is full: our speech waits, and nothing counts as heard meanwhile. */
TEST(line_waits_for_a_full_far_side)
{
	static struct far f;
	f_init(&f, 8000);
	f.w.greeting = "Hello, this is the parcel service.";
	OK(chan_line_open(&f.l, &f.o));
	f_run(&f, 140, 8000, false);
	int sent = f.frames;
	CHECK(sent > 0 && sent < 17);
	chan_line_pause(f.l, true);
	f_run(&f, 1000, 8000, false);
	EQ(f.frames, sent);
	EQ(w_count(&f.w, CHAN_PLAYED), 0);
	chan_line_pause(f.l, false);
	f_run(&f, 600, 8000, false);
	EQ(f.frames, 17);
	EQ(w_count(&f.w, CHAN_PLAYED), 1);
	f_done(&f);
}

/* A burst after a stall must not stay as delay, and is bounded. */
TEST(line_delay_does_not_stay)
{
	static struct far f;
	static int16_t burst[8000 * 5];
	f_init(&f, 8000);
	OK(chan_line_open(&f.l, &f.o));
	f_run(&f, 500, 8000, false);
	chan_line_rx(f.l, burst, sizeof(burst) / sizeof(*burst), 8000);
	f_run(&f, 3600, 8000, false);
	int64_t at = loop_now_ms(f.w.loop);
	f_run(&f, 400, 8000, true);
	ABOUT(w_msg(&f.w, CHAN_SPEECH_START, 0)->at_ms - at, 60, 100);
	f_done(&f);
}

/* A far side whose frames come late again and again, by up to 35 ms: one gap, not one each. */
TEST(line_late_frames_make_one_gap)
{
	static struct far f;
	static int16_t tone[160];
	f_init(&f, 8000);
	f.w.asr.says[f.w.asr.n_says++] = "heard";
	f.o.data_dir = t_tmpdir();
	f.o.info.interaction_id = SV("01J0000000000000000000000E");
	OK(chan_line_open(&f.l, &f.o));
	for (int i = 0; i < 160; i++)
		tone[i] = (int16_t)(8000 * sin(2 * M_PI * 300 * i / 8000));
	int owed = 0;
	for (int i = 0; i < 200; i++) {           /* four seconds, every fifth frame one late */
		owed++;
		for (; owed && i % 5; owed--)
			chan_line_rx(f.l, tone, 160, 8000);
		loop_sim_advance(f.w.loop, 20);
	}
	chan_line_gone(f.l, CHAN_BY_CUSTOMER);
	char path[512];
	struct pcm_clip c;
	snprintf(path, sizeof(path), "%s/%s", f.o.data_dir, f.w.recording);
	OK(pcm_wav_read(path, 8000, &c, NULL));
	int gaps = 0, heard = 0;
	for (size_t at = 0; at + 160 <= c.n; at += 160) {
		bool quiet = pcm_peak(c.s + at, 160) < 64;
		heard += !quiet;
		gaps += quiet && heard;
	}
	CHECK(heard > 190);
	CHECK(gaps <= 3);
	pcm_clip_done(&c);
	f_done(&f);
}

TEST(line_without_sound_ends)
{
	static struct far f;
	f_init(&f, 8000);
	f.o.silent_ms = 3000;
	OK(chan_line_open(&f.l, &f.o));
	f_run(&f, 5000, 8000, false);
	EQ(f.ends, 0);
	f_run(&f, 2900, 0, false);
	chan_line_key(f.l, '1');                  /* a key is a sign of life */
	f_run(&f, 2900, 0, false);
	EQ(f.ends, 0);
	f_run(&f, 200, 0, false);
	EQ(f.ends, 1);
	EQ(f.by, CHAN_BY_TIMEOUT);
	EQ(f.w.by, CHAN_BY_TIMEOUT);
	EQ(f.w.closes, 1);
	f_done(&f);
}

TEST(line_far_side_changes_its_rate)
{
	static struct far f;
	f_init(&f, 8000);
	f.w.asr.says[f.w.asr.n_says++] = "heard";
	OK(chan_line_open(&f.l, &f.o));
	f_run(&f, 400, 8000, false);
	f_run(&f, 400, 16000, false);
	f_run(&f, 600, 16000, true);
	f_run(&f, 1000, 16000, false);
	STR_EQ(w_msg(&f.w, CHAN_SPEECH_FINAL, 0)->text, "heard");
	chan_say(f.w.peer, &(struct chan_out){ .say_id = 2, .text = SV("Again."), .lang = SV("en"),
					       .final = true });
	f_run(&f, 400, 16000, false);
	EQ(f.hz, 16000);
	EQ(f.n, 320);
	int16_t none[4] = { 0 };
	chan_line_rx(f.l, none, 4, 0);            /* no rate at all: not heard */
	chan_line_rx(f.l, none, 4, CHAN_LINE_HZ_MAX + 1);
	f_run(&f, 40, 16000, false);
	f_done(&f);
}

TEST(line_engine_and_shard_end_it)
{
	static struct far f;
	f_init(&f, 8000);
	f.w.greeting = "Goodbye then.";
	OK(chan_line_open(&f.l, &f.o));
	f_run(&f, 40, 8000, false);
	chan_hangup(f.w.peer, CHAN_BY_BOT);
	f_run(&f, 1000, 8000, false);
	EQ(f.frames, 7);                          /* 130 ms: said to its end */
	EQ(f.ends, 1);
	EQ(f.by, CHAN_BY_BOT);
	f_done(&f);
	f_init(&f, 8000);
	OK(chan_line_open(&f.l, &f.o));
	f_run(&f, 40, 8000, false);
	chan_hangup(f.w.peer, CHAN_BY_SYSTEM);
	EQ(f.ends, 1);                            /* before hangup returned */
	CHECK(!f.l);
	f_done(&f);
}

TEST(line_key_that_ends_the_call)
{
	static struct far f;
	f_init(&f, 8000);
	f.w.ends = true;
	f.w.end_on = CHAN_KEY;
	OK(chan_line_open(&f.l, &f.o));
	chan_line_key(f.l, '#');
	EQ(f.ends, 1);
	f_done(&f);
}

TEST(line_refused)
{
	static struct far f;
	f_init(&f, 8000);
	f.w.refuse = ERR_FULL;
	EQ(chan_line_open(&f.l, &f.o), ERR_FULL);
	f.o.hz = 0;
	EQ(chan_line_open(&f.l, &f.o), ERR_INVAL);
	f.o.hz = 200000;
	EQ(chan_line_open(&f.l, &f.o), ERR_INVAL);
	f.l = NULL;
	f_done(&f);
}
