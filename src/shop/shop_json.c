/* shop_json.c: orders, returns and products as the console reads them. Any reader's thread; text
 * goes straight from the rows into out. A cursor is "number.id" of the last row's sort key. */
#include "shop_int.h"

/* Nothing here is told in local time. */
static const struct shop plain = { .currency = "CNY" };

struct view {
	struct shop_call c;
	struct arena a;
};

static void view_init(struct view *v, struct store_db *db, int lang)
{
	*v = (struct view){ 0 };
	arena_init(&v->a, LIM_ARENA_BIG);
	v->c = (struct shop_call){ .s = &plain, .db = db, .a = &v->a, .lang = lang };
}

static void view_done(struct view *v)
{
	for (size_t i = 0; i < v->c.kept.n; i++)
		jv_free(v->c.kept.v[i]);
	VEC_FREE(&v->c.kept);
	arena_done(&v->a);
}

static int cursor_of(sv cursor, int64_t *at, sv *id)
{
	sv head;
	*at = 0;
	*id = SV("");
	if (!cursor.n)
		return 0;
	if (!sv_cut(&cursor, '.', &head) || sv_i64(head, at) || !cursor.n)
		return ERR_INVAL;
	*id = cursor;
	return 0;
}

static int limit_of(const struct shop_page *p)
{
	return p->limit < 1 ? 50 : p->limit > 200 ? 200 : p->limit;
}

/* "%text%" for LIKE with ! before what it would read otherwise; upper case. */
static sv like(struct arena *a, sv q)
{
	struct sb b;
	sb_init(&b, 1024);
	sb_ch(&b, '%');
	for (size_t i = 0; i < q.n && i < 100; i++) {
		if (strchr("%_!", q.p[i]))
			sb_ch(&b, '!');
		sb_ch(&b, (char)(q.p[i] >= 'a' && q.p[i] <= 'z' ? q.p[i] - 32 : q.p[i]));
	}
	sb_ch(&b, '%');
	sv ret = arena_sv(a, sb_sv(&b));
	sb_done(&b);
	return ret;
}

static void put_time(jv *o, const char *key, int64_t ms)
{
	if (ms)
		shop_set_time(o, key, ms);
	else
		jv_set(o, key, jv_null());
}

static void put_page(jv *items, bool more, int64_t at, sv id, struct sb *out)
{
	jv *top = jv_obj();
	struct sb next;
	sb_init(&next, 256);
	jv_set(top, "items", items);
	if (more) {
		sb_fmt(&next, "%lld." SV_FMT, (long long)at, SV_ARG(id));
		jv_set_str(top, "next", sb_sv(&next));
	} else {
		jv_set(top, "next", jv_null());
	}
	jv_dump(top, out);
	sb_done(&next);
	jv_free(top);
}

/* ---- returns ---- */

#define RETURN_COLS                                                                         \
	"id, order_id, customer_id, kind, state, reason, note, condition, way, new_sku, rule, " \
	"gross_fen, fee_fen, deduct_fen, refund_fen, differ_fen, requested_ms, collected_ms, "   \
	"checked_ms, refunded_ms, ended_ms"

static jv *return_row(struct store_stmt *q)
{
	static const char *const texts[] = { "id",    "order",   "customer", "kind",
					     "state", "reason",  "note",     "condition",
					     "way",   "new_sku", "rule" };
	static const char *const sums[] = { "paid", "fee", "deduct", "refund", "difference" };
	static const char *const times[] = { "requested_at", "collected_at", "checked_at",
					     "refunded_at", "ended_at" };
	jv *o = jv_obj();
	for (int i = 0; i < 11; i++)
		jv_set_str(o, texts[i], store_col_sv(q, i));
	for (int i = 0; i < 5; i++)
		jv_set_num(o, sums[i], shop_num(store_col_int(q, 11 + i)));
	for (int i = 0; i < 5; i++)
		put_time(o, times[i], store_col_int(q, 16 + i));
	return o;
}

