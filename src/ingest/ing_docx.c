/* ing_docx.c: Word documents: headings by style or outline level, lists, tables, all as Markdown.
 *
 * styles.xml tells which style is a heading, by its name or its level, since the ids are of the
 * program's language. Hidden text (vanish) and white text go and are counted, deleted revisions go.
 * What expat calls comes in document order, so a few flags are all the state. One thread per job.
 */
#include <stdlib.h>
#include "ing_int.h"

enum { STYLES_MAX = 500, CELL_MAX = 8000 };

struct style {
	sv id;
	int level;               /* 1..6; 0 none; 9 = the document's title */
};
struct docx {
	struct ing_job *j;
	struct style style[STYLES_MAX];
	size_t n_styles;
	struct style now;        /* while styles.xml is read */
	struct sb out, para;     /* document; paragraph at hand */
	sv title;
	int level;               /* of the paragraph */
	bool in_text, item, hide, white, ground;
	int deleted, table, item_deep;
	struct ing_grid grid;
	size_t row, col;
};

sv ing_core_title(struct ing_job *j, const struct ing_zip *z)
{
	sv xml = ing_zip_get(z, "docProps/core.xml"), t = SV_NULL;
	ptrdiff_t at = sv_find(xml, SV("<dc:title>")), end;

	if (at < 0)
		return t;
	t = sv_slice(xml, (size_t)at + 10, xml.n);
	end = sv_find(t, SV("</dc:title>"));
	t = sv_trim(sv_slice(t, 0, end < 0 ? 0 : (size_t)end));
	/* Programs leave their own there; one with entities is not worth decoding. */
	if (sv_find_ch(t, '&') >= 0 || sv_find_ch(t, '<') >= 0 || t.n > 300 ||
	    sv_eq_nocase(t, SV("PowerPoint Presentation")))
		return SV_NULL;
	return t;
}

/* ---- styles ---- */

static void style_start(void *arg, const char *name, const char **at)
{
	struct docx *x = arg;
	sv val = ing_attr(at, "val");

	if (strcmp(name, "style") == 0) {
		x->now = (struct style){ .id = arena_sv(x->j->a, ing_attr(at, "styleId")) };
	} else if (strcmp(name, "name") == 0) {
		if (val.n == 9 && sv_eq_nocase(sv_slice(val, 0, 8), SV("heading ")))
			x->now.level = val.p[8] - '0';
		else if (sv_eq_nocase(val, SV("Title")))
			x->now.level = 9;
	} else if (strcmp(name, "outlineLvl") == 0 && val.n == 1 && !x->now.level) {
		x->now.level = val.p[0] - '0' + 1;
	}
}

static void style_end(void *arg, const char *name)
{
	struct docx *x = arg;

	if (strcmp(name, "style") == 0 && x->now.id.n && x->now.level > 0 &&
	    x->n_styles < STYLES_MAX)
		x->style[x->n_styles++] = x->now;
}

static int level_of(const struct docx *x, sv id)
{
	for (size_t i = 0; i < x->n_styles; i++)
		if (sv_eq(x->style[i].id, id))
			return x->style[i].level;
	if (sv_starts(id, SV("Heading")) && id.n == 8 && id.p[7] >= '1' && id.p[7] <= '9')
		return id.p[7] - '0';
	return sv_eq(id, SV("Title")) ? 9 : 0;
}

/* ---- the document ---- */

static bool on(sv val)
{
	return !val.p ||
	       !(sv_eq(val, SV("0")) || sv_eq(val, SV("false")) || sv_eq(val, SV("none")));
}

static void doc_start(void *arg, const char *name, const char **at)
{
	struct docx *x = arg;
	sv val = ing_attr(at, "val");

	if (strcmp(name, "p") == 0) {
		if (!x->table)
			sb_reset(&x->para);
		x->level = 0;
		x->item = false;
	} else if (strcmp(name, "pStyle") == 0) {
		x->level = level_of(x, val);
	} else if (strcmp(name, "outlineLvl") == 0 && val.n == 1) {
		x->level = x->level ? x->level : val.p[0] < '6' ? val.p[0] - '0' + 1 : 0;
	} else if (strcmp(name, "numPr") == 0) {
		x->item = true;
		x->item_deep = 0;
	} else if (strcmp(name, "ilvl") == 0) {
		x->item_deep = val.n == 1 ? val.p[0] - '0' : 0;
	} else if (strcmp(name, "r") == 0) {
		x->hide = x->white = false;
		x->ground = x->ground && x->table;
	} else if (strcmp(name, "vanish") == 0 || strcmp(name, "webHidden") == 0) {
		x->hide = on(val);
	} else if (strcmp(name, "color") == 0) {
		x->white = sv_eq_nocase(val, SV("FFFFFF"));
	} else if (strcmp(name, "shd") == 0) {
		sv fill = ing_attr(at, "fill");

		/* white on a ground of its own can be read */
		x->ground = fill.n && !sv_eq_nocase(fill, SV("auto")) &&
			    !sv_eq_nocase(fill, SV("FFFFFF"));
	} else if (strcmp(name, "highlight") == 0) {
		x->ground = on(val);
	} else if (strcmp(name, "del") == 0 || strcmp(name, "moveFrom") == 0) {
		x->deleted++;
	} else if (strcmp(name, "t") == 0) {
		x->in_text = true;
	} else if (strcmp(name, "tab") == 0) {
		sb_ch(&x->para, ' ');
	} else if (strcmp(name, "br") == 0) {
		sb_ch(&x->para, '\n');
	} else if (strcmp(name, "tbl") == 0 && ++x->table == 1) {
		x->row = 0;
	} else if (strcmp(name, "tr") == 0 && x->table == 1) {
		x->col = 0;
	} else if (strcmp(name, "tc") == 0 && x->table == 1) {
		sb_reset(&x->para);
		x->ground = false;
	}
}

