/* emb.c: embeddings: the table of backends, requests, deadlines, the circuit breaker.
 *
 * A backend answers text by text (emb_put); the request's caller hears once, when all are
 * there. Vectors are brought to length one and their dimension is checked here, so that a
 * search never meets another kind of number. A run is an obj on its model's list; whatever ends
 * it goes through leave(): off the list, timer stopped, ops->cancel. All on the loop's thread. */
#include <math.h>
#include <stdio.h>

#include "emb_int.h"

enum { WAIT_MS = 60, WAIT_MAX_MS = 400, QUESTIONS = 5 };

static const struct emb_ops *const backends[] = { &emb_e5, &emb_llama, &emb_openai };

void emb_set_name(struct emb *m, const char *kind, sv model)
{
	struct sb b;
	sb_init(&b, 512);
	sb_fmt(&b, "%s:" SV_FMT, kind, SV_ARG(sv_slice(model, 0, 400)));
	xfree(m->name);
	m->name = xstrdup(sb_sv(&b));
	sb_done(&b);
}

int emb_open(struct emb **ret, const struct model_spec *s, struct loop *l, struct err *e)
{
	const struct emb_ops *ops = NULL;
	for (size_t i = 0; i < sizeof(backends) / sizeof(backends[0]); i++)
		if (s->kind && !strcmp(s->kind, backends[i]->kind))
			ops = backends[i];
	if (!ops)
		return err_set(e, ERR_UNSUPPORTED,
			       "unknown embedding kind \"%s\": use e5, llama or openai",
			       s->kind ? s->kind : "");
	struct emb *m = xalloc(sizeof(*m));
	*m = (struct emb){ .ops = ops, .loop = l, .tail = &m->runs };
	m->total_ms = s->total_ms > 0 ? s->total_ms : EMB_TOTAL_MS;
	m->wait_ms = WAIT_MS;
	int rc = ops->open(m, s, e);
	if (rc) {
		xfree(m->name);
		xfree(m);
		return rc;
	}
	*ret = m;
	return 0;
}

int emb_dim(const struct emb *m)
{
	return m->dim;
}

const char *emb_name(const struct emb *m)
{
	return m->name;
}

int emb_wait_ms(const struct emb *m)
{
	return m->wait_ms;
}

void emb_set_pace(struct emb *m, int query_ms)
{
	int one = query_ms < 0 ? 0 : query_ms > WAIT_MAX_MS ? WAIT_MAX_MS : query_ms;
	int ms = QUESTIONS * one;
	m->wait_ms = ms > WAIT_MAX_MS ? WAIT_MAX_MS : ms < WAIT_MS ? WAIT_MS : ms;
}

/* ---- runs ---- */

static void run_free(void *obj)
{
	struct emb_run *r = obj;
	xfree(r->texts);
	xfree(r->bytes);
	xfree(r->v);
	xfree(r->have);
}

static void leave(struct emb_run *r)
{
	struct emb *m = r->m;
	struct emb_run **at = &m->runs;
	while (*at != r)
		at = &(*at)->next;
	*at = r->next;
	if (!*at)
		m->tail = at;
	m->waiting -= r->n;
	r->dead = true;
	loop_timer_stop(&r->late);
	m->ops->cancel(r);
}

void emb_end(struct emb_run *r, int err)
{
	if (r->dead)
		return;
	if (!err && r->n_put < r->n)
		err = ERR_UPSTREAM;
	leave(r);
	if (r->m->breaks)
		breaker_told(&r->m->breaker, loop_now_ms(r->m->loop), false, !err);
	if (err && r->cb.on_error)
		r->cb.on_error(r->arg, err);
	else if (!err && r->cb.on_vecs)
		r->cb.on_vecs(r->arg, r->v, r->n, r->dim);
	obj_unref(r);
}

static bool unit(float *v, int dim)
{
	double len = 0;
	for (int i = 0; i < dim; i++)
		len += (double)v[i] * (double)v[i];
	if (!(len > 1e-20) || !(len < 1e20))
		return false;
	len = 1 / sqrt(len);
	for (int i = 0; i < dim; i++)
		v[i] = (float)((double)v[i] * len);
	return true;
}

bool emb_put(struct emb_run *r, size_t i, const float *v, int dim)
{
	struct emb *m = r->m;
	if (r->dead)
		return false;
	if (i >= r->n || r->have[i] || dim < 1 || dim > EMB_DIM_MAX || (m->dim && m->dim != dim)) {
		emb_end(r, ERR_UPSTREAM);
		return false;
	}
	m->dim = r->dim = dim;
	if (!r->v)
		r->v = xalloc(r->n * (size_t)dim * sizeof(*v));
	float *to = r->v + i * (size_t)dim;
	memcpy(to, v, (size_t)dim * sizeof(*v));
	if (!unit(to, dim)) {
		emb_end(r, ERR_UPSTREAM);
		return false;
	}
	r->have[i] = true;
	r->n_put++;
	return true;
}

static void on_late(void *arg)
{
	emb_end(arg, ERR_TIMEOUT);
}

/* One copy of all texts, each cut to EMB_TEXT_BYTES at a letter. */
static void copy_texts(struct emb_run *r, const sv *texts)
{
	size_t sum = 0, at = 0;
	for (size_t i = 0; i < r->n; i++)
		sum += texts[i].n < EMB_TEXT_BYTES ? texts[i].n : EMB_TEXT_BYTES;
	r->bytes = xalloc(sum + 1);
	r->texts = xalloc(r->n * sizeof(*r->texts));
	for (size_t i = 0; i < r->n; i++) {
		size_t n = sv_head(texts[i], EMB_TEXT_BYTES).n;
		if (n)
			memcpy(r->bytes + at, texts[i].p, n);
		r->texts[i] = sv_n(r->bytes + at, n);
		at += n;
	}
}

int emb_start(struct emb *m, const sv *texts, size_t n, enum emb_side side,
	      const struct emb_cb *cb, void *arg, struct emb_run **ret)
{
	if (!n)
		return ERR_INVAL;
	if (n > EMB_TEXTS_MAX)
		return ERR_TOOBIG;
	if (m->waiting + n > EMB_WAITING_MAX)
		return ERR_BUSY;
	if (!breaker_passes(&m->breaker, loop_now_ms(m->loop)))
		return ERR_BUSY;
	struct emb_run *r = obj_new(sizeof(*r), run_free);
	r->m = m;
	r->cb = *cb;
	r->arg = arg;
	r->side = side;
	r->n = n;
	r->have = xalloc(n * sizeof(*r->have));
	copy_texts(r, texts);
	int rc = m->ops->start(r);
	if (rc) {
		obj_unref(r);
		return rc;
	}
	*m->tail = r;
	m->tail = &r->next;
	m->waiting += n;
	loop_after(m->loop, &r->late, side == EMB_QUERY ? m->total_ms : 10 * m->total_ms, on_late,
		   r);
	*ret = r;
	return 0;
}

void emb_cancel(struct emb_run *r)
{
	if (!r || r->dead)
		return;
	leave(r);
	obj_unref(r);
}

void emb_close(struct emb *m)
{
	if (!m)
		return;
	while (m->runs)
		emb_cancel(m->runs);
	m->ops->close(m);
	xfree(m->name);
	xfree(m);
}
