/* flow_fill.c: what a flow takes from words and puts into words: slots, choices, templates,
 * arguments. flow_words.c and flow_place.c read the words. Pure; results in the arena given. */
#include "flow_int.h"

#include <math.h>
#include <stdio.h>

#define NUMBER_MAX 32                /* of an order: letters, then digits */
#define NUMBER_LETTERS 4
#define NUMBER_DIGITS 6
#define PHONE_LEAST 7
#define PHONE_MOST 15                /* ITU-T E.164 */

int flow_lang(sv lang)
{
	return sv_starts(lang, SV("zh")) ? 0 : 1;
}

/* ---- templates ---- */

static void put_value(struct sb *b, const jv *v, int lang)
{
	static const char *const langs[] = { "zh", "en" };
	if (jv_is_obj(v) && jv_get(v, langs[lang]))
		v = jv_get(v, langs[lang]);
	if (jv_is_str(v)) {
		sb_put(b, jv_as_str(v));
	} else if (jv_is_bool(v)) {
		sb_cstr(b, jv_as_bool(v, false) ? "true" : "false");
	} else if (jv_is_num(v)) {
		double d = jv_as_num(v, 0);
		if (fabs(d) < 1e15 && d == floor(d))
			sb_fmt(b, "%.0f", d);
		else
			sb_fmt(b, "%.2f", d);
	}
}

/* "{amount.number}": the number at the head of "50.00 CNY"; false = none. */
static bool number_at(const jv *vars, sv place, double *ret)
{
	char path[160];
	if (!sv_ends(place, SV(".number")) || place.n < 8 || place.n >= sizeof(path))
		return false;
	(void)snprintf(path, sizeof(path), SV_FMT, SV_ARG(sv_slice(place, 0, place.n - 7)));
	sv s = jv_as_str(jv_path(vars, path)), head;
	return sv_cut(&s, ' ', &head) && sv_f64(head, ret) == 0;
}

/* "a.*.b": all of them, with a comma between. */
static void put_path(struct sb *b, const jv *vars, sv path, int lang)
{
	char whole[160];
	double number;
	if (path.n >= sizeof(whole))
		return;
	if (number_at(vars, path, &number)) {
		jv *v = jv_num(number);
		put_value(b, v, lang);
		jv_free(v);
		return;
	}
	memcpy(whole, path.p, path.n);
	whole[path.n] = '\0';
	char *star = strstr(whole, ".*");
	if (!star) {
		put_value(b, jv_path(vars, whole), lang);
		return;
	}
	*star = '\0';
	const jv *list = jv_path(vars, whole);
	const char *rest = star[2] == '.' ? star + 3 : "";
	for (size_t i = 0; i < jv_len(list); i++) {
		const jv *x = jv_at(list, i);
		if (i)
			sb_cstr(b, lang == 0 ? "、" : ", ");
		put_value(b, rest[0] ? jv_path(x, rest) : x, lang);
	}
}

static bool name_char(char c)
{
	return flow_letter(c) || c == '_' || c == '.' || c == '*';
}

/* The name in {..} at the head of s, or nothing. */
static sv place_at(sv s)
{
	size_t i = 1;
	while (i < s.n && name_char(s.p[i]))
		i++;
	return i > 1 && i < s.n && s.p[i] == '}' ? sv_slice(s, 1, i) : SV_NULL;
}

sv flow_words(const jv *vars, sv tmpl, sv lang, struct arena *a)
{
	struct sb b;
	sb_init(&b, 16384);
	while (tmpl.n) {
		sv place = tmpl.p[0] == '{' ? place_at(tmpl) : SV_NULL;
		if (place.n) {
			put_path(&b, vars, place, flow_lang(lang));
			tmpl = sv_slice(tmpl, place.n + 2, tmpl.n);
		} else {
			sb_ch(&b, tmpl.p[0]);
			tmpl = sv_slice(tmpl, 1, tmpl.n);
		}
	}
	sv out = arena_sv(a, sb_sv(&b));
	sb_done(&b);
	return out;
}

