/* bench_t_turn.c: T1 how long an answer takes, T2 how fast we are silent when cut in on, T6
 * numbers dictated in groups. */
#include "bench_int.h"

#include <math.h>
#include <stdio.h>

enum {
	BUDGET_MS = 450,       /* recogniser 150 + first word 200 + first sound 100 */
	TURNS = 3,
	ANSWER_MS = 10000,
	AFTER_MS = 900,        /* of silence: the answer is over */
};

const struct bench_clip *bench_topic_clip(struct bench *b, int topic)
{
	const char *text = bench_topics[topic % BENCH_TOPICS].question;
	return bench_clip_get(b->clips, BENCH_CALLER, sv_of(text));
}

static const struct bench_clip *question(struct bench_rep *r)
{
	return bench_topic_clip(r->b, r->slot + r->turn);
}

/* ---- T1 ---- */

static int turns_of(const struct bench *b)
{
	return b->o.quick ? 2 : TURNS;
}

static void t1_asked(struct bench_rep *r)
{
	struct bench_phone *p = r->p;
	int64_t first = bench_answer_at(p);
	if (p->said_from_us && bench_loud_after(p, p->said_from_us) && !p->said_to_us)
		bench_rep_end(r, false, "the agent spoke into the question");
	else if (first) {
		bench_num(r->b->nums, (double)(first - p->said_to_us) / 1000);
		r->t[0] = first;
		bench_step(r);
	} else if (bench_in_step_us(r) > ANSWER_MS * 1000LL)
		bench_rep_end(r, false, "no answer");
}

static void t1_tick(struct bench_rep *r)
{
	if (!bench_greeted(r) || bench_done_if_over(r))
		return;
	switch ((r->step - 2) % 3) {
	case 0:
		if (bench_in_step_us(r) < (int64_t)(r->slot * 37000 % 300000))
			return;
		bench_say(r->p, question(r), 0);
		bench_step(r);
		return;
	case 1:
		t1_asked(r);
		return;
	default:
		if (bench_quiet_us(r->p) < AFTER_MS * 1000)
			return;
		bench_step(r);
		if (++r->turn == turns_of(r->b))
			bench_rep_end(r, true, "");
	}
}

/* Our own histogram's mean over the same turns, against the wire's. */
static void t1_own(struct bench *b, const double before[2], struct bench_nums *x)
{
	double sum = 0, n = 0, mean = 0;
	if (bench_metric(b, "callm_voice_gap_seconds_sum", &sum) ||
	    bench_metric(b, "callm_voice_gap_seconds_count", &n))
		return;
	for (size_t i = 0; i < x->n; i++)
		mean += x->v[i] / (double)x->n;
	struct bench_nums diff = { 0 };
	double own = n > before[1] ? (sum - before[0]) / (n - before[1]) * 1000 : NAN;
	bench_num(&diff, fabs(own - mean));
	bench_row_nums(b, "T1", "the server's own metric against the wire, means", "ms", &diff, 40,
		       NAN, 1);
	(void)snprintf(b->rows.v[b->rows.n - 1].note, 120, "own %.0f, wire %.0f", own, mean);
	VEC_FREE(&diff);
}

/* What went wrong in the calls, for the note of a row. */
void bench_note_failures(struct bench *b, struct bench_row *row)
{
	size_t bad = 0;
	const char *why = "";
	for (size_t i = 0; i < b->n_reps; i++)
		if (!b->reps[i].ok) {
			bad++;
			why = b->reps[i].why;
		}
	if (bad && !row->note[0])
		(void)snprintf(row->note, sizeof(row->note), "%zu calls failed: %.80s", bad, why);
	if (bad)
		row->pass = false;
}

