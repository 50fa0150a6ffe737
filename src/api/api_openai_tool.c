/* api_openai_tool.c: the client's functions without a language model: which one the words speak
 * of, and its arguments.
 *
 * Values come out of what was said and nowhere else: choices of an enum that were named, numbers
 * that stand there, order numbers and other marks with a digit, addresses of mail, dates, words
 * in quotes or after the name of the argument, and the whole question for an argument that asks
 * for it. What is required and was not said is asked for. A function is called unasked only when
 * its name's words were said and every required argument is there. Pure. */
#include "api_openai.h"

#include <regex.h>
#include <stdio.h>

#define DEPTH_MAX 3
#define WORD_MAX 64

struct words {                   /* of a text, with what stands around taken off */
	sv v[400];
	size_t n;
};
struct fill {
	const struct oai_words *said;
	struct sb *out;
	sv missing, says;
};

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_letter(char c)
{
	return (c | 32) >= 'a' && (c | 32) <= 'z';
}

static bool in_word(char c)
{
	return is_digit(c) || is_letter(c) || c == '-' || c == '_' || c == '#' || c == '@' ||
	       c == '.' || c == '+' || c == '/' || c == '\'';
}

/* Runs of ASCII word characters; Chinese letters part them, so 我的订单10023到哪了 gives 10023. */
static void words_of(sv text, struct words *ret)
{
	ret->n = 0;
	for (size_t i = 0; i < text.n && ret->n < 400;) {
		size_t from = i;
		while (i < text.n && in_word(text.p[i]))
			i++;
		sv s = sv_slice(text, from, i);
		while (s.n && (s.p[s.n - 1] == '.' || s.p[s.n - 1] == '\'' || s.p[s.n - 1] == '-' ||
			       s.p[s.n - 1] == '/'))
			s.n--;
		if (s.n && s.n <= WORD_MAX)
			ret->v[ret->n++] = s;
		i += i == from;
	}
}

/* ---- names of functions and arguments as words ---- */

static bool next_name_word(sv *rest, sv *ret)
{
	while (rest->n && !is_letter(*rest->p) && !is_digit(*rest->p))
		*rest = sv_slice(*rest, 1, rest->n);
	size_t i = 0;
	while (i < rest->n && (is_letter(rest->p[i]) || is_digit(rest->p[i]))) {
		bool hump = i > 0 && rest->p[i] >= 'A' && rest->p[i] <= 'Z' &&
			    rest->p[i - 1] >= 'a' && rest->p[i - 1] <= 'z';
		if (hump)
			break;
		i++;
	}
	*ret = sv_slice(*rest, 0, i);
	*rest = sv_slice(*rest, i, rest->n);
	return ret->n > 0;
}

void oai_tool_spoken(sv name, struct sb *out)
{
	sv w;
	bool any = false;
	while (next_name_word(&name, &w)) {
		if (any)
			sb_ch(out, ' ');
		any = true;
		for (size_t i = 0; i < w.n; i++)
			sb_ch(out, (char)(w.p[i] >= 'A' && w.p[i] <= 'Z' ? w.p[i] | 32 : w.p[i]));
	}
}

static bool among(sv w, const char *list)
{
	sv rest = sv_of(list), one;
	while (sv_cut(&rest, ' ', &one))
		if (sv_eq_nocase(one, w))
			return true;
	return false;
}

/* "orders" and "order", "returning" and "return". */
static bool same_word(sv a, sv b)
{
	sv lo = a.n < b.n ? a : b, hi = a.n < b.n ? b : a;
	if (!sv_eq_nocase(lo, sv_slice(hi, 0, lo.n)) || lo.n < 3)
		return a.n == b.n && sv_eq_nocase(a, b);
	sv end = sv_slice(hi, lo.n, hi.n);
	return end.n == 0 || among(end, "s es ed d ing er led ling");
}

static bool said_word(const struct words *ws, sv w, size_t *at)
{
	for (size_t i = 0; i < ws->n; i++)
		if (same_word(ws->v[i], w)) {
			if (at)
				*at = i;
			return true;
		}
	return false;
}

static int chinese_pairs(sv a, sv b)
{
	int n = 0;
	while (a.n) {
		sv pair = a;
		uint32_t u = sv_rune(&a);
		sv rest = a;
		uint32_t v = sv_rune(&rest);
		pair.n = (size_t)(rest.p - pair.p);
		if (rest.p && sv_is_cjk(u) && v && sv_is_cjk(v) && sv_find(b, pair) >= 0)
			n++;
	}
	return n;
}

