/* asr_win.c: windows, jobs and partial results for recognisers that hear a whole piece of sound at
 * once (Whisper in a process, a transcription server).
 *
 * A run has its current utterance, and the one before it while its final result is owed. Each is a
 * row of windows; a window that grows beyond WINDOW_MS is cut at a pause and decoded as it stands,
 * its text kept. Slots take jobs in this order: final results, oldest flush first; windows that
 * are complete; windows that grow (partial results, if the engine wants them). A partial job makes
 * way for a final one. A growing window is decoded anew when enough sound came (at least STEP_MS,
 * and twice the time the last one took: half a slot's time at most), and at once when the caller
 * pauses, so that usually the words are known before the utterance is declared over: if nothing
 * loud follows, that result becomes the final one. What two hypotheses in a row begin with is the
 * partial result.
 *
 * Sound stays here until its words are known: when a slot dies, its job is given to another, or to
 * the same one when it is back, TRIES times a run's utterance. All on the loop's thread. */
#include "asr_int.h"

enum {
	WINDOW_MS = 25000,
	PARTS_MAX = 4,       /* windows of an utterance that wait */
	STEP_MS = 700,
	FIRST_MS = 600,      /* of sound, before the first partial */
	PAUSE_MS = 240,      /* of quiet, that is taken for the end of a sentence */
	TRIES = 3,
	TEXT_MAX = 16 << 10
};

struct part { /* one window */
	struct asr_clip clip;
	uint32_t id;
	bool heard;        /* text is its result */
	size_t upto;       /* samples that the last hypothesis knows */
	struct sb last;    /* the last hypothesis */
	double conf;
};
struct utterance {
	struct part part[PARTS_MAX];
	int n;             /* the last one grows */
	struct sb text;    /* of the windows that are done and gone */
	double conf;       /* least of them */
	struct sb told;    /* the last partial result */
	int tries;
};
struct win { /* run->priv; an obj */
	struct win_pool *pool;
	struct asr_run *r;
	struct utterance now, owed;
	struct loop_timer late, soon;
	int64_t next_ms;   /* no partial before */
	uint32_t ids;
};
struct win_pool {
	struct asr *a;
	struct win_opts o;
	struct win_slot *slots;
	struct loop_timer kick;
};

static void pump(struct win_pool *p);

/* ---- utterances ---- */

static void utt_init(struct utterance *u)
{
	*u = (struct utterance){ .conf = 1 };
	sb_init(&u->text, TEXT_MAX);
	sb_init(&u->told, TEXT_MAX);
	for (int i = 0; i < PARTS_MAX; i++)
		sb_init(&u->part[i].last, TEXT_MAX);
}

static void utt_clear(struct utterance *u)
{
	for (int i = 0; i < PARTS_MAX; i++) {
		clip_clear(&u->part[i].clip);
		sb_reset(&u->part[i].last);
		u->part[i].heard = false;
		u->part[i].upto = 0;
		u->part[i].id = 0;
	}
	sb_reset(&u->text);
	sb_reset(&u->told);
	u->n = u->tries = 0;
	u->conf = 1;
}

static void utt_done(struct utterance *u)
{
	for (int i = 0; i < PARTS_MAX; i++) {
		clip_done(&u->part[i].clip);
		sb_done(&u->part[i].last);
	}
	sb_done(&u->text);
	sb_done(&u->told);
}

static void join(struct sb *b, sv text)
{
	uint32_t next = 0;
	if (!text.n)
		return;
	sv t = text;
	next = sv_rune(&t);
	if (b->n && !sv_is_cjk(next))
		sb_ch(b, ' ');
	sb_put(b, text);
}

/* Windows at the front whose words are known give them up and go. */
static void shift(struct utterance *u, bool last_too)
{
	while (u->n && u->part[0].heard && (u->n > 1 || last_too)) {
		struct part first = u->part[0];
		if (first.last.n) {
			join(&u->text, sb_sv(&first.last));
			u->conf = first.conf < u->conf ? first.conf : u->conf;
		}
		memmove(u->part, u->part + 1, sizeof(u->part[0]) * (PARTS_MAX - 1));
		clip_clear(&first.clip);
		sb_reset(&first.last);
		first.heard = false;
		first.id = 0;
		first.upto = 0;
		u->part[PARTS_MAX - 1] = first;
		u->n--;
	}
}

