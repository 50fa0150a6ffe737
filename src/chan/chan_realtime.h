/* chan_realtime.h: a spoken conversation that a program holds, not a person's microphone: it may
 * send its sound in bursts, say where an utterance ends, keep the engine from answering, write
 * instead of speak, want no sound back. Below it is the browser's voice (chan_media.h) with its
 * clock, ear, playout and recording; between that and the engine it watches what passes. The
 * handle belongs to the door's thread.
 *
 *	chan_realtime_open(&rt, &opts);
 *	chan_realtime_rx(rt, pcm);            16 kHz, as fast as it comes
 *	chan_realtime_commit(rt);             with CHAN_RT_MANUAL: the utterance ends here
 *	chan_realtime_respond(rt, text);      with CHAN_RT_KEEP: answer now
 *	chan_realtime_close(rt);              no callback afterwards
 */
#ifndef CALLM_CHAN_REALTIME_H
#define CALLM_CHAN_REALTIME_H

#include "chan_media.h"

enum chan_rt_mode {
	CHAN_RT_MANUAL = 1,          /* no voice detector: commit and clear */
	CHAN_RT_KEEP = 2,            /* words wait for chan_realtime_respond */
	CHAN_RT_STEADY = 4,          /* our speech is not cut by the customer's */
	CHAN_RT_MUTE = 8             /* nothing is synthesised: text only */
};
#define CHAN_RT_BACKLOG_S 60         /* sound waiting to be heard, at most */

enum chan_rt_kind {
	CHAN_RT_START,               /* the customer began to speak at start_ms */
	CHAN_RT_WORDS,               /* and said text, from start_ms to end_ms */
	CHAN_RT_SAY,                 /* the engine says text (a piece); final: row is its row */
	CHAN_RT_PLAYED,              /* say_id was sent whole */
	CHAN_RT_CUT,                 /* say_id was stopped, so many bytes of it were heard */
	CHAN_RT_CANCELLED            /* chan_realtime_cancel was carried out */
};
struct chan_rt_ev {
	enum chan_rt_kind kind;
	sv text, row;
	uint32_t say_id;
	bool final;
	size_t bytes;
	int64_t start_ms, end_ms;    /* of the sound sent to us, from its first sample */
};
struct chan_realtime_cb {            /* on the door's thread */
	void (*on_audio)(void *arg, sv pcm16k);  /* 20 ms */
	void (*on_ev)(void *arg, const struct chan_rt_ev *ev);
	void (*on_closed)(void *arg);            /* by the engine; close is still due */
};
struct chan_realtime_opts {
	struct mbox *door;
	struct chan_place place;
	const char *data_dir;        /* recordings; NULL = none */
	sv id, interaction_id, language, customer_name;  /* copied */
	unsigned mode;
	bool greet;                  /* the engine speaks first */
	bool remind;                 /* it asks after a silence, and ends the call in the end */
	struct chan_realtime_cb cb;
	void *arg;
};
struct chan_realtime;
int chan_realtime_open(struct chan_realtime **ret, const struct chan_realtime_opts *o);
/* Sound over CHAN_RT_BACKLOG_S is dropped. */
void chan_realtime_rx(struct chan_realtime *rt, const int16_t *s, size_t n);
void chan_realtime_key(struct chan_realtime *rt, char digit);
void chan_realtime_mode(struct chan_realtime *rt, unsigned mode);
/* Everything sent so far is one utterance; CHAN_RT_WORDS follows. */
void chan_realtime_commit(struct chan_realtime *rt);
/* what was not heard yet, or not committed. */
void chan_realtime_clear(struct chan_realtime *rt);
/* The engine answers the kept words and the text (may be empty), together one turn. When a
 * committed utterance has no words yet, it waits for them. */
void chan_realtime_respond(struct chan_realtime *rt, sv text);
void chan_realtime_cancel(struct chan_realtime *rt); /* stop thinking, stop speaking */
/* The far side stopped playing say_id after so many ms of it. */
void chan_realtime_stop(struct chan_realtime *rt, uint32_t say_id, int64_t heard_ms);
void chan_realtime_close(struct chan_realtime *rt);  /* accepts NULL */

#endif
