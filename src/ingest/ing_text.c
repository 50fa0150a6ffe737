/* ing_text.c: any bytes to UTF-8, and what cannot be seen taken out.
 *
 * Order: byte order marks, UTF-8, UTF-16 by where its zero bytes stand, the charset that the
 * document names, GB18030 when nearly all of what it gives are common Chinese characters,
 * Windows-1252 when few bytes are beyond ASCII. Zero bytes elsewhere: it is no text. The
 * conversion is iconv's. Pure, any thread; results in the arena.
 */
#include <errno.h>
#include <iconv.h>
#include "ing_int.h"

bool ing_charset(struct arena *a, const char *from, sv bytes, sv *ret)
{
	iconv_t cd = iconv_open("UTF-8", from);
	size_t room = bytes.n * 3 + 16, left = room, in_left = bytes.n;
	char *buf, *to, *in = (char *)(uintptr_t)bytes.p;
	bool ok = cd != (iconv_t)-1;

	if (!ok)
		return false;
	buf = to = arena_alloc(a, room);
	ok = buf && bytes.p && iconv(cd, &in, &in_left, &to, &left) != (size_t)-1 && !in_left;
	(void)iconv_close(cd);
	if (ok)
		*ret = sv_n(buf, room - left);
	return ok;
}

/* How the characters beyond ASCII look. */
static void count(sv t, size_t *high, size_t *han)
{
	*high = *han = 0;
	while (t.n) {
		uint32_t r = sv_rune(&t);

		*high += r > 127;
		*han += (r >= 0x4E00 && r <= 0x9FA5) || (r >= 0x3000 && r <= 0x303F) ||
			(r >= 0xFF00 && r <= 0xFF5E) || (r >= 0x2010 && r <= 0x2026);
	}
}

/* UTF-16 without a mark: nearly every second byte of Latin text is zero. */
static const char *utf16_by_zeros(sv b)
{
	size_t even = 0, odd = 0, n = b.n < 4000 ? b.n : 4000;

	for (size_t i = 0; i < n; i++)
		if (!b.p[i])
			*(i % 2 ? &odd : &even) += 1;
	if (b.n % 2 || (even + odd) * 5 < n)
		return NULL;
	return odd > even * 20 ? "UTF-16LE" : even > odd * 20 ? "UTF-16BE" : NULL;
}

static int guessed(struct arena *a, sv bytes, sv *ret, const char **what)
{
	size_t high, han, bad = 0;

	if (ing_charset(a, "GB18030", bytes, ret)) {
		count(*ret, &high, &han);
		if (high && han * 10 >= high * 9) {
			*what = "GB18030";
			return 0;
		}
	}
	for (size_t i = 0; i < bytes.n; i++)
		bad += (unsigned char)bytes.p[i] > 127;
	if (bad * 10 <= bytes.n && ing_charset(a, "WINDOWS-1252", bytes, ret)) {
		*what = "Windows-1252";
		return 0;
	}
	return ERR_UTF8;
}

static bool named(struct arena *a, sv charset, sv bytes, sv *ret, const char **what)
{
	static const struct {
		const char *name, *is;
	} known[] = {
		{ "gb2312", "GB18030" }, { "gbk", "GB18030" }, { "gb18030", "GB18030" },
		{ "big5", "BIG5" }, { "shift_jis", "CP932" }, { "euc-jp", "EUC-JP" },
		{ "euc-kr", "CP949" }, { "iso-8859-1", "WINDOWS-1252" },
		{ "windows-1252", "WINDOWS-1252" }, { "iso-8859-15", "ISO-8859-15" },
		{ "windows-1251", "WINDOWS-1251" }, { "koi8-r", "KOI8-R" },
		{ "utf-16le", "UTF-16LE" }, { "utf-16be", "UTF-16BE" }, { "utf-16", "UTF-16" },
	};

	for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++)
		if (sv_eq_nocase(charset, sv_of(known[i].name))) {
			*what = known[i].is;
			return ing_charset(a, known[i].is, bytes, ret);
		}
	return false;
}

int ing_utf8(struct arena *a, sv bytes, sv charset, sv *ret, const char **what)
{
	static const struct {
		const char *mark;
		size_t n;
		const char *is;
	} marks[] = {
		{ "\xFF\xFE\0\0", 4, "UTF-32LE" }, { "\0\0\xFE\xFF", 4, "UTF-32BE" },
		{ "\xFF\xFE", 2, "UTF-16LE" }, { "\xFE\xFF", 2, "UTF-16BE" },
	};
	bool zero = bytes.n && memchr(bytes.p, 0, bytes.n);

	*what = "UTF-8";
	if (sv_starts(bytes, SV("\xEF\xBB\xBF")))
		bytes = sv_slice(bytes, 3, bytes.n);
	if (!zero && sv_utf8_ok(bytes)) {
		*ret = bytes;
		return 0;
	}
	for (size_t i = 0; i < sizeof(marks) / sizeof(*marks); i++)
		if (sv_starts(bytes, sv_n(marks[i].mark, marks[i].n))) {
			*what = marks[i].is;
			bytes = sv_slice(bytes, marks[i].n, bytes.n);
			return ing_charset(a, *what, bytes, ret) ? 0 : ERR_UTF8;
		}
	if (zero) {
		*what = utf16_by_zeros(bytes);
		return *what && ing_charset(a, *what, bytes, ret) && sv_utf8_ok(*ret) &&
				       !memchr(ret->p, 0, ret->n) ? 0 : ERR_UTF8;
	}
	if (charset.n && named(a, charset, bytes, ret, what))
		return 0;
	return guessed(a, bytes, ret, what);
}

/* Soft hyphens and joiners are no trick; they go, uncounted. */
static int unseen(uint32_t r)
{
	if (r == 0xAD || r == 0x200C || r == 0x200D || r == 0xFEFF || r == 0x2060)
		return 1;
	if ((r < 32 && r != '\n' && r != '\t' && r != '\r') || (r >= 127 && r < 160))
		return 1;
	if (r == 0x200B || r == 0x200E || r == 0x200F || (r >= 0x202A && r <= 0x202E) ||
	    (r >= 0x2061 && r <= 0x206F) || (r >= 0xE0000 && r <= 0xE0FFF) || r == 0x180E ||
	    r == 0x115F || r == 0x1160 || r == 0x3164 || r == 0xFFA0)
		return 2;
	return 0;
}

sv ing_visible(struct arena *a, sv text, size_t *removed)
{
	sv rest = text;
	bool any = false;
	char *out;
	size_t n = 0;

	while (rest.n && !any)
		any = unseen(sv_rune(&rest));
	if (!any)
		return text;
	out = arena_alloc(a, text.n + 1);
	rest = text;
	while (out && rest.n) {
		sv before = rest;
		uint32_t r = sv_rune(&rest);
		int u = unseen(r);

		*removed += u == 2;
		if (r == '\f')
			out[n++] = '\n';
		if (u)
			continue;
		memcpy(out + n, before.p, before.n - rest.n);
		n += before.n - rest.n;
	}
	return out ? sv_n(out, n) : SV_NULL;
}
