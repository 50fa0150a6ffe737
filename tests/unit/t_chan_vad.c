/* t_chan_vad.c: the detector of a shard: steps gathered and run together, lines that come and
 * go, weights that change, and the ear listening to it. */
#include "t_chan_world.h"
#include "chan_vad.h"
#include "t_silero_net.h"

/* ---- a source of probabilities that notes how it is asked */

struct source {
	float p;
	int runs;
	size_t last, most, steps;    /* calls in the last run, in the largest, in all */
	int again;                   /* the same sound as the time before */
	int16_t before[PCM_SILERO_FRAME];
};

static void give(void *arg, struct pcm_silero_state *const *st, const int16_t *const *frames,
		 size_t n, float *p)
{
	struct source *s = arg;
	(void)st;
	s->runs++;
	s->last = n;
	s->most = n > s->most ? n : s->most;
	s->steps += n;
	for (size_t i = 0; i < n; i++) {
		p[i] = s->p;
		s->again += memcmp(s->before, frames[i], sizeof(s->before)) == 0;
		memcpy(s->before, frames[i], sizeof(s->before));
	}
}

static void loud(int16_t *s, size_t n)
{
	for (size_t i = 0; i < n; i++)
		s[i] = (int16_t)(rng_below(t_rng(), 20000) - 10000);
}

static void hear_all(struct chan_vad_line *l, size_t n, double level_db)
{
	int16_t s[160];
	for (size_t i = 0; i < n; i++) {
		loud(s, 160);
		chan_vad_hear(&l[i], s, 160, level_db, -60);
	}
}

TEST(chan_vad_runs_calls_together)
{
	enum { N = 40 };
	static struct chan_vad_line l[N];
	struct loop *loop = loop_new_sim(0);
	struct source src = { .p = 0.7f };
	struct chan_vad *v = chan_vad_new_with(loop, give, &src);
	for (int i = 0; i < N; i++)
		chan_vad_join(&l[i], v, 8000);
	double before = chan_vad_p(&l[3]);
	for (int tick = 0; tick < 16; tick++) {  /* 320 ms: ten steps */
		hear_all(l, N, -20);
		loop_sim_advance(loop, 20);
	}
	double after = chan_vad_p(&l[3]);
	for (int i = 0; i < N; i++)
		chan_vad_leave(&l[i]);
	chan_vad_free(v);
	loop_free(loop);
	CHECK(before < 0);
	NEAR(after, 0.7, 1e-6);
	EQ(src.runs, 10);
	EQ(src.most, N);
	EQ(src.steps, 10 * N);
}

TEST(chan_vad_has_more_calls_than_one_run)
{
	enum { N = 150 };
	static struct chan_vad_line l[N];
	struct loop *loop = loop_new_sim(0);
	struct source src = { .p = 0.2f };
	struct chan_vad *v = chan_vad_new_with(loop, give, &src);
	for (int i = 0; i < N; i++)
		chan_vad_join(&l[i], v, 8000);
	for (int tick = 0; tick < 8; tick++) {
		hear_all(l, N, -20);
		loop_sim_advance(loop, 20);
	}
	int known = 0;
	for (int i = 0; i < N; i++) {
		known += chan_vad_p(&l[i]) > 0.1;
		chan_vad_leave(&l[i]);
	}
	chan_vad_free(v);
	loop_free(loop);
	EQ(known, N);
	EQ(src.steps, 5 * N);
}

TEST(chan_vad_a_late_loop_loses_no_step)
{
	struct chan_vad_line l = { 0 };
	struct loop *loop = loop_new_sim(0);
	struct source src = { .p = 0.5f };
	struct chan_vad *v = chan_vad_new_with(loop, give, &src);
	chan_vad_join(&l, v, 8000);
	for (int tick = 0; tick < 160; tick++)
		hear_all(&l, 1, -20);            /* and no timer in between */
	loop_sim_advance(loop, 20);
	chan_vad_leave(&l);
	chan_vad_leave(&l);
	chan_vad_free(v);
	loop_free(loop);
	EQ(src.steps, 100);
	EQ(src.again, 0);
}

