/* cmd_cust.c: `callm export CUSTOMER` and `callm erase CUSTOMER`: a person's right to a copy of
 * their data, and to be forgotten. Beside a running server the copy is read all the same;
 * erasing is its own to do then (DELETE /api/v1/customers/ID). */
#include "app_int.h"
#include "api.h"
#include "cust.h"
#include "guard.h"

#include <stdio.h>

/* The key of a file, when there is one. */
static int key_of(const struct app_desk *d, const char *file, unsigned char key[GUARD_KEY],
		  bool needed, struct err *e)
{
	char path[4200];
	snprintf(path, sizeof(path), "%s/%s", sb_str(&d->dir), file);
	if (!file_exists(path))
		return needed ? err_set(e, ERR_NOTFOUND,
					"%s is not there: this folder has no customers, or "
					"their key "
					"was lost",
					path) :
				ERR_NOTFOUND;
	return guard_key(path, false, key, e);
}

static int open_keys(const struct app_desk *d, struct cust_keys **ret, struct err *e)
{
	unsigned char key[GUARD_KEY];
	int rc = key_of(d, "data.key", key, true, e);
	if (rc == 0)
		rc = cust_keys_new(ret, key);
	memset(key, 0, sizeof(key));
	return rc;
}

static int write_out(const char *path, sv text, struct err *e)
{
	if (path)
		return file_write(path, text, e);
	return fwrite(text.p, 1, text.n, stdout) == text.n && putchar('\n') != EOF &&
			       fflush(stdout) == 0 ?
		       0 :
		       err_set(e, ERR_IO, "the copy could not be written");
}

static int export_one(struct app_desk *d, sv id, bool claimed, const char *path, struct err *e)
{
	struct cust_keys *keys = NULL;
	struct store_db *db;
	struct sb out;
	unsigned char pii[GUARD_KEY];
	bool unmask = key_of(d, "pii.key", pii, false, e) == 0;
	int rc = open_keys(d, &keys, e);
	sb_init(&out, 512u << 20);
	if (rc == 0)
		rc = store_reader(d->store, &db);
	if (rc == 0)
		rc = cust_export(db, keys, unmask ? pii : NULL, id, claimed, clk_wall_ms(), &out);
	if (rc == ERR_STATE)
		err_set(e, rc, "customer " SV_FMT " was erased", SV_ARG(id));
	else if (rc && !e->msg[0])
		err_set(e, rc, "customer " SV_FMT ": %s", SV_ARG(id), err_text(rc));
	if (rc == 0)
		rc = write_out(path, sb_sv(&out), e);
	memset(pii, 0, sizeof(pii));
	sb_done(&out);
	obj_unref(keys);
	return rc;
}

int cmd_export(int argc, char **argv)
{
	const char *data = NULL, *out = NULL;
	bool claimed = false;
	int rest, status;
	struct err e = { 0 };
	struct app_desk d;
	const struct cli_opt opts[] = {
		{ "out", CLI_STR, &out,
		  "the file to write (readable by its owner only); else stdout" },
		{ "claimed", CLI_FLAG, &claimed,
		  "with the words of conversations that were only claimed (caller number, "
		  "cookie)" },
		{ "data", CLI_STR, &data, "data folder" },
	};
	if (!cli_parse(argc, argv, opts, sizeof(opts) / sizeof(*opts), &rest, &status))
		return status;
	if (rest + 1 != argc)
		return cli_fail("which customer? callm export CUSTOMER"), 2;
	int rc = app_desk_open(&d, data, true, false, &e);
	if (rc)
		return cli_fail("%s", e.msg);
	rc = export_one(&d, sv_of(argv[rest]), claimed, out, &e);
	app_desk_close(&d);
	return rc ? cli_fail("%s", e.msg) : 0;
}

/* ---- erase ---- */

struct erasing {
	sv id;
	bool force;
	struct sb files;
	int rc;
};

static int erase_write(void *arg, struct store_db *db)
{
	struct erasing *x = arg;
	x->rc = cust_erase(db, x->id, x->force, SV("command"), clk_wall_ms(), &x->files);
	return x->rc;
}

static int erase_one(struct app_desk *d, struct erasing *x, struct err *e)
{
	int rc = store_write(d->store, erase_write, x, NULL, NULL);
	if (rc == ERR_DENIED)
		return err_set(e, rc,
			       "a server runs in this folder: DELETE /api/v1/customers/" SV_FMT
			       " there, as an administrator",
			       SV_ARG(x->id));
	if (rc == 0)
		rc = store_flush(d->store);
	if (rc == 0)
		rc = x->rc;
	if (rc == ERR_STATE)
		return err_set(e, rc,
			       "a ticket or hand-over of customer " SV_FMT
			       " is still open: close it, or say --force",
			       SV_ARG(x->id));
	return rc ? err_set(e, rc, "customer " SV_FMT ": %s; nothing was changed", SV_ARG(x->id),
			    err_text(rc)) :
		    0;
}

int cmd_erase(int argc, char **argv)
{
	const char *data = NULL;
	struct erasing x = { .force = false };
	int rest, status, files = 0;
	struct err e = { 0 };
	struct app_desk d;
	const struct cli_opt opts[] = {
		{ "force", CLI_FLAG, &x.force, "although a ticket or hand-over is still open" },
		{ "data", CLI_STR, &data, "data folder" },
	};
	if (!cli_parse(argc, argv, opts, sizeof(opts) / sizeof(*opts), &rest, &status))
		return status;
	if (rest + 1 != argc)
		return cli_fail("which customer? callm erase CUSTOMER"), 2;
	/* beside a server it opens for reading, and the write tells where to ask */
	int rc = app_desk_open(&d, data, true, false, &e);
	if (rc)
		return cli_fail("%s", e.msg);
	x.id = sv_of(argv[rest]);
	sb_init(&x.files, 16u << 20);
	rc = erase_one(&d, &x, &e);
	if (rc == 0)
		files = api_erase_files(sb_str(&d.dir), sb_sv(&x.files));
	sb_done(&x.files);
	app_desk_close(&d);
	if (rc)
		return cli_fail("%s", e.msg);
	printf("%s: erased, and %d files\n", argv[rest], files);
	return 0;
}