static int return_more(struct view *v, jv *o)
{
	struct store_stmt *q;
	jv *items = jv_arr(), *visits = jv_arr();
	jv_set(o, "items", items);
	jv_set(o, "visits", visits);
	int rc = store_prep(
		v->c.db, &q,
		"SELECT i.sku, i.qty, i.price_fen, p.body FROM shop_return_item i LEFT JOIN "
		"product p ON p.id=i.sku WHERE i.return_id=?1 ORDER BY i.line");
	if (rc)
		return rc;
	store_bind_sv(q, 1, jv_get_str(o, "id"));
	while ((rc = store_step(q)) == 1) {
		jv *x = jv_obj(), *body = jv_parse(store_col_sv(q, 3), NULL);
		sv name = jv_as_str(jv_path(body, v->c.lang ? "name.en" : "name.zh"));
		jv_set_str(x, "sku", store_col_sv(q, 0));
		jv_set_str(x, "name", name.n ? name : store_col_sv(q, 0));
		jv_set_int(x, "qty", store_col_int(q, 1));
		jv_set_num(x, "price", shop_num(store_col_int(q, 2)));
		jv_push(items, x);
		jv_free(body);
	}
	store_reset(q);
	if (rc == 0)
		rc = store_prep(v->c.db, &q,
				"SELECT kind, from_ms, to_ms, state FROM shop_visit WHERE "
				"ref=?1 ORDER BY id");
	if (rc)
		return rc;
	store_bind_sv(q, 1, jv_get_str(o, "id"));
	while ((rc = store_step(q)) == 1) {
		jv *x = jv_obj();
		jv_set_str(x, "kind", store_col_sv(q, 0));
		put_time(x, "from", store_col_int(q, 1));
		put_time(x, "to", store_col_int(q, 2));
		jv_set_str(x, "state", store_col_sv(q, 3));
		jv_push(visits, x);
	}
	store_reset(q);
	return rc;
}

int shop_returns_json(struct store_db *db, const struct shop_page *p, struct sb *out)
{
	struct store_stmt *q;
	struct view v;
	int64_t at, n = 0;
	sv id, last = SV_NULL;
	bool more = false;
	if (cursor_of(p->cursor, &at, &id))
		return ERR_INVAL;
	/* with a customer by its index; else by time */
#define RETURNS(of, time) \
	"SELECT " RETURN_COLS " FROM shop_return WHERE " of \
	" AND (?2='' OR state=?2) AND (?3='%%' OR " \
	"id LIKE ?3 ESCAPE '!' OR order_id LIKE ?3 ESCAPE '!') AND (?4=0 OR requested_ms<?4 " \
	"OR " \
	"(requested_ms=?4 AND id<?5)) ORDER BY " time " DESC, id DESC LIMIT ?6"
	int rc = store_prep(db, &q,
			    p->customer.n ? RETURNS("customer_id=?1", "+requested_ms") :
					    RETURNS("?1=''", "requested_ms"));
#undef RETURNS
	if (rc)
		return rc;
	view_init(&v, db, p->lang);
	jv *items = jv_arr();
	store_bind_sv(q, 1, p->customer.p ? p->customer : SV(""));
	store_bind_sv(q, 2, p->state.p ? p->state : SV(""));
	store_bind_sv(q, 3, like(&v.a, p->q));
	store_bind_int(q, 4, at);
	store_bind_sv(q, 5, id);
	store_bind_int(q, 6, limit_of(p) + 1);
	while ((rc = store_step(q)) == 1) {
		if (n++ == limit_of(p)) {
			more = true;
			rc = 0;
			break;
		}
		jv_push(items, return_row(q));
		at = store_col_int(q, 16);
		last = arena_sv(&v.a, store_col_sv(q, 0));
	}
	store_reset(q);
	if (rc == 0)
		put_page(items, more, at, last, out);
	else
		jv_free(items);
	view_done(&v);
	return rc;
}

static jv *return_one(struct view *v, sv id, int *rc)
{
	struct store_stmt *q;
	jv *o = NULL;
	*rc = store_prep(v->c.db, &q, "SELECT " RETURN_COLS " FROM shop_return WHERE id=?1");
	if (*rc)
		return NULL;
	store_bind_sv(q, 1, id);
	*rc = store_step(q);
	if (*rc == 1)
		o = return_row(q);
	store_reset(q);
	*rc = *rc == 1 ? return_more(v, o) : *rc ? *rc : ERR_NOTFOUND;
	if (*rc == 0)
		return o;
	jv_free(o);
	return NULL;
}

int shop_return_json(struct store_db *db, sv id, int lang, struct sb *out)
{
	struct view v;
	int rc;
	view_init(&v, db, lang);
	jv *o = return_one(&v, id, &rc);
	if (o)
		jv_dump(o, out);
	jv_free(o);
	view_done(&v);
	return rc;
}

/* ---- orders ---- */

