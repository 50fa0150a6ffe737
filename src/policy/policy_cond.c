/* policy_cond.c: the conditions of the strategy table: their names, words and ranges, what a case
 * says to each, and whether a row holds.
 *
 * One table tells all of it, so that reading, checking, choosing and explaining cannot come
 * apart. Pure, any thread; owns nothing.
 */
#include "policy_table_int.h"

#define N(x) (sizeof(x) / sizeof((x)[0]))
#define STEADY 0.08              /* a valence trend below it, a turn, is none */

static const char *const moods[] = { "neutral", "satisfied", "confused", "anxious",
				     "frustrated", "angry", "sad", "relieved" };
static const char *const trends[] = { "falling", "steady", "rising" };
static const char *const intents[] = {
	"order_status", "cancel_order", "change_address", "return_goods", "exchange_goods",
	"refund_status", "product_info", "price_query", "stock_query", "warranty", "invoice",
	"delivery_time", "complaint", "technical_fault", "billing_query", "plan_change",
	"talk_to_human", "greeting", "thanks", "out_of_scope",
};
static const char *const risks[] = { "low", "medium", "high" };
static const char *const channels[] = { "chat", "voice" };
static const char *const answers[] = { "unknown", "found", "unsure", "none" };
_Static_assert(N(moods) == FEEL_MOODS, "as in feel.h");

#define WORDS(w) w, N(w)
const struct policy_field_def policy_fields[F_COUNT] = {
	[F_MOOD] = { "mood", K_ONE_OF, 0, 0, WORDS(moods) },
	[F_SUSTAINED] = { "sustained", K_AT_LEAST, 1, 50, NULL, 0 },
	[F_UPSET] = { "upset", K_AT_LEAST, 1, 50, NULL, 0 },
	[F_VALENCE] = { "valence", K_AT_MOST, -1, 1, NULL, 0 },
	[F_AROUSAL] = { "arousal", K_AT_LEAST, -1, 1, NULL, 0 },
	[F_TREND] = { "trend", K_ONE_OF, 0, 0, WORDS(trends) },
	[F_INTENT] = { "intent", K_ONE_OF, 0, 0, WORDS(intents) },
	[F_TIER] = { "tier", K_ONE_OF, 0, 0, NULL, 0 },
	[F_ATTEMPTS] = { "attempts", K_AT_LEAST, 1, 50, NULL, 0 },
	[F_TOPIC] = { "topic", K_ONE_OF, 0, 0, NULL, 0 },
	[F_RISK] = { "risk", K_ONE_OF, 0, 0, WORDS(risks) },
	[F_CHANNEL] = { "channel", K_ONE_OF, 0, 0, WORDS(channels) },
	[F_REPEAT] = { "repeat", K_YES_NO, 0, 0, NULL, 0 },
	[F_VULNERABLE] = { "vulnerable", K_YES_NO, 0, 0, NULL, 0 },
	[F_WANTS_HUMAN] = { "wants_human", K_YES_NO, 0, 0, NULL, 0 },
	[F_ANSWER] = { "answer", K_ONE_OF, 0, 0, WORDS(answers) },
	[F_SMALL_TALK] = { "small_talk", K_YES_NO, 0, 0, NULL, 0 },
	[F_IDENTIFIED] = { "identified", K_YES_NO, 0, 0, NULL, 0 },
};

const char *policy_intent_name(int i)
{
	return i >= 0 && (size_t)i < N(intents) ? intents[i] : "";
}

int policy_intent_find(const char *name)
{
	int last = (int)N(intents) - 1;
	for (int i = 0; name && i < last; i++)
		if (strcmp(name, intents[i]) == 0)
			return i;
	return last;
}

sv policy_word(const struct policy_table *t, enum policy_field f, int i)
{
	if (f == F_TOPIC)
		return i < t->n_topics ? t->topics[i].id : SV_NULL;
	if (f == F_TIER)
		return i < t->n_tiers ? t->tiers[i] : SV_NULL;
	return (size_t)i < policy_fields[f].n_words ? sv_of(policy_fields[f].words[i]) : SV_NULL;
}

static uint64_t tier_bit(const struct policy_table *t, const struct policy_case *k)
{
	for (int i = 0; k->identified && i < t->n_tiers; i++)
		if (sv_eq(k->tier, t->tiers[i]))
			return UINT64_C(1) << i;
	return 0;
}

static int risk_of(const struct policy_table *t, uint64_t topics)
{
	int risk = 0;
	for (int i = 0; i < t->n_topics; i++)
		if (topics >> i & 1 && t->topics[i].risk > risk)
			risk = t->topics[i].risk;
	return risk;
}

static int trend_of(const struct policy_case *k)
{
	double d = k->track ? k->track->trend : 0;
	return d < -STEADY ? 0 : d > STEADY ? 2 : 1;
}

uint64_t policy_bits(const struct policy_table *t, const struct policy_case *k, enum policy_field f)
{
	switch (f) {
	case F_MOOD:
		return UINT64_C(1) << (k->track ? k->track->mood : FEEL_NEUTRAL);
	case F_TREND:
		return UINT64_C(1) << trend_of(k);
	case F_INTENT:
		return UINT64_C(1) << policy_intent_find(k->intent);
	case F_TIER:
		return tier_bit(t, k);
	case F_TOPIC:
		return k->topics;
	case F_RISK:
		return UINT64_C(1) << risk_of(t, k->topics);
	case F_CHANNEL:
		return UINT64_C(1) << k->voice;
	case F_ANSWER:
		return UINT64_C(1) << k->found;
	default:
		return 0;
	}
}

static bool of_topic(const struct policy_case *k, int topic)
{
	return topic >= 0 && (k->topics >> topic & 1);
}

double policy_number(const struct policy_table *t, const struct policy_case *k, enum policy_field f)
{
	static const struct feel_track calm;
	const struct feel_track *m = k->track ? k->track : &calm;
	switch (f) {
	case F_SUSTAINED:
		return m->angry;
	case F_UPSET:
		return m->upset;
	case F_VALENCE:
		return m->valence;
	case F_AROUSAL:
		return m->arousal;
	case F_ATTEMPTS:
		return k->attempts;
	case F_REPEAT:
		return k->repeat || of_topic(k, t->repeat);
	case F_VULNERABLE:
		return of_topic(k, t->vulnerable);
	case F_WANTS_HUMAN:
		return k->wants_human;
	case F_SMALL_TALK:
		return k->small_talk;
	case F_IDENTIFIED:
		return k->identified;
	default:
		return 0;
	}
}

bool policy_cond_holds(const struct policy_table *t, const struct policy_case *k,
		       const struct policy_cond *c)
{
	switch (policy_fields[c->field].kind) {
	case K_ONE_OF:
		return (policy_bits(t, k, c->field) & c->any) != 0;
	case K_AT_LEAST:
		return policy_number(t, k, c->field) >= c->num;
	case K_AT_MOST:
		return policy_number(t, k, c->field) <= c->num;
	default:
		return policy_number(t, k, c->field) == c->num;
	}
}

bool policy_row_holds(const struct policy_table *t, const struct policy_case *k,
		      const struct policy_row *r)
{
	for (int i = 0; i < r->n; i++)
		if (!policy_cond_holds(t, k, &r->cond[i]))
			return false;
	return true;
}
