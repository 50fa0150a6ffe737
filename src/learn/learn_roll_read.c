/* learn_roll_read.c: roll-outs for those who ask: the shares for the shards, the list for the
 * console, the decisions for off-policy estimates. On a worker; only reads. */
#include "learn_roll.h"
#include "learn_choice.h"
#include "learn_served.h"

#include <math.h>
#include <stdio.h>

enum { TRIALS = 64 };

static int each(struct store_db *db, void (*fn)(void *arg, const jv *state), void *arg)
{
	struct store_stmt *q;
	int rc = store_prep(db, &q,
			    "SELECT v FROM kv WHERE k>='rollout/' AND k<'rollout0' ORDER BY k");
	if (rc)
		return rc;
	while ((rc = store_step(q)) == 1) {
		jv *state = jv_parse(store_col_sv(q, 0), NULL);
		fn(arg, state);
		jv_free(state);
	}
	store_reset(q);
	return rc < 0 ? rc : 0;
}

struct shares {
	const struct policy_table *t;
	struct policy_trial v[2 * TRIALS];
	struct policy_model model[TRIALS];   /* of rows that learn */
	size_t n, n_model;
	bool differ;
};

static bool same_text(const jv *state, const struct policy_trial *x)
{
	char print[20];
	(void)snprintf(print, sizeof(print), "%016llx", (unsigned long long)x->print);
	return sv_eq(jv_get_str(state, "row"), sv_of(x->row)) &&
	       sv_eq(jv_get_str(state, "print"), sv_of(print));
}

/* The shares of what is on trial now. Rows that learn come first, with the models of now, each with
 * no share: that of its state follows. */
static void take_share(void *arg, const jv *state)
{
	struct shares *s = arg;
	struct policy_trial x;
	double share = jv_get_num(state, "share", 0);
	for (size_t i = 0; i < s->n_model; i++)
		if (same_text(state, &s->v[i]))
			s->v[i].share = share;
	for (size_t i = 0; i < TRIALS && policy_trial_at(s->t, i, &x); i++) {
		if (x.model || !same_text(state, &x))
			continue;
		s->differ = s->differ || fabs(share - x.share) > 1e-9;
		x.share = share;
		s->v[s->n++] = x;
		return;
	}
}

static int take_models(struct store_db *db, struct shares *s)
{
	struct policy_learn x;
	int rc = 0;
	for (size_t i = 0; rc == 0 && s->n < TRIALS && policy_learn_at(s->t, i, &x); i++) {
		struct policy_model *m = &s->model[s->n];
		rc = learn_choice_model(db, &x, m, NULL);
		if (rc == 0)
			s->v[s->n++] = (struct policy_trial){
				.row = x.row, .model = m, .print = policy_model_print(m) };
		rc = rc == ERR_NOTFOUND ? 0 : rc;
	}
	s->n_model = s->n;
	return rc;
}

/* Is what the table has of rows that learn another than v? */
static bool models_differ(const struct shares *s)
{
	struct policy_trial x;
	size_t had = 0, same = 0;
	for (size_t i = 0; policy_trial_at(s->t, i, &x); i++) {
		had += x.model != NULL;
		for (size_t k = 0; x.model && k < s->n_model; k++)
			same += strcmp(s->v[k].row, x.row) == 0 && s->v[k].print == x.print &&
				fabs(s->v[k].share - x.share) <= 1e-9;
	}
	return had != s->n_model || same != had;
}

int learn_roll_shares(struct store_db *db, struct policy_table *t, struct policy_table **ret)
{
	struct shares *s = xalloc(sizeof(*s));
	s->t = t;
	int rc = take_models(db, s);
	if (rc == 0)
		rc = each(db, take_share, s);
	if (rc == 0)
		*ret = s->differ || models_differ(s) ? policy_trial_share(t, s->v, s->n) :
						       obj_ref(t);
	xfree(s);
	return rc;
}

/* ---- the list ---- */

struct listing { const struct policy_table *t; jv *now, *old; };

static void take_item(void *arg, const jv *state)
{
	struct listing *l = arg;
	struct policy_trial x;
	bool in_use = false;
	if (!state)
		return;
	jv *o = jv_copy(state);
	jv_del(o, "print");
	jv_del(o, "held");
	for (size_t i = 0; l->t && !in_use && policy_trial_at(l->t, i, &x); i++)
		in_use = same_text(state, &x);
	jv_set_bool(o, "in_use", in_use);
	jv_push(in_use ? l->now : l->old, o);
}

