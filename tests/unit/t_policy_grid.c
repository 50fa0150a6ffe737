/* t_policy_grid.c: policy v1 over the whole grid of contexts: one action a cell, and the rules
 * that any version has to keep. */
#include "policy.h"
#include "t.h"

static const char *const emotions[] = { "", "neutral", "satisfied", "confused", "anxious",
					"frustrated", "angry", "sad", "relieved" };
static const double levels[] = { 0.0, 0.3, 0.49, 0.5, 1.0 };
static const double moods[] = { -1.0, -0.5, -0.49, 0.0, 0.7 };
#define N(x) ((int)(sizeof(x) / sizeof((x)[0])))

struct cell {
	struct feel_state f;
	struct policy_ctx c;
};

typedef bool visit_fn(const struct cell *g, const struct policy_act *a);

static void cell_make(struct cell *g, int i)
{
	*g = (struct cell){ 0 };
	const char *e = emotions[i % N(emotions)];
	i /= N(emotions);
	memcpy(g->f.emotion, e, strlen(e) + 1);
	g->f.emotion_p = levels[i % N(levels)];
	i /= N(levels);
	g->f.sentiment = moods[i % N(moods)];
	i /= N(moods);
	g->f.wants_human = i % 2;
	i /= 2;
	g->c = (struct policy_ctx){ .answerable = i % 2, .unsure = i / 2 % 2, .voice = i / 4 % 2,
				    .human_available = i / 8 % 2 };
	i /= 16;
	g->c.declined_before = i % 4;
	i /= 4;
	g->c.clarified_before = i % 4;
	g->c.feel = &g->f;
}

static const int cells = N(emotions) * N(levels) * N(moods) * 2 * 16 * 4 * 4;

static int count_bad(visit_fn *ok)
{
	int bad = 0;
	struct cell g;
	struct policy_act a;
	for (int i = 0; i < cells; i++) {
		cell_make(&g, i);
		policy_choose(&g.c, &a);
		bad += !ok(&g, &a);
	}
	return bad;
}

static bool is(const struct cell *g, const char *e)
{
	return g->f.emotion_p >= 0.5 && strcmp(g->f.emotion, e) == 0;
}

/* The oracle: the rules written a second time as nested choices. */
static enum policy_action expected(const struct cell *g)
{
	if (g->f.wants_human)
		return POL_HANDOFF;
	if (g->c.answerable)
		return POL_REPLY;
	if (g->c.unsure && g->c.clarified_before < 2)
		return POL_CLARIFY;
	return g->c.declined_before >= 2 || is(g, "angry") ? POL_HANDOFF : POL_DECLINE;
}

static bool as_expected(const struct cell *g, const struct policy_act *a)
{
	return a->action == expected(g);
}

static bool complete(const struct cell *g, const struct policy_act *a)
{
	return a->propensity == 1.0 && a->version == 1 && a->reason && a->reason[0];
}

static bool tone_fits(const struct cell *g, const struct policy_act *a)
{
	bool upset = is(g, "angry") || is(g, "frustrated") || is(g, "sad") || is(g, "anxious") ||
		     g->f.sentiment <= -0.5;
	if (upset)
		return a->tone == TONE_EMPATHIC;
	if (g->c.voice)
		return a->tone == TONE_BRIEF;
	return a->tone == (is(g, "satisfied") || is(g, "relieved") ? TONE_WARM : TONE_PLAIN);
}

/* More certainty never makes the service worse. */
static bool certainty_helps(const struct cell *g, const struct policy_act *a)
{
	struct policy_ctx c = g->c;
	struct policy_act b;
	c.answerable = true;
	policy_choose(&c, &b);
	if (a->action == POL_REPLY)
		return b.action == POL_REPLY;
	return b.action != POL_DECLINE && b.action != POL_CLARIFY;
}

/* One refusal more never leads back from a person to a refusal. */
static bool refusals_escalate(const struct cell *g, const struct policy_act *a)
{
	struct policy_ctx c = g->c;
	struct policy_act b;
	c.declined_before++;
	policy_choose(&c, &b);
	return a->action != POL_HANDOFF || b.action == POL_HANDOFF;
}

/* Voice and whether somebody is free change the tone or the words, not the choice. */
static bool choice_ignores_voice(const struct cell *g, const struct policy_act *a)
{
	struct policy_ctx c = g->c;
	struct policy_act b;
	c.voice = !c.voice;
	c.human_available = !c.human_available;
	policy_choose(&c, &b);
	return a->action == b.action;
}

TEST(policy_every_cell_has_the_expected_action)
{
	EQ(cells, 115200);
	EQ(count_bad(as_expected), 0);
	EQ(count_bad(complete), 0);
}

TEST(policy_tone_follows_mood)
{
	EQ(count_bad(tone_fits), 0);
}

TEST(policy_monotone_rules_hold)
{
	EQ(count_bad(certainty_helps), 0);
	EQ(count_bad(refusals_escalate), 0);
	EQ(count_bad(choice_ignores_voice), 0);
}

TEST(policy_works_without_feelings)
{
	struct policy_act a;
	policy_choose(&(struct policy_ctx){ .answerable = true }, &a);
	EQ(a.action, POL_REPLY);
	EQ(a.tone, TONE_PLAIN);
	policy_choose(&(struct policy_ctx){ 0 }, &a);
	EQ(a.action, POL_DECLINE);
}

TEST(policy_names_are_the_contract)
{
	static const char *const want[] = { "reply",   "clarify", "tool",
					    "handoff", "decline", "end" };
	for (int i = POL_REPLY; i <= POL_END; i++)
		STR_EQ(policy_action_name((enum policy_action)i), want[i]);
	STR_EQ(policy_action_name((enum policy_action)99), "decline");
}
