/* shop_int.h: what the files of the shop share. One call at a time, on the thread of its db. */
#ifndef CALLM_SHOP_INT_H
#define CALLM_SHOP_INT_H

#include "cust.h"
#include "guard.h"
#include "policy_rules.h"
#include "shop.h"

enum {
	SHOP_LINES = 100,
	SHOP_ORDERS_SHOWN = 20,
	SHOP_HITS = 8,
	SHOP_NAMES = 500,
	SHOP_SLOTS_SAID = 4,
	SHOP_PRODUCTS_MAX = 20000
};
/* A parcel or furniture is collected, furniture is delivered or put together. */
enum shop_visit { SHOP_PICKUP, SHOP_TRUCK, SHOP_DELIVERY, SHOP_ASSEMBLY, SHOP_VISITS };
#define SHOP_DAY_MS 86400000LL

/* When somebody comes: whole hours of a day, in windows, first to last day from today. */
struct shop_slots {
	int first_day, last_day, open_h, close_h, step_h, room;
};
struct shop {
	unsigned char key[GUARD_KEY];
	bool has_key;
	struct cal_zone *zone;
	struct cust_keys *people;    /* of the same key; NULL without one */
	char currency[8];
	struct shop_slots slots[SHOP_VISITS];
	jv *names;                   /* [{zh, en}]: carriers, places, reasons; or NULL */
};

/* One call. What it makes of jv goes with it (shop_keep). */
struct shop_call {
	const struct shop *s;
	struct tool_run *r;
	struct store_db *db;
	struct arena *a;
	int lang;                    /* 0 zh, 1 en */
	VEC(jv *) kept;
};
/* Of what runs inside a call: 0 = go on, SHOP_SAID = the outcome is set, negative = an error. */
#define SHOP_SAID 1

struct shop_product {
	sv sku, name[2], category;
	int64_t price_fen, stock, warranty_months;
	const jv *body;              /* as imported */
};
struct shop_item {
	int line;
	int64_t qty, back, exchanges, price_fen;
	/* price protection: paid back for the line, and for each of its pieces */
	int64_t claim_fen, drop_fen;
	struct shop_product p;       /* of its sku; without body when it is no longer sold */
};
struct shop_order {
	sv id, customer, state, payment, carrier, tracking, city;
	int64_t total_fen, placed_ms, shipped_ms, delivered_ms, cancelled_ms, changes;
	struct shop_item *items;
	size_t n;
};
struct shop_pick {                   /* pieces of one line */
	struct shop_item *it;
	int64_t qty;
};

/* shop_call.c */
typedef int shop_op_fn(struct shop_call *c);
jv *shop_keep(struct shop_call *c, jv *v);           /* freed after the call; NULL stays NULL */
/* The effect is wanted now; else the caller only looks what would happen. */
bool shop_real(const struct shop_call *c);
bool shop_staff(const struct shop_call *c);          /* asked by an agent or above */
int shop_said(struct shop_call *c, enum tool_outcome o, const char *key, const char *why);
/* The next number of k, from first on: negative on error. On the scribe. */
int64_t shop_number(struct store_db *db, const char *k, int64_t first);
int shop_exec1(struct store_db *db, const char *sql, sv s1, int64_t i2);    /* one statement */
sv shop_tier(struct shop_call *c, sv customer);
/* Asks the table; what is allowed is in *ret (kept). Without a table a person decides. */
int shop_decide(struct shop_call *c, const char *table, jv *facts, const jv **ret);

/* A message to the customer after the commit: shop_fill(key); nothing when that is empty. */
int shop_notify(struct shop_call *c, sv customer, const char *key);

/* shop_refund.c: due -> (approved) -> released -> paid */
/* Money that leaves is within the authority of who asks (table "approval"); else a person is
 * asked about the whole call. */
int shop_may_pay(struct shop_call *c, const char *what, int64_t fen);
/* One that is due; kind "return", "cancel", "price", "exchange". */
int shop_refund_add(struct shop_call *c, const struct shop_order *o, const char *kind, sv source,
		    int64_t fen, sv *ret_id);
/* The one of a source (a return, an order) that is due: ERR_NOTFOUND. */
int shop_refund_due(struct shop_call *c, sv source, sv *ret_id, int64_t *ret_fen);
/* It is allowed: the payment is ordered. ERR_STATE: it is not due. */
int shop_refund_release(struct shop_call *c, const struct shop_order *o, const char *what, sv id,
			int64_t fen);
/* The same when who asks may pay so much; else a person is asked about the payment alone, and
 * bank_text of the body says so. */
