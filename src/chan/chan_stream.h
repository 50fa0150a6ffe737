/* chan_stream.h: a call whose sound another telephone system sends and takes as messages over a
 * WebSocket: Asterisk's chan_websocket, a carrier's media stream. The handle belongs to the
 * door's (WebSocket) thread, the line inside (chan_line.h) to a shard; everything crosses by
 * mailbox.
 *
 *	chan_stream_open(&s, &opts);
 *	chan_stream_rx(s, bytes);              as the codec has them, any length
 *	chan_stream_close(s);                  no callback afterwards
 *
 * We send each 20 ms what is to be heard in them, so no more than the lead waits at the far
 * side: what was sent counts as heard, and an interruption has hardly anything to take back.
 */
#ifndef CALLM_CHAN_STREAM_H
#define CALLM_CHAN_STREAM_H

#include "chan_line.h"

enum chan_codec { CHAN_SLIN, CHAN_ULAW, CHAN_ALAW };     /* SLIN: 16 bit, little endian */

struct chan_stream;
struct chan_stream_cb {              /* on the door's thread */
	void (*on_audio)(void *arg, sv bytes);   /* 20 ms */
	void (*on_flush)(void *arg);             /* drop what waits at the far side */
	/* The conversation is over, by the engine or for lack of sound; close is still due. */
	void (*on_closed)(void *arg, enum chan_close_by by);
};
struct chan_stream_opts {
	struct mbox *door;
	struct chan_place place;
	const char *data_dir;        /* recordings; NULL = none; copied */
	const char *way;             /* static */
	sv ref, language, address, name;         /* copied; see struct chan_info */
	enum chan_codec codec;
	int hz;                      /* G.711 too may be at other rates */
	int silent_ms, lead;         /* see chan_line_opts */
	struct chan_stream_cb cb;
	void *arg;
};
/* ERR_INVAL for a rate that is none; ERR_FULL. That the engine refuses comes as on_closed. */
int chan_stream_open(struct chan_stream **ret, const struct chan_stream_opts *o);
void chan_stream_rx(struct chan_stream *s, sv bytes);
void chan_stream_key(struct chan_stream *s, char digit);
void chan_stream_pause(struct chan_stream *s, bool on);  /* see chan_line_pause */
void chan_stream_close(struct chan_stream *s);           /* accepts NULL */

#endif
