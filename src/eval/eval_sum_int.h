/* eval_sum_int.h: one conversation whose summary is judged. Private to eval. */
#ifndef CALLM_EVAL_SUM_INT_H
#define CALLM_EVAL_SUM_INT_H

#include "eval_summary.h"

struct sum_talk {
	const jv *kase;              /* lives until on_over */
	jv *rows, *turns;            /* filled: rows of the river; [{user, reply}] */
	bool silent;
	void (*on_over)(void *arg);  /* once, from the loop */
	void *arg;
};
/* Begins; ERR_FULL when the engine has no room. Plays up to the first words of an agent. */
int sum_play(struct sum_talk *t, struct loop *l, struct talk_hub *hub);

#endif
