/* cmd_setup.c: `callm check`. */
#include "app_company.h"
#include "app_int.h"
#include "app_people.h"

#include <stdio.h>

/* Whose name customers hear; a company that is not whole is told. */
static int look_company(const char *path, const jv *cfg)
{
	sv file = jv_get_str(cfg, "company");
	struct err e = { 0 };
	jv *company = app_company_of(cfg, &e);
	if (!company)
		return cli_fail("%s", e.msg);
	if (!file.n)
		(void)fprintf(stderr, "warning: %s: %s\n", path, APP_COMPANY_NONE);
	else if (app_company_whole(company, file, &e))
		(void)fprintf(stderr, "warning: %s\n", e.msg);
	jv_free(company);
	return 0;
}

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
	if (look_company(path, cfg)) {
		jv_free(cfg);
		return 1;
	}
	struct cfg_report rep = { 0 };       /* what a server goes on without */
	if (jv_get_str(cfg, "company").n)
		app_people_check(jv_get_str(cfg, "company"), true, &rep);
	if (rep.n)
		(void)fprintf(stderr, "warning: the server starts, and callers hear the tune "
				      "instead of this music:\n");
	printf("%s: fine%s\n", path, rep.n ? ", but for the music" : "");
	cli_tell(&rep);
	jv_free(cfg);
	return 0;
}
