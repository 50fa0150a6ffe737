/* t_policy_table.c: choosing by the strategy table: the program's own table on cases, the bounds
 * that no table breaks over random tables and cases, exploration, and the explanation. */
#include "policy_table.h"
#include "t.h"

#include <stdio.h>

static struct policy_table *own(void)
{
	struct policy_table *t = NULL;
	struct cfg_report rep = { 0 };
	int rc = policy_table_new(&t, SV_NULL, "strategy.yaml", NULL, &rep);
	for (size_t i = 0; i < rep.n; i++)
		printf("# %s: %s %s\n", rep.v[i].where, rep.v[i].what, rep.v[i].mend);
	cfg_report_done(&rep);
	return rc ? NULL : t;
}

static struct policy_table *from(const char *yaml)
{
	struct policy_table *t = NULL;
	struct cfg_report rep = { 0 };
	(void)policy_table_new(&t, sv_of(yaml), "t.yaml", NULL, &rep);
	for (size_t i = 0; i < rep.n; i++)
		printf("# %s: %s\n", rep.v[i].where, rep.v[i].what);
	cfg_report_done(&rep);
	return t;
}

static struct feel_track in_mood(int mood, int angry)
{
	return (struct feel_track){ .mood = mood, .angry = angry, .upset = angry, .turns = 3,
				    .valence = mood == FEEL_ANGRY ? -0.8 : 0 };
}

TEST(policy_table_own_rows)
{
	static const struct { int mood, angry, attempts; const char *text, *intent, *tier, *row; }
	cases[] = {
		{ FEEL_NEUTRAL, 0, 0, "How much is delivery?", "price_query", "", "everyone" },
		{ FEEL_ANGRY, 1, 0, "This is outrageous", "", "", "angry" },
		{ FEEL_ANGRY, 2, 0, "This is outrageous", "", "", "anger_sustained" },
		{ FEEL_ANGRY, 1, 0, "You charged me twice!", "billing_query", "", "angry_money" },
		{ FEEL_ANGRY, 1, 0, "outrageous", "", "gold", "angry_vip" },
		{ FEEL_ANGRY, 1, 0, "for the third time!", "", "", "angry_repeat" },
		{ FEEL_ANGRY, 1, 0, "I will call my lawyer", "", "", "legal" },
		{ FEEL_NEUTRAL, 0, 0, "the kettle began to smoke", "", "", "safety" },
		{ FEEL_NEUTRAL, 0, 0, "插座冒烟了", "", "", "safety" },
		{ FEEL_CONFUSED, 0, 0, "I do not understand", "", "", "confused" },
		{ FEEL_CONFUSED, 0, 1, "I do not understand", "", "", "confused_again" },
		{ FEEL_FRUSTRATED, 0, 2, "still nothing", "", "", "frustrated_stuck" },
		{ FEEL_NEUTRAL, 0, 3, "and now?", "", "", "stuck" },
		{ FEEL_NEUTRAL, 0, 0, "我耳朵不好，麻烦慢点说", "", "", "vulnerable" },
		{ FEEL_ANXIOUS, 0, 0, "我老伴住院了，急用", "", "", "vulnerable_upset" },
		{ FEEL_SATISFIED, 0, 0, "great", "", "", "pleased" },
		{ FEEL_NEUTRAL, 0, 0, "hello", "", "gold", "gold" },
	};
	struct policy_table *t = own();
	int bad = 0;
	CHECK(t != NULL);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct feel_track m = in_mood(cases[i].mood, cases[i].angry);
		struct policy_case k = { .track = &m, .intent = cases[i].intent,
					 .tier = sv_of(cases[i].tier),
					 .identified = cases[i].tier[0] != 0,
					 .attempts = cases[i].attempts, .found = FOUND_ANSWER };
		struct policy_plan p;
		k.topics = policy_topics(t, sv_of(cases[i].text), k.intent, 1, SV_NULL);
		policy_plan(t, &k, &p);
		if (strcmp(policy_row_id(t, p.row), cases[i].row) != 0) {
			printf("# \"%s\": %s, not %s\n", cases[i].text, policy_row_id(t, p.row),
			       cases[i].row);
			bad++;
		}
	}
	obj_unref(t);
	EQ(bad, 0);
}

