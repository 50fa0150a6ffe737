/* feel_slot.c: what a text names, as normalised values with spans.
 *
 * The text is folded once; at each place where a number, a currency sign or one of the few first
 * letters may begin something, the readers of dates, times, durations and amounts look. Where
 * finds overlap the greater rank wins, then the longer, then the first. Pure function, any
 * thread; results live in the caller's arena.
 */
#include "feel_slot.h"

#include <stdlib.h>

static const char *type_name(const struct slot_hit *h)
{
	static const char *const names[] = { "date", "time", "datetime", "duration", "money",
					     "quantity", "percent", "product", "" };

	return h->type == SLOT_SEEN ? h->name : names[h->type];
}

static int by_rank(const void *pa, const void *pb)
{
	const struct slot_hit *a = pa, *b = pb;
	size_t na = a->e - a->s, nb = b->e - b->s;

	if (a->rank != b->rank && (a->rank >= 8 || b->rank >= 8))
		return a->rank < b->rank ? 1 : -1;
	if (na != nb)
		return na < nb ? 1 : -1;
	if (a->rank != b->rank)
		return a->rank < b->rank ? 1 : -1;
	return a->s < b->s ? -1 : a->s > b->s;
}

static int by_place(const void *pa, const void *pb)
{
	const struct slot_hit *a = pa, *b = pb;

	return a->s < b->s ? -1 : a->s > b->s;
}

/* Keeps the winners; in order of place. */
static int settle(struct slot_run *r)
{
	bool *taken = arena_new(r->a, bool, r->t.n + 1);
	size_t kept = 0;

	if (!taken)
		return ERR_TOOBIG;
	qsort(r->v, r->n, sizeof(r->v[0]), by_rank);
	for (size_t i = 0; i < r->n; i++) {
		if (memchr(taken + r->v[i].s, 1, r->v[i].e - r->v[i].s))
			continue;
		memset(taken + r->v[i].s, 1, r->v[i].e - r->v[i].s);
		r->v[kept++] = r->v[i];
	}
	r->n = kept < FEEL_SLOTS_MAX ? kept : FEEL_SLOTS_MAX;
	qsort(r->v, r->n, sizeof(r->v[0]), by_place);
	return 0;
}

static void find_date(struct slot_run *r, size_t i)
{
	struct slot_date d = { 0 };

	if (slot_date_at(r, i, &d))
		slot_add(r, SLOT_DATE, 6, i, d.e, slot_date_text(r, &d));
}

/* The start of a run of Han numerals, ciphers or a word: inside one nothing begins. */
static bool may_begin(const struct slot_text *t, size_t i)
{
	unsigned char c = (unsigned char)t->p[i];

	if (c < 0x80)
		return slot_digit((char)c) ? !slot_digit(slot_before(t, i)) :
		       slot_alpha((char)c) ? !slot_alpha(slot_before(t, i)) :
					     c == '$' || c == '*';
	return c >= 0xC0; /* the first byte of a code point */
}

static void scan(struct slot_run *r)
{
	const struct slot_text *t = &r->t;

	for (size_t i = 0; i < t->n; i++) {
		if (!may_begin(t, i))
			continue;
		find_date(r, i);
		slot_find_time(r, i);
		slot_find_duration(r, i);
		slot_find_amount(r, i);
	}
}

int feel_slots(sv text, const struct feel_slot_ctx *c, struct arena *a, struct feel_slot **ret,
	       size_t *ret_n)
{
	struct slot_run r = { .c = c, .a = a };
	int64_t local = c->now_ms + (int64_t)c->tz_min * 60000;
	int64_t ms = ((local % 86400000) + 86400000) % 86400000;
	struct feel_slot *out;
	int e = slot_decode(text, a, &r.t);

	if (e)
		return e;
	r.v = arena_new(a, struct slot_hit, SLOT_HITS_MAX);
	if (!r.v)
		return ERR_TOOBIG;
	r.today = (local - ms) / 86400000;
	r.now_min = (int)(ms / 60000);
	slot_find_seen(&r, text);
	slot_find_products(&r);
	scan(&r);
	if ((e = settle(&r)))
		return e;
	if (!(out = arena_new(a, struct feel_slot, r.n + 1)))
		return ERR_TOOBIG;
	for (size_t i = 0; i < r.n; i++) {
		size_t s = r.t.cp[r.v[i].s], end = r.t.cp[r.v[i].e];
		out[i] = (struct feel_slot){ .type = type_name(&r.v[i]), .value = r.v[i].value,
					     .start = r.t.at[s], .end = r.t.at[end],
					     .cp_start = s, .cp_end = end };
	}
	*ret = out;
	*ret_n = r.n;
	return 0;
}
