/* app_service.c: tools, tables, flows and what they work on, put together.
 *
 * Opened on the main thread before the shards. Sets of declarations, tables and flows are
 * immutable objects; app_service_apply builds a whole new set with one text replaced and hands
 * it over, so that a fault leaves everything as it was. Messages of the outbox go to the mail
 * server and providers of the configuration; those that nobody carries are written to
 * DATA/messages. */
#include "app_service.h"

#include "app_company.h"
#include "app_int.h"
#include "cust.h"
#include "desk.h"
#include "feel.h"
#include "flow.h"
#include "guard.h"
#include "policy_rules.h"
#include "shop.h"
#include "talk.h"
#include "tool.h"

#include <stdatomic.h>
#include <stdio.h>

#define DESK_EVERY_S 5
#define FORGET_EVERY_S 60
#define DAY_MS INT64_C(86400000)
enum kind { KIND_TOOL, KIND_RULES, KIND_FLOW, KINDS };
static const struct {
	const char *kind, *folder;
} kinds[KINDS] = {
	[KIND_TOOL] = { "tool", "tools" },
	[KIND_RULES] = { "rules", "policies" },
	[KIND_FLOW] = { "flow", "flows" },
};

struct app_service {
	struct store *store;
	struct pool *pool;
	char data[4096];
	struct app_company company;
	struct app_texts texts[KINDS];
	struct tool_box *box;
	struct policy_rules *rules;
	struct flow_set *flows;
	struct snap *flows_now;      /* the same, for other threads */
	struct talk_hub *hub;
	struct tool_kit *kit;
	struct tool_far *far;            /* other systems that tools ask */
	struct tool_post *post;          /* who carries messages out */
	struct cust_keys *keys;
	struct cust_tools_arg cust;
	struct shop *shop;
	struct desk *desk;
	struct feel_catalogue *names;        /* of products */
	unsigned char key[GUARD_KEY];
	int64_t keep_ms;                     /* results of calls; 0 = for ever */
	char forgot[TOOL_FORGET];            /* on the scribe: so far they were looked at */
	_Atomic bool sending, minding, forgetting;
	bool stopped;
	int ticks;
};

/* ---- sets ---- */

static int kind_of(sv kind)
{
	for (int i = 0; i < KINDS; i++)
		if (sv_eq(kind, sv_of(kinds[i].kind)))
			return i;
	return -1;
}

/* strategy.yaml is another kind of table (policy_table.h). */
static bool ours(int kind, const struct app_text *t)
{
	return kind != KIND_RULES || strcmp(t->id, "strategy") != 0;
}

struct parts {                       /* of one set: names, texts, versions */
	struct tool_file *v;
	int *versions;
	size_t n;
};

/* text, of that version, in place of id's own; id empty = none */
static struct parts parts_of(const struct app_service *s, int kind, sv id, sv text, int version)
{
	const struct app_texts *t = &s->texts[kind];
	struct parts p = { xalloc(sizeof(*p.v) * (t->n + 1)),
			   xalloc(sizeof(*p.versions) * (t->n + 1)), 0 };
	bool placed = id.n == 0;
	for (size_t i = 0; i < t->n; i++) {
		bool this_one = id.n && sv_eq(id, sv_of(t->v[i].id));
		if (!ours(kind, &t->v[i]))
			continue;
		placed |= this_one;
		p.versions[p.n] = this_one ? version : t->v[i].version;
		p.v[p.n++] = (struct tool_file){ t->v[i].name,
						 this_one ? text : sv_of(t->v[i].text) };
	}
	if (!placed) {
		p.versions[p.n] = version;
		p.v[p.n++] = (struct tool_file){ "new.yaml", text };
	}
	return p;
}

static bool tool_known(void *arg, sv name)
{
	return tool_box_find(arg, name) != NULL;
}

