/* worker_llama.h: the parts of callm-llama, the program that runs a local language model;
 * private to model, one thread.
 *
 *	worker_llama.c       frames, the runs, whose turn it is
 *	worker_llama_chat.c  messages to tokens: the model's own template or a plain transcript
 *	worker_llama_slot.c  sequences of the KV cache: which beginning is already computed
 *	worker_llama_text.c  tokens to text: whole characters, stop strings, going in circles
 *	worker_llama_rt.c    the only file that calls llama.cpp
 *	worker_cpu.c         free cores and the memory ceiling
 */
#ifndef CALLM_WORKER_LLAMA_H
#define CALLM_WORKER_LLAMA_H

#include "base.h"

/* ---- worker_llama_rt.c: llama.cpp v0.5.0, opened at run time ---- */
struct lrt;
struct lrt_sampler;
struct lrt_opts {
	const char *runtime, *file; /* folder of the libraries; GGUF */
	int n_ctx, threads;         /* tokens of all sequences together */
	bool (*stop)(void *arg);    /* asked often during a decode; true breaks it off */
	void *arg;
};
enum { LRT_SEQS = 16, LRT_BATCH = 128 };
enum { LRT_OK, LRT_NO_ROOM, LRT_STOPPED, LRT_FAILED };

/* Loads libraries and model. ERR_NOTFOUND, ERR_VERSION, ERR_CORRUPT, ERR_NOMEM; e tells how
 * to mend it. */
int lrt_open(struct lrt **ret, const struct lrt_opts *o, struct err *e);
void lrt_close(struct lrt *l); /* accepts NULL */
int lrt_n_ctx(const struct lrt *l);
const char *lrt_about(const struct lrt *l); /* "gemma3 270M Q4_K - Medium" */
void lrt_threads(struct lrt *l, int n);
bool lrt_recurrent(const struct lrt *l); /* its state cannot be cut at any place */

/* The chat template of the file, NULL when it has none or one that is not known. */
const char *lrt_template(const struct lrt *l);
/* roles and texts as the template lays them out, with the opening of an answer at the end;
 * ERR_UNSUPPORTED when the template refuses. */
int lrt_layout(const struct lrt *l, const char *const *roles, const char *const *texts,
	       size_t n, struct sb *out);
/* Appends the tokens of text to v (room for max); the number written, or ERR_TOOBIG. special:
 * names of control tokens in text mean these tokens, so never for what people wrote. */
int lrt_tokens(const struct lrt *l, sv text, bool first, bool special, int32_t *v, int max);
bool lrt_is_end(const struct lrt *l, int32_t token);
size_t lrt_piece(const struct lrt *l, int32_t token, char *buf, size_t n); /* bytes */

/* The next decode: at most LRT_BATCH tokens. want: its distribution is needed afterwards, at
 * the index that is returned. */
void lrt_batch_reset(struct lrt *l);
int lrt_batch_add(struct lrt *l, int32_t token, int pos, int seq, bool want);
int lrt_batch_n(const struct lrt *l);
int lrt_decode(struct lrt *l);

/* Keeps the first n tokens of seq; false when that cannot be done (nothing is left then). */
bool lrt_seq_cut(struct lrt *l, int seq, int n);
void lrt_seq_copy(struct lrt *l, int from, int to, int n); /* the first n, to is empty */

struct lrt_sampling {
	const char *grammar; /* NULL = free */
	double temperature;
	uint32_t seed;
};
/* NULL: the grammar cannot be read; lrt_log tells why. */
struct lrt_sampler *lrt_sampler_new(struct lrt *l, const struct lrt_sampling *s);
void lrt_sampler_free(struct lrt_sampler *s); /* accepts NULL */
/* The next token from the distribution at that index of the last decode. */
int32_t lrt_sample(struct lrt_sampler *s, int index);
const char *lrt_log(void); /* the last line of warning or error llama.cpp wrote */

/* ---- worker_llama_text.c ---- */
enum { OUT_STOPS = 4, OUT_PIECE = 512, OUT_TAIL = 256 };
struct out_text {
	struct sb held;              /* not yet passed on: may begin a stop string */
	char part[4];                /* of a character that is not complete */
	size_t n_part;
	const char *stops[OUT_STOPS]; /* not owned */
	size_t n_stops;
	bool begun, stopped;         /* text came; a stop string or a circle ended it */
	bool in_shape;               /* by a grammar: it ends by itself */
	struct sb tail;              /* the last of what was said, to notice circles */
};
void out_init(struct out_text *t);
void out_done(struct out_text *t);
/* Puts a token's bytes; what may be passed on is appended to ready: whole characters. */
void out_put(struct out_text *t, sv bytes, struct sb *ready);
void out_end(struct out_text *t, struct sb *ready);
/* The bytes continue a text whose last character may be incomplete without breaking UTF-8;
 * state is the number of continuation bytes still due, 0 at the beginning. */
bool out_utf8_step(int *state, sv bytes);

/* ---- worker_llama_chat.c ---- */
struct chat_msg {
	char *role, *text; /* "system", "user", "assistant" */
};
struct chat {
	VEC(struct chat_msg) msgs;
	bool plain; /* laid out as a transcript */
};
void chat_free(struct chat *c);
/* From the request's "msgs". ERR_PARSE. */
int chat_read(struct chat *c, const jv *msgs);
/* Tokens of the whole, at most max: the oldest turns are left out until it fits, never a system
 * message and never the last one. ERR_TOOBIG when that is not enough. */
int chat_tokens(struct chat *c, const struct lrt *l, int32_t *v, int max);
/* What ends an answer in a transcript. */
size_t chat_stops(const struct chat *c, const char **stops);

/* ---- worker_llama_slot.c ---- */
enum { SLOT_TOKENS_MAX = 1 << 20 };
struct slot {
	int seq;
	char key[64];
	VEC(int32_t) tokens; /* what the cache holds of it */
	uint64_t used;       /* when last, in takes */
	bool busy;
	int reserved;        /* tokens it may grow to while busy */
};
struct slots {
	struct lrt *l;
	struct slot v[LRT_SEQS];
	uint64_t clock;
};
void slots_init(struct slots *s, struct lrt *l);
void slots_done(struct slots *s);
/* A slot for a run of these tokens that may grow to reserve, with the longest beginning that
 * some slot has computed (at most n - 1); slot->tokens.n of it. NULL when it has to wait. */
struct slot *slots_take(struct slots *s, sv key, const int32_t *tokens, int n, int reserve);
void slots_give(struct slots *s, struct slot *slot); /* keeps what is computed */
/* Empties the idle slot that was used longest ago; false when none holds anything. */
bool slots_evict(struct slots *s);

#endif
