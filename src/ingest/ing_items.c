/* ing_items.c: a price list, rate card, stock list or opening hours.
 *
 * A table is such a list when its first row names every column, at least one column below holds
 * numbers, and one column (or the first two together) names each row apart. A short one stays one
 * article, its rows' names further names of it: the row asked for is read out of it (kb_rows.c),
 * and so is the whole ("when are you open?"). Of a long one each row is an article:
 * "name,price,stock" with a row "Rye,4,0" gives "Rye" with the text "Rye: price 4, stock 0." and
 * the names "price of Rye" and "stock of Rye". Anything else stays a table, and so does a list
 * with more rows than its document may still have articles. Pure.
 */
#include "ing_int.h"

#define ITEMS_MAX 2000           /* rows; a longer list stays a table in parts */
/* A short list. Every name of an article has a vector up to 64 of them, and a table of more than
 * ING_PART_MAX bytes would be cut in parts. */
#define SHORT_ROWS 60
#define SHORT_ASKED 4            /* columns that it is asked for by */
#define HEAD_RUNES 40
#define NAME_RUNES 80
#define SHORT_RUNES 80           /* a longer cell is a paragraph of its own */
#define ASKED_MAX 8              /* columns that a row is asked for by */

struct items {
	struct ing_job *j;
	const struct ing_grid *g;
	size_t head, w;          /* the row of names; columns */
	size_t name[2], n_name;  /* columns that name a row */
	sv lang;
	bool zh;
};

static sv cell(const struct ing_grid *g, size_t row, size_t col)
{
	return sv_trim(g->cell[row * g->cols + col]);
}

static bool empty(const struct items *t, size_t row)
{
	for (size_t c = 0; c < t->w; c++)
		if (cell(t->g, row, c).n)
			return false;
	return true;
}

static bool has_digit(sv s)
{
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] >= '0' && s.p[i] <= '9')
			return true;
	return false;
}

/* A letter of any script. */
static bool has_letter(sv s)
{
	while (s.n) {
		uint32_t r = sv_rune(&s);

		if ((r | 32) - 'a' < 26u || (r >= 0xC0 && r != 0xD7 && r < 0x2000) || sv_is_cjk(r))
			return true;
	}
	return false;
}

/* The first row names every column, and under one of them all values are numbers. */
static bool headed(const struct items *t)
{
	bool numbers = false;

	for (size_t c = 0; c < t->w; c++) {
		sv h = cell(t->g, t->head, c);
		size_t n = 0, with = 0;

		if (!has_letter(h) || sv_runes(h) > HEAD_RUNES || memchr(h.p, '\n', h.n))
			return false;
		for (size_t r = t->head + 1; r < t->g->rows; r++) {
			n += cell(t->g, r, c).n > 0;
			with += has_digit(cell(t->g, r, c));
		}
		numbers = numbers || (n && with == n && !has_digit(h));
	}
	return numbers;
}

/* What a row is called: its cells of the naming columns. */
static sv name_of(const struct items *t, size_t row)
{
	sv a = cell(t->g, row, t->name[0]), b;

	if (t->n_name < 2)
		return a;
	b = cell(t->g, row, t->name[1]);
	return sv_of(arena_fmt(t->j->a, SV_FMT "%s" SV_FMT, SV_ARG(a), t->zh ? "，" : ", ",
			       SV_ARG(b)));
}

static bool tells_apart(struct items *t, size_t c0, size_t c1)
{
	struct map *seen = map_new(ITEMS_MAX + 1);
	bool ok = true;

	t->name[0] = c0;
	t->name[1] = c1;
	t->n_name = 1 + (c1 != c0);
	for (size_t r = t->head + 1; r < t->g->rows && ok; r++) {
		sv n = empty(t, r) ? SV_NULL : name_of(t, r);

		if (empty(t, r))
			continue;
		ok = cell(t->g, r, c0).n && cell(t->g, r, c1).n && has_letter(n) &&
		     sv_runes(n) <= NAME_RUNES && !memchr(n.p, '\n', n.n) && !map_get(seen, n) &&
		     map_put(seen, n, t) == 0;
	}
	map_free(seen);
	return ok;
}

