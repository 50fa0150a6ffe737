/* t_store_power.c: power cuts and I/O errors, through a file system of our own under
 * SQLite.
 *
 * The recording VFS passes everything on to the real one and keeps a journal of writes,
 * truncations, syncs and acknowledgements in their true order. A power cut is then
 * played: what was synced is there; of what was written since, a random half of the
 * 512-byte sectors is. The store is opened on that image and must hold every row
 * acknowledged before the cut. The same with synchronous=NORMAL must lose rows, or else
 * this test has no teeth. CALLM_CUTS sets the number of cuts.
 */
#include "t.h"
#include "store_int.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { F_DB, F_WAL, F_JOURNAL, F_COUNT, F_NONE = -1, SECTOR = 512 };
enum op_kind { OP_WRITE, OP_TRUNC, OP_SYNC, OP_DEL, OP_ACK };
static const char *const f_names[F_COUNT] = { "callm.db", "callm.db-wal",
					      "callm.db-journal" };

struct op {
	enum op_kind kind;
	int file;
	int64_t at; /* offset, size, or acknowledged number */
	size_t n;
	char *data;
};
static struct {
	pthread_mutex_t lock;
	VEC(struct op) ops;
	bool on;
	bool idle_sync; /* images need not reach the disk */
	int fail_in;    /* the n-th write or sync from now fails; 0 = none */
	int failed;
} tape = { .lock = PTHREAD_MUTEX_INITIALIZER };

static void tape_put(enum op_kind kind, int file, int64_t at, const void *p, size_t n)
{
	struct op *o;

	pthread_mutex_lock(&tape.lock);
	o = tape.on && file != F_NONE ? VEC_PUSH(&tape.ops, 1 << 20) : NULL;
	if (o) {
		*o = (struct op){ kind, file, at, n, p ? xalloc(n + 1) : NULL };
		if (p)
			memcpy(o->data, p, n);
	}
	pthread_mutex_unlock(&tape.lock);
}

static void tape_clear(void)
{
	for (size_t i = 0; i < tape.ops.n; i++)
		xfree(tape.ops.v[i].data);
	VEC_FREE(&tape.ops);
	tape.on = tape.idle_sync = false;
	tape.fail_in = tape.failed = 0;
}

static bool tape_fails(void)
{
	bool bad;

	pthread_mutex_lock(&tape.lock);
	bad = tape.fail_in > 0 && --tape.fail_in == 0;
	tape.failed += bad;
	pthread_mutex_unlock(&tape.lock);
	return bad;
}

/* ---- the recording VFS ---- */

struct rec_file {
	sqlite3_file base;
	sqlite3_file *real;
	int id;
};
#define REAL(f) (((struct rec_file *)(f))->real)
#define PASS(f, call, ...) REAL(f)->pMethods->call(REAL(f), ##__VA_ARGS__)

static int r_close(sqlite3_file *f)
{
	return PASS(f, xClose);
}
static int r_read(sqlite3_file *f, void *p, int n, sqlite3_int64 at)
{
	return PASS(f, xRead, p, n, at);
}
static int r_size(sqlite3_file *f, sqlite3_int64 *n)
{
	return PASS(f, xFileSize, n);
}
static int r_lock(sqlite3_file *f, int l)
{
	return PASS(f, xLock, l);
}
static int r_unlock(sqlite3_file *f, int l)
{
	return PASS(f, xUnlock, l);
}
static int r_reserved(sqlite3_file *f, int *r)
{
	return PASS(f, xCheckReservedLock, r);
}
static int r_control(sqlite3_file *f, int op, void *p)
{
	return PASS(f, xFileControl, op, p);
}
static int r_sector(sqlite3_file *f)
{
	return PASS(f, xSectorSize);
}
static int r_device(sqlite3_file *f)
{
	return PASS(f, xDeviceCharacteristics);
}
static int r_shm_map(sqlite3_file *f, int pg, int sz, int ext, void volatile **p)
{
	return PASS(f, xShmMap, pg, sz, ext, p);
}
static int r_shm_lock(sqlite3_file *f, int o, int n, int fl)
{
	return PASS(f, xShmLock, o, n, fl);
}
static void r_shm_barrier(sqlite3_file *f)
{
	PASS(f, xShmBarrier);
}
static int r_shm_unmap(sqlite3_file *f, int del)
{
	return PASS(f, xShmUnmap, del);
}

