/* acd_core_int.h: what the files of the machine share.
 *
 *	acd_core.c         what happens to an item: enters, is taken, leaves, ends, is given on
 *	acd_core_agent.c   agents: what they can, choose and are; wrap-ups
 *	acd_core_place.c   where an item waits: demands, queues, overflow, what falls due
 *	acd_core_match.c   who gets whom: the best agent for an item, the best item for an agent
 *	acd_core_rank.c    ordered trees that know ranks, and the heap of what is due
 *	acd_core_tick.c    what is due; expected waits in acd_core_wait.c
 *	acd_core_board.c   numbers; acd_core_check.c what must never be; acd_core_replan.c
 *
 * Items with the same wishes (queue, medium, language, skills, priority, relaxation) stand in one
 * line, a `demand`, ordered by how long they wait. An agent who becomes free looks at the head of
 * each line, an item that comes looks at the agents who are free: never all with all.
 */
#ifndef CALLM_ACD_CORE_INT_H
#define CALLM_ACD_CORE_INT_H

#include "acd_core.h"

enum { CORE_WANTS = 2 * ACD_NEEDS, CORE_STEPS = ACD_RELAX + 9, CORE_BUDGET = 256,
       CORE_MEMORY = 4096, CORE_FAR = 1000 };
#define CORE_NEVER INT64_MAX

struct item;
struct agent;
struct key { int64_t a, b; uint64_t seq; };  /* lower = sooner */
struct acd_core;

/* ---- trees and times (acd_core_rank.c) ---- */

struct node {                        /* of a treap with sizes; inside its item */
	struct node *l, *r;
	struct item *x;
	uint32_t size, pri;
};
int rank_cmp(const struct key *p, const struct key *q);
void rank_put(struct node **root, struct node *n);
void rank_cut(struct node **root, struct node *n);
struct item *rank_first(const struct node *root);
/* How many stand before x. */
int rank_of(const struct node *root, const struct item *x);
static inline int rank_size(const struct node *root)
{
	return root ? (int)root->size : 0;
}

enum timed_kind { TIMED_ITEM, TIMED_AGENT, TIMED_WRAP };
struct timed {
	int64_t due;
	int pos;                     /* in the heap + 1; 0 = not in it */
	enum timed_kind kind;
	void *of;
};
/* CORE_NEVER takes it out. */
void due_set(struct acd_core *c, struct timed *t, int64_t due);

/* ---- what is wanted ---- */

struct want { int16_t skill; int8_t level; bool preferred; };
/* What sets lines apart; compared as bytes, so it is zeroed first. */
struct demand_key {
	int32_t queue, lang, priority, step;
	int32_t only;                /* serial of the one agent, 0 = any */
	int8_t media, direct, n_want;
	struct want want[CORE_WANTS];
};
struct demand {
	struct demand_key k;
	uint64_t queues[2];          /* whose agents may: its own and relaxed ones */
	struct want need[CORE_WANTS];        /* what holds in this step */
	uint64_t skills;             /* bits of need */
	int n_need, max_tier, at;    /* at: in the list of its lines */
	bool any_lang;
	struct node *root;
};
/* A demand as whoever looks for the next item reads it: in one list, without following pointers. */
struct line {
	struct demand *d;
	uint64_t skills;
	struct key key;              /* of its first item */
	int32_t only;
	int8_t media, lang;          /* -1: any */
};
struct lines { struct line *v; size_t n, cap; };

/* What holds from a while after entering on. */
struct step { int after_s, lower, max_tier; bool drop_preferred, any_lang; uint64_t queues[2]; };

struct queue {
	const struct acd_queue *q;
	struct step step[CORE_STEPS];
	int n_steps;
	struct node *root;           /* all that wait, first come first */
	struct lines lines;
	uint64_t reach[2];           /* queues whose agents serve it in some step */
	int n_offered, n_serving, n_present;
	int64_t empty_since;         /* n_present is 0 since then */
	double rr;                   /* round robin: whom it had last */
	struct acd_numbers n;
	int64_t carried;             /* entered but not counted: restored ones */
	int64_t carried_served;
	/* Of late: answers and the time in which somebody waited, leaving and waiting (wait.c). */
	double answers, busy_ms, left, person_ms, handled, handle_ms;
	/* squared errors of earlier guesses over what they allowed for. */
	double misses, judged;
	int64_t seen_ms;
};

