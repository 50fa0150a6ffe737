/* By chance: words and numbers nobody would write, pages walked to their end, exchanges and
 * cancellations against the stock, the last place of a window, the same wish twice. */
#include "t_shop_world.h"

#include <pthread.h>

/* Text of random pieces: Chinese, English, signs, quotes, numbers of orders, broken bytes are made
 * whole by jv_str. */
static void random_words(struct rng *g, struct sb *b)
{
	static const char *const parts[] = {
		"沙发",      "sofa", "HH2026-100386", "%",      "_", "'", "\"", "\\", "{order}",
		"R10240408", "退货", "；DROP TABLE",  "０１２", " ", "ß", "😀",  "-",  "all",
		"全部",      "\n",   "1e309",         "null"
	};
	sb_reset(b);
	for (uint64_t i = 0, n = rng_below(g, 6); i < n; i++)
		sb_cstr(b, parts[rng_below(g, sizeof(parts) / sizeof(*parts))]);
}

static void random_args(struct rng *g, const struct tool_decl *d, struct sb *out)
{
	struct sb words;
	void *it = NULL;
	sv key;
	jv *v, *o = jv_obj();
	sb_init(&words, LIM_SB);
	const jv *props = jv_get(d->schema, "properties");
	while (props && jv_next(props, &it, &key, &v)) {
		const jv *list = jv_get(v, "enum");
		char name[64];
		snprintf(name, sizeof(name), SV_FMT, SV_ARG(key));
		random_words(g, &words);
		if (rng_below(g, 5) == 0)
			continue;
		if (jv_len(list))
			jv_set_str(o, name, jv_as_str(jv_at(list, rng_below(g, jv_len(list)))));
		else if (sv_eq(key, SV("order")) && rng_below(g, 2))
			jv_set_str(o, name, SV("HH2026-100386"));
		else if (sv_eq(jv_get_str(v, "type"), SV("string")))
			jv_set_str(o, name, sv_slice(sb_sv(&words), 0, 20));
		else if (sv_eq(jv_get_str(v, "type"), SV("boolean")))
			jv_set_bool(o, name, rng_below(g, 2));
		else
			jv_set_int(o, name, (int64_t)rng_below(g, 12));
	}
	sb_reset(out);
	jv_dump(o, out);
	jv_free(o);
	sb_done(&words);
}

/* Nothing fails, and nobody else's order is changed, whatever is asked for. */
TEST(shop_any_arguments_harm_nothing)
{
	struct world w;
	struct sb args;
	struct rng *g = t_rng();
	CHECK(world_open(&w));
	sb_init(&args, LIM_SB);
	w.customer = "c012";
	w.level = TOOL_PROVEN;
	const char *others =
		"SELECT coalesce(sum(i.back+i.exchanges),0) FROM shop_item i JOIN order_ref o "
		"ON o.id=i.order_id WHERE o.customer_id<>'c012'";
	int64_t before = world_sql(&w, others);
	for (int n = 0; n < 600; n++) {
		const struct tool_decl *d =
			tool_box_at(w.box, rng_below(g, tool_box_count(w.box)));
		if (d->role > TOOL_CUSTOMER)
			continue;
		random_args(g, d, &args);
		w.lang = rng_below(g, 2) ? "zh" : "en";
		const char *got = shop_yes(&w, d->name, sb_str(&args));
		if (!strcmp(got, "failed") || !strcmp(got, "error"))
			t_fail(__FILE__, __LINE__, sb_str(&args));
	}
	sb_done(&args);
	EQ(world_sql(&w, others), before);
	EQ(world_sql(&w, "SELECT count(*) FROM order_ref WHERE customer_id<>'c012' AND "
			 "(address IS NOT "
			 "NULL OR address_changes>0)"),
	   0);
	EQ(world_sql(&w, "SELECT count(*) FROM product WHERE stock<0"), 0);
	EQ(world_sql(&w, "SELECT count(*) FROM shop_item WHERE back<0 OR back>qty"), 0);
	world_close(&w);
}

/* ---- pages ---- */

typedef int page_fn(struct store_db *db, const struct shop_page *p, struct sb *out);

static size_t walk(struct store_db *db, page_fn *page, struct shop_page p, const char *key,
		   struct map *seen)
{
	struct sb out, next;
	size_t n = 0;
	sb_init(&out, 16u << 20);
	sb_init(&next, 256);
	for (int pages = 0; pages < 1000; pages++) {
		sb_reset(&out);
		p.cursor = sb_sv(&next);
		if (page(db, &p, &out))
			break;
		jv *o = jv_parse(sb_sv(&out), NULL);
		const jv *items = jv_get(o, "items");
		for (size_t i = 0; i < jv_len(items); i++) {
			sv id = jv_get_str(jv_at(items, i), key);
			n += map_get(seen, id) ? 1000000 : 1;
			(void)map_put(seen, id, seen);
		}
		bool more = jv_is_str(jv_get(o, "next"));
		sb_reset(&next);
		sb_put(&next, jv_get_str(o, "next"));
		jv_free(o);
		if (!more)
			break;
	}
	sb_done(&out);
	sb_done(&next);
	return n;
}

