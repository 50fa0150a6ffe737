/* ing_html.c: a web page: what a reader cannot see goes, its text becomes Markdown (by kb).
 *
 * One pass over the tags, no tree: an element is dropped to its end when it is hidden (attribute,
 * inline style, or a class or id that the page's own <style> hides), when it is white on white, of
 * size nothing or far off the page; how much text went is counted. Links and <meta> are kept for
 * the source. Styles from other files are not fetched, so what they hide stays. Elements are
 * counted, not nested: depth costs nothing. Pure, one thread per job.
 */
#include <strings.h>
#include "ing_int.h"

enum { HIDDEN_NAMES = 64 };

struct page {
	struct ing_job *j;
	sv rest;
	struct sb *out;
	char drop[16];           /* element being dropped; "" = none */
	size_t deep;
	bool hide;               /* it is dropped because nobody sees it */
	size_t n_names;
	sv names[HIDDEN_NAMES];  /* ".class", "#id" that are hidden */
	sv charset;
	bool titled;             /* <title> or <h1> stands in it */
};

struct tag {
	char name[16];
	bool close, self;
	sv attrs, all;
};

static bool is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f';
}

/* At "<": the tag; false: it is text. */
static bool read_tag(sv *rest, struct tag *t)
{
	sv s = *rest;
	size_t i = 1, n = 0;
	char quote = 0;

	*t = (struct tag){ 0 };
	if (i < s.n && s.p[i] == '/')
		t->close = true, i++;
	if (i >= s.n || !((s.p[i] | 32) >= 'a' && (s.p[i] | 32) <= 'z'))
		return false;
	for (; i < s.n && !is_space(s.p[i]) && s.p[i] != '>' && s.p[i] != '/'; i++)
		if (n + 1 < sizeof(t->name))
			t->name[n++] =
				(char)(s.p[i] >= 'A' && s.p[i] <= 'Z' ? s.p[i] | 32 : s.p[i]);
	size_t from = i;
	for (; i < s.n && (quote || s.p[i] != '>'); i++) {
		if (quote && s.p[i] == quote)
			quote = 0;
		else if (!quote && (s.p[i] == '"' || s.p[i] == '\''))
			quote = s.p[i];
		if (i - from > (64u << 10) || (!quote && s.p[i] == '<'))
			break;
	}
	t->attrs = sv_slice(s, from, i);
	t->self = t->attrs.n && t->attrs.p[t->attrs.n - 1] == '/';
	i += i < s.n && s.p[i] == '>';
	t->all = sv_slice(s, 0, i);
	*rest = sv_slice(s, i, s.n);
	return true;
}

/* p NULL: not there. */
static sv attr(sv attrs, const char *name)
{
	size_t k = strlen(name);
	sv s = attrs;

	while (s.n) {
		size_t i = 0, from;
		sv key, val = SV("");

		while (i < s.n && (is_space(s.p[i]) || s.p[i] == '/'))
			i++;
		from = i;
		while (i < s.n && !is_space(s.p[i]) && s.p[i] != '=' && s.p[i] != '/')
			i++;
		key = sv_slice(s, from, i);
		while (i < s.n && is_space(s.p[i]))
			i++;
		if (i < s.n && s.p[i] == '=') {
			i++;
			while (i < s.n && is_space(s.p[i]))
				i++;
			char q = i < s.n && (s.p[i] == '"' || s.p[i] == '\'') ? s.p[i++] : 0;
			from = i;
			while (i < s.n && (q ? s.p[i] != q : !is_space(s.p[i])))
				i++;
			val = sv_slice(s, from, i);
			i += q && i < s.n;
		}
		if (key.n == k && strncasecmp(key.p, name, k) == 0)
			return val.p ? val : SV("");
		if (!key.n && !i)
			break;
		s = sv_slice(s, i, s.n);
	}
	return SV_NULL;
}

/* ---- what cannot be seen ---- */

/* "color : #FFF !important" -> is the value of key one of those? */
static bool white(sv v)
{
	static const char *const whites[] = { "white", "#fff", "#ffffff", "#fefefe", "#fdfdfd",
					      "rgb(255,255,255)", "transparent", "rgba(0,0,0,0)" };

	for (size_t i = 0; i < sizeof(whites) / sizeof(*whites); i++)
		if (sv_eq_nocase(v, sv_of(whites[i])))
			return true;
	return false;
}

