/* loop.h: an event loop of one thread (libev inside) and its simulated twin.
 *
 *	struct loop *l = loop_new();
 *	loop_after(l, &timer, 20, on_tick, self);
 *	loop_run(l);
 *	loop_free(l);
 *
 * The simulated loop (loop_new_sim) has no descriptors: time stands still until
 * loop_sim_advance moves it, firing timers in order. Code that only uses loop_now_ms,
 * loop_after and mailboxes runs unchanged in both.
 * All calls from the loop's own thread, except loop_stop.
 */
#ifndef CALLM_BASE_LOOP_H
#define CALLM_BASE_LOOP_H

#include <stdbool.h>
#include <stdint.h>

struct loop;
typedef void loop_fn(void *arg);
typedef void loop_io_fn(void *arg, int fd, unsigned events);

enum { LOOP_READ = 1, LOOP_WRITE = 2 };

/* Embed it; zero it first. */
struct loop_timer {
	struct loop *loop;
	int64_t due_us;
	loop_fn *fn;
	void *arg;
	uint32_t pos;     /* heap position + 1, 0 = idle */
	uint64_t seq;     /* equal times fire in start order */
};
struct loop_io {
	struct loop *loop;
	loop_io_fn *fn;
	void *arg;
	void *impl;       /* owned by the loop */
	int fd;
};

struct loop *loop_new(void);
struct loop *loop_new_sim(int64_t start_wall_ms);
/* Accepts NULL; timers and watchers must be idle. */
void loop_free(struct loop *l);
void loop_run(struct loop *l);                /* until loop_stop; real loops only */
bool loop_run_once(struct loop *l, int64_t max_wait_ms); /* real: one turn */
void loop_stop(struct loop *l);               /* thread-safe */
bool loop_is_sim(const struct loop *l);
/* Fires everything due, drains mailboxes in between. */
void loop_sim_advance(struct loop *l, int64_t ms);
/* The struct ev_loop * for libraries that need it; NULL in sim. */
void *loop_ev(struct loop *l);

int64_t loop_now_ms(const struct loop *l);    /* monotonic, cached per turn */
int64_t loop_now_us(const struct loop *l);    /* monotonic, fresh */
int64_t loop_wall_ms(const struct loop *l);   /* wall clock (simulated in sim) */

/* Start or restart a timer; fires once. Stop is idempotent; after it the callback will not fire. */
void loop_after(struct loop *l, struct loop_timer *t, int64_t ms, loop_fn *fn, void *arg);
void loop_at_us(struct loop *l, struct loop_timer *t, int64_t due_us, loop_fn *fn, void *arg);
void loop_timer_stop(struct loop_timer *t);
bool loop_timer_on(const struct loop_timer *t);

/* Watch a descriptor; events = LOOP_READ | LOOP_WRITE. Start again to change; stop is
 * idempotent. */
int loop_io_start(struct loop *l, struct loop_io *io, int fd, unsigned events, loop_io_fn *fn,
		  void *arg);
void loop_io_stop(struct loop_io *io);

#endif
