/* chan_amd.c: answering machine detection: a race of times, words and tones.
 *
 * A person says little and waits: after a short greeting 0.6 s of silence is enough, after a
 * longer one more. A machine speaks on, or says what machines say; then its beep is waited for,
 * or the silence that some leave instead. Length alone is a weak sign (a company's telephone is
 * answered in whole sentences), so who is a machine by length only, and then falls silent without
 * a beep, is talked to as a person: right for a person, and harmless for a machine.
 *
 * The beep: a frame whose best sinusoid holds nearly all of its power. Its frequency comes from
 * x[n-1] + x[n+1] = 2 cos(w) x[n], least squares; the power there from Goertzel. Speech has such
 * frames too, but not five in a row at one frequency. Pure; no allocation. */
#include "chan_amd.h"

#include <math.h>

enum {
	FRAME_MS = PCM_FRAME_MS,
	SHORT_MS = 1200,             /* a greeting so long ends with PAUSE_MS of silence */
	PAUSE_MS = 600,
	LONG_PAUSE_MS = 900,
	MACHINE_MS = 2700,           /* longer: a machine, when no words are heard */
	MACHINE_HEARD_MS = 3600,     /* when words would have told */
	SILENT_MS = 2500,
	BEEPLESS_MS = 2500,          /* silence after a machine's greeting without a beep */
	DOUBT_MS = 1300,             /* and of one that is a machine by its length only */
	WAIT_MAX_MS = 45000,
	BEEP_MIN_MS = 100,
	BEEP_LOW_MIN_MS = 180,       /* below 500 Hz, where vowels are */
	BEEP_MAX_MS = 2000,
};

/* ---- the beep ---- */

static bool is_tone(const int16_t *s, double *ret_hz)
{
	double db = pcm_dbfs(s, PCM_FRAME), num = 0, den = 0;
	if (db < -38)
		return false;
	for (int i = 1; i + 1 < PCM_FRAME; i++) {
		num += (double)s[i] * (s[i - 1] + s[i + 1]);
		den += 2.0 * s[i] * s[i];
	}
	double c = den > 0 ? num / den : 2;
	if (c <= -1 || c >= 1)
		return false;
	*ret_hz = acos(c) * PCM_HZ / (2 * M_PI);
	if (*ret_hz < 380 || *ret_hz > 2300)
		return false;
	/* a full sine is 3 dB below a full square */
	return pcm_goertzel_db(s, PCM_FRAME, *ret_hz, PCM_HZ) - 3.01 > db - 0.8;
}

bool amd_beep_push(struct amd_beep *b, const int16_t s[PCM_FRAME])
{
	double hz = 0;
	bool tone = is_tone(s, &hz);
	if (tone && b->run_ms && fabs(hz - b->hz) < 20) {
		b->run_ms += FRAME_MS;
		return false;
	}
	int least = b->hz < 500 ? BEEP_LOW_MIN_MS : BEEP_MIN_MS;
	bool was = b->run_ms >= least && b->run_ms <= BEEP_MAX_MS;
	b->hz = hz;
	b->run_ms = tone ? FRAME_MS : 0;
	return was;
}

/* ---- words ---- */

static bool has_any(const struct amd_list *l, sv text)
{
	for (size_t i = 0; i < l->n; i++)
		if (l->v[i].n && sv_find(text, l->v[i]) >= 0)
			return true;
	return false;
}

static sv lower(sv text, char *buf, size_t cap)
{
	size_t n = text.n < cap ? text.n : cap;
	for (size_t i = 0; i < n; i++)
		buf[i] = text.p[i] >= 'A' && text.p[i] <= 'Z' ? (char)(text.p[i] + 32) : text.p[i];
	return sv_n(buf, n);
}

static enum amd_ev end(struct amd *a, enum amd_ev e)
{
	a->at = AMD_AT_END;
	return e;
}

static enum amd_ev machine(struct amd *a, bool by_words)
{
	bool before = a->at == AMD_AT_MACHINE;
	a->by_words |= by_words;
	if (before)
		return AMD_NONE;
	a->at = AMD_AT_MACHINE;
	a->machine_ms = a->ms;
	return AMD_MACHINE;
}

enum amd_ev amd_words(struct amd *a, sv text)
{
	char buf[1024];
	if (!a->words || a->at == AMD_AT_END)
		return AMD_NONE;
	text = lower(text, buf, sizeof(buf));
	if (has_any(&a->words->full, text))
		return end(a, AMD_FULL);
	if (has_any(&a->words->screen, text))
		return end(a, AMD_SCREEN);
	if (has_any(&a->words->machine, text))
		return machine(a, true);
	a->said_human |= has_any(&a->words->human, text);
	return AMD_NONE;
}

/* ---- sound ---- */

static enum amd_ev at_hello(struct amd *a, int64_t quiet)
{
	if (a->first_ms < 0)
		return a->ms >= SILENT_MS ? end(a, AMD_SILENT) : AMD_NONE;
	int64_t len = a->last_ms - a->first_ms;
	int longest = a->hears ? MACHINE_HEARD_MS : MACHINE_MS;
	if (len > longest && !a->said_human)
		return machine(a, false);
	int need = len <= SHORT_MS || a->said_human ? PAUSE_MS : LONG_PAUSE_MS;
	return quiet >= need ? end(a, AMD_HUMAN) : AMD_NONE;
}

static enum amd_ev at_machine(struct amd *a, int64_t quiet)
{
	if (a->ms - a->machine_ms > WAIT_MAX_MS)
		return end(a, AMD_BEEP);
	if (!a->by_words)
		return quiet >= DOUBT_MS ? end(a, AMD_HUMAN) : AMD_NONE;
	return quiet >= BEEPLESS_MS ? end(a, AMD_BEEP) : AMD_NONE;
}

enum amd_ev amd_push(struct amd *a, const int16_t s[PCM_FRAME])
{
	bool beep = amd_beep_push(&a->beep, s);
	(void)pcm_vad_push(&a->vad, s, PCM_FRAME, PCM_NO_ECHO);
	a->ms += FRAME_MS;
	if (a->at == AMD_AT_END)
		return AMD_NONE;
	if (a->vad.speech && a->first_ms < 0)
		a->first_ms = a->ms - (a->vad.pos_ms - a->vad.start_ms);
	if (a->vad.voiced && a->first_ms >= 0)
		a->last_ms = a->ms;
	if (beep && (a->first_ms >= 0 || a->ms > 1000))
		return end(a, AMD_BEEP);
	int64_t quiet = a->first_ms < 0 ? a->ms : a->ms - a->last_ms;
	return a->at == AMD_AT_MACHINE ? at_machine(a, quiet) : at_hello(a, quiet);
}

void amd_again(struct amd *a)
{
	a->at = AMD_AT_HELLO;
	a->ms = 0;
	a->first_ms = a->last_ms = -1;
	a->beep = (struct amd_beep){ 0 };
	a->by_words = a->said_human = false;
	a->asked = true;
}

void amd_init(struct amd *a, const struct amd_words *words, bool hears)
{
	*a = (struct amd){ .words = words, .hears = hears };
	pcm_vad_init(&a->vad, NULL);
	amd_again(a);
	a->asked = false;
}

const char *amd_name(enum amd_ev e)
{
	static const char *const names[] = { "none", "human",  "machine", "screening",
					     "full", "silent", "beep" };
	return names[e];
}
