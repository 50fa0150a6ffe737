/* Rows with several ways: explored evenly and told as likely as it was, kept for a conversation, by
 * the model where one was let in, never where a hard rule speaks; and models made from the record:
 * one where the best way depends on the context is found, where nothing differs none is. */
#include "policy_learn.h"
#include "policy_table.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "t.h"

#define HEAD                                                                                   \
	"version: 1\ntiers: [standard, gold]\noffers: []\n"                                    \
	"topics:\n  - {id: legal, risk: high, words: [\"lawyer\"]}\n"
static const char text[] = HEAD
	"rows:\n"
	"  - {id: upset, priority: 9, when: {mood: frustrated}, do: {style: empathic}, try: "
	"{learn: true, explore: 0.2, ways: [{id: calm, do: {style: calm}}, {id: short, do: "
	"{style: brief, max_sentences: 2}}]}}\n"
	"  - {id: everyone, do: {style: plain}}\n";
static const enum policy_tone styles[] = { TONE_EMPATHIC, TONE_CALM, TONE_BRIEF };
static const struct feel_track upset = { .mood = FEEL_FRUSTRATED, .turns = 1, .valence = -.4 };

static struct policy_table *table(const char *yaml)
{
	struct policy_table *t = NULL;
	struct cfg_report rep = { 0 };
	if (policy_table_new(&t, sv_of(yaml), "t.yaml", NULL, &rep))
		t = NULL;
	cfg_report_done(&rep);
	return t;
}

static struct policy_case case_of(uint64_t seed, bool voice)
{
	return (struct policy_case){ .track = &upset, .seed = seed, .voice = voice, .turn = 1,
				     .lang = SV("zh"), .intent = "refund_status" };
}

/* A model that takes calm on the phone and short in chats. */
static struct policy_model by_channel(const struct policy_table *t)
{
	struct policy_learn l;
	struct policy_model m = { .ways = 3 };
	if (policy_learn_at(t, 0, &l))
		m.print = l.print;
	m.now.w[1][0] = .5;
	m.now.w[2][0] = .9;
	for (int i = 0; policy_feature_name(i); i++)
		if (strcmp(policy_feature_name(i), "voice") == 0)
			m.now.w[2][i] = -.8;
	return m;
}

TEST(ways_are_explored_evenly_and_told_as_likely_as_they_were)
{
	struct policy_table *t = table(text);
	struct policy_learn l, none;
	int n[3] = { 0 };
	CHECK(t && policy_learn_at(t, 0, &l) && !policy_learn_at(t, 1, &none));
	EQ(l.ways, 3);
	STR_EQ(l.way[2], "short");
	NEAR(l.explore, .2, 1e-12);
	for (uint64_t i = 1; i <= 6000; i++) {
		struct policy_case k = case_of(i * 7919, false);
		struct policy_plan p, again;
		policy_plan(t, &k, &p);
		CHECK(p.chooses && !p.trial && !p.kept);
		EQ(p.act.style, styles[p.choice.way]);
		NEAR(p.propensity, p.choice.way ? .2 / 3 : .8 + .2 / 3, 1e-9);
		n[p.choice.way]++;
		policy_plan(t, &k, &again);      /* a replay */
		EQ(again.choice.way, p.choice.way);
	}
	for (int w = 0; w < 3; w++)
		NEAR(n[w] / 6000.0, w ? .2 / 3 : .8 + .2 / 3, .012);
	/* of no conversation: nothing is tried */
	struct policy_case k = case_of(0, false);
	struct policy_plan p;
	policy_plan(t, &k, &p);
	EQ(p.choice.way, 0);
	obj_unref(t);
}

