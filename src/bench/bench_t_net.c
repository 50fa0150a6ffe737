/* bench_t_net.c: T16 a bad network: loss, jitter, reordering, a new sender or another port in the
 * middle, hold, comfort noise instead of silence, a caller who says nothing. */
#include "bench_int.h"

#include <math.h>
#include <stdio.h>

enum kind { LOSSY, SENDER, PORT, HELD, COMFORT, SILENT, KINDS };
enum { PARTS = 4, PART_GAP_MS = 80, ANSWER_US = 12000000, PROMPT_US = 20000000, HANG_US = 400000 };
static const char *const names[KINDS] = {
	"5 % loss, 60 ms jitter, reordering: question understood",
	"new SSRC in the middle: question understood",
	"another port by re-INVITE: question understood",
	"after hold: question understood",
	"comfort noise (RFC 3389): asked if there, then understood",
	"silence: asked whether the caller is there",
};
static const char *const traces[KINDS] = { "T16-lossy", "T16-sender",  "T16-port",
					   "T16-hold",  "T16-comfort", "T16-silent" };

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

/* Four questions in one breath, long enough to see whether sound is lost or added. */
static const struct bench_clip *speech(struct bench *b, int topic)
{
	struct bench_clip *v[PARTS], **made = b->data;
	int gap[PARTS];
	for (int i = 0; i < PARTS && !made[topic]; i++) {
		const char *text = bench_topics[(topic + i) % BENCH_TOPICS].question;
		v[i] = bench_clip_get(b->clips, BENCH_CALLER, sv_of(text));
		gap[i] = i + 1 < PARTS ? PART_GAP_MS : 0;
		if (!v[i])
			return NULL;
	}
	if (!made[topic])
		made[topic] = bench_clip_join(b->clips, v, gap, PARTS);
	return made[topic];
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
	if (kind == PORT && bench_move(p))
		bench_rep_end(r, false, "no other socket");
	if (kind == HELD)
		bench_hold(p, true);
	p->comfort = kind == COMFORT;
	bench_step(r);
}

/* Steps 3 of the two that wait for a prompt: true once it was asked, and is over. */
static bool prompted(struct bench_rep *r)
{
	int64_t at = bench_loud_after(r->p, r->at_us + 100000);
	if (!at && bench_in_step_us(r) > PROMPT_US)
		bench_rep_end(r, false, "nobody asked in 20 s");
	if (at && !r->t[2]) {
		r->t[2] = at;
		r->v[0] = (double)(at - r->at_us) / 1000;
	}
	return at && bench_quiet_us(r->p) > 700000;
}

/* True once the line has had its second to recover. */
static bool recovered(struct bench_rep *r, enum kind kind)
{
	int64_t hold_us = r->b->o.quick ? 4000000 : 30000000;
	if (kind == COMFORT && !r->t[1]) {
		if (!prompted(r))
			return false;
		/* as devices do that leave silence out: sound again shortly before speech */
		r->p->comfort = false;
		r->t[1] = bench_now_us() - 1000000 + HANG_US;
	} else if (kind == HELD && !r->t[1]) {
		if (bench_in_step_us(r) < hold_us)
			return false;
		r->t[1] = bench_now_us();
		bench_hold(r->p, false);
	}
	return bench_in_step_us(r) >= 1000000 && bench_now_us() >= r->t[1] + 1000000;
}

static void t16_tick(struct bench_rep *r)
{
	enum kind kind = *(const enum kind *)r->arg;
	struct bench_phone *p = r->p;
	if (!bench_greeted(r) || bench_done_if_over(r))
		return;
	if (r->step == 2) {
		disturb(r, kind);
	} else if (r->step == 3 && kind == SILENT) {
		if (prompted(r))
			bench_rep_end(r, true, "");
	} else if (r->step == 3) {
		if (!recovered(r, kind) || r->over)
			return;
		bench_say(p,
			  kind == LOSSY ? speech(r->b, topic_of(r)) :
					  bench_topic_clip(r->b, topic_of(r)),
			  0);
		p->comfort = kind == COMFORT;
		bench_step(r);
	} else {
		int64_t at = bench_answer_at(p);
		if (at && understood(r)) {
			r->v[0] = (double)(at - p->said_to_us) / 1000;
			bench_rep_end(r, true, "");
		} else if (bench_in_step_us(r) > ANSWER_US + (int64_t)p->clip_at * 125) {
			bench_rep_end(r, false, at ? "other words came to the model" : "no answer");
		}
	}
}

static void kind_row(struct bench *b, enum kind kind, int n)
{
	size_t ok = 0;
	struct bench_nums t = { 0 };
	char note[100];
	const char *why = "";
	for (int i = 0; i < n; i++) {
		ok += b->reps[i].ok;
		if (b->reps[i].ok)
			bench_num(&t, b->reps[i].v[0]);
		else
			why = b->reps[i].why;
	}
	(void)snprintf(note, sizeof(note), "first sound p50 %.0f ms%s%.50s", bench_q(&t, 0.5),
		       *why ? "; " : "", why);
	bench_row_share(b, "T16", names[kind], ok, (size_t)n, kind == LOSSY ? 95 : 100, note);
	bench_trace(b, traces[kind], 0, 0);
	VEC_FREE(&t);
}

int bench_t16(struct bench *b)
{
	static const enum kind kinds[KINDS] = { LOSSY, SENDER, PORT, HELD, COMFORT, SILENT };
	struct bench_clip *made[BENCH_TOPICS] = { 0 };
	int n = b->o.quick ? 3 : 20;
	int rc = bench_server_ready(b, &(struct bench_set){ 0 });
	if (rc)
		return rc;
	b->data = made;
	for (int i = 0; i < BENCH_TOPICS; i++)
		(void)speech(b, i);
	VEC_FREE(&b->f.feed_off);
	for (int k = 0; k < KINDS; k++) {
		bench_reps(b, n, 6, t16_tick, &kinds[k]);
		kind_row(b, kinds[k], n);
	}
	bench_row_nums(b, "T16", "recogniser's samples against the line's, of long speech", "%",
		       &b->f.feed_off, NAN, 0.5, (size_t)(n / 2));
	return 0;
}
