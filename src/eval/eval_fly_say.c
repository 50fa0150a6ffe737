/* eval_fly_say.c: how generated customers ask and agents answer (eval_flywheel.h).
 *
 * An agent says the article's first sentence mostly, the one nearest to the question, now and then
 * another; each reworded by a table of everyday variants, so that no two agents say it alike.
 * Around it stand greetings with names, order numbers, telephone numbers, talk and typing errors;
 * some answer something else, some say a wrong number. Numbers are written in several ways. Pure
 * but for the random numbers handed in.
 */
#include "eval_fly_int.h"

#include <stdio.h>

#define COUNT(a) (sizeof(a) / sizeof(*(a)))

struct pair {
	const char *from, *to;
};
static const struct pair en_words[] = {
	{ "You have", "You've got" },
	{ "you have", "you've got" },
	{ "You can", "You are able to" },
	{ "you can", "you may" },
	{ "we can", "we are able to" },
	{ "within", "in" },
	{ "at most", "no more than" },
	{ "at least", "a minimum of" },
	{ "cannot", "can't" },
	{ "do not", "don't" },
	{ "does not", "doesn't" },
	{ "must", "need to" },
	{ "CNY ", "¥" },
	{ "CNY ", "RMB " },
	{ "free of charge", "for free" },
	{ "costs nothing", "is free" },
	{ "costs", "comes to" },
	{ "please", "kindly" },
	{ "Please", "Kindly" },
	{ "choose", "pick" },
	{ "Choose", "Select" },
	{ "article", "item" },
	{ "articles", "items" },
	{ "immediately", "right away" },
	{ "usually", "normally" },
	{ "from the day of delivery", "after it was delivered" },
	{ "receive", "get" },
	{ "send", "mail" },
	{ "return", "send back" },
	{ "about", "around" },
	{ "every", "each" },
	{ "for example", "e.g." },
	{ "in a store", "in one of our stores" },
	{ "purchase", "buying" },
	{ "a month", "per month" },
	{ "a day", "per day" },
	{ "working days", "business days" },
	{ "working day", "business day" },
};
static const struct pair zh_words[] = {
	{ "可以", "能" },       { "不能", "没办法" }, { "您", "你" },
	{ "最多", "不超过" },   { "免费", "不收费" }, { "不收费", "免费" },
	{ "需要", "得" },       { "请", "麻烦" },     { "商品", "东西" },
	{ "联系", "找" },       { "之内", "内" },     { "以内", "之内" },
	{ "以上", "及以上" },   { "购买", "买" },     { "支持", "可以办" },
	{ "提交", "填" },       { "通常", "一般" },   { "一般", "通常" },
	{ "大约", "差不多" },   { "每月", "每个月" }, { "工作日内", "工作日之内" },
	{ "我们", "我们这边" }, { "也可以", "也能" }, { "如果", "要是" },
	{ "不支持", "不可以" }, { "按照", "按" },     { "收到", "拿到" },
};
static const char *const en_open[] = { "Thanks for waiting. ", "Hi Mr Wang, ", "Hello! ",
				       "Thank you for contacting us. ", "Hello Ms Chen, ", "Sure. ",
				       "One moment please, I'll have a look. ", "", "", "" };
static const char *const zh_open[] = { "您好，感谢您的耐心等待。",
				       "王先生您好，",
				       "您好！",
				       "亲，",
				       "好的，我帮您看一下。",
				       "陈女士，您好。",
				       "稍等，我查一下。",
				       "",
				       "",
				       "" };
static const char *const en_lead[] = { "As far as I can see, ",
				       "So basically, ",
				       "According to our "
				       "rules, ",
				       "In your case, ",
				       "",
				       "",
				       "",
				       "",
				       "" };
static const char *const zh_lead[] = {
	"是这样的，", "按照我们的规定，", "您这种情况，", "", "", "", "", ""
};
static const char *const en_mine[] = { "I've looked at your order HH2026-100357. ",
				       "We will call you on 13812345678. ",
				       "I've noted your e-mail li.wei@example.com. ",
				       "I can see your address, 88 Nanjing Road, Shanghai. " };
