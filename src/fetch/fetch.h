/* fetch.h: HTTP(S) client with streaming, deadlines and retry (libcurl multi on our
 * loop); SSE splitter.
 *
 *	struct fetch *f = fetch_new(loop);
 *	struct fetch_opts o = { .url = "https://...", .on_data = got, .on_end = ended, .arg
 * = self };
 *	struct fetch_req *r;
 *	if (fetch_start(&r, f, &o, &e) == 0) ...
 *	fetch_cancel(r);            any time before on_end; no callback afterwards
 *	fetch_free(f);              cancels what still runs
 *
 * One thread: the loop's. Connections are kept and reused. Certificates are always
 * checked.
 */
#ifndef CALLM_FETCH_H
#define CALLM_FETCH_H

#include "base.h"

struct fetch;
struct fetch_req;

struct fetch *fetch_new(struct loop *l);
void fetch_free(struct fetch *f);             /* accepts NULL */
size_t fetch_active(const struct fetch *f);

struct fetch_opts {
	const char *method;        /* NULL = GET, or POST when there is a body */
	const char *url;           /* http or https only */
	const char *headers;       /* "Name: value\r\n..." or NULL */
	sv body;                   /* copied */
	int connect_ms;            /* 0 = 5 s */
	int first_byte_ms;         /* until the response head; 0 = 30 s */
	int stall_ms;              /* longest silence while the body comes; 0 = 30 s */
	int total_ms;              /* 0 = 5 min */
	size_t max_bytes;          /* of the response body; 0 = 8 MiB */
	int retries;               /* 0..2: only while nothing was delivered, see below */
	/* POST may be repeated (it is idempotent or carries a key) */
	bool retry_unsafe;
	int redirects;             /* 0..3, same scheme and host only unless any_host */
	/* Redirects may lead to other hosts, but never from https to http. The headers go
	 * there too: put no secret into them. */
	bool any_host;
	const char *ca_file;       /* PEM; NULL = the system's */
	/* Refuse an address before connecting (SSRF guard); NULL = all allowed. Numeric
	 * address. */
	bool (*allow_addr)(void *arg, const char *addr, int port);
	/* All may be NULL. on_head: final status (after redirects and retries), once.
	 * on_data: a piece; non-zero ends the request with ERR_CANCELED. on_end: err 0
	 * = complete whatever the status; else ERR_TIMEOUT, ERR_NET, ERR_TOOBIG,
	 * ERR_DENIED, ERR_CANCELED ..., status 0 when none came. r is dead after
	 * on_end. None fires from inside fetch_start. */
	void (*on_head)(void *arg, int status, struct fetch_req *r);
	int (*on_data)(void *arg, sv piece);
	void (*on_end)(void *arg, int err, int status);
	void *arg;
};
/* 0; ERR_INVAL (URL, method, header with a line break), ERR_FULL (1024 run already). */
int fetch_start(struct fetch_req **ret, struct fetch *f, const struct fetch_opts *o, struct err *e);
/* Synchronous and idempotent; no callback fires after it. Accepts NULL. Allowed inside
 * callbacks. */
void fetch_cancel(struct fetch_req *r);
/* In on_head and later: value of a response header (last one), SV_NULL when absent. */
sv fetch_header(const struct fetch_req *r, const char *name);
const char *fetch_error(const struct fetch_req *r);   /* in on_end: one line for people */

/* A reference ("../x.whl", "https://...") as seen from the page at base; appended to out. 0,
 * ERR_INVAL. */
int fetch_url_join(const char *base, const char *ref, struct sb *out);

/* Is a numeric address one of this machine, of a private network or set aside (IANA special-purpose
 * registries, also inside IPv6)? True for what is no address. For allow_addr. */
bool fetch_addr_private(const char *addr);

/* Retried: connection errors, 408, 429, 502, 503, 504, when no body byte went to
 * on_data. Wait before attempt n (1, 2): Retry-After if given (at most 10 s), else 200
 * ms * 2^(n-1) * (0.5..1.5). */
int fetch_retry_wait_ms(int attempt, sv retry_after, struct rng *rng);
bool fetch_retryable(int err, int status);

/* --- e-mail by SMTP: one message, on a worker; waits --- */
enum fetch_mail_tls { FETCH_MAIL_STARTTLS, FETCH_MAIL_TLS, FETCH_MAIL_PLAIN };
struct fetch_mail {                /* the server; strings live as long as the call */
	const char *host;
	int port;
	enum fetch_mail_tls tls;   /* certificates are always checked */
	const char *user, *password;       /* NULL = no sign-in */
	const char *from;          /* address of the sender */
	const char *ca_file;       /* PEM; NULL = the system's */
	int timeout_ms;            /* 0 = 30 s */
};
struct fetch_letter {
	sv id;                     /* of the message: a repeat has the same Message-ID */
	sv to, subject, text;      /* text in UTF-8, any number of lines */
};
/* 0: the server has taken it. ERR_IO, ERR_TIMEOUT: again later; ERR_UPSTREAM: the same, but the
 * configuration or our sign-in has to be mended first; ERR_INVAL: the receiver's address is none,
 * or the server refuses this message for good. */
int fetch_mail_send(const struct fetch_mail *m, const struct fetch_letter *l, struct err *e);

/* --- server-sent events --- */
/* Feed any pieces; each event comes out once, in order. LF, CR, CRLF; comments; several
 * data lines are joined by \n; a BOM is skipped; the last event is delivered by
 * fetch_sse_end without its blank line. */
struct fetch_sse {
	struct sb line, data, event, id;
	bool cr, begun, has_data;
	int retry_ms;              /* last "retry:", -1 = none */
	int err;                   /* ERR_TOOBIG sticks */
	/* Non-zero stops: feed returns ERR_CANCELED. event is "message" by default. */
	int (*on_event)(void *arg, sv event, sv data, sv id);
	void *arg;
};
void fetch_sse_init(struct fetch_sse *s, size_t max, int (*on_event)(void *, sv, sv, sv),
		    void *arg);
int fetch_sse_feed(struct fetch_sse *s, sv piece);    /* 0, ERR_TOOBIG, ERR_CANCELED */
int fetch_sse_end(struct fetch_sse *s);
void fetch_sse_done(struct fetch_sse *s);

#endif
