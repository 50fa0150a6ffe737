/* zh_words.c: makes src/model/data/zh/words.txt, the words and readings of spoken Chinese.
 *
 *	zh_words PHRASES.json CHARACTERS.json DICT.txt > src/model/data/zh/words.txt
 *
 * PHRASES and CHARACTERS are phrases_dict.json and pinyin_dict.json of pypinyin 0.55.0 (PyPI,
 * MIT), DICT is jieba/dict.txt of jieba 0.42.1 (PyPI, MIT). Kept are the characters of GB 2312,
 * the words of 2 to 4 of them seen at least WORD_MIN times, and those of pypinyin's words whose
 * reading is not that of their characters. Output, sorted: "S<tab>READING<tab>CHARACTERS", then
 * "WORD<tab>WEIGHT[<tab>READING]"; the weight is twice the natural logarithm of the count. A build
 * tool: runs once, frees nothing, exits 1 with a message on the first error. */
#include <iconv.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base.h"

enum { WORD_MIN = 200, RUNES_MAX = 4, WORDS_MAX = 1 << 17, FILE_BYTES = 8 << 20, EXTRA = 10 };

struct word {
	char *text, *reading; /* reading NULL: that of its characters */
	int weight;
};
static struct word words[WORDS_MAX];
static size_t n_words;
static char *single[0x10000]; /* reading by code point; only GB 2312 */
static struct map *by_text;

/* Where the most frequent reading in what a company says is another one. */
static const struct {
	const char *ch, *reading;
} mended[] = { { "长", "chang2" }, { "得", "de5" },   { "调", "tiao2" }, { "弹", "tan2" },
	       { "谁", "shei2" },  { "嗯", "en5" },   { "哦", "o4" },    { "壳", "ke2" },
	       { "尽", "jin4" },   { "血", "xue4" },  { "曝", "bao4" },  { "喂", "wei4" } };

static void die(const char *what)
{
	(void)fprintf(stderr, "zh_words: %s\n", what);
	exit(1);
}

static void read_all(const char *path, struct sb *out)
{
	struct err e;
	sb_init(out, FILE_BYTES);
	if (file_read(path, FILE_BYTES, out, &e))
		die(e.msg);
}

/* A letter with its tone mark taken off; *tone is set when it had one. */
static const char *plain(uint32_t r, int *tone)
{
	static const char *const rows[] = { "āáǎà", "ēéěè", "īíǐì", "ōóǒò", "ūúǔù", "ǖǘǚǜ" };
	static const char *const to[] = { "a", "e", "i", "o", "u", "v" };
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		sv row = sv_of(rows[i]);
		for (int t = 1; row.n; t++)
			if (sv_rune(&row) == r)
				return *tone = t, to[i];
	}
	switch (r) {
	case 0x144:
		return *tone = 2, "n";
	case 0x148:
		return *tone = 3, "n";
	case 0x1F9:
		return *tone = 4, "n";
	case 0xFC:
		return "v";
	case 0x251:
		return "a";
	case 0x261:
		return "g";
	}
	return NULL;
}

/* "háng" to "hang2"; false for what is no plain syllable. */
static bool numbered(sv s, struct sb *out)
{
	int tone = 5;
	while (s.n) {
		uint32_t r = sv_rune(&s);
		const char *p = plain(r, &tone);
		if (p)
			sb_cstr(out, p);
		else if (r >= 'a' && r <= 'z')
			sb_ch(out, (char)r);
		else
			return false;
	}
	sb_ch(out, (char)('0' + tone));
	return true;
}

static void read_singles(const char *path)
{
	struct sb text, one;
	struct err e;
	read_all(path, &text);
	jv *o = jv_parse(sb_sv(&text), &e);
	if (!o)
		die(e.msg);
	iconv_t cd = iconv_open("UTF-8", "GB2312");
	for (int hi = 0xB0; hi < 0xF8; hi++)
		for (int lo = 0xA1; lo < 0xFF; lo++) {
			char in[2] = { (char)hi, (char)lo }, utf[8] = { 0 }, key[16];
			char *ip = in, *op = utf;
			size_t in_n = 2, out_n = sizeof(utf) - 1;
			(void)iconv(cd, NULL, NULL, NULL, NULL);
			if (iconv(cd, &ip, &in_n, &op, &out_n) == (size_t)-1)
				continue;
			sv s = sv_of(utf), first;
			uint32_t r = sv_rune(&s);
			(void)snprintf(key, sizeof(key), "%u", r);
			sv all = jv_get_str(o, key);
			sb_init(&one, 64);
			if (sv_cut(&all, ',', &first) && numbered(first, &one))
				single[r] = sb_take(&one);
		}
	for (size_t i = 0; i < sizeof(mended) / sizeof(mended[0]); i++) {
		sv s = sv_of(mended[i].ch);
		single[sv_rune(&s)] = xstrdup(sv_of(mended[i].reading));
	}
	(void)iconv_close(cd);
}

