/* chan_ear_asr.c: words for what was heard.
 *
 * The recogniser gets the sound of an utterance and is flushed within its pauses, so that its
 * words come while the silence that ends the turn still runs, not after it: at once where it
 * tells nothing before a flush, else so early as it takes for an answer. If the customer goes
 * on, the words are kept and told with the rest: one question in two breaths is one question.
 * It takes one flush at a time and answers it with one final: `flying`; what is to be flushed
 * meanwhile is `due`. Part of an ear; shard's thread. A callback may end in ear_done. */
#include "chan_ear.h"

enum {
	FINAL_WAIT_MS = 4000,        /* longer than this nobody waits for words */
	FINAL_LOST_MS = 10000,       /* and a recogniser silent for so much more is lost */
	FINAL_AGAIN_MS = 500,
	UTTERANCE_MS = 20000,
	TAIL_MS = 300,
	LATENCY_MS = 300,            /* of the recogniser, before it is known */
};

static int64_t now_us(const struct ear *e)
{
	return loop_now_us(e->o.loop);
}

void ear_stop_asr(struct ear *e)
{
	struct asr_run *r = e->asr;
	e->asr = NULL;
	e->flying.is = e->due.is = false;
	loop_timer_stop(&e->wait);
	sb_reset(&e->partial);
	if (r)
		e->o.speech->ops->asr_cancel(r);
}

/* ---- words that are kept until they are told */

static void put_words(struct sb *b, sv text)
{
	sv all = sb_sv(b), next = text;
	if (!text.n)
		return;
	sv last =
		all.n ? sv_slice(all, sv_head(all, all.n - 1).n, all.n) : all; /* code point */
	if (all.n && !(sv_is_cjk(sv_rune(&last)) && sv_is_cjk(sv_rune(&next))))
		sb_ch(b, ' ');
	sb_put(b, text);
}

void ear_add_words(struct ear *e, sv text, double confidence, int64_t start_ms)
{
	if (!e->words_held) {
		e->words_start_ms = start_ms;
		e->words_confidence = confidence;
	}
	put_words(&e->words, text);
	if (text.n && confidence < e->words_confidence)
		e->words_confidence = confidence;
	e->words_held = true;
}

void ear_drop_words(struct ear *e)
{
	sb_reset(&e->words);
	sb_reset(&e->partial);
	sb_reset(&e->likely);
	e->words_held = false;
}

/* How loud this customer is: what is much softer over our voice is a television. */
static void learn_level(struct ear *e)
{
	if (!e->loud_n)
		return;
	double db = e->loud_sum / e->loud_n;
	e->caller_db = e->caller_db < 0 ? e->caller_db + 0.3 * (db - e->caller_db) : db;
}

void ear_tell_words(struct ear *e, int64_t end_ms, int64_t silence_from_us)
{
	struct sb b = e->words;
	struct pcm_prosody_sum tone;
	struct ear_words w = { .text = sv_trim(sb_sv(&b)), .confidence = e->words_confidence,
			       .start_ms = e->words_start_ms, .end_ms = end_ms,
			       .silence_from_us = silence_from_us, .decided_us = e->decided_us };
	if (w.decided_us < silence_from_us)          /* late words: nothing was decided */
		w.decided_us = now_us(e);
	/* the soft end of a voice is not what a customer waits from */
	if (e->loud_us < silence_from_us && e->loud_us > silence_from_us - TAIL_MS * 1000)
		w.silence_from_us = e->loud_us;
	sb_init(&e->words, EAR_WORDS_MAX);
	ear_drop_words(e);
	if (w.text.n)
		learn_level(e);
	w.tone = ear_tone_end(e, &tone);
	e->o.on_words(e->o.arg, &w);
	sb_done(&b);
}

void ear_tell_likely(struct ear *e)
{
	struct sb b;
	sb_init(&b, EAR_WORDS_MAX);
	sb_put(&b, sb_sv(&e->words));
	put_words(&b, sb_sv(&e->partial));
	e->shape = ear_shape(sb_sv(&b), sv_of(e->lang), e->expect);
	bool news = !sv_eq(sb_sv(&b), sb_sv(&e->likely));
	bool pause = e->ended_wait || (e->shape == EAR_WHOLE && e->silence_ms >= EAR_EARLY_MS);
	bool likely = e->told && e->speaking && pause && e->o.on_likely;
	if (news && likely && b.n) {
		sb_reset(&e->likely);
		sb_put(&e->likely, sb_sv(&b));
		e->o.on_likely(e->o.arg, sb_sv(&b),
			       e->words_held ? e->words_start_ms : e->start_ms);
	}
	sb_done(&b);
}

static void tell_lost(void *arg)
{
	struct ear *e = arg;
	e->o.on_lost(e->o.arg);
}

/* Whoever was told that the customer speaks is owed an answer, be it empty. */
static void owe_nothing(struct ear *e)
{
	struct ear_pending *const both[] = { &e->flying, &e->due };
	for (int i = 0; i < 2; i++) {
		if (both[i]->is && both[i]->counts)
			ear_add_words(e, SV_NULL, 0, both[i]->start_ms);
		both[i]->counts = both[i]->maybe = false;
	}
}

static void lose(struct ear *e)
{
	void *owner = obj_ref(e->o.arg);
	bool first = !e->lost;
	owe_nothing(e);
	ear_stop_asr(e);
	e->lost = true;
	if (first)
		tell_lost(e);
	if (!ear_over(e))
		ear_let_on(e);
	if (!ear_over(e) && e->words_held)
		ear_tell_words(e, e->last_end_ms, now_us(e));
	obj_unref(owner);
}

/* ---- the recogniser's news */

