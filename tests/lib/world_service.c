/* world_service.c: the demo company's tools for stories: its real declarations, decision tables and
 * flows over the real sources, in a store that every world begins anew.
 *
 * A call runs on real threads; the virtual clock waits for it (world.c), unless the story holds the
 * tools: then it stands at the source's door until it is let go. Owns what it opens. */
#include "world_service.h"

#include "cust.h"
#include "desk.h"
#include "flow.h"
#include "policy_rules.h"
#include "shop.h"

#include <pthread.h>
#include <stdio.h>

enum { SOURCES = 3, FILES = 40 };

struct door {                        /* before a source */
	struct tool_ops ops;
	const struct tool_ops *real;
	void *arg;
	struct world_service *of;
};
struct world_service {
	struct pool *pool;
	struct tool_box *box;
	struct policy_rules *rules;
	struct flow_set *flows;
	struct cust_keys *keys;
	struct cust_tools_arg cust;
	struct shop *shop;
	struct desk *desk;
	struct door door[SOURCES];
	pthread_mutex_t lock;
	pthread_cond_t go;
	bool held, broken;
	struct arena a;              /* names of products */
};

static const unsigned char key[32] = { 7 };

/* ---- doors ---- */

static int pass(struct door *d)
{
	struct world_service *s = d->of;
	pthread_mutex_lock(&s->lock);
	while (s->held)
		pthread_cond_wait(&s->go, &s->lock);
	bool broken = s->broken;
	pthread_mutex_unlock(&s->lock);
	return broken ? ERR_UPSTREAM : 0;
}

static int door_read(void *arg, struct tool_run *r, struct store_db *db)
{
	struct door *d = arg;
	int rc = pass(d);
	return rc ? rc : d->real->read(d->arg, r, db);
}

static int door_write(void *arg, struct tool_run *r, struct store_db *db)
{
	struct door *d = arg;
	int rc = pass(d);
	return rc ? rc : d->real->write(d->arg, r, db);
}

void world_tools_hold(struct world *w, bool hold)
{
	struct world_service *s = w->service;
	pthread_mutex_lock(&s->lock);
	s->held = hold;
	pthread_cond_broadcast(&s->go);
	pthread_mutex_unlock(&s->lock);
	w->held = hold;
	world_note(w, hold ? "the tools stand still" : "the tools go on");
	world_run(w, 0);
}

void world_tools_break(struct world *w, bool broken)
{
	struct world_service *s = w->service;
	pthread_mutex_lock(&s->lock);
	s->broken = broken;
	pthread_mutex_unlock(&s->lock);
	world_note(w, broken ? "the shop's system is down" : "the shop's system is back");
}

/* ---- what the company brings ---- */

struct file_list {
	struct arena a;
	struct tool_file v[FILES];
	size_t n;
	bool bad;
};

static int add_file(void *arg, const char *path)
{
	struct file_list *l = arg;
	const char *slash = strrchr(path, '/');
	struct sb b;
	if (!sv_ends(sv_of(path), SV(".yaml")) || strcmp(slash, "/strategy.yaml") == 0)
		return 0;
	sb_init(&b, LIM_CFG_BYTES);
	l->bad |= l->n == FILES || file_read(path, LIM_CFG_BYTES, &b, NULL);
	if (!l->bad)
		l->v[l->n++] = (struct tool_file){ arena_cstr(&l->a, sv_of(slash + 1)),
						   arena_sv(&l->a, sb_sv(&b)) };
	sb_done(&b);
	return 0;
}

static bool tool_known(void *arg, sv name)
{
	return tool_box_find(arg, name) != NULL;
}

static int make(struct world_service *s, int kind, const struct file_list *l,
		struct cfg_report *rep)
{
	struct policy_rules_file r[FILES];
	struct flow_file f[FILES];
	for (size_t i = 0; i < l->n; i++) {
		r[i] = (struct policy_rules_file){ l->v[i].name, l->v[i].yaml };
		f[i] = (struct flow_file){ l->v[i].name, l->v[i].yaml };
	}
	return kind == 0 ? tool_box_new(&s->box, l->v, l->n, rep) :
	       kind == 1 ? policy_rules_new(&s->rules, r, l->n, rep) :
			   flow_set_new(&s->flows, f, l->n, tool_known, s->box, rep);
}

static int read_set(struct world_service *s, int kind, struct err *e)
{
	static const char *const folder[] = { "tools", "policies", "flows" };
	char path[4096];
	struct file_list l = { 0 };
	struct cfg_report rep = { 0 };
	(void)snprintf(path, sizeof(path), "%s/demo/%s", T_SRCDIR, folder[kind]);
	arena_init(&l.a, LIM_ARENA_BIG);
	file_walk(path, add_file, &l);
	int rc = l.bad ? ERR_IO : make(s, kind, &l, &rep);
	if (rc)
		err_set(e, rc, "%s: %s %s", path, rep.n ? rep.v[0].where : "",
			rep.n ? rep.v[0].what : "not readable");
	cfg_report_done(&rep);
	arena_done(&l.a);
	return rc;
}

