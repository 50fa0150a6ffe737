/* acd_core_replan.c: another plan while everything goes on.
 *
 * What is known by number (queues, skills, languages) is found again by name. What waits is
 * taken out of the old lines and put into new ones with its place; offers and service go on.
 * What stood in a queue that is no more goes to the first queue; its wishes that no plan names
 * any more are dropped. One thread.
 */
#include "acd_core_int.h"

struct change {
	const struct acd_plan *from, *to;
	int queue[ACD_QUEUES], skill[ACD_SKILLS], lang[ACD_LANGS]; /* new number; -1 = no more */
};

static void compare(struct change *k)
{
	for (int i = 0; i < acd_plan_queues(k->from); i++)
		k->queue[i] = acd_plan_queue_of(k->to, sv_of(acd_plan_queue(k->from, i)->id));
	for (int i = 0; i < acd_plan_skills(k->from); i++)
		k->skill[i] = acd_plan_skill_of(k->to, sv_of(acd_plan_skill(k->from, i)));
	for (int i = 0; i < acd_plan_langs(k->from); i++)
		k->lang[i] = acd_plan_lang_of(k->to, sv_of(acd_plan_lang(k->from, i)));
}

static void change_agent(struct acd_core *c, const struct change *k, struct agent *a)
{
	uint8_t level[ACD_SKILLS] = { 0 };
	uint32_t langs = 0;
	int n = 0;
	for (int i = 0; i < acd_plan_skills(k->from); i++)
		if (k->skill[i] >= 0)
			level[k->skill[i]] = a->level[i];
	for (int i = 0; i < acd_plan_langs(k->from); i++)
		if (k->lang[i] >= 0 && a->languages >> i & 1)
			langs |= UINT32_C(1) << k->lang[i];
	for (int i = 0; i < a->n_seats; i++) {
		struct acd_seat s = a->seat[i];
		if (k->queue[s.queue] < 0)
			continue;
		s.queue = k->queue[s.queue];
		a->seat[n++] = s;
	}
	a->n_seats = n;
	a->languages = langs;
	memcpy(a->level, level, sizeof(level));
	for (struct wrap *w = a->wraps; w; w = w->next)
		w->queue = w->queue >= 0 ? k->queue[w->queue] : -1;
	agent_bits(a);
	for (int i = 0; a->presence != ACD_OFFLINE && i < n; i++)
		c->queue[a->seat[i].queue].n_present++;
}

/* Everything out of the old lines; offers of a queue that is no more are taken back. */
static void lift(struct acd_core *c, const struct change *k, int64_t now)
{
	for (struct item *x = c->first; x; x = x->next) {
		if (x->stage == ACD_WAITING) {
			place_out(c, x, now);
		} else if (x->stage == ACD_OFFERED && k->queue[x->queue] < 0) {
			match_unring(c, x, NULL, "plan", now);
			x->stage = ACD_WAITING;
		}
	}
}

static void change_queues(struct acd_core *c, const struct change *k, int64_t now)
{
	struct queue *old = xalloc(sizeof(c->queue));
	int n = c->n_queues;
	memcpy(old, c->queue, sizeof(c->queue));
	memset(c->queue, 0, sizeof(c->queue));
	c->n_queues = acd_plan_queues(k->to);
	for (int i = 0; i < c->n_queues; i++) {
		c->queue[i].rr = -1;
		c->queue[i].seen_ms = c->queue[i].empty_since = now;
	}
	for (int i = 0; i < n; i++)
		if (k->queue[i] >= 0)
			c->queue[k->queue[i]] = old[i];
		else
			VEC_FREE(&old[i].lines);
	for (int i = 0; i < c->n_queues; i++) {
		struct queue *q = &c->queue[i];
		q->q = acd_plan_queue(k->to, i);
		q->n_present = 0;
		place_steps(q);
	}
	xfree(old);
}

static void change_item(struct acd_core *c, const struct change *k, struct item *x, int64_t now)
{
	int to = k->queue[x->queue], n = 0;
	sv from = sv_of(acd_plan_queue(k->from, x->queue)->id);
	for (int i = 0; i < x->n_own; i++)
		if (k->skill[x->own[i].skill] >= 0) {
			x->own[n] = x->own[i];
			x->own[n++].skill = (int16_t)k->skill[x->own[i].skill];
		}
	x->n_own = n;
	x->lang = x->lang >= 0 ? k->lang[x->lang] : -1;
	x->queue = to < 0 ? 0 : to;
	x->seen[0] = x->seen[1] = 0;
	bit_set(x->seen, x->queue);
	place_wants(c, x);
	if (to < 0 && x->agent) {
		c->queue[0].n_serving++;
		c->queue[0].carried_served++;
	} else if (to < 0) {
		c->queue[0].n.entered++;
		x->entered = now;
		core_tell(c, &(struct acd_out){ .kind = ACD_MOVED,
						.item = x->id,
						.from = from,
						.queue = sv_of(c->queue[0].q->id),
						.why = SV("plan"),
						.how = ACD_TO_QUEUE });
	}
	if (x->next_say > now)               /* else it is still to be said */
		x->next_say = place_next_say(&c->queue[x->queue], x, now);
	if (x->stage == ACD_WAITING)
		place_in(c, x, now);
	else if (x->step >= c->queue[x->queue].n_steps)
		x->step = c->queue[x->queue].n_steps - 1;
}

/* Who waits hears the queue's other music now, not with the next announcement. */
static void say_music(struct acd_core *c, const struct change *k, int64_t now)
{
	bool other[ACD_QUEUES] = { false };
	for (int i = 0; i < acd_plan_queues(k->from); i++)
		if (k->queue[i] >= 0)
			other[k->queue[i]] = acd_plan_queue(k->from, i)->tune !=
					     acd_plan_queue(k->to, k->queue[i])->tune;
	for (struct item *x = c->first; x; x = x->next)
		if (x->stage == ACD_WAITING && x->media == ACD_VOICE && other[x->queue])
			place_say(c, x, true, now);
}

void acd_core_plan(struct acd_core *c, struct acd_plan *plan, int64_t now)
{
	struct change *k = xalloc(sizeof(*k));
	struct acd_plan *old = c->plan;
	k->from = old;
	k->to = plan;
	compare(k);
	lift(c, k, now);
	change_queues(c, k, now);
	c->plan = obj_ref(plan);
	c->gen++;
	for (size_t i = 0; i < c->all.n; i++)
		change_agent(c, k, c->all.v[i]);
	for (struct item *x = c->first; x; x = x->next)
		change_item(c, k, x, now);
	say_music(c, k, now);
	obj_unref(old);
	xfree(k);
	match_all(c, now);
}
