/* cmd_init.c: `callm init DIR [--pack NAME]`: a commented configuration and a company beside it:
 * with a pack one of that trade, with texts, knowledge, tools, decision tables, flows and a suite;
 * without one the pack "own", blanks to fill in and empty folders. The data folder is that
 * company's from the first. Nothing that is there is ever overwritten. Main thread. */
#include "app_company.h"
#include "app_int.h"

#include <stdio.h>
#include <stdlib.h>

extern const struct embed_file packs_files[];
extern const size_t packs_files_n;

static bool in_pack(const struct embed_file *f, const char *pack)
{
	size_t n = strlen(pack);
	return sv_starts(sv_of(f->path), sv_of(pack)) && f->path[n] == '/';
}

/* "bank, public, telecom", as they lie in the program. */
static void put_names(struct sb *b)
{
	sv before = SV_NULL;
	for (size_t i = 0; i < packs_files_n; i++) {
		sv name = sv_of(packs_files[i].path);
		name.n = strcspn(name.p, "/");
		if (sv_eq(name, before))
			continue;
		sb_cstr(b, b->n ? ", " : "");
		sb_put(b, name);
		before = name;
	}
}

static int put_file(const struct embed_file *f, const char *dir, const char *rest, struct err *e)
{
	char path[4400];
	struct sb b;
	(void)snprintf(path, sizeof(path), "%s/%s", dir, rest);
	if (file_exists(path))
		return err_set(e, ERR_EXISTS, "%s is there already; it was left alone", path);
	char *slash = strrchr(path, '/');
	*slash = 0;
	int rc = file_mkdirs(path, e);
	*slash = '/';
	sb_init(&b, LIM_KB_DOC);
	if (rc == 0 && embed_text(f, &b))
		rc = err_set(e, ERR_TOOBIG, "%s does not fit", f->path);
	if (rc == 0)
		rc = file_write(path, sb_sv(&b), e);
	sb_done(&b);
	return rc;
}

static bool there(const char *dir, const char *rest)
{
	char path[4400];
	(void)snprintf(path, sizeof(path), "%s/%s", dir, rest);
	return file_exists(path);
}

static int put_pack(const char *pack, const char *dir, struct err *e)
{
	size_t n = strlen(pack), files = 0;
	bool own = strcmp(pack, "own") == 0;
	int rc = 0;
	for (size_t i = 0; i < packs_files_n && rc == 0; i++) {
		if (!in_pack(&packs_files[i], pack))
			continue;
		const char *rest = packs_files[i].path + n + 1;
		files++;
		if (own && there(dir, rest)) /* blanks stay away from what is filled in */
			continue;
		rc = put_file(&packs_files[i], dir, rest, e);
	}
	if (rc || files)
		return rc;
	struct sb b;
	sb_init(&b, 200);
	put_names(&b);
	rc = err_set(e, ERR_NOTFOUND, "no pack \"%s\"; there are %s", pack, sb_str(&b));
	sb_done(&b);
	return rc;
}

/* "# KEY: \"\"" of the starter becomes the value. */
static void set_line(struct sb *b, const char *key, const char *value)
{
	char line[80];
	struct sb out;
	(void)snprintf(line, sizeof(line), "# %s: \"\"\n", key);
	ptrdiff_t at = sv_find(sb_sv(b), sv_of(line));
	if (at < 0)
		return;
	sb_init(&out, LIM_CFG_BYTES);
	sb_put(&out, sv_slice(sb_sv(b), 0, (size_t)at));
	sb_fmt(&out, "%s: ", key);
	sb_json(&out, sv_of(value));
	sb_ch(&out, '\n');
	sb_put(&out, sv_slice(sb_sv(b), (size_t)at + strlen(line), b->n));
	sb_reset(b);
	sb_put(b, sb_sv(&out));
	sb_done(&out);
}

static int write_config(const char *path, const char *dir, struct err *e)
{
	struct sb b;
	char full[4200], company[4300], data[4300];
	if (!realpath(dir, full))
		return err_set(e, ERR_IO, "%s cannot be read", dir);
	(void)snprintf(company, sizeof(company), "%s/company.yaml", full);
	(void)snprintf(data, sizeof(data), "%s/data", full);
	sb_init(&b, LIM_CFG_BYTES);
	app_config_starter(&b);
	set_line(&b, "company", company);
	set_line(&b, "data", data);
	int rc = file_write(path, sb_sv(&b), e);
	if (rc == 0)
		rc = file_mkdirs(data, e);
	if (rc == 0)
		rc = app_company_claim(data, sv_of(company), e);
	sb_done(&b);
	return rc;
}

/* What a company of its own is going to have. */
static int put_folders(const char *dir, struct err *e)
{
	static const char *const folders[] = { "kb", "flows", "policies", "tools" };
	char path[4300];
	int rc = 0;
	for (size_t i = 0; i < sizeof(folders) / sizeof(*folders) && rc == 0; i++) {
		(void)snprintf(path, sizeof(path), "%s/%s", dir, folders[i]);
		rc = file_mkdirs(path, e);
	}
	return rc;
}

static void print_next(const char *dir, const char *path, bool pack)
{
	printf("%s and %s/company.yaml written. Next:\n", path, dir);
	if (!pack)
		printf("  fill in %s/company.yaml, put articles into %s/kb\n", dir, dir);
	printf("  callm check --config %s\n  callm kb import --config %s %s/kb\n"
	       "  callm user add NAME --role admin --config %s < password.txt\n"
	       "  callm serve --config %s\n",
	       path, path, dir, path, path);
}

int cmd_init(int argc, char **argv)
{
	const char *pack = NULL;
	int rest, status;
	char path[4200];
	struct err e = { 0 };
	const struct cli_opt opts[] = {
		{ "pack", CLI_STR, &pack,
		  "a company to begin with: telecom, bank or public; else blanks to fill in" },
	};
	if (!cli_parse(argc, argv, opts, 1, &rest, &status))
		return status;
	if (rest >= argc)
		return cli_fail("which folder? callm init DIR"), 2;
	const char *dir = argv[rest];
	(void)snprintf(path, sizeof(path), "%s/callm.yaml", dir);
	if (file_exists(path))
		return cli_fail("%s is there already; it was left alone", path);
	int rc = file_mkdirs(dir, &e);
	if (rc == 0)
		rc = put_pack(pack ? pack : "own", dir, &e);
	if (rc == 0)
		rc = put_folders(dir, &e);
	if (rc == 0)
		rc = write_config(path, dir, &e);
	if (rc)
		return cli_fail("%s", e.msg);
	print_next(dir, path, pack != NULL);
	return 0;
}
