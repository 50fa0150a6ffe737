/* sm.h: declarative state machines: a row per state, legal moves as bits, each move asserted
 * and traced.
 *
 *	static const struct sm_state states[] = {
 *		[OPENING] = { "opening", SM_TO(LISTENING) | SM_TO(CLOSED) }, ...
 *	};
 *	struct sm m;
 *	sm_init(&m, "talk", states, N, OPENING);
 *	sm_move(&m, LISTENING);
 */
#ifndef CALLM_BASE_SM_H
#define CALLM_BASE_SM_H

#include <stdbool.h>
#include <stdint.h>

#define SM_TO(s) (UINT64_C(1) << (s))
struct sm_state {
	const char *name;
	uint64_t next;     /* bits of the states that may follow */
};
struct sm {
	const char *name;
	const struct sm_state *states;
	int count, now, prev;
	void (*trace)(void *arg, const struct sm *m, int from, int to); /* may be NULL */
	void *trace_arg;
};
void sm_init(struct sm *m, const char *name, const struct sm_state *states, int count, int start);
/* ASSERTs that the move is legal; staying put is legal. */
void sm_move(struct sm *m, int to);
bool sm_can(const struct sm *m, int to);
const char *sm_name(const struct sm *m);       /* name of the present state */

#endif
