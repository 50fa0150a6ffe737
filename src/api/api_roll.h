/* api_roll.h: routes of api_roll.c: second ways of the strategy table that are let in step by step
 * (docs/learning.md). */
#ifndef CALLM_API_ROLL_H
#define CALLM_API_ROLL_H

#include "web.h"

void api_rollouts(struct web_req *r, void *arg);
void api_rollout_order(struct web_req *r, void *arg);
void api_rollout_decisions(struct web_req *r, void *arg);

#endif
