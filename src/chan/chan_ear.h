/* chan_ear.h: hearing: from frames to utterances and words; who has the turn. Private to chan;
 * shard's thread.
 *
 *	ear_init(&e, &(struct ear_opts){ ... });
 *	ear_listen(&e);                 starts the recogniser
 *	ear_hear(&e, frame, n, sent);   each 20 ms
 *	ear_done(&e);
 *
 * chan_ear.c cuts the line into utterances, chan_ear_asr.c gets words for them, chan_ear_cut.c
 * decides what is said over our voice, chan_ear_slot.c how much silence ends a turn.
 */
#ifndef CALLM_CHAN_EAR_H
#define CALLM_CHAN_EAR_H

#include "chan_playout.h"
#include "chan_tape.h"
#include "chan_vad.h"
#include "pcm_prosody.h"

/* SPOKE: voice that is more than a click. EARLY: of silence, in which words that come and look
 * whole are likely all. */
enum { EAR_SPOKE_MS = 120, EAR_EARLY_MS = 80, EAR_WORDS_MAX = 16 << 10 };

struct ear_words {
	sv text;                     /* empty when nothing was understood */
	double confidence;
	int64_t start_ms, end_ms;
	int64_t silence_from_us;     /* the loop's time at which the customer fell silent */
	int64_t decided_us;          /* at which that was taken for the end */
	const struct pcm_prosody_sum *tone;  /* how it was said; NULL = not known */
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
	/* The customer pauses (after a whole question, shortly); these are probably all the
	 * words. May be NULL. */
	void (*on_likely)(void *arg, sv text, int64_t start_ms);
	void (*on_lost)(void *arg);  /* no recogniser any more; once */
	/* We stand still for who speaks over us, and it is likely to be meant; on_start follows, or
	 * on_over with false: it was nothing, we go on. May be NULL. */
	void (*on_over)(void *arg, bool on);
	/* an obj (obj.h) that contains the ear: callbacks hold it. */
	void *arg;
};
struct ear_pending {                 /* sound that the recogniser has or is to finish */
	bool is;
	bool counts;                 /* on_start was called for it */
	bool maybe;                  /* else it may yet, by its words */
	bool spoke;                  /* long enough to be more than a click */
	bool late;                   /* it was told that nothing was understood */
	unsigned utterance;
	int64_t start_ms, end_ms, ended_us, silence_ms, flushed_us;
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

/* What the words so far look like, and what a listener's murmur is. */
enum ear_shape { EAR_UNKNOWN, EAR_DANGLES, EAR_PLAIN, EAR_WHOLE, EAR_ANSWER, EAR_NUMBER,
		 EAR_NUMBER_MAYBE, EAR_NUMBER_ALL, EAR_SPELLS, EAR_SPELT };
enum ear_back { EAR_SILENT, EAR_GOES_ON, EAR_YES, EAR_NO, EAR_SPEAKS };
enum ear_shape ear_shape(sv text, sv lang, enum chan_expect expect);
enum ear_shape ear_words_shape(sv text, sv lang);    /* of free speech (chan_whole.c) */
bool ear_whole(sv text, sv lang);                    /* a whole question */
/* SPEAKS: there is more in it than listening. */
enum ear_back ear_backchannel(sv text);
/* Silence that ends the turn, ms. */
int64_t ear_silence(enum ear_shape shape, enum chan_expect expect, const struct ear_turn *turn,
		    double pause_ms);

struct ear {
	struct ear_opts o;
	char lang[4];
	enum chan_expect expect;     /* of our last say */
	uint32_t expect_say;
	struct pcm_vad vad;
	struct pcm_echo *echo;       /* what of the line is our own voice */
	struct chan_vad_line line;   /* the probability for it */
	struct ear_turn turn;
	struct pcm_prosody *tone;    /* of what is being said; NULL = nobody speaks */
	struct asr_run *asr;
	bool lost;                   /* on_lost was called or is due */
	int16_t pre[16 * 300];       /* before the onset */
	size_t pre_n;
	/* the utterance under way */
	unsigned utterance;          /* counts them */
	bool speaking;
	bool told;                   /* on_start was called for it */
	bool barged;                 /* and since our last say began */
	bool ended_wait;             /* silence runs, it may end */
	bool flushed;                /* the recogniser has all of it so far */
	bool manual;                 /* the far side says where an utterance ends */
	enum ear_shape shape;        /* of its words so far */
	int64_t onset_ms;            /* of its last stretch of voice */
	int64_t start_ms, voiced_ms, silence_ms, gap_ms;
	int64_t spoken_ms;           /* voiced in all, also before our say began */
	bool kept_on;                /* a part of it was said over what must not be cut */
	int64_t still_ms;            /* since the line had any sound, ours coming back too */
	double loud_sum;             /* of the levels of its voiced frames, dB */
	int loud_n;
	/* over our voice */
	int64_t over_ms;             /* since when */
	int64_t lead_ms;             /* sound right before it, not yet told from noise then */
	int64_t paused_ms;           /* we stood still for it from here on; 0 = not */
	bool over_told;              /* on_over was called with true last */
	struct sb kept;              /* said while we could not be cut: told afterwards */
	int64_t kept_start_ms, kept_end_ms;
	double kept_confidence;
	int64_t last_end_ms;         /* of the one before, 0 = none */
	double pause_ms;             /* moving mean of this customer's pauses */
	double caller_db;            /* how loud this customer usually is; 0 = not known */
	double asr_ms;               /* moving mean of flush to words */
	struct ear_pending flying;   /* flushed, its final is awaited */
	struct ear_pending due;      /* to be flushed when that came: one at a time */
	/* recognised, kept back because the customer may speak on. */
	struct sb words;
	struct sb partial;           /* of what is not flushed yet */
	struct sb likely;            /* told last by on_likely */
	int64_t words_start_ms, decided_us;
	int64_t loud_us;             /* when a frame that anybody hears came last */
	double words_confidence;
	bool words_held;
	struct loop_timer wait, lost_timer;
};

void ear_init(struct ear *e, const struct ear_opts *o, sv lang);
void ear_done(struct ear *e);                        /* idempotent; no callback afterwards */
/* One frame heard; sent = ours of the same 20 ms, NULL = none. */
void ear_hear(struct ear *e, const int16_t *s, size_t n, const int16_t *sent);
void ear_say(struct ear *e, uint32_t say_id, enum chan_expect expect);
void ear_say_began(struct ear *e);                   /* a say's first sample goes out */
void ear_key(struct ear *e);                         /* a key: its tone is no speech */
void ear_hold(struct ear *e, bool held);

/* By hand: no voice detector; what is heard is one utterance until ear_commit ends it (on_words
 * follows, without on_start) or ear_clear drops it. */
void ear_manual(struct ear *e, bool on);
void ear_commit(struct ear *e);
void ear_clear(struct ear *e);

/* ---- chan_ear_asr.c: words. e->asr says whether there is a recogniser. */
void ear_listen(struct ear *e);
/* another recogniser; on_lost follows later if there is none. */
void ear_lang(struct ear *e, sv lang);
void ear_stop_asr(struct ear *e);
void ear_feed(struct ear *e, const int16_t *s, size_t n);
/* All of the utterance so far is to become words. */
void ear_flush(struct ear *e);
void ear_drop_words(struct ear *e);                  /* and nobody is told */
void ear_add_words(struct ear *e, sv text, double confidence, int64_t start_ms);
void ear_tell_words(struct ear *e, int64_t end_ms, int64_t silence_from_us);
void ear_tell_likely(struct ear *e);
bool ear_waits(const struct ear *e);                 /* for words of this utterance */
static inline bool ear_over(const struct ear *e) { return !e->o.on_start; }

/* ---- chan_ear_tone.c: how it is said */
/* an utterance; its onset is in the pre-roll. */
void ear_tone_begin(struct ear *e);
void ear_tone_hear(struct ear *e, const int16_t *s, size_t n, bool ours);
/* Into room, or NULL: too little voice; it begins anew. */
const struct pcm_prosody_sum *ear_tone_end(struct ear *e, struct pcm_prosody_sum *room);
void ear_tone_drop(struct ear *e);                   /* idempotent */

/* ---- chan_ear_cut.c: over our voice */
void ear_duck(struct ear *e);
void ear_judge(struct ear *e);                       /* each frame of an utterance */
/* It is over: told, or only a cough. */
void ear_take_turn(struct ear *e);
void ear_let_on(struct ear *e);                      /* we go on where we stood still */
/* Words of an utterance that on_start was not called for. True: it counts from now on. */
bool ear_maybe(struct ear *e, const struct ear_pending *p, sv text, double confidence);
bool ear_undecided(const struct ear *e);             /* we stand still until it is */
void ear_tell_kept(struct ear *e);
void ear_close(struct ear *e);                       /* chan_ear.c: it was nothing */

#endif