struct filling {
	struct world_service *s;
	int64_t now_ms;
	struct sb text;
	int rc;
	struct err *e;
};

static int fill_one(struct filling *f, const char *name)
{
	char path[4096];
	(void)snprintf(path, sizeof(path), "%s/demo/%s", T_SRCDIR, name);
	sb_reset(&f->text);
	return file_read(path, 64u << 20, &f->text, f->e);
}

static int fill(void *arg, struct store_db *db)
{
	struct filling *f = arg;
	struct shop_counts n;
	size_t people;
	f->rc = fill_one(f, "customers.jsonl");
	if (f->rc == 0)
		f->rc = cust_import(db, f->s->keys, sb_sv(&f->text), SV("86"), f->now_ms, &people,
				    f->e);
	if (f->rc == 0)
		f->rc = fill_one(f, "products.jsonl");
	if (f->rc == 0)
		f->rc = shop_import(db, SHOP_PRODUCTS, sb_sv(&f->text), "products", &n, f->e);
	if (f->rc == 0)
		f->rc = fill_one(f, "orders.jsonl");
	if (f->rc == 0)
		f->rc = shop_import(db, SHOP_ORDERS, sb_sv(&f->text), "orders", &n, f->e);
	return f->rc;
}

static int import(struct world *w, struct world_service *s, struct err *e)
{
	struct filling f = { .s = s, .now_ms = loop_wall_ms(w->loop), .e = e };
	sb_init(&f.text, 64u << 20);
	int rc = store_write(w->store, fill, &f, NULL, NULL);
	if (rc == 0)
		rc = store_flush(w->store);
	sb_done(&f.text);
	return rc ? rc : f.rc;
}

static int make_desk(struct world_service *s, struct err *e)
{
	char path[4096];
	struct sb b;
	struct cfg_report rep = { 0 };
	sb_init(&b, LIM_CFG_BYTES);
	(void)snprintf(path, sizeof(path), "%s/demo/calendars.yaml", T_SRCDIR);
	int rc = file_read(path, LIM_CFG_BYTES, &b, e);
	if (rc == 0)
		rc = desk_new(&s->desk, sb_sv(&b), "calendars.yaml", NULL, &rep);
	cfg_report_done(&rep);
	sb_done(&b);
	return rc;
}

/* Names and aliases of the catalogue, for the words of customers. */
static int name_products(struct world *w, struct world_service *s, struct err *e)
{
	struct filling f = { .e = e };
	sv rest, line;
	sb_init(&f.text, 64u << 20);
	int rc = fill_one(&f, "products.jsonl");
	w->products = arena_new(&s->a, struct feel_product, 400);
	rest = sb_sv(&f.text);
	while (rc == 0 && w->n_products < 400 && sv_line(&rest, &line)) {
		jv *o = jv_parse(line, NULL);
		struct sb b;
		sb_init(&b, 65536);
		for (int k = 0; k < 2; k++) {
			const char *lang = k ? "zh" : "en";
			const jv *more = jv_get(jv_get(o, "aliases"), lang);
			sb_fmt(&b, "%s" SV_FMT, b.n ? "|" : "",
			       SV_ARG(jv_get_str(jv_get(o, "name"), lang)));
			for (size_t i = 0; i < jv_len(more); i++)
				sb_fmt(&b, "|" SV_FMT, SV_ARG(jv_as_str(jv_at(more, i))));
		}
		if (o)
			w->products[w->n_products++] =
				(struct feel_product){ arena_sv(&s->a, jv_get_str(o, "sku")),
						       arena_sv(&s->a, sb_sv(&b)) };
		sb_done(&b);
		jv_free(o);
	}
	sb_done(&f.text);
	w->catalogue = feel_catalogue_new(w->products, w->n_products);
	return rc;
}

static uint64_t always(void *arg)
{
	return UINT64_C(0x123456789);
}

static int open_kit(struct world *w, struct world_service *s, struct err *e)
{
	const struct {
		const struct tool_ops *ops;
		void *arg;
	} real[SOURCES] = { { &shop_tools, s->shop }, { &cust_tools, &s->cust },
			    { &desk_tools, s->desk } };
	struct tool_kit_opts k = { w->store, s->pool, s->box, s->rules };
	int rc = tool_kit_open(&w->kit, &k, e);
	for (int i = 0; i < SOURCES && rc == 0; i++) {
		struct door *d = &s->door[i];
		*d = (struct door){ .real = real[i].ops, .arg = real[i].arg, .of = s };
		d->ops = (struct tool_ops){ .name = real[i].ops->name, .read = door_read,
					    .write = door_write };
		rc = tool_source_add(w->kit, &d->ops, d);
	}
	return rc;
}

static void service_close(struct world *w)
{
	struct world_service *s = w->service;
	if (!s)
		return;
	tool_kit_close(w->kit);
	w->kit = NULL;
	w->flows = NULL;
	w->box = NULL;
	w->keys = NULL;
	w->pool = NULL;
	feel_catalogue_free(w->catalogue);
	w->catalogue = NULL;
	w->products = NULL;
	w->n_products = 0;
	arena_done(&s->a);
	pool_free(s->pool);
	obj_unref(s->box);
	obj_unref(s->rules);
	obj_unref(s->flows);
	obj_unref(s->keys);
	obj_unref(s->desk);
	shop_close(s->shop);
	pthread_mutex_destroy(&s->lock);
	pthread_cond_destroy(&s->go);
	xfree(s);
	w->service = NULL;
}

