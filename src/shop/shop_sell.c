/* shop_sell.c: advice before buying: search, one product, comparison, fit, stock, price.
 *
 * Every figure said here is a column of the catalogue; nothing is worked out that it does not
 * say. Reads only; nobody needs to be known.
 */
#include "shop_int.h"

#include <string.h>

static void put_product(struct shop_call *c, const struct shop_product *p)
{
	shop_put(c, "sku", p->sku);
	shop_put(c, "name", p->name[c->lang]);
	shop_put_money(c, "price", p->price_fen);
	jv_set_int(c->r->body, "stock", p->stock);
	jv_set_bool(c->r->body, "in_stock", p->stock > 0);
}

enum { TOLD = 3 };

/* The names with prices of what was found, for one sentence; the first three. */
static int put_hits(struct shop_call *c, const struct shop_hit *v, size_t n)
{
	jv *items = jv_arr();
	sv names[TOLD];
	size_t said = 0;
	jv_set(c->r->body, "items", items);
	for (size_t i = 0; i < n; i++) {
		struct shop_product p;
		int rc = shop_product_get(c, v[i].sku, &p);
		if (rc)
			return rc;
		if (said < TOLD)
			names[said++] = sv_of(arena_fmt(c->a, c->lang ? SV_FMT " at " SV_FMT :
								       SV_FMT SV_FMT,
							SV_ARG(p.name[c->lang]),
							SV_ARG(shop_money(c, p.price_fen))));
		jv_push(items, shop_product_jv(c, &p));
	}
	jv_set_int(c->r->body, "n", (int64_t)n);
	shop_put(c, "names_text", shop_and(c, names, said));
	return 0;
}

/* "家具" as words, or as category, means the whole of it; a category that is none is one more
 * word. */
static struct shop_seek seek_of(struct shop_call *c)
{
	const jv *args = c->r->args;
	sv words = jv_get_str(args, "words"), given = jv_get_str(args, "category");
	struct shop_seek s = { .text = words,
			       .category = shop_category(c, given),
			       .min_fen = shop_fen(jv_get_num(args, "price_min", 0)),
			       .max_fen = shop_fen(jv_get_num(args, "price_max", 0)),
			       .in_stock = jv_get_bool(args, "in_stock", false) };
	if (given.n && !s.category.n)
		s.text = sv_of(arena_fmt(c->a, SV_FMT " " SV_FMT, SV_ARG(words), SV_ARG(given)));
	sv whole = s.category.n ? SV_NULL : shop_category(c, words);
	if (whole.n) {
		s.category = whole;
		s.text = SV_NULL;
	}
	return s;
}

/* ---- the cheapest of a kind ---- */

/* Is s[at..at+n) a word by itself? Chinese has no borders. */
static bool apart(sv s, size_t at, size_t n)
{
	return (unsigned char)s.p[at] >= 0x80 || ((at == 0 || s.p[at - 1] == ' ') &&
						  (at + n == s.n || s.p[at + n] == ' '));
}

static sv without(struct shop_call *c, sv s, sv word)
{
	for (size_t at = 0; at + word.n <= s.n;) {
		ptrdiff_t i = sv_find(sv_slice(s, at, s.n), word);
		if (i < 0)
			break;
		at += (size_t)i;
		if (!apart(s, at, word.n)) {
			at++;
			continue;
		}
		sv head = sv_slice(s, 0, at), tail = sv_slice(s, at + word.n, s.n);
		s = sv_of(arena_fmt(c->a, SV_FMT " " SV_FMT, SV_ARG(head), SV_ARG(tail)));
	}
	return s;
}

/* "哪个枕头最便宜", "what's the cheapest pillow": the words without those that ask. */
static sv kind_of(struct shop_call *c, sv words)
{
	sv s = shop_fold(c->a, words), one;
	for (int lang = 0; lang < 2; lang++) {
		sv small = shop_word(lang, SV("seek.small"));
		while (sv_cut(&small, '|', &one))
			s = without(c, s, one);
	}
	return shop_fold(c->a, s);
}

