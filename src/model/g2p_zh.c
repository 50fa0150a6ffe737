/* g2p_zh.c: Chinese characters to pinyin to the symbols of Kokoro.
 *
 * Words come from data/zh/words.txt (32,000 with their frequency and, where it is not that of
 * their characters, their reading) and from the company's table in worker_pinyin.c, which goes
 * first. A run is cut into the words whose frequencies multiply to the most (Viterbi over
 * the run, as jieba does), since that tells 行长 from 进行|长期. Then the tones that
 * neighbours change are changed: 一, 不, third tones, 地 and 得 (San Duanmu, The Phonology of
 * Standard Chinese, chapters 11 and 2). The symbols of a syllable are those of Kokoro's
 * training: initial, glide, vowel, tone arrow, coda. */
#include "embed.h"
#include "g2p.h"
#include "worker_pinyin.h"

extern const struct embed_file zh_files[];
extern const size_t zh_files_n;

enum { RUN_MAX = 400, WORD_RUNES = 6, WORDS_MAX = 1 << 16, SYL = 8, TOTAL = 36, OWN = 26 };

struct zh_word {
	int weight;          /* twice the logarithm of its count */
	const char *reading; /* NULL: by its characters; points into text */
};
struct zh {
	struct sb text; /* the embedded file; tabs and line ends became NUL */
	struct map *words;
	struct zh_word *rows;
	size_t n_rows;
	const char *single[0x5200]; /* reading by code point - 0x4E00 */
};
/* A run of characters in work. */
struct run {
	size_t n;
	uint32_t rune[RUN_MAX];
	uint32_t at[RUN_MAX + 1];  /* its bytes */
	char syl[RUN_MAX][SYL];    /* "zhong1"; "" = not spoken */
	uint8_t word_end[RUN_MAX]; /* the word ends after this character */
	bool fixed[RUN_MAX];       /* a word gave the reading: leave its tone alone */
};

/* ---- the table ---- */

static void add_word(struct zh *z, sv word, int weight, const char *reading)
{
	if (z->n_rows >= WORDS_MAX || map_get(z->words, word))
		return;
	struct zh_word *w = &z->rows[z->n_rows++];
	*w = (struct zh_word){ .weight = weight, .reading = reading };
	if (map_put(z->words, word, w))
		z->n_rows--;
}

static void add_singles(struct zh *z, const char *reading, sv chars)
{
	while (chars.n) {
		uint32_t r = sv_rune(&chars);
		if (r >= 0x4E00 && r < 0x4E00 + 0x5200)
			z->single[r - 0x4E00] = reading;
	}
}

static void read_line(struct zh *z, char *line)
{
	char *tab = strchr(line, '\t');
	if (line[0] == '#' || !tab)
		return;
	*tab = '\0';
	char *second = tab + 1, *third = strchr(second, '\t');
	if (third)
		*third++ = '\0';
	int64_t weight = 0;
	if (!strcmp(line, "S"))
		add_singles(z, second, sv_of(third));
	else if (sv_i64(sv_of(second), &weight) == 0)
		add_word(z, sv_of(line), (int)weight, third);
}

struct zh *zh_new(void)
{
	struct zh *z = xalloc(sizeof(*z));
	*z = (struct zh){ 0 };
	sb_init(&z->text, 2 << 20);
	z->words = map_new(WORDS_MAX);
	z->rows = xalloc(sizeof(*z->rows) * WORDS_MAX);
	const struct embed_file *f = embed_find(zh_files, zh_files_n, SV("words.txt"));
	if (f && embed_text(f, &z->text) == 0)
		sb_ch(&z->text, '\0');
	const char *word, *reading;
	for (size_t i = 0; pinyin_row(i, &word, &reading); i++)
		add_word(z, sv_of(word), OWN, reading);
	for (char *p = z->text.p; p && *p;) {
		char *end = strchr(p, '\n');
		if (end)
			*end = '\0';
		read_line(z, p);
		p = end ? end + 1 : NULL;
	}
	return z;
}

void zh_free(struct zh *z)
{
	if (!z)
		return;
	map_free(z->words);
	xfree(z->rows);
	sb_done(&z->text);
	xfree(z);
}

/* ---- words ---- */

static void run_fill(struct run *r, sv han)
{
	const char *from = han.p;
	*r = (struct run){ 0 };
	while (han.n && r->n < RUN_MAX) {
		r->at[r->n] = (uint32_t)(han.p - from);
		r->rune[r->n++] = sv_rune(&han);
	}
	r->at[r->n] = (uint32_t)(han.p - from);
}

