/* api.h: the HTTP door: routes, sign-in, live feeds, written and spoken conversations in a
 * browser.
 *
 *	struct api *api;
 *	api_open(&api, &opts, &e);        starts the door thread
 *	printf("http://127.0.0.1:%d\n", api_port(api));
 *	api_close(api);
 *
 * One thread, "door": HTTP, WebSockets and their bookkeeping; queries run on workers,
 * conversations on shards.
 */
#ifndef CALLM_API_H
#define CALLM_API_H

#include "base.h"
#include "web.h"
#include "store.h"
#include "talk.h"
#include "kb.h"
#include "mcp.h"

struct api;
struct tool_kit;
struct cust_keys;
struct desk;
struct ing;
struct qa_surveys;
struct acd;
struct assist;
struct chan_people;
struct talk_word;
struct guard_access;
struct ins_table;

struct api_call {                    /* that we place */
	sv id;                       /* 26 bytes */
	sv to, name, language, opening, message, purpose;
	sv customer;                 /* id of whom we call, as far as it is known */
	/* a person's click: their line first (chan_phone.h); empty = the company's own call */
	sv agent_party, agent_to, agent, agent_name;
	bool test;                   /* that line alone, for a moment */
};
/* What a company edits as text, kinds "rules", "flow" and "tool" (api_doc.c). All NULL: none. */
struct api_docs {
	/* id's text takes effect with all others of its kind; with test only looks whether it
	 * would. 0, or ERR_INVAL with rep (the caller's). On a worker, one call at a time. */
	int (*apply)(void *arg, sv kind, sv id, sv text, bool test, struct cfg_report *rep);
	/* Those in use at start, asked in api_open only. */
	int (*text)(void *arg, sv kind, sv id, struct sb *out);
	void (*list)(void *arg, sv kind, void (*fn)(void *arg, sv id), void *fn_arg);
	void *arg;
};
/* What the pages may load; who may show them in a frame is added to it. */
#define API_CSP \
	"default-src 'self'; connect-src 'self' ws: wss:; img-src 'self' data:; style-src " \
	"'self'; media-src 'self' blob:; worker-src 'self' blob:"

