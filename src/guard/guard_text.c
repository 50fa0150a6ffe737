/* guard_text.c: cleaning, decoding and matching that every detector uses.
 *
 * Cleaning drops what a reader cannot see (controls, zero-width and bidi marks, tag letters)
 * because it hides words from people and from the detectors; joiners stay where a script or an
 * emoji needs them. Pure functions, any thread; results live in the caller's arena.
 */
#include "guard_int.h"

#define COMBINING_MAX 4 /* marks on one letter; more only serves to make text unreadable */

static bool is_joiner_place(uint32_t before)
{
	return (before >= 0x600 && before < 0xE00) || before >= 0x1F000 || before == 0xFE0F ||
	       (before >= 0x2600 && before < 0x27C0);
}

static bool is_hidden(uint32_t r)
{
	return (r >= 0x200B && r <= 0x200F) || (r >= 0x202A && r <= 0x202E) ||
	       (r >= 0x2060 && r <= 0x206F) || r == 0xFEFF || r == 0xAD || r == 0x180E ||
	       r == 0x61C || r == 0x34F || r == 0x115F || r == 0x1160 || r == 0x3164 ||
	       r == 0xFFA0 || (r >= 0xFFF9 && r <= 0xFFFB) || (r >= 0xE0000 && r <= 0xE0FFF) ||
	       (r >= 0xFE00 && r <= 0xFE0E);
}

/* What is written for r: 0 = nothing. */
static uint32_t cleaned(uint32_t r, uint32_t before, size_t *hidden)
{
	if (r == '\n' || r == 0x2028 || r == 0x2029)
		return '\n';
	if (r == '\t' || r == 0xA0 || (r >= 0x2000 && r <= 0x200A) || r == 0x202F || r == 0x205F)
		return ' ';
	if (r < 0x20 || (r >= 0x7F && r < 0xA0))
		return 0;
	if ((r & 0xFFFE) == 0xFFFE || (r >= 0xFDD0 && r <= 0xFDEF))
		return 0;
	if ((r == 0x200C || r == 0x200D) && is_joiner_place(before))
		return r;
	if (is_hidden(r)) {
		*hidden += r < 0xFE00 || r > 0xFE0E;
		return 0;
	}
	return r;
}

int guard_clean(sv text, struct arena *a, struct guard_in *ret, size_t *ret_hidden)
{
	size_t room = text.n < (size_t)LIM_TEXT_MSG * 4 ? text.n * 3 : (size_t)LIM_TEXT_MSG * 4;
	size_t most = text.n < (size_t)LIM_TEXT_MSG ? text.n : (size_t)LIM_TEXT_MSG;
	char *out = arena_alloc(a, room + 5);
	uint32_t *from = arena_new(a, uint32_t, most + 1);
	size_t n = 0, runes = 0, marks = 0;
	uint32_t before = 0, at = 0;

	if (!out || !from)
		return ERR_TOOBIG;
	ret->truncated = false;
	*ret_hidden = 0;
	for (; text.n; at++) {
		uint32_t r = cleaned(sv_rune(&text), before, ret_hidden);
		marks = r >= 0x300 && r <= 0x36F ? marks + 1 : 0;
		if (!r || marks > COMBINING_MAX)
			continue;
		if (runes == LIM_TEXT_MSG) {
			ret->truncated = true;
			break;
		}
		from[runes] = at;
		n += sv_encode(r, out + n);
		runes++;
		before = r;
	}
	from[runes] = at;
	out[n] = 0;
	ret->clean = sv_n(out, n);
	ret->from = from;
	return 0;
}

int guard_decode(sv clean, struct arena *a, struct guard_text *ret)
{
	size_t n = sv_runes(clean);
	struct guard_text t = {
		.raw = arena_new(a, uint32_t, n + GUARD_PAD),
		.fold = arena_new(a, uint32_t, n + GUARD_PAD),
		.at = arena_new(a, size_t, n + 1),
	};
	const char *p = clean.p;

	if (!t.raw || !t.fold || !t.at)
		return ERR_TOOBIG;
	for (; t.n < n; t.n++) {
		t.at[t.n] = (size_t)(clean.p - p);
		t.raw[t.n] = sv_rune(&clean);
		t.fold[t.n] = sv_fold(t.raw[t.n]);
	}
	t.at[n] = n ? (size_t)(clean.p - p) : 0;
	*ret = t;
	return 0;
}

