/* norm_name.c: addresses of the net, telephone numbers, identifiers, abbreviations and
 * symbols. */
#include "norm_int.h"

static char upper(char c)
{
	return c >= 'a' && c <= 'z' ? (char)(c - 32) : c;
}

void norm_spell(struct norm *n, sv s, bool phone)
{
	for (size_t i = 0; i < s.n; i++) {
		if (s.p >= n->in.p && s.p < n->in.p + n->in.n)
			n->src = (size_t)(s.p - n->in.p) + i;
		char c[2] = { upper(s.p[i]), 0 };
		if (norm_digit(s.p[i]))
			norm_digits(n, sv_slice(s, i, i + 1), phone);
		else if (norm_alpha(s.p[i]))
			norm_word(n, c);
	}
}

/* ---- URLs and e-mail ---- */

static bool link_char(int c)
{
	return norm_alnum(c) || (c && strchr("-._~%/?=&#+@", c));
}

static const char *link_mark(const struct norm *n, char c)
{
	switch (c) {
	case '.': return n->zh ? "点" : "dot";
	case '@': return n->zh ? "艾特" : "at";
	case '/': return n->zh ? "斜杠" : "slash";
	case '-': return n->zh ? "杠" : "dash";
	case '_': return n->zh ? "下划线" : "underscore";
	case '+': return n->zh ? "加" : "plus";
	case '&': return n->zh ? "和" : "and";
	case '=': return n->zh ? "等于" : "equals";
	case '?': return n->zh ? "问号" : "question mark";
	case '#': return n->zh ? "井号" : "hash";
	default: return "";
	}
}

static void say_link(struct norm *n, sv s)
{
	size_t i = 0, from = (size_t)(s.p - n->in.p);
	while (i < s.n) {
		n->src = from + i;
		size_t k = i;
		while (k < s.n && norm_alpha(s.p[k]))
			k++;
		if (k > i) {
			bool www = k - i == 3 &&
				   sv_eq_nocase(sv_slice(s, i, k), SV("www"));
			bool shout = www || (k - i <= 3 && upper(s.p[i]) == s.p[i] &&
					     upper(s.p[k - 1]) == s.p[k - 1]);
			if (shout) {
				norm_spell(n, sv_slice(s, i, k), false);
			} else {
				norm_word(n, "");
				if (n->out->n > n->base &&
				    (!n->zh || norm_alnum(n->out->p[n->out->n - 1])) &&
				    n->out->p[n->out->n - 1] != ' ')
					norm_put(n, " ");
				norm_put_sv(n, sv_slice(s, i, k));
			}
			i = k;
			continue;
		}
		if (norm_digit(s.p[i]))
			norm_digits(n, sv_slice(s, i, i + 1), false);
		else
			norm_word(n, link_mark(n, s.p[i]));
		i++;
	}
}

static bool known_tld(sv s)
{
	static const char *const tlds[] = { "com",     "cn",   "net", "org",  "io",
					    "example", "shop", "co",  "uk",   "de",
					    "fr",      "gov",  "edu", "info", "app",
					    "dev",     "hk",   NULL };
	for (int i = 0; tlds[i]; i++)
		if (sv_eq_nocase(s, sv_of(tlds[i])))
			return true;
	return false;
}

size_t norm_rule_link(struct norm *n)
{
	sv s = norm_rest(n);
	size_t i = 0, scheme = 0;
	if (sv_starts(s, SV("https://")) || sv_starts(s, SV("http://")))
		scheme = s.p[4] == 's' ? 8 : 7;
	i = scheme;
	while (i < s.n && i < 200 && link_char((unsigned char)s.p[i]))
		i++;
	while (i > scheme && strchr(".-_~?&#/%+@", s.p[i - 1]))
		i--;
	sv body = sv_slice(s, scheme, i);
	if (!body.n)
		return 0;
	bool mail = false;
	sv host = body, head;
	ptrdiff_t at = sv_find_ch(body, '@');
	if (at > 0) {
		host = sv_slice(body, (size_t)at + 1, body.n);
		mail = true;
	}
	sv rest = host;
	(void)sv_cut(&rest, '/', &head);
	sv tld = SV_NULL, part;
	int parts = 0;
	for (sv h = head; sv_cut(&h, '.', &part); parts++)
		tld = part;
	if (!scheme && !sv_starts(body, SV("www.")) && (parts < 2 || !known_tld(tld)))
		return 0;
	if (mail && parts < 2)
		return 0;
	say_link(n, body);
	return i;
}

