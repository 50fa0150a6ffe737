/* policy_rules_read.c: a decision table from YAML: inputs, outputs, rules, each checked, with every
 * fault told by its place, what is wrong and how to mend it.
 *
 * Names of facts and outputs are plain words; a cell is read by its input's type; an output is a
 * literal or, where it is a number or a yes/no, an expression over the inputs. What a rule says
 * to a customer may hold {names}. After the rules are read, policy_rules_grid.c tells cases
 * without a rule and rules without a case. Strings live in the arena of the set. Any thread.
 */
#include "policy_rules_int.h"

#include <math.h>
#include <stdio.h>

#define N(x) (sizeof(x) / sizeof((x)[0]))
#define ISSUES_MAX 100

struct reader {
	struct arena *a;
	struct rules_table *t;
	const char *name;
	sv text;
	struct cfg_report *rep;
	char at[128];
	const char *id;                  /* of the entry we are in, or NULL */
	size_t faults;
};

static void fault(struct reader *r, const char *key, const char *mend, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

static void fault(struct reader *r, const char *key, const char *mend, const char *fmt, ...)
{
	struct cfg_issue *x = VEC_PUSH(r->rep, ISSUES_MAX);
	char path[200], what[190];
	va_list ap;
	r->faults++;
	if (!x)
		return;
	(void)snprintf(path, sizeof(path), "%.120s%s%.60s", r->at,
		       r->at[0] && key[0] ? "." : "", key);
	va_start(ap, fmt);
	(void)vsnprintf(what, sizeof(what), fmt, ap);
	va_end(ap);
	cfg_where(x->where, r->text, r->name, path);
	if (r->id)
		(void)snprintf(x->what, sizeof(x->what), "\"%.40s\": %s", r->id, what);
	else
		(void)snprintf(x->what, sizeof(x->what), "%s", what);
	(void)snprintf(x->mend, sizeof(x->mend), "%s", mend);
}

static void known_keys(struct reader *r, const jv *o, const char *const *names, size_t n)
{
	void *it = NULL;
	sv key;
	jv *v;
	while (jv_is_obj(o) && jv_next(o, &it, &key, &v)) {
		size_t i = 0;
		char k[60], mend[200] = "Known here: ";
		while (i < n && !sv_eq(key, sv_of(names[i])))
			i++;
		if (i < n)
			continue;
		size_t at = strlen(mend);
		for (i = 0; i < n && at < 160; i++)
			at += (size_t)snprintf(mend + at, sizeof(mend) - at, "%s%.30s",
					       i ? ", " : "", names[i]);
		(void)snprintf(k, sizeof(k), SV_FMT, (int)(key.n < 50 ? key.n : 50), key.p);
		fault(r, k, mend, "unknown key \"%s\"", k);
	}
}

/* a-z, 0-9, _ and, in ids, - */
static const char *word(struct reader *r, const jv *o, const char *key, bool dash)
{
	sv s = jv_get_str(o, key);
	bool ok = s.n > 0 && s.n < 48 && !(s.p[0] >= '0' && s.p[0] <= '9');
	for (size_t i = 0; i < s.n; i++)
		ok &= (s.p[i] >= 'a' && s.p[i] <= 'z') || (s.p[i] >= '0' && s.p[i] <= '9') ||
		      s.p[i] == '_' || (dash && s.p[i] == '-');
	if (!ok)
		fault(r, key, dash ? "Use a-z, 0-9, - and _, such as opened-hygiene." :
				     "Use a-z, 0-9 and _, such as days_since_delivery.",
		      "no usable name");
	return ok ? arena_cstr(r->a, s) : NULL;
}

static void texts(struct reader *r, const jv *o, const char *key, bool needed, sv ret[2])
{
	static const char *const langs[] = { "zh", "en" };
	const jv *v = jv_get(o, key);
	for (int i = 0; i < 2; i++) {
		sv s = jv_get_str(v, langs[i]);
		if ((needed || v) && !sv_trim(s).n)
			fault(r, key, "Give it in both languages: {zh: \"...\", en: \"...\"}.",
			      "no text in %s", langs[i]);
		ret[i] = arena_sv(r->a, s);
	}
	if (v)
		known_keys(r, v, langs, 2);
}

static int choice(struct reader *r, const jv *o, const char *key, const char *const *words, int n,
		  int def)
{
	char mend[200] = "Use one of: ";
	size_t at = strlen(mend);
	const jv *v = jv_get(o, key);
	for (int i = 0; v && i < n; i++)
		if (sv_eq(jv_as_str(v), sv_of(words[i])))
			return i;
	for (int i = 0; i < n && at < 180; i++)
		at += (size_t)snprintf(mend + at, sizeof(mend) - at, "%s%s", i ? ", " : "",
				       words[i]);
	if (v || def < 0)
		fault(r, key, mend, "not a known word here");
	return def < 0 ? 0 : def;
}

static bool yes(struct reader *r, const jv *o, const char *key)
{
	const jv *v = jv_get(o, key);
	if (v && !jv_is_bool(v))
		fault(r, key, "Write true or false.", "true or false is expected here");
	return jv_as_bool(v, false);
}

static double number(struct reader *r, const jv *o, const char *key, double def)
{
	const jv *v = jv_get(o, key);
	double d = jv_as_num(v, def);
	if (v && (!jv_is_num(v) || fabs(d) > RULES_NUM_MOST))
		fault(r, key, "Use a number.", "a number is expected here");
	return fabs(d) > RULES_NUM_MOST ? def : d;
}

static int values(struct reader *r, const jv *o, sv *ret)
{
	const jv *v = jv_get(o, "values");
	int n = 0;
	if (v && !jv_is_arr(v))
		fault(r, "values", "Write a list: [paid, shipped].", "a list is expected here");
	for (size_t i = 0; jv_is_arr(v) && i < jv_len(v); i++) {
		sv s = jv_as_str(jv_at(v, i));
		if (!s.n || s.n > 60 || n == RULES_ATOMS - 1) {
			fault(r, "values", "Name at most 63 words of up to 60 bytes; put true, "
					   "false and numbers in quotes.",
			      "not a usable list of words");
			break;
		}
		ret[n++] = arena_sv(r->a, s);
	}
	return n;
}

/* Each entry of a list: one(r, entry). */
static void list(struct reader *r, const jv *o, const char *key, size_t max,
		 void (*one)(struct reader *r, const jv *o))
{
	const jv *v = jv_get(o, key);
	r->at[0] = 0;
	r->id = NULL;
	if (!jv_is_arr(v) || !jv_len(v)) {
		fault(r, key, "Write a list.", "a list with at least one entry is expected here");
		return;
	}
	if (jv_len(v) > max) {
		fault(r, key, "Take the table apart.", "more than %zu entries", max);
		return;
	}
	for (size_t i = 0; i < jv_len(v); i++) {
		(void)snprintf(r->at, sizeof(r->at), "%s[%zu]", key, i);
		r->id = NULL;
		one(r, jv_at(v, i));
	}
	r->at[0] = 0;
	r->id = NULL;
}

/* ---- inputs and outputs ---- */

static int input_of(const struct rules_table *t, sv name)
{
	for (int i = 0; i < t->n_inputs; i++)
		if (sv_eq(sv_of(t->inputs[i].name), name))
			return i;
	return -1;
}

static int output_of(const struct rules_table *t, sv name)
{
	for (int i = 0; i < t->n_outputs; i++)
		if (sv_eq(sv_of(t->outputs[i].name), name))
			return i;
	return -1;
}

/* An expression over the inputs so far; NULL with a fault. */
static struct policy_expr *read_expr(struct reader *r, const char *key, sv text, sv *ret_text)
{
	struct policy_expr *x = NULL;
	struct err e = { 0 };
	const char *name;
	if (policy_expr_new(&x, text, &e)) {
		fault(r, key, "Use a number, or a sum over inputs: \"price_fen * 0.1\".", "%s",
		      e.msg);
		return NULL;
	}
	*ret_text = arena_sv(r->a, text);
	for (size_t i = 0; (name = policy_expr_name(x, i)) != NULL; i++)
		if (input_of(r->t, sv_of(name)) < 0)
			fault(r, key, "Use inputs of this table.", "no input \"%.40s\"", name);
	return x;
}

static void read_input(struct reader *r, const jv *o)
{
	static const char *const keys[] = { "name", "type", "title", "unit", "min", "max", "step",
					    "values", "other", "default", "from" };
	struct rules_input *in = &r->t->inputs[r->t->n_inputs];
	known_keys(r, o, keys, N(keys));
	in->name = word(r, o, "name", false);
	if (!in->name)
		return;
	r->id = in->name;
	in->type = (enum rules_type)choice(r, o, "type", rules_type_names, 4, -1);
	texts(r, o, "title", true, in->title);
	in->unit = arena_sv(r->a, jv_get_str(o, "unit"));
	in->min = number(r, o, "min", -RULES_NUM_MOST);
	in->max = number(r, o, "max", RULES_NUM_MOST);
	in->step = number(r, o, "step", in->type == RULES_INT ? 1 : 0.01);
	in->n_values = values(r, o, in->values);
	in->other = yes(r, o, "other");
	if (in->min >= in->max)
		fault(r, "max", "Make max greater than min.", "there is nothing from min to max");
	if (in->type == RULES_INT && (floor(in->min) < in->min || floor(in->max) < in->max))
		fault(r, "min", "Use whole numbers.", "not a whole number");
	if (!(in->step > 0) || (in->type == RULES_INT && floor(in->step) < in->step))
		fault(r, "step", "Leave it out, or use a number above 0.", "not a usable step");
	if ((in->type == RULES_WORD) != (in->n_values > 0))
		fault(r, "values", "A word has values: [paid, shipped]; others have none.",
		      "%s", in->n_values ? "only words have values" : "no values are named");
	const char *bad = rules_fact(in, jv_get(o, "default"), &in->def);
	in->def.word = arena_sv(r->a, in->def.word);
	if (bad)
		fault(r, "default", "Use a value that a fact can have.", "%s", bad);
	if (jv_get(o, "from") && in->type == RULES_WORD)
		fault(r, "from", "Use it for a number or a yes/no.", "a word is never a sum");
	else if (jv_get(o, "from"))
		in->from = read_expr(r, "from", jv_get_str(o, "from"), &in->from_text);
	if (input_of(r->t, sv_of(in->name)) >= 0)
		fault(r, "name", "Rename one of them.", "two inputs of this name");
	r->t->n_inputs++;
}

static bool literal(enum rules_type type, const sv *words, int n_words, const jv *v,
		    struct arena *a, struct rules_val *ret)
{
	sv s = jv_as_str(v);
	*ret = (struct rules_val){ .kind = RULES_IS_WORD };
	if (type == RULES_BOOL) {
		*ret = (struct rules_val){ .kind = RULES_IS_BOOL, .yes = jv_as_bool(v, false) };
		return jv_is_bool(v);
	}
	if (type == RULES_INT || type == RULES_NUM) {
		double d = jv_as_num(v, 0);
		*ret = (struct rules_val){ .kind = RULES_IS_NUM, .num = d };
		return jv_is_num(v) && fabs(d) <= RULES_NUM_MOST &&
		       (type == RULES_NUM || !(floor(d) < d));
	}
	ret->word = arena_sv(a, s);
	for (int i = 0; i < n_words; i++)
		if (sv_eq(words[i], s))
			return true;
	return jv_is_str(v) && type == RULES_TEXT;
}

static void read_output(struct reader *r, const jv *o)
{
	static const char *const keys[] = { "name", "type", "title", "unit", "values", "default",
					    "collect" };
	static const char *const own[] = { "table", "version", "rule", "rules", "why", "because",
					   "missing", "error", "article" };
	struct rules_output *x = &r->t->outputs[r->t->n_outputs];
	known_keys(r, o, keys, N(keys));
	x->name = word(r, o, "name", false);
	if (!x->name)
		return;
	r->id = x->name;
	x->type = (enum rules_type)choice(r, o, "type", rules_type_names, 5, -1);
	texts(r, o, "title", true, x->title);
	x->unit = arena_sv(r->a, jv_get_str(o, "unit"));
	x->n_values = values(r, o, x->values);
	x->collect = (enum rules_collect)choice(r, o, "collect", rules_collect_names, 6, 0);
	if ((x->type == RULES_WORD) != (x->n_values > 0))
		fault(r, "values", "A word has values: [repair, exchange]; others have none.",
		      "%s", x->n_values ? "only words have values" : "no values are named");
	if (jv_get(o, "default") &&
	    !literal(x->type, x->values, x->n_values, jv_get(o, "default"), r->a, &x->def))
		fault(r, "default", "Use a value of its type.", "not a value of this output");
	for (size_t i = 0; i < N(own); i++)
		if (strcmp(own[i], x->name) == 0)
			fault(r, "name", "Use another name.", "every decision has this already");
	if (output_of(r->t, sv_of(x->name)) >= 0 || input_of(r->t, sv_of(x->name)) >= 0)
		fault(r, "name", "Rename one of them.", "two columns of this name");
	r->t->n_outputs++;
}

/* ---- rules ---- */

static void read_when(struct reader *r, const jv *o, struct rules_rule *x)
{
	const jv *when = jv_get(o, "when");
	size_t at = strlen(r->at);
	void *it = NULL;
	sv key;
	jv *v;
	if (when && !jv_is_obj(when))
		fault(r, "when", "Write cells: {days_since_delivery: \"<= 30\"}.",
		      "cells are expected here");
	(void)snprintf(r->at + at, sizeof(r->at) - at, ".when");
	x->conds = arena_new(r->a, struct rules_cond, r->t->n_inputs + 1);
	while (jv_is_obj(when) && jv_next(when, &it, &key, &v)) {
		char k[60], mend[240] = "";
		int i = input_of(r->t, key);
		(void)snprintf(k, sizeof(k), SV_FMT, (int)(key.n < 50 ? key.n : 50), key.p);
		if (i < 0) {
			fault(r, k, "Name an input of this table.", "no input of this name");
			continue;
		}
		struct rules_cond *c = &x->conds[x->n_conds];
		const char *bad = rules_cell_read(r->a, r->t, i, v, c, mend);
		if (bad)
			fault(r, k, mend, "%s", bad);
		else if (c->input >= 0)
			x->n_conds++;
	}
	r->at[at] = 0;
}

static void read_output_value(struct reader *r, const jv *v, const struct rules_output *out,
			      struct rules_then *x)
{
	x->val = out->def;
	if (jv_is_null(v)) {
		if (out->def.kind == RULES_MISSING)
			fault(r, out->name, "Give it here, or a default with the output.",
			      "no value for this output");
		return;
	}
	if (jv_is_str(v) && out->type <= RULES_BOOL)
		x->expr = read_expr(r, out->name, jv_as_str(v), &x->text);
	else if (!literal(out->type, out->values, out->n_values, v, r->a, &x->val))
		fault(r, out->name, "Use a value of the output's type.",
		      "not a value of this output");
}

static void read_then(struct reader *r, const jv *o, struct rules_rule *x)
{
	const char *names[RULES_OUTPUTS];
	const jv *then = jv_get(o, "then");
	size_t at = strlen(r->at);
	x->then = arena_new(r->a, struct rules_then, r->t->n_outputs + 1);
	if (!jv_is_obj(then)) {
		fault(r, "then", "Write outputs: {allowed: true}.", "nothing is decided");
		return;
	}
	(void)snprintf(r->at + at, sizeof(r->at) - at, ".then");
	for (int i = 0; i < r->t->n_outputs; i++) {
		names[i] = r->t->outputs[i].name;
		read_output_value(r, jv_get(then, names[i]), &r->t->outputs[i], &x->then[i]);
	}
	known_keys(r, then, names, (size_t)r->t->n_outputs);
	r->at[at] = 0;
}

/* Names in { } are inputs or outputs; ":yuan" behind one turns fen into yuan. */
static void check_names(struct reader *r, sv text)
{
	sv head, name;
	while (sv_cut(&text, '{', &head) && text.n) {
		if (!sv_cut(&text, '}', &name))
			return;
		if (sv_ends(name, SV(":yuan")))
			name.n -= 5;
		if (input_of(r->t, name) < 0 && output_of(r->t, name) < 0)
			fault(r, "why", "Name an input or an output in { }.",
			      "\"%.*s\" is neither", (int)(name.n < 40 ? name.n : 40), name.p);
	}
}

static void add_article(struct reader *r, struct rules_rule *x, const jv *v)
{
	sv s = jv_as_str(v);
	if (!s.n || s.n > 80 || x->n_articles == RULES_ARTICLES)
		fault(r, "article", "Name up to 4 articles by id.", "not a usable article");
	else
		x->articles[x->n_articles++] = arena_sv(r->a, s);
}

static void read_rule(struct reader *r, const jv *o)
{
	static const char *const keys[] = { "id", "when", "then", "why", "article" };
	struct rules_rule *x = &r->t->rules[r->t->n_rules];
	const jv *article = jv_get(o, "article");
	known_keys(r, o, keys, N(keys));
	x->id = word(r, o, "id", true);
	if (!x->id)
		return;
	r->id = x->id;
	for (int i = 0; i < r->t->n_rules; i++)
		if (strcmp(r->t->rules[i].id, x->id) == 0)
			fault(r, "id", "Rename one of them.", "two rules of this id");
	read_when(r, o, x);
	read_then(r, o, x);
	texts(r, o, "why", true, x->why);
	check_names(r, x->why[0]);
	check_names(r, x->why[1]);
	for (size_t i = 0; jv_is_arr(article) && i < jv_len(article); i++)
		add_article(r, x, jv_at(article, i));
	if (article && !jv_is_arr(article))
		add_article(r, x, article);
	r->t->n_rules++;
}

/* ---- the whole ---- */

static void complain(void *arg, int rule, const char *what, const char *mend)
{
	struct reader *r = arg;
	r->at[0] = 0;
	r->id = rule < 0 ? NULL : r->t->rules[rule].id;
	if (rule >= 0)
		(void)snprintf(r->at, sizeof(r->at), "rules[%d]", rule);
	fault(r, rule < 0 ? "rules" : "", mend, "%s", what);
	r->at[0] = 0;
}

static void read_table(struct reader *r, const jv *o, const struct policy_rules *set)
{
	static const char *const keys[] = { "id", "version", "title", "about", "hit", "inputs",
					    "outputs", "rules" };
	static const char *const hits[] = { "first", "all" };
	struct rules_table *t = r->t;
	known_keys(r, o, keys, N(keys));
	t->id = word(r, o, "id", true);
	for (size_t i = 0; t->id && i < set->n; i++)
		if (set->tables[i].id && strcmp(set->tables[i].id, t->id) == 0)
			fault(r, "id", "Rename one of them.", "%.40s has this id too",
			      set->tables[i].file);
	int version = (int)number(r, o, "version", 1);
	t->version = t->version ? t->version : version;
	texts(r, o, "title", true, t->title);
	texts(r, o, "about", false, t->about);
	t->all = choice(r, o, "hit", hits, 2, 0) == 1;
	list(r, o, "inputs", POLICY_RULE_INPUTS, read_input);
	list(r, o, "outputs", RULES_OUTPUTS, read_output);
	if (r->faults)
		return;              /* rules would complain of what is not there */
	t->rules = arena_new(r->a, struct rules_rule, POLICY_RULE_ROWS);
	list(r, o, "rules", POLICY_RULE_ROWS, read_rule);
	if (!r->faults)
		rules_grid(r->a, t, complain, r);
}

bool rules_read(struct policy_rules *set, struct rules_table *t, const struct policy_rules_file *f,
		struct cfg_report *rep)
{
	struct reader r = { .a = &set->a, .t = t, .name = f->name, .text = f->yaml, .rep = rep };
	t->file = arena_cstr(&set->a, sv_of(f->name));
	t->version = f->version;
	jv *o = cfg_parse(f->yaml, f->name, rep);
	if (o)
		read_table(&r, o, set);
	jv_free(o);
	return o && !r.faults;
}

void rules_table_done(struct rules_table *t)
{
	for (int i = 0; t->rules && i < t->n_rules; i++)
		for (int k = 0; t->rules[i].then && k < t->n_outputs; k++)
			obj_unref(t->rules[i].then[k].expr);
	for (int i = 0; i < t->n_inputs; i++)
		obj_unref(t->inputs[i].from);
}
