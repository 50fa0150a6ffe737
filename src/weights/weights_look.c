/* weights_look.c: what is installed, and whether it is whole.
 *
 * An entry lies in folder/NAME-VERSION with a list of its files (.files.json: path, bytes,
 * sha256). A look compares names and sizes; verifying reads everything and compares hashes with
 * the list, and the list with what the registry pins. What was found damaged is marked with a file
 * (.damaged) until it is pulled again. Stateless; any thread.
 */
#include "weights_int.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { LIST_MAX = 1 << 20 };

void weights_path(const struct weights *w, const struct weights_item *it, const char *suffix,
		  char out[PATH_MAX])
{
	(void)snprintf(out, PATH_MAX, "%s/%s-%s%s", w->folder, it->name, it->version, suffix);
}

jv *weights_files_read(const struct weights *w, const struct weights_item *it, struct err *e)
{
	char path[PATH_MAX];
	struct sb text;
	weights_path(w, it, "/" WEIGHTS_LIST, path);
	sb_init(&text, LIST_MAX);
	jv *v = file_read(path, LIST_MAX, &text, NULL) == 0 ? jv_parse(sb_sv(&text), NULL) : NULL;
	sb_done(&text);
	if (v && !sv_eq(jv_get_str(v, "recipe"), sv_of(it->recipe->id))) {
		jv_free(v);     /* of another pinning under the same version */
		v = NULL;
	}
	if (!v)
		err_set(e, ERR_NOTFOUND, "%s is not installed; callm models pull %s", it->name,
			it->name);
	return v;
}

/* ---- hashes of the list against the registry ---- */

static bool consumed(const struct weights_recipe *c, const char *name)
{
	for (size_t i = 0; i < c->n_in; i++)
		if (strcmp(c->in[i], name) == 0)
			return true;
	return false;
}

static const jv *listed(const jv *files, const char *path)
{
	for (size_t i = 0; i < jv_len(files); i++)
		if (sv_eq(jv_get_str(jv_at(files, i), "path"), sv_of(path)))
			return jv_at(files, i);
	return NULL;
}

static int by_path(const void *a, const void *b)
{
	return sv_cmp(jv_get_str(*(const jv *const *)a, "path"),
		      jv_get_str(*(const jv *const *)b, "path"));
}

/* "SHA256  NAME\n" of each file of a folder, sorted: what sha256sum prints. */
static void folder_hash(const jv *files, const char *folder, char hex[65])
{
	size_t n = jv_len(files), k = 0, skip = strlen(folder) + 1;
	const jv **of = xalloc(sizeof(*of) * (n + 1));
	struct weights_sha *h = weights_sha_new();
	for (size_t i = 0; i < n; i++) {
		sv path = jv_get_str(jv_at(files, i), "path");
		if (path.n > skip && sv_starts(path, sv_of(folder)) && path.p[skip - 1] == '/')
			of[k++] = jv_at(files, i);
	}
	if (k)
		qsort(of, k, sizeof(*of), by_path);
	for (size_t i = 0; i < k; i++) {
		sv sha = jv_get_str(of[i], "sha256"), path = jv_get_str(of[i], "path");
		path = sv_slice(path, skip, path.n);
		weights_sha_add(h, sha.p, sha.n);
		weights_sha_add(h, "  ", 2);
		weights_sha_add(h, path.p, path.n);
		weights_sha_add(h, "\n", 1);
	}
	weights_sha_end(h, hex);
	weights_sha_free(h);
	xfree(of);
}

int weights_files_fit(const struct weights_item *it, const jv *list, struct err *e)
{
	const struct weights_recipe *c = it->recipe;
	const jv *files = jv_get(list, "files");
	for (size_t i = 0; i < c->n_takes; i++) {
		const struct weights_take *t = &c->takes[i];
		char hex[65] = "";
		if (consumed(c, t->to))
			continue;
		if (t->many)
			folder_hash(files, t->to, hex);
		else
			(void)snprintf(hex, sizeof(hex), SV_FMT,
				       SV_ARG(jv_get_str(listed(files, t->to), "sha256")));
		if (!hex[0] || (t->sha256 && strcmp(hex, t->sha256) != 0))
			return err_set(e, ERR_CORRUPT,
				       "%s: %s%s has other contents than pinned (sha256 %.16s..., "
				       "not %.16s...); correct the registry's entry or pull again",
				       it->name, t->to, t->many ? "/" : "", hex,
				       t->sha256 ? t->sha256 : "(none)");
	}
	return 0;
}

