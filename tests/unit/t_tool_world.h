/* t_tool_world.h: a store in memory, a kit over it, and a source "purse": money in the table
 * kv.
 *
 * get: reads a purse. spend: takes an amount from it (refused without enough, a person decides
 * above 500). note: counts and then refuses, keeping the count. send: spends and sends a
 * message. */
#ifndef CALLM_T_TOOL_WORLD_H
#define CALLM_T_TOOL_WORLD_H

#include "t.h"
#include "tool_int.h"

#define T_NOW 1790000000000ll
#define MAYBE __attribute__((unused))

static const char world_yaml[] =
	"tools:\n"
	"  - name: purse_get\n"
	"    source: purse\n"
	"    op: get\n"
	"    title: {zh: 查余额, en: Look at the purse}\n"
	"    about: {zh: 查余额, en: What is in the purse.}\n"
	"    level: known\n"
	"    say: {done: {zh: \"还有{left}元。\", en: \"There is {left} left.\"}}\n"
	"  - name: purse_spend\n"
	"    source: purse\n"
	"    op: spend\n"
	"    title: {zh: 付款, en: Pay}\n"
	"    about: {zh: 付款, en: Pays from the purse.}\n"
	"    level: known\n"
	"    effect: true\n"
	"    confirm: {zh: \"付{amount}元，还剩{left}元，可以吗？\", en: \"Pay {amount}, "
	"{left} stays?\"}\n"
	"    schema:\n"
	"      type: object\n"
	"      required: [amount]\n"
	"      properties:\n"
	"        amount: {type: number, minimum: 1, maximum: 1000}\n"
	"        to: {type: string, maxLength: 100, personal: true}\n"
	"    say:\n"
	"      done: {zh: \"付好了，单号{number}。\", en: \"Paid, number {number}.\"}\n"
	"      poor: {zh: \"余额不足。\", en: \"Not enough money.\"}\n"
	"  - name: purse_note\n"
	"    source: purse\n"
	"    op: note\n"
	"    title: {zh: 记, en: Note}\n"
	"    about: {zh: 记, en: Counts.}\n"
	"    effect: true\n"
	"    level: nobody\n"
	"  - name: purse_send\n"
	"    source: purse\n"
	"    op: send\n"
	"    title: {zh: 发, en: Send}\n"
	"    about: {zh: 发, en: Spends one and tells it.}\n"
	"    effect: true\n"
	"    level: nobody\n"
	"  - name: purse_far\n"
	"    source: far\n"
	"    title: {zh: 转账, en: Transfer}\n"
	"    about: {zh: 转账, en: Asks another system.}\n"
	"    effect: true\n"
	"    level: nobody\n"
	"    schema: {type: object, properties: {n: {type: integer}}}\n"
	"  - name: purse_close\n"
	"    source: purse\n"
	"    op: send\n"
	"    title: {zh: 关, en: Close}\n"
	"    about: {zh: 关, en: For people only.}\n"
	"    role: supervisor\n";

struct world {
	struct store *st;
	struct pool *pool;
	struct tool_box *box;
	struct tool_kit *kit;
	struct tool_res *r;
	int writes, reads, fars;             /* runs of the source */
	int far_rc;                          /* what the other system does */
	char far_key[80];
};

static int64_t kv_get(struct store_db *db, const char *k)
{
	struct store_stmt *q;
	int64_t v = 0;
	if (store_prep(db, &q, "SELECT v FROM kv WHERE k = ?1"))
		return -1;
	store_bind_sv(q, 1, sv_of(k));
	if (store_step(q) == 1)
		(void)sv_i64(store_col_sv(q, 0), &v);
	store_reset(q);
	return v;
}

static int kv_put(struct store_db *db, const char *k, int64_t v)
{
	struct store_stmt *q;
	char text[32];
	int rc = store_prep(db, &q,
			    "INSERT INTO kv (k, v, updated_ms) VALUES (?1, ?2, 0) "
			    "ON CONFLICT (k) DO UPDATE SET v = excluded.v");
	if (rc)
		return rc;
	(void)snprintf(text, sizeof(text), "%lld", (long long)v);
	store_bind_sv(q, 1, sv_of(k));
	store_bind_sv(q, 2, sv_of(text));
	return store_run(q);
}

static int purse_read(void *arg, struct tool_run *r, struct store_db *db)
{
	struct world *w = arg;
	w->reads++;
	if (strcmp(r->decl->op, "get"))
		return ERR_UNSUPPORTED;
	jv_set_int(r->body, "left", kv_get(db, "purse"));
	return 0;
}

