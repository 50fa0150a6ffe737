/* acd_plan_json.c: queues, agents and skills back to JSON, in the shape they are read from,
 * with the defaults filled in: what a console shows and edits. Any thread.
 */
#include "acd_plan_int.h"

#include <stdio.h>

static jv *title_json(const char *const title[2])
{
	jv *o = jv_obj();
	jv_set_str(o, "zh", sv_of(title[0]));
	jv_set_str(o, "en", sv_of(title[1]));
	return o;
}

static void set_over(jv *o, const struct acd_plan *p, const char *key, struct acd_over x)
{
	char to[80];
	if (x.where == ACD_TO_NONE)
		return;
	(void)snprintf(to, sizeof(to), "%s%s%.60s", acd_where_name(x.where),
		       x.where == ACD_TO_QUEUE ? ":" : "",
		       x.where == ACD_TO_QUEUE ? p->queue[x.queue].id : "");
	jv_set_str(o, key, sv_of(to));
}

static jv *needs_json(const struct acd_plan *p, const struct acd_need *need, int n)
{
	jv *list = jv_arr();
	for (int i = 0; i < n; i++) {
		jv *o = jv_obj();
		jv_set_str(o, "skill", sv_of(p->skill[need[i].skill].id));
		jv_set_int(o, "level", need[i].level);
		jv_set_bool(o, "preferred", need[i].preferred);
		jv_push(list, o);
	}
	return list;
}

static jv *relax_json(const struct acd_plan *p, const struct acd_queue *q)
{
	jv *list = jv_arr();
	for (int i = 0; i < q->n_relax; i++) {
		const struct acd_relax *x = &q->relax[i];
		jv *o = jv_obj();
		jv_set_int(o, "after_s", x->after_s);
		if (x->lower)
			jv_set_int(o, "lower", x->lower);
		if (x->drop_preferred)
			jv_set_bool(o, "drop_preferred", true);
		if (x->any_language)
			jv_set_bool(o, "any_language", true);
		if (x->queue >= 0)
			jv_set_str(o, "queue", sv_of(p->queue[x->queue].id));
		jv_push(list, o);
	}
	return list;
}

static void set_waits(jv *o, const struct acd_queue *q)
{
	jv *sl = jv_obj(), *say = jv_obj();
	jv_set_int(sl, "s", q->sl_s);
	jv_set_int(sl, "pct", q->sl_pct);
	jv_set_str(sl, "of", sv_of(acd_sl_name(q->sl_of)));
	jv_set(o, "sl", sl);
	jv_set_int(o, "short_abandon_s", q->short_abandon_s);
	jv_set_bool(say, "position", q->say_position);
	if (q->say_limit)
		jv_set_int(say, "limit", q->say_limit);
	jv_set(say, "wait", q->say_once ? jv_str(SV("once")) : jv_bool(q->say_wait));
	jv_set_int(say, "first_s", q->say_first_s);
	jv_set_int(say, "every_s", q->say_every_s);
	if (q->say[0][0])
		jv_set(say, "say", title_json(q->say));
	jv_set(o, "announce", say);
	if (q->wrapup_s >= 0)
		jv_set_int(o, "wrapup_s", q->wrapup_s);
	jv_set_int(o, "ring_s", q->ring_s);
	jv_set_int(o, "ring_more_s", q->ring_more_s);
	jv_set_int(o, "sticky_s", q->sticky_s);
	jv_set_int(o, "resume_s", q->resume_s);
	jv_set_int(o, "tier_wait_s", q->tier_wait_s);
	jv_set_int(o, "away_s", q->away_s);
}

void acd_plan_queue_json(const struct acd_plan *p, int i, struct sb *out)
{
	const struct acd_queue *q = &p->queue[i];
	jv *o = jv_obj(), *over = jv_obj();
	jv_set_str(o, "id", sv_of(q->id));
	jv_set(o, "title", title_json(q->title));
	jv_set_str(o, "strategy", sv_of(acd_strategy_name(q->strategy)));
	jv_set_int(o, "priority", q->priority);
	jv_set_num(o, "ageing", q->ageing);
	if (q->hours)
		jv_set_str(o, "hours", sv_of(cal_name(q->hours)));
	jv_set_int(o, "max_len", q->max_len);
	jv_set_int(o, "max_wait_s", q->max_wait_s);
	jv_set_int(o, "no_agent_s", q->no_agent_s);
	set_over(over, p, "full", q->full);
	set_over(over, p, "late", q->late);
	set_over(over, p, "closed", q->closed);
	set_over(over, p, "empty", q->empty);
	jv_set(o, "overflow", over);
	set_waits(o, q);
	jv_set(o, "relax", relax_json(p, q));
	jv_set(o, "needs", needs_json(p, q->need, q->n_need));
	jv_set_bool(o, "callback", q->callback);
	jv_set_bool(o, "voicemail", q->voicemail);
	jv_set_str(o, "music", sv_of(q->music));
	jv_dump(o, out);
	jv_free(o);
}

static jv *seats_json(const struct acd_plan *p, const struct acd_person *x)
{
	jv *list = jv_arr();
	for (int i = 0; i < x->n_seats; i++) {
		jv *o = jv_obj();
		jv_set_str(o, "queue", sv_of(p->queue[x->seats[i].queue].id));
		jv_set_int(o, "tier", x->seats[i].tier);
		jv_set_int(o, "position", x->seats[i].position);
		jv_push(list, o);
	}
	return list;
}

void acd_plan_person_json(const struct acd_plan *p, const struct acd_person *x, struct sb *out)
{
	jv *o = jv_obj(), *langs = jv_arr(), *skills = jv_obj(), *cap = jv_obj();
	jv_set_str(o, "login", sv_of(x->login));
	jv_set_str(o, "name", sv_of(x->name));
	jv_set_str(o, "extension", sv_of(x->extension));
	for (int i = 0; i < p->n_langs; i++)
		if (x->languages >> i & 1u)
			jv_push(langs, jv_str(sv_of(p->lang[i])));
	jv_set(o, "languages", langs);
	for (int i = 0; i < x->n_skills; i++)
		jv_set_int(skills, p->skill[x->skills[i].skill].id, x->skills[i].level);
	jv_set(o, "skills", skills);
	jv_set(o, "queues", seats_json(p, x));
	for (int m = 0; m < ACD_MEDIAS; m++)
		jv_set_int(cap, acd_media_name((enum acd_media)m), x->capacity[m]);
	jv_set(o, "capacity", cap);
	jv_set_bool(o, "blended", x->blended);
	jv_set_int(o, "wrapup_s", x->wrapup_s);
	jv_set_int(o, "max_no_answer", x->max_no_answer);
	jv_set_int(o, "reject_delay_s", x->reject_delay_s);
	jv_set_int(o, "busy_delay_s", x->busy_delay_s);
	jv_set_int(o, "no_answer_delay_s", x->no_answer_delay_s);
	jv_dump(o, out);
	jv_free(o);
}

void acd_plan_skills_json(const struct acd_plan *p, struct sb *out)
{
	jv *o = jv_obj(), *list = jv_arr();
	for (int i = 0; i < p->n_skills; i++) {
		jv *s = jv_obj();
		jv_set_str(s, "id", sv_of(p->skill[i].id));
		jv_set(s, "title", title_json(p->skill[i].title));
		jv_push(list, s);
	}
	jv_set(o, "items", list);
	jv_dump(o, out);
	jv_free(o);
}
