/* acd_int.h: what the files of the durable side share; no other room includes it. */
#ifndef CALLM_ACD_INT_H
#define CALLM_ACD_INT_H

#include <pthread.h>

#include "acd.h"
#include "acd_core.h"
#include "acd_plan.h"
#include "talk_people.h"

enum {
	ACD_ID = 40, ACD_NAME = 64, ACD_TEXT = 96,       /* bytes with the NUL */
	ACD_ORDERS = 32768,          /* waiting for their turn */
	ACD_BATCH = 256,             /* orders of one write */
	ACD_LIVE = ACD_CORE_ITEMS - 1000,    /* hand-overs in memory */
	ACD_PACKET = 256 << 10,      /* bytes of a packet, a note, a wrap-up */
	ACD_GRACE_MS = 30000,        /* a console that is gone may come back */
	ACD_ALONE_MS = 60000,        /* served chats of an agent who is gone are given on */
	ACD_RETRY_MS = 1000,         /* what could not be written is tried again */
	ACD_POST_MS = 5,             /* so is a full mailbox */
	ACD_PATIENCE = 3,            /* then others go first */
	ACD_FACT_TRIES = 3600,       /* then it is given up */
	ACD_MOST = 1 << 20,          /* things of one batch */
	ACD_TRIES = 3,               /* of a callback that nobody answers */
	ACD_TRY_MS = 15 * 60000,
	ACD_THINK_MS = 60000,        /* about a callback, before the wait goes on */
	ACD_AWAY_KEEP_MS = 24 * 3600000,     /* then nobody expects the customer back */
	ACD_RING_MS = 35000,         /* of an agent's telephone */
	ACD_RING_SPARE_MS = 5000,    /* it says no before the offer is over */
	ACD_DO_RECOVER = ACD_DOS     /* the room's own order: after a load; on = a restart */
};

/* ---- a hand-over in hand (acd_row.c) ---- */

enum ho_state { HO_REQUESTED, HO_QUEUED, HO_OFFERED, HO_ACCEPTED, HO_ENDED, HO_RETURNED, HO_FAILED,
		HO_STATES };
enum ho_kind { HO_LIVE, HO_CALLBACK, HO_VOICEMAIL, HO_KINDS };
extern const char *const ho_state_names[HO_STATES], *const ho_kind_names[HO_KINDS];

/* Long texts live on the disk; these are what is to be written, NULL = as it is there. */
struct ho_long {
	char *packet, *note, *recording, *number, *wrap;
};
struct ho {
	char id[ACD_ID], parent[ACD_ID], conversation[ACD_ID], interaction[ACD_ID];
	char customer[ACD_NAME], channel[24], language[16], queue[ACD_NAME], why[ACD_NAME];
	char reason[32], topic[ACD_TEXT], agent[ACD_NAME], sticky[ACD_NAME], needs[256];
	enum ho_kind kind;
	enum acd_media media;
	enum ho_state state;
	int priority, offers, tries;
	/* wall clock, 0 = not */
	int64_t since, not_before, queued, offered, until, accepted, held, ended, wrapped;
	/* The customer's page: since when it is closed, 0 = open, or not known (page: it is). */
	bool page;
	int64_t away;
	/* of the row that will say so; entered: this stay in a queue. */
	int64_t hold_ms, entered;
	struct ho_long more;
	bool dirty, in_core, in_wrap;
	bool was_offered;            /* on disk, but not any more */
	char rung[256];              /* logins whose telephone is being called: "mei,tom," */
	/* of the call: who serves it, "agent:mei"; empty in a chat. */
	char party[ACD_TEXT];
	int position;                /* last told */
	int64_t wait_ms;
};
/* live = waits or is served; an ended one may still be wrapped up. */
bool ho_is_live(const struct ho *h);
void ho_long_done(struct ho_long *m);
/* Writes the row (new or not). Scribe. */
int ho_save(struct store_db *db, const struct ho *h);
/* Calls fn for every row that lives or is being wrapped up, oldest wish first. Reader. */
int ho_load(struct store_db *db, void (*fn)(void *arg, const struct ho *h), void *arg);
/* By its id. ERR_NOTFOUND. */
int ho_one(struct store_db *db, sv id, struct ho *ret);
/* The last live hand-over of a conversation, whatever became of it. ERR_NOTFOUND. */
int ho_last(struct store_db *db, sv conversation, struct ho *ret);
/* Who served this customer last; false = nobody. */
bool ho_last_agent(struct store_db *db, sv customer, char login[ACD_NAME]);

