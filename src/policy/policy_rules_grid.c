/* policy_rules_grid.c: every case that a decision table can tell apart: which rule answers each,
 * cases without a rule, rules that are never reached, and facts that try all of it.
 *
 * The edges of a number's cells cut its range into atoms: within one all facts are alike. A word
 * or a yes/no is its own atom. So an input is at most 64 bits, a rule a box of bits, one word an
 * input. A rule is reached unless the boxes before it cover its own; a table is complete when all
 * boxes together cover everything. Both are answered exactly, by taking box after box off (the
 * rest falls into boxes again) and bounded by a number of steps. Facts are made from the atoms,
 * apart from the comparison of cells that policy_decide does: so each checks the other. Any
 * thread; pure but for rules_grid, which fills the table once.
 */
#include "policy_rules_int.h"

#include <math.h>
#include <stdio.h>

enum { STEPS_MAX = 400000 };

/* ---- atoms ---- */

struct cut {                         /* between what is below v and what is above it */
	double v;
	bool after;                      /* v itself is below */
};
#define CUTS_MAX (RULES_ATOMS - 1)

static bool cut_before(const struct cut *a, const struct cut *b)
{
	return a->v < b->v || (!(b->v < a->v) && !a->after && b->after);
}

/* Sorted, each once. false: too many. */
static bool add_cut(struct cut *v, int *n, struct cut c)
{
	int i = 0;
	while (i < *n && cut_before(&v[i], &c))
		i++;
	if (i < *n && !cut_before(&c, &v[i]))
		return true;
	if (*n == CUTS_MAX)
		return false;
	memmove(v + i + 1, v + i, sizeof(*v) * (size_t)(*n - i));
	v[i] = c;
	++*n;
	return true;
}

static bool cuts_of(const struct rules_table *t, int input, struct cut *v, int *n)
{
	const struct rules_input *in = &t->inputs[input];
	bool whole = in->type == RULES_INT, ok = true;
	for (int r = 0; r < t->n_rules; r++) {
		for (int k = 0; k < t->rules[r].n_conds; k++) {
			const struct rules_cond *c = &t->rules[r].conds[k];
			for (int i = 0; c->input == input && i < c->n; i++) {
				struct rules_range x = c->ranges[i];
				if (x.lo > in->min || x.lo_open)
					ok &= add_cut(v, n, whole ?
						(struct cut){ x.lo - 1, true } :
						(struct cut){ x.lo, x.lo_open });
				if (x.hi < in->max || x.hi_open)
					ok &= add_cut(v, n, (struct cut){ x.hi, !x.hi_open });
			}
		}
	}
	return ok;
}

static bool make_ranges(struct arena *a, const struct rules_table *t, struct rules_input *in,
			int input)
{
	struct cut cuts[CUTS_MAX];
	int n = 0;
	bool whole = in->type == RULES_INT;
	if (!cuts_of(t, input, cuts, &n))
		return false;
	in->atoms = arena_new(a, struct rules_range, n + 1);
	in->n_atoms = n + 1;
	for (int i = 0; i <= n; i++) {
		struct rules_range *x = &in->atoms[i];
		*x = (struct rules_range){ in->min, in->max, false, false };
		if (i > 0 && whole)
			x->lo = cuts[i - 1].v + 1;
		else if (i > 0)
			x->lo = cuts[i - 1].v, x->lo_open = cuts[i - 1].after;
		if (i < n)
			x->hi = cuts[i].v, x->hi_open = !cuts[i].after;
	}
	return true;
}

static struct rules_val sample(const struct rules_input *in, int atom)
{
	if (in->type == RULES_BOOL)
		return (struct rules_val){ .kind = RULES_IS_BOOL, .yes = atom == 1 };
	if (in->type == RULES_WORD)
		return (struct rules_val){ .kind = RULES_IS_WORD,
					   .word = atom < in->n_values ? in->values[atom] :
									 SV("(another)") };
	const struct rules_range *x = &in->atoms[atom];
	double d = !x->lo_open ? x->lo : !x->hi_open ? x->hi : (x->lo + x->hi) / 2;
	return (struct rules_val){ .kind = RULES_IS_NUM, .num = d };
}

