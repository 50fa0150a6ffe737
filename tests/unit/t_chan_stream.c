/* Unit tests of calls whose sound comes by messages: the door's mailbox and the shard's
 * simulated loop in one thread. */
#include "t_chan_world.h"
#include "chan_stream.h"

struct desk {
	struct world w;                /* engines and the engine's notes */
	struct mbox *door, *shard;
	struct chan_stream *s;
	struct chan_stream_opts o;
	int frames, flushes, closes, after_flush;
	size_t bytes;
	double tone_db;
	enum chan_close_by by;
	char seen[256];                /* way, ref, address, name */
	uint64_t phase;
};

static int on_open(void *arg, struct chan_peer *p, const struct chan_info *i, void **user)
{
	struct desk *d = arg;
	snprintf(d->seen, sizeof(d->seen), SV_FMT "|" SV_FMT "|" SV_FMT "|" SV_FMT "|" SV_FMT,
		 SV_ARG(i->way), SV_ARG(i->ref), SV_ARG(i->language), SV_ARG(i->address),
		 SV_ARG(i->customer_name));
	return w_sink.on_open(&d->w, p, i, user);
}

static void on_msg(void *user, const struct chan_msg *m)
{
	w_sink.on_msg(user, m);
}

static void on_close(void *user, enum chan_close_by by)
{
	w_sink.on_close(user, by);
}

static const struct chan_sink d_sink = { on_open, on_msg, on_close };

static void on_audio(void *arg, sv b)
{
	struct desk *d = arg;
	const uint8_t *p = (const uint8_t *)b.p;
	int16_t s[4000];
	size_t n = d->o.codec == CHAN_SLIN ? b.n / 2 : b.n;
	d->frames++;
	d->after_flush++;
	d->bytes = b.n;
	if (n != (size_t)d->o.hz / 50)
		t_fail(__FILE__, __LINE__, "a message is 20 ms");
	if (d->o.codec == CHAN_ULAW)
		pcm_ulaw_decode(p, n, s);
	else if (d->o.codec == CHAN_ALAW)
		pcm_alaw_decode(p, n, s);
	else
		for (size_t i = 0; i < n; i++)
			s[i] = (int16_t)(p[2 * i] | p[2 * i + 1] << 8);
	double db = pcm_goertzel_db(s, n, 500, d->o.hz);
	d->tone_db = db > d->tone_db ? db : d->tone_db;
}

static void on_flush(void *arg)
{
	struct desk *d = arg;
	d->flushes++;
	d->after_flush = 0;
}

static void on_closed(void *arg, enum chan_close_by by)
{
	struct desk *d = arg;
	d->closes++;
	d->by = by;
}

static void d_init(struct desk *d, enum chan_codec codec, int hz)
{
	*d = (struct desk){ .tone_db = -100 };
	w_init(&d->w, hz == 8000 ? 8000 : 16000);
	d->door = mbox_new(NULL);
	d->shard = mbox_new(d->w.loop);
	d->o = (struct chan_stream_opts){ .door = d->door, .way = "test", .ref = SV("r1"),
					  .language = SV("en"), .address = SV("5550100"),
					  .name = SV("Ann"), .codec = codec, .hz = hz, .arg = d,
					  .cb = { on_audio, on_flush, on_closed } };
	d->o.place = (struct chan_place){ d->w.loop, d->shard, &d_sink, d, &d->w.speech };
}

static void d_run(struct desk *d, int ms)
{
	for (; ms > 0; ms -= 20) {
		loop_sim_advance(d->w.loop, 20);
		mbox_drain(d->door);
	}
}

static void d_speak(struct desk *d, int ms, bool voice)
{
	unsigned char b[2 * CHAN_LINE_HZ_MAX / 50];
	int16_t s[CHAN_LINE_HZ_MAX / 50];
	size_t n = (size_t)d->o.hz / 50;
	for (; ms > 0; ms -= 20) {
		for (size_t i = 0; i < n; i++, d->phase++)
			s[i] = (int16_t)(voice ? 12000 * sin(2 * M_PI * 300 * (double)d->phase /
							    d->o.hz) : 0);
		for (size_t i = 0; d->o.codec == CHAN_SLIN && i < n; i++) {
			b[2 * i] = (unsigned char)(s[i] & 0xff);
			b[2 * i + 1] = (unsigned char)((uint16_t)s[i] >> 8);
		}
		if (d->o.codec == CHAN_ULAW)
			pcm_ulaw_encode(s, n, b);
		if (d->o.codec == CHAN_ALAW)
			pcm_alaw_encode(s, n, b);
		chan_stream_rx(d->s, sv_n((char *)b, d->o.codec == CHAN_SLIN ? 2 * n : n));
		d_run(d, 20);
	}
}

static void d_done(struct desk *d)
{
	chan_stream_close(d->s);
	d_run(d, 40);
	if (d->w.asr.live || d->w.tts[0].live)
		t_fail(__FILE__, __LINE__, "a run of an engine is left");
	mbox_free(d->door);
	mbox_free(d->shard);
	loop_free(d->w.loop);
}

