/* emb_local.c: embeddings on this machine: one process callm-embed, supervised. Kind "e5" is a file
 * of its own engine, kind "llama" a GGUF file for llama.cpp.
 *
 * Requests are sent as they come, at most SENT_MAX texts of passages ahead, so that a cancel
 * costs little and the pipe stays short; queries go at once (the process serves them first),
 * and are refused with ERR_BUSY when so many wait that they would come too late: the process says
 * how long one takes (query_ms of its first frame). What was sent
 * when the process died ends with ERR_UPSTREAM; what was not waits for the next one. With work
 * to do and no vector for SILENT_MS (START_MS more while it starts; longer where a query may take
 * longer, as in training, where nobody waits) the process is killed; it comes
 * back with a back-off. What waits for one that does not come back ends too. All on the loop's
 * thread. */
#include <stdio.h>

#include "emb_int.h"
#include "io.h"
#include "model_exe.h"
#include "worker.h"

enum {
	SILENT_MS = 5000,
	PATIENT = 150, /* questions that a long passage may take on a busy machine */
	START_MS = 3000,
	SENT_MAX = 64,
	QUERIES_MAX = 24, /* waiting ones: more would only be late (3 ms each, talk waits 60), */
	QUERIES_MIN = 4,  /* but a customer or two, each with a question and one that goes before */
};

struct local {
	struct emb *m;
	struct io_proc *proc;
	uint32_t last_id;
	size_t sent; /* texts of passages in the process */
	size_t queries; /* texts of questions that are not answered */
	size_t queries_max;
	int query_ms; /* of a GGUF model; the own engine is quick */
	bool ready;
	char error[300]; /* what the process said it cannot do, "" */
	struct loop_timer silent;
};
struct sent { /* of a run */
	uint32_t id;
	bool sent;
};

/* ---- sending ---- */

static int send_run(struct local *x, struct emb_run *r)
{
	struct sent *s = r->priv;
	struct sb b;
	sb_init(&b, LIM_PROC_FRAME);
	wf_put(&b, s->id);
	wf_put(&b, (uint32_t)r->side);
	wf_put(&b, (uint32_t)r->n);
	for (size_t i = 0; i < r->n; i++) {
		wf_put(&b, (uint32_t)r->texts[i].n);
		sb_put(&b, r->texts[i]);
	}
	int rc = sb_err(&b);
	rc = rc ? rc : io_proc_send(x->proc, WF_EMBED, sb_sv(&b));
	sb_done(&b);
	if (rc)
		return rc;
	s->sent = true;
	x->sent += r->side == EMB_PASSAGE ? r->n : 0;
	return 0;
}

static void send_waiting(struct local *x)
{
	for (struct emb_run *r = x->m->runs; r && x->ready; r = r->next) {
		struct sent *s = r->priv;
		if (s->sent || (r->side == EMB_PASSAGE && x->sent && x->sent + r->n > SENT_MAX))
			continue;
		if (send_run(x, r))
			return;
	}
}

/* Callbacks may start and cancel others. */
static void end_runs(struct local *x, bool waiting_too)
{
	for (;;) {
		struct emb_run *r = x->m->runs;
		while (r && !((struct sent *)r->priv)->sent && !waiting_too)
			r = r->next;
		if (!r)
			return;
		emb_end(r, ERR_UPSTREAM);
	}
}

static void on_silent(void *arg)
{
	struct local *x = arg;
	if (io_proc_up(x->proc))
		io_proc_kill(x->proc); /* its end comes as on_state */
	else
		end_runs(x, true);
}

/* On a busy machine one long text may take as long as a query usually may in all. */
static int patience_ms(const struct local *x)
{
	int ms = x->m->total_ms / 10;
	ms = PATIENT * x->query_ms > ms ? PATIENT * x->query_ms : ms;
	return (ms > SILENT_MS ? ms : SILENT_MS) + (x->ready ? 0 : START_MS);
}

static void watch(struct local *x)
{
	if (x->m->runs)
		loop_after(x->m->loop, &x->silent, patience_ms(x), on_silent, x);
	else
		loop_timer_stop(&x->silent);
}

/* ---- the process ---- */

static struct emb_run *find(const struct local *x, uint32_t id)
{
	struct emb_run *r = x->m->runs;
	while (r && ((struct sent *)r->priv)->id != id)
		r = r->next;
	return r;
}

static void on_ready(struct local *x, sv p)
{
	struct err e;
	jv *o = jv_parse(p, &e);
	sv why = jv_get_str(o, "error");
	int dim = (int)jv_get_int(o, "dim", 0), ms = (int)jv_get_int(o, "query_ms", 0);
	(void)snprintf(x->error, sizeof(x->error), SV_FMT, SV_ARG(why));
	x->ready = !why.n && dim > 0 && (!x->m->dim || x->m->dim == dim);
	if (x->ready) {
		x->m->dim = dim;
		ms = x->m->ops == &emb_llama ? ms : 0;
		x->query_ms = ms;
		emb_set_pace(x->m, ms);
		x->queries_max = ms > 0 ? (size_t)(emb_wait_ms(x->m) / ms) : QUERIES_MAX;
		x->queries_max = x->queries_max < QUERIES_MIN ? QUERIES_MIN :
				 x->queries_max > QUERIES_MAX ? QUERIES_MAX : x->queries_max;
	}
	jv_free(o);
	send_waiting(x);
	watch(x);
}