int shop_refund_settle(struct shop_call *c, const struct shop_order *o, const char *what, sv id,
		       int64_t fen);

/* shop_text.c: words for people, in c->lang, in c->a */
sv shop_word(int lang, sv key);              /* of shop_words.def; the key when there is none */
/* A name that the data has in one language, in the caller's: of the company's names, else as it
 * is. */
sv shop_name(const struct shop_call *c, sv name);
sv shop_money(const struct shop_call *c, int64_t fen);       /* "2,783.04 yuan" */
double shop_num(int64_t fen);
sv shop_day(const struct shop_call *c, int64_t ms);          /* "25 November" */
sv shop_time(const struct shop_call *c, int64_t ms);         /* "25 November, 19:15" */
sv shop_window(const struct shop_call *c, int64_t from, int64_t to);
sv shop_items_text(const struct shop_call *c, const struct shop_pick *v, size_t n);
sv shop_pay_text(const struct shop_call *c, sv payment);     /* "Alipay" */
sv shop_bank_text(const struct shop_call *c, sv payment);    /* how long it takes to arrive */
void shop_put_order_items(struct shop_call *c, const struct shop_order *o);  /* items_text */
/* A text of the declaration's "with" (key: {zh, en}), its {names} filled from body; empty when it
 * has none. */
sv shop_fill(struct shop_call *c, const char *key);
sv shop_fill_text(struct shop_call *c, sv text, const jv *from);     /* {names} from texts of it */
sv shop_and(const struct shop_call *c, const sv *v, size_t n);       /* "a, b and c" */
/* key and key_text. */
void shop_put_money(struct shop_call *c, const char *key, int64_t fen);
void shop_put_time(struct shop_call *c, const char *key, int64_t ms);        /* the same */
void shop_put(struct shop_call *c, const char *key, sv v);
void shop_set_time(jv *o, const char *key, int64_t ms);
/* of the calendar. */
/* The day of the calendar, counted from 1970, on which ms falls there. */
int64_t shop_day_of(const struct shop *s, int64_t ms);
/* The moment of an hour of such a day. */
int64_t shop_at(const struct shop *s, int64_t day, int hour);
int64_t shop_days(const struct shop_call *c, int64_t from_ms, int64_t to_ms);
/* begun ones. */
int64_t shop_months(const struct shop_call *c, int64_t from_ms, int64_t to_ms);
/* Decimal places exact: "863.04" is 86304. */
int64_t shop_fen(double amount);
/* Lower case, half width, without punctuation; one blank between words, and where Chinese begins or
 * ends. */
sv shop_fold(struct arena *a, sv text);

/* shop_cat.c: the catalogue */
/* 0, ERR_NOTFOUND. */
int shop_product_get(struct shop_call *c, sv sku, struct shop_product *p);
struct shop_hit {
	sv sku;
	int score;
};
struct shop_seek {
	sv text, category;           /* empty text: everything */
	int64_t min_fen, max_fen;    /* max 0 = any */
	bool in_stock;
	bool cheapest;               /* what is of the kind that text names, the cheapest first */
};
/* The best first; 0 or an error of the database. */
int shop_search(struct shop_call *c, const struct shop_seek *s, struct shop_hit v[SHOP_HITS],
		size_t *n);
sv shop_category(struct shop_call *c, sv words);     /* "家具" is furniture; else empty */
/* Others of its category that are in stock, near its price: body items, n, names_text. */
int shop_similar(struct shop_call *c, const struct shop_product *p);
/* What a product is found by, from its line of the catalogue. */
void shop_words(struct arena *a, const jv *body, sv category, struct sb *out);
/* How well words name the product: 0 = not at all; 100 and above: by name, alias or number. */
int shop_match(struct arena *a, const struct shop_product *p, sv folded);
/* The one product that words mean; else the outcome is set, with those that it may be. */
int shop_product_arg(struct shop_call *c, const char *key, struct shop_product *p);
/* How it comes: "parcel", or what the catalogue says ("truck", "made", "line"). */
sv shop_delivery(const struct shop_product *p);
jv *shop_product_jv(struct shop_call *c, const struct shop_product *p);
/* negative qty gives back. */
int shop_stock_take(struct store_db *db, sv sku, int64_t qty);

/* shop_fit.c */
enum shop_fit { SHOP_FIT_NO, SHOP_FIT_YES, SHOP_FIT_UNKNOWN };
/* why gets, in words, what decides; lang as of shop_call. */
enum shop_fit shop_fits(struct arena *a, const struct shop_product *x,
			const struct shop_product *y, int lang, struct sb *why);
