/* flow_part.c: parts that several flows share: slots and steps that are written once ("which order
 * is it, and what if its number is lost?") and put in where a flow says `use: ID`.
 *
 * It is done on the tree, before the flow is read, so that nothing behind it knows of parts: the
 * steps of a part get the name of the place before their own ("whose" and "ask": "whose_ask"), its
 * `out` is the step behind that place, and its slots come to the flow's, where the flow's own keys
 * go before. A text that is looked at alone may use a part it does not hold: what the place names
 * as `slot` is asked for instead. Any thread; the trees made are the set's. */
#include "flow_int.h"

#include <stdio.h>

/* ---- names inside a part ---- */

struct rename {
	const jv *part;
	const char *use;             /* id of the place */
};

static bool of_part(const struct rename *n, sv id)
{
	const jv *steps = jv_get(n->part, "steps");
	if (sv_eq(id, SV("out")))
		return true;
	for (size_t i = 0; i < jv_len(steps); i++)
		if (sv_eq(id, jv_get_str(jv_at(steps, i), "id")))
			return true;
	return false;
}

static jv *renamed(const struct rename *n, sv id)
{
	char name[3 * FLOW_NAME];
	if (!of_part(n, id))
		return jv_str(id);
	(void)snprintf(name, sizeof(name), "%s_" SV_FMT, n->use, SV_ARG(id));
	return jv_str(sv_of(name));
}

static bool names_step(sv key)
{
	static const char *const keys[] = { "id", "next", "goto", "else", "fail" };
	for (size_t i = 0; i < sizeof(keys) / sizeof(*keys); i++)
		if (sv_eq(key, sv_of(keys[i])))
			return true;
	return false;
}

/* A copy in which the steps of the part have their new names. in_on: all members name steps. */
static jv *with_names(const struct rename *n, const jv *v, bool in_on)
{
	void *it = NULL;
	sv key;
	jv *x;
	if (jv_is_arr(v)) {
		jv *list = jv_arr();
		for (size_t i = 0; i < jv_len(v); i++)
			jv_push(list, with_names(n, jv_at(v, i), false));
		return list;
	}
	if (!jv_is_obj(v))
		return jv_copy(v);
	jv *o = jv_obj();
	while (jv_next(v, &it, &key, &x)) {
		char k[FLOW_NAME * 2];
		bool id = (in_on || names_step(key)) && jv_is_str(x);
		(void)snprintf(k, sizeof(k), SV_FMT, SV_ARG(key));
		jv_set(o, k, id ? renamed(n, jv_as_str(x)) :
				  with_names(n, x, sv_eq(key, SV("on"))));
	}
	return o;
}

/* ---- putting it in ---- */

static const struct flow_part *part_of(const struct flow_parts *p, sv id)
{
	for (size_t i = 0; i < p->n; i++)
		if (sv_eq(id, jv_get_str(p->v[i].tree, "id")))
			return &p->v[i];
	return NULL;
}

/* The part's slots come to the flow's; of a slot in both, the flow's keys go before. */
static void add_slots(jv *slots, const struct rename *n)
{
	jv *theirs = with_names(n, jv_get(n->part, "slots"), false), *v;
	void *it = NULL;
	sv name;
	while (theirs && jv_next(theirs, &it, &name, &v)) {
		jv *own = jv_member(slots, name), *x;
		char k[FLOW_NAME * 2];
		void *in = NULL;
		sv key;
		(void)snprintf(k, sizeof(k), SV_FMT, SV_ARG(name));
		if (!own) {
			jv_set(slots, k, jv_copy(v));
			continue;
		}
		while (jv_is_obj(v) && jv_next(v, &in, &key, &x)) {
			(void)snprintf(k, sizeof(k), SV_FMT, SV_ARG(key));
			if (!jv_member(own, key))
				jv_set(own, k, jv_copy(x));
		}
	}
	jv_free(theirs);
}

