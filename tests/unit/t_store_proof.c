/* t_store_proof.c: the hash chain finds what was done to the river; backups are whole.
 */
#include "t.h"
#include "store_int.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static struct store *river(const char *dir, int rows)
{
	struct store_opts o = { .dir = dir };
	struct store_event ev = { .kind = SV("turn.customer"),
				  .actor = SV("customer"),
				  .customer = SV("cu"),
				  .body = SV("{\"text\":\"find-me 退货\"}") };
	struct store *st = NULL;
	struct err e;

	if (store_open(&st, &o, &e)) {
		printf("# %s\n", e.msg);
		return NULL;
	}
	for (int i = 1; i <= rows; i++) {
		ev.seq = i;
		ev.conversation = i % 7 ? SV("c") : SV_NULL;
		while (store_append(st, &ev, NULL, NULL, NULL) == ERR_FULL)
			store_flush(st);
	}
	store_flush(st);
	return st;
}

/* Meddle with the closed file, open it again, and see which row is named; 0 = none. */
static int64_t meddled(const char *sql)
{
	struct store_verdict v = { .bad_pos = -1 };
	struct store *st = river(t_tmpdir(), 0);
	struct store_db *db = NULL;
	char path[300];
	int rc;

	snprintf(path, sizeof(path), "%s", st ? store_path(st) : "");
	store_close(st);
	if (store_db_open(&db, path, SQLITE_OPEN_READWRITE, NULL))
		return -2;
	rc = store_exec(db, "CREATE TABLE safe AS SELECT * FROM event");
	if (!rc)
		rc = store_exec(db, sql);
	if (rc)
		printf("# %s\n", store_error(db));
	store_db_close(db);
	st = rc ? NULL : river(t_tmpdir(), 0);
	if (!st)
		return -3;
	rc = store_verify(st, &v);
	store_close(st);
	if (rc != (v.bad_pos ? ERR_CORRUPT : 0))
		return -4;
	if (store_db_open(&db, path, SQLITE_OPEN_READWRITE, NULL))
		return -5;
	rc = store_exec(db, "DELETE FROM event; INSERT INTO event SELECT * FROM safe; "
			    "DROP TABLE safe");
	store_db_close(db);
	return rc ? -6 : v.bad_pos;
}

TEST(store_chain_names_the_first_bad_row)
{
	static const char *const cols[] = { "id='x'",
					    "ts_ms=ts_ms+1",
					    "conversation='d'",
					    "conversation=NULL",
					    "customer=''",
					    "seq=900",
					    "turn=turn+1",
					    "kind='turn.bot'",
					    "actor=''",
					    "body=replace(body,'me','you')",
					    "chain=zeroblob(32)",
					    "chain=NULL" };
	struct store *st = river(t_tmpdir(), 100);
	char sql[200];

	CHECK(st);
	store_close(st);
	EQ(meddled("SELECT 1"), 0);
	for (size_t i = 0; i < sizeof(cols) / sizeof(cols[0]); i++) {
		snprintf(sql, sizeof(sql), "UPDATE event SET %s WHERE pos=37", cols[i]);
		EQ(meddled(sql), 37);
	}
	EQ(meddled("DELETE FROM event WHERE pos=12"), 12);
	EQ(meddled("DELETE FROM event WHERE pos=1"), 1);
	EQ(meddled("UPDATE event SET pos=1000 WHERE pos=50; UPDATE event SET pos=50 "
		   "WHERE pos=51;"
		   "UPDATE event SET pos=51 WHERE pos=1000"),
	   50);
	EQ(meddled("INSERT INTO event (pos,id,ts_ms,kind,body) VALUES "
		   "(101,'y',1,'k','{}')"),
	   101);
	EQ(meddled("DELETE FROM event WHERE pos>90"),
	   0); /* a cut tail: only the head kept elsewhere tells */
	EQ(meddled("SELECT 1"), 0);
}

TEST(store_chain_goes_on_after_a_restart_and_a_rollback)
{
	struct store *st = river(t_tmpdir(), 50);
	struct store_verdict v, w;
	struct store_event ev = { .conversation = SV("c"),
				  .seq = 1,
				  .kind = SV("again") };

	CHECK(st);
	OK(store_verify(st, &v));
	EQ(v.rows, 50);
	OK(store_append(st, &ev, NULL, NULL, NULL)); /* refused: (c, 1) is there */
	ev.seq = 51;
	OK(store_append(st, &ev, NULL, NULL, NULL));
	OK(store_flush(st));
	store_close(st);
	st = river(t_tmpdir(), 0);
	ev.seq = 52;
	OK(store_append(st, &ev, NULL, NULL, NULL));
	OK(store_flush(st));
	OK(store_verify(st, &w));
	EQ(w.rows, 52);
	EQ(w.bad_pos, 0);
	CHECK(memcmp(v.head, w.head, 32) != 0);
	store_close(st);
}