TEST(chan_vad_a_call_may_go_while_its_step_waits)
{
	struct chan_vad_line l[3] = { 0 };
	struct loop *loop = loop_new_sim(0);
	struct source src = { .p = 0.5f };
	struct chan_vad *v = chan_vad_new_with(loop, give, &src);
	for (int i = 0; i < 3; i++)
		chan_vad_join(&l[i], v, 8000);
	hear_all(l, 3, -20);
	hear_all(l, 3, -20);
	chan_vad_leave(&l[0]);
	loop_sim_advance(loop, 20);
	size_t two = src.last;
	hear_all(l + 1, 2, -20);
	hear_all(l + 1, 2, -20);
	chan_vad_leave(&l[1]);
	chan_vad_leave(&l[2]);
	loop_sim_advance(loop, 20);
	chan_vad_free(v);                        /* loop_free: no timer is left */
	loop_free(loop);
	EQ(two, 2);
	EQ(src.runs, 1);
}

TEST(chan_vad_quiet_calls_cost_nothing)
{
	struct chan_vad_line l = { 0 };
	struct loop *loop = loop_new_sim(0);
	struct source src = { .p = 0.9f };
	struct chan_vad *v = chan_vad_new_with(loop, give, &src);
	chan_vad_join(&l, v, 8000);
	for (int tick = 0; tick < 50; tick++) {
		hear_all(&l, 1, -20);
		loop_sim_advance(loop, 20);
	}
	double loud_p = chan_vad_p(&l);
	for (int tick = 0; tick < 50; tick++) {
		hear_all(&l, 1, -60);
		loop_sim_advance(loop, 20);
	}
	size_t steps = src.steps;
	double quiet_p = chan_vad_p(&l);
	for (int tick = 0; tick < 500; tick++) {
		hear_all(&l, 1, -60);
		loop_sim_advance(loop, 20);
	}
	chan_vad_leave(&l);
	chan_vad_free(v);
	loop_free(loop);
	NEAR(loud_p, 0.9, 1e-6);
	NEAR(quiet_p, 0.0, 0);
	EQ(src.steps, steps);
	CHECK(steps < 50);
}

/* ---- weights that come, change and go while calls go on */

static struct pcm_silero *some_weights(void)
{
	struct net t;
	struct sb b;
	struct err e;
	struct pcm_silero *w = NULL;
	net_make(&t);
	put_file(&b, &t);
	(void)pcm_silero_parse(&w, sb_sv(&b), &e);
	sb_done(&b);
	net_done(&t);
	return w;
}

static double hear_on(struct loop *loop, struct chan_vad_line *l, int ticks)
{
	for (int i = 0; i < ticks; i++) {
		hear_all(l, 1, -20);
		loop_sim_advance(loop, 20);
	}
	return chan_vad_p(l);
}

TEST(chan_vad_follows_the_snapshot)
{
	struct chan_vad_line l = { 0 };
	struct loop *loop = loop_new_sim(0);
	struct snap *snap = snap_new(NULL);
	struct chan_vad *v = chan_vad_new(loop, snap);
	chan_vad_join(&l, v, 8000);
	double none = hear_on(loop, &l, 20);
	snap_publish(snap, some_weights());
	double first = hear_on(loop, &l, 20);
	snap_publish(snap, some_weights());
	double second = hear_on(loop, &l, 20);
	snap_publish(snap, NULL);
	double gone = hear_on(loop, &l, 20);
	chan_vad_leave(&l);
	chan_vad_free(v);
	snap_free(snap);
	loop_free(loop);
	CHECK(none < 0);
	CHECK(first >= 0 && first <= 1);
	CHECK(second >= 0 && second <= 1);
	CHECK(first != second);
	CHECK(gone < 0);
}

TEST(chan_vad_new_weights_begin_afresh)
{
	struct chan_vad_line a = { 0 }, b = { 0 };
	struct loop *loop = loop_new_sim(0);
	struct pcm_silero *w = some_weights();
	struct snap *snap = snap_new(some_weights());
	struct chan_vad *v = chan_vad_new(loop, snap);
	int16_t s[160];
	chan_vad_join(&a, v, 8000);
	(void)hear_on(loop, &a, 16);             /* 320 ms: nothing of a step is left over */
	snap_publish(snap, w);
	chan_vad_join(&b, v, 8000);
	memcpy(b.line.in.past, a.line.in.past, sizeof(a.line.in.past));
	for (int i = 0; i < 16; i++) {
		loud(s, 160);
		chan_vad_hear(&a, s, 160, -20, -60);
		chan_vad_hear(&b, s, 160, -20, -60);
		loop_sim_advance(loop, 20);
	}
	double pa = chan_vad_p(&a), pb = chan_vad_p(&b);
	chan_vad_leave(&a);
	chan_vad_leave(&b);
	chan_vad_free(v);
	snap_free(snap);
	loop_free(loop);
	CHECK(pa >= 0);
	NEAR(pa, pb, 1e-6);
}

