/* chan_tape.h: the recording of a spoken conversation and its clock: left the customer, right
 * us, 8 kHz. Private to chan; shard's thread.
 *
 *	tape_open(&t, data_dir, interaction_id, rate);
 *	tape_sent(&t, out);             each 20 ms that really went out
 *	tape_heard(&t, in, now_ms);     each 20 ms that came in; moves t.ms
 *	tape_close(&t);
 *
 * t.ms is the time of the conversation: all offsets of the channel's messages are read off it,
 * recorded or not.
 */
#ifndef CALLM_CHAN_TAPE_H
#define CALLM_CHAN_TAPE_H

#include "base.h"
#include "pcm.h"

struct tape {
	int rate;
	int64_t ms;                  /* since the first frame */
	int64_t zero_ms;             /* the loop's time at 0 */
	bool running;
	struct pcm_wavw *wav;        /* NULL = not recorded */
	struct pcm_rs *rs_in, *rs_out;
	int16_t sent[4][320];        /* went out, not yet on the tape */
	int n_sent;
	char name[96];               /* relative to the data folder, "" when not recorded */
	char path[4300];
};

/* Never fails: what cannot be recorded is not (name stays ""). data_dir NULL = no recording. */
void tape_open(struct tape *t, const char *data_dir, sv interaction, int rate);
void tape_sent(struct tape *t, const int16_t *frame);
void tape_heard(struct tape *t, const int16_t *frame, int64_t now_ms);
void tape_close(struct tape *t);                     /* idempotent */
void tape_discard(struct tape *t);                   /* closes and removes the file */

#endif
