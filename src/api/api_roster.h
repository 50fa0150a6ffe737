/* api_roster.h: handlers of rosters; private to the api. */
#ifndef CALLM_API_ROSTER_H
#define CALLM_API_ROSTER_H

#include "api_int.h"

void api_rosters(struct web_req *r, void *arg);
void api_roster_put(struct web_req *r, void *arg);
void api_roster_publish(struct web_req *r, void *arg);
void api_roster_propose(struct web_req *r, void *arg);
void api_roster_replan(struct web_req *r, void *arg);
void api_roster_adherence(struct web_req *r, void *arg);
void api_my_roster(struct web_req *r, void *arg);
void api_my_adherence(struct web_req *r, void *arg);

#endif
