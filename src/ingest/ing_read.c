/* ing_read.c: one document: what kind it is, who reads it, what became of it.
 *
 * The bytes decide the kind where they can (PDF, ZIP, old Office), then the end of the name, then
 * the Content-Type. A container (archive, mail) gives its files back to ing_bytes, at most
 * ING_INNER_DEPTH deep. Any thread; everything lies in the caller's arena.
 */
#include <stdio.h>
#include <strings.h>
#include "ing_int.h"

void ing_note(struct ing_job *j, enum ing_code c, sv detail)
{
	struct ing_note *n;

	for (size_t i = 0; i < j->d->notes.n; i++)
		if (j->d->notes.v[i].code == c && sv_eq(j->d->notes.v[i].detail, detail))
			return;
	n = VEC_PUSH(&j->d->notes, ING_NOTES_MAX);
	if (n) {
		sv d = arena_sv(j->a, sv_slice(detail, 0, sv_rune_offset(detail, 200)));

		*n = (struct ing_note){ c, d.p ? d : SV("") };
	}
}

void ing_notef(struct ing_job *j, enum ing_code c, const char *fmt, ...)
{
	char text[400];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	ing_note(j, c, sv_of(text));
}

/* Inside a container only that file is lost. */
int ing_refuse(struct ing_job *j, int rc, enum ing_code c, sv detail)
{
	if (j->depth && j->inner.n) {
		struct ing_note n = { c, detail };
		struct sb b;

		sb_init(&b, 2000);
		sb_fmt(&b, SV_FMT ": ", SV_ARG(j->inner));
		ing_note_text(&n, SV("en"), &b, NULL);
		ing_note(j, ING_INNER_NOTE, sb_sv(&b));
		sb_done(&b);
	} else {
		ing_note(j, c, detail);
	}
	return rc;
}

sv ing_stem(const char *name)
{
	sv s = sv_of(name);
	ptrdiff_t cut;

	while ((cut = sv_find_ch(s, '?')) > 0 || (cut = sv_find_ch(s, '#')) > 0)
		s = sv_slice(s, 0, (size_t)cut);
	while (s.n && s.p[s.n - 1] == '/')
		s.n--;
	for (size_t i = s.n; i; i--)
		if (s.p[i - 1] == '/') {
			s = sv_slice(s, i, s.n);
			break;
		}
	for (size_t i = s.n; i > 1; i--)
		if (s.p[i - 1] == '.')
			return sv_slice(s, 0, i - 1);
	return s;
}

/* ---- text kinds ---- */

enum kind { K_NONE, K_MD, K_TXT, K_HTML, K_CSV, K_TSV, K_JSON, K_JSONL, K_MAIL, K_PDF, K_ZIP, K_OLE,
	    K_PACKED, K_IMAGE };
static const char *const kind_names[] = {
	"", "markdown", "text", "html", "csv", "tsv", "json", "jsonl", "mail", "pdf", "zip",
	"office", "", "",
};

static bool ends(const char *name, const char *end)
{
	size_t n = strcspn(name, "?#"), k = strlen(end);

	return n > k && strncasecmp(name + n - k, end, k) == 0;
}

static enum kind by_name(const char *name)
{
	static const struct {
		const char *end;
		enum kind k;
	} ends_of[] = {
		{ ".md", K_MD }, { ".markdown", K_MD }, { ".mdx", K_MD }, { ".txt", K_TXT },
		{ ".text", K_TXT }, { ".html", K_HTML }, { ".htm", K_HTML }, { ".xhtml", K_HTML },
		{ ".csv", K_CSV }, { ".tsv", K_TSV }, { ".tab", K_TSV }, { ".json", K_JSON },
		{ ".jsonl", K_JSONL }, { ".ndjson", K_JSONL }, { ".eml", K_MAIL },
		{ ".pdf", K_PDF }, { ".docx", K_ZIP }, { ".xlsx", K_ZIP }, { ".pptx", K_ZIP },
		{ ".zip", K_ZIP },
	};

