/* api_stream.h: calls of other telephone systems over WebSocket: what the protocols share. One
 * struct a socket; door's thread.
 *
 *	/asterisk/media    Asterisk's chan_websocket (api_stream_asterisk.c)
 *	/twilio/media      media streams as Twilio has them (api_stream_twilio.c)
 */
#ifndef CALLM_API_STREAM_H
#define CALLM_API_STREAM_H

#include "api_int.h"
#include "chan_stream.h"

struct api_stream;
struct api_stream_kind {
	const char *way;
	bool late_key;               /* the key may come with the first message */
	int lead;                    /* frames of silence ahead of a sentence */
	void (*text)(struct api_stream *s, sv msg);
	void (*binary)(struct api_stream *s, sv msg);
	void (*audio)(struct api_stream *s, sv bytes);       /* 20 ms to be heard there */
	void (*flush)(struct api_stream *s);
	void (*bye)(struct api_stream *s);   /* we hang up; may be NULL: the close says it */
};
struct api_stream {
	struct api *a;
	struct web_ws *ws;
	const struct api_stream_kind *kind;
	struct chan_stream *line;    /* NULL before the beginning and after the end */
	struct loop_timer hello;     /* the first message is due */
	bool authed, ended;
	char from[128], name[128], lang[4];
	/* Asterisk's: */
	bool json;                   /* it speaks JSON, and so do we */
	bool answer;                 /* the call rings until we say so */
	bool bulk;                   /* its frames have another size than ours */
	/* Twilio's: */
	char sid[80];
};

/* on_open of a route. */
int api_stream_open(struct web_ws *ws, struct web_req *r, struct api *a,
		    const struct api_stream_kind *kind);
void api_stream_on_msg(struct web_ws *ws, sv msg, bool binary);
void api_stream_on_close(struct web_ws *ws, int code, sv reason);
/* The conversation begins. ref: what the far side calls the call. */
void api_stream_begin(struct api_stream *s, sv ref, enum chan_codec codec, int hz);
/* The far side does not do what it should: told, logged, closed. */
void api_stream_fail(struct api_stream *s, const char *why);
void api_stream_key(struct api_stream *s, sv digit);         /* other characters are no key */
/* Who calls, from the far side's own words: each may be empty. */
void api_stream_who(struct api_stream *s, sv from, sv name, sv lang);
bool api_stream_key_ok(struct api_stream *s, sv key);        /* of kinds with late_key */

#endif