struct api_opts {
	const char *host;            /* default 127.0.0.1 */
	int port;                    /* 0 = any */
	const char *data_dir;        /* recordings, keys */
	const char *tls_cert, *tls_key;
	struct store *store;
	struct pool *pool;
	struct talk_hub *hub;
	struct snap *kb;
	const jv *company;           /* name.{zh,en}; must outlive the api */
	const struct web_asset *assets;
	size_t n_assets;
	/* Opens what rows hide for administrators (GUARD_KEY bytes, docs/guard.md);
	 * NULL = nothing is kept. */
	const unsigned char *pii_key;
	/* Who may do what (guard_access.h); NULL = the roles compiled in. */
	struct guard_access *access;
	/* Tickets (desk.h); NULL = none. Outlives the api. */
	const struct desk *desk;
	/* Quality: of struct qa_forms (qa.h); surveys (qa_survey.h). NULL = none. Outlive the
	 * api. */
	struct snap *qa_forms;
	const struct qa_surveys *surveys;
	/* Sources of knowledge (ingest.h); NULL = none. Outlives the api. */
	struct ing *ingest;
	/* Looks at the conversations now for what the knowledge base lacks: 0, or ERR_AGAIN when it
	 * does already. May be NULL. */
	int (*learn)(void *arg);
	void *learn_arg;
	/* A run of a test set was ordered (learn_set.h); any thread. NULL = none are run. */
	void (*sets)(void *arg);
	void *sets_arg;
	/* Somebody has stopped or restarted a roll-out: look at once. May be NULL. */
	void (*roll)(void *arg);
	void *roll_arg;
	/* A model of a night was taken back: ask those that the registry has now. Door's
	 * thread. May be NULL. */
	void (*night_models)(void *arg);
	void *night_arg;
	/* Customers (cust.h); NULL = none. And the code of their phones' country, NULL = "86". */
	const struct cust_keys *cust;
	const char *country_code;
	double rate_per_s;           /* requests a second and address, 0 = no limit */
	/* open at once without sign-in; 0 = 50, negative = no limit. */
	int chats_per_addr;
	int chat_page_ms;            /* a page that is gone may come back; 0 = 20 s */
	int chat_held_ms;            /* so long one that nobody is at counts; 0 = 2 min */
	int chats_max;               /* open at once in all; 0 = 10000, negative = no limit */
	double msgs_per_s;           /* customer's texts a second in one conversation; 0 = 20 */
	int reply_ms;                /* longest wait of a request for its reply; 0 = 30 s */
	/* Opens a spoken conversation in a browser; NULL = /ws/media refuses. See api_media.c. */
	const struct api_media_ops *media;
	void *media_arg;
	/* Calls of other telephone systems over WebSocket (docs/asterisk.md): section "stream" of
	 * the configuration; read in api_open only. NULL = the defaults. */
	const jv *streams;
	/* One line of health for each component, called on the door's thread. May be NULL. */
	void (*health)(void *arg, jv *components);
	void *health_arg;
	/* Appends one object for each model that can be had on this machine, as weights_list does;
	 * called on a worker. NULL: an empty list. */
	void (*models)(void *arg, jv *list);
	void *models_arg;
	/* Calls somebody; rows kept under its id tell how it goes. 0, ERR_INVAL (not allowed),
	 * ERR_STATE (no telephone), ERR_FULL. On the door's thread; NULL = ERR_STATE. */
	int (*call)(void *arg, const struct api_call *c);
	void *call_arg;
	/* Who customer id is; NULL = nobody of that id. Lives as long as the api; any thread. Asked
	 * only for requests that have signed in. */
	const struct chan_profile *(*profile)(void *arg, sv id);
	void *profile_arg;
	struct api_docs docs;
	/* Business actions; NULL = none. Closed after api_stop, before api_close. */
	struct tool_kit *kit;
	/* Hand-overs and agents (acd.h), NULL = none; closed likewise. acd_key as of acd_opts:
	 * opens the numbers of callbacks. */
	struct acd *acd;
	const unsigned char *acd_key;
	/* Webhooks (hook.h): the key that seals their secrets (GUARD_KEY bytes), NULL = none; may
	 * they lead to private networks? */
	const unsigned char *hook_key;
	bool hook_private;
	/* Lines of agents in browsers (chan_seat.h), NULL = none; outlives the api. */
	struct chan_people *seats;
	/* Help for agents (assist.h), NULL = none; closed after api_stop, before api_close. */
	struct assist *assist;
	/* What a wrap-up may say, [{id, title{zh,en}}]; may be NULL; outlives the api. */
	const jv *dispositions;
	/* Reports (ins_report.h): what an hour of an agent and a minute of telephone cost; a
	 * table as XLSX, on a worker, NULL = not built in. */
	double agent_hour, voice_minute;
	bool sample_history;         /* what lies behind is made up; /api/v1/me says so */
	int (*sheet)(const struct ins_table *t, bool zh, struct sb *out);
};

/* How the app gives the api a voice without the api knowing the engines. All on the door's
 * thread. */
struct api_media;
struct chan_place;
struct api_media_cb {
	void (*on_audio)(void *arg, sv pcm16k);
	void (*on_text)(void *arg, sv json);
	void (*on_closed)(void *arg);        /* once; nothing after it */
};
struct api_media_who {
	sv id, interaction, language, name;
};
struct api_media_ops {
	int (*open)(void *media_arg, struct mbox *door, const struct api_media_who *who,
		    const struct api_media_cb *cb, void *arg, struct api_media **ret);
	void (*rx)(struct api_media *m, sv pcm16k);
	void (*key)(struct api_media *m, char digit);
	void (*close)(struct api_media *m);  /* no callback afterwards; accepts NULL */
	/* Where the next conversation of a program lives (/v1/realtime), and the folder of its
	 * recording, NULL = none. NULL = no such conversations. */
	int (*place)(void *media_arg, struct chan_place *ret, const char **ret_data_dir);
};

/* Deletes what cust_erase names, below the data folder; how many there were. */
int api_erase_files(const char *data_dir, sv files);

int api_open(struct api **ret, const struct api_opts *o, struct err *e);
int api_port(const struct api *a);
void api_drain(struct api *a);               /* no new conversations; thread-safe */
/* Ends the thread and all sockets. Its mailbox lives on, because shards and the store may still
 * post to it: close those next, then call api_close. */
void api_stop(struct api *a);
void api_close(struct api *a);               /* stops if need be and frees; accepts NULL */
/* ---- our own functions for other systems, by MCP (docs/mcp.md) ---- */

