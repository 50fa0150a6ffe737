/* ins_duty.c: the running day from and to JSON: what helps now, and who kept to the plan. Pure. */
#include "ins_staffing.h"

#include <math.h>
#include <string.h>

#include "arena.h"
#include "ins_shift.h"

enum { DUTY_MAX = 5000, MOVES_MAX = 1000, DAY_MIN = 1440 };

static int whole(const jv *o, const char *key, int def)
{
	double v = jv_get_num(o, key, def);
	return v >= 0 && v <= DAY_MIN && v == floor(v) ? (int)v : -1;
}

static int duty_of(const jv *o, size_t at, int slots, struct ins_duty *d, struct err *e)
{
	int from = whole(o, "from", -1), to = whole(o, "to", -1);
	int pause = whole(o, "pause_from", 0), end = whole(o, "pause_to", 0);
	int first = whole(o, "pause_first", pause), last = whole(o, "pause_last", pause);
	if (!jv_is_obj(o) || from < 0 || to <= from || to > slots)
		return err_set(e, ERR_INVAL, "duty[%zu] needs from and to within 0 and %d slots",
			       at, slots);
	if (pause < 0 || end < pause || (end && (pause <= from || end >= to)))
		return err_set(e, ERR_INVAL, "duty[%zu]: the pause lies within the shift", at);
	d->shift = (struct ins_shift){ .from = from, .length = to - from,
				       .pause_at = end ? pause - from : 0, .pause = end - pause };
	if (first < 0 || last < 0)
		return err_set(e, ERR_INVAL, "duty[%zu]: pause_first and pause_last are slots", at);
	d->pause_first = first - from;
	d->pause_last = last - from;
	d->longer_max = whole(o, "longer_max", 0);
	d->may_leave = jv_get_bool(o, "may_leave", false);
	return d->longer_max < 0 ? err_set(e, ERR_INVAL, "duty[%zu]: longer_max is a number of "
					   "slots", at) : 0;
}

static jv *move_json(const jv *list, const struct ins_move *m)
{
	static const char *const kind[] = { "pause", "longer", "leave" };
	jv *o = jv_obj();
	jv_set_str(o, "move", sv_of(kind[m->kind]));
	jv_set_int(o, "duty", (int64_t)m->duty);
	jv_set_str(o, "who", jv_get_str(jv_at(list, m->duty), "who"));
	jv_set_int(o, m->kind == INS_MOVE_PAUSE ? "pause_from" : "to", m->slot);
	return o;
}

static int replan(const jv *body, jv **ret, struct err *e)
{
	const jv *need = jv_get(body, "need"), *list = jv_get(body, "duty");
	size_t slots = jv_len(need), n = jv_len(list);
	int people[INS_SHIFT_SLOTS], now = whole(body, "now", 0), lack = 0, rc = 0;
	if (!slots || slots > INS_SHIFT_SLOTS || !n || n > DUTY_MAX || now < 0)
		return err_set(e, ERR_INVAL, "need (1 to %d slots), duty (1 to %d shifts) and now "
			       "(a slot) are wanted", (int)INS_SHIFT_SLOTS, (int)DUTY_MAX);
	for (size_t i = 0; i < slots; i++) {
		double v = jv_as_num(jv_at(need, i), NAN);
		if (!(v >= 0 && v <= 100000))
			return err_set(e, ERR_INVAL, "need[%zu] is no number of people", i);
		people[i] = (int)ceil(v);
	}
	struct ins_duty *duty = xalloc(n * sizeof(*duty));
	struct ins_move *move = xalloc(MOVES_MAX * sizeof(*move));
	for (size_t i = 0; rc == 0 && i < n; i++)
		rc = duty_of(jv_at(list, i), i, (int)slots, &duty[i], e);
	if (rc == 0) {
		jv *o = jv_obj(), *moves = jv_arr();
		size_t k = ins_shift_replan(duty, n, people, (int)slots, now, move, MOVES_MAX,
					    &lack);
		for (size_t i = 0; i < k; i++)
			jv_push(moves, move_json(list, &move[i]));
		jv_set(o, "moves", moves);
		jv_set_int(o, "short_by", lack);
		*ret = o;
	}
	xfree(duty);
	xfree(move);
	return rc;
}

/* Pieces [{from, to, what: work | pause}], in minutes of the day, laid on it. */
static int paint(const jv *list, const char *name, unsigned char day[DAY_MIN], struct err *e)
{
	memset(day, 0, DAY_MIN);
	for (size_t i = 0; i < jv_len(list); i++) {
		const jv *o = jv_at(list, i);
		int from = whole(o, "from", -1), to = whole(o, "to", -1);
		sv what = jv_get_str(o, "what");
		bool pause = sv_eq(what, SV("pause"));
		if (from < 0 || to < from || (!pause && what.n && !sv_eq(what, SV("work"))))
			return err_set(e, ERR_INVAL,
				       "%s[%zu] is {from, to, what: work or pause} in "
				       "minutes of the day",
				       name, i);
		memset(day + from, pause ? 2 : 1, (size_t)(to - from));
	}
	return 0;
}

static int adherence(const jv *body, jv **ret, struct err *e)
{
	unsigned char plan[DAY_MIN], did[DAY_MIN];
	struct ins_adherence a;
	int rc = paint(jv_get(body, "planned"), "planned", plan, e);
	if (rc == 0)
		rc = paint(jv_get(body, "done"), "done", did, e);
	if (rc)
		return rc;
	ins_adherence(plan, did, DAY_MIN, &a);
	jv *o = jv_obj();
	jv_set_int(o, "planned_min", a.planned);
	jv_set_int(o, "kept_min", a.kept);
	jv_set_num(o, "adherence", a.planned ? (double)a.kept / a.planned : NAN);
	jv_set_num(o, "conformance", a.work_planned ? (double)a.work_done / a.work_planned : NAN);
	jv_set_int(o, "late_min", a.late);
	jv_set_int(o, "early_min", a.early);
	*ret = o;
	return 0;
}

int ins_plan_json(const jv *body, jv **ret, struct err *e)
{
	if (jv_get(body, "planned"))
		return adherence(body, ret, e);
	if (jv_get(body, "duty"))
		return replan(body, ret, e);
	if (jv_get(body, "need"))
		return ins_roster_json(body, ret, e);
	return ins_staffing_json(body, ret, e);
}
