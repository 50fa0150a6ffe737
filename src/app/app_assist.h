/* app_assist.h: help for people who serve, put together: the company's lists, its tools by name,
 * the names of its products, and a language model. Private to app. Main thread.
 *
 *	app_assist_open(&x, &opts, &e);          after the service, before the door
 *	api_opts.assist = app_assist_of(x);
 *	app_assist_hub(x, hub);                  its strategy in use counts
 *	app_assist_door(x, api);                 events go to the desks from now on
 *	app_assist_door(x, NULL);                after api_stop
 *	app_assist_hub(x, NULL);                 before talk_hub_close
 *	app_assist_close(x);                     before api_close, the service and the store
 */
#ifndef CALLM_APP_ASSIST_H
#define CALLM_APP_ASSIST_H

#include "base.h"
#include "store.h"

struct app_assist;
struct app_specs;
struct app_service;
struct api;
struct assist;
struct talk_hub;
struct app_assist_opts {
	const jv *cfg, *company;     /* outlive it */
	struct store *store;
	struct snap *kb;
	struct snap *forms;          /* of quality; may be NULL */
	struct app_service *service;
	/* The language models in use; any thread; may be NULL: no translation. */
	const struct app_specs *(*llm)(void *arg);
	void *llm_arg;
};
/* A company without the files has the demo's dispositions.yaml, canned.yaml and assist.yaml. e
 * says what to mend. */
int app_assist_open(struct app_assist **ret, const struct app_assist_opts *o, struct err *e);
/* All faults of the three files beside a company.yaml into rep. */
void app_assist_check(sv company_file, struct cfg_report *rep);
struct assist *app_assist_of(const struct app_assist *x);
/* [{id, title{zh, en}}]: how conversations are filed; lives as long as x. */
const jv *app_assist_dispositions(const struct app_assist *x);
void app_assist_hub(struct app_assist *x, struct talk_hub *hub);     /* both may be NULL */
void app_assist_door(struct app_assist *x, struct api *api); /* both may be NULL */
void app_assist_close(struct app_assist *x);                 /* accepts NULL */

#endif