static void para_end(struct docx *x)
{
	sv t = sv_trim(sb_sv(&x->para));

	if (x->table) {
		sb_ch(&x->para, ' ');
		return;
	}
	if (!t.n)
		return;
	if (x->level == 9 && !x->title.n) {
		x->title = arena_sv(x->j->a, t);
		return;
	}
	if (x->level) {
		sb_cstr(&x->out, "\n");
		for (int i = 0; i < x->level && i < 6; i++)
			sb_ch(&x->out, '#');
		sb_ch(&x->out, ' ');
		for (size_t i = 0; i < t.n; i++)
			sb_ch(&x->out, t.p[i] == '\n' ? ' ' : t.p[i]);
		sb_cstr(&x->out, "\n\n");
		return;
	}
	for (int i = 0; x->item && i < x->item_deep && i < 8; i++)
		sb_cstr(&x->out, "  ");
	sb_fmt(&x->out, "%s" SV_FMT "%s", x->item ? "- " : "", SV_ARG(t), x->item ? "\n" : "\n\n");
}

static void doc_end(void *arg, const char *name)
{
	struct docx *x = arg;

	if (strcmp(name, "p") == 0) {
		para_end(x);
	} else if (strcmp(name, "t") == 0) {
		x->in_text = false;
	} else if (strcmp(name, "del") == 0 || strcmp(name, "moveFrom") == 0) {
		x->deleted -= x->deleted > 0;
	} else if (strcmp(name, "tc") == 0 && x->table == 1) {
		sv t = sv_trim(sb_sv(&x->para));

		(void)ing_grid_put(&x->grid, x->row, x->col++,
				   t.n ? arena_sv(x->j->a, sv_slice(t, 0, CELL_MAX)) : SV(""));
	} else if (strcmp(name, "tr") == 0 && x->table == 1) {
		x->row++;
	} else if (strcmp(name, "tbl") == 0 && --x->table == 0) {
		sb_cstr(&x->out, "\n");
		ing_grid_md(&x->grid, 0, x->grid.rows, &x->out);
		sb_cstr(&x->out, "\n");
		ing_grid_done(&x->grid);
		sb_reset(&x->para);
	}
}

static void doc_text(void *arg, sv text)
{
	struct docx *x = arg;

	if (!x->in_text || x->deleted)
		return;
	if (x->hide || (x->white && !x->ground))
		x->j->left.hidden += sv_trim(text).n;
	else
		sb_put(&x->para, text);
}

int ing_docx(struct ing_job *j, const struct ing_zip *z)
{
	struct docx *x = xalloc(sizeof(*x));
	struct kb_article base = { 0 };
	sv styles = ing_zip_get(z, "word/styles.xml");
	int rc = 0;

	x->j = j;
	if (!j->depth)
		j->d->kind = "docx";
	sb_init(&x->out, ING_TEXT_MAX + 1000);
	sb_init(&x->para, ING_TEXT_MAX + 1000);
	if (styles.n)
		rc = ing_xml(j, styles,
			     &(struct ing_xml){ .start = style_start, .end = style_end, .arg = x });
	if (!rc)
		rc = ing_xml(j, ing_zip_get(z, "word/document.xml"),
			     &(struct ing_xml){ doc_start, doc_end, doc_text, x });
	base.title = x->title.n ? x->title : ing_core_title(j, z);
	if (!rc && (sb_err(&x->out) || sb_err(&x->para)))
		ing_notef(j, ING_LONG_NOTE, "%d", ING_TEXT_MAX);
	if (!rc && x->out.n)
		rc = ing_add(j, &base, arena_sv(j->a, sb_sv(&x->out)), NULL);
	ing_grid_done(&x->grid);
	sb_done(&x->out);
	sb_done(&x->para);
	xfree(x);
	return rc;
}