static bool in(uint32_t c, const char *set)
{
	sv s = sv_of(set);
	while (s.n)
		if (sv_rune(&s) == c)
			return true;
	return false;
}

/* The next syllable of a reading: "yin2 hang2" or "yin2hang2". */
static const char *next_syl(const char *s, char out[SYL])
{
	size_t n = 0;
	while (*s == ' ')
		s++;
	while (*s && n < SYL - 1) {
		out[n++] = *s;
		if (*s >= '0' && *s <= '9') {
			s++;
			break;
		}
		s++;
	}
	out[n] = '\0';
	return s;
}

static void read_word(const struct zh *z, struct run *r, size_t from, size_t to, sv text)
{
	const struct zh_word *w = to - from > 1 ? map_get(z->words, text) : NULL;
	const char *reading = w ? w->reading : NULL;
	for (size_t i = from; i < to; i++) {
		uint32_t c = r->rune[i] - 0x4E00;
		const char *one = c < 0x5200 ? z->single[c] : NULL;
		r->syl[i][0] = '\0';
		if (reading)
			reading = next_syl(reading, r->syl[i]);
		else if (one)
			(void)next_syl(one, r->syl[i]);
		r->fixed[i] = w && w->reading;
	}
	r->word_end[to - 1] = 1;
}

/* Twice the logarithm of how often a character is a word of its own. */
static int single_weight(uint32_t c)
{
	return in(c, "的了是在和有我不你您这就都也要会到说吧吗呢请把被给与为将") ? 26 : 12;
}

/* The most likely cut: best[i] is the score of the first i characters. */
static void cut_words(const struct zh *z, struct run *r, sv han)
{
	int best[RUN_MAX + 1];
	uint8_t len[RUN_MAX + 1] = { 0 };
	best[0] = 0;
	for (size_t end = 1; end <= r->n; end++) {
		best[end] = best[end - 1] + single_weight(r->rune[end - 1]) - TOTAL;
		len[end] = 1;
		for (size_t n = 2; n <= WORD_RUNES && n <= end; n++) {
			sv word = sv_slice(han, r->at[end - n], r->at[end]);
			const struct zh_word *w = map_get(z->words, word);
			int score = w ? best[end - n] + w->weight - TOTAL : 0;
			if (w && score > best[end]) {
				best[end] = score;
				len[end] = (uint8_t)n;
			}
		}
	}
	for (size_t end = r->n; end > 0; end -= len[end])
		read_word(z, r, end - len[end], end,
			  sv_slice(han, r->at[end - len[end]], r->at[end]));
}

/* ---- tones ---- */

static int tone(const struct run *r, size_t i)
{
	size_t n = i < r->n ? strlen(r->syl[i]) : 0;
	return n ? r->syl[i][n - 1] - '0' : 0;
}

static void set_tone(struct run *r, size_t i, int t)
{
	size_t n = strlen(r->syl[i]);
	if (n)
		r->syl[i][n - 1] = (char)('0' + t);
}

/* 一: as a number it keeps its tone, else it is the fourth, before a fourth the second. */
static void tone_yi(struct run *r, size_t i)
{
	uint32_t before = i ? r->rune[i - 1] : 0;
	uint32_t after = i + 1 < r->n ? r->rune[i + 1] : 0;
	bool number = (before && in(before, "零一二三四五六七八九十百千万亿点第周期初两")) ||
		      in(after, "零一二三四五六七八九十月号日楼点") || !after;
	if (number)
		set_tone(r, i, 1);
	if (number || r->fixed[i])
		return;
	if (before && before == after)
		set_tone(r, i, 5); /* 看一看 */
	else if (tone(r, i + 1) == 4 || after == 0x4E2A) /* 一个 */
		set_tone(r, i, 2);
	else
		set_tone(r, i, 4);
}

static void tone_bu(struct run *r, size_t i)
{
	uint32_t before = i ? r->rune[i - 1] : 0;
	uint32_t after = i + 1 < r->n ? r->rune[i + 1] : 0;
	if (before && before == after)
		set_tone(r, i, 5); /* 是不是 */
	else if (tone(r, i + 1) == 4)
		set_tone(r, i, 2);
}

static void set_syl(struct run *r, size_t i, const char *syl)
{
	(void)next_syl(syl, r->syl[i]);
}

