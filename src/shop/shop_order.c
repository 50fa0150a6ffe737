/* shop_order.c: orders: whose they are, what is in them, where the parcel is.
 *
 * An order is looked for among those of the customer who asks, never in all and then refused: what
 * belongs to somebody else takes the same way as what does not exist. An agent may name any. On the
 * thread of db.
 */
#include "cust.h"
#include "shop_int.h"

#define COLS                                                                                    \
	"id, customer_id, state, payment, carrier, tracking, city, total_fen, placed_ms, "       \
	"shipped_ms, delivered_ms, cancelled_ms, address_changes"

static void order_row(struct shop_call *c, struct store_stmt *q, struct shop_order *o)
{
	sv *texts[] = { &o->id,      &o->customer, &o->state, &o->payment,
			&o->carrier, &o->tracking, &o->city };
	int64_t *nums[] = { &o->total_fen,    &o->placed_ms,    &o->shipped_ms,
			    &o->delivered_ms, &o->cancelled_ms, &o->changes };
	for (int i = 0; i < 7; i++)
		*texts[i] = arena_sv(c->a, store_col_sv(q, i));
	for (int i = 0; i < 6; i++)
		*nums[i] = store_col_int(q, i + 7);
}

static int load_items(struct shop_call *c, struct shop_order *o)
{
	struct store_stmt *q;
	int rc = store_prep(
		c->db, &q,
		"SELECT i.line, i.sku, i.qty, i.price_fen, i.back, i.exchanges, "
		"coalesce(k.amount_fen,0), coalesce(k.paid_fen-k.now_fen,0) FROM shop_item i LEFT "
		"JOIN shop_claim k ON k.order_id=i.order_id AND k.line=i.line WHERE i.order_id=?1 "
		"ORDER BY i.line");
	if (rc)
		return rc;
	store_bind_sv(q, 1, o->id);
	o->items = arena_new(c->a, struct shop_item, SHOP_LINES);
	while (o->items && o->n < SHOP_LINES && (rc = store_step(q)) == 1) {
		struct shop_item *it = &o->items[o->n++];
		it->line = (int)store_col_int(q, 0);
		it->p.sku = arena_sv(c->a, store_col_sv(q, 1));
		it->qty = store_col_int(q, 2);
		it->price_fen = store_col_int(q, 3);
		it->back = store_col_int(q, 4);
		it->exchanges = store_col_int(q, 5);
		it->claim_fen = store_col_int(q, 6);
		it->drop_fen = store_col_int(q, 7);
	}
	store_reset(q);
	rc = rc < 0 ? rc : 0;
	for (size_t i = 0; i < o->n && rc == 0; i++) {
		struct shop_item *it = &o->items[i];
		rc = shop_product_get(c, it->p.sku, &it->p);
		if (rc == ERR_NOTFOUND) {
			it->p.name[0] = it->p.name[1] = it->p.sku;
			rc = 0;
		}
	}
	return o->items ? rc : ERR_TOOBIG;
}

int shop_order_load(struct shop_call *c, sv id, struct shop_order *o)
{
	struct store_stmt *q;
	*o = (struct shop_order){ 0 };
	int rc = store_prep(c->db, &q, "SELECT " COLS " FROM order_ref WHERE id=?1");
	if (rc)
		return rc;
	store_bind_sv(q, 1, id);
	rc = store_step(q);
	if (rc == 1)
		order_row(c, q, o);
	store_reset(q);
	return rc == 1 ? load_items(c, o) : rc ? rc : ERR_NOTFOUND;
}

/* Of the rows of q (newest first), the one whose number is given, whole or its last four digits or
 * more; an empty number means the newest. Several fits are none. */
static int find_row(struct shop_call *c, struct store_stmt *q, sv given, sv *ret)
{
	int rc, fits = 0;
	*ret = SV_NULL;
	while ((rc = store_step(q)) == 1) {
		sv id = arena_sv(c->a, store_col_sv(q, 0)), b = cust_order_bare(id, c->a);
		if (!given.n && !ret->n)
			*ret = id;
		if (!given.n || (!sv_eq(b, given) && (given.n < 4 || !sv_ends(b, given))))
			continue;
		if (sv_eq(b, given)) {
			*ret = id;
			fits = 1;
			break;
		}
		*ret = fits++ ? SV_NULL : id;
	}
	store_reset(q);
	return rc < 0 ? rc : 0;
}

/* All orders of the person (all joined ids), newest first. The plus keeps the planner from walking
 * all orders by their time. */
