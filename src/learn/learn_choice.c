/* learn_choice.c: rows that learn: their states, models and choices, from the disk. On any thread
 * that reads; learn_choice_put on the scribe. */
#include "learn_choice.h"
#include "learn_kv.h"
#include "learn_model.h"
#include "learn_served.h"

#include <stdio.h>

enum { ROWS = 64 };

static void key_of(char out[96], sv row)
{
	(void)snprintf(out, 96, "choice/" SV_FMT, SV_ARG(row));
}

static void print_text(char out[20], uint64_t print)
{
	(void)snprintf(out, 20, "%016llx", (unsigned long long)print);
}

/* ---- states ---- */

static jv *state_of(const struct policy_learn *l)
{
	char print[20];
	jv *o = jv_obj(), *ways = jv_arr();
	print_text(print, l->print);
	jv_set_str(o, "row", sv_of(l->row));
	jv_set_str(o, "print", sv_of(print));
	jv_set_num(o, "explore", l->explore);
	for (int i = 0; i < l->ways; i++)
		jv_push(ways, jv_str(sv_of(l->way[i])));
	jv_set(o, "ways", ways);
	return o;
}

static bool same_ways(const jv *state, const struct policy_learn *l)
{
	char print[20];
	print_text(print, l->print);
	return sv_eq(jv_get_str(state, "print"), sv_of(print));
}

/* States of rows that learn no more: {row, gone}. */
static int push_gone(struct store_db *db, const struct policy_table *t, jv *ret)
{
	struct policy_learn l;
	jv *all;
	int rc = learn_choice_states(db, &all);
	for (size_t i = 0; i < jv_len(all); i++) {
		sv row = jv_get_str(jv_at(all, i), "row");
		bool there = false;
		for (size_t k = 0; !there && k < ROWS && policy_learn_at(t, k, &l); k++)
			there = sv_eq(row, sv_of(l.row));
		if (there || !row.n)
			continue;
		jv *o = jv_obj();
		jv_set_str(o, "row", row);
		jv_set_bool(o, "gone", true);
		jv_push(ret, o);
	}
	jv_free(all);
	return rc;
}

int learn_choice_changes(struct store_db *db, const struct policy_table *t, jv **ret)
{
	struct policy_learn l;
	char key[96];
	int rc = 0;
	*ret = jv_arr();
	for (size_t i = 0; rc == 0 && i < ROWS && policy_learn_at(t, i, &l); i++) {
		jv *old;
		key_of(key, sv_of(l.row));
		rc = learn_kv_get(db, key, &old);
		bool same = same_ways(old, &l);
		if (rc == 0 && (!same || jv_get_num(old, "explore", -1) != l.explore)) {
			jv *o = state_of(&l), *night = jv_get(old, "night");
			if (same && night)
				jv_set(o, "night", jv_copy(night));
			jv_push(*ret, o);
		}
		jv_free(old);
	}
	return rc ? rc : push_gone(db, t, *ret);
}

int learn_choice_put(struct store_db *db, const jv *states, int64_t now_ms)
{
	char key[96];
	int rc = 0;
	for (size_t i = 0; rc == 0 && i < jv_len(states); i++) {
		const jv *x = jv_at(states, i);
		key_of(key, jv_get_str(x, "row"));
		rc = jv_get_bool(x, "gone", false) ?
			     store_run_sv(db, "DELETE FROM kv WHERE k=?1", sv_of(key)) :
			     learn_kv_put(db, key, x, now_ms);
	}
	return rc;
}

int learn_choice_states(struct store_db *db, jv **ret)
{
	struct store_stmt *q;
	int rc = store_prep(db, &q,
			    "SELECT v FROM kv WHERE k>='choice/' AND k<'choice0' ORDER BY k");
	*ret = jv_arr();
	if (rc)
		return rc;
	while (jv_len(*ret) < ROWS && (rc = store_step(q)) == 1) {
		jv *o = jv_parse(store_col_sv(q, 0), NULL);
		if (o)
			jv_push(*ret, o);
	}
	store_reset(q);
	return rc < 0 ? rc : 0;
}

/* ---- models ---- */