static int r_write(sqlite3_file *f, const void *p, int n, sqlite3_int64 at)
{
	if (tape_fails())
		return SQLITE_IOERR_WRITE;
	tape_put(OP_WRITE, ((struct rec_file *)f)->id, at, p, (size_t)n);
	return PASS(f, xWrite, p, n, at);
}

static int r_truncate(sqlite3_file *f, sqlite3_int64 n)
{
	tape_put(OP_TRUNC, ((struct rec_file *)f)->id, n, NULL, 0);
	return PASS(f, xTruncate, n);
}

static int r_sync(sqlite3_file *f, int flags)
{
	if (tape_fails())
		return SQLITE_IOERR_FSYNC;
	tape_put(OP_SYNC, ((struct rec_file *)f)->id, 0, NULL, 0);
	return tape.idle_sync ? SQLITE_OK : PASS(f, xSync, flags);
}

static const sqlite3_io_methods rec_methods = {
	2,        r_close,   r_read,     r_write,       r_truncate,  r_sync,
	r_size,   r_lock,    r_unlock,   r_reserved,    r_control,   r_sector,
	r_device, r_shm_map, r_shm_lock, r_shm_barrier, r_shm_unmap, NULL,
	NULL,
};
static sqlite3_vfs *real_vfs, rec_vfs;

static int file_id(const char *name)
{
	for (int i = 0; name && i < F_COUNT; i++)
		if (sv_ends(sv_of(name), sv_of(f_names[i])))
			return i;
	return F_NONE;
}

static int v_open(sqlite3_vfs *v, const char *name, sqlite3_file *f, int flags,
		  int *out)
{
	struct rec_file *r = (struct rec_file *)f;
	int rc;

	r->real = (sqlite3_file *)(r + 1);
	r->id = file_id(name);
	rc = real_vfs->xOpen(real_vfs, name, r->real, flags, out);
	f->pMethods = rc == SQLITE_OK ? &rec_methods : NULL;
	return rc;
}

static int v_delete(sqlite3_vfs *v, const char *name, int dirsync)
{
	tape_put(OP_DEL, file_id(name), 0, NULL, 0);
	return real_vfs->xDelete(real_vfs, name, dirsync);
}

static void vfs_use(bool rec)
{
	if (!real_vfs) {
		real_vfs = sqlite3_vfs_find(NULL);
		rec_vfs = *real_vfs;
		rec_vfs.zName = "rec";
		rec_vfs.szOsFile = (int)sizeof(struct rec_file) + real_vfs->szOsFile;
		rec_vfs.xOpen = v_open;
		rec_vfs.xDelete = v_delete;
	}
	sqlite3_vfs_register(rec ? &rec_vfs : real_vfs, 1);
}

/* ---- playing a cut ---- */

struct disk {
	char *p[F_COUNT];
	size_t n[F_COUNT], cap[F_COUNT];
};

static void disk_size(struct disk *d, int f, size_t n)
{
	if (n > d->cap[f]) {
		d->p[f] = xrealloc(d->p[f], n * 2);
		d->cap[f] = n * 2;
	}
	if (n > d->n[f])
		memset(d->p[f] + d->n[f], 0, n - d->n[f]);
	d->n[f] = n;
}

/* All of an operation, or (torn) each of its sectors with even odds. */
static void disk_apply(struct disk *d, const struct op *o, bool torn)
{
	size_t end, step;

	if (o->kind == OP_SYNC || o->kind == OP_ACK)
		return;
	if (o->kind != OP_WRITE) {
		if (!torn || rng_below(t_rng(), 2))
			disk_size(d, o->file, o->kind == OP_TRUNC ? (size_t)o->at : 0);
		return;
	}
	for (size_t i = 0; i < o->n; i += step) {
		step = SECTOR - ((size_t)o->at + i) % SECTOR;
		step = step < o->n - i ? step : o->n - i;
		if (torn && rng_below(t_rng(), 2))
			continue;
		end = (size_t)o->at + i + step;
		if (end > d->n[o->file])
			disk_size(d, o->file, end);
		memcpy(d->p[o->file] + o->at + i, o->data + i, step);
	}
}

static void disk_free(struct disk *d)
{
	for (int f = 0; f < F_COUNT; f++)
		xfree(d->p[f]);
}

