/* api_people.h: the people's side at the door: agents' sockets, what they are told and what they
 * ask for. Private to the api; all on the door's thread.
 *
 *	agent = api_agent_find(a, SV("mei"));
 *	api_agent_tell(agent, "handover.accepted", json);       kept: a cut socket gets it later
 *	api_agent_show(agent, "assist.suggestion", json);       now or never
 *
 * An order of an agent or supervisor is one struct api_op, whether it came as a frame of
 * /ws/agent or as a request: the table in api_agent_op.c says who may and what is done. */
#ifndef CALLM_API_PEOPLE_H
#define CALLM_API_PEOPLE_H

#include "api_int.h"

#define AGENT_SOCKS 8            /* of one login */
#define AGENT_RING 1000          /* events kept for a socket that was cut */
#define AGENT_RING_BYTES (LIM_WS_QUEUE / 2)   /* with hello they fit one socket */

struct api_agent;
struct api_people {
	struct api *a;
	struct map *agents;          /* login -> struct api_agent */
	struct map *served;          /* conversation -> struct api_served */
	struct loop_timer tick;
	int64_t seq0;                /* of the first event of a new agent */
	/* the numbers last fed, {"items":[..]}; NULL = none yet. */
	char *queues_now, *agents_now;
	int64_t lost;                /* messages that full mailboxes had refused */
	struct api_alerts *alerts;
};
/* Who hears of a conversation, and who is in its call. */
struct api_served {
	char login[4][64];
	int n;
	bool voice;
	char lang[8];                /* the customer's; empty = not known */
	char party[6][64];           /* joined: "agent:mei", "consult:tom" */
	int n_party;
	char taker[64];              /* login of who takes it over once in the call */
	bool angry;                  /* the customer, by their last words */
};
struct api_name {                    /* of an agent, from the plan */
	char text[128], extension[64];
};

/* ---- orders ---- */

struct desk_sock;
struct api_op_kind;
struct api_op {
	struct api *a;
	struct api_user u;
	const struct api_op_kind *kind;
	jv *data;                    /* what came with it; handover and conversation by REST */
	struct web_req *r;           /* a request, or ... */
	struct desk_sock *sock;      /* ... a frame, with its id */
	char re[72];
	char request[27];            /* of its audit rows; empty = none */
};
struct api_op_kind {
	const char *name, *may;      /* of the frame; the permission (tbl/permissions.def) */
	void (*run)(struct api_op *op);      /* ends with api_op_done or api_op_fail, once */
};
/* An order that came as a frame; takes data. Answers itself, also when it may not. */
void api_op_frame(struct desk_sock *s, const struct api_user *u, sv re, sv name, jv *data);
/* The same as a request: the path says which, the body is its data. */
void api_op_request(struct web_req *r, void *arg);
/* One that another route stands for; takes data. Answers r, also when they may not. */
void api_op_rest(struct api *a, struct web_req *r, const struct api_user *u, sv name, jv *data);
void api_op_done(struct api_op *op, sv json);        /* 200; json empty = {} */
/* status < 0 is an error code. detail NULL: the code's own words. */
void api_op_fail(struct api_op *op, int status, const char *detail);

/* ---- agents' sockets (api_agent.c) ---- */

extern const struct web_ws_ops api_agent_ws, api_seat_ws;
int api_people_open(struct api *a);
void api_people_stop(struct api *a);                 /* the thread ends */
void api_people_done(struct api *a);                 /* sockets are closed */
/* NULL: never here, or long gone. */
struct api_agent *api_agent_find(struct api *a, sv login);
/* type is one of the program's own words, json an object; g NULL = nobody. */
void api_agent_tell(struct api_agent *g, const char *type, sv json);
void api_agent_show(struct api_agent *g, const char *type, sv json);
/* Was it taken from them after event number after (or is that no longer known)? */
bool api_agent_lost(const struct api_agent *g, int64_t after, sv conversation);
void api_agents_show(struct api *a, const char *type, sv json);      /* to all */
void api_agents_show_but(struct api *a, sv login, const char *type, sv json);
/* Who hears of a conversation's rows: those who serve it. */
void api_serve(struct api *a, sv conversation, sv login, bool on);
/* Nobody any more; over: nor is anybody in its call. */
void api_serve_none(struct api *a, sv conversation, bool over);
bool api_serves(struct api *a, sv conversation, sv login);
struct api_served *api_served(struct api *a, sv conversation);       /* may be NULL */
bool api_hears(struct api *a, sv conversation, sv party);    /* is it in the call? */
/* A row of a conversation, as the consoles get it. */
void api_agents_row(struct api *a, sv conversation, sv row);
void api_agents_serving(struct api *a, sv conversation, const char *type, sv json, bool kept);
/* The answer to an order; re and json are JSON-safe by the callee. */
void desk_sock_reply(struct desk_sock *s, sv re, int status, sv json, const char *detail);
sv desk_sock_peer(const struct desk_sock *s);
struct api *desk_sock_api(const struct desk_sock *s);
void desk_sock_ref(struct desk_sock *s);
void desk_sock_unref(struct desk_sock *s);

/* ---- api_agent_feed.c ---- */
void api_agent_came(struct api *a, sv login, bool here);     /* first socket, last socket */
bool api_is_agent(struct api *a, sv login);      /* does the plan name them? */
void api_name_of(struct api *a, const char *login, struct api_name *ret);
/* ---- api_calls.c: an agent calls somebody ---- */
struct api_caller {                  /* and their own line, as of chan_party */
	char party[80], to[96], login[64], name[128];
};
void api_call_by(struct api_op *op, const struct api_caller *by);    /* answers the order */

/* A row of a conversation with people in it: who is in the call. */
void api_call_row(struct api *a, sv conversation, const jv *row);

/* ---- api_alert.c: what a supervisor should look at ---- */
void api_alerts_open(struct api *a);
void api_alerts_done(struct api *a);
void api_alert_queues(struct api *a, const jv *board);
void api_alert_agent(struct api *a, const jv *state);        /* an agent.state */
void api_alert_mood(struct api *a, sv conversation, sv emotion);

/* ---- api_live.c: to consoles ---- */
void api_live_show(struct api *a, const char *type, sv json);

/* ---- routes ---- */
void api_handovers(struct web_req *r, void *arg);
void api_handover(struct web_req *r, void *arg);
void api_queues(struct web_req *r, void *arg);
void api_queue(struct web_req *r, void *arg);
void api_queue_put(struct web_req *r, void *arg);
void api_queue_delete(struct web_req *r, void *arg);
void api_queues_realtime(struct web_req *r, void *arg);
void api_skills(struct web_req *r, void *arg);
void api_skill_put(struct web_req *r, void *arg);
void api_skill_delete(struct web_req *r, void *arg);
void api_agents(struct web_req *r, void *arg);
void api_agent(struct web_req *r, void *arg);
void api_agent_put(struct web_req *r, void *arg);
void api_agent_delete(struct web_req *r, void *arg);
void api_hours(struct web_req *r, void *arg);

#endif