	for (size_t i = 0; i < sizeof(ends_of) / sizeof(*ends_of); i++)
		if (ends(name, ends_of[i].end))
			return ends_of[i].k;
	return K_NONE;
}

static enum kind by_mime(sv mime)
{
	static const struct {
		const char *mime;
		enum kind k;
	} of[] = {
		{ "text/html", K_HTML }, { "application/xhtml+xml", K_HTML },
		{ "text/markdown", K_MD }, { "text/csv", K_CSV },
		{ "text/tab-separated-values", K_TSV }, { "application/json", K_JSON },
		{ "application/x-ndjson", K_JSONL }, { "message/rfc822", K_MAIL },
		{ "text/plain", K_TXT },
	};

	for (size_t i = 0; i < sizeof(of) / sizeof(*of); i++) {
		sv want = sv_of(of[i].mime);

		if (sv_eq_nocase(sv_slice(mime, 0, want.n), want))
			return of[i].k;
	}
	return K_NONE;
}

static enum kind by_bytes(sv b)
{
	static const struct {
		const char *magic;
		size_t n;
		enum kind k;
	} of[] = {
		{ "%PDF-", 5, K_PDF },
		{ "PK\3\4", 4, K_ZIP },
		{ "PK\5\6", 4, K_ZIP },
		{ "\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1", 8, K_OLE },
		{ "\x1F\x8B", 2, K_PACKED },
		{ "BZh", 3, K_PACKED },
		{ "\xFD"
		  "7zXZ",
		  5, K_PACKED },
		{ "7z\xBC\xAF", 4, K_PACKED },
		{ "Rar!", 4, K_PACKED },
		{ "\x28\xB5\x2F\xFD", 4, K_PACKED },
		{ "\x89PNG", 4, K_IMAGE },
		{ "\xFF\xD8\xFF", 3, K_IMAGE },
		{ "GIF8", 4, K_IMAGE },
		{ "\x7F"
		  "ELF",
		  4, K_IMAGE },
		{ "MZ\x90", 3, K_IMAGE },
	};

	for (size_t i = 0; i < sizeof(of) / sizeof(*of); i++)
		if (sv_starts(b, sv_n(of[i].magic, of[i].n)))
			return of[i].k;
	return K_NONE;
}

static enum kind by_look(sv text)
{
	sv head = sv_trim(sv_slice(text, 0, 1000));

	if (sv_starts(head, SV("<")))
		return K_HTML;
	if (sv_starts(head, SV("{")) || sv_starts(head, SV("[{")))
		return K_JSON;
	if (sv_starts(head, SV("---\n")) || sv_starts(head, SV("# ")))
		return K_MD;
	return K_TXT;
}

sv ing_charset_of(sv mime)
{
	ptrdiff_t at = sv_find(mime, SV("charset="));
	sv s = at < 0 ? SV_NULL : sv_slice(mime, (size_t)at + 8, mime.n), head = s;

	if (sv_starts(s, SV("\"")))
		s = sv_slice(s, 1, s.n);
	for (size_t i = 0; i < s.n; i++)
		if (strchr("\"; ", s.p[i])) {
			head = sv_slice(s, 0, i);
			return head;
		}
	return s;
}

static int plain_text(struct ing_job *j, sv text)
{
	struct kb_article base = { 0 };
	sv rest = text, line = SV_NULL;

	while (!line.n && sv_line(&rest, &line))
		line = sv_trim(line);
	base.title = sv_slice(line, 0, sv_rune_offset(line, 80));
	/* A short first line before an empty one is a title, and no part of the text. */
	sv after = rest, next = SV_NULL;
	if (line.n && line.n < 200 && sv_line(&after, &next) && !sv_trim(next).n &&
	    sv_trim(after).n)
		text = after;
	return ing_add(j, &base, text, NULL);
}

