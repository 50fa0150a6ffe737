/* app_meaning.c: search by meaning in the server.
 *
 * One thread, "meaning", with a loop of its own: it opens the embedding model, builds an index
 * with the vectors it finds in the data folder, embeds what lacks one (BATCH texts at a time,
 * at the worker's low priority), keeps them, builds again, publishes, and lets its model go.
 * Then every shard opens one for its questions (a process each, that shares the mapped weights).
 * Until then, and when anything fails, customers are answered by words alone; a failure is
 * tried again, RETRY_MS later. The thread owns everything but what the lock guards. */
#include "app_meaning.h"

#include <pthread.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { BATCH = 32, SLOW_MS = 60, SLOW_BATCH = 8, RETRY_MS = 10000, SHARDS_MAX = 64, NICE = 10 };

struct shard_emb {               /* the shard's thread */
	struct talk_shard *shard; /* once it has opened a model */
	struct emb *emb;
	char *made_of;           /* its spec, to know it again */
};
struct app_meaning {
	struct store *st;
	struct snap *kb;
	struct kb_live *live;
	char path[4200];
	struct talk_hub *hub;
	const struct model_spec *spec;
	pthread_t thread;
	bool runs;
	struct loop *loop;
	struct mbox *box;
	struct loop_timer again;
	struct emb *emb;             /* of passages, while there is work */
	struct kb_dense *dense;
	struct kb_index *ix;         /* whose missing texts are being embedded */
	struct { sv *v; size_t n, cap; } todo;
	size_t done;
	struct emb_run *run;
	int64_t began_us;
	bool told;                   /* that it fails */
	struct shard_emb shard[SHARDS_MAX];
	pthread_mutex_t lock;        /* of what is told */
	char note[300];
	bool ill;
};

