/* feel_small.c: small talk, by coverage: a turn is small talk only when known phrases and
 * fillers leave nothing over. "hello" is, "hello, how long may I keep it" is not,
 * "谢谢，那运费谁出" is not.
 *
 * The table (data/small.tsv) gives class, rank and phrases; the class of the greatest rank that
 * was met names the turn, so that "ok thanks, bye" is a goodbye. A text that is nothing but a
 * request for a person
 * ("agent", 人工) is settled the same way with the class "human". Any thread.
 */
#include "feel_int.h"

#include <stdio.h>

#define STEPS_MAX 64     /* phrases of one turn; more is no small talk */

struct piece {
	sv cls;
	int rank;
	size_t end;
};

/* The longest phrase at i. */
static bool longest(const struct feel_text *t, size_t i, struct piece *best)
{
	const struct feel_table *table = feel_table(FEEL_T_SMALL);
	size_t end;

	best->end = i;
	for (size_t k = 0; k < table->n; k++) {
		const struct feel_table_row *row = &table->row[k];
		const struct feel_term *term = &table->term[row->term];
		for (uint32_t a = term->from; a < term->to; a++) {
			const struct feel_alt *alt = &table->alt[a];
			sv w = alt->word;
			if (i + w.n > t->n || !w.n || w.p[0] != t->p[i] ||
			    memcmp(t->p + i, w.p, w.n) != 0 || i + w.n <= best->end)
				continue;
			if (feel_find(t, i, alt, &end) == (ptrdiff_t)i)
				*best = (struct piece){ row->name, row->number, end };
		}
	}
	return best->end > i;
}

void feel_small(const struct feel_text *t, struct feel_state *f)
{
	struct piece top = { .rank = 0 };
	size_t i = 0;

	f->small_talk = false;
	f->small[0] = 0;
	for (int step = 0; step < STEPS_MAX; step++) {
		struct piece p;
		while (i < t->n && (t->p[i] == ' ' || t->p[i] == '|'))
			i++;
		if (i >= t->n)
			break;
		if (!longest(t, i, &p))
			return;
		if (p.rank > top.rank)
			top = p;
		i = p.end;
	}
	if (i < t->n || !top.rank)
		return;
	if (sv_eq(top.cls, SV("human"))) {
		f->wants_human = true;
		return;
	}
	f->small_talk = true;
	snprintf(f->small, sizeof(f->small), SV_FMT, SV_ARG(top.cls));
}
