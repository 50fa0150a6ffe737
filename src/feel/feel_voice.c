/* feel_voice.c: arousal and anger from prosody, by what is known of voices, not by training.
 *
 * Everybody's pitch is his own, so a turn is compared with how this caller usually sounds: the
 * first ten seconds of voice. Until those are heard the usual is a mixture of what people in
 * general have and what was heard so far, with the doubt that goes with it (a normal prior and
 * its posterior), so a first sentence moves little. Five deviations - mean pitch, level, share
 * of high frequencies, pace, movement of pitch - all rise with arousal and with hot anger
 * (Scherer, "Vocal communication of emotion", Speech Communication 40, 2003, table 2; Juslin &
 * Laukka, Psychological Bulletin 129, 2003, table 7; Goudbeer & Scherer, JASA 128, 2010). They
 * are added with equal weights, the two that depend most on what is said with half: an improper
 * linear model (Dawes, American Psychologist 34, 1979), since no recording that may train a
 * shipped model is there. The sum, on a scale where calm speech has a spread of one, is the
 * activation; each emotion has its own expected activation. Anger's is set so that anger and
 * calm are told apart 80 times of 100, as they are by prosody in real calls (Devillers,
 * Vidrascu & Lamel, Neural Networks 18, 2005); acted anger is much plainer. Bayes' rule does
 * the rest. How it fares on acted speech is in docs/MODELS.md.
 *
 * With words: each emotion's share by the words times its likelihood by the voice, the voice
 * weaker the less it was heard. Words that show no emotion leave the voice more room.
 */
#include "feel_voice.h"

#include <math.h>
#include <stddef.h>
#include <stdio.h>

#define SPEECH_MIN_S 0.4         /* a word; less tells nothing */
#define TURN_S 2.0               /* a turn for which `within` holds */
#define CUES_CORRELATE 0.3
#define Z_MAX 3.0
#define STANDS_OUT 1.0
#define DOUBT_NO_CUE 0.35        /* words without a word of emotion leave so much open */
#define DOUBT 0.1
#define AROUSAL_SPREAD 0.35      /* over the turns of calls: an assumption */
#define AROUSAL_BY_VOICE 0.6     /* at full trust */

/* In telephone speech: the mean over speakers, its spread over speakers and lines, and the spread
 * of one speaker's turns of TURN_S. Pitch: men near 120 Hz, women near 210 (Traunmueller &
 * Eriksson, 1995), turns within 1.5 semitones; level and tilt: handsets and lines differ more
 * than people do. */
static const struct {
	const char *name;
	size_t at;
	double mean, spread, within, weight;
} cues[FEEL_CUES] = {
	{ "pitch", offsetof(struct pcm_prosody_sum, f0_mean), 17, 6, 1.5, 1 },
	{ "loudness", offsetof(struct pcm_prosody_sum, db_mean), -28, 7, 3, 1 },
	{ "hard voice", offsetof(struct pcm_prosody_sum, tilt_mean), -12, 4, 2, 1 },
	{ "pace", offsetof(struct pcm_prosody_sum, rate), 4.5, 1.2, 0.9, 0.5 },
	{ "melody", offsetof(struct pcm_prosody_sum, f0_move), 38, 10, 9, 0.5 },
};

/* How often an emotion is met on a call, before anything is heard (an assumption: most turns
 * are calm), and the activation it is expected to have. */
static const struct {
	double prior, activation;
} moods[FEEL_MOODS] = {
	[FEEL_NEUTRAL] = { 0.60, 0 },       [FEEL_SATISFIED] = { 0.10, 0.3 },
	[FEEL_CONFUSED] = { 0.08, 0.1 },    [FEEL_ANXIOUS] = { 0.06, 0.8 },
	[FEEL_FRUSTRATED] = { 0.08, 0.8 },  [FEEL_ANGRY] = { 0.05, 1.68 },
	[FEEL_SAD] = { 0.02, -1.0 },        [FEEL_RELIEVED] = { 0.01, -0.3 },
};

static double value(const struct pcm_prosody_sum *s, int cue)
{
	return (double)*(const float *)(const void *)((const char *)s + cues[cue].at);
}

static double clamp(double x, double low, double high)
{
	return x < low ? low : x > high ? high : x;
}

/* Against what is usual: its mean and how sure that is. */
static double deviation(const struct feel_voice *v, int i, double x, double speech_s)
{
	double within = cues[i].within * cues[i].within, turns = v->heard_s / TURN_S;
	double prior = 1 / (cues[i].spread * cues[i].spread), own = turns / within;
	double mean = (prior * cues[i].mean + own * v->usual[i]) / (prior + own);
	double noise = within * fmax(1, TURN_S / speech_s);
	return clamp((x - mean) / sqrt(noise + 1 / (prior + own)), -Z_MAX, Z_MAX);
}