/* ---- the look ---- */

static int damaged(const struct weights_item *it, const char *what, struct err *e)
{
	return err_set(e, ERR_CORRUPT, "%s is damaged: %s; callm models pull %s", it->name, what,
		       it->name);
}

/* Each listed file is there with its size. */
static int look_files(const struct weights *w, const struct weights_item *it, const jv *files,
		      struct err *e)
{
	char dir[PATH_MAX], what[200];
	struct stat st;
	weights_path(w, it, "", dir);
	int at = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC), rc = 0;
	if (at < 0)
		return damaged(it, "its folder cannot be read", e);
	for (size_t i = 0; i < jv_len(files) && !rc; i++) {
		sv name = jv_get_str(jv_at(files, i), "path");
		int64_t bytes = jv_get_int(jv_at(files, i), "bytes", -1);
		if (fstatat(at, name.p, &st, 0) < 0) {
			(void)snprintf(what, sizeof(what), "%.100s is gone", name.p);
			rc = damaged(it, what, e);
		} else if (st.st_size != bytes) {
			(void)snprintf(what, sizeof(what), "%.100s has %lld bytes, not %lld",
				       name.p, (long long)st.st_size, (long long)bytes);
			rc = damaged(it, what, e);
		}
	}
	if (!rc && faccessat(at, WEIGHTS_DAMAGED, F_OK, 0) == 0)
		rc = damaged(it, "verifying found other contents than pinned", e);
	close(at);
	return rc;
}

enum weights_state weights_look(const struct weights *w, const struct weights_item *it,
				struct err *e)
{
	jv *list = weights_files_read(w, it, e);
	if (!list)
		return WEIGHTS_MISSING;
	int rc = look_files(w, it, jv_get(list, "files"), e);
	jv_free(list);
	return rc ? WEIGHTS_BROKEN : WEIGHTS_READY;
}

/* ---- verifying ---- */

void weights_files_damaged(const struct weights *w, const struct weights_item *it)
{
	char path[PATH_MAX];
	weights_path(w, it, "/" WEIGHTS_DAMAGED, path);
	int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	if (fd >= 0)
		close(fd);
}

static int verify_file(const struct weights *w, const struct weights_item *it, const jv *f,
		       const struct weights_watch *watch, struct err *e)
{
	char dir[PATH_MAX], path[PATH_MAX], hex[65], what[200];
	sv name = jv_get_str(f, "path");
	weights_path(w, it, "", dir);
	if (snprintf(path, sizeof(path), "%s/%s", dir, name.p) >= (int)sizeof(path))
		return damaged(it, "a path is too long", e);
	int rc = weights_sha_file(path, hex, NULL, watch, e);
	if (rc == ERR_CANCELED)
		return rc;
	if (rc == 0 && sv_eq(sv_of(hex), jv_get_str(f, "sha256")))
		return 0;
	(void)snprintf(what, sizeof(what),
		       rc ? "%.100s cannot be read" : "%.100s has other contents than pinned",
		       name.p);
	return damaged(it, what, e);
}

int weights_verify(const struct weights *w, const struct weights_item *it,
		   const struct weights_watch *watch, struct err *e)
{
	jv *list = weights_files_read(w, it, e);
	const jv *files = jv_get(list, "files");
	int64_t done = 0;
	if (!list)
		return ERR_NOTFOUND;
	int rc = look_files(w, it, files, e);
	if (!rc)
		rc = weights_files_fit(it, list, e);
	for (size_t i = 0; i < jv_len(files) && !rc; i++) {
		rc = verify_file(w, it, jv_at(files, i), watch, e);
		done += jv_get_int(jv_at(files, i), "bytes", 0);
		if (watch && watch->on_progress)
			watch->on_progress(watch->arg, it, WEIGHTS_PREPARING, done, it->disk_bytes);
	}
	if (rc == ERR_CORRUPT)
		weights_files_damaged(w, it);
	jv_free(list);
	return rc;
}
