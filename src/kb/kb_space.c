/* kb_space.c: a space as its readers see it: open or packed, with or without changes on top.
 *
 * Articles are numbered through, first the space's own, then those of `more`, the changes; a bit in
 * `dead` hides an own one that was changed or taken away. Words go on the same way. Pure functions
 * over immutable data; any thread. */
#include <stdlib.h>
#include "kb_seg.h"

uint32_t kb_space_term(const struct kb_space *sp, sv term)
{
	uintptr_t at = sp->more ? (uintptr_t)map_get(sp->more->ids, term) : 0;

	if (at)
		return (uint32_t)(sp->n_w + at - 1);
	at = (uintptr_t)map_get(sp->ids, term);
	return at ? (uint32_t)(at - 1) : KB_UNKNOWN;
}

size_t kb_space_own(const struct kb_space *sp)
{
	return sp->seg ? sp->seg->n : sp->n_art;
}

size_t kb_space_n(const struct kb_space *sp)
{
	return kb_space_own(sp) + (sp->more ? sp->more->n_art : 0);
}

const struct kb_art *kb_space_art(const struct kb_space *sp, size_t i, struct arena *a)
{
	size_t own = kb_space_own(sp);

	if (i >= own)
		return &sp->more->art[i - own];
	return sp->seg ? kb_seg_open(sp, i, a) : &sp->art[i];
}

/* ---- who may see what ---- */

/* "" and "public" are for everybody; "agent" for staff; else a role, "role:NAME" or NAME. */
static bool for_whom(sv audience, sv asker)
{
	if (!audience.n || sv_eq(audience, SV("public")) || sv_eq(asker, SV("admin")))
		return true;
	if (sv_starts(audience, SV("role:")))
		audience = sv_slice(audience, 5, audience.n);
	return asker.n && (sv_eq(audience, SV("agent")) || sv_eq(audience, asker));
}

static bool wanted(const struct kb_article *a, const struct kb_query *q)
{
	return for_whom(a->audience, q->audience) &&
	       (!q->category.n || sv_eq(a->category, q->category)) &&
	       (!q->source.n || sv_starts(a->source, q->source));
}

/* A version on trial (canary 1 to 99) is for the cohorts up to it, the one before for the rest. */
static bool in_cohort(int canary, bool former, int cohort)
{
	bool on_trial = canary && cohort && cohort <= canary;

	return !canary || (former ? !on_trial : on_trial);
}

bool kb_space_may(const struct kb_space *sp, size_t i, const struct kb_query *q, int64_t now_ms)
{
	size_t own = kb_space_own(sp);
	const struct kb_art *art;
	struct kb_article a;

	if (i < own && kb_space_gone(sp, i))
		return false;
	if (i < own && sp->seg) {
		const struct seg_row *r = &sp->seg->row[i];

		if ((r->from_ms && r->from_ms > now_ms) || (r->to_ms && r->to_ms < now_ms) ||
		    !in_cohort(r->canary, r->former, q->cohort))
			return false;
		if (!r->len[ST_AUDIENCE] && !q->category.n && !q->source.n)
			return true;
		kb_seg_article(sp->seg, sp->lang, i, &a);
		return wanted(&a, q);
	}
	art = i < own ? &sp->art[i] : &sp->more->art[i - own];
	return kb_live_at(&art->a, now_ms) && in_cohort(art->a.canary, art->former, q->cohort) &&
	       wanted(&art->a, q);
}

/* ---- words that look alike ---- */

static size_t near_of(const struct kb_word *w)
{
	return (size_t)(w->s.p[0] - 'a') * (KB_WORD_MAX + 1) + w->s.n;
}

static bool has_near(const struct kb_word *w)
{
	return w->word && w->s.n <= KB_WORD_MAX && w->s.p[0] >= 'a' && w->s.p[0] <= 'z';
}

void kb_space_sort_words(struct kb_space *sp)
{
	uint32_t *at = sp->near_at = xalloc((KB_NEAR + 2) * sizeof(*at));
	size_t n = 0;

	for (size_t i = 0; i < sp->n_w; i++)
		if (has_near(&sp->w[i])) {
			at[near_of(&sp->w[i]) + 2]++;
			n++;
		}
	for (size_t i = 2; i < KB_NEAR + 2; i++)
		at[i] += at[i - 1];
	sp->near = xalloc((n + 1) * sizeof(*sp->near));
	for (size_t i = 0; i < sp->n_w; i++)
		if (has_near(&sp->w[i]))
			sp->near[at[near_of(&sp->w[i]) + 1]++] = (uint32_t)i;
}

size_t kb_space_near(const struct kb_space *sp, char first, size_t from, size_t to, size_t *ret)
{
	size_t row = (size_t)(first - 'a') * (KB_WORD_MAX + 1);

	*ret = 0;
	if (!sp->near)
		return sp->n_w;
	from = from > KB_WORD_MAX ? KB_WORD_MAX : from;
	to = to > KB_WORD_MAX ? KB_WORD_MAX : to;
	*ret = sp->near_at[row + from];
	return sp->near_at[row + to + 1] - *ret;
}
