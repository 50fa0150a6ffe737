/* g2p_en.c: English words to symbols, by the lexicon and the letter-to-sound rules of flite's
 * cmulex (BSD-like), which give ARPAbet with stress.
 *
 * Words it gets wrong (contractions, names of our trade) stand in a table in front of it. Words
 * that are weak in a sentence lose their stress. What Americans do between sounds is done
 * here: t between vowels is tapped, a stressed mark stands right before its vowel, as both sets of
 * symbols want it. Abbreviations that cannot be read as a word are spelled. */
#include <flite/flite.h>
#include <stdio.h>

#include "g2p.h"

cst_lexicon *cmu_lex_init(void);

enum { PHONES_MAX = 64, WORD_MAX = 48 };

struct phones {
	char v[PHONES_MAX][5]; /* "hh", "ax", "ow1" */
	size_t n;
};

/* Symbols of a phone: Kokoro's (misaki's letters for diphthongs), espeak-ng's. */
static const struct {
	const char *arpa, *kokoro, *espeak;
} table[] = {
	{ "aa", "ɑ", "ɑː" }, { "ae", "æ", "æ" },   { "ah", "ʌ", "ʌ" },   { "ao", "ɔ", "ɔː" },
	{ "aw", "W", "aʊ" }, { "ax", "ə", "ə" },   { "ay", "I", "aɪ" },  { "eh", "ɛ", "ɛ" },
	{ "er", "ɜɹ", "ɜː" }, { "ey", "A", "eɪ" },  { "ih", "ɪ", "ɪ" },   { "iy", "i", "iː" },
	{ "ow", "O", "oʊ" }, { "oy", "Y", "ɔɪ" },  { "uh", "ʊ", "ʊ" },   { "uw", "u", "uː" },
	{ "b", "b", "b" },   { "ch", "ʧ", "tʃ" },  { "d", "d", "d" },    { "dh", "ð", "ð" },
	{ "f", "f", "f" },   { "g", "ɡ", "ɡ" },    { "hh", "h", "h" },   { "jh", "ʤ", "dʒ" },
	{ "k", "k", "k" },   { "l", "l", "l" },    { "m", "m", "m" },    { "n", "n", "n" },
	{ "ng", "ŋ", "ŋ" },  { "p", "p", "p" },    { "r", "ɹ", "ɹ" },    { "s", "s", "s" },
	{ "sh", "ʃ", "ʃ" },  { "t", "t", "t" },    { "th", "θ", "θ" },   { "v", "v", "v" },
	{ "w", "w", "w" },   { "y", "j", "j" },    { "z", "z", "z" },    { "zh", "ʒ", "ʒ" },
};

/* Words the lexicon lacks or reads as another. */
static const struct {
	const char *word, *phones;
} own[] = {
	{ "i'm", "ay1 m" },
	{ "don't", "d ow1 n t" },
	{ "won't", "w ow1 n t" },
	{ "can't", "k ae1 n t" },
	{ "shan't", "sh ae1 n t" },
	{ "let's", "l eh1 t s" },
	{ "ma'am", "m ae1 m" },
	{ "o'clock", "ax0 k l aa1 k" },
	{ "email", "iy1 m ey0 l" },
	{ "emails", "iy1 m ey0 l z" },
	{ "app", "ae1 p" },
	{ "apps", "ae1 p s" },
	{ "wifi", "w ay1 f ay0" },
	{ "online", "ao1 n l ay1 n" },
	{ "login", "l ao1 g ih0 n" },
	{ "refund", "r iy1 f ah0 n d" },
	{ "refunds", "r iy1 f ah0 n d z" },
	{ "live", "l ih1 v" },
	{ "use", "y uw1 z" },
	{ "close", "k l ow1 z" },
	{ "ok", "ow1 k ey1" },
	{ "okay", "ow1 k ey1" },
	{ "yuan", "y uw0 aa1 n" },
	{ "beijing", "b ey1 jh ih1 ng" },
	{ "shanghai", "sh ae1 ng hh ay0" },
	{ "alipay", "ae1 l iy0 p ey0" },
	{ "wechat", "w iy1 ch ae0 t" },
	{ "does", "d ah1 z" },
	{ "mr", "m ih1 s t er0" },
	{ "mrs", "m ih1 s ax0 z" },
	{ "ms", "m ih1 z" },
	{ "dr", "d aa1 k t er0" },
	{ "a", "ax0" },
	{ "w", "d ah1 b ax0 l y uw0" },
};

