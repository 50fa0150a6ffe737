/* api_auth.c: who is asking: passwords (Argon2id, libsodium), signed tokens (HMAC, libsodium).
 *
 * Tokens carry what they say and a MAC under the installation's key (data folder, mode 0600), so they survive a
 * restart and need no table. Password checks run on a worker, few at a time: they cost memory on purpose. */
#include "api_int.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#define USER_TOKEN_MS (12 * 3600 * 1000LL)
#define LOGINS_AT_ONCE 4
/* OWASP password storage cheat sheet, Argon2id: 12 MiB, t=3, p=1. */
#define HASH_OPS 3
#define HASH_MEM (12u << 20)

int api_key_load(struct api *a, struct err *e)
{
	if (sodium_init() < 0)
		return err_set(e, ERR_FAIL, "libsodium does not start");
	char path[1024];
	snprintf(path, sizeof(path), "%s/token.key", a->o.data_dir);
	struct sb b;
	sb_init(&b, 256);
	int rc = file_read(path, 256, &b, NULL);
	if (rc == 0 && b.n == API_KEY_BYTES) {
		memcpy(a->key, b.p, API_KEY_BYTES);
	} else if (rc == 0 || rc == ERR_NOTFOUND) {
		rng_secure(a->key, API_KEY_BYTES);
		rc = file_write(path, sv_n((char *)a->key, API_KEY_BYTES), e);
		if (rc == 0)
			chmod(path, 0600);
	}
	sb_done(&b);
	return rc ? err_set(e, rc, "%s: cannot be read or written; check the data folder's owner", path) : 0;
}

static void mac_hex(struct api *a, sv payload, char out[65])
{
	unsigned char mac[crypto_auth_BYTES];
	crypto_auth(mac, (const unsigned char *)payload.p, payload.n, a->key);
	sodium_bin2hex(out, 65, mac, 32);
}

bool api_token_make(struct api *a, const char *what, sv subject, int64_t expires_ms, char *out, size_t cap)
{
	char mac[65];
	int n = snprintf(out, cap, "%s~" SV_FMT "~%lld", what, SV_ARG(subject), (long long)expires_ms);
	if (n < 0 || (size_t)n + 66 > cap)
		return false;
	mac_hex(a, sv_n(out, (size_t)n), mac);
	out[n] = '.';
	memcpy(out + n + 1, mac, 65);
	return true;
}

bool api_token_check(struct api *a, const char *what, sv token, char *out, size_t cap)
{
	if (token.n < 66 || token.n > API_TOKEN_MAX || token.p[token.n - 65] != '.')
		return false;
	char mac[65];
	sv payload = sv_n(token.p, token.n - 65);
	mac_hex(a, payload, mac);
	if (sodium_memcmp(mac, token.p + token.n - 64, 64) != 0)
		return false;
	sv kind, subject;
	int64_t expires;
	if (!sv_cut(&payload, '~', &kind) || !sv_cut(&payload, '~', &subject) || sv_i64(payload, &expires))
		return false;
	if (!sv_eq(kind, sv_of(what)) || subject.n + 1 > cap || (expires && expires < clk_wall_ms()))
		return false;
	memcpy(out, subject.p, subject.n);
	out[subject.n] = '\0';
	return true;
}

bool api_user_of_token(struct api *a, sv token, struct api_user *ret)
{
	char subject[128];
	if (!api_token_check(a, "user", token, subject, sizeof(subject)))
		return false;
	sv rest = sv_of(subject), role;
	sv_cut(&rest, ':', &role);
	if (rest.n >= sizeof(ret->login) || role.n >= sizeof(ret->role))
		return false;
	snprintf(ret->role, sizeof(ret->role), SV_FMT, SV_ARG(role));
	snprintf(ret->login, sizeof(ret->login), SV_FMT, SV_ARG(rest));
	return true;
}

static sv token_of(struct web_req *r)
{
	sv t = web_req_bearer(r);
	return t.n ? t : web_req_arg(r, "token");
}

static bool role_fits(sv role, const char *roles)
{
	sv rest = sv_of(roles), one;
	while (sv_cut(&rest, '|', &one))
		if (sv_eq(one, role))
			return true;
	return false;
}

bool api_need_user(struct api *a, struct web_req *r, const char *roles, struct api_user *ret)
{
	struct api_user u;
	if (!api_user_of_token(a, token_of(r), &u)) {
		web_reply_problem(r, 401, "Sign in first: POST /api/v1/auth/login, then Authorization: Bearer.");
		return false;
	}
	if (!role_fits(sv_of(u.role), roles)) {
		web_reply_problem(r, 403, "Your role does not allow this.");
		return false;
	}
	if (ret)
		*ret = u;
	return true;
}

bool api_need_conversation(struct api *a, struct web_req *r, sv id)
{
	char subject[128] = "";
	sv token = token_of(r);
	if (api_token_check(a, "conv", token, subject, sizeof(subject)) && sv_eq(id, sv_of(subject)))
		return true;
	sv rest, of;
	if (api_token_check(a, "media", token, subject, sizeof(subject)) && (rest = sv_of(subject), true) &&
	    sv_cut(&rest, ':', &of) && sv_eq(id, of))
		return true;
	return api_need_user(a, r, "admin|supervisor|agent", NULL);
}

/* ---- sign-in ---- */

struct login {
	struct api_query *q;
	char password[256];
	char name[128], role[16];
};