/* By the names first: "lamp" is a category, too, and a bulb is in it. */
static int find_cheapest(struct shop_call *c, struct shop_seek *s, struct shop_hit v[SHOP_HITS],
			 size_t *n)
{
	sv whole = shop_category(c, s->text);
	int rc = 0;
	s->cheapest = true;
	s->category = shop_category(c, jv_get_str(c->r->args, "category"));
	*n = 0;
	if (s->text.n && !sv_eq(whole, s->text))
		rc = shop_search(c, s, v, n);
	if (rc || *n || (s->text.n ? !whole.n : !s->category.n))
		return rc;
	struct shop_seek all = *s;
	all.category = whole.n ? whole : s->category;
	all.text = SV_NULL;
	return shop_search(c, &all, v, n);
}

/* The category that most of them are of: a "raised bed" of the garden is no bed. */
static sv most_of(const struct shop_product *p, size_t n)
{
	size_t most = 0, at = 0;
	for (size_t i = 0; i < n; i++) {
		size_t like = 0;
		for (size_t k = 0; k < n; k++)
			like += sv_eq(p[i].category, p[k].category);
		at = like > most ? i : at;
		most = like > most ? like : most;
	}
	return n ? p[at].category : SV_NULL;
}

/* *ret_n: how many there are of that kind; 0: none by a name. */
static int say_cheapest(struct shop_call *c, struct shop_seek *s, size_t *ret_n)
{
	struct shop_hit v[SHOP_HITS];
	struct shop_product p[SHOP_HITS], *best = NULL;
	size_t n;
	int rc = find_cheapest(c, s, v, &n);
	for (size_t i = 0; i < n && rc == 0; i++)
		rc = shop_product_get(c, v[i].sku, &p[i]);
	*ret_n = 0;
	if (rc)
		return rc;
	sv category = most_of(p, n);
	for (size_t i = 0; i < n; i++) {     /* by price */
		if (!sv_eq(p[i].category, category))
			continue;
		++*ret_n;
		if (!best || (best->stock <= 0 && p[i].stock > 0))
			best = &p[i];
	}
	if (!best)
		return 0;
	put_product(c, best);
	jv_set_int(c->r->body, "n", (int64_t)*ret_n);
	tool_say(c->r, best->stock <= 0 ? "cheapest_gone" :
		       *ret_n == 1	? "only_one" : "cheapest");
	return 0;
}

static const char *found(const struct shop_call *c, size_t n)
{
	bool more = n > TOLD && tool_can_say(c->r, "found_more");
	return n == 1 ? "found_one" : more ? "found_more" : "found";
}

/* All of the kind that are in stock, else all, the cheaper first. *ret_n: how many; 0: none by a
 * name. */
static int say_kind(struct shop_call *c, struct shop_seek *s, size_t *ret_n)
{
	struct shop_hit v[SHOP_HITS];
	struct shop_product p[SHOP_HITS];
	size_t n, keep = 0;
	bool any = false;
	int rc = find_cheapest(c, s, v, &n);
	for (size_t i = 0; i < n && rc == 0; i++)
		rc = shop_product_get(c, v[i].sku, &p[i]);
	*ret_n = 0;
	if (rc)
		return rc;
	sv category = most_of(p, n);
	for (size_t i = 0; i < n; i++)
		any = any || (sv_eq(p[i].category, category) && p[i].stock > 0);
	for (size_t i = 0; i < n; i++)
		if (sv_eq(p[i].category, category) && (!any || p[i].stock > 0))
			v[keep++] = v[i];
	rc = keep ? put_hits(c, v, keep) : 0;
	if (keep && rc == 0)
		tool_say(c->r, any ? found(c, keep) : "found_gone");
	*ret_n = keep;
	return rc;
}

