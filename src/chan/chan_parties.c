/* chan_parties.c: orders about the persons of a call, their sums each 20 ms, and the news of them.
 *
 * The customer's clock drives: with each frame of theirs one frame of each person is taken from
 * its pipe (chan_pipe), the table of who hears whom (chan_mix) is summed, and each sum goes to its
 * listener's pipe; so a person is heard by the customer within the same slot, and the way between
 * two telephones is two pipes of a frame's cushion, 80 ms at most. What the customer hears of it
 * goes out as sound under the engine's own (parties_under): recording and echo reference see it as
 * they see our voice, and a whisper is never in it. Who is left alone hears a tune. News waits for
 * the loop's next turn: nobody is told from within an order, so a person may be freed anywhere. */
#include "chan_parties.h"
#include "pcm_music.h"

#include <math.h>

/* ---- the tune: four soft notes that fade, C E G A, one a second ---- */

void parties_tune(int rate, uint64_t pos, int16_t *out)
{
	static const double hz[] = { 523.25, 659.25, 783.99, 880.0 };
	uint64_t second = (uint64_t)rate;
	for (int i = 0; i < rate / 50; i++, pos++) {
		double t = (double)(pos % second) / rate;
		double f = hz[pos / second % 4];
		double gain = t < 0.02 ? t / 0.02 : t > 0.95 ? (1 - t) / 0.05 : 1;
		out[i] = (int16_t)lrint(2000 * gain * exp(-1.5 * t) * sin(2 * M_PI * f * t));
	}
}

/* A company's music is entered where its loop stands, softly. */
void parties_music(struct parties *ps, int rate, int16_t *out)
{
	size_t n = (size_t)rate / 50;
	bool first = !ps->begun;
	if (first)
		ps->tune = ps->music ? pcm_music_at(ps->music, rate, loop_now_us(ps->o.loop)) : 0;
	if (ps->music)
		pcm_music_get(ps->music, rate, ps->tune, out, n);
	else
		parties_tune(rate, ps->tune, out);
	if (first && ps->music)
		pcm_fade(out, n, 0, 1);
	ps->tune += n;
	ps->begun = true;
}

static void set_music(struct parties *ps, struct pcm_music *m)
{
	if (m == ps->music)
		return;
	obj_unref(ps->music);
	ps->music = obj_ref(m);
	ps->begun = false;
}

/* ---- news ---- */

static void news_done(struct party_news *n)
{
	xfree(n->words);
}

static void on_tell(void *arg)
{
	struct parties *ps = obj_ref(arg);
	while (!ps->stopped && ps->n_news) {
		struct party_news n = ps->news[0];
		memmove(&ps->news[0], &ps->news[1], sizeof(n) * (size_t)--ps->n_news);
		struct chan_msg m = { .kind = n.words ? CHAN_PARTY_WORDS : CHAN_PARTY,
				      .client_id = sv_of(n.id),
				      .text = sv_of(n.words ? n.words : n.step),
				      .why = sv_of(n.why),
				      .status = n.status,
				      .mode = (int)n.mode,
				      .partial = n.partial,
				      .confidence = 1,
				      .start_ms = n.start_ms,
				      .end_ms = n.end_ms };
		ps->o.news(ps->o.arg, &m, n.own);
		news_done(&n);
	}
	obj_unref(ps);
}

/* Full: the oldest words go first; steps are few. */
static struct party_news *news_new(struct party *p)
{
	struct parties *ps = p->ps;
	if (ps->n_news == PARTY_NEWS_MAX) {
		int i = 0;
		while (i < PARTY_NEWS_MAX - 1 && !ps->news[i].words)
			i++;
		news_done(&ps->news[i]);
		memmove(&ps->news[i], &ps->news[i + 1],
			sizeof(ps->news[0]) * (size_t)(--ps->n_news - i));
	}
	struct party_news *n = &ps->news[ps->n_news++];
	*n = (struct party_news){ .step = "", .why = "", .own = p->own, .mode = p->mode };
	memcpy(n->id, p->id, sizeof(n->id));
	loop_after(ps->o.loop, &ps->telling, 0, on_tell, ps);
	return n;
}

