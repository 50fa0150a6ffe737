/* bench_t_out.c: calls that the server places (POST /api/v1/calls): T13 who has answered, and the
 * rows of T14 about sound before the answer.
 *
 * The bench answers as persons, machines with a beep, an assistant that asks who is calling, a
 * full mailbox or nobody at all; the called is told by the user part of the address. What is
 * heard and when is judged on the wire, what it was taken for by the call's own events. */
#include "bench_int.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum {
	OUT_MAX = 200,
	LEAD_US = 300000,        /* from the answer to their first word */
	WAIT_US = 12000000,
	MESSAGE_US = 25000000,
	TO_BEEP_US = 600000,
	BEEPS = 4,
	HELLO_MS = 1500,
	AFTER_BEEP_MS = 1000,
};
enum who { PERSON, MACHINE, SCREEN, FULL, SILENT, WHO };
enum { S_HUMAN = 1, S_MACHINE = 2, S_SCREEN = 4, S_MESSAGE = 8, S_ENDED = 16 };

static const char opening[] = "Your parcel has arrived at our shop.";
static const char message[] = "This is the shop. Your parcel is here. Please call us. Goodbye.";
static const char *const hellos[] = {
	"Hello?",
	"Yes?",
	"Hello, this is Anna.",
	"Hi, who is this?",
	"Bob Miller speaking.",
	"Yes, hello?",
	"Anna Miller.",
	"Good morning, Brightlake tools, this is Anna.",
	"Hello, hello?",
	"Good afternoon, this is the office of Miller and Sons, how can I help you?",
};
static const char *const machines[] = {
	"Hi, you have reached Bob. I am not available right now. Please leave a message after the "
	"beep.",
	"You have reached the voice mail of five five two three. Please leave a message after the "
	"tone.",
	"This is Anna. I cannot come to the phone. Leave your name and number after the beep.",
};
static const char screen[] = "The person you are calling is using a screening service. Please "
			     "state your name and why you are calling.";
static const char full[] = "The person you have called is not available. The mailbox is full. "
			   "Goodbye.";

struct t13 {
	char id[OUT_MAX][32];
	int count[WHO];
	struct bench_clip *beep[BEEPS]; /* T14: [0] is said before the answer */
};

static enum who who_of(const struct t13 *x, int i)
{
	int k = 0;
	while (k + 1 < WHO && i >= x->count[k])
		i -= x->count[k++];
	return (enum who)k;
}

/* ---- placing them ---- */

static void on_call(struct bench *b, struct bench_phone *p)
{
	const char *at = strstr(p->their_to, "sip:out");
	size_t i = at ? (size_t)strtoul(at + 7, NULL, 10) : OUT_MAX;
	p->kept = true;
	p->answer_ms = p->early_out ? 2000 : 200;
	if (i < b->n_reps && !b->reps[i].p)
		b->reps[i].p = p;
	else
		p->refuse = 404;
}

static void place(struct bench_rep *r)
{
	struct t13 *x = r->b->data;
	struct sb body, out;
	struct err e;
	sb_init(&body, 4096);
	sb_init(&out, LIM_SB);
	sb_fmt(&body, "{\"to\":\"sip:out%d@127.0.0.1:%d\",\"text\":\"%s\",\"message\":\"%s\","
		      "\"purpose\":\"a parcel\",\"language\":\"en\"}",
	       r->i, r->b->sip_port, opening, message);
	int rc = bench_post(r->b, "/api/v1/calls", sb_sv(&body), &out);
	jv *o = rc ? NULL : jv_parse(sb_sv(&out), &e);
	(void)snprintf(x->id[r->i], sizeof(x->id[0]), SV_FMT, SV_ARG(jv_get_str(o, "id")));
	jv_free(o);
	sb_done(&body);
	sb_done(&out);
	if (!x->id[r->i][0])
		bench_rep_end(r, false, "the call was refused");
	else
		bench_step(r);
}

/* Steps 0 to 2: placed, up, and time for the first word. */
static bool answered(struct bench_rep *r)
{
	if (r->step == 0) {
		place(r);
	} else if (r->step == 1) {
		if (r->p && r->p->state == PH_UP)
			bench_step(r);
		else if (bench_in_step_us(r) > WAIT_US)
			bench_rep_end(r, false, "no call came");
	} else if (r->step == 2 && bench_in_step_us(r) > LEAD_US) {
		return true;
	}
	return r->step > 2;
}

