/* ing_export.c: the published articles as a tree of Markdown that ing_sync or any other program
 * reads: DIR/category/id.lang.md with front matter. Blocking, on the caller's reader. */
#include <stdio.h>
#include "ing_int.h"

/* A name of one folder, whatever a category is called. */
static void put_name(struct sb *b, sv name)
{
	size_t n = b->n;

	while (name.n && b->n - n < 100) {
		uint32_t r = sv_rune(&name);

		sb_rune(b, r == '/' || r < 32 || r == 127 || r == '\\' ? '-' : r);
	}
	if (b->n == n || b->p[n] == '.')
		sb_cstr(b, "articles");
}

static void line(struct sb *b, const char *key, sv v)
{
	if (!v.n)
		return;
	sb_fmt(b, "%s: ", key);
	for (size_t i = 0; i < v.n; i++)
		if (v.p[i] == '\n')
			sb_cstr(b, "; ");
		else if (v.p[i] != '\r')
			sb_ch(b, v.p[i]);
	sb_ch(b, '\n');
}

static void day(struct sb *b, const char *key, struct store_stmt *q, int col)
{
	char when[32];

	if (store_col_null(q, col))
		return;
	clk_rfc3339(store_col_int(q, col), when);
	sb_fmt(b, "%s: %s\n", key, when);
}

static int one(struct store_stmt *q, const char *dir, struct err *e)
{
	struct sb path, text;
	int rc;

	sb_init(&path, 8192);
	sb_init(&text, LIM_KB_DOC + 8192);
	sb_fmt(&path, "%s/", dir);
	put_name(&path, store_col_sv(q, 5));
	rc = file_mkdirs(sb_str(&path), e);
	sb_ch(&path, '/');
	put_name(&path, store_col_sv(q, 0));
	sb_fmt(&path, "." SV_FMT ".md", SV_ARG(store_col_sv(q, 1)));
	sb_cstr(&text, "---\n");
	line(&text, "id", store_col_sv(q, 0));
	line(&text, "lang", store_col_sv(q, 1));
	line(&text, "title", store_col_sv(q, 2));
	line(&text, "category", store_col_sv(q, 5));
	line(&text, "aliases", store_col_sv(q, 4));
	day(&text, "valid_from", q, 6);
	day(&text, "valid_to", q, 7);
	line(&text, "source", store_col_sv(q, 8));
	sb_fmt(&text, "---\n" SV_FMT "\n", SV_ARG(store_col_sv(q, 3)));
	if (!rc)
		rc = file_write(sb_str(&path), sb_sv(&text), e);
	sb_done(&path);
	sb_done(&text);
	return rc;
}

int ing_export_tree(struct store_db *db, const char *dir, size_t *ret_n, struct err *e)
{
	struct store_stmt *q;
	size_t n = 0;
	int rc = store_prep(db, &q,
			    "SELECT group_id, lang, title, body_md, aliases, category, "
			    "valid_from_ms, valid_to_ms, source FROM article WHERE status = "
			    "'published' ORDER BY group_id, lang");
	int step = 0;

	if (rc)
		return err_set(e, rc, "the articles cannot be read");
	while (!rc && (step = store_step(q)) == 1) {
		rc = one(q, dir, e);
		n += !rc;
	}
	store_reset(q);
	if (!rc && step < 0)
		rc = err_set(e, step, "the articles cannot be read");
	if (ret_n)
		*ret_n = n;
	return rc;
}
