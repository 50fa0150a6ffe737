/* api_audit.c: rows of who looked and who changed, written down before the answer leaves.
 *
 * What is known of a request lives in its own arena (web_req_note). A change gives two rows of
 * the river, audit.asked ahead of it and audit.done with the outcome; a look gives audit.look.
 * The table audit is for the filters of the list (api_audit_list.c). No row holds a text of a
 * body, a search or a token: who, what they may, the route, its ids, the name of a document
 * (masked), the status. Door's thread, *_write on the scribe. */
#include "api_audit.h"
#include "guard_access.h"

#include <stdio.h>
#include <string.h>

/* Looks that are written down: a permission, or a part of it with *. A list counts only where
 * lists is true: one row for each card that is opened, not for each screen that shows names. */
static const struct {
	const char *what;
	bool lists;
} looks[] = {
	{ "conversation.read", false }, { "recording.play", true }, { "personal.reveal", true },
	{ "customer.numbers", true },
	{ "customer.read", false },	{ "customer.export", true }, { "order.read", false },
	{ "ticket.read", false },	{ "summary.read", false },  { "handover.read", false },
	{ "qa.read", false },		{ "user.manage", true },    { "key.manage", true },
	{ "webhook.manage", true },	{ "audit.read", true },	    { "cdr.read", true },
	{ "doc.read", false },		{ "strategy.read", true },
};

/* Posts that change nothing. */
static const char *const quiet[] = { "bot.use", "conversation.translate", "*.read" };

struct row {
	char kind[16], request[27], who[80], role[40], peer[48], what[40], route[200], subject[80];
	char group[40];              /* customers, of /api/v1/customers/{id} */
	int64_t at_ms;
	int outcome;
};

struct api_audit {
	struct row row;
	bool change, asked, look;
};

/* ---- on the scribe ---- */

static void body_put(const struct row *x, struct sb *b)
{
	sb_cstr(b, "{\"request\":");
	sb_json(b, sv_of(x->request));
	if (strcmp(x->kind, "audit.done") != 0) {
		api_put(b, "role", sv_of(x->role));
		api_put(b, "from", sv_of(x->peer));
		api_put(b, "what", sv_of(x->what));
		api_put(b, "route", sv_of(x->route));
		api_put(b, "group", sv_of(x->group));
	}
	if (x->subject[0])
		api_put(b, "subject", sv_of(x->subject));
	if (x->outcome)
		sb_fmt(b, ",\"outcome\":%d", x->outcome);
	sb_ch(b, '}');
}

static int view_put(struct store_db *db, const struct row *x, int64_t pos)
{
	struct store_stmt *q;
	bool done = strcmp(x->kind, "audit.done") == 0;
	int rc = store_prep(db, &q,
			    done ? "UPDATE audit SET outcome=?2, done_pos=?3, "
				   "subject=CASE WHEN ?4='' THEN subject ELSE ?4 END "
				   "WHERE request=?1" :
				   "INSERT INTO audit (request, outcome, pos, subject, ts_ms, who, "
				   "what) VALUES (?1,?2,?3,?4,?5,?6,?7)");
	if (rc)
		return rc;
	store_bind_sv(q, 1, sv_of(x->request));
	store_bind_int(q, 2, x->outcome);
	store_bind_int(q, 3, pos);
	store_bind_sv(q, 4, sv_of(x->subject));
	if (!done) {
		store_bind_int(q, 5, x->at_ms);
		store_bind_sv(q, 6, sv_of(x->who));
		store_bind_sv(q, 7, sv_of(x->what));
	}
	return store_run(q);
}

static int row_write(void *arg, struct store_db *db)
{
	const struct row *x = arg;
	struct sb body;
	sb_init(&body, LIM_SB);
	body_put(x, &body);
	const struct store_event ev = { .ts_ms = x->at_ms,
					.kind = sv_of(x->kind),
					.actor = sv_of(x->who),
					.body = sb_sv(&body) };
	int rc = store_event_put(db, &ev);
	sb_done(&body);
	return rc ? rc : view_put(db, x, store_event_pos(db));
}

/* ---- what a request is ---- */

static bool fits(const char *pattern, sv what)
{
	sv p = sv_of(pattern);
	if (sv_starts(p, SV("*")))
		return sv_ends(what, sv_slice(p, 1, p.n));
	return sv_eq(p, what);
}

static bool is_quiet(sv what)
{
	for (size_t i = 0; i < sizeof(quiet) / sizeof(*quiet); i++)
		if (fits(quiet[i], what))
			return true;
	return false;
}

static bool is_look(sv what, bool card)
{
	for (size_t i = 0; i < sizeof(looks) / sizeof(*looks); i++)
		if (fits(looks[i].what, what))
			return looks[i].lists || card;
	return false;
}

/* An id as it may be written down: what looks like a telephone number keeps its last two
 * digits, and what is no id at all does not come in. */
