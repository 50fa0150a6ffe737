/* cfg_int.h: what cfg.c and cfg_check.c share; private to base. */
#ifndef CALLM_BASE_CFG_INT_H
#define CALLM_BASE_CFG_INT_H

#include "arena.h"
#include "cfg.h"
#include "map.h"

enum { CFG_ISSUES_MAX = 100, CFG_NODES_MAX = 100000, CFG_PATH_MAX = 512 };

/* Where a value stands in the text and how it was written there. */
struct cfg_place {
	int line;
	bool plain;   /* a scalar without quotes */
	sv raw;       /* its text */
};
struct cfg_places {
	struct arena mem;
	struct map *by_path;   /* "llm[2].url" -> struct cfg_place */
};
/* cfg_parse that also notes places (may be NULL). */
jv *cfg_read(sv text, const char *name, struct cfg_report *rep, struct cfg_places *places);
void cfg_issue(struct cfg_report *rep, const char *where, const char *mend, const char *what, ...)
	__attribute__((format(printf, 4, 5)));
jv *cfg_scalar(sv raw);                                  /* typed as an unquoted YAML scalar */
bool cfg_env_name(const char *path, struct sb *out);     /* false for paths with [] */
jv *cfg_typed(const struct cfg_rule *r, sv text); /* text from the environment or a default */
/* Sets tree's value at a path without []; makes the objects on the way. Takes val. */
void cfg_put(jv *tree, sv path, jv *val);

#endif
