/* scribe.c: the only thread that writes.
 *
 * Jobs (an event or a write function) wait in a bounded list under one lock. The scribe
 * takes up to group_rows of them, at the latest group_ms after the oldest came, and
 * runs them in one transaction; each write function has its own savepoint. COMMIT
 * returns after the fsync of the log, and only then are results posted: one message per
 * reply box and group. When the transaction fails (disk full, I/O error) every job of
 * the group gets the error and the next group is tried afresh; a damaged database is
 * final. A reply box that is full keeps its results here, in order, until it has room.
 */
#include "store_int.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

/* ---- results ---- */

static void job_ack(struct store_job *j)
{
	if (j->done)
		j->done(j->arg, j->err);
	xfree(j);
}

static void acks_run(void *arg) /* on the owner of the reply box */
{
	struct store_job *j = arg, *next;

	for (; j; j = next) {
		next = j->next;
		job_ack(j);
	}
}

static void acks_drop(struct store_ack *a)
{
	struct store_job *j;

	while ((j = a->head)) {
		a->head = j->next;
		xfree(j);
	}
	*a = (struct store_ack){ 0 };
}

static bool ack_post(struct store_ack *a) /* true when the slot is free afterwards */
{
	int rc;

	if (!a->head)
		return true;
	rc = mbox_post(a->box, acks_run, a->head);
	if (rc == ERR_FULL)
		return false;
	if (rc)
		acks_drop(a); /* the owner is gone */
	*a = (struct store_ack){ 0 };
	return true;
}

static bool acks_post(struct store_scribe *s)
{
	bool all = true;

	for (size_t i = 0; i < STORE_BOXES; i++)
		all &= ack_post(&s->acks[i]);
	return all;
}

static struct store_ack *ack_slot(struct store_scribe *s, struct mbox *box)
{
	struct timespec nap = { 0, 1000000 };
	struct store_ack *spare = NULL;

	for (size_t i = 0; i < STORE_BOXES; i++) {
		if (s->acks[i].box == box)
			return &s->acks[i];
		if (!s->acks[i].box)
			spare = &s->acks[i];
	}
	for (size_t i = 0; !spare; i = (i + 1) % STORE_BOXES) {
		if (ack_post(&s->acks[i]))
			spare = &s->acks[i];
		else if (i == STORE_BOXES - 1)
			nanosleep(&nap,
				  NULL); /* every box is full: nothing else to do */
	}
	spare->box = box;
	return spare;
}

static void ack_add(struct store_scribe *s, struct store_job *j)
{
	struct store_ack *a;

	j->next = NULL;
	if (!j->done || !j->reply) {
		job_ack(j);
		return;
	}
	a = ack_slot(s, j->reply);
	if (a->tail)
		a->tail->next = j;
	else
		a->head = j;
	a->tail = j;
}

/* ---- one group ---- */

static int job_write(struct store_db *db, struct store_job *j)
{
	struct store_mark at = db->river->at;
	int rc = store_exec(db, "SAVEPOINT job");

	if (rc)
		return rc;
	db->guarded = true;
	rc = j->write(j->arg, db);
	db->guarded = false;
	store_db_idle(db);
	if (!rc)
		rc = store_exec(db, "RELEASE job");
	if (!rc)
		return 0;
	db->river->at = at;
	if (!sqlite3_get_autocommit(db->db) && !store_exec(db, "ROLLBACK TO job"))
		store_exec(db, "RELEASE job");
	return rc;
}

int store_try(struct store_db *db, store_write_fn *fn, void *arg)
{
	if (!db->river || !db->guarded)
		return ERR_STATE;
	struct store_mark at = db->river->at;

	store_db_idle(db);
	db->guarded = false;
	int rc = store_exec(db, "SAVEPOINT try");

	db->guarded = true;
	if (rc)
		return rc;
	rc = fn(arg, db);
	store_db_idle(db);
	db->guarded = false;
	if (!rc)
		rc = store_exec(db, "RELEASE try");
	if (rc) {
		db->river->at = at;
		if (!sqlite3_get_autocommit(db->db) && !store_exec(db, "ROLLBACK TO try"))
			store_exec(db, "RELEASE try");
	}
	db->guarded = true;
	return rc;
}

/* Runs every job; non-zero when SQLite gave the whole transaction up. */
static int group_jobs(struct store_db *db, struct store_job *head)
{
	int rc = 0;

	for (struct store_job *j = head; j; j = j->next) {
		j->err = j->write ? job_write(db, j) : store_event_put(db, &j->ev);
		if (!sqlite3_get_autocommit(db->db))
			continue;
		rc = j->err ? j->err : ERR_DB;
		break;
	}
	return rc;
}

