/* guard_in.c: the inbound gate: clean, find personal data, write the masked forms.
 *
 * Every detector reports spans; where two overlap the greater rank wins, then the longer. A
 * value that was found once is masked wherever it stands again. All results live in the
 * caller's arena; any thread.
 */
#include "guard_tag.h"

#include <stdlib.h>

const char *guard_pii_name(enum guard_pii t)
{
	static const char *const names[PII_COUNT] = {
		[PII_PHONE] = "phone", [PII_EMAIL] = "email", [PII_ID_CARD] = "id_card",
		[PII_BANK_CARD] = "bank_card", [PII_ADDRESS] = "address", [PII_NAME] = "name",
		[PII_ORDER_NUMBER] = "order_number", [PII_DATE_OF_BIRTH] = "date_of_birth",
		[PII_PLATE] = "plate",
	};

	return (unsigned)t < PII_COUNT ? names[t] : "unknown";
}

static int by_rank(const void *pa, const void *pb)
{
	const struct guard_hit *a = pa, *b = pb;
	size_t na = a->e - a->s, nb = b->e - b->s;

	if (a->rank != b->rank)
		return a->rank < b->rank ? 1 : -1;
	if (na != nb)
		return na < nb ? 1 : -1;
	return a->s < b->s ? -1 : a->s > b->s;
}

#define JOIN_MAX 256 /* addresses looked at in pairs */
#define MODEL_ARENA (32u << 20)

/* What rules and tagger found of one address becomes one. */
static void join_addresses(struct guard_hits *h)
{
	size_t at[JOIN_MAX], n = 0;

	for (size_t i = 0; i < h->n && n < JOIN_MAX; i++)
		if (h->v[i].type == PII_ADDRESS)
			at[n++] = i;
	for (size_t i = 0; i < n; i++) {
		struct guard_hit *a = &h->v[at[i]];
		for (size_t k = i + 1; k < n; k++) {
			struct guard_hit *b = &h->v[at[k]];
			if (a->s >= b->e || b->s >= a->e)
				continue;
			a->s = b->s = a->s < b->s ? a->s : b->s;
			a->e = b->e = a->e > b->e ? a->e : b->e;
			a->rank = b->rank = a->rank > b->rank ? a->rank : b->rank;
		}
	}
}

static int by_place(const void *pa, const void *pb)
{
	const struct guard_hit *a = pa, *b = pb;

	return a->s < b->s ? -1 : a->s > b->s;
}

/* Keeps the winners of overlaps, in order of place. owner: n flags. */
static void settle(struct guard_hits *h, bool *taken)
{
	size_t kept = 0;

	qsort(h->v, h->n, sizeof(h->v[0]), by_rank);
	for (size_t i = 0; i < h->n; i++) {
		bool free = true;
		for (size_t k = h->v[i].s; k < h->v[i].e && free; k++)
			free = !taken[k];
		if (!free)
			continue;
		memset(taken + h->v[i].s, 1, h->v[i].e - h->v[i].s);
		h->v[kept++] = h->v[i];
	}
	h->n = kept;
	qsort(h->v, h->n, sizeof(h->v[0]), by_place);
}

/* Does the value of span v stand at i, on its own when it is a short word? */
static bool same_value(const struct guard_text *t, const struct guard_hit *v, size_t i)
{
	size_t n = v->e - v->s;

	if (i + n > t->n || t->fold[i] != t->fold[v->s])
		return false;
	for (size_t k = 1; k < n; k++)
		if (t->fold[i + k] != t->fold[v->s + k])
			return false;
	if (n >= 4 && v->type != PII_NAME)
		return true;
	bool inside = (i > 0 && guard_word(t->fold[i - 1])) || guard_word(t->fold[i + n]);
	return n >= 2 && !(inside && guard_word(t->fold[i]));
}

static bool all_free(const bool *taken, size_t s, size_t e)
{
	for (; s < e; s++)
		if (taken[s])
			return false;
	return true;
}

