/* weights_pull.c: installs one entry: lock, room on the disk, download, unpack, convert, swap.
 *
 *	NAME.lock             held (flock) while NAME is pulled; stays, empty
 *	NAME-VERSION.pull/    downloads: SHA256.part, SHA256 when whole and right
 *	NAME-VERSION.new/     what becomes the entry; made afresh each time
 *	NAME-VERSION/         the entry; replaced in one step, when all is on disk
 *
 * A failure leaves the downloads, so the next run goes on there; the installed entry is untouched.
 * Blocking; any thread; all of it belongs to the call.
 */
#include "weights_int.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <time.h>
#include <unistd.h>

#define ROOM_LEFT ((int64_t)64 << 20)   /* the disk is not filled to the brim */

struct pull {
	const struct weights *w;
	const struct weights_item *it;
	const struct weights_watch *watch;
	struct weights_net *net;
	int64_t before;                  /* bytes of the sources that are done */
	char dl[PATH_MAX], fresh[PATH_MAX], final[PATH_MAX];
};

static bool stopped(const struct weights_watch *w)
{
	return w && w->stop && w->stop(w->arg);
}

static void tell(const struct pull *p, enum weights_state s, int64_t done, int64_t total)
{
	if (p->watch && p->watch->on_progress)
		p->watch->on_progress(p->watch->arg, p->it, s, done, total);
}

/* ---- folders ---- */

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)remove(path);
	return 0;
}

static void remove_tree(const char *path)
{
	(void)nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static int sync_dir(const char *path)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int rc = fd < 0 ? -1 : fsync(fd);
	if (fd >= 0)
		close(fd);
	return rc;
}

/* ---- the lock ---- */

static int lock(const struct pull *p, int *ret_fd, struct err *e)
{
	const struct timespec turn = { 0, 100 * 1000000 };
	char path[PATH_MAX];
	(void)snprintf(path, sizeof(path), "%s/%s.lock", p->w->folder, p->it->name);
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0)
		return weights_disk_error(errno, path, e);
	while (flock(fd, LOCK_EX | LOCK_NB) < 0) {
		int rc = errno == EWOULDBLOCK || errno == EINTR ?
				 0 :
				 weights_disk_error(errno, path, e);
		if (!rc && stopped(p->watch))
			rc = err_set(e, ERR_CANCELED, "stopped while another callm pulls %s",
				     p->it->name);
		if (rc) {
			close(fd);
			return rc;
		}
		tell(p, WEIGHTS_WAITING, 0, p->it->download_bytes);
		(void)nanosleep(&turn, NULL);
	}
	*ret_fd = fd;
	return 0;
}

/* ---- room ---- */

static int64_t size_of(const char *path)
{
	struct stat st;
	return stat(path, &st) == 0 ? st.st_size : 0;
}

static void source_path(const struct pull *p, const struct weights_source *s, char out[PATH_MAX])
{
	(void)snprintf(out, PATH_MAX, "%.3800s/%s", p->dl, s->sha256);
}

static int64_t downloaded(const struct pull *p)
{
	int64_t sum = 0;
	char path[PATH_MAX], part[PATH_MAX];
	for (size_t i = 0; i < p->it->recipe->n_sources; i++) {
		source_path(p, &p->it->recipe->sources[i], path);
		(void)snprintf(part, sizeof(part), "%.4000s.part", path);
		sum += size_of(path) + size_of(part);
	}
	return sum;
}

static int room(const struct pull *p, struct err *e)
{
	const struct weights_recipe *c = p->it->recipe;
	struct statvfs v;
	int64_t converted = c->program ? p->it->disk_bytes : 0;
	int64_t need = p->it->download_bytes - downloaded(p) + c->unpack_bytes + converted;
	if (statvfs(p->w->folder, &v) < 0)
		return 0;
	int64_t free = (int64_t)v.f_bavail * (int64_t)v.f_frsize;
	if (free >= need + ROOM_LEFT)
		return 0;
	return err_set(e, ERR_FULL,
		       "%s needs %lld MB, and %.150s has %lld MB; free some, or set CALLM_CACHE to "
		       "a folder on another disk",
		       p->it->name, (long long)((need + ROOM_LEFT) / 1000000), p->w->folder,
		       (long long)(free / 1000000));
}

/* ---- download ---- */

static void on_bytes(void *arg, int64_t have)
{
	const struct pull *p = arg;
	tell(p, WEIGHTS_DOWNLOADING, p->before + have, p->it->download_bytes);
}

