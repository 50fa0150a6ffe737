/* open.c: opening and closing a data folder.
 *
 * Order: lock file (one process per folder), a look at the database through a read-only
 * connection (damage, foreign file, newer version: refused before a byte is written),
 * then the writing connection, migrations, the scribe. A new database is built beside
 * its place and renamed. Files are made 0600 before SQLite sees them; it gives the log
 * the same mode. "" as folder is a database of SQLite's memdb file system, shared by
 * name between the connections of this process.
 */
#include "store_int.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

static char *path_join(const char *dir, const char *file)
{
	size_t n = strlen(dir) + strlen(file) + 2;
	char *p = xalloc(n);

	snprintf(p, n, "%s/%s", dir, file);
	return p;
}

/* ---- one process per folder ---- */

static int lock_refused(int fd, const char *dir, struct err *e)
{
	char pid[32] = "";
	ssize_t n = pread(fd, pid, sizeof(pid) - 1, 0);
	size_t len = n > 0 ? strspn(pid, "0123456789") : 0;

	pid[len] = 0;
	close(fd);
	return err_set(e, ERR_BUSY,
		       "the data folder %s is in use by process %s; stop that one or "
		       "choose another folder with --data",
		       dir, len ? pid : "(unknown)");
}

static int lock_take(struct store *st, struct err *e)
{
	char *path = path_join(st->dir, "callm.lock"), pid[32];
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600), n, rc = 0;

	if (fd < 0) {
		rc = err_set(e, err_from_errno(errno),
			     "cannot write in the data folder: %s: %s", path,
			     strerror(errno));
	} else if (flock(fd, LOCK_EX | LOCK_NB)) {
		rc = lock_refused(fd, st->dir, e);
		fd = -1;
	}
	xfree(path);
	if (rc)
		return rc;
	n = snprintf(pid, sizeof(pid), "%ld\n", (long)getpid());
	/* Only a hint for people: the lock itself is the kernel's. */
	if (ftruncate(fd, 0) || pwrite(fd, pid, (size_t)n, 0) != n)
		(void)0;
	st->lock_fd = fd;
	return 0;
}

static void lock_drop(struct store *st)
{
	if (st->lock_fd < 0)
		return;
	if (ftruncate(st->lock_fd, 0))
		(void)0; /* a stale process id harms nobody */
	close(st->lock_fd);
	st->lock_fd = -1;
}

/* ---- the file ---- */

static void dir_sync(const char *path) /* names must survive a power cut too */
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return;
	fsync(fd);
	close(fd);
}

static int file_touch(const char *path, struct err *e)
{
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

	if (fd < 0)
		return err_set(e, err_from_errno(errno), "cannot open %s: %s", path,
			       strerror(errno));
	if (fchmod(fd, 0600))
		(void)0; /* not ours: reading and writing it is what counts */
	close(fd);
	return 0;
}

static void file_remove(const char *path)
{
	static const char *const tails[] = { "", "-wal", "-shm", "-journal" };
	char name[4096];

	for (size_t i = 0; i < sizeof(tails) / sizeof(tails[0]); i++) {
		snprintf(name, sizeof(name), "%s%s", path, tails[i]);
		unlink(name);
	}
}

static int look_damage(struct store *st, struct store_db *db, struct err *e)
{
	struct store_stmt *q;
	struct stat sb;
	sv s;
	int rc;

	if (stat(st->name, &sb) || sb.st_size > STORE_CHECK_BYTES)
		return 0; /* big ones: at the operator's wish, not at each start */
	rc = store_prep(db, &q, "PRAGMA quick_check(1)");
	if (rc)
		return err_set(e, rc, "%s", store_error(db));
	rc = store_step(q);
	s = store_col_sv(q, 0);
	if (rc == 1 && sv_eq(s, SV("ok")))
		rc = 0;
	else if (rc == 1)
		rc = err_set(e, ERR_CORRUPT, SV_FMT, SV_ARG(s));
	else
		rc = err_set(e, rc ? rc : ERR_CORRUPT, "%s", store_error(db));
	store_reset(q);
	return rc;
}

/* A transaction was cut off (a power cut while a restored backup was opened for the
 * first time): only a writing connection can take it back, and does. */
static bool look_unfinished(struct store_db *db)
{
	int rc = db ? sqlite3_extended_errcode(db->db) : 0;

	return rc == SQLITE_READONLY_ROLLBACK || rc == SQLITE_READONLY_RECOVERY;
}

/* Nothing here writes to the database file. */
static int file_look(struct store *st, struct err *e)
{
	struct store_db *db = NULL;
	struct err why = { 0 };
	int rc = store_db_open(&db, st->name, SQLITE_OPEN_READONLY, &why);

	if (!rc)
		rc = store_schema_check(db, store_migrations, store_migrations_n, &why);
	if (!rc)
		rc = look_damage(st, db, &why);
	if (rc && look_unfinished(db))
		rc = 0;
	store_db_close(db);
	if (rc == ERR_CORRUPT)
		return err_set(e, rc,
			       "%s is damaged or not a callm database (%s); it was not "
			       "changed: "
			       "restore a backup or choose another folder",
			       st->name, why.msg);
	return rc ? err_set(e, rc, "%s: %s", st->name, why.msg) : 0;
}

static const char setup_file[] = "PRAGMA journal_mode=WAL;"
				 "PRAGMA synchronous=FULL;"
				 "PRAGMA foreign_keys=ON;"
				 "PRAGMA journal_size_limit=67108864;";

