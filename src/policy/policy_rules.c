/* policy_rules.c: a set of decision tables: made from files, shown as JSON, asked, and tried
 * against its own shape.
 *
 * A condition over a fact that is not known is neither true nor false. A rule with such a
 * condition and no false one might hold, so nothing below it may decide: the decision then asks for
 * what is missing. Sums that use a missing fact ask for it too. The set is an obj that never
 * changes: any thread.
 */
#include "policy_rules_int.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

/* ---- the set ---- */

static void set_free(void *obj)
{
	struct policy_rules *r = obj;
	for (size_t i = 0; i < r->n; i++)
		rules_table_done(&r->tables[i]);
	arena_done(&r->a);
}

int policy_rules_new(struct policy_rules **ret, const struct policy_rules_file *files, size_t n,
		     struct cfg_report *rep)
{
	bool ok = true;
	if (n > POLICY_RULE_TABLES) {
		struct cfg_issue *x = VEC_PUSH(rep, 100);
		if (x)
			*x = (struct cfg_issue){ "policies", "more than 64 decision tables",
						 "Take some out." };
		return ERR_INVAL;
	}
	struct policy_rules *r = obj_new(sizeof(*r), set_free);
	arena_init(&r->a, LIM_ARENA_BIG);
	r->tables = arena_new(&r->a, struct rules_table, n + 1);
	for (size_t i = 0; i < n; i++) {
		ok &= rules_read(r, &r->tables[i], &files[i], rep);
		r->n = i + 1;
	}
	if (!ok) {
		obj_unref(r);
		return ERR_INVAL;
	}
	*ret = r;
	return 0;
}

size_t policy_rules_count(const struct policy_rules *r)
{
	return r->n;
}

const char *policy_rules_id(const struct policy_rules *r, size_t i)
{
	return r->tables[i].id;
}

static const struct rules_table *find(const struct policy_rules *r, sv id)
{
	for (size_t i = 0; i < r->n; i++)
		if (sv_eq(sv_of(r->tables[i].id), id))
			return &r->tables[i];
	return NULL;
}

/* ---- asking ---- */

enum holds { NO, PERHAPS, YES };
_Static_assert(POLICY_RULE_INPUTS <= 32, "bits of seen");
struct ask {
	const struct rules_table *t;
	const jv *facts;
	struct rules_val v[POLICY_RULE_INPUTS];
	jv *known;                       /* facts with the defaults, for sums */
	bool missing[POLICY_RULE_INPUTS];
	uint32_t seen;                   /* inputs that were looked at for it */
	jv *out;
};

/* A fact, or what its sum makes of those before it; NULL, or why it is none. */
static const char *take_fact(struct ask *q, int i)
{
	const struct rules_input *in = &q->t->inputs[i];
	const jv *v = jv_get(q->facts, in->name);
	if (!jv_is_null(v) || !in->from)
		return rules_fact(in, v, &q->v[i]);
	jv *sum = policy_expr_eval(in->from, q->known);
	const char *bad = rules_fact(in, sum, &q->v[i]);
	jv_free(sum);
	return bad;
}

/* Facts to values; ERR_INVAL with the reason in out. */
static int take_facts(struct ask *q)
{
	for (int i = 0; i < q->t->n_inputs; i++) {
		const struct rules_input *in = &q->t->inputs[i];
		const char *bad = take_fact(q, i);
		if (bad) {
			jv_set_str(q->out, "fact", sv_of(in->name));
			jv_set_str(q->out, "error", sv_of(bad));
			return ERR_INVAL;
		}
		jv_set(q->known, in->name, rules_val_json(&q->v[i], in->type));
	}
	return 0;
}

static enum holds rule_holds(const struct ask *q, const struct rules_rule *r)
{
	enum holds h = YES;
	for (int i = 0; i < r->n_conds; i++) {
		const struct rules_val *v = &q->v[r->conds[i].input];
		if (v->kind == RULES_MISSING)
			h = PERHAPS;
		else if (!rules_cond_holds(q->t, &r->conds[i], v))
			return NO;
	}
	return h;
}

