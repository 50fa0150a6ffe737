/* Trials of the strategy table: shares from outside, one way for a conversation, and none where a
 * hard rule speaks. */
#include "policy_table.h"

#include <math.h>
#include <stdio.h>

#include "t.h"

static const char text[] =
	"version: 1\ntiers: [standard]\noffers: []\n"
	"topics:\n  - {id: legal, risk: high, words: [\"lawyer\"]}\n"
	"rows:\n"
	"  - {id: upset, priority: 9, when: {mood: frustrated}, do: {style: empathic}, try: "
	"{rollout: true, do: {style: calm, apology: short}}}\n"
	"  - {id: everyone, do: {style: plain}, try: {share: 0.1, do: {style: warm}}}\n";

static struct policy_table *table(const char *yaml)
{
	struct policy_table *t = NULL;
	struct cfg_report rep = { 0 };
	if (policy_table_new(&t, sv_of(yaml), "t.yaml", NULL, &rep))
		t = NULL;
	cfg_report_done(&rep);
	return t;
}

static struct policy_plan plan(const struct policy_table *t, uint64_t seed, int turn,
			       uint64_t topics, bool wants_human)
{
	static const struct feel_track track = { .mood = FEEL_FRUSTRATED, .turns = 1 };
	struct policy_case k = { .track = &track, .seed = seed, .turn = turn, .topics = topics,
				 .wants_human = wants_human };
	struct policy_plan p;
	policy_plan(t, &k, &p);
	return p;
}

TEST(trial_shares_are_set_from_outside)
{
	struct policy_table *t = table(text), *s;
	struct policy_trial x, none;
	CHECK(t);
	CHECK(policy_trial_at(t, 0, &x) && !policy_trial_at(t, 1, &none));
	STR_EQ(x.row, "upset");
	NEAR(x.share, 0, 1e-12);
	for (uint64_t seed = 0; seed < 200; seed++)
		CHECK(!plan(t, seed * 7919, 1, 0, false).explored);
	x.share = 0.25;
	s = policy_trial_share(t, &x, 1);
	CHECK(policy_table_print(s) != policy_table_print(t));
	obj_unref(t);                        /* the copy holds on to it */
	int n = 0;
	for (uint64_t seed = 1; seed <= 4000; seed++) {
		struct policy_plan p = plan(s, seed * 104729, 1, 0, false);
		CHECK(p.trial && !p.kept);
		NEAR(p.propensity, p.explored ? .25 : .75, 1e-12);
		EQ(p.act.style, p.explored ? TONE_CALM : TONE_EMPATHIC);
		/* and it stays so in every turn */
		EQ(plan(s, seed * 104729, 9, 0, false).explored, p.explored);
		n += p.explored;
	}
	NEAR(n / 4000.0, .25, .03);
	/* another text is another trial */
	x.print ^= 1;
	struct policy_table *again = policy_trial_share(s, &x, 1);
	CHECK(!plan(again, 104729, 1, 0, false).explored);
	obj_unref(again);
	obj_unref(s);
}

TEST(trial_never_where_a_hard_rule_speaks)
{
	struct policy_table *t = table(text), *s;
	struct policy_trial x;
	struct sb b;
	CHECK(t && policy_trial_at(t, 0, &x));
	x.share = 0.95;
	s = policy_trial_share(t, &x, 1);
	for (uint64_t seed = 1; seed < 200; seed++) {
		struct policy_plan p = plan(s, seed * 31337, 1, 1, false);
		CHECK(!p.explored && p.kept);
		NEAR(p.propensity, 1, 1e-12);
		CHECK(!plan(s, seed * 31337, 1, 0, true).explored);
	}
	struct feel_track angry = { .mood = FEEL_FRUSTRATED, .angry = 2 };
	struct policy_case k = { .track = &angry };
	CHECK(!policy_trial_allowed(s, &k));
	k = (struct policy_case){ .intent = "complaint" };
	CHECK(!policy_trial_allowed(s, &k));
	k.intent = "refund_status";
	CHECK(policy_trial_allowed(s, &k));
	/* what was done, and that it was kept, is on the record */
	angry = (struct feel_track){ .mood = FEEL_FRUSTRATED };
	k = (struct policy_case){ .track = &angry, .topics = 1, .seed = 5 };
	struct policy_plan p;
	policy_plan(s, &k, &p);
	sb_init(&b, 4096);
	policy_plan_json(s, &k, &p, &b);
	jv *o = jv_parse(sb_sv(&b), NULL);
	CHECK(o && jv_get_bool(jv_get(o, "trial"), "kept", false));
	EQ(jv_get_int(jv_get(o, "trial"), "arm", -1), 0);
	jv_free(o);
	sb_done(&b);
	obj_unref(s);
	obj_unref(t);
}

TEST(trial_has_no_share_of_its_own)
{
	CHECK(!table("version: 1\nrows:\n  - {id: a, do: {style: plain}, try: {rollout: true, "
		     "share: 0.1, do: {style: warm}}}\n"));
	CHECK(!table("version: 1\nrows:\n  - {id: a, do: {style: plain}, try: {rollout: 3, do: "
		     "{style: warm}}}\n"));
}

/* Sums are told apart however great they are. */
TEST(trial_of_another_great_sum_is_another)
{
	static const int sums[] = { 30000000, 40000000, 30000000 };
	uint64_t print[3];
	for (int i = 0; i < 3; i++) {
		char yaml[400];
		struct policy_trial x = { .print = 0 };
		(void)snprintf(yaml, sizeof(yaml),
			       "version: 1\ntiers: [standard]\noffers:\n  - {id: gift, max: "
			       "900000000, text: {en: x, zh: y}}\nrows:\n  - {id: a, priority: 9, "
			       "when: {mood: frustrated}, do: {style: calm}, try: {rollout: true, "
			       "do: {style: calm, offer: gift, max: %d}}}\n"
			       "  - {id: everyone, do: {style: plain}}\n",
			       sums[i]);
		struct policy_table *t = table(yaml);
		CHECK(t && policy_trial_at(t, 0, &x));
		print[i] = x.print;
		obj_unref(t);
	}
	CHECK(print[0] != print[1]);
	CHECK(print[0] == print[2]);
}
