/* talk_expect.c: what the customer will probably answer to what is being said, so that the ear
 * knows how patient to be: a number is dictated with long pauses, a yes comes at once.
 *
 * Told by the last sentence, if it asks or bids: words for numbers first, then for letters, then
 * the form of a yes-or-no question. Our own texts may say it themselves (lists of keys in
 * prompts/texts.<lang>.yaml). Pure functions, any thread. */
#include "talk_core.h"

#define TAIL 400                     /* bytes of a text that are looked at */

static const char *const orders[] = { "order number", "order id", "tracking number", "订单号",
				      "订单编号", "运单号", "快递单号" };
static const char *const numbers[] = {
	"phone number", "mobile number", "number on", "account number", "customer number",
	"card number", "reference number", "contract number", "zip code", "postcode",
	"postal code", "pin code", "your pin", "verification code", "digits", "手机号",
	"电话号码", "号码", "验证码", "卡号", "账号", "邮编", "编号", "几位数", "密码",
};
static const char *const letters[] = { "e-mail address", "email address", "spell", "your e-mail",
				       "your email",     "邮箱",          "拼写",  "怎么拼" };
static const char *const bids[] = { "please tell", "please give", "please enter", "please type",
				    "please say",  "please spell", "tell me your", "give me your",
				    "i need your", "key in", "请提供", "请输入", "请告诉", "请说",
				    "请报", "请您提供", "请您输入", "请您报", "请按" };
static const char *const verbs[] = { "do ", "does ", "did ", "is ", "are ", "was ", "were ",
				     "can ", "could ", "would ", "will ", "shall ", "should ",
				     "have ", "has ", "may ", "am " };
static const char *const asked_zh[] = { "吗", "对不对", "是不是", "好不好", "要不要", "可不可以",
					"行不行", "对吧", "是吧", "有没有" };
/* "Anything else?" has the form of yes or no and is answered at length. */
static const char *const open_after_all[] = { "anything else", "help you",   "i help",
					      "or ",           "do for you", "还有别的",
					      "帮您",          "还有什么",   "还是" };

static bool any(sv s, const char *const *list, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (sv_find(s, sv_of(list[i])) >= 0)
			return true;
	return false;
}
#define ANY(s, list) any(s, list, sizeof(list) / sizeof(*(list)))

static sv lower(sv s, char *out)
{
	for (size_t i = 0; i < s.n; i++)
		out[i] = (char)(s.p[i] >= 'A' && s.p[i] <= 'Z' ? s.p[i] | 32 : s.p[i]);
	return sv_n(out, s.n);
}

static sv last_sentence(sv text)
{
	sv last = SV_NULL;
	while (text.n) {
		size_t n = talk_sentence_end(text, true);
		sv one = sv_trim(sv_slice(text, 0, n));
		if (one.n)
			last = one;
		text = sv_slice(text, n, text.n);
	}
	return last;
}

static bool yes_or_no(sv s)
{
	if (ANY(s, open_after_all))
		return false;
	if (ANY(s, asked_zh) || sv_find(s, SV(", right?")) >= 0 || sv_find(s, SV("correct?")) >= 0)
		return true;
	ptrdiff_t comma = sv_find(s, SV(", ")); /* "If so, shall I ...?" */
	sv tail = comma < 0 ? s : sv_slice(s, (size_t)comma + 2, s.n);
	for (size_t i = 0; i < sizeof(verbs) / sizeof(*verbs); i++)
		if (sv_starts(s, sv_of(verbs[i])) || sv_starts(tail, sv_of(verbs[i])))
			return true;
	return false;
}

enum chan_expect talk_expect(sv text, bool *ret_order)
{
	char buf[TAIL];
	size_t from = text.n > TAIL ? text.n - TAIL : 0;
	while (from < text.n && ((unsigned char)text.p[from] & 0xC0) == 0x80)
		from++;
	sv s = lower(last_sentence(sv_slice(text, from, text.n)), buf);
	bool asks = sv_ends(s, SV("?")) || sv_ends(s, SV("？"));
	bool zh = sv_ends(s, SV("吗")) || sv_ends(s, SV("吗。"));
	*ret_order = false;
	if (!asks && !zh && !ANY(s, bids))
		return CHAN_EXPECT_OPEN;
	*ret_order = ANY(s, orders);
	if (*ret_order || ANY(s, numbers))
		return CHAN_EXPECT_DIGITS;
	if (ANY(s, letters))
		return CHAN_EXPECT_SPELLING;
	return (asks || zh) && yes_or_no(s) ? CHAN_EXPECT_YESNO : CHAN_EXPECT_OPEN;
}

enum chan_expect talk_text_expect(const struct talk_texts *x, sv lang, const char *key, sv text,
				  bool *ret_order)
{
	*ret_order = false;
	if (talk_text_marked(x, lang, "expect_open", key))
		return CHAN_EXPECT_OPEN;
	if (talk_text_marked(x, lang, "expect_yesno", key))
		return CHAN_EXPECT_YESNO;
	return talk_expect(text, ret_order);
}

bool talk_text_legal(const struct talk_texts *x, sv lang, const char *key)
{
	return talk_text_marked(x, lang, "legal", key);
}
