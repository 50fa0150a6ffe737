/* voice.c: the work of a neural voice, clause by clause, see voice.h: symbols, the model,
 * silence off its edges, level, a pause, marks, and out in pieces of 40 ms between which a
 * cancel is heard.
 *
 * A model tells no times of words, so a word's mark stands where its share of the clause's
 * symbols stands. One thread. */
#include <stdlib.h>

#include "io.h"
#include "voice.h"
#include "worker.h"

enum { PIECE_MS = 40, VOICES = 16, SOUND_MAX = 24000 * 120 };

struct speaker {
	const struct voice_model *m;
	struct g2p *g2p;
	struct g2p_said said;
	struct voice_sound sound;
	int16_t *pcm; /* as many as sound.cap, and a pause */
	size_t pcm_cap;
	struct {
		char *voice;
		struct level level;
	} levels[VOICES];
	size_t n_levels;
};

bool voice_sound_set(struct voice_sound *s, const float *v, size_t n)
{
	if (n > SOUND_MAX)
		return false;
	if (n > s->cap) {
		xfree(s->v);
		s->v = xalloc(n * sizeof(*v));
		s->cap = n;
	}
	if (n)
		memcpy(s->v, v, n * sizeof(*v));
	s->n = n;
	return true;
}

static struct level *level_of(struct speaker *sp, const char *voice)
{
	for (size_t i = 0; i < sp->n_levels; i++)
		if (!strcmp(sp->levels[i].voice, voice))
			return &sp->levels[i].level;
	if (sp->n_levels == VOICES)
		return &sp->levels[0].level;
	sp->levels[sp->n_levels].voice = xstrdup(sv_of(voice));
	return &sp->levels[sp->n_levels++].level;
}

static void send_marks(struct speaker *sp, struct tts_job *j, size_t base, size_t n)
{
	for (size_t i = 0; i < sp->said.marks.n; i++) {
		const struct g2p_mark *m = &sp->said.marks.v[i];
		uint64_t at = sp->said.n ? (uint64_t)n * m->symbol / sp->said.n : 0;
		tts_job_mark(j, base + m->text, j->samples + (uint32_t)at);
	}
}

static bool send_sound(struct speaker *sp, struct tts_job *j, size_t n)
{
	size_t piece = (size_t)sp->m->rate * PIECE_MS / 1000;
	for (size_t at = 0; at < n; at += piece) {
		size_t k = n - at < piece ? n - at : piece;
		if (!tts_job_pcm(j, sp->pcm + at, k))
			return false;
	}
	return true;
}

/* What the model gave, with a pause after it. */
static bool pass_on(struct speaker *sp, struct tts_job *j, const struct clause *c)
{
	size_t from = 0, to = 0, rate = (size_t)sp->m->rate;
	if (!level_trim(sp->sound.v, sp->sound.n, sp->m->rate, &from, &to))
		return true;
	size_t n = to - from, pause = rate * (size_t)c->pause_ms / 1000;
	float gain = level_gain(level_of(sp, j->voice), sp->sound.v + from, n, sp->m->rate);
	if (n + pause > sp->pcm_cap) {
		xfree(sp->pcm);
		sp->pcm_cap = n + pause;
		sp->pcm = xalloc(sp->pcm_cap * sizeof(*sp->pcm));
	}
	level_write(sp->sound.v + from, n, sp->m->rate, gain, sp->pcm);
	memset(sp->pcm + n, 0, pause * sizeof(*sp->pcm));
	send_marks(sp, j, c->from, n);
	return send_sound(sp, j, n + pause);
}

static int say(struct tts_job *j, void *arg)
{
	struct speaker *sp = arg;
	sv text = sv_of(j->text);
	bool zh = sp->m->chinese && sp->m->chinese(j->voice);
	struct clause c;
	size_t pos = 0;
	for (int k = 0; !j->stop && clause_next(text, &pos, k, &c); k++) {
		g2p_said_reset(&sp->said);
		g2p_say(sp->g2p, sv_slice(text, c.from, c.to), zh, sp->m->set, &sp->said);
		if (!sp->said.n || !sp->said.marks.n)
			continue;
		int rc = sp->m->speak(sp->m->arg, j->voice, &sp->said, j->rate, &sp->sound);
		if (rc)
			return rc;
		if (!pass_on(sp, j, &c))
			return 0;
	}
	return 0;
}

int voice_run(const struct voice_model *m)
{
	struct speaker sp = { .m = m, .g2p = g2p_new() };
	g2p_said_init(&sp.said);
	struct tts_engine e = { .rate = m->rate, .say = say, .arg = &sp };
	int rc = tts_worker_run(IO_CHILD_FD, &e);
	for (size_t i = 0; i < sp.n_levels; i++)
		xfree(sp.levels[i].voice);
	xfree(sp.pcm);
	xfree(sp.sound.v);
	g2p_said_done(&sp.said);
	g2p_free(sp.g2p);
	return rc;
}
