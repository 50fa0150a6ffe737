/* t_app_job.c: work on a thread of its own: one at a time, at low priority, waited for. */
#include "app_job.h"

#include <sys/resource.h>
#include <time.h>

#include "t.h"

struct work {
	atomic_int go, done;
	int nice;
};

static void nap(void)
{
	(void)nanosleep(&(struct timespec){ 0, 1000000 }, NULL);
}

static void work(void *arg)
{
	struct work *w = arg;
	while (!atomic_load(&w->go))
		nap();
	w->nice = getpriority(PRIO_PROCESS, 0);
	atomic_fetch_add(&w->done, 1);
}

TEST(app_job_runs_again_when_it_is_over)
{
	struct app_job j = { 0 };
	struct work w = { 0 };
	int had = getpriority(PRIO_PROCESS, 0), wants = had < 15 ? had + 4 : had;

	CHECK(!app_job_runs(&j));
	app_job_end(&j);
	for (int i = 1; i <= 2; i++) {
		atomic_store(&w.go, 0);
		OK(app_job_start(&j, "work", wants, work, &w));
		CHECK(app_job_runs(&j));
		atomic_store(&w.go, 1);
		while (app_job_runs(&j))
			nap();
		EQ(atomic_load(&w.done), i);
	}
	EQ(w.nice, wants);
	EQ(getpriority(PRIO_PROCESS, 0), had);       /* of that thread alone */
	OK(app_job_start(&j, "work", wants, work, &w));
	app_job_end(&j);
	EQ(atomic_load(&w.done), 3);
	CHECK(!app_job_runs(&j));
}
