/* feel_text.c: preparing a text and finding words and patterns in it. A bitmap of the letter
 * pairs of the text makes a miss cost a few instructions. Pure; any thread.
 */
#include "feel_int.h"

/* ---- preparing ---- */

static bool is_letter(uint32_t r)
{
	return (r >= 'a' && r <= 'z') || (r >= '0' && r <= '9') ||
	       (r >= 0xC0 && r < 0x2000 && r != 0xD7 && r != 0xF7) ||
	       (r >= 0x2C00 && r < 0x2E00) || (r >= 0x3041 && r <= 0x318F) ||
	       (r >= 0x3400 && r <= 0x9FFF) || r == 0x3005 || r == 0x3007 ||
	       (r >= 0xA000 && r < 0xE000) || (r >= 0xF900 && r < 0xFE00) || r >= 0x20000;
}

static bool is_stop(uint32_t r)
{
	return r == '.' || r == ',' || r == '!' || r == '?' || r == ';' || r == '\n' ||
	       r == 0x3002 || r == 0x3001 || r == 0x2026 || r == '~' || r == ':' ||
	       r == 0x61F || r == 0x60C || r == 0x964;
}

static void put(struct feel_text *t, const char *p, size_t n)
{
	if (t->n + n <= FEEL_TEXT) {
		memcpy(t->p + t->n, p, n);
		t->n += n;
	}
}

static void put_gap(struct feel_text *t, bool stop)
{
	bool gap = t->p[t->n - 1] == ' ';

	if (stop && !(t->n >= 2 && t->p[t->n - 2] == '|'))
		put(t, gap ? "| " : " | ", gap ? 2 : 3);
	else if (!stop && !gap)
		put(t, " ", 1);
}

static void fill_pairs(struct feel_text *t)
{
	for (size_t i = 0; i + 1 < t->n; i++) {
		unsigned k = (unsigned)(unsigned char)t->p[i] << 8 | (unsigned char)t->p[i + 1];
		t->pairs[k >> 3] |= (uint8_t)(1u << (k & 7));
	}
}

static void count_case(struct feel_text *t, uint32_t r, int *run)
{
	bool upper = r >= 'A' && r <= 'Z';

	if (upper) {
		(*run)++;
		return;
	}
	bool lower = r >= 'a' && r <= 'z';
	t->shouted += *run >= 4 && !lower;
	*run = 0;
}

void feel_prepare(sv text, struct feel_text *t)
{
	int run = 0;

	*t = (struct feel_text){ .n = 1 };
	t->p[0] = ' ';
	while (text.n && t->n < FEEL_TEXT - 8) {
		uint32_t r = sv_rune(&text);
		char b[4];
		count_case(t, r, &run);
		r = sv_fold(r);
		t->marks += r == '!';
		t->asks += r == '?';
		if (r == '\'' || r == 0x2019 || r == 0x2018 || r == '`')
			continue;
		if (is_letter(r)) {
			put(t, b, sv_encode(r, b));
			t->letters++;
		} else {
			put_gap(t, is_stop(r));
		}
	}
	count_case(t, ' ', &run);
	put_gap(t, false);
	t->p[t->n] = 0;
	fill_pairs(t);
}

/* ---- matching ---- */

static bool ascii(char c)
{
	return (unsigned char)c < 0x80;
}

static bool latin_word(const struct feel_text *t, size_t i)
{
	char c = t->p[i];

	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
	       ((unsigned char)c >= 0xC3 && (unsigned char)c < 0xE3);
}

static bool has_pair(const struct feel_text *t, unsigned k)
{
	return t->pairs[k >> 3] >> (k & 7) & 1;
}

static unsigned pair_at(const char *p)
{
	return (unsigned)(unsigned char)p[0] << 8 | (unsigned char)p[1];
}

struct feel_alt feel_alt_of(sv word)
{
	bool open = word.n && word.p[word.n - 1] == '~';

	word.n -= open;
	return (struct feel_alt){ .word = word, .open = open,
				  .pair = word.n >= 2 ? (uint16_t)pair_at(word.p) : 0 };
}

ptrdiff_t feel_find(const struct feel_text *t, size_t from, const struct feel_alt *alt,
		    size_t *ret_end)
{
	sv w = alt->word;

	if (!w.n || (alt->pair && !has_pair(t, alt->pair)))
		return -1;
	for (size_t i = 1; i + 1 < w.n; i++)
		if (!has_pair(t, pair_at(w.p + i)))
			return -1;
	while (from + w.n <= t->n) {
		const char *p = memchr(t->p + from, w.p[0], t->n - from - w.n + 1);
		if (!p)
			return -1;
		size_t at = (size_t)(p - t->p), end = at + w.n;
		from = at + 1;
		if (memcmp(p, w.p, w.n) != 0)
			continue;
		bool head = !ascii(w.p[0]) || !latin_word(t, at - 1) || at == 0;
		bool tail = alt->open || !ascii(w.p[w.n - 1]) || !latin_word(t, end);
		if (head && tail) {
			*ret_end = end;
			return (ptrdiff_t)at;
		}
	}
	return -1;
}

static bool match_term(const struct feel_text *t, sv term)
{
	sv alt;
	size_t end;

	while (sv_cut(&term, '|', &alt)) {
		struct feel_alt a = feel_alt_of(alt);
		if (feel_find(t, 0, &a, &end) >= 0)
			return true;
	}
	return false;
}

bool feel_match(const struct feel_text *t, sv pattern)
{
	sv words;
	bool not;

	while (feel_term(&pattern, &words, &not))
		if (match_term(t, words) == not)
			return false;
	return true;
}

double feel_net_p(const struct feel_net *x, sv name)
{
	for (size_t i = 0; i < x->n; i++)
		if (sv_eq(x->name[i], name))
			return x->p[i];
	return 0;
}
