/* api_policy.h: the strategy table of a data folder, for whoever starts the shards
 * (api_policy.c). */
#ifndef CALLM_API_POLICY_H
#define CALLM_API_POLICY_H

#include "store.h"

struct policy_table;
struct cfg_report;
struct web_req;
/* The table in use: the last one saved, else the program's own; company's rows over it. 0;
 * ERR_VERSION: the saved one does not fit this program any more (rep tells), *ret is the
 * program's own; ERR_INVAL: company's rows have faults (rep), no table; or the store's error. Any
 * thread that may block. */
int api_strategy_load(struct store *st, const jv *company, struct policy_table **ret,
		      struct cfg_report *rep);
void api_strategy_get(struct web_req *r, void *arg);
void api_strategy_put(struct web_req *r, void *arg);
void api_strategy_try(struct web_req *r, void *arg);

#endif