TEST(stream_talks_and_listens_in_any_codec)
{
	static const struct {
		enum chan_codec codec;
		int hz;
		size_t bytes;
	} v[] = { { CHAN_ULAW, 8000, 160 },   { CHAN_ALAW, 8000, 160 },  { CHAN_SLIN, 8000, 320 },
		  { CHAN_SLIN, 16000, 640 }, { CHAN_SLIN, 48000, 1920 } };
	for (size_t i = 0; i < sizeof(v) / sizeof(*v); i++) {
		static struct desk d;
		d_init(&d, v[i].codec, v[i].hz);
		d.w.greeting = "Hello, this is the parcel service.";
		d.w.asr.says[d.w.asr.n_says++] = "where is it";
		OK(chan_stream_open(&d.s, &d.o));
		EQ(d.w.tts[0].starts, 0);         /* nothing of the shard's on the door */
		d_speak(&d, 1000, false);
		ABOUT(d.frames, 17, 1);           /* silence is not sent */
		EQ(d.bytes, v[i].bytes);
		ABOUT(d.tone_db, -9, 1);
		STR_EQ(d.seen, "test|r1|en|5550100|Ann");
		EQ(w_count(&d.w, CHAN_PLAYED), 1);
		d_speak(&d, 600, true);
		d_speak(&d, 1200, false);
		STR_EQ(w_msg(&d.w, CHAN_SPEECH_FINAL, 0)->text, "where is it");
		chan_stream_key(d.s, '4');
		d_run(&d, 20);
		STR_EQ(w_msg(&d.w, CHAN_KEY, 0)->text, "4");
		chan_stream_close(d.s);
		d.s = NULL;
		d_run(&d, 100);
		EQ(d.w.by, CHAN_BY_CUSTOMER);
		EQ(d.closes, 0);
		d_done(&d);
	}
}

/* Interrupted: the far side is told to drop what it has, and after that nothing of it comes. */
TEST(stream_barge_in_flushes)
{
	static struct desk d;
	d_init(&d, CHAN_ULAW, 8000);
	d.o.lead = 1;
	d.w.greeting = "Hello, this is the parcel service, and we have a great deal to tell you "
		       "before you may say a word, because nobody has called today and the "
		       "parcels are no company at all, if we may be quite honest about it.";
	OK(chan_stream_open(&d.s, &d.o));
	d_speak(&d, 300, false);
	CHECK(d.frames > 5 && d.flushes == 0);
	for (int i = 0; i < 50 && !d.flushes; i++)
		d_speak(&d, 20, true);
	EQ(d.flushes, 1);
	d_speak(&d, 200, true);
	CHECK(d.w.heard.say_id == 1 && d.w.heard.bytes > 0);
	CHECK(d.w.heard.bytes < strlen(d.w.greeting));
	CHECK(d.after_flush <= 2);                /* the fade of what was cut */
	d_speak(&d, 1000, false);
	CHECK(d.after_flush <= 2);
	d_done(&d);
}

TEST(stream_pauses_when_told)
{
	static struct desk d;
	d_init(&d, CHAN_ULAW, 8000);
	d.w.greeting = "Hello, this is the parcel service.";
	OK(chan_stream_open(&d.s, &d.o));
	d_speak(&d, 140, false);
	chan_stream_pause(d.s, true);
	d_run(&d, 20);
	int frames = d.frames;
	d_speak(&d, 600, false);
	EQ(d.frames, frames);
	chan_stream_pause(d.s, false);
	d_speak(&d, 600, false);
	EQ(d.frames, 17);
	d_done(&d);
}

TEST(stream_ends_by_engine_timeout_and_shard)
{
	static struct desk d;
	d_init(&d, CHAN_ULAW, 8000);
	d.w.greeting = "Goodbye then.";
	OK(chan_stream_open(&d.s, &d.o));
	d_run(&d, 40);
	chan_hangup(d.w.peer, CHAN_BY_BOT);
	d_run(&d, 1000);
	EQ(d.frames, 7);
	EQ(d.closes, 1);
	EQ(d.by, CHAN_BY_BOT);
	chan_stream_rx(d.s, SV("more"));          /* too late: nothing */
	chan_stream_key(d.s, '1');
	chan_stream_pause(d.s, true);
	d_done(&d);
	EQ(d.w.closes, 1);

	d_init(&d, CHAN_ULAW, 8000);
	d.o.silent_ms = 500;
	OK(chan_stream_open(&d.s, &d.o));
	d_run(&d, 700);
	EQ(d.closes, 1);
	EQ(d.by, CHAN_BY_TIMEOUT);
	d_done(&d);

	d_init(&d, CHAN_ULAW, 8000);
	OK(chan_stream_open(&d.s, &d.o));
	d_run(&d, 40);
	chan_hangup(d.w.peer, CHAN_BY_SYSTEM);
	EQ(d.w.closes, 1);
	mbox_drain(d.door);
	EQ(d.closes, 1);
	d_done(&d);
}

TEST(stream_refused_and_gone_early)
{
	static struct desk d;
	d_init(&d, CHAN_ULAW, 8000);
	d.w.refuse = ERR_FULL;
	OK(chan_stream_open(&d.s, &d.o));
	chan_stream_rx(d.s, SV("abc"));
	d_run(&d, 40);
	EQ(d.closes, 1);
	d_done(&d);
	d_init(&d, CHAN_ULAW, 0);
	EQ(chan_stream_open(&d.s, &d.o), ERR_INVAL);
	d.o.hz = 8000;
	d.w.greeting = "Hello, this is the parcel service.";
	OK(chan_stream_open(&d.s, &d.o));
	chan_stream_close(d.s);                   /* before the shard even opened it */
	d_run(&d, 100);
	EQ(d.w.closes, 1);
	OK(chan_stream_open(&d.s, &d.o));
	d_run(&d, 100);
	int frames = d.frames;
	loop_sim_advance(d.w.loop, 100);          /* five frames on their way up */
	static char big[40000];
	chan_stream_rx(d.s, sv_n(big, sizeof(big)));
	chan_stream_close(d.s);
	d.s = NULL;
	d_run(&d, 200);
	EQ(d.frames, frames);                     /* no callback after close */
	EQ(d.closes, 0);
	chan_stream_close(NULL);
	d_done(&d);
}
