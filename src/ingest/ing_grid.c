/* ing_grid.c: tables of any origin (CSV, TSV, sheets) to articles.
 *
 * A first row that names a question and an answer (or title and text) makes an article of each row;
 * the names of other systems' templates are known, in English and Chinese. So does a list of things
 * with prices or numbers (ing_items.c). Any other table stays one, as Markdown, its first row
 * repeated over each part it is split into. Cells are views into
 * the job's arena or the document; the grid owns its array. Pure.
 */
#include "ing_int.h"

bool ing_grid_put(struct ing_grid *g, size_t row, size_t col, sv text)
{
	g->cut = g->cut || row >= ING_ROWS_MAX;
	g->wide = g->wide || col >= ING_COLS_MAX;
	if (row >= ING_ROWS_MAX || col >= ING_COLS_MAX)
		return false;
	if (!g->cell)
		g->cols = ING_COLS_MAX;
	while ((row + 1) * g->cols > g->cap) {
		size_t cap = g->cap ? g->cap * 2 : 64 * g->cols;
		sv *grown = xrealloc(g->cell, cap * sizeof(sv));

		memset(grown + g->cap, 0, (cap - g->cap) * sizeof(sv));
		g->cell = grown;
		g->cap = cap;
	}
	g->cell[row * g->cols + col] = text;
	if (row + 1 > g->rows)
		g->rows = row + 1;
	if (col + 1 > g->width && sv_trim(text).n)
		g->width = col + 1;
	return true;
}

void ing_grid_done(struct ing_grid *g)
{
	xfree(g->cell);
	*g = (struct ing_grid){ 0 };
}

static sv cell(const struct ing_grid *g, size_t row, size_t col)
{
	return sv_trim(g->cell[row * g->cols + col]);
}

static bool row_empty(const struct ing_grid *g, size_t row)
{
	for (size_t c = 0; c < g->cols; c++)
		if (cell(g, row, c).n)
			return false;
	return true;
}

static void put_row(const struct ing_grid *g, size_t row, size_t w, struct sb *out)
{
	for (size_t c = 0; c < w; c++) {
		sv t = cell(g, row, c);

		sb_cstr(out, c ? " | " : "| ");
		for (size_t i = 0; i < t.n; i++)
			sb_ch(out, t.p[i] == '\n' || t.p[i] == '\r' ? ' ' :
				   t.p[i] == '|'		    ? '/' :
								      t.p[i]);
	}
	sb_cstr(out, " |\n");
}

/* Rows [from, to), the first of all as the head. */
void ing_grid_md(const struct ing_grid *g, size_t from, size_t to, struct sb *out)
{
	size_t head = 0, w = g->width;

	while (head < g->rows && row_empty(g, head))
		head++;
	if (head >= g->rows || !w)
		return;
	put_row(g, head, w, out);
	for (size_t c = 0; c < w; c++)
		sb_cstr(out, c ? " | ---" : "| ---");
	sb_cstr(out, " |\n");
	for (size_t r = from > head ? from : head + 1; r < to; r++)
		if (!row_empty(g, r))
			put_row(g, r, w, out);
}

/* ---- questions and answers ---- */

enum col { C_NONE, C_ASK, C_ANSWER, C_TITLE, C_LANG, C_ID, C_CATEGORY, C_ALIAS, C_FROM, C_TO,
	   C_STATUS };

