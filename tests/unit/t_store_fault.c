/* t_store_fault.c: kill -9, a full disk, a second process, damaged files.
 *
 * Children are forked and do all their work on their own; what they acknowledge comes
 * over a pipe. A child never returns into the test program.
 */
#include "t.h"
#include "store_int.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static int try_open(struct store **st, const char *dir, struct err *e)
{
	struct store_opts o = { .dir = dir, .group_ms = 1, .group_rows = 64 };

	memset(e, 0, sizeof(*e));
	return store_open(st, &o, e);
}

static int64_t ask(struct store *st, const char *sql)
{
	struct store_db *db;
	int64_t n = -1;

	return store_reader(st, &db) || store_one_int(db, sql, SV_NULL, &n) ? -1 : n;
}

/* ---- kill -9 ---- */

struct ack {
	int fd;
	int64_t seq;
};
static struct ack child_acks[2 * STORE_QUEUE_ROWS]; /* more than can wait at once */

static void child_ack(void *arg, int err)
{
	const struct ack *a = arg;

	if (!err && write(a->fd, &a->seq, sizeof(a->seq)) != sizeof(a->seq))
		_exit(3);
}

static int child_write_pair(void *arg, struct store_db *db)
{
	const struct ack *a = arg;
	struct store_event ev = { .conversation = SV("pair"), .kind = SV("k") };
	int rc;

	ev.seq = a->seq * 2;
	rc = store_event_put(db, &ev);
	ev.seq = a->seq * 2 + 1;
	return rc ? rc : store_event_put(db, &ev);
}

/* Appends without end; every third job writes two rows that must stay together. */
static void child_run(const char *dir, int fd, int64_t from)
{
	struct store_event ev = { .conversation = SV("c"), .kind = SV("k") };
	struct store *st = NULL;
	struct err e;
	int rc = try_open(&st, dir, &e);

	for (int64_t seq = from; !rc; seq++) {
		struct ack *a = &child_acks[seq % (2 * STORE_QUEUE_ROWS)];

		*a = (struct ack){ fd, seq };
		ev.seq = seq;
		do {
			rc = seq % 3 ? store_append(st, &ev, NULL, child_ack, a) :
				       store_write(st, child_write_pair, a, NULL,
						   child_ack);
		} while (rc == ERR_FULL && !store_flush(st));
	}
	_exit(4);
}

struct kills {
	int64_t acked, last;
	int lost;
};

static void round_read(int fd, pid_t pid, int64_t us, int64_t *last, int64_t *acked)
{
	int64_t seq[64], end = 0;
	ssize_t n;

	while ((n = read(fd, seq, sizeof(seq))) > 0) {
		*acked += n / 8;
		*last = seq[n / 8 - 1];
		if (!end)
			end = clk_mono_us() +
			      us; /* the clock starts with the first result */
		if (clk_mono_us() >= end)
			kill(pid, SIGKILL);
	}
}

static void kill_round(const char *dir, struct kills *k)
{
	int64_t last = k->last, got = 0, whole, halves;
	struct store *st = NULL;
	struct err e;
	int fd[2];
	pid_t pid;

	ASSERT(pipe(fd) == 0);
	pid = fork();
	if (pid == 0) {
		close(fd[0]);
		child_run(dir, fd[1], k->last + 1);
	}
	close(fd[1]);
	round_read(fd[0], pid, (int64_t)rng_below(t_rng(), 30000), &last, &got);
	waitpid(pid, NULL, 0);
	close(fd[0]);
	if (!got || try_open(&st, dir, &e)) {
		printf("# %s\n", e.msg);
		k->lost = 1 << 20;
		return;
	}
	/* Results come in order, so everything up to the last one must be there. */
	whole = ask(st, "SELECT count(DISTINCT CASE conversation WHEN 'c' THEN seq "
			"ELSE seq/2 END) FROM event");
	halves = ask(st, "SELECT count(*) FROM (SELECT seq/2 FROM event WHERE "
			 "conversation='pair' "
			 "GROUP BY seq/2 HAVING count(*)<>2)");
	k->acked += got;
	k->lost += whole < last || halves != 0;
	k->last = whole; /* unacknowledged ones may be there too, without gaps */
	store_close(st);
}

