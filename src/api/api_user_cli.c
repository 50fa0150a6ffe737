/* api_user_cli.c: users for commands that have no server: made, listed, out of use and back,
 * another password. A running server knows it within seconds (api_user.c). On threads that may
 * block. */
#include "api_int.h"
#include "api_user.h"
#include "guard_access.h"

#include <sodium.h>

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

/* Who is there already keeps their first day and whether they are disabled. */
static int put_write(void *arg, struct store_db *db)
{
	struct api_user_edit *u = arg;
	int rc = api_user_edit_write(u, db);
	if (rc != ERR_NOTFOUND)
		return rc;
	u->version = -1;
	return api_user_make_write(u, db);
}

static int write_now(struct store *st, store_write_fn *fn, struct api_user_edit *u)
{
	int rc = store_write(st, fn, u, NULL, NULL);
	if (rc == 0)
		rc = store_flush(st);
	return rc ? rc : u->result;
}

#define LAST_ADMIN " is the last administrator: make another one first"

int api_user_set(struct store *st, sv login, sv password, int disabled, struct err *e)
{
	struct api_user_edit u = { .login = login, .disabled = disabled };
	if (password.n && (password.n < API_PASSWORD_MIN || password.n > 250))
		return err_set(e, ERR_INVAL, "the password must have %d to 250 bytes",
			       API_PASSWORD_MIN);
	if (password.n && api_password_hash(password, u.hash))
		return err_set(e, ERR_NOMEM, "no memory for hashing the password");
	int rc = write_now(st, api_user_edit_write, &u);
	return rc == 0 ? 0 :
	       err_set(e, rc, rc == ERR_NOTFOUND ? "there is no user " SV_FMT "; callm user list" :
			      rc == ERR_STATE    ? SV_FMT LAST_ADMIN :
						   SV_FMT ": the user could not be saved",
		       SV_ARG(login));
}

int api_user_put(struct store *st, sv login, sv name, sv role, sv password, bool replace,
		 struct err *e)
{
	if (sodium_init() < 0)
		return err_set(e, ERR_FAIL, "libsodium does not start");
	if (!api_login_ok(login))
		return err_set(e, ERR_INVAL, API_LOGIN_RULE);
	if (password.n < 8 || password.n > 250)
		return err_set(e, ERR_INVAL, "the password must have 8 to 250 bytes");
	struct guard_access *roles = guard_access_builtin();
	bool known = guard_role_known(roles, role);
	obj_unref(roles);
	if (!known)
		return err_set(e, ERR_INVAL,
			       "role must be admin, supervisor, agent, quality, viewer or "
			       "knowledge");
	struct api_user_edit u = { .login = login, .name = name, .role = role, .disabled = -1,
				   .version = replace ? 0 : -1 };
	if (api_password_hash(password, u.hash))
		return err_set(e, ERR_NOMEM, "no memory for hashing the password");
	int rc = write_now(st, replace ? put_write : api_user_make_write, &u);
	if (rc == ERR_STATE)
		return err_set(e, rc, SV_FMT LAST_ADMIN, SV_ARG(login));
	return rc ? err_set(e, rc, "user " SV_FMT ": %s", SV_ARG(login), err_text(rc)) : 0;
}
