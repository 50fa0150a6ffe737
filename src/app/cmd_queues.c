/* cmd_queues.c: `callm queues`: queues of FreeSWITCH or Asterisk as queues.yaml, and a file of
 * queues checked. Main thread. */
#include "app_int.h"

#include <stdio.h>

#include "acd_import.h"
#include "acd_plan.h"
#include "app_company.h"
#include "app_music.h"

/* Hours are checked where the calendars are: `callm check`. */
static const struct cal *any_cal(void *arg, sv name)
{
	return arg;
}

static int check(const char *path, sv yaml)
{
	struct cfg_report rep = { 0 };
	struct acd_plan *p = NULL;
	struct cal *always = cal_always();
	struct app_company at;
	app_company_open(&at, sv_of(path));  /* music lies beside the file */
	struct app_music *music = app_music_new(at.dir, NULL);
	struct acd_cals cals = { any_cal, always, app_music_of, music };
	int rc = acd_plan_new(&p, yaml, path, &cals, &rep);
	if (rc == 0)
		printf("%s: %d queues, %d skills, %d agents\n", path, acd_plan_queues(p),
		       acd_plan_skills(p), acd_plan_people(p));
	else
		cli_tell(&rep);
	cfg_report_done(&rep);
	obj_unref(p);
	obj_unref(always);
	app_music_free(music);
	return rc ? 1 : 0;
}

static int import(const char *path, sv text, const char *out)
{
	struct err e = { 0 };
	struct cfg_report rep = { 0 };
	struct acd_plan *p = NULL;
	jv *tree = NULL;
	struct sb notes, yaml;
	int rc;
	sb_init(&notes, LIM_SB);
	sb_init(&yaml, LIM_SB);
	rc = acd_import(&tree, text, path, &notes, &e);
	if (rc == 0) {
		acd_import_yaml(tree, &yaml);
		rc = acd_plan_new(&p, sb_sv(&yaml), path, NULL, &rep);
		if (rc)
			(void)err_set(&e, rc, "%s: what came of it is no plan", path);
	}
	if (rc == 0 && out)
		rc = file_exists(out) ? err_set(&e, ERR_EXISTS, "%s is there already", out) :
					file_write(out, sb_sv(&yaml), &e);
	else if (rc == 0)
		fputs(sb_str(&yaml), stdout);
	fputs(sb_str(&notes), stderr);
	cli_tell(&rep);
	obj_unref(p);
	jv_free(tree);
	sb_done(&notes);
	sb_done(&yaml);
	return rc ? cli_fail("%s", e.msg) : 0;
}

int cmd_queues(int argc, char **argv)
{
	const char *out = NULL;
	struct err e = { 0 };
	struct sb text;
	int rest, status;
	const struct cli_opt opts[] = {
		{ "out", CLI_STR, &out, "import: the file to write (default: the output)" },
	};
	if (!cli_parse(argc, argv, opts, 1, &rest, &status))
		return status;
	const char *what = rest < argc ? argv[rest] : "";
	bool imports = strcmp(what, "import") == 0;
	if (rest + 2 != argc || (!imports && strcmp(what, "check") != 0))
		return cli_fail("queues import FILE or queues check FILE; see callm queues "
				"--help"),
		       2;
	sb_init(&text, LIM_CFG_BYTES);
	if (file_read(argv[rest + 1], LIM_CFG_BYTES, &text, &e))
		status = cli_fail("%s", e.msg);
	else if (imports)
		status = import(argv[rest + 1], sb_sv(&text), out);
	else
		status = check(argv[rest + 1], sb_sv(&text));
	sb_done(&text);
	return status;
}
