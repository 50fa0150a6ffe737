/* bench_t_tape.c: T17 what is kept of a call in which a card number is said and keyed, T20 the
 * same calls replayed.
 *
 * Each call: a question, three times cut in on the answer, the last time with a card number
 * (digits, words or digits in pairs), hold, the number again by keys (RFC 4733, or as tones in
 * the sound), one more question. Then all that the server keeps is read: files as bytes,
 * recordings as sound. */
#include "bench_int.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum {
	CALLS_MAX = 10,
	INTO_US = 1500000,       /* cut in so long after the answer began */
	ANSWER_US = 12000000,
	CARD_US = 7000000,
	KEYS_US = 8000000,
	TONE_MS = 80,
	DRIFT_MS = 40,
	EXTRA_MS = 100,
	FILE_MAX = 256 << 20,
	ID_DIGITS = 4,           /* words before the first digit of the number */
};

static const char pan[] = "4111111111111111";
static const char *const said[] = {
	"My card number is 4111 1111 1111 1111.",
	"My card number is four one one one, one one one one, one one one one, one one one one.",
	"My card number is 41 11 11 11 11 11 11 11.",
};
enum { FORMS = sizeof(said) / sizeof(*said) };

struct kept {
	struct bench_clip *tones;
	char id[CALLS_MAX][64];   /* of the recording, under data */
	size_t files, bad_files, logs, same, prompts, bad_prompts, rows, bad_rows;
	/* recordings */
	size_t wavs, clear, toned, known;
	struct bench_nums length, drift, extra, left;
	size_t tones_sent;
};

/* ---- the calls ---- */

static const char *card_of(const struct bench_rep *r)
{
	return said[r->i % FORMS];
}

static void topic(struct bench_rep *r, int k)
{
	bench_say(r->p, bench_topic_clip(r->b, r->i + k), 0);
	bench_step(r);
}

static void press_card(struct bench_rep *r)
{
	const struct kept *x = r->b->data;
	if (r->i % 2)
		bench_say(r->p, x->tones, 0);
	for (const char *d = pan; *d && r->i % 2 == 0; d++)
		bench_press(r->p, *d, TONE_MS, TONE_MS, false);
	bench_step(r);
}

static void kept_tick(struct bench_rep *r)
{
	struct bench_phone *p = r->p;
	if (!bench_greeted(r) || bench_done_if_over(r))
		return;
	int64_t now = bench_now_us(), in = bench_in_step_us(r);
	int64_t at = bench_answer_at(p);
	int64_t hold_us = r->b->o.quick ? 5000000 : 20000000;
	bool into = at && now > at + INTO_US;
	if (r->step == 2) {
		topic(r, 0);
	} else if (r->step >= 3 && r->step <= 5) {
		if (into && r->step < 5)
			topic(r, r->step - 2);
		else if (into) {
			bench_say(p,
				  bench_clip_get(r->b->clips, BENCH_CALLER, sv_of(card_of(r))),
				  0);
			bench_step(r);
		} else if (in > ANSWER_US)
			bench_rep_end(r, false, "no answer");
	} else if (r->step == 6 && in > CARD_US + (int64_t)p->clip_at * 125) {
		bench_hold(p, true);
		bench_step(r);
	} else if (r->step == 7 && in > hold_us) {
		bench_hold(p, false);
		bench_step(r);
	} else if (r->step == 8 && in > 1000000) {
		press_card(r);
	} else if (r->step == 9 && in > KEYS_US && bench_quiet_us(p) > 500000) {
		topic(r, 3);
	} else if (r->step == 10 && (into || in > ANSWER_US)) {
		bench_rep_end(r, into, "no answer at the end");
	}
}

/* ---- a card number in text ---- */

static bool luhn(const char *d)
{
	int sum = 0;
	for (int i = 0; i < 16; i++) {
		int v = (d[i] - '0') * (i % 2 ? 1 : 2);
		sum += v > 9 ? v - 9 : v;
	}
	return sum % 10 == 0;
}

/* Sixteen digits, spaces or hyphens between them, that begin with 4 and are a card's: nothing
 * else that is kept (times, numbers of rows) looks so. */
static bool has_digits(sv s)
{
	char d[20];
	size_t n = 0;
	bool gap = true;
	for (size_t i = 0; i <= s.n; i++) {
		char c = i < s.n ? s.p[i] : 0;
		bool digit = c >= '0' && c <= '9';
		if (digit && (n || gap)) {
			if (n < 17)
				d[n++] = c;
		} else if (!(n && (c == ' ' || c == '-') && i + 1 < s.n && s.p[i + 1] >= '0' &&
			     s.p[i + 1] <= '9')) {
			if (n == 16 && d[0] == '4' && luhn(d))
				return true;
			n = 0;
		}
		gap = !digit && !((c | 32) >= 'a' && (c | 32) <= 'z');
	}
	return false;
}