static const char *const zh_mine[] = { "我看到您的订单HH2026-100357了。",
				       "稍后会打13812345678联系您。",
				       "邮箱li.wei@example.com已经登记。",
				       "地址是上海市南京路88号，对吗？" };
static const char *const en_close[] = { " Is there anything else I can help you with?",
					" Have a nice day!", " Thank you.", "", "", "" };
static const char *const zh_close[] = {
	"请问还有什么可以帮您的吗？", "祝您生活愉快！", "感谢您的理解。", "", "", ""
};
static const char *const en_none[] = {
	"I'm sorry, I have to ask my colleague and will call you back.",
	"I'm afraid that's not something we offer.",
	"Let me check this with the other team, please bear with me.",
	"I have forwarded it, somebody will be in touch with you soon.",
};
static const char *const zh_none[] = {
	"不好意思，我需要问一下同事，稍后给您回电。", "抱歉，这个我们不提供。",
	"我先跟其他部门核实一下，请您稍等。", "已经帮您转过去了，会有人联系您的。",
};
static const char *const en_greet[] = { "hi, ", "Hello, ", "hey ", "", "", "", "", "" };
static const char *const zh_greet[] = { "你好，", "请问", "您好，请问", "", "", "", "", "" };

static bool chance(struct rng *r, double p)
{
	return rng_unit(r) < p;
}

