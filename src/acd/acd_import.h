/* acd_import.h: queues of other systems as queues of ours.
 *
 *	jv *tree;
 *	acd_import(&tree, text, "queues.conf", &notes, &e);
 *	acd_import_yaml(tree, &out);             what queues.yaml says
 *
 * Reads FreeSWITCH's callcenter.conf.xml (mod_callcenter) and Asterisk's queues.conf
 * (app_queue). What has no counterpart is told in notes, a line each, and left out. Any thread.
 * docs/acd.md.
 */
#ifndef CALLM_ACD_IMPORT_H
#define CALLM_ACD_IMPORT_H

#include "base.h"

/* *ret is the caller's: a tree that acd_plan_tree() takes. ERR_PARSE: it is neither; e says
 * where and why. ERR_TOOBIG: more queues than a plan holds. notes may be NULL. */
int acd_import(jv **ret, sv text, const char *name, struct sb *notes, struct err *e);
/* A tree as YAML that cfg_parse() reads the same. */
void acd_import_yaml(const jv *tree, struct sb *out);

#endif
