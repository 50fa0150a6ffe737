/* chan_parties.h: the persons in a call beside the customer: rung, told, mixed, let go. Private to
 * chan; shard's thread.
 *
 *	ps = parties_new(&(struct parties_opts){ ... });
 *	parties_order(ps, &(struct chan_party){ .act = CHAN_PARTY_ADD, ... });
 *	n = parties_under(ps, out, n);         each 20 ms that go to the customer
 *	parties_hear(ps, in, at_ms);           each 20 ms that come from there
 *	parties_key(ps, '1');                  a key of the customer
 *	parties_stop(ps); obj_unref(ps);       all persons' lines end
 *
 * chan_parties.c has the orders, the sums and the news; chan_party.c one person's line;
 * chan_party_ear.c what they say as words.
 */
#ifndef CALLM_CHAN_PARTIES_H
#define CALLM_CHAN_PARTIES_H

#include "chan_mix.h"
#include "chan_people_int.h"
#include "chan_pipe.h"
#include "chan_playout.h"
#include "tel.h"

enum { PARTY_NEWS_MAX = 64 };

struct parties_opts {
	struct loop *loop;
	struct mbox *box;
	const struct chan_speech *speech;
	struct chan_people *people;
	int rate;                    /* of the customer's frames: 8000 or 16000 */
	/* CHAN_PARTY or CHAN_PARTY_WORDS; own: of the order that added them. From the loop,
	 * never from within a call; may stop or free everything. */
	void (*news)(void *arg, const struct chan_msg *m, bool own);
	void *arg;
};
struct parties;
/* Words of one person (chan_party_ear.c). */
struct party_ear {
	struct asr_run *run;         /* NULL = none (yet) */
	bool off;                    /* there is no recogniser for them */
	bool speaks;
	bool flying, due;            /* words are awaited; the next are to be asked for then */
	struct pcm_vad vad;
	int16_t pre[MIX_FRAME * 15]; /* the last 300 ms before it */
	size_t n_pre;
	int64_t start_ms, end_ms;    /* of what is said, or was said last */
};
enum party_step { PARTY_NONE, PARTY_RINGING, PARTY_ASKED, PARTY_BRIEFED, PARTY_JOINED };
struct party {
	struct parties *ps;
	enum party_step step;        /* NONE = the seat is free */
	enum chan_party_mode mode;
	char id[CHAN_PARTY_ID + 1], lang[4];
	bool own;                    /* chan_transfer's: told apart */
	bool muted, held;            /* held: their telephone holds us */
	struct tel_leg *leg;         /* one of the two, */
	struct seat_call *seat;
	int rate;                    /* and its rate */
	struct chan_pipe in, out;    /* in at the call's rate, out at theirs */
	struct pcm_rs *rs_in, *rs_out;
	char *briefing;              /* owned; NULL = none */
	struct playout play;         /* to the person before they join */
	bool playing, rang;
	uint32_t said;               /* last sentence heard whole */
	int asked;                   /* how often for the key */
	struct loop_timer timer;
	struct loop_timer tick;      /* a browser's 20 ms */
	int64_t next_us;
	struct party_ear ear;
};
struct party_news {
	char id[CHAN_PARTY_ID + 1];
	const char *step, *why;      /* static */
	char *words;                 /* owned; PARTY_WORDS */
	bool partial, own;
	int status;
	enum chan_party_mode mode;
	int64_t start_ms, end_ms;
};
struct parties {                     /* an obj */
	struct parties_opts o;       /* people: a reference */
	struct party p[CHAN_PARTIES_MAX];
	bool want[MIX_EARS][MIX_MOUTHS];
	struct mix mix;
	int n;                       /* seats taken */
	bool waits;                  /* CHAN_PARTY_WAIT */
	bool driven;                 /* parties_hear has been called */
	bool stopped;
	int64_t at_ms;               /* of the conversation */
	int16_t bot[MIX_FRAME];      /* what the engine said last, not yet mixed */
	bool bot_sounds;
	int16_t mixed[MIX_FRAME];    /* for the customer's next frame */
	bool mixed_sounds;
	/* the last frame of who has just left, to fade away */
	int16_t ghost[CHAN_PARTIES_MAX][MIX_FRAME];
	bool ghosts[CHAN_PARTIES_MAX], haunted;
	struct pcm_music *music;     /* a reference; NULL = the tune */
	bool tuned;                  /* the last frame had music or the tune */
	bool begun;                  /* it has begun since somebody was there */
	uint64_t tune;               /* its next sample */
	struct party_news news[PARTY_NEWS_MAX];
	int n_news;
	struct loop_timer telling;
};

struct parties *parties_new(const struct parties_opts *o);   /* obj_unref after parties_stop */
void parties_stop(struct parties *ps);               /* idempotent; no news afterwards */
/* See chan_ops.party. own goes with the news of an ADD. */
int parties_order(struct parties *ps, const struct chan_party *x, bool own);
/* out holds n samples of ours (a frame in all); returns how many count now. */
int parties_under(struct parties *ps, int16_t *out, int n);
void parties_hear(struct parties *ps, const int16_t *in, int64_t at_ms);
void parties_key(struct parties *ps, char digit);
void parties_again(struct parties *ps);              /* tells anew who has joined */

/* ---- between the files */
void parties_tell(struct party *p, const char *step, const char *why, int status);
void parties_words(struct party *p, sv text, bool partial);
/* p joined, changed or left: the table anew. */
void parties_settle(struct parties *ps);
/* p has joined. */
void parties_joined(struct party *p);
/* p's place is free: how it was told is done. */
void parties_freed(struct parties *ps, struct party *p);
int party_ring(struct party *p, sv to, int ring_ms); /* errors of an ADD */
/* The end of one: told, its line given back, its seat free. why static. */
void party_end(struct party *p, const char *why, int status);
void party_free(struct party *p);                    /* the same, untold */
/* A frame of the call's for them. */
void party_send(struct party *p, const int16_t *s);
/* A frame of theirs for the call; false = silence. */
bool party_take(struct party *p, int16_t *s);
void party_ear_hear(struct party *p, const int16_t *s);      /* a frame that others hear */
void party_ear_off(struct party *p);                 /* idempotent */
/* 20 ms of a calm tune at about -30 dBFS, samples pos.. of it; pure. */
void parties_tune(int rate, uint64_t pos, int16_t *out);
/* The next 20 ms of what one who is alone hears, at their rate: the company's music or the tune. */
void parties_music(struct parties *ps, int rate, int16_t *out);
/* "busy", "no answer", "declined" or "unreachable": what this SIP status means. */
const char *parties_why(int status);

#endif
