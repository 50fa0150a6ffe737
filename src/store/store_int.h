/* store_int.h: what the files of the room share; no other room includes it. */
#ifndef CALLM_STORE_INT_H
#define CALLM_STORE_INT_H

#include <pthread.h>
#include <sqlite3.h>
#include "sha.h"
#include "store.h"

#define STORE_STMTS 128 /* prepared statements kept per connection */
#define STORE_BUSY_MS 5000
#define STORE_BOXES 32 /* reply boxes one group can serve without an early post */
/* Files up to this size are checked whole at start. */
#define STORE_CHECK_BYTES (64ll << 20)

struct store_stmt {
	struct store_db *db;
	sqlite3_stmt *q;
	char *sql;
	struct store_stmt *next;
	uint64_t used; /* tick of the last use: the oldest idle one is dropped */
	int err;       /* first failed bind */
	bool busy;     /* between store_prep and store_reset */
};

struct store_db {
	sqlite3 *db; /* NULL: a connection that could not be opened, see msg */
	struct store_stmt *stmts;
	size_t stmts_n;
	uint64_t tick;
	struct store_river *river; /* the scribe's connection only */
	bool guarded;              /* inside a write function: no transaction control */
	int64_t until_ms;          /* of store_limit; monotonic */
	char msg[256];
};

/* db.c */
int store_db_open(struct store_db **ret, const char *name, int flags, struct err *e);
void store_db_idle(struct store_db *db); /* hands back every statement still in use */
int store_err_of(int sqlite_rc);         /* extended result code -> ours */

/* fts.c */
int store_fts_register(sqlite3 *db);

/* migrate.c */
struct store_migration {
	int version;
	const char *name, *sql;
};
extern const struct store_migration store_migrations[]; /* generated from sql/ */
extern const size_t store_migrations_n;
/* Reads the version of a database without changing it. 0 = fresh and empty. */
int store_schema_version(struct store_db *db, int64_t *ret, struct err *e);
/* Refuses what the list cannot explain: a newer version, a changed migration, a
 * foreign database. */
int store_schema_check(struct store_db *db, const struct store_migration *m, size_t n,
		       struct err *e);
int store_migrate(struct store_db *db, const struct store_migration *m, size_t n,
		  struct err *e);

/* chain.c */
struct store_row { /* a row of the river as it is stored; a NULL pointer is NULL */
	int64_t pos, ts_ms, seq, turn;
	sv id, conversation, customer, kind, actor, body;
};
void store_chain_next(struct store_sha *h, const uint8_t prev[32],
		      const struct store_row *r, uint8_t out[32]);

/* river.c: the end of the river, to go on from; the scribe's thread only */
struct store_mark {
	int64_t pos; /* of the last row, 0 = none */
	uint8_t chain[32];
};
struct store_river {
	struct store_mark at;
	struct store_sha *sha;
	sqlite3_stmt *insert;
};
int store_river_open(struct store_river *r, struct store_db *db, struct err *e);
void store_river_close(struct store_river *r);
int store_event_check(const struct store_event *ev);

/* scribe.c */
struct store_job {
	struct store_job *next; /* in the queue, then in the list of its reply box */
	struct mbox *reply;
	store_done_fn *done;
	store_write_fn *write; /* NULL: an event */
	void *arg;
	int err;
	int64_t t_us;
	size_t bytes;
	struct store_event ev; /* views point into text */
	char text[];
};
struct store_ack { /* results on their way to one box */
	struct mbox *box;
	struct store_job *head, *tail;
};
struct store_scribe {
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t wake;    /* for the scribe */
	pthread_cond_t settled; /* for store_flush and store_close */
	bool started, closing;
	struct store_job *head, *tail;
	size_t rows, bytes, peak_bytes;
	int64_t handed, done; /* jobs handed in and settled, ever */
	int64_t failed_at;    /* value of done after the last failed group */
	int flushing;
	int failed; /* code of the last group */
	bool dead;  /* damaged database: nothing is acknowledged any more */
	char failed_msg[256];
	struct store_ack acks[STORE_BOXES]; /* the scribe's thread only */
};
int store_scribe_start(struct store *st, struct err *e);
void store_scribe_stop(struct store *st); /* writes what waits */

/* reader.c */
struct store_reader {
	struct store *st;
	struct store_reader *next;
	struct store_db *db;
};
int store_readers_init(struct store *st);
void store_readers_close(struct store *st);

struct store { /* an obj: reads in a pool's queue hold a reference */
	struct store_opts o;
	char *dir, *name; /* folder; file or memory name as SQLite opens it */
	int lock_fd;
	bool memory;
	struct store_db *db; /* the scribe's */
	struct store_river river;
	struct store_scribe s;
	pthread_mutex_t rlock; /* the readers */
	pthread_cond_t ridle;
	pthread_key_t rkey;
	struct store_reader *readers;
	size_t readers_n;
	int reading;
	bool closed, rkey_ok;
};

#endif
