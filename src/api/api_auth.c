/* api_auth.c: who is asking: signed tokens (HMAC-SHA-512-256, libsodium) and who may do what
 * with them.
 *
 * Tokens carry what they say and a MAC under the installation's key (data folder, mode 0600),
 * so they survive a restart and need no table. Three kinds: "user" (role and login, twelve
 * hours), "conv" (a written conversation, as long as there is one), "media" (a spoken one). One
 * kind is never taken for another: the kind is under the MAC. Any thread, except where a
 * request is answered. */
#include "api_int.h"
#include "api_user.h"
#include "guard_access.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

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
	return rc ? err_set(e, rc,
			    "%s: cannot be read or written; check the data folder's owner",
			    path) :
		    0;
}

static void mac_hex(struct api *a, sv payload, char out[65])
{
	unsigned char mac[crypto_auth_BYTES];
	crypto_auth(mac, (const unsigned char *)payload.p, payload.n, a->key);
	sodium_bin2hex(out, 65, mac, 32);
}

bool api_token_make(struct api *a, const char *what, sv subject, int64_t expires_ms, char *out,
		    size_t cap)
{
	char mac[65];
	int n = snprintf(out, cap, "%s~" SV_FMT "~%lld", what, SV_ARG(subject),
			 (long long)expires_ms);
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
	if (!sv_cut(&payload, '~', &kind) || !sv_cut(&payload, '~', &subject) ||
	    sv_i64(payload, &expires))
		return false;
	if (!sv_eq(kind, sv_of(what)) || subject.n + 1 > cap ||
	    (expires && expires < clk_wall_ms()))
		return false;
	memcpy(out, subject.p, subject.n);
	out[subject.n] = '\0';
	return true;
}

/* When a user's good token was made: they all last equally long. */
static int64_t made_ms(sv token)
{
	sv payload = sv_n(token.p, token.n - 65);
	int64_t expires = 0;
	size_t at = payload.n;
	while (at && payload.p[at - 1] != '~')
		at--;
	return sv_i64(sv_slice(payload, at, payload.n), &expires) ? 0 : expires - API_USER_TOKEN_MS;
}

bool api_user_of_token(struct api *a, sv token, struct api_user *ret)
{
	char subject[128];
	if (!api_token_check(a, "user", token, subject, sizeof(subject)))
		return false;
	sv rest = sv_of(subject), role, login;
	sv_cut(&rest, ':', &role);
	sv_cut(&rest, ':', &login);  /* what follows is the id of the sign-in */
	if (login.n >= sizeof(ret->login) || role.n >= sizeof(ret->role) ||
	    sv_starts(role, SV("#")))
		return false;
	ret->made_ms = made_ms(token);
	if (api_user_cut(a, login, ret->made_ms))
		return false;
	api_session_used(a, login, rest);
	snprintf(ret->role, sizeof(ret->role), SV_FMT, SV_ARG(role));
	snprintf(ret->login, sizeof(ret->login), SV_FMT, SV_ARG(login));
	return true;
}

bool api_owner_of(struct api *a, sv key, char *out, size_t cap)
{
	struct api_user u;
	bool program = api_key_user(a, key, &u);
	if ((!program && !api_user_of_token(a, key, &u)) ||
	    !api_role_may(a, sv_of(u.role), "bot.use"))
		return false;
	snprintf(out, cap, "%s%s", program ? "" : "user:", u.login);
	return true;
}

static sv token_of(struct web_req *r)
{
	sv t = web_req_bearer(r);
	return t.n ? t : web_req_arg(r, "token");
}

bool api_need_user(struct api *a, struct web_req *r, struct api_user *ret)
{
	struct api_user u;
	if (!api_user_of_token(a, token_of(r), &u) && !api_key_user(a, token_of(r), &u)) {
		api_problem(
			r, 401,
			"Sign in first: POST /api/v1/auth/login, then Authorization: Bearer.");
		return false;
	}
	if (u.role[0] != '#' && !guard_role_known(a->access, sv_of(u.role))) {
		api_problem(r, 403, "Your role is not there any more.");
		return false;
	}
	if (ret)
		*ret = u;
	return true;
}

bool api_signed_in(struct api *a, struct web_req *r)
{
	struct api_user u;
	return api_user_of_token(a, token_of(r), &u);
}

/* What a token says of conversation id. */
enum bearer { NOBODY, WRITES, SPEAKS, STRANGER, USER };

static enum bearer bearer_of(struct api *a, struct web_req *r, sv id)
{
	char subject[128];
	sv token = token_of(r), rest, of;
	if (api_token_check(a, "conv", token, subject, sizeof(subject)))
		return sv_eq(id, sv_of(subject)) ? WRITES : STRANGER;
	if (api_token_check(a, "media", token, subject, sizeof(subject))) {
		rest = sv_of(subject);
		return sv_cut(&rest, ':', &of) && sv_eq(id, of) ? SPEAKS : STRANGER;
	}
	return api_signed_in(a, r) ? USER : NOBODY;
}

bool api_need_conversation(struct api *a, struct web_req *r, sv id, struct api_scope *scope)
{
	struct api_user u;
	*scope = (struct api_scope){ .all = true };
	switch (bearer_of(a, r, id)) {
	case WRITES:
	case SPEAKS:
		return true;
	case STRANGER:
		api_problem(r, 403, "This token belongs to another conversation.");
		return false;
	default:
		if (!api_may(a, r, "conversation.read", &u))
			return false;
		api_scope_of(a, &u, id, scope);
		return true;
	}
}

bool api_need_customer(struct api *a, struct web_req *r, sv id)
{
	switch (bearer_of(a, r, id)) {
	case WRITES:
		return true;
	case SPEAKS:
		api_problem(r, 409,
			    "This conversation is spoken: it goes on over its own socket, "
			    "/ws/media.");
		return false;
	case STRANGER:
		api_problem(r, 403, "This token belongs to another conversation.");
		return false;
	case USER:
		api_problem(r, 403, "Only the customer's token may do this.");
		return false;
	default:
		api_problem(r, 401, "Send the conversation's token: Authorization: Bearer.");
		return false;
	}
}
