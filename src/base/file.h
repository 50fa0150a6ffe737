/* file.h: whole files and folders. */
#ifndef CALLM_BASE_FILE_H
#define CALLM_BASE_FILE_H

#include "sb.h"
#include "err.h"

/* Reads a whole file (at most max bytes) into out. ERR_NOTFOUND, ERR_TOOBIG, ERR_IO; e says
 * which file. */
int file_read(const char *path, size_t max, struct sb *out, struct err *e);
/* Writes to path.tmp, fsyncs, renames, fsyncs the folder: whole or not at all. */
int file_write(const char *path, sv data, struct err *e);
int file_mkdirs(const char *path, struct err *e);        /* like mkdir -p, mode 0700 */
bool file_exists(const char *path);
/* Calls fn for each regular file below dir, sorted by name, depth first; stops at the first
 * non-zero. */
int file_walk(const char *dir, int (*fn)(void *arg, const char *path), void *arg);

#endif
