/* err.h: error codes (0 or negative, from tbl/errors.def) and a message for people. */
#ifndef CALLM_BASE_ERR_H
#define CALLM_BASE_ERR_H

#include <stddef.h>

enum err_code {
	ERR_OK = 0,
#define X(name, code, text, http, sip, retry) ERR_##name = code,
#include "../tbl/errors.def"
#undef X
};

/* What went wrong, where, and how to mend it. Filled by parsers at a boundary. */
struct err {
	int code;
	int line;        /* 1-based, 0 = unknown */
	size_t offset;   /* bytes into the input */
	char msg[400];   /* one clear line without a newline */
};

const char *err_name(int code);  /* "NOTFOUND"; "UNKNOWN" for others; static storage */
const char *err_text(int code);  /* "not found"; static storage */
int err_http(int code);          /* HTTP status, 200 for 0 */
int err_sip(int code);           /* SIP status, 200 for 0 */
int err_retryable(int code);
int err_from_errno(int errnum);  /* positive errno -> our code */
/* Fill e (may be NULL) and return code, so that `return err_set(e, ERR_PARSE, ...)` reads well. */
int err_set(struct err *e, int code, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* A programming error: prints the place to stderr and aborts, in release builds too. */
#define ASSERT(c) ((c) ? (void)0 : err_assert(#c, __FILE__, __LINE__))
_Noreturn void err_assert(const char *what, const char *file, int line);

#endif
