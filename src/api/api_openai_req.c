/* api_openai_req.c: a chat completion request as it comes from a client, read and checked.
 *
 * What the agent does by its own rules (temperature, penalties, log probabilities, several
 * answers) is either without effect or refused, never half done. Messages become one list of
 * texts; where the conversation so far ends and the new part begins (the customer's last words,
 * or the results of functions) decides which conversation goes on. Pure; strings are views into
 * the request's own memory. */
#include "api_openai.h"
#include "feel.h"

#include <stdarg.h>
#include <stdio.h>

#define SCHEMA_MAX (64u << 10)

bool oai_problem(struct oai_problem *p, int status, const char *param, const char *code,
		 const char *fmt, ...)
{
	va_list ap;
	p->status = status;
	p->param = param;
	p->code = code;
	va_start(ap, fmt);
	vsnprintf(p->msg, sizeof(p->msg), fmt, ap);
	va_end(ap);
	return false;
}

static bool bad(struct oai_problem *p, const char *param, const char *why)
{
	return oai_problem(p, 400, param, "invalid_value", "%s", why);
}

/* ---- messages ---- */

/* A text, or parts of type text, joined by lines. */
static bool content_read(struct oai_req *q, const jv *v, sv *ret, struct oai_problem *p)
{
	*ret = SV("");
	if (jv_is_null(v))
		return true;
	if (jv_is_str(v)) {
		*ret = jv_as_str(v);
		return true;
	}
	if (!jv_is_arr(v))
		return bad(p, "messages", "content must be a text or an array of parts.");
	struct sb b;
	sb_init(&b, LIM_SB);
	bool ok = true;
	for (size_t i = 0; i < jv_len(v) && ok; i++) {
		const jv *part = jv_at(v, i);
		sv type = jv_get_str(part, "type");
		ok = (sv_eq(type, SV("text")) && jv_is_str(jv_get(part, "text"))) ||
		     (sv_eq(type, SV("refusal")) && jv_is_str(jv_get(part, "refusal")));
		if (b.n)
			sb_ch(&b, '\n');
		sb_put(&b, jv_get_str(part, sv_eq(type, SV("text")) ? "text" : "refusal"));
	}
	*ret = arena_sv(&q->arena, sb_sv(&b));
	ok = ok && !sb_err(&b) && (ret->p || b.n == 0);
	sb_done(&b);
	return ok || bad(p, "messages", "Only parts of type text are understood; pictures, files "
					"and sound are not. Sound: /v1/realtime.");
}

static bool calls_read(struct oai_req *q, const jv *list, struct llm_msg *m,
		       struct oai_problem *p)
{
	size_t n = jv_len(list);
	if (jv_is_null(list) || n == 0)
		return true;
	if (!jv_is_arr(list) || n > OAI_CALLS)
		return bad(p, "messages", "tool_calls must be an array of at most 8 calls.");
	struct llm_call *calls = arena_new(&q->arena, struct llm_call, n);
	for (size_t i = 0; calls && i < n; i++) {
		const jv *c = jv_at(list, i), *f = jv_get(c, "function");
		calls[i] = (struct llm_call){ jv_get_str(c, "id"), jv_get_str(f, "name"),
					      jv_get_str(f, "arguments") };
		if (!calls[i].id.n || !calls[i].name.n)
			return bad(p, "messages", "Each of tool_calls needs id and function.name.");
	}
	m->calls = calls;
	m->n_calls = calls ? n : 0;
	return true;
}

static bool role_of(sv s, enum llm_role *ret)
{
	static const struct {
		const char *name;
		enum llm_role role;
	} roles[] = {
		{ "system", LLM_SYSTEM }, { "developer", LLM_SYSTEM }, { "user", LLM_USER },
		{ "assistant", LLM_ASSISTANT }, { "tool", LLM_TOOL },
	};
	for (size_t i = 0; i < sizeof(roles) / sizeof(*roles); i++)
		if (sv_eq(s, sv_of(roles[i].name))) {
			*ret = roles[i].role;
			return true;
		}
	return false;
}

