/* app_voice.h: the spoken side of the server: speech engines of each shard, telephone, browser
 * voice. Private to app. */
#ifndef CALLM_APP_VOICE_H
#define CALLM_APP_VOICE_H

#include "base.h"
#include "talk.h"
#include "api.h"

struct app_voice;

/* Prepares (main thread). cfg must outlive it. */
int app_voice_open(struct app_voice **ret, const jv *cfg, const char *data_dir);
/* Which models speak and hear; before the shards start. Main thread. */
struct app_models;
void app_voice_models(struct app_voice *v, struct app_models *m);
/* Something arrived: later calls and sentences use it. Main thread. */
void app_voice_renew(struct app_voice *v);
const char *app_voice_lm_dir(const struct app_voice *v); /* of the English recogniser's model */
/* Writes the recogniser's language model from the knowledge base; before the shards start. */
int app_voice_learn(struct app_voice *v, struct kb_index *ix, struct store *st, struct err *e);
/* From talk's on_shard, on the shard's thread: opens or closes its engines. */
int app_voice_shard(struct app_voice *v, struct talk_hub *hub, const struct talk_texts *texts,
		    struct talk_shard *s, bool up);
/* Opens the telephone (sip.enabled). Main thread. */
int app_voice_start(struct app_voice *v, struct talk_hub *hub, struct err *e);
int app_voice_port(const struct app_voice *v);           /* SIP port, 0 = none */
const struct app_ways *app_voice_ways(const struct app_voice *v);    /* app_ways.h */
void app_voice_health(struct app_voice *v, jv *components);
/* Who can be brought into a conversation, and where browsers of the desk sit down
 * (chan_seat_open): from app_voice_open to app_voice_close, any thread. */
struct chan_people *app_voice_people(const struct app_voice *v);
/* For api_opts.call; its arg is the struct app_voice. */
int (*app_voice_call(void))(void *arg, const struct api_call *c);
const struct api_media_ops *app_voice_media(void);       /* media_arg is the struct app_voice */
void app_voice_drain(struct app_voice *v);
void app_voice_stop(struct app_voice *v);                /* ends calls; accepts NULL */
void app_voice_close(struct app_voice *v);               /* after the shards; accepts NULL */

/* "host:port" of the configuration (app_server.c). */
int app_listen(sv text, char host[64], int *port, struct err *e);

#endif