static jv *order_head(struct view *v, const struct shop_order *o)
{
	jv *x = jv_obj();
	jv_set_str(x, "number", o->id);
	jv_set_str(x, "customer", o->customer);
	jv_set_str(x, "state", o->state);
	jv_set(x, "items", shop_items_jv(&v->c, o));
	jv_set_num(x, "total", shop_num(o->total_fen));
	jv_set_str(x, "currency", SV("CNY"));
	jv_set_str(x, "payment", o->payment);
	jv_set_str(x, "carrier", o->carrier);
	jv_set_str(x, "tracking", o->tracking);
	put_time(x, "placed_at", o->placed_ms);
	put_time(x, "shipped_at", o->shipped_ms);
	put_time(x, "delivered_at", o->delivered_ms);
	put_time(x, "cancelled_at", o->cancelled_ms);
	jv_set_int(x, "address_changes", o->changes);
	return x;
}

int shop_orders_json(struct store_db *db, const struct shop_page *p, struct sb *out)
{
	struct store_stmt *q;
	struct view v;
	int64_t at, n = 0, last_at = 0;
	sv id, ids[201];
	if (cursor_of(p->cursor, &at, &id))
		return ERR_INVAL;
	/* with a customer by its index; else by time */
#define ORDERS(of, time) \
	"SELECT id, placed_ms FROM order_ref WHERE " of \
	" AND (?2='' OR state=?2) AND (?3='%%' OR " \
	"id LIKE ?3 ESCAPE '!') AND (?4=0 OR placed_ms<?4 OR (placed_ms=?4 AND id<?5)) ORDER " \
	"BY " time " DESC, id DESC LIMIT ?6"
	int rc = store_prep(db, &q,
			    p->customer.n ? ORDERS("customer_id=?1", "+placed_ms") :
					    ORDERS("?1=''", "placed_ms"));
#undef ORDERS
	if (rc)
		return rc;
	view_init(&v, db, p->lang);
	store_bind_sv(q, 1, p->customer.p ? p->customer : SV(""));
	store_bind_sv(q, 2, p->state.p ? p->state : SV(""));
	store_bind_sv(q, 3, like(&v.a, p->q));
	store_bind_int(q, 4, at);
	store_bind_sv(q, 5, id);
	store_bind_int(q, 6, limit_of(p) + 1);
	while ((rc = store_step(q)) == 1) {
		if (n < limit_of(p))
			last_at = store_col_int(q, 1);
		ids[n++] = arena_sv(&v.a, store_col_sv(q, 0));
	}
	store_reset(q);
	bool more = n > limit_of(p);
	jv *items = jv_arr();
	n = more ? limit_of(p) : n;
	for (int64_t i = 0; i < n && rc == 0; i++) {
		struct shop_order o;
		rc = shop_order_load(&v.c, ids[i], &o);
		if (rc == 0)
			jv_push(items, order_head(&v, &o));
	}
	if (rc == 0)
		put_page(items, more, last_at, n ? ids[n - 1] : SV_NULL, out);
	else
		jv_free(items);
	view_done(&v);
	return rc;
}

static int order_events(struct view *v, sv id, jv *x)
{
	struct store_stmt *q;
	jv *list = jv_arr();
	jv_set(x, "events", list);
	int rc = store_prep(
		v->c.db, &q,
		"SELECT at_ms, kind, place, text FROM shop_event WHERE order_id=?1 ORDER BY "
		"at_ms, n");
	if (rc)
		return rc;
	store_bind_sv(q, 1, id);
	while ((rc = store_step(q)) == 1) {
		jv *e = jv_obj();
		sv text = store_col_sv(q, 3), kind = store_col_sv(q, 1);
		put_time(e, "at", store_col_int(q, 0));
		jv_set_str(e, "kind", kind);
		jv_set_str(e, "place", store_col_sv(q, 2));
		jv_set_str(e, "text",
			   text.n ? text :
				    shop_word(v->c.lang, sv_of(arena_fmt(&v->a, "ev." SV_FMT,
									 SV_ARG(kind)))));
		jv_push(list, e);
	}
	store_reset(q);
	return rc;
}

static int order_returns(struct view *v, sv id, jv *x)
{
	struct store_stmt *q;
	sv ids[64];
	size_t n = 0;
	jv *list = jv_arr();
	jv_set(x, "returns", list);
	int rc = store_prep(v->c.db, &q,
			    "SELECT id FROM shop_return WHERE order_id=?1 ORDER BY id LIMIT 64");
	if (rc)
		return rc;
	store_bind_sv(q, 1, id);
	while ((rc = store_step(q)) == 1)
		ids[n++] = arena_sv(&v->a, store_col_sv(q, 0));
	store_reset(q);
	for (size_t i = 0; i < n && rc == 0; i++) {
		jv *o = return_one(v, ids[i], &rc);
		if (o)
			jv_push(list, o);
	}
	return rc;
}

