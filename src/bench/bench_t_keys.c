/* bench_t_keys.c: T6 numbers dictated in groups and a yes, T7 keys on a bad line, T14 the
 * greeting. */
#include "bench_int.h"

#include <math.h>
#include <stdio.h>

enum { ANSWER_MS = 10000, GROUPS = 4, KEYS_IN_CALL = 30, RUN_OF_KEYS = 3 };

/* ---- T6 ---- */

struct t6 {
	struct bench_nums yes, after;
	size_t tried, cut;
	struct bench_clip *numbers[8];
};

/* Four groups of two or three digits with 0.9 to 1.4 s between them. */
static struct bench_clip *number(struct bench *b, struct rng *r)
{
	static const char *const groups[][GROUPS] = {
		{ "zero one seven", "five five two", "eight three nine", "four six" },
		{ "zero one five", "two nine", "seven seven one", "three eight four" },
	};
	struct bench_clip *v[GROUPS];
	int gap[GROUPS];
	int k = (int)rng_below(r, 2);
	for (int i = 0; i < GROUPS; i++) {
		v[i] = bench_clip_get(b->clips, BENCH_CALLER, sv_of(groups[k][i]));
		gap[i] = i + 1 < GROUPS ? 900 + (int)rng_below(r, 501) : 0;
		if (!v[i])
			return NULL;
	}
	return bench_clip_join(b->clips, v, gap, GROUPS);
}

static void say_text(struct bench_rep *r, const char *text)
{
	bench_say(r->p, bench_clip_get(r->b->clips, BENCH_CALLER, sv_of(text)), 0);
	bench_step(r);
}

/* The far side has answered what was said last: 0 = not yet, else when. */
static int64_t reply_at(struct bench_rep *r, const char *why)
{
	int64_t at = bench_answer_at(r->p);
	if (!at && bench_in_step_us(r) > ANSWER_MS * 1000LL)
		bench_rep_end(r, false, why);
	return at;
}

static bool asked_right(struct bench_rep *r)
{
	struct bench *b = r->b;
	for (size_t i = r->spoke0; i < b->f.spoke.n; i++)
		if (b->f.spoke.v[i]->at_us > r->p->said_to_us &&
		    sv_find(sv_of(b->f.spoke.v[i]->text), SV("number right")) >= 0)
			return true;
	return false;
}

static void t6_number(struct bench_rep *r)
{
	struct t6 *x = r->b->data;
	struct bench_phone *p = r->p;
	int64_t loud = p->said_from_us ? bench_loud_after(p, p->said_from_us) : 0;
	if (!p->said_to_us && !loud)
		return;
	if (!loud && bench_in_step_us(r) < 20000000)
		return;
	x->tried++;
	x->cut += !p->said_to_us;
	if (!p->said_to_us || !loud) {
		bench_rep_end(r, p->said_to_us == 0, loud ? "cut in on a number" : "no answer");
		return;
	}
	bench_num(&x->after, (double)(loud - p->said_to_us) / 1000);
	bench_step(r);
}

static void t6_tick(struct bench_rep *r)
{
	struct t6 *x = r->b->data;
	int64_t at;
	if (!bench_greeted(r) || bench_done_if_over(r))
		return;
	switch (r->step) {
	case 2:
		say_text(r, "I want to change the phone number of my delivery.");
		break;
	case 3:
		if (reply_at(r, "it did not ask for the number"))
			bench_step(r);
		break;
	case 4:
		if (bench_quiet_us(r->p) > 600000) {
			bench_say(r->p, x->numbers[r->i % 8], 0);
			bench_step(r);
		}
		break;
	case 5:
		t6_number(r);
		break;
	case 6:
		if (bench_quiet_us(r->p) > 700000)
			say_text(r, "I want to check the phone number of my delivery.");
		break;
	case 7:
		if (reply_at(r, "no answer after the number"))
			bench_step(r);
		break;
	case 8:
		if (bench_quiet_us(r->p) < 700000)
			break;
		if (!asked_right(r))
			bench_rep_end(r, false, "no yes-or-no question came");
		else
			say_text(r, "Yes.");
		break;
	default:
		at = reply_at(r, "no answer to yes");
		if (at) {
			bench_num(&x->yes, (double)(at - r->p->said_to_us) / 1000);
			bench_rep_end(r, true, "");
		}
	}
}

