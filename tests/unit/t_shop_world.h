/* t_shop_world.h: the demo shop over a store in memory: catalogue, orders, customers' levels,
 * the demo's decision tables and declarations. shop_do calls a tool; its result is w->r until
 * the next call. Noon of 26 November 2026 in the shop's zone unless a test moves w->now. */
#ifndef CALLM_T_SHOP_WORLD_H
#define CALLM_T_SHOP_WORLD_H

#include "policy_rules.h"
#include "shop_int.h"
#include "t.h"

#include <stdio.h>

#define MAYBE __attribute__((unused))
#define T_NOON 1795665600000LL       /* 2026-11-26T04:00:00Z */

struct world {
	struct store *st;
	struct pool *pool;
	struct tool_box *box;
	struct policy_rules *rules;
	struct tool_kit *kit;
	struct shop *shop;
	struct tool_res *r;
	struct arena a;
	const char *customer, *lang;
	enum tool_role role;
	enum tool_level level;
	int64_t now;
	int keys;
	bool dry;
	uint64_t print;              /* the next call's confirmation */
};

MAYBE static sv demo_text(struct world *w, const char *path)
{
	struct sb b;
	char full[1024];
	snprintf(full, sizeof(full), "%s/demo/%s", t_srcdir(), path);
	sb_init(&b, LIM_KB_DOC);
	int rc = file_read(full, LIM_KB_DOC, &b, NULL);
	sv ret = rc ? SV_NULL : arena_sv(&w->a, sb_sv(&b));
	sb_done(&b);
	return ret;
}

MAYBE static int world_fill(void *arg, struct store_db *db)
{
	struct world *w = arg;
	struct err e = { 0 };
	int rc = shop_import(db, SHOP_PRODUCTS, demo_text(w, "products.jsonl"),
			     "products.jsonl", NULL, &e);
	if (rc == 0)
		rc = shop_import(db, SHOP_ORDERS, demo_text(w, "orders.jsonl"), "orders.jsonl",
				 NULL, &e);
	if (rc)
		printf("# import: %s\n", e.msg);
	size_t people;
	return rc ? rc :
		    cust_import(db, w->shop->people, demo_text(w, "customers.jsonl"), SV("86"),
				w->now, &people, &e);
}

static int world_rc;
MAYBE static void world_wrote(void *arg, int err)
{
	world_rc = err;
}

/* fn on the scribe; its code. */
MAYBE static int world_write(struct world *w, store_write_fn *fn, void *arg)
{
	int rc = store_write(w->st, fn, arg, NULL, world_wrote);
	if (rc == 0)
		rc = store_flush(w->st);
	return rc ? rc : world_rc;
}

struct stmt {
	const char *sql;
};
MAYBE static int run_sql(void *arg, struct store_db *db)
{
	int rc = store_exec(db, ((struct stmt *)arg)->sql);
	if (rc)
		printf("# %s\n", store_error(db));
	return rc;
}
MAYBE static bool world_exec(struct world *w, const char *sql)
{
	struct stmt s = { sql };
	return world_write(w, run_sql, &s) == 0;
}

MAYBE static bool load_rules(struct world *w)
{
	static const char *const names[] = { "return",           "exchange", "cancel",  "address",
					     "price_protection", "warranty", "approval" };
	struct policy_rules_file f[7];
	struct cfg_report rep = { 0 };
	for (int i = 0; i < 7; i++) {
		f[i].name = arena_fmt(&w->a, "policies/%s.yaml", names[i]);
		f[i].yaml = demo_text(w, f[i].name);
	}
	bool ok = policy_rules_new(&w->rules, f, 7, &rep) == 0;
	for (size_t i = 0; i < rep.n; i++)
		printf("# %s: %s %s\n", rep.v[i].where, rep.v[i].what, rep.v[i].mend);
	cfg_report_done(&rep);
	return ok;
}

MAYBE static bool load_box(struct world *w)
{
	struct tool_file f[2] = { { "tools/shop.yaml", demo_text(w, "tools/shop.yaml") },
				  { "tools/products.yaml", demo_text(w, "tools/products.yaml") } };
	struct cfg_report rep = { 0 };
	bool ok = tool_box_new(&w->box, f, 2, &rep) == 0;
	for (size_t i = 0; i < rep.n; i++)
		printf("# %s: %s %s\n", rep.v[i].where, rep.v[i].what, rep.v[i].mend);
	cfg_report_done(&rep);
	return ok;
}