/* ---- telephone numbers ---- */

static void say_groups(struct norm *n, sv s, const int *len, int count)
{
	size_t i = 0;
	for (int g = 0; g < count; g++) {
		if (g)
			norm_pause(n);
		int left = len[g];
		while (left && i < s.n) {
			if (norm_digit(s.p[i])) {
				norm_digits(n, sv_slice(s, i, i + 1), true);
				left--;
			}
			i++;
		}
	}
}

/* Groups of digits between single dashes or spaces; bytes taken, counts in len. */
static size_t groups_at(sv s, int len[6], int *count, int *total)
{
	size_t i = 0, end = 0;
	*count = *total = 0;
	while (*count < 6) {
		int k = 0;
		while (i < s.n && norm_digit(s.p[i]) && k < 16)
			i++, k++;
		if (k == 0)
			break;
		len[(*count)++] = k;
		*total += k;
		end = i;
		if (i + 1 >= s.n || (s.p[i] != '-' && s.p[i] != ' ') ||
		    !norm_digit(s.p[i + 1]))
			break;
		i++;
	}
	return end;
}

static bool phone_shape(const int *len, int count, int total, bool dashed)
{
	static const int shapes[][5] = { { 3, 3, 4 },    { 3, 4, 4 },    { 3, 3, 3, 3 },
					 { 3, 8 },       { 4, 7 },       { 4, 8 },
					 { 1, 3, 3, 4 }, { 3, 7 },       { 3, 4, 3 },
					 { 3, 4, 4, 0 }, { 2, 3, 4, 4 }, { 2, 4, 4 },
					 { 4, 3, 3 },    { 3, 2, 5 } };
	for (size_t i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++) {
		int k = 0;
		while (k < count && k < 5 && shapes[i][k] == len[k])
			k++;
		if (k == count && (k == 5 || shapes[i][k] == 0))
			return count > 1;
	}
	return dashed && count == 2 && total == 7 && len[0] == 3;
}

size_t norm_rule_phone(struct norm *n)
{
	sv s = norm_rest(n);
	int len[6], count, total;
	bool plus = s.n > 1 && s.p[0] == '+' && norm_digit(s.p[1]);
	if (!plus && !(s.n && norm_digit(s.p[0])))
		return 0;
	if (n->at && norm_digit(norm_ch(n, n->at - 1)))
		return 0;
	sv d = sv_slice(s, plus, s.n);
	size_t i = groups_at(d, len, &count, &total);
	if (i < d.n && (norm_alnum(d.p[i]) || ((d.p[i] == '.' || d.p[i] == ',') &&
					       i + 1 < d.n && norm_digit(d.p[i + 1]))))
		return 0;
	if (plus) {
		if (total < 7 || total > 15)
			return 0;
		norm_word(n, n->zh ? "加" : "plus");
		if (count == 1 && total == 13 && sv_starts(d, SV("86"))) {
			static const int cn[] = { 2, 3, 4, 4 };
			say_groups(n, d, cn, 4);
		} else {
			say_groups(n, d, len, count);
		}
		return i + 1;
	}
	if (count == 1 && total == 11 && d.p[0] == '1' && d.p[1] >= '3') {
		static const int mobile[] = { 3, 4, 4 };
		say_groups(n, d, mobile, 3);
		return i;
	}
	if (count == 1 && total == 10 &&
	    (sv_starts(d, SV("400")) || sv_starts(d, SV("800")))) {
		static const int hot[] = { 3, 3, 4 };
		say_groups(n, d, hot, 3);
		return i;
	}
	if (!phone_shape(len, count, total, (size_t)len[0] < d.n && d.p[len[0]] == '-'))
		return 0;
	say_groups(n, d, len, count);
	return i;
}