/* The same value again, without its cue. */
static void repeat_values(const struct guard_text *t, struct guard_hits *h, bool *taken)
{
	size_t first = h->n;

	for (size_t v = 0; v < first; v++) {
		struct guard_hit x = h->v[v];
		bool done = false;
		for (size_t k = 0; k < v && !done; k++)
			done = h->v[k].e - h->v[k].s == x.e - x.s && same_value(t, &h->v[k], x.s);
		if (done)
			continue; /* looked for already */
		for (size_t i = 0; i + (x.e - x.s) <= t->n; i++) {
			if (!same_value(t, &x, i) || !all_free(taken, i, i + x.e - x.s))
				continue;
			memset(taken + i, 1, x.e - x.s);
			guard_hit_add(h, i, i + x.e - x.s, x.type, x.rank);
		}
	}
	qsort(h->v, h->n, sizeof(h->v[0]), by_place);
}

static int write_masked(const struct guard_in *in, struct arena *a, bool keep_orders, sv *ret)
{
	struct sb b;
	size_t at = 0;

	sb_init(&b, LIM_SB);
	for (size_t i = 0; i < in->n; i++) {
		const struct guard_span *s = &in->spans[i];
		if (keep_orders && s->type == PII_ORDER_NUMBER)
			continue;
		sb_put(&b, sv_slice(in->clean, at, s->start));
		sb_fmt(&b, "[%s]", guard_pii_name(s->type));
		at = s->end;
	}
	sb_put(&b, sv_slice(in->clean, at, in->clean.n));
	*ret = arena_sv(a, sb_sv(&b));
	int e = sb_err(&b) ? sb_err(&b) : ret->p ? 0 : ERR_TOOBIG;
	sb_done(&b);
	return e;
}

static int find_all(const struct guard_text *t, struct arena *a, struct guard_hits *h)
{
	bool *taken = arena_new(a, bool, t->n + 1);
	struct guard_tagger tagger;

	h->v = arena_new(a, struct guard_hit, GUARD_HITS_MAX);
	if (!taken || !h->v)
		return ERR_TOOBIG;
	guard_find_mail(t, h);
	guard_find_numbers(t, h);
	guard_find_plate(t, h);
	guard_find_birth(t, h);
	guard_find_address(t, h);
	guard_find_name(t, h);
	if (guard_tagger_own(&tagger) == 0)
		guard_find_tagged(t, &tagger, a, h);
	join_addresses(h);
	settle(h, taken);
	repeat_values(t, h, taken);
	return 0;
}

int guard_inbound(sv text, struct arena *a, struct guard_in *ret)
{
	struct guard_in in = { 0 };
	struct guard_text t;
	struct guard_hits h = { 0 };
	size_t hidden = 0;
	int e = guard_clean(text, a, &in, &hidden);

	if (!e)
		e = guard_decode(in.clean, a, &t);
	if (!e)
		e = find_all(&t, a, &h);
	if (e)
		return e;
	in.n = h.n;
	in.spans = arena_new(a, struct guard_span, h.n + 1);
	if (!in.spans)
		return ERR_TOOBIG;
	for (size_t i = 0; i < h.n; i++)
		in.spans[i] = (struct guard_span){ h.v[i].type, t.at[h.v[i].s], t.at[h.v[i].e],
						   h.v[i].s, h.v[i].e };
	in.suspicious = guard_steering(&t, hidden);
	e = write_masked(&in, a, false, &in.masked);
	if (!e)
		e = write_masked(&in, a, true, &in.model);
	if (!e)
		*ret = in;
	return e;
}

bool guard_steers(sv text)
{
	struct guard_in in = { 0 };
	struct guard_text t;
	struct arena tmp;
	size_t hidden = 0;
	arena_init(&tmp, MODEL_ARENA);
	bool yes = guard_clean(text, &tmp, &in, &hidden) == 0 &&
		   guard_decode(in.clean, &tmp, &t) == 0 && guard_steering(&t, hidden);
	arena_done(&tmp);
	return yes;
}

/* What looking takes (a long text much) does not stay in the arena. */
sv guard_model_text(sv text, struct arena *a)
{
	struct guard_in in = { 0 };
	struct arena tmp;
	arena_init(&tmp, MODEL_ARENA);
	sv ret = guard_inbound(text, &tmp, &in) ? SV("***") : arena_sv(a, in.model);
	arena_done(&tmp);
	return ret;
}
