/* assist_edit.c: how much of a text somebody changed: the edit distance of Levenshtein (Soviet
 * Physics Doklady 10 (1966) 707) over code points, two rows at a time, as a share of the longer
 * text. Texts are cut at EDIT_RUNES. Pure. */
#include "assist.h"

#define EDIT_RUNES 2000

static size_t runes_of(sv s, uint32_t *out)
{
	size_t n = 0;
	while (s.n && n < EDIT_RUNES)
		out[n++] = sv_rune(&s);
	return n;
}

static uint32_t least(uint32_t a, uint32_t b, uint32_t c)
{
	uint32_t m = a < b ? a : b;
	return m < c ? m : c;
}

static uint32_t distance(const uint32_t *a, size_t n, const uint32_t *b, size_t m, uint32_t *row)
{
	for (size_t k = 0; k <= m; k++)
		row[k] = (uint32_t)k;
	for (size_t i = 1; i <= n; i++) {
		uint32_t corner = row[0];
		row[0] = (uint32_t)i;
		for (size_t k = 1; k <= m; k++) {
			uint32_t was = row[k];
			row[k] = least(was + 1, row[k - 1] + 1, corner + (a[i - 1] != b[k - 1]));
			corner = was;
		}
	}
	return row[m];
}

double assist_edit_share(sv was, sv is)
{
	uint32_t *a = xalloc(3 * (EDIT_RUNES + 1) * sizeof(*a)), *b = a + EDIT_RUNES + 1;
	size_t n = runes_of(was, a), m = runes_of(is, b), longer = n > m ? n : m;
	double share = 0;
	if (longer)
		share = (double)distance(a, n, b, m, b + EDIT_RUNES + 1) / (double)longer;
	xfree(a);
	return share;
}
