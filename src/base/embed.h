/* embed.h: files compiled into the program by scripts/embed: web pages, SQL, prompts.
 *
 *	extern const struct embed_file ui_files[];
 *	extern const size_t ui_files_n;
 *	const struct embed_file *f = embed_find(ui_files, ui_files_n, SV("index.html"));
 */
#ifndef CALLM_BASE_EMBED_H
#define CALLM_BASE_EMBED_H

#include "sb.h"

struct embed_file {
	const char *path;         /* relative, with '/' */
	const char *mime;
	const char *etag;         /* quoted, from the contents */
	/* A gzip file: send it as it is with Content-Encoding: gzip. */
	const unsigned char *gz;
	size_t gz_len, raw_len;
};
/* files are sorted by path; NULL when there is none. */
const struct embed_file *embed_find(const struct embed_file *files, size_t n, sv path);
/* The contents, appended to out. 0, ERR_TOOBIG, ERR_CORRUPT. */
int embed_text(const struct embed_file *f, struct sb *out);

#endif
