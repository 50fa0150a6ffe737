/* cfg.h: YAML (a plain subset: no anchors, tags, merges) into a JSON tree, checked against a
 * schema table. Every problem is reported as file:line:key with the way to mend it.
 *
 *	jv *tree = cfg_parse(text, "callm.yaml", &rep);
 *	cfg_env(tree, rules, N);
 *	if (!tree || cfg_check(tree, text, "callm.yaml", rules, N, &rep)) print(&rep);
 *
 * Order: parse, merge other files, environment, check. A rule's type CFG_OBJ or CFG_LIST
 * without rules below it leaves its contents free; a key without a value counts as absent. Any
 * thread, one tree at a time.
 */
#ifndef CALLM_BASE_CFG_H
#define CALLM_BASE_CFG_H

#include "jv.h"

enum cfg_type { CFG_STR, CFG_INT, CFG_NUM, CFG_BOOL, CFG_OBJ, CFG_LIST, CFG_SECRET };

/* One row per key; path like "http.listen", list items "llm[].url". */
struct cfg_rule {
	const char *path;
	enum cfg_type type;
	bool required;
	double min, max;       /* numbers: range; strings: length; 0,0 = any */
	const char *choices;   /* "a|b|c" or NULL */
	const char *def;       /* default as text or NULL */
	const char *help;      /* one line, written into the starter config */
};
struct cfg_issue {
	char where[160];       /* callm.yaml:12:http.listen */
	char what[240];
	char mend[240];
};
struct cfg_report {
	struct cfg_issue *v;
	size_t n, cap;
};

/* Parse text (name is for messages). NULL when not YAML; issues in rep. Unquoted yes/no/on/off
 * where a string is expected is an issue. Numbers and booleans are typed. */
jv *cfg_parse(sv text, const char *name, struct cfg_report *rep);
/* Check against rules (unknown keys are issues with the nearest known key as hint) and fill
 * defaults. 0 or ERR_INVAL. name as given to cfg_parse: lines come from the text. */
int cfg_check(jv *tree, sv text, const char *name, const struct cfg_rule *rules, size_t n,
	      struct cfg_report *rep);
/* Objects merge, everything else is replaced. */
void cfg_merge(jv *base, const jv *over);
/* CALLM_HTTP__LISTEN=... overrides http.listen for every rule path without []. */
void cfg_env(jv *tree, const struct cfg_rule *rules, size_t n);
void cfg_starter(const struct cfg_rule *rules, size_t n, struct sb *out); /* a commented YAML */
/* The secret behind "file:/path" (without trailing newlines) or "env:NAME", read when needed
 * and never stored in the tree. out is reset first. 0, ERR_INVAL, ERR_NOTFOUND, ERR_DENIED,
 * ERR_TOOBIG; e says how to mend it. */
int cfg_secret(sv ref, struct sb *out, struct err *e);
/* Where a value stands, for complaints that the rules cannot make: path as shown in messages
 * ("llm[2].url"). 1-based; 0 = not there (or the text breaks off before). Parses again. */
int cfg_line(sv text, const char *path);
/* "NAME:LINE:PATH" for cfg_issue.where. Of a long name the end stays: that is where the file is. */
void cfg_where(char out[160], sv text, const char *name, const char *path);
void cfg_report_done(struct cfg_report *rep);

#endif
