/* talk.h: the conversation engine. A pure core (talk_core.h: events in, actions out) and a
 * driver that carries the actions out on a shard: one thread, one loop, its conversations.
 *
 *	talk_hub_open(&hub, &opts, &e);
 *	struct talk_shard *s = talk_hub_pick(hub, n);           any thread
 *	mbox_post(talk_shard_mbox(s), start_peer, peer);        then, on the shard:
 *	talk_sink()->on_open(s, peer, &info, &peer->user);
 *	talk_hub_close(hub);
 *
 * A channel gives talk_sink() and the shard to its peers and runs them on talk_shard_loop().
 */
#ifndef CALLM_TALK_H
#define CALLM_TALK_H

#include "base.h"
#include "store.h"
#include "kb.h"
#include "model.h"
#include "chan.h"
#include "tool.h"
#include "talk_people.h"

struct talk;
struct policy_table;
struct flow_set;
struct cust_keys;
struct feel_catalogue;
struct talk_hub;
struct talk_shard;

/* What the company says by itself: texts by language and key, from prompts/texts.<lang>.yaml
 * and the company's own file. Immutable obj. */
struct talk_texts;
int talk_texts_new(struct talk_texts **ret, const jv *company, struct err *e);
/* The text for key in lang (falls back to en), variant v; {name} is filled in by the caller. */
sv talk_text(const struct talk_texts *t, sv lang, const char *key, unsigned v);
uint64_t talk_texts_print(const struct talk_texts *t); /* a hash of all of them */

struct talk_limits {
	int idle_chat_ms;        /* a silent chat is closed, default 30 min */
	int silence_ms;          /* voice: "are you still there", default 8 s */
	int max_turns;           /* default 200 */
	int model_first_ms, model_first_voice_ms, model_total_ms;  /* 5000, 2400, 12000 */
	int model_gap_ms;        /* between two pieces of its text, default 3000 */
	int64_t model_cost;      /* of one conversation, millionths; 0 = no limit */
};
struct talk_feed { /* live view for consoles; called on shard threads; copy what you keep */
	void (*on_event)(void *arg, sv conversation_id, sv event_json, sv conversation_json);
	void *arg;
	/* words of a call that may yet change; who = "customer" or the party's id; may be NULL */
	void (*on_partial)(void *arg, sv conversation_id, sv who, sv text);
};
struct talk_opts {
	int shards;              /* 0 = one for two cores */
	struct store *store;     /* NULL: nothing is recorded (one-shot commands) */
	struct snap *kb;         /* of struct kb_index */
	struct pool *pool;
	struct talk_texts *texts;
	/* how customers are served (policy_table.h, an obj; a reference is taken); NULL = the table
	 * inside the program */
	struct policy_table *strategy;
	/* business actions; outlives the hub, which waits for calls under way. NULL = none */
	struct tool_kit *tools;
	/* customers are looked up by the channel's address; NULL = not; outlives the hub */
	struct cust_keys *cust;
	sv country_code;                /* of numbers without one: "86" */
	/* names that words may have of the company's products; outlives the hub */
	const struct feel_catalogue *products;
	struct flow_set *flows;         /* an obj; a reference is taken; NULL = none */
	const struct model_spec *llm;   /* tried in order; none = built-in engine only */
	size_t n_llm;
	struct talk_limits limits;
	struct talk_feed feed;
	const char *voice_lang;  /* language a call starts in, default en */
	/* "sip:..." or a number: a person for calls that can be transferred; outlives the hub */
	const char *transfer_to;
	/* queues and agents (talk_people.h), for conversations that are recorded; outlives the hub.
	 * NULL = none: transfer_to, or the number to call, is all there is */
	const struct talk_people *people;
	/* asked when a customer says goodbye to the bot; SURVEY_NONE = not */
	enum talk_survey survey;
	bool disclosure;         /* calls begin by saying that a machine speaks */
	bool no_speculation;     /* answers are prepared only for words that are certain */
	/* event logs for `callm replay` are kept below this data folder (talk_log.h); NULL =
	 * none */
	const char *replay_dir;
	/* what the masks of a customer's rows hide is kept beside them, sealed under this key of
	 * GUARD_KEY bytes (docs/guard.md); NULL = not at all */
	const unsigned char *pii_key;
	/* run the only shard on this loop instead of own threads (tests, commands). */
	struct loop *loop;
	/* called on each shard's thread once its loop stands and before it ends: per-shard
	 * engines (speech) */
	int (*on_shard)(void *arg, struct talk_hub *h, struct talk_shard *s, bool up);
	void *on_shard_arg;
};
int talk_hub_open(struct talk_hub **ret, const struct talk_opts *o, struct err *e);
/* says goodbye to nobody: calls end as "system", written conversations stay open for
 * talk_recall. */
