/* talk_packet.c: what a person must know who takes over, as one JSON object: who, in which mood and
 * since when, what they asked, what was answered from where, where their business stands.
 *
 * Personal data is masked; order numbers stay, they are what a colleague looks up. The name goes to
 * the people's side only, never into the river. Pure; made once a wish. */
#include "talk_core.h"

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
	jv_dump(o, out);
	jv_free(o);
	jv_free(is);
}
