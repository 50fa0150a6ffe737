/* loop.c: the event loop: libev for descriptors, an own heap of microsecond timers, and a
 * simulated twin.
 *
 * libev's timers are rounded to milliseconds by epoll; voice needs better, so the earliest
 * timer of the heap arms one timerfd, set lazily just before the loop sleeps. `now_us` is read
 * once a turn. How late timers fire goes into M_LOOP_LAG_US. With CALLM_LOOP_WATCHDOG_MS in the
 * environment a callback that takes longer aborts the program (a debugging aid). The simulated
 * loop has the same heap, no descriptors, and a clock that only loop_sim_advance moves. A loop
 * belongs to the thread that runs it; only loop_stop may come from elsewhere.
 */
#include "loop.h"

#include <errno.h>
#include <ev.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "arena.h"
#include "clk.h"
#include "err.h"
#include "loop_int.h"
#include "metric.h"
#include "sv.h"

enum { SIM_SPIN_MAX = 1000000 }; /* firings without time passing: somebody loops */

struct loop {
	struct ev_loop *ev;      /* NULL: simulated */
	struct loop_heap heap;
	int64_t now_us;          /* of this turn */
	int64_t wall_off_us;     /* simulated wall clock minus now_us */
	int64_t cap_us;          /* loop_run_once must return by then; 0 = no cap */
	int64_t armed_us;        /* what the timerfd is set to; 0 = off */
	int64_t watchdog_us;     /* 0 = off */
	uint64_t ran;            /* callbacks so far */
	size_t watching;         /* loop_io started */
	int tfd;
	ev_io tfd_io;
	ev_prepare prepare;
	ev_check check;
	ev_async wake;
	struct mbox *boxes;      /* simulated: to drain */
	_Atomic bool stop;
};

/* After a callback that began at start (0 when the watchdog is off). */
static void watch(const struct loop *l, int64_t start)
{
	int64_t took = l->watchdog_us ? clk_mono_us() - start : 0;

	if (took <= l->watchdog_us)
		return;
	(void)fprintf(stderr, "loop: a callback took %lld us\n", (long long)took);
	abort();
}

static void fire(struct loop *l, struct loop_timer *t)
{
	int64_t start = l->ev ? clk_mono_us() : 0;

	if (l->ev)
		metric_observe_us(M_LOOP_LAG_US, start - t->due_us);
	l->ran++;
	t->fn(t->arg); /* t may be gone afterwards */
	watch(l, start);
}

/* Fire what is due. Timers started by these callbacks wait for the next round. */
static void fire_due(struct loop *l, int64_t now)
{
	uint64_t last = l->heap.seq;

	while (l->heap.n && l->heap.v[0]->due_us <= now && l->heap.v[0]->seq <= last) {
		struct loop_timer *t = l->heap.v[0];

		heap_cut(&l->heap, t);
		fire(l, t);
	}
}

static void on_timerfd(struct ev_loop *ev, ev_io *w, int revents)
{
	struct loop *l = w->data;
	uint64_t ticks;

	(void)ev;
	(void)revents;
	if (read(l->tfd, &ticks, sizeof(ticks)) < 0 && errno != EAGAIN && errno != ECANCELED)
		err_assert("timerfd can be read", __FILE__, __LINE__);
	l->armed_us = 0;
	fire_due(l, clk_mono_us());
}

/* Before sleeping: set the timerfd to the earliest timer (or the cap of loop_run_once). */
static void on_prepare(struct ev_loop *ev, ev_prepare *w, int revents)
{
	struct loop *l = w->data;
	int64_t due = l->heap.n ? l->heap.v[0]->due_us : INT64_MAX;
	struct itimerspec its = { 0 };

	(void)ev;
	(void)revents;
	if (l->cap_us && l->cap_us < due)
		due = l->cap_us;
	if (due == INT64_MAX)
		due = 0;
	else if (due <= 0)
		due = 1;
	if (due == l->armed_us)
		return;
	its.it_value.tv_sec = due / 1000000;
	its.it_value.tv_nsec = due % 1000000 * 1000;
	ASSERT(timerfd_settime(l->tfd, TFD_TIMER_ABSTIME, &its, NULL) == 0);
	l->armed_us = due;
}