static int own_orders(struct shop_call *c, struct store_stmt **q)
{
	int rc = store_prep(
		c->db, q,
		CUST_GROUP_SQL
		"SELECT id FROM order_ref WHERE customer_id IN (SELECT id FROM g) ORDER "
		"BY +placed_ms DESC, id DESC LIMIT 1000");
	if (rc == 0)
		store_bind_sv(*q, 1, c->r->who->customer);
	return rc;
}

static int any_order(struct shop_call *c, sv given, sv *ret)
{
	struct store_stmt *q;
	int rc = store_prep(c->db, &q,
			    "SELECT id FROM order_ref WHERE replace(id,'-','')=?1 LIMIT 2");
	if (rc)
		return rc;
	store_bind_sv(q, 1, given);
	return find_row(c, q, given, ret);
}

int shop_order_arg(struct shop_call *c, bool newest, struct shop_order *o)
{
	struct store_stmt *q;
	sv said = jv_get_str(c->r->args, "order"), given = cust_order_bare(said, c->a),
	   id = SV_NULL;
	int rc = 0;
	if (said.n && !given.n)
		given = SV("?"); /* words without a number are none */
	if (c->r->who->customer.n && (given.n || newest)) {
		rc = own_orders(c, &q);
		if (rc == 0)
			rc = find_row(c, q, given, &id);
	}
	if (rc == 0 && !id.n && given.n && shop_staff(c) && !c->r->who->customer.n)
		rc = any_order(c, given, &id);
	if (rc == 0 && id.n)
		rc = shop_order_load(c, id, o);
	if (rc == ERR_NOTFOUND || (rc == 0 && !id.n))
		return shop_said(c, TOOL_NOT_FOUND, given.n || !newest ? "no_order" : "no_orders",
				 "this customer has no such order");
	if (rc == 0)
		shop_put(c, "order", o->id);
	return rc;
}

int shop_event_add(struct store_db *db, sv order, int64_t at_ms, const char *kind, sv place,
		   sv text)
{
	struct store_stmt *q;
	int rc = store_prep(
		db, &q,
		"INSERT INTO shop_event (order_id, n, at_ms, kind, place, text) SELECT ?1, "
		"coalesce(max(n),0)+1, ?2, ?3, ?4, ?5 FROM shop_event WHERE order_id=?1");
	if (rc)
		return rc;
	store_bind_sv(q, 1, order);
	store_bind_int(q, 2, at_ms);
	store_bind_sv(q, 3, sv_of(kind));
	store_bind_sv(q, 4, place.p ? place : SV(""));
	store_bind_sv(q, 5, text.p ? text : SV(""));
	return store_run(q);
}

int shop_order_state(struct shop_call *c, struct shop_order *o, const char *state)
{
	struct store_stmt *q;
	int rc = store_prep(c->db, &q,
			    "UPDATE order_ref SET state=?2, updated_ms=?3, cancelled_ms=CASE WHEN "
			    "?2='cancelled' THEN ?3 ELSE cancelled_ms END WHERE id=?1");
	if (rc)
		return rc;
	store_bind_sv(q, 1, o->id);
	store_bind_sv(q, 2, sv_of(state));
	store_bind_int(q, 3, c->r->now_ms);
	rc = store_run(q);
	o->state = sv_of(state);
	return rc;
}

/* ---- which pieces ---- */

static int which_item(struct shop_call *c, struct shop_order *o)
{
	sv *names = arena_new(c->a, sv, o->n + 1);
	jv *list = jv_arr();
	for (size_t i = 0; names && i < o->n; i++) {
		names[i] = o->items[i].p.name[c->lang];
		jv *x = jv_obj();
		jv_set_str(x, "sku", o->items[i].p.sku);
		jv_set_str(x, "name", names[i]);
		jv_push(list, x);
	}
	jv_set(c->r->body, "candidates", list);
	shop_put(c, "names_text", names ? shop_and(c, names, o->n) : SV_NULL);
	return shop_said(c, TOOL_INVALID, "which_item",
			 "the order has several articles, see candidates: ask which one is meant");
}

struct shop_item *shop_item_named(struct shop_call *c, const struct shop_order *o, sv words)
{
	struct shop_item *best = NULL;
	int top = 0, second = 0;
	sv folded = shop_fold(c->a, words);
	for (size_t i = 0; i < o->n; i++) {
		struct shop_item *it = &o->items[i];
		int m = it->p.body ? shop_match(c->a, &it->p, folded) :
				     400 * sv_eq_nocase(it->p.sku, words);
		if (m > top) {
			second = top;
			top = m;
			best = it;
		} else if (m > second) {
			second = m;
		}
	}
	return top > second ? best : NULL;
}

static bool means_all(sv s)
{
	return sv_eq_nocase(s, SV("all")) || sv_eq(s, SV("全部")) || sv_eq(s, SV("都")) ||
	       sv_eq_nocase(s, SV("everything")) || sv_eq_nocase(s, SV("both"));
}

