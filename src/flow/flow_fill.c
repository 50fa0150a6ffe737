/* flow_fill.c: what a flow takes from words and puts into words: slots, choices, templates,
 * arguments. Pure; results in the arena given. */
#include "flow_int.h"

#include <math.h>
#include <stdio.h>

#define FOLD_MAX 4096
#define NUMBER_MAX 32                /* of an order: letters, then digits */
#define NUMBER_LETTERS 4
#define NUMBER_DIGITS 6

int flow_lang(sv lang)
{
	return sv_starts(lang, SV("zh")) ? 0 : 1;
}

/* ---- words ---- */

static sv folded(sv s, char buf[FOLD_MAX])
{
	size_t n = 0;
	while (s.n && n + 4 <= FOLD_MAX)
		n += sv_encode(sv_fold(sv_rune(&s)), buf + n);
	return sv_n(buf, n);
}

static bool letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

static bool holds(sv text, sv word)
{
	for (size_t at = 0; word.n && at + word.n <= text.n; at++) {
		if (memcmp(text.p + at, word.p, word.n) != 0)
			continue;
		size_t end = at + word.n;
		bool open = at > 0 && letter(text.p[at - 1]) && letter(word.p[0]);
		open |= end < text.n && letter(text.p[end]) && letter(word.p[word.n - 1]);
		if (!open)
			return true;
	}
	return false;
}

