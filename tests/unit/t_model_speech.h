/* t_model_speech.h: what the tests of voices share: a listener, the fake worker, one voice or a
 * list of them on a loop. */
#ifndef CALLM_T_MODEL_SPEECH_H
#define CALLM_T_MODEL_SPEECH_H

#include <stdio.h>
#include <string.h>

#include "t.h"
#include "model.h"
#include "model_paths.h"

#define UNUSED __attribute__((unused))

enum { MARKS = 200, WORD = 100 /* ms, of the fake worker */ };

struct heard {
	size_t samples, n_marks, chunks;
	int rate, ends, err, peak;
	size_t off[MARKS], at[MARKS];
	struct tts_run *run;
	bool cancel_at_first;
};

UNUSED static void on_pcm(void *arg, const int16_t *s, size_t n, int rate)
{
	struct heard *h = arg;
	h->samples += n;
	h->rate = rate;
	h->chunks++;
	for (size_t i = 0; i < n; i++)
		h->peak = s[i] > h->peak ? s[i] : h->peak;
	if (h->cancel_at_first)
		tts_cancel(h->run);
}

UNUSED static void on_mark(void *arg, size_t off, size_t at)
{
	struct heard *h = arg;
	if (h->n_marks < MARKS) {
		h->off[h->n_marks] = off;
		h->at[h->n_marks++] = at;
	}
}

UNUSED static void on_end(void *arg, int err)
{
	struct heard *h = arg;
	h->ends++;
	h->err = err;
}
UNUSED static const struct tts_cb cb = { on_pcm, on_mark, on_end };

UNUSED static bool ended(void *arg)
{
	return ((struct heard *)arg)->ends > 0;
}

UNUSED static bool is_ready(void *arg)
{
	return tts_ready(arg);
}

UNUSED static bool explained(void *arg)
{
	return tts_error(arg)[0] != '\0';
}

/* A voice of the fake worker, told from others by its rate. */
UNUSED static struct model_spec fake(const char *kind, const char *voice)
{
	return (struct model_spec){ .kind = kind,
				    .exe = MODEL_PATHS "/tts_worker",
				    .voice = voice };
}

struct world {
	struct loop *l;
	struct tts *t;
	struct err e;
};

UNUSED static int world_open(struct world *w, const struct model_spec *s, size_t n)
{
	*w = (struct world){ .l = loop_new() };
	int rc = n == 1 ? tts_open(&w->t, s, w->l, &w->e) :
			  tts_open_list(&w->t, s, n, w->l, &w->e);
	if (rc)
		(void)printf("# %s\n", w->e.msg);
	return rc;
}

UNUSED static void world_close(struct world *w)
{
	tts_close(w->t);
	loop_free(w->l);
}

UNUSED static bool say(struct world *w, const char *text, struct heard *h)
{
	int rc = tts_start(w->t, sv_of(text), SV("en"), &cb, h, &h->run);
	return !rc && t_wait(w->l, ended, h, 30000);
}

#endif