/* A string that is one place keeps the value's type; NULL when there is none. */
static jv *arg_value(const jv *vars, const jv *v, sv lang, struct arena *a)
{
	static const char *const langs[] = { "zh", "en" };
	if (jv_is_obj(v) && jv_get(v, "zh") && jv_get(v, "en"))
		v = jv_get(v, langs[flow_lang(lang)]);
	sv s = jv_as_str(v);
	if (!jv_is_str(v))
		return jv_copy(v);
	sv place = s.n && s.p[0] == '{' ? place_at(s) : SV_NULL;
	if (place.n && place.n + 2 == s.n && sv_find_ch(place, '*') < 0) {
		char path[160];
		double number;
		if (sv_ends(place, SV(".number")))
			return number_at(vars, place, &number) ? jv_num(number) : NULL;
		(void)snprintf(path, sizeof(path), SV_FMT, SV_ARG(place));
		const jv *x = jv_path(vars, path);
		bool none = jv_is_null(x) || (jv_is_str(x) && !jv_as_str(x).n);
		return none ? NULL : jv_copy(x);
	}
	return jv_str(flow_words(vars, s, lang, a));
}

sv flow_args(const jv *vars, const jv *args, sv lang, struct arena *a)
{
	jv *o = jv_obj(), *v;
	void *it = NULL;
	sv key;
	while (jv_next(args, &it, &key, &v)) {
		jv *x = arg_value(vars, v, lang, a);
		if (x)
			jv_set(o, arena_cstr(a, key), x);
	}
	struct sb b;
	sb_init(&b, 65536);
	jv_dump(o, &b);
	jv_free(o);
	sv out = arena_sv(a, sb_sv(&b));
	sb_done(&b);
	return out;
}

/* ---- choices ---- */

static size_t from_list(const struct flow_run *r, const struct flow_slot_def *s, sv lang,
			struct arena *a, sv *label, const jv **value, size_t max)
{
	char path[160], name[80], show[80];
	(void)snprintf(path, sizeof(path), SV_FMT, SV_ARG(s->list));
	(void)snprintf(name, sizeof(name), SV_FMT, SV_ARG(s->list_value));
	(void)snprintf(show, sizeof(show), SV_FMT, SV_ARG(s->list_label));
	const jv *list = jv_path(r->vars, path);
	size_t n = 0;
	for (size_t i = 0; i < jv_len(list) && n < max; i++) {
		const jv *x = jv_at(list, i), *v = name[0] ? jv_path(x, name) : x;
		struct sb b;
		if (jv_is_null(v))
			continue;
		sb_init(&b, 1024);
		if (show[0])
			put_path(&b, x, sv_of(show), flow_lang(lang));
		else
			put_value(&b, x, flow_lang(lang));
		label[n] = arena_sv(a, sb_sv(&b));
		value[n++] = v;
		sb_done(&b);
	}
	return n;
}

size_t flow_choices(const struct flow_run *r, const struct flow_slot_def *s, sv lang,
		    struct arena *a, sv *label, const jv **value, size_t max)
{
	if (s->list.n)
		return from_list(r, s, lang, a, label, value, max);
	size_t n = s->n_choices < max ? s->n_choices : max;
	for (size_t i = 0; i < n; i++) {
		label[i] = s->choices[i].label.t[flow_lang(lang)];
		value[i] = NULL;
	}
	return n;
}

/* "the second one", "第二个", "2", "two": 1-based, 0 = none. "one" is a number only alone: "the
 * blue one" is none. */
static size_t ordinal(sv text)
{
	static const char *const words[] = { "1|first|第一|头一个", "2|second|第二",
					     "3|third|第三",        "4|fourth|第四",
					     "5|fifth|第五",        "6|sixth|第六",
					     "7|seventh|第七",      "8|eighth|第八",
					     "9|ninth|第九" };
	static const char *const alone[] = { "one|一|一号",   "two|二|两|二号", "three|三|三号",
					     "four|四|四号",  "five|五|五号",   "six|六|六号",
					     "seven|七|七号", "eight|八|八号",  "nine|九|九号" };
	char a[FLOW_FOLD];
	sv t = sv_trim(flow_fold(sv_trim(text), a)), one;
	if (sv_runes(t) > 24)
		return 0;
	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
		if (flow_has(t, sv_of(words[i])))
			return i + 1;
	for (size_t i = 0; i < sizeof(alone) / sizeof(*alone); i++)
		for (sv list = sv_of(alone[i]); sv_cut(&list, '|', &one);)
			if (sv_eq(t, one))
				return i + 1;
	return 0;
}

