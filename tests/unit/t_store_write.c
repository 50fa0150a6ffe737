/* t_store_write.c: the scribe (groups, results, savepoints, bounds) and the readers. */
#include "t.h"
#include "store_int.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static struct store *open_in(const char *dir, int group_ms)
{
	struct store_opts o = { .dir = dir, .group_ms = group_ms };
	struct store *st = NULL;
	struct err e = { 0 };

	if (store_open(&st, &o, &e))
		printf("# %s\n", e.msg);
	return st;
}

static int add(struct store *st, const char *conv, int64_t seq, struct mbox *m,
	       store_done_fn *fn, void *arg)
{
	struct store_event ev = { .conversation = sv_of(conv),
				  .seq = seq,
				  .kind = SV("turn.customer"),
				  .actor = SV("customer"),
				  .body = SV("{\"text\":\"你好\"}") };

	return store_append(st, &ev, m, fn, arg);
}

static int64_t count(struct store *st, const char *where)
{
	struct store_db *db;
	char sql[200];
	int64_t n = -1;

	snprintf(sql, sizeof(sql), "SELECT count(*) FROM event WHERE %s", where);
	return store_reader(st, &db) || store_one_int(db, sql, SV_NULL, &n) ? -1 : n;
}

struct seen {
	struct store *st;
	int n, last, visible;
};

static void on_done(void *arg, int err)
{
	struct seen *s = arg;

	s->n++;
	s->last = err;
	if (s->st && count(s->st, "seq=1") == 1)
		s->visible++;
}

static bool has_ten(void *arg)
{
	return ((struct seen *)arg)->n >= 10;
}

TEST(store_append_acks_on_the_reply_box_after_the_commit)
{
	struct store *st = open_in(t_tmpdir(), 5);
	struct seen s = { .st = st };
	struct loop *l = loop_new();
	struct mbox *m = mbox_new(l);

	CHECK(st);
	for (int i = 1; i <= 10; i++)
		OK(add(st, "c", i, m, on_done, &s));
	CHECK(t_wait(l, has_ten, &s, 5000));
	EQ(s.last, 0);
	EQ(s.visible, 10); /* another connection saw the row at each result */
	EQ(count(st,
		 "conversation='c' AND body='{\"text\":\"你好\"}' AND length(id)=26"),
	   10);
	store_close(st);
	mbox_free(m);
	loop_free(l);
}

TEST(store_append_without_a_box_acks_on_the_scribe)
{
	struct store *st = open_in("", -1);
	struct seen s = { .st = st };

	CHECK(st);
	OK(add(st, "c", 1, NULL, on_done, &s));
	OK(add(st, "c", 2, NULL, NULL, NULL));
	OK(store_flush(st));
	EQ(s.n, 1);
	EQ(s.visible, 1);
	EQ(count(st, "1"), 2);
	store_close(st);
}

TEST(store_groups_rows_into_few_commits)
{
	struct store *st = open_in(t_tmpdir(), 5);
	int64_t before = metric_get(M_SCRIBE_COMMIT_US), rows = metric_get(M_EVENTS);

	CHECK(st);
	for (int i = 1; i <= 2000; i++)
		OK(add(st, "c", i, NULL, NULL, NULL));
	OK(store_flush(st));
	CHECK(metric_get(M_SCRIBE_COMMIT_US) - before < 200);
	EQ(metric_get(M_EVENTS) - rows, 2000);
	store_close(st);
}

TEST(store_close_writes_what_waits)
{
	struct store *st = open_in(t_tmpdir(), 10000);
	struct seen s = { 0 };

	CHECK(st);
	for (int i = 1; i <= 100; i++)
		OK(add(st, "c", i, NULL, on_done, &s));
	store_close(st);
	EQ(s.n, 100);
	EQ(s.last, 0);
	st = open_in(t_tmpdir(), 5);
	CHECK(st);
	EQ(count(st, "1"), 100);
	OK(add(st, "c", 101, NULL, NULL, NULL));
	OK(store_flush(st));
	EQ(count(st, "pos=101"), 1); /* positions go on */
	store_close(st);
}

