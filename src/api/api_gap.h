/* api_gap.h: routes of api_gap.c and api_propose.c: what the knowledge base lacks
 * (docs/flywheel.md). */
#ifndef CALLM_API_GAP_H
#define CALLM_API_GAP_H

#include "web.h"

void api_gaps(struct web_req *r, void *arg);
void api_gap(struct web_req *r, void *arg);
void api_drafts(struct web_req *r, void *arg);
void api_draft(struct web_req *r, void *arg);
void api_draft_decide(struct web_req *r, void *arg);
void api_conflicts(struct web_req *r, void *arg);
void api_coverage(struct web_req *r, void *arg);
void api_draft_propose(struct web_req *r, void *arg);      /* api_propose.c */
void api_topic_put(struct web_req *r, void *arg);

#endif