int learn_roll_json(struct store_db *db, const struct policy_table *t, struct sb *out)
{
	struct listing l = { .t = t, .now = jv_arr(), .old = jv_arr() };
	jv *o = jv_obj();
	int rc = each(db, take_item, &l);
	for (size_t i = 0; i < jv_len(l.old); i++)
		jv_push(l.now, jv_copy(jv_at(l.old, i)));
	jv_set(o, "items", l.now);
	if (rc == 0 && t)
		rc = learn_choice_list(db, t, o);
	jv_free(l.old);
	jv_dump(o, out);
	jv_free(o);
	return rc ? rc : sb_err(out);
}

/* ---- decisions ---- */

struct wanted {
	sv row, print;               /* another text of a row is another trial */
	bool is;                     /* this conversation has one */
	struct learn_decision d;
};
struct deciding {
	struct wanted v[TRIALS];
	size_t n;
	struct arena a;
	sv row;                      /* only this one; empty: all */
	learn_decision_fn *fn;
	void *arg;
};

static void take_trial(void *arg, const jv *state)
{
	struct deciding *g = arg;
	sv row = jv_get_str(state, "row"), print = jv_get_str(state, "print");
	if (g->n < TRIALS && print.n && row.n && (!g->row.n || sv_eq(row, g->row)))
		g->v[g->n++] = (struct wanted){ .row = arena_sv(&g->a, row),
						.print = arena_sv(&g->a, print) };
}

static void on_reply(void *arg, const jv *strategy, bool handed)
{
	struct deciding *g = arg;
	const jv *trial = jv_get(strategy, "trial");
	double share = jv_get_num(trial, "share", 0);
	if (!trial || share <= 0 || share >= 1 || jv_get_bool(trial, "kept", false))
		return;
	for (size_t i = 0; i < g->n; i++) {
		struct wanted *w = &g->v[i];
		int arm = jv_get_int(trial, "arm", 0) == 1;
		if (w->is || !sv_eq(jv_get_str(strategy, "row"), w->row) ||
		    !sv_eq(jv_get_str(trial, "print"), w->print))
			continue;
		w->is = true;
		w->d = (struct learn_decision){ arm, arm ? share : 1 - share,
						handed ? 0 : 1 };
	}
}

static void on_bad(void *arg)
{
	struct deciding *g = arg;
	for (size_t i = 0; i < g->n; i++)
		g->v[i].d.reward = 0;
}

static void on_end(void *arg, int64_t closed_ms)
{
	struct deciding *g = arg;
	for (size_t i = 0; i < g->n; i++) {
		if (g->v[i].is)
			g->fn(g->arg, g->v[i].row, &g->v[i].d);
		g->v[i].is = false;
	}
}

int learn_roll_decisions(struct store_db *db, sv row, learn_decision_fn *fn, void *arg)
{
	struct deciding *g = xalloc(sizeof(*g));
	const struct learn_served w = { on_reply, on_bad, on_end, g };
	g->row = row;
	g->fn = fn;
	g->arg = arg;
	arena_init(&g->a, LIM_ARENA_TURN);
	int rc = each(db, take_trial, g);
	if (rc == 0 && g->n)
		rc = learn_served_each(db, 0, &w);
	arena_done(&g->a);
	xfree(g);
	return rc;
}

/* ---- decisions as a table ---- */

struct csv { struct sb *out; size_t n; };

static void put_decision(void *arg, sv row, const struct learn_decision *d)
{
	struct csv *c = arg;
	(void)row;
	if (c->n++ == 0)
		sb_cstr(c->out, "action,reward,pscore,pi_0,pi_1\n");
	sb_fmt(c->out, "%d,%g,%g,0,1\n", d->arm, d->reward, d->p);
}

int learn_roll_csv(struct store_db *db, sv row, struct sb *out)
{
	struct csv c = { .out = out };
	int rc = row.n ? learn_roll_decisions(db, row, put_decision, &c) : 0;
	return rc ? rc : c.n ? sb_err(out) : ERR_NOTFOUND;
}