TEST(store_append_refuses_bad_rows)
{
	struct store *st = open_in("", 5);
	struct store_event ev = { .kind = SV_NULL };
	struct seen s = { 0 };
	char *big = xalloc(LIM_JSON_BYTES + 1);

	CHECK(st);
	EQ(store_append(st, &ev, NULL, on_done, &s), ERR_INVAL);
	ev.kind = SV("k");
	ev.body = sv_n(big, LIM_JSON_BYTES + 1);
	EQ(store_append(st, &ev, NULL, on_done, &s), ERR_TOOBIG);
	ev.body = SV("\xff{}");
	EQ(store_append(st, &ev, NULL, on_done, &s), ERR_UTF8);
	ev.body = SV_NULL;
	OK(store_append(st, &ev, NULL, on_done,
			&s)); /* no conversation: twice the same is fine */
	OK(store_append(st, &ev, NULL, on_done, &s));
	OK(add(st, "c", 1, NULL, on_done, &s));
	OK(store_flush(st));
	EQ(s.n, 3);
	EQ(count(st, "conversation IS NULL AND body='{}' AND actor=''"), 2);
	OK(add(st, "c", 1, NULL, on_done, &s));
	OK(add(st, "c", 2, NULL, NULL, NULL));
	OK(store_flush(st)); /* a doubled row is no failure of the group */
	EQ(s.last, ERR_EXISTS);
	CHECK(!store_failed(st, NULL));
	EQ(count(st, "1"), 4);
	EQ(count(st, "pos=4"), 1); /* and leaves no gap */
	xfree(big);
	store_close(st);
}

/* ---- write functions ---- */

struct job {
	struct seen s; /* first: on_done sees the same pointer */
	int rc, refused;
};

static int write_two_then(void *arg, struct store_db *db)
{
	const struct job *j = arg;
	struct store_event ev = { .conversation = SV("w"), .seq = 1, .kind = SV("k") };

	if (j->rc)
		ev.seq = 7;
	if (store_event_put(db, &ev))
		return ERR_FAIL;
	if (store_exec(db, "INSERT INTO kv VALUES ('a', 'b', 1)"))
		return ERR_FAIL;
	return j->rc;
}

TEST(store_write_rolls_back_alone)
{
	struct store *st = open_in("", 10000);
	struct job good = { 0 }, bad = { .rc = ERR_CONFLICT };
	struct store_db *db;
	int64_t n;

	CHECK(st);
	OK(add(st, "c", 1, NULL, NULL, NULL));
	OK(store_write(st, write_two_then, &bad, NULL, on_done));
	OK(store_write(st, write_two_then, &good, NULL, on_done));
	OK(add(st, "c", 2, NULL, NULL, NULL));
	OK(store_flush(st));
	EQ(bad.s.last, ERR_CONFLICT);
	EQ(good.s.n, 1);
	EQ(good.s.last, 0);
	EQ(count(st, "1"), 3);
	EQ(count(st, "seq=7"), 0);
	EQ(count(st, "pos IN (1,2,3)"), 3);
	OK(store_reader(st, &db));
	OK(store_one_int(db, "SELECT count(*) FROM kv", SV_NULL, &n));
	EQ(n, 1);
	store_close(st);
}

static int write_control(void *arg, struct store_db *db)
{
	struct store_stmt *q;
	int *refused = &((struct job *)arg)->refused;

	*refused += store_exec(db, "COMMIT") == ERR_DENIED;
	*refused += store_exec(db, "ROLLBACK") == ERR_DENIED;
	*refused += store_exec(db, "SAVEPOINT x") == ERR_DENIED;
	*refused += store_exec(db, "ATTACH ':memory:' AS x") == ERR_DENIED;
	if (store_prep(db, &q, "SELECT count(*) FROM event"))
		return ERR_FAIL;
	return store_step(q) == 1 ? 0 : ERR_FAIL; /* left in use on purpose */
}

