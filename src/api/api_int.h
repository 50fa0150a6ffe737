/* api_int.h: what the door's files share. Door's thread. */
#ifndef CALLM_API_INT_H
#define CALLM_API_INT_H

#include "api.h"
#include "chan_web.h"
#include "io.h"
#include "tool.h"

#define API_KEY_BYTES 32
#define API_TOKEN_MAX 512
#define API_NETS 64

/* Who asks. A program with an API key is one, too: login "key:NAME", role "#" and its hash. */
struct api_user {
	char login[64], role[40];
	int64_t made_ms;             /* when they signed in: their token's */
};

/* A request that must be answered by a time: all wait equally long, so the list is a queue.
 * Embed it. */
struct api_due {
	struct api_due *next, *prev;
	int64_t at_ms;
	void (*fn)(struct api_due *d);       /* taken off the list before */
};

/* What is remembered of a client's address (IPv6: its /64) while there is something to remember. */
struct api_addr {
	char key[48];
	int chats;                   /* open, made without sign-in */
	int fails;                   /* wrong passwords in a row */
	int64_t until_ms;            /* no password is tried before */
};

struct seat;
/* A frame goes to many sockets: the last ones as they were masked, for each set of masks. */
#define API_SENT_MASKS 4
struct api_sent {
	struct {
		const struct guard_masks *m;
		struct sb frame, out;
		bool other;          /* out differs; else the frame goes as it is */
	} v[API_SENT_MASKS];
	unsigned next;
	uint64_t masked;             /* frames that were looked at */
};
struct api {
	struct api_opts o;
	struct loop *loop;
	struct mbox *mbox;
	struct web_srv *srv;
	struct api_thread *thread;
	unsigned char key[API_KEY_BYTES];
	int64_t started_ms;
	bool draining, stopped, ending;
	sv masked;                   /* the body of the query that is answered right now */
	struct api_sent sent;
	unsigned next;               /* round robin over the shards */
	struct map *chats;           /* id -> struct api_chat */
	struct api_live *live;       /* consoles */
	struct api_people *people;   /* agents' sockets; api_people.h */
	int logins;                  /* password checks under way */
	struct map *addrs;           /* address -> struct api_addr */
	uint64_t waits_made;
	struct api_due *due_first, *due_last;
	struct loop_timer tick;
	int64_t ticks;
	/* tokens used up in the last ten to twenty minutes. */
	struct map *media_now, *media_before;
	int n_media;                 /* spoken conversations open in browsers */
	int turns;                   /* of /bot/turn, under way */
	int claims;                  /* Idempotency-Keys taken since the last clean-up */
	struct guard_access *access; /* roles; ours */
	struct map *keys;            /* API keys: hash -> struct api_key, owned */
	struct map *used;            /* api_session.c; owned */
	struct seat *seats_open;     /* api_seat.c */
	bool keys_loading, cuts_loading;
	/* login -> since when tokens are good (api_user.c); owned. */
	struct map *cuts;
	int64_t keys_asked, keys_taken; /* an older reading never replaces a newer one */
	struct oai *oai;             /* clients that take us for a model */
	int n_realtime;              /* their sockets */
	struct {                     /* api_stream.c */
		int n, max, silent_ms;
		int strangers;       /* those of them whose key is still to come */
		int64_t said_s;      /* when something was logged about them, and not since */
		int unsaid;
		struct io_net allow[API_NETS];
		size_t n_allow;
	} streams;
	struct mcp_srv *mcp;         /* our functions for other systems */
	struct doc_files *docs;      /* api_doc.h */
};

struct api_query;
struct api_scope;

/* api.c */
const struct web_route *api_routes(size_t *n);
void api_due_add(struct api *a, struct api_due *d, void (*fn)(struct api_due *d));
void api_due_cut(struct api *a, struct api_due *d);      /* idempotent */
/* A problem with the header its status asks for: WWW-Authenticate, Retry-After. */
void api_problem(struct web_req *r, int status, const char *detail);
/* The same with a word for programs, "code": detail is for people and may change. Without a header,
 * as asking again helps nothing. */
