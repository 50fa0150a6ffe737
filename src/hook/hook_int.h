/* hook_int.h: what the files of the room share. */
#ifndef CALLM_HOOK_INT_H
#define CALLM_HOOK_INT_H

#include "fetch.h"
#include "guard.h"
#include "hook.h"

enum {
	HOOK_TICK_MS = 200,
	HOOK_FLIGHTS = 32,           /* under way at once */
	HOOK_FLIGHTS_EACH = 4,       /* to one webhook */
	HOOK_WAITING = 10000,        /* due for one webhook; beyond it the river keeps them */
	HOOK_STRETCH = 500,          /* rows of the river in one step */
	HOOK_IN_ORDER = 3,           /* tries for which later ones of a conversation wait */
	HOOK_ASKED_S = 3600,         /* the longest wait that a receiver can ask for */
};
#define HOOK_SECRET_BYTES 32
#define HOOK_DAY_MS INT64_C(86400000)
#define HOOK_FAILING_MS (3 * HOOK_DAY_MS)   /* nothing arrives: put out of use */
#define HOOK_SENT_MS (7 * HOOK_DAY_MS)      /* how long sent ones are shown, */
#define HOOK_DEAD_MS (30 * HOOK_DAY_MS)     /* and those given up */

/* One try under way, from the list until its outcome is on disk. Hook's thread; while it is
 * with the scribe only `out` is touched there. */
struct hook_flight {
	struct hook_flight *next;
	struct hook *h;
	struct fetch_req *req;       /* NULL: answered */
	char webhook[27], id[27], conversation[27], url[1024], headers[512];
	struct sb body;
	bool test;
	int tries;                   /* with this one */
	int64_t began_ms;
	int retry_after_s;
	struct hook_outcome {
		char webhook[27], id[27];
		int err, status, tries;
		bool ok, gone, test, disabled;
		int64_t now_ms, took_ms, next_ms;    /* next 0 = given up */
		char why[160];
	} out;
};

struct hook {
	struct hook_opts o;
	unsigned char key[GUARD_KEY];
	struct loop *loop;
	struct mbox *mbox;
	struct hook_thread *thread;
	struct fetch *fetch;
	struct rng rng;
	struct loop_timer timer;
	struct hook_flight *flights;
	int n_flights;
	char turn[27];               /* the webhook that was sent to last */
	int64_t ticks;
	bool scanning, recording;    /* with the scribe */
	bool stopped, ending;
	int64_t cdr_pos;             /* the river is looked at up to there; -1 = not read yet */
};

/* hook_scan.c: what of the river is due for whom. Hook's thread. */
void hook_scan(struct hook *h, struct store_db *db);
/* The conversation of a row of the river, empty when it has none; column i is conversation, the
 * next one body. */
void hook_conversation(struct store_stmt *q, int i, char out[27]);
/* hook_cdr.c */
void hook_record(struct hook *h, struct store_db *db);
/* hook_send.c */
void hook_send(struct hook *h, struct store_db *db);
void hook_send_stop(struct hook *h);
int64_t hook_wait_ms(const struct hook *h, int tries);      /* after so many; 0 = given up */
/* hook_body.c: the JSON of an event; pos of its row. pii_key NULL: masked. 0, ERR_NOTFOUND. */
int hook_body(struct store_db *db, int64_t pos, const unsigned char *pii_key, bool masked,
	      struct sb *out);
/* hook_sub.c: a number of one row; 0 when there is none. Any thread. */
int hook_number(struct store_db *db, const char *sql, int64_t *ret);
/* Context of the sealed secret. */
int hook_secret(const unsigned char *key, sv webhook, sv sealed, struct sb *out);
/* hook_list.c */
void hook_put(struct sb *b, const char *key, sv v);
void hook_put_ms(struct sb *b, const char *key, int64_t ms);

#endif
