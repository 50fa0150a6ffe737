/* t_chan_pause.c: how long a pause ends a turn, by what the end-of-turn model says of it. */
#include "t_chan_world.h"
#include "chan_ear.h"

/* ---- a model that answers what the test wants */

struct turn {
	struct loop *loop;
	double p;
	int rc, err, answer_ms;      /* answer_ms < 0: never */
	int asked, cancelled, live;
	size_t n;
	int rate;
	int16_t first, last;         /* of the sound */
};
struct turn_run {
	struct turn *t;
	void (*on_p)(void *arg, int err, double p);
	void *arg;
	struct loop_timer timer;
};

static void turn_answer(void *arg)
{
	struct turn_run r = *(struct turn_run *)arg;
	xfree(arg);
	r.t->live--;
	r.on_p(r.arg, r.t->err, r.t->p);
}

static int f_turn_start(struct turn *t, const int16_t *s, size_t n, int rate,
			void (*on_p)(void *arg, int err, double p), void *arg,
			struct turn_run **ret)
{
	t->asked++;
	if (t->rc)
		return t->rc;
	struct turn_run *r = xalloc(sizeof(*r));
	*r = (struct turn_run){ .t = t, .on_p = on_p, .arg = arg };
	t->live++;
	t->n = n;
	t->rate = rate;
	t->first = s[0];
	t->last = s[n - 1];
	if (t->answer_ms >= 0)
		loop_after(t->loop, &r->timer, t->answer_ms, turn_answer, r);
	*ret = r;
	return 0;
}

static void f_turn_cancel(struct turn_run *r)
{
	if (!r)
		return;
	loop_timer_stop(&r->timer);
	r->t->live--;
	r->t->cancelled++;
	xfree(r);
}

struct pause {
	struct world w;
	struct chan_speech_ops ops;
	struct turn turn;
};

static void pause_open(struct pause *x, int rate)
{
	w_init(&x->w, rate);
	x->turn = (struct turn){ .loop = x->w.loop, .answer_ms = 60 };
	x->ops = f_speech_ops;
	x->ops.turn_start = f_turn_start;
	x->ops.turn_cancel = f_turn_cancel;
	x->w.speech.ops = &x->ops;
	x->w.speech.turn = &x->turn;
	x->w.asr.answer_ms = 0;
	ASSERT(w_open(&x->w) == 0);
	w_run(&x->w, 400);
}

static void pause_close(struct pause *x)
{
	w_done(&x->w);
	if (x->turn.live)
		t_fail(__FILE__, __LINE__, "a question to the model is left");
}

/* One utterance of ms; the silence before it counted as over. */
static int64_t silence_after(struct pause *x, int ms)
{
	int had = w_count(&x->w, CHAN_SPEECH_FINAL);
	w_speak(&x->w, ms);
	w_run(&x->w, ms);
	int64_t from = loop_now_ms(x->w.loop);
	if (!w_until(&x->w, CHAN_SPEECH_FINAL, had + 1, 3000))
		return -1;
	return loop_now_ms(x->w.loop) - from;
}

TEST(pause_length_follows_the_model)
{
	static const struct {
		double p;
		int lo, hi;
	} rows[] = { { 1.0, 340, 400 }, { 0.9, 340, 400 }, { 0.6, 580, 640 }, { 0.5, 680, 740 },
		     { 0.2, 980, 1040 }, { 0.0, 1180, 1240 } };
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct pause x;
		pause_open(&x, 8000);
		x.turn.p = rows[i].p;
		int64_t ms = silence_after(&x, 1000);
		pause_close(&x);
		EQ(x.turn.asked, 1);
		if (ms < rows[i].lo || ms > rows[i].hi) {
			(void)printf("# p %.1f\n", rows[i].p);
			EQ(ms, rows[i].lo);
		}
	}
}

TEST(pause_words_that_look_whole_count_too)
{
	int64_t ms[3];
	static const double p[] = { 1.0, 0.2, 0.0 };
	for (int i = 0; i < 3; i++) {
		struct pause x;
		pause_open(&x, 8000);
		x.turn.p = p[i];
		x.w.asr.partial = "what are your opening hours?";
		x.w.asr.says[x.w.asr.n_says++] = x.w.asr.partial;
		ms[i] = silence_after(&x, 1400);
		pause_close(&x);
	}
	CHECK(ms[0] >= 240 && ms[0] <= 300);     /* at the answer: 200 + 60 */
	CHECK(ms[1] >= 660 && ms[1] <= 720);
	CHECK(ms[2] >= 760 && ms[2] <= 820);
}

