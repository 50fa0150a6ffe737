/* model.h: language, speech-in, speech-out, embedding and end-of-turn models behind small
 * vtables; a backend is one file, registered in a table. A request is a handle; callbacks come on
 * the loop that started it.
 *
 *	llm_open(&m, &spec, loop, &e);
 *	llm_start(m, &prompt, &cb, me, &run);      on_delta ... on_end
 *	llm_cancel(run);                            synchronous; afterwards no callback
 *
 * Every cancel is synchronous, accepts NULL and may be called from inside the handle's own
 * callbacks; after it returns no callback of that handle fires. A handle is gone after
 * on_end returned or after cancel. No
 * callback fires from inside a start; a model is not closed from inside one of its
 * callbacks; closing cancels what runs.
 */
#ifndef CALLM_MODEL_H
#define CALLM_MODEL_H

#include "base.h"
#include "pcm.h"

/* Where a backend is and how it behaves; from configuration. */
struct model_spec {
	const char *kind; /* llm: "openai", "llama", "scripted"; asr: "pocketsphinx",
			     "whisper", "openai", "realtime"; tts: "flite", "espeak",
			     "kokoro", "piper", "openai"; emb: "e5", "llama",
			     "openai"; turn: "smart" */
	const char *url, *model,
		*key;     /* remote ones; key is the secret itself, never logged */
	/* speech backends: ISO codes, "en" or "zh,en"; only these are spoken. */
	const char *lang;
	const char *voice;
	const char *dialect; /* a name of dialects/dialects.yaml: "openai" (default), "vllm",
				"llama.cpp", "ollama", "azure", "deepseek", "qwen", "gemini" ...,
				or a JSON object: {"like":"vllm", ...} */
	/* llm: 0 = 300, 5000 (voice 1500, batch 60000), 12000 (batch 120000); first counts
	 * retries in; a value given holds for all classes. Others have defaults of their own. */
	int connect_ms, first_ms, total_ms;
	int max_workers;  /* asr: worker processes, 0 = default */
	const char *exe;  /* the worker's program; NULL = this binary, or the one beside it
			     (callm-espeak, callm-llama ...) */
	const char *data; /* folder of the recogniser's files asr.en.arpa and
			     asr.en.dict (asr_lm_write) */
	const char *file; /* local ones: the weights, a file or a folder */
	const char *runtime;   /* local ones: folder of the runtime's shared libraries */
	int threads, memory_mb; /* of a worker (embeddings: threads only); 0 = default; threads
				   never above the cores */
	int n_ctx;              /* llama: 0 = 4096 */
	int64_t price_in, price_out; /* money per million tokens, in millionths */
	const jv *script;            /* scripted backends */
};

/* ---- language models ---- */
enum llm_role { LLM_SYSTEM, LLM_USER, LLM_ASSISTANT, LLM_TOOL };
enum llm_class { LLM_CHAT, LLM_VOICE, LLM_BATCH }; /* served voice, chat, batch */
enum llm_choice { LLM_TOOLS_AUTO, LLM_TOOLS_NONE, LLM_TOOLS_MUST };
struct llm_call { /* what the model wants done; it authorises nothing */
	sv id, name, args; /* args: JSON text of an object */
};
struct llm_tool {
	sv name, description;
	const jv *schema; /* JSON Schema of the arguments */
};
struct llm_msg {
	enum llm_role role;
	sv text;
	const struct llm_call *calls; /* LLM_ASSISTANT: what it had asked for */
	size_t n_calls;
	sv call_id; /* LLM_TOOL: whose result text is */
};
struct llm_prompt { /* everything is copied or consumed before llm_start returns */
	const struct llm_msg *msgs;
	size_t n;
	int max_tokens; /* 0 = 400 */
	double temperature;
	enum llm_class cls; /* voice: tighter deadlines, served first */
	const struct llm_tool *tools;
	size_t n_tools;
	enum llm_choice choice;
	const jv *schema; /* the answer is JSON of this schema, or NULL */
	sv grammar;       /* GBNF, for backends that know it; wins over schema there */
	sv cache_key;     /* same conversation, same key: its prefix may be kept */
	int seed;         /* 0 = the backend's choice */
};
struct llm_usage {
	int prompt_tokens, cached_tokens, completion_tokens;
	int first_ms, total_ms;
	int64_t cost; /* by the spec's prices, in millionths; estimated from the bytes where
			 the server reports no tokens */
	const char *model; /* llm_name of the one that answered; lives as long as the llm */
};
struct llm_cb {
	void (*on_delta)(void *arg, sv text);
	/* one whole call, its arguments a JSON object that fits the tool's schema; before
	 * on_end; may be NULL */
	void (*on_call)(void *arg, const struct llm_call *call);
	void (*on_end)(void *arg, int err,
		       const struct llm_usage *u); /* exactly once unless cancelled */
};
struct llm;
struct llm_run;
struct llm_ops {
	const char *kind;
	int (*open)(struct llm *m, const struct model_spec *s, struct err *e);
	int (*start)(struct llm *m, const struct llm_prompt *p, struct llm_run *run);
	void (*cancel)(struct llm_run *run);
	void (*close)(struct llm *m);
};
int llm_open(struct llm **ret, const struct model_spec *s, struct loop *l,
	     struct err *e);