struct item {
	sv id, caller;               /* one block behind both: mem */
	char *mem;
	int queue, lang, priority, n_want, step;
	uint64_t seen[2];            /* queues it was in: it overflows into none twice */
	struct want want[CORE_WANTS], own[ACD_NEEDS];
	int n_own;
	enum acd_media media;
	enum acd_stage stage;        /* WAITING, OFFERED, SERVED, HELD */
	int64_t since, entered, stage_since;
	struct key key;
	struct agent *only, *agent, *refused;
	bool direct;                 /* only was named by a person: skills do not matter */
	bool taken;                  /* without asking whether he can: a take-over, a restart */
	int64_t only_until, next_say, offer_until, ring_more_at;
	int64_t served_since, held_since, hold_ms;
	double guess, guess_var;     /* of the wait when it came; var 0 = none was made */
	struct agent *ring;          /* who is asked; agent->next_ring */
	struct item *next_served, *prev_ringing, *next_ringing, *next, *prev;
	struct demand *demand;
	struct node in_queue, in_demand;
	struct timed t;
	unsigned gen;                /* of the plan it was offered under */
};

struct wrap {
	char *id;
	struct agent *agent;
	enum acd_media media;
	int queue;                   /* -1: it is no more */
	bool taken;
	int64_t since, until;
	struct timed t;
	struct wrap *next;
};

struct agent {
	char *login, *name, *extension, *reason;
	int serial, index, avail;    /* avail: index + 1 in the core's list of the free */
	bool freed;
	uint8_t level[ACD_SKILLS];
	uint64_t skills;             /* bits of level */
	uint32_t languages;
	uint64_t queues[2];
	int8_t seat_of[ACD_QUEUES];  /* -1 */
	struct acd_seat seat[ACD_QUEUES];
	int n_seats;
	int capacity[ACD_MEDIAS], used[ACD_MEDIAS];
	bool blended;
	int64_t wrapup_ms, reject_ms, busy_ms, no_answer_ms;
	int max_no_answer, no_answers;
	enum acd_presence presence;
	enum acd_state state;
	int64_t state_since, idle_since, rest_until;
	struct item *offer, *served;
	struct agent *next_ring;
	struct wrap *wraps;
	struct timed t;
	int64_t answered, rejected, unanswered, talk_ms, hold_ms, acw_ms;
};

struct memory { char *caller; int64_t since, left; };
struct acd_core {
	struct acd_plan *plan;
	acd_out_fn *out;
	void *arg;
	acd_score_fn *score;
	void *score_arg;
	struct rng rng;
	struct queue queue[ACD_QUEUES];
	int n_queues;
	struct map *items, *agents, *demands, *callers;
	VEC(struct agent *) all;
	VEC(struct agent *) avail;
	/* to be given something when a call is done with the rest. */
	VEC(struct agent *) freed;
	struct lines only;           /* lines of those that wait for one agent */
	VEC(struct timed *) heap;
	struct item *first, *ringing;    /* all items; those offered that may ring for more */
	struct memory memory[CORE_MEMORY];
	size_t n_memory;
	uint64_t seq;
	int serial;
	unsigned gen;
	bool dirty;                  /* restored: nothing is matched yet */
};

static inline bool bit_of(const uint64_t b[2], int i)
{
	return b[i >> 6] >> (i & 63) & 1;
}
static inline void bit_set(uint64_t b[2], int i)
{
	b[i >> 6] |= UINT64_C(1) << (i & 63);
}

/* acd_core.c */
void core_tell(struct acd_core *c, const struct acd_out *o);
void core_forget(struct acd_core *c, struct item *x);
/* Out of an agent's hands: he wraps up. The item is nowhere then. */
void core_unserve(struct acd_core *c, struct item *x, int64_t now);
void core_serve(struct acd_core *c, struct item *x, struct agent *a, int64_t now);
struct item *core_item(struct acd_core *c, sv id);
struct agent *core_find(struct acd_core *c, sv login);

