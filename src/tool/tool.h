/* tool.h: business actions that a conversation, an agent or a program may take: look up an
 * order, cancel it, open a ticket. A tool is declared as data (YAML); a source carries it out.
 * Whoever asks (a language model, a flow, the console) only proposes: the gate here checks
 * schema, permission, verification, policy and confirmation, and one intent has one effect.
 *
 *	struct tool_box *box;
 *	tool_box_new(&box, files, n, &rep);              declarations, an obj
 *	tool_source_add(kit, &shop_ops, shop);           at start-up
 *	struct tool_req r = { .name = SV("order_cancel"), .args =
 * SV("{\"order\":\"HH2026-100108\"}"), .who = who, .key = SV("CONV/12/0"), .now_ms = now };
 *	tool_start(kit, &r, my_box, on_result, me);      any thread
 *	...on_result(me, res): res->outcome, res->body, res->say
 *
 * Reading tools run on a worker with a reading connection. Writing tools run on the scribe's
 * thread in one savepoint with their key's row, their outbox rows and their row of the river: a
 * check cannot grow old before its effect, and a key that comes again gives the first result
 * again. Remote effects are written to the outbox first, carried out with their key, then
 * marked: after a crash they go on. docs/tool.md.
 */
#ifndef CALLM_TOOL_H
#define CALLM_TOOL_H

#include "base.h"
#include "store.h"

struct policy_rules;
struct cfg_report;

enum tool_outcome {
	TOOL_DONE,    /* body is the result; an effect is durable */
	TOOL_VERIFY,  /* who.level is too low: need_level; identify the customer, then ask again
		       */
	TOOL_CONFIRM, /* the customer must say yes to say first; then again with confirmed =
			 print */
	TOOL_APPROVE, /* beyond the authority: a person decides; body has {"approval":ID} */
	TOOL_REFUSED, /* the company's policy says no; say and why explain, body has the rule */
	TOOL_NOT_FOUND, /* no such thing of this customer (never tells whether another has it)
			 */
	TOOL_INVALID,   /* the arguments do not fit the schema: why is for the model */
	TOOL_DENIED,    /* no such tool, or not for this caller */
	TOOL_LATER, /* the other system does not answer; it is in the outbox and will be done */
	TOOL_FAILED, /* could not be done; nothing was changed */
	TOOL_OUTCOMES
};
const char *tool_outcome_name(enum tool_outcome o);    /* "done", "verify", ... */

/* How sure it is who the customer is (docs/cust.md). */
enum tool_level {
	TOOL_NOBODY,     /* unknown */
	TOOL_CLAIMED,    /* an address or a name that fits */
	TOOL_KNOWN,      /* knows what only the customer should: order and phone, last digits */
	TOOL_PROVEN      /* one-time code, signed token, or an agent who checked (audited) */
};
/* Who may use a tool; a declaration names the least. */
enum tool_role { TOOL_CUSTOMER, TOOL_AGENT, TOOL_SUPERVISOR, TOOL_MANAGER, TOOL_SYSTEM };
const char *tool_role_name(enum tool_role role);     /* "customer" ... "system" */

struct tool_who {
	sv customer;             /* id; empty = nobody known */
	enum tool_level level;
	enum tool_role role;     /* of who asks */
	sv conversation;         /* empty outside of one */
	int turn;
	sv actor;                /* "bot", or a login; for the record */
	sv channel, address;     /* where the customer is; a code is sent elsewhere or here */
	sv lang;                 /* of say: "zh", "en" */
};
#define TOOL_ARGS_MAX 16384      /* bytes */
struct tool_req {                    /* copied by tool_start */
	sv name;
	sv args;                 /* a JSON object */
	struct tool_who who;
	/* one intent of one customer, the same when it is asked again (retry, restart): at most 64
	 * bytes. Empty: a reading tool, or one effect for each call */
	sv key;
	uint64_t confirmed;      /* print of what the customer said yes to; 0 = nothing yet */
	bool dry;                /* all checks, no effect: "would this work?" */
	int64_t now_ms;          /* wall clock */
};
/* An obj, immutable. */
struct tool_res {
	enum tool_outcome outcome;
	const char *name;        /* of the tool */
	const jv *body;          /* an object, never NULL */
	sv say;                  /* for the customer, in who.lang; may be empty */
	sv why;                  /* for the model, the record and an agent; no personal data */
	enum tool_level need_level;      /* VERIFY */
	uint64_t print;          /* CONFIRM: of tool, arguments and what was told */
	/* an identity check succeeded: the conversation's customer and level from now on */
	sv grant_customer;
	enum tool_level grant_level;
	/* something was changed; this is the result of an earlier call. */
	bool effect, again;
};

/* ---- declarations ---- */

