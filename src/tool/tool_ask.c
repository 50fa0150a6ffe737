/* tool_ask.c: what is beyond the caller's authority waits for a person.
 *
 * The row holds the call as it would be made. A yes makes that very call with the role of who
 * says it and the key it came with: decision and effect are one transaction, and whoever asks
 * again under the key gets the new result. A no becomes the result of the key too. When the
 * call is refused or fails after all (the parcel has gone meanwhile) the row goes on waiting.
 */
#include "tool_int.h"

#include <stdio.h>

/* A row that waits; request is the call as it would be made, under key. */
struct question {
	const char *id, *what;
	sv name, key;
	double amount;
	const jv *request;
};

static int put_question(struct tool_run *r, struct store_db *db, const struct question *x)
{
	const struct tool_who *who = r->who;
	struct store_stmt *q;
	struct sb text;
	int rc = store_prep(
		db, &q,
		"INSERT INTO tool_approval (id, name, what, amount, k, request, customer, "
		"conversation, actor, made_ms) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, "
		"?9, ?10)");
	if (rc)
		return rc;
	sb_init(&text, LIM_JSON_BYTES);
	jv_dump(x->request, &text);
	store_bind_sv(q, 1, sv_of(x->id));
	store_bind_sv(q, 2, x->name);
	store_bind_sv(q, 3, sv_of(x->what));
	store_bind_num(q, 4, x->amount);
	store_bind_sv(q, 5, x->key);
	store_bind_sv(q, 6, sb_sv(&text));
	store_bind_sv(q, 7, who->customer.p ? who->customer : SV(""));
	store_bind_sv(q, 8, who->conversation.p ? who->conversation : SV(""));
	store_bind_sv(q, 9, who->actor.p ? who->actor : SV(""));
	store_bind_int(q, 10, r->now_ms);
	rc = sb_err(&text);
	if (rc)
		store_reset(q);
	else
		rc = store_run(q);
	sb_done(&text);
	return rc;
}

int tool_ask_person(struct tool_run *r, struct store_db *db, const char *what, double amount)
{
	struct tool_work *w = r->put->work;
	char id[27];
	tool_outcome(r, TOOL_APPROVE,
		     w->approval.n ? "above the authority of who decides" : "a person decides");
	if (!r->confirmed || w->approval.n)  /* its row waits on, for somebody who may */
		return 0;
	id_new(id);
	jv *o = tool_request_json(w);
	struct question x = { id, what, w->req.name, w->req.key, amount, o };
	int rc = put_question(r, db, &x);
	jv_free(o);
	jv_set_str(r->body, "approval", sv_of(id));
	return rc;
}

/* Its key is the row's own id: whoever is asked again about the whole call asks no second time, for
 * that call's key gives its first result. */
int tool_ask_for(struct tool_run *r, struct store_db *db, const char *tool, jv *args,
		 const char *what, double amount)
{
	struct tool_work *w = r->put->work;
	char id[27];
	bool there = tool_box_find(w->box, sv_of(tool)) != NULL;
	if (!there || !r->confirmed) {
		jv_free(args);
		return there ? 0 : ERR_NOTFOUND;
	}
	id_new(id);
	jv *o = tool_request_json(w);
	jv_set_str(o, "tool", sv_of(tool));
	jv_set(o, "args", args);
	struct question x = { id, what, sv_of(tool), sv_of(id), amount, o };
	int rc = put_question(r, db, &x);
	jv_free(o);
	jv_set_str(r->body, "approval", sv_of(id));
	return rc;
}

/* ---- the decision ---- */

struct decision {
	struct tool_kit *k;
	sv id, by, note;
	bool yes;
	int64_t now_ms;
	struct tool_work *w;
};

static int decide(struct store_db *db, const struct decision *d)
{
	struct store_stmt *q;
	int rc = store_prep(db, &q,
			    "UPDATE tool_approval SET state = ?2, decided_ms = ?3, by_login = ?4, "
			    "note = ?5 WHERE id = ?1 AND state = 'waiting'");
	if (rc)
		return rc;
	store_bind_sv(q, 1, d->id);
	store_bind_sv(q, 2, d->yes ? SV("yes") : SV("no"));
	store_bind_int(q, 3, d->now_ms);
	store_bind_sv(q, 4, d->by);
	store_bind_sv(q, 5, d->note.p ? d->note : SV(""));
	rc = store_run(q);
	return rc ? rc : store_changes(db) == 1 ? 0 : ERR_STATE;
}

int tool_approval_take(struct tool_work *w, struct store_db *db)
{
	struct decision d = { .id = w->approval, .by = w->by, .note = w->note, .yes = true,
			      .now_ms = w->req.now_ms };
	return decide(db, &d);
}

static int say_no(void *arg, struct store_db *db)    /* on the scribe */
{
	struct decision *d = arg;
	struct tool_work *w = d->w;
	struct store_event ev = { 0 };
	struct sb body;
	int rc = decide(db, d);
	if (rc)
		return rc;
	tool_run_begin(w, true);
	tool_outcome(&w->run, TOOL_REFUSED, "a person has said no");
	jv_set_str(w->run.body, "approval", d->id);
	rc = tool_keep_put(w, db);
	sb_init(&body, LIM_JSON_BYTES);
	tool_row(w, &ev, &body);
	if (!rc)
		rc = sb_err(&body) ? sb_err(&body) : store_event_put(db, &ev);
	sb_done(&body);
	return rc;
}