bool bench_has_card(sv s)
{
	static const char *const forms[] = { pan, "one one one one, one one one one",
					     "one one one one one one" };
	for (size_t i = 0; i < sizeof(forms) / sizeof(*forms); i++)
		if (sv_find(s, sv_of(forms[i])) >= 0)
			return true;
	return has_digits(s);
}

/* Keys lie in rows of their own: all digits of the file one after the other. */
bool bench_has_keys(sv s, const char *before)
{
	char last[sizeof(pan)] = "";
	size_t n = strlen(before);
	for (;;) {
		ptrdiff_t at = sv_find(s, sv_of(before));
		if (at < 0)
			return false;
		s = sv_slice(s, (size_t)at + n, s.n);
		if (s.n < 2 || s.p[1] != '"')
			continue;
		memmove(last, last + 1, sizeof(last) - 2);
		last[sizeof(last) - 2] = s.p[0];
		if (memcmp(last, pan, sizeof(pan) - 1) == 0)
			return true;
	}
}

static void look_log(struct bench *b, struct kept *x, const char *path)
{
	char company[4200], key[4200];
	(void)snprintf(company, sizeof(company), "%s/company.yaml", b->srv.dir);
	(void)snprintf(key, sizeof(key), "%s/data/replay.key", b->srv.dir);
	const char *argv[] = { b->o.exe, "replay", path, "--company",
			       company,	 "--key",  key,	 NULL };
	x->logs++;
	x->same += bench_command(b, argv) == 0;
}

static int look(void *arg, const char *path)
{
	struct bench *b = arg;
	struct kept *x = b->data;
	struct sb text;
	struct err e;
	sb_init(&text, FILE_MAX);
	x->files++;
	/* what cannot be read proves nothing */
	x->bad_files += file_read(path, FILE_MAX, &text, &e) || bench_has_card(sb_sv(&text)) ||
			bench_has_keys(sb_sv(&text), "\"digit\":\"") ||
			bench_has_keys(sb_sv(&text), "\"kind\":\"key\",\"text\":\"");
	sb_done(&text);
	if (sv_ends(sv_of(path), SV(".jsonl")))
		look_log(b, x, path);
	return 0;
}

/* ---- the recording as sound ---- */

struct stereo {
	int16_t *ch[2];          /* owned: left the customer, right the server */
	size_t n;
};

static void stereo_done(struct stereo *s)
{
	xfree(s->ch[0]);
	xfree(s->ch[1]);
}

static int stereo_read(const char *path, struct stereo *ret)
{
	struct sb text;
	struct err e;
	*ret = (struct stereo){ 0 };
	sb_init(&text, FILE_MAX);
	int rc = file_read(path, FILE_MAX, &text, &e);
	ptrdiff_t at = rc ? -1 : sv_find(sb_sv(&text), SV("data"));
	if (at > 0) {
		const uint8_t *d = (const uint8_t *)text.p + at + 8;
		ret->n = (text.n - (size_t)at - 8) / 4;
		for (int k = 0; k < 2; k++)
			ret->ch[k] = xalloc((ret->n + 1) * sizeof(int16_t));
		for (size_t i = 0; i < ret->n * 2; i++)
			ret->ch[i % 2][i / 2] = (int16_t)(d[i * 2] | d[i * 2 + 1] << 8);
	}
	sb_done(&text);
	return ret->n ? 0 : ERR_NOTFOUND;
}

static size_t digits_in(const int16_t *s, size_t n)
{
	struct pcm_dtmf *d = NULL;
	size_t k = 0;
	if (pcm_dtmf_open(&d))
		return 99;
	for (size_t i = 0; i < n; i += PCM_FRAME) {
		pcm_dtmf_push(d, s + i, n - i < PCM_FRAME ? n - i : PCM_FRAME);
		while (pcm_dtmf_next(d))
			k++;
	}
	pcm_dtmf_close(d);
	return k;
}

/* Where of the sound the clip begins, by its longest part that was found, and how much of it from
 * sample from on was found between two moments (ms). */
static double found(const struct bench_segs *segs, const struct bench_clip *c, size_t from,
		    double after, double before, size_t *ret_n)
{
	size_t best = 0;
	double at = NAN;
	*ret_n = 0;
	for (size_t i = 0; i < segs->n; i++) {
		const struct bench_seg *g = &segs->v[i];
		size_t to = g->from + g->n;
		double ms = (double)g->at / 8;
		if (g->clip != c || ms < after || ms > before)
			continue;
		*ret_n += to > from ? to - (g->from > from ? g->from : from) : 0;
		if (g->n > best) {
			best = g->n;
			at = ms - (double)g->from / 8;
		}
	}
	return at;
}

