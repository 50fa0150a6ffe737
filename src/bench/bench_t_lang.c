/* bench_t_lang.c: T18 a caller changes the language within a call.
 *
 * There is no Chinese voice here: the caller's Chinese is the sound of an English sentence whose
 * words the fake recogniser gives in Chinese, and the fake synthesis says Chinese with an English
 * sentence. What is judged is which language the server answers in (its rows) and how soon (the
 * wire), not how well either is understood. */
#include "bench_int.h"

#include <math.h>
#include <stdio.h>

enum { ANSWER_MS = 10000, LATER_MS = 400 };

/* What is said in a call, one after the other, and the language of the answer. */
static const struct {
	const char *sound, *text;  /* text NULL = sound */
	const char *lang;
	bool judged, real;
} script[] = {
	{ "How does the delivery of my parcel work?", NULL, "en", false, false },
	{ "Thank you.", "谢谢。", "en", true, false },
	{ "What does the warranty of the tools cover?", NULL, "en", true, false },
	{ "How long will the delivery of my parcel take?", "请问包裹配送需要多长时间？", "zh",
	  true, true },
	{ "Thank you.", NULL, "zh", true, false },
	{ "How long will the delivery take to my house?", "配送到家里大概要几天？", "zh", true,
	  false },
	{ "What should I know about the watering of roses?", NULL, "en", true, true },
};
enum { STEPS = sizeof(script) / sizeof(*script) };

struct t18 {
	struct bench_clip *clip[STEPS];
	struct bench_nums same, other;
};

static struct bench_clip *spoken(struct bench *b, int k)
{
	struct bench_clip *c = bench_clip_get(b->clips, BENCH_CALLER, sv_of(script[k].sound));
	if (!c || !script[k].text)
		return c;
	int16_t *s = xalloc((c->n + 1) * sizeof(*s));
	memcpy(s, c->s, c->n * sizeof(*s));
	struct bench_clip *z = bench_clip_add(b->clips, script[k].text, s, c->n);
	struct bench_word *w = VEC_PUSH(&z->words, 4);
	if (w)
		*w = (struct bench_word){ 0, 0 };
	return z;
}

/* r->turn counts what was said; r->v[] would be too short, so the times go to the test. */
static void t18_tick(struct bench_rep *r)
{
	struct t18 *x = r->b->data;
	struct bench_phone *p = r->p;
	if (!bench_greeted(r) || bench_done_if_over(r))
		return;
	if (r->step == 2) {
		if (r->turn == STEPS) {
			bench_rep_end(r, true, "");
			return;
		}
		bench_say(p, x->clip[r->turn], 0);
		bench_step(r);
		return;
	}
	int64_t at = bench_answer_at(p);
	if (!at && bench_in_step_us(r) > ANSWER_MS * 1000LL)
		bench_rep_end(r, false, "no answer");
	if (!at || bench_quiet_us(p) < 1200000)
		return;
	double ms = (double)(at - p->said_to_us) / 1000;
	bool real = script[r->turn].real;
	if (real)
		bench_num(&x->other, ms);
	else if (!script[r->turn].judged)
		bench_num(&x->same, ms);
	r->turn++;
	r->step = 2;
	r->at_us = bench_now_us();
}

/* The language of the first answer after the customer's words k; NULL = none. */
static bool answered_in(const jv *all, int k, char out[8])
{
	const char *text = script[k].text ? script[k].text : script[k].sound;
	bool found = false;
	int nth = 0, want = 0;
	for (int i = 0; i < k; i++) /* the same words may come twice */
		want += strcmp(script[i].text ? script[i].text : script[i].sound, text) == 0;
	for (size_t i = 0; i < jv_len(all); i++) {
		const jv *e = jv_at(all, i), *body = jv_get(e, "body");
		sv kind = jv_get_str(e, "kind");
		if (sv_eq(kind, SV("turn.customer")))
			found = sv_find(jv_get_str(body, "text"), sv_of(text)) >= 0 &&
				nth++ == want;
		if (found && sv_eq(kind, SV("turn.bot"))) {
			(void)snprintf(out, 8, SV_FMT, SV_ARG(jv_get_str(body, "language")));
			return true;
		}
	}
	return false;
}

int bench_t18(struct bench *b)
{
	struct t18 x = { 0 };
	int n = b->o.quick ? 2 : 25;
	size_t stay = 0, stays = 0, change = 0, changes = 0;
	if (b->o.target) {
		bench_row_missing(b, "T18", "languages", "needs the server's own record");
		return 0;
	}
	int rc = bench_server_ready(b, &(struct bench_set){ 0 });
	if (rc)
		return rc;
	for (int k = 0; k < STEPS; k++)
		if (!(x.clip[k] = spoken(b, k)))
			return ERR_UNSUPPORTED;
	b->data = &x;
	bench_reps(b, n, 4, t18_tick, NULL);
	bench_pause(b, 500);
	for (int i = 0; i < n; i++) {
		struct bench_rep *r = &b->reps[i];
		jv *all = r->p ? bench_events(b, r->p->up_us) : NULL;
		for (int k = 0; k < STEPS; k++) {
			char lang[8] = "none";
			bool right = answered_in(all, k, lang) && strcmp(lang, script[k].lang) == 0;
			if (!script[k].judged)
				continue;
			stays += !script[k].real;
			changes += script[k].real;
			stay += !script[k].real && right;
			change += script[k].real && right;
			if (!right && r->ok) {
				r->ok = false;
				(void)snprintf(r->why, sizeof(r->why), "%.50s: answered in %s",
					       x.clip[k]->text, lang);
			}
		}
		jv_free(all);
	}
	bench_row_share(b, "T18", "courtesy, or no change: the language stays", stay, stays, 95,
			"");
	bench_note_failures(b, &b->rows.v[b->rows.n - 1]);
	bench_row_share(b, "T18", "a question in the other language: answered in it", change,
			changes, 95, "");
	double usual = bench_q(&x.same, 0.5);
	bench_row_nums(b, "T18", "first sound after a change of language", "ms", &x.other, NAN,
		       usual + LATER_MS, changes);
	struct bench_row *row = &b->rows.v[b->rows.n - 1];
	if (!row->note[0])
		(void)snprintf(row->note, sizeof(row->note), "usually %.0f ms", usual);
	VEC_FREE(&x.same);
	VEC_FREE(&x.other);
	return 0;
}