struct tool_box;                     /* an obj, immutable, any thread */
struct tool_decl {
	const char *name, *source, *op;
	sv title[2], about[2];   /* zh, en */
	const jv *schema;        /* of its arguments: a JSON Schema object */
	enum tool_role role;
	enum tool_level level;
	bool effect, confirm;
	int timeout_ms;
	sv slow[2];              /* said when it takes long; may be empty */
	const char *undo;        /* a tool's name, or "" */
	const jv *with;          /* what its source needs: an address, a statement; or NULL */
};
struct tool_file {
	const char *name;        /* "tools/orders.yaml", for messages */
	sv yaml;
};
/* 0, or ERR_INVAL: rep tells file:line, what is wrong, how to mend it; the caller ends rep. */
int tool_box_new(struct tool_box **ret, const struct tool_file *files, size_t n,
		 struct cfg_report *rep);
size_t tool_box_count(const struct tool_box *b);
const struct tool_decl *tool_box_at(const struct tool_box *b, size_t i);
const struct tool_decl *tool_box_find(const struct tool_box *b, sv name);    /* or NULL */
/* {"items":[{name,title,about,schema,source,role,level,effect,confirm,undo}]} */
void tool_box_json(const struct tool_box *b, struct sb *out);

/* ---- sources ---- */

/* One call under way, for the source that carries it out; on the thread of db. Results are put
 * with the functions below; strings are copied or in run->arena. */
struct tool_run {
	const struct tool_decl *decl;
	const jv *args;          /* fits the schema */
	const struct tool_who *who;
	const struct policy_rules *rules;    /* may be NULL: no tables */
	sv key;
	/* confirmed: this run is for real. Else it is rolled back, and body is what the customer is
	 * told before saying yes: the same each time, so without numbers made up for this run (of
	 * a return, an approval); those are made when it is for real. */
	bool confirmed, dry;
	int64_t now_ms;
	struct arena *arena;
	jv *body;                /* the result: the source adds members */
	struct tool_put *put;    /* private */
};
struct tool_ops {
	const char *name;        /* "shop", "cust", "desk", "http", ... */
	/* Reads; on a worker. Returns 0 (outcome set, DONE by default) or a negative error
	 * (TOOL_FAILED). */
	int (*read)(void *arg, struct tool_run *r, struct store_db *db);
	/* Checks and changes; on the scribe's thread, all or nothing: a negative error, or an
	 * outcome other than DONE and APPROVE, rolls everything back. Fast: no network. */
	int (*write)(void *arg, struct tool_run *r, struct store_db *db);
	/* Asks another system; on a worker, ends within decl->timeout_ms. May be NULL. For effects
	 * it is called from the outbox, with the same key until it succeeded. ERR_TIMEOUT,
	 * ERR_IO: again later; other errors: it failed. */
	int (*remote)(void *arg, struct tool_run *r);
};
void tool_outcome(struct tool_run *r, enum tool_outcome o, const char *why);
/* What a person says to it, in who.lang: key of the declaration's "say" (else by the outcome's
 * name), {names} filled from body. Without it the outcome's own text is taken. */
void tool_say(struct tool_run *r, const char *key);
/* Does the declaration have words for that key? */
bool tool_can_say(const struct tool_run *r, const char *key);
void tool_grant(struct tool_run *r, sv customer, enum tool_level level);
/* What this run writes stays though its outcome is another than DONE: a wrong code is counted. */
void tool_keep(struct tool_run *r);
/* A message that goes out after the commit, at least once, in order: kind "sms", "email", "http",
 * "notify"; body moved. In write only. */
int tool_send(struct tool_run *r, struct store_db *db, const char *kind, jv *body);
/* The same outside of a call: what a clock brings about. On the scribe; body moved. */
int tool_post(struct store_db *db, const char *kind, jv *body, sv customer, int64_t now_ms);
/* Beyond the caller's authority: a row for a person, with what would be done. Sets APPROVE. */
int tool_ask_person(struct tool_run *r, struct store_db *db, const char *what, double amount);
/* The same for a part of what is done: the call itself goes on, and a person decides about another
 * call, of tool with args (moved). ERR_NOTFOUND: there is no such tool. */
int tool_ask_for(struct tool_run *r, struct store_db *db, const char *tool, jv *args,
		 const char *what, double amount);
/* By the company's decision table (policy_rules.h): facts moved; *ret is the decision, the
 * caller's. Its "allowed": false sets REFUSED with its reason; "missing" facts set INVALID with
 * their names, and nothing is decided. 0, ERR_NOTFOUND (no table). */
int tool_decide(struct tool_run *r, const char *table, jv *facts, jv **ret);

/* ---- the kit: a running set of sources over one store ---- */