TEST(store_write_may_not_touch_the_transaction)
{
	struct store *st = open_in("", 5);
	struct job j = { 0 };

	CHECK(st);
	OK(store_write(st, write_control, &j, NULL, on_done));
	OK(add(st, "c", 1, NULL, NULL, NULL));
	OK(store_flush(st));
	EQ(j.s.last, 0);
	EQ(j.refused, 4);
	EQ(count(st, "1"), 1);
	store_close(st);
}

/* ---- bounds ---- */

static int write_wait(void *arg, struct store_db *db)
{
	pthread_barrier_wait(arg); /* the scribe is busy now */
	pthread_barrier_wait(arg);
	return 0;
}

TEST(store_queue_is_bounded)
{
	struct store *st = open_in("", -1);
	struct store_event ev = { .kind = SV("k") };
	char *big = xalloc(1 << 20);
	pthread_barrier_t gate;
	int rc = 0, n = 0;

	CHECK(st);
	pthread_barrier_init(&gate, NULL, 2);
	memset(big, ' ', 1 << 20);
	OK(store_write(st, write_wait, &gate, NULL, NULL));
	pthread_barrier_wait(&gate);
	ev.body = sv_n(big, 1 << 20);
	while (n < 200 && !(rc = store_append(st, &ev, NULL, NULL, NULL)))
		n++;
	EQ(rc, ERR_FULL);
	EQ(n, 63); /* 64 MiB in bodies of 1 MiB and a little */
	CHECK(st->s.peak_bytes <= STORE_QUEUE_BYTES);
	pthread_barrier_wait(&gate);
	OK(store_flush(st));
	EQ(count(st, "1"), n);
	OK(store_write(st, write_wait, &gate, NULL, NULL));
	pthread_barrier_wait(&gate);
	for (n = 0, rc = 0; n < 100000 && !rc; n++)
		rc = add(st, "c", n, NULL, NULL, NULL);
	EQ(rc, ERR_FULL);
	EQ(n - 1, STORE_QUEUE_ROWS);
	pthread_barrier_wait(&gate);
	store_close(st);
	pthread_barrier_destroy(&gate);
	xfree(big);
}

TEST(store_100k_appends_stay_in_bounds)
{
	struct store *st = open_in(t_tmpdir(), 5);
	struct seen s = { 0 };
	int64_t t0 = clk_mono_us(), us;
	int rc;

	CHECK(st);
	for (int i = 1; i <= 100000; i++) {
		while ((rc = add(st, "c", i, NULL, on_done, &s)) == ERR_FULL)
			OK(store_flush(st));
		OK(rc);
	}
	OK(store_flush(st));
	us = clk_mono_us() - t0;
	printf("# 100000 rows durable in %lld ms: %lld rows/s\n", (long long)us / 1000,
	       100000ll * 1000000 / (long long)us);
	EQ(s.n, 100000);
	EQ(count(st, "1"), 100000);
	CHECK(st->s.peak_bytes <=
	      STORE_QUEUE_ROWS * 512u); /* ~ 32 MiB, however many rows */
	EQ(st->s.bytes, 0);
	EQ(st->s.rows, 0);
	store_close(st);
}

static int64_t group_speed(const char *dir, size_t rows, int n)
{
	struct store_opts o = { .dir = dir, .group_ms = -1, .group_rows = rows };
	static char body[200];
	struct store_event ev = { .kind = SV("turn.customer"),
				  .actor = SV("customer") };
	struct store *st = NULL;
	struct err e;
	int64_t t0;

	memset(body, ' ', sizeof(body));
	ev.body = sv_n(body, sizeof(body));
	if (store_open(&st, &o, &e))
		return 0;
	t0 = clk_mono_us();
	for (int i = 0; i < n; i++)
		while (store_append(st, &ev, NULL, NULL, NULL))
			store_flush(st);
	store_flush(st);
	t0 = clk_mono_us() - t0;
	store_close(st);
	return n * 1000000ll / (t0 + 1);
}

