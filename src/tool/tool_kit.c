/* tool_kit.c: the kit: sources over one store, and the way of a call through the threads.
 *
 * A call is one struct tool_work. It is made and gated on the thread that asks, then handed to a
 * worker (reads), to the scribe (writes) or to a far thread (other systems), finished there and
 * delivered to the asker's mailbox. Only one thread has it at a time. The kit itself changes under
 * its lock alone: how many calls are under way, which rows of the outbox are being carried out.
 */
#include "tool_int.h"
#include "policy_rules.h"

#include <poll.h>
#include <time.h>

/* ---- the kit ---- */

int tool_kit_open(struct tool_kit **ret, const struct tool_kit_opts *o, struct err *e)
{
	if (!o->store || !o->pool || !o->box)
		return err_set(e, ERR_INVAL, "tools need a store, a pool and declarations");
	struct tool_kit *k = xalloc(sizeof(*k));
	k->store = o->store;
	k->pool = o->pool;
	k->box = snap_new(obj_ref(o->box));
	k->rules = snap_new(obj_ref(o->rules));
	k->flying = map_new(TOOL_WORKS * 2);
	pthread_mutex_init(&k->lock, NULL);
	pthread_cond_init(&k->idle, NULL);
	*ret = k;
	return 0;
}

int tool_source_add(struct tool_kit *k, const struct tool_ops *ops, void *arg)
{
	if (k->n_sources == TOOL_SOURCES)
		return ERR_FULL;
	if (tool_source_find(k, ops->name))
		return ERR_EXISTS;
	if (ops->remote && !k->far)
		k->far = pool_new(TOOL_FAR_THREADS, 10);
	k->sources[k->n_sources++] = (struct tool_source){ ops, arg };
	return 0;
}

const struct tool_source *tool_source_find(struct tool_kit *k, const char *name)
{
	for (size_t i = 0; i < k->n_sources; i++)
		if (!strcmp(k->sources[i].ops->name, name))
			return &k->sources[i];
	return NULL;
}

void tool_kit_box(struct tool_kit *k, struct tool_box *box)
{
	snap_publish(k->box, obj_ref(box));
}

void tool_kit_rules(struct tool_kit *k, struct policy_rules *rules)
{
	snap_publish(k->rules, obj_ref(rules));
}

struct tool_box *tool_kit_box_now(struct tool_kit *k)
{
	return snap_get(k->box);
}

struct policy_rules *tool_kit_rules_now(struct tool_kit *k)
{
	return snap_get(k->rules);
}

int tool_kit_enter(struct tool_kit *k)
{
	pthread_mutex_lock(&k->lock);
	int rc = k->closing ? ERR_CLOSED : k->works >= TOOL_WORKS ? ERR_FULL : 0;
	k->works += rc == 0;
	pthread_mutex_unlock(&k->lock);
	return rc;
}

void tool_kit_leave(struct tool_kit *k)
{
	pthread_mutex_lock(&k->lock);
	if (--k->works == 0)
		pthread_cond_broadcast(&k->idle);
	pthread_mutex_unlock(&k->lock);
}

void tool_kit_close(struct tool_kit *k)
{
	if (!k)
		return;
	pthread_mutex_lock(&k->lock);
	k->closing = true;
	while (k->works)
		pthread_cond_wait(&k->idle, &k->lock);
	pthread_mutex_unlock(&k->lock);
	pool_free(k->far);
	snap_free(k->box);
	snap_free(k->rules);
	map_free(k->flying);
	pthread_cond_destroy(&k->idle);
	pthread_mutex_destroy(&k->lock);
	xfree(k);
}

bool tool_fly(struct tool_kit *k, sv id)
{
	pthread_mutex_lock(&k->lock);
	bool ok = !map_get(k->flying, id) && map_put(k->flying, id, k) == 0;
	pthread_mutex_unlock(&k->lock);
	return ok;
}

void tool_land(struct tool_kit *k, sv id)
{
	pthread_mutex_lock(&k->lock);
	map_del(k->flying, id);
	pthread_mutex_unlock(&k->lock);
}