/* Letters (or Han signs) of a that b has in pairs, as a share of a's. */
static double likeness(sv a, sv b)
{
	char fa[FLOW_FOLD], fb[FLOW_FOLD];
	sv x = flow_fold(a, fa), y = flow_fold(b, fb);
	size_t n = 0, hit = 0;
	while (x.n) {
		sv rest = x;
		(void)sv_rune(&rest);
		if (!rest.n)
			break;
		sv after = rest;
		(void)sv_rune(&after);
		sv pair = sv_n(x.p, (size_t)(after.p - x.p));
		if (sv_find_ch(pair, ' ') < 0) {
			n++;
			hit += sv_find(y, pair) >= 0;
		}
		x = rest;
	}
	return n ? (double)hit / (double)n : 0;
}

/* Words of the Latin alphabet have one in common, or its beginning: letters in pairs alone are in
 * any long sentence. True where one of the two has no such words,
 * and for a in another script. */
static bool share_word(sv a, sv b)
{
	char fa[FLOW_FOLD], fb[FLOW_FOLD];
	sv x = flow_fold(a, fa), y = flow_fold(b, fb);
	bool words = false, others = false;
	for (size_t i = 0; i < x.n; i++) {
		size_t n = 0;
		if ((unsigned char)x.p[i] >= 0x80)
			return true; /* another script */
		if (!flow_letter(x.p[i]) || (i && flow_letter(x.p[i - 1])))
			continue;
		while (i + n < x.n && flow_letter(x.p[i + n]))
			n++;
		sv w = sv_n(x.p + i, n > 4 ? n - 1 : n);
		words |= n >= 3;
		for (size_t k = 0; k + w.n <= y.n; k++) {
			bool head = flow_letter(y.p[k]) && (k == 0 || !flow_letter(y.p[k - 1]));
			others |= head;
			if (n >= 3 && head && memcmp(y.p + k, w.p, w.n) == 0)
				return true;
		}
	}
	return !words || !others;
}

#define LIKE_LEAST 0.45      /* of a name must be in the words, and clearly more than of others */
#define LIKE_APART 0.15

static int nearest(sv text, const sv *label, size_t n)
{
	static const struct flow_text small = {
		{ SV("那个|这个|那一个|这一个|那件|这件|那张|这张|那单|"
		     "这单|我要|就是|的|吧|要"),
		  SV("please|the|one|order|with|it's|it is|i mean") }
	};
	char buf[FLOW_FOLD];
	double best = 0, second = 0;
	int at = -1;
	sv left = sv_trim(flow_without(text, &small, buf));
	text = left.n ? left : text;
	for (size_t i = 0; i < n; i++) {
		if (!share_word(text, label[i]))
			continue;
		/* the words may be a part of the name ("the lamp") or hold it whole */
		double l = likeness(label[i], text), m = 0.8 * likeness(text, label[i]);
		double like = l > m ? l : m;
		if (like > best) {
			second = best;
			best = like;
			at = (int)i;
		} else if (like > second) {
			second = like;
		}
	}
	return best >= LIKE_LEAST && best - second >= LIKE_APART ? at : -1;
}

/* A short Chinese word of which one name alone has a sign: 枕头 and 荞麦枕; -1 = none. */
static int by_sign(sv text, const sv *label, size_t n)
{
	static const sv none = SV(
		"一二两三四五六七八九十个件只张那这的是不有都上下大小前后左右好知道要我你您他"
		"它什么哪吗呢吧了没对行可以谢请商品东西订单");
	int at = -1;
	sv t = flow_bare(text);
	if (sv_runes(t) > 4)
		return -1;
	for (size_t i = 0; i < n; i++) {
		bool has = false;
		for (sv rest = t; rest.n;) {
			sv sign = rest;
			if (!sv_is_cjk(sv_rune(&rest)))
				return -1;
			sign.n -= rest.n;
			has |= sv_find(none, sign) < 0 && sv_find(label[i], sign) >= 0;
		}
		if (has && at >= 0)
			return -1;
		at = has ? (int)i : at;
	}
	return at;
}

