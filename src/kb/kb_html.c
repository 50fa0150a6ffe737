/* kb_html.c: the text of an HTML page as Markdown: headings, paragraphs, lists, tables.
 *
 * Not a browser: one pass over the bytes, no tree, no recursion, output never longer than
 * LIM_KB_DOC. Scripts, styles, comments, forms' option lists and navigation are dropped; entities
 * are decoded; unknown tags are transparent; broken markup costs at most some layout. The title is
 * <title>, or the first h1. Pure, one thread per call.
 */
#include <strings.h>
#include "kb_int.h"

struct tag {
	char name[12];           /* lower case, cut */
	bool close;
	sv attrs;
};

struct html {
	sv rest;
	struct sb out, title, h1;
	struct sb *to;           /* out, title; NULL while dropping */
	char drop[12];           /* element being dropped */
	int drop_depth;
	int list_depth, ordered; /* ordered: next number, 0 = bullets */
	bool in_cell, in_h1, space, pre;
	sv lang;
};

static const struct {
	const char *name;
	uint32_t rune;
} entities[] = {
	{ "amp", '&' }, { "lt", '<' }, { "gt", '>' }, { "quot", '"' }, { "apos", '\'' },
	{ "nbsp", ' ' }, { "copy", 0xA9 }, { "reg", 0xAE }, { "trade", 0x2122 },
	{ "hellip", 0x2026 }, { "mdash", 0x2014 }, { "ndash", 0x2013 }, { "lsquo", 0x2018 },
	{ "rsquo", 0x2019 }, { "ldquo", 0x201C }, { "rdquo", 0x201D }, { "bull", 0x2022 },
	{ "middot", 0xB7 }, { "times", 0xD7 }, { "deg", 0xB0 }, { "euro", 0x20AC },
	{ "pound", 0xA3 }, { "yen", 0xA5 }, { "cent", 0xA2 }, { "sect", 0xA7 }, { "para", 0xB6 },
	{ "laquo", 0xAB }, { "raquo", 0xBB }, { "frac12", 0xBD }, { "frac14", 0xBC },
	{ "plusmn", 0xB1 }, { "eacute", 0xE9 }, { "egrave", 0xE8 }, { "agrave", 0xE0 },
	{ "ccedil", 0xE7 }, { "ouml", 0xF6 }, { "uuml", 0xFC }, { "auml", 0xE4 },
	{ "Ouml", 0xD6 }, { "Uuml", 0xDC }, { "Auml", 0xC4 }, { "szlig", 0xDF },
	{ "ntilde", 0xF1 }, { "rarr", 0x2192 }, { "larr", 0x2190 }, { "ensp", ' ' },
	{ "emsp", ' ' }, { "thinsp", ' ' }, { "shy", 0 }, { "zwnj", 0 }, { "zwj", 0 },
};

static uint32_t numeric(sv body, bool *ok)
{
	bool hex = body.n > 1 && (body.p[0] | 32) == 'x';
	uint32_t r = 0;

	*ok = body.n > (hex ? 1u : 0u) && body.n < 10;
	for (size_t i = hex; *ok && i < body.n; i++) {
		int c = body.p[i] | 32;
		uint32_t v = c >= '0' && c <= '9' ? (uint32_t)(c - '0') :
			     hex && c >= 'a' && c <= 'f' ? (uint32_t)(c - 'a' + 10) : 99;

		*ok = v < 99;
		r = r * (hex ? 16 : 10) + v;
	}
	if (r < 9 || r > 0x10FFFF || (r >= 0xD800 && r <= 0xDFFF) || (r > 13 && r < 32))
		r = 0xFFFD;
	return r;
}

/* At '&'. Takes the entity off s, or just the ampersand when it is none. 0 = nothing to print. */
static uint32_t entity(sv *s)
{
	sv body = sv_slice(*s, 1, 13);
	ptrdiff_t semi = sv_find_ch(body, ';');
	uint32_t r = 0;
	bool ok = false;

	if (semi > 0) {
		body = sv_slice(body, 0, (size_t)semi);
		if (body.p[0] == '#')
			r = numeric(sv_slice(body, 1, body.n), &ok);
		for (size_t i = 0; !ok && i < sizeof(entities) / sizeof(*entities); i++)
			if (sv_eq(body, sv_of(entities[i].name))) {
				r = entities[i].rune;
				ok = true;
			}
	}
	*s = sv_slice(*s, ok ? (size_t)semi + 2 : 1, s->n);
	return ok ? r : '&';
}