/* ---- a call ---- */

static void copy_who(struct arena *a, struct tool_who *w)
{
	w->customer = arena_sv(a, w->customer);
	w->conversation = arena_sv(a, w->conversation);
	w->actor = arena_sv(a, w->actor);
	w->channel = arena_sv(a, w->channel);
	w->address = arena_sv(a, w->address);
	w->lang = arena_sv(a, w->lang);
}

struct tool_work *tool_work_new(struct tool_kit *k, const struct tool_req *r)
{
	struct tool_work *w = xalloc(sizeof(*w));
	char key[27];
	arena_init(&w->a, LIM_ARENA_TURN);
	w->kit = k;
	w->req = *r;
	w->req.name = arena_sv(&w->a, sv_slice(r->name, 0, TOOL_NAME));
	w->req.args = arena_sv(&w->a, r->args);
	copy_who(&w->a, &w->req.who);
	id_new(key);
	w->req.key = arena_sv(&w->a, r->key.n ? r->key : sv_of(key));
	w->box = snap_get(k->box);
	w->rules = snap_get(k->rules);
	w->put.work = w;
	return w;
}

void tool_work_free(struct tool_work *w)
{
	jv_free(w->args);
	jv_free(w->run.body);
	obj_unref(w->res);
	obj_unref(w->box);
	obj_unref(w->rules);
	arena_done(&w->a);
	xfree(w);
}

static void deliver(void *arg)               /* on back's owner */
{
	struct tool_work *w = arg;
	struct tool_res *res = w->res;
	w->res = NULL;
	w->done(w->arg, res);
	tool_work_free(w);
}

static void post(void *arg)
{
	struct tool_work *w = arg;
	struct timespec nap = { 0, 1000000 };
	int rc = mbox_post(w->back, deliver, w);
	/* A full box belongs to a busy owner: a worker may wait for it, the scribe may not. */
	for (int i = 0; rc == ERR_FULL && i < 5000; i++) {
		nanosleep(&nap, NULL);
		rc = mbox_post(w->back, deliver, w);
	}
	if (rc)
		tool_work_free(w);           /* its owner is gone */
}

void tool_work_finish(struct tool_work *w)
{
	struct tool_kit *k = w->kit;
	w->res = tool_res_new(w);
	int rc = mbox_post(w->back, deliver, w);
	if (rc == ERR_FULL && pool_submit(k->pool, post, w, NULL, NULL) == 0)
		rc = 0;
	if (rc)
		tool_work_free(w);
	tool_kit_leave(k);
}

/* The river's row of what changed nothing: written on the side. */
static void note(struct tool_work *w)
{
	struct store_event ev = { 0 };
	struct sb body;
	sb_init(&body, 64u << 10);
	tool_row(w, &ev, &body);
	if (!sb_err(&body))
		(void)store_append(w->kit->store, &ev, NULL, NULL, NULL);
	sb_done(&body);
}

static void read_over(void *arg)             /* on the worker */
{
	struct tool_work *w = arg;
	note(w);
	tool_work_finish(w);
}

static void far_read(void *arg)              /* on a far thread */
{
	struct tool_work *w = arg;
	tool_run_remote(w);
	note(w);
	tool_work_finish(w);
}

static void asked(void *arg, int err)        /* on the scribe, the result is durable */
{
	struct tool_work *w = arg;
	/* The other system has done it but it could not be written down: the row still waits, and
	 * asking again with the same key does no harm. */
	if (err) {
		w->put.outcome = TOOL_LATER;
		w->effect = false;
	}
	tool_land(w->kit, w->remote);
	tool_work_finish(w);
}

static void far_write(void *arg)             /* on a far thread */
{
	struct tool_work *w = arg;
	tool_run_remote(w);
	int rc = store_write(w->kit->store, tool_out_asked, w, NULL, asked);
	if (rc)
		asked(w, rc);
}