static bool is_name(sv head)
{
	static const char *const names[] = { "name", "product", "item", "title", "service", "plan",
		"model", "article", "description", "名称", "品名", "商品", "产品", "商品名称",
		"产品名称", "品种", "项目", "服务", "套餐", "型号", "菜名", "名字" };

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (sv_eq_nocase(head, sv_of(names[i])))
			return true;
	return false;
}

/* A column that says so, else the first; where that repeats itself in words, the first two
 * together; else any that tells rows apart. */
static bool find_name(struct items *t)
{
	bool words = has_letter(cell(t->g, t->head + 1, 0));

	for (size_t c = 0; c < t->w; c++)
		if (is_name(cell(t->g, t->head, c)) && tells_apart(t, c, c))
			return true;
	if (tells_apart(t, 0, 0) || (words && t->w > 2 && tells_apart(t, 0, 1)))
		return true;
	for (size_t c = 1; c < t->w; c++)
		if (tells_apart(t, c, c))
			return true;
	return false;
}

static bool is_long(sv v)
{
	return sv_runes(v) > SHORT_RUNES || (v.n && memchr(v.p, '\n', v.n));
}

/* Its cells for kb_row_say, the name first; long ones go into paragraphs below. */
static size_t columns(const struct items *t, size_t row, sv *head, sv *out, struct sb *below)
{
	size_t n = 1;

	head[0] = cell(t->g, t->head, t->name[0]);
	out[0] = name_of(t, row);
	for (size_t c = 0; c < t->w; c++) {
		sv h = cell(t->g, t->head, c), v = cell(t->g, row, c);

		if (c == t->name[0] || (t->n_name > 1 && c == t->name[1]))
			continue;
		if (is_long(v)) {
			sb_fmt(below, "\n\n" SV_FMT "%s" SV_FMT, SV_ARG(h), t->zh ? "：" : ": ",
			       SV_ARG(v));
			continue;
		}
		head[n] = h;
		out[n++] = v;
	}
	return n;
}

/* What a row is asked for, one a line: "price of Rye", 黑麦价格. */
static sv asked(const struct items *t, const sv *head, const sv *v, size_t n)
{
	struct sb b;
	sv out;

	sb_init(&b, ING_TEXT_MAX);
	for (size_t i = 1; i < n && i <= ASKED_MAX; i++)
		if (v[i].n)
			sb_fmt(&b, "%s" SV_FMT "%s" SV_FMT, b.n ? "\n" : "",
			       SV_ARG(t->zh ? v[0] : head[i]), t->zh ? "" : " of ",
			       SV_ARG(t->zh ? head[i] : v[0]));
	out = arena_sv(t->j->a, sb_sv(&b));
	sb_done(&b);
	return out;
}

static int put_item(const struct items *t, size_t row, sv title)
{
	sv head[ING_COLS_MAX], v[ING_COLS_MAX];
	struct kb_article a = { .title = name_of(t, row), .lang = t->lang };
	struct sb b, below;
	size_t n, was = t->j->d->articles.n;
	int rc;

	sb_init(&b, ING_TEXT_MAX);
	sb_init(&below, ING_TEXT_MAX);
	n = columns(t, row, head, v, &below);
	kb_row_say(head, v, n, t->zh, &b);
	sb_put(&b, sb_sv(&below));
	a.aliases = asked(t, head, v, n);
	rc = ing_add(t->j, &a, arena_sv(t->j->a, sb_sv(&b)), NULL);
	/* Where it stands, which its id is made of: the row, of a workbook its sheet too. */
	for (size_t i = was; i < t->j->d->articles.n; i++) {
		struct ing_article *x = &t->j->d->articles.v[i];

		x->item = true;
		x->heading = sv_eq(title, ing_stem(t->j->name)) ? a.title :
			     sv_of(arena_fmt(t->j->a, SV_FMT " > " SV_FMT, SV_ARG(title),
					     SV_ARG(a.title)));
	}
	sb_done(&below);
	sb_done(&b);
	return rc;
}

