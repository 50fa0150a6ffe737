/* tts.c: speech synthesis: what holds for every backend. A backend is a row of the table: worker
 * processes (tts_proc.c), a server (tts_openai.c), several as one (tts_list.c).
 *
 * A tts owns the list of its runs, oldest first. The backend gets a run that is in the list
 * already and passes its sound on through tts_emit_*, until the end or a cancel takes it out.
 * What is written is normalised to what is spoken here, so that marks, which backends count in
 * spoken bytes, can be told in bytes of the written text. All on the loop's thread. */
#include <stdio.h>

#include "tts_int.h"
#include "remote.h"

static const struct tts_ops *const kinds[] = { &tts_flite, &tts_espeak, &tts_kokoro, &tts_piper,
					       &tts_openai };

bool tts_serves(const struct tts *t, sv lang)
{
	return lang_in(lang, sv_of(t->only)) && t->ops->serves(t, lang);
}

bool tts_ready(const struct tts *t)
{
	return t->ops->ready(t);
}

int tts_worker_pid(const struct tts *t)
{
	return t->ops->pid ? t->ops->pid(t) : 0;
}

const char *tts_name(const struct tts *t)
{
	return t->name;
}

const char *tts_error(const struct tts *t)
{
	return t->error;
}

void tts_set_error(struct tts *t, sv text)
{
	(void)snprintf(t->error, sizeof(t->error), SV_FMT, SV_ARG(text));
	for (char *c = t->error; *c; c++)
		*c = (unsigned char)*c < ' ' ? ' ' : *c;
}

/* ---- runs ---- */

static void run_free(void *obj)
{
	struct tts_run *r = obj;
	arena_done(&r->mem);
}

static void leave(struct tts_run *r)
{
	struct tts *t = r->t;
	struct tts_run **at = &t->runs;
	while (*at != r)
		at = &(*at)->next;
	*at = r->next;
	if (!*at)
		t->tail = at;
	t->n_runs--;
	r->dead = true;
}

int tts_spoken(struct tts_run *r, sv text, sv lang, struct sb *out)
{
	int rc = tts_normalize(text, lang, out, &r->map, &r->mem);
	r->spoken = out->n;
	return rc;
}

bool tts_emit_pcm(struct tts_run *r, const int16_t *s, size_t n, int rate)
{
	if (r->dead)
		return false;
	if (!r->heard && r->t->ops != &tts_list)
		metric_observe_us(M_TTS_US, (loop_now_ms(r->t->loop) - r->start_ms) * 1000);
	r->heard = true;
	r->samples += n;
	obj_ref(r);
	if (r->cb.on_pcm)
		r->cb.on_pcm(r->arg, s, n, rate);
	bool on = !r->dead;
	obj_unref(r);
	return on;
}

bool tts_emit_mark(struct tts_run *r, size_t offset, size_t sample)
{
	if (r->dead || (r->map && offset >= r->spoken))
		return !r->dead;
	obj_ref(r);
	if (r->cb.on_mark)
		r->cb.on_mark(r->arg, r->map ? r->map[offset] : offset, sample);
	bool on = !r->dead;
	obj_unref(r);
	return on;
}

void tts_emit_end(struct tts_run *r, int err)
{
	if (r->dead)
		return;
	leave(r);
	r->t->ops->cancel(r);
	if (r->cb.on_end)
		r->cb.on_end(r->arg, err);
	obj_unref(r);
}

/* ---- the interface ---- */

static char *make_name(const struct model_spec *s)
{
	const char *what = s->voice ? s->voice : s->model;
	struct sb b;
	sb_init(&b, 256);
	sb_cstr(&b, s->kind);
	if (what)
		sb_fmt(&b, ":%.200s", what);
	char *ret = xstrdup(sb_sv(&b));
	sb_done(&b);
	return ret;
}

int tts_open(struct tts **ret, const struct model_spec *s, struct loop *l, struct err *e)
{
	const struct tts_ops *ops = s->kind && !strcmp(s->kind, "list") ? &tts_list : NULL;
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (s->kind && !strcmp(s->kind, kinds[i]->kind))
			ops = kinds[i];
	if (!ops)
		return err_set(e, ERR_UNSUPPORTED,
			       "unknown speech kind \"%s\": use flite, espeak, kokoro, piper or "
			       "openai",
			       s->kind ? s->kind : "");
	struct tts *t = xalloc(sizeof(*t));
	*t = (struct tts){ .ops = ops, .loop = l, .name = make_name(s), .tail = &t->runs };
	if (s->lang)
		(void)snprintf(t->only, sizeof(t->only), "%s", s->lang);
	int rc = ops->open(t, s, e);
	if (rc) {
		xfree(t->name);
		xfree(t);
		return rc;
	}
	*ret = t;
	return 0;
}

void tts_close(struct tts *t)
{
	if (!t)
		return;
	while (t->runs)
		tts_cancel(t->runs);
	t->ops->close(t);
	xfree(t->name);
	xfree(t);
}

int tts_start(struct tts *t, sv text, sv lang, const struct tts_cb *cb, void *arg,
	      struct tts_run **ret)
{
	if (!tts_serves(t, lang))
		return ERR_UNSUPPORTED;
	if (text.n > TTS_TEXT_MAX)
		return ERR_TOOBIG;
	if (t->n_runs >= TTS_RUNS_MAX)
		return ERR_BUSY;
	struct tts_run *r = obj_new(sizeof(*r), run_free);
	r->t = t;
	r->cb = *cb;
	r->arg = arg;
	r->id = ++t->last_id;
	r->start_ms = loop_now_ms(t->loop);
	arena_init(&r->mem, LIM_ARENA_TURN * 2);
	*t->tail = r;
	t->tail = &r->next;
	t->n_runs++;
	int rc = t->ops->start(r, text, lang);
	if (rc) {
		leave(r);
		t->ops->cancel(r);
		obj_unref(r);
		return rc;
	}
	*ret = r;
	return 0;
}

void tts_cancel(struct tts_run *r)
{
	if (!r || r->dead)
		return;
	leave(r);
	r->t->ops->cancel(r);
	obj_unref(r);
}