static void say(struct bench_rep *r, const char *text)
{
	enum bench_voice_kind who = r->i % 2 ? BENCH_AGENT : BENCH_CALLER;
	bench_say(r->p, bench_clip_get(r->b->clips, who, sv_of(text)),
		  -(double)rng_below(&r->rng, 9));
	bench_step(r);
}

static int64_t reply(struct bench_rep *r)
{
	const struct bench_phone *p = r->p;
	return bench_answer_at(p);
}

/* ---- the called ---- */

static void person(struct bench_rep *r)
{
	int64_t at = reply(r);
	if (r->step == 2) {
		say(r, hellos[(size_t)r->i % (sizeof(hellos) / sizeof(*hellos))]);
	} else if (r->step == 3 && at) {
		r->v[0] = (double)(at - r->p->said_to_us) / 1000;
		bench_step(r);
	} else if (r->step == 4 && bench_in_step_us(r) > 1000000) {
		bench_rep_end(r, true, "");
	} else if (bench_in_step_us(r) > WAIT_US) {
		bench_rep_end(r, false, "a person heard nothing");
	}
}

static void machine(struct bench_rep *r)
{
	struct t13 *x = r->b->data;
	struct bench_phone *p = r->p;
	if (r->step == 2) {
		say(r, machines[r->i % 3]);
	} else if (r->step == 3 && p->said_to_us &&
		   bench_now_us() > p->said_to_us + TO_BEEP_US) {
		r->v[1] = bench_loud_after(p, p->up_us) != 0;
		bench_say(p, x->beep[r->i % BEEPS], 0);
		bench_step(r);
	} else if (r->step == 4 && reply(r)) {
		r->v[0] = (double)(reply(r) - p->said_to_us) / 1000;
		bench_step(r);
	} else if (r->step == 5 && p->state == PH_OVER) {
		bench_rep_end(r, p->got_bye, "no BYE after the message");
	} else if (bench_in_step_us(r) > MESSAGE_US) {
		bench_rep_end(r, false, r->step == 4 ? "no message" : "no BYE");
	}
}

static void screening(struct bench_rep *r)
{
	if (r->step == 2) {
		say(r, screen);
	} else if (r->step == 3 && reply(r)) {
		r->v[0] = (double)(reply(r) - r->p->said_to_us) / 1000;
		bench_step(r);
	} else if (r->step == 4 && bench_quiet_us(r->p) > 1200000) {
		say(r, "Hello?");
	} else if (r->step == 5 && reply(r)) {
		bench_rep_end(r, true, "");
	} else if (bench_in_step_us(r) > WAIT_US) {
		bench_rep_end(r, false, r->step == 3 ? "it did not say who calls" :
						       "the person was not talked to");
	}
}

static void mailbox_full(struct bench_rep *r)
{
	if (r->step == 2)
		say(r, full);
	else if (r->p->state == PH_OVER)
		bench_rep_end(r, r->p->got_bye && !r->p->runs.n, "something was said to it");
	else if (bench_in_step_us(r) > WAIT_US)
		bench_rep_end(r, false, "it did not hang up");
}

/* "Hello?" once, then the conversation. */
static void silence(struct bench_rep *r)
{
	const struct bench_phone *p = r->p;
	if (r->step == 2 && p->runs.n) {
		r->v[0] = (double)(p->runs.v[0].from_us - p->up_us) / 1000;
		bench_step(r);
	} else if (r->step == 3 && p->runs.v[p->runs.n - 1].from_us >
					   p->runs.v[0].to_us + 1500000) {
		bench_rep_end(r, true, "");
	} else if (bench_in_step_us(r) > WAIT_US) {
		bench_rep_end(r, false, "it stayed silent");
	}
}

static void t13_tick(struct bench_rep *r)
{
	static void (*const fns[WHO])(struct bench_rep *r) = { person, machine, screening,
							       mailbox_full, silence };
	enum who who = who_of(r->b->data, r->i);
	if (!answered(r))
		return;
	if (r->over || (who != MACHINE && who != FULL && bench_done_if_over(r)))
		return;
	if (who == MACHINE && r->step < 5 && bench_done_if_over(r))
		return;
	fns[who](r);
}

/* ---- judging ---- */

