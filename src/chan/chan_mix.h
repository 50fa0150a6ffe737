/* chan_mix.h: who hears whom in a call of several: a table from what each person is there for,
 * and the sums of each 20 ms. Private to chan; pure, no loop, no thread.
 *
 *	mix_table(seats, want);
 *	mix_run(&m, want, sources, n, out, sound);
 *
 * Nodes: 0 the customer, 1 .. CHAN_PARTIES_MAX the persons, MIX_BOT what the engine says.
 */
#ifndef CALLM_CHAN_MIX_H
#define CALLM_CHAN_MIX_H

#include "chan.h"
#include "pcm.h"

enum { MIX_CUSTOMER = 0, MIX_EARS = CHAN_PARTIES_MAX + 1, MIX_BOT = MIX_EARS,
       MIX_MOUTHS = MIX_EARS + 1, MIX_FRAME = 320 };

struct mix_seat {                    /* a person; zeroed = nobody */
	bool there;                  /* has joined */
	enum chan_party_mode mode;
	bool muted;                  /* nobody hears them */
	bool away;                   /* their telephone holds us */
};
struct mix {
	/* of the last sample, 0 or 1 but while it changes; a sum moves to its new gain within a
	 * frame, so that nothing clicks */
	bool on[MIX_EARS][MIX_MOUTHS];
};
/* want[e][m]: does e hear m? */
void mix_table(const struct mix_seat seats[CHAN_PARTIES_MAX], bool want[MIX_EARS][MIX_MOUTHS]);
/* Does a person speak with the customer, were they to say something? */
bool mix_served(const struct mix_seat seats[CHAN_PARTIES_MAX]);
/* n samples of each: src[m] NULL = silent. out[e] NULL = nobody listens; else filled, and
 * sound[e] says whether anything is in it. Saturates. */
void mix_run(struct mix *m, const bool want[MIX_EARS][MIX_MOUTHS],
	     const int16_t *const src[MIX_MOUTHS], size_t n, int16_t *const out[MIX_EARS],
	     bool sound[MIX_EARS]);

#endif
