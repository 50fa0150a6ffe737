/* b_shop.c: how long the built-in store takes: 100,000 orders of 20,000 customers, 10,000
 * products.
 *
 *	b_shop ROOT FOLDER [CALLS]        ROOT: the source tree; FOLDER: for the database, empty
 *
 * Fills the store through shop_import, then asks each tool CALLS times (1,000) about random
 * customers through the gate, one after another, from the asking thread and back, and prints
 * p50, p95 and p99. Effects are told with their fsync. One asking thread. */
#include "policy_rules.h"
#include "shop.h"

#include <stdio.h>
#include <stdlib.h>

enum { PRODUCTS = 10000, ORDERS = 100000, PEOPLE = 20000 };
#define NOW 1795665600000LL          /* 2026-11-26T04:00:00Z */

static struct arena mem;
static struct rng rng;

static sv read_file(const char *root, const char *path)
{
	struct sb b;
	struct err e = { 0 };
	char *full = arena_fmt(&mem, "%s/%s", root, path);
	sb_init(&b, 8u << 20);
	if (file_read(full, 8u << 20, &b, &e)) {
		fprintf(stderr, "%s\n", e.msg);
		exit(1);
	}
	sv ret = arena_sv(&mem, sb_sv(&b));
	sb_done(&b);
	return ret;
}

static void put_products(struct sb *b)
{
	static const char *const zh[] = { "沙发", "台灯", "床垫", "书架", "水壶" };
	static const char *const en[] = { "sofa", "desk lamp", "mattress", "bookshelf", "kettle" };
	for (int i = 0; i < PRODUCTS; i++)
		sb_fmt(b,
		       "{\"sku\":\"P-%05d\",\"name\":{\"zh\":\"%s 型号%d\",\"en\":\"Model %d "
		       "%s\"},"
		       "\"category\":\"storage\",\"price_cny\":%d,\"stock\":9,\"warranty_"
		       "months\":24,"
		       "\"aliases\":{\"zh\":[\"家用%s\"],\"en\":[\"home %s\"]}}\n",
		       i, zh[i % 5], i, i, en[i % 5], 50 + i % 900, zh[i % 5], en[i % 5]);
}

static void put_orders(struct sb *b, int from, int to)
{
	for (int i = from; i < to; i++)
		sb_fmt(b,
		       "{\"number\":\"B2026-%06d\",\"customer_id\":\"c%d\",\"status\":"
		       "\"delivered\","
		       "\"items\":[{\"sku\":\"P-%05d\",\"qty\":1,\"price_cny\":99},{\"sku\":"
		       "\"P-%05d\","
		       "\"qty\":2,\"price_cny\":10.5}],\"total_cny\":120,\"payment\":"
		       "\"alipay\","
		       "\"placed_at\":\"2026-11-%02dT10:00:00+08:00\",\"delivered_at\":"
		       "\"2026-11-%02dT10:00:00+08:00\"}\n",
		       i, i % PEOPLE, i % PRODUCTS, i * 7 % PRODUCTS, 1 + i % 20, 4 + i % 20);
}

struct fill {
	enum shop_kind kind;
	struct sb text;
	struct err e;
	int rc;
};

static int fill_run(void *arg, struct store_db *db)
{
	struct fill *f = arg;
	f->rc = shop_import(db, f->kind, sb_sv(&f->text), "made", NULL, &f->e);
	return f->rc;
}

static void fill(struct store *st, enum shop_kind kind, int from, int to)
{
	struct fill f = { .kind = kind };
	sb_init(&f.text, 64u << 20);
	if (kind == SHOP_PRODUCTS)
		put_products(&f.text);
	else
		put_orders(&f.text, from, to);
	if (store_write(st, fill_run, &f, NULL, NULL) || store_flush(st) || f.rc) {
		fprintf(stderr, "cannot fill the store: %s\n", f.e.msg);
		exit(1);
	}
	sb_done(&f.text);
}

static int by_time(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
	return (x > y) - (x < y);
}

static void args_of(const char *tool, struct sb *b, int order)
{
	static const char *const words[] = { "台灯", "home kettle", "model 77 sofa", "型号4321" };
	sb_reset(b);
	if (!strcmp(tool, "product_search"))
		sb_fmt(b, "{\"words\":\"%s\"}", words[order % 4]);
	else if (!strcmp(tool, "order_list"))
		sb_cstr(b, "{}");
	else if (!strncmp(tool, "return_c", 8))
		sb_fmt(b,
		       "{\"order\":\"B2026-%06d\",\"item\":\"P-%05d\",\"reason\":\"faulty\","
		       "\"way\":"
		       "\"store\"}",
		       order, order % PRODUCTS);
	else
		sb_fmt(b, "{\"order\":\"B2026-%06d\"}", order);
}

