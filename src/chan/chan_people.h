/* chan_people.h: the persons of the company that can be brought into a conversation: whom we may
 * ring, how, and the browsers that wait (chan_seat.h).
 *
 *	chan_people_open(&people, &opts);
 *	chan_people_set_tel(people, tel);      before it nobody can be rung by telephone
 *	... place.people = people: conversations of this place can (chan_party)
 *	chan_people_close(people);             the last conversation and seat free it
 *
 * Counted and shared by all threads: read only but for the telephone and the list of seats, which
 * has a lock.
 */
#ifndef CALLM_CHAN_PEOPLE_H
#define CALLM_CHAN_PEOPLE_H

#include "base.h"

struct tel;
struct chan_people;

#define CHAN_ALLOW_MAX 64            /* entries of a list of addresses */

struct chan_transfer_opts {          /* copied */
	/* see chan_dial.h; none: nobody by telephone */
	const char *const *allow;
	size_t n_allow;
	int ring_ms;                 /* 0 = 25 s; at most 55 s */
	bool confirm;                /* the person takes the call with key 1 */
	/* chan_transfer: the call ends when the person hangs up */
	bool end;
};
struct chan_people_opts {
	struct chan_transfer_opts transfer;
	const char *trunk, *from;    /* of numbers, and ours; see chan_dial.h; copied */
	/* Company's own words: "transfer_confirm"; on a shard. May be NULL. */
	sv (*text)(void *arg, const char *key, sv lang, unsigned variant);
	void *arg;
	/* What persons say becomes words too (CHAN_PARTY_WORDS): a recogniser each. */
	bool words;
};
int chan_people_open(struct chan_people **ret, const struct chan_people_opts *o);
void chan_people_set_tel(struct chan_people *p, struct tel *t);     /* any thread */
void chan_people_close(struct chan_people *p);       /* accepts NULL */

#endif
