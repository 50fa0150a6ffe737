/* talk_yes.c: small readings that a service needs: does the customer say yes or no, is it a
 * question, which digits were said, and does a sentence of ours claim that something was done.
 *
 * Yes and no by whole utterances: the words are cut into known phrases and small words that mean
 * nothing ("please", "的"); what is left over makes it unsure, so "yes, but how much is the fee?"
 * is no yes. A no counts before a yes ("no, not that one, ok?"). Pure functions, any thread. */
#include "talk_core.h"

#define TEXT 400                     /* bytes that are looked at */

/* Longest first where one begins another. Lower case; marks and spaces are taken off. */
static const char *const yes_words[] = {
	"yesplease",
	"yes",
	"yeah",
	"yep",
	"yup",
	"sure",
	"ofcourse",
	"goahead",
	"pleasedo",
	"doit",
	"okay",
	"ok",
	"correct",
	"right",
	"thatsright",
	"thatiscorrect",
	"confirmed",
	"confirm",
	"iconfirm",
	"iagree",
	"agreed",
	"soundsgood",
	"fine",
	"allright",
	"alright",
	"absolutely",
	"definitely",
	"exactly",
	"pleasegoahead",
	"proceed",
	"icertainlydo",
	"certainly",
	"ido",
	"是的",
	"是",
	"对的",
	"对",
	"好的",
	"好啊",
	"好呀",
	"好吧",
	"好",
	"可以的",
	"可以",
	"行",
	"没错",
	"没问题",
	"确认",
	"确定",
	"同意",
	"嗯",
	"嗯嗯",
	"要的",
	"要",
	"需要",
	"麻烦你了",
	"办吧",
	"取消吧",
	"退吧",
	"就这样",
	"就这么办",
	"那就这样",
	"正确",
	"当然",
	"中",
	"成",
	"ok的",
	"帮我办理",
	"帮我办",
	"请办理",
	"继续吧",
	"继续",
	"好滴",
	"好哒",
	"好嘞",
	"对对对",
	"是是是",
	"没意见",
	"申请吧",
	"申请",
	"帮我申请",
	"帮我弄",
	"弄吧",
	"办了吧",
	"就办吧",
	"就这样办",
	"这样办",
	"退了吧",
	"换吧",
	"改吧",
	"登记吧",
	"提交吧",
	"预约吧",
	"约吧",
	"安排吧",
	"麻烦你办",
	"麻烦您办",
	"麻烦帮我办",
	"dothat",
	"dothis",
	"dothatforme",
	"makeitso",
	"ofcourseyes",
	"thatworks",
	"worksforme",
	"thatisfine",
	"thatsfine",
	"great",
	"perfect",
};
static const char *const no_words[] = {
	"nothanks",
	"nothankyou",
	"notthatone",
	"notthis",
	"notreally",
	"notnow",
	"notyet",
	"nope",
	"nah",
	"no",
	"not",
	"dont",
	"pleasedont",
	"pleasedonot",
	"donot",
	"stop",
	"cancelthat",
	"nevermind",
	"forgetit",
	"wrong",
	"leaveit",
	"iwouldrathernot",
	"rathernot",
	"idontwantto",
	"idontwantit",
	"idontwantthat",
	"idliketokeepit",
	"keepit",
	"illkeepit",
	"iwillkeepit",
	"idratherkeepit",
	"我留着",
	"我要留着",
	"还是留着",
	"留着吧",
	"留着",
	"waitno",
	"nowait",
	"waitdont",
	"dontcancel",
	"先别取消",
	"别取消",
	"别取消了",
	"等一下先别取消",
	"等一下别取消",
	"不用了",
	"不用",
	"不要了",
	"不要",
	"不需要",
	"不是的",
	"不是",
	"不对",
	"不行",
	"不可以",
	"不好",
	"不同意",
	"不确定",
	"不了",
	"不必了",
	"不必",
	"算了吧",
	"算了",
	"别了",
	"别",
	"错了",
	"不是这个",
	"先不",
	"先不要",
	"先不用",
	"等等再说",
	"再想想",
	"我再想想",
	"还是算了",
	"没有",
	"不办了",
	"不退了",
	"不取消了",
	"不换了",
	"取消不要了",
	"否",
	"不",
};
static const char *const nothing_words[] = {
	"please", "thanks", "thankyou", "verymuch", "somuch", "that", "this",  "it",   "is",
	"then",   "well",   "um",       "uh",       "hmm",    "oh",   "just",  "i",    "the",
	"one",    "now",    "very",     "so",       "do",     "sir",  "madam", "with", "lets",
	"guess",  "think",  "really",   "for",      "me",     "and",  "want",  "to",   "would",
	"like",   "谢谢",   "谢谢你",   "谢谢您",   "请",     "那",   "就",    "了",   "的",
	"吧",     "啊",     "呀",       "哦",       "呢",     "我",   "你",    "您",   "帮我",
	"麻烦",   "麻烦您", "麻烦你",   "这个",     "那个",   "这样", "嘛",    "啦",   "哈",
	"噢",     "哎",     "先",       "办理",     "一下",   "都",   "也",    "亲",   "先生",
	"小姐",   "想",     "这么",   "actually",
};

