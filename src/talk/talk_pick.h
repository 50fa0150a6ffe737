/* talk_pick.h: what was said after titles were offered: which of them is meant? Pure, any thread.
 *
 *	char *titles[] = { "Delivery costs", "Returning a gift" };
 *	talk_pick(SV("the delivery one, please"), titles, 2, &sure) -> 0, sure
 */
#ifndef CALLM_TALK_PICK_H
#define CALLM_TALK_PICK_H

#include "base.h"

enum { PICK_NOT = -1, PICK_NONE = -2 };      /* no pick; "none of these" */

/* The place among n titles (not more than TALK_OFFERS; else PICK_NOT), PICK_NOT or PICK_NONE. sure:
 * by a number, or by words that say that one or none of them is meant; else it is a bare yes or
 * no, or all the words stand in one title: an open question and a wish go before. */
int talk_pick(sv text, char *const *titles, int n, bool *ret_sure);

#endif
