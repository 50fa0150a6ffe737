/* feel_lang.c: which language a text is in, by script first, then by function words and
 * letters.
 *
 * A Han letter, a Latin word and a word of any other script count one each, so that a Chinese
 * sentence with English product names stays Chinese. Latin-script languages are told apart by
 * data/lang.tsv. Any thread.
 */
#include "feel_int.h"

#include <stdio.h>

#define LATIN_LANGS 12

enum script {
	S_LATIN,
	S_HAN,
	S_KANA,
	S_HANGUL,
	S_CYRILLIC,
	S_ARABIC,
	S_THAI,
	S_GREEK,
	S_HEBREW,
	S_HINDI,
	S_COUNT
};

static enum script script_of(uint32_t r)
{
	static const struct {
		uint32_t lo, hi;
		enum script s;
	} t[] = {
		{ 'A', 'Z', S_LATIN },        { 'a', 'z', S_LATIN },
		{ 0xC0, 0x24F, S_LATIN },     { 0x1E00, 0x1EFF, S_LATIN },
		{ 0x370, 0x3FF, S_GREEK },    { 0x1F00, 0x1FFF, S_GREEK },
		{ 0x400, 0x52F, S_CYRILLIC }, { 0x590, 0x5FF, S_HEBREW },
		{ 0x600, 0x6FF, S_ARABIC },   { 0x750, 0x77F, S_ARABIC },
		{ 0xFB50, 0xFDFF, S_ARABIC }, { 0xFE70, 0xFEFE, S_ARABIC },
		{ 0x900, 0x97F, S_HINDI },    { 0xE00, 0xE7F, S_THAI },
		{ 0x3041, 0x30FF, S_KANA },   { 0xFF66, 0xFF9D, S_KANA },
		{ 0x3400, 0x9FFF, S_HAN },    { 0xF900, 0xFAFF, S_HAN },
		{ 0x20000, 0x3134F, S_HAN },  { 0x1100, 0x11FF, S_HANGUL },
		{ 0x3130, 0x318F, S_HANGUL }, { 0xAC00, 0xD7A3, S_HANGUL },
	};

	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++)
		if (r >= t[i].lo && r <= t[i].hi)
			return t[i].s;
	return S_COUNT;
}

/* Letters of scripts without word gaps count one by one, runs of the others as one. */
static void count_scripts(sv text, double n[S_COUNT])
{
	enum script before = S_COUNT;

	while (text.n) {
		uint32_t r = sv_rune(&text);
		enum script s = script_of(r);
		if (s == S_COUNT) {
			before = r == '\'' || r == 0x2019 ? before : S_COUNT;
			continue;
		}
		bool each = s == S_HAN || s == S_KANA;
		n[s] += each ? 1 : s != before ? 1.5 : 0;
		before = s;
	}
}

static const struct { enum script s; const char *lang; } by_script[] = {
	{ S_HANGUL, "ko" }, { S_CYRILLIC, "ru" }, { S_ARABIC, "ar" }, { S_THAI, "th" },
	{ S_GREEK, "el" }, { S_HEBREW, "he" }, { S_HINDI, "hi" },
};

/* The best of the Latin-script languages; its share of the evidence, 0 when there is none. */
static double latin_lang(sv text, char out[4])
{
	struct feel_text t;
	char langs[LATIN_LANGS][4];
	double score[LATIN_LANGS], best = 0, sum = 0;
	int n = 0, top = -1;
	sv rest = feel_table("lang.tsv"), f[3], alt;

	feel_prepare(text, &t);
	while (feel_row(&rest, f, 3)) {
		int i = 0, hits = 0;
		while (i < n && !sv_eq(f[0], sv_of(langs[i])))
			i++;
		if (i == LATIN_LANGS)
			continue;
		if (i == n) {
			snprintf(langs[n], 4, SV_FMT, SV_ARG(f[0]));
			score[n++] = 0;
		}
		bool raw = f[1].n &&
			   f[1].p[0] == 'L'; /* letters, looked for in the text as written */
		size_t end;
		while (sv_cut(&f[2], '|', &alt))
			hits += raw ? sv_find(text, alt) >= 0 : feel_find(&t, 0, alt, &end) >= 0;
		score[i] += hits * feel_number(raw ? sv_slice(f[1], 1, f[1].n) : f[1]);
	}
	for (int i = 0; i < n; i++) {
		sum += score[i] * score[i];
		if (score[i] > best) {
			best = score[i];
			top = i;
		}
	}
	if (top < 0)
		return 0;
	memcpy(out, langs[top], 4);
	return best * best / sum * (best / (best + 0.7));
}

double feel_language(sv text, char out[4])
{
	double n[S_COUNT] = { 0 }, sum = 0, other = 0;
	int top = S_LATIN;

	text = sv_slice(text, 0, 4 * LIM_TEXT_MSG);
	count_scripts(text, n);
	for (int i = 0; i < S_COUNT; i++)
		sum += n[i];
	if (sum == 0)
		return 0;
	double east = n[S_HAN] + n[S_KANA];
	if (n[S_KANA] >= 2 && n[S_KANA] * 6 >= n[S_HAN] && east * 2 > sum - east) {
		memcpy(out, "ja", 3);
		return 0.5 + 0.5 * east / sum;
	}
	for (size_t i = 0; i < sizeof(by_script) / sizeof(by_script[0]); i++)
		if (n[by_script[i].s] > other) {
			other = n[by_script[i].s];
			top = (int)i;
		}
	if (other > east && other * 2 > n[S_LATIN]) {
		memcpy(out, by_script[top].lang, 3);
		return other / sum;
	}
	if (east > 0 && east * 1.5 >= n[S_LATIN]) {
		memcpy(out, "zh", 3);
		return 0.4 + 0.6 * east / sum;
	}
	return latin_lang(text, out);
}
