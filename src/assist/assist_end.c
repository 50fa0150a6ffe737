/* assist_end.c: how a conversation ended: what is open, its outcome, how the mood went, which
 * disposition fits and what must follow. Part of a summary (assist_sum.c); pure.
 *
 * Outcomes: resolved (something was done, nothing is open), answered, refused (a rule said no),
 * withdrawn (the customer did not want it after all), callback, person_wanted (nobody came), open,
 * none (nothing was asked). */
#include "assist_int.h"

/* ---- open ---- */

static void push_open(struct assist_sum *s, jv *list, const char *kind, sv text, int turn)
{
	for (size_t i = 0; i < jv_len(list); i++)
		if (sv_eq(jv_get_str(jv_at(list, i), "text"), text))
			return;
	s->cut |= text.n && jv_len(list) >= ASSIST_LIST;
	if (!text.n || jv_len(list) >= ASSIST_LIST)
		return;
	jv *o = jv_obj();
	jv_set_str(o, "kind", sv_of(kind));
	jv_set_str(o, "text", text);
	jv_set_int(o, "turn", turn);
	jv_push(list, o);
	s->any_open = true;
}

static const struct assist_said *words_of_turn(const struct assist_case *c, int turn)
{
	for (size_t i = 0; i < c->said.n; i++)
		if (c->said.v[i].who == ASSIST_CUSTOMER && c->said.v[i].turn == turn)
			return &c->said.v[i];
	return NULL;
}

static bool person_spoke_after(const struct assist_case *c, size_t i)
{
	for (i++; i < c->said.n; i++)
		if (c->said.v[i].who == ASSIST_AGENT)
			return true;
	return false;
}

/* Questions that the bot could not answer, and no person after it. */
static void open_questions(struct assist_sum *s, jv *list)
{
	const struct assist_case *c = s->c;
	for (size_t i = 0; i < c->said.n; i++) {
		const struct assist_said *x = &c->said.v[i], *q;
		bool no = sv_eq(x->action, SV("decline")) ||
			  (sv_eq(x->action, SV("handoff")) && !x->n_cite);
		if (x->who != ASSIST_BOT || !no || person_spoke_after(c, i))
			continue;
		q = words_of_turn(c, x->turn);
		if (q && !q->wants_human && !q->small)
			push_open(s, list, "question", q->text, q->turn);
	}
}

/* What nobody said anything to. */
static void open_last(struct assist_sum *s, jv *list)
{
	const struct assist_case *c = s->c;
	const struct assist_said *x = c->said.n ? &c->said.v[c->said.n - 1] : NULL;
	if (x && x->who == ASSIST_CUSTOMER && !x->small)
		push_open(s, list, "unanswered", x->text, x->turn);
}

/* A flow under way: what it asked last. */
static void open_flow(struct assist_sum *s, jv *list)
{
	const struct assist_case *c = s->c;
	sv rest, one, asked = SV("");
	int turn = 0;
	if (!c->flow.n || c->was_person)
		return;
	for (size_t i = c->said.n; i-- > 0 && !asked.n;) {
		rest = c->said.v[i].text;
		turn = c->said.v[i].turn;
		while (c->said.v[i].who == ASSIST_BOT && assist_sentence(&rest, &one))
			if (assist_is_question(one))
				asked = one;
	}
	push_open(s, list, "flow", asked, turn);
}

static void open_calls(struct assist_sum *s, jv *list)
{
	const jv *tried = jv_get(s->o, "tried");
	const char *lang = assist_case_lang(s->c);
	for (size_t i = 0; i < jv_len(tried); i++) {
		const jv *x = jv_at(tried, i);
		sv how = jv_get_str(x, "outcome");
		if (assist_one_of(SV("failed|later|approve"), how))
			push_open(s, list, "action", jv_get_str(jv_get(x, "title"), lang),
				  (int)jv_get_int(x, "turn", 0));
	}
}

static void put_open(struct assist_sum *s)
{
	jv *list = jv_arr();
	open_questions(s, list);
	open_flow(s, list);
	open_calls(s, list);
	open_last(s, list);
	jv_set(s->o, "open", list);
}

/* ---- outcome ---- */

static const char *outcome_of(const struct assist_sum *s)
{
	const struct assist_case *c = s->c;
	if (c->callback)
		return "callback";
	if (c->handovers && !c->was_person)
		return "person_wanted";
	if (s->any_open)
		return "open";
	if (s->any_done)
		return "resolved";
	if (c->withdrawn)
		return "withdrawn";
	if (s->refused)
		return "refused";
	if (s->answered || c->was_person)
		return "answered";
	return c->wish.n ? "open" : "none";
}

