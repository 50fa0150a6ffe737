/* worker.h: the frames between a model and its worker process, and the frame of a
 * synthesis worker; private to model. The parent's side is tts.c and asr.c, the child's
 * worker_*.c.
 *
 * All numbers are u32 little-endian; samples are int16 little-endian (as in memory:
 * both sides are one machine). */
#ifndef CALLM_MODEL_WORKER_H
#define CALLM_MODEL_WORKER_H

#include "base.h"

enum worker_frame {
	WF_READY = 'R', /* child: JSON {"rate":16000} or {"error":"..."}; sent once at
			   the start */
	/* synthesis */
	WF_SAY = 'S',    /* parent: JSON {"id","voice","rate","text"} */
	WF_CANCEL = 'C', /* parent: id */
	WF_PCM = 'P',    /* child: id, rate, samples */
	WF_MARK = 'M',   /* child: id, byte offset in text, sample */
	WF_END = 'E',    /* child: id, error as u32 (0 = ok, else -code) */
	/* recognition; gen counts the utterances of a process, stale frames are dropped
	 */
	WF_AUDIO = 'A',   /* parent: gen, rate, samples */
	WF_FLUSH = 'F',   /* parent: gen; the utterance is over, WF_FINAL follows */
	WF_RESET = 'X',   /* parent: gen; forget the utterance */
	WF_PARTIAL = 'H', /* child: gen, text */
	WF_FINAL = 'T',   /* child: gen, confidence in 1/1000, text */
	/* language models; WF_CANCEL as above, WF_END has three more numbers: tokens of the
	 * prompt, of these already computed, tokens written */
	WF_ASK = 'Q',  /* parent: JSON {"id","key","class","max","temperature","seed",
			  "grammar","msgs":[{"role","text"}]} */
	WF_TEXT = 'D', /* child: id, text */
	WF_PING = 'p', /* parent: anything; also in the middle of an answer */
	WF_PONG = 'o', /* child: the same */
	/* recognition of whole pieces of sound (Whisper): one job at a time; WF_CANCEL, WF_PING
	 * as above, also in the middle of a job */
	WF_HEAR = 'J',  /* parent: id, rate, languages, samples; languages: as many bytes as
			   the next number says, "zh,en", the likeliest first */
	WF_HEARD = 'W', /* child: id, error as u32 (0 = ok, else -code), confidence in 1/1000,
			   text */
	WF_BEAT = 'b',  /* child: id; still at work */
	WF_SENSE = 'V', /* parent: as WF_HEAR, one language */
	WF_SENSED = 'v', /* child: id, error, floats as in memory (asr_vec.h) */
};

static inline void wf_put(struct sb *b, uint32_t v)
{
	for (int i = 0; i < 4; i++)
		sb_ch(b, (char)(v >> (8 * i)));
}

/* Takes a number off the front; 0 when there is none. */
static inline uint32_t wf_get(sv *s)
{
	if (s->n < 4)
		return s->n = 0, 0;
	const unsigned char *p = (const unsigned char *)s->p;
	*s = sv_slice(*s, 4, s->n);
	return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 |
	       (uint32_t)p[3] << 24;
}

/* ---- worker_tts.c: the child's side of a synthesiser: queue, cancel, frames ---- */
struct tts_job {
	uint32_t id;
	char *voice, *text;
	double rate;
	uint32_t samples;   /* sent so far */
	size_t mark_offset; /* the last mark */
	uint32_t mark_sample;
	bool stop;
	struct tts_job *next;
};
struct tts_engine {
	int rate;                                 /* of its samples */
	int (*say)(struct tts_job *j, void *arg); /* calls tts_job_*; 0 or an error */
	void *arg;
};
int tts_worker_run(int fd, const struct tts_engine *e); /* until the parent closes */
int tts_worker_refuse(int fd,
		      const char *why); /* says why it cannot work, then ends; 1 */
/* Looks for cancels on the way. False: stop at once. */
bool tts_job_pcm(struct tts_job *j, const int16_t *s, size_t n);
void tts_job_mark(struct tts_job *j, size_t offset, uint32_t sample);

int worker_flite(int argc, char **argv);
int worker_sphinx(int argc, char **argv);

/* ---- worker_cpu.c ---- */
int cpu_cores(void);                 /* this process may run on */
int cpu_threads(int wanted);         /* of these, as many as are free now; at least 1 */
/* At most so many bytes of memory of its own (files that are only mapped do not count). */
void cpu_memory_limit(size_t bytes);

#endif
