/* guard_mark.c: e-mail addresses, number plates and dates of birth.
 *
 * A date is personal only behind "born", "birthday", 生日, 出生: delivery dates stay readable.
 * Pure functions, any thread.
 */
#include "guard_int.h"

/* ---- e-mail ---- */

static bool local_char(uint32_t r)
{
	return guard_word(r) || guard_in_set(r, ".%+-");
}

static bool domain_char(uint32_t r)
{
	return guard_word(r) || r == '-';
}

/* End of a domain with at least one dot at s, or s. */
static size_t domain_end(const struct guard_text *t, size_t s)
{
	size_t i = s, last = s;

	while (domain_char(t->fold[i])) {
		while (domain_char(t->fold[i]))
			i++;
		if (t->fold[i] != '.' || !domain_char(t->fold[i + 1]))
			break;
		i++;
		last = i;
	}
	return last > s && i - last >= 2 ? i : s;
}

static void find_at(const struct guard_text *t, struct guard_hits *h)
{
	for (size_t i = 1; i + 1 < t->n; i++) {
		size_t s = i, e;
		if (t->fold[i] != '@')
			continue;
		while (s > 0 && local_char(t->fold[s - 1]))
			s--;
		e = domain_end(t, i + 1);
		if (s < i && e > i + 1)
			guard_hit_add(h, s, e, PII_EMAIL, 9);
	}
}

static size_t word_end(const struct guard_text *t, size_t i)
{
	while (guard_word(t->fold[i]) || t->fold[i] == '-')
		i++;
	return i;
}

/* One more " dot word" behind i, or i. */
static size_t dot_word(const struct guard_text *t, size_t i)
{
	if (t->fold[i] != ' ')
		return i;
	size_t n = guard_any_at(t, i + 1, "dot|点");
	if (!n || t->fold[i + 1 + n] != ' ')
		return i;
	size_t s = i + n + 2, e = word_end(t, s);
	return e > s ? e : i;
}

static size_t word_start(const struct guard_text *t, size_t i)
{
	while (i > 0 && (guard_word(t->fold[i - 1]) || t->fold[i - 1] == '-'))
		i--;
	return i;
}

/* Spoken: "john dot smith at mail dot example dot com". */
static void find_spoken(const struct guard_text *t, struct guard_hits *h)
{
	for (size_t i = 1; i + 4 < t->n; i++) {
		if (t->fold[i] != ' ' || !guard_at(t, i + 1, "at") || t->fold[i + 3] != ' ')
			continue;
		size_t s = word_start(t, i), e = word_end(t, i + 4), more = dot_word(t, e);
		if (s == i || e == i + 4 || more == e)
			continue;
		while (more > e) {
			e = more;
			more = dot_word(t, e);
		}
		while (s >= 5 && t->fold[s - 1] == ' ' && guard_at(t, s - 4, "dot") &&
		       t->fold[s - 5] == ' ')
			s = word_start(t, s - 5);
		size_t tld = word_start(t, e);
		if (guard_any_at(t, tld,
				 "com|cn|net|org|edu|io|co|uk|de|fr|es|it|nl|jp|ru|br|info"))
			guard_hit_add(h, s, e, PII_EMAIL, 9);
	}
}

void guard_find_mail(const struct guard_text *t, struct guard_hits *h)
{
	find_at(t, h);
	find_spoken(t, h);
}

/* ---- plates: GA 36-2018: province, letter, five signs (six for green plates), no I or O ---- */

void guard_find_plate(const struct guard_text *t, struct guard_hits *h)
{
	static const char *const provinces =
		"京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼使领";

	for (size_t i = 0; i + 7 <= t->n; i++) {
		if (!guard_in_set(t->fold[i], provinces) || !guard_alpha(t->fold[i + 1]))
			continue;
		size_t k = i + 2, n = 0, digits = 0;
		while (guard_in_set(t->fold[k], "·.- •"))
			k++;
		if (k > i + 4)
			continue;
		while (guard_alpha(t->fold[k]) || guard_digit(t->fold[k])) {
			digits += guard_digit(t->fold[k]);
			k++;
			n++;
		}
		n += guard_in_set(t->fold[k], "学警港澳挂") ? (k++, 1) : 0;
		if ((n == 5 || n == 6) && digits >= 2)
			guard_hit_add(h, i, k, PII_PLATE, 7);
	}
}

/* ---- dates ---- */

static const char *const months =
	"january|february|march|april|may|june|july|august|september|october|november|"
	"december|jan|feb|mar|apr|jun|jul|aug|sep|sept|oct|nov|dec";

static size_t digits_at(const struct guard_text *t, size_t i, size_t max)
{
	size_t n = 0;

	while (n <= max && guard_digit(t->fold[i + n]))
		n++;
	return n > max ? 0 : n;
}

