/* tool_int.h: what the files of the room share; no other room includes it. */
#ifndef CALLM_TOOL_INT_H
#define CALLM_TOOL_INT_H

#include <pthread.h>

#include "tool.h"

enum {
	TOOL_FILES = 64,             /* of one box */
	TOOL_DECLS = 256,
	TOOL_NAME = 64,              /* bytes */
	TOOL_KEY = 64,
	TOOL_SOURCES = 16,
	TOOL_SAYS = 32,              /* texts of one declaration */
	TOOL_WORKS = 4096,           /* calls under way */
	TOOL_FAR_THREADS = 4,        /* that wait for other systems */
	TOOL_SENDS = 8,              /* messages of one call */
};

/* ---- declarations (tool_box.c) ---- */

struct tool_text {
	sv key, lang[2];
};
struct tool_item {
	struct tool_decl d;          /* first: a decl is its item */
	sv confirm[2];
	struct tool_text *say;
	size_t n_say;
};
struct tool_box {                    /* an obj */
	struct arena a;
	struct tool_item *v;
	size_t n;
	jv *trees[TOOL_FILES];       /* schemas live in them */
	size_t n_trees;
};
const struct tool_item *tool_item_of(const struct tool_decl *d);

/* tool_with.c: what is wrong with a declaration's "with" for its source, or NULL; key is its
 * place. */
const char *tool_with_wrong(const struct tool_decl *d, char key[80], const char **mend);

/* ---- texts (tool_text.c) ---- */

int tool_lang(sv lang);              /* 0 zh, 1 en */
/* The declaration's text of a key; empty when it has none. */
sv tool_text_of(const struct tool_item *it, sv key, int lang);
/* The outcome's own text. */
sv tool_text_own(enum tool_outcome o, bool effect, int lang);
/* {names} filled from body, then from args; false when one is not there. */
bool tool_text_fill(sv text, const jv *body, const jv *args, sv title, int lang, struct sb *out);

/* ---- one call ---- */

struct tool_source {
	const struct tool_ops *ops;
	void *arg;
};
/* What a source has put so far. */
struct tool_put {
	struct tool_work *work;
	enum tool_outcome outcome;
	enum tool_level need_level, grant_level;
	sv why, say_key, say_text, grant_customer;
	sv audit;                    /* another system's own words: for the record alone */
	bool keep;                   /* what was written stays, whatever the outcome */
	int sent;
};
struct tool_work {
	struct tool_kit *kit;
	struct arena a;
	struct tool_req req;         /* strings in a */
	struct tool_box *box;        /* references */
	struct policy_rules *rules;
	const struct tool_item *item;
	const struct tool_source *src;
	jv *args;
	uint64_t args_print;         /* of their canonical form */
	sv approval;                 /* of a person who said yes; else empty */
	sv by, note;                 /* whoever that is, and why */
	sv remote;                   /* id of the outbox row that asks the other system */
	struct tool_put put;
	struct tool_run run;         /* body owned */
	int rc;                      /* of the source */
	bool effect, again, real;
	uint64_t print;
	struct mbox *back;
	tool_done_fn *done;
	void *arg;
	struct tool_res *res;
};

struct tool_kit {
	struct store *store;
	/* far: made with the first source that asks other systems. */
	struct pool *pool, *far;
	struct snap *box, *rules;
	struct tool_source sources[TOOL_SOURCES];
	size_t n_sources;
	pthread_mutex_t lock;        /* for what follows */
	pthread_cond_t idle;
	size_t works;
	bool closing;
	struct map *flying;          /* ids of outbox rows that are being carried out */
};

/* tool.c */
struct tool_res *tool_res_new(struct tool_work *w);      /* moves the body */

/* tool_kit.c */
struct tool_work *tool_work_new(struct tool_kit *k, const struct tool_req *r);
void tool_work_free(struct tool_work *w);
/* Takes it up and on its way; ERR_FULL, ERR_CLOSED: then w is freed. */
int tool_work_start(struct tool_work *w);
void tool_work_finish(struct tool_work *w);  /* the result is delivered; w is gone */
int tool_kit_enter(struct tool_kit *k);
void tool_kit_leave(struct tool_kit *k);
const struct tool_source *tool_source_find(struct tool_kit *k, const char *name);
/* Waiting on the calling thread (not a loop, not the scribe's). */
int tool_kit_write(struct tool_kit *k, store_write_fn *fn, void *arg);
int tool_work_wait(struct tool_work *w, struct tool_res **ret);

/* tool_gate.c: the checks that need no database; true: go on, false: put holds the outcome. */
bool tool_gate(struct tool_work *w);
/* What of a call there still is: its tool (item stays NULL when it is gone) and arguments. Nothing
 * is refused. */
void tool_gate_look(struct tool_work *w);
uint64_t tool_print(sv name, const jv *args, const jv *body);    /* body may be NULL; never 0 */

/* tool_do.c: carrying it out */
void tool_run_begin(struct tool_work *w, bool real);
void tool_run_read(void *work, struct store_db *db);      /* a worker */
void tool_run_remote(struct tool_work *w);                /* a far thread: asks the source */
int tool_run_write(void *work, struct store_db *db);      /* the scribe */
bool tool_is_effect(const struct tool_work *w);
void tool_failed(struct tool_work *w, int rc);

/* tool_keep.c: rows */
/* 1: the call was made before, put and run.body are its result (or INVALID: it was another one);
 * 0: no; negative. */
int tool_keep_find(struct tool_work *w, struct store_db *db);
int tool_keep_put(struct tool_work *w, struct store_db *db);
int tool_keep_drop(struct tool_work *w, struct store_db *db);   /* it came to nothing */
/* The row of the river for a finished call; body owned by the caller. */
enum tool_role tool_role_read(const jv *v);              /* of a request that was kept */
void tool_row(const struct tool_work *w, struct store_event *ev, struct sb *body);
jv *tool_masked(const jv *schema, const jv *args);        /* the caller's */

/* tool_put.c */
/* Words of another system: they go into the record, masked, and nowhere else: what they say may
 * be meant for a model. */
void tool_audit(struct tool_run *r, sv text);
sv tool_say_of(const struct tool_work *w, struct sb *buf);

/* tool_out.c: the outbox */
/* a row for the other system. */
int tool_out_remote(struct tool_work *w, struct store_db *db);
int tool_out_put(struct tool_work *w, struct store_db *db, const char *kind, const jv *body,
		 char id[27]);
/* After the other system was asked: marks the row, keeps the result, writes the river's row. */
int tool_out_asked(void *work, struct store_db *db);
/* A call as JSON, and a call from it. */
jv *tool_request_json(const struct tool_work *w);
struct tool_work *tool_request_work(struct tool_kit *k, const jv *o, sv key);
bool tool_fly(struct tool_kit *k, sv id);                 /* false: it does already */
void tool_land(struct tool_kit *k, sv id);

/* tool_kept.c */
/* The time of a column, or null. */
void tool_put_when(jv *o, const char *key, struct store_stmt *q, int col);

/* tool_ask.c: approvals */
int tool_approval_take(struct tool_work *w, struct store_db *db);    /* ERR_STATE: decided */

#endif
