/* api_login.c: signing in, and passwords (Argon2id, libsodium).
 *
 * Checks run on a worker, few at a time: they cost memory on purpose. An unknown name costs as
 * much time as a wrong password. After five wrong passwords an address waits, twice as long
 * each time (api_addr.c). Door's thread, login_run on a worker. */
#include "api_audit.h"
#include "api_int.h"
#include "api_user.h"
#include "guard_access.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

/* OWASP password storage cheat sheet, Argon2id: 12 MiB, t=3, p=1. */
#define HASH_OPS 3
#define HASH_MEM (12u << 20)

/* ---- sign-in ---- */

struct login {
	char password[256], peer[48], agent[208], session[27];
	char name[128], role[16];
	int64_t began_ms;            /* before the user was read: what changed since ends it */
};

struct signing {
	struct api_session x;
	int rc;
};

static int session_write(void *arg, struct store_db *db)
{
	struct signing *s = arg;
	return s->rc = api_session_put(db, &s->x);
}

/* The sign-in is on disk before its token is told. Where nothing can be written any more somebody
 * must still get in to mend that: then it is in no list. */
static void session_keep(struct api_query *q, struct login *l)
{
	struct store *st = q->a->o.store;
	id_new(l->session);
	struct signing s = { { q->s1, sv_of(l->session), sv_of(l->peer), sv_of(l->agent),
			       l->began_ms }, 0 };
	int rc = store_write(st, session_write, &s, NULL, NULL);
	if (rc == 0)
		rc = store_flush(st);
	if (rc || s.rc)
		LOG(WARN, "login.unlisted", "why=\"%s\"", err_text(rc ? rc : s.rc));
}

/* As long as checking a real one. */
static void burn(const char *password)
{
	unsigned char out[16], salt[crypto_pwhash_SALTBYTES] = { 0 };
	(void)!crypto_pwhash(out, sizeof(out), password, strlen(password), salt, HASH_OPS, HASH_MEM,
			     crypto_pwhash_ALG_ARGON2ID13);
}

static void login_run(struct api_query *q, struct store_db *db)
{
	struct login *l = q->p;
	struct store_stmt *st;
	char hash[crypto_pwhash_STRBYTES + 1] = "";
	l->began_ms = clk_wall_ms();
	q->status = 401;
	q->detail = "The name or the password is wrong.";
	if (store_prep(db, &st,
		       "SELECT password_hash, name, role FROM users WHERE login=?1 AND "
		       "disabled=0")) {
		q->status = 500;
		q->detail = "The database could not be read.";
		return;
	}
	store_bind_sv(st, 1, q->s1);
	if (api_row(q, st)) {
		snprintf(hash, sizeof(hash), SV_FMT, SV_ARG(store_col_sv(st, 0)));
		snprintf(l->name, sizeof(l->name), SV_FMT, SV_ARG(store_col_sv(st, 1)));
		snprintf(l->role, sizeof(l->role), SV_FMT, SV_ARG(store_col_sv(st, 2)));
	}
	store_reset(st);
	if (!hash[0])
		burn(l->password);
	else if (crypto_pwhash_str_verify(hash, l->password, strlen(l->password)) == 0)
		q->status = 200;
	if (q->status == 200)
		session_keep(q, l);
	sodium_memzero(l->password, sizeof(l->password));
}

/* The permissions of a role, or of an API key. */
static jv *may_list(const struct api *a, sv role)
{
	jv *out = jv_arr();
	const char *what;
	for (size_t i = 0; (what = guard_permission_at(i, NULL)); i++)
		if (api_role_may(a, role, what))
			jv_push(out, jv_str(sv_of(what)));
	return out;
}

/* Whether what lies behind is made up: pages with figures say so; and the zone that pages tell
 * times in. */
static void note_company(const struct api *a, jv *user)
{
	sv zone = jv_get_str(a->o.company, "timezone");
	jv_set_bool(user, "sample_history", a->o.sample_history);
	if (zone.n)
		jv_set_str(user, "timezone", zone);
}

