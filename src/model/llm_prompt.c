/* llm_prompt.c: deep copies of prompts, for whoever may have to ask again: a list whose
 * first member failed, a call that did not fit. Texts go into the owner's arena, schemas
 * are copies of their own. One thread. */
#include "llm_int.h"

static bool copy_sv(sv *s, struct arena *a)
{
	if (!s->p)
		return true;
	*s = arena_sv(a, *s);
	return s->p != NULL;
}

static bool copy_calls(struct llm_msg *m, struct arena *a)
{
	struct llm_call *v = arena_new(a, struct llm_call, m->n_calls);
	bool ok = v != NULL;
	for (size_t i = 0; ok && i < m->n_calls; i++) {
		v[i] = m->calls[i];
		ok = copy_sv(&v[i].id, a) && copy_sv(&v[i].name, a) && copy_sv(&v[i].args, a);
	}
	m->calls = v;
	return ok;
}

static bool copy_msgs(struct llm_prompt *p, struct arena *a)
{
	struct llm_msg *v = arena_new(a, struct llm_msg, p->n);
	bool ok = v != NULL;
	for (size_t i = 0; ok && i < p->n; i++) {
		v[i] = p->msgs[i];
		ok = copy_sv(&v[i].text, a) && copy_sv(&v[i].call_id, a) &&
		     (!v[i].n_calls || copy_calls(&v[i], a));
	}
	p->msgs = v;
	return ok;
}

static bool copy_tools(struct llm_prompt *p, struct arena *a)
{
	struct llm_tool *v = arena_new(a, struct llm_tool, p->n_tools);
	size_t n = v ? p->n_tools : 0;
	bool ok = v != NULL;
	for (size_t i = 0; i < n; i++) { /* schemas first: llm_prompt_done frees them all */
		v[i] = p->tools[i];
		v[i].schema = jv_copy(v[i].schema);
		ok = ok && copy_sv(&v[i].name, a) && copy_sv(&v[i].description, a);
	}
	p->tools = v;
	p->n_tools = n;
	return ok;
}

int llm_prompt_copy(struct llm_prompt *ret, const struct llm_prompt *from, struct arena *a)
{
	struct llm_prompt p = *from;
	p.schema = jv_copy(p.schema);
	bool ok = p.n_tools ? copy_tools(&p, a) : true;
	ok = ok && copy_msgs(&p, a) && copy_sv(&p.grammar, a) && copy_sv(&p.cache_key, a);
	if (!ok) {
		llm_prompt_done(&p);
		return ERR_TOOBIG;
	}
	*ret = p;
	return 0;
}

void llm_prompt_done(struct llm_prompt *p)
{
	jv_free((jv *)(uintptr_t)p->schema);
	for (size_t i = 0; i < p->n_tools; i++)
		jv_free((jv *)(uintptr_t)p->tools[i].schema);
	*p = (struct llm_prompt){ 0 };
}

size_t llm_prompt_bytes(const struct llm_prompt *p)
{
	size_t n = 0;
	for (size_t i = 0; i < p->n; i++) {
		n += p->msgs[i].text.n;
		for (size_t k = 0; k < p->msgs[i].n_calls; k++)
			n += p->msgs[i].calls[k].name.n + p->msgs[i].calls[k].args.n;
	}
	for (size_t i = 0; i < p->n_tools; i++)
		n += p->tools[i].name.n + p->tools[i].description.n;
	return n;
}
