/* learn_text.c: texts of people, made fit to be kept: personal data out, sentences apart.
 *
 * Rows hold masks ("[name]") or were never masked; guard masks what is left, learn_hide.c what
 * the caller knows and what is secret, and whatever holds a mask goes: a clause when the
 * sentence has others ("Hi [name], you have 30 days" keeps its end), else the sentence. In an
 * answer that may become an article the company's own numbers stay (learn_open.c). Functions
 * over the caller's arena, any thread.
 */
#include "learn_int.h"

#define ADDRESS 12               /* halves of a beginning that only says who or which */

static bool has_mask(sv s)
{
	for (;;) {
		ptrdiff_t at = sv_find_ch(s, '[');
		if (at < 0)
			return false;
		s = sv_slice(s, (size_t)at + 1, s.n);
		for (int i = 0; i < PII_COUNT; i++) {
			sv name = sv_of(guard_pii_name((enum guard_pii)i));
			if (sv_starts(s, name) && s.n > name.n &&
			    (s.p[name.n] == ']' || s.p[name.n] == '_'))
				return true;
		}
	}
}

/* Length of the sign at the start of s that ends a sentence (2), a clause (1); 0 = none. */
static size_t ends(sv s, int *what)
{
	static const struct {
		const char *sign;
		int what;
	} wide[] = { { "。", 2 }, { "！", 2 }, { "？", 2 }, { "；", 1 }, { "，", 1 } };
	bool gap = s.n == 1 || (s.n > 1 && (s.p[1] == ' ' || s.p[1] == '\n'));
	*what = 0;
	if (!s.n)
		return 0;
	if (s.p[0] == '\n')
		*what = 2;
	else if (gap && strchr(".!?", s.p[0]))
		*what = 2;
	else if (gap && strchr(",;:", s.p[0]))
		*what = 1;
	if (*what)
		return 1;
	for (size_t i = 0; i < sizeof(wide) / sizeof(*wide); i++)
		if (sv_starts(s, sv_of(wide[i].sign))) {
			*what = wide[i].what;
			return strlen(wide[i].sign);
		}
	return 0;
}

/* "e.g. ", "Mr. " and "1. " end nothing. */
static bool short_word(sv s, size_t dot)
{
	static const char *const words[] = { "Mr", "Ms",  "Mrs", "Dr",
					     "No", "e.g", "i.e", "approx" };
	size_t from = dot;
	bool number = dot > 0;
	while (from && s.p[from - 1] != ' ' && s.p[from - 1] != '\n')
		from--;
	sv word = sv_slice(s, from, dot);
	for (size_t i = 0; i < word.n; i++)
		number &= word.p[i] >= '0' && word.p[i] <= '9';
	if (s.p[dot] != '.' || !word.n || word.n > 6)
		return false;
	if (number && word.n < 3 && (from == 0 || s.p[from - 1] == '\n'))
		return true;
	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
		if (sv_eq(word, sv_of(words[i])))
			return true;
	return false;
}

/* The piece of s from *at on that ends with a sign of at least this rank. */
static bool next_piece(sv s, size_t *at, int rank, sv *ret)
{
	size_t i = *at, from = *at;
	if (from >= s.n)
		return false;
	while (i < s.n) {
		int what;
		size_t n = ends(sv_slice(s, i, s.n), &what);
		if (n && what >= rank && !(what == 2 && short_word(s, i))) {
			i += n;
			break;
		}
		i += n ? n : 1;
	}
	*ret = sv_slice(s, from, i);
	*at = i;
	return true;
}

void learn_sentences(sv text, void (*fn)(void *arg, sv sentence), void *arg)
{
	size_t at = 0;
	sv one;
	while (next_piece(text, &at, 2, &one)) {
		one = sv_trim(one);
		if (one.n > 2)
			fn(arg, one);
	}
}

/* More than an address ("Hi Ms [name]", "I see your order [order_number]")? Masks aside a word
 * counts two, a CJK sign one. */
static bool says_more(sv clause)
{
	size_t halves = 0;
	bool in_word = false, in_mask = false;
	while (clause.n) {
		uint32_t r = sv_rune(&clause);
		bool cjk = sv_is_cjk(r), word = !cjk && ((r >= 0xc0 && r < 0x2000) ||
							 ((r | 32) >= 'a' && (r | 32) <= 'z'));
		in_mask = r == '[' || (in_mask && r != ']');
		halves += in_mask ? 0 : cjk ? 1 : word && !in_word ? 2 : 0;
		in_word = word;
	}
	return halves > ADDRESS;
}

/* The clauses of a sentence that have no mask; a half sentence without a value says nothing. As
 * evidence one whose longer beginning went ("write to [email]; it decides in 10 days") says
 * nothing either: it has lost what it speaks of. */
static void keep_clauses(sv sentence, bool evidence, struct sb *out)
{
	size_t at = 0, kept = 0, from = out->n;
	bool lost = false;
	sv c;
	while (next_piece(sentence, &at, 1, &c)) {
		if (has_mask(c)) {
			lost |= evidence && !kept && says_more(c);
			continue;
		}
		sb_put(out, kept++ ? c : sv_trim(c));
	}
	sv left = sv_trim(sv_slice(sb_sv(out), from, out->n));
	if (lost || sv_runes(left) < 8)
		sb_truncate(out, from);
}

