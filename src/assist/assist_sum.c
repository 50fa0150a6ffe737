/* assist_sum.c: what a conversation came to: what the customer wanted, what became known, what was
 * done, looked up and tried, and what was promised. How it ended is in assist_end.c, its words are
 * in assist_text.c.
 *
 * Extractive: every text is one that stands in a row; only an order number's mask is put back where
 * the flow tells the number. Promises are sentences of commitment by a person, or by the bot in a
 * turn that changed something or cited nothing: what an article says is information, no promise.
 * Pure; the tree is the caller's. */
#include "assist_int.h"

#define TEXT_BYTES 600
#define FACTS_MOST 32

jv *assist_pair(const sv v[2])
{
	jv *o = jv_obj();
	jv_set_str(o, "zh", v[0]);
	jv_set_str(o, "en", v[1]);
	return o;
}

static sv cut(sv s)
{
	return sv_head(s, TEXT_BYTES);
}

/* ---- what was wanted ---- */

static sv order_of(const struct assist_case *c, sv flow)
{
	for (size_t i = 0; i < c->slot.n; i++)
		if (sv_eq(c->slot.v[i].flow, flow) && sv_eq(c->slot.v[i].name, SV("order")))
			return c->slot.v[i].value;
	return SV("");
}

/* text with the order's number where only its mask was kept. */
static sv unmasked(struct assist_sum *s, sv text, sv flow)
{
	static const sv mask = { "[order_number]", 14 };
	sv order = flow.n ? order_of(s->c, flow) : SV("");
	ptrdiff_t at = sv_find(text, mask);
	if (at < 0 || !order.n || sv_find(sv_slice(text, (size_t)at + 1, text.n), mask) >= 0)
		return text;
	char *out = arena_fmt(&s->a, SV_FMT SV_FMT SV_FMT, SV_ARG(sv_slice(text, 0, (size_t)at)),
			      SV_ARG(order), SV_ARG(sv_slice(text, (size_t)at + mask.n, text.n)));
	return out ? sv_of(out) : text;
}

static jv *wish_json(struct assist_sum *s, sv text, sv intent, sv flow, int turn)
{
	jv *o = jv_obj();
	jv_set_str(o, "text", cut(unmasked(s, text, flow)));
	jv_set_str(o, "intent", intent);
	jv_set_str(o, "flow", flow);
	jv_set_int(o, "turn", turn);
	return o;
}

/* Without any wish: the first words that are more than a greeting. */
static const struct assist_said *first_words(const struct assist_case *c)
{
	for (size_t i = 0; i < c->said.n; i++) {
		const struct assist_said *x = &c->said.v[i];
		if (x->who == ASSIST_CUSTOMER && !x->small && !x->wants_human)
			return x;
	}
	for (size_t i = 0; i < c->said.n; i++)
		if (c->said.v[i].who == ASSIST_CUSTOMER && c->said.v[i].wants_human)
			return &c->said.v[i];
	return NULL;
}

static void put_wishes(struct assist_sum *s)
{
	const struct assist_case *c = s->c;
	jv *more = jv_arr(), *issue = jv_null();
	const struct assist_said *x = c->wish.n ? NULL : first_words(c);
	for (size_t i = 0; i < c->wish.n; i++) {
		const struct assist_wish *w = &c->wish.v[i];
		jv *o = wish_json(s, w->text, w->intent, w->flow, w->turn);
		if (i) {
			jv_push(more, o);
			continue;
		}
		jv_free(issue);
		issue = o;
	}
	if (x) {
		jv_free(issue);
		issue = wish_json(s, x->text, x->intent, SV(""), x->turn);
	}
	jv_set(s->o, "issue", issue);
	jv_set(s->o, "more", more);
}

/* ---- what became known ---- */

static bool has_fact(const jv *list, sv type, sv value)
{
	for (size_t i = 0; i < jv_len(list); i++) {
		const jv *x = jv_at(list, i);
		bool same = sv_eq(jv_get_str(x, "value"), value) ||
			    sv_eq(jv_get_str(x, "label"), value);
		if (same && (!type.n || sv_eq(jv_get_str(x, "type"), type)))
			return true;
	}
	return false;
}