static void put_mood(struct assist_sum *s)
{
	const struct assist_case *c = s->c;
	jv *o = jv_obj(), *list = jv_arr();
	sv worst = c->first_mood;
	for (size_t i = 0; i < c->mood.n; i++) {
		const struct assist_mood *m = &c->mood.v[i];
		jv *x = jv_obj();
		jv_set_int(x, "turn", m->turn);
		jv_set_str(x, "from", m->from);
		jv_set_str(x, "to", m->to);
		jv_set_str(x, "words", m->words);
		jv_push(list, x);
		if (feel_mood_valence(feel_mood_of(m->to)) <
		    feel_mood_valence(feel_mood_of(worst)))
			worst = m->to;
	}
	jv_set_str(o, "start", c->first_mood);
	jv_set_str(o, "end", c->last_mood);
	jv_set_str(o, "worst", worst);
	jv_set_num(o, "trend", c->track.trend);
	jv_set(o, "turning", list);
	jv_set(s->o, "mood", o);
}

/* ---- disposition ---- */

static bool any_tool(const struct assist_sum *s, sv tools)
{
	static const char *const lists[] = { "done", "looked", "tried" };
	for (int l = 0; l < 3; l++) {
		const jv *v = jv_get(s->o, lists[l]);
		for (size_t i = 0; i < jv_len(v); i++)
			if (assist_one_of(tools, jv_get_str(jv_at(v, i), "tool")))
				return true;
	}
	return false;
}

static bool any_intent(const struct assist_case *c, sv intents)
{
	/* A flow that began tells it for sure, an intent is a guess. */
	for (size_t i = 0; i < c->wish.n; i++) {
		const struct assist_wish *w = &c->wish.v[i];
		sv what = w->flow.n ? w->flow : w->intent;
		if (what.n && assist_one_of(intents, what))
			return true;
	}
	return false;
}

/* How well it fits; -1 = not at all. What an entry names must be there. */
static int fits(const struct assist_sum *s, const struct assist_entry *x)
{
	int score = 0;
	if (x->tools.n && !any_tool(s, x->tools))
		return -1;
	score += x->tools.n ? 4 : 0;
	if (x->intents.n && !any_intent(s->c, x->intents))
		return -1;
	score += x->intents.n ? 2 : 0;
	if (x->outcomes.n && !assist_one_of(x->outcomes, sv_of(s->outcome)))
		return -1;
	return score + (x->outcomes.n ? 1 : 0);
}

static void put_disposition(struct assist_sum *s)
{
	const struct assist_plan *p = s->w->plan;
	const struct assist_entry *best = NULL;
	int most = -1;
	for (size_t i = 0; p && i < p->list[LIST_DISPOSITIONS].n; i++) {
		const struct assist_entry *x = &p->list[LIST_DISPOSITIONS].v[i];
		int score = fits(s, x);
		if (score > most) {
			most = score;
			best = x;
		}
	}
	jv *o = best ? jv_obj() : jv_null();
	if (best) {
		jv_set_str(o, "id", best->id);
		jv_set(o, "title", assist_pair(best->title));
	}
	jv_set(s->o, "disposition", o);
}

/* ---- what must follow ---- */

static bool did_something(const struct assist_sum *s, int turn)
{
	const jv *done = jv_get(s->o, "done");
	for (size_t i = 0; i < jv_len(done); i++)
		if (jv_get_int(jv_at(done, i), "turn", -1) == turn)
			return true;
	return false;
}

static void push_follow(struct assist_sum *s, jv *list, enum assist_follow f, sv when, sv text)
{
	s->cut |= text.n && jv_len(list) >= ASSIST_LIST;
	if (!text.n || jv_len(list) >= ASSIST_LIST)
		return;
	jv *o = jv_obj();
	jv_set_str(o, "kind", sv_of(assist_follow_name(f)));
	jv_set(o, "when", when.n ? jv_str(when) : jv_null());
	jv_set_str(o, "text", text);
	jv_push(list, o);
}

static void put_follow_ups(struct assist_sum *s)
{
	const jv *promises = jv_get(s->o, "promises"), *open = jv_get(s->o, "open");
	jv *list = jv_arr();
	for (size_t i = 0; i < jv_len(promises); i++) {
		const jv *x = jv_at(promises, i);
		sv text = jv_get_str(x, "text");
		enum assist_follow f = assist_follow_of(text);
		bool bot = sv_eq(jv_get_str(x, "by"), SV("bot"));
		/* What the bot promised with an action, the action brings about. */
		if (f != FOLLOW_NONE && !(bot && did_something(s, (int)jv_get_int(x, "turn", 0))))
			push_follow(s, list, f, jv_get_str(x, "when"), text);
	}
	for (size_t i = 0; i < jv_len(open); i++) {
		const jv *x = jv_at(open, i);
		if (sv_eq(jv_get_str(x, "kind"), SV("action")))
			push_follow(s, list, FOLLOW_TICKET, SV(""), jv_get_str(x, "text"));
	}
	if (strcmp(s->outcome, "person_wanted") == 0)
		push_follow(s, list, FOLLOW_CALLBACK, SV(""),
			    jv_get_str(jv_get(s->o, "issue"), "text"));
	jv_set(s->o, "follow_ups", list);
}

void assist_sum_end(struct assist_sum *s)
{
	put_open(s);
	s->outcome = outcome_of(s);
	jv_set_str(s->o, "outcome", sv_of(s->outcome));
	put_mood(s);
	put_disposition(s);
	put_follow_ups(s);
}
