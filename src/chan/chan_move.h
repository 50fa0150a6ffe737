/* chan_move.h: the customer of a call is handed to one person (chan_transfer). Private to chan;
 * shard's thread.
 *
 *	move_start(&m, &place, &(struct chan_move){ .to = SV("sip:ann@pbx"), .warm = true });
 *	move_news(&m, msg);           news of that person (parties_opts.news, own)
 *	move_stop(&m);
 *
 * Embedded in the voice, zeroed = nothing under way.
 */
#ifndef CALLM_CHAN_MOVE_H
#define CALLM_CHAN_MOVE_H

#include "chan_parties.h"

struct move_place {
	struct parties *parties;
	/* Asks the customer's side to call uri by itself; NULL = it cannot be asked. */
	int (*refer)(void *arg, const char *uri);
	/* A step, as of CHAN_MOVED; why "" unless it failed. Last in whatever calls it: the
	 * owner may free everything, or start anew. */
	void (*told)(void *arg, const char *step, const char *why, int status);
	/* We are out of it: the call is to be ended. The same rule. */
	void (*left)(void *arg);
	void *arg, *refer_arg;
};
enum move_step { MOVE_IDLE, MOVE_REFER, MOVE_PERSON };
struct move {
	struct move_place p;
	enum move_step step;
	char *to, *briefing;         /* owned, while the other side is asked */
	char lang[4];
	int ring_ms;
	bool rang;
	struct loop_timer timer;
};

/* ERR_STATE while one is under way, ERR_INVAL: not allowed. told follows, never from within. */
int move_start(struct move *m, const struct move_place *p, const struct chan_move *how);
void move_stop(struct move *m);      /* the person's line is parties_stop's; idempotent */
/* False: it is no step of a transfer, and may be told as what it is. */
bool move_news(struct move *m, const struct chan_msg *msg);
void move_referred(struct move *m, int status);  /* on_refer of the customer's leg */

#endif
