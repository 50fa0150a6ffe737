/* eval_tau_gate.c: the shop of tau-bench behind our own gate (tool.h): its tools are declarations
 * (data/retail_tools.yaml), its functions (eval_retail.c) the source "tau", its state rows of a
 * store in memory.
 *
 * Rows of the benchmark's state have trial ''; what a trial changes is written beside them under
 * its own name and hides them, so trials never meet. A call sees only what it names: the order and
 * its owner, the user, or a part that its declaration names under "all". An order or user of
 * another customer is not looked up at all, so it is "not found" in the same words as one that is
 * not there. A look-up of users that finds one grants the customer. Reads run on a worker, writes
 * on the scribe in the gate's savepoint. A gate is opened and closed by one thread; a visit
 * belongs to the thread that uses it. */
#include "eval_tau.h"

#include <stdio.h>

#define ROWS 100000                  /* of one part */
/* 2024-05-15 15:00 EST: the present of the benchmark's policy. */
#define TAU_NOW_MS 1715803200000ll

extern const struct embed_file eval_pages[];
extern const size_t eval_pages_n;

static const char *const parts[] = { "users", "orders", "products" };

struct eval_gate {
	struct store *st;
	struct pool *pool;
	struct tool_box *box;
	struct tool_kit *kit;
	int trials;
};

/* ---- rows ---- */

static int put_row(struct store_db *db, sv trial, const char *part, sv id, const jv *body)
{
	struct store_stmt *q;
	struct sb text;
	int rc = store_prep(db, &q,
			    "INSERT INTO tau_row (trial, part, id, body) VALUES (?1, ?2, ?3, ?4) "
			    "ON CONFLICT (trial, part, id) DO UPDATE SET body = excluded.body");
	if (rc)
		return rc;
	sb_init(&text, LIM_JSON_BYTES);
	jv_dump(body, &text);
	store_bind_sv(q, 1, trial);
	store_bind_sv(q, 2, sv_of(part));
	store_bind_sv(q, 3, id);
	store_bind_sv(q, 4, sb_sv(&text));
	rc = sb_err(&text);
	if (rc)
		store_reset(q);
	else
		rc = store_run(q);
	sb_done(&text);
	return rc;
}

/* Rows of the part into `into`, the trial's own in the place of those it hides. An empty id: all of
 * them. */
static int load(struct store_db *db, struct arena *a, sv trial, const char *part, sv id, jv *into)
{
	struct store_stmt *q;
	int rc = store_prep(db, &q,
			    "SELECT id, body FROM tau_row WHERE trial IN ('', ?1) AND part = ?2 "
			    "AND (?3 = '' OR id = ?3) ORDER BY trial, id");
	if (rc)
		return rc;
	store_bind_sv(q, 1, trial);
	store_bind_sv(q, 2, sv_of(part));
	store_bind_sv(q, 3, id.p ? id : SV(""));
	for (int n = 0; (rc = store_step(q)) == 1 && n < ROWS; n++) {
		jv *body = jv_parse(store_col_sv(q, 1), NULL);
		char *name = arena_cstr(a, store_col_sv(q, 0));
		if (body && name)
			jv_set(into, name, body);
		else
			jv_free(body);
	}
	store_reset(q);
	return rc < 0 ? rc : 0;
}

/* ---- the source ---- */

static jv *empty_state(void)
{
	jv *s = jv_obj();
	for (int i = 0; i < 3; i++)
		jv_set(s, parts[i], jv_obj());
	return s;
}

/* The order of the customer who asks, with its owner; of anybody else: nothing. */
static int load_order(struct tool_run *r, struct store_db *db, sv id, jv *state)
{
	sv trial = r->who->conversation, owner;
	jv *found = jv_obj();
	int rc = id.n ? load(db, r->arena, trial, "orders", id, found) : 0;
	const jv *o = jv_member(found, id);
	owner = jv_get_str(o, "user_id");
	if (rc == 0 && o && sv_eq(owner, r->who->customer)) {
		jv_set(jv_get(state, "orders"), arena_cstr(r->arena, id), jv_copy(o));
		rc = load(db, r->arena, trial, "users", owner, jv_get(state, "users"));
	}
	jv_free(found);
	return rc;
}