/* The one whose value is in the words as a slot: an order by its number. */
static int spoken_of(const struct flow_in *in, const jv *const *value, size_t n)
{
	for (size_t i = 0; i < in->n_slots; i++)
		for (size_t k = 0; k < n; k++)
			if (value[k] && sv_eq(in->slots[i].value, jv_as_str(value[k])))
				return (int)k;
	return -1;
}

bool flow_says_other(sv text)
{
	return flow_has(text,
			SV("the other one|other one|the other|另一个|另外一个|另一件|另外一件|"
			   "另外那个|另外那件|另一张|另外一张"));
}

static bool says_all(sv text)
{
	return flow_has(text,
			SV("both|both of them|all of them|all of it|everything|all three|"
			   "the whole order|两个都|两件都|都要|都退|都换|都取消|全部|全都|所有|"
			   "三件都|几件都|整单"));
}

/* Of two the one that it is not now; -1 = not so. */
static int the_other(const jv *now, const jv *const *value, size_t n)
{
	for (size_t i = 0; n == 2 && i < 2; i++)
		if (value[i] && now && sv_eq(jv_as_str(value[i]), jv_as_str(now)))
			return 1 - (int)i;
	return -1;
}

int flow_choice_said(const struct flow_slot_def *s, sv text)
{
	for (size_t i = 0; i < s->n_choices; i++)
		if (flow_says(text, &s->choices[i].words))
			return (int)i;
	return -1;
}

static jv *take_choice(const struct flow_run *r, const struct flow_slot_def *s,
		       const struct flow_in *in, bool asked, struct arena *a)
{
	sv label[FLOW_CHOICES];
	const jv *value[FLOW_CHOICES];
	const jv *now = jv_get(r->vars, s->name);
	size_t n = flow_choices(r, s, in->lang, a, label, value, FLOW_CHOICES);
	if (s->list.n && n == 1)
		return jv_is_null(now) ? jv_copy(value[0]) : NULL;
	if (!jv_is_null(now) && !asked) { /* only "the other one" is heard without a question */
		int at = flow_says_other(in->text) ? the_other(now, value, n) : -1;
		return at >= 0 ? jv_copy(value[at]) : NULL;
	}
	int at = flow_choice_said(s, in->text);
	if (at < 0 && flow_drops(in->text))
		return NULL; /* "no, forget it" is not the Forge casserole */
	if (at < 0)
		at = spoken_of(in, value, n);
	if (at < 0 && s->all.n && (asked || n > 1) && says_all(in->text))
		return jv_str(s->all);
	bool like = s->list.n || (asked && !flow_asks(in)); /* a label only answers its question */
	if (at < 0 && in->text.n && like)
		at = nearest(in->text, label, n);
	if (at < 0 && asked) {
		size_t o = ordinal(in->text);
		at = o >= 1 && o <= n ? (int)o - 1 : -1;
	}
	if (at < 0 && asked && s->list.n && in->yes == FLOW_UNSURE && !in->question)
		at = by_sign(in->text, label, n);
	if (at < 0)
		return NULL;
	return value[at] ? jv_copy(value[at]) : jv_str(s->choices[at].value);
}

/* ---- slots ---- */

static char lower(char c)
{
	return (char)(c >= 'A' && c <= 'Z' ? c | 32 : c);
}

size_t flow_digit_at(sv s, bool head, char *ret)
{
	static const char *const words[] = { "zero|oh|零|〇|０", "one|一|幺|１", "two|二|两|２",
					     "three|三|３",      "four|四|４",   "five|五|５",
					     "six|六|６",        "seven|七|７",  "eight|八|８",
					     "nine|九|９" };
	sv one;
	if (s.n && s.p[0] >= '0' && s.p[0] <= '9')
		return *ret = s.p[0], 1;
	for (int d = 0; d < 10; d++)
		for (sv list = sv_of(words[d]); sv_cut(&list, '|', &one);) {
			if (s.n < one.n || !sv_eq_nocase(sv_slice(s, 0, one.n), one))
				continue;
			bool latin = (unsigned char)one.p[0] < 0x80;
			bool whole = head && (s.n == one.n || !flow_letter(lower(s.p[one.n])));
			if (!latin || whole)
				return *ret = (char)('0' + d), one.n;
		}
	return 0;
}

