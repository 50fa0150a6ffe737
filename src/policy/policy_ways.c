/* policy_ways.c: the choice of a row that learns: explored, as before, or as the newer model
 * says.
 *
 * The conversation's seed decides which of them, so that a replay does the same; a conversation
 * keeps what it got. Explored: all ways alike, the row's own too. As before: the model that was
 * let in before this one, or the row's own way. How likely the way was is told as it is: a way
 * that two of them would take counts for both. Where a hard rule speaks the row's own way is
 * the only one. Pure, any thread. */
#include "policy_table_int.h"

enum { OF_EXPLORING = 1, OF_ARM, OF_WAY };   /* numbers of policy_chance */

uint64_t policy_ways_print(const struct policy_row *r)
{
	uint64_t h = policy_do_mix(sv_hash(r->id), &r->act);
	for (int i = 0; i < r->n_ways; i++)
		h = policy_do_mix((h ^ sv_hash(r->ways[i].id)) * UINT64_C(0x100000001B3),
				  &r->ways[i].act);
	return h;
}

static const char *way_id(const struct policy_row *r, int way)
{
	return way > 0 && way <= r->n_ways ? r->ways[way - 1].id.p : "own";
}

bool policy_learn_at(const struct policy_table *t, size_t i, struct policy_learn *ret)
{
	for (size_t k = 0; k < t->n_rows; k++) {
		const struct policy_row *r = &t->rows[k];
		if (!r->n_ways || i-- > 0)
			continue;
		*ret = (struct policy_learn){ .row = r->id.p, .print = policy_ways_print(r),
					      .explore = r->explore, .ways = r->n_ways + 1,
					      .model = r->model };
		for (int w = 0; w < ret->ways; w++)
			ret->way[w] = way_id(r, w);
		return true;
	}
	return false;
}

/* ---- choosing ---- */

static void choose(const struct policy_row *r, const struct policy_case *k,
		   const double x[POLICY_FEATURES], struct policy_choice *c)
{
	const struct policy_model *m = r->model;
	int n = r->n_ways + 1, best[2] = { 0 };
	double share = m ? r->share : 0, explore = k->seed ? r->explore : 0;
	if (m && m->has_before)
		best[0] = policy_scores_best(&m->before, n, x);
	best[1] = m ? policy_scores_best(&m->now, n, x) : best[0];
	c->explored = policy_chance(k, r->id, OF_EXPLORING) < explore;
	c->arm = !c->explored && policy_chance(k, r->id, OF_ARM) < share;
	c->way = c->explored ? (int)(policy_chance(k, r->id, OF_WAY) * n) : best[c->arm];
	c->p = explore / n + (1 - explore) * ((c->way == best[1] ? share : 0) +
					      (c->way == best[0] ? 1 - share : 0));
}

static const struct policy_choice *held_of(const struct policy_case *k, uint64_t print)
{
	for (int i = 0; i < k->n_held; i++)
		if (k->held[i].print == print)
			return &k->held[i];
	return NULL;
}

void policy_ways_pick(const struct policy_table *t, const struct policy_case *k,
		      struct policy_plan *p)
{
	const struct policy_row *r = &t->rows[p->row];
	uint64_t print = policy_ways_print(r);
	const struct policy_choice *held = held_of(k, print);
	p->chooses = true;
	p->kept = !policy_trial_allowed(t, k);
	p->act = r->act;
	p->propensity = 1;
	p->choice = (struct policy_choice){ .print = print, .p = 1 };
	if (p->kept)
		return;
	policy_features(t, k, p->x);
	if (held)
		p->choice = *held;
	else
		choose(r, k, p->x, &p->choice);
	int way = p->choice.way;
	p->held = held != NULL;
	p->explored = p->choice.explored;
	p->trial = r->model && !p->explored;
	p->arm = p->choice.arm;
	p->act = way > 0 && way <= r->n_ways ? r->ways[way - 1].act : r->act;
	p->propensity = p->choice.p;
}

void policy_choice_keep(struct policy_choice *v, int *n, const struct policy_plan *p)
{
	bool new = p->chooses && !p->kept && !p->held;
	for (int i = 0; new && i < *n; i++)          /* two replies of one plan */
		new = v[i].print != p->choice.print;
	if (new && *n < POLICY_HELD)
		v[(*n)++] = p->choice;
}

/* ---- on the record ---- */

static void put_features(const double x[POLICY_FEATURES], struct sb *out)
{
	const char *gap = "";
	sb_cstr(out, ",\"x\":{");
	for (int i = 0; i < POLICY_FEATURES; i++) {
		if (x[i] == 0)
			continue;
		sb_fmt(out, "%s\"%s\":%.4g", gap, policy_feature_name(i), x[i]);
		gap = ",";
	}
	sb_ch(out, '}');
}

void policy_ways_json(const struct policy_table *t, const struct policy_plan *p, struct sb *out)
{
	const struct policy_row *r = &t->rows[p->row];
	const struct policy_choice *c = &p->choice;
	sb_fmt(out, ",\"choice\":{\"print\":\"%016llx\",\"way\":\"%s\",\"ways\":[\"own\"",
	       (unsigned long long)c->print, way_id(r, c->way));
	for (int i = 1; i <= r->n_ways; i++)
		sb_fmt(out, ",\"%s\"", way_id(r, i));
	sb_fmt(out, "],\"p\":%.6f%s%s%s", c->p, c->explored ? ",\"explored\":true" : "",
	       p->held ? ",\"held\":true" : "", p->kept ? ",\"kept\":true" : "");
	if (!p->held && !p->kept)
		put_features(p->x, out);
	sb_ch(out, '}');
}
