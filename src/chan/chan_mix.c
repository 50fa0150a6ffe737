/* chan_mix.c: the table of a call's persons, and its sums.
 *
 * The rules, for a person who has joined: who LISTENS or WHISPERS hears the customer, the engine
 * and all persons; a whisper reaches persons only. Who TALKS is heard by the customer and hears
 * all - but while somebody is consulted, those who TALK (or, when nobody does, those who hold) and
 * the consulted have a room of their own and the customer is alone. ON_HOLD hears nothing and says
 * nothing. Nobody hears themselves. Only pairs that sound are added, so a call of two costs what
 * two cost. */
#include "chan_mix.h"

static bool is(const struct mix_seat *s, enum chan_party_mode mode)
{
	return s->there && s->mode == mode;
}

static bool any(const struct mix_seat *s, enum chan_party_mode mode)
{
	for (int i = 0; i < CHAN_PARTIES_MAX; i++)
		if (is(&s[i], mode))
			return true;
	return false;
}

/* Do two persons, neither of them a listener, share a room? */
static bool together(const struct mix_seat *all, const struct mix_seat *a, const struct mix_seat *b)
{
	bool asks = any(all, CHAN_CONSULTS), talks = any(all, CHAN_TALKS);
	const struct mix_seat *both[2] = { a, b };
	for (int i = 0; i < 2; i++) {
		bool in = is(both[i], CHAN_TALKS) || is(both[i], CHAN_CONSULTS) ||
			  (is(both[i], CHAN_ON_HOLD) && asks && !talks);
		if (!in)
			return false;
	}
	return true;
}

static bool overhears(const struct mix_seat *s)
{
	return is(s, CHAN_LISTENS) || is(s, CHAN_WHISPERS);
}

/* With the customer, not with somebody who is consulted. */
static bool in_front(const struct mix_seat *all, const struct mix_seat *s)
{
	return is(s, CHAN_TALKS) && !any(all, CHAN_CONSULTS);
}

static bool person_hears(const struct mix_seat *all, const struct mix_seat *ear,
			 const struct mix_seat *mouth)
{
	if (mouth == ear || !mouth->there || mouth->muted || mouth->away || is(mouth, CHAN_LISTENS))
		return false;
	bool silent = is(mouth, CHAN_ON_HOLD) && !together(all, mouth, mouth);
	if (overhears(ear))
		return !silent;
	if (is(mouth, CHAN_WHISPERS))
		return is(ear, CHAN_TALKS) || is(ear, CHAN_CONSULTS) || together(all, ear, ear);
	return together(all, ear, mouth);
}

void mix_table(const struct mix_seat seats[CHAN_PARTIES_MAX], bool want[MIX_EARS][MIX_MOUTHS])
{
	memset(want, 0, sizeof(bool) * MIX_EARS * MIX_MOUTHS);
	for (int e = 0; e < CHAN_PARTIES_MAX; e++) {
		const struct mix_seat *ear = &seats[e];
		if (!ear->there || ear->away)
			continue;
		bool front = in_front(seats, ear) || overhears(ear);
		want[e + 1][MIX_CUSTOMER] = want[e + 1][MIX_BOT] = front;
		for (int m = 0; m < CHAN_PARTIES_MAX; m++)
			want[e + 1][m + 1] = person_hears(seats, ear, &seats[m]);
	}
	for (int m = 0; m < CHAN_PARTIES_MAX; m++)
		want[MIX_CUSTOMER][m + 1] = in_front(seats, &seats[m]) && !seats[m].muted &&
					    !seats[m].away;
}

bool mix_served(const struct mix_seat seats[CHAN_PARTIES_MAX])
{
	for (int i = 0; i < CHAN_PARTIES_MAX; i++)
		if (in_front(seats, &seats[i]) && !seats[i].away)
			return true;
	return false;
}

/* sum += s, from silence or towards it within the frame when that is new. */
static void add(int32_t *sum, const int16_t *s, size_t n, bool was, bool wanted)
{
	int32_t k = (int32_t)n;
	if (was && wanted)
		for (int32_t i = 0; i < k; i++)
			sum[i] += s[i];
	else
		for (int32_t i = 0; i < k; i++)
			sum[i] += s[i] * (wanted ? i : k - i) / k;
}

static int16_t clip(int32_t x)
{
	return (int16_t)(x > INT16_MAX ? INT16_MAX : x < INT16_MIN ? INT16_MIN : x);
}

void mix_run(struct mix *m, const bool want[MIX_EARS][MIX_MOUTHS],
	     const int16_t *const src[MIX_MOUTHS], size_t n, int16_t *const out[MIX_EARS],
	     bool sound[MIX_EARS])
{
	ASSERT(n <= MIX_FRAME);
	for (int e = 0; e < MIX_EARS; e++) {
		int32_t sum[MIX_FRAME];
		sound[e] = false;
		for (int k = 0; k < MIX_MOUTHS; k++) {
			bool was = m->on[e][k], now = want[e][k];
			m->on[e][k] = now;
			if (!out[e] || !src[k] || !(was || now))
				continue;
			if (!sound[e])
				memset(sum, 0, n * sizeof(*sum));
			sound[e] = true;
			add(sum, src[k], n, was, now);
		}
		for (size_t i = 0; out[e] && i < n; i++)
			out[e][i] = sound[e] ? clip(sum[i]) : 0;
	}
}
