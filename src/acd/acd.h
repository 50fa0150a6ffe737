/* acd.h: hand-overs and agents that never get lost: the durable side of queueing.
 *
 *	acd_open(&a, &opts, &e);
 *	acd_people(a, &people);                  talk_opts.people = &people
 *	acd_do(a, &(struct acd_order){ ACD_DO_ACCEPT, .handover = id, .agent = login,
 *				       .back = my_box, .done = on_done, .arg = me });
 *	acd_close(a);
 *
 * One thread owns the machine that decides (acd_core.h). An order goes to it, what follows from the
 * order is written in one go, and only then the outside hears of it: done(), the conversation, the
 * feed. So nobody is ever told what a crash could undo. An order that cannot be written fails, and
 * the machine is set back to what the disk says. docs/acd.md tells the states.
 */
#ifndef CALLM_ACD_H
#define CALLM_ACD_H

#include "store.h"

#include "acd_core.h"

struct acd;
struct acd_plan;
struct talk_ask;     /* talk_people.h */
struct talk_word;
struct talk_people;

enum acd_do {
	ACD_DO_ASK,  /* ask: a conversation wants a person; the live one is given when there is
			one */
	ACD_DO_GONE, /* the customer left, or was served otherwise: why left|bot */
	ACD_DO_CALLBACK,  /* the customer is called back: number, not_before_ms; keeps the place
			   */
	ACD_DO_VOICEMAIL, /* the customer left a message: note = reference of the recording */
	ACD_DO_ACCEPT, /* agent takes the offer; a call rings them first, at `to` if given, and
			* is ACCEPTED when they have picked up */
	ACD_DO_REJECT, /* agent does not: why reject|no_answer|busy */
	ACD_DO_HOLD,   /* on */
	ACD_DO_END, /* service is over; survey: ask the customer how it was; why: of a callback
		     * "no_answer" and "busy" try again later */
	ACD_DO_WRAPPED,  /* agent: json {"disposition","summary","follow_ups"} */
	ACD_DO_GIVE,     /* to a queue or an agent (to), with a note */
	ACD_DO_BACK,     /* to the bot, note = instruction */
	ACD_DO_PRESENCE, /* agent: presence, why = reason */
	ACD_DO_FORCE,    /* the same by a supervisor (by) */
	ACD_DO_TAKE, /* agent serves it from now: supervisor takes over, consult completed; in a
		      * call party names their leg ("consult:tom") */
	ACD_DO_PHONE,  /* a leg of the call: party, step ringing|joined|failed|left, why, status
			*/
	ACD_DO_SOCKET, /* agent's console: on = one more, off = one less */
	ACD_DO_PAGE,   /* the customer's page of a chat: on = open, off = closed */
	ACD_DO_PLAN,   /* queues and agents are read again */
	ACD_DO_BOARD,  /* nothing but the board's JSON for done */
	ACD_DOS
};
/* json: the hand-over as GET /handovers/{id} gives it ({} for orders about agents), valid
 * during the call; a callback's number is not in it. err: 0; ERR_NOTFOUND no such hand-over,
 * agent or queue; ERR_STATE not (or no longer) possible; ERR_INVAL; ERR_FULL; or why it could
 * not be written: then nothing has happened. */
typedef void acd_done_fn(void *arg, int err, sv json);

struct acd_order {
	enum acd_do act;
	sv handover, conversation;   /* either; the live one of the conversation */
	sv agent;                    /* login it concerns */
	/* who orders: login, "customer", "system"; empty = agent. */
	sv by;
	sv queue, to;                /* GIVE: the queue, or the login */
	sv why, note, number, json;  /* see above */
	sv party, step;              /* PHONE: "agent:mei", "joined" */
	int status;                  /* PHONE: of SIP */
	enum acd_presence presence;
	bool on, survey;
	bool own;                    /* GIVE: only what agent serves, nothing that waits */
	int64_t not_before_ms;       /* CALLBACK: wall clock; 0 = when the turn comes */
	const struct talk_ask *ask;  /* ASK */
	struct mbox *back;           /* NULL: done on the owner's thread */
	acd_done_fn *done;           /* may be NULL */
	void *arg;
};

struct acd_opts {
	struct store *store;
	struct loop *loop;           /* NULL = a thread of its own */
	/* demo/queues.yaml; what the database has goes before it. */
	sv yaml;
	const char *yaml_name;       /* for messages */
	const struct acd_cals *cals; /* calendars by name; of acd's lifetime; may be NULL */
	/* GUARD_KEY bytes: numbers of callbacks are sealed; NULL = not kept. */
	const unsigned char *key;
	const struct cal_zone *zone; /* whose midnight begins the figures again; NULL = UTC */
	uint64_t seed;               /* of the machine's random choices; 0 = 1 */
	/* A word to a conversation, as talk_hub_word takes it; on the owner's thread, after
	 * what it tells is on disk. Never blocks; a chat that is not in memory is loaded by the
	 * taker. */
	int (*word)(void *arg, const struct talk_word *w);
	void *word_arg;
	/* Events for consoles, named as in /ws/agent; on the owner's thread. agent empty = for
	 * everybody who may see the queue. Never blocks; may be NULL. */
	void (*feed)(void *arg, const char *type, sv agent, sv json);
	void *feed_arg;
	/* how often queue.realtime and agent.realtime are fed; 0 = never. */
	int realtime_ms;
};