/* Said without stress within a sentence, or with half of it. */
static const char *const weak[] = { "a",    "an",    "the",   "and",   "or",    "of",   "to",
				    "for",  "at",    "in",    "by",    "from",  "as",   "than",
				    "that", "is",    "are",   "was",   "were",  "be",   "been",
				    "am",   "it",    "its",   "can",   "could", "will", "would",
				    "has",  "have",  "had",   "you",   "your",  "we",   "my",
				    "he",   "she",   "they",  "their", "if",    "with", "this",
				    "these", "there", "her",  "his" };
static const char *const half[] = { "on",   "our",  "but",  "us",     "me",   "them",
				    "not",  "so",   "how",  "what",   "when", "which",
				    "who",  "some", "him",  "should", "up",   "must" };

static cst_lexicon *lexicon(void)
{
	static cst_lexicon *lex; /* flite's own static data */
	if (!lex) {
		(void)flite_init();
		lex = cmu_lex_init();
	}
	return lex;
}

static bool vowel(const char *ph)
{
	return strchr("aeiou", ph[0]) != NULL;
}

static bool stressed(const char *ph)
{
	return ph[strlen(ph) - 1] == '1';
}

static void add(struct phones *p, sv ph)
{
	if (p->n >= PHONES_MAX || ph.n == 0 || ph.n >= sizeof(p->v[0]))
		return;
	memcpy(p->v[p->n], ph.p, ph.n);
	p->v[p->n++][ph.n] = '\0';
}

static void add_list(struct phones *p, const char *list)
{
	sv s = sv_of(list), ph;
	while (sv_cut(&s, ' ', &ph))
		add(p, ph);
}

static const char *find_own(const char *word)
{
	for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++)
		if (!strcmp(own[i].word, word))
			return own[i].phones;
	return NULL;
}

static void look_up(struct phones *p, const char *word)
{
	const char *mine = find_own(word);
	if (mine) {
		add_list(p, mine);
		return;
	}
	cst_val *v = lex_lookup(lexicon(), word, NULL, NULL);
	for (const cst_val *q = v; q; q = val_cdr(q))
		add(p, sv_of(val_string(val_car(q))));
	delete_val(v);
}

/* s or z or ax z, after the last phone of the word. */
static void add_s(struct phones *p)
{
	const char *last = p->n ? p->v[p->n - 1] : "";
	if (!strcmp(last, "s") || !strcmp(last, "z") || !strcmp(last, "sh") ||
	    !strcmp(last, "ch") || !strcmp(last, "jh") || !strcmp(last, "zh"))
		add_list(p, "ax0 z");
	else if (strchr("ptkf", last[0]) || !strcmp(last, "th"))
		add_list(p, "s");
	else
		add_list(p, "z");
}

/* Word with an apostrophe: the part before it, then the ending. */
static bool contracted(struct phones *p, const char *word)
{
	static const struct {
		const char *end, *phones;
	} ends[] = { { "n't", "ax0 n t" }, { "'ll", "ax0 l" }, { "'re", "er0" },
		     { "'ve", "v" },       { "'d", "d" },      { "'m", "m" } };
	char stem[WORD_MAX];
	size_t n = strlen(word);
	if (find_own(word) || !strchr(word, '\''))
		return false;
	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		size_t k = strlen(ends[i].end);
		if (n <= k || strcmp(word + n - k, ends[i].end) != 0)
			continue;
		(void)snprintf(stem, sizeof(stem), "%.*s", (int)(n - k), word);
		look_up(p, stem);
		add_list(p, ends[i].phones);
		return true;
	}
	sv rest = sv_of(word), head;
	(void)sv_cut(&rest, '\'', &head);
	(void)snprintf(stem, sizeof(stem), SV_FMT, SV_ARG(head));
	if (!stem[0])
		return true;
	look_up(p, stem);
	if (sv_eq(rest, SV("s")))
		add_s(p);
	return true;
}

/* Letters that nobody can read as a word: no vowel, or in capitals and short. */
static bool spelled(sv raw, const char *word)
{
	size_t n = strlen(word), upper = 0;
	for (size_t i = 0; i < raw.n; i++)
		upper += raw.p[i] >= 'A' && raw.p[i] <= 'Z';
	if (n < 2 || strchr(word, '\'') || find_own(word))
		return false;
	return !strpbrk(word, "aeiouy") || (upper == n && n <= 3);
}

static void make_phones(struct phones *p, sv raw, const char *word)
{
	char one[2] = { 0 };
	if (spelled(raw, word))
		for (const char *c = word; *c; c++) {
			one[0] = *c;
			if (*c == 'a')
				add_list(p, "ey1"); /* the letter, not the article */
			else
				look_up(p, one);
		}
	else if (!contracted(p, word))
		look_up(p, word);
}

static bool among(const char *word, const char *const *list, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!strcmp(word, list[i]))
			return true;
	return false;
}

