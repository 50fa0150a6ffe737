/* t_chan_pace.c: what is said slower: longer sound, and what was heard is still told by the
 * words; kept sounds are kept at their own speed. */
#include "t_chan_world.h"
#include "chan_playout.h"

struct voice {
	const struct tts_cb *cb;
	void *arg;
	int starts;
};

static bool serves(const struct tts *t, sv lang)
{
	(void)t;
	(void)lang;
	return true;
}

static int start(struct tts *t, sv text, sv lang, const struct tts_cb *cb, void *arg,
		 struct tts_run **ret)
{
	struct voice *v = (struct voice *)(void *)t;
	(void)text;
	(void)lang;
	*v = (struct voice){ cb, arg, v->starts + 1 };
	*ret = (struct tts_run *)(void *)v;
	return 0;
}

static void cancel(struct tts_run *r)
{
	(void)r;
}

static void on_played(void *arg, uint32_t say_id, size_t bytes)
{
	*(size_t *)arg = bytes;
	(void)say_id;
}

static void on_first(void *arg, uint32_t say_id)
{
	(void)arg;
	(void)say_id;
}

static const struct chan_speech_ops ops = { .tts_serves = serves, .tts_start = start,
					    .tts_cancel = cancel };

struct desk {
	struct voice voice;
	struct chan_speech sp;
	struct playout p;
	size_t played;
};

static void desk_open(struct desk *d, struct chan_cache *cache)
{
	*d = (struct desk){ .sp = { .ops = &ops, .n_tts = 1, .cache = cache } };
	d->sp.tts[0] = (struct tts *)(void *)&d->voice;
	playout_init(&d->p, &d->sp, 8000);
	d->p.on_played = on_played;
	d->p.on_first = on_first;
	d->p.arg = &d->played;
}

static void speak(struct desk *d, size_t n)
{
	int16_t s[160];
	for (size_t i = 0; i < 160; i++)
		s[i] = (int16_t)(i % 40 * 200);
	d->voice.cb->on_mark(d->voice.arg, 0, 0);
	d->voice.cb->on_mark(d->voice.arg, 4, n / 2);
	for (size_t i = 0; i < n; i += 160)
		d->voice.cb->on_pcm(d->voice.arg, s, 160, 8000);
	d->voice.cb->on_end(d->voice.arg, 0);
}

static int say(struct desk *d, uint32_t id, int rate, bool shared)
{
	struct chan_out o = { .say_id = id, .text = SV("one two"), .lang = SV("en"),
			      .final = true, .rate = rate, .shared = shared };
	return playout_say(&d->p, &o);
}

static size_t pull_all(struct desk *d)
{
	int16_t out[160];
	size_t n = 0;
	for (int i = 0; i < 1000 && playout_busy(&d->p); i++)
		n += (size_t)playout_pull(&d->p, out);
	return n;
}

TEST(playout_slower_is_longer)
{
	static const int rates[] = { 0, 80, 100, 101, 120 };
	static const double parts[] = { 1, 1.25, 1, 1, 0.833 };
	for (int i = 0; i < 5; i++) {
		static struct desk d;
		desk_open(&d, NULL);
		OK(say(&d, 1, rates[i], false));
		speak(&d, 8000);
		NEAR((double)pull_all(&d) / 8000, parts[i], 0.03);
		EQ(d.played, 7);
		playout_done(&d.p);
	}
}

/* At 80 percent the second word begins after 5,000 samples, not 4,000. */
TEST(playout_heard_follows_the_pace)
{
	static struct desk d;
	struct chan_heard h;
	int16_t out[160];
	for (int frames = 28; frames <= 33; frames += 5) {
		desk_open(&d, NULL);
		OK(say(&d, 1, 80, false));
		speak(&d, 8000);
		for (int i = 0; i < frames; i++)
			playout_pull(&d.p, out);
		playout_hush(&d.p, &h);
		EQ(h.bytes, frames * 160 > 5000 ? 4 : 0);
		playout_done(&d.p);
	}
}

TEST(playout_keeps_sounds_at_their_own_speed)
{
	static struct desk d;
	struct chan_cache *cache = chan_cache_new(1 << 20);
	desk_open(&d, cache);
	OK(say(&d, 1, 80, true));
	speak(&d, 8000);
	NEAR((double)pull_all(&d), 10000, 250);
	OK(say(&d, 2, 0, true));
	NEAR((double)pull_all(&d), 8000, 1);
	OK(say(&d, 3, 80, true));
	NEAR((double)pull_all(&d), 10000, 250);
	EQ(d.voice.starts, 1);
	playout_done(&d.p);
	chan_cache_free(cache);
}
