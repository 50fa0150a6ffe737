/* err.c: names, texts and protocol codes of errors, all from tbl/errors.def.
 *
 * Codes are small negative numbers without holes that matter, so the table is indexed by -code.
 * No state; any thread.
 */
#include "err.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

struct row {
	const char *name, *text;
	short http, sip;
	char retry;
};

static const struct row rows[] = {
	[0] = { "OK", "ok", 200, 200, 0 },
#define X(name, code, text, http, sip, retry) [-(code)] = { #name, text, http, sip, retry },
#include "../tbl/errors.def"
#undef X
};

static const struct row unknown = { "UNKNOWN", "unknown error", 500, 500, 0 };

static const struct row *row_of(int code)
{
	int i = code > -1000 ? -code : -1;

	if (i < 0 || i >= (int)(sizeof(rows) / sizeof(rows[0])) || !rows[i].name)
		return &unknown;
	return &rows[i];
}

const char *err_name(int code)
{
	return row_of(code)->name;
}

const char *err_text(int code)
{
	return row_of(code)->text;
}

int err_http(int code)
{
	return row_of(code)->http;
}

int err_sip(int code)
{
	return row_of(code)->sip;
}

int err_retryable(int code)
{
	return row_of(code)->retry;
}

int err_from_errno(int errnum)
{
	static const struct {
		int errnum, code;
	} map[] = {
		{ 0, ERR_OK }, { ENOENT, ERR_NOTFOUND }, { ENOTDIR, ERR_NOTFOUND },
		{ ENOMEM, ERR_NOMEM }, { EINVAL, ERR_INVAL }, { EEXIST, ERR_EXISTS },
		{ EACCES, ERR_DENIED }, { EPERM, ERR_DENIED }, { EAGAIN, ERR_AGAIN },
		{ EINTR, ERR_AGAIN }, { ETIMEDOUT, ERR_TIMEOUT }, { ECANCELED, ERR_CANCELED },
		{ EPIPE, ERR_CLOSED }, { ECONNRESET, ERR_CLOSED }, { EBADF, ERR_CLOSED },
		{ ECONNREFUSED, ERR_NET }, { ENETUNREACH, ERR_NET }, { EHOSTUNREACH, ERR_NET },
		{ EADDRINUSE, ERR_BUSY }, { EADDRNOTAVAIL, ERR_NET }, { EBUSY, ERR_BUSY },
		{ EMSGSIZE, ERR_TOOBIG }, { EFBIG, ERR_TOOBIG }, { ENOSPC, ERR_FULL },
		{ ENOBUFS, ERR_FULL }, { EMFILE, ERR_FULL }, { ENFILE, ERR_FULL },
		{ ERANGE, ERR_RANGE }, { ENOSYS, ERR_UNSUPPORTED }, { EOPNOTSUPP, ERR_UNSUPPORTED },
	};

	for (size_t i = 0; i < sizeof(map) / sizeof(map[0]); i++)
		if (map[i].errnum == errnum)
			return map[i].code;
	return ERR_IO;
}

int err_set(struct err *e, int code, const char *fmt, ...)
{
	va_list ap;

	if (!e)
		return code;
	e->code = code;
	e->line = 0;
	e->offset = 0;
	va_start(ap, fmt);
	(void)vsnprintf(e->msg, sizeof(e->msg), fmt, ap);
	va_end(ap);
	for (char *p = e->msg; *p; p++)
		if (*p == '\n' || *p == '\r')
			*p = ' ';
	return code;
}

void err_assert(const char *what, const char *file, int line)
{
	(void)fprintf(stderr, "%s:%d: assertion failed: %s\n", file, line, what);
	(void)fflush(stderr);
	abort();
}