void parties_tell(struct party *p, const char *step, const char *why, int status)
{
	struct party_news *n = news_new(p);
	n->step = step;
	n->why = why;
	n->status = status;
}

void parties_words(struct party *p, sv text, bool partial)
{
	struct party_news *n = news_new(p);
	n->words = xstrdup(text);
	n->partial = partial;
	n->start_ms = p->ear.start_ms;
	n->end_ms = p->ear.end_ms;
}

/* ---- who is there ---- */

static void seats_of(const struct parties *ps, struct mix_seat ret[CHAN_PARTIES_MAX])
{
	for (int i = 0; i < CHAN_PARTIES_MAX; i++) {
		const struct party *p = &ps->p[i];
		ret[i] = (struct mix_seat){ .there = p->step == PARTY_JOINED,
					    .mode = p->mode,
					    .muted = p->muted,
					    .away = p->held };
	}
}

static bool serves(const struct party *p)
{
	return p->mode == CHAN_TALKS || p->mode == CHAN_ON_HOLD;
}

/* Who was consulted and whom nobody consults any more has the customer now. */
static void promote(struct parties *ps)
{
	for (int i = 0; i < CHAN_PARTIES_MAX; i++)
		if (ps->p[i].step == PARTY_JOINED && serves(&ps->p[i]))
			return;
	for (int i = 0; i < CHAN_PARTIES_MAX; i++) {
		struct party *p = &ps->p[i];
		if (p->step != PARTY_JOINED || p->mode != CHAN_CONSULTS)
			continue;
		p->mode = CHAN_TALKS;
		parties_tell(p, "mode", "", 0);
	}
}

void parties_settle(struct parties *ps)
{
	struct mix_seat seats[CHAN_PARTIES_MAX];
	promote(ps);
	seats_of(ps, seats);
	mix_table(seats, ps->want);
}

/* The supervisor is the agent now: told before those who go, so that nobody seems to be missing. */
static void take_over(struct parties *ps, struct party *by)
{
	by->mode = CHAN_TAKES_OVER;
	parties_tell(by, "joined", "", 0);
	by->mode = CHAN_TALKS;
	for (int i = 0; i < CHAN_PARTIES_MAX; i++) {
		struct party *p = &ps->p[i];
		if (p != by && p->step && p->mode != CHAN_LISTENS && p->mode != CHAN_WHISPERS)
			party_end(p, "taken_over", 0);
	}
}

void parties_joined(struct party *p)
{
	struct parties *ps = p->ps;
	if (p->mode == CHAN_TAKES_OVER)
		take_over(ps, p);
	else
		parties_tell(p, "joined", "", 0);
	parties_settle(ps);
}

void parties_freed(struct parties *ps, struct party *p)
{
	size_t i = (size_t)(p - ps->p);
	ps->n--;
	if (p->step == PARTY_JOINED && party_take(p, ps->ghost[i]))
		ps->ghosts[i] = ps->haunted = true;
}

void parties_again(struct parties *ps)
{
	for (int i = 0; i < CHAN_PARTIES_MAX; i++)
		if (ps->p[i].step == PARTY_JOINED)
			parties_tell(&ps->p[i], "joined", "", 0);
}

/* ---- orders ---- */

static struct party *find(struct parties *ps, sv id)
{
	for (int i = 0; i < CHAN_PARTIES_MAX; i++)
		if (ps->p[i].step && sv_eq(sv_of(ps->p[i].id), id))
			return &ps->p[i];
	return NULL;
}

