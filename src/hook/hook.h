/* hook.h: events of the river to other systems by HTTP, signed, at least once; and a record of
 * each ended interaction (docs/hook.md).
 *
 *	struct hook *h;
 *	hook_open(&h, &(struct hook_opts){ .store = st, .key = key }, &e);
 *	store_write(st, ...)  with hook_make, hook_change, hook_test ... on the scribe
 *	hook_close(h);
 *
 * The river is the outbox: what was acknowledged lies there, and each webhook has a position in
 * it. A thread of its own reads on, writes down what is due for whom, sends it, writes down how
 * it went. After a crash it goes on from there: what was under way is sent again with the same
 * webhook-id.
 */
#ifndef CALLM_HOOK_H
#define CALLM_HOOK_H

#include "base.h"
#include "store.h"

#define HOOK_SECRET 80               /* "whsec_..." with its NUL */
#define HOOK_SIGN 64                 /* "v1,..." with its NUL */
#define HOOK_MAX 100                 /* webhooks */

struct hook;
struct hook_opts {
	struct store *store;
	const unsigned char *key;    /* GUARD_KEY bytes, seals the secrets; copied */
	const unsigned char *pii_key; /* opens masks, outlives the hook; NULL = masks stay */
	/* also to this machine and private networks, also http://. */
	bool allow_private;
	const char *ca_file;         /* PEM; NULL = the system's */
	/* of the waits between tries; 0 = 1000 (tests make it short). */
	int second_ms;
	/* A webhook was put out of use; json as of an alert. On the hook's thread. May be NULL. */
	void (*alert)(void *arg, sv json);
	void *arg;
};
/* Starts the thread. 0, ERR_FAIL. */
int hook_open(struct hook **ret, const struct hook_opts *o, struct err *e);
/* Ends the thread; what is under way is sent again by the next one. Before store_close. */
void hook_stop(struct hook *h);
void hook_close(struct hook *h);     /* after store_close; stops if need be; accepts NULL */

/* ---- webhooks: all on the scribe's thread, within one write ---- */

struct hook_edit {
	char id[27];                 /* of a new one: given by hook_make */
	sv url, events, note;        /* SV_NULL: as it is. events: kinds, blanks between */
	int active, unmasked;        /* -1: as it is */
	bool may_unmask;             /* whoever asks may see all of a person */
	int64_t version;             /* asked for; 0 = any */
	bool new_secret;
	sv by;                       /* login */
	/* The secret, when it is new: shown once. */
	char secret[HOOK_SECRET];
};
/* Why it cannot be; NULL = it can. Any thread. */
const char *hook_bad(const struct hook_edit *x, bool allow_private);
/* The version it has then, ERR_FULL (HOOK_MAX), ERR_NOTFOUND, ERR_STATE (another version),
 * ERR_DENIED: what goes out unmasked, and where to, is said by who may_unmask. */
int64_t hook_make(struct store_db *db, const unsigned char *key, struct hook_edit *x);
int64_t hook_change(struct store_db *db, const unsigned char *key, struct hook_edit *x);
int hook_delete(struct store_db *db, sv id, sv by);
/* An event webhook.test for this one alone; out: its id. */
int hook_test(struct store_db *db, sv id, char out[27]);
/* A delivery that was sent or given up: once more, now. ERR_NOTFOUND, ERR_STATE (it waits
 * already). */
int hook_again(struct store_db *db, sv id, sv delivery);

/* ---- reading: any thread, its own connection ---- */

/* {"items":[..],"next":null}; one: the object, ret_version its version, ERR_NOTFOUND. Secrets are
 * never in it. */
int hook_list(struct store_db *db, struct sb *out);
int hook_one(struct store_db *db, sv id, struct sb *out, int64_t *ret_version);
/* Newest first; state empty = all; cursor: the next of an earlier answer, empty = from the newest.
 * ERR_INVAL: no such cursor. */
int hook_deliveries(struct store_db *db, sv id, sv state, sv cursor, int limit, struct sb *out);
/* Standard Webhooks: "v1," and base64 of HMAC-SHA256(secret, "id.seconds.body"). secret as shown.
 * ERR_INVAL. */
int hook_sign(sv secret, sv id, int64_t seconds, sv body, char out[HOOK_SIGN]);

/* Is kind one of these? "handover.*" is all of them, "*" is everything. */
bool hook_wants(sv events, sv kind);

/* Records of ended interactions, oldest first: each as its JSON; what came later (csat) is put in.
 * fn: non-zero ends. */
struct hook_cdr_query {
	int64_t from, to;            /* ms, of the end */
	/* conversation of the last one seen; with after_ms its end. */
	sv after;
	int64_t after_ms;
	int limit;
};
int hook_cdrs(struct store_db *db, const struct hook_cdr_query *c,
	      int (*fn)(void *arg, int64_t ended_ms, sv conversation, jv *record), void *arg);

#endif
