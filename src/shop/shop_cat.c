/* shop_cat.c: the catalogue: one product, all of a category, and which product words mean.
 *
 * Column words holds what a product is found by, folded at import: a line for its number without
 * blanks, a line for each name and alias in both languages, and a last line, begun by '~', for its
 * category, specs and description. Matching reads that column alone. On the thread of db.
 */
#include "shop_int.h"

#define COLS "id, category, price_fen, stock, warranty_months, body"

static int product_row(struct shop_call *c, struct store_stmt *q, struct shop_product *p)
{
	const jv *body = shop_keep(c, jv_parse(store_col_sv(q, 5), NULL));
	if (!body)
		return ERR_CORRUPT;
	*p = (struct shop_product){ .sku = arena_sv(c->a, store_col_sv(q, 0)),
				    .category = arena_sv(c->a, store_col_sv(q, 1)),
				    .price_fen = store_col_int(q, 2),
				    .stock = store_col_int(q, 3),
				    .warranty_months = store_col_int(q, 4),
				    .name = { jv_as_str(jv_path(body, "name.zh")),
					      jv_as_str(jv_path(body, "name.en")) },
				    .body = body };
	for (int i = 0; i < 2; i++)
		if (!p->name[i].n)
			p->name[i] = p->name[!i].n ? p->name[!i] : p->sku;
	return p->sku.n ? 0 : ERR_TOOBIG;
}

int shop_product_get(struct shop_call *c, sv sku, struct shop_product *p)
{
	struct store_stmt *q;
	int rc = store_prep(c->db, &q, "SELECT " COLS " FROM product WHERE id=?1");
	if (rc)
		return rc;
	store_bind_sv(q, 1, sku);
	rc = store_step(q);
	rc = rc == 1 ? product_row(c, q, p) : rc ? rc : ERR_NOTFOUND;
	store_reset(q);
	return rc;
}

/* ---- which product words mean ---- */

struct words {
	sv all, tight;               /* folded; without blanks */
	bool cjk;
	bool kind;                   /* the kind of a thing: what its name ends with */
};

static bool has_cjk(sv s)
{
	while (s.n)
		if (sv_is_cjk(sv_rune(&s)))
			return true;
	return false;
}

static sv tighten(struct arena *a, sv s)
{
	char *p = arena_alloc(a, s.n + 1);
	size_t n = 0;
	for (size_t i = 0; p && i < s.n; i++)
		if (s.p[i] != ' ')
			p[n++] = s.p[i];
	return p ? sv_n(p, n) : SV_NULL;
}

/* needle stands in s at the borders of words; "lamp" is in "lamps" too. */
static bool word_in(sv s, sv needle)
{
	for (size_t at = 0; at + needle.n <= s.n;) {
		ptrdiff_t i = sv_find(sv_slice(s, at, s.n), needle);
		if (i < 0)
			return false;
		size_t b = at + (size_t)i, e = b + needle.n;
		if (e < s.n && s.p[e] == 's')
			e++;
		if ((b == 0 || s.p[b - 1] == ' ') && (e == s.n || s.p[e] == ' '))
			return true;
		at = b + 1;
	}
	return false;
}

static int name_score(struct arena *a, sv name, const struct words *w)
{
	int len = (int)sv_runes(name);
	sv tight = tighten(a, name);
	if (sv_eq(tight, w->tight))
		return 400 + len;
	bool cjk = has_cjk(name);
	if (cjk && w->cjk && sv_runes(w->tight) == 1)
		return sv_find(tight, w->tight) >= 0 ? 110 : 0;
	if (len < 2 || w->tight.n < 2)
		return 0;
	if (cjk ? sv_find(w->tight, tight) >= 0 : word_in(w->all, name))
		return 150 + 8 * len;
	if (cjk && w->cjk && sv_runes(w->tight) >= 2 && sv_find(tight, w->tight) >= 0)
		return 120;
	return !cjk && !w->cjk && word_in(name, w->all) ? 120 : 0;
}

/* Share of the words (pairs of characters in Chinese) that stand in s, of 100. */
static int share(sv s, const struct words *w)
{
	int all = 0, hit = 0;
	sv rest = w->all, one;
	while (sv_cut(&rest, ' ', &one)) {
		if (!has_cjk(one)) {
			all += one.n > 2;
			hit += one.n > 2 && word_in(s, one);
			continue;
		}
		for (size_t k = 0; k + 2 <= sv_runes(one); k++) {
			size_t from = sv_rune_offset(one, k), to = sv_rune_offset(one, k + 2);
			all++;
			hit += sv_find(s, sv_slice(one, from, to)) >= 0;
		}
	}
	return all ? hit * 100 / all : 0;
}

/* Does any word (pair of characters, or the one there is) stand in words? Without any nothing
 * matches; this is quick and says no to most products. */
