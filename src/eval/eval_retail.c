/* eval_retail.c: the shop of tau-bench and tau2-bench (sierra-research, MIT) as functions on its
 * JSON state: look-ups, and the changes its policy allows.
 *
 * One table row a tool. A tool either changes the state wholly or answers "Error: ..." and
 * changes nothing. What each must check and leave behind follows the published policy, the data
 * and the tasks' gold actions (arXiv 2406.12045, 2506.07982). Pure; the state is the caller's. */
#include "eval_tau.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>

struct call {
	jv *db;
	const jv *args;
	struct sb *out;
};

static int refuse(struct call *c, const char *why)
{
	sb_reset(c->out);
	sb_fmt(c->out, "Error: %s", why);
	return ERR_INVAL;
}

static sv arg(const struct call *c, const char *name)
{
	return jv_get_str(c->args, name);
}

static int answer(struct call *c, const jv *v)
{
	jv_dump(v, c->out);
	return 0;
}

static double cents(double v)
{
	return round(v * 100) / 100;
}

static jv *order_of(const struct call *c)
{
	return jv_member(jv_get(c->db, "orders"), arg(c, "order_id"));
}

static jv *user_of(const struct call *c, const jv *order)
{
	sv id = order ? jv_get_str(order, "user_id") : arg(c, "user_id");
	return jv_member(jv_get(c->db, "users"), id);
}

static jv *method_of(const struct call *c, const jv *order, sv id)
{
	return jv_member(jv_get(user_of(c, order), "payment_methods"), id);
}

static bool is_gift_card(const jv *method)
{
	return sv_eq(jv_get_str(method, "source"), SV("gift_card"));
}

static void pay_in(jv *method, double amount)
{
	if (is_gift_card(method))
		jv_set_num(method, "balance", cents(jv_get_num(method, "balance", 0) + amount));
}

static bool is_pending(const jv *order)
{
	return sv_starts(jv_get_str(order, "status"), SV("pending"));
}

static bool has_status(const jv *order, const char *status)
{
	return sv_eq(jv_get_str(order, "status"), sv_of(status));
}

static jv *entry(const char *type, double amount, sv method)
{
	jv *p = jv_obj();
	jv_set_str(p, "transaction_type", sv_of(type));
	jv_set_num(p, "amount", amount);
	jv_set_str(p, "payment_method_id", method);
	return p;
}

/* ---- look-ups ---- */

static int find_by_email(struct call *c)
{
	const jv *users = jv_get(c->db, "users");
	void *it = NULL;
	sv id;
	jv *u;
	while (jv_next(users, &it, &id, &u))
		if (sv_eq_nocase(jv_get_str(u, "email"), arg(c, "email"))) {
			sb_put(c->out, id);
			return 0;
		}
	return refuse(c, "User not found");
}

static int find_by_name(struct call *c)
{
	const jv *users = jv_get(c->db, "users");
	void *it = NULL;
	sv id;
	jv *u;
	while (jv_next(users, &it, &id, &u)) {
		const jv *name = jv_get(u, "name");
		if (sv_eq_nocase(jv_get_str(name, "first_name"), arg(c, "first_name")) &&
		    sv_eq_nocase(jv_get_str(name, "last_name"), arg(c, "last_name")) &&
		    sv_eq(jv_get_str(jv_get(u, "address"), "zip"), arg(c, "zip"))) {
			sb_put(c->out, id);
			return 0;
		}
	}
	return refuse(c, "User not found");
}

static int get_order(struct call *c)
{
	const jv *o = order_of(c);
	return o ? answer(c, o) : refuse(c, "Order not found");
}

static int get_user(struct call *c)
{
	const jv *u = user_of(c, NULL);
	return u ? answer(c, u) : refuse(c, "User not found");
}

static int get_product(struct call *c)
{
	const jv *p = jv_member(jv_get(c->db, "products"), arg(c, "product_id"));
	return p ? answer(c, p) : refuse(c, "Product not found");
}

static int get_item(struct call *c)
{
	const jv *products = jv_get(c->db, "products");
	void *it = NULL;
	sv id;
	jv *p;
	while (jv_next(products, &it, &id, &p)) {
		const jv *v = jv_member(jv_get(p, "variants"), arg(c, "item_id"));
		if (v)
			return answer(c, v);
	}
	return refuse(c, "Item not found");
}

struct type {
	sv name, id;
};

static int by_name(const void *a, const void *b)
{
	return sv_cmp(((const struct type *)a)->name, ((const struct type *)b)->name);
}