void talk_hub_close(struct talk_hub *h);
/* The shard for the caller's n-th conversation (round robin); NULL when LIM_CONVERSATIONS are
 * open. */
struct talk_shard *talk_hub_pick(struct talk_hub *h, unsigned n);
size_t talk_hub_shards(const struct talk_hub *h);
struct talk_shard *talk_hub_shard(struct talk_hub *h, size_t i);   /* NULL beyond the last */
/* Other language models from the next question on; answers under way come from those they were
 * asked of. Any thread; the specs must outlive the hub. A shard whose models do not open keeps
 * the old ones and says why on its own thread, or on the caller's when its mailbox is full
 * (on_failed may be NULL). */
void talk_hub_models(struct talk_hub *h, const struct model_spec *spec, size_t n,
		     void (*on_failed)(void *arg, int shard, const char *why), void *arg);

/* Another strategy table for conversations that begin from now on; takes the caller's reference.
 * Any thread. */
void talk_hub_strategy(struct talk_hub *h, struct policy_table *moved);
/* The one in use: a reference for the caller. Any thread. */
struct policy_table *talk_hub_strategy_now(struct talk_hub *h);

/* Other flows for conversations that begin from now on; takes the caller's reference. Any
 * thread. */
void talk_hub_flows(struct talk_hub *h, struct flow_set *moved);

/* What the recording of a conversation keeps from now on (chan.h); the river says by whom. Any
 * thread. done on back's owner with 0, ERR_NOTFOUND (no such conversation is open),
 * ERR_UNSUPPORTED (it is not recorded) or ERR_FULL, unless this returns an error. */
struct talk_record_order {
	sv id, by;               /* by: a login; copied */
	enum chan_record how;
	struct mbox *back;
	void (*done)(void *arg, int err);
	void *arg;
};
int talk_hub_record(struct talk_hub *h, const struct talk_record_order *o);

struct loop *talk_shard_loop(struct talk_shard *s);
struct mbox *talk_shard_mbox(struct talk_shard *s);
int talk_shard_index(const struct talk_shard *s);
void *talk_shard_user(const struct talk_shard *s);   /* what on_shard left there */
void talk_shard_set_user(struct talk_shard *s, void *user);
/* Questions are searched by meaning too, where the index has vectors of this model. m belongs to
 * the shard's loop and outlives its conversations, or until another (or NULL) is set. On the
 * shard's thread. */
void talk_shard_set_emb(struct talk_shard *s, struct emb *m);
/* The shard's language models for whoever asks them beside a conversation: the set stays open
 * until it is given back. On the shard's thread. */
struct talk_models;
struct talk_models *talk_models_use(struct talk_shard *s);
struct llm *talk_models_llm(const struct talk_models *m);   /* NULL: there is none */
void talk_models_done(struct talk_shard *s, struct talk_models *m); /* accepts NULL */

/* The sink every channel's peers talk to; its arg is the shard. */
const struct chan_sink *talk_sink(void);
const char *talk_id(const struct talk *t);
const char *talk_interaction_id(const struct talk *t);

/* What the river knows of a conversation, for the channel that lets it go on; strings in the
 * arena. On a reading thread. ERR_NOTFOUND; *ret_open: it was not closed. */
int talk_recall(struct store_db *db, sv id, struct arena *a, struct chan_resume *ret,
		bool *ret_open);

/* What an earlier run left open and cannot go on: calls are closed as cut, written
 * conversations silent for idle_ms as idle. At start, before the first conversation; waits for
 * the scribe. *ret_n = how many. */
int talk_close_left(struct store *st, int64_t now_ms, int64_t idle_ms, size_t *ret_n);

/* The object of `ask --json` from a turn.bot event's JSON; NULL when it is none. */
jv *talk_reply_of(sv event_json);

/* One turn without a channel: `callm ask`, the console's try-out. On the shard's thread.
 * on_reply gets the object of `ask --json`, once. lang "" = by the text. Not recorded. */
int talk_ask(struct talk_shard *s, sv text, sv lang,
	     void (*on_reply)(void *arg, jv *reply_moved), void *arg);

/* talk_dialog.c: a conversation without a channel, a turn at a time, not recorded. With a language
 * model or tools the hub's loop must be the caller's own, which talk_dialog_say runs until the
 * reply is there. On the shard's thread. */
struct talk_dialog;
struct talk_dialog_opts {
	sv lang;
	bool voice, can_move;        /* on the phone; a person can be connected */
	const struct chan_profile *profile;  /* outlives the dialogue; NULL = not identified */
};
struct talk_dialog *talk_dialog_open(struct talk_shard *s, const struct talk_dialog_opts *o);
/* The object of `ask --json` with "rows" (kinds of the turn's rows) and "rate", the caller's; NULL
 * when there was no reply. */
jv *talk_dialog_say(struct talk_dialog *d, sv text);
void talk_dialog_close(struct talk_dialog *d);       /* accepts NULL */

#endif