/* What this call may see of the state. */
static int load_state(struct tool_run *r, struct store_db *db, jv *state)
{
	sv user = jv_get_str(r->args, "user_id"), all = jv_get_str(r->decl->with, "all");
	int rc = load_order(r, db, jv_get_str(r->args, "order_id"), state);
	if (rc == 0 && user.n && sv_eq(user, r->who->customer))
		rc = load(db, r->arena, r->who->conversation, "users", user,
			  jv_get(state, "users"));
	for (int i = 0; i < 3 && rc == 0; i++)
		if (sv_eq(all, sv_of(parts[i])))
			rc = load(db, r->arena, r->who->conversation, parts[i], SV_NULL,
				  jv_get(state, parts[i]));
	return rc;
}

static int save_state(struct tool_run *r, struct store_db *db, const jv *before, const jv *state)
{
	int rc = 0;
	for (int i = 0; i < 3; i++) {
		const jv *part = jv_get(state, parts[i]), *old = jv_get(before, parts[i]);
		void *it = NULL;
		sv id;
		jv *v;
		while (rc == 0 && jv_next(part, &it, &id, &v))
			if (!eval_same(jv_member(old, id), v))
				rc = put_row(db, r->who->conversation, parts[i], id, v);
	}
	return rc;
}

static void put_result(struct tool_run *r, sv text)
{
	jv *v = sv_starts(text, SV("{")) ? jv_parse(text, NULL) : NULL;
	jv_set(r->body, "result", v ? v : jv_str(text));
	if (jv_get_bool(r->decl->with, "grant", false))
		tool_grant(r, text, TOOL_KNOWN);
}

static void put_refusal(struct tool_run *r, sv text)
{
	sv why = sv_starts(text, SV("Error: ")) ? sv_slice(text, 7, text.n) : text;
	char *s = arena_cstr(r->arena, why);
	tool_outcome(r, sv_ends(why, SV(" not found")) ? TOOL_NOT_FOUND : TOOL_REFUSED,
		     s ? s : "");
}

static int act(struct tool_run *r, struct store_db *db, bool change)
{
	jv *state = empty_state(), *before = NULL;
	struct sb out;
	sb_init(&out, LIM_SB);
	int rc = load_state(r, db, state);
	if (rc == 0) {
		before = change ? jv_copy(state) : NULL;
		if (eval_retail_call(state, sv_of(r->decl->op), r->args, &out))
			put_refusal(r, sb_sv(&out));
		else
			put_result(r, sb_sv(&out));
		rc = sb_err(&out);
	}
	/* After a refusal the state is as before, and the gate would take it back. */
	if (rc == 0 && change)
		rc = save_state(r, db, before, state);
	sb_done(&out);
	jv_free(before);
	jv_free(state);
	return rc;
}

static int tau_read(void *arg, struct tool_run *r, struct store_db *db)
{
	(void)arg;
	return act(r, db, false);
}

static int tau_write(void *arg, struct tool_run *r, struct store_db *db)
{
	(void)arg;
	return act(r, db, true);
}

static const struct tool_ops tau_ops = { "tau", tau_read, tau_write, NULL };

/* ---- the gate ---- */

static int fill(void *arg, struct store_db *db)
{
	const jv *base = arg;
	int rc = store_exec(db, "CREATE TABLE tau_row (trial TEXT NOT NULL, part TEXT NOT NULL, "
				"id TEXT NOT NULL, body TEXT NOT NULL, "
				"PRIMARY KEY (part, id, trial))");
	for (int i = 0; i < 3; i++) {
		void *it = NULL;
		sv id;
		jv *v;
		while (rc == 0 && jv_next(jv_get(base, parts[i]), &it, &id, &v))
			rc = put_row(db, SV(""), parts[i], id, v);
	}
	return rc;
}

static void filled(void *arg, int err)
{
	(void)arg;
	(void)err;                           /* store_flush tells it */
}

