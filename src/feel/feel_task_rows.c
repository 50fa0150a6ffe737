/* feel_task_rows.c: reading the rows a task is trained and scored with.
 *
 * The file is read whole and kept; rows point into it. The labels are gathered in a map first and
 * then sorted, so that the same rows give the same numbers whatever their order. The first broken
 * row ends up in the message with its line, the rest are only counted: who repairs a file wants
 * to know how much there is to do. Owner: the caller's struct feel_rows. Any thread.
 */
#include "feel_task.h"

#include <stdio.h>
#include <stdlib.h>

static const char *const kinds[] = { "intent", "emotion", "pairs", "language" };

const char *feel_kind_name(int kind)
{
	return kind >= 0 && kind < FEEL_KINDS ? kinds[kind] : NULL;
}

int feel_kind_of(sv name)
{
	for (int i = 0; i < FEEL_KINDS; i++)
		if (sv_eq(name, sv_of(kinds[i])))
			return i;
	return -1;
}

struct reading {
	struct feel_rows *r;
	const char *file;
	int kind;
	struct map *seen;        /* label -> its number in order of sight, plus 1 */
	uint32_t line;
	size_t bad;
	size_t with_values;
	struct err *e;
};

static int broken(struct reading *g, int code, const char *what)
{
	if (g->bad++ == 0) {
		err_set(g->e, code, "%s:%u: %s", g->file, g->line, what);
		if (g->e)
			g->e->line = (int)g->line;
	}
	return code;
}

static int label_add(struct reading *g, sv name, uint16_t *ret)
{
	struct feel_rows *r = g->r;
	void *at = map_get(g->seen, name);

	if (!at) {
		if (r->n_name == FEEL_LABELS_MAX)
			return broken(g, ERR_TOOBIG, "more than 512 different labels");
		r->name[r->n_name++] = name;
		at = (void *)(uintptr_t)r->n_name;
		map_put(g->seen, name, at);
	}
	*ret = (uint16_t)((uintptr_t)at - 1);
	return 0;
}

static const char *label_fault(sv name)
{
	if (!name.n)
		return "an empty label; a row is label, tab, text";
	if (name.n > FEEL_LABEL_BYTES)
		return "a label longer than 64 bytes; is the text in front of the tab?";
	for (size_t i = 0; i < name.n; i++)
		if ((unsigned char)name.p[i] < 0x20 || name.p[i] == 0x7F)
			return "a control character in the label";
	return sv_utf8_ok(name) ? NULL : "the label is not valid UTF-8";
}

static int row_labels(struct reading *g, sv list, struct feel_row *row)
{
	sv name = SV_NULL;
	bool more = true;

	while (more) {
		more = sv_find_ch(list, ',') >= 0;
		name = SV_NULL;
		sv_cut(&list, ',', &name);
		name = sv_trim(name);
		const char *fault = label_fault(name);
		if (fault)
			return broken(g, ERR_PARSE, fault);
		if (row->n_label == FEEL_ROW_LABELS)
			return broken(g, ERR_TOOBIG, "more than 16 labels in one row");
		uint16_t k = 0;
		int rc = label_add(g, name, &k);
		if (rc)
			return rc;
		bool twice = false;
		for (int i = 0; i < row->n_label; i++)
			twice |= row->label[i] == k;
		if (!twice)
			row->label[row->n_label++] = k;
	}
	g->r->multi |= row->n_label > 1;
	return 0;
}

static int row_values(struct reading *g, sv rest, struct feel_row *row)
{
	sv field;

	for (int i = 0; i < FEEL_VALUES; i++) {
		double v = 0;
		if (!sv_cut(&rest, '\t', &field) || sv_f64(sv_trim(field), &v) || v < -1 || v > 1)
			return broken(g, ERR_PARSE,
				      "valence and arousal after the text are two numbers from "
				      "-1 to 1");
		row->value[i] = (float)v;
	}
	if (sv_trim(rest).n)
		return broken(g, ERR_PARSE, "more columns than a row has");
	row->has_value = true;
	g->with_values++;
	return 0;
}

/* What follows the text. */
static int row_rest(struct reading *g, sv rest, struct feel_row *row)
{
	if (g->kind == FEEL_EMOTION)
		return row_values(g, rest, row);
	if (g->kind == FEEL_PAIRS) {
		sv_cut(&rest, '\t', &row->other);
		row->other = sv_trim(row->other);
	}
	if (sv_trim(rest).n)
		return broken(g, ERR_PARSE,
			      "more columns than a row has; is there a tab in the text?");
	return 0;
}

static int row_parse(struct reading *g, sv line)
{
	struct feel_row row = { .line = g->line };
	sv labels;

	if (sv_find_ch(line, '\t') < 0)
		return broken(g, ERR_PARSE, "no tab; a row is label, tab, text");
	sv_cut(&line, '\t', &labels);
	bool more = sv_find_ch(line, '\t') >= 0;
	sv_cut(&line, '\t', &row.text);
	row.text = sv_trim(row.text);
	if (!row.text.n)
		return broken(g, ERR_PARSE, "no text after the label");
	int rc = more ? row_rest(g, line, &row) : 0;
	if (rc == 0 && g->kind == FEEL_PAIRS && !row.other.n)
		rc = broken(g, ERR_PARSE, "a pair needs two texts: label, tab, text, tab, text");
	if (rc == 0)
		rc = row_labels(g, labels, &row);
	if (rc)
		return rc;
	struct feel_row *slot = VEC_PUSH(g->r, FEEL_ROWS_MAX);
	if (!slot)
		return broken(g, ERR_TOOBIG, "more than 2,000,000 rows");
	*slot = row;
	return 0;
}

