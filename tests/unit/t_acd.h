/* t_acd.h: a machine of queues on a clock of its own, and what it tells as words: for the tests of
 * acd_core.
 *
 *	struct world w;
 *	w_open(&w, yaml);
 *	w_agent(&w, "mei", "a:5", "zh", "sales");
 *	w_ready(&w, "mei");
 *	w_enter(&w, "i1", "sales", "zh", 0);
 *	STR_EQ(w_said(&w), "offer i1 mei;");
 *	w_close(&w);
 */
#ifndef CALLM_T_ACD_H
#define CALLM_T_ACD_H

#include <stdio.h>

#include "acd_core.h"
#include "t.h"

#define SHOW(k) (1u << (k))
struct world {
	struct acd_core *c;
	struct acd_plan *p;
	struct cal *office;
	struct sb said;
	unsigned show;
	bool waits;                  /* and whether the wait is told */
	int64_t now;
	const char *bad;             /* first thing the checker found */
};

static inline const struct cal *w_cal(void *arg, sv name)
{
	struct world *w = arg;
	return sv_eq(name, SV("office")) ? w->office : NULL;
}

static inline void w_out(void *arg, const struct acd_out *o)
{
	struct world *w = arg;
	if (!(w->show & SHOW(o->kind)))
		return;
	sb_cstr(&w->said, acd_out_name(o->kind));
	if (o->item.n)
		sb_fmt(&w->said, " " SV_FMT, SV_ARG(o->item));
	if (o->kind == ACD_MOVED || (o->kind == ACD_OUT_OF_QUEUE && o->queue.n))
		sb_fmt(&w->said, " " SV_FMT, SV_ARG(o->queue));
	if (o->login.n)
		sb_fmt(&w->said, " " SV_FMT, SV_ARG(o->login));
	if (o->kind == ACD_AGENT_IS)
		sb_fmt(&w->said, " %s", acd_state_name(o->state));
	if (o->kind == ACD_OUT_OF_QUEUE)
		sb_fmt(&w->said, " %s", acd_where_name(o->how));
	if (o->why.n)
		sb_fmt(&w->said, " " SV_FMT, SV_ARG(o->why));
	if (o->kind == ACD_PLACE || o->kind == ACD_RELAXED)
		sb_fmt(&w->said, " %d%s%s", o->position, o->quiet ? " quiet" : "",
		       o->own ? " own" : "");
	if (o->kind == ACD_PLACE && w->waits && o->wait_ms >= 0)
		sb_cstr(&w->said, " wait");
	sb_ch(&w->said, ';');
}

static inline struct acd_plan *w_plan(struct world *w, const char *yaml)
{
	struct acd_cals cals = { w_cal, w };
	struct cfg_report rep = { 0 };
	struct acd_plan *p = NULL;
	if (acd_plan_new(&p, sv_of(yaml), "t.yaml", &cals, &rep))
		t_fail(__FILE__, __LINE__, rep.n ? rep.v[0].what : "no plan");
	cfg_report_done(&rep);
	return p;
}

/* 09:00 to 17:00 UTC from Monday to Friday; the clock starts on a Monday at ten. */
static inline void w_open(struct world *w, const char *yaml)
{
	struct err e;
	jv *spec = jv_parse(SV("{\"zone\":\"UTC\",\"week\":{\"mon-fri\":[\"09:00-17:00\"]}}"), &e);
	*w = (struct world){ .show = SHOW(ACD_OFFER) | SHOW(ACD_REVOKE) | SHOW(ACD_MOVED) |
				     SHOW(ACD_OUT_OF_QUEUE),
			     .now = cal_days(2026, 3, 2) * CAL_DAY + 10 * CAL_HOUR };
	sb_init(&w->said, LIM_SB);
	if (cal_new(&w->office, SV("office"), spec, &e))
		t_fail(__FILE__, __LINE__, e.msg);
	jv_free(spec);
	w->p = w_plan(w, yaml);
	(void)acd_core_new(&w->c, w->p, 7, w->now, w_out, w);
}

static inline void w_close(struct world *w)
{
	acd_core_free(w->c);
	obj_unref(w->p);
	obj_unref(w->office);
	sb_done(&w->said);
}

