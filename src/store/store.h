/* store.h: the database behind one door: migrations, one writing thread (the scribe)
 * with group commit, readers on worker threads, and the river of events.
 *
 *	store_open(&st, &opts, &e);
 *	store_append(st, &ev, shard_box, on_durable, me);
 *	store_read(st, pool, my_box, query_fn, job, done_fn);
 *	store_close(st);
 *
 * on_durable(me, 0) comes after the fsync of the row's group: SQLite with a write-ahead
 * log and synchronous=FULL. SQL is written for SQLite and PostgreSQL alike: parameters
 * ?1 ?2, INTEGER = 64 bit, no rowid.
 */
#ifndef CALLM_STORE_H
#define CALLM_STORE_H

#include "base.h"

#define STORE_QUEUE_ROWS 65536        /* jobs waiting for the scribe */
#define STORE_QUEUE_BYTES (64u << 20) /* and their bytes */
#define STORE_READERS 256             /* threads with a reading connection */

struct store;
struct store_db; /* one connection; one thread at a time */
struct store_stmt;

struct store_opts {
	const char *dir;   /* data folder; "" = in memory (tests) */
	int group_ms;      /* longest wait of a group; 0 = 5; negative = no wait */
	/* beside a server in the same folder: reads only, writes give ERR_DENIED. */
	bool readonly;
	size_t group_rows; /* a group goes when this many wait; 0 = 512 */
};
/* Creates the folder (0700) and callm.db (0600), migrates, starts the scribe. e says
 * what to mend: ERR_BUSY another process (its id) has the folder, ERR_VERSION written
 * by a newer version, ERR_CORRUPT damaged or not ours (nothing was changed), ERR_IO.
 * *ret only on success. */
int store_open(struct store **ret, const struct store_opts *o, struct err *e);
/* Writes what waits, waits for running reads, closes every connection. Accepts NULL.
 * Results still in a mailbox stay valid: drain reply boxes after it (or after
 * store_flush) and before freeing them. */
void store_close(struct store *st);
/* True while the last group failed (disk full ...); e says why. */
bool store_failed(const struct store *st, struct err *e);
/* The database file; "" in memory. */
const char *store_path(const struct store *st);

/* ---- writing: thread-safe, handed to the scribe ---- */

/* One row of the river: event(seq, id, ts, customer, conversation, turn, kind, actor,
 * body). */
struct store_event {
	char id[27];               /* ULID; filled by store_append when empty */
	int64_t ts_ms;             /* wall clock; 0 = now */
	sv conversation, customer; /* either may be empty */
	int64_t seq; /* number within the conversation, given by its shard, from 1 */
	int32_t turn;
	sv kind, actor; /* "turn.customer", "customer" */
	sv body;        /* JSON object text; empty = {} */
};
typedef void store_done_fn(void *arg, int err);
/* Copies the event. done(arg, err) is posted to reply after the commit (0) or its
 * failure; with a NULL reply done runs on the scribe's thread; done may be NULL too.
 * ERR_FULL when the scribe's queue is full, ERR_CLOSED, ERR_INVAL (no kind), ERR_UTF8,
 * ERR_TOOBIG: then done is not called. done gets ERR_EXISTS when (conversation, seq) is
 * there already: that row alone is refused. */
int store_append(struct store *st, const struct store_event *ev, struct mbox *reply,
		 store_done_fn *done, void *arg);
/* A write of several statements in one savepoint: fn runs on the scribe's thread
 * with the writing connection; non-zero rolls it back alone, the rest of the group
 * stays, and done gets that code. BEGIN, COMMIT, SAVEPOINT, ATTACH are refused
 * inside. fn runs at most once: not at all when its group failed before its turn, so
 * free arg in done. */
typedef int store_write_fn(void *arg, struct store_db *db);
int store_write(struct store *st, store_write_fn *fn, void *arg, struct mbox *reply,
		store_done_fn *done);
/* The same, and waits until it is durable; not on a loop. 0, what fn gave back, the code of its
 * group, or ERR_STATE on the scribe: whatever became of others' writes. */
int store_write_now(struct store *st, store_write_fn *fn, void *arg);
/* Inside a write function: appends an event in the same savepoint (same errors as
 * above). */
int store_event_put(struct store_db *db, const struct store_event *ev);
/* Inside a write function: the position of the event put last; 0 elsewhere. */
int64_t store_event_pos(const struct store_db *db);
/* Inside a write function: fn in a savepoint of its own within it. Non-zero from fn takes back what
 * it did, events too, and comes out. Statements in use are handed back. ERR_STATE elsewhere. */
int store_try(struct store_db *db, store_write_fn *fn, void *arg);
/* Waits until all handed in so far is durable and its results are posted; not on a
 * loop. 0, the code of a group that failed meanwhile, or ERR_STATE on the scribe. */
int store_flush(struct store *st);

/* ---- reading: fn runs on a worker with a read-only connection of that thread ---- */
typedef void store_read_fn(void *arg, struct store_db *db);
/* fn(arg, db) on a worker, then done(arg) on reply's owner (NULL reply: on the
 * worker; NULL done: nothing). Statements fn left in use are handed back. If no
 * connection could be opened, or the store was closed meanwhile, every call on db
 * fails and store_error tells why. 0, ERR_FULL, ERR_CLOSED. */