static void subject_put(char out[80], sv id)
{
	size_t digits = 0, others = 0;
	for (size_t i = 0; i < id.n; i++) {
		char c = id.p[i];
		bool digit = c >= '0' && c <= '9';
		bool ok = digit || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' ||
			  c == '_' || c == '.' || c == ':';
		if (!ok && c != '+') {
			snprintf(out, 80, "?");
			return;
		}
		digits += digit;
		others += !digit && c != '+' && c != '-' && c != '.';
	}
	if (digits >= 7 && !others)
		snprintf(out, 80, "*%.2s", id.p + id.n - 2);
	else
		snprintf(out, 80, SV_FMT, SV_ARG(sv_slice(id, 0, 79)));
}

static bool name_subject(struct web_req *r, struct row *x)
{
	static const char *const names[] = { "id", "login", "name", "number", "sku" };
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		sv id = web_req_param(r, names[i]);
		if (id.n) {
			subject_put(x->subject, id);
			return true;
		}
	}
	return false;
}

/* "customers" of /api/v1/customers/join; the segments behind it without ids: the route. */
static void name_route(struct web_req *r, struct row *x)
{
	sv method = web_req_method(r), path = sv_of(web_req_route(r)), rest = path, part;
	if (sv_starts(rest, SV("/api/v1/")))
		rest = sv_slice(rest, 8, rest.n);
	else if (sv_starts(rest, SV("/")))
		rest = sv_slice(rest, 1, rest.n);
	sv_cut(&rest, '/', &part);
	snprintf(x->group, sizeof(x->group), SV_FMT, SV_ARG(sv_slice(part, 0, 39)));
	snprintf(x->route, sizeof(x->route), SV_FMT " " SV_FMT, SV_ARG(method), SV_ARG(path));
}

static struct api_audit *audit_of(struct web_req *r)
{
	struct api_audit *x = web_req_note(r);
	if (x)
		return x;
	x = arena_alloc(web_req_arena(r), sizeof(*x));
	if (!x)
		return NULL;
	*x = (struct api_audit){ 0 };
	id_new(x->row.request);
	x->row.at_ms = clk_wall_ms();
	snprintf(x->row.peer, sizeof(x->row.peer), SV_FMT, SV_ARG(web_req_peer(r)));
	name_route(r, &x->row);
	web_req_set_note(r, x);
	return x;
}

static void row_free(void *arg, int err)
{
	xfree(arg);
}

/* Hands a row to the scribe and does not wait: what is handed in later comes later. */
static int row_send(struct api *a, const struct row *x, const char *kind)
{
	struct row *copy = xalloc(sizeof(*copy));
	*copy = *x;
	snprintf(copy->kind, sizeof(copy->kind), "%s", kind);
	int rc = store_write(a->o.store, row_write, copy, NULL, row_free);
	if (rc)
		xfree(copy);
	return rc;
}

/* "user:mei"; a program is "key:shop" already, its role is a mark of ours. */
static void user_put(struct row *x, const char *what, const struct api_user *u)
{
	bool key = u->role[0] == '#';
	snprintf(x->who, sizeof(x->who), key ? "%s" : "user:%s", u->login);
	snprintf(x->role, sizeof(x->role), "%s", key ? "key" : u->role);
	snprintf(x->what, sizeof(x->what), "%s", what);
}

static void who_put(struct row *x, const char *what, sv who, sv role)
{
	snprintf(x->who, sizeof(x->who), SV_FMT, SV_ARG(who));
	snprintf(x->role, sizeof(x->role), SV_FMT, SV_ARG(role));
	snprintf(x->what, sizeof(x->what), "%s", what);
}

#define UNWRITTEN "Who asks for this could not be written down, so it is not done; try again."

bool api_audit_begin(struct api *a, struct web_req *r, const char *what, const struct api_user *u,
		     bool may)
{
	struct api_audit *x = audit_of(r);
	if (!x) {                    /* no room in the request's arena */
		api_problem(r, 503, UNWRITTEN);
		return false;
	}
	sv method = web_req_method(r);
	bool card = name_subject(r, &x->row);
	user_put(&x->row, what, u);
	bool reads = sv_eq(method, SV("GET")) || sv_eq(method, SV("HEAD"));
	x->change |= !reads && !is_quiet(sv_of(what));
	x->look |= reads && is_look(sv_of(what), card);
	if (!x->change || x->asked || !may)
		return true;
	if (row_send(a, &x->row, "audit.asked")) {
		web_req_set_note(r, NULL);
		api_problem(r, 503, UNWRITTEN);
		return false;
	}
	x->asked = true;
	return true;
}

void api_audit_look(struct api *a, struct web_req *r, const char *what, sv who, sv role)
{
	struct api_audit *x = audit_of(r);
	if (!x)
		return;
	who_put(&x->row, what, who, role);
	x->look = true;
}

void api_audit_about(struct web_req *r, sv subject)
{
	struct api_audit *x = web_req_note(r);
	if (x)
		subject_put(x->row.subject, subject);
}

