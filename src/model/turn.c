/* turn.c: has the caller finished? One worker process (callm-onnx turn), supervised.
 *
 * Requests are sent at once and answered in order; more than TURN_WAITING_MAX are refused, since
 * an answer is only worth something within half a second: the ear then waits as long as it does
 * without a model. What was sent when the process died ends with ERR_UPSTREAM, what came while
 * it starts waits for it. No answer for SILENT_MS (START_MS while it starts) and it is killed; it
 * comes back with a back-off. All on the loop's thread. */
#include <stdio.h>

#include "io.h"
#include "model.h"
#include "model_exe.h"
#include "turn_int.h"
#include "worker.h"

enum { SILENT_MS = 3000, START_MS = 10000, NICE = 2 };

struct turn {
	struct loop *loop;
	struct io_proc *proc;
	struct turn_run *runs, **tail; /* oldest first */
	size_t n_runs;
	uint32_t last_id;
	bool ready, refused;
	struct loop_timer silent;
};
struct turn_run {
	struct turn *t;
	void (*on_p)(void *arg, int err, double p);
	void *arg;
	struct turn_run *next;
	uint32_t id;
	struct sb frame; /* until it is sent */
	bool sent;
};

static void leave(struct turn_run *r)
{
	struct turn *t = r->t;
	struct turn_run **at = &t->runs;
	while (*at != r)
		at = &(*at)->next;
	*at = r->next;
	if (!*at)
		t->tail = at;
	t->n_runs--;
	if (!t->runs)
		loop_timer_stop(&t->silent);
	sb_done(&r->frame);
	r->t = NULL;
}

/* The handle is gone once the callback returned; the callback may start others or close the
 * conversation, not the model. */
static void end(struct turn_run *r, int err, double p)
{
	leave(r);
	r->on_p(r->arg, err, p);
	xfree(r);
}

/* Callbacks may start and cancel others. */
static void end_runs(struct turn *t, bool waiting_too)
{
	for (;;) {
		struct turn_run *r = t->runs;
		while (r && !r->sent && !waiting_too)
			r = r->next;
		if (!r)
			return;
		end(r, ERR_UPSTREAM, 0);
	}
}

static void on_silent(void *arg)
{
	struct turn *t = arg;
	if (io_proc_up(t->proc))
		io_proc_kill(t->proc); /* its end comes as on_state */
	else
		end_runs(t, true);
}

static void watch(struct turn *t)
{
	if (t->runs)
		loop_after(t->loop, &t->silent, t->ready ? SILENT_MS : START_MS, on_silent, t);
}

static void send_waiting(struct turn *t)
{
	for (struct turn_run *r = t->runs; r && t->ready; r = r->next) {
		if (r->sent)
			continue;
		if (io_proc_send(t->proc, TURN_ASK, sb_sv(&r->frame)))
			return;
		r->sent = true;
		sb_done(&r->frame);
		sb_init(&r->frame, 1);
	}
}

static void on_ready(struct turn *t, sv p)
{
	struct err e;
	jv *o = jv_parse(p, &e);
	t->refused = !o || jv_get_str(o, "error").n > 0;
	t->ready = !t->refused;
	jv_free(o);
	send_waiting(t);
	watch(t);
}

static void on_frame(void *arg, uint8_t kind, sv p)
{
	struct turn *t = arg;
	if (kind == WF_READY) {
		on_ready(t, p);
		return;
	}
	if (kind != TURN_P)
		return;
	uint32_t id = wf_get(&p), err = wf_get(&p), millionths = wf_get(&p);
	struct turn_run *r = t->runs;
	while (r && r->id != id)
		r = r->next;
	watch(t);
	if (r) /* else it was cancelled meanwhile */
		end(r, -(int)err, (double)millionths / 1e6);
}

static void on_state(void *arg, bool up, int status)
{
	struct turn *t = arg;
	(void)status;
	if (up) {
		watch(t);
		return;
	}
	t->ready = false;
	end_runs(t, t->refused);
	watch(t);
}

static int start_proc(struct turn *t, const struct model_spec *s, struct err *e)
{
	char *exe = model_exe(s->exe, "callm-onnx");
	char arg[5][4200];
	(void)snprintf(arg[0], sizeof(arg[0]), "file=%s", s->file);
	(void)snprintf(arg[1], sizeof(arg[1]), "runtime=%s", s->runtime ? s->runtime : "");
	(void)snprintf(arg[2], sizeof(arg[2]), "threads=%d", s->threads > 0 ? s->threads : 1);
	(void)snprintf(arg[3], sizeof(arg[3]), "memory_mb=%d", s->memory_mb);
	const char *const argv[] = { exe, "turn", arg[0], arg[1], arg[2], arg[3], NULL };
	struct io_proc_opts o = { .argv = argv, .name = "turn", .on_frame = on_frame,
				  .on_state = on_state, .arg = t, .nice_by = NICE };
	int rc = exe ? io_proc_start(&t->proc, t->loop, &o) : ERR_NOTFOUND;
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
	*t = (struct turn){ .loop = l };
	t->tail = &t->runs;
	int rc = start_proc(t, s, e);
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
	while (t->runs)
		turn_cancel(t->runs);
	io_proc_stop(t->proc);
	loop_timer_stop(&t->silent);
	xfree(t);
}

static int make_frame(struct turn_run *r, const int16_t *s, size_t n, int rate_hz)
{
	size_t most = (size_t)rate_hz * TURN_SECONDS;
	if (n > most) {
		s += n - most;
		n = most;
	}
	wf_put(&r->frame, r->id);
	wf_put(&r->frame, (uint32_t)rate_hz);
	sb_put(&r->frame, sv_n((const char *)s, n * sizeof(*s)));
	return sb_err(&r->frame);
}

int turn_start(struct turn *t, const int16_t *s, size_t n, int rate_hz,
	       void (*on_p)(void *arg, int err, double p), void *arg, struct turn_run **ret)
{
	if (rate_hz < 8000 || rate_hz > 48000)
		return ERR_INVAL;
	if (t->refused)
		return ERR_UPSTREAM;
	if (t->n_runs >= TURN_WAITING_MAX)
		return ERR_BUSY;
	struct turn_run *r = xalloc(sizeof(*r));
	*r = (struct turn_run){ .t = t, .on_p = on_p, .arg = arg, .id = ++t->last_id };
	sb_init(&r->frame, LIM_PROC_FRAME);
	int rc = make_frame(r, s, n, rate_hz);
	if (rc) {
		sb_done(&r->frame);
		xfree(r);
		return rc;
	}
	bool first = !t->runs;
	*t->tail = r;
	t->tail = &r->next;
	t->n_runs++;
	send_waiting(t);
	if (first)
		watch(t);
	*ret = r;
	return 0;
}

void turn_cancel(struct turn_run *r)
{
	if (!r || !r->t) /* its answer is being told */
		return;
	struct turn *t = r->t;
	if (r->sent) {
		struct sb b;
		sb_init(&b, 16);
		wf_put(&b, r->id);
		(void)io_proc_send(t->proc, WF_CANCEL, sb_sv(&b));
		sb_done(&b);
	}
	leave(r);
	xfree(r);
}

int turn_worker_pid(const struct turn *t)
{
	return io_proc_pid(t->proc);
}
