/* t_chan_hall.h: a call on a simulated loop with persons at browsers: each speaks a tone of its own
 * all the time, and what each hears is kept, so that every pair can be judged. */
#ifndef CALLM_T_CHAN_HALL_H
#define CALLM_T_CHAN_HALL_H

#include "t_chan_world.h"
#include "chan_people.h"
#include "chan_seat.h"

enum { H_SEATS = 4, H_KEEP = 16000 * 20 };

struct ear_of {                      /* what one hears: kept samples */
	int rate, n;
	int16_t s[H_KEEP];
};
struct h_seat {
	struct chan_seat *s;
	int on, off, closes;
	uint64_t phase;
	bool silent;
	struct ear_of ear;
};
struct hall {
	struct world w;              /* first */
	struct mbox *door, *box;
	struct chan_people *people;
	struct h_seat seat[H_SEATS];
	struct ear_of ear;           /* the customer's */
	uint64_t phase;
	bool silent;                 /* the customer */
	char log[4096];              /* news of persons: "agent joined;" */
	size_t objs;
};

static const double h_hz[1 + H_SEATS] = { 400, 700, 1000, 1300, 1600 };

static inline void h_on_msg(void *user, const struct chan_msg *m)
{
	struct hall *h = user;
	size_t n = strlen(h->log);
	if (m->kind == CHAN_PARTY || m->kind == CHAN_PARTY_WORDS)
		snprintf(h->log + n, sizeof(h->log) - n, SV_FMT " %s" SV_FMT "%s" SV_FMT ";",
			 SV_ARG(m->client_id), m->partial ? "~" : "", SV_ARG(m->text),
			 m->why.n ? " " : "", SV_ARG(m->why));
	w_on_msg(user, m);
}

static inline void h_on_audio(void *arg, sv pcm)
{
	struct h_seat *x = arg;
	size_t n = pcm.n / 2;
	if (x->ear.n + (int)n > H_KEEP)
		t_fail(__FILE__, __LINE__, "no room to hear more");
	memcpy(x->ear.s + x->ear.n, pcm.p, pcm.n);
	x->ear.n += (int)n;
}

static inline void h_on_line(void *arg, bool on, sv party)
{
	struct h_seat *x = arg;
	*(on ? &x->on : &x->off) += 1;
}

static inline void h_on_closed(void *arg)
{
	((struct h_seat *)arg)->closes++;
}

static inline int h_sit(struct hall *h, int i)
{
	static const char *const tokens[H_SEATS] = { "mei", "tom", "lin", "xia" };
	struct h_seat *x = &h->seat[i];
	x->ear.rate = 16000;
	return chan_seat_open(&x->s, h->people,
			      &(struct chan_seat_opts){ .door = h->door,
							.token = sv_of(tokens[i]),
							.cb = { h_on_audio, h_on_line,
								h_on_closed },
							.arg = x });
}

static inline void tone_of(int16_t *s, int n, double hz, int rate, uint64_t *phase)
{
	for (int i = 0; i < n; i++, (*phase)++)
		s[i] = (int16_t)lrint(5000 * sin(2 * M_PI * hz * (double)*phase / rate));
}

static inline void h_seats_speak(struct hall *h)
{
	for (int i = 0; i < H_SEATS; i++) {
		struct h_seat *x = &h->seat[i];
		int16_t s[320] = { 0 };
		if (!x->silent)
			tone_of(s, 320, h_hz[i + 1], 16000, &x->phase);
		if (x->s)
			chan_seat_rx(x->s, sv_n((char *)s, sizeof(s)));
	}
}

static inline void h_step(struct hall *h)
{
	struct world *w = &h->w;
	int n = w->o.rate / 50;
	int16_t in[320] = { 0 };
	h_seats_speak(h);
	loop_sim_advance(w->loop, 20);
	mbox_drain(h->door);
	if (!w->v)
		return;
	if (!h->silent)
		tone_of(in, n, h_hz[0], w->o.rate, &h->phase);
	chan_voice_rx(w->v, in, (size_t)n, loop_now_ms(w->loop));
	if (!w->v || h->ear.n + n > H_KEEP)
		return;
	w->n_out = chan_voice_tx(w->v, h->ear.s + h->ear.n);
	h->ear.n += n;
}