static void disk_write(const struct disk *d, const char *dir)
{
	char path[400];
	FILE *out;

	for (int f = 0; f < F_COUNT; f++) {
		snprintf(path, sizeof(path), "%s/%s", dir, f_names[f]);
		unlink(path);
		if (!d->n[f] && f != F_DB)
			continue;
		out = fopen(path, "wb");
		ASSERT(out && fwrite(d->p[f], 1, d->n[f], out) == d->n[f]);
		fclose(out);
	}
	snprintf(path, sizeof(path), "%s/callm.db-shm", dir);
	unlink(path);
}

static int64_t rows(struct store *st, int64_t upto)
{
	struct store_db *db;
	char sql[100];
	int64_t n = -1;

	snprintf(sql, sizeof(sql), "SELECT count(*) FROM event WHERE seq<=%lld",
		 (long long)upto);
	return store_reader(st, &db) || store_one_int(db, sql, SV_NULL, &n) ? -1 : n;
}

struct verdict {
	int cuts, lost, damaged;
};

static void cut_check(const struct disk *safe, size_t k, const size_t *synced,
		      int64_t acked, const char *dir, struct verdict *v)
{
	struct store_opts o = { .dir = dir };
	struct store *st = NULL;
	struct disk d = { 0 };
	struct err e = { 0 };
	int rc;

	for (int f = 0; f < F_COUNT; f++) {
		disk_size(&d, f, safe->n[f]);
		if (safe->n[f])
			memcpy(d.p[f], safe->p[f], safe->n[f]);
	}
	for (size_t i = 0; i < k; i++) {
		if (i >= synced[tape.ops.v[i].file])
			disk_apply(&d, &tape.ops.v[i], true);
	}
	disk_write(&d, dir);
	disk_free(&d);
	v->cuts++;
	vfs_use(true);
	tape.idle_sync = true;
	rc = store_open(&st, &o, &e);
	vfs_use(false);
	if (rc) {
		printf("# cut at %zu: %s\n", k, e.msg);
		v->damaged++;
		return;
	}
	v->lost += rows(st, acked) != acked;
	store_close(st);
}

static void play(int cuts, const char *dir, struct disk *safe, struct verdict *v)
{
	size_t every = tape.ops.n / (size_t)cuts + 1, synced[F_COUNT] = { 0 };
	size_t next = (size_t)rng_below(t_rng(), every);
	int64_t acked = 0;

	for (size_t k = 0; k < tape.ops.n; k++) {
		const struct op *o = &tape.ops.v[k];

		if (k == next) {
			cut_check(safe, k, synced, acked, dir, v);
			next = k + 1 + (size_t)rng_below(t_rng(), 2 * every);
		}
		if (o->kind == OP_ACK)
			acked = o->at > acked ? o->at : acked;
		if (o->kind != OP_SYNC)
			continue;
		for (size_t i = synced[o->file]; i < k; i++)
			if (tape.ops.v[i].file == o->file)
				disk_apply(safe, &tape.ops.v[i], false);
		synced[o->file] = k;
	}
}

/* ---- the runs ---- */

static int64_t ack_numbers[4096];

static void on_ack(void *arg, int err)
{
	if (!err)
		tape_put(OP_ACK, F_DB, *(int64_t *)arg, NULL, 0);
}

static void load(const char *dir, struct disk *d)
{
	char path[400];
	struct sb b;

	snprintf(path, sizeof(path), "%s/%s", dir, f_names[F_DB]);
	sb_init(&b, 16 << 20);
	ASSERT(file_read(path, 16 << 20, &b, NULL) == 0 && b.n > 0);
	disk_size(d, F_DB, b.n);
	memcpy(d->p[F_DB], b.p, b.n);
	sb_done(&b);
}