/* acd_core_agent.c */
bool agent_can(const struct agent *a, enum acd_media m);
void agent_refresh(struct acd_core *c, struct agent *a, int64_t now);
void agent_rest(struct acd_core *c, struct agent *a, int64_t ms, int64_t now);
/* A wrap-up; the next tick ends it when its time is over. */
struct wrap *agent_wraps(struct acd_core *c, struct agent *a, const struct item *x, int64_t now);
void agent_wrap(struct acd_core *c, struct agent *a, const struct item *x, int64_t now);
void wrap_over(struct acd_core *c, struct wrap *w, const char *why, int64_t now);
void agent_pause(struct acd_core *c, struct agent *a, enum acd_presence p, sv reason, int64_t now);
void agent_free(struct acd_core *c, struct agent *a);
void agent_bits(struct agent *a);            /* of queues and skills, from seats and levels */

/* acd_core_place.c */
void place_steps(struct queue *q);           /* from its plan */
void place_wants(struct acd_core *c, struct item *x);
/* waits; matches nothing. */
void place_in(struct acd_core *c, struct item *x, int64_t now);
void place_out(struct acd_core *c, struct item *x, int64_t now);
/* something about it changed. */
void place_again(struct acd_core *c, struct item *x, int64_t now);
/* When the place is told next after now, by when it entered alone; CORE_NEVER. */
int64_t place_next_say(const struct queue *q, const struct item *x, int64_t now);
/* Counted into a queue, placed and matched; sent on when the queue is closed or full unless
 * forced. The item may be no more afterwards. */
void place_enter(struct acd_core *c, struct item *x, int queue, bool forced, int64_t now);
enum place_how { LEFT_ANSWERED, LEFT_ABANDONED, LEFT_CALLBACK, LEFT_OUT, LEFT_MOVED };
/* The one place where leaving a queue is counted. */
void place_count(struct acd_core *c, const struct item *x, enum place_how how, int64_t now);
/* d as the item's own line would be, without making one. */
void place_demand(struct acd_core *c, const struct item *x, struct demand *d);
/* What is due for a waiting item. */
void place_due(struct acd_core *c, struct item *x, int64_t now);
void place_timer(struct acd_core *c, struct item *x, int64_t now);
/* quiet: only for its music and to be known, whenever it is. */
void place_say(struct acd_core *c, struct item *x, bool quiet, int64_t now);
/* Nobody waits for this agent alone any more; dropped: he is named nowhere afterwards. */
void place_only_gone(struct acd_core *c, const struct agent *a, bool dropped, int64_t now);
/* One more (or one less) is logged in for its queues. */
void place_present(struct acd_core *c, const struct agent *a, int by, int64_t now);
void place_key(struct acd_core *c, struct item *x);
/* All that wait, in order, into v of at least rank_size() places. */
int place_list(const struct node *root, struct item **v);

/* acd_core_match.c */
bool match_fits(const struct agent *a, const struct demand *d);
bool match_reaches(const struct acd_core *c, const struct agent *a, int queue);  /* serves it */
bool match_item(struct acd_core *c, struct item *x, int64_t now);    /* true: it is offered */
/* Gives agents that became free what waits: the end of every call that changes something. */
void match_settle(struct acd_core *c, int64_t now);
void match_all(struct acd_core *c, int64_t now);
void match_ring_more(struct acd_core *c, struct item *x, int64_t now);
/* Takes one offer back; why NULL: without a word. The item waits again (and is matched) when it was
 * the last. */
void match_revoke(struct acd_core *c, struct item *x, struct agent *a, const char *why,
		  int64_t now);
/* Takes all back; the item is nowhere then. but (may be NULL) hears nothing and keeps the place
 * that the offer has in his capacity. */
void match_unring(struct acd_core *c, struct item *x, struct agent *but, const char *why,
		  int64_t now);

/* acd_core_wait.c */
/* None of the queue, nor of those it asks after a while, is ready or serves. */
bool wait_nobody(const struct acd_core *c, const struct queue *q);
void wait_seen(struct queue *q, int64_t now);        /* before the number that waits changes */
void wait_answered(struct queue *q, const struct item *x, int64_t waited);
void wait_left(struct queue *q);
void wait_handled(struct queue *q, int64_t ms);
void wait_guess(struct acd_core *c, const struct queue *q, int ahead, struct acd_wait *ret);
/* The same for one who has just come; kept, and judged when it is answered. */
void wait_promise(struct acd_core *c, const struct queue *q, struct item *x, struct acd_wait *ret);

#endif