/* Words of one character whose reading their neighbours decide. */
static void read_particle(struct run *r, size_t i)
{
	uint32_t c = r->rune[i], before = i ? r->rune[i - 1] : 0;
	bool alone = r->word_end[i] && (i == 0 || r->word_end[i - 1]);
	bool long_before = i > 1 && !r->word_end[i - 2];
	if (!alone)
		return;
	if (c == 0x5730 && long_before && i + 1 < r->n) /* 地: 慢慢地说 */
		set_syl(r, i, "de5");
	else if (c == 0x5F97 && in(before, "还就都也总我你您他她们须")) /* 得: 还得 */
		set_syl(r, i, "dei3");
	else if (c == 0x884C && in(before, "一二三四五六七八九十两几")) /* 行: 三行 */
		set_syl(r, i, "hang2");
	else if (c == 0x957F && i + 1 == r->n && in(before, "队班团校院厂"))
		set_syl(r, i, "zhang3");
}

/* 儿 after a word's first character only colours it, but in some words it is a child. */
static void read_er(struct run *r, size_t i)
{
	if (i && !r->word_end[i - 1] && !in(r->rune[i - 1], "女婴幼少孤健胎生男患育"))
		set_syl(r, i, "er5");
}

/* Of two third tones the first becomes the second: within words, then between a word of one
 * character and its neighbour. */
static void third_tones(struct run *r)
{
	for (size_t i = 0; i + 1 < r->n; i++)
		if (!r->word_end[i] && tone(r, i) == 3 && tone(r, i + 1) == 3)
			set_tone(r, i, 2);
	for (size_t i = 0; i + 1 < r->n; i++)
		if (r->word_end[i] && (i == 0 || r->word_end[i - 1] || r->word_end[i + 1]) &&
		    tone(r, i) == 3 && tone(r, i + 1) == 3)
			set_tone(r, i, 2);
}

static void change_tones(struct run *r)
{
	for (size_t i = 0; i < r->n; i++) {
		if (r->rune[i] == 0x4E00)
			tone_yi(r, i); /* a number also within a word: 十一点 */
		else if (r->rune[i] == 0x513F)
			read_er(r, i);
		if (r->fixed[i])
			continue;
		if (r->rune[i] == 0x4E0D)
			tone_bu(r, i);
		else
			read_particle(r, i);
	}
	third_tones(r);
}

static void read_run(const struct zh *z, struct run *r, sv han)
{
	run_fill(r, han);
	cut_words(z, r, sv_slice(han, 0, r->at[r->n]));
	change_tones(r);
}

void zh_pinyin(const struct zh *z, sv han, struct sb *out)
{
	struct run r;
	read_run(z, &r, han);
	for (size_t i = 0; i < r.n; i++) {
		if (i)
			sb_cstr(out, r.word_end[i - 1] ? "  " : " ");
		sb_cstr(out, r.syl[i][0] ? r.syl[i] : "?");
	}
}

/* ---- symbols ---- */

static const struct {
	const char *pinyin, *ipa;
} initials[] = { { "zh", "ꭧ" }, { "ch", "ꭧʰ" }, { "sh", "ʂ" }, { "b", "p" },  { "p", "pʰ" },
		 { "m", "m" },  { "f", "f" },   { "d", "t" },  { "t", "tʰ" }, { "n", "n" },
		 { "l", "l" },  { "g", "k" },   { "k", "kʰ" }, { "h", "x" },  { "j", "ʨ" },
		 { "q", "ʨʰ" }, { "x", "ɕ" },   { "r", "ɻ" },  { "z", "ʦ" },  { "c", "ʦʰ" },
		 { "s", "s" } };
