/* api_user_cli.c: users for commands that have no server: list, out of use and back, another
 * password. A running server knows it within seconds (api_user.c). On threads that may block. */
#include "api_int.h"
#include "api_user.h"

#include <stdio.h>

int api_user_list(struct store *st, jv **ret, struct err *e)
{
	struct store_db *db;
	struct store_stmt *q;
	int rc = store_reader(st, &db);
	if (rc == 0)
		rc = store_prep(db, &q, "SELECT login, name, role, disabled, created_ms FROM users "
					"ORDER BY login");
	if (rc)
		return err_set(e, rc, "users: %s", err_text(rc));
	jv *list = jv_arr();
	while ((rc = store_step(q)) == 1) {
		char when[32];
		jv *o = jv_obj();
		jv_set_str(o, "login", store_col_sv(q, 0));
		jv_set_str(o, "name", store_col_sv(q, 1));
		jv_set_str(o, "role", store_col_sv(q, 2));
		jv_set(o, "disabled", jv_bool(store_col_int(q, 3) != 0));
		clk_rfc3339(store_col_int(q, 4), when);
		jv_set_str(o, "created_at", sv_of(when));
		jv_push(list, o);
	}
	store_reset(q);
	if (rc < 0) {
		jv_free(list);
		return err_set(e, rc, "users: %s", err_text(rc));
	}
	*ret = list;
	return 0;
}

struct user_set {
	sv login;
	char hash[API_HASH];         /* empty: as it is */
	int disabled;                /* -1: as it is */
	int result;
};

/* Is somebody else left who may do everything? (The role is called so in every company.) */
static int other_admin(struct store_db *db, sv login, bool *ret)
{
	struct store_stmt *q;
	int rc = store_prep(db, &q, "SELECT 1 FROM users WHERE role='admin' AND disabled=0 AND "
				    "login<>?1 LIMIT 1");
	if (rc)
		return rc;
	store_bind_sv(q, 1, login);
	rc = store_step(q);
	*ret = rc == 1;
	store_reset(q);
	return rc < 0 ? rc : 0;
}

static int set_note(struct store_db *db, const struct user_set *u)
{
	struct sb body;
	sb_init(&body, 4096);
	sb_cstr(&body, "{\"login\":");
	sb_json(&body, u->login);
	if (u->disabled >= 0)
		sb_fmt(&body, ",\"disabled\":%s", u->disabled ? "true" : "false");
	sb_fmt(&body, ",\"password\":%s}", u->hash[0] ? "true" : "false");
	const struct store_event ev = { .kind = SV("user.changed"), .actor = SV("system"),
					.body = sb_sv(&body) };
	int rc = store_event_put(db, &ev);
	sb_done(&body);
	return rc;
}

static int set_write(void *arg, struct store_db *db)
{
	struct user_set *u = arg;
	struct store_stmt *q;
	bool left = true;
	int rc = u->disabled == 1 ? other_admin(db, u->login, &left) : 0;
	if (rc == 0 && !left)
		rc = ERR_STATE;
	if (rc == 0)
		rc = store_prep(
			db, &q,
			"UPDATE users SET password_hash=coalesce(?2,password_hash), "
			"disabled=CASE WHEN ?3<0 THEN disabled ELSE ?3 END, "
			"version=version+1, updated_ms=?4, valid_from_ms=CASE WHEN ?3=0 AND "
			"?2 IS NULL THEN valid_from_ms ELSE ?4 END WHERE login=?1");
	if (rc)
		return u->result = rc;
	store_bind_sv(q, 1, u->login);
	store_bind_sv(q, 2, u->hash[0] ? sv_of(u->hash) : SV_NULL);
	store_bind_int(q, 3, u->disabled);
	store_bind_int(q, 4, clk_wall_ms());
	rc = store_run(q);
	if (rc == 0 && store_changes(db) == 0)
		rc = ERR_NOTFOUND;
	return u->result = rc ? rc : set_note(db, u);
}

int api_user_set(struct store *st, sv login, sv password, int disabled, struct err *e)
{
	struct user_set u = { .login = login, .disabled = disabled };
	if (password.n && (password.n < API_PASSWORD_MIN || password.n > 250))
		return err_set(e, ERR_INVAL, "the password must have %d to 250 bytes",
			       API_PASSWORD_MIN);
	if (password.n && api_password_hash(password, u.hash))
		return err_set(e, ERR_NOMEM, "no memory for hashing the password");
	int rc = store_write(st, set_write, &u, NULL, NULL);
	if (rc == 0)
		rc = store_flush(st);
	if (rc == 0)
		rc = u.result;
	return rc == 0 ? 0 :
	       err_set(e, rc, rc == ERR_NOTFOUND ? "there is no user " SV_FMT "; callm user list" :
			      rc == ERR_STATE    ? SV_FMT " is the last administrator: make "
						   "another one first" :
						   SV_FMT ": the user could not be saved",
		       SV_ARG(login));
}
