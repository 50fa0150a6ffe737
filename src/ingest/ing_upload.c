/* ing_upload.c: documents that somebody sends from a browser, in pieces.
 *
 * They come to lie in uploads/ of the first folder that sources may be read from, which is a source
 * like any other folder; a second file of a name is its next version. A piece is appended to a
 * hidden file (the walk leaves it alone) named by who sends what; the last one puts it on the disk
 * and gives it its name, so a half document is never read. What nobody goes on with is removed
 * after a day. What may lie there altogether has a bound. Taking back: ing_remove.c. Blocking; any
 * thread. */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "ing_int.h"

enum { STALE_S = 24 * 3600, NAME_MAX_BYTES = 200, UPLOAD_ID_MAX = 40 };

int ing_upload_name(sv n, struct err *e)
{
	bool ok = n.n && n.n <= NAME_MAX_BYTES && n.p[0] != '.' && sv_utf8_ok(n);

	for (size_t i = 0; ok && i < n.n; i++)
		ok = n.p[i] != '/' && n.p[i] != '\\' && (unsigned char)n.p[i] >= 0x20 &&
		     n.p[i] != 0x7f;
	return ok ? 0 : err_set(e, ERR_INVAL, "name must be a file's own name of 1 to %d bytes",
				NAME_MAX_BYTES);
}

static int bad_name(sv n, struct err *e)
{
	int rc = ing_upload_name(n, e);
	char name[NAME_MAX_BYTES + 1];

	if (rc)
		return rc;
	sv_copy(name, sizeof(name), n);
	if (!ing_known(name))
		return err_set(e, ERR_UNSUPPORTED,
			       "documents of this kind cannot be read; send pdf, docx, xlsx, pptx, "
			       "html, md, txt, csv, tsv, json, jsonl, eml or zip");
	return 0;
}

static bool id_fits(sv id)
{
	for (size_t i = 0; i < id.n; i++)
		if (!isalnum((unsigned char)id.p[i]) && id.p[i] != '-')
			return false;
	return id.n <= UPLOAD_ID_MAX;
}

static int bad_piece(const struct ing_piece *p, struct err *e)
{
	if (p->total < 1 || p->at < 0 || p->at > p->total ||
	    (int64_t)p->bytes.n > p->total - p->at || !p->bytes.n)
		return err_set(e, ERR_INVAL, "at and total do not go with the bytes");
	if (p->total > ING_FILE_MAX)
		return err_set(e, ERR_TOOBIG, "a document may have %d MB at most",
			       ING_FILE_MAX >> 20);
	if (!id_fits(p->upload))
		return err_set(e, ERR_INVAL, "upload must be 1 to %d letters and digits",
			       UPLOAD_ID_MAX);
	return bad_name(p->name, e);
}

/* Bytes that lie in uploads/. */
struct lying {
	int64_t kept, aside;     /* documents and parts; what was taken back */
};

static void count_one(struct lying *x, const char *path, const char *part,
		      const struct ing_piece *p)
{
	sv name = sv_of(strrchr(path, '/') + 1);
	bool hidden = name.p[0] == '.';
	struct stat st;

	if (lstat(path, &st) < 0 || !S_ISREG(st.st_mode))
		return;
	if (hidden && sv_ends(name, SV(".part")) &&
	    st.st_mtime + STALE_S < clk_wall_ms() / 1000)
		(void)unlink(path);
	else if (hidden && sv_ends(name, SV(".removed")))
		x->aside += st.st_size;
	else if (!sv_eq(name, p->name) && (p->at || strcmp(path, part) != 0))
		x->kept += st.st_size;
}

/* Is there room for it? The document that it takes the place of does not count. Parts that nobody
 * goes on with are removed. */
static int room(const char *dir, const char *part, const struct ing_piece *p, struct err *e)
{
	struct lying x = { .kept = p->at ? (int64_t)p->bytes.n : p->total };
	char path[PATH_MAX];
	DIR *d = opendir(dir);
	struct dirent *f;

	while (d && (f = readdir(d)))
		if (snprintf(path, sizeof(path), "%s/%s", dir, f->d_name) < (int)sizeof(path))
			count_one(&x, path, part, p);
	if (d)
		(void)closedir(d);
	if (x.kept > LIM_UPLOADS_BYTES)
		return err_set(e, ERR_FULL,
			       "documents that were sent may have %lld MB together; remove some "
			       "that are no longer needed, then send this one again",
			       LIM_UPLOADS_BYTES >> 20);
	if (x.kept + x.aside > 2 * LIM_UPLOADS_BYTES)
		return err_set(e, ERR_FULL,
			       "%lld MB are taken by documents that were removed; delete the "
			       "files .NAME.removed in %.200s, then send this one again",
			       (long long)(x.aside >> 20), dir);
	return 0;
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

void ing_dir_flush(const char *dir)
{
	int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd >= 0) {
		(void)fsync(fd);
		(void)close(fd);
	}
}

