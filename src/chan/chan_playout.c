/* chan_playout.c: the playout ledger: text spans to samples really sent.
 *
 * Pieces of text wait in order. Speech for the first is made at once, for the next when less than five seconds of
 * sound are left (so little is wasted when the customer cuts in). Sound lies in one line of samples with absolute
 * numbers; marks of the synthesiser tie bytes of text to them. What was heard is read off at the sample that
 * went out last. Shard's thread. */
#include "chan_playout.h"

#define AHEAD_MS 5000
#define MADE_MAX_S 120               /* sound waiting at most */
#define FADE_MS 10

void playout_init(struct playout *p, const struct chan_speech *speech, struct loop *l, int rate)
{
	*p = (struct playout){ .speech = speech, .loop = l, .rate = rate };
}

static void piece_free(struct playout_piece *x)
{
	if (x->run)
		x->p->speech->ops->tts_cancel(x->run);
	pcm_rs_close(x->rs);
	VEC_FREE(&x->marks);
	xfree(x->text);
	xfree(x);
}

void playout_done(struct playout *p)
{
	for (int i = 0; i < p->n; i++)
		piece_free(p->pieces[i]);
	p->n = 0;
	VEC_FREE(&p->ring);
}

/* ---- making speech ---- */

static void make_next(struct playout *p);

static void put_samples(struct playout *p, const int16_t *s, size_t n)
{
	size_t room = (size_t)p->rate * MADE_MAX_S;
	if (p->ring_off > (size_t)p->rate * 2) {
		memmove(p->ring.v, p->ring.v + p->ring_off, (p->ring.n - p->ring_off) * sizeof(*s));
		p->ring.n -= p->ring_off;
		p->ring_off = 0;
	}
	for (size_t i = 0; i < n; i++) {
		int16_t *slot = VEC_PUSH(&p->ring, room);
		if (!slot)
			return;
		*slot = s[i];
		p->written++;
	}
}

static void on_pcm(void *arg, const int16_t *s, size_t n, int rate_hz)
{
	struct playout_piece *x = arg;
	struct playout *p = x->p;
	if (rate_hz == p->rate) {
		put_samples(p, s, n);
		return;
	}
	if (x->rs_hz != rate_hz) {
		pcm_rs_close(x->rs);
		x->rs = NULL;
		x->rs_hz = rate_hz;
		if (pcm_rs_open(&x->rs, rate_hz, p->rate, 5))
			return;
	}
	int16_t out[4096];
	while (n && x->rs) {
		size_t take = n < 1024 ? n : 1024;
		size_t made = pcm_rs_run(x->rs, s, take, out, sizeof(out) / sizeof(*out));
		put_samples(p, out, made);
		s += take;
		n -= take;
	}
}

static void on_mark(void *arg, size_t text_offset, size_t samples)
{
	struct playout_piece *x = arg;
	int hz = x->rs_hz ? x->rs_hz : x->p->rate;
	struct playout_mark *m = VEC_PUSH(&x->marks, 4096);
	if (!m || text_offset > x->bytes)
		return;
	m->text = x->base + text_offset;
	m->sample = x->first + (uint64_t)samples * (uint64_t)x->p->rate / (uint64_t)hz;
}

static bool start_engine(struct playout_piece *x);

static void on_end(void *arg, int err)
{
	struct playout_piece *x = arg;
	x->run = NULL;
	if (err && x->p->written == x->first) {
		x->engine++;
		if (start_engine(x))
			return;
	}
	x->made = true;
	x->end = x->p->written;
	make_next(x->p);
}

static bool start_engine(struct playout_piece *x)
{
	static const struct tts_cb cb = { on_pcm, on_mark, on_end };
	const struct chan_speech *sp = x->p->speech;
	for (; x->engine < sp->n_tts; x->engine++) {
		struct tts *t = sp->tts[x->engine];
		if (sp->ops->tts_serves(t, sv_of(x->lang)) &&
		    sp->ops->tts_start(t, sv_of(x->text), sv_of(x->lang), &cb, x, &x->run) == 0)
			return true;
	}
	return false;
}

int64_t playout_left_ms(const struct playout *p)
{
	return (int64_t)((p->written - p->played) * 1000 / (uint64_t)p->rate);
}

/* At most one piece is being made: sound then comes in the order of the text. */
static void make_next(struct playout *p)
{
	for (int i = 0; i < p->n; i++) {
		struct playout_piece *x = p->pieces[i];
		if (x->started && !x->made)
			return;
		if (x->started)
			continue;
		if (i > 0 && playout_left_ms(p) > AHEAD_MS)
			return;
		x->started = true;
		x->first = p->written;
		x->asked_us = loop_now_us(p->loop);
		if (x->bytes && start_engine(x))
			return;
		x->made = true;
		x->end = p->written;
	}
}

