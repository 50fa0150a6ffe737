/* assist_help.c: help while somebody serves, from the conversation so far: answers with their
 * sources, what could be done next, what is still to be done, what should not be said.
 *
 * Suggestions come from the knowledge base as members of staff see it; only what fits is offered,
 * at most three. A proposed action is a tool with the arguments that are known: a person clicks it.
 * Pure; the index is a snapshot. */
#include "assist_int.h"
#include "guard.h"
#include "kb.h"
#include "policy_table.h"

#define FITS 0.5                     /* of kb_hit.p: more likely right than not */
#define FITS_FOUND 0.1               /* somebody looked for it: he judges himself */
#define ACTIONS_MOST 5

/* ---- suggested answers ---- */

static const struct assist_said *last_of(const struct assist_case *c, enum assist_who who,
					 size_t before)
{
	for (size_t i = before < c->said.n ? before : c->said.n; i-- > 0;)
		if (c->said.v[i].who == who && !c->said.v[i].small)
			return &c->said.v[i];
	return NULL;
}

static jv *suggestion(const struct assist_case *c, const char *kind, sv text, double confidence)
{
	jv *o = jv_obj();
	jv_set_int(o, "turn", c->turn);
	jv_set_str(o, "kind", sv_of(kind));
	jv_set_str(o, "text", text);
	jv_set(o, "citations", jv_arr());
	jv_set_num(o, "confidence", confidence);
	return o;
}

static jv *from_hit(const struct assist_case *c, const struct kb_hit *h)
{
	jv *o = suggestion(c, "article", h->quote, h->p), *k = jv_obj();
	jv_set_str(k, "article_id", h->article_id);
	jv_set_int(k, "version", h->version);
	jv_set_str(k, "title", h->title);
	jv_set_str(k, "quote", h->quote);
	jv_set_str(k, "lang", h->lang);
	jv_push(jv_get(o, "citations"), k);
	return o;
}

static size_t from_kb(const struct assist_case *c, struct kb_index *ix, sv text, sv before,
		      bool found, jv **ret)
{
	struct kb_result r = { 0 };
	struct arena a;
	size_t n = 0;
	struct kb_query q = { .text = text, .context = before, .k = 5, .audience = SV("agent"),
			      .lang = sv_of(assist_case_lang(c)), .now_ms = c->last_ms };
	arena_init(&a, LIM_ARENA_TURN);
	if (kb_search(ix, &q, &a, &r))
		r = (struct kb_result){ 0 };
	kb_leave_out(&r, guard_steers);
	for (size_t i = 0; i < r.n && n < ASSIST_SUGGESTIONS; i++) {
		bool fits = r.hits[i].p >= (found ? FITS_FOUND : FITS) ||
			    (i == 0 && r.answerable);
		if (fits && kb_quote_stands(&r.hits[i], r.hits[i].body_md))
			ret[n++] = from_hit(c, &r.hits[i]);
	}
	arena_done(&a);
	return n;
}

/* text with {order} and other names of slots filled in. */
static void fill(const struct assist_case *c, sv text, struct sb *b)
{
	while (text.n) {
		ptrdiff_t open = sv_find_ch(text, '{');
		if (open < 0)
			break;
		sv rest = sv_slice(text, (size_t)open + 1, text.n), name;
		sb_put(b, sv_slice(text, 0, (size_t)open));
		ptrdiff_t close = sv_find_ch(rest, '}');
		if (close < 0)
			break;
		name = sv_slice(rest, 0, (size_t)close);
		const struct assist_slot *x = assist_slot_of(c, name);
		if (x)
			sb_put(b, x->label.n ? x->label : x->value);
		else
			sb_fmt(b, "{" SV_FMT "}", SV_ARG(name));
		text = sv_slice(rest, (size_t)close + 1, rest.n);
	}
	sb_put(b, text);
}