/* ---- short lists ---- */

/* The rows with their names first; false: it is too long for one article, or has paragraphs. */
static bool short_list(const struct items *t, struct ing_grid *out)
{
	size_t n = 0, bytes = 0;

	for (size_t r = t->head; r < t->g->rows; r++) {
		size_t to = t->n_name;

		if (empty(t, r))
			continue;
		if (n > SHORT_ROWS || bytes > ING_PART_MAX)
			return false;
		for (size_t c = 0; c < t->w; c++) {
			sv v = cell(t->g, r, c);
			size_t at = c == t->name[0]			    ? 0 :
				    t->n_name > 1 && c == t->name[1] ? 1 :
									      to++;

			if (is_long(v))
				return false;
			bytes += v.n + 3;
			(void)ing_grid_put(out, n, at, v);
		}
		n++;
	}
	return n <= SHORT_ROWS + 1 && bytes <= ING_PART_MAX;
}

/* "price of breads", then the names of its rows, one a line. */
static sv list_names(const struct items *t, sv title)
{
	sv head[SHORT_ASKED + 1] = { title }, v[SHORT_ASKED + 1] = { title }, out;
	size_t n = 1;
	struct sb b;

	for (size_t c = 0; c < t->w && n <= SHORT_ASKED; c++) {
		if (c == t->name[0] || (t->n_name > 1 && c == t->name[1]))
			continue;
		head[n] = cell(t->g, t->head, c);
		v[n] = head[n];
		n++;
	}
	sb_init(&b, ING_TEXT_MAX);
	sb_put(&b, asked(t, head, v, n));
	for (size_t r = t->head + 1; r < t->g->rows; r++)
		if (!empty(t, r))
			sb_fmt(&b, "%s" SV_FMT, b.n ? "\n" : "", SV_ARG(name_of(t, r)));
	out = arena_sv(t->j->a, sb_sv(&b));
	sb_done(&b);
	return out;
}

static int put_list(const struct items *t, const struct ing_grid *rows, sv title)
{
	struct kb_article a = { .title = title, .lang = t->lang };
	struct sb b;
	int rc;

	a.aliases = list_names(t, title);
	sb_init(&b, ING_TEXT_MAX);
	ing_grid_md(rows, 0, rows->rows, &b);
	rc = ing_add(t->j, &a, arena_sv(t->j->a, sb_sv(&b)), NULL);
	sb_done(&b);
	return rc;
}

/* ---- any list ---- */

/* The language of the whole list: a row of it may be all Latin letters and numbers. */
static sv lang_of(struct items *t)
{
	struct sb b;
	sv out;

	sb_init(&b, ING_TEXT_MAX);
	for (size_t r = t->head; r < t->g->rows && r < t->head + 50; r++)
		for (size_t c = 0; c < t->w; c++)
			sb_fmt(&b, SV_FMT " ", SV_ARG(cell(t->g, r, c)));
	out = kb_script_lang(sb_sv(&b));
	sb_done(&b);
	return out;
}

bool ing_items_out(struct ing_job *j, const struct ing_grid *g, size_t head, sv title, int *rc)
{
	struct items t = { .j = j, .g = g, .head = head, .w = g->width };
	struct ing_grid rows = { 0 };
	bool small;

	if (t.w < 2 || head + 1 >= g->rows || g->rows - head - 1 > ITEMS_MAX || !headed(&t) ||
	    j->d->articles.n + g->rows - head - 1 > ING_ARTICLES_MAX)
		return false;
	t.lang = j->lang.n ? j->lang : lang_of(&t);
	t.zh = sv_eq(t.lang, SV("zh"));
	if (!find_name(&t))
		return false;
	small = short_list(&t, &rows);
	if (small)
		*rc = put_list(&t, &rows, title);
	ing_grid_done(&rows);
	for (size_t r = head + 1; r < g->rows && !small && !*rc; r++)
		if (!empty(&t, r))
			*rc = put_item(&t, r, title);
	return true;
}