void api_audit_named(struct web_req *r, sv name)
{
	struct api_audit *x = web_req_note(r);
	struct sb b;
	if (!x)
		return;
	sb_init(&b, LIM_SB);
	if (sv_utf8_ok(name))
		guard_mask_text(guard_masks_usual(), name, &b);
	sv_copy(x->row.subject, sizeof(x->row.subject), sb_sv(&b));
	sb_done(&b);
}

void api_audit_socket(struct api *a, struct web_req *r, const char *what, const struct api_user *u)
{
	struct row x = { .at_ms = clk_wall_ms(), .outcome = 101 };
	id_new(x.request);
	user_put(&x, what, u);
	snprintf(x.peer, sizeof(x.peer), SV_FMT, SV_ARG(web_req_peer(r)));
	snprintf(x.route, sizeof(x.route), "GET " SV_FMT,
		 SV_ARG(sv_slice(web_req_path(r), 0, 100)));
	snprintf(x.group, sizeof(x.group), "socket");
	(void)row_send(a, &x, "audit.look");
}

/* ---- the answer ---- */

struct held {
	struct row row;              /* first: the scribe's */
	struct web_req *r;
};

static void written(void *arg, int err)
{
	struct held *h = arg;
	web_release(
		h->r,
		err ? "Who asks could not be written down, so nothing is shown; try again." :
		      NULL);
	xfree(h);
}

int api_audit_hold(struct web_req *r, int status, void *arg)
{
	struct api *a = arg;
	struct api_audit *x = web_req_note(r);
	if (!x || !(x->change || x->look) || a->ending)
		return 0;
	struct held *h = xalloc(sizeof(*h));
	h->row = x->row;
	h->row.outcome = status;
	h->row.at_ms = x->asked ? clk_wall_ms() : h->row.at_ms;
	snprintf(h->row.kind, sizeof(h->row.kind), "%s",
		 x->asked ? "audit.done" : x->change ? "audit.asked" : "audit.look");
	h->r = r;
	int rc = store_write(a->o.store, row_write, h, a->mbox, written);
	if (rc)
		written(h, rc);
	return 1;
}

/* ---- frames ---- */

/* They come with every key pressed, and change nothing. */
static bool op_quiet(const struct api_op *op)
{
	return !op->sock || !op->kind || strcmp(op->kind->name, "typing") == 0 ||
	       strcmp(op->kind->name, "suggest") == 0;
}

static void op_row(const struct api_op *op, struct row *x)
{
	static const char *const keys[] = { "handover", "conversation", "login" };
	*x = (struct row){ .at_ms = clk_wall_ms() };
	memcpy(x->request, op->request, sizeof(x->request));
	user_put(x, op->kind->may, &op->u);
	snprintf(x->peer, sizeof(x->peer), SV_FMT, SV_ARG(desk_sock_peer(op->sock)));
	snprintf(x->route, sizeof(x->route), "frame %s", op->kind->name);
	for (size_t i = 0; i < 3 && !x->subject[0]; i++) {
		sv id = jv_get_str(op->data, keys[i]);
		if (id.n) {
			subject_put(x->subject, id);
			snprintf(x->group, sizeof(x->group), "%ss", i == 2 ? "agent" : keys[i]);
		}
	}
}

bool api_audit_op(struct api_op *op)
{
	struct row x;
	if (op_quiet(op))
		return true;
	id_new(op->request);
	op_row(op, &x);
	int rc = row_send(op->a, &x, "audit.asked");
	if (rc)
		op->request[0] = 0;
	return rc == 0;
}

struct told {
	struct row row;              /* first: the scribe's */
	struct desk_sock *sock;
	char re[72], *json, *detail;
	int status;
};

static void op_written(void *arg, int err)
{
	struct told *t = arg;
	desk_sock_reply(t->sock, sv_of(t->re), err ? 503 : t->status, sv_of(t->json),
			err ? UNWRITTEN : t->detail);
	desk_sock_unref(t->sock);
	xfree(t->json);
	xfree(t->detail);
	xfree(t);
}

void api_audit_op_done(const struct api_op *op, int status, sv json, const char *detail)
{
	if (!op->request[0] || op->a->ending) {
		desk_sock_reply(op->sock, sv_of(op->re), status, json, detail);
		return;
	}
	struct told *t = xalloc(sizeof(*t));
	op_row(op, &t->row);
	snprintf(t->row.kind, sizeof(t->row.kind), "audit.done");
	t->row.outcome = status;
	t->sock = op->sock;
	desk_sock_ref(op->sock);
	memcpy(t->re, op->re, sizeof(t->re));
	t->status = status;
	t->json = xstrdup(json);
	t->detail = xstrdup(sv_of(detail ? detail : ""));
	int rc = store_write(op->a->o.store, row_write, t, op->a->mbox, op_written);
	if (rc)
		op_written(t, rc);
}
