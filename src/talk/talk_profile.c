/* talk_profile.c: service that knows the customer: language, greeting, the newest order, and the
 * rows that say which field was used for what (profile.use).
 *
 * Only for a customer whom the channel has identified: c->profile is NULL otherwise, and nothing
 * here does anything then. A field is on the record once for each use. Pure like the rest of the
 * core; the profile is the channel's. */
#include "talk_core.h"

#include <stdio.h>

static const struct {
	const char *field, *why;
} uses[] = {
	[TALK_USE_LANGUAGE] = { "language", "language" },
	[TALK_USE_NAME] = { "name", "greeting" },
	[TALK_USE_OPEN_ORDER] = { "orders", "open_order" },
	[TALK_USE_ORDER] = { "orders", "answer" },
	[TALK_USE_TIER] = { "tier", "strategy" },
	[TALK_USE_HISTORY] = { "history", "strategy" },
	[TALK_USE_BRIEFING] = { "name", "briefing" },
	[TALK_USE_PROMPT] = { "orders", "prompt" },
};

void talk_profile_use(struct talk_core *c, enum talk_use use, struct arena *a,
		      struct talk_acts *acts)
{
	if (!c->profile || (c->used >> use & 1))
		return;
	c->used |= 1u << use;
	talk_act_record(c, acts, "profile.use", "system",
			sv_of(arena_fmt(a, "{\"field\":\"%s\",\"why\":\"%s\"}", uses[use].field,
					uses[use].why)));
}

/* An identified customer's own language is surer than what a page hints. */
void talk_profile_language(struct talk_core *c, struct arena *a, struct talk_acts *acts)
{
	if (!c->profile)
		return;
	bool zh = sv_starts(c->profile->language, SV("zh"));
	if (!zh && !sv_starts(c->profile->language, SV("en")))
		return;
	memcpy(c->lang, zh ? "zh" : "en", 3);
	memcpy(c->feel.lang, c->lang, sizeof(c->lang));
	talk_profile_use(c, TALK_USE_LANGUAGE, a, acts);
}

static sv status_text(const struct talk_core *c)
{
	char key[TALK_KEY];
	sv s = c->profile->last_status;
	(void)snprintf(key, sizeof(key), "order_%.*s", (int)(s.n < 30 ? s.n : 30), s.p ? s.p : "");
	return talk_text(c->cfg->texts, sv_of(c->lang), key, 0);
}

static bool on_the_way(sv status)
{
	static const char *const open[] = { "placed", "paid", "packed", "shipped" };
	for (size_t i = 0; i < sizeof(open) / sizeof(*open); i++)
		if (sv_eq(status, sv_of(open[i])))
			return true;
	return false;
}

static sv filled(struct talk_core *c, const char *key, struct arena *a)
{
	const struct chan_profile *p = c->profile;
	sv pairs[] = { SV("who"),     p->name,      SV("order"),
		       p->last_order, SV("status"), status_text(c) };
	return talk_fill(a, talk_text(c->cfg->texts, sv_of(c->lang), key, 0), pairs, 6);
}

sv talk_profile_greeting(struct talk_core *c, sv greeting, struct arena *a, struct talk_acts *acts)
{
	const struct chan_profile *p = c->profile;
	if (!p || !p->name.n)
		return greeting;
	sv known = filled(c, "greeting_known", a), order = SV_NULL;
	talk_profile_use(c, TALK_USE_NAME, a, acts);
	if (p->last_order.n && on_the_way(p->last_status)) {
		order = filled(c, "greeting_order", a);
		talk_profile_use(c, TALK_USE_OPEN_ORDER, a, acts);
	}
	return sv_of(arena_fmt(a, SV_FMT "%s" SV_FMT "%s" SV_FMT, SV_ARG(greeting), talk_gap(c),
			       SV_ARG(known), order.n ? talk_gap(c) : "", SV_ARG(order)));
}

sv talk_profile_answer(struct talk_core *c, struct arena *a, struct talk_acts *acts)
{
	const struct chan_profile *p = c->profile;
	bool asked = strcmp(c->feel.intent, "order_status") == 0 ||
		     strcmp(c->feel.intent, "delivery_time") == 0;
	if (!p || !asked || !p->last_order.n || !status_text(c).n)
		return SV_NULL;
	talk_profile_use(c, TALK_USE_ORDER, a, acts);
	return filled(c, "order_known", a);
}

sv talk_profile_facts(struct talk_core *c, struct arena *a)
{
	const struct chan_profile *p = c->profile;
	if (!p || !p->last_order.n || !status_text(c).n)
		return SV_NULL;
	return filled(c, "facts_customer", a);
}
