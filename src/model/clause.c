/* clause.c: cuts a text into what is said in one go, see voice.h.
 *
 * A neural voice gives no sound before a clause is computed, and cannot be stopped within it. So
 * the first clause is short (20 Chinese characters or 12 words at most) and later ones
 * bounded too. Cuts are made at the end of a sentence, else at a comma, else between words. A
 * Chinese character counts 3, a Latin letter or digit 1: about as long to say. */
#include "voice.h"

enum {
	FIRST_MAX = 60,
	LATER_MAX = 90,
	COMMA_FIRST = 6, /* so much before a first clause may end at a comma: 您好, */
	COMMA_LATER = 45,
	HAN = 3,
	PAUSE_END = 260,
	PAUSE_COMMA = 120,
};
enum cut { CUT_NONE, CUT_CHAR, CUT_WORD, CUT_COMMA, CUT_END };

static bool one_of(uint32_t r, const char *set)
{
	sv s = sv_of(set);
	while (s.n)
		if (sv_rune(&s) == r)
			return true;
	return false;
}

/* What a cut behind r would be. */
static enum cut cut_after(uint32_t r, sv rest)
{
	sv at = rest;
	uint32_t next = at.n ? sv_rune(&at) : ' ';
	if (one_of(r, "。！？；\n"))
		return CUT_END;
	if (one_of(r, "，、：…"))
		return CUT_COMMA;
	if (next != ' ' && next != '\n')
		return sv_is_cjk(r) && sv_is_cjk(next) ?
			       (one_of(r, "的了呢吧") ? CUT_WORD : CUT_CHAR) :
			       CUT_NONE;
	if (one_of(r, ".!?;"))
		return CUT_END;
	return one_of(r, ",:") ? CUT_COMMA : CUT_WORD;
}

static int pause_after(enum cut c)
{
	return c == CUT_END ? PAUSE_END : c == CUT_COMMA ? PAUSE_COMMA : 0;
}

/* The best of the cuts seen when the clause is full. */
static enum cut best_cut(const size_t at[], const int size[], int max)
{
	if (at[CUT_COMMA] && size[CUT_COMMA] >= COMMA_FIRST)
		return CUT_COMMA;
	if (at[CUT_WORD] && size[CUT_WORD] >= max / 2)
		return CUT_WORD;
	return at[CUT_CHAR] ? CUT_CHAR : at[CUT_WORD] ? CUT_WORD : CUT_NONE;
}

static bool speakable(uint32_t r)
{
	uint32_t f = sv_fold(r);
	return (f >= 'a' && f <= 'z') || (f >= '0' && f <= '9') || f >= 0x2E80;
}

bool clause_next(sv text, size_t *pos, int k, struct clause *ret)
{
	size_t at[CUT_END + 1] = { 0 };
	int size[CUT_END + 1] = { 0 }, total = 0, max = k == 0 ? FIRST_MAX : LATER_MAX;
	sv rest = sv_slice(text, *pos, text.n);
	*ret = (struct clause){ .from = *pos, .to = text.n, .pause_ms = PAUSE_END };
	while (rest.n) {
		uint32_t r = sv_rune(&rest);
		enum cut c = cut_after(r, rest);
		size_t here = (size_t)(rest.p - text.p);
		if (speakable(r) && !one_of(r, "，、：…。！？；"))
			total += sv_is_cjk(r) ? HAN : 1;
		at[c] = here;
		size[c] = total;
		if (total == 0)
			continue;
		bool now = c == CUT_END ||
			   (c == CUT_COMMA && total >= (k ? COMMA_LATER : COMMA_FIRST));
		if (!now && total >= max)
			c = best_cut(at, size, max), now = c != CUT_NONE;
		if (now) {
			ret->to = *pos = at[c];
			ret->pause_ms = pause_after(c);
			return true;
		}
	}
	*pos = text.n;
	return total > 0;
}
