/* ing_zip.c: archives: Office documents and ZIPs of documents, by libarchive from memory.
 *
 * Only wanted files are unpacked. Bounds: entries, bytes in all, and how much more comes out than
 * went in: whichever is reached first ends it, so a bomb costs what the bound costs. Nothing is
 * written to disk, so names can lead nowhere. An archive within an archive is refused. One thread
 * per job; parts live in its arena.
 */
#include <archive.h>
#include <archive_entry.h>
#include <stdio.h>
#include <strings.h>
#include "ing_int.h"

struct unzip {
	struct ing_job *j;
	struct archive *ar;
	size_t packed;           /* bytes of the whole archive */
	size_t out;
	struct sb buf;
};

static int take(struct unzip *u, sv name, struct ing_zip *z)
{
	const void *block;
	size_t n;
	la_int64_t off;
	int rc;
	struct ing_part *p;

	sb_reset(&u->buf);
	while ((rc = archive_read_data_block(u->ar, &block, &n, &off)) == ARCHIVE_OK) {
		u->out += n;
		if (u->out > ING_UNPACK_MAX ||
		    (u->out > (8u << 20) && u->out / ING_RATIO_MAX > u->packed)) {
			char what[80];

			(void)snprintf(what, sizeof(what), "%zu -> %zu", u->packed, u->out);
			return ing_refuse(u->j, ERR_TOOBIG, ING_BOMB_NOTE, sv_of(what));
		}
		sb_put(&u->buf, sv_n(block, n));
	}
	if (rc != ARCHIVE_EOF) {
		const char *why = archive_error_string(u->ar);

		return ing_refuse(u->j, ERR_PARSE, ING_DAMAGED_NOTE, sv_of(why ? why : "ZIP"));
	}
	p = VEC_PUSH(&z->parts, ING_ENTRIES_MAX);
	if (!p)
		return ERR_FULL;
	p->name = arena_sv(u->j->a, name);
	p->bytes = u->buf.n ? arena_sv(u->j->a, sb_sv(&u->buf)) : SV("");
	if (p->name.p && p->bytes.p && !sb_err(&u->buf))
		return 0;
	return ing_refuse(u->j, ERR_TOOBIG, ING_TOO_MUCH_MEMORY_NOTE, SV(""));
}

static int entries(struct unzip *u, ing_want_fn *want, struct ing_zip *z)
{
	struct archive_entry *en;
	int rc = 0, st = ARCHIVE_EOF;

	while (!rc && (st = archive_read_next_header(u->ar, &en)) == ARCHIVE_OK) {
		const char *name = archive_entry_pathname(en);

		if (++z->n_entries > ING_ENTRIES_MAX)
			return ing_refuse(u->j, ERR_TOOBIG, ING_BOMB_NOTE, SV("files"));
		if (!name || archive_entry_filetype(en) != AE_IFREG || !want(sv_of(name)))
			continue;
		if (archive_entry_is_encrypted(en))
			return ing_refuse(u->j, ERR_DENIED, ING_ENCRYPTED_NOTE, SV(""));
		rc = take(u, sv_of(name), z);
	}
	if (!rc && st != ARCHIVE_EOF) {
		const char *why = archive_error_string(u->ar);

		rc = ing_refuse(u->j, ERR_PARSE, ING_DAMAGED_NOTE, sv_of(why ? why : "ZIP"));
	}
	return rc;
}

int ing_zip_read(struct ing_job *j, sv bytes, ing_want_fn *want, struct ing_zip *z)
{
	struct unzip u = { .j = j, .ar = archive_read_new(), .packed = bytes.n };
	int rc;

	if (!u.ar)
		return ERR_NOMEM;
	sb_init(&u.buf, ING_UNPACK_MAX + (1u << 20));
	(void)archive_read_support_format_zip_seekable(u.ar);
	rc = archive_read_open_memory(u.ar, bytes.p, bytes.n) == ARCHIVE_OK ?
		     entries(&u, want, z) :
		     ing_refuse(j, ERR_PARSE, ING_DAMAGED_NOTE, SV("ZIP"));
	(void)archive_read_free(u.ar);
	sb_done(&u.buf);
	return rc;
}

sv ing_zip_get(const struct ing_zip *z, const char *name)
{
	for (size_t i = 0; i < z->parts.n; i++)
		if (sv_eq(z->parts.v[i].name, sv_of(name)))
			return z->parts.v[i].bytes;
	return SV_NULL;
}

void ing_zip_done(struct ing_zip *z)
{
	VEC_FREE(&z->parts);
}

/* ---- what it is ---- */

static bool want_office(sv name)
{
	return sv_ends(name, SV(".xml")) || sv_ends(name, SV(".xml.rels")) ||
	       sv_starts(name, SV("mimetype"));
}

static bool want_docs(sv name)
{
	static const char *const not[] = { ".png", ".jpg", ".jpeg", ".gif", ".svg", ".webp", ".css",
					   ".js", ".ico", ".woff", ".woff2", ".mp4", ".map" };

	if (sv_starts(name, SV("__MACOSX/")) || sv_find(name, SV("/.")) >= 0 || !name.n)
		return false;
	for (size_t i = 0; i < sizeof(not) / sizeof(*not); i++) {
		sv end = sv_of(not[i]);

		if (name.n > end.n && sv_eq_nocase(sv_slice(name, name.n - end.n, name.n), end))
			return false;
	}
	return true;
}

static bool named(const struct ing_job *j, const char *end)
{
	size_t n = strlen(j->name), k = strlen(end);

	return n > k && strcasecmp(j->name + n - k, end) == 0;
}

static int inner(struct ing_job *j, const struct ing_part *p)
{
	struct ing_job k = *j;
	size_t had = j->d->articles.n;
	int rc;

	k.depth = ING_INNER_DEPTH;
	k.inner = p->name;
	k.name = arena_cstr(j->a, p->name);
	if (sv_starts(p->bytes, SV("PK\3\4")) && sv_ends(p->name, SV(".zip")))
		rc = ing_refuse(&k, ERR_UNSUPPORTED, ING_NESTED_NOTE, SV(""));
	else
		rc = ing_bytes(&k, p->bytes, SV_NULL);
	j->at = k.at;
	j->left.hidden = k.left.hidden;
	j->left.invisible = k.left.invisible;
	if (rc)
		j->d->articles.n = had;
	return rc == ERR_NOMEM ? rc : 0;
}

int ing_zip(struct ing_job *j, sv bytes)
{
	struct ing_zip z = { 0 };
	bool office = named(j, ".docx") || named(j, ".xlsx") || named(j, ".pptx");
	int rc;

	if (j->depth && !office)
		return ing_refuse(j, ERR_UNSUPPORTED, ING_NESTED_NOTE, SV(""));
	rc = ing_zip_read(j, bytes, office || !named(j, ".zip") ? want_office : want_docs, &z);
	if (rc)
		;
	else if (ing_zip_get(&z, "word/document.xml").p)
		rc = ing_docx(j, &z);
	else if (ing_zip_get(&z, "ppt/presentation.xml").p)
		rc = ing_pptx(j, &z);
	else if (ing_zip_get(&z, "xl/workbook.xml").p)
		rc = ing_xlsx(j, &z);
	else if (named(j, ".zip"))
		for (size_t i = 0; i < z.parts.n && !rc; i++)
			rc = inner(j, &z.parts.v[i]);
	else
		rc = ing_refuse(j, ERR_PARSE, ING_BINARY_NOTE, SV("ZIP"));
	ing_zip_done(&z);
	return rc;
}
