/* assist_ground.c: does a summary say only what stands in the rows? Made apart from how summaries
 * are made, so that it can judge them, whoever wrote them.
 *
 * A text that is quoted must stand literally in a turn or in what tools said (an order number may
 * stand where the rows have its mask); an action must have had its effect; a promise must be of
 * the one who is named; a date must follow from its sentence; the text's numbers and codes must
 * stand somewhere. Pure. */
#include "assist_int.h"
#include "guard.h"
#include "kb.h"

struct check {
	const struct assist_case *c;
	const struct assist_with *w;
	struct sb *out;
	size_t n;
};

static void miss(struct check *k, const char *what, sv text)
{
	k->n++;
	if (k->out)
		sb_fmt(k->out, "%s: " SV_FMT "\n", what, SV_ARG(sv_slice(text, 0, 200)));
}

static bool in_texts(const struct assist_case *c, sv text)
{
	for (size_t i = 0; i < c->said.n; i++)
		if (kb_quote_in(text, c->said.v[i].text))
			return true;
	for (size_t i = 0; i < c->facts.n; i++)
		if (sv_find(c->facts.v[i], text) >= 0)
			return true;
	return false;
}

/* text with one order number as its mask. */
static bool in_masked(const struct assist_case *c, sv text, sv value)
{
	struct sb b;
	ptrdiff_t at = value.n > 4 ? sv_find(text, value) : -1;
	if (at < 0)
		return false;
	sb_init(&b, LIM_SB);
	sb_put(&b, sv_slice(text, 0, (size_t)at));
	sb_cstr(&b, "[order_number]");
	sb_put(&b, sv_slice(text, (size_t)at + value.n, text.n));
	bool yes = in_texts(c, sb_sv(&b));
	sb_done(&b);
	return yes;
}

static bool stands(const struct assist_case *c, sv text)
{
	sv rest = text, one;
	if (!text.n || in_texts(c, text))
		return true;
	for (size_t i = 0; i < c->slot.n; i++)
		if (in_masked(c, text, c->slot.v[i].value))
			return true;
	if (!assist_sentence(&rest, &one) || !rest.n)
		return false;
	/* Several sentences, each by itself. */
	rest = text;
	while (assist_sentence(&rest, &one))
		if (!in_texts(c, one))
			return false;
	return true;
}

static void check_texts(struct check *k, const jv *s, const char *list)
{
	const jv *v = jv_get(s, list);
	for (size_t i = 0; i < jv_len(v); i++) {
		const jv *x = jv_at(v, i);
		sv text = jv_get_str(x, "text");
		bool action = sv_eq(jv_get_str(x, "kind"), SV("action"));
		if (!action && !stands(k->c, text))
			miss(k, list, text);
	}
}

static bool is_slot(const struct assist_case *c, sv value)
{
	for (size_t i = 0; i < c->slot.n; i++)
		if (sv_eq(c->slot.v[i].value, value))
			return true;
	return false;
}

/* Does somebody's turn of that number say something that means this value? */
static bool means(const struct check *k, int64_t turn, sv value)
{
	struct arena a;
	bool yes = false;
	arena_init(&a, LIM_ARENA_TURN);
	for (size_t i = 0; i < k->c->said.n && !yes; i++) {
		const struct assist_said *x = &k->c->said.v[i];
		struct feel_slot_ctx ctx = { .now_ms = x->ts_ms,
					     .tz_min = assist_tz(k->w, x->ts_ms),
					     .country = k->w->country,
					     .catalogue = k->w->products };
		struct feel_slot *v;
		size_t n = 0;
		if (x->turn != turn || feel_slots(x->text, &ctx, &a, &v, &n))
			continue;
		for (size_t s = 0; s < n; s++) {
			sv said = sv_slice(x->text, v[s].start, v[s].end);
			yes |= sv_eq(v[s].value, value) ||
			       sv_eq(assist_past_day(v[s].value, said, x->ts_ms, &a), value);
		}
		arena_reset(&a);
	}
	arena_done(&a);
	return yes;
}

static void check_facts(struct check *k, const jv *s)
{
	const jv *v = jv_get(s, "facts");
	for (size_t i = 0; i < jv_len(v); i++) {
		const jv *x = jv_at(v, i);
		sv value = jv_get_str(x, "value"), label = jv_get_str(x, "label");
		if (!is_slot(k->c, value) && !in_texts(k->c, value) &&
		    !means(k, jv_get_int(x, "turn", 0), value))
			miss(k, "facts", value);
		if (label.n && !stands(k->c, label))
			miss(k, "facts label", label);
	}
}

static bool happened(const struct assist_case *c, sv tool, bool effect)
{
	for (size_t i = 0; i < c->call.n; i++)
		if (sv_eq(c->call.v[i].tool, tool) && c->call.v[i].effect >= effect &&
		    sv_eq(c->call.v[i].outcome, SV("done")))
			return true;
	return false;
}

static void check_calls(struct check *k, const jv *s, const char *list, bool effect)
{
	const jv *v = jv_get(s, list);
	for (size_t i = 0; i < jv_len(v); i++) {
		sv tool = jv_get_str(jv_at(v, i), "tool");
		if (!happened(k->c, tool, effect))
			miss(k, list, tool);
	}
}