int shop_op_search(struct shop_call *c)
{
	struct shop_hit v[SHOP_HITS];
	size_t n = 0, keep = 1;
	struct shop_seek s = seek_of(c);
	bool cheapest = jv_get_bool(c->r->args, "cheapest", false);
	bool kind = cheapest || jv_get_bool(c->r->args, "kind", false);
	int rc = 0;
	if (kind) {
		s.text = kind_of(c, jv_get_str(c->r->args, "words"));
		rc = cheapest ? say_cheapest(c, &s, &n) : say_kind(c, &s, &n);
		if (rc || n)
			return rc;
		s.cheapest = false;
	}
	if (!kind || s.text.n)           /* else the words name nothing */
		rc = shop_search(c, &s, v, &n);
	if (rc)
		return rc;
	if (!n)
		return shop_said(c, TOOL_NOT_FOUND, "no_product",
				 "nothing in the catalogue fits these words and limits");
	while (keep < n && v[keep].score * 2 >= v[0].score)
		keep++;
	rc = put_hits(c, v, keep);
	if (rc == 0)
		tool_say(c->r, found(c, keep));
	return rc;
}

int shop_op_info(struct shop_call *c)
{
	struct shop_product p;
	int rc = shop_product_arg(c, "product", &p);
	if (rc)
		return rc;
	put_product(c, &p);
	jv *o = shop_keep(c, shop_product_jv(c, &p));
	shop_put(c, "specs", jv_get_str(o, "specs"));
	shop_put(c, "description", jv_get_str(o, "description"));
	shop_put(c, "category", p.category);
	shop_put(c, "delivery", shop_delivery(&p));
	jv_set_int(c->r->body, "warranty_months", p.warranty_months);
	tool_say(c->r, p.stock > 0 ? "done" : "sold_out");
	return 0;
}

int shop_op_compare(struct shop_call *c)
{
	struct shop_product x, y;
	int rc = shop_product_arg(c, "product", &x);
	if (rc == 0)
		rc = shop_product_arg(c, "other", &y);
	if (rc)
		return rc;
	if (sv_eq(x.sku, y.sku))
		return shop_said(c, TOOL_INVALID, "same_product", "both are the same product");
	jv *items = jv_arr();
	jv_push(items, shop_product_jv(c, &x));
	jv_push(items, shop_product_jv(c, &y));
	jv_set(c->r->body, "items", items);
	int64_t d = x.price_fen - y.price_fen;
	shop_put_money(c, "difference", d < 0 ? -d : d);
	shop_put(c, "a", x.name[c->lang]);
	shop_put(c, "b", y.name[c->lang]);
	shop_put(c, "a_specs", jv_get_str(jv_at(items, 0), "specs"));
	shop_put(c, "b_specs", jv_get_str(jv_at(items, 1), "specs"));
	shop_put(c, "a_price_text", shop_money(c, x.price_fen));
	shop_put(c, "b_price_text", shop_money(c, y.price_fen));
	tool_say(c->r, d ? "done" : "same_price");
	return 0;
}

/* What was asked for, to be said again: no signs that mean something to a text of ours or to a
 * page. */
static sv said_again(struct arena *a, sv value)
{
	char *to = arena_alloc(a, value.n + 1);
	size_t n = 0;
	for (size_t i = 0; i < value.n; i++) {
		char ch = value.p[i];
		if ((unsigned char)ch >= ' ' && !strchr("{}<>`", ch))
			to[n++] = ch;
	}
	return sv_n(to, n);
}

/* "0.8 m" of an attribute in centimetres is "80", of a range the narrow end counts; what has no
 * unit of length stays as it is. */
static sv in_its_unit(struct arena *a, sv attr, sv value)
{
	static const struct {
		const char *unit;
		double mm;
	} units[] = {
		{ " mm", 1 }, { " cm", 10 }, { " m", 1000 }, { " in", 25.4 }, { " ft", 304.8 }
	};
	double want = sv_ends(attr, SV("_cm")) ? 10 : sv_ends(attr, SV("_mm")) ? 1 : 0, d;
	for (size_t i = 0; want > 0 && i < sizeof(units) / sizeof(*units); i++) {
		sv unit = sv_of(units[i].unit), from, number = sv_slice(value, 0, value.n - unit.n);
		if (!sv_ends(value, unit))
			continue;
		if (sv_cut(&number, '/', &from))
			number = from;
		if (sv_f64(number, &d) == 0)
			return sv_of(arena_fmt(a, "%.6g", d * units[i].mm / want));
	}
	return value;
}

