/* chan_party_ear.c: what a person of the company says to the customer, as words for the record and
 * the desk. A voice detector finds the stretches, the shard's recogniser reads them; how something
 * is said is not looked at: moods are inferred of customers only. */
#include "chan_parties.h"

static void ask(struct party_ear *e, const struct chan_speech *sp)
{
	e->flying = true;
	e->due = false;
	sp->ops->asr_flush(e->run);
}

static void on_partial(void *arg, sv text)
{
	struct party *p = arg;
	if (text.n)
		parties_words(p, text, true);
}

static void on_final(void *arg, sv text, double confidence)
{
	struct party *p = arg;
	struct party_ear *e = &p->ear;
	if (text.n)
		parties_words(p, text, false);
	e->flying = false;
	if (e->due)
		ask(e, p->ps->o.speech);
}

static void on_error(void *arg, int err)
{
	struct party *p = arg;
	p->ear.run = NULL;
	p->ear.off = true;
}

static bool listens(struct party *p)
{
	static const struct asr_cb cb = { on_partial, on_final, on_error };
	const struct chan_speech *sp = p->ps->o.speech;
	struct party_ear *e = &p->ear;
	if (e->run || e->off)
		return e->run != NULL;
	pcm_vad_init(&e->vad, NULL);
	if (!p->ps->o.people->o.words || !sp->asr ||
	    !sp->ops->asr_serves(sp->asr, sv_of(p->lang)) ||
	    sp->ops->asr_start(sp->asr, sv_of(p->lang), &cb, p, &e->run)) {
		e->run = NULL;
		e->off = true;
	}
	return e->run != NULL;
}

static void keep(struct party_ear *e, const int16_t *s, size_t n)
{
	size_t room = sizeof(e->pre) / sizeof(*e->pre) / MIX_FRAME * n;
	if (e->n_pre + n > room) {
		e->n_pre -= n;
		memmove(e->pre, e->pre + n, e->n_pre * sizeof(*s));
	}
	memcpy(e->pre + e->n_pre, s, n * sizeof(*s));
	e->n_pre += n;
}

void party_ear_hear(struct party *p, const int16_t *s)
{
	const struct parties *ps = p->ps;
	struct party_ear *e = &p->ear;
	size_t n = (size_t)ps->o.rate / 50;
	if (!listens(p))
		return;
	enum pcm_vad_ev ev = pcm_vad_push(&e->vad, s, n, PCM_NO_ECHO);
	if (ev == PCM_VAD_START) {
		e->speaks = true;
		e->start_ms = ps->at_ms;
		ps->o.speech->ops->asr_feed(e->run, e->pre, e->n_pre, ps->o.rate);
		e->n_pre = 0;
	}
	if (e->speaks && e->run)
		ps->o.speech->ops->asr_feed(e->run, s, n, ps->o.rate);
	else
		keep(e, s, n);
	if (ev != PCM_VAD_END || !e->speaks)
		return;
	e->speaks = false;
	if (!e->run)
		return;              /* it broke meanwhile */
	e->end_ms = ps->at_ms;
	if (e->flying)
		e->due = true;
	else
		ask(e, ps->o.speech);
}

void party_ear_off(struct party *p)
{
	if (p->ear.run)
		p->ps->o.speech->ops->asr_cancel(p->ear.run);
	p->ear.run = NULL;
	p->ear.off = true;
}
