/* talk_models.c: the language models of a shard, and another set in their place while
 * conversations go on.
 *
 * A set is opened on the shard's thread and becomes the one that the next question asks. The
 * old set is closed when the last answer from it has come: never from inside one of its own
 * callbacks, so a timer does it. */
#include "talk_int.h"

/* A second model is asked when the first has said nothing for so long: half of what a caller
 * waits for the built-in engine. */
#define HEDGE_MS 700

static void close_set(struct talk_models *m)
{
	llm_close(m->m);
	xfree(m);
}

static void sweep(void *arg)
{
	struct talk_shard *s = arg;
	struct talk_models **at = &s->retired;
	while (*at) {
		struct talk_models *m = *at;
		if (m->users) {
			at = &m->next;
			continue;
		}
		*at = m->next;
		close_set(m);
	}
}

int talk_models_open(struct talk_shard *s, const struct model_spec *spec, size_t n,
		     struct err *e)
{
	static const struct llm_list_opts list = { .hedge_ms = HEDGE_MS };
	struct talk_models *m = xalloc(sizeof(*m));
	int rc = n ? llm_open_list(&m->m, spec, n, &list, s->loop, e) : 0;
	if (rc) {
		xfree(m);
		return rc;
	}
	for (size_t i = 0; i < n; i++)
		m->local |= strcmp(spec[i].kind, "openai") != 0 &&
			    strcmp(spec[i].kind, "scripted") != 0;
	if (s->models) {
		s->models->next = s->retired;
		s->retired = s->models;
		loop_after(s->loop, &s->sweep, 0, sweep, s);
	}
	s->models = m;
	return 0;
}

void talk_models_close(struct talk_shard *s)
{
	loop_timer_stop(&s->sweep);
	while (s->retired) {
		struct talk_models *m = s->retired;
		s->retired = m->next;
		close_set(m);
	}
	if (s->models)
		close_set(s->models);
	s->models = NULL;
}

struct talk_models *talk_models_use(struct talk_shard *s)
{
	s->models->users++;
	return s->models;
}

struct llm *talk_models_llm(const struct talk_models *m)
{
	return m->m;
}

void talk_models_done(struct talk_shard *s, struct talk_models *m)
{
	if (m && --m->users == 0 && m != s->models)
		loop_after(s->loop, &s->sweep, 0, sweep, s);
}

/* ---- another set on every shard ---- */

struct swap {
	struct talk_shard *s;
	const struct model_spec *spec;
	size_t n;
	void (*on_failed)(void *arg, int shard, const char *why);
	void *arg;
};

static void swap_here(void *arg)
{
	struct swap *w = arg;
	struct err e = { 0 };
	if (w->s->models && talk_models_open(w->s, w->spec, w->n, &e) && w->on_failed)
		w->on_failed(w->arg, w->s->index, e.msg);
	xfree(w);
}

void talk_hub_models(struct talk_hub *h, const struct model_spec *spec, size_t n,
		     void (*on_failed)(void *arg, int shard, const char *why), void *arg)
{
	for (size_t i = 0; i < h->n; i++) {
		struct swap *w = xalloc(sizeof(*w));
		*w = (struct swap){ &h->shards[i], spec, n, on_failed, arg };
		if (mbox_post(h->shards[i].mbox, swap_here, w) == 0)
			continue;
		if (on_failed)
			on_failed(arg, (int)i, err_text(ERR_FULL));
		xfree(w);
	}
}
