/* ing_upload.c: documents that somebody sends from a browser, in pieces.
 *
 * They come to lie in uploads/ of the first folder that sources may be read from, which is a source
 * like any other folder; a second file of a name is its next version. A piece is appended to a
 * hidden file (the walk leaves it alone) named by who sends what; the last one puts it on the disk
 * and gives it its name, so a half document is never read. What nobody goes on with is removed
 * after a day. Who removed that source meant its documents: they are set aside, under hidden names,
 * before the next one makes it anew. Blocking; any thread. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "ing_int.h"

enum { STALE_S = 24 * 3600, NAME_MAX_BYTES = 200, ASIDE_MAX = 999 };

static int bad_name(const struct ing_piece *p, struct err *e)
{
	sv n = p->name;
	bool ok = n.n && n.n <= NAME_MAX_BYTES && n.p[0] != '.' && sv_utf8_ok(n);
	char name[NAME_MAX_BYTES + 1];

	for (size_t i = 0; ok && i < n.n; i++)
		ok = n.p[i] != '/' && n.p[i] != '\\' && (unsigned char)n.p[i] >= 0x20 &&
		     n.p[i] != 0x7f;
	if (!ok)
		return err_set(e, ERR_INVAL, "name must be a file's own name of 1 to %d bytes",
			       NAME_MAX_BYTES);
	(void)snprintf(name, sizeof(name), SV_FMT, SV_ARG(n));
	if (!ing_known(name))
		return err_set(e, ERR_UNSUPPORTED,
			       "documents of this kind cannot be read; send pdf, docx, xlsx, pptx, "
			       "html, md, txt, csv, tsv, json, jsonl, eml or zip");
	return 0;
}

static int bad_piece(const struct ing_piece *p, struct err *e)
{
	if (p->total < 1 || p->at < 0 || p->at > p->total ||
	    (int64_t)p->bytes.n > p->total - p->at || !p->bytes.n)
		return err_set(e, ERR_INVAL, "at and total do not go with the bytes");
	if (p->total > ING_FILE_MAX)
		return err_set(e, ERR_TOOBIG, "a document may have %d MB at most",
			       ING_FILE_MAX >> 20);
	return bad_name(p, e);
}

static void clean(const char *dir)
{
	DIR *d = opendir(dir);
	struct dirent *x;
	char path[PATH_MAX];
	struct stat st;
	int64_t now = clk_wall_ms() / 1000;

	while (d && (x = readdir(d))) {
		if (x->d_name[0] != '.' || !sv_ends(sv_of(x->d_name), SV(".part")) ||
		    snprintf(path, sizeof(path), "%s/%s", dir, x->d_name) >= (int)sizeof(path))
			continue;
		if (lstat(path, &st) == 0 && S_ISREG(st.st_mode) && st.st_mtime + STALE_S < now)
			(void)unlink(path);
	}
	if (d)
		(void)closedir(d);
}

static int put_all(int fd, sv s)
{
	while (s.n) {
		ssize_t n = write(fd, s.p, s.n);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n ? err_from_errno(errno) : ERR_IO;
		s = sv_slice(s, (size_t)n, s.n);
	}
	return 0;
}

/* A piece that could not be written whole is taken off again. */
static int append(const char *path, const struct ing_piece *p, int64_t *have)
{
	int flags = O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW | (p->at ? 0 : O_TRUNC);
	int fd = open(path, flags, 0600), rc = 0;
	struct stat st;

	if (fd < 0)
		return err_from_errno(errno);
	if (fstat(fd, &st) < 0)
		rc = err_from_errno(errno);
	else if (st.st_size != p->at)
		rc = ERR_CONFLICT, *have = st.st_size;
	else if (lseek(fd, p->at, SEEK_SET) < 0)
		rc = err_from_errno(errno);
	if (rc == 0 && (rc = put_all(fd, p->bytes)) && ftruncate(fd, p->at) < 0)
		(void)unlink(path);
	if (rc == 0)
		*have = p->at + (int64_t)p->bytes.n;
	if (rc == 0 && *have == p->total && fsync(fd) < 0)
		rc = err_from_errno(errno);
	(void)close(fd);
	return rc;
}

static int name_it(const char *dir, const char *part, const char *name)
{
	char path[PATH_MAX];
	int fd;

	if (snprintf(path, sizeof(path), "%s/%s", dir, name) >= (int)sizeof(path))
		return ERR_TOOBIG;
	if (rename(part, path) < 0)
		return err_from_errno(errno);
	fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd >= 0) {
		(void)fsync(fd);
		(void)close(fd);
	}
	return 0;
}

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
static int set_all_aside(const char *dir)
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

/* The whole document becomes one of the source that the folder is, which is made with its first. */
static int take_in(struct ing *g, const char *dir, const char *part, const struct ing_piece *p,
		   char source[27], struct err *e)
{
	struct ing_source s = { .kind = ING_FOLDER, .place = sv_of(dir), .name = SV("uploads"),
				.owner = p->by };
	char name[NAME_MAX_BYTES + 1];
	struct store_db *db;
	int rc = store_reader(g->o.store, &db);

	(void)snprintf(name, sizeof(name), SV_FMT, SV_ARG(p->name));
	if (rc == 0)
		rc = ing_source_find(db, ING_FOLDER, s.place, source);
	if (rc)
		return err_set(e, rc, "the database cannot be read");
	rc = source[0] ? 0 : set_all_aside(dir);
	rc = rc ? rc : name_it(dir, part, name);
	if (rc)
		return err_set(e, rc, "it could not be written: %s", err_text(rc));
	return source[0] ? ing_sync_soon(g, sv_of(source), e) :
			   ing_source_add(g, &s, p->by, source, e);
}

int ing_upload(struct ing *g, const struct ing_piece *p, int64_t *have, char source[27],
	       struct err *e)
{
	char dir[PATH_MAX], part[PATH_MAX];
	int rc = bad_piece(p, e);

	source[0] = 0;
	*have = 0;
	if (rc)
		return rc;
	if (!g->o.roots || !g->o.roots[0] ||
	    snprintf(part, sizeof(part), "%s/uploads", g->o.roots[0]) >= (int)sizeof(part))
		return err_set(e, ERR_STATE, "there is no folder for documents here");
	rc = file_mkdirs(part, e);
	if (rc == 0)
		rc = ing_real_path(g, part, dir, e);
	if (rc)
		return rc;
	if (!p->at)
		clean(dir);
	uint64_t h = sv_hash(p->name) ^ sv_hash(p->by) * 31 ^ (uint64_t)p->total << 32;
	if (snprintf(part, sizeof(part), "%s/.%016llx.part", dir, (unsigned long long)h) >=
	    (int)sizeof(part))
		return err_set(e, ERR_TOOBIG, "the folder's path is too long");
	rc = append(part, p, have);
	if (rc == ERR_CONFLICT)
		return err_set(e, rc, "another piece is awaited: go on at have");
	if (rc)
		return err_set(e, rc, "it could not be written: %s", err_text(rc));
	if (*have < p->total)
		return 0;
	/* two at once: the second finds the source that the first has made */
	(void)pthread_mutex_lock(&g->uploads);
	rc = take_in(g, dir, part, p, source, e);
	(void)pthread_mutex_unlock(&g->uploads);
	return rc;
}