static void on_check(struct ev_loop *ev, ev_check *w, int revents)
{
	struct loop *l = w->data;

	(void)ev;
	(void)revents;
	l->now_us = clk_mono_us();
}

static void on_wake(struct ev_loop *ev, ev_async *w, int revents)
{
	(void)ev;
	(void)w;
	(void)revents;
}

static int64_t watchdog_from_env(void)
{
	int64_t ms = 0;

	(void)sv_i64(sv_of(getenv("CALLM_LOOP_WATCHDOG_MS")), &ms);
	return ms > 0 && ms < 1000000 ? ms * 1000 : 0;
}

struct loop *loop_new(void)
{
	struct loop *l = xalloc(sizeof(*l));

	l->ev = ev_loop_new(EVFLAG_AUTO | EVFLAG_NOSIGMASK);
	ASSERT(l->ev != NULL);
	l->now_us = clk_mono_us();
	l->watchdog_us = watchdog_from_env();
	l->tfd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
	ASSERT(l->tfd >= 0);
	ev_io_init(&l->tfd_io, on_timerfd, l->tfd, EV_READ);
	ev_prepare_init(&l->prepare, on_prepare);
	ev_check_init(&l->check, on_check);
	ev_async_init(&l->wake, on_wake);
	l->tfd_io.data = l->prepare.data = l->check.data = l->wake.data = l;
	ev_set_priority(&l->check, EV_MAXPRI);   /* the turn's time before anything else */
	ev_set_priority(&l->tfd_io, EV_MAXPRI - 1);
	ev_set_priority(&l->prepare, EV_MINPRI); /* arm last */
	ev_io_start(l->ev, &l->tfd_io);
	ev_prepare_start(l->ev, &l->prepare);
	ev_check_start(l->ev, &l->check);
	ev_async_start(l->ev, &l->wake);
	return l;
}

struct loop *loop_new_sim(int64_t start_wall_ms)
{
	struct loop *l = xalloc(sizeof(*l));

	l->tfd = -1;
	l->now_us = 1000000; /* not 0: "no time yet" stays distinguishable */
	l->wall_off_us = start_wall_ms * 1000 - l->now_us;
	return l;
}

void loop_free(struct loop *l)
{
	if (!l)
		return;
	ASSERT(l->heap.n == 0);
	ASSERT(l->watching == 0);
	ASSERT(l->boxes == NULL);
	if (l->ev) {
		ev_async_stop(l->ev, &l->wake);
		ev_check_stop(l->ev, &l->check);
		ev_prepare_stop(l->ev, &l->prepare);
		ev_io_stop(l->ev, &l->tfd_io);
		ev_loop_destroy(l->ev);
		(void)close(l->tfd);
	}
	xfree(l->heap.v);
	xfree(l);
}

void loop_run(struct loop *l)
{
	ASSERT(l->ev != NULL);
	while (!atomic_load(&l->stop))
		ev_run(l->ev, EVRUN_ONCE);
	atomic_store(&l->stop, false);
}

/* One step of simulated time up to `until`: mailboxes, then everything due next. False: nothing
 * left. */
static bool sim_step(struct loop *l, int64_t until)
{
	size_t ran = 0;

	for (struct mbox *m = l->boxes; m; m = *mbox_link(m))
		ran += mbox_drain(m);
	if (ran)
		return true;
	if (!l->heap.n || l->heap.v[0]->due_us > until)
		return false;
	if (l->heap.v[0]->due_us > l->now_us)
		l->now_us = l->heap.v[0]->due_us;
	fire_due(l, l->now_us);
	return true;
}

void loop_sim_advance(struct loop *l, int64_t ms)
{
	int64_t until = l->now_us + ms * 1000, at = l->now_us;
	int spins = 0;

	ASSERT(!l->ev && ms >= 0);
	while (sim_step(l, until)) {
		spins = l->now_us == at ? spins + 1 : 0;
		at = l->now_us;
		ASSERT(spins < SIM_SPIN_MAX);
	}
	l->now_us = until;
}

