/* chan_amd.h: who has answered a call of ours: a person, a machine, or somebody who asks first
 * who is calling. A pure machine: sound and words in, one event out. Private to chan; used by one
 * thread at a time.
 *
 *	amd_init(&a, &words, hears);
 *	switch (amd_push(&a, frame)) {          each 20 ms heard while we are silent
 *	case AMD_HUMAN: talk(); break;
 *	...
 *	amd_words(&a, partial)                  the same, as the recogniser understands it
 *	amd_again(&a)                           we have said something: listen anew
 */
#ifndef CALLM_CHAN_AMD_H
#define CALLM_CHAN_AMD_H

#include "base.h"
#include "pcm.h"

enum amd_ev {
	AMD_NONE,
	AMD_HUMAN,                   /* talk */
	AMD_MACHINE,                 /* a greeting; AMD_BEEP, AMD_SCREEN or AMD_FULL follow */
	AMD_SCREEN,                  /* who is calling, and why? */
	AMD_FULL,                    /* takes no message: hang up */
	AMD_SILENT,                  /* nobody says anything: ask */
	AMD_BEEP                     /* leave the message now */
};
/* Phrases in lower case, in all languages at once; borrowed. */
#define AMD_PHRASES 64
struct amd_list {
	sv v[AMD_PHRASES];
	size_t n;
};
struct amd_words {
	struct amd_list machine, screen, full, human;
};

struct amd_beep {                    /* a steady tone of 0.1 to 2 s */
	double hz;                   /* of the run */
	int run_ms;
};
struct amd {
	const struct amd_words *words;
	bool hears;                  /* words will come */
	struct pcm_vad vad;
	struct amd_beep beep;
	enum { AMD_AT_HELLO, AMD_AT_MACHINE, AMD_AT_END } at;
	int64_t ms, first_ms, last_ms;  /* of speech, since amd_init or amd_again; < 0 = none */
	int64_t machine_ms;          /* when that was decided */
	bool by_words, said_human, asked;
};

/* words may be NULL. hears: a recogniser listens too. */
void amd_init(struct amd *a, const struct amd_words *words, bool hears);
enum amd_ev amd_push(struct amd *a, const int16_t s[PCM_FRAME]);
enum amd_ev amd_words(struct amd *a, sv text);
void amd_again(struct amd *a);
/* Takes 20 ms; true when a beep has just ended. */
bool amd_beep_push(struct amd_beep *b, const int16_t s[PCM_FRAME]);
const char *amd_name(enum amd_ev e);         /* "human", "machine" ... */

#endif
