/* ing_import.c: files by hand, once: every kind of document, whole or not at all.
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
	void *arg;
	struct err *e;
	struct map *ids;         /* given by us */
	bool folder;
	size_t files;
};

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
		rc = map_put(m->ids, k.id, m);
		if (!rc)
			rc = m->fn(m->arg, &k);
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

static int one(void *arg, const char *path)
{
	static const char *const strict[] = { ".md",  ".markdown", ".txt",    ".html",
					      ".htm", ".jsonl",    ".ndjson", NULL };
	static const char *const ours[] = { ".pdf", ".docx", ".xlsx", ".pptx", ".eml",
					    ".zip", ".tsv",  ".json", NULL };
	static const char *const csv[] = { ".csv", NULL };
	struct import *m = arg;
	int rc;

	if (m->folder && !ends(path, strict) && !ends(path, ours) && !ends(path, csv))
		return 0;
	m->files++;
	if (ends(path, ours))
		return apart(m, path);
	rc = kb_parse_path(path, m->a, m->fn, m->arg, m->e);
	/* other systems' columns (the first line is what kb complains of), other encodings */
	if ((rc == ERR_PARSE && ends(path, csv) && m->e && m->e->line == 1) || rc == ERR_UTF8)
		rc = apart(m, path);
	return rc;
}

int ing_parse_path(const char *reader, const char *path, struct arena *a, kb_article_fn *fn,
		   void *arg, struct err *e)
{
	struct import m = { .reader = reader, .a = a, .fn = fn, .arg = arg, .e = e };
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
	return rc;
}