int bench_t1(struct bench *b)
{
	struct bench_nums x = { 0 };
	double before[2] = { 0 };
	int rc = bench_server_ready(b, &(struct bench_set){ 0 });
	if (rc)
		return rc;
	(void)bench_metric(b, "callm_voice_gap_seconds_sum", &before[0]);
	(void)bench_metric(b, "callm_voice_gap_seconds_count", &before[1]);
	b->nums = &x;
	b->keep_sound = b->o.caller != NULL;
	int n = b->o.quick ? 3 : 20;
	bench_reps(b, n, 4, t1_tick, NULL);
	bench_row_nums(b, "T1", "end of speech to first audio", "ms", &x, BUDGET_MS + 250,
		       BUDGET_MS + 500, (size_t)(n * turns_of(b) * 9 / 10));
	bench_note_failures(b, &b->rows.v[b->rows.n - 1]);
	if (!b->o.target)
		t1_own(b, before, &x);
	bench_ua_rows(b, "T1");
	VEC_FREE(&x);
	return 0;
}

/* ---- T2 ---- */

struct t2 {
	struct bench_nums stop, stale, cancel, turn;
	size_t tried, stopped;
	double echo_db;
};

static const struct bench_asked *asked_since(struct bench *b, size_t from, int topic, int64_t t)
{
	for (size_t i = from; i < b->f.asked.n; i++)
		if (b->f.asked.v[i]->topic == topic && b->f.asked.v[i]->at_us >= t)
			return b->f.asked.v[i];
	return NULL;
}

/* Under way when it was cut in on: when it was let go, or was done, after the stop. */
static void t2_open(struct t2 *x, int64_t onset, int64_t stop, int64_t gone_us, int64_t done_us)
{
	int64_t end = gone_us ? gone_us : done_us;
	if (end && end <= (gone_us ? onset : stop))
		return;
	double ms = end > stop ? (double)(end - stop) / 1000 : 0;
	bench_num(&x->cancel, end ? ms : 1e4);
}

/* Requests of the old answer. */
static void t2_cancels(struct bench_rep *r, int64_t stop)
{
	struct bench *b = r->b;
	struct t2 *x = b->data;
	int topic = r->slot % BENCH_TOPICS;
	for (size_t i = r->asked0; i < b->f.asked.n; i++) {
		const struct bench_asked *q = b->f.asked.v[i];
		if (q->topic == topic && q->at_us < r->p->said_from_us)
			t2_open(x, r->p->said_from_us, stop, q->gone_us, q->done_us);
	}
	for (size_t i = r->spoke0; i < b->f.spoke.n; i++) {
		const struct bench_spoke *q = b->f.spoke.v[i];
		if (q->topic == topic && q->at_us < r->p->said_from_us)
			t2_open(x, r->p->said_from_us, stop, q->gone_us, q->done_us);
	}
}

static void t2_judge(struct bench_rep *r)
{
	struct bench_phone *p = r->p;
	struct t2 *x = r->b->data;
	int64_t onset = p->said_from_us, end = p->said_to_us;
	int64_t last = bench_loud_before(p, end);
	x->tried++;
	if (last <= onset)
		last = onset;
	double ms = (double)(last - onset) / 1000;
	bench_num(&x->stop, ms);
	x->stopped += ms < 600;
	/* loud again after 100 ms of silence, before the caller has ended: stale */
	double stale = 0;
	for (size_t i = 0; i < p->runs.n; i++)
		if (p->runs.v[i].from_us > onset + 100000 && p->runs.v[i].from_us < end)
			stale += (double)(p->runs.v[i].to_us - p->runs.v[i].from_us) / 20000;
	bench_num(&x->stale, stale);
	t2_cancels(r, last);
}