/* Is input i missing? Then it is marked, or, of a sum, what is missing in it. */
static bool want(struct ask *q, int i)
{
	const struct policy_expr *x = q->t->inputs[i].from;
	const char *name;
	bool below = false;
	if (q->v[i].kind != RULES_MISSING || (q->seen >> i & 1))
		return q->v[i].kind == RULES_MISSING;
	q->seen |= UINT32_C(1) << i;
	for (size_t n = 0; x && (name = policy_expr_name(x, n)) != NULL; n++)
		for (int k = 0; k < i; k++)
			if (strcmp(q->t->inputs[k].name, name) == 0)
				below |= want(q, k);
	q->missing[i] = !below;
	return true;
}

static void want_facts(struct ask *q, const struct rules_rule *r)
{
	for (int i = 0; i < r->n_conds; i++)
		(void)want(q, r->conds[i].input);
}

static void want_names(struct ask *q, const struct policy_expr *x)
{
	const char *name;
	for (size_t n = 0; (name = policy_expr_name(x, n)) != NULL; n++)
		for (int i = 0; i < q->t->n_inputs; i++)
			if (strcmp(q->t->inputs[i].name, name) == 0)
				(void)want(q, i);
}

static void want_sums(struct ask *q, const struct rules_rule *r)
{
	for (int k = 0; k < q->t->n_outputs; k++)
		if (r->then[k].expr)
			want_names(q, r->then[k].expr);
}

static jv *outpolicy_rules_put_value(const struct ask *q, const struct rules_rule *r, int k)
{
	const struct rules_output *out = &q->t->outputs[k];
	const struct rules_then *x = &r->then[k];
	if (!x->expr)
		return rules_val_json(&x->val, out->type);
	if (out->type == RULES_BOOL)
		return jv_bool(policy_expr_true(x->expr, q->known));
	jv *v = policy_expr_eval(x->expr, q->known);
	if (out->type != RULES_INT && jv_is_num(v))
		return v;
	double d = jv_as_num(v, 0);
	bool ok = jv_is_num(v) && fabs(d) <= RULES_NUM_MOST;
	jv_free(v);
	return ok ? jv_int(llround(d)) : jv_null();
}

static jv *because(const struct ask *q, const struct rules_rule *r)
{
	jv *list = jv_arr();
	for (int i = 0; i < r->n_conds; i++) {
		const struct rules_input *in = &q->t->inputs[r->conds[i].input];
		jv *o = jv_obj();
		jv_set_str(o, "fact", sv_of(in->name));
		jv_set_str(o, "want", r->conds[i].text);
		jv_set(o, "is", rules_val_json(&q->v[r->conds[i].input], in->type));
		jv_push(list, o);
	}
	return list;
}

void policy_rules_put_value(const jv *v, bool yuan, struct sb *b)
{
	long long fen = jv_as_int(v, 0);
	if (jv_is_str(v))
		sb_put(b, jv_as_str(v));
	else if (!yuan)
		rules_num_text(jv_as_num(v, 0), b);
	else if (fen % 100)
		sb_fmt(b, "%s%lld.%02lld", fen < 0 ? "-" : "", llabs(fen) / 100,
		       llabs(fen) % 100);
	else
		sb_fmt(b, "%lld", fen / 100);
}

static void fill(const struct ask *q, const jv *outputs, sv text, struct sb *b)
{
	sv head, name;
	while (sv_cut(&text, '{', &head)) {
		sb_put(b, head);
		if (!text.n || !sv_cut(&text, '}', &name))
			return;
		bool yuan = sv_ends(name, SV(":yuan"));
		if (yuan)
			name.n -= 5;
		const jv *v = jv_member(outputs, name);
		policy_rules_put_value(v ? v : jv_member(q->known, name), yuan, b);
	}
}

static void put_texts(jv *o, const char *key, sv zh, sv en)
{
	jv *two = jv_obj();
	jv_set_str(two, "zh", zh);
	jv_set_str(two, "en", en);
	jv_set(o, key, two);
}

