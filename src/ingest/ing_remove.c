/* ing_remove.c: documents that were sent are taken back, one or all.
 *
 * Their files are not deleted: they get hidden names, which no source reads. Of one, its articles
 * are retired at once, in one transaction with the event that says by whom; a walk that has it at
 * hand just then might bring them back, so another is asked for. All: somebody removed the source
 * and meant its documents; they are set aside before the next one that is sent makes it anew.
 * Blocking; any thread. */
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include "ing_int.h"

enum { ASIDE_MAX = 999 };

/* One file of a source that was removed, under a hidden name that is free. */
static int set_aside(const char *dir, const char *name)
{
	char from[PATH_MAX], to[PATH_MAX];
	struct stat st;
	int n = 1;

	if (snprintf(from, sizeof(from), "%s/%s", dir, name) >= (int)sizeof(from))
		return ERR_TOOBIG;
	do {
		char more[16] = "";

		if (n > 1)
			(void)snprintf(more, sizeof(more), ".%d", n);
		if (snprintf(to, sizeof(to), "%s/.%s%s.removed", dir, name, more) >=
		    (int)sizeof(to))
			return ERR_TOOBIG;
	} while (lstat(to, &st) == 0 && n++ < ASIDE_MAX);
	return n > ASIDE_MAX ? ERR_FULL : rename(from, to) < 0 ? err_from_errno(errno) : 0;
}

/* What lies there belonged to a source that was removed. A folder may be listed wrongly while its
 * files are renamed: it is read again until none is left. */
int ing_set_all_aside(const char *dir)
{
	int rc = 0, moved = 1;

	while (rc == 0 && moved) {
		DIR *d = opendir(dir);
		struct dirent *x;

		if (!d)
			return err_from_errno(errno);
		moved = 0;
		while (rc == 0 && (x = readdir(d)))
			if (x->d_name[0] != '.') {
				rc = set_aside(dir, x->d_name);
				moved = 1;
			}
		(void)closedir(d);
	}
	return rc;
}

/* 0 and *there, whether the file was. */
static int put_away(const char *dir, sv name, bool *there)
{
	char path[PATH_MAX];
	struct stat st;
	int rc;

	if (snprintf(path, sizeof(path), "%s/" SV_FMT, dir, SV_ARG(name)) >= (int)sizeof(path))
		return ERR_TOOBIG;
	*there = lstat(path, &st) == 0 && S_ISREG(st.st_mode);
	rc = *there ? set_aside(dir, strrchr(path, '/') + 1) : 0;
	if (*there && !rc)
		ing_dir_flush(dir);
	return rc;
}

static int take_out(struct ing *g, const char *dir, sv source, const struct ing_sent *sent,
		    int64_t *retired, struct err *e)
{
	struct store_db *db;
	bool there = false;
	char id[27];
	int rc = store_reader(g->o.store, &db);

	if (rc == 0)
		rc = ing_source_find(db, ING_FOLDER, sv_of(dir), id);
	if (rc)
		return err_set(e, rc, "the database cannot be read");
	if (!sv_eq(source, sv_of(id)))
		return err_set(e, ERR_STATE,
			       "only documents that were sent are removed here; take others out of "
			       "the place that their source reads");
	rc = put_away(dir, sent->name, &there);
	if (rc)
		return err_set(e, rc, "the file could not be set aside: %s", err_text(rc));
	return ing_source_removed(g, source, sent, there, retired, e);
}

static int known(struct ing *g, sv source, struct err *e)
{
	struct store_db *db;
	struct sb b;
	int rc = store_reader(g->o.store, &db);

	sb_init(&b, 64u << 10);
	rc = rc ? rc : ing_source_json(db, source, &b);
	sb_done(&b);
	return !rc ? 0 : err_set(e, rc, rc == ERR_NOTFOUND ? "there is no such source" :
							     "the database cannot be read");
}

int ing_upload_remove(struct ing *g, sv source, sv name, sv by, int64_t *retired, struct err *e)
{
	const struct ing_sent sent = { .name = name, .by = by };
	char dir[PATH_MAX];
	int rc = ing_upload_name(name, e);

	*retired = 0;
	rc = rc ? rc : known(g, source, e);
	if (!rc && ing_uploads(g, dir, NULL))
		dir[0] = 0; /* nothing was ever sent: another source is meant */
	if (rc)
		return rc;
	(void)pthread_mutex_lock(&g->uploads);
	rc = take_out(g, dir, source, &sent, retired, e);
	(void)pthread_mutex_unlock(&g->uploads);
	if (!rc && *retired && g->o.on_changed)
		g->o.on_changed(g->o.arg);
	return rc;
}
