/* backup.c: a copy of the database while it is being written.
 *
 * VACUUM INTO reads one consistent view and writes a compact file without a log; SQLite
 * does not sync it, so we do, before it gets its name. The reading connection is the
 * calling thread's own kind, opened here and closed again, because VACUUM needs one
 * that may write (elsewhere).
 */
#include "store_int.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static int backup_sync(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC), rc;

	if (fd < 0)
		return err_from_errno(errno);
	rc = fsync(fd) ? err_from_errno(errno) : 0;
	close(fd);
	return rc;
}

static void backup_dir_sync(const char *path)
{
	char dir[4096] = ".";
	const char *slash = strrchr(path, '/');
	int fd;

	if (slash)
		snprintf(dir, sizeof(dir), "%.*s",
			 slash == path ? 1 : (int)(slash - path), path);
	fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return;
	fsync(fd);
	close(fd);
}

static int backup_into(struct store *st, const char *part, struct err *e)
{
	int flags = SQLITE_OPEN_READWRITE | (st->memory ? SQLITE_OPEN_URI : 0);
	struct store_db *db = NULL;
	struct store_stmt *q;
	int fd = open(part, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	int rc;

	if (fd < 0)
		return err_set(e, err_from_errno(errno), "cannot write %s: %s", part,
			       strerror(errno));
	close(fd); /* empty: VACUUM INTO takes it, with its mode */
	rc = store_db_open(&db, st->name, flags, e);
	if (rc)
		return rc;
	rc = store_prep(db, &q, "VACUUM INTO ?1");
	if (!rc) {
		store_bind_sv(q, 1, sv_of(part));
		rc = store_run(q);
	}
	if (rc)
		err_set(e, rc, "backup into %s failed: %s", part, store_error(db));
	store_db_close(db);
	return rc;
}

int store_backup(struct store *st, const char *path, struct err *e)
{
	size_t n = strlen(path) + 6;
	char *part;
	int rc;

	if (file_exists(path))
		return err_set(e, ERR_EXISTS, "%s exists already; choose another name",
			       path);
	part = xalloc(n);
	snprintf(part, n, "%s.part", path);
	unlink(part); /* of a backup that was cut off */
	rc = backup_into(st, part, e);
	if (!rc) {
		rc = backup_sync(part);
		/* link, not rename: it never replaces a file that came meanwhile */
		if (!rc && link(part, path))
			rc = err_from_errno(errno);
		if (rc)
			err_set(e, rc, "cannot finish the backup %s: %s", path,
				err_text(rc));
	}
	unlink(part);
	backup_dir_sync(path);
	xfree(part);
	return rc;
}