void api_problem_code(struct web_req *r, int status, const char *code, const char *detail);

/* api_addr.c */
/* Is there room for one more conversation? 0, or 429 (this address) or 503 with the reason. */
int api_room(struct api *a, sv peer, bool signed_in, const char **why);
/* counts one chat; NULL = not counted. */
struct api_addr *api_addr_take(struct api *a, sv peer);
void api_addr_drop(struct api *a, struct api_addr *x);   /* one chat less; accepts NULL */
int api_login_wait_s(struct api *a, sv peer);            /* 0 = a password may be tried */
void api_login_failed(struct api *a, sv peer);
void api_login_passed(struct api *a, sv peer);
void api_addrs_sweep(struct api *a);
void api_addrs_done(struct api *a);

/* api_auth.c */
int api_key_load(struct api *a, struct err *e);
/* Signed token "payload.mac"; what is e.g. "user" or "conv". false when it does not fit the
 * buffer. */
bool api_token_make(struct api *a, const char *what, sv subject, int64_t expires_ms, char *out,
		    size_t cap);
/* The subject of a valid, unexpired token, copied to out. */
bool api_token_check(struct api *a, const char *what, sv token, char *out, size_t cap);
/* The signed-in user of the request (header or ?token=), whatever they may; answers 401, or 403
 * for a role that is not there, and returns false otherwise. */
bool api_need_user(struct api *a, struct web_req *r, struct api_user *ret);
bool api_user_of_token(struct api *a, sv token, struct api_user *ret);
/* The conversation's customer, or a user who may read conversations, theirs as scope says (all for
 * the customer); answers 401/403 otherwise. */
bool api_need_conversation(struct api *a, struct web_req *r, sv id, struct api_scope *scope);
/* The customer of this written conversation and nobody else; answers 401/403/409 otherwise. */
bool api_need_customer(struct api *a, struct web_req *r, sv id);
bool api_signed_in(struct api *a, struct web_req *r);

/* api_may.c: permissions as in tbl/permissions.def */
bool api_role_may(const struct api *a, sv role, const char *what);
/* One question a route; answers 401 or 403 otherwise. ret may be NULL. */
bool api_may(struct api *a, struct web_req *r, const char *what, struct api_user *ret);
/* The same; the audit says word where the permission covers more than one act. */
bool api_may_as(struct api *a, struct web_req *r, const char *what, const char *word,
		struct api_user *ret);
/* Do they see their own things only? */
bool api_own_only(const struct api *a, const struct api_user *u);
/* As whom business actions and tickets take them. */
enum tool_role api_tool_role(const struct api *a, const struct api_user *u);

/* api_mask.c: what leaves for a user passes here, by the masks of their role (docs/access.md) */
int api_mask_before(struct web_req *r, void *api);       /* as of web_srv_opts */
bool api_mask_body(struct web_req *r, sv body, struct sb *out, void *api);
/* A JSON frame to a socket of a user with that role. */
void api_mask_send(struct api *a, struct web_ws *ws, sv role, sv frame);
/* The same for the body of a query, on its worker; q->masked: the door need not look again. */
void api_mask_query(struct api_query *q);
/* Text that a user writes in the place of stored, which they were shown as m lets them: with
 * what was masked put back, into out. false: it holds a mask that does not come from stored
 * (API_MASKED). */
bool api_unmask(const struct guard_masks *m, sv stored, sv given, struct sb *out);
#define API_MASKED \
	"It holds stars or brackets in the place of what your role may not see, and it is " \
	"not clear " \
	"what they stand for; leave that part out."
/* Of struct api_sent. */
void api_sent_done(struct api_sent *s);
/* Is this route's answer the company's own, so that it is not looked at? Also for tests. */
bool api_mask_ours(const char *route);