/* What they work on. */
struct api_tools {
	struct store_db *db;         /* of the calling thread */
	struct kb_index *kb;         /* may be NULL: no search */
	void (*models)(void *arg, jv *list);         /* as in api_opts; may be NULL */
	void *models_arg;
};
enum { API_TOOL_KEY, API_TOOL_USER };        /* levels: an API key, a signed-in user */
/* The table: api_tool_run does all of it but API_TOOL_ASK, a turn of the engine, which whoever
 * has shards does (with text and lang of args). hint: what a model should know first. */
#define API_TOOL_ASK 0
const struct mcp_srv_tool *api_tools(size_t *n, const char **hint);
/* Runs one, blocking: a worker or a command. args fit its schema. 0 and *ret (an object, the
 * caller's); or an error with words that help in why. */
int api_tool_run(size_t tool, const jv *args, const struct api_tools *on, jv **ret, struct err *e);

/* The shards' strategy table becomes moved, unless it is no longer old: then moved is dropped. Any
 * thread, later; not 0: it was not asked for, moved is gone. */
struct policy_table;
int api_strategy_swap(struct api *a, struct policy_table *old, struct policy_table *moved);

/* For talk_opts.feed: any thread. */
void api_feed(void *api, sv conversation_id, sv event_json, sv conversation_json);

/* For acd_opts.feed: an event of the hand-overs, for that agent's consoles and the
 * supervisors'; any thread. */
void api_people_feed(void *api, const char *type, sv agent, sv json);
/* An event for whoever serves the conversation now (assist.*); any thread. */
void api_conversation_feed(void *api, const char *type, sv conversation, sv json);
/* As talk_hub_word, but a written conversation that is not in memory is loaded first. Any
 * thread. A done whose mailbox is full is called on the door's thread. */
int api_word(struct api *a, const struct talk_word *w);

/* Users (also for `callm user add`). role: "admin", "supervisor", "agent", "quality", "viewer",
 * "knowledge". Password hashing is
 * slow on purpose (Argon2id): not on a loop. ERR_EXISTS unless replace, ERR_STATE (the last
 * administrator), ERR_INVAL. */
int api_user_put(struct store *st, sv login, sv name, sv role, sv password, bool replace,
		 struct err *e);

/* Users for commands: [{login,name,role,disabled,created_at}], the caller's. */
int api_user_list(struct store *st, jv **ret, struct err *e);
/* Another password (empty: as it is), out of use or back (-1: as it is); what they are signed in to
 * ends. Not on a loop. ERR_NOTFOUND, ERR_STATE (the last administrator), ERR_INVAL. */
int api_user_set(struct store *st, sv login, sv password, int disabled, struct err *e);

/* Is every row of the river and of the audit there and as it was written? On the calling thread; a
 * million rows take seconds. 0, ERR_CORRUPT with bad_pos, or a database error. */
struct api_audit_verdict {
	int64_t rows, audits;        /* good rows of the river; rows of the table audit */
	int64_t bad_pos;             /* the first bad row; 0 = none */
	bool view;                   /* the table audit does not fit the river there */
	/* of the last good row: a copy elsewhere tells a cut tail. */
	unsigned char head[32];
};
int api_audit_verify(struct store *st, struct api_audit_verdict *v);
void api_audit_verdict_json(const struct api_audit_verdict *v, int rc, struct sb *out);

/* API keys, for programs that take callm for an OpenAI-compatible server (docs/openai.md). Makes
 * a new key under that name, instead of the one it may have had; a running server knows it
 * within seconds. Not on a loop. ERR_INVAL. */
#define API_APIKEY_MAX 64
int api_apikey_put(struct store *st, sv name, char out[API_APIKEY_MAX], struct err *e);
/* The same with what it may ("customer.read, ticket.read"; empty = bot.use) and how long (0 = it
 * does not end). */
struct api_apikey {
	sv name, may;
	int64_t days;
};
int api_apikey_make(struct store *st, const struct api_apikey *k, char out[API_APIKEY_MAX],
		    struct err *e);
int api_apikey_drop(struct store *st, sv name, struct err *e);       /* ERR_NOTFOUND */
/* {"items":[..]}, as GET /api/v1/keys. */
int api_apikey_list(struct store *st, struct sb *out, struct err *e);

#endif
