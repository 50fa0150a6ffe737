/* chan_whole.c: does a transcript look like a whole question, or like the middle of something?
 *
 * Whole, in English: a question word and a verb, four words, and no last word that begs for more;
 * in Chinese: a question word with enough around it, or a final particle; in both: a question
 * mark. Dangling: the last word begs for more. Wrong answers cost little: a wait that is a bit
 * longer, or a reply that the customer can cut. Pure. */
#include "chan_ear.h"

#define N(a) (sizeof(a) / sizeof(*(a)))

static const char *const asks[] = { "what", "where", "when", "how",
				    "who",  "which", "why",  "whose" };
static const char *const verbs[] = { "is",    "are",   "am",     "was",   "were",
				     "do",    "does",  "did",    "can",   "could",
				     "will",  "would", "should", "may",   "have",
				     "has",   "must",  "cost",   "costs", "open",
				     "close", "work",  "works",  "takes", "take" };
static const char *const dangling[] = { "the",     "a",    "an", "to",  "my",   "your",
					"of",      "and",  "or", "for", "in",   "on",
					"at",      "with", "is", "are", "from", "if",
					"about",   "this", "by", "um",  "uh",   "but",
					"because", "when", "i",  "do",  "does", "can" };
static const char *const zh_asks[] = { "什么",     "多少",   "怎么",   "哪里", "哪儿",
				       "哪个",     "为什么", "几点",   "几天", "能不能",
				       "可不可以", "是不是", "有没有", "多久", "如何" };
static const char *const zh_dangling[] = { "我想", "我要", "我想问", "我想要", "想问一下",
					   "请问", "因为", "但是",   "然后",   "就是",
					   "如果", "还有", "和",     "的话",   "这个",
					   "那个", "，" };
static const char *const zh_ends[] = { "吗", "呢", "吧" };

static bool in(sv w, const char *const *list, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (sv_eq_nocase(w, sv_of(list[i])))
			return true;
	return false;
}

static bool whole_en(sv text)
{
	sv word = SV_NULL, last = SV_NULL;
	size_t words = 0;
	bool ask = false, verb = false;
	while (sv_cut(&text, ' ', &word)) {
		word = sv_trim(word);
		if (!word.n)
			continue;
		bool v = in(word, verbs, N(verbs));
		ask |= in(word, asks, N(asks)) || (words == 0 && v);
		verb |= v;
		words++;
		last = word;
	}
	return ask && verb && words >= 4 && !in(last, dangling, N(dangling));
}

static bool whole_zh(sv text)
{
	if (sv_runes(text) < 4)
		return false;
	for (size_t i = 0; i < N(zh_ends); i++)
		if (sv_ends(text, sv_of(zh_ends[i])))
			return true;
	for (size_t i = 0; i < N(zh_asks); i++)
		if (sv_find(text, sv_of(zh_asks[i])) >= 0 && !sv_ends(text, SV("的")))
			return sv_runes(text) >= 5;
	return false;
}

static bool dangles(sv text, bool zh)
{
	if (zh) {
		for (size_t i = 0; i < N(zh_dangling); i++)
			if (sv_ends(text, sv_of(zh_dangling[i])))
				return true;
		return false;
	}
	sv word = SV_NULL, last = SV_NULL;
	while (sv_cut(&text, ' ', &word))
		last = sv_trim(word).n ? sv_trim(word) : last;
	return in(last, dangling, N(dangling));
}

bool ear_whole(sv text, sv lang)
{
	text = sv_trim(text);
	if (sv_ends(text, SV("?")) || sv_ends(text, SV("？")))
		return sv_runes(text) >= 5;
	if (sv_starts(lang, SV("zh")))
		return whole_zh(text);
	return sv_starts(lang, SV("en")) && whole_en(text);
}

enum ear_shape ear_words_shape(sv text, sv lang)
{
	bool zh = sv_starts(lang, SV("zh"));
	if (ear_whole(text, lang))
		return EAR_WHOLE;
	if (dangles(text, zh))
		return EAR_DANGLES;
	size_t words = 1;
	for (size_t i = 0; i < text.n; i++)
		words += text.p[i] == ' ';
	return zh         ? (sv_runes(text) >= 4 ? EAR_PLAIN : EAR_UNKNOWN) :
	       words >= 3 ? EAR_PLAIN :
			    EAR_UNKNOWN;
}