static int service_open(struct world *w, struct err *e)
{
	struct world_service *s = xalloc(sizeof(*s));
	jv *company = world_company();
	w->service = s;
	pthread_mutex_init(&s->lock, NULL);
	pthread_cond_init(&s->go, NULL);
	arena_init(&s->a, LIM_ARENA_BIG);
	w->pool = s->pool = pool_new(1, 0);
	int rc = cust_keys_new(&s->keys, key);
	s->cust = (struct cust_tools_arg){ .keys = s->keys, .default_cc = SV("86"),
					   .random = always };
	if (rc == 0)
		rc = shop_open(&s->shop, company, key, e);
	if (rc == 0)
		rc = make_desk(s, e);
	for (int kind = 0; kind < 3 && rc == 0; kind++)
		rc = read_set(s, kind, e);
	if (rc == 0)
		rc = import(w, s, e);
	if (rc == 0)
		rc = name_products(w, s, e);
	if (rc == 0)
		rc = open_kit(w, s, e);
	w->flows = s->flows;
	w->keys = s->keys;
	w->box = s->box;
	jv_free(company);
	return rc;
}

static void let_go(struct world *w)
{
	world_tools_hold(w, false);
}

const struct world_service_ops world_service = { service_open, service_close, let_go };

/* ---- looking ---- */

int world_order(struct world *w, sv number, struct sb *out)
{
	struct store_db *db;
	store_flush(w->store);
	int rc = store_reader(w->store, &db);
	return rc ? rc : shop_order_json(db, number, 1, out);
}

int64_t world_count(struct world *w, const char *sql)
{
	struct store_db *db;
	struct store_stmt *q;
	store_flush(w->store);
	if (store_reader(w->store, &db) || store_prep(db, &q, sql))
		return -1;
	int64_t n = store_step(q) == 1 ? store_col_int(q, 0) : -1;
	store_reset(q);
	return n;
}

static jv *value_of(struct store_stmt *q)
{
	if (store_col_null(q, 0))
		return jv_null();
	return store_col_type(q, 0) == STORE_TEXT ? jv_str(store_col_sv(q, 0)) :
						    jv_num(store_col_num(q, 0));
}

jv *world_column(struct world *w, const char *sql)
{
	struct store_db *db;
	struct store_stmt *q;
	jv *all = jv_arr();
	store_flush(w->store);
	if (store_reader(w->store, &db) || store_prep(db, &q, sql)) {
		world_note(w, "no SQL: %s", sql);
		return all;
	}
	while (store_step(q) == 1)
		jv_push(all, value_of(q));
	store_reset(q);
	return all;
}

struct ticket_edit {
	const struct desk *d;
	sv number, why;
	enum desk_status to;
	int64_t now_ms;
	int rc;
	struct err *e;
};

static int edit_ticket(void *arg, struct store_db *db)
{
	struct ticket_edit *t = arg;
	struct desk_by by = { SV("mei"), TOOL_AGENT, t->now_ms };
	t->rc = desk_state(t->d, db, t->number, t->to, t->why, &by, t->e);
	return t->rc;
}

int world_ticket(struct world *w, sv number, int to, sv why, struct err *e)
{
	struct ticket_edit t = { .d = w->service->desk, .number = number, .why = why,
				 .to = (enum desk_status)to, .now_ms = loop_wall_ms(w->loop),
				 .e = e };
	int rc = store_write(w->store, edit_ticket, &t, NULL, NULL);
	if (rc == 0)
		rc = store_flush(w->store);
	world_note(w, "agent: " SV_FMT " is %s", SV_ARG(number),
		   desk_status_name((enum desk_status)to));
	return rc ? rc : t.rc;
}

struct product_edit {
	sv sku;
	bool price;
	int64_t value;
	int rc;
};

static int edit_product(void *arg, struct store_db *db)
{
	struct product_edit *p = arg;
	struct store_stmt *q;
	p->rc = store_prep(db, &q,
			   p->price ? "UPDATE product SET price_fen=?2 WHERE id=?1" :
				      "UPDATE product SET stock=?2 WHERE id=?1");
	if (p->rc)
		return p->rc;
	store_bind_sv(q, 1, p->sku);
	store_bind_int(q, 2, p->value);
	p->rc = store_step(q);
	p->rc = p->rc < 0 ? p->rc : 0;
	store_reset(q);
	return p->rc;
}

int world_product(struct world *w, sv sku, bool price, double value)
{
	struct product_edit p = { .sku = sku, .price = price, .value = (int64_t)(value + 0.5) };
	int rc = store_write(w->store, edit_product, &p, NULL, NULL);
	if (rc == 0)
		rc = store_flush(w->store);
	return rc ? rc : p.rc;
}
