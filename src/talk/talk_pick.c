/* talk_pick.c: which of the titles that were offered the customer means: by its number, by words
 * that only one of them has, or none of them.
 *
 * The words are cut into numbers, small words that mean nothing here ("the ... one please",
 * "那个吧") and the rest. A number alone picks; the rest picks the one title that has all of it,
 * or most of it where the customer says that one of them is meant ("the delivery one"). Whatever
 * else is said is a question of its own. Pure, any thread. */
#include "talk_core.h"
#include "talk_pick.h"

#include <string.h>

enum { TEXT = 160, UNITS = 12, FILLER = 0, LAST = -1, FIRST = 1, SECOND = 2, THIRD = 3, NO = -2,
       NONE = -3, YES = -4, ONE = -5, MEANT = -6, LATTER = -7, NOT = -8 };

struct word { const char *w; int is; };

/* Whole words, without apostrophes. */
static const struct word en[] = {
	{ "1", FIRST }, { "first", FIRST }, { "1st", FIRST }, { "former", FIRST }, { "a", FILLER },
	{ "2", SECOND }, { "two", SECOND }, { "second", SECOND }, { "2nd", SECOND },
	{ "3", THIRD }, { "three", THIRD }, { "third", THIRD }, { "3rd", THIRD },
	{ "last", LAST }, { "latter", LATTER }, { "bottom", LAST }, { "final", LAST },
	{ "one", ONE }, { "ones", MEANT }, { "mean", MEANT }, { "meant", MEANT }, { "top", FIRST },
	{ "none", NONE }, { "neither", NONE }, { "else", NONE }, { "other", NONE },
	{ "another", NONE }, { "nope", NO }, { "no", NO }, { "not", NOT }, { "isnt", NOT },
	{ "arent", NOT }, { "nothing", NONE }, { "different", NONE }, { "yes", YES },
	{ "yeah", YES }, { "yep", YES }, { "these", FILLER }, { "those", FILLER },
	{ "them", FILLER }, { "above", FILLER }, { "any", FILLER }, { "of", FILLER },
	{ "all", FILLER }, { "something", FILLER }, { "the", FILLER }, { "please", FILLER },
	{ "number", FILLER }, { "nr", FILLER }, { "option", FILLER },
	{ "question", FILLER }, { "answer", FILLER }, { "title", FILLER }, { "item", FILLER },
	{ "i", FILLER }, { "id", FILLER }, { "its", FILLER }, { "it", FILLER }, { "is", FILLER },
	{ "im", FILLER }, { "was", FILLER }, { "would", FILLER }, { "like", FILLER },
	{ "want", FILLER }, { "choose", FILLER }, { "pick", FILLER }, { "take", FILLER },
	{ "go", FILLER }, { "with", FILLER }, { "for", FILLER }, { "thats", FILLER },
	{ "that", FILLER }, { "this", FILLER }, { "my", FILLER }, { "think", FILLER },
	{ "thanks", FILLER }, { "thank", FILLER }, { "you", FILLER }, { "ok", FILLER },
	{ "okay", FILLER }, { "well", FILLER }, { "um", FILLER }, { "uh", FILLER },
	{ "er", FILLER }, { "to", FILLER }, { "about", MEANT }, { "just", FILLER },
	{ "actually", FILLER }, { "asking", FILLER }, { "on", FILLER }, { "and", FILLER },
	{ "are", FILLER }, { "really", FILLER }, { "sorry", FILLER }, { "oh", FILLER },
};
/* Wherever they stand, the longest first. */
static const struct word zh[] = {
	{ "都不是", NONE }, { "全都不是", NONE }, { "都不对", NONE }, { "不是这些", NONE },
	{ "都没有", NONE }, { "没有一个", NONE }, { "没一个", NONE }, { "一个都不", NONE },
	{ "一个也不", NONE }, { "别的", NONE }, { "其他的", NONE }, { "其它的", NONE },
	{ "都不沾边", NONE }, { "两个都不", NONE }, { "三个都不", NONE }, { "以上都不", NONE },
	{ "哪个都不", NONE }, { "不是", NOT }, { "不对", NO }, { "没有", NO }, { "不", NO },
	{ "第一", FIRST }, { "一号", FIRST }, { "头一个", FIRST }, { "前者", FIRST },
	{ "第二", SECOND }, { "二号", SECOND }, { "后者", LATTER },
	{ "第三", THIRD }, { "三号", THIRD }, { "最后一", LAST }, { "最后", LAST },
	{ "末尾", LAST }, { "最下面", LAST }, { "最上面", FIRST }, { "一", FIRST },
	{ "二", SECOND }, { "三", THIRD }, { "是的", YES }, { "对的", YES }, { "对", YES },
	{ "是", YES }, { "我说的是", MEANT }, { "我是说", MEANT }, { "我指的是", MEANT },
	{ "我问的是", MEANT }, { "我是问", MEANT }, { "我想问的是", MEANT },
	{ "我要问的是", MEANT }, { "我想问", MEANT }, { "我想了解", MEANT }, { "那个", MEANT },
	{ "那条", MEANT }, { "那一个", MEANT }, { "那一条", MEANT }, { "关于", MEANT },
	{ "这里面", FILLER }, { "这些", FILLER }, { "我要", FILLER }, { "我选", FILLER },
	{ "我想", FILLER }, { "选择", FILLER }, { "应该是", FILLER }, { "应该", FILLER },
	{ "就是", FILLER }, { "谢谢", FILLER }, { "你好", FILLER }, { "请问", FILLER },
	{ "问题", FILLER }, { "麻烦", FILLER }, { "第", FILLER }, { "个", FILLER },
	{ "条", FILLER }, { "项", FILLER }, { "种", FILLER }, { "号", FILLER }, { "吧", FILLER },
	{ "呢", FILLER }, { "啊", FILLER }, { "呀", FILLER }, { "哦", FILLER }, { "嗯", FILLER },
	{ "了", FILLER }, { "的", FILLER }, { "选", FILLER }, { "我", FILLER }, { "要", FILLER },
	{ "就", FILLER }, { "那", FILLER }, { "这", FILLER }, { "请", FILLER }, { "看", FILLER },
	{ "问", FILLER }, { "想", FILLER }, { "都", FILLER }, { "好", FILLER },
};

