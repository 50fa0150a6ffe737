/* api_user.c: users over HTTP: who there is, a new one, another name, role or password, out of use.
 *
 * Passwords are hashed on a worker, which also waits for the scribe. Whoever gets another role or
 * password or is put out of use must sign in again: tokens made before (users.valid_from_ms) are
 * refused and their sockets end. The door keeps those times in a map, read at its start and every
 * few seconds, because another process may have changed a user; they only ever grow. Every change
 * is a row of the river. Nobody takes away their own access, so an administrator remains.
 * Door's thread, *_run on a worker, *_write on the scribe. docs/access.md. */
#include "api_audit.h"
#include "api_people.h"
#include "api_user.h"
#include "guard_access.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

#define USERS_MAX 10000
#define COLS "login, name, role, disabled, version, created_ms, updated_ms"

/* ---- tokens that are no longer good ---- */

bool api_user_cut(const struct api *a, sv login, int64_t made_ms)
{
	const int64_t *from = a->cuts ? map_get(a->cuts, login) : NULL;
	return from && made_ms < *from;
}

void api_user_cut_from(struct api *a, sv login, int64_t from_ms)
{
	int64_t *at = map_get(a->cuts, login);
	if (at && *at >= from_ms)
		return;
	if (!at) {
		at = xalloc(sizeof(*at));
		if (map_put(a->cuts, login, at)) {
			xfree(at);
			return;
		}
	}
	*at = from_ms;
	api_agent_cut(a, login, from_ms);
	api_live_cut(a, login, from_ms);
	api_seat_cut(a, login, from_ms);
}

static void cuts_run(struct api_query *q, struct store_db *db)
{
	struct store_stmt *st;
	if (store_prep(db, &st, "SELECT login, valid_from_ms FROM users WHERE valid_from_ms>?1")) {
		q->status = 500;
		return;
	}
	store_bind_int(st, 1, clk_wall_ms() - API_USER_TOKEN_MS);
	while (api_row(q, st)) {
		sb_put(&q->out, store_col_sv(st, 0));
		sb_fmt(&q->out, "\n%lld\n", (long long)store_col_int(st, 1));
	}
	store_reset(st);
}

static void cuts_take(struct api_query *q)
{
	sv rest = sb_sv(&q->out), login, from;
	int64_t ms;
	while (sv_cut(&rest, '\n', &login) && sv_cut(&rest, '\n', &from))
		if (sv_i64(from, &ms) == 0)
			api_user_cut_from(q->a, login, ms);
	q->a->cuts_loading = false;
	api_query_free(q);
}

void api_users_reload(struct api *a)
{
	if (a->cuts_loading)
		return;
	a->cuts_loading = true;
	struct api_query *q = api_query_new(a, NULL);
	q->run = cuts_run;
	q->done = cuts_take;
	api_query_start(q);
}

void api_users_open(struct api *a)
{
	struct api_query *q = api_query_new(a, NULL);
	struct store_db *db;
	a->cuts = map_new(USERS_MAX);
	if (store_reader(a->o.store, &db) == 0)
		cuts_run(q, db);
	cuts_take(q);
}

void api_users_done(struct api *a)
{
	size_t it = 0;
	sv login;
	void *at;
	while (a->cuts && map_next(a->cuts, &it, &login, &at))
		xfree(at);
	map_free(a->cuts);
	a->cuts = NULL;
}

/* ---- reading ---- */

static void put_user(struct api_query *q, struct store_stmt *st)
{
	sb_cstr(&q->out, "{\"login\":");
	sb_json(&q->out, store_col_sv(st, 0));
	api_put(&q->out, "name", store_col_sv(st, 1));
	api_put(&q->out, "role", store_col_sv(st, 2));
	sb_fmt(&q->out, ",\"disabled\":%s,\"version\":%lld",
	       store_col_int(st, 3) ? "true" : "false", (long long)store_col_int(st, 4));
	api_put_ms(&q->out, "created_at", store_col_int(st, 5));
	api_put_ms(&q->out, "updated_at", store_col_int(st, 6));
	sb_ch(&q->out, '}');
	q->i3 = store_col_int(st, 4);
}