TEST(store_groups_pay)
{
	int64_t one = group_speed(t_tmpdir(), 1, 1000),
		many = group_speed(t_tmpdir(), 512, 20000);

	printf("# rows/s of 300 bytes, durable: %lld one by one, %lld in groups of 20, "
	       "%lld of 512\n",
	       (long long)one, (long long)group_speed(t_tmpdir(), 20, 10000),
	       (long long)many);
	CHECK(many > one);
}

static void nothing(void *arg)
{
}

TEST(store_results_wait_for_a_full_box)
{
	struct store *st = open_in("", -1);
	struct mbox *m = mbox_new(NULL);
	struct seen s = { 0 };
	int64_t end = clk_mono_us() + 5000000;

	CHECK(st);
	while (mbox_post(m, nothing, NULL) == 0)
		;
	OK(add(st, "c", 1, m, on_done, &s));
	OK(store_flush(st));
	OK(add(st, "c", 2, m, on_done, &s));
	OK(store_flush(st));
	EQ(s.n, 0);
	while (s.n < 2 && clk_mono_us() < end)
		mbox_drain(m);
	EQ(s.n, 2);
	store_close(st);
	mbox_free(m);
}

TEST(store_serves_many_boxes)
{
	struct store *st = open_in("", 10000);
	struct mbox *m[STORE_BOXES + 9];
	struct seen s = { 0 };

	CHECK(st);
	for (int i = 0; i < STORE_BOXES + 9; i++)
		m[i] = mbox_new(NULL);
	for (int i = 0; i < 4 * (STORE_BOXES + 9); i++)
		OK(add(st, "c", i, m[i % (STORE_BOXES + 9)], on_done, &s));
	store_close(st);
	for (int i = 0; i < STORE_BOXES + 9; i++) {
		mbox_drain(m[i]);
		mbox_free(m[i]);
	}
	EQ(s.n, 4 * (STORE_BOXES + 9));
}

static atomic_int racers_acked;

static void racer_ack(void *arg, int err)
{
	if (!err)
		atomic_fetch_add(&racers_acked, 1);
}

static void *racer(void *arg)
{
	struct store *st = arg;
	char conv[32];

	snprintf(conv, sizeof(conv), "t%p", (void *)&conv);
	for (int i = 1; i <= 500; i++)
		add(st, conv, i, NULL, racer_ack, NULL);
	store_flush(st);
	return NULL;
}

TEST(store_append_from_four_threads)
{
	struct store *st = open_in(t_tmpdir(), 1);
	pthread_t t[4];

	CHECK(st);
	atomic_store(&racers_acked, 0);
	for (int i = 0; i < 4; i++)
		CHECK(pthread_create(&t[i], NULL, racer, st) == 0);
	for (int i = 0; i < 4; i++)
		pthread_join(t[i], NULL);
	EQ(atomic_load(&racers_acked), 2000);
	EQ(count(st, "1"), 2000);
	EQ(count(st, "pos BETWEEN 1 AND 2000"), 2000);
	store_close(st);
}

/* ---- readers ---- */

struct query {
	int64_t n;
	int wrote, done;
	char error[64];
};

static void query_run(void *arg, struct store_db *db)
{
	struct query *q = arg;
	struct store_stmt *left;

	q->n = -1;
	store_one_int(db, "SELECT count(*) FROM event", SV_NULL, &q->n);
	q->wrote = store_exec(db, "DELETE FROM event");
	if (!store_prep(db, &left, "SELECT 1 FROM event"))
		store_step(left); /* not handed back */
	snprintf(q->error, sizeof(q->error), "%s", store_error(db));
}

static void query_done(void *arg)
{
	((struct query *)arg)->done++;
}

static bool query_is_done(void *arg)
{
	return ((struct query *)arg)->done > 0;
}

