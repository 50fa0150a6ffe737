/* asr_int.h: what asr.c offers to the recognisers; private to model.
 *
 * A backend is a table of functions. It keeps what it needs in asr->priv and run->priv, and tells
 * what it heard by asr_emit_*. */
#ifndef CALLM_ASR_INT_H
#define CALLM_ASR_INT_H

#include "model.h"

enum { ASR_LANG_MAX = 12, ASR_MEMBERS_MAX = 8, ASR_RUNS_MAX = 4096 };

struct asr_ops {
	const char *kind;
	int (*open)(struct asr *a, const struct model_spec *s, struct err *e);
	void (*close)(struct asr *a); /* no runs any more */
	bool (*serves)(const struct asr *a, sv lang);
	/* r->lang is set. After an error r is gone without a callback. */
	int (*start)(struct asr_run *r);
	/* The run is neither dead nor, in flush, flushing already. */
	void (*feed)(struct asr_run *r, const int16_t *s, size_t n, int rate_hz);
	void (*flush)(struct asr_run *r);
	/* Lets go of r->priv; r is no longer in the list. Called for cancelled and failed runs. */
	void (*leave)(struct asr_run *r);
	int (*pid)(const struct asr_run *r); /* NULL: no process */
};
struct asr {
	const struct asr_ops *ops;
	struct loop *loop;
	char *name;
	struct asr_run *runs;
	size_t n_runs;
	char error[240];
	void *priv;
};
/* An obj: whoever works with it across an emit holds a reference. */
struct asr_run {
	struct asr *a;
	struct asr_cb cb;
	void *arg;
	struct asr_run *prev, *next;
	char lang[ASR_LANG_MAX];
	int64_t flushed_ms;
	bool dead, flushing; /* flushing: a final result is owed */
	void *priv;
};

/* False when the run is over (cancelled by the callback). */
bool asr_emit_partial(struct asr_run *r, sv text);
bool asr_emit_final(struct asr_run *r, sv text, double confidence); /* ends flushing */
void asr_emit_error(struct asr_run *r, int err); /* r is gone, but for references */
/* For asr_error: without line breaks. */
void asr_set_error(struct asr *a, sv text);
/* The first line of FOLDER/asr.LANG.prompt, the company's words, with `before` in front; xfree it.
 * NULL when there is none. */
char *asr_prompt(const char *folder, const char *lang, const char *before);

extern const struct asr_ops asr_sphinx, asr_whisper, asr_openai, asr_realtime, asr_list;

/* ---- asr_clip.c: the sound of one utterance ---- */
enum { CLIP_SECONDS = 30, CLIP_HZ_MAX = 16000 };
struct asr_clip { /* embedded; zeroed is empty */
	int16_t *s;
	size_t n, cap;
	int rate;          /* of s: as it came, CLIP_HZ_MAX at most */
	struct pcm_rs *rs; /* from in_rate to rate */
	int in_rate;
	double loudest;    /* mean square of the loudest 20 ms */
	size_t quiet;      /* samples at the end that are much quieter than that */
	size_t measured;   /* of s */
};
void clip_add(struct asr_clip *c, const int16_t *s, size_t n, int rate_hz);
int64_t clip_ms(const struct asr_clip *c, size_t samples);
void clip_clear(struct asr_clip *c); /* gives its memory back */
void clip_done(struct asr_clip *c);
void clip_swap(struct asr_clip *a, struct asr_clip *b);
/* Whether something that could be speech came in the samples from `from` on. */
bool clip_loud_since(const struct asr_clip *c, size_t from);
/* Cuts c at the quietest place of its last seconds: head gets the beginning. */
void clip_split(struct asr_clip *c, struct asr_clip *head);

/* ---- asr_win.c: recognisers that hear a whole piece of sound at once ----
 * Utterances are cut into windows, windows become jobs, jobs wait for a slot (a worker process, a
 * request on its way). Results of a growing window become partial results. */
struct win_slot;
struct win_answer {
	sv text;
	double confidence;
	int err; /* 0; ERR_CANCELED: it was stopped; else the job may be tried again */
};
struct win_ops {
	/* Begin; slot->run is who asks. An error: the slot is down. */
	int (*begin)(struct win_slot *w, const struct asr_clip *c, bool final);
	void (*stop)(struct win_slot *w); /* win_answered(ERR_CANCELED) follows, or did */
};
struct win_opts {
	const struct win_ops *ops;
	int slots, runs_a_slot;
	bool partials;
	int final_ms; /* longest wait for a final result */
};
struct win_slot {
	struct win_pool *pool;
	int index;
	bool up;             /* can take a job */
	bool stopping;
	struct asr_run *run; /* whose job it does; NULL and busy: nobody waits any more */
	bool busy, final;
	uint32_t part;       /* which window of the run */
	size_t upto;         /* samples it hears */
	int64_t begun_ms;
	void *priv;          /* the engine's */
};
struct win_pool *win_pool_new(struct asr *a, const struct win_opts *o);
void win_pool_free(struct win_pool *p); /* no runs any more; slots are the engine's to stop */
struct win_slot *win_pool_slot(struct win_pool *p, int i);
void win_answered(struct win_slot *w, const struct win_answer *ans);
void win_slot_up(struct win_slot *w, bool up); /* down: its job is done by another, or again */
void win_refuse(struct win_pool *p, int err); /* it never will work: all runs fail */
/* asr_ops of such a recogniser; run->a->priv begins with a struct win_pool pointer. */
int win_start(struct asr_run *r);
void win_feed(struct asr_run *r, const int16_t *s, size_t n, int rate_hz);
void win_flush(struct asr_run *r);
void win_leave(struct asr_run *r);

#endif
