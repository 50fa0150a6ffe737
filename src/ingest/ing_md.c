/* ing_md.c: Markdown with the front matter of any site generator.
 *
 * What an article knows (id, lang, title, category, aliases, valid_from, valid_to, source) is taken
 * from between the two "---" lines, all other keys are told once and left out, so that a tree made
 * for another program needs no edits. draft: true leaves the document out. Pure.
 */
#include "ing_int.h"

struct front {
	struct ing_job *j;
	struct kb_article *a;
	struct sb unknown;
	bool draft;
};

static sv unquote(sv v)
{
	if (v.n >= 2 && (v.p[0] == '"' || v.p[0] == '\'') && v.p[v.n - 1] == v.p[0])
		return sv_slice(v, 1, v.n - 1);
	return v;
}

static bool day(sv val, bool last, int64_t *ret)
{
	if (clk_parse_rfc3339(val, ret))
		return false;
	if (last && val.n == 10)
		*ret += 86400000 - 1; /* a bare last day counts as a whole */
	return true;
}

static bool id_fits(sv s)
{
	for (size_t i = 0; i < s.n; i++)
		if ((unsigned char)s.p[i] < 128 && !(s.p[i] >= '0' && s.p[i] <= '9') &&
		    !((s.p[i] | 32) >= 'a' && (s.p[i] | 32) <= 'z') && !strchr("-_.", s.p[i]))
			return false;
	return s.n && s.n <= 100;
}

/* "a; b；c" -> lines */
static sv lines_of(struct arena *a, sv list)
{
	char *p = arena_alloc(a, list.n + 1);
	size_t n = 0;
	bool begun = false;      /* the alias at hand */

	while (p && list.n) {
		sv rest = list;
		uint32_t r = sv_rune(&rest);
		size_t k = list.n - rest.n;

		if (r == ';' || r == 0xFF1B) {
			while (n && p[n - 1] == ' ')
				n--;
			if (n && p[n - 1] != '\n')
				p[n++] = '\n';
			begun = false;
		} else if (r != ' ' || begun) {
			memcpy(p + n, list.p, k);
			n += k;
			begun = true;
		}
		list = rest;
	}
	return p ? sv_trim(sv_n(p, n)) : SV_NULL;
}

static void field(struct front *f, sv key, sv val)
{
	struct kb_article *a = f->a;
	bool ok = true;

	if (sv_eq(key, SV("id")) && id_fits(val))
		a->group_id = val;
	else if (sv_eq(key, SV("lang")) && val.n >= 2)
		a->lang = sv_slice(val, 0, 2);
	else if (sv_eq(key, SV("title")))
		a->title = val;
	else if (sv_eq(key, SV("category")))
		a->category = sv_slice(val, 0, 400);
	else if (sv_eq(key, SV("source")))
		a->source = val;
	else if (sv_eq(key, SV("aliases")))
		a->aliases = lines_of(f->j->a, val);
	else if (sv_eq(key, SV("valid_from")))
		ok = !val.n || day(val, false, &a->valid_from_ms);
	else if (sv_eq(key, SV("valid_to")))
		ok = !val.n || day(val, true, &a->valid_to_ms);
	else if (sv_eq(key, SV("draft")))
		f->draft = sv_eq(val, SV("true"));
	else
		ok = false;
	if (!ok && f->unknown.n < 200)
		sb_fmt(&f->unknown, "%s" SV_FMT, f->unknown.n ? ", " : "",
		       SV_ARG(sv_slice(key, 0, 40)));
}

/* Takes it off *text; without a closing line nothing is taken. */
static void front_matter(struct front *f, sv *text)
{
	sv rest = *text, line, key;

	if (!sv_line(&rest, &line) || !sv_eq(sv_trim(line), SV("---")))
		return;
	sv body = rest;
	bool closed = false;
	while (!closed && sv_line(&body, &line))
		closed = sv_eq(sv_trim(line), SV("---")) || sv_eq(sv_trim(line), SV("..."));
	if (!closed)
		return;
	*text = body;
	while (sv_line(&rest, &line) && rest.p != body.p) {
		bool inner = line.n && (line.p[0] == ' ' || line.p[0] == '\t' || line.p[0] == '-');
		sv t = sv_trim(line);

		if (inner || !t.n || t.p[0] == '#' || sv_find_ch(t, ':') < 1)
			continue;
		sv_cut(&t, ':', &key);
		field(f, sv_trim(key), unquote(sv_trim(t)));
	}
}

int ing_markdown(struct ing_job *j, sv text)
{
	struct kb_article a = { 0 };
	struct front f = { .j = j, .a = &a };
	int rc = 0;

	sb_init(&f.unknown, 400);
	front_matter(&f, &text);
	if (f.unknown.n)
		ing_note(j, ING_FRONT_NOTE, sb_sv(&f.unknown));
	sb_done(&f.unknown);
	if (a.valid_to_ms && a.valid_to_ms < a.valid_from_ms)
		return ing_refuse(j, ERR_PARSE, ING_BAD_FORM_NOTE,
				  SV("valid_to lies before valid_from; swap them"));
	if (!f.draft)
		rc = ing_add(j, &a, text, NULL);
	else
		ing_note(j, ING_FRONT_NOTE, SV("draft: true"));
	return rc;
}