/* ---- identifiers: letters and digits mixed ---- */

size_t norm_rule_id(struct norm *n)
{
	sv s = norm_rest(n);
	size_t i = 0, letters = 0, digits = 0, lower = 0;
	while (i < s.n && i < 40) {
		bool dash = (s.p[i] == '-' || s.p[i] == '_') && i && i + 1 < s.n &&
			    norm_alnum(s.p[i + 1]);
		if (!norm_alnum(s.p[i]) && !dash)
			break;
		digits += norm_digit(s.p[i]);
		letters += norm_alpha(s.p[i]);
		lower += s.p[i] >= 'a' && s.p[i] <= 'z';
		i++;
	}
	if (!digits || letters > 6 || lower > letters / 2)
		return 0;
	sv id = sv_slice(s, 0, i), part;
	bool first = true;
	for (sv rest = id; rest.n; first = false) {
		size_t k = 0;
		while (k < rest.n && rest.p[k] != '-' && rest.p[k] != '_')
			k++;
		part = sv_slice(rest, 0, k);
		rest = sv_slice(rest, k + 1, rest.n);
		if (!first)
			norm_pause(n);
		norm_spell(n, part, false);
	}
	return i;
}

size_t norm_rule_acronym(struct norm *n)
{
	static const char *const spelled[] = { "FAQ", "USB",  "VIP", "UK",   "USA",
					       "AI",  "API",  "URL", "IMEI", "ID",
					       "EU",  "IP",   "OK",  "IT",   "UI",
					       "IOS", "ISO",  "CEO", "ETA",  "EMI",
					       "LED", "OLED", "IVR", "UPS",  NULL };
	sv s = norm_rest(n);
	size_t i = 0, vowels = 0;
	while (i < s.n && s.p[i] >= 'A' && s.p[i] <= 'Z') {
		vowels += strchr("AEIOU", s.p[i]) != NULL;
		i++;
	}
	if (i < 2 || i > 5 || (i < s.n && (norm_alnum(s.p[i]) && s.p[i] != 's')))
		return 0;
	bool plural =
		i < s.n && s.p[i] == 's' && (i + 1 == s.n || !norm_alnum(s.p[i + 1]));
	if (i < s.n && s.p[i] == 's' && !plural)
		return 0;
	bool listed = false;
	for (int k = 0; spelled[k] && !listed; k++)
		listed = sv_eq(sv_slice(s, 0, i), sv_of(spelled[k]));
	if (vowels && !listed)
		return 0;
	norm_spell(n, sv_slice(s, 0, i), false);
	if (plural)
		norm_put(n, "s");
	return i + plural;
}

size_t norm_rule_abbr(struct norm *n)
{
	static const struct {
		const char *s, *en, *zh;
	} abbr[] = { { "e.g.", "for example", "例如" },
		     { "i.e.", "that is", "即" },
		     { "etc.", "et cetera", "等等" },
		     { "Mr.", "Mister", "先生" },
		     { "Mrs.", "Missis", "太太" },
		     { "Ms.", "Miz", "女士" },
		     { "Dr.", "Doctor", "医生" },
		     { "vs.", "versus", "对" },
		     { "approx.", "approximately", "大约" },
		     { "Inc.", "Incorporated", "公司" },
		     { "Ltd.", "Limited", "有限公司" },
		     { "Co.", "Company", "公司" },
		     { "Tel.", "telephone", "电话" },
		     { "Tel:", "telephone:", "电话：" },
		     { "ext.", "extension", "分机" },
		     { "incl.", "including", "包括" },
		     { "max.", "maximum", "最多" },
		     { "min.", "minimum", "最少" },
		     { "w/o", "without", "不带" } };
	sv s = norm_rest(n);
	if (sv_starts(s, SV("No.")) || sv_starts(s, SV("no.")) ||
	    sv_starts(s, SV("Nr."))) {
		size_t k = 3 + (s.n > 3 && s.p[3] == ' ');
		if (k >= s.n || !norm_alnum(s.p[k]) ||
		    (!norm_digit(s.p[k]) &&
		     !(k + 1 < s.n && norm_alnum(s.p[k + 1]) && s.p[k] >= 'A' &&
		       s.p[k] <= 'Z' && s.p[k + 1] >= 'A' && s.p[k + 1] <= 'Z')))
			return 0;
		norm_word(n, n->zh ? "号码" : "number");
		return 3;
	}
	for (size_t i = 0; i < sizeof(abbr) / sizeof(abbr[0]); i++)
		if (sv_starts(s, sv_of(abbr[i].s))) {
			size_t k = strlen(abbr[i].s);
			norm_word(n, n->zh ? abbr[i].zh : abbr[i].en);
			bool end = i == 2 && (k == s.n ||
					      (k + 1 < s.n && s.p[k] == ' ' &&
					       s.p[k + 1] >= 'A' && s.p[k + 1] <= 'Z'));
			return end ? k - 1 : k;
		}
	return 0;
}