static int pick_one(struct shop_call *c, struct shop_item *it, struct shop_pick *p)
{
	int64_t left = it->qty - it->back, qty = jv_get_int(c->r->args, "qty", left);
	*p = (struct shop_pick){ it, qty };
	shop_put(c, "name", it->p.name[c->lang]);
	jv_set_int(c->r->body, "left", left);
	if (left <= 0)
		return shop_said(c, TOOL_REFUSED, "already_back",
				 "all pieces are in a return or exchange already");
	if (qty < 1 || qty > left)
		return shop_said(c, TOOL_INVALID, "too_many", "more pieces than there are left");
	return 0;
}

int shop_pick_arg(struct shop_call *c, struct shop_order *o, struct shop_pick **ret, size_t *n)
{
	sv item = sv_trim(jv_get_str(c->r->args, "item"));
	struct shop_pick *v = arena_new(c->a, struct shop_pick, o->n + 1);
	*ret = v;
	*n = 0;
	if (!v || !o->n)
		return ERR_CORRUPT;
	if (means_all(item) && o->n > 1) {
		for (size_t i = 0; i < o->n; i++)
			if (o->items[i].qty > o->items[i].back)
				v[(*n)++] = (struct shop_pick){
					&o->items[i], o->items[i].qty - o->items[i].back
				};
		shop_put(c, "name", o->items[0].p.name[c->lang]);
		return *n ? 0 :
			    shop_said(c, TOOL_REFUSED, "already_back",
				      "all pieces are in a return or exchange already");
	}
	bool whole = !item.n || means_all(item);
	struct shop_item *it = whole && o->n == 1 ? &o->items[0] : shop_item_named(c, o, item);
	if (!it)
		return which_item(c, o);
	*n = 1;
	return pick_one(c, it, v);
}

jv *shop_items_jv(struct shop_call *c, const struct shop_order *o)
{
	jv *list = jv_arr();
	for (size_t i = 0; i < o->n; i++) {
		const struct shop_item *it = &o->items[i];
		jv *x = jv_obj();
		jv_set_str(x, "sku", it->p.sku);
		jv_set_str(x, "name", it->p.name[c->lang]);
		jv_set_int(x, "qty", it->qty);
		jv_set_num(x, "price", shop_num(it->price_fen));
		if (it->back)
			jv_set_int(x, "in_return", it->back);
		jv_push(list, x);
	}
	return list;
}

/* ---- order_list, order_status ---- */

static sv all_items(struct shop_call *c, const struct shop_order *o)
{
	struct shop_pick *v = arena_new(c->a, struct shop_pick, o->n + 1);
	for (size_t i = 0; v && i < o->n; i++)
		v[i] = (struct shop_pick){ &o->items[i], o->items[i].qty };
	return v ? shop_items_text(c, v, o->n) : SV_NULL;
}

static int list_row(struct shop_call *c, sv id, jv *list, sv *line)
{
	struct shop_order o;
	int rc = shop_order_load(c, id, &o);
	if (rc)
		return rc;
	jv *x = jv_obj();
	sv state = shop_word(c->lang, o.state), day = shop_day(c, o.placed_ms);
	jv_set_str(x, "order", o.id);
	jv_set_str(x, "state", o.state);
	jv_set_num(x, "total", shop_num(o.total_fen));
	shop_set_time(x, "placed_at", o.placed_ms);
	jv_set(x, "items", shop_items_jv(c, &o));
	jv_push(list, x);
	*line = sv_of(arena_fmt(c->a,
				c->lang ? SV_FMT " of " SV_FMT " (" SV_FMT "), " SV_FMT :
					  SV_FMT "，" SV_FMT "下单（" SV_FMT "），" SV_FMT,
				SV_ARG(o.id), SV_ARG(day), SV_ARG(all_items(c, &o)),
				SV_ARG(state)));
	return 0;
}

int shop_op_list(struct shop_call *c)
{
	struct store_stmt *q;
	sv ids[SHOP_ORDERS_SHOWN], lines[3], line;
	size_t n = 0;
	jv *list = jv_arr();
	jv_set(c->r->body, "items", list);
	int rc = own_orders(c, &q);
	while (rc == 0 && n < SHOP_ORDERS_SHOWN && store_step(q) == 1)
		ids[n++] = arena_sv(c->a, store_col_sv(q, 0));
	if (rc == 0)
		store_reset(q);
	for (size_t i = 0; i < n && rc == 0; i++) {
		rc = list_row(c, ids[i], list, &line);
		if (i < 3)
			lines[i] = line;
	}
	if (rc)
		return rc;
	jv_set_int(c->r->body, "n", (int64_t)n);
	if (!n)
		return shop_said(c, TOOL_NOT_FOUND, "no_orders", "this customer has no orders");
	struct sb b;
	sb_init(&b, LIM_SB);
	for (size_t i = 0; i < n && i < 3; i++)
		sb_fmt(&b, c->lang ? "%s" SV_FMT : "%s" SV_FMT, i ? (c->lang ? "; " : "；") : "",
		       SV_ARG(lines[i]));
	shop_put(c, "list_text", sb_sv(&b));
	sb_done(&b);
	tool_say(c->r, n == 1 ? "one" : n > 3 ? "many" : "done");
	return 0;
}