/* A result answers a call of the assistant's before it. */
static bool call_known(const struct oai_req *q, size_t n, sv id)
{
	while (n-- > 0)
		for (size_t k = 0; k < q->msgs[n].n_calls; k++)
			if (sv_eq(q->msgs[n].calls[k].id, id))
				return true;
	return false;
}

static bool message_read(struct oai_req *q, size_t i, const jv *v, struct oai_problem *p)
{
	struct llm_msg *m = &q->msgs[i];
	if (!role_of(jv_get_str(v, "role"), &m->role))
		return bad(p, "messages",
			   "role must be system, developer, user, assistant or tool.");
	if (!content_read(q, jv_get(v, "content"), &m->text, p))
		return false;
	if (m->role == LLM_ASSISTANT && !calls_read(q, jv_get(v, "tool_calls"), m, p))
		return false;
	if (m->role == LLM_TOOL) {
		m->call_id = jv_get_str(v, "tool_call_id");
		if (!call_known(q, i, m->call_id))
			return bad(p, "messages",
				   "A tool message must answer, by tool_call_id, one "
				   "of tool_calls of an assistant message before it.");
	}
	if (m->role == LLM_USER && !sv_trim(m->text).n)
		return bad(p, "messages", "A user message has no text.");
	return true;
}

static bool messages_read(struct oai_req *q, struct oai_problem *p)
{
	const jv *list = jv_get(q->body, "messages");
	size_t n = jv_len(list);
	if (!jv_is_arr(list) || n == 0)
		return oai_problem(p, 400, "messages", "missing_required_parameter",
				   "Give messages, the conversation, at least one.");
	if (n > OAI_MSGS)
		return oai_problem(p, 400, "messages", "array_above_max_length",
				   "At most %d messages are taken.", OAI_MSGS);
	q->msgs = arena_new(&q->arena, struct llm_msg, n);
	if (!q->msgs)
		return bad(p, "messages", "The request is too large.");
	q->n = n;
	for (size_t i = 0; i < n; i++)
		if (!message_read(q, i, jv_at(list, i), p))
			return false;
	return true;
}

/* ---- where the new part begins ---- */

static uint64_t hash_sv(uint64_t h, sv s)
{
	/* FNV-1a, the length included: ("ab","c") is not ("a","bc"). */
	for (size_t i = 0; i < s.n; i++)
		h = (h ^ (unsigned char)s.p[i]) * 1099511628211u;
	for (size_t i = 0; i < sizeof(size_t); i++)
		h = (h ^ ((s.n >> (8 * i)) & 0xff)) * 1099511628211u;
	return h;
}

uint64_t oai_hash_msg(uint64_t h, const struct llm_msg *m)
{
	char role = (char)('0' + m->role);
	h = hash_sv(h, sv_n(&role, 1));
	h = hash_sv(h, m->text);
	for (size_t i = 0; i < m->n_calls; i++) {
		h = hash_sv(h, m->calls[i].id);
		h = hash_sv(h, m->calls[i].name);
		h = hash_sv(h, m->calls[i].args);
	}
	return hash_sv(h, m->call_id);
}

uint64_t oai_hash_start(const struct oai_req *q)
{
	return hash_sv(hash_sv(14695981039346656037u, sv_of(q->owner)), q->user);
}

static bool split(struct oai_req *q, struct oai_problem *p)
{
	size_t i = q->n;
	while (i > 0 && q->msgs[i - 1].role == LLM_TOOL)
		i--;
	if (i == q->n && q->msgs[i - 1].role == LLM_USER)
		i--;
	if (i == q->n)
		return bad(p, "messages",
			   "The last message must be the customer's (role user) or a function's "
			   "result (role tool).");
	q->first_new = i;
	for (size_t k = q->n; k-- > 0 && !q->text.n;)
		if (q->msgs[k].role == LLM_USER)
			q->text = q->msgs[k].text;
	if (!q->text.n)
		return bad(p, "messages", "No message is the customer's (role user).");
	if (sv_runes(q->text) > LIM_TEXT_MSG)
		return oai_problem(p, 400, "messages", "string_above_max_length",
				   "The customer's message may have %d characters at most.",
				   LIM_TEXT_MSG);
	uint64_t h = oai_hash_start(q);
	for (size_t k = 0; k < i; k++)
		h = oai_hash_msg(h, &q->msgs[k]);
	q->prefix = i ? h : 0;
	return true;
}

