/* bench_t_fault.c: T8 a provider stalls, T9 there is no language model at all. */
#include "bench_int.h"

#include <math.h>
#include <stdio.h>

enum { ANSWER_MS = 15000, OVER_US = 4500000, DEAD_MS = 3000, OUTAGE_MS = 4000, BACK_MS = 10000 };

static int topic_of(const struct bench_rep *r)
{
	return r->slot % BENCH_TOPICS;
}

/* ---- T8 ---- */

enum t8_kind { T8_MODEL, T8_VOICE, T8_EAR };

static void t8_ask(struct bench_rep *r, enum t8_kind kind)
{
	struct bench_fakes *f = &r->b->f;
	if (kind == T8_EAR)
		f->asr_cut++;
	r->v[0] = (double)r->p->heard.n;
	r->asked0 = f->asked.n;
	bench_say(r->p, bench_topic_clip(r->b, topic_of(r)), 0);
	bench_step(r);
}

static void t8_tick(struct bench_rep *r)
{
	enum t8_kind kind = *(const enum t8_kind *)r->arg;
	if (!bench_greeted(r) || bench_done_if_over(r))
		return;
	struct bench_phone *p = r->p;
	if (r->step == 2) {
		t8_ask(r, kind);
	} else if (r->step == 3) {
		int64_t first = bench_answer_at(p);
		if (first)
			bench_step(r);
		else if (bench_in_step_us(r) > ANSWER_MS * 1000LL)
			bench_rep_end(r, false, "silence for 15 s");
	} else if (bench_quiet_us(p) > OVER_US || bench_in_step_us(r) > 40000000) {
		bench_rep_end(r, true, "");
	}
}

/* The longest silence from the end of the question to the last sound of the answer. */
static double dead_air(const struct bench_phone *p)
{
	int64_t from = p->said_to_us;
	double best = 0;
	for (size_t i = 0; i < p->runs.n; i++) {
		const struct bench_run *x = &p->runs.v[i];
		if (x->to_us <= p->said_to_us)
			continue;
		if ((double)(x->from_us - from) / 1000 > best)
			best = (double)(x->from_us - from) / 1000;
		from = x->to_us;
	}
	return best;
}

/* Every word of the question came to the model. */
static bool words_kept(struct bench_rep *r)
{
	struct bench *b = r->b;
	for (size_t i = r->asked0; i < b->f.asked.n; i++)
		if (sv_find(sv_of(b->f.asked.v[i]->user),
			    sv_of(bench_topics[topic_of(r)].question)) >= 0)
			return true;
	return false;
}

static void t8_rows(struct bench *b, int n, const char *name, const char *whole_name)
{
	struct bench_nums dead = { 0 };
	size_t whole = 0, kept = 0, tried = 0, twice = 0;
	char what[72];
	struct bench_rep *r;
	struct bench_heard h;
	for (int i = 0; (r = bench_heard_next(b, &i, &h)) != NULL;) {
		tried++;
		double d = dead_air(r->p);
		bench_num(&dead, d);
		whole += h.whole > 0.95 && h.clips > 0;
		kept += words_kept(r);
		twice += h.twice > 0.3;
		(void)snprintf(r->why, sizeof(r->why),
			       "%.0f %% heard, %.0f %% twice, dead air %.0f ms", h.whole * 100,
			       h.twice * 100, d);
	}
	(void)snprintf(what, sizeof(what), "%s: longest silence", name);
	bench_row_nums(b, "T8", what, "ms", &dead, NAN, DEAD_MS, (size_t)(n * 9 / 10));
	bench_note_failures(b, &b->rows.v[b->rows.n - 1]);
	(void)snprintf(what, sizeof(what), "%s: %s", name, whole_name);
	bench_row_share(b, "T8", what, whole, tried, 100, "");
	(void)snprintf(what, sizeof(what), "%s: the caller's words kept", name);
	bench_row_share(b, "T8", what, kept, tried, 100, "");
	(void)snprintf(what, sizeof(what), "%s: no sentence twice", name);
	bench_row_share(b, "T8", what, tried - twice, tried, 99, "");
	VEC_FREE(&dead);
}