static sv digits_of(sv t, bool words, char *buf, size_t room)
{
	size_t n = 0;
	for (size_t at = 0, step; at < t.n && n < room; at += step ? step : 1) {
		char d;
		char c = lower(t.p[at]);
		bool latin = c >= 'a' && c <= 'z';
		bool head = at == 0 || !flow_letter(lower(t.p[at - 1]));
		step = flow_digit_at(sv_slice(t, at, t.n), head, &d);
		if (step && (words || !latin))
			buf[n++] = d;
	}
	return sv_n(buf, n);
}

/* Figures and Han signs; English words where there is none of them ("oh, 1037"). */
static jv *take_digits(const struct flow_slot_def *s, const struct flow_in *in)
{
	char buf[40];
	sv out = digits_of(in->text, false, buf, sizeof(buf));
	if (!out.n)
		out = digits_of(in->text, true, buf, sizeof(buf));
	if (!out.n || (s->digits && out.n != (size_t)s->digits))
		return NULL;
	return jv_str(out);
}

/* "HH 2026 100385", alone and however its parts are set apart; NULL where there is more or less. */
static jv *take_number(sv text)
{
	char b[NUMBER_MAX];
	size_t n = 0, letters = 0;
	for (size_t i = 0; i < text.n; i++) {
		char c = text.p[i];
		char up = c >= 'a' && c <= 'z' ? (char)(c - 32) : c;
		bool digit = up >= '0' && up <= '9', head = up >= 'A' && up <= 'Z';
		if (up == ' ' || up == '-' || up == '.')
			continue;
		if ((!digit && !head) || (head && n > letters) || n == sizeof(b))
			return NULL;
		letters += head;
		b[n++] = up;
	}
	bool fits = letters > 0 && letters <= NUMBER_LETTERS && n >= letters + NUMBER_DIGITS;
	return fits ? jv_str(sv_n(b, n)) : NULL;
}

/* Nothing but digits, keyed or written in groups: the number. NULL where there are others beside
 * them, too few or too many. */
static jv *take_row(sv text, size_t least, size_t most)
{
	char b[NUMBER_MAX];
	size_t n = 0;
	for (size_t i = 0; i < text.n; i++) {
		char c = text.p[i];
		bool digit = c >= '0' && c <= '9', gap = c == ' ' || c == '-' || c == '.';
		if ((!digit && !gap && c != '#') || (digit && n == sizeof(b)))
			return NULL;
		if (digit)
			b[n++] = c;
	}
	return n >= least && n <= most ? jv_str(sv_n(b, n)) : NULL;
}

enum writing { FIGURE, LETTERS, HAN };

/* How the digit at s is written; figures of full width begin with 0xEF. */
static enum writing writing_at(sv s)
{
	unsigned char c = (unsigned char)s.p[0];
	if ((c >= '0' && c <= '9') || c == 0xEF)
		return FIGURE;
	return c < 0x80 ? LETTERS : HAN;
}

/* What makes a row of digits a sum, a code or a part of something longer. */
static bool row_is_else(sv t, size_t from, size_t to)
{
	static const char *const behind[] = { "元", "块", " yuan", " rmb", "%", "-", "." };
	sv rest = sv_slice(t, to, t.n), before = sv_slice(t, 0, from);
	bool longer = rest.n > 1 && (flow_letter(rest.p[0]) || flow_letter(rest.p[1]));
	char head = from ? t.p[from - 1] : ' ', first = from > 1 ? t.p[from - 2] : ' ';
	for (size_t i = 0; i < sizeof(behind) / sizeof(*behind); i++)
		if (sv_starts(rest, sv_of(behind[i])) && (i < 5 || longer))
			return true;
	return (rest.n && flow_letter(rest.p[0])) || flow_letter(head) || head == '$' ||
	       (head == '-' && flow_letter(first)) ||
	       (head == '.' && first >= '0' && first <= '9') ||      /* not "no.100387" */
	       sv_ends(before, SV("¥")) || sv_ends(before, SV("￥"));
}

