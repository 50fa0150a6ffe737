/* talk_int.h: the driver's own structures: a shard and its conversations. One thread: the
 * shard's. */
#ifndef CALLM_TALK_INT_H
#define CALLM_TALK_INT_H

#include "talk.h"
#include "talk_core.h"
#include "talk_log.h"

/* A shard's language models, as one: a conversation keeps what it asks until the answer is
 * there, also when others have taken its place. */
struct talk_models {
	struct llm *m;               /* one, or a list; NULL = none */
	int users;
	bool local;                  /* computed on this machine: one answer at a time */
	struct talk_models *next;    /* retired ones */
};

struct talk_shard {
	struct talk_hub *hub;
	struct loop *loop;
	struct mbox *mbox;
	struct talk_models *models;  /* never NULL while the shard is up */
	struct talk_models *retired;
	struct loop_timer sweep;
	int index;
	struct talk *first;          /* open conversations, doubly linked */
	struct emb *emb;             /* of questions, or NULL; not owned */
	void *user;
	int logs;                    /* event logs not on disk to their end */
	int calls;                   /* business actions under way */
};

struct talk_hub {
	struct talk_opts o;
	struct talk_cfg cfg;
	struct snap *strategy;       /* of struct policy_table */
	struct snap *flows;          /* of struct flow_set */
	struct talk_shard *shards;
	size_t n;
	bool own_threads;
	struct talk_logs *logs;      /* NULL = none are kept */
	struct talk_threads *threads;
};

/* The view row of a conversation. Strings are owned. */
struct talk_row {
	const char *channel;
	char *address, *customer, *recording, *token_hash;
	int64_t started_ms, last_ms, ended_ms;
	const char *end_by;
	int turns;
	char *last_text, *last_actor, *last_action;
	char emotion[16], lang[4];
	bool dirty;
	/* what the masks of the text being fed hide (talk_sealed.c). */
	struct sb sealed;
	uint64_t sealed_of;          /* hash of that text, masked */
};

struct talk_clock {                  /* one timer of a conversation */
	struct loop_timer t;
	struct talk *talk;
	enum talk_timer which;
};

struct talk_seek {                   /* a search that waits for the question's vector */
	struct emb_run *run;
	struct loop_timer late;
	struct talk_act act;         /* strings in the turn arena */
	bool on;
};

#define TALK_SAID 4
struct talk_said_at {                /* an utterance of the customer, for numbers in groups */
	char text[128];
	int64_t from_ms, to_ms;
};

struct talk {
	struct talk_shard *shard;
	struct chan_peer *peer;      /* NULL once closed */
	struct talk *next, *prev;
	struct talk_core core;
	struct policy_table *table;  /* the conversation's, a reference */
	struct arena turn;           /* reset whenever no turn is under way */
	struct kb_index *ix;         /* reference held for a turn */
	struct talk_clock clocks[TT_COUNT];
	char id[27], interaction[27];
	int64_t seq;
	int64_t began_us;             /* of the step that ran last */
	struct talk_row row;
	struct llm_run *run;
	struct talk_models *run_of;  /* whose; NULL = none was asked in this turn */
	uint32_t run_gen;
	struct kb_result found;      /* of the search just done, waiting to be fed */
	struct talk_seek seek;
	bool found_ready, found_exact, stepping;
	uint32_t found_gen;
	void *ticket;                /* of the text being fed */
	sv reply_json;               /* the reply's row, until it is said; in the turn arena */
	int waiting;                 /* acknowledgements under way: keeps the struct alive */
	bool closed, recorded;
	enum chan_record record;     /* what is kept just now (talk_tape.c) */
	struct talk_log *log;        /* or NULL */
	struct talk_said_at said[TALK_SAID]; /* the last ones (talk_tape.c) */
	int n_said;
	char keys[16];               /* pressed over what may not be cut */
	int n_keys;
	int64_t opened_us;
	bool mouth_open;             /* SPEECH_START was told, its words not yet */
	bool hangup_wanted;
	/* a transfer to be started after the step; the briefing is owned, the rest lives longer */
	struct { bool wanted; char *briefing; sv to, lang; } move;
	/* an agent's words that are being fed: told when their row is on disk (talk_word.c) */
	struct talk_order *order;
	/* a wish for a person that nobody took: told after the step. */
	bool nobody;
	/* the customer waits for a person, and what sounds then: a reference, NULL = the tune */
	bool waits;
	struct pcm_music *music;
	struct talk_tally seen;      /* of the core's, in the metrics already */
	void *profile_keep;          /* an obj: the profile lives in it; or NULL */
	/* business actions (talk_serve.c) */
	struct tool_box *box;        /* the conversation's, a reference, or NULL */
	struct flow_set *flows;      /* the same */
	struct cust_card *card;      /* of the address, a reference; or NULL */
	struct chan_profile known;   /* what it says, for the core */
	char *address;               /* where the customer is, personal data; owned, or NULL */
	struct loop_timer refusal;   /* a call that was not taken is told after the step */
	uint32_t refused;
	char refused_name[64];
};

