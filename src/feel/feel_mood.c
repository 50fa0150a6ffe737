/* feel_mood.c: emotion, sentiment and arousal from data/emotion.tsv: words with a weight and an
 * emotion, turned round by a negation just before, strengthened by "very", 太, capitals and
 * exclamation marks.
 *
 * Each turn gives shares of the eight emotions (neutral has a fixed share, so that one weak
 * word does not colour a question), kept as the turn's own reading for feel_track.c; the state of
 * the conversation follows with a memory of 0.4. Any thread.
 */
#include "feel_int.h"

#include <math.h>
#include <stdio.h>

#define NEUTRAL_SHARE 1.2
#define MEMORY 0.4          /* share of the past in the new state */
#define TABLE_SHARE 0.8     /* of the table beside the net, when it has words */
#define TABLE_SHARE_SILENT 0.25
#define SHORT_TEXT 12.0     /* bytes at which half of the net's answer counts */
#define HITS_MAX 64
#define NEG_BACK 24         /* bytes before a word in which a negation or "very" counts */

#define NEUTRAL FEEL_NEUTRAL
#define MOODS FEEL_MOODS
static const struct {
	const char *name;
	double valence, arousal;
} moods[MOODS] = {
	{ "neutral", 0, 0 },      { "satisfied", 1, 0.3 },     { "confused", -0.2, 0.1 },
	{ "anxious", -0.5, 0.6 }, { "frustrated", -0.8, 0.5 }, { "angry", -1, 0.9 },
	{ "sad", -0.7, -0.4 },    { "relieved", 0.8, -0.2 },
};

const char *feel_mood_name(int mood)
{
	return mood >= 0 && mood < MOODS ? moods[mood].name : "";
}

double feel_mood_valence(int mood)
{
	return mood >= 0 && mood < MOODS ? moods[mood].valence : 0;
}

double feel_mood_arousal(int mood)
{
	return mood >= 0 && mood < MOODS ? moods[mood].arousal : 0;
}

int feel_mood_of(sv name)
{
	for (int i = 0; i < MOODS; i++)
		if (sv_eq(name, sv_of(moods[i].name)))
			return i;
	return -1;
}

/* 是不是, 能不能: a question, no negation. */
static bool a_not_a(const struct feel_text *t, size_t at)
{
	static const char no[] = "不";
	return at >= 3 && at + 6 <= t->n && memcmp(t->p + at, no, 3) == 0 &&
	       memcmp(t->p + at - 3, t->p + at + 3, 3) == 0;
}

/* Does a word of the table's row stand in the clause just before at? */
static bool before(const struct feel_text *t, size_t at, const struct feel_table_row *row)
{
	const struct feel_table *table = feel_table(FEEL_T_EMOTION);
	const struct feel_term *term = &table->term[row->term];
	size_t low = at > NEG_BACK ? at - NEG_BACK : 0, end;

	for (size_t i = low; i < at; i++)
		low = t->p[i] == '|' ? i : low;
	for (uint32_t i = term->from; i < term->to; i++) {
		ptrdiff_t p = feel_find(t, low, &table->alt[i], &end);
		if (p >= 0 && end <= at && !a_not_a(t, (size_t)p))
			return true;
	}
	return false;
}

struct reading {
	double share[MOODS];
	int hits;
	size_t seen[HITS_MAX], upto[HITS_MAX]; /* places already taken by a longer word */
	sv cue;                                /* the word that weighs most, of the table */
	double cue_w;
};

/* A word inside one that was counted ("很满意" holds "满意") counts once: the table lists
 * longer words first. */
static bool taken(struct reading *r, size_t at, size_t end)
{
	for (int i = 0; i < r->hits; i++)
		if (at < r->upto[i] && end > r->seen[i])
			return true;
	return false;
}

static void count_word(const struct feel_text *t, struct reading *r, int mood, double w, size_t at)
{
	const struct feel_table *table = feel_table(FEEL_T_EMOTION);
	bool neg = false, very = false;

	for (size_t k = 0; k < table->n && table->row[k].name.p[0] == '_'; k++) {
		const struct feel_table_row *row = &table->row[k];
		bool not = sv_eq(row->name, SV("_not"));
		neg |= not && before(t, at, row);
		very |= !not && before(t, at, row);
	}
	if (very)
		w *= 1.5;
	if (!neg) {
		r->share[mood] += w;
	} else if (moods[mood].valence > 0) {
		r->share[FEEL_FRUSTRATED] += w;
	} else if (moods[mood].valence < 0) {
		r->share[NEUTRAL] += w / 2;
	}
}

static void read_words(const struct feel_text *t, struct reading *r)
{
	const struct feel_table *table = feel_table(FEEL_T_EMOTION);

	for (size_t k = 0; k < table->n; k++) {
		const struct feel_table_row *row = &table->row[k];
		const struct feel_term *term = &table->term[row->term];
		int mood = feel_mood_of(row->name);
		double w = row->number;
		for (uint32_t i = term->from; mood >= 0 && i < term->to; i++) {
			const struct feel_alt *alt = &table->alt[i];
			size_t end = 0;
			ptrdiff_t at = feel_find(t, 0, alt, &end);
			if (at < 0 || r->hits >= HITS_MAX || taken(r, (size_t)at, end))
				continue;
			r->seen[r->hits] = (size_t)at;
			r->upto[r->hits++] = end;
			if (w > r->cue_w) {
				r->cue = alt->word;
				r->cue_w = w;
			}
			count_word(t, r, mood, w, (size_t)at);
		}
	}
}