/* The call behind an approval that still waits. */
static int load(struct decision *d)
{
	struct store_db *db;
	struct store_stmt *q;
	int rc = store_reader(d->k->store, &db);
	if (!rc)
		rc = store_prep(db, &q,
				"SELECT state, k, request FROM tool_approval WHERE id = ?1");
	if (rc)
		return rc;
	store_bind_sv(q, 1, d->id);
	rc = store_step(q);
	if (rc != 1)
		rc = rc ? rc : ERR_NOTFOUND;
	else
		rc = sv_eq(store_col_sv(q, 0), SV("waiting")) ? 0 : ERR_STATE;
	jv *o = rc ? NULL : jv_parse(store_col_sv(q, 2), NULL);
	if (o)
		d->w = tool_request_work(d->k, o, store_col_sv(q, 1));
	else if (!rc)
		rc = ERR_CORRUPT;
	jv_free(o);
	store_reset(q);
	return rc;
}

/* A no needs no gate: it may be said of a tool that is gone, or that is declared otherwise now. */
static int refuse(struct decision *d, struct tool_res **ret)
{
	struct tool_work *w = d->w;
	int rc = tool_kit_enter(d->k);
	if (!rc) {
		w->run.body = jv_obj();
		tool_gate_look(w);
		rc = tool_kit_write(d->k, say_no, d);
		if (!rc)
			*ret = tool_res_new(w);
		tool_kit_leave(d->k);
	}
	tool_work_free(w);
	return rc;
}

int tool_approve(struct tool_kit *k, sv id, bool yes, enum tool_role role, sv by, sv note,
		 int64_t now_ms, struct tool_res **ret)
{
	struct decision d = { .k = k, .id = id, .by = by, .note = note, .yes = yes,
			      .now_ms = now_ms };
	int rc = load(&d);
	if (rc)
		return rc;
	struct tool_work *w = d.w;
	w->approval = arena_sv(&w->a, id);
	w->by = arena_sv(&w->a, by);
	w->note = arena_sv(&w->a, note);
	w->req.now_ms = now_ms;
	if (!yes)
		return refuse(&d, ret);
	role = role < TOOL_SUPERVISOR ? TOOL_SUPERVISOR : role;
	if (w->req.who.role < role)
		w->req.who.role = role;
	return tool_work_wait(w, ret);
}

/* ---- the list ---- */

static jv *approval_json(const struct tool_box *box, struct store_stmt *q)
{
	static const char *const names[] = { "id",	 "state",	 "tool",  "what",
					     "customer", "conversation", "actor", "by",
					     "note" };
	const struct tool_decl *d = tool_box_find(box, store_col_sv(q, 2));
	jv *o = jv_obj(), *title = jv_obj(), *req = jv_parse(store_col_sv(q, 12), NULL);
	for (int i = 0; i < 9; i++)
		jv_set_str(o, names[i], store_col_sv(q, i));
	jv_set_num(o, "amount", store_col_num(q, 9));
	tool_put_when(o, "made_at", q, 10);
	tool_put_when(o, "decided_at", q, 11);
	jv_set_str(title, "zh", d ? d->title[0] : store_col_sv(q, 2));
	jv_set_str(title, "en", d ? d->title[1] : store_col_sv(q, 2));
	jv_set(o, "title", title);
	if (d)
		jv_set(o, "args", tool_masked(d->schema, jv_get(req, "args")));
	jv_free(req);
	return o;
}

/* Ids sort by time: the cursor is the last one of the page before. */
int tool_approvals(struct store_db *db, const struct tool_box *box, sv state, sv cursor, int limit,
		   struct sb *out)
{
	struct store_stmt *q;
	char last[27] = "";
	int n = 0;
	if (cursor.n && !id_ok(cursor))
		return ERR_INVAL;
	int rc = store_prep(
		db, &q,
		"SELECT id, state, name, what, customer, conversation, actor, by_login, "
		"note, amount, made_ms, decided_ms, request FROM tool_approval "
		"WHERE (?1 = '' OR state = ?1) AND (?2 = '' OR id < ?2) "
		"ORDER BY id DESC LIMIT ?3");
	if (rc)
		return rc;
	store_bind_sv(q, 1, state.n ? state : SV(""));
	store_bind_sv(q, 2, cursor.n ? cursor : SV(""));
	store_bind_int(q, 3, limit + 1);
	sb_cstr(out, "{\"items\":[");
	while ((rc = store_step(q)) == 1 && n < limit) {
		jv *o = approval_json(box, q);
		sb_cstr(out, n++ ? "," : "");
		jv_dump(o, out);
		(void)snprintf(last, sizeof(last), SV_FMT, SV_ARG(store_col_sv(q, 0)));
		jv_free(o);
	}
	store_reset(q);
	sb_cstr(out, "],\"next\":");
	if (rc == 1)
		sb_json(out, sv_of(last));
	else
		sb_cstr(out, "null");
	sb_ch(out, '}');
	return rc < 0 ? rc : sb_err(out);
}
