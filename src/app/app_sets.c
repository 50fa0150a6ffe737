/* app_sets.c: runs of test sets: a thread at low priority that lives as long as its work.
 *
 * With an embedding model it opens one of its own on a loop of its own and turns that until a
 * vector is there, so that no shard waits for a test. A stop ends a run between two questions;
 * its row waits for the next start. */
#include "app_sets.h"
#include "app_job.h"
#include "learn_set.h"
#include "model.h"

#include <stdatomic.h>

enum { NICE = 10, BATCH = 32, DIM_MAX = 8192, TURN_MS = 200, WAIT_MS = 60000 };

struct app_sets {
	struct store *store;
	struct snap *kb;
	const struct model_spec *spec;       /* main thread */
	struct app_job job;
	uint64_t process;
	atomic_bool asked, stop;
	/* of the thread */
	struct model_spec use;
	bool model;
	struct loop *loop;
	struct emb *emb;
	struct kb_dense *dense;
	struct { sv *v; size_t n, cap; } todo;
	size_t done;
	float *q;
	int dim;
	bool waits;
	int rc;
};

static bool stopped(void *arg)
{
	struct app_sets *s = arg;
	return atomic_load(&s->stop);
}

/* ---- vectors: the loop is turned until the model has answered ---- */

static void on_error(void *arg, int err)
{
	struct app_sets *s = arg;
	s->rc = err;
	s->waits = false;
}

static int wait_for(struct app_sets *s, const sv *texts, size_t n, enum emb_side side,
		    const struct emb_cb *cb)
{
	struct emb_run *run = NULL;
	int64_t until = clk_mono_us() + WAIT_MS * 1000LL;
	s->waits = true;
	s->rc = emb_start(s->emb, texts, n, side, cb, s, &run);
	if (s->rc)
		return s->rc;
	while (s->waits && clk_mono_us() < until && !stopped(s))
		(void)loop_run_once(s->loop, TURN_MS);
	if (s->waits) {
		emb_cancel(run);
		s->waits = false;
		s->rc = ERR_TIMEOUT;
	}
	return s->rc;
}

static void on_question(void *arg, const float *v, size_t n, int dim)
{
	struct app_sets *s = arg;
	s->waits = false;
	s->dim = n == 1 && dim <= DIM_MAX ? dim : 0;
	if (s->dim)
		memcpy(s->q, v, (size_t)dim * sizeof(*v));
}

/* NULL: by words, as a customer's question is when the model is late. */
static const float *question(void *arg, sv text, int *dim)
{
	static const struct emb_cb cb = { on_question, on_error };
	struct app_sets *s = arg;
	s->dim = *dim = 0;
	if (wait_for(s, &text, 1, EMB_QUERY, &cb) || !s->dim)
		return NULL;
	*dim = s->dim;
	return s->q;
}

static void add_text(void *arg, sv text)
{
	struct app_sets *s = arg;
	sv *slot = VEC_PUSH(&s->todo, 1u << 20);
	if (slot)
		*slot = text;
}

static void on_passages(void *arg, const float *v, size_t n, int dim)
{
	struct app_sets *s = arg;
	s->waits = false;
	for (size_t i = 0; i < n && !s->rc; i++)
		s->rc = kb_dense_put(s->dense, s->todo.v[s->done + i], v + i * (size_t)dim, dim);
	s->done += n;
}

static int passages(void *arg, const struct kb_index *ix, struct kb_dense *d)
{
	static const struct emb_cb cb = { on_passages, on_error };
	struct app_sets *s = arg;
	int rc = 0;
	s->dense = d;
	s->todo.n = s->done = 0;
	(void)kb_dense_behind(ix, add_text, s, NULL);
	while (!rc && s->done < s->todo.n) {
		size_t left = s->todo.n - s->done;
		rc = stopped(s) ? ERR_CANCELED :
				  wait_for(s, s->todo.v + s->done, left < BATCH ? left : BATCH,
					   EMB_PASSAGE, &cb);
	}
	return stopped(s) ? ERR_CANCELED : rc;
}

/* ---- the thread ---- */

static void model_open(struct app_sets *s)
{
	struct err e = { 0 };
	if (!s->model)
		return;
	s->loop = loop_new();
	s->q = xalloc(DIM_MAX * sizeof(*s->q));
	if (emb_open(&s->emb, &s->use, s->loop, &e))
		LOG(WARN, "sets.model", "test sets are asked by words: %s", e.msg);
}

static void model_close(struct app_sets *s)
{
	emb_close(s->emb);
	s->emb = NULL;
	loop_free(s->loop);
	s->loop = NULL;
	xfree(s->q);
	s->q = NULL;
	VEC_FREE(&s->todo);
}

static void work(void *arg)
{
	struct app_sets *s = arg;
	size_t n = 0;
	int64_t began = clk_mono_us();
	model_open(s);
	const struct learn_set_work w = { .store = s->store, .kb = s->kb,
					  .question = s->emb ? question : NULL,
					  .passages = s->emb ? passages : NULL,
					  .model = sv_of(s->emb ? emb_name(s->emb) : ""),
					  .process = s->process,
					  .stopped = stopped, .arg = s };
	int rc = learn_sets_work(&w, &n);
	model_close(s);
	if (rc && rc != ERR_CANCELED)
		LOG(WARN, "sets.failed", "a test set could not be run: %s", err_text(rc));
	if (n)
		LOG(INFO, "sets.done", "runs=%zu ms=%lld", n,
		    (long long)(clk_mono_us() - began) / 1000);
}

/* ---- door ---- */

struct app_sets *app_sets_open(struct store *st, struct snap *kb)
{
	struct app_sets *s = xalloc(sizeof(*s));
	struct store_db *db;
	s->store = st;
	s->kb = kb;
	s->process = (uint64_t)clk_wall_ms();
	atomic_store(&s->asked, store_reader(st, &db) == 0 && learn_sets_wait(db));
	return s;
}

void app_sets_model(struct app_sets *s, const struct model_spec *spec)
{
	s->spec = spec;
}

void app_sets_wake(void *arg)
{
	struct app_sets *s = arg;
	atomic_store(&s->asked, true);
}

void app_sets_tick(struct app_sets *s)
{
	if (app_job_runs(&s->job) || !atomic_exchange(&s->asked, false))
		return;
	s->model = s->spec != NULL;
	if (s->model)
		s->use = *s->spec;
	if (app_job_start(&s->job, "sets", NICE, work, s) == 0)
		return;
	LOG(WARN, "sets.failed", "no thread for it");
	atomic_store(&s->asked, true);
}

void app_sets_close(struct app_sets *s)
{
	if (!s)
		return;
	atomic_store(&s->stop, true);
	app_job_end(&s->job);
	xfree(s);
}
