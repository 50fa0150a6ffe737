/* kb_asked.c: a message without the words that only say who or which ("My order is 4711234", 我的
 * 电话是13812345678): they are no part of what is asked, and an order number drew every
 * question to the articles about orders.
 *
 * A number (a word of five digits and more, an e-mail address, a mask of guard) goes with the words
 * left of it that name it, when they say so ("is", a colon) or when nothing else stands in
 * its clause. What the message is about stays: "where is my order 4711234", and a rest that
 * only points at it ("when does it come?"). Pure functions; any thread. */
#include "kb_int.h"

#define DIGITS 5                 /* of a number that names something */
#define HALVES_ORDER 4           /* of the rest beside an order: two words, four CJK characters */
#define HALVES_OTHER 2
#define NUMBERS 8                /* of one message */

enum role { R_NONE, R_LINK, R_WHO, R_ORDER, R_IS };

static const struct {
	const char *word;
	enum role role;
} names[] = {
	{ "number", R_LINK },  { "no.", R_LINK },     { "no", R_LINK },	     { "id", R_LINK },
	{ "my", R_LINK },      { "our", R_LINK },     { "the", R_LINK },     { "and", R_LINK },
	{ "phone", R_WHO },    { "telephone", R_WHO }, { "mobile", R_WHO },  { "tel", R_WHO },
	{ "cell", R_WHO },     { "email", R_WHO },    { "e-mail", R_WHO },   { "mail", R_WHO },
	{ "account", R_WHO },  { "customer", R_WHO }, { "member", R_WHO },   { "name", R_WHO },
	{ "order", R_ORDER },  { "ref", R_ORDER },    { "contract", R_ORDER },
	{ "reference", R_ORDER },
	{ "is", R_IS },	       { "号码", R_LINK },    { "号", R_LINK },	     { "编号", R_LINK },
	{ "我的", R_LINK },    { "我", R_LINK },      { "的", R_LINK },	     { "本人", R_LINK },
	{ "电话", R_WHO },     { "手机", R_WHO },     { "邮箱", R_WHO },     { "会员", R_WHO },
	{ "账号", R_WHO },     { "姓名", R_WHO },     { "名字", R_WHO },     { "订单", R_ORDER },
	{ "单号", R_ORDER },   { "合同", R_ORDER },   { "是", R_IS },	     { "为", R_IS },
};

static bool letter(char c)
{
	return ((c | 32) >= 'a' && (c | 32) <= 'z') || (c >= '0' && c <= '9');
}

/* Length of the number that begins here, or 0. */
static size_t number_at(sv s)
{
	size_t n = 0, digits = 0;
	bool at = false;

	if (s.n && s.p[0] == '[') { /* a mask: [phone], [order_number_1] */
		while (++n < s.n && (letter(s.p[n]) || s.p[n] == '_'))
			;
		return n > 2 && n < s.n && s.p[n] == ']' ? n + 1 : 0;
	}
	for (; n < s.n && (letter(s.p[n]) || strchr("-_@.+*", s.p[n])); n++) {
		digits += s.p[n] >= '0' && s.p[n] <= '9';
		at |= s.p[n] == '@' && n;
	}
	while (n && !letter(s.p[n - 1])) /* the end of a sentence is not of it */
		n--;
	return digits >= DIGITS || at ? n : 0;
}

/* Bytes of the sign that ends a clause at the end of s; white space counts. */
static size_t sign_before(sv s)
{
	static const char *const wide[] = { "。", "，", "！", "？", "；", "～" };

	if (s.n && strchr(" \t\n.,;!?~", s.p[s.n - 1]))
		return 1;
	for (size_t i = 0; i < sizeof(wide) / sizeof(*wide); i++)
		if (sv_ends(s, sv_of(wide[i])))
			return strlen(wide[i]);
	return 0;
}

static size_t sign_after(sv s)
{
	static const char *const wide[] = { "。", "，", "！", "？", "；", "～" };

	if (s.n && strchr(" \t\n.,;!?~", s.p[0]))
		return 1;
	for (size_t i = 0; i < sizeof(wide) / sizeof(*wide); i++)
		if (sv_starts(s, sv_of(wide[i])))
			return strlen(wide[i]);
	return 0;
}

struct naming {                  /* what stands left of a number */
	size_t from;
	bool who, order, is;
};

/* One word, colon or blank less on the right of s. */
static size_t step_back(sv s, struct naming *x)
{
	if (s.n && strchr(" #", s.p[s.n - 1]))
		return 1;
	if (s.n && (s.p[s.n - 1] == ':' || sv_ends(s, SV("：")))) {
		x->is = true;
		return s.p[s.n - 1] == ':' ? 1 : 3;
	}
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		sv w = sv_of(names[i].word);

		if (s.n < w.n || !sv_eq_nocase(sv_slice(s, s.n - w.n, s.n), w) ||
		    (letter(w.p[0]) && s.n > w.n && letter(s.p[s.n - w.n - 1])))
			continue;
		x->is |= names[i].role == R_IS;
		x->who |= names[i].role == R_WHO;
		x->order |= names[i].role == R_ORDER;
		return w.n;
	}
	return 0;
}

static struct naming name_left(sv text, size_t at)
{
	struct naming x = { .from = at };
	size_t n;

	while ((n = step_back(sv_slice(text, 0, x.from), &x)) > 0)
		x.from -= n;
	while (x.from < at && text.p[x.from] == ' ') /* blanks stay with what is before */
		x.from++;
	return x;
}

/* Is there something to ask left, by itself? */
static bool asks(sv rest, bool order)
{
	static const char *const points[] = { "it", "its", "this", "that", "them", "they", "one" };
	struct kb_scan k;
	int halves = 0;

	if (order && (sv_find(rest, SV("它")) >= 0 || sv_find(rest, SV("这")) >= 0 ||
		      sv_find(rest, SV("那")) >= 0))
		return false;
	kb_scan_init(&k, rest);
	while (kb_scan_next(&k)) {
		sv w = kb_scan_sv(&k);

		halves += k.cjk ? 1 : 2;
		for (size_t i = 0; order && i < sizeof(points) / sizeof(*points); i++)
			if (sv_eq(w, sv_of(points[i])))
				return false;
	}
	return halves >= (order ? HALVES_ORDER : HALVES_OTHER);
}

/* text without the number at `at` and its naming, or text as it is. */
static sv without(sv text, size_t at, size_t n, struct arena *a)
{
	struct naming x = name_left(text, at);
	sv before = sv_slice(text, 0, x.from), after = sv_slice(text, at + n, text.n);
	bool alone = (!sv_trim(before).n || sign_before(sv_trim(before))) &&
		     (!sv_trim(after).n || sign_after(sv_trim(after)));
	const char *p;

	if ((!x.who && !x.order) || !(x.is || alone))
		return text;
	for (size_t k; (k = sign_after(after)) > 0;)
		after = sv_slice(after, k, after.n);
	before = sv_trim(before);
	p = arena_fmt(a, SV_FMT "%s" SV_FMT, SV_ARG(before), before.n && after.n ? " " : "",
		      SV_ARG(after));
	return p && asks(sv_of(p), x.order) ? sv_of(p) : text;
}

sv kb_asked(sv text, struct arena *a)
{
	size_t i = 0, seen = 0;

	while (i < text.n && seen < NUMBERS) {
		size_t n = i && letter(text.p[i - 1]) ? 0 :
							number_at(sv_slice(text, i, text.n));
		sv less = n ? without(text, i, n, a) : text;

		seen += n > 0;
		i = less.p == text.p ? i + (n ? n : 1) : 0;
		text = less;
	}
	return text;
}
