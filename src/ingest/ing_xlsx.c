/* ing_xlsx.c: sheets: cells to a grid, dates and shared texts resolved, a sheet one table.
 *
 * Hidden sheets, rows and columns are left out and told. Numbers stand as they are stored (a
 * price of 2899 is 2899); those with a date's format become 2026-01-31. Formulas give the value
 * that was saved. One thread per job.
 */
#include <math.h>
#include <stdio.h>
#include "ing_int.h"

enum { SHEETS_MAX = 100, STRINGS_MAX = 500000, FORMATS_MAX = 2000 };

struct sheet {
	sv name, rid;
	bool hidden;
};
struct xlsx {
	struct ing_job *j;
	VEC(sv) strings;
	VEC(struct sheet) sheets;
	bool date[FORMATS_MAX];  /* by style */
	size_t n_styles;
	int date_fmt[200];       /* own number formats that are dates */
	size_t n_date_fmt;
	bool in_xfs;
	struct ing_grid grid;
	struct sb buf;
	bool in_value, in_phonetic;
	size_t row, col;
	bool no_row, no_col[ING_COLS_MAX];       /* hidden */
	char type;               /* s shared, i inline, b, n, e, t = text of a formula */
	size_t style;
};

static void shared_start(void *arg, const char *name, const char **at)
{
	struct xlsx *x = arg;

	if (strcmp(name, "si") == 0)
		sb_reset(&x->buf);
	x->in_phonetic = x->in_phonetic || strcmp(name, "rPh") == 0;
	x->in_value = strcmp(name, "t") == 0 && !x->in_phonetic;
}

static void shared_end(void *arg, const char *name)
{
	struct xlsx *x = arg;

	if (strcmp(name, "rPh") == 0)
		x->in_phonetic = false;
	x->in_value = false;
	if (strcmp(name, "si") == 0) {
		sv *slot = VEC_PUSH(&x->strings, STRINGS_MAX);

		if (slot)
			*slot = x->buf.n ? arena_sv(x->j->a, sb_sv(&x->buf)) : SV("");
	}
}

static void value_text(void *arg, sv t)
{
	struct xlsx *x = arg;

	if (x->in_value)
		sb_put(&x->buf, t);
}

/* ---- formats ---- */

static bool date_code(sv code)
{
	bool quoted = false;

	for (size_t i = 0; i < code.n; i++) {
		if (code.p[i] == '"' || code.p[i] == '[' || code.p[i] == ']')
			quoted = !quoted;
		if (!quoted && ((code.p[i] | 32) == 'y' || (code.p[i] | 32) == 'd'))
			return true;
	}
	return false;
}

static void style_start(void *arg, const char *name, const char **at)
{
	struct xlsx *x = arg;
	int64_t id = 0;

	if (strcmp(name, "numFmt") == 0) {
		if (!sv_i64(ing_attr(at, "numFmtId"), &id) &&
		    date_code(ing_attr(at, "formatCode")) && x->n_date_fmt < 200)
			x->date_fmt[x->n_date_fmt++] = (int)id;
	} else if (strcmp(name, "cellXfs") == 0) {
		x->in_xfs = true;
	} else if (strcmp(name, "xf") == 0 && x->in_xfs && x->n_styles < FORMATS_MAX) {
		bool date;

		(void)sv_i64(ing_attr(at, "numFmtId"), &id);
		date = (id >= 14 && id <= 17) || id == 22 || (id >= 27 && id <= 36) ||
		       (id >= 50 && id <= 58);
		for (size_t i = 0; i < x->n_date_fmt; i++)
			date = date || x->date_fmt[i] == id;
		x->date[x->n_styles++] = date;
	}
}

static void style_end(void *arg, const char *name)
{
	struct xlsx *x = arg;

	if (strcmp(name, "cellXfs") == 0)
		x->in_xfs = false;
}

/* ---- a sheet ---- */

