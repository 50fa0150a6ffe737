/* policy_trial.c: rows of the strategy table whose second way is let in step by step. The table
 * stays as it is; one with other shares is a light copy that holds on to it. Where a hard rule
 * speaks there is nothing to try: the second way is outside the set of what may be done. Pure, any
 * thread. */
#include "policy_table_int.h"

#define ANGER_TURNS 2            /* of anger, then nothing is tried */

uint64_t policy_do_mix(uint64_t h, const struct policy_do *a)
{
	const uint64_t v[] = { (unsigned)a->style, (unsigned)a->pace, (unsigned)a->apology,
			       (unsigned)a->simplify, (unsigned)a->offer,
			       (uint64_t)(a->max * 100), (unsigned)a->priority,
			       (unsigned)a->human, (unsigned)a->alert, (unsigned)a->sentences };
	for (size_t i = 0; i < sizeof(v) / sizeof(*v); i++)
		h = (h ^ v[i]) * UINT64_C(0x100000001B3);
	return h;
}

uint64_t policy_trial_print(const struct policy_row *r)
{
	if (r->n_ways)
		return r->model ? policy_model_print(r->model) : 0;
	return policy_do_mix(policy_do_mix(sv_hash(r->id), &r->act), &r->other);
}

bool policy_trial_at(const struct policy_table *t, size_t i, struct policy_trial *ret)
{
	for (size_t k = 0; k < t->n_rows; k++) {
		const struct policy_row *r = &t->rows[k];
		if (!(r->rollout || r->model) || i-- > 0)
			continue;
		*ret = (struct policy_trial){ .row = r->id.p, .print = policy_trial_print(r),
					      .share = r->share, .model = r->model };
		return true;
	}
	return false;
}

static double unit(double share)
{
	return share < 0 ? 0 : share > 1 ? 1 : share;
}

static double share_of(const struct policy_row *r, const struct policy_trial *v, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (v[i].print == policy_trial_print(r) && sv_eq(r->id, sv_of(v[i].row)))
			return unit(v[i].share);
	return 0;
}

/* A row that learns: its model, if there is one for the ways that it has now. */
static void set_model(struct policy_table *c, struct policy_row *r, const struct policy_trial *v,
		      size_t n)
{
	for (size_t i = 0; i < n; i++) {
		const struct policy_model *m = v[i].model;
		if (!m || !sv_eq(r->id, sv_of(v[i].row)) || m->print != policy_ways_print(r) ||
		    m->ways != r->n_ways + 1)
			continue;
		struct policy_model *mine = arena_new(&c->a, struct policy_model, 1);
		ASSERT(mine);
		*mine = *m;
		r->model = mine;
		r->share = unit(v[i].share);
		c->print = (c->print ^ policy_model_print(m)) * UINT64_C(0x100000001B3);
		return;
	}
}

static void copy_free(void *obj)
{
	struct policy_table *t = obj;
	arena_done(&t->a);
	obj_unref(t->base);
}

struct policy_table *policy_trial_share(struct policy_table *t, const struct policy_trial *v,
					size_t n)
{
	struct policy_table *base = t->base ? t->base : t, *c = obj_new(sizeof(*c), copy_free);
	*c = *base;
	arena_init(&c->a, LIM_ARENA_TURN);
	c->base = obj_ref(base);
	c->rows = arena_new(&c->a, struct policy_row, base->n_rows);
	ASSERT(c->rows);                     /* POLICY_ROWS rows fit an arena of a turn */
	memcpy(c->rows, base->rows, sizeof(*c->rows) * base->n_rows);
	for (size_t i = 0; i < c->n_rows; i++) {
		struct policy_row *r = &c->rows[i];
		if (r->n_ways)
			set_model(c, r, v, n);
		else if (r->rollout)
			r->share = share_of(r, v, n);
		if (!r->rollout && !r->model)
			continue;
		c->print = (c->print ^ (uint64_t)(r->share * 1000)) * UINT64_C(0x100000001B3);
	}
	return c;
}

bool policy_trial_allowed(const struct policy_table *t, const struct policy_case *k)
{
	bool angry = k->track && k->track->angry >= ANGER_TURNS;
	if (k->wants_human || angry)
		return false;
	for (int i = 0; i < t->n_topics; i++)
		if (k->topics >> i & 1 && (t->topics[i].risk > 0 || i == t->vulnerable))
			return false;
	return !k->intent || strcmp(k->intent, "complaint") != 0;
}
