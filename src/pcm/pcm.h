/* pcm.h: sound in memory: G.711, resampling, jitter buffer, concealment, DTMF, tones,
 * VAD, WAV files.
 *
 *	struct pcm_vad v;
 *	pcm_vad_init(&v, NULL);
 *	switch (pcm_vad_push(&v, frame, PCM_FRAME, PCM_NO_ECHO)) {
 *	case PCM_VAD_START: on_speech(); break;
 *	...
 *
 * Everything is mono signed 16 bit unless it says otherwise. No sockets and no threads:
 * each object is
 * used by one thread at a time. Only the WAV functions touch files (and may block: not
 * on a loop).
 * Levels are dB relative to a full-scale square wave (dBFS): 0 is the loudest,
 * PCM_SILENT_DB is silence.
 */
#ifndef CALLM_PCM_H
#define CALLM_PCM_H

#include "base.h"

enum {
	PCM_HZ = 8000,            /* the telephone's rate */
	PCM_FRAME = 160,          /* samples of 20 ms at PCM_HZ */
	PCM_FRAME_MS = 20,
	PCM_MAX_SECONDS = 3600,   /* longest clip that pcm_wav_* reads */
};
#define PCM_SILENT_DB (-100.0)
#define PCM_NO_ECHO PCM_SILENT_DB

/* 20 ms at 8 or 16 kHz, by value. */
struct pcm_frame {
	int16_t s[PCM_FRAME * 2];
	int n;                    /* samples used */
	int rate;                 /* Hz */
};

/* ---- G.711 (ITU-T G.711). n bytes <-> n samples. */
void pcm_ulaw_decode(const uint8_t *in, size_t n, int16_t *out);
void pcm_ulaw_encode(const int16_t *in, size_t n, uint8_t *out);
void pcm_alaw_decode(const uint8_t *in, size_t n, int16_t *out);
void pcm_alaw_encode(const int16_t *in, size_t n, uint8_t *out);

/* ---- Codecs with a memory: G.722 (spandsp), Opus (libopus), narrow-band inside: 20 ms at
 * PCM_HZ <-> bytes. An object codes in one direction. */
enum pcm_line_kind { PCM_LINE_G722, PCM_LINE_OPUS };
struct pcm_line;
int pcm_line_open(struct pcm_line **ret, enum pcm_line_kind kind); /* ERR_FAIL */
void pcm_line_close(struct pcm_line *l);                           /* accepts NULL */
/* Bytes written to out (at most cap, at least 160 of room), < 0: ERR_TOOBIG, ERR_FAIL. */
int pcm_line_encode(struct pcm_line *l, const int16_t in[PCM_FRAME], uint8_t *out, size_t cap);
/* Samples of one packet, at most cap; < 0: ERR_PARSE, ERR_TOOBIG. */
int pcm_line_decode(struct pcm_line *l, const uint8_t *p, size_t n, int16_t *out, size_t cap);
/* A packet of 20 ms was lost: PCM_FRAME samples made up, from the packet after it (NULL = not
 * known) when that carries a copy. 0 = cannot. */
int pcm_line_lost(struct pcm_line *l, const uint8_t *next, size_t n, int16_t out[PCM_FRAME]);

/* ---- Resampling (speexdsp): any rates from 4000 to 192000 Hz. */
struct pcm_rs;
/* quality 0 (fast) .. 10; 3 is right for recognisers, 5 for synthesised speech.
 * ERR_INVAL. */
int pcm_rs_open(struct pcm_rs **ret, int from_hz, int to_hz, int quality);
void pcm_rs_close(struct pcm_rs *rs);                    /* accepts NULL */
/* Takes all n_in samples, writes at most cap to out and returns how many. cap must be
 * at least
 * pcm_rs_cap(rs, n_in). The first few ms come out late (filter delay). */
size_t pcm_rs_run(struct pcm_rs *rs, const int16_t *in, size_t n_in, int16_t *out, size_t cap);
size_t pcm_rs_cap(const struct pcm_rs *rs, size_t n_in);
/* A whole buffer at once: *out is xalloc'ed (xfree it), delay removed, length
 * exactly n*to/from. */
int pcm_resample(const int16_t *in, size_t n, int from_hz, int to_hz, int16_t **out, size_t *n_out);

/* ---- Jitter buffer with concealment: RTP samples in, one 20 ms frame out per call of
 * pcm_jb_get.
 * Any packet length; reordering, duplicates and clock drift are absorbed; delay adapts
 * between
 * min_ms and max_ms. See pcm_jb.c for why it is our own. */
struct pcm_jb;
struct pcm_jb_stats {
	uint64_t put, late, dup, resets;  /* packets */
	uint64_t concealed;               /* frames with at least one missing sample */
	/* frames inserted, removed to follow the target delay */
	uint64_t stretched, dropped;
	int target_ms, depth_ms;          /* wanted delay, what is in the buffer now */
};
/* 20 <= min <= max <= 200; ERR_INVAL */
int pcm_jb_open(struct pcm_jb **ret, int min_ms, int max_ms);
void pcm_jb_close(struct pcm_jb *jb);                    /* accepts NULL */
void pcm_jb_reset(struct pcm_jb *jb);                    /* new stream (SSRC changed) */
/* The sender says that it is silent (comfort noise, a key): until the next packet nothing is
 * missing, so nothing is concealed and the delay stays. */