static int order_refunds(struct view *v, sv id, jv *x)
{
	struct store_stmt *q;
	jv *list = jv_arr();
	jv_set(x, "refunds", list);
	int rc = store_prep(v->c.db, &q,
			    "SELECT id, kind, state, amount_fen, made_ms, released_ms FROM "
			    "shop_refund WHERE "
			    "order_id=?1 ORDER BY made_ms, id");
	if (rc)
		return rc;
	store_bind_sv(q, 1, id);
	while ((rc = store_step(q)) == 1) {
		jv *o = jv_obj();
		jv_set_str(o, "id", store_col_sv(q, 0));
		jv_set_str(o, "kind", store_col_sv(q, 1));
		jv_set_str(o, "state", store_col_sv(q, 2));
		jv_set_num(o, "amount", shop_num(store_col_int(q, 3)));
		put_time(o, "made_at", store_col_int(q, 4));
		put_time(o, "released_at", store_col_int(q, 5));
		jv_push(list, o);
	}
	store_reset(q);
	return rc;
}

int shop_order_json(struct store_db *db, sv number, int lang, struct sb *out)
{
	struct view v;
	struct shop_order o;
	view_init(&v, db, lang);
	int rc = shop_order_load(&v.c, number, &o);
	if (rc == 0) {
		jv *x = order_head(&v, &o);
		rc = order_events(&v, o.id, x);
		if (rc == 0)
			rc = order_returns(&v, o.id, x);
		if (rc == 0)
			rc = order_refunds(&v, o.id, x);
		if (rc == 0)
			jv_dump(x, out);
		jv_free(x);
	}
	view_done(&v);
	return rc;
}

/* ---- products ---- */

int shop_products_json(struct store_db *db, const struct shop_page *p, struct sb *out)
{
	struct store_stmt *q;
	struct view v;
	int64_t n = 0;
	sv ids[201];
	int rc = store_prep(
		db, &q,
		"SELECT id FROM product WHERE (?1='' OR category=?1) AND (?2='%%' OR "
		"upper(words) LIKE ?2 ESCAPE '!' OR id LIKE ?2 ESCAPE '!') AND id>?3 ORDER BY "
		"id "
		"LIMIT ?4");
	if (rc)
		return rc;
	view_init(&v, db, p->lang);
	store_bind_sv(q, 1, p->category.p ? p->category : SV(""));
	store_bind_sv(q, 2, like(&v.a, p->q));
	store_bind_sv(q, 3, p->cursor.p ? p->cursor : SV(""));
	store_bind_int(q, 4, limit_of(p) + 1);
	while ((rc = store_step(q)) == 1)
		ids[n++] = arena_sv(&v.a, store_col_sv(q, 0));
	store_reset(q);
	jv *items = jv_arr(), *top = jv_obj();
	bool more = n > limit_of(p);
	n = more ? limit_of(p) : n;
	for (int64_t i = 0; i < n && rc == 0; i++) {
		struct shop_product x;
		rc = shop_product_get(&v.c, ids[i], &x);
		if (rc == 0)
			jv_push(items, shop_product_jv(&v.c, &x));
	}
	jv_set(top, "items", items);
	jv_set(top, "next", more ? jv_str(ids[n - 1]) : jv_null());
	if (rc == 0)
		jv_dump(top, out);
	jv_free(top);
	view_done(&v);
	return rc;
}

int shop_product_json(struct store_db *db, sv sku, int lang, struct sb *out)
{
	struct view v;
	struct shop_product p;
	view_init(&v, db, lang);
	int rc = shop_product_get(&v.c, sku, &p);
	if (rc == 0) {
		jv *o = shop_product_jv(&v.c, &p);
		jv_set(o, "names", jv_copy(jv_get(p.body, "name")));
		if (jv_get(p.body, "gives"))
			jv_set(o, "gives", jv_copy(jv_get(p.body, "gives")));
		if (jv_get(p.body, "takes"))
			jv_set(o, "takes", jv_copy(jv_get(p.body, "takes")));
		jv_dump(o, out);
		jv_free(o);
	}
	view_done(&v);
	return rc;
}