bool flow_row(sv text, size_t digits, char found[32])
{
	char buf[FLOW_FOLD], row[NUMBER_MAX];
	found[0] = '\0';
	sv t = flow_fold(text, buf);
	for (size_t at = 0; at < t.n;) {
		size_t from = at, end = at, n = 0, step;
		char d = 0;
		bool head = at == 0 || !flow_letter(t.p[at - 1]);
		enum writing as = at < t.n ? writing_at(sv_slice(t, at, t.n)) : FIGURE;
		while (at < t.n && (step = flow_digit_at(sv_slice(t, at, t.n), head, &d)) &&
		       writing_at(sv_slice(t, at, t.n)) == as) {
			if (n < sizeof(row))
				row[n] = d;
			n++;
			at = end = at + step;
			head = at < t.n && t.p[at] == ' ' && flow_letter(t.p[end - 1]) &&
			       t.p[end - 1] >= 'a';
			at += head;          /* words are set apart, rows of figures are not */
		}
		at = n ? (end > from ? end : from + 1) : at + 1;
		if (n != digits || n >= sizeof(row) || row_is_else(t, from, end))
			continue;
		if (found[0] && memcmp(found, row, n) != 0)
			return false;
		memcpy(found, row, n);
		found[n] = '\0';
	}
	return found[0] != '\0';
}

static jv *row_within(sv text, size_t digits)
{
	char row[NUMBER_MAX];
	return flow_row(text, digits, row) ? jv_str(sv_of(row)) : NULL;
}

/* Does the value begin as the slot says ("HH|C")? One without letters does. */
static bool begins(sv value, sv starts)
{
	char buf[FLOW_FOLD], sbuf[FLOW_FOLD];
	sv v = flow_fold(value, buf), list = flow_fold(starts, sbuf), one;
	bool letters = v.n && v.p[0] >= 'a' && v.p[0] <= 'z';
	while (letters && sv_cut(&list, '|', &one))
		if (sv_starts(v, sv_trim(one)) && v.n > one.n &&
		    !(v.p[one.n] >= 'a' && v.p[one.n] <= 'z'))
			return true;
	return !starts.n || !letters;
}

/* "C26000001", "T2026-000123": letters of the slot's, then digits and dashes, at least six. */
static jv *take_code(const struct flow_slot_def *s, sv text)
{
	char buf[FLOW_FOLD], up[NUMBER_MAX];
	sv t = flow_fold(text, buf);
	for (size_t at = 0; at < t.n; at++) {
		size_t n = 0, digits = 0;
		if (t.p[at] < 'a' || t.p[at] > 'z' || (at && flow_letter(t.p[at - 1])))
			continue;
		while (at + n < t.n && n < sizeof(up) &&
		       (flow_letter(t.p[at + n]) || (t.p[at + n] == '-' && digits))) {
			char c = t.p[at + n];
			digits += c >= '0' && c <= '9';
			up[n++] = c >= 'a' && c <= 'z' ? (char)(c - 32) : c;
		}
		while (n && up[n - 1] == '-')
			n--;
		if (digits >= NUMBER_DIGITS && begins(sv_n(up, n), s->starts))
			return jv_str(sv_n(up, n));
	}
	return NULL;
}

/* Is a value of that type one of the slot's? A contact is a phone number or an e-mail address. */
static bool of_type(const struct flow_slot_def *s, sv type)
{
	if (sv_eq(s->type, SV("contact")))
		return sv_eq(type, SV("phone")) || sv_eq(type, SV("email"));
	return sv_eq(s->type, type);
}

static jv *take_typed(const struct flow_run *r, const struct flow_slot_def *s,
		      const struct flow_in *in)
{
	const jv *not = s->differs >= 0 ? jv_get(r->vars, r->f->slot[s->differs].name) : NULL;
	for (size_t i = 0; i < in->n_slots; i++) {
		sv v = in->slots[i].value;
		if (of_type(s, in->slots[i].type) && begins(v, s->starts) &&
		    !(not && sv_eq(v, jv_as_str(not))))
			return jv_str(v);
	}
	return NULL;
}

