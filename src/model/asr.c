/* asr.c: speech recognition by a pool of worker processes (pocketsphinx), one stream a
 * process.
 *
 * Workers are started on demand up to max and then kept warm. A stream (asr_run) takes
 * an idle worker and sends it sound; each utterance has a generation number, so that
 * what belongs to an earlier one is dropped. A worker that dies ends its stream with
 * on_error(ERR_UPSTREAM); one that owes a final result for FINAL_MS is killed. All on
 * the loop's thread. */
#include <stdio.h>

#include "asr_lm_int.h"
#include "io.h"
#include "model.h"
#include "model_exe.h"
#include "worker.h"

enum {
	WORKERS_DEFAULT = 2,
	WORKERS_MAX = 64,
	FINAL_MS = 8000,
	START_MS = 30000,
	FRAME_SAMPLES = 4096
};

struct worker {
	struct asr *a;
	struct io_proc *proc;
	struct asr_run *run; /* NULL = idle */
	uint32_t gen;
	bool ready; /* its models are loaded */
};
struct asr {
	struct loop *loop;
	char *exe, *lm, *dict;
	int max, n;
	bool refused; /* a worker said it cannot work */
	struct worker w[WORKERS_MAX];
};
struct asr_run { /* an obj */
	struct worker *w;
	struct asr_cb cb;
	void *arg;
	struct loop_timer final;
	int64_t flushed_ms;
	uint32_t final_gen; /* of the utterance whose result is awaited */
	bool dead, flushing;
};

static char *in_folder(const char *folder, const char *name)
{
	struct sb b;
	sb_init(&b, 4096);
	sb_fmt(&b, "%s/%s", folder, name);
	char *ret = xstrdup(sb_sv(&b));
	sb_done(&b);
	return ret;
}

int asr_open(struct asr **ret, const struct model_spec *s, struct loop *l,
	     struct err *e)
{
	if (!s->kind || strcmp(s->kind, "pocketsphinx") != 0)
		return err_set(e, ERR_UNSUPPORTED,
			       "unknown recogniser kind \"%s\": use pocketsphinx",
			       s->kind ? s->kind : "");
	if (loop_is_sim(l))
		return err_set(e, ERR_UNSUPPORTED, "recognisers need a real loop");
	if (!file_exists(LM_HMM_DIR "/mdef"))
		return err_set(e, ERR_NOTFOUND,
			       "no acoustic model in %s: install pocketsphinx-en-us",
			       LM_HMM_DIR);
	struct asr *a = xalloc(sizeof(*a));
	a->loop = l;
	a->exe = model_exe(s->exe, NULL);
	a->max = s->max_workers > 0 ? s->max_workers : WORKERS_DEFAULT;
	a->max = a->max < WORKERS_MAX ? a->max : WORKERS_MAX;
	a->lm = in_folder(s->data ? s->data : ".", "asr.en.arpa");
	a->dict = in_folder(s->data ? s->data : ".", "asr.en.dict");
	int rc = 0;
	if (!file_exists(a->lm) || !file_exists(a->dict))
		rc = err_set(e, ERR_NOTFOUND,
			     "no language model %s: write it with asr_lm_write first",
			     a->lm);
	if (rc) {
		asr_close(a);
		return rc;
	}
	*ret = a;
	return 0;
}

bool asr_serves(const struct asr *a, sv lang)
{
	return a && !a->refused &&
	       (sv_eq(lang, SV("en")) || sv_starts(lang, SV("en-")));
}

/* ---- streams ---- */

static void send_gen(struct worker *w, uint8_t kind, uint32_t gen)
{
	struct sb b;
	sb_init(&b, 16);
	wf_put(&b, gen);
	(void)io_proc_send(w->proc, kind, sb_sv(&b));
	sb_done(&b);
}

static void leave(struct asr_run *r)
{
	r->dead = true;
	loop_timer_stop(&r->final);
	r->w->run = NULL;
	r->w->gen++;
}

static void fail(struct asr_run *r, int err)
{
	leave(r);
	if (r->cb.on_error)
		r->cb.on_error(r->arg, err);
	obj_unref(r);
}

static void on_frame(void *arg, uint8_t kind, sv p)
{
	struct worker *w = arg;
	if (kind == WF_READY) {
		struct err e;
		jv *o = jv_parse(p, &e);
		w->a->refused = jv_get_str(o, "error").n > 0;
		w->ready = true;
		jv_free(o);
		return;
	}
	uint32_t gen = wf_get(&p);
	struct asr_run *r = w->run;
	if (!r || !(gen == w->gen || (r->flushing && gen == r->final_gen)))
		return;
	obj_ref(r);
	if (kind == WF_PARTIAL) {
		if (r->cb.on_partial)
			r->cb.on_partial(r->arg, p);
	} else if (kind == WF_FINAL && r->flushing) {
		double conf = wf_get(&p) / 1000.0;
		loop_timer_stop(&r->final);
		metric_observe_us(M_ASR_US,
				  (loop_now_ms(w->a->loop) - r->flushed_ms) * 1000);
		r->flushing = false;
		if (r->cb.on_final)
			r->cb.on_final(r->arg, p, conf);
	}
	obj_unref(r);
}

