/* chan_seat.c: a browser of the company as a telephone line.
 *
 * A line is a token with at most one seat (the door's half) and one call (the shard's half); it
 * exists while it has either. Both ends are found under the lock of chan_people, and what is sent
 * to the other side is posted under it too: so no message goes to a mailbox whose owner has let
 * go. A seat and a call are counted, one reference for each message under way; what arrives after
 * its receiver has let go is dropped. Who reloads the page opens a new seat on the same line: the
 * call on it goes on. */
#include "chan_seat.h"
#include "chan.h"
#include "chan_people_int.h"

struct seat_line {
	struct seat_line *next;
	char token[CHAN_SEAT_TOKEN + 1];
	struct chan_seat *seat;
	struct seat_call *call;
};
struct chan_seat {                   /* an obj; the door's but for line, which the lock guards */
	struct chan_people *people;  /* a reference */
	struct mbox *door;
	struct seat_line *line;      /* NULL = another seat took it */
	struct chan_seat_cb cb;
	void *arg;
	bool closed;
	uint8_t odd;                 /* half a sample left from the last chunk */
	bool has_odd;
};
struct seat_call {                   /* an obj; the shard's but for line */
	struct chan_people *people;  /* a reference */
	struct mbox *box;
	struct seat_line *line;
	char party[CHAN_PARTY_ID + 1];
	const struct seat_call_cb *cb;       /* NULL = released */
	void *arg;
};

/* ---- lines, all under the lock ---- */

static struct seat_line *line_find(const struct chan_people *p, sv token)
{
	for (struct seat_line *l = p->lines; l; l = l->next)
		if (sv_eq(sv_of(l->token), token))
			return l;
	return NULL;
}

static struct seat_line *line_of(struct chan_people *p, sv token)
{
	struct seat_line *l = line_find(p, token);
	if (l)
		return l;
	l = xalloc(sizeof(*l));
	memcpy(l->token, token.p, token.n);
	l->next = p->lines;
	return p->lines = l;
}

static void line_drop(struct chan_people *p, struct seat_line *l)
{
	if (l->seat || l->call)
		return;
	for (struct seat_line **at = &p->lines; *at; at = &(*at)->next)
		if (*at == l) {
			*at = l->next;
			break;
		}
	xfree(l);
}

/* ---- to the door ---- */

enum up_kind { UP_AUDIO, UP_LINE, UP_CLOSED };
struct up {
	struct chan_seat *s;
	enum up_kind kind;
	bool on;
	char party[CHAN_PARTY_ID + 1];
	int16_t pcm[320];
};

static void door_got(void *arg)
{
	struct up *u = arg;
	struct chan_seat *s = u->s;
	if (!s->closed && u->kind == UP_AUDIO)
		s->cb.on_audio(s->arg, sv_n((char *)u->pcm, sizeof(u->pcm)));
	else if (!s->closed && u->kind == UP_LINE)
		s->cb.on_line(s->arg, u->on, sv_of(u->party));
	else if (!s->closed)
		s->cb.on_closed(s->arg);
	xfree(u);
	obj_unref(s);
}

static struct up *up_new(struct chan_seat *s, enum up_kind kind)
{
	struct up *u = xalloc(sizeof(*u));
	u->s = obj_ref(s);
	u->kind = kind;
	return u;
}

static void up_post(struct up *u)
{
	if (mbox_post(u->s->door, door_got, u) == 0)
		return;
	obj_unref(u->s);
	xfree(u);
}

static void tell_line(struct seat_line *l, bool on)
{
	if (!l->seat || !l->call)
		return;
	struct up *u = up_new(l->seat, UP_LINE);
	u->on = on;
	memcpy(u->party, l->call->party, sizeof(u->party));
	up_post(u);
}

/* ---- to the shard ---- */

enum down_kind { DOWN_SOUND, DOWN_AWAY, DOWN_BACK };
struct down {
	struct seat_call *c;
	enum down_kind kind;
	size_t n;
	int16_t s[];
};

static void shard_got(void *arg)
{
	struct down *d = arg;
	struct seat_call *c = d->c;
	if (c->cb && d->kind == DOWN_SOUND)
		c->cb->on_sound(c->arg, d->s, d->n);
	else if (c->cb)
		c->cb->on_away(c->arg, d->kind == DOWN_AWAY);
	xfree(d);
	obj_unref(c);
}

static void down_post(struct seat_call *c, struct down *d, enum down_kind kind)
{
	d->c = obj_ref(c);
	d->kind = kind;
	if (mbox_post(c->box, shard_got, d) == 0)
		return;
	obj_unref(c);
	xfree(d);
}

/* ---- the shard's half ---- */

