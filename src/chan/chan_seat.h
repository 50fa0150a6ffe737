/* chan_seat.h: a person of the company at a browser: microphone and loudspeaker as a line that
 * conversations ring as "web:TOKEN" (chan_party). The handle belongs to the door's (WebSocket)
 * thread, the call on it to a shard; everything crosses by mailbox.
 *
 *	chan_seat_open(&s, people, &opts);     waits; cb.on_line tells when a call is on it
 *	chan_seat_rx(s, bytes);                16 kHz s16le, any chunking
 *	chan_seat_close(s);                    no callback afterwards
 *
 * A second seat with the token of another takes its place and its call. A seat that goes leaves
 * its call silent for CHAN_SEAT_MS; who is back by then goes on, else the person has "left", why
 * "gone".
 */
#ifndef CALLM_CHAN_SEAT_H
#define CALLM_CHAN_SEAT_H

#include "chan_people.h"

enum { CHAN_SEAT_TOKEN = 64, CHAN_SEAT_MS = 8000 };

struct chan_seat;
struct chan_seat_cb {                /* on the door's thread */
	void (*on_audio)(void *arg, sv pcm16k);  /* 20 ms, 640 bytes; silence is sent too */
	/* A call is on the line (party = its id there), or no more. */
	void (*on_line)(void *arg, bool on, sv party);
	/* Another seat took its place; chan_seat_close is still due. */
	void (*on_closed)(void *arg);
};
struct chan_seat_opts {
	struct mbox *door;           /* of the calling thread; outlives the seat */
	/* Names the line: whoever knows it hears what it hears, so it comes from the desk's own
	 * login; copied; at most CHAN_SEAT_TOKEN bytes. */
	sv token;
	struct chan_seat_cb cb;
	void *arg;
};
/* ERR_INVAL: no token, or too long a one. Keeps a reference to people. */
int chan_seat_open(struct chan_seat **ret, struct chan_people *people,
		   const struct chan_seat_opts *o);
/* Sound while no call is on the line goes nowhere. */
void chan_seat_rx(struct chan_seat *s, sv bytes);
void chan_seat_close(struct chan_seat *s);           /* accepts NULL */

#endif