/* Names and texts as each kind of set takes them. */
static int make_set(const struct app_service *s, int kind, const struct parts *p, void **ret,
		    struct cfg_report *rep)
{
	if (kind == KIND_TOOL)
		return tool_box_new((struct tool_box **)ret, p->v, p->n, rep);
	if (kind == KIND_RULES) {
		struct policy_rules_file *f = xalloc(sizeof(*f) * (p->n + 1));
		for (size_t i = 0; i < p->n; i++)
			f[i] = (struct policy_rules_file){ p->v[i].name, p->v[i].yaml,
							   p->versions[i] };
		int rc = policy_rules_new((struct policy_rules **)ret, f, p->n, rep);
		xfree(f);
		return rc;
	}
	struct flow_file *f = xalloc(sizeof(*f) * (p->n + 1));
	for (size_t i = 0; i < p->n; i++)
		f[i] = (struct flow_file){ p->v[i].name, p->v[i].yaml };
	int rc = flow_set_new((struct flow_set **)ret, f, p->n, tool_known, s->box, rep);
	xfree(f);
	return rc;
}

static int build_with(const struct app_service *s, int kind, const struct app_text *x, void **ret,
		      struct cfg_report *rep)
{
	struct parts p = parts_of(s, kind, sv_of(x->id), sv_of(x->text), x->version);
	int rc = make_set(s, kind, &p, ret, rep);
	xfree(p.v);
	xfree(p.versions);
	return rc;
}

static int build(const struct app_service *s, int kind, void **ret, struct cfg_report *rep)
{
	const struct app_text none = { 0 };
	return build_with(s, kind, &none, ret, rep);
}

static void drop_sets(struct app_service *s)
{
	s->box = obj_unref(s->box);
	s->rules = obj_unref(s->rules);
	s->flows = obj_unref(s->flows);
}

static int build_all(struct app_service *s, struct err *e)
{
	struct cfg_report rep = { 0 };
	int rc = build(s, KIND_TOOL, (void **)&s->box, &rep);
	if (rc == 0)
		rc = build(s, KIND_RULES, (void **)&s->rules, &rep);
	if (rc == 0)
		rc = build(s, KIND_FLOW, (void **)&s->flows, &rep);
	if (rc && rep.n)
		err_set(e, rc, "%s: %s; %s", rep.v[0].where, rep.v[0].what, rep.v[0].mend);
	cfg_report_done(&rep);
	return rc;
}

/* ---- texts ---- */

static int read_published(struct app_service *s, struct store_db *db, int kind)
{
	struct store_stmt *q;
	int rc = store_prep(db, &q,
			    "SELECT id, text, version FROM document WHERE kind=?1 AND "
			    "state='published'");
	if (rc)
		return rc;
	store_bind_sv(q, 1, sv_of(kinds[kind].kind));
	while ((rc = store_step(q)) == 1)
		app_texts_put(&s->texts[kind], store_col_sv(q, 0), store_col_sv(q, 1),
			      (int)store_col_int(q, 2));
	store_reset(q);
	return rc;
}

static int read_texts(struct app_service *s, bool published, struct err *e)
{
	struct store_db *db;
	int rc = store_reader(s->store, &db);
	for (int k = 0; k < KINDS && rc == 0; k++) {
		app_texts_done(&s->texts[k]);
		rc = app_company_texts(&s->company, kinds[k].folder, &s->texts[k], e);
		if (rc == 0 && published)
			rc = read_published(s, db, k);
	}
	return rc;
}

/* The company's texts with what was published over them. When that does not fit together any
 * more (another version of the program, a file that changed) the company's own alone is used,
 * and said. */
static int open_texts(struct app_service *s, struct err *e)
{
	int rc = read_texts(s, true, e);
	if (rc == 0)
		rc = build_all(s, e);
	if (rc != ERR_INVAL)
		return rc;
	LOG(WARN, "service.unfit", "published texts are left out: %s", e->msg);
	*e = (struct err){ 0 };
	drop_sets(s);
	rc = read_texts(s, false, e);
	return rc ? rc : build_all(s, e);
}

/* ---- what a company brings along ---- */

struct import {
	struct app_service *s;
	struct sb products, orders, customers;
	int rc;
	struct err e;
};

static int import_write(void *arg, struct store_db *db)
{
	struct import *m = arg;
	struct shop_counts n;
	size_t people;
	m->rc = cust_import(db, m->s->keys, sb_sv(&m->customers), m->s->cust.default_cc,
			    clk_wall_ms(), &people, &m->e);
	if (m->rc == 0)
		m->rc = shop_import(db, SHOP_PRODUCTS, sb_sv(&m->products), "products.jsonl", &n,
				    &m->e);
	if (m->rc == 0)
		m->rc = shop_import(db, SHOP_ORDERS, sb_sv(&m->orders), "orders.jsonl", &n, &m->e);
	return m->rc;
}

