/* t_base_loop.c: timers, descriptors, the simulated loop, mailboxes, worker pool, state
 * machines. */
#include <pthread.h>
#include <stdatomic.h>
#include <unistd.h>
#include "t.h"

struct seen {
	struct loop *l;
	struct loop_timer t[8];
	char order[64];
	size_t n;
	int64_t at_ms;
};

static void note(struct seen *s, char c)
{
	s->order[s->n++] = c;
	s->at_ms = loop_now_ms(s->l);
}

static void note_a(void *arg)
{
	note(arg, 'a');
}

static void note_b(void *arg)
{
	note(arg, 'b');
}

static void note_c(void *arg)
{
	note(arg, 'c');
}

static void stop_b(void *arg)
{
	struct seen *s = arg;

	s->order[s->n++] = 's';
	loop_timer_stop(&s->t[1]);
}

TEST(sim_fires_in_order_of_time_then_start)
{
	struct seen s = { .l = loop_new_sim(1700000000000) };
	int64_t start = loop_now_ms(s.l);

	EQ(loop_wall_ms(s.l), 1700000000000);
	loop_after(s.l, &s.t[0], 30, note_c, &s);
	loop_after(s.l, &s.t[1], 10, note_a, &s);
	loop_after(s.l, &s.t[2], 10, note_b, &s);
	loop_sim_advance(s.l, 9);
	EQ(s.n, 0);
	loop_sim_advance(s.l, 1);
	STR_EQ(s.order, "ab");
	EQ(s.at_ms - start, 10);
	loop_sim_advance(s.l, 1000);
	STR_EQ(s.order, "abc");
	EQ(s.at_ms - start, 30);
	EQ(loop_now_ms(s.l) - start, 1010);
	EQ(loop_wall_ms(s.l), 1700000001010);
	loop_free(s.l);
}

TEST(sim_timer_stop_from_a_callback)
{
	struct seen s = { .l = loop_new_sim(0) };

	loop_after(s.l, &s.t[0], 5, stop_b, &s);
	loop_after(s.l, &s.t[1], 5, note_b, &s);
	CHECK(loop_timer_on(&s.t[1]));
	loop_sim_advance(s.l, 10);
	STR_EQ(s.order, "s");
	CHECK(!loop_timer_on(&s.t[1]));
	loop_timer_stop(&s.t[1]);
	loop_free(s.l);
}

static void again(void *arg)
{
	struct seen *s = arg;

	if (++s->n < 50)
		loop_after(s->l, &s->t[0], 20, again, s);
}

TEST(sim_periodic_timer_does_not_drift)
{
	struct seen s = { .l = loop_new_sim(0) };

	loop_after(s.l, &s.t[0], 20, again, &s);
	loop_sim_advance(s.l, 20 * 50 - 1);
	EQ(s.n, 49);
	loop_sim_advance(s.l, 1);
	EQ(s.n, 50);
	CHECK(!loop_run_once(s.l, 100));
	loop_free(s.l);
}

static void count_up(void *arg)
{
	++*(size_t *)arg;
}

/* Random starts, restarts and stops against a table: exactly the timers that are due have fired. */
TEST(timer_heap_agrees_with_a_table)
{
	enum { N = 200 };
	static struct loop_timer t[N];
	struct loop *l = loop_new_sim(0);
	int64_t due[N] = { 0 };
	size_t fired = 0, expected = 0;

	for (int round = 0; round < 20000; round++) {
		size_t i = (size_t)rng_below(t_rng(), N);

		if (rng_below(t_rng(), 4)) {
			due[i] = loop_now_us(l) + 1 + (int64_t)rng_below(t_rng(), 50000);
			loop_at_us(l, &t[i], due[i], count_up, &fired);
		} else {
			due[i] = 0;
			loop_timer_stop(&t[i]);
		}
		if (round % 7)
			continue;
		loop_sim_advance(l, 1);
		for (i = 0; i < N; i++) {
			if (due[i] && due[i] <= loop_now_us(l))
				due[i] = 0, expected++;
			EQ(loop_timer_on(&t[i]), due[i] != 0);
		}
		EQ(fired, expected);
	}
	CHECK(fired > 1000);
	for (size_t i = 0; i < N; i++)
		loop_timer_stop(&t[i]);
	loop_free(l);
}

static bool three(void *arg)
{
	return ((struct seen *)arg)->n >= 3;
}

