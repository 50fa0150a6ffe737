/* api_chat.h: one written conversation as the door sees it: sockets that watch it, requests
 * that wait for its replies, and how it comes back after a restart. Door's thread.
 *
 *	struct api_chat *c = chat_open(a, &made, ...);    or chat_find_or_load(a, id)
 *	chat_attach(sock, c);          rows and frames go to it from now on
 *	chat_text(c, &msg, &seq);      0, ERR_EXISTS ...: see below
 *
 * A chat is in api.chats from its opening (or loading) until the engine has closed it; then
 * chat_free. */
#ifndef CALLM_API_CHAT_H
#define CALLM_API_CHAT_H

#include "api_int.h"

#define CHAT_SOCKS 8
#define CHAT_WAITS 16            /* requests waiting in one conversation */
#define CHAT_IDS 1024            /* client ids remembered; limits.max_turns is 200 */
#define CHAT_PENDING 16          /* texts that came while it was loading */
#define CHAT_HELD 256            /* rows that came during a replay; more are read again */

struct api_sock {                    /* a WebSocket of /ws/chat */
	struct api *a;
	struct web_ws *ws;
	struct api_chat *chat;       /* NULL until session.start or session.resume */
	char id[27];                 /* of the chat, also after it ended */
	bool replaying, missed;      /* missed: not everything that came meanwhile was held */
	bool paused;                 /* the next page of a replay waits for the socket */
	VEC(char *) held;            /* event rows that came while replaying */
	int64_t sent_seq;
	const char *closing;         /* reason to tell when the replay is through */
	int replays;                 /* queries under way: keeps the struct alive */
	bool gone;
};

enum chat_wait_kind { WAIT_MADE, WAIT_REPLY, WAIT_CLOSED };
struct api_wait {                    /* a REST request waiting for its answer */
	struct api_due due;          /* first */
	struct api_wait *next;
	struct api_chat *c;
	struct web_req *r;
	enum chat_wait_kind kind;
	uint64_t number;             /* of the wait, for queries on its behalf */
	char *client_id;             /* of its text; NULL without a text */
	bool acked, duplicate;
	int64_t seq;
	int turn;                    /* of its text, -1 unknown */
	jv *reply;
};

struct chat_id {                     /* a text that was taken, by the client's own id */
	uint64_t hash;               /* of client_id; 0 = not saved, free for another try */
	uint64_t key, body;          /* Idempotency-Key and what came with it; 0 = none */
	int64_t seq;                 /* 0 = not yet on disk */
	int turn;                    /* -1 = not known yet */
};
struct chat_msg {
	sv text, client_id;
	uint64_t key, body;
};
struct chat_pending {                /* owned */
	char *text, *client_id;
	uint64_t key, body;
};

struct api_chat {
	struct api *a;
	struct chan_web *w;          /* NULL while loading */
	struct api_addr *addr;       /* counted there; NULL when not */
	char id[27], interaction[27];
	bool loading, close_wanted;
	struct api_sock *socks[CHAT_SOCKS];
	int n_socks;
	/* A socket was here; none is, for longer than a reload takes; a person was asked for, or
	 * may have been (loaded). The hand-overs are told. */
	bool watched, away, person;
	struct loop_timer page;
	struct api_wait *waits, **waits_end;
	int n_waits;
	char *greeting;
	VEC(struct chat_id) ids;     /* a ring once CHAT_IDS are in it */
	size_t ids_next;
	VEC(struct chat_pending) pending;
	struct api_word *words;      /* of people, until it is loaded; api_word.h */
	int64_t used_ms;             /* the loop's time: opened, or the customer's last text */
	double tokens;               /* of the limit on texts */
	int64_t tokens_ms;
};

struct chat_made {                   /* how a conversation begins; strings may be temporary */
	sv language, name, address, peer;
	bool signed_in;
	const struct chan_profile *profile;  /* who the customer is; NULL = not identified */
	const char *id, *interaction; /* NULL = new ones */
};
/* How many of that address nobody is at any more: no socket, no request, no text for a while
 * (chat_held_ms). They hold no place that somebody else wants. */