/* How a final is written, and its symbols; the digit is where the tone goes. */
static const struct {
	const char *pinyin, *ipa;
} finals[] = {
	{ "a", "a0" },     { "ai", "ai0" },   { "an", "a0n" },    { "ang", "a0ŋ" },
	{ "ao", "au0" },   { "e", "ɤ0" },     { "ei", "ei0" },    { "en", "ə0n" },
	{ "eng", "ə0ŋ" },  { "i", "i0" },     { "ia", "ja0" },    { "ian", "jɛ0n" },
	{ "iang", "ja0ŋ" }, { "iao", "jau0" }, { "ie", "je0" },    { "in", "i0n" },
	{ "iu", "jou0" },  { "iou", "jou0" }, { "ing", "i0ŋ" },   { "iong", "jʊ0ŋ" },
	{ "ong", "ʊ0ŋ" },  { "ou", "ou0" },   { "u", "u0" },      { "ui", "wei0" },
	{ "uei", "wei0" }, { "ua", "wa0" },   { "uai", "wai0" },  { "uan", "wa0n" },
	{ "un", "wə0n" },  { "uen", "wə0n" }, { "uang", "wa0ŋ" }, { "ueng", "wə0ŋ" },
	{ "uo", "wo0" },   { "o", "wo0" },    { "v", "y0" },      { "ve", "ɥe0" },
	{ "io", "jɔ0" },     { "van", "ɥɛ0n" }, { "vn", "y0n" },   { "ue", "ɥe0" },
};
/* Syllables that are no initial and final. */
static const struct {
	const char *pinyin, *ipa;
} whole[] = { { "er", "ɚ0" }, { "r", "ɚ0" }, { "o", "ɔ0" },
	      { "m", "m0" },  { "n", "n0" }, { "ng", "ŋ0" }, { "hm", "hm0" } };

static const char *find_final(const char *s)
{
	for (size_t i = 0; i < sizeof(finals) / sizeof(finals[0]); i++)
		if (!strcmp(s, finals[i].pinyin))
			return finals[i].ipa;
	return NULL;
}

/* y and w only write i, u and ü at the beginning of a syllable. */
static void spell_out(const char *s, char out[SYL + 2])
{
	size_t n = 0;
	if (s[0] == 'y' && s[1] == 'u')
		out[n++] = 'v', s += 2;
	else if (s[0] == 'y' && s[1] == 'i')
		s++;
	else if (s[0] == 'y')
		out[n++] = 'i', s++;
	else if (s[0] == 'w' && s[1] == 'u')
		s++;
	else if (s[0] == 'w')
		out[n++] = 'u', s++;
	while (*s && n < SYL + 1)
		out[n++] = *s++;
	out[n] = '\0';
}

static const char *symbols_of(const char *syl, const char **initial)
{
	char f[SYL + 2];
	*initial = "";
	for (size_t i = 0; i < sizeof(whole) / sizeof(whole[0]); i++)
		if (!strcmp(syl, whole[i].pinyin))
			return whole[i].ipa;
	for (size_t i = 0; i < sizeof(initials) / sizeof(initials[0]); i++) {
		const char *p = initials[i].pinyin;
		size_t n = strlen(p);
		if (strncmp(syl, p, n) != 0)
			continue;
		*initial = initials[i].ipa;
		(void)strncpy(f, syl + n, sizeof(f) - 1);
		f[sizeof(f) - 1] = '\0';
		if (in((unsigned char)*p, "jqx") && f[0] == 'u')
			f[0] = 'v';
		bool buzz = in((unsigned char)*p, "zcsr") && !strcmp(f, "i");
		return buzz ? "ɨ0" : find_final(f);
	}
	spell_out(syl, f);
	return find_final(f);
}

bool zh_syllable(const char *pinyin, struct sb *out)
{
	static const char *const arrows[] = { "", "→", "↗", "↓", "↘", "" };
	char syl[SYL];
	size_t n = strlen(pinyin);
	if (n < 2 || n >= SYL || pinyin[n - 1] < '1' || pinyin[n - 1] > '5')
		return false;
	memcpy(syl, pinyin, n - 1);
	syl[n - 1] = '\0';
	const char *initial, *ipa = symbols_of(syl, &initial);
	if (!ipa)
		return false;
	sb_cstr(out, initial);
	for (; *ipa; ipa++)
		if (*ipa == '0')
			sb_cstr(out, arrows[pinyin[n - 1] - '0']);
		else
			sb_ch(out, *ipa);
	return true;
}

void zh_say(const struct zh *z, sv han, size_t base, struct g2p_said *out)
{
	struct run r;
	struct sb one;
	sb_init(&one, 64);
	while (han.n) {
		read_run(z, &r, han);
		for (size_t i = 0; i < r.n; i++) {
			if (i == 0 || r.word_end[i - 1]) {
				g2p_gap(out);
				g2p_mark(out, base + r.at[i]);
			}
			sb_reset(&one);
			if (r.syl[i][0] && zh_syllable(r.syl[i], &one))
				g2p_put(out, sb_str(&one));
		}
		han = sv_slice(han, r.at[r.n], han.n);
		base += r.at[r.n];
	}
	sb_done(&one);
}