static const char *one_of(struct rng *r, const char *const *v, size_t n)
{
	return v[rng_below(r, n)];
}
#define ONE(r, zh, name) \
	((zh) ? one_of(r, zh_##name, COUNT(zh_##name)) : one_of(r, en_##name, COUNT(en_##name)))

/* ---- customers ---- */

/* Two letters change places, or one is lost, somewhere in a word. */
static void with_typo(struct rng *r, sv s, struct sb *out)
{
	size_t at = s.n > 8 ? 1 + rng_below(r, s.n - 4) : 0;
	bool latin = at && (unsigned char)s.p[at] < 0x80 && (unsigned char)s.p[at + 1] < 0x80 &&
		     s.p[at] >= 'a' && s.p[at + 1] >= 'a';
	if (!latin) {
		sb_put(out, s);
		return;
	}
	sb_put(out, sv_slice(s, 0, at));
	if (chance(r, 0.5))
		sb_ch(out, s.p[at + 1]);
	sb_ch(out, s.p[at]);
	sb_put(out, sv_slice(s, at + 2, s.n));
}

void fly_ask(struct rng *r, bool zh, sv question, struct sb *out)
{
	sb_cstr(out, ONE(r, zh, greet));
	if (!zh && chance(r, 0.12))
		with_typo(r, question, out);
	else
		sb_put(out, question);
	if (chance(r, 0.3))
		sb_cstr(out, zh ? "？" : "?");
	if (chance(r, 0.06))
		sb_cstr(out, zh ? " 我的电话是13812345678" : " My order is HH2026-100357");
	else if (chance(r, 0.08))
		sb_cstr(out, zh ? "，谢谢" : ", thanks");
}

/* ---- agents ---- */

static void reword(struct rng *r, bool zh, int agent, sv s, struct sb *out)
{
	const struct pair *t = zh ? zh_words : en_words;
	size_t n = zh ? COUNT(zh_words) : COUNT(en_words);
	bool use[64];
	/* an agent has habits, and moods */
	for (size_t i = 0; i < n; i++)
		use[i] = ((i * 7 + (size_t)agent * 5) % 11 < 4) != chance(r, 0.15);
	while (s.n) {
		size_t i = 0;
		while (i < n && !(use[i] && sv_starts(s, sv_of(t[i].from))))
			i++;
		if (i < n) {
			sb_cstr(out, t[i].to);
			s = sv_slice(s, strlen(t[i].from), s.n);
			continue;
		}
		sv rest = s;
		(void)sv_rune(&rest);
		sv letter = sv_slice(s, 0, s.n - rest.n);
		if (letter.p[0] != '*' && letter.p[0] != '`')
			sb_put(out, letter);
		s = rest;
	}
}

/* "lost"/"lots": numbers of one to two digits grow, others have a digit changed. */
bool fly_other_number(struct rng *r, sv text, struct sb *out)
{
	size_t at[64], n = 0;
	for (size_t i = 0; i < text.n && n < 64; i++) {
		bool digit = text.p[i] >= '0' && text.p[i] <= '9';
		bool first = i == 0 || ((text.p[i - 1] < '0' || text.p[i - 1] > '9') &&
					!strchr(".:-", text.p[i - 1]));
		bool glued = i && ((text.p[i - 1] | 32) >= 'a' && (text.p[i - 1] | 32) <= 'z');
		if (digit && first && !glued)
			at[n++] = i;
	}
	if (!n)
		return false;
	size_t i = at[rng_below(r, n)], k = i;
	while (k < text.n && text.p[k] >= '0' && text.p[k] <= '9')
		k++;
	int64_t was = 0, now;
	if (sv_i64(sv_slice(text, i, k), &was) || was > 1000000)
		return false;
	now = was < 3 ? was + 2 : was + (int64_t)(1 + rng_below(r, (uint64_t)was));
	sb_put(out, sv_slice(text, 0, i));
	sb_fmt(out, "%lld", (long long)now);
	sb_put(out, sv_slice(text, k, text.n));
	return true;
}

static size_t words_shared(sv a, sv b)
{
	size_t n = 0;
	for (size_t i = 0; i + 3 <= a.n; i++)
		n += sv_find(b, sv_slice(a, i, i + 3)) >= 0 && a.p[i] != ' ';
	return n;
}

static void say(struct rng *r, const struct fly_article *a, bool zh, int agent, size_t i,
		struct sb *out)
{
	struct sb b;
	sb_init(&b, LIM_SB);
	if (out->n && !zh && out->p[out->n - 1] != ' ')
		sb_ch(out, ' ');
	if (chance(r, 0.25))
		sb_cstr(&b, ONE(r, zh, lead));
	reword(r, zh, agent, a->sentence[i], &b);
	sv s = sb_sv(&b);
	sb_put(out, s);
	bool ended = s.n && (strchr(".!?", s.p[s.n - 1]) || sv_ends(s, SV("。")) ||
			     sv_ends(s, SV("！")) || sv_ends(s, SV("？")));
	if (!ended)
		sb_cstr(out, zh ? "。" : ".");
	sb_done(&b);
}

bool fly_answer(struct rng *r, const struct fly_article *a, bool zh, sv question, int agent,
		bool wrong, struct sb *out)
{
	struct sb b;
	if (!a || !a->n_sentence || chance(r, 0.05)) {
		sb_cstr(out, ONE(r, zh, none));
		return false;
	}
	sb_cstr(out, ONE(r, zh, open));
	if (chance(r, 0.15))
		sb_cstr(out, ONE(r, zh, mine));
	size_t near = 0, best = 0, other = rng_below(r, a->n_sentence);
	for (size_t i = 0; i < a->n_sentence; i++) {
		size_t n = words_shared(question, a->sentence[i]);
		if (n > best) {
			best = n;
			near = i;
		}
	}
	bool lead = chance(r, 0.75) || near == 0;
	sb_init(&b, LIM_SB);
	if (lead)
		say(r, a, zh, agent, 0, &b);
	if (near && chance(r, 0.7))
		say(r, a, zh, agent, near, &b);
	if ((other && other != near && chance(r, 0.5)) || !b.n)
		say(r, a, zh, agent, other, &b);
	if (!wrong || !fly_other_number(r, sb_sv(&b), out))
		sb_put(out, sb_sv(&b));
	sb_done(&b);
	sb_cstr(out, ONE(r, zh, close));
	return true;
}