TEST(store_keeps_every_acked_row_through_kill_9)
{
	struct kills k = { 0 };
	struct store *st = NULL;
	struct err e;

	for (int i = 0; i < 20 && k.lost == 0; i++)
		kill_round(t_tmpdir(), &k);
	EQ(k.lost, 0);
	CHECK(k.acked > 20);
	OK(try_open(&st, t_tmpdir(), &e));
	EQ(ask(st, "SELECT max(pos) - count(*) FROM event"), 0);
	printf("# 20 kills, %lld rows acknowledged, 0 lost\n", (long long)k.acked);
	store_close(st);
}

/* ---- disk full ---- */

struct tally {
	int ok, failed, other;
};

static void tally_done(void *arg, int err)
{
	struct tally *t = arg;

	if (!err)
		t->ok++;
	else if (err == ERR_IO)
		t->failed++;
	else
		t->other++;
}

static void add_big(struct store *st, int n, size_t bytes, int64_t *seq,
		    struct tally *t)
{
	static char body[3 << 20];
	struct store_event ev = { .conversation = SV("c"), .kind = SV("k") };

	memset(body, ' ', sizeof(body));
	ev.body = sv_n(body, bytes);
	for (int i = 0; i < n; i++) {
		ev.seq = ++*seq;
		if (store_append(st, &ev, NULL, tally_done, t))
			t->other++;
	}
	store_flush(st);
}

/* In a child: the exit code tells what was wrong, 0 = all as it should be. */
static int full_disk(const char *dir)
{
	struct rlimit small = { 2 << 20, RLIM_INFINITY },
		      wide = { RLIM_INFINITY, RLIM_INFINITY };
	struct tally t = { 0 };
	struct store *st = NULL;
	struct err e;
	int64_t seq = 0;

	signal(SIGXFSZ, SIG_IGN);
	if (try_open(&st, dir, &e))
		return 10;
	add_big(st, 10, 8192, &seq, &t);
	if (t.ok != 10)
		return 11;
	setrlimit(RLIMIT_FSIZE, &small);
	add_big(st, 1000, 8192, &seq, &t);
	add_big(st, 1, 3 << 20, &seq, &t); /* the last group certainly does not fit */
	if (!t.failed || t.other || !store_failed(st, &e) || !e.msg[0])
		return 12;
	if (ask(st, "SELECT count(*) FROM event") != t.ok)
		return 13; /* acknowledged = stored, to the row */
	setrlimit(RLIMIT_FSIZE, &wide);
	t.failed = 0;
	add_big(st, 10, 8192, &seq,
		&t); /* the disk has room again: goes on by itself */
	if (t.failed || t.other || store_failed(st, NULL))
		return 14;
	if (ask(st, "SELECT count(*) FROM event") != t.ok ||
	    ask(st, "SELECT max(pos) FROM event") != t.ok)
		return 15; /* and no position was used up by what failed */
	store_close(st);
	if (try_open(&st, dir, &e) || ask(st, "SELECT count(*) FROM event") != t.ok)
		return 16;
	store_close(st);
	return 0;
}

TEST(store_full_disk_fails_cleanly_and_recovers)
{
	int status = -1;
	pid_t pid = fork();

	if (pid == 0)
		_exit(full_disk(t_tmpdir()));
	waitpid(pid, &status, 0);
	CHECK(WIFEXITED(status));
	EQ(WEXITSTATUS(status), 0);
}

/* ---- one process per folder ---- */

TEST(store_refuses_a_second_process_and_names_the_first)
{
	struct store *st = NULL, *two = NULL;
	char mine[32];
	struct err e;
	int status;
	pid_t pid;

	OK(try_open(&st, t_tmpdir(), &e));
	snprintf(mine, sizeof(mine), "process %ld;", (long)getpid());
	EQ(try_open(&two, t_tmpdir(), &e), ERR_BUSY);
	HAS(sv_of(e.msg), "is in use by process");
	CHECK(sv_find(sv_of(e.msg), sv_of(mine)) >= 0);
	pid = fork();
	if (pid == 0)
		_exit(try_open(&two, t_tmpdir(), &e) == ERR_BUSY &&
				      sv_find(sv_of(e.msg), sv_of(mine)) >= 0 ?
			      0 :
			      1);
	waitpid(pid, &status, 0);
	EQ(status, 0);
	CHECK(two == NULL);
	store_close(st);
	OK(try_open(&st, t_tmpdir(), &e));
	store_close(st);
}

