/* acd_import_xml.c: tags of a configuration file.
 *
 * No more of XML is read than files such as callcenter.conf.xml have: tags with attributes,
 * comments and <?..?>. Anything else (a DOCTYPE, an entity's definition, CDATA) is refused, so
 * nothing of a stranger's file can grow or be fetched. Tags must be nested, to a depth. Text
 * between them is passed over. Any thread.
 */
#include "acd_import_int.h"

sv acd_tag_value(const struct acd_tag *t, const char *name)
{
	for (int i = 0; i < t->n; i++)
		if (sv_eq(t->key[i], sv_of(name)))
			return t->value[i];
	return SV_NULL;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static sv skip_blank(sv s)
{
	while (s.n && is_blank(s.p[0]))
		s = sv_slice(s, 1, s.n);
	return s;
}

static sv word(sv *s)
{
	size_t n = 0;
	while (n < s->n && !is_blank(s->p[n]) && !strchr("=/>\"'<", s->p[n]))
		n++;
	sv w = sv_slice(*s, 0, n);
	*s = sv_slice(*s, n, s->n);
	return w;
}

/* What stands behind '<', up to and with '>', off s; NULL, or what is wrong. */
static const char *read_tag(sv *s, struct acd_tag *t)
{
	*t = (struct acd_tag){ .ends = s->n && s->p[0] == '/' };
	*s = sv_slice(*s, t->ends, s->n);
	t->name = word(s);
	if (!t->name.n)
		return "a tag without a name";
	for (;;) {
		char quote;
		ptrdiff_t end;
		*s = skip_blank(*s);
		if (s->n && s->p[0] == '/') {
			t->single = true;
			*s = sv_slice(*s, 1, s->n);
		}
		if (s->n && s->p[0] == '>') {
			*s = sv_slice(*s, 1, s->n);
			return NULL;
		}
		if (t->n == ACD_TAG_ATTRS)
			return "too many attributes";
		t->key[t->n] = word(s);
		*s = skip_blank(*s);
		if (!t->key[t->n].n || !s->n || s->p[0] != '=')
			return "a tag that does not end";
		*s = skip_blank(sv_slice(*s, 1, s->n));
		quote = s->n ? s->p[0] : 0;
		if (quote != '"' && quote != '\'')
			return "a value without quotes";
		*s = sv_slice(*s, 1, s->n);
		if ((end = sv_find_ch(*s, quote)) < 0)
			return "a value that does not end";
		t->value[t->n++] = sv_slice(*s, 0, (size_t)end);
		*s = sv_slice(*s, (size_t)end + 1, s->n);
	}
}

/* Past a comment or a <?..?>; false when it does not end. */
static bool skip_past(sv *s, sv end)
{
	ptrdiff_t at = sv_find(*s, end);
	if (at >= 0)
		*s = sv_slice(*s, (size_t)at + end.n, s->n);
	return at >= 0;
}

struct nest { sv open[ACD_TAG_DEPTH]; int depth; };

/* NULL, or why the tag cannot stand here. */
static const char *nested(struct nest *n, const struct acd_tag *t)
{
	if (t->ends)
		return n->depth && sv_eq(n->open[--n->depth], t->name) ?
			       NULL :
			       "a tag ends that is not open";
	if (t->single)
		return NULL;
	if (n->depth == ACD_TAG_DEPTH)
		return "too deep";
	n->open[n->depth++] = t->name;
	return NULL;
}

int acd_tags(sv text, const char *name, int (*fn)(void *arg, const struct acd_tag *t), void *arg,
	     struct err *e)
{
	struct nest n = { .depth = 0 };
	const char *bad = NULL;
	sv s = text;
	ptrdiff_t at;
	int rc = 0;
	while (!bad && !rc && (at = sv_find_ch(s, '<')) >= 0) {
		struct acd_tag t;
		s = sv_slice(s, (size_t)at + 1, s.n);
		if (sv_starts(s, SV("!--")) || sv_starts(s, SV("?"))) {
			if (!skip_past(&s, s.p[0] == '?' ? SV("?>") : SV("-->")))
				bad = "a comment that does not end";
			continue;
		}
		bad = s.n && s.p[0] == '!' ? "a declaration: such files have none" :
					     read_tag(&s, &t);
		if (!bad)
			bad = nested(&n, &t);
		if (!bad)
			rc = fn(arg, &t);
	}
	if (!bad && !rc && n.depth)
		bad = "a tag is left open";
	if (!bad && !rc)
		return 0;
	size_t line = 1;
	for (const char *c = text.p; c < s.p; c++)
		line += *c == '\n';
	return err_set(e, rc ? rc : ERR_PARSE, "%s:%zu: %s", name, line,
		       bad ? bad : err_text(rc));
}