TEST(real_timers_fire_on_time)
{
	struct seen s = { .l = loop_new() };
	int64_t start = clk_mono_us(), took;

	loop_after(s.l, &s.t[0], 20, note_c, &s);
	loop_after(s.l, &s.t[1], 5, note_a, &s);
	loop_at_us(s.l, &s.t[2], start + 5700, note_b, &s);
	CHECK(t_wait(s.l, three, &s, 2000));
	took = clk_mono_us() - start;
	STR_EQ(s.order, "abc");
	CHECK(took >= 20000);
	CHECK(metric_get(M_LOOP_LAG_US) >= 3);
	loop_free(s.l);
}

TEST(real_run_once_keeps_to_its_wait)
{
	struct seen s = { .l = loop_new() };
	int64_t start = clk_mono_us();

	loop_after(s.l, &s.t[0], 60000, note_a, &s);
	CHECK(!loop_run_once(s.l, 15));
	CHECK(clk_mono_us() - start >= 14000);
	CHECK(clk_mono_us() - start < 2000000);
	CHECK(!loop_run_once(s.l, 0));
	loop_timer_stop(&s.t[0]);
	loop_free(s.l);
}

struct pipe_end {
	struct loop_io io;
	char got[8];
	int n;
};

static void on_pipe(void *arg, int fd, unsigned events)
{
	struct pipe_end *p = arg;

	if (events & LOOP_READ)
		p->n += (int)read(fd, p->got + p->n, 1);
}

static bool got_two(void *arg)
{
	return ((struct pipe_end *)arg)->n == 2;
}

static bool never(void *arg)
{
	(void)arg;
	return false;
}

TEST(descriptors_wake_the_loop)
{
	struct pipe_end p = { 0 };
	struct loop *l = loop_new();
	int fd[2];

	OK(pipe(fd));
	OK(loop_io_start(l, &p.io, fd[0], LOOP_READ, on_pipe, &p));
	EQ(write(fd[1], "xyz", 3), 3);
	CHECK(t_wait(l, got_two, &p, 2000));
	loop_io_stop(&p.io);
	loop_io_stop(&p.io);
	CHECK(!t_wait(l, never, &p, 10)); /* stopped: the third byte stays */
	EQ(p.n, 2);
	EQ(loop_io_start(l, &p.io, -1, LOOP_READ, on_pipe, &p), ERR_INVAL);
	loop_free(l);
	(void)close(fd[0]);
	(void)close(fd[1]);
}

static void *stopper(void *arg)
{
	loop_stop(arg);
	return NULL;
}

TEST(stop_is_never_lost)
{
	for (int i = 0; i < 200; i++) {
		struct loop *l = loop_new();
		pthread_t t;

		EQ(pthread_create(&t, NULL, stopper, l), 0);
		loop_run(l);
		EQ(pthread_join(t, NULL), 0);
		loop_free(l);
	}
}

enum { SENDERS = 3, EACH = 5000 };
struct sender {
	struct mbox *m;
	int id, next, bad;
	int sent[EACH];
};
static int received;

static void on_message(void *arg)
{
	int *slot = arg;

	*slot = received++;
}

static void *send_many(void *arg)
{
	struct sender *s = arg;

	for (int i = 0; i < EACH; i++)
		while (mbox_post(s->m, on_message, &s->sent[i]) == ERR_FULL)
			;
	return NULL;
}

static bool all_received(void *arg)
{
	(void)arg;
	return received == SENDERS * EACH;
}

TEST(mbox_keeps_order_per_sender)
{
	static struct sender s[SENDERS];
	struct loop *l = loop_new();
	struct mbox *m = mbox_new(l);
	pthread_t t[SENDERS];

	received = 0;
	for (int i = 0; i < SENDERS; i++) {
		s[i].m = m;
		EQ(pthread_create(&t[i], NULL, send_many, &s[i]), 0);
	}
	CHECK(t_wait(l, all_received, NULL, 20000));
	for (int i = 0; i < SENDERS; i++) {
		EQ(pthread_join(t[i], NULL), 0);
		for (int k = 1; k < EACH; k++)
			CHECK(s[i].sent[k] > s[i].sent[k - 1]);
	}
	mbox_free(m);
	loop_free(l);
}

static void bump(void *arg)
{
	++*(int *)arg;
}