bool guard_digit(uint32_t r)
{
	return r >= '0' && r <= '9';
}

bool guard_alpha(uint32_t r)
{
	return r >= 'a' && r <= 'z';
}

bool guard_han(uint32_t r)
{
	return (r >= 0x4E00 && r <= 0x9FFF) || (r >= 0x3400 && r <= 0x4DBF) || r == 0x3007;
}

bool guard_word(uint32_t r)
{
	return guard_digit(r) || guard_alpha(r) || r == '_' ||
	       (r >= 0xDF && r < 0x2000 && r != 0xF7);
}

size_t guard_at(const struct guard_text *t, size_t i, const char *lit)
{
	sv s = sv_of(lit);
	size_t k = i;
	uint32_t r = 0;

	if (guard_word((unsigned char)lit[0]) && i > 0 && guard_word(t->fold[i - 1]) &&
	    guard_alpha(t->fold[i]))
		return 0;
	while (s.n) {
		r = sv_rune(&s);
		if (k >= t->n || t->fold[k] != r)
			return 0;
		k++;
	}
	if (guard_alpha(r) && guard_alpha(t->fold[k]))
		return 0;
	return k - i;
}

/* Beginnings of the words of a list as a set of 256 bits, kept for lists that were asked of before:
 * most places in a text begin none of them. A list is told by its address: all are literals. */
struct starts {
	const char *list;
	uint64_t set[4];
};
#define STARTS 256

static bool may_start(const char *list, uint32_t fold)
{
	static _Thread_local struct starts kept[STARTS];
	struct starts *s = &kept[((uintptr_t)list >> 3) % STARTS];
	unsigned c = (fold ^ fold >> 8) & 255;

	if (s->list != list) {
		*s = (struct starts){ .list = list };
		for (const char *p = list; p && *p; p = (p = strchr(p, '|')) ? p + 1 : NULL) {
			sv rest = sv_of(p);
			uint32_t r = sv_rune(&rest);
			unsigned k = (r ^ r >> 8) & 255;
			s->set[k / 64] |= UINT64_C(1) << (k % 64);
		}
	}
	return s->set[c / 64] >> (c % 64) & 1;
}

size_t guard_any_at(const struct guard_text *t, size_t i, const char *list)
{
	size_t best = 0, first;
	char word[64], head[4];

	if (i >= t->n || t->fold[i] == ' ' || t->fold[i] == '\n')
		return 0;
	if (i > 0 && guard_alpha(t->fold[i]) && guard_word(t->fold[i - 1]))
		return 0; /* inside a word */
	if (!may_start(list, t->fold[i]))
		return 0;
	first = sv_encode(t->fold[i], head);
	while (list && *list) {
		const char *bar = strchr(list, '|');
		size_t n = bar ? (size_t)(bar - list) : strlen(list);
		if (n >= first && n < sizeof(word) && memcmp(list, head, first) == 0) {
			memcpy(word, list, n);
			word[n] = 0;
			size_t k = guard_at(t, i, word);
			best = k > best ? k : best;
		}
		list = bar ? bar + 1 : NULL;
	}
	return best;
}

bool guard_in_set(uint32_t r, const char *set_utf8)
{
	char c[5];

	if (r < 0x80)
		return r && strchr(set_utf8, (int)r);
	c[sv_encode(r, c)] = 0;
	return strstr(set_utf8, c) != NULL;
}

void guard_hit_add(struct guard_hits *h, size_t s, size_t e, enum guard_pii type, int rank)
{
	if (h->n < GUARD_HITS_MAX && s < e)
		h->v[h->n++] = (struct guard_hit){ s, e, type, rank };
}