double oai_tool_fit(const struct oai_tool *t, sv text)
{
	static const char common[] = "get list find look lookup up search fetch check show "
				     "query read create make do the a "
				     "by of for to from in on and with id ids details detail "
				     "info information data user "
				     "customer status number my current new";
	struct words ws;
	int all = 0, hit = 0, described = 0;
	sv rest = t->name, w;
	words_of(text, &ws);
	while (next_name_word(&rest, &w)) {
		if (among(w, common))
			continue;
		all++;
		hit += said_word(&ws, w, NULL);
	}
	rest = sv_slice(t->description, 0, 400);
	while (next_name_word(&rest, &w))
		described += w.n > 3 && !among(w, common) && said_word(&ws, w, NULL);
	int pairs = chinese_pairs(sv_slice(t->description, 0, 400), text);
	bool named = all > 0 && hit == all;
	return (named ? 1 + hit : 0) + 0.1 * (described > 5 ? 5 : described) +
	       (pairs ? 1 + 0.2 * pairs : 0);
}

/* ---- values ---- */

/* The bound that begins at s ("{3,99}") asks for more than so many repeats. */
static bool bound_over(sv s, int most)
{
	int n = 0;
	for (size_t i = 1; i < s.n && s.p[i] != '}'; i++) {
		n = is_digit(s.p[i]) ? n * 10 + (s.p[i] - '0') : 0;
		if (n > most)
			return true;
	}
	return false;
}

/* The pattern is a stranger's. A compiler of expressions writes repeats out, so one of a group, or
 * of another repeat, could take any memory: those are not followed. */
#define REPEATS_MAX 64

static bool pattern_ok(const jv *schema, sv s)
{
	char src[256], text[WORD_MAX + 1];
	sv pattern = jv_get_str(schema, "pattern");
	if (!pattern.n)
		return true;
	size_t n = 0;
	for (size_t i = 0; i < pattern.n && n < sizeof(src) - 16; i++) {
		bool esc = pattern.p[i] == '\\' && i + 1 < pattern.n;
		char c = esc ? pattern.p[++i] : pattern.p[i];
		if (esc && is_digit(c))
			return false;        /* what it refers back to is not followed */
		if (!esc && c == '{' &&
		    (!n || strchr(")}*+?", src[n - 1]) ||
		     bound_over(sv_slice(pattern, i, pattern.n), REPEATS_MAX)))
			return false;
		const char *cls = esc && c == 'd' ? "[0-9]" :
				  esc && c == 'w' ? "[A-Za-z0-9_]" :
				  esc && c == 's' ? "[ ]" : NULL;
		if (cls)
			n += (size_t)snprintf(src + n, sizeof(src) - n, "%s", cls);
		else
			n += (size_t)snprintf(src + n, sizeof(src) - n, "%s%c", esc ? "\\" : "", c);
	}
	if (pattern.n > 128 || s.n > WORD_MAX)
		return false;
	regex_t re;
	if (regcomp(&re, src, REG_EXTENDED | REG_NOSUB))
		return false;
	snprintf(text, sizeof(text), SV_FMT, SV_ARG(s));
	bool ok = regexec(&re, text, 0, NULL, 0) == 0;
	regfree(&re);
	return ok;
}

static bool length_ok(const jv *schema, sv s)
{
	int64_t n = (int64_t)sv_runes(s);
	return n >= jv_get_int(schema, "minLength", 0) &&
	       n <= jv_get_int(schema, "maxLength", INT64_MAX) && pattern_ok(schema, s);
}

static bool number_of(sv s, bool whole, const jv *schema, double *ret)
{
	int64_t i;
	if (s.n && *s.p == '#')
		s = sv_slice(s, 1, s.n);
	if (whole ? sv_i64(s, &i) != 0 : sv_f64(s, ret) != 0)
		return false;
	if (whole)
		*ret = (double)i;
	return *ret >= jv_get_num(schema, "minimum", -1e15) &&
	       *ret <= jv_get_num(schema, "maximum", 1e15);
}

static bool has_digit(sv s)
{
	for (size_t i = 0; i < s.n; i++)
		if (is_digit(s.p[i]))
			return true;
	return false;
}

static bool is_date(sv s)
{
	int64_t ms;
	return s.n == 10 && clk_parse_rfc3339(s, &ms) == 0;
}