static size_t skip(const struct guard_text *t, size_t i, const char *set)
{
	while (i < t->n && guard_in_set(t->fold[i], set))
		i++;
	return i;
}

/* 1990-05-12, 12/5/1990, 900512, 1990年5月12日, 5月12号; the end or i. */
static size_t date_numeric(const struct guard_text *t, size_t i)
{
	size_t n = digits_at(t, i, 8), k = i + n, parts = 1;

	if (n == 8 || (n == 6 && t->fold[k] != '-'))
		return k;
	if (n == 0 || n > 4)
		return i;
	bool sign = false;
	while (parts < 3 && guard_in_set(t->fold[k], "-/.年月 ")) {
		size_t next = skip(t, k, "-/.年月 "), m = digits_at(t, next, 4);
		sign = sign || t->fold[k] != ' ';
		if (!m || next > k + 2)
			break;
		k = next + m;
		parts++;
	}
	if (guard_in_set(t->fold[k], "年月日号"))
		return k + 1;
	return (parts >= 2 && sign) || n == 4 ? k : i;
}

/* 一九九〇年五月十二号. */
static size_t date_han(const struct guard_text *t, size_t i)
{
	size_t k = skip(t, i, "零〇一二三四五六七八九十"), parts = 0;

	while (k > i && guard_in_set(t->fold[k], "年月日号") && parts < 3) {
		parts++;
		size_t next = skip(t, k + 1, "零〇一二三四五六七八九十");
		if (next == k + 1)
			return k + 1;
		k = next;
	}
	return parts >= 1 ? k : i;
}

/* Length of the ending of 1st, 2nd, 3rd, 4th. */
static size_t ordinal_at(const struct guard_text *t, size_t i)
{
	static const char ends[4][3] = { "st", "nd", "rd", "th" };

	for (int k = 0; k < 4; k++)
		if (t->fold[i] == (unsigned char)ends[k][0] &&
		    t->fold[i + 1] == (unsigned char)ends[k][1] && !guard_alpha(t->fold[i + 2]))
			return 2;
	return 0;
}

/* May 12th, 1990 · 12 May 1990 · the 3rd of March. */
static size_t date_words(const struct guard_text *t, size_t i)
{
	size_t k = i, n, day = digits_at(t, k, 2);

	if (day) {
		k += day;
		k += ordinal_at(t, k);
		k = skip(t, k, " .");
		n = guard_at(t, k, "of");
		k = skip(t, k + n, " ");
	}
	n = guard_any_at(t, k, months);
	if (!n)
		return i;
	k += n;
	size_t j = skip(t, k, " .,"), d = digits_at(t, j, 4);
	if (!day && d && d <= 2) {
		k = j + d;
		k += ordinal_at(t, k);
		j = skip(t, k, " ,");
		d = digits_at(t, j, 4);
	}
	return d == 4 || (d == 2 && day) ? j + d : k;
}

static size_t date_at(const struct guard_text *t, size_t i)
{
	size_t e = date_words(t, i);

	if (e == i)
		e = date_numeric(t, i);
	return e == i ? date_han(t, i) : e;
}

/* First date within ten code points behind a cue. */
static void birth_after(const struct guard_text *t, size_t from, struct guard_hits *h)
{
	for (size_t k = from; k <= from + 12 && k < t->n && t->fold[k] != '\n'; k++) {
		size_t e = (k > 0 && guard_digit(t->fold[k - 1])) ? k : date_at(t, k);
		if (e > k) {
			guard_hit_add(h, k, e, PII_DATE_OF_BIRTH, 6);
			return;
		}
	}
}

/* A date in front of 出生, 年生. */
static void birth_before(const struct guard_text *t, size_t at, struct guard_hits *h)
{
	for (size_t k = at > 14 ? at - 14 : 0; k < at; k++) {
		size_t e = (k > 0 && guard_digit(t->fold[k - 1])) ? k : date_at(t, k);
		if (e > k && e <= at && e + 2 >= at) {
			guard_hit_add(h, k, e, PII_DATE_OF_BIRTH, 6);
			return;
		}
	}
}

void guard_find_birth(const struct guard_text *t, struct guard_hits *h)
{
	static const char *const cues =
		"born|birthday|birthdate|birth date|date of birth|dob|d.o.b|生日|出生|出生日期|"
		"出生年月|生于|生辰";

	for (size_t i = 0; i < t->n; i++) {
		size_t n = guard_any_at(t, i, cues);
		if (n) {
			birth_after(t, i + n, h);
			birth_before(t, i, h);
		} else if (guard_any_at(t, i, "生的|生人")) {
			birth_before(t, i, h);
		} else if (guard_any_at(t, i, "日生|号生|月生|年生") &&
			   !guard_any_at(t, i + 1, "生产|生效|生成|生意")) {
			birth_before(t, i + 1, h);
		}
	}
}
