/* world.h: the simulated world of the story tests: a conversation engine on a virtual clock, a
 * real store, the demo company's real knowledge base, scripted models, and customers who write
 * or call.
 *
 *	struct world *w = world_open(&(struct world_opts){ .lang = "en" });
 *	struct actor *c = world_chat(w, "c1");
 *	actor_write(c, SV("How do I return something?"));
 *	CHECK(world_until(w, has_reply, c, 5000));
 *	world_close(w);
 *
 * Time moves only in world_run and world_until, so a call of three minutes takes milliseconds
 * and happens the same way each time. Everything runs on the calling thread except the store's
 * scribe; world_sync waits for it. What happened is kept as text (the flight recorder) for the
 * report of a failed test.
 */
#ifndef CALLM_TEST_WORLD_H
#define CALLM_TEST_WORLD_H

#include "base.h"
#include "chan_voice.h"
#include "chan_web.h"
#include "talk.h"
#include "talk_int.h"

#define WORLD_LLMS 2
#define WORLD_ACTORS 12
#define WORLD_ROWS 2000

struct world;
/* Business actions (world_service.c): opened over the store, before the hub. */
struct world_service_ops {
	int (*open)(struct world *w, struct err *e);
	void (*close)(struct world *w);
	void (*let_go)(struct world *w);     /* calls that stand still */
};

struct world_opts {
	/* "en", "zh": of callers, and of chats that give no hint. */
	const char *lang;
	const jv *llm[WORLD_LLMS];   /* scripts of kind "scripted", tried in order */
	size_t n_llm;
	const char *dir;             /* data folder of the store; NULL = in memory */
	const char *transfer_to;     /* callers can be handed to a person there; NULL = not */
	bool disclosure, no_speculation;
	bool people;                 /* people can be asked for (world_people.c) */
	enum talk_survey survey;     /* asked at the bot's goodbye */
	const struct world_service_ops *service;     /* NULL = none */
};

/* One row that the engine sent to the customer's channel. */
struct world_row {
	jv *v;                       /* {seq, turn, kind, actor, body} */
	int64_t at_ms;
};

/* A recogniser that hears what the story says. */
struct ears {
	bool on;
	char lang[4];                /* the only language it knows, "" = all */
	int delay_ms;                /* from the end of speech to the words */
	struct asr_run *run;
};
/* What a caller does with the mouth just now. */
struct mouth {
	int64_t left_ms;
	double level_db;
	char *words;                 /* what a recogniser makes of it, owned; NULL = nothing */
	bool taken;                  /* the recogniser began to hear it */
	double confidence;
};

struct actor {
	struct world *w;
	char name[16], id[27], interaction[27], lang[4];
	bool phone, over;
	enum chan_close_by by;
	VEC(struct world_row) rows;
	/* the story's: rows before the last words, the reply being looked at. */
	size_t mark, reply;
	bool asking;                 /* words were said that no expectation looked at yet */
	/* chat */
	struct chan_web *web;
	char *written;               /* text that came in pieces, owned */
	int typings, sent, acked, refused;
	/* phone */
	struct chan_voice *voice;
	struct chan_speech speech;
	struct loop_timer tick;
	struct ears ears;
	struct mouth mouth;
	/* our own sound comes back this much softer; 0 = not at all. */
	double echo_db;
	int16_t echo[6][PCM_FRAME];  /* 120 ms on the way */
	int echo_at;
	int transfers;               /* asked of this caller's line */
	bool held, sounding;
	int64_t quiet_ms;
	int64_t sound_since_ms, silent_since_ms;  /* last change, world time */
	int64_t acted_ms, spoke_ms;  /* last action began; last speech ended */
	int64_t sound_total_ms;
};

struct world {
	struct world_opts o;
	struct loop *loop;
	struct mbox *door;
	struct store *store;
	struct snap *kb;
	struct talk_hub *hub;
	struct talk_texts *texts;
	struct rng rng;
	struct actor *actors[WORLD_ACTORS];
	int n_actors;
	struct sb log;               /* the flight recorder */
	int64_t began_ms;
	char replay_dir[40];
	struct world_service *service;
	struct tool_kit *kit;        /* of service, or NULL; so are box and flows */
	struct tool_box *box;
	struct flow_set *flows;
	struct cust_keys *keys;
	struct pool *pool;
	struct feel_product *products;
	struct feel_catalogue *catalogue;    /* of them */
	size_t n_products;
	bool held;                   /* its calls stand still */
	/* world_people.c: what was asked of them, a line each; nobody takes a wish; the end of the
	 * last word */
	struct sb people_log;
	bool people_full;
	int word_err;
};

/* The demo company's index, built once in a process; a reference the caller gives back. NULL:
 * printed why. */
struct kb_index *world_kb(void);
jv *world_company(void);             /* demo/company.yaml, free it */
/* drops what is kept between worlds: for the leak check at the end. */
void world_forget(void);

struct world *world_open(const struct world_opts *o);
void world_close(struct world *w);   /* hub first, customers after it; accepts NULL */
int64_t world_ms(const struct world *w);             /* since the beginning */
void world_run(struct world *w, int64_t ms);
bool world_until(struct world *w, bool (*cond)(void *arg), void *arg, int64_t ms);
void world_sync(struct world *w);    /* all written so far is durable and acknowledged */
void world_note(struct world *w, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* The server stops in an orderly way and starts again; or the power goes and only what was
 * durable is left. Chats that were open go on from the river. The store must have a folder. 0
 * or the store's error. */
int world_restart(struct world *w, bool power_cut);

/* world_replay.c: the event logs of this world's conversations, replayed by world_close. */
struct world_replays {
	size_t logs, events, acts, bad;
};
extern struct world_replays world_replays;   /* of all worlds so far */
const char *world_replay_dir(struct world *w);
void world_replay(struct world *w);

/* ---- customers. Names are copied; actors belong to the world. ---- */
struct actor *world_find(struct world *w, sv name);
struct actor *world_chat(struct world *w, sv name);
int actor_write(struct actor *a, sv text);           /* chat: posted, the clock stands */
/* the engine's conversation, NULL once closed. */
struct talk *actor_talk(struct actor *a);
void actor_leave(struct actor *a);                   /* closes the chat or hangs up */
/* world.c, world_voice.c: frees the connection. */
void actor_detach(struct actor *a);

/* Phone: recogniser "on", "off" or a language; from: the caller's number, empty = one of nobody. */
struct actor *world_call_from(struct world *w, sv name, sv lang, sv recogniser, sv from);
static inline struct actor *world_call(struct world *w, sv name, sv lang, sv recogniser)
{
	return world_call_from(w, name, lang, recogniser, SV_NULL);
}
/* Begins to speak; words = what the recogniser will make of it (empty: nothing). */
void actor_speak(struct actor *a, sv words, int64_t ms, double level_db, double confidence);
void actor_press(struct actor *a, char key);
void actor_hold(struct actor *a, bool held);
/* A step of the transfer: "ringing", "joined", "failed" with why. */
void actor_moved(struct actor *a, const char *step, const char *why);
void actor_lose_ears(struct actor *a);               /* the recogniser breaks down */

/* ---- world_people.c: the people's side: what talk asks of it, what it says ---- */
const struct talk_people *world_people(struct world *w);     /* NULL: not there */
/* The sink of callers: their lines take persons in. */
const struct chan_sink *world_people_sink(struct world *w);
/* A word to the actor's conversation; its end. */
int world_word(struct actor *a, struct talk_word *word);
void actor_party(struct actor *a, sv id, sv step, sv mode);

void actor_got_row(struct actor *a, sv json);        /* world.c, for world_voice.c */

#endif
