/* hook.c: the thread: five times a second it looks for new rows of the river, for interactions that
 * ended, and for deliveries that are due; once an hour it forgets old ones.
 *
 * It owns struct hook; the scribe gets copies. */
#include "hook_int.h"

#include <pthread.h>
#include <sodium.h>
#include <string.h>
#include <time.h>

#define HOUR_TICKS (3600000 / HOOK_TICK_MS)

struct hook_thread {
	pthread_t id;
};

/* ---- old ones ---- */

static int forget_write(void *arg, struct store_db *db)
{
	struct store_stmt *q;
	int rc = store_prep(db, &q,
			    "DELETE FROM webhook_delivery WHERE (state='sent' AND made_ms<?1) OR "
			    "(state='dead' AND made_ms<?2)");
	if (rc)
		return rc;
	store_bind_int(q, 1, clk_wall_ms() - HOOK_SENT_MS);
	store_bind_int(q, 2, clk_wall_ms() - HOOK_DEAD_MS);
	return store_run(q);
}

static void tick(void *arg)
{
	struct hook *h = arg;
	struct store_db *db;
	loop_after(h->loop, &h->timer, HOOK_TICK_MS, tick, h);
	if (store_reader(h->o.store, &db))
		return;
	hook_record(h, db);
	hook_scan(h, db);
	hook_send(h, db);
	if (h->ticks++ % HOUR_TICKS == 0)
		(void)store_write(h->o.store, forget_write, NULL, NULL, NULL);
}

/* ---- the thread ---- */

static void *hook_main(void *arg)
{
	struct hook *h = arg;
	pthread_setname_np(pthread_self(), "hook");
	loop_after(h->loop, &h->timer, 1, tick, h);
	loop_run(h->loop);
	h->ending = true;
	loop_timer_stop(&h->timer);
	hook_send_stop(h);
	return NULL;
}

static void hook_free(struct hook *h)
{
	mbox_free(h->mbox);
	fetch_free(h->fetch);
	loop_free(h->loop);
	sodium_memzero(h->key, sizeof(h->key));
	xfree(h->thread);
	xfree(h);
}

int hook_open(struct hook **ret, const struct hook_opts *o, struct err *e)
{
	if (sodium_init() < 0)
		return err_set(e, ERR_FAIL, "libsodium does not start");
	struct hook *h = xalloc(sizeof(*h));
	h->o = *o;
	h->o.second_ms = o->second_ms > 0 ? o->second_ms : 1000;
	memcpy(h->key, o->key, sizeof(h->key));
	h->cdr_pos = -1;
	uint64_t seed;
	rng_secure(&seed, sizeof(seed));
	rng_seed(&h->rng, seed);
	h->loop = loop_new();
	h->mbox = mbox_new(h->loop);
	h->fetch = fetch_new(h->loop);
	h->thread = xalloc(sizeof(*h->thread));
	if (pthread_create(&h->thread->id, NULL, hook_main, h)) {
		hook_free(h);
		return err_set(e, ERR_FAIL, "no thread for webhooks");
	}
	*ret = h;
	return 0;
}

void hook_stop(struct hook *h)
{
	if (!h || h->stopped)
		return;
	h->stopped = true;
	loop_stop(h->loop);
	pthread_join(h->thread->id, NULL);
}

void hook_close(struct hook *h)
{
	if (!h)
		return;
	hook_stop(h);
	hook_free(h);
}
