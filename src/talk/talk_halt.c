/* talk_halt.c: the customer speaks over a reply that a model is still writing, and it is not yet
 * decided whether we are meant to stop (CHAN_HALTED).
 *
 * The model is let go at once: mostly it is an interruption, and nobody will want the rest. If it
 * was a murmur (CHAN_GOES_ON), the model is asked the very same once more and what it had written
 * is passed over: letter by letter as long as it writes the same again, else by the number of
 * sentences that were released. Not where an action was asked for, nor with a base model, which
 * only chooses. Pure like the rest of the core. */
#include "talk_core.h"

void talk_on_halted(struct talk_core *c, const struct talk_ev *ev, struct arena *a,
		    struct talk_acts *acts)
{
	struct talk_turn *t = &c->t;
	if (!c->in_turn || !c->voice || !t->asks || t->base || t->sentences == 0 ||
	    t->asked != TALK_ASKED_NOTHING || t->n_wish)
		return;
	talk_model_stop(c, acts);
	t->halted = true;
}

void talk_on_goes_on(struct talk_core *c, const struct talk_ev *ev, struct arena *a,
		     struct talk_acts *acts)
{
	struct talk_act want = { .kind = TACT_MODEL };
	struct talk_turn *t = &c->t;
	if (!c->in_turn || !t->halted)
		return;
	t->halted = false;
	if (!talk_prompt(c, a, &want)) {
		talk_model_failed(c, "no prompt", a, acts);
		return;
	}
	sb_reset(&t->again);
	t->repeats = t->asks = true;
	want.gen = ++c->gen;
	talk_act_timer(acts, TT_MODEL, c->cfg->limits.model_first_voice_ms);
	*talk_act_add(acts, TACT_MODEL) = want;
}

/* It words it otherwise: what follows the sentences that were said. At < 0: not so far yet. */
static ptrdiff_t after_sentences(sv text, int n)
{
	size_t at = 0;
	for (int i = 0; i < n; i++) {
		size_t len = talk_sentence_end(sv_slice(text, at, text.n), false);
		if (len == 0)
			return -1;
		at += len;
	}
	return (ptrdiff_t)at;
}

sv talk_halt_news(struct talk_core *c, sv text, struct arena *a)
{
	struct talk_turn *t = &c->t;
	if (!t->repeats) {
		if (c->voice)
			sb_put(&t->written, text);
		return text;
	}
	sb_put(&t->again, text);
	sv was = sb_sv(&t->written), now = sb_sv(&t->again);
	if (sv_starts(was, now) && was.n > now.n)
		return SV_NULL;      /* so far the same */
	ptrdiff_t at = (ptrdiff_t)was.n;
	if (!sv_starts(now, was)) {
		at = after_sentences(now, t->sentences);
		if (at < 0)
			return SV_NULL;
		sb_reset(&t->draft); /* half a sentence of the other wording */
	}
	sv news = arena_sv(a, sv_slice(now, (size_t)at, now.n));
	sb_reset(&t->written);
	sb_put(&t->written, now);
	t->repeats = false;
	return news;
}

void talk_halt_end(struct talk_core *c)
{
	if (c->t.repeats)            /* it had less to say: the half sentence has no end */
		sb_reset(&c->t.draft);
	c->t.repeats = false;
}
