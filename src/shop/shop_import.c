/* shop_import.c: products and orders from JSON lines into the store's tables.
 *
 * All lines or none: the first bad one ends it with its number and what is wrong. A line that
 * is there already and equal changes nothing (its hash is kept); a product's newer line
 * replaces it, stock and price too; an order only goes forward (placed, paid, packed, shipped,
 * delivered, returned; or cancelled), so that an old file cannot undo what was done here. On
 * the scribe's thread.
 */
#include "shop_int.h"

#include <stdio.h>

struct load {
	struct store_db *db;
	struct shop_counts *n;
	struct arena a;              /* of one line */
	const char *name;
	int line;
	struct err *e;
};

static int bad(struct load *l, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static int bad(struct load *l, const char *fmt, ...)
{
	char what[240];
	va_list ap;
	va_start(ap, fmt);
	(void)vsnprintf(what, sizeof(what), fmt, ap);
	va_end(ap);
	int rc = err_set(l->e, ERR_INVAL, "%.80s:%d: %s", l->name, l->line, what);
	l->e->line = l->line;
	return rc;
}

static int bad_db(struct load *l, int rc)
{
	return err_set(l->e, rc, "%.80s:%d: %s", l->name, l->line, store_error(l->db));
}

/* The kept hash of a row: 1 it is there, 0 not, negative. */
static int kept(struct load *l, const char *sql, sv id, int64_t *print, sv *state)
{
	struct store_stmt *q;
	int rc = store_prep(l->db, &q, sql);
	if (rc)
		return rc;
	store_bind_sv(q, 1, id);
	rc = store_step(q);
	*print = rc == 1 ? store_col_int(q, 0) : 0;
	if (rc == 1 && state)
		*state = arena_sv(&l->a, store_col_sv(q, 1));
	store_reset(q);
	return rc;
}

static bool money(const jv *o, const char *key, int64_t *ret)
{
	const jv *v = jv_get(o, key);
	double d = jv_as_num(v, -1);
	*ret = shop_fen(d);
	return jv_is_num(v) && d >= 0 && d < 1e9;
}

/* ---- products ---- */

static int put_product(struct load *l, const jv *o, sv line, int64_t price, int64_t print)
{
	struct store_stmt *q;
	struct sb words;
	int rc = store_prep(
		l->db, &q,
		"INSERT INTO product (id, name, body, updated_ms, category, price_fen, stock, "
		"warranty_months, words, print) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, "
		"?10) ON CONFLICT (id) DO UPDATE SET name=excluded.name, body=excluded.body, "
		"updated_ms=excluded.updated_ms, category=excluded.category, "
		"price_fen=excluded.price_fen, stock=excluded.stock, "
		"warranty_months=excluded.warranty_months, words=excluded.words, "
		"print=excluded.print");
	if (rc)
		return bad_db(l, rc);
	sb_init(&words, LIM_SB);
	shop_words(&l->a, o, jv_get_str(o, "category"), &words);
	sv zh = jv_as_str(jv_path(o, "name.zh"));
	store_bind_sv(q, 1, jv_get_str(o, "sku"));
	store_bind_sv(q, 2, zh.n ? zh : jv_as_str(jv_path(o, "name.en")));
	store_bind_sv(q, 3, line);
	store_bind_int(q, 4, 0);
	store_bind_sv(q, 5, jv_get_str(o, "category"));
	store_bind_int(q, 6, price);
	store_bind_int(q, 7, jv_get_int(o, "stock", 0));
	store_bind_int(q, 8, jv_get_int(o, "warranty_months", 0));
	store_bind_sv(q, 9, sb_sv(&words));
	store_bind_int(q, 10, print);
	rc = store_run(q);
	sb_done(&words);
	return rc ? bad_db(l, rc) : 0;
}

static int product_line(struct load *l, const jv *o, sv line)
{
	sv sku = jv_get_str(o, "sku");
	int64_t price, print = (int64_t)sv_hash(line), old;
	if (!sku.n || sku.n > 64)
		return bad(l, "a product needs \"sku\", its number");
	if (!jv_as_str(jv_path(o, "name.zh")).n && !jv_as_str(jv_path(o, "name.en")).n)
		return bad(l, SV_FMT ": give \"name\" as {\"zh\", \"en\"}", SV_ARG(sku));
	if (!jv_get_str(o, "category").n)
		return bad(l, SV_FMT ": \"category\" is missing", SV_ARG(sku));
	if (!money(o, "price_cny", &price))
		return bad(l, SV_FMT ": \"price_cny\" must be a number from 0", SV_ARG(sku));
	if (jv_get_int(o, "stock", 0) < 0 || jv_get_int(o, "warranty_months", 0) < 0)
		return bad(l, SV_FMT ": stock and warranty_months cannot be negative", SV_ARG(sku));
	int has = kept(l, "SELECT print FROM product WHERE id=?1", sku, &old, NULL);
	if (has < 0)
		return bad_db(l, has);
	if (has && old == print) {
		l->n->same++;
		return 0;
	}
	*(has ? &l->n->changed : &l->n->added) += 1;
	return put_product(l, o, line, price, print);
}

/* ---- orders ---- */

static const char *const states[] = { "placed",    "paid",     "packed",   "shipped",
				      "delivered", "returned", "cancelled" };
#define N_STATES ((int)(sizeof(states) / sizeof(*states)))

static int rank(sv state)
{
	for (int i = 0; i < N_STATES; i++)
		if (sv_eq(state, sv_of(states[i])))
			return i;
	return -1;
}

/* 0 when absent; negative when it is no time. */
static int64_t time_of(const jv *o, const char *key)
{
	int64_t ms = 0;
	sv s = jv_get_str(o, key);
	return s.n && clk_parse_rfc3339(s, &ms) ? -1 : ms;
}

static int check_order(struct load *l, const jv *o)
{
	static const char *const times[] = { "placed_at", "shipped_at", "delivered_at",
					     "cancelled_at" };
	sv number = jv_get_str(o, "number");
	const jv *items = jv_get(o, "items");
	int64_t fen, sum = 0;
	if (!number.n || number.n > 64)
		return bad(l, "an order needs \"number\"");
	if (rank(jv_get_str(o, "status")) < 0)
		return bad(l,
			   SV_FMT
			   ": \"status\" must be placed, paid, packed, shipped, delivered, "
			   "returned or cancelled",
			   SV_ARG(number));
	if (!jv_len(items) || jv_len(items) > SHOP_LINES)
		return bad(l, SV_FMT ": \"items\" must have 1 to 100 lines", SV_ARG(number));
	for (size_t i = 0; i < jv_len(items); i++) {
		const jv *it = jv_at(items, i);
		int64_t qty = jv_get_int(it, "qty", 0);
		if (!jv_get_str(it, "sku").n || qty < 1 || qty > 10000 ||
		    !money(it, "price_cny", &fen))
			return bad(l, SV_FMT ": each item needs sku, qty from 1 and price_cny",
				   SV_ARG(number));
		sum += fen * qty;
	}
	if (!money(o, "total_cny", &fen) || fen < sum)
		return bad(l, SV_FMT ": \"total_cny\" is less than its items together",
			   SV_ARG(number));
	for (size_t i = 0; i < sizeof(times) / sizeof(*times); i++)
		if (time_of(o, times[i]) < 0)
			return bad(l, SV_FMT ": a time must be like 2026-11-25T20:57:14+08:00",
				   SV_ARG(number));
	if (!time_of(o, "placed_at"))
		return bad(l, SV_FMT ": \"placed_at\" is missing", SV_ARG(number));
	return 0;
}

static int put_items(struct load *l, const jv *o, sv number)
{
	const jv *items = jv_get(o, "items");
	struct store_stmt *q;
	int rc = 0;
	for (size_t i = 0; i < jv_len(items) && rc == 0; i++) {
		const jv *it = jv_at(items, i);
		rc = store_prep(l->db, &q,
				"INSERT INTO shop_item (order_id, line, sku, qty, price_fen) "
				"VALUES (?1, "
				"?2, ?3, ?4, ?5)");
		if (rc)
			break;
		store_bind_sv(q, 1, number);
		store_bind_int(q, 2, (int64_t)i + 1);
		store_bind_sv(q, 3, jv_get_str(it, "sku"));
		store_bind_int(q, 4, jv_get_int(it, "qty", 1));
		store_bind_int(q, 5, shop_fen(jv_get_num(it, "price_cny", 0)));
		rc = store_run(q);
	}
	return rc;
}

static int event_once(struct load *l, sv number, int64_t at, const char *kind, sv place, sv text)
{
	struct store_stmt *q;
	int rc = store_prep(l->db, &q,
			    "SELECT 1 FROM shop_event WHERE order_id=?1 AND at_ms=?2 AND kind=?3");
	if (rc)
		return rc;
	store_bind_sv(q, 1, number);
	store_bind_int(q, 2, at);
	store_bind_sv(q, 3, sv_of(kind));
	rc = store_step(q);
	store_reset(q);
	return rc ? (rc < 0 ? rc : 0) : shop_event_add(l->db, number, at, kind, place, text);
}

/* Those of the line, in order of time with what its own times tell. */
static int put_events(struct load *l, const jv *o, sv number)
{
	static const char *const times[][2] = { { "placed_at", "placed" },
						{ "shipped_at", "shipped" },
						{ "delivered_at", "delivered" },
						{ "cancelled_at", "cancelled" } };
	const jv *list = jv_get(o, "events");
	int rc = 0;
	for (size_t i = 0; i < 4 && rc == 0; i++)
		if (time_of(o, times[i][0]) > 0)
			rc = event_once(l, number, time_of(o, times[i][0]), times[i][1],
					SV_NULL, SV_NULL);
	for (size_t i = 0; i < jv_len(list) && rc == 0; i++) {
		const jv *x = jv_at(list, i);
		int64_t at = time_of(x, "at");
		if (at <= 0 || !jv_get_str(x, "kind").n)
			return bad(l, SV_FMT ": each event needs \"at\" and \"kind\"",
				   SV_ARG(number));
		rc = event_once(l, number, at, arena_cstr(&l->a, jv_get_str(x, "kind")),
				jv_get_str(x, "place"), jv_get_str(x, "text"));
	}
	return rc;
}

static void bind_time(struct store_stmt *q, int i, int64_t ms)
{
	if (ms > 0)
		store_bind_int(q, i, ms);
	else
		store_bind_sv(q, i, SV_NULL);
}

/* The line as it is kept: where somebody lives is not. */
static void body_of(const jv *o, struct sb *out)
{
	jv *copy = jv_copy(o);
	jv_del(copy, "address");
	jv_del(copy, "phone");
	jv_del(copy, "name");
	jv_dump(copy, out);
	jv_free(copy);
}

static int put_order(struct load *l, const jv *o, sv number, int64_t print)
{
	struct store_stmt *q;
	struct sb body;
	int64_t at[] = { time_of(o, "placed_at"), time_of(o, "shipped_at"),
			 time_of(o, "delivered_at"), time_of(o, "cancelled_at") }, last = 0;
	int rc = store_prep(
		l->db, &q,
		"INSERT INTO order_ref (id, customer_id, state, body, updated_ms, total_fen, "
		"payment, "
		"carrier, tracking, placed_ms, shipped_ms, delivered_ms, cancelled_ms, city, "
		"print) "
		"VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15) ON "
		"CONFLICT "
		"(id) DO UPDATE SET state=excluded.state, body=excluded.body, "
		"updated_ms=excluded.updated_ms, carrier=excluded.carrier, "
		"tracking=excluded.tracking, "
		"shipped_ms=excluded.shipped_ms, delivered_ms=excluded.delivered_ms, "
		"cancelled_ms=excluded.cancelled_ms, print=excluded.print");
	if (rc)
		return rc;
	sb_init(&body, LIM_JSON_BYTES);
	body_of(o, &body);
	for (int i = 0; i < 4; i++)
		last = at[i] > last ? at[i] : last;
	sv texts[] = { jv_get_str(o, "payment"), jv_get_str(o, "carrier"),
		       jv_get_str(o, "tracking") };
	store_bind_sv(q, 1, number);
	store_bind_sv(q, 2, jv_get_str(o, "customer_id"));
	store_bind_sv(q, 3, jv_get_str(o, "status"));
	store_bind_sv(q, 4, sb_sv(&body));
	store_bind_int(q, 5, last);
	store_bind_int(q, 6, shop_fen(jv_get_num(o, "total_cny", 0)));
	for (int i = 0; i < 3; i++)
		store_bind_sv(q, 7 + i, texts[i].p ? texts[i] : SV(""));
	store_bind_int(q, 10, at[0]);
	for (int i = 1; i < 4; i++)
		bind_time(q, 10 + i, at[i]);
	sv city = jv_as_str(jv_path(o, "address.city"));
	store_bind_sv(q, 14, city.p ? city : SV(""));
	store_bind_int(q, 15, print);
	rc = store_run(q);
	sb_done(&body);
	return rc;
}

/* ---- returns inside an order's line ---- */

struct back {
	sv id, state;
	int64_t gross, fee, refund, at[3];   /* requested, collected, refunded */
};

static int line_of(const jv *o, sv sku)
{
	const jv *items = jv_get(o, "items");
	for (size_t i = 0; i < jv_len(items); i++)
		if (sv_eq(jv_get_str(jv_at(items, i), "sku"), sku))
			return (int)i + 1;
	return 0;
}

static int put_back_item(struct load *l, const jv *o, sv number, const jv *x, struct back *b)
{
	struct store_stmt *q;
	int line = line_of(o, jv_get_str(x, "sku"));
	int64_t qty = jv_get_int(x, "qty", 1);
	if (!line || qty < 1)
		return bad(l, SV_FMT ": the return has an article that the order has not",
			   SV_ARG(number));
	if (qty > 10000)
		return bad(l, SV_FMT ": more pieces are returned than were bought", SV_ARG(number));
	int64_t fen = shop_fen(
		jv_get_num(jv_at(jv_get(o, "items"), (size_t)line - 1), "price_cny", 0));
	b->gross += fen * qty;
	int rc = store_prep(
		l->db, &q,
		"INSERT INTO shop_return_item (return_id, line, sku, qty, price_fen) VALUES "
		"(?1, ?2, ?3, ?4, ?5)");
	if (rc)
		return bad_db(l, rc);
	store_bind_sv(q, 1, b->id);
	store_bind_int(q, 2, line);
	store_bind_sv(q, 3, jv_get_str(x, "sku"));
	store_bind_int(q, 4, qty);
	store_bind_int(q, 5, fen);
	rc = store_run(q);
	if (rc == 0)
		rc = store_prep(
			l->db, &q,
			"UPDATE shop_item SET back=back+?3 WHERE order_id=?1 AND line=?2 AND "
			"back+?3<=qty");
	if (rc)
		return bad_db(l, rc);
	store_bind_sv(q, 1, number);
	store_bind_int(q, 2, line);
	store_bind_int(q, 3, qty);
	rc = store_run(q);
	if (rc == 0 && store_changes(l->db) != 1)
		return bad(l, SV_FMT ": more pieces are returned than were bought", SV_ARG(number));
	return rc ? bad_db(l, rc) : 0;
}

static int put_back_row(struct load *l, const jv *o, sv number, const jv *r, const struct back *b)
{
	struct store_stmt *q;
	bool fault = sv_eq(jv_get_str(r, "kind"), SV("fault"));
	int rc = store_prep(
		l->db, &q,
		"INSERT INTO shop_return (id, order_id, customer_id, kind, state, reason, "
		"note, "
		"condition, gross_fen, fee_fen, deduct_fen, deduct_max_fen, refund_fen, "
		"requested_ms, collected_ms, refunded_ms, updated_ms, checked_ms) VALUES (?1, "
		"?2, ?3, 'return', ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?10, ?11, ?12, ?13, ?14, ?15, "
		"?14)");
	if (rc)
		return rc;
	store_bind_sv(q, 1, b->id);
	store_bind_sv(q, 2, number);
	store_bind_sv(q, 3, jv_get_str(o, "customer_id"));
	store_bind_sv(q, 4, b->state);
	store_bind_sv(q, 5, fault ? SV("faulty") : SV("no_longer_wanted"));
	store_bind_sv(q, 6, jv_get_str(r, "reason").p ? jv_get_str(r, "reason") : SV(""));
	store_bind_sv(q, 7, fault ? SV("faulty") : SV(""));
	store_bind_int(q, 8, b->gross);
	store_bind_int(q, 9, b->fee);
	store_bind_int(q, 10, b->gross - b->fee - b->refund);
	store_bind_int(q, 11, b->refund);
	for (int i = 0; i < 3; i++)
		bind_time(q, 12 + i, b->at[i]);
	store_bind_int(q, 15, b->at[2] ? b->at[2] : b->at[1] ? b->at[1] : b->at[0]);
	return store_run(q);
}

static int put_back_refund(struct load *l, const jv *o, sv number, const jv *r,
			   const struct back *b)
{
	struct store_stmt *q;
	sv ref = jv_get_str(r, "refund_reference"), pay = jv_get_str(o, "payment");
	int rc = store_prep(
		l->db, &q,
		"INSERT INTO shop_refund (id, order_id, source, kind, state, amount_fen, "
		"payment, made_ms, released_ms) VALUES (?1, ?2, ?3, 'return', ?4, ?5, ?6, ?7, "
		"?8)");
	if (rc)
		return rc;
	store_bind_sv(q, 1, ref.n ? ref : sv_of(arena_fmt(&l->a, "D" SV_FMT, SV_ARG(b->id))));
	store_bind_sv(q, 2, number);
	store_bind_sv(q, 3, b->id);
	store_bind_sv(q, 4, b->at[2] ? SV("released") : SV("due"));
	store_bind_int(q, 5, b->refund);
	store_bind_sv(q, 6, pay.p ? pay : SV(""));
	store_bind_int(q, 7, b->at[0]);
	bind_time(q, 8, b->at[2]);
	return store_run(q);
}

/* New numbers begin behind the highest that came in. */
static int raise_count(struct load *l, sv id)
{
	int64_t n;
	if (sv_i64(sv_slice(id, 1, id.n), &n))
		return 0;
	return shop_exec1(
		l->db,
		"INSERT INTO shop_count (k, v) VALUES (?1, ?2) ON CONFLICT (k) DO UPDATE SET "
		"v=CASE WHEN excluded.v>shop_count.v THEN excluded.v ELSE shop_count.v END",
		SV("return"), n);
}

static int put_return(struct load *l, const jv *o, sv number)
{
	const jv *r = jv_get(o, "return"), *items = jv_get(r, "items");
	struct back b = { .id = jv_get_str(r, "number"), .state = jv_get_str(r, "status") };
	static const char *const keys[] = { "requested_at", "collected_at", "refunded_at" };
	int64_t old;
	if (!r)
		return 0;
	if (!b.id.n || !b.state.n)
		return bad(l, SV_FMT ": the return needs \"number\" and \"status\"",
			   SV_ARG(number));
	int has = kept(l, "SELECT 1 FROM shop_return WHERE id=?1", b.id, &old, NULL);
	if (has)
		return has < 0 ? bad_db(l, has) : 0;
	for (int i = 0; i < 3; i++)
		if ((b.at[i] = time_of(r, keys[i])) < 0 || !b.at[0])
			return bad(l, SV_FMT ": the return's times are not right", SV_ARG(number));
	int rc = 0;
	for (size_t i = 0; i < jv_len(items) && rc == 0; i++)
		rc = put_back_item(l, o, number, jv_at(items, i), &b);
	if (rc)
		return rc;
	b.fee = shop_fen(jv_get_num(r, "fee_cny", 0));
	b.refund = shop_fen(jv_get_num(r, "refund_cny", shop_num(b.gross - b.fee)));
	if (b.refund + b.fee > b.gross)
		return bad(l, SV_FMT ": more goes back than was paid", SV_ARG(number));
	rc = put_back_row(l, o, number, r, &b);
	if (rc == 0)
		rc = put_back_refund(l, o, number, r, &b);
	if (rc == 0)
		rc = raise_count(l, b.id);
	return rc ? bad_db(l, rc) : 0;
}

static int order_line(struct load *l, const jv *o, sv line)
{
	sv number = jv_get_str(o, "number"), state = SV_NULL;
	int64_t print = (int64_t)sv_hash(line), old;
	int rc = check_order(l, o);
	if (rc)
		return rc;
	int has = kept(l, "SELECT print, state FROM order_ref WHERE id=?1", number, &old, &state);
	if (has < 0)
		return bad_db(l, has);
	int now = has ? rank(state) : -1, next = rank(jv_get_str(o, "status"));
	if (has && (old == print || next < now || now == N_STATES - 1)) {
		l->n->same++;
		return 0;
	}
	*(has ? &l->n->changed : &l->n->added) += 1;
	rc = put_order(l, o, number, print);
	if (rc == 0 && !has)
		rc = put_items(l, o, number);
	if (rc)
		return bad_db(l, rc);
	rc = put_events(l, o, number);
	if (rc && !l->e->code)
		rc = bad_db(l, rc);
	return rc ? rc : put_return(l, o, number);
}

int shop_import(struct store_db *db, enum shop_kind kind, sv jsonl, const char *name,
		struct shop_counts *ret, struct err *e)
{
	struct shop_counts n = { 0 };
	struct err why = { 0 };
	struct load l = { .db = db, .n = &n, .name = name, .e = e ? e : &why };
	sv line;
	int rc = 0;
	*l.e = (struct err){ 0 };
	arena_init(&l.a, LIM_ARENA_CONV);
	while (rc == 0 && sv_line(&jsonl, &line)) {
		struct err pe = { 0 };
		l.line++;
		line = sv_trim(line);
		if (!line.n)
			continue;
		arena_reset(&l.a);
		jv *o = jv_parse(line, &pe);
		if (!jv_is_obj(o))
			rc = bad(&l, "not a JSON object: %s", pe.msg);
		else
			rc = kind == SHOP_PRODUCTS ? product_line(&l, o, line) :
						     order_line(&l, o, line);
		jv_free(o);
	}
	arena_done(&l.a);
	if (rc == 0 && ret)
		*ret = n;
	return rc;
}
