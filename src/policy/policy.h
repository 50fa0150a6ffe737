/* policy.h: from what is known of a turn to how to serve it: a pure function, first form:
 * rules.
 *
 *	policy_choose(&ctx, &act);      act.action, act.tone, act.reason
 *
 * Deterministic given ctx and the version; the propensity is logged so that later policies can
 * be judged.
 */
#ifndef CALLM_POLICY_H
#define CALLM_POLICY_H

#include "base.h"
#include "feel.h"

enum policy_action { POL_REPLY, POL_CLARIFY, POL_TOOL, POL_HANDOFF, POL_DECLINE, POL_END };
enum policy_tone { TONE_PLAIN, TONE_WARM, TONE_EMPATHIC, TONE_BRIEF, TONE_CALM };
const char *policy_action_name(enum policy_action a);   /* "reply", as in CONTRACT */

struct policy_ctx {
	const struct feel_state *feel;
	bool answerable, unsure;         /* from kb_search */
	double top_p;
	int declined_before, clarified_before; /* in this conversation */
	bool voice;
	/* false in this step: hand-over becomes an honest offer of the hotline/callback. */
	bool human_available;
};
struct policy_act {
	enum policy_action action;
	enum policy_tone tone;
	double propensity;
	const char *reason;              /* static text for the record */
	int version;
};
void policy_choose(const struct policy_ctx *c, struct policy_act *ret);

#endif
