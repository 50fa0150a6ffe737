/* Unit tests of the desk's browsers as lines: the door's mailbox and the shard's in one thread. */
#include <pthread.h>
#include <stdio.h>
#include "t.h"
#include "chan_people_int.h"
#include "chan_seat.h"

struct end {                         /* one browser */
	struct chan_seat *s;
	int audio, on, off, closes;
	char party[64];
	int16_t last;
};
struct place {
	struct loop *loop;
	struct mbox *door, *box;
	struct chan_people *people;
	struct seat_call *call;
	size_t heard, objs;
	int16_t last;
	int away, back;
};

static void on_audio(void *arg, sv pcm)
{
	struct end *e = arg;
	e->audio += pcm.n == 640;
	memcpy(&e->last, pcm.p, 2);
}

static void on_line(void *arg, bool on, sv party)
{
	struct end *e = arg;
	*(on ? &e->on : &e->off) += 1;
	snprintf(e->party, sizeof(e->party), SV_FMT, SV_ARG(party));
}

static void on_closed(void *arg)
{
	((struct end *)arg)->closes++;
}

static void on_sound(void *arg, const int16_t *s, size_t n)
{
	struct place *x = arg;
	x->heard += n;
	x->last = n ? s[n - 1] : 0;
}

static void on_away(void *arg, bool away)
{
	struct place *x = arg;
	*(away ? &x->away : &x->back) += 1;
}

static const struct seat_call_cb call_cb = { on_sound, on_away };

static void x_open(struct place *x)
{
	*x = (struct place){ .objs = obj_live() };
	x->loop = loop_new_sim(1800000000000);
	x->door = mbox_new(NULL);
	x->box = mbox_new(x->loop);
	OK(chan_people_open(&x->people, &(struct chan_people_opts){ 0 }));
}

static int x_sit(struct place *x, struct end *e, const char *token)
{
	*e = (struct end){ 0 };
	return chan_seat_open(&e->s, x->people,
			      &(struct chan_seat_opts){ .door = x->door,
							.token = sv_of(token),
							.cb = { on_audio, on_line, on_closed },
							.arg = e });
}

static int x_take(struct place *x, const char *token)
{
	return seat_take(x->people, sv_of(token), SV("agent:mei"), x->box, &call_cb, x, &x->call);
}

static void x_turn(struct place *x)
{
	loop_sim_advance(x->loop, 1);
	mbox_drain(x->door);
}

static void x_close(struct place *x)
{
	x_turn(x);
	chan_people_close(x->people);
	mbox_free(x->door);
	mbox_free(x->box);
	loop_free(x->loop);
	EQ(obj_live(), x->objs);
}

TEST(seat_carries_sound_both_ways)
{
	struct place x;
	struct end a;
	int16_t s[320] = { [0] = 7, [319] = 42 };
	x_open(&x);
	EQ(x_take(&x, "mei"), ERR_NOTFOUND);
	OK(x_sit(&x, &a, "mei"));
	chan_seat_rx(a.s, sv_n((char *)s, 640)); /* nobody there: nowhere */
	x_turn(&x);
	OK(x_take(&x, "mei"));
	EQ(x_take(&x, "mei"), ERR_BUSY);
	x_turn(&x);
	EQ(a.on, 1);
	STR_EQ(a.party, "agent:mei");
	chan_seat_rx(a.s, sv_n((char *)s, 3));   /* any chunking */
	chan_seat_rx(a.s, sv_n((char *)s + 3, 636));
	chan_seat_rx(a.s, sv_n((char *)s + 639, 1));
	x_turn(&x);
	EQ(x.heard, 320);
	EQ(x.last, 42);
	seat_send(x.call, s);
	x_turn(&x);
	EQ(a.audio, 1);
	EQ(a.last, 7);
	seat_release(x.call);
	x_turn(&x);
	EQ(a.off, 1);
	OK(x_take(&x, "mei"));                   /* and again */
	seat_release(x.call);
	chan_seat_close(a.s);
	x_close(&x);
}