static void written(void *arg, int err)      /* on the scribe, after the commit */
{
	struct tool_work *w = arg;
	if (err) {
		if (w->remote.n)
			tool_land(w->kit, w->remote);
		w->remote = SV_NULL;
		w->effect = w->again = false;
		tool_failed(w, err);
	}
	if (w->remote.n && pool_submit(w->kit->far, far_write, w, NULL, NULL) == 0)
		return;
	if (w->remote.n) {                   /* LATER: the outbox goes on with it */
		tool_land(w->kit, w->remote);
		note(w);
	}
	tool_work_finish(w);
}

static int on_its_way(struct tool_work *w)
{
	struct tool_kit *k = w->kit;
	if (!tool_gate(w)) {
		note(w);
		tool_work_finish(w);
		return 0;
	}
	if (tool_is_effect(w))
		return store_write(k->store, tool_run_write, w, NULL, written);
	if (w->src->ops->read)
		return store_read(k->store, k->pool, NULL, tool_run_read, w, read_over);
	return pool_submit(k->far ? k->far : k->pool, far_read, w, NULL, NULL);
}

int tool_work_start(struct tool_work *w)
{
	struct tool_kit *k = w->kit;
	int rc = tool_kit_enter(k);
	if (rc) {
		tool_work_free(w);
		return rc;
	}
	w->run.body = jv_obj();
	rc = on_its_way(w);
	if (rc) {
		tool_work_free(w);
		tool_kit_leave(k);
	}
	return rc;
}

int tool_start(struct tool_kit *k, const struct tool_req *r, struct mbox *back, tool_done_fn *done,
	       void *arg)
{
	if (r->args.n > TOOL_ARGS_MAX || r->key.n > TOOL_KEY)
		return ERR_TOOBIG;
	struct tool_work *w = tool_work_new(k, r);
	w->back = back;
	w->done = done;
	w->arg = arg;
	return tool_work_start(w);
}

/* ---- waiting ---- */

struct waiting {
	struct mbox *box;
	bool over;
	int rc;
	struct tool_res *res;
};

static void wait_for(struct waiting *x)
{
	struct pollfd p = { .fd = mbox_fd(x->box), .events = POLLIN };
	while (!x->over) {
		(void)poll(&p, 1, -1);
		mbox_drain(x->box);
	}
	mbox_free(x->box);
}

static void got(void *arg, struct tool_res *res)
{
	struct waiting *x = arg;
	x->res = res;
	x->over = true;
}

int tool_work_wait(struct tool_work *w, struct tool_res **ret)
{
	struct waiting x = { .box = mbox_new(NULL) };
	w->back = x.box;
	w->done = got;
	w->arg = &x;
	int rc = tool_work_start(w);
	x.over = rc != 0;
	wait_for(&x);
	if (!rc)
		*ret = x.res;
	return rc;
}

int tool_call(struct tool_kit *k, const struct tool_req *r, struct tool_res **ret)
{
	if (r->args.n > TOOL_ARGS_MAX || r->key.n > TOOL_KEY)
		return ERR_TOOBIG;
	return tool_work_wait(tool_work_new(k, r), ret);
}

static void wrote(void *arg, int err)
{
	struct waiting *x = arg;
	x->rc = err;
	x->over = true;
}

struct write_and_wait {
	struct waiting x;
	store_write_fn *fn;
	void *arg;
};

static int write_it(void *arg, struct store_db *db)
{
	struct write_and_wait *w = arg;
	return w->fn(w->arg, db);
}

static void write_over(void *arg, int err)
{
	struct write_and_wait *w = arg;
	wrote(&w->x, err);
}

int tool_kit_write(struct tool_kit *k, store_write_fn *fn, void *arg)
{
	struct write_and_wait w = { .x.box = mbox_new(NULL), .fn = fn, .arg = arg };
	int rc = store_write(k->store, write_it, &w, w.x.box, write_over);
	if (rc)
		wrote(&w.x, rc);
	wait_for(&w.x);
	return w.x.rc;
}