static size_t from_canned(const struct assist_case *c, const struct assist_plan *p,
			  const struct assist_said *x, size_t n, jv **ret)
{
	int lang = assist_zh(c) ? 0 : 1;
	if (!p || !x->intent.n)
		return n;
	for (size_t i = 0; i < p->list[LIST_CANNED].n && n < ASSIST_SUGGESTIONS; i++) {
		const struct assist_entry *k = &p->list[LIST_CANNED].v[i];
		struct sb b;
		if (!k->intents.n || !assist_one_of(k->intents, x->intent))
			continue;
		sb_init(&b, LIM_SB);
		fill(c, k->text[lang], &b);
		ret[n++] = suggestion(c, "canned", sb_sv(&b), x->intent_p);
		sb_done(&b);
	}
	return n;
}

size_t assist_suggest(const struct assist_case *c, const struct assist_with *w,
		      struct kb_index *ix, sv query, jv *ret[ASSIST_SUGGESTIONS])
{
	const struct assist_said *x = last_of(c, ASSIST_CUSTOMER, c->said.n);
	size_t n = 0;
	if (query.n)
		return ix ? from_kb(c, ix, query, SV(""), true, ret) : 0;
	if (!x || x->wants_human)
		return 0;
	const struct assist_said *was = last_of(c, ASSIST_CUSTOMER, (size_t)(x - c->said.v));
	if (ix)
		n = from_kb(c, ix, x->text, was ? was->text : SV(""), false, ret);
	return from_canned(c, w->plan, x, n, ret);
}

/* ---- what could be done next ---- */

static bool required(const jv *schema, sv name)
{
	const jv *v = jv_get(schema, "required");
	for (size_t i = 0; i < jv_len(v); i++)
		if (sv_eq(jv_as_str(jv_at(v, i)), name))
			return true;
	return false;
}

/* {"tool","args","missing"}: what is known fills the arguments, in their types. */
static jv *proposal(const struct assist_case *c, const struct assist_tool *t)
{
	jv *o = jv_obj(), *args = jv_obj(), *missing = jv_arr(), *v;
	void *it = NULL;
	sv key;
	char name[64];
	while (jv_next(jv_get(t->schema, "properties"), &it, &key, &v)) {
		const struct assist_slot *x = assist_slot_of(c, key);
		sv value = x ? x->value : SV("");
		double num = 0;
		bool number = assist_one_of(SV("number|integer"), jv_get_str(v, "type"));
		bool plain = number || sv_eq(jv_get_str(v, "type"), SV("string"));
		bool fits = value.n && plain && (!number || sv_f64(value, &num) == 0) &&
			    sv_find_ch(value, '[') < 0 && key.n < sizeof(name);
		if (!fits && required(t->schema, key))
			jv_push(missing, jv_str(key));
		if (!fits)
			continue;
		memcpy(name, key.p, key.n);
		name[key.n] = '\0';
		jv_set(args, name, number ? jv_num(num) : jv_str(value));
	}
	jv_set_str(o, "tool", t->name);
	jv_set(o, "args", args);
	jv_set(o, "missing", missing);
	return o;
}

static jv *pair(sv zh, sv en)
{
	return assist_pair((const sv[2]){ zh, en });
}

static void push_action(jv *list, sv id, jv *title, jv *why, jv *call)
{
	jv *o = jv_obj();
	jv_set_str(o, "id", id);
	jv_set(o, "title", title);
	jv_set(o, "why", why);
	jv_set(o, "call", call ? call : jv_null());
	if (jv_len(list) < ACTIONS_MOST)
		jv_push(list, o);
	else
		jv_free(o);
}

static bool said_sorry(const struct assist_case *c)
{
	for (size_t i = c->said.n; i-- > 0 && c->said.v[i].who != ASSIST_CUSTOMER;)
		if (assist_is_sorry(c->said.v[i].text))
			return true;
	return false;
}

