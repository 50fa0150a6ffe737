/* ing_pdf_text.c: the lines of pdftohtml -xml to Markdown.
 *
 * What stands on one height is a line; stretches of it far apart are cells, and two or more such
 * lines a table. Lines close together are a paragraph. Fonts clearly larger than the one most text
 * has are headings, the largest the highest; so is a short bold line by itself. White and tiny text
 * is left out and counted; lone page numbers go. The input is a program's, but of a hostile
 * document: every number is bounded and the scan never leaves the text. Pure.
 */
#include <stdlib.h>
#include "ing_int.h"

enum { SPANS_MAX = 400000, FONTS_MAX = 2000, LEVELS = 4 };

struct font {
	int size;
	bool white;
	size_t chars;
};
struct span {
	sv text;
	int page, top, left, width, height, font;
	bool bold;
};
struct pdf {
	struct ing_job *j;
	struct font font[FONTS_MAX];
	VEC(struct span) spans;
	struct ing_pages pages;  /* offsets in the Markdown */
	int body;                /* size of most text */
	int level_size[LEVELS];  /* sizes of headings, largest first */
	struct sb out;
	size_t at;               /* next span */
	int last_page, last_bottom;
	bool in_para;
};

/* ---- reading ---- */

static int number(sv line, const char *name)
{
	ptrdiff_t at = sv_find(line, sv_of(name));
	int n = 0;
	bool minus;
	size_t i;

	if (at < 0)
		return 0;
	i = (size_t)at + strlen(name);
	minus = i < line.n && line.p[i] == '-';
	for (i += minus; i < line.n && line.p[i] >= '0' && line.p[i] <= '9' && n < 1000000; i++)
		n = n * 10 + (line.p[i] - '0');
	return minus ? -n : n;
}

static uint32_t entity(sv *s)
{
	static const struct {
		const char *name;
		uint32_t r;
	} known[] = { { "&lt;", '<' }, { "&gt;", '>' }, { "&amp;", '&' }, { "&quot;", '"' },
		      { "&apos;", '\'' }, { "&#160;", ' ' } };

	for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++)
		if (sv_starts(*s, sv_of(known[i].name))) {
			*s = sv_slice(*s, strlen(known[i].name), s->n);
			return known[i].r;
		}
	if (sv_starts(*s, SV("&#"))) {
		uint32_t r = 0;
		size_t i = 2;

		for (; i < s->n && i < 10 && s->p[i] >= '0' && s->p[i] <= '9'; i++)
			r = r * 10 + (uint32_t)(s->p[i] - '0');
		if (i < s->n && s->p[i] == ';' && r && r < 0x110000 && (r < 0xD800 || r > 0xDFFF)) {
			*s = sv_slice(*s, i + 1, s->n);
			return r;
		}
	}
	*s = sv_slice(*s, 1, s->n);
	return '&';
}

/* Without tags, entities decoded. */
static sv inner_text(struct arena *a, sv t, bool *bold)
{
	struct sb b;
	sv out;

	sb_init(&b, t.n * 4 + 16);
	*bold = sv_starts(sv_trim(t), SV("<b>")) && sv_ends(sv_trim(t), SV("</b>"));
	while (t.n) {
		ptrdiff_t gt;

		if (t.p[0] == '<' && (gt = sv_find_ch(t, '>')) > 0) {
			t = sv_slice(t, (size_t)gt + 1, t.n);
		} else if (t.p[0] == '&') {
			sb_rune(&b, entity(&t));
		} else {
			sb_ch(&b, t.p[0]);
			t = sv_slice(t, 1, t.n);
		}
	}
	out = b.n ? arena_sv(a, sb_sv(&b)) : SV("");
	sb_done(&b);
	return sv_utf8_ok(out) ? out : SV("");
}

static void read_font(struct pdf *p, sv line)
{
	int id = number(line, " id=\"");

	if (id < 0 || id >= FONTS_MAX)
		return;
	p->font[id].size = number(line, " size=\"");
	p->font[id].white = sv_find(line, SV("color=\"#ffffff\"")) >= 0 ||
			    sv_find(line, SV("color=\"#fefefe\"")) >= 0;
}

static void read_text(struct pdf *p, sv line, int page)
{
	ptrdiff_t open = sv_find_ch(line, '>'), close = sv_find(line, SV("</text>"));
	struct span s = { .page = page };
	struct span *slot;

	if (open < 0 || close <= open)
		return;
	s.font = number(line, " font=\"");
	if (s.font < 0 || s.font >= FONTS_MAX)
		s.font = FONTS_MAX - 1;
	s.text = inner_text(p->j->a, sv_slice(line, (size_t)open + 1, (size_t)close), &s.bold);
	line = sv_slice(line, 0, (size_t)open);
	s.top = number(line, " top=\"");
	s.left = number(line, " left=\"");
	s.width = number(line, " width=\"");
	s.height = number(line, " height=\"");
	if (!sv_trim(s.text).n)
		return;
	if (p->font[s.font].white || (p->font[s.font].size && p->font[s.font].size <= 1)) {
		p->j->left.hidden += s.text.n;
		return;
	}
	p->font[s.font].chars += sv_runes(s.text);
	slot = VEC_PUSH(&p->spans, SPANS_MAX);
	if (slot)
		*slot = s;
}