static int import_file(struct app_service *s, const char *name, struct sb *b, struct err *e)
{
	sb_init(b, 256u << 20);
	int rc = app_company_file(&s->company, name, b, e);
	return rc == ERR_NOTFOUND ? 0 : rc;
}

static int import_all(struct app_service *s, struct err *e)
{
	struct import m = { .s = s };
	int rc = import_file(s, "products.jsonl", &m.products, e);
	if (rc == 0)
		rc = import_file(s, "orders.jsonl", &m.orders, e);
	if (rc == 0)
		rc = import_file(s, "customers.jsonl", &m.customers, e);
	if (rc == 0)
		rc = store_write(s->store, import_write, &m, NULL, NULL);
	if (rc == 0)
		rc = store_flush(s->store);
	if (rc == 0 && m.rc) {
		rc = m.rc;
		*e = m.e;
	}
	sb_done(&m.products);
	sb_done(&m.orders);
	sb_done(&m.customers);
	return rc;
}

/* ---- open ---- */

static uint64_t secure(void *arg)
{
	uint64_t x;
	rng_secure(&x, sizeof(x));
	return x;
}

static int open_names(struct app_service *s, struct err *e)
{
	struct sb b;
	sb_init(&b, 256u << 20);
	int rc = app_company_file(&s->company, "products.jsonl", &b, e);
	if (rc == 0)
		rc = app_catalogue_read(sb_sv(&b), "products.jsonl", &s->names, e);
	sb_done(&b);
	return rc == ERR_NOTFOUND ? 0 : rc;
}

static int open_key(struct app_service *s, struct err *e)
{
	char path[4200];
	(void)snprintf(path, sizeof(path), "%s/data.key", s->data);
	int rc = guard_key(path, true, s->key, e);
	return rc ? rc : cust_keys_new(&s->keys, s->key);
}

static int open_desk(struct app_service *s, const jv *company, struct err *e)
{
	struct desk_home home = { jv_get_str(company, "currency"),
				  jv_get_str(company, "timezone") };
	struct sb b;
	struct cfg_report rep = { 0 };
	sb_init(&b, 4u << 20);
	/* Opening times and promises of its own come later. */
	int rc = app_company_file_or_own(&s->company, "calendars.yaml", &b, e);
	if (rc == 0)
		rc = desk_new(&s->desk, sb_sv(&b), "calendars.yaml", &home, &rep);
	if (rc && rep.n)
		err_set(e, rc, "%s: %s; %s", rep.v[0].where, rep.v[0].what, rep.v[0].mend);
	cfg_report_done(&rep);
	sb_done(&b);
	return rc;
}

static int open_kit(struct app_service *s, struct err *e)
{
	struct tool_kit_opts k = { s->store, s->pool, s->box, s->rules };
	int rc = tool_kit_open(&s->kit, &k, e);
	if (rc == 0)
		rc = tool_source_add(s->kit, &shop_tools, s->shop);
	if (rc == 0)
		rc = tool_source_add(s->kit, &cust_tools, &s->cust);
	if (rc == 0)
		rc = tool_source_add(s->kit, &desk_tools, s->desk);
	return rc;
}

static int open_far(struct app_service *s, const jv *cfg, struct err *e)
{
	char pins[4200];
	(void)snprintf(pins, sizeof(pins), "%s/mcp-pins.json", s->data);
	int rc = tool_far_open(&s->far, cfg, pins, e);
	if (rc == 0)
		rc = tool_source_add(s->kit, &tool_http, s->far);
	if (rc == 0)
		rc = tool_source_add(s->kit, &tool_mcp, s->far);
	if (rc == 0)
		rc = tool_source_add(s->kit, &tool_sql, s->far);
	return rc;
}

