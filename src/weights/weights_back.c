/* weights_back.c: pulling in the background, and the list that shows how far it is.
 *
 * The puller's thread (nice +10) works through its plan; what it must be told comes through its own
 * mailbox, which it drains whenever a pull asks whether to stop. What it tells goes two ways: as
 * messages through the owner's mailbox, and as an immutable snapshot that any thread may read. A
 * message holds the link to the receiver; stopping cuts the link on the owner's thread, so that no
 * event comes afterwards. Network troubles and a full disk are tried again after a pause.
 */
#include "weights_int.h"

#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum { TOLD_US = 250000, PAUSE_FACTOR = 60, PAUSE_MAX_MS = 10 * 60 * 1000 };

struct one {
	enum weights_state state;
	bool told;                   /* this puller has something to say about it */
	int64_t done, total;
	int err;
	char text[400];
};
struct status {                      /* obj */
	size_t n;
	struct one v[];              /* as weights_at */
};
struct link {                        /* obj; the owner's thread */
	void (*on_event)(void *arg, const struct weights_event *ev);
	void *arg;
};
struct message {
	struct link *link;
	const struct weights_item *item;
	struct one one;
};

struct weights_puller {
	const struct weights *w;
	pthread_t thread;
	struct mbox *box, *owner;
	struct link *link;
	struct snap *snap;
	struct status *now;          /* the thread's own copy */
	const struct weights_item *plan[WEIGHTS_ITEMS_MAX];
	size_t n_plan;
	bool stopping;               /* the thread's */
	int64_t told_us;
};

/* ---- telling ---- */

static void deliver(void *arg)
{
	struct message *m = arg;
	struct weights_event ev = { .item = m->item, .state = m->one.state, .done = m->one.done,
				    .total = m->one.total, .err = m->one.err, .text = m->one.text };
	if (m->link->on_event)
		m->link->on_event(m->link->arg, &ev);
	obj_unref(m->link);
	xfree(m);
}

static bool stop(void *arg)
{
	struct weights_puller *p = arg;
	(void)mbox_drain(p->box);
	return p->stopping;
}

/* must: not lost when the owner's mailbox is full for a while. */
static void post(struct weights_puller *p, const struct weights_item *it, const struct one *o,
		 bool must)
{
	const struct timespec turn = { 0, 10 * 1000000 };
	if (!p->owner || !p->link->on_event)
		return;
	struct message *m = xalloc(sizeof(*m));
	m->link = obj_ref(p->link);
	m->item = it;
	m->one = *o;
	int rc = mbox_post(p->owner, deliver, m);
	while (rc == ERR_FULL && must && !stop(p)) {
		(void)nanosleep(&turn, NULL);
		rc = mbox_post(p->owner, deliver, m);
	}
	if (rc) {
		obj_unref(m->link);
		xfree(m);
	}
}

static size_t status_bytes(size_t n)
{
	return sizeof(struct status) + n * sizeof(struct one);
}

static void publish(struct weights_puller *p)
{
	struct status *s = obj_new(status_bytes(p->now->n), NULL);
	memcpy(s, p->now, status_bytes(p->now->n));
	snap_publish(p->snap, s);
}

static void tell(struct weights_puller *p, const struct weights_item *it, enum weights_state s,
		 int64_t done, int64_t total, const struct err *e)
{
	struct one *o = &p->now->v[it - weights_at(p->w, 0)];
	bool news = o->state != s || (e != NULL && e->code);
	int64_t now = clk_mono_us();
	if (!news && now - p->told_us < TOLD_US)
		return;
	p->told_us = now;
	*o = (struct one){ .state = s, .told = true, .done = done, .total = total };
	if (e && e->code) {
		o->err = e->code;
		(void)snprintf(o->text, sizeof(o->text), "%s", e->msg);
	}
	publish(p);
	post(p, it, o, news);
}

static void on_progress(void *arg, const struct weights_item *it, enum weights_state s,
			int64_t done, int64_t total)
{
	tell(arg, it, s, done, total, NULL);
}

/* ---- the thread ---- */

static bool passing(int err)
{
	return err == ERR_NET || err == ERR_TIMEOUT || err == ERR_UPSTREAM || err == ERR_FULL;
}

/* true: it should be tried again. */
static bool pull_one(struct weights_puller *p, const struct weights_item *it)
{
	const struct weights_watch watch = { .on_progress = on_progress, .stop = stop, .arg = p };
	struct err e = { 0 };
	int rc = weights_pull(p->w, it, &watch, &e);
	if (rc == ERR_CANCELED && stop(p))
		return false;
	if (rc == 0)
		tell(p, it, WEIGHTS_READY, it->disk_bytes, it->disk_bytes, NULL);
	else
		tell(p, it, passing(rc) ? WEIGHTS_WAITING : weights_look(p->w, it, NULL), 0,
		     it->download_bytes, &e);
	return passing(rc);
}

static void wait_ms(struct weights_puller *p, int64_t ms)
{
	struct pollfd fd = { .fd = mbox_fd(p->box), .events = POLLIN };
	int64_t until = clk_mono_us() + ms * 1000;
	while (!stop(p) && clk_mono_us() < until)
		(void)poll(&fd, 1, (int)((until - clk_mono_us()) / 1000 + 1));
}

