/* llm_llama.c: a language model on this machine, by the program callm-llama beside this one
 * (worker_llama.c): one warm process a model, any number of answers at once.
 *
 * Requests that cannot be sent because the process is being restarted wait for it; answers
 * that were under way when it died end with ERR_UPSTREAM. The process is asked for a sign of
 * life each PING_MS and replaced when none comes for HANG_MS (START_MS while it loads). What
 * the process cannot do at all (no weights, damaged ones) it says in its first frame; that
 * is what llm_error tells until a later start works. All on the loop's thread. */
#include <stdio.h>
#include <sys/wait.h>

#include "gbnf.h"
#include "io.h"
#include "llm_tags.h"
#include "model_exe.h"
#include "worker.h"

enum { PING_MS = 1000, HANG_MS = 5000, START_MS = 60000, BACKOFF_MS = 200, BACKOFF_MAX_MS = 30000 };

struct answer { /* an obj */
	struct llm_run *run; /* NULL once it is over */
	struct answer *next;
	uint32_t id;
	bool sent, over; /* over: the process knows */
	struct sb frame; /* until it is sent */
	struct llm_tags calls;
};
struct local {
	struct llm *m;
	struct io_proc *proc;
	struct answer *answers, **tail; /* oldest first */
	uint32_t last_id;
	bool ready, refused;
	struct loop_timer beat;
	int64_t heard_ms; /* the last frame, or its start */
};

static void answer_free(void *obj)
{
	struct answer *a = obj;
	sb_done(&a->frame);
	llm_tags_done(&a->calls);
}

static struct answer *find(const struct local *l, uint32_t id)
{
	struct answer *a = l->answers;
	while (a && a->id != id)
		a = a->next;
	return a;
}

static void send_waiting(struct local *l)
{
	for (struct answer *a = l->answers; a && l->ready; a = a->next) {
		if (a->sent)
			continue;
		if (io_proc_send(l->proc, WF_ASK, sb_sv(&a->frame)))
			return;
		a->sent = true;
		sb_done(&a->frame);
	}
}

/* Callbacks may start and cancel others, so each time from the beginning. */
static void end_answers(struct local *l, bool waiting_too)
{
	for (;;) {
		struct answer *a = l->answers;
		while (a && !a->sent && !waiting_too)
			a = a->next;
		if (!a)
			return;
		a->over = true;
		llm_emit_end(a->run, ERR_UPSTREAM);
	}
}

/* ---- the process ---- */

static void on_ready(struct local *l, sv p)
{
	struct err e;
	jv *o = jv_parse(p, &e);
	sv why = jv_get_str(o, "error");
	l->refused = !o || why.n > 0;
	l->ready = !l->refused;
	l->m->base = !jv_get_bool(o, "template", false);
	if (l->refused)
		llm_set_error(l->m, why.n ? why : SV("callm-llama is of another version"));
	jv_free(o);
	if (l->refused)
		end_answers(l, true);
	send_waiting(l);
}

static void on_end(struct answer *a, sv p)
{
	int err = -(int)wf_get(&p);
	struct llm_run *r = a->run;
	a->over = true;
	r->usage.prompt_tokens = (int)wf_get(&p);
	r->usage.cached_tokens = (int)wf_get(&p);
	r->usage.completion_tokens = (int)wf_get(&p);
	if (!err && !llm_tags_end(&a->calls))
		return;
	if (!err && a->calls.bad) {
		llm_set_error(r->m, SV("the answer was cut off in the middle of a call"));
		err = ERR_UPSTREAM;
	} else if (err) {
		llm_set_error(r->m, sv_of(err == ERR_TOOBIG ?
						  "the conversation does not fit the context" :
						  err_text(err)));
	}
	llm_emit_end(r, err);
}

static void on_frame(void *arg, uint8_t kind, sv p)
{
	struct local *l = arg;
	l->heard_ms = loop_now_ms(l->m->loop);
	if (kind == WF_READY) {
		on_ready(l, p);
		return;
	}
	struct answer *a = kind == WF_TEXT || kind == WF_END ? find(l, wf_get(&p)) : NULL;
	if (!a)
		return; /* a sign of life, or cancelled meanwhile */
	obj_ref(a);
	if (kind == WF_TEXT)
		(void)llm_tags_put(&a->calls, p);
	else
		on_end(a, p);
	obj_unref(a);
}

static void on_state(void *arg, bool up, int status)
{
	struct local *l = arg;
	char why[120];
	l->heard_ms = loop_now_ms(l->m->loop);
	l->ready = false;
	if (up)
		return;
	if (!l->refused) {
		(void)snprintf(why, sizeof(why), "callm-llama ended (%s %d)",
			       status >= 0 && WIFSIGNALED(status) ? "signal" : "status",
			       status < 0	    ? status :
			       WIFSIGNALED(status) ? WTERMSIG(status) :
						     WEXITSTATUS(status));
		llm_set_error(l->m, sv_of(why));
	}
	end_answers(l, false);
}

static void on_beat(void *arg)
{
	struct local *l = arg;
	int64_t silent = loop_now_ms(l->m->loop) - l->heard_ms;
	loop_after(l->m->loop, &l->beat, PING_MS, on_beat, l);
	if (!io_proc_up(l->proc))
		return;
	if (silent > (l->ready ? HANG_MS : START_MS))
		io_proc_kill(l->proc); /* its end comes as on_state */
	else if (l->ready)
		(void)io_proc_send(l->proc, WF_PING, SV("?"));
}

