/* worker_llama_text.c: from a token's bytes to text that may be passed on.
 *
 * A token may end inside a character: the rest is waited for; bytes that are no UTF-8 become
 * U+FFFD. What may be the beginning of a stop string is held back. Blanks at the beginning
 * and the end are dropped (a transcript's answer begins with one). Small models go in
 * circles: an answer is ended when its last 24 bytes or more were just said three times in
 * a row. Pure. */
#include <stdio.h>

#include "worker_llama.h"

enum { CIRCLE_MIN = 24, CIRCLE_MAX = 80, HELD_MAX = 64 << 10 };

void out_init(struct out_text *t)
{
	*t = (struct out_text){ 0 };
	sb_init(&t->held, HELD_MAX);
	sb_init(&t->tail, 2 * OUT_TAIL + OUT_PIECE);
}

void out_done(struct out_text *t)
{
	sb_done(&t->held);
	sb_done(&t->tail);
}

static size_t due_after(unsigned char c)
{
	return c >= 0xf0 && c < 0xf5 ? 3 :
	       c >= 0xe0 && c < 0xf0 ? 2 :
	       c >= 0xc2 && c < 0xe0 ? 1 :
				       0;
}

bool out_utf8_step(int *state, sv bytes)
{
	for (size_t i = 0; i < bytes.n; i++) {
		unsigned char c = (unsigned char)bytes.p[i];
		bool more = (c & 0xc0) == 0x80;
		if (more != (*state > 0))
			return false;
		if (more) {
			--*state;
			continue;
		}
		*state = (int)due_after(c);
		if (c >= 0x80 && *state == 0)
			return false;
	}
	return true;
}

/* One byte more; whole characters go to held. */
static void byte(struct out_text *t, char c)
{
	bool more = ((unsigned char)c & 0xc0) == 0x80;
	if (t->n_part && !more) { /* the character before stays incomplete */
		sb_rune(&t->held, 0xfffd);
		t->n_part = 0;
	}
	t->part[t->n_part++] = c;
	size_t due = due_after((unsigned char)t->part[0]);
	if (t->n_part < due + 1)
		return;
	sv s = sv_n(t->part, t->n_part);
	if (sv_utf8_ok(s))
		sb_put(&t->held, s);
	else
		sb_rune(&t->held, 0xfffd);
	t->n_part = 0;
}

/* Where the first stop string begins in s, or may begin at its end. */
static size_t stop_at(const struct out_text *t, sv s, bool *whole)
{
	size_t first = s.n;
	*whole = false;
	for (size_t k = 0; k < t->n_stops; k++) {
		sv stop = sv_of(t->stops[k]);
		for (size_t i = 0; i < s.n && i <= first; i++) {
			sv rest = sv_slice(s, i, s.n);
			bool full = sv_starts(rest, stop);
			if (!full && !sv_starts(stop, rest))
				continue;
			if (i < first || full)
				*whole = full;
			first = i;
			break;
		}
	}
	return first;
}

static size_t blanks_at_end(sv s)
{
	size_t n = 0;
	while (n < s.n && strchr(" \t\r\n", s.p[s.n - 1 - n]))
		n++;
	return n;
}

/* The same p bytes three times in a row at the end. */
static bool in_circle(sv s)
{
	for (size_t p = CIRCLE_MIN; p <= CIRCLE_MAX && 3 * p <= s.n; p++) {
		const char *end = s.p + s.n - p;
		if (!memcmp(end, end - p, p) && !memcmp(end, end - 2 * p, p))
			return true;
	}
	return false;
}

static void pass(struct out_text *t, sv s, struct sb *ready)
{
	if (!t->begun)
		while (s.n && strchr(" \t\r\n", s.p[0]))
			s = sv_slice(s, 1, s.n);
	t->begun = t->begun || s.n > 0;
	sb_put(ready, s);
	sb_put(&t->tail, s);
	if (t->tail.n > OUT_TAIL) {
		size_t cut = t->tail.n - OUT_TAIL;
		memmove(t->tail.p, t->tail.p + cut, OUT_TAIL);
		sb_truncate(&t->tail, OUT_TAIL);
	}
	if (!t->in_shape && in_circle(sb_sv(&t->tail)))
		t->stopped = true;
}

void out_put(struct out_text *t, sv bytes, struct sb *ready)
{
	bool whole;
	if (t->stopped)
		return;
	for (size_t i = 0; i < bytes.n; i++)
		byte(t, bytes.p[i]);
	sv s = sb_sv(&t->held);
	size_t n = stop_at(t, s, &whole);
	sv go = sv_slice(s, 0, n);
	size_t keep = blanks_at_end(go); /* until more text comes */
	pass(t, sv_slice(go, 0, n - keep), ready);
	if (whole) {
		t->stopped = true;
		sb_reset(&t->held);
		return;
	}
	size_t left = s.n - (n - keep);
	if (left)
		memmove(t->held.p, t->held.p + (n - keep), left);
	sb_truncate(&t->held, left);
}

void out_end(struct out_text *t, struct sb *ready)
{
	if (t->stopped)
		return;
	if (t->n_part)
		sb_rune(&t->held, 0xfffd);
	t->n_part = 0;
	sv s = sb_sv(&t->held);
	pass(t, sv_slice(s, 0, s.n - blanks_at_end(s)), ready);
	sb_reset(&t->held);
	t->stopped = true;
}