static void call_done(void *obj)
{
	struct seat_call *c = obj;
	obj_unref(c->people);
}

int seat_take(struct chan_people *p, sv token, sv party, struct mbox *box,
	      const struct seat_call_cb *cb, void *arg, struct seat_call **ret)
{
	struct seat_call *c = obj_new(sizeof(*c), call_done);
	c->people = obj_ref(p);
	c->box = box;
	c->cb = cb;
	c->arg = arg;
	memcpy(c->party, party.p, party.n < sizeof(c->party) ? party.n : sizeof(c->party) - 1);
	(void)pthread_mutex_lock(&p->lock);
	struct seat_line *l = line_find(p, token);
	int rc = !l || !l->seat ? ERR_NOTFOUND : l->call ? ERR_BUSY : 0;
	if (rc == 0) {
		c->line = l;
		l->call = c;
		tell_line(l, true);
	}
	(void)pthread_mutex_unlock(&p->lock);
	if (rc)
		obj_unref(c);
	else
		*ret = c;
	return rc;
}

void seat_send(struct seat_call *c, const int16_t s[320])
{
	(void)pthread_mutex_lock(&c->people->lock);
	if (c->line->seat) {
		struct up *u = up_new(c->line->seat, UP_AUDIO);
		memcpy(u->pcm, s, sizeof(u->pcm));
		up_post(u);
	}
	(void)pthread_mutex_unlock(&c->people->lock);
}

void seat_release(struct seat_call *c)
{
	if (!c)
		return;
	struct chan_people *p = c->people;
	(void)pthread_mutex_lock(&p->lock);
	tell_line(c->line, false);
	c->line->call = NULL;
	line_drop(p, c->line);
	(void)pthread_mutex_unlock(&p->lock);
	c->line = NULL;
	c->cb = NULL;
	obj_unref(c);
}

/* ---- the door's half ---- */

static void seat_done(void *obj)
{
	struct chan_seat *s = obj;
	obj_unref(s->people);
}

/* The line is this seat's now; who had it is told to go. */
static void sit(struct chan_seat *s, struct seat_line *l)
{
	struct chan_seat *was = l->seat;
	l->seat = s;
	s->line = l;
	if (was) {
		was->line = NULL;
		up_post(up_new(was, UP_CLOSED));
	}
	if (!l->call)
		return;
	tell_line(l, true);
	down_post(l->call, xalloc(sizeof(struct down)), DOWN_BACK);
}

int chan_seat_open(struct chan_seat **ret, struct chan_people *people,
		   const struct chan_seat_opts *o)
{
	if (o->token.n == 0 || o->token.n > CHAN_SEAT_TOKEN || memchr(o->token.p, 0, o->token.n))
		return ERR_INVAL;
	struct chan_seat *s = obj_new(sizeof(*s), seat_done);
	s->people = obj_ref(people);
	s->door = o->door;
	s->cb = o->cb;
	s->arg = o->arg;
	(void)pthread_mutex_lock(&people->lock);
	sit(s, line_of(people, o->token));
	(void)pthread_mutex_unlock(&people->lock);
	*ret = s;
	return 0;
}

/* Whole samples of it; half a one waits for the next chunk. */
static struct down *samples(struct chan_seat *s, sv bytes)
{
	size_t total = bytes.n + s->has_odd;
	struct down *d = xalloc(sizeof(*d) + total + 2);
	uint8_t *to = (uint8_t *)d->s;
	if (s->has_odd)
		*to++ = s->odd;
	memcpy(to, bytes.p, bytes.n);
	d->n = total / 2;
	s->has_odd = total % 2;
	if (s->has_odd)
		s->odd = ((uint8_t *)d->s)[total - 1];
	return d;
}

void chan_seat_rx(struct chan_seat *s, sv bytes)
{
	if (bytes.n == 0)
		return;
	struct down *d = samples(s, bytes);
	(void)pthread_mutex_lock(&s->people->lock);
	if (s->line && s->line->call)
		down_post(s->line->call, d, DOWN_SOUND);
	else
		xfree(d);
	(void)pthread_mutex_unlock(&s->people->lock);
}

void chan_seat_close(struct chan_seat *s)
{
	if (!s)
		return;
	s->closed = true;
	struct chan_people *p = s->people;
	(void)pthread_mutex_lock(&p->lock);
	struct seat_line *l = s->line;
	s->line = NULL;
	if (l) {
		l->seat = NULL;
		if (l->call)
			down_post(l->call, xalloc(sizeof(struct down)), DOWN_AWAY);
		line_drop(p, l);
	}
	(void)pthread_mutex_unlock(&p->lock);
	obj_unref(s);
}