/* What was said, cut up. */
struct said {
	int number[2], n;            /* the numbers told: 1.., LAST, LATTER */
	bool no, not, none, yes, one, meant, rest_full;
	sv rest[UNITS];              /* words or runs of letters that are left over */
	int n_rest;
};

static bool letter(char ch)
{
	return talk_latin(ch) || (ch >= '0' && ch <= '9');
}

/* Lower case, marks as spaces, apostrophes off. False: too long. */
static bool plain(sv text, char *out, size_t room, size_t *ret_n)
{
	size_t n = 0;
	while (text.n) {
		sv at = text;
		uint32_t r = sv_rune(&text);
		size_t len = at.n - text.n;
		if (n + len + 1 > room)
			return false;
		if (r == '\'' || r == 0x2019)
			continue;
		bool mark = r < 0x80 ? !letter((char)r) :
				       (r >= 0x2000 && r < 0x2100) || (r >= 0x3000 && r < 0x3040) ||
					       (r >= 0xFF00 && r < 0xFF10) ||
					       (r >= 0xFF1A && r < 0xFF21);
		if (mark) {
			out[n++] = ' ';
			continue;
		}
		for (size_t i = 0; i < len; i++) {
			char ch = at.p[i];
			out[n++] = (char)(ch >= 'A' && ch <= 'Z' ? ch | 32 : ch);
		}
	}
	*ret_n = n;
	return true;
}

static void note(struct said *s, int is)
{
	s->no |= is == NO;
	s->not |= is == NOT;
	s->none |= is == NONE;
	s->yes |= is == YES;
	s->one |= is == ONE;
	s->meant |= is == MEANT || is == ONE;
	if ((is > 0 || is == LAST || is == LATTER) && s->n < 2)
		s->number[s->n++] = is;
}

static void keep(struct said *s, sv unit, bool joins)
{
	sv *last = s->n_rest ? &s->rest[s->n_rest - 1] : NULL;
	if (joins && last && last->p + last->n == unit.p)
		last->n += unit.n;
	else if (s->n_rest < UNITS)
		s->rest[s->n_rest++] = unit;
	else
		s->rest_full = true;
}

static const struct word *longest(const struct word *list, size_t n, sv text, bool whole)
{
	const struct word *best = NULL;
	for (size_t i = 0; i < n; i++) {
		sv w = sv_of(list[i].w);
		if ((whole ? sv_eq(text, w) : sv_starts(text, w)) &&
		    (!best || w.n > strlen(best->w)))
			best = &list[i];
	}
	return best;
}

static void cut(sv text, struct said *s)
{
	*s = (struct said){ .n = 0 };
	while (text.n) {
		size_t n = 0;
		if (*text.p == ' ') {
			text = sv_slice(text, 1, text.n);
			continue;
		}
		while (n < text.n && letter(text.p[n]))
			n++;
		bool latin = n > 0;
		const struct word *w = latin ? longest(en, sizeof(en) / sizeof(*en),
						       sv_slice(text, 0, n), true) :
					       longest(zh, sizeof(zh) / sizeof(*zh), text, false);
		sv after = text;
		if (!latin) {
			(void)sv_rune(&after);
			n = w ? strlen(w->w) : text.n - after.n;
		}
		if (w)
			note(s, w->is);
		else
			keep(s, sv_slice(text, 0, n), !latin);
		text = sv_slice(text, n, text.n);
	}
}

