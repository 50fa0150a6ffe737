/* guard_unmask.c: a text that was shown masked comes back from an editor: the masks in it are put
 * back to what they stand for, so that nobody saves stars over the truth.
 *
 * One mask may stand for several values ("***"). They go back in their order when as many came
 * back as were shown; else it cannot be known which is which. Pure; any thread.
 */
#include "guard_mask.h"

#include <stdlib.h>
#include <string.h>

#define PAIRS_MAX 1000

struct pair {
	sv value, shown;             /* in the arena */
	size_t came;                 /* how often shown came back: in the first of that mask */
	bool used;
};

struct back {
	struct arena a;
	VEC(struct pair) pairs;
	bool lost;
};

static void keep(void *arg, sv value, sv shown)
{
	struct back *b = arg;
	struct pair *p = sv_eq(value, shown) ? NULL : VEC_PUSH(&b->pairs, PAIRS_MAX);
	if (p)
		*p = (struct pair){ .value = arena_sv(&b->a, value),
				    .shown = arena_sv(&b->a, shown) };
	else
		b->lost |= !sv_eq(value, shown);
}

/* The first pair of the longest mask that text begins with; NULL: none. */
static struct pair *mask_at(const struct back *b, sv text)
{
	struct pair *best = NULL;
	for (size_t i = 0; i < b->pairs.n; i++) {
		struct pair *p = &b->pairs.v[i];
		if (p->shown.n > (best ? best->shown.n : 0) && sv_starts(text, p->shown))
			best = p;
	}
	return best;
}

static void count(const struct back *b, sv text)
{
	while (text.n) {
		struct pair *p = mask_at(b, text);
		if (p)
			p->came++;
		text = sv_slice(text, p ? p->shown.n : 1, text.n);
	}
}

/* What one mask stands for, the first of its pairs; false: it cannot be known. */
static bool value_of(struct back *b, const struct pair *first, sv *ret)
{
	struct pair *next = NULL;
	size_t n = 0;
	bool same = true;
	for (size_t i = 0; i < b->pairs.n; i++) {
		struct pair *p = &b->pairs.v[i];
		if (!sv_eq(p->shown, first->shown))
			continue;
		n++;
		same &= sv_eq(p->value, first->value);
		if (!p->used && !next)
			next = p;
	}
	*ret = first->value;
	if (same)
		return true;
	if (!next || first->came != n)
		return false;
	next->used = true;
	*ret = next->value;
	return true;
}

/* Does text begin with something that only masking writes? Its length, or 0. */
static size_t foreign_mask(sv text)
{
	if (sv_starts(text, SV("***")))
		return 3;
	for (int k = 0; sv_starts(text, SV("[")) && k < PII_COUNT; k++) {
		sv name = sv_of(guard_pii_name((enum guard_pii)k));
		sv inside = sv_slice(text, 1, text.n);
		if (sv_starts(inside, name) && inside.n > name.n && inside.p[name.n] == ']')
			return name.n + 2;
	}
	return 0;
}

bool guard_unmask(const struct guard_masks *m, sv stored, sv given, struct sb *out)
{
	struct back b = { 0 };
	struct sb shown;
	bool ok = true;
	arena_init(&b.a, 2 * stored.n + LIM_ARENA_TURN);
	sb_init(&shown, 4 * stored.n + 1024);
	(void)guard_mask_each(m, stored, &shown, keep, &b);
	count(&b, given);
	for (sv rest = given; ok && rest.n;) {
		const struct pair *one = mask_at(&b, rest);
		sv value;
		size_t n = one ? one->shown.n : 1, mark = one ? 0 : foreign_mask(rest);
		if (one && (ok = value_of(&b, one, &value)))
			sb_put(out, value);
		else if (mark && sv_find(stored, sv_slice(rest, 0, mark)) < 0)
			ok = false;
		else if (!one)
			sb_put(out, sv_slice(rest, 0, 1));
		rest = sv_slice(rest, n, rest.n);
	}
	ok = ok && !b.lost && !sb_err(&shown);
	sb_done(&shown);
	VEC_FREE(&b.pairs);
	arena_done(&b.a);
	return ok;
}