/* Every row once, whatever the length of a page. */
TEST(shop_pages_have_every_row_once)
{
	static const struct {
		page_fn *page;
		const char *key, *count;
	} lists[] = {
		{ shop_orders_json, "number", "SELECT count(*) FROM order_ref" },
		{ shop_returns_json, "id", "SELECT count(*) FROM shop_return" },
		{ shop_products_json, "sku", "SELECT count(*) FROM product" },
	};
	struct world w;
	struct store_db *db;
	struct rng *g = t_rng();
	CHECK(world_open(&w));
	CHECK(world_exec(
		&w, "UPDATE order_ref SET placed_ms=1795000000000 WHERE id>'HH2026-100300'"));
	OK(store_reader(w.st, &db));
	for (size_t i = 0; i < 3; i++)
		for (int k = 0; k < 4; k++) {
			struct map *seen = map_new(1000);
			struct shop_page p = { .limit = 1 + (int)rng_below(g, 40) };
			size_t n = walk(db, lists[i].page, p, lists[i].key, seen);
			map_free(seen);
			EQ(n, world_sql(&w, lists[i].count));
		}
	struct map *seen = map_new(1000);
	struct shop_page mine = { .limit = 3, .customer = SV("c021") };
	EQ(walk(db, shop_orders_json, mine, "number", seen),
	   world_sql(&w, "SELECT count(*) FROM order_ref WHERE customer_id='c021'"));
	map_free(seen);
	world_close(&w);
}

/* ---- stock ---- */

/* What is in stock, what was given for exchanges, what cancelled orders gave back: always the
 * same. */
TEST(shop_stock_is_kept)
{
	struct world w;
	struct rng *g = t_rng();
	char args[200];
	CHECK(world_open(&w));
	const char *sum =
		"SELECT (SELECT sum(stock) FROM product) + (SELECT coalesce(sum(i.qty),0) FROM "
		"shop_return r "
		"JOIN shop_return_item i ON i.return_id=r.id WHERE r.kind='exchange' AND "
		"r.state<>'cancelled') - (SELECT coalesce(sum(i.qty),0) FROM order_ref o JOIN "
		"shop_item i ON "
		"i.order_id=o.id WHERE o.state='cancelled' AND o.cancelled_ms>=1795665600000)";
	int64_t before = world_sql(&w, sum);
	for (int n = 0; n < 150; n++) {
		struct store_db *db;
		struct store_stmt *q;
		char id[40], who[16];
		OK(store_flush(w.st));
		OK(store_reader(w.st, &db));
		OK(store_prep(
			db, &q,
			"SELECT id, customer_id FROM order_ref ORDER BY id LIMIT 1 OFFSET ?1"));
		store_bind_int(q, 1, (int64_t)rng_below(g, 150));
		EQ(store_step(q), 1);
		snprintf(id, sizeof(id), SV_FMT, SV_ARG(store_col_sv(q, 0)));
		snprintf(who, sizeof(who), SV_FMT, SV_ARG(store_col_sv(q, 1)));
		store_reset(q);
		w.customer = who;
		snprintf(args, sizeof(args),
			 "{\"order\":\"%s\",\"reason\":\"wrong_item\",\"way\":\"store\","
			 "\"item\":\"HH-1%03d\"}",
			 id, (int)rng_below(g, 1000));
		(void)shop_yes(&w, "exchange_create", args);
		snprintf(args, sizeof(args),
			 "{\"order\":\"%s\",\"reason\":\"wrong_item\",\"way\":\"store\"}", id);
		(void)shop_yes(&w, "exchange_create", args);
		snprintf(args, sizeof(args), "{\"order\":\"%s\"}", id);
		(void)shop_yes(&w, rng_below(g, 2) ? "order_cancel" : "return_cancel", args);
		EQ(world_sql(&w, sum), before);
	}
	CHECK(world_sql(&w, "SELECT count(*) FROM shop_return WHERE kind='exchange'") > 0);
	CHECK(world_sql(&w,
			"SELECT count(*) FROM order_ref WHERE cancelled_ms>=1795665600000") >
	      0);
	world_close(&w);
}

/* ---- the same wish twice; a try ---- */

