/* llm_tags.c: tools in the words of a text model, and its calls read back; pure but for
 * the emitting. Nothing that a call says is trusted here beyond being JSON: what it may do
 * is decided where tools are run. */
#include <stdio.h>

#include "gbnf.h"
#include "llm_tags.h"

enum { CALL_MAX = 64 << 10 };

static const char RESULT_OPEN[] = "<tool_response>\n", RESULT_CLOSE[] = "\n</tool_response>";

static bool offers(const struct llm_prompt *p)
{
	return p->n_tools > 0 && p->choice != LLM_TOOLS_NONE;
}

static void tell_tools(const struct llm_prompt *p, struct sb *b)
{
	sb_cstr(b, "# Functions\n\nThese functions can be called, one in a line:\n<tools>\n");
	for (size_t i = 0; i < p->n_tools; i++) {
		const struct llm_tool *t = &p->tools[i];
		sb_cstr(b, "{\"type\":\"function\",\"function\":{\"name\":");
		sb_json(b, t->name);
		sb_cstr(b, ",\"description\":");
		sb_json(b, t->description);
		sb_cstr(b, ",\"parameters\":");
		if (t->schema)
			jv_dump(t->schema, b);
		else
			sb_cstr(b, "{}");
		sb_cstr(b, "}}\n");
	}
	sb_cstr(b, "</tools>\n\nTo call one, answer with its name and arguments as JSON:\n"
		   GBNF_CALL_OPEN "\n{\"name\": \"...\", \"arguments\": {...}}\n"
		   GBNF_CALL_CLOSE);
}

/* Text of the other side cannot open or close a frame: a blank goes into its mark. */
static void put_plain(struct sb *b, sv text)
{
	static const char *const frames[] = { GBNF_CALL_OPEN, GBNF_CALL_CLOSE, "<tool_response>",
					      "</tool_response>" };
	for (; text.n; text = sv_slice(text, 1, text.n)) {
		sb_ch(b, text.p[0]);
		for (size_t i = 0; i < sizeof(frames) / sizeof(frames[0]); i++)
			if (sv_starts(text, sv_of(frames[i])))
				sb_ch(b, ' ');
	}
}

static void put_calls(const struct llm_msg *m, struct sb *b)
{
	for (size_t i = 0; i < m->n_calls; i++) {
		sb_cstr(b, b->n ? "\n" : "");
		sb_cstr(b, GBNF_CALL_OPEN "\n{\"name\": ");
		sb_json(b, m->calls[i].name);
		sb_cstr(b, ", \"arguments\": ");
		sb_put(b, m->calls[i].args.n ? m->calls[i].args : SV("{}"));
		sb_cstr(b, "}\n" GBNF_CALL_CLOSE);
	}
}

static void put_text(const struct llm_msg *m, struct sb *b)
{
	if (m->role == LLM_TOOL)
		sb_cstr(b, RESULT_OPEN);
	if (m->role == LLM_SYSTEM)
		sb_put(b, m->text);
	else
		put_plain(b, m->text);
	if (m->role == LLM_TOOL)
		sb_cstr(b, RESULT_CLOSE);
	if (m->role == LLM_ASSISTANT)
		put_calls(m, b);
}

static void put_msg(struct sb *out, const char *role, const struct sb *text)
{
	sb_fmt(out, "%s{\"role\":\"%s\",\"text\":", out->p[out->n - 1] == '[' ? "" : ",", role);
	sb_json(out, sb_sv(text));
	sb_ch(out, '}');
	out->err = out->err ? out->err : sb_err(text);
}

void llm_tags_msgs(const struct llm_prompt *p, struct sb *out)
{
	static const char *const roles[] = { "system", "user", "assistant", "user" };
	bool told = !offers(p);
	struct sb text;
	sb_init(&text, LIM_PROC_FRAME);
	sb_ch(out, '[');
	if (!told && (p->n == 0 || p->msgs[0].role != LLM_SYSTEM)) {
		tell_tools(p, &text);
		put_msg(out, "system", &text);
		told = true;
	}
	for (size_t i = 0; i < p->n; i++) {
		const struct llm_msg *m = &p->msgs[i];
		sb_reset(&text);
		put_text(m, &text);
		if (!told) {
			sb_cstr(&text, "\n\n");
			tell_tools(p, &text);
			told = true;
		}
		put_msg(out, roles[m->role], &text);
	}
	sb_ch(out, ']');
	sb_done(&text);
}

