/* shop.h: the built-in business store: products, stock, prices, orders, parcels, returns,
 * exchanges, refunds, price protection, visits; as tools of the source "shop". docs/shop.md.
 *
 *	struct shop *s;
 *	shop_open(&s, company, key, &e);
 *	shop_import(db, SHOP_PRODUCTS, text, "demo/products.jsonl", &counts, &e);   on the
 * scribe tool_source_add(kit, &shop_tools, s);
 *
 * Whoever asks sees only orders of who->customer (an agent without one: any). An order of
 * somebody else is answered in the very words of one that does not exist.
 *
 * Decisions are the company's (tool_decide). Tables and what they are asked, with the outputs
 * that are read; a fact that is not known is left out. Amounts are whole fen.
 *
 *	return, exchange   category state days_since_delivery opened condition reason payment
 *	                   price_fen tier hygiene custom_made final_sale mattress bulb qty way
 *	                   exchanges_before
 *	                -> allowed fee_fen deduct_min_pct deduct_max_pct window_days
 *	cancel             state custom_made hours_since_payment total_fen payment tier
 *	                -> allowed fee_fen
 *	address            state changes same_city
 *	                -> allowed fee_fen
 *	price_protection   days_since_delivery days_since_purchase placed_month placed_day
 *	                   price_drop_fen final_sale flash_sale claimed state tier
 *	                -> allowed
 *	warranty           category warranty_months months_since_delivery days_since_delivery
 * cause bulb
 *	                -> allowed way ("exchange", "repair", "parts", "paid")
 *
 * state: placed paid packed shipped delivered returned cancelled. condition: unused opened used
 * faulty. reason: no_longer_wanted faulty wrong_item damaged late size other. tier: standard
 * silver gold platinum. payment: alipay wechat debit credit gift_card transfer on_delivery. way:
 * pickup store. category: as in the catalogue (furniture is collected by the truck team,
 * everything else goes as a parcel). cause: fault wear water heat pets cleaning commercial
 * own_repair consumable.
 */
#ifndef CALLM_SHOP_H
#define CALLM_SHOP_H

#include "base.h"
#include "store.h"
#include "tool.h"

struct shop;
/* company: its file (timezone, currency, shop: docs/shop.md lists the keys), may be NULL; key: the
 * data key, addresses of orders are sealed with it; NULL = none is taken. ERR_INVAL and those of
 * cal_zone_open: e tells the key and how to mend it. */
int shop_open(struct shop **ret, const jv *company, const unsigned char *key32, struct err *e);
void shop_close(struct shop *s);                     /* accepts NULL */

/* Its arg: struct shop. */
extern const struct tool_ops shop_tools;

/* The payment system has taken a message of the outbox of kind "pay" (its body): the refund is
 * paid, with a row refund.paid and a message to the customer; once, however often it is told.
 * On the scribe. */
int shop_refund_paid(struct store_db *db, const jv *body, int64_t now_ms);

/* ---- import ---- */

enum shop_kind { SHOP_PRODUCTS, SHOP_ORDERS };
struct shop_counts {
	size_t added, changed, same;
};
/* JSON lines, each a product or an order (the shapes of demo/products.jsonl, demo/orders.jsonl), on
 * the scribe, all or nothing. What is there already and equal stays; an order that was changed here
 * since (cancelled, returned) is not set back by an older line. ERR_PARSE, ERR_INVAL: e names
 * the line. name is for messages. */
int shop_import(struct store_db *db, enum shop_kind kind, sv jsonl, const char *name,
		struct shop_counts *ret, struct err *e);

/* ---- reading for the console: JSON into out; any reader. cursor: "" or an earlier next ---- */

struct shop_page {
	sv customer, q, state, category, cursor;
	int limit, lang;             /* 0 = 50, at most 200; names in 0 zh, 1 en */
};
/* {"items":[..],"next":CURSOR|null}; ERR_INVAL: the cursor is none of ours. */
int shop_orders_json(struct store_db *db, const struct shop_page *p, struct sb *out);
int shop_returns_json(struct store_db *db, const struct shop_page *p, struct sb *out);
int shop_products_json(struct store_db *db, const struct shop_page *p, struct sb *out);
/* One; ERR_NOTFOUND. */
int shop_order_json(struct store_db *db, sv number, int lang, struct sb *out);
int shop_return_json(struct store_db *db, sv id, int lang, struct sb *out);
int shop_product_json(struct store_db *db, sv sku, int lang, struct sb *out);

#endif
