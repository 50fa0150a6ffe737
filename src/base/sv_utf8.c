/* sv_utf8.c: UTF-8 decoding that never reads past the end, and folding of letters for matching.
 *
 * Folding is "what a person would type in a search box": lower case, full width to ASCII, Latin
 * accents off. The tables are strings: one base letter a code point; a blank means lower case only.
 * Pure functions; any thread.
 */
#include "sv.h"

/* Length of the valid sequence at p, 0 when it is invalid (Unicode 15, table 3-7). */
static size_t seq_len(const unsigned char *p, size_t n)
{
	unsigned char lo = 0x80, hi = 0xBF;
	size_t len;

	if (p[0] < 0x80)
		return 1;
	if (p[0] < 0xC2 || p[0] > 0xF4)
		return 0;
	len = p[0] < 0xE0 ? 2 : p[0] < 0xF0 ? 3 : 4;
	if (n < len)
		return 0;
	if (p[0] == 0xE0)
		lo = 0xA0;
	else if (p[0] == 0xED)
		hi = 0x9F;
	else if (p[0] == 0xF0)
		lo = 0x90;
	else if (p[0] == 0xF4)
		hi = 0x8F;
	if (p[1] < lo || p[1] > hi)
		return 0;
	for (size_t i = 2; i < len; i++)
		if ((p[i] & 0xC0) != 0x80)
			return 0;
	return len;
}

uint32_t sv_rune(sv *s)
{
	const unsigned char *p = (const unsigned char *)s->p;
	size_t len;
	uint32_t r;

	if (s->n == 0)
		return 0;
	len = seq_len(p, s->n);
	if (len == 1) {
		r = p[0];
	} else if (len == 2) {
		r = (uint32_t)(p[0] & 0x1F) << 6 | (p[1] & 0x3F);
	} else if (len == 3) {
		r = (uint32_t)(p[0] & 0x0F) << 12 | (uint32_t)(p[1] & 0x3F) << 6 | (p[2] & 0x3F);
	} else if (len == 4) {
		r = (uint32_t)(p[0] & 0x07) << 18 | (uint32_t)(p[1] & 0x3F) << 12 |
		    (uint32_t)(p[2] & 0x3F) << 6 | (p[3] & 0x3F);
	} else {
		r = 0xFFFD;
		len = 1;
	}
	s->p += len;
	s->n -= len;
	return r;
}

size_t sv_runes(sv s)
{
	size_t k = 0;

	while (s.n) {
		(void)sv_rune(&s);
		k++;
	}
	return k;
}

bool sv_utf8_ok(sv s)
{
	while (s.n) {
		size_t len = seq_len((const unsigned char *)s.p, s.n);

		if (!len)
			return false;
		s.p += len;
		s.n -= len;
	}
	return true;
}

size_t sv_rune_offset(sv s, size_t k)
{
	const char *start = s.p;

	while (k-- && s.n)
		(void)sv_rune(&s);
	return s.p ? (size_t)(s.p - start) : 0;
}

sv sv_head(sv s, size_t n)
{
	if (n >= s.n)
		return s;
	while (n && ((unsigned char)s.p[n] & 0xC0) == 0x80)
		n--;
	return sv_slice(s, 0, n);
}

void sv_copy(char *to, size_t cap, sv s)
{
	s = sv_head(s, cap - 1);
	if (s.n)
		memcpy(to, s.p, s.n);
	to[s.n] = '\0';
}

bool sv_is_cjk(uint32_t r)
{
	static const struct {
		uint32_t lo, hi;
	} ranges[] = {
		{ 0x1100, 0x11FF },   { 0x2E80, 0x2FDF }, { 0x3005, 0x3007 },
		{ 0x3021, 0x3029 },   { 0x3031, 0x3035 }, { 0x3038, 0x303C },
		{ 0x3041, 0x3096 },   { 0x309D, 0x309F }, { 0x30A1, 0x30FA },
		{ 0x30FC, 0x30FF },   { 0x3105, 0x312F }, { 0x3131, 0x318E },
		{ 0x31A0, 0x31BF },   { 0x31F0, 0x31FF }, { 0x3400, 0x4DBF },
		{ 0x4E00, 0x9FFF },   { 0xA960, 0xA97F }, { 0xAC00, 0xD7A3 },
		{ 0xF900, 0xFAFF },   { 0xFF66, 0xFF9F }, { 0x1B000, 0x1B16F },
		{ 0x20000, 0x323AF },
	};

	if (r < 0x1100)
		return false;
	for (size_t i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++)
		if (r >= ranges[i].lo && r <= ranges[i].hi)
			return true;
	return false;
}