static void push_fact(struct assist_sum *s, jv *list, sv type, sv value, sv label, int turn)
{
	/* Known by another name already, or the same words for the same thing. */
	if (has_fact(list, type, value) ||
	    (label.n && (has_fact(list, type, label) || has_fact(list, SV("item"), label))))
		return;
	s->cut |= jv_len(list) >= FACTS_MOST;
	if (jv_len(list) >= FACTS_MOST)
		return;
	jv *o = jv_obj();
	jv_set_str(o, "type", type);
	jv_set_str(o, "value", cut(value));
	if (label.n && !sv_eq(label, value))
		jv_set_str(o, "label", cut(label));
	jv_set_int(o, "turn", turn);
	jv_push(list, o);
}

/* Names that guard took for something personal are no names any more. */
static sv clear(sv label)
{
	return sv_find_ch(label, '[') < 0 ? label : SV("");
}

/* What the customer said when a flow took one of its own words for it ("no_longer_wanted"). */
static sv said_for(const struct assist_case *c, const struct assist_slot *x)
{
	for (size_t i = 0; i < x->value.n; i++) {
		char k = x->value.p[i];
		if (!((k >= 'a' && k <= 'z') || k == '_'))
			return SV("");
	}
	for (size_t i = c->said.n; i-- > 0;) {
		const struct assist_said *t = &c->said.v[i];
		if (t->who == ASSIST_CUSTOMER && t->turn == x->turn)
			return t->small ? SV("") : t->text;
	}
	return SV("");
}

static bool told_type(const char *type)
{
	static const char *const told[] = { "date",	"time",	   "datetime", "duration",
					    "money",	"percent", "product",  "order_number",
					    "quantity" };
	for (size_t i = 0; i < sizeof(told) / sizeof(*told); i++)
		if (strcmp(type, told[i]) == 0)
			return true;
	return false;
}

static void put_spoken(struct assist_sum *s, jv *list, const struct assist_said *x)
{
	struct feel_slot_ctx ctx = { .now_ms = x->ts_ms, .tz_min = assist_tz(s->w, x->ts_ms),
				     .country = s->w->country, .catalogue = s->w->products };
	struct feel_slot *v;
	size_t n;
	if (feel_slots(x->text, &ctx, &s->a, &v, &n))
		return;
	for (size_t i = 0; i < n; i++) {
		sv said = sv_slice(x->text, v[i].start, v[i].end);
		bool one = strcmp(v[i].type, "quantity") == 0 && sv_eq(v[i].value, SV("1"));
		if (told_type(v[i].type) && !one)
			push_fact(s, list, sv_of(v[i].type),
				  assist_past_day(v[i].value, said, x->ts_ms, &s->a), said,
				  x->turn);
	}
}

static bool code_char(char k)
{
	return (k >= 'A' && k <= 'Z') || (k >= 'a' && k <= 'z') || (k >= '0' && k <= '9') ||
	       k == '-';
}

/* The next code ("HH2026-100364", "R10241275"): letters and so many digits or more. */
static bool next_code(sv *text, size_t least, sv *ret)
{
	for (size_t i = 0; i < text->n;) {
		size_t s = i, digits = 0, letters = 0;
		while (i < text->n && code_char(text->p[i])) {
			digits += text->p[i] >= '0' && text->p[i] <= '9';
			letters += text->p[i] > '9';
			i++;
		}
		if (digits >= least && letters) {
			*ret = sv_slice(*text, s, i);
			*text = sv_slice(*text, i, text->n);
			return true;
		}
		i += i == s;
	}
	return false;
}

/* Of the bot's words only a long one, told alone: a model's name is none, nor is a list of orders
 * that are looked through. */
