/* api_hello.h: the first frame of /ws/agent. Private to the api. */
#ifndef CALLM_API_HELLO_H
#define CALLM_API_HELLO_H

#include "api_people.h"

/* For whom; on the door, before api_query_start. */
void api_hello_of(struct api_query *q, const struct api_user *u);
/* Everything but seq and resumed, beginning with a comma, into q->out; on a worker. */
void api_hello_run(struct api_query *q, struct store_db *db);
/* Back at the door, before the query goes: the agent hears of the conversations in hand, but for
 * those that went on after event number asked. g NULL: the socket is gone. */
void api_hello_over(struct api_query *q, const struct api_agent *g, int64_t asked);

#endif
