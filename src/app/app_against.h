/* app_against.h: what another intent task would have heard in recorded conversations. Private
 * to app.
 *
 *	app_against_load(&t, db, dir, SV("intent"), base, &e);        a candidate, or a file
 *	app_against_river(db, t, &opts, &e);                          a line a turn that differs
 */
#ifndef CALLM_APP_AGAINST_H
#define CALLM_APP_AGAINST_H

#include "base.h"
#include "store.h"
#include "feel_task.h"

/* which: a file, a name ("intent": its newest version), or "intent-3". db may be NULL for a file.
 * ERR_NOTFOUND and what loading says. *ret is the caller's. */
int app_against_load(struct feel_task **ret, struct store_db *db, const char *data, sv which,
		     struct feel_task *base, struct err *e);

struct app_against {
	bool json;
	int64_t days;                /* of the river, from its end; 0 = 30 */
	size_t turns, differ, conversations;     /* filled */
};
/* Hears every customer's turn of the last days twice, in the order of its conversation: by what
 * is in use in this process and by t; prints those that differ: conversation, turn, what the
 * bot did, what was heard and would be. Texts are the river's, cleaned. ERR_FULL: more turns than
 * are heard at once, e says how many. */
int app_against_river(struct store_db *db, struct feel_task *t, struct app_against *o,
		      struct err *e);

#endif