static void put_codes(struct assist_sum *s, jv *list, const struct assist_said *x)
{
	sv rest = x->text, code, first = SV_NULL;
	size_t least = x->who == ASSIST_BOT ? 6 : 4;
	while (x->who == ASSIST_BOT && next_code(&rest, least, &code)) {
		if (has_fact(list, SV(""), code))
			continue;
		if (first.n && !sv_eq(first, code))
			return;
		first = code;
	}
	rest = x->text;
	while (next_code(&rest, least, &code))
		if (!has_fact(list, SV(""), code))
			push_fact(s, list, SV("reference"), code, SV(""), x->turn);
}

static void put_facts(struct assist_sum *s)
{
	const struct assist_case *c = s->c;
	jv *list = jv_arr();
	for (size_t i = 0; i < c->slot.n; i++) {
		const struct assist_slot *x = &c->slot.v[i];
		sv label = clear(x->label);
		label = label.n ? label : clear(unmasked(s, said_for(c, x), x->flow));
		push_fact(s, list, x->name, x->value, label, x->turn);
	}
	for (size_t i = 0; i < c->said.n; i++) {
		const struct assist_said *x = &c->said.v[i];
		if (x->who != ASSIST_BOT)
			put_spoken(s, list, x);
		if (!x->n_cite)
			put_codes(s, list, x);
	}
	jv_set(s->o, "facts", list);
}

/* ---- what was done ---- */

/* What the bot said of a result: its next words, without questions and apologies. What was looked
 * up only to ask the next question was told to nobody. */
static sv told_of(struct assist_sum *s, const struct assist_call *x)
{
	const struct assist_case *c = s->c;
	struct sb b;
	size_t i = 0;
	while (i < c->said.n &&
	       !(c->said.v[i].who == ASSIST_BOT && c->said.v[i].seq > x->seq))
		i++;
	if (i == c->said.n || c->said.v[i].turn > x->turn + 1 || c->said.v[i].n_cite ||
	    (!x->effect && sv_eq(c->said.v[i].action, SV("clarify"))))
		return SV("");
	sv rest = c->said.v[i].text, one;
	sb_init(&b, LIM_SB);
	while (assist_sentence(&rest, &one))
		if (!assist_is_question(one) && !assist_is_sorry(one) && b.n < TEXT_BYTES)
			sb_fmt(&b, "%s" SV_FMT, b.n && !assist_zh(c) ? " " : "", SV_ARG(one));
	sv out = arena_sv(&s->a, sb_sv(&b));
	sb_done(&b);
	return out;
}

static jv *call_json(struct assist_sum *s, const struct assist_call *x, bool told)
{
	const struct assist_tool *t = assist_tool_of(s->w, x->tool);
	jv *o = jv_obj();
	jv_set_str(o, "tool", x->tool);
	jv_set(o, "title", assist_pair(t ? t->title : (const sv[2]){ x->tool, x->tool }));
	if (told)
		jv_set_str(o, "text", told_of(s, x));
	else
		jv_set_str(o, "outcome", x->outcome);
	jv_set_int(o, "turn", x->turn);
	return o;
}

/* Asked for again later (a check, a yes, another try): that one counts. */
static bool came_again(const struct assist_case *c, size_t i)
{
	const struct assist_call *x = &c->call.v[i];
	for (size_t k = i + 1; k < c->call.n; k++)
		if (sv_eq(c->call.v[k].tool, x->tool) &&
		    (sv_eq(c->call.v[k].key, x->key) || !x->effect))
			return true;
	return false;
}

static void put_calls(struct assist_sum *s)
{
	const struct assist_case *c = s->c;
	jv *done = jv_arr(), *looked = jv_arr(), *tried = jv_arr();
	for (size_t i = 0; i < c->call.n; i++) {
		const struct assist_call *x = &c->call.v[i];
		bool ok = sv_eq(x->outcome, SV("done"));
		if (sv_eq(x->whose, SV("check")) || came_again(c, i))
			continue;
		if (ok && x->effect)
			jv_push(done, call_json(s, x, true));
		else if (ok)
			jv_push(looked, call_json(s, x, true));
		else
			jv_push(tried, call_json(s, x, false));
		s->any_done |= ok && x->effect;
		s->answered |= ok;
		s->refused |= sv_eq(x->outcome, SV("refused"));
	}
	jv_set(s->o, "done", done);
	jv_set(s->o, "looked", looked);
	jv_set(s->o, "tried", tried);
}

