/* A row of the strategy that learns: a conversation keeps the way that its first reply had,
 * whatever is known later, and what was known of the turn is on the record. */
#include <stdio.h>

#include "t_talk_help.h"

static const char yaml[] =
	"version: 1\nrows:\n  - {id: everyone, do: {style: plain}, try: {learn: true, explore: 0, "
	"ways: [{id: calm, do: {style: calm}}, {id: short, do: {style: brief}}]}}\n";

/* Short where an answer was found, calm elsewhere; for all. */
static struct policy_table *by_answer(void)
{
	struct policy_table *t = NULL, *ret;
	struct cfg_report rep = { 0 };
	struct policy_learn l;
	struct policy_model m = { .ways = 3 };
	ASSERT(policy_table_new(&t, sv_of(yaml), "t.yaml", NULL, &rep) == 0);
	ASSERT(policy_learn_at(t, 0, &l));
	cfg_report_done(&rep);
	m.print = l.print;
	m.now.w[1][0] = .5;
	for (int i = 0; policy_feature_name(i); i++)
		if (strcmp(policy_feature_name(i), "answer_found") == 0)
			m.now.w[2][i] = .9;
	const struct policy_trial x = { .row = "everyone", .share = 1, .model = &m };
	ret = policy_trial_share(t, &x, 1);
	obj_unref(t);
	return ret;
}

static jv *choice_of(const struct bench *b)
{
	const struct talk_act *x = bench_rec(b, "turn.bot");
	jv *body = x ? jv_parse(x->text, NULL) : NULL;
	jv *c = jv_get(jv_get(body, "strategy"), "choice"), *ret = c ? jv_copy(c) : NULL;
	jv_free(body);
	return ret;
}

static void open_with(struct bench *b, const struct policy_table *t)
{
	bench_open(b, CHAN_STREAM | CHAN_RICH, 0);
	b->c.table = t;
	bench_feed(b, (struct talk_ev){ .kind = TEV_OPEN, .via = "webchat", .seed = 5 });
}

TEST(talk_ways_stay_for_the_conversation)
{
	struct policy_table *t = by_answer();
	struct bench b;
	open_with(&b, t);
	bench_feed(&b, ev_text("how long does delivery take"));
	bench_feed(&b, ev_found(&b));
	jv *c = choice_of(&b);
	SV_EQ(jv_get_str(c, "way"), "short");
	NEAR(jv_get_num(jv_get(c, "x"), "answer_found", 0), 1, 0);
	NEAR(jv_get_num(jv_get(c, "x"), "lang_en", 0), 1, 0);
	NEAR(jv_get_num(c, "p", 0), 1, 1e-9);
	EQ(b.c.n_choices, 1);
	jv_free(c);
	bench_feed(&b, ev_text("thanks"));
	c = choice_of(&b);
	SV_EQ(jv_get_str(c, "way"), "short");
	CHECK(jv_get_bool(c, "held", false));
	EQ(b.c.n_choices, 1);
	jv_free(c);
	bench_close(&b);
	/* another conversation that begins with thanks has the other one */
	open_with(&b, t);
	bench_feed(&b, ev_text("thanks"));
	c = choice_of(&b);
	SV_EQ(jv_get_str(c, "way"), "calm");
	CHECK(!jv_get(c, "held"));
	jv_free(c);
	bench_close(&b);
	obj_unref(t);
}