/* ---- functions ---- */

static bool name_ok(sv s)
{
	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];
		if (!(c >= 'a' && c <= 'z') && !(c >= 'A' && c <= 'Z') && !(c >= '0' && c <= '9') &&
		    c != '_' && c != '-')
			return false;
	}
	return s.n > 0 && s.n <= OAI_NAME;
}

static bool tool_read(struct oai_req *q, const jv *v, struct oai_problem *p)
{
	const jv *f = jv_get(v, "function"), *schema = jv_get(f, "parameters");
	struct oai_tool *t = &q->tools[q->n_tools];
	if (!sv_eq(jv_get_str(v, "type"), SV("function")))
		return bad(p, "tools", "Only tools of type function are known.");
	*t = (struct oai_tool){ jv_get_str(f, "name"), jv_get_str(f, "description"), schema };
	if (!name_ok(t->name))
		return bad(p, "tools", "function.name must be 1 to 64 of a-z, A-Z, 0-9, _ and -.");
	for (size_t i = 0; i < q->n_tools; i++)
		if (sv_eq(q->tools[i].name, t->name))
			return bad(p, "tools", "Two functions have the same name.");
	if (!jv_is_null(schema) && !jv_is_obj(schema))
		return bad(p, "tools", "function.parameters must be a JSON Schema object.");
	struct sb b;
	sb_init(&b, SCHEMA_MAX);
	if (schema)
		jv_dump(schema, &b);
	bool big = sb_err(&b) != 0;
	sb_done(&b);
	if (big)
		return bad(p, "tools", "function.parameters may have 64 KiB at most.");
	q->n_tools++;
	return true;
}

/* One function only is left of the list. */
static bool only(struct oai_req *q, sv name, struct oai_problem *p)
{
	for (size_t i = 0; i < q->n_tools; i++)
		if (sv_eq(q->tools[i].name, name)) {
			q->tools[0] = q->tools[i];
			q->n_tools = 1;
			q->choice = OAI_MUST;
			return true;
		}
	return bad(p, "tool_choice", "tool_choice names a function that is not among tools.");
}

static bool choice_read(struct oai_req *q, struct oai_problem *p)
{
	const jv *v = jv_get(q->body, "tool_choice");
	sv s = jv_as_str(v);
	q->choice = OAI_AUTO;
	if (jv_is_obj(v) && sv_eq(jv_get_str(v, "type"), SV("function")))
		return only(q, jv_as_str(jv_path(v, "function.name")), p);
	if (!jv_is_null(v) && !sv_eq(s, SV("auto")) && !sv_eq(s, SV("none")) &&
	    !sv_eq(s, SV("required")))
		return bad(p, "tool_choice", "tool_choice must be none, auto, required or {type: "
					     "function, function: {name}}.");
	if (sv_eq(s, SV("none")))
		q->choice = OAI_NONE;
	if (sv_eq(s, SV("required")))
		q->choice = OAI_MUST;
	if (q->choice == OAI_MUST && !q->n_tools)
		return bad(p, "tool_choice", "tool_choice is required, but there are no tools.");
	return true;
}

static bool tools_read(struct oai_req *q, struct oai_problem *p)
{
	const jv *list = jv_get(q->body, "tools");
	size_t n = jv_len(list);
	if (!jv_is_null(list) && !jv_is_arr(list))
		return bad(p, "tools", "tools must be an array.");
	if (n > OAI_TOOLS)
		return oai_problem(p, 400, "tools", "array_above_max_length",
				   "At most %d tools are taken.", OAI_TOOLS);
	q->tools = arena_new(&q->arena, struct oai_tool, n + 1);
	for (size_t i = 0; i < n; i++)
		if (!tool_read(q, jv_at(list, i), p))
			return false;
	q->parallel = jv_get_bool(q->body, "parallel_tool_calls", true);
	return choice_read(q, p);
}

