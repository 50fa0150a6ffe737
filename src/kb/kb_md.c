/* kb_md.c: Markdown with optional front matter to one article.
 *
 * Front matter stands between two lines "---": `key: value`, one a line, values may be quoted,
 * unknown keys are an error with the line. Without it the first heading is the title and the file
 * name gives the id. Line endings become \n. Pure, one thread per call.
 */
#include "kb_int.h"

static sv unquote(sv v)
{
	if (v.n >= 2 && (v.p[0] == '"' || v.p[0] == '\'') && v.p[v.n - 1] == v.p[0])
		return sv_slice(v, 1, v.n - 1);
	return v;
}

/* Takes the front matter off *text; *ret_line is the line after it. */
static int front_matter(struct kb_doc *d, sv *text, struct kb_article *a, int *ret_line)
{
	sv rest = *text, line, key;
	int n = 1;

	if (!sv_line(&rest, &line) || !sv_eq(sv_trim(line), SV("---")))
		return 0;
	while (sv_line(&rest, &line)) {
		int rc;

		n++;
		line = sv_trim(line);
		if (sv_eq(line, SV("---"))) {
			*text = rest;
			*ret_line = n + 1;
			return 0;
		}
		if (!line.n || line.p[0] == '#')
			continue;
		if (sv_find_ch(line, ':') < 1)
			return kb_doc_err(d, n,
					  "front matter needs \"key: value\" or a closing ---");
		sv_cut(&line, ':', &key);
		rc = kb_set_field(d, a, sv_trim(key), unquote(sv_trim(line)), n);
		if (rc)
			return rc;
	}
	return kb_doc_err(d, 1, "front matter is not closed; add a line --- after it");
}

/* "\r\n" and "\r" to "\n"; a copy only when there is one. */
static sv unix_lines(struct arena *a, sv t)
{
	char *p;
	size_t n = 0;

	if (!t.n || !memchr(t.p, '\r', t.n))
		return t;
	p = arena_alloc(a, t.n);
	for (size_t i = 0; p && i < t.n; i++) {
		if (t.p[i] != '\r')
			p[n++] = t.p[i];
		else if (i + 1 == t.n || t.p[i + 1] != '\n')
			p[n++] = '\n';
	}
	return p ? sv_n(p, n) : SV_NULL;
}

/* The first heading becomes the title and leaves the body when it opens it. */
static void title_from_heading(struct kb_article *a)
{
	sv rest = a->body_md, line, first = SV_NULL;
	bool opens = true;

	while (sv_line(&rest, &line)) {
		sv t = sv_trim(line);
		size_t k = 0;

		while (k < t.n && t.p[k] == '#')
			k++;
		if (k && k < 7 && k < t.n && t.p[k] == ' ') {
			a->title = sv_trim(sv_slice(t, k, t.n));
			while (a->title.n && a->title.p[a->title.n - 1] == '#')
				a->title = sv_trim(sv_slice(a->title, 0, a->title.n - 1));
			if (opens)
				a->body_md = sv_trim(rest);
			return;
		}
		if (t.n && !first.n)
			first = t;
		opens = opens && !t.n;
	}
	a->title = sv_slice(first, 0, sv_rune_offset(first, 80));
}

int kb_md_parse(struct kb_doc *d, sv text)
{
	struct kb_article a = { 0 };
	int line = 1, rc;

	text = unix_lines(d->a, text);
	rc = front_matter(d, &text, &a, &line);
	if (rc)
		return rc;
	a.body_md = sv_trim(text);
	if (!a.title.n)
		title_from_heading(&a);
	return kb_doc_add(d, &a, line);
}
