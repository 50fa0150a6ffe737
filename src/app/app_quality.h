/* app_quality.h: quality in the server: the company's forms and surveys, and the watcher that
 * scores what ended. Private to app. Main thread.
 *
 *	app_quality_open(&q, &opts, &e);      after the store, before the door
 *	app_quality_tick(q);                  once a second
 *	app_quality_stop(q);                  nothing more is begun
 *	app_quality_close(q);                 after the pool and the door; accepts NULL
 */
#ifndef CALLM_APP_QUALITY_H
#define CALLM_APP_QUALITY_H

#include "base.h"
#include "store.h"

struct app_quality;
struct qa_surveys;
struct app_specs;
struct qa_forms;
struct app_quality_opts {
	const jv *cfg;               /* company: whose folder is looked at; quality */
	struct store *store;
	struct pool *pool;
	/* The models in use, for rubrics when quality.model is on; any thread. May be NULL. */
	const struct app_specs *(*llm)(void *arg);
	void *llm_arg;
};
/* The forms in use are the company's (qa/NAME.yaml beside its company.yaml, else the program's own)
 * with those saved in the console over them. ERR_INVAL: a file has a fault, e tells where. */
int app_quality_open(struct app_quality **ret, const struct app_quality_opts *o, struct err *e);
struct snap *app_quality_forms(const struct app_quality *q);
const struct qa_surveys *app_quality_surveys(const struct app_quality *q);
void app_quality_tick(struct app_quality *q);
void app_quality_stop(struct app_quality *q);        /* accepts NULL */
void app_quality_close(struct app_quality *q);       /* accepts NULL */
/* The forms of a company's folder (config empty = the demo), without the saved ones. */
int app_quality_load(sv config, struct qa_forms **ret, struct err *e);
/* All faults of its forms and surveys into rep, as a start would find them. */
struct cfg_report;
void app_quality_check(sv company_file, struct cfg_report *rep);

#endif
