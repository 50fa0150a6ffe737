/* sv.c: string views: comparing, searching, cutting, numbers, hash. UTF-8 is in sv_utf8.c.
 *
 * Views never own memory. Pure functions; any thread.
 */
#include "sv.h"

#include <errno.h>
#include <stdlib.h>

#include "err.h"

static unsigned char lower(char c)
{
	return (unsigned char)(c >= 'A' && c <= 'Z' ? c + 32 : c);
}

bool sv_eq(sv a, sv b)
{
	return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

bool sv_eq_nocase(sv a, sv b)
{
	if (a.n != b.n)
		return false;
	for (size_t i = 0; i < a.n; i++)
		if (lower(a.p[i]) != lower(b.p[i]))
			return false;
	return true;
}

int sv_cmp(sv a, sv b)
{
	size_t n = a.n < b.n ? a.n : b.n;
	int c = n ? memcmp(a.p, b.p, n) : 0;

	if (c)
		return c < 0 ? -1 : 1;
	return (a.n > b.n) - (a.n < b.n);
}

/* Two signs that are of one word or number. */
static bool goes_on(char a, char b)
{
	bool la = (a | 32) >= 'a' && (a | 32) <= 'z', lb = (b | 32) >= 'a' && (b | 32) <= 'z';

	return (la && lb) || (a >= '0' && a <= '9' && b >= '0' && b <= '9');
}

bool sv_says(sv s, sv words)
{
	for (size_t i = 0; words.n && i + words.n <= s.n; i++) {
		size_t end = i + words.n;

		if (sv_eq_nocase(sv_n(s.p + i, words.n), words) &&
		    !(i && goes_on(s.p[i - 1], words.p[0])) &&
		    !(end < s.n && goes_on(words.p[words.n - 1], s.p[end])))
			return true;
	}
	return false;
}

bool sv_starts(sv s, sv prefix)
{
	return s.n >= prefix.n && (!prefix.n || memcmp(s.p, prefix.p, prefix.n) == 0);
}

bool sv_ends(sv s, sv suffix)
{
	return s.n >= suffix.n &&
	       (!suffix.n || memcmp(s.p + s.n - suffix.n, suffix.p, suffix.n) == 0);
}

static bool is_space(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

sv sv_trim(sv s)
{
	const sv wide = SV("\xe3\x80\x80"); /* U+3000, the ideographic space */

	for (;;) {
		if (s.n && is_space(s.p[0]))
			s = sv_n(s.p + 1, s.n - 1);
		else if (sv_starts(s, wide))
			s = sv_n(s.p + 3, s.n - 3);
		else
			break;
	}
	for (;;) {
		if (s.n && is_space(s.p[s.n - 1]))
			s.n--;
		else if (sv_ends(s, wide))
			s.n -= 3;
		else
			break;
	}
	return s;
}

sv sv_slice(sv s, size_t from, size_t to)
{
	if (to > s.n)
		to = s.n;
	if (from > to)
		from = to;
	return s.p ? sv_n(s.p + from, to - from) : SV_NULL;
}

ptrdiff_t sv_find(sv s, sv needle)
{
	const char *hit;

	if (needle.n == 0)
		return 0;
	if (needle.n > s.n)
		return -1;
	hit = memmem(s.p, s.n, needle.p, needle.n);
	return hit ? hit - s.p : -1;
}

ptrdiff_t sv_find_ch(sv s, char c)
{
	const char *hit = s.n ? memchr(s.p, c, s.n) : NULL;

	return hit ? hit - s.p : -1;
}

bool sv_cut(sv *s, char sep, sv *head)
{
	ptrdiff_t at;

	if (s->n == 0)
		return false;
	at = sv_find_ch(*s, sep);
	if (at < 0) {
		*head = *s;
		*s = sv_n(s->p + s->n, 0);
		return true;
	}
	*head = sv_n(s->p, (size_t)at);
	*s = sv_n(s->p + at + 1, s->n - (size_t)at - 1);
	return true;
}

bool sv_line(sv *s, sv *line)
{
	if (!sv_cut(s, '\n', line))
		return false;
	if (line->n && line->p[line->n - 1] == '\r')
		line->n--;
	return true;
}

int sv_i64(sv s, int64_t *ret)
{
	bool neg = s.n && s.p[0] == '-';
	size_t i = s.n && (s.p[0] == '-' || s.p[0] == '+');
	uint64_t v = 0, max = neg ? (uint64_t)INT64_MAX + 1 : (uint64_t)INT64_MAX;

	if (i == s.n)
		return ERR_PARSE;
	for (; i < s.n; i++) {
		unsigned d = (unsigned)(unsigned char)s.p[i] - '0';

		if (d > 9)
			return ERR_PARSE;
		if (v > (max - d) / 10)
			return ERR_RANGE;
		v = v * 10 + d;
	}
	*ret = neg ? (int64_t)(0 - v) : (int64_t)v;
	return 0;
}

int sv_f64(sv s, double *ret)
{
	char buf[128], *end;
	double d;

	if (s.n == 0 || s.n >= sizeof(buf))
		return ERR_PARSE;
	for (size_t i = 0; i < s.n; i++)
		if (!s.p[i] || !strchr("0123456789+-.eE", s.p[i]))
			return ERR_PARSE;
	memcpy(buf, s.p, s.n);
	buf[s.n] = '\0';
	errno = 0;
	d = strtod(buf, &end);
	if (end != buf + s.n)
		return ERR_PARSE;
	if (errno == ERANGE && (d > 1 || d < -1))
		return ERR_RANGE;
	*ret = d;
	return 0;
}

uint64_t sv_hash(sv s)
{
	uint64_t h = UINT64_C(0xcbf29ce484222325);

	for (size_t i = 0; i < s.n; i++)
		h = (h ^ (unsigned char)s.p[i]) * UINT64_C(0x100000001b3);
	return h;
}
