/* acd_core.h: who gets whom: queues, agents and what waits, as a pure machine.
 *
 *	acd_core_new(&c, plan, seed, now, out, me);
 *	acd_core_person(c, acd_plan_person(plan, 0), now);   or acd_core_agent()
 *	acd_core_presence(c, SV("mei"), ACD_READY, SV(""), false, now);
 *	acd_core_enter(c, &(struct acd_item){ .id = id, .queue = SV("sales"), .since_ms = now },
 * now);
 *	-> out(me, {ACD_OFFER, item, queue, login, until_ms})
 *	acd_core_accept(c, id, SV("mei"), now);  acd_core_end(c, id, SV("agent"), now);
 *	acd_core_wrapped(c, id, SV("mei"), now);
 *	next = acd_core_tick(c, now);                         again at next, or when something
 * is done
 *
 * No clock, no input or output, no randomness but the seed's: the same calls give the same
 * words. One thread owns it. What it tells comes through out(), from within the call that caused
 * it; out must not call back into the machine (note it and act afterwards). Views in it hold
 * during the call. Times are milliseconds of whatever clock the caller has, since 1970 where a
 * queue has hours.
 *
 * An item is in exactly one place: waits in a queue, is offered, or is served; after that a
 * wrap-up of its agent is all that is left. The machine keeps that no agent is free who could
 * serve what waits, that nobody has more than his capacity, and that no skill or language is
 * passed over but by a relaxation the plan has written down. docs/acd.md.
 */
#ifndef CALLM_ACD_CORE_H
#define CALLM_ACD_CORE_H

#include "acd_plan.h"

enum acd_presence { ACD_OFFLINE, ACD_READY, ACD_PAUSED };       /* what the agent chose */
/* What an agent is, computed. */
enum acd_state { ACD_IS_OFFLINE, ACD_IS_READY, ACD_IS_PAUSED, ACD_IS_RESERVED, ACD_IS_TALKING,
		 ACD_IS_HOLD, ACD_IS_WRAPUP, ACD_STATES };
const char *acd_presence_name(enum acd_presence p);             /* "offline" "ready" "paused" */
int acd_presence_of(sv s);                                      /* -1: no such name */
const char *acd_state_name(enum acd_state s);                   /* "offline" ... "wrapup" */
enum acd_stage { ACD_WAITING, ACD_OFFERED, ACD_SERVED, ACD_HELD, ACD_WRAPPING };
enum { ACD_CORE_ITEMS = 50000, ACD_CORE_AGENTS = 5000 };

struct acd_item {
	sv id, queue;
	sv language;                 /* empty = any */
	sv sticky;                   /* login of who knows the customer, or empty */
	/* opaque; the same who left a while ago has his place again. */
	sv caller;
	enum acd_media media;
	int priority;                /* 0 normal, higher first */
	/* when it asked first: kept over restarts and returns; 0 = now. */
	int64_t since_ms;
	struct { sv skill; int level; bool preferred; } need[ACD_NEEDS];
	int n_need;
	/* acd_core_restore of SERVED and HELD: on hold so far, and since when it is; 0 = now. */
	int64_t hold_ms, held_ms;
};
struct acd_agent {
	sv login, name, extension;
	sv languages[8];
	struct { sv skill; int level; } skill[ACD_SKILLS];
	struct { sv queue; int tier, position; } seat[ACD_QUEUES]; /* 0 = 1 */
	int n_languages, n_skills, n_seats;
	int capacity[ACD_MEDIAS];    /* -1 = the plan's default; 0 = none of it */
	bool blended;                /* chats beside a call and the other way round */
	int64_t wrapup_ms;           /* -1 = the plan's default; a queue's own goes before it */
	/* in a row, then it is paused "no_answer"; 0 = never; -1 = plan. */
	int max_no_answer;
	/* No offer for so long after one was not taken; -1 = the plan's. */
	int64_t reject_delay_ms, busy_delay_ms, no_answer_delay_ms;
};

enum acd_out_kind {
	ACD_OFFER,   /* item, queue, login; until_ms */
	ACD_REVOKE,  /* item, login; why: accepted (by another), left, timeout, paused, offline,
		      * taken, plan, rejected */
	ACD_MOVED,   /* item from `from` to queue; why: full, late, closed, empty, plan */
	/* item, queue; position (1 = next, 0 = not told), wait_ms (-1 = not known): say it; quiet:
	 * not yet; own: the queue's own text instead; nobody: see acd_wait */
	ACD_PLACE,
	ACD_RELAXED, /* item, queue; position = the step that holds now (from 1) */
	ACD_OUT_OF_QUEUE, /* item, queue, how; why as in MOVED: the machine has forgotten it */
	ACD_AGENT_IS,     /* login, from_state -> state, why = reason; wait_ms in the old one */
	ACD_WRAP_OVER,    /* item, login, queue it was served in; wait_ms = how long; why: done,
			     time */
};
struct acd_out {
	enum acd_out_kind kind;
	sv item, queue, from, login, why;
	enum acd_where how;
	enum acd_state from_state, state;
	int position;
	bool quiet, own, nobody;
	int64_t wait_ms, until_ms;
};
typedef void acd_out_fn(void *arg, const struct acd_out *o);
const char *acd_out_name(enum acd_out_kind k);

