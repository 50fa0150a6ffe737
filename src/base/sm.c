/* sm.c: declarative state machines: legality is one bit test, every move goes through one
 * function. */
#include "sm.h"

#include <stdio.h>
#include <stdlib.h>

#include "err.h"

void sm_init(struct sm *m, const char *name, const struct sm_state *states, int count, int start)
{
	ASSERT(count > 0 && count <= 64 && start >= 0 && start < count);
	*m = (struct sm){
		.name = name, .states = states, .count = count, .now = start, .prev = start
	};
}

bool sm_can(const struct sm *m, int to)
{
	return to >= 0 && to < m->count && (to == m->now || (m->states[m->now].next & SM_TO(to)));
}

void sm_move(struct sm *m, int to)
{
	if (!sm_can(m, to)) {
		(void)fprintf(stderr, "%s: illegal move %s -> %s\n", m->name, sm_name(m),
			      to >= 0 && to < m->count ? m->states[to].name : "?");
		err_assert("legal move of a state machine", __FILE__, __LINE__);
	}
	if (to == m->now)
		return;
	m->prev = m->now;
	m->now = to;
	if (m->trace)
		m->trace(m->trace_arg, m, m->prev, to);
}

const char *sm_name(const struct sm *m)
{
	return m->states[m->now].name;
}
