/* llm_tool.c: calls of tools and answers bound to a schema, for every backend.
 *
 * A run with tools or a schema keeps a copy of its prompt. Calls are collected while the
 * answer comes; at its end each is checked: is the tool offered, are the arguments an
 * object that fits its schema? If all are, they are passed on, each once (the same call
 * twice in one answer is one intent). If not, the model is told what is wrong and asked
 * once more, within the same deadlines; what it says then is passed on only if nothing was
 * before. An answer that ends in an error passes no call on, so that another model may be
 * asked. Text of an answer with a schema passes a gate that lets one JSON object or array
 * through and nothing around it. Owner: the run. The loop's thread. */
#include <stdio.h>

#include "llm_int.h"

struct kept_call {
	sv id, name, args; /* in the arena; args as the model wrote them */
	char *fine;        /* args checked and written anew; NULL when wrong */
	char why[200];
};
struct llm_kept {
	struct arena a;
	struct llm_prompt p;
	struct kept_call v[LLM_CALLS_MAX];
	size_t n;
	bool overfull, asked_again, mute; /* mute: text was passed on before asking again */
	bool gated, in;
	struct llm_scan gate;
	struct sb text; /* of an answer with a schema */
};

static bool wants_gate(const jv *schema)
{
	sv type = jv_get_str(schema, "type");
	return schema && (!type.n || sv_eq(type, SV("object")) || sv_eq(type, SV("array")));
}

int llm_keep(struct llm_run *r, const struct llm_prompt *p)
{
	if ((!p->n_tools && !p->schema) || r->m->healthy)
		return 0;
	struct llm_kept *k = xalloc(sizeof(*k));
	arena_init(&k->a, LLM_ASK_MAX);
	sb_init(&k->text, LLM_ANSWER_MAX);
	int rc = llm_prompt_copy(&k->p, p, &k->a);
	k->gated = wants_gate(p->schema);
	if (rc)
		llm_kept_free(k);
	else
		r->kept = k;
	return rc;
}

static void forget_calls(struct llm_kept *k)
{
	for (size_t i = 0; i < k->n; i++)
		xfree(k->v[i].fine);
	k->n = 0;
	k->overfull = false;
}

void llm_kept_free(struct llm_kept *k)
{
	if (!k)
		return;
	forget_calls(k);
	llm_prompt_done(&k->p);
	arena_done(&k->a);
	sb_done(&k->text);
	xfree(k);
}

/* The part of s inside the one JSON value. */
static sv gate(struct llm_kept *k, sv s)
{
	while (!k->gate.begun && s.n && s.p[0] != '{' && s.p[0] != '[')
		s = sv_slice(s, 1, s.n);
	return sv_slice(s, 0, llm_scan_feed(&k->gate, s));
}

sv llm_kept_text(struct llm_kept *k, sv text)
{
	if (k->mute)
		return SV_NULL;
	if (!k->p.schema)
		return text;
	if (k->gated)
		text = gate(k, text);
	sb_put(&k->text, text);
	return text;
}

/* 9 letters and digits: what the strictest server takes for an id (Mistral). */
static sv new_id(struct arena *a)
{
	static const char set[] = "abcdefghijklmnopqrstuvwxyz0123456789";
	unsigned char raw[9];
	char id[10] = "";
	rng_secure(raw, sizeof(raw));
	for (size_t i = 0; i < sizeof(raw); i++)
		id[i] = set[raw[i] % (sizeof(set) - 1)];
	return arena_sv(a, sv_of(id));
}

void llm_kept_call(struct llm_kept *k, const struct llm_call *c)
{
	if (k->n >= LLM_CALLS_MAX || c->args.n > LLM_ARGS_MAX) {
		k->overfull = true;
		return;
	}
	struct kept_call *x = &k->v[k->n];
	*x = (struct kept_call){ .id = c->id.n ? arena_sv(&k->a, c->id) : new_id(&k->a),
				 .name = arena_sv(&k->a, c->name),
				 .args = arena_sv(&k->a, c->args) };
	k->overfull = k->overfull || !x->id.p || !x->name.p || !x->args.p;
	k->n += !k->overfull;
}

/* ---- the check ---- */

static const struct llm_tool *tool(const struct llm_kept *k, sv name)
{
	for (size_t i = 0; k->p.choice != LLM_TOOLS_NONE && i < k->p.n_tools; i++)
		if (sv_eq(k->p.tools[i].name, name))
			return &k->p.tools[i];
	return NULL;
}

/* Arguments as an object; none is an empty one; a string that holds an object is read too. */
static jv *read_args(sv args, struct err *e)
{
	args = sv_trim(args);
	if (!args.n || sv_eq(args, SV("null")))
		return jv_obj();
	jv *o = jv_parse(args, e);
	if (jv_is_str(o)) {
		jv *in = jv_parse(jv_as_str(o), e);
		jv_free(o);
		o = in;
	}
	if (o && !jv_is_obj(o)) {
		(void)err_set(e, ERR_INVAL, "the arguments must be a JSON object");
		jv_free(o);
		o = NULL;
	}
	return o;
}

