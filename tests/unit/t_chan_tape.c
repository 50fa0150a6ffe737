/* Unit tests of the recording: both sides, where they were in time, at both rates, over gaps. */
#include <signal.h>
#include <sndfile.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
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
	w_speak(&w, 1000);
	while (w.n_out)
		w_step(&w);
	int64_t end = w.frames * 20 - 20;         /* we stand still */
	CHECK(w_until(&w, CHAN_SPEECH_START, 1, 1000));
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
	tape_open(&t, NULL, SV(ID), 8000, NULL);
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

/* ---- ten minutes */

/* The tape alone, with a clock of its own. */
struct bare {
	struct tape t;
	int64_t now;
	uint64_t phase;
	const char *dir;
};

static void bare_open(struct bare *b, int rate)
{
	*b = (struct bare){ .now = 5000, .dir = t_tmpdir() };
	tape_open(&b->t, b->dir, SV(ID), rate, "Example \"Shop\"");
	CHECK(b->t.name[0]);
}

static void tone(struct bare *b, int16_t *s, double hz, bool on)
{
	int n = b->t.rate / 50;
	for (int i = 0; i < n; i++, b->phase++)
		s[i] = on ? (int16_t)lrint(9000 * sin(2 * M_PI * hz * (double)b->phase /
						      b->t.rate)) : 0;
}

/* One tick of 20 ms: ours is sent, theirs heard. */
static void tick(struct bare *b, bool ours, bool theirs)
{
	int16_t s[320];
	tone(b, s, 500, ours);
	tape_sent(&b->t, s);
	tone(b, s, 300, theirs);
	CHECK(tape_heard(&b->t, s, b->now));
	b->now += 20;
}

static bool bare_load(struct bare *b, struct stereo *r)
{
	struct world w;
	w.o.data_dir = b->dir;
	return load(&w, r);
}

static int peak(const struct stereo *r, int ch, int64_t from_ms, int64_t to_ms)
{
	int p = 0;
	for (int64_t i = from_ms * 8; i < to_ms * 8 && i < r->frames; i++)
		p = abs(r->s[i * 2 + ch]) > p ? abs(r->s[i * 2 + ch]) : p;
	return p;
}

/* T17: a beep on both sides each 10 s of ten minutes, a loop that is late by up to 60 ms now and
 * then, a far side that skips frames, a hold of 20 s. Each beep lies where it was. */
TEST(tape_drifts_by_40_ms_at_most_in_ten_minutes)
{
	static struct bare b;
	struct stereo r;
	bare_open(&b, 8000);
	int64_t began = b.now, worst = 0;
	while (b.now - began < 600000) {
		int64_t at = b.now - began;
		bool beep = at % 10000 < 100, quiet = at % 10000 > 9000 || at % 10000 < 1000;
		if (at > 300000 && at < 320000) {         /* hold: nothing goes out */
			int16_t s[160] = { 0 };
			tone(&b, s, 300, false);
			CHECK(tape_heard(&b.t, s, b.now));
			b.now += 20;
		} else {
			tick(&b, beep, beep);
		}
		if (!quiet && rng_below(t_rng(), 20) == 0)
			b.now += rng_below(t_rng(), 4) * 20; /* frames that never were */
	}
	int64_t total = b.now - began;
	tape_close(&b.t);
	CHECK(bare_load(&b, &r));
	ABOUT(r.frames / 8, total, 40);
	for (int64_t at = 0; at + 1000 < total; at += 10000) {
		if (at >= 300000 && at <= 320000)
			continue;
		for (int ch = 0; ch < 2; ch++) {
			int64_t from = at < 200 ? 0 : at - 200;
			while (from < at + 1000 && peak(&r, ch, from, from + 1) < 1000)
				from++;
			worst = llabs(from - at) > worst ? llabs(from - at) : worst;
		}
	}
	CHECK(worst <= 40);
	printf("# worst place of 118 beeps: %lld ms\n", (long long)worst);
	xfree(r.s);
}

TEST(tape_of_a_fast_far_clock_stays_with_ours)
{
	static struct bare b;
	struct stereo r;
	bare_open(&b, 8000);
	int16_t s[160];
	for (int i = 0; i < 30000; i++) {         /* 20 ms of theirs are 19.9 of ours */
		tone(&b, s, 300, true);
		CHECK(tape_heard(&b.t, s, b.now + (int64_t)i * 199 / 10));
	}
	tape_close(&b.t);
	CHECK(bare_load(&b, &r));
	ABOUT(r.frames / 8, 30000 * 199 / 10, 120);
	xfree(r.s);
}

TEST(tape_goes_on_while_nothing_is_heard)
{
	static struct bare b;
	struct stereo r;
	bare_open(&b, 8000);
	int16_t s[160];
	tick(&b, false, false);
	for (int i = 0; i < 100; i++, b.now += 20) {   /* two seconds without a packet */
		tone(&b, s, 500, true);
		tape_sent(&b.t, s);
	}
	for (int i = 0; i < 50; i++)
		tick(&b, false, true);
	tape_close(&b.t);
	CHECK(bare_load(&b, &r));
	ABOUT(r.frames / 8, 3020, 60);
	ABOUT(loud_at(&r, 1, false), 20, 40);
	ABOUT(loud_at(&r, 1, true), 2020, 60);
	ABOUT(loud_at(&r, 0, false), 2020, 60);
	xfree(r.s);
}

