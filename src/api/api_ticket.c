/* api_ticket.c: tickets from outside: list, board, one, open, change, note, move, link;
 * calendars.
 *
 * Every change answers with the ticket as it is then; its ETag is the ticket's version, and
 * If-Match refuses a change made on an older one. A change with an Idempotency-Key that came
 * within a day before is not made again. Agents and supervisors may move a ticket as the table
 * of desk.c says. Door's thread; reading runs on workers, writing on the scribe. */
#include "api_ticket.h"
#include "desk.h"

#include <stdio.h>


static bool ready(struct api *a, struct web_req *r, const char *may, struct api_user *u)
{
	if (!api_may(a, r, may, u))
		return false;
	if (!a->o.desk)
		api_problem(r, 503, "There are no tickets here.");
	return a->o.desk != NULL;
}

static void failed(struct api_query *q, int rc)
{
	q->status = err_http(rc);
	q->detail = rc == ERR_NOTFOUND ? "There is no such ticket." :
		    rc == ERR_INVAL    ? "cursor must be the next of an earlier answer." :
					 "The database could not be read.";
}

/* ---- list: p is a struct desk_query in the arena ---- */

static void list_run(struct api_query *q, struct store_db *db)
{
	int rc = desk_list(db, q->p, &q->out);
	if (rc)
		failed(q, rc);
}

/* "late", or a span from now on: "24h". */
static bool due_of(const struct desk *d, sv s, int64_t *ret)
{
	int64_t span = 0;
	if (!s.n)
		return true;
	if (!sv_eq(s, SV("late")) && cal_span(NULL, s, &span))
		return false;
	*ret = clk_wall_ms() + span;
	return true;
}

static const char *list_args(struct api *a, struct web_req *r, const char *login,
			     struct desk_query *dq)
{
	if (dq->state.n && !sv_eq(dq->state, SV("live")) && desk_status_of(dq->state) < 0)
		return "state must be live, new, open, pending_customer, pending_third, solved, "
		       "closed or reopened.";
	if (dq->type.n && desk_type_of(dq->type) < 0)
		return "type must be enquiry, aftersale, return, complaint, lead or internal.";
	if (dq->severity.n && desk_severity_of(dq->severity) < 0)
		return "severity must be low, normal, high or critical.";
	if (!due_of(a->o.desk, web_req_arg(r, "due"), &dq->due_by_ms))
		return "due must be late, or a time from now like 30m, 24h, 5d.";
	if (sv_eq(dq->owner, SV("me")))
		dq->owner = sv_of(login);
	return NULL;
}

void api_tickets(struct web_req *r, void *arg)
{
	struct api *a = arg;
	struct api_user u;
	int64_t limit = 50;
	if (!ready(a, r, "ticket.read", &u))
		return;
	struct api_query *q = api_query_new(a, r);
	struct desk_query *dq = arena_new(&q->arena, struct desk_query, 1);
	const struct { const char *name; sv *to; } args[] = {
		{ "state", &dq->state },       { "type", &dq->type },
		{ "severity", &dq->severity }, { "owner", &dq->owner },
		{ "customer", &dq->customer }, { "category", &dq->category },
		{ "q", &dq->text },            { "cursor", &dq->cursor },
	};
	for (size_t i = 0; i < sizeof(args) / sizeof(*args); i++)
		*args[i].to = arena_sv(&q->arena, web_req_arg(r, args[i].name));
	if (sv_i64(web_req_arg(r, "limit"), &limit) || limit < 1 || limit > 200)
		limit = 50;
	dq->limit = (int)limit;
	char *login = arena_cstr(&q->arena, sv_of(u.login));
	const char *bad = list_args(a, r, login, dq);
	if (bad) {
		api_problem(r, 400, bad);
		api_query_free(q);
		return;
	}
	q->p = dq;
	q->run = list_run;
	q->settled = true;
	api_query_start(q);
}

/* ---- board: s1 type, s2 owner, s3 severity ---- */

static void board_run(struct api_query *q, struct store_db *db)
{
	struct desk_board b = { q->s1, q->s2, q->s3, clk_wall_ms() };
	int rc = desk_board(q->a->o.desk, db, &b, &q->out);
	if (rc)
		failed(q, rc);
}

