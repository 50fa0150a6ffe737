/* tts_int.h: what tts.c offers to the speech backends; private to model. */
#ifndef CALLM_TTS_INT_H
#define CALLM_TTS_INT_H

#include "model.h"

enum { TTS_TEXT_MAX = 16 << 10, TTS_RUNS_MAX = 1024, TTS_MEMBERS_MAX = 8 };

struct tts_ops {
	const char *kind;
	int (*open)(struct tts *t, const struct model_spec *s, struct err *e);
	/* r is in t->runs already. After an error r is gone without a callback. */
	int (*start)(struct tts_run *r, sv text, sv lang);
	/* Lets go of r->priv; r is no longer in t->runs. */
	void (*cancel)(struct tts_run *r);
	void (*close)(struct tts *t); /* no runs any more */
	bool (*serves)(const struct tts *t, sv lang);
	bool (*ready)(const struct tts *t); /* would begin to speak soon */
	int (*pid)(const struct tts *t);    /* NULL: none */
};
struct tts {
	const struct tts_ops *ops;
	struct loop *loop;
	char *name;                   /* "kokoro:af_heart" */
	char only[64];                /* the languages of its spec, "en,zh"; "" = all it can */
	struct tts_run *runs, **tail; /* in flight, oldest first */
	size_t n_runs;
	uint32_t last_id;
	char error[200];
	void *priv; /* the backend's */
};
/* An obj: whoever works with it across an emit holds a reference. */
struct tts_run {
	struct tts *t;
	struct tts_cb cb;
	void *arg;
	struct tts_run *next;
	uint32_t id;
	struct arena mem;
	uint32_t *map; /* spoken byte -> written byte */
	size_t spoken; /* bytes */
	size_t samples;
	int64_t start_ms;
	bool dead, heard;
	void *priv; /* the backend's */
};

/* The spoken form of text into out and the map into r. */
int tts_spoken(struct tts_run *r, sv text, sv lang, struct sb *out);
/* False when the run is over (cancelled by the callback). */
bool tts_emit_pcm(struct tts_run *r, const int16_t *s, size_t n, int rate);
/* offset is in the spoken form when there is a map. */
bool tts_emit_mark(struct tts_run *r, size_t offset, size_t sample);
void tts_emit_end(struct tts_run *r, int err); /* r is gone, but for references */
/* For tts_error: without line breaks. */
void tts_set_error(struct tts *t, sv text);
/* The language is that ISO code, or a variant of it ("en-GB"). */

extern const struct tts_ops tts_flite, tts_espeak, tts_kokoro, tts_piper, tts_openai, tts_list;

#endif