/* ---- what must not be kept */

TEST(tape_paused_is_silent_on_both_sides_and_time_goes_on)
{
	static const enum chan_record how[] = { CHAN_RECORD_PAUSED, CHAN_RECORD_SECRET };
	for (int k = 0; k < 2; k++) {
		static struct bare b;
		struct stereo r;
		struct sb j;
		bare_open(&b, k ? 16000 : 8000);
		for (int i = 0; i < 250; i++) {
			if (i == 100)
				tape_mode(&b.t, how[k]);
			if (i == 200)
				tape_mode(&b.t, CHAN_RECORD_ON);
			tick(&b, true, true);
		}
		tape_close(&b.t);
		sb_init(&j, 4096);
		tape_json(&b.t, &j);
		HAS(sb_sv(&j), "\"duration_ms\":5000,\"complete\":true");
		HAS(sb_sv(&j), k ? "{\"why\":\"secret\",\"from_ms\":2000,\"to_ms\":4000}" :
				   "{\"why\":\"paused\",\"from_ms\":2000,\"to_ms\":4000}");
		sb_done(&j);
		CHECK(bare_load(&b, &r));
		ABOUT(r.frames / 8, 5000, 1);
		for (int ch = 0; ch < 2; ch++) {
			CHECK(peak(&r, ch, 0, 1600) > 8000);
			CHECK(peak(&r, ch, 2020, 4000) < 300); /* the filter's tail at 16 kHz */
			CHECK(peak(&r, ch, 4040, 5000) > 8000);
		}
		EQ(peak(&r, 0, 1720, 2000) > 0, k == 0);       /* a secret begins early */
		xfree(r.s);
	}
}

TEST(tape_blanks_the_customers_side_with_a_margin)
{
	static struct bare b;
	struct stereo r;
	struct sb j;
	bare_open(&b, 8000);
	for (int i = 0; i < 250; i++) {
		if (i == 200)
			tape_blank(&b.t, 1500, 2500);
		if (i == 220)
			tape_blank(&b.t, 4300, 4600); /* still being said */
		tick(&b, true, true);
	}
	tape_blank(&b.t, 3000, 3000);
	tape_close(&b.t);
	CHECK(bare_load(&b, &r));
	EQ(peak(&r, 0, 1200, 2800), 0);
	EQ(peak(&r, 0, 4000, 4900), 0);
	CHECK(peak(&r, 0, 0, 1199) > 8000 && peak(&r, 0, 2801, 3999) > 8000);
	CHECK(peak(&r, 0, 4910, 5000) > 8000);
	CHECK(peak(&r, 1, 1200, 2800) > 8000);
	sb_init(&j, 4096);
	tape_json(&b.t, &j);
	HAS(sb_sv(&j), "{\"why\":\"blanked\",\"from_ms\":1200,\"to_ms\":2800}");
	HAS(sb_sv(&j), "{\"why\":\"blanked\",\"from_ms\":4000,\"to_ms\":4900}");
	sb_done(&j);
	xfree(r.s);
}

/* Keys that are 40 to 120 ms long, at every place within a frame, over a room's noise: none can
 * be decoded from the recording, and little else is gone. */
TEST(tape_keeps_no_key)
{
	static int16_t line[8000 * 40];
	static struct bare b;
	struct stereo r;
	struct pcm_dtmf *d;
	const char *keys = "4111111111111111123456789*0#ABCD";
	int n = 0, at = 8000, pressed = 0;
	for (int i = 0; i < 8000 * 40; i++)
		line[i] = (int16_t)(rng_below(t_rng(), 200) - 100);
	for (const char *k = keys; *k; k++, at += 8000) {
		int16_t tone_s[960];
		size_t len = pcm_dtmf_gen(*k, 45 + (int)rng_below(t_rng(), 75), tone_s, 960);
		memcpy(line + at + rng_below(t_rng(), 160), tone_s, len * 2);
	}
	OK(pcm_dtmf_open(&d));
	bare_open(&b, 8000);
	for (int i = 0; i < 2000; i++, b.now += 20) {
		pcm_dtmf_push(d, line + i * 160, 160);
		while (pcm_dtmf_next(d))
			pressed++;
		CHECK(tape_heard(&b.t, line + i * 160, b.now));
	}
	pcm_dtmf_close(d);
	EQ(pressed, 32);                          /* the decoder can hear them all */
	tape_close(&b.t);
	CHECK(bare_load(&b, &r));
	OK(pcm_dtmf_open(&d));
	int64_t gone = 0;
	for (int64_t i = 0; i < r.frames; i++) {
		pcm_dtmf_push(d, &r.s[i * 2], 1);
		n += pcm_dtmf_next(d) != 0;
		gone += r.s[i * 2] == 0;
	}
	pcm_dtmf_close(d);
	EQ(n, 0);
	CHECK(gone < 8 * 32 * 320);
	CHECK(b.t.n_spans == 32);
	xfree(r.s);
}

