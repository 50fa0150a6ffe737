/* pcm_music.h: what somebody who waits hears: sound files levelled and joined to a loop, kept at
 * the two rates of calls.
 *
 *	pcm_music_new(&m, paths, 2, 1200, &e);
 *	pos = pcm_music_at(m, 8000, loop_now_us(l));     where the loop stands just now
 *	pcm_music_get(m, 8000, pos, out, 160);           20 ms of it
 *	obj_unref(m);
 *
 * An obj, immutable once made: any thread, shared by all callers.
 */
#ifndef CALLM_PCM_MUSIC_H
#define CALLM_PCM_MUSIC_H

#include "pcm.h"

enum { PCM_MUSIC_FILES = 100 };
struct pcm_music;
/* From n WAV files, one after the other; n = 0: silence. Each comes to -24 dBFS (RMS), less where
 * its peaks would be cut. max_s: seconds in all. Reads and converts: a worker's time. ERR_INVAL: a
 * file too short or silent; ERR_TOOBIG: more than max_s; else as pcm_wav_read. e names the file. */
int pcm_music_new(struct pcm_music **ret, const char *const *paths, size_t n, int max_s,
		  struct err *e);
/* of one round, rounded up; 0 = silence. */
int pcm_music_seconds(const struct pcm_music *m);
/* The sample of the loop at a moment of some clock: who comes later hears it from there. */
uint64_t pcm_music_at(const struct pcm_music *m, int rate, int64_t us);
/* n samples from pos on (of any round). rate: 8000 or 16000. */
void pcm_music_get(const struct pcm_music *m, int rate, uint64_t pos, int16_t *out, size_t n);

#endif
