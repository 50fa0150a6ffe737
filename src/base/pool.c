/* pool.c: worker threads over one bounded queue.
 *
 * A job and its arg belong to the pool from pool_submit until done(arg) has been called, on the
 * reply box's owner or, without a box, on the worker. The reply box must outlive its jobs: free
 * the pool first. pool_free runs what is still queued, so that every job gets its done. The
 * inline pool has no threads.
 */
#include "pool.h"

#include <pthread.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "arena.h"
#include "err.h"
#include "limits.h"

struct job {
	struct job *next;
	mbox_fn *run, *done;
	void *arg;
	struct mbox *reply;
};
struct pool {
	pthread_mutex_t lock;
	pthread_cond_t work;
	struct job *head, **tail; /* under the lock, as are waiting and closing */
	size_t waiting;
	bool closing;
	int n, nice_by;           /* n == 0: inline */
	pthread_t *threads;
};

static void deliver(const struct job *j)
{
	const struct timespec pause = { 0, 1000000 };

	if (!j->done)
		return;
	if (!j->reply) {
		j->done(j->arg);
		return;
	}
	/* A full box is a slow owner: a worker may wait for it, and no result is lost. */
	while (mbox_post(j->reply, j->done, j->arg) == ERR_FULL)
		(void)nanosleep(&pause, NULL);
}

static void *worker(void *arg)
{
	struct pool *p = arg;
	struct job *j;

	(void)setpriority(PRIO_PROCESS, (id_t)syscall(SYS_gettid), p->nice_by);
	(void)pthread_mutex_lock(&p->lock);
	for (;;) {
		while (!p->head && !p->closing)
			(void)pthread_cond_wait(&p->work, &p->lock);
		j = p->head;
		if (!j)
			break;
		p->head = j->next;
		if (!p->head)
			p->tail = &p->head;
		p->waiting--;
		(void)pthread_mutex_unlock(&p->lock);
		j->run(j->arg);
		deliver(j);
		xfree(j);
		(void)pthread_mutex_lock(&p->lock);
	}
	(void)pthread_mutex_unlock(&p->lock);
	return NULL;
}

struct pool *pool_new_inline(void)
{
	struct pool *p = xalloc(sizeof(*p));

	(void)pthread_mutex_init(&p->lock, NULL);
	(void)pthread_cond_init(&p->work, NULL);
	p->tail = &p->head;
	return p;
}

struct pool *pool_new(int threads, int nice_by)
{
	struct pool *p = pool_new_inline();

	ASSERT(threads > 0 && threads <= 1024);
	p->n = threads;
	p->nice_by = nice_by;
	p->threads = xalloc(sizeof(*p->threads) * (size_t)threads);
	for (int i = 0; i < threads; i++)
		ASSERT(pthread_create(&p->threads[i], NULL, worker, p) == 0);
	return p;
}

void pool_free(struct pool *p)
{
	if (!p)
		return;
	(void)pthread_mutex_lock(&p->lock);
	p->closing = true;
	(void)pthread_cond_broadcast(&p->work);
	(void)pthread_mutex_unlock(&p->lock);
	for (int i = 0; i < p->n; i++)
		(void)pthread_join(p->threads[i], NULL);
	(void)pthread_cond_destroy(&p->work);
	(void)pthread_mutex_destroy(&p->lock);
	xfree(p->threads);
	xfree(p);
}

int pool_submit(struct pool *p, mbox_fn *job, void *arg, struct mbox *reply, mbox_fn *done)
{
	struct job *j;

	if (!p->n) {
		const struct job now = { NULL, job, done, arg, reply };

		job(arg);
		deliver(&now);
		return 0;
	}
	j = xalloc(sizeof(*j));
	*j = (struct job){ NULL, job, done, arg, reply };
	(void)pthread_mutex_lock(&p->lock);
	if (p->waiting >= LIM_POOL_JOBS || p->closing) {
		(void)pthread_mutex_unlock(&p->lock);
		xfree(j);
		return ERR_FULL;
	}
	*p->tail = j;
	p->tail = &j->next;
	p->waiting++;
	(void)pthread_cond_signal(&p->work);
	(void)pthread_mutex_unlock(&p->lock);
	return 0;
}

size_t pool_waiting(const struct pool *p)
{
	struct pool *q = (struct pool *)(uintptr_t)p; /* the lock is not part of what callers see */
	size_t n;

	(void)pthread_mutex_lock(&q->lock);
	n = q->waiting;
	(void)pthread_mutex_unlock(&q->lock);
	return n;
}