/* Gives the part its name; *replaced: there was one of that name. */
static int name_it(const char *dir, const char *part, sv name, bool *replaced)
{
	char path[PATH_MAX];

	if (snprintf(path, sizeof(path), "%s/" SV_FMT, dir, SV_ARG(name)) >= (int)sizeof(path))
		return ERR_TOOBIG;
	*replaced = file_exists(path);
	if (rename(part, path) < 0)
		return err_from_errno(errno);
	ing_dir_flush(dir);
	return 0;
}

/* The whole document becomes one of the source that the folder is, which is made with its first. */
static int take_in(struct ing *g, const char *dir, const char *part, const struct ing_piece *p,
		   struct ing_kept *ret, struct err *e)
{
	struct ing_source s = { .kind = ING_FOLDER, .place = sv_of(dir), .name = SV("uploads"),
				.owner = p->by };
	struct ing_sent sent = { .name = p->name, .by = p->by, .bytes = p->total };
	struct store_db *db;
	int rc = store_reader(g->o.store, &db);

	if (rc == 0)
		rc = ing_source_find(db, ING_FOLDER, s.place, ret->source);
	if (rc)
		return err_set(e, rc, "the database cannot be read");
	rc = ret->source[0] ? 0 : ing_set_all_aside(dir);
	rc = rc ? rc : name_it(dir, part, p->name, &sent.replaced);
	if (rc)
		return err_set(e, rc, "it could not be written: %s", err_text(rc));
	ret->replaced = sent.replaced;
	return ing_source_sent(g, &s, &sent, ret->source, e);
}

static int place_of(const struct ing *g, char path[PATH_MAX], struct err *e)
{
	const char *root = g->o.roots ? g->o.roots[0] : NULL;
	int n = g->o.uploads ? snprintf(path, PATH_MAX, "%s", g->o.uploads) :
		root	     ? snprintf(path, PATH_MAX, "%s/uploads", root) :
			       PATH_MAX;

	if (n >= PATH_MAX)
		return err_set(e, ERR_STATE, "there is no folder for documents here");
	return 0;
}

int ing_uploads(const struct ing *g, char dir[PATH_MAX], struct err *e)
{
	char path[PATH_MAX];
	int rc = place_of(g, path, e);

	return rc ? rc : ing_real_path(g, path, dir, e);
}

/* The folder, which is made, and the hidden file in it. */
static int part_of(const struct ing *g, const struct ing_piece *p, char dir[PATH_MAX],
		   char part[PATH_MAX], struct err *e)
{
	uint64_t h = sv_hash(p->name) ^ sv_hash(p->by) * 31 ^ (uint64_t)p->total << 32;
	int rc = place_of(g, part, e);

	rc = rc ? rc : file_mkdirs(part, e);
	rc = rc ? rc : ing_uploads(g, dir, e);
	if (rc)
		return rc;
	if (snprintf(part, PATH_MAX, "%s/.%016llx%s" SV_FMT ".part", dir, (unsigned long long)h,
		     p->upload.n ? "-" : "", SV_ARG(p->upload)) >= PATH_MAX)
		return err_set(e, ERR_TOOBIG, "the folder's path is too long");
	return 0;
}

int ing_upload(struct ing *g, const struct ing_piece *p, struct ing_kept *ret, struct err *e)
{
	char dir[PATH_MAX], part[PATH_MAX];
	int rc = bad_piece(p, e);

	*ret = (struct ing_kept){ 0 };
	rc = rc ? rc : part_of(g, p, dir, part, e);
	rc = rc ? rc : room(dir, part, p, e);
	if (rc)
		return rc;
	rc = append(part, p, &ret->have);
	if (rc == ERR_CONFLICT)
		return err_set(e, rc, "another piece is awaited: go on at have");
	if (rc)
		return err_set(e, rc, "it could not be written: %s", err_text(rc));
	if (ret->have < p->total)
		return 0;
	/* two at once: the second finds the source that the first has made */
	(void)pthread_mutex_lock(&g->uploads);
	rc = take_in(g, dir, part, p, ret, e);
	(void)pthread_mutex_unlock(&g->uploads);
	return rc;
}
