/* chan_tape.h: the recording of a spoken conversation and its clock: left the customer, right
 * us, 8 kHz. Private to chan; shard's thread.
 *
 *	tape_open(&t, data_dir, interaction_id, rate, producer);
 *	tape_sent(&t, out);             each 20 ms that really went out
 *	tape_heard(&t, in, now_ms);     each 20 ms that came in; moves t.ms
 *	tape_mode(&t, CHAN_RECORD_PAUSED);
 *	tape_blank(&t, from_ms, to_ms); a card number was said there
 *	tape_close(&t);
 *
 * t.ms is the time of the conversation: all offsets of the channel's messages are read off it,
 * recorded or not.
 */
#ifndef CALLM_CHAN_TAPE_H
#define CALLM_CHAN_TAPE_H

#include "base.h"
#include "chan.h"
#include "pcm.h"

#define TAPE_SPANS 64
enum tape_why { TAPE_PAUSED, TAPE_SECRET, TAPE_BLANKED, TAPE_KEYS, TAPE_WHY_COUNT };
struct tape_span {                   /* not on the recording, and why */
	enum tape_why why;
	int64_t from_ms, to_ms;      /* to < 0: it goes on */
};
struct tape {
	int rate;
	int64_t ms;                  /* since the first frame */
	int64_t zero_ms;             /* the loop's time at 0 */
	bool running;
	struct pcm_wavw *wav;        /* NULL = not recorded */
	struct pcm_rs *rs_in, *rs_out;
	struct pcm_dtmf *dtmf;       /* tones of keys in the customer's sound */
	bool tone;                   /* one sounds */
	enum chan_record mode;
	bool failed;                 /* could not be written to its end */
	int64_t blank_to_ms;         /* the customer's side is silenced until then */
	int64_t filled_ms;           /* silence for what a late loop skipped */
	struct tape_span spans[TAPE_SPANS];
	int n_spans;
	int16_t sent[2][320];        /* went out, not yet on the tape */
	int n_sent;
	char name[96];               /* relative to the data folder, "" when not recorded */
	char path[4300];
};

/* Never fails: what cannot be recorded is not (name stays ""). data_dir NULL = no recording.
 * producer = who answers for what is said, for the label; NULL = callm. */
void tape_open(struct tape *t, const char *data_dir, sv interaction, int rate,
	       const char *producer);
void tape_sent(struct tape *t, const int16_t *frame);
/* False, once: the recording cannot be written any more, the conversation goes on without. */
bool tape_heard(struct tape *t, const int16_t *frame, int64_t now_ms);
/* From now on. The customer's side is silent from a little earlier when something secret
 * begins. */
void tape_mode(struct tape *t, enum chan_record how);
static inline bool tape_secret(const struct tape *t) { return t->mode == CHAN_RECORD_SECRET; }
/* What the engine may know of it: true = nothing. Words said in a secret time become
 * CHAN_MASKED. */
bool tape_hides(const struct tape *t, struct chan_msg *m);
/* Silences the customer's side of that time, also where it is still to come, with a margin. */
void tape_blank(struct tape *t, int64_t from_ms, int64_t to_ms);
void tape_close(struct tape *t);                     /* idempotent */
void tape_discard(struct tape *t);                   /* closes and removes the file */
/* {"recording","duration_ms","complete","filled_ms","spans":[...]}, also after tape_close. */
void tape_json(const struct tape *t, struct sb *out);

#endif
