/* Unit tests of the browser's voice: the door's mailbox and the shard's simulated loop in one
 * thread. */
#include <pthread.h>
#include "t_chan_world.h"
#include "chan_media.h"

#define ID "01J0000000000000000000000E"

struct desk {
	struct world w;                /* engines and the engine's notes */
	struct mbox *door, *shard;
	struct chan_media *m;
	struct chan_media_opts o;
	int audio, texts, closes;
	size_t bytes;
	char log[4096];
};

static void on_audio(void *arg, sv pcm)
{
	struct desk *d = arg;
	d->audio++;
	d->bytes += pcm.n;
	if (pcm.n != 640)
		t_fail(__FILE__, __LINE__, "a frame is 640 bytes");
}

static void on_text(void *arg, sv json)
{
	struct desk *d = arg;
	size_t n = strlen(d->log);
	d->texts++;
	snprintf(d->log + n, sizeof(d->log) - n, SV_FMT "\n", SV_ARG(json));
}

static void on_closed(void *arg)
{
	((struct desk *)arg)->closes++;
}

static void d_init(struct desk *d)
{
	*d = (struct desk){ 0 };
	w_init(&d->w, 16000);
	d->door = mbox_new(NULL);
	d->shard = mbox_new(d->w.loop);
	d->o = (struct chan_media_opts){ .door = d->door, .id = SV(ID), .interaction_id = SV(ID),
					 .language = SV("en"), .arg = d,
					 .cb = { on_audio, on_text, on_closed } };
	d->o.place = (struct chan_place){ d->w.loop, d->shard, &w_sink, &d->w, &d->w.speech };
}

static void d_run(struct desk *d, int ms)
{
	for (; ms > 0; ms -= 20) {
		loop_sim_advance(d->w.loop, 20);
		mbox_drain(d->door);
	}
}

/* ms of a customer's voice in chunks of n bytes, sent as time passes. */
static void d_speak(struct desk *d, int ms, size_t n, bool voice)
{
	static int16_t s[16000 * 4];
	size_t total = (size_t)ms * 32, at = 0;
	for (size_t i = 0; i < total / 2; i++)
		s[i] = (int16_t)(voice ? 4000 * sin(2 * M_PI * 300 * (double)i / 16000) :
					 (double)rng_below(t_rng(), 64) - 32);
	for (int t = 20; t <= ms; t += 20) {
		for (; at + n <= (size_t)t * 32; at += n)
			chan_media_rx(d->m, sv_n((char *)s + at, n));
		d_run(d, 20);
	}
	chan_media_rx(d->m, sv_n((char *)s + at, total - at));
}

static void d_done(struct desk *d)
{
	chan_media_close(d->m);
	d_run(d, 40);
	if (d->w.asr.live || d->w.tts[0].live)
		t_fail(__FILE__, __LINE__, "a run of an engine is left");
	mbox_free(d->door);
	mbox_free(d->shard);
	loop_free(d->w.loop);
}

TEST(media_talks_and_listens)
{
	static struct desk d;
	d_init(&d);
	d.w.greeting = "Hello, this is the parcel service.";
	d.w.asr.says[d.w.asr.n_says++] = "where is it";
	d.w.asr.partial = "where";
	OK(chan_media_open(&d.m, &d.o));
	EQ(d.w.tts[0].starts, 0);                 /* nothing of the shard's on the door */
	d_run(&d, 1000);
	EQ(d.audio, 17);                          /* 340 ms, and silence is not sent */
	EQ(w_count(&d.w, CHAN_PLAYED), 1);
	d_speak(&d, 600, 640, true);
	d_speak(&d, 1200, 640, false);
	EQ(w_count(&d.w, CHAN_SPEECH_START), 1);
	STR_EQ(w_msg(&d.w, CHAN_SPEECH_FINAL, 0)->text, "where is it");
	HAS(sv_of(d.log), "{\"type\":\"partial\",\"data\":{\"text\":\"where\"}}");
	HAS(sv_of(d.log), "{\"type\":\"flush\"}");
	chan_event(d.w.peer, SV("{\"seq\":1}"));
	chan_media_key(d.m, '4');
	d_run(&d, 20);
	HAS(sv_of(d.log), "{\"type\":\"event\",\"data\":{\"seq\":1}}");
	STR_EQ(w_msg(&d.w, CHAN_KEY, 0)->text, "4");
	chan_media_close(d.m);
	d.m = NULL;
	d_run(&d, 100);
	EQ(d.w.closes, 1);
	EQ(d.w.by, CHAN_BY_CUSTOMER);
	EQ(d.closes, 0);                          /* who closes is not told */
	d_done(&d);
}

TEST(media_any_chunking)
{
	static const size_t chunks[] = { 256, 1, 333, 640, 2047, 4096 };
	for (size_t i = 0; i < sizeof(chunks) / sizeof(*chunks); i++) {
		static struct desk d;
		d_init(&d);
		d.w.asr.says[d.w.asr.n_says++] = "heard";
		OK(chan_media_open(&d.m, &d.o));
		d_speak(&d, 400, chunks[i], false);
		d_speak(&d, 800, chunks[i], true);
		d_speak(&d, 1200, chunks[i], false);
		EQ(w_count(&d.w, CHAN_SPEECH_FINAL), 1);
		STR_EQ(w_msg(&d.w, CHAN_SPEECH_FINAL, 0)->text, "heard");
		const struct w_msg *m = w_msg(&d.w, CHAN_SPEECH_FINAL, 0);
		ABOUT(m->end_ms - m->start_ms, 800, 60);
		d_done(&d);
	}
}

