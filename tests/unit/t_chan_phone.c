/* Unit tests of telephone calls as conversations: a real call on 127.0.0.1 with scripted
 * engines. The test's own loop is the shard and serves the caller too. */
#include "t_chan_world.h"
#include "chan_phone.h"

struct line {
	struct world w; /* engines and the engine's notes; its loop is a real one here */
	struct mbox *box;
	struct chan_phone *phone;
	struct tel *tel, *far;
	struct tel_leg *leg;           /* the caller's */
	int refuse, ups, closes, status, heard, frames;
	bool speaks;
	uint64_t phase;
	size_t objs;
};

static int pick(void *arg, struct chan_place *ret)
{
	struct line *x = arg;
	*ret = (struct chan_place){ x->w.loop, x->box, &w_sink, &x->w, &x->w.speech };
	return x->refuse;
}

static void far_up(void *arg)
{
	((struct line *)arg)->ups++;
}

static void far_frame(void *arg, const int16_t s[160], int64_t ts_ms)
{
	struct line *x = arg;
	x->frames++;
	x->heard += pcm_goertzel_db(s, 160, 500, 8000) > -20;
}

static int far_pull(void *arg, int16_t out[160])
{
	struct line *x = arg;
	for (int i = 0; x->speaks && i < 160; i++, x->phase++)
		out[i] = (int16_t)(4000 * sin(2 * M_PI * 300 * (double)x->phase / 8000));
	return x->speaks ? 160 : 0;
}

static void far_close(void *arg, int status, const char *reason)
{
	struct line *x = arg;
	x->closes++;
	x->status = status;
}

static const struct tel_leg_cb far_cb = {
	.on_up = far_up, .on_frame = far_frame, .on_pull = far_pull, .on_close = far_close
};

static int l_open(struct line *x)
{
	struct tel_opts o;
	struct err e = { 0 };
	*x = (struct line){ 0 };
	w_init(&x->w, 8000);
	loop_free(x->w.loop);
	x->w.loop = x->w.asr.loop = x->w.tts[0].loop = x->w.tts[1].loop = loop_new();
	x->w.greeting = "Hello, this is the parcel service.";
	x->box = mbox_new(x->w.loop);
	struct chan_phone_opts po = {
		.pick = pick, .arg = x, .data_dir = t_tmpdir(), .language = "en"
	};
	tel_defaults(&o);
	o.ip = "127.0.0.1";
	int rc = chan_phone_open(&x->phone, &po);
	if (rc == 0)
		rc = tel_open(&x->tel, &o, chan_phone_sink(), x->phone, &e);
	if (rc == 0)
		rc = tel_open(&x->far, &o, NULL, NULL, &e);
	x->objs = obj_live();
	return rc;
}

static int l_dial(struct line *x)
{
	char uri[64];
	struct err e = { 0 };
	snprintf(uri, sizeof(uri), "sip:service@127.0.0.1:%d", tel_port(x->tel));
	struct tel_dial_opts o = { uri, "5550100", "Ann" };
	return tel_dial(x->far, &o, x->w.loop, x->box, &far_cb, x, &x->leg, &e);
}

/* Legs are objs: that no session is left does not say that every leg was given back. */
static bool calls_gone(void *arg)
{
	struct line *x = arg;
	return tel_calls(x->tel) == 0 && tel_calls(x->far) == 0 && obj_live() == x->objs;
}

static void l_close(struct line *x)
{
	tel_leg_free(x->leg);
	if (!t_wait(x->w.loop, calls_gone, x, 3000))
		t_fail(__FILE__, __LINE__, "a call is left");
	tel_close(x->tel);
	tel_close(x->far);
	chan_phone_close(x->phone);
	mbox_free(x->box);
	if (x->w.asr.live || x->w.tts[0].live)
		t_fail(__FILE__, __LINE__, "a run of an engine is left");
	loop_free(x->w.loop);
}

static bool up(void *arg)
{
	return ((struct line *)arg)->ups == 1;
}

static bool played(void *arg)
{
	return w_count(&((struct line *)arg)->w, CHAN_PLAYED) == 1;
}

static bool understood(void *arg)
{
	return w_count(&((struct line *)arg)->w, CHAN_SPEECH_FINAL) == 1;
}

static bool started(void *arg)
{
	return w_count(&((struct line *)arg)->w, CHAN_SPEECH_START) == 1;
}

