/* feel_track.c: the mood of a conversation over its turns: smoothed, with hysteresis, turning
 * points, trend, and for how long the customer has been angry.
 *
 * Evidence for each emotion rises at once with a turn that shows it and fades by FADE with
 * every turn that does not. The held mood changes to another one only when that is strong
 * (ENTER) and stronger than what is held by a MARGIN, related moods helping each other; it goes
 * back to neutral only when little is left (LEAVE). So an angry word counts at once, one
 * neutral sentence does not calm anybody, two do, and a clear "thank you, that solved it" does
 * so at once. Constants were set by the tables of t_feel_track.c and the strategy scenes, not
 * learned. Pure, any thread; owns nothing.
 */
#include "feel.h"

#include <stdio.h>

#define RISE 0.85
#define FADE 0.55
#define ENTER 0.45
#define ENTER_HOT 0.34           /* anger and frustration: they cost more when they are missed */
#define KIN 0.5                  /* of a related mood's evidence that counts for this one too */
#define LEAVE 0.25
#define MARGIN 0.10
#define FOLLOW 0.6               /* share of the new turn in valence and arousal */
#define SHOWS 0.3                /* a share that counts as showing it */

static void follow_evidence(struct feel_track *t, const struct feel_reading *r)
{
	for (int i = FEEL_NEUTRAL + 1; i < FEEL_MOODS; i++) {
		double up = RISE * r->share[i], left = FADE * t->p[i];
		t->p[i] = up > left ? up : left;
	}
}

/* With a part of what shows a related mood: anger and frustration in one sentence are no reason
 * to see neither. */
static double strength(const struct feel_track *t, int mood)
{
	static const int kin[FEEL_MOODS] = {
		[FEEL_ANGRY] = FEEL_FRUSTRATED, [FEEL_FRUSTRATED] = FEEL_ANGRY,
		[FEEL_SATISFIED] = FEEL_RELIEVED, [FEEL_RELIEVED] = FEEL_SATISFIED,
		[FEEL_SAD] = FEEL_ANXIOUS, [FEEL_ANXIOUS] = FEEL_SAD,
	};
	return t->p[mood] + (kin[mood] ? KIN * t->p[kin[mood]] : 0);
}

static bool hot(int mood)
{
	return mood == FEEL_ANGRY || mood == FEEL_FRUSTRATED;
}

/* Of equal ones the hot one: "lovely, but what a terrible service". */
static int strongest(const struct feel_track *t)
{
	int top = FEEL_NEUTRAL + 1;
	for (int i = top; i < FEEL_MOODS; i++) {
		double d = strength(t, i) - strength(t, top);
		top = d > 1e-9 || (d > -0.05 && hot(i) && !hot(top)) ? i : top;
	}
	return top;
}

static int next_mood(const struct feel_track *t)
{
	int top = strongest(t);
	double held = t->mood == FEEL_NEUTRAL ? 0 : strength(t, t->mood);
	double is = strength(t, top), enter = hot(top) ? ENTER_HOT : ENTER;
	if (top != t->mood && is >= enter && is > held + MARGIN)
		return top;
	return t->mood != FEEL_NEUTRAL && held < LEAVE ? FEEL_NEUTRAL : t->mood;
}

static void note_turning(struct feel_track *t, const struct feel_reading *r, int turn, int to)
{
	if (t->n_turning == FEEL_TURNINGS)
		memmove(&t->turning[0], &t->turning[1],
			sizeof(t->turning[0]) * (size_t)--t->n_turning);
	struct feel_turning *x = &t->turning[t->n_turning++];
	*x = (struct feel_turning){ .turn = turn, .from = t->mood, .to = to,
				    .valence = r->valence };
	const char *why = to == FEEL_NEUTRAL ? "calm" : r->voice ? "voice" : r->cue;
	(void)snprintf(x->why, sizeof(x->why), "%s", why[0] ? why : "tone");
}

/* Turns that show it, counted until the mood is another one: a neutral sentence in between
 * neither counts nor ends it. */
static void count_upset(struct feel_track *t, const struct feel_reading *r)
{
	if (!hot(t->mood)) {
		t->angry = t->upset = 0;
		return;
	}
	bool angry = r->share[FEEL_ANGRY] >= SHOWS, vexed = r->share[FEEL_FRUSTRATED] >= SHOWS;
	t->upset += angry || vexed;
	t->angry += angry || (vexed && t->angry > 0);
}

/* Slope of the least-squares line through the last valences. */
static double slope(const double *v, int n)
{
	double mean = 0, up = 0, down = 0;
	for (int i = 0; i < n; i++)
		mean += v[i] / n;
	for (int i = 0; i < n; i++) {
		double x = i - (n - 1) / 2.0;
		up += x * (v[i] - mean);
		down += x * x;
	}
	return n > 1 ? up / down : 0;
}

static void follow_levels(struct feel_track *t, const struct feel_reading *r, int turn)
{
	double keep = t->turns > 0 ? 1 - FOLLOW : 0;
	int n = t->turns < FEEL_TREND ? t->turns : FEEL_TREND;
	t->valence = keep * t->valence + (1 - keep) * r->valence;
	t->arousal = keep * t->arousal + (1 - keep) * r->arousal;
	if (n == FEEL_TREND)
		memmove(&t->last[0], &t->last[1], sizeof(t->last[0]) * (size_t)--n);
	t->last[n] = r->valence;
	t->trend = slope(t->last, n + 1);
	if (t->turns == 0 || t->valence < t->lowest) {
		t->lowest = t->valence;
		t->lowest_turn = turn;
	}
}

bool feel_track_turn(struct feel_track *t, const struct feel_reading *r, int turn)
{
	follow_evidence(t, r);
	follow_levels(t, r, turn);
	int to = next_mood(t);
	bool turned = to != t->mood;
	if (turned)
		note_turning(t, r, turn, to);
	t->mood = to;
	count_upset(t, r);
	t->turns++;
	return turned;
}
