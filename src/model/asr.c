/* asr.c: speech recognition: which backend, and what holds for all of them.
 *
 * A run (one caller's stream) is in its recogniser's list from asr_start until it is cancelled or
 * fails; callbacks fire through the emit functions only, which know that a callback may cancel its
 * run. What is fed after asr_flush belongs to the next utterance. All on the loop's thread. */
#include <stdio.h>

#include "asr_int.h"

enum { PROMPT_MAX = 2048 };

static const struct asr_ops *const kinds[] = { &asr_sphinx, &asr_whisper, &asr_openai,
					       &asr_realtime, &asr_list };

void asr_set_error(struct asr *a, sv text)
{
	size_t n = text.n < sizeof(a->error) - 1 ? text.n : sizeof(a->error) - 1;
	for (size_t i = 0; i < n; i++)
		a->error[i] = text.p[i] >= ' ' || text.p[i] < 0 ? text.p[i] : ' ';
	a->error[n] = '\0';
}

const char *asr_error(const struct asr *a)
{
	return a->error;
}

char *asr_prompt(const char *folder, const char *lang, const char *before)
{
	struct sb path, text, out;
	sv rest, line = SV_NULL;
	sb_init(&path, 4096);
	sb_init(&text, PROMPT_MAX);
	sb_init(&out, PROMPT_MAX + 64);
	sb_fmt(&path, "%s/asr.%s.prompt", folder ? folder : "", lang);
	if (folder && file_read(sb_str(&path), PROMPT_MAX, &text, NULL) == 0) {
		rest = sb_sv(&text);
		(void)sv_line(&rest, &line);
	}
	sb_cstr(&out, before);
	sb_put(&out, sv_trim(line));
	char *ret = sv_trim(line).n ? xstrdup(sb_sv(&out)) : NULL;
	sb_done(&path);
	sb_done(&text);
	sb_done(&out);
	return ret;
}

/* ---- opening ---- */

static char *name_of(const struct model_spec *s)
{
	const char *what = s->model ? s->model : s->file;
	struct sb b;
	if (what && !s->model && strrchr(what, '/'))
		what = strrchr(what, '/') + 1;
	sb_init(&b, 512);
	sb_fmt(&b, "%s%s%.200s", s->kind, what ? ":" : "", what ? what : "");
	char *ret = xstrdup(sb_sv(&b));
	sb_done(&b);
	return ret;
}

int asr_open(struct asr **ret, const struct model_spec *s, struct loop *l, struct err *e)
{
	const struct asr_ops *ops = NULL;
	for (size_t i = 0; s->kind && i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (!strcmp(s->kind, kinds[i]->kind))
			ops = kinds[i];
	if (!ops)
		return err_set(e, ERR_UNSUPPORTED,
			       "unknown recogniser kind \"%s\": use pocketsphinx, whisper, openai "
			       "or realtime",
			       s->kind ? s->kind : "");
	if (loop_is_sim(l))
		return err_set(e, ERR_UNSUPPORTED, "recognisers need a real loop");
	struct asr *a = xalloc(sizeof(*a));
	*a = (struct asr){ .ops = ops, .loop = l, .name = name_of(s) };
	int rc = ops->open(a, s, e);
	if (rc) {
		xfree(a->name);
		xfree(a);
		return rc;
	}
	*ret = a;
	return 0;
}

void asr_close(struct asr *a)
{
	if (!a)
		return;
	while (a->runs)
		asr_cancel(a->runs);
	a->ops->close(a);
	xfree(a->name);
	xfree(a);
}

bool asr_serves(const struct asr *a, sv lang)
{
	return a && a->ops->serves(a, lang);
}

/* ---- runs ---- */

static void leave(struct asr_run *r)
{
	struct asr *a = r->a;
	if (r->prev)
		r->prev->next = r->next;
	else
		a->runs = r->next;
	if (r->next)
		r->next->prev = r->prev;
	r->prev = r->next = NULL;
	a->n_runs--;
	r->dead = true;
	a->ops->leave(r);
}

int asr_start(struct asr *a, sv lang, const struct asr_cb *cb, void *arg, struct asr_run **ret)
{
	if (!asr_serves(a, lang))
		return ERR_UNSUPPORTED;
	if (a->n_runs >= ASR_RUNS_MAX)
		return ERR_BUSY;
	struct asr_run *r = obj_new(sizeof(*r), NULL);
	r->a = a;
	r->cb = *cb;
	r->arg = arg;
	(void)snprintf(r->lang, sizeof(r->lang), SV_FMT, SV_ARG(lang));
	int rc = a->ops->start(r);
	if (rc) {
		r->dead = true;
		obj_unref(r);
		return rc;
	}
	r->next = a->runs;
	if (r->next)
		r->next->prev = r;
	a->runs = r;
	a->n_runs++;
	*ret = r;
	return 0;
}

void asr_feed(struct asr_run *r, const int16_t *s, size_t n, int rate_hz)
{
	if (r && !r->dead && n)
		r->a->ops->feed(r, s, n, rate_hz);
}

void asr_flush(struct asr_run *r)
{
	if (!r || r->dead || r->flushing)
		return;
	r->flushing = true;
	r->flushed_ms = loop_now_ms(r->a->loop);
	r->a->ops->flush(r);
}

void asr_cancel(struct asr_run *r)
{
	if (!r || r->dead)
		return;
	leave(r);
	obj_unref(r);
}

int asr_worker_pid(const struct asr_run *r)
{
	return r->dead || !r->a->ops->pid ? 0 : r->a->ops->pid(r);
}

/* ---- what backends tell ---- */

bool asr_emit_partial(struct asr_run *r, sv text)
{
	if (r->dead)
		return false;
	obj_ref(r); /* the callback may cancel it */
	if (r->cb.on_partial)
		r->cb.on_partial(r->arg, text);
	bool on = !r->dead;
	obj_unref(r);
	return on;
}

bool asr_emit_final(struct asr_run *r, sv text, double confidence)
{
	if (r->dead || !r->flushing)
		return !r->dead;
	if (r->a->ops != &asr_list) /* its member has told */
		metric_observe_us(M_ASR_US, (loop_now_ms(r->a->loop) - r->flushed_ms) * 1000);
	r->flushing = false;
	obj_ref(r);
	if (r->cb.on_final)
		r->cb.on_final(r->arg, text, confidence);
	bool on = !r->dead;
	obj_unref(r);
	return on;
}

void asr_emit_error(struct asr_run *r, int err)
{
	if (r->dead)
		return;
	leave(r);
	if (r->cb.on_error)
		r->cb.on_error(r->arg, err);
	obj_unref(r);
}
