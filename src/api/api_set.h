/* api_set.h: routes of api_set.c: test sets of the knowledge base (docs/kb.md). */
#ifndef CALLM_API_SET_H
#define CALLM_API_SET_H

#include "web.h"

void api_sets(struct web_req *r, void *arg);
void api_set(struct web_req *r, void *arg);
void api_set_new(struct web_req *r, void *arg);
void api_set_name(struct web_req *r, void *arg);
void api_set_drop(struct web_req *r, void *arg);
void api_set_questions(struct web_req *r, void *arg);
void api_set_add(struct web_req *r, void *arg);
void api_set_cut(struct web_req *r, void *arg);
void api_set_runs(struct web_req *r, void *arg);
void api_set_run(struct web_req *r, void *arg);
void api_run(struct web_req *r, void *arg);
void api_run_answers(struct web_req *r, void *arg);

#endif
