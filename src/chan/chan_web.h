/* chan_web.h: a written conversation in a browser or over REST. The handle belongs to the door
 * (HTTP) thread, the peer inside it to a shard; everything between them crosses by mailbox.
 *
 *	chan_web_open(&w, &opts);
 *	chan_web_send(w, SV("Where is my parcel?"), SV("c-1"));
 *	... opts.cb.on_event(arg, w, json), on_ack(arg, w, "c-1", seq, 0)
 *	chan_web_close(w);
 *	chan_web_unref(w);            after on_closed
 */
#ifndef CALLM_CHAN_WEB_H
#define CALLM_CHAN_WEB_H

#include "chan.h"

struct chan_web;

/* On the door's thread. Texts are valid during the call. */
struct chan_web_cb {
	void (*on_event)(void *arg, struct chan_web *w, sv event_json);
	void (*on_delta)(void *arg, struct chan_web *w, sv text);
	void (*on_typing)(void *arg, struct chan_web *w);
	/* Exactly once for each chan_web_send that returned 0. */
	void (*on_ack)(void *arg, struct chan_web *w, sv client_id, int64_t seq, int err);
	/* err: the engine refused to open it; then no other callback came but on_ack
	 * (ERR_CLOSED) of what was sent meanwhile. Exactly once, after the last on_ack, nothing
	 * after it. */
	void (*on_closed)(void *arg, struct chan_web *w, int err);
};
struct chan_web_opts {
	struct mbox *door;               /* mailbox of the calling thread */
	struct mbox *shard;
	struct loop *shard_loop;
	const struct chan_sink *sink;
	void *sink_arg;
	struct chan_web_cb cb;
	void *arg;
	struct chan_info info;           /* copied, resume too */
};
int chan_web_open(struct chan_web **ret, const struct chan_web_opts *o);
/* A customer's text. ERR_CLOSED, ERR_FULL (too many unanswered). */
int chan_web_send(struct chan_web *w, sv text, sv client_id);
/* by the customer; on_closed follows; idempotent. */
void chan_web_close(struct chan_web *w);
void chan_web_unref(struct chan_web *w);         /* no callback afterwards; accepts NULL */
const char *chan_web_id(const struct chan_web *w);
bool chan_web_closed(const struct chan_web *w);
void *chan_web_user(const struct chan_web *w);
void chan_web_set_user(struct chan_web *w, void *user);

#endif