/* All that was said is looked for at once: vowels of one voice are alike, the best place wins. */
static void find_said(const struct bench_phone *p, const struct stereo *w, struct bench_segs *out)
{
	VEC(const struct bench_clip *) clips = { 0 };
	for (size_t i = 0; i < p->said.n; i++) {
		const struct bench_clip *c = p->said.v[i].clip;
		const struct bench_clip **slot = c->text[0] ? VEC_PUSH(&clips, 64) : NULL;
		if (slot)
			*slot = c;
	}
	bench_match(w->ch[0], w->n, clips.v, clips.n, out);
	VEC_FREE(&clips);
}

/* The number's sound must not be found, the first and the last question must, where they were
 * said: what they lie apart on the tape and on the line differs by the drift. */
static void customer(struct bench_rep *r, struct kept *x, const struct stereo *w)
{
	struct bench_phone *p = r->p;
	const struct bench_clip *card = NULL, *first = p->said.v[0].clip;
	const struct bench_said *last = &p->said.v[p->said.n - 1];
	size_t n, all;
	int64_t card_us = 0;
	for (size_t i = 0; i < p->said.n; i++)
		if (strcmp(p->said.v[i].clip->text, card_of(r)) == 0) {
			card = p->said.v[i].clip;
			card_us = p->said.v[i].us;
		}
	struct bench_segs segs = { 0 };
	find_said(p, w, &segs);
	double a = found(&segs, first, 0, 0, 1e9, &n),
	       z = found(&segs, last->clip, 0, 0, 1e9, &all);
	bool both = n * 10 > first->n * 7 && all * 10 > last->clip->n * 7;
	size_t from = card && card->words.n > ID_DIGITS ? card->words.v[ID_DIGITS].at : 0;
	if (!from || !both) {
		VEC_FREE(&segs);
		return;
	}
	x->known++;
	bench_num(&x->drift, fabs(z - a - (double)(last->us - p->said.v[0].us) / 1000));
	double when = a + (double)(card_us - p->said.v[0].us) / 1000;
	(void)found(&segs, card, from, when - 500, when + (double)card->n / 8 + 500, &n);
	VEC_FREE(&segs);
	double part = 100.0 * (double)n / (double)(card->loud_to - from);
	bench_num(&x->left, part);
	x->clear += part <= 3;
	(void)snprintf(r->why, sizeof(r->why),
		       "%.0f %% of the number found; first question at %.0f, last at %.0f ms",
		       part, a, z);
}

static void recording(struct bench_rep *r, struct kept *x)
{
	char path[4400];
	struct stereo w;
	const struct bench_phone *p = r->p;
	(void)snprintf(path, sizeof(path), "%s/data/%s", r->b->srv.dir, x->id[r->i]);
	if (!r->ok || stereo_read(path, &w))
		return;
	x->wavs++;
	bench_num(&x->length, fabs((double)(p->over_us - p->up_us) / 1000 - (double)w.n / 8));
	size_t keys = digits_in(w.ch[0], w.n) + digits_in(w.ch[1], w.n);
	x->toned += keys > 0;
	bench_num(&x->extra, bench_loud_ms(w.ch[1], w.n) - bench_loud_ms(p->heard.v, p->heard.n));
	customer(r, x, &w);
	stereo_done(&w);
}

/* ---- all of it ---- */

static struct bench_clip *tones(struct bench *b)
{
	size_t cap = (sizeof(pan) * 2 + 1) * TONE_MS * 8, n = 0;
	int16_t *s = xalloc(cap * sizeof(*s));
	for (const char *d = pan; *d; d++)
		n += pcm_dtmf_gen(*d, TONE_MS, s + n, cap - n) + (size_t)TONE_MS * 8;
	return bench_clip_add(b->clips, "", s, n);
}

static void rows_of(struct bench *b, struct kept *x, int n)
{
	for (int i = 0; i < n; i++) {
		struct sb text;
		const struct bench_phone *p = b->reps[i].p;
		jv *all = p ? bench_events(b, p->up_us) : NULL;
				for (size_t k = 0; k < jv_len(all); k++)
			if (sv_eq(jv_get_str(jv_at(all, k), "kind"), SV("recording.closed")))
				(void)snprintf(x->id[i], sizeof(x->id[0]), SV_FMT,
					       SV_ARG(jv_get_str(jv_get(jv_at(all, k), "body"),
								 "recording")));
		sb_init(&text, FILE_MAX);
		if (all)
			jv_dump(all, &text);
		x->rows++;
		x->bad_rows += !x->id[i][0] || bench_has_card(sb_sv(&text)) ||
			       bench_has_keys(sb_sv(&text), "\"digit\":\"");
		sb_done(&text);
		jv_free(all);
	}
}

