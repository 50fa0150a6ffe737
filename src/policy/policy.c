/* policy.c: how to serve a turn, version 1: a table of rules, read from the top; the first that
 * holds decides. The last rule always holds, so every context has exactly one action.
 *
 * Rules that stay true in every later version (tests/unit/t_policy_grid.c checks them over the
 * whole grid): who asks for a person is not kept with the machine; more certainty never turns a
 * reply into a refusal; an angry customer is never just refused.
 *
 * Pure function, any thread; owns nothing.
 */
#include "policy.h"

#include <string.h>

#define POLICY_VERSION 1
#define DECLINES_MAX 2  /* refusals in a row before a person is offered */
#define CLARIFIES_MAX 2 /* questions back in a row before we stop asking */

const char *policy_action_name(enum policy_action a)
{
	static const char *const names[] = {
		[POL_REPLY] = "reply", [POL_CLARIFY] = "clarify", [POL_TOOL] = "tool",
		[POL_HANDOFF] = "handoff", [POL_DECLINE] = "decline", [POL_END] = "end",
	};
	return (unsigned)a < sizeof(names) / sizeof(names[0]) ? names[a] : "decline";
}

static bool feels(const struct policy_ctx *c, const char *emotion)
{
	return c->feel && c->feel->emotion_p >= 0.5 && strcmp(c->feel->emotion, emotion) == 0;
}

static bool wants_person(const struct policy_ctx *c)
{
	return c->feel && c->feel->wants_human;
}

static bool answerable(const struct policy_ctx *c)
{
	return c->answerable;
}

static bool may_ask_back(const struct policy_ctx *c)
{
	return c->unsure && c->clarified_before < CLARIFIES_MAX;
}

static bool angry(const struct policy_ctx *c)
{
	return feels(c, "angry");
}

static bool declined_enough(const struct policy_ctx *c)
{
	return c->declined_before >= DECLINES_MAX;
}

static bool always(const struct policy_ctx *c)
{
	(void)c;
	return true;
}

static const struct {
	bool (*when)(const struct policy_ctx *c);
	enum policy_action action;
	const char *reason;
} rules[] = {
	{ wants_person, POL_HANDOFF, "customer asks for a person" },
	{ answerable, POL_REPLY, "sources answer it" },
	{ may_ask_back, POL_CLARIFY, "several meanings are likely" },
	{ angry, POL_HANDOFF, "no answer and the customer is angry" },
	{ declined_enough, POL_HANDOFF, "no answer several times in a row" },
	{ always, POL_DECLINE, "no reliable source" },
};

static bool upset(const struct policy_ctx *c)
{
	return feels(c, "angry") || feels(c, "frustrated") || feels(c, "sad") ||
	       feels(c, "anxious") || (c->feel && c->feel->sentiment <= -0.5);
}

static enum policy_tone tone_of(const struct policy_ctx *c)
{
	if (upset(c))
		return TONE_EMPATHIC;
	if (c->voice)
		return TONE_BRIEF;
	if (feels(c, "satisfied") || feels(c, "relieved"))
		return TONE_WARM;
	return TONE_PLAIN;
}

void policy_choose(const struct policy_ctx *c, struct policy_act *ret)
{
	size_t i = 0;

	while (!rules[i].when(c))
		i++;
	*ret = (struct policy_act){
		.action = rules[i].action, .tone = tone_of(c), .propensity = 1.0,
		.reason = rules[i].reason, .version = POLICY_VERSION,
	};
}
