/* asker.c: questions to one worker process, supervised: see asker.h. Owns the process and what
 * waits for it; all on the loop's thread. */
#include "asker.h"

#include "worker.h"

struct asker {
	struct loop *loop;
	struct io_proc *proc;
	struct asker_opts o;             /* argv and name are not kept */
	struct asker_run *runs, **tail;  /* oldest first */
	size_t n_runs;
	uint32_t last_id;
	bool ready, refused;
	struct loop_timer silent;
};
struct asker_run {
	struct asker *a;
	struct asker_to to;
	struct asker_run *next;
	uint32_t id;
	struct sb frame; /* until it is sent */
	bool sent;
};

static void leave(struct asker_run *r)
{
	struct asker *a = r->a;
	struct asker_run **at = &a->runs;
	while (*at != r)
		at = &(*at)->next;
	*at = r->next;
	if (!*at)
		a->tail = at;
	a->n_runs--;
	if (!a->runs)
		loop_timer_stop(&a->silent);
	sb_done(&r->frame);
	r->a = NULL;
}

static void end(struct asker_run *r, int err, sv body)
{
	leave(r);
	r->to.fn(&r->to, err, body);
	xfree(r);
}

/* Callbacks may start and cancel others. */
static void end_runs(struct asker *a, bool waiting_too)
{
	for (;;) {
		struct asker_run *r = a->runs;
		while (r && !r->sent && !waiting_too)
			r = r->next;
		if (!r)
			return;
		end(r, ERR_UPSTREAM, SV_NULL);
	}
}

static void on_silent(void *arg)
{
	struct asker *a = arg;
	if (io_proc_up(a->proc))
		io_proc_kill(a->proc); /* its end comes as on_state */
	else
		end_runs(a, true);
}

static void watch(struct asker *a)
{
	if (a->runs)
		loop_after(a->loop, &a->silent, a->ready ? a->o.silent_ms : a->o.start_ms,
			   on_silent, a);
}

static void send_waiting(struct asker *a)
{
	for (struct asker_run *r = a->runs; r && a->ready; r = r->next) {
		if (r->sent)
			continue;
		if (io_proc_send(a->proc, a->o.ask, sb_sv(&r->frame)))
			return;
		r->sent = true;
		sb_done(&r->frame);
		sb_init(&r->frame, 1);
	}
}

static void on_ready(struct asker *a, sv p)
{
	struct err e;
	jv *o = jv_parse(p, &e);
	a->refused = !o || jv_get_str(o, "error").n > 0;
	a->ready = !a->refused;
	jv_free(o);
	send_waiting(a);
	watch(a);
}

static void on_frame(void *arg, uint8_t kind, sv p)
{
	struct asker *a = arg;
	if (kind == WF_READY) {
		on_ready(a, p);
		return;
	}
	watch(a);
	if (kind != a->o.answer)
		return;
	uint32_t id = wf_get(&p), err = wf_get(&p);
	struct asker_run *r = a->runs;
	while (r && r->id != id)
		r = r->next;
	if (r) /* else it was cancelled meanwhile */
		end(r, -(int)err, p);
}

static void on_state(void *arg, bool up, int status)
{
	struct asker *a = arg;
	(void)status;
	if (!up) {
		a->ready = false;
		end_runs(a, a->refused);
	}
	watch(a);
}

int asker_open(struct asker **ret, struct loop *l, const struct asker_opts *o)
{
	struct asker *a = xalloc(sizeof(*a));
	*a = (struct asker){ .loop = l, .o = *o };
	a->tail = &a->runs;
	a->o.argv = NULL;
	a->o.name = NULL;
	struct io_proc_opts p = { .argv = o->argv, .name = o->name, .on_frame = on_frame,
				  .on_state = on_state, .arg = a, .nice_by = o->nice_by };
	int rc = io_proc_start(&a->proc, l, &p);
	if (rc)
		xfree(a);
	else
		*ret = a;
	return rc;
}

void asker_close(struct asker *a)
{
	if (!a)
		return;
	while (a->runs)
		asker_cancel(a->runs);
	io_proc_stop(a->proc);
	loop_timer_stop(&a->silent);
	xfree(a);
}

int asker_start(struct asker *a, sv head, sv tail, const struct asker_to *to,
		struct asker_run **ret)
{
	if (a->refused)
		return ERR_UPSTREAM;
	if (a->n_runs >= a->o.waiting_max)
		return ERR_BUSY;
	struct asker_run *r = xalloc(sizeof(*r));
	*r = (struct asker_run){ .a = a, .to = *to, .id = ++a->last_id };
	sb_init(&r->frame, LIM_PROC_FRAME);
	wf_put(&r->frame, r->id);
	sb_put(&r->frame, head);
	sb_put(&r->frame, tail);
	int rc = sb_err(&r->frame);
	if (rc) {
		sb_done(&r->frame);
		xfree(r);
		return rc;
	}
	bool first = !a->runs;
	*a->tail = r;
	a->tail = &r->next;
	a->n_runs++;
	send_waiting(a);
	if (first)
		watch(a);
	*ret = r;
	return 0;
}

void asker_cancel(struct asker_run *r)
{
	if (!r || !r->a) /* its answer is being told */
		return;
	struct asker *a = r->a;
	if (r->sent) {
		struct sb b;
		sb_init(&b, 16);
		wf_put(&b, r->id);
		(void)io_proc_send(a->proc, WF_CANCEL, sb_sv(&b));
		sb_done(&b);
	}
	leave(r);
	xfree(r);
}

int asker_pid(const struct asker *a)
{
	return io_proc_pid(a->proc);
}
