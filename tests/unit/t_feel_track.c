/* t_feel_track.c: the mood over turns: what turns it, what does not, for how long anger lasts,
 * the trend, and that nothing a reading holds leads out of range. */
#include "feel.h"
#include "t.h"

#include <stdio.h>

struct talked {
	struct feel_state f;
	struct feel_track t;
};

static bool say(struct talked *x, const char *text)
{
	feel_turn(&x->f, sv_of(text), SV("en"));
	return feel_track_turn(&x->t, &x->f.now, x->f.turns);
}

static const struct story {
	const char *name;
	const char *lines[6];
	const char *moods[6];    /* held after each */
	int angry;               /* at the end */
	int turnings;
} stories[] = {
	{ "angry at once, calm after two quiet turns",
	  { "This is outrageous, you are liars!", "My order is HH2026-100105.",
	    "It should have come on Monday." },
	  { "angry", "angry", "neutral" }, 0, 2 },
	{ "one quiet sentence in between does not end it",
	  { "I am so angry about this.", "The number is 12345.", "You are all thieves!" },
	  { "angry", "angry", "angry" }, 2, 1 },
	{ "solved: relief turns it at once",
	  { "I am furious!", "Thank god, finally solved, what a relief!" },
	  { "angry", "relieved" }, 0, 2 },
	{ "frustration grows into anger and counts on",
	  { "I am fed up with waiting.", "This is unacceptable, I am so angry!",
	    "Still annoyed and disappointed." },
	  { "frustrated", "angry", "frustrated" }, 2, 3 },
	{ "a plain customer stays neutral",
	  { "How much is delivery?", "And to Chengdu?", "Can I pay by card?" },
	  { "neutral", "neutral", "neutral" }, 0, 0 },
	{ "zh: anger holds", { "气死我了，你们是骗子！", "订单号是12345", "什么态度，太离谱了！" },
	  { "angry", "angry", "angry" }, 2, 1 },
	{ "zh: calmed", { "气死我了", "太好了，解决了，谢谢" }, { "angry", "satisfied" }, 0, 2 },
	{ "zh: worried, then plain",
	  { "我很着急，明天就要用", "我要改地址", "改到公司" },
	  { "anxious", "anxious", "neutral" }, 0, 2 },
	{ "confusion gives way to frustration",
	  { "I do not understand, this is confusing.", "This is so frustrating!" },
	  { "confused", "frustrated" }, 0, 2 },
};

TEST(feel_track_stories)
{
	int bad = 0;
	for (size_t i = 0; i < sizeof(stories) / sizeof(stories[0]); i++) {
		const struct story *s = &stories[i];
		struct talked x = { 0 };
		for (int k = 0; k < 6 && s->lines[k]; k++) {
			say(&x, s->lines[k]);
			const char *is = feel_mood_name(x.t.mood);
			if (strcmp(is, s->moods[k]) != 0) {
				printf("# %s: \"%s\" is %s, not %s\n", s->name, s->lines[k], is,
				       s->moods[k]);
				bad++;
			}
		}
		if (x.t.angry != s->angry || x.t.n_turning != s->turnings) {
			printf("# %s: angry %d, turnings %d\n", s->name, x.t.angry, x.t.n_turning);
			bad++;
		}
	}
	EQ(bad, 0);
}

TEST(feel_track_tells_turn_from_to_and_why)
{
	struct talked x = { 0 };
	CHECK(!say(&x, "Where is my parcel?"));
	CHECK(say(&x, "You are scammers!"));
	EQ(x.t.n_turning, 1);
	const struct feel_turning *p = &x.t.turning[0];
	EQ(p->turn, 2);
	EQ(p->from, FEEL_NEUTRAL);
	EQ(p->to, FEEL_ANGRY);
	STR_EQ(p->why, "scammers");
	CHECK(p->valence < -0.5);
	EQ(x.t.lowest_turn, 2);
	say(&x, "It is the one of Monday.");
	CHECK(say(&x, "To Chengdu."));
	STR_EQ(x.t.turning[1].why, "calm");
}

TEST(feel_track_the_voice_is_a_reason)
{
	struct feel_track t = { 0 };
	struct feel_reading r = { .valence = -0.6, .arousal = 0.8, .mood = FEEL_ANGRY,
				  .voice = true };
	r.share[FEEL_ANGRY] = 0.8;
	r.share[FEEL_NEUTRAL] = 0.2;
	CHECK(feel_track_turn(&t, &r, 1));
	STR_EQ(t.turning[0].why, "voice");
	EQ(t.angry, 1);
}

TEST(feel_track_trend_has_a_sign)
{
	struct talked down = { 0 }, up = { 0 };
	say(&down, "Thank you, that is great.");
	say(&down, "Hm, where is it?");
	say(&down, "This is annoying.");
	say(&down, "This is outrageous!");
	CHECK(down.t.trend < -0.1);
	say(&up, "I am furious!");
	say(&up, "The number is 12345.");
	say(&up, "Thank you, perfect!");
	CHECK(up.t.trend > 0.1);
}

TEST(feel_track_keeps_the_last_turnings)
{
	struct feel_track t = { 0 };
	for (int i = 1; i <= 40; i++) {
		struct feel_reading r = { .mood = i % 2 ? FEEL_ANGRY : FEEL_RELIEVED };
		r.share[r.mood] = 1;
		r.valence = i % 2 ? -1 : 1;
		CHECK(feel_track_turn(&t, &r, i));
	}
	EQ(t.n_turning, FEEL_TURNINGS);
	EQ(t.turning[FEEL_TURNINGS - 1].turn, 40);
	EQ(t.turning[0].turn, 40 - FEEL_TURNINGS + 1);
}

/* Whatever the shares are: bounded numbers, a known mood, counters that only anger raises. */
TEST(feel_track_stays_in_range)
{
	struct feel_track t = { 0 };
	int bad = 0;
	for (int i = 1; i <= 20000; i++) {
		struct feel_reading r = { .valence = rng_unit(t_rng()) * 2 - 1,
					  .arousal = rng_unit(t_rng()) * 2 - 1 };
		double sum = 0;
		for (int k = 0; k < FEEL_MOODS; k++)
			sum += r.share[k] = rng_unit(t_rng()) * rng_unit(t_rng());
		for (int k = 0; k < FEEL_MOODS; k++)
			r.share[k] /= sum;
		int was = t.angry;
		feel_track_turn(&t, &r, i);
		bad += t.mood < 0 || t.mood >= FEEL_MOODS || t.valence < -1 || t.valence > 1 ||
		       t.trend < -2 || t.trend > 2 || t.angry > was + 1 || t.angry > t.upset ||
		       t.n_turning > FEEL_TURNINGS;
		for (int k = 0; k < FEEL_MOODS; k++)
			bad += t.p[k] < 0 || t.p[k] > 1;
	}
	EQ(bad, 0);
}

TEST(feel_mood_names_read_back)
{
	for (int i = 0; i < FEEL_MOODS; i++)
		EQ(feel_mood_of(sv_of(feel_mood_name(i))), i);
	EQ(feel_mood_of(SV("furious")), -1);
	STR_EQ(feel_mood_name(-1), "");
	STR_EQ(feel_mood_name(FEEL_MOODS), "");
}
