/* qa_form_law.c: an employee's emotion is never looked at. Article 5(1)(f) of the EU AI Act
 * (2024/1689) forbids inferring emotions in the workplace from biometric data, a voice among
 * them; here it is not done at all, in text neither.
 *
 * Two ways to ask for it are refused: a rule over moods `of` somebody who is not the customer,
 * and a title or rubric in which a word for an employee is followed, within the sentence and
 * with no word for a customer between, by a word for a mood. "Does the agent notice the
 * customer's anger" is fine, "does the agent sound angry" is not. */
#include "qa_form_int.h"

static const char *const people[] = { "agent",  "agents",         "employee", "employees",
				      "staff",  "representative", "operator", "bot",
				      "坐席",   "客服",           "员工",     "话务员",
				      "接线员", "代表",           "机器人" };
static const char *const others[] = { "customer", "customer's", "customers", "caller", "caller's",
				      "callers", "client", "client's", "clients", "user", "user's",
				      "客户", "顾客", "用户", "来电", "对方" };
static const char *const moods[] = {
	"emotion",  "emotions", "emotional", "mood",    "moods",         "feeling",
	"feelings", "angry",    "anger",     "annoyed", "irritated",     "frustrated",
	"stressed", "sad",      "happy",     "nervous", "tone of voice", "sentiment",
	"temper",   "情绪",     "心情",      "情感",    "生气",          "愤怒",
	"烦躁",     "不耐烦",   "高兴",      "紧张",    "语气",          "声调"
};

/* The first of list in text from byte `from` on: byte offset, or -1. */
static ptrdiff_t first_of(sv text, size_t from, const char *const *list, size_t n)
{
	size_t best = text.n, s, e;
	sv rest = sv_slice(text, from, text.n);
	for (size_t i = 0; i < n; i++) {
		sv word = sv_of(list[i]);
		struct qa_list one = { &word, 1 };
		if (qa_word_in(rest, &one, &s, &e) && from + sv_rune_offset(rest, s) < best)
			best = from + sv_rune_offset(rest, s);
	}
	return best < text.n ? (ptrdiff_t)best : -1;
}

#define FIRST(text, from, list) first_of(text, from, list, sizeof(list) / sizeof(*(list)))

static bool sentence_reads(sv s)
{
	ptrdiff_t who = FIRST(s, 0, people);
	while (who >= 0) {
		ptrdiff_t mood = FIRST(s, (size_t)who, moods);
		ptrdiff_t other = FIRST(s, (size_t)who, others);
		if (mood < 0)
			return false;
		if (other < 0 || other > mood)
			return true;
		who = FIRST(s, (size_t)other, people);
	}
	return false;
}

static bool ends(sv rest)
{
	uint32_t r = sv_rune(&rest);
	return r == '.' || r == '?' || r == '!' || r == ';' || r == '\n' || r == 0x3002 ||
	       r == 0xff1f || r == 0xff01 || r == 0xff1b;
}

static bool reads_mood(sv text)
{
	size_t from = 0;
	for (size_t i = 0; i <= text.n; i++) {
		if (i < text.n && !ends(sv_slice(text, i, text.n)))
			continue;
		if (sentence_reads(sv_slice(text, from, i)))
			return true;
		from = i;
	}
	return false;
}

void form_law(struct form_reader *r, const jv *item, const char *path)
{
	static const char *const texts[] = { "title.zh", "title.en", "model.zh", "model.en" };
	const char *mend = "Ask what was said or done; moods are read of customers only.";
	sv of = jv_get_str(item, "of"), rule = jv_get_str(item, "rule");
	bool mood_rule = sv_starts(rule, SV("mood")) || sv_starts(rule, SV("emotion"));
	if ((mood_rule || of.n) && !sv_eq(of, SV("customer"))) {
		form_fault(r, path, mend,
			   "an employee's emotion is never judged (of: \"" SV_FMT "\")",
			   SV_ARG(of));
		return;
	}
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		if (!reads_mood(jv_as_str(jv_path(item, texts[i]))))
			continue;
		form_fault(r, path, mend, "an employee's emotion is never judged (%s)", texts[i]);
		return;
	}
}
