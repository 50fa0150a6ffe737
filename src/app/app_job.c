/* app_job.c: a thread that lives as long as its work. The owner's thread, but for run. */
#include "app_job.h"

#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

static void *run(void *arg)
{
	struct app_job *j = arg;
	(void)pthread_setname_np(pthread_self(), j->name);
	(void)setpriority(PRIO_PROCESS, (id_t)syscall(SYS_gettid), j->nice);
	j->work(j->arg);
	atomic_store(&j->over, true);
	return NULL;
}

bool app_job_runs(struct app_job *j)
{
	if (j->runs && atomic_load(&j->over))
		app_job_end(j);
	return j->runs;
}

int app_job_start(struct app_job *j, const char *name, int nice, void (*work)(void *arg), void *arg)
{
	ASSERT(!j->runs);
	atomic_store(&j->over, false);
	j->name = name;
	j->nice = nice;
	j->work = work;
	j->arg = arg;
	j->runs = pthread_create(&j->thread, NULL, run, j) == 0;
	return j->runs ? 0 : ERR_FAIL;
}

void app_job_end(struct app_job *j)
{
	if (j->runs)
		(void)pthread_join(j->thread, NULL);
	j->runs = false;
}