void pcm_jb_pause(struct pcm_jb *jb);
/* Samples of one packet, decoded; ts = RTP timestamp of the first. n <= 960. */
void pcm_jb_put(struct pcm_jb *jb, uint32_t ts, const int16_t *s, size_t n);
/* The next 20 ms. Returns how many of the 160 samples were really received: 0 = all
 * concealed or
 * silence. Silence until the first packet came. */
int pcm_jb_get(struct pcm_jb *jb, int16_t out[PCM_FRAME]);
struct pcm_jb_stats pcm_jb_stats(const struct pcm_jb *jb);

/* ---- In-band DTMF (spandsp), 8 kHz. Digits are 0-9 * # A-D. */
struct pcm_dtmf;
int pcm_dtmf_open(struct pcm_dtmf **ret);
void pcm_dtmf_close(struct pcm_dtmf *d);                 /* accepts NULL */
void pcm_dtmf_push(struct pcm_dtmf *d, const int16_t *s, size_t n);
/* next digit heard, 0 = none waiting */
char pcm_dtmf_next(struct pcm_dtmf *d);
bool pcm_dtmf_ok(char digit);
/* Two tones of -10 dBm0 each, ms long, at 8 kHz; returns samples written (<= cap),
 * 0 for a bad digit. */
size_t pcm_dtmf_gen(char digit, int ms, int16_t *out, size_t cap);

/* ---- Tones with cadence. Embedded value. */
enum pcm_tone_kind {
	/* 425 Hz (450 Hz China: PCM_TONE_RINGBACK_CN), 1 s on, 4 s off */
	PCM_TONE_RINGBACK,
	PCM_TONE_RINGBACK_CN,
	PCM_TONE_BUSY,       /* 425 Hz, 0.5 s on, 0.5 s off */
	PCM_TONE_BEEP,       /* 1000 Hz, 200 ms, once */
};
struct pcm_tone {
	double f1_hz, f2_hz, level_db;    /* f2 0 = single tone; level of each */
	int on_ms, off_ms, rate;          /* off_ms < 0: once */
	uint64_t pos;                     /* samples made */
};
void pcm_tone_init(struct pcm_tone *t, enum pcm_tone_kind kind, int rate);
/* Fills out with the next n samples (ramps of 2 ms at the edges); returns false once a
 * tone that is
 * played only once is over (the rest of out is silence). */
bool pcm_tone_pull(struct pcm_tone *t, int16_t *out, size_t n);

/* ---- Levels. */
double pcm_dbfs(const int16_t *s, size_t n);             /* RMS level */
int pcm_peak(const int16_t *s, size_t n);                /* 0..32768 */
void pcm_gain(int16_t *s, size_t n, double db);          /* saturates */
/* linear factor from .. to */
void pcm_fade(int16_t *s, size_t n, double from, double to);
void pcm_mix(int16_t *dst, const int16_t *add, size_t n);/* dst += add, saturates */
/* Power of one frequency relative to a full-scale sine of it, dB (Goertzel). */
double pcm_goertzel_db(const int16_t *s, size_t n, double hz, int rate);

/* ---- Our own voice that comes back: how much of a frame it is (pcm_echo.c). 8 or 16 kHz, frames
 * of 20 ms at most. */
struct pcm_echo;
struct pcm_echo_part {
	bool known;            /* the way it takes is; else rest_db is all of the frame */
	double echo_db;        /* our voice in this frame, by what was sent */
	double rest_db;        /* what is left without it */
	double left_db;        /* what usually is when nobody else speaks, against the frame */
	double loss_db;        /* of the way */
};
int pcm_echo_open(struct pcm_echo **ret, int rate);      /* ERR_INVAL */
void pcm_echo_close(struct pcm_echo *x);                 /* accepts NULL */
void pcm_echo_reset(struct pcm_echo *x);
/* In turn, once a frame: what was sent (NULL = nothing), what was heard. doubt: it would be
 * taken for somebody's voice, so another way is looked for. The answer is valid until the next
 * call. */
void pcm_echo_sent(struct pcm_echo *x, const int16_t *s, size_t n);
const struct pcm_echo_part *pcm_echo_heard(struct pcm_echo *x, const int16_t *s, size_t n,
					   double floor_db, bool doubt);

/* ---- Voice activity by energy over an adaptive noise floor, or by a probability from elsewhere
 * (pcm_silero.h). 20 ms frames, 8 or 16 kHz. */