static int group_commit(struct store *st, struct store_job *head, char msg[256])
{
	struct store_db *db = st->db;
	struct store_mark at = st->river.at;
	int rc = store_exec(db, "BEGIN IMMEDIATE");

	if (!rc)
		rc = group_jobs(db, head);
	if (!rc)
		rc = store_exec(db, "COMMIT");
	if (!rc) {
		metric_add(M_EVENTS, st->river.at.pos - at.pos);
		return 0;
	}
	snprintf(msg, 256, "%s", store_error(db));
	if (!sqlite3_get_autocommit(db->db))
		store_exec(db, "ROLLBACK");
	st->river.at = at;
	for (struct store_job *j = head; j; j = j->next)
		j->err = rc;
	return rc;
}

static void group_refuse(struct store_job *head)
{
	for (struct store_job *j = head; j; j = j->next)
		j->err = ERR_CORRUPT;
}

static void group_run(struct store *st, struct store_job *head, int64_t n)
{
	struct store_scribe *s = &st->s;
	struct store_job *j = head, *next;
	int64_t t0 = clk_mono_us();
	char msg[256] = "";
	int rc = ERR_CORRUPT;

	if (s->dead)
		group_refuse(head);
	else
		rc = group_commit(st, head, msg);
	metric_observe_us(M_SCRIBE_COMMIT_US, clk_mono_us() - t0);
	if (rc)
		metric_inc(M_SCRIBE_FAILED);
	for (; j; j = next) {
		next = j->next;
		ack_add(s, j);
	}
	acks_post(s);
	pthread_mutex_lock(&s->lock);
	s->done += n;
	s->failed = rc;
	if (rc)
		s->failed_at = s->done;
	if (rc && !s->dead)
		snprintf(s->failed_msg, sizeof(s->failed_msg), "%s", msg);
	s->dead |= rc == ERR_CORRUPT;
	pthread_cond_broadcast(&s->settled);
	pthread_mutex_unlock(&s->lock);
}

/* ---- the thread ---- */

static void wait_until(struct store_scribe *s, int64_t us)
{
	struct timespec ts = { us / 1000000, us % 1000000 * 1000 };

	pthread_cond_timedwait(&s->wake, &s->lock, &ts);
}

/* True when the waiting jobs should go now; *due is when they must. */
static bool group_ready(const struct store *st, int64_t *due)
{
	const struct store_scribe *s = &st->s;

	*due = s->head->t_us + st->o.group_ms * 1000ll;
	return s->closing || s->flushing || s->rows >= st->o.group_rows ||
	       st->o.group_ms < 0 || clk_mono_us() >= *due;
}

static struct store_job *group_take(struct store *st, int64_t *n)
{
	struct store_scribe *s = &st->s;
	struct store_job *head = s->head, *last = NULL;

	for (*n = 0; s->head && *n < (int64_t)st->o.group_rows; ++*n) {
		last = s->head;
		s->head = last->next;
		s->bytes -= last->bytes;
	}
	if (last)
		last->next = NULL;
	if (!s->head)
		s->tail = NULL;
	s->rows -= (size_t)*n;
	return head;
}

static void scribe_last_acks(struct store_scribe *s)
{
	struct timespec nap = { 0, 1000000 };

	for (int i = 0; i < 2000 && !acks_post(s); i++)
		nanosleep(&nap, NULL);
	for (size_t i = 0; i < STORE_BOXES; i++)
		acks_drop(&s->acks[i]); /* nobody emptied the box for two seconds */
}

static void *scribe_main(void *arg)
{
	struct store *st = arg;
	struct store_scribe *s = &st->s;
	struct store_job *group;
	bool posted = true;
	int64_t n, due;

	pthread_mutex_lock(&s->lock);
	while (s->head || !s->closing) {
		if (!s->head && posted) {
			pthread_cond_wait(&s->wake, &s->lock);
			continue;
		}
		if (!s->head) {
			wait_until(s, clk_mono_us() + 5000);
		} else if (!group_ready(st, &due)) {
			wait_until(s, due);
			continue;
		}
		group = group_take(st, &n);
		pthread_mutex_unlock(&s->lock);
		if (group)
			group_run(st, group, n);
		posted = acks_post(s);
		pthread_mutex_lock(&s->lock);
	}
	pthread_mutex_unlock(&s->lock);
	scribe_last_acks(s);
	return NULL;
}

int store_scribe_start(struct store *st, struct err *e)
{
	struct store_scribe *s = &st->s;
	pthread_condattr_t attr;
	int rc;

	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&s->wake, &attr);
	pthread_condattr_destroy(&attr);
	pthread_cond_init(&s->settled, NULL);
	rc = pthread_create(&s->thread, NULL, scribe_main, st);
	s->started = rc == 0;
	if (s->started) {
		pthread_setname_np(s->thread, "scribe");
		return 0;
	}
	pthread_cond_destroy(&s->wake);
	pthread_cond_destroy(&s->settled);
	return err_set(e, ERR_NOMEM, "cannot start the writing thread: %s",
		       strerror(rc));
}

void store_scribe_stop(struct store *st)
{
	struct store_scribe *s = &st->s;

	if (!s->started)
		return;
	pthread_mutex_lock(&s->lock);
	s->closing = true;
	pthread_cond_signal(&s->wake);
	pthread_mutex_unlock(&s->lock);
	pthread_join(s->thread, NULL);
	s->started = false;
	pthread_cond_destroy(&s->wake);
	pthread_cond_destroy(&s->settled);
	/* the lock stays: late calls get ERR_CLOSED until the last reference goes */
}