/* Signs and capitals strengthen what the words say; alone they say only that something is wrong. */
static void read_signs(const struct feel_text *t, struct reading *r)
{
	double loud = (t->marks > 1 ? 0.3 : 0) + (t->marks > 3 ? 0.3 : 0) +
		      (t->shouted > 1 ? 0.5 : 0);
	double bad = r->share[FEEL_ANGRY] + r->share[FEEL_FRUSTRATED],
	       good = r->share[FEEL_SATISFIED] + r->share[FEEL_RELIEVED];

	if (loud > 0 && bad > 0 && bad > good) {
		r->share[FEEL_ANGRY] =
			r->share[FEEL_ANGRY] * (1 + loud) + loud * r->share[FEEL_FRUSTRATED];
	} else if (loud > 0 && good == 0 && t->shouted > 3) {
		r->share[FEEL_ANGRY] += 1.5;
	}
	if (t->asks > 2)
		r->share[FEEL_FRUSTRATED] += 0.5;
}

static double squash(double x)
{
	return x > 1 ? 1 : x < -1 ? -1 : x;
}

/* The turn alone, before memory mixes in. */
static void keep_reading(const struct reading *r, double sum, double valence, double arousal,
			 struct feel_reading *out)
{
	*out = (struct feel_reading){ .valence = squash(valence), .arousal = squash(arousal) };
	for (int i = 0; i < MOODS; i++) {
		out->share[i] = r->share[i] / sum;
		out->mood = out->share[i] > out->share[out->mood] ? i : out->mood;
	}
	sv cue = r->cue;
	size_t n = cue.n < sizeof(out->cue) ? cue.n : 0;
	if (n)
		memcpy(out->cue, cue.p, n);
}

/* The net reads the sentence, the table its words. Where the table has words it counts TABLE_SHARE;
 * where it has none, the net counts for nearly all, but of a few letters it is not trusted. */
static void mix_net(struct reading *r, const struct feel_net *net, double bytes)
{
	double sum = 0, w = r->hits ? TABLE_SHARE : TABLE_SHARE_SILENT;
	double trust = r->hits ? 1 : bytes / (bytes + SHORT_TEXT);
	int top = NEUTRAL;

	for (int i = 0; i < MOODS; i++)
		sum += r->share[i];
	for (int i = 0; i < MOODS; i++) {
		double p = trust * feel_net_p(net, sv_of(feel_mood_name(i)));
		r->share[i] = w * r->share[i] / sum +
			      (1 - w) * (i == NEUTRAL ? p + 1 - trust : p);
		top = r->share[i] > r->share[top] ? i : top;
	}
	if (top == NEUTRAL && !r->hits) /* no trace of what was not said */
		for (int i = 0; i < MOODS; i++)
			r->share[i] = i == NEUTRAL;
}

void feel_mood(const struct feel_text *t, const struct feel_net *net, struct feel_state *f)
{
	struct reading r = { .share = { [NEUTRAL] = NEUTRAL_SHARE } };
	double sum = 0, valence = 0, arousal = 0;
	int top = NEUTRAL, old = feel_mood_of(sv_of(f->emotion));

	read_words(t, &r);
	read_signs(t, &r);
	if (net && net->n && t->letters)
		mix_net(&r, net, (double)t->n);
	for (int i = 0; i < MOODS; i++) {
		sum += r.share[i];
		top = r.share[i] > r.share[top] ? i : top;
	}
	for (int i = 0; i < MOODS; i++) {
		valence += moods[i].valence * r.share[i] / sum;
		arousal += moods[i].arousal * r.share[i] / sum;
	}
	arousal = squash(arousal + 0.1 * (t->marks > 4 ? 4 : t->marks) +
			 0.1 * (t->shouted > 3 ? 3 : t->shouted));
	keep_reading(&r, sum, valence, arousal, &f->now);
	double p = r.share[top] / sum, keep = f->turns > 0 ? MEMORY : 0;
	f->sentiment = squash((1 - keep) * valence + keep * f->sentiment);
	f->arousal = squash((1 - keep) * arousal + keep * f->arousal);
	if (f->turns > 0 && top == NEUTRAL && r.hits == 0 && old > NEUTRAL &&
	    f->emotion_p * (1 - MEMORY) >= 0.3) {
		f->emotion_p *= 1 - MEMORY; /* a neutral sentence does not calm at once */
		return;
	}
	f->emotion_p = f->turns > 0 && top == old ?
			       (1 - keep) * p + keep * (f->emotion_p > p ? f->emotion_p : p) :
			       p;
	snprintf(f->emotion, sizeof(f->emotion), "%s", moods[top].name);
}