TEST(mbox_is_bounded_and_loses_nothing)
{
	struct mbox *m = mbox_new(NULL);
	int ran = 0, dropped = 0;
	int64_t full = metric_get(M_MBOX_FULL);

	for (int i = 0; i < LIM_MBOX; i++)
		OK(mbox_post(m, bump, &ran));
	EQ(mbox_post(m, bump, &ran), ERR_FULL);
	EQ(metric_get(M_MBOX_FULL), full + 1);
	EQ(mbox_drain(m), LIM_MBOX);
	EQ(ran, LIM_MBOX);
	OK(mbox_post(m, bump, &ran));
	mbox_free(m); /* runs what waits */
	EQ(ran, LIM_MBOX + 1);
	m = mbox_new(NULL);
	OK(mbox_post(m, bump, &dropped));
	mbox_free_drop(m, bump);
	EQ(dropped, 1);
	mbox_free(NULL);
}

/* ---- many messages and a timer ---- */

enum { BUSY = 120 };
struct crowd {
	struct mbox *m;
	int ran, at_tick, wrong;
	struct loop_timer tick;
};
struct busy {
	struct crowd *c;
	int i;
};

static void on_busy(void *arg)
{
	struct busy *b = arg;
	int64_t end = clk_mono_us() + 1000;

	b->c->wrong += b->i != b->c->ran++;
	while (clk_mono_us() < end)
		;
}

static void on_tick(void *arg)
{
	struct crowd *c = arg;

	c->at_tick = c->ran;
}

static bool all_busy_ran(void *arg)
{
	return ((struct crowd *)arg)->ran == BUSY + 1;
}

TEST(mbox_leaves_timers_their_turn)
{
	struct loop *l = loop_new();
	struct crowd c = { .m = mbox_new(l) };
	struct busy b[BUSY + 1];

	for (int i = 0; i <= BUSY; i++)
		b[i] = (struct busy){ &c, i };
	for (int i = 0; i < BUSY; i++)
		OK(mbox_post(c.m, on_busy, &b[i]));
	loop_after(l, &c.tick, 20, on_tick, &c);
	while (!c.at_tick)
		(void)loop_run_once(l, 100);
	CHECK(c.at_tick < BUSY / 2);          /* 120 ms of work did not hold up 20 ms */
	OK(mbox_post(c.m, on_busy, &b[BUSY])); /* behind those that still wait */
	CHECK(t_wait(l, all_busy_ran, &c, 20000));
	EQ(c.wrong, 0);
	mbox_free(c.m);
	loop_free(l);
}

TEST(mbox_hands_over_what_a_turn_left)
{
	for (int way = 0; way < 2; way++) {
		struct loop *l = loop_new();
		struct crowd c = { .m = mbox_new(l) };
		struct busy b[BUSY];

		for (int i = 0; i < BUSY; i++) {
			b[i] = (struct busy){ &c, i };
			OK(mbox_post(c.m, on_busy, &b[i]));
		}
		while (!c.ran)
			(void)loop_run_once(l, 100);
		CHECK(c.ran < BUSY / 2);
		if (way)
			mbox_free_drop(c.m, on_busy);
		else
			mbox_free(c.m);
		EQ(c.ran, BUSY);
		EQ(c.wrong, 0);
		loop_free(l);
	}
}

TEST(mbox_in_a_simulated_loop)
{
	struct loop *l = loop_new_sim(0);
	struct mbox *m = mbox_new(l), *other = mbox_new(l);
	int ran = 0;

	OK(mbox_post(other, bump, &ran));
	OK(mbox_post(m, bump, &ran));
	EQ(ran, 0);
	loop_sim_advance(l, 0);
	EQ(ran, 2);
	mbox_free(m);
	OK(mbox_post(other, bump, &ran));
	CHECK(loop_run_once(l, 0));
	EQ(ran, 3);
	mbox_free(other);
	loop_free(l);
}

struct job {
	_Atomic int *started;
	pthread_t worker, finisher;
	int square, x;
	int *finished;
};

static void do_square(void *arg)
{
	struct job *j = arg;

	j->worker = pthread_self();
	j->square = j->x * j->x;
}

static void finish_square(void *arg)
{
	struct job *j = arg;

	j->finisher = pthread_self();
	++*j->finished;
}

static bool hundred(void *arg)
{
	return *(int *)arg == 100;
}

