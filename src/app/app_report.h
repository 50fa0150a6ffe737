/* app_report.h: reports in the server: facts follow the river, days are packed. Private to app.
 * Main thread.
 *
 *	app_report_open(&r, &opts, &e);       after the store
 *	app_report_tick(r);                   once a second
 *	app_report_stop(r);                   nothing more is begun
 *	app_report_close(r);                  after the pool, before the store; accepts NULL
 */
#ifndef CALLM_APP_REPORT_H
#define CALLM_APP_REPORT_H

#include "base.h"
#include "store.h"

struct app_report;
struct ins_rates;
struct acd;
struct app_report_opts {
	const jv *cfg;               /* report */
	const char *data;            /* folder; models may be named there */
	const char *zone;            /* the company's; NULL = UTC */
	struct store *store;
	struct pool *pool;
	struct acd *acd;             /* whose queues' service levels count; may be NULL */
};
int app_report_open(struct app_report **ret, const struct app_report_opts *o, struct err *e);
void app_report_tick(struct app_report *r);
void app_report_stop(struct app_report *r);          /* accepts NULL */
void app_report_close(struct app_report *r);         /* accepts NULL */
/* What the door needs for reports. */
struct api_opts;
void app_report_door(const jv *cfg, struct api_opts *o);
/* Of the configuration (NULL = the defaults). */
struct ins_rates app_report_rates(const jv *cfg);
/* The company's queues as a server with that file would have them, for acd_promise; the caller's
 * (obj). company_file: "" = the demo's. */
struct acd_plan;
int app_report_plan(struct acd_plan **ret, sv company_file, struct store_db *db, struct err *e);

#endif