static void on_state(void *arg, bool up, int status)
{
	struct worker *w = arg;
	(void)status;
	if (up)
		return;
	w->ready = false;
	metric_inc(M_WORKER_RESTARTS);
	if (w->run)
		fail(w->run, ERR_UPSTREAM);
}

static int start_worker(struct asr *a, struct worker **ret)
{
	struct worker *w = &a->w[a->n];
	const char *const argv[] = { a->exe, "worker", "pocketsphinx", "--lm",
				     a->lm,  "--dict", a->dict,        NULL };
	*w = (struct worker){ .a = a };
	struct io_proc_opts o = { .argv = argv,
				  .name = "asr",
				  .on_frame = on_frame,
				  .on_state = on_state,
				  .arg = w,
				  .nice_by = 5 };
	int rc = a->exe ? io_proc_start(&w->proc, a->loop, &o) : ERR_NOTFOUND;
	if (rc)
		return rc;
	a->n++;
	*ret = w;
	return 0;
}

static int take_worker(struct asr *a, struct worker **ret)
{
	for (int i = 0; i < a->n; i++)
		if (!a->w[i].run && io_proc_up(a->w[i].proc)) {
			*ret = &a->w[i];
			return 0;
		}
	return a->n < a->max ? start_worker(a, ret) : ERR_BUSY;
}

int asr_start(struct asr *a, sv lang, const struct asr_cb *cb, void *arg,
	      struct asr_run **ret)
{
	struct worker *w;
	if (!asr_serves(a, lang))
		return ERR_UNSUPPORTED;
	int rc = take_worker(a, &w);
	if (rc)
		return rc;
	struct asr_run *r = obj_new(sizeof(*r), NULL);
	r->w = w;
	r->cb = *cb;
	r->arg = arg;
	w->run = r;
	w->gen = w->gen + 1 ? w->gen + 1 : 1;
	send_gen(w, WF_RESET, 0); /* a new caller */
	*ret = r;
	return 0;
}

static void on_late(void *arg)
{
	struct asr_run *r = arg;
	int64_t waited = loop_now_ms(r->w->a->loop) - r->flushed_ms;
	if (!r->w->ready && waited < START_MS) {
		loop_after(r->w->a->loop, &r->final, FINAL_MS, on_late, r);
		return;
	}
	io_proc_kill(r->w->proc); /* its end comes as on_state */
}

void asr_feed(struct asr_run *r, const int16_t *s, size_t n, int rate_hz)
{
	struct sb b;
	if (!r || r->dead)
		return;
	sb_init(&b, LIM_PROC_FRAME);
	for (size_t i = 0; i < n && !r->dead; i += FRAME_SAMPLES) {
		size_t k = n - i < FRAME_SAMPLES ? n - i : FRAME_SAMPLES;
		sb_reset(&b);
		wf_put(&b, r->w->gen);
		wf_put(&b, (uint32_t)rate_hz);
		sb_put(&b, sv_n((const char *)(s + i), k * sizeof(*s)));
		(void)io_proc_send(r->w->proc, WF_AUDIO, sb_sv(&b));
	}
	sb_done(&b);
}

void asr_flush(struct asr_run *r)
{
	if (!r || r->dead || r->flushing)
		return;
	r->flushing = true;
	r->flushed_ms = loop_now_ms(r->w->a->loop);
	r->final_gen = r->w->gen++; /* what is fed from now on is the next utterance */
	send_gen(r->w, WF_FLUSH, r->final_gen);
	loop_after(r->w->a->loop, &r->final, FINAL_MS, on_late, r);
}

void asr_cancel(struct asr_run *r)
{
	if (!r || r->dead)
		return;
	struct worker *w = r->w;
	leave(r);
	send_gen(w, WF_RESET, w->gen);
	obj_unref(r);
}

int asr_worker_pid(const struct asr_run *r)
{
	return r->dead ? 0 : io_proc_pid(r->w->proc);
}

void asr_close(struct asr *a)
{
	if (!a)
		return;
	for (int i = 0; i < a->n; i++) {
		asr_cancel(a->w[i].run);
		io_proc_stop(a->w[i].proc);
	}
	xfree(a->exe);
	xfree(a->lm);
	xfree(a->dict);
	xfree(a);
}
