/* app_meaning.h: search by meaning in the server: vectors of the knowledge base, made in the
 * background, and the model that embeds questions on every shard. Private to app. */
#ifndef CALLM_APP_MEANING_H
#define CALLM_APP_MEANING_H

#include "model.h"
#include "talk.h"

/*	app_meaning_open(&m, &(struct app_meaning_opts){ store, kb, live, data });
 *	talk_hub_open(...)             on_shard calls app_meaning_shard(m, shard, up)
 *	app_meaning_use(m, hub, spec); again when another model is there
 *	app_meaning_stop(m);           before the hub closes
 *	talk_hub_close(...); app_meaning_close(m);
 *
 * Main thread but for app_meaning_shard. */
struct app_meaning;

struct app_meaning_opts {
	struct store *store;
	struct snap *kb;         /* the server's index */
	struct kb_live *live;    /* gets one with vectors when all are made */
	const char *data;        /* the folder that keeps them (vectors.bin) */
};
int app_meaning_open(struct app_meaning **ret, const struct app_meaning_opts *o);
/* Embeds with this model from now on (NULL = with none: words alone). Its strings outlive m. The
 * thread of its own starts with the first call. */
int app_meaning_use(struct app_meaning *m, struct talk_hub *hub, const struct model_spec *spec);
/* Articles have changed: what is new is embedded, then an index is published. */
void app_meaning_refresh(struct app_meaning *m);
/* From talk's on_shard, on the shard's thread: closes its model when it goes down. */
void app_meaning_shard(struct app_meaning *m, struct talk_shard *s, bool up);
/* {"name":"meaning","status","detail"}; any thread. */
jv *app_meaning_health(struct app_meaning *m);
void app_meaning_stop(struct app_meaning *m);    /* ends the thread; accepts NULL */
void app_meaning_close(struct app_meaning *m);   /* accepts NULL */

#endif
