/* cmd_setup.c: `callm check`, `callm user add`. */
#include "app_int.h"
#include "api.h"

#include <stdio.h>

int cmd_check(int argc, char **argv)
{
	const char *path = NULL;
	int rest, status;
	const struct cli_opt opts[] = { { "config", CLI_STR, &path,
					  "the file (or as the first argument)" } };
	for (int i = 1; i < argc; i++)
		if (strcmp(argv[i], "-c") == 0)
			argv[i] = "--config";
	if (!cli_parse(argc, argv, opts, 1, &rest, &status))
		return status;
	if (!path && rest < argc)
		path = argv[rest];
	if (!path)
		return cli_fail("which file? callm check --config callm.yaml"), 2;
	jv *cfg = app_config(path, NULL, false);
	if (!cfg)
		return 1;
	jv_free(cfg);
	printf("%s: fine\n", path);
	return 0;
}

static bool read_password(struct sb *out)
{
	char line[512];
	if (!fgets(line, sizeof(line), stdin))
		return false;
	sb_put(out, sv_trim(sv_of(line)));
	return true;
}

int cmd_user(int argc, char **argv)
{
	const char *data = NULL, *role = "agent", *name = "";
	bool replace = false;
	int rest, status;
	const struct cli_opt opts[] = {
		{ "role", CLI_STR, &role, "admin, supervisor or agent (default)" },
		{ "name", CLI_STR, &name, "name shown to others" },
		{ "replace", CLI_FLAG, &replace, "change an existing user" },
		{ "data", CLI_STR, &data, "data folder" },
	};
	if (!cli_parse(argc, argv, opts, 4, &rest, &status))
		return status;
	if (rest + 1 >= argc || strcmp(argv[rest], "add") != 0)
		return cli_fail("callm user add LOGIN, with the password on stdin"), 2;
	struct err e = { 0 };
	struct sb dir, password;
	struct store *st = NULL;
	sb_init(&dir, 4096);
	sb_init(&password, 1024);
	int rc = read_password(&password) ? 0 : err_set(&e, ERR_INVAL, "no password came on stdin");
	if (rc == 0)
		rc = app_data_dir(data, &dir, &e);
	struct store_opts so = { .dir = sb_str(&dir) };
	if (rc == 0)
		rc = store_open(&st, &so, &e);
	if (rc == 0)
		rc = api_user_put(st, sv_of(argv[rest + 1]), sv_of(name), sv_of(role),
				  sb_sv(&password), replace, &e);
	store_close(st);
	sb_done(&dir);
	sb_done(&password);
	return rc ? cli_fail("%s", e.msg) : 0;
}
