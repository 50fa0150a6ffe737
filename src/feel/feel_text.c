/* feel_text.c: preparing a text and matching the patterns of the tables.
 *
 * The tables are text (feel/data, embedded by the build) and are read while matching: no
 * set-up, no shared state, any thread. A bitmap of the letter pairs of the text makes a miss
 * cost a few instructions.
 */
#include "feel_int.h"

struct feel_file {
	const char *name, *text;
	size_t n;
};
extern const struct feel_file feel_files[];

sv feel_table(const char *name)
{
	for (size_t i = 0; feel_files[i].name; i++)
		if (strcmp(feel_files[i].name, name) == 0)
			return sv_n(feel_files[i].text, feel_files[i].n);
	err_assert("a table of feel/data is embedded", __FILE__, __LINE__);
}

bool feel_row(sv *rest, sv *fields, size_t n)
{
	sv line;

	while (sv_line(rest, &line)) {
		if (!line.n || line.p[0] == '#')
			continue;
		size_t k = 0;
		for (; k < n - 1; k++)
			if (!sv_cut(&line, '\t', &fields[k]))
				break;
		fields[k] = line;
		if (k == n - 1 && line.n)
			return true;
	}
	return false;
}

int feel_number(sv s)
{
	int64_t v = 0;

	return sv_i64(s, &v) == 0 ? (int)v : 0;
}

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

ptrdiff_t feel_find(const struct feel_text *t, size_t from, sv alt, size_t *ret_end)
{
	bool open = alt.n && alt.p[alt.n - 1] == '~';

	alt.n -= open;
	if (!alt.n)
		return -1;
	if (alt.n >= 2) {
		unsigned k = (unsigned)(unsigned char)alt.p[0] << 8 | (unsigned char)alt.p[1];
		if (!(t->pairs[k >> 3] & (1u << (k & 7))))
			return -1;
	}
	while (from < t->n) {
		const char *p = memmem(t->p + from, t->n - from, alt.p, alt.n);
		if (!p)
			return -1;
		size_t at = (size_t)(p - t->p), end = at + alt.n;
		bool head = !ascii(alt.p[0]) || !latin_word(t, at - 1) || at == 0;
		bool tail = open || !ascii(alt.p[alt.n - 1]) || !latin_word(t, end);
		if (head && tail) {
			*ret_end = end;
			return (ptrdiff_t)at;
		}
		from = at + 1;
	}
	return -1;
}

static bool match_term(const struct feel_text *t, sv term)
{
	sv alt;
	size_t end;

	while (sv_cut(&term, '|', &alt))
		if (feel_find(t, 0, alt, &end) >= 0)
			return true;
	return false;
}

bool feel_match(const struct feel_text *t, sv pattern)
{
	while (pattern.n) {
		ptrdiff_t plus = sv_find(pattern, SV(" + "));
		sv term = sv_slice(pattern, 0, plus < 0 ? pattern.n : (size_t)plus);
		pattern = plus < 0 ? SV_NULL : sv_slice(pattern, (size_t)plus + 3, pattern.n);
		bool not = term.n && term.p[0] == '!';
		if (match_term(t, not ? sv_slice(term, 1, term.n) : term) == not)
			return false;
	}
	return true;
}

double feel_net_p(const struct feel_net *x, sv name)
{
	for (size_t i = 0; i < x->n; i++)
		if (sv_eq(x->name[i], name))
			return x->p[i];
	return 0;
}