static void list_run(struct api_query *q, struct store_db *db)
{
	struct store_stmt *st;
	int64_t n = 0;
	char last[64] = "";
	if (store_prep(db, &st,
		       "SELECT " COLS " FROM users WHERE login>?1 ORDER BY login LIMIT ?2")) {
		q->status = 500;
		return;
	}
	store_bind_sv(st, 1, q->s1);
	store_bind_int(st, 2, q->i1 + 1);
	sb_cstr(&q->out, "{\"items\":[");
	while (api_row(q, st) && n++ < q->i1) {
		sb_cstr(&q->out, n > 1 ? "," : "");
		put_user(q, st);
		(void)snprintf(last, sizeof(last), SV_FMT, SV_ARG(store_col_sv(st, 0)));
	}
	store_reset(st);
	sb_cstr(&q->out, "],\"next\":");
	if (n > q->i1)
		sb_json(&q->out, sv_of(last));
	else
		sb_cstr(&q->out, "null");
	sb_ch(&q->out, '}');
}

void api_users(struct web_req *r, void *arg)
{
	struct api *a = arg;
	int64_t limit = 50;
	sv text = web_req_arg(r, "limit");
	if (!api_may(a, r, "user.manage", NULL))
		return;
	if (text.n && (sv_i64(text, &limit) || limit < 1 || limit > 200)) {
		api_problem(r, 400, "limit is a number from 1 to 200.");
		return;
	}
	struct api_query *q = api_query_new(a, r);
	q->s1 = arena_sv(&q->arena, web_req_arg(r, "cursor"));
	q->i1 = limit;
	q->run = list_run;
	api_query_start(q);
}

static void read_one(struct api_query *q, struct store_db *db, sv login)
{
	struct store_stmt *st;
	if (store_prep(db, &st, "SELECT " COLS " FROM users WHERE login=?1")) {
		q->status = 500;
		return;
	}
	store_bind_sv(st, 1, login);
	if (api_row(q, st)) {
		put_user(q, st);
	} else if (q->status < 400) {
		q->status = 404;
		q->detail = "There is no such user.";
	}
	store_reset(st);
}

static void one_run(struct api_query *q, struct store_db *db)
{
	read_one(q, db, q->s1);
}

/* The ETag is the version. */
static void give_one(struct api_query *q)
{
	if (q->status >= 400)
		api_problem(q->r, q->status, q->detail);
	else
		api_reply_version(q->r, q->status, sb_sv(&q->out), q->i3);
	api_query_free(q);
}

void api_user_get(struct web_req *r, void *arg)
{
	if (!api_may(arg, r, "user.manage", NULL))
		return;
	struct api_query *q = api_query_new(arg, r);
	q->s1 = arena_sv(&q->arena, web_req_param(r, "login"));
	q->run = one_run;
	q->done = give_one;
	api_query_start(q);
}

static void put_masks(struct sb *b, const struct guard_masks *m)
{
	sb_cstr(b, ",\"masks\":{");
	for (int i = 0; i < PII_COUNT; i++)
		sb_fmt(b, "%s\"%s\":\"%s\"", i ? "," : "", guard_pii_name((enum guard_pii)i),
		       guard_show_name(m->v[i]));
	sb_cstr(b, "}}");
}

void api_roles(struct web_req *r, void *arg)
{
	struct api *a = arg;
	struct sb b;
	sv title[2];
	const char *id;
	if (!api_may(a, r, "user.manage", NULL))
		return;
	sb_init(&b, LIM_SB);
	sb_cstr(&b, "{\"items\":[");
	for (size_t i = 0; (id = guard_role_at(a->access, i, title)); i++) {
		sb_cstr(&b, i ? ",{\"id\":" : "{\"id\":");
		sb_json(&b, sv_of(id));
		sb_cstr(&b, ",\"title\":{\"zh\":");
		sb_json(&b, title[0]);
		sb_cstr(&b, ",\"en\":");
		sb_json(&b, title[1]);
		sb_ch(&b, '}');
		put_masks(&b, guard_masks_of(a->access, sv_of(id)));
	}
	sb_cstr(&b, "],\"next\":null}");
	web_reply(r, 200, "application/json", sb_sv(&b), NULL);
	sb_done(&b);
}

/* ---- changes ---- */

static int note(struct store_db *db, const struct api_user_edit *u)
{
	struct sb body;
	char actor[80];
	sb_init(&body, LIM_SB);
	sb_cstr(&body, "{\"login\":");
	sb_json(&body, u->login);
	if (u->role.n)
		api_put(&body, "role", u->role);
	if (u->disabled >= 0)
		sb_fmt(&body, ",\"disabled\":%s", u->disabled ? "true" : "false");
	sb_fmt(&body, ",\"password\":%s}", u->hash[0] ? "true" : "false");
	(void)snprintf(actor, sizeof(actor), u->by.n ? "user:" SV_FMT : "system", SV_ARG(u->by));
	const struct store_event ev = { .kind = u->version < 0 ? SV("user.made") :
								 SV("user.changed"),
					.actor = sv_of(actor),
					.body = sb_sv(&body) };
	int rc = store_event_put(db, &ev);
	sb_done(&body);
	return rc;
}