/* The table's view of the last turn: apology, offer, a supervisor. */
static void by_strategy(const struct assist_case *c, const struct policy_table *t,
			const struct assist_said *x, jv *list)
{
	char intent[40] = "";
	if (x->intent.n < sizeof(intent))
		memcpy(intent, x->intent.p, x->intent.n);
	struct policy_case k = { .track = &c->track, .intent = intent, .attempts = c->attempts,
				 .voice = sv_eq(c->channel, SV("phone")),
				 .identified = c->level >= 2, .turn = x->turn };
	struct policy_plan p;
	k.topics = policy_topics(t, x->text, intent, x->intent_p, SV_NULL);
	policy_plan(t, &k, &p);
	sv zh = policy_row_why(t, p.row, SV("zh")), en = policy_row_why(t, p.row, SV("en"));
	if (p.act.alert)
		push_action(list, SV("supervisor"), pair(SV("请主管关注"), SV("Tell a supervisor")),
			    pair(zh, en), NULL);
	if (p.act.apology != APOLOGY_NONE && !said_sorry(c))
		push_action(list, SV("apologise"), pair(SV("先道歉，再处理"),
							SV("Apologise first, then help")),
			    pair(zh, en), NULL);
	if (p.act.offer >= 0)
		push_action(list, SV("offer"),
			    pair(policy_offer_text(t, p.act.offer, SV("zh")),
				 policy_offer_text(t, p.act.offer, SV("en"))),
			    pair(zh, en), NULL);
}

static bool done_already(const struct assist_case *c, sv tool)
{
	for (size_t i = 0; i < c->call.n; i++)
		if (sv_eq(c->call.v[i].tool, tool) && c->call.v[i].turn == c->turn)
			return true;
	return false;
}

static bool wanted(const struct assist_case *c, const struct assist_entry *e,
		   const struct assist_said *x)
{
	const struct assist_wish *last = c->wish.n ? &c->wish.v[c->wish.n - 1] : NULL;
	bool fits = !e->intents.n || (x->intent.n && assist_one_of(e->intents, x->intent)) ||
		    (last && last->flow.n && assist_one_of(e->intents, last->flow)) ||
		    (last && last->intent.n && assist_one_of(e->intents, last->intent));
	fits = fits && (!e->moods.n || assist_one_of(e->moods, c->last_mood));
	fits = fits && (!e->words[0].n || assist_words_in(e, x->text));
	return fits && !(e->tool.n && done_already(c, e->tool));
}

jv *assist_next(const struct assist_case *c, const struct assist_with *w,
		const struct policy_table *strategy)
{
	const struct assist_said *x = last_of(c, ASSIST_CUSTOMER, c->said.n);
	const struct assist_plan *p = w->plan;
	jv *list = jv_arr();
	if (!x)
		return list;
	if (strategy)
		by_strategy(c, strategy, x, list);
	for (size_t i = 0; p && i < p->list[LIST_ACTIONS].n; i++) {
		const struct assist_entry *e = &p->list[LIST_ACTIONS].v[i];
		const struct assist_tool *t = e->tool.n ? assist_tool_of(w, e->tool) : NULL;
		if (wanted(c, e, x) && (t || !e->tool.n))
			push_action(list, e->id, assist_pair(e->title),
				    assist_pair(e->text), t ? proposal(c, t) : NULL);
	}
	return list;
}

/* ---- what is still to be done ---- */

static const char *check_state(const struct assist_case *c, const struct assist_entry *e)
{
	size_t spoke = 0;
	if (e->level > 0 && c->level >= e->level)
		return "done";
	for (size_t i = 0; i < c->said.n; i++) {
		if (c->said.v[i].who != ASSIST_AGENT)
			continue;
		if (assist_words_in(e, c->said.v[i].text))
			return "done";
		spoke++;
	}
	/* The first words are over, or all of them. */
	return (e->first && spoke >= 2) || c->closed ? "missed" : "due";
}

