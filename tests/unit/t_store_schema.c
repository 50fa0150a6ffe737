/* t_store_schema.c: migrations forward, refused downgrades, and a failure half-way. */
#include "t.h"
#include "store_int.h"

#include <stdio.h>
#include <stdlib.h>

static const struct store_migration steps[] = {
	{ 1, "0001_a.sql", "CREATE TABLE a (x INTEGER); INSERT INTO a VALUES (1);" },
	{ 2, "0002_b.sql", "ALTER TABLE a ADD COLUMN y TEXT; UPDATE a SET y='two';" },
	{ 3, "0003_c.sql", "CREATE TABLE c (x INTEGER);" },
};
static const struct store_migration broken[] = {
	{ 1, "0001_a.sql", "CREATE TABLE a (x INTEGER); INSERT INTO a VALUES (1);" },
	{ 2, "0002_bad.sql",
	  "CREATE TABLE half (x INTEGER); INSERT INTO nowhere VALUES (1);" },
};
static const struct store_migration edited[] = {
	{ 1, "0001_a.sql", "CREATE TABLE a (x INTEGER); INSERT INTO a VALUES (99);" },
};

static struct store_db *fresh(void)
{
	struct store_db *db = NULL;

	return store_mem_open(&db) ? NULL : db;
}

static int64_t one(struct store_db *db, const char *sql)
{
	int64_t v = -1;

	return store_one_int(db, sql, SV_NULL, &v) ? -1 : v;
}

TEST(store_migrates_forward_step_by_step)
{
	struct store_db *db = fresh();
	struct err e = { 0 };
	int64_t v = -1;

	CHECK(db);
	OK(store_schema_version(db, &v, &e));
	EQ(v, 0);
	for (size_t n = 1; n <= 3; n++) {
		OK(store_migrate(db, steps, n, &e));
		OK(store_schema_version(db, &v, &e));
		EQ(v, n);
		OK(store_migrate(db, steps, n, &e)); /* again changes nothing */
	}
	EQ(one(db, "SELECT count(*) FROM a WHERE y='two'"), 1);
	EQ(one(db, "SELECT count(*) FROM schema_version WHERE length(checksum)=16"), 3);
	store_db_close(db);
}

TEST(store_refuses_a_newer_database)
{
	struct store_db *db = fresh();
	struct err e = { 0 };
	int64_t v;

	CHECK(db);
	OK(store_migrate(db, steps, 3, &e));
	EQ(store_migrate(db, steps, 2, &e), ERR_VERSION);
	HAS(sv_of(e.msg), "schema version 3, this program knows up to 2");
	OK(store_schema_version(db, &v, NULL));
	EQ(v, 3);
	EQ(store_schema_check(db, steps, 1, NULL), ERR_VERSION);
	store_db_close(db);
}

TEST(store_refuses_an_edited_migration)
{
	struct store_db *db = fresh();
	struct err e = { 0 };

	CHECK(db);
	OK(store_migrate(db, steps, 1, &e));
	EQ(store_migrate(db, edited, 1, &e), ERR_VERSION);
	HAS(sv_of(e.msg), "0001_a.sql was changed");
	EQ(one(db, "SELECT x FROM a"), 1);
	store_db_close(db);
}

TEST(store_failed_migration_leaves_the_old_version)
{
	struct store_db *db = fresh();
	struct err e = { 0 };
	int64_t v;

	CHECK(db);
	CHECK(store_migrate(db, broken, 2, &e) < 0);
	HAS(sv_of(e.msg), "0002_bad.sql failed and was taken back");
	HAS(sv_of(e.msg), "nowhere");
	OK(store_schema_version(db, &v, NULL));
	EQ(v, 1);
	EQ(one(db, "SELECT count(*) FROM sqlite_master WHERE name='half'"), 0);
	OK(store_migrate(db, steps, 3, &e)); /* mended: goes on from there */
	store_db_close(db);
}

TEST(store_open_refuses_a_newer_file_and_leaves_it)
{
	struct store_opts o = { .dir = t_tmpdir() };
	struct store *st = NULL;
	struct store_db *db;
	struct sb a, b;
	struct err e = { 0 };
	char path[300];

	OK(store_open(&st, &o, &e));
	snprintf(path, sizeof(path), "%s", store_path(st));
	store_close(st);
	OK(store_db_open(&db, path, SQLITE_OPEN_READWRITE, &e));
	OK(store_exec(
		db,
		"INSERT INTO schema_version VALUES (99, '0099_future.sql', 'x', 1)"));
	store_db_close(db);
	sb_init(&a, 1 << 20);
	sb_init(&b, 1 << 20);
	OK(file_read(path, 1 << 20, &a, NULL));
	st = NULL;
	EQ(store_open(&st, &o, &e), ERR_VERSION);
	HAS(sv_of(e.msg), "schema version 99");
	CHECK(st == NULL);
	OK(file_read(path, 1 << 20, &b, NULL));
	CHECK(sv_eq(sb_sv(&a), sb_sv(&b)));
	sb_done(&a);
	sb_done(&b);
}

TEST(store_first_tables_are_there)
{
	static const char *const tables[] = { "event",   "conversation",
					      "users",   "customer",
					      "article", "article_version",
					      "product", "order_ref",
					      "kv",      "schema_version" };
	struct store_db *db = fresh();
	char sql[100];

	CHECK(db);
	OK(store_migrate(db, store_migrations, store_migrations_n, NULL));
	for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++) {
		snprintf(sql, sizeof(sql), "SELECT count(*) FROM %s", tables[i]);
		EQ(one(db, sql), i + 1 == sizeof(tables) / sizeof(tables[0]) ?
					 store_migrations_n :
					 0);
	}
	OK(store_exec(db, "INSERT INTO event (pos,id,ts_ms,conversation,seq,kind) "
			  "VALUES (1,'a',1,'c',1,'k')"));
	EQ(store_exec(db, "INSERT INTO event (pos,id,ts_ms,conversation,seq,kind) "
			  "VALUES (2,'b',1,'c',1,'k')"),
	   ERR_EXISTS);
	store_db_close(db);
}

TEST(store_migrations_are_numbered_and_plain)
{
	for (size_t i = 0; i < store_migrations_n; i++) {
		sv s = sv_of(store_migrations[i].sql);

		EQ(store_migrations[i].version, (int)i + 1);
		CHECK(s.n > 0 && sv_utf8_ok(s));
		/* what PostgreSQL would not take */
		CHECK(sv_find(s, SV("AUTOINCREMENT")) < 0 &&
		      sv_find(s, SV("WITHOUT ROWID")) < 0);
		CHECK(sv_find(s, SV("PRAGMA")) < 0 && sv_find(s, SV("VIRTUAL")) < 0);
	}
}