static bool holds_type(const struct flow_in *in, sv type)
{
	for (size_t i = 0; i < in->n_slots; i++)
		if (sv_eq(in->slots[i].type, type))
			return true;
	return false;
}

/* An order's number as the answer to its question, when the words as such name none. */
static jv *take_order(const struct flow_slot_def *s, const struct flow_in *in)
{
	sv text = sv_trim(in->text);
	jv *v = take_number(text);
	if (sv_starts(jv_as_str(v), SV("NO"))) {     /* "No.100387" */
		jv_free(v);
		v = NULL;
	}
	if (!v)
		v = row_within(text, NUMBER_DIGITS);
	if (!v && !holds_type(in, SV("phone")))
		v = take_row(text, NUMBER_DIGITS, NUMBER_MAX);
	if (v && begins(jv_as_str(v), s->starts))
		return v;
	jv_free(v);
	return NULL;
}

/* Its last six digits among other words, unasked: "cancel 100447", "no, I meant 100186"; not when
 * they are those of the number that is known. */
static jv *overheard_order(const struct flow_run *r, const struct flow_slot_def *s,
			   const struct flow_in *in)
{
	static const char *const others[] = { "address", "phone", "money", "product" };
	sv now = jv_as_str(jv_get(r->vars, s->name));
	for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++)
		if (holds_type(in, sv_of(others[i])))
			return NULL;
	if (flow_has(in->text, SV("postcode|post code|postal|zip|code|邮编|邮政编码|验证码")))
		return NULL;
	jv *v = row_within(in->text, NUMBER_DIGITS);
	if (!v || !sv_ends(now, jv_as_str(v)))
		return v;
	jv_free(v);
	return NULL;
}

static bool names_typed(const struct flow_slot_def *s, const struct flow_in *in, sv words,
			size_t *n)
{
	bool in_it = false;
	for (size_t i = 0; i < in->n_slots; i++)
		if (sv_eq(in->slots[i].type, s->type)) {
			++*n;
			in_it |= sv_find(words, in->slots[i].text) >= 0;
		}
	return in_it;
}

/* "does X fit Y" where only one of them is a name we know: the words for the other one. */
static jv *beside(const struct flow_slot_def *s, const struct flow_in *in)
{
	for (int l = 0; l < 2; l++) {
		sv v[2] = { flow_after(in->text, s->after.t[l]),
			    flow_before(in->text, s->before.t[l]) };
		for (int i = 0; i < 2; i++) {
			size_t n = 0;
			bool it = names_typed(s, in, v[i], &n);
			if (n == 1 && !it && flow_weight(v[i]) >= 2 && !flow_small(v[i]))
				return jv_str(v[i]);
		}
	}
	return NULL;
}

/* What words at large tell to a slot of words: the part of an address, what follows "换成". */
static jv *overheard(const struct flow_slot_def *s, const struct flow_in *in, struct arena *a)
{
	sv v = SV_NULL;
	if (s->shape)
		v = flow_shaped(s->shape, in->text, false, a);
	for (int l = 0; l < 2 && !v.n && s->after.t[l].n; l++) {
		v = flow_after(in->text, s->after.t[l]);
		if (v.n && (flow_says(v, &s->unlike) || flow_small(v)))
			v = SV_NULL;
		if (v.n && s->shape)
			v = flow_shaped(s->shape, flow_clause(v), true, a);
	}
	if (!v.n && s->dates)
		v = flow_day(in, a);
	char left[FLOW_FOLD];
	if (!v.n && in->kind == FLOW_IN_START && s->opening &&
	    flow_weight(flow_without(in->text, &s->blank, left)) >= s->opening)
		v = sv_trim(in->text);
	return v.n ? jv_str(sv_slice(v, 0, v.n < FLOW_VALUE_MAX ? v.n : FLOW_VALUE_MAX)) : NULL;
}

