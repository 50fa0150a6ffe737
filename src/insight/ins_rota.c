/* ins_rota.c: the shifts of a day from and to JSON, with all that is wrong in them. Pure. */
#include "ins_rota.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int ins_stint_work(const struct ins_stint *s)
{
	int n = s->at.to_min - s->at.from_min;
	for (int i = 0; i < s->pauses; i++)
		n -= s->pause[i].to_min - s->pause[i].from_min;
	return n;
}

bool ins_rota_date(sv text, int64_t *ret)
{
	int64_t y, m, d;
	struct cal_time t;
	if (text.n != 10 || text.p[4] != '-' || text.p[7] != '-' ||
	    sv_i64(sv_slice(text, 0, 4), &y) || sv_i64(sv_slice(text, 5, 7), &m) ||
	    sv_i64(sv_slice(text, 8, 10), &d) || y < 1970 || m < 1 || m > 12 || d < 1 || d > 31)
		return false;
	*ret = cal_days((int)y, (int)m, (int)d);
	cal_date(*ret, &t);
	return t.month == m && t.day == d;   /* no 31 April */
}

/* ---- faults ---- */

__attribute__((format(printf, 4, 5)))
static void fault(struct cfg_report *rep, size_t at, const char *mend, const char *fmt, ...)
{
	struct cfg_issue *x = VEC_PUSH(rep, 100);
	va_list ap;
	if (!x)
		return;
	(void)snprintf(x->where, sizeof(x->where), "shifts[%zu]", at);
	(void)snprintf(x->mend, sizeof(x->mend), "%s", mend);
	va_start(ap, fmt);
	(void)vsnprintf(x->what, sizeof(x->what), fmt, ap);
	va_end(ap);
}

/* A minute of the day, or -1. */
static int minute(const jv *o, const char *key)
{
	double v = jv_get_num(o, key, -1);
	return v >= 0 && v <= INS_DAY_MIN && v == floor(v) ? (int)v : -1;
}

static bool span(const jv *o, struct ins_span *ret)
{
	ret->from_min = minute(o, "from_min");
	ret->to_min = minute(o, "to_min");
	return jv_is_obj(o) && ret->from_min >= 0 && ret->to_min > ret->from_min;
}

static bool pauses(const jv *list, size_t at, struct ins_stint *s, struct cfg_report *rep)
{
	int end = s->at.from_min;
	if (list && (!jv_is_arr(list) || jv_len(list) > INS_PAUSES)) {
		fault(rep, at, "Give pauses as a list.", "%s has no list of at most %d pauses",
		      s->agent, (int)INS_PAUSES);
		return false;
	}
	for (size_t i = 0; i < jv_len(list); i++) {
		struct ins_span *p = &s->pause[s->pauses++];
		if (!span(jv_at(list, i), p) || p->from_min < end || p->to_min > s->at.to_min) {
			fault(rep, at, "Pauses lie within the shift, in order, and do not overlap.",
			      "pause %zu of %s is no stretch of free minutes of the shift", i + 1,
			      s->agent);
			return false;
		}
		end = p->to_min;
	}
	if (ins_stint_work(s) > 0)
		return true;
	fault(rep, at, "Leave time to work.", "the shift of %s is nothing but pauses", s->agent);
	return false;
}

static void one(const jv *o, size_t at, ins_stints *ret, struct cfg_report *rep)
{
	struct ins_stint s = { 0 }, *slot;
	sv agent = jv_get_str(o, "agent");
	if (!agent.n || agent.n >= sizeof(s.agent)) {
		fault(rep, at, "Give the login in agent.", "it says of nobody whose shift it is");
		return;
	}
	memcpy(s.agent, agent.p, agent.n);
	if (!span(o, &s.at)) {
		fault(rep, at, "Cut a shift over midnight in two, one a day.",
		      "from_min and to_min of %s are not within the 24 hours of the day (0 to %d)",
		      s.agent, (int)INS_DAY_MIN);
		return;
	}
	if (!pauses(jv_get(o, "pauses"), at, &s, rep))
		return;
	slot = VEC_PUSH(ret, INS_STINTS);
	if (slot)
		*slot = s;
}

static int by_agent(const void *a, const void *b)
{
	const struct ins_stint *x = a, *y = b;
	int c = strcmp(x->agent, y->agent);
	return c ? c : (x->at.from_min > y->at.from_min) - (x->at.from_min < y->at.from_min);
}

int ins_stints_read(const jv *body, ins_stints *ret, struct cfg_report *rep)
{
	const jv *list = jv_get(body, "shifts");
	size_t n = jv_len(list);
	*ret = (ins_stints){ 0 };
	if (!jv_is_arr(list) || n > INS_STINTS) {
		fault(rep, n, "Give all shifts of the day.", "shifts is no list of at most %d",
		      (int)INS_STINTS);
		return ERR_INVAL;
	}
	for (size_t i = 0; i < n; i++)
		one(jv_at(list, i), i, ret, rep);
	if (ret->n > 1)
		qsort(ret->v, ret->n, sizeof(*ret->v), by_agent);
	for (size_t i = 1; i < ret->n; i++) {
		const struct ins_stint *a = &ret->v[i - 1], *b = &ret->v[i];
		if (strcmp(a->agent, b->agent) == 0 && b->at.from_min < a->at.to_min)
			fault(rep, i, "Nobody works twice at once.",
			      "two shifts of %s overlap: %02d:%02d-%02d:%02d and from %02d:%02d",
			      a->agent, a->at.from_min / 60, a->at.from_min % 60, a->at.to_min / 60,
			      a->at.to_min % 60, b->at.from_min / 60, b->at.from_min % 60);
	}
	return rep->n ? ERR_INVAL : 0;
}

void ins_stint_json(const struct ins_stint *s, struct sb *out)
{
	sb_cstr(out, "{\"agent\":");
	sb_json(out, sv_of(s->agent));
	sb_fmt(out, ",\"from_min\":%d,\"to_min\":%d,\"work_min\":%d,\"pauses\":[", s->at.from_min,
	       s->at.to_min, ins_stint_work(s));
	for (int i = 0; i < s->pauses; i++)
		sb_fmt(out, "%s{\"from_min\":%d,\"to_min\":%d}", i ? "," : "",
		       s->pause[i].from_min, s->pause[i].to_min);
	sb_cstr(out, "]}");
}
