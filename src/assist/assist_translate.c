/* assist_translate.c: is a translation faithful where it must be? Each number and code of the text
 * stands in it, no other does, and names that are kept are there in one of their forms. A number
 * that the text has in words (三天, three days) may come as digits. Pure. */
#include "assist_int.h"

#include <stdio.h>

#define NUMBERS 200
#define TOKEN 64

struct numbers {
	char v[NUMBERS][TOKEN];
	size_t n;
	bool many;
};

static bool digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static char low(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
}

/* The token at i: letters, digits, and what joins them; its end, and whether it has a digit. */
static size_t token_at(sv s, size_t i, bool *ret_digit)
{
	*ret_digit = false;
	while (i < s.n) {
		char c = s.p[i];
		bool joined = i > 0 && i + 1 < s.n && digit(s.p[i + 1]) &&
			      (digit(s.p[i - 1]) || letter(s.p[i - 1]));
		if (!digit(c) && !letter(c) &&
		    !(joined && (c == '.' || c == ',' || c == ':' || c == '-')))
			break;
		*ret_digit |= digit(c);
		i++;
	}
	return i;
}

/* "28cm" and "28 cm" are the same number, "HH-1206" is a code: trailing letters of a number go. */
static void keep_token(struct numbers *n, sv t)
{
	char *out = n->v[n->n];
	size_t k = 0, e = t.n;
	if (digit(t.p[0]))
		while (e > 0 && letter(t.p[e - 1]))
			e--;
	for (size_t i = 0; i < e && k < TOKEN - 1; i++)
		if (t.p[i] != ',')
			out[k++] = low(t.p[i]);
	out[k] = '\0';
	n->n++;
}

/* Full-width digits count as digits. */
static void narrow(sv s, struct sb *b)
{
	while (s.n) {
		uint32_t r = sv_rune(&s);
		sb_rune(b, r >= 0xFF10 && r <= 0xFF19 ? r - 0xFF10 + '0' : r);
	}
}

static void read_numbers(sv text, struct numbers *n)
{
	struct sb b;
	bool has;
	sb_init(&b, LIM_SB);
	narrow(text, &b);
	sv s = sb_sv(&b);
	for (size_t i = 0; i < s.n && !n->many;) {
		size_t e = token_at(s, i, &has);
		n->many = n->n == NUMBERS;
		if (has && !n->many)
			keep_token(n, sv_slice(s, i, e));
		i = e > i ? e : i + 1;
	}
	sb_done(&b);
}

static bool has(const struct numbers *n, const char *t)
{
	for (size_t i = 0; i < n->n; i++)
		if (strcmp(n->v[i], t) == 0)
			return true;
	return false;
}

/* Numbers that the text has in words, as values: those of the slots that feel reads. */
struct values {
	double v[NUMBERS];
	size_t n;
};

static void keep_values(sv text, struct values *w)
{
	while (text.n && w->n < NUMBERS) {
		size_t i = 0;
		double d;
		while (i < text.n && (digit(text.p[i]) || (i && text.p[i] == '.')))
			i++;
		if (i && sv_f64(sv_slice(text, 0, i), &d) == 0)
			w->v[w->n++] = d;
		text = sv_slice(text, i ? i : 1, text.n);
	}
}

static void read_values(sv text, struct values *w)
{
	struct feel_slot_ctx ctx = { .now_ms = 0 };
	struct feel_slot *v;
	struct arena a;
	size_t n = 0;
	arena_init(&a, LIM_ARENA_TURN * 4);
	if (feel_slots(text, &ctx, &a, &v, &n) == 0)
		for (size_t i = 0; i < n; i++)
			keep_values(v[i].value, w);
	arena_done(&a);
}

/* Each part of "15:30" or "3.50": a value of the text, an afternoon's hour too. */
static bool meant(const struct values *w, const char *t)
{
	sv rest = sv_of(t), part;
	while (sv_cut(&rest, ':', &part)) {
		double d;
		bool yes = false;
		if (sv_f64(part, &d))
			return false;
		for (size_t i = 0; i < w->n && !yes; i++)
			yes = w->v[i] == d || w->v[i] + 12 == d || w->v[i] - 12 == d;
		if (!yes)
			return false;
	}
	return true;
}

static const char *compare(sv text, const struct numbers *was, const struct numbers *is)
{
	struct values w = { .n = 0 };
	read_values(text, &w);
	if (was->many || is->many)
		return "there are too many numbers to check";
	for (size_t i = 0; i < was->n; i++)
		if (!has(is, was->v[i]))
			return "a number or code of the text is missing";
	for (size_t i = 0; i < is->n; i++)
		if (!has(was, is->v[i]) && !meant(&w, is->v[i]))
			return "a number or code was added";
	return NULL;
}

bool assist_any_form(sv forms, sv text)
{
	sv one;
	while (sv_cut(&forms, '|', &one))
		if (one.n && sv_find(text, one) >= 0)
			return true;
	return false;
}

/* Masks ("[phone]") and {variables} are kept to the letter. */
static bool marks_kept(sv text, sv translation)
{
	for (size_t i = 0; i < text.n; i++) {
		size_t e = i;
		if (text.p[i] != '[' && text.p[i] != '{')
			continue;
		while (e < text.n && text.p[e] != ']' && text.p[e] != '}')
			e++;
		if (e < text.n && e - i < 40 &&
		    sv_find(translation, sv_slice(text, i, e + 1)) < 0)
			return false;
	}
	return true;
}

bool assist_translated_ok(sv text, sv translation, const struct assist_words *w,
			  const char **ret_why)
{
	struct numbers *v = xalloc(2 * sizeof(*v));
	const char *why = NULL;
	read_numbers(text, &v[0]);
	read_numbers(translation, &v[1]);
	if (!sv_trim(translation).n)
		why = "the translation is empty";
	else if (!marks_kept(text, translation))
		why = "a mask or variable is missing";
	else
		why = compare(text, &v[0], &v[1]);
	for (size_t i = 0; w && i < w->n && !why; i++)
		if (assist_any_form(w->v[i], text) && !assist_any_form(w->v[i], translation))
			why = "a name that is kept was translated";
	xfree(v);
	if (ret_why)
		*ret_why = why;
	return !why;
}