static void login_run(struct api_query *q, struct store_db *db)
{
	struct login *l = (struct login *)(void *)q->s3.p;
	struct store_stmt *st;
	char hash[crypto_pwhash_STRBYTES + 1] = "";
	q->status = 401;
	q->detail = "The name or the password is wrong.";
	if (store_prep(db, &st, "SELECT password_hash, name, role FROM users WHERE login=?1 AND disabled=0"))
		return;
	store_bind_sv(st, 1, q->s1);
	if (store_step(st) == 1) {
		snprintf(hash, sizeof(hash), SV_FMT, SV_ARG(store_col_sv(st, 0)));
		snprintf(l->name, sizeof(l->name), SV_FMT, SV_ARG(store_col_sv(st, 1)));
		snprintf(l->role, sizeof(l->role), SV_FMT, SV_ARG(store_col_sv(st, 2)));
	}
	store_reset(st);
	if (hash[0] && crypto_pwhash_str_verify(hash, l->password, strlen(l->password)) == 0)
		q->status = 200;
	sodium_memzero(l->password, sizeof(l->password));
}

static void login_done(struct api_query *q)
{
	struct login *l = (struct login *)(void *)q->s3.p;
	q->a->logins--;
	if (q->status != 200) {
		web_reply_problem(q->r, q->status, q->detail);
		api_query_free(q);
		return;
	}
	char token[API_TOKEN_MAX];
	sv subject = sv_of(arena_fmt(&q->arena, "%s:" SV_FMT, l->role, SV_ARG(q->s1)));
	api_token_make(q->a, "user", subject, clk_wall_ms() + USER_TOKEN_MS, token, sizeof(token));
	jv *user = jv_obj();
	jv_set_str(user, "login", q->s1);
	jv_set_str(user, "name", sv_of(l->name));
	jv_set_str(user, "role", sv_of(l->role));
	jv *out = jv_obj();
	jv_set_str(out, "token", sv_of(token));
	jv_set(out, "user", user);
	web_reply_json(q->r, 200, out);
	api_query_free(q);
}

void api_login(struct web_req *r, void *arg)
{
	struct api *a = arg;
	jv *body = api_body(r);
	if (!body)
		return;
	sv login = jv_get_str(body, "login"), password = jv_get_str(body, "password");
	bool bad = !login.n || login.n > 60 || !password.n || password.n > 250 || sv_find_ch(login, '~') >= 0;
	if (bad || a->logins >= LOGINS_AT_ONCE) {
		jv_free(body);
		if (bad)
			web_reply_problem(r, 400, "Give login and password as text.");
		else
			web_reply(r, 429, NULL, SV_NULL, "Retry-After: 1\r\n");
		return;
	}
	struct api_query *q = api_query_new(a, r);
	struct login *l = arena_alloc(&q->arena, sizeof(*l));
	snprintf(l->password, sizeof(l->password), SV_FMT, SV_ARG(password));
	q->s1 = arena_sv(&q->arena, login);
	q->s3 = sv_n((char *)l, sizeof(*l));
	q->run = login_run;
	q->done = login_done;
	a->logins++;
	jv_free(body);
	api_query_start(q);
}

void api_me(struct web_req *r, void *arg)
{
	struct api_user u;
	if (!api_need_user(arg, r, "admin|supervisor|agent", &u))
		return;
	jv *out = jv_obj();
	jv_set_str(out, "login", sv_of(u.login));
	jv_set_str(out, "role", sv_of(u.role));
	web_reply_json(r, 200, out);
}

/* ---- users ---- */

struct user_put {
	sv login, name, role;
	char hash[crypto_pwhash_STRBYTES];
	bool replace;
	int result;
};

static int user_write(void *arg, struct store_db *db)
{
	struct user_put *u = arg;
	struct store_stmt *q;
	const char *sql = u->replace ?
		"INSERT OR REPLACE INTO users (login, name, role, password_hash, created_ms, updated_ms) "
		"VALUES (?1,?2,?3,?4,?5,?5)" :
		"INSERT OR IGNORE INTO users (login, name, role, password_hash, created_ms, updated_ms) "
		"VALUES (?1,?2,?3,?4,?5,?5) RETURNING login";
	int rc = store_prep(db, &q, sql);
	if (rc)
		return u->result = rc;
	store_bind_sv(q, 1, u->login);
	store_bind_sv(q, 2, u->name);
	store_bind_sv(q, 3, u->role);
	store_bind_sv(q, 4, sv_of(u->hash));
	store_bind_int(q, 5, clk_wall_ms());
	rc = store_step(q);
	store_reset(q);
	u->result = rc < 0 ? rc : !u->replace && rc == 0 ? ERR_EXISTS : 0;
	return u->result;
}

int api_user_put(struct store *st, sv login, sv name, sv role, sv password, bool replace, struct err *e)
{
	if (sodium_init() < 0)
		return err_set(e, ERR_FAIL, "libsodium does not start");
	if (!login.n || login.n > 60 || sv_find_ch(login, '~') >= 0 || sv_find_ch(login, ':') >= 0)
		return err_set(e, ERR_INVAL, "login must be 1 to 60 bytes without ~ and :");
	if (password.n < 8 || password.n > 250)
		return err_set(e, ERR_INVAL, "the password must have 8 to 250 bytes");
	if (!role_fits(role, "admin|supervisor|agent"))
		return err_set(e, ERR_INVAL, "role must be admin, supervisor or agent");
	struct user_put u = { login, name, role, .replace = replace };
	if (crypto_pwhash_str(u.hash, password.p, password.n, HASH_OPS, HASH_MEM))
		return err_set(e, ERR_NOMEM, "no memory for hashing the password");
	int rc = store_write(st, user_write, &u, NULL, NULL);
	if (rc == 0)
		rc = store_flush(st);
	if (rc == 0)
		rc = u.result;
	return rc ? err_set(e, rc, "user " SV_FMT ": %s", SV_ARG(login), err_text(rc)) : 0;
}
