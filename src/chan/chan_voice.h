/* chan_voice.h: one spoken conversation on a shard, wherever its sound comes from: hears,
 * speaks, records.
 *
 *	chan_voice_open(&v, &opts);
 *	every 20 ms: chan_voice_rx(v, heard, n, now_ms); n = chan_voice_tx(v, out);
 *	chan_voice_key(v, '1');
 *	chan_voice_gone(v, CHAN_BY_CUSTOMER);     the far side went
 *	chan_voice_free(v);
 *
 * It is a chan_peer: the engine speaks through chan_say and hears through its sink. All on the
 * shard's thread.
 */
#ifndef CALLM_CHAN_VOICE_H
#define CALLM_CHAN_VOICE_H

#include "chan.h"
#include "model.h"

/* Speech as the voice uses it; chan_speech_model is the model room, tests bring their own. */
struct chan_speech_ops {
	bool (*asr_serves)(const struct asr *a, sv lang);
	int (*asr_start)(struct asr *a, sv lang, const struct asr_cb *cb, void *arg,
			 struct asr_run **ret);
	void (*asr_feed)(struct asr_run *r, const int16_t *s, size_t n, int rate_hz);
	void (*asr_flush)(struct asr_run *r);
	void (*asr_cancel)(struct asr_run *r);
	bool (*tts_serves)(const struct tts *t, sv lang);
	int (*tts_start)(struct tts *t, sv text, sv lang, const struct tts_cb *cb, void *arg,
			 struct tts_run **ret);
	void (*tts_cancel)(struct tts_run *r);
	/* may be NULL: nobody is asked */
	int (*turn_start)(struct turn *m, const int16_t *s, size_t n, int rate_hz,
			  void (*on_p)(void *arg, int err, double p), void *arg,
			  struct turn_run **ret);
	void (*turn_cancel)(struct turn_run *r);
};
extern const struct chan_speech_ops chan_speech_model;

#define CHAN_TTS_MAX 4
struct chan_speech {                 /* the engines of one shard */
	const struct chan_speech_ops *ops;
	struct asr *asr;             /* may be NULL */
	struct tts *tts[CHAN_TTS_MAX];  /* tried in order */
	int n_tts;
	/* sounds of the company's own texts (chan_cache.h); may be NULL. */
	struct chan_cache *cache;
	/* tells voice from noise (chan_vad.h), and whether a caller has finished; each may be
	 * NULL: energy and silence decide. */
	struct chan_vad *vad;
	struct turn *turn;
	const char *producer;        /* who answers for what is said; NULL = callm */
	bool no_tone;                /* how customers speak is not measured */
};
/* Says a text of the company's own into the cache, so that it sounds at once later. Free it
 * before the engines; accepts NULL. NULL without a cache. */
struct chan_warm;
struct chan_warm *chan_warm_start(const struct chan_speech *sp, sv text, sv lang, int rate);
void chan_warm_free(struct chan_warm *w);

struct chan_people;
struct parties;
struct chan_voice;
struct chan_voice_opts {
	struct loop *loop;
	const struct chan_sink *sink;
	void *sink_arg;
	const struct chan_speech *speech;
	int rate;                    /* 8000 or 16000: of rx and tx */
	/* caps and recording are filled in; language "" = the engine's default. */
	struct chan_info info;
	/* recordings/<interaction>.wav below it; NULL = not recorded. */
	const char *data_dir;
	/* The far side; may be NULL except hangup. Not called after chan_voice_free. */
	/* the conversation is over: hang up and free. */
	void (*hangup)(void *arg, enum chan_close_by by);
	/* drop audio queued at the far side. */
	void (*flush)(void *arg);
	void (*partial)(void *arg, sv text);               /* words as they are recognised */
	void (*event)(void *arg, sv event_json);           /* every row of the conversation */
	/* Whoever holds the line moves it himself: chan_voice_moved tells the steps. NULL: persons
	 * are brought in here. */
	int (*transfer)(void *arg, const struct chan_move *m);
	/* Asks the far side to call uri by itself (REFER); chan_voice_referred follows. */
	int (*refer)(void *arg, const char *uri);
	void *arg;
	/* Persons can be brought in (CHAN_PARTIES; CHAN_MOVES where one may be called); box is
	 * the shard's. NULL = not. */
	struct chan_people *people;
	struct mbox *box;
	/* Private to chan: persons who are there already, with news left empty; taken over when
	 * it opens. */
	struct parties *parties;
};
/* ERR_CLOSED: the engine closed it from within on_open (CHAN_BY_SYSTEM; on_close was called,
 * o->hangup was not); otherwise what on_open returned. *ret is NULL then, and nothing is left. */
int chan_voice_open(struct chan_voice **ret, const struct chan_voice_opts *o);
void chan_voice_rx(struct chan_voice *v, const int16_t *s, size_t n, int64_t now_ms);
/* Writes the next 20 ms (rate/50 samples) and returns how many are speech; 0 = nothing to say
 * (out is zeroed). */
int chan_voice_tx(struct chan_voice *v, int16_t *out);
void chan_voice_key(struct chan_voice *v, char digit);
void chan_voice_hold(struct chan_voice *v, bool held);
/* A step of a transfer: tells CHAN_MOVED. step static; why "" unless it failed, with the SIP
 * status that said so (0 = none). */
void chan_voice_moved(struct chan_voice *v, const char *step, const char *why, int status);
/* How what refer asked for goes: a SIP status, as tel_leg_cb.on_refer has it. */
void chan_voice_referred(struct chan_voice *v, int status);
/* How old sound is when chan_voice_rx gets it (a jitter buffer's delay): the customer's wait is
 * counted from what was really said. */
void chan_voice_line_ms(struct chan_voice *v, int ms);
/* The far side says itself where the customer's utterances end: what was heard since the last
 * commit becomes words, or is dropped. */
void chan_voice_manual(struct chan_voice *v, bool on);
void chan_voice_commit(struct chan_voice *v);
void chan_voice_clear(struct chan_voice *v);
struct chan_voice *chan_voice_of(struct chan_peer *p);   /* whose peer it is */
void chan_voice_gone(struct chan_voice *v, enum chan_close_by by);
void chan_voice_free(struct chan_voice *v);          /* gone first if need be; accepts NULL */

#endif