/* "BC12" -> row 11, col 54 */
static void place(sv ref, size_t *row, size_t *col)
{
	size_t c = 0, i = 0;
	int64_t r = 0;

	for (; i < ref.n && ref.p[i] >= 'A' && ref.p[i] <= 'Z' && c < 20000; i++)
		c = c * 26 + (size_t)(ref.p[i] - 'A' + 1);
	if (i && !sv_i64(sv_slice(ref, i, ref.n), &r) && r > 0) {
		*col = c - 1;
		*row = (size_t)r - 1;
	}
}

static bool is_hidden(const char **at)
{
	sv v = ing_attr(at, "hidden");

	return sv_eq(v, SV("1")) || sv_eq(v, SV("true"));
}

/* <col min="2" max="3" hidden="1"/>, counted from 1; they stand before the rows. */
static void hide_columns(struct xlsx *x, const char **at)
{
	int64_t from = 0, to = 0;

	if (!is_hidden(at) || sv_i64(ing_attr(at, "min"), &from) ||
	    sv_i64(ing_attr(at, "max"), &to) || from < 1)
		return;
	for (int64_t c = from - 1; c < to && c < ING_COLS_MAX; c++)
		x->no_col[c] = true;
}

static void sheet_start(void *arg, const char *name, const char **at)
{
	struct xlsx *x = arg;
	sv t;
	int64_t style = 0;

	if (strcmp(name, "col") == 0) {
		hide_columns(x, at);
	} else if (strcmp(name, "row") == 0) {
		int64_t r;

		if (!sv_i64(ing_attr(at, "r"), &r) && r > 0)
			x->row = (size_t)r - 1;
		x->col = 0;
		x->no_row = is_hidden(at);
	} else if (strcmp(name, "c") == 0) {
		place(ing_attr(at, "r"), &x->row, &x->col);
		t = ing_attr(at, "t");
		x->type = sv_eq(t, SV("s")) ? 's' : sv_eq(t, SV("inlineStr")) ? 'i' :
			  sv_eq(t, SV("str")) ? 't' : sv_eq(t, SV("b")) ? 'b' :
			  sv_eq(t, SV("e")) ? 'e' : 'n';
		(void)sv_i64(ing_attr(at, "s"), &style);
		x->style = style > 0 ? (size_t)style : 0;
		sb_reset(&x->buf);
	} else if (strcmp(name, "v") == 0 || strcmp(name, "t") == 0) {
		x->in_value = true;
	}
}

/* Days since 1899-12-30 (the 1900 date system, whose leap-year slip does not matter after
 * February 1900). ECMA-376 part 1, 18.17.4. */
static sv date_text(struct arena *a, double days)
{
	char when[32];

	clk_rfc3339((int64_t)llround((days - 25569.0) * 86400.0) * 1000, when);
	return arena_sv(a, sv_n(when, floor(days) == days ? 10 : 16));
}

static sv cell_text(struct xlsx *x)
{
	sv t = sb_sv(&x->buf);
	int64_t i;
	double d;

	if (x->type == 's')
		return !sv_i64(sv_trim(t), &i) && i >= 0 && (size_t)i < x->strings.n ?
			       x->strings.v[i] : SV("");
	if (x->type == 'b')
		return sv_eq(t, SV("1")) ? SV("TRUE") : SV("FALSE");
	if (x->type == 'n' && x->style < x->n_styles && x->date[x->style] && !sv_f64(t, &d) &&
	    d > 60 && d < 2958466)
		return date_text(x->j->a, d);
	/* 0.1 is kept as 0.10000000000000001 by the program that wrote it. */
	if (x->type == 'n' && t.n > 15 && !sv_f64(t, &d))
		return sv_of(arena_fmt(x->j->a, "%.15g", d));
	return t.n ? arena_sv(x->j->a, t) : SV("");
}

static void put_cell(struct xlsx *x, sv text)
{
	if (x->no_row || (x->col < ING_COLS_MAX && x->no_col[x->col]))
		x->j->left.hidden += sv_trim(text).n;
	else
		(void)ing_grid_put(&x->grid, x->row, x->col, text);
	x->col++;
}

static void sheet_end(void *arg, const char *name)
{
	struct xlsx *x = arg;

	if (strcmp(name, "v") == 0 || strcmp(name, "t") == 0) {
		x->in_value = false;
	} else if (strcmp(name, "c") == 0) {
		put_cell(x, cell_text(x));
	} else if (strcmp(name, "row") == 0) {
		x->row++;
	}
}

