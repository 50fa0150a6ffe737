/* chan_ear_back.c: is this a listener's "mhm", or does it want to be heard?
 *
 * backchannel.def holds the words. A text is a backchannel when it is made of nothing else,
 * whatever its punctuation; the longest entry goes first, so that "好的" is not "好" and a rest.
 * The words of both languages are known in each: recognisers mix them. "no" is in the list as an
 * answer only: over our speech it always interrupts. Pure. */
#include "chan_ear.h"

enum kind { GO_ON = EAR_GOES_ON, YES = EAR_YES, NO = EAR_NO };
static const struct entry {
	const char *lang, *words;
	enum kind kind;
} table[] = {
#define X(lang, words, kind) { lang, words, kind },
#include "backchannel.def"
#undef X
};

static bool is_gap(uint32_t r)
{
	return r < 0x80 ? !(r >= '0' && r <= '9') && !(r >= 'a' && r <= 'z') &&
				  !(r >= 'A' && r <= 'Z') :
			  (r >= 0x3000 && r < 0x3030) || (r >= 0xFF00 && r < 0xFF21) ||
				  r == 0x2026;
}

static void skip_gaps(sv *s)
{
	for (sv next = *s; next.n; *s = next)
		if (!is_gap(sv_rune(&next)))
			return;
}

/* Bytes of `text` that the entry takes at its beginning, 0 = none. */
static size_t takes(sv text, sv words)
{
	sv rest = text, w = words;
	while (w.n) {
		uint32_t want = sv_rune(&w);
		if (is_gap(want)) {
			skip_gaps(&rest);
			continue;
		}
		if (rest.n < text.n && sv_is_cjk(want))
			skip_gaps(&rest);
		if (!rest.n || sv_fold(sv_rune(&rest)) != want)
			return 0;
	}
	sv next = rest, last = rest;
	bool letters = (unsigned char)words.p[words.n - 1] < 0x80;
	if (letters && next.n && !is_gap(sv_rune(&next)) && (unsigned char)*last.p < 0x80)
		return 0;            /* within a word */
	return text.n - rest.n;
}

enum ear_back ear_backchannel(sv text)
{
	enum ear_back all = EAR_SILENT;
	for (skip_gaps(&text); text.n; skip_gaps(&text)) {
		size_t most = 0;
		enum ear_back kind = EAR_SPEAKS;
		for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
			size_t n = takes(text, sv_of(table[i].words));
			if (n <= most)
				continue;
			most = n;
			kind = (enum ear_back)table[i].kind;
		}
		if (!most)
			return EAR_SPEAKS;
		text = sv_slice(text, most, text.n);
		all = kind > all ? kind : all;
	}
	return all;
}