static bool is_mail(sv s)
{
	ptrdiff_t at = sv_find_ch(s, '@');
	return at > 0 && sv_find_ch(sv_slice(s, (size_t)at, s.n), '.') > 1;
}

/* "#W23", "10023", "AB-77", but no date, sum or address. */
static bool is_mark(sv s)
{
	return s.n >= 3 && has_digit(s) && !is_mail(s) && !is_date(s) && sv_find_ch(s, '.') < 0 &&
	       sv_find_ch(s, '/') < 0;
}

/* Where the name of the argument was said last before word i, at most three words away. */
static bool named_before(const struct words *ws, size_t i, sv name)
{
	sv w;
	while (next_name_word(&name, &w))
		for (size_t k = i; k-- > 0 && k + 3 >= i;)
			if (!among(w, "id no the") && same_word(ws->v[k], w))
				return true;
	return false;
}

/* The one word that fits; of several the one that the argument's name stands before, else none. */
static bool pick(const struct words *ws, sv name, const jv *schema,
		 bool (*fits)(sv s, const jv *schema), sv *ret)
{
	size_t n = 0;
	bool named = false;
	for (size_t i = 0; i < ws->n; i++) {
		sv s = ws->v[i];
		if (!fits(s, schema) || (n && sv_eq(s, *ret)))
			continue;
		bool near = named_before(ws, i, name);
		if (named && !near)
			continue;
		n = named == near ? n + 1 : 1;
		named = near;
		*ret = s;
	}
	return n == 1;
}

static bool fits_mark(sv s, const jv *schema)
{
	return is_mark(s) && length_ok(schema, s);
}

static bool fits_mail(sv s, const jv *schema)
{
	return is_mail(s) && length_ok(schema, s);
}

static bool fits_date(sv s, const jv *schema)
{
	return is_date(s);
}

static bool fits_int(sv s, const jv *schema)
{
	double d;
	return number_of(s, true, schema, &d);
}

static bool fits_num(sv s, const jv *schema)
{
	double d;
	return number_of(s, false, schema, &d);
}

/* "..." or “...”, 「...」 */
static bool quoted(sv text, sv *ret)
{
	static const char *const pairs[][2] = { { "\"", "\"" },
						{ "\xe2\x80\x9c", "\xe2\x80\x9d" },
						{ "\xe3\x80\x8c", "\xe3\x80\x8d" } };
	for (size_t i = 0; i < 3; i++) {
		sv open = sv_of(pairs[i][0]);
		ptrdiff_t from = sv_find(text, open);
		if (from < 0)
			continue;
		sv rest = sv_slice(text, (size_t)from + open.n, text.n);
		ptrdiff_t to = sv_find(rest, sv_of(pairs[i][1]));
		if (to > 0) {
			*ret = sv_slice(rest, 0, (size_t)to);
			return true;
		}
	}
	return false;
}

static bool capital(sv s)
{
	return s.n > 1 && s.p[0] >= 'A' && s.p[0] <= 'Z';
}

/* "in Paris", "to New York": names after a small word. */
static bool place(const struct words *ws, sv *ret)
{
	for (size_t i = 1; i < ws->n; i++) {
		if (!capital(ws->v[i]) || !among(ws->v[i - 1], "in at for to from near of"))
			continue;
		*ret = ws->v[i];
		for (size_t k = i + 1; k < ws->n && capital(ws->v[k]); k++)
			if (ws->v[k].p == ret->p + ret->n + 1)
				ret->n += 1 + ws->v[k].n;
		return true;
	}
	return false;
}

/* "city: Paris", "city is Paris". */
static bool after_name(sv text, sv name, sv *ret)
{
	struct sb spoken;
	sb_init(&spoken, 256);
	oai_tool_spoken(name, &spoken);
	sv key = sb_sv(&spoken);
	bool found = false;
	for (size_t i = 0; key.n && i + key.n < text.n && !found; i++) {
		if (!sv_eq_nocase(sv_slice(text, i, i + key.n), key))
			continue;
		sv rest = sv_slice(text, i + key.n, text.n);
		sv head = sv_trim(rest);
		bool sep = sv_starts(head, SV(":")) || sv_starts(head, SV("=")) ||
			   sv_starts(head, SV("is "));
		if (!sep)
			continue;
		head = sv_trim(sv_slice(head, *head.p == 'i' ? 3 : 1, head.n));
		size_t n = 0;
		while (n < head.n && sv_find_ch(SV(",.;\n?!"), head.p[n]) < 0)
			n++;
		*ret = sv_trim(sv_slice(head, 0, n));
		found = ret->n > 0;
	}
	sb_done(&spoken);
	return found;
}

