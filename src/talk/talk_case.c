/* talk_case.c: where the customer's business stands, for whoever takes over: the flow under way or
 * the one that was left, what it learned, what was tried and how that ended, what tools said.
 *
 * As JSON for the rows of a hand-over, and as a sentence for the colleague who picks up. Personal
 * data is masked in both, order numbers stay: they are what a colleague looks up. Pure; a kept
 * case is the core's. */
#include "talk_core.h"
#include "guard.h"

#define GUARD_ARENA (32u << 20)
#define SAYS_MAX 2                   /* results that are told */
#define SAY_BYTES 300

/* ---- masks ---- */

static bool mask_into(sv text, struct sb *out)
{
	struct arena mem;            /* long texts take much of it */
	struct guard_in in;
	bool ok = true;
	while (text.n && ok) {
		size_t n = guard_piece(text);
		arena_init(&mem, GUARD_ARENA);
		ok = n > 0 && guard_inbound(sv_slice(text, 0, n), &mem, &in) == 0 && !in.truncated;
		if (ok)
			sb_put(out, in.model);
		arena_done(&mem);
		text = sv_slice(text, n, text.n);
	}
	return ok && !sb_err(out);
}

/* Each string by itself: a mask can swallow no quotation mark. */
static jv *mask_leaves(const jv *v)
{
	void *it = NULL;
	sv key;
	jv *x, *out;
	char name[128];
	if (jv_is_str(v)) {
		struct sb b;
		sb_init(&b, LIM_SB);
		out = jv_str(mask_into(jv_as_str(v), &b) ? sb_sv(&b) : SV("[text]"));
		sb_done(&b);
		return out;
	}
	if (jv_is_arr(v)) {
		out = jv_arr();
		for (size_t i = 0; i < jv_len(v); i++)
			jv_push(out, mask_leaves(jv_at(v, i)));
		return out;
	}
	if (!jv_is_obj(v))
		return jv_copy(v);
	out = jv_obj();
	while (jv_next(v, &it, &key, &x)) {
		size_t n = key.n < sizeof(name) ? key.n : sizeof(name) - 1;
		memcpy(name, key.p, n);
		name[n] = '\0';
		jv_set(out, name, mask_leaves(x));
	}
	return out;
}

sv talk_masked(sv text, struct arena *a)
{
	struct sb b;
	sb_init(&b, LIM_SB);
	bool ok = mask_into(text, &b);
	bool tree = sv_starts(text, SV("{")) || sv_starts(text, SV("["));
	jv *was = tree ? jv_parse(text, NULL) : NULL;
	jv *is = ok && was ? jv_parse(sb_sv(&b), NULL) : NULL;
	if (was && !is) {
		is = mask_leaves(was);
		sb_reset(&b);
		jv_dump(is, &b);
		ok = !sb_err(&b);
	}
	sv out = ok ? arena_sv(a, sb_sv(&b)) : SV("");
	jv_free(was);
	jv_free(is);
	sb_done(&b);
	return out;
}

sv talk_masked_state(sv state, struct arena *a)
{
	jv *o = jv_parse(state, NULL), *out = jv_obj(), *x;
	void *it = NULL;
	sv key;
	struct sb b;
	sb_init(&b, LIM_SB);
	while (jv_next(o, &it, &key, &x)) {
		sb_reset(&b);
		jv_dump(x, &b);
		bool holds = jv_is_obj(x) || jv_is_arr(x);
		jv *masked = holds ? jv_parse(talk_masked(sb_sv(&b), a), NULL) : jv_copy(x);
		jv_set(out, arena_cstr(a, key), masked ? masked : jv_null());
	}
	sb_reset(&b);
	jv_dump(out, &b);
	sv ret = o && !sb_err(&b) ? arena_sv(a, sb_sv(&b)) : SV("");
	sb_done(&b);
	jv_free(out);
	jv_free(o);
	return ret;
}

/* ---- the case ---- */

/* Values that the customer gave or chose; results and what is known by itself stay out. */
static jv *plain_slots(const jv *vars)
{
	jv *o = jv_obj(), *v;
	void *it = NULL;
	sv key;
	char name[64];
	while (jv_next(vars, &it, &key, &v)) {
		if (jv_is_obj(v) || jv_is_arr(v) || jv_is_null(v) || key.n >= sizeof(name) ||
		    sv_eq(key, SV("outcome")) || sv_eq(key, SV("known")))
			continue;
		memcpy(name, key.p, key.n);
		name[key.n] = '\0';
		jv_set(o, name, jv_copy(v));
	}
	return o;
}

static jv *title_of(const struct talk_core *c)
{
	static const char *const langs[] = { "zh", "en" };
	jv *o = jv_obj();
	for (int i = 0; i < 2; i++)
		jv_set_str(o, langs[i],
			   flow_title(c->flows, sv_of(flow_id(c->flow)), sv_of(langs[i])));
	return o;
}

/* {"flow","title":{zh,en},"slots":{..},"more":[wishes that wait]}, the caller's; NULL = no
 * flow. */
static jv *case_of(const struct talk_core *c)
{
	if (!c->flow || !c->flows)
		return NULL;
	jv *o = jv_obj();
	jv_set_str(o, "flow", sv_of(flow_id(c->flow)));
	jv_set(o, "title", title_of(c));
	jv_set(o, "slots", plain_slots(flow_slots(c->flow)));
	if (jv_len(flow_more(c->flow))) {
		jv *more = jv_copy(flow_more(c->flow));
		for (size_t i = 0; i < jv_len(more); i++)
			jv_del(jv_at(more, i), "state");
		jv_set(o, "more", more);
	}
	return o;
}