/* ---- symbols ---- */

static size_t say_symbol(struct norm *n)
{
	static const struct {
		const char *s, *en, *zh;
	} syms[] = { { "&", "and", "和" },
		     { "≥", "at least", "大于等于" },
		     { "≤", "at most", "小于等于" },
		     { "≈", "about", "约" },
		     { "±", "plus or minus", "正负" },
		     { "×", "times", "乘" },
		     { "÷", "divided by", "除以" },
		     { "©", "", "" },
		     { "®", "", "" },
		     { "™", "", "" },
		     { "№", "number", "号码" },
		     { "½", "one half", "二分之一" },
		     { "…", "...", "…" },
		     { "§", "section", "章节" },
		     { "@", "at", "艾特" },
		     { "%", "percent", "百分号" },
		     { "=", "equals", "等于" } };
	sv s = norm_rest(n);
	for (size_t i = 0; i < sizeof(syms) / sizeof(syms[0]); i++)
		if (sv_starts(s, sv_of(syms[i].s))) {
			const char *w = n->zh ? syms[i].zh : syms[i].en;
			if (w[0] == '.')
				norm_put(n, w);
			else
				norm_word(n, w);
			return strlen(syms[i].s);
		}
	return 0;
}

size_t norm_rule_symbol(struct norm *n)
{
	sv s = norm_rest(n);
	int prev = n->at ? norm_ch(n, n->at - 1) : ' ', next = norm_ch(n, n->at + 1);
	bool gap = prev == ' ' || prev == '\n' || prev == '(' || prev >= 0x80;
	switch (s.p[0]) {
	case '*':
	case '`':
	case '\\':
	case '^':
	case '{':
	case '}':
	case '[':
	case ']':
	case '<':
	case '>': return 1;
	case '_': norm_word(n, " "); return 1;
	case '|':
		norm_trim(n);
		norm_put(n, n->zh ? "，" : ",");
		return 1;
	case '~':
		if (norm_digit(next) || norm_ch(n, n->at + 1) == ' ')
			norm_word(n, n->zh ? "约" : "about");
		return 1 + (next == '~');
	case '#':
		if (!norm_digit(next) && !(next >= 'A' && next <= 'Z'))
			return 1;
		norm_word(n, n->zh ? "编号" : "number");
		return 1;
	case '/':
		if (n->zh && sv_ends(sv_slice(n->in, 0, n->at), SV("元"))) {
			norm_put(n, "每");
			return 1;
		}
		norm_put(n, norm_alpha(prev) && norm_alpha(next) ? " " :
			    n->zh                                ? "、" :
								   " ");
		return 1;
	case '+': norm_word(n, n->zh ? "加" : "plus"); return 1;
	case '-':
		if (gap && (norm_digit(next) || next == '$' || next == 0xC2)) {
			norm_word(n, n->zh ? "负" : "minus");
			return 1;
		}
		if (gap && next == ' ') {
			norm_pause(n);
			return 1;
		}
		if (norm_digit(prev) || norm_alpha(prev)) {
			norm_put(n, norm_alnum(next) ? " " : "");
			return 1;
		}
		return 0;
	default: break;
	}
	return say_symbol(n);
}