static int start_proc(struct local *l, const struct model_spec *s, struct err *e)
{
	char ctx[16], threads[16], memory[16];
	char *exe = model_exe(s->exe, "callm-llama");
	(void)snprintf(ctx, sizeof(ctx), "%d", s->n_ctx);
	(void)snprintf(threads, sizeof(threads), "%d", s->threads);
	(void)snprintf(memory, sizeof(memory), "%d", s->memory_mb);
	const char *const argv[] = { exe,	  "--runtime", s->runtime, "--file",   s->file,
				     "--ctx",	  ctx,	       "--threads", threads, "--memory",
				     memory,	  NULL };
	struct io_proc_opts o = { .argv = argv,
				  .name = "llama",
				  .on_frame = on_frame,
				  .on_state = on_state,
				  .arg = l,
				  .backoff_min_ms = BACKOFF_MS,
				  .backoff_max_ms = BACKOFF_MAX_MS,
				  .nice_by = 5 };
	int rc = exe && file_exists(exe) ? io_proc_start(&l->proc, l->m->loop, &o) : ERR_NOTFOUND;
	if (rc)
		(void)err_set(e, rc,
			      "the program %s cannot be started: %s (it is built when "
			      "llama.cpp's headers are there: ./run.sh fetches them)",
			      exe ? exe : "callm-llama", err_text(rc));
	xfree(exe);
	return rc;
}

static int llama_open(struct llm *m, const struct model_spec *s, struct err *e)
{
	if (loop_is_sim(m->loop))
		return err_set(e, ERR_UNSUPPORTED, "local models need a real loop");
	if (!s->file || !s->runtime)
		return err_set(e, ERR_INVAL, "a local model needs file (weights) and runtime "
					     "(folder of llama.cpp's libraries)");
	struct local *l = xalloc(sizeof(*l));
	l->m = m;
	m->base = true; /* until it says so: what suits a base model suits every one */
	l->tail = &l->answers;
	l->heard_ms = loop_now_ms(m->loop);
	int rc = start_proc(l, s, e);
	if (rc) {
		xfree(l);
		return rc;
	}
	m->priv = l;
	loop_after(m->loop, &l->beat, PING_MS, on_beat, l);
	return 0;
}

/* ---- answers ---- */

static int make_frame(struct answer *a, const struct llm_prompt *p, struct llm *m)
{
	struct gbnf_want want = { .schema = p->schema,
				  .tools = p->tools,
				  .n_tools = p->n_tools,
				  .choice = p->choice };
	struct sb grammar, *b = &a->frame;
	struct err e = { 0 };
	int rc = 0;
	sb_init(&grammar, GBNF_MAX);
	if (p->grammar.n)
		sb_put(&grammar, p->grammar);
	else if (gbnf_needed(&want))
		rc = gbnf_make(&want, &grammar, &e);
	if (rc)
		llm_set_error(m, sv_of(e.msg));
	sb_fmt(b, "{\"id\":%u,\"class\":%d,\"max\":%d,\"temperature\":%.3f,\"seed\":%u,\"key\":",
	       a->id, (int)p->cls, p->max_tokens > 0 ? p->max_tokens : LLM_MAX_TOKENS,
	       p->temperature, (unsigned)p->seed);
	sb_json(b, p->cache_key);
	sb_cstr(b, ",\"grammar\":");
	sb_json(b, sb_sv(&grammar));
	sb_cstr(b, ",\"msgs\":");
	llm_tags_msgs(p, b);
	sb_ch(b, '}');
	rc = rc ? rc : sb_err(&grammar) ? sb_err(&grammar) : sb_err(b);
	sb_done(&grammar);
	return rc;
}

static int llama_start(struct llm *m, const struct llm_prompt *p, struct llm_run *run)
{
	struct local *l = m->priv;
	if (l->refused)
		return ERR_UPSTREAM; /* llm_error tells why */
	struct answer *a = obj_new(sizeof(*a), answer_free);
	a->run = run;
	a->id = ++l->last_id;
	sb_init(&a->frame, LIM_PROC_FRAME);
	llm_tags_init(&a->calls, run, p->n_tools > 0 && p->choice != LLM_TOOLS_NONE, a->id);
	int rc = make_frame(a, p, m);
	if (rc) {
		obj_unref(a);
		return rc;
	}
	*l->tail = a;
	l->tail = &a->next;
	run->priv = a;
	send_waiting(l);
	return 0;
}

static void llama_cancel(struct llm_run *run)
{
	struct answer *a = run->priv;
	if (!a)
		return;
	struct local *l = run->m->priv;
	struct answer **at = &l->answers;
	while (*at != a)
		at = &(*at)->next;
	*at = a->next;
	if (!*at)
		l->tail = at;
	run->priv = NULL;
	if (a->sent && !a->over) {
		struct sb b;
		sb_init(&b, 16);
		wf_put(&b, a->id);
		(void)io_proc_send(l->proc, WF_CANCEL, sb_sv(&b));
		sb_done(&b);
	}
	a->run = NULL;
	obj_unref(a);
}

static void llama_close(struct llm *m)
{
	struct local *l = m->priv;
	loop_timer_stop(&l->beat);
	io_proc_stop(l->proc);
	xfree(l);
}

int llm_worker_pid(const struct llm *m)
{
	const struct local *l = m->ops == &llm_llama ? m->priv : NULL;
	return l ? io_proc_pid(l->proc) : 0;
}

const struct llm_ops llm_llama = { "llama", llama_open, llama_start, llama_cancel, llama_close };
