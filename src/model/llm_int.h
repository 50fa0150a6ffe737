/* llm_int.h: what llm.c offers to its backends; private to model. */
#ifndef CALLM_LLM_INT_H
#define CALLM_LLM_INT_H

#include "model.h"

enum {
	LLM_CONNECT_MS = 300,
	LLM_FIRST_MS = 5000,
	LLM_FIRST_VOICE_MS = 1500,
	LLM_TOTAL_MS = 12000,
	LLM_MAX_TOKENS = 400,
	LLM_BREAK_AFTER = 3,
	LLM_BREAK_MS = 10000,
	LLM_BREAK_MAX_MS = 60000,
	LLM_RETRIES = 2,
	LLM_RUNS_MAX = 4096,
};

struct llm {
	const struct llm_ops *ops;
	struct loop *loop;
	char *kind, *url, *model, *key, *dialect, *name;
	int connect_ms, first_ms, total_ms;
	struct llm_run *runs; /* in flight, newest first */
	size_t n_runs;
	int failures;       /* in a row */
	bool open, probing; /* the breaker */
	int64_t open_until_ms;
	int open_ms;
	char error[200];
	void *priv; /* the backend's */
};

/* An obj: whoever works with it across an emit holds a reference. */
struct llm_run {
	struct llm *m;
	struct llm_cb cb;
	void *arg;
	struct llm_run *next, **at; /* in m->runs */
	struct loop_timer first, total;
	int64_t start_ms;
	bool dead, probe;
	struct llm_usage usage;
	void *priv; /* the backend's; freed by its cancel */
};

/* False when the run is over (cancelled by the callback). Empty text is not passed on.
 */
bool llm_emit_delta(struct llm_run *run, sv text);
/* A whole, checked call; counts as started: nothing is tried again after it. */
bool llm_emit_call(struct llm_run *run, const struct llm_call *call);
/* Ends the run: ops->cancel is called first, so that the backend lets go. */
void llm_emit_end(struct llm_run *run, int err);
bool llm_started(const struct llm_run *run); /* a delta was passed on */
/* For llm_error: text is cleaned of line breaks and of the key. */
void llm_set_error(struct llm *m, sv text);

extern const struct llm_ops llm_openai, llm_scripted;

/* ---- llm_dialect.c ---- */
struct llm_dialect {
	const char *name;
	const char *max_key; /* how the limit of tokens is called */
	const char *extra;   /* JSON object merged into the request, or NULL */
	const char *auth;    /* header before the key */
	bool usage;          /* understands stream_options.include_usage */
};
const struct llm_dialect *llm_dialect_find(const char *name); /* NULL when unknown */

/* ---- llm_reader.c: one answer, whatever the server's habits ---- */
enum llm_think { LLM_TH_TEXT, LLM_TH_IN, LLM_TH_AFTER };
struct llm_reader {
	bool (*on_text)(void *arg, sv text); /* false stops */
	void *arg;
	enum llm_think think;
	char held[16]; /* a possible beginning of a tag */
	size_t n_held;
	bool done, finished, any; /* [DONE] came; finish_reason came; text came */
	bool stopped;
	int err; /* an error object or content filter */
	int prompt_tokens, completion_tokens;
	char error[160];
};
void llm_reader_init(struct llm_reader *r, bool (*on_text)(void *, sv), void *arg);
/* One SSE data line or a whole JSON answer. 0, ERR_CANCELED when on_text said stop,
 * r->err. Bad JSON is skipped unless whole. */
int llm_reader_event(struct llm_reader *r, sv data);
int llm_reader_whole(struct llm_reader *r, sv body);
/* End of the answer: what is held comes out; 0 or what is wrong with an answer that
 * ended like this. */
int llm_reader_end(struct llm_reader *r);

#endif
