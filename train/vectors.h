/* vectors.h: vectors of texts for programs that train and measure, made by callm-embed and kept in
 * a file. Not part of the server.
 *
 *	struct vectors *v = vectors_open("e5-small-q4.bin", "vectors.bin");
 *	kb_dense_missing(ix, vectors_want_passage, v);  ... vectors_want(v, true, question);
 *	vectors_make(v);                                        all that is wanted, at once
 *	kb_build(&ix, db, &(struct kb_opts){ .dense = v->kept }, &e);
 *	vectors_query(v, question, floats);                     v->dim of them
 *
 * The program is $CALLM_EMBED, else build/callm-embed. Whatever fails ends the process with a
 * message. One thread. */
#ifndef CALLM_VECTORS_H
#define CALLM_VECTORS_H

#include "kb_int.h"

struct vectors {
	char model[1024], program[1200];
	char name[512];          /* as the server names it: "e5:e5-small-q4.bin" */
	struct kb_dense *kept;   /* passages by their text, questions as "query: ..." */
	int dim;                 /* 0 until the first vector */
	struct { struct vectors_text *v; size_t n, cap; } want;
	size_t made;             /* texts, */
	/* and what they took of all cores, loading the model and all. */
	int64_t cpu_us;
};
/* model: what callm-embed reads; file: keeps the vectors, "" = none. */
struct vectors *vectors_open(const char *model, const char *file);
void vectors_close(struct vectors *v);
void vectors_want(struct vectors *v, bool query, sv text);       /* copied */
void vectors_want_passage(void *v, sv text);                     /* for kb_dense_missing */
void vectors_make(struct vectors *v);
/* out: v->dim floats; made when it is not known yet. */
void vectors_query(struct vectors *v, sv text, float *out);
int vectors_dim(struct vectors *v);      /* asks for one when none is known */

#endif