/* Ends the line; two = a blank line follows. */
static void new_line(struct html *h, bool two)
{
	struct sb *b = h->to;

	h->space = false;
	if (!b || b != &h->out || h->in_cell || !b->n)
		return;
	while (b->n && b->p[b->n - 1] == ' ')
		sb_truncate(b, b->n - 1);
	if (b->n && b->p[b->n - 1] != '\n')
		sb_ch(b, '\n');
	if (two && b->n > 1 && b->p[b->n - 2] != '\n')
		sb_ch(b, '\n');
}

static void put(struct html *h, uint32_t r)
{
	bool blank = r == ' ' || r == '\t' || r == '\n' || r == '\r' || r == '\f' || r == 0xA0;

	if (!h->to || !r)
		return;
	if (blank && !h->pre) {
		h->space = true;
		return;
	}
	if (blank)
		r = r == '\n' ? '\n' : ' ';
	if (h->space && h->to->n && h->to->p[h->to->n - 1] != '\n' &&
	    h->to->p[h->to->n - 1] != ' ')
		sb_ch(h->to, ' ');
	h->space = false;
	if (r == '|' && h->in_cell)
		r = '/';
	sb_rune(h->to, r);
	if (h->in_h1)
		sb_rune(&h->h1, r);
}

static bool is(const struct tag *t, const char *names)
{
	size_t n = strlen(t->name);
	const char *p = names;

	while (n && (p = strstr(p, t->name))) {
		if ((p == names || p[-1] == ' ') && (p[n] == ' ' || !p[n]))
			return true;
		p += n;
	}
	return false;
}

static void heading(struct html *h, const struct tag *t)
{
	new_line(h, true);
	if (h->to == &h->out && !t->close && !h->in_cell)
		for (char c = '0'; c < t->name[1]; c++)
			sb_ch(h->to, '#');
	if (h->to == &h->out && !t->close && !h->in_cell)
		sb_ch(h->to, ' ');
	if (t->name[1] == '1')
		h->in_h1 = !t->close && !h->h1.n;
}

static void list(struct html *h, const struct tag *t)
{
	new_line(h, h->list_depth == 0 || (t->close && h->list_depth == 1));
	h->list_depth += t->close ? -1 : 1;
	if (h->list_depth < 0)
		h->list_depth = 0;
	h->ordered = !t->close && t->name[0] == 'o';
}

static void item(struct html *h, const struct tag *t)
{
	new_line(h, false);
	if (t->close || h->to != &h->out || h->in_cell)
		return;
	if (h->ordered)
		sb_fmt(h->to, "%d. ", h->ordered++);
	else
		sb_cstr(h->to, "- ");
}

static void cell(struct html *h, const struct tag *t)
{
	if (h->to != &h->out)
		return;
	h->in_cell = false;
	if (t->close || (h->out.n && h->out.p[h->out.n - 1] != '\n'))
		h->space = true;
	if (!t->close) {
		if (!h->out.n || h->out.p[h->out.n - 1] != '|')
			sb_cstr(h->to, h->out.n && h->out.p[h->out.n - 1] != '\n' ? " |" : "|");
		sb_ch(h->to, ' ');
		h->space = false;
	} else {
		sb_cstr(h->to, " |");
	}
	h->in_cell = !t->close;
}

static sv attr(sv attrs, const char *name)
{
	size_t n = strlen(name);

	for (size_t i = 0; i + n < attrs.n; i++) {
		sv v;
		size_t end = 1;

		if (strncasecmp(attrs.p + i, name, n) != 0 || attrs.p[i + n] != '=' ||
		    (i && attrs.p[i - 1] != ' '))
			continue;
		v = sv_slice(attrs, i + n + 1, attrs.n);
		if (!v.n || (v.p[0] != '"' && v.p[0] != '\''))
			return sv_slice(v, 0, 8);
		while (end < v.n && v.p[end] != v.p[0])
			end++;
		return sv_slice(v, 1, end);
	}
	return SV_NULL;
}

static void on_tag(struct html *h, const struct tag *t)
{
	if (h->drop[0]) {
		if (strcmp(t->name, h->drop) == 0)
			h->drop_depth += t->close ? -1 : 1;
		if (h->drop_depth <= 0) {
			h->drop[0] = 0;
			h->to = &h->out;
		}
		return;
	}
	if (is(t, "script style noscript template svg nav select head iframe object button") &&
	    strcmp(t->name, "head") != 0) {
		if (t->close)
			return;
		memcpy(h->drop, t->name, sizeof(h->drop));
		h->drop_depth = 1;
		h->to = NULL;
	} else if (is(t, "title")) {
		h->to = t->close ? &h->out : &h->title;
		h->space = false;
	} else if (is(t, "h1 h2 h3 h4 h5 h6")) {
		heading(h, t);
	} else if (is(t, "ul ol")) {
		list(h, t);
	} else if (is(t, "li dt dd")) {
		item(h, t);
	} else if (is(t, "td th")) {
		cell(h, t);
	} else if (is(t, "tr br")) {
		if (t->name[0] == 't')
			h->in_cell = false;
		new_line(h, false);
	} else if (is(t, "p div section article table blockquote header footer main pre form "
			 "figure dl hr body aside")) {
		if (is(t, "table"))
			h->in_cell = false;
		new_line(h, true);
		h->pre = is(t, "pre") ? !t->close : h->pre;
	} else if (is(t, "html") && !t->close) {
		h->lang = sv_slice(attr(t->attrs, "lang"), 0, 2);
	}
}