static int kept(struct bench *b, struct kept *x)
{
	int n = b->o.quick ? 6 : CALLS_MAX;
	char path[4200];
	size_t from = b->f.asked.n;
	int rc = bench_server_ready(b, &(struct bench_set){ .record = true, .replay = true });
	if (rc)
		return rc;
	*x = (struct kept){ .tones = tones(b) };
	/* spoken before: a call must not wait for its words */
	for (int i = 0; i < BENCH_TOPICS; i++)
		(void)bench_topic_clip(b, i);
	for (int i = 0; i < FORMS; i++)
		(void)bench_clip_get(b->clips, BENCH_CALLER, sv_of(said[i]));
	x->tones_sent = digits_in(x->tones->s, x->tones->n);
	b->data = x;
	b->f.sentences = 6;
	b->keep_sound = true;
	b->ramp_us = 400000; /* rows are found by when a call began */
	bench_reps(b, n, 5, kept_tick, NULL);
	bench_pause(b, 1500);
	rows_of(b, x, n);
	int end = bench_server_stop(b, false);
	if (end) {
		struct bench_row *row = bench_row_add(b, b->now, "the server ends with status 0");
		(void)snprintf(row->note, sizeof(row->note), "it ended with %d (%x)", end,
			       (unsigned)b->srv.status);
	}
	b->srv.status = 0;
	(void)snprintf(path, sizeof(path), "%s/data", b->srv.dir);
	(void)file_walk(path, look, b);
	(void)snprintf(path, sizeof(path), "%s/server.log", b->srv.dir);
	(void)look(b, path);
	for (size_t i = from; i < b->f.asked.n; i++) {
		x->prompts++;
		x->bad_prompts += bench_has_card(sv_of(b->f.asked.v[i]->user));
	}
	return 0;
}

static void sound_rows(struct bench *b, struct kept *x, size_t n)
{
	bench_row_share(b, "T17", "said number: not in the recording's sound", x->clear, n, 100,
			x->known < n ? "some calls' questions were not found in it" : "");
	if (x->clear < n && b->reps[0].why[0])
		(void)snprintf(b->rows.v[b->rows.n - 1].note, sizeof(b->rows.v[0].note),
			       "%zu of %zu; %.70s", x->clear, n, b->reps[0].why);
	bench_row_share(b, "T17", "keyed number: no tone of a key in the recording",
			x->wavs - x->toned, n, 100, "");
	struct bench_row *row = &b->rows.v[b->rows.n - 1];
	row->pass = row->pass && x->tones_sent == sizeof(pan) - 1;
	if (x->tones_sent != sizeof(pan) - 1)
		(void)snprintf(row->note, sizeof(row->note), "%zu of 16 could be heard as sent",
			       x->tones_sent);
	bench_row_nums(b, "T17", "recording against the call's length", "ms", &x->length, NAN,
		       DRIFT_MS, n);
	bench_row_nums(b, "T17", "first to last question, recording against line", "ms", &x->drift,
		       NAN, DRIFT_MS, n);
	bench_row_nums(b, "T17", "loud on the right beyond what was heard", "ms", &x->extra, NAN,
		       EXTRA_MS, n);
}

int bench_t17(struct bench *b)
{
	struct kept x;
	if (b->o.target) {
		bench_row_missing(b, "T17", "recording", "not our files");
		return 0;
	}
	int rc = kept(b, &x);
	if (rc)
		return rc;
	size_t n = b->n_reps, went = 0;
	for (size_t i = 0; i < n; i++)
		went += b->reps[i].ok;
	bench_row_share(b, "T17", "calls that went as meant", went, n, 100, "");
	bench_note_failures(b, &b->rows.v[b->rows.n - 1]);
	for (size_t i = 0; i < n; i++)
		recording(&b->reps[i], &x);
	bench_row_share(b, "T17", "card number: files without it", x.files - x.bad_files, x.files,
			100, "said, keyed");
	bench_row_share(b, "T17", "card number: rows of a call without it", x.rows - x.bad_rows,
			x.rows, 100, "");
	bench_row_share(b, "T17", "card number: prompts without it", x.prompts - x.bad_prompts,
			x.prompts, 100, "");
	sound_rows(b, &x, n);
	VEC_FREE(&x.length);
	VEC_FREE(&x.drift);
	VEC_FREE(&x.extra);
	VEC_FREE(&x.left);
	return 0;
}

int bench_t20(struct bench *b)
{
	struct kept x;
	if (b->o.target) {
		bench_row_missing(b, "T20", "replay", "not our files");
		return 0;
	}
	int rc = kept(b, &x);
	if (!rc)
		bench_row_share(b, "T20", "conversations replayed with the same result", x.same,
				x.logs, 100, "callm replay");
	return rc;
}