static bool any_word(sv words, const struct words *w)
{
	sv rest = w->all, one;
	while (sv_cut(&rest, ' ', &one)) {
		size_t n = sv_runes(one), step = has_cjk(one) && n > 1 ? 2 : n;
		for (size_t k = 0; k + step <= n && one.n; k++) {
			size_t from = sv_rune_offset(one, k), to = sv_rune_offset(one, k + step);
			if (sv_find(words, sv_slice(one, from, to)) >= 0)
				return true;
		}
	}
	return false;
}

static int match_words(struct arena *a, sv words, const struct words *w)
{
	int best = 0, named = 0, about = 0;
	sv rest = words, line;
	while (sv_cut(&rest, '\n', &line)) {
		bool far = sv_starts(line, SV("~"));
		int full = far ? 0 : name_score(a, line, w), part = share(line, w);
		best = full > best ? full : best;
		if (far)
			about = part;
		else if (part > named)
			named = part;
	}
	if (best)
		return best;
	if (named >= 50)
		return named * 9 / 10;
	return about >= 60 ? about / 2 : 0;
}

static sv singular(sv s)
{
	return s.n > 2 && s.p[s.n - 1] == 's' ? sv_slice(s, 0, s.n - 1) : s;
}

/* "desk lamp" is a lamp and no desk, 路由器线 is no 路由器. */
static int match_kind(struct arena *a, sv words, const struct words *w)
{
	sv rest = words, line, want = singular(w->all);
	while (sv_cut(&rest, '\n', &line)) {
		if (sv_starts(line, SV("~")))
			continue;
		if (w->cjk && sv_ends(tighten(a, line), w->tight))
			return 100;
		sv name = singular(line);
		size_t at = name.n - want.n;
		if (!w->cjk && want.n && sv_ends(name, want) && (!at || name.p[at - 1] == ' '))
			return 100;
	}
	return 0;
}

static struct words words_of(struct arena *a, sv folded)
{
	return (struct words){ .all = folded, .tight = tighten(a, folded), .cjk = has_cjk(folded) };
}

static sv name_words(struct arena *a, const struct shop_product *p)
{
	struct sb b;
	static const char *const langs[] = { "zh", "en" };
	sb_init(&b, LIM_SB);
	sb_put(&b, tighten(a, shop_fold(a, p->sku)));
	for (int i = 0; i < 2; i++) {
		const jv *list = jv_get(jv_get(p->body, "aliases"), langs[i]);
		sb_ch(&b, '\n');
		sb_put(&b, shop_fold(a, p->name[i]));
		for (size_t k = 0; k < jv_len(list); k++) {
			sb_ch(&b, '\n');
			sb_put(&b, shop_fold(a, jv_as_str(jv_at(list, k))));
		}
	}
	sv ret = arena_sv(a, sb_sv(&b));
	sb_done(&b);
	return ret;
}

int shop_match(struct arena *a, const struct shop_product *p, sv folded)
{
	struct words w = words_of(a, folded);
	return match_words(a, name_words(a, p), &w);
}

/* ---- search ---- */

static void hit_put(struct shop_hit *v, size_t *n, struct shop_hit h)
{
	size_t i = *n < SHOP_HITS ? (*n)++ : SHOP_HITS - 1;
	for (; i > 0 && v[i - 1].score < h.score; i--)
		v[i] = v[i - 1];
	v[i] = h;
}

static int search_row(struct shop_call *c, struct store_stmt *q, const struct words *w,
		      struct arena *tmp, struct shop_hit *v, size_t *n)
{
	arena_reset(tmp);
	if (w->all.n && !any_word(store_col_sv(q, 1), w))
		return 0;
	int score = !w->all.n ? 1 :
		    w->kind   ? match_kind(tmp, store_col_sv(q, 1), w) :
				match_words(tmp, store_col_sv(q, 1), w);
	bool in = *n < SHOP_HITS || score > v[*n - 1].score;
	if (score <= 0 || !in)
		return 0;
	struct shop_hit h = { .sku = arena_sv(c->a, store_col_sv(q, 0)), .score = score };
	if (!h.sku.n)
		return ERR_TOOBIG;
	hit_put(v, n, h);
	return 0;
}

int shop_search(struct shop_call *c, const struct shop_seek *s, struct shop_hit v[SHOP_HITS],
		size_t *n)
{
	struct store_stmt *q;
	struct arena tmp;
	sv text = shop_fold(c->a, s->text);
	struct words w = words_of(c->a, s->cheapest ? singular(text) : text);
	w.kind = s->cheapest;
	*n = 0;
	int rc = store_prep(
		c->db, &q,
		"SELECT id, words FROM product WHERE (?1='' OR category=?1) AND "
		"price_fen>=?2 AND (?3=0 OR price_fen<=?3) AND (?4=0 OR stock>0) "
		"ORDER BY CASE WHEN ?5=0 THEN 0 ELSE price_fen END, id");
	if (rc)
		return rc;
	store_bind_sv(q, 1, s->category.p ? s->category : SV(""));
	store_bind_int(q, 2, s->min_fen);
	store_bind_int(q, 3, s->max_fen);
	store_bind_int(q, 4, s->in_stock);
	store_bind_int(q, 5, s->cheapest);
	arena_init(&tmp, LIM_ARENA_CONV);
	while (rc == 0 && (rc = store_step(q)) == 1)
		rc = search_row(c, q, &w, &tmp, v, n);
	arena_done(&tmp);
	store_reset(q);
	return rc;
}