int learn_choice_model(struct store_db *db, const struct policy_learn *l, struct policy_model *ret,
		       int64_t *version)
{
	struct learn_model m = { 0 };
	struct arena a;
	char name[96];
	arena_init(&a, LIM_ARENA_TURN);
	key_of(name, sv_of(l->row));
	int rc = learn_model_live(db, sv_of(name), &m, &a);
	jv *o = rc == 0 ? jv_parse(m.scores, NULL) : NULL;
	if (rc == 0 && (!policy_model_load(jv_get(o, "model"), ret) || ret->print != l->print ||
			ret->ways != l->ways))
		rc = ERR_NOTFOUND;
	if (rc == 0 && version)
		*version = m.version;
	jv_free(o);
	arena_done(&a);
	return rc;
}

/* ---- the list ---- */

int learn_choice_list(struct store_db *db, const struct policy_table *t, jv *o)
{
	struct policy_learn l;
	struct policy_model m;
	char key[96];
	int rc = 0;
	jv *list = jv_arr();
	for (size_t i = 0; rc == 0 && i < ROWS && policy_learn_at(t, i, &l); i++) {
		int64_t version = 0;
		jv *state, *x = state_of(&l);
		key_of(key, sv_of(l.row));
		rc = learn_kv_get(db, key, &state);
		if (rc == 0 && same_ways(state, &l) && jv_get(state, "night"))
			jv_set(x, "night", jv_copy(jv_get(state, "night")));
		if (rc == 0 && learn_choice_model(db, &l, &m, &version) == 0)
			jv_set_int(x, "model", version);
		jv_del(x, "print");
		jv_push(list, x);
		jv_free(state);
	}
	jv_set(o, "learned", list);
	return rc;
}

/* ---- the river ---- */

struct row {
	sv row, print;               /* in the states */
	const jv *ways;
	bool is;                     /* this conversation has one */
	struct policy_sample s;
};
struct reading {
	struct row v[ROWS];
	size_t n;
	learn_sample_fn *fn;
	void *arg;
};

static int way_of(const jv *ways, sv id)
{
	for (size_t i = 0; i < jv_len(ways) && i < POLICY_WAYS; i++)
		if (sv_eq(jv_as_str(jv_at(ways, i)), id))
			return (int)i;
	return -1;
}

static void take_choice(struct row *r, const jv *choice, bool handed)
{
	const jv *x = jv_get(choice, "x");
	struct policy_sample s = { .way = way_of(r->ways, jv_get_str(choice, "way")),
				   .p = jv_get_num(choice, "p", 0), .reward = handed ? 0 : 1 };
	if (s.way < 0 || !(s.p > 0 && s.p <= 1) || !x)
		return;
	for (int i = 0; i < POLICY_FEATURES; i++)
		s.x[i] = (float)jv_get_num(x, policy_feature_name(i), 0);
	r->s = s;
	r->is = true;
}

static void on_reply(void *arg, const jv *strategy, bool handed)
{
	struct reading *g = arg;
	const jv *choice = jv_get(strategy, "choice");
	if (!choice || jv_get_bool(choice, "kept", false))
		return;
	for (size_t i = 0; i < g->n; i++) {
		struct row *r = &g->v[i];
		if (!r->is && sv_eq(jv_get_str(strategy, "row"), r->row) &&
		    sv_eq(jv_get_str(choice, "print"), r->print))
			take_choice(r, choice, handed);
	}
}

static void on_bad(void *arg)
{
	struct reading *g = arg;
	for (size_t i = 0; i < g->n; i++)
		g->v[i].s.reward = 0;
}

static void on_end(void *arg, int64_t closed_ms)
{
	struct reading *g = arg;
	for (size_t i = 0; i < g->n; i++) {
		if (g->v[i].is)
			g->fn(g->arg, i, &g->v[i].s, closed_ms);
		g->v[i].is = false;
	}
}

int learn_choice_samples(struct store_db *db, const jv *states, int64_t since_ms,
			 learn_sample_fn *fn, void *arg)
{
	struct reading *g = xalloc(sizeof(*g));
	g->fn = fn;
	g->arg = arg;
	for (; g->n < ROWS && g->n < jv_len(states); g->n++) {
		const jv *o = jv_at(states, g->n);
		g->v[g->n] = (struct row){ .row = jv_get_str(o, "row"),
					   .print = jv_get_str(o, "print"),
					   .ways = jv_get(o, "ways") };
	}
	const struct learn_served w = { on_reply, on_bad, on_end, g };
	int rc = g->n ? learn_served_each(db, since_ms, &w) : 0;
	xfree(g);
	return rc;
}
