/* llm_int.h: what llm.c and its helpers offer to the backends; private to model.
 *
 * A backend starts an answer, passes text on with llm_emit_delta, whole calls with
 * llm_emit_call, fills run->usage's tokens and ends with llm_emit_end. It may be started
 * again on the same run after its cancel: that is how a model is asked once more for a
 * call that fits. */
#ifndef CALLM_LLM_INT_H
#define CALLM_LLM_INT_H

#include "breaker.h"
#include "model.h"

enum {
	LLM_CONNECT_MS = 300,
	LLM_MAX_TOKENS = 400,
	LLM_RETRIES = 2,
	LLM_RUNS_MAX = 4096,
	LLM_CLASSES = 3,
	LLM_MEMBERS_MAX = 8,        /* of a list */
	LLM_CALLS_MAX = 16,         /* in one answer */
	LLM_ARGS_MAX = 64 << 10,    /* bytes of one call's arguments */
	LLM_ANSWER_MAX = 256 << 10, /* bytes of an answer that is checked against a schema */
	LLM_ASK_MAX = 2 << 20,      /* bytes of a prompt that is kept */
};

struct llm_wait { /* deadlines, by class */
	int first[LLM_CLASSES], stall[LLM_CLASSES], total[LLM_CLASSES];
};

struct llm {
	const struct llm_ops *ops;
	struct loop *loop;
	char *kind, *url, *model, *key, *dialect, *name;
	int connect_ms;
	struct llm_wait wait;
	int64_t price_in, price_out;
	struct llm_run *runs; /* in flight, newest first */
	size_t n_runs;
	struct breaker breaker;
	bool base; /* see llm_base */
	/* A list: its members check calls, count tokens and break circuits. */
	bool (*healthy)(const struct llm *m);
	bool (*all_base)(const struct llm *m);
	char error[200];
	void *priv; /* the backend's */
};

/* An obj: whoever works with it across an emit holds a reference. */
struct llm_run {
	struct llm *m;
	struct llm_cb cb;
	void *arg;
	struct llm_run *next, **at; /* in m->runs */
	struct loop_timer first, stall, total;
	int64_t start_ms, alive_ms; /* alive: when it last made progress */
	enum llm_class cls;
	bool dead, probe;
	bool useful;         /* text or a part of a call came: the model is answering */
	bool said;           /* text or a call was passed on: nothing is tried again */
	int retries;         /* how often the same server may be asked again */
	size_t in, out;      /* bytes, for an estimate where no tokens are reported */
	struct llm_run *outer; /* the list's run that this one works for */
	struct llm_kept *kept; /* with tools or a schema: llm_tool.c */
	struct llm_usage usage, before; /* of this try; of the ones before it */
	void *priv; /* the backend's; freed by its cancel */
};

/* False when the run is over (cancelled by the callback). Empty text is not passed on. */
bool llm_emit_delta(struct llm_run *run, sv text);
/* The model is at work on a call or on text that is not passed on yet. */
void llm_emit_life(struct llm_run *run);
/* One whole call; it is checked and passed on at the end of an answer without error. False
 * when the run is over. id may be empty. */
bool llm_emit_call(struct llm_run *run, const struct llm_call *call);
/* Ends the run: ops->cancel is called first, so that the backend lets go. (Or asks once
 * more: the backend's start is called again.) */
void llm_emit_end(struct llm_run *run, int err);
bool llm_started(const struct llm_run *run); /* something was passed on */
/* What is left until the deadline of the first token; 0 = nothing. */
int llm_left_ms(const struct llm_run *run);
/* For llm_error: text is cleaned of line breaks and of the key. */
void llm_set_error(struct llm *m, sv text);
/* llm_start with another number of retries. */
int llm_start_with(struct llm *m, const struct llm_prompt *p, int retries,
		   const struct llm_cb *cb, void *arg, struct llm_run **ret);
/* An empty model around ops; name is the kind until the backend's open sets another. */
int llm_make(struct llm **ret, const struct llm_ops *ops, const struct model_spec *s,
	     struct loop *l, struct err *e);
/* Tokens reported, or estimated from the bytes; and what they cost. */
struct llm_usage llm_count(const struct llm_run *run);

extern const struct llm_ops llm_llama, llm_openai, llm_scripted;

struct llm_usage llm_list_count(const struct llm_run *run); /* llm_list.c */

/* ---- llm_prompt.c ---- */
/* A deep copy; its memory is a's, its schemas go with llm_prompt_done. ERR_TOOBIG past
 * the arena's maximum. */
