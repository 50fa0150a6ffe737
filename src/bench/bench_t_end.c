/* bench_t_end.c: T19 a server that is stopped or killed under load. */
#include "bench_int.h"

#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

enum { CALLS = 12, DRAIN_US = 6000000 };

/* ---- T19 ---- */

struct t19 {
	int64_t told_us;       /* the server was told to stop */
	bool kill;
};

/* Calls go on for six seconds after SIGTERM, still answered; one more is refused. */
static void t19_tick(struct bench_rep *r)
{
	struct t19 *x = r->b->data;
	struct bench_phone *p = r->p;
	if (r->i == CALLS) {
		if (r->step == 0 && x->told_us && bench_now_us() > x->told_us + 1000000) {
			r->p = bench_dial(r->b, "late", false);
			bench_step(r);
		} else if (r->step == 1 && r->p->state == PH_OVER) {
			bench_rep_end(r, r->p->status == 503 && r->p->retry_after_s > 0, "not 503");
		} else if (r->step == 1 && bench_in_step_us(r) > 5000000) {
			bench_rep_end(r, false, "no answer to a new call");
		}
		return;
	}
	if (!bench_greeted(r) || bench_done_if_over(r))
		return;
	int64_t now = bench_now_us();
	if (r->step == 2 && x->told_us) {
		bench_say(p, bench_topic_clip(r->b, r->i), 0);
		bench_step(r);
	} else if (r->step == 3 && now > x->told_us + DRAIN_US) {
		bool heard = bench_answer_at(p) != 0;
		bench_rep_end(r, heard && p->last_rx_us > now - 200000,
			      heard ? "no sound any more" : "not answered after the signal");
	}
}

static bool ready(struct bench *b)
{
	for (int i = 0; i < CALLS; i++)
		if (b->reps[i].step < 2 && !b->reps[i].over)
			return false;
	return true;
}

static void on_ready(void *arg)
{
	struct bench *b = arg;
	struct t19 *x = b->data;
	if (!ready(b)) {
		loop_after(b->loop, &b->later, 100, on_ready, b);
		return;
	}
	(void)kill(b->srv.pid, SIGTERM);
	x->told_us = bench_now_us();
}

/* Conversations that the server's record still calls open. */
static double left_open(struct bench *b)
{
	struct sb out;
	struct err e;
	sb_init(&out, LIM_SB);
	jv *o = bench_server_login(b) ||
				bench_get(b, "/api/v1/conversations?channel=phone&state=live",
					  &out) ?
			NULL :
			jv_parse(sb_sv(&out), &e);
	double n = o ? (double)jv_len(jv_get(o, "items")) : NAN;
	jv_free(o);
	sb_done(&out);
	return n;
}

static void t19_killed_tick(struct bench_rep *r)
{
	if (bench_greeted(r))
		bench_rep_end(r, true, "");
}

int bench_t19(struct bench *b)
{
	struct t19 x = { 0 };
	struct bench_set set = { 0 };
	if (b->o.target) {
		bench_row_missing(b, "T19", "a stop under load", "not our process");
		return 0;
	}
	int rc = bench_server_ready(b, &set);
	if (rc)
		return rc;
	size_t good = 0;
	b->data = &x;
	loop_after(b->loop, &b->later, 1000, on_ready, b);
	bench_reps(b, CALLS + 1, CALLS + 1, t19_tick, NULL);
	loop_timer_stop(&b->later);
	for (int i = 0; i < CALLS; i++)
		good += b->reps[i].ok;
	bench_row_share(b, "T19", "SIGTERM: calls that went on and were answered", good, CALLS,
			100, "");
	bench_note_failures(b, &b->rows.v[b->rows.n - 1]);
	bench_row_share(b, "T19", "SIGTERM: a new call gets 503, Retry-After",
			b->reps[CALLS].ok, 1, 100, "");
	int status = bench_server_stop(b, false);
	bench_row_share(b, "T19", "SIGTERM: exit status 0 once they are over", status == 0, 1,
			100, "");
	rc = bench_server_ready(b, &set);
	if (rc)
		return rc;
	bench_reps(b, CALLS, CALLS, t19_killed_tick, NULL);
	b->srv.status = 0;
	bench_reps(b, 1, 1, t19_killed_tick, NULL);
	(void)bench_server_stop(b, true);
	b->srv.status = 0;
	rc = bench_server_ready(b, &set);
	double open = rc ? NAN : left_open(b);
	struct bench_row *row =
		bench_row_add(b, "T19", "SIGKILL: calls still open in the record after it");
	row->n = 1;
	row->p50 = open;
	row->pass = open < 0.5;
	(void)snprintf(row->threshold, sizeof(row->threshold), "<= 0");
	return rc;
}