TEST(pause_as_ever_when_there_is_no_answer)
{
	static const struct {
		int rc, err, answer_ms;
	} rows[] = { { ERR_BUSY, 0, 60 }, { 0, ERR_UPSTREAM, 60 }, { 0, 0, -1 }, { 0, 0, 2000 } };
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct pause x;
		pause_open(&x, 8000);
		x.turn.rc = rows[i].rc;
		x.turn.err = rows[i].err;
		x.turn.answer_ms = rows[i].answer_ms;
		int64_t ms = silence_after(&x, 1000);
		int asked = x.turn.asked;
		pause_close(&x);
		EQ(asked, 1);
		CHECK(ms >= 580 && ms <= 640);
	}
}

TEST(pause_answer_dies_with_the_pause)
{
	struct pause x;
	pause_open(&x, 8000);
	x.turn.p = 1;
	x.turn.answer_ms = 250;                  /* after the customer went on */
	w_speak(&x.w, 600);
	w_run(&x.w, 600 + 300);
	w_speak(&x.w, 600);
	w_run(&x.w, 600);
	int cancelled = x.turn.cancelled, finals = w_count(&x.w, CHAN_SPEECH_FINAL);
	x.turn.p = 0;
	x.turn.answer_ms = 20;
	int64_t from = loop_now_ms(x.w.loop);
	bool told = w_until(&x.w, CHAN_SPEECH_FINAL, 1, 3000);
	int64_t ms = loop_now_ms(x.w.loop) - from;
	pause_close(&x);
	EQ(cancelled, 1);
	EQ(finals, 0);
	EQ(x.turn.asked, 2);
	CHECK(told && ms >= 1180);
}

TEST(pause_model_hears_the_utterance)
{
	for (int rate = 8000; rate <= 16000; rate *= 2) {
		struct pause x;
		pause_open(&x, rate);
		x.turn.p = 1;
		(void)silence_after(&x, 1000);
		int64_t ms = (int64_t)x.turn.n * 1000 / rate;
		pause_close(&x);
		EQ(x.turn.rate, rate);
		CHECK(ms >= 1000 + 200 + 200 &&
		      ms <= 1000 + 300 + 240); /* with before and after */
	}
}

TEST(pause_model_hears_no_more_than_eight_seconds)
{
	struct pause x;
	pause_open(&x, 8000);
	x.turn.p = 1;
	(void)silence_after(&x, 15000);
	size_t n = x.turn.n;
	(void)silence_after(&x, 500);
	size_t next = x.turn.n;
	pause_close(&x);
	CHECK(n > 7 * 8000 && n <= 8 * 8000);
	CHECK(next < 2 * 8000);                  /* nothing of the one before */
}

TEST(pause_nobody_is_asked_about_a_cough)
{
	struct pause x;
	pause_open(&x, 8000);
	(void)w_say(&x.w, 1, "a long story that is being told to the customer right now", true);
	w_run(&x.w, 300);
	w_speak(&x.w, 120);                      /* over our voice */
	w_run(&x.w, 500);
	int asked = x.turn.asked, starts = w_count(&x.w, CHAN_SPEECH_START);
	pause_close(&x);
	EQ(asked, 0);
	EQ(starts, 0);
}

TEST(pause_end_of_the_call_ends_the_question)
{
	struct pause x;
	pause_open(&x, 8000);
	x.turn.answer_ms = 300;
	w_speak(&x.w, 600);
	w_run(&x.w, 600 + 240);
	int live = x.turn.live;
	chan_voice_gone(x.w.v, CHAN_BY_CUSTOMER);
	w_run(&x.w, 500);
	pause_close(&x);
	EQ(live, 1);
	EQ(x.turn.cancelled, 1);
}

TEST(pause_slow_talkers_get_their_time_in_doubt)
{
	struct ear_turn t = { .p = 0.5 };
	EQ(ear_turn_silence(&t, 600, false, 0), 700);
	EQ(ear_turn_silence(&t, 600, false, 200), 800);
	t.p = 1;
	EQ(ear_turn_silence(&t, 600, false, 200), 350);
	EQ(ear_turn_silence(&t, 600, true, 200), 200);
	t.p = 0;
	EQ(ear_turn_silence(&t, 600, false, 700), 1200);
	t.p = -1;
	EQ(ear_turn_silence(&t, 777, false, 700), 777);
}
