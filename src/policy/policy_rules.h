/* policy_rules.h: decision tables: a company's rules (returns, refunds, price protection, warranty,
 * compensation, escalation) as data. Facts in, a decision out, with the rule that made it and why.
 *
 *	struct policy_rules *r;
 *	policy_rules_new(&r, files, n, &rep);            0, or rep tells what to mend
 *	jv *facts = jv_obj();  jv_set_int(facts, "days_since_delivery", 12); ...
 *	jv *d;  policy_decide(r, SV("return"), facts, &d);
 *	-> {"table":"return","version":3,"rule":"opened-hygiene","allowed":false,...outputs,
 *	    "why":{"zh":..,"en":..},"because":[{"fact","want","is"}],"article":[..],"missing":[...]}
 *
 * A table names its inputs (type, unit, allowed values) and outputs. Rules are tried from the top,
 * the first that holds decides ("hit: first"); "hit: all" collects. A table is complete: whatever
 * the facts, a rule holds, or the check names a case without one; rules that can never be reached
 * are named. Immutable (an obj): any thread. docs/rules.md has the language.
 *
 * Nothing is decided on facts that are not known: when a rule above could hold but for a fact
 * that is not there, "missing" names such facts, "rule" is "", yes/no outputs are false and the
 * others null, and "why" asks for them. A fact with a default in the table is never missing.
 */
#ifndef CALLM_POLICY_RULES_H
#define CALLM_POLICY_RULES_H

#include "base.h"

enum { POLICY_RULE_TABLES = 64, POLICY_RULE_ROWS = 400, POLICY_RULE_INPUTS = 32 };
struct policy_rules;
struct cfg_report;
struct policy_rules_file {
	const char *name;        /* "policies/return.yaml", for messages */
	sv yaml;
	int version;             /* of the document; 0: the text's own "version", else 1 */
};
/* 0 (an obj), or ERR_INVAL: rep holds one issue a fault, with file:line:place, what is wrong and
 * how to mend it; the caller ends rep in both cases. n = 0 is a set without tables. */
int policy_rules_new(struct policy_rules **ret, const struct policy_rules_file *files, size_t n,
		     struct cfg_report *rep);
size_t policy_rules_count(const struct policy_rules *r);
const char *policy_rules_id(const struct policy_rules *r, size_t i);
/* {"id","version","title":{zh,en},"inputs":[..],"outputs":[..],"rules":[..]}; ERR_NOTFOUND. */
int policy_rules_json(const struct policy_rules *r, sv table, struct sb *out);
/* Appends a fact or a result as it stands in a decision's words; of "{fee_fen:yuan}" 1250 is 12.50,
 * 1200 is 12. */
void policy_rules_put_value(const jv *v, bool yuan, struct sb *b);
/* *ret (the caller's) as above. ERR_NOTFOUND: no such table. ERR_INVAL: a fact of another type
 * than the table says (why in *ret "error", which fact in "fact"). A fact that is not there (or
 * null) makes no condition true; facts that are no input say nothing. "hit: all": "rules" lists
 * the decisions of the rules that hold, outputs are put together as their "collect" says. */
int policy_decide(const struct policy_rules *r, sv table, const jv *facts, jv **ret);
/* Facts that try each rule and each boundary of it (just below, at, just above): for the
 * conformance test and the console. *ret is a list of {"facts":..,"rule":EXPECTED}; the caller's.
 * What is expected comes from the table's shape, not from policy_decide. ERR_NOTFOUND. */
int policy_rules_cases(const struct policy_rules *r, sv table, jv **ret);
/* All cases of one table (SV_NULL: of all) decided and compared: {"table","rules","hit","cases",
 * "wrong":[{"facts","want","got"}]} in a list; the caller's. True when nothing is wrong and every
 * rule was hit. */
bool policy_rules_conform(const struct policy_rules *r, sv table, jv **ret);

/* ---- conditions, for flows too: "order.status == 'paid' and days <= 7", "x in [a, b]" ---- */

struct policy_expr;                  /* immutable obj */
int policy_expr_new(struct policy_expr **ret, sv text, struct err *e);
/* Over an object of facts: names are paths ("order.items.0.sku"). The value is the caller's. */
jv *policy_expr_eval(const struct policy_expr *x, const jv *facts);
bool policy_expr_true(const struct policy_expr *x, const jv *facts);
/* The i-th name it asks for, as often as it does; NULL past the last. Lives as long as x. */
const char *policy_expr_name(const struct policy_expr *x, size_t i);

#endif