static bool nothing(sv v)
{
	double d;
	size_t n = 0;

	while (n < v.n && ((v.p[n] >= '0' && v.p[n] <= '9') || v.p[n] == '.'))
		n++;
	if (!n || sv_f64(sv_slice(v, 0, n), &d))
		return false;
	return d < 1.5 && (d < 0.01 || sv_starts(sv_slice(v, n, v.n), SV("px")) ||
			   sv_starts(sv_slice(v, n, v.n), SV("pt")));
}

static bool far_off(sv v)
{
	int64_t n = 0;
	size_t k = 1;

	while (k < v.n && v.p[k] >= '0' && v.p[k] <= '9')
		k++;
	return sv_starts(v, SV("-")) && k > 1 && sv_i64(sv_slice(v, 0, k), &n) == 0 && n <= -500;
}

/* Does a list of declarations hide what it is for? */
static bool hides(sv decls)
{
	sv one, key;
	bool pale = false, ground = false;

	while (sv_cut(&decls, ';', &one)) {
		char buf[64];
		size_t n = 0;
		sv v;

		if (!sv_cut(&one, ':', &key))
			continue;
		key = sv_trim(key);
		for (size_t i = 0; i < one.n && n < sizeof(buf); i++)
			if (!is_space(one.p[i]))
				buf[n++] = one.p[i];
		v = sv_n(buf, n);
		ptrdiff_t bang = sv_find_ch(v, '!');
		v = bang >= 0 ? sv_slice(v, 0, (size_t)bang) : v;
		if ((sv_eq_nocase(key, SV("display")) && sv_eq_nocase(v, SV("none"))) ||
		    (sv_eq_nocase(key, SV("visibility")) &&
		     (sv_eq_nocase(v, SV("hidden")) || sv_eq_nocase(v, SV("collapse")))) ||
		    (sv_eq_nocase(key, SV("opacity")) && nothing(v)) ||
		    (sv_eq_nocase(key, SV("font-size")) && nothing(v)) ||
		    ((sv_eq_nocase(key, SV("text-indent")) || sv_eq_nocase(key, SV("left")) ||
		      sv_eq_nocase(key, SV("top")) || sv_eq_nocase(key, SV("margin-left"))) &&
		     far_off(v)))
			return true;
		pale = pale || (sv_eq_nocase(key, SV("color")) && white(v));
		ground = ground || (sv_starts(key, SV("background")) && !white(v));
	}
	return pale && !ground;
}

static bool name_hidden(const struct page *p, char mark, sv name)
{
	for (size_t i = 0; i < p->n_names; i++)
		if (p->names[i].p[0] == mark &&
		    sv_eq(sv_slice(p->names[i], 1, p->names[i].n), name))
			return true;
	return false;
}

static bool hidden(const struct page *p, const struct tag *t)
{
	sv style = attr(t->attrs, "style"), classes = attr(t->attrs, "class"), one;

	if (attr(t->attrs, "hidden").p || (style.n && hides(style)) ||
	    name_hidden(p, '#', attr(t->attrs, "id")))
		return true;
	if (strcmp(t->name, "font") == 0 && white(attr(t->attrs, "color")))
		return true;
	while (sv_cut(&classes, ' ', &one))
		if (one.n && name_hidden(p, '.', one))
			return true;
	return false;
}

/* ".a, #b { display: none }" of the page's own styles; rules within @media do not count. */
static void learn_style(struct page *p, sv css)
{
	sv rule;
	int depth = 0;

	while (css.n && sv_cut(&css, '}', &rule)) {
		sv sel, one;
		ptrdiff_t open = sv_find_ch(rule, '{');

		if (open < 0) {
			depth -= depth > 0;
			continue;
		}
		sel = sv_trim(sv_slice(rule, 0, (size_t)open));
		rule = sv_slice(rule, (size_t)open + 1, rule.n);
		if (sv_starts(sel, SV("@")) || depth) {
			depth += sv_find_ch(rule, '{') >= 0;
			continue;
		}
		if (!hides(rule))
			continue;
		while (sv_cut(&sel, ',', &one)) {
			one = sv_trim(one);
			if (one.n > 1 && (one.p[0] == '.' || one.p[0] == '#') &&
			    sv_find_ch(one, ' ') < 0 && sv_find_ch(one, ':') < 0 &&
			    p->n_names < HIDDEN_NAMES)
				p->names[p->n_names++] = one;
		}
	}
}