/* Four digits alone, where an order is known: those of the telephone, that tell who it is. */
static bool last_four(const struct flow_run *r, sv words)
{
	bool order = false;
	for (size_t i = 0; i < r->f->n_slots; i++) {
		const struct flow_slot_def *s = &r->f->slot[i];
		order |= s->kind == SLOT_TYPED && sv_eq(s->type, SV("order_number")) &&
			 jv_as_str(jv_get(r->vars, s->name)).n > 0;
	}
	return order && words.n == 4 && flow_only(words, SV("####"));
}

/* An answer in words; no yes or no, no greeting, no question, nothing of another shape is one. */
static jv *take_words(const struct flow_run *r, const struct flow_slot_def *s,
		      const struct flow_in *in, struct arena *a)
{
	sv words = flow_bare(in->text);
	bool asks = flow_asks(in) && !(s->wishes && !flow_open_question(words));
	if (!words.n || in->yes != FLOW_UNSURE || flow_small(words) || asks || flow_drops(words))
		return NULL;
	if (s->shape) {
		sv v = flow_shaped(s->shape, words, true, a);
		return v.n ? jv_str(v) : NULL;
	}
	if (flow_weight(words) < s->min || flow_says(words, &s->unlike) || last_four(r, words))
		return NULL;
	words = sv_slice(words, 0, words.n < FLOW_VALUE_MAX ? words.n : FLOW_VALUE_MAX);
	return jv_str(s->dates ? flow_dated(words, in, a) : words);
}

jv *flow_take(const struct flow_run *r, const struct flow_slot_def *s, const struct flow_in *in,
	      bool asked, struct arena *a)
{
	jv *typed = s->kind == SLOT_TYPED ? take_typed(r, s, in) : NULL;
	if (!typed && s->kind == SLOT_TYPED && !asked && s->after.t[0].n)
		typed = beside(s, in);
	if (typed)
		return typed;
	if (s->kind == SLOT_CHOICE && !(asked && s->optional && in->yes == FLOW_NO)) {
		jv *v = take_choice(r, s, in, asked, a);
		bool none = !v && asked && s->no.n && in->yes == FLOW_NO;
		return none ? jv_str(s->no) : v;
	}
	if (s->kind == SLOT_CODE) {
		jv *code = take_code(s, in->text);
		if (code || !asked)
			return code;
	}
	if (!asked && s->kind == SLOT_TYPED && sv_eq(s->type, SV("order_number")))
		return overheard_order(r, s, in);
	if (!asked)
		return s->kind == SLOT_WORDS ? overheard(s, in, a) : NULL;
	bool order = s->kind == SLOT_TYPED && sv_eq(s->type, SV("order_number"));
	jv *number = order ? take_order(s, in) : NULL;   /* "No.100387" is no no */
	if (number)
		return number;
	if (s->optional && (in->yes == FLOW_NO || flow_none(in->text)))
		return jv_str(SV(""));
	if (s->kind == SLOT_YES_NO && in->yes != FLOW_UNSURE)
		return jv_str(in->yes == FLOW_YES ? SV("yes") : SV("no"));
	if (s->kind == SLOT_TYPED && of_type(s, SV("phone")))
		return take_row(sv_trim(in->text), PHONE_LEAST, PHONE_MOST);
	if (s->kind == SLOT_DIGITS)
		return take_digits(s, in);
	/* a tool finds a product by the customer's words, too */
	bool dropped = flow_says(in->text, &r->f->never) && flow_weight(in->text) < FLOW_SHORT;
	bool words = s->kind == SLOT_WORDS ||
		     (s->kind == SLOT_TYPED && sv_eq(s->type, SV("product")));
	return words && !dropped ? take_words(r, s, in, a) : NULL;
}

bool flow_takes_name(const struct flow_run *r, sv text)
{
	const struct flow_slot_def *s = r->wait == WAIT_SLOT ? &r->f->slot[r->slot] : NULL;
	struct arena a;
	if (!s || !s->shape)
		return false;
	arena_init(&a, 1u << 16);
	bool takes = flow_shaped(s->shape, text, true, &a).n > 0;
	arena_done(&a);
	return takes;
}
