/* pool.h: worker threads for CPU and blocking jobs (nice +10).
 *
 *	pool_submit(pool, search_job, job, reply_box, search_done);
 *
 * job runs on a worker, then done(arg) runs on reply_box's owner. If reply_box is NULL done
 * runs on the worker.
 */
#ifndef CALLM_BASE_POOL_H
#define CALLM_BASE_POOL_H

#include "mbox.h"

struct pool;

struct pool *pool_new(int threads, int nice_by);
/* Runs each job at once in the caller: tests and one-shot commands. */
struct pool *pool_new_inline(void);
void pool_free(struct pool *p);         /* waits for running jobs; accepts NULL */
/* 0 or ERR_FULL. */
int pool_submit(struct pool *p, mbox_fn *job, void *arg, struct mbox *reply, mbox_fn *done);
size_t pool_waiting(const struct pool *p);

#endif
