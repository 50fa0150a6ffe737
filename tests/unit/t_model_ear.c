/* t_model_ear.c: see t_model_ear.h. */
#include "t_model_ear.h"

#include <math.h>
#include <stdio.h>

#include "t.h"

enum { HZ = 8000, FRAME = HZ / 50, BURST_MS = 160, GAP_MS = 60, PAUSE_MS = 400 };

static void on_partial(void *arg, sv text)
{
	struct ear_said *h = arg;
	struct asr_run *cancel = h->cancel_me, *flush = h->flush_me;
	h->partials++;
	sb_reset(&h->partial);
	sb_put(&h->partial, text);
	h->cancel_me = h->flush_me = NULL;
	asr_cancel(cancel);
	asr_flush(flush);
}

static void on_final(void *arg, sv text, double conf)
{
	struct ear_said *h = arg;
	sb_reset(&h->text);
	sb_put(&h->text, text);
	h->conf = conf;
	h->finals++;
}

static void on_error(void *arg, int err)
{
	struct ear_said *h = arg;
	h->errors++;
	h->err = err;
}

const struct asr_cb ear_cb = { on_partial, on_final, on_error };

void ear_said_init(struct ear_said *h)
{
	*h = (struct ear_said){ 0 };
	sb_init(&h->text, LIM_SB);
	sb_init(&h->partial, LIM_SB);
}

void ear_said_done(struct ear_said *h)
{
	sb_done(&h->text);
	sb_done(&h->partial);
}

bool ear_ended(void *arg)
{
	struct ear_said *h = arg;
	return h->finals > 0 || h->errors > 0;
}

bool ear_partial(void *arg)
{
	struct ear_said *h = arg;
	return h->partials > 0 || h->errors > 0;
}

static void tone(struct loop *l, struct asr_run *r, int ms, double peak)
{
	int16_t s[FRAME];
	for (int at = 0; at < ms; at += 20) {
		for (int i = 0; i < FRAME; i++)
			s[i] = (int16_t)(peak * sin(i * 6.283185307 * 10 / FRAME));
		asr_feed(r, s, FRAME, HZ);
		if (l)
			(void)loop_run_once(l, 0);
	}
}

void ear_silence(struct loop *l, struct asr_run *r, int ms)
{
	tone(l, r, ms, 0);
}

void ear_speak(struct loop *l, struct asr_run *r, const char *digits)
{
	for (const char *p = digits; *p; p++) {
		if (*p == ' ') {
			tone(l, r, PAUSE_MS, 0);
			continue;
		}
		tone(l, r, BURST_MS, 2000.0 * (*p - '0' + 1));
		tone(l, r, GAP_MS, 0);
	}
}

const char *ear_orders(const char *name, const char *text)
{
	static char path[4][600];
	static int next;
	char *p = path[next++ % 4];
	(void)snprintf(p, sizeof(path[0]), "%s/%s", t_tmpdir(), name);
	ASSERT(file_write(p, sv_of(text), NULL) == 0);
	return p;
}

size_t ear_jobs(const char *file)
{
	struct sb b;
	sb_init(&b, 65536);
	size_t n = file_read(file, 65536, &b, NULL) == 0 ? b.n : 0;
	sb_done(&b);
	return n;
}