TEST(ways_follow_the_model_that_was_let_in)
{
	struct policy_table *t = table(text), *s, *bare;
	CHECK(t);
	struct policy_model m = by_channel(t);
	struct policy_trial x = { .row = "upset", .share = .25, .model = &m }, got, none;
	CHECK(!policy_trial_at(t, 0, &none));    /* no model: nothing is let in */
	s = policy_trial_share(t, &x, 1);
	CHECK(policy_trial_at(s, 0, &got) && !policy_trial_at(s, 1, &none));
	EQ(got.print, policy_model_print(&m));
	NEAR(got.share, .25, 1e-12);
	CHECK(policy_table_print(s) != policy_table_print(t));
	double weight[2][3] = { 0 };
	int arm[2] = { 0 }, n = 8000;
	for (int i = 1; i <= n; i++) {
		struct policy_case k = case_of((uint64_t)i * 104729, i & 1);
		struct policy_plan p;
		policy_plan(s, &k, &p);
		EQ(p.trial, !p.explored);
		if (p.trial && p.arm)
			EQ(p.choice.way, k.voice ? 1 : 2);
		if (p.trial && !p.arm)
			EQ(p.choice.way, 0);
		weight[i & 1][p.choice.way] += 1 / p.propensity;
		arm[p.arm] += p.trial;
	}
	NEAR(arm[1] / (double)(arm[0] + arm[1]), .25, .02);
	/* true propensities: each way weighs as much as there are conversations */
	NEAR(weight[1][0] / (n / 2.0), 1, .1);
	NEAR(weight[1][1] / (n / 2.0), 1, .1);
	NEAR(weight[0][2] / (n / 2.0), 1, .1);
	NEAR(weight[0][1] / (n / 2.0), 1, .2);
	/* for other ways it is none */
	m.print++;
	bare = policy_trial_share(s, &x, 1);
	CHECK(!policy_trial_at(bare, 0, &none));
	obj_unref(bare);
	obj_unref(s);
	obj_unref(t);
}

TEST(ways_that_were_let_in_before_are_the_other_arm)
{
	struct policy_table *t = table(text), *s;
	CHECK(t);
	struct policy_model m = by_channel(t);
	m.has_before = true;
	m.before.w[1][0] = 1;                    /* calm for all */
	struct policy_trial x = { .row = "upset", .model = &m };
	s = policy_trial_share(t, &x, 1);
	for (uint64_t i = 1; i <= 300; i++) {
		struct policy_case k = case_of(i * 31, false);
		struct policy_plan p;
		policy_plan(s, &k, &p);
		if (!p.explored)
			EQ(p.choice.way, 1);
	}
	obj_unref(s);
	obj_unref(t);
}

TEST(ways_stay_for_a_conversation)
{
	struct policy_table *t = table(text), *s;
	CHECK(t);
	struct policy_model m = by_channel(t);
	struct policy_trial x = { .row = "upset", .share = 1, .model = &m };
	struct policy_choice held[POLICY_HELD];
	struct policy_plan p;
	struct sb b;
	int n = 0;
	s = policy_trial_share(t, &x, 1);
	struct policy_case k = case_of(5, false);
	while (k.seed < 200) {                   /* one that is not explored */
		policy_plan(s, &k, &p);
		if (!p.explored)
			break;
		k.seed++;
	}
	EQ(p.choice.way, 2);
	policy_choice_keep(held, &n, &p);
	policy_choice_keep(held, &n, &p);        /* two replies of one turn */
	EQ(n, 1);
	k.voice = true;                          /* another context, the same way */
	k.held = held;
	k.n_held = n;
	policy_plan(s, &k, &p);
	CHECK(p.held);
	EQ(p.choice.way, 2);
	EQ(p.act.style, TONE_BRIEF);
	policy_choice_keep(held, &n, &p);
	EQ(n, 1);
	sb_init(&b, 4096);
	policy_plan_json(s, &k, &p, &b);
	jv *o = jv_parse(sb_sv(&b), NULL);
	CHECK(jv_get_bool(jv_get(o, "choice"), "held", false));
	CHECK(!jv_get(jv_get(o, "choice"), "x"));
	EQ(jv_get_int(jv_get(o, "trial"), "arm", 0), 1);
	jv_free(o);
	sb_done(&b);
	obj_unref(s);
	obj_unref(t);
}

