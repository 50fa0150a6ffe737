/* cust_norm.c: one way to write an address, so that the same one is found again; and masks.
 *
 * Phones become +E.164 (ITU-T E.164: country code and at most 15 digits): full-width digits,
 * blanks, dashes, brackets, "tel:" and "sip:" are taken off, "00" in front is "+", a national
 * number gets the default country. China: 11 digits from 13 to 19 are a mobile phone, "0"
 * before an area code goes. Pure; results lie in the caller's arena.
 */
#include "cust_int.h"

#include <stdio.h>

#define PHONE_MIN 7                  /* digits with the country's */
#define PHONE_MAX 15

static bool is_blank(uint32_t r)
{
	return r == ' ' || r == '\t' || r == '\n' || r == '\r' || r == 0xA0 || r == 0x3000 ||
	       (r >= 0x2000 && r <= 0x200A);
}

static uint32_t plain_rune(uint32_t r)
{
	if (r >= 0xFF01 && r <= 0xFF5E)
		r -= 0xFEE0;
	return r >= 'A' && r <= 'Z' ? r + 32 : r;
}

sv cust_fold(sv s, struct arena *a)
{
	struct sb b;
	bool gap = false;
	sb_init(&b, LIM_SB);
	while (s.n) {
		uint32_t r = sv_rune(&s);
		if (is_blank(r) || r == 0x200B || r == 0xFEFF) {
			gap = b.n > 0;
			continue;
		}
		if (gap)
			sb_ch(&b, ' ');
		gap = false;
		sb_rune(&b, plain_rune(r));
	}
	sv ret = arena_sv(a, sb_sv(&b));
	sb_done(&b);
	return ret;
}

/* ---- phones ---- */

/* What stands around the number in a SIP or tel address. */
static sv bare_number(sv s)
{
	static const char *const scheme[] = { "sips:", "sip:", "tel:" };
	for (size_t i = 0; i < sizeof(scheme) / sizeof(*scheme); i++)
		if (sv_starts(s, sv_of(scheme[i])))
			s = sv_slice(s, strlen(scheme[i]), s.n);
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] == '@' || s.p[i] == ';')
			return sv_slice(s, 0, i);
	return s;
}

static bool between(char c)
{
	return strchr(" -.()/", c) != NULL;
}

/* Digits of s; *plus: it is international already. -1: something else is in it. */
static int digits_of(sv s, char d[PHONE_MAX + 8], bool *plus)
{
	int n = 0;
	*plus = false;
	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];
		if (c == '+' && n == 0 && !*plus) {
			*plus = true;
			continue;
		}
		if (c >= '0' && c <= '9' && n < PHONE_MAX + 7)
			d[n++] = c;
		else if (!c || !between(c))
			return -1;
	}
	d[n] = 0;
	return n;
}

static bool cn_mobile(const char *d, int n)
{
	return n == 11 && d[0] == '1' && d[1] >= '3';
}

/* A national number as its country would be dialled from elsewhere. */
static sv national(const char *d, int n, sv cc, struct arena *a)
{
	bool cn = sv_eq(cc, SV("86")), us = sv_eq(cc, SV("1"));
	bool said = n > (int)cc.n && strncmp(d, cc.p, cc.n) == 0;
	if (cn && said && cn_mobile(d + 2, n - 2))
		return sv_of(arena_fmt(a, "+%s", d));
	if (us && said && n == 11)
		return sv_of(arena_fmt(a, "+%s", d));
	/* the trunk's 0; Italy keeps it (E.164 supplement) */
	if (d[0] == '0' && !sv_eq(cc, SV("39")))
		d++;
	return sv_of(arena_fmt(a, "+" SV_FMT "%s", SV_ARG(cc), d));
}

static int normal_phone(sv s, sv cc, struct arena *a, sv *ret)
{
	char d[PHONE_MAX + 8];
	bool plus;
	int n = digits_of(bare_number(s), d, &plus);
	sv out;
	if (n < 5)
		return ERR_INVAL;
	if (plus)
		out = sv_of(arena_fmt(a, "+%s", d));
	else if (d[0] == '0' && d[1] == '0')
		out = sv_of(arena_fmt(a, "+%s", d + 2));
	else if (cc.n)
		out = national(d, n, cc, a);
	else
		return ERR_INVAL;
	if (out.n < 1 + PHONE_MIN || out.n > 1 + PHONE_MAX || out.p[1] == '0')
		return ERR_INVAL;
	*ret = out;
	return 0;
}

/* ---- e-mail and the rest ---- */

static int normal_email(sv s, struct arena *a, sv *ret)
{
	ptrdiff_t open = sv_find_ch(s, '<');
	if (open >= 0 && sv_ends(s, SV(">")))
		s = sv_slice(s, (size_t)open + 1, s.n - 1);
	ptrdiff_t at = sv_find_ch(s, '@');
	sv domain = sv_slice(s, (size_t)(at + 1), s.n);
	if (at < 1 || at > 64 || s.n > 254 || sv_find_ch(domain, '@') >= 0 ||
	    sv_find_ch(domain, '.') < 1 || sv_ends(domain, SV(".")) ||
	    sv_find(domain, SV("..")) >= 0)
		return ERR_INVAL;
	for (size_t i = 0; i < s.n; i++)
		if ((unsigned char)s.p[i] <= ' ' || strchr("<>,;:\"()[]\\\x7f", s.p[i]))
			return ERR_INVAL;
	*ret = arena_sv(a, s);
	return 0;
}