/* ---- an agent in hand ---- */

struct ag {
	char login[ACD_NAME], reason[ACD_NAME], state[16];
	char extension[ACD_TEXT], name[ACD_NAME];
	enum acd_presence presence;  /* what was chosen */
	bool console;                /* chosen while a console was connected */
	int64_t since, present, gone;        /* gone: since when without a console; 0 = here */
	/* away: of before a restart, not yet back. */
	bool paused_gone, alone, away, dirty;
};
int ag_save(struct store_db *db, const struct ag *g);
int ag_load(struct store_db *db, void (*fn)(void *arg, const struct ag *g), void *arg);

/* ---- what follows from some orders, written at once (acd_batch.c) ---- */

struct acd_event {                   /* a row of the river; owned */
	char *kind, *customer, *actor, *body;
};
struct acd_tell {                    /* for the feed, when it is written */
	const char *type;            /* static */
	char agent[ACD_NAME], id[ACD_ID];
	char *json;                  /* NULL = the hand-over as it is on disk then */
};
struct acd_say {                     /* a word for talk, when it is written; owned strings */
	enum talk_word_kind kind;
	char conversation[ACD_ID], agent[ACD_NAME], name[ACD_NAME], why[ACD_NAME], party[ACD_TEXT];
	char *text, to[ACD_TEXT];
	int position, ring_ms, act, mode;
	int64_t wait_ms;
	bool survey, no_callback, voicemail, quiet, paced, nobody;
	struct pcm_music *music;     /* a reference; of the queue, as paced */
};
struct acd_lesson {                  /* for "learned-match", when it is written */
	/* How the agent's service ended; "" = the customer entered. */
	char how[ACD_NAME], agent[ACD_NAME], queue[ACD_NAME], customer[ACD_NAME];
	int64_t accepted, at;
};
struct acd_job {                     /* an order, copied */
	struct acd_order o;
	struct talk_ask ask;
	char *strings;               /* one block behind every sv */
	char id[ACD_ID];             /* the hand-over it was about */
	int err, tries;              /* tries: writes that failed */
	bool known;                  /* ASK: there is a hand-over before it, which lives on */
	struct acd_job *next;
	struct acd *a;
	struct sb json;              /* for done */
};
struct acd_batch {
	struct acd *a;
	VEC(struct ho) rows;
	VEC(struct ag) agents;
	VEC(struct acd_event) events;
	VEC(struct acd_tell) tells;
	VEC(struct acd_say) says;
	VEC(struct acd_lesson) lessons;
	struct acd_job *jobs, **jobs_end;
	int64_t now;
};

struct acd {
	struct store *store;
	struct loop *loop;
	bool own;
	pthread_t thread;
	struct mbox *box;
	struct loop_timer tick, real, retry, post;
	struct acd_opts o;
	char *yaml, *yaml_name;
	unsigned char key[32];
	bool has_key, closing;
	/* a write failed: wait; and memory is not what the disk says. */
	bool restart;                /* the rows of the restart are not written yet */
	bool failing;                /* the last write failed: told once */
	bool broken, unread;
	struct acd_plan *plan;
	struct acd_core *core;
	struct acd_match *match;     /* of the process: a load begins no new one */
	struct map *hos, *by_conv, *agents;
	VEC(struct ho *) touched;    /* by this turn */
	VEC(struct ag *) changed;
	struct map *sockets;         /* login -> int, consoles that are connected */
	struct snap *plans;          /* the plan for other threads */
	int64_t day;                 /* the midnight from which figures count */
	int64_t task_due;            /* when a task wants to be looked at */
	int64_t away_due;            /* when a closed page does */
	sv why;                      /* of the offer that is being rejected */
	sv phone;                    /* what the agent's telephone said, when that is why */
	sv by;                       /* whose order runs */
	struct ho *returned;         /* its customer is back just now */
	struct ho *given;            /* it was served and is given on just now */
	const char *given_why;
	/* a presence is being set: an offer it ends was not refused. */
	bool choosing;
	bool quiet;                  /* agents' states are not told: acd_recover */
	struct acd_job *first, **last;       /* orders that wait */
	size_t waiting;
	/* answers for a full mailbox, posted again in their order */
	struct acd_job *unsent, **unsent_end;
	size_t n_unsent;
	struct acd_batch *flight, *now;      /* being written; being made */
	int64_t clock;               /* never goes back */
};