/* ---- the pass ---- */

static bool among(const char *name, const char *list)
{
	size_t n = strlen(name);

	for (const char *p = list; n && (p = strstr(p, name)); p += n)
		if ((p == list || p[-1] == ' ') && (p[n] == ' ' || !p[n]))
			return true;
	return false;
}

static bool is_void(const char *name)
{
	return among(name, "area base br col embed hr img input link meta source track wbr");
}

/* Raw text: to its end tag, whatever stands in it. */
static sv raw(struct page *p, const char *name)
{
	size_t k = strlen(name);
	sv s = p->rest;

	for (size_t i = 0; i + k + 2 <= s.n; i++)
		if (s.p[i] == '<' && s.p[i + 1] == '/' && strncasecmp(s.p + i + 2, name, k) == 0) {
			p->rest = sv_slice(s, i, s.n);
			return sv_slice(s, 0, i);
		}
	p->rest = sv_slice(s, s.n, s.n);
	return s;
}

static void meta(struct page *p, const struct tag *t)
{
	sv name = attr(t->attrs, "name"), content = attr(t->attrs, "content");

	if (attr(t->attrs, "charset").n)
		p->charset = attr(t->attrs, "charset");
	else if (sv_eq_nocase(attr(t->attrs, "http-equiv"), SV("content-type")) &&
		 ing_charset_of(content).n)
		p->charset = ing_charset_of(content);
	if (sv_eq_nocase(name, SV("robots")) && sv_find(content, SV("noindex")) >= 0)
		p->j->d->noindex = true;
}

static void link_to(struct page *p, const struct tag *t)
{
	sv href = sv_trim(attr(t->attrs, "href")), *slot;

	if (!href.n || href.n > 2000 || href.p[0] == '#' || p->drop[0] ||
	    sv_find(attr(t->attrs, "rel"), SV("nofollow")) >= 0)
		return;
	slot = VEC_PUSH(&p->j->d->links, ING_LINKS_MAX);
	if (slot)
		*slot = arena_sv(p->j->a, href);
}

static void on_tag(struct page *p, const struct tag *t)
{
	if (strcmp(t->name, "style") == 0 && !t->close) {
		learn_style(p, raw(p, "style"));
		return;
	}
	if (among(t->name, "script noscript") && !t->close) {
		(void)raw(p, t->name);
		return;
	}
	/* <p> and <li> need no end tag: the next block ends them. */
	if (!t->close &&
	    ((strcmp(p->drop, "p") == 0 &&
	      among(t->name, "p div h1 h2 h3 h4 h5 h6 ul ol table pre section")) ||
	     (strcmp(p->drop, "li") == 0 && strcmp(t->name, "li") == 0 && p->deep == 1)))
		p->drop[0] = 0;
	if (p->drop[0]) {
		if (strcmp(t->name, p->drop) == 0 && !t->self)
			p->deep += t->close ? (size_t)-1 : 1;
		if (!p->deep)
			p->drop[0] = 0;
		return;
	}
	if (strcmp(t->name, "meta") == 0)
		meta(p, t);
	if (strcmp(t->name, "a") == 0 && !t->close)
		link_to(p, t);
	if (!t->close && !is_void(t->name) && !t->self && hidden(p, t)) {
		memcpy(p->drop, t->name, sizeof(p->drop));
		p->deep = 1;
		return;
	}
	p->titled = p->titled || among(t->name, "title h1");
	sb_put(p->out, t->all);
}