void talk_case_keep(struct talk_core *c)
{
	struct sb b;
	jv *o = case_of(c);
	if (!o)
		return;
	sb_init(&b, LIM_SB);
	jv_dump(o, &b);
	xfree(c->svc.left);
	c->svc.left = sb_err(&b) ? NULL : xstrdup(sb_sv(&b));
	sb_done(&b);
	jv_free(o);
}

/* The one under way, else the one that was left. The caller's; NULL = none. */
static jv *present_case(const struct talk_core *c)
{
	jv *o = case_of(c);
	return o || !c->svc.left ? o : jv_parse(sv_of(c->svc.left), NULL);
}

void talk_case_json(const struct talk_core *c, struct sb *out)
{
	const struct talk_service *s = &c->svc;
	jv *o = present_case(c), *tried = jv_arr(), *said = jv_arr();
	o = o ? o : jv_obj();
	if (s->about)
		jv_set_str(o, "order", sv_of(s->about));
	if (talk_about_product(c))
		jv_set_str(o, "product", sv_of(talk_about_product(c)));
	for (int i = 0; i < s->n_tried; i++) {
		jv *x = jv_obj();
		jv_set_str(x, "tool", sv_of(s->tried[i].name));
		jv_set_str(x, "outcome", sv_of(tool_outcome_name(s->tried[i].outcome)));
		jv_push(tried, x);
	}
	for (int i = 0; i < s->n_fact; i++)
		jv_push(said, jv_str(sv_of(s->fact[i].say)));
	jv_set(o, "tried", tried);
	jv_set(o, "said", said);
	jv *masked = mask_leaves(o);
	jv_dump(masked, out);
	jv_free(masked);
	jv_free(o);
}

/* The order talked of; may be empty. */
static sv order_of(const struct talk_core *c, const jv *o)
{
	sv order = jv_get_str(jv_get(o, "slots"), "order");
	return order.n ? order : sv_of(c->svc.about);
}

bool talk_ended(sv s)
{
	static const char *const ends[] = { ".", "!", "?", "。", "！", "？", "；", ";", "…", "~" };
	for (size_t i = 0; i < sizeof(ends) / sizeof(*ends); i++)
		if (sv_ends(s, sv_of(ends[i])))
			return true;
	return false;
}

/* A result's words as one line with an end mark, so that what follows is not read into it. */
static void put_told(struct talk_core *c, struct sb *b, sv say)
{
	sb_cstr(b, b->n ? talk_gap(c) : "");
	for (size_t i = 0; i < say.n; i++)
		sb_ch(b, say.p[i] == '\n' || say.p[i] == '\r' ? ' ' : say.p[i]);
	if (!talk_ended(say))
		sb_cstr(b, strcmp(c->lang, "zh") == 0 ? "。" : ".");
}

/* "Return an article", and the order if one is known; empty without a wish. */
static sv what(struct talk_core *c, const jv *o, struct arena *a)
{
	sv title = jv_get_str(jv_get(o, "title"), c->lang);
	sv order = order_of(c, o);
	if (!order.n || !title.n)
		return arena_sv(a, title);
	sv pairs[] = { SV("order"), order };
	sv no = talk_fill(a, talk_own(c, "case_order"), pairs, 2);
	return sv_of(arena_fmt(a, SV_FMT "%s" SV_FMT, SV_ARG(title), title.n ? talk_gap(c) : "",
			       SV_ARG(no)));
}

sv talk_case_words(struct talk_core *c, struct arena *a)
{
	const struct talk_service *s = &c->svc;
	struct sb b;
	jv *o = present_case(c);
	sb_init(&b, LIM_SB);
	sv wish = what(c, o, a);
	if (wish.n) {
		sv pairs[] = { SV("what"), wish };
		sb_put(&b, talk_fill(a, talk_own(c, "case_wish"), pairs, 2));
	} else if (order_of(c, o).n) {
		sv pairs[] = { SV("order"), order_of(c, o) };
		sb_put(&b, talk_fill(a, talk_own(c, "case_about"), pairs, 2));
	}
	int from = s->n_fact > SAYS_MAX ? s->n_fact - SAYS_MAX : 0;
	for (int i = from; i < s->n_fact; i++) {
		sv say = sv_of(s->fact[i].say);
		size_t n = say.n < SAY_BYTES ? say.n : talk_whole_runes(s->fact[i].say, SAY_BYTES);
		if (say.n)
			put_told(c, &b, sv_trim(sv_slice(say, 0, n)));
	}
	const struct talk_tried *last = s->n_tried ? &s->tried[s->n_tried - 1] : NULL;
	if (last && last->outcome != TOOL_DONE) {
		sv pairs[] = { SV("tool"), sv_of(last->name), SV("outcome"),
			       sv_of(tool_outcome_name(last->outcome)) };
		sb_fmt(&b, "%s" SV_FMT, b.n ? talk_gap(c) : "",
		       SV_ARG(talk_fill(a, talk_own(c, "case_tried"), pairs, 4)));
	}
	sv out = talk_masked(sb_sv(&b), a);
	jv_free(o);
	sb_done(&b);
	return out;
}