/* ---- reading ---- */

void llm_tags_init(struct llm_tags *c, struct llm_run *run, bool on, uint32_t id)
{
	*c = (struct llm_tags){ .run = run, .on = on, .id = id };
	sb_init(&c->held, CALL_MAX);
}

void llm_tags_done(struct llm_tags *c)
{
	sb_done(&c->held);
}

static void forget(struct llm_tags *c, size_t n)
{
	if (!n)
		return;
	memmove(c->held.p, c->held.p + n, c->held.n - n);
	sb_truncate(&c->held, c->held.n - n);
}

static bool emit_text(struct llm_tags *c, size_t n)
{
	bool go_on = llm_emit_delta(c->run, sv_n(c->held.p, n));
	if (go_on)
		forget(c, n);
	return go_on;
}

/* Its name and arguments; the object's own key order does not matter. */
static bool emit_call(struct llm_tags *c, sv text)
{
	struct err e;
	struct sb args;
	char id[40];
	jv *o = jv_parse(sv_trim(text), &e);
	const jv *a = jv_get(o, "arguments");
	bool go_on = true;
	sb_init(&args, CALL_MAX);
	if (jv_get_str(o, "name").n && jv_is_obj(a)) {
		jv_dump(a, &args);
		(void)snprintf(id, sizeof(id), "call_%u_%d", c->id, ++c->n);
		struct llm_call call = { sv_of(id), jv_get_str(o, "name"), sb_sv(&args) };
		go_on = llm_emit_call(c->run, &call);
	} else {
		c->bad = true;
	}
	sb_done(&args);
	jv_free(o);
	return go_on;
}

/* Bytes at the end of s that may begin the mark. */
static size_t maybe_mark(sv s, sv mark)
{
	for (size_t n = mark.n < s.n ? mark.n : s.n; n > 0; n--)
		if (sv_starts(mark, sv_slice(s, s.n - n, s.n)))
			return n;
	return 0;
}

/* One piece; sets *more when another may follow. */
static bool take_piece(struct llm_tags *c, bool *more)
{
	sv s = sb_sv(&c->held), open = SV(GBNF_CALL_OPEN), close = SV(GBNF_CALL_CLOSE);
	ptrdiff_t at = sv_find(s, c->inside ? close : open);
	*more = at >= 0;
	if (c->inside) {
		if (at < 0) {
			llm_emit_life(c->run);
			return true;
		}
		c->inside = false;
		if (!emit_call(c, sv_slice(s, 0, (size_t)at)))
			return false;
		forget(c, (size_t)at + close.n);
		return true;
	}
	if (c->n || c->bad) { /* line ends between calls are no text */
		size_t blank = 0;
		while (blank < s.n && s.p[blank] == '\n')
			blank++;
		if (blank) {
			forget(c, blank);
			*more = true;
			return true;
		}
	}
	if (at < 0)
		return emit_text(c, s.n - maybe_mark(s, open));
	if (at > 0)
		return emit_text(c, (size_t)at);
	forget(c, open.n);
	c->inside = true;
	return true;
}

bool llm_tags_put(struct llm_tags *c, sv text)
{
	bool more = true, go_on = true;
	if (!c->on)
		return llm_emit_delta(c->run, text);
	sb_put(&c->held, text);
	c->bad = c->bad || sb_err(&c->held);
	while (go_on && more)
		go_on = take_piece(c, &more);
	return go_on;
}

bool llm_tags_end(struct llm_tags *c)
{
	if (c->inside) { /* cut off in the middle of a call */
		c->bad = true;
		return true;
	}
	return !c->on || emit_text(c, c->held.n);
}