/* ---- the rest ---- */

static bool format_read(struct oai_req *q, struct oai_problem *p)
{
	const jv *f = jv_get(q->body, "response_format");
	sv type = jv_get_str(f, "type");
	if (jv_is_null(f) || sv_eq(type, SV("text")))
		return true;
	if (sv_eq(type, SV("json_object"))) {
		jv *any = jv_obj();
		jv_set_str(any, "type", SV("object"));
		jv_set(q->body, "callm_any", any);
		q->schema = any;
		return true;
	}
	q->schema = jv_path(f, "json_schema.schema");
	if (!sv_eq(type, SV("json_schema")) || !jv_is_obj(q->schema))
		return bad(p, "response_format",
			   "response_format must be text, json_object or json_schema with "
			   "json_schema.schema.");
	return true;
}

static bool options_read(struct oai_req *q, struct oai_problem *p)
{
	const jv *b = q->body;
	if (jv_get_int(b, "n", 1) != 1)
		return bad(p, "n", "One answer is given: n must be 1.");
	if (jv_get_bool(b, "logprobs", false))
		return bad(p, "logprobs", "There are no log probabilities.");
	if (!jv_is_null(jv_get(b, "audio")))
		return bad(p, "modalities", "Sound is spoken over /v1/realtime.");
	if (!jv_is_null(jv_get(b, "stream")) && !jv_is_bool(jv_get(b, "stream")))
		return bad(p, "stream", "stream must be true or false.");
	q->stream = jv_get_bool(b, "stream", false);
	q->usage = jv_get_bool(jv_get(b, "stream_options"), "include_usage", false);
	int64_t max = jv_get_int(b, "max_completion_tokens", jv_get_int(b, "max_tokens", 0));
	if (max < 0)
		return bad(p, "max_completion_tokens", "It must be a positive number.");
	q->max_tokens = (int)(max > 4096 ? 4096 : max);
	q->temperature = jv_get_num(b, "temperature", 0.2);
	if (q->temperature < 0 || q->temperature > 2)
		return bad(p, "temperature", "temperature must be from 0 to 2.");
	return format_read(q, p);
}

/* Given, or told by the customer's words. */
static void lang_read(struct oai_req *q)
{
	char guess[4] = "en";
	sv given = jv_as_str(jv_path(q->body, "metadata.language"));
	bool ok = given.n >= 2 && given.n <= 8;
	for (size_t i = 0; i < given.n; i++)
		ok &= (given.p[i] | 32) >= 'a' && (given.p[i] | 32) <= 'z';
	if (!ok)
		feel_language(q->text, guess);
	q->lang = arena_sv(&q->arena, ok ? given : sv_of(guess));
}

bool oai_req_read(struct oai_req *q, jv *body, const char *owner, struct oai_problem *p)
{
	*q = (struct oai_req){ .body = body };
	*p = (struct oai_problem){ 0 };
	arena_init(&q->arena, 8u << 20);
	snprintf(q->owner, sizeof(q->owner), "%s", owner);
	sv model = jv_get_str(body, "model");
	if (!model.n)
		return oai_problem(p, 400, "model", "missing_required_parameter",
				   "Give model: " OAI_MODEL ".");
	if (!sv_eq(model, SV(OAI_MODEL)))
		return oai_problem(p, 404, "model", "model_not_found",
				   "The model `" SV_FMT "` does not exist; there is `" OAI_MODEL
				   "`.",
				   SV_ARG(sv_slice(model, 0, 80)));
	q->user = jv_get_str(body, "user");
	q->conversation = jv_as_str(jv_path(body, "metadata.conversation_id"));
	if (!messages_read(q, p) || !split(q, p) || !tools_read(q, p) || !options_read(q, p))
		return false;
	lang_read(q);
	return true;
}

void oai_req_done(struct oai_req *q)
{
	jv_free(q->body);
	arena_done(&q->arena);
	*q = (struct oai_req){ 0 };
}