int api_user_make_write(void *arg, struct store_db *db)
{
	struct api_user_edit *u = arg;
	struct store_stmt *q;
	int rc = store_prep(
		db, &q,
		"INSERT INTO users (login, name, role, password_hash, created_ms, "
		"updated_ms) VALUES (?1,?2,?3,?4,?5,?5) ON CONFLICT (login) DO NOTHING");
	if (rc)
		return u->result = rc;
	store_bind_sv(q, 1, u->login);
	store_bind_sv(q, 2, u->name);
	store_bind_sv(q, 3, u->role);
	store_bind_sv(q, 4, sv_of(u->hash));
	store_bind_int(q, 5, clk_wall_ms());
	rc = store_run(q);
	if (rc == 0 && store_changes(db) == 0)
		rc = ERR_EXISTS;
	return u->result = rc ? rc : note(db, u);
}

static void bind_or_null(struct store_stmt *q, int i, sv v)
{
	store_bind_sv(q, i, v.n ? v : SV_NULL);
}

/* The only administrator who is not disabled? (The role is called so in every company.) */
static int is_last_admin(struct store_db *db, sv login, bool *ret)
{
	struct store_stmt *q;
	int rc = store_prep(db, &q,
			    "SELECT 1 FROM users WHERE login=?1 AND role='admin' AND disabled=0 "
			    "AND NOT EXISTS (SELECT 1 FROM users WHERE role='admin' AND "
			    "disabled=0 AND login<>?1)");
	if (rc)
		return rc;
	store_bind_sv(q, 1, login);
	rc = store_step(q);
	*ret = rc == 1;
	store_reset(q);
	return rc < 0 ? rc : 0;
}

int api_user_edit_write(void *arg, struct store_db *db)
{
	struct api_user_edit *u = arg;
	bool last = false;
	struct store_stmt *q;
	int rc = store_prep(db, &q, "SELECT role, disabled, version FROM users WHERE login=?1");
	if (rc)
		return u->result = rc;
	store_bind_sv(q, 1, u->login);
	rc = store_step(q);
	int64_t version = rc == 1 ? store_col_int(q, 2) : 0;
	bool less = rc == 1 && ((u->role.n && !sv_eq(u->role, store_col_sv(q, 0))) ||
				(u->disabled == 1 && !store_col_int(q, 1)) || u->hash[0]);
	store_reset(q);
	if (rc != 1)
		return u->result = rc < 0 ? rc : ERR_NOTFOUND;
	if (u->version && u->version != version)
		return u->result = ERR_CONFLICT;
	if (u->disabled == 1 || (u->role.n && !sv_eq(u->role, SV("admin"))))
		rc = is_last_admin(db, u->login, &last);
	if (rc < 0 || last)
		return u->result = last ? ERR_STATE : rc;
	rc = store_prep(db, &q,
			"UPDATE users SET name=coalesce(?2,name), role=coalesce(?3,role), "
			"password_hash=coalesce(?4,password_hash), "
			"disabled=CASE WHEN ?5<0 THEN disabled ELSE ?5 END, version=version+1, "
			"valid_from_ms=CASE WHEN ?6>0 THEN ?6 ELSE valid_from_ms END, "
			"updated_ms=?7 WHERE login=?1");
	if (rc)
		return u->result = rc;
	u->cut_ms = less ? clk_wall_ms() : 0;
	store_bind_sv(q, 1, u->login);
	bind_or_null(q, 2, u->name);
	bind_or_null(q, 3, u->role);
	bind_or_null(q, 4, sv_of(u->hash));
	store_bind_int(q, 5, u->disabled);
	store_bind_int(q, 6, u->cut_ms);
	store_bind_int(q, 7, clk_wall_ms());
	rc = store_run(q);
	return u->result = rc ? rc : note(db, u);
}

static void write_run(struct api_query *q, struct store_db *db)
{
	struct api_user_edit *u = q->p;
	struct store *st = q->a->o.store;
	bool made = u->version < 0;
	int rc = u->password[0] ? api_password_hash(sv_of(u->password), u->hash) : 0;
	sodium_memzero(u->password, sizeof(u->password));
	if (rc == 0)
		rc = store_write(st, made ? api_user_make_write : api_user_edit_write, u, NULL,
				 NULL);
	if (rc == 0)
		rc = store_flush(st);
	if (rc == 0)
		rc = u->result;
	if (rc == 0) {
		q->status = made ? 201 : 200;
		read_one(q, db, u->login);
		return;
	}
	q->status = err_http(rc);
	q->detail = rc == ERR_EXISTS   ? "There is a user of that login." :
		    rc == ERR_NOTFOUND ? "There is no such user." :
		    rc == ERR_CONFLICT ? "The user was changed meanwhile; read again." :
		    rc == ERR_STATE    ? "This is the last administrator: make another one first." :
					 "The user could not be saved; try again.";
}