static bool names_category(struct shop_call *c, sv id, sv folded)
{
	sv key = sv_of(arena_fmt(c->a, "cat." SV_FMT, SV_ARG(id))), one;
	if (sv_eq(folded, id))
		return true;
	for (int lang = 0; lang < 2; lang++) {
		sv all = shop_word(lang, key);
		while (sv_cut(&all, ' ', &one))
			if (sv_eq(folded, one))
				return true;
	}
	return false;
}

sv shop_category(struct shop_call *c, sv words)
{
	struct store_stmt *q;
	sv folded = shop_fold(c->a, words), found = SV_NULL;
	if (!folded.n || store_prep(c->db, &q, "SELECT DISTINCT category FROM product"))
		return SV_NULL;
	while (!found.n && store_step(q) == 1) {
		sv id = arena_sv(c->a, store_col_sv(q, 0));
		if (id.n && names_category(c, id, folded))
			found = id;
	}
	store_reset(q);
	return found;
}

static int which_product(struct shop_call *c, const struct shop_hit *v, size_t n)
{
	sv names[3];
	jv *list = jv_arr();
	size_t m = 0;
	struct shop_product p;
	int rc = 0;
	for (; m < n && m < 3 && rc == 0; m++) {
		rc = shop_product_get(c, v[m].sku, &p);
		if (rc)
			break;
		names[m] = p.name[c->lang];
		jv *o = jv_obj();
		jv_set_str(o, "sku", p.sku);
		jv_set_str(o, "name", names[m]);
		jv_push(list, o);
	}
	jv_set(c->r->body, "candidates", list);
	shop_put(c, "names_text", shop_and(c, names, m));
	return rc ? rc :
		    shop_said(c, TOOL_INVALID, "which_product",
			      "several products fit, see candidates: ask which one is meant");
}

int shop_product_arg(struct shop_call *c, const char *key, struct shop_product *p)
{
	struct shop_hit v[SHOP_HITS];
	size_t n;
	struct shop_seek s = { .text = jv_get_str(c->r->args, key) };
	int rc = s.text.n ? shop_search(c, &s, v, &n) : 0;
	if (rc)
		return rc;
	if (!s.text.n || !n)
		return shop_said(c, TOOL_NOT_FOUND, "no_product",
				 "no such product in the catalogue");
	if (n == 1 || v[0].score >= v[1].score + (v[0].score >= 150 ? 1 : 15))
		return shop_product_get(c, v[0].sku, p);
	return which_product(c, v, n);
}

/* ---- as JSON ---- */

sv shop_delivery(const struct shop_product *p)
{
	sv way = jv_get_str(p->body, "delivery");
	return way.n ? way : SV("parcel");
}

jv *shop_product_jv(struct shop_call *c, const struct shop_product *p)
{
	static const char *const langs[] = { "zh", "en" };
	jv *o = jv_obj();
	jv_set_str(o, "sku", p->sku);
	jv_set_str(o, "name", p->name[c->lang]);
	jv_set_str(o, "category", p->category);
	jv_set_num(o, "price", shop_num(p->price_fen));
	jv_set_str(o, "price_text", shop_money(c, p->price_fen));
	jv_set_int(o, "stock", p->stock);
	jv_set_int(o, "warranty_months", p->warranty_months);
	jv_set_str(o, "specs", jv_get_str(jv_get(p->body, "specs"), langs[c->lang]));
	jv_set_str(o, "description", jv_get_str(jv_get(p->body, "description"), langs[c->lang]));
	return o;
}

/* 0, or ERR_STATE: there are not that many. */
int shop_stock_take(struct store_db *db, sv sku, int64_t qty)
{
	int rc = shop_exec1(db, "UPDATE product SET stock=stock-?2 WHERE id=?1 AND stock>=?2",
			    sku, qty);
	return rc ? rc : store_changes(db) == 1 || qty < 0 ? 0 : ERR_STATE;
}

void shop_words(struct arena *a, const jv *body, sv category, struct sb *out)
{
	static const char *const langs[] = { "zh", "en" };
	struct shop_product p = { .sku = jv_get_str(body, "sku"),
				  .name = { jv_as_str(jv_path(body, "name.zh")),
					    jv_as_str(jv_path(body, "name.en")) },
				  .body = body };
	sb_put(out, name_words(a, &p));
	sb_cstr(out, "\n~");
	for (int i = 0; i < 2; i++) {
		sb_put(out, shop_word(i, sv_of(arena_fmt(a, "cat." SV_FMT, SV_ARG(category)))));
		sb_ch(out, ' ');
		sb_put(out, shop_fold(a, jv_get_str(jv_get(body, "specs"), langs[i])));
		sb_ch(out, ' ');
		sb_put(out, shop_fold(a, jv_get_str(jv_get(body, "description"), langs[i])));
		sb_ch(out, ' ');
	}
}