int bench_t6(struct bench *b)
{
	struct t6 x = { 0 };
	int rc = bench_server_ready(b, &(struct bench_set){ 0 });
	if (rc)
		return rc;
	b->data = &x;
	for (int i = 0; i < 8; i++)
		x.numbers[i] = number(b, &b->rng);
	int n = b->o.quick ? 4 : 50;
	bench_reps(b, n, 4, t6_tick, NULL);
	bench_row_share(b, "T6", "dictated numbers not cut in on", x.tried - x.cut, x.tried,
			100, "");
	bench_note_failures(b, &b->rows.v[b->rows.n - 1]);
	bench_row_nums(b, "T6", "end of the number to the next sound", "ms", &x.after, NAN, NAN, 1);
	bench_row_nums(b, "T6", "a yes to the first sound of the answer", "ms", &x.yes, 700, 950,
		       (size_t)(n * 3 / 4));
	VEC_FREE(&x.yes);
	VEC_FREE(&x.after);
	return 0;
}

/* ---- T7 ---- */

static const char keys[] = "123456789#";

static void t7_tick(struct bench_rep *r)
{
	if (r->step == 0) {
		char user[24];
		(void)snprintf(user, sizeof(user), "keys%d", r->i);
		r->p = bench_dial(r->b, user, false);
		bench_step(r);
		return;
	}
	if (bench_done_if_over(r))
		return;
	if (r->step == 1 && r->p->state == PH_UP && bench_in_step_us(r) > 800000) {
		/* also into the greeting; groups of three, since longer rows are not told */
		r->p->line = (struct bench_line){ .loss = r->i % 2 ? 0.3 : 0,
						  .reorder = r->i % 3 == 0 };
		for (int k = 0; k < KEYS_IN_CALL; k++) {
			bool last = k % RUN_OF_KEYS == RUN_OF_KEYS - 1;
			bench_press(r->p, keys[(k * 7 + r->i) % 10], 40,
				    last ? 3300 : 60 + (k % 3) * 40, r->i % 4 == 1);
		}
		bench_step(r);
	} else if (r->step == 2 && r->p->key_at == r->p->keys.n) {
		bench_step(r);
	} else if (r->step == 3 && bench_in_step_us(r) > 700000) {
		bench_rep_end(r, true, "");
	}
}

/* Keys of the conversation's rows against what was pressed: how many came right. */
static size_t keys_right(struct bench_rep *r, size_t *ret_twice)
{
	size_t k = 0, right = 0;
	jv *all = bench_events(r->b, r->p->up_us);
	for (size_t i = 0; i < jv_len(all); i++) {
		const jv *e = jv_at(all, i);
		if (!sv_eq(jv_get_str(e, "kind"), SV("call.dtmf")))
			continue;
		sv digit = jv_get_str(jv_get(e, "body"), "digit");
		bool same = k < KEYS_IN_CALL && digit.n == 1 &&
			    digit.p[0] == keys[(k * 7 + r->i) % 10];
		right += same;
		k++;
	}
	jv_free(all);
	*ret_twice += k > KEYS_IN_CALL ? k - KEYS_IN_CALL : 0;
	(void)snprintf(r->why, sizeof(r->why), "%zu keys in the record, %zu as pressed", k, right);
	return right;
}

