/* feel_blob.h: files that embed_bin.c puts into the program.
 *
 *	extern const struct feel_blob feel_models[];
 *	sv bytes = feel_task_embedded("text_base.bin");    aligned to 64
 */
#ifndef CALLM_FEEL_BLOB_H
#define CALLM_FEEL_BLOB_H

#include <stddef.h>

struct feel_blob {
	const char *name;        /* NULL ends a table */
	const char *p;           /* aligned to 64, a NUL behind it */
	size_t n;
};
/* models/, as src/feel/meson.build lists them. */
extern const struct feel_blob feel_models[];

#endif