static inline void h_run(struct hall *h, int ms)
{
	for (int t = 0; t < ms; t += 20)
		h_step(h);
}

static inline bool h_tone(const struct ear_of *e, double hz, int ms)
{
	int n = e->rate / 1000 * ms;
	return e->n >= n && pcm_goertzel_db(e->s + e->n - n, (size_t)n, hz, e->rate) > -40;
}

/* Whom one hears in the last 200 ms: "c" the customer, "1".. a seat, "b" the engine, "t" a tune. */
static inline const char *h_hears(const struct ear_of *e)
{
	static char is[16];
	int n = 0;
	for (int i = 0; i <= H_SEATS; i++)
		if (h_tone(e, h_hz[i], 200))
			is[n++] = "c1234"[i];
	if (h_tone(e, 500, 200))
		is[n++] = 'b';
	bool tune = false;           /* its first note is too near to the engine's tone */
	for (int i = n && is[n - 1] == 'b'; i < 4; i++)
		tune |= h_tone(e, (double[]){ 523.25, 659.25, 783.99, 880 }[i], 200);
	if (tune)
		is[n++] = 't';
	is[n] = '\0';
	return is;
}

/* Runs a while, then: what the customer hears, and the seats. NULL = not asked. */
#define H_HEAR(h, customer, a, b, c)                                     \
	do {                                                             \
		h_run(h, 400);                                           \
		STR_EQ(h_hears(&(h)->ear), customer);                    \
		const char *want_[] = { a, b, c };                       \
		for (int i_ = 0; i_ < 3; i_++)                           \
			if (want_[i_])                                   \
				STR_EQ(h_hears(&(h)->seat[i_].ear), want_[i_]); \
	} while (0)

static inline int h_do(struct hall *h, struct chan_party x)
{
	return chan_party(h->w.peer, &x);
}

static inline int h_add(struct hall *h, const char *id, const char *to, enum chan_party_mode mode)
{
	return h_do(h, (struct chan_party){ .act = CHAN_PARTY_ADD, .id = sv_of(id), .to = sv_of(to),
					    .mode = mode, .lang = SV("en") });
}

static inline int h_mode(struct hall *h, const char *id, enum chan_party_mode mode)
{
	return h_do(h, (struct chan_party){
			       .act = CHAN_PARTY_MODE, .id = sv_of(id), .mode = mode });
}

static inline int h_mute(struct hall *h, const char *id, bool on)
{
	return h_do(h, (struct chan_party){ .act = CHAN_PARTY_MUTE, .id = sv_of(id), .mute = on });
}

static inline int h_drop(struct hall *h, const char *id)
{
	return h_do(h, (struct chan_party){ .act = CHAN_PARTY_DROP, .id = sv_of(id) });
}

static inline void h_open(struct hall *h, int rate, int seats)
{
	static const struct chan_sink sink = { w_on_open, h_on_msg, w_on_close };
	*h = (struct hall){ .objs = obj_live() };
	w_init(&h->w, rate);
	h->w.o.sink = &sink;
	h->w.no_hush = true;
	h->ear.rate = rate;
	h->door = mbox_new(NULL);
	h->box = mbox_new(h->w.loop);
	OK(chan_people_open(&h->people, &(struct chan_people_opts){ .words = true }));
	h->w.o.people = h->people;
	h->w.o.box = h->box;
	for (int i = 0; i < seats; i++)
		OK(h_sit(h, i));
	OK(w_open(&h->w));
}

static inline void h_close(struct hall *h)
{
	chan_voice_free(h->w.v);
	h->w.v = NULL;
	for (int i = 0; i < H_SEATS; i++) {
		chan_seat_close(h->seat[i].s);
		h->seat[i].s = NULL;
	}
	h_run(h, 20);
	chan_people_close(h->people);
	mbox_free(h->door);
	mbox_free(h->box);
	w_done(&h->w);
	EQ(obj_live(), h->objs);
}

#endif
