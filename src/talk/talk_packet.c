/* talk_packet.c: what a person must know who takes over, as one JSON object: who, in which mood and
 * since when, what they asked, what was answered from where, where their business stands.
 *
 * Personal data is masked; order numbers stay, they are what a colleague looks up. The name goes to
 * the people's side only, never into the river. Pure; made twice a wish: for its
 * row and for them. */
#include "talk_core.h"

#include <stdio.h>

enum { ASKED = 3 };

static const char *const levels[] = { "nobody", "claimed", "known", "proven" };

sv talk_topic(const struct talk_core *c)
{
	if (c->flow)
		return sv_of(flow_id(c->flow));
	return sv_of(c->person.intent);
}

static jv *mood(const struct talk_core *c)
{
	const struct feel_track *t = &c->track;
	jv *o = jv_obj(), *turning = jv_arr();
	jv_set_str(o, "now", sv_of(feel_mood_name(t->mood)));
	jv_set_num(o, "valence", (double)(int)(t->valence * 100) / 100);
	jv_set_num(o, "trend", (double)(int)(t->trend * 100) / 100);
	for (int i = 0; i < t->n_turning; i++) {
		const struct feel_turning *x = &t->turning[i];
		jv *one = jv_obj();
		jv_set_int(one, "turn", x->turn);
		jv_set_str(one, "from", sv_of(feel_mood_name(x->from)));
		jv_set_str(one, "to", sv_of(feel_mood_name(x->to)));
		jv_set_str(one, "words", sv_of(x->why));
		jv_push(turning, one);
	}
	jv_set(o, "turning", turning);
	return o;
}

static void add_slot(jv *list, sv type, sv value)
{
	jv *s = jv_obj();
	for (size_t i = 0; i < jv_len(list); i++)
		if (sv_eq(jv_get_str(jv_at(list, i), "type"), type)) {
			jv_free(s);
			return;
		}
	jv_set_str(s, "type", type);
	jv_set_str(s, "value", value);
	jv_push(list, s);
}

/* What the customer gave to the flow, and the order and article talked of last. */
static jv *slots(const struct talk_core *c, const jv *is)
{
	jv *out = jv_arr(), *v;
	void *it = NULL;
	sv key;
	const jv *given = jv_get(is, "slots");
	while (given && jv_next(given, &it, &key, &v)) {
		struct sb b;
		sb_init(&b, 4096);
		if (!jv_is_str(v))
			jv_dump(v, &b);
		add_slot(out, key, jv_is_str(v) ? jv_as_str(v) : sb_sv(&b));
		sb_done(&b);
	}
	if (jv_get_str(is, "order").n)
		add_slot(out, SV("order"), jv_get_str(is, "order"));
	if (jv_get_str(is, "product").n)
		add_slot(out, SV("product"), jv_get_str(is, "product"));
	return out;
}

static jv *asked(const struct talk_core *c)
{
	jv *out = jv_arr();
	int skip = -ASKED;
	for (int i = 0; i < c->n_past; i++)
		skip += !c->past[i].bot;
	for (int i = 0; i < c->n_past; i++)
		if (!c->past[i].bot && skip-- <= 0)
			jv_push(out, jv_str(sv_of(c->past[i].text)));
	return out;
}

static jv *citations(const struct talk_core *c)
{
	const struct talk_person *p = &c->person;
	jv *out = jv_arr();
	for (int i = 0; i < p->n_cited; i++) {
		jv *o = jv_obj();
		jv_set_str(o, "article_id", sv_of(p->cited[i].id));
		jv_set_str(o, "title", sv_of(p->cited[i].title));
		jv_push(out, o);
	}
	return out;
}

/* The flow under way or the one that was left; null = none. */
static jv *flow(const struct talk_core *c, const jv *is)
{
	if (!jv_get_str(is, "flow").n)
		return jv_null();
	jv *o = jv_obj();
	const jv *title = jv_get(is, "title");
	jv_set_str(o, "id", jv_get_str(is, "flow"));
	jv_set(o, "title", title ? jv_copy(title) : jv_null());
	jv_set_str(o, "step", sv_of(c->person.step));
	return o;
}

