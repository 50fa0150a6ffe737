/* chan_turn.c: has the customer finished? What the ear asks the end-of-turn model.
 *
 * The utterance is kept as it comes, its last 8 s; at a pause of 200 ms all of it is sent. The
 * answer sets how much silence ends the turn: WAIT_MIN_MS when the voice sounds finished,
 * WAIT_MAX_MS when it does not, in between by its probability. Sounding finished alone is not
 * believed in full, since the model hears many a pause before an order number as an end: without
 * words that look whole the least is WAIT_WORDLESS_MS; with such words half of the extra time
 * goes. A customer known for long pauses gets them in the measure of doubt. Until an answer
 * comes, and when none comes (busy, broken), silence counts as without a model. Part of an ear;
 * shard's thread. */
#include "chan_ear.h"

enum {
	WAIT_MIN_MS = 200,
	WAIT_MAX_MS = 1200,
	WAIT_WORDLESS_MS = 350,
	WAIT_WHOLE_MS = 350,
	KEEP_S = 8,
};

void ear_turn_init(struct ear_turn *t, const struct chan_speech *sp, int rate)
{
	*t = (struct ear_turn){ .speech = sp, .p = -1, .rate = rate };
}

void ear_turn_forget(struct ear_turn *t)
{
	struct turn_run *r = t->run;
	t->run = NULL;
	t->p = -1;
	if (r)
		t->speech->ops->turn_cancel(r);
}

void ear_turn_done(struct ear_turn *t)
{
	if (t->speech)
		ear_turn_forget(t);
	xfree(t->s);
	t->s = NULL;
	t->n = 0;
	t->speech = NULL;
}

void ear_turn_begin(struct ear_turn *t)
{
	ear_turn_forget(t);
	xfree(t->s);
	t->s = NULL;
	t->n = 0;
}

/* Room for a second more than is sent, so that the oldest goes a second at a time. */
void ear_turn_add(struct ear_turn *t, const int16_t *s, size_t n)
{
	size_t second = (size_t)t->rate, cap = (KEEP_S + 1) * second;
	if (!t->speech || !t->speech->turn || !t->speech->ops->turn_start)
		return;
	if (t->n + n > cap) {
		t->n -= second;
		memmove(t->s, t->s + second, t->n * sizeof(*t->s));
	} else if (t->n / second != (t->n + n) / second || !t->s) {
		t->s = xrealloc(t->s, ((t->n + n) / second + 1) * second * sizeof(*t->s));
	}
	memcpy(t->s + t->n, s, n * sizeof(*s));
	t->n += n;
}

static void on_p(void *arg, int err, double p)
{
	struct ear_turn *t = arg;
	t->run = NULL;
	t->p = err ? -1 : p;
}

void ear_turn_ask(struct ear_turn *t)
{
	const struct chan_speech *sp = t->speech;
	size_t most = KEEP_S * (size_t)t->rate, from = t->n > most ? t->n - most : 0;
	ear_turn_forget(t);
	if (!sp || !sp->turn || !sp->ops->turn_start || !t->n)
		return;
	if (sp->ops->turn_start(sp->turn, t->s + from, t->n - from, t->rate, on_p, t, &t->run))
		t->run = NULL;
}

int64_t ear_turn_silence(const struct ear_turn *t, int64_t otherwise, bool whole, double pause_ms)
{
	if (t->p < 0)
		return otherwise;
	double doubt = 1 - t->p;
	double ms = WAIT_MIN_MS + doubt * (WAIT_MAX_MS - WAIT_MIN_MS + pause_ms);
	if (!whole && ms < WAIT_WORDLESS_MS)
		ms = WAIT_WORDLESS_MS;
	else if (whole && ms > WAIT_WHOLE_MS)
		ms = (ms + WAIT_WHOLE_MS) / 2;
	return ms > WAIT_MAX_MS ? WAIT_MAX_MS : (int64_t)ms;
}
