/* ing_split.c: a document's text (Markdown) as articles: one, or where it is long one for each
 * part under a heading. Several headings of the first level are several articles, however short.
 *
 * A part longer than ING_PART_MAX is split at the highest headings within it, again and again; one
 * without headings only beyond ING_PART_WALL, between paragraphs. Its title is its own heading and
 * the document's; its path of headings and its span in the document are kept. Text that speaks to a
 * language model is left out and told. Pure, one thread per job.
 */
#include <stdio.h>
#include "guard.h"
#include "ing_int.h"

struct head {
	size_t at, body;         /* offsets of the line and of what follows it */
	int level;
	sv title;
};
struct split {
	struct ing_job *j;
	const struct kb_article *base;
	const struct ing_pages *pages;
	sv md;
	VEC(struct head) heads;
	bool several;            /* more than one heading of the first level, and no other title */
	int rc;
};

static int level_of(sv line)
{
	size_t k = 0;

	while (k < line.n && line.p[k] == '#')
		k++;
	return k && k < 7 && k < line.n && line.p[k] == ' ' ? (int)k : 0;
}

static void find_heads(struct split *s)
{
	sv rest = s->md, line;
	bool code = false;

	while (rest.n) {
		size_t at = s->md.n - rest.n;
		int level;

		if (!sv_line(&rest, &line))
			break;
		if (sv_starts(line, SV("```")) || sv_starts(line, SV("~~~")))
			code = !code;
		level = code ? 0 : level_of(line);
		if (level) {
			struct head *h = VEC_PUSH(&s->heads, 20000);
			sv t = sv_trim(sv_slice(line, (size_t)level, line.n));

			while (t.n && t.p[t.n - 1] == '#')
				t = sv_trim(sv_slice(t, 0, t.n - 1));
			if (h)
				*h = (struct head){ at, s->md.n - rest.n, level, t };
		}
	}
}

static int firsts(const struct split *s)
{
	int n = 0;
	for (size_t i = 0; i < s->heads.n; i++)
		n += s->heads.v[i].level == 1;
	return n;
}

static int page_of(const struct ing_pages *p, size_t at)
{
	int page = 0;

	for (size_t i = 0; p && i < p->n && p->v[i] <= at; i++)
		page = (int)i + 1;
	return page;
}

/* Does any stretch of it try to steer a model? */
static bool steers(struct split *s, sv text)
{
	bool bad = false;
	struct arena a;

	arena_init(&a, LIM_ARENA_BIG);
	while (text.n && !bad) {
		struct guard_in in = { 0 };
		size_t n = guard_piece(text);

		n = n ? n : text.n;
		bad = guard_inbound(sv_slice(text, 0, n), &a, &in) == 0 && in.suspicious;
		text = sv_slice(text, n, text.n);
		arena_reset(&a);
	}
	arena_done(&a);
	return bad;
}

/* A list of headings answers nothing. */
static bool lists_contents(sv title)
{
	return sv_eq_nocase(title, SV("table of contents")) ||
	       sv_eq_nocase(title, SV("contents")) || sv_eq(title, SV("目录")) ||
	       sv_eq(title, SV("目 录"));
}

static void emit(struct split *s, size_t from, size_t to, sv path)
{
	struct ing_job *j = s->j;
	struct ing_article *x;
	sv body = sv_trim(sv_slice(s->md, from, to));
	sv last = path, doc = s->base->title;
	ptrdiff_t cut;

	while ((cut = sv_find(last, SV(" > "))) >= 0)
		last = sv_slice(last, (size_t)cut + 3, last.n);
	if (!body.n || s->rc || lists_contents(last))
		return;
	if (steers(s, body)) {
		ing_note(j, ING_STEERING_NOTE,
			 sv_slice(body, 0, sv_rune_offset(body, 60)));
		return;
	}
	x = VEC_PUSH(&j->d->articles, ING_ARTICLES_MAX);
	if (!x) {
		s->rc = ERR_FULL;
		return;
	}
	x->kb = *s->base;
	x->kb.body_md = body;
	x->heading = path;
	x->inner = j->inner;
	x->own_id = s->base->group_id.n > 0;
	x->from = j->at + (uint32_t)(body.p - s->md.p);
	x->to = x->from + (uint32_t)body.n;
	x->page = page_of(s->pages, (size_t)(body.p - s->md.p));
	if (last.n && doc.n && !sv_eq(last, doc))
		x->kb.title =
			sv_of(arena_fmt(j->a, SV_FMT " - " SV_FMT, SV_ARG(last), SV_ARG(doc)));
	else if (last.n)
		x->kb.title = last;
	if (last.n)
		x->kb.aliases = SV_NULL;
	if (!x->kb.title.n) {            /* what stands before the first heading */
		sv line = SV_NULL;
		while (!line.n && sv_line(&body, &line))
			line = sv_trim(line);
		x->kb.title = sv_slice(line, 0, sv_rune_offset(line, 80));
	}
	if (s->several && !x->kb.lang.n) {   /* a number or an address says no language */
		sv lang = kb_script_lang(x->kb.title), of = kb_script_lang(x->kb.body_md);
		x->kb.lang = sv_eq(of, SV("en")) ? lang : of;
	}
}