int chat_left(struct api *a, const struct api_addr *x);
/* NULL and *ret_status 429 or 503 with *ret_why when there is no room. */
struct api_chat *chat_open(struct api *a, const struct chat_made *m, int *ret_status,
			   const char **ret_why);
/* The conversation of a valid token: the one at hand, or one that is being loaded from the
 * river; NULL = too many. */
struct api_chat *chat_find_or_load(struct api *a, sv id);
/* Hands a text in, or keeps it until the chat is loaded. ERR_EXISTS: taken before, *ret_seq is
 * its number (0 = on its way); ERR_CONFLICT: its key came with another body; ERR_RATE,
 * ERR_FULL, ERR_CLOSED. */
int chat_text(struct api_chat *c, const struct chat_msg *m, int64_t *ret_seq);
bool chat_token(struct api *a, const char *id, char *out, size_t cap);
void chat_close(struct api_chat *c);         /* by the customer, also while loading */
/* status: what its waiting requests get; why: what its sockets are told. */
void chat_free(struct api_chat *c, int status, const char *detail, const char *why);
/* "idem:KEY:BODY" as a client id: a key that the river remembers. */
void chat_idem_id(const struct chat_msg *m, char out[48]);
bool chat_idem_parse(sv client_id, uint64_t *key, uint64_t *body);

/* api_chat_rest.c: what a client says of itself: {language, customer: {name, phone, email}};
 * NULL or what is bad. */
const char *api_customer_bad(const jv *data);
void api_customer_read(const jv *data, struct chat_made *m);
/* The Idempotency-Key of a conversation that was never opened is free again. */
void chat_unclaim(struct api *a, const char *id);

/* api_chat_page.c: is the customer's page open? */
void chat_page_opens(struct api_chat *c);    /* one socket more */
void chat_page_shuts(struct api_chat *c);    /* one less */
void chat_page_row(struct api_chat *c, sv kind);     /* a row of it came by */

/* api_chat.c, for api_chat_load.c */
int chat_start(struct api_chat *c, const struct chan_info *info);
struct chat_id *chat_id_add(struct api_chat *c);
void chat_ack_frame(struct api_chat *c, sv client_id, int64_t seq);
void chat_refuse(struct api_chat *c, sv client_id, int err);   /* one text was not taken */

/* api_chat_wait.c */
struct api_wait *chat_wait_add(struct api_chat *c, struct web_req *r, enum chat_wait_kind kind);
/* answers and frees it. */
void chat_wait_problem(struct api_wait *x, int status, const char *detail);
/* answers those that have what they waited for. */
void chat_waits_check(struct api_chat *c);
void chat_waits_fail(struct api_chat *c, int status, const char *detail);
void chat_waits_event(struct api_chat *c, const jv *event, sv json);
void chat_waits_ack(struct api_chat *c, sv client_id, int64_t seq, int err);
/* Its text was taken before: looks for the reply in the river, then waits on. */
void chat_wait_duplicate(struct api_wait *x, int64_t seq);

/* ws side: a row or another frame for all sockets */
bool chat_attach(struct api_sock *s, struct api_chat *c);
void chat_detach(struct api_sock *s);
void chat_sock_session(struct api_sock *s);
void chat_sock_event(struct api_sock *s, sv json);
void chat_sock_frame(struct api_chat *c, sv frame, bool while_replaying);
/* api_chat_replay.c */
void chat_sock_replay(struct api_sock *s);           /* from sent_seq on */
void chat_sock_drained(struct api_sock *s);
void chat_sock_closed(struct api_sock *s, const char *why);   /* after the rows it lacks */
void chat_sock_free(struct api_sock *s);             /* once gone and no query is under way */
void chat_send_row(struct api_sock *s, sv json);

#endif