static void put_rule(const struct ask *q, const struct rules_rule *r, jv *o)
{
	struct sb why[2];
	jv *articles = jv_arr();
	jv_set_str(o, "rule", sv_of(r->id));
	for (int k = 0; k < q->t->n_outputs; k++)
		jv_set(o, q->t->outputs[k].name, outpolicy_rules_put_value(q, r, k));
	for (int i = 0; i < 2; i++) {
		sb_init(&why[i], 4000);
		fill(q, o, r->why[i], &why[i]);
	}
	put_texts(o, "why", sb_sv(&why[0]), sb_sv(&why[1]));
	sb_done(&why[0]);
	sb_done(&why[1]);
	jv_set(o, "because", because(q, r));
	for (int i = 0; i < r->n_articles; i++)
		jv_push(articles, jv_str(r->articles[i]));
	jv_set(o, "article", articles);
}

static void put_nothing(const struct ask *q)
{
	jv_set_str(q->out, "rule", SV(""));
	for (int k = 0; k < q->t->n_outputs; k++)
		jv_set(q->out, q->t->outputs[k].name,
		       q->t->outputs[k].type == RULES_BOOL ? jv_bool(false) : jv_null());
	jv_set(q->out, "because", jv_arr());
	jv_set(q->out, "article", jv_arr());
}

/* "To decide this, I need to know: days since delivery." False: nothing is missing. */
static bool put_missing(const struct ask *q)
{
	struct sb b[2];
	jv *list = jv_arr();
	sb_init(&b[0], 2000);
	sb_init(&b[1], 2000);
	for (int i = 0; i < q->t->n_inputs; i++) {
		if (!q->missing[i])
			continue;
		sb_cstr(&b[0], b[0].n ? "、" : "还需要知道：");
		sb_put(&b[0], q->t->inputs[i].title[0]);
		sb_cstr(&b[1], b[1].n ? ", " : "To decide this, I still need to know: ");
		sb_put(&b[1], q->t->inputs[i].title[1]);
		jv_push(list, jv_str(sv_of(q->t->inputs[i].name)));
	}
	bool any = jv_len(list) > 0;
	sb_cstr(&b[0], "。");
	sb_cstr(&b[1], ".");
	if (any)
		put_texts(q->out, "why", sb_sv(&b[0]), sb_sv(&b[1]));
	jv_set(q->out, "missing", list);
	sb_done(&b[0]);
	sb_done(&b[1]);
	return any;
}

static void decide_first(struct ask *q)
{
	const struct rules_rule *hit = NULL;
	for (int i = 0; i < q->t->n_rules && !hit; i++) {
		const struct rules_rule *r = &q->t->rules[i];
		enum holds h = rule_holds(q, r);
		if (h == PERHAPS)
			want_facts(q, r);
		if (h == YES)
			hit = r;
	}
	if (hit)
		want_sums(q, hit);
	bool asks = put_missing(q);
	if (hit && !asks)
		put_rule(q, hit, q->out);
	else
		put_nothing(q);
}

/* One output of all rules that hold, put together. */
static jv *collect(const jv *rules, const struct rules_output *out)
{
	jv *list = jv_arr();
	double d = 0;
	bool any = false, every = true;
	for (size_t i = 0; i < jv_len(rules); i++) {
		const jv *v = jv_get(jv_at(rules, i), out->name);
		double x = jv_as_num(v, 0);
		if (out->collect == RULES_SUM)
			d += x;
		else if (i == 0 || (out->collect == RULES_MIN ? x < d : x > d))
			d = x;
		any |= jv_as_bool(v, false);
		every &= jv_as_bool(v, false);
		if (!jv_is_null(v))
			jv_push(list, jv_copy(v));
	}
	if (out->collect == RULES_LIST)
		return list;
	jv_free(list);
	if (out->collect == RULES_ANY || out->collect == RULES_EVERY)
		return jv_bool(out->collect == RULES_ANY ? any : every);
	if (!jv_len(rules) && out->collect != RULES_SUM)
		return jv_null();
	return out->type == RULES_INT ? jv_int(llround(d)) : jv_num(d);
}

