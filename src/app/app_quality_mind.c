/* app_quality_mind.c: asks a language model and waits, on a worker's thread.
 *
 * Only models that are reached over the network (a second process of a local one would cost its
 * memory twice) and that were taught to follow instructions. A job asks so many times at most, and
 * not again after three failures in a row: then the items abstain and the scores go on. */
#include "app_quality_mind.h"
#include "app_int.h"
#include "model.h"

enum { TOKENS = 400, TURN_MS = 50 };

static int open_model(struct app_mind *m)
{
	struct model_spec v[APP_SPECS];
	struct llm_list_opts o = { 0 };
	struct err e = { 0 };
	size_t n = 0;
	m->tried = true;
	for (size_t i = 0; m->specs && i < m->specs->n; i++)
		if (strcmp(m->specs->v[i].kind, "llama") != 0)
			v[n++] = m->specs->v[i];
	if (!n)
		return ERR_NOTFOUND;
	m->l = loop_new();
	int rc = llm_open_list(&m->m, v, n, &o, m->l, &e);
	if (rc)
		LOG(WARN, "qa.model", "rubrics are not asked: %s", e.msg);
	return rc;
}

static void on_delta(void *arg, sv text)
{
	struct app_mind *m = arg;
	sb_put(m->answer, text);
}

static void on_end(void *arg, int err, const struct llm_usage *u)
{
	struct app_mind *m = arg;
	(void)u;
	m->rc = err;
	m->over = true;
}

static int run(struct app_mind *m, sv system, sv user)
{
	static const struct llm_cb cb = { .on_delta = on_delta, .on_end = on_end };
	const struct llm_msg msgs[] = { { .role = LLM_SYSTEM, .text = system },
					{ .role = LLM_USER, .text = user } };
	struct llm_prompt p = { .msgs = msgs, .n = 2, .max_tokens = TOKENS, .cls = LLM_BATCH };
	struct llm_run *r = NULL;
	m->over = false;
	int rc = llm_start(m->m, &p, &cb, m, &r);
	if (rc)
		return rc;
	while (!m->over && !atomic_load(m->stop))
		(void)loop_run_once(m->l, TURN_MS);
	if (m->over)
		return m->rc ? m->rc : sb_err(m->answer);
	llm_cancel(r);
	return ERR_CANCELED;
}

static int ask(void *arg, sv system, sv user, struct sb *answer)
{
	struct app_mind *m = arg;
	if (!m->tried)
		(void)open_model(m);
	if (atomic_load(m->stop))
		return ERR_CANCELED;
	if (!m->m || llm_base(m->m) || m->left <= 0 || m->failed >= APP_MIND_FAILS)
		return ERR_NOTFOUND;
	m->left--;
	m->answer = answer;
	int rc = run(m, system, user);
	m->failed = rc ? m->failed + 1 : 0;
	return rc;
}

void app_mind_init(struct app_mind *m, const struct app_specs *specs, const atomic_bool *stop)
{
	*m = (struct app_mind){ .specs = specs, .stop = stop, .left = APP_MIND_ASKS };
	m->mind = (struct qa_mind){ ask, m };
}

const struct qa_mind *app_mind_of(struct app_mind *m)
{
	return m->specs ? &m->mind : NULL;
}

void app_mind_done(struct app_mind *m)
{
	llm_close(m->m);
	loop_free(m->l);
}