static struct part *part_find(struct utterance *u, uint32_t id)
{
	for (int i = 0; i < u->n; i++)
		if (u->part[i].id == id)
			return &u->part[i];
	return NULL;
}

static struct part *part_add(struct win *w, struct utterance *u)
{
	struct part *p = &u->part[u->n++];
	w->ids = w->ids + 1 ? w->ids + 1 : 1;
	p->id = w->ids;
	p->upto = 0;
	p->heard = false;
	return p;
}

/* Its words are known as far as words go: nothing loud came since. */
static bool known(const struct part *p)
{
	return p->upto > 0 && !clip_loud_since(&p->clip, p->upto);
}

/* ---- slots ---- */

static struct win_slot *slot_of(const struct win *w, uint32_t part)
{
	for (int i = 0; i < w->pool->o.slots; i++) {
		struct win_slot *s = &w->pool->slots[i];
		if (s->busy && s->run == w->r && s->part == part && !s->stopping)
			return s;
	}
	return NULL;
}

static struct win_slot *idle_slot(struct win_pool *p)
{
	for (int i = 0; i < p->o.slots; i++)
		if (p->slots[i].up && !p->slots[i].busy)
			return &p->slots[i];
	return NULL;
}

static void stop_slot(struct win_slot *s)
{
	if (!s->busy || s->stopping)
		return;
	s->stopping = true;
	s->run = NULL;
	s->pool->o.ops->stop(s);
}

static void begin_job(struct win *w, struct win_slot *s, struct part *p, bool final)
{
	s->run = w->r;
	s->part = p->id;
	s->busy = true;
	s->stopping = false;
	s->final = final;
	s->upto = p->clip.n;
	s->begun_ms = loop_now_ms(w->r->a->loop);
	if (s->pool->o.ops->begin(s, &p->clip, final) == 0)
		return;
	s->busy = s->up = false;
	s->run = NULL;
}

/* The window of this run that most needs a slot; *final tells which kind of need. */
static struct part *need(struct win *w, bool final)
{
	struct utterance *const both[] = { &w->owed, &w->now };
	for (int k = 0; k < 2; k++) {
		struct utterance *u = both[k];
		bool whole = k == 0 && w->r->flushing;
		for (int i = 0; i < u->n && final; i++) {
			struct part *p = &u->part[i];
			if (!p->heard && (whole || i < u->n - 1) && !slot_of(w, p->id))
				return p;
		}
	}
	if (final || !w->pool->o.partials || !w->now.n)
		return NULL;
	struct part *p = &w->now.part[w->now.n - 1];
	int64_t ms = clip_ms(&p->clip, p->clip.n - p->upto), now = loop_now_ms(w->r->a->loop);
	bool pause = clip_ms(&p->clip, p->clip.quiet) >= PAUSE_MS && ms >= PAUSE_MS;
	bool due = now >= w->next_ms && ms >= STEP_MS && clip_ms(&p->clip, p->clip.n) >= FIRST_MS;
	if (slot_of(w, p->id) || !(pause || due) || p->clip.loudest <= 0 ||
	    !clip_loud_since(&p->clip, p->upto))
		return NULL;
	return p;
}

static bool older(const struct asr_run *a, const struct asr_run *b)
{
	if (a->flushing != b->flushing)
		return a->flushing;
	return a->flushed_ms < b->flushed_ms;
}

static struct win *neediest(struct win_pool *p, bool final)
{
	struct win *best = NULL;
	for (struct asr_run *r = p->a->runs; r; r = r->next) {
		struct win *w = r->priv;
		if (need(w, final) && (!best || older(r, best->r)))
			best = w;
	}
	return best;
}

/* A final result waits and no slot is free: a partial one makes way. */
static void make_way(struct win_pool *p)
{
	for (int i = 0; i < p->o.slots; i++)
		if (p->slots[i].busy && p->slots[i].stopping)
			return; /* one is on its way */
	for (int i = 0; i < p->o.slots; i++)
		if (p->slots[i].busy && !p->slots[i].final) {
			stop_slot(&p->slots[i]);
			return;
		}
}