/* The reading its characters give; false when one is not in the table. */
static bool by_chars(sv text, struct sb *out)
{
	while (text.n) {
		uint32_t r = sv_rune(&text);
		if (r >= 0x10000 || !single[r])
			return false;
		sb_cstr(out, single[r]);
	}
	return true;
}

static struct word *add(sv text, int weight)
{
	struct word *w = map_get(by_text, text);
	if (w)
		return w;
	if (n_words >= WORDS_MAX)
		die("too many words");
	w = &words[n_words++];
	w->text = xstrdup(text);
	w->weight = weight;
	if (map_put(by_text, text, w))
		die("too many words");
	return w;
}

static void read_dict(const char *path)
{
	struct sb text, chars;
	read_all(path, &text);
	sv rest = sb_sv(&text), line, word;
	sb_init(&chars, 256);
	while (sv_line(&rest, &line)) {
		int64_t count = 0;
		sv number;
		if (!sv_cut(&line, ' ', &word) || !sv_cut(&line, ' ', &number))
			continue;
		size_t n = sv_runes(word);
		sb_reset(&chars);
		if (sv_i64(number, &count) || count < WORD_MIN || n < 2 || n > RUNES_MAX ||
		    !by_chars(word, &chars))
			continue;
		(void)add(word, (int)lround(2 * log((double)count)));
	}
}

static void read_phrases(const char *path)
{
	struct sb text, said, chars;
	struct err e;
	read_all(path, &text);
	jv *o = jv_parse(sb_sv(&text), &e);
	if (!o)
		die(e.msg);
	sb_init(&said, 256);
	sb_init(&chars, 256);
	void *it = NULL;
	sv word;
	jv *val;
	while (jv_next(o, &it, &word, &val)) {
		size_t n = jv_len(val), i = 0;
		sb_reset(&said);
		sb_reset(&chars);
		for (; i < n; i++)
			if (!numbered(jv_as_str(jv_at(jv_at(val, i), 0)), &said))
				break;
		if (i < n || n != sv_runes(word) || n < 2 || n > RUNES_MAX ||
		    !by_chars(word, &chars) || sv_eq(sb_sv(&said), sb_sv(&chars)))
			continue;
		struct word *w = add(word, EXTRA);
		if (!w->reading)
			w->reading = xstrdup(sb_sv(&said));
	}
}

/* A word pypinyin does not list takes the readings of the shorter words in it: 银行|卡. */
static void read_parts(struct word *w, struct sb *out, struct sb *chars)
{
	sv text = sv_of(w->text), rest = text;
	sb_reset(out);
	sb_reset(chars);
	if (w->reading || !by_chars(text, chars))
		return;
	while (rest.n) {
		size_t n = sv_runes(rest);
		for (; n > 1; n--) {
			sv part = sv_slice(rest, 0, sv_rune_offset(rest, n));
			const struct word *p = map_get(by_text, part);
			if (part.n < text.n && p && p->reading) {
				sb_cstr(out, p->reading);
				rest = sv_slice(rest, part.n, rest.n);
				break;
			}
		}
		if (n > 1)
			continue;
		sv one = sv_slice(rest, 0, sv_rune_offset(rest, 1));
		(void)by_chars(one, out);
		rest = sv_slice(rest, one.n, rest.n);
	}
	if (!sv_eq(sb_sv(out), sb_sv(chars)))
		w->reading = xstrdup(sb_sv(out));
}

static int by_bytes(const void *a, const void *b)
{
	return strcmp(((const struct word *)a)->text, ((const struct word *)b)->text);
}

static void put_singles(void)
{
	struct map *seen = map_new(4096);
	for (uint32_t r = 0; r < 0x10000; r++) {
		if (!single[r] || map_get(seen, sv_of(single[r])))
			continue;
		(void)map_put(seen, sv_of(single[r]), single);
		(void)printf("S\t%s\t", single[r]);
		for (uint32_t q = r; q < 0x10000; q++)
			if (single[q] && !strcmp(single[q], single[r])) {
				char utf[4];
				size_t n = sv_encode(q, utf);
				(void)fwrite(utf, 1, n, stdout);
			}
		(void)printf("\n");
	}
}

int main(int argc, char **argv)
{
	if (argc != 4)
		die("PHRASES.json CHARACTERS.json DICT.txt");
	by_text = map_new(WORDS_MAX);
	read_singles(argv[2]);
	read_dict(argv[3]);
	read_phrases(argv[1]);
	struct sb parts, chars;
	sb_init(&parts, 256);
	sb_init(&chars, 256);
	for (size_t i = 0; i < n_words; i++)
		read_parts(&words[i], &parts, &chars);
	(void)printf("# Readings from pypinyin 0.55.0, counts from jieba 0.42.1 (both MIT; see "
		     "NOTICE); made by train/zh_words.c.\n");
	put_singles();
	qsort(words, n_words, sizeof(words[0]), by_bytes);
	for (size_t i = 0; i < n_words; i++)
		(void)printf("%s\t%d%s%s\n", words[i].text, words[i].weight,
			     words[i].reading ? "\t" : "",
			     words[i].reading ? words[i].reading : "");
	return 0;
}