static bool applies(const struct assist_case *c, const struct assist_entry *e)
{
	if (!e->intents.n)
		return true;
	for (size_t i = 0; i < c->wish.n; i++)
		if ((c->wish.v[i].intent.n && assist_one_of(e->intents, c->wish.v[i].intent)) ||
		    (c->wish.v[i].flow.n && assist_one_of(e->intents, c->wish.v[i].flow)))
			return true;
	return false;
}

static jv *check_json(sv id, jv *title, const char *state, bool hand)
{
	jv *o = jv_obj();
	jv_set_str(o, "id", id);
	jv_set(o, "title", title);
	jv_set_str(o, "state", sv_of(state));
	jv_set_bool(o, "hand", hand);
	return o;
}

static const struct assist_entry *check_of(const struct assist_plan *p, sv item)
{
	for (size_t i = 0; p && i < p->list[LIST_CHECKS].n; i++)
		if (sv_eq(p->list[LIST_CHECKS].v[i].item, item))
			return &p->list[LIST_CHECKS].v[i];
	return NULL;
}

static const char *tick_state(const struct assist_case *c, sv item)
{
	for (size_t i = 0; i < c->tick.n; i++)
		if (sv_eq(c->tick.v[i].item, item) && c->tick.v[i].done)
			return "done";
	return c->closed ? "missed" : "due";
}

/* An item of the form: one that a check of the plan looks at, or one for people. */
static void put_item(const struct assist_case *c, const struct assist_plan *p,
		     const struct qa_form *form, size_t i, jv *list)
{
	sv id = qa_form_item(form, i);
	const struct assist_entry *e = check_of(p, id);
	bool hand = !e && qa_form_by_hand(form, i);
	if (hand || (e && applies(c, e)))
		jv_push(list, check_json(id, assist_pair(qa_form_title(form, i)),
					 hand ? tick_state(c, id) : check_state(c, e), hand));
}

/* The reviewer's own items; false when there is no form. */
static bool put_form(const struct assist_case *c, const struct assist_plan *p,
		     const struct qa_form *form, jv *list)
{
	for (size_t i = 0; form && i < qa_form_items(form); i++)
		put_item(c, p, form, i, list);
	return form != NULL;
}

jv *assist_checks(const struct assist_case *c, const struct assist_plan *p,
		  const struct qa_form *form)
{
	jv *list = jv_arr();
	bool formed = put_form(c, p, form, list);
	for (size_t i = 0; p && i < p->list[LIST_CHECKS].n; i++) {
		const struct assist_entry *e = &p->list[LIST_CHECKS].v[i];
		if (applies(c, e) && !(formed && e->item.n))
			jv_push(list, check_json(e->id, assist_pair(e->title), check_state(c, e),
						 false));
	}
	return list;
}

/* ---- what should not be said, or taken ---- */

static bool has_card(sv text)
{
	struct arena a;
	struct guard_in in = { 0 };
	bool yes = sv_find(text, SV("[bank_card]")) >= 0;
	if (yes)
		return true;
	arena_init(&a, LIM_ARENA_TURN);
	if (guard_inbound(text, &a, &in) == 0)
		for (size_t i = 0; i < in.n; i++)
			yes |= in.spans[i].type == PII_BANK_CARD;
	arena_done(&a);
	return yes;
}

jv *assist_warnings(const struct assist_plan *p, enum assist_who by, sv text, int level)
{
	jv *list = jv_arr();
	for (size_t i = 0; p && i < p->list[LIST_RULES].n; i++) {
		const struct assist_entry *e = &p->list[LIST_RULES].v[i];
		bool card = sv_eq(e->kind, SV("card_number"));
		if (e->by != by || (e->level > 0 && level >= e->level))
			continue;
		if (!(card && has_card(text)) && !assist_words_in(e, text))
			continue;
		jv *o = jv_obj();
		jv_set_str(o, "id", e->id);
		jv_set_str(o, "kind", e->kind);
		jv_set(o, "text", assist_pair(e->text));
		jv_push(list, o);
	}
	return list;
}
