/* policy_rules_int.h: what the files of decision tables share. A table is read once
 * (policy_rules_read.c), its cells compared by policy_rules_cell.c, its shape (every case that
 * it can tell apart) by policy_rules_grid.c, and used by policy_rules.c. Everything lives in the
 * table's arena; nothing changes after reading. */
#ifndef CALLM_POLICY_RULES_INT_H
#define CALLM_POLICY_RULES_INT_H

#include "policy_rules.h"

enum { RULES_OUTPUTS = 24, RULES_ATOMS = 64, RULES_RANGES = 32, RULES_ARTICLES = 4 };
#define RULES_NUM_MOST 1e15          /* numbers of inputs without limits of their own */

enum rules_type { RULES_INT, RULES_NUM, RULES_BOOL, RULES_WORD, RULES_TEXT };
extern const char *const rules_type_names[5];

struct rules_val {
	enum { RULES_MISSING, RULES_IS_NUM, RULES_IS_BOOL, RULES_IS_WORD } kind;
	double num;
	bool yes;
	sv word;
};
struct rules_range {                 /* of numbers; ends that are open do not belong to it */
	double lo, hi;
	bool lo_open, hi_open;
};
struct rules_input {
	const char *name;
	sv title[2], unit;               /* zh, en */
	enum rules_type type;            /* not TEXT */
	double min, max, step;
	sv values[RULES_ATOMS];
	int n_values;
	bool other;                      /* words that are not in values are facts too */
	struct rules_val def;
	struct policy_expr *from;        /* over inputs above: what it is when no fact says */
	sv from_text;
	/* The cases that the rules tell apart: one bit each in a box. WORD: values, then
	 * "other"; BOOL: false, true; numbers: ranges in order that fill min..max. */
	struct rules_range *atoms;
	int n_atoms;
};
struct rules_output {
	const char *name;
	sv title[2], unit;
	enum rules_type type;
	sv values[RULES_ATOMS];
	int n_values;
	struct rules_val def;
	enum rules_collect { RULES_LIST, RULES_SUM, RULES_MIN, RULES_MAX, RULES_ANY, RULES_EVERY }
		collect;
};
extern const char *const rules_collect_names[6];
struct rules_cond {
	int input;
	bool negated;
	struct rules_range *ranges;      /* numbers: in one of them */
	sv *words;                       /* words: one of them */
	int n;
	bool yes;                        /* BOOL */
	/* as people read it: "<= 30", "one of: gold, platinum". */
	sv text;
};
struct rules_then {
	struct rules_val val;
	struct policy_expr *expr;        /* or NULL */
	sv text;                         /* of expr */
};
struct rules_rule {
	const char *id;
	struct rules_cond *conds;
	int n_conds;
	struct rules_then *then;         /* one an output */
	sv why[2];
	sv articles[RULES_ARTICLES];
	int n_articles;
	uint64_t box[POLICY_RULE_INPUTS];
};
struct rules_table {
	const char *id, *file;
	int version;
	sv title[2], about[2];
	bool all;                        /* hit: all */
	struct rules_input inputs[POLICY_RULE_INPUTS];
	struct rules_output outputs[RULES_OUTPUTS];
	struct rules_rule *rules;
	int n_inputs, n_outputs, n_rules;
};
struct policy_rules {                /* an obj */
	struct arena a;
	struct rules_table *tables;
	size_t n;
};

/* ---- policy_rules_read.c ---- */

/* One file into t; ids of the tables before it must differ. false: faults, told in rep. */
bool rules_read(struct policy_rules *r, struct rules_table *t, const struct policy_rules_file *f,
		struct cfg_report *rep);
void rules_table_done(struct rules_table *t);

/* ---- policy_rules_cell.c ---- */

/* A cell of an input: "<= 30", "7..30", "not x", a list. 0 and *ret; ret->input -1: any ("-").
 * Else NULL or why it is wrong, and mend. */
const char *rules_cell_read(struct arena *a, const struct rules_table *t, int input,
			    const jv *cell, struct rules_cond *ret, char mend[240]);
bool rules_cond_holds(const struct rules_table *t, const struct rules_cond *c,
		      const struct rules_val *v);
bool rules_in_range(const struct rules_range *r, double d);
/* NULL, or why v is no fact of this input. */
const char *rules_fact(const struct rules_input *in, const jv *v, struct rules_val *ret);
jv *rules_val_json(const struct rules_val *v, enum rules_type type);
void rules_val_text(const struct rules_val *v, struct sb *out);
void rules_num_text(double d, struct sb *out);

/* ---- policy_rules_grid.c ---- */

/* Fills atoms and boxes; complains of rules that are never reached and of cases without a rule.
 * where: called for each fault, rule -1 = of the whole table. */
typedef void rules_complain(void *arg, int rule, const char *what, const char *mend);
void rules_grid(struct arena *a, struct rules_table *t, rules_complain *complain, void *arg);
/* The rule of a case by its boxes alone; -1 = none. */
int rules_grid_find(const struct rules_table *t, const struct rules_val *facts);

#endif