struct tool_kit;
struct tool_kit_opts {
	struct store *store;
	struct pool *pool;
	struct tool_box *box;            /* a reference is taken */
	struct policy_rules *rules;      /* a reference is taken; may be NULL */
};
int tool_kit_open(struct tool_kit **ret, const struct tool_kit_opts *o, struct err *e);
/* Before the first call. arg outlives the kit. */
int tool_source_add(struct tool_kit *k, const struct tool_ops *ops, void *arg);
/* Others from the next call on; a reference is taken. Any thread. */
void tool_kit_box(struct tool_kit *k, struct tool_box *box);
void tool_kit_rules(struct tool_kit *k, struct policy_rules *rules);
/* The ones in use: a reference for the caller. */
struct tool_box *tool_kit_box_now(struct tool_kit *k);
struct policy_rules *tool_kit_rules_now(struct tool_kit *k);         /* may be NULL */
/* Carries out one call: done(arg, res) on back's owner, res a reference of the receiver's. Any
 * thread, does not block. Never cancelled: a stale answer is the receiver's to drop. ERR_FULL,
 * ERR_CLOSED, ERR_TOOBIG: then done is not called. */
typedef void tool_done_fn(void *arg, struct tool_res *res);
int tool_start(struct tool_kit *k, const struct tool_req *r, struct mbox *back, tool_done_fn *done,
	       void *arg);
/* The same, waiting: a command, a test. Not on a loop. */
int tool_call(struct tool_kit *k, const struct tool_req *r, struct tool_res **ret);
/* What is left in the outbox is sent: at start and from time to time, on a worker. sender takes
 * one message (ERR_IO: again later). Returns how many went out. */
typedef int tool_send_fn(void *arg, sv id, sv kind, const jv *body);
int tool_outbox_run(struct tool_kit *k, tool_send_fn *sender, void *arg, size_t *ret_n);
/* Who carries messages out: the configuration's "mail" (SMTP, for kind email), "sms" and "pay"
 * (HTTP); tool_post.c. message: {"to","text","lang"}, of "pay" its body. 0: it was taken;
 * ERR_NOTFOUND: nobody is configured for the kind; else as a tool_send_fn. On a worker; waits. */
struct tool_post;
int tool_post_open(struct tool_post **ret, const jv *cfg, struct err *e);    /* ERR_INVAL */
bool tool_post_has(const struct tool_post *p, sv kind);
int tool_post_send(const struct tool_post *p, sv id, sv kind, const jv *message, struct err *e);
void tool_post_close(struct tool_post *p);                   /* accepts NULL */
/* A person's decision on an approval: carries it out when yes, with the role of who decides, a
 * supervisor's at least. Outcome TOOL_APPROVE: it is above that role's authority too, and waits
 * on. */
int tool_approve(struct tool_kit *k, sv id, bool yes, enum tool_role role, sv by, sv note,
		 int64_t now_ms, struct tool_res **ret);
/* ---- other systems: the sources "http", "mcp" and "sql", whose arg is a tool_far ----
 * Where they are and how we sign in stands in the configuration, not in a declaration: whoever
 * edits tools reaches only what the operator allowed. */
struct tool_far;
extern const struct tool_ops tool_http, tool_mcp, tool_sql;
/* cfg: its members "systems" and "mcp", lists (docs/tool.md, docs/mcp.md); pins: the file of
 * accepted MCP tools, or NULL. Starts a thread. ERR_INVAL, ERR_FULL: e tells what to mend. */
int tool_far_open(struct tool_far **ret, const jv *cfg, const char *pins, struct err *e);
void tool_far_close(struct tool_far *f);     /* after the kit; accepts NULL */

/* One page of the approvals, newest first, of one state ("waiting", "yes", "no") or all:
 * {"items":[{"id","state","tool","title":{zh,en},"what","amount","customer","conversation",
 * "actor","made_at","decided_at","by","note","args"}],"next":CURSOR|null}. Personal arguments are
 * masked. On a reader; ERR_INVAL: the cursor. */
int tool_approvals(struct store_db *db, const struct tool_box *box, sv state, sv cursor, int limit,
		   struct sb *out);
/* Messages, and calls of other systems, that were given up:
 * {"count":N,"items":[{"id","kind","tool", "customer","tries","why","made_at","dead_at"}]}, the
 * newest; not what they say. On a reader. */
int tool_undelivered(struct store_db *db, int limit, struct sb *out);
/* A person's word on one of those, by its id: again, or (again false) it is seen to and gone from
 * the list; a row "outbox.again" or "outbox.seen". Waits for the scribe; on a worker. ERR_NOTFOUND;
 * ERR_STATE: it was not given up, or what it said is forgotten. */
int tool_outbox_again(struct tool_kit *k, sv id, bool again, sv by, int64_t now_ms);
/* Results, decided requests and what was given up of before before_ms are blanked, but for payments
 * that are owed; their rows stay; 2000 rows a call. from is where it goes on, "" at first and again
 * when all were looked at. On the scribe. */
#define TOOL_FORGET 72
int tool_forget(struct store_db *db, int64_t before_ms, char from[TOOL_FORGET]);
/* Waits for calls under way; accepts NULL. */
void tool_kit_close(struct tool_kit *k);

#endif