static enum col column(sv name)
{
	static const struct {
		const char *name;
		enum col is;
	} names[] = {
		{ "question", C_ASK }, { "q", C_ASK }, { "问题", C_ASK }, { "问", C_ASK },
		{ "标准问题", C_ASK }, { "标准问", C_ASK }, { "提问", C_ASK },
		{ "answer", C_ANSWER }, { "a", C_ANSWER }, { "答案", C_ANSWER }, { "答", C_ANSWER },
		{ "回答", C_ANSWER }, { "标准答案", C_ANSWER }, { "body", C_ANSWER },
		{ "content", C_ANSWER }, { "内容", C_ANSWER }, { "正文", C_ANSWER },
		{ "title", C_TITLE }, { "标题", C_TITLE }, { "lang", C_LANG },
		{ "language", C_LANG }, { "locale", C_LANG }, { "语言", C_LANG },
		{ "id", C_ID }, { "slug", C_ID }, { "编号", C_ID },
		{ "category", C_CATEGORY }, { "分类", C_CATEGORY }, { "类别", C_CATEGORY },
		{ "aliases", C_ALIAS }, { "indexes", C_ALIAS }, { "相似问题", C_ALIAS },
		{ "相似问", C_ALIAS }, { "keywords", C_ALIAS }, { "关键词", C_ALIAS },
		{ "valid_from", C_FROM }, { "生效日期", C_FROM }, { "valid_to", C_TO },
		{ "失效日期", C_TO }, { "status", C_STATUS }, { "状态", C_STATUS },
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (sv_eq_nocase(name, sv_of(names[i].name)))
			return names[i].is;
	return C_NONE;
}

/* "1. first\n2. second" and "a; b" to lines; both as they are written by people. */
static sv names_of(struct arena *a, sv had, sv list)
{
	struct sb b;
	sv one, out;

	sb_init(&b, 64u << 10);
	sb_put(&b, had);
	while (list.n && sv_cut(&list, '\n', &one)) {
		size_t k = 0;

		one = sv_trim(one);
		while (k < one.n && one.p[k] >= '0' && one.p[k] <= '9')
			k++;
		if (k && k + 1 < one.n && (one.p[k] == '.' || one.p[k] == ')'))
			one = sv_trim(sv_slice(one, k + 1, one.n));
		while (one.n) {
			sv part;

			if (!sv_cut(&one, ';', &part))
				break;
			if (sv_trim(part).n && b.n)
				sb_ch(&b, '\n');
			sb_put(&b, sv_trim(part));
		}
	}
	out = b.n ? arena_sv(a, sb_sv(&b)) : SV_NULL;
	sb_done(&b);
	return out;
}

static bool published(sv status)
{
	return !status.n || sv_eq_nocase(status, SV("published")) || sv_eq(status, SV("1")) ||
	       sv_eq(status, SV("已发布"));
}

static sv id_of(sv s)
{
	for (size_t i = 0; i < s.n; i++)
		if (!((s.p[i] >= '0' && s.p[i] <= '9') ||
		      ((s.p[i] | 32) >= 'a' && (s.p[i] | 32) <= 'z') || strchr("-_.", s.p[i])))
			return SV_NULL;
	return s.n <= 90 ? s : SV_NULL;
}

static bool date(struct ing_job *j, sv v, bool last, size_t row, int64_t *ret)
{
	if (v.n && clk_parse_rfc3339(v, ret)) {
		ing_notef(j, ING_ROW_NOTE, "%zu: \"%.40s\" is not a date like 2026-01-31", row + 1,
			  arena_cstr(j->a, v));
		return false;
	}
	if (last && v.n == 10)
		*ret += 86400000 - 1;
	return true;
}

static int qa_row(struct ing_job *j, const struct ing_grid *g, const enum col *is, size_t row)
{
	struct kb_article a = { 0 };
	sv ask = SV_NULL, body = SV_NULL, status = SV_NULL;
	bool fits = true;

	for (size_t c = 0; c < g->cols; c++) {
		sv v = cell(g, row, c);

		switch (is[c]) {
		case C_ASK: ask = v; break;
		case C_ANSWER: body = v.n ? v : body; break;
		case C_TITLE: a.title = v; break;
		case C_LANG: a.lang = sv_slice(v, 0, 2); break;
		case C_ID: a.group_id = id_of(v); break;
		case C_CATEGORY: a.category = v; break;
		case C_ALIAS: a.aliases = names_of(j->a, a.aliases, v); break;
		case C_FROM: fits = date(j, v, false, row, &a.valid_from_ms) && fits; break;
		case C_TO: fits = date(j, v, true, row, &a.valid_to_ms) && fits; break;
		case C_STATUS: status = v; break;
		default: break;
		}
	}
	if (!a.title.n)
		a.title = ask;
	else if (ask.n)
		a.aliases = names_of(j->a, ask, a.aliases);
	/* A template's other form: only q, which is the text itself. */
	if (!body.n && ask.n > 120 && !a.group_id.n) {
		body = ask;
		a.title = sv_slice(ask, 0, sv_rune_offset(ask, 60));
	}
	if (!fits || !published(status))
		return 0;
	if (!a.title.n || !body.n) {
		ing_notef(j, ING_ROW_NOTE, "%zu: no %s", row + 1,
			  a.title.n ? "answer" : "question");
		return 0;
	}
	return ing_add(j, &a, body, NULL);
}

static size_t parts_of(struct ing_job *j, const struct ing_grid *g, sv title)
{
	size_t from = 1, n = 0;
	struct sb b;

	sb_init(&b, ING_TEXT_MAX);
	while (from < g->rows || (!n && g->rows)) {
		struct kb_article a = { .title = title };
		size_t to = from, bytes = 0;

		for (; to < g->rows && bytes < ING_PART_MAX; to++)
			for (size_t c = 0; c < g->cols; c++)
				bytes += cell(g, to, c).n + (cell(g, to, c).n ? 3 : 0);
		sb_reset(&b);
		ing_grid_md(g, from, to, &b);
		n++;
		if (n > 1 || to < g->rows)
			a.title = sv_of(arena_fmt(j->a, SV_FMT " %zu", SV_ARG(title), n));
		if (b.n)
			(void)ing_add(j, &a, arena_sv(j->a, sb_sv(&b)), NULL);
		from = to;
		if (to >= g->rows)
			break;
	}
	sb_done(&b);
	return n;
}

int ing_grid_out(struct ing_job *j, const struct ing_grid *g, sv title)
{
	enum col is[ING_COLS_MAX] = { C_NONE };
	bool ask = false, answer = false;
	size_t head = 0;
	int rc = 0;

	if (!g->rows)
		return 0;
	while (head + 1 < g->rows && row_empty(g, head))
		head++;
	for (size_t c = 0; c < g->cols; c++) {
		is[c] = column(cell(g, head, c));
		ask = ask || is[c] == C_ASK || is[c] == C_TITLE;
		answer = answer || is[c] == C_ANSWER;
		/* FastGPT's template lets the indexes run on to the right. */
		if (c && is[c] == C_NONE && is[c - 1] == C_ALIAS && !cell(g, head, c).n)
			is[c] = C_ALIAS;
	}
	if (g->cut)
		ing_notef(j, ING_ROWS_NOTE, "%d", ING_ROWS_MAX);
	if (g->wide)
		ing_notef(j, ING_COLUMNS_NOTE, "%d", ING_COLS_MAX);
	if (!ask || !answer) {
		if (!ing_items_out(j, g, head, title, &rc))
			(void)parts_of(j, g, title);
		return rc;
	}
	for (size_t r = head + 1; r < g->rows && !rc; r++)
		if (!row_empty(g, r))
			rc = qa_row(j, g, is, r);
	return rc;
}

/* ---- CSV (RFC 4180), forgiving: a quote within a field is a quote ---- */

static char separator(sv text)
{
	static const char seps[] = { ',', '\t', ';', '|' };
	size_t best = 0;
	char sep = ',';
	sv line = SV_NULL;

	while (!sv_trim(line).n && sv_line(&text, &line))
		;
	for (size_t s = 0; s < sizeof(seps); s++) {
		size_t n = 0;

		for (size_t i = 0; i < line.n; i++)
			n += line.p[i] == seps[s];
		if (n > best)
			best = n, sep = seps[s];
	}
	return sep;
}

/* One field off *rest; *end: what ended it ('\n' also at the end of the text). */
static sv field_of(struct arena *a, sv *rest, char sep, char *end)
{
	sv s = *rest, out;
	size_t i = 0, n = 0;
	char *p;

	if (!s.n || s.p[0] != '"') {
		while (i < s.n && s.p[i] != sep && s.p[i] != '\n')
			i++;
		out = sv_slice(s, 0, i);
		if (out.n && out.p[out.n - 1] == '\r')
			out.n--;
	} else {
		size_t q = 1;

		while (q < s.n && !(s.p[q] == '"' && (q + 1 >= s.n || s.p[q + 1] != '"')))
			q += s.p[q] == '"' ? 2 : 1;
		p = arena_alloc(a, q + 1);
		for (i = 1; p && i < q; i++) {
			i += s.p[i] == '"' && i + 1 < q;
			if (s.p[i] != '\r')
				p[n++] = s.p[i];
		}
		out = p ? sv_n(p, n) : SV_NULL;
		for (i = q; i < s.n && s.p[i] != sep && s.p[i] != '\n';)
			i++;
	}
	*end = i < s.n ? s.p[i] : '\n';
	*rest = sv_slice(s, i + (i < s.n), s.n);
	return out;
}

int ing_csv(struct ing_job *j, sv text, char sep)
{
	struct ing_grid g = { 0 };
	size_t row = 0, col = 0;
	int rc;

	if (!sep)
		sep = separator(text);
	while (text.n && row < ING_ROWS_MAX) {
		char end;
		sv f = field_of(j->a, &text, sep, &end);

		(void)ing_grid_put(&g, row, col, f);
		col = end == sep ? col + 1 : 0;
		row += end != sep;
	}
	g.cut = g.cut || text.n;
	rc = ing_grid_out(j, &g, ing_stem(j->name));
	ing_grid_done(&g);
	return rc;
}
