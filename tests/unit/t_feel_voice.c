/* Unit tests of what the voice tells: against the caller's own usual, with and against the words,
 * and never of an employee. */
#include <math.h>
#include "t.h"
#include "feel_voice.h"

static struct pcm_prosody_sum calm(void)
{
	return (struct pcm_prosody_sum){ .f0_mean = 13, .db_mean = -30, .tilt_mean = -11,
					 .rate = 4.2F, .f0_move = 35, .speech_s = 2,
					 .voiced = 0.7F };
}

static struct pcm_prosody_sum hot(void)
{
	struct pcm_prosody_sum s = calm();
	s.f0_mean += 5;
	s.db_mean += 6;
	s.tilt_mean += 5;
	s.rate += 0.8F;
	s.f0_move += 10;
	return s;
}

/* Ten seconds of a calm caller. */
static struct feel_voice known_caller(void)
{
	struct feel_voice v = { 0 };
	for (int i = 0; i < 5; i++) {
		struct pcm_prosody_sum s = calm();
		s.f0_mean += i % 2 ? 0.5F : -0.5F;
		(void)feel_voice_turn(&v, FEEL_LEG_CUSTOMER, &s);
	}
	return v;
}

static double sum_of(const struct feel_reading *r)
{
	double sum = 0;
	for (int i = 0; i < FEEL_MOODS; i++)
		sum += r->share[i];
	return sum;
}

TEST(feel_voice_calm_stays_calm)
{
	struct feel_voice v = known_caller();
	struct pcm_prosody_sum s = calm();

	NEAR(v.heard_s, FEEL_VOICE_USUAL_S, 1e-6);
	EQ(feel_voice_turn(&v, FEEL_LEG_CUSTOMER, &s), 0);
	CHECK(v.known);
	NEAR(v.activation, 0, 0.4);
	CHECK(v.anger < 0.05 && fabs(v.arousal) < 0.15);
	STR_EQ(v.cue, "");
	CHECK(v.trust > 0.95);
}

TEST(feel_voice_hot_is_told_by_each_cue)
{
	struct feel_voice v = known_caller(), before = v;
	struct pcm_prosody_sum s = hot();

	EQ(feel_voice_turn(&v, FEEL_LEG_CUSTOMER, &s), 0);
	CHECK(v.activation > 1.5);
	CHECK(v.anger > 0.2 && v.arousal > 0.3);
	CHECK(v.cue[0]);
	/* and less with one cue less */
	for (int i = 0; i < 3; i++) {
		struct feel_voice w = before;
		struct pcm_prosody_sum x = hot(), c = calm();
		float *const member[] = { &x.f0_mean, &x.db_mean, &x.tilt_mean };
		const float usual[] = { c.f0_mean, c.db_mean, c.tilt_mean };
		*member[i] = usual[i];
		EQ(feel_voice_turn(&w, FEEL_LEG_CUSTOMER, &x), 0);
		CHECK(w.activation < v.activation - 0.3 && w.anger < v.anger);
		NEAR(w.z[i], 0, 0.4);
	}
}

TEST(feel_voice_low_and_slow_is_the_other_way)
{
	struct feel_voice v = known_caller();
	struct pcm_prosody_sum s = calm();

	s.f0_mean -= 3;
	s.db_mean -= 6;
	s.rate -= 1.2F;
	EQ(feel_voice_turn(&v, FEEL_LEG_CUSTOMER, &s), 0);
	CHECK(v.activation < -1 && v.arousal < 0 && v.anger < 0.01);
}

/* A high voice is no excited one: it is that caller's. Nobody is known at his first word. */
TEST(feel_voice_is_compared_with_the_caller_himself)
{
	struct feel_voice man = { 0 }, woman = { 0 };
	struct pcm_prosody_sum low = calm(), high = calm(), s;

	high.f0_mean += 11;
	EQ(feel_voice_turn(&man, FEEL_LEG_CUSTOMER, &low), 0);
	EQ(feel_voice_turn(&woman, FEEL_LEG_CUSTOMER, &high), 0);
	CHECK(fabs(man.activation - woman.activation) < 1.0);
	CHECK(woman.anger < 0.15 && man.anger < 0.15);
	CHECK(man.trust < 0.5);
	for (int i = 0; i < 5; i++) {
		EQ(feel_voice_turn(&man, FEEL_LEG_CUSTOMER, &low), 0);
		EQ(feel_voice_turn(&woman, FEEL_LEG_CUSTOMER, &high), 0);
	}
	NEAR(man.activation, woman.activation, 0.25);
	s = low;
	s.f0_mean += 5;
	EQ(feel_voice_turn(&man, FEEL_LEG_CUSTOMER, &s), 0);
	EQ(feel_voice_turn(&woman, FEEL_LEG_CUSTOMER, &high), 0);
	CHECK(man.activation > woman.activation + 0.8);
}

/* Ten seconds are the usual; later anger does not become it. */
TEST(feel_voice_usual_is_the_beginning)
{
	struct feel_voice v = known_caller();
	struct pcm_prosody_sum s = hot();
	double first = 0;

	for (int i = 0; i < 20; i++) {
		EQ(feel_voice_turn(&v, FEEL_LEG_CUSTOMER, &s), 0);
		first = i ? first : v.anger;
	}
	NEAR(v.anger, first, 1e-9);
}