static void pump(struct win_pool *p)
{
	for (;;) {
		struct win *w = neediest(p, true);
		bool final = w != NULL;
		struct win_slot *s = idle_slot(p);
		if (final && !s)
			make_way(p);
		if (!final)
			w = neediest(p, false);
		if (!w || !s)
			return;
		begin_job(w, s, need(w, final), final);
	}
}

static void on_kick(void *arg)
{
	pump(arg);
}

/* ---- results ---- */

/* Bytes that two hypotheses begin with, whole words or Chinese characters. */
static size_t agreed(sv a, sv b)
{
	size_t whole = 0, at = 0;
	sv ra = a, rb = b;
	while (ra.n && rb.n) {
		uint32_t x = sv_rune(&ra), y = sv_rune(&rb);
		if (sv_fold(x) != sv_fold(y))
			break;
		at = (size_t)(ra.p - a.p);
		sv next = ra;
		uint32_t n = ra.n ? sv_rune(&next) : ' ';
		if (sv_is_cjk(x) || sv_is_cjk(n) || n == ' ')
			whole = at;
	}
	return whole;
}

static bool tell_partial(struct win *w, sv stable)
{
	struct utterance *u = &w->now;
	struct sb b;
	sb_init(&b, TEXT_MAX);
	sb_put(&b, sb_sv(&u->text));
	join(&b, stable);
	bool on = true;
	if (b.n && !sv_eq(sb_sv(&b), sb_sv(&u->told)) && b.n >= u->told.n) {
		sb_reset(&u->told);
		sb_put(&u->told, sb_sv(&b));
		on = asr_emit_partial(w->r, sb_sv(&b));
	}
	sb_done(&b);
	return on;
}

static void give_final(struct win *w)
{
	struct utterance *u = &w->owed;
	struct sb b;
	double conf = u->text.n ? u->conf : 0;
	sb_init(&b, TEXT_MAX);
	sb_put(&b, sb_sv(&u->text));
	loop_timer_stop(&w->late);
	loop_timer_stop(&w->soon);
	utt_clear(u);
	(void)asr_emit_final(w->r, sb_sv(&b), conf);
	sb_done(&b);
}

static void settle(struct win *w)
{
	shift(&w->now, false);
	if (!w->r->flushing)
		return;
	shift(&w->owed, true);
	if (w->owed.n == 0)
		give_final(w);
}

static void keep_answer(struct win *w, struct part *p, const struct win_slot *s,
			const struct win_answer *ans)
{
	bool mine = p == part_find(&w->now, p->id);
	bool growing = mine && p == &w->now.part[w->now.n - 1];
	size_t stable = growing ? agreed(sb_sv(&p->last), ans->text) : 0;
	int64_t took = loop_now_ms(w->r->a->loop) - s->begun_ms;
	p->upto = s->upto;
	p->conf = ans->confidence;
	sb_reset(&p->last);
	sb_put(&p->last, ans->text);
	w->next_ms = loop_now_ms(w->r->a->loop) + took;
	if (growing) {
		if (clip_ms(&p->clip, p->clip.quiet) >= PAUSE_MS && known(p))
			stable = ans->text.n;
		(void)tell_partial(w, sv_slice(ans->text, 0, stable));
	} else {
		p->heard = s->final || known(p);
	}
}

/* The job comes to nothing: another try, or the run ends. */
static void try_again(struct win *w, uint32_t part, int err)
{
	struct utterance *u = part_find(&w->owed, part) ? &w->owed : &w->now;
	if (part_find(u, part) && (++u->tries >= TRIES || !err_retryable(err)))
		asr_emit_error(w->r, err);
}

void win_answered(struct win_slot *s, const struct win_answer *ans)
{
	struct win_pool *pool = s->pool;
	struct asr_run *r = s->run;
	struct win_slot job = *s;
	s->busy = s->stopping = false;
	s->run = NULL;
	if (r && !r->dead) {
		struct win *w = obj_ref(r->priv);
		obj_ref(r);
		struct part *p = part_find(&w->owed, job.part);
		p = p ? p : part_find(&w->now, job.part);
		if (ans->err)
			try_again(w, job.part, ans->err);
		else if (p)
			keep_answer(w, p, &job, ans);
		if (!r->dead)
			settle(w);
		obj_unref(r);
		obj_unref(w);
	}
	loop_after(pool->a->loop, &pool->kick, 0, on_kick, pool);
}

