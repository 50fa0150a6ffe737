/* llm.c: language models: the table of backends, deadlines, the circuit breaker,
 * exactly-once endings.
 *
 * A backend only produces text and calls; everything that must hold for all of them is
 * here and in llm_tool.c. A run is an obj on its model's list. Whatever ends it (backend,
 * deadline, cancel, close) goes through leave(): marked dead, off the list, timers
 * stopped, ops->cancel called; then at most one on_end. Three deadlines: the first useful
 * token (keep-alives and empty deltas are none), the longest silence after it, the whole
 * answer. All on the loop's thread. */
#include <stdio.h>

#include "llm_int.h"

static const struct llm_ops *const backends[] = { &llm_llama, &llm_openai, &llm_scripted };

/* By class: chat, voice, batch. */
static const struct llm_wait defaults = { .first = { 5000, 1500, 60000 },
					  .stall = { 12000, 1500, 30000 },
					  .total = { 12000, 12000, 120000 } };

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

static void set_waits(struct llm *m, const struct model_spec *s)
{
	m->wait = defaults;
	for (int c = 0; c < LLM_CLASSES; c++) {
		if (s->first_ms > 0)
			m->wait.first[c] = s->first_ms;
		if (s->total_ms > 0)
			m->wait.total[c] = s->total_ms;
		if (m->wait.total[c] < m->wait.first[c])
			m->wait.total[c] = m->wait.first[c];
	}
}

int llm_make(struct llm **ret, const struct llm_ops *ops, const struct model_spec *s,
	     struct loop *l, struct err *e)
{
	struct llm *m = xalloc(sizeof(*m));
	*m = (struct llm){ .ops = ops,
			   .loop = l,
			   .kind = copy(s->kind),
			   .url = copy(s->url),
			   .model = copy(s->model),
			   .key = copy(s->key),
			   .dialect = copy(s->dialect),
			   .price_in = s->price_in,
			   .price_out = s->price_out };
	m->connect_ms = s->connect_ms > 0 ? s->connect_ms : LLM_CONNECT_MS;
	set_waits(m, s);
	make_name(m);
	int rc = ops->open(m, s, e);
	if (rc) {
		free_model(m);
		return rc;
	}
	*ret = m;
	return 0;
}

int llm_open(struct llm **ret, const struct model_spec *s, struct loop *l,
	     struct err *e)
{
	for (size_t i = 0; i < sizeof(backends) / sizeof(backends[0]); i++)
		if (s->kind && !strcmp(s->kind, backends[i]->kind))
			return llm_make(ret, backends[i], s, l, e);
	return err_set(e, ERR_UNSUPPORTED,
		       "unknown language model kind \"%s\": use openai or llama",
		       s->kind ? s->kind : "");
}

/* ---- the circuit breaker ---- */

bool llm_healthy(const struct llm *m)
{
	if (m->healthy)
		return m->healthy(m);
	return breaker_passes(&m->breaker, loop_now_ms(m->loop));
}

/* A request that the server refuses says nothing against the server. */
static bool server_works(int err)
{
	return !err || err == ERR_INVAL || err == ERR_TOOBIG || err == ERR_DENIED ||
	       err == ERR_PARSE;
}

/* ---- runs ---- */

static void run_free(void *obj)
{
	struct llm_run *r = obj;
	llm_kept_free(r->kept);
}

static void leave(struct llm_run *r)
{
	r->dead = true;
	loop_timer_stop(&r->first);
	loop_timer_stop(&r->stall);
	loop_timer_stop(&r->total);
	*r->at = r->next;
	if (r->next)
		r->next->at = r->at;
	r->m->n_runs--;
	r->m->ops->cancel(r);
}

bool llm_started(const struct llm_run *r)
{
	return r->said;
}

int llm_left_ms(const struct llm_run *r)
{
	const struct llm_wait *w = &r->m->wait;
	int64_t limit = r->useful ? r->alive_ms + w->stall[r->cls] :
				    r->start_ms + w->first[r->cls];
	int64_t left = limit - loop_now_ms(r->m->loop);
	return left > 0 ? (int)left : 0;
}

static void late(struct llm_run *r, sv why)
{
	if (!r->m->healthy) /* a list has the words of its members */
		llm_set_error(r->m, why);
	llm_emit_end(r, ERR_TIMEOUT);
}

static void on_first(void *arg)
{
	late(arg, SV("no answer in time"));
}

static void on_total(void *arg)
{
	late(arg, SV("the answer took too long"));
}

/* Progress only notes the time; the timer looks whether it was long ago. */
static void on_stall(void *arg)
{
	struct llm_run *r = arg;
	int left = llm_left_ms(r);
	if (left > 0)
		loop_after(r->m->loop, &r->stall, left, on_stall, r);
	else
		late(r, SV("the answer stalled"));
}

void llm_emit_life(struct llm_run *r)
{
	if (r->dead)
		return;
	r->alive_ms = loop_now_ms(r->m->loop);
	if (r->outer)
		llm_emit_life(r->outer);
	if (r->useful)
		return;
	r->useful = true;
	int64_t ms = r->alive_ms - r->start_ms;
	r->usage.first_ms = ms > 0 ? (int)ms : 1;
	loop_timer_stop(&r->first);
	if (r->m->healthy)
		return; /* a list: its members watch */
	metric_observe_us(M_MODEL_TTFT_US, ms * 1000);
	loop_after(r->m->loop, &r->stall, r->m->wait.stall[r->cls], on_stall, r);
}

