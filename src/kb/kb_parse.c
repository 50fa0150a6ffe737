/* kb_parse.c: documents to articles: format by name or look, checks, files and folders.
 *
 * Each parser collects its articles in a kb_doc; only when the whole document was good are they
 * delivered. Every message says file:line, what is wrong and how to mend it. All strings are
 * views into the caller's arena or the document, which must outlive them: kb_parse copies the
 * document into the arena first. One thread per call.
 */
#include <stdio.h>
#include <strings.h>
#include <sys/stat.h>
#include "kb_int.h"

int kb_doc_err(struct kb_doc *d, int line, const char *fmt, ...)
{
	char msg[300];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(msg, sizeof(msg), fmt, ap);
	va_end(ap);
	err_set(d->e, ERR_PARSE, "%.80s:%d: %s", d->name, line, msg);
	if (d->e)
		d->e->line = line;
	return ERR_PARSE;
}

sv kb_script_lang(sv text)
{
	size_t han = 0, kana = 0, hangul = 0, latin = 0;

	for (size_t i = 0; text.n && i < 4000; i++) {
		uint32_t r = sv_rune(&text);

		kana += (r >= 0x3040 && r <= 0x30FF);
		hangul += (r >= 0xAC00 && r <= 0xD7AF);
		han += (r >= 0x4E00 && r <= 0x9FFF) || (r >= 0x3400 && r <= 0x4DBF);
		latin += (r >= 'a' && r <= 'z') || (r >= 'A' && r <= 'Z') ||
			 (r >= 0xC0 && r < 0x250);
	}
	if (hangul > han && hangul * 3 > latin)
		return SV("ko");
	if (kana && kana * 5 > han && (kana + han) * 3 > latin)
		return SV("ja");
	return han * 3 > latin ? SV("zh") : SV("en");
}

/* Chinese, Japanese, Korean: people read these in an id, as they read letters. */
static bool is_word_sign(uint32_t r)
{
	return (r >= 0x3041 && r <= 0x30FF && r != 0x30FB) || (r >= 0x3400 && r <= 0x4DBF) ||
	       (r >= 0x4E00 && r <= 0x9FFF) || (r >= 0xAC00 && r <= 0xD7AF);
}

#define SLUG_MAX 48

/* Chinese characters stay, too: an id says what its article is about.
 * Long ones that begin alike stay apart: the end becomes a print of the whole. */
static sv slug_cut(struct arena *a, const char *p, size_t n, sv text)
{
	sv head = sv_head(sv_n(p, n), SLUG_MAX - 9);
	return sv_of(arena_fmt(a, SV_FMT "-%08x", SV_ARG(head),
			       (unsigned)(sv_hash(text) ^ sv_hash(text) >> 32)));
}

/* apart: the print stands behind every name that was cut, of Latin letters too. */
static sv slug(struct arena *a, sv text, bool apart)
{
	char *p = arena_alloc(a, SLUG_MAX + 8);
	size_t n = 0;
	bool print = false;
	sv rest = text;

	while (p && rest.n && n < SLUG_MAX) {
		const char *at = rest.p;
		uint32_t r = sv_fold(sv_rune(&rest));
		size_t len = (size_t)(rest.p - at);

		if (is_word_sign(r)) {
			memcpy(p + n, at, len);
			n += len;
			print = true;
		} else if ((r >= 'a' && r <= 'z') || (r >= '0' && r <= '9')) {
			p[n++] = (char)r;
		} else if (n && p[n - 1] != '-') {
			p[n++] = '-';
		}
	}
	while (n && p[n - 1] == '-')
		n--;
	if (p && (print || apart) && (rest.n || n > SLUG_MAX))
		return slug_cut(a, p, n, text);
	if (p && n >= 3)
		return sv_n(p, n);
	return sv_of(arena_fmt(a, "doc-%08x", (unsigned)(sv_hash(text) ^ sv_hash(text) >> 32)));
}

sv kb_slug(struct arena *a, sv text)
{
	return slug(a, text, false);
}

sv kb_slug_apart(struct arena *a, sv text)
{
	return slug(a, text, true);
}

sv kb_alias_lines(struct arena *a, sv list)
{
	char *p = arena_alloc(a, list.n + 1);
	size_t n = 0;

	while (p && list.n) {
		sv item;
		size_t cut = 0, sep = 0;

		while (cut < list.n && !sep) {
			if (list.p[cut] == ';' || list.p[cut] == '\n')
				sep = 1;
			else if (sv_starts(sv_slice(list, cut, list.n), SV("；")))
				sep = 3;
			else
				cut++;
		}
		item = sv_trim(sv_slice(list, 0, cut));
		list = sv_slice(list, cut + sep, list.n);
		if (!item.n)
			continue;
		if (n)
			p[n++] = '\n';
		memcpy(p + n, item.p, item.n);
		n += item.n;
	}
	return p ? sv_n(p, n) : SV_NULL;
}

