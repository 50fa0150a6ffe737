/* mbox.c: a mailbox: two vectors of {fn, arg} and an eventfd.
 *
 * Senders append to one vector under a lock and write the eventfd only when the box was empty;
 * the owner swaps the vectors and runs the batch without the lock. Order is kept. On a real
 * loop the eventfd is watched, and a turn of the loop runs messages for TURN_US at most: with
 * hundreds waiting the timers between them (sound!) stay on time. A simulated loop drains its
 * boxes itself. The struct belongs to the owner's thread; everything under the lock is shared.
 */
#include "mbox.h"

#include <errno.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "arena.h"
#include "clk.h"
#include "err.h"
#include "limits.h"
#include "loop_int.h"
#include "metric.h"
#include "vec.h"

enum { TURN_US = 2000 };

struct msg {
	mbox_fn *fn;
	void *arg;
};
typedef VEC(struct msg) msgs;

struct mbox {
	struct loop *loop;
	struct loop_io io;
	struct mbox *next;      /* list of a simulated loop */
	int fd;
	bool draining;
	msgs batch;             /* owner only, from at on */
	size_t at;
	pthread_mutex_t lock;
	msgs waiting;           /* under the lock, as is closed */
	bool closed;
};

struct mbox **mbox_link(struct mbox *m)
{
	return &m->next;
}

static void signal_self(struct mbox *m)
{
	const uint64_t one = 1;

	if (write(m->fd, &one, sizeof(one)) < 0 && errno != EAGAIN)
		err_assert("eventfd can be written", __FILE__, __LINE__);
}

/* What waits becomes the batch, unless some of the last one is left. */
static void take_batch(struct mbox *m)
{
	uint64_t ignored;
	msgs empty;

	(void)pthread_mutex_lock(&m->lock);
	if (read(m->fd, &ignored, sizeof(ignored)) < 0 && errno != EAGAIN)
		err_assert("eventfd can be read", __FILE__, __LINE__);
	if (m->at == m->batch.n) {
		m->batch.n = m->at = 0;
		empty = m->batch;
		m->batch = m->waiting;
		m->waiting = empty;
	} else if (m->waiting.n) {
		signal_self(m); /* its sender's signal was taken: see below */
	}
	(void)pthread_mutex_unlock(&m->lock);
}

/* Runs the batch, until until_us. */
static size_t run_batch(struct mbox *m, int64_t until_us)
{
	size_t from = m->at;

	m->draining = true;
	while (m->at < m->batch.n) {
		struct msg x = m->batch.v[m->at++];

		x.fn(x.arg);
		if (until_us != INT64_MAX && clk_mono_us() >= until_us)
			break;
	}
	m->draining = false;
	return m->at - from;
}

static void on_event(void *arg, int fd, unsigned events)
{
	struct mbox *m = arg;

	(void)fd;
	(void)events;
	if (m->draining)
		return;
	take_batch(m);
	(void)run_batch(m, clk_mono_us() + TURN_US);
	if (m->at < m->batch.n)
		signal_self(m); /* the next turn goes on */
}

struct mbox *mbox_new(struct loop *l)
{
	struct mbox *m = xalloc(sizeof(*m));

	(void)pthread_mutex_init(&m->lock, NULL);
	m->fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	ASSERT(m->fd >= 0);
	m->loop = l;
	if (l && loop_is_sim(l))
		loop_mbox_add(l, m);
	else if (l)
		ASSERT(loop_io_start(l, &m->io, m->fd, LOOP_READ, on_event, m) == 0);
	return m;
}

void mbox_free(struct mbox *m)
{
	if (!m)
		return;
	while (mbox_drain(m))
		;
	mbox_free_drop(m, NULL);
}

void mbox_free_drop(struct mbox *m, mbox_fn *drop)
{
	if (!m)
		return;
	ASSERT(!m->draining);
	(void)pthread_mutex_lock(&m->lock);
	m->closed = true;
	(void)pthread_mutex_unlock(&m->lock);
	for (size_t i = m->at; drop && i < m->batch.n; i++)
		drop(m->batch.v[i].arg);
	for (size_t i = 0; drop && i < m->waiting.n; i++)
		drop(m->waiting.v[i].arg);
	loop_io_stop(&m->io);
	if (m->loop && loop_is_sim(m->loop))
		loop_mbox_cut(m->loop, m);
	VEC_FREE(&m->waiting);
	VEC_FREE(&m->batch);
	(void)close(m->fd);
	(void)pthread_mutex_destroy(&m->lock);
	xfree(m);
}

int mbox_post(struct mbox *m, mbox_fn *fn, void *arg)
{
	struct msg *slot = NULL;
	bool closed, first;

	(void)pthread_mutex_lock(&m->lock);
	closed = m->closed;
	if (!closed)
		slot = VEC_PUSH(&m->waiting, LIM_MBOX);
	if (slot)
		*slot = (struct msg){ fn, arg };
	first = slot && m->waiting.n == 1;
	/* Inside the lock: the owner may free the box as soon as the message has run. */
	if (first)
		signal_self(m);
	(void)pthread_mutex_unlock(&m->lock);
	if (closed)
		return ERR_CLOSED;
	if (slot)
		return 0;
	metric_inc(M_MBOX_FULL);
	return ERR_FULL;
}

int mbox_fd(const struct mbox *m)
{
	return m->fd;
}

size_t mbox_drain(struct mbox *m)
{
	size_t n;

	if (m->draining)
		return 0;
	n = run_batch(m, INT64_MAX); /* what a turn of the loop left */
	take_batch(m);
	return n + run_batch(m, INT64_MAX);
}
