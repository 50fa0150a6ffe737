/* talk_prompt.c: what a language model is asked: instructions, facts, numbered sources, the
 * conversation so far, and the actions it may ask for.
 *
 * The words come from prompts/answer.<lang>.yaml. An action is a tool call, which travels
 * beside the text: nothing that a customer writes can become one. None of them does anything
 * by itself: talk_call.c decides. Pure like the rest of the core. */
#include "talk_core.h"

static void prompt_sources(struct talk_core *c, struct sb *b)
{
	for (size_t i = 0; i < c->t.found.n && i < TALK_SOURCES; i++) {
		const struct kb_hit *h = &c->t.found.hits[i];
		sb_fmt(b, "[%zu] " SV_FMT "\n", i + 1, SV_ARG(h->title));
		if (sv_find(h->passage, h->quote) < 0)
			sb_fmt(b, SV_FMT "\n", SV_ARG(h->quote));
		sb_fmt(b, SV_FMT "\n", SV_ARG(h->passage));
		sb_ch(b, '\n');
	}
}

static sv facts(struct talk_core *c, struct arena *a)
{
	const struct talk_texts *x = c->cfg->texts;
	sv lang = sv_of(c->lang);
	sv pairs[] = { SV("date"), c->t.date, SV("channel"),
		       talk_text(x, lang, c->voice ? "facts_voice" : "facts_chat", 0) };
	return talk_fill(a, talk_text(x, lang, "facts", 0), pairs, 4);
}

static sv system_prompt(struct talk_core *c, struct arena *a)
{
	const struct talk_texts *x = c->cfg->texts;
	sv lang = sv_of(c->lang);
	struct sb src;
	sb_init(&src, LIM_SB);
	prompt_sources(c, &src);
	sv tone = talk_text(x, lang,
			    c->t.act.tone == TONE_EMPATHIC ? "tone_empathic" : "tone_plain", 0);
	sv length = talk_text(x, lang, c->voice ? "length_voice" : "length_chat", 0);
	sv pairs[] = { SV("company"), talk_text(x, lang, "company", 0), SV("sources"), sb_sv(&src),
		       SV("tone"),    tone, SV("length"), length, SV("facts"), facts(c, a) };
	sv out = talk_fill(a, talk_text(x, lang, "prompt_answer", 0), pairs, 10);
	sb_done(&src);
	return out;
}

void talk_prompt(struct talk_core *c, struct arena *a, struct talk_act *x)
{
	struct llm_msg *msgs = arena_new(a, struct llm_msg, TALK_HISTORY + 2);
	size_t n = 0;
	msgs[n++] = (struct llm_msg){ .role = LLM_SYSTEM, .text = system_prompt(c, a) };
	for (int i = 0; i < c->n_past; i++)
		msgs[n++] = (struct llm_msg){
			.role = c->past[i].bot ? LLM_ASSISTANT : LLM_USER,
			.text = arena_sv(a, sv_of(c->past[i].text)),
		};
	if (n == 1 || msgs[n - 1].role != LLM_USER)
		msgs[n++] = (struct llm_msg){ .role = LLM_USER, .text = c->t.model_text };
	x->msgs = msgs;
	x->n_msgs = n;
	x->tools = talk_tools(c->cfg->texts, sv_of(c->lang), &x->n_tools);
}

/* ---- the actions, once for each language ---- */

static const struct {
	const char *name, *text, *arg; /* arg: its only argument, a text; NULL = none */
} actions[] = {
	{ "handoff", "tool_handoff", NULL },
	{ "clarify", "tool_clarify", "question" },
	{ "no_answer", "tool_no_answer", NULL },
	{ "end", "tool_end", NULL },
};
_Static_assert(sizeof(actions) / sizeof(*actions) == TALK_TOOLS, "talk_core.h counts them");

void talk_tools_make(const struct talk_texts *x, sv lang, struct llm_tool *ret)
{
	for (size_t i = 0; i < TALK_TOOLS; i++) {
		jv *props = jv_obj(), *need = jv_arr(), *schema = jv_obj();
		if (actions[i].arg) {
			jv *p = jv_obj();
			jv_set_str(p, "type", SV("string"));
			jv_set_str(p, "description",
				   talk_text(x, lang, "tool_clarify_question", 0));
			jv_set(props, actions[i].arg, p);
			jv_push(need, jv_str(sv_of(actions[i].arg)));
		}
		jv_set_str(schema, "type", SV("object"));
		jv_set(schema, "properties", props);
		jv_set(schema, "required", need);
		jv_set_bool(schema, "additionalProperties", false);
		ret[i] = (struct llm_tool){ .name = sv_of(actions[i].name),
					    .description = talk_text(x, lang, actions[i].text, 0),
					    .schema = schema };
	}
}
