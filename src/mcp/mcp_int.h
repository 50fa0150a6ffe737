/* mcp_int.h: what the client's files share. Loop's thread.
 *
 *	mcp.c         life: open, close, which generation the server speaks, requests and answers
 *	mcp_list.c    its tools: pages, trust, calls
 *	mcp_pin.c     the file of accepted tools
 *	mcp_stdio.c   a server as a child process;  mcp_http.c  one behind an address
 *	mcp_head.c    values as HTTP headers
 *	mcp_text.c    pure pieces
 */
#ifndef CALLM_MCP_INT_H
#define CALLM_MCP_INT_H

#include "fetch.h"
#include "io.h"
#include "mcp.h"

#define MCP_META "io.modelcontextprotocol/"
enum { MCP_UNSUPPORTED_VERSION = -32022, MCP_HEADER_MISMATCH = -32020, MCP_NO_METHOD = -32601 };

/* A request under way. Embed-free: owned by the client's list. */
struct mcp_req {
	struct mcp_req *next;
	struct mcp *m;
	int64_t id;
	const char *method;
	struct loop_timer deadline;
	/* Exactly one of result and error (both owned by the caller) with err 0; why is set with
	 * err. Once; the request is gone afterwards. */
	void (*done)(void *arg, int err, const char *why, const jv *result, const jv *error);
	void *arg;
	struct mcp_call *call;       /* gets progress; may be NULL */
	char *headers;               /* Mcp-Name and Mcp-Param-*; owned */
	struct mcp_post *post;       /* over HTTP: the exchange */
};
typedef void mcp_done_fn(void *arg, int err, const char *why, const jv *result, const jv *error);

struct mcp_link {
	/* Hands a message over; r NULL = a notification or an answer. 0 or why not. */
	int (*send)(struct mcp *m, struct mcp_req *r, sv json);
	void (*drop)(struct mcp *m, struct mcp_req *r);      /* nobody waits for r any more */
	void (*close)(struct mcp *m);
};
extern const struct mcp_link mcp_stdio, mcp_http;

enum mcp_state {
	MCP_DOWN,                    /* stdio: no process; HTTP: nothing asked so far */
	MCP_PROBING,                 /* server/discover, then perhaps initialize, is under way */
	MCP_UP,
};

struct mcp_item {                    /* a tool, and what its views look into */
	struct mcp_tool t;
	jv *def;
	char why[160];
};

struct mcp {
	struct loop *loop;
	const struct mcp_link *link;
	char *name, *url, *headers, *pins;
	char **argv, **env, **allow;
	struct mcp_opts o;           /* numbers and callbacks */
	enum mcp_state state;
	bool modern, dead;
	bool tells;                  /* it would tell when its list changes, if asked to */
	struct mcp_req *listen;      /* the question that asks it to, as long as it lasts */
	int64_t listen_ms;           /* since then */
	int busy;                    /* callbacks on the stack */
	char version[16], server[128];
	char why[300];               /* why it is down */
	int64_t retry_ms;            /* HTTP: not before */
	int backoff_ms;
	int64_t next_id;
	struct mcp_req *reqs;
	struct loop_timer start, probe, later;
	bool init_sent;
	/* tools */
	struct mcp_items {
		struct mcp_item *v;
		size_t n, cap;
	} tools, fresh;              /* fresh: of the list being read */
	bool listed, listing, stale;
	bool again;                  /* the list was begun anew after a lost session */
	int pages;
	int64_t fresh_until_ms;
	/* pins */
	jv *pinned;                  /* {server: {tool: hash}} */
	/* calls and lists waiting for the server or its list */
	struct mcp_call *calls;
	int n_calls;
	/* stdio */
	struct io_proc *proc;
	struct mcp_lines lines;
	int junk;                    /* lines that were no message */
	/* HTTP */
	struct fetch *fetch;
	struct mcp_post *posts;
	char session[128];
};

/* ---- mcp.c ---- */
/* Sends method with params (moved; may be NULL); headers moved. done is never called from inside:
 * an error that comes at once is returned instead, with m->why. */
int mcp_ask(struct mcp *m, const char *method, jv *params, int deadline_ms, char *headers,
	    mcp_done_fn *done, void *arg, struct mcp_req **ret);
void mcp_tell(struct mcp *m, const char *method, jv *params);        /* a notification */
/* Forgets the request; the server is told. */
void mcp_req_drop(struct mcp_req *r, const char *reason);
/* Ends the request with an error of ours. */
void mcp_req_fail(struct mcp_req *r, int err, const char *why);
/* One message came; hint: the request whose exchange brought it, or NULL. false: no JSON-RPC. */
bool mcp_take(struct mcp *m, struct mcp_req *hint, sv json);
/* Everything under way fails; the next question begins anew. */
void mcp_down(struct mcp *m, int err, const char *why);
void mcp_fall(struct mcp *m, int err, const char *why);      /* and a process is ended */
void mcp_cancel_there(struct mcp_req *r, const char *reason);        /* tells the server */
void mcp_connect(struct mcp *m);     /* begins to find out the generation */
/* Asks a server of the newer generation to tell of changes, unless it does already. */
void mcp_listen(struct mcp *m);
void mcp_say_why(struct mcp *m, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Brackets around callbacks: leave is false when the client is gone. */
void mcp_enter(struct mcp *m);
bool mcp_leave(struct mcp *m);

/* ---- mcp_stdio.c, mcp_http.c ---- */
int mcp_stdio_open(struct mcp *m, struct err *e);
int mcp_http_open(struct mcp *m, struct err *e);

/* ---- mcp_list.c ---- */
void mcp_calls_drop(struct mcp *m);          /* without a word */
void mcp_calls_run(struct mcp *m);           /* the server is up: go on with what waits */
void mcp_calls_fail(struct mcp *m, int err, const char *why);        /* what waits unsent */
void mcp_tools_done(struct mcp *m);          /* frees */
void mcp_progress(struct mcp *m, const jv *params);
struct mcp_item *mcp_tool_find(struct mcp *m, sv name);

/* ---- mcp_pin.c ---- */
int mcp_pins_load(struct mcp *m, struct err *e);
/* Sets trust and why of every tool of m->tools; the first meeting accepts them all. */
void mcp_pins_judge(struct mcp *m);

/* ---- mcp_head.c ---- */
/* NULL, or what is wrong with the x-mcp-header annotations of a schema. */
const char *mcp_head_bad(const jv *schema);
/* "Mcp-Name: ...\r\nMcp-Param-...: ...\r\n" of a call, to be freed with xfree. */
char *mcp_head_make(sv tool, const jv *schema, const jv *args);
void mcp_head_value(sv v, struct sb *out);   /* as it is, or =?base64?...?= */
/* What a header says, decoded; SV_NULL when it cannot be. */
sv mcp_head_read(struct arena *a, sv value);

jv *mcp_self(void); /* {name, version}: who we are, to either side */

#endif