void llm_close(struct llm *m);
int llm_start(struct llm *m, const struct llm_prompt *p, const struct llm_cb *cb,
	      void *arg, struct llm_run **ret);
void llm_cancel(struct llm_run *run);
/* What a run has taken so far: ask before a cancel, which tells nothing. */
void llm_spent(const struct llm_run *run, struct llm_usage *ret);
const char *llm_name(const struct llm *m); /* "openai:qwen2.5" */
/* The circuit breaker lets a request pass: it is closed, or it is time for a probe.
 * After 3 failures in a row it opens for 2 s (4, 8 when probes fail); llm_start
 * answers ERR_BUSY meanwhile. */
bool llm_healthy(const struct llm *m);
/* Several as one, tried in the order given: the next takes over while no text has been
 * passed on (error, deadline, open breaker); with hedge_ms a second one starts after so
 * long without a first token, and the loser is cancelled. Specs are copied. */
struct llm_list_opts {
	int hedge_ms;         /* 0 = never */
	int hedge_percent;    /* at most so many of a hundred chats, 0 = 5; voice always */
	int max_running;      /* more wait: voice before chat before batch; 0 = 64 */
	int max_waiting;      /* more are refused with ERR_BUSY; 0 = 256 */
};
int llm_open_list(struct llm **ret, const struct model_spec *s, size_t n,
		  const struct llm_list_opts *o, struct loop *l, struct err *e);
const char *llm_error(const struct llm *m); /* one line about the last failure, "" when
					       none; never a key */

/* For llm_prompt.grammar: the answer is one of these sentences to the letter, with max 2 maybe
 * a later one after it, ended by a line end: how a model too small to write freely still
 * chooses what answers a question. At most 64. ERR_INVAL, ERR_TOOBIG. */
int llm_quote_grammar(const sv *sentences, size_t n, int max, struct sb *out);
/* It was never taught to follow instructions and only goes on from a text: give it one system
 * message, gone on from as it stands, and a grammar. A list: when all its members are so. */
bool llm_base(const struct llm *m);
int llm_worker_pid(const struct llm *m); /* kind llama; 0 while it is being restarted */

/* ---- speech recognition: one stream per utterance turn or call ---- */
struct asr_cb {
	void (*on_partial)(void *arg, sv text);
	void (*on_final)(void *arg, sv text,
			 double confidence);  /* after asr_flush; text may be empty */
	void (*on_error)(void *arg, int err); /* the stream is gone afterwards */
};
struct asr;
struct asr_run;
int asr_open(struct asr **ret, const struct model_spec *s, struct loop *l,
	     struct err *e);
void asr_close(struct asr *a);
bool asr_serves(const struct asr *a, sv lang);
/* ERR_BUSY when all workers are taken: the caller falls back to the keypad menu. */
int asr_start(struct asr *a, sv lang, const struct asr_cb *cb, void *arg,
	      struct asr_run **ret);
void asr_feed(struct asr_run *r, const int16_t *s, size_t n, int rate_hz);
void asr_flush(struct asr_run *r); /* end of utterance: on_final follows; the stream
				      stays open for the next */
void asr_cancel(struct asr_run *r);
int asr_worker_pid(const struct asr_run *r); /* 0 while it is being restarted; remote: 0 */
/* Several as one: a stream is given to the first that serves its language and is not busy; when
 * that fails, the sound of the utterance (30 s at most) is given to the next, or once more to it
 * when it is back, so that no words are lost. Those that cannot be opened are left out; fails
 * when none can. Specs are copied. */
int asr_open_list(struct asr **ret, const struct model_spec *s, size_t n, struct loop *l,
		  struct err *e);
