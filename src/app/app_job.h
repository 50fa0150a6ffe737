/* app_job.h: work now and then on a thread of its own at low priority, one at a time.
 *
 *	struct app_job j = { 0 };
 *	if (!app_job_runs(&j))                                  once a second, on the owner's
 * thread app_job_start(&j, "learn", 10, learn, k); app_job_end(&j); waits for it
 *
 * For work of seconds and more that reads and writes by itself; short work goes to the pool.
 * All but the work on one thread.
 */
#ifndef CALLM_APP_JOB_H
#define CALLM_APP_JOB_H

#include "base.h"

#include <pthread.h>
#include <stdatomic.h>

struct app_job {                     /* zeroed = idle */
	pthread_t thread;
	bool runs;                   /* it is to be joined */
	atomic_bool over;
	int nice;
	const char *name;
	void (*work)(void *arg);
	void *arg;
};

/* Is it under way? What is over is joined. */
bool app_job_runs(struct app_job *j);
/* name: of the thread, 15 bytes; lives on. 0, or ERR_FAIL: no thread for it. Not while one runs. */
int app_job_start(struct app_job *j, const char *name, int nice, void (*work)(void *arg),
		  void *arg);
void app_job_end(struct app_job *j); /* waits; idempotent */

#endif
