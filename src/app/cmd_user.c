/* cmd_user.c: `callm user add|list|disable|enable|password`: users without a running server
 * (one that runs knows of it within seconds). */
#include "app_int.h"
#include "api.h"

#include <stdio.h>

static bool read_password(struct sb *out)
{
	char line[512];
	if (!fgets(line, sizeof(line), stdin))
		return false;
	sb_put(out, sv_trim(sv_of(line)));
	return out->n > 0;
}

struct user_cmd {
	const char *data, *config, *role, *name, *login;
	bool replace, json;
	struct sb password;
};

static int run_add(struct user_cmd *u, struct store *st, struct err *e)
{
	int rc = api_user_put(st, sv_of(u->login), sv_of(u->name), sv_of(u->role),
			      sb_sv(&u->password), u->replace, e);
	if (rc == ERR_EXISTS)
		return err_set(e, rc, "there is a user %s already; --replace changes it", u->login);
	if (rc == 0)
		printf("user %s saved, role %s\n", u->login, u->role);
	return rc;
}

static int run_password(struct user_cmd *u, struct store *st, struct err *e)
{
	int rc = api_user_set(st, sv_of(u->login), sb_sv(&u->password), -1, e);
	if (rc == 0)
		printf("user %s has the new password\n", u->login);
	return rc;
}

static int run_disable(struct user_cmd *u, struct store *st, struct err *e)
{
	int rc = api_user_set(st, sv_of(u->login), SV_NULL, 1, e);
	if (rc == 0)
		printf("user %s may not sign in any more\n", u->login);
	return rc;
}

static int run_enable(struct user_cmd *u, struct store *st, struct err *e)
{
	int rc = api_user_set(st, sv_of(u->login), SV_NULL, 0, e);
	if (rc == 0)
		printf("user %s may sign in again\n", u->login);
	return rc;
}

static int run_list(struct user_cmd *u, struct store *st, struct err *e)
{
	jv *list = NULL;
	int rc = api_user_list(st, &list, e);
	for (size_t i = 0; i < jv_len(list); i++) {
		const jv *x = jv_at(list, i);
		sv login = jv_get_str(x, "login"), role = jv_get_str(x, "role");
		struct sb line;
		sb_init(&line, LIM_SB);
		if (u->json)
			jv_dump(x, &line);
		else
			sb_fmt(&line, "%-20.*s %-12.*s %-9s " SV_FMT, (int)login.n, login.p,
			       (int)role.n, role.p,
			       jv_get_bool(x, "disabled", false) ? "disabled" : "",
			       SV_ARG(jv_get_str(x, "name")));
		puts(sb_str(&line));
		sb_done(&line);
	}
	jv_free(list);
	return rc;
}

static const struct {
	const char *name;
	int (*run)(struct user_cmd *u, struct store *st, struct err *e);
	bool login, password;
} verbs[] = {
	{ "add", run_add, true, true },		{ "list", run_list, false, false },
	{ "disable", run_disable, true, false }, { "enable", run_enable, true, false },
	{ "password", run_password, true, true },
};
#define N_VERBS (sizeof(verbs) / sizeof(*verbs))

static int run(struct user_cmd *u, size_t verb)
{
	struct err e = { 0 };
	struct sb dir;
	struct store *st = NULL;
	sb_init(&dir, 4096);
	int rc = !verbs[verb].password || read_password(&u->password) ?
			 0 : err_set(&e, ERR_INVAL, "no password came on stdin");
	if (rc == 0)
		rc = app_data_of(u->data, u->config, &dir, &e);
	struct store_opts so = { .dir = sb_str(&dir) };
	if (rc == 0)
		rc = store_open(&st, &so, &e);
	if (rc == ERR_BUSY && !verbs[verb].login) { /* a list is read beside a server */
		so.readonly = true;
		rc = store_open(&st, &so, &e);
	}
	if (rc == ERR_BUSY)
		rc = err_set(&e, rc, "a server runs in the data folder %s: change users in its "
				     "console, Settings > Users, or by /api/v1/users",
			     sb_str(&dir));
	if (rc == 0)
		rc = verbs[verb].run(u, st, &e);
	store_close(st);
	sb_done(&dir);
	return rc ? cli_fail("%s", e.msg) : 0;
}

int cmd_user(int argc, char **argv)
{
	struct user_cmd u = { .role = "agent", .name = "" };
	int rest, status;
	size_t verb = 0;
	const struct cli_opt opts[] = {
		{ "role", CLI_STR, &u.role, "add: admin, supervisor, agent (default), ..." },
		{ "name", CLI_STR, &u.name, "add: name shown to others" },
		{ "replace", CLI_FLAG, &u.replace, "add: change an existing user" },
		{ "json", CLI_FLAG, &u.json, "list: one object a line" },
		{ "data", CLI_STR, &u.data, "data folder" },
		{ "config", CLI_STR, &u.config, "or the configuration that names it" },
	};
	if (!cli_parse(argc, argv, opts, 6, &rest, &status))
		return status;
	while (verb < N_VERBS && (rest >= argc || strcmp(argv[rest], verbs[verb].name) != 0))
		verb++;
	if (verb == N_VERBS || (verbs[verb].login ? rest + 2 != argc : rest + 1 != argc))
		return cli_fail("callm user add|password LOGIN < password.txt, user "
				"disable|enable LOGIN, user list"), 2;
	u.login = verbs[verb].login ? argv[rest + 1] : NULL;
	sb_init(&u.password, 1024);
	status = run(&u, verb);
	sb_done(&u.password);
	return status;
}