/* Whole from an earlier run? Read again before it is trusted. */
static bool have_source(const struct pull *p, const struct weights_source *s, const char *path)
{
	char hex[65];
	if (!file_exists(path))
		return false;
	if (weights_sha_file(path, hex, NULL, p->watch, NULL) == 0 && strcmp(hex, s->sha256) == 0)
		return true;
	if (!stopped(p->watch))
		(void)unlink(path);
	return false;
}

static int get_source(struct pull *p, const struct weights_source *s, struct err *e)
{
	char path[PATH_MAX];
	struct sb url;
	source_path(p, s, path);
	if (have_source(p, s, path)) {
		on_bytes(p, s->bytes);
		return 0;
	}
	if (!p->net)
		p->net = weights_net_new(p->w->retry_ms, p->watch);
	sb_init(&url, 8192);
	int rc = weights_source_url(p->w, p->net, s, &url, e);
	struct weights_get get = { .url = sb_str(&url), .path = path, .sha256 = s->sha256,
				   .bytes = s->bytes, .on_bytes = on_bytes, .arg = p };
	if (!rc)
		rc = weights_net_file(p->net, &get, e);
	sb_done(&url);
	return rc;
}

static int download(struct pull *p, struct err *e)
{
	const struct weights_recipe *c = p->it->recipe;
	int rc = file_mkdirs(p->dl, e);
	tell(p, WEIGHTS_DOWNLOADING, 0, p->it->download_bytes);
	for (size_t i = 0; i < c->n_sources && !rc; i++) {
		rc = get_source(p, &c->sources[i], e);
		p->before += c->sources[i].bytes;
	}
	weights_net_free(p->net);
	p->net = NULL;
	return rc;
}

/* ---- the new folder ---- */

static int fill(struct pull *p, struct weights_out *o, struct err *e)
{
	const struct weights_recipe *c = p->it->recipe;
	char path[PATH_MAX];
	int rc = 0;
	for (size_t i = 0; i < c->n_sources && !rc; i++) {
		source_path(p, &c->sources[i], path);
		rc = weights_out_source(o, i, path, e);
	}
	if (rc || !c->program)
		return rc;
	rc = weights_convert(p->w, p->it, p->fresh, p->watch, e);
	if (!rc)
		rc = weights_out_add(o, c->out, e);
	for (size_t i = 0; i < c->n_in && !rc; i++)
		(void)weights_out_drop(o, c->in[i]);
	return rc;
}

static int prepare(struct pull *p, struct err *e)
{
	remove_tree(p->fresh);
	int rc = file_mkdirs(p->fresh, e);
	if (rc)
		return rc;
	tell(p, WEIGHTS_PREPARING, 0, p->it->recipe->unpack_bytes);
	struct weights_out *o = weights_out_new(p->it, p->fresh, p->watch);
	rc = fill(p, o, e);
	if (!rc)
		rc = weights_out_end(o, e);
	weights_out_free(o);
	if (rc)
		remove_tree(p->fresh);
	return rc;
}

/* The new folder takes the place of the old one in one step. */
static int swap(const struct pull *p, struct err *e)
{
	(void)sync_dir(p->fresh);
	if (file_exists(p->final)) {
		if (renameat2(AT_FDCWD, p->fresh, AT_FDCWD, p->final, RENAME_EXCHANGE) < 0)
			return weights_disk_error(errno, p->final, e);
		remove_tree(p->fresh);
	} else if (rename(p->fresh, p->final) < 0) {
		return weights_disk_error(errno, p->final, e);
	}
	(void)sync_dir(p->w->folder);
	remove_tree(p->dl);
	return 0;
}

static int install(struct pull *p, struct err *e)
{
	/* The other one, that was waited for, may have done it. */
	if (weights_look(p->w, p->it, NULL) == WEIGHTS_READY)
		return 0;
	int rc = room(p, e);
	if (!rc)
		rc = download(p, e);
	if (!rc)
		rc = prepare(p, e);
	return rc ? rc : swap(p, e);
}

int weights_pull(const struct weights *w, const struct weights_item *it,
		 const struct weights_watch *watch, struct err *e)
{
	struct pull p = { .w = w, .it = it, .watch = watch };
	struct err none;
	int fd = -1;
	e = e ? e : &none;
	if (weights_look(w, it, NULL) == WEIGHTS_READY)
		return 0;
	if (!it->fits)
		return err_set(e, ERR_UNSUPPORTED, "%s is not for this kind of processor",
			       it->name);
	weights_path(w, it, ".pull", p.dl);
	weights_path(w, it, ".new", p.fresh);
	weights_path(w, it, "", p.final);
	int rc = weights_convert_there(w, it, e);
	if (!rc)
		rc = file_mkdirs(w->folder, e);
	if (!rc)
		rc = lock(&p, &fd, e);
	if (rc)
		return rc;
	rc = install(&p, e);
	close(fd);
	return rc;
}
