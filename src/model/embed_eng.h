/* embed_eng.h: the engines of the program callm-embed: text to a unit vector; private to model.
 *
 *	struct eng *m;
 *	if (eng_open(&m, "e5-small-q4.bin", NULL, &e) == 0) {
 *		void *w = m->ops->work_new(m);                 one a thread
 *		m->ops->embed(m, w, false, SV("where is my order"), v);
 *		m->ops->work_free(w);
 *		m->ops->close(m);
 *	}
 */
#ifndef CALLM_MODEL_EMBED_ENG_H
#define CALLM_MODEL_EMBED_ENG_H

#include "base.h"

struct eng;
struct eng_ops {
	int (*open)(struct eng *m, const char *file, const char *runtime, struct err *e);
	/* NULL: no memory. */
	void *(*work_new)(struct eng *m);
	void (*work_free)(struct eng *m, void *work);
	/* v: m->dim numbers of length 1; zeros where the engine failed. */
	void (*embed)(struct eng *m, void *work, bool passage, sv text, float *v);
	/* Prints a text's pieces, a line each: number, tab, bytes. */
	void (*pieces)(struct eng *m, sv text);
	void (*close)(struct eng *m);
};
struct eng {
	const struct eng_ops *ops;
	int dim;
	/* of a question at most, so that none keeps others waiting; 0: no limit. */
	int query_tokens;
	char about[128]; /* "avx512vnni", "gemma-embedding 300M Q8_0" */
	void *priv;
};

/* By the file's first bytes: a GGUF file is computed by llama.cpp, whose libraries lie in the
 * folder runtime (NULL: the environment's CALLM_LLAMA_RUNTIME); everything else must be the own
 * engine's. ERR_NOTFOUND, ERR_CORRUPT, ERR_VERSION, ERR_UNSUPPORTED, ERR_NOMEM; e tells how to
 * mend it. */
int eng_open(struct eng **ret, const char *file, const char *runtime, struct err *e);
void eng_close(struct eng *m); /* accepts NULL */

extern const struct eng_ops eng_e5, eng_llama;

#endif