static jv *customer(const struct talk_core *c, bool name)
{
	const struct chan_profile *p = c->profile ? c->profile : c->claimed;
	if (!c->svc.customer && !c->who)
		return jv_null();
	jv *o = jv_obj();
	jv_set_str(o, "id", sv_of(c->svc.customer));
	if (name)
		jv_set_str(o, "name", p && p->name.n ? p->name : sv_of(c->who));
	jv_set_str(o, "tier", p ? p->tier : SV_NULL);
	jv_set_str(o, "level", sv_of(levels[c->svc.level]));
	return o;
}

static void move_to(jv *from, jv *to, const char *key)
{
	jv *v = jv_get(from, key);
	jv_set(to, key, v ? jv_copy(v) : jv_arr());
}

/* ---- without the name ---- */

static bool word_end(char c)
{
	bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
	return !letter;
}

bool talk_nameless(sv text, sv name, struct sb *b)
{
	bool found = false;
	while (name.n > 1 && text.n) {
		ptrdiff_t at = sv_find(text, name);
		if (at < 0)
			break;
		size_t i = (size_t)at, e = i + name.n;
		bool whole = (i == 0 || word_end(text.p[i - 1]) || word_end(name.p[0])) &&
			     (e == text.n || word_end(text.p[e]) || word_end(name.p[name.n - 1]));
		sb_put(b, sv_slice(text, 0, whole ? i : e));
		if (whole)
			sb_cstr(b, "[name]");
		found |= whole;
		text = sv_slice(text, e, text.n);
	}
	sb_put(b, text);
	return found;
}

static jv *unnamed_text(const struct talk_core *c, sv text)
{
	const struct chan_profile *p = c->profile ? c->profile : c->claimed;
	sv names[] = { p ? p->name : SV_NULL, sv_of(c->who) };
	struct sb b[2];
	for (int i = 0; i < 2; i++) {
		sb_init(&b[i], LIM_SB);
		(void)talk_nameless(text, names[i], &b[i]);
		text = sb_sv(&b[i]);
	}
	jv *s = jv_str(text);
	sb_done(&b[0]);
	sb_done(&b[1]);
	return s;
}

/* A copy: every text of v without the customer's name. What the bot said may hold it. */
static jv *unnamed(const struct talk_core *c, const jv *v)
{
	if (jv_is_str(v))
		return unnamed_text(c, jv_as_str(v));
	if (!jv_is_obj(v) && !jv_is_arr(v))
		return jv_copy(v);
	jv *out = jv_is_arr(v) ? jv_arr() : jv_obj(), *x;
	void *it = NULL;
	sv key;
	for (size_t i = 0; jv_is_arr(v) && i < jv_len(v); i++)
		jv_push(out, unnamed(c, jv_at(v, i)));
	while (jv_is_obj(v) && jv_next(v, &it, &key, &x)) {
		char k[64];
		(void)snprintf(k, sizeof(k), SV_FMT, SV_ARG(key));
		jv_set(out, k, unnamed(c, x));
	}
	return out;
}

void talk_packet(struct talk_core *c, const char *reason, bool name, struct arena *a,
		 struct sb *out)
{
	struct sb b;
	sb_init(&b, LIM_SB);
	talk_case_json(c, &b);
	jv *is = jv_parse(sb_sv(&b), NULL), *o = jv_obj();
	sb_done(&b);
	jv_set_str(o, "summary", talk_masked(talk_briefing(c, a), a));
	jv_set_str(o, "reason", sv_of(reason));
	jv_set_str(o, "language", sv_of(c->lang));
	jv_set(o, "mood", mood(c));
	jv_set(o, "slots", slots(c, is));
	move_to(is, o, "tried");
	move_to(is, o, "said");
	jv_set(o, "asked", asked(c));
	jv_set(o, "citations", citations(c));
	jv_set(o, "flow", flow(c, is));
	move_to(is, o, "more");
	jv_set(o, "customer", customer(c, name));
	jv_set_int(o, "attempts", c->attempts);
	if (c->person.instruction)
		jv_set_str(o, "instruction", sv_of(c->person.instruction));
	if (!name) {
		jv *bare = unnamed(c, o);
		jv_free(o);
		o = bare;
	}
	jv_dump(o, out);
	jv_free(o);
	jv_free(is);
}