static int atom_of(const struct rules_input *in, const struct rules_val *v)
{
	int i = 0;
	if (v->kind == RULES_MISSING)
		return -1;
	if (in->type == RULES_BOOL)
		return v->yes;
	if (in->type == RULES_WORD) {
		while (i < in->n_values && !sv_eq(in->values[i], v->word))
			i++;
		return i < in->n_atoms ? i : -1;
	}
	while (i < in->n_atoms && !rules_in_range(&in->atoms[i], v->num))
		i++;
	return i < in->n_atoms ? i : -1;
}

static uint64_t all_of(const struct rules_input *in)
{
	return in->n_atoms == 64 ? UINT64_MAX : (UINT64_C(1) << in->n_atoms) - 1;
}

static void make_box(const struct rules_table *t, struct rules_rule *r)
{
	for (int i = 0; i < t->n_inputs; i++)
		r->box[i] = all_of(&t->inputs[i]);
	for (int k = 0; k < r->n_conds; k++) {
		const struct rules_cond *c = &r->conds[k];
		uint64_t bits = 0;
		for (int i = 0; i < t->inputs[c->input].n_atoms; i++) {
			struct rules_val v = sample(&t->inputs[c->input], i);
			if (rules_cond_holds(t, c, &v))
				bits |= UINT64_C(1) << i;
		}
		r->box[c->input] &= bits;
	}
}

int rules_grid_find(const struct rules_table *t, const struct rules_val *facts)
{
	for (int r = 0; r < t->n_rules; r++) {
		int i = 0;
		for (; i < t->n_inputs; i++) {
			int atom = atom_of(&t->inputs[i], &facts[i]);
			uint64_t bit = atom < 0 ? 0 : UINT64_C(1) << atom;
			if (!(t->rules[r].box[i] & bit))
				break;
		}
		if (i == t->n_inputs)
			return r;
	}
	return -1;
}

/* ---- covering ---- */

struct cover {
	const struct rules_table *t;
	int upto;                        /* rules before this one */
	long steps;
	uint64_t rest[POLICY_RULE_INPUTS];   /* a box that no rule covers */
};

/* Is there something in box that rules i..upto-1 leave? Then rest is a part of it. */
static bool left(struct cover *c, const uint64_t *whole, int i)
{
	uint64_t box[POLICY_RULE_INPUTS];
	int n = c->t->n_inputs;
	memcpy(box, whole, sizeof(box));
	for (; i < c->upto && c->steps < STEPS_MAX; i++) {
		const uint64_t *r = c->t->rules[i].box;
		int k = 0;
		c->steps++;
		while (k < n && (box[k] & r[k]))
			k++;
		if (k < n)
			continue;        /* apart */
		for (k = 0; k < n; k++) {
			uint64_t in = box[k] & r[k], out = box[k] & ~r[k];
			box[k] = out;
			if (out && left(c, box, i + 1))
				return true;
			box[k] = in;
		}
		return false;            /* what is left of box is within rule i */
	}
	memcpy(c->rest, box, sizeof(box));
	return true;
}

static bool empty(const struct rules_table *t, const struct rules_rule *r)
{
	for (int i = 0; i < t->n_inputs; i++)
		if (!r->box[i])
			return true;
	return false;
}

static void put_case(const struct rules_table *t, const uint64_t *box, struct sb *b)
{
	const char *sep = "";
	for (int i = 0; i < t->n_inputs; i++) {
		if (box[i] == all_of(&t->inputs[i]))
			continue;
		struct rules_val v = sample(&t->inputs[i], __builtin_ctzll(box[i]));
		sb_fmt(b, "%s%s = ", sep, t->inputs[i].name);
		rules_val_text(&v, b);
		sep = ", ";
	}
	if (!*sep)
		sb_cstr(b, "all cases");
}

static bool reach(const struct rules_table *t, int rule, struct cover *c)
{
	*c = (struct cover){ .t = t, .upto = rule };
	return left(c, t->rules[rule].box, 0);
}

static void check_rule(const struct rules_table *t, int rule, rules_complain *complain, void *arg)
{
	struct cover c;
	if (empty(t, &t->rules[rule])) {
		complain(arg, rule, "no fact can fit all cells of this rule",
			 "Mend a cell, or take the rule out.");
	} else if (!t->all && !reach(t, rule, &c)) {
		complain(arg, rule,
			 "this rule is never reached: rules above it decide all its cases",
			 "Move it up, narrow a rule above, or take it out.");
	} else if (!t->all && c.steps >= STEPS_MAX) {
		complain(arg, rule, "too many cases to tell whether this rule is reached",
			 "Take the table apart.");
	}
}

