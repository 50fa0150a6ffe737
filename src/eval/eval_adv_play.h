/* eval_adv_play.h: one adversarial conversation. Private to eval. */
#ifndef CALLM_EVAL_ADV_PLAY_H
#define CALLM_EVAL_ADV_PLAY_H

#include "eval_adversarial.h"

struct adv_talk {
	const jv *kase;              /* lives until on_over */
	jv *turns;                   /* [{user, reply}], filled */
	char id[27];                 /* of the conversation */
	bool silent;
	void (*on_over)(void *arg);  /* once, from the loop */
	void *arg;
};
/* Begins; ERR_FULL when the engine has no room. */
int adv_play(struct adv_talk *t, struct loop *l, struct talk_hub *hub);

#endif