struct pcm_vad_opts {
	/* speech is this much over the noise floor (default 7) */
	double over_db;
	double min_db;         /* and at least this loud (default -48) */
	double echo_margin_db; /* and this much over the bot's own echo (default 3.5) */
	/* least loss of our own signal on its way back, while nothing better is known (12) */
	double echo_loss_db;
	/* our signal may echo this long after it was sent (default 400, the most) */
	int echo_hold_ms;
	int onset_ms;          /* voiced time that makes a start (default 60) */
	int hang_ms;           /* silence that makes an end (default 240) */
	double floor_start_db; /* first guess of the noise floor (default -60) */
	/* by probability: voiced from p_on (default 0.5), and on while p_off (default 0.35) */
	double p_on, p_off;
	double loud_db;        /* its silence counts from below this over the floor (3) */
};
enum { PCM_VAD_MINS = 10, PCM_VAD_LAG_MS = 100, PCM_VAD_TX = 20 };
enum pcm_vad_ev { PCM_VAD_NONE, PCM_VAD_START, PCM_VAD_END };
struct pcm_vad {
	struct pcm_vad_opts o;
	double floor_db;       /* tracked noise floor */
	double smooth_db, min_db[PCM_VAD_MINS]; /* for it: see pcm_vad.c */
	int min_at, min_frames, n_min;
	double level_db;       /* of the last frame */
	double tx_db[PCM_VAD_TX]; /* levels of our own signal, the last 400 ms */
	int tx_at;
	double echo_db;        /* the loudest of them within echo_hold_ms */
	double rx_max_db;      /* loudest heard since the loss was last looked at */
	int loss_ms;           /* of our speech since then */
	/* of that somebody was louder than our echo may be; halved each time */
	int over_ms;
	double over_max_db;    /* the loudest of it */
	double loss_db;        /* of our echo on this line, learned */
	bool doubt;            /* it would be voice but for what was known of the echo */
	bool speech;           /* between START and END */
	bool voiced;           /* the last frame was over the thresholds */
	/* and it sounded so: a probability falls up to PCM_VAD_LAG_MS after the voice has ended,
	 * so much of its silence counts at once when it does */
	bool loud;
	/* unbroken sound so far that is not our echo and well over the floor, voice or not: at a
	 * START, how long it has been heard (a probability needs a moment to rise) */
	int sound_ms;
	int run_ms, quiet_ms;  /* voiced run before a start, silence within speech */
	int64_t pos_ms;        /* total pushed */
	/* where the last START (first voiced frame) and END (last voiced) lie */
	int64_t start_ms, end_ms;
};
/* The last frame was sound and not the room, be it our own coming back. */
bool pcm_vad_sounds(const struct pcm_vad *v);
void pcm_vad_defaults(struct pcm_vad_opts *o);
/* o NULL = defaults */
void pcm_vad_init(struct pcm_vad *v, const struct pcm_vad_opts *o);
/* One 20 ms frame of n samples. tx_db = level of what we played in the same 20 ms,
 * PCM_NO_ECHO if
 * nothing. Frames that may be our echo neither start speech nor train the noise
 * floor. */
enum pcm_vad_ev pcm_vad_push(struct pcm_vad *v, const int16_t *s, size_t n, double tx_db);
/* The same with p, the probability of speech just now; < 0: not known, energy decides. The rules
 * about our echo hold all the same. */
enum pcm_vad_ev pcm_vad_push_p(struct pcm_vad *v, const int16_t *s, size_t n, double tx_db,
			       double p);
/* The same, with what is known of our echo in this frame; NULL = nothing. */
enum pcm_vad_ev pcm_vad_push_e(struct pcm_vad *v, const int16_t *s, size_t n, double tx_db,
			       double p, const struct pcm_echo_part *e);
/* How long it has been silent, ms before the last frame: 0, or more. */
int pcm_vad_lull(const struct pcm_vad *v, int ms);

/* ---- WAV. Any PCM WAV that libsndfile reads, mixed down to mono at the wanted
 * rate. */
struct pcm_clip {
	int16_t *s;            /* owned, xfree */
	size_t n;
	int rate;
};
/* ERR_NOTFOUND, ERR_PARSE, ERR_TOOBIG (over PCM_MAX_SECONDS); e says what. *ret
 * only on success. */
int pcm_wav_read(const char *path, int rate, struct pcm_clip *ret, struct err *e);
int pcm_wav_parse(sv bytes, int rate, struct pcm_clip *ret, struct err *e);
void pcm_clip_done(struct pcm_clip *c);                  /* accepts a zeroed struct */
int pcm_wav_write(const char *path, const int16_t *s, size_t n, int rate, struct err *e);

/* Writer of a recording: stays a valid WAV at all times but for the last second (header
 * rewritten
 * each second), so a crash loses at most that. left = customer, right = us; right
 * NULL = silence. Only its owner may read the file (0600). comment: a text in its
 * LIST/INFO chunk (ICMT), NULL = none. */
struct pcm_wavw;
int pcm_wavw_open(struct pcm_wavw **ret, const char *path, int rate, int channels,
		  const char *comment, struct err *e);
/* ERR_IO */
int pcm_wavw_put(struct pcm_wavw *w, const int16_t *left, const int16_t *right, size_t n);
/* Silence in frames from .. to of channel ch (0 left, 1 right, -1 both), as far as they
 * were put. ERR_IO. */
int pcm_wavw_blank(struct pcm_wavw *w, int ch, int64_t from, int64_t to);
/* accepts NULL; ERR_IO when the disk is full */
int pcm_wavw_close(struct pcm_wavw *w);

#endif