/* return_create is asked twice, the second time with the yes; both are in the time. */
static void measure(struct tool_kit *kit, const char *tool, int calls)
{
	int64_t *us = xalloc(sizeof(*us) * (size_t)calls);
	struct sb args;
	int done = 0;
	sb_init(&args, 4096);
	for (int i = 0; i < calls; i++) {
		int order = (int)rng_below(&rng, ORDERS);
		char customer[16], key[32];
		snprintf(customer, sizeof(customer), "c%d", order % PEOPLE);
		snprintf(key, sizeof(key), "%s/%d", tool, i);
		args_of(tool, &args, order);
		struct tool_req r = { .name = sv_of(tool),
				      .args = sb_sv(&args),
				      .key = sv_of(key),
				      .now_ms = NOW,
				      .who = { .customer = sv_of(customer),
					       .level = TOOL_KNOWN,
					       .lang = SV("en") } };
		struct tool_res *res = NULL;
		int64_t t0 = clk_mono_us();
		if (tool_call(kit, &r, &res) == 0 && res->outcome == TOOL_CONFIRM) {
			r.confirmed = res->print;
			obj_unref(res);
			res = NULL;
			(void)tool_call(kit, &r, &res);
		}
		us[i] = clk_mono_us() - t0;
		done += res && res->outcome == TOOL_DONE;
		obj_unref(res);
	}
	qsort(us, (size_t)calls, sizeof(*us), by_time);
	printf("%-16s %5d done of %d; p50 %.2f, p95 %.2f, p99 %.2f ms\n", tool, done, calls,
	       (double)us[calls / 2] / 1e3, (double)us[calls * 95 / 100] / 1e3,
	       (double)us[calls * 99 / 100] / 1e3);
	sb_done(&args);
	xfree(us);
}

static struct tool_kit *open_kit(const char *root, struct store *st, struct pool *pool)
{
	struct policy_rules_file rf[2] = {
		{ "return.yaml", read_file(root, "demo/policies/return.yaml") },
		{ "approval.yaml", read_file(root, "demo/policies/approval.yaml") },
	};
	struct tool_file tf[2] = { { "shop.yaml", read_file(root, "demo/tools/shop.yaml") },
				   { "products.yaml",
				     read_file(root, "demo/tools/products.yaml") } };
	struct cfg_report rep = { 0 };
	struct tool_kit_opts o = { .store = st, .pool = pool };
	struct tool_kit *kit = NULL;
	struct shop *shop = NULL;
	if (policy_rules_new(&o.rules, rf, 2, &rep) || tool_box_new(&o.box, tf, 2, &rep) ||
	    shop_open(&shop, NULL, NULL, NULL) || tool_kit_open(&kit, &o, NULL) ||
	    tool_source_add(kit, &shop_tools, shop)) {
		fprintf(stderr, "cannot open: %s\n", rep.n ? rep.v[0].what : "the kit");
		exit(1);
	}
	return kit;
}

int main(int argc, char **argv)
{
	static const char *const tools[] = { "order_status", "order_list",    "return_check",
					     "return_create", "product_search" };
	int64_t calls = 1000;
	struct err e = { 0 };
	struct store *st;
	if (argc < 3 || (argc > 3 && (sv_i64(sv_of(argv[3]), &calls) || calls < 1))) {
		fprintf(stderr, "b_shop ROOT FOLDER [CALLS]\n");
		return 2;
	}
	struct store_opts so = { .dir = argv[2] };
	if (store_open(&st, &so, &e)) {
		fprintf(stderr, "%s\n", e.msg);
		return 1;
	}
	(void)setvbuf(stdout, NULL, _IOLBF, 0);
	arena_init(&mem, LIM_ARENA_BIG);
	rng_seed(&rng, 1);
	int64_t t0 = clk_mono_us();
	fill(st, SHOP_PRODUCTS, 0, 0);
	for (int i = 0; i < ORDERS; i += 10000)
		fill(st, SHOP_ORDERS, i, i + 10000);
	printf("import: %.1f s\n", (double)(clk_mono_us() - t0) / 1e6);
	struct pool *pool = pool_new(2, 0);
	struct tool_kit *kit = open_kit(argv[1], st, pool);
	for (size_t i = 0; i < sizeof(tools) / sizeof(*tools); i++)
		measure(kit, tools[i], (int)calls);
	tool_kit_close(kit);
	pool_free(pool);
	store_close(st);
	return 0;
}