static void add_step(jv *steps, struct flow_origin *from, const struct flow_origin *at, jv *step)
{
	if (jv_len(steps) < FLOW_STEPS) /* one more is the reader's fault to tell */
		from[jv_len(steps)] = *at;
	jv_push(steps, step);
}

/* A step that only has a name. */
static jv *mark(sv id)
{
	jv *o = jv_obj();
	jv_set_str(o, "id", id);
	jv_set_str(o, "goto", SV("next"));
	return o;
}

static void add_part(jv *o, jv *steps, struct flow_origin *from, const struct flow_origin *at,
		     const struct flow_part *p)
{
	const jv *use = jv_at(jv_get(o, "steps"), at->step), *theirs = jv_get(p->tree, "steps");
	char name[FLOW_NAME], out[FLOW_NAME + 8];
	sv id = jv_get_str(use, "id");
	(void)snprintf(name, sizeof(name), SV_FMT, SV_ARG(id.n ? id : jv_get_str(use, "use")));
	(void)snprintf(out, sizeof(out), "%s_out", name);
	struct rename n = { p->tree, name };
	jv *slots = jv_get(o, "slots");
	if (!slots) {
		slots = jv_obj();
		jv_set(o, "slots", slots);
	}
	add_slots(slots, &n);
	add_step(steps, from, at, mark(sv_of(name)));
	for (size_t i = 0; i < jv_len(theirs); i++) {
		struct flow_origin there = { p->r.name, p->r.text, p->at, i };
		add_step(steps, from, &there, with_names(&n, jv_at(theirs, i), false));
	}
	jv *end = mark(sv_of(out));
	if (jv_get_str(use, "next").n)
		jv_set_str(end, "goto", jv_get_str(use, "next"));
	add_step(steps, from, at, end);
}

/* Alone: the slot is asked for in its place. NULL = the step as it is, a fault to be told. */
static jv *alone(const jv *use)
{
	sv slot = jv_get_str(use, "slot");
	jv *o = slot.n ? jv_copy(use) : NULL;
	if (!o)
		return NULL;
	jv_del(o, "use");
	jv_del(o, "slot");
	jv_set_str(o, "collect", slot);
	return o;
}

jv *flow_expand(struct flow_reader *r, const jv *flow, const char *at, struct flow_origin *from)
{
	jv *o = jv_copy(flow), *steps = jv_arr();
	const jv *list = jv_get(flow, "steps");
	for (size_t i = 0; i < jv_len(list) && jv_len(steps) <= FLOW_STEPS; i++) {
		const jv *s = jv_at(list, i);
		struct flow_origin here = { r->name, r->text, at, i };
		sv use = jv_get_str(s, "use");
		const struct flow_part *p = use.n ? part_of(r->parts, use) : NULL;
		jv *instead = use.n && !p && !r->tool_known ? alone(s) : NULL;
		if (p)
			add_part(o, steps, from, &here, p);
		else
			add_step(steps, from, &here, instead ? instead : jv_copy(s));
	}
	jv_set(o, "steps", steps);
	return o;
}

/* ---- the parts of a file ---- */

void flow_parts(struct flow_reader *r, const jv *tree)
{
	const jv *list = jv_get(tree, "parts");
	for (size_t i = 0; i < jv_len(list); i++) {
		const jv *o = jv_at(list, i);
		char at[40];
		(void)snprintf(at, sizeof(at), "parts[%zu]", i);
		sv id = jv_get_str(o, "id");
		bool fits = id.n && id.n < FLOW_NAME && jv_is_arr(jv_get(o, "steps"));
		if (!fits)
			flow_fault(r, at, "Give it id: and steps:.", "not a part");
		else if (part_of(r->parts, id))
			flow_fault(r, at, "Give each part its own id.", "the part is there twice");
		else if (r->parts->n == FLOW_PARTS)
			flow_fault(r, at, "Put some together.", "too many parts");
		else
			r->parts->v[r->parts->n++] =
				(struct flow_part){ o, *r, arena_cstr(&r->set->a, sv_of(at)) };
	}
}
