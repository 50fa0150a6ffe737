/* reader.c: read-only connections, one per thread and store.
 *
 * A thread's connection hangs on a thread-specific key: it is found without a lock, and
 * closed when the thread ends or when the store closes, whichever comes first.
 * store_close waits for reads that run; a read still in a pool's queue holds a
 * reference to the store's memory and gets a connection that only answers "closed".
 */
#include "store_int.h"

#include <stdio.h>
#include <time.h>

static void reader_gone(void *arg) /* the thread ends */
{
	struct store_reader *r = arg, **at;
	struct store *st = r->st;

	pthread_mutex_lock(&st->rlock);
	for (at = &st->readers; *at && *at != r; at = &(*at)->next)
		;
	if (!*at) { /* the store was quicker */
		pthread_mutex_unlock(&st->rlock);
		return;
	}
	*at = r->next;
	st->readers_n--;
	pthread_mutex_unlock(&st->rlock);
	store_db_close(r->db);
	xfree(r);
}

int store_readers_init(struct store *st)
{
	pthread_mutex_init(&st->rlock, NULL);
	pthread_cond_init(&st->ridle, NULL);
	st->rkey_ok = pthread_key_create(&st->rkey, reader_gone) == 0;
	return st->rkey_ok ? 0 : ERR_FULL;
}

void store_readers_close(struct store *st)
{
	struct store_reader *r;

	pthread_mutex_lock(&st->rlock);
	st->closed = true;
	while (st->reading)
		pthread_cond_wait(&st->ridle, &st->rlock);
	if (st->rkey_ok)
		pthread_key_delete(st->rkey);
	st->rkey_ok = false;
	while ((r = st->readers)) {
		st->readers = r->next;
		store_db_close(r->db);
		xfree(r);
	}
	pthread_mutex_unlock(&st->rlock);
}

static int reader_open(struct store *st, struct store_db **ret, struct err *e)
{
	int flags = st->memory ? SQLITE_OPEN_READWRITE | SQLITE_OPEN_URI :
				 SQLITE_OPEN_READONLY;
	int rc = store_db_open(ret, st->name, flags, e);

	if (!rc && st->memory)
		rc = store_exec(*ret, "PRAGMA query_only=ON");
	return rc;
}

static int reader_get(struct store *st, struct store_db **ret, struct err *e)
{
	struct store_reader *r;
	bool room;
	int rc;

	pthread_mutex_lock(&st->rlock);
	room = !st->closed && st->readers_n < STORE_READERS;
	rc = st->closed ? ERR_CLOSED : ERR_FULL;
	r = st->closed ? NULL : pthread_getspecific(st->rkey);
	if (!r && room)
		st->readers_n++;
	pthread_mutex_unlock(&st->rlock);
	if (r) {
		*ret = r->db;
		return 0;
	}
	if (!room)
		return err_set(e, rc, "%s",
			       rc == ERR_FULL ? "too many reading threads" :
						"the database is closed");
	r = xalloc(sizeof(*r));
	r->st = st;
	rc = reader_open(st, &r->db, e);
	pthread_mutex_lock(&st->rlock);
	if (rc) {
		st->readers_n--;
		xfree(r);
	} else {
		r->next = st->readers;
		st->readers = r;
		pthread_setspecific(st->rkey, r);
		*ret = r->db;
	}
	pthread_mutex_unlock(&st->rlock);
	return rc;
}

int store_reader(struct store *st, struct store_db **ret)
{
	return reader_get(st, ret, NULL);
}

/* ---- reads on a pool ---- */

struct read_job {
	struct store *st;
	store_read_fn *fn;
	void *arg;
	struct mbox *reply;
	mbox_fn *done;
};

static void read_done(struct read_job *j)
{
	struct timespec nap = { 0, 1000000 };

	if (!j->done)
		return;
	if (!j->reply) {
		j->done(j->arg);
		return;
	}
	/* A full box belongs to a busy owner; a worker may wait for it. */
	for (int i = 0; mbox_post(j->reply, j->done, j->arg) == ERR_FULL && i < 5000;
	     i++)
		nanosleep(&nap, NULL);
}

static void read_run(void *arg) /* on a worker */
{
	struct read_job *j = arg;
	struct store *st = j->st;
	struct store_db none = { 0 }, *db = &none;
	struct err e = { 0 };
	int rc;

	pthread_mutex_lock(&st->rlock);
	st->reading++;
	pthread_mutex_unlock(&st->rlock);
	rc = reader_get(st, &db, &e);
	if (rc) {
		db = &none;
		snprintf(none.msg, sizeof(none.msg), "%.255s", e.msg);
	}
	j->fn(j->arg, db);
	if (!rc)
		store_db_idle(db);
	pthread_mutex_lock(&st->rlock);
	st->reading--;
	pthread_cond_broadcast(&st->ridle);
	pthread_mutex_unlock(&st->rlock);
	read_done(j);
	obj_unref(st);
	xfree(j);
}

int store_read(struct store *st, struct pool *p, struct mbox *reply, store_read_fn *fn,
	       void *arg, mbox_fn *done)
{
	struct read_job *j;
	bool closed;
	int rc;

	pthread_mutex_lock(&st->rlock);
	closed = st->closed;
	pthread_mutex_unlock(&st->rlock);
	if (closed)
		return ERR_CLOSED;
	j = xalloc(sizeof(*j));
	*j = (struct read_job){ obj_ref(st), fn, arg, reply, done };
	rc = pool_submit(p, read_run, j, NULL, NULL);
	if (rc) {
		obj_unref(st);
		xfree(j);
	}
	return rc;
}
