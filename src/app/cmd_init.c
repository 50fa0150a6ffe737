/* cmd_init.c: `callm init DIR [--pack NAME]`: a commented starter configuration, and with a pack a
 * whole company of that trade to begin with: its texts, knowledge, tools, decision tables, flows
 * and a suite. Nothing that is there is ever overwritten. Main thread. */
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

static int put_pack(const char *pack, const char *dir, struct err *e)
{
	size_t n = strlen(pack), files = 0;
	int rc = 0;
	for (size_t i = 0; i < packs_files_n && rc == 0; i++) {
		if (!in_pack(&packs_files[i], pack))
			continue;
		rc = put_file(&packs_files[i], dir, packs_files[i].path + n + 1, e);
		files++;
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

static int write_config(const char *path, const char *dir, bool pack, struct err *e)
{
	struct sb b;
	char full[4200], file[4300];
	sb_init(&b, LIM_CFG_BYTES);
	app_config_starter(&b);
	if (pack && realpath(dir, full)) {
		(void)snprintf(file, sizeof(file), "%s/company.yaml", full);
		set_line(&b, "company", file);
		(void)snprintf(file, sizeof(file), "%s/data", full);
		set_line(&b, "data", file);
	}
	int rc = file_write(path, sb_sv(&b), e);
	sb_done(&b);
	return rc;
}

int cmd_init(int argc, char **argv)
{
	const char *pack = NULL;
	int rest, status;
	char path[4200];
	struct err e = { 0 };
	const struct cli_opt opts[] = {
		{ "pack", CLI_STR, &pack, "a company to begin with: telecom, bank or public" },
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
	if (rc == 0 && pack)
		rc = put_pack(pack, dir, &e);
	if (rc == 0)
		rc = write_config(path, dir, pack != NULL, &e);
	if (rc)
		return cli_fail("%s", e.msg);
	printf("%s written; edit it, then: callm check --config %s && %s%s%s%s%scallm serve "
	       "--config %s\n",
	       path, path, pack ? "callm kb import --data " : "", pack ? dir : "",
	       pack ? "/data " : "", pack ? dir : "", pack ? "/kb && " : "", path);
	return 0;
}
