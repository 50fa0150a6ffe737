/* bench_t_move.c: T12 a caller is handed to a person, T10 the same wish raced by words, cutting
 * in and impatience: one call to the person for one wish. */
#include "bench_int.h"

#include <math.h>
#include <stdio.h>

enum { WAIT_US = 20000000, RING_S = 5 };
enum ending { TAKES, BUSY, NOBODY, LEAVES, DECLINES, ENDINGS };
static const char *const endings[] = { "answers", "busy", "no answer", "caller leaves",
				       "declines" };

struct t12 {
	enum ending ending;
	struct bench_phone *person;
	size_t invites, wishes;
};

static void on_call(struct bench *b, struct bench_phone *p)
{
	struct t12 *x = b->data;
	x->invites++;
	x->person = p;
	p->kept = true;
	p->answer_ms = x->ending == NOBODY || x->ending == LEAVES ? -1 : 400;
	p->refuse = x->ending == BUSY ? 486 : x->ending == DECLINES ? 603 : 0;
}

static void wish(struct bench_rep *r)
{
	struct t12 *x = r->b->data;
	bench_say(r->p, bench_clip_get(r->b->clips, BENCH_CALLER,
				       SV("I want to speak to a person, please.")), 0);
	x->wishes++;
	bench_step(r);
}

/* A refused or unanswered person: the agent is back within 2 s. */
static void t12_back(struct bench_rep *r, struct bench_phone *person)
{
	if (person->state != PH_OVER)
		return;
	int64_t again = bench_loud_after(r->p, person->over_us);
	if (again) {
		r->v[0] = (double)(again - person->over_us) / 1000;
		r->v[1] = (double)(person->over_us - person->ring_us) / 1000;
		bench_rep_end(r, true, "");
	}
}

static void t12_taken(struct bench_rep *r, struct bench_phone *person)
{
	if (person->state != PH_UP || r->over)
		return;
	/* the briefing, then the caller's voice comes through to the person */
	int64_t heard = bench_loud_after(person, person->up_us);
	if (!r->t[1] && heard && bench_quiet_us(person) > 1000000) {
		r->t[1] = bench_now_us();
		r->v[0] = (double)(heard - person->up_us) / 1000;
		bench_say(r->p, bench_topic_clip(r->b, 0), 0);
	} else if (r->t[1] && r->p->said_to_us && bench_loud_after(person, r->t[1])) {
		r->v[2] = 1;
		bench_rep_end(r, true, "");
		bench_bye(person);
	}
}

static void t12_tick(struct bench_rep *r)
{
	struct t12 *x = r->b->data;
	if (!bench_greeted(r))
		return;
	if (r->step == 2) {
		wish(r);
		return;
	}
	struct bench_phone *person = x->person;
	if (bench_in_step_us(r) > WAIT_US + RING_S * 1000000LL) {
		bench_rep_end(r, false, person ? "it did not go on" : "nobody was called");
		if (person && person->state == PH_UP)
			bench_bye(person);
		return;
	}
	if (!person)
		return;
	if (x->ending == LEAVES && !r->t[1] && bench_now_us() > person->ring_us + 1000000) {
		r->t[1] = bench_now_us();
		bench_bye(r->p);
	} else if (x->ending == LEAVES && r->t[1] && person->state == PH_OVER) {
		r->v[0] = (double)(person->over_us - r->t[1]) / 1000;
		bench_rep_end(r, true, "");
	} else if (x->ending == TAKES) {
		t12_taken(r, person);
	} else if (x->ending != LEAVES) {
		t12_back(r, person);
	}
}

