/* talk_loop.c: the language model's calls of the company's tools.
 *
 * Calls of one answer are carried out in order when the answer has ended, never before the
 * customer's words are final, and their results go back to the model as data: at most
 * TALK_ROUNDS answers with calls in a turn. The gate of tool.h checks each call; who the
 * customer is and whether they said yes is the core's, whatever a call says. A result that asks
 * something of the customer ends the round: the model is not asked again. What the model then
 * says passes the same checks as ever, the results being sources beside the articles; when it
 * does not, and whenever something was done, refused or passed on, the customer hears the
 * tools' own words. Pure like the rest of the core. */
#include "talk_core.h"

#include <stdio.h>

#define RESULT_MAX 3000              /* bytes of a result that a model sees */

bool talk_may_use(const struct tool_decl *d)
{
	return d->role == TOOL_CUSTOMER && strcmp(d->source, "cust") != 0;
}

bool talk_has_tools(const struct talk_core *c)
{
	size_t n = c->box ? tool_box_count(c->box) : 0;
	if (c->svc.waits != WAITS_NOTHING || c->flow)
		return false;        /* one thing after the other */
	for (size_t i = 0; i < n; i++)
		if (talk_may_use(tool_box_at(c->box, i)))
			return true;
	return false;
}

const struct llm_tool *talk_all_tools(struct talk_core *c, struct arena *a, size_t *ret_n)
{
	const struct llm_tool *own = talk_tools(c->cfg->texts, sv_of(c->lang), ret_n);
	int li = strcmp(c->lang, "zh") == 0 ? 0 : 1;
	size_t n = *ret_n, all = c->box ? tool_box_count(c->box) : 0;
	if (!talk_has_tools(c))
		return own;
	struct llm_tool *v = arena_new(a, struct llm_tool, n + all);
	if (!v)
		return own;
	memcpy(v, own, sizeof(*v) * n);
	for (size_t i = 0; i < all; i++) {
		const struct tool_decl *d = tool_box_at(c->box, i);
		if (talk_may_use(d))
			v[n++] = (struct llm_tool){ sv_of(d->name),
						    d->about[li].n ? d->about[li] : d->title[li],
						    d->schema };
	}
	*ret_n = n;
	return v;
}

bool talk_wish_add(struct talk_core *c, const struct talk_ev *ev, struct arena *a)
{
	struct talk_turn *t = &c->t;
	const struct tool_decl *d =
		talk_has_tools(c) ? tool_box_find(c->box, ev->text) : NULL;
	int in_round = 0;
	for (int i = 0; i < t->n_wish; i++)
		in_round += t->wish[i].round == t->rounds;
	if (!d || !talk_may_use(d) || in_round == TALK_CALLS || t->rounds == TALK_ROUNDS)
		return false;
	struct talk_wish *w = &t->wish[t->n_wish];
	char id[32];                 /* 9 letters and digits: what the strictest server takes */
	(void)snprintf(id, sizeof(id), "c%05u%03d", (unsigned)t->number % 100000, t->n_wish);
	*w = (struct talk_wish){ .id = arena_sv(a, sv_of(id)), .name = arena_sv(a, ev->text),
				 .args = arena_sv(a, ev->args), .round = t->rounds };
	t->n_wish++;
	return true;
}

static struct talk_wish *next_wish(struct talk_core *c)
{
	for (int i = 0; i < c->t.n_wish; i++)
		if (!c->t.wish[i].result.n)
			return &c->t.wish[i];
	return NULL;
}

bool talk_wishes_due(struct talk_core *c, struct arena *a, struct talk_acts *acts)
{
	struct talk_wish *w = next_wish(c);
	if (!w)
		return false;
	c->t.asks = false;
	talk_tool_ask(c, FOR_MODEL, w->name, w->args, a, acts);
	return true;
}

/* Personal data of the result stays here: a model sees its kind only. */
static sv for_model(const struct talk_got *g, struct arena *a)
{
	struct sb b, body;
	sb_init(&b, LIM_SB);
	sb_init(&body, LIM_SB);
	talk_fit_result(g->body, RESULT_MAX, &body);
	sv seen = talk_masked(sb_sv(&body), a);
	sb_fmt(&b, "{\"outcome\":\"%s\",\"say\":", tool_outcome_name(g->outcome));
	sb_json(&b, talk_masked(g->say, a));
	sb_cstr(&b, ",\"why\":");
	sb_json(&b, sv_slice(g->why, 0, talk_whole_runes(arena_cstr(a, g->why), 500)));
	sb_fmt(&b, ",\"result\":" SV_FMT "}", SV_ARG(seen.n ? seen : SV("{}")));
	sv out = arena_sv(a, sb_sv(&b));
	sb_done(&b);
	sb_done(&body);
	return out;
}

/* What was done, refused or passed on is told by the tool's own words: a model has no part in
 * it. */
static bool settles(const struct talk_got *g)
{
	return g->effect || g->outcome == TOOL_APPROVE || g->outcome == TOOL_LATER ||
	       g->outcome == TOOL_REFUSED || g->outcome == TOOL_FAILED;
}

static void tell(struct talk_core *c, struct arena *a, struct talk_acts *acts)
{
	if (!c->t.sentences) {
		talk_service_reply(c, c->t.told, POL_REPLY, a, acts);
		return;
	}
	talk_release_sentence(
		c, sv_of(arena_fmt(a, "%s" SV_FMT, talk_gap(c), SV_ARG(c->t.told))), 0, a, acts);
	talk_model_finish(c, POL_REPLY, a, acts);
}

void talk_wish_got(struct talk_core *c, const struct talk_got *g, struct arena *a,
		   struct talk_acts *acts)
{
	struct talk_turn *t = &c->t;
	struct talk_wish *w = next_wish(c);
	if (w)
		w->result = for_model(g, a);
	if (g->say.n)
		t->told = t->told.n ? sv_of(arena_fmt(a, SV_FMT "%s" SV_FMT, SV_ARG(t->told),
						      talk_gap(c), SV_ARG(g->say))) :
				      arena_sv(a, g->say);
	t->settled |= g->say.n && settles(g);
	if (talk_wishes_due(c, a, acts))
		return;
	t->rounds++;
	if (t->settled)
		tell(c, a, acts);
	else
		talk_model_again(c, a, acts);
}