static void on_partial(void *arg, sv text)
{
	struct ear *e = arg;
	if (e->flying.is || !e->speaking || e->flushed || !sv_trim(text).n)
		return;
	void *owner = obj_ref(e->o.arg);
	sb_reset(&e->partial);
	sb_put(&e->partial, sv_trim(text));
	ear_judge(e);
	if (!ear_over(e))
		ear_tell_likely(e);
	if (!ear_over(e) && e->o.on_partial)
		e->o.on_partial(e->o.arg, text);
	obj_unref(owner);
}

static void on_wait(void *arg);

static void send_due(struct ear *e)
{
	if (e->flying.is || !e->due.is || !e->asr)
		return;
	e->flying = e->due;
	e->flying.flushed_us = now_us(e);
	e->due.is = false;
	loop_after(e->o.loop, &e->wait, FINAL_WAIT_MS, on_wait, e);
	e->o.speech->ops->asr_flush(e->asr);
}

bool ear_waits(const struct ear *e)
{
	return (e->flying.is && e->flying.utterance == e->utterance) ||
	       (e->due.is && e->due.utterance == e->utterance);
}

static void count_final(struct ear *e, const struct ear_pending *p, sv text, double confidence)
{
	ear_add_words(e, text, confidence, p->start_ms);
	bool speaks_on = e->speaking && e->told && p->end_ms - e->words_start_ms < UTTERANCE_MS;
	bool more = (e->flying.is && e->flying.counts) || (e->due.is && e->due.counts);
	if (!speaks_on && !more)
		ear_tell_words(e, p->end_ms, p->ended_us - p->silence_ms * 1000);
	else if (speaks_on)
		ear_tell_likely(e);
}

static void on_final(void *arg, sv text, double confidence)
{
	struct ear *e = arg;
	if (!e->flying.is)
		return;
	struct ear_pending p = e->flying;
	bool again = p.late && (e->speaking || e->due.is);
	double took = (double)(now_us(e) - p.flushed_us) / 1000;
	e->asr_ms += 0.3 * (took - e->asr_ms);
	e->flying.is = false;
	loop_timer_stop(&e->wait);
	if (!e->speaking || e->flushed || e->manual)
		send_due(e);         /* else it ends together with what is being said */
	void *owner = obj_ref(e->o.arg);
	text = sv_trim(text);
	bool counts = p.counts || (p.maybe && !again && ear_maybe(e, &p, text, confidence));
	if (!ear_over(e) && counts)
		count_final(e, &p, text, confidence);
	obj_unref(owner);
}

static void on_error(void *arg, int err)
{
	struct ear *e = arg;
	e->asr = NULL;               /* gone already */
	lose(e);
}

/* The customer gets an answer now; the recogniser some more time: words that come after all are
 * better than none, unless the customer says them again. */
static void on_wait(void *arg)
{
	struct ear *e = arg;
	if (e->speaking && e->flying.counts && e->flying.utterance == e->utterance) {
		loop_after(e->o.loop, &e->wait, FINAL_AGAIN_MS, on_wait, e);
		return;              /* nobody waits yet */
	}
	if (!e->flying.counts) {
		lose(e);
		return;
	}
	void *owner = obj_ref(e->o.arg);
	loop_after(e->o.loop, &e->wait, FINAL_LOST_MS, on_wait, e);
	int64_t end_ms = e->flying.end_ms;
	owe_nothing(e);
	e->flying.maybe = e->flying.late = true;
	ear_tell_words(e, end_ms, now_us(e));
	obj_unref(owner);
}

void ear_listen(struct ear *e)
{
	static const struct asr_cb cb = { on_partial, on_final, on_error };
	const struct chan_speech *sp = e->o.speech;
	e->asr_ms = LATENCY_MS;
	if (!sp->asr || !sp->ops->asr_serves(sp->asr, sv_of(e->lang)))
		return;
	if (sp->ops->asr_start(sp->asr, sv_of(e->lang), &cb, e, &e->asr))
		e->asr = NULL;
}

void ear_lang(struct ear *e, sv lang)
{
	size_t n = lang.n < 3 ? lang.n : 3;
	if (n == 0 || (strncmp(e->lang, lang.p, n) == 0 && e->lang[n] == '\0'))
		return;
	bool had = e->asr != NULL;
	memset(e->lang, 0, sizeof(e->lang));
	memcpy(e->lang, lang.p, n);
	ear_stop_asr(e);
	ear_drop_words(e);
	ear_listen(e);
	if (!had || e->asr || e->lost)
		return;
	e->lost = true;              /* told later: the engine is speaking just now */
	loop_after(e->o.loop, &e->lost_timer, 0, tell_lost, e);
}

void ear_feed(struct ear *e, const int16_t *s, size_t n)
{
	if (e->asr && n)
		e->o.speech->ops->asr_feed(e->asr, s, n, e->o.rate);
}

void ear_flush(struct ear *e)
{
	if (!e->asr)
		return;
	struct ear_pending p = { .is = true,
				 .counts = e->told,
				 .maybe = true,
				 .start_ms = e->start_ms,
				 .utterance = e->utterance,
				 .spoke = e->spoken_ms >= EAR_SPOKE_MS || e->paused_ms,
				 .end_ms = e->o.tape->ms - e->silence_ms,
				 .silence_ms = e->silence_ms,
				 .ended_us = now_us(e) };
	if (e->due.is) {             /* its sound is in the same stretch */
		p.counts |= e->due.counts;
		p.spoke |= e->due.spoke;
		p.start_ms = e->due.start_ms;
	}
	e->due = p;
	e->flushed = true;
	e->pre_n = 0;
	sb_reset(&e->partial);
	send_due(e);
}