/* One bit of the file flipped inside a row's text: SQLite itself does not notice. */
TEST(store_chain_finds_flipped_bits_in_rows)
{
	struct store *st = river(t_tmpdir(), 200);
	char path[300];
	struct sb b;
	int flips = 0, found = 0;

	CHECK(st);
	snprintf(path, sizeof(path), "%s", store_path(st));
	store_close(st);
	sb_init(&b, 16 << 20);
	OK(file_read(path, 16 << 20, &b, NULL));
	for (size_t at = 0; flips < 60 && at + 8 < b.n; at++) {
		struct store_verdict v = { 0 };
		size_t bit = (size_t)rng_below(t_rng(), 7 * 5);

		if (memcmp(b.p + at, "find-me", 7) != 0)
			continue;
		b.p[at + bit % 7] ^= (char)(1 << bit / 7);
		OK(file_write(path, sb_sv(&b), NULL));
		b.p[at + bit % 7] ^= (char)(1 << bit / 7);
		st = river(t_tmpdir(), 0);
		CHECK(st);
		flips++;
		found += store_verify(st, &v) == ERR_CORRUPT && v.bad_pos > 0;
		store_close(st);
		at += (size_t)rng_below(t_rng(), 400);
	}
	CHECK(flips >= 30);
	EQ(found, flips);
	sb_done(&b);
}

TEST(store_chain_verifies_quickly)
{
	struct store *st = river("", 50000);
	struct store_verdict v;
	int64_t t0 = clk_mono_us(), us;

	CHECK(st);
	OK(store_verify(st, &v));
	us = clk_mono_us() - t0;
	printf("# %lld rows verified in %lld ms: %lld rows/s\n", (long long)v.rows,
	       (long long)us / 1000, (long long)(v.rows * 1000000 / us));
	EQ(v.rows, 50000);
	store_close(st);
}

TEST(store_backup_is_whole_while_writing_goes_on)
{
	struct store *st = river(t_tmpdir(), 500), *copy;
	struct store_event ev = { .conversation = SV("w"), .kind = SV("k") };
	struct store_verdict v;
	char path[300], dir[300];
	struct stat sb;
	struct err e = { 0 };

	CHECK(st);
	for (ev.seq = 1; ev.seq <= 2000; ev.seq++) /* waiting while the copy is made */
		OK(store_append(st, &ev, NULL, NULL, NULL));
	snprintf(dir, sizeof(dir), "%s/copy", t_tmpdir());
	snprintf(path, sizeof(path), "%s/copy/callm.db", t_tmpdir());
	OK(file_mkdirs(dir, NULL));
	OK(store_backup(st, path, &e));
	EQ(store_backup(st, path, &e), ERR_EXISTS);
	HAS(sv_of(e.msg), "exists already");
	CHECK(stat(path, &sb) == 0);
	EQ(sb.st_mode & 0777, 0600);
	OK(store_flush(st));
	OK(store_verify(st, &v));
	EQ(v.rows, 2500);
	store_close(st);
	copy = river(dir, 0);
	CHECK(copy);
	OK(store_verify(copy, &v));
	CHECK(v.rows >= 500 && v.rows <= 2500);
	store_close(copy);
	snprintf(path, sizeof(path), "%s/copy/callm.db.part", t_tmpdir());
	CHECK(!file_exists(path));
}

TEST(store_backup_fails_cleanly)
{
	struct store *st = river("", 10);
	char path[300];
	struct err e = { 0 };

	CHECK(st);
	snprintf(path, sizeof(path), "%s/no/such/folder/b.db", t_tmpdir());
	CHECK(store_backup(st, path, &e) < 0);
	HAS(sv_of(e.msg), "/no/such/folder/b.db.part");
	snprintf(path, sizeof(path), "%s/b.db", t_tmpdir());
	OK(store_backup(st, path, &e)); /* of a memory database too */
	CHECK(file_exists(path));
	store_close(st);
}