/* w: of whose answer, for evidence; else NULL. */
static sv clean(const struct learn_work *w, struct arena *a, sv text, const sv *hide, size_t n)
{
	struct guard_in in;
	struct sb b, masked;
	size_t at = 0;
	sv one;
	text = sv_slice(text, 0, LEARN_TEXT);
	if (guard_inbound(text, a, &in))
		return SV("");
	sb_init(&b, 4 * LEARN_TEXT);
	sb_init(&masked, 8 * LEARN_TEXT);
	learn_hide(w ? learn_open_kept(w, a, &in) : in.masked, hide, n, &masked);
	while (next_piece(sb_sv(&masked), &at, 2, &one)) {
		while (sv_starts(one, SV(" ")))
			one = sv_slice(one, 1, one.n);
		if (has_mask(one))
			keep_clauses(one, w != NULL, &b);
		else
			sb_put(&b, one);
		if (b.n && b.p[b.n - 1] != ' ' && b.p[b.n - 1] != '\n' &&
		    (unsigned char)b.p[b.n - 1] < 0x80)
			sb_ch(&b, ' ');
	}
	sv out = sb_err(&masked) ? SV("") : arena_sv(a, sv_trim(sb_sv(&b)));
	sb_done(&masked);
	sb_done(&b);
	return out.p ? out : SV("");
}

sv learn_clean(struct arena *a, sv text)
{
	return clean(NULL, a, text, NULL, 0);
}

sv learn_clean_of(struct arena *a, sv text, const sv *hide, size_t n)
{
	return clean(NULL, a, text, hide, n);
}

sv learn_clean_evidence(const struct learn_work *w, struct arena *a, sv text)
{
	return clean(w, a, text, NULL, 0);
}

/* ---- names ---- */

static sv cut_greeting(sv s)
{
	static const char *const words[] = { "hello",      "hi there",     "hi",
					     "hey",        "good morning", "good afternoon",
					     "excuse me",  "please",       "您好",
					     "你好",       "请问一下",     "请问",
					     "麻烦问下",   "麻烦问一下",   "想问下",
					     "我想问一下", "在吗" };
	static const char *const glue[] = { ",", "!", ".", ":", "，", "！", "。", "～", "~" };
	for (bool cut = true; cut;) {
		cut = false;
		for (size_t i = 0; i < sizeof(words) / sizeof(*words) && !cut; i++) {
			sv w = sv_of(words[i]);
			bool latin = (unsigned char)w.p[0] < 0x80;
			if (s.n <= w.n || !sv_eq_nocase(sv_slice(s, 0, w.n), w) ||
			    (latin && !strchr(" ,.!:", s.p[w.n])))
				continue;
			s = sv_trim(sv_slice(s, w.n, s.n));
			cut = true;
		}
		for (size_t i = 0; i < sizeof(glue) / sizeof(*glue); i++)
			if (cut && sv_starts(s, sv_of(glue[i])))
				s = sv_trim(sv_slice(s, strlen(glue[i]), s.n));
	}
	return s;
}

/* "?, thanks", "，谢谢" at the end. */
static sv cut_thanks(sv s)
{
	static const char *const words[] = { "thanks", "thank you", "thx",
					     "谢谢",   "谢谢您",    "多谢" };
	static const char *const glue[] = { ",", "!", ".", " ", "，", "！", "。", "～" };
	for (bool cut = true; cut;) {
		cut = false;
		for (size_t i = 0; i < sizeof(glue) / sizeof(*glue); i++)
			if (sv_ends(s, sv_of(glue[i])))
				s = sv_trim(sv_slice(s, 0, s.n - strlen(glue[i])));
		for (size_t i = 0; i < sizeof(words) / sizeof(*words) && !cut; i++) {
			sv w = sv_of(words[i]);
			bool cjk = (unsigned char)w.p[0] >= 0x80;
			cut = s.n > w.n && sv_eq_nocase(sv_slice(s, s.n - w.n, s.n), w) &&
			      (cjk || strchr(" ,.!?", s.p[s.n - w.n - 1]));
			if (cut)
				s = sv_trim(sv_slice(s, 0, s.n - w.n));
		}
	}
	return s;
}

sv learn_name(struct arena *a, sv text)
{
	/* a number goes by itself before a mask takes the whole clause along */
	sv s = cut_thanks(sv_trim(learn_clean(a, kb_asked(text, a))));
	struct sb b;
	bool gap = false;
	s = cut_greeting(s);
	if (sv_runes(s) < 2 || sv_runes(s) > 120)
		return SV("");
	sb_init(&b, 4 * LEARN_TEXT);
	for (size_t i = 0; i < s.n; i++) {
		bool blank = strchr(" \t\r\n;", s.p[i]) != NULL;
		if (!blank && gap && b.n)
			sb_ch(&b, ' ');
		gap = blank;
		if (!blank)
			sb_ch(&b, s.p[i]);
	}
	if (b.n && b.p[0] >= 'a' && b.p[0] <= 'z')
		b.p[0] = (char)(b.p[0] - 'a' + 'A');
	sv out = arena_sv(a, sb_sv(&b));
	sb_done(&b);
	return out.p ? out : SV("");
}

struct kb_mark *learn_marks_keep(struct arena *a, const struct kb_mark *m, size_t n)
{
	struct kb_mark *out = arena_new(a, struct kb_mark, n + 1);
	if (out && n)
		memcpy(out, m, n * sizeof(*m));
	return out;
}