/* The events into body; *last gets the newest in words. */
static int put_events(struct shop_call *c, const struct shop_order *o, sv *last)
{
	struct store_stmt *q;
	jv *list = jv_arr();
	jv_set(c->r->body, "events", list);
	int rc = store_prep(
		c->db, &q,
		"SELECT at_ms, kind, place, text FROM shop_event WHERE order_id=?1 ORDER BY "
		"at_ms, n LIMIT 200");
	if (rc)
		return rc;
	store_bind_sv(q, 1, o->id);
	while ((rc = store_step(q)) == 1) {
		int64_t at = store_col_int(q, 0);
		sv kind = store_col_sv(q, 1), place = shop_name(c, store_col_sv(q, 2));
		sv text = store_col_sv(q, 3);
		sv word = shop_word(c->lang, sv_of(arena_fmt(c->a, "ev." SV_FMT, SV_ARG(kind))));
		jv *x = jv_obj();
		shop_set_time(x, "at", at);
		jv_set_str(x, "kind", kind);
		jv_set_str(x, "place", place);
		jv_set_str(x, "text", text.n ? text : word);
		jv_push(list, x);
		*last = sv_of(arena_fmt(c->a, SV_FMT "%s" SV_FMT "%s" SV_FMT,
					SV_ARG(shop_time(c, at)), c->lang ? ": " : "，",
					SV_ARG(word), place.n ? (c->lang ? ", " : "，") : "",
					SV_ARG(place)));
	}
	store_reset(q);
	return rc;
}

/* How it comes, as far as one word says it: by truck before by parcel, and what has a date of its
 * own (made to measure, an appointment) before both. What went back does not come. */
static sv delivery_of(const struct shop_order *o)
{
	sv way = SV("parcel");
	for (size_t i = 0; i < o->n; i++) {
		const struct shop_item *it = &o->items[i];
		sv one = shop_delivery(&it->p);
		if (it->back >= it->qty || sv_eq(one, SV("parcel")))
			continue;
		way = one;
		if (!sv_eq(one, SV("truck")))
			break;
	}
	return way;
}

/* Why it was cancelled, where the data tells. */
static int put_reason(struct shop_call *c, const struct shop_order *o)
{
	struct store_stmt *q;
	if (!sv_eq(o->state, SV("cancelled")))
		return 0;
	int rc = store_prep(c->db, &q, "SELECT body FROM order_ref WHERE id=?1");
	if (rc)
		return rc;
	store_bind_sv(q, 1, o->id);
	rc = store_step(q);
	jv *body = rc == 1 ? shop_keep(c, jv_parse(store_col_sv(q, 0), NULL)) : NULL;
	store_reset(q);
	sv why = shop_name(c, jv_get_str(body, "cancel_reason"));
	if (why.n)
		shop_put(c, "cancel_reason", why);
	return rc < 0 ? rc : 0;
}

int shop_op_status(struct shop_call *c)
{
	struct shop_order o;
	sv last = SV_NULL;
	int rc = shop_order_arg(c, true, &o);
	if (rc)
		return rc;
	shop_put(c, "state", o.state);
	shop_put(c, "state_text", shop_word(c->lang, o.state));
	shop_put_order_items(c, &o);
	jv_set(c->r->body, "items", shop_items_jv(c, &o));
	shop_put(c, "delivery", delivery_of(&o));
	shop_put_money(c, "total", o.total_fen);
	shop_put_time(c, "placed_at", o.placed_ms);
	shop_put_time(c, "shipped_at", o.shipped_ms);
	shop_put_time(c, "delivered_at", o.delivered_ms);
	shop_put_time(c, "cancelled_at", o.cancelled_ms);
	shop_put(c, "carrier", shop_name(c, o.carrier));
	shop_put(c, "tracking", o.tracking);
	rc = put_events(c, &o, &last);
	if (rc == 0)
		rc = put_reason(c, &o);
	if (rc)
		return rc;
	shop_put(c, "latest_text", last);
	tool_say(c->r, arena_cstr(c->a, o.state));
	return 0;
}
