/* cust_int.h: what the files of cust share. Keys, hashes and sealing; rows; groups. Whoever has the
 * database connection calls: the scribe to write, a worker to read. */
#ifndef CALLM_CUST_INT_H
#define CALLM_CUST_INT_H

#include "cust.h"

#define CUST_HASH 65                 /* hex of 32 bytes and a NUL */
#define CUST_IDENTS_MAX 32           /* of one customer */

struct cust_keys {                   /* an obj */
	unsigned char seal[32], hash[32];
};

/* ---- cust_keys.c ---- */
/* A keyed BLAKE2b over three texts; what keeps purposes apart ("ident", "word", ...). */
void cust_hash(const struct cust_keys *k, const char *what, sv a, sv b, char ret[CUST_HASH]);
/* In the same time whatever they hold; both of CUST_HASH. */
bool cust_hash_same(const char *a, const char *b);
/* guard_seal bound to a place: "kind/id". */
int cust_seal(const struct cust_keys *k, const char *kind, sv id, sv plain, struct sb *out);
/* Into the arena; ERR_DENIED when it does not open. */
int cust_unseal(const struct cust_keys *k, const char *kind, sv id, sv sealed, struct arena *a,
		sv *ret);

/* ---- cust_norm.c ---- */
/* Full width to ASCII, upper to lower case, blanks of all sorts to one; in the arena. */
sv cust_fold(sv s, struct arena *a);
/* The last four digits of text; false when it has fewer. */
bool cust_last4(sv text, char ret[5]);

/* cust_put.c: of a whole name, bound to its customer. */
void cust_name_hash(const struct cust_keys *k, sv id, sv name, char ret[CUST_HASH]);

/* ---- cust.c ---- */
bool cust_id_ok(sv id);
enum cust_kind cust_kind_of(sv name);        /* CUST_KINDS: there is none */
int cust_event(struct store_db *db, sv customer, const char *kind, sv by, sv body, int64_t now_ms);
/* As cust_ident_add, without its row of the river. */
int cust_ident_put(struct store_db *db, const struct cust_keys *k, sv id,
		   const struct cust_ident *i, int64_t now_ms, bool *ret_changed);
/* One more version: lists and ETags see a change. */
int cust_touch(struct store_db *db, sv id, int64_t now_ms);

/* ---- cust_join.c ---- */
/* What an address that two have means: a join when it was proven for both, else a proposal. */
int cust_shared(struct store_db *db, sv id, sv kind, sv hash, int verified, int64_t now_ms);

/* ---- cust_time.c ---- */
struct cust_numbers {
	int orders, contacts_7d, open_tickets;
	char last_order[64], last_status[40];
};
/* except: a conversation that does not count; may be empty. */
int cust_numbers(struct store_db *db, sv id, sv except, int64_t now_ms, struct cust_numbers *ret);

/* ---- cust_limit.c: how often may be tried ---- */

enum {
	CUST_TRIES_CONV = 5,  /* wrong answers in one conversation */
	CUST_TRIES_HOUR = 10, /* about one customer, order or phone in an hour */
	CUST_SENDS_CONV = 3,  /* codes sent */
	CUST_SENDS_HOUR = 5,
	CUST_DAY_HOURS = 2,   /* a day's worth: so many hours' */
	CUST_PLACE_TIMES = 2, /* from one address, about whomever: so many times one's hour */
	CUST_STAFF_TIMES = 6, /* by one agent */
	CUST_TRIES_ALL = 300, /* of all together in an hour: somebody is guessing */
};
enum { CUST_OF_CONV, CUST_OF_ABOUT, CUST_OF_WHOM, CUST_OF_PLACE, CUST_OF_ALL, CUST_SCOPES };
/* What a try is counted under: hashes, so that they tell nothing; an empty one does not count. */
struct cust_scopes {
	char v[CUST_SCOPES][CUST_HASH];
	char customer[CUST_ID_MAX];      /* "": nobody's */
	bool by_staff, timed;            /* timed: an agent outside of a conversation */
	bool at_place;                   /* of cust_tries_left: that limit was reached */
};
struct tool_run;
void cust_scopes(const struct cust_tools_arg *t, const struct tool_run *r, const char *what,
		 sv about, const char *customer, struct cust_scopes *ret);
/* Tries left before one of the limits is reached; 0 = none. Negative: an error. */
int cust_tries_left(struct store_db *db, struct cust_scopes *s, int conv, int hour, int64_t now_ms);
/* 1: so many wrong answers came from everywhere that knowing something is no proof now. */
int cust_guessing(struct store_db *db, const struct cust_scopes *s, int64_t now_ms);
/* One more. */
int cust_tried(struct store_db *db, const struct cust_scopes *s, int64_t now_ms);

/* ---- cust_code.c ---- */
int cust_code_send(const struct cust_tools_arg *t, struct tool_run *r, struct store_db *db);
int cust_code_check(const struct cust_tools_arg *t, struct tool_run *r, struct store_db *db);

/* ---- cust_tool.c ---- */
/* A check went wrong: counted, on the record, the same words as for any other. */
int cust_check_failed(struct tool_run *r, struct store_db *db, struct cust_scopes *s,
		      const char *how);
/* It is proven: the grant, the conversation's customer, a row. */
int cust_check_passed(struct tool_run *r, struct store_db *db, sv customer, int level,
		      const char *how);
/* No tries left. */
int cust_check_blocked(struct tool_run *r);

#endif
