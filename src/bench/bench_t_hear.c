/* bench_t_hear.c: T3 the agent's own echo, T4 backchannel and noise, T5 what the model believes
 * was heard. All three find what was played in the received sound (bench_heard.c). */
#include "bench_int.h"

#include <math.h>
#include <stdio.h>

enum {
	ANSWER_MS = 10000,
	OVER_US = 1600000,     /* of silence: the answer is over */
	TALK_MS = 60000,
	RESUME_MS = 1200,
	KINDS = 6,
};

/* ---- asking, and waiting for the answer ---- */

static int topic_of(const struct bench_rep *r)
{
	return r->slot % BENCH_TOPICS;
}

/* Steps 2 and 3: asks, and is true once the answer is to be heard; r->t[0] = since when, v[0] =
 * the sample of the kept sound. */
static bool answered(struct bench_rep *r)
{
	struct bench_phone *p = r->p;
	if (!bench_greeted(r) || (r->step < 5 && bench_done_if_over(r)))
		return false;
	if (r->step == 2) {
		bench_say(r->p, bench_topic_clip(r->b, topic_of(r)), 0);
		r->v[0] = (double)r->p->heard.n;
		bench_step(r);
	} else if (r->step == 3) {
		int64_t first = bench_answer_at(p);
		if (first) {
			r->t[0] = first;
			bench_step(r);
		} else if (bench_in_step_us(r) > ANSWER_MS * 1000LL) {
			bench_rep_end(r, false, "no answer");
		}
	}
	return !r->over && r->step > 3;
}

static size_t asked_by(struct bench_rep *r, int topic)
{
	size_t n = 0;
	for (size_t i = r->asked0; i < r->b->f.asked.n; i++) {
		const struct bench_asked *q = r->b->f.asked.v[i];
		bool mine = q->topic == topic && q->at_us >= r->p->dialled_us &&
			    (!r->p->over_us || q->at_us <= r->p->over_us);
		/* prepared on likely words and let go before it counted: no turn */
		n += mine && !(q->gone_us && q->gone_us - q->at_us < 1000000);
	}
	return n;
}

/* ---- T3 ---- */

static void t3_tick(struct bench_rep *r)
{
	static const double db[] = { -12, -20, -30 };
	if (r->step == 1 && !r->p->echo)
		bench_echo(r->p, db[r->i % 3], 80 + (int)rng_below(&r->rng, 171));
	if (!answered(r))
		return;
	if (bench_quiet_us(r->p) > OVER_US)
		bench_rep_end(r, true, "");
	else if (bench_in_step_us(r) > TALK_MS * 1000LL)
		bench_rep_end(r, false, "it does not end");
}

/* Turns that nobody took: prompts with words of an echo, and what was said to none of our
 * questions (that it was not understood, that it is not known) after the first of them. */
static size_t echo_turns(const struct bench *b)
{
	size_t n = 0;
	int64_t first = 0;
	for (size_t i = 0; i < b->n_reps; i++) {
		const struct bench_phone *p = b->reps[i].p;
		if (p && p->said.n && (!first || p->said.v[0].us < first))
			first = p->said.v[0].us;
	}
	for (size_t i = b->reps[0].asked0; i < b->f.asked.n; i++)
		n += sv_find(sv_of(b->f.asked.v[i]->user), SV("echo")) >= 0;
	for (size_t i = b->reps[0].spoke0; i < b->f.spoke.n; i++)
		n += b->f.spoke.v[i]->topic < 0 && first && b->f.spoke.v[i]->at_us > first;
	return n;
}