bool loop_run_once(struct loop *l, int64_t max_wait_ms)
{
	uint64_t before = l->ran;

	if (!l->ev) {
		if (sim_step(l, l->now_us + max_wait_ms * 1000))
			return true;
		l->now_us += max_wait_ms * 1000;
		return false;
	}
	if (max_wait_ms > 0)
		l->cap_us = clk_mono_us() + max_wait_ms * 1000;
	ev_run(l->ev, max_wait_ms > 0 ? EVRUN_ONCE : EVRUN_NOWAIT);
	l->cap_us = 0;
	return l->ran != before;
}

void loop_stop(struct loop *l)
{
	atomic_store(&l->stop, true);
	if (l->ev)
		ev_async_send(l->ev, &l->wake);
}

bool loop_is_sim(const struct loop *l)
{
	return !l->ev;
}

void *loop_ev(struct loop *l)
{
	return l->ev;
}

int64_t loop_now_ms(const struct loop *l)
{
	return l->now_us / 1000;
}

int64_t loop_now_us(const struct loop *l)
{
	return l->ev ? clk_mono_us() : l->now_us;
}

int64_t loop_wall_ms(const struct loop *l)
{
	return l->ev ? clk_wall_ms() : (l->now_us + l->wall_off_us) / 1000;
}

void loop_at_us(struct loop *l, struct loop_timer *t, int64_t due_us, loop_fn *fn, void *arg)
{
	loop_timer_stop(t);
	t->loop = l;
	t->due_us = due_us;
	t->fn = fn;
	t->arg = arg;
	heap_put(&l->heap, t);
}

void loop_after(struct loop *l, struct loop_timer *t, int64_t ms, loop_fn *fn, void *arg)
{
	if (ms < 0)
		ms = 0;
	loop_at_us(l, t, loop_now_us(l) + ms * 1000, fn, arg);
}

void loop_timer_stop(struct loop_timer *t)
{
	if (t->pos)
		heap_cut(&t->loop->heap, t);
}

bool loop_timer_on(const struct loop_timer *t)
{
	return t->pos != 0;
}

static void on_io(struct ev_loop *ev, ev_io *w, int revents)
{
	struct loop_io *io = w->data;
	struct loop *l = io->loop;
	int64_t start = l->watchdog_us ? clk_mono_us() : 0;
	unsigned events =
		(revents & EV_READ ? LOOP_READ : 0u) | (revents & EV_WRITE ? LOOP_WRITE : 0u);

	(void)ev;
	if (revents & EV_ERROR)
		events |= LOOP_READ; /* the next read tells what is wrong */
	l->ran++;
	io->fn(io->arg, io->fd, events); /* io may be gone afterwards */
	watch(l, start);
}

int loop_io_start(struct loop *l, struct loop_io *io, int fd, unsigned events, loop_io_fn *fn,
		  void *arg)
{
	int want = (events & LOOP_READ ? EV_READ : 0) | (events & LOOP_WRITE ? EV_WRITE : 0);
	ev_io *w;

	if (!l->ev)
		return ERR_UNSUPPORTED;
	if (fd < 0 || !want || !fn)
		return ERR_INVAL;
	if (io->impl) {
		w = io->impl;
		ev_io_stop(l->ev, w);
	} else {
		w = io->impl = xalloc(sizeof(*w));
		l->watching++;
	}
	io->loop = l;
	io->fd = fd;
	io->fn = fn;
	io->arg = arg;
	ev_io_init(w, on_io, fd, want);
	w->data = io;
	ev_io_start(l->ev, w);
	return 0;
}

void loop_io_stop(struct loop_io *io)
{
	if (!io->impl)
		return;
	ev_io_stop(io->loop->ev, io->impl);
	xfree(io->impl);
	io->impl = NULL;
	io->loop->watching--;
}

void loop_mbox_add(struct loop *l, struct mbox *m)
{
	struct mbox **at = &l->boxes;

	while (*at)
		at = mbox_link(*at);
	*at = m;
}

void loop_mbox_cut(struct loop *l, struct mbox *m)
{
	struct mbox **at = &l->boxes;

	while (*at && *at != m)
		at = mbox_link(*at);
	if (*at)
		*at = *mbox_link(m);
	*mbox_link(m) = NULL;
}