/* ---- the ear */

struct heard {
	struct world w;
	struct source src;
	struct chan_vad *v;
};

static void ear_open(struct heard *h)
{
	w_init(&h->w, 8000);
	h->src = (struct source){ 0 };
	h->v = chan_vad_new_with(h->w.loop, give, &h->src);
	h->w.speech.vad = h->v;
	ASSERT(w_open(&h->w) == 0);
}

static void ear_close(struct heard *h)
{
	chan_voice_free(h->w.v);
	h->w.v = NULL;
	chan_vad_free(h->v);
	w_done(&h->w);
}

TEST(ear_believes_the_probability)
{
	static struct heard h;
	ear_open(&h);
	w_run(&h.w, 1000);
	w_speak(&h.w, 1500);                     /* loud, and no voice */
	w_run(&h.w, 2500);
	int lorry = w_count(&h.w, CHAN_SPEECH_START);
	h.src.p = 0.9f;
	h.w.asr.says[0] = "hello";
	h.w.asr.n_says = 1;
	int64_t from = loop_now_ms(h.w.loop);
	w_speak(&h.w, 1000);
	w_run(&h.w, 1000);
	h.src.p = 0.05f;
	bool told = w_until(&h.w, CHAN_SPEECH_FINAL, 1, 3000);
	struct w_msg start = *w_msg(&h.w, CHAN_SPEECH_START, 0);
	struct w_msg final = *w_msg(&h.w, CHAN_SPEECH_FINAL, 0);
	ear_close(&h);
	EQ(lorry, 0);
	CHECK(told);
	CHECK(start.at_ms - from <= 160);        /* two steps, three frames of onset */
	STR_EQ(final.text, "hello");
	CHECK(final.end_ms - final.start_ms >= 900 && final.end_ms - final.start_ms <= 1100);
}

TEST(ear_ends_when_the_sound_does_though_the_probability_lags)
{
	int64_t took[2];
	for (int lag = 0; lag < 2; lag++) {
		static struct heard h;
		ear_open(&h);
		w_run(&h.w, 1000);
		h.src.p = 0.9f;
		w_speak(&h.w, 1000);
		w_run(&h.w, lag ? 1080 : 1000);
		h.src.p = 0;
		int64_t end = h.w.voice_from * 20 + 1000;
		(void)w_until(&h.w, CHAN_SPEECH_FINAL, 1, 3000);
		took[lag] = h.w.frames * 20 - end;
		ear_close(&h);
	}
	CHECK(took[0] >= 600 && took[0] <= 900);
	ABOUT(took[0], took[1], 40);
}

TEST(ear_without_weights_listens_by_energy)
{
	struct world w;
	struct snap *snap = snap_new(NULL);
	w_init(&w, 8000);
	struct chan_vad *v = chan_vad_new(w.loop, snap);
	w.speech.vad = v;
	OK(w_open(&w));
	w_run(&w, 500);
	w_speak(&w, 800);
	bool told = w_until(&w, CHAN_SPEECH_FINAL, 1, 4000);
	chan_voice_free(w.v);
	w.v = NULL;
	chan_vad_free(v);
	snap_free(snap);
	w_done(&w);
	CHECK(told);
}

TEST(ear_hold_forgets_what_was_probable)
{
	static struct heard h;
	ear_open(&h);
	h.src.p = 0.95f;
	w_run(&h.w, 500);
	w_speak(&h.w, 500);
	w_run(&h.w, 300);
	int before = w_count(&h.w, CHAN_SPEECH_START);
	chan_voice_hold(h.w.v, true);
	h.src.p = 0;
	w_run(&h.w, 1000);
	chan_voice_hold(h.w.v, false);
	w_run(&h.w, 1000);
	int after = w_count(&h.w, CHAN_SPEECH_START);
	ear_close(&h);
	EQ(before, 1);
	EQ(after, 1);
}