static void drop_first(struct playout *p)
{
	piece_free(p->pieces[0]);
	p->n--;
	memmove(&p->pieces[0], &p->pieces[1], sizeof(struct playout_piece *) * (size_t)p->n);
}

int playout_say(struct playout *p, const struct chan_out *o)
{
	if (p->n == PLAYOUT_PIECES)
		return ERR_FULL;
	if (o->say_id != p->say_id) {
		p->say_id = o->say_id;
		p->say_bytes = 0;
	}
	struct playout_piece *x = p->pieces[p->n++] = xalloc(sizeof(*x));
	*x = (struct playout_piece){ .p = p, .say_id = o->say_id, .base = p->say_bytes, .bytes = o->text.n,
				     .final = o->final, .uninterruptible = o->uninterruptible };
	x->text = xstrdup(o->text);
	size_t n = o->lang.n < 3 ? o->lang.n : 3;
	memcpy(x->lang, o->lang.p ? o->lang.p : "en", n);
	p->say_bytes += o->text.n;
	make_next(p);
	return 0;
}

/* ---- sending ---- */

static void settle_pieces(struct playout *p)
{
	while (p->n) {
		struct playout_piece *x = p->pieces[0];
		if (!x->made || p->played < x->end)
			return;
		bool final = x->final;
		uint32_t id = x->say_id;
		drop_first(p);
		make_next(p);
		if (final)
			p->on_played(p->arg, id);
	}
}

static int pull_fade(struct playout *p, int16_t *out, int want)
{
	int n = p->fade_n < (size_t)want ? (int)p->fade_n : want;
	memcpy(out, p->fade, (size_t)n * sizeof(*out));
	p->fade_n = 0;
	return n;
}

int playout_pull(struct playout *p, int16_t *out)
{
	int want = p->rate / 50;
	memset(out, 0, (size_t)want * sizeof(*out));
	if (p->fade_n)
		return pull_fade(p, out, want);
	size_t have = p->ring.n - p->ring_off;
	int n = have < (size_t)want ? (int)have : want;
	if (n) {
		for (int i = 0; i < p->n; i++)
			if (p->pieces[i]->base == 0 && p->pieces[i]->started && p->pieces[i]->first == p->played)
				p->on_first(p->arg);
		memcpy(out, p->ring.v + p->ring_off, (size_t)n * sizeof(*out));
		p->ring_off += (size_t)n;
		p->played += (uint64_t)n;
		if (p->gain_db < 0)
			pcm_gain(out, (size_t)n, p->gain_db);
	}
	make_next(p);
	settle_pieces(p);
	return n;
}

bool playout_busy(const struct playout *p)
{
	return p->n > 0;
}

bool playout_may_cut(const struct playout *p)
{
	return p->n == 0 || !p->pieces[0]->uninterruptible;
}

static size_t heard_of(const struct playout_piece *x, uint64_t played)
{
	if (x->made && played >= x->end)
		return x->base + x->bytes;
	if (!x->started || played <= x->first)
		return x->base;
	size_t heard = x->base;
	for (size_t i = 0; i < x->marks.n && x->marks.v[i].sample <= played; i++)
		heard = x->marks.v[i].text;
	if (x->marks.n == 0 && x->made && x->end > x->first)   /* an engine without marks: by time */
		heard = x->base + (size_t)((double)x->bytes * (double)(played - x->first) /
					   (double)(x->end - x->first));
	return heard;
}

void playout_hush(struct playout *p, struct chan_heard *ret)
{
	*ret = (struct chan_heard){ 0 };
	if (p->n == 0)
		return;
	ret->say_id = p->pieces[0]->say_id;
	for (int i = 0; i < p->n && p->pieces[i]->say_id == ret->say_id; i++) {
		ret->bytes = heard_of(p->pieces[i], p->played);
		if (!p->pieces[i]->made || p->played < p->pieces[i]->end)
			break;
	}
	size_t have = p->ring.n - p->ring_off, fade = (size_t)p->rate * FADE_MS / 1000;
	p->fade_n = have < fade ? have : fade;
	memcpy(p->fade, p->ring.v ? p->ring.v + p->ring_off : p->fade, p->fade_n * sizeof(*p->fade));
	pcm_fade(p->fade, p->fade_n, 1, 0);
	if (p->gain_db < 0)
		pcm_gain(p->fade, p->fade_n, p->gain_db);
	for (int i = 0; i < p->n; i++)
		piece_free(p->pieces[i]);
	p->n = 0;
	p->ring.n = p->ring_off = 0;
	p->played = p->written;
	p->say_id = 0;
	p->gain_db = 0;
}
