/* worker_turn.c: `callm-onnx turn`: has the caller finished? Smart Turn 3 (Daily, BSD-2-Clause),
 * which listens to the last 8 s.
 *
 * Requests wait in a short queue; before each one what came meanwhile is read, so that a
 * cancelled one is not computed. The network takes input_features [1][80][800] and gives one
 * number, already a probability. One thread. */
#include "turn_int.h"
#include "io.h"
#include "pcm.h"
#include "worker.h"
#include "worker_onnx.h"

#include <poll.h>
#include <stdio.h>

struct ask {
	uint32_t id;
	int rate;
	size_t n;
	int16_t *s; /* owned */
};
struct turn_child {
	int fd;
	bool closed;
	struct ask q[2 * TURN_WAITING_MAX];
	size_t n;
	struct sb in, out;
};

/* ---- the channel */

static void answer(struct turn_child *c, uint32_t id, int err, double p)
{
	sb_reset(&c->out);
	wf_put(&c->out, id);
	wf_put(&c->out, (uint32_t)-err);
	wf_put(&c->out, err ? 0 : (uint32_t)(p * 1e6 + 0.5));
	if (io_child_write(c->fd, TURN_P, sb_sv(&c->out)))
		c->closed = true;
}

static void enqueue(struct turn_child *c, sv p)
{
	uint32_t id = wf_get(&p), rate = wf_get(&p);
	if (c->n == 2 * TURN_WAITING_MAX || rate < 8000 || rate > 48000) {
		answer(c, id, rate < 8000 || rate > 48000 ? ERR_INVAL : ERR_FULL, 0);
		return;
	}
	struct ask *a = &c->q[c->n++];
	*a = (struct ask){ .id = id, .rate = (int)rate, .n = p.n / sizeof(*a->s) };
	a->s = xalloc(a->n * sizeof(*a->s) + 1);
	memcpy(a->s, p.p, a->n * sizeof(*a->s));
}

static void take_out(struct turn_child *c, size_t at)
{
	xfree(c->q[at].s);
	memmove(&c->q[at], &c->q[at + 1], sizeof(c->q[0]) * (--c->n - at));
}

static void cancel(struct turn_child *c, uint32_t id)
{
	for (size_t i = 0; i < c->n; i++)
		if (c->q[i].id == id) {
			take_out(c, i);
			return;
		}
}

static void take_frame(struct turn_child *c)
{
	uint8_t kind;
	if (io_child_read(c->fd, &kind, &c->in)) {
		c->closed = true;
		return;
	}
	sv p = sb_sv(&c->in);
	if (kind == TURN_ASK)
		enqueue(c, p);
	else if (kind == WF_CANCEL)
		cancel(c, wf_get(&p));
}

static bool more(const struct turn_child *c)
{
	struct pollfd p = { .fd = c->fd, .events = POLLIN };
	return poll(&p, 1, 0) > 0;
}

/* The end counts: the last 8 s, at the network's rate. */
static int judge(const struct turn_engine *e, const struct ask *a, double *p)
{
	size_t most = (size_t)a->rate * TURN_SECONDS;
	const int16_t *s = a->n > most ? a->s + (a->n - most) : a->s;
	size_t n = a->n > most ? most : a->n;
	if (a->rate == TURN_HZ)
		return e->judge(e->arg, s, n, p);
	int16_t *wide;
	size_t n_wide;
	int rc = pcm_resample(s, n, a->rate, TURN_HZ, &wide, &n_wide);
	if (rc)
		return rc;
	rc = e->judge(e->arg, wide, n_wide < TURN_SAMPLES ? n_wide : TURN_SAMPLES, p);
	xfree(wide);
	return rc;
}

static void ready(struct turn_child *c, int fd, const char *error)
{
	*c = (struct turn_child){ .fd = fd };
	sb_init(&c->in, LIM_PROC_FRAME);
	sb_init(&c->out, 4096);
	if (error) {
		sb_cstr(&c->out, "{\"error\":");
		sb_json(&c->out, sv_of(error));
		sb_ch(&c->out, '}');
	} else {
		sb_cstr(&c->out, "{}");
	}
	c->closed = io_child_write(fd, WF_READY, sb_sv(&c->out)) != 0;
}

static void done(struct turn_child *c)
{
	while (c->n)
		take_out(c, c->n - 1);
	sb_done(&c->in);
	sb_done(&c->out);
}

int turn_serve(int fd, const struct turn_engine *e)
{
	struct turn_child c;
	ready(&c, fd, NULL);
	while (!c.closed) {
		while (!c.closed && (c.n == 0 || more(&c)))
			take_frame(&c);
		if (c.closed)
			break;
		double p = 0;
		uint32_t id = c.q[0].id;
		int rc = judge(e, &c.q[0], &p);
		take_out(&c, 0);
		answer(&c, id, rc, p);
	}
	done(&c);
	return 0;
}

int turn_refuse(int fd, const char *why)
{
	struct turn_child c;
	ready(&c, fd, why);
	(void)fprintf(stderr, "%s\n", why);
	done(&c);
	return 1;
}

/* ---- the network */

struct smart {
	struct ort *rt;
	struct ort_model *m;
	struct turn_mel *mel;
	const char *output;
	float in[TURN_MELS * TURN_TIMES];
};

static int smart_judge(void *arg, const int16_t *s, size_t n, double *p)
{
	struct smart *k = arg;
	struct err e = { 0 };
	struct ort_tensor in = { .name = "input_features", .type = ORT_FLOAT, .n_dims = 3,
				 .dims = { 1, TURN_MELS, TURN_TIMES }, .data = k->in };
	struct ort_tensor out = { .name = k->output };
	turn_mel_run(k->mel, s, n, k->in);
	int rc = ort_run(k->m, &in, 1, &out, 1, &e);
	if (rc) {
		(void)fprintf(stderr, "%s\n", e.msg);
		return rc;
	}
	float v = -1;
	if (out.type == ORT_FLOAT && ort_count(&out) == 1)
		memcpy(&v, out.data, sizeof(v));
	ort_release(k->m, &out, 1);
	if (!(v >= 0 && v <= 1))
		return ERR_FAIL;
	*p = (double)v;
	return 0;
}

static int smart_open(struct smart *k, const struct onnx_args *a, struct err *e)
{
	const struct ort_opts o = { .threads = a->threads };
	const struct ort_io *in, *outs;
	if (!a->file)
		return err_set(e, ERR_INVAL, "no end-of-turn model was named (file=)");
	int rc = ort_open(&k->rt, a->runtime, e);
	if (rc == 0)
		rc = ort_model_open(&k->m, k->rt, a->file, &o, e);
	if (rc)
		return rc;
	in = ort_input(k->m, "input_features");
	if (!in || in->type != ORT_FLOAT || in->n_dims != 3 || in->dims[1] != TURN_MELS ||
	    in->dims[2] != TURN_TIMES || ort_outputs(k->m, &outs) != 1)
		return err_set(e, ERR_UNSUPPORTED, "%.200s is not Smart Turn 3", a->file);
	k->output = outs[0].name;
	return 0;
}

int onnx_turn(const struct onnx_args *a)
{
	struct smart *k = xalloc(sizeof(*k));
	struct err e = { 0 };
	k->mel = turn_mel_new();
	int rc = smart_open(k, a, &e);
	if (rc)
		rc = turn_refuse(IO_CHILD_FD, e.msg);
	else
		rc = turn_serve(IO_CHILD_FD, &(struct turn_engine){ smart_judge, k });
	turn_mel_free(k->mel);
	ort_model_close(k->m);
	ort_close(k->rt);
	xfree(k);
	return rc;
}