static int add(struct parties *ps, const struct chan_party *x, bool own)
{
	struct party *p = ps->p;
	if (x->id.n == 0 || x->id.n > CHAN_PARTY_ID || memchr(x->id.p, 0, x->id.n))
		return ERR_INVAL;
	if (find(ps, x->id) || sv_eq(x->id, SV("customer")))
		return ERR_EXISTS;
	while (p < ps->p + CHAN_PARTIES_MAX && p->step)
		p++;
	if (p == ps->p + CHAN_PARTIES_MAX)
		return ERR_FULL;
	*p = (struct party){ .ps = ps, .mode = x->mode, .muted = x->mute, .own = own };
	memcpy(p->id, x->id.p, x->id.n);
	size_t n = x->lang.n < 3 ? x->lang.n : 3;
	memcpy(p->lang, n ? x->lang.p : "en", n ? n : 2);
	p->briefing = x->briefing.n ? xstrdup(x->briefing) : NULL;
	p->step = PARTY_RINGING;
	ps->n++;
	int rc = party_ring(p, x->to, x->ring_ms);
	if (rc)
		party_free(p);
	return rc;
}

static int set_mode(struct party *p, enum chan_party_mode mode)
{
	bool same = p->mode == mode;
	p->mode = mode;
	if (p->step != PARTY_JOINED || same)
		return 0;
	if (mode == CHAN_TAKES_OVER)
		take_over(p->ps, p);
	else
		parties_tell(p, "mode", "", 0);
	parties_settle(p->ps);
	return 0;
}

static int mute(struct party *p, bool on)
{
	if (p->muted == on)
		return 0;
	p->muted = on;
	parties_tell(p, on ? "muted" : "unmuted", "", 0);
	parties_settle(p->ps);
	return 0;
}

static int press(struct party *p, sv keys)
{
	char z[CHAN_PARTY_KEYS_MAX + 1] = { 0 };
	if (keys.n == 0 || keys.n > CHAN_PARTY_KEYS_MAX)
		return ERR_INVAL;
	if (p->step != PARTY_JOINED || !p->leg)
		return ERR_STATE;
	memcpy(z, keys.p, keys.n);
	return tel_leg_dtmf(p->leg, z);
}

static int drop_all(struct parties *ps)
{
	for (int i = 0; i < CHAN_PARTIES_MAX; i++)   /* before the customer would be theirs */
		if (ps->p[i].step && ps->p[i].mode == CHAN_CONSULTS)
			party_end(&ps->p[i], "dropped", 0);
	for (int i = 0; i < CHAN_PARTIES_MAX; i++)
		if (ps->p[i].step)
			party_end(&ps->p[i], "dropped", 0);
	return 0;
}

int parties_order(struct parties *ps, const struct chan_party *x, bool own)
{
	if (ps->stopped)
		return ERR_CLOSED;
	if (x->mode > CHAN_TAKES_OVER)
		return ERR_INVAL;
	if (x->act == CHAN_PARTY_ADD)
		return add(ps, x, own);
	if (x->act == CHAN_PARTY_WAIT) {
		ps->waits = x->mute;
		set_music(ps, x->music);
		return 0;
	}
	if (x->act == CHAN_PARTY_DROP && x->id.n == 0)
		return drop_all(ps);
	struct party *p = find(ps, x->id);
	if (!p)
		return ERR_NOTFOUND;
	switch (x->act) {
	case CHAN_PARTY_MODE: return set_mode(p, x->mode);
	case CHAN_PARTY_MUTE: return mute(p, x->mute);
	case CHAN_PARTY_KEYS: return press(p, x->keys);
	case CHAN_PARTY_DROP: party_end(p, "dropped", 0); return 0;
	default: return ERR_INVAL;
	}
}

/* ---- the 20 ms ---- */

