/* policy_context.c: what is known of a turn, as a few numbers that a linear model of a row's ways
 * reads. All lie between -1 and 1. They tell of the turn and the kind of customer, never who it
 * is. Their names and order are part of what is on the record: new ones go to the end, with another
 * POLICY_FEATURES; models of other numbers are not loaded. Pure, any thread. */
#include "policy_table_int.h"

enum {
	X_BIAS, X_VALENCE, X_AROUSAL, X_TREND, X_UPSET, X_ATTEMPTS, X_VOICE, X_ZH, X_EN, X_TIER,
	X_IDENTIFIED, X_REPEAT, X_FOUND, X_UNSURE, X_NOTHING, X_ORDER, X_RETURN, X_MONEY,
	X_PRODUCT, X_COUNT
};
_Static_assert((int)X_COUNT == (int)POLICY_FEATURES, "as policy_table.h says");

static const char *const names[X_COUNT] = {
	"bias", "valence", "arousal", "trend", "upset", "attempts", "voice", "lang_zh", "lang_en",
	"tier", "identified", "repeat", "answer_found", "answer_unsure", "answer_none",
	"intent_order", "intent_return", "intent_money", "intent_product",
};
/* Groups of intents; the others are in none. */
static const struct { const char *intent; int group; } groups[] = {
	{ "order_status", X_ORDER },	{ "cancel_order", X_ORDER },
	{ "change_address", X_ORDER },	{ "delivery_time", X_ORDER },
	{ "return_goods", X_RETURN },	{ "exchange_goods", X_RETURN },
	{ "refund_status", X_RETURN },	{ "warranty", X_RETURN },
	{ "price_query", X_MONEY },	{ "invoice", X_MONEY },
	{ "billing_query", X_MONEY },	{ "plan_change", X_MONEY },
	{ "product_info", X_PRODUCT },	{ "stock_query", X_PRODUCT },
	{ "technical_fault", X_PRODUCT },
};
#define MANY 3.0                 /* turns or attempts that count as many */
#define STEEP 5.0                /* a trend of 0.2 a turn is steep */

const char *policy_feature_name(int i)
{
	return i >= 0 && i < X_COUNT ? names[i] : NULL;
}

static double clamp(double x, double lo)
{
	return x > lo ? (x < 1 ? x : 1) : lo;        /* no number: lo */
}

/* 1 / n for the first of n tiers, up to 1; 0: not identified. */
static double tier_of(const struct policy_table *t, const struct policy_case *k)
{
	uint64_t bits = policy_bits(t, k, F_TIER);
	for (int i = 0; i < t->n_tiers; i++)
		if (bits >> i & 1)
			return (double)(i + 1) / t->n_tiers;
	return 0;
}

static void put_intent(const char *intent, double *x)
{
	for (size_t i = 0; intent && i < sizeof(groups) / sizeof(*groups); i++)
		if (strcmp(intent, groups[i].intent) == 0)
			x[groups[i].group] = 1;
}

void policy_features(const struct policy_table *t, const struct policy_case *k,
		     double ret[POLICY_FEATURES])
{
	memset(ret, 0, sizeof(double) * POLICY_FEATURES);
	ret[X_BIAS] = 1;
	ret[X_VALENCE] = clamp(policy_number(t, k, F_VALENCE), -1);
	ret[X_AROUSAL] = clamp(policy_number(t, k, F_AROUSAL), -1);
	ret[X_TREND] = clamp(k->track ? k->track->trend * STEEP : 0, -1);
	ret[X_UPSET] = clamp(policy_number(t, k, F_UPSET) / MANY, 0);
	ret[X_ATTEMPTS] = clamp(k->attempts / MANY, 0);
	ret[X_VOICE] = k->voice;
	ret[X_ZH] = sv_starts(k->lang, SV("zh"));
	ret[X_EN] = sv_starts(k->lang, SV("en"));
	ret[X_TIER] = tier_of(t, k);
	ret[X_IDENTIFIED] = k->identified;
	ret[X_REPEAT] = policy_number(t, k, F_REPEAT) > 0;
	ret[X_FOUND] = k->found == FOUND_ANSWER;
	ret[X_UNSURE] = k->found == FOUND_UNSURE;
	ret[X_NOTHING] = k->found == FOUND_NOTHING;
	put_intent(k->intent, ret);
}