int bench_t3(struct bench *b)
{
	int rc = bench_server_ready(b, &(struct bench_set){ 0 });
	if (rc)
		return rc;
	b->keep_sound = true;
	b->f.sentences = 4;
	int n = b->o.quick ? 6 : 27;
	bench_reps(b, n, 6, t3_tick, NULL);
	size_t said = 0, cut = 0, turns;
	struct bench_rep *r;
	struct bench_heard h;
	for (int i = 0; (r = bench_heard_next(b, &i, &h)) != NULL;) {
		said += 1 + (size_t)b->f.sentences; /* the greeting and the answer */
		bool bad = h.whole < 0.95 || h.twice > 0.05 || h.of < 30;
		cut += bad;
		if (bad)
			(void)snprintf(r->why, sizeof(r->why),
				       "%.0f %% of the answer was heard, %zu words",
				       h.whole * 100, h.of);
	}
	turns = echo_turns(b);
	bench_row_share(b, "T3", "utterances not cut by their echo (-12, -20, -30 dB)",
			said - cut, said, 100, "");
	bench_note_failures(b, &b->rows.v[b->rows.n - 1]);
	turns = turns < said ? turns : said;
	bench_row_share(b, "T3", "turns not made of an echo", said - turns, said, 100, "");
	bench_trace(b, "T3-echo", b->reps[0].asked0, b->reps[0].spoke0);
	return bench_barge_in_echo(b);
}

/* ---- T4 ---- */

static const char *const kinds[KINDS] = { "uh huh", "yeah", "okay", "a cough", "keys", "babble" };

static const struct bench_clip *disturbance(struct bench *b, int kind)
{
	static const struct bench_clip *made[BENCH_NOISES];
	static const struct bench_clips *of;
	if (of != b->clips)
		memset(made, 0, sizeof(made));
	of = b->clips;
	if (kind < 3)
		return bench_clip_get(b->clips, BENCH_CALLER, sv_of(kinds[kind]));
	if (!made[kind - 3])
		made[kind - 3] = bench_noise_get(b->clips, (enum bench_noise)(kind - 3));
	return made[kind - 3];
}

static void t4_tick(struct bench_rep *r)
{
	struct bench_phone *p = r->p;
	if (!answered(r))
		return;
	int64_t now = bench_now_us();
	if (r->step == 4) {
		r->t[1] = r->t[0] + 1000000 + (int64_t)rng_below(&r->rng, 4000000);
		bench_step(r);
	} else if (r->step == 5 && now > r->t[1] && bench_quiet_us(p) < 40000) {
		bench_say(p, disturbance(r->b, r->i % KINDS), 0);
		r->t[1] = now;
		bench_step(r);
	} else if (r->step == 6 && bench_quiet_us(p) > OVER_US) {
		bench_rep_end(r, true, "");
	} else if (bench_in_step_us(r) > TALK_MS * 1000LL) {
		bench_rep_end(r, false, r->step == 5 ? "no moment to disturb" : "it does not end");
	}
}

/* The longest silence from the disturbance to 4 s after it. */
static double longest_gap(const struct bench_phone *p, int64_t from)
{
	double best = 0;
	for (size_t i = 0; i + 1 < p->runs.n; i++) {
		int64_t a = p->runs.v[i].to_us, z = p->runs.v[i + 1].from_us;
		if (a >= from - 20000 && a < from + 4000000 && (double)(z - a) / 1000 > best)
			best = (double)(z - a) / 1000;
	}
	return best;
}

int bench_t4(struct bench *b)
{
	struct bench_nums gap = { 0 };
	int rc = bench_server_ready(b, &(struct bench_set){ 0 });
	if (rc)
		return rc;
	for (int i = 0; i < KINDS; i++)
		(void)disturbance(b, i);
	b->keep_sound = true;
	b->f.sentences = 5;
	int n = b->o.quick ? 6 : 60;
	bench_reps(b, n, 6, t4_tick, NULL);
	size_t tried = 0, stops = 0, whole = 0, by_kind[KINDS] = { 0 };
	char note[100] = "";
	struct bench_rep *r;
	struct bench_heard h;
	for (int i = 0; (r = bench_heard_next(b, &i, &h)) != NULL;) {
		int kind = r->i % KINDS;
		double g = longest_gap(r->p, r->t[1]);
		bool stop = h.whole < 0.9 || g > RESUME_MS || asked_by(r, topic_of(r)) > 1;
		tried++;
		stops += stop;
		by_kind[kind] += stop;
		whole += stop || (h.whole > 0.97 && h.twice < 0.03);
		if (!stop)
			bench_num(&gap, g);
		(void)snprintf(r->why, sizeof(r->why),
			       "%s: %.1f %% heard, %.1f %% twice, gap %.0f ms",
			       kinds[kind], h.whole * 100, h.twice * 100, g);
	}
	for (int k = 0; k < KINDS; k++)
		if (by_kind[k])
			(void)snprintf(note + strlen(note), sizeof(note) - strlen(note), "%s %zu; ",
				       kinds[k], by_kind[k]);
	bench_row_share(b, "T4", "not stopped by backchannel or noise", tried - stops, tried,
			92, note);
	bench_note_failures(b, &b->rows.v[b->rows.n - 1]);
	bench_row_nums(b, "T4", "longest silence around it", "ms", &gap, NAN, RESUME_MS, 1);
	bench_row_share(b, "T4", "of these all text was played, and once", whole - stops,
			tried - stops, 100, "");
	struct bench_row *row =
		bench_row_add(b, "T4", "recall of barge-ins in the same configuration");
	row->p50 = b->recall;
	row->n = b->recall > 0;
	row->pass = b->recall >= 95;
	(void)snprintf(row->unit, sizeof(row->unit), "%%");
	(void)snprintf(row->threshold, sizeof(row->threshold), ">= 95 %%");
	(void)snprintf(row->note, sizeof(row->note), "%s",
		       b->recall > 0 ? "from T2" : "run T2 too");
	VEC_FREE(&gap);
	return 0;
}