static int file_is_wal(struct store_db *db) /* some network file systems refuse it */
{
	struct store_stmt *q;
	int rc = store_prep(db, &q, "PRAGMA journal_mode");

	if (rc)
		return rc;
	rc = store_step(q) == 1 && sv_eq(store_col_sv(q, 0), SV("wal")) ?
		     0 :
		     ERR_UNSUPPORTED;
	store_reset(q);
	return rc;
}

static int file_open(struct store_db **ret, const char *name, struct err *e)
{
	struct store_db *db;
	int64_t sync = 0;
	int rc = store_db_open(&db, name, SQLITE_OPEN_READWRITE, e);

	if (rc)
		return rc;
	rc = store_exec(db, setup_file);
	if (!rc)
		rc = store_one_int(db, "PRAGMA synchronous", SV_NULL, &sync);
	if (!rc)
		rc = file_is_wal(db);
	if (rc)
		err_set(e, rc, "%s: %s", name,
			rc == ERR_UNSUPPORTED ? "this file system does not support the "
						"write-ahead log" :
						store_error(db));
	ASSERT(rc || sync == 2); /* the promise of the whole room */
	if (!rc)
		rc = store_migrate(db, store_migrations, store_migrations_n, e);
	if (rc)
		store_db_close(db);
	else
		*ret = db;
	return rc;
}

/* A new database is made whole beside its place and then renamed: after a cut there
 * is none or all. */
static int file_create(struct store *st, struct err *e)
{
	char *fresh = path_join(st->dir, "callm.db.new");
	struct store_db *db = NULL;
	int rc;

	file_remove(fresh);
	rc = file_touch(fresh, e);
	if (!rc)
		rc = file_open(&db, fresh, e);
	store_db_close(db); /* moves the log into the file and syncs it */
	if (!rc && rename(fresh, st->name))
		rc = err_set(e, err_from_errno(errno), "cannot rename %s: %s", fresh,
			     strerror(errno));
	if (rc)
		file_remove(fresh);
	xfree(fresh);
	dir_sync(st->dir);
	return rc;
}

static int memory_open(struct store *st, struct err *e)
{
	int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_URI;
	int rc = store_db_open(&st->db, st->name, flags, e);

	if (!rc)
		rc = store_exec(st->db, "PRAGMA foreign_keys=ON");
	return rc ? rc : store_migrate(st->db, store_migrations, store_migrations_n, e);
}

/* A link in place of the file may point anywhere: not followed. An empty file is as
 * good as none. */
static int place_open(struct store *st, struct err *e)
{
	struct stat sb;
	int rc;

	if (lstat(st->name, &sb) || (S_ISREG(sb.st_mode) && sb.st_size == 0))
		rc = file_create(st, e);
	else
		rc = file_touch(st->name, e);
	if (!rc)
		rc = file_look(st, e);
	return rc ? rc : file_open(&st->db, st->name, e);
}

static int writer_open(struct store *st, struct err *e)
{
	int rc = st->memory ? memory_open(st, e) : place_open(st, e);

	if (!rc)
		rc = store_river_open(&st->river, st->db, e);
	return rc ? rc : store_scribe_start(st, e);
}

static int name_make(struct store *st, struct err *e)
{
	static atomic_uint serial;
	char name[64];
	int rc;

	if (st->memory) {
		snprintf(name, sizeof(name), "file:/callm-%u?vfs=memdb",
			 atomic_fetch_add(&serial, 1));
		st->name = xstrdup(sv_of(name));
		return 0;
	}
	st->name = path_join(st->dir, "callm.db");
	if (st->o.readonly)
		return 0;
	rc = file_mkdirs(st->dir, e);
	return rc ? rc : lock_take(st, e);
}

static void store_free(void *arg)
{
	struct store *st = arg;

	pthread_mutex_destroy(&st->s.lock);
	pthread_mutex_destroy(&st->rlock);
	pthread_cond_destroy(&st->ridle);
	xfree(st->dir);
	xfree(st->name);
}

int store_open(struct store **ret, const struct store_opts *o, struct err *e)
{
	struct store *st = obj_new(sizeof(*st), store_free);
	int rc;

	st->o = *o;
	st->o.dir = NULL;
	if (!st->o.group_ms)
		st->o.group_ms = 5;
	if (!st->o.group_rows)
		st->o.group_rows = 512;
	st->dir = xstrdup(sv_of(o->dir ? o->dir : ""));
	st->memory = !st->dir[0];
	st->lock_fd = -1;
	pthread_mutex_init(&st->s.lock, NULL);
	rc = store_readers_init(st);
	if (rc)
		err_set(e, rc, "too many databases open in this process");
	if (!rc)
		rc = name_make(st, e);
	if (!rc && st->o.readonly)
		rc = file_look(st, e);
	else if (!rc)
		rc = writer_open(st, e);
	if (rc)
		store_close(st);
	else
		*ret = st;
	return rc;
}

void store_close(struct store *st)
{
	if (!st)
		return;
	store_readers_close(st);
	store_scribe_stop(st);
	store_river_close(&st->river);
	store_db_close(st->db);
	st->db = NULL;
	lock_drop(st);
	obj_unref(st);
}

const char *store_path(const struct store *st)
{
	return st->memory ? "" : st->name;
}