/* Letters in lower case without spaces and marks; false when it is too long for a yes or no. */
static bool squeeze(sv text, char out[TEXT], size_t *n)
{
	*n = 0;
	while (text.n) {
		uint32_t r = sv_fold(sv_rune(&text));
		bool letter = (r >= 'a' && r <= 'z') || (r >= '0' && r <= '9') || r >= 0x4E00;
		char ch[4];
		if (!letter || (r >= 0xFF00 && r <= 0xFFEF))
			continue;
		size_t k = sv_encode(r, ch);
		if (*n + k > TEXT)
			return false;
		memcpy(out + *n, ch, k);
		*n += k;
	}
	return true;
}

/* Bytes of the longest of the list that s begins with. */
static size_t begins(sv s, const char *const *list, size_t n)
{
	size_t most = 0;
	for (size_t i = 0; i < n; i++) {
		sv w = sv_of(list[i]);
		if (w.n > most && sv_starts(s, w))
			most = w.n;
	}
	return most;
}
#define BEGINS(s, list) begins(s, list, sizeof(list) / sizeof(*(list)))

/* "I would like to keep the lamp": what would be done is not wanted. Only of the customer himself:
 * "you keep my money" is no answer. */
static bool keeps(sv text)
{
	static const sv wish[] = {
		SV("ill keep|i will keep|ill just keep|i will just keep|im keeping|i am keeping|"
		   "i want to keep|i just want to keep|id like to keep|i would like to keep|"
		   "id love to keep|i prefer to keep|id prefer to keep|i would prefer to keep|"
		   "id rather keep|i would rather keep|i rather keep|ill rather keep|"
		   "id rather just keep|i would rather just keep|i decided to keep|"
		   "ive decided to keep|i have decided to keep|im going to keep|"
		   "i am going to keep|we will keep|we want to keep|wed like to keep|"
		   "we would like to keep|wed rather keep|we would rather keep|"
		   "weve decided to keep|we have decided to keep|let me keep + "
		   "keep the|keep my|keep this|keep that|keeping the|keeping my|keeping this|"
		   "keeping that + !yes|same|address"),
	};
	bool ret = false;
	feel_says(text, wish, 1, &ret);
	return ret;
}

/* "Oh great", "just perfect" is said in anger as well: no yes by itself. */
static bool is_praise(sv word)
{
	return sv_eq(word, SV("great")) || sv_eq(word, SV("perfect"));
}

static bool is_sigh(sv word)
{
	return sv_eq(word, SV("oh")) || sv_eq(word, SV("just"));
}