static void *work(void *arg)
{
	struct weights_puller *p = arg;
	int64_t pause = (int64_t)(p->w->retry_ms > 0 ? p->w->retry_ms : 500) * PAUSE_FACTOR;
	bool todo[WEIGHTS_ITEMS_MAX], again = true;
	(void)setpriority(PRIO_PROCESS, (id_t)syscall(SYS_gettid), 10);
	for (size_t i = 0; i < p->n_plan; i++)
		todo[i] = true;
	while (again && !stop(p)) {
		again = false;
		for (size_t i = 0; i < p->n_plan && !stop(p); i++) {
			todo[i] = todo[i] && pull_one(p, p->plan[i]);
			again |= todo[i];
		}
		if (again)
			wait_ms(p, pause);
		pause = pause * 2 > PAUSE_MAX_MS ? PAUSE_MAX_MS : pause * 2;
	}
	return NULL;
}

static void end(void *arg)
{
	((struct weights_puller *)arg)->stopping = true;
}

static void puller_free(struct weights_puller *p)
{
	mbox_free(p->box);
	snap_free(p->snap);
	obj_unref(p->link);
	xfree(p->now);
	xfree(p);
}

int weights_puller_start(struct weights_puller **ret, const struct weights *w,
			 const char *const *names, size_t n, struct mbox *owner,
			 void (*on_event)(void *arg, const struct weights_event *ev), void *arg,
			 struct err *e)
{
	struct weights_puller *p = xalloc(sizeof(*p));
	p->w = w;
	p->owner = owner;
	p->box = mbox_new(NULL);
	p->link = obj_new(sizeof(*p->link), NULL);
	p->link->on_event = on_event;
	p->link->arg = arg;
	p->now = xalloc(status_bytes(weights_count(w)));
	p->now->n = weights_count(w);
	p->snap = snap_new(NULL);
	int rc = weights_plan(w, names, n, p->plan, WEIGHTS_ITEMS_MAX, &p->n_plan, e);
	for (size_t i = 0; i < p->n_plan && !rc; i++) {
		struct one *o = &p->now->v[p->plan[i] - weights_at(w, 0)];
		o->state = WEIGHTS_WAITING;
		o->told = true;
		o->total = p->plan[i]->download_bytes;
	}
	if (!rc) {
		publish(p);
		rc = pthread_create(&p->thread, NULL, work, p) ?
			     err_set(e, ERR_FULL, "no thread for the download of models") :
			     0;
	}
	if (rc)
		puller_free(p);
	else
		*ret = p;
	return rc;
}

void weights_puller_stop(struct weights_puller *p)
{
	if (!p)
		return;
	(void)mbox_post(p->box, end, p);
	(void)pthread_join(p->thread, NULL);
	p->link->on_event = NULL;
	puller_free(p);
}

/* ---- the list ---- */

static jv *texts(const char *const *v, size_t n)
{
	jv *a = jv_arr();
	for (size_t i = 0; i < n; i++)
		jv_push(a, jv_str(sv_of(v[i])));
	return a;
}

static void put_facts(jv *o, const struct weights *w, const struct weights_item *it)
{
	char chosen[64];
	jv *note = jv_obj();
	weights_chosen(w, sv_of(it->role), chosen);
	jv_set_str(o, "licence", sv_of(it->licence));
	jv_set_str(o, "licence_url", sv_of(it->licence_url ? it->licence_url : ""));
	jv_set(o, "languages", texts(it->languages, it->n_languages));
	jv_set_int(o, "download_bytes", it->download_bytes);
	jv_set_int(o, "disk_bytes", it->disk_bytes);
	jv_set_int(o, "memory_mb", it->memory_mb);
	jv_set_bool(o, "default", it->by_default);
	jv_set_bool(o, "chosen", strcmp(chosen, it->name) == 0);
	jv_set(o, "needs", texts(it->needs, it->n_needs));
	jv_set_str(note, "en", sv_of(it->note_en ? it->note_en : ""));
	jv_set_str(note, "zh", sv_of(it->note_zh ? it->note_zh : ""));
	jv_set(o, "note", note);
}

void weights_list(const struct weights *w, struct weights_puller *p, jv *out)
{
	struct status *s = p ? snap_get(p->snap) : NULL;
	for (size_t i = 0; i < weights_count(w); i++) {
		const struct weights_item *it = weights_at(w, i);
		struct err e = { 0 };
		struct one one = { .state = weights_look(w, it, &e) };
		if (s && s->v[i].told && s->v[i].state != WEIGHTS_READY &&
		    one.state != WEIGHTS_READY)
			one = s->v[i];
		else if (one.state == WEIGHTS_BROKEN)
			(void)snprintf(one.text, sizeof(one.text), "%s", e.msg);
		jv *o = jv_obj();
		jv_set_str(o, "name", sv_of(it->name));
		jv_set_str(o, "role", sv_of(it->role));
		jv_set_str(o, "kind", sv_of(it->kind));
		jv_set_str(o, "version", sv_of(it->version));
		jv_set_str(o, "state", sv_of(weights_state_name(one.state)));
		jv_set_int(o, "done", one.done);
		jv_set_int(o, "total", one.total);
		jv_set_str(o, "error", sv_of(one.text));
		put_facts(o, w, it);
		jv_push(out, o);
	}
	obj_unref(s);
}
