/* kb_csv.c: CSV (RFC 4180) with a header line to articles, one a row.
 *
 * Columns by name: question and answer are needed, or title and answer (body); also title, lang,
 * id, category, aliases, valid_from, valid_to, source. A quoted field may hold commas, line ends
 * and doubled quotes. The separator is , or ; or a tab, whichever the header uses. Without an id
 * the question gives one. Pure, one thread per call.
 */
#include "kb_int.h"

#define COLS_MAX 32

struct csv {
	sv rest;
	char sep;
	int line;                /* of the next character */
	struct kb_doc *d;
};

/* A quoted field; the opening quote is taken. The copy is never longer than the source. */
static int quoted(struct csv *c, int from, sv *ret)
{
	size_t i = 0, n = 0;
	char *p;
	sv s = c->rest;
	size_t end = 0;

	while (end < s.n && !(s.p[end] == '"' && !(end + 1 < s.n && s.p[end + 1] == '"')))
		end += s.p[end] == '"' ? 2 : 1;
	if (end >= s.n)
		return kb_doc_err(c->d, from, "a quoted field is not closed; add the missing \"");
	p = arena_alloc(c->d->a, end + 1);
	if (!p)
		return err_set(c->d->e, ERR_TOOBIG, "%.80s: too large", c->d->name);
	for (i = 0; i < end; i++) {
		c->line += s.p[i] == '\n';
		i += s.p[i] == '"';
		if (s.p[i] != '\r')
			p[n++] = s.p[i];
	}
	*ret = sv_n(p, n);
	c->rest = sv_slice(s, end + 1, s.n);
	if (c->rest.n && c->rest.p[0] != c->sep && c->rest.p[0] != '\n' && c->rest.p[0] != '\r')
		return kb_doc_err(c->d, c->line, "text after a closing quote; double quotes inside "
				  "a field (\"\")");
	return 0;
}

static int plain(struct csv *c, sv *ret)
{
	size_t i = 0;

	while (i < c->rest.n && c->rest.p[i] != c->sep && c->rest.p[i] != '\n' &&
	       c->rest.p[i] != '\r') {
		if (c->rest.p[i] == '"')
			return kb_doc_err(c->d, c->line,
					  "a quote inside an unquoted field; put the "
					  "whole field in quotes and double the inner one");
		i++;
	}
	*ret = sv_slice(c->rest, 0, i);
	c->rest = sv_slice(c->rest, i, c->rest.n);
	return 0;
}

/* One record; *n = 0 for a blank line. */
static int record(struct csv *c, sv col[COLS_MAX], size_t *n)
{
	*n = 0;
	for (;;) {
		int rc;

		if (*n == COLS_MAX)
			return kb_doc_err(c->d, c->line, "more than %d columns", COLS_MAX);
		if (c->rest.n && c->rest.p[0] == '"') {
			c->rest = sv_slice(c->rest, 1, c->rest.n);
			rc = quoted(c, c->line, &col[*n]);
		} else {
			rc = plain(c, &col[*n]);
		}
		if (rc)
			return rc;
		++*n;
		if (c->rest.n && c->rest.p[0] == c->sep) {
			c->rest = sv_slice(c->rest, 1, c->rest.n);
			continue;
		}
		break;
	}
	if (sv_starts(c->rest, SV("\r\n")))
		c->rest = sv_slice(c->rest, 2, c->rest.n);
	else if (c->rest.n)
		c->rest = sv_slice(c->rest, 1, c->rest.n);
	c->line++;
	if (*n == 1 && !col[0].n)
		*n = 0;
	return 0;
}

static char find_sep(sv doc)
{
	sv head = SV_NULL;

	sv_line(&doc, &head);
	if (sv_find_ch(head, ',') < 0 && sv_find_ch(head, ';') > 0)
		return ';';
	return sv_find_ch(head, ',') < 0 && sv_find_ch(head, '\t') > 0 ? '\t' : ',';
}

static int header(struct csv *c, sv *col, size_t n)
{
	bool ask = false, answer = false;

	for (size_t i = 0; i < n; i++) {
		col[i] = sv_trim(col[i]);
		ask = ask || sv_eq(col[i], SV("question")) || sv_eq(col[i], SV("title"));
		answer = answer || sv_eq(col[i], SV("answer")) || sv_eq(col[i], SV("body"));
	}
	if (ask && answer)
		return 0;
	return kb_doc_err(c->d, 1, "the first line must name the columns: "
			  "question,answer[,title,lang,id,category,aliases]");
}

static int row(struct csv *c, const sv *name, const sv *col, size_t n, int line)
{
	struct kb_article a = { 0 };
	sv question = SV_NULL;

	for (size_t i = 0; i < n; i++) {
		int rc = 0;

		if (sv_eq(name[i], SV("question")))
			question = sv_trim(col[i]);
		else
			rc = kb_set_field(c->d, &a, name[i], col[i], line);
		if (rc)
			return rc;
	}
	if (!a.title.n)
		a.title = question;
	else if (question.n)
		a.aliases = a.aliases.n ? sv_of(arena_fmt(c->d->a, SV_FMT "\n" SV_FMT,
				SV_ARG(question), SV_ARG(a.aliases))) : question;
	if (!a.group_id.n)
		a.group_id = kb_slug(c->d->a, a.title);
	return kb_doc_add(c->d, &a, line);
}

int kb_csv_parse(struct kb_doc *d, sv text)
{
	struct csv c = { .rest = text, .sep = find_sep(text), .line = 1, .d = d };
	sv name[COLS_MAX], col[COLS_MAX];
	size_t n_name, n;
	int rc = record(&c, name, &n_name);

	if (!rc)
		rc = header(&c, name, n_name);
	while (!rc && c.rest.n) {
		int line = c.line;

		rc = record(&c, col, &n);
		if (rc || !n)
			continue;
		if (n != n_name)
			return kb_doc_err(d, line, "%zu columns where the header has %zu; quote "
					  "fields that hold a separator", n, n_name);
		rc = row(&c, name, col, n, line);
	}
	if (!rc && !d->n)
		return kb_doc_err(d, 1, "no row below the header");
	return rc;
}