TEST(pool_runs_jobs_and_replies_on_the_owner)
{
	struct loop *l = loop_new();
	struct mbox *m = mbox_new(l);
	struct pool *p = pool_new(3, 10);
	static struct job j[100];
	int finished = 0;

	for (int i = 0; i < 100; i++) {
		j[i] = (struct job){ .x = i, .finished = &finished };
		OK(pool_submit(p, do_square, &j[i], m, finish_square));
	}
	CHECK(t_wait(l, hundred, &finished, 10000));
	for (int i = 0; i < 100; i++) {
		EQ(j[i].square, i * i);
		CHECK(pthread_equal(j[i].finisher, pthread_self()));
		CHECK(!pthread_equal(j[i].worker, pthread_self()));
	}
	EQ(pool_waiting(p), 0);
	pool_free(p);
	mbox_free(m);
	loop_free(l);
}

static void count_atomic(void *arg)
{
	atomic_fetch_add((_Atomic int *)arg, 1);
}

TEST(pool_free_runs_what_was_queued)
{
	struct pool *p = pool_new(1, 0);
	_Atomic int done = 0;

	for (int i = 0; i < 500; i++)
		OK(pool_submit(p, count_atomic, &done, NULL, count_atomic));
	pool_free(p);
	EQ(done, 1000);
	pool_free(NULL);
}

static pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;

static void wait_at_gate(void *arg)
{
	(void)arg;
	(void)pthread_mutex_lock(&gate);
	(void)pthread_mutex_unlock(&gate);
}

TEST(pool_is_bounded)
{
	struct pool *p;
	int n = 0;

	(void)pthread_mutex_lock(&gate);
	p = pool_new(1, 0);
	while (n < LIM_POOL_JOBS + 10 && pool_submit(p, wait_at_gate, NULL, NULL, NULL) == 0)
		n++;
	(void)pthread_mutex_unlock(&gate);
	pool_free(p);
	CHECK(n >= LIM_POOL_JOBS && n <= LIM_POOL_JOBS + 1);
}

TEST(pool_inline_runs_at_once)
{
	struct pool *p = pool_new_inline();
	int n = 0;

	OK(pool_submit(p, bump, &n, NULL, bump));
	EQ(n, 2);
	pool_free(p);
}

enum { OPENING, LISTENING, CLOSED, STATES };
static const struct sm_state states[] = {
	[OPENING] = { "opening", SM_TO(LISTENING) | SM_TO(CLOSED) },
	[LISTENING] = { "listening", SM_TO(CLOSED) },
	[CLOSED] = { "closed", 0 },
};
static int moves;

static void on_move(void *arg, const struct sm *m, int from, int to)
{
	(void)arg;
	(void)m;
	moves = moves * 100 + from * 10 + to;
}

TEST(state_machine_knows_its_legal_moves)
{
	struct sm m;

	moves = 0;
	sm_init(&m, "door", states, STATES, OPENING);
	m.trace = on_move;
	CHECK(sm_can(&m, LISTENING) && sm_can(&m, OPENING) && !sm_can(&m, STATES) &&
	      !sm_can(&m, -1));
	sm_move(&m, OPENING);
	EQ(moves, 0); /* staying put is silent */
	sm_move(&m, LISTENING);
	STR_EQ(sm_name(&m), "listening");
	CHECK(!sm_can(&m, OPENING));
	sm_move(&m, CLOSED);
	EQ(moves, 112);
	EQ(m.prev, LISTENING);
}

/* ---- team ---- */

struct sums {
	int64_t part[64];
	int64_t in[64];
};

static void add_part(void *arg, int part)
{
	struct sums *s = arg;

	for (int64_t i = 0; i < 1000 + part; i++)
		s->part[part] += i * s->in[part];
}

TEST(team_does_every_part_once_and_waits)
{
	static const int sizes[] = { 1, 2, 5, 100 };

	for (size_t k = 0; k < 4; k++) {
		struct team *t = team_new(sizes[k]);

		CHECK(team_size(t) >= 1 && team_size(t) <= 64);
		team_run(t, add_part, NULL, 0);
		for (int round = 0; round < 200; round++) {
			struct sums s = { 0 };
			int parts = 1 + round % 64;

			for (int i = 0; i < parts; i++)
				s.in[i] = round;
			team_run(t, add_part, &s, parts);
			for (int64_t i = 0; i < 64; i++)
				EQ(s.part[i], i < parts ? (1000 + i) * (999 + i) / 2 * round : 0);
		}
		team_free(t);
	}
	team_free(NULL);
}