static int list_types(struct call *c)
{
	const jv *products = jv_get(c->db, "products");
	VEC(struct type) types = { 0 };
	void *it = NULL;
	sv id;
	jv *p;
	while (jv_next(products, &it, &id, &p)) {
		struct type *t = VEC_PUSH(&types, 10000);
		if (t)
			*t = (struct type){ jv_get_str(p, "name"), id };
	}
	if (types.n)
		qsort(types.v, types.n, sizeof(*types.v), by_name);
	sb_ch(c->out, '{');
	for (size_t i = 0; i < types.n; i++) {
		sb_cstr(c->out, i ? "," : "");
		sb_json(c->out, types.v[i].name);
		sb_ch(c->out, ':');
		sb_json(c->out, types.v[i].id);
	}
	sb_ch(c->out, '}');
	VEC_FREE(&types);
	return 0;
}

/* ---- items of an order ---- */

static size_t count(const jv *list, sv id, bool items)
{
	size_t n = 0;
	for (size_t i = 0; i < jv_len(list); i++) {
		const jv *x = jv_at(list, i);
		n += sv_eq(items ? jv_get_str(x, "item_id") : jv_as_str(x), id);
	}
	return n;
}

/* All of them are in the order, as often as named. */
static bool has_items(const jv *order, const jv *ids)
{
	const jv *items = jv_get(order, "items");
	for (size_t i = 0; i < jv_len(ids); i++) {
		sv id = jv_as_str(jv_at(ids, i));
		if (count(ids, id, false) > count(items, id, true))
			return false;
	}
	return jv_len(ids) > 0;
}

/* The first item of the order with this id. */
static jv *item_of(const jv *order, sv id)
{
	const jv *items = jv_get(order, "items");
	for (size_t i = 0; i < jv_len(items); i++)
		if (sv_eq(jv_get_str(jv_at(items, i), "item_id"), id))
			return jv_at(items, i);
	return NULL;
}

static const jv *variant_for(const struct call *c, const jv *item, sv id)
{
	const jv *p = jv_member(jv_get(c->db, "products"), jv_get_str(item, "product_id"));
	const jv *v = jv_member(jv_get(p, "variants"), id);
	return jv_get_bool(v, "available", false) ? v : NULL;
}

/* What a change of items costs; refuses what cannot be. */
static int price_change(struct call *c, const jv *order, double *ret)
{
	const jv *ids = jv_get(c->args, "item_ids"), *fresh = jv_get(c->args, "new_item_ids");
	double diff = 0;
	if (!has_items(order, ids))
		return refuse(c, "Some item not found");
	if (jv_len(ids) != jv_len(fresh))
		return refuse(c, "The number of items to be exchanged should match");
	for (size_t i = 0; i < jv_len(ids); i++) {
		const jv *item = item_of(order, jv_as_str(jv_at(ids, i)));
		const jv *v = variant_for(c, item, jv_as_str(jv_at(fresh, i)));
		if (!v)
			return refuse(c, "New item not found or not available");
		diff += jv_get_num(v, "price", 0) - jv_get_num(item, "price", 0);
	}
	*ret = cents(diff);
	const jv *method = method_of(c, order, arg(c, "payment_method_id"));
	if (!method)
		return refuse(c, "Payment method not found");
	if (is_gift_card(method) && jv_get_num(method, "balance", 0) < *ret)
		return refuse(c, "Insufficient gift card balance to pay for the difference");
	return 0;
}

static int sv_order(const void *a, const void *b)
{
	return sv_cmp(*(const sv *)a, *(const sv *)b);
}

static jv *sorted(const jv *ids)
{
	jv *out = jv_arr();
	size_t n = jv_len(ids);
	sv *v = xalloc(sizeof(*v) * (n + 1));
	for (size_t i = 0; i < n; i++)
		v[i] = jv_as_str(jv_at(ids, i));
	qsort(v, n, sizeof(*v), sv_order);
	for (size_t i = 0; i < n; i++)
		jv_push(out, jv_str(v[i]));
	xfree(v);
	return out;
}

/* ---- changes ---- */

static int cancel(struct call *c)
{
	jv *order = order_of(c), *history, *refunds = NULL;
	sv reason = arg(c, "reason");
	if (!order)
		return refuse(c, "Order not found");
	if (!has_status(order, "pending"))
		return refuse(c, "Non-pending order cannot be cancelled");
	if (!eval_one_of(SV("no longer needed | ordered by mistake"), reason, false))
		return refuse(c, "Invalid reason");
	history = jv_get(order, "payment_history");
	refunds = jv_arr();
	for (size_t i = 0; i < jv_len(history); i++) {
		const jv *p = jv_at(history, i);
		double amount = jv_get_num(p, "amount", 0);
		sv id = jv_get_str(p, "payment_method_id");
		jv_push(refunds, entry("refund", amount, id));
		pay_in(method_of(c, order, id), amount);
	}
	for (size_t i = 0; i < jv_len(refunds); i++)
		jv_push(history, jv_copy(jv_at(refunds, i)));
	jv_free(refunds);
	jv_set_str(order, "status", SV("cancelled"));
	jv_set_str(order, "cancel_reason", reason);
	return answer(c, order);
}

