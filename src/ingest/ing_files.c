/* ing_files.c: files and folders: walked by name; one whose change time and size are as before
 * is not even opened. Links are not followed, hidden files and folders are left alone. */
#include <errno.h>
#include <limits.h>
#include <strings.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include "ing_int.h"

struct walk {
	struct ing_sync *y;
	char root[PATH_MAX];
	char sent[PATH_MAX];     /* below it, a source of its own: left out; or "" */
	size_t cut;              /* bytes of the path before a document's uri */
	int max;
	bool over;
	int rc;
};

/* What stands beside documents and is none. */
static bool dull(const char *name)
{
	static const char *const ends[] = { ".png", ".jpg", ".jpeg", ".gif",  ".svg",   ".webp",
					    ".ico", ".css", ".js",   ".woff", ".woff2", ".mp3",
					    ".mp4", ".wav", ".tmp",  ".swp",  ".bak",   "~" };
	size_t n = strlen(name);

	for (size_t i = 0; i < sizeof(ends) / sizeof(*ends); i++) {
		size_t k = strlen(ends[i]);

		if (n >= k && strcasecmp(name + n - k, ends[i]) == 0)
			return true;
	}
	return false;
}

static int read_one(struct walk *w, const char *path, struct ing_change *c, size_t size)
{
	struct sb b;
	struct err e = { 0 };
	int rc;

	if (size > ING_FILE_MAX)
		return ing_miss(w->y, c, ING_TOO_BIG_NOTE, SV("33554432"));
	sb_init(&b, ING_FILE_MAX + 1);
	rc = file_read(path, ING_FILE_MAX, &b, &e);
	if (rc) {
		sv why = sv_of(e.msg), dir = sv_of(w->root);

		/* without the path: the report already has it */
		if (sv_starts(why, dir) && sv_find(why, SV(": ")) > 0)
			why = sv_slice(why, (size_t)sv_find(why, SV(": ")) + 2, why.n);
		c->keep = rc != ERR_NOTFOUND;
		rc = ing_miss(w->y, c, ING_UNREADABLE_NOTE, why);
	} else {
		rc = ing_take(w->y, c, sb_sv(&b), SV_NULL, NULL);
	}
	sb_done(&b);
	return rc;
}

static bool below(const char *path, const char *dir)
{
	size_t n = strlen(dir);

	return strncmp(path, dir, n) == 0 && path[n] == '/';
}

static int on_file(void *arg, const char *path)
{
	struct walk *w = arg;
	sv uri = sv_of(path + w->cut);
	struct ing_change c = { .uri = uri };
	struct ing_seen *s;
	struct stat st;
	char stamp[64];

	if (ing_stopped(w->y))
		return 1;
	if (w->sent[0] && below(path, w->sent))
		return 0;
	if (uri.p[0] == '.' || sv_find(uri, SV("/.")) >= 0 || dull(path) || !sv_utf8_ok(uri) ||
	    uri.n > 1000)
		return 0;
	if (w->y->n_docs >= w->max) {
		w->over = true;
		return 1;
	}
	if (lstat(path, &st) < 0)
		return 0;
	(void)snprintf(stamp, sizeof(stamp), "%lld.%09ld-%lld", (long long)st.st_mtim.tv_sec,
		       st.st_mtim.tv_nsec, (long long)st.st_size);
	c.stamp = sv_of(stamp);
	s = ing_seen_get(w->y, uri);
	if (s && sv_eq(s->stamp, c.stamp) && !sv_eq(s->state, SV("gone")) &&
	    !sv_eq(s->state, SV("error"))) {
		s->met = true;
		w->y->n_docs++;
		w->y->rep->docs++;
		w->y->rep->same++;
		return 0;
	}
	w->rc = read_one(w, path, &c, (size_t)st.st_size);
	return w->rc;
}

int ing_real_path(const struct ing *g, const char *path, char *ret, struct err *e)
{
	char root[PATH_MAX];

	if (!realpath(path, ret))
		return err_set(e, err_from_errno(errno), "%.200s: %s", path,
			       strerrordesc_np(errno));
	for (const char *const *r = g->o.roots; r && *r; r++) {
		size_t n;

		if (!realpath(*r, root))
			continue;
		n = strlen(root);
		if (strncmp(ret, root, n) == 0 && (!ret[n] || ret[n] == '/'))
			return 0;
	}
	return g->o.roots ? err_set(e, ERR_DENIED,
				    "%.200s lies outside of the folders that may be "
				    "read; name them in knowledge.folders",
				    path) :
			    0;
}

int ing_sync_files(struct ing_sync *y)
{
	struct walk w = { .y = y, .max = y->src.docs_max ? y->src.docs_max : 20000 };
	const char *place = arena_cstr(&y->a, y->src.place);
	struct stat st;
	int rc;

	rc = ing_real_path(y->g, place ? place : "", w.root, y->e);
	if (rc)
		return rc;
	if (stat(w.root, &st) < 0)
		return err_set(y->e, err_from_errno(errno), "%.200s: %s", place,
			       strerrordesc_np(errno));
	if (S_ISREG(st.st_mode)) {
		const char *slash = strrchr(w.root, '/');

		w.cut = slash ? (size_t)(slash - w.root) + 1 : 0;
		rc = on_file(&w, w.root);
	} else if (S_ISDIR(st.st_mode)) {
		w.cut = strlen(w.root) + 1;
		if (ing_uploads(y->g, w.sent, NULL) || !below(w.sent, w.root))
			w.sent[0] = 0;
		rc = file_walk(w.root, on_file, &w);
		if (rc < 0 && !w.rc)
			return err_set(y->e, rc, "%.200s cannot be read", w.root);
	} else {
		return err_set(y->e, ERR_INVAL, "%.200s is no file and no folder", w.root);
	}
	if (w.over) {
		/* what was not met may well be there: nothing is retired */
		return err_set(y->e, ERR_FULL, "more than %d documents; split the source", w.max);
	}
	return w.rc;
}
