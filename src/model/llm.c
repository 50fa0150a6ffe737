/* llm.c: language models: the table of backends, deadlines, the circuit breaker,
 * exactly-once endings.
 *
 * A backend only produces text; everything that must hold for all of them is here. A
 * run is an obj on its model's list. Whatever ends it (backend, deadline, cancel,
 * close) goes through leave(): marked dead, off the list, timers stopped, ops->cancel
 * called; then at most one on_end. All on the loop's thread. */
#include <stdio.h>

#include "llm_int.h"

static const struct llm_ops *const backends[] = { &llm_openai, &llm_scripted };

static char *copy(const char *s)
{
	return s ? xstrdup(sv_of(s)) : NULL;
}

static void free_model(struct llm *m)
{
	char *own[] = { m->kind, m->url, m->model, m->key, m->dialect, m->name };
	for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++)
		xfree(own[i]);
	xfree(m);
}

static void make_name(struct llm *m)
{
	struct sb b;
	sb_init(&b, 256);
	sb_cstr(&b, m->kind);
	if (m->model)
		sb_fmt(&b, ":%s", m->model);
	m->name = xstrdup(sb_sv(&b));
	sb_done(&b);
}

int llm_open(struct llm **ret, const struct model_spec *s, struct loop *l,
	     struct err *e)
{
	const struct llm_ops *ops = NULL;
	for (size_t i = 0; i < sizeof(backends) / sizeof(backends[0]); i++)
		if (s->kind && !strcmp(s->kind, backends[i]->kind))
			ops = backends[i];
	if (!ops)
		return err_set(
			e, ERR_UNSUPPORTED,
			"unknown language model kind \"%s\": use openai or builtin",
			s->kind ? s->kind : "");
	struct llm *m = xalloc(sizeof(*m));
	*m = (struct llm){ .ops = ops,
			   .loop = l,
			   .kind = copy(s->kind),
			   .url = copy(s->url),
			   .model = copy(s->model),
			   .key = copy(s->key),
			   .dialect = copy(s->dialect) };
	m->connect_ms = s->connect_ms > 0 ? s->connect_ms : LLM_CONNECT_MS;
	m->first_ms = s->first_ms;
	m->total_ms = s->total_ms > 0 ? s->total_ms : LLM_TOTAL_MS;
	m->open_ms = LLM_BREAK_MS;
	make_name(m);
	int rc = ops->open(m, s, e);
	if (rc) {
		free_model(m);
		return rc;
	}
	*ret = m;
	return 0;
}

/* ---- the circuit breaker ---- */

bool llm_healthy(const struct llm *m)
{
	return !m->open || (!m->probing && loop_now_ms(m->loop) >= m->open_until_ms);
}

static void breaker_result(struct llm *m, bool probe, bool ok)
{
	if (probe)
		m->probing = false;
	if (ok) {
		m->failures = 0;
		m->open = false;
		m->open_ms = LLM_BREAK_MS;
		return;
	}
	m->failures++;
	if (m->open && probe)
		m->open_ms = m->open_ms * 2 < LLM_BREAK_MAX_MS ? m->open_ms * 2 :
								 LLM_BREAK_MAX_MS;
	if (probe || m->failures >= LLM_BREAK_AFTER) {
		m->open = true;
		m->open_until_ms = loop_now_ms(m->loop) + m->open_ms;
	}
}

/* ---- runs ---- */

static void leave(struct llm_run *r)
{
	r->dead = true;
	loop_timer_stop(&r->first);
	loop_timer_stop(&r->total);
	*r->at = r->next;
	if (r->next)
		r->next->at = r->at;
	r->m->n_runs--;
	r->m->ops->cancel(r);
}

bool llm_started(const struct llm_run *r)
{
	return r->usage.first_ms > 0;
}