void win_slot_up(struct win_slot *s, bool up)
{
	s->up = up;
	if (!up && s->busy) {
		struct win_answer none = { .err = s->run ? ERR_UPSTREAM : ERR_CANCELED };
		win_answered(s, &none);
	}
	loop_after(s->pool->a->loop, &s->pool->kick, 0, on_kick, s->pool);
}

void win_refuse(struct win_pool *p, int err)
{
	while (p->a->runs)
		asr_emit_error(p->a->runs, err);
}

/* ---- runs ---- */

static void win_free(void *obj)
{
	struct win *w = obj;
	utt_done(&w->now);
	utt_done(&w->owed);
}

int win_start(struct asr_run *r)
{
	struct win_pool *p = *(struct win_pool **)r->a->priv;
	if (r->a->n_runs >= (size_t)(p->o.slots * p->o.runs_a_slot))
		return ERR_BUSY;
	struct win *w = obj_new(sizeof(*w), win_free);
	w->pool = p;
	w->r = r;
	utt_init(&w->now);
	utt_init(&w->owed);
	r->priv = w;
	return 0;
}

void win_feed(struct asr_run *r, const int16_t *s, size_t n, int rate_hz)
{
	struct win *w = r->priv;
	struct utterance *u = &w->now;
	struct part *p = u->n ? &u->part[u->n - 1] : part_add(w, u);
	clip_add(&p->clip, s, n, rate_hz);
	if (clip_ms(&p->clip, p->clip.n) >= WINDOW_MS && u->n < PARTS_MAX) {
		struct part *rest = part_add(w, u); /* keeps the end; p the beginning */
		clip_swap(&rest->clip, &p->clip);
		clip_split(&rest->clip, &p->clip);
		p->id = ++w->ids; /* a job for the uncut one is not its result */
		p->upto = 0;
		sb_reset(&p->last);
	}
	if (need(w, true) || need(w, false))
		loop_after(r->a->loop, &w->pool->kick, 0, on_kick, w->pool);
}

static void on_late(void *arg)
{
	struct win *w = arg;
	asr_set_error(w->r->a, SV("a final result took too long"));
	asr_emit_error(w->r, ERR_TIMEOUT);
}

static void on_soon(void *arg)
{
	struct win *w = obj_ref(arg);
	struct win_pool *p = w->pool;
	settle(w);
	obj_unref(w);
	pump(p);
}

void win_flush(struct asr_run *r)
{
	struct win *w = r->priv;
	struct utterance t = w->owed;
	w->owed = w->now; /* owed was empty */
	w->now = t;
	struct utterance *u = &w->owed;
	for (int i = 0; i < u->n; i++) {
		struct part *p = &u->part[i];
		struct win_slot *s = slot_of(w, p->id);
		bool nothing = p->clip.n == 0 || !clip_loud_since(&p->clip, 0);
		p->heard = p->heard || nothing || (p->upto && known(p));
		if (nothing)
			sb_reset(&p->last);
		if (s && clip_loud_since(&p->clip, s->upto))
			stop_slot(s); /* it does not hear the end */
		else if (s)
			s->final = true;
	}
	loop_after(r->a->loop, &w->late, w->pool->o.final_ms, on_late, w);
	loop_after(r->a->loop, &w->soon, 0, on_soon, w);
}

void win_leave(struct asr_run *r)
{
	struct win *w = r->priv;
	struct win_pool *p = w->pool;
	loop_timer_stop(&w->late);
	loop_timer_stop(&w->soon);
	for (int i = 0; i < p->o.slots; i++)
		if (p->slots[i].run == r)
			stop_slot(&p->slots[i]);
	r->priv = NULL;
	obj_unref(w);
}

/* ---- the pool ---- */

struct win_pool *win_pool_new(struct asr *a, const struct win_opts *o)
{
	struct win_pool *p = xalloc(sizeof(*p));
	p->a = a;
	p->o = *o;
	p->slots = xalloc((size_t)o->slots * sizeof(*p->slots));
	for (int i = 0; i < o->slots; i++)
		p->slots[i] = (struct win_slot){ .pool = p, .index = i };
	return p;
}

void win_pool_free(struct win_pool *p)
{
	loop_timer_stop(&p->kick);
	xfree(p->slots);
	xfree(p);
}

struct win_slot *win_pool_slot(struct win_pool *p, int i)
{
	return &p->slots[i];
}
