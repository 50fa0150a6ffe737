/* tool_far.h: other systems: what the sources "http", "mcp" and "sql" share. Private to the
 * room. */
#ifndef CALLM_TOOL_FAR_H
#define CALLM_TOOL_FAR_H

#include "fetch.h"
#include "mcp.h"
#include "tool_int.h"

enum far_kind { FAR_HTTP, FAR_MCP, FAR_SQL };
enum {
	FAR_SYSTEMS = 32,
	FAR_AT_ONCE = 2,             /* calls of one system; the others' turns must come too */
	FAR_FAILS = 5,               /* in a row, then it is left alone */
	FAR_REST_MS = 30000,         /* for so long */
	FAR_BYTES = 256 << 10,       /* of an answer */
};

struct far_system {
	enum far_kind kind;
	char *name;
	char *url, *headers, *key, *key_header, *ca_file;    /* http, mcp by http */
	char **argv, **env, **allow;                         /* mcp; each may be NULL */
	char *sqlite;                                        /* sql: path of the file */
	size_t max_bytes;
	int fails_max, rest_ms;
	/* under the far's lock */
	int fails, running;
	int64_t rest_until_ms;       /* monotonic */
	struct mcp *mcp;             /* of the loop's thread, opened when first asked */
};
struct tool_far {
	struct far_system v[FAR_SYSTEMS];
	size_t n;
	char *pins;                  /* file of accepted MCP tools; "" = none */
	pthread_t thread;
	struct loop *loop;
	struct mbox *box;
	struct fetch *fetch;         /* of the loop's thread */
	pthread_mutex_t lock;
	pthread_cond_t wake;
};

/* The system that the declaration names, a turn of it: 0; ERR_NOTFOUND (of that kind there is
 * none), ERR_BUSY, ERR_UPSTREAM (it is left alone for a while). why gets words. */
int far_begin(struct tool_far *f, struct tool_run *r, enum far_kind kind, struct far_system **ret);
/* ok: it answered, for better or worse. */
void far_end(struct tool_far *f, struct far_system *s, bool ok);
/* A line of a request's head with the secret that key names, "Authorization: Bearer .." without a
 * header of its own. Those of cfg_secret: nothing is put. */
int far_key_line(sv key, sv header, struct sb *out, struct err *e);
void far_head_lines(const jv *headers, struct sb *out);      /* {name: value}, a line each */
/* An answer that does not speak of the request itself (RFC 9110, 15.5): of our credentials (401,
 * 403, 407), of what may be otherwise in a moment (408, 425, 429), a redirect, a server in
 * trouble. */
bool far_status_later(int status);
/* Runs fn(arg) on the loop's thread and waits until *over, which it sets with far_over. */
void far_ask(struct tool_far *f, mbox_fn *fn, void *arg, const bool *over);
void far_over(struct tool_far *f, bool *over);
/* Puts the answer into the result: the members that with.take names, or all; checked against
 * with.result. 0 or ERR_UPSTREAM with words. answer is moved. */
int far_take(struct tool_run *r, jv *answer);
/* A name in a template: an argument, or who.key, who.customer, who.conversation, who.lang,
 * who.actor; NULL = none. The caller's. */
jv *far_value(const struct tool_run *r, sv name);
/* Puts text with its {names}; false: one has no value, or is no text or number. enc: each is
 * percent-encoded, and is no "." or "..". */
bool far_text(const struct tool_run *r, sv text, bool enc, struct sb *out);
/* A JSON value from its template, the caller's: "{x}" alone keeps its type, what has no value is
 * left out. NULL: left out altogether. */
jv *far_fill(const struct tool_run *r, const jv *t);

#endif