TEST(store_files_are_private)
{
	char dir[300], path[320];
	struct store *st = NULL;
	struct stat sb;
	struct err e;
	mode_t old = umask(0);

	snprintf(dir, sizeof(dir), "%s/a/b", t_tmpdir());
	OK(try_open(&st, dir, &e));
	umask(old);
	OK(store_exec(st->db, "INSERT INTO kv VALUES ('k','v',1)"));
	CHECK(stat(dir, &sb) == 0 && (sb.st_mode & 0777) == 0700);
	for (int i = 0; i < 4; i++) {
		static const char *const f[] = { "callm.db", "callm.db-wal",
						 "callm.db-shm", "callm.lock" };

		snprintf(path, sizeof(path), "%s/%s", dir, f[i]);
		CHECK(stat(path, &sb) == 0);
		EQ(sb.st_mode & 0777, 0600);
	}
	STR_EQ(store_path(st), st->name);
	store_close(st);
}

TEST(store_open_tells_what_is_wrong_with_the_folder)
{
	char path[300];
	struct store *st = NULL;
	struct err e;

	snprintf(path, sizeof(path), "%s/file", t_tmpdir());
	OK(file_write(path, SV("x"), NULL));
	CHECK(try_open(&st, path, &e) < 0);
	HAS(sv_of(e.msg), "file");
	snprintf(path, sizeof(path), "%s/link", t_tmpdir());
	CHECK(mkdir(path, 0700) == 0);
	snprintf(path, sizeof(path), "%s/link/callm.db", t_tmpdir());
	CHECK(symlink("/etc/hostname", path) == 0); /* a planted link is not followed */
	snprintf(path, sizeof(path), "%s/link", t_tmpdir());
	CHECK(try_open(&st, path, &e) < 0);
	HAS(sv_of(e.msg), "callm.db");
	CHECK(st == NULL);
}

TEST(store_creation_starts_over_after_a_crash)
{
	static const char *const left[] = { "callm.db.new", "callm.db.new-wal",
					    "callm.db.new-journal" };
	char path[300];
	struct store *st = NULL;
	struct err e;

	for (int i = 0; i < 3; i++) {
		snprintf(path, sizeof(path), "%s/%s", t_tmpdir(), left[i]);
		OK(file_write(path, SV("half a database"), NULL));
	}
	snprintf(path, sizeof(path), "%s/callm.db", t_tmpdir());
	OK(file_write(path, SV_NULL, NULL)); /* empty is as good as none */
	OK(try_open(&st, t_tmpdir(), &e));
	EQ(ask(st, "SELECT count(*) FROM event"), 0);
	store_close(st);
	for (int i = 0; i < 3; i++) {
		snprintf(path, sizeof(path), "%s/%s", t_tmpdir(), left[i]);
		CHECK(!file_exists(path));
	}
}

/* In a child: dies in the middle of a transaction that has already reached the file. */
static void die_in_transaction(const char *path)
{
	struct store_db *db;
	int rc = store_db_open(&db, path, SQLITE_OPEN_READWRITE, NULL);

	if (!rc)
		rc = store_exec(db, "PRAGMA journal_mode=DELETE; PRAGMA cache_size=2; "
				    "PRAGMA cache_spill=1;"
				    "BEGIN; UPDATE event SET actor='half'; DELETE FROM "
				    "event WHERE pos>5");
	_exit(rc ? 1 : 0);
}

TEST(store_takes_back_a_transaction_cut_off_elsewhere)
{
	struct tally t = { 0 };
	struct store *st = NULL;
	struct err e;
	char path[300];
	int64_t seq = 0;
	int status;
	pid_t pid;

	OK(try_open(&st, t_tmpdir(), &e));
	add_big(st, 50, 8192, &seq, &t);
	store_close(st);
	snprintf(path, sizeof(path), "%s/callm.db", t_tmpdir());
	pid = fork();
	if (pid == 0)
		die_in_transaction(path);
	waitpid(pid, &status, 0);
	EQ(status, 0);
	snprintf(path, sizeof(path), "%s/callm.db-journal", t_tmpdir());
	CHECK(file_exists(path));
	OK(try_open(&st, t_tmpdir(), &e));
	EQ(ask(st, "SELECT count(*) FROM event WHERE actor=''"), 50);
	store_close(st);
}

