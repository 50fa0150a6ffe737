/* tel_re.h: libre with the settings Debian built it with. Only front-thread files
 * include it. */
#ifndef CALLM_TEL_RE_H
#define CALLM_TEL_RE_H

/* libre's pkg-config file does not carry these; without them re_types.h redefines C99's
 * types. */
#define HAVE_INTTYPES_H 1
#define HAVE_STDBOOL_H 1
#define HAVE_INET6 1
#define HAVE_PTHREAD 1
#define RELEASE 1

#include <string.h>
#include <re.h>

#endif