TEST(store_read_runs_on_a_worker_and_cannot_write)
{
	struct store *st = open_in(t_tmpdir(), 5);
	struct pool *p = pool_new(1, 0);
	struct loop *l = loop_new();
	struct mbox *m = mbox_new(l);
	struct query q = { 0 };

	CHECK(st);
	OK(add(st, "c", 1, NULL, NULL, NULL));
	OK(store_flush(st));
	OK(store_read(st, p, m, query_run, &q, query_done));
	CHECK(t_wait(l, query_is_done, &q, 5000));
	EQ(q.n, 1);
	EQ(q.wrote, ERR_DENIED);
	OK(add(st, "c", 2, NULL, NULL, NULL));
	OK(store_flush(st));
	memset(&q, 0, sizeof(q));
	OK(store_read(st, p, m, query_run, &q, query_done));
	CHECK(t_wait(l, query_is_done, &q, 5000));
	EQ(q.n, 2); /* the statement left open did not pin an old view */
	pool_free(p);
	store_close(st);
	mbox_free(m);
	loop_free(l);
}

static void *thread_reads(void *arg)
{
	return (void *)(intptr_t)count(arg, "1");
}

TEST(store_reader_goes_with_its_thread)
{
	struct store *st = open_in("", 5);
	struct store_db *a, *b;
	pthread_t t;
	void *n;

	CHECK(st);
	OK(add(st, "c", 1, NULL, NULL, NULL));
	OK(store_flush(st));
	for (int i = 0; i < 300; i++) {
		CHECK(pthread_create(&t, NULL, thread_reads, st) == 0);
		pthread_join(t, &n);
		EQ((intptr_t)n, 1);
	}
	EQ(st->readers_n, 0);
	OK(store_reader(st, &a));
	OK(store_reader(st, &b));
	CHECK(a == b);
	EQ(store_exec(a, "DELETE FROM event"), ERR_DENIED);
	EQ(st->readers_n, 1);
	store_close(st);
}

static void gate_wait(void *arg)
{
	pthread_mutex_lock(arg);
	pthread_mutex_unlock(arg);
}

TEST(store_read_after_close_says_so)
{
	struct store *st = open_in("", 5);
	struct pool *p = pool_new(1, 0);
	pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;
	struct query q = { 0 };

	CHECK(st);
	pthread_mutex_lock(&gate);
	OK(pool_submit(p, gate_wait, &gate, NULL, NULL));
	OK(store_read(st, p, NULL, query_run, &q, query_done));
	store_close(st); /* the read is still in the queue */
	pthread_mutex_unlock(&gate);
	for (int64_t end = clk_mono_us() + 5000000;
	     pool_waiting(p) && clk_mono_us() < end;)
		;
	pool_free(p);
	EQ(q.done, 1);
	EQ(q.n, -1);
	EQ(q.wrote, ERR_DB);
	STR_EQ(q.error, "the database is closed");
}

TEST(store_memory_databases_are_apart)
{
	struct store *a = open_in("", 5), *b = open_in("", 5);

	CHECK(a && b);
	OK(add(a, "c", 1, NULL, NULL, NULL));
	OK(store_flush(a));
	EQ(count(a, "1"), 1);
	EQ(count(b, "1"), 0);
	STR_EQ(store_path(a), "");
	store_close(a);
	store_close(b);
	store_close(NULL);
}

static void flush_here(void *arg, int err)
{
	struct seen *s = arg;

	s->n++;
	s->last = store_flush(s->st);
}

TEST(store_flush_on_the_scribe_is_refused)
{
	struct store *st = open_in("", 5);
	struct seen s = { .st = st };

	CHECK(st);
	OK(add(st, "c", 1, NULL, flush_here, &s));
	OK(store_flush(st));
	EQ(s.n, 1);
	EQ(s.last, ERR_STATE);
	store_close(st);
}

