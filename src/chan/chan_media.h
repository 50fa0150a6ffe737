/* chan_media.h: a browser's microphone and loudspeaker as a spoken conversation. The handle
 * belongs to the door (WebSocket) thread, the voice inside to a shard; everything crosses by
 * mailbox.
 *
 *	chan_media_open(&m, &opts);
 *	chan_media_rx(m, bytes);           16 kHz s16le, any chunking
 *	chan_media_close(m);               no callback afterwards
 */
#ifndef CALLM_CHAN_MEDIA_H
#define CALLM_CHAN_MEDIA_H

#include "chan_phone.h"

struct chan_media;
struct chan_media_cb {               /* on the door's thread */
	void (*on_audio)(void *arg, sv pcm16k);  /* 20 ms, 640 bytes */
	void (*on_text)(void *arg, sv json);     /* a text frame: event, partial, flush */
	/* the engine ended it; chan_media_close is still due. */
	void (*on_closed)(void *arg);
};
struct chan_media_opts {
	struct mbox *door;
	struct chan_place place;
	const char *data_dir;
	sv id, interaction_id, language, customer_name;  /* copied */
	const char *channel;         /* static; NULL = "talk" */
	/* Where the customer's sound comes from instead of chan_media_rx: called every 20 ms on
	 * the shard while the voice is open; false = silence. May be NULL. */
	bool (*pull)(void *pull_arg, int16_t frame[320]);
	void *pull_arg;
	struct chan_media_cb cb;
	void *arg;
};
int chan_media_open(struct chan_media **ret, const struct chan_media_opts *o);
void chan_media_rx(struct chan_media *m, sv bytes);
void chan_media_key(struct chan_media *m, char digit);
void chan_media_close(struct chan_media *m);         /* accepts NULL */

#endif