static const char free_names[] =
	"query question text message reason summary description topic input content request note "
	"notes issue problem comment details prompt subject thought utterance";
static const char mark_names[] = "id ids number code no order sku tracking reference ref serial "
				 "ticket account invoice item product";

static bool name_has(sv name, const char *list)
{
	sv w;
	while (next_name_word(&name, &w))
		if (among(w, list))
			return true;
	return false;
}

static bool text_value(sv name, const jv *schema, sv text, bool newest, sv *ret)
{
	struct words ws;
	sv format = jv_get_str(schema, "format");
	words_of(text, &ws);
	if (sv_eq(format, SV("date")) || name_has(name, "date day"))
		return pick(&ws, name, schema, fits_date, ret);
	if (sv_eq(format, SV("email")) || name_has(name, "email mail"))
		return pick(&ws, name, schema, fits_mail, ret);
	if (after_name(text, name, ret) && length_ok(schema, *ret))
		return true;
	if (name_has(name, mark_names) || jv_get_str(schema, "pattern").n)
		return pick(&ws, name, schema, fits_mark, ret);
	if (name_has(name, free_names) && newest) {
		*ret = sv_trim(text);
		return length_ok(schema, *ret);
	}
	return (quoted(text, ret) || (name_has(name, "city place location country town address "
						     "destination origin") && place(&ws, ret))) &&
	       length_ok(schema, *ret);
}

/* ---- enums, switches ---- */

/* "gift_card" was said as "gift card". The longest one said wins; two of a length: none. */
static const jv *enum_said(const jv *list, sv text)
{
	const jv *best = NULL;
	size_t best_n = 0;
	struct words ws;
	words_of(text, &ws);
	for (size_t i = 0; i < jv_len(list); i++) {
		const jv *v = jv_at(list, i);
		sv s = jv_as_str(v), rest = s, w;
		bool all = s.n > 0;
		while (next_name_word(&rest, &w))
			all &= said_word(&ws, w, NULL);
		bool ascii = has_digit(s) || (s.n && is_letter(*s.p));
		if (!ascii)
			all = s.n && sv_find(text, s) >= 0;
		if (!jv_is_str(v) && jv_is_num(v))
			for (size_t k = 0; k < ws.n && !all; k++) {
				double d;
				all = number_of(ws.v[k], false, NULL, &d) && d == jv_as_num(v, 0);
			}
		if (!all || s.n < best_n)
			continue;
		best = s.n == best_n && best ? NULL : v;
		best_n = s.n;
	}
	return best;
}

static bool put_value(struct fill *f, sv name, const jv *schema, int depth);

static void put_jv(struct sb *b, const jv *v)
{
	jv_dump(v, b);
}

static bool put_enum(struct fill *f, const jv *list)
{
	for (size_t i = 0; i < f->said->n; i++) {
		const jv *v = enum_said(list, f->said->v[i]);
		if (v) {
			put_jv(f->out, v);
			return true;
		}
	}
	return false;
}

static bool put_text(struct fill *f, sv name, const jv *schema)
{
	sv s;
	for (size_t i = 0; i < f->said->n; i++)
		if (text_value(name, schema, f->said->v[i], i == 0, &s)) {
			sb_json(f->out, s);
			return true;
		}
	return false;
}

static bool put_number(struct fill *f, sv name, const jv *schema, bool whole)
{
	struct words ws;
	sv s;
	for (size_t i = 0; i < f->said->n; i++) {
		words_of(f->said->v[i], &ws);
		if (!pick(&ws, name, schema, whole ? fits_int : fits_num, &s))
			continue;
		double d = 0;
		number_of(s, whole, schema, &d);
		jv *v = whole ? jv_int((int64_t)d) : jv_num(d);
		put_jv(f->out, v);
		jv_free(v);
		return true;
	}
	return false;
}

/* Only its own words switch it on; silence and "no" are no answer. */
static bool put_switch(struct fill *f, sv name)
{
	struct words ws;
	sv w;
	bool all = true;
	if (!f->said->n)
		return false;
	words_of(f->said->v[0], &ws);
	while (next_name_word(&name, &w))
		all &= said_word(&ws, w, NULL);
	for (size_t i = 0; i < ws.n; i++)
		all &= !among(ws.v[i], "no not without don't never");
	if (all)
		sb_cstr(f->out, "true");
	return all;
}