static int normal_other(sv raw, struct arena *a, sv *ret)
{
	sv s = sv_trim(raw);
	if (!s.n || s.n > 200 || !sv_utf8_ok(s))
		return ERR_INVAL;
	for (size_t i = 0; i < s.n; i++)
		if ((unsigned char)s.p[i] < ' ' || s.p[i] == 0x7f)
			return ERR_INVAL;
	*ret = arena_sv(a, s);
	return 0;
}

int cust_normal(enum cust_kind kind, sv raw, sv default_cc, struct arena *a, sv *ret)
{
	if (raw.n > 512)
		return ERR_INVAL;
	if (kind == CUST_PHONE)
		return normal_phone(cust_fold(raw, a), default_cc, a, ret);
	if (kind == CUST_EMAIL)
		return normal_email(cust_fold(raw, a), a, ret);
	raw = sv_trim(raw);
	if (kind == CUST_WHATSAPP && normal_phone(cust_fold(raw, a), SV_NULL, a, ret) == 0)
		return 0;
	return kind < CUST_KINDS ? normal_other(raw, a, ret) : ERR_INVAL;
}

bool cust_last4(sv text, char ret[5])
{
	int n = 0;
	memset(ret, 0, 5);
	while (text.n) {
		uint32_t r = plain_rune(sv_rune(&text));
		if (r < '0' || r > '9')
			continue;
		memmove(ret, ret + 1, 3);
		ret[3] = (char)r;
		n++;
	}
	return n >= 4;
}

/* ---- masks ---- */

static bool is_e164(sv v)
{
	for (size_t i = 1; i < v.n; i++)
		if (v.p[i] < '0' || v.p[i] > '9')
			return false;
	return v.n > 0 && v.p[0] == '+';
}

static sv mask_phone(sv v, struct arena *a)
{
	if (v.n < 8 || !is_e164(v))
		return SV("****");
	sv last = sv_slice(v, v.n - 4, v.n);
	if (sv_starts(v, SV("+86")) && v.n == 14)
		return sv_of(arena_fmt(a, "+86 " SV_FMT " **** " SV_FMT,
				       SV_ARG(sv_slice(v, 3, 6)), SV_ARG(last)));
	size_t cc = v.p[1] == '1' || v.p[1] == '7' ? 2 : 3;
	return sv_of(arena_fmt(a, SV_FMT " **** " SV_FMT, SV_ARG(sv_slice(v, 0, cc)),
			       SV_ARG(last)));
}

/* The first and last letter of local, by code points. */
static sv mask_email(sv v, struct arena *a)
{
	ptrdiff_t at = sv_find_ch(v, '@');
	if (at < 1)
		return SV("***");
	sv local = sv_slice(v, 0, (size_t)at), domain = sv_slice(v, (size_t)at, v.n);
	size_t n = sv_runes(local), first = sv_rune_offset(local, 1);
	sv last = n > 2 ? sv_slice(local, sv_rune_offset(local, n - 1), local.n) : SV("");
	return sv_of(arena_fmt(a, SV_FMT "***" SV_FMT SV_FMT,
			       SV_ARG(n > 1 ? sv_slice(local, 0, first) : SV("")), SV_ARG(last),
			       SV_ARG(domain)));
}

sv cust_masked(enum cust_kind kind, sv value, struct arena *a)
{
	if (kind == CUST_PHONE || (kind == CUST_WHATSAPP && is_e164(value)))
		return mask_phone(value, a);
	if (kind == CUST_EMAIL)
		return mask_email(value, a);
	size_t n = sv_runes(value);
	if (n < 8)
		return SV("***");
	return sv_of(arena_fmt(a, SV_FMT "***" SV_FMT,
			       SV_ARG(sv_slice(value, 0, sv_rune_offset(value, 2))),
			       SV_ARG(sv_slice(value, sv_rune_offset(value, n - 2), value.n))));
}

sv cust_order_bare(sv number, struct arena *a)
{
	struct sb b;
	sb_init(&b, 256);
	while (number.n) {
		uint32_t r = sv_fold(sv_rune(&number));
		if (r >= 'a' && r <= 'z')
			sb_ch(&b, (char)(r - 32));
		else if (r >= '0' && r <= '9')
			sb_ch(&b, (char)r);
	}
	sv ret = arena_sv(a, sb_sv(&b));
	sb_done(&b);
	return ret;
}

#define CASE_DIGITS 8                /* at least */

bool cust_case_number(sv said, char ret[CUST_CASE_MAX])
{
	char kind = 0;
	size_t n = 0, digits = 0;
	while (said.n) {
		uint32_t r = sv_fold(sv_rune(&said));
		bool digit = r >= '0' && r <= '9';
		if (!digit && !(r >= 'a' && r <= 'z'))
			continue;
		if (digit ? !kind : (kind || (r != 'c' && r != 't')))
			return false;
		if (n + 2 >= CUST_CASE_MAX)
			return false;
		if (!digit)
			kind = (char)r;
		if (digit && kind == 't' && digits == 4)
			ret[n++] = '-';
		digits += digit;
		ret[n++] = digit ? (char)r : (char)(r - 32);
	}
	ret[n] = '\0';
	return digits >= CASE_DIGITS;
}