/* Looks at everything; keeps the first fault. */
static inline int w_did(struct world *w, int rc)
{
	if (!w->bad)
		w->bad = acd_core_check(w->c, w->now);
	return rc;
}

static inline const char *w_said(struct world *w)
{
	static char text[4096];
	(void)snprintf(text, sizeof(text), "%s", sb_str(&w->said));
	sb_reset(&w->said);
	return text;
}

/* Everything due until then happens at its time. */
static inline void w_pass(struct world *w, int64_t ms)
{
	int64_t end = w->now + ms, next;
	while ((next = acd_core_tick(w->c, w->now)) <= end) {
		w->now = next > w->now ? next : w->now;
		(void)w_did(w, 0);
	}
	w->now = end;
	(void)w_did(w, 0);
}

/* skills "a:5 b:2", languages "zh en", queues "sales vip/2" (tier 2) "x/1/3" (position 3) */
static inline int w_agent(struct world *w, const char *login, const char *skills,
			  const char *langs, const char *queues)
{
	struct acd_agent a = { .login = sv_of(login), .name = sv_of(login), .wrapup_ms = 10000,
			       .max_no_answer = 3, .reject_delay_ms = 5000,
			       .busy_delay_ms = 6000, .no_answer_delay_ms = 7000 };
	sv rest = sv_of(skills), word;
	for (int m = 0; m < ACD_MEDIAS; m++)
		a.capacity[m] = -1;
	while (sv_cut(&rest, ' ', &word)) {
		sv name, level = word;
		int64_t l = 1;
		(void)sv_cut(&level, ':', &name);
		(void)sv_i64(level, &l);
		a.skill[a.n_skills].skill = name;
		a.skill[a.n_skills++].level = (int)l;
	}
	for (rest = sv_of(langs); sv_cut(&rest, ' ', &word);)
		a.languages[a.n_languages++] = word;
	for (rest = sv_of(queues); sv_cut(&rest, ' ', &word);) {
		sv part;
		int64_t tier = 1, pos = 1;
		(void)sv_cut(&word, '/', &part);
		a.seat[a.n_seats].queue = part;
		if (sv_cut(&word, '/', &part))
			(void)sv_i64(part, &tier);
		if (sv_cut(&word, '/', &part))
			(void)sv_i64(part, &pos);
		a.seat[a.n_seats].tier = (int)tier;
		a.seat[a.n_seats++].position = (int)pos;
	}
	return w_did(w, acd_core_agent(w->c, &a, w->now));
}

static inline int w_be(struct world *w, const char *login, enum acd_presence p)
{
	return w_did(w, acd_core_presence(w->c, sv_of(login), p, SV("lunch"), false, w->now));
}

static inline int w_ready(struct world *w, const char *login)
{
	return w_be(w, login, ACD_READY);
}

static inline int w_enter(struct world *w, const char *id, const char *queue, const char *lang,
			  int priority)
{
	struct acd_item x = { .id = sv_of(id), .queue = sv_of(queue), .language = sv_of(lang),
			      .priority = priority, .media = ACD_CHAT };
	return w_did(w, acd_core_enter(w->c, &x, w->now));
}

static inline int w_accept(struct world *w, const char *id, const char *login)
{
	return w_did(w, acd_core_accept(w->c, sv_of(id), sv_of(login), w->now));
}

static inline int w_reject(struct world *w, const char *id, const char *login, const char *why)
{
	return w_did(w, acd_core_reject(w->c, sv_of(id), sv_of(login), sv_of(why), w->now));
}

static inline int w_leave(struct world *w, const char *id, const char *why)
{
	return w_did(w, acd_core_leave(w->c, sv_of(id), sv_of(why), w->now));
}

static inline int w_end(struct world *w, const char *id)
{
	return w_did(w, acd_core_end(w->c, sv_of(id), SV("agent"), w->now));
}

static inline int w_wrapped(struct world *w, const char *id, const char *login)
{
	return w_did(w, acd_core_wrapped(w->c, sv_of(id), sv_of(login), w->now));
}

static inline struct acd_numbers w_numbers(struct world *w, const char *queue)
{
	struct acd_queue_now q = { 0 };
	(void)acd_core_queue_now(w->c, sv_of(queue), w->now, &q);
	return q.n;
}

#endif