/* ---- handing in ---- */

static int job_hand_in(struct store *st, struct store_job *j)
{
	struct store_scribe *s = &st->s;
	int rc = 0;

	j->t_us = clk_mono_us();
	pthread_mutex_lock(&s->lock);
	if (st->o.readonly)
		rc = ERR_DENIED;
	else if (s->closing)
		rc = ERR_CLOSED;
	else if (s->rows >= STORE_QUEUE_ROWS || s->bytes + j->bytes > STORE_QUEUE_BYTES)
		rc = ERR_FULL;
	if (rc) {
		pthread_mutex_unlock(&s->lock);
		xfree(j);
		return rc;
	}
	if (s->tail)
		s->tail->next = j;
	else
		s->head = j;
	s->tail = j;
	s->handed++;
	s->rows++;
	s->bytes += j->bytes;
	if (s->bytes > s->peak_bytes)
		s->peak_bytes = s->bytes;
	if (s->rows == 1 || s->rows >= st->o.group_rows)
		pthread_cond_signal(&s->wake);
	pthread_mutex_unlock(&s->lock);
	return 0;
}

static struct store_job *job_new(size_t text, struct mbox *reply, store_done_fn *done,
				 void *arg)
{
	struct store_job *j = xalloc(sizeof(*j) + text);

	j->bytes = sizeof(*j) + text;
	j->reply = reply;
	j->done = done;
	j->arg = arg;
	return j;
}

static sv job_text(char **at, sv s)
{
	char *p = *at;

	if (!s.n)
		return SV_NULL;
	memcpy(p, s.p, s.n);
	*at += s.n;
	return sv_n(p, s.n);
}

int store_append(struct store *st, const struct store_event *ev, struct mbox *reply,
		 store_done_fn *done, void *arg)
{
	struct store_job *j;
	char *at;
	int rc = store_event_check(ev);

	if (rc)
		return rc;
	j = job_new(ev->conversation.n + ev->customer.n + ev->kind.n + ev->actor.n +
			    ev->body.n,
		    reply, done, arg);
	at = j->text;
	j->ev = *ev;
	j->ev.conversation = job_text(&at, ev->conversation);
	j->ev.customer = job_text(&at, ev->customer);
	j->ev.kind = job_text(&at, ev->kind);
	j->ev.actor = job_text(&at, ev->actor);
	j->ev.body = job_text(&at, ev->body);
	if (!j->ev.ts_ms)
		j->ev.ts_ms = clk_wall_ms();
	if (!j->ev.id[0])
		id_new(j->ev.id);
	return job_hand_in(st, j);
}

int store_write(struct store *st, store_write_fn *fn, void *arg, struct mbox *reply,
		store_done_fn *done)
{
	struct store_job *j = job_new(0, reply, done, arg);

	ASSERT(fn);
	j->write = fn;
	return job_hand_in(st, j);
}

int store_flush(struct store *st)
{
	struct store_scribe *s = &st->s;
	int64_t from, to;
	int rc = 0;

	if (st->o.readonly)
		return 0;
	if (pthread_equal(pthread_self(), s->thread))
		return ERR_STATE; /* it would wait for itself */
	pthread_mutex_lock(&s->lock);
	from = s->done;
	to = s->handed;
	s->flushing++;
	pthread_cond_signal(&s->wake);
	while (s->done < to)
		pthread_cond_wait(&s->settled, &s->lock);
	s->flushing--;
	if (s->failed_at > from)
		rc = s->failed ? s->failed : ERR_IO;
	pthread_mutex_unlock(&s->lock);
	return rc;
}

struct write_now {
	store_write_fn *fn;
	void *arg;
	int err;
};

static int now_write(void *arg, struct store_db *db)
{
	struct write_now *w = arg;

	return w->fn(w->arg, db);
}

static void now_done(void *arg, int err)
{
	struct write_now *w = arg;

	w->err = err;
}

int store_write_now(struct store *st, store_write_fn *fn, void *arg)
{
	struct write_now w = { fn, arg, ERR_CLOSED };
	int rc = ERR_STATE;

	ASSERT(fn);
	if (!pthread_equal(pthread_self(), st->s.thread))
		rc = store_write(st, now_write, &w, NULL, now_done);
	if (rc)
		return rc;
	(void)store_flush(st); /* what it says may be of others */
	return w.err;
}

bool store_failed(const struct store *cst, struct err *e)
{
	struct store *st =
		(struct store *)(uintptr_t)cst; /* the lock is not part of the value */
	int rc;

	pthread_mutex_lock(&st->s.lock);
	rc = st->s.failed;
	if (rc)
		err_set(e, rc, "writing failed (%s): %s",
			st->memory ? "memory" : st->name, st->s.failed_msg);
	pthread_mutex_unlock(&st->s.lock);
	return rc != 0;
}
