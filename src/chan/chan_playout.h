/* chan_playout.h: what is to be said, as sound in order, and which bytes of the text were
 * really sent. Private to chan; shard's thread.
 *
 *	playout_say(&p, &out);     queues text, speech is made ahead of need
 *	n = playout_pull(&p, buf); each 20 ms
 *	playout_hush(&p, &heard);  stop with a short fade
 */
#ifndef CALLM_CHAN_PLAYOUT_H
#define CALLM_CHAN_PLAYOUT_H

#include "chan_cache.h"
#include "pcm_stretch.h"
#include "chan_ring.h"
#include "chan_voice.h"

#define PLAYOUT_PIECES 64

struct playout_piece {               /* one chan_say */
	struct playout *p;
	uint32_t say_id;
	char *text, lang[4];
	size_t base, bytes;          /* where its text lies in the say's text */
	bool final, uninterruptible;
	bool started, made;          /* synthesis asked for, synthesis over */
	int engine;                  /* index of the engine being tried */
	bool rest;                   /* what another piece's engine left unsaid */
	struct tts_run *run;
	struct pcm_rs *rs;
	int hz;                      /* of the engine, 0 = nothing came yet */
	/* samples that came, at its rate; after a break to be passed over once more. */
	size_t got, skip;
	bool let_go;                 /* its engine was stopped on the way, by playout_let_go */
	uint64_t first, end;         /* samples; end valid when made */
	/* sample of the synthesiser, at its rate, from which this byte of the piece is spoken. */
	VEC(struct chan_mark) marks;
	bool shared;                 /* its sound may be kept */
	struct chan_sound copy;      /* of a shared piece, while it is made */
	int pace;                    /* percent of the voice's speed, 0 = its own */
	struct pcm_stretch *stretch; /* while it is made, when pace is set */
};
struct playout {
	const struct chan_speech *speech;
	int rate;
	/* owned; fixed addresses, synthesis points at them. */
	struct playout_piece *pieces[PLAYOUT_PIECES];
	int n;
	struct chan_ring ring;       /* samples from `played` on */
	uint64_t played, written;
	uint32_t say_id;             /* of the newest piece */
	size_t say_bytes;            /* its text so far */
	bool say_open;               /* more of it is to come */
	int16_t fade[320];
	size_t fade_n;
	double gain_db;              /* ducking, wanted */
	double gain;                 /* factor of the last sample sent */
	bool paused;                 /* wanted; `gain` is 0 once it is so */
	/* it began, and nothing of it could be heard yet; 0 = none. */
	uint32_t first_say;
	/* From playout_pull; neither may say or hush: a final piece was sent to its last sample
	 * (bytes: of the whole say); the first sample of a say goes out. */
	void (*on_played)(void *arg, uint32_t say_id, size_t bytes);
	void (*on_first)(void *arg, uint32_t say_id);
	/* the first frame of a say that can be heard; may be NULL */
	void (*on_sound)(void *arg, uint32_t say_id);
	void *arg;
};

void playout_init(struct playout *p, const struct chan_speech *speech, int rate);
void playout_done(struct playout *p);                /* idempotent */
/* ERR_FULL: too many pieces wait. */
int playout_say(struct playout *p, const struct chan_out *o);
/* Fills rate/50 samples, returns how many of them are ours. */
int playout_pull(struct playout *p, int16_t *out);
bool playout_busy(const struct playout *p);          /* something is being said or made */
bool playout_may_cut(const struct playout *p);
/* Stands still, after a fade of 10 ms, at the sample it has reached, until playout_go: what is
 * made meanwhile waits. Each sample goes out once. Not while what sounds may not be cut. Both
 * idempotent. */
void playout_pause(struct playout *p);
void playout_go(struct playout *p);
/* Stops the engine that makes sound now: probably nobody will want the rest. What came stays;
 * playout_go has the piece made again and leaves out what came. Idempotent. */
void playout_let_go(struct playout *p);
/* What was sent of the say that sounds ends in a question, or its last second does. */
bool playout_asked(const struct playout *p);
/* Only say_id and bytes are set: of the say that sounds, or of one whose next piece is still to
 * come. */
void playout_hush(struct playout *p, struct chan_heard *ret);
int64_t playout_left_ms(const struct playout *p);    /* of sound already made */
/* and an estimate of what is still to be made. */
int64_t playout_owed_ms(const struct playout *p);

#endif
