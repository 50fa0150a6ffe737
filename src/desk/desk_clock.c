/* desk_clock.c: the clocks of a ticket: first response, next update, resolution.
 *
 * A clock counts working time of its calendar. It stands while the ticket waits for the customer
 * and goes on where it stood. What it has spent is kept as a sum, so its due moment is computed
 * anew each time it starts to run. Pure: a ticket in hand and a moment, no database.
 */
#include "desk_int.h"

#define HOUR_LATE CAL_HOUR               /* how often a late ticket is looked at again */

int64_t clock_spent(const struct desk_clock *c, int64_t now)
{
	return c->spent + (c->running ? cal_between(c->cal, c->running, now) : 0);
}

static bool lives(const struct desk_clock *c)
{
	return c->there && !c->ended;
}

static void stand(struct desk_clock *c, int64_t now)
{
	c->spent = clock_spent(c, now);
	c->running = 0;
	if (!c->breached)
		c->due = 0;
}

static void run(struct desk_clock *c, int64_t now)
{
	c->running = now;
	if (!c->breached)
		c->due = cal_add(c->cal, now, c->target - c->spent);
}

void clocks_begin(const struct desk *d, struct ticket *t, enum desk_clock_kind k, int64_t now)
{
	const struct desk_sla *s = desk_sla_for(d, t->type, t->severity);
	struct desk_clock *c = &t->clock[k];
	if (!s->ms[k])
		return;
	int round = c->there ? c->round + 1 : 1;
	*c = (struct desk_clock){ .there = true, .round = round, .cal = s->cal[k],
				  .target = s->ms[k], .started = now };
	if (t->state != DESK_PENDING_CUSTOMER)
		run(c, now);
}

/* Late is late, also when nobody looked in between. */
void clock_end(struct ticket *t, enum desk_clock_kind k, int64_t now)
{
	struct desk_clock *c = &t->clock[k];
	if (!lives(c))
		return;
	if (c->running && c->due && now > c->due && !c->breached)
		c->breached = c->due;
	stand(c, now);
	c->ended = now;
	c->due = 0;
}

void clocks_end(struct ticket *t, int64_t now)
{
	for (int k = 0; k < DESK_CLOCKS; k++)
		clock_end(t, (enum desk_clock_kind)k, now);
}

void clocks_pause(struct ticket *t, int64_t now)
{
	for (int k = 0; k < DESK_CLOCKS; k++) {
		struct desk_clock *c = &t->clock[k];
		if (!lives(c) || !c->running)
			continue;
		if (c->due && now > c->due && !c->breached)
			c->breached = c->due;
		stand(c, now);
	}
}

void clocks_resume(struct ticket *t, int64_t now)
{
	for (int k = 0; k < DESK_CLOCKS; k++)
		if (lives(&t->clock[k]) && !t->clock[k].running)
			run(&t->clock[k], now);
}

void clocks_retarget(const struct desk *d, struct ticket *t, int64_t now)
{
	const struct desk_sla *s = desk_sla_for(d, t->type, t->severity);
	bool over = t->state == DESK_SOLVED || t->state == DESK_CLOSED;
	for (int k = 0; k < DESK_CLOCKS; k++) {
		struct desk_clock *c = &t->clock[k];
		if (!lives(c)) {
			if (!c->there && !over)
				clocks_begin(d, t, (enum desk_clock_kind)k, now);
			continue;
		}
		if (!s->ms[k]) {
			clock_end(t, (enum desk_clock_kind)k, now);
			continue;
		}
		bool runs = c->running != 0;
		if (runs)
			stand(c, now);
		c->cal = s->cal[k];
		c->target = s->ms[k];
		c->warned = 0;
		if (runs)
			run(c, now);
	}
}

int64_t clock_warn_at(const struct desk *d, const struct ticket *t, const struct desk_clock *c)
{
	const struct desk_sla *s = desk_sla_for(d, t->type, t->severity);
	int64_t at = c->target / 100 * s->warn;
	return at <= c->spent ? c->running : cal_add(c->cal, c->running, at - c->spent);
}

static void sooner(int64_t *at, int64_t ms)
{
	if (ms && ms != CAL_NEVER && (!*at || ms < *at))
		*at = ms;
}

/* A late ticket is looked at every hour: the ladder may have a next rung. */
static void settle_clock(const struct desk *d, struct ticket *t, const struct desk_clock *c,
			 int64_t now)
{
	if (c->breached) {
		t->late = 1;
		sooner(&t->due, c->breached);
		if (c->running)
			sooner(&t->look, now + HOUR_LATE);
		return;
	}
	if (!c->running)
		return;
	sooner(&t->due, c->due);
	sooner(&t->look, c->warned ? c->due : clock_warn_at(d, t, c));
}

void clocks_settle(const struct desk *d, struct ticket *t, int64_t now)
{
	t->due = t->look = 0;
	t->late = 0;
	for (int k = 0; k < DESK_CLOCKS; k++)
		if (lives(&t->clock[k]))
			settle_clock(d, t, &t->clock[k], now);
	if (t->state == DESK_SOLVED)
		sooner(&t->look, t->follow ? t->follow : t->solved + d->auto_close_ms);
}