static bool read_tag(struct html *h, struct tag *t)
{
	sv s = sv_slice(h->rest, 1, h->rest.n);
	size_t n = 0, i = 0;
	char quote = 0;

	*t = (struct tag){ .close = s.n && s.p[0] == '/' };
	i = t->close;
	if (i >= s.n || !(((s.p[i] | 32) >= 'a' && (s.p[i] | 32) <= 'z') || s.p[i] == '!' ||
			  s.p[i] == '?'))
		return false;
	for (; i < s.n && n + 1 < sizeof(t->name) && !kb_is_punct((unsigned char)s.p[i]); i++)
		t->name[n++] = (char)((s.p[i] >= 'A' && s.p[i] <= 'Z') ? s.p[i] | 32 : s.p[i]);
	t->attrs = sv_slice(s, i, s.n);
	for (; i < s.n && (quote || s.p[i] != '>'); i++) {
		if (quote && s.p[i] == quote)
			quote = 0;
		else if (!quote && (s.p[i] == '"' || s.p[i] == '\''))
			quote = s.p[i];
		if (s.p[i] == '<' && !quote)
			break;
		if (i > (64u << 10))
			break;
	}
	t->attrs.n = t->attrs.p ? (size_t)(s.p + i - t->attrs.p) : 0;
	h->rest = sv_slice(s, i + (i < s.n && s.p[i] == '>'), s.n);
	return true;
}

static void skip_comment(struct html *h)
{
	ptrdiff_t end = sv_find(h->rest, SV("-->"));

	h->rest = end < 0 ? sv_slice(h->rest, h->rest.n, h->rest.n) :
			    sv_slice(h->rest, (size_t)end + 3, h->rest.n);
}

/* Raw text elements hide markup until their own end tag. */
static bool raw_skip(struct html *h)
{
	size_t n = strlen(h->drop);

	if (strcmp(h->drop, "script") != 0 && strcmp(h->drop, "style") != 0)
		return false;
	for (size_t i = 0; i + n + 2 <= h->rest.n; i++)
		if (h->rest.p[i] == '<' && h->rest.p[i + 1] == '/' &&
		    strncasecmp(h->rest.p + i + 2, h->drop, n) == 0) {
			h->rest = sv_slice(h->rest, i, h->rest.n);
			return false;
		}
	h->rest = sv_slice(h->rest, h->rest.n, h->rest.n);
	return true;
}

static void scan(struct html *h)
{
	struct tag t;

	while (h->rest.n && !sb_err(&h->out)) {
		if (h->drop[0] && raw_skip(h))
			break;
		if (sv_starts(h->rest, SV("<!--")))
			skip_comment(h);
		else if (h->rest.p[0] == '<' && read_tag(h, &t))
			on_tag(h, &t);
		else if (h->rest.p[0] == '&')
			put(h, entity(&h->rest));
		else
			put(h, sv_rune(&h->rest));
	}
}

int kb_html_parse(struct kb_doc *d, sv text)
{
	struct html h = { .rest = text };
	struct kb_article a = { 0 };
	sv name;
	int rc;

	sb_init(&h.out, LIM_KB_DOC);
	sb_init(&h.title, KB_TITLE_MAX);
	sb_init(&h.h1, KB_TITLE_MAX);
	h.to = &h.out;
	scan(&h);
	name = sv_trim(sb_sv(h.title.n ? &h.title : &h.h1));
	a.title = name.n ? arena_sv(d->a, name) : SV_NULL;
	name = sv_trim(sb_sv(&h.out));
	a.body_md = name.n ? arena_sv(d->a, name) : SV_NULL;
	if (h.lang.n == 2) {
		char *l = arena_cstr(d->a, h.lang);

		for (int i = 0; l && i < 2; i++)
			l[i] = (char)(l[i] | 32);
		a.lang = l ? sv_n(l, 2) : SV_NULL;
	}
	rc = sb_err(&h.out) ? err_set(d->e, ERR_TOOBIG, "%.80s: too much text", d->name) :
			      kb_doc_add(d, &a, 1);
	sb_done(&h.out);
	sb_done(&h.title);
	sb_done(&h.h1);
	return rc;
}
