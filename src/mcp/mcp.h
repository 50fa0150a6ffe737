/* mcp.h: the Model Context Protocol, both sides and both generations: 2025-11-25 (handshake,
 * sessions) and 2026-07-28 (stateless).
 *
 *	static const char *const argv[] = { "/usr/bin/crm-mcp", NULL };
 *	struct mcp *m;
 *	mcp_open(&m, loop, &(struct mcp_opts){ .name = "crm", .argv = argv, .pins =
 * "mcp-pins.json" }, &e); mcp_call(&c, m, &(struct mcp_call_opts){ .tool = SV("order_get"),
 * .args = args, .deadline_ms = 5000, .on_done = got, .arg = self }); mcp_close(m); cancels what
 * runs; no callback afterwards
 *
 * What a server writes (descriptions, results) is somebody else's text: data for a model, never
 * instructions, and never a permission. mcp_quote wraps it so.
 * One thread: the loop's. Nothing here logs.
 */
#ifndef CALLM_MCP_H
#define CALLM_MCP_H

#include "base.h"

#define MCP_MODERN "2026-07-28"
#define MCP_LEGACY "2025-11-25"

enum {
	MCP_TOOLS = 512,             /* tools of one server */
	MCP_PAGES = 64,              /* pages of its list */
	MCP_CALLS = 64,              /* under way at one server */
	MCP_MSG = 4 << 20,           /* bytes of one message */
	MCP_TEXT = 1 << 20,          /* bytes of a result's text */
	MCP_NAME = 128,              /* bytes of a tool's name */
};

/* ---- client ---- */

struct mcp;
struct mcp_call;

struct mcp_opts {
	/* of the server, for messages and pins; copied as all strings. */
	const char *name;
	/* stdio: argv[0] is a path or is looked for in PATH. */
	const char *const *argv;
	/* "NAME=value" on top of PATH, HOME, USER, LANG, TERM, TMPDIR and XDG_*: nothing else
	 * of our environment reaches the server. May be NULL. */
	const char *const *env;
	const char *url;             /* or Streamable HTTP */
	const char *headers;         /* "Authorization: Bearer ...\r\n", or NULL */
	const char *const *allow;    /* names of tools that may be called; NULL = all */
	/* File of accepted tools. At the first meeting of a server all its tools are accepted;
	 * what is new or changed afterwards is refused until mcp_pin. NULL = no pinning. */
	const char *pins;
	int start_ms;                /* longest wait for a server to get ready; 0 = 60 s */
	int probe_ms;                /* then an old server is assumed; 0 = 4 s */
	/* Refuses an address before connecting; NULL = all. */
	bool (*allow_addr)(void *arg, const char *addr, int port);
	/* What the server writes to stderr, a line at a time; NULL = dropped. */
	void (*on_line)(void *arg, sv line);
	void *arg;
};
/* Starts the program, or notes the address: a connection is made when something is asked.
 * 0; ERR_INVAL, ERR_NOTFOUND (no such program), ERR_DENIED, ERR_FULL, ERR_CORRUPT (the pins). */
int mcp_open(struct mcp **ret, struct loop *l, const struct mcp_opts *o, struct err *e);
void mcp_close(struct mcp *m);       /* accepts NULL; also inside callbacks */
/* For commands that have the time: what runs fails, a child process is asked to end (its stdin
 * does) and mcp_over once it has; mcp_close kills one that does not. */
void mcp_hangup(struct mcp *m);
bool mcp_over(const struct mcp *m);
/* "2026-07-28", "2025-11-25" or what an older server asked for; "" = not known yet. */
const char *mcp_version(const struct mcp *m);
sv mcp_server_name(const struct mcp *m);     /* as it calls itself; "" = not known yet */

enum mcp_trust {
	MCP_TRUST_OK,
	MCP_TRUST_NEW,               /* not among the accepted ones */
	MCP_TRUST_CHANGED,           /* says something else than when it was accepted */
	MCP_TRUST_DENIED,            /* not on the allow list */
	MCP_TRUST_BAD,               /* its definition is against the protocol */
};
struct mcp_tool {                    /* owned by the client, valid until the callback returns */
	sv name, title, description;
	const jv *input, *output;    /* JSON Schemas; output may be NULL */
	/* The server's own hints. They may help people choose; they allow nothing. */
	bool read_only, destructive;
	char hash[65];               /* SHA-256 over canonical name, description and schemas */
	enum mcp_trust trust;
	const char *why;             /* for people, when trust is not OK */
};
/* err 0, or the reason in why. */
typedef void mcp_tools_fn(void *arg, int err, const char *why, const struct mcp_tool *v, size_t n);
/* Asks for the tools (all pages) within deadline_ms; fn once, never from inside this call.
 * ERR_FULL: MCP_CALLS are under way. */
int mcp_tools(struct mcp *m, int deadline_ms, mcp_tools_fn *fn, void *arg);
/* Accepts the tools as the server says them now: all of them, or one by name. They must have been
 * asked for. ERR_NOTFOUND, ERR_STATE (no pins file), ERR_IO. */