/* ---- words of the titles ---- */

/* "returns" and "returned", "assemble" and "assembly"; short ones to the letter. */
static bool akin(sv x, sv y)
{
	size_t n = 0;
	while (n < x.n && n < y.n && x.p[n] == y.p[n])
		n++;
	return (n == x.n && n == y.n) || (n >= 4 && x.n - n <= 3 && y.n - n <= 3);
}

static bool has_word(sv title, sv word)
{
	for (size_t i = 0; i < title.n; i++) {
		size_t e = i;
		while (e < title.n && letter(title.p[e]))
			e++;
		if (e > i && akin(word, sv_slice(title, i, e)))
			return true;
		i = e;
	}
	return false;
}

/* A run of other letters: whole, or two of it side by side where part is enough. */
static bool has_run(sv title, sv run, bool part)
{
	if (sv_find(title, run) >= 0)
		return sv_runes(run) > 1;
	while (part && run.n) {
		sv a = run, b;
		(void)sv_rune(&a);
		b = a;
		if (!b.n)
			break;
		(void)sv_rune(&b);
		if (sv_find(title, sv_slice(run, 0, run.n - b.n)) >= 0)
			return true;
		run = a;
	}
	return false;
}

static bool has(sv title, sv unit, bool part)
{
	return letter(*unit.p) ? has_word(title, unit) : has_run(title, unit, part);
}

/* The one title that has words of the rest which no other has, and all of it, or half and more
 * where one of them is meant; else PICK_NOT. */
static int by_words(const struct said *s, const sv *titles, int n)
{
	int best = PICK_NOT;
	for (int i = 0; i < n; i++) {
		int alone = 0, in = 0;
		for (int k = 0; k < s->n_rest; k++) {
			bool here = has(titles[i], s->rest[k], s->meant), there = false;
			for (int o = 0; o < n; o++)
				there |= o != i && has(titles[o], s->rest[k], s->meant);
			in += here;
			alone += here && !there;
		}
		if (!alone)
			continue;
		if (best != PICK_NOT)
			return PICK_NOT;
		best = s->meant ? (2 * in >= s->n_rest ? i : PICK_NOT) :
				  (in == s->n_rest ? i : PICK_NOT);
		if (best == PICK_NOT)
			return PICK_NOT;
	}
	return best;
}

static int by_number(const struct said *s, int n)
{
	int is = s->number[0];
	if (s->n > 1 && s->number[1] != is)
		return PICK_NOT;
	if (is == LATTER)
		return n == 2 ? 1 : PICK_NOT;
	is = is == LAST ? n : is;
	return is <= n ? is - 1 : PICK_NOT;
}

/* "one" is a number here; "this one" is none. */
static bool number_one(sv text)
{
	static const char *const ways[] = { "one", "number one", "option one", "one please",
					    "the number one", "number one please" };
	for (size_t i = 0; i < sizeof(ways) / sizeof(*ways); i++)
		if (sv_eq(sv_trim(text), sv_of(ways[i])))
			return true;
	return false;
}

int talk_pick(sv text, char *const *titles, int n, bool *ret_sure)
{
	char buf[TEXT], names[TALK_OFFERS][2 * TEXT];
	size_t len;
	sv title[TALK_OFFERS];
	struct said s;
	*ret_sure = false;
	if (n <= 0 || n > TALK_OFFERS || !plain(text, buf, sizeof(buf), &len))
		return PICK_NOT;
	cut(sv_n(buf, len), &s);
	if (s.rest_full)
		return PICK_NOT;
	*ret_sure = true;
	if (!s.n_rest) {
		if (s.n)
			return s.not || s.none ? PICK_NOT : by_number(&s, n);
		*ret_sure = s.none;
		if (s.none || s.no || s.not)
			return PICK_NONE;
		*ret_sure = s.one && !s.yes;
		return s.yes || (s.one && (n == 1 || number_one(sv_n(buf, len)))) ? 0 : PICK_NOT;
	}
	if (s.not || s.none)
		return PICK_NOT;
	for (int i = 0; i < n; i++) {
		if (!titles[i] || !plain(sv_of(titles[i]), names[i], sizeof(names[i]), &len))
			return PICK_NOT;
		title[i] = sv_n(names[i], len);
	}
	int k = by_words(&s, title, n);
	*ret_sure = s.meant;
	return s.n && k != by_number(&s, n) ? PICK_NOT : k;
}