int llm_prompt_copy(struct llm_prompt *ret, const struct llm_prompt *p, struct arena *a);
void llm_prompt_done(struct llm_prompt *p);
size_t llm_prompt_bytes(const struct llm_prompt *p);

/* ---- llm_tool.c: calls and bound answers ---- */
int llm_keep(struct llm_run *r, const struct llm_prompt *p); /* r->kept, when needed */
void llm_kept_free(struct llm_kept *k);                      /* accepts NULL */
sv llm_kept_text(struct llm_kept *k, sv text);               /* what of it may be passed on */
void llm_kept_call(struct llm_kept *k, const struct llm_call *call);
/* At the end without error: everything fits (calls are passed on; *err = 0 unless the run
 * died meanwhile), the model was asked once more (false), or it is an error (*err). */
bool llm_settle(struct llm_run *r, int *err);

/* ---- llm_dialect.c: what servers differ in; the data is dialects/dialects.yaml ---- */
struct llm_dialect {
	jv *tree; /* the views below point into it */
	sv auth, base, path, query, max_tokens, hint;
	bool temperature, bind_with_tools;
	const jv *always, *tools, *choice, *schema, *grammar, *cache, *seed, *cached_tokens,
		*reasoning, *schema_drop;
	int slots;
};
/* name: one of the file, NULL or "" for the first, or a JSON object with "like". 0;
 * ERR_INVAL and e names what there is. */
int llm_dialect_load(struct llm_dialect *ret, const char *name, struct err *e);
void llm_dialect_done(struct llm_dialect *d);
/* The endpoint for a configured url; free with xfree; NULL when too long. */
char *llm_dialect_url(const struct llm_dialect *d, sv url, sv model);
struct llm_vars { /* what stands for $schema and so on; NULL or empty leaves the member out */
	const jv *schema;
	sv grammar, cache_key;
	int seed, slots;
};
/* the caller's; NULL = nothing. */
jv *llm_dialect_fill(const jv *tmpl, const struct llm_vars *v);

/* ---- llm_body.c: the request of /chat/completions ---- */
void llm_body(const struct llm_dialect *d, sv model, const struct llm_prompt *p,
	      struct sb *out);

/* ---- llm_parts.c: where a JSON value ends; calls put together from their fragments ---- */
struct llm_scan {
	int depth;
	bool begun, done, str, esc; /* an object or array began, is complete */
};
/* How many bytes of s belong to the value (or stand before it). */
size_t llm_scan_feed(struct llm_scan *z, sv s);

struct llm_part {
	int64_t index; /* -1 = none, or taken over by a later call */
	struct sb id, name, args;
	struct llm_scan scan;
};
struct llm_parts {
	struct llm_part v[LLM_CALLS_MAX];
	size_t n, last; /* last: the one spoken of last */
};
/* One element of tool_calls; 0, ERR_TOOBIG, ERR_FULL. */
int llm_parts_add(struct llm_parts *p, const jv *delta);
void llm_parts_done(struct llm_parts *p);

/* ---- llm_reader.c: one answer, whatever the server's habits ---- */
enum llm_think { LLM_TH_TEXT, LLM_TH_IN, LLM_TH_AFTER };
struct llm_reader {
	bool (*on_text)(void *arg, sv text); /* false stops; empty: a part of a call came */
	void *arg;
	const struct llm_dialect *d; /* NULL = the usual fields */
	enum llm_think think;
	char held[16]; /* a possible beginning of a tag */
	size_t n_held;
	bool done, finished, any; /* [DONE] came; finish_reason came; text came */
	bool stopped, thought, refused;
	int err; /* an error object or content filter */
	int prompt_tokens, cached_tokens, completion_tokens;
	struct llm_parts *parts; /* NULL until a call comes */
	char error[160];
};
void llm_reader_init(struct llm_reader *r, bool (*on_text)(void *, sv), void *arg);
void llm_reader_done(struct llm_reader *r);
/* One SSE data line or a whole JSON answer. 0, ERR_CANCELED when on_text said stop,
 * r->err. Bad JSON is skipped unless whole. */
int llm_reader_event(struct llm_reader *r, sv data);
int llm_reader_whole(struct llm_reader *r, sv body);
/* End of the answer: what is held comes out; 0 or what is wrong with an answer that
 * ended like this. */
int llm_reader_end(struct llm_reader *r);

#endif
