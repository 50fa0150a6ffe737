/* asr_sphinx.c: English by a pool of pocketsphinx processes, one stream a process.
 *
 * Workers are started on demand up to max and then kept warm. A stream takes an idle worker and
 * sends it sound; each utterance has a generation number, so that what belongs to an earlier one
 * is dropped. A worker that dies ends its stream with on_error(ERR_UPSTREAM); one that owes a final
 * result for FINAL_MS is killed. */
#include <stdio.h>

#include "asr_int.h"
#include "remote.h"
#include "asr_lm_int.h"
#include "io.h"
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
struct sphinx {
	char *exe, *lm, *dict;
	int max, n;
	bool refused; /* a worker said it cannot work */
	struct worker w[WORKERS_MAX];
};
struct stream { /* run->priv */
	struct worker *w;
	struct loop_timer final;
	uint32_t final_gen; /* of the utterance whose result is awaited */
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

static void close_all(struct asr *a)
{
	struct sphinx *p = a->priv;
	for (int i = 0; i < p->n; i++)
		io_proc_stop(p->w[i].proc);
	xfree(p->exe);
	xfree(p->lm);
	xfree(p->dict);
	xfree(p);
}

static int open_sphinx(struct asr *a, const struct model_spec *s, struct err *e)
{
	if (!file_exists(LM_HMM_DIR "/mdef"))
		return err_set(e, ERR_NOTFOUND,
			       "no acoustic model in %s: install pocketsphinx-en-us", LM_HMM_DIR);
	struct sphinx *p = xalloc(sizeof(*p));
	a->priv = p;
	p->exe = model_exe(s->exe, NULL);
	p->max = s->max_workers > 0 ? s->max_workers : WORKERS_DEFAULT;
	p->max = p->max < WORKERS_MAX ? p->max : WORKERS_MAX;
	p->lm = in_folder(s->data ? s->data : ".", "asr.en.arpa");
	p->dict = in_folder(s->data ? s->data : ".", "asr.en.dict");
	if (file_exists(p->lm) && file_exists(p->dict))
		return 0;
	int rc = err_set(e, ERR_NOTFOUND,
			 "no language model %s: write it with asr_lm_write first", p->lm);
	close_all(a);
	return rc;
}

static bool serves(const struct asr *a, sv lang)
{
	const struct sphinx *p = a->priv;
	return !p->refused && lang_is(lang, SV("en"));
}

/* ---- workers ---- */

static void send_gen(struct worker *w, uint8_t kind, uint32_t gen)
{
	struct sb b;
	sb_init(&b, 16);
	wf_put(&b, gen);
	(void)io_proc_send(w->proc, kind, sb_sv(&b));
	sb_done(&b);
}

static void on_ready(struct worker *w, sv text)
{
	struct sphinx *p = w->a->priv;
	struct err e;
	jv *o = jv_parse(text, &e);
	sv error = jv_get_str(o, "error");
	p->refused = error.n > 0;
	if (error.n)
		asr_set_error(w->a, error);
	w->ready = true;
	jv_free(o);
}

static void on_frame(void *arg, uint8_t kind, sv p)
{
	struct worker *w = arg;
	if (kind == WF_READY) {
		on_ready(w, p);
		return;
	}
	uint32_t gen = wf_get(&p);
	struct asr_run *r = w->run;
	struct stream *st = r ? r->priv : NULL;
	if (!r || !(gen == w->gen || (r->flushing && gen == st->final_gen)))
		return;
	obj_ref(r);
	if (kind == WF_PARTIAL) {
		(void)asr_emit_partial(r, p);
	} else if (kind == WF_FINAL && r->flushing) {
		double conf = wf_get(&p) / 1000.0;
		loop_timer_stop(&st->final);
		(void)asr_emit_final(r, p, conf);
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
	if (w->run) {
		asr_set_error(w->a, SV("a recogniser process died in mid-utterance"));
		asr_emit_error(w->run, ERR_UPSTREAM);
	}
}

static int start_worker(struct asr *a, struct worker **ret)
{
	struct sphinx *p = a->priv;
	struct worker *w = &p->w[p->n];
	const char *const argv[] = { p->exe, "worker", "pocketsphinx", "--lm",
				     p->lm,  "--dict", p->dict,        NULL };
	*w = (struct worker){ .a = a };
	struct io_proc_opts o = { .argv = argv,
				  .name = "asr",
				  .on_frame = on_frame,
				  .on_state = on_state,
				  .arg = w,
				  .nice_by = 5 };
	int rc = p->exe ? io_proc_start(&w->proc, a->loop, &o) : ERR_NOTFOUND;
	if (rc)
		return rc;
	p->n++;
	*ret = w;
	return 0;
}

static int take_worker(struct asr *a, struct worker **ret)
{
	struct sphinx *p = a->priv;
	for (int i = 0; i < p->n; i++)
		if (!p->w[i].run && io_proc_up(p->w[i].proc)) {
			*ret = &p->w[i];
			return 0;
		}
	return p->n < p->max ? start_worker(a, ret) : ERR_BUSY;
}

/* ---- streams ---- */

static int start(struct asr_run *r)
{
	struct worker *w;
	int rc = take_worker(r->a, &w);
	if (rc)
		return rc;
	struct stream *st = xalloc(sizeof(*st));
	st->w = w;
	r->priv = st;
	w->run = r;
	w->gen = w->gen + 1 ? w->gen + 1 : 1;
	send_gen(w, WF_RESET, 0); /* a new caller */
	return 0;
}

static void on_late(void *arg)
{
	struct asr_run *r = arg;
	struct stream *st = r->priv;
	int64_t waited = loop_now_ms(r->a->loop) - r->flushed_ms;
	if (!st->w->ready && waited < START_MS) {
		loop_after(r->a->loop, &st->final, FINAL_MS, on_late, r);
		return;
	}
	io_proc_kill(st->w->proc); /* its end comes as on_state */
}

static void feed(struct asr_run *r, const int16_t *s, size_t n, int rate_hz)
{
	struct stream *st = r->priv;
	struct sb b;
	sb_init(&b, LIM_PROC_FRAME);
	for (size_t i = 0; i < n; i += FRAME_SAMPLES) {
		size_t k = n - i < FRAME_SAMPLES ? n - i : FRAME_SAMPLES;
		sb_reset(&b);
		wf_put(&b, st->w->gen);
		wf_put(&b, (uint32_t)rate_hz);
		sb_put(&b, sv_n((const char *)(s + i), k * sizeof(*s)));
		(void)io_proc_send(st->w->proc, WF_AUDIO, sb_sv(&b));
	}
	sb_done(&b);
}

static void flush(struct asr_run *r)
{
	struct stream *st = r->priv;
	st->final_gen = st->w->gen++; /* what is fed from now on is the next utterance */
	send_gen(st->w, WF_FLUSH, st->final_gen);
	loop_after(r->a->loop, &st->final, FINAL_MS, on_late, r);
}

static void leave(struct asr_run *r)
{
	struct stream *st = r->priv;
	loop_timer_stop(&st->final);
	st->w->run = NULL;
	st->w->gen++;
	send_gen(st->w, WF_RESET, st->w->gen);
	xfree(st);
	r->priv = NULL;
}

static int pid(const struct asr_run *r)
{
	const struct stream *st = r->priv;
	return io_proc_pid(st->w->proc);
}

const struct asr_ops asr_sphinx = { "pocketsphinx", open_sphinx, close_all, serves, start, feed,
				    flush,	    leave,	 pid };