static int set_time(struct kb_doc *d, int64_t *ret, sv key, sv val, int line)
{
	if (clk_parse_rfc3339(val, ret) != 0)
		return kb_doc_err(d, line, SV_FMT " \"%.40s\" is not a date; write 2026-01-31",
				  SV_ARG(key), arena_cstr(d->a, sv_slice(val, 0, 40)));
	if (val.n == 10 && sv_eq(key, SV("valid_to")))
		*ret += 86400000 - 1; /* a bare last day counts as a whole */
	return 0;
}

/* "public", "agent" or "role:NAME"; nothing leaves it as it was. */
static int set_audience(struct kb_doc *d, struct kb_article *a, sv val, int line)
{
	bool ok = sv_eq(val, SV("public")) || sv_eq(val, SV("agent"));

	if (!val.n)
		return 0;
	if (!ok && sv_starts(val, SV("role:")) && val.n > 5 && val.n <= KB_ROLE_MAX) {
		ok = true;
		for (size_t i = 5; i < val.n; i++)
			ok &= (val.p[i] >= 'a' && val.p[i] <= 'z') ||
			      (val.p[i] >= '0' && val.p[i] <= '9') || val.p[i] == '-' ||
			      val.p[i] == '_';
	}
	if (!ok)
		return kb_doc_err(d, line, "audience \"%.40s\" is not known; write public, agent "
				  "or role:NAME", arena_cstr(d->a, sv_slice(val, 0, 40)));
	a->audience = val;
	return 0;
}

int kb_set_field(struct kb_doc *d, struct kb_article *a, sv key, sv val, int line)
{
	static const struct {
		const char *key;
		size_t off;
	} keys[] = {
		{ "id", offsetof(struct kb_article, group_id) },
		{ "lang", offsetof(struct kb_article, lang) },
		{ "title", offsetof(struct kb_article, title) },
		{ "category", offsetof(struct kb_article, category) },
		{ "source", offsetof(struct kb_article, source) },
		{ "answer", offsetof(struct kb_article, body_md) },
		{ "body", offsetof(struct kb_article, body_md) },
	};

	val = sv_trim(val);
	if (sv_eq(key, SV("aliases"))) {
		a->aliases = kb_alias_lines(d->a, val);
		return 0;
	}
	if (sv_eq(key, SV("valid_from")))
		return val.n ? set_time(d, &a->valid_from_ms, key, val, line) : 0;
	if (sv_eq(key, SV("valid_to")))
		return val.n ? set_time(d, &a->valid_to_ms, key, val, line) : 0;
	if (sv_eq(key, SV("audience")))
		return set_audience(d, a, val, line);
	for (size_t i = 0; i < sizeof(keys) / sizeof(*keys); i++)
		if (sv_eq(key, sv_of(keys[i].key))) {
			*(sv *)((char *)a + keys[i].off) = val;
			return 0;
		}
	return kb_doc_err(d, line,
			  "unknown field \"%.40s\"; known: id lang title category "
			  "aliases valid_from valid_to source audience",
			  arena_cstr(d->a, sv_slice(key, 0, 40)));
}

static bool id_ok_chars(sv s)
{
	if (!s.n || s.n > 100)
		return false;
	for (size_t i = 0; i < s.n; i++)
		if ((unsigned char)s.p[i] < 0x80 && kb_is_punct((unsigned char)s.p[i]) &&
		    !strchr("-_.", s.p[i]))
			return false;
	return true;
}

static bool lang_ok(sv s)
{
	if (s.n < 2 || s.n > 8)
		return false;
	for (size_t i = 0; i < s.n; i++)
		if (!(s.p[i] >= 'a' && s.p[i] <= 'z') && s.p[i] != '-')
			return false;
	return true;
}

/* "faq.en.md" -> "faq", "en" */
static void from_name(const char *name, sv *stem, sv *lang)
{
	const char *slash = strrchr(name, '/');
	sv s = sv_of(slash ? slash + 1 : name);
	ptrdiff_t dot = -1;

	for (size_t i = 1; i < s.n; i++)
		if (s.p[i] == '.')
			dot = (ptrdiff_t)i;
	if (dot > 0)
		s = sv_slice(s, 0, (size_t)dot);
	*lang = SV_NULL;
	if (s.n > 3 && s.p[s.n - 3] == '.' && lang_ok(sv_slice(s, s.n - 2, s.n))) {
		*lang = sv_slice(s, s.n - 2, s.n);
		s = sv_slice(s, 0, s.n - 3);
	}
	*stem = s;
}