static unsigned states_of(struct bench *b, const char *id)
{
	static const char *const names[] = { "human", "machine", "screening", "message", "ended" };
	char path[96];
	struct sb out;
	struct err e;
	unsigned set = 0;
	sb_init(&out, LIM_SB);
	(void)snprintf(path, sizeof(path), "/api/v1/calls/%s", id);
	jv *o = bench_get(b, path, &out) ? NULL : jv_parse(sb_sv(&out), &e);
	const jv *events = jv_get(o, "events");
	for (size_t i = 0; i < jv_len(events); i++)
		for (unsigned k = 0; k < sizeof(names) / sizeof(*names); k++)
			if (sv_eq(jv_get_str(jv_get(jv_at(events, i), "body"), "state"),
				  sv_of(names[k])))
				set |= 1U << k;
	jv_free(o);
	sb_done(&out);
	return set;
}

/* Share of the message's sound that was heard. */
static double message_heard(struct bench_rep *r)
{
	struct bench *b = r->b;
	struct bench_segs segs = { 0 };
	VEC(const struct bench_clip *) clips = { 0 };
	size_t n = 0, all = 0;
	for (size_t i = 0; i < b->f.spoke.n; i++) {
		const struct bench_spoke *q = b->f.spoke.v[i];
		bool known = !q->clip || sv_find(sv_of(message), sv_of(q->text)) < 0;
		for (size_t k = 0; k < clips.n && !known; k++)
			known = clips.v[k] == q->clip;
		const struct bench_clip **slot = known ? NULL : VEC_PUSH(&clips, 64);
		if (slot) {
			*slot = q->clip;
			all += q->clip->loud_to - q->clip->loud_from;
		}
	}
	bench_match(r->p->heard.v, r->p->heard.n, clips.v, clips.n, &segs);
	for (size_t i = 0; i < segs.n; i++)
		n += segs.v[i].n;
	VEC_FREE(&segs);
	VEC_FREE(&clips);
	return all ? (double)n / (double)all : 0;
}

struct tally {
	struct bench_nums first, after;
	size_t right[WHO], whole, before, false_machine;
};

static void judge(struct bench_rep *r, struct tally *t)
{
	static const unsigned want[WHO] = { S_HUMAN, S_MACHINE | S_MESSAGE, S_SCREEN | S_HUMAN, 0,
					    S_HUMAN };
	const struct t13 *x = r->b->data;
	enum who who = who_of(x, r->i);
	unsigned set = states_of(r->b, x->id[r->i]) & ~(unsigned)S_ENDED;
	/* a machine's length may be noticed first: what counts is what was done in the end */
	bool same = who == SCREEN || who == FULL ? (set & ~(unsigned)S_MACHINE) == want[who] :
						   set == want[who];
	if (who == PERSON) {
		t->false_machine += !(set & S_HUMAN) || (set & S_MESSAGE);
		same = (set & S_HUMAN) && !(set & S_MESSAGE);
		if (r->ok)
			bench_num(&t->first, r->v[0]);
	}
	if (who == MACHINE && r->ok) {
		bench_num(&t->after, r->v[0]);
		t->before += r->v[1] > 0;
		t->whole += message_heard(r) > 0.9;
	}
	t->right[who] += r->ok && same;
	if (r->ok && !same) {
		r->ok = false;
		(void)snprintf(r->why, sizeof(r->why), "taken for something else (%x)", set);
	}
}

static void rows(struct bench *b, struct t13 *x, struct tally *t)
{
	size_t persons = (size_t)x->count[PERSON], found = (size_t)x->count[MACHINE];
	bench_row_nums(b, "T13", "person: end of the hello to our first sound", "ms", &t->first,
		       NAN, HELLO_MS, persons);
	bench_note_failures(b, &b->rows.v[b->rows.n - 1]);
	bench_row_share(b, "T13", "persons not taken for a machine", persons - t->false_machine,
			persons, 97, "");
	bench_row_nums(b, "T13", "machine: end of its beep to the message", "ms", &t->after, NAN,
		       AFTER_BEEP_MS, found);
	bench_row_share(b, "T13", "machine: silent until the beep", t->after.n - t->before,
			t->after.n, 100, "");
	bench_row_share(b, "T13", "machine: message whole, then BYE", t->whole, found, 100, "");
	bench_row_share(b, "T13", "machine: known as one", t->right[MACHINE], found, 97, "");
	bench_row_share(b, "T13", "who asks who is calling: told, then talked to",
			t->right[SCREEN], (size_t)x->count[SCREEN], 100, "");
	bench_row_share(b, "T13", "full mailbox: BYE without a word", t->right[FULL],
			(size_t)x->count[FULL], 100, "");
	bench_row_share(b, "T13", "silence: asked, then talked to", t->right[SILENT],
			(size_t)x->count[SILENT], 100, "");
}

