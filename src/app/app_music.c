/* app_music.c: sound files of queues: found, read once, read again when they change.
 *
 * A queue plan is read often (each change in the console reads it whole), so what was read is kept
 * with a print of its files (names, sizes, times). A plan has its own references: what is dropped
 * here sounds on where it is in use. The console sets names too, so nothing is played but what
 * really lies in the folder "music" beside the company's file. One lock around all; whoever reads
 * a file holds it.
 */
#include "app_music.h"

#include <dirent.h>
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "pcm_music.h"

enum {
	KEPT = 16,
	NAMES_MOST = 1000,           /* in a folder */
	BYTES_MOST = 256 << 20       /* of a file: 20 minutes in stereo at 48 kHz */
};

struct kept {
	char *name;                  /* owned; NULL = free */
	uint64_t print;
	struct pcm_music *m;         /* a reference; NULL = it cannot be read */
	struct err e;                /* why; ERR_TOOBIG: for a plan that has max_s left */
	int max_s;
	uint64_t used;
};
struct app_music {
	char *dir;
	bool strict;
	pthread_mutex_t lock;
	struct kept kept[KEPT];
	uint64_t uses;
};
struct files {                       /* what a name stands for */
	char *path[PCM_MUSIC_FILES];
	size_t n;
	bool many, big;              /* more than that; one of them is too large */
	uint64_t print;
};

struct app_music *app_music_new(const char *dir, bool strict)
{
	struct app_music *m = xalloc(sizeof(*m));
	m->dir = xstrdup(sv_of(dir));
	m->strict = strict;
	(void)pthread_mutex_init(&m->lock, NULL);
	return m;
}

static void drop(struct kept *k)
{
	xfree(k->name);
	obj_unref(k->m);
	*k = (struct kept){ 0 };
}

void app_music_free(struct app_music *m)
{
	if (!m)
		return;
	for (int i = 0; i < KEPT; i++)
		drop(&m->kept[i]);
	(void)pthread_mutex_destroy(&m->lock);
	xfree(m->dir);
	xfree(m);
}

/* ---- files ---- */

static void print_bytes(uint64_t *h, const void *p, size_t n)
{
	for (size_t i = 0; i < n; i++)       /* FNV-1a */
		*h = (*h ^ ((const unsigned char *)p)[i]) * UINT64_C(1099511628211);
}

