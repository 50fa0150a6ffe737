/* chan_whole.c: does a partial transcript look like a whole question? Then its end needs less
 * silence.
 *
 * English: a question word and a verb, four words, and no last word that begs for more.
 * Chinese: a question word with enough around it, or a final particle. Wrong answers cost
 * little: false means the usual wait, true a reply that the customer can cut. Pure. */
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

bool ear_whole(sv text, sv lang)
{
	text = sv_trim(text);
	if (sv_starts(lang, SV("zh")))
		return whole_zh(text);
	return sv_starts(lang, SV("en")) && whole_en(text);
}
