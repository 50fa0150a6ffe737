/* feel_lang.c: which language a text is in, by script first, then by the net of models/lang.bin
 * with function words and letters beside it.
 *
 * A Han letter, a Latin word and a word of any other script count one each, so that a Chinese
 * sentence with English product names stays Chinese. Languages that share a script (Latin,
 * Cyrillic, Arabic) are told apart by the net among those alone; a word of data/lang.tsv makes its
 * language likelier. Without a net the words of the table answer. Any thread.
 */
#include "feel_int.h"

#include <math.h>
#include <stdio.h>

#define TABLE_LANGS 28       /* of the table */
#define TABLE_MOST 1.5       /* what its words count at most, as a logarithm */
#define WORDS_FEW 3
#define SURE 0.9             /* a few words without a word of the table */
#define LIKELY 0.5
#define BYTES_LEAST 5

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
	S_BENGALI,
	S_TAMIL,
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
		{ 0x980, 0x9FF, S_BENGALI },  { 0xB80, 0xBFF, S_TAMIL },
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

/* Languages of a script, the likeliest first: that one when the net is silent. */
static const struct { enum script s; const char *lang; } by_script[] = {
	{ S_HANGUL, "ko" },
	{ S_CYRILLIC, "ru|uk|bg" },
	{ S_ARABIC, "ar|fa|ur" },
	{ S_THAI, "th" },
	{ S_GREEK, "el" },
	{ S_HEBREW, "he" },
	{ S_HINDI, "hi" },
	{ S_BENGALI, "bn" },
	{ S_TAMIL, "ta" },
};
/* Chinese and Hindi in Latin letters are written every day. */
#define LATIN_LANGS_LIST \
	"en|es|fr|de|it|pt|nl|pl|sv|da|no|fi|hu|ro|cs|tr|vi|id|ms|hr|sk|ca|tl|sw|lt|zh|hi"

/* What the table's words and letters say: a sum for each of its languages. */
struct table_say {
	char lang[TABLE_LANGS][4];
	double score[TABLE_LANGS];
	int n;
};

static void read_table(sv text, struct table_say *say)
{
	struct feel_text t;
	const struct feel_table *table = feel_table(FEEL_T_LANG);

	*say = (struct table_say){ .n = 0 };
	feel_prepare(text, &t);
	for (size_t k = 0; k < table->n; k++) {
		const struct feel_table_row *row = &table->row[k];
		const struct feel_term *term = &table->term[row->term];
		int i = 0, hits = 0;
		while (i < say->n && !sv_eq(row->name, sv_of(say->lang[i])))
			i++;
		if (i == TABLE_LANGS)
			continue;
		if (i == say->n)
			snprintf(say->lang[say->n++], 4, SV_FMT, SV_ARG(row->name));
		size_t end;
		for (uint32_t a = term->from; a < term->to; a++)
			hits += row->letters ? sv_find(text, table->alt[a].word) >= 0 :
					       feel_find(&t, 0, &table->alt[a], &end) >= 0;
		say->score[i] += hits * row->number;
	}
}

/* The best of the table's languages; its share of the evidence, 0 when there is none. */
static double table_lang(const struct table_say *say, char out[4])
{
	double best = 0, sum = 0;
	int top = -1;

	for (int i = 0; i < say->n; i++) {
		sum += say->score[i] * say->score[i];
		if (say->score[i] > best) {
			best = say->score[i];
			top = i;
		}
	}
	if (top < 0)
		return 0;
	memcpy(out, say->lang[top], 4);
	return best * best / sum * (best / (best + 0.7));
}

static double table_score(const struct table_say *say, sv lang)
{
	for (int i = 0; say && i < say->n; i++)
		if (sv_eq(lang, sv_of(say->lang[i])))
			return say->score[i];
	return 0;
}

/* The best of list by the net, the table's words beside it (NULL: none); its probability among
 * them, 0 without a net. */
static double net_lang(sv text, sv list, const struct table_say *say, char out[4])
{
	struct feel_net net;
	double best = 0, sum = 0;
	sv lang, top = SV_NULL;

	if (!feel_net(FEEL_NET_LANG, text, &net))
		return 0;
	while (sv_cut(&list, '|', &lang)) {
		double p = (feel_net_p(&net, lang) + 0.001) *
			   exp(fmin(table_score(say, lang), TABLE_MOST));
		sum += p;
		if (p > best) {
			best = p;
			top = lang;
		}
	}
	snprintf(out, 4, SV_FMT, SV_ARG(top));
	return best / sum;
}

/* A word or two tell little: the net must be sure, or the table must agree. "ok" and "no" are of
 * many languages. */
static double latin_lang(sv text, double words, char out[4])
{
	struct table_say say;
	char by_net[4] = "", by_table[4] = "";

	read_table(text, &say);
	double p = table_lang(&say, by_table),
	       q = net_lang(text, SV(LATIN_LANGS_LIST), &say, by_net);
	bool few = words < WORDS_FEW, weak = q < (few ? SURE : LIKELY) || text.n < BYTES_LEAST;
	if (q == 0 || (p == 0 && weak) || (p > 0 && few)) {
		memcpy(out, by_table, p > 0 ? 4 : 0);
		return p;
	}
	memcpy(out, by_net, 4);
	return q;
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
		sv list = sv_of(by_script[top].lang);
		memcpy(out, list.p, 2);
		out[2] = 0;
		struct table_say say;
		read_table(text, &say);
		double q = list.n > 2 ? net_lang(text, list, &say, out) : 1;
		return (q > 0 ? q : 1) * other / sum;
	}
	if (east > 0 && east * 1.5 >= n[S_LATIN]) {
		memcpy(out, "zh", 3);
		return 0.4 + 0.6 * east / sum;
	}
	return latin_lang(text, n[S_LATIN] / 1.5, out);
}