TEST(policy_table_more_conditions_win_then_the_first)
{
	struct policy_table *t =
		from("version: 1\nrows:\n"
		     "- {id: a, priority: 5, when: {mood: angry}, do: {style: calm}}\n"
		     "- {id: b, priority: 5, when: {mood: angry, channel: voice}, do: {style: "
		     "calm}}\n"
		     "- {id: c, priority: 5, when: {mood: angry}, do: {style: calm}}\n"
		     "- {id: d, do: {style: plain}}\n");
	struct feel_track m = in_mood(FEEL_ANGRY, 1);
	struct policy_case k = { .track = &m, .voice = true };
	struct policy_plan p;
	CHECK(t != NULL);
	policy_plan(t, &k, &p);
	STR_EQ(policy_row_id(t, p.row), "b");
	EQ(p.n_others, 3);
	STR_EQ(policy_row_id(t, p.others[0]), "a");
	STR_EQ(policy_row_id(t, p.others[2]), "d");
	k.voice = false;
	policy_plan(t, &k, &p);
	STR_EQ(policy_row_id(t, p.row), "a");
	obj_unref(t);
}

/* ---- bounds ---- */

static const char *const words[] = { "plain", "warm", "empathic", "brief", "calm" };
static const char *const humans[] = { "\"no\"", "offer", "now" };
static const char *const moods[] = { "angry", "frustrated", "neutral", "[sad, anxious]" };

static void random_table(struct sb *b)
{
	struct rng *g = t_rng();
	sb_reset(b);
	sb_cstr(b, "version: 1\nexplore: 0.2\ntiers: [gold]\noffers:\n"
		   "- {id: o1, max: 10, text: {en: a, zh: b}}\n"
		   "- {id: o2, max: 0, tiers: [gold], text: {en: a, zh: b}}\n"
		   "topics:\n- {id: hot, words: smoke, forbid: all}\n"
		   "- {id: warm, words: money, forbid: o1}\nrows:\n");
	for (int i = 0; i < 12; i++) {
		sb_fmt(b,
		       "- {id: r%d, priority: %d, when: {mood: %s}, do: {style: %s, human: %s, "
		       "offer: o%d, pace: %d}, try: {share: 0.1, do: {style: %s, offer: "
		       "o1}}}\n",
		       i, (int)rng_below(g, 9), moods[rng_below(g, 4)], words[rng_below(g, 5)],
		       humans[rng_below(g, 3)], 1 + (int)rng_below(g, 2),
		       70 + (int)rng_below(g, 61), words[rng_below(g, 5)]);
	}
	sb_fmt(b, "- {id: last, do: {style: %s, human: %s, offer: o1}}\n", words[rng_below(g, 5)],
	       humans[rng_below(g, 3)]);
}

static bool in_bounds(const struct policy_table *t, const struct policy_case *k)
{
	struct policy_plan p;
	policy_plan(t, k, &p);
	bool hot = k->topics & 1, money = k->topics & 2;
	bool angry = k->track->mood == FEEL_ANGRY;
	bool first = p.act.offer == policy_offer_find(t, SV("o1"));
	if (k->wants_human && p.act.human != HUMAN_NOW)
		return false;
	if (angry && k->found == FOUND_NOTHING && p.act.human == HUMAN_NO)
		return false;
	if (k->track->angry >= 3 && p.act.human == HUMAN_NO)
		return false;
	if (p.act.offer >= 0 && (hot || (money && first) || (first && !k->identified)))
		return false;
	if (p.act.offer >= 0 && !first && !(k->identified && sv_eq(k->tier, SV("gold"))))
		return false;
	return p.act.pace >= POLICY_PACE_LEAST && p.act.pace <= POLICY_PACE_MOST &&
	       p.propensity > 0 && p.propensity <= 1;
}

TEST(policy_table_bounds_hold_whatever_a_table_says)
{
	struct rng *g = t_rng();
	struct sb b;
	int bad = 0;
	sb_init(&b, 1 << 16);
	for (int i = 0; i < 60; i++) {
		random_table(&b);
		struct policy_table *t = from(sb_str(&b));
		for (int j = 0; t && j < 300; j++) {
			struct feel_track m = in_mood((int)rng_below(g, FEEL_MOODS),
						      (int)rng_below(g, 6));
			struct policy_case k = { .track = &m, .topics = rng_below(g, 4),
						 .found = (enum policy_found)rng_below(g, 4),
						 .wants_human = rng_below(g, 4) == 0,
						 .identified = rng_below(g, 2) == 0,
						 .seed = rng_u64(g), .turn = j };
			k.tier = k.identified && rng_below(g, 2) ? SV("gold") : SV("silver");
			bad += !in_bounds(t, &k);
		}
		bad += !t;
		obj_unref(t);
	}
	sb_done(&b);
	EQ(bad, 0);
}