static void read_all(struct pdf *p, sv xml)
{
	int page = 0, max = p->j->in->pages_max ? p->j->in->pages_max : ING_PAGES_MAX;
	sv line;

	while (sv_line(&xml, &line)) {
		line = sv_trim(line);
		if (sv_starts(line, SV("<page "))) {
			page++;
			if (page > max) {
				ing_notef(p->j, ING_PAGES_NOTE, "%d", max);
				break;
			}
			p->j->d->pages = p->j->depth ? p->j->d->pages : page;
		} else if (sv_starts(line, SV("<fontspec "))) {
			read_font(p, line);
		} else if (sv_starts(line, SV("<text "))) {
			/* a text that holds a line end goes on */
			while (sv_find(line, SV("</text>")) < 0 && xml.n && line.n < 20000) {
				sv more;

				(void)sv_line(&xml, &more);
				line = sv_n(line.p, (size_t)(more.p - line.p) + more.n);
			}
			read_text(p, line, page);
		}
	}
}

/* ---- sizes ---- */

static int by_size_down(const void *a, const void *b)
{
	return *(const int *)b - *(const int *)a;
}

static void find_sizes(struct pdf *p)
{
	size_t chars[200] = { 0 };
	int larger[200], n = 0;

	for (int i = 0; i < FONTS_MAX; i++)
		if (p->font[i].size > 0 && p->font[i].size < 200)
			chars[p->font[i].size] += p->font[i].chars;
	for (int i = 1; i < 200; i++)
		if (chars[i] > chars[p->body])
			p->body = i;
	for (int i = p->body + 1; i < 200; i++)
		if (chars[i] && i * 100 >= p->body * 115)
			larger[n++] = i;
	qsort(larger, (size_t)n, sizeof(int), by_size_down);
	for (int i = 0; i < n && i < LEVELS - 1; i++)
		p->level_size[i] = larger[i];
}

static int level_of(const struct pdf *p, const struct span *s)
{
	int size = p->font[s->font].size;

	for (int i = 0; i < LEVELS - 1 && p->level_size[i]; i++)
		if (size >= p->level_size[i])
			return i + 1;
	return size * 100 >= p->body * 115 && p->level_size[0] ? LEVELS - 1 : 0;
}

/* ---- lines ---- */

struct line {
	size_t from, to;         /* spans */
	int cells, top, bottom, page;
};

static bool same_line(const struct span *a, const struct span *b)
{
	int d = a->top + a->height / 2 - (b->top + b->height / 2), h = a->height;

	return a->page == b->page && abs(d) * 2 <= h && b->left >= a->left;
}

static bool far_apart(const struct span *a, const struct span *b)
{
	return b->left - (a->left + a->width) > a->height * 3 / 2;
}

static struct line next_line(const struct pdf *p, size_t at)
{
	const struct span *v = p->spans.v;
	struct line l = { at, at + 1, 1, v[at].top, v[at].top + v[at].height, v[at].page };

	while (l.to < p->spans.n && same_line(&v[l.to - 1], &v[l.to])) {
		l.cells += far_apart(&v[l.to - 1], &v[l.to]);
		if (v[l.to].top + v[l.to].height > l.bottom)
			l.bottom = v[l.to].top + v[l.to].height;
		l.to++;
	}
	return l;
}

static void put_cells(struct pdf *p, const struct line *l, struct ing_grid *g, size_t row)
{
	size_t col = 0;
	struct sb b;

	sb_init(&b, 64u << 10);
	for (size_t i = l->from; i < l->to; i++) {
		if (i > l->from && far_apart(&p->spans.v[i - 1], &p->spans.v[i])) {
			(void)ing_grid_put(g, row, col++, arena_sv(p->j->a, sb_sv(&b)));
			sb_reset(&b);
		}
		sb_put(&b, p->spans.v[i].text);
	}
	(void)ing_grid_put(g, row, col, b.n ? arena_sv(p->j->a, sb_sv(&b)) : SV(""));
	sb_done(&b);
}

/* Two lines or more with cells: a table. Returns where it ends, or `at`. */
static size_t table(struct pdf *p, size_t at)
{
	struct ing_grid g = { 0 };
	size_t rows = 0, end = at;

	while (end < p->spans.n) {
		struct line l = next_line(p, end);

		if (l.cells < 2 || l.page != p->spans.v[at].page)
			break;
		put_cells(p, &l, &g, rows++);
		end = l.to;
	}
	if (rows >= 2) {
		sb_cstr(&p->out, "\n\n");
		ing_grid_md(&g, 0, g.rows, &p->out);
		sb_ch(&p->out, '\n');
	}
	ing_grid_done(&g);
	return rows >= 2 ? end : at;
}

