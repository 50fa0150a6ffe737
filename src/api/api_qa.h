/* api_qa.h: handlers of quality and satisfaction; private to the api. */
#ifndef CALLM_API_QA_H
#define CALLM_API_QA_H

#include "api_int.h"
#include "qa_review.h"

/* api_qa.c */
void api_qa_reviews(struct web_req *r, void *arg);
void api_qa_review(struct web_req *r, void *arg);
void api_qa_mark(struct web_req *r, void *arg);
void api_qa_move(struct web_req *r, void *arg);
void api_qa_sample(struct web_req *r, void *arg);
void api_qa_calibration(struct web_req *r, void *arg);
/* api_qa_form.c */
void api_qa_forms(struct web_req *r, void *arg);
void api_qa_form(struct web_req *r, void *arg);
void api_qa_form_put(struct web_req *r, void *arg);
/* api_survey.c */
void api_surveys(struct web_req *r, void *arg);
void api_survey_link(struct web_req *r, void *arg);
void api_survey_get(struct web_req *r, void *arg);
void api_survey_post(struct web_req *r, void *arg);

/* The signed-in user and their role here; answers 401, 403, 503 itself. */
bool api_qa_ready(struct api *a, struct web_req *r, const char *may, struct api_user *u,
		  enum qr_role *role);

#endif
