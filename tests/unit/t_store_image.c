/* t_store_image.c: statements, the tokenizer bridge, and images shared between threads.
 */
#include "t.h"
#include "store_int.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

/* Pairs of neighbouring CJK characters, words of the rest: small, but the real job. */
static int bigrams(sv text, int for_query, store_token_fn *emit, void *ctx)
{
	const char *start = text.p;
	sv rest = text, ahead;
	uint32_t r, next;
	int rc = 0;

	while (!rc && rest.n) {
		const char *at = rest.p, *end;

		r = sv_rune(&rest);
		if (sv_is_cjk(r)) {
			ahead = rest;
			next = ahead.n ? sv_rune(&ahead) : 0;
			end = sv_is_cjk(next) ? ahead.p : rest.p;
			if (end == rest.p && at > start && !for_query)
				continue; /* the last one is in a pair already */
			rc = emit(ctx, 0, sv_n(at, (size_t)(end - at)),
				  (int)(at - start), (int)(end - start));
			if (for_query && end == ahead.p &&
			    !(ahead.n && (sv_is_cjk(sv_rune(&ahead)))))
				break;
			continue;
		}
		if (r <= ' ')
			continue;
		end = rest.p;
		while (rest.n && *rest.p > ' ')
			sv_rune(&rest), end = rest.p;
		rc = emit(ctx, 0, sv_n(at, (size_t)(end - at)), (int)(at - start),
			  (int)(end - start));
	}
	return rc;
}

static int bad_tokens(sv text, int for_query, store_token_fn *emit, void *ctx)
{
	emit(ctx, 0, SV(""), 0, 0);
	emit(ctx, 0, SV("out"), 5, 1 << 20); /* beyond the text: must not reach FTS5 */
	emit(ctx, 0, SV("out"), -4, 2);
	return text.n > 3 && memcmp(text.p, "fail", 4) == 0 ? ERR_PARSE : 0;
}

static struct store_db *mem(void)
{
	struct store_db *db = NULL;

	if (store_tokenizer("t_bigram", bigrams) ||
	    store_tokenizer("t_bad", bad_tokens) || store_mem_open(&db))
		return NULL;
	return db;
}

static int64_t one(struct store_db *db, const char *sql)
{
	int64_t v = -1;

	return store_one_int(db, sql, SV_NULL, &v) ? -1 : v;
}

TEST(store_stmt_binds_and_reads_each_type)
{
	struct store_db *db = mem();
	struct store_stmt *q;
	sv s;

	CHECK(db);
	OK(store_exec(db, "CREATE TABLE t (a INTEGER, b REAL, c TEXT, d BLOB)"));
	OK(store_prep(db, &q, "INSERT INTO t VALUES (?1, ?2, ?3, ?4)"));
	store_bind_int(q, 1, INT64_MIN);
	store_bind_num(q, 2, 0.5);
	store_bind_sv(q, 3, sv_n("a\0b", 3));
	store_bind_blob(q, 4, "\xff\0\x01", 3);
	OK(store_run(q));
	EQ(store_changes(db), 1);
	OK(store_prep(db, &q, "SELECT a, b, c, d, NULL, '' FROM t"));
	EQ(store_step(q), 1);
	EQ(store_col_int(q, 0), INT64_MIN);
	NEAR(store_col_num(q, 1), 0.5, 0);
	s = store_col_sv(q, 2);
	CHECK(s.n == 3 && memcmp(s.p, "a\0b", 3) == 0);
	s = store_col_sv(q, 3);
	CHECK(s.n == 3 && memcmp(s.p, "\xff\0\x01", 3) == 0);
	CHECK(store_col_null(q, 4) && store_col_sv(q, 4).p == NULL);
	CHECK(!store_col_null(q, 5) && store_col_sv(q, 5).p != NULL &&
	      store_col_sv(q, 5).n == 0);
	EQ(store_step(q), 0);
	store_reset(q);
	store_db_close(db);
}