/* The page is loaded anew: another seat, the same call. */
TEST(seat_that_goes_may_come_back)
{
	struct place x;
	struct end a, b, c;
	int16_t s[320] = { 9 };
	x_open(&x);
	OK(x_sit(&x, &a, "mei"));
	OK(x_take(&x, "mei"));
	chan_seat_close(a.s);
	seat_send(x.call, s);
	x_turn(&x);
	EQ(x.away, 1);
	EQ(a.audio + a.on + a.closes, 0);        /* no callback after the close */
	OK(x_sit(&x, &b, "mei"));
	x_turn(&x);
	EQ(x.back, 1);
	EQ(b.on, 1);
	OK(x_sit(&x, &c, "mei"));                /* two pages: the newer one has the line */
	x_turn(&x);
	EQ(b.closes, 1);
	EQ(c.on, 1);
	chan_seat_rx(b.s, sv_n((char *)s, 640));
	x_turn(&x);
	EQ(x.heard, 0);
	chan_seat_close(b.s);                    /* takes nothing from the newer one */
	seat_send(x.call, s);
	x_turn(&x);
	EQ(c.audio, 1);
	EQ(x.away, 1);
	seat_release(x.call);
	chan_seat_close(c.s);
	EQ(x_take(&x, "mei"), ERR_NOTFOUND);
	x_close(&x);
}

TEST(seat_bad_tokens)
{
	struct place x;
	struct end a;
	char longer[80];
	memset(longer, 'a', 79);
	longer[79] = '\0';
	x_open(&x);
	EQ(x_sit(&x, &a, ""), ERR_INVAL);
	EQ(x_sit(&x, &a, longer), ERR_INVAL);
	longer[CHAN_SEAT_TOKEN] = '\0';
	OK(x_sit(&x, &a, longer));
	EQ(x_take(&x, "aa"), ERR_NOTFOUND);
	chan_seat_close(NULL);
	seat_release(NULL);
	chan_seat_close(a.s);
	x_close(&x);
}

/* ---- a door and a shard, each with its thread: everything is given back, whoever goes first */

struct racer {
	struct chan_people *people;
	struct mbox *door, *box;
	struct loop *loop;
	_Atomic bool stop;
	_Atomic int taken;
};

static void race_sound(void *arg, const int16_t *s, size_t n)
{
}

static void race_away(void *arg, bool away)
{
}

static void *shard_races(void *arg)
{
	static const struct seat_call_cb cb = { race_sound, race_away };
	struct racer *r = arg;
	int16_t s[320] = { 0 };
	while (!r->stop) {
		struct seat_call *c = NULL;
		if (seat_take(r->people, SV("mei"), SV("a"), r->box, &cb, r, &c))
			continue;
		r->taken++;
		for (int i = 0; i < 5; i++)
			seat_send(c, s);
		loop_sim_advance(r->loop, 1);
		seat_release(c);
		loop_sim_advance(r->loop, 1);
	}
	return NULL;
}

static void ignore_audio(void *arg, sv pcm)
{
}

static void ignore_line(void *arg, bool on, sv party)
{
}

static void ignore_closed(void *arg)
{
}

TEST(seat_door_and_shard_race)
{
	size_t objs = obj_live();
	struct racer r = { .door = mbox_new(NULL), .loop = loop_new_sim(1800000000000) };
	int16_t s[320] = { 0 };
	pthread_t t;
	r.box = mbox_new(r.loop);
	OK(chan_people_open(&r.people, &(struct chan_people_opts){ 0 }));
	EQ(pthread_create(&t, NULL, shard_races, &r), 0);
	for (int i = 0; i < 3000 || (!r.taken && i < 3000000); i++) {
		struct chan_seat_opts o = { .door = r.door, .token = SV("mei"),
					    .cb = { ignore_audio, ignore_line, ignore_closed } };
		struct chan_seat *a, *b = NULL;
		OK(chan_seat_open(&a, r.people, &o));
		if (i % 3 == 0)
			OK(chan_seat_open(&b, r.people, &o));
		for (int k = 0; k < 5; k++)
			chan_seat_rx(b ? b : a, sv_n((char *)s, 640));
		mbox_drain(r.door);
		chan_seat_close(a);
		chan_seat_close(b);
		mbox_drain(r.door);
	}
	r.stop = true;
	EQ(pthread_join(t, NULL), 0);
	printf("# the line was taken %d times\n", r.taken);
	CHECK(r.taken > 0);
	loop_sim_advance(r.loop, 1);
	mbox_drain(r.door);
	chan_people_close(r.people);
	mbox_free(r.door);
	mbox_free(r.box);
	loop_free(r.loop);
	EQ(obj_live(), objs);
}
