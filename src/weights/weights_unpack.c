/* weights_unpack.c: out of the downloaded archives (zip and tar, gzip) come the files of an entry,
 * and nothing else.
 *
 * Each source is read once, from front to back; a member that a part of the recipe names is
 * appended to its file, or, for a folder, becomes a file of its own name there. Nothing is written
 * under a name from an archive but its last component; an archive with an absolute name or ".."
 * anywhere in it, or with a link where a file is wanted, is refused whole. Sizes are held to what
 * the registry says. All is hashed while it is written. One thread; the caller owns the folder.
 */
#include "weights_int.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { BLOCK = 128 << 10 };

/* A file that is being written. */
struct file {
	int fd;
	struct weights_sha *sha;
	int64_t bytes, max;
	char path[512];              /* below the folder */
};

struct weights_out {
	const struct weights_item *it;
	const struct weights_recipe *c;
	const char *folder;
	const struct weights_watch *watch;
	struct file *files;          /* one a take, open across sources */
	jv *list;                    /* {path, bytes, sha256} of what is finished */
	int64_t done;
	char *buf;
};

int weights_disk_error(int errnum, const char *path, struct err *e)
{
	bool full = errnum == ENOSPC || errnum == EDQUOT || errnum == EFBIG;
	if (full)
		return err_set(e, ERR_FULL,
			       "%.200s: the disk is full; free some, or set CALLM_CACHE to a "
			       "folder on another disk, and run it again: what came is kept",
			       path);
	return err_set(e, err_from_errno(errnum), "%.250s: %s", path, strerrordesc_np(errnum));
}

struct weights_out *weights_out_new(const struct weights_item *it, const char *folder,
				    const struct weights_watch *watch)
{
	struct weights_out *o = xalloc(sizeof(*o));
	o->it = it;
	o->c = it->recipe;
	o->folder = folder;
	o->watch = watch;
	o->files = xalloc(sizeof(*o->files) * (o->c->n_takes + 1));
	for (size_t i = 0; i < o->c->n_takes; i++)
		o->files[i].fd = -1;
	o->list = jv_arr();
	o->buf = xalloc(BLOCK);
	return o;
}

static void forget(struct file *f)
{
	if (f->fd >= 0)
		close(f->fd);
	f->fd = -1;
	weights_sha_free(f->sha);
	f->sha = NULL;
}

void weights_out_free(struct weights_out *o)
{
	if (!o)
		return;
	for (size_t i = 0; i < o->c->n_takes; i++)
		forget(&o->files[i]);
	jv_free(o->list);
	xfree(o->files);
	xfree(o->buf);
	xfree(o);
}

static void whole_path(const struct weights_out *o, const char *name, char out[PATH_MAX])
{
	(void)snprintf(out, PATH_MAX, "%s/%s", o->folder, name);
}

static int begin(struct weights_out *o, struct file *f, const char *name, int64_t max,
		 struct err *e)
{
	char path[PATH_MAX], dir[PATH_MAX];
	whole_path(o, name, path);
	(void)snprintf(dir, sizeof(dir), "%s", path);
	*strrchr(dir, '/') = 0;
	int rc = file_mkdirs(dir, e);
	if (rc)
		return rc;
	f->fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (f->fd < 0)
		return weights_disk_error(errno, path, e);
	f->sha = weights_sha_new();
	f->bytes = 0;
	f->max = max ? max : WEIGHTS_FILE_MAX;
	(void)snprintf(f->path, sizeof(f->path), "%s", name);
	return 0;
}

static void note(struct weights_out *o, const char *name, int64_t bytes, const char *hex)
{
	jv *v = jv_obj();
	jv_set_str(v, "path", sv_of(name));
	jv_set_int(v, "bytes", bytes);
	jv_set_str(v, "sha256", sv_of(hex));
	jv_push(o->list, v);
}

static int finish(struct weights_out *o, struct file *f, struct err *e)
{
	char hex[65];
	int rc = fsync(f->fd) < 0 ? weights_disk_error(errno, f->path, e) : 0;
	weights_sha_end(f->sha, hex);
	if (!rc)
		note(o, f->path, f->bytes, hex);
	forget(f);
	return rc;
}

static int put(struct weights_out *o, struct file *f, const char *p, size_t n, struct err *e)
{
	if (f->bytes + (int64_t)n > f->max)
		return err_set(e, ERR_CORRUPT, "%s: %s is larger than the registry says",
			       o->it->name, f->path);
	weights_sha_add(f->sha, p, n);
	f->bytes += (int64_t)n;
	o->done += (int64_t)n;
	while (n) {
		ssize_t k = write(f->fd, p, n);
		if (k < 0 && errno == EINTR)
			continue;
		if (k < 0)
			return weights_disk_error(errno, o->folder, e);
		p += k;
		n -= (size_t)k;
	}
	const struct weights_watch *w = o->watch;
	if (w && w->on_progress)
		w->on_progress(w->arg, o->it, WEIGHTS_PREPARING, o->done, o->c->unpack_bytes);
	if (w && w->stop && w->stop(w->arg))
		return err_set(e, ERR_CANCELED, "stopped; what has come so far is kept");
	return 0;
}