static bool check_call(const struct llm_kept *k, struct kept_call *c)
{
	const struct llm_tool *t = tool(k, c->name);
	struct err e = { .msg = "there is no tool of this name" };
	jv *o = t ? read_args(c->args, &e) : NULL;
	int rc = !o ? ERR_INVAL : t->schema ? jv_schema_check(t->schema, o, &e) : 0;
	if (!rc) {
		struct sb b;
		sb_init(&b, 2 * LLM_ARGS_MAX);
		jv_dump(o, &b);
		c->fine = sb_err(&b) ? NULL : xstrdup(sb_sv(&b));
		sb_done(&b);
	} else {
		(void)snprintf(c->why, sizeof(c->why), "%.199s", e.msg);
	}
	jv_free(o);
	return c->fine != NULL;
}

static bool check_calls(struct llm_run *r)
{
	struct llm_kept *k = r->kept;
	bool fine = !k->overfull;
	if (k->overfull)
		llm_set_error(r->m, SV("the model's calls are too long or too many"));
	for (size_t i = 0; i < k->n; i++) {
		char line[256];
		if (check_call(k, &k->v[i]))
			continue;
		fine = false;
		(void)snprintf(line, sizeof(line), "the model's call of %.60s does not fit: %.160s",
			       k->v[i].name.p, k->v[i].why);
		llm_set_error(r->m, sv_of(line));
	}
	return fine;
}

static bool earlier(const struct llm_kept *k, size_t i)
{
	for (size_t j = 0; j < i; j++)
		if (sv_eq(k->v[j].name, k->v[i].name) && !strcmp(k->v[j].fine, k->v[i].fine))
			return true;
	return false;
}

/* False when the run died in one of its callbacks. */
static bool pass_on(struct llm_run *r)
{
	struct llm_kept *k = r->kept;
	for (size_t i = 0; i < k->n && !r->dead; i++) {
		struct llm_call c = { k->v[i].id, k->v[i].name, sv_of(k->v[i].fine) };
		if (earlier(k, i))
			continue;
		r->said = true;
		if (r->cb.on_call)
			r->cb.on_call(r->arg, &c);
	}
	return !r->dead;
}

/* ---- asking once more ---- */

static void add_answers(struct llm_kept *k, struct llm_msg *msgs, struct llm_call *calls)
{
	for (size_t i = 0; i < k->n; i++) {
		const struct kept_call *c = &k->v[i];
		calls[i] = (struct llm_call){ c->id, c->name, c->fine ? sv_of(c->fine) : SV("{}") };
		calls[i].args = arena_sv(&k->a, calls[i].args);
		char *text =
			c->fine ?
				arena_cstr(&k->a, SV("Not run, because another call was wrong. "
						     "Call again.")) :
				arena_fmt(&k->a,
					  "Not run: %s. You wrote %.*s. Call again with "
					  "arguments that fit the tool's schema.",
					  c->why, (int)(c->args.n < 500 ? c->args.n : 500),
					  c->args.p);
		msgs[i] = (struct llm_msg){ .role = LLM_TOOL,
					    .text = sv_of(text),
					    .call_id = c->id };
	}
}

static int ask_again(struct llm_run *r)
{
	struct llm_kept *k = r->kept;
	size_t n = k->p.n;
	struct llm_msg *msgs = arena_new(&k->a, struct llm_msg, n + 1 + k->n);
	struct llm_call *calls = arena_new(&k->a, struct llm_call, k->n);
	if (!msgs || !calls)
		return ERR_TOOBIG;
	memcpy(msgs, k->p.msgs, n * sizeof(*msgs));
	add_answers(k, msgs + n + 1, calls);
	msgs[n] = (struct llm_msg){ .role = LLM_ASSISTANT, .calls = calls, .n_calls = k->n };
	k->p.msgs = msgs;
	k->p.n = n + 1 + k->n;
	k->asked_again = true;
	k->mute = r->said;
	forget_calls(k);
	sb_reset(&k->text);
	k->gate = (struct llm_scan){ 0 };
	r->before = llm_count(r);
	r->usage = (struct llm_usage){ .first_ms = r->usage.first_ms };
	r->in = llm_prompt_bytes(&k->p);
	r->out = 0;
	r->m->ops->cancel(r);
	llm_emit_life(r);
	return r->m->ops->start(r->m, &k->p, r);
}

static int check_text(struct llm_run *r)
{
	struct llm_kept *k = r->kept;
	struct err e = { .msg = "it is too long" };
	if (!k->p.schema || k->n || k->mute)
		return 0;
	jv *o = sb_err(&k->text) ? NULL : jv_parse(sb_sv(&k->text), &e);
	int rc = o ? jv_schema_check(k->p.schema, o, &e) : ERR_PARSE;
	jv_free(o);
	if (!rc)
		return 0;
	char line[256];
	(void)snprintf(line, sizeof(line), "the answer does not fit its schema: %.200s", e.msg);
	llm_set_error(r->m, sv_of(line));
	return ERR_PARSE;
}

bool llm_settle(struct llm_run *r, int *err)
{
	struct llm_kept *k = r->kept;
	if (!k)
		return true;
	bool fits = check_calls(r);
	if (!fits && k->n && !k->overfull && !k->asked_again) {
		*err = ask_again(r);
		return *err != 0;
	}
	*err = !fits ? ERR_PARSE : check_text(r);
	if (!*err && k->mute && !k->n)
		*err = ERR_PARSE; /* asked for the call once more, and it never came */
	if (!*err && !pass_on(r))
		*err = ERR_CANCELED;
	return true;
}
