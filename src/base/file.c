/* file.c: whole files and folders, with messages that name the file.
 *
 * Writing is atomic: a temporary file next to the target, fsync, rename, fsync of the folder.
 * Walking never follows symbolic links. Blocking: never on a loop.
 */
#include "file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "arena.h"
#include "vec.h"

enum { WALK_DEPTH = 32, WALK_NAMES = 1000000 };

static int fail(struct err *e, const char *what, const char *path)
{
	int code = err_from_errno(errno);

	return err_set(e, code, "%s: cannot %s: %s", path, what, strerrordesc_np(errno));
}

static int read_all(int fd, const char *path, size_t max, struct sb *out, struct err *e)
{
	char buf[65536];
	size_t total = 0;
	ssize_t n;

	while ((n = read(fd, buf, sizeof(buf))) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return fail(e, "read", path);
		total += (size_t)n;
		if (total > max)
			return err_set(e, ERR_TOOBIG, "%s: larger than %zu bytes", path, max);
		sb_put(out, sv_n(buf, (size_t)n));
		if (sb_err(out))
			return err_set(e, sb_err(out), "%s: larger than its buffer", path);
	}
	return 0;
}

int file_read(const char *path, size_t max, struct sb *out, struct err *e)
{
	struct stat st;
	int fd = open(path, O_RDONLY | O_CLOEXEC), rc;

	if (fd < 0)
		return fail(e, "open", path);
	if (fstat(fd, &st) == 0 && S_ISDIR(st.st_mode))
		rc = err_set(e, ERR_INVAL, "%s: is a folder, not a file", path);
	else
		rc = read_all(fd, path, max, out, e);
	(void)close(fd);
	return rc;
}

static int write_all(int fd, sv data)
{
	while (data.n) {
		ssize_t n = write(fd, data.p, data.n);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -1;
		data = sv_slice(data, (size_t)n, data.n);
	}
	return fsync(fd);
}

static void sync_folder(const char *path)
{
	char *dir = xstrdup(sv_of(path)), *slash = strrchr(dir, '/');
	int fd;

	if (slash)
		slash[slash == dir] = '\0';
	fd = open(slash ? dir : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd >= 0) {
		(void)fsync(fd);
		(void)close(fd);
	}
	xfree(dir);
}

int file_write(const char *path, sv data, struct err *e)
{
	struct sb tmp;
	int fd, rc = 0;

	sb_init(&tmp, PATH_MAX);
	sb_fmt(&tmp, "%s.tmp", path);
	fd = open(sb_str(&tmp), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd < 0) {
		rc = fail(e, "create", sb_str(&tmp));
	} else {
		if (write_all(fd, data) < 0)
			rc = fail(e, "write", sb_str(&tmp));
		if (close(fd) < 0 && !rc)
			rc = fail(e, "close", sb_str(&tmp));
		if (!rc && rename(sb_str(&tmp), path) < 0)
			rc = fail(e, "replace", path);
		if (rc)
			(void)unlink(sb_str(&tmp));
		else
			sync_folder(path);
	}
	sb_done(&tmp);
	return rc;
}

int file_mkdirs(const char *path, struct err *e)
{
	char *dir = xstrdup(sv_of(path));
	struct stat st;
	int rc = 0;

	for (char *p = dir; !rc; p++) {
		char c = *p;

		if ((c != '/' && c) || p == dir) {
			if (c)
				continue;
			break;
		}
		*p = '\0';
		if (mkdir(dir, 0700) < 0 && errno != EEXIST)
			rc = fail(e, "create the folder", dir);
		*p = c;
		if (!c)
			break;
	}
	if (!rc && (stat(path, &st) < 0 || !S_ISDIR(st.st_mode)))
		rc = err_set(e, ERR_EXISTS, "%s: is not a folder", path);
	xfree(dir);
	return rc;
}

bool file_exists(const char *path)
{
	return access(path, F_OK) == 0;
}

typedef VEC(char *) names;

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static int list(const char *dir, names *out)
{
	DIR *d = opendir(dir);
	struct dirent *ent;

	if (!d)
		return err_from_errno(errno);
	while ((ent = readdir(d)) != NULL) {
		char **slot;

		if (!strcmp(ent->d_name, ".") || !strcmp(ent->d_name, ".."))
			continue;
		slot = VEC_PUSH(out, WALK_NAMES);
		if (slot)
			*slot = xstrdup(sv_of(ent->d_name));
	}
	(void)closedir(d);
	if (out->n)
		qsort(out->v, out->n, sizeof(*out->v), by_name);
	return 0;
}

static int walk(const char *dir, int depth, int (*fn)(void *arg, const char *path), void *arg)
{
	names all = { 0 };
	int rc = depth > WALK_DEPTH ? ERR_TOOBIG : list(dir, &all);
	struct sb path;

	sb_init(&path, PATH_MAX);
	for (size_t i = 0; i < all.n; i++) {
		struct stat st;

		sb_reset(&path);
		sb_fmt(&path, "%s/%s", dir, all.v[i]);
		xfree(all.v[i]);
		if (rc || sb_err(&path) || lstat(sb_str(&path), &st) < 0)
			continue;
		if (S_ISDIR(st.st_mode))
			rc = walk(sb_str(&path), depth + 1, fn, arg);
		else if (S_ISREG(st.st_mode))
			rc = fn(arg, sb_str(&path));
	}
	sb_done(&path);
	VEC_FREE(&all);
	return rc;
}

int file_walk(const char *dir, int (*fn)(void *arg, const char *path), void *arg)
{
	return walk(dir, 0, fn, arg);
}