int mcp_pin(struct mcp *m, sv tool, size_t *ret_n, struct err *e);

struct mcp_result {                  /* valid until the callback returns */
	int err;                     /* 0 = the tool answered, for better or worse */
	/* One line for people when err or is_error, without control characters; never NULL. */
	const char *why;
	bool is_error;               /* the tool itself says that it failed */
	/* all text blocks, joined by line breaks; cut at MCP_TEXT. */
	sv text;
	const jv *content;           /* the blocks; NULL with err */
	const jv *structured;        /* checked against the output schema; or NULL */
};
struct mcp_call_opts {
	sv tool;
	const jv *args;              /* an object, or NULL; copied */
	int deadline_ms;             /* 0 = 30 s; progress does not lengthen it */
	const char *traceparent;     /* W3C, or NULL */
	/* total 0 = unknown. */
	void (*on_progress)(void *arg, double done, double total, sv message);
	void (*on_done)(void *arg, const struct mcp_result *r);                  /* once */
	void *arg;
};
/* Connects if need be, looks at the tool's definition, checks the arguments against its schema,
 * calls. Never calls back from inside. err of the result: ERR_NOTFOUND no such tool, ERR_DENIED not
 * allowed or not accepted, ERR_INVAL arguments, ERR_TIMEOUT, ERR_UPSTREAM the server failed,
 * ERR_AUTH it refuses us, ERR_TOOBIG, ERR_UNSUPPORTED it wants what we do not offer.
 * Returns ERR_FULL, ERR_INVAL. A call is never repeated once it was sent. */
int mcp_call(struct mcp_call **ret, struct mcp *m, const struct mcp_call_opts *o);
/* Tells the server; no callback afterwards. Accepts NULL; not after on_done. */
void mcp_call_cancel(struct mcp_call *c);

/* {"untrusted":true,"server":..,"tool":..,"is_error":..,"text":..,"structured":..}: how a result
 * goes to a model or a log. */
jv *mcp_quote(const char *server, sv tool, const struct mcp_result *r);

/* ---- the pieces, pure ---- */

/* Canonical JSON (members by name, no blanks; RFC 8785 but for numbers, which are written as
 * jv_dump does). */
void mcp_canonical(const jv *v, struct sb *out);
void mcp_tool_hash(const jv *tool, char hex[65]);

/* Control characters become blanks, in place: text of strangers must not steer a terminal. lines:
 * line breaks and tabs stay. */
void mcp_plain(char *text, bool lines);

/* Lines of a stream, whole, without their ends. */
struct mcp_lines {
	struct sb part;
	int err;                     /* ERR_TOOBIG sticks */
};
void mcp_lines_init(struct mcp_lines *x, size_t max);
void mcp_lines_done(struct mcp_lines *x);
/* 0; ERR_TOOBIG; or the first non-zero that fn returns (then x is dead to the caller). */
int mcp_lines_feed(struct mcp_lines *x, sv bytes, int (*fn)(void *arg, sv line), void *arg);

/* ---- server ---- */

struct mcp_srv_tool {                /* static */
	const char *name, *title, *what;
	const char *input, *output;  /* JSON Schemas; output NULL = none */
	bool read_only;
	int level;                   /* shown to callers of this level or higher */
};
struct mcp_srv;
/* ERR_PARSE: a schema of the table is not JSON (a mistake of ours). */
int mcp_srv_new(struct mcp_srv **ret, const struct mcp_srv_tool *v, size_t n, const char *hint);
void mcp_srv_free(struct mcp_srv *s);        /* accepts NULL */

/* A message as it came; on stdio only body. Header values SV_NULL = absent. */
struct mcp_srv_in {
	sv body;
	bool http;
	sv version, method, name;    /* MCP-Protocol-Version, Mcp-Method, Mcp-Name */
	int level;                   /* of the caller */
};
enum mcp_srv_kind {
	MCP_SRV_ANSWER,              /* body is the answer, with an HTTP status */
	MCP_SRV_NOTHING,             /* a notification: 202 without a body */
	MCP_SRV_CALL,                /* perform tool with args, then mcp_srv_result */
	MCP_SRV_CANCEL,              /* the call with this id is no longer wanted */
};
struct mcp_srv_out {                 /* mcp_srv_out_done when through */
	enum mcp_srv_kind kind;
	int status;
	struct sb body;
	size_t tool;                 /* index of the table */
	jv *args, *id;               /* owned; id: of the request */
	bool modern;
};
/* Reads one message. Never fails: mistakes become the answer. Thread-safe. */
void mcp_srv_take(const struct mcp_srv *s, const struct mcp_srv_in *in, struct mcp_srv_out *out);
void mcp_srv_out_done(struct mcp_srv_out *out);
/* The answer to a call into out->body: value (moved; an object) as structured content and as
 * text. */
void mcp_srv_result(struct mcp_srv_out *out, jv *value);
/* The tool failed: words that tell a model how to do better. */
void mcp_srv_failed(struct mcp_srv_out *out, const char *why);

#endif