void api_ticket_board(struct web_req *r, void *arg)
{
	struct api *a = arg;
	struct api_user u;
	if (!ready(a, r, "ticket.read", &u))
		return;
	sv type = web_req_arg(r, "type"), owner = web_req_arg(r, "owner");
	sv severity = web_req_arg(r, "severity");
	if (type.n && desk_type_of(type) < 0) {
		api_problem(r, 400, "type must be enquiry, aftersale, return, complaint, lead or "
				    "internal.");
		return;
	}
	if (severity.n && desk_severity_of(severity) < 0) {
		api_problem(r, 400, "severity must be low, normal, high or critical.");
		return;
	}
	struct api_query *q = api_query_new(a, r);
	q->s3 = arena_sv(&q->arena, severity);
	q->s1 = arena_sv(&q->arena, type);
	q->s2 = arena_sv(&q->arena, sv_eq(owner, SV("me")) ? sv_of(u.login) : owner);
	q->run = board_run;
	q->settled = true;
	api_query_start(q);
}

void api_calendars(struct web_req *r, void *arg)
{
	struct api *a = arg;
	struct api_user u;
	struct sb b;
	if (!ready(a, r, "ticket.read", &u))
		return;
	sb_init(&b, 1u << 20);
	desk_cals_json(a->o.desk, clk_wall_ms(), &b);
	web_reply(r, 200, "application/json", sb_sv(&b), NULL);
	sb_done(&b);
}

/* ---- one: s1 number, i1 role, i2 version; status may be 201 ---- */

static void get_run(struct api_query *q, struct store_db *db)
{
	int status = q->status;
	int rc = desk_get(q->a->o.desk, db, q->s1, (enum tool_role)q->i1, clk_wall_ms(), &q->i2,
			  &q->out);
	if (rc)
		failed(q, rc);
	else
		q->status = status;
}

static void get_done(struct api_query *q)
{
	char head[160];
	snprintf(head, sizeof(head), "ETag: \"%lld\"\r\n%s" SV_FMT "%s", (long long)q->i2,
		 q->status == 201 ? "Location: /api/v1/tickets/" : "",
		 SV_ARG(q->status == 201 ? q->s1 : SV_NULL), q->status == 201 ? "\r\n" : "");
	if (q->status >= 400)
		api_problem(q->r, q->status, q->detail);
	else
		web_reply(q->r, q->status, "application/json", sb_sv(&q->out), head);
	api_query_free(q);
}

static void get_start(struct api *a, struct web_req *r, sv number, enum tool_role role, int status)
{
	struct api_query *q = api_query_new(a, r);
	q->s1 = arena_sv(&q->arena, number);
	q->i1 = role;
	q->status = status;
	q->run = get_run;
	q->done = get_done;
	q->settled = true;
	api_query_start(q);
}

void api_ticket_get(struct web_req *r, void *arg)
{
	struct api *a = arg;
	struct api_user u;
	if (ready(a, r, "ticket.read", &u))
		get_start(a, r, web_req_param(r, "id"), api_tool_role(a, &u), 200);
}

/* ---- writing ---- */

struct edit {
	struct api *a;
	struct web_req *r;
	jv *body;
	int (*write)(struct edit *x, struct store_db *db);
	char number[DESK_NUMBER], login[64], idem[DESK_IDEM], print[20];
	enum tool_role role;
	int64_t version;
	bool made, opens, other;     /* other: the key came with another request */
	struct desk_by by;
	struct err e;
};

/* ---- the same key again: "idem/KEY" in the table kv holds the request's print for a day ---- */

#define IDEM_MS INT64_C(86400000)

/* 1: the request came before; 0: it did not; negative. */
static int idem_seen(struct edit *x, struct store_db *db)
{
	struct store_stmt *q;
	char key[DESK_IDEM + 8];
	int rc = store_prep(db, &q, "SELECT v FROM kv WHERE k=?1 AND updated_ms>?2");
	if (rc)
		return rc;
	snprintf(key, sizeof(key), "idem/%s", x->idem);
	store_bind_sv(q, 1, sv_of(key));
	store_bind_int(q, 2, x->by.now_ms - IDEM_MS);
	rc = store_step(q);
	x->other = rc == 1 && !sv_eq(store_col_sv(q, 0), sv_of(x->print));
	store_reset(q);
	return x->other ? ERR_STATE : rc;
}