enum flow_yes talk_yes(sv text)
{
	char buf[TEXT];
	size_t n;
	bool yes = false, no = false, praise = false, sigh = false;
	if (!squeeze(text, buf, &n) || n == 0 || sv_ends(sv_trim(text), SV("?")) ||
	    sv_ends(sv_trim(text), SV("？")))
		return FLOW_UNSURE;
	sv rest = sv_n(buf, n);
	if (sv_find(rest, SV("keep")) >= 0 && keeps(text))
		return FLOW_NO;
	while (rest.n) {
		size_t y = BEGINS(rest, yes_words), x = BEGINS(rest, no_words);
		size_t z = BEGINS(rest, nothing_words);
		size_t most = y > x ? y : x;
		most = z > most ? z : most;
		if (most == 0)
			return FLOW_UNSURE;
		sv word = sv_slice(rest, 0, most);
		sigh |= is_sigh(word);
		praise |= is_praise(word);
		no |= x == most;
		yes |= x != most && y == most && !is_praise(word);
		rest = sv_slice(rest, most, rest.n);
	}
	yes |= praise && !sigh;
	return no ? FLOW_NO : yes ? FLOW_YES : FLOW_UNSURE;
}

/* ---- questions ---- */

bool talk_is_question(sv text)
{
	static const char *const heads[] = {
		"what", "how", "when", "where", "which", "who", "why", "can ", "could ", "do ",
		"does ", "did ", "is ", "are ", "was ", "will ", "would ", "may ", "should ",
		"have ", "has ", "am i",
	};
	static const char *const inside[] = { "吗", "什么", "怎么", "多少", "几天", "多久", "哪",
					      "为什么", "为啥", "能不能", "可不可以", "是不是",
					      "有没有", "要不要", "会不会", "如何", "咋" };
	char low[32];
	sv t = sv_trim(text);
	size_t n = t.n < sizeof(low) ? t.n : sizeof(low);
	if (sv_ends(t, SV("?")) || sv_ends(t, SV("？")) || sv_ends(t, SV("呢")))
		return true;
	for (size_t i = 0; i < n; i++)
		low[i] = (char)(t.p[i] >= 'A' && t.p[i] <= 'Z' ? t.p[i] | 32 : t.p[i]);
	for (size_t i = 0; i < sizeof(heads) / sizeof(*heads); i++)
		if (sv_starts(sv_n(low, n), sv_of(heads[i])))
			return true;
	for (size_t i = 0; i < sizeof(inside) / sizeof(*inside); i++)
		if (sv_find(t, sv_of(inside[i])) >= 0)
			return true;
	return false;
}

/* ---- digits ---- */

int talk_digits(sv text, char *out, int n)
{
	int got = 0;
	for (size_t i = 0; i < text.n && got < n;) {
		char digit = 0;
		bool head = i == 0 || !talk_latin(text.p[i - 1]);
		size_t step = flow_digit_at(sv_slice(text, i, text.n), head, &digit);
		sv after = sv_slice(text, i + (step ? step : 1), text.n);
		bool counts = sv_starts(after, SV("位")) || sv_starts(after, SV(" digit"));
		if (step && !counts)         /* "the last four digits" says how many */
			out[got++] = digit;
		i += step ? step : 1;
	}
	return got;
}

/* ---- what we must not say before it is so ---- */

bool talk_claims_effect(sv sentence)
{
	static const sv claims[] = {
		SV("i have|ive|we have|weve|i just|i already|has been|have been|had been|is "
		   "now|are "
		   "now|was|were + cancelled|canceled|refunded|booked|created|changed|updated|"
		   "registered|filed|submitted|issued|arranged|scheduled|processed|approved|"
		   "credited|exchanged|reserved|opened|placed + "
		   "your|you|order|return|refund|ticket|"
		   "address|complaint|appointment|pickup|exchange"),
		SV("已经为您|已为您|已经帮您|已帮您|已经给您|已给您|帮您办好|办好了|办理成功|"
		   "办理好了|"
		   "已办理|已取消|已经取消|取消成功|已退款|已经退款|退款成功|已提交|已经提交|"
		   "提交成功|"
		   "已登记|已经登记|已修改|已经修改|修改成功|已预约|已经预约|预约成功|已安排|"
		   "已经安排|"
		   "已申请|已经申请|申请成功|已换货|已受理|已经受理|已发起|已创建"),
		SV("you are|you have been|youre|your identity is|your identity has been + "
		   "verified|authenticated|identified"),
		SV("验证通过|核验通过|核实通过|已通过验证|身份已确认|身份已核实|您已验证"),
	};
	bool says[4] = { false };
	feel_says(sentence, claims, 4, says);
	return says[0] || says[1] || says[2] || says[3];
}