static int check_fields(struct kb_doc *d, const struct kb_article *a, int line)
{
	if (!a->title.n)
		return kb_doc_err(d, line, "no title; add \"title: ...\" or a first heading");
	if (!sv_trim(a->body_md).n)
		return kb_doc_err(d, line, "no text; write the answer below the title");
	if (a->title.n > KB_TITLE_MAX || a->category.n > KB_FIELD_MAX ||
	    a->source.n > KB_TITLE_MAX || a->aliases.n > KB_ALIASES_MAX)
		return kb_doc_err(d, line,
				  "title, category or aliases too long; at most %d, %d and "
				  "%u bytes",
				  KB_TITLE_MAX, KB_FIELD_MAX, KB_ALIASES_MAX);
	if (!id_ok_chars(a->group_id))
		return kb_doc_err(d, line, "id \"%.40s\" must be 1 to 100 letters, digits, - _ .",
				  arena_cstr(d->a, sv_slice(a->group_id, 0, 40)));
	if (!lang_ok(a->lang))
		return kb_doc_err(d, line, "lang must be like en or zh");
	if (a->valid_to_ms && a->valid_to_ms < a->valid_from_ms)
		return kb_doc_err(d, line, "valid_to lies before valid_from; swap them");
	return 0;
}

int kb_doc_add(struct kb_doc *d, struct kb_article *a, int line)
{
	struct kb_article *slot;
	sv stem, lang, tail;
	int rc;

	from_name(d->name, &stem, &lang);
	if (!a->lang.n)
		a->lang = lang.n ? arena_sv(d->a, lang) :
				   kb_script_lang(a->body_md.n ? a->body_md : a->title);
	if (!a->group_id.n)
		a->group_id = kb_slug(d->a, stem);
	tail = sv_of(arena_fmt(d->a, "." SV_FMT, SV_ARG(sv_slice(a->lang, 0, 8))));
	if (sv_ends(a->group_id, tail) && a->group_id.n > tail.n)
		a->group_id = sv_slice(a->group_id, 0, a->group_id.n - tail.n);
	if (!a->source.n)
		a->source = arena_sv(d->a, sv_slice(sv_of(d->name), 0, KB_TITLE_MAX));
	rc = check_fields(d, a, line);
	if (rc)
		return rc;
	a->id = sv_of(arena_fmt(d->a, SV_FMT SV_FMT, SV_ARG(a->group_id), SV_ARG(tail)));
	if (map_get(d->seen, a->id))
		return kb_doc_err(d, line, "id \"%.60s\" stands twice in this document; give each "
				  "article its own id", a->id.p ? a->id.p : "");
	slot = VEC_PUSH(d, LIM_KB_ARTICLES);
	if (!slot || !a->id.p || map_put(d->seen, a->id, slot) != 0)
		return err_set(d->e, ERR_FULL, "%.80s:%d: too many articles; split the document",
			       d->name, line);
	*slot = *a;
	return 0;
}

/* ---- plain text ---- */

int kb_text_parse(struct kb_doc *d, sv text)
{
	struct kb_article a = { 0 };
	sv rest = text, line = SV_NULL;

	while (!line.n && sv_line(&rest, &line))
		line = sv_trim(line);
	a.title = line;
	a.body_md = sv_trim(rest);
	if (!a.body_md.n)
		a.body_md = line;
	if (a.title.n > KB_TITLE_MAX)
		a.title = sv_slice(line, 0,
				   sv_rune_offset(sv_slice(line, 0, KB_TITLE_MAX - 4), 80));
	return kb_doc_add(d, &a, 1);
}

/* ---- the door ---- */

static enum kb_format guess(const char *name, sv doc)
{
	static const struct {
		const char *ext;
		enum kb_format f;
	} exts[] = {
		{ ".md", KB_MARKDOWN }, { ".markdown", KB_MARKDOWN }, { ".txt", KB_TEXT },
		{ ".html", KB_HTML }, { ".htm", KB_HTML }, { ".csv", KB_CSV },
		{ ".jsonl", KB_JSONL }, { ".ndjson", KB_JSONL },
	};
	size_t n = strlen(name);
	sv head = sv_trim(sv_slice(doc, 0, 400));

	for (size_t i = 0; i < sizeof(exts) / sizeof(*exts); i++) {
		size_t k = strlen(exts[i].ext);

		if (n > k && strcasecmp(name + n - k, exts[i].ext) == 0)
			return exts[i].f;
	}
	if (sv_starts(head, SV("{")))
		return KB_JSONL;
	if (sv_starts(head, SV("<")))
		return KB_HTML;
	return sv_starts(head, SV("---")) || sv_starts(head, SV("#")) ? KB_MARKDOWN : KB_TEXT;
}