static bool put_list(struct fill *f, sv name, const jv *schema)
{
	const jv *item = jv_get(schema, "items"), *list = jv_get(item, "enum");
	size_t n = 0, mark = f->out->n;
	struct words ws;
	sb_ch(f->out, '[');
	for (size_t i = 0; i < f->said->n && n == 0; i++) {
		words_of(f->said->v[i], &ws);
		for (size_t k = 0; k < ws.n && n < 20; k++) {
			sv s = ws.v[k];
			const jv *e = list ? enum_said(list, s) : NULL;
			if (!e && (list || !fits_mark(s, item)))
				continue;
			if (n++)
				sb_ch(f->out, ',');
			if (e)
				put_jv(f->out, e);
			else
				sb_json(f->out, s);
		}
	}
	sb_ch(f->out, ']');
	if (n == 0)
		sb_truncate(f->out, mark);
	return n > 0;
}

static bool required(const jv *schema, sv name)
{
	const jv *list = jv_get(schema, "required");
	for (size_t i = 0; i < jv_len(list); i++)
		if (sv_eq(jv_as_str(jv_at(list, i)), name))
			return true;
	return false;
}

/* An optional argument is given when the words name it or it can be nothing else. */
static bool optional_wanted(sv name, const jv *schema)
{
	return jv_get(schema, "enum") || sv_eq(jv_get_str(schema, "format"), SV("email")) ||
	       name_has(name, "id email sku code") ||
	       sv_eq(jv_get_str(schema, "type"), SV("boolean"));
}

#define PROPERTIES_MAX 64

static bool put_object(struct fill *f, const jv *schema, int depth)
{
	void *it = NULL;
	sv key;
	jv *prop;
	bool any = false;
	sb_ch(f->out, '{');
	for (int n = 0;
	     n < PROPERTIES_MAX && jv_next(jv_get(schema, "properties"), &it, &key, &prop);
	     n++) {
		size_t mark = f->out->n;
		bool must = required(schema, key);
		if (!must && !optional_wanted(key, prop))
			continue;
		if (any)
			sb_ch(f->out, ',');
		sb_json(f->out, key);
		sb_ch(f->out, ':');
		if (put_value(f, key, prop, depth + 1)) {
			any = true;
			continue;
		}
		sb_truncate(f->out, mark);
		if (must && !f->missing.n) {
			f->missing = key;
			f->says = jv_get_str(prop, "description");
		}
		if (must)
			return false;
	}
	sb_ch(f->out, '}');
	return true;
}

static sv type_of(const jv *schema)
{
	const jv *t = jv_get(schema, "type");
	for (size_t i = 0; jv_is_arr(t) && i < jv_len(t); i++)
		if (!sv_eq(jv_as_str(jv_at(t, i)), SV("null")))
			return jv_as_str(jv_at(t, i));
	return jv_as_str(t);
}

static bool put_value(struct fill *f, sv name, const jv *schema, int depth)
{
	sv type = type_of(schema);
	if (jv_get(schema, "const")) {
		put_jv(f->out, jv_get(schema, "const"));
		return true;
	}
	if (jv_get(schema, "enum"))
		return put_enum(f, jv_get(schema, "enum"));
	if (sv_eq(type, SV("object")))
		return depth < DEPTH_MAX && put_object(f, schema, depth);
	if (sv_eq(type, SV("array")))
		return put_list(f, name, schema);
	if (sv_eq(type, SV("boolean")))
		return put_switch(f, name);
	if (sv_eq(type, SV("integer")) || sv_eq(type, SV("number")))
		return put_number(f, name, schema, sv_eq(type, SV("integer")));
	return sv_eq(type, SV("string")) && put_text(f, name, schema);
}

bool oai_tool_fill(const struct oai_tool *t, const struct oai_words *w, struct sb *args,
		   sv *ret_missing, sv *ret_says)
{
	struct fill f = { .said = w, .out = args };
	bool ok = true;
	if (jv_is_null(jv_get(t->schema, "properties")))
		sb_cstr(args, "{}");
	else
		ok = put_object(&f, t->schema, 0);
	*ret_missing = f.missing;
	*ret_says = f.says;
	return ok && !sb_err(args);
}