/* api_scope.c: whose conversations somebody sees */
#define API_QUEUES_MAX 1024
struct api_scope {
	bool all;
	char login[64], queues[API_QUEUES_MAX];      /* "|general|vip|" */
};
/* conversation may be SV_NULL: of a list. */
void api_scope_of(struct api *a, const struct api_user *u, sv conversation, struct api_scope *ret);
/* 0, or ERR_DENIED: not theirs. Worker or scribe. */
int api_in_scope(struct store_db *db, const struct api_scope *s, sv conversation);
/* The queues an agent serves, as above. */
void api_queues_of(struct api *a, const char *login, char out[API_QUEUES_MAX]);
/* Is that hand-over (acd_get) login's, or does it wait in one of these queues? */
bool api_handover_theirs(const jv *v, sv login, sv queues);
#define API_NOT_YOURS "This conversation is somebody else's."

/* api_keys.c */
void api_keys_open(struct api *a);
void api_keys_done(struct api *a);
void api_keys_reload(struct api *a);         /* soon */
/* As a user: see struct api_user. */
bool api_key_user(struct api *a, sv key, struct api_user *ret);
/* May the key of that hash do it? */
bool api_key_may(const struct api *a, sv hash, const char *what);
void api_key_make(struct web_req *r, void *arg);
void api_key_list(struct web_req *r, void *arg);
void api_key_delete(struct web_req *r, void *arg);
/* Whose key this is, who may bot.use: "key:NAME" or "user:LOGIN"; false = nobody's. */
bool api_owner_of(struct api *a, sv key, char *out, size_t cap);

/* api_openai.c */
void api_openai_open(struct api *a);
void api_openai_stop(struct api *a);         /* answers what is under way */
void api_openai_done(struct api *a);         /* after the shards */
void api_openai_tick(struct api *a);
void api_openai_models(struct web_req *r, void *arg);
void api_openai_model(struct web_req *r, void *arg);
void api_openai_chat(struct web_req *r, void *arg);

/* api_login.c */
void api_login(struct web_req *r, void *arg);
void api_me(struct web_req *r, void *arg);

/* api_chat_rest.c */
void api_claims_sweep(struct api *a);
void api_conv_create(struct web_req *r, void *arg);
void api_conv_message(struct web_req *r, void *arg);
void api_conv_close(struct web_req *r, void *arg);
extern const struct web_ws_ops api_chat_ws;
void api_chats_done(struct api *a);

/* api_conv.c */
void api_conv_list(struct web_req *r, void *arg);
void api_conv_get(struct web_req *r, void *arg);
void api_conv_events(struct web_req *r, void *arg);
void api_conv_article(struct web_req *r, void *arg);     /* api_chat_article.c */
void api_conv_recording(struct web_req *r, void *arg);
void api_conv_record(struct web_req *r, void *arg);      /* api_record.c */
/* What runs on a worker, for api_tools.c too. list: s1 state, s2 channel, i2 limit, and what
 * args read of a cursor; get: s1 id; events: s1 id, i1 after, i2 limit, i3 for the customer. */
/* false: detail says why. */
bool api_conv_list_args(struct api_query *q, sv state, sv cursor);
void api_conv_list_run(struct api_query *q, struct store_db *db);
void api_conv_get_run(struct api_query *q, struct store_db *db);
void api_conv_events_run(struct api_query *q, struct store_db *db);
/* api_reveal.c: the same rows without masks; answers 401, 403, 409 itself. */
void api_conv_reveal(struct api *a, struct web_req *r, int64_t after, int64_t limit);
/* An event row as JSON from columns seq, ts_ms, turn, kind, actor, body of q. */
void api_event_row(struct store_stmt *q, struct sb *out);
/* As the customer may see it; false: not at all, and nothing is put. What colleagues write to each
 * other and what a hand-over carries is not for the customer. */
bool api_event_public(struct store_stmt *q, struct sb *out);
void api_conv_row(struct store_stmt *q, struct sb *out);
#define API_CONV_COLS \
	"id, interaction_id, channel, state, language, customer_id, customer_name, " \
	"address_masked, " \
	"started_ms, last_ms, ended_ms, end_by, turns, last_seq, last_text, last_actor, " \
	"last_action, " \
	"emotion, recording"