void parties_hear(struct parties *ps, const int16_t *in, int64_t at_ms)
{
	int16_t from[CHAN_PARTIES_MAX][MIX_FRAME], to[CHAN_PARTIES_MAX][MIX_FRAME];
	const int16_t *src[MIX_MOUTHS] = { in };
	int16_t *out[MIX_EARS] = { ps->mixed };
	bool sound[MIX_EARS];
	ps->at_ms = at_ms;
	ps->driven = true;
	if (ps->n == 0 && !ps->haunted) {
		ps->bot_sounds = false;
		return;
	}
	for (int i = 0; i < CHAN_PARTIES_MAX; i++) {
		struct party *p = &ps->p[i];
		src[i + 1] = ps->ghosts[i] ? ps->ghost[i] : NULL;
		ps->ghosts[i] = false;
		if (p->step != PARTY_JOINED)
			continue;
		out[i + 1] = to[i];
		src[i + 1] = party_take(p, from[i]) ? from[i] : NULL;
		if (ps->want[MIX_CUSTOMER][i + 1])
			party_ear_hear(p, from[i]);
	}
	src[MIX_BOT] = ps->bot_sounds ? ps->bot : NULL;
	ps->bot_sounds = ps->haunted = false;
	mix_run(&ps->mix, ps->want, src, (size_t)ps->o.rate / 50, out, sound);
	ps->mixed_sounds = sound[MIX_CUSTOMER];
	for (int i = 0; i < CHAN_PARTIES_MAX; i++)
		if (ps->p[i].step == PARTY_JOINED)
			party_send(&ps->p[i], to[i]);
}

/* Somebody is being got for the customer, or has left them for a moment. */
static bool alone(const struct parties *ps)
{
	struct mix_seat seats[CHAN_PARTIES_MAX];
	bool comes = ps->waits;
	for (int i = 0; i < CHAN_PARTIES_MAX && !comes; i++)
		comes = ps->p[i].step && ps->p[i].mode != CHAN_LISTENS &&
			ps->p[i].mode != CHAN_WHISPERS;
	if (!comes)
		return false;
	seats_of(ps, seats);
	return !mix_served(seats);
}

/* The tune, or its fading when it ends. */
static bool tune(struct parties *ps, int16_t *out, bool on)
{
	int16_t s[MIX_FRAME];
	size_t n = (size_t)ps->o.rate / 50;
	if (!on && !ps->tuned) {
		ps->begun = false;
		return false;
	}
	parties_music(ps, ps->o.rate, s);
	if (!on)
		pcm_fade(s, n, 1, 0);
	pcm_mix(out, s, n);
	ps->tuned = on;
	return true;
}

int parties_under(struct parties *ps, int16_t *out, int n)
{
	int all = ps->o.rate / 50;
	if (n > 0) {
		memcpy(ps->bot, out, (size_t)all * sizeof(*out));
		ps->bot_sounds = true;
	}
	if (ps->mixed_sounds) {
		pcm_mix(out, ps->mixed, (size_t)all);
		n = all;
	}
	ps->mixed_sounds = false;
	return tune(ps, out, n == 0 && alone(ps)) ? all : n;
}

void parties_key(struct parties *ps, char digit)
{
	char keys[2] = { digit, '\0' };
	for (int i = 0; i < CHAN_PARTIES_MAX; i++)
		if (ps->p[i].step == PARTY_JOINED && ps->p[i].leg && ps->want[MIX_CUSTOMER][i + 1])
			(void)tel_leg_dtmf(ps->p[i].leg, keys);
}

/* ---- up and down ---- */

static void parties_done(void *obj)
{
	struct parties *ps = obj;
	obj_unref(ps->music);
	obj_unref(ps->o.people);
}

struct parties *parties_new(const struct parties_opts *o)
{
	struct parties *ps = obj_new(sizeof(*ps), parties_done);
	ps->o = *o;
	ps->o.people = obj_ref(o->people);
	return ps;
}

void parties_stop(struct parties *ps)
{
	ps->stopped = true;
	for (int i = 0; i < CHAN_PARTIES_MAX; i++)
		if (ps->p[i].step)
			party_free(&ps->p[i]);
	loop_timer_stop(&ps->telling);
	for (int i = 0; i < ps->n_news; i++)
		news_done(&ps->news[i]);
	ps->n_news = 0;
}
