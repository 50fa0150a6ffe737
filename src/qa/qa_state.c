/* qa_state.c: who may move a review from where to where. A table and nothing else. */
#include "qa_review.h"

static const char *const states[QR_STATES] = { "no",      "nodis",  "dis",       "done",
					       "recheck", "appeal", "arbitrate", "archive" };

#define S (1u << QR_SYSTEM)
#define A (1u << QR_AGENT)
#define Q (1u << QR_QUALITY)
#define V (1u << QR_SUPERVISOR)
#define LOOK (Q | V)                 /* people of quality, in the wider sense */

static const unsigned char may[QR_STATES][QR_STATES] = {
	[QR_NO] = { [QR_NODIS] = S | LOOK },
	/* The automatic score is seen by the agent, who may object to it as well. */
	[QR_NODIS] = { [QR_DIS] = S | LOOK, [QR_APPEAL] = A, [QR_ARCHIVE] = S | V },
	[QR_DIS] = { [QR_NODIS] = S | LOOK, [QR_DONE] = LOOK },
	[QR_DONE] = { [QR_RECHECK] = LOOK, [QR_APPEAL] = A, [QR_ARCHIVE] = S | LOOK },
	[QR_RECHECK] = { [QR_DONE] = LOOK, [QR_ARBITRATE] = S | LOOK },
	/* Taken back by whoever made it, to where it was; accepted to be looked at again; or to
	   be decided. */
	[QR_APPEAL] = { [QR_NODIS] = A,
			[QR_DONE] = A,
			[QR_RECHECK] = LOOK,
			[QR_ARBITRATE] = S | LOOK },
	[QR_ARBITRATE] = { [QR_ARCHIVE] = V },
};

bool qr_may_move(enum qr_state from, enum qr_state to, enum qr_role role)
{
	return (unsigned)from < QR_STATES && (unsigned)to < QR_STATES &&
	       (unsigned)role < QR_ROLES && may[from][to] >> role & 1;
}

const char *qr_state_name(enum qr_state s)
{
	return (unsigned)s < QR_STATES ? states[s] : "";
}

int qr_state_of(sv s)
{
	for (int i = 0; i < QR_STATES; i++)
		if (sv_eq_nocase(s, sv_of(states[i])))
			return i;
	return -1;
}
