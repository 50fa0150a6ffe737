/* app_music.c: sound files of queues: found, read once, read again when they change.
 *
 * A queue plan is read often (each change in the console reads it whole), so what was read is kept
 * with a print of its files (names, sizes, times). A plan has its own references: what is dropped
 * here sounds on where it is in use. The console sets names too, so nothing is played but what
 * really lies in the folder "music" beside the company's file.
 *
 * A server's queues wait for no disk: they get what is kept, and a worker looks at all names that
 * were asked for, reads what is new, and tells that the plan is to be read again. Only the worker
 * changes an entry; the lock is never held while a file is read.
 */
#include "app_music.h"

#include <dirent.h>
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <sys/stat.h>

#include "acd_plan.h"
#include "pcm_music.h"
#include "pool.h"

enum {
	KEPT = 2 * ACD_QUEUES,       /* of the plan, and of the one before */
	SETTLE_MS = 20,              /* a plan asks for all its names */
	IDLE_MOST = 3,
	NAMES_MOST = 1000,           /* in a folder */
	BYTES_MOST = 256 << 20       /* of a file: 20 minutes in stereo at 48 kHz */
};

struct kept {
	char *name;                  /* owned; NULL = free */
	uint64_t print;              /* 0: no files were found */
	struct pcm_music *m;         /* a reference; NULL = it cannot be read */
	struct err e;                /* why; ERR_TOOBIG: for a plan that has max_s left */
	int max_s;
	bool asked;                  /* since the worker looked */
	int idle;                    /* how often it looked since */
};
struct app_music {
	char *dir;
	struct pool *worker;         /* NULL: whoever asks waits */
	pthread_mutex_t lock;
	struct kept kept[KEPT];
	bool looks, again;           /* the worker is at it; asked meanwhile */
	bool changed;                /* not told yet */
	app_music_fn *tell;
	void *tell_arg;
};
struct files {                       /* what a name stands for */
	char *path[PCM_MUSIC_FILES];
	size_t n;
	bool many, big;              /* more than that; one of them is too large */
	uint64_t print;
};