TEST(feel_voice_never_of_an_employee)
{
	struct feel_voice v = { 0 };
	static const struct feel_voice none;
	struct feel_state f = { 0 }, g;
	struct pcm_prosody_sum s = hot();

	EQ(feel_voice_turn(&v, FEEL_LEG_EMPLOYEE, &s), ERR_DENIED);
	EQ(feel_voice_turn(&v, FEEL_LEG_UNKNOWN, &s), ERR_DENIED);
	EQ(feel_voice_turn(&v, (enum feel_leg)7, &s), ERR_DENIED);
	CHECK(memcmp(&v, &none, sizeof(v)) == 0);
	feel_turn(&f, SV("where is my parcel"), SV("en"));
	g = f;
	feel_voice_mix(&v, &f);
	CHECK(memcmp(&f, &g, sizeof(f)) == 0);
	/* and what was known of the customer is not touched by it */
	v = known_caller();
	struct feel_voice before = v;
	EQ(feel_voice_turn(&v, FEEL_LEG_EMPLOYEE, &s), ERR_DENIED);
	CHECK(memcmp(&v, &before, sizeof(v)) == 0);
}

TEST(feel_voice_too_little_or_no_numbers)
{
	struct feel_voice v = known_caller();
	struct feel_voice before;
	struct pcm_prosody_sum s = hot();

	s.speech_s = 0.3F;
	before = v;
	EQ(feel_voice_turn(&v, FEEL_LEG_CUSTOMER, &s), ERR_AGAIN);
	CHECK(!v.known);
	NEAR(v.heard_s, before.heard_s, 0);
	EQ(feel_voice_turn(&v, FEEL_LEG_CUSTOMER, NULL), ERR_AGAIN);
	s = hot();
	s.tilt_mean = NAN;
	EQ(feel_voice_turn(&v, FEEL_LEG_CUSTOMER, &s), ERR_AGAIN);
	s = hot();
	s.over = 0.8F;               /* mostly over our voice: our echo may be in it */
	EQ(feel_voice_turn(&v, FEEL_LEG_CUSTOMER, &s), ERR_AGAIN);
	s = hot();
	s.f0_mean = 1e30F;
	s.db_mean = -1e30F;
	EQ(feel_voice_turn(&v, FEEL_LEG_CUSTOMER, &s), 0);
	CHECK(isfinite(v.activation) && v.anger >= 0 && v.anger <= 1);
}

TEST(feel_voice_with_neutral_words)
{
	struct feel_voice v = known_caller();
	struct feel_state f = { 0 }, words;
	struct feel_track t = { 0 };
	struct pcm_prosody_sum s = hot();

	s.f0_mean += 4;              /* shouted */
	s.db_mean += 4;
	s.tilt_mean += 3;
	EQ(feel_voice_turn(&v, FEEL_LEG_CUSTOMER, &s), 0);
	feel_turn(&f, SV("my order is 4711"), SV("en"));
	words = f;
	feel_voice_mix(&v, &f);
	NEAR(sum_of(&f.now), 1, 1e-9);
	CHECK(f.now.share[FEEL_ANGRY] > words.now.share[FEEL_ANGRY] + 0.15);
	CHECK(f.now.arousal > words.now.arousal + 0.2 && f.arousal > words.arousal + 0.2);
	CHECK(f.now.valence < words.now.valence);
	(void)feel_track_turn(&t, &f.now, 1);
	CHECK(t.arousal > 0.2);
}

TEST(feel_voice_and_words_agree)
{
	struct feel_voice hot_v = known_caller(), calm_v = known_caller();
	struct feel_state f = { 0 }, g = { 0 };
	struct pcm_prosody_sum s = hot(), c = calm();

	EQ(feel_voice_turn(&hot_v, FEEL_LEG_CUSTOMER, &s), 0);
	EQ(feel_voice_turn(&calm_v, FEEL_LEG_CUSTOMER, &c), 0);
	feel_turn(&f, SV("this is ridiculous, I have been waiting for weeks"), SV("en"));
	g = f;
	feel_voice_mix(&hot_v, &f);
	feel_voice_mix(&calm_v, &g);
	CHECK(f.now.share[FEEL_ANGRY] > g.now.share[FEEL_ANGRY]);
	CHECK(f.now.arousal > g.now.arousal);
}

/* Joy is loud, too: who says that all is well is not made angry by his voice. */
TEST(feel_voice_does_not_overrule_clear_words)
{
	struct feel_voice v = known_caller();
	struct feel_state f = { 0 };
	struct pcm_prosody_sum s = hot();

	EQ(feel_voice_turn(&v, FEEL_LEG_CUSTOMER, &s), 0);
	feel_turn(&f, SV("wonderful, thank you so much, I am very happy"), SV("en"));
	feel_voice_mix(&v, &f);
	EQ(f.now.mood, FEEL_SATISFIED);
	STR_EQ(f.emotion, "satisfied");
	CHECK(!f.now.voice);
	CHECK(f.now.share[FEEL_ANGRY] < 0.25);
}