TEST(ways_never_where_a_hard_rule_speaks)
{
	struct policy_table *t = table(text), *s;
	CHECK(t);
	struct policy_model m = by_channel(t);
	struct policy_trial x = { .row = "upset", .share = 1, .model = &m };
	s = policy_trial_share(t, &x, 1);
	for (uint64_t i = 1; i < 200; i++) {
		struct policy_choice held = { 0 };
		struct policy_plan p;
		struct policy_case k = case_of(i * 31337, false);
		policy_plan(s, &k, &p);
		held = p.choice;
		k.held = &held;
		k.n_held = 1;
		k.topics = i & 1;                /* risk; else a person is asked for */
		k.wants_human = !(i & 1);
		policy_plan(s, &k, &p);
		CHECK(p.kept && !p.explored && !p.trial);
		EQ(p.act.style, TONE_EMPATHIC);
		NEAR(p.propensity, 1, 1e-12);
		int n = 0;
		policy_choice_keep(&held, &n, &p);
		EQ(n, 0);
	}
	obj_unref(s);
	obj_unref(t);
}

TEST(ways_are_on_the_record)
{
	struct policy_table *t = table(text);
	struct policy_case k = case_of(77, true);
	struct policy_plan p;
	struct sb b;
	CHECK(t);
	policy_plan(t, &k, &p);
	sb_init(&b, 4096);
	policy_plan_json(t, &k, &p, &b);
	jv *o = jv_parse(sb_sv(&b), NULL), *c = jv_get(o, "choice");
	EQ(jv_len(jv_get(c, "ways")), 3);
	SV_EQ(jv_as_str(jv_at(jv_get(c, "ways"), 0)), "own");
	NEAR(jv_get_num(c, "p", 0), p.propensity, 1e-6);
	jv *x = jv_get(c, "x");
	NEAR(jv_get_num(x, "bias", 0), 1, 0);
	NEAR(jv_get_num(x, "voice", 0), 1, 0);
	NEAR(jv_get_num(x, "lang_zh", 0), 1, 0);
	NEAR(jv_get_num(x, "valence", 0), -.4, 1e-6);
	NEAR(jv_get_num(x, "intent_return", 0), 1, 0);
	CHECK(!jv_get(x, "lang_en") && !jv_get(o, "trial"));
	CHECK(policy_row_asks(t, p.row, "tier"));
	jv_free(o);
	sb_done(&b);
	obj_unref(t);
}

TEST(ways_of_a_table_are_checked)
{
	static const char *const bad[] = {
		"{learn: true}", "{learn: true, ways: []}", "{learn: true, ways: [{id: a}]}",
		"{learn: true, ways: [{id: own, do: {style: calm}}]}",
		"{learn: true, ways: [{id: a, do: {style: odd}}]}",
		"{learn: true, ways: [{id: a, do: {style: calm}}, {id: a, do: {style: warm}}]}",
		"{learn: true, explore: 0.5, ways: [{id: a, do: {style: calm}}]}",
		"{learn: true, rollout: true, ways: [{id: a, do: {style: calm}}]}",
		"{learn: true, ways: [{id: a, do: {}}, {id: b, do: {}}, {id: c, do: {}}, {id: d, "
		"do: {}}, {id: e, do: {}}]}",
		"{learn: 1, ways: [{id: a, do: {style: calm}}]}",
		"{do: {style: calm}, ways: [{id: a, do: {style: warm}}]}",
		"{rollout: true, explore: 0.1, do: {style: calm}}",
		"{lern: true, do: {style: calm}}",
	};
	char yaml[600];
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		(void)snprintf(yaml, sizeof(yaml),
			       "version: 1\nrows:\n  - {id: all, do: {style: plain}, try: %s}\n",
			       bad[i]);
		struct policy_table *t = table(yaml);
		if (t)
			printf("taken: %s\n", bad[i]);
		CHECK(!t);
	}
	struct policy_table *t = table("version: 1\nrows:\n  - {id: all, do: {style: plain}, try: "
				       "{learn: true, ways: [{id: a, do: {style: calm}}]}}\n");
	struct policy_learn l;
	CHECK(t && policy_learn_at(t, 0, &l));
	NEAR(l.explore, .1, 1e-12);
	obj_unref(t);
}