/* ---- crash and disk */

TEST(tape_is_readable_after_kill_9)
{
	static struct bare b;
	struct stereo r;
	const char *dir = t_tmpdir();
	pid_t pid = fork();
	if (!pid) {
		bare_open(&b, 8000);
		for (int i = 0; i < 190; i++)     /* 3.8 s */
			tick(&b, true, true);
		kill(getpid(), SIGKILL);
	}
	int st;
	CHECK(waitpid(pid, &st, 0) == pid && WIFSIGNALED(st));
	b.dir = dir;
	CHECK(bare_load(&b, &r));
	EQ(r.frames, 24000);
	CHECK(peak(&r, 0, 2900, 3000) > 8000 && peak(&r, 1, 2900, 3000) > 8000);
	xfree(r.s);
}

TEST(tape_of_a_full_disk_is_told_and_the_call_goes_on)
{
	static struct world w;
	struct rlimit was, now;
	struct stereo r;
	start(&w, 8000);
	OK(w_open(&w));
	signal(SIGXFSZ, SIG_IGN);
	CHECK(!getrlimit(RLIMIT_FSIZE, &was));
	now = was;
	now.rlim_cur = 80000;
	CHECK(!setrlimit(RLIMIT_FSIZE, &now));
	w_run(&w, 5000);
	CHECK(!setrlimit(RLIMIT_FSIZE, &was));
	EQ(w_count(&w, CHAN_RECORDED), 1);
	HAS(sv_of(w_msg(&w, CHAN_RECORDED, 0)->text), "\"complete\":false");
	w_speak(&w, 400);
	CHECK(w_until(&w, CHAN_SPEECH_FINAL, 1, 2000));
	w_done(&w);
	EQ(w_count(&w, CHAN_RECORDED), 1);
	CHECK(load(&w, &r));
	CHECK(r.frames >= 16000);
	xfree(r.s);
}

/* ---- the label, and what the engine is told */

TEST(tape_says_that_a_machine_speaks)
{
	static struct bare b;
	SF_INFO in = { 0 };
	bare_open(&b, 8000);
	tick(&b, true, true);
	tape_close(&b.t);
	SNDFILE *f = sf_open(b.t.path, SFM_READ, &in);
	CHECK(f);
	sv c = sv_of(sf_get_string(f, SF_STR_COMMENT));
	ptrdiff_t end = sv_find(c, SV("}}"));
	CHECK(end > 0);
	jv *j = jv_parse(sv_slice(c, 0, (size_t)end + 2), NULL);
	jv *a = jv_get(j, "AIGC");
	CHECK(sv_eq(jv_get_str(a, "Label"), SV("1")));
	CHECK(sv_eq(jv_get_str(a, "ContentProducer"), SV("Example \"Shop\"")));
	CHECK(sv_eq(jv_get_str(a, "ProduceID"), SV(ID)));
	HAS(c, "AI");
	jv_free(j);
	sf_close(f);
}

static int n_partials;

static void count_partial(void *arg, sv text)
{
	n_partials++;
}

TEST(tape_secret_words_are_masked_for_all)
{
	static struct world w;
	start(&w, 8000);
	w.asr.says[0] = "four one one one";
	w.asr.says[1] = "four one one two";
	w.asr.says[2] = "thank you";
	w.asr.n_says = 3;
	w.asr.partial = "four one";
	w.o.partial = count_partial;
	n_partials = 0;
	OK(w_open(&w));
	w_run(&w, 1000);
	chan_set_record(w.peer, CHAN_RECORD_SECRET);
	w_speak(&w, 800);
	CHECK(w_until(&w, CHAN_SPEECH_FINAL, 1, 3000));
	STR_EQ(w_msg(&w, CHAN_SPEECH_FINAL, 0)->text, CHAN_MASKED);
	w_speak(&w, 800);                 /* its words come when it is over */
	w_run(&w, 800);
	chan_set_record(w.peer, CHAN_RECORD_ON);
	CHECK(w_until(&w, CHAN_SPEECH_FINAL, 2, 3000));
	STR_EQ(w_msg(&w, CHAN_SPEECH_FINAL, 1)->text, CHAN_MASKED);
	EQ(n_partials, 0);
	w_run(&w, 1000);
	w_speak(&w, 800);
	CHECK(w_until(&w, CHAN_SPEECH_FINAL, 3, 3000));
	STR_EQ(w_msg(&w, CHAN_SPEECH_FINAL, 2)->text, "thank you");
	EQ(n_partials, 1);
	w_done(&w);
	EQ(w_count(&w, CHAN_RECORDED), 1);
	HAS(sv_of(w_msg(&w, CHAN_RECORDED, 0)->text), "\"secret\"");
}