int bench_t7(struct bench *b)
{
	int rc = bench_server_ready(b, &(struct bench_set){ 0 });
	if (rc || b->o.target) {
		if (b->o.target)
			bench_row_missing(b, "T7", "keys", "needs the server's own record");
		return rc;
	}
	int n = b->o.quick ? 4 : 34;
	size_t right = 0, twice = 0, all = (size_t)n * KEYS_IN_CALL;
	bench_reps(b, n, b->o.quick ? 4 : 17, t7_tick, NULL);
	bench_pause(b, 500);
	for (int i = 0; i < n; i++)
		right += keys_right(&b->reps[i], &twice);
	bench_row_share(b, "T7", "keys right, once, in order", right, all, 100,
			b->o.caller ? "keys of its own length, half of the calls lose 30 %" :
				      "40 ms, half of the calls lose 30 %");
	bench_note_failures(b, &b->rows.v[b->rows.n - 1]);
	bench_row_share(b, "T7", "keys not doubled", all - (twice < all ? twice : all), all,
			100, "");
	return 0;
}

/* ---- T14 ---- */

static void t14_tick(struct bench_rep *r)
{
	struct bench_phone *p = r->p;
	if (r->step == 0) {
		r->p = bench_dial(r->b, "greet", true);
		bench_step(r);
		return;
	}
	if (bench_done_if_over(r))
		return;
	int64_t first = p->up_us ? bench_loud_after(p, p->up_us) : 0;
	if (first && bench_now_us() > first + 600000) {
		r->t[0] = first;
		bench_rep_end(r, true, "");
	} else if (bench_in_step_us(r) > 8000000) {
		bench_rep_end(r, false, "no greeting");
	}
}

/* How well the first 200 ms heard fit the beginning of a sentence that was made. */
static double likeness(struct bench_rep *r)
{
	enum { N = 1600, SLIDE = 320 };
	struct bench *b = r->b;
	struct bench_phone *p = r->p;
	size_t i0 = 0;
	double best = 0;
	while (i0 + 40 < p->heard.n && pcm_dbfs(p->heard.v + i0, 40) < -48)
		i0 += 40;
	for (size_t k = 0; k < b->f.spoke.n && i0 + N <= p->heard.n; k++) {
		const struct bench_clip *c = b->f.spoke.v[k]->clip;
		for (size_t o = 0; c && o < SLIDE && o + N <= c->n; o++) {
			double rho = bench_rho(p->heard.v + i0, c->s + o, N);
			best = rho > best ? rho : best;
		}
	}
	return best;
}

int bench_t14(struct bench *b)
{
	struct bench_nums first = { 0 }, like = { 0 };
	int rc = bench_server_ready(b, &(struct bench_set){ 0 });
	if (rc)
		return rc;
	int n = b->o.quick ? 5 : 40;
	size_t early = 0, good = 0;
	char note[32];
	bench_reps(b, n, 3, t14_tick, NULL);
	for (int i = 0; i < n; i++) {
		struct bench_rep *r = &b->reps[i];
		if (!r->ok)
			continue;
		bench_num(&first, (double)(r->t[0] - r->p->up_us) / 1000);
		double rho = likeness(r);
		bench_num(&like, rho);
		good += rho >= 0.9;
		early += r->p->first_rx_us < r->p->up_us && !r->p->early;
	}
	bench_row_nums(b, "T14", "ACK to the first sound of the greeting", "ms", &first, NAN, 300,
		       (size_t)(n * 9 / 10));
	bench_note_failures(b, &b->rows.v[b->rows.n - 1]);
	(void)snprintf(note, sizeof(note), "p50 %.2f", bench_q(&like, 0.5));
	bench_row_share(b, "T14", "first 200 ms like the reference (0.9)", good, like.n, 100, note);
	bench_row_share(b, "T14", "no sound before the answer", like.n - early, like.n, 100, "");
	VEC_FREE(&first);
	VEC_FREE(&like);
	if (b->o.target) {
		bench_row_missing(b, "T14", "a call of the server's", "not our server");
		return 0;
	}
	return bench_out_early(b);
}
