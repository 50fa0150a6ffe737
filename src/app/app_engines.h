/* app_engines.h: the speech engines of every shard: ears, voices, voice detection, end of turn;
 * and others in their place while calls go on. Private to app.
 *
 *	app_engines_open(&g, cfg, models);             before the shards; main thread
 *	app_engines_shard(g, hub, texts, shard, up);   from talk's on_shard, its thread
 *	app_engines_renew(g, hub);                     something was installed; main thread
 *	app_engines_close(g);                          after the shards
 */
#ifndef CALLM_APP_ENGINES_H
#define CALLM_APP_ENGINES_H

#include "app_models.h"
#include "chan_voice.h"
#include "talk.h"

struct app_engines;

int app_engines_open(struct app_engines **ret, const jv *cfg, struct app_models *m);
void app_engines_close(struct app_engines *g); /* accepts NULL */
void app_engines_shard(struct app_engines *g, struct talk_hub *hub,
		       const struct talk_texts *texts, struct talk_shard *s, bool up);
void app_engines_renew(struct app_engines *g, struct talk_hub *hub);
/* What a call on this shard hears and speaks with; NULL while the shard is not up. Its thread
 * reads it; any thread may ask where it is. */
const struct chan_speech *app_engines_speech(struct talk_shard *s);
/* The English recogniser has no language model of the company; main thread, before the shards. */
void app_engines_complain(struct app_engines *g, const char *why);
void app_engines_health(struct app_engines *g, jv *components); /* any thread */

#endif