#define API_EVENT_COLS "seq, ts_ms, turn, kind, actor, body"

/* api_cust.c */
void api_customers(struct web_req *r, void *arg);
void api_customer(struct web_req *r, void *arg);
void api_customer_patch(struct web_req *r, void *arg);
void api_customer_timeline(struct web_req *r, void *arg);
void api_customer_ident_add(struct web_req *r, void *arg);
void api_customer_ident_delete(struct web_req *r, void *arg);
void api_customer_join(struct web_req *r, void *arg);
void api_customer_unjoin(struct web_req *r, void *arg);
void api_customer_consent(struct web_req *r, void *arg);
void api_customer_export(struct web_req *r, void *arg);
void api_customer_erase(struct web_req *r, void *arg);
void api_customer_proposals(struct web_req *r, void *arg);
void api_customer_apart(struct web_req *r, void *arg);

/* api_kb.c */
void api_kb_search(struct web_req *r, void *arg);
void api_kb_learn(struct web_req *r, void *arg);
void api_bot_turn(struct web_req *r, void *arg);
void api_articles(struct web_req *r, void *arg);
void api_article(struct web_req *r, void *arg);
/* For api_tools.c too. articles: s1 lang, s2 category, s3 from api_like, s4 cursor, i1 limit. */
void api_articles_run(struct api_query *q, struct store_db *db);
void api_article_run(struct api_query *q, struct store_db *db);
sv api_like(struct arena *a, sv text);
/* ,"key":"v" and ,"key":"2026-12-31T.." (null for 0) */
void api_put(struct sb *b, const char *key, sv v);
void api_put_ms(struct sb *b, const char *key, int64_t ms);
jv *api_hit_json(const struct kb_hit *h);
/* One turn of the engine that leaves no trace. over once, with 200 and the reply, or 503, 504;
 * never from inside. ERR_INVAL, ERR_TOOBIG, ERR_FULL: over is not called. */
int api_turn(struct api *a, sv text, sv lang,
	     void (*over)(void *arg, int status, jv *reply_moved), void *arg);

/* api_article.c */
void api_article_put(struct web_req *r, void *arg);
void api_article_retire(struct web_req *r, void *arg);
void api_article_rollback(struct web_req *r, void *arg);
void api_article_versions(struct web_req *r, void *arg);
void api_article_version(struct web_req *r, void *arg);

/* api_shop.c */
void api_orders(struct web_req *r, void *arg);
void api_order(struct web_req *r, void *arg);
void api_returns(struct web_req *r, void *arg);
void api_return(struct web_req *r, void *arg);
void api_products(struct web_req *r, void *arg);
void api_product(struct web_req *r, void *arg);

/* api_report.c */
void api_report_metrics(struct web_req *r, void *arg);
void api_report_run(struct web_req *r, void *arg);
void api_report_drill(struct web_req *r, void *arg);
void api_reports(struct web_req *r, void *arg);
void api_report(struct web_req *r, void *arg);
void api_report_put(struct web_req *r, void *arg);
void api_topics(struct web_req *r, void *arg);
void api_anomalies(struct web_req *r, void *arg);
void api_report_delete(struct web_req *r, void *arg);

/* api_mcp.c */
int api_mcp_open(struct api *a, struct err *e);
void api_mcp_done(struct api *a);
void api_mcp(struct web_req *r, void *arg);

/* api_ops.c */
void api_healthz(struct web_req *r, void *arg);
void api_readyz(struct web_req *r, void *arg);
void api_metrics(struct web_req *r, void *arg);
void api_version(struct web_req *r, void *arg);
void api_openapi(struct web_req *r, void *arg);
void api_health(struct web_req *r, void *arg);
jv *api_gauges(struct api *a);

/* api_tool_call.c */
void api_tools_get(struct web_req *r, void *arg);
void api_tool_call(struct web_req *r, void *arg);
void api_approvals_get(struct web_req *r, void *arg);
void api_approval_post(struct web_req *r, void *arg);
void api_outbox_post(struct web_req *r, void *arg);