enum shop_fit shop_fits_value(struct arena *a, const struct shop_product *x, sv attr, sv value,
			      int lang, struct sb *why);

/* shop_order.c */
/* The order that is meant; without a number the newest when newest is set. */
int shop_order_arg(struct shop_call *c, bool newest, struct shop_order *o);
int shop_order_load(struct shop_call *c, sv id, struct shop_order *o);       /* ERR_NOTFOUND */
int shop_event_add(struct store_db *db, sv order, int64_t at_ms, const char *kind, sv place,
		   sv text);
int shop_order_state(struct shop_call *c, struct shop_order *o, const char *state);
/* The one article of the order that words mean; NULL: none, or not only one. */
struct shop_item *shop_item_named(struct shop_call *c, const struct shop_order *o, sv words);
/* The lines meant by "item" and "qty": pieces that are not on their way back. */
int shop_pick_arg(struct shop_call *c, struct shop_order *o, struct shop_pick **ret, size_t *n);
jv *shop_items_jv(struct shop_call *c, const struct shop_order *o);

/* shop_slot.c */
const char *shop_visit_name(enum shop_visit k);
/* How pieces are collected: furniture by the truck team. */
enum shop_visit shop_visit_for(const struct shop_pick *v, size_t n);
/* The slot named by text, or the first free one: ms in from, to. */
int shop_slot_arg(struct shop_call *c, enum shop_visit k, sv text, int64_t *from, int64_t *to);
int shop_visit_book(struct shop_call *c, enum shop_visit k, sv ref, sv order, int64_t from,
		    int64_t to);
int shop_visit_cancel(struct shop_call *c, sv ref);  /* all that are booked for it */
bool shop_visit_get(struct shop_call *c, sv ref, enum shop_visit k, int64_t *from, int64_t *to,
		    int64_t *moves);
/* Free slots into body: items and slots_text (the first three); n is how many. */
int shop_slots_put(struct shop_call *c, enum shop_visit k, size_t *n);

/* shop_return.c */
/* gross = fee + deduct + refund; deduct_max and refund_low: when the check finds it worse. */
struct shop_plan {
	int64_t gross, fee, deduct, deduct_max, refund, refund_low, window_days;
};
struct shop_return {
	const char *kind;            /* "return", "exchange" */
	sv id, new_sku;
	struct shop_plan plan;
	int64_t differ_fen;          /* of an exchange: to pay; negative: comes back */
	enum shop_visit visit;
	int64_t from_ms, to_ms;      /* 0: brought to a store */
};
jv *shop_return_facts(struct shop_call *c, const struct shop_order *o, const struct shop_pick *p);
int shop_sendable(struct shop_call *c, const struct shop_order *o);  /* by its state alone */
int shop_return_plan(struct shop_call *c, const char *table, const struct shop_order *o,
		     const struct shop_pick *v, size_t n, struct shop_plan *p);
int shop_return_way(struct shop_call *c, const struct shop_pick *v, size_t n,
		    struct shop_return *t);
int shop_return_put(struct shop_call *c, const struct shop_order *o, const struct shop_pick *v,
		    size_t n, struct shop_return *t);

/* the operations, by file */
int shop_op_list(struct shop_call *c);
int shop_op_status(struct shop_call *c);
int shop_op_cancel(struct shop_call *c);             /* shop_change.c */
int shop_op_address(struct shop_call *c);
int shop_op_price(struct shop_call *c);
int shop_op_warranty(struct shop_call *c);
int shop_op_return_check(struct shop_call *c);       /* shop_return.c */
int shop_op_return(struct shop_call *c);
int shop_op_exchange(struct shop_call *c);           /* shop_exchange.c */
int shop_op_return_cancel(struct shop_call *c);      /* shop_progress.c */
int shop_op_return_status(struct shop_call *c);
int shop_op_refund_status(struct shop_call *c);
int shop_op_return_move(struct shop_call *c);
int shop_op_refund_release(struct shop_call *c);     /* shop_refund.c */
int shop_op_slots(struct shop_call *c);              /* shop_slot.c */
int shop_op_visit(struct shop_call *c);
int shop_op_visit_cancel(struct shop_call *c);
int shop_op_search(struct shop_call *c);             /* shop_sell.c */
int shop_op_info(struct shop_call *c);
int shop_op_compare(struct shop_call *c);
int shop_op_fit(struct shop_call *c);
int shop_op_stock(struct shop_call *c);
int shop_op_quote(struct shop_call *c);

#endif