static int text_kind(struct ing_job *j, enum kind k, sv bytes, sv mime)
{
	const char *what = NULL;
	sv text;
	int rc = ing_utf8(j->a, bytes, ing_charset_of(mime), &text, &what);

	if (rc)
		return ing_refuse(j, rc, memchr(bytes.p, 0, bytes.n) ? ING_BINARY_NOTE :
				  ING_BAD_TEXT_NOTE, SV("zero bytes in it"));
	if (strcmp(what, "UTF-8") != 0)
		ing_note(j, ING_ENCODING_NOTE, sv_of(what));
	if (k == K_NONE)
		k = by_look(text);
	if (!j->depth)
		j->d->kind = kind_names[k];
	switch (k) {
	case K_MD:
		return ing_markdown(j, text);
	case K_CSV:
		return ing_csv(j, text, 0);
	case K_TSV:
		return ing_csv(j, text, '\t');
	case K_JSON:
	case K_JSONL:
		return ing_json(j, text, k == K_JSONL);
	default:
		return plain_text(j, text);
	}
}

int ing_bytes(struct ing_job *j, sv bytes, sv mime)
{
	enum kind k = by_bytes(bytes);

	if (bytes.n > ING_FILE_MAX)
		return ing_refuse(j, ERR_TOOBIG, ING_TOO_BIG_NOTE, SV("33554432"));
	if (!sv_trim(bytes).n)
		return ing_refuse(j, ERR_PARSE, ING_EMPTY_NOTE, SV(""));
	if (k == K_NONE)
		k = by_name(j->name);
	if (k == K_NONE)
		k = by_mime(mime);
	if (!j->depth && k != K_NONE)
		j->d->kind = kind_names[k];
	switch (k) {
	case K_PDF:
		return ing_pdf(j, bytes);
	case K_ZIP:
		return ing_zip(j, bytes);
	case K_MAIL:
		return ing_mail(j, bytes);
	case K_HTML:
		return ing_html(j, bytes, mime);
	case K_OLE:
		return ing_refuse(j, ERR_UNSUPPORTED, ING_OLD_OFFICE_NOTE, SV(""));
	case K_PACKED:
		return ing_refuse(j, ERR_UNSUPPORTED, ING_BINARY_NOTE, SV("compressed"));
	case K_IMAGE:
		return ing_refuse(j, ERR_UNSUPPORTED, ING_BINARY_NOTE, SV("image or program"));
	default:
		if (k == K_NONE && by_look(bytes) == K_HTML)
			return ing_html(j, bytes, mime);
		return text_kind(j, k, bytes, mime);
	}
}

/* "faq.zh.md" -> "zh" */
static sv lang_in(const char *name)
{
	sv s = ing_stem(name), l = sv_slice(s, s.n > 2 ? s.n - 2 : s.n, s.n);

	if (s.n < 4 || s.p[s.n - 3] != '.' || l.p[0] < 'a' || l.p[0] > 'z' || l.p[1] < 'a' ||
	    l.p[1] > 'z')
		return SV_NULL;
	return l;
}

int ing_read(const struct ing_in *in, struct arena *a, struct ing_doc *d)
{
	struct ing_job j = { .in = in, .a = a, .d = d, .name = in->name ? in->name : "" };
	int rc;

	*d = (struct ing_doc){ .kind = "" };
	j.lang = lang_in(j.name);
	if (!j.lang.n)
		j.lang = in->lang;
	rc = ing_bytes(&j, in->bytes, in->mime);
	if (j.left.hidden)
		ing_notef(&j, ING_HIDDEN_NOTE, "%zu", j.left.hidden);
	if (j.left.invisible)
		ing_notef(&j, ING_INVISIBLE_NOTE, "%zu", j.left.invisible);
	if (!rc && !d->articles.n && !d->notes.n)
		ing_note(&j, ING_EMPTY_NOTE, SV(""));
	return rc;
}