int app_service_open(struct app_service **ret, const struct app_service_opts *o, struct err *e)
{
	struct app_service *s = xalloc(sizeof(*s));
	sv cc = jv_get_str(o->company, "country_code");
	s->store = o->store;
	s->pool = o->pool;
	s->keep_ms = DAY_MS * jv_as_int(jv_path(o->cfg, "retention.tool_results_days"), 90);
	(void)snprintf(s->data, sizeof(s->data), "%s", o->data);
	app_company_open(&s->company, jv_get_str(o->cfg, "company"));
	int rc = open_key(s, e);
	s->cust = (struct cust_tools_arg){ .keys = s->keys,
					   .default_cc = cc.n ? cc : SV("86"),
					   .random = secure };
	if (rc == 0)
		rc = shop_open(&s->shop, o->company, s->key, e);
	if (rc == 0)
		rc = open_desk(s, o->company, e);
	if (rc == 0)
		rc = import_all(s, e);
	if (rc == 0)
		rc = open_names(s, e);
	if (rc == 0)
		rc = open_texts(s, e);
	if (rc == 0)
		rc = open_kit(s, e);
	s->flows_now = snap_new(obj_ref(s->flows));
	if (rc == 0)
		rc = open_far(s, o->cfg, e);
	if (rc == 0)
		rc = tool_post_open(&s->post, o->cfg, e);
	if (rc) {
		if (!e->msg[0])
			err_set(e, rc, "service cannot start: %s", err_text(rc));
		app_service_close(s);
		return rc;
	}
	*ret = s;
	return 0;
}

void app_service_check(sv company_file, struct cfg_report *rep)
{
	struct app_service s = { 0 };
	struct desk *desk = NULL;
	struct sb b;
	struct err e = { 0 };
	app_company_open(&s.company, company_file);
	sb_init(&b, 4u << 20);
	for (int k = 0; k < KINDS; k++)
		(void)app_company_texts(&s.company, kinds[k].folder, &s.texts[k], &e);
	(void)build(&s, KIND_TOOL, (void **)&s.box, rep);
	(void)build(&s, KIND_RULES, (void **)&s.rules, rep);
	if (s.box) /* else each call would be one more fault */
		(void)build(&s, KIND_FLOW, (void **)&s.flows, rep);
	if (app_company_file(&s.company, "calendars.yaml", &b, &e) == 0)
		(void)desk_new(&desk, sb_sv(&b), "calendars.yaml", NULL, rep);
	sb_done(&b);
	obj_unref(desk);
	obj_unref(s.box);
	obj_unref(s.rules);
	obj_unref(s.flows);
	for (int k = 0; k < KINDS; k++)
		app_texts_done(&s.texts[k]);
}

struct tool_kit *app_service_kit(const struct app_service *s)
{
	return s->kit;
}

struct flow_set *app_service_flows(const struct app_service *s)
{
	return s->flows;
}

struct flow_set *app_service_flows_now(const struct app_service *s)
{
	return snap_get(s->flows_now);
}

struct policy_rules *app_service_rules_now(void *arg)
{
	struct app_service *s = arg;
	return tool_kit_rules_now(s->kit);
}

struct cust_keys *app_service_keys(const struct app_service *s)
{
	return s->keys;
}

const struct feel_catalogue *app_service_products(const struct app_service *s)
{
	return s->names;
}

const struct desk *app_service_desk(const struct app_service *s)
{
	return s->desk;
}

void app_service_hub(struct app_service *s, struct talk_hub *hub)
{
	s->hub = hub;
}

/* ---- editing ---- */

static void hand_over(struct app_service *s, int kind, void *made)
{
	if (kind == KIND_TOOL) {
		tool_kit_box(s->kit, made);
		obj_unref(s->box);
		s->box = made;
	} else if (kind == KIND_RULES) {
		tool_kit_rules(s->kit, made);
		obj_unref(s->rules);
		s->rules = made;
	} else {
		if (s->hub)
			talk_hub_flows(s->hub, obj_ref(made));
		snap_publish(s->flows_now, obj_ref(made));
		obj_unref(s->flows);
		s->flows = made;
	}
}

/* Do the flows still find their tools? */
static int flows_fit(const struct app_service *s, struct tool_box *box, struct cfg_report *rep)
{
	struct app_service with = *s;
	void *flows = NULL;
	with.box = box;
	int rc = build(&with, KIND_FLOW, &flows, rep);
	obj_unref(flows);
	return rc;
}

