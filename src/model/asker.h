/* asker.h: questions to one worker process, supervised, each answered by its number; private to
 * model.
 *
 *	asker_open(&a, loop, &(struct asker_opts){ .argv = argv, .name = "turn", ... });
 *	asker_start(a, head, tail, &(struct asker_to){ .fn = on_answer, .arg = arg }, &run);
 *
 * They are sent at once, as soon as the process is ready. What was sent when it died ends with
 * ERR_UPSTREAM, what came while it starts waits for it. Without a frame for silent_ms (start_ms
 * while it starts) it is killed; it comes back with a back-off. All on the loop's thread. */
#ifndef CALLM_MODEL_ASKER_H
#define CALLM_MODEL_ASKER_H

#include "io.h"

struct asker;
struct asker_run;
struct asker_opts {
	const char *const *argv, *name;
	uint8_t ask;             /* frame of the parent: id, body */
	uint8_t answer;          /* of the child: id, error as u32 (0 = ok, else -code), body */
	int silent_ms, start_ms, nice_by;
	size_t waiting_max;      /* questions not yet answered; more are refused */
};
/* Whom an answer is told. */
struct asker_to {
	/* err and what follows it in the frame, which lives until the return. The run is gone once
	 * it returned. It may start and cancel others, not close the asker. */
	void (*fn)(const struct asker_to *to, int err, sv body);
	void (*then)(void);      /* fn's: a callback of another type */
	void *arg;
};

int asker_open(struct asker **ret, struct loop *l, const struct asker_opts *o);
void asker_close(struct asker *a);       /* accepts NULL; nobody is told */
/* head and tail are the body, copied. ERR_BUSY: too much waits; ERR_UPSTREAM: the process said
 * that it cannot work; ERR_TOOBIG. */
int asker_start(struct asker *a, sv head, sv tail, const struct asker_to *to,
		struct asker_run **ret);
void asker_cancel(struct asker_run *r);  /* accepts NULL */
int asker_pid(const struct asker *a);    /* 0 while it is being restarted */

#endif
