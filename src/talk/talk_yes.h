/* talk_yes.h: how short words are read: yes, no, a question. Pure, any thread.
 *
 *	if (talk_yes(SV("好的，就这样")) == FLOW_YES) ...
 */
#ifndef CALLM_TALK_YES_H
#define CALLM_TALK_YES_H

#include "base.h"
#include "flow.h"

enum flow_yes talk_yes(sv text);             /* does it say yes or no? */
bool talk_is_question(sv text);
static inline bool talk_latin(char ch)
{
	return (ch | 32) >= 'a' && (ch | 32) <= 'z';
}

#endif
