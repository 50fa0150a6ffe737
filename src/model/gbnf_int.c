/* gbnf_int.c: a grammar for the integers of a range: split where the number of digits
 * changes, then digit by digit. Pure. */
#include <stdio.h>

#include "gbnf.h"

enum { DIGITS_MAX = 20 };

static void digit(struct sb *out, char lo, char hi)
{
	if (lo == hi)
		sb_fmt(out, "\"%c\"", lo);
	else
		sb_fmt(out, "[%c-%c]", lo, hi);
}

static void any_digits(struct sb *out, size_t n)
{
	if (n == 1)
		sb_cstr(out, " [0-9]");
	else if (n)
		sb_fmt(out, " [0-9]{%zu}", n);
}

static bool all(const char *s, size_t n, char c)
{
	for (size_t i = 0; i < n; i++)
		if (s[i] != c)
			return false;
	return true;
}

/* lo and hi have n digits each, lo <= hi. */
static void same_length(struct sb *out, const char *lo, const char *hi, size_t n)
{
	size_t rest = n - 1;
	if (n == 0) {
		sb_cstr(out, "\"\"");
		return;
	}
	if (lo[0] == hi[0] && rest) {
		digit(out, lo[0], lo[0]);
		sb_cstr(out, " (");
		same_length(out, lo + 1, hi + 1, rest);
		sb_ch(out, ')');
		return;
	}
	char from = lo[0], to = hi[0];
	const char *or = "";
	if (rest && !all(lo + 1, rest, '0')) {
		char nines[DIGITS_MAX + 1];
		memset(nines, '9', sizeof(nines));
		digit(out, from, from);
		sb_cstr(out, " (");
		same_length(out, lo + 1, nines, rest);
		sb_ch(out, ')');
		from++;
		or = " | ";
	}
	bool top = rest && !all(hi + 1, rest, '9');
	to = top ? (char)(to - 1) : to;
	if (from <= to) {
		sb_cstr(out, or);
		digit(out, from, to);
		any_digits(out, rest);
		or = " | ";
	}
	if (top) {
		char zeros[DIGITS_MAX + 1];
		memset(zeros, '0', sizeof(zeros));
		sb_cstr(out, or);
		digit(out, hi[0], hi[0]);
		sb_cstr(out, " (");
		same_length(out, zeros, hi + 1, rest);
		sb_ch(out, ')');
	}
}

/* 0 <= lo <= hi. */
static void natural(struct sb *out, uint64_t lo, uint64_t hi)
{
	char a[DIGITS_MAX + 4], b[DIGITS_MAX + 4];
	const char *or = "";
	for (;;) {
		int n = snprintf(a, sizeof(a), "%llu", (unsigned long long)lo);
		uint64_t end = 9;
		for (int i = 1; i < n; i++)
			end = end * 10 + 9;
		bool last = end >= hi || n >= DIGITS_MAX - 1;
		(void)snprintf(b, sizeof(b), "%llu", (unsigned long long)(last ? hi : end));
		sb_cstr(out, or);
		same_length(out, a, b, (size_t)n);
		if (last)
			return;
		lo = end + 1;
		or = " | ";
	}
}

void gbnf_int_range(struct sb *out, int64_t lo, int64_t hi)
{
	if (lo < 0) {
		int64_t top = hi < 0 ? hi : -1;
		sb_cstr(out, "\"-\" (");
		natural(out, (uint64_t)-top, (uint64_t)-lo);
		sb_ch(out, ')');
		if (hi < 0)
			return;
		sb_cstr(out, " | ");
		lo = 0;
	}
	natural(out, (uint64_t)lo, (uint64_t)hi);
}