/* ---- damage ---- */

static bool same_file(const char *path, sv want)
{
	struct sb b;
	bool same;

	sb_init(&b, 64 << 20);
	same = file_read(path, 64 << 20, &b, NULL) == 0 && sv_eq(sb_sv(&b), want);
	sb_done(&b);
	return same;
}

static int fill(const char *dir)
{
	struct tally t = { 0 };
	struct store *st = NULL;
	struct err e;
	int64_t seq = 0;
	int rc = try_open(&st, dir, &e);

	if (rc)
		return rc;
	add_big(st, 50, 8192, &seq, &t);
	store_close(st);
	return t.ok == 50 ? 0 : ERR_FAIL;
}

/* Opens a folder whose database is `data`: must fail with ERR_CORRUPT, say so, and
 * change nothing. */
static bool refuses(const char *dir, const char *path, sv data)
{
	struct store *st = NULL;
	struct err e;
	int rc;

	if (file_write(path, data, NULL))
		return false;
	rc = try_open(&st, dir, &e);
	if (rc != ERR_CORRUPT)
		printf("# got %s: %s\n", err_name(rc), e.msg);
	store_close(st);
	return rc == ERR_CORRUPT &&
	       sv_find(sv_of(e.msg), SV("it was not changed")) >= 0 &&
	       sv_find(sv_of(e.msg), sv_of(path)) >= 0 && same_file(path, data);
}

TEST(store_leaves_a_damaged_file_untouched)
{
	const char *dir = t_tmpdir();
	char path[300], *copy;
	struct sb b;
	size_t n;

	snprintf(path, sizeof(path), "%s/callm.db", dir);
	CHECK(refuses(dir, path,
		      SV("this is not a database, it is a shopping list; it goes on "
			 "for a while")));
	CHECK(unlink(path) == 0);
	OK(fill(dir));
	sb_init(&b, 64 << 20);
	OK(file_read(path, 64 << 20, &b, NULL));
	n = b.n;
	copy = xalloc(n);
	memcpy(copy, b.p, n);
	for (size_t i = 4096; i < n; i += 8192)
		memset(copy + i, 0x5a, 64); /* every other page lost its head */
	CHECK(refuses(dir, path, sv_n(copy, n)));
	memcpy(copy, b.p, n);
	CHECK(refuses(dir, path,
		      sv_n(copy, n / 2 / 4096 * 4096))); /* cut in the middle */
	memset(copy + (n / 4096 - 2) * 4096, 0x5a,
	       64); /* one page of rows, none of the schema */
	CHECK(refuses(dir, path, sv_n(copy, n)));
	memcpy(copy, b.p, n);
	memset(copy, 0, 100);
	CHECK(refuses(dir, path, sv_n(copy, n)));
	sb_done(&b);
	xfree(copy);
}

TEST(store_refuses_the_database_of_another_program)
{
	const char *dir = t_tmpdir();
	char path[300];
	struct store_db *db = NULL;
	struct sb b;

	snprintf(path, sizeof(path), "%s/callm.db", dir);
	OK(store_db_open(&db, path, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, NULL));
	OK(store_exec(db, "CREATE TABLE recipes (id INTEGER)"));
	store_db_close(db);
	sb_init(&b, 1 << 20);
	OK(file_read(path, 1 << 20, &b, NULL));
	CHECK(refuses(dir, path, sb_sv(&b)));
	sb_done(&b);
}

TEST(store_refuses_a_file_that_carries_code)
{
	static const char *const code[] = {
		"CREATE TRIGGER t AFTER INSERT ON event BEGIN DELETE FROM kv; END",
		"CREATE VIEW v AS SELECT * FROM users",
	};
	const char *dir = t_tmpdir();
	struct store_db *db = NULL;
	char path[300];
	struct sb b;

	snprintf(path, sizeof(path), "%s/callm.db", dir);
	for (int i = 0; i < 2; i++) {
		unlink(path);
		OK(fill(dir));
		OK(store_db_open(&db, path, SQLITE_OPEN_READWRITE, NULL));
		OK(store_exec(db, code[i]));
		store_db_close(db);
		sb_init(&b, 16 << 20);
		OK(file_read(path, 16 << 20, &b, NULL));
		CHECK(refuses(dir, path, sb_sv(&b)));
		sb_done(&b);
	}
}