static int idem_keep(struct edit *x, struct store_db *db)
{
	struct store_stmt *q;
	char key[DESK_IDEM + 8];
	int rc = store_prep(db, &q, "DELETE FROM kv WHERE k>='idem/' AND k<'idem0' AND "
				    "updated_ms<=?1");
	if (rc)
		return rc;
	store_bind_int(q, 1, x->by.now_ms - IDEM_MS);
	rc = store_run(q);
	if (rc == 0)
		rc = store_prep(db, &q, "INSERT INTO kv (k, v, updated_ms) VALUES (?1,?2,?3)");
	if (rc)
		return rc;
	snprintf(key, sizeof(key), "idem/%s", x->idem);
	store_bind_sv(q, 1, sv_of(key));
	store_bind_sv(q, 2, sv_of(x->print));
	store_bind_int(q, 3, x->by.now_ms);
	return store_run(q);
}

static int edit_write(void *arg, struct store_db *db)
{
	struct edit *x = arg;
	bool keyed = x->idem[0] && !x->opens;    /* a new ticket keeps its key itself */
	x->by = (struct desk_by){ sv_of(x->login), x->role, clk_wall_ms() };
	int rc = keyed ? idem_seen(x, db) : 0;
	if (rc)
		return rc < 0 ? rc : 0;
	rc = x->write(x, db);
	return rc || !keyed ? rc : idem_keep(x, db);
}

static void edit_free(struct edit *x)
{
	jv_free(x->body);
	xfree(x);
}

static void edit_done(void *arg, int rc)
{
	struct edit *x = arg;
	if (rc == 0)
		get_start(x->a, x->r, sv_of(x->number), x->role, x->made ? 201 : 200);
	else if (x->other)
		api_problem(x->r, 422, "This Idempotency-Key came with another request before.");
	else if (rc == ERR_NOTFOUND)
		api_problem(x->r, 404, "There is no such ticket.");
	else
		api_problem(x->r, err_http(rc), x->e.msg[0] ? x->e.msg : err_text(rc));
	edit_free(x);
}

static int write_open(struct edit *x, struct store_db *db);

static bool has_only(const jv *body, const char *names, char *bad, size_t cap)
{
	void *it = NULL;
	sv key;
	jv *v;
	while (jv_next(body, &it, &key, &v)) {
		char word[80];
		snprintf(word, sizeof(word), "|%.60s|", key.p);
		if (sv_find(sv_of(names), sv_of(word)) >= 0)
			continue;
		snprintf(bad, cap, "There is no field \"%.60s\"; there are %.*s.", key.p,
			 (int)strlen(names) - 2, names + 1);
		return false;
	}
	return true;
}

/* The user's key, and what it stands for. */
static void take_key(struct edit *x, struct web_req *r)
{
	sv key = web_req_header(r, "idempotency-key");
	struct sb b;
	if (!key.n)
		return;
	snprintf(x->idem, sizeof(x->idem), "api/%.40s/%016llx", x->login,
		 (unsigned long long)sv_hash(key));
	sb_init(&b, LIM_HTTP_BODY + 4096);
	sb_put(&b, web_req_path(r));
	sb_ch(&b, '\n');
	jv_dump(x->body, &b);
	snprintf(x->print, sizeof(x->print), "%016llx", (unsigned long long)sv_hash(sb_sv(&b)));
	sb_done(&b);
}

/* Answers 400 and others itself. */
static void edit_start(struct api *a, struct web_req *r, const char *fields,
		       int (*write)(struct edit *x, struct store_db *db))
{
	struct api_user u;
	char bad[400];
	if (!ready(a, r, "ticket.write", &u))
		return;
	jv *body = api_body(r);
	if (!body)
		return;
	sv id = web_req_param(r, "id");
	struct edit *x = xalloc(sizeof(*x));
	*x = (struct edit){ .a = a,
			    .r = r,
			    .body = body,
			    .write = write,
			    .role = api_tool_role(a, &u),
			    .opens = write == write_open };
	snprintf(x->number, sizeof(x->number), SV_FMT, SV_ARG(id));
	snprintf(x->login, sizeof(x->login), "%s", u.login);
	if (!has_only(body, fields, bad, sizeof(bad))) {
		api_problem(r, 400, bad);
		edit_free(x);
		return;
	}
	int asked = api_if_match(r, &x->version);
	if (asked < 0 || (asked > 0 && x->version < 1)) {
		api_problem(r, 412, "If-Match is not the ETag of this ticket; read it again.");
		edit_free(x);
		return;
	}
	take_key(x, r);
	int rc = store_write(a->o.store, edit_write, x, a->mbox, edit_done);
	if (rc)
		edit_done(x, rc);
}