TEST(store_stmt_cache_lends_and_evicts)
{
	struct store_db *db = mem();
	struct store_stmt *a, *b, *c;
	char sql[64];

	CHECK(db);
	OK(store_prep(db, &a, "SELECT 1"));
	OK(store_prep(db, &b, "SELECT 1"));
	CHECK(a != b); /* both are in use */
	store_reset(a);
	OK(store_prep(db, &c, "SELECT 1"));
	CHECK(c == a);
	store_reset(c);
	for (int i = 0; i < 3 * STORE_STMTS; i++) {
		snprintf(sql, sizeof(sql), "SELECT %d", i);
		OK(store_prep(db, &a, sql));
		EQ(store_step(a), 1);
		EQ(store_col_int(a, 0), i);
		store_reset(a);
	}
	CHECK(db->stmts_n <= STORE_STMTS);
	EQ(store_step(b), 1); /* a lent one was never taken away */
	store_reset(b);
	store_db_close(db);
}

TEST(store_stmt_errors_have_codes)
{
	struct store_db *db = mem();
	struct store_stmt *q;

	CHECK(db);
	EQ(store_prep(db, &q, "SELEC 1"), ERR_DB);
	HAS(sv_of(store_error(db)), "syntax error");
	EQ(store_prep(db, &q, "SELECT 1; SELECT 2"), ERR_INVAL);
	EQ(store_prep(db, &q, ""), ERR_INVAL);
	OK(store_exec(db, "CREATE TABLE t (a INTEGER PRIMARY KEY, b TEXT NOT NULL)"));
	OK(store_prep(db, &q, "INSERT INTO t VALUES (?1, ?2)"));
	store_bind_int(q, 9, 1); /* no such parameter: the step tells */
	EQ(store_step(q), ERR_INVAL);
	store_reset(q);
	OK(store_exec(db, "INSERT INTO t VALUES (1, 'x')"));
	EQ(store_exec(db, "INSERT INTO t VALUES (1, 'y')"), ERR_EXISTS);
	EQ(store_exec(db, "INSERT INTO t VALUES (2, NULL)"), ERR_INVAL);
	store_db_close(db);
	store_db_close(NULL);
}

TEST(store_tokenizer_finds_two_character_words)
{
	struct store_db *db = mem();

	CHECK(db);
	OK(store_exec(db,
		      "CREATE VIRTUAL TABLE f USING fts5(body, tokenize='t_bigram')"));
	OK(store_exec(db, "INSERT INTO f VALUES ('我要退货，怎么办'), ('退货流程'), "
			  "('换货流程 refund'), "
			  "('货退')"));
	EQ(one(db, "SELECT count(*) FROM f WHERE f MATCH '退货'"), 2);
	EQ(one(db, "SELECT count(*) FROM f WHERE f MATCH '退货流程'"), 1);
	EQ(one(db, "SELECT count(*) FROM f WHERE f MATCH '流程'"), 2);
	EQ(one(db, "SELECT count(*) FROM f WHERE f MATCH '退款'"), 0);
	EQ(one(db, "SELECT count(*) FROM f WHERE f MATCH 'refund'"), 1);
	EQ(one(db, "SELECT rowid FROM f WHERE f MATCH '货退'"), 4);
	store_db_close(db);
}

TEST(store_tokenizer_survives_a_bad_one)
{
	struct store_db *db = mem();

	CHECK(db);
	OK(store_exec(db, "CREATE VIRTUAL TABLE f USING fts5(body, tokenize='t_bad')"));
	OK(store_exec(db, "INSERT INTO f VALUES ('some text')"));
	EQ(one(db, "SELECT count(*) FROM f WHERE f MATCH 'out'"), 0);
	CHECK(store_exec(db, "INSERT INTO f VALUES ('fail here')") < 0);
	EQ(one(db, "SELECT count(*) FROM f"), 1);
	CHECK(store_exec(db,
			 "CREATE VIRTUAL TABLE g USING fts5(body, tokenize='nobody')") <
	      0);
	store_db_close(db);
}

