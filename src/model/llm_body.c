/* llm_body.c: a prompt as the request of /chat/completions, in a server's dialect.
 *
 * The parts every server knows are written here; the rest are templates of the dialect
 * that are filled and merged. Whatever the server cannot be bound to (a schema it does not
 * know) is said to the model in words; the answer is checked here in any case. Pure. */
#include <stdio.h>

#include "llm_int.h"

/* The schema without keywords that the server refuses; names of members are no keywords. */
static jv *without(const jv *s, const jv *drop, bool keywords)
{
	if (jv_is_arr(s)) {
		jv *a = jv_arr();
		for (size_t i = 0; i < jv_len(s); i++)
			jv_push(a, without(jv_at(s, i), drop, true));
		return a;
	}
	if (!jv_is_obj(s))
		return jv_copy(s);
	jv *o = jv_obj(), *val;
	void *it = NULL;
	sv key;
	while (jv_next(s, &it, &key, &val)) {
		bool out = false, names = sv_eq(key, SV("properties")) || sv_eq(key, SV("$defs"));
		for (size_t i = 0; keywords && i < jv_len(drop); i++)
			out = out || sv_eq(key, jv_as_str(jv_at(drop, i)));
		char *k = xstrdup(key);
		if (!out)
			jv_set(o, k, without(val, drop, !(keywords && names)));
		xfree(k);
	}
	return o;
}

static jv *parameters(const struct llm_dialect *d, const jv *schema)
{
	if (schema)
		return without(schema, d->schema_drop, true);
	jv *o = jv_obj();
	jv_set_str(o, "type", SV("object"));
	jv_set(o, "properties", jv_obj());
	return o;
}

static jv *calls_json(const struct llm_msg *m)
{
	jv *list = jv_arr();
	for (size_t i = 0; i < m->n_calls; i++) {
		jv *x = jv_obj(), *f = jv_obj();
		jv_set_str(x, "id", m->calls[i].id);
		jv_set_str(x, "type", SV("function"));
		jv_set_str(f, "name", m->calls[i].name);
		jv_set_str(f, "arguments", m->calls[i].args.n ? m->calls[i].args : SV("{}"));
		jv_set(x, "function", f);
		jv_push(list, x);
	}
	return list;
}

/* hint: appended to the first message, which is the instructions or becomes them. */
static jv *messages(const struct llm_prompt *p, sv hint)
{
	static const char *const roles[] = { "system", "user", "assistant", "tool" };
	jv *list = jv_arr();
	bool own = hint.n && (p->n == 0 || p->msgs[0].role != LLM_SYSTEM);
	if (own) {
		jv *x = jv_obj();
		jv_set_str(x, "role", SV("system"));
		jv_set_str(x, "content", hint);
		jv_push(list, x);
	}
	for (size_t i = 0; i < p->n; i++) {
		const struct llm_msg *m = &p->msgs[i];
		jv *x = jv_obj();
		struct sb b;
		sb_init(&b, LIM_JSON_BYTES);
		sb_put(&b, m->text);
		if (i == 0 && hint.n && !own)
			sb_fmt(&b, "\n\n" SV_FMT, SV_ARG(hint));
		jv_set_str(x, "role", sv_of(roles[m->role]));
		jv_set_str(x, "content", sb_sv(&b));
		sb_done(&b);
		if (m->n_calls)
			jv_set(x, "tool_calls", calls_json(m));
		if (m->role == LLM_TOOL)
			jv_set_str(x, "tool_call_id", m->call_id);
		jv_push(list, x);
	}
	return list;
}

static void merge(jv *o, const jv *tmpl, const struct llm_vars *v)
{
	jv *x = llm_dialect_fill(tmpl, v);
	if (jv_is_obj(x))
		cfg_merge(o, x);
	jv_free(x);
}

static void put_tools(const struct llm_dialect *d, const struct llm_prompt *p, jv *o,
		      const struct llm_vars *v)
{
	static const char *const names[] = { "auto", "none", "must" };
	sv choice = jv_get_str(d->choice, names[p->choice]);
	if (!p->n_tools || (p->choice == LLM_TOOLS_NONE && !choice.n))
		return;
	jv *list = jv_arr();
	for (size_t i = 0; i < p->n_tools; i++) {
		jv *x = jv_obj(), *f = jv_obj();
		jv_set_str(f, "name", p->tools[i].name);
		jv_set_str(f, "description", p->tools[i].description);
		jv_set(f, "parameters", parameters(d, p->tools[i].schema));
		jv_set_str(x, "type", SV("function"));
		jv_set(x, "function", f);
		jv_push(list, x);
	}
	jv_set(o, "tools", list);
	if (choice.n)
		jv_set_str(o, "tool_choice", choice);
	merge(o, d->tools, v);
}

/* The words for a server that cannot be bound: the hint with the schema in it. */
static void put_hint(const struct llm_dialect *d, const jv *schema, struct sb *out)
{
	ptrdiff_t at = sv_find(d->hint, SV("$schema"));
	if (at < 0) {
		sb_put(out, d->hint);
		return;
	}
	sb_put(out, sv_slice(d->hint, 0, (size_t)at));
	jv_dump(schema, out);
	sb_put(out, sv_slice(d->hint, (size_t)at + 7, d->hint.n));
}

static bool bound_by_grammar(const struct llm_dialect *d, const struct llm_prompt *p)
{
	return p->grammar.n && jv_is_obj(d->grammar) && (d->bind_with_tools || !p->n_tools);
}

static void put_bounds(const struct llm_dialect *d, const struct llm_prompt *p, jv *o,
		       const struct llm_vars *v)
{
	if (bound_by_grammar(d, p))
		merge(o, d->grammar, v);
	else if (v->schema && (d->bind_with_tools || !p->n_tools))
		merge(o, d->schema, v);
}

void llm_body(const struct llm_dialect *d, sv model, const struct llm_prompt *p,
	      struct sb *out)
{
	jv *o = jv_obj(), *schema = p->schema ? without(p->schema, d->schema_drop, true) : NULL;
	struct llm_vars v = { .schema = schema,
			      .grammar = p->grammar,
			      .cache_key = p->cache_key,
			      .seed = p->seed,
			      .slots = d->slots };
	char max_key[64];
	struct sb hint;
	sb_init(&hint, LIM_SB);
	if (schema && !bound_by_grammar(d, p))
		put_hint(d, schema, &hint);
	if (model.n)
		jv_set_str(o, "model", model);
	jv_set(o, "messages", messages(p, sb_sv(&hint)));
	sb_done(&hint);
	jv_set_bool(o, "stream", true);
	(void)snprintf(max_key, sizeof(max_key), SV_FMT, SV_ARG(d->max_tokens));
	jv_set_int(o, max_key, p->max_tokens > 0 ? p->max_tokens : LLM_MAX_TOKENS);
	if (d->temperature)
		jv_set_num(o, "temperature", p->temperature);
	put_tools(d, p, o, &v);
	put_bounds(d, p, o, &v);
	merge(o, d->cache, &v);
	merge(o, d->seed, &v);
	merge(o, d->always, &v);
	jv_dump(o, out);
	jv_free(schema);
	jv_free(o);
}