static void on_frame(void *arg, uint8_t kind, sv p)
{
	struct local *x = arg;
	float v[EMB_DIM_MAX];
	if (kind == WF_READY) {
		on_ready(x, p);
		return;
	}
	struct emb_run *r = find(x, wf_get(&p));
	watch(x);
	if (!r)
		return; /* cancelled meanwhile */
	if (kind == WF_VECTOR) {
		uint32_t i = wf_get(&p);
		size_t n = p.n / sizeof(*v) < EMB_DIM_MAX ? p.n / sizeof(*v) : EMB_DIM_MAX;
		memcpy(v, p.p, n * sizeof(*v));
		(void)emb_put(r, i, v, (int)n);
	} else if (kind == WF_END) {
		emb_end(r, -(int)wf_get(&p));
	}
	send_waiting(x);
	watch(x);
}

static void on_state(void *arg, bool up, int status)
{
	struct local *x = arg;
	(void)status;
	if (up) {
		watch(x);
		return;
	}
	x->ready = false;
	end_runs(x, x->error[0] != 0);
	x->sent = 0;
	watch(x);
}

/* ---- the backend ---- */

static int local_start(struct emb_run *r)
{
	struct local *x = r->m->priv;
	struct sent *s = xalloc(sizeof(*s));
	size_t bytes = 12;
	if (r->side == EMB_QUERY && x->queries >= x->queries_max)
		return xfree(s), ERR_BUSY;
	for (size_t i = 0; i < r->n; i++)
		bytes += 4 + r->texts[i].n;
	if (bytes > LIM_PROC_FRAME || x->error[0]) {
		xfree(s);
		return x->error[0] ? ERR_UPSTREAM : ERR_TOOBIG;
	}
	s->id = ++x->last_id;
	r->priv = s;
	x->queries += r->side == EMB_QUERY ? r->n : 0;
	if (x->ready && (r->side == EMB_QUERY || !x->sent))
		(void)send_run(x, r); /* else it waits */
	if (!r->m->runs)
		loop_after(r->m->loop, &x->silent, patience_ms(x), on_silent, x);
	return 0;
}

static void local_cancel(struct emb_run *r)
{
	struct local *x = r->m->priv;
	struct sent *s = r->priv;
	if (s && s->sent) {
		struct sb b;
		x->sent -= r->side == EMB_PASSAGE && x->sent >= r->n ? r->n : 0;
		sb_init(&b, 16);
		wf_put(&b, s->id);
		if (r->n_put < r->n)
			(void)io_proc_send(x->proc, WF_CANCEL, sb_sv(&b));
		sb_done(&b);
	}
	if (s && r->side == EMB_QUERY)
		x->queries -= r->n;
	r->priv = NULL;
	xfree(s);
	if (!r->m->runs)
		loop_timer_stop(&x->silent);
}

static void local_down(struct emb *m)
{
	struct local *x = m->priv;
	io_proc_stop(x->proc);
	loop_timer_stop(&x->silent);
	xfree(x);
}

static sv base_name(sv path)
{
	for (size_t i = path.n; i; i--)
		if (path.p[i - 1] == '/')
			return sv_slice(path, i, path.n);
	return path;
}

static int up(struct emb *m, const struct model_spec *s, const char *kind, struct err *e)
{
	if (loop_is_sim(m->loop))
		return err_set(e, ERR_UNSUPPORTED, "embedding workers need a real loop");
	if (!s->file || !file_exists(s->file))
		return err_set(e, ERR_NOTFOUND,
			       "the embedding model %.200s is not there: `callm models pull` "
			       "fetches it",
			       s->file ? s->file : "");
	struct local *x = xalloc(sizeof(*x));
	char *exe = model_exe(s->exe, "callm-embed"), threads[16];
	(void)snprintf(threads, sizeof(threads), "%d", s->threads > 0 ? s->threads : 0);
	const char *const argv[] = { exe, s->file, threads, s->runtime, NULL };
	struct io_proc_opts o = { .argv = argv,
				  .name = "embed",
				  .on_frame = on_frame,
				  .on_state = on_state,
				  .arg = x };
	x->m = m;
	x->queries_max = QUERIES_MAX;
	m->priv = x;
	emb_set_name(m, kind, base_name(sv_of(s->file)));
	int rc = exe ? io_proc_start(&x->proc, m->loop, &o) : ERR_NOTFOUND;
	if (rc) {
		(void)err_set(e, rc, "the embedding worker %.200s cannot be started: %s",
			      exe ? exe : "", err_text(rc));
		xfree(x);
	}
	xfree(exe);
	return rc;
}

static int e5_up(struct emb *m, const struct model_spec *s, struct err *e)
{
	return up(m, s, "e5", e);
}

static int llama_up(struct emb *m, const struct model_spec *s, struct err *e)
{
	return up(m, s, "llama", e);
}

int emb_worker_pid(const struct emb *m)
{
	const struct local *x = m->ops->start == local_start ? m->priv : NULL;
	return x ? io_proc_pid(x->proc) : 0;
}

const struct emb_ops emb_e5 = { "e5", e5_up, local_start, local_cancel, local_down };
const struct emb_ops emb_llama = { "llama", llama_up, local_start, local_cancel, local_down };