/* Reads the plan and everything that lives from the store (docs/acd.md: restart). e says what to
 * mend in yaml or in the database. The store outlives it. */
int acd_open(struct acd **ret, const struct acd_opts *o, struct err *e);
/* Writes what was ordered, ends the thread. Nothing is told afterwards. Accepts NULL. With a
 * given loop: on its thread, after store_flush. */
void acd_close(struct acd *a);

/* Any thread; strings are copied. 0: done will be called, once; ERR_FULL (too many wait),
 * ERR_CLOSED, ERR_INVAL (something is missing, not UTF-8 or too long): it will not. */
int acd_do(struct acd *a, const struct acd_order *o);
/* What talk_opts.people wants; a outlives every conversation. */
void acd_people(struct acd *a, struct talk_people *ret);
/* Nothing waits to be written or told; owner's thread (tests). */
bool acd_idle(const struct acd *a);

/* ---- reading: on a worker with a reader (store_read), from the disk ---- */

struct acd_query {
	sv state, queue, agent, conversation;    /* empty = any; state "live" = not yet over */
	sv after;                                /* cursor of the page before */
	int limit;                               /* 0 = 50, at most 200 */
};
/* {"items":[..],"next":CURSOR|null}, newest first. ERR_INVAL: the cursor. */
int acd_list(struct store_db *db, const struct acd_query *q, struct sb *out);
/* One hand-over. key as in acd_opts: with it a callback's number is told. ERR_NOTFOUND. */
int acd_get(struct store_db *db, sv id, const unsigned char *key, struct sb *out);
/* What an agent has in hand now (offered, accepted, to be wrapped up): [..], oldest first. */
int acd_work(struct store_db *db, sv login, const unsigned char *key, struct sb *out);
/* {"login","presence","state","reason","since","sockets"?} as last written; OFFLINE when never. */
int acd_agent_state(struct store_db *db, sv login, struct sb *out);

/* ---- configuration in the database (beats the file, thing by thing) ---- */

enum acd_conf { ACD_CONF_SKILL, ACD_CONF_QUEUE, ACD_CONF_AGENT };
/* The stored object, and its version (for ETag). ERR_NOTFOUND: only the file may have it. */
int acd_conf_get(struct store_db *db, enum acd_conf kind, sv id, struct sb *out, int64_t *version);
/* The plan of a file (name is for messages) with what the database has over it, for one who runs no
 * hand-overs. db: a reader. *ret is an obj, the caller's. ERR_INVAL: e says what is wrong. */
int acd_plan_stored(struct acd_plan **ret, struct store_db *db, sv yaml, const char *name,
		    const struct acd_cals *cals, struct err *e);
/* ms within which a queue promises an answer; arg = a plan; 20 s for a queue it does not have. */
int64_t acd_promise(void *arg, sv queue);
/* The plan in use: a reference for the caller. Any thread. */
struct acd_plan *acd_plan_now(const struct acd *a);
/* Would the plan of now be whole with it? Any thread. body empty = without it. ERR_INVAL: rep says
 * what is wrong; the caller ends rep in both cases. */
int acd_conf_check(struct acd *a, enum acd_conf kind, sv id, sv body, struct cfg_report *rep);
/* Inside a write function. version: 0 = whatever is there, -1 = must be new (or taken out
 * before: ERR_EXISTS), else ERR_CONFLICT when it is another. The body must be an object; what
 * it says is checked by acd_conf_check. The river gets "acd.config" {kind,id,version} by `by`.
 * Send ACD_DO_PLAN when it is durable. */
int acd_conf_put(struct store_db *db, enum acd_conf kind, sv id, sv body, int64_t version, sv by,
		 int64_t now_ms);
int acd_conf_delete(struct store_db *db, enum acd_conf kind, sv id, int64_t version, sv by,
		    int64_t now_ms);

/* ---- counting again from the river alone ---- */

struct acd_count {
	char queue[64];
	struct acd_numbers n;        /* as the machine counts */
};
/* Rows of [from_ms, to_ms). *ret: n queues by id, in the arena. sl_ms(arg, queue): the seconds a
 * queue promises; NULL = 20 s for all. */
int acd_recount(struct store_db *db, int64_t from_ms, int64_t to_ms,
		int64_t (*sl_ms)(void *arg, sv queue), void *arg, struct arena *a,
		struct acd_count **ret, size_t *n);

#endif