static int open_box(struct tool_box **ret, struct err *e)
{
	const struct embed_file *f = embed_find(eval_pages, eval_pages_n, SV("retail_tools.yaml"));
	struct cfg_report rep = { 0 };
	struct sb b;
	sb_init(&b, LIM_SB);
	int rc = f ? embed_text(f, &b) : ERR_NOTFOUND;
	struct tool_file file = { "retail_tools.yaml", sb_sv(&b) };
	rc = rc ? rc : tool_box_new(ret, &file, 1, &rep);
	if (rc)
		err_set(e, ERR_CORRUPT, "the list of tools is damaged: %s %s",
			rep.n ? rep.v[0].where : "", rep.n ? rep.v[0].what : "");
	cfg_report_done(&rep);
	sb_done(&b);
	return rc;
}

int eval_gate_open(struct eval_gate **ret, const jv *base, struct err *e)
{
	struct eval_gate *g = xalloc(sizeof(*g));
	struct store_opts so = { .dir = "", .group_ms = -1 };
	int rc = open_box(&g->box, e);
	if (rc == 0)
		rc = store_open(&g->st, &so, e);
	if (rc == 0) {
		g->pool = pool_new(1, 0);
		rc = store_write(g->st, fill, (void *)base, NULL, filled);
		rc = rc ? rc : store_flush(g->st);
		if (rc)
			err_set(e, rc, "the shop's data does not fit into a store");
	}
	struct tool_kit_opts o = { .store = g->st, .pool = g->pool, .box = g->box };
	if (rc == 0)
		rc = tool_kit_open(&g->kit, &o, e);
	if (rc == 0)
		rc = tool_source_add(g->kit, &tau_ops, g);
	if (rc)
		eval_gate_close(g);
	else
		*ret = g;
	return rc;
}

void eval_gate_close(struct eval_gate *g)
{
	if (!g)
		return;
	tool_kit_close(g->kit);
	pool_free(g->pool);
	store_close(g->st);
	obj_unref(g->box);
	xfree(g);
}

const struct tool_box *eval_gate_box(const struct eval_gate *g)
{
	return g->box;
}

struct tool_kit *eval_gate_kit(struct eval_gate *g)
{
	return g->kit;
}

struct store *eval_gate_store(struct eval_gate *g)
{
	return g->st;
}

/* ---- a visit ---- */

void eval_visit_begin(struct eval_visit *v, struct eval_gate *g, sv task)
{
	*v = (struct eval_visit){ .gate = g };
	(void)snprintf(v->id, sizeof(v->id), SV_FMT ".%d", SV_ARG(sv_slice(task, 0, 24)),
		       ++g->trials);
}

void eval_visit_req(struct eval_visit *v, sv name, sv args, struct tool_req *r)
{
	v->n++;
	(void)snprintf(v->key, sizeof(v->key), "%s/%d", v->id, v->n);
	*r = (struct tool_req){
		.name = name,
		.args = args,
		.key = sv_of(v->key),
		.now_ms = TAU_NOW_MS + v->n,
		.who = { .customer = sv_of(v->customer), .level = v->level,
			 .conversation = sv_of(v->id), .turn = v->n, .actor = SV("bot"),
			 .channel = SV("webchat"), .lang = SV("en") },
	};
}

void eval_visit_took(struct eval_visit *v, const struct tool_res *res)
{
	if (res->outcome != TOOL_DONE || !res->grant_customer.n ||
	    res->grant_customer.n >= sizeof(v->customer))
		return;
	(void)snprintf(v->customer, sizeof(v->customer), SV_FMT, SV_ARG(res->grant_customer));
	v->level = res->grant_level;
}

void eval_visit_answer(const struct tool_res *res, struct sb *out)
{
	const jv *v = jv_get(res->body, "result");
	sb_reset(out);
	if (res->outcome != TOOL_DONE)
		sb_fmt(out, "Error: " SV_FMT, SV_ARG(res->why));
	else if (jv_is_str(v))
		sb_put(out, jv_as_str(v));
	else
		jv_dump(v, out);
}

jv *eval_visit_state(const struct eval_visit *v)
{
	struct store_db *db;
	struct arena a;
	jv *state = empty_state();
	int rc = store_flush(v->gate->st);
	arena_init(&a, LIM_ARENA_BIG);
	rc = rc ? rc : store_reader(v->gate->st, &db);
	for (int i = 0; i < 3 && rc == 0; i++)
		rc = load(db, &a, sv_of(v->id), parts[i], SV_NULL, jv_get(state, parts[i]));
	arena_done(&a);
	if (rc) {
		jv_free(state);
		return NULL;
	}
	return state;
}