/* U+00C0..U+017F and U+1E00..U+1EFF. */
static const char latin[] =
	"aaaaaa ceeeeiiii nooooo ouuuuy  aaaaaa ceeeeiiii nooooo ouuuuy y"
	"aaaaaaccccccccddddeeeeeeeeeegggggggghhhhiiiiiiiiii  jjkk llllllllllnnnnnnn  oooooo  "
	"rrrrrrsssssssstttttt" "uuuuuuuuuuuuwwyyyzzzzzzs";
static const char latin_more[] =
	"aabbbbbbccddddddddddeeeeeeeeeeffgghhhhhhhhhhiiiikkkkkkllllllllmmmmmmnnnnnnnnoooooooo"
	"pppprrrrrrrrsssssssssstttttttt" "uuuuuuuuuuvvvvwwwwwwwwwwxxxxyyzzzzzzhtwyas    "
	"aaaaaaaaaaaaaaaaaaaaaaaaeeeeeeeeeeeeeeeeiiiioooooooooooooooooooooooo"
	"uuuuuuuuuuuuuuyyyyyyyy      ";
_Static_assert(sizeof(latin) == 0x180 - 0xC0 + 1, "one letter for each code point");
_Static_assert(sizeof(latin_more) == 0x100 + 1, "one letter for each code point");

static uint32_t fold_latin(uint32_t r)
{
	char c = r < 0x180 ? latin[r - 0xC0] : latin_more[r - 0x1E00];

	if (c != ' ')
		return (uint32_t)c;
	if (r >= 0xC0 && r <= 0xDE && r != 0xD7)
		return r + 32;
	if (r == 0x132 || r == 0x14A || r == 0x152)
		return r + 1;
	return r == 0x1E9E ? 0xDF : r;
}

static uint32_t fold_greek(uint32_t r)
{
	static const struct { uint16_t from, to; } marks[] = {
		{ 0x386, 0x3B1 }, { 0x388, 0x3B5 }, { 0x389, 0x3B7 }, { 0x38A, 0x3B9 },
		{ 0x38C, 0x3BF }, { 0x38E, 0x3C5 }, { 0x38F, 0x3C9 }, { 0x3AC, 0x3B1 },
		{ 0x3AD, 0x3B5 }, { 0x3AE, 0x3B7 }, { 0x3AF, 0x3B9 }, { 0x3CC, 0x3BF },
		{ 0x3CD, 0x3C5 }, { 0x3CE, 0x3C9 }, { 0x3C2, 0x3C3 },
	};

	for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++)
		if (marks[i].from == r)
			return marks[i].to;
	return r >= 0x391 && r <= 0x3AB && r != 0x3A2 ? r + 32 : r;
}

static uint32_t fold_cyrillic(uint32_t r)
{
	if (r >= 0x410 && r <= 0x42F)
		return r + 32;
	if (r <= 0x40F)
		return r + 80;
	if ((r >= 0x460 && r <= 0x481) || (r >= 0x48A && r <= 0x4BF) || r >= 0x4D0)
		return r | 1;
	return r;
}

uint32_t sv_fold(uint32_t r)
{
	if (r == 0x3000)
		return ' ';
	if (r >= 0xFF01 && r <= 0xFF5E)
		r -= 0xFEE0;
	if (r < 0x80)
		return r >= 'A' && r <= 'Z' ? r + 32 : r;
	if ((r >= 0xC0 && r < 0x180) || (r >= 0x1E00 && r < 0x1F00))
		return fold_latin(r);
	if (r == 0x1A0 || r == 0x1A1)
		return 'o';
	if (r == 0x1AF || r == 0x1B0)
		return 'u';
	if (r >= 0x1CD && r <= 0x1DC)
		return (uint32_t)("aaiioouuuuuuuuuu"[r - 0x1CD]);
	if (r >= 0x370 && r < 0x400)
		return fold_greek(r);
	if (r >= 0x400 && r < 0x530)
		return fold_cyrillic(r);
	return r >= 0x531 && r <= 0x556 ? r + 48 : r;
}

size_t sv_encode(uint32_t r, char out[4])
{
	if (r > 0x10FFFF || (r >= 0xD800 && r <= 0xDFFF))
		r = 0xFFFD;
	if (r < 0x80) {
		out[0] = (char)r;
		return 1;
	}
	if (r < 0x800) {
		out[0] = (char)(0xC0 | r >> 6);
		out[1] = (char)(0x80 | (r & 0x3F));
		return 2;
	}
	if (r < 0x10000) {
		out[0] = (char)(0xE0 | r >> 12);
		out[1] = (char)(0x80 | (r >> 6 & 0x3F));
		out[2] = (char)(0x80 | (r & 0x3F));
		return 3;
	}
	out[0] = (char)(0xF0 | r >> 18);
	out[1] = (char)(0x80 | (r >> 12 & 0x3F));
	out[2] = (char)(0x80 | (r >> 6 & 0x3F));
	out[3] = (char)(0x80 | (r & 0x3F));
	return 4;
}
