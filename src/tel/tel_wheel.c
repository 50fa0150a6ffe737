/* tel_wheel.c: the 20 ms clock of all calls of a loop.
 *
 * One timer per loop instead of one per call: the 20 ms are ten phases of 2 ms, a call has its
 * place in the emptiest one when it begins, and when a phase is due each call in it does its slot.
 * A wake-up of the loop then serves many calls, and what is sent is still spread over the 20 ms.
 * Deadlines are absolute; a phase that is late does not move the next one, and each call knows by
 * its own due_us how many slots it has to make up for.
 *
 * The wheels of a thread are in a list of that thread, found by loop; a wheel is there while calls
 * are in it. A slot may end any call, the next one of the phase included: the walk's cursor is
 * moved on by who leaves.
 */
#include "tel_int.h"

enum { PHASES = 10, PHASE_US = 2000, TURN_US = PHASES * PHASE_US };

struct tel_wheel {
	struct tel_wheel *next; /* of this thread */
	struct loop *loop;
	struct loop_timer timer;
	struct phase {
		struct tel_leg *first;
		int n;
		int64_t due_us;
	} phase[PHASES];
	int total;
	struct tel_leg *cursor; /* the next one of the phase being served */
	bool serving;
};

static _Thread_local struct tel_wheel *wheels;

static void on_due(void *arg);

static void arm(struct tel_wheel *w)
{
	int64_t due = INT64_MAX;

	for (int k = 0; k < PHASES; k++)
		if (w->phase[k].n && w->phase[k].due_us < due)
			due = w->phase[k].due_us;
	if (due < INT64_MAX)
		loop_at_us(w->loop, &w->timer, due, on_due, w);
	else
		loop_timer_stop(&w->timer);
}

static void wheel_free(struct tel_wheel *w)
{
	struct tel_wheel **at = &wheels;

	while (*at != w)
		at = &(*at)->next;
	*at = w->next;
	loop_timer_stop(&w->timer);
	xfree(w);
}

/* The first time after now that belongs to phase p. */
static void move_on(struct phase *p, int64_t now)
{
	if (p->due_us <= now)
		p->due_us += (now - p->due_us) / TURN_US * TURN_US + TURN_US;
}

static void serve(struct tel_wheel *w, struct phase *p)
{
	for (struct tel_leg *leg = p->first; leg; leg = w->cursor) {
		w->cursor = leg->m.slot.next;
		tel_media_slot(leg);
	}
}

static void on_due(void *arg)
{
	struct tel_wheel *w = arg;

	w->serving = true;
	for (int k = 0; k < PHASES; k++) {
		struct phase *p = &w->phase[k];

		if (p->n && p->due_us <= loop_now_us(w->loop))
			serve(w, p);
		move_on(p, loop_now_us(w->loop));
	}
	w->serving = false;
	if (w->total)
		arm(w);
	else
		wheel_free(w);
}

static struct tel_wheel *wheel_of(struct loop *l)
{
	struct tel_wheel *w = wheels;
	int64_t now = loop_now_us(l);

	while (w && w->loop != l)
		w = w->next;
	if (w)
		return w;
	w = xalloc(sizeof(*w));
	w->loop = l;
	w->timer.loop = l;
	for (int k = 0; k < PHASES; k++)
		w->phase[k].due_us = now + k * PHASE_US;
	w->next = wheels;
	wheels = w;
	return w;
}

/* The emptiest phase; of several, the one that comes first. */
static int best_phase(struct tel_wheel *w, int64_t now)
{
	int best = 0;

	for (int k = 0; k < PHASES; k++) {
		struct phase *p = &w->phase[k], *b = &w->phase[best];

		move_on(p, now - 1);
		if (p->n < b->n || (p->n == b->n && p->due_us < b->due_us))
			best = k;
	}
	return best;
}

void tel_wheel_join(struct tel_leg *leg, struct loop *l)
{
	struct tel_wheel *w = wheel_of(l);
	struct tel_slot *s = &leg->m.slot;

	s->phase = best_phase(w, loop_now_us(l));
	struct phase *p = &w->phase[s->phase];

	s->wheel = w;
	s->prev = NULL;
	s->next = p->first;
	if (s->next)
		s->next->m.slot.prev = leg;
	p->first = leg;
	p->n++;
	w->total++;
	leg->m.due_us = p->due_us;
	if (!w->serving)
		arm(w);
}

void tel_wheel_leave(struct tel_leg *leg)
{
	struct tel_slot *s = &leg->m.slot;
	struct tel_wheel *w = s->wheel;

	if (!w)
		return;
	if (w->cursor == leg)
		w->cursor = s->next;
	if (s->prev)
		s->prev->m.slot.next = s->next;
	else
		w->phase[s->phase].first = s->next;
	if (s->next)
		s->next->m.slot.prev = s->prev;
	w->phase[s->phase].n--;
	*s = (struct tel_slot){ 0 };
	if (!--w->total && !w->serving)
		wheel_free(w);
}
