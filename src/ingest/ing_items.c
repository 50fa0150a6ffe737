/* ing_items.c: a price list, rate card or stock list: each row becomes an article of its own.
 *
 * "name,price,stock" with a row "Rye,4,0" gives the article "Rye" with the text "Rye: price 4,
 * stock 0." and the further names "price of Rye" and "stock of Rye", so that a question about one
 * thing is answered by its row alone. A table is such a
 * list when its first row names every column, at least one column below holds numbers, and one
 * column (or the first two together) names each row apart. Anything else stays a table, and so does
 * a list with more rows than its document may still have articles. Pure.
 */
#include "ing_int.h"

#define ITEMS_MAX 2000           /* rows; a longer list stays a table in parts */
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
		if (sv_runes(v) > SHORT_RUNES || (v.n && memchr(v.p, '\n', v.n))) {
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

		x->heading = sv_eq(title, ing_stem(t->j->name)) ? a.title :
			     sv_of(arena_fmt(t->j->a, SV_FMT " > " SV_FMT, SV_ARG(title),
					     SV_ARG(a.title)));
	}
	sb_done(&below);
	sb_done(&b);
	return rc;
}

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

	if (t.w < 2 || head + 1 >= g->rows || g->rows - head - 1 > ITEMS_MAX || !headed(&t) ||
	    j->d->articles.n + g->rows - head - 1 > ING_ARTICLES_MAX)
		return false;
	t.lang = j->lang.n ? j->lang : lang_of(&t);
	t.zh = sv_eq(t.lang, SV("zh"));
	if (!find_name(&t))
		return false;
	for (size_t r = head + 1; r < g->rows && !*rc; r++)
		if (!empty(&t, r))
			*rc = put_item(&t, r, title);
	return true;
}