/* ---- the downloaded file itself ---- */

static int copy(struct weights_out *o, struct file *f, const char *path, struct err *e)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC), rc = 0;
	ssize_t n;
	if (fd < 0)
		return weights_disk_error(errno, path, e);
	while (!rc && (n = read(fd, o->buf, BLOCK)) != 0) {
		if (n < 0)
			rc = weights_disk_error(errno, path, e);
		else
			rc = put(o, f, o->buf, (size_t)n, e);
	}
	close(fd);
	return rc;
}

/* ---- archives ---- */

static bool safe(const char *name)
{
	sv rest = sv_of(name), part;
	if (!rest.n || name[0] == '/')
		return false;
	while (sv_cut(&rest, '/', &part))
		if (sv_eq(part, SV("..")))
			return false;
	return true;
}

static int read_member(struct weights_out *o, struct archive *a, struct file *f, struct err *e)
{
	for (;;) {
		la_ssize_t n = archive_read_data(a, o->buf, BLOCK);
		if (n == 0)
			return 0;
		if (n < 0)
			return err_set(e, ERR_CORRUPT, "%s: the archive is damaged: %.150s",
				       o->it->name, archive_error_string(a));
		int rc = put(o, f, o->buf, (size_t)n, e);
		if (rc)
			return rc;
	}
}

/* A member of a folder becomes a file there. */
static int member_to_folder(struct weights_out *o, struct archive *a, const char *name,
			    const struct weights_take *t, struct err *e)
{
	struct file f = { .fd = -1 };
	char to[512];
	const char *slash = strrchr(name, '/'), *base = slash ? slash + 1 : name;
	if (!base[0] || base[0] == '.')
		return err_set(e, ERR_CORRUPT, "%s: the archive has an unfit name: %.100s",
			       o->it->name, name);
	if (snprintf(to, sizeof(to), "%s/%s", t->to, base) >= (int)sizeof(to))
		return err_set(e, ERR_CORRUPT, "%s: a name in the archive is too long",
			       o->it->name);
	int rc = begin(o, &f, to, t->bytes, e);
	if (!rc)
		rc = read_member(o, a, &f, e);
	if (!rc)
		rc = finish(o, &f, e);
	forget(&f);
	return rc;
}

static int member(struct weights_out *o, struct archive *a, struct archive_entry *en,
		  const char *name, size_t take, struct err *e)
{
	const struct weights_take *t = &o->c->takes[take];
	if (archive_entry_filetype(en) != AE_IFREG || archive_entry_hardlink(en))
		return err_set(e, ERR_CORRUPT, "%s: %.120s in the archive is not a plain file",
			       o->it->name, name);
	if (t->many)
		return member_to_folder(o, a, name, t, e);
	return read_member(o, a, &o->files[take], e);
}

/* The take that wants this member of source k, or n_takes. */
static size_t wanted(const struct weights_out *o, size_t k, const char *name)
{
	for (size_t i = 0; i < o->c->n_takes; i++) {
		const struct weights_take *t = &o->c->takes[i];
		for (size_t p = 0; p < t->n_parts; p++) {
			const struct weights_part *part = &t->parts[p];
			if (part->source != k || !part->path)
				continue;
			if (t->many ? fnmatch(part->path, name, FNM_PATHNAME) == 0 :
				      strcmp(part->path, name) == 0)
				return i;
		}
	}
	return o->c->n_takes;
}

static int read_members(struct weights_out *o, struct archive *a, size_t k, int *found,
			struct err *e)
{
	struct archive_entry *en;
	int n = 0, r;
	while ((r = archive_read_next_header(a, &en)) == ARCHIVE_OK || r == ARCHIVE_WARN) {
		const char *name = archive_entry_pathname_utf8(en);
		if (!name)
			continue;       /* no text: nothing of the recipe */
		if (!safe(name))
			return err_set(e, ERR_CORRUPT,
				       "%s: the archive has a name that leads out of its "
				       "folder: %.100s",
				       o->it->name, name);
		if (++n > WEIGHTS_ENTRIES_MAX)
			return err_set(e, ERR_CORRUPT, "%s: more than %d files in the archive",
				       o->it->name, WEIGHTS_ENTRIES_MAX);
		size_t take = wanted(o, k, name);
		if (take == o->c->n_takes)
			continue;
		if (found[take]++ && !o->c->takes[take].many)
			return err_set(e, ERR_CORRUPT, "%s: %.120s is in the archive twice",
				       o->it->name, name);
		int rc = member(o, a, en, name, take, e);
		if (rc)
			return rc;
	}
	return r == ARCHIVE_EOF ? 0 :
				  err_set(e, ERR_CORRUPT, "%s: the archive is damaged: %.150s",
					  o->it->name, archive_error_string(a));
}

