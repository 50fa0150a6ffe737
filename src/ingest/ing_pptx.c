/* ing_pptx.c: slides: each one a part with its title as a heading, its lists and tables below.
 * Hidden slides are left out and told. One thread per job. */
#include <stdio.h>
#include "ing_int.h"

enum { SLIDES_MAX = 1000 };

struct pptx {
	struct ing_job *j;
	struct sb out, para, title, body;
	struct ing_grid grid;
	size_t row, col;
	int table;
	bool in_text, is_title, hidden;
};

static void start(void *arg, const char *name, const char **at)
{
	struct pptx *x = arg;

	if (strcmp(name, "sld") == 0) {
		x->hidden = sv_eq(ing_attr(at, "show"), SV("0"));
	} else if (strcmp(name, "sp") == 0) {
		x->is_title = false;
	} else if (strcmp(name, "ph") == 0) {
		sv type = ing_attr(at, "type");

		x->is_title = sv_eq(type, SV("title")) || sv_eq(type, SV("ctrTitle"));
	} else if (strcmp(name, "p") == 0 && !x->table) {
		sb_reset(&x->para);
	} else if (strcmp(name, "t") == 0) {
		x->in_text = true;
	} else if (strcmp(name, "br") == 0) {
		sb_ch(&x->para, ' ');
	} else if (strcmp(name, "tbl") == 0) {
		x->table++;
		x->row = 0;
	} else if (strcmp(name, "tr") == 0) {
		x->col = 0;
	} else if (strcmp(name, "tc") == 0) {
		sb_reset(&x->para);
	}
}

static void end(void *arg, const char *name)
{
	struct pptx *x = arg;
	sv t = sv_trim(sb_sv(&x->para));

	if (strcmp(name, "t") == 0) {
		x->in_text = false;
	} else if (strcmp(name, "p") == 0 && x->table) {
		sb_ch(&x->para, ' ');
	} else if (strcmp(name, "p") == 0 && t.n) {
		if (x->is_title)
			sb_fmt(&x->title, "%s" SV_FMT, x->title.n ? " " : "", SV_ARG(t));
		else
			sb_fmt(&x->body, "- " SV_FMT "\n", SV_ARG(t));
		sb_reset(&x->para);
	} else if (strcmp(name, "tc") == 0) {
		(void)ing_grid_put(&x->grid, x->row, x->col++,
				   t.n ? arena_sv(x->j->a, t) : SV(""));
	} else if (strcmp(name, "tr") == 0) {
		x->row++;
	} else if (strcmp(name, "tbl") == 0 && x->table) {
		x->table--;
		sb_cstr(&x->body, "\n");
		ing_grid_md(&x->grid, 0, x->grid.rows, &x->body);
		sb_cstr(&x->body, "\n");
		ing_grid_done(&x->grid);
		sb_reset(&x->para);
	}
}

static void text(void *arg, sv t)
{
	struct pptx *x = arg;

	if (x->in_text)
		sb_put(&x->para, t);
}

static int slide(struct pptx *x, sv xml, int n, struct ing_pages *pages)
{
	struct ing_xml h = { start, end, text, x };
	uint32_t *at = VEC_PUSH(pages, SLIDES_MAX);
	int rc;

	sb_reset(&x->title);
	sb_reset(&x->body);
	x->table = 0;
	x->in_text = x->is_title = x->hidden = false;
	if (at)
		*at = (uint32_t)x->out.n;
	rc = ing_xml(x->j, xml, &h);
	ing_grid_done(&x->grid);
	if (!rc && x->hidden) {
		x->j->left.hidden += x->body.n;
		return 0;
	}
	if (x->title.n)
		sb_fmt(&x->out, "## " SV_FMT "\n\n", SV_ARG(sb_sv(&x->title)));
	sb_put(&x->out, sb_sv(&x->body));
	sb_ch(&x->out, '\n');
	return rc;
}

int ing_pptx(struct ing_job *j, const struct ing_zip *z)
{
	struct pptx x = { .j = j };
	struct kb_article base = { .title = ing_core_title(j, z) };
	struct ing_pages pages = { 0 };
	int rc = 0;

	if (!j->depth)
		j->d->kind = "pptx";
	sb_init(&x.out, ING_TEXT_MAX + 1000);
	sb_init(&x.para, ING_TEXT_MAX);
	sb_init(&x.title, 2000);
	sb_init(&x.body, ING_TEXT_MAX);
	for (int i = 1; i <= SLIDES_MAX && !rc; i++) {
		char name[60];
		sv xml;

		(void)snprintf(name, sizeof(name), "ppt/slides/slide%d.xml", i);
		xml = ing_zip_get(z, name);
		if (!xml.p)
			break;
		rc = slide(&x, xml, i, &pages);
		if (!j->depth)
			j->d->pages = i;
	}
	if (!base.title.n)
		base.title = ing_stem(j->name);
	if (!rc && x.out.n)
		rc = ing_add(j, &base, arena_sv(j->a, sb_sv(&x.out)), &pages);
	VEC_FREE(&pages);
	sb_done(&x.out);
	sb_done(&x.para);
	sb_done(&x.title);
	sb_done(&x.body);
	return rc;
}