static void check_complete(const struct rules_table *t, rules_complain *complain, void *arg)
{
	struct cover c = { .t = t, .upto = t->n_rules };
	uint64_t box[POLICY_RULE_INPUTS] = { 0 };
	struct sb b;
	for (int i = 0; i < t->n_inputs; i++)
		box[i] = all_of(&t->inputs[i]);
	if (!left(&c, box, 0))
		return;
	sb_init(&b, 180);
	sb_cstr(&b, "no rule holds for ");
	put_case(t, c.rest, &b);
	complain(arg, -1, c.steps >= STEPS_MAX ? "too many cases to tell whether it is complete" :
						 sb_str(&b),
		 "End with a rule without conditions: - {id: otherwise, then: {..}}.");
	sb_done(&b);
}

void rules_grid(struct arena *a, struct rules_table *t, rules_complain *complain, void *arg)
{
	for (int i = 0; i < t->n_inputs; i++) {
		struct rules_input *in = &t->inputs[i];
		in->n_atoms = in->type == RULES_BOOL ? 2 : in->n_values + in->other;
		if (in->type <= RULES_NUM && !make_ranges(a, t, in, i)) {
			complain(arg, -1, "more than 63 edges of numbers in one column",
				 "Take the table apart.");
			return;
		}
	}
	for (int r = 0; r < t->n_rules; r++)
		make_box(t, &t->rules[r]);
	for (int r = 0; r < t->n_rules; r++)
		check_rule(t, r, complain, arg);
	if (!t->all)
		check_complete(t, complain, arg);
}

/* ---- cases ---- */

struct cases {
	const struct rules_table *t;
	struct rules_val facts[POLICY_RULE_INPUTS];
	jv *out;
};

static void put(struct cases *c)
{
	jv *o = jv_obj(), *facts = jv_obj();
	int rule = rules_grid_find(c->t, c->facts);
	for (int i = 0; i < c->t->n_inputs; i++)
		jv_set(facts, c->t->inputs[i].name,
		       rules_val_json(&c->facts[i], c->t->inputs[i].type));
	jv_set(o, "facts", facts);
	jv_set_str(o, "rule", rule < 0 ? SV("") : sv_of(c->t->rules[rule].id));
	jv_push(c->out, o);
}

/* Around one edge of a number: below, at and above it. */
static void put_edge(struct cases *c, int input, double edge)
{
	const struct rules_input *in = &c->t->inputs[input];
	struct rules_val was = c->facts[input];
	for (int k = -1; k <= 1; k++) {
		double d = edge + k * in->step;
		if (d < in->min || d > in->max || fabs(d) >= RULES_NUM_MOST)
			continue;
		c->facts[input].num = d;
		put(c);
	}
	c->facts[input] = was;
}

static void put_others(struct cases *c, int input)
{
	const struct rules_input *in = &c->t->inputs[input];
	struct rules_val was = c->facts[input];
	for (int i = 0; i < in->n_atoms; i++) {
		c->facts[input] = sample(in, i);
		put(c);
	}
	c->facts[input] = was;
}

/* A case of the rule, then each of its conditions moved over its edges. */
static void put_rule(struct cases *c, int rule)
{
	const struct rules_rule *r = &c->t->rules[rule];
	struct cover x;
	uint64_t box[POLICY_RULE_INPUTS];
	memcpy(box, r->box, sizeof(box));
	if (!c->t->all && reach(c->t, rule, &x))
		memcpy(box, x.rest, sizeof(box));
	for (int i = 0; i < c->t->n_inputs; i++)
		c->facts[i] = sample(&c->t->inputs[i], __builtin_ctzll(box[i]));
	put(c);
	for (int k = 0; k < r->n_conds; k++) {
		const struct rules_cond *cond = &r->conds[k];
		for (int i = 0; cond->ranges && i < cond->n; i++) {
			put_edge(c, cond->input, cond->ranges[i].lo);
			put_edge(c, cond->input, cond->ranges[i].hi);
		}
		if (!cond->ranges)
			put_others(c, cond->input);
	}
}

int policy_rules_cases(const struct policy_rules *r, sv table, jv **ret)
{
	for (size_t i = 0; i < r->n; i++) {
		struct cases c = { .t = &r->tables[i] };
		if (!sv_eq(sv_of(c.t->id), table))
			continue;
		c.out = jv_arr();
		for (int k = 0; k < c.t->n_rules; k++)
			put_rule(&c, k);
		*ret = c.out;
		return 0;
	}
	return ERR_NOTFOUND;
}