static int by_name(const void *a, const void *b)
{
	return sv_cmp(*(const sv *)a, *(const sv *)b);
}

static void labels_sort(struct feel_rows *r)
{
	uint16_t to[FEEL_LABELS_MAX];
	sv before[FEEL_LABELS_MAX];

	memcpy(before, r->name, sizeof(before));
	qsort(r->name, r->n_name, sizeof(r->name[0]), by_name);
	for (size_t i = 0; i < r->n_name; i++)
		to[i] = (uint16_t)feel_rows_label(r, before[i]);
	for (size_t i = 0; i < r->n; i++)
		for (int k = 0; k < r->v[i].n_label; k++)
			r->v[i].label[k] = to[r->v[i].label[k]];
	r->oos = feel_rows_label(r, SV("oos"));
}

int feel_rows_label(const struct feel_rows *r, sv name)
{
	const sv *at = r->n_name ? bsearch(&name, r->name, r->n_name, sizeof(name), by_name) :
				   NULL;

	return at ? (int)(at - r->name) : -1;
}

static int rows_take(struct feel_rows *r, const char *file, int kind, struct err *e)
{
	struct reading g = { .r = r, .file = file, .kind = kind, .e = e };
	sv rest = sb_sv(&r->mem), line;

	if (sv_starts(rest, SV("\xEF\xBB\xBF")))
		rest = sv_slice(rest, 3, rest.n);
	r->hash = sv_hash(rest);
	g.seen = map_new(FEEL_LABELS_MAX);
	int rc = 0;
	while (sv_line(&rest, &line) && rc != ERR_TOOBIG) {
		g.line++;
		if (sv_trim(line).n && line.p[0] != '#')
			rc = row_parse(&g, line);
	}
	map_free(g.seen);
	if (g.bad > 1 && e) {
		size_t at = strlen(e->msg);
		snprintf(e->msg + at, sizeof(e->msg) - at, " (and %zu more broken rows)",
			 g.bad - 1);
	}
	if (g.bad)
		return e ? e->code : ERR_PARSE;
	if (!r->n)
		return err_set(e, ERR_PARSE, "%s: no rows; a row is label, tab, text", file);
	r->values = g.with_values == r->n;
	r->kind = kind;
	r->tune_from = r->n;
	labels_sort(r);
	return 0;
}

static void rows_init(struct feel_rows *r)
{
	*r = (struct feel_rows){ .oos = -1 };
	sb_init(&r->mem, FEEL_TSV_MAX);
	sb_init(&r->tune_mem, FEEL_TSV_MAX);
}

int feel_rows_parse(struct feel_rows *r, sv text, const char *name, int kind, struct err *e)
{
	rows_init(r);
	sb_put(&r->mem, text);
	if (sb_err(&r->mem))
		return err_set(e, ERR_TOOBIG, "%s: larger than 512 MB", name);
	return rows_take(r, name, kind, e);
}

int feel_rows_read(struct feel_rows *r, const char *file, int kind, struct err *e)
{
	rows_init(r);
	int rc = file_read(file, FEEL_TSV_MAX, &r->mem, e);
	return rc ? rc : rows_take(r, file, kind, e);
}

void feel_rows_done(struct feel_rows *r)
{
	VEC_FREE(r);
	sb_done(&r->mem);
	sb_done(&r->tune_mem);
	r->n_name = 0;
}

int feel_rows_tune(struct feel_rows *r, struct feel_rows *tune, struct err *e)
{
	uint16_t to[FEEL_LABELS_MAX];

	if (r->kind != tune->kind || r->tune_from < r->n)
		return err_set(e, ERR_INVAL, "rows to tune by are of one file and the same task");
	for (size_t i = 0; i < tune->n_name; i++) {
		int k = feel_rows_label(r, tune->name[i]);
		if (k < 0)
			return err_set(e, ERR_INVAL,
				       "rows to tune by: nothing is learned of the label " SV_FMT,
				       SV_ARG(tune->name[i]));
		to[i] = (uint16_t)k;
	}
	r->tune_from = r->n;
	for (size_t i = 0; i < tune->n; i++) {
		struct feel_row *slot = VEC_PUSH(r, FEEL_ROWS_MAX);
		if (!slot)
			return err_set(e, ERR_TOOBIG, "more than 2,000,000 rows");
		*slot = tune->v[i];
		for (int k = 0; k < slot->n_label; k++)
			slot->label[k] = to[slot->label[k]];
	}
	r->multi |= tune->multi;
	r->values &= tune->values;
	r->hash ^= tune->hash * 31;
	sb_done(&r->tune_mem);
	r->tune_mem = tune->mem;
	sb_init(&tune->mem, FEEL_TSV_MAX);
	tune->n = tune->n_name = 0;
	return 0;
}
