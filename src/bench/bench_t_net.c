/* bench_t_net.c: T16 a bad network: loss, jitter, reordering, a new sender in the middle, hold,
 * a caller who says nothing. */
#include "bench_int.h"

#include <math.h>
#include <stdio.h>

enum kind { LOSSY, SENDER, HELD, SILENT, KINDS };
static const char *const names[KINDS] = {
	"5 % loss, 60 ms jitter, reordering: question understood",
	"new SSRC in the middle: question understood",
	"after hold: question understood",
	"silence: asked whether the caller is there",
};

static int topic_of(const struct bench_rep *r)
{
	return r->slot % BENCH_TOPICS;
}

static bool understood(struct bench_rep *r)
{
	struct bench *b = r->b;
	for (size_t i = r->asked0; i < b->f.asked.n; i++)
		if (sv_find(sv_of(b->f.asked.v[i]->user),
			    sv_of(bench_topics[topic_of(r)].question)) >= 0)
			return true;
	return false;
}

static void disturb(struct bench_rep *r, enum kind kind)
{
	struct bench_phone *p = r->p;
	r->asked0 = r->b->f.asked.n;
	if (kind == LOSSY)
		p->line = (struct bench_line){ .loss = 0.05, .jitter_ms = 60, .reorder = true };
	if (kind == SENDER) {
		p->ssrc ^= 0x5A5A5A5A;
		p->seq = (uint16_t)(p->seq + 20000);
		p->ts += 4000000;
	}
	if (kind == HELD)
		bench_hold(p, true);
	bench_step(r);
}

static void t16_tick(struct bench_rep *r)
{
	enum kind kind = *(const enum kind *)r->arg;
	struct bench_phone *p = r->p;
	int64_t hold_us = r->b->o.quick ? 4000000 : 30000000;
	if (!bench_greeted(r) || bench_done_if_over(r))
		return;
	if (r->step == 2) {
		disturb(r, kind);
	} else if (r->step == 3 && kind == SILENT) {
		int64_t at = bench_loud_after(p, r->at_us + 100000);
		r->v[0] = at ? (double)(at - r->at_us) / 1000 : NAN;
		if (at || bench_in_step_us(r) > 20000000)
			bench_rep_end(r, at != 0, "nobody asked in 20 s");
	} else if (r->step == 3 && kind == HELD && !r->t[1]) {
		if (bench_in_step_us(r) < hold_us)
			return;
		r->t[1] = bench_now_us();
		bench_hold(p, false);
	} else if (r->step == 3) {
		if (bench_in_step_us(r) < 1000000 ||
		    (r->t[1] && bench_now_us() < r->t[1] + 1000000))
			return; /* it has a second to recover */
		bench_say(p, bench_topic_clip(r->b, topic_of(r)), 0);
		bench_step(r);
	} else {
		int64_t at = p->said_to_us ? bench_loud_after(p, p->said_to_us) : 0;
		if (at && understood(r)) {
			r->v[0] = (double)(at - p->said_to_us) / 1000;
			bench_rep_end(r, true, "");
		} else if (bench_in_step_us(r) > 12000000) {
			bench_rep_end(r, false, at ? "other words came to the model" : "no answer");
		}
	}
}

int bench_t16(struct bench *b)
{
	static const enum kind kinds[KINDS] = { LOSSY, SENDER, HELD, SILENT };
	int n = b->o.quick ? 3 : 20;
	int rc = bench_server_ready(b, &(struct bench_set){ 0 });
	if (rc)
		return rc;
	for (int k = 0; k < KINDS; k++) {
		size_t ok = 0;
		struct bench_nums t = { 0 };
		char note[64];
		bench_reps(b, n, 6, t16_tick, &kinds[k]);
		for (int i = 0; i < n; i++) {
			ok += b->reps[i].ok;
			if (b->reps[i].ok)
				bench_num(&t, b->reps[i].v[0]);
		}
		(void)snprintf(note, sizeof(note), "first sound p50 %.0f ms", bench_q(&t, 0.5));
		bench_row_share(b, "T16", names[k], ok, (size_t)n, k == LOSSY ? 95 : 100, note);
		bench_trace(b,
			    k == LOSSY  ? "T16-lossy" :
			    k == SENDER ? "T16-sender" :
					  "T16-hold",
			    0, 0);
		VEC_FREE(&t);
	}
	return 0;
}