/* ---- acd_batch.c ---- */
struct acd_batch *acd_batch_new(struct acd *a);
void acd_batch_free(struct acd_batch *b);
/* A row of the river; body moved. */
void acd_event(struct acd *a, const char *kind, sv customer, sv actor, jv *body);
/* The rows noted after the first n are not written. */
void acd_events_back(struct acd *a, size_t n);
/* To the feed: about h as it is on disk then, or with a body of its own (moved). */
void acd_tell(struct acd *a, const char *type, sv agent, const struct ho *h, jv *body);
/* A word, copied; only when h is a live one. */
void acd_say(struct acd *a, const struct ho *h, struct acd_say say);
/* Makes a batch of what waits and what is due, and hands it to the scribe, unless one is there. */
void acd_turn(struct acd *a);
int64_t acd_now(struct acd *a);
/* Answers and frees the job. */
void acd_job_finish(struct acd *a, struct acd_job *j);
/* Answers that found their mailbox full, once more. */
void acd_job_post_unsent(struct acd *a);

/* ---- acd_order.c ---- */
void acd_order_run(struct acd *a, struct acd_job *j);
/* Something that happened outside: it is tried again when it could not be written. */
bool acd_is_fact(enum acd_do act);

/* ---- acd_job.c ---- */
/* A copy; NULL and *rc. */
struct acd_job *acd_job_new(struct acd *a, const struct acd_order *o, int *rc);
void acd_job_free(struct acd_job *j);

/* ---- acd_out.c ---- */
void acd_on_out(void *arg, const struct acd_out *out);
/* After calls of the machine: what waits and what is offered, as it says. */
void acd_sync(struct acd *a);
/* Rings the agent's telephone or browser line; to = where, empty = the agent's own. */
void acd_ring(struct acd *a, struct ho *h, sv login, sv to);
void acd_unring(struct acd *a, struct ho *h, sv login);
/* "agent:LOGIN": how the leg of who serves is named. */
void acd_party_of(sv login, char party[ACD_TEXT]);
/* Out of the call. */
void acd_hang_up(struct acd *a, struct ho *h, sv party);
bool acd_rings(const struct ho *h, sv login);
/* WORD_QUEUED, x an ACD_PLACE. */
void acd_say_place(struct acd *a, struct ho *h, const struct acd_out *x);
/* To another queue while it waits. */
void acd_moved(struct acd *a, struct ho *h, sv queue, sv why, sv by);
/* agent.state to the consoles. */
void acd_tell_agent(struct acd *a, const struct ag *g);
/* How an offer ended without being taken: the river's row. */
void acd_not_taken(struct acd *a, struct ho *h, sv login, sv why);

/* ---- acd_hand.c: hand-overs in memory ---- */
struct ho *acd_find(struct acd *a, sv id);
struct ho *acd_of_conversation(struct acd *a, sv conversation);  /* the live one */
struct ho *acd_keep(struct acd *a, const struct ho *h);          /* a copy, in the maps */
void acd_forget(struct acd *a, struct ho *h);
void acd_touch(struct acd *a, struct ho *h);
jv *acd_body(const struct ho *h);            /* {"handover","conversation","queue","media"} */
/* Over: state, why, times; the machine has let go of it. */
void acd_over(struct acd *a, struct ho *h, enum ho_state state, sv why);
/* Into the machine: ERR_NOTFOUND (queue) ... */
int acd_item(const struct ho *h, struct arena *ar, struct acd_item *ret);
int acd_enter(struct acd *a, struct ho *h);
/* A plan that lost a queue or a skill since does not lose what waits for it. */
void acd_fit(struct acd *a, struct ho *h);
/* A task that follows from a hand-over; not in the machine yet. */
struct ho *acd_task(struct acd *a, const struct ho *of, enum ho_kind kind);
int acd_ask(struct acd *a, const struct talk_ask *x, struct ho **ret);
/* Begun by an agent, who serves it already: no queue, no offer; a row queue.served. */
int acd_ask_served(struct acd *a, const struct talk_ask *x, struct ho **ret);