/* The mark before a word's stressed vowel; "" = none. A contraction is like its first part. */
static const char *stress_of(const char *word)
{
	char stem[WORD_MAX];
	size_t n = strcspn(word, "'");
	n = n < sizeof(stem) - 1 ? n : sizeof(stem) - 1;
	memcpy(stem, word, n);
	stem[n] = '\0';
	if (strstr(word, "n't"))
		return "ˈ";
	if (among(stem, weak, sizeof(weak) / sizeof(weak[0])))
		return "";
	return among(stem, half, sizeof(half) / sizeof(half[0])) ? "ˌ" : "ˈ";
}

static const char *symbol(const struct phones *p, size_t i, enum g2p_set set)
{
	char base[5];
	(void)snprintf(base, sizeof(base), "%s", p->v[i]);
	size_t n = strlen(base);
	bool zero = base[n - 1] == '0';
	if (base[n - 1] == '0' || base[n - 1] == '1')
		base[n - 1] = '\0';
	if (zero && !strcmp(base, "er"))
		return set == G2P_KOKORO ? "əɹ" : "ɚ";
	if (zero && !strcmp(base, "ah"))
		return "ə";
	if (set == G2P_ESPEAK && zero && !strcmp(base, "iy"))
		return "i";
	bool between = i > 0 && i + 1 < p->n && vowel(p->v[i - 1]) && vowel(p->v[i + 1]) &&
		       !stressed(p->v[i + 1]);
	if (between && !strcmp(base, "t"))
		return set == G2P_KOKORO ? "ɾ" : "ɾ";
	for (size_t k = 0; k < sizeof(table) / sizeof(table[0]); k++)
		if (!strcmp(table[k].arpa, base))
			return set == G2P_KOKORO ? table[k].kokoro : table[k].espeak;
	return "";
}

/* A schwa before the last l or n after a consonant is swallowed: bottle, button. */
static bool swallowed(const struct phones *p, size_t i)
{
	if (i == 0 || i + 1 >= p->n || strcmp(p->v[i], "ax0") != 0 || vowel(p->v[i - 1]))
		return false;
	bool l = !strcmp(p->v[i + 1], "l"), n = !strcmp(p->v[i + 1], "n");
	bool after = strchr("tdszpbkgf", p->v[i - 1][0]) != NULL;
	return (l || n) && after && (i + 2 == p->n || (i + 3 == p->n && !vowel(p->v[i + 2])));
}

static void emit(const struct phones *p, const char *stress, enum g2p_set set,
		 struct g2p_said *out)
{
	for (size_t i = 0; i < p->n; i++) {
		if (vowel(p->v[i]) && stressed(p->v[i]))
			g2p_put(out, stress);
		g2p_put(out, set == G2P_KOKORO && swallowed(p, i) ? "ᵊ" : symbol(p, i, set));
	}
}

/* What follows a letter that is spelled: another, or a digit. */
static bool after_letter(sv next)
{
	static const char *const digits[] = { "zero", "oh",  "one", "two",   "three", "four",
					      "five", "six", "seven", "eight", "nine" };
	if (next.n <= 1)
		return true;
	for (size_t i = 0; i < sizeof(digits) / sizeof(digits[0]); i++)
		if (sv_eq(next, sv_of(digits[i])))
			return true;
	return false;
}

void g2p_en_word(sv raw, sv next, enum g2p_set set, struct g2p_said *out)
{
	char word[WORD_MAX];
	size_t n = 0;
	for (sv s = raw; s.n && n < WORD_MAX - 1;) {
		uint32_t r = sv_fold(sv_rune(&s));
		if ((r >= 'a' && r <= 'z') || r == '\'' || r == 0x2019)
			word[n++] = r == 0x2019 ? '\'' : (char)r;
	}
	while (n && word[n - 1] == '\'')
		n--;
	word[n] = '\0';
	const char *w = word + strspn(word, "'");
	struct phones p = { .n = 0 };
	sv after = next;
	uint32_t first = after.n ? sv_fold(sv_rune(&after)) : 0;
	bool before_vowel = first && first < 0x80 && strchr("aeiou", (int)first);
	bool letter = !strcmp(w, "a") && raw.p[0] == 'A' && after_letter(next); /* A seven */
	if (!strcmp(w, "the"))
		add_list(&p, before_vowel ? "dh iy0" : "dh ax0");
	else if (!strcmp(w, "to"))
		add_list(&p, before_vowel ? "t uh0" : "t ax0");
	else if (letter)
		add_list(&p, "ey1");
	else
		make_phones(&p, raw, w);
	emit(&p, letter ? "ˈ" : stress_of(w), set, out);
}