/* Spoken before: a call must not wait for its words. */
static void prepare(struct bench *b)
{
	for (int who = 0; who < 2; who++) {
		enum bench_voice_kind v = who ? BENCH_AGENT : BENCH_CALLER;
		for (size_t i = 0; i < sizeof(hellos) / sizeof(*hellos); i++)
			(void)bench_clip_get(b->clips, v, sv_of(hellos[i]));
		for (size_t i = 0; i < sizeof(machines) / sizeof(*machines); i++)
			(void)bench_clip_get(b->clips, v, sv_of(machines[i]));
		(void)bench_clip_get(b->clips, v, sv_of(screen));
		(void)bench_clip_get(b->clips, v, sv_of(full));
	}
}

static struct bench_clip *tone(struct bench *b, int hz, int ms)
{
	size_t n = (size_t)ms * 8;
	int16_t *s = xalloc((n + 1) * sizeof(*s));
	for (size_t i = 0; i < n; i++)
		s[i] = (int16_t)(6000 * sin(2 * M_PI * hz * (double)i / PCM_HZ));
	return bench_clip_add(b->clips, "", s, n);
}

int bench_t13(struct bench *b)
{
	struct t13 x = { .count = { 100, 30, 10, 10, 10 } };
	struct tally t = { 0 };
	int n = 0;
	if (b->o.target) {
		bench_row_missing(b, "T13", "calls of the server's", "not our server");
		return 0;
	}
	int rc = bench_server_ready(b, &(struct bench_set){ .outbound = true });
	if (rc)
		return rc;
	if (b->o.quick)
		memcpy(x.count, (int[]){ 10, 4, 2, 2, 2 }, sizeof(x.count));
	for (int i = 0; i < WHO; i++)
		n += x.count[i];
	prepare(b);
	x.beep[0] = tone(b, 1000, 400);
	x.beep[1] = tone(b, 800, 300);
	x.beep[2] = tone(b, 440, 500);
	x.beep[3] = tone(b, 1400, 250);
	b->data = &x;
	b->on_call = on_call;
	bench_reps(b, n, 4, t13_tick, NULL);
	bench_pause(b, 1000);
	for (int i = 0; i < n; i++)
		judge(&b->reps[i], &t);
	rows(b, &x, &t);
	VEC_FREE(&t.first);
	VEC_FREE(&t.after);
	return 0;
}

/* ---- T14: sound before the answer ---- */

static void on_call_early(struct bench *b, struct bench_phone *p)
{
	const struct t13 *x = b->data;
	p->early_out = true;
	on_call(b, p);
	bench_say(p, x->beep[0], 0);
}

static void early_tick(struct bench_rep *r)
{
	if (answered(r) && !r->over && !bench_done_if_over(r))
		person(r);
}

int bench_out_early(struct bench *b)
{
	struct t13 x = { .count = { OUT_MAX } };
	int n = b->o.quick ? 3 : 20;
	size_t quiet = 0, up = 0;
	struct bench_nums first = { 0 };
	int rc = bench_server_ready(b, &(struct bench_set){ .outbound = true });
	if (rc)
		return rc;
	prepare(b);
	x.beep[0] = bench_clip_get(b->clips, BENCH_AGENT,
				   SV("Please wait, you are being connected."));
	b->data = &x;
	b->on_call = on_call_early;
	bench_reps(b, n, 3, early_tick, NULL);
	for (int i = 0; i < n; i++) {
		const struct bench_rep *r = &b->reps[i];
		if (!r->p || !r->p->up_us)
			continue;
		up++;
		quiet += r->p->first_rx_us >= r->p->answer_us;
		if (r->ok)
			bench_num(&first, r->v[0]);
	}
	bench_row_share(b, "T14", "our call, 183 with sound: no packet before the 200", quiet, up,
			100, up < (size_t)n ? "not all were answered" : "");
	b->rows.v[b->rows.n - 1].pass &= up == (size_t)n;
	bench_row_nums(b, "T14", "the hello after it to our first sound", "ms", &first, NAN,
		       HELLO_MS, (size_t)n);
	bench_note_failures(b, &b->rows.v[b->rows.n - 1]);
	VEC_FREE(&first);
	return 0;
}
