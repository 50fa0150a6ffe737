/* app_ways.h: the further ways by which calls reach us, besides SIP: AudioSocket. Media streams
 * over WebSocket come through the door (api_stream.c). Private to app. */
#ifndef CALLM_APP_WAYS_H
#define CALLM_APP_WAYS_H

#include "base.h"
#include "talk.h"

struct app_ways;

/* Opens what the configuration asks for; *ret may stay NULL. After the shards; main thread. cfg,
 * people (who can be brought in) and hub must outlive it; data_dir NULL = nothing is recorded. */
struct chan_people;
int app_ways_open(struct app_ways **ret, const jv *cfg, const char *data_dir,
		  struct chan_people *people, struct talk_hub *hub, struct err *e);
/* of AudioSocket, 0 = none; accepts NULL. */
int app_ways_port(const struct app_ways *w);
void app_ways_health(const struct app_ways *w, jv *components);      /* accepts NULL */
void app_ways_drain(struct app_ways *w);             /* accepts NULL, as do the next two */
void app_ways_stop(struct app_ways *w);              /* before the shards end; idempotent */
void app_ways_close(struct app_ways *w);             /* after them */

#endif