/* Of the version that is published, which decisions by it will name; 0: the company's own. */
static int version_of(const struct app_service *s, sv kind, sv id)
{
	struct store_db *db;
	struct store_stmt *q;
	int n = 0;
	if (store_reader(s->store, &db) ||
	    store_prep(db, &q, "SELECT version FROM document WHERE kind=?1 AND id=?2 AND "
			       "state='published'"))
		return 0;
	store_bind_sv(q, 1, kind);
	store_bind_sv(q, 2, id);
	if (store_step(q) == 1)
		n = (int)store_col_int(q, 0);
	store_reset(q);
	return n;
}

int app_service_apply(struct app_service *s, sv kind, sv id, sv text, bool test,
		      struct cfg_report *rep)
{
	int k = kind_of(kind);
	void *made = NULL;
	struct app_text x = { .id = xstrdup(id), .text = xstrdup(text),
			      .version = test ? 0 : version_of(s, kind, id) };
	int rc = k < 0 ? ERR_NOTFOUND : build_with(s, k, &x, &made, rep);
	xfree(x.id);
	xfree(x.text);
	if (rc == 0 && k == KIND_TOOL)
		rc = flows_fit(s, made, rep);
	if (rc || test) {
		obj_unref(made);
		return rc;
	}
	app_texts_put(&s->texts[k], id, text, x.version);
	hand_over(s, k, made);
	return 0;
}

int app_service_text(const struct app_service *s, sv kind, sv id, struct sb *out)
{
	int k = kind_of(kind);
	for (size_t i = 0; k >= 0 && i < s->texts[k].n; i++)
		if (sv_eq(id, sv_of(s->texts[k].v[i].id))) {
			sb_cstr(out, s->texts[k].v[i].text);
			return 0;
		}
	return ERR_NOTFOUND;
}

void app_service_list(const struct app_service *s, sv kind, void (*fn)(void *arg, sv id), void *arg)
{
	int k = kind_of(kind);
	for (size_t i = 0; k >= 0 && i < s->texts[k].n; i++)
		if (ours(k, &s->texts[k].v[i]))
			fn(arg, sv_of(s->texts[k].v[i].id));
}

/* ---- the clock ---- */

/* What a provider would be given: where a message goes and what it says. Others as they are. */
static int message_text(const struct app_service *s, sv kind, const jv *body, struct sb *out)
{
	struct store_db *db;
	struct arena a;
	sv to, text;
	if (!sv_eq(kind, SV("sms")) && !sv_eq(kind, SV("email"))) {
		jv_dump(body, out);
		return 0;
	}
	arena_init(&a, LIM_ARENA_TURN);
	int rc = store_reader(s->store, &db);
	if (rc == 0)
		rc = cust_message(db, s->keys, kind, body, &a, &to, &text);
	sb_cstr(out, "{\"to\":");
	sb_json(out, rc ? SV("") : to);
	sb_cstr(out, ",\"text\":");
	sb_json(out, rc ? SV("") : text);
	sb_ch(out, '}');
	arena_done(&a);
	return rc;
}

/* One file a message. */
static int to_file(const struct app_service *s, sv id, sv kind, const jv *body)
{
	char path[4400];
	struct sb b;
	struct err e = { 0 };
	(void)snprintf(path, sizeof(path), "%s/messages", s->data);
	int rc = file_mkdirs(path, &e);
	(void)snprintf(path, sizeof(path), "%s/messages/" SV_FMT "-" SV_FMT ".json", s->data,
		       SV_ARG(id), SV_ARG(kind));
	sb_init(&b, 1u << 20);
	int told = message_text(s, kind, body, &b);
	if (rc == 0 && told == 0)
		rc = file_write(path, sb_sv(&b), &e);
	sb_done(&b);
	/* who has no address gets no message: that does not change by waiting */
	return told == ERR_NOTFOUND || told == ERR_DENIED ? told : rc || told ? ERR_IO : 0;
}

struct paying {
	const jv *body;
	int rc;
};

static int paid_write(void *arg, struct store_db *db)
{
	struct paying *p = arg;
	return p->rc = shop_refund_paid(db, p->body, clk_wall_ms());
}