TEST(ways_model_is_the_same_after_it_was_written)
{
	struct policy_table *t = table(text);
	struct policy_model m = by_channel(t), r;
	struct sb b;
	m.has_before = true;
	m.before.w[2][3] = (double)(float)(1.0 / 3);
	sb_init(&b, 16384);
	policy_model_json(&m, &b);
	jv *o = jv_parse(sb_sv(&b), NULL);
	CHECK(policy_model_load(o, &r));
	EQ(r.print, m.print);
	EQ(policy_model_print(&r), policy_model_print(&m));
	NEAR(r.before.w[2][3], m.before.w[2][3], 0);
	jv_set(o, "before", jv_arr());
	CHECK(!policy_model_load(o, &r));
	jv_free(o);
	sb_done(&b);
	obj_unref(t);
}

/* ---- learning ---- */

enum { X_VOICE = 6, N = 4000 };

/* Conversations of one row, half on the phone; good: of each way in a chat and on the phone. */
static void world(struct policy_sample *v, size_t n, const double good[3][2], double explore,
		  uint64_t seed)
{
	struct rng r;
	rng_seed(&r, seed);
	for (size_t i = 0; i < n; i++) {
		struct policy_sample *s = &v[i];
		bool voice = rng_below(&r, 2), explored = rng_unit(&r) < explore;
		*s = (struct policy_sample){ .x = { 1 }, .way = explored ? (int)rng_below(&r, 3) :
									   0 };
		for (int k = 1; k < 6; k++)
			s->x[k] = (float)(rng_unit(&r) * 2 - 1);
		s->x[X_VOICE] = voice;
		s->p = explore / 3 + (s->way ? 0 : 1 - explore);
		s->reward = rng_unit(&r) < good[s->way][voice];
	}
}

static struct policy_verdict judged(struct policy_sample *v, size_t n, struct policy_scores *now)
{
	struct policy_verdict ret;
	size_t old = n - n / 4;
	policy_learn_fit(v, old, 3, now);
	policy_learn_judge(v + old, n / 4, &(struct policy_with){ .ways = 3, .now = now }, &ret);
	return ret;
}

TEST(learn_finds_the_way_that_fits_the_context)
{
	static const double good[3][2] = { { .6, .6 }, { .4, .9 }, { .9, .4 } };
	struct policy_sample *v = xalloc(sizeof(*v) * N);
	struct policy_scores s;
	double x[POLICY_FEATURES] = { 1 };
	world(v, N, good, .2, 1);
	struct policy_verdict r = judged(v, N, &s);
	STR_EQ(r.why, "choice_better");
	NEAR(r.was, .6, .05);
	NEAR(r.now, .9, .1);
	CHECK(r.lo < .9 && r.hi > .9 && r.ess > 30 && r.lower > 0 && r.gain > r.lower);
	EQ(policy_scores_best(&s, 3, x), 2);
	x[X_VOICE] = 1;
	EQ(policy_scores_best(&s, 3, x), 1);
	/* what is in use already is no better than itself */
	policy_learn_judge(v, N, &(struct policy_with){ .ways = 3, .now = &s, .was = &s }, &r);
	STR_EQ(r.why, "choice_same");
	/* a log whose propensities are not those used */
	for (size_t i = 0; i < N; i++)
		v[i].p = v[i].way ? .5 : .5;
	r = judged(v, N, &s);
	STR_EQ(r.why, "choice_shares");
	r = judged(v, 80, &s);
	STR_EQ(r.why, "few_decisions");
	xfree(v);
}

/* CALLM_CHOICES: so many seeds instead of 20, with what came of them printed. */
TEST(learn_promotes_nothing_where_nothing_differs)
{
	const char *all = getenv("CALLM_CHOICES");
	int64_t seeds = 20;
	if (all && sv_i64(sv_of(all), &seeds))
		seeds = 20;
	static const double rates[] = { .5, .8, .95 };
	struct policy_sample *v = xalloc(sizeof(*v) * N);
	struct policy_scores s;
	for (size_t i = 0; i < sizeof(rates) / sizeof(*rates); i++) {
		double r = rates[i];
		const double same[3][2] = { { r, r }, { r, r }, { r, r } };
		int better = 0;
		for (int64_t seed = 100; seed < 100 + seeds; seed++) {
			world(v, N, same, .2, (uint64_t)seed);
			better += strcmp(judged(v, N, &s).why, "choice_better") == 0;
		}
		if (all)
			printf("# rate %g: %d of %lld put forward\n", r, better,
			       (long long)seeds);
		CHECK(better <= (seeds > 60 ? seeds / 50 : 1));
	}
	xfree(v);
}

