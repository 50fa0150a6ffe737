/* app_service.h: service that gets things done, put together: the kit of tools over the store,
 * the sources (shop, customers, desk), decision tables and flows of the company.
 *
 *	struct app_service *s;
 *	app_service_open(&s, &opts, &e);
 *	talk_opts.tools = app_service_kit(s);
 *	app_service_tick(s);             every second: messages go out, clocks of tickets are
 * looked at app_service_stop(s);             nothing more is begun app_service_close(s); after
 * the shards and the door
 *
 * Texts edited in the console (table document) go before the company's own files.
 */
#ifndef CALLM_APP_SERVICE_H
#define CALLM_APP_SERVICE_H

#include "base.h"
#include "store.h"

struct app_service;
struct tool_kit;
struct flow_set;
struct cust_keys;
struct feel_catalogue;
struct desk;
struct talk_hub;
struct app_service_opts {
	const jv *cfg, *company;
	const char *data;            /* folder: the data key, messages of the demo */
	struct store *store;
	struct pool *pool;
};
int app_service_open(struct app_service **ret, const struct app_service_opts *o, struct err *e);
/* All faults of the texts beside a company.yaml into rep, as a start would find them. */
void app_service_check(sv company_file, struct cfg_report *rep);
void app_service_stop(struct app_service *s);        /* accepts NULL */
void app_service_close(struct app_service *s);       /* accepts NULL */
struct tool_kit *app_service_kit(const struct app_service *s);
/* Those of the start, as long as none was published (the thread of app_service_apply). */
struct flow_set *app_service_flows(const struct app_service *s);
/* In use: a reference for the caller, or NULL. Any thread. */
struct flow_set *app_service_flows_now(const struct app_service *s);
/* The decision tables in use: a reference for the caller, or NULL. Any thread. */
struct policy_rules *app_service_rules_now(void *s);
struct cust_keys *app_service_keys(const struct app_service *s);
/* may be NULL. */
const struct feel_catalogue *app_service_products(const struct app_service *s);
const struct desk *app_service_desk(const struct app_service *s);
/* Flows that are published from now on go to this hub, too. */
void app_service_hub(struct app_service *s, struct talk_hub *hub);
/* A text of the console takes effect: kind "tool", "rules" or "flow". With test only looks whether
 * it would. 0, or ERR_INVAL with what is wrong in rep. Any thread but the scribe's. */
int app_service_apply(struct app_service *s, sv kind, sv id, sv text, bool test,
		      struct cfg_report *rep);
/* The text in use; ERR_NOTFOUND. *ret_ids of a kind: app_service_list. */
int app_service_text(const struct app_service *s, sv kind, sv id, struct sb *out);
void app_service_list(const struct app_service *s, sv kind,
		      void (*fn)(void *arg, sv id), void *arg);
void app_service_tick(struct app_service *s);        /* on the thread that opened it */

#endif
