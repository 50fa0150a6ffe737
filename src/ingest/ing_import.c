/* ing_import.c: files by hand, once: every kind of document, each file whole or not at all.
 *
 * Markdown, text, HTML, CSV and JSON lines go the strict way of kb, which names file and line
 * of what is wrong; a table that kb does not know, and all other kinds, are read apart as a
 * source's documents are. In folders, files of unknown kinds are passed over. Blocking; strings
 * lie in the arena.
 */
#include <stdio.h>
#include <strings.h>
#include <sys/stat.h>
#include "ing_int.h"

struct import {
	const char *reader;
	struct arena *a;
	kb_article_fn *fn;
	ing_bad_fn *bad;
	void *arg;
	struct err *e;
	VEC(struct kb_article) file; /* of the one being read */
	struct map *ids;         /* given by us */
	bool folder, full;       /* full: no room for more, whatever the file */
	size_t files;
};

static const char *const strict[] = { ".md",  ".markdown", ".txt",    ".html",
				      ".htm", ".jsonl",    ".ndjson", NULL };
static const char *const ours[] = { ".pdf", ".docx", ".xlsx", ".pptx", ".eml",
				    ".zip", ".tsv",  ".json", NULL };
static const char *const csv[] = { ".csv", NULL };

static bool ends(const char *path, const char *const *list)
{
	size_t n = strlen(path);

	for (; *list; list++) {
		size_t k = strlen(*list);

		if (n > k && strcasecmp(path + n - k, *list) == 0)
			return true;
	}
	return false;
}

bool ing_known(const char *name)
{
	return ends(name, strict) || ends(name, ours) || ends(name, csv);
}

static int keep(void *arg, const struct kb_article *k)
{
	struct import *m = arg;
	struct kb_article *slot = VEC_PUSH(&m->file, LIM_KB_ARTICLES);

	if (!slot) {
		m->full = true;
		return err_set(m->e, ERR_FULL, "more than %d articles", LIM_KB_ARTICLES);
	}
	*slot = *k;
	return 0;
}

static int give(struct import *m, const char *path, const struct ing_doc *d)
{
	for (size_t i = 0; i < d->articles.n; i++) {
		const struct ing_article *x = &d->articles.v[i];
		struct kb_article k = x->kb;
		sv group = ing_group(m->a, sv_of(path), x, d->articles.n > 1), first = group;
		int rc;

		for (int n = 2;; n++) {
			k.group_id = group;
			k.id = sv_of(arena_fmt(m->a, SV_FMT "." SV_FMT, SV_ARG(group),
					       SV_ARG(k.lang)));
			if (!k.id.p)
				return err_set(m->e, ERR_TOOBIG, "%.200s: no room left", path);
			if (!map_get(m->ids, k.id))
				break;
			group = sv_of(arena_fmt(m->a, SV_FMT "-%d", SV_ARG(first), n));
		}
		if (!k.source.n)
			k.source = arena_sv(m->a, sv_of(path));
		k.title = sv_slice(k.title, 0, sv_rune_offset(k.title, 250));
		m->full = map_put(m->ids, k.id, m) != 0;
		if (m->full)
			return err_set(m->e, ERR_FULL, "more than %d articles", LIM_KB_ARTICLES);
		rc = keep(m, &k);
		if (rc)
			return rc;
	}
	return 0;
}

static int refused(struct import *m, const char *path, const struct ing_doc *d, int rc)
{
	struct sb text, mend;

	sb_init(&text, 2000);
	sb_init(&mend, 2000);
	for (size_t i = 0; i < d->notes.n && !text.n; i++)
		if (ing_code_grade(d->notes.v[i].code) != ING_INFO)
			ing_note_text(&d->notes.v[i], SV("en"), &text, &mend);
	rc = err_set(m->e, rc ? rc : ERR_PARSE, "%.200s: %s%s%s", path,
		     text.n ? sb_str(&text) : "nothing to read in it", mend.n ? "; " : "",
		     sb_str(&mend));
	sb_done(&text);
	sb_done(&mend);
	return rc;
}

static int apart(struct import *m, const char *path)
{
	char reader[4096];
	struct ing_doc d = { 0 };
	struct sb b;
	int rc = ing_find_reader(m->reader, reader, m->e);

	if (rc)
		return rc;
	sb_init(&b, ING_FILE_MAX + 1);
	rc = file_read(path, ING_FILE_MAX, &b, m->e);
	if (!rc) {
		struct ing_in in = { .bytes = sb_sv(&b), .name = path };

		rc = ing_read_apart(reader, &in, m->a, &d);
		rc = rc || !d.articles.n ? refused(m, path, &d, rc) : give(m, path, &d);
	}
	ing_doc_done(&d);
	sb_done(&b);
	return rc;
}

static int read_file(struct import *m, const char *path)
{
	if (ends(path, ours))
		return apart(m, path);
	int rc = kb_parse_path(path, m->a, keep, m, m->e);
	/* other systems' columns (the first line is what kb complains of), other encodings */
	if ((rc == ERR_PARSE && ends(path, csv) && m->e && m->e->line == 1) || rc == ERR_UTF8) {
		m->file.n = 0;
		*m->e = (struct err){ 0 };
		rc = apart(m, path);
	}
	return rc;
}

static int one(void *arg, const char *path)
{
	struct import *m = arg;

	if (m->folder && !ing_known(path))
		return 0;
	m->files++;
	m->file.n = 0;
	int rc = read_file(m, path);
	if (rc && m->bad && !m->full) {
		m->bad(m->arg, path, m->e);
		*m->e = (struct err){ 0 };
		return 0;
	}
	for (size_t i = 0; i < m->file.n && !rc; i++)
		rc = m->fn(m->arg, &m->file.v[i]);
	if (rc == ERR_FULL && !m->e->msg[0])
		err_set(m->e, rc, "%.200s: too many articles", path);
	return rc;
}

int ing_parse_path(const char *reader, const char *path, struct arena *a, kb_article_fn *fn,
		   ing_bad_fn *bad, void *arg, struct err *e)
{
	struct err own = { 0 };
	struct import m = { .reader = reader, .a = a, .fn = fn, .bad = bad, .arg = arg,
			    .e = e ? e : &own };
	struct stat st;
	int rc;

	if (stat(path, &st) != 0)
		return err_set(e, ERR_NOTFOUND, "%.200s: no such file or folder", path);
	m.ids = map_new(LIM_KB_ARTICLES);
	m.folder = S_ISDIR(st.st_mode);
	rc = m.folder ? file_walk(path, one, &m) : one(&m, path);
	if (!rc && !m.files)
		rc = err_set(e, ERR_NOTFOUND,
			     "%.200s: no document of a known kind in this folder", path);
	map_free(m.ids);
	VEC_FREE(&m.file);
	return rc;
}