TEST(shop_same_key_is_one_return)
{
	struct world w;
	struct tool_res *a = NULL, *b = NULL;
	CHECK(world_open(&w));
	w.customer = "c023";
	const char *args =
		"{\"order\":\"HH2026-100379\",\"item\":\"HH-1221\",\"reason\":\"faulty\"}";
	w.dry = true;
	STR_EQ(shop_do(&w, "return_create", args), "done");
	CHECK(!w.r->effect);
	HAS(w.r->say, "I would arrange the return of Steep Vacuum Jug");
	CHECK(!jv_get(w.r->body, "return_id"));
	EQ(world_sql(&w, "SELECT count(*) FROM shop_return WHERE id>'R10241274'"), 0);
	w.dry = false;
	STR_EQ(shop_do(&w, "return_create", args), "confirm");
	struct tool_req r = {
		.name = SV("return_create"),
		.args = sv_of(args),
		.key = SV("k/1"),
		.confirmed = w.r->print,
		.now_ms = w.now,
		.who = { .customer = SV("c023"), .level = TOOL_KNOWN, .lang = SV("en") }
	};
	OK(tool_call(w.kit, &r, &a));
	OK(tool_call(w.kit, &r, &b));
	EQ(a->outcome, TOOL_DONE);
	EQ(b->outcome, TOOL_DONE);
	CHECK(b->again);
	CHECK(sv_eq(jv_get_str(a->body, "return_id"), jv_get_str(b->body, "return_id")));
	obj_unref(a);
	obj_unref(b);
	EQ(world_sql(&w, "SELECT count(*) FROM shop_return WHERE id>'R10241274'"), 1);
	EQ(world_sql(&w, "SELECT count(*) FROM tool_outbox WHERE kind='sms'"), 1);
	/* the price or the rules change between the question and the yes: it is asked again */
	w.customer = "c008";
	STR_EQ(shop_do(&w, "order_cancel", "{\"order\":\"HH2026-100428\"}"), "confirm");
	uint64_t old = w.r->print;
	CHECK(world_exec(&w, "UPDATE order_ref SET total_fen=100 WHERE id='HH2026-100428'"));
	w.print = old;
	STR_EQ(shop_do(&w, "order_cancel", "{\"order\":\"HH2026-100428\"}"), "confirm");
	HAS(w.r->say, "1 yuan goes back");
	world_close(&w);
}

/* ---- the last place of a window ---- */

struct rush {
	struct world *w;
	const char *order, *customer, *key;
	uint64_t print;
	enum tool_outcome got;
};

static void *rush_run(void *arg)
{
	struct rush *r = arg;
	struct tool_res *res = NULL;
	char args[120];
	snprintf(args, sizeof(args),
		 "{\"order\":\"%s\",\"kind\":\"delivery\",\"slot\":\"2026-11-27T09:00\"}",
		 r->order);
	struct tool_req q = { .name = SV("appointment_create"), .args = sv_of(args),
			      .key = sv_of(r->key), .confirmed = r->print, .now_ms = r->w->now,
			      .who = { .customer = sv_of(r->customer), .level = TOOL_KNOWN,
				       .lang = SV("en") } };
	r->got = tool_call(r->w->kit, &q, &res) ? TOOL_FAILED : res->outcome;
	if (res)
		r->print = res->print;
	obj_unref(res);
	return NULL;
}

TEST(shop_last_place_goes_to_one)
{
	struct world w;
	struct rush r[2];
	pthread_t t[2];
	char sql[300];
	CHECK(world_open(&w));
	for (int i = 0; i < 5; i++) {        /* of six */
		snprintf(sql, sizeof(sql),
			 "INSERT INTO shop_visit (id, kind, ref, order_id, from_ms, to_ms, "
			 "updated_ms) VALUES "
			 "('X%d','delivery','o%d','o%d',1795741200000,1795752000000,0)",
			 i, i, i);
		CHECK(world_exec(&w, sql));
	}
	r[0] = (struct rush){ .w = &w, .order = "HH2026-100384", .customer = "c024", .key = "a" };
	r[1] = (struct rush){ .w = &w, .order = "HH2026-100385", .customer = "c021", .key = "b" };
	for (int i = 0; i < 2; i++) {
		(void)rush_run(&r[i]);
		EQ(r[i].got, TOOL_CONFIRM);
	}
	for (int i = 0; i < 2; i++)
		EQ(pthread_create(&t[i], NULL, rush_run, &r[i]), 0);
	for (int i = 0; i < 2; i++)
		EQ(pthread_join(t[i], NULL), 0);
	EQ((r[0].got == TOOL_DONE) + (r[1].got == TOOL_DONE), 1);
	EQ((r[0].got == TOOL_REFUSED) + (r[1].got == TOOL_REFUSED), 1);
	EQ(world_sql(&w, "SELECT count(*) FROM shop_visit WHERE from_ms=1795741200000 AND "
			 "state='booked'"), 6);
	world_close(&w);
}
