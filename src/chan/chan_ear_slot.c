/* chan_ear_slot.c: how much silence ends a turn, by what was asked and what was said so far.
 *
 * What the words look like (enum ear_shape) and what our last say asks for choose a time. A
 * number is dictated in groups with long pauses: until it looks complete nobody is cut in. A
 * number looks complete with 11 digits from 1 on (Chinese mobile, North American with its
 * country), or with 10 that do not begin with 0 or 1 where Chinese is not spoken; other lengths
 * of a telephone number only may be. Where nothing is known of the words (a recogniser that is
 * slow, or tells nothing before the end) the question alone counts. The customer's own pauses
 * and the end-of-turn model move the time only in free speech. Pure. */
#include "chan_ear.h"

enum {
	OPEN_MS = 600,
	PLAIN_MS = 480,
	WHOLE_MS = 350,
	DANGLES_MS = 850,
	OPEN_MAX_MS = 1000,
	YESNO_MS = 350,              /* a yes or no was asked for, its words are not known */
	ANSWER_MS = 260,
	DICTATES_MS = 2000,
	MAYBE_ALL_MS = 1800,
	ALL_MS = 700,
	SAID_MS = 600,               /* something else than what was asked for */
	PAUSE_FREE_MS = 300,         /* pauses up to this need no extra patience */
};

static const struct digit {
	const char *word;
	int n;                       /* digits; 0: the next counts so often, see times */
	int times;
} digit_words[] = {
	{ "zero", 1, 0 },  { "oh", 1, 0 },    { "one", 1, 0 },    { "two", 1, 0 },
	{ "three", 1, 0 }, { "four", 1, 0 },  { "five", 1, 0 },   { "six", 1, 0 },
	{ "seven", 1, 0 }, { "eight", 1, 0 }, { "nine", 1, 0 },   { "double", 0, 2 },
	{ "triple", 0, 3 }, { "hundred", 2, 0 },
};
static const char *const digit_runes = "零〇一二三四五六七八九幺两";
static const char *const lead_in[] = { "number", "phone", "telephone", "is",   "it's", "my",
				       "code",   "order", "the",       "plus", "and" };
static const char *const lead_in_zh[] = { "号码", "电话", "手机", "订单号", "我的", "是", "单号" };

/* What a text is made of. */
struct made {
	int digits, letters, others; /* digits, single letters, other words */
	char first;                  /* the first digit; '?' = not known which */
	bool led;                    /* all others are such as lead in to a number */
	bool ends_in_digit;
};

static bool within(const char *list, sv rune)
{
	return sv_find(sv_of(list), rune) >= 0;
}

static void add_digit(struct made *m, char which, int n)
{
	if (!m->digits)
		m->first = which;
	m->digits += n;
	m->ends_in_digit = true;
}

static bool spoken_digit(struct made *m, sv word, int *times)
{
	for (size_t i = 0; i < sizeof(digit_words) / sizeof(*digit_words); i++) {
		const struct digit *d = &digit_words[i];
		if (!sv_eq_nocase(word, sv_of(d->word)))
			continue;
		if (d->n)
			add_digit(m, i == 2 ? '1' : i < 2 ? '0' : '?', d->n == 1 ? *times : d->n);
		*times = d->times ? d->times : 1;
		return true;
	}
	return false;
}

static void add_word(struct made *m, sv word, int *times)
{
	bool lead = false;
	int had = m->digits;
	for (size_t i = 0; i < word.n; i++)
		if (word.p[i] >= '0' && word.p[i] <= '9')
			add_digit(m, word.p[i], 1);
	if (m->digits > had || spoken_digit(m, word, times))
		return;
	m->ends_in_digit = false;
	if (word.n == 1) {
		m->letters++;
		return;
	}
	for (size_t i = 0; i < sizeof(lead_in) / sizeof(*lead_in); i++)
		lead |= sv_eq_nocase(word, sv_of(lead_in[i]));
	m->led &= lead;
	m->others++;
}

static size_t lead_zh(sv text)
{
	for (size_t i = 0; i < sizeof(lead_in_zh) / sizeof(*lead_in_zh); i++)
		if (sv_starts(text, sv_of(lead_in_zh[i])))
			return strlen(lead_in_zh[i]);
	return 0;
}

static bool is_word_byte(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       c == '\'';
}

