/* tts_list.c: several voices as one, tried in the order given, so that a dead, slow or busy one
 * costs a change of voice and never silence.
 *
 * A run holds a copy of its text and passes on what the member in turn says. A member that fails
 * before any sound was passed on, or gives none for first_ms while there is another, is
 * cancelled and the next says the text from its beginning. Once sound was passed on, a
 * failure ends the run. Members that are not ready (restarting, breaker open) or are worker
 * processes with BUSY_RUNS waiting (they say one text after the other; a remote server says many
 * at once) are only asked when no other serves the language. */
#include <stdio.h>

#include "tts_int.h"

enum { FIRST_MS = 4000, BUSY_RUNS = 3, HELD_MAX = 2048 };

struct held {
	size_t offset, sample;
};
struct list {
	struct tts *m[TTS_MEMBERS_MAX];
	int first_ms[TTS_MEMBERS_MAX];
	size_t n;
};
struct ask { /* run->priv; an obj */
	struct tts_run *r; /* NULL: let go */
	char *text, *lang;
	unsigned asked; /* a bit per member */
	size_t now;
	struct tts_run *inner;
	struct loop_timer first;
	VEC(struct held) held; /* marks until the first sound: they may yet be another's */
};

static bool serves(const struct tts *t, sv lang)
{
	const struct list *l = t->priv;
	for (size_t i = 0; i < l->n; i++)
		if (tts_serves(l->m[i], lang))
			return true;
	return false;
}

static bool ready(const struct tts *t)
{
	const struct list *l = t->priv;
	for (size_t i = 0; i < l->n; i++)
		if (tts_ready(l->m[i]))
			return true;
	return false;
}

static int pid(const struct tts *t)
{
	const struct list *l = t->priv;
	return l->n ? tts_worker_pid(l->m[0]) : 0;
}

/* The next member to ask: one that is ready and not busy, else any that serves; n = none. */
static size_t pick(const struct list *l, const struct ask *a)
{
	size_t any = l->n;
	for (size_t i = 0; i < l->n; i++) {
		if ((a->asked >> i & 1) || !tts_serves(l->m[i], sv_of(a->lang)))
			continue;
		bool busy = tts_worker_pid(l->m[i]) && l->m[i]->n_runs >= BUSY_RUNS;
		if (tts_ready(l->m[i]) && !busy)
			return i;
		any = any == l->n ? i : any;
	}
	return any;
}

static int try_next(struct ask *a);

static void on_pcm(void *arg, const int16_t *s, size_t n, int rate)
{
	struct ask *a = arg;
	loop_timer_stop(&a->first);
	obj_ref(a);
	for (size_t i = 0; a->r && i < a->held.n; i++)
		(void)tts_emit_mark(a->r, a->held.v[i].offset, a->held.v[i].sample);
	a->held.n = 0;
	if (a->r)
		(void)tts_emit_pcm(a->r, s, n, rate);
	obj_unref(a);
}

static void on_mark(void *arg, size_t offset, size_t sample)
{
	struct ask *a = arg;
	if (!a->r)
		return;
	if (a->r->heard) {
		(void)tts_emit_mark(a->r, offset, sample);
		return;
	}
	struct held *h = VEC_PUSH(&a->held, HELD_MAX);
	if (h)
		*h = (struct held){ offset, sample };
}

static void on_end(void *arg, int err)
{
	struct ask *a = arg;
	struct tts_run *r = a->r;
	a->inner = NULL;
	loop_timer_stop(&a->first);
	if (!r)
		return;
	struct list *l = r->t->priv;
	if (err && l->m[a->now]->error[0])
		tts_set_error(r->t, sv_of(l->m[a->now]->error));
	if (err && !r->heard && try_next(a) == 0)
		return;
	tts_emit_end(r, err);
}

/* Too slow: the next one, if there is any, begins. */
static void on_first(void *arg)
{
	struct ask *a = arg;
	struct list *l = a->r->t->priv;
	if (pick(l, a) == l->n)
		return;
	struct tts_run *slow = a->inner;
	tts_set_error(a->r->t, SV("a voice was too slow; the next one took over"));
	a->inner = NULL;
	tts_cancel(slow);
	if (try_next(a))
		tts_emit_end(a->r, ERR_TIMEOUT);
}

static int try_next(struct ask *a)
{
	static const struct tts_cb cb = { on_pcm, on_mark, on_end };
	struct list *l = a->r->t->priv;
	int rc = ERR_UNSUPPORTED;
	for (size_t i; (i = pick(l, a)) < l->n;) {
		a->asked |= 1u << i;
		a->now = i;
		a->held.n = 0;
		rc = tts_start(l->m[i], sv_of(a->text), sv_of(a->lang), &cb, a, &a->inner);
		if (rc)
			continue;
		loop_after(a->r->t->loop, &a->first, l->first_ms[i], on_first, a);
		return 0;
	}
	return rc;
}

static void ask_free(void *obj)
{
	struct ask *a = obj;
	VEC_FREE(&a->held);
	xfree(a->text);
	xfree(a->lang);
}

static int start(struct tts_run *r, sv text, sv lang)
{
	struct ask *a = obj_new(sizeof(*a), ask_free);
	a->r = r;
	a->text = xstrdup(text);
	a->lang = xstrdup(lang);
	r->priv = a;
	return try_next(a);
}

static void cancel(struct tts_run *r)
{
	struct ask *a = r->priv;
	if (!a)
		return;
	r->priv = NULL;
	a->r = NULL;
	loop_timer_stop(&a->first);
	tts_cancel(a->inner);
	a->inner = NULL;
	obj_unref(a);
}

static void close_list(struct tts *t)
{
	struct list *l = t->priv;
	for (size_t i = 0; i < l->n; i++)
		tts_close(l->m[i]);
	xfree(l);
}

static int open_list(struct tts *t, const struct model_spec *s, struct err *e)
{
	(void)s;
	(void)e;
	struct list *l = xalloc(sizeof(*l));
	*l = (struct list){ .n = 0 };
	t->priv = l;
	return 0;
}

int tts_open_list(struct tts **ret, const struct model_spec *s, size_t n, struct loop *loop,
		  struct err *e)
{
	struct tts *t = NULL;
	struct err own = { 0 };
	int rc = tts_open(&t, &(struct model_spec){ .kind = "list" }, loop, e);
	if (rc)
		return rc;
	struct list *l = t->priv;
	for (size_t i = 0; i < n && l->n < TTS_MEMBERS_MAX; i++) {
		int bad = tts_open(&l->m[l->n], &s[i], loop, &own);
		if (bad) {
			rc = bad;
			tts_set_error(t, sv_of(own.msg));
			continue;
		}
		l->first_ms[l->n++] = s[i].first_ms > 0 ? s[i].first_ms : FIRST_MS;
	}
	if (l->n == 0) {
		rc = n ? err_set(e, rc, "%s", own.msg) :
			 err_set(e, ERR_INVAL, "a list of voices needs one at least");
		tts_close(t);
		return rc;
	}
	*ret = t;
	return 0;
}

const struct tts_ops tts_list = { "list",     open_list, start, cancel,
				  close_list, serves,    ready, pid };
