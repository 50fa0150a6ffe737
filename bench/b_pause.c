/* b_pause.c: what the end-of-turn model spares and costs: silence before an answer at the end of
 * utterances, and cut-ins at pauses within them.
 *
 *	b_pause MODEL RUNTIME WORKER WEIGHTS FILE.wav... [-- FILE.wav...]
 *
 * Files before "--" end where the speaker had finished; those after it do not, only their pauses
 * count. A pause is silence of at least 224 ms between two stretches of voice, as Silero
 * (WEIGHTS) tells; the model is asked 200 ms into it, as the ear asks. Compared are fixed times
 * and the ear's rule without words (ear_turn_silence): cut-ins are pauses longer than the time
 * that the rule gives them. Read speech pauses between sentences too, so a cut-in here is not
 * always a mistake: compare rules, not figures. */
#include <stdio.h>
#include <stdlib.h>

#include "model.h"
#include "pcm_silero.h"

enum { MAX = 2000, STEPS_MAX = 20000, ASK = 3200, LEAST_MS = 224 };
struct ask {
	double p;
	int64_t pause_ms;            /* 0 = the end of the utterance */
};
static struct {
	struct ask v[MAX];
	size_t n;
	struct loop *l;
	struct turn *t;
	const struct pcm_silero *w;
	bool done;
	int err;
	double p;
} b;

static void on_p(void *arg, int err, double p)
{
	(void)arg;
	b.done = true;
	b.err = err;
	b.p = p;
}

/* Asks about the sound up to n, silence after what there is of it. */
static void ask(const struct pcm_clip *c, size_t n, int64_t pause_ms)
{
	struct turn_run *r;
	int16_t *s = xalloc((n + 1) * sizeof(*s));
	memcpy(s, c->s, (n < c->n ? n : c->n) * sizeof(*s));
	b.done = false;
	b.err = turn_start(b.t, s, n, c->rate, on_p, NULL, &r);
	while (!b.err && !b.done)
		loop_run_once(b.l, 100);
	xfree(s);
	if (!b.err && b.n < MAX)
		b.v[b.n++] = (struct ask){ b.p, pause_ms };
}

static size_t find_voice(const struct pcm_clip *c, bool *voice)
{
	struct pcm_silero_state st, *sp = &st;
	size_t n = 0;
	pcm_silero_reset(&st);
	for (size_t i = 0; i + PCM_SILERO_FRAME <= c->n && n < STEPS_MAX; i += PCM_SILERO_FRAME) {
		float p;
		const int16_t *f = c->s + i;
		pcm_silero_run(b.w, &sp, &f, 1, &p);
		voice[n++] = p >= 0.35f;
	}
	return n;
}

static void one_file(const char *path, bool ends)
{
	static bool voice[STEPS_MAX];
	struct pcm_clip c;
	struct err e = { 0 };
	size_t after = 0;            /* the last step of voice, and one */
	if (pcm_wav_read(path, PCM_SILERO_HZ, &c, &e)) {
		(void)fprintf(stderr, "b_pause: %s\n", e.msg);
		return;
	}
	size_t n = find_voice(&c, voice);
	for (size_t i = 0; i < n; i++) {
		if (!voice[i])
			continue;
		int64_t ms = (int64_t)(i - after) * PCM_SILERO_FRAME_MS;
		if (after && ms >= LEAST_MS)
			ask(&c, after * PCM_SILERO_FRAME + ASK, ms);
		after = i + 1;
	}
	if (after && ends) {
		c.n = after * PCM_SILERO_FRAME;
		ask(&c, c.n + ASK, 0);
	}
	pcm_clip_done(&c);
}

static double wait_ms(double p, int fixed_ms)
{
	double ms = 200 + (1 - p) * 1000;
	return fixed_ms ? fixed_ms : ms < 350 ? 350 : ms;
}

static void print_rule(const char *name, int fixed_ms)
{
	size_t pauses = 0, cut = 0, ends = 0;
	double sum = 0;
	for (size_t i = 0; i < b.n; i++) {
		double ms = wait_ms(b.v[i].p, fixed_ms);
		pauses += b.v[i].pause_ms > 0;
		cut += b.v[i].pause_ms > 0 && (double)b.v[i].pause_ms > ms;
		ends += b.v[i].pause_ms == 0;
		sum += b.v[i].pause_ms == 0 ? ms : 0;
	}
	(void)printf("%-10s cut-ins %zu of %zu pauses | %.0f ms of silence after %zu ends\n", name,
		     cut, pauses, ends ? sum / (double)ends : 0, ends);
}

static double area(void)
{
	double won = 0, pairs = 0;
	for (size_t i = 0; i < b.n; i++)
		for (size_t k = 0; b.v[i].pause_ms == 0 && k < b.n; k++) {
			if (b.v[k].pause_ms == 0)
				continue;
			pairs++;
			won += b.v[i].p > b.v[k].p ? 1 : b.v[i].p == b.v[k].p ? 0.5 : 0;
		}
	return pairs > 0 ? won / pairs : 0;
}

int main(int argc, char **argv)
{
	struct err e = { 0 };
	struct pcm_silero *w = NULL;
	bool ends = true;
	if (argc < 6)
		return (void)fprintf(stderr,
				     "b_pause MODEL RUNTIME WORKER WEIGHTS FILE.wav...\n"),
		       2;
	struct model_spec s = { .kind = "smart", .file = argv[1], .runtime = argv[2],
				.exe = argv[3] };
	b.l = loop_new();
	if (pcm_silero_open(&w, argv[4], &e) || turn_open(&b.t, &s, b.l, &e))
		return (void)fprintf(stderr, "b_pause: %s\n", e.msg), 1;
	b.w = w;
	for (int i = 5; i < argc; i++) {
		if (strcmp(argv[i], "--") == 0)
			ends = false;
		else
			one_file(argv[i], ends);
	}
	(void)printf("area under the curve, ends against pauses: %.3f\n", area());
	print_rule("350 ms", 350);
	print_rule("450 ms", 450);
	print_rule("600 ms", 600);
	print_rule("800 ms", 800);
	print_rule("the model", 0);
	turn_close(b.t);
	loop_free(b.l);
	obj_unref(w);
	return 0;
}
