/* api_assist.h: help for agents at the door: routes of api_assist.c and api_follow.c. Private to
 * the api. Door's thread. */
#ifndef CALLM_API_ASSIST_H
#define CALLM_API_ASSIST_H

#include "base.h"

struct web_req;
void api_canned(struct web_req *r, void *arg);
void api_dispositions(struct web_req *r, void *arg);
void api_summary(struct web_req *r, void *arg);
void api_summary_put(struct web_req *r, void *arg);
void api_summary_reword(struct web_req *r, void *arg);
void api_translate(struct web_req *r, void *arg);
void api_feedback(struct web_req *r, void *arg);
void api_follow_ups(struct web_req *r, void *arg);   /* api_follow.c */
const char *api_written_in(sv text);                 /* "zh" or "en"; any thread */

#endif