static void t2_tick(struct bench_rep *r)
{
	struct bench *b = r->b;
	struct bench_phone *p = r->p;
	int topic = r->slot % BENCH_TOPICS, next = (topic + 4) % BENCH_TOPICS;
	if (!bench_greeted(r) || bench_done_if_over(r))
		return;
	p = r->p;
	switch (r->step) {
	case 2:
		if (r->arg)
			bench_echo(p, *(const double *)r->arg, 80 + (int)rng_below(&r->rng, 170));
		bench_say(p, question(r), 0);
		bench_step(r);
		break;
	case 3: /* the answer is being said: so long from its first sound */
		if (bench_answer_at(p)) {
			r->t[0] = bench_answer_at(p) + 1500000 +
				  (int64_t)rng_below(&r->rng, 4000000);
			bench_step(r);
		} else if (bench_in_step_us(r) > ANSWER_MS * 1000LL)
			bench_rep_end(r, false, "no answer to cut in on");
		break;
	case 4: /* only where it is loud just now */
		if (bench_now_us() < r->t[0] || bench_quiet_us(p) > 40000)
			break;
		bench_say(p, bench_topic_clip(b, next), r->arg ? *(const double *)r->arg + 3 : 0);
		bench_step(r);
		break;
	case 5:
		if (!p->said_to_us || bench_now_us() < p->said_to_us + 300000)
			break;
		t2_judge(r);
		bench_step(r);
		break;
	default: {
		struct t2 *x = b->data;
		const struct bench_asked *q = asked_since(b, r->asked0, next, p->said_from_us);
		if (q) {
			bench_num(&x->turn, (double)(q->at_us - p->said_to_us) / 1000);
			bench_rep_end(r, true, "");
		} else if (bench_in_step_us(r) > 5000000)
			bench_rep_end(r, false, "the cutting-in was no new turn");
	}
	}
}

/* Half as much to say that the models are still at it when they are cut in on. */
static int t2_run(struct bench *b, struct t2 *x, int n, const double *echo_db)
{
	int rc = bench_server_ready(b, &(struct bench_set){ 0 });
	if (rc)
		return rc;
	b->data = x;
	b->f.sentences = BENCH_SENTENCES;
	b->f.llm_later_ms = 150;
	b->f.tts_pace = 1.5;
	bench_reps(b, n, 4, t2_tick, echo_db);
	return 0;
}

static void t2_done(struct t2 *x)
{
	VEC_FREE(&x->stop);
	VEC_FREE(&x->stale);
	VEC_FREE(&x->cancel);
	VEC_FREE(&x->turn);
}

/* For T3: the caller 3 dB louder than the agent's echo. */
int bench_barge_in_echo(struct bench *b)
{
	static const double echo_db = -12;
	struct t2 x = { 0 };
	size_t turns = 0;
	int rc = t2_run(b, &x, b->o.quick ? 4 : 40, &echo_db);
	if (!rc)
		bench_row_share(b, "T3", "barge-ins 3 dB over an echo of -12 dB", x.stopped,
				x.tried, 95, "");
	for (size_t i = 0; i < b->n_reps; i++)
		turns += b->reps[i].ok;
	if (!rc)
		bench_row_share(b, "T3", "of these their words became a new turn", turns, x.tried,
				95, "");
	t2_done(&x);
	return rc;
}

int bench_t2(struct bench *b)
{
	struct t2 x = { 0 };
	int n = b->o.quick ? 4 : 40;
	int rc = t2_run(b, &x, n, NULL);
	size_t need = (size_t)(n * 9 / 10);
	if (rc)
		return rc;
	bench_row_nums(b, "T2", "speech onset to last agent audio", "ms", &x.stop, NAN, 300, need);
	bench_note_failures(b, &b->rows.v[b->rows.n - 1]);
	bench_row_nums(b, "T2", "stale 20 ms packets after the stop", "", &x.stale, NAN, 1, need);
	bench_row_nums(b, "T2", "model streams let go after the stop", "ms", &x.cancel, NAN, 200,
		       1);
	bench_row_share(b, "T2", "barge-ins that stopped it (recall)", x.stopped, x.tried, 95, "");
	b->recall = x.tried ? 100.0 * (double)x.stopped / (double)x.tried : 0;
	t2_done(&x);
	return 0;
}
