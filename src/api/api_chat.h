/* api_chat.h: one written conversation as the door sees it: sockets that watch it, requests that wait for its
 * replies, and how it comes back after a restart. Door's thread. */
#ifndef CALLM_API_CHAT_H
#define CALLM_API_CHAT_H

#include "api_int.h"

#define CHAT_SOCKS 8
#define CHAT_IDS 64

struct api_sock {                    /* a WebSocket of /ws/chat */
	struct api *a;
	struct web_ws *ws;
	struct api_chat *chat;       /* NULL until session.start or session.resume */
	bool replaying;
	VEC(char *) held;            /* event rows that came while replaying */
	int64_t sent_seq;
	int replays;                 /* queries under way: keeps the struct alive */
	bool gone;
};

struct api_wait {                    /* a REST request waiting for its reply */
	struct api_wait *next;
	struct web_req *r;
	char *client_id, *text;
	bool create, acked, sent;
	int64_t seq;
	int turn;                    /* of its text, -1 unknown */
	jv *reply;
};

struct api_chat {
	struct api *a;
	struct chan_web *w;          /* NULL while loading */
	char id[27], interaction[27];
	bool loading;
	struct api_sock *socks[CHAT_SOCKS];
	int n_socks;
	struct api_wait *waits;
	char *greeting;
	struct {
		uint64_t hash;
		int64_t seq;         /* 0 = not yet on disk */
	} ids[CHAT_IDS];
	unsigned n_ids;
};

/* A new conversation with its first socket or request; NULL when full. info's strings may be temporary. */
struct api_chat *chat_open(struct api *a, const char *channel, sv language, sv name, sv address);
/* The conversation of a valid token: the one at hand, or one that is being loaded from the river. */
struct api_chat *chat_find_or_load(struct api *a, sv id);
/* Hands a text in; waits until loaded. Same client_id twice: *ret_seq is the first one's number (0 = under way)
 * and ERR_EXISTS. */
int chat_text(struct api_chat *c, sv text, sv client_id, int64_t *ret_seq);
bool chat_token(struct api *a, const char *id, char *out, size_t cap);
void chat_sock_detach(struct api_sock *s);
/* ws side: a row or another frame for all sockets */
void chat_sock_event(struct api_sock *s, sv json);
void chat_sock_frame(struct api_chat *c, sv frame);
void chat_sock_replay(struct api_sock *s, int64_t after);
void chat_sock_closed(struct api_sock *s, const char *why);

#endif