int shop_op_fit(struct shop_call *c)
{
	static const char *const says[] = { "no", "yes", "unknown" };
	struct shop_product x, y;
	struct sb why;
	enum shop_fit fit;
	sv attr = jv_get_str(c->r->args, "attribute");
	int rc = shop_product_arg(c, "product", &x);
	if (rc)
		return rc;
	sb_init(&why, LIM_SB);
	if (attr.n) {
		sv value = said_again(c->a, jv_get_str(c->r->args, "value"));
		value = in_its_unit(c->a, attr, value);
		fit = shop_fits_value(c->a, &x, attr, value, c->lang, &why);
		sv word = sv_of(arena_fmt(c->a, "attr." SV_FMT, SV_ARG(attr)));
		shop_put(c, "other_name",
			 sv_of(arena_fmt(c->a, SV_FMT " " SV_FMT,
					 SV_ARG(shop_word(c->lang, word)),
					 SV_ARG(value))));
	} else {
		rc = shop_product_arg(c, "other", &y);
		if (rc) {
			sb_done(&why);
			return rc;
		}
		fit = shop_fits(c->a, &x, &y, c->lang, &why);
		shop_put(c, "other_name", y.name[c->lang]);
	}
	shop_put(c, "name", x.name[c->lang]);
	shop_put(c, "compatible", sv_of(says[fit]));
	shop_put(c, "why_text", sb_sv(&why));
	sb_done(&why);
	tool_say(c->r, says[fit]);
	return 0;
}

/* What else of the category is there, at about the price: at most three. */
int shop_similar(struct shop_call *c, const struct shop_product *p)
{
	struct store_stmt *q;
	struct shop_hit v[3];
	size_t n = 0;
	int rc = store_prep(
		c->db, &q,
		"SELECT id FROM product WHERE category=?1 AND id<>?2 AND stock>0 ORDER BY "
		"abs(price_fen-?3), id LIMIT 3");
	if (rc)
		return rc;
	store_bind_sv(q, 1, p->category);
	store_bind_sv(q, 2, p->sku);
	store_bind_int(q, 3, p->price_fen);
	while ((rc = store_step(q)) == 1)
		v[n++] = (struct shop_hit){ .sku = arena_sv(c->a, store_col_sv(q, 0)) };
	store_reset(q);
	return rc ? rc : put_hits(c, v, n);
}

int shop_op_stock(struct shop_call *c)
{
	struct shop_product p;
	int64_t qty = jv_get_int(c->r->args, "qty", 1);
	int rc = shop_product_arg(c, "product", &p);
	if (rc)
		return rc;
	put_product(c, &p);
	jv_set_int(c->r->body, "qty", qty);
	jv_set_bool(c->r->body, "enough", p.stock >= qty);
	if (p.stock >= qty) {
		tool_say(c->r, "done");
		return 0;
	}
	rc = shop_similar(c, &p);
	tool_say(c->r, p.stock                        ? "not_enough" :
		       jv_get_int(c->r->body, "n", 0) ? "sold_out_similar" :
							"sold_out");
	return rc;
}

int shop_op_quote(struct shop_call *c)
{
	struct shop_product p;
	int64_t qty = jv_get_int(c->r->args, "qty", 1);
	int rc = shop_product_arg(c, "product", &p);
	if (rc)
		return rc;
	put_product(c, &p);
	jv_set_int(c->r->body, "qty", qty);
	shop_put_money(c, "total", p.price_fen * qty);
	sv billing = jv_get_str(p.body, "billing");
	tool_say(c->r, sv_eq(billing, SV("monthly")) ? "monthly" : qty == 1 ? "one" : "many");
	return 0;
}