/* ---- exploration ---- */

TEST(policy_table_explores_its_share_and_repeats_itself)
{
	static const char yaml[] =
		"version: 1\nexplore: 0.1\nrows:\n"
		"- {id: all, do: {style: plain}, try: {share: 0.2, do: {style: warm}}}\n";
	struct policy_table *t = from(yaml);
	struct policy_plan p, q;
	int n = 0;
	CHECK(t != NULL);
	for (uint64_t s = 0; s < 20000; s++) {
		struct policy_case k = { .seed = s * UINT64_C(0x9E3779B97F4A7C15), .turn = 1 };
		policy_plan(t, &k, &p);
		policy_plan(t, &k, &q);
		CHECK(p.explored == q.explored);
		CHECK(p.act.style == (p.explored ? TONE_WARM : TONE_PLAIN));
		NEAR(p.propensity, p.explored ? 0.1 : 0.9, 1e-9);
		n += p.explored;
	}
	CHECK(n > 1800 && n < 2200);         /* 0.1 of 20,000, 4.7 deviations */
	obj_unref(t);
}

TEST(policy_table_does_not_explore_by_default)
{
	struct policy_table *t = own();
	struct policy_plan p;
	CHECK(t != NULL);
	for (uint64_t s = 0; s < 1000; s++) {
		struct policy_case k = { .seed = s, .turn = (int)s };
		policy_plan(t, &k, &p);
		CHECK(!p.explored && p.propensity == 1);
	}
	obj_unref(t);
}

/* ---- explaining ---- */

TEST(policy_table_explains_itself)
{
	struct policy_table *t = own();
	struct feel_track m = in_mood(FEEL_ANGRY, 2);
	struct policy_case k = { .track = &m, .intent = "refund_status", .found = FOUND_NOTHING };
	struct policy_plan p;
	struct sb b;
	CHECK(t != NULL);
	sb_init(&b, 1 << 16);
	k.topics = policy_topics(t, SV("where is my refund"), k.intent, 1, SV_NULL);
	policy_plan(t, &k, &p);
	policy_plan_json(t, &k, &p, &b);
	jv *o = jv_parse(sb_sv(&b), NULL);
	CHECK(jv_is_obj(o));
	SV_EQ(jv_get_str(o, "row"), "anger_sustained");
	SV_EQ(jv_get_str(o, "human"), "now");
	SV_EQ(jv_get_str(jv_path(o, "because.0"), "what"), "mood");
	SV_EQ(jv_get_str(jv_path(o, "because.0"), "want"), "frustrated|angry");
	SV_EQ(jv_get_str(jv_path(o, "because.0"), "is"), "angry");
	SV_EQ(jv_get_str(jv_path(o, "because.1"), "want"), ">= 2");
	SV_EQ(jv_get_str(jv_path(o, "instead.0"), "row"), "angry_money");
	NEAR(jv_get_num(o, "propensity", 0), 1, 1e-9);
	CHECK(policy_row_why(t, p.row, SV("zh")).n > 0);
	jv_free(o);
	sb_done(&b);
	obj_unref(t);
}

TEST(policy_topics_by_intent_article_and_words)
{
	struct policy_table *t = from("version: 1\ntopics:\n"
				      "- {id: a, intents: [invoice]}\n"
				      "- {id: b, articles: [delivery-], keeps: true}\n"
				      "- {id: c, words: [\"smoke|冒烟\", \"hot + plug\"]}\n"
				      "rows:\n- {id: all, do: {style: plain}}\n");
	CHECK(t != NULL);
	EQ(policy_topics(t, SV("hm"), "invoice", 1, SV_NULL), 1);
	EQ(policy_topics(t, SV("hm"), "", 1, SV("delivery-cost.en")), 2);
	EQ(policy_topics(t, SV("插座冒烟了"), "", 1, SV_NULL), 4);
	EQ(policy_topics(t, SV("the plug is hot"), NULL, 1, SV_NULL), 4);
	EQ(policy_topics(t, SV("it is hot today"), "price_query", 1, SV("return-how")), 0);
	EQ(policy_topics(t, SV("hm"), "invoice", POLICY_TOPIC_SURE, SV_NULL), 1);
	EQ(policy_topics(t, SV("hm"), "invoice", 0.39, SV_NULL), 0); /* rather another intent */
	EQ(policy_topics_kept(t, 7), 2);
	obj_unref(t);
}
