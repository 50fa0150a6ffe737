/* chan_playout.c: the playout ledger: text spans to samples really sent.
 *
 * Pieces of text wait in order. Speech for the first is made at once, for the next when less
 * than five seconds of sound are left (so little is wasted when the customer cuts in). Sound
 * lies in one line of samples with absolute numbers; marks of the synthesiser tie bytes of text
 * to them. What was heard is read off at the sample that went out last. Shard's thread. */
#include "chan_playout.h"

#include <math.h>

#define AHEAD_MS 5000
#define MADE_MAX_S 120               /* sound waiting at most */
#define FADE_MS 10
#define BYTE_MS 80 /* one byte of text as speech, generously (English 65, Chinese 75) */
#define ASKED_MS 1000                /* who answers so early heard the question coming */
#define SOUND_DB (-45.0)             /* can be heard */
#define TAIL_MS 10                   /* what the resampler still holds at the end of a piece */

void playout_init(struct playout *p, const struct chan_speech *speech, int rate)
{
	*p = (struct playout){ .speech = speech, .rate = rate, .gain = 1 };
}

static void piece_free(struct playout_piece *x)
{
	if (x->run)
		x->p->speech->ops->tts_cancel(x->run);
	pcm_rs_close(x->rs);
	pcm_stretch_free(x->stretch);
	VEC_FREE(&x->marks);
	chan_sound_done(&x->copy);
	xfree(x->text);
	xfree(x);
}

void playout_done(struct playout *p)
{
	for (int i = 0; i < p->n; i++)
		piece_free(p->pieces[i]);
	p->n = 0;
	ring_clear(&p->ring);
	p->fade_n = 0;
	p->played = p->written;
	p->say_open = false;
}

/* ---- making speech ---- */

static void make_next(struct playout *p);

static void put_samples(struct playout *p, const int16_t *s, size_t n)
{
	size_t room = (size_t)p->rate * MADE_MAX_S;
	room -= p->ring.n < room ? p->ring.n : room;
	n = n < room ? n : room;
	ring_put(&p->ring, s, n);
	p->written += n;
}

#define COPY_MAX_S 40 /* the longest sound worth keeping */

static void put_stretched(void *arg, const int16_t *s, size_t n)
{
	put_samples(arg, s, n);
}

/* At the piece's own speed. What is kept for others is not: pace is for this customer now. */
static void put_paced(struct playout_piece *x, const int16_t *s, size_t n)
{
	struct playout *p = x->p;
	if (x->pace && !x->stretch)
		x->stretch = pcm_stretch_new(p->rate, x->pace);
	if (x->stretch)
		pcm_stretch_run(x->stretch, s, n, put_stretched, p);
	else
		put_samples(p, s, n);
}

static void end_paced(struct playout_piece *x)
{
	if (x->stretch)
		pcm_stretch_end(x->stretch, put_stretched, x->p);
}

static void put_made(struct playout_piece *x, const int16_t *s, size_t n)
{
	put_paced(x, s, n);
	for (size_t i = 0; x->shared && i < n; i++) {
		int16_t *slot = VEC_PUSH(&x->copy.s, (size_t)x->p->rate * COPY_MAX_S);
		if (slot)
			*slot = s[i];
		else
			x->shared = false;
	}
}

static void resample(struct playout_piece *x, const int16_t *s, size_t n)
{
	int16_t out[4096];
	while (n && x->rs) {
		size_t take = n < 512 ? n : 512;
		size_t made = pcm_rs_run(x->rs, s, take, out, sizeof(out) / sizeof(*out));
		put_made(x, out, made);
		s += take;
		n -= take;
	}
}

static void on_pcm(void *arg, const int16_t *s, size_t n, int rate_hz)
{
	struct playout_piece *x = arg;
	struct playout *p = x->p;
	if (x->hz != rate_hz) {
		pcm_rs_close(x->rs);
		x->rs = NULL;
		x->hz = rate_hz;
		if (rate_hz != p->rate && pcm_rs_open(&x->rs, rate_hz, p->rate, 5))
			x->rs = NULL;
	}
	size_t known = x->skip < n ? x->skip : n;
	x->skip -= known;
	s += known;
	n -= known;
	x->got += n;
	if (rate_hz == p->rate)
		put_made(x, s, n);
	else
		resample(x, s, n);
}

static void on_mark(void *arg, size_t text_offset, size_t samples)
{
	struct playout_piece *x = arg;
	if (text_offset > x->bytes || (x->skip && samples < x->got))
		return;              /* not of this text; or known */
	if (text_offset == 0)
		x->marks.n = 0;      /* told anew */
	struct chan_mark *m = VEC_PUSH(&x->marks, 4096);
	if (m)
		*m = (struct chan_mark){ samples, text_offset };
}