bool flow_has(sv text, sv words)
{
	char a[FOLD_MAX], b[FOLD_MAX];
	sv t = folded(text, a), w = folded(words, b), one;
	while (sv_cut(&w, '|', &one))
		if (holds(t, sv_trim(one)))
			return true;
	return false;
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

/* "a.*.b": all of them, with a comma between. */
static void put_path(struct sb *b, const jv *vars, sv path, int lang)
{
	char whole[160];
	if (path.n >= sizeof(whole))
		return;
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
	return letter(c) || c == '_' || c == '.' || c == '*';
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
	sv s = jv_as_str(v);
	if (!jv_is_str(v))
		return jv_copy(v);
	sv place = s.n && s.p[0] == '{' ? place_at(s) : SV_NULL;
	if (place.n && place.n + 2 == s.n && sv_find_ch(place, '*') < 0) {
		char path[160];
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
		put_value(&b, show[0] ? jv_path(x, show) : x, flow_lang(lang));
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
	char a[FOLD_MAX];
	sv t = sv_trim(folded(sv_trim(text), a)), one;
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
	char fa[FOLD_MAX], fb[FOLD_MAX];
	sv x = folded(a, fa), y = folded(b, fb);
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
	char fa[FOLD_MAX], fb[FOLD_MAX];
	sv x = folded(a, fa), y = folded(b, fb);
	bool words = false, others = false;
	for (size_t i = 0; i < x.n; i++) {
		size_t n = 0;
		if ((unsigned char)x.p[i] >= 0x80)
			return true; /* another script */
		if (!letter(x.p[i]) || (i && letter(x.p[i - 1])))
			continue;
		while (i + n < x.n && letter(x.p[i + n]))
			n++;
		sv w = sv_n(x.p + i, n > 4 ? n - 1 : n);
		words |= n >= 3;
		for (size_t k = 0; k + w.n <= y.n; k++) {
			bool head = letter(y.p[k]) && (k == 0 || !letter(y.p[k - 1]));
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
	double best = 0, second = 0;
	int at = -1;
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

/* The one whose value is in the words as a slot: an order by its number. */
static int spoken_of(const struct flow_in *in, const jv *const *value, size_t n)
{
	for (size_t i = 0; i < in->n_slots; i++)
		for (size_t k = 0; k < n; k++)
			if (value[k] && sv_eq(in->slots[i].value, jv_as_str(value[k])))
				return (int)k;
	return -1;
}

static jv *take_choice(const struct flow_run *r, const struct flow_slot_def *s,
		       const struct flow_in *in, bool asked, struct arena *a)
{
	sv label[FLOW_CHOICES];
	const jv *value[FLOW_CHOICES];
	size_t n = flow_choices(r, s, in->lang, a, label, value, FLOW_CHOICES);
	if (s->list.n && n == 1)
		return jv_copy(value[0]);
	for (size_t i = 0; i < s->n_choices; i++)
		if (flow_has(in->text, s->choices[i].words.t[0]) ||
		    flow_has(in->text, s->choices[i].words.t[1]))
			return jv_str(s->choices[i].value);
	int at = spoken_of(in, value, n);
	if (at < 0 && in->text.n)
		at = nearest(in->text, label, n);
	if (at < 0 && asked) {
		size_t o = ordinal(in->text);
		at = o >= 1 && o <= n ? (int)o - 1 : -1;
	}
	if (at < 0)
		return NULL;
	return value[at] ? jv_copy(value[at]) : jv_str(s->choices[at].value);
}

/* ---- slots ---- */

static jv *take_digits(const struct flow_slot_def *s, const struct flow_in *in, struct arena *a)
{
	static const char han[] = "零一二三四五六七八九";
	struct sb b;
	sv t = in->text;
	sb_init(&b, 64);
	while (t.n && b.n < 40) {
		char c[4];
		uint32_t rune = sv_fold(sv_rune(&t));
		size_t k = sv_encode(rune, c);
		ptrdiff_t at = k == 3 ? sv_find(sv_of(han), sv_n(c, 3)) : -1;
		if (k == 1 && c[0] >= '0' && c[0] <= '9')
			sb_ch(&b, c[0]);
		else if (at >= 0)
			sb_ch(&b, (char)('0' + at / 3));
		else if (rune == 0x5e7a) /* 幺 */
			sb_ch(&b, '1');
	}
	sv out = arena_sv(a, sb_sv(&b));
	sb_done(&b);
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

/* How much words tell: a Chinese sign counts 1, a word of letters 2. */
static int weight(sv text)
{
	int n = 0;
	bool in = false;
	while (text.n) {
		uint32_t c = sv_rune(&text);
		bool part = c > ' ' && !sv_is_cjk(c) &&
			    (c >= 0x80 ? c < 0x2000 : letter((char)sv_fold(c)));
		n += sv_is_cjk(c) ? 1 : part && !in ? 2 : 0;
		in = part;
	}
	return n;
}

jv *flow_take(const struct flow_run *r, const struct flow_slot_def *s, const struct flow_in *in,
	      bool asked, struct arena *a)
{
	for (size_t i = 0; s->kind == SLOT_TYPED && i < in->n_slots; i++)
		if (sv_eq(in->slots[i].type, s->type))
			return jv_str(in->slots[i].value);
	if (s->kind == SLOT_CHOICE && !(asked && s->optional && in->yes == FLOW_NO))
		return take_choice(r, s, in, asked, a);
	if (!asked && in->kind == FLOW_IN_START && s->opening && weight(in->text) >= s->opening)
		return jv_str(sv_trim(in->text));
	if (!asked)
		return NULL; /* words at large say nothing to these */
	if (s->optional && in->yes == FLOW_NO)
		return jv_str(SV(""));
	if (s->kind == SLOT_YES_NO && in->yes != FLOW_UNSURE)
		return jv_str(in->yes == FLOW_YES ? SV("yes") : SV("no"));
	if (s->kind == SLOT_TYPED && sv_eq(s->type, SV("order_number")))
		return take_number(sv_trim(in->text));
	if (s->kind == SLOT_DIGITS)
		return take_digits(s, in, a);
	sv words = sv_trim(in->text);
	if (s->kind == SLOT_WORDS && words.n)
		return jv_str(sv_slice(words, 0,
				       words.n < FLOW_VALUE_MAX ? words.n : FLOW_VALUE_MAX));
	return NULL;
}