static void decide_all(struct ask *q)
{
	jv *rules = jv_arr();
	for (int i = 0; i < q->t->n_rules; i++) {
		const struct rules_rule *r = &q->t->rules[i];
		enum holds h = rule_holds(q, r);
		if (h == PERHAPS)
			want_facts(q, r);
		if (h != YES)
			continue;
		want_sums(q, r);
		jv *o = jv_obj();
		put_rule(q, r, o);
		jv_push(rules, o);
	}
	bool asks = put_missing(q);
	put_nothing(q);
	jv_set_str(q->out, "rule", asks ? SV("") : jv_get_str(jv_at(rules, 0), "rule"));
	for (int k = 0; !asks && k < q->t->n_outputs; k++)
		jv_set(q->out, q->t->outputs[k].name, collect(rules, &q->t->outputs[k]));
	if (!asks && jv_len(rules))
		jv_set(q->out, "why", jv_copy(jv_get(jv_at(rules, 0), "why")));
	jv_set(q->out, "rules", rules);
}

int policy_decide(const struct policy_rules *r, sv table, const jv *facts, jv **ret)
{
	struct ask q = { .t = find(r, table), .facts = facts };
	if (!q.t)
		return ERR_NOTFOUND;
	q.out = jv_obj();
	q.known = jv_obj();
	jv_set_str(q.out, "table", sv_of(q.t->id));
	jv_set_int(q.out, "version", q.t->version);
	int rc = take_facts(&q);
	if (rc == 0 && q.t->all)
		decide_all(&q);
	else if (rc == 0)
		decide_first(&q);
	jv_free(q.known);
	*ret = q.out;
	return rc;
}

/* ---- conformance ---- */

/* true when the case came out as the table's shape says. */
static bool try_case(const struct policy_rules *r, const struct rules_table *t, const jv *c,
		     bool *hit, jv *wrong)
{
	jv *d = NULL;
	sv want = jv_get_str(c, "rule");
	int rc = policy_decide(r, sv_of(t->id), jv_get(c, "facts"), &d);
	sv got = jv_get_str(d, "rule");
	bool same = rc == 0 && sv_eq(want, got);
	for (int i = 0; i < t->n_rules; i++)
		hit[i] |= same && sv_eq(sv_of(t->rules[i].id), got);
	const jv *list = jv_get(d, "rules");
	for (size_t k = 0; same && k < jv_len(list); k++)
		for (int i = 0; i < t->n_rules; i++)
			hit[i] |= sv_eq(sv_of(t->rules[i].id),
					jv_get_str(jv_at(list, k), "rule"));
	if (!same && jv_len(wrong) < 50) {
		jv *o = jv_obj();
		jv_set(o, "facts", jv_copy(jv_get(c, "facts")));
		jv_set_str(o, "want", want);
		jv_set_str(o, "got", rc ? jv_get_str(d, "error") : got);
		jv_push(wrong, o);
	}
	jv_free(d);
	return same;
}

static bool conform_table(const struct policy_rules *r, const struct rules_table *t, jv *out)
{
	bool hit[POLICY_RULE_ROWS] = { false };
	jv *cases = NULL, *o = jv_obj(), *wrong = jv_arr(), *unhit = jv_arr();
	int n_hit = 0;
	bool ok = policy_rules_cases(r, sv_of(t->id), &cases) == 0;
	for (size_t i = 0; i < jv_len(cases); i++)
		ok &= try_case(r, t, jv_at(cases, i), hit, wrong);
	for (int i = 0; i < t->n_rules; i++) {
		n_hit += hit[i];
		if (!hit[i])
			jv_push(unhit, jv_str(sv_of(t->rules[i].id)));
	}
	jv_set_str(o, "table", sv_of(t->id));
	jv_set_int(o, "version", t->version);
	jv_set_int(o, "rules", t->n_rules);
	jv_set_int(o, "hit", n_hit);
	jv_set_int(o, "cases", (int64_t)jv_len(cases));
	jv_set(o, "not_hit", unhit);
	jv_set(o, "wrong", wrong);
	jv_push(out, o);
	jv_free(cases);
	return ok && n_hit == t->n_rules;
}

bool policy_rules_conform(const struct policy_rules *r, sv table, jv **ret)
{
	jv *out = jv_arr();
	bool ok = true;
	for (size_t i = 0; i < r->n; i++)
		if (!table.n || sv_eq(sv_of(r->tables[i].id), table))
			ok &= conform_table(r, &r->tables[i], out);
	ok &= jv_len(out) > 0;
	*ret = out;
	return ok;
}
