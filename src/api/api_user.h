/* api_user.h: users at the door. Private to the api; on its thread unless it says otherwise. */
#ifndef CALLM_API_USER_H
#define CALLM_API_USER_H

#include "api_int.h"

#define API_USER_TOKEN_MS (12 * 3600 * 1000LL)
#define API_LOGINS_AT_ONCE 4         /* hashing costs memory on purpose */
#define API_HASH 128                 /* crypto_pwhash_STRBYTES */
#define API_PASSWORD_MIN 10          /* of passwords given over HTTP */
#define API_LOGIN_RULE "login is 1 to 40 small letters, digits, dots, - and _"

/* api_login.c: 0 or ERR_NOMEM; slow, on a worker. */
int api_password_hash(sv password, char out[API_HASH]);
bool api_login_ok(sv login);

/* api_user.c */
void api_users_open(struct api *a);
void api_users_done(struct api *a);
void api_users_reload(struct api *a);        /* soon */
/* Is a token of that user, made then, no longer good? */
bool api_user_cut(const struct api *a, sv login, int64_t made_ms);

struct api_user_edit {
	sv login, name, role;        /* name, role SV_NULL: as they are */
	sv by;                       /* login; empty: a command */
	char password[256], hash[API_HASH];  /* empty: as it is */
	int disabled;                /* -1: as it is */
	int64_t version;             /* asked for; 0 = any, -1 = a new user */
	int64_t cut_ms;              /* since then they must sign in again; 0 = need not */
	int result;
};
/* On the scribe, of a struct api_user_edit whose hash is made: the user and a row of the river.
 * What they return stands in result too: ERR_EXISTS; ERR_NOTFOUND, ERR_CONFLICT (another version),
 * ERR_STATE (no administrator would be left).
 * Only a real change cuts. */
int api_user_make_write(void *arg, struct store_db *db);
int api_user_edit_write(void *arg, struct store_db *db);

/* Tokens of that user made before are no longer good; what they have open ends. */
void api_user_cut_from(struct api *a, sv login, int64_t from_ms);

/* api_session.c: a sign-in, on the scribe, before its token is told */
struct api_session {
	sv login, id, peer, agent;   /* id: 26 bytes */
	int64_t made_ms;
};
int api_session_put(struct store_db *db, const struct api_session *x);
void api_session_used(struct api *a, sv login, sv id);
/* Notes that what this row of kv stands for was used now; written within a minute. */
void api_used(struct api *a, sv row);
void api_used_open(struct api *a);
void api_used_done(struct api *a);
void api_used_tick(struct api *a);
void api_sessions(struct web_req *r, void *arg);
void api_sessions_end(struct web_req *r, void *arg);

/* The user's sockets end: of the desk, of consoles, of their browser line. */
void api_seat_cut(struct api *a, sv login, int64_t from_ms);
void api_agent_cut(struct api *a, sv login, int64_t from_ms);
void api_live_cut(struct api *a, sv login, int64_t from_ms);

void api_users(struct web_req *r, void *arg);
void api_user_get(struct web_req *r, void *arg);
void api_user_make(struct web_req *r, void *arg);
void api_user_patch(struct web_req *r, void *arg);
void api_roles(struct web_req *r, void *arg);

#endif
