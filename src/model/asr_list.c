/* asr_list.c: several recognisers as one, in the order given, so that a dead, busy or slow one
 * costs no words.
 *
 * A run belongs to the first member that serves its language and takes it. The sound of the
 * utterance, and of the one that is owed a result, is kept here too (30 s at most). When the
 * member fails, the next one gets all of it at once; when there is none left, they are all
 * asked once more after RETRY_MS, when a process that died is back. An utterance that fails
 * ROUNDS times ends the run. The next run begins with the first member again. */
#include <stdio.h>

#include "asr_int.h"

enum { RETRY_MS = 400, ROUNDS = 4 };

struct list {
	struct asr *m[ASR_MEMBERS_MAX];
	size_t n;
};
struct hop { /* run->priv; an obj */
	struct asr_run *r;       /* NULL: let go */
	struct asr_run *inner;   /* NULL: none just now */
	size_t member;
	unsigned failed;         /* members, a bit each; in this round */
	int rounds;
	struct asr_clip now, owed;
	struct loop_timer retry;
};

static bool serves(const struct asr *a, sv lang)
{
	const struct list *l = a->priv;
	for (size_t i = 0; i < l->n; i++)
		if (asr_serves(l->m[i], lang))
			return true;
	return false;
}

static int take_member(struct hop *h);

static void give_sound(struct asr_run *to, const struct asr_clip *c)
{
	if (c->n)
		asr_feed(to, c->s, c->n, c->rate);
}

static void on_partial(void *arg, sv text)
{
	struct hop *h = arg;
	if (h->r)
		(void)asr_emit_partial(h->r, text);
}

static void on_final(void *arg, sv text, double confidence)
{
	struct hop *h = arg;
	clip_clear(&h->owed);
	h->failed = 0;
	h->rounds = 0;
	if (h->r)
		(void)asr_emit_final(h->r, text, confidence);
}

static void on_retry(void *arg);

/* Another member takes over, now or in a moment; or the run ends. */
static void go_on(struct hop *h, int err)
{
	struct asr *a = h->r->a;
	if (take_member(h) == 0)
		return;
	if (++h->rounds >= ROUNDS) {
		asr_emit_error(h->r, err);
		return;
	}
	h->failed = 0;
	loop_after(a->loop, &h->retry, RETRY_MS, on_retry, h);
}

static void on_retry(void *arg)
{
	struct hop *h = obj_ref(arg);
	go_on(h, ERR_UPSTREAM);
	obj_unref(h);
}

static void on_error(void *arg, int err)
{
	struct hop *h = obj_ref(arg);
	h->inner = NULL;
	if (h->r) {
		struct list *l = h->r->a->priv;
		asr_set_error(h->r->a, sv_of(asr_error(l->m[h->member])));
		h->failed |= 1u << h->member;
		go_on(h, err);
	}
	obj_unref(h);
}

static int take_member(struct hop *h)
{
	static const struct asr_cb cb = { on_partial, on_final, on_error };
	struct list *l = h->r->a->priv;
	sv lang = sv_of(h->r->lang);
	int rc = ERR_UNSUPPORTED;
	for (size_t i = 0; i < l->n; i++) {
		if ((h->failed >> i & 1) || !asr_serves(l->m[i], lang))
			continue;
		rc = asr_start(l->m[i], lang, &cb, h, &h->inner);
		if (rc) {
			h->inner = NULL;
			h->failed |= 1u << i;
			continue;
		}
		h->member = i;
		if (h->r->flushing) {
			give_sound(h->inner, &h->owed);
			asr_flush(h->inner);
		}
		give_sound(h->inner, &h->now);
		return 0;
	}
	return rc;
}

static void hop_free(void *obj)
{
	struct hop *h = obj;
	clip_done(&h->now);
	clip_done(&h->owed);
}

static int start(struct asr_run *r)
{
	struct hop *h = obj_new(sizeof(*h), hop_free);
	h->r = r;
	int rc = take_member(h);
	if (rc) {
		obj_unref(h);
		return rc;
	}
	r->priv = h;
	h->failed = 0;
	return 0;
}

static void feed(struct asr_run *r, const int16_t *s, size_t n, int rate_hz)
{
	struct hop *h = r->priv;
	clip_add(&h->now, s, n, rate_hz);
	asr_feed(h->inner, s, n, rate_hz);
}

static void flush(struct asr_run *r)
{
	struct hop *h = r->priv;
	clip_swap(&h->now, &h->owed);
	clip_clear(&h->now);
	asr_flush(h->inner);
}

static void leave(struct asr_run *r)
{
	struct hop *h = r->priv;
	r->priv = NULL;
	h->r = NULL;
	loop_timer_stop(&h->retry);
	asr_cancel(h->inner);
	h->inner = NULL;
	obj_unref(h);
}

static int pid(const struct asr_run *r)
{
	const struct hop *h = r->priv;
	return h->inner ? asr_worker_pid(h->inner) : 0;
}

static void close_list(struct asr *a)
{
	struct list *l = a->priv;
	for (size_t i = 0; i < l->n; i++)
		asr_close(l->m[i]);
	xfree(l);
}

static int open_list(struct asr *a, const struct model_spec *s, struct err *e)
{
	(void)s;
	(void)e;
	a->priv = xalloc(sizeof(struct list));
	return 0;
}

int asr_open_list(struct asr **ret, const struct model_spec *s, size_t n, struct loop *loop,
		  struct err *e)
{
	struct asr *a = NULL;
	struct err own = { 0 };
	int rc = asr_open(&a, &(struct model_spec){ .kind = "list" }, loop, e);
	if (rc)
		return rc;
	struct list *l = a->priv;
	for (size_t i = 0; i < n && l->n < ASR_MEMBERS_MAX; i++) {
		int bad = asr_open(&l->m[l->n], &s[i], loop, &own);
		if (bad) {
			rc = bad;
			asr_set_error(a, sv_of(own.msg));
			continue;
		}
		l->n++;
	}
	if (l->n == 0) {
		rc = n ? err_set(e, rc, "%s", own.msg) :
			 err_set(e, ERR_INVAL, "a list of recognisers needs one at least");
		asr_close(a);
		return rc;
	}
	*ret = a;
	return 0;
}

const struct asr_ops asr_list = { "list", open_list, close_list, serves, start, feed,
				  flush,  leave,     pid };
