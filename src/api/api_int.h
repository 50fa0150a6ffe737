/* api_int.h: what the door's files share. Door's thread. */
#ifndef CALLM_API_INT_H
#define CALLM_API_INT_H

#include "api.h"
#include "chan_web.h"

#define API_KEY_BYTES 32
#define API_TOKEN_MAX 512

struct api_user {
	char login[64], role[16];
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
	unsigned next;               /* round robin over the shards */
	struct map *chats;           /* id -> struct api_chat */
	struct api_live *live;       /* consoles */
	int logins;                  /* password checks under way */
};

/* api_auth.c */
int api_key_load(struct api *a, struct err *e);
/* Signed token "payload.mac"; what is e.g. "user" or "conv". false when it does not fit the buffer. */
bool api_token_make(struct api *a, const char *what, sv subject, int64_t expires_ms, char *out, size_t cap);
/* The subject of a valid, unexpired token, copied to out. */
bool api_token_check(struct api *a, const char *what, sv token, char *out, size_t cap);
/* The signed-in user of the request (header or ?token=); answers 401/403 and returns false otherwise.
 * roles: "admin|supervisor|agent". */
bool api_need_user(struct api *a, struct web_req *r, const char *roles, struct api_user *ret);
bool api_user_of_token(struct api *a, sv token, struct api_user *ret);
/* The conversation's customer, or a signed-in user; answers otherwise. */
bool api_need_conversation(struct api *a, struct web_req *r, sv id);
void api_login(struct web_req *r, void *arg);
void api_me(struct web_req *r, void *arg);

/* api_chat.c */
void api_conv_create(struct web_req *r, void *arg);
void api_conv_message(struct web_req *r, void *arg);
void api_conv_close(struct web_req *r, void *arg);
extern const struct web_ws_ops api_chat_ws;
void api_chats_done(struct api *a);

/* api_conv.c */
void api_conv_list(struct web_req *r, void *arg);
void api_conv_get(struct web_req *r, void *arg);
void api_conv_events(struct web_req *r, void *arg);
void api_conv_recording(struct web_req *r, void *arg);
/* An event row as JSON from columns seq, ts_ms, turn, kind, actor, body of q. */
void api_event_row(struct store_stmt *q, struct sb *out);
void api_conv_row(struct store_stmt *q, struct sb *out);
#define API_CONV_COLS                                                                      \
	"id, interaction_id, channel, state, language, customer_id, customer_name, address_masked, " \
	"started_ms, last_ms, ended_ms, end_by, turns, last_seq, last_text, last_actor, last_action, " \
	"emotion, recording"
#define API_EVENT_COLS "seq, ts_ms, turn, kind, actor, body"

/* api_kb.c */
void api_kb_search(struct web_req *r, void *arg);
void api_bot_turn(struct web_req *r, void *arg);
void api_articles(struct web_req *r, void *arg);
void api_article(struct web_req *r, void *arg);

/* api_ops.c */
void api_healthz(struct web_req *r, void *arg);
void api_readyz(struct web_req *r, void *arg);
void api_metrics(struct web_req *r, void *arg);
void api_version(struct web_req *r, void *arg);
void api_openapi(struct web_req *r, void *arg);
void api_health(struct web_req *r, void *arg);
jv *api_gauges(struct api *a);

/* api_live.c */
extern const struct web_ws_ops api_live_ws;
int api_live_open(struct api *a);
void api_live_done(struct api *a);

/* api_media.c */
extern const struct web_ws_ops api_media_ws;

/* A query on a worker whose answer is written by `reply` on the door. */
struct api_query {
	struct api *a;
	struct web_req *r;
	struct arena arena;
	struct sb out;               /* the body, built on the worker */
	int status;                  /* 200 unless set */
	const char *detail;
	sv s1, s2, s3, s4;
	int64_t i1, i2, i3;
	void (*run)(struct api_query *q, struct store_db *db);
	void (*done)(struct api_query *q);   /* NULL: answers r with out */
};
struct api_query *api_query_new(struct api *a, struct web_req *r);
void api_query_start(struct api_query *q);
void api_query_free(struct api_query *q);
/* The JSON object of the body; answers 400 and returns NULL otherwise. */
jv *api_body(struct web_req *r);

#endif
