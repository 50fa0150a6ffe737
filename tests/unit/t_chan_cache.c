/* t_chan_cache.c: sounds kept by text, language and rate; bounded; oldest go first. */
#include "t.h"
#include <stdio.h>
#include "chan_cache.h"

static struct chan_sound sound_of(int16_t value, size_t n)
{
	struct chan_sound s = { .hz = 16000 };
	for (size_t i = 0; i < n; i++)
		*VEC_PUSH(&s.s, n) = value;
	*VEC_PUSH(&s.marks, 4) = (struct chan_mark){ 7, 3 };
	return s;
}

TEST(cache_finds_by_text_language_and_rate)
{
	struct chan_cache *c = chan_cache_new(1 << 20);
	struct chan_sound s = sound_of(5, 100);
	chan_cache_put(c, SV("hello"), SV("en"), 8000, &s);
	EQ(s.s.n, 0);
	const struct chan_sound *hit = chan_cache_find(c, SV("hello"), SV("en"), 8000);
	CHECK(hit != NULL);
	EQ(hit->s.n, 100);
	EQ(hit->s.v[99], 5);
	EQ(hit->hz, 16000);
	EQ(hit->marks.v[0].text, 3);
	CHECK(!chan_cache_find(c, SV("hello"), SV("zh"), 8000));
	CHECK(!chan_cache_find(c, SV("hello"), SV("en"), 16000));
	CHECK(!chan_cache_find(c, SV("hell"), SV("en"), 8000));
	chan_cache_free(c);
}

TEST(cache_is_bounded_and_forgets_the_longest_unused)
{
	struct chan_cache *c = chan_cache_new(20000);
	char name[16];
	for (int i = 0; i < 8; i++) {
		struct chan_sound s = sound_of((int16_t)i, 2000);
		snprintf(name, sizeof(name), "text %d", i);
		chan_cache_put(c, sv_of(name), SV("en"), 8000, &s);
		CHECK(chan_cache_bytes(c) <= 20000);
		CHECK(chan_cache_find(c, SV("text 0"), SV("en"), 8000) !=
		      NULL); /* used all the time */
	}
	CHECK(!chan_cache_find(c, SV("text 1"), SV("en"), 8000));
	CHECK(chan_cache_find(c, SV("text 7"), SV("en"), 8000) != NULL);
	chan_cache_free(c);
}

TEST(cache_refuses_what_is_too_large_or_empty_and_keeps_the_first)
{
	struct chan_cache *c = chan_cache_new(8000);
	struct chan_sound big = sound_of(1, 3000), none = { 0 }, a = sound_of(1, 10),
			  b = sound_of(2, 10);
	chan_cache_put(c, SV("big"), SV("en"), 8000, &big);
	chan_cache_put(c, SV("none"), SV("en"), 8000, &none);
	chan_cache_put(c, SV("x"), SV("en"), 8000, &a);
	chan_cache_put(c, SV("x"), SV("en"), 8000, &b);
	CHECK(!chan_cache_find(c, SV("big"), SV("en"), 8000));
	CHECK(!chan_cache_find(c, SV("none"), SV("en"), 8000));
	EQ(chan_cache_find(c, SV("x"), SV("en"), 8000)->s.v[0], 1);
	chan_cache_free(c);
}

/* ---- in a conversation */

#include "t_chan_world.h"

static void say_shared(struct world *w, uint32_t id, const char *text, bool shared)
{
	chan_say(w->peer, &(struct chan_out){ .say_id = id,
					      .text = sv_of(text),
					      .lang = SV("en"),
					      .final = true,
					      .shared = shared });
}

TEST(voice_says_company_texts_again_without_the_engine)
{
	static struct world w;
	static const char text[] = "Our shops are open every day.";
	struct chan_heard heard;
	w_init(&w, 8000);
	w.speech.cache = chan_cache_new(1 << 20);
	OK(w_open(&w));
	say_shared(&w, 1, text, true);
	CHECK(w_until(&w, CHAN_PLAYED, 1, 3000));
	int64_t first = w.samples;
	EQ(w.tts[0].starts, 1);
	say_shared(&w, 2, text, true);
	CHECK(w_until(&w, CHAN_PLAYED, 2, 3000));
	EQ(w.tts[0].starts, 1);
	EQ(w.samples, 2 * first);
	say_shared(&w, 3, text, true); /* what was heard is known from the kept marks */
	w_run(&w, 100);
	chan_hush(w.peer, &heard);
	EQ(heard.bytes, strlen("Our shops "));
	say_shared(&w, 4, "Mr Li, your code is 4711.", false);
	w_run(&w, 1000);
	say_shared(&w, 5, "Mr Li, your code is 4711.", false);
	w_run(&w, 1000);
	EQ(w.tts[0].starts, 3);
	struct chan_cache *c = w.speech.cache;
	w_done(&w);
	chan_cache_free(c);
}

TEST(voice_warmed_texts_need_no_engine)
{
	static struct world w;
	w_init(&w, 8000);
	w.speech.cache = chan_cache_new(1 << 20);
	struct chan_warm *warm = chan_warm_start(&w.speech, SV("Good morning."), SV("en"), 8000);
	loop_sim_advance(w.loop, 2000);
	EQ(w.tts[0].starts, 1);
	chan_warm_free(warm);
	w.greeting = NULL;
	OK(w_open(&w));
	say_shared(&w, 1, "Good morning.", true);
	CHECK(w_until(&w, CHAN_PLAYED, 1, 3000));
	EQ(w.tts[0].starts, 1);
	struct chan_cache *c = w.speech.cache;
	w_done(&w);
	chan_cache_free(c);
}
