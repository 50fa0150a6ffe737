/* learn_served.h: what came of the ways in which conversations were served. Private to learn.
 *
 *	const struct learn_served w = { .reply = .., .bad = .., .end = .., .arg = &x };
 *	int rc = learn_served_each(db, since_ms, &w);
 */
#ifndef CALLM_LEARN_SERVED_H
#define CALLM_LEARN_SERVED_H

#include "base.h"
#include "store.h"

struct learn_served {
	/* A reply and how it was decided. handed: its very turn went to a person, whose row may
	 * stand before the reply's. */
	void (*reply)(void *arg, const jv *strategy, bool handed);
	/* a hand-over or a thumb down, after those replies. */
	void (*bad)(void *arg);
	void (*end)(void *arg, int64_t closed_ms);   /* of the conversation */
	void *arg;
};
/* Conversations closed since then, by the time of their close; one row is in memory. A reader. */
int learn_served_each(struct store_db *db, int64_t since_ms, const struct learn_served *w);

#endif
