/* t_ingest_help.h: documents made by the tests: ZIPs, Office files, PDFs. */
#ifndef CALLM_T_INGEST_HELP_H
#define CALLM_T_INGEST_HELP_H

#include <archive.h>
#include <archive_entry.h>
#include <stdio.h>
#include "ing_int.h"
#include "t.h"

struct made {
	struct arena a;
	struct sb b;
	struct ing_doc d;
	int rc;
};

static inline void made_init(struct made *m)
{
	memset(m, 0, sizeof(*m));
	arena_init(&m->a, LIM_ARENA_BIG);
	sb_init(&m->b, 256u << 20);
}

static inline void made_done(struct made *m)
{
	ing_doc_done(&m->d);
	sb_done(&m->b);
	arena_done(&m->a);
}

static inline int made_read(struct made *m, sv bytes, const char *name)
{
	m->rc = ing_read(&(struct ing_in){ .bytes = bytes, .name = name }, &m->a, &m->d);
	return m->rc;
}

/* The note with this code, or NULL. */
static inline const struct ing_note *made_note(const struct made *m, enum ing_code c)
{
	for (size_t i = 0; i < m->d.notes.n; i++)
		if (m->d.notes.v[i].code == c)
			return &m->d.notes.v[i];
	return NULL;
}

static inline sv made_body(const struct made *m, size_t i)
{
	return i < m->d.articles.n ? m->d.articles.v[i].kb.body_md : SV("(no such article)");
}

static inline sv made_title(const struct made *m, size_t i)
{
	return i < m->d.articles.n ? m->d.articles.v[i].kb.title : SV("(no such article)");
}

/* ---- ZIP ---- */
static inline la_ssize_t zip_write(struct archive *ar, void *arg, const void *p, size_t n)
{
	sb_put(arg, sv_n(p, n));
	return (la_ssize_t)n;
}

static inline struct archive *zip_open(struct sb *out)
{
	struct archive *z = archive_write_new();

	(void)archive_write_set_format_zip(z);
	(void)archive_write_set_bytes_per_block(z, 0);
	(void)archive_write_open(z, out, NULL, zip_write, NULL);
	return z;
}

static inline void zip_put(struct archive *z, const char *name, sv bytes)
{
	struct archive_entry *en = archive_entry_new();

	archive_entry_set_pathname(en, name);
	archive_entry_set_size(en, (la_int64_t)bytes.n);
	archive_entry_set_filetype(en, AE_IFREG);
	archive_entry_set_perm(en, 0644);
	(void)archive_write_header(z, en);
	(void)archive_write_data(z, bytes.p, bytes.n);
	archive_entry_free(en);
}

static inline void zip_close(struct archive *z)
{
	(void)archive_write_close(z);
	(void)archive_write_free(z);
}

#define W_NS "xmlns:w=\"http://schemas.openxmlformats.org/wordprocessingml/2006/main\""

/* A Word document of this body. */
static inline void docx(struct sb *out, const char *body)
{
	struct archive *z = zip_open(out);
	struct sb x;

	sb_init(&x, 64u << 20);
	zip_put(z, "[Content_Types].xml", SV("<Types/>"));
	zip_put(z, "word/styles.xml",
		SV("<w:styles " W_NS "><w:style w:styleId=\"1\"><w:name w:val=\"heading 1\"/>"
		   "</w:style><w:style w:styleId=\"a3\"><w:name w:val=\"Title\"/></w:style>"
		   "<w:style w:styleId=\"own\"><w:pPr><w:outlineLvl w:val=\"1\"/></w:pPr></w:style>"
		   "</w:styles>"));
	sb_fmt(&x, "<w:document " W_NS "><w:body>%s</w:body></w:document>", body);
	zip_put(z, "word/document.xml", sb_sv(&x));
	zip_close(z);
	sb_done(&x);
}

/* ---- PDF: each page a list of lines "size|color|x|text" parted by \n ---- */
static inline void pdf_page(struct sb *s, const char *lines)
{
	sv rest = sv_of(lines), line, size, color, x;
	int y = 740;

	while (sv_line(&rest, &line)) {
		int64_t n = 11, same = 0;

		sv_cut(&line, '|', &size);
		sv_cut(&line, '|', &color);
		sv_cut(&line, '|', &x);
		same = size.n == 0;
		if (!same)
			(void)sv_i64(size, &n);
		if (!same)
			y -= (int)n + (n > 12 ? 14 : 3);
		sb_fmt(s,
		       "BT " SV_FMT " rg /F1 %d Tf 1 0 0 1 " SV_FMT " %d Tm (" SV_FMT
		       ") Tj ET\n",
		       SV_ARG(color), (int)n, SV_ARG(x), y, SV_ARG(line));
	}
}

static inline void pdf(struct sb *out, const char *const *pages, int n_pages, int repeat)
{
	int n = n_pages * repeat;
	size_t *at = xalloc(sizeof(*at) * (size_t)(2 * n + 4)), k = 0, x;
	struct sb s;

	sb_init(&s, 1u << 20);
	sb_cstr(out, "%PDF-1.4\n");
	at[++k] = out->n;
	sb_cstr(out, "1 0 obj\n<< /Type /Catalog /Pages 2 0 R >>\nendobj\n");
	at[++k] = out->n;
	sb_cstr(out, "2 0 obj\n<< /Type /Pages /Kids [");
	for (int i = 0; i < n; i++)
		sb_fmt(out, "%d 0 R ", 4 + 2 * i);
	sb_fmt(out, "] /Count %d >>\nendobj\n", n);
	at[++k] = out->n;
	sb_cstr(out, "3 0 obj\n<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>\nendobj\n");
	for (int i = 0; i < n; i++) {
		at[++k] = out->n;
		sb_fmt(out, "%d 0 obj\n<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] "
			    "/Contents %d 0 R /Resources << /Font << /F1 3 0 R >> >> >>\nendobj\n",
		       4 + 2 * i, 5 + 2 * i);
		sb_reset(&s);
		pdf_page(&s, pages[i % n_pages]);
		at[++k] = out->n;
		sb_fmt(out, "%d 0 obj\n<< /Length %zu >>\nstream\n" SV_FMT "\nendstream\nendobj\n",
		       5 + 2 * i, s.n, SV_ARG(sb_sv(&s)));
	}
	x = out->n;
	sb_fmt(out, "xref\n0 %zu\n0000000000 65535 f \n", k + 1);
	for (size_t i = 1; i <= k; i++)
		sb_fmt(out, "%010zu 00000 n \n", at[i]);
	sb_fmt(out, "trailer << /Size %zu /Root 1 0 R >>\nstartxref\n%zu\n%%%%EOF", k + 1, x);
	sb_done(&s);
	xfree(at);
}

#endif
