/* app_people.h: hand-overs to people, put together: the queues' durable side, the conversations
 * and the door. Private to app. Main thread.
 *
 *	app_people_open(&p, &opts, &e);           after the service, before the shards
 *	talk_opts.people = app_people_ops(p);
 *	api_opts.acd = app_people_acd(p);
 *	app_people_door(p, api);                  the door is open: events and words go through it
 *	app_people_close(p);                      after the shards, before the store and the door
 */
#ifndef CALLM_APP_PEOPLE_H
#define CALLM_APP_PEOPLE_H

#include "base.h"
#include "store.h"

struct app_people;
struct api;
struct acd;
struct desk;
struct talk_people;
struct app_people_opts {
	const jv *cfg;
	const char *data;            /* folder: the data key */
	struct store *store;
	const struct desk *desk;     /* opening times by their names; outlives it */
};
/* A company without queues.yaml has the demo's. e says what to mend. */
int app_people_open(struct app_people **ret, const struct app_people_opts *o, struct err *e);
/* All faults of queues.yaml beside a company.yaml into rep. music: its sound files are read too; a
 * server starts without them. */
void app_people_check(sv company_file, bool music, struct cfg_report *rep);
const struct talk_people *app_people_ops(const struct app_people *p);
struct acd *app_people_acd(const struct app_people *p);
const unsigned char *app_people_key(const struct app_people *p);
void app_people_door(struct app_people *p, struct api *api);
void app_people_close(struct app_people *p);         /* accepts NULL */

#endif