/* api_doc.c, api_doc_edit.c: under policies, flows and tools/files */
void api_docs_open(struct api *a);
void api_docs_done(struct api *a);
void api_doc_list(struct web_req *r, void *arg);
void api_doc_get(struct web_req *r, void *arg);
void api_doc_versions(struct web_req *r, void *arg);
void api_doc_try(struct web_req *r, void *arg);
void api_doc_check(struct web_req *r, void *arg);
void api_doc_put(struct web_req *r, void *arg);
void api_doc_publish(struct web_req *r, void *arg);
void api_doc_rollback(struct web_req *r, void *arg);

/* api_calls.c */
void api_call_make(struct web_req *r, void *arg);
void api_call_get(struct web_req *r, void *arg);

/* api_label.c */
void api_label_turns(struct web_req *r, void *arg);
void api_label_confusion(struct web_req *r, void *arg);
void api_label_rows(struct web_req *r, void *arg);
void api_label_put(struct web_req *r, void *arg);

/* api_models.c */
void api_models(struct web_req *r, void *arg);

/* api_live.c */
extern const struct web_ws_ops api_live_ws;
int api_live_open(struct api *a);
void api_live_done(struct api *a);

/* api_media.c */
extern const struct web_ws_ops api_media_ws;
void api_media_turn(struct api *a);          /* forgets old tokens; every ten minutes */

/* api_realtime.c */
extern const struct web_ws_ops api_realtime_ws;

/* api_stream.c */
void api_streams_init(struct api *a, const jv *cfg);
extern const struct web_ws_ops api_asterisk_ws, api_twilio_ws;

/* A query on a worker whose answer is written by `reply` on the door. */
struct api_query {
	struct api *a;
	struct web_req *r;
	struct arena arena;
	struct sb out;               /* the body, built on the worker */
	int status;                  /* 200 unless set */
	const char *detail;
	sv s1, s2, s3, s4;
	void *p, *p2;
	int64_t i1, i2, i3;
	/* asked first, of s1: 403 when it is not theirs. */
	struct api_scope scope;
	/* first wait until everything handed to the scribe is on disk. */
	bool settled;
	bool masked;                 /* out is as r's user may see it */
	bool etag;                   /* with ETag; a matching If-None-Match is answered 304 */
	void (*run)(struct api_query *q, struct store_db *db);
	void (*done)(struct api_query *q);   /* NULL: answers r with out */
};
struct api_query *api_query_new(struct api *a, struct web_req *r);
void api_query_start(struct api_query *q);
void api_query_free(struct api_query *q);
/* Answers with out or the problem, as it is done without a done; frees q. */
void api_query_answer(struct api_query *q);
/* Steps through rows: true while there is one; an error of the database becomes status 500. */
bool api_row(struct api_query *q, struct store_stmt *st);
/* The JSON object of the body; answers 400 and returns NULL otherwise. */
jv *api_body(struct web_req *r);
/* The version that If-Match asks for, "3" or 3: 1; 0 = any (no header, or *); -1 = no version. */
int api_if_match(struct web_req *r, int64_t *ret);
/* JSON with its version as ETag. */
void api_reply_version(struct web_req *r, int status, sv json, int64_t version);

/* api_audit_list.c: one field of a CSV line, quoted where need be; what a table program would
 * take for a formula is quoted with '. */
void api_csv(struct sb *b, sv field);
/* Answers with q's body as a file of that name; i2: more follows behind that cursor. Frees q. */
void api_csv_reply(struct api_query *q, const char *name, const char *cursor);
/* A parameter that is a time or a number from 1 to most; false: answered 400. Absent: def, or
 * *ret as it is. */
bool api_arg_time(struct web_req *r, const char *name, int64_t def, int64_t *ret);
bool api_arg_number(struct web_req *r, const char *name, int64_t most, int64_t *ret);

#endif