/* To who is configured to carry it: where it goes and what it says. */
static int to_provider(const struct app_service *s, sv id, sv kind, const jv *body)
{
	struct store_db *db;
	struct arena a;
	struct err e = { 0 };
	sv to, text;
	if (sv_eq(kind, SV("pay")))
		return tool_post_send(s->post, id, kind, body, &e);
	arena_init(&a, LIM_ARENA_TURN);
	int rc = store_reader(s->store, &db);
	if (rc == 0)
		rc = cust_message(db, s->keys, kind, body, &a, &to, &text);
	if (rc == 0) {
		jv *m = jv_obj();
		jv_set_str(m, "to", to);
		jv_set_str(m, "text", text);
		jv_set_str(m, "lang", jv_get_str(body, "lang"));
		rc = tool_post_send(s->post, id, kind, m, &e);
		jv_free(m);
	}
	arena_done(&a);
	if (rc)
		LOG(WARN, "outbox.send", "id=" SV_FMT " kind=" SV_FMT " why=%s", SV_ARG(id),
		    SV_ARG(kind), e.msg[0] ? e.msg : err_text(rc));
	return rc;
}

/* What the payment system took is paid. When that cannot be written down the payment is ordered
 * once more, under its number. */
static int send_one(void *arg, sv id, sv kind, const jv *body)
{
	const struct app_service *s = arg;
	struct paying p = { body, ERR_IO };
	int rc = tool_post_has(s->post, kind) ? to_provider(s, id, kind, body) :
						to_file(s, id, kind, body);
	if (rc || !sv_eq(kind, SV("pay")))
		return rc;
	if (store_write(s->store, paid_write, &p, NULL, NULL) || store_flush(s->store) || p.rc)
		return ERR_IO;
	return 0;
}

static void send_job(void *arg)
{
	struct app_service *s = arg;
	size_t n;
	(void)tool_outbox_run(s->kit, send_one, s, &n);
	s->sending = false;
}

static int mind_write(void *arg, struct store_db *db)
{
	struct app_service *s = arg;
	struct desk_did did;
	struct policy_rules *rules = tool_kit_rules_now(s->kit);
	int rc = desk_tick(s->desk, db, rules, clk_wall_ms(), &did);
	obj_unref(rules);
	return rc;
}

static void mind_done(void *arg, int err)
{
	struct app_service *s = arg;
	s->minding = false;
}

/* Results of calls that nobody asks for again. */
static int forget_write(void *arg, struct store_db *db)
{
	struct app_service *s = arg;
	return tool_forget(db, clk_wall_ms() - s->keep_ms, s->forgot);
}

static void forget_done(void *arg, int err)
{
	struct app_service *s = arg;
	s->forgetting = false;
}

static void forget(struct app_service *s)
{
	if (!s->keep_ms || s->forgetting || s->ticks % FORGET_EVERY_S)
		return;
	s->forgetting = true;
	if (store_write(s->store, forget_write, s, NULL, forget_done))
		s->forgetting = false;
}

void app_service_tick(struct app_service *s)
{
	if (s->stopped)
		return;
	if (!s->sending) {
		s->sending = true;
		if (pool_submit(s->pool, send_job, s, NULL, NULL))
			s->sending = false;
	}
	forget(s);
	if (s->ticks++ % DESK_EVERY_S == 0 && !s->minding) {
		s->minding = true;
		if (store_write(s->store, mind_write, s, NULL, mind_done))
			s->minding = false;
	}
}

/* ---- down ---- */

void app_service_stop(struct app_service *s)
{
	if (s)
		s->stopped = true;
}

void app_service_close(struct app_service *s)
{
	if (!s)
		return;
	if (s->minding || s->forgetting)     /* the clock's last look waits for the scribe */
		(void)store_flush(s->store);
	tool_kit_close(s->kit);
	tool_far_close(s->far);
	tool_post_close(s->post);
	obj_unref(s->box);
	obj_unref(s->rules);
	obj_unref(s->flows);
	snap_free(s->flows_now);
	obj_unref(s->desk);
	shop_close(s->shop);
	feel_catalogue_free(s->names);
	obj_unref(s->keys);
	for (int k = 0; k < KINDS; k++)
		app_texts_done(&s->texts[k]);
	memset(s->key, 0, sizeof(s->key));
	xfree(s);
}
