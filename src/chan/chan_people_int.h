/* chan_people_int.h: what rings a person: the lists and the telephone, and the lines of browsers.
 * Private to chan. */
#ifndef CALLM_CHAN_PEOPLE_INT_H
#define CALLM_CHAN_PEOPLE_INT_H

#include <pthread.h>

#include "chan_dial.h"
#include "chan_people.h"

struct seat_line;                    /* a browser's, by its token */
struct chan_people {                 /* an obj */
	struct chan_people_opts o;   /* lists and addresses of it are in dial */
	struct chan_dial dial;
	_Atomic(struct tel *) tel;
	pthread_mutex_t lock;        /* of the lines, their seats and calls */
	struct seat_line *lines;
};

/* ---- a call on a browser's line, on its shard */
struct seat_call;
struct seat_call_cb {
	void (*on_sound)(void *arg, const int16_t *s, size_t n);     /* 16 kHz, any length */
	void (*on_away)(void *arg, bool away);       /* the browser went, or is back */
};
/* The line of token rings for nobody: it is taken, party = told to the browser. ERR_NOTFOUND: no
 * browser waits; ERR_BUSY: another call is on it. */
int seat_take(struct chan_people *p, sv token, sv party, struct mbox *box,
	      const struct seat_call_cb *cb, void *arg, struct seat_call **ret);
void seat_send(struct seat_call *c, const int16_t s[320]);
void seat_release(struct seat_call *c);              /* accepts NULL; no callback afterwards */

#endif