/* ---- open ---- */

static int known_customer(struct edit *x, struct store_db *db, sv id)
{
	struct store_stmt *st;
	if (!id.n)
		return 0;
	int rc = store_prep(db, &st, "SELECT 1 FROM customer WHERE id=?1");
	if (rc)
		return rc;
	store_bind_sv(st, 1, id);
	rc = store_step(st);
	store_reset(st);
	return rc == 1 ? 0 : rc < 0 ? rc : err_set(&x->e, ERR_INVAL, "There is no such customer.");
}

static int write_open(struct edit *x, struct store_db *db)
{
	const jv *b = x->body;
	sv severity = jv_get_str(b, "severity");
	int type = desk_type_of(jv_get_str(b, "type"));
	int sev = severity.n ? desk_severity_of(severity) : -1;
	if (type < 0)
		return err_set(&x->e, ERR_INVAL,
			       "type must be enquiry, aftersale, return, complaint, "
			       "lead or internal.");
	if (severity.n && sev < 0)
		return err_set(&x->e, ERR_INVAL, "severity must be low, normal, high or critical.");
	struct desk_new_ticket n = { .type = (enum desk_type)type,
				     .severity = sev,
				     .priority = (int)jv_get_int(b, "priority", 0),
				     .category = jv_get_str(b, "category"),
				     .title = jv_get_str(b, "title"),
				     .customer = jv_get_str(b, "customer"),
				     .owner = jv_get_str(b, "owner"),
				     .language = jv_get_str(b, "language"),
				     .channel = SV("console"),
				     .body = jv_get(b, "facts"),
				     .conversation = jv_get_str(b, "conversation"),
				     .order = jv_get_str(b, "order"),
				     .idem = sv_of(x->idem) };
	int rc = known_customer(x, db, n.customer);
	if (rc == 0)
		rc = desk_open(x->a->o.desk, db, &n, &x->by, x->number, &x->e);
	x->made = rc == 0;
	return rc == ERR_EXISTS ? 0 : rc;        /* the same request again: the same ticket */
}

void api_ticket_open(struct web_req *r, void *arg)
{
	edit_start(arg, r,
		   "|type|severity|priority|category|title|customer|owner|language|facts|"
		   "conversation|order|",
		   write_open);
}

/* ---- change ---- */

static int write_patch(struct edit *x, struct store_db *db)
{
	jv *facts = jv_get(x->body, "facts");
	facts = facts ? jv_copy(facts) : NULL;
	jv_del(x->body, "facts");
	int rc = desk_change(x->a->o.desk, db, sv_of(x->number), x->body, x->version, &x->by,
			     &x->e);
	if (rc == 0 && facts)
		rc = desk_facts(x->a->o.desk, db, sv_of(x->number), facts, &x->by, &x->e);
	jv_free(facts);
	return rc;
}

void api_ticket_patch(struct web_req *r, void *arg)
{
	edit_start(arg, r, "|title|category|type|severity|priority|owner|promised_at|facts|",
		   write_patch);
}

static int write_note(struct edit *x, struct store_db *db)
{
	return desk_note(x->a->o.desk, db, sv_of(x->number), jv_get_str(x->body, "text"),
			 jv_get_bool(x->body, "public", false), &x->by, &x->e);
}

void api_ticket_note(struct web_req *r, void *arg)
{
	edit_start(arg, r, "|text|public|", write_note);
}

static int write_state(struct edit *x, struct store_db *db)
{
	int to = desk_status_of(jv_get_str(x->body, "state"));
	if (to < 0)
		return err_set(&x->e, ERR_INVAL, "state must be new, open, pending_customer, "
						 "pending_third, solved, closed or reopened.");
	return desk_state(x->a->o.desk, db, sv_of(x->number), (enum desk_status)to,
			  jv_get_str(x->body, "why"), &x->by, &x->e);
}

void api_ticket_state(struct web_req *r, void *arg)
{
	edit_start(arg, r, "|state|why|", write_state);
}

static int write_link(struct edit *x, struct store_db *db)
{
	return desk_link(x->a->o.desk, db, sv_of(x->number), jv_get_str(x->body, "kind"),
			 jv_get_str(x->body, "ref"), &x->by, &x->e);
}

void api_ticket_link(struct web_req *r, void *arg)
{
	edit_start(arg, r, "|kind|ref|", write_link);
}
