/* shop.c: the store as a source of tools: its settings, and which operation is which function.
 *
 * A shop is settings only; everything else is rows. It never changes once it is open, so any
 * thread may carry out a call: reads on workers, writes on the scribe.
 */
#include "shop_int.h"

#include <stdio.h>

struct op {
	const char *name;
	shop_op_fn *fn;
	bool writes;
};
static const struct op ops[] = {
	{ "order_list", shop_op_list, false },
	{ "order_status", shop_op_status, false },
	{ "order_cancel", shop_op_cancel, true },
	{ "address_change", shop_op_address, true },
	{ "price_protect", shop_op_price, true },
	{ "warranty_check", shop_op_warranty, false },
	{ "return_check", shop_op_return_check, false },
	{ "return_create", shop_op_return, true },
	{ "exchange_create", shop_op_exchange, true },
	{ "return_cancel", shop_op_return_cancel, true },
	{ "return_status", shop_op_return_status, false },
	{ "refund_status", shop_op_refund_status, false },
	{ "return_move", shop_op_return_move, true },
	{ "refund_release", shop_op_refund_release, true },
	{ "pickup_slots", shop_op_slots, false },
	{ "appointment_create", shop_op_visit, true },
	{ "appointment_cancel", shop_op_visit_cancel, true },
	{ "product_search", shop_op_search, false },
	{ "product_info", shop_op_info, false },
	{ "product_compare", shop_op_compare, false },
	{ "product_compatible", shop_op_fit, false },
	{ "stock_check", shop_op_stock, false },
	{ "price_quote", shop_op_quote, false },
};

static int run(void *arg, struct tool_run *r, struct store_db *db, bool writes)
{
	struct shop_call c = { .s = arg,
			       .r = r,
			       .db = db,
			       .a = r->arena,
			       .lang = sv_starts(r->who->lang, SV("zh")) ? 0 : 1 };
	int rc = ERR_UNSUPPORTED;
	for (size_t i = 0; i < sizeof(ops) / sizeof(*ops); i++)
		if (strcmp(ops[i].name, r->decl->op) == 0 && (writes || !ops[i].writes))
			rc = ops[i].fn(&c);
	for (size_t i = 0; i < c.kept.n; i++)
		jv_free(c.kept.v[i]);
	VEC_FREE(&c.kept);
	return rc == SHOP_SAID ? 0 : rc;
}

static int shop_read(void *arg, struct tool_run *r, struct store_db *db)
{
	return run(arg, r, db, false);
}

static int shop_write(void *arg, struct tool_run *r, struct store_db *db)
{
	return run(arg, r, db, true);
}

const struct tool_ops shop_tools = { .name = "shop", .read = shop_read, .write = shop_write };

/* ---- settings ---- */

static int whole(const jv *o, const char *path, int min, int max, int *ret, struct err *e)
{
	const jv *v = jv_path(o, path);
	int64_t n = jv_as_int(v, *ret);
	if (v && (!jv_is_num(v) || n < min || n > max))
		return err_set(e, ERR_INVAL, "shop.%s: use a whole number from %d to %d", path,
			       min, max);
	*ret = (int)n;
	return 0;
}

static int read_slots(struct shop *s, const jv *cfg, enum shop_visit k, struct err *e)
{
	struct shop_slots *x = &s->slots[k];
	const struct {
		const char *name;
		int min, max, *to;
	} keys[] = {
		{ "first_day", 0, 60, &x->first_day }, { "last_day", 0, 60, &x->last_day },
		{ "open", 0, 23, &x->open_h },         { "close", 1, 24, &x->close_h },
		{ "hours", 1, 12, &x->step_h },        { "room", 0, 10000, &x->room },
	};
	char path[64];
	int rc = 0;
	for (size_t i = 0; i < sizeof(keys) / sizeof(*keys) && rc == 0; i++) {
		snprintf(path, sizeof(path), "slots.%s.%s", shop_visit_name(k), keys[i].name);
		rc = whole(cfg, path, keys[i].min, keys[i].max, keys[i].to, e);
	}
	if (rc == 0 && (x->close_h <= x->open_h || x->last_day < x->first_day))
		return err_set(e, ERR_INVAL, "shop.slots.%s: it ends before it begins",
			       shop_visit_name(k));
	return rc;
}

static int read_names(struct shop *s, const jv *names, struct err *e)
{
	if (names && (!jv_is_arr(names) || jv_len(names) > SHOP_NAMES))
		return err_set(e, ERR_INVAL, "shop.names: a list of at most %d {zh, en}",
			       SHOP_NAMES);
	for (size_t i = 0; i < jv_len(names); i++)
		if (!jv_get_str(jv_at(names, i), "zh").n || !jv_get_str(jv_at(names, i), "en").n)
			return err_set(e, ERR_INVAL,
				       "shop.names[%zu]: write it as {zh: .., en: ..}", i);
	s->names = names ? jv_copy(names) : NULL;
	return 0;
}

static int read_cfg(struct shop *s, const jv *company, struct err *e)
{
	const jv *cfg = jv_get(company, "shop");
	sv cur = jv_get_str(company, "currency"), zone = jv_get_str(company, "timezone");
	if (cfg && !jv_is_obj(cfg))
		return err_set(e, ERR_INVAL, "shop: write slots: below it, see docs/shop.md");
	if (cur.n && cur.n != 3)
		return err_set(e, ERR_INVAL, "currency: use three letters: CNY");
	snprintf(s->currency, sizeof(s->currency), SV_FMT, SV_ARG(cur.n ? cur : SV("CNY")));
	int rc = cal_zone_open(&s->zone, zone.n ? zone : SV("Asia/Shanghai"), e);
	for (int k = 0; k < SHOP_VISITS && rc == 0; k++)
		rc = read_slots(s, cfg, (enum shop_visit)k, e);
	return rc ? rc : read_names(s, jv_get(cfg, "names"), e);
}

/* Hours as the articles return-how, return-furniture, delivery-slot-change and assembly-book
 * tell. */
int shop_open(struct shop **ret, const jv *company, const unsigned char *key32, struct err *e)
{
	struct shop *s = xalloc(sizeof(*s));
	static const struct shop_slots slots[SHOP_VISITS] = {
		[SHOP_PICKUP] = { 1, 2, 9, 19, 5, 40 },
		[SHOP_TRUCK] = { 1, 7, 9, 18, 3, 4 },
		[SHOP_DELIVERY] = { 1, 21, 9, 18, 3, 6 },
		[SHOP_ASSEMBLY] = { 1, 7, 9, 18, 3, 4 },
	};
	memcpy(s->slots, slots, sizeof(slots));
	int rc = read_cfg(s, company, e);
	s->has_key = key32 != NULL;
	if (key32)
		memcpy(s->key, key32, sizeof(s->key));
	if (rc == 0 && key32)
		rc = cust_keys_new(&s->people, key32);
	if (rc) {
		shop_close(s);
		return rc;
	}
	*ret = s;
	return 0;
}

void shop_close(struct shop *s)
{
	if (!s)
		return;
	obj_unref(s->zone);
	obj_unref(s->people);
	jv_free(s->names);
	memset(s->key, 0, sizeof(s->key));
	xfree(s);
}
