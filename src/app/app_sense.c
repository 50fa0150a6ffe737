/* app_sense.c: sentence vectors of rows, for tasks that hear an embedding model.
 *
 * The model answers on a loop; here a loop of our own is turned until all rows have their
 * vectors. A process embeds questions on one thread, so several work side by side, each on a
 * batch of its own. The caller's thread waits. */
#include "app_sense.h"
#include "app_int.h"
#include "app_models.h"

enum { BATCH = 16, WORKERS_MAX = 4, TURN_MS = 250, TRIES = 6, BYTES = 768,
       BATCH_MS = 300000 /* nobody waits on the line, and the machine may be busy */ };

struct work;
struct worker {
	struct work *w;
	struct emb *emb;
	size_t from, n;          /* its batch of rows; n 0: none */
	int tries;               /* that batch was given to it */
	bool busy;
};
struct work {
	struct app_sense *s;
	const struct feel_rows *rows;
	const struct app_sense_opts *o;
	struct loop *loop;
	struct worker worker[WORKERS_MAX];
	int workers;
	size_t next, done;
	int rc;
};

static void on_vecs(void *arg, const float *v, size_t n, int dim)
{
	struct worker *x = arg;
	struct work *w = x->w;
	struct feel_vecs *to = &w->s->vecs;

	x->busy = false;
	x->n = 0;
	if (!to->dim && dim <= FEEL_SENSE_MAX) {
		to->dim = (size_t)dim;
		to->v = w->s->v = xalloc(w->rows->n * to->dim * sizeof(float));
	}
	if ((size_t)dim != to->dim) {
		w->rc = ERR_TOOBIG;
		return;
	}
	memcpy(w->s->v + x->from * to->dim, v, n * to->dim * sizeof(float));
	w->done += n;
}

/* A process that died comes back and is given its batch again. */
static void on_error(void *arg, int err)
{
	struct worker *x = arg;

	x->busy = false;
	if (x->tries >= TRIES)
		x->w->rc = err;
}

/* What is embedded of a row: a very long one would take seconds of a busy machine. */
static sv said(sv text)
{
	sv last = feel_text_last(text);

	return sv_head(last.n ? last : text, BYTES);
}

/* Gives the worker the rows that come next, or its batch again. */
static void give(struct work *w, struct worker *x)
{
	static const struct emb_cb cb = { on_vecs, on_error };
	struct emb_run *run;
	sv text[BATCH];
	size_t n = 0;

	if (!x->n) {
		x->from = w->next;
		x->n = w->rows->n - w->next < BATCH ? w->rows->n - w->next : BATCH;
		x->tries = 0;
		w->next += x->n;
	}
	for (; n < x->n; n++)
		text[n] = said(w->rows->v[x->from + n].text);
	if (!n)
		return;
	x->busy = true;
	x->tries++;
	w->rc = emb_start(x->emb, text, n, EMB_QUERY, &cb, x, &run);
}

static int open_workers(struct work *w, const struct model_spec *spec, struct err *e)
{
	int n = w->o->workers < 1 ? 1 : w->o->workers, rc = 0;
	struct model_spec patient = *spec;

	patient.total_ms = BATCH_MS;

	for (; w->workers < n && w->workers < WORKERS_MAX && !rc; w->workers += !rc) {
		struct worker *x = &w->worker[w->workers];
		x->w = w;
		rc = emb_open(&x->emb, &patient, w->loop, e);
	}
	if (rc)
		return rc;
	sv name = sv_of(emb_name(w->worker[0].emb));
	if (w->o->want.n && !sv_eq(name, w->o->want))
		return err_set(e, ERR_STATE,
			       "%s was trained with the embedding model " SV_FMT
			       "; the one here is " SV_FMT,
			       w->o->file ? w->o->file : "the task", SV_ARG(w->o->want),
			       SV_ARG(name));
	w->s->vecs.name = w->s->name = xstrdup(name);
	return 0;
}

static int embed(struct work *w, struct err *e)
{
	while (!w->rc && w->done < w->rows->n) {
		for (int i = 0; i < w->workers && !w->rc; i++)
			if (!w->worker[i].busy)
				give(w, &w->worker[i]);
		if (!w->rc)
			(void)loop_run_once(w->loop, TURN_MS);
		if (w->o->progress && !w->o->progress(w->o->arg, w->done, w->rows->n))
			return err_set(e, ERR_CANCELED, "stopped");
	}
	return w->rc ? err_set(e, w->rc, "the rows could not be embedded by %s: %s", w->s->name,
			       err_text(w->rc)) : 0;
}

static int by_spec(void *arg, const struct model_spec *spec, struct err *e)
{
	struct work *w = arg;
	int rc = open_workers(w, spec, e);

	rc = rc ? rc : embed(w, e);
	for (int i = 0; i < w->workers; i++)
		emb_close(w->worker[i].emb);
	return rc;
}

int app_sense_rows(struct app_sense *s, const struct feel_rows *rows,
		   const struct app_sense_opts *o, struct err *e)
{
	struct work w = { .s = s, .rows = rows, .o = o, .loop = loop_new() };
	int64_t began = clk_mono_us();

	*s = (struct app_sense){ 0 };
	int rc = o->spec ? by_spec(&w, o->spec, e) :
			   app_models_with(APP_EMB, NULL,
				    "no embedding model is installed: callm models pull "
				    "e5-small",
				    by_spec, &w, e);
	loop_free(w.loop);
	s->seconds = (double)(clk_mono_us() - began) / 1e6;
	return rc;
}

void app_sense_done(struct app_sense *s)
{
	xfree(s->name);
	xfree(s->v);
	*s = (struct app_sense){ 0 };
}