static int read_archive(struct weights_out *o, size_t k, const char *path, int *found,
			struct err *e)
{
	struct archive *a = archive_read_new();
	ASSERT(a);
	(void)archive_read_support_filter_gzip(a);
	(void)archive_read_support_format_zip(a);
	(void)archive_read_support_format_tar(a);
	int rc = archive_read_open_filename(a, path, BLOCK) == ARCHIVE_OK ?
			 read_members(o, a, k, found, e) :
			 err_set(e, ERR_CORRUPT, "%s: not an archive of zip or tar: %.150s",
				 o->it->name, archive_error_string(a));
	(void)archive_read_free(a);
	return rc;
}

/* ---- one source ---- */

/* What takes part k of a take to: opens files that begin here; which kinds of parts there are. */
static int open_files(struct weights_out *o, size_t k, const char *path, bool *archive,
		      struct err *e)
{
	int rc = 0;
	for (size_t i = 0; i < o->c->n_takes && !rc; i++) {
		const struct weights_take *t = &o->c->takes[i];
		for (size_t p = 0; p < t->n_parts && !rc; p++) {
			if (t->parts[p].source != k)
				continue;
			if (p == 0 && !t->many)
				rc = begin(o, &o->files[i], t->to, t->bytes, e);
			if (!rc && !t->parts[p].path)
				rc = copy(o, &o->files[i], path, e);
			*archive |= t->parts[p].path != NULL;
		}
	}
	return rc;
}

/* Every part of this source was found; files whose last part it was are finished. */
static int close_files(struct weights_out *o, size_t k, const int *found, struct err *e)
{
	int rc = 0;
	for (size_t i = 0; i < o->c->n_takes && !rc; i++) {
		const struct weights_take *t = &o->c->takes[i];
		for (size_t p = 0; p < t->n_parts && !rc; p++) {
			if (t->parts[p].source != k)
				continue;
			if (t->parts[p].path && !found[i])
				rc = err_set(e, ERR_CORRUPT,
					     "%s: %.120s is not in the archive %.100s",
					     o->it->name, t->parts[p].path,
					     o->c->sources[k].file);
			else if (p == t->n_parts - 1 && !t->many)
				rc = finish(o, &o->files[i], e);
		}
	}
	return rc;
}

int weights_out_source(struct weights_out *o, size_t k, const char *path, struct err *e)
{
	int found[WEIGHTS_LIST_MAX] = { 0 };
	bool archive = false;
	int rc = open_files(o, k, path, &archive, e);
	if (!rc && archive)
		rc = read_archive(o, k, path, found, e);
	return rc ? rc : close_files(o, k, found, e);
}

int weights_out_add(struct weights_out *o, const char *name, struct err *e)
{
	char path[PATH_MAX], hex[65];
	int64_t bytes = 0;
	whole_path(o, name, path);
	int rc = weights_sha_file(path, hex, &bytes, o->watch, e);
	if (!rc)
		note(o, name, bytes, hex);
	return rc;
}

int weights_out_drop(struct weights_out *o, const char *name)
{
	char path[PATH_MAX];
	jv *rest = jv_arr();
	whole_path(o, name, path);
	for (size_t i = 0; i < jv_len(o->list); i++)
		if (!sv_eq(jv_get_str(jv_at(o->list, i), "path"), sv_of(name)))
			jv_push(rest, jv_copy(jv_at(o->list, i)));
	jv_free(o->list);
	o->list = rest;
	return unlink(path) < 0 ? err_from_errno(errno) : 0;
}

static jv *description(const struct weights_out *o)
{
	jv *v = jv_obj();
	jv_set_str(v, "name", sv_of(o->it->name));
	jv_set_str(v, "version", sv_of(o->it->version));
	jv_set_str(v, "recipe", sv_of(o->c->id));
	jv_set(v, "files", jv_copy(o->list));
	return v;
}

int weights_out_end(struct weights_out *o, struct err *e)
{
	jv *v = description(o);
	int rc = weights_files_fit(o->it, v, e);
	if (!rc) {
		char path[PATH_MAX];
		struct sb text;
		whole_path(o, WEIGHTS_LIST, path);
		sb_init(&text, LIM_JSON_BYTES);
		jv_dump(v, &text);
		rc = file_write(path, sb_sv(&text), e);
		sb_done(&text);
	}
	jv_free(v);
	return rc;
}