/* A burst after a stall must not stay as delay: a second later the queue is short again. */
TEST(media_delay_does_not_stay)
{
	static struct desk d;
	static char burst[40000];
	d_init(&d);
	OK(chan_media_open(&d.m, &d.o));
	d_run(&d, 500);
	chan_media_rx(d.m, sv_n(burst, 25600));   /* 800 ms at once */
	d_speak(&d, 2400, 640, false);
	int64_t at = loop_now_ms(d.w.loop);
	d_speak(&d, 400, 640, true);
	ABOUT(w_msg(&d.w, CHAN_SPEECH_START, 0)->at_ms - at, 60, 100);
	d_done(&d);
}

TEST(media_queue_is_bounded_and_keeps_the_newest)
{
	static struct desk d;
	static int16_t s[16000 * 3];
	d_init(&d);
	OK(chan_media_open(&d.m, &d.o));
	d_run(&d, 100);
	for (size_t i = 32000; i < 48000; i++)    /* three seconds, voice in the last */
		s[i] = (int16_t)(4000 * sin(2 * M_PI * 300 * (double)i / 16000));
	chan_media_rx(d.m, sv_n((char *)s, sizeof(s)));
	d_run(&d, 200);
	EQ(w_count(&d.w, CHAN_SPEECH_START), 1);
	d_run(&d, 2000);
	d_done(&d);
}

TEST(media_engine_ends_it)
{
	static struct desk d;
	d_init(&d);
	d.w.greeting = "Goodbye then.";
	OK(chan_media_open(&d.m, &d.o));
	d_run(&d, 40);
	chan_hangup(d.w.peer, CHAN_BY_BOT);
	d_run(&d, 1000);
	EQ(d.audio, 7);                           /* 130 ms: said to its end */
	EQ(d.closes, 1);
	EQ(d.w.closes, 1);
	chan_media_rx(d.m, SV("more bytes"));
	chan_media_key(d.m, '1');
	d_run(&d, 40);
	EQ(d.closes, 1);
	d_done(&d);
	EQ(d.w.closes, 1);
}

/* The shard ends: everything of it is gone when hangup returns, for its loop runs no more. */
TEST(media_shard_ends)
{
	static struct desk d;
	d_init(&d);
	d.w.greeting = "Hello, this is the parcel service.";
	OK(chan_media_open(&d.m, &d.o));
	d_run(&d, 100);
	chan_hangup(d.w.peer, CHAN_BY_SYSTEM);
	EQ(d.w.closes, 1);
	EQ(d.w.asr.live, 0);
	EQ(d.w.tts[0].live, 0);
	mbox_drain(d.door);
	EQ(d.closes, 1);
	chan_media_close(d.m);
	mbox_free(d.shard);
	loop_free(d.w.loop);                      /* asserts that no timer is left */
	mbox_free(d.door);
}

TEST(media_engine_refuses)
{
	static struct desk d;
	d_init(&d);
	d.w.refuse = ERR_FULL;
	OK(chan_media_open(&d.m, &d.o));
	chan_media_rx(d.m, SV("abcd"));
	d_run(&d, 100);
	EQ(d.closes, 1);
	EQ(d.audio, 0);
	d_done(&d);
}

TEST(media_door_goes_with_messages_under_way)
{
	static struct desk d;
	d_init(&d);
	d.w.greeting = "Hello, this is the parcel service.";
	OK(chan_media_open(&d.m, &d.o));
	chan_media_close(d.m);                    /* before the shard even opened it */
	d_run(&d, 100);
	EQ(d.w.closes, 1);
	OK(chan_media_open(&d.m, &d.o));
	d_run(&d, 100);
	int audio = d.audio;
	loop_sim_advance(d.w.loop, 100);          /* five frames on their way up */
	chan_media_rx(d.m, SV("abcdef"));
	chan_media_close(d.m);
	d.m = NULL;
	d_run(&d, 200);
	EQ(d.audio, audio);                       /* no callback after close */
	EQ(d.closes, 0);
	chan_media_close(NULL);
	d_done(&d);
	EQ(d.w.closes, 2);
}

/* ---- two real threads */

static void *shard_main(void *arg)
{
	loop_run(arg);
	return NULL;
}

static void stop_here(void *arg)
{
	loop_stop(arg);
}

static bool some_audio(void *arg)
{
	struct desk *d = arg;
	mbox_drain(d->door);
	return d->audio >= 10;
}

TEST(media_across_threads)
{
	static struct desk d;
	static char silence[640];
	struct loop *door = loop_new();           /* for waiting only */
	pthread_t t;
	d_init(&d);
	mbox_free(d.shard);
	loop_free(d.w.loop);
	d.w.loop = d.w.asr.loop = d.w.tts[0].loop = d.w.tts[1].loop = loop_new();
	d.shard = mbox_new(d.w.loop);
	d.o.place.loop = d.w.loop;
	d.o.place.box = d.shard;
	d.w.greeting = "Hello, this is the parcel service.";
	CHECK(pthread_create(&t, NULL, shard_main, d.w.loop) == 0);
	OK(chan_media_open(&d.m, &d.o));
	for (int i = 0; i < 20; i++)
		chan_media_rx(d.m, sv_n(silence, sizeof(silence)));
	chan_media_key(d.m, '1');
	CHECK(t_wait(door, some_audio, &d, 5000));
	chan_media_close(d.m);
	OK(mbox_post(d.shard, stop_here, d.w.loop));
	pthread_join(t, NULL);
	EQ(d.w.closes, 1);
	EQ(w_count(&d.w, CHAN_KEY), 1);
	EQ(d.closes, 0);
	mbox_free(d.door);
	mbox_free(d.shard);
	loop_free(d.w.loop);
	loop_free(door);
}