/* ---- what was promised ---- */

static bool bot_binds(const struct assist_said *x)
{
	return !x->n_cite && !sv_eq(x->action, SV("clarify")) &&
	       !sv_eq(x->action, SV("handoff")) && x->turn > 0;
}

static bool has_text(const jv *list, sv text)
{
	for (size_t i = 0; i < jv_len(list); i++)
		if (sv_eq(jv_get_str(jv_at(list, i), "text"), text))
			return true;
	return false;
}

static void put_promises(struct assist_sum *s)
{
	const struct assist_case *c = s->c;
	jv *list = jv_arr();
	for (size_t i = 0; i < c->said.n; i++) {
		const struct assist_said *x = &c->said.v[i];
		bool person = x->who == ASSIST_AGENT;
		sv rest = x->text, one;
		if (!person && !(x->who == ASSIST_BOT && bot_binds(x)))
			continue;
		while (assist_sentence(&rest, &one)) {
			if (!assist_is_promise(one) || has_text(list, one))
				continue;
			s->cut |= jv_len(list) >= ASSIST_LIST;
			if (jv_len(list) >= ASSIST_LIST)
				break;
			sv when = assist_when(one, x->ts_ms, s->w, &s->a);
			jv *o = jv_obj();
			jv_set_str(o, "text", cut(one));
			jv_set_str(o, "by", person ? SV("agent") : SV("bot"));
			jv_set_str(o, "who", x->by);
			jv_set(o, "when", when.n ? jv_str(when) : jv_null());
			jv_set_int(o, "turn", x->turn);
			jv_push(list, o);
		}
	}
	jv_set(s->o, "promises", list);
}

static bool has_article(const jv *list, sv id)
{
	for (size_t i = 0; i < jv_len(list); i++)
		if (sv_eq(jv_get_str(jv_at(list, i), "article_id"), id))
			return true;
	return false;
}

static void put_citations(struct assist_sum *s)
{
	const struct assist_case *c = s->c;
	jv *list = jv_arr();
	for (size_t i = 0; i < c->said.n; i++)
		for (size_t k = 0; k < c->said.v[i].n_cite; k++) {
			const struct assist_cite *x = &c->said.v[i].cite[k];
			s->answered = true;
			if (has_article(list, x->article))
				continue;
			s->cut |= jv_len(list) >= ASSIST_LIST;
			if (jv_len(list) >= ASSIST_LIST)
				continue;
			jv *o = jv_obj();
			jv_set_str(o, "article_id", x->article);
			jv_set_str(o, "title", x->title);
			jv_push(list, o);
		}
	jv_set(s->o, "citations", list);
}

/* ---- together ---- */

static jv *make(const struct assist_case *c, const struct assist_with *w)
{
	struct assist_sum s = { .c = c, .w = w, .o = jv_obj() };
	arena_init(&s.a, ASSIST_ARENA);
	jv_set_str(s.o, "language", sv_of(assist_case_lang(c)));
	jv_set_str(s.o, "channel", c->channel);
	put_wishes(&s);
	put_facts(&s);
	put_calls(&s);
	put_promises(&s);
	put_citations(&s);
	assist_sum_end(&s);
	if (c->truncated || s.cut)
		jv_set_bool(s.o, "truncated", true);
	jv_set_bool(s.o, "builtin", true);
	arena_done(&s.a);
	return s.o;
}

jv *assist_summary(const struct assist_case *c, const struct assist_with *w)
{
	jv *o = make(c, w);
	struct sb b;
	sb_init(&b, LIM_SB);
	assist_sum_words(c, w, o, &b);
	jv_set_str(o, "text", sb_sv(&b));
	sb_done(&b);
	return o;
}