static bool keyed(void *arg)
{
	return w_count(&((struct line *)arg)->w, CHAN_KEY) == 1;
}

static bool engine_closed(void *arg)
{
	return ((struct line *)arg)->w.closes == 1;
}

static bool far_closed(void *arg)
{
	return ((struct line *)arg)->closes == 1;
}

static bool greeted(void *arg)
{
	return ((struct line *)arg)->heard >= 5;
}

TEST(phone_greets_listens_and_is_hung_up)
{
	static struct line x;
	OK(l_open(&x));
	x.w.asr.says[x.w.asr.n_says++] = "where is it";
	OK(l_dial(&x));
	CHECK(t_wait(x.w.loop, played, &x, 5000));
	NEAR(x.heard, 17, 3);                     /* 340 ms of greeting */
	EQ(x.w.caps, CHAN_VOICE | CHAN_DTMF | CHAN_ASR);
	HAS(sv_of(x.w.recording), "recordings/");
	OK(tel_leg_dtmf(x.leg, "6"));
	CHECK(t_wait(x.w.loop, keyed, &x, 3000));
	STR_EQ(w_msg(&x.w, CHAN_KEY, 0)->text, "6");
	x.speaks = true;
	CHECK(t_wait(x.w.loop, started, &x, 3000));
	x.speaks = false;
	CHECK(t_wait(x.w.loop, understood, &x, 3000));
	STR_EQ(w_msg(&x.w, CHAN_SPEECH_FINAL, 0)->text, "where is it");
	EQ(x.w.closes, 0);
	tel_leg_hangup(x.leg, 200);
	CHECK(t_wait(x.w.loop, engine_closed, &x, 3000));
	EQ(x.w.by, CHAN_BY_CUSTOMER);
	l_close(&x);
}

TEST(phone_engine_hangs_up_after_its_words)
{
	static struct line x;
	OK(l_open(&x));
	OK(l_dial(&x));
	CHECK(t_wait(x.w.loop, up, &x, 3000));
	chan_hangup(x.w.peer, CHAN_BY_BOT);
	CHECK(t_wait(x.w.loop, far_closed, &x, 5000));
	EQ(x.status, 200);
	EQ(x.w.by, CHAN_BY_BOT);
	NEAR(x.heard, 17, 3);
	l_close(&x);
	EQ(x.w.closes, 1);
}

/* Everything of the shard's is gone when hangup returns; the front ends the session by itself. */
TEST(phone_shard_ends)
{
	static struct line x;
	OK(l_open(&x));
	OK(l_dial(&x));
	CHECK(t_wait(x.w.loop, greeted, &x, 5000));
	chan_hangup(x.w.peer, CHAN_BY_SYSTEM);
	EQ(x.w.closes, 1);
	EQ(x.w.by, CHAN_BY_SYSTEM);
	EQ(x.w.asr.live, 0);
	EQ(x.w.tts[0].live, 0);
	CHECK(t_wait(x.w.loop, far_closed, &x, 3000));
	l_close(&x);
	EQ(x.w.closes, 1);
}

TEST(phone_no_place_is_refused)
{
	static struct line x;
	OK(l_open(&x));
	x.refuse = ERR_FULL;
	OK(l_dial(&x));
	CHECK(t_wait(x.w.loop, far_closed, &x, 3000));
	EQ(x.status, err_sip(ERR_FULL));
	EQ(x.ups, 0);
	l_close(&x);
}

TEST(phone_engine_refuses)
{
	static struct line x;
	OK(l_open(&x));
	x.w.refuse = ERR_FULL;
	OK(l_dial(&x));
	CHECK(t_wait(x.w.loop, far_closed, &x, 3000));
	EQ(x.status, 503);
	EQ(x.w.closes, 0);
	l_close(&x);
}

TEST(phone_caller_gives_up_at_once)
{
	for (int i = 0; i < 5; i++) {
		static struct line x;
		OK(l_open(&x));
		OK(l_dial(&x));
		for (int k = 0; k < i; k++)
			(void)loop_run_once(x.w.loop, 2);
		tel_leg_hangup(x.leg, 0);
		CHECK(t_wait(x.w.loop, far_closed, &x, 3000));
		l_close(&x);
		EQ(x.w.closes, x.w.peer ? 1 : 0);
	}
}