static int modify_items(struct call *c)
{
	jv *order = order_of(c);
	const jv *ids = jv_get(c->args, "item_ids"), *fresh = jv_get(c->args, "new_item_ids");
	sv method = arg(c, "payment_method_id");
	double diff;
	if (!order)
		return refuse(c, "Order not found");
	if (!has_status(order, "pending"))
		return refuse(c, "Non-pending order cannot be modified");
	int rc = price_change(c, order, &diff);
	if (rc)
		return rc;
	jv_push(jv_get(order, "payment_history"),
		entry(diff > 0 ? "payment" : "refund", fabs(diff), method));
	pay_in(method_of(c, order, method), -diff);
	for (size_t i = 0; i < jv_len(ids); i++) {
		jv *item = item_of(order, jv_as_str(jv_at(ids, i)));
		const jv *v = variant_for(c, item, jv_as_str(jv_at(fresh, i)));
		jv_set_str(item, "item_id", jv_as_str(jv_at(fresh, i)));
		jv_set(item, "price", jv_copy(jv_get(v, "price")));
		jv_set(item, "options", jv_copy(jv_get(v, "options")));
	}
	jv_set_str(order, "status", SV("pending (item modified)"));
	return answer(c, order);
}

static void put_address(struct call *c, jv *owner)
{
	static const char *const keys[] = { "address1", "address2", "city", "state", "country",
					    "zip" };
	jv *a = jv_obj();
	for (size_t i = 0; i < sizeof(keys) / sizeof(*keys); i++)
		jv_set_str(a, keys[i], arg(c, keys[i]));
	jv_set(owner, "address", a);
}

static int modify_address(struct call *c)
{
	jv *order = order_of(c);
	if (!order)
		return refuse(c, "Order not found");
	if (!is_pending(order))
		return refuse(c, "Non-pending order cannot be modified");
	put_address(c, order);
	return answer(c, order);
}

static int modify_user(struct call *c)
{
	jv *user = user_of(c, NULL);
	if (!user)
		return refuse(c, "User not found");
	put_address(c, user);
	return answer(c, user);
}

static int modify_payment(struct call *c)
{
	jv *order = order_of(c), *history = jv_get(order, "payment_history");
	const jv *first = jv_at(history, 0);
	sv id = arg(c, "payment_method_id"), old = jv_get_str(first, "payment_method_id");
	jv *method = order ? method_of(c, order, id) : NULL;
	double amount = jv_get_num(first, "amount", 0);
	if (!order)
		return refuse(c, "Order not found");
	if (!is_pending(order))
		return refuse(c, "Non-pending order cannot be modified");
	if (!method)
		return refuse(c, "Payment method not found");
	if (jv_len(history) != 1 ||
	    !sv_eq(jv_get_str(first, "transaction_type"), SV("payment")))
		return refuse(c, "There should be exactly one payment for a pending order");
	if (sv_eq(old, id))
		return refuse(c, "The new payment method should differ from the current one");
	if (is_gift_card(method) && jv_get_num(method, "balance", 0) < amount)
		return refuse(c, "Insufficient gift card balance to pay for the order");
	pay_in(method, -amount);
	pay_in(method_of(c, order, old), amount);
	jv *refund = entry("refund", amount, old);
	jv_push(history, entry("payment", amount, id));
	jv_push(history, refund);
	return answer(c, order);
}

static int give_back(struct call *c)
{
	jv *order = order_of(c);
	sv id = arg(c, "payment_method_id");
	const jv *ids = jv_get(c->args, "item_ids");
	if (!order)
		return refuse(c, "Order not found");
	if (!has_status(order, "delivered"))
		return refuse(c, "Non-delivered order cannot be returned");
	const jv *method = method_of(c, order, id);
	sv paid = jv_get_str(jv_at(jv_get(order, "payment_history"), 0), "payment_method_id");
	if (!method)
		return refuse(c, "Payment method not found");
	if (!is_gift_card(method) && !sv_eq(id, paid))
		return refuse(c, "Payment method should be the original one or a gift card");
	if (!has_items(order, ids))
		return refuse(c, "Some item not found");
	jv_set_str(order, "status", SV("return requested"));
	jv_set(order, "return_items", sorted(ids));
	jv_set_str(order, "return_payment_method_id", id);
	return answer(c, order);
}