/* ---- the book ---- */

static void book_start(void *arg, const char *name, const char **at)
{
	struct xlsx *x = arg;
	struct sheet *s;

	if (strcmp(name, "sheet") != 0 || !(s = VEC_PUSH(&x->sheets, SHEETS_MAX)))
		return;
	s->name = arena_sv(x->j->a, ing_attr(at, "name"));
	s->rid = arena_sv(x->j->a, ing_attr(at, "id"));
	s->hidden = ing_attr(at, "state").n && !sv_eq(ing_attr(at, "state"), SV("visible"));
}

struct rel {
	struct arena *a;
	sv rid, target;
};

static void rel_start(void *arg, const char *name, const char **at)
{
	struct rel *r = arg;

	if (strcmp(name, "Relationship") == 0 && sv_eq(ing_attr(at, "Id"), r->rid))
		r->target = arena_sv(r->a, ing_attr(at, "Target"));
}

/* Of the sheet with this relation; the n-th file where the relations do not say. */
static sv sheet_xml(struct xlsx *x, const struct ing_zip *z, size_t n)
{
	struct rel r = { .a = x->j->a, .rid = x->sheets.v[n].rid };
	sv rels = ing_zip_get(z, "xl/_rels/workbook.xml.rels");
	const char *name;

	if (rels.n && ing_xml(x->j, rels, &(struct ing_xml){ .start = rel_start, .arg = &r }))
		return SV_NULL;
	if (sv_starts(r.target, SV("/")))
		name = arena_cstr(x->j->a, sv_slice(r.target, 1, r.target.n));
	else if (r.target.n)
		name = arena_fmt(x->j->a, "xl/" SV_FMT, SV_ARG(r.target));
	else
		name = arena_fmt(x->j->a, "xl/worksheets/sheet%zu.xml", n + 1);
	return ing_zip_get(z, name ? name : "");
}

static int one_sheet(struct xlsx *x, const struct ing_zip *z, size_t n)
{
	struct sheet *s = &x->sheets.v[n];
	sv xml = sheet_xml(x, z, n), title = s->name;
	int rc;

	if (!xml.n)
		return 0;
	x->row = x->col = 0;
	x->in_value = x->no_row = false;
	memset(x->no_col, 0, sizeof(x->no_col));
	rc = ing_xml(x->j, xml, &(struct ing_xml){ sheet_start, sheet_end, value_text, x });
	if (!rc && s->hidden)
		x->j->left.hidden += x->grid.rows;
	else if (!rc && x->grid.rows) {
		if (sv_starts(title, SV("Sheet")) || !title.n)
			title = ing_stem(x->j->name);
		rc = ing_grid_out(x->j, &x->grid, title);
	}
	ing_grid_done(&x->grid);
	return rc;
}

int ing_xlsx(struct ing_job *j, const struct ing_zip *z)
{
	struct xlsx *x = xalloc(sizeof(*x));
	sv shared = ing_zip_get(z, "xl/sharedStrings.xml"),
	   styles = ing_zip_get(z, "xl/styles.xml");
	int rc;

	x->j = j;
	if (!j->depth)
		j->d->kind = "xlsx";
	sb_init(&x->buf, 1u << 20);
	rc = ing_xml(j, ing_zip_get(z, "xl/workbook.xml"),
		     &(struct ing_xml){ .start = book_start, .arg = x });
	if (!rc && shared.n)
		rc = ing_xml(j, shared,
			     &(struct ing_xml){ shared_start, shared_end, value_text, x });
	if (!rc && styles.n)
		rc = ing_xml(j, styles,
			     &(struct ing_xml){ .start = style_start, .end = style_end, .arg = x });
	for (size_t i = 0; i < x->sheets.n && !rc; i++)
		rc = one_sheet(x, z, i);
	VEC_FREE(&x->strings);
	VEC_FREE(&x->sheets);
	ing_grid_done(&x->grid);
	sb_done(&x->buf);
	xfree(x);
	return rc;
}