static int clean_page(struct ing_job *j, sv html, struct sb *out, bool *titled)
{
	struct page p = { .j = j, .rest = html, .out = out };

	while (p.rest.n && !sb_err(out)) {
		struct tag t;
		size_t n = 1;

		if (sv_starts(p.rest, SV("<!--"))) {
			ptrdiff_t end = sv_find(p.rest, SV("-->"));

			p.rest = sv_slice(p.rest, end < 0 ? p.rest.n : (size_t)end + 3, p.rest.n);
			continue;
		}
		if (p.rest.p[0] == '<' && read_tag(&p.rest, &t)) {
			on_tag(&p, &t);
			continue;
		}
		while (n < p.rest.n && p.rest.p[n] != '<')
			n++;
		if (!p.drop[0])
			sb_put(out, sv_slice(p.rest, 0, n));
		else
			j->left.hidden += sv_trim(sv_slice(p.rest, 0, n)).n;
		p.rest = sv_slice(p.rest, n, p.rest.n);
	}
	*titled = p.titled;
	return sb_err(out);
}

/* The charset that the page's own head names. */
static sv own_charset(struct ing_job *j, sv bytes)
{
	struct ing_doc spare = { 0 };
	struct ing_job k = { .a = j->a, .d = &spare };
	struct page p = { .j = &k, .rest = sv_slice(bytes, 0, 4096) };
	struct tag t;
	sv found = SV_NULL;

	while (p.rest.n && !found.n) {
		if (p.rest.p[0] != '<' || !read_tag(&p.rest, &t)) {
			p.rest = sv_slice(p.rest, 1, p.rest.n);
			continue;
		}
		if (strcmp(t.name, "meta") == 0)
			meta(&p, &t);
		found = p.charset;
	}
	for (size_t i = 0; i < found.n; i++)
		if (strchr("\"'; ", found.p[i]))
			return sv_slice(found, 0, i);
	return found;
}

static int keep(void *arg, const struct kb_article *a)
{
	*(struct kb_article *)arg = *a;
	return 0;
}

static int markdown(struct ing_job *j, sv html, struct kb_article *a)
{
	static const sv stand_in = { "<title>-</title>", 16 };
	struct sb clean;
	struct err e = { 0 };
	bool titled;
	int rc;

	/* kb wants a title; one that says nothing is taken off again. */
	sb_init(&clean, ING_FILE_MAX);
	sb_put(&clean, stand_in);
	rc = clean_page(j, html, &clean, &titled);
	if (!rc && clean.n > LIM_KB_DOC)
		rc = ERR_TOOBIG;
	if (!rc && titled && kb_parse(sv_slice(sb_sv(&clean), stand_in.n, clean.n), KB_HTML, "page",
				      j->a, keep, a, &e))
		titled = false; /* it was empty */
	if (!rc && !titled)
		rc = kb_parse(sb_sv(&clean), KB_HTML, "page", j->a, keep, a, &e);
	sb_done(&clean);
	if (!rc && !titled)
		a->title = SV_NULL;
	return rc;
}

sv ing_html_text(struct ing_job *j, sv html, sv *title)
{
	struct kb_article a = { 0 };

	if (markdown(j, html, &a))
		return SV_NULL;
	if (title)
		*title = a.title;
	return a.body_md;
}

int ing_html(struct ing_job *j, sv bytes, sv mime)
{
	struct kb_article a = { 0 }, base = { 0 };
	const char *what = NULL;
	sv text, told = ing_charset_of(mime), charset = told.n ? told : own_charset(j, bytes);
	int rc;

	if (!j->depth)
		j->d->kind = "html";
	rc = ing_utf8(j->a, bytes, charset, &text, &what);
	if (rc)
		return ing_refuse(j, rc, ING_BAD_TEXT_NOTE, SV(""));
	if (strcmp(what, "UTF-8") != 0)
		ing_note(j, ING_ENCODING_NOTE, sv_of(what));
	rc = markdown(j, text, &a);
	if (rc == ERR_TOOBIG)
		return ing_refuse(j, rc, ING_TOO_BIG_NOTE, SV("8388608"));
	if (rc || !a.body_md.n)
		return ing_refuse(j, ERR_PARSE, ING_EMPTY_NOTE, SV(""));
	base.title = a.title;
	base.lang = j->lang.n ? j->lang : a.lang;
	return ing_add(j, &base, a.body_md, NULL);
}