int store_read(struct store *st, struct pool *p, struct mbox *reply, store_read_fn *fn,
	       void *arg, mbox_fn *done);
/* The calling thread's own read-only connection (opened at first use, closed with the
 * thread or the store). Reset statements soon: an open one holds the log back. ERR_FULL
 * beyond STORE_READERS. */
int store_reader(struct store *st, struct store_db **ret);

/* ---- proof ---- */

/* Every row of the river holds a hash over itself and the row before. */
struct store_verdict {
	int64_t rows;     /* good ones, from the first */
	int64_t bad_pos;  /* the first changed, missing or added row; 0 = none */
	uint8_t head[32]; /* of the last good row: a copy elsewhere tells a cut tail */
};
/* Reads the whole river on the calling thread's connection (a million rows: seconds;
 * not on a loop). 0, ERR_CORRUPT with bad_pos, or a database error. */
int store_verify(struct store *st, struct store_verdict *v);
/* A consistent copy of everything into a new file (0600), while writing goes on; not
 * on a loop. The copy is made beside and renamed: whole or not there. ERR_EXISTS
 * when path exists. To restore: put it as callm.db into an empty folder. */
int store_backup(struct store *st, const char *path, struct err *e);

/* ---- statements ---- */

/* Lends a prepared statement (cached per connection) until store_reset. ERR_INVAL for
 * none or several statements. */
int store_prep(struct store_db *db, struct store_stmt **ret, const char *sql);
/* i from 1; a NULL pointer binds NULL; copied. A mistake comes out of store_step. */
void store_bind_sv(struct store_stmt *q, int i, sv s);
void store_bind_int(struct store_stmt *q, int i, int64_t v);
void store_bind_num(struct store_stmt *q, int i, double v);
void store_bind_blob(struct store_stmt *q, int i, const void *p, size_t n);
/* 1 = a row, 0 = done, negative = error. */
int store_step(struct store_stmt *q);
/* i from 0; views (text or blob) are valid until the next step or reset. */
int64_t store_col_int(struct store_stmt *q, int i);
double store_col_num(struct store_stmt *q, int i);
sv store_col_sv(struct store_stmt *q, int i);
bool store_col_null(struct store_stmt *q, int i);
/* Hands the statement back; accepts NULL. */
void store_reset(struct store_stmt *q);
/* Steps once and resets: for statements without rows. 0 or negative. */
int store_run(struct store_stmt *q);
/* A statement without rows, and the first number that a query tells; ?1 is text, nothing is
 * bound where text is SV_NULL. 0 or negative; store_one_int without a row: ERR_NOTFOUND, *ret
 * as it was. */
int store_run_sv(struct store_db *db, const char *sql, sv text);
int store_one_int(struct store_db *db, const char *sql, sv text, int64_t *ret);
/* Rows touched by the last INSERT, UPDATE or DELETE. */
int64_t store_changes(struct store_db *db);
/* Several statements, no result. */
int store_exec(struct store_db *db, const char *sql);
/* Why the last call failed; never NULL. */
const char *store_error(struct store_db *db);

/* ---- free-standing images: immutable, in memory, shared without copying ---- */

/* A tokenizer for full text: calls emit for each token (bytes, offsets into the
 * text) and stops when emit returns non-zero, returning that. for_query: 0 a
 * document, else STORE_QUERY, and with STORE_QUERY_PREFIX the last token is a
 * prefix. flags: 0 or STORE_TOKEN_COLOCATED (a synonym at the place of the token
 * before). */
enum { STORE_QUERY = 1, STORE_QUERY_PREFIX = 2, STORE_TOKEN_COLOCATED = 1 };
typedef int store_token_fn(void *ctx, int flags, sv token, int start, int end);
typedef int store_tokenize_fn(sv text, int for_query, store_token_fn *emit, void *ctx);
/* Registered by name in every connection opened afterwards; call once at start-up,
 * before threads. The same pair again is fine; ERR_EXISTS, ERR_FULL (8), ERR_INVAL. */
int store_tokenizer(const char *name, store_tokenize_fn *fn);
/* Empty, writable, private. */
int store_mem_open(struct store_db **ret);
/* The whole database as bytes (free with xfree). */
int store_image_save(struct store_db *db, void **ret, size_t *ret_n);
/* Opens the bytes read-only without copying; they must outlive the connection. Each
 * thread opens its own. ERR_CORRUPT when they are no database. */
int store_image_open(struct store_db **ret, const void *bytes, size_t n);
/* A database file of somebody else's, to read only. ERR_NOTFOUND, ERR_CORRUPT, ERR_IO. */
int store_file_open(struct store_db **ret, const char *path, struct err *e);
/* Statements of this connection end with ERR_TIMEOUT after ms from now; 0 = no limit. */
void store_limit(struct store_db *db, int ms);
/* Does the statement only read, by the database's own judgement? */
bool store_reads_only(struct store_stmt *q);
size_t store_cols(struct store_stmt *q);
const char *store_col_name(struct store_stmt *q, int i);
enum store_type { STORE_NULL, STORE_INT, STORE_NUM, STORE_TEXT, STORE_BLOB };
enum store_type store_col_type(struct store_stmt *q, int i);
/* For mem, image and file connections; accepts NULL. */
void store_db_close(struct store_db *db);

#endif