static void login_done(struct api_query *q)
{
	struct login *l = q->p;
	q->a->logins--;
	sodium_memzero(l->password, sizeof(l->password));
	if (q->status == 401)
		api_login_failed(q->a, sv_of(l->peer));
	/* a wrong name may be a password: it is not written down */
	const char *who =
		q->status == 200 ? arena_fmt(&q->arena, "user:" SV_FMT, SV_ARG(q->s1)) : "";
	api_audit_look(q->a, q->r, "auth.login", sv_of(who),
		       sv_of(q->status == 200 ? l->role : ""));
	if (q->status != 200) {
		api_problem(q->r, q->status, q->detail);
		api_query_free(q);
		return;
	}
	api_login_passed(q->a, sv_of(l->peer));
	char token[API_TOKEN_MAX];
	sv subject = sv_of(arena_fmt(&q->arena, "%s:" SV_FMT ":%s", l->role, SV_ARG(q->s1),
				    l->session));
	api_token_make(q->a, "user", subject, l->began_ms + API_USER_TOKEN_MS, token,
		       sizeof(token));
	jv *user = jv_obj();
	jv_set_str(user, "login", q->s1);
	jv_set_str(user, "name", sv_of(l->name));
	jv_set_str(user, "role", sv_of(l->role));
	jv_set(user, "may", may_list(q->a, sv_of(l->role)));
	note_company(q->a, user);
	jv *out = jv_obj();
	jv_set_str(out, "token", sv_of(token));
	jv_set(out, "user", user);
	web_reply_json(q->r, 200, out);
	api_query_free(q);
}

static bool may_try(struct api *a, struct web_req *r)
{
	int wait = api_login_wait_s(a, web_req_peer(r));
	if (!wait && a->logins < API_LOGINS_AT_ONCE)
		return true;
	char line[64];
	snprintf(line, sizeof(line), "Retry-After: %d\r\n", wait ? wait : 1);
	web_reply_problem_with(r, 429,
			       wait ? "Too many wrong passwords came from your address; wait." :
				      "Others are signing in just now; try again.",
			       line);
	return false;
}

void api_login(struct web_req *r, void *arg)
{
	struct api *a = arg;
	jv *body = api_body(r);
	if (!body)
		return;
	sv login = jv_get_str(body, "login"), password = jv_get_str(body, "password");
	bool bad = !login.n || login.n > 60 || !password.n || password.n > 250 ||
		   sv_find_ch(login, '~') >= 0 || sv_find_ch(login, ':') >= 0;
	if (bad || !may_try(a, r)) {
		jv_free(body);
		if (bad)
			api_problem(r, 400, "Give login and password as text.");
		return;
	}
	struct api_query *q = api_query_new(a, r);
	struct login *l = arena_alloc(&q->arena, sizeof(*l));
	snprintf(l->password, sizeof(l->password), SV_FMT, SV_ARG(password));
	snprintf(l->peer, sizeof(l->peer), SV_FMT, SV_ARG(web_req_peer(r)));
	snprintf(l->agent, sizeof(l->agent), SV_FMT, SV_ARG(web_req_header(r, "user-agent")));
	q->s1 = arena_sv(&q->arena, login);
	q->p = l;
	q->run = login_run;
	q->done = login_done;
	a->logins++;
	jv_free(body);
	api_query_start(q);
}

/* p: what the door knows; the name comes to it. */
static void me_run(struct api_query *q, struct store_db *db)
{
	jv *out = q->p;
	struct store_stmt *st;
	if (store_prep(db, &st, "SELECT name FROM users WHERE login=?1")) {
		q->status = 500;
		q->detail = "The database could not be read.";
	} else {
		store_bind_sv(st, 1, jv_get_str(out, "login"));
		if (api_row(q, st))
			jv_set_str(out, "name", store_col_sv(st, 0));
		store_reset(st);
		jv_dump(out, &q->out);
	}
	jv_free(out);
}

void api_me(struct web_req *r, void *arg)
{
	struct api_user u;
	if (!api_need_user(arg, r, &u))
		return;
	jv *out = jv_obj();
	jv_set_str(out, "login", sv_of(u.login));
	jv_set_str(out, "role", u.role[0] == '#' ? SV("key") : sv_of(u.role));
	jv_set(out, "may", may_list(arg, sv_of(u.role)));
	note_company(arg, out);
	struct api_query *q = api_query_new(arg, r);
	q->p = out;
	q->run = me_run;
	api_query_start(q);
}

/* ---- users ---- */

_Static_assert(API_HASH >= crypto_pwhash_STRBYTES, "a hash fits");

int api_password_hash(sv password, char out[API_HASH])
{
	return crypto_pwhash_str(out, password.p, password.n, HASH_OPS, HASH_MEM) ? ERR_NOMEM : 0;
}

bool api_login_ok(sv login)
{
	for (size_t i = 0; i < login.n; i++) {
		char c = login.p[i];
		if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '_' ||
		      c == '-'))
			return false;
	}
	return login.n > 0 && login.n <= 40;
}