struct acd_core;
/* Takes a reference of plan. Agents come by acd_core_agent or acd_core_person. out may be NULL. */
int acd_core_new(struct acd_core **ret, struct acd_plan *plan, uint64_t seed, int64_t now_ms,
		 acd_out_fn *out, void *arg);
void acd_core_free(struct acd_core *c);                          /* accepts NULL */
/* Another configuration: what waits and is served goes on. A queue that is no more hands its
 * items to the first queue of the plan. Agents lose skills and queues that are no more; give
 * them again to change theirs. */
void acd_core_plan(struct acd_core *c, struct acd_plan *plan, int64_t now_ms);

/* New ones are OFFLINE; known ones keep presence, work and numbers. ERR_INVAL (no login, a level
 * out of range), ERR_NOTFOUND (a skill or queue the plan lacks), ERR_FULL. */
int acd_core_agent(struct acd_core *c, const struct acd_agent *a, int64_t now_ms);
/* The same from a person of the plan the machine has. */
int acd_core_person(struct acd_core *c, const struct acd_person *x, int64_t now_ms);
/* What it serves goes back to its queue with its place. ERR_NOTFOUND. */
int acd_core_agent_drop(struct acd_core *c, sv login, int64_t now_ms);
/* Offers that are out are taken back unless READY; what is served stays. ERR_NOTFOUND. */
int acd_core_presence(struct acd_core *c, sv login, enum acd_presence p, sv reason, bool forced,
		      int64_t now_ms);

/* ERR_EXISTS (id is here), ERR_NOTFOUND (queue, skill), ERR_INVAL, ERR_FULL. 0 does not say that
 * it waits: a closed or full queue sends it on at once. */
int acd_core_enter(struct acd_core *c, const struct acd_item *x, int64_t now_ms);
/* ERR_NOTFOUND: no such item. ERR_STATE: the offer is not (or no longer) theirs. */
int acd_core_accept(struct acd_core *c, sv id, sv login, int64_t now_ms);
/* why: "reject" | "no_answer" | "busy" | "gone". */
int acd_core_reject(struct acd_core *c, sv id, sv login, sv why, int64_t now_ms);
/* The agent's telephone rings: the offer runs until then. */
int acd_core_prolong(struct acd_core *c, sv id, sv login, int64_t until_ms, int64_t now_ms);
/* Left while waiting or offered; why: "callback" | "voicemail" | "bot" (counted so), all else is
 * abandoned or, within the queue's short_abandon_s, short_abandoned. ERR_STATE: it is served. */
int acd_core_leave(struct acd_core *c, sv id, sv why, int64_t now_ms);
int acd_core_hold(struct acd_core *c, sv id, bool on, int64_t now_ms);
/* Service is over: the agent wraps up. The item is forgotten. ERR_STATE: not served. */
int acd_core_end(struct acd_core *c, sv id, sv how, int64_t now_ms);
/* ERR_NOTFOUND: this agent does not wrap this up. */
int acd_core_wrapped(struct acd_core *c, sv id, sv login, int64_t now_ms);
struct acd_give {
	sv queue;                    /* empty = the one it is in */
	/* Only this agent, for the queue's ring_s and as long as it is not offline; then
	 * whoever. */
	sv login;
	bool fresh;                  /* it has waited enough elsewhere: since_ms is now */
	int priority;                /* added to the item's */
};
/* From an agent (who wraps up) or from where it waits; its place is kept unless fresh. A queue that
 * is full or closed takes it all the same. ERR_NOTFOUND: item, queue or agent. */
int acd_core_give(struct acd_core *c, sv id, const struct acd_give *g, int64_t now_ms);
/* Given back to the bot: as an end, counted as returned. ERR_STATE: not served. */
int acd_core_back(struct acd_core *c, sv id, int64_t now_ms);
/* Served by login from now, wherever it was and whatever login's capacity and presence: a
 * supervisor takes over, a consult is completed. The former agent wraps up. */
int acd_core_take(struct acd_core *c, sv id, sv login, int64_t now_ms);
/* After a restart: puts an item where the disk says, without a word and without counting it. login
 * of SERVED, HELD and WRAPPING; OFFERED is taken as WAITING. The next tick matches what waits. */
