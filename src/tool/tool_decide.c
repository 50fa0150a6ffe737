/* tool_decide.c: the company's decision tables, asked by a source. A table that says no makes the
 * outcome REFUSED, with its own reason as the words and the rule in the body. A table that cannot
 * decide because facts are missing has not said no: INVALID, with their names. */
#include "tool_int.h"
#include "policy_rules.h"

static void refuse(struct tool_run *r, const jv *d)
{
	static const char *const langs[] = { "zh", "en" };
	struct tool_put *p = r->put;
	sv say = jv_get_str(jv_get(d, "why"), langs[tool_lang(r->who->lang)]);
	sv table = jv_get_str(d, "table"), rule = jv_get_str(d, "rule");
	jv *o = jv_obj();
	jv_set_str(o, "table", table);
	jv_set_int(o, "version", jv_get_int(d, "version", 0));
	jv_set_str(o, "rule", rule);
	jv_set(r->body, "rule", o);
	p->say_text = arena_sv(&p->work->a, say);
	tool_outcome(r, TOOL_REFUSED,
		     arena_fmt(&p->work->a, "table %.*s, rule %.*s", SV_ARG(table), SV_ARG(rule)));
}

/* "days, payment": the names for whoever asks, the table's own question for the customer. */
static void undecided(struct tool_run *r, const jv *d, const jv *missing)
{
	struct tool_put *p = r->put;
	struct sb b;
	sb_init(&b, 2000);
	for (size_t i = 0; i < jv_len(missing); i++) {
		sb_cstr(&b, i ? ", " : "");
		sb_put(&b, jv_as_str(jv_at(missing, i)));
	}
	jv_set(r->body, "missing", jv_copy(missing));
	tool_outcome(r, TOOL_INVALID,
		     arena_fmt(&p->work->a, "table %.*s cannot decide without: %s",
			       SV_ARG(jv_get_str(d, "table")), sb_str(&b)));
	p->say_text = arena_sv(&p->work->a, jv_get_str(jv_get(d, "why"),
						       tool_lang(r->who->lang) ? "en" : "zh"));
	sb_done(&b);
}

int tool_decide(struct tool_run *r, const char *table, jv *facts, jv **ret)
{
	jv *d = NULL;
	int rc = r->rules ? policy_decide(r->rules, sv_of(table), facts, &d) : ERR_NOTFOUND;
	jv_free(facts);
	if (rc) {
		jv_free(d);
		return rc;
	}
	const jv *missing = jv_get(d, "missing");
	if (jv_len(missing))
		undecided(r, d, missing);
	else if (jv_is_bool(jv_get(d, "allowed")) && !jv_get_bool(d, "allowed", true))
		refuse(r, d);
	*ret = d;
	return 0;
}