static void note_first(struct llm_run *r)
{
	if (llm_started(r))
		return;
	int64_t ms = loop_now_ms(r->m->loop) - r->start_ms;
	r->usage.first_ms = ms > 0 ? (int)ms : 1;
	metric_observe_us(M_MODEL_TTFT_US, ms * 1000);
	loop_timer_stop(&r->first);
}

bool llm_emit_delta(struct llm_run *r, sv text)
{
	if (r->dead || text.n == 0)
		return !r->dead;
	note_first(r);
	obj_ref(r);
	if (r->cb.on_delta)
		r->cb.on_delta(r->arg, text);
	bool alive = !r->dead;
	obj_unref(r);
	return alive;
}

bool llm_emit_call(struct llm_run *r, const struct llm_call *call)
{
	if (r->dead)
		return false;
	note_first(r);
	obj_ref(r);
	if (r->cb.on_call)
		r->cb.on_call(r->arg, call);
	bool alive = !r->dead;
	obj_unref(r);
	return alive;
}

void llm_emit_end(struct llm_run *r, int err)
{
	if (r->dead)
		return;
	struct llm *m = r->m;
	r->usage.total_ms = (int)(loop_now_ms(m->loop) - r->start_ms);
	leave(r);
	breaker_result(m, r->probe, err == 0);
	if (r->cb.on_end)
		r->cb.on_end(r->arg, err, &r->usage);
	obj_unref(r);
}

static void on_late(void *arg)
{
	struct llm_run *r = arg;
	llm_set_error(r->m, llm_started(r) ? SV("the answer took too long") :
					     SV("no answer in time"));
	llm_emit_end(r, ERR_TIMEOUT);
}

void llm_set_error(struct llm *m, sv text)
{
	struct sb b;
	sb_init(&b, sizeof(m->error) - 1);
	sv key = sv_of(m->key);
	while (text.n && b.n < sizeof(m->error) - 8) {
		if (key.n && sv_starts(text, key)) {
			sb_cstr(&b, "***");
			text = sv_slice(text, key.n, text.n);
			continue;
		}
		uint32_t r = sv_rune(&text);
		sb_rune(&b, r < 0x20 ? ' ' : r);
	}
	(void)snprintf(m->error, sizeof(m->error), "%s", sb_str(&b));
	sb_done(&b);
}

const char *llm_error(const struct llm *m)
{
	return m->error;
}

const char *llm_name(const struct llm *m)
{
	return m->name;
}

int llm_start(struct llm *m, const struct llm_prompt *p, const struct llm_cb *cb,
	      void *arg, struct llm_run **ret)
{
	if (!llm_healthy(m))
		return ERR_BUSY;
	if (m->n_runs >= LLM_RUNS_MAX)
		return ERR_FULL;
	struct llm_run *r = obj_new(sizeof(*r), NULL);
	r->m = m;
	r->cb = *cb;
	r->arg = arg;
	r->start_ms = loop_now_ms(m->loop);
	r->probe = m->open;
	int rc = m->ops->start(m, p, r);
	if (rc) {
		obj_unref(r);
		return rc;
	}
	m->probing = m->probing || r->probe;
	r->next = m->runs;
	r->at = &m->runs;
	if (r->next)
		r->next->at = &r->next;
	m->runs = r;
	m->n_runs++;
	int first = m->first_ms > 0 ? m->first_ms :
		    p->cls == LLM_VOICE ? LLM_FIRST_VOICE_MS :
				      LLM_FIRST_MS;
	loop_after(m->loop, &r->first, first, on_late, r);
	loop_after(m->loop, &r->total, m->total_ms > first ? m->total_ms : first,
		   on_late, r);
	*ret = r;
	return 0;
}

void llm_cancel(struct llm_run *r)
{
	if (!r || r->dead)
		return;
	if (r->probe)
		r->m->probing = false;
	leave(r);
	obj_unref(r);
}

void llm_close(struct llm *m)
{
	if (!m)
		return;
	while (m->runs)
		llm_cancel(m->runs);
	m->ops->close(m);
	free_model(m);
}