static bool start_engine(struct playout_piece *x);

static void copy_marks(struct chan_sound *to, const struct chan_mark *v, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct chan_mark *m = VEC_PUSH(&to->marks, 4096);
		if (m)
			*m = v[i];
	}
}

static void keep_copy(struct playout_piece *x)
{
	struct chan_cache *c = x->p->speech->cache;
	if (!c || !x->shared || x->copy.s.n == 0)
		return;
	x->copy.hz = x->hz;
	copy_marks(&x->copy, x->marks.v, x->marks.n);
	chan_cache_put(c, sv_of(x->text), sv_of(x->lang), x->p->rate, &x->copy);
}

/* The same words were said before: their sound is at hand. */
static bool play_kept(struct playout_piece *x)
{
	struct chan_cache *c = x->p->speech->cache;
	if (!c || !x->shared)
		return false;
	const struct chan_sound *kept =
		chan_cache_find(c, sv_of(x->text), sv_of(x->lang), x->p->rate);
	if (!kept)
		return false;
	x->hz = kept->hz;
	put_paced(x, kept->s.v, kept->s.n);
	end_paced(x);
	for (size_t i = 0; i < kept->marks.n; i++)
		on_mark(x, kept->marks.v[i].text, kept->marks.v[i].sample);
	return true;
}

/* Who says what an engine left unsaid: the next one, else the same once more. */
static int rest_engine(const struct playout_piece *x)
{
	int next = x->engine + 1;
	return next < x->p->speech->n_tts || x->rest ? next : x->engine;
}

/* The engine broke off: what it said stands up to its last mark, the rest of the text becomes a
 * piece of its own. */
static void split_broken(struct playout_piece *x)
{
	struct playout *p = x->p;
	size_t at = x->marks.n ? x->marks.v[x->marks.n - 1].text : 0;
	if (at == 0 || at >= x->bytes || p->n == PLAYOUT_PIECES)
		return;
	struct playout_piece *rest = xalloc(sizeof(*rest));
	*rest = (struct playout_piece){ .p = p,
					.say_id = x->say_id,
					.base = x->base + at,
					.bytes = x->bytes - at,
					.final = x->final,
					.pace = x->pace,
					.uninterruptible = x->uninterruptible,
					.rest = true,
					.engine = rest_engine(x) };
	rest->text = xstrdup(sv_n(x->text + at, rest->bytes));
	memcpy(rest->lang, x->lang, sizeof(rest->lang));
	x->bytes = at;
	x->final = false;
	int i = 0;
	while (p->pieces[i] != x)
		i++;
	memmove(&p->pieces[i + 2], &p->pieces[i + 1],
		sizeof(struct playout_piece *) * (size_t)(p->n - i - 1));
	p->pieces[i + 1] = rest;
	p->n++;
}