const char *asr_error(const struct asr *a); /* one line about the last failure, "" when none */
/* Makes the language model for a recogniser from sentences (fn is called for each by
 * kb_utterances etc.). */
struct asr_lm;
struct asr_lm *asr_lm_new(
	void); /* knows the openings and answers of data/carriers.en.def */
void asr_lm_add(struct asr_lm *lm, sv sentence);
int asr_lm_write(struct asr_lm *lm, const char *path, const char *dict_path,
		 struct err *e); /* ARPA trigram, pronunciations; ~0.3 s */
void asr_lm_free(struct asr_lm *lm);

/* ---- speech synthesis ---- */
struct tts_cb {
	void (*on_pcm)(void *arg, const int16_t *s, size_t n, int rate_hz);
	/* the audio from here on speaks text from byte offset (marks at words or
	 * sentences, in order). Offset 0 again: all of them anew, with better times. */
	void (*on_mark)(void *arg, size_t text_offset, size_t samples_so_far);
	void (*on_end)(void *arg, int err);
};
struct tts;
struct tts_run;
int tts_open(struct tts **ret, const struct model_spec *s, struct loop *l,
	     struct err *e);
void tts_close(struct tts *t);
bool tts_serves(const struct tts *t, sv lang);
int tts_start(struct tts *t, sv text, sv lang, const struct tts_cb *cb, void *arg,
	      struct tts_run **ret);
void tts_cancel(struct tts_run *r);
int tts_worker_pid(const struct tts *t); /* 0 while it is being restarted, or remote */
bool tts_ready(const struct tts *t);     /* would begin to speak at once */
const char *tts_name(const struct tts *t);  /* "kokoro:zf_xiaoyi" */
const char *tts_error(const struct tts *t); /* one line about the last failure, "" when none;
					       never a key */
/* Several as one, tried in the order given: what a dead, slow (first_ms of its spec without sound,
 * 0 = 4000) or busy one did not begin to say, the next says. Members that cannot be opened are left
 * out (tts_error tells) unless that is all of them. Specs are copied. */
int tts_open_list(struct tts **ret, const struct model_spec *s, size_t n, struct loop *l,
		  struct err *e);

/* ---- embeddings: texts in, unit vectors out ---- */
enum emb_side { EMB_QUERY, EMB_PASSAGE };
struct emb_cb {
	void (*on_vecs)(void *arg, const float *v, size_t n, int dim); /* n rows of dim */
	void (*on_error)(void *arg, int err); /* one of the two, once, unless cancelled */
};
struct emb;
struct emb_run;
int emb_open(struct emb **ret, const struct model_spec *s, struct loop *l,
	     struct err *e);
void emb_close(struct emb *m);
int emb_dim(const struct emb *m); /* 0 until known */
/* How long a question's vector is worth waiting for: 60 ms, or what five questions take of a local
 * model that is slower, at most 400. Known once the model is ready. */
int emb_wait_ms(const struct emb *m);
const char *emb_name(const struct emb *m); /* vectors of different names never mix */
/* ERR_BUSY when too much waits. Texts are copied. */
int emb_start(struct emb *m, const sv *texts, size_t n, enum emb_side side,
	      const struct emb_cb *cb, void *arg, struct emb_run **ret);
void emb_cancel(struct emb_run *r);

/* ---- end of turn: has the caller finished? ---- */
struct turn;
struct turn_run;
int turn_open(struct turn **ret, const struct model_spec *s, struct loop *l,
	      struct err *e);
void turn_close(struct turn *m);
/* The last seconds of the caller's speech (at most 8 are used), mono; p in 0..1, or err.
 * Copied. ERR_BUSY when too much waits. */
int turn_start(struct turn *m, const int16_t *s, size_t n, int rate_hz,
	       void (*on_p)(void *arg, int err, double p), void *arg,
	       struct turn_run **ret);
void turn_cancel(struct turn_run *r);

/* Spoken form of written text (money, dates, times, phone and order numbers, units,
 * e-mail, symbols) in zh and en. map (may be NULL) gets, per byte of out, the byte
 * offset in the source. */
int tts_normalize(sv text, sv lang, struct sb *out, uint32_t **map, struct arena *a);

/* The child side: `callm worker KIND` (argv[0] = KIND) reads frames on IO_CHILD_FD and
 * writes there until the parent closes it. Exit status. */
int model_worker_main(int argc, char **argv);

#endif