static void tell(struct app_meaning *m, bool ill, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
static void tell(struct app_meaning *m, bool ill, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	(void)pthread_mutex_lock(&m->lock);
	(void)vsnprintf(m->note, sizeof(m->note), fmt, ap);
	m->ill = ill;
	(void)pthread_mutex_unlock(&m->lock);
	va_end(ap);
}

jv *app_meaning_health(struct app_meaning *m)
{
	jv *c = jv_obj();
	(void)pthread_mutex_lock(&m->lock);
	jv_set_str(c, "name", SV("meaning"));
	jv_set_str(c, "status", m->ill ? SV("degraded") : SV("ok"));
	jv_set_str(c, "detail", sv_of(m->note));
	(void)pthread_mutex_unlock(&m->lock);
	return c;
}

/* ---- shards: their models, on their threads ---- */

static void shard_close(struct shard_emb *x)
{
	talk_shard_set_emb(x->shard, NULL);
	emb_close(x->emb);
	x->emb = NULL;
	xfree(x->made_of);
	x->made_of = NULL;
}

static char *words_of(const struct model_spec *s)
{
	const char *const v[] = { s->kind, s->file, s->runtime, s->url, s->model, s->key };
	struct sb b;
	sb_init(&b, 64 << 10);
	for (size_t i = 0; i < sizeof(v) / sizeof(v[0]); i++)
		sb_fmt(&b, "%s\n", v[i] ? v[i] : "");
	char *words = xstrdup(sb_sv(&b));
	sb_done(&b);
	return words;
}

struct order {                   /* of one shard to open this model */
	struct shard_emb *x;
	struct talk_shard *shard;
	struct model_spec spec;
	bool none;
};

static void shard_obey(void *arg)
{
	struct order *o = arg;
	struct shard_emb *x = o->x;
	struct err e = { 0 };
	char *words = o->none ? NULL : words_of(&o->spec);
	x->shard = o->shard;
	if (x->emb && words && x->made_of && !strcmp(words, x->made_of)) {
		xfree(words); /* an article changed: its process goes on */
		xfree(o);
		return;
	}
	shard_close(x);
	x->made_of = words;
	if (!o->none && emb_open(&x->emb, &o->spec, talk_shard_loop(x->shard), &e) == 0)
		talk_shard_set_emb(x->shard, x->emb);
	else if (!o->none && talk_shard_index(x->shard) == 0)
		LOG(WARN, "meaning.failed", "questions are searched by words: %s", e.msg);
	xfree(o);
}

static void order_shards(struct app_meaning *m, const struct model_spec *spec)
{
	size_t n = talk_hub_shards(m->hub);
	for (size_t i = 0; i < n && i < SHARDS_MAX; i++) {
		struct order *o = xalloc(sizeof(*o));
		o->x = &m->shard[i];
		o->shard = talk_hub_shard(m->hub, i);
		o->none = !spec;
		if (spec)
			o->spec = *spec;
		if (mbox_post(talk_shard_mbox(o->shard), shard_obey, o))
			xfree(o);
	}
}

void app_meaning_shard(struct app_meaning *m, struct talk_shard *s, bool up)
{
	int i = talk_shard_index(s);
	if (!up && m && i < SHARDS_MAX && m->shard[i].shard)
		shard_close(&m->shard[i]);
}

/* ---- the thread ---- */

static void begin(void *arg);

static void drop_work(struct app_meaning *m)
{
	emb_cancel(m->run);
	m->run = NULL;
	loop_timer_stop(&m->again);
	VEC_FREE(&m->todo);
	m->ix = obj_unref(m->ix);
	emb_close(m->emb);
	m->emb = NULL;
	kb_dense_close(m->dense);
	m->dense = NULL;
}

/* A model is not closed from inside its own callback: by the timer. */
static void later(struct app_meaning *m, int ms, loop_fn *fn)
{
	loop_after(m->loop, &m->again, ms, fn, m);
}

static void failed(struct app_meaning *m, const char *why)
{
	if (!m->told)
		LOG(WARN, "meaning.failed", "the knowledge base is searched by words: %s", why);
	m->told = true;
	tell(m, true, "searched by words alone: %.250s", why);
	later(m, RETRY_MS, begin);
}

static int build(struct app_meaning *m, struct err *e)
{
	struct kb_opts o = { .dense = m->dense };
	struct kb_index *was = snap_get(m->kb), *ix = NULL;
	struct store_db *db;
	bool large = false;
	int rc = store_reader(m->st, &db);
	m->ix = obj_unref(m->ix);
	if (rc) {
		obj_unref(was);
		return err_set(e, rc, "the database cannot be read");
	}
	if (was)
		rc = kb_update(&ix, was, db, &o, &large, e);
	if (!rc && (!was || large)) {
		ix = obj_unref(ix);
		rc = kb_build(&ix, db, &o, e);
	}
	obj_unref(was);
	m->ix = rc ? NULL : ix;
	return rc;
}

static void finish(void *arg)
{
	struct app_meaning *m = arg;
	size_t n = m->todo.n, all = kb_dense_count(m->dense);
	int64_t ms = (clk_mono_us() - m->began_us) / 1000;
	char name[300];
	(void)snprintf(name, sizeof(name), "%s", emb_name(m->emb));
	(void)kb_dense_flush(m->dense);
	kb_live_offer(m->live, m->ix);
	drop_work(m);
	m->told = false;
	tell(m, false, "%zu texts of the knowledge base, by %.200s", all, name);
	LOG(INFO, "meaning.ready", "model=%s texts=%zu embedded=%zu ms=%lld", name, all, n,
	    (long long)ms);
	order_shards(m, m->spec);
}

static void next_batch(struct app_meaning *m);

static void on_vecs(void *arg, const float *v, size_t n, int dim)
{
	struct app_meaning *m = arg;
	int rc = 0;
	m->run = NULL;
	for (size_t i = 0; i < n && !rc; i++)
		rc = kb_dense_put(m->dense, m->todo.v[m->done + i], v + i * (size_t)dim, dim);
	m->done += n;
	if (rc)
		failed(m, err_text(rc));
	else
		next_batch(m);
}

static void on_error(void *arg, int err)
{
	struct app_meaning *m = arg;
	m->run = NULL;
	failed(m, err_text(err));
}

/* All vectors are there: the index that is published has them. */
static void complete(void *arg)
{
	struct app_meaning *m = arg;
	struct err e = { 0 };
	if (build(m, &e))
		failed(m, e.msg);
	else if (kb_dense_missing(m->ix, NULL, NULL))
		later(m, 0, begin); /* articles changed meanwhile */
	else
		finish(m);
}

static void next_batch(struct app_meaning *m)
{
	static const struct emb_cb cb = { on_vecs, on_error };
	size_t left = m->todo.n - m->done;
	if (!left) {
		later(m, 0, complete);
		return;
	}
	tell(m, false, "%zu of %zu texts embedded; searched by words meanwhile", m->done,
	     m->todo.n);
	size_t most = emb_wait_ms(m->emb) > SLOW_MS ? SLOW_BATCH : BATCH;
	int rc = emb_start(m->emb, m->todo.v + m->done, left < most ? left : most, EMB_PASSAGE,
			   &cb, m, &m->run);
	if (rc)
		failed(m, err_text(rc));
}

static void add_text(void *arg, sv text)
{
	struct app_meaning *m = arg;
	sv *slot = VEC_PUSH(&m->todo, 4u << 20);
	if (slot)
		*slot = text;
}

static void begin(void *arg)
{
	struct app_meaning *m = arg;
	struct err e = { 0 };
	drop_work(m);
	m->done = 0;
	m->began_us = clk_mono_us();
	if (!m->spec)
		return;
	int rc = emb_open(&m->emb, m->spec, m->loop, &e);
	if (!rc)
		rc = kb_dense_open(&m->dense, m->path, sv_of(emb_name(m->emb)), &e);
	if (!rc)
		rc = build(m, &e);
	if (rc) {
		failed(m, e.msg);
		return;
	}
	(void)kb_dense_missing(m->ix, add_text, m);
	if (m->todo.n)
		next_batch(m);
	else
		finish(m);
}

static void *run(void *arg)
{
	struct app_meaning *m = arg;
	pthread_setname_np(pthread_self(), "meaning");
	(void)setpriority(PRIO_PROCESS, (id_t)syscall(SYS_gettid), NICE);
	begin(m);
	loop_run(m->loop);
	drop_work(m);
	return NULL;
}

/* ---- door ---- */

int app_meaning_open(struct app_meaning **ret, const struct app_meaning_opts *o)
{
	struct app_meaning *m = xalloc(sizeof(*m));
	m->st = o->store;
	m->kb = o->kb;
	m->live = o->live;
	(void)snprintf(m->path, sizeof(m->path), "%s/vectors.bin", o->data);
	(void)pthread_mutex_init(&m->lock, NULL);
	m->loop = loop_new();
	m->box = mbox_new(m->loop);
	tell(m, false, "no embedding model: the knowledge base is searched by words");
	*ret = m;
	return 0;
}

struct change {
	struct app_meaning *m;
	const struct model_spec *spec;
	bool refresh;
};

static void change(void *arg)
{
	struct change *c = arg;
	struct app_meaning *m = c->m;
	m->spec = c->refresh ? m->spec : c->spec;
	m->told = false;
	if (!m->spec) {
		drop_work(m);
		order_shards(m, NULL);
		tell(m, false, "no embedding model: the knowledge base is searched by words");
	} else {
		begin(m);
	}
	xfree(c);
}

static int post(struct app_meaning *m, const struct model_spec *spec, bool refresh)
{
	struct change *c = xalloc(sizeof(*c));
	*c = (struct change){ m, spec, refresh };
	int rc = mbox_post(m->box, change, c);
	if (rc)
		xfree(c);
	return rc;
}

int app_meaning_use(struct app_meaning *m, struct talk_hub *hub, const struct model_spec *spec)
{
	if (m->runs)
		return post(m, spec, false);
	m->hub = hub;
	m->spec = spec;
	if (!spec)
		return 0;
	m->runs = pthread_create(&m->thread, NULL, run, m) == 0;
	return m->runs ? 0 : ERR_FAIL;
}

void app_meaning_refresh(struct app_meaning *m)
{
	if (m->runs)
		(void)post(m, NULL, true);
}

static void stop_here(void *arg)
{
	loop_stop(arg);
}

void app_meaning_stop(struct app_meaning *m)
{
	if (!m || !m->runs)
		return;
	(void)mbox_post(m->box, stop_here, m->loop);
	(void)pthread_join(m->thread, NULL);
	m->runs = false;
}

void app_meaning_close(struct app_meaning *m)
{
	if (!m)
		return;
	app_meaning_stop(m);
	mbox_free_drop(m->box, xfree); /* changes that nobody took */
	loop_free(m->loop);
	(void)pthread_mutex_destroy(&m->lock);
	xfree(m);
}