static void on_end(void *arg, int err)
{
	struct playout_piece *x = arg;
	static const int16_t zero[192000 / 1000 * TAIL_MS];
	x->run = NULL;
	if (err && x->p->written == x->first) {
		x->engine++;
		x->marks.n = 0;
		pcm_stretch_free(x->stretch);
		x->stretch = NULL;
		if (start_engine(x))
			return;
	}
	if (x->rs)
		resample(x, zero, (size_t)x->hz / 1000 * TAIL_MS);
	end_paced(x);
	if (err)
		split_broken(x);
	else
		keep_copy(x);
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

int64_t playout_owed_ms(const struct playout *p)
{
	int64_t ms = playout_left_ms(p);
	for (int i = 0; i < p->n; i++)
		if (!p->pieces[i]->made)
			ms += (int64_t)p->pieces[i]->bytes * BYTE_MS;
	return ms;
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
		if (x->bytes && !play_kept(x) && start_engine(x))
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

/* No place left: the text joins the last piece, whose synthesis has not begun. */
static int say_joined(struct playout *p, const struct chan_out *o)
{
	struct playout_piece *x = p->pieces[p->n - 1];
	if (x->started || x->say_id != o->say_id)
		return ERR_FULL;
	x->text = xrealloc(x->text, x->bytes + o->text.n + 1);
	if (o->text.n)
		memcpy(x->text + x->bytes, o->text.p, o->text.n);
	x->bytes += o->text.n;
	x->text[x->bytes] = '\0';
	x->final |= o->final;
	x->shared &= o->shared;
	p->say_bytes += o->text.n;
	p->say_open = !o->final;
	return 0;
}

/* Slower or faster by less than 3 percent is not heard. */
static int pace_of(int percent)
{
	return percent > 0 && (percent < 98 || percent > 102) ? percent : 0;
}

int playout_say(struct playout *p, const struct chan_out *o)
{
	if (o->say_id != p->say_id) {
		p->say_id = o->say_id;
		p->say_bytes = 0;
	}
	if (p->n == PLAYOUT_PIECES)
		return say_joined(p, o);
	struct playout_piece *x = p->pieces[p->n++] = xalloc(sizeof(*x));
	*x = (struct playout_piece){ .p = p,
				     .say_id = o->say_id,
				     .base = p->say_bytes,
				     .bytes = o->text.n,
				     .final = o->final,
				     .shared = o->shared,
				     .pace = pace_of(o->rate),
				     .uninterruptible = o->uninterruptible };
	x->text = xstrdup(o->text);
	size_t n = o->lang.n < 3 ? o->lang.n : 3;
	memcpy(x->lang, n ? o->lang.p : "en", n ? n : 2);
	p->say_bytes += o->text.n;
	p->say_open = !o->final;
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
		size_t bytes = x->base + x->bytes;
		drop_first(p);
		make_next(p);
		if (final)
			p->on_played(p->arg, id, bytes);
	}
}

static int pull_fade(struct playout *p, int16_t *out, int want)
{
	int n = p->fade_n < (size_t)want ? (int)p->fade_n : want;
	memcpy(out, p->fade, (size_t)n * sizeof(*out));
	p->fade_n = 0;
	return n;
}

/* Ducking and its end are ramps over one frame: no clicks. */
static void set_gain(struct playout *p, int16_t *s, size_t n)
{
	double want = p->gain_db < 0 && playout_may_cut(p) ? pow(10, p->gain_db / 20) : 1;
	want = p->paused ? 0 : want;
	if (want < 1 || p->gain < 1)
		pcm_fade(s, n, p->gain, want);
	p->gain = want;
}

/* How many samples go out now: all that there are, none in a pause, a fade into one. */
static size_t take_now(const struct playout *p, size_t want)
{
	size_t have = p->ring.n, fade = (size_t)p->rate * FADE_MS / 1000;
	size_t n = have < want ? have : want;
	if (!p->paused)
		return n;
	if (p->gain == 0)
		return 0;
	return n < fade ? n : fade;
}

static void tell_first(struct playout *p, uint64_t end)
{
	for (int i = 0; i < p->n; i++) {
		const struct playout_piece *x = p->pieces[i];
		if (x->base == 0 && x->started && x->first >= p->played && x->first < end) {
			p->first_say = x->say_id;
			p->on_first(p->arg, x->say_id);
		}
	}
}

/* Synthesis begins with up to 200 ms of nothing: what can be heard comes later than on_first. */
static void tell_sound(struct playout *p, const int16_t *s, size_t n)
{
	if (!p->first_say || pcm_dbfs(s, n) < SOUND_DB)
		return;
	if (p->on_sound)
		p->on_sound(p->arg, p->first_say);
	p->first_say = 0;
}

int playout_pull(struct playout *p, int16_t *out)
{
	int want = p->rate / 50;
	memset(out, 0, (size_t)want * sizeof(*out));
	if (p->fade_n)
		return pull_fade(p, out, want);
	if (p->paused && !playout_may_cut(p))
		p->paused = false;
	int n = (int)take_now(p, (size_t)want);
	if (n) {
		tell_first(p, p->played + (uint64_t)n);
		(void)ring_peek(&p->ring, out, (size_t)n);
		ring_drop(&p->ring, (size_t)n);
		p->played += (uint64_t)n;
		set_gain(p, out, (size_t)n);
		tell_sound(p, out, (size_t)n);
	}
	if (p->paused)
		p->gain = 0;
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

void playout_pause(struct playout *p)
{
	if (p->n && playout_may_cut(p))
		p->paused = true;
}

static void make_again(struct playout *p);

void playout_go(struct playout *p)
{
	p->paused = false;
	make_again(p);
}

/* The last place at or before `at` where a word of text ends. */
static size_t word_end(sv text, size_t at)
{
	at = sv_head(text, at).n;
	size_t i = at;
	while (i && i < text.n && (unsigned char)text.p[i - 1] < 0x80 && text.p[i - 1] != ' ')
		i--;                 /* nor within a word of letters */
	return i;
}

static size_t heard_of(const struct playout_piece *x, uint64_t played)
{
	if (x->made && played >= x->end)
		return x->base + x->bytes;
	if (!x->started || played <= x->first)
		return x->base;
	uint64_t rate = (uint64_t)x->p->rate, hz = x->hz ? (uint64_t)x->hz : rate;
	if (x->pace) {               /* marks are the voice's own, the line's time is ours */
		rate *= 100;
		hz *= (uint64_t)x->pace;
	}
	size_t heard = x->base;
	for (size_t i = 0; i < x->marks.n; i++) {
		if (x->first + x->marks.v[i].sample * rate / hz > played)
			break;
		heard = x->base + x->marks.v[i].text;
	}
	if (x->marks.n || !x->made || x->end <= x->first)
		return heard;
	double part = (double)(played - x->first) / (double)(x->end - x->first);
	return x->base + word_end(sv_n(x->text, x->bytes), (size_t)((double)x->bytes * part));
}

static bool ends_asking(sv text)
{
	text = sv_trim(text);
	return sv_ends(text, SV("?")) || sv_ends(text, SV("？"));
}

void playout_let_go(struct playout *p)
{
	for (int i = 0; i < p->n; i++) {
		struct playout_piece *x = p->pieces[i];
		if (!x->run)
			continue;
		p->speech->ops->tts_cancel(x->run);
		x->run = NULL;
		x->let_go = true;
	}
}

/* The same words in the same voice: so many samples of them are there already. */
static void make_again(struct playout *p)
{
	for (int i = 0; i < p->n; i++) {
		struct playout_piece *x = p->pieces[i];
		if (!x->let_go)
			continue;
		x->let_go = false;
		x->skip = x->got;
		if (!start_engine(x))
			on_end(x, ERR_UPSTREAM);
		return;              /* one is made at a time */
	}
}

bool playout_asked(const struct playout *p)
{
	if (!p->n)
		return false;
	const struct playout_piece *x = p->pieces[0];
	bool last = p->n == 1 && x->made && playout_left_ms(p) < ASKED_MS;
	size_t heard = last ? x->bytes : heard_of(x, p->played) - x->base;
	return ends_asking(sv_n(x->text, heard));
}

static void start_fade(struct playout *p)
{
	size_t have = p->ring.n, fade = (size_t)p->rate * FADE_MS / 1000;
	p->fade_n = have < fade ? have : fade;
	if (p->fade_n == 0)
		return;
	if (p->gain == 0)            /* it stands still already */
		p->fade_n = 0;
	(void)ring_peek(&p->ring, p->fade, p->fade_n);
	pcm_fade(p->fade, p->fade_n, p->gain, 0);
}

void playout_hush(struct playout *p, struct chan_heard *ret)
{
	*ret = (struct chan_heard){ 0 };
	if (p->n == 0 && p->say_open) {      /* between two pieces: all that came was heard */
		ret->say_id = p->say_id;
		ret->bytes = p->say_bytes;
	}
	if (p->n)
		ret->say_id = p->pieces[0]->say_id;
	for (int i = 0; i < p->n && p->pieces[i]->say_id == ret->say_id; i++) {
		ret->bytes = heard_of(p->pieces[i], p->played);
		if (!p->pieces[i]->made || p->played < p->pieces[i]->end)
			break;
	}
	if (p->n)
		start_fade(p);
	for (int i = 0; i < p->n; i++)
		piece_free(p->pieces[i]);
	p->n = 0;
	ring_clear(&p->ring);
	p->played = p->written;
	p->say_id = 0;
	p->say_open = false;
	p->gain_db = 0;
	p->gain = 1;
	p->paused = false;
	p->first_say = 0;
}

/* ---- warming the cache: a say that nobody hears ---- */

struct chan_warm {
	struct playout p;
};

static void nobody_played(void *arg, uint32_t say_id, size_t bytes)
{
}

static void nobody_first(void *arg, uint32_t say_id)
{
}

struct chan_warm *chan_warm_start(const struct chan_speech *sp, sv text, sv lang, int rate)
{
	if (!sp->cache || !text.n)
		return NULL;
	struct chan_warm *w = xalloc(sizeof(*w));
	struct chan_out o = {
		.say_id = 1, .text = text, .lang = lang, .final = true, .shared = true
	};
	playout_init(&w->p, sp, rate);
	w->p.on_played = nobody_played;
	w->p.on_first = nobody_first;
	playout_say(&w->p, &o);
	return w;
}

void chan_warm_free(struct chan_warm *w)
{
	if (!w)
		return;
	playout_done(&w->p);
	xfree(w);
}