static int purse_spend(struct tool_run *r, struct store_db *db, double amount)
{
	int64_t left = kv_get(db, "purse") - (int64_t)amount;
	char id[27];
	if (left < 0) {
		tool_outcome(r, TOOL_REFUSED, "not enough money");
		tool_say(r, "poor");
		return kv_put(db, "purse", -1);      /* must be taken back */
	}
	jv_set_int(r->body, "left", left);
	if (r->who->role < (amount > 950 ? TOOL_MANAGER : amount > 500 ? TOOL_SUPERVISOR : 0))
		return tool_ask_person(r, db, "pay", amount);
	int rc = kv_put(db, "purse", left);
	id_new(id);
	if (r->confirmed)
		jv_set_str(r->body, "number", sv_of(id));
	return rc ? rc : kv_put(db, "paid", kv_get(db, "paid") + 1);
}

static int purse_write(void *arg, struct tool_run *r, struct store_db *db)
{
	struct world *w = arg;
	w->writes++;
	if (!strcmp(r->decl->op, "note")) {
		tool_outcome(r, TOOL_NOT_FOUND, "nothing there, call 13987654321");
		tool_keep(r);
		return kv_put(db, "notes", kv_get(db, "notes") + 1);
	}
	if (!strcmp(r->decl->op, "send")) {
		jv *m = jv_obj();
		jv_set_str(m, "text", SV("paid"));
		int rc = tool_send(r, db, "sms", m);
		return rc ? rc : purse_spend(r, db, 1);
	}
	return purse_spend(r, db, jv_get_num(r->args, "amount", 0));
}

static int far_remote(void *arg, struct tool_run *r)
{
	struct world *w = arg;
	w->fars++;
	(void)snprintf(w->far_key, sizeof(w->far_key), SV_FMT, SV_ARG(r->key));
	if (!w->far_rc)
		jv_set_str(r->body, "there", SV("yes"));
	return w->far_rc;
}

static const struct tool_ops purse_ops = { "purse", purse_read, purse_write, NULL };
static const struct tool_ops far_ops = { "far", NULL, NULL, far_remote };

MAYBE static int world_fill(void *arg, struct store_db *db)
{
	return kv_put(db, "purse", 1000);
}

MAYBE static void nothing(void *arg, int err)
{
}

MAYBE static bool world_open(struct world *w, const char *dir)
{
	struct store_opts so = { .dir = dir, .group_ms = -1 };
	struct tool_file f = { "tools/purse.yaml", sv_of(world_yaml) };
	struct cfg_report rep = { 0 };
	*w = (struct world){ 0 };
	if (store_open(&w->st, &so, NULL) || tool_box_new(&w->box, &f, 1, &rep))
		return false;
	cfg_report_done(&rep);
	w->pool = pool_new(2, 0);
	struct tool_kit_opts o = { .store = w->st, .pool = w->pool, .box = w->box };
	if (tool_kit_open(&w->kit, &o, NULL) || tool_source_add(w->kit, &purse_ops, w) ||
	    tool_source_add(w->kit, &far_ops, w))
		return false;
	return dir[0] || (!store_write(w->st, world_fill, NULL, NULL, nothing) &&
			  !store_flush(w->st));
}

MAYBE static void world_close(struct world *w)
{
	w->r = obj_unref(w->r);
	tool_kit_close(w->kit);
	pool_free(w->pool);
	store_close(w->st);
	obj_unref(w->box);
}

MAYBE static struct tool_req world_req(const char *name, const char *args)
{
	return (struct tool_req){
		.name = sv_of(name),
		.args = sv_of(args),
		.now_ms = T_NOW,
		.who = { .customer = SV("C-1"), .level = TOOL_KNOWN, .conversation = SV("conv"),
			 .actor = SV("bot"), .lang = SV("en"), .turn = 3 },
	};
}

/* The outcome; the result in w->r until the next call. */
MAYBE static int world_call(struct world *w, const struct tool_req *r)
{
	struct tool_res *res = NULL;
	int rc = tool_call(w->kit, r, &res);
	obj_unref(w->r);
	w->r = res;
	return rc ? rc : (int)res->outcome;
}

MAYBE static int64_t world_kv(struct world *w, const char *k)
{
	struct store_db *db;
	return store_flush(w->st) || store_reader(w->st, &db) ? -1 : kv_get(db, k);
}

/* Of one number. */
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

#endif