int acd_core_restore(struct acd_core *c, const struct acd_item *x, sv login, enum acd_stage stage,
		     int64_t stage_since_ms, int64_t now_ms);

/* What is due: at most 256 things a call. When the next is due: <= now when more is left,
 * INT64_MAX when nothing will be. */
int64_t acd_core_tick(struct acd_core *c, int64_t now_ms);

/* How good login is for an item, higher is better: what queues with "best-match" and
 * "learned-match" ask. NULL = the sum of levels above what is needed. fit: for an agent who became
 * free, how much better than others this one is for that queue's customers: among items of
 * "learned-match" queues with equal priority that wait at least half as long as the longest of
 * them the one of the best fit is taken. */
struct acd_pair {
	sv item, queue, login;
	enum acd_strategy strategy;
	int spare_levels;
	bool fit;
	int64_t idle_ms;
};
typedef double acd_score_fn(void *arg, const struct acd_pair *p);
void acd_core_score(struct acd_core *c, acd_score_fn *fn, void *arg);

/* ---- for boards ---- */

/* Counters of a queue, each changed at one place, once an item. entered = waiting now + offered
 * now + answered + abandoned + short_abandoned + callbacks + out + moved. */
struct acd_numbers {
	int64_t entered, answered, abandoned, short_abandoned, callbacks;
	/* voicemail, bot, hangup, full or closed without a place. */
	int64_t out;
	int64_t moved;               /* to another queue while it waited */
	int64_t rejected, unanswered; /* offers */
	/* answered, abandoned or called back within sl_s of entering. */
	int64_t in_sl;
	int64_t answered_in_sl;
	int64_t ended, returned, transferred;      /* of the answered */
	int64_t wait_ms, wait_most_ms;             /* of the answered */
	int64_t talk_ms, hold_ms, acw_ms, wrapped; /* handling time = talk + hold + acw */
};
/* The service level as the queue means it (docs/acd.md cites the definitions); 1 when none was. */
double acd_queue_sl(const struct acd_queue *q, const struct acd_numbers *n);
struct acd_queue_now;
/* The same as it stands: who waits beyond the promised time has missed it already. */
double acd_queue_sl_now(const struct acd_queue_now *x);
/* After a restart: what the day had already. ERR_NOTFOUND. */
int acd_core_numbers_set(struct acd_core *c, sv queue, const struct acd_numbers *n);

/* A new day: the figures of all agents begin again. */
void acd_core_agents_anew(struct acd_core *c);

/* ms -1 = not known; nobody: none who could serve the queue is ready or serves just now. */
struct acd_wait {
	int position;
	int64_t ms, low_ms, high_ms;
	bool nobody;
};
struct acd_queue_now {
	const struct acd_queue *q;
	int waiting, offered, serving;
	int64_t longest_ms;          /* of those that wait; 0 = none */
	int late;                    /* wait or are offered, beyond the time promised */
	int agents[ACD_STATES];      /* of this queue, by what they are */
	struct acd_wait next;        /* of one that came now */
	bool open;
	struct acd_numbers n;
};
struct acd_agent_now {
	sv login, name, extension, reason;
	enum acd_presence presence;
	enum acd_state state;
	int64_t state_since_ms;
	int used[ACD_MEDIAS], capacity[ACD_MEDIAS];
	int served, wrapping;        /* items */
	sv offer;                    /* item that rings, or empty */
	int64_t answered, rejected, unanswered, talk_ms, hold_ms, acw_ms;
};
struct acd_item_now {
	sv id, queue, login, language; /* login: who serves it or is asked; empty */
	enum acd_media media;
	enum acd_stage stage;
	int priority, step;          /* step: relaxation in force */
	int64_t since_ms, stage_since_ms, until_ms; /* until: of an offer */
};
void acd_core_queues(struct acd_core *c, int64_t now_ms,
		     void (*fn)(void *arg, const struct acd_queue_now *q), void *arg);
void acd_core_agents(struct acd_core *c, int64_t now_ms,
		     void (*fn)(void *arg, const struct acd_agent_now *a), void *arg);
/* ERR_NOTFOUND. */
int acd_core_queue_now(struct acd_core *c, sv queue, int64_t now_ms, struct acd_queue_now *ret);
int acd_core_agent_now(struct acd_core *c, sv login, int64_t now_ms, struct acd_agent_now *ret);
int acd_core_item_now(struct acd_core *c, sv id, struct acd_item_now *ret);
/* Where a waiting item stands and how long it will be: expected, and bounds that hold four times in
 * five. ERR_NOTFOUND, ERR_STATE: it does not wait. */
int acd_core_wait(struct acd_core *c, sv id, int64_t now_ms, struct acd_wait *ret);

/* Looks through everything for what must never be; NULL, or what is wrong (static). For tests. */
const char *acd_core_check(struct acd_core *c, int64_t now_ms);

#endif
