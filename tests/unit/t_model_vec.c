/* t_model_vec.c: what a recogniser makes of a word, as numbers: the process that tells it, with its
 * faults (tests/asr_worker.c). */
#include <signal.h>
#include <stdio.h>

#include "t.h"
#include "asr_vec.h"
#include "model_paths.h"
#include "t_model_ear.h"

enum { RATE = 8000, WORD = 1600 };
struct world {
	struct loop *l;
	struct asr_vec *x;
	struct err e;
	int told, err, at;       /* at: where the vector is 1, -1 */
};

static void on_vec(void *arg, int err, const float *v)
{
	struct world *w = arg;
	w->told++;
	w->err = err;
	w->at = -1;
	for (int i = 0; v && i < ASR_VEC_DIM; i++)
		if (v[i] > 0.5F)
			w->at = i;
}

static int up(struct world *w, const char *orders)
{
	*w = (struct world){ .l = loop_new() };
	return asr_vec_open(&w->x,
			    &(struct model_spec){ .kind = "whisper",
						  .exe = MODEL_PATHS "/asr_worker",
						  .file = ear_orders("small.bin", orders) },
			    w->l, &w->e);
}

static void down(struct world *w)
{
	asr_vec_close(w->x);
	loop_free(w->l);
}

static bool was_told(void *arg)
{
	return ((struct world *)arg)->told > 0;
}

static int start(struct world *w, int digit, struct asr_vec_run **run)
{
	int16_t s[2 * WORD] = { 0 };
	for (int i = 0; i < WORD && digit >= 0; i++)
		s[i] = (int16_t)((i / 8 % 2 ? -2000 : 2000) * (digit + 1));
	return asr_vec_start(w->x, s, 2 * WORD, RATE, SV("en"), on_vec, w, run);
}

/* Asks and waits; what came of it. */
static int heard(struct world *w, int digit)
{
	struct asr_vec_run *run;
	w->told = 0;
	int rc = start(w, digit, &run);
	if (rc)
		return rc;
	return t_wait(w->l, was_told, w, 20000) ? w->err : ERR_TIMEOUT;
}

TEST(asr_vec_of_words)
{
	struct world w;
	OK(up(&w, ""));
	SV_EQ(sv_of(asr_vec_name(w.x)), "whisper:small.bin");
	for (int k = 0; k < 10; k += 3) {
		OK(heard(&w, k));
		EQ(w.at, k);
	}
	EQ(heard(&w, -1), ERR_NOTFOUND);
	EQ(w.at, -1);
	down(&w);
}

TEST(asr_vec_bad_questions)
{
	struct world w;
	struct asr_vec_run *run;
	int16_t s[1] = { 0 };
	OK(up(&w, "short\n"));
	EQ(asr_vec_start(w.x, s, 1, 7999, SV("en"), on_vec, &w, &run), ERR_INVAL);
	EQ(asr_vec_start(w.x, s, 1, 96000, SV("en"), on_vec, &w, &run), ERR_INVAL);
	EQ(asr_vec_start(w.x, s, 1, 8000, SV("e"), on_vec, &w, &run), ERR_INVAL);
	EQ(asr_vec_start(w.x, s, 1, 8000, SV("english"), on_vec, &w, &run), ERR_INVAL);
	/* half a vector is none */
	EQ(heard(&w, 3), ERR_UPSTREAM);
	EQ(w.told, 1);
	down(&w);
}

TEST(asr_vec_process_that_dies_hangs_or_fails)
{
	struct world w;
	char orders[700], once[600];
	(void)snprintf(once, sizeof(once), "%s/once", t_tmpdir());
	(void)snprintf(orders, sizeof(orders), "die %s\n", once);
	OK(up(&w, orders));
	EQ(heard(&w, 4), ERR_UPSTREAM);
	OK(heard(&w, 4));                        /* it came back */
	EQ(w.at, 4);
	(void)kill(asr_vec_pid(w.x), SIGKILL);
	struct asr_vec_run *run;
	w.told = 0;
	OK(start(&w, 5, &run));
	CHECK(t_wait(w.l, was_told, &w, 20000));
	if (w.err)                               /* sent before the end was seen */
		EQ(w.err, ERR_UPSTREAM);
	down(&w);
	OK(up(&w, "fail\n"));
	EQ(heard(&w, 1), ERR_FAIL);
	down(&w);
	OK(up(&w, "refuse\n"));
	EQ(heard(&w, 1), ERR_UPSTREAM);
	EQ(heard(&w, 1), ERR_UPSTREAM);          /* at once: it cannot work */
	down(&w);
}

TEST(asr_vec_cancelled_or_closed_tells_nobody)
{
	struct world w;
	struct asr_vec_run *run, *other;
	OK(up(&w, ""));
	OK(start(&w, 1, &run));
	OK(start(&w, 2, &other));
	asr_vec_cancel(run);
	asr_vec_cancel(NULL);
	CHECK(t_wait(w.l, was_told, &w, 20000));
	EQ(w.told, 1);
	EQ(w.at, 2);
	OK(start(&w, 3, &run));
	down(&w);
	EQ(w.told, 1);
}

TEST(asr_vec_open_says_what_is_missing)
{
	struct asr_vec *x;
	struct err e = { 0 };
	struct loop *l = loop_new();
	EQ(asr_vec_open(&x, &(struct model_spec){ .kind = "pocketsphinx" }, l, &e),
	   ERR_UNSUPPORTED);
	CHECK(strstr(e.msg, "use whisper"));
	EQ(asr_vec_open(&x, &(struct model_spec){ .kind = "whisper", .file = "/nowhere.bin" }, l,
			&e),
	   ERR_NOTFOUND);
	CHECK(strstr(e.msg, "models pull whisper-base"));
	EQ(asr_vec_open(&x, &(struct model_spec){ .kind = "whisper", .exe = "/no/such",
						  .file = ear_orders("s.bin", "x") }, l, &e),
	   ERR_NOTFOUND);
	loop_free(l);
}
