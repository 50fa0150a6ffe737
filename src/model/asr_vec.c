/* asr_vec.c: what Whisper makes of a word: one callm-whisper, supervised by asker.c. All on the
 * loop's thread. */
#include "asr_vec.h"

#include <stdio.h>

#include "asker.h"
#include "model_exe.h"
#include "worker.h"

enum {
	SILENT_MS = 20000, /* it beats only between two words of a job; machines may be busy */
	START_MS = 30000,
	NICE = 2,
	WAITING_MAX = 8,
	LEAD_MS = 200,     /* of silence before the word */
	RATE_MAX = 48000,
};

struct asr_vec {
	struct asker *asker;
	char name[128];
};

static int start_proc(struct asr_vec *x, const struct model_spec *s, struct loop *l,
		      struct err *e)
{
	char *exe = model_exe(s->exe, "callm-whisper");
	const char *const argv[] = { exe, "--model", s->file, NULL };
	struct asker_opts o = { .argv = argv, .name = "whisper", .ask = WF_SENSE,
				.answer = WF_SENSED, .silent_ms = SILENT_MS,
				.start_ms = START_MS, .nice_by = NICE,
				.waiting_max = WAITING_MAX };
	int rc = exe ? asker_open(&x->asker, l, &o) : ERR_NOTFOUND;
	if (rc)
		(void)err_set(e, rc, "the recogniser %.200s cannot be started: %s (build "
				     "callm-whisper: ./run.sh --build-only)",
			      exe ? exe : "callm-whisper", err_text(rc));
	xfree(exe);
	return rc;
}

int asr_vec_open(struct asr_vec **ret, const struct model_spec *s, struct loop *l, struct err *e)
{
	if (!s->kind || strcmp(s->kind, "whisper") != 0)
		return err_set(e, ERR_UNSUPPORTED,
			       "a recogniser \"%.80s\" tells no numbers of a word: use whisper",
			       s->kind ? s->kind : "");
	if (loop_is_sim(l))
		return err_set(e, ERR_UNSUPPORTED, "recognisers need a real loop");
	if (!s->file || !file_exists(s->file))
		return err_set(e, ERR_NOTFOUND,
			       "no Whisper weights%s%.200s: run callm models pull whisper-base",
			       s->file ? " in " : "", s->file ? s->file : "");
	const char *slash = strrchr(s->file, '/');
	struct asr_vec *x = xalloc(sizeof(*x));
	*x = (struct asr_vec){ 0 };
	(void)snprintf(x->name, sizeof(x->name), "whisper:%.100s", slash ? slash + 1 : s->file);
	int rc = start_proc(x, s, l, e);
	if (rc) {
		xfree(x);
		return rc;
	}
	*ret = x;
	return 0;
}

void asr_vec_close(struct asr_vec *x)
{
	if (!x)
		return;
	asker_close(x->asker);
	xfree(x);
}

const char *asr_vec_name(const struct asr_vec *x)
{
	return x->name;
}

static void on_answer(const struct asker_to *to, int err, sv body)
{
	void (*on_vec)(void *, int, const float *) =
		(void (*)(void *, int, const float *))to->then;
	float v[ASR_VEC_DIM];
	if (!err && body.n != sizeof(v))
		err = ERR_UPSTREAM;
	if (!err)
		memcpy(v, body.p, sizeof(v));
	on_vec(to->arg, err, err ? NULL : v);
}

int asr_vec_start(struct asr_vec *x, const int16_t *s, size_t n, int rate_hz, sv lang,
		  void (*on_vec)(void *arg, int err, const float *v), void *arg,
		  struct asr_vec_run **ret)
{
	struct asker_to to = { .fn = on_answer, .then = (void (*)(void))on_vec, .arg = arg };
	struct asker_run *run;
	struct sb head;
	if (rate_hz < 8000 || rate_hz > RATE_MAX || lang.n < 2 || lang.n > 3)
		return ERR_INVAL;
	size_t lead = (size_t)rate_hz * LEAD_MS / 1000, most = (size_t)rate_hz * ASR_VEC_MS / 1000;
	n = n < most ? n : most;
	sb_init(&head, 65536);
	wf_put(&head, (uint32_t)rate_hz);
	wf_put(&head, (uint32_t)lang.n);
	sb_put(&head, lang);
	for (size_t i = 0; i < lead * sizeof(*s); i++)
		sb_ch(&head, 0);
	int rc = asker_start(x->asker, sb_sv(&head), sv_n((const char *)s, n * sizeof(*s)), &to,
			     &run);
	sb_done(&head);
	if (rc == 0)
		*ret = (struct asr_vec_run *)run;
	return rc;
}

void asr_vec_cancel(struct asr_vec_run *r)
{
	asker_cancel((struct asker_run *)r);
}

int asr_vec_pid(const struct asr_vec *x)
{
	return asker_pid(x->asker);
}