/* ---- T5 ---- */

static bool asks(const struct bench_asked *q, int topic)
{
	return sv_find(sv_of(q->user), sv_of(bench_topics[topic].question)) >= 0;
}

static void t5_tick(struct bench_rep *r)
{
	struct bench *b = r->b;
	struct bench_phone *p = r->p;
	int next = (topic_of(r) + 4) % BENCH_TOPICS;
	if (!answered(r))
		return;
	int64_t now = bench_now_us();
	if (r->step == 4) {
		r->t[1] = r->t[0] + 300000 + (int64_t)rng_below(&r->rng, 14000000);
		bench_step(r);
	} else if (r->step == 5 && now > r->t[1] && bench_quiet_us(p) < 40000) {
		bench_say(p, bench_topic_clip(b, next), 0);
		bench_step(r);
	} else if (r->step == 6) {
		if (p->said_to_us && !r->t[2]) {
			r->t[2] = p->said_to_us;
			r->v[1] = (double)p->heard.n;
		}
		for (size_t i = r->asked0; r->t[2] && i < b->f.asked.n; i++) {
			const struct bench_asked *q = b->f.asked.v[i];
			if (q->at_us < p->said_from_us + 300000 || !asks(q, next))
				continue;
			/* both questions as one: the answer has not happened */
			bool one = asks(q, topic_of(r));
			r->v[2] = one ? 0 : (double)bench_count_words(sv_of(q->assistant));
			r->v[3] = 1;
		}
		if (r->v[3] > 0 && now > r->t[2] + 900000)
			bench_rep_end(r, true, "");
		else if (bench_in_step_us(r) > 8000000)
			bench_rep_end(r, false, "the next request did not come");
	} else if (bench_in_step_us(r) > TALK_MS * 1000LL) {
		bench_rep_end(r, false, "no moment to cut in");
	}
}

int bench_t5(struct bench *b)
{
	struct bench_nums diff = { 0 };
	int rc = bench_server_ready(b, &(struct bench_set){ 0 });
	if (rc)
		return rc;
	b->keep_sound = true;
	b->f.sentences = BENCH_SENTENCES;
	int n = b->o.quick ? 4 : 40;
	bench_reps(b, n, 4, t5_tick, NULL);
	size_t beyond = 0, tried = 0;
	struct bench_rep *r;
	struct bench_heard h;
	for (int i = 0; (r = bench_heard_next(b, &i, &h)) != NULL;) {
		double d = r->v[2] - (double)h.words;
		tried++;
		bench_num(&diff, fabs(d));
		beyond += d > 0.5;
		(void)snprintf(r->why, sizeof(r->why), "heard %zu words, the model was told %.0f",
			       h.words, r->v[2]);
	}
	bench_row_nums(b, "T5", "words of context off from what was heard", "", &diff, NAN, 2,
		       (size_t)(n * 9 / 10));
	bench_note_failures(b, &b->rows.v[b->rows.n - 1]);
	bench_row_share(b, "T5", "context holds no word beyond", tried - beyond, tried, 100, "");
	VEC_FREE(&diff);
	return 0;
}
