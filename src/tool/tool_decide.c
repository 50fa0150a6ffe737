/* tool_decide.c: the company's decision tables, asked by a source. A table that says no makes the
 * outcome REFUSED, with its own reason as the words and the rule in the body. */
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

int tool_decide(struct tool_run *r, const char *table, jv *facts, jv **ret)
{
	jv *d = NULL;
	int rc = r->rules ? policy_decide(r->rules, sv_of(table), facts, &d) : ERR_NOTFOUND;
	jv_free(facts);
	if (rc) {
		jv_free(d);
		return rc;
	}
	if (jv_is_bool(jv_get(d, "allowed")) && !jv_get_bool(d, "allowed", true))
		refuse(r, d);
	*ret = d;
	return 0;
}