static const struct assist_said *who_said(const struct assist_case *c, sv text, bool person)
{
	for (size_t i = 0; i < c->said.n; i++) {
		const struct assist_said *x = &c->said.v[i];
		bool right = person ? x->who == ASSIST_AGENT : x->who == ASSIST_BOT;
		if (right && kb_quote_in(text, x->text))
			return x;
	}
	return NULL;
}

/* The date of a promise follows from its sentence and when it was said. */
static bool day_follows(const struct check *k, const struct assist_said *x, sv text, sv when)
{
	struct arena a;
	if (!when.n)
		return true;
	arena_init(&a, LIM_ARENA_TURN);
	bool yes = sv_eq(assist_when(text, x->ts_ms, k->w, &a), when);
	arena_done(&a);
	return yes;
}

static void check_promises(struct check *k, const jv *s)
{
	const jv *v = jv_get(s, "promises");
	for (size_t i = 0; i < jv_len(v); i++) {
		const jv *x = jv_at(v, i);
		sv text = jv_get_str(x, "text");
		bool person = sv_eq(jv_get_str(x, "by"), SV("agent"));
		const struct assist_said *by = who_said(k->c, text, person);
		if (!by)
			miss(k, "promises", text);
		else if (!day_follows(k, by, text, jv_get_str(x, "when")))
			miss(k, "promises when", jv_get_str(x, "when"));
	}
}

/* ---- numbers and codes of free text ---- */

static bool number_char(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
	       c == '-' || c == '.' || c == ':';
}

/* The next run of letters and digits with a digit in it. */
static bool next_number(sv *text, sv *ret)
{
	for (size_t i = 0; i < text->n;) {
		size_t s = i, digits = 0;
		while (i < text->n && number_char(text->p[i])) {
			digits += text->p[i] >= '0' && text->p[i] <= '9';
			i++;
		}
		size_t e = i;
		while (e > s && (text->p[e - 1] == '.' || text->p[e - 1] == ':' ||
				 text->p[e - 1] == '-'))
			e--;
		i += i == s;
		if (!digits)
			continue;
		*ret = sv_slice(*text, s, e);
		*text = sv_slice(*text, i, text->n);
		return true;
	}
	return false;
}

/* As a whole: 12 is not in 120. */
static bool has_number(sv text, sv number)
{
	sv one;
	while (next_number(&text, &one))
		if (sv_eq_nocase(one, number))
			return true;
	return false;
}

static bool number_known(const struct assist_case *c, const jv *s, sv number)
{
	for (size_t i = 0; i < c->said.n; i++)
		if (has_number(c->said.v[i].text, number))
			return true;
	for (size_t i = 0; i < c->slot.n; i++)
		if (has_number(c->slot.v[i].value, number) ||
		    has_number(c->slot.v[i].label, number))
			return true;
	for (size_t i = 0; i < c->facts.n; i++)
		if (has_number(c->facts.v[i], number))
			return true;
	const jv *v = jv_get(s, "promises"), *f = jv_get(s, "facts");
	for (size_t i = 0; i < jv_len(v); i++)
		if (has_number(jv_get_str(jv_at(v, i), "when"), number))
			return true;
	for (size_t i = 0; i < jv_len(f); i++)
		if (has_number(jv_get_str(jv_at(f, i), "value"), number))
			return true;
	return false;
}

size_t assist_invented(const struct assist_case *c, const struct assist_with *w, const jv *s,
		       struct sb *out)
{
	static const char *const lists[] = { "more", "done", "looked", "open", "follow_ups" };
	struct check k = { .c = c, .w = w, .out = out };
	sv issue = jv_get_str(jv_get(s, "issue"), "text"), rest = jv_get_str(s, "text"), number;
	if (!stands(c, issue))
		miss(&k, "issue", issue);
	for (size_t i = 0; i < sizeof(lists) / sizeof(*lists); i++)
		check_texts(&k, s, lists[i]);
	check_facts(&k, s);
	check_calls(&k, s, "done", true);
	check_calls(&k, s, "looked", false);
	check_promises(&k, s);
	while (next_number(&rest, &number))
		if (!number_known(c, s, number))
			miss(&k, "text", number);
	return k.n;
}

bool assist_grounded(const struct assist_case *c, sv sentence)
{
	struct guard_source *src = xalloc((c->said.n + c->facts.n + 1) * sizeof(*src));
	struct guard_verdict v = { 0 };
	sv rest = sentence, number;
	size_t n = 0;
	bool ok = true;
	for (size_t i = 0; i < c->said.n; i++)
		src[n++] = (struct guard_source){ SV("said"), c->said.v[i].text };
	for (size_t i = 0; i < c->facts.n; i++)
		src[n++] = (struct guard_source){ SV("fact"), c->facts.v[i] };
	while (ok && next_number(&rest, &number))
		ok = number_known(c, NULL, number);
	if (ok)
		guard_outbound(sentence, src, n, SV(""), &v);
	xfree(src);
	return ok && v.ok;
}