static void write_done(struct api_query *q)
{
	struct api_user_edit *u = q->p;
	q->a->logins--;
	sodium_memzero(u->password, sizeof(u->password));
	if (q->status < 300 && u->cut_ms) {
		/* until now a sign-in could read the user as they were */
		int64_t now = clk_wall_ms();
		api_user_cut_from(q->a, u->login, now > u->cut_ms ? now : u->cut_ms);
	}
	give_one(q);
}

/* What the body may not hold; NULL = it is fine. */
static const char *edit_bad(const struct api *a, const jv *b, const struct api_user_edit *u)
{
	static const char *const known[] = { "login", "name", "role", "password", "disabled" };
	bool made = u->version < 0;
	void *it = NULL;
	sv key, password = jv_get_str(b, "password");
	jv *v;
	while (jv_next(b, &it, &key, &v)) {
		bool fine = false;
		for (size_t i = made ? 0 : 1; i < 5; i++)
			fine |= sv_eq(key, sv_of(known[i])) &&
				(i < 4 ? jv_is_str(v) : jv_is_bool(v));
		if (!fine)
			return made ? "Give login, name, role and password as texts." :
				      "Give name, role, password as texts, disabled as true or "
				      "false.";
	}
	if (made && !api_login_ok(u->login))
		return API_LOGIN_RULE ".";
	if (u->name.n > 120)
		return "name has at most 120 bytes.";
	if (made || u->role.n)
		if (!guard_role_known(a->access, u->role))
			return "role is none of GET /api/v1/roles.";
	if ((made || jv_get(b, "password")) && (password.n < API_PASSWORD_MIN || password.n > 250))
		return "The password must have 10 to 250 bytes.";
	return NULL;
}

static bool version_of(struct web_req *r, int64_t *ret)
{
	*ret = 0;
	int asked = api_if_match(r, ret);
	if (!asked || (asked > 0 && *ret > 0))
		return true;
	api_problem(r, 412, "If-Match is the ETag of the user as you read them.");
	return false;
}

/* Takes body. */
static void change(struct api *a, struct web_req *r, const struct api_user *by, jv *body,
		   int64_t version)
{
	struct api_query *q = api_query_new(a, r);
	struct api_user_edit *u = arena_alloc(&q->arena, sizeof(*u));
	bool made = version < 0;
	*u = (struct api_user_edit){ .version = version, .disabled = -1 };
	u->login = arena_sv(&q->arena,
			    made ? jv_get_str(body, "login") : web_req_param(r, "login"));
	u->name = arena_sv(&q->arena, jv_get_str(body, "name"));
	u->role = arena_sv(&q->arena, jv_get_str(body, "role"));
	u->by = arena_sv(&q->arena, sv_of(by->login));
	if (jv_get(body, "disabled"))
		u->disabled = jv_get_bool(body, "disabled", false);
	const char *why = edit_bad(a, body, u);
	bool own = sv_eq(u->login, sv_of(by->login));
	(void)snprintf(u->password, sizeof(u->password), SV_FMT,
		       SV_ARG(jv_get_str(body, "password")));
	jv_free(body);
	int status = why ? 400 : 0;
	if (!why && own && (u->disabled == 1 || (u->role.n && !sv_eq(u->role, sv_of(by->role))))) {
		status = 409;
		why = "Nobody takes away their own access: ask another administrator.";
	} else if (!why && a->logins >= API_LOGINS_AT_ONCE) {
		status = 429;
		why = "Others are signing in just now; try again.";
	}
	if (why) {
		sodium_memzero(u->password, sizeof(u->password));
		api_query_free(q);
		api_problem(r, status, why);
		return;
	}
	a->logins++;
	q->p = u;
	q->run = write_run;
	q->done = write_done;
	api_query_start(q);
}

void api_user_make(struct web_req *r, void *arg)
{
	struct api_user u;
	jv *body = api_may(arg, r, "user.manage", &u) ? api_body(r) : NULL;
	if (body) {
		api_audit_about(r, jv_get_str(body, "login"));
		change(arg, r, &u, body, -1);
	}
}

void api_user_patch(struct web_req *r, void *arg)
{
	struct api_user u;
	int64_t version;
	jv *body = api_may(arg, r, "user.manage", &u) && version_of(r, &version) ? api_body(r) :
										   NULL;
	if (body)
		change(arg, r, &u, body, version);
}
