/* learn_roll_read.c: roll-outs for those who ask: the shares for the shards, the list for the
 * console, the decisions for off-policy estimates. On a worker; only reads. */
#include "learn_roll.h"

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
	struct policy_trial v[TRIALS];
	size_t n;
	bool differ;
};

static bool same_text(const jv *state, const struct policy_trial *x)
{
	char print[20];
	(void)snprintf(print, sizeof(print), "%016llx", (unsigned long long)x->print);
	return sv_eq(jv_get_str(state, "row"), sv_of(x->row)) &&
	       sv_eq(jv_get_str(state, "print"), sv_of(print));
}

static void take_share(void *arg, const jv *state)
{
	struct shares *s = arg;
	struct policy_trial x;
	for (size_t i = 0; i < TRIALS && policy_trial_at(s->t, i, &x); i++) {
		double share = jv_get_num(state, "share", 0);
		if (!same_text(state, &x))
			continue;
		s->differ = s->differ || fabs(share - x.share) > 1e-9;
		x.share = share;
		s->v[s->n++] = x;
		return;
	}
}

int learn_roll_shares(struct store_db *db, struct policy_table *t, struct policy_table **ret)
{
	struct shares s = { .t = t };
	int rc = each(db, take_share, &s);
	if (rc == 0)
		*ret = s.differ ? policy_trial_share(t, s.v, s.n) : obj_ref(t);
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
	jv_free(l.old);
	jv_dump(o, out);
	jv_free(o);
	return rc ? rc : sb_err(out);
}

/* ---- decisions as a table ---- */

struct decision { bool is; int arm; double p, reward; };

static void put_decision(const struct decision *d, struct sb *out, size_t *n)
{
	if (!d->is)
		return;
	sb_fmt(out, "%d,%g,%g,0,1\n", d->arm, d->reward, d->p);
	++*n;
}

/* Whose decisions: another text of a row is another trial. */
struct wanted { sv row; char print[20]; };

static void on_row(struct decision *d, const struct wanted *w, sv kind, sv text)
{
	jv *body = jv_parse(text, NULL);
	const jv *s = jv_get(body, "strategy"), *trial = jv_get(s, "trial");
	double share = jv_get_num(trial, "share", 0);
	if (sv_eq(kind, SV("handover")) ||
	    (sv_eq(kind, SV("feedback")) && sv_eq(jv_get_str(body, "value"), SV("down")))) {
		d->reward = 0;
	} else if (trial && !d->is && sv_eq(jv_get_str(s, "row"), w->row) &&
		   sv_eq(jv_get_str(trial, "print"), sv_of(w->print)) && share > 0 &&
		   share < 1 && !jv_get_bool(trial, "kept", false)) {
		int arm = jv_get_int(trial, "arm", 0) == 1;
		*d = (struct decision){ true, arm, arm ? share : 1 - share, 1 };
	}
	jv_free(body);
}

static int print_of(struct store_db *db, struct wanted *w)
{
	struct store_stmt *q;
	int rc = store_prep(db, &q, "SELECT v FROM kv WHERE k='rollout/'||?1");
	if (rc)
		return rc;
	store_bind_sv(q, 1, w->row);
	rc = store_step(q);
	if (rc == 1) {
		jv *state = jv_parse(store_col_sv(q, 0), NULL);
		(void)snprintf(w->print, sizeof(w->print), SV_FMT,
			       SV_ARG(jv_get_str(state, "print")));
		jv_free(state);
	}
	store_reset(q);
	return rc < 0 ? rc : w->print[0] ? 0 : ERR_NOTFOUND;
}

int learn_roll_csv(struct store_db *db, sv row, struct sb *out)
{
	struct store_stmt *q;
	struct decision d = { 0 };
	struct wanted w = { .row = row };
	char last[64] = "";
	size_t n = 0;
	int rc = print_of(db, &w);
	if (rc)
		return rc;
	rc = store_prep(db, &q,
			    "SELECT e.conversation, e.kind, e.body FROM event c JOIN event e ON "
			    "e.conversation=c.conversation WHERE c.kind='conversation.closed' AND "
			    "e.kind IN ('turn.bot', 'feedback', 'handover') ORDER BY "
			    "e.conversation, e.seq");
	if (rc)
		return rc;
	sb_cstr(out, "action,reward,pscore,pi_0,pi_1\n");
	while ((rc = store_step(q)) == 1) {
		sv id = store_col_sv(q, 0);
		if (!sv_eq(id, sv_of(last))) {
			put_decision(&d, out, &n);
			d = (struct decision){ 0 };
			(void)snprintf(last, sizeof(last), SV_FMT, SV_ARG(id));
		}
		on_row(&d, &w, store_col_sv(q, 1), store_col_sv(q, 2));
	}
	put_decision(&d, out, &n);
	store_reset(q);
	if (rc < 0)
		return rc;
	return n ? sb_err(out) : ERR_NOTFOUND;
}