TEST(store_tokenizer_table_is_bounded)
{
	char name[16];
	int rc = 0;

	EQ(store_tokenizer("", bigrams), ERR_INVAL);
	EQ(store_tokenizer("a_name_that_is_longer_than_thirty_one", bigrams),
	   ERR_INVAL);
	EQ(store_tokenizer("t_none", NULL), ERR_INVAL);
	OK(store_tokenizer("t_bigram", bigrams));
	OK(store_tokenizer("t_bigram", bigrams));
	EQ(store_tokenizer("t_bigram", bad_tokens), ERR_EXISTS);
	for (int i = 0; i < 20 && !rc; i++) {
		snprintf(name, sizeof(name), "t_more%d", i);
		rc = store_tokenizer(name, bigrams);
	}
	EQ(rc, ERR_FULL);
}

struct share {
	const void *bytes;
	size_t n;
	int bad;
};

static void *share_read(void *arg)
{
	struct share *s = arg;
	struct store_db *db;

	for (int i = 0; i < 20; i++) {
		if (store_image_open(&db, s->bytes, s->n)) {
			s->bad++;
			continue;
		}
		s->bad += one(db, "SELECT count(*) FROM f WHERE f MATCH '退货'") != 500;
		s->bad += one(db, "SELECT sum(n) FROM t") != 999 * 1000 / 2;
		s->bad += store_exec(db, "INSERT INTO t VALUES (1)") == 0;
		s->bad += store_exec(db, "UPDATE t SET n=n+1 WHERE n<9") == 0;
		store_db_close(db);
	}
	return NULL;
}

TEST(store_image_is_shared_by_two_threads)
{
	struct store_db *db = mem();
	struct share a = { 0 }, b;
	pthread_t t[2];
	void *bytes, *before;
	size_t n;

	CHECK(db);
	OK(store_exec(db,
		      "CREATE VIRTUAL TABLE f USING fts5(body, tokenize='t_bigram');"
		      "CREATE TABLE t (n INTEGER);"
		      "WITH RECURSIVE c(i) AS (SELECT 0 UNION ALL SELECT i+1 FROM c "
		      "WHERE i<999) "
		      "INSERT INTO t SELECT i FROM c;"
		      "INSERT INTO f SELECT CASE n%2 WHEN 0 THEN '我要退货' ELSE "
		      "'发票' END FROM t"));
	OK(store_image_save(db, &bytes, &n));
	store_db_close(db);
	before = xalloc(n);
	memcpy(before, bytes, n);
	a.bytes = bytes;
	a.n = n;
	b = a;
	CHECK(pthread_create(&t[0], NULL, share_read, &a) == 0);
	CHECK(pthread_create(&t[1], NULL, share_read, &b) == 0);
	pthread_join(t[0], NULL);
	pthread_join(t[1], NULL);
	EQ(a.bad, 0);
	EQ(b.bad, 0);
	CHECK(memcmp(before, bytes, n) == 0); /* nobody wrote into it */
	xfree(before);
	xfree(bytes);
}

TEST(store_image_takes_no_copy)
{
	struct store_db *db = mem(), *img;
	sqlite3_int64 n;
	void *bytes;
	size_t len;

	CHECK(db);
	OK(store_exec(db, "CREATE TABLE t (b TEXT); INSERT INTO t VALUES "
			  "(hex(zeroblob(100000)))"));
	OK(store_image_save(db, &bytes, &len));
	OK(store_image_open(&img, bytes, len));
	CHECK((void *)sqlite3_serialize(img->db, "main", &n, SQLITE_SERIALIZE_NOCOPY) ==
	      bytes);
	EQ(one(img, "SELECT length(b) FROM t"), 200000);
	store_db_close(img);
	store_db_close(db);
	xfree(bytes);
}

TEST(store_image_refuses_rubbish)
{
	struct store_db *db = mem(), *img = NULL;
	void *bytes;
	size_t n;

	CHECK(db);
	EQ(store_image_open(&img, "", 0), ERR_CORRUPT);
	OK(store_exec(db, "CREATE TABLE t (a)"));
	OK(store_image_save(db, &bytes, &n));
	memset((char *)bytes + 16, 0xee, 100);
	CHECK(store_image_open(&img, bytes, n) < 0);
	memset(bytes, 0, n);
	EQ(store_image_open(&img, bytes, n), ERR_CORRUPT);
	CHECK(img == NULL);
	xfree(bytes);
	store_db_close(db);
}