/* talk_models.c; shard's thread */
int talk_models_open(struct talk_shard *s, const struct model_spec *spec, size_t n,
		     struct err *e);
void talk_models_close(struct talk_shard *s);

/* talk_drive.c */
void talk_feed_event(struct talk *t, struct talk_ev *ev);
/* TEV_FOUND of t->found, with what the core wants to know of the moment. */
struct talk_ev talk_found_event(struct talk *t);
struct talk *talk_open_on(struct talk_shard *s, struct chan_peer *p,
			  const struct chan_info *info, bool recorded);
/* talk_seek.c */
void talk_want_index(struct talk *t);
void talk_seek(struct talk *t, const struct talk_act *x);
void talk_seek_cancel(struct talk *t);
/* Of its conversation, 1 to 100: which share of them it belongs to, for articles on trial. */
int talk_cohort(const struct talk *t);
/* talk_word.c: the word's row is on disk, or not. */
void talk_order_over(struct talk_order *o, int err);
/* talk_people.c: 0, ERR_STATE (not now), ERR_INVAL, ERR_UNSUPPORTED. */
int talk_take_word(struct talk *t, const struct talk_word *w);
void talk_people_act(struct talk *t, const struct talk_act *x);
void talk_people_after(struct talk *t);      /* outside of a step */
void talk_people_party(struct talk *t, const struct chan_msg *m);
void talk_people_words(struct talk *t, const struct chan_msg *m);
void talk_partial(struct talk *t, sv who, sv text);
struct guard_in;
/* talk_sealed.c: keeps what in's masks hide, until its row is written; and writes it. */
void talk_seal(struct talk *t, const struct guard_in *in);
void talk_seal_write(struct talk *t, const struct talk_act *x);
/* talk_serve.c */
struct guard_in;
/* What the words name, as JSON in the turn arena; empty without tools and flows. */
sv talk_slots(struct talk *t, const struct guard_in *in);
void talk_serve(struct talk *t, const struct talk_act *x);
void talk_serve_open(struct talk *t, const struct chan_info *info);
/* Who it is, by the address: looked up on a worker, after the greeting. */
void talk_serve_who(struct talk *t, const struct chan_info *info);
void talk_serve_close(struct talk *t);
void talk_serve_free(struct talk *t);
/* talk_record.c */
void talk_record(struct talk *t, const struct talk_act *x);
void talk_row_flush(struct talk *t);
void talk_row_json(const struct talk *t, struct sb *out);
void talk_row_done(struct talk_row *r);
/* talk_drive.c: the next look at a silent customer, unless something else happens. */
void talk_silence_after(struct talk *t, int ms);
/* talk_tape.c: the open conversation of that id, or NULL. */
struct talk *talk_find(struct talk_shard *s, sv id);
/* true = the message is dealt with, the core does not see it. */
struct guard_in;
bool talk_tape_msg(struct talk *t, const struct chan_msg *m);
/* Takes a card number out of words and recording. */
void talk_tape_guard(struct talk *t, const struct chan_msg *m, struct guard_in *in);
/* by = a login, "" = the system. ERR_UNSUPPORTED: it is not recorded. */
int talk_set_record(struct talk *t, enum chan_record how, sv by);
/* talk_drive.c: one acknowledgement less; frees a closed conversation with none left */
void talk_release(struct talk *t);

#endif