/* Without headings: between paragraphs, at the wall. */
static void emit_long(struct split *s, size_t from, size_t to, sv path)
{
	int n = 0;

	while (to - from > ING_PART_WALL) {
		sv part = sv_slice(s->md, from, from + ING_PART_WALL);
		size_t cut = part.n;

		while (cut > part.n / 2 && !(part.p[cut - 1] == '\n' && part.p[cut - 2] == '\n'))
			cut--;
		for (size_t c = part.n; cut <= part.n / 2 && c > part.n / 2; c--)
			if (part.p[c - 1] == '\n' || part.p[c - 1] == ' ')
				cut = c;
		if (cut <= part.n / 2)
			cut = sv_head(sv_slice(s->md, from, to), part.n).n;
		n++;
		emit(s, from, from + cut,
		     n == 1 ? path :
			      sv_of(arena_fmt(s->j->a, SV_FMT "%s%d", SV_ARG(path),
					      path.n ? " > " : "", n)));
		from += cut;
	}
	emit(s, from, to,
	     n ? sv_of(arena_fmt(s->j->a, SV_FMT "%s%d", SV_ARG(path), path.n ? " > " : "",
				 n + 1)) :
		 path);
}

static sv below(struct split *s, sv path, sv title)
{
	title = sv_slice(title, 0, sv_rune_offset(title, 120));
	return path.n ? sv_of(arena_fmt(s->j->a, SV_FMT " > " SV_FMT, SV_ARG(path),
					SV_ARG(title))) :
			title;
}

/* Headings h0..h1 lie in [from, to). Levels grow at each step, so this ends within six. */
static void part(struct split *s, size_t from, size_t to, size_t h0, size_t h1, sv path)
{
	int top = 7;
	size_t i = h0;

	for (size_t k = h0; k < h1; k++)
		top = s->heads.v[k].level < top ? s->heads.v[k].level : top;
	bool apart = s->several && top == 1;
	if ((to - from <= ING_PART_MAX && !apart) || top == 7) {
		emit_long(s, from, to, path);
		return;
	}
	while (i < h1 && s->heads.v[i].level > top)
		i++;
	if (s->heads.v[i].at > from)
		part(s, from, s->heads.v[i].at, h0, i, path);
	while (i < h1 && !s->rc) {
		size_t next = i + 1;

		while (next < h1 && s->heads.v[next].level > top)
			next++;
		part(s, s->heads.v[i].body, next < h1 ? s->heads.v[next].at : to, i + 1, next,
		     below(s, path, s->heads.v[i].title));
		i = next;
	}
}

int ing_add(struct ing_job *j, const struct kb_article *base, sv md, const struct ing_pages *pages)
{
	struct kb_article b = *base;
	struct split s = { .j = j, .base = &b, .pages = pages };
	sv text = ing_visible(j->a, md, &j->left.invisible), cut = text;

	if (text.n > ING_TEXT_MAX) {
		text = sv_head(text, ING_TEXT_MAX);
		ing_notef(j, ING_LONG_NOTE, "%d", ING_TEXT_MAX);
	}
	if (!sv_trim(text).n)
		return 0;
	s.md = text;
	b.title = sv_trim(ing_visible(j->a, b.title, &j->left.invisible));
	find_heads(&s);
	s.several = !b.title.n && firsts(&s) > 1;
	/* A first heading that opens the text is its title. */
	if (s.heads.n && !b.title.n && !s.several)
		b.title = s.heads.v[0].title;
	if (s.heads.n && !sv_trim(sv_slice(text, 0, s.heads.v[0].at)).n &&
	    sv_eq(s.heads.v[0].title, b.title)) {
		s.heads.v[0].level = 0;
		cut = sv_slice(text, s.heads.v[0].body, text.n);
	}
	if (!b.title.n && !s.several) {
		sv rest = cut, line = SV_NULL;

		while (!line.n && sv_line(&rest, &line))
			line = sv_trim(line);
		b.title = sv_slice(line, 0, sv_rune_offset(line, 80));
	}
	if (!b.lang.n && (j->lang.n || !s.several))
		b.lang = j->lang.n ? j->lang : kb_script_lang(text);
	part(&s, (size_t)(cut.p - text.p), text.n, s.heads.n && !s.heads.v[0].level, s.heads.n,
	     SV_NULL);
	VEC_FREE(&s.heads);
	j->at += (uint32_t)text.n;
	if (s.rc == ERR_FULL)
		ing_notef(j, ING_ROWS_NOTE, "%d", ING_ARTICLES_MAX);
	return 0;
}
