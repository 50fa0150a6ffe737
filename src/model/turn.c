/* turn.c: has the caller finished? One worker process (callm-onnx turn), supervised by asker.c.
 *
 * More than TURN_WAITING_MAX questions are refused, since an answer is only worth something within
 * half a second: the ear then waits as long as it does without a model. All on the loop's
 * thread. */
#include <stdio.h>

#include "asker.h"
#include "model.h"
#include "model_exe.h"
#include "turn_int.h"
#include "worker.h"

enum { SILENT_MS = 3000, START_MS = 10000, NICE = 2 };

struct turn {
	struct asker *asker;
};
/* A struct turn_run is the asker's run. */

static int start_proc(struct turn *t, const struct model_spec *s, struct loop *l, struct err *e)
{
	char *exe = model_exe(s->exe, "callm-onnx");
	char arg[5][4200];
	(void)snprintf(arg[0], sizeof(arg[0]), "file=%s", s->file);
	(void)snprintf(arg[1], sizeof(arg[1]), "runtime=%s", s->runtime ? s->runtime : "");
	(void)snprintf(arg[2], sizeof(arg[2]), "threads=%d", s->threads > 0 ? s->threads : 1);
	(void)snprintf(arg[3], sizeof(arg[3]), "memory_mb=%d", s->memory_mb);
	const char *const argv[] = { exe, "turn", arg[0], arg[1], arg[2], arg[3], NULL };
	struct asker_opts o = { .argv = argv, .name = "turn", .ask = TURN_ASK, .answer = TURN_P,
				.silent_ms = SILENT_MS, .start_ms = START_MS, .nice_by = NICE,
				.waiting_max = TURN_WAITING_MAX };
	int rc = exe ? asker_open(&t->asker, l, &o) : ERR_NOTFOUND;
	if (rc)
		(void)err_set(e, rc, "the end-of-turn worker %.200s cannot be started: %s",
			      exe ? exe : "", err_text(rc));
	xfree(exe);
	return rc;
}

int turn_open(struct turn **ret, const struct model_spec *s, struct loop *l, struct err *e)
{
	if (!s->kind || strcmp(s->kind, "smart") != 0)
		return err_set(e, ERR_UNSUPPORTED, "unknown end-of-turn kind \"%.80s\": use smart",
			       s->kind ? s->kind : "");
	if (loop_is_sim(l))
		return err_set(e, ERR_UNSUPPORTED, "end-of-turn workers need a real loop");
	if (!s->file || !file_exists(s->file))
		return err_set(e, ERR_NOTFOUND,
			       "the end-of-turn model %.200s is not there: `callm models pull` "
			       "fetches it",
			       s->file ? s->file : "");
	struct turn *t = xalloc(sizeof(*t));
	*t = (struct turn){ 0 };
	int rc = start_proc(t, s, l, e);
	if (rc) {
		xfree(t);
		return rc;
	}
	*ret = t;
	return 0;
}

void turn_close(struct turn *t)
{
	if (!t)
		return;
	asker_close(t->asker);
	xfree(t);
}

static void on_answer(const struct asker_to *to, int err, sv body)
{
	((void (*)(void *, int, double))to->then)(to->arg, err, (double)wf_get(&body) / 1e6);
}

int turn_start(struct turn *t, const int16_t *s, size_t n, int rate_hz,
	       void (*on_p)(void *arg, int err, double p), void *arg, struct turn_run **ret)
{
	struct asker_to to = { .fn = on_answer, .then = (void (*)(void))on_p, .arg = arg };
	struct asker_run *run;
	char rate[4];
	if (rate_hz < 8000 || rate_hz > 48000)
		return ERR_INVAL;
	size_t most = (size_t)rate_hz * TURN_SECONDS;
	if (n > most) {
		s += n - most;
		n = most;
	}
	for (int i = 0; i < 4; i++)
		rate[i] = (char)(rate_hz >> (8 * i));
	int rc = asker_start(t->asker, sv_n(rate, 4), sv_n((const char *)s, n * sizeof(*s)), &to,
			     &run);
	if (rc == 0)
		*ret = (struct turn_run *)run;
	return rc;
}

void turn_cancel(struct turn_run *r)
{
	asker_cancel((struct asker_run *)r);
}

int turn_worker_pid(const struct turn *t)
{
	return asker_pid(t->asker);
}