MAYBE static bool world_open(struct world *w)
{
	struct store_opts so = { .dir = "", .group_ms = -1 };
	unsigned char key[32] = { 7, 1, 9 };
	*w = (struct world){ .customer = "c024",
			     .lang = "en",
			     .level = TOOL_KNOWN,
			     .now = T_NOON };
	arena_init(&w->a, LIM_ARENA_BIG);
	struct err e = { 0 };
	if (store_open(&w->st, &so, &e))
		printf("# %s\n", e.msg);
	if (!w->st || !load_rules(w) || !load_box(w))
		return false;
	w->pool = pool_new(2, 0);
	struct tool_kit_opts o = {
		.store = w->st, .pool = w->pool, .box = w->box, .rules = w->rules
	};
	return shop_open(&w->shop, NULL, key, NULL) == 0 && tool_kit_open(&w->kit, &o, NULL) == 0 &&
	       tool_source_add(w->kit, &shop_tools, w->shop) == 0 &&
	       world_write(w, world_fill, w) == 0;
}

MAYBE static void world_close(struct world *w)
{
	w->r = obj_unref(w->r);
	tool_kit_close(w->kit);
	pool_free(w->pool);
	store_close(w->st);
	obj_unref(w->box);
	obj_unref(w->rules);
	shop_close(w->shop);
	arena_done(&w->a);
}

/* Every answer has words of its own: no gaps, not the gate's general ones. */
MAYBE static void check_words(const char *tool, const struct tool_res *r)
{
	static const char *const general[] = { "按照规定这个没有办法办理",
					       "我没有查到相关的信息",
					       "our rules do not allow this",
					       "I could not find that." };
	bool bad = sv_find_ch(r->say, '{') >= 0 || (!r->say.n && r->outcome == TOOL_DONE);
	for (size_t i = 0; i < 4; i++)
		bad |= sv_find(r->say, sv_of(general[i])) >= 0;
	if (bad) {
		printf("# %s: " SV_FMT "\n", tool, SV_ARG(r->say));
		t_fail(__FILE__, __LINE__, "an answer without words of its own");
	}
}

/* One call; the outcome's name, or "error". */
MAYBE static const char *shop_do(struct world *w, const char *tool, const char *args)
{
	struct tool_res *res = NULL;
	char key[32] = "";
	const struct tool_decl *d = tool_box_find(w->box, sv_of(tool));
	if (d && d->effect)
		snprintf(key, sizeof(key), "conv/%d", ++w->keys);
	struct tool_req q = { .name = sv_of(tool),
			      .args = sv_of(args),
			      .key = sv_of(key),
			      .confirmed = w->print,
			      .dry = w->dry,
			      .now_ms = w->now,
			      .who = { .customer = sv_of(w->customer),
				       .level = w->level,
				       .role = w->role,
				       .conversation = SV("conv"),
				       .actor = SV("bot"),
				       .lang = sv_of(w->lang) } };
	int rc = tool_call(w->kit, &q, &res);
	obj_unref(w->r);
	w->r = res;
	w->print = 0;
	if (rc) {
		printf("# %s: %s\n", tool, err_text(rc));
		return "error";
	}
	check_words(tool, res);
	if (res->outcome == TOOL_FAILED)
		printf("# %s: " SV_FMT "\n", tool, SV_ARG(res->why));
	return tool_outcome_name(res->outcome);
}

/* With the customer's yes. */
MAYBE static const char *shop_yes(struct world *w, const char *tool, const char *args)
{
	const char *o = shop_do(w, tool, args);
	if (strcmp(o, "confirm"))
		return o;
	w->print = w->r->print;
	return shop_do(w, tool, args);
}

MAYBE static int64_t world_sql(struct world *w, const char *sql)
{
	struct store_db *db;
	struct store_stmt *q;
	int64_t n = -1;
	if (store_flush(w->st) || store_reader(w->st, &db) || store_prep(db, &q, sql))
		return -1;
	if (store_step(q) == 1)
		n = store_col_int(q, 0);
	store_reset(q);
	return n;
}

/* A member of the result in fen. */
MAYBE static int64_t fen_of(const struct world *w, const char *key)
{
	return shop_fen(jv_get_num(w->r->body, key, -1));
}

#endif
