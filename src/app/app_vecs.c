/* app_vecs.c: vectors for a one-shot command.
 *
 * The embedding model answers on a loop; here a loop of our own is turned until it has. Passages
 * go BATCH at a time into a kb_dense, questions one by one. What is open belongs to the struct,
 * a question's vector too: it lives until the next question. One thread. */
#include "app_vecs.h"
#include "app_int.h"
#include "app_models.h"

enum { BATCH = 32, DIM_MAX = 8192, TURN_MS = 1000 };

struct app_vecs {
	jv *cfg;
	struct app_models *models;
	struct loop *loop;
	struct emb *emb;
	struct kb_dense *dense;
	struct { sv *v; size_t n, cap; } todo;
	float *q;                /* of the last question */
	int dim;
	size_t done;             /* of todo */
	bool waits;
	int rc;
};

void app_vecs_close(struct app_vecs *v)
{
	if (!v)
		return;
	kb_dense_close(v->dense);
	emb_close(v->emb);
	loop_free(v->loop);
	app_models_close(v->models);
	jv_free(v->cfg);
	VEC_FREE(&v->todo);
	xfree(v->q);
	xfree(v);
}

static int open_model(struct app_vecs *v, const char *data, struct err *e)
{
	int rc = app_models_open(&v->models, v->cfg, data, NULL, e);
	if (rc)
		return rc;
	const struct app_specs *s = app_models_of(v->models, APP_EMB);
	if (!s->n)
		return err_set(e, ERR_NOTFOUND, "no embedding model is installed: callm models "
						"pull e5-small");
	return emb_open(&v->emb, &s->v[0], v->loop, e);
}

int app_vecs_open(struct app_vecs **ret, const char *data, const char *keep, struct err *e)
{
	struct app_vecs *v = xalloc(sizeof(*v));
	struct sb dir;
	*v = (struct app_vecs){ .cfg = jv_obj(), .loop = loop_new() };
	v->q = xalloc(DIM_MAX * sizeof(*v->q));
	sb_init(&dir, 4096);
	int rc = app_data_dir(data, &dir, e);
	if (rc == 0)
		rc = open_model(v, sb_str(&dir), e);
	if (rc == 0)
		rc = kb_dense_open(&v->dense, keep, sv_of(emb_name(v->emb)), e);
	sb_done(&dir);
	if (rc) {
		app_vecs_close(v);
		return rc;
	}
	*ret = v;
	return 0;
}

const char *app_vecs_name(const struct app_vecs *v)
{
	return emb_name(v->emb);
}

static void on_error(void *arg, int err)
{
	struct app_vecs *v = arg;
	v->rc = err;
	v->waits = false;
}

/* Starts, then turns the loop until one of the two callbacks came. */
static int wait_for(struct app_vecs *v, const sv *texts, size_t n, enum emb_side side,
		    const struct emb_cb *cb)
{
	struct emb_run *run;
	v->waits = true;
	v->rc = emb_start(v->emb, texts, n, side, cb, v, &run);
	while (!v->rc && v->waits)
		(void)loop_run_once(v->loop, TURN_MS);
	return v->rc;
}

/* ---- passages ---- */

static void add_text(void *arg, sv text)
{
	struct app_vecs *v = arg;
	sv *slot = VEC_PUSH(&v->todo, 4u << 20);
	if (slot)
		*slot = text;
}

static void on_passages(void *arg, const float *x, size_t n, int dim)
{
	struct app_vecs *v = arg;
	v->waits = false;
	for (size_t i = 0; i < n && !v->rc; i++)
		v->rc = kb_dense_put(v->dense, v->todo.v[v->done + i], x + i * (size_t)dim, dim);
	v->done += n;
}

/* ix names what is missing; its texts live as long as it does. */
static int fill(struct app_vecs *v, const struct kb_index *ix, struct err *e)
{
	static const struct emb_cb cb = { on_passages, on_error };
	int rc = 0;
	v->todo.n = v->done = 0;
	(void)kb_dense_missing(ix, add_text, v);
	while (!rc && v->done < v->todo.n) {
		size_t left = v->todo.n - v->done;
		rc = wait_for(v, v->todo.v + v->done, left < BATCH ? left : BATCH, EMB_PASSAGE,
			      &cb);
	}
	if (!rc)
		rc = kb_dense_flush(v->dense);
	return rc ? err_set(e, rc, "the passages could not be embedded: %s", err_text(rc)) : 0;
}

int app_vecs_index(struct app_vecs *v, struct store *st, struct kb_index **ret, struct err *e)
{
	struct kb_index *ix = NULL;
	int rc = app_index_with(st, v->dense, &ix, e);
	if (rc || !kb_dense_missing(ix, NULL, NULL)) {
		*ret = ix;
		return rc;
	}
	rc = fill(v, ix, e);
	(void)obj_unref(ix);
	return rc ? rc : app_index_with(st, v->dense, ret, e);
}

/* ---- questions ---- */

static void on_question(void *arg, const float *x, size_t n, int dim)
{
	struct app_vecs *v = arg;
	v->waits = false;
	v->dim = n == 1 && dim <= DIM_MAX ? dim : 0;
	if (v->dim)
		memcpy(v->q, x, (size_t)dim * sizeof(*x));
}

const float *app_vecs_question(void *arg, sv text, int *dim)
{
	static const struct emb_cb cb = { on_question, on_error };
	struct app_vecs *v = arg;
	v->dim = 0;
	*dim = 0;
	if (!text.n || wait_for(v, &text, 1, EMB_QUERY, &cb) || !v->dim)
		return NULL;
	*dim = v->dim;
	return v->q;
}
