/* ins_staffing.c: staffing of a row of intervals, and rosters, from and to JSON. Pure. */
#include "ins_staffing.h"

#include <math.h>
#include <stdio.h>

#include "arena.h"
#include "ins_shift.h"
#include "ins_staff.h"

enum { NODES = 2000, NODES_MAX = 50000, CELLS = 1000000000 }; /* about a second */

#define ERLANGS 3e6                  /* of all slots: seconds of computing */

/* ---- rosters ---- */


static int whole(const jv *o, const char *key, int64_t def, int *ret)
{
	const jv *v = jv_get(o, key);
	double d = v ? jv_as_num(v, NAN) : (double)def;
	if (!(d >= 0 && d <= 1000000 && d == floor(d)))
		return ERR_INVAL;
	*ret = (int)d;
	return 0;
}

static int add_rule(struct ins_shift_set *s, const jv *o, size_t at, struct err *e)
{
	struct ins_shift k = { 0 };
	int first = 0, last = 0, margin = 0;
	if (!jv_is_obj(o) || !jv_is_num(jv_get(o, "length")) || !jv_is_num(jv_get(o, "first")))
		return err_set(e, ERR_INVAL, "shifts[%zu] needs length and first, in slots", at);
	if (whole(o, "length", 0, &k.length) || whole(o, "first", 0, &first) ||
	    whole(o, "last", first, &last) || whole(o, "pause", 0, &k.pause) ||
	    whole(o, "margin", 1, &margin) || whole(o, "cost", 0, &k.cost))
		return err_set(e, ERR_INVAL, "shifts[%zu]: length, first, last, pause, margin and "
			       "cost are whole numbers", at);
	if (last < first)
		return err_set(e, ERR_INVAL, "shifts[%zu]: last is before first", at);
	return ins_shift_add_all(s, &k, first, last, margin, e);
}

static jv *numbers(const int *v, int n)
{
	jv *a = jv_arr();
	for (int i = 0; i < n; i++)
		jv_push(a, jv_int(v[i]));
	return a;
}

static jv *roster_of(const struct ins_shift_set *s, const struct ins_roster *r, const sv *name)
{
	jv *list = jv_arr();
	for (size_t i = 0; i < s->kinds; i++) {
		const struct ins_shift *k = &s->kind[i];
		if (!r->count[i])
			continue;
		jv *o = jv_obj();
		jv_set_str(o, "shift", name[i]);
		jv_set_int(o, "from", k->from);
		jv_set_int(o, "to", k->from + k->length);
		if (k->pause) {
			jv_set_int(o, "pause_from", k->from + k->pause_at);
			jv_set_int(o, "pause_to", k->from + k->pause_at + k->pause);
		}
		jv_set_int(o, "count", r->count[i]);
		jv_push(list, o);
	}
	return list;
}

/* Kinds of the rules; name[kind] says of which rule it is. */
static int rules_of(const jv *shifts, struct ins_shift_set *s, sv *name, struct err *e)
{
	if (!jv_len(shifts) || jv_len(shifts) > 100)
		return err_set(e, ERR_INVAL, "shifts is a list of 1 to 100");
	for (size_t i = 0; i < jv_len(shifts); i++) {
		size_t before = s->kinds;
		int rc = add_rule(s, jv_at(shifts, i), i, e);
		if (rc)
			return rc;
		for (size_t k = before; k < s->kinds; k++)
			name[k] = jv_get_str(jv_at(shifts, i), "name");
	}
	return 0;
}

static int roster(const int *need, int slots, const jv *shifts, int64_t nodes, jv **ret,
		  struct err *e)
{
	struct ins_shift_set s = { .slots = slots, .need = need, .work = CELLS };
	struct ins_roster r = { 0 };
	int cover[INS_SHIFT_SLOTS];
	size_t most = nodes > NODES_MAX ? NODES_MAX : nodes > 0 ? (size_t)nodes : NODES;
	sv *name = xalloc(INS_SHIFT_KINDS * sizeof(*name));
	int rc = rules_of(shifts, &s, name, e);
	if (rc == 0)
		rc = ins_shift_solve(&s, most, &r, e);
	if (rc == 0) {
		jv *o = jv_obj();
		ins_roster_cover(&s, &r, cover);
		jv_set_int(o, "cost", r.cost);
		jv_set_num(o, "bound", r.bound);
		jv_set_bool(o, "proven", r.proven);
		jv_set(o, "cover", numbers(cover, slots));
		jv_set(o, "roster", roster_of(&s, &r, name));
		*ret = o;
	}
	ins_roster_done(&r);
	ins_shift_set_done(&s);
	xfree(name);
	return rc;
}