/* Of ten only one fails whatever is done; the 40 explored rows that differ all went well: luck of
 * one night in 70, and still far from certain. */
TEST(learn_asks_for_more_than_luck_where_few_fail)
{
	enum { ROWS = 3000, DIFFER = 800, TRIED = 40 };
	struct policy_sample *v = xalloc(sizeof(*v) * ROWS);
	struct policy_scores now = { 0 };
	struct policy_with w = { .ways = 2, .now = &now };
	struct policy_verdict r;
	now.w[0][0] = .5;
	now.w[1][X_VOICE] = 1;               /* the other way by phone */
	for (size_t i = 0; i < ROWS; i++) {
		bool voice = i < DIFFER, tried = i % 20 == 0;
		v[i] = (struct policy_sample){ .x = { 1 }, .way = tried, .p = tried ? .05 : .95 };
		v[i].x[X_VOICE] = voice;
		v[i].reward = tried ? voice || i % 200 : i % 10 != 1;
	}
	policy_learn_judge(v, ROWS, &w, &r);
	EQ(r.differ, DIFFER);
	NEAR(r.ess, TRIED, 1e-9);            /* not the thousands where both agree */
	STR_EQ(r.why, "choice_not_certain");
	CHECK(r.gain > .02 && r.lower < 0);
	/* a dozen fewer of them are too few for any word */
	for (size_t i = 0; i < 12 * 20; i += 20)
		v[i].way = 0;
	policy_learn_judge(v, ROWS, &w, &r);
	STR_EQ(r.why, "few_decisions");
	xfree(v);
}

/* How often a gain of 0.15 is found in one night, and none that loses is put forward. */
TEST(learn_finds_gains_and_never_a_loss)
{
	static const double gain[3][2] = { { .6, .6 }, { .5, .75 }, { .75, .5 } };
	static const double loss[3][2] = { { .6, .6 }, { .5, .5 }, { .5, .5 } };
	const char *all = getenv("CALLM_CHOICES");
	struct policy_sample *v = xalloc(sizeof(*v) * N);
	struct policy_scores s;
	int n = all ? 200 : 10, found = 0, lost = 0;
	for (uint64_t seed = 1; seed <= (uint64_t)n; seed++) {
		world(v, N, gain, .2, seed);
		found += strcmp(judged(v, N, &s).why, "choice_better") == 0;
		world(v, N, loss, .2, seed + 5000);
		lost += strcmp(judged(v, N, &s).why, "choice_better") == 0;
	}
	if (all)
		printf("# gains: %d of %d put forward; losses: %d\n", found, n, lost);
	CHECK(found * 10 > n * 4);
	EQ(lost, 0);
	xfree(v);
}

/* A way that nearly nobody had is not proposed, whatever luck it had. */
TEST(learn_proposes_no_way_that_was_hardly_taken)
{
	static const double good[3][2] = { { .6, .6 }, { 1, 1 }, { .6, .6 } };
	struct policy_sample *v = xalloc(sizeof(*v) * N);
	struct policy_scores s;
	size_t n = 0;
	world(v, N, good, .2, 3);
	for (size_t i = 0, had = 0; i < N; i++)
		if (v[i].way != 1 || ++had < POLICY_LEARN_SEEN)
			v[n++] = v[i];
	policy_learn_fit(v, n, 3, &s);
	for (size_t i = 0; i < n; i++) {
		double x[POLICY_FEATURES];
		for (int k = 0; k < POLICY_FEATURES; k++)
			x[k] = (double)v[i].x[k];
		CHECK(policy_scores_best(&s, 3, x) != 1);
	}
	xfree(v);
}