/* 400 rows in groups of 1 to 9, checkpoints in between. */
static void record(const char *dir, const char *pragma, struct disk *base)
{
	struct store_opts o = { .dir = dir, .group_ms = 1000 };
	struct store_event ev = {
		.conversation = SV("c"),
		.kind = SV("k"),
		.body = SV("{\"text\":\"where is my parcel, it should have come\"}")
	};
	struct store *st = NULL;
	struct err e = { 0 };
	int rc;

	ASSERT(store_open(&st, &o, &e) == 0);
	store_close(st);
	st = NULL;
	tape.idle_sync = true; /* the tape counts, not this disk */
	load(dir, base);
	vfs_use(true);
	tape.on = true;
	rc = store_open(&st, &o, &e);
	vfs_use(false);
	ASSERT(rc == 0 && store_exec(st->db, "PRAGMA wal_autocheckpoint=40") == 0 &&
	       store_exec(st->db, pragma) == 0);
	for (int64_t i = 1; i <= 400; i++) {
		ack_numbers[i] = ev.seq = i;
		ASSERT(store_append(st, &ev, NULL, on_ack, &ack_numbers[i]) == 0);
		if (rng_below(t_rng(), 5) == 0)
			ASSERT(store_flush(st) == 0);
	}
	store_close(st);
	tape.on = false;
}

static void clean(const char *dir)
{
	char path[400];

	for (int f = 0; f < F_COUNT; f++) {
		snprintf(path, sizeof(path), "%s/%s", dir, f_names[f]);
		unlink(path);
	}
}

static struct verdict cut_run(const char *pragma, int cuts)
{
	char live[300], image[300];
	struct verdict v = { 0 };
	struct disk base = { 0 };

	snprintf(live, sizeof(live), "%s/live", t_tmpdir());
	snprintf(image, sizeof(image), "%s/image", t_tmpdir());
	ASSERT(file_mkdirs(image, NULL) == 0);
	while (v.cuts < cuts) { /* a run has some 800 places to cut at */
		memset(&base, 0, sizeof(base));
		record(live, pragma, &base);
		play(cuts - v.cuts, image, &base, &v);
		disk_free(&base);
		tape_clear();
		clean(live);
	}
	return v;
}

TEST(store_loses_nothing_acked_in_a_power_cut)
{
	const char *env = getenv("CALLM_CUTS");
	struct verdict v = cut_run("PRAGMA synchronous=FULL",
				   env ? (int)strtol(env, NULL, 10) : 150);

	printf("# %d cuts, %d lost rows, %d damaged\n", v.cuts, v.lost, v.damaged);
	CHECK(v.cuts >= 50);
	EQ(v.lost, 0);
	EQ(v.damaged, 0);
}

TEST(store_power_cut_test_has_teeth)
{
	struct verdict v = cut_run("PRAGMA synchronous=NORMAL", 60);

	CHECK(v.lost > 0);
}

/* ---- the n-th write or sync fails ---- */

struct sums {
	int ok, io, other;
};

static void sum(void *arg, int err)
{
	struct sums *s = arg;

	s->ok += err == 0;
	s->io += err == ERR_IO;
	s->other += err != 0 && err != ERR_IO;
}

static int fail_round(struct store *st, int n, int64_t *seq, struct sums *s)
{
	struct store_event ev = { .conversation = SV("c"), .kind = SV("k") };

	tape.failed = 0;
	tape.fail_in = n;
	for (int i = 0; i < 12; i++) {
		ev.seq = ++*seq;
		if (store_append(st, &ev, NULL, sum, s))
			return -1;
		if (i % 3 == 2)
			store_flush(st);
	}
	store_flush(st);
	pthread_mutex_lock(&tape.lock);
	tape.fail_in = 0;
	n = tape.failed;
	pthread_mutex_unlock(&tape.lock);
	return n;
}

TEST(store_answers_each_io_error_cleanly)
{
	struct store_opts o = { .dir = t_tmpdir(), .group_ms = 1000 };
	struct store *st = NULL;
	struct sums s = { 0 };
	struct err e = { 0 };
	int hits = 0, n;
	int64_t seq = 0;

	vfs_use(true);
	OK(store_open(&st, &o, &e));
	OK(store_exec(st->db, "PRAGMA wal_autocheckpoint=25"));
	for (int i = 1; i <= 60; i++) {
		n = fail_round(st, i, &seq, &s);
		CHECK(n >= 0);
		hits += n;
		EQ(rows(st, seq), s.ok); /* stored = acknowledged, to the row */
	}
	vfs_use(false);
	EQ(s.other, 0);
	CHECK(hits > 10 && s.io > 0 && s.ok > 300);
	EQ(s.ok + s.io, seq);
	store_close(st);
	tape_clear();
	OK(store_open(&st, &o, &e));
	EQ(rows(st, seq), s.ok);
	store_close(st);
}
