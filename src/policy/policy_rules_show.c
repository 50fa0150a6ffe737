/* policy_rules_show.c: a decision table as JSON, for the console and for other programs: its
 * columns, and each rule with its cells as people read them. Pure, any thread. */
#include "policy_rules_int.h"

static void put_texts(jv *o, const char *key, const sv text[2])
{
	jv *two = jv_obj();
	jv_set_str(two, "zh", text[0]);
	jv_set_str(two, "en", text[1]);
	jv_set(o, key, two);
}

static jv *words(const sv *v, int n)
{
	jv *list = jv_arr();
	for (int i = 0; i < n; i++)
		jv_push(list, jv_str(v[i]));
	return list;
}

static jv *input_json(const struct rules_input *in)
{
	jv *o = jv_obj();
	bool number = in->type == RULES_INT || in->type == RULES_NUM;
	jv_set_str(o, "name", sv_of(in->name));
	jv_set_str(o, "type", sv_of(rules_type_names[in->type]));
	put_texts(o, "title", in->title);
	if (in->unit.n)
		jv_set_str(o, "unit", in->unit);
	if (number && in->min > -RULES_NUM_MOST)
		jv_set_num(o, "min", in->min);
	if (number && in->max < RULES_NUM_MOST)
		jv_set_num(o, "max", in->max);
	if (number)
		jv_set_num(o, "step", in->step);
	if (in->n_values)
		jv_set(o, "values", words(in->values, in->n_values));
	if (in->other)
		jv_set_bool(o, "other", true);
	if (in->from)
		jv_set_str(o, "from", in->from_text);
	if (in->def.kind != RULES_MISSING)
		jv_set(o, "default", rules_val_json(&in->def, in->type));
	return o;
}

static jv *output_json(const struct rules_table *t, const struct rules_output *x)
{
	jv *o = jv_obj();
	jv_set_str(o, "name", sv_of(x->name));
	jv_set_str(o, "type", sv_of(rules_type_names[x->type]));
	put_texts(o, "title", x->title);
	if (x->unit.n)
		jv_set_str(o, "unit", x->unit);
	if (x->n_values)
		jv_set(o, "values", words(x->values, x->n_values));
	if (x->def.kind != RULES_MISSING)
		jv_set(o, "default", rules_val_json(&x->def, x->type));
	if (t->all)
		jv_set_str(o, "collect", sv_of(rules_collect_names[x->collect]));
	return o;
}

static jv *rule_json(const struct rules_table *t, const struct rules_rule *r)
{
	jv *o = jv_obj(), *when = jv_obj(), *then = jv_obj();
	jv_set_str(o, "id", sv_of(r->id));
	for (int i = 0; i < r->n_conds; i++)
		jv_set_str(when, t->inputs[r->conds[i].input].name, r->conds[i].text);
	for (int k = 0; k < t->n_outputs; k++) {
		const struct rules_then *x = &r->then[k];
		jv_set(then, t->outputs[k].name,
		       x->expr ? jv_str(x->text) : rules_val_json(&x->val, t->outputs[k].type));
	}
	jv_set(o, "when", when);
	jv_set(o, "then", then);
	put_texts(o, "why", r->why);
	jv_set(o, "article", words(r->articles, r->n_articles));
	return o;
}

int policy_rules_json(const struct policy_rules *r, sv table, struct sb *out)
{
	const struct rules_table *t = NULL;
	for (size_t i = 0; i < r->n && !t; i++)
		if (sv_eq(sv_of(r->tables[i].id), table))
			t = &r->tables[i];
	if (!t)
		return ERR_NOTFOUND;
	jv *o = jv_obj(), *inputs = jv_arr(), *outputs = jv_arr(), *rules = jv_arr();
	jv_set_str(o, "id", sv_of(t->id));
	jv_set_int(o, "version", t->version);
	put_texts(o, "title", t->title);
	put_texts(o, "about", t->about);
	jv_set_str(o, "hit", t->all ? SV("all") : SV("first"));
	for (int i = 0; i < t->n_inputs; i++)
		jv_push(inputs, input_json(&t->inputs[i]));
	for (int i = 0; i < t->n_outputs; i++)
		jv_push(outputs, output_json(t, &t->outputs[i]));
	for (int i = 0; i < t->n_rules; i++)
		jv_push(rules, rule_json(t, &t->rules[i]));
	jv_set(o, "inputs", inputs);
	jv_set(o, "outputs", outputs);
	jv_set(o, "rules", rules);
	jv_dump(o, out);
	jv_free(o);
	return 0;
}