int bench_t12(struct bench *b)
{
	struct t12 x = { 0 };
	int n = b->o.quick ? 1 : 4;
	int rc = bench_server_ready(b, &(struct bench_set){ .person = true, .ring_s = RING_S });
	if (rc)
		return rc;
	b->data = &x;
	b->on_call = on_call;
	for (int k = 0; k < ENDINGS; k++) {
		struct bench_nums t = { 0 };
		char what[72];
		size_t ok = 0, ring = 0;
		x.ending = (enum ending)k;
		for (int i = 0; i < n; i++) {
			x.person = NULL;
			bench_reps(b, 1, 1, t12_tick, NULL);
			const struct bench_rep *r = &b->reps[0];
			ok += r->ok;
			if (r->ok)
				bench_num(&t, r->v[0]);
			ring += k != NOBODY || fabs(r->v[1] - RING_S * 1000) <= 1000;
			bench_trace(b, endings[k], 0, 0);
		}
		(void)snprintf(what, sizeof(what), "person %s: %s", endings[k],
			       k == TAKES  ? "up to the briefing" :
			       k == LEAVES ? "until the person's call ends" :
					     "until the agent speaks again");
		bench_row_nums(b, "T12", what, "ms", &t, NAN, k == LEAVES ? 1000 : 2000, (size_t)n);
		struct bench_row *row = &b->rows.v[b->rows.n - 1];
		if (ok < (size_t)n)
			(void)snprintf(row->note, sizeof(row->note), "%s", b->reps[0].why);
		row->pass = row->pass && ring == (size_t)n;
		VEC_FREE(&t);
	}
	bench_row_share(b, "T12", "one INVITE for one wish", x.wishes, x.invites, 100, "");
	struct bench_row *row = &b->rows.v[b->rows.n - 1];
	row->pass = x.invites == x.wishes;
	(void)snprintf(row->threshold, sizeof(row->threshold), "as many");
	(void)snprintf(row->note, sizeof(row->note), "%zu wishes, %zu INVITEs", x.wishes,
		       x.invites);
	return 0;
}

/* ---- T10 ---- */

/* The wish is said, said again at a random moment, or talked over; then it is waited. */
static void t10_tick(struct bench_rep *r)
{
	struct t12 *x = r->b->data;
	struct bench_phone *p = r->p;
	if (!bench_greeted(r))
		return;
	if (r->step > 3 && p->state == PH_OVER) {
		bench_rep_end(r, true, "");
		return;
	}
	switch (r->step) {
	case 2:
		wish(r);
		r->t[1] = bench_now_us() + 1500000 + (int64_t)rng_below(&r->rng, 4000000);
		break;
	case 3:
		if (bench_now_us() < r->t[1])
			return;
		if (r->i % 3 == 0)
			bench_say(p, bench_clip_get(r->b->clips, BENCH_CALLER,
						    SV("I want to speak to a person, please.")), 0);
		else if (r->i % 3 == 1)
			bench_say(p, bench_clip_get(r->b->clips, BENCH_CALLER, SV("okay")), 0);
		else
			bench_press(p, '0', 100, 60, false);
		bench_step(r);
		break;
	default:
		if (bench_in_step_us(r) > 9000000) {
			if (x->person && x->person->state == PH_UP)
				bench_bye(x->person);
			bench_rep_end(r, true, "");
		}
	}
}

int bench_t10(struct bench *b)
{
	struct t12 x = { .ending = TAKES };
	int n = b->o.quick ? 6 : 200;
	int rc = bench_server_ready(b, &(struct bench_set){ .person = true, .ring_s = RING_S });
	if (rc)
		return rc;
	b->data = &x;
	b->on_call = on_call;
	bench_reps(b, n, 6, t10_tick, NULL);
	struct bench_row *row = bench_row_add(b, "T10", "transfer: one effect for one wish, raced");
	row->n = x.wishes;
	row->p50 = x.wishes ? 100.0 * (double)x.invites / (double)x.wishes : NAN;
	row->pass = x.wishes && x.invites == x.wishes;
	(void)snprintf(row->unit, sizeof(row->unit), "%%");
	(void)snprintf(row->threshold, sizeof(row->threshold), "exactly 100 %%");
	(void)snprintf(row->note, sizeof(row->note), "%zu wishes, %zu INVITEs", x.wishes,
		       x.invites);
	return 0;
}