struct app_music *app_music_new(const char *dir, struct pool *worker)
{
	struct app_music *m = xalloc(sizeof(*m));
	m->dir = xstrdup(sv_of(dir));
	m->worker = worker;
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
	pool_free(m->worker);
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

/* Its entry, or a new one; NULL: there are too many. */
static struct kept *place_for(struct app_music *m, sv name)
{
	struct kept *empty = NULL;
	for (int i = 0; i < KEPT; i++) {
		struct kept *k = &m->kept[i];
		if (k->name && sv_eq(sv_of(k->name), name))
			return k;
		empty = !k->name && !empty ? k : empty;
	}
	if (empty)
		empty->name = xstrdup(name);
	return empty;
}

/* What is new of it, with at most max_s seconds. True: it is another sound than before. */
static bool look_at(struct app_music *m, struct kept *k, int max_s, bool told)
{
	struct files f = { .print = UINT64_C(14695981039346656037) };
	struct pcm_music *sound = NULL, *old = k->m;
	struct err why = { 0 };
	int rc = find(m, sv_of(k->name), &f, &why);
	uint64_t print = rc ? 0 : f.print;
	bool same = rc == 0 && k->print == print && !(k->e.code == ERR_TOOBIG && k->max_s < max_s);
	if (rc == 0 && !same)
		rc = pcm_music_new(&sound, (const char *const *)f.path, f.n, max_s, &why);
	files_done(&f);
	if (same)
		return false;
	if (rc && told && strcmp(k->e.msg, why.msg) != 0)
		LOG(WARN, "acd.music", "the tune is heard instead: %s", why.msg);
	(void)pthread_mutex_lock(&m->lock);
	k->m = sound;
	k->print = print;
	k->e = why;
	k->max_s = max_s;
	(void)pthread_mutex_unlock(&m->lock);
	obj_unref(old);
	return old || sound;
}

/* ---- the worker ---- */

/* Those that were asked for stay, others go in a while: a plan may just be asking. */
static void sort_out(struct app_music *m)
{
	for (int i = 0; i < KEPT; i++) {
		struct kept *k = &m->kept[i];
		k->idle = k->asked ? 0 : k->idle + 1;
		k->asked = false;
		if (k->name && k->idle > IDLE_MOST)
			drop(k);
	}
}

/* What the others that are in use leave of a plan's seconds; -1: k is not in use. */
static int left_for(const struct app_music *m, const struct kept *k)
{
	int left = ACD_MUSIC_S;
	for (const struct kept *o = m->kept; o < m->kept + KEPT; o++)
		if (o != k && o->m && !o->idle)
			left -= pcm_music_seconds(o->m);
	return k->name && !k->idle ? left : -1;
}

static bool look_at_all(struct app_music *m)
{
	bool changed = false;
	(void)pthread_mutex_lock(&m->lock);
	sort_out(m);
	(void)pthread_mutex_unlock(&m->lock);
	for (int i = 0; i < KEPT; i++) {
		(void)pthread_mutex_lock(&m->lock);
		int left = left_for(m, &m->kept[i]);
		(void)pthread_mutex_unlock(&m->lock);
		if (left >= 0)
			changed |= look_at(m, &m->kept[i], left, true);
	}
	return changed;
}

static void tell(struct app_music *m)
{
	if (m->changed && m->tell)
		m->changed = m->tell(m->tell_arg) != 0;
}

static void look(void *arg)
{
	struct app_music *m = arg;
	for (bool again = true; again;) {
		(void)nanosleep(&(struct timespec){ 0, SETTLE_MS * 1000000L }, NULL);
		bool changed = look_at_all(m);
		(void)pthread_mutex_lock(&m->lock);
		m->changed |= changed;
		tell(m);
		again = m->looks = m->again;
		m->again = false;
		(void)pthread_mutex_unlock(&m->lock);
	}
}

static void looked(void *arg)
{
}

void app_music_tell(struct app_music *m, app_music_fn *fn, void *arg)
{
	(void)pthread_mutex_lock(&m->lock);
	m->tell = fn;
	m->tell_arg = arg;
	tell(m);
	(void)pthread_mutex_unlock(&m->lock);
}

/* ---- asked ---- */

static void have_looked(struct app_music *m)
{
	if (m->looks)
		m->again = true;
	else
		m->looks = pool_submit(m->worker, look, m, NULL, looked) == 0;
}

static int now(struct app_music *m, struct kept *k, int max_s, struct pcm_music **ret,
	       struct err *e)
{
	(void)look_at(m, k, max_s, false);
	if (!k->m)
		return err_set(e, k->e.code, "%s", k->e.msg);
	if (pcm_music_seconds(k->m) > max_s)
		return err_set(e, ERR_TOOBIG, "%s: longer than the %d s that are left for it",
			       k->name, max_s > 0 ? max_s : 0);
	*ret = obj_ref(k->m);
	return 0;
}

int app_music_of(void *arg, sv name, int max_s, struct pcm_music **ret, struct err *e)
{
	struct app_music *m = arg;
	char path[PATH_MAX];
	bool dir;
	if (!ret)
		return there(m, name, path, &dir, e);
	(void)pthread_mutex_lock(&m->lock);
	struct kept *k = place_for(m, name);
	if (k && m->worker) {
		k->asked = true;
		*ret = k->m && pcm_music_seconds(k->m) <= max_s ? obj_ref(k->m) : NULL;
		have_looked(m);
	}
	(void)pthread_mutex_unlock(&m->lock);
	if (!k && !m->worker)
		return err_set(e, ERR_FULL, "more than %d sounds", KEPT);
	return m->worker ? 0 : now(m, k, max_s, ret, e);
}