static bool lone_number(sv t)
{
	size_t digits = 0;

	for (size_t i = 0; i < t.n; i++) {
		if (t.p[i] >= '0' && t.p[i] <= '9')
			digits++;
		else if (!strchr(" -/.", t.p[i]))
			return false;
	}
	return digits && digits <= 9 && t.n < 16;
}

static void end_para(struct pdf *p)
{
	if (p->in_para)
		sb_cstr(&p->out, "\n\n");
	p->in_para = false;
}

/* Joins a line to the paragraph: no blank between Chinese characters, no hyphen at a line's end. */
static void join(struct pdf *p, sv t)
{
	struct sb *b = &p->out;
	sv first = t;
	char last = b->n ? b->p[b->n - 1] : '\n';

	if (p->in_para && last == '-' && t.p[0] >= 'a' && t.p[0] <= 'z')
		sb_truncate(b, b->n - 1);
	else if (p->in_para && !((unsigned char)last >= 128 && sv_rune(&first) >= 0x2E80))
		sb_ch(b, ' ');
	sb_put(b, t);
	p->in_para = true;
}

static sv line_text(struct pdf *p, const struct line *l)
{
	struct sb b;
	sv out;

	sb_init(&b, 1u << 20);
	for (size_t i = l->from; i < l->to; i++) {
		if (i > l->from && p->spans.v[i].left > p->spans.v[i - 1].left +
							   p->spans.v[i - 1].width + 1 &&
		    b.n && b.p[b.n - 1] != ' ')
			sb_ch(&b, ' ');
		sb_put(&b, p->spans.v[i].text);
	}
	out = b.n ? arena_sv(p->j->a, sb_sv(&b)) : SV("");
	sb_done(&b);
	return sv_trim(out);
}

static sv bullet(sv t)
{
	static const char *const marks[] = { "•", "●", "▪", "■", "◦", "○",
					     "‣", "·", "–", "-", "*", "\xEF\x82\xB7" };

	for (size_t i = 0; i < sizeof(marks) / sizeof(*marks); i++)
		if (sv_starts(t, sv_of(marks[i])) && t.n > strlen(marks[i]) + 1)
			return sv_trim(sv_slice(t, strlen(marks[i]), t.n));
	return SV_NULL;
}

static void one_line(struct pdf *p, const struct line *l)
{
	const struct span *s = &p->spans.v[l->from];
	sv t = line_text(p, l), point = bullet(t);
	int level = level_of(p, s), h = l->bottom - l->top;
	bool bold = s->bold && l->to == l->from + 1 && t.n < 90 && !sv_ends(t, SV(".")) &&
		    !sv_ends(t, SV("。")) && !sv_ends(t, SV(",")) &&
		    l->top - p->last_bottom > h / 3;

	if (!t.n || (lone_number(t) && l->cells == 1 && !level))
		return;
	if (l->page != p->last_page || l->top - p->last_bottom > h * 2 / 3 ||
	    l->top < p->last_bottom - h)
		end_para(p);
	if (!level && bold)
		level = LEVELS;
	if (level && t.n < 250) {
		end_para(p);
		sb_fmt(&p->out, "%.*s " SV_FMT "\n\n", level, "######", SV_ARG(t));
	} else if (point.n) {
		end_para(p);
		sb_fmt(&p->out, "- " SV_FMT, SV_ARG(point));
		p->in_para = true;
	} else {
		join(p, t);
	}
	p->last_page = l->page;
	p->last_bottom = l->bottom;
}

int ing_pdf_text(struct ing_job *j, sv xml)
{
	struct pdf *p = xalloc(sizeof(*p));
	struct kb_article base = { 0 };
	size_t at = 0;

	p->j = j;
	read_all(p, xml);
	find_sizes(p);
	sb_init(&p->out, ING_TEXT_MAX + 1000);
	while (at < p->spans.n) {
		int page = p->spans.v[at].page;
		struct line l = next_line(p, at);
		size_t end = at;

		while ((int)p->pages.n < page) {
			uint32_t *slot = VEC_PUSH(&p->pages, ING_PAGES_MAX + 1);

			if (!slot)
				break;
			*slot = (uint32_t)p->out.n;
		}
		if (l.cells >= 2) {
			end_para(p);
			end = table(p, at);
		}
		if (end == at) {
			one_line(p, &l);
			end = l.to;
		}
		at = end;
	}
	if (p->out.n)
		(void)ing_add(j, &base, arena_sv(j->a, sb_sv(&p->out)), &p->pages);
	VEC_FREE(&p->pages);
	VEC_FREE(&p->spans);
	sb_done(&p->out);
	xfree(p);
	return 0;
}