static void activate(struct feel_voice *v, const struct pcm_prosody_sum *s)
{
	double sum = 0, w = 0, w2 = 0, best = STANDS_OUT;
	v->cue = "";
	for (int i = 0; i < FEEL_CUES; i++) {
		double x = cues[i].weight;
		v->z[i] = deviation(v, i, value(s, i), (double)s->speech_s);
		sum += x * v->z[i];
		w += x;
		w2 += x * x;
		if (x * v->z[i] > best) {
			best = x * v->z[i];
			v->cue = cues[i].name;
		}
	}
	v->activation = sum / sqrt(w2 + CUES_CORRELATE * (w * w - w2));
}

/* How likely the activation is in an emotion, against calm. */
static double likelihood(const struct feel_voice *v, int mood)
{
	double m = moods[mood].activation;
	return exp(m * v->activation - m * m / 2);
}

static void conclude(struct feel_voice *v)
{
	double p[FEEL_MOODS], sum = 0;
	for (int i = 0; i < FEEL_MOODS; i++)
		sum += p[i] = moods[i].prior * likelihood(v, i);
	/* activation = slope * arousal + noise of one: the arousal to expect, a linear
	 * regression */
	double slope = moods[FEEL_ANGRY].activation / feel_mood_arousal(FEEL_ANGRY);
	double var = AROUSAL_SPREAD * AROUSAL_SPREAD;
	v->arousal = clamp(slope * var / (1 + slope * slope * var) * v->activation, -1, 1);
	v->anger = p[FEEL_ANGRY] / sum;
}

static void learn_usual(struct feel_voice *v, const struct pcm_prosody_sum *s)
{
	double take = fmin((double)s->speech_s, FEEL_VOICE_USUAL_S - v->heard_s);
	if (take <= 0)
		return;
	for (int i = 0; i < FEEL_CUES; i++)
		v->usual[i] += (value(s, i) - v->usual[i]) * take / (v->heard_s + take);
	v->heard_s += take;
}

static bool sound(const struct pcm_prosody_sum *s)
{
	bool ok = s && s->speech_s >= (float)SPEECH_MIN_S && s->f0_mean > 0 && s->over <= 0.5F;
	for (int i = 0; ok && i < FEEL_CUES; i++)
		ok = isfinite(value(s, i));
	return ok && isfinite(s->speech_s);
}

int feel_voice_turn(struct feel_voice *v, enum feel_leg leg, const struct pcm_prosody_sum *s)
{
	if (leg != FEEL_LEG_CUSTOMER)
		return ERR_DENIED;
	v->known = false;
	if (!sound(s))
		return ERR_AGAIN;
	activate(v, s);
	conclude(v);
	double share = v->heard_s / FEEL_VOICE_USUAL_S;
	v->trust = clamp((double)s->speech_s / 1.5, 0, 1) * (0.4 + 0.6 * share) *
		   (1 - (double)s->over);
	v->known = true;
	learn_usual(v, s);
	return 0;
}

void feel_voice_mix(const struct feel_voice *v, struct feel_state *f)
{
	struct feel_reading *r = &f->now, old = f->now;
	double p[FEEL_MOODS], sum = 0, doubt = r->cue[0] ? DOUBT : DOUBT_NO_CUE;
	if (!v->known)
		return;
	for (int i = 0; i < FEEL_MOODS; i++) {
		double words = (1 - doubt) * r->share[i] + doubt * moods[i].prior;
		sum += p[i] = words * pow(likelihood(v, i), v->trust);
	}
	r->mood = 0;
	for (int i = 0; i < FEEL_MOODS; i++) {
		r->share[i] = p[i] / sum;
		r->valence += feel_mood_valence(i) * (r->share[i] - old.share[i]);
		r->mood = r->share[i] > r->share[r->mood] ? i : r->mood;
	}
	r->valence = clamp(r->valence, -1, 1);
	r->arousal += AROUSAL_BY_VOICE * v->trust * (v->arousal - r->arousal);
	r->voice = r->mood != old.mood;
	f->arousal = clamp(f->arousal + r->arousal - old.arousal, -1, 1);
	if (!r->voice)
		return;
	snprintf(f->emotion, sizeof(f->emotion), "%s", feel_mood_name(r->mood));
	f->emotion_p = r->share[r->mood];
}