static int exchange(struct call *c)
{
	jv *order = order_of(c);
	double diff;
	if (!order)
		return refuse(c, "Order not found");
	if (!has_status(order, "delivered"))
		return refuse(c, "Non-delivered order cannot be exchanged");
	int rc = price_change(c, order, &diff);
	if (rc)
		return rc;
	jv_set_str(order, "status", SV("exchange requested"));
	jv_set(order, "exchange_items", sorted(jv_get(c->args, "item_ids")));
	jv_set(order, "exchange_new_items", sorted(jv_get(c->args, "new_item_ids")));
	jv_set_str(order, "exchange_payment_method_id", arg(c, "payment_method_id"));
	jv_set_num(order, "exchange_price_difference", diff);
	return answer(c, order);
}

/* ---- a calculator: + - * / and brackets ---- */

struct sum {
	sv s;
	int depth;
	bool bad;
};

static char peek(struct sum *m)
{
	m->s = sv_trim(m->s);
	return m->s.n ? *m->s.p : 0;
}

static void eat(struct sum *m)
{
	m->s = sv_slice(m->s, 1, m->s.n);
}

static double add(struct sum *m);

static double factor(struct sum *m)
{
	char c = peek(m);
	double v = 0;
	size_t n = 0;
	if (++m->depth > 50 || m->bad) {
		m->bad = true;
	} else if (c == '-' || c == '+') {
		eat(m);
		v = factor(m);
		v = c == '-' ? -v : v;
	} else if (c == '(') {
		eat(m);
		v = add(m);
		m->bad = m->bad || peek(m) != ')';
		eat(m);
	} else {
		while (n < m->s.n && (isdigit((unsigned char)m->s.p[n]) || m->s.p[n] == '.'))
			n++;
		m->bad = m->bad || sv_f64(sv_slice(m->s, 0, n), &v) != 0;
		m->s = sv_slice(m->s, n, m->s.n);
	}
	m->depth--;
	return v;
}

static double multiply(struct sum *m)
{
	double v = factor(m);
	for (char c; !m->bad && ((c = peek(m)) == '*' || c == '/');) {
		eat(m);
		double w = factor(m);
		m->bad = m->bad || (c == '/' && w == 0);
		v = c == '*' ? v * w : m->bad ? 0 : v / w;
	}
	return v;
}

static double add(struct sum *m)
{
	double v = multiply(m);
	for (char c; !m->bad && ((c = peek(m)) == '+' || c == '-');) {
		eat(m);
		double w = multiply(m);
		v = c == '+' ? v + w : v - w;
	}
	return v;
}

static int calculate(struct call *c)
{
	struct sum m = { .s = arg(c, "expression") };
	double v = add(&m);
	if (m.bad || peek(&m) || !isfinite(v))
		return refuse(c, "Invalid expression");
	sb_fmt(c->out, "%.2f", cents(v));
	while (c->out->n > 1 && c->out->p[c->out->n - 1] == '0' && c->out->p[c->out->n - 2] != '.')
		sb_truncate(c->out, c->out->n - 1);
	return 0;
}

static int transfer(struct call *c)
{
	sb_cstr(c->out, "Transfer successful");
	return 0;
}

/* ---- the table ---- */

static const struct {
	const char *name;
	int (*fn)(struct call *c);
} tools[] = {
	{ "find_user_id_by_email", find_by_email },
	{ "find_user_id_by_name_zip", find_by_name },
	{ "get_order_details", get_order },
	{ "get_user_details", get_user },
	{ "get_product_details", get_product },
	{ "get_item_details", get_item },
	{ "list_all_product_types", list_types },
	{ "cancel_pending_order", cancel },
	{ "modify_pending_order_items", modify_items },
	{ "modify_pending_order_address", modify_address },
	{ "modify_pending_order_payment", modify_payment },
	{ "modify_user_address", modify_user },
	{ "return_delivered_order_items", give_back },
	{ "exchange_delivered_order_items", exchange },
	{ "calculate", calculate },
	{ "transfer_to_human_agents", transfer },
};

bool eval_retail_changes(sv name)
{
	static const char *const verbs[] = { "cancel_", "modify_", "return_", "exchange_" };
	for (int i = 0; i < 4; i++)
		if (sv_starts(name, sv_of(verbs[i])))
			return true;
	return false;
}

int eval_retail_call(jv *db, sv name, const jv *args, struct sb *out)
{
	struct call c = { db, args, out };
	sb_reset(out);
	for (size_t i = 0; i < sizeof(tools) / sizeof(*tools); i++)
		if (sv_eq(name, sv_of(tools[i].name)))
			return tools[i].fn(&c);
	return refuse(&c, "Unknown tool");
}