static bool is_wav(const char *name)
{
	size_t n = strlen(name);
	return n > 4 && sv_eq_nocase(sv_n(name + n - 4, 4), SV(".wav"));
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Its .wav files, by name; links and folders in it are passed over. */
static void list(struct files *f, const char *dir)
{
	char path[PATH_MAX + 300];
	struct stat st;
	DIR *d = opendir(dir);
	struct dirent *x;
	for (int seen = 0; d && !f->many && (x = readdir(d)); seen++) {
		(void)snprintf(path, sizeof(path), "%s/%s", dir, x->d_name);
		f->many = seen == NAMES_MOST;
		if (f->many || !is_wav(path) || lstat(path, &st) || !S_ISREG(st.st_mode))
			continue;
		f->many = f->n == PCM_MUSIC_FILES;
		if (!f->many)
			f->path[f->n++] = xstrdup(sv_of(path));
	}
	if (d)
		(void)closedir(d);
	qsort(f->path, f->n, sizeof(f->path[0]), by_name);
}

static void print_files(struct files *f)
{
	struct stat st;
	for (size_t i = 0; i < f->n; i++) {
		if (stat(f->path[i], &st))
			continue;
		f->big |= st.st_size > BYTES_MOST;
		print_bytes(&f->print, f->path[i], strlen(f->path[i]) + 1);
		print_bytes(&f->print, &st.st_size, sizeof(st.st_size));
		print_bytes(&f->print, &st.st_mtim, sizeof(st.st_mtim));
	}
}

static void files_done(struct files *f)
{
	for (size_t i = 0; i < f->n; i++)
		xfree(f->path[i]);
}

/* The folder itself or a path below it, and nowhere upwards. */
static bool below(sv name)
{
	sv rest = name, part;
	if ((!sv_eq(name, SV("music")) && !sv_starts(name, SV("music/"))) ||
	    memchr(name.p, 0, name.n))
		return false;
	while (sv_cut(&rest, '/', &part))
		if (sv_eq(part, SV("..")))
			return false;
	return true;
}

/* Its path, if the name is allowed and something is there: one look at the disk. */
static int there(const struct app_music *m, sv name, char path[PATH_MAX], bool *dir, struct err *e)
{
	struct stat st;
	int shown = (int)(name.n < 100 ? name.n : 100);
	if (!below(name))
		return err_set(e, ERR_INVAL,
			       "music \"%.*s\" does not name the folder music beside the plan's "
			       "file, nor what lies in it",
			       shown, name.n ? name.p : "");
	if (!m->dir[0])
		return err_set(e, ERR_NOTFOUND, "music \"%.*s\": the built-in company has no files",
			       shown, name.p);
	if ((size_t)snprintf(path, PATH_MAX, "%s/" SV_FMT, m->dir, SV_ARG(name)) >= PATH_MAX ||
	    stat(path, &st))
		return err_set(e, ERR_NOTFOUND, "%s: there is no such file or folder", path);
	*dir = S_ISDIR(st.st_mode);
	return !*dir && !is_wav(path) ? err_set(e, ERR_INVAL, "%s: not a .wav file", path) : 0;
}

/* Does it really lie in the folder, whatever links there are? */
static bool inside(const struct app_music *m, const char *path)
{
	char root[PATH_MAX], real[PATH_MAX];
	if (!realpath(m->dir, root) || !realpath(path, real))
		return false;
	sv rest = sv_of(real), dir = sv_of(strcmp(root, "/") ? root : "");
	if (!sv_starts(rest, dir))
		return false;
	rest = sv_slice(rest, dir.n, rest.n);
	return sv_eq(rest, SV("/music")) || sv_starts(rest, SV("/music/"));
}

static int find(const struct app_music *m, sv name, struct files *ret, struct err *e)
{
	char path[PATH_MAX];
	bool dir;
	int rc = there(m, name, path, &dir, e);
	if (rc)
		return rc;
	if (!inside(m, path))
		return err_set(e, ERR_INVAL, "%s: a link leads out of the folder music", path);
	if (dir)
		list(ret, path);
	else
		ret->path[ret->n++] = xstrdup(sv_of(path));
	print_files(ret);
	if (ret->many)
		return err_set(e, ERR_TOOBIG, "%s: more than %d sounds or %d names", path,
			       PCM_MUSIC_FILES, NAMES_MOST);
	if (ret->n == 0)
		return err_set(e, ERR_NOTFOUND, "%s: there is no .wav file in it", path);
	return ret->big ? err_set(e, ERR_TOOBIG, "%s: more than %d MB", path, BYTES_MOST >> 20) : 0;
}

/* ---- what was read ---- */

static struct kept *place_for(struct app_music *m, sv name)
{
	struct kept *old = &m->kept[0];
	for (int i = 0; i < KEPT; i++) {
		struct kept *k = &m->kept[i];
		if (k->name && sv_eq(sv_of(k->name), name))
			return k;
		if (k->used < old->used)
			old = k;
	}
	return old;
}

/* Where it is kept; read when it is new or has changed, or was too long for a plan with less
 * left. */
static int read_kept(struct app_music *m, sv name, const struct files *f, int max_s,
		     struct kept **ret, struct err *e)
{
	struct kept *k = place_for(m, name);
	struct pcm_music *sound = NULL;
	struct err why = { 0 };
	bool same = k->name && sv_eq(sv_of(k->name), name) && k->print == f->print &&
		    !(k->e.code == ERR_TOOBIG && k->max_s < max_s);
	*ret = NULL;
	if (same && k->m && pcm_music_seconds(k->m) > max_s)
		return err_set(e, ERR_TOOBIG, "%s: longer than the %d s that are left for it",
			       k->name, max_s > 0 ? max_s : 0);
	if (!same) {
		int rc = pcm_music_new(&sound, (const char *const *)f->path, f->n, max_s, &why);
		drop(k);
		*k = (struct kept){ xstrdup(name), f->print, sound, why, max_s, 0 };
		if (rc && !m->strict)
			LOG(WARN, "acd.music", "the tune is heard instead: %s", why.msg);
	}
	k->used = ++m->uses;
	*ret = k;
	return k->m ? 0 : err_set(e, k->e.code, "%s", k->e.msg);
}

int app_music_of(void *arg, sv name, int max_s, struct pcm_music **ret, struct err *e)
{
	struct app_music *m = arg;
	struct files f = { .print = UINT64_C(14695981039346656037) };
	struct kept *k = NULL;
	struct err why = { 0 };
	char path[PATH_MAX];
	bool dir;
	int rc = ret ? find(m, name, &f, &why) : there(m, name, path, &dir, &why);
	if (rc == 0 && ret) {
		(void)pthread_mutex_lock(&m->lock);
		rc = read_kept(m, name, &f, max_s, &k, &why);
		if (rc == 0)
			*ret = obj_ref(k->m);
		(void)pthread_mutex_unlock(&m->lock);
	}
	files_done(&f);
	if (rc && ret && !m->strict) {
		if (!k)              /* else it was told when it was read */
			LOG(WARN, "acd.music", "the tune is heard instead: %s", why.msg);
		*ret = NULL;
		return 0;
	}
	return rc ? err_set(e, rc, "%s", why.msg) : 0;
}
