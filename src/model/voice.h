/* voice.h: what the neural voices have in common: clauses, levels, streaming; private to
 * callm-onnx.
 *
 *	struct voice_model m = { .rate = 24000, .set = G2P_KOKORO, .speak = speak, .arg = self };
 *	return voice_run(&m);        until the parent closes the channel
 */
#ifndef CALLM_MODEL_VOICE_H
#define CALLM_MODEL_VOICE_H

#include "g2p.h"

struct voice_sound { /* floats in -1..1; v is malloc'ed */
	float *v;
	size_t n, cap;
};
struct voice_model {
	int rate;
	enum g2p_set set;
	/* One clause. voice is the job's, speed 1 = normal. Replaces what out holds. 0 or an
	 * error; blocks. */
	int (*speak)(void *arg, const char *voice, const struct g2p_said *said, double speed,
		     struct voice_sound *out);
	bool (*chinese)(const char *voice); /* NULL: English only */
	void *arg;
};
int voice_run(const struct voice_model *m);
/* Copies floats in. */
bool voice_sound_set(struct voice_sound *s, const float *v, size_t n);

/* ---- clause.c: what is said in one go ---- */
struct clause {
	size_t from, to; /* bytes of the text */
	int pause_ms;    /* after it */
};
/* The next clause from *pos on, which moves behind it; k is its number, from 0: the first ones
 * are short, so that sound comes early and the next is ready in time. False at the end. */
bool clause_next(sv text, size_t *pos, int k, struct clause *ret);

/* ---- level.c: loudness and edges of a clause ---- */
enum { LEVEL_RMS = 3277, LEVEL_PEAK = 30000 }; /* -20 dBFS; -0.8 dBFS */
struct level { /* what a voice was like so far; zeroed = nothing known */
	double energy, n;
};
/* Where speech begins and ends in s: 20 ms of silence are left before and 40 ms after it.
 * False: there is none. */
bool level_trim(const float *s, size_t n, int rate, size_t *from, size_t *to);
/* The factor that brings the voice's speech to LEVEL_RMS, and never a peak of this clause above
 * LEVEL_PEAK. */
float level_gain(struct level *l, const float *s, size_t n, int rate);
/* To 16 bit, with edges faded over 5 ms. */
void level_write(const float *s, size_t n, int rate, float gain, int16_t *out);

#endif
