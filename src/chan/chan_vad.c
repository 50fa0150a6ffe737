/* chan_vad.c: gathers the steps of a shard's calls and runs them together.
 *
 * Calls tick each 20 ms at their own moments; a step (32 ms of sound) waits at most BATCH_MS for
 * others, because a step in company costs two thirds of a lonely one. A step that is still
 * waiting when its call's next frame comes (the loop was late) is run at once, with all others.
 * New weights begin with empty memory on every line; a line whose weights are gone knows
 * nothing until there are some. Owned by its shard. */
#include "chan_vad.h"

enum { BATCH_MS = 5, DUE_MAX = 64 };

struct chan_vad {
	struct loop *loop;
	struct snap *weights;
	chan_vad_fn *fn;             /* instead of weights */
	void *arg;
	const void *last;            /* the weights of the last run; only compared */
	uint64_t generation;         /* counts them */
	struct chan_vad_line *due[DUE_MAX];
	size_t n_due, n_lines;
	struct loop_timer timer;
};

static void run_silero(void *arg, struct pcm_silero_state *const *st,
		       const int16_t *const *frames, size_t n, float *p)
{
	pcm_silero_run(arg, st, frames, n, p);
}

static void run_due(struct chan_vad *v, chan_vad_fn *fn, void *arg)
{
	struct pcm_silero_state *st[DUE_MAX];
	const int16_t *frames[DUE_MAX];
	float p[DUE_MAX];
	for (size_t i = 0; i < v->n_due; i++) {
		struct chan_vad_line *l = v->due[i];
		if (l->weights != v->generation)
			pcm_silero_reset(&l->line.st);
		l->weights = v->generation;
		st[i] = &l->line.st;
		frames[i] = l->line.in.s;
	}
	fn(arg, st, frames, v->n_due, p);
	for (size_t i = 0; i < v->n_due; i++)
		v->due[i]->p = v->due[i]->line.p = p[i];
}

static void judge(void *arg)
{
	struct chan_vad *v = arg;
	struct pcm_silero *w = v->fn ? NULL : snap_get(v->weights);
	loop_timer_stop(&v->timer);
	if (w != v->last || v->generation == 0)
		v->generation++;
	v->last = w;
	if (v->fn)
		run_due(v, v->fn, v->arg);
	else if (w)
		run_due(v, run_silero, w);
	for (size_t i = 0; i < v->n_due; i++) {
		v->due[i]->due = false;
		if (!v->fn && !w)
			v->due[i]->p = -1;
	}
	v->n_due = 0;
	obj_unref(w);
}

struct chan_vad *chan_vad_new(struct loop *l, struct snap *weights)
{
	struct chan_vad *v = xalloc(sizeof(*v));
	*v = (struct chan_vad){ .loop = l, .weights = weights };
	return v;
}

struct chan_vad *chan_vad_new_with(struct loop *l, chan_vad_fn *fn, void *arg)
{
	struct chan_vad *v = chan_vad_new(l, NULL);
	v->fn = fn;
	v->arg = arg;
	return v;
}

void chan_vad_free(struct chan_vad *v)
{
	if (!v)
		return;
	ASSERT(v->n_lines == 0);
	loop_timer_stop(&v->timer);
	xfree(v);
}

void chan_vad_join(struct chan_vad_line *l, struct chan_vad *v, int rate)
{
	*l = (struct chan_vad_line){ .v = v, .p = -1 };
	if (!v)
		return;
	pcm_silero_line_init(&l->line, rate);
	v->n_lines++;
}

static void not_due(struct chan_vad_line *l)
{
	struct chan_vad *v = l->v;
	for (size_t i = 0; l->due && i < v->n_due; i++)
		if (v->due[i] == l) {
			v->due[i] = v->due[--v->n_due];
			l->due = false;
		}
	if (v->n_due == 0)
		loop_timer_stop(&v->timer);
}

void chan_vad_leave(struct chan_vad_line *l)
{
	if (!l->v)
		return;
	not_due(l);
	l->v->n_lines--;
	l->v = NULL;
}

void chan_vad_hear(struct chan_vad_line *l, const int16_t *s, size_t n, double level_db,
		   double floor_db)
{
	struct chan_vad *v = l->v;
	if (!v)
		return;
	if (l->due)
		judge(v);
	if (!pcm_silero_line_push(&l->line, s, n, level_db, floor_db)) {
		if (l->p >= 0)
			l->p = l->line.p;    /* 0 once steps are left out */
		return;
	}
	if (v->n_due == DUE_MAX)
		judge(v);
	l->due = true;
	v->due[v->n_due++] = l;
	if (v->n_due == 1)
		loop_after(v->loop, &v->timer, BATCH_MS, judge, v);
}