TEST(readonly_reads_beside_the_owner_and_never_writes)
{
	struct store *own, *side;
	struct store_opts o = { .dir = t_tmpdir() };
	struct store_event ev = {
		.conversation = SV("c1"), .seq = 1, .kind = SV("k"), .actor = SV("a")
	};
	struct store_db *db;
	struct store_stmt *q;
	struct err e = { 0 };

	OK(store_open(&own, &o, &e));
	OK(store_append(own, &ev, NULL, NULL, NULL));
	OK(store_flush(own));
	o.readonly = true;
	OK(store_open(&side, &o, &e));
	OK(store_reader(side, &db));
	OK(store_prep(db, &q, "SELECT count(*) FROM event"));
	EQ(store_step(q), 1);
	EQ(store_col_int(q, 0), 1);
	store_reset(q);
	ev.seq = 2;
	EQ(store_append(side, &ev, NULL, NULL, NULL), ERR_DENIED);
	OK(store_flush(side));
	store_close(side);
	store_close(own);
}

static int put_and_refuse(void *arg, struct store_db *db)
{
	struct store_event ev = { .kind = SV("inner") };
	int rc = store_event_put(db, &ev);

	rc = rc ? rc : store_exec(db, "INSERT INTO kv (k, v, updated_ms) VALUES ('try', 'x', 0)");
	return rc ? rc : *(int *)arg;
}

static int try_both(void *arg, struct store_db *db)
{
	struct store_event ev = { .kind = SV("outer") };
	int bad = ERR_CANCELED, good = 0, *got = arg;

	got[0] = store_try(db, put_and_refuse, &bad);
	got[1] = store_event_put(db, &ev);
	got[2] = store_try(db, put_and_refuse, &good);
	got[3] = store_exec(db, "SAVEPOINT x");
	return 0;
}

TEST(store_try_takes_back_its_own_part)
{
	struct store *st = open_in("", -1);
	struct store_verdict v = { 0 };
	struct store_db *db;
	int got[4] = { 1, 1, 1, 0 };

	CHECK(st);
	OK(store_write(st, try_both, got, NULL, NULL));
	OK(store_flush(st));
	EQ(got[0], ERR_CANCELED);
	EQ(got[1], 0);
	EQ(got[2], 0);
	CHECK(got[3] != 0); /* still guarded */
	EQ(count(st, "kind = 'inner'"), 1);
	EQ(count(st, "kind = 'outer'"), 1);
	OK(store_verify(st, &v));
	EQ(v.rows, 2);
	OK(store_reader(st, &db));
	EQ(store_try(db, try_both, got), ERR_STATE);
	store_close(st);
}

/* ---- a write that is waited for ---- */

static int now_put(void *arg, struct store_db *db)
{
	const struct store_event ev = { .conversation = SV("now"), .seq = 1, .kind = SV("x") };
	int rc = store_event_put(db, &ev);

	return rc ? rc : *(const int *)arg;
}

/* Takes the transaction of its group away; slow enough for another to wait behind it. */
static int now_spoil(void *arg, struct store_db *db)
{
	atomic_store((atomic_bool *)arg, true);
	(void)usleep(100000);
	return store_exec(db, "INSERT OR ROLLBACK INTO event SELECT * FROM event LIMIT 1");
}

static int now_within(void *arg, struct store_db *db)
{
	return store_write_now(arg, now_put, NULL) == ERR_STATE ? 0 : ERR_FAIL;
}

TEST(store_write_now_tells_of_its_own_write)
{
	struct store *st = open_in(t_tmpdir(), -1);
	int fine = 0, bad = ERR_CONFLICT;
	atomic_bool begun = false;

	CHECK(st);
	EQ(store_write_now(st, now_put, &bad), ERR_CONFLICT);
	EQ(count(st, "conversation='now'"), 0);
	OK(add(st, "other", 1, NULL, NULL, NULL));
	OK(store_flush(st));
	OK(store_write(st, now_spoil, &begun, NULL, NULL));
	while (!atomic_load(&begun))
		(void)usleep(1000);
	EQ(store_write_now(st, now_put, &fine), 0);
	EQ(count(st, "conversation='now'"), 1);
	EQ(store_write_now(st, now_put, &fine), ERR_EXISTS);
	OK(store_write_now(st, now_within, st));
	store_close(st);
}
