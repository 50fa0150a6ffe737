/* shop_exchange.c: another one instead: the same rules as for a return (table "exchange"), the
 * new article taken from stock at once, the difference paid or given back.
 *
 * For the old article what was paid counts, for the new one its present price; the same article
 * again costs nothing but the table's fee. When the new one is out of stock nothing is done,
 * and the customer hears what there is instead: waiting, money back, something like it.
 */
#include "shop_int.h"

static int out_of_stock(struct shop_call *c, const struct shop_product *to)
{
	int rc = shop_similar(c, to);
	shop_put(c, "new_name", to->name[c->lang]);
	jv *ways = jv_arr();
	jv_push(ways, jv_str(SV("wait")));
	jv_push(ways, jv_str(SV("refund")));
	if (jv_get_int(c->r->body, "n", 0))
		jv_push(ways, jv_str(SV("similar")));
	jv_set(c->r->body, "alternatives", ways);
	if (rc)
		return rc;
	return shop_said(c, TOOL_REFUSED,
			 jv_get_int(c->r->body, "n", 0) ? "out_of_stock" : "out_of_stock_alone",
			 "the new article is out of stock; alternatives: wait, refund, similar");
}

/* What it is exchanged for; the same article when nothing is named. */
static int new_one(struct shop_call *c, const struct shop_pick *p, struct shop_product *to)
{
	int rc = 0;
	if (jv_get_str(c->r->args, "new").n)
		rc = shop_product_arg(c, "new", to);
	else
		*to = p->it->p;
	if (rc)
		return rc;
	shop_put(c, "new_name", to->name[c->lang]);
	shop_put(c, "new_sku", to->sku);
	return to->body && to->stock >= p->qty ? 0 : out_of_stock(c, to);
}

static void put_difference(struct shop_call *c, const struct shop_return *t)
{
	jv_set_num(c->r->body, "difference", shop_num(t->differ_fen));
	if (t->differ_fen > 0)
		shop_put(c, "pay_text", shop_money(c, t->differ_fen));
	shop_put_money(c, "refund", t->plan.refund);
	shop_put_money(c, "fee", t->plan.fee);
	shop_put(c, "differ_text", shop_fill(c, t->differ_fen > 0 ? "pay" :
						t->differ_fen < 0 ? "refund" :
								    "even"));
}

/* The company's payment system sends the link. */
static int ask_payment(struct shop_call *c, const struct shop_order *o, const struct shop_return *t)
{
	jv *m = jv_obj();
	jv_set_str(m, "what", SV("payment_link"));
	jv_set_str(m, "customer", o->customer);
	jv_set_str(m, "order", o->id);
	jv_set_str(m, "return", t->id);
	jv_set_num(m, "amount", shop_num(t->differ_fen));
	jv_set_int(m, "valid_hours", 24);
	return tool_send(c->r, c->db, "notify", m);
}

static int settle(struct shop_call *c, const struct shop_order *o, struct shop_return *t)
{
	sv ref;
	if (t->plan.refund > 0)
		return shop_refund_add(c, o, "exchange", t->id, t->plan.refund, &ref);
	return t->differ_fen > 0 ? ask_payment(c, o, t) : 0;
}

int shop_op_exchange(struct shop_call *c)
{
	struct shop_order o;
	struct shop_pick *v;
	struct shop_product to;
	struct shop_return t = { .kind = "exchange" };
	size_t n;
	int rc = shop_order_arg(c, false, &o);
	if (rc == 0)
		rc = shop_sendable(c, &o);
	if (rc == 0)
		rc = shop_pick_arg(c, &o, &v, &n);
	if (rc == 0 && n > 1)
		rc = shop_said(c, TOOL_INVALID, "one_item", "one article at a time is exchanged");
	if (rc == 0)
		rc = shop_return_plan(c, "exchange", &o, v, n, &t.plan);
	if (rc == 0)
		rc = new_one(c, &v[0], &to);
	if (rc == 0)
		rc = shop_return_way(c, v, n, &t);
	if (rc)
		return rc;
	bool same = sv_eq(to.sku, v[0].it->p.sku);
	int64_t more = same ? 0 : to.price_fen * v[0].qty - t.plan.gross + t.plan.deduct;
	t.new_sku = to.sku;
	t.differ_fen = more + t.plan.fee;
	t.plan.refund = t.differ_fen < 0 ? -t.differ_fen : 0;
	shop_put(c, "items_text", shop_items_text(c, v, n));
	jv_set_int(c->r->body, "qty", v[0].qty);
	shop_put(c, "new_text", same ? shop_fill(c, "same") : to.name[c->lang]);
	put_difference(c, &t);
	rc = shop_stock_take(c->db, to.sku, v[0].qty);
	if (rc == 0)
		rc = shop_return_put(c, &o, v, n, &t);
	if (rc == 0)
		rc = settle(c, &o, &t);
	if (rc)
		return rc;
	tool_say(c->r, "done");
	return shop_notify(c, o.customer, "sms");
}