static struct made made_of(sv text)
{
	struct made m = { .led = true };
	int times = 1;
	while (text.n) {
		size_t n = 0;
		while (n < text.n && is_word_byte(text.p[n]))
			n++;
		if (n) {
			add_word(&m, sv_slice(text, 0, n), &times);
			text = sv_slice(text, n, text.n);
			continue;
		}
		sv rest = text;
		uint32_t r = sv_rune(&rest);
		sv rune = sv_slice(text, 0, text.n - rest.n);
		size_t lead = sv_is_cjk(r) ? lead_zh(text) : 0;
		if (sv_is_cjk(r) && within(digit_runes, rune)) {
			bool one = within("一幺", rune);
			add_digit(&m, one ? '1' : within("零〇", rune) ? '0' : '?', 1);
		} else if (lead) {
			m.others++;
			rest = sv_slice(text, lead, text.n);
			m.ends_in_digit = false;
		} else if (sv_is_cjk(r)) {
			m.others++;
			m.led = m.ends_in_digit = false;
		}
		text = rest;
	}
	return m;
}

static enum ear_shape number(const struct made *m, bool zh)
{
	if (m->digits == 11 && m->first == '1')
		return EAR_NUMBER_ALL;
	if (!zh && m->digits == 10 && m->first != '0' && m->first != '1')
		return EAR_NUMBER_ALL;
	if (m->digits > 12)
		return EAR_NUMBER_MAYBE;
	if (m->digits < 7 || (zh && m->first == '1'))
		return EAR_NUMBER;
	return EAR_NUMBER_MAYBE;
}

static bool address_ends(sv text)
{
	static const char *const ends[] = { ".com", ".cn",  ".net", ".org",   "dot com", "dot net",
					    "dot org", "dot cn", "点com", "点 com", "点cn" };
	for (size_t i = 0; i < sizeof(ends) / sizeof(*ends); i++)
		if (sv_ends(text, sv_of(ends[i])))
			return true;
	return false;
}

/* Recognisers put a full stop after whatever they got. */
static sv without_stop(sv text)
{
	while (text.n && sv_find(SV(".,;!"), sv_slice(text, text.n - 1, text.n)) >= 0)
		text.n--;
	if (sv_ends(text, SV("。")) || sv_ends(text, SV("！")))
		text.n -= strlen("。");
	return text;
}

enum ear_shape ear_shape(sv text, sv lang, enum chan_expect expect)
{
	text = sv_trim(text);
	text = without_stop(text);
	if (!text.n)
		return EAR_UNKNOWN;
	struct made m = made_of(text);
	enum ear_back back = ear_backchannel(text);
	bool dictates = m.digits >= 3 && m.ends_in_digit && m.letters <= 2 && m.led;
	if (dictates || (expect == CHAN_EXPECT_DIGITS && m.digits && m.others < 4 + m.digits))
		return number(&m, sv_starts(lang, SV("zh")));
	if (expect == CHAN_EXPECT_SPELLING && address_ends(text))
		return EAR_SPELT;
	if (m.letters >= 3 || (expect == CHAN_EXPECT_SPELLING && m.letters + m.digits > 0))
		return EAR_SPELLS;
	if (expect == CHAN_EXPECT_YESNO && back != EAR_SPEAKS)
		return EAR_ANSWER;
	return ear_words_shape(text, lang);
}

static int64_t asked_for(enum chan_expect expect, bool known)
{
	if (expect == CHAN_EXPECT_YESNO)
		return YESNO_MS;
	if (expect == CHAN_EXPECT_OPEN)
		return OPEN_MS;
	return known ? SAID_MS : DICTATES_MS;
}

int64_t ear_silence(enum ear_shape shape, enum chan_expect expect, const struct ear_turn *turn,
		    double pause_ms)
{
	static const int fixed[] = {
		[EAR_ANSWER] = ANSWER_MS,          [EAR_NUMBER] = DICTATES_MS,
		[EAR_NUMBER_MAYBE] = MAYBE_ALL_MS, [EAR_NUMBER_ALL] = ALL_MS,
		[EAR_SPELLS] = DICTATES_MS,        [EAR_SPELT] = ALL_MS,
	};
	if (shape >= EAR_ANSWER)
		return fixed[shape];
	bool dictation = expect == CHAN_EXPECT_DIGITS || expect == CHAN_EXPECT_SPELLING;
	if (shape == EAR_UNKNOWN && dictation)
		return DICTATES_MS;
	double ms = shape == EAR_WHOLE   ? WHOLE_MS :
		    shape == EAR_DANGLES ? DANGLES_MS :
		    shape == EAR_PLAIN   ? PLAIN_MS :
					   (double)asked_for(expect, false);
	if (dictation && ms < SAID_MS)
		ms = (double)asked_for(expect, true);
	double slow = pause_ms > PAUSE_FREE_MS ? pause_ms - PAUSE_FREE_MS : 0;
	ms = ms + slow > OPEN_MAX_MS ? OPEN_MAX_MS : ms + slow;
	if (shape == EAR_UNKNOWN && expect == CHAN_EXPECT_YESNO)
		return (int64_t)ms;
	return ear_turn_silence(turn, (int64_t)ms, shape == EAR_WHOLE, slow);
}
