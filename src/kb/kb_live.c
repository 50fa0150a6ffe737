/* kb_live.c: keeps the published index equal to what is committed.
 *
 * One thread, "kb", at low priority. kb_put and kb_retire count up a generation; the thread looks
 * at it every LOOK_MS and, when it moved, brings the published index up to date (kb_update) until
 * the generation has stood still for SETTLE looks, because a row is written before it is committed.
 * Every ALL_MS it compares all rows anyway. When the changes are many, a second thread, "kb-merge",
 * builds a whole index beside; what was committed meanwhile comes on top before it is published. So
 * only "kb" publishes, readers take a reference from the snap, and nobody waits for anybody. */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "kb_int.h"

enum { LOOK_MS = 200, SETTLE = 3, RETRY_MS = 2000, ALL_MS = 30000, NICE = 10 };

struct kb_live {
	struct kb_live_opts o;
	pthread_t thread, merger;
	bool runs;
	int fd;                  /* wakes the thread */
	atomic_bool stop, poked, merging;
	bool joined;             /* no merger to wait for */
	uint64_t seen;           /* generation */
	int settle;
	int64_t last_us;         /* all rows were compared */
	int64_t retry_us;        /* 0, or when what failed (and was told) is tried again */
	_Atomic(struct kb_index *) fresh; /* built elsewhere: to be published */
};

static atomic_uint_fast64_t generation;

void kb_touched(void)
{
	atomic_fetch_add_explicit(&generation, 1, memory_order_release);
}

static void low_priority(const char *name)
{
	(void)pthread_setname_np(pthread_self(), name);
	(void)setpriority(PRIO_PROCESS, (id_t)syscall(SYS_gettid), NICE);
}

static void tell(struct kb_live *l, int rc, const struct err *e)
{
	if (l->o.failed)
		l->o.failed(l->o.arg, rc, e);
}

/* ---- the whole anew ---- */

static void *merge(void *arg)
{
	struct kb_live *l = arg;
	struct kb_index *ix = NULL;
	struct store_db *db;
	struct err e = { 0 };

	low_priority("kb-merge");
	int rc = store_reader(l->o.store, &db);
	if (!rc)
		rc = kb_build(&ix, db, NULL, &e);
	if (rc)
		tell(l, rc, &e);
	else
		kb_live_offer(l, ix);
	obj_unref(ix);
	atomic_store(&l->merging, false);
	return NULL;
}

static void join(struct kb_live *l)
{
	if (!l->joined)
		(void)pthread_join(l->merger, NULL);
	l->joined = true;
}

/* An index with vectors is made anew by whoever makes vectors; changes on top may lack theirs. */
static void start_merge(struct kb_live *l, const struct kb_index *ix)
{
	if (kb_dense_ready(ix->root ? ix->root : ix, SV_NULL) || atomic_load(&l->merging))
		return;
	join(l);
	atomic_store(&l->merging, true);
	l->joined = pthread_create(&l->merger, NULL, merge, l) != 0;
	if (l->joined)
		atomic_store(&l->merging, false);
}

/* ---- the thread ---- */

/* For the next try, unless a newer one came meanwhile. */
static void put_back(struct kb_live *l, struct kb_index *fresh)
{
	struct kb_index *none = NULL;

	if (!atomic_compare_exchange_strong(&l->fresh, &none, fresh))
		obj_unref(fresh);
}

static void step(struct kb_live *l)
{
	struct kb_index *now = snap_get(l->o.kb), *ix = NULL;
	struct kb_index *fresh = atomic_exchange(&l->fresh, NULL);
	struct kb_index *was = fresh ? fresh : now;
	struct store_db *db;
	struct err e = { 0 };
	bool large = false;
	int rc = store_reader(l->o.store, &db);

	if (!rc && was)
		rc = kb_update(&ix, was, db, NULL, &large, &e);
	else if (!rc)
		rc = kb_build(&ix, db, NULL, &e);
	if (rc && !l->retry_us)
		tell(l, rc, &e);
	l->retry_us = rc ? clk_mono_us() + RETRY_MS * 1000LL : 0;
	if (!rc && ix != now) {
		snap_publish(l->o.kb, obj_ref(ix));
		if (l->o.published)
			l->o.published(l->o.arg, ix, ix != fresh);
		if (large)
			start_merge(l, ix);
	}
	l->last_us = clk_mono_us();
	obj_unref(ix);
	obj_unref(now);
	if (rc && fresh)
		put_back(l, fresh);
	else
		obj_unref(fresh);
}

static bool due(struct kb_live *l)
{
	uint64_t now = atomic_load_explicit(&generation, memory_order_acquire);
	bool poked = atomic_exchange(&l->poked, false);

	l->settle = now != l->seen ? SETTLE : l->settle ? l->settle - 1 : 0;
	l->seen = now;
	if (l->retry_us)
		return clk_mono_us() > l->retry_us;
	return poked || l->settle || atomic_load(&l->fresh) ||
	       clk_mono_us() - l->last_us > ALL_MS * 1000LL;
}

static void *run(void *arg)
{
	struct kb_live *l = arg;
	struct pollfd p = { .fd = l->fd, .events = POLLIN };
	uint64_t n;

	low_priority("kb");
	while (!atomic_load(&l->stop)) {
		if (poll(&p, 1, LOOK_MS) > 0 && read(l->fd, &n, sizeof(n)) < 0 && errno != EAGAIN)
			break;
		if (!atomic_load(&l->stop) && due(l))
			step(l);
	}
	return NULL;
}

static void wake(struct kb_live *l)
{
	uint64_t one = 1;

	while (write(l->fd, &one, sizeof(one)) < 0 && errno == EINTR)
		;
}

/* ---- door ---- */

int kb_live_open(struct kb_live **ret, const struct kb_live_opts *o)
{
	struct kb_live *l = xalloc(sizeof(*l));

	l->o = *o;
	l->joined = true;
	l->last_us = clk_mono_us();
	l->poked = true; /* what was committed since the first index was built */
	l->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	l->runs = l->fd >= 0 && pthread_create(&l->thread, NULL, run, l) == 0;
	if (!l->runs) {
		kb_live_close(l);
		return ERR_FAIL;
	}
	*ret = l;
	return 0;
}

void kb_live_poke(struct kb_live *l)
{
	atomic_store(&l->poked, true);
	wake(l);
}

void kb_live_offer(struct kb_live *l, struct kb_index *ix)
{
	obj_unref(atomic_exchange(&l->fresh, obj_ref(ix)));
	wake(l);
}

void kb_live_close(struct kb_live *l)
{
	if (!l)
		return;
	atomic_store(&l->stop, true);
	if (l->runs) {
		wake(l);
		(void)pthread_join(l->thread, NULL);
	}
	join(l);
	obj_unref(atomic_exchange(&l->fresh, NULL));
	if (l->fd >= 0)
		(void)close(l->fd);
	xfree(l);
}