int bench_t8(struct bench *b)
{
	static const enum t8_kind kinds[] = { T8_MODEL, T8_VOICE, T8_EAR };
	int rc = bench_server_ready(b, &(struct bench_set){ .second = true });
	if (rc)
		return rc;
	b->keep_sound = true;
	b->f.sentences = 3;
	int n = b->o.quick ? 3 : 20;
	b->f.llm = FAULT_KEEPALIVE;
	bench_reps(b, n, 3, t8_tick, &kinds[0]);
	t8_rows(b, n, "model keeps alive", "answered by the second");
	bench_trace(b, "T8-model", 0, 0);
	bench_fakes_reset(b);
	b->f.sentences = 3;
	b->f.tts = FAULT_STALL;
	b->f.tts_once = true;
	bench_reps(b, n, 3, t8_tick, &kinds[1]);
	t8_rows(b, n, "voice half open", "all text heard");
	bench_trace(b, "T8-voice", 0, 0);
	bench_fakes_reset(b);
	b->f.sentences = 3;
	bench_reps(b, n, 3, t8_tick, &kinds[2]);
	t8_rows(b, n, "recogniser cut off", "all text heard");
	return 0;
}

/* ---- T9 ---- */

struct t9 {
	struct bench_nums dead, back;
	size_t turns, alive;
	int64_t back_us;
};

static bool others_wait(struct bench *b)
{
	for (size_t i = 0; i < b->n_reps; i++)
		if (!b->reps[i].over && b->reps[i].turn < 3)
			return false;
	return true;
}

static bool answered_by_model(struct bench_rep *r)
{
	struct bench *b = r->b;
	struct t9 *x = b->data;
	for (size_t i = r->asked0; i < b->f.asked.n; i++) {
		const struct bench_asked *q = b->f.asked.v[i];
		if (q->topic == topic_of(r) && q->at_us > x->back_us && !q->fault && q->done_us) {
			bench_num(&x->back, (double)(q->at_us - x->back_us) / 1000);
			return true;
		}
	}
	return false;
}

static void t9_reply(struct bench_rep *r)
{
	struct t9 *x = r->b->data;
	struct bench_phone *p = r->p;
	int64_t first = bench_answer_at(p);
	if (first) {
		if (!x->back_us)
			bench_num(&x->dead, (double)(first - p->said_to_us) / 1000);
		x->turns += !x->back_us;
		r->turn++;
		bench_step(r);
	} else if (bench_in_step_us(r) > ANSWER_MS * 1000LL) {
		bench_rep_end(r, false, "silence for 15 s");
	}
}

/* Three questions while nothing answers, then on until the model does again. */
static void t9_tick(struct bench_rep *r)
{
	struct bench *b = r->b;
	struct t9 *x = b->data;
	if (!bench_greeted(r) || bench_done_if_over(r))
		return;
	if (x->back_us && answered_by_model(r)) {
		bench_rep_end(r, true, "");
		return;
	}
	if (x->back_us && bench_now_us() > x->back_us + 30000000) {
		bench_num(&x->back, 30000);
		bench_rep_end(r, true, "the model was not asked again in 30 s");
		return;
	}
	switch (r->step % 3) {
	case 2:
		if (r->turn == 3 && !x->back_us) {
			if (!others_wait(b))
				return;
			b->f.llm = b->f.llm2 = FAULT_NONE;
			x->back_us = bench_now_us();
		}
		bench_say(r->p, bench_topic_clip(b, topic_of(r)), 0);
		bench_step(r);
		break;
	case 0:
		t9_reply(r);
		break;
	default:
		if (bench_quiet_us(r->p) > 900000)
			bench_step(r);
	}
}

int bench_t9(struct bench *b)
{
	struct t9 x = { 0 };
	int rounds = b->o.quick ? 1 : 3, n = b->o.quick ? 3 : 7;
	int rc = bench_server_ready(b, &(struct bench_set){ .second = true });
	size_t alive = 0, all = 0;
	if (rc)
		return rc;
	b->data = &x;
	for (int k = 0; k < rounds; k++) {
		x.back_us = 0;
		b->f.llm = b->f.llm2 = FAULT_503;
		bench_reps(b, n, n, t9_tick, NULL);
		for (int i = 0; i < n; i++)
			alive += b->reps[i].ok;
		all += (size_t)n;
	}
	bench_row_nums(b, "T9", "outage: end of speech to an answer", "ms", &x.dead, NAN,
		       OUTAGE_MS, 1);
	bench_row_share(b, "T9", "calls that stayed alive and answered", alive, all, 100, "");
	bench_note_failures(b, &b->rows.v[b->rows.n - 1]);
	bench_row_nums(b, "T9", "model back: until it is asked again", "ms", &x.back, NAN,
		       BACK_MS, 1);
	VEC_FREE(&x.dead);
	VEC_FREE(&x.back);
	return 0;
}
