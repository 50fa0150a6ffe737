/* norm.c: written text to spoken text (tts_normalize): the scanner, and what it drops.
 *
 * One pass over the source. At each place the rules (norm_rule.c, norm_when.c) may take
 * a stretch and say it in words; what no rule takes is copied, without Markdown marks,
 * emoji and control characters. Every byte put into the output remembers where in the
 * source it came from, so that a mark at a spoken word can be told as an offset of the
 * written text. Pure; any thread. */
#include "norm_int.h"
#include "model.h"

typedef size_t rule_fn(struct norm *n);

sv norm_rest(const struct norm *n)
{
	return sv_slice(n->in, n->at, n->in.n);
}

int norm_ch(const struct norm *n, size_t i)
{
	return i < n->in.n ? (unsigned char)n->in.p[i] : 0;
}

bool norm_digit(int c)
{
	return c >= '0' && c <= '9';
}

bool norm_alpha(int c)
{
	c &= 0xff;
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

bool norm_alnum(int c)
{
	return norm_digit(c) || norm_alpha(c);
}

void norm_put_sv(struct norm *n, sv s)
{
	if (n->out->n - n->base + s.n > n->in.n * NORM_GROW + NORM_SLACK)
		return;
	size_t was = n->out->n - n->base;
	sb_put(n->out, s);
	if (sb_err(n->out))
		return;
	if (was + s.n > n->map_cap) {
		n->map_cap = (was + s.n) * 2 + 256;
		n->map = xrealloc(n->map, n->map_cap * sizeof(*n->map));
	}
	for (size_t i = 0; i < s.n; i++)
		n->map[was + i] = (uint32_t)n->src;
}

void norm_put(struct norm *n, const char *s)
{
	norm_put_sv(n, sv_of(s));
}

static int last(const struct norm *n)
{
	return n->out->n > n->base ? (unsigned char)n->out->p[n->out->n - 1] : 0;
}

void norm_word(struct norm *n, const char *w)
{
	int c = last(n);
	bool open = c == 0 || c == ' ' || c == '(' || c == '"';
	if (!open && (!n->zh || norm_alnum(c)) && w[0])
		if (!n->zh || norm_alpha(w[0]))
			norm_put(n, " ");
	norm_put(n, w);
}

void norm_trim(struct norm *n)
{
	while (last(n) == ' ')
		sb_truncate(n->out, n->out->n - 1);
}

void norm_pause(struct norm *n)
{
	norm_trim(n);
	norm_put(n, n->zh ? "、" : ",");
}

bool norm_before(const struct norm *n, const char *const *list)
{
	sv s = sv_slice(n->in, 0, n->at);
	static const char *const skip[] = { " ", ":",  "：", "是", "为", "#",
					    "“", "\"", "(",  "（", "*",  NULL };
	for (int again = 1; again;) {
		again = 0;
		for (int i = 0; skip[i]; i++)
			if (sv_ends(s, sv_of(skip[i]))) {
				s.n -= strlen(skip[i]);
				again = 1;
			}
	}
	for (int i = 0; list[i]; i++) {
		size_t k = strlen(list[i]);
		if (s.n < k || !sv_eq_nocase(sv_slice(s, s.n - k, s.n), sv_of(list[i])))
			continue;
		if (!norm_alpha(list[i][0]) || s.n == k ||
		    !norm_alnum(s.p[s.n - k - 1]))
			return true;
	}
	return false;
}

/* ---- what is dropped ---- */

static bool is_emoji(uint32_t r)
{
	return (r >= 0x1F000 && r <= 0x1FAFF) || (r >= 0x2600 && r <= 0x27BF) ||
	       (r >= 0xFE00 && r <= 0xFE0F) || r == 0x200D || r == 0x20E3 ||
	       (r >= 0xE0000 && r <= 0xE01EF) || (r >= 0x2B00 && r <= 0x2BFF) ||
	       (r >= 0x2190 && r <= 0x21FF) || (r >= 0x25A0 && r <= 0x25FF) ||
	       r == 0xFFFD || r == 0xFEFF || (r >= 0x200B && r <= 0x200F) ||
	       (r >= 0x202A && r <= 0x202E) || (r >= 0xE000 && r <= 0xF8FF) ||
	       (r >= 0x2300 && r <= 0x23FF) || (r >= 0x7F && r <= 0x9F) || r == 0xAD ||
	       r == 0x2060;
}

/* Marks at the start of a line: headings, bullets, quotes, rules. Bytes to drop. */
static size_t line_marks(const struct norm *n)
{
	size_t i = n->at, rules = 0;
	while (norm_ch(n, i) == ' ' || norm_ch(n, i) == '\t')
		i++;
	size_t k = i;
	while (norm_ch(n, k) == '-' || norm_ch(n, k) == '=' || norm_ch(n, k) == '*' ||
	       norm_ch(n, k) == '_')
		k++, rules++;
	if (rules >= 3 && (norm_ch(n, k) == '\n' || norm_ch(n, k) == 0))
		return k - n->at;
	k = i;
	while (norm_ch(n, k) == '#')
		k++;
	if (k == i &&
	    (norm_ch(n, k) == '-' || norm_ch(n, k) == '*' || norm_ch(n, k) == '+' ||
	     norm_ch(n, k) == '>' || norm_ch(n, k) == '|'))
		k++;
	if (k > i && k - i <= 6 && (norm_ch(n, k) == ' ' || norm_ch(n, k) == '|'))
		return k + 1 - n->at;
	return 0;
}

/* "[text](url)" says text; "[2]" (a citation) and "<br>" say nothing. */
static size_t markup(struct norm *n)
{
	size_t i = n->at;
	int c = norm_ch(n, i);
	if (c == '[' && norm_digit(norm_ch(n, i + 1))) {
		size_t k = i + 1;
		while (norm_digit(norm_ch(n, k)) && k < i + 4)
			k++;
		if (norm_ch(n, k) == ']' && norm_ch(n, k + 1) != '(') {
			norm_trim(n);
			return k + 1 - i;
		}
	}
	if (c == '[' || (c == '!' && norm_ch(n, i + 1) == '[')) {
		sv s = sv_slice(n->in, i, i + 400);
		ptrdiff_t mid = sv_find(s, SV("]("));
		ptrdiff_t nl = sv_find_ch(s, '\n');
		if (mid < 0 || (nl >= 0 && nl < mid))
			return 0;
		ptrdiff_t end = sv_find_ch(sv_slice(s, (size_t)mid, s.n), ')');
		if (end < 0 || n->skip_to > i)
			return 0;
		n->skip_from = i + (size_t)mid;
		n->skip_to = n->skip_from + (size_t)end + 1;
		return c == '[' ? 1 : 2;
	}
	if (c == '<' && (norm_alpha(norm_ch(n, i + 1)) || norm_ch(n, i + 1) == '/')) {
		ptrdiff_t end = sv_find_ch(sv_slice(n->in, i, i + 80), '>');
		if (end > 0) {
			n->glue = true;
			return (size_t)end + 1;
		}
	}
	return 0;
}

/* ---- copying ---- */

static void space(struct norm *n)
{
	int c = last(n);
	if (c && c != ' ' && c != '\n')
		norm_put(n, " ");
}

static void newline(struct norm *n)
{
	norm_trim(n);
	int c = last(n);
	if (c == 0)
		return;
	sv out = sv_slice(sb_sv(n->out), n->base, n->out->n);
	static const char *const ends[] = { "。", "！", "？", "；",
					    "：", "，", "、", NULL };
	bool ended =
		c == '.' || c == '!' || c == '?' || c == ':' || c == ';' || c == ',';
	for (int i = 0; ends[i] && !ended; i++)
		ended = sv_ends(out, sv_of(ends[i]));
	if (!ended)
		norm_put(n, n->zh ? "。" : ".");
	if (!n->zh)
		norm_put(n, " ");
}

static size_t copy_word(struct norm *n)
{
	size_t i = n->at;
	while (norm_alpha(norm_ch(n, i)) ||
	       (norm_ch(n, i) == '\'' && norm_alpha(norm_ch(n, i + 1))))
		i++;
	if (n->glue && norm_alnum(last(n)))
		norm_put(n, " ");
	for (size_t k = n->at; k < i; k++) {
		n->src = k;
		norm_put_sv(n, sv_slice(n->in, k, k + 1));
	}
	n->word = sv_slice(n->in, n->at, i);
	return i - n->at;
}

static size_t copy_rune(struct norm *n)
{
	sv s = norm_rest(n);
	const char *from = s.p;
	uint32_t r = sv_rune(&s);
	size_t len = (size_t)(s.p - from);
	if (r == '\n' || r == 0x2028) {
		newline(n);
	} else if (r <= 0x20 || r == 0x3000 || r == 0xA0 ||
		   (r >= 0x2000 && r <= 0x200A)) {
		space(n);
	} else if (!is_emoji(r)) {
		char buf[4];
		norm_put_sv(n, sv_n(buf, sv_encode(r, buf)));
	}
	return len;
}

static size_t one(struct norm *n)
{
	static rule_fn *const at_letter[] = { norm_rule_link,  norm_rule_month,
					      norm_rule_money, norm_rule_abbr,
					      norm_rule_id,    norm_rule_acronym };
	static rule_fn *const at_digit[] = { norm_rule_link,  norm_rule_phone,
					     norm_rule_date,  norm_rule_time,
					     norm_rule_money, norm_rule_number };
	static rule_fn *const at_other[] = { norm_rule_phone, norm_rule_money,
					     norm_rule_symbol };
	int c = norm_ch(n, n->at), before = n->at ? norm_ch(n, n->at - 1) : 0;
	rule_fn *const *rules = at_other;
	size_t count = sizeof(at_other) / sizeof(at_other[0]);
	if (norm_alpha(c)) {
		rules = at_letter;
		count = norm_alpha(before) || before == '\'' ?
				0 :
				sizeof(at_letter) / sizeof(at_letter[0]);
	} else if (norm_digit(c)) {
		rules = at_digit;
		count = sizeof(at_digit) / sizeof(at_digit[0]);
	}
	for (size_t i = 0; i < count; i++) {
		n->src = n->at;
		size_t took = rules[i](n);
		if (took) {
			n->glue = true;
			n->word = SV_NULL;
			return took;
		}
	}
	n->src = n->at;
	size_t took = norm_alpha(c) ? copy_word(n) : copy_rune(n);
	n->glue = false;
	return took;
}

static void scan(struct norm *n)
{
	bool line = true;
	while (n->at < n->in.n) {
		if (n->skip_to && n->at >= n->skip_from) {
			n->at = n->skip_to > n->at ? n->skip_to : n->at;
			n->skip_to = 0;
			continue;
		}
		size_t drop = line ? line_marks(n) : 0;
		line = false;
		if (!drop)
			drop = markup(n);
		if (drop) {
			n->at += drop;
			continue;
		}
		line = norm_ch(n, n->at) == '\n';
		n->at += one(n);
	}
	while (last(n) == ' ' || last(n) == '\n')
		sb_truncate(n->out, n->out->n - 1);
}

/* Full-width letters and digits as ASCII; pre gets the source offset of each byte.
 * False: nothing to do. */
static bool fold_wide(sv text, struct sb *b, uint32_t **pre)
{
	if (sv_find(text, SV("\xef\xbc")) < 0 && sv_find(text, SV("\xef\xbd")) < 0)
		return false;
	*pre = xalloc((text.n + 1) * sizeof(**pre));
	sv s = text;
	while (s.n) {
		const char *from = s.p;
		uint32_t r = sv_rune(&s);
		bool wide = (r >= 0xFF10 && r <= 0xFF19) ||
			    (r >= 0xFF21 && r <= 0xFF3A) ||
			    (r >= 0xFF41 && r <= 0xFF5A);
		size_t was = b->n;
		if (wide)
			sb_ch(b, (char)(r - 0xFEE0));
		else
			sb_put(b, sv_n(from, (size_t)(s.p - from)));
		for (size_t i = was; i < b->n; i++)
			(*pre)[i] = (uint32_t)(from - text.p) +
				    (wide ? 0 : (uint32_t)(i - was));
	}
	return true;
}

int tts_normalize(sv text, sv lang, struct sb *out, uint32_t **map, struct arena *a)
{
	if (text.n > NORM_IN_MAX)
		return ERR_TOOBIG;
	struct sb folded;
	uint32_t *pre = NULL;
	sb_init(&folded, NORM_IN_MAX + 1);
	if (fold_wide(text, &folded, &pre))
		text = sb_sv(&folded);
	struct norm n = {
		.in = text, .out = out, .base = out->n, .zh = sv_starts(lang, SV("zh"))
	};
	scan(&n);
	int rc = sb_err(out);
	size_t len = out->n - n.base;
	for (size_t i = 0; pre && i < len; i++)
		n.map[i] = pre[n.map[i]];
	if (!rc && map) {
		*map = arena_new(a, uint32_t, len + 1);
		if (*map && len)
			memcpy(*map, n.map, len * sizeof(**map));
		rc = *map ? 0 : ERR_TOOBIG;
	}
	xfree(n.map);
	xfree(pre);
	sb_done(&folded);
	return rc;
}
