/* qa_word.c: does a phrase of a form stand in what was said? Case, width of letters and kinds of
 * quotes make no difference; a star stands for a few words of the same sentence. Pure. */
#include "qa_int.h"

enum { RUNES = 8192 };

struct folded {
	uint32_t r[RUNES];
	size_t n;
};

static uint32_t fold(uint32_t r)
{
	if (r == 0x2018 || r == 0x2019 || r == 0x02bc)
		return '\'';
	return sv_fold(r);
}

static void fold_all(sv s, struct folded *f)
{
	f->n = 0;
	while (s.n && f->n < RUNES)
		f->r[f->n++] = fold(sv_rune(&s));
}

static bool letter(uint32_t r)
{
	return (r >= 'a' && r <= 'z') || (r >= '0' && r <= '9');
}

static bool ends_sentence(uint32_t r)
{
	return r == 0x3002 || r == '!' || r == '?' || r == '\n' || r == ';' || r == '.';
}

/* Does word (a piece without star) stand at i? Its length, or 0. */
static size_t piece_at(const struct folded *t, size_t i, const struct folded *w, size_t from,
		       size_t to)
{
	size_t n = to - from;
	if (i + n > t->n)
		return 0;
	for (size_t k = 0; k < n; k++)
		if (t->r[i + k] != w->r[from + k])
			return 0;
	if (i && letter(w->r[from]) && letter(t->r[i - 1]))
		return 0;
	if (i + n < t->n && letter(w->r[to - 1]) && letter(t->r[i + n]))
		return 0;
	return n;
}

static size_t piece_end(const struct folded *w, size_t from)
{
	while (from < w->n && w->r[from] != '*')
		from++;
	return from;
}

/* The whole word with its stars from i on: where it ends, or 0. */
static size_t match_at(const struct folded *t, size_t i, const struct folded *w)
{
	size_t from = 0, at = i;
	while (from < w->n) {
		size_t to = piece_end(w, from), n = 0, gap = 0;
		if (to == from) {
			from++;
			continue;
		}
		for (; gap <= (from ? QA_GAP : 0) && at + gap < t->n; gap++) {
			n = piece_at(t, at + gap, w, from, to);
			if (n || ends_sentence(t->r[at + gap]))
				break;
		}
		if (!n)
			return 0;
		at += gap + n;
		from = to;
	}
	return at > i ? at : 0;
}

static bool find(const struct folded *t, const struct folded *w, size_t *start, size_t *end)
{
	for (size_t i = 0; i < t->n; i++) {
		size_t to = match_at(t, i, w);
		if (!to)
			continue;
		*start = i;
		*end = to;
		return true;
	}
	return false;
}

bool qa_word_in(sv text, const struct qa_list *list, size_t *start, size_t *end)
{
	size_t s = 0, e = 0;
	if (!text.n || !list->n)
		return false;
	struct folded *f = xalloc(2 * sizeof(*f));
	bool found = false;
	fold_all(text, &f[0]);
	for (size_t i = 0; i < list->n && !found; i++) {
		fold_all(list->v[i], &f[1]);
		found = find(&f[0], &f[1], &s, &e);
	}
	xfree(f);
	if (found && start)
		*start = s;
	if (found && end)
		*end = e;
	return found;
}

bool qa_words_in(sv text, const struct qa_list lists[2], size_t *start, size_t *end)
{
	return qa_word_in(text, &lists[0], start, end) || qa_word_in(text, &lists[1], start, end);
}

sv qa_cut(sv text, size_t start, size_t end)
{
	return sv_slice(text, sv_rune_offset(text, start), sv_rune_offset(text, end));
}