/* A row queue.entered: it stands in its queue from now. */
void acd_entered(struct acd *a, struct ho *h, sv how, sv by);

/* ---- acd_serve.c ---- */
/* party: in a call, how its leg is named; empty = "agent:LOGIN". */
void acd_accepted(struct acd *a, struct ho *h, sv login, sv party, const char *how);
void acd_stint_over(struct acd *a, struct ho *h, sv how, sv by);
int acd_service_over(struct acd *a, struct ho *h, sv how, sv by);
int acd_give_on(struct acd *a, struct ho *h, const struct acd_give *g, sv how, sv by);
int acd_take_over(struct acd *a, struct ho *h, sv login, sv party, sv by);
jv *acd_disposition(const struct ho *h);

/* ---- acd_agents.c ---- */
struct ag *acd_agent_of(struct acd *a, sv login, bool make);
/* All of the plan and all that are known, into the machine. */
int acd_agents_enrol(struct acd *a, int64_t now);
void acd_changed(struct acd *a, struct ag *g);
int acd_presence(struct acd *a, struct ag *g, enum acd_presence p, sv reason, bool forced);
int acd_sockets(const struct acd *a, const struct ag *g);
void acd_socket(struct acd *a, struct ag *g);
/* Where this agent is rung: extension, or "web:LOGIN". */
void acd_line(struct acd *a, sv login, char to[ACD_TEXT], char name[ACD_NAME]);
/* The queue it is in, of the plan in use; NULL = it is taken out. */
const struct acd_queue *acd_queue_of(const struct acd *a, const struct ho *h);
/* A task waits for its not_before. */
void acd_wake_task(struct acd *a, struct ho *h);
/* Out of its queue but not over: again in ms. */
void acd_task_back(struct acd *a, struct ho *h, int64_t ms);
/* Does what is due of agents and tasks; returns when the next is. */
int64_t acd_due(struct acd *a);

/* ---- acd_match.c: what "learned-match" learns from ---- */
struct acd_match *acd_match_new(uint64_t seed);
void acd_match_free(struct acd_match *x);    /* accepts NULL */
int acd_match_load(struct acd_match *x, struct store_db *db);
void acd_match_use(struct acd *a);           /* the machine asks it from now */
/* Notes in the turn's batch that h's service ended so, or, how empty, that its customer entered. h
 * is as it was while it was served. */
void acd_match_note(struct acd *a, const struct ho *h, sv how);
/* What has become of one: when its rows are written. */
void acd_match_learn(struct acd_match *x, const struct acd_lesson *l);
/* What is known of an agent in a queue: share of the resolved, of how many. */
double acd_match_share(struct acd_match *x, sv agent, sv queue, int64_t *n);

/* ---- acd_away.c: customers whose page is closed ---- */
/* Out of the queue because the customer is away: it comes back when the customer does. */
bool acd_parked(const struct ho *h);
void acd_page(struct acd *a, struct ho *h, bool open);
/* After a restart: who had a page has none until it is back. */
void acd_pages_gone(struct acd *a);
/* Does what is due; returns when the next is. */
int64_t acd_away_due(struct acd *a);

/* ---- acd_load.c ---- */
/* From the disk: restart = the process is new, else after a write that failed. */
int acd_load(struct acd *a, bool restart, struct err *e);
void acd_unload(struct acd *a);
/* Inside a turn, after a load: what the disk does not say yet. */
int acd_recover(struct acd *a, bool restart);
void acd_plan_take(struct acd *a, struct acd_plan *p);   /* reference moved */
/* The midnight before; and at a new one all figures begin again (returns when to look). */
int64_t acd_day_of(const struct acd *a, int64_t now);
int64_t acd_new_day(struct acd *a);
/* Puts the recovery before all orders that wait. */
int acd_recover_order(struct acd *a, bool restart);
/* The plan from file and database. */
int acd_plan_load(struct acd *a, struct store_db *db, struct acd_plan **ret, struct err *e);


/* ---- acd_board.c ---- */
void acd_board(struct acd *a, struct sb *out);
void acd_realtime(struct acd *a);

#endif
