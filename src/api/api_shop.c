/* api_shop.c: orders, returns and products as the built-in store keeps them, for staff: lists by
 * page and one each. Reads only; what changes them are tools (api_tool_call.c). Queries run on
 * workers; nothing here shows an address or a phone. */
#include "api_int.h"
#include "shop.h"


typedef int page_fn(struct store_db *db, const struct shop_page *p, struct sb *out);
typedef int one_fn(struct store_db *db, sv id, int lang, struct sb *out);

struct what {
	page_fn *page;
	one_fn *one;
	const char *none;
};
static const struct what orders = { shop_orders_json, shop_order_json, "There is no such order." };
static const struct what returns = { shop_returns_json, shop_return_json,
				     "There is no such return." };
static const struct what products = { shop_products_json, shop_product_json,
				      "There is no such product." };

static int lang_of(struct web_req *r)
{
	sv lang = web_req_arg(r, "lang");
	if (!lang.n)
		lang = web_req_header(r, "accept-language");
	return sv_starts(lang, SV("en"));
}

static void page_run(struct api_query *q, struct store_db *db)
{
	const struct what *w = q->p;
	int rc = w->page(db, q->p2, &q->out);
	if (rc) {
		q->status = err_http(rc);
		q->detail = rc == ERR_INVAL ? "cursor must be the next of an earlier answer." :
					      "The database could not be read.";
	}
}

static void one_run(struct api_query *q, struct store_db *db)
{
	const struct what *w = q->p;
	int rc = w->one(db, q->s1, (int)q->i1, &q->out);
	if (rc) {
		q->status = err_http(rc);
		q->detail = rc == ERR_NOTFOUND ? w->none : "The database could not be read.";
	}
}

static void page(struct api *a, struct web_req *r, const struct what *w)
{
	int64_t limit = 0;
	if (!api_may(a, r, "order.read", NULL))
		return;
	struct api_query *q = api_query_new(a, r);
	struct shop_page *p = arena_new(&q->arena, struct shop_page, 1);
	if (sv_i64(web_req_arg(r, "limit"), &limit) || limit < 1 || limit > 200)
		limit = 0;
	*p = (struct shop_page){ .customer = arena_sv(&q->arena, web_req_arg(r, "customer")),
				 .q = arena_sv(&q->arena, web_req_arg(r, "q")),
				 .state = arena_sv(&q->arena, web_req_arg(r, "state")),
				 .category = arena_sv(&q->arena, web_req_arg(r, "category")),
				 .cursor = arena_sv(&q->arena, web_req_arg(r, "cursor")),
				 .limit = (int)limit,
				 .lang = lang_of(r) };
	q->p = (void *)w;
	q->p2 = p;
	q->run = page_run;
	q->settled = true;
	api_query_start(q);
}

static void one(struct api *a, struct web_req *r, const struct what *w, const char *name)
{
	if (!api_may(a, r, "order.read", NULL))
		return;
	struct api_query *q = api_query_new(a, r);
	q->s1 = arena_sv(&q->arena, web_req_param(r, name));
	q->i1 = lang_of(r);
	q->p = (void *)w;
	q->run = one_run;
	q->etag = true;
	q->settled = true;
	api_query_start(q);
}

void api_orders(struct web_req *r, void *arg)
{
	page(arg, r, &orders);
}

void api_order(struct web_req *r, void *arg)
{
	one(arg, r, &orders, "number");
}

void api_returns(struct web_req *r, void *arg)
{
	page(arg, r, &returns);
}

void api_return(struct web_req *r, void *arg)
{
	one(arg, r, &returns, "id");
}

void api_products(struct web_req *r, void *arg)
{
	page(arg, r, &products);
}

void api_product(struct web_req *r, void *arg)
{
	one(arg, r, &products, "sku");
}
