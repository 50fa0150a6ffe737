/* app_hearing.c: what a recogniser makes of clips. It answers on a loop; here a loop of our own is
 * turned until all clips have their vectors. Several processes work side by side, each on one clip
 * at a time. The caller's thread waits. */
#include "app_hearing.h"
#include "app_int.h"
#include "app_models.h"
#include "asr_vec.h"

enum { WORKERS_MAX = 4, TURN_MS = 250, TRIES = 6 };

struct work;
struct worker {
	struct work *w;
	struct asr_vec *vec;
	size_t at;               /* its clip */
	int tries;               /* that clip was given to it */
	bool busy, again;
};
struct work {
	struct digit_set *set;
	const struct app_hearing_opts *o;
	struct loop *loop;
	struct worker worker[WORKERS_MAX];
	int workers;
	size_t next, done;
	int rc;
};

static void on_vec(void *arg, int err, const float *v)
{
	struct worker *x = arg;
	struct work *w = x->w;

	x->busy = false;
	x->again = err == ERR_UPSTREAM && x->tries < TRIES;  /* the process comes back */
	if (x->again)
		return;
	if (err && err != ERR_NOTFOUND)
		w->rc = err;
	if (!err)
		memcpy(w->set->vec + x->at * ASR_VEC_DIM, v, sizeof(*v) * ASR_VEC_DIM);
	w->done++;
}

/* Gives the worker the clip that comes next, or its clip again. */
static void give(struct work *w, struct worker *x)
{
	struct asr_vec_run *run;

	if (!x->again) {
		if (w->next == w->set->n)
			return;
		x->at = w->next++;
		x->tries = 0;
	}
	const struct digit_clip *c = &w->set->v[x->at];
	x->again = false;
	x->busy = true;
	x->tries++;
	w->rc = asr_vec_start(x->vec, c->s, c->n, PCM_HZ, sv_of(w->o->lang), on_vec, x, &run);
}

static int open_workers(struct work *w, const struct model_spec *spec, struct err *e)
{
	int n = w->o->workers < 1 ? 1 : w->o->workers, rc = 0;

	for (; w->workers < n && w->workers < WORKERS_MAX && !rc; w->workers += !rc) {
		struct worker *x = &w->worker[w->workers];
		x->w = w;
		rc = asr_vec_open(&x->vec, spec, w->loop, e);
	}
	if (rc)
		return rc;
	const char *name = asr_vec_name(w->worker[0].vec);
	if (w->o->want.n && !sv_eq(sv_of(name), w->o->want))
		return err_set(e, ERR_STATE,
			       "%s was trained with the recogniser " SV_FMT "; the one here is %s",
			       w->o->file ? w->o->file : "the net", SV_ARG(w->o->want), name);
	sv_copy(w->set->sense, sizeof(w->set->sense), sv_of(name));
	sv_copy(w->set->lang, sizeof(w->set->lang), sv_of(w->o->lang));
	return 0;
}

static int hear(struct work *w, struct err *e)
{
	xfree(w->set->vec);
	w->set->vec = xalloc((w->set->n + 1) * ASR_VEC_DIM * sizeof(float));
	memset(w->set->vec, 0, w->set->n * ASR_VEC_DIM * sizeof(float));
	while (!w->rc && w->done < w->set->n) {
		for (int i = 0; i < w->workers && !w->rc; i++)
			if (!w->worker[i].busy)
				give(w, &w->worker[i]);
		if (!w->rc)
			(void)loop_run_once(w->loop, TURN_MS);
		if (w->o->progress && !w->o->progress(w->o->arg, w->done, w->set->n))
			return err_set(e, ERR_CANCELED, "stopped");
	}
	return w->rc ? err_set(e, w->rc, "the clips could not be heard by %s: %s", w->set->sense,
			       err_text(w->rc)) : 0;
}

static int by_spec(void *arg, const struct model_spec *spec, struct err *e)
{
	struct work *w = arg;
	int rc = open_workers(w, spec, e);

	rc = rc ? rc : hear(w, e);
	for (int i = 0; i < w->workers; i++)
		asr_vec_close(w->worker[i].vec);
	return rc;
}

int app_hearing(struct digit_set *set, const struct app_hearing_opts *o, struct err *e)
{
	struct work w = { .set = set, .o = o, .loop = loop_new() };

	int rc = o->spec ? by_spec(&w, o->spec, e) :
			   app_models_with(APP_ASR, "whisper",
				    "no recogniser that tells what it makes of a word is "
				    "installed: callm models pull whisper-base",
				    by_spec, &w, e);
	loop_free(w.loop);
	return rc;
}