int ins_roster_json(const jv *body, jv **ret, struct err *e)
{
	const jv *list = jv_get(body, "need");
	int need[INS_SHIFT_SLOTS];
	size_t n = jv_len(list);
	if (!n || n > INS_SHIFT_SLOTS)
		return err_set(e, ERR_INVAL, "need is a list of 1 to %d numbers of people",
			       (int)INS_SHIFT_SLOTS);
	for (size_t i = 0; i < n; i++) {
		double v = jv_as_num(jv_at(list, i), NAN);
		if (!(v >= 0 && v <= 100000))
			return err_set(e, ERR_INVAL, "need[%zu] is no number of people", i);
		need[i] = (int)ceil(v);
	}
	return roster(need, (int)n, jv_get(body, "shifts"), jv_get_int(body, "nodes", NODES), ret,
		      e);
}

/* ---- staffing ---- */

static int load_of(const jv *b, struct ins_load *l, struct err *e)
{
	const struct {
		const char *key;
		double *dst, def;
	} f[] = {
		{ "interval_s", &l->interval_s, 1800 }, { "within_s", &l->within_s, 20 },
		{ "goal", &l->goal, 0.8 },		{ "patience_s", &l->patience_s, 0 },
		{ "occupancy_max", &l->occupancy_max, 0 }, { "shrinkage", &l->shrinkage, 0 },
	};
	for (size_t i = 0; i < sizeof(f) / sizeof(*f); i++) {
		const jv *v = jv_get(b, f[i].key);
		if (v && !jv_is_num(v))
			return err_set(e, ERR_INVAL, "%s is a number", f[i].key);
		*f[i].dst = jv_as_num(v, f[i].def);
	}
	return whole(b, "concurrency", 1, &l->concurrency) ?
		       err_set(e, ERR_INVAL, "concurrency is a whole number") : 0;
}

/* Number i of a list, or the one number for all. */
static double of_slot(const jv *v, size_t i)
{
	return jv_is_num(v) ? jv_as_num(v, NAN) : jv_as_num(jv_at(v, i), NAN);
}

static jv *slot_json(const struct ins_load *l, const struct ins_staffing *s)
{
	jv *o = jv_obj();
	jv_set_num(o, "calls", l->calls);
	jv_set_int(o, "agents", s->agents);
	jv_set_int(o, "scheduled", s->scheduled);
	jv_set_num(o, "service_level", s->service_level);
	jv_set_num(o, "occupancy", s->occupancy);
	jv_set_num(o, "p_wait", s->p_wait);
	jv_set_num(o, "p_abandon", s->p_abandon);
	jv_set_num(o, "asa_ms", s->asa_s * 1000);
	return o;
}

int ins_staffing_json(const jv *body, jv **ret, struct err *e)
{
	const jv *calls = jv_get(body, "calls"), *aht = jv_get(body, "aht_s");
	size_t n = jv_is_num(calls) ? 1 : jv_len(calls);
	int need[INS_SHIFT_SLOTS], rc = 0;
	long sum = 0;
	double erlangs = 0;
	struct ins_load l = { 0 };
	if (!n || n > INS_SHIFT_SLOTS || !aht)
		return err_set(e, ERR_INVAL, "calls (1 to %d numbers) and aht_s are wanted",
			       (int)INS_SHIFT_SLOTS);
	rc = load_of(body, &l, e);
	jv *o = jv_obj(), *slots = jv_arr(), *r = NULL;
	for (size_t i = 0; rc == 0 && i < n; i++) {
		struct ins_staffing s = { 0 };
		struct err why = { 0 };
		l.calls = of_slot(calls, i);
		l.aht_s = of_slot(aht, i);
		erlangs += l.calls * l.aht_s / l.interval_s;
		rc = erlangs > ERLANGS ? err_set(&why, ERR_TOOBIG, "more than %.0f erlangs in all, "
						 "by here %.0f", ERLANGS, erlangs) :
					 ins_staff_need(&l, &s, &why);
		if (rc)
			err_set(e, rc, "slot %zu: %s", i, why.msg);
		need[i] = s.scheduled;
		sum += s.agents;
		jv_push(slots, slot_json(&l, &s));
	}
	jv_set(o, "slots", slots);
	jv_set_int(o, "agent_slots", sum);
	if (rc == 0 && jv_get(body, "shifts")) {
		rc = roster(need, (int)n, jv_get(body, "shifts"), jv_get_int(body, "nodes", NODES),
			    &r, e);
		if (rc == 0)
			jv_set(o, "roster", r);
	}
	if (rc) {
		jv_free(o);
		return rc;
	}
	*ret = o;
	return 0;
}