bool llm_emit_delta(struct llm_run *r, sv text)
{
	if (r->dead || text.n == 0)
		return !r->dead;
	llm_emit_life(r);
	r->out += text.n;
	if (r->kept)
		text = llm_kept_text(r->kept, text);
	if (text.n == 0)
		return true;
	r->said = true;
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
	llm_emit_life(r);
	r->out += call->name.n + call->args.n;
	if (r->kept) {
		llm_kept_call(r->kept, call);
		return true;
	}
	if (!r->m->healthy)
		return true; /* no tools were offered: nobody waits for it */
	r->said = true;
	obj_ref(r);
	if (r->cb.on_call)
		r->cb.on_call(r->arg, call);
	bool alive = !r->dead;
	obj_unref(r);
	return alive;
}

/* ---- what it took ---- */

/* Without a report: 3 bytes a token, which is rather too many tokens than too few. */
static int estimate(int reported, size_t bytes)
{
	return reported ? reported : (int)((bytes + 2) / 3);
}

static int64_t money(int tokens, int64_t price)
{
	return (tokens * price + 999999) / 1000000;
}

struct llm_usage llm_count(const struct llm_run *r)
{
	struct llm_usage u = r->usage;
	if (r->m->healthy)
		return llm_list_count(r);
	bool asked = u.prompt_tokens || u.completion_tokens || r->useful;
	u.prompt_tokens = asked ? estimate(u.prompt_tokens, r->in) : 0;
	u.completion_tokens = estimate(u.completion_tokens, r->out);
	u.cost = money(u.prompt_tokens, r->m->price_in) +
		 money(u.completion_tokens, r->m->price_out) + r->before.cost;
	u.prompt_tokens += r->before.prompt_tokens;
	u.cached_tokens += r->before.cached_tokens;
	u.completion_tokens += r->before.completion_tokens;
	return u;
}

void llm_emit_end(struct llm_run *r, int err)
{
	if (r->dead)
		return;
	obj_ref(r);
	if (!err && !llm_settle(r, &err)) {
		obj_unref(r);
		return;
	}
	if (!r->dead) {
		struct llm *m = r->m;
		struct llm_usage u = llm_count(r);
		u.model = u.model ? u.model : m->name;
		u.total_ms = (int)(loop_now_ms(m->loop) - r->start_ms);
		leave(r);
		if (!m->healthy)
			breaker_told(&m->breaker, loop_now_ms(m->loop), r->probe,
				     server_works(err));
		if (r->cb.on_end)
			r->cb.on_end(r->arg, err, &u);
		obj_unref(r);
	}
	obj_unref(r);
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

bool llm_base(const struct llm *m)
{
	return m && (m->all_base ? m->all_base(m) : m->base);
}

const char *llm_error(const struct llm *m)
{
	return m->error;
}

const char *llm_name(const struct llm *m)
{
	return m->name;
}

static void enlist(struct llm *m, struct llm_run *r)
{
	r->next = m->runs;
	r->at = &m->runs;
	if (r->next)
		r->next->at = &r->next;
	m->runs = r;
	m->n_runs++;
	loop_after(m->loop, &r->first, m->wait.first[r->cls], on_first, r);
	loop_after(m->loop, &r->total, m->wait.total[r->cls], on_total, r);
}

int llm_start_with(struct llm *m, const struct llm_prompt *p, int retries,
		   const struct llm_cb *cb, void *arg, struct llm_run **ret)
{
	if (!llm_healthy(m))
		return ERR_BUSY;
	if (m->n_runs >= LLM_RUNS_MAX)
		return ERR_FULL;
	struct llm_run *r = obj_new(sizeof(*r), run_free);
	r->m = m;
	r->cb = *cb;
	r->arg = arg;
	r->cls = p->cls;
	r->retries = retries;
	r->in = llm_prompt_bytes(p);
	r->start_ms = loop_now_ms(m->loop);
	int rc = llm_keep(r, p);
	rc = rc ? rc : m->ops->start(m, p, r);
	if (rc) {
		obj_unref(r);
		return rc;
	}
	r->probe = breaker_take(&m->breaker);
	enlist(m, r);
	*ret = r;
	return 0;
}

int llm_start(struct llm *m, const struct llm_prompt *p, const struct llm_cb *cb,
	      void *arg, struct llm_run **ret)
{
	return llm_start_with(m, p, LLM_RETRIES, cb, arg, ret);
}

void llm_spent(const struct llm_run *r, struct llm_usage *ret)
{
	*ret = llm_count(r);
	ret->model = ret->model ? ret->model : r->m->name;
	ret->total_ms = (int)(loop_now_ms(r->m->loop) - r->start_ms);
}

void llm_cancel(struct llm_run *r)
{
	if (!r || r->dead)
		return;
	breaker_let_go(&r->m->breaker, r->probe);
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
