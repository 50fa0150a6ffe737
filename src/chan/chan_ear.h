/* chan_ear.h: hearing: from frames to utterances and words; who has the turn. Private to chan;
 * shard's thread.
 *
 *	ear_init(&e, &(struct ear_opts){ ... });
 *	ear_listen(&e);                 starts the recogniser
 *	ear_hear(&e, frame, tx_db);     each 20 ms
 *	ear_done(&e);
 */
#ifndef CALLM_CHAN_EAR_H
#define CALLM_CHAN_EAR_H

#include "chan_playout.h"
#include "chan_tape.h"
#include "chan_vad.h"

struct ear_words {
	sv text;                     /* empty when nothing was understood */
	double confidence;
	int64_t start_ms, end_ms;
	int64_t silence_from_us;     /* the loop's time at which the customer fell silent */
};
struct ear_opts {
	struct loop *loop;
	const struct chan_speech *speech;
	struct playout *play;
	const struct tape *tape;     /* its clock */
	int rate;
	/* The customer took the turn: we are silent, or are to be. on_words follows, unless the
	 * utterance is dropped (hold, key, another language). */
	void (*on_start)(void *arg);
	void (*on_words)(void *arg, const struct ear_words *w);
	void (*on_partial)(void *arg, sv text);
	void (*on_lost)(void *arg);  /* no recogniser any more; once */
	/* an obj (obj.h) that contains the ear: callbacks hold it. */
	void *arg;
};
struct ear_pending {                 /* an utterance that the recogniser has or is to finish */
	bool is;
	bool counts;                 /* on_start was called for it */
	/* Short, over our voice: counts if it holds words and we are silent by then. */
	bool maybe;
	int64_t start_ms, end_ms, ended_us, silence_ms;
};
/* Has the customer finished? Asked once a pause (chan_turn.c). */
struct ear_turn {
	const struct chan_speech *speech;
	struct turn_run *run;        /* an answer is awaited */
	double p;                    /* < 0 = not known */
	int rate;
	int16_t *s;                  /* the utterance so far, its last 8 s; NULL until needed */
	size_t n;
};
void ear_turn_init(struct ear_turn *t, const struct chan_speech *sp, int rate);
void ear_turn_done(struct ear_turn *t);              /* idempotent */
void ear_turn_begin(struct ear_turn *t);             /* a new utterance */
void ear_turn_add(struct ear_turn *t, const int16_t *s, size_t n);
void ear_turn_ask(struct ear_turn *t);               /* a pause */
void ear_turn_forget(struct ear_turn *t);            /* the pause is over: its answer too */
/* Silence that ends the turn, ms: otherwise without an answer; whole = the words look complete;
 * pause_ms = what this customer's pauses are over the usual. */
int64_t ear_turn_silence(const struct ear_turn *t, int64_t otherwise, bool whole, double pause_ms);

struct ear {
	struct ear_opts o;
	char lang[4];
	struct pcm_vad vad;
	struct chan_vad_line line;   /* the probability for it */
	struct ear_turn turn;
	struct asr_run *asr;
	bool lost;                   /* on_lost was called or is due */
	int16_t pre[16 * 300];       /* before the onset */
	size_t pre_n;
	/* the utterance under way */
	bool speaking;
	bool told;                   /* on_start was called for it */
	bool barged;                 /* and since our last say began */
	bool ended_wait;             /* silence runs, it may end */
	bool complete;               /* its words look like a whole question */
	bool manual;                 /* the far side says where an utterance ends */
	int64_t start_ms, voiced_ms, silence_ms, gap_ms;
	int64_t last_end_ms;         /* of the one before, 0 = none */
	double pause_ms;             /* moving mean of this customer's pauses */
	struct ear_pending flying;   /* flushed, its final is awaited */
	struct ear_pending due;      /* to be flushed when that came: one at a time */
	struct sb words;             /* recognised, kept back because the customer speaks on */
	int64_t words_start_ms;
	double words_confidence;
	bool words_held;
	struct loop_timer wait, lost_timer;
};

void ear_init(struct ear *e, const struct ear_opts *o, sv lang);
void ear_done(struct ear *e);                        /* idempotent; no callback afterwards */
/* e->asr says whether there is a recogniser. */
void ear_listen(struct ear *e);
/* another recogniser; on_lost follows later if there is none. */
void ear_lang(struct ear *e, sv lang);
void ear_hear(struct ear *e, const int16_t *s, size_t n, double tx_db);
void ear_say_began(struct ear *e);                   /* a say's first sample goes out */
void ear_key(struct ear *e);                         /* a key: its tone is no speech */
void ear_hold(struct ear *e, bool held);

/* By hand: no voice detector; what is heard is one utterance until ear_commit ends it (on_words
 * follows, without on_start) or ear_clear drops it. */
void ear_manual(struct ear *e, bool on);
void ear_commit(struct ear *e);
void ear_clear(struct ear *e);

/* Do these words look like a whole question, so that little silence is enough? (chan_whole.c) */
bool ear_whole(sv text, sv lang);

#endif