static int check_bytes(struct kb_doc *d, sv doc)
{
	sv rest = doc, line;
	int n = 0;

	if (doc.n > LIM_KB_DOC)
		return err_set(d->e, ERR_TOOBIG, "%.80s: larger than %u bytes; split it", d->name,
			       LIM_KB_DOC);
	if (sv_utf8_ok(doc) && !memchr(doc.p ? doc.p : "", 0, doc.n))
		return 0;
	while (sv_line(&rest, &line)) {
		n++;
		if (!sv_utf8_ok(line) || memchr(line.p ? line.p : "", 0, line.n))
			break;
	}
	kb_doc_err(d, n, "not UTF-8 text; save the file as UTF-8");
	if (d->e)
		d->e->code = ERR_UTF8;
	return ERR_UTF8;
}

typedef int doc_fn(struct kb_doc *d, sv text);

static int run_parser(doc_fn *parse, sv doc, const char *name, struct arena *a,
		      kb_article_fn *fn, void *arg, size_t *bad, struct err *e)
{
	struct kb_doc d = { .name = name && *name ? name : "document", .a = a, .bad = bad, .e = e };
	int rc;

	if (sv_starts(doc, SV("\xEF\xBB\xBF")))
		doc = sv_slice(doc, 3, doc.n);
	rc = check_bytes(&d, doc);
	if (rc)
		return rc;
	d.seen = map_new(LIM_KB_ARTICLES);
	if (doc.n)
		doc = arena_sv(a, doc);
	rc = doc.n && !doc.p ?
		     err_set(e, ERR_TOOBIG, "%.80s: no room left for this import", d.name) :
		     parse(&d, doc);
	for (size_t i = 0; !rc && i < d.n; i++)
		rc = fn(arg, &d.v[i]);
	map_free(d.seen);
	VEC_FREE(&d);
	return rc;
}

int kb_parse(sv doc, enum kb_format f, const char *name, struct arena *a, kb_article_fn *fn,
	     void *arg, struct err *e)
{
	static doc_fn *const parsers[] = {
		[KB_MARKDOWN] = kb_md_parse, [KB_TEXT] = kb_text_parse, [KB_HTML] = kb_html_parse,
		[KB_CSV] = kb_csv_parse, [KB_JSONL] = kb_jsonl_parse,
	};

	if (f == KB_AUTO)
		f = guess(name ? name : "", doc);
	ASSERT(f > KB_AUTO && f <= KB_JSONL);
	return run_parser(parsers[f], doc, name, a, fn, arg, NULL, e);
}

int kb_parse_products(sv jsonl, const char *name, struct arena *a, kb_article_fn *fn, void *arg,
		      size_t *bad, struct err *e)
{
	return run_parser(kb_products_parse, jsonl, name, a, fn, arg, bad, e);
}

struct walk {
	struct arena *a;
	kb_article_fn *fn;
	void *arg;
	struct err *e;
	bool only_known;         /* in folders, files of other kinds are skipped */
	size_t files;
};

static bool known_ext(const char *path)
{
	static const char *const exts[] = { ".md", ".markdown", ".txt", ".html", ".htm", ".csv",
					    ".jsonl", ".ndjson" };
	const char *dot = strrchr(path, '.');

	for (size_t i = 0; dot && i < sizeof(exts) / sizeof(*exts); i++)
		if (strcasecmp(dot, exts[i]) == 0)
			return true;
	return false;
}

static int parse_file(void *arg, const char *path)
{
	struct walk *w = arg;
	struct sb b;
	int rc;

	if (w->only_known && !known_ext(path))
		return 0;
	sb_init(&b, LIM_KB_DOC + 1);
	rc = file_read(path, LIM_KB_DOC, &b, w->e);
	if (!rc)
		rc = kb_parse(sb_sv(&b), KB_AUTO, path, w->a, w->fn, w->arg, w->e);
	sb_done(&b);
	w->files++;
	return rc;
}

int kb_parse_path(const char *path, struct arena *a, kb_article_fn *fn, void *arg, struct err *e)
{
	struct walk w = { .a = a, .fn = fn, .arg = arg, .e = e };
	struct stat st;
	int rc;

	if (stat(path, &st) != 0)
		return err_set(e, ERR_NOTFOUND, "%.200s: no such file or folder", path);
	if (!S_ISDIR(st.st_mode))
		return parse_file(&w, path);
	w.only_known = true;
	rc = file_walk(path, parse_file, &w);
	if (!rc && !w.files)
		return err_set(e, ERR_NOTFOUND, "%.200s: no .md .txt .html .csv or .jsonl file in "
			       "this folder", path);
	return rc;
}
